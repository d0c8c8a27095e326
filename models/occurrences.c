#include "models/occurrences.h"

typedef struct Drawing {
    const Scenario *scenario;
    const World *world;
    SimTime end;
    GArray **of_event; /* of Occurrence; NULL: not drawn yet */
} Drawing;

static RandomStream stream_of(const Drawing *drawing, size_t i, const char *what)
{
    char *purpose = g_strdup_printf("event %zu%s", i, what);
    RandomStream draws = world_stream(drawing->world, "events", purpose);
    g_free(purpose);
    return draws;
}

typedef struct Streams {
    RandomStream first, repeat, chance;
} Streams;

/* The occurrences that one cause brings about, the first `at` after `origin`. */
static void draw_turns(const Drawing *drawing, size_t i, SimTime origin, Streams *draws)
{
    const EventConfig *event = scenario_event(drawing->scenario, i);
    if (event->probability < 1 && random_uniform(&draws->chance) >= event->probability)
        return;
    SimTime from = origin + dist_draw(event->at, &draws->first);
    SimTime to = from + dist_draw(event->duration, &draws->first);
    bool hits = scenario_event_hits_service(event);
    for (int64_t turn = 1; from <= drawing->end; turn++) {
        Occurrence occurrence = {i, from, to, hits};
        g_array_append_val(drawing->of_event[i], occurrence);
        if (turn == event->times || to > drawing->end)
            return;
        from = to + dist_draw(event->up, &draws->repeat);
        if (from >= event->until)
            return;
        to = from + dist_draw(event->duration, &draws->repeat);
    }
}

/* Whom it follows comes first; the reader has refused circles. */
static void draw_event(const Drawing *drawing, size_t i)
{
    const EventConfig *event = scenario_event(drawing->scenario, i);
    if (drawing->of_event[i])
        return;
    drawing->of_event[i] = g_array_new(FALSE, FALSE, sizeof(Occurrence));
    Streams draws = {stream_of(drawing, i, ""), stream_of(drawing, i, " repeat"),
                     stream_of(drawing, i, " chance")};
    if (event->follows < 0) {
        draw_turns(drawing, i, 0, &draws);
        return;
    }
    draw_event(drawing, (size_t)event->follows);
    const GArray *causes = drawing->of_event[event->follows];
    for (guint c = 0; c < causes->len; c++)
        draw_turns(drawing, i, g_array_index(causes, Occurrence, c).from, &draws);
}

GArray *occurrences_draw(const Scenario *scenario, const World *world, SimTime end)
{
    size_t count = scenario->top.events.count;
    Drawing drawing = {scenario, world, end, g_new0(GArray *, count)};
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Occurrence));
    for (size_t i = 0; i < count; i++)
        draw_event(&drawing, i);
    for (size_t i = 0; i < count; i++) {
        g_array_append_vals(all, drawing.of_event[i]->data, drawing.of_event[i]->len);
        g_array_unref(drawing.of_event[i]);
    }
    g_free(drawing.of_event);
    return all;
}
