/* What makes a standby differ from the region that it stands in for: it is passive, it may have
 * another version, and an older secret. */
#include "models/application_parts.h"
#include "sim/check.h"

/* By ConfigurationConfig.change_of. */
static const unsigned secret_bits[] = {SECRET_OF_DATABASE, SECRET_OF_KAFKA,
                                       SECRET_OF_DATABASE | SECRET_OF_KAFKA};

static const char *region_of(const Application *app)
{
    return app->world->region_name[app->region];
}

/* ---- passive ---- */

void application_become_passive(Application *app)
{
    app->passive = PASSIVE_SERVES;
    if (app->config->both)
        return;
    if (app->config->misrouted == MISROUTED_REFUSE)
        app->passive = PASSIVE_REFUSES;
    else if (app->config->misrouted == MISROUTED_REROUTE ||
             app->configuration.config->endpoints == ENDPOINTS_ACTIVE)
        app->passive = PASSIVE_FORWARDS;
}

/* The other region's application answers, and this one passes the answer on. */
static void forward(Application *app, const SimEvent *event)
{
    World *world = app->world;
    SimEvent request = *event;
    request.component = app->link.peer;
    request.extra = request_forwarded_on(event->extra);
    app->facts.rerouted++;
    story_payment(world->story, world->ledger, event->subject, sim_now(world->sim),
                  "the application in %s is passive and passes it on to %s", region_of(app),
                  world->region_name[other_region(app->region)]);
    sim_link_send(app->link.to_peer, request);
}

static bool passes(Application *app, const SimEvent *request)
{
    bool forwards = app->passive == PASSIVE_FORWARDS && !request_forwarded(request->extra);
    if (app->passive == PASSIVE_SERVES)
        return true;
    if (forwards) {
        forward(app, request);
        return false;
    }
    app->facts.passive_refused++;
    application_refuse(app, request, "the application is passive and refuses it: 503");
    return false;
}

/* The answer to what was passed on. */
void application_on_forwarded_reply(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Application *app = self;
    SimEvent reply = *event;
    reply.component = 0; /* the link's receiver */
    sim_link_send(app->link.to_users, reply);
}

/* ---- which is the active one ---- */

static const SimTime ASK_AGAIN_AFTER = 5 * SIM_SEC; /* a control plane that does not answer */

static bool roles_matter(const Application *app)
{
    return app->config->misrouted == MISROUTED_REFUSE ||
           app->config->misrouted == MISROUTED_REROUTE ||
           app->configuration.config->endpoints == ENDPOINTS_ACTIVE;
}

static void ask_control(Application *app)
{
    sim_link_send(app->link.to_control, (SimEvent){.kind = MSG_ROLE_QUERY,
                                                   .subject = app->region,
                                                   .value = app->announces,
                                                   .tag = 1,
                                                   .sender = app->id});
    sim_after(app->world->sim, ASK_AGAIN_AFTER, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = app->id, .kind = APP_ASK});
}

/* Until the control plane answers, it goes on as what it was. */
static void ask(Application *app)
{
    if (!roles_matter(app))
        return;
    app->asking = true;
    ask_control(app);
}

void application_on_ask(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Application *app = self;
    if (app->asking)
        ask_control(app);
}

static void stand_by(Application *app)
{
    if (app->region == REGION_PASSIVE)
        capacity_scale_in(app->capacity);
    if (roles_matter(app) && app->passive == PASSIVE_SERVES)
        story_platform(app->world->story, sim_now(app->world->sim),
                       "the application in %s is passive from now on", region_of(app));
    application_become_passive(app);
    application_take_capacity(app);
}

/* The other region has been made the active one; or the control plane's answer (tag), which may be
 * about the time before this one was. */
void application_on_role(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Application *app = self;
    bool answer = event->tag != 0, active = event->value != 0;
    if (answer && app->announces && !active)
        return;
    app->asking = app->announces = false;
    if (!active && !(answer && app->passive != PASSIVE_SERVES))
        stand_by(app);
}

/* ---- another version ---- */

static void begin_repair(Application *app)
{
    World *world = app->world;
    if (!app->drifted || app->repairing)
        return;
    app->repairing = true;
    story_platform(world->story, sim_now(world->sim),
                   "the application in %s is found to be another version: the right one is rolled "
                   "out",
                   region_of(app));
    sim_after(world->sim, dist_draw(app->config->drift.repair, &app->repair_draws),
              SIM_PHASE_MESSAGE, (SimEvent){.component = app->id, .kind = APP_REPAIRED});
}

void application_notice_drift(Application *app)
{
    if (app->drifted && ++app->noticed >= app->config->drift.notice)
        begin_repair(app);
}

void application_on_repaired(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Application *app = self;
    app->drifted = app->repairing = false;
    story_platform(app->world->story, sim_now(sim), "the application in %s is the same version now",
                   region_of(app));
    capacity_break(app->capacity, false);
    application_take_capacity(app);
}

static bool version_works(Application *app, const SimEvent *request)
{
    World *world = app->world;
    const DriftConfig *drift = &app->config->drift;
    if (!app->drifted || drift->effect != DRIFT_ERRORS ||
        random_uniform(&app->drift_draws) >= drift->errors)
        return true;
    story_payment(world->story, world->ledger, request->subject, sim_now(world->sim),
                  "the other version in %s fails on it: 500", region_of(app));
    application_reply(app, request, STATUS_ERROR);
    application_notice_drift(app);
    return false;
}

void application_begin_drift(Application *app)
{
    const DriftConfig *drift = &app->config->drift;
    app->drifted = app->region == REGION_PASSIVE && drift->probability > 0 &&
                   random_uniform(&app->drift_draws) < drift->probability;
    app->facts.drifted = app->drifted;
    capacity_break(app->capacity, app->drifted && drift->effect == DRIFT_FAILS_TO_START);
}

bool application_serves(Application *app, const SimEvent *request)
{
    return passes(app, request) && application_admits(app, request) && version_works(app, request);
}

/* ---- an older secret ---- */

/* Share of the pods that have the old secret at a time when it does not work any more. */
static double stale_share(const Application *app)
{
    const Configuration *configuration = &app->configuration;
    SimTime now = sim_now(app->world->sim);
    if (now < configuration->refused_at)
        return 0;
    if (configuration->config->secrets == SECRETS_ENVIRONMENT)
        return capacity_older_than(app->capacity, configuration->arrives_at);
    return now < configuration->fresh_at ? 1 : 0;
}

bool application_secret_is_stale(Application *app, Request *request, unsigned of)
{
    if (!(secret_bits[app->configuration.config->change_of] & of) || (request && request->fresh))
        return false;
    double share = stale_share(app);
    bool stale = share >= 1 || (share > 0 && random_uniform(&app->stale_draws) < share);
    app->facts.stale_refused += stale;
    if (request)
        request->fresh = !stale;
    return stale;
}

void application_note_outage(Application *app)
{
    app->facts.stale_at_outage = stale_share(app) > 0;
}

/* ---- the runbook ---- */

static void check_configured(Application *app)
{
    if (!app->configured || app->drifted ||
        capacity_older_than(app->capacity, app->restarted_at) > 0)
        return;
    app->configuring = app->configured = false;
    sim_link_send(app->link.to_failover,
                  (SimEvent){.kind = MSG_DONE, .subject = app->configure_step});
}

static void check_scaled(Application *app)
{
    if (!app->scaled || !capacity_full(app->capacity))
        return;
    app->scaling = app->scaled = false;
    sim_link_send(app->link.to_failover, (SimEvent){.kind = MSG_DONE, .subject = app->scale_step});
}

void application_check_steps(Application *app)
{
    check_scaled(app);
    check_configured(app);
}

/* One that is under way is not begun again. */
void application_on_command(Sim *sim, void *self, const SimEvent *event)
{
    Application *app = self;
    bool scale = event->tag == ACTION_SCALE_OUT;
    SIM_CHECK(scale || event->tag == ACTION_CONFIGURE);
    bool *under_way = scale ? &app->scaling : &app->configuring;
    uint64_t *step = scale ? &app->scale_step : &app->configure_step;
    *step = event->subject;
    if (*under_way)
        return;
    *under_way = true;
    sim_after(sim, event->value, SIM_PHASE_MESSAGE,
              (SimEvent){.component = app->id, .kind = scale ? APP_SCALE : APP_CONFIGURE});
}

void application_on_scale(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Application *app = self;
    app->scaled = true;
    if (app->config->drift.effect == DRIFT_FAILS_TO_START)
        begin_repair(app); /* pods that do not start are seen by whoever starts them */
    capacity_scale_out(app->capacity);
    application_take_capacity(app);
}

void application_on_configure(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Application *app = self;
    SimTime takes = configuration_switch(&app->configuration, sim_now(sim));
    begin_repair(app);
    sim_after(sim, takes, SIM_PHASE_MESSAGE,
              (SimEvent){.component = app->id, .kind = APP_CONFIGURED});
}

/* Environment variables change with the pod alone. */
static void restart_for_secret(Application *app, SimTime now)
{
    const Configuration *configuration = &app->configuration;
    if (configuration->config->secrets != SECRETS_ENVIRONMENT || configuration->changed_at > now ||
        capacity_older_than(app->capacity, configuration->arrives_at) == 0)
        return;
    app->restarted_at = now;
    capacity_restart(app->capacity);
}

void application_on_configured(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Application *app = self;
    app->configured = true;
    app->passive = PASSIVE_SERVES;
    story_platform(app->world->story, sim_now(sim),
                   "the application in %s has the active region's configuration", region_of(app));
    restart_for_secret(app, sim_now(sim));
    sim_link_send(app->link.to_peer, (SimEvent){.component = app->link.peer, .kind = MSG_ROLE});
    app->announces = true;
    ask(app);
    application_take_capacity(app);
}

/* Back from an outage: what was noticed is still to be repaired, and the other region may have been
 * made the active one. */
void application_standby_up(Application *app)
{
    if (app->noticed >= app->config->drift.notice)
        begin_repair(app);
    ask(app);
}

void application_standby_down(Application *app)
{
    app->scaling = app->scaled = app->configuring = app->configured = app->repairing = false;
}
