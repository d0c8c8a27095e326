/* The failover controller's runbook: steps that wait for each other, fail, and are tried again.
 *
 *   waiting ─all before it done─▶ agreed to ─▶ commanded ─answer─▶ done
 *                                     ▲            │ fails
 *                                     └──backoff───┘   after `retries` of them: by hand
 *
 * An attempt that fails takes its duration and does nothing. The number of attempts that the
 * machine makes has the mean (1 - p^(R+1)) / (1 - p), p being the step's `fails`, R its `retries`.
 */
#include <string.h>

#include "models/failover_parts.h"

/* Steps that change a cloud resource go through the cloud's control plane, and wait while it is
 * away. The others speak to what runs in the region that stands by.
 * Sources: Azure SQL failover groups and Front Door are configured through Azure Resource Manager;
 * on 29 October 2025 customers could not change Front Door for hours. */
static const bool needs_control_plane[ACTIONS] = {
    [ACTION_FENCE] = true,         [ACTION_PROMOTE] = true,        [ACTION_REROUTE] = true,
    [ACTION_SEED_DATABASE] = true, [ACTION_RESTORE_BACKUP] = true, [ACTION_SCALE_OUT] = true,
};

/* These last as long as there is something to copy: asking again is no trouble. */
static const bool waits[ACTIONS] = {[ACTION_AWAIT_DATABASE] = true,
                                    [ACTION_AWAIT_MIRROR] = true,
                                    [ACTION_SEED_DATABASE] = true,
                                    [ACTION_RESTORE_BACKUP] = true};

int failover_step_find(const ParamList *steps, const char *name)
{
    const StepConfig *step = steps->item;
    for (size_t i = 0; i < steps->count; i++)
        if (strcmp(action_name[step[i].action], name) == 0)
            return (int)i;
    return -1;
}

static const char *name_of(const Step *step)
{
    return action_name[step->config->action];
}

/* ---- an attempt ---- */

static bool attempt_fails(Step *step)
{
    return !step->by_hand && step->config->fails > 0 &&
           random_uniform(&step->fails_draws) < step->config->fails;
}

static void send_command(Failover *failover, uint32_t s)
{
    const Step *step = &failover->step[s];
    int action = step->config->action;
    if (failover->link.performer[step->book->to][action] == 0) { /* no mirror: nothing to start */
        sim_after(failover->world->sim, 0, SIM_PHASE_MESSAGE,
                  (SimEvent){.component = failover->id, .kind = MSG_DONE, .subject = s});
        return;
    }
    sim_link_send(failover->link.command,
                  (SimEvent){.component = needs_control_plane[action]
                                              ? failover->link.control
                                              : failover->link.performer[step->book->to][action],
                             .kind = MSG_COMMAND,
                             .subject = s,
                             .value = step->duration,
                             .tag = (uint16_t)action,
                             .extra = command_extra(step->book->to, step->book->planned)});
}

static void command(Failover *failover, uint32_t s)
{
    Step *step = &failover->step[s];
    Sim *sim = failover->world->sim;
    SimEvent later = {.component = failover->id, .subject = s, .value = ++step->attempt};
    if (step->attempt == 1 || !waits[step->config->action])
        failover->world->recovery->step[s].tries++;
    if (attempt_fails(step)) {
        later.kind = FO_FAILED;
        sim_after(sim, step->duration, SIM_PHASE_MESSAGE, later);
        return;
    }
    send_command(failover, s);
    later.kind = FO_CHECK;
    sim_after(sim, step->duration + failover->config->step_retry, SIM_PHASE_TIMEOUT, later);
}

void failover_on_handed_over(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    command(self, (uint32_t)event->subject);
}

/* ---- what becomes of it ---- */

static void hand_over_after(Failover *failover, uint32_t s, SimTime delay)
{
    sim_after(failover->world->sim, delay, SIM_PHASE_MESSAGE,
              (SimEvent){.component = failover->id, .kind = FO_HANDED_OVER, .subject = s});
}

void failover_on_failed(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    World *world = failover->world;
    uint32_t s = (uint32_t)event->subject;
    Step *step = &failover->step[s];
    if (step->done || event->value != step->attempt)
        return;
    world->recovery->failed_attempts++;
    step->duration = dist_draw(step->config->duration, &step->retry_draws);
    if (step->failures++ < step->config->retries) {
        story_platform(world->story, sim_now(sim), "step %s fails, and is tried again",
                       name_of(step));
        hand_over_after(failover, s, dist_draw(step->config->backoff, &step->retry_draws));
        return;
    }
    step->by_hand = true;
    world->recovery->by_hand++;
    story_platform(world->story, sim_now(sim), "step %s fails once too often: a person does it",
                   name_of(step));
    hand_over_after(failover, s, dist_draw(step->config->by_hand, &step->people_draws));
}

void failover_on_check(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    uint32_t s = (uint32_t)event->subject;
    Step *step = &failover->step[s];
    if (step->done || event->value != step->attempt)
        return;
    if (step->refused || !waits[step->config->action])
        story_platform(failover->world->story, sim_now(sim), "step %s %s: tried again",
                       name_of(step), step->refused ? "was refused" : "is not done");
    step->refused = false;
    command(failover, s);
}

void failover_on_done(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    Step *step = &failover->step[event->subject];
    if (step->done)
        return;
    if (event->value != 0) { /* the check that is due asks again */
        step->refused = true;
        failover->world->recovery->failed_attempts++;
        return;
    }
    step->done = true;
    failover->world->recovery->step[event->subject].end = sim_now(sim);
    story_platform(failover->world->story, sim_now(sim), "step %s is done", name_of(step));
    failover_start_ready_steps(failover, step->book, (int64_t)event->subject);
    if (failover_book_done(failover, step->book))
        failback_book_done(failover, step->book);
}

/* ---- the graph ---- */

static bool ready(const Failover *failover, const Step *step)
{
    for (size_t i = 0; i < step->config->after.count; i++) {
        int before = failover_step_find(step->book->list, step->config->after.name[i]);
        if (!failover->step[step->book->first + (uint32_t)before].done)
            return false;
    }
    return true;
}

static void start_step(Failover *failover, uint32_t s, int64_t waited_for)
{
    World *world = failover->world;
    Step *step = &failover->step[s];
    RecoveryStamp *stamp = &world->recovery->step[s];
    SimTime delay = dist_draw(step->config->approval, &step->people_draws);
    step->started = true;
    step->duration = dist_draw(step->config->duration, &step->duration_draws);
    stamp->start = sim_now(world->sim);
    stamp->waited_for = waited_for;
    if (step->book->by_hand)
        delay += dist_draw(step->book->operator_delay, &step->operator_draws);
    story_platform(world->story, stamp->start, "step %s begins", name_of(step));
    hand_over_after(failover, s, delay);
}

void failover_start_ready_steps(Failover *failover, const Book *book, int64_t after)
{
    for (uint32_t s = book->first; s < book->first + book->count; s++)
        if (!failover->step[s].started && ready(failover, &failover->step[s]))
            start_step(failover, s, after);
}

bool failover_book_done(const Failover *failover, const Book *book)
{
    for (uint32_t s = book->first; s < book->first + book->count; s++)
        if (!failover->step[s].done)
            return false;
    return true;
}

/* After an outage of its own: it does not know what has been done meanwhile. */
void failover_repeat_steps(Failover *failover)
{
    for (uint32_t s = 0; s < failover->steps; s++)
        if (failover->step[s].started && !failover->step[s].done)
            command(failover, s);
}
