#include "models/timeline.h"

#include <math.h>
#include <string.h>

static void step_free(void *data)
{
    RecoveryStep *step = data;
    g_free(step->name);
    g_free(step->note);
    g_free(step);
}

static RecoveryStep *add(GPtrArray *steps, const char *name, SimTime start, SimTime end, char *note)
{
    RecoveryStep *step = g_new0(RecoveryStep, 1);
    *step = (RecoveryStep){.name = g_strdup(name), .start = start, .end = end, .note = note};
    g_ptr_array_add(steps, step);
    return step;
}

static const char *decide_note(int mode)
{
    static const char *const note[] = {
        [FAILOVER_MANUAL] = "page, then a person",
        [FAILOVER_SEMI_AUTOMATIC] = "page, then a person",
        [FAILOVER_AUTOMATIC] = "nobody is asked",
        [FAILOVER_OFF] = "nobody acts",
    };
    return note[mode];
}

static const char *detect_note(const Scenario *scenario, const Recovery *recovery)
{
    if (recovery->noticed)
        return "people notice";
    return scenario->failover.detect == DETECT_ALERTS ? "scrape, rule, alert" : "probes fail";
}

static bool by_probes(const Scenario *scenario)
{
    return scenario->router.failover == ROUTER_AUTOMATIC;
}

/* When service was back; SIM_NEVER. */
static SimTime service_at(const Recovery *recovery)
{
    double service = recovery_service_seconds(recovery);
    return isfinite(service) ? recovery->outage_at + (SimTime)(service * 1e9 + 0.5) : SIM_NEVER;
}

/* Does service in the other region wait for this step? Consumers come after it, a fence before
 * nothing that users see, and where probes move the traffic the reroute only settles it. */
static bool serves_users(const Scenario *scenario, const Recovery *recovery,
                         const RecoveryStamp *stamp)
{
    if (strcmp(stamp->name, action_name[ACTION_REROUTE]) == 0) /* or the traffic had gone back */
        return !by_probes(scenario) || recovery->edges_back_at < stamp->end;
    return strcmp(stamp->name, action_name[ACTION_RESUME_CONSUMERS]) != 0 &&
           strcmp(stamp->name, action_name[ACTION_FENCE]) != 0;
}

/* The step that ended the critical path: the last that service waited for; -1: none. */
static int64_t last_needed(const Scenario *scenario, const Recovery *recovery)
{
    int64_t last = -1;
    SimTime latest = 0, back = service_at(recovery);
    for (uint32_t s = 0; s < recovery->steps; s++) {
        SimTime done = recovery->step[s].end;
        if (done == SIM_NEVER || done <= latest || done > back ||
            !serves_users(scenario, recovery, &recovery->step[s]))
            continue;
        last = s;
        latest = done;
    }
    return last;
}

static char *step_note(const RecoveryStamp *stamp)
{
    return stamp->tries > 1 ? g_strdup_printf("commanded %u times", stamp->tries) : NULL;
}

static int compare_start(const void *a, const void *b)
{
    const RecoveryStep *x = *(RecoveryStep *const *)a, *y = *(RecoveryStep *const *)b;
    return (x->start > y->start) - (x->start < y->start);
}

/* The steps by name, as far as the run came. */
typedef struct Path {
    RecoveryStep *detect, *decide, *edges, *back, *step[RECOVERY_STEPS_MAX];
} Path;

static void add_decision(GPtrArray *steps, Path *path, const Scenario *scenario,
                         const Recovery *recovery)
{
    if (recovery->detected_at == SIM_NEVER || recovery->decided_at < recovery->detected_at)
        return;
    bool called_off = recovery->decided_at == SIM_NEVER && recovery->called_off_at != SIM_NEVER;
    const char *note = called_off          ? "called off: it answers"
                       : recovery->noticed ? "a person"
                                           : decide_note(scenario->failover.mode);
    path->decide = add(steps, "decide", recovery->detected_at,
                       called_off ? recovery->called_off_at : recovery->decided_at, g_strdup(note));
}

static void add_router(GPtrArray *steps, Path *path, const Scenario *scenario,
                       const Recovery *recovery)
{
    if (!by_probes(scenario) || recovery->edges_first_at == SIM_NEVER)
        return;
    SimTime back = recovery->edges_back_at, ends = recovery->outage_ends_at;
    SimTime turned = recovery->edges_all_at;
    int edges = (int)scenario->router.edges;
    /* The region was back before the last edge had missed it. */
    bool in_part = turned == SIM_NEVER && back != SIM_NEVER;
    char *note = in_part ? g_strdup_printf("%u of %d edges, and back", recovery->edges_most, edges)
                         : g_strdup_printf("%d edges probe", edges);
    path->edges = add(steps, "router turns", recovery->outage_at,
                      in_part ? recovery->edges_most_at : turned, note);
    if (back != SIM_NEVER && back > ends)
        path->back = add(steps, "router returns", ends, back,
                         g_strdup(recovery->edges_back_told ? "by a reroute" : "by its probes"));
}

/* Service came back from the other region: the runbook's path to its last step, or the router. */
static SimTime mark_failover(Path *path, const Scenario *scenario, const Recovery *recovery)
{
    int64_t last = last_needed(scenario, recovery);
    SimTime latest = last >= 0 ? recovery->step[last].end : 0, back = service_at(recovery);
    SimTime turned = recovery->edges_all_at;
    bool edges_last = path->edges && turned > latest && turned <= back;
    if (back == SIM_NEVER)
        return SIM_NEVER; /* nothing decided what did not happen */
    if (edges_last)
        path->edges->critical = true;
    if (edges_last && scenario->application.health == 0)
        return turned;
    /* A deep health check lets the router turn only once the database is promoted. */
    for (int64_t s = last; s >= 0; s = recovery->step[s].waited_for)
        path->step[s]->critical = true;
    if (last >= 0 && path->decide) /* a failover begun before the outage has neither */
        path->detect->critical = path->decide->critical = true;
    if (edges_last)
        return turned;
    return last >= 0 ? latest : SIM_NEVER;
}

/* Nobody failed over: service came back with the region. */
static SimTime mark_return(GPtrArray *steps, Path *path, const Scenario *scenario,
                           const Recovery *recovery)
{
    SimTime ends = recovery->outage_ends_at, back = service_at(recovery);
    /* Windows go by the time of sending: what was sent just before the end succeeded, too. */
    SimTime early = recovery->window + users_longest_attempt(&scenario->users);
    if (ends == SIM_NEVER || back == SIM_NEVER || ends > back + early)
        return SIM_NEVER;
    add(steps, "outage", recovery->outage_at, ends, g_strdup("it ended by itself"))->critical =
        true;
    if (!path->back || path->back->end > back)
        return ends;
    path->back->critical = true;
    return path->back->end;
}

/* The users' own way back: retries that wait, logins, DNS answers that live on. */
static void add_users_return(GPtrArray *steps, const Recovery *recovery, SimTime from)
{
    SimTime back = service_at(recovery);
    if (from == SIM_NEVER || back == SIM_NEVER || back <= from + recovery->window)
        return; /* less is the window's own width */
    add(steps, "users return", from, back, g_strdup("retries, logins"))->critical = true;
}

/* The way home: the decision, and the steps of its runbook. */
static void add_home(GPtrArray *steps, const Recovery *recovery)
{
    if (recovery->returning_at == SIM_NEVER)
        return;
    for (uint32_t s = recovery->steps; s < recovery->steps + recovery->home_steps; s++) {
        const RecoveryStamp *stamp = &recovery->step[s];
        if (stamp->start != SIM_NEVER)
            add(steps, stamp->name, stamp->start, stamp->end, step_note(stamp))->home = true;
    }
}

GPtrArray *timeline_build(const Scenario *scenario, const Recovery *recovery)
{
    GPtrArray *steps = g_ptr_array_new_with_free_func(step_free);
    Path path = {0};
    if (recovery->outage_at == SIM_NEVER)
        return steps;
    if (!recovery->planned)
        path.detect = add(steps, "detect", recovery->outage_at, recovery->detected_at,
                          g_strdup(detect_note(scenario, recovery)));
    add_decision(steps, &path, scenario, recovery);
    for (uint32_t s = 0; s < recovery->steps; s++) {
        const RecoveryStamp *stamp = &recovery->step[s];
        if (stamp->start != SIM_NEVER)
            path.step[s] = add(steps, stamp->name, stamp->start, stamp->end, step_note(stamp));
    }
    add_router(steps, &path, scenario, recovery);
    add_home(steps, recovery);
    bool failed_over = recovery->decided_at != SIM_NEVER;
    add_users_return(steps, recovery,
                     failed_over ? mark_failover(&path, scenario, recovery)
                                 : mark_return(steps, &path, scenario, recovery));
    g_ptr_array_sort(steps, compare_start);
    return steps;
}
