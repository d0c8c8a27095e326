#include "models/failover.h"

#include "models/failover_parts.h"
#include "sim/check.h"

#define PAGED_MOST 1000

/* ---- deciding ---- */

static void on_decided(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    if (failover->state != STATE_DECIDING || event->subject != failover->alarm)
        return;
    failover->state = STATE_ACTING;
    failover->world->recovery->decided_at = sim_now(sim);
    story_platform(failover->world->story, sim_now(sim), "the failover is decided");
    failover_start_ready_steps(failover, -1);
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
    failover_start_ready_steps(failover, -1);
}

/* One after the other is paged until somebody has acknowledged: the earliest counts. */
static SimTime time_to_acknowledge(Failover *failover)
{
    const FailoverConfig *config = failover->config;
    SimTime best = SIM_TIME_LONGEST;
    uint32_t paged = 0;
    for (; paged < PAGED_MOST && paged * config->escalate_after < best; paged++) {
        bool answers =
            config->answers >= 1 || random_uniform(&failover->answer_draws) < config->answers;
        SimTime needs = dist_draw(config->acknowledge, &failover->acknowledge_draws);
        if (answers)
            best = MIN(best, paged * config->escalate_after + needs);
    }
    failover->world->recovery->paged += paged;
    if (paged > 1)
        story_platform(failover->world->story, sim_now(failover->world->sim),
                       "%u people are paged until one acknowledges", paged);
    return best;
}

static SimTime time_to_decide(Failover *failover)
{
    const FailoverConfig *config = failover->config;
    if (failover->noticed)
        return dist_draw(config->decide, &failover->decide_draws);
    if (config->mode == FAILOVER_AUTOMATIC)
        return config->hold;
    /* The notification of an alert is the page. */
    SimTime page =
        config->detect == DETECT_ALERTS ? 0 : dist_draw(config->page, &failover->page_draws);
    SimTime decide = dist_draw(config->decide, &failover->decide_draws);
    return MIN(page + decide, SIM_TIME_LONGEST) + time_to_acknowledge(failover);
}

static void note_alarm(Failover *failover)
{
    Recovery *recovery = failover->world->recovery;
    SimTime now = sim_now(failover->world->sim);
    if (recovery->alarm_at == SIM_NEVER)
        recovery->alarm_at = now;
    if (now >= recovery->outage_at && recovery->detected_at == SIM_NEVER)
        recovery->detected_at = now;
}

static void begin_to_decide(Failover *failover)
{
    if (failover->config->mode == FAILOVER_OFF || failover->state != STATE_WATCHING)
        return;
    failover->state = STATE_DECIDING;
    failover->alarm++;
    sim_after(
        failover->world->sim, time_to_decide(failover), SIM_PHASE_MESSAGE,
        (SimEvent){.component = failover->id, .kind = FO_DECIDED, .subject = failover->alarm});
}

static void raise_alarm(Failover *failover)
{
    World *world = failover->world;
    note_alarm(failover);
    story_platform(world->story, sim_now(world->sim), "the monitor takes %s for down",
                   world->region_name[REGION_ACTIVE]);
    begin_to_decide(failover);
}

static void call_off(Failover *failover)
{
    World *world = failover->world;
    failover->state = STATE_WATCHING;
    failover->noticed = false;
    world->recovery->called_off_at = sim_now(world->sim);
    story_platform(world->story, sim_now(world->sim),
                   "%s answers again before anyone has decided: no failover",
                   world->region_name[REGION_ACTIVE]);
}

void failover_verdict_changed(Failover *failover)
{
    if (failover_sees_it_down(failover))
        raise_alarm(failover);
    else if (failover->state == STATE_DECIDING && failover->config->cancel && !failover->noticed)
        call_off(failover);
}

void failover_notice(Failover *failover, bool down)
{
    World *world = failover->world;
    if (!sim_is_up(world->sim, failover->id))
        return;
    if (down && failover->state == STATE_WATCHING) {
        story_platform(world->story, sim_now(world->sim),
                       "users complain: people notice that %s does not serve them",
                       world->region_name[REGION_ACTIVE]);
        failover->noticed = world->recovery->noticed = true;
        note_alarm(failover);
        begin_to_decide(failover);
    } else if (!down && failover->noticed && failover->state == STATE_DECIDING &&
               failover->config->cancel && !failover_sees_it_down(failover)) {
        call_off(failover);
    }
}

/* ---- the component ---- */

/* Back from an outage of its own: it watches on, decides anew, and repeats what it does not know to
 * be done. */
static void on_up(Sim *sim, void *self)
{
    (void)sim;
    Failover *failover = self;
    if (failover->eyes == failover->id)
        failover_start_watching(failover);
    if (failover->state == STATE_DECIDING) {
        failover->state = STATE_WATCHING;
        failover->noticed = false;
        if (failover_sees_it_down(failover))
            raise_alarm(failover);
    }
    failover_repeat_steps(failover);
}

static const SimHandler handlers[FO_KINDS] = {
    [MSG_PROBE_REPLY] = failover_on_probe_reply,
    [MSG_DONE] = failover_on_done,
    [FO_PROBE] = failover_on_probe,
    [FO_DEADLINE] = failover_on_deadline,
    [FO_EVALUATE] = failover_on_evaluate,
    [FO_NOTIFY] = failover_on_notify,
    [FO_DECIDED] = on_decided,
    [FO_HANDED_OVER] = failover_on_handed_over,
    [FO_FAILED] = failover_on_failed,
    [FO_CHECK] = failover_on_check,
    [FO_PLANNED] = on_planned,
};

static const SimType failover_type = {.name = "failover",
                                      .handlers = handlers,
                                      .handler_count = FO_KINDS,
                                      .dropped = message_dropped,
                                      .up = on_up};

/* ---- making ---- */

static RandomStream step_stream(const World *world, const char *what, const char *name)
{
    char *purpose = g_strdup_printf("%s %s", what, name);
    RandomStream stream = world_stream(world, "failover", purpose);
    g_free(purpose);
    return stream;
}

static void add_step(Failover *failover, uint32_t s)
{
    World *world = failover->world;
    Step *step = &failover->step[s];
    step->config = &((const StepConfig *)failover->config->steps.item)[s];
    const char *name = action_name[step->config->action];
    step->duration_draws = world_stream(world, "failover", name);
    step->operator_draws = step_stream(world, "operator", name);
    step->fails_draws = step_stream(world, "fails", name);
    step->retry_draws = step_stream(world, "retry", name);
    step->people_draws = step_stream(world, "people", name);
    world->recovery->step[s] =
        (RecoveryStamp){.name = name, .start = SIM_NEVER, .end = SIM_NEVER, .waited_for = -1};
}

Failover *failover_new(World *world, const FailoverConfig *config)
{
    Failover *failover = g_new0(Failover, 1);
    failover->world = world;
    failover->config = config;
    failover->id = sim_add(world->sim, &failover_type, failover, "failover");
    failover_make_monitor(failover);
    failover->steps = (uint32_t)config->steps.count;
    SIM_CHECK(failover->steps <= RECOVERY_STEPS_MAX);
    failover->step = g_new0(Step, failover->steps);
    failover->page_draws = world_stream(world, "failover", "page");
    failover->acknowledge_draws = world_stream(world, "failover", "acknowledge");
    failover->answer_draws = world_stream(world, "failover", "answers");
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

SimComponent failover_monitor_component(const Failover *failover)
{
    return failover->eyes;
}

void failover_connect(Failover *failover, FailoverLinks links)
{
    failover->link = links;
}

void failover_note_outage(Failover *failover)
{
    Recovery *recovery = failover->world->recovery;
    if (failover_sees_it_down(failover))
        recovery->detected_at = recovery->outage_at;
}

void failover_switch_over(Failover *failover)
{
    sim_after(failover->world->sim, 0, SIM_PHASE_MESSAGE,
              (SimEvent){.component = failover->id, .kind = FO_PLANNED});
}

void failover_start(Failover *failover)
{
    failover_start_watching(failover);
}
