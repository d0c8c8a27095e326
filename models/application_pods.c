#include "models/application_parts.h"
#include "sim/check.h"

/* Before busy or servers change. */
void application_note_load(Application *app)
{
    SimTime now = sim_now(app->world->sim);
    double passed = (double)(now - app->load_noted_at);
    app->busy_time += passed * (double)app->busy;
    app->server_time += passed * (double)app->servers;
    app->load_noted_at = now;
}

/* ---- too few pods ---- */

/* Nobody is told. */
static void leave_unanswered(Application *app, PaymentRef payment, const char *why)
{
    World *world = app->world;
    story_payment(world->story, world->ledger, payment, sim_now(world->sim), "%s in %s", why,
                  world->region_name[app->region]);
    app->facts.turned_away++;
    ledger_attempt_over(world->ledger, payment);
}

static bool reaches_dead_pod(Application *app)
{
    double share = capacity_dead_share(app->capacity);
    return share > 0 && random_uniform(&app->dead_draws) < share;
}

/* Does the request find a pod? If not, it has been dealt with. */
bool application_admits(Application *app, const SimEvent *request)
{
    if (reaches_dead_pod(app)) {
        leave_unanswered(app, request->subject, "is sent to a pod that is gone");
        return false;
    }
    if (app->servers > 0)
        return true;
    if (app->config->drift.effect == DRIFT_FAILS_TO_START)
        application_notice_drift(app);
    if (!capacity_has_nodes(app->capacity)) {
        leave_unanswered(app, request->subject, "nothing runs that could answer");
        return false;
    }
    app->facts.turned_away++;
    application_refuse(app, request, "no pod is ready: 503");
    return false;
}

/* As for a request. */
bool application_probe_arrives(Application *app, const SimEvent *probe)
{
    if (reaches_dead_pod(app))
        return false;
    if (app->servers == 0 && capacity_has_nodes(app->capacity))
        application_answer_probe(app, probe, false);
    return app->servers > 0;
}

/* ---- servers that come and go ---- */

/* What has changed with pods and nodes. */
void application_take_capacity(Application *app)
{
    if (app->elastic)
        application_note_load(app);
    app->servers = capacity_servers(app->capacity);
    app->warm_at = capacity_warm_at(app->capacity);
    app->unusual = app->servers == 0 || capacity_dead_share(app->capacity) > 0 || app->drifted ||
                   app->passive != PASSIVE_SERVES;
    application_serve_queue(app);
    application_check_steps(app);
}

static double take_utilisation(Application *app)
{
    application_note_load(app);
    double utilisation = app->server_time > 0 ? app->busy_time / app->server_time : 0;
    app->busy_time = app->server_time = 0;
    return MIN(utilisation, 1);
}

/* ---- faults ---- */

static void forget(Application *app, uint32_t slot)
{
    ledger_attempt_over(app->world->ledger, application_request(app, slot)->payment);
    application_free_request(app, slot);
}

/* The queue without those that died, in the same order. */
static void queue_dies(Application *app, double share)
{
    uint32_t slot = app->queue_head;
    app->queue_head = app->queue_tail = NO_REQUEST;
    app->queued = 0;
    while (slot != NO_REQUEST) {
        uint32_t next = application_request(app, slot)->next;
        if (random_uniform(&app->kill_draws) < share)
            forget(app, slot);
        else
            application_enqueue(app, slot);
        slot = next;
    }
}

static void requests_die(Application *app, double share)
{
    World *world = app->world;
    if (app->elastic)
        application_note_load(app);
    queue_dies(app, share);
    for (uint32_t slot = 0; slot < app->requests->len; slot++) {
        Request *request = application_request(app, slot);
        if (request->stage == STAGE_FREE || request->stage == STAGE_QUEUED ||
            random_uniform(&app->kill_draws) >= share)
            continue;
        story_payment(world->story, world->ledger, request->payment, sim_now(world->sim),
                      "the pod in %s that works on it is gone", world->region_name[app->region]);
        forget(app, slot);
        application_end_work(app, 1);
    }
}

void application_down(Sim *sim, void *self)
{
    (void)sim;
    Application *app = self;
    for (uint32_t slot = 0; slot < app->requests->len; slot++)
        if (application_request(app, slot)->stage != STAGE_FREE)
            forget(app, slot);
    app->queue_head = app->queue_tail = NO_REQUEST;
    application_end_work(app, app->busy);
    app->queued = 0;
    app->answered = app->failed = 0;
    application_standby_down(app);
    capacity_down(app->capacity);
    application_take_capacity(app);
}

void application_up(Sim *sim, void *self)
{
    (void)sim;
    Application *app = self;
    capacity_up(app->capacity);
    application_standby_up(app);
    application_take_capacity(app);
}

void application_on_capacity(Sim *sim, void *self, const SimEvent *event)
{
    Application *app = self;
    CapacityLoad load = {0};
    if (app->queue_head != NO_REQUEST)
        load.oldest_wait = sim_now(sim) - application_request(app, app->queue_head)->arrived_at;
    if (event->kind == APP_CAPACITY + CAPACITY_SYNC)
        load.utilisation = take_utilisation(app);
    double died = capacity_handle(app->capacity, event, load);
    if (died > 0)
        requests_die(app, died);
    application_take_capacity(app);
}
