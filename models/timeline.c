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

static bool by_probes(const Scenario *scenario)
{
    return scenario->router.failover == ROUTER_AUTOMATIC;
}

/* What the user waits for: traffic to the other region, and a database and a Kafka that take
 * writes there. The latest of them ends the critical path; -1: none finished; -2: the router. */
static int64_t last_needed(const Scenario *scenario, const Recovery *recovery)
{
    int64_t last = -1;
    SimTime latest = 0;
    for (uint32_t s = 0; s < recovery->steps; s++) {
        bool needed = strcmp(recovery->step[s].name, action_name[ACTION_RESUME_CONSUMERS]) != 0 &&
                      strcmp(recovery->step[s].name, action_name[ACTION_FENCE]) != 0 &&
                      !(by_probes(scenario) &&
                        strcmp(recovery->step[s].name, action_name[ACTION_REROUTE]) == 0);
        if (needed && recovery->step[s].end != SIM_NEVER && recovery->step[s].end > latest) {
            last = s;
            latest = recovery->step[s].end;
        }
    }
    SimTime turned = recovery->edges_all_at;
    return by_probes(scenario) && turned != SIM_NEVER && turned > latest ? -2 : last;
}

static char *step_note(const RecoveryStamp *stamp)
{
    if (stamp->tries > 1)
        return g_strdup_printf("commanded %u times", stamp->tries);
    return NULL;
}

static int compare_start(const void *a, const void *b)
{
    const RecoveryStep *x = *(RecoveryStep *const *)a, *y = *(RecoveryStep *const *)b;
    return (x->start > y->start) - (x->start < y->start);
}

/* The users' own way back: retries that wait, DNS answers that live on. */
static void add_users_return(GPtrArray *steps, const Recovery *recovery, SimTime from)
{
    double service = recovery_service_seconds(recovery);
    if (!isfinite(service) || from == SIM_NEVER)
        return;
    SimTime back = recovery->outage_at + (SimTime)(service * 1e9 + 0.5);
    if (back > from)
        add(steps, "users return", from, back, g_strdup("retries, logins"))->critical = true;
}

GPtrArray *timeline_build(const Scenario *scenario, const Recovery *recovery)
{
    GPtrArray *steps = g_ptr_array_new_with_free_func(step_free);
    if (recovery->outage_at == SIM_NEVER)
        return steps;
    RecoveryStep *of[RECOVERY_STEPS_MAX] = {NULL};
    RecoveryStep *detect =
        add(steps, "detect", recovery->outage_at, recovery->detected_at, g_strdup("probes fail"));
    RecoveryStep *decide = NULL, *edges = NULL;
    if (recovery->detected_at != SIM_NEVER && recovery->decided_at >= recovery->detected_at)
        decide = add(steps, "decide", recovery->detected_at, recovery->decided_at,
                     g_strdup(decide_note(scenario->failover.mode)));
    for (uint32_t s = 0; s < recovery->steps; s++) {
        const RecoveryStamp *stamp = &recovery->step[s];
        if (stamp->start != SIM_NEVER)
            of[s] = add(steps, stamp->name, stamp->start, stamp->end, step_note(stamp));
    }
    if (by_probes(scenario) && recovery->edges_first_at != SIM_NEVER)
        edges = add(steps, "router turns", recovery->outage_at, recovery->edges_all_at,
                    g_strdup_printf("%d edges probe", (int)scenario->router.edges));
    int64_t last = last_needed(scenario, recovery);
    SimTime reached = SIM_NEVER;
    if (last == -2) {
        edges->critical = true;
        reached = recovery->edges_all_at;
    } else if (last >= 0) {
        reached = recovery->step[last].end;
        for (int64_t s = last; s >= 0; s = recovery->step[s].waited_for)
            of[s]->critical = true;
        detect->critical = true;
        if (decide)
            decide->critical = true;
    }
    add_users_return(steps, recovery, reached);
    g_ptr_array_sort(steps, compare_start);
    return steps;
}
