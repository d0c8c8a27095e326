/* What the keys of one event, or of two, cannot say: targets, gray failures, repeats, who follows
 * whom. */
#include <string.h>

#include "models/config.h"
#include "models/scenario_check.h"

/* More turns than this are a slip of the units. */
#define TURNS_MOST 1e6

static EventConfig *event_at(const Check *check, size_t i)
{
    return &((EventConfig *)check->scenario->top.events.item)[i];
}

static size_t event_count(const Check *check)
{
    return check->scenario->top.events.count;
}

static void error_at(const Check *check, size_t i, const char *key, const char *hint,
                     const char *message)
{
    Path path;
    param_doc_error(check->doc, check->diags, path_to(&path, "events", i, key), hint, "%s",
                    message);
}

static bool has(const Check *check, size_t i, const char *key)
{
    Path path;
    return param_doc_has(check->doc, path_to(&path, "events", i, key));
}

/* ---- targets ---- */

static uint32_t resolve_target(const Check *check, size_t i, const EventConfig *event)
{
    const Scenario *s = check->scenario;
    bool link = event->fail == FAULT_LINK;
    const char *const *names = link ? fault_link_target : (const char *const *)s->regions.name;
    size_t count = link ? PATHS : REGIONS;
    GString *list = g_string_new("one of: ");
    for (uint32_t n = 0; n < count; n++) {
        if (strcmp(event->target, names[n]) == 0) {
            g_string_free(list, TRUE);
            return n;
        }
        g_string_append_printf(list, "%s%s", n ? ", " : "", names[n]);
    }
    Path path;
    const char *near = diag_suggest(event->target, names, count);
    char *hint = near ? g_strdup_printf("did you mean \"%s\"?", near) : g_strdup(list->str);
    param_doc_error(check->doc, check->diags, path_to(&path, "events", i, "target"), hint,
                    "\"%s\" is no %s of this scenario", event->target,
                    link ? "direction of the link" : "region");
    g_free(hint);
    g_string_free(list, TRUE);
    return 0;
}

/* A number names a worker; of a share, it is the last ones, so that the leader is not among them.
 */
static void resolve_workers(const Check *check, size_t i, EventConfig *event)
{
    int64_t workers = check->scenario->mirror.workers, worker;
    double share;
    char *no_count = NULL, *no_share = NULL;
    if (param_parse_count(event->target, &worker, &no_count) && worker >= 0 && worker < workers) {
        event->workers = 1;
        event->worker = (uint32_t)worker;
    } else if (g_str_has_suffix(event->target, "%") &&
               param_parse_share(event->target, &share, &no_share)) {
        int64_t some = CLAMP((int64_t)(share * (double)workers + 0.5), 1, workers);
        event->workers = (uint32_t)some;
        event->worker = (uint32_t)(workers - some);
    } else {
        error_at(check, i, "target",
                 "a number from 0 to mirror.workers.count - 1, or a share such as 50%",
                 "there is no such worker of the mirror");
    }
    g_free(no_count);
    g_free(no_share);
    if (event->workers == workers)
        event->workers = 0; /* all of it */
}

static void check_target(const Check *check, size_t i, EventConfig *event)
{
    event->region = event->fail == FAULT_LINK ? PATH_BOTH : REGION_ACTIVE;
    if (!*event->target)
        return;
    if (fault_in_region(event->fail) || event->fail == FAULT_LINK)
        event->region = resolve_target(check, i, event);
    else if (event->fail == FAULT_MIRROR)
        resolve_workers(check, i, event);
    else
        error_at(check, i, "target", NULL, "there is only one of this: leave target out");
}

/* Which part of it: only where it has such parts. */
static void check_part(const Check *check, size_t i, const EventConfig *event)
{
    const Scenario *s = check->scenario;
    const struct {
        const char *key;
        bool applies;
        int64_t value, count;
        const char *counted;
    } part[] = {
        {"zone", event->fail == FAULT_ZONE, event->zone, s->regions.zones, "regions.zones"},
        {"broker", fault_of_broker(event->fail), event->broker, s->kafka.brokers.count,
         "kafka.brokers"},
    };
    for (size_t p = 0; p < G_N_ELEMENTS(part); p++) {
        Path path;
        path_to(&path, "events", i, part[p].key);
        if (!part[p].applies && has(check, i, part[p].key))
            param_doc_error(check->doc, check->diags, path.text, NULL, "this event is about no %s",
                            part[p].key);
        else if (part[p].applies && part[p].value >= part[p].count)
            param_doc_error(check->doc, check->diags, path.text, NULL,
                            "there are %" G_GINT64_FORMAT " (%s), numbered from 0", part[p].count,
                            part[p].counted);
    }
    if (event->share < 1 && event->fail != FAULT_ROUTER)
        error_at(check, i, "share", NULL, "only of the router may a share fail");
}

/* ---- gray failures ---- */

static void check_gray(const Check *check, size_t i, EventConfig *event)
{
    FaultGray can = fault_gray(event->fail);
    bool slow = event->slow > 1, delay = dist_mean(event->delay) > 0;
    event->gray = slow || delay || event->errors > 0 || event->loss > 0;
    const struct {
        const char *key, *message;
        bool wrong;
    } rule[] = {
        {"slow", "this cannot be slow", slow && !can.slow},
        {"delay", "this cannot be delayed", delay && !can.slow},
        {"errors", "this answers no requests that could end in errors",
         event->errors > 0 && !can.errors},
        {"loss", "only a link loses packets", event->loss > 0 && !can.loss},
        {"share", "an event takes down a share of the edges, or makes the router work badly",
         event->gray && event->share < 1},
    };
    for (size_t r = 0; r < G_N_ELEMENTS(rule); r++)
        if (rule[r].wrong)
            error_at(check, i, rule[r].key, "See: failsim explain events[].fail", rule[r].message);
}

/* ---- again and again ---- */

static void check_repeat(const Check *check, size_t i, EventConfig *event)
{
    const Scenario *s = check->scenario;
    bool up = has(check, i, "repeat.up");
    if (up && !has(check, i, "repeat.times"))
        event->times = INT64_MAX;
    if (!up && event->times > 1)
        error_at(check, i, "repeat.times", "add up: how long it works in between",
                 "it cannot fail again without working in between");
    if (event->times <= 1)
        return;
    double turn = dist_mean(event->up) + dist_mean(event->duration);
    double end = sim_seconds(s->run.duration + s->run.drain);
    if (turn * TURNS_MOST < end || turn < 0.001)
        error_at(check, i, "repeat.up", NULL, "repeat.up and for are too short together");
}

/* ---- in the wake of another ---- */

static int64_t find_named(const Check *check, const char *name)
{
    for (size_t i = 0; i < event_count(check); i++)
        if (strcmp(event_at(check, i)->name, name) == 0)
            return (int64_t)i;
    return -1;
}

static void check_follows(const Check *check, size_t i, EventConfig *event)
{
    event->follows = *event->after ? find_named(check, event->after) : -1;
    if (*event->name && find_named(check, event->name) != (int64_t)i)
        error_at(check, i, "name", NULL, "another event has this name already");
    if (!*event->after || event->follows >= 0)
        return;
    GPtrArray *names = g_ptr_array_new();
    for (size_t n = 0; n < event_count(check); n++)
        if (*event_at(check, n)->name)
            g_ptr_array_add(names, event_at(check, n)->name);
    const char *near = diag_suggest(event->after, (const char *const *)names->pdata, names->len);
    char *hint = near ? g_strdup_printf("did you mean \"%s\"?", near)
                      : g_strdup("give the event that it follows a name");
    Path path;
    param_doc_error(check->doc, check->diags, path_to(&path, "events", i, "after"), hint,
                    "there is no event named \"%s\"", event->after);
    g_free(hint);
    g_ptr_array_unref(names);
}

/* A cause of a cause, as often as there are events, and still no end: a circle. */
static void check_circle(const Check *check)
{
    for (size_t i = 0; i < event_count(check); i++) {
        int64_t cause = (int64_t)i;
        for (size_t n = 0; n <= event_count(check) && cause >= 0; n++)
            cause = event_at(check, (size_t)cause)->follows;
        if (cause < 0)
            continue;
        error_at(check, i, "after", NULL, "this event follows itself");
        return;
    }
}

/* ---- order ---- */

/* Times count from the first event that hits the service: with two, the reader must know. */
static void check_order(const Check *check)
{
    const Scenario *s = check->scenario;
    Path path;
    int64_t hits = 0;
    for (size_t i = 0; i < event_count(check); i++) {
        const EventConfig *event = event_at(check, i);
        if (failed(check, path_to(&path, "events", i, "")))
            continue;
        int64_t before = hits;
        hits += scenario_event_hits_service(event) ? MIN(event->times, 2) : 0;
        if (before < 2 && hits >= 2)
            param_doc_warn(check->doc, check->diags, path.text,
                           "split the scenario if each outage should have its own times",
                           "recovery times count from the first event that hits the service alone");
        if (event->follows < 0 && dist_is_constant(event->at) &&
            dist_mean(event->at) < sim_seconds(s->run.warmup))
            param_doc_warn(
                check->doc, check->diags, path.text, NULL,
                "this begins before run.warmup is over: payments that it hits by then are "
                "not counted");
    }
}

static void check_event(const Check *check, size_t i)
{
    const Scenario *s = check->scenario;
    EventConfig *event = event_at(check, i);
    check_target(check, i, event);
    check_part(check, i, event);
    check_gray(check, i, event);
    check_repeat(check, i, event);
    check_follows(check, i, event);
    Path path;
    SimTime end = s->run.duration + s->run.drain;
    if (dist_is_constant(event->at) && dist_mean(event->at) >= sim_seconds(end))
        param_doc_warn(check->doc, check->diags, path_to(&path, "events", i, "at"), NULL,
                       "this never happens: it is after run.duration and run.drain");
}

void check_events(const Check *check)
{
    Path path;
    for (size_t i = 0; i < event_count(check); i++) {
        event_at(check, i)->follows = -1;
        if (!failed(check, path_to(&path, "events", i, "")))
            check_event(check, i);
    }
    check_circle(check);
    check_order(check);
}
