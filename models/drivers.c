#include "models/drivers.h"

static void add(GArray *out, const Dist *dist, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void add(GArray *out, const Dist *dist, const char *format, ...)
{
    if (dist_is_constant(dist))
        return;
    va_list arguments;
    va_start(arguments, format);
    ScenarioDriver driver = {.key = g_strdup_vprintf(format, arguments), .dist = dist};
    va_end(arguments);
    g_array_append_val(out, driver);
}

/* ---- what is drawn once ---- */

static bool has_event(const Scenario *s, Fault fault)
{
    for (size_t i = 0; i < s->top.events.count; i++)
        if (scenario_event(s, i)->fail == (int)fault)
            return true;
    return false;
}

static bool has_step(const ParamList *steps, Action action)
{
    const StepConfig *step = steps->item;
    for (size_t i = 0; i < steps->count; i++)
        if (step[i].action == (int)action)
            return true;
    return false;
}

/* One direction: each database, and each mirror, draws a lag of its own. */
static bool streams_one_way(const Scenario *s)
{
    return s->failback.mode == FAILOVER_OFF && !has_event(s, FAULT_SWITCHOVER) &&
           !has_step(&s->failover.steps, ACTION_SEED_DATABASE);
}

/* It does not repeat, and what it follows does not either. Whether it comes at all may be left to
 * chance. */
static bool comes_once(const Scenario *s, size_t i)
{
    const EventConfig *event = scenario_event(s, i);
    return event->times <= 1 && (event->follows < 0 || comes_once(s, (size_t)event->follows));
}

static bool follows_one(const Scenario *s, size_t i)
{
    int64_t cause = scenario_event(s, i)->follows;
    return cause < 0 || comes_once(s, (size_t)cause);
}

/* One clean outage: the monitor changes its mind twice, and no more. (A ratio of errors may cross
 * its limit any number of times.) */
static bool fails_once(const Scenario *s)
{
    const ProbeConfig *probe = &s->failover.probe;
    if (s->failover.detect == DETECT_ALERTS && s->failover.alert.rule != RULE_UP)
        return false;
    if (s->top.events.count != 1 || probe->false_alarm > 0 || probe->miss > 0)
        return false;
    const EventConfig *event = scenario_event(s, 0);
    return comes_once(s, 0) && !event->gray && event->fail != FAULT_ZONE &&
           event->fail != FAULT_MONITOR;
}

/* An alarm that is called off, or a controller that restarts, decides anew. */
static bool decides_once(const Scenario *s)
{
    return (!s->failover.cancel && !has_event(s, FAULT_MONITOR)) || fails_once(s);
}

static bool asks_people(int mode)
{
    return mode == FAILOVER_MANUAL || mode == FAILOVER_SEMI_AUTOMATIC;
}

/* ---- by section ---- */

static void list_streams(const Scenario *s, GArray *out)
{
    if (s->database.lag_vary == 0 && s->database.replication == REPLICATION_ASYNC &&
        streams_one_way(s))
        add(out, s->database.lag, "database.replication.lag");
    if (!s->mirror.enabled)
        return;
    if (s->mirror.latency_vary == 0 && !scenario_mirrors_into(s, REGION_ACTIVE))
        add(out, s->mirror.latency, "mirror.latency");
    if (s->mirror.new_acl)
        add(out, s->mirror.acl_repair, "mirror.acl_repair");
}

static void list_events(const Scenario *s, GArray *out)
{
    for (size_t i = 0; i < s->top.events.count; i++) {
        const EventConfig *event = scenario_event(s, i);
        if (follows_one(s, i))
            add(out, event->at, "events[%zu].at", i);
        if (comes_once(s, i))
            add(out, event->duration, "events[%zu].for", i);
    }
    add(out, s->configuration.change_at, "configuration.change.at");
}

static void list_people(const Scenario *s, GArray *out)
{
    const FailoverConfig *failover = &s->failover;
    if (asks_people(failover->mode) && decides_once(s)) {
        if (failover->detect == DETECT_PROBES)
            add(out, failover->page, "failover.page");
        add(out, failover->decide, "failover.decide");
    }
    if (failover->mode != FAILOVER_OFF && fails_once(s))
        add(out, failover->notice, "failover.notice");
    if (asks_people(s->failback.mode) && fails_once(s))
        add(out, s->failback.decide, "failback.decide");
}

/* A step that may fail draws its duration for each attempt. */
static void list_steps(GArray *out, int mode, const ParamList *steps, const char *path)
{
    const StepConfig *step = steps->item;
    for (size_t i = 0; mode != FAILOVER_OFF && i < steps->count; i++) {
        if (step[i].fails == 0)
            add(out, step[i].duration, "%s[%zu].duration", path, i);
        add(out, step[i].approval, "%s[%zu].approval", path, i);
    }
}

void drivers_list(const Scenario *s, GArray *out)
{
    list_streams(s, out);
    list_events(s, out);
    list_people(s, out);
    list_steps(out, s->failover.mode, &s->failover.steps, "failover.steps");
    list_steps(out, s->failback.mode, &s->failback.steps, "failback.steps");
}
