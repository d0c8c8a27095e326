#include "models/failover.h"

#include <string.h>

#include "models/gray.h"
#include "sim/check.h"

enum {
    FO_PROBE = MSG_KINDS,
    FO_DEADLINE,
    FO_DECIDED,
    FO_HANDED_OVER,
    FO_CHECK,
    FO_PLANNED,
    FO_KINDS
};

typedef enum State { STATE_WATCHING, STATE_DECIDING, STATE_ACTING } State;

typedef struct Step {
    const StepConfig *config;
    SimTime duration; /* drawn at the start */
    bool started, done;
    RandomStream duration_draws, operator_draws;
} Step;

struct Failover {
    World *world;
    const FailoverConfig *config;
    SimComponent id;
    FailoverLinks link;
    Prober prober;
    State state;
    bool planned;
    uint32_t alarm; /* number of the alarm: a decision on an older one is void */
    Step *step;
    uint32_t steps;
    RandomStream phase_draws, page_draws, decide_draws;
};

const char *const action_name[ACTIONS + 1] = {
    [ACTION_FENCE] = "fence",
    [ACTION_PROMOTE] = "promote-database",
    [ACTION_SWITCH_KAFKA] = "switch-kafka",
    [ACTION_RESUME_CONSUMERS] = "resume-consumers",
    [ACTION_REROUTE] = "reroute",
    [ACTION_STOP_CONSUMERS] = "stop-consumers",
    [ACTION_DEMOTE_KAFKA] = "demote-kafka",
    [ACTION_AWAIT_DATABASE] = "await-database",
    [ACTION_AWAIT_MIRROR] = "await-mirror",
    [ACTION_SEED_DATABASE] = "seed-database",
    [ACTION_START_MIRROR] = "start-mirror",
    [ACTION_RESTORE_BACKUP] = "restore-backup",
    [ACTION_SCALE_OUT] = "scale-application",
    [ACTION_CONFIGURE] = "switch-configuration",
    [ACTION_RECONCILE] = "reconcile",
    [ACTIONS] = NULL,
};

/* Steps that change a cloud resource go through the cloud's control plane, and wait while it is
 * away. The others speak to what runs in the region that stands by.
 * Sources: Azure SQL failover groups and Front Door are configured through Azure Resource Manager;
 * on 29 October 2025 customers could not change Front Door for hours. */
static const bool needs_control_plane[ACTIONS] = {
    [ACTION_FENCE] = true,         [ACTION_PROMOTE] = true,        [ACTION_REROUTE] = true,
    [ACTION_SEED_DATABASE] = true, [ACTION_RESTORE_BACKUP] = true, [ACTION_SCALE_OUT] = true,
};

int failover_step_find(const FailoverConfig *config, const char *name)
{
    const StepConfig *step = config->steps.item;
    for (size_t i = 0; i < config->steps.count; i++)
        if (strcmp(action_name[step[i].action], name) == 0)
            return (int)i;
    return -1;
}

/* ---- the runbook ---- */

static bool ready(const Failover *failover, const Step *step)
{
    for (size_t i = 0; i < step->config->after.count; i++) {
        int before = failover_step_find(failover->config, step->config->after.name[i]);
        if (!failover->step[before].done)
            return false;
    }
    return true;
}

static void command(Failover *failover, uint32_t s)
{
    Step *step = &failover->step[s];
    Sim *sim = failover->world->sim;
    int action = step->config->action;
    failover->world->recovery->step[s].tries++;
    sim_link_send(failover->link.command,
                  (SimEvent){.component = needs_control_plane[action]
                                              ? failover->link.control
                                              : failover->link.performer[action],
                             .kind = MSG_COMMAND,
                             .subject = s,
                             .value = step->duration,
                             .tag = (uint16_t)action,
                             .extra = command_extra(REGION_PASSIVE, failover->planned)});
    sim_after(sim, step->duration + failover->config->step_retry, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = failover->id, .kind = FO_CHECK, .subject = s});
}

static void start_step(Failover *failover, uint32_t s, int64_t waited_for)
{
    World *world = failover->world;
    Step *step = &failover->step[s];
    RecoveryStamp *stamp = &world->recovery->step[s];
    SimTime delay = 0;
    step->started = true;
    step->duration = dist_draw(step->config->duration, &step->duration_draws);
    stamp->start = sim_now(world->sim);
    stamp->waited_for = waited_for;
    if (failover->config->mode == FAILOVER_MANUAL)
        delay = dist_draw(failover->config->operator_delay, &step->operator_draws);
    story_platform(world->story, stamp->start, "step %s begins", action_name[step->config->action]);
    sim_after(world->sim, delay, SIM_PHASE_MESSAGE,
              (SimEvent){.component = failover->id, .kind = FO_HANDED_OVER, .subject = s});
}

static void start_ready_steps(Failover *failover, int64_t after)
{
    for (uint32_t s = 0; s < failover->steps; s++)
        if (!failover->step[s].started && ready(failover, &failover->step[s]))
            start_step(failover, s, after);
}

static void on_handed_over(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    command(self, (uint32_t)event->subject);
}

static void on_check(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    uint32_t s = (uint32_t)event->subject;
    if (failover->step[s].done)
        return;
    story_platform(failover->world->story, sim_now(sim), "step %s is not done: tried again",
                   action_name[failover->step[s].config->action]);
    command(failover, s);
}

static void on_done(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    Step *step = &failover->step[event->subject];
    if (step->done)
        return;
    step->done = true;
    failover->world->recovery->step[event->subject].end = sim_now(sim);
    story_platform(failover->world->story, sim_now(sim), "step %s is done",
                   action_name[step->config->action]);
    start_ready_steps(failover, (int64_t)event->subject);
}

/* ---- detecting and deciding ---- */

static void on_decided(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    if (failover->state != STATE_DECIDING || event->subject != failover->alarm)
        return;
    failover->state = STATE_ACTING;
    failover->world->recovery->decided_at = sim_now(sim);
    story_platform(failover->world->story, sim_now(sim), "the failover is decided");
    start_ready_steps(failover, -1);
}

static void on_planned(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Failover *failover = self;
    if (failover->state == STATE_ACTING)
        return; /* it is at it already */
    failover->state = STATE_ACTING;
    failover->planned = failover->world->recovery->planned = true;
    failover->world->recovery->decided_at = sim_now(sim);
    start_ready_steps(failover, -1);
}

static SimTime time_to_decide(Failover *failover)
{
    const FailoverConfig *config = failover->config;
    if (config->mode == FAILOVER_AUTOMATIC)
        return config->hold;
    return dist_draw(config->page, &failover->page_draws) +
           dist_draw(config->decide, &failover->decide_draws);
}

static void raise_alarm(Failover *failover)
{
    World *world = failover->world;
    Recovery *recovery = world->recovery;
    SimTime now = sim_now(world->sim);
    if (recovery->alarm_at == SIM_NEVER)
        recovery->alarm_at = now;
    if (now >= recovery->outage_at && recovery->detected_at == SIM_NEVER)
        recovery->detected_at = now;
    story_platform(world->story, now, "the monitor takes %s for down",
                   world->region_name[REGION_ACTIVE]);
    if (failover->config->mode == FAILOVER_OFF || failover->state != STATE_WATCHING)
        return;
    failover->state = STATE_DECIDING;
    failover->alarm++;
    sim_after(
        world->sim, time_to_decide(failover), SIM_PHASE_MESSAGE,
        (SimEvent){.component = failover->id, .kind = FO_DECIDED, .subject = failover->alarm});
}

static void verdict_changed(Failover *failover)
{
    if (!failover->prober.healthy) {
        raise_alarm(failover);
    } else if (failover->state == STATE_DECIDING && failover->config->cancel) {
        failover->state = STATE_WATCHING;
        failover->world->recovery->called_off_at = sim_now(failover->world->sim);
        story_platform(failover->world->story, sim_now(failover->world->sim),
                       "%s answers again before anyone has decided: no failover",
                       failover->world->region_name[REGION_ACTIVE]);
    }
}

static void on_probe(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    int64_t number = prober_send(&failover->prober);
    if (gray_error(failover->world, failover->id))
        failover->prober.will_fail = true;
    sim_link_send(failover->link.to_active, (SimEvent){.component = failover->link.application,
                                                       .kind = MSG_PROBE,
                                                       .value = number,
                                                       .sender = failover->id});
    sim_after(sim, failover->config->probe.timeout, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = failover->id, .kind = FO_DEADLINE, .value = number});
    sim_after(sim, failover->config->probe.interval, SIM_PHASE_MESSAGE, *event);
}

static void on_probe_reply(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Failover *failover = self;
    if (prober_answer(&failover->prober, event->value, event->tag != 0))
        verdict_changed(failover);
}

static void on_deadline(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Failover *failover = self;
    if (prober_deadline(&failover->prober, event->value))
        verdict_changed(failover);
}

static void start_probes(Failover *failover)
{
    double phase = random_uniform(&failover->phase_draws);
    sim_after(failover->world->sim, (SimTime)(phase * (double)failover->config->probe.interval),
              SIM_PHASE_MESSAGE, (SimEvent){.component = failover->id, .kind = FO_PROBE});
}

/* Back from an outage of its own: it probes on, decides anew, and repeats what it does not know to
 * be done. */
static void on_up(Sim *sim, void *self)
{
    (void)sim;
    Failover *failover = self;
    start_probes(failover);
    if (failover->state == STATE_DECIDING) {
        failover->state = STATE_WATCHING;
        if (!failover->prober.healthy)
            raise_alarm(failover);
    }
    for (uint32_t s = 0; s < failover->steps; s++)
        if (failover->step[s].started && !failover->step[s].done)
            command(failover, s);
}

static const SimHandler handlers[FO_KINDS] = {
    [MSG_PROBE_REPLY] = on_probe_reply,
    [MSG_DONE] = on_done,
    [FO_PROBE] = on_probe,
    [FO_DEADLINE] = on_deadline,
    [FO_DECIDED] = on_decided,
    [FO_HANDED_OVER] = on_handed_over,
    [FO_CHECK] = on_check,
    [FO_PLANNED] = on_planned,
};

static const SimType failover_type = {.name = "failover",
                                      .handlers = handlers,
                                      .handler_count = FO_KINDS,
                                      .dropped = message_dropped,
                                      .up = on_up};

/* ---- making ---- */

static void add_step(Failover *failover, uint32_t s)
{
    World *world = failover->world;
    Step *step = &failover->step[s];
    step->config = &((const StepConfig *)failover->config->steps.item)[s];
    const char *name = action_name[step->config->action];
    char *purpose = g_strdup_printf("operator %s", name);
    step->duration_draws = world_stream(world, "failover", name);
    step->operator_draws = world_stream(world, "failover", purpose);
    g_free(purpose);
    world->recovery->step[s] =
        (RecoveryStamp){.name = name, .start = SIM_NEVER, .end = SIM_NEVER, .waited_for = -1};
}

Failover *failover_new(World *world, const FailoverConfig *config)
{
    Failover *failover = g_new0(Failover, 1);
    failover->world = world;
    failover->config = config;
    failover->id = sim_add(world->sim, &failover_type, failover, "failover");
    failover->steps = (uint32_t)config->steps.count;
    SIM_CHECK(failover->steps <= RECOVERY_STEPS_MAX);
    failover->step = g_new0(Step, failover->steps);
    prober_init(&failover->prober, &config->probe, world_stream(world, "failover", "probe errors"));
    failover->phase_draws = world_stream(world, "failover", "phase");
    failover->page_draws = world_stream(world, "failover", "page");
    failover->decide_draws = world_stream(world, "failover", "decide");
    world->recovery->steps = failover->steps;
    for (uint32_t s = 0; s < failover->steps; s++)
        add_step(failover, s);
    return failover;
}

void failover_free(Failover *failover)
{
    if (!failover)
        return;
    g_free(failover->step);
    g_free(failover);
}

SimComponent failover_component(const Failover *failover)
{
    return failover->id;
}

void failover_connect(Failover *failover, FailoverLinks links)
{
    failover->link = links;
}

void failover_note_outage(Failover *failover)
{
    Recovery *recovery = failover->world->recovery;
    if (!failover->prober.healthy)
        recovery->detected_at = recovery->outage_at;
}

void failover_switch_over(Failover *failover)
{
    sim_after(failover->world->sim, 0, SIM_PHASE_MESSAGE,
              (SimEvent){.component = failover->id, .kind = FO_PLANNED});
}

void failover_start(Failover *failover)
{
    start_probes(failover);
}

/* ---- parameters ---- */

static const char *const mode_choices[] = {"manual", "semi-automatic", "automatic", "off", NULL};

#define AT(member) offsetof(StepConfig, member)
static const ParamSpec step_specs[] = {
    {.key = "step",
     .type = PARAM_CHOICE,
     .offset = AT(action),
     .choices = action_name,
     .text =
         "What is done. fence: the old primary may not write when it comes back. promote-database: "
         "the standby becomes the primary. switch-kafka: the passive cluster takes writes. "
         "resume-consumers: its consumers start. reroute: the router prefers the passive region.",
     .source = "article: failover process summary"},
    {.key = "duration",
     .type = PARAM_DIST,
     .offset = AT(duration),
     .text = "How long it takes, once begun.",
     .source = ""},
    {.key = "after",
     .type = PARAM_NAMES,
     .offset = AT(after),
     .fallback = "[]",
     .text = "Steps that must be done first; none: the decision.",
     .source = ""},
};
#undef AT
static const ParamTable step_table = {
    .specs = step_specs, .count = G_N_ELEMENTS(step_specs), .size = sizeof(StepConfig)};

#define AT(member) offsetof(FailoverConfig, member)
static const ParamSpec specs[] = {
    {.key = "mode",
     .type = PARAM_CHOICE,
     .offset = AT(mode),
     .fallback = "semi-automatic",
     .choices = mode_choices,
     .text = "Who acts. manual: a person decides and starts every step. semi-automatic: a person "
             "decides. "
             "automatic: nobody is asked. off: nobody acts.",
     .source = "article: manual or semi-automated"},
    PROBE_SPECS(FailoverConfig, probe, "15s",
                "ours; Prometheus scrapes every 1 m by default, commonly set to 15 s", "10s",
                "Prometheus: scrape_timeout 10 s", "3", "ours: three in a row", "1", "ours"),
    {.key = "page",
     .type = PARAM_DIST,
     .offset = AT(page),
     .fallback = "30s",
     .text = "From the monitor's verdict to a person who knows of it (manual, semi-automatic).",
     .source = "Alertmanager: group_wait 30 s"},
    {.key = "decide",
     .type = PARAM_DIST,
     .offset = AT(decide),
     .fallback = "{lognormal: {median: 5m, p99: 30m}}",
     .text = "From there to the decision to fail over (manual, semi-automatic).",
     .source =
         "ours, right-skewed as people are; GitHub (September 2023) took 17 min from the first "
         "alert, Google (June 2025) 2 min to triage and 10 to the cause"},
    {.key = "operator",
     .type = PARAM_DIST,
     .offset = AT(operator_delay),
     .fallback = "{lognormal: {median: 45s, p99: 5m}}",
     .text = "Time to find and start each step by hand (manual).",
     .source = "ours"},
    {.key = "hold",
     .type = PARAM_TIME,
     .offset = AT(hold),
     .fallback = "1m",
     .text = "How long an automatic failover waits for the region to come back before it acts.",
     .source = "ours; Azure SQL's automatic policy waits an hour at least "
               "(GracePeriodWithDataLossHours)"},
    {.key = "cancel",
     .type = PARAM_FLAG,
     .offset = AT(cancel),
     .fallback = "yes",
     .text = "Whether a failover can be called off. yes: a region that looks healthy again before "
             "the decision calls the failover off.",
     .source = ""},
    {.key = "step_retry",
     .type = PARAM_TIME,
     .offset = AT(step_retry),
     .fallback = "30s",
     .min = 0.001,
     .max = 86400,
     .text =
         "A step whose performer has not answered this long after it should be done is commanded "
         "again.",
     .source = "ours"},
    {.key = "steps",
     .type = PARAM_LIST,
     .offset = AT(steps),
     .fallback = "[{step: fence, duration: 5s},"
                 " {step: promote-database, duration: {lognormal: {median: 30s, p99: 60s}}, after: "
                 "[fence]},"
                 " {step: switch-kafka, duration: 10s},"
                 " {step: resume-consumers, duration: {uniform: {low: 3s, high: 6s}}, after: "
                 "[switch-kafka, promote-database]},"
                 " {step: reroute, duration: {uniform: {low: 3m, high: 20m}}, after: "
                 "[promote-database, switch-kafka]}]",
     .items = &step_table,
     .text = "The runbook, as a graph.",
     .source = "article: failover process summary. Azure SQL: 30 s, up to 60 s; a first join of an "
               "empty group: 3 to 6 s; a Front Door configuration change: 3 to 20 min"},
};
#undef AT

const ParamTable failover_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(FailoverConfig)};
