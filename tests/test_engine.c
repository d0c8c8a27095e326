/* The engine's contract: order, lanes, incarnations, outages, counters, misuse. */
#include "sim/engine.h"

#include <glib.h>

#include "sim/random.h"

/* ---- A component that writes down what it gets ---- */

enum { KIND_PLAIN, KIND_OTHER, KIND_UNTAKEN, KINDS };

typedef struct Recorder {
    SimComponent id;
    GArray *got;     /* of uint64_t: subjects, in order of delivery */
    GArray *dropped; /* of uint64_t */
    int downs, ups;
} Recorder;

static void recorder_take(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Recorder *recorder = self;
    g_array_append_val(recorder->got, event->subject);
}

static void recorder_dropped(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Recorder *recorder = self;
    g_array_append_val(recorder->dropped, event->subject);
}

static void recorder_down(Sim *sim, void *self)
{
    (void)sim;
    ((Recorder *)self)->downs++;
}

static void recorder_up(Sim *sim, void *self)
{
    (void)sim;
    ((Recorder *)self)->ups++;
}

static const SimHandler recorder_handlers[KINDS] = {recorder_take, recorder_take, NULL};
static const SimType recorder_type = {.name = "recorder",
                                      .handlers = recorder_handlers,
                                      .handler_count = KINDS,
                                      .dropped = recorder_dropped,
                                      .down = recorder_down,
                                      .up = recorder_up};

static void recorder_init(Recorder *recorder, Sim *sim, const char *name)
{
    *recorder = (Recorder){.got = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
                           .dropped = g_array_new(FALSE, FALSE, sizeof(uint64_t))};
    recorder->id = sim_add(sim, &recorder_type, recorder, name);
}

static void recorder_clear(Recorder *recorder)
{
    g_array_unref(recorder->got);
    g_array_unref(recorder->dropped);
}

static SimEvent to(const Recorder *recorder, uint64_t subject)
{
    return (SimEvent){.component = recorder->id, .kind = KIND_PLAIN, .subject = subject};
}

static void assert_subjects(const GArray *got, const uint64_t *expected, guint count)
{
    g_assert_cmpuint(got->len, ==, count);
    for (guint i = 0; i < MIN(got->len, count); i++)
        g_assert_cmpuint(g_array_index(got, uint64_t, i), ==, expected[i]);
}

#define ASSERT_SUBJECTS(got, ...)                                                                  \
    assert_subjects(got, (const uint64_t[]){__VA_ARGS__},                                          \
                    sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* ---- Order ---- */

typedef struct Planned {
    SimTime at;
    int phase;
    uint64_t subject; /* rises with the scheduling */
} Planned;

static gint planned_compare(gconstpointer a, gconstpointer b)
{
    const Planned *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->phase != y->phase)
        return x->phase - y->phase;
    return x->subject < y->subject ? -1 : 1;
}

static void test_total_order(void)
{
    enum { EVENTS = 5000 };
    RandomStream stream;
    random_init(&stream, 1, 0, "test", "order");
    Sim *sim = sim_new();
    Recorder recorder;
    recorder_init(&recorder, sim, "recorder");
    Planned *plan = g_new(Planned, EVENTS);
    for (uint64_t i = 0; i < EVENTS; i++) {
        plan[i] = (Planned){(SimTime)random_below(&stream, 50),
                            (int)random_below(&stream, SIM_PHASES), i};
        sim_at(sim, plan[i].at, (SimPhase)plan[i].phase, to(&recorder, i));
    }
    g_assert_cmpuint(sim_events_pending(sim), ==, EVENTS);
    sim_run(sim, SIM_NEVER);
    qsort(plan, EVENTS, sizeof *plan, planned_compare);
    g_assert_cmpuint(recorder.got->len, ==, EVENTS);
    guint wrong = 0;
    for (guint i = 0; i < recorder.got->len; i++)
        wrong += g_array_index(recorder.got, uint64_t, i) != plan[i].subject;
    g_assert_cmpuint(wrong, ==, 0);
    g_assert_cmpuint(sim_events_pending(sim), ==, 0);
    g_assert_cmpuint(sim_events_delivered(sim), ==, EVENTS);
    g_free(plan);
    recorder_clear(&recorder);
    sim_free(sim);
}

static void test_run_until(void)
{
    Sim *sim = sim_new();
    Recorder recorder;
    recorder_init(&recorder, sim, "recorder");
    sim_at(sim, 10, SIM_PHASE_MESSAGE, to(&recorder, 1));
    sim_at(sim, 11, SIM_PHASE_MESSAGE, to(&recorder, 2));
    sim_run(sim, 10);
    ASSERT_SUBJECTS(recorder.got, 1); /* up to and including */
    g_assert_cmpint(sim_now(sim), ==, 10);
    sim_at(sim, 10, SIM_PHASE_FAULT, to(&recorder, 3));
    sim_run(sim, 100);
    ASSERT_SUBJECTS(recorder.got, 1, 3, 2);
    g_assert_cmpint(sim_now(sim), ==, 100);
    sim_after(sim, SIM_TIME_LONGEST, SIM_PHASE_MESSAGE, to(&recorder, 4));
    sim_run(sim, SIM_NEVER);
    g_assert_cmpint(sim_now(sim), ==, 100 + SIM_TIME_LONGEST);
    recorder_clear(&recorder);
    sim_free(sim);
}

static void stopper_take(Sim *sim, void *self, const SimEvent *event)
{
    recorder_take(sim, self, event);
    sim_stop(sim);
}

static void test_stop(void)
{
    static const SimHandler handlers[] = {stopper_take};
    static const SimType type = {.name = "stopper", .handlers = handlers, .handler_count = 1};
    Sim *sim = sim_new();
    Recorder stopper;
    recorder_init(&stopper, sim, "unused");
    stopper.id = sim_add(sim, &type, &stopper, "stopper");
    sim_at(sim, 5, SIM_PHASE_MESSAGE, to(&stopper, 1));
    sim_at(sim, 5, SIM_PHASE_MESSAGE, to(&stopper, 2));
    sim_run(sim, 100);
    ASSERT_SUBJECTS(stopper.got, 1);
    g_assert_cmpint(sim_now(sim), ==, 5);
    sim_run(sim, 100);
    ASSERT_SUBJECTS(stopper.got, 1, 2);
    recorder_clear(&stopper);
    sim_free(sim);
}

/* The event stays readable while its handler's own scheduling makes the queue grow. */
static void grower_take(Sim *sim, void *self, const SimEvent *event)
{
    Recorder *recorder = self;
    for (uint64_t i = 0; i < 3000; i++)
        sim_after(sim, 1, SIM_PHASE_MESSAGE,
                  (SimEvent){.component = recorder->id, .kind = 1, .subject = i});
    g_assert_cmpuint(event->subject, ==, 77);
    g_assert_cmpint(event->value, ==, -5);
    g_assert_cmpuint(event->sender, ==, 9);
    g_assert_cmpuint(event->tag, ==, 65535);
    g_assert_cmpuint(event->extra, ==, 4000000000u);
}

static void test_event_survives_growth(void)
{
    static const SimHandler handlers[] = {grower_take, recorder_take};
    static const SimType type = {.name = "grower", .handlers = handlers, .handler_count = 2};
    for (int lanes = 0; lanes < 2; lanes++) {
        Sim *sim = sim_new();
        Recorder grower;
        recorder_init(&grower, sim, "unused");
        grower.id = sim_add(sim, &type, &grower, "grower");
        SimEvent event = {.component = grower.id,
                          .subject = 77,
                          .value = -5,
                          .sender = 9,
                          .tag = 65535,
                          .extra = 4000000000u};
        if (lanes)
            sim_lane_push(sim, sim_lane_new(sim), 1, SIM_PHASE_MESSAGE, event);
        else
            sim_at(sim, 1, SIM_PHASE_MESSAGE, event);
        sim_run(sim, 10);
        g_assert_cmpuint(grower.got->len, ==, 3000);
        recorder_clear(&grower);
        sim_free(sim);
    }
}

/* ---- A random programme: every delivery schedules more, in lanes or not ---- */

enum { PROGRAMME_LANES = 5, PROGRAMME_COMPONENTS = 3, PROGRAMME_EVENTS = 20000 };

typedef struct Programme {
    Sim *sim;
    bool use_lanes;
    bool faults;
    RandomStream stream;
    SimComponent id[PROGRAMME_COMPONENTS];
    SimLane lane[PROGRAMME_LANES];
    SimTime tail[PROGRAMME_LANES];
    uint64_t scheduled;
    GArray *order; /* of uint64_t */
    uint64_t dropped;
} Programme;

static void programme_schedule(Programme *p)
{
    static const SimPhase lane_phase[PROGRAMME_LANES] = {SIM_PHASE_MESSAGE, SIM_PHASE_TIMEOUT,
                                                         SIM_PHASE_MESSAGE, SIM_PHASE_FAULT,
                                                         SIM_PHASE_MEASURE};
    SimEvent event = {.component = p->id[random_below(&p->stream, PROGRAMME_COMPONENTS)],
                      .subject = p->scheduled++};
    /* Few distinct times, so that there are many ties. */
    SimTime at = sim_now(p->sim) + (SimTime)random_below(&p->stream, 12);
    size_t way = random_below(&p->stream, PROGRAMME_LANES + 2);
    if (way >= PROGRAMME_LANES) {
        sim_at(p->sim, at, (SimPhase)random_below(&p->stream, SIM_PHASES), event);
    } else if (p->use_lanes) {
        SimTime expected = MAX(p->tail[way], at);
        p->tail[way] = sim_lane_push(p->sim, p->lane[way], at, lane_phase[way], event);
        g_assert_cmpint(p->tail[way], ==, expected);
    } else {
        p->tail[way] = MAX(p->tail[way], at);
        sim_at(p->sim, p->tail[way], lane_phase[way], event);
    }
}

static void programme_take(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Programme *p = self;
    g_array_append_val(p->order, event->subject);
    uint64_t children = p->scheduled < 300 ? 2 : random_below(&p->stream, 3);
    while (children-- > 0 && p->scheduled < PROGRAMME_EVENTS)
        programme_schedule(p);
}

static void programme_dropped(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    (void)event;
    ((Programme *)self)->dropped++;
}

static const SimHandler programme_handlers[] = {programme_take};
static const SimType programme_type = {.name = "programme",
                                       .handlers = programme_handlers,
                                       .handler_count = 1,
                                       .dropped = programme_dropped};

static void programme_init(Programme *p, uint64_t seed, bool use_lanes, bool faults)
{
    static const char *const names[PROGRAMME_COMPONENTS] = {"a", "b", "c"};
    *p = (Programme){.sim = sim_new(), .use_lanes = use_lanes, .faults = faults};
    random_init(&p->stream, seed, 0, "test", "programme");
    p->order = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    for (size_t i = 0; i < PROGRAMME_COMPONENTS; i++)
        p->id[i] = sim_add(p->sim, &programme_type, p, names[i]);
    for (size_t i = 0; i < PROGRAMME_LANES; i++)
        p->lane[i] = sim_lane_new(p->sim);
    for (SimTime t = 20; faults && t < 2000; t += 90)
        sim_outage(p->sim, p->id[0], t, t + 7);
    for (int i = 0; i < 100; i++)
        programme_schedule(p);
}

static void programme_clear(Programme *p)
{
    g_array_unref(p->order);
    sim_free(p->sim);
}

static void test_lanes_equal_heap(void)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        Programme with, without;
        programme_init(&with, seed, true, seed % 2 == 0);
        programme_init(&without, seed, false, seed % 2 == 0);
        sim_run(with.sim, SIM_NEVER);
        sim_run(without.sim, SIM_NEVER);
        g_assert_cmpuint(with.order->len, >, 500);
        g_assert_cmpuint(with.order->len, ==, without.order->len);
        guint wrong = 0;
        for (guint i = 0; i < MIN(with.order->len, without.order->len); i++)
            wrong +=
                g_array_index(with.order, uint64_t, i) != g_array_index(without.order, uint64_t, i);
        g_assert_cmpuint(wrong, ==, 0);
        g_assert_cmpuint(sim_fingerprint(with.sim), ==, sim_fingerprint(without.sim));
        g_assert_cmpuint(sim_events_pending(with.sim), ==, 0);
        programme_clear(&with);
        programme_clear(&without);
    }
}

/* Every event scheduled was delivered or dropped once, and nothing is left. */
static void test_nothing_leaks(void)
{
    Programme p;
    programme_init(&p, 3, true, true);
    sim_run(p.sim, SIM_NEVER);
    g_assert_cmpuint(sim_outages_fired(p.sim, p.id[0]), >, 3);
    g_assert_cmpuint(p.dropped, >, 10);
    g_assert_cmpuint(p.order->len + p.dropped, ==, p.scheduled);
    g_assert_cmpuint(sim_events_dropped(p.sim), ==, p.dropped);
    g_assert_cmpuint(sim_events_pending(p.sim), ==, 0);
    programme_clear(&p);
}

static uint64_t programme_fingerprint(uint64_t seed)
{
    Programme p;
    programme_init(&p, seed, true, true);
    sim_run(p.sim, SIM_NEVER);
    uint64_t fingerprint = sim_fingerprint(p.sim);
    programme_clear(&p);
    return fingerprint;
}

static void test_two_sims_interleaved(void)
{
    Programme a, b;
    programme_init(&a, 1, true, true);
    programme_init(&b, 2, true, true);
    for (SimTime t = 0; t < 20000; t += 3) {
        sim_run(a.sim, t);
        sim_run(b.sim, t + 1);
    }
    g_assert_cmpuint(sim_events_pending(a.sim) + sim_events_pending(b.sim), ==, 0);
    g_assert_cmpuint(sim_fingerprint(a.sim), ==, programme_fingerprint(1));
    g_assert_cmpuint(sim_fingerprint(b.sim), ==, programme_fingerprint(2));
    programme_clear(&a);
    programme_clear(&b);
}

/* ---- Fingerprint ---- */

typedef struct Fact {
    SimTime at;
    int receiver;
    uint16_t kind;
} Fact;

static uint64_t fingerprint_of(Fact first, Fact second)
{
    Sim *sim = sim_new();
    Recorder recorders[2];
    recorder_init(&recorders[0], sim, "one");
    recorder_init(&recorders[1], sim, "two");
    const Fact facts[2] = {first, second};
    for (int i = 0; i < 2; i++) {
        SimEvent event = to(&recorders[facts[i].receiver], 1);
        event.kind = facts[i].kind;
        sim_at(sim, facts[i].at, SIM_PHASE_MESSAGE, event);
    }
    sim_run(sim, 100);
    uint64_t fingerprint = sim_fingerprint(sim);
    recorder_clear(&recorders[0]);
    recorder_clear(&recorders[1]);
    sim_free(sim);
    return fingerprint;
}

static void test_fingerprint(void)
{
    const Fact one = {5, 0, KIND_PLAIN}, two = {5, 1, KIND_PLAIN};
    const Fact later = {6, 0, KIND_PLAIN}, other = {5, 0, KIND_OTHER};
    uint64_t base = fingerprint_of(one, two);
    g_assert_cmpuint(base, ==, fingerprint_of(one, two));
    g_assert_cmpuint(base, !=, fingerprint_of(two, one)); /* order */
    g_assert_cmpuint(base, !=, fingerprint_of(later, two));
    g_assert_cmpuint(base, !=, fingerprint_of(other, two));
    g_assert_cmpuint(base, !=, fingerprint_of(one, one)); /* component */
    g_assert_cmpuint(programme_fingerprint(7), ==, programme_fingerprint(7));
    g_assert_cmpuint(programme_fingerprint(7), !=, programme_fingerprint(8));
}

/* ---- Lanes ---- */

static void test_lane_clamps(void)
{
    Sim *sim = sim_new();
    Recorder recorder;
    recorder_init(&recorder, sim, "recorder");
    SimLane lane = sim_lane_new(sim);
    g_assert_cmpint(sim_lane_push(sim, lane, 10, SIM_PHASE_MESSAGE, to(&recorder, 1)), ==, 10);
    g_assert_cmpint(sim_lane_push(sim, lane, 4, SIM_PHASE_MESSAGE, to(&recorder, 2)), ==, 10);
    g_assert_cmpint(sim_lane_push(sim, lane, 12, SIM_PHASE_MESSAGE, to(&recorder, 3)), ==, 12);
    sim_at(sim, 10, SIM_PHASE_MESSAGE, to(&recorder, 4));
    g_assert_cmpuint(sim_lane_length(sim, lane), ==, 3);
    g_assert_cmpuint(sim_events_pending(sim), ==, 4);
    sim_run(sim, 10);
    g_assert_cmpuint(sim_lane_length(sim, lane), ==, 1);
    sim_run(sim, 20);
    ASSERT_SUBJECTS(recorder.got, 1, 2, 4, 3);
    recorder_clear(&recorder);
    sim_free(sim);
}

static void test_lane_clear(void)
{
    Sim *sim = sim_new();
    Recorder recorder;
    recorder_init(&recorder, sim, "recorder");
    SimLane lane = sim_lane_new(sim);
    for (uint64_t i = 0; i < 40; i++)
        sim_lane_push(sim, lane, 10 + (SimTime)i, SIM_PHASE_MESSAGE, to(&recorder, i));
    sim_run(sim, 11);
    ASSERT_SUBJECTS(recorder.got, 0, 1);
    sim_lane_clear(sim, lane);
    g_assert_cmpuint(recorder.dropped->len, ==, 38);
    for (guint i = 0; i < recorder.dropped->len; i++)
        g_assert_cmpuint(g_array_index(recorder.dropped, uint64_t, i), ==, i + 2);
    g_assert_cmpuint(sim_events_pending(sim), ==, 0);
    /* The old head's key is still in the queue at 12; it must neither deliver nor hide these. */
    g_assert_cmpint(sim_lane_push(sim, lane, 20, SIM_PHASE_MESSAGE, to(&recorder, 100)), ==, 20);
    g_assert_cmpint(sim_lane_push(sim, lane, 21, SIM_PHASE_MESSAGE, to(&recorder, 101)), ==, 21);
    sim_run(sim, SIM_NEVER);
    ASSERT_SUBJECTS(recorder.got, 0, 1, 100, 101);
    g_assert_cmpuint(recorder.dropped->len, ==, 38);
    g_assert_cmpuint(sim_events_dropped(sim), ==, 38);
    g_assert_cmpint(sim_now(sim), ==, 21);
    recorder_clear(&recorder);
    sim_free(sim);
}

/* A stale key alone moves nothing, not even the clock. */
static void test_lane_clear_leaves_no_event(void)
{
    Sim *sim = sim_new();
    Recorder recorder;
    recorder_init(&recorder, sim, "recorder");
    SimLane lane = sim_lane_new(sim);
    sim_lane_push(sim, lane, 50, SIM_PHASE_MESSAGE, to(&recorder, 1));
    sim_lane_clear(sim, lane);
    sim_run(sim, SIM_NEVER);
    g_assert_cmpuint(recorder.got->len, ==, 0);
    g_assert_cmpint(sim_now(sim), ==, 0);
    recorder_clear(&recorder);
    sim_free(sim);
}

typedef struct Resender {
    SimComponent id;
    SimLane lane;
    int got, dropped;
} Resender;

static void resender_take(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    (void)event;
    ((Resender *)self)->got++;
}

static void resender_dropped(Sim *sim, void *self, const SimEvent *event)
{
    Resender *resender = self;
    resender->dropped++;
    sim_lane_push(sim, resender->lane, sim_now(sim) + 5, SIM_PHASE_MESSAGE, *event);
}

/* What a hook sends again into the lane that is being cleared is kept. */
static void test_lane_clear_with_resending(void)
{
    static const SimHandler handlers[] = {resender_take};
    static const SimType type = {
        .name = "resender", .handlers = handlers, .handler_count = 1, .dropped = resender_dropped};
    Sim *sim = sim_new();
    Resender resender = {.lane = sim_lane_new(sim)};
    resender.id = sim_add(sim, &type, &resender, "resender");
    for (int i = 0; i < 20; i++)
        sim_lane_push(sim, resender.lane, 10, SIM_PHASE_MESSAGE,
                      (SimEvent){.component = resender.id});
    sim_lane_clear(sim, resender.lane);
    g_assert_cmpint(resender.dropped, ==, 20);
    g_assert_cmpuint(sim_lane_length(sim, resender.lane), ==, 20);
    sim_run(sim, SIM_NEVER);
    g_assert_cmpint(sim_now(sim), ==, 5);
    g_assert_cmpint(resender.got, ==, 20);
    g_assert_cmpuint(sim_events_pending(sim), ==, 0);
    sim_free(sim);
}

/* ---- Outages ---- */

static void test_dead_timers(void)
{
    Sim *sim = sim_new();
    Recorder recorder;
    recorder_init(&recorder, sim, "recorder");
    SimLane lane = sim_lane_new(sim);
    sim_at(sim, 50, SIM_PHASE_TIMEOUT, to(&recorder, 1)); /* set before the crash */
    sim_lane_push(sim, lane, 50, SIM_PHASE_MESSAGE, to(&recorder, 2));
    sim_at(sim, 15, SIM_PHASE_MESSAGE, to(&recorder, 3)); /* due during the outage */
    sim_outage(sim, recorder.id, 10, 20);
    sim_run(sim, 15);
    ASSERT_SUBJECTS(recorder.dropped, 3);
    g_assert_false(sim_is_up(sim, recorder.id));
    sim_at(sim, 19, SIM_PHASE_MESSAGE, to(&recorder, 4)); /* sent and due while down */
    sim_at(sim, 20, SIM_PHASE_MESSAGE, to(&recorder, 5)); /* sent while down, due when up again */
    sim_run(sim, 100);
    ASSERT_SUBJECTS(recorder.got, 5);
    ASSERT_SUBJECTS(recorder.dropped, 3, 4, 2, 1); /* once each */
    g_assert_cmpuint(sim_incarnation(sim, recorder.id), ==, 1);
    g_assert_cmpuint(sim_outages_fired(sim, recorder.id), ==, 1);
    g_assert_cmpuint(sim_events_pending(sim), ==, 0);
    recorder_clear(&recorder);
    sim_free(sim);
}

typedef struct Interval {
    SimTime begin, end;
} Interval;

/* Overlapping, nested, adjoining, equal and empty intervals: at every instant the component is
 * down exactly if one covers it, and hooks run once for each gap. */
static void test_outages_compose(void)
{
    static const Interval intervals[] = {{10, 20}, {15, 30}, {16, 18}, {30, 35}, {40, 45},
                                         {40, 45}, {50, 50}, {60, 61}, {61, 62}, {59, 60}};
    Sim *sim = sim_new();
    Recorder recorder;
    recorder_init(&recorder, sim, "recorder");
    for (size_t i = 0; i < G_N_ELEMENTS(intervals); i++)
        sim_outage(sim, recorder.id, intervals[i].begin, intervals[i].end);
    sim_outage(sim, recorder.id, 80, SIM_NEVER);
    for (SimTime t = 0; t < 100; t++) {
        sim_run(sim, t);
        bool covered = t >= 80;
        for (size_t i = 0; i < G_N_ELEMENTS(intervals); i++)
            covered |= intervals[i].begin <= t && t < intervals[i].end;
        g_assert_cmpint(sim_is_up(sim, recorder.id), ==, !covered);
    }
    g_assert_cmpint(recorder.downs, ==, 4);
    g_assert_cmpint(recorder.ups, ==, 3);
    g_assert_cmpuint(sim_outages_fired(sim, recorder.id), ==, 4);
    recorder_clear(&recorder);
    sim_free(sim);
}

/* sim_down and an interval hold the same component: it is up when both have let go. */
static void test_holds_and_outages(void)
{
    Sim *sim = sim_new();
    Recorder recorder;
    recorder_init(&recorder, sim, "recorder");
    sim_outage(sim, recorder.id, 10, 20);
    sim_run(sim, 15);
    sim_down(sim, recorder.id);
    sim_run(sim, 25);
    g_assert_false(sim_is_up(sim, recorder.id));
    sim_down(sim, recorder.id);
    sim_up(sim, recorder.id);
    g_assert_false(sim_is_up(sim, recorder.id));
    sim_up(sim, recorder.id);
    g_assert_true(sim_is_up(sim, recorder.id));
    g_assert_cmpint(recorder.downs, ==, 1);
    g_assert_cmpint(recorder.ups, ==, 1);
    recorder_clear(&recorder);
    sim_free(sim);
}

/* At one instant a fault precedes the message, whoever was scheduled first. */
static void test_fault_comes_first(void)
{
    Sim *sim = sim_new();
    Recorder recorder;
    recorder_init(&recorder, sim, "recorder");
    sim_at(sim, 10, SIM_PHASE_MESSAGE, to(&recorder, 1));
    sim_at(sim, 10, SIM_PHASE_FAULT, to(&recorder, 2));
    sim_outage(sim, recorder.id, 10, 11);
    sim_run(sim, 20);
    ASSERT_SUBJECTS(recorder.dropped, 2, 1);
    recorder_clear(&recorder);
    sim_free(sim);
}

static void test_drop_and_deliver(void)
{
    Sim *sim = sim_new();
    Recorder recorder;
    recorder_init(&recorder, sim, "recorder");
    sim_drop(sim, to(&recorder, 1));
    ASSERT_SUBJECTS(recorder.dropped, 1);
    uint64_t before = sim_fingerprint(sim);
    sim_deliver(sim, to(&recorder, 2));
    ASSERT_SUBJECTS(recorder.got, 2);
    g_assert_cmpuint(sim_fingerprint(sim), !=, before);
    sim_down(sim, recorder.id);
    sim_up(sim, recorder.id);
    sim_deliver(sim, to(&recorder, 3)); /* of incarnation 0, which is dead */
    ASSERT_SUBJECTS(recorder.dropped, 1, 3);
    g_assert_cmpuint(sim_events_dropped(sim), ==, 2);
    g_assert_cmpuint(sim_events_pending(sim), ==, 0);
    recorder_clear(&recorder);
    sim_free(sim);
}

static void test_names(void)
{
    Sim *sim = sim_new();
    Recorder recorder;
    char name[] = "changing";
    recorder_init(&recorder, sim, name);
    name[0] = 'X';
    g_assert_cmpstr(sim_name(sim, recorder.id), ==, "changing");
    g_assert_cmpstr(sim_name(sim, 0), ==, "engine");
    recorder_clear(&recorder);
    sim_free(sim);
}

/* ---- Misuse aborts ---- */

typedef void (*Misuse)(Sim *sim, const Recorder *recorder);

static void misuse_past(Sim *sim, const Recorder *recorder)
{
    sim_at(sim, 9, SIM_PHASE_MESSAGE, to(recorder, 1));
}

static void misuse_negative_delay(Sim *sim, const Recorder *recorder)
{
    sim_after(sim, -1, SIM_PHASE_MESSAGE, to(recorder, 1));
}

static void misuse_overflow(Sim *sim, const Recorder *recorder)
{
    sim_after(sim, SIM_NEVER - 10, SIM_PHASE_MESSAGE, to(recorder, 1));
}

static void misuse_never(Sim *sim, const Recorder *recorder)
{
    sim_at(sim, SIM_NEVER, SIM_PHASE_MESSAGE, to(recorder, 1));
}

static void misuse_phase(Sim *sim, const Recorder *recorder)
{
    sim_at(sim, 20, SIM_PHASES, to(recorder, 1));
}

static void misuse_component(Sim *sim, const Recorder *recorder)
{
    SimEvent event = to(recorder, 1);
    event.component++;
    sim_at(sim, 20, SIM_PHASE_MESSAGE, event);
}

static void misuse_no_receiver(Sim *sim, const Recorder *recorder)
{
    (void)recorder;
    sim_at(sim, 20, SIM_PHASE_MESSAGE, (SimEvent){.subject = 1});
}

static void misuse_kind(Sim *sim, const Recorder *recorder)
{
    SimEvent event = to(recorder, 1);
    event.kind = KINDS;
    sim_at(sim, 20, SIM_PHASE_MESSAGE, event);
}

static void misuse_untaken_kind(Sim *sim, const Recorder *recorder)
{
    SimEvent event = to(recorder, 1);
    event.kind = KIND_UNTAKEN;
    sim_lane_push(sim, sim_lane_new(sim), 20, SIM_PHASE_MESSAGE, event);
}

static void misuse_name_twice(Sim *sim, const Recorder *recorder)
{
    (void)recorder;
    sim_add(sim, &recorder_type, NULL, "recorder");
}

static void misuse_up_without_down(Sim *sim, const Recorder *recorder)
{
    sim_up(sim, recorder->id);
}

static void misuse_lane_of_two_phases(Sim *sim, const Recorder *recorder)
{
    SimLane lane = sim_lane_new(sim);
    sim_lane_push(sim, lane, 20, SIM_PHASE_MESSAGE, to(recorder, 1));
    sim_lane_push(sim, lane, 20, SIM_PHASE_TIMEOUT, to(recorder, 1));
}

static void misuse_lane_past(Sim *sim, const Recorder *recorder)
{
    sim_lane_push(sim, sim_lane_new(sim), 9, SIM_PHASE_MESSAGE, to(recorder, 1));
}

static void misuse_unknown_lane(Sim *sim, const Recorder *recorder)
{
    sim_lane_push(sim, 3, 20, SIM_PHASE_MESSAGE, to(recorder, 1));
}

static void misuse_outage_backwards(Sim *sim, const Recorder *recorder)
{
    sim_outage(sim, recorder->id, 30, 20);
}

static void misuse_run_backwards(Sim *sim, const Recorder *recorder)
{
    (void)recorder;
    sim_run(sim, 9);
}

static const struct {
    const char *name;
    Misuse misuse;
} misuses[] = {
    {"past", misuse_past},
    {"negative-delay", misuse_negative_delay},
    {"overflow", misuse_overflow},
    {"never", misuse_never},
    {"phase", misuse_phase},
    {"component", misuse_component},
    {"no-receiver", misuse_no_receiver},
    {"kind", misuse_kind},
    {"untaken-kind", misuse_untaken_kind},
    {"name-twice", misuse_name_twice},
    {"up-without-down", misuse_up_without_down},
    {"lane-of-two-phases", misuse_lane_of_two_phases},
    {"lane-past", misuse_lane_past},
    {"unknown-lane", misuse_unknown_lane},
    {"outage-backwards", misuse_outage_backwards},
    {"run-backwards", misuse_run_backwards},
};

/* In the child: do it, at time 10. In the parent: see the child abort. */
static void test_misuse(gconstpointer data)
{
    size_t index = GPOINTER_TO_SIZE(data);
    if (g_test_subprocess()) {
        Sim *sim = sim_new();
        Recorder recorder;
        recorder_init(&recorder, sim, "recorder");
        sim_run(sim, 10);
        misuses[index].misuse(sim, &recorder);
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*check failed*");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/engine/order/total", test_total_order);
    g_test_add_func("/engine/run/until", test_run_until);
    g_test_add_func("/engine/run/stop", test_stop);
    g_test_add_func("/engine/event-survives-growth", test_event_survives_growth);
    g_test_add_func("/engine/lanes/equal-heap", test_lanes_equal_heap);
    g_test_add_func("/engine/lanes/clamp", test_lane_clamps);
    g_test_add_func("/engine/lanes/clear", test_lane_clear);
    g_test_add_func("/engine/lanes/clear-leaves-no-event", test_lane_clear_leaves_no_event);
    g_test_add_func("/engine/lanes/clear-with-resending", test_lane_clear_with_resending);
    g_test_add_func("/engine/nothing-leaks", test_nothing_leaks);
    g_test_add_func("/engine/two-sims-interleaved", test_two_sims_interleaved);
    g_test_add_func("/engine/fingerprint", test_fingerprint);
    g_test_add_func("/engine/outages/dead-timers", test_dead_timers);
    g_test_add_func("/engine/outages/compose", test_outages_compose);
    g_test_add_func("/engine/outages/holds", test_holds_and_outages);
    g_test_add_func("/engine/outages/fault-first", test_fault_comes_first);
    g_test_add_func("/engine/drop-and-deliver", test_drop_and_deliver);
    g_test_add_func("/engine/names", test_names);
    for (size_t i = 0; i < G_N_ELEMENTS(misuses); i++) {
        char *path = g_strdup_printf("/engine/misuse/%s", misuses[i].name);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_misuse);
        g_free(path);
    }
    return g_test_run();
}
