/* The way home: service returns to the region that it left.
 *
 *   NOT_YET ─runbook done─▶ WATCHING ─answers for `hold`─▶ DECIDING ─decided─▶ RETURNING ─▶ DONE
 *                               ▲                             │
 *                               └──────── does not answer ────┘
 *
 * It asks whether the old region's application runs, not whether it could take payments: its
 * database cannot, before it is seeded and promoted. The runbook home is planned: its promotion
 * drains the present primary first and loses nothing, whatever it costs in time. Once begun, it is
 * not called off; steps that cannot be done are repeated.
 */
#include "models/failover_parts.h"

void failback_init(Failover *failover)
{
    const World *world = failover->world;
    prober_init(&failover->home_prober, &failover->config->probe,
                world_stream(world, "failover", "home probe errors"));
    failover->home_prober.healthy = false;
    failover->home_prober.history = 0;
    failover->home_draws = world_stream(world, "failover", "home decide");
    failover->home_phase_draws = world_stream(world, "failover", "home phase");
}

static void after(Failover *failover, SimTime delay, uint16_t kind)
{
    sim_after(failover->world->sim, delay, SIM_PHASE_MESSAGE,
              (SimEvent){.component = failover->id, .kind = kind, .value = failover->home_serial});
}

static void watch(Failover *failover)
{
    double phase = random_uniform(&failover->home_phase_draws);
    failover->home = HOME_WATCHING;
    failover->home_serial++;
    after(failover, (SimTime)(phase * (double)failover->config->probe.interval), FO_HOME_PROBE);
}

void failback_book_done(Failover *failover, const Book *book)
{
    World *world = failover->world;
    if (book == &failover->book[BOOK_HOME]) {
        failover->home = HOME_DONE;
        world->recovery->home_at = sim_now(world->sim);
        story_platform(world->story, sim_now(world->sim), "service is home in %s again",
                       world->region_name[REGION_ACTIVE]);
    } else if (failover->failback->mode != FAILOVER_OFF && failover->home == HOME_NOT_YET) {
        watch(failover);
    }
}

/* After an outage of its own the controller looks anew; steps are repeated elsewhere. */
void failback_up(Failover *failover)
{
    if (failover->home == HOME_WATCHING || failover->home == HOME_DECIDING)
        watch(failover);
}

/* ---- is it back, and does it stay? ---- */

static bool watching(const Failover *failover)
{
    return failover->home == HOME_WATCHING || failover->home == HOME_DECIDING;
}

static void verdict_changed(Failover *failover)
{
    World *world = failover->world;
    failover->home = HOME_WATCHING;
    failover->home_serial++; /* a hold or a decision under way is void */
    if (!failover->home_prober.healthy)
        return;
    story_platform(world->story, sim_now(world->sim), "%s answers again",
                   world->region_name[REGION_ACTIVE]);
    after(failover, failover->failback->hold, FO_HOME_HELD);
}

void failback_on_probe(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    const ProbeConfig *config = &failover->config->probe;
    (void)event;
    if (!watching(failover))
        return;
    int64_t number = prober_send(&failover->home_prober);
    sim_link_send(failover->link.to_active, (SimEvent){.component = failover->link.application,
                                                       .kind = MSG_PROBE,
                                                       .subject = 1,
                                                       .value = number,
                                                       .tag = PROBE_ALIVE,
                                                       .sender = failover->id});
    sim_after(sim, config->timeout, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = failover->id, .kind = FO_HOME_DEADLINE, .value = number});
    after(failover, config->interval, FO_HOME_PROBE);
}

/* True if it was about a probe of this file's. */
bool failback_probe_reply(Failover *failover, const SimEvent *event)
{
    if (event->subject != 1)
        return false;
    if (prober_answer(&failover->home_prober, event->value, event->tag != 0) && watching(failover))
        verdict_changed(failover);
    return true;
}

void failback_on_deadline(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Failover *failover = self;
    if (prober_deadline(&failover->home_prober, event->value) && watching(failover))
        verdict_changed(failover);
}

/* ---- deciding ---- */

void failback_on_held(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Failover *failover = self;
    if (failover->home != HOME_WATCHING || event->value != failover->home_serial)
        return;
    failover->home = HOME_DECIDING;
    SimTime decide = failover->failback->mode == FAILOVER_AUTOMATIC
                         ? 0
                         : dist_draw(failover->failback->decide, &failover->home_draws);
    after(failover, decide, FO_HOME_DECIDED);
}

void failback_on_decided(Sim *sim, void *self, const SimEvent *event)
{
    Failover *failover = self;
    World *world = failover->world;
    const Book *home = &failover->book[BOOK_HOME];
    if (failover->home != HOME_DECIDING || event->value != failover->home_serial)
        return;
    failover->home = HOME_RETURNING;
    world->recovery->returning_at = sim_now(sim);
    story_platform(world->story, sim_now(sim), "the return to %s is decided",
                   world->region_name[REGION_ACTIVE]);
    failover_start_ready_steps(failover, home, -1);
    if (home->count == 0)
        failback_book_done(failover, home);
}
