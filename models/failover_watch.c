/* The failover controller's monitor: what it sees of the active region.
 *
 * With detect: probes, the prober's verdict is the monitor's. With detect: alerts, the prober
 * scrapes, its last result is the metric `up`, and a rule is evaluated on it, or on the ratio of
 * failed requests (failover_ratio.c):
 *
 *   INACTIVE ─it holds─▶ PENDING ─for `for`─▶ FIRING ─group_wait─▶ NOTIFIED
 *       ▲───────────────────┴──── it does not, at an evaluation ─────┘
 *
 * From the outage to the notification: a phase of the scrape, its timeout if nothing answers, a
 * phase of the evaluation, `for` rounded up to whole evaluations, group_wait.
 */
#include "models/failover_parts.h"
#include "models/gray.h"

static SimEvent to_eyes(const Failover *failover, uint16_t kind)
{
    return (SimEvent){.component = failover->eyes, .kind = kind};
}

bool failover_sees_it_down(const Failover *failover)
{
    return failover->config->detect == DETECT_ALERTS ? failover->alert == ALERT_NOTIFIED
                                                     : !failover->prober.healthy;
}

/* ---- probes, scrapes ---- */

static bool wants_metrics(const Failover *failover)
{
    return failover->config->detect == DETECT_ALERTS && failover->config->alert.rule != RULE_UP;
}

/* What a failing scrape carries is lost with it. */
void failover_on_metrics(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    if (event->extra == (uint32_t)failover->prober.number && !failover->prober.will_fail)
        failover_ratio_scrape(&failover->ratio, sim_now(sim), failover->config->alert.window,
                              (uint64_t)event->value, event->subject);
}

void failover_on_probe(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    const ProbeConfig *config = failover->prober.config;
    int64_t number = prober_send(&failover->prober);
    if (gray_error(failover->world, failover->id))
        failover->prober.will_fail = true;
    sim_link_send(failover->link.to_active,
                  (SimEvent){.component = failover->link.application,
                             .kind = MSG_PROBE,
                             .value = number,
                             .tag = wants_metrics(failover) ? PROBE_METRICS : PROBE_HEALTH,
                             .sender = failover->eyes});
    SimEvent deadline = to_eyes(failover, FO_DEADLINE);
    deadline.value = number;
    sim_after(sim, config->timeout, SIM_PHASE_TIMEOUT, deadline);
    sim_after(sim, config->interval, SIM_PHASE_MESSAGE, *event);
}

/* An alert's rule looks at the metric when it is evaluated, not before. */
static void probed(Failover *failover, bool changed)
{
    if (changed && failover->config->detect == DETECT_PROBES)
        failover_verdict_changed(failover);
}

void failover_on_probe_reply(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Failover *failover = self;
    probed(failover, prober_answer(&failover->prober, event->value, event->tag != 0));
}

void failover_on_deadline(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Failover *failover = self;
    probed(failover, prober_deadline(&failover->prober, event->value));
}

/* ---- alerts ---- */

static void resolve(Failover *failover)
{
    bool told = failover->alert == ALERT_NOTIFIED;
    failover->alert = ALERT_INACTIVE;
    failover->alert_serial++;
    if (told)
        failover_verdict_changed(failover);
}

static void fire(Failover *failover)
{
    World *world = failover->world;
    failover->alert = ALERT_FIRING;
    story_platform(world->story, sim_now(world->sim),
                   failover->prober.healthy ? "the alert that %s fails too often fires"
                                            : "the alert that %s is down fires",
                   world->region_name[REGION_ACTIVE]);
    SimEvent notify = to_eyes(failover, FO_NOTIFY);
    notify.value = ++failover->alert_serial;
    sim_after(world->sim, failover->config->alert.group_wait, SIM_PHASE_MESSAGE, notify);
}

static bool rule_holds(Failover *failover)
{
    const AlertConfig *config = &failover->config->alert;
    if (config->rule != RULE_ERRORS && !failover->prober.healthy)
        return true;
    return config->rule != RULE_UP &&
           failover_ratio_exceeds(&failover->ratio, sim_now(failover->world->sim), config->window,
                                  config->errors);
}

void failover_on_evaluate(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    const AlertConfig *config = &failover->config->alert;
    sim_after(sim, config->evaluation, SIM_PHASE_MESSAGE, *event);
    if (!rule_holds(failover)) {
        if (failover->alert != ALERT_INACTIVE)
            resolve(failover);
        return;
    }
    if (failover->alert == ALERT_INACTIVE) {
        failover->alert = ALERT_PENDING;
        failover->pending_since = sim_now(sim);
    }
    if (failover->alert == ALERT_PENDING && sim_now(sim) - failover->pending_since >= config->lasts)
        fire(failover);
}

void failover_on_notify(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Failover *failover = self;
    if (failover->alert != ALERT_FIRING || event->value != failover->alert_serial)
        return;
    failover->alert = ALERT_NOTIFIED;
    failover_verdict_changed(failover);
}

/* ---- starting ---- */

/* Alerts do not survive the monitor's own outage; what it has seen last does. */
void failover_start_watching(Failover *failover)
{
    Sim *sim = failover->world->sim;
    double phase = random_uniform(&failover->phase_draws);
    sim_after(sim, (SimTime)(phase * (double)failover->prober.config->interval), SIM_PHASE_MESSAGE,
              to_eyes(failover, FO_PROBE));
    if (failover->config->detect != DETECT_ALERTS)
        return;
    failover->alert = ALERT_INACTIVE;
    phase = random_uniform(&failover->evaluation_draws);
    sim_after(sim, (SimTime)(phase * (double)failover->config->alert.evaluation), SIM_PHASE_MESSAGE,
              to_eyes(failover, FO_EVALUATE));
}

static void on_up(Sim *sim, void *self)
{
    (void)sim;
    failover_start_watching(self);
}

/* ---- a monitor that runs in one of the regions ---- */

static const SimHandler handlers[FO_KINDS] = {
    [MSG_PROBE_REPLY] = failover_on_probe_reply,
    [MSG_METRICS] = failover_on_metrics,
    [FO_PROBE] = failover_on_probe,
    [FO_DEADLINE] = failover_on_deadline,
    [FO_EVALUATE] = failover_on_evaluate,
    [FO_NOTIFY] = failover_on_notify,
};

static const SimType monitor_type = {
    .name = "monitor", .handlers = handlers, .handler_count = FO_KINDS, .up = on_up};

void failover_make_monitor(Failover *failover)
{
    const FailoverConfig *config = failover->config;
    World *world = failover->world;
    failover->eyes = config->hosted == HOSTED_ELSEWHERE
                         ? failover->id
                         : sim_add(world->sim, &monitor_type, failover, "monitor");
    failover->scrape = (ProbeConfig){.interval = config->alert.scrape,
                                     .timeout = config->alert.scrape_timeout,
                                     .samples = 1,
                                     .required = 1,
                                     .false_alarm = config->probe.false_alarm,
                                     .miss = config->probe.miss};
    prober_init(&failover->prober,
                config->detect == DETECT_ALERTS ? &failover->scrape : &config->probe,
                world_stream(world, "failover", "probe errors"));
    failover_ratio_init(&failover->ratio);
    failover->phase_draws = world_stream(world, "failover", "phase");
    failover->evaluation_draws = world_stream(world, "failover", "evaluation");
}
