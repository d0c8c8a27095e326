#include "models/failover.h"

#include "models/failover_parts.h"
#include "sim/check.h"

#define PAGED_MOST 1000

/* ---- deciding ---- */

static void begin_runbook(Failover *failover)
{
    const Book *out = &failover->book[BOOK_OUT];
    failover_start_ready_steps(failover, out, -1);
    if (out->count == 0)
        failback_book_done(failover, out);
}

static void on_decided(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    if (failover->state != STATE_DECIDING || event->subject != failover->alarm)
        return;
    failover->state = STATE_ACTING;
    failover->world->recovery->decided_at = sim_now(sim);
    story_platform(failover->world->story, sim_now(sim), "the failover is decided");
    begin_runbook(failover);
}

static void on_planned(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Failover *failover = self;
    if (failover->state == STATE_ACTING)
        return; /* it is at it already */
    failover->state = STATE_ACTING;
    failover->book[BOOK_OUT].planned = failover->world->recovery->planned = true;
    failover->world->recovery->decided_at = sim_now(sim);
    begin_runbook(failover);
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
    failback_up(failover);
}

static void on_probe_reply(Sim *sim, void *self, const SimEvent *event)
{
    if (!failback_probe_reply(self, event))
        failover_on_probe_reply(sim, self, event);
}

static const SimHandler handlers[FO_KINDS] = {
    [MSG_PROBE_REPLY] = on_probe_reply,
    [MSG_METRICS] = failover_on_metrics,
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
    [FO_HOME_PROBE] = failback_on_probe,
    [FO_HOME_DEADLINE] = failback_on_deadline,
    [FO_HOME_HELD] = failback_on_held,
    [FO_HOME_DECIDED] = failback_on_decided,
};

static const SimType failover_type = {.name = "failover",
                                      .handlers = handlers,
                                      .handler_count = FO_KINDS,
                                      .dropped = message_dropped,
                                      .up = on_up};

/* ---- making ---- */

/* The way home has streams of its own: it disturbs nothing of the way out. */
static RandomStream step_stream(const World *world, uint32_t book, const char *what,
                                const char *name)
{
    char *purpose =
        g_strdup_printf("%s%s%s%s", book == BOOK_HOME ? "home " : "", what, *what ? " " : "", name);
    RandomStream stream = world_stream(world, "failover", purpose);
    g_free(purpose);
    return stream;
}

static void add_step(Failover *failover, uint32_t b, uint32_t i)
{
    World *world = failover->world;
    const Book *book = &failover->book[b];
    Step *step = &failover->step[book->first + i];
    step->config = &((const StepConfig *)book->list->item)[i];
    step->book = book;
    const char *name = action_name[step->config->action];
    step->duration_draws = step_stream(world, b, "", name);
    step->operator_draws = step_stream(world, b, "operator", name);
    step->fails_draws = step_stream(world, b, "fails", name);
    step->retry_draws = step_stream(world, b, "retry", name);
    step->people_draws = step_stream(world, b, "people", name);
    world->recovery->step[book->first + i] =
        (RecoveryStamp){.name = name, .start = SIM_NEVER, .end = SIM_NEVER, .waited_for = -1};
}

static void make_books(Failover *failover)
{
    const FailoverConfig *out = failover->config;
    const FailbackConfig *home = failover->failback;
    failover->book[BOOK_OUT] = (Book){.list = &out->steps,
                                      .count = (uint32_t)out->steps.count,
                                      .to = REGION_PASSIVE,
                                      .by_hand = out->mode == FAILOVER_MANUAL,
                                      .operator_delay = out->operator_delay};
    failover->book[BOOK_HOME] =
        (Book){.list = &home->steps,
               .first = (uint32_t)out->steps.count,
               .count = home->mode == FAILOVER_OFF ? 0 : (uint32_t)home->steps.count,
               .to = REGION_ACTIVE,
               .planned = true,
               .by_hand = home->mode == FAILOVER_MANUAL,
               .operator_delay = home->operator_delay};
    failover->steps = failover->book[BOOK_OUT].count + failover->book[BOOK_HOME].count;
    SIM_CHECK(failover->steps <= RECOVERY_STEPS_MAX);
    failover->step = g_new0(Step, MAX(failover->steps, 1));
    failover->world->recovery->steps = failover->book[BOOK_OUT].count;
    failover->world->recovery->home_steps = failover->book[BOOK_HOME].count;
    for (uint32_t b = 0; b < BOOKS; b++)
        for (uint32_t i = 0; i < failover->book[b].count; i++)
            add_step(failover, b, i);
}

Failover *failover_new(World *world, const FailoverConfig *config, const FailbackConfig *failback)
{
    Failover *failover = g_new0(Failover, 1);
    failover->world = world;
    failover->config = config;
    failover->failback = failback;
    failover->id = sim_add(world->sim, &failover_type, failover, "failover");
    failover_make_monitor(failover);
    failover->page_draws = world_stream(world, "failover", "page");
    failover->acknowledge_draws = world_stream(world, "failover", "acknowledge");
    failover->answer_draws = world_stream(world, "failover", "answers");
    failover->decide_draws = world_stream(world, "failover", "decide");
    make_books(failover);
    failback_init(failover);
    return failover;
}

void failover_free(Failover *failover)
{
    if (!failover)
        return;
    failover_ratio_clear(&failover->ratio);
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
