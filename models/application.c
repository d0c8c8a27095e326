#include "models/application_parts.h"

#include <math.h>

#include "models/gray.h"
#include "sim/check.h"

/* How database and Kafka name the request in their answers: the slot, and enough of its serial that
 * a late answer to a former request is not taken for the present one's. */
#define SLOT_BITS 24

static uint32_t request_handle(const Application *app, uint32_t slot)
{
    return slot | (application_request(app, slot)->serial & 0xff) << SLOT_BITS;
}

static uint32_t request_slot(uint32_t handle)
{
    return handle & ((1u << SLOT_BITS) - 1);
}

static uint32_t request_take(Application *app)
{
    uint32_t slot = app->free_head;
    if (slot != NO_REQUEST) {
        app->free_head = application_request(app, slot)->next;
        return slot;
    }
    SIM_CHECK(app->requests->len < (1u << SLOT_BITS) - 1);
    g_array_set_size(app->requests, app->requests->len + 1);
    *application_request(app, app->requests->len - 1) = (Request){0};
    return app->requests->len - 1;
}

void application_free_request(Application *app, uint32_t slot)
{
    Request *request = application_request(app, slot);
    request->stage = STAGE_FREE;
    request->serial++;
    request->next = app->free_head;
    app->free_head = slot;
}

/* To the user, through the application that passed the request on if one did. */
static void reply(Application *app, PaymentRef payment, uint16_t attempt, bool forwarded,
                  Status status)
{
    app->answered += status != STATUS_REAUTH;
    app->failed += status == STATUS_ERROR || status == STATUS_REFUSED;
    SimEvent answer = {.kind = MSG_REPLY,
                       .subject = payment,
                       .tag = attempt,
                       .extra = reply_extra(status, app->region)};
    if (forwarded)
        answer.component = app->link.peer;
    sim_link_send(forwarded ? app->link.to_peer : app->link.to_users, answer);
}

void application_reply(Application *app, const SimEvent *request, Status status)
{
    reply(app, request->subject, request->tag, request_forwarded(request->extra), status);
}

void application_refuse(Application *app, const SimEvent *request, const char *why)
{
    World *world = app->world;
    story_payment(world->story, world->ledger, request->subject, sim_now(world->sim), "%s in %s",
                  why, world->region_name[app->region]);
    application_reply(app, request, STATUS_REFUSED);
}

/* ---- servers ---- */

static SimTime times(SimTime time, double factor)
{
    double longer = (double)time * factor;
    return longer < (double)SIM_TIME_LONGEST ? (SimTime)longer : SIM_TIME_LONGEST;
}

static SimTime service_time(Application *app)
{
    SimTime time = dist_draw(app->config->service_time, &app->service_draws);
    time = gray_time(app->world, app->id, time);
    if (G_UNLIKELY(sim_now(app->world->sim) < app->warm_at))
        time = times(time, capacity_slowness(app->capacity));
    if (G_UNLIKELY(app->drifted) && app->config->drift.effect == DRIFT_SLOW) {
        time = times(time, app->config->drift.slowdown);
        application_notice_drift(app);
    }
    return time;
}

static void work(Application *app, uint32_t slot)
{
    Request *request = application_request(app, slot);
    Sim *sim = app->world->sim;
    if (G_UNLIKELY(app->elastic))
        application_note_load(app);
    app->busy++;
    app->occupied -= (uint64_t)sim_now(sim);
    request->stage = STAGE_WORKING;
    if (request->arrived_at >= app->measure_from) {
        app->wait_sum += sim_now(sim) - request->arrived_at;
        app->facts.waits++;
    }
    sim_after(
        sim, service_time(app), SIM_PHASE_MESSAGE,
        (SimEvent){
            .component = app->id, .kind = APP_WORKED, .extra = slot, .value = request->serial});
}

void application_serve_queue(Application *app)
{
    while (app->queue_head != NO_REQUEST && app->busy < app->servers) {
        uint32_t slot = app->queue_head;
        app->queue_head = application_request(app, slot)->next;
        if (app->queue_head == NO_REQUEST)
            app->queue_tail = NO_REQUEST;
        app->queued--;
        work(app, slot);
    }
}

static void server_freed(Application *app)
{
    if (G_UNLIKELY(app->elastic))
        application_note_load(app);
    application_end_work(app, 1);
    application_serve_queue(app);
}

void application_enqueue(Application *app, uint32_t slot)
{
    Request *request = application_request(app, slot);
    request->stage = STAGE_QUEUED;
    request->next = NO_REQUEST;
    if (app->queue_tail == NO_REQUEST)
        app->queue_head = slot;
    else
        application_request(app, app->queue_tail)->next = slot;
    app->queue_tail = slot;
    app->queued++;
}

/* The request's hold travels with the reply. */
static void finish(Application *app, uint32_t slot, Status status)
{
    Request *request = application_request(app, slot);
    reply(app, request->payment, request->attempt, request->forwarded, status);
    application_free_request(app, slot);
    server_freed(app);
}

/* ---- messages ---- */

static void on_request(Sim *sim, void *self, const SimEvent *event)
{
    Application *app = self;
    World *world = app->world;
    if (G_UNLIKELY(app->unusual) && !application_serves(app, event))
        return;
    if (!app->config->shared_sessions && !request_session_known(event->extra, app->region)) {
        story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                      "the application in %s does not know the session: log in again",
                      world->region_name[app->region]);
        application_reply(app, event, STATUS_REAUTH);
        return;
    }
    if (gray_error(world, app->id)) {
        story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                      "the application in %s fails on it", world->region_name[app->region]);
        application_reply(app, event, STATUS_ERROR);
        return;
    }
    bool free_server = app->busy < app->servers;
    if (!free_server && app->queued >= app->config->queue) {
        story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                      "the application in %s is overloaded and refuses it",
                      world->region_name[app->region]);
        application_reply(app, event, STATUS_REFUSED);
        return;
    }
    uint32_t slot = request_take(app);
    Request *request = application_request(app, slot);
    request->payment = event->subject;
    request->attempt = event->tag;
    request->arrived_at = sim_now(sim);
    request->keyed = request_keyed(event->extra);
    request->forwarded = request_forwarded(event->extra);
    request->fresh = false;
    if (!free_server) {
        application_enqueue(app, slot);
        return;
    }
    work(app, slot);
}

/* ---- the two writes ---- */

static bool kafka_first(const ApplicationConfig *config)
{
    return config->publish && config->write == WRITE_KAFKA_FIRST;
}

/* Refused for certain; what the other half has done makes it an error. */
static bool has_stale_secret(Application *app, uint32_t slot, unsigned of, bool half_done)
{
    World *world = app->world;
    if (G_LIKELY(sim_now(world->sim) < app->configuration.refused_at) ||
        !application_secret_is_stale(app, application_request(app, slot), of))
        return false;
    story_payment(world->story, world->ledger, application_request(app, slot)->payment,
                  sim_now(world->sim), "%s in %s refuses the application: its secret is stale",
                  of == SECRET_OF_DATABASE ? "the database" : "Kafka",
                  world->region_name[app->region]);
    finish(app, slot, half_done ? STATUS_ERROR : STATUS_REFUSED);
    return true;
}

static void write_row(Application *app, uint32_t slot)
{
    Request *request = application_request(app, slot);
    if (has_stale_secret(app, slot, SECRET_OF_DATABASE, kafka_first(app->config)))
        return;
    request->stage = STAGE_WRITING;
    ledger_hold(app->world->ledger, request->payment);
    sim_link_send(app->link.to_database, (SimEvent){.kind = MSG_WRITE,
                                                    .subject = request->payment,
                                                    .tag = request->keyed,
                                                    .extra = request_handle(app, slot)});
}

static void publish(Application *app, uint32_t slot)
{
    Request *request = application_request(app, slot);
    if (has_stale_secret(app, slot, SECRET_OF_KAFKA, !kafka_first(app->config)))
        return;
    const Payment *payment = ledger_get(app->world->ledger, request->payment);
    request->stage = STAGE_PUBLISHING;
    ledger_hold(app->world->ledger, request->payment);
    sim_link_send(app->link.to_kafka, (SimEvent){.kind = MSG_PRODUCE,
                                                 .subject = request->payment,
                                                 .tag = (uint16_t)(payment->user % app->partitions),
                                                 .extra = request_handle(app, slot)});
}

/* The dependency timeout runs from the first call, over both. */
static void on_worked(Sim *sim, void *self, const SimEvent *event)
{
    Application *app = self;
    uint32_t slot = event->extra;
    if (application_request(app, slot)->serial != (uint32_t)event->value)
        return; /* it died with its pod */
    if (kafka_first(app->config))
        publish(app, slot);
    else
        write_row(app, slot);
    sim_lane_push(
        sim, app->timeout_lane, sim_now(sim) + app->config->timeout, SIM_PHASE_TIMEOUT,
        (SimEvent){
            .component = app->id, .kind = APP_TIMEOUT, .extra = slot, .value = event->value});
}

/* Is the answer about the request that now has the slot? Releases the message's hold. */
static bool expected(Application *app, const SimEvent *event, Stage stage)
{
    uint32_t slot = request_slot(event->extra);
    bool ours = application_request(app, slot)->stage == stage &&
                request_handle(app, slot) == event->extra &&
                application_request(app, slot)->payment == event->subject;
    ledger_release(app->world->ledger, event->subject);
    return ours;
}

/* Half done is an error, not a clean refusal: the other half is out. */
static void finish_second(Application *app, uint32_t slot, Status status)
{
    bool done = status == STATUS_OK || status == STATUS_ALREADY;
    finish(app, slot, done ? STATUS_OK : STATUS_ERROR);
}

/* The exception is caught, a line is logged, and the user is told that it is done. */
static bool only_logs(Application *app, uint32_t slot)
{
    World *world = app->world;
    PaymentRef payment = application_request(app, slot)->payment;
    if (app->config->misrouted != MISROUTED_LOG_ONLY)
        return false;
    ledger_logged(world->ledger, payment, application_request(app, slot)->attempt);
    story_payment(world->story, world->ledger, payment, sim_now(world->sim),
                  "the application in %s writes a line to its log, and nothing else",
                  world->region_name[app->region]);
    finish(app, slot, STATUS_OK);
    return true;
}

static void on_written(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Application *app = self;
    const ApplicationConfig *config = app->config;
    if (!expected(app, event, STAGE_WRITING))
        return;
    uint32_t slot = request_slot(event->extra);
    Status status = (Status)event->value;
    if (status == STATUS_REFUSED && only_logs(app, slot))
        return;
    if (kafka_first(config)) {
        finish_second(app, slot, status);
        return;
    }
    bool publishes = status == STATUS_OK || (status == STATUS_ALREADY && config->republish);
    if (publishes && config->publish && config->write == WRITE_DATABASE_FIRST)
        publish(app, slot);
    else
        finish(app, slot, status == STATUS_ALREADY ? STATUS_OK : status);
}

static void on_produced(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Application *app = self;
    if (!expected(app, event, STAGE_PUBLISHING))
        return;
    uint32_t slot = request_slot(event->extra);
    if (!kafka_first(app->config))
        finish_second(app, slot, (Status)event->value);
    else if (event->value == STATUS_OK)
        write_row(app, slot);
    else if (event->value != STATUS_REFUSED || !only_logs(app, slot))
        finish(app, slot, (Status)event->value);
}

static void on_timeout(Sim *sim, void *self, const SimEvent *event)
{
    Application *app = self;
    Request *request = application_request(app, event->extra);
    if (request->serial != (uint32_t)event->value)
        return;
    story_payment(app->world->story, app->world->ledger, request->payment, sim_now(sim),
                  "%s in %s does not answer the application",
                  request->stage == STAGE_WRITING ? "the database" : "Kafka",
                  app->world->region_name[app->region]);
    finish(app, event->extra, STATUS_ERROR);
}

void application_answer_probe(Application *app, const SimEvent *probe, bool healthy)
{
    bool monitor = app->link.to_monitor && probe->sender == app->link.monitor;
    sim_link_send(monitor ? app->link.to_monitor : app->link.to_edge,
                  (SimEvent){.component = probe->sender,
                             .kind = MSG_PROBE_REPLY,
                             .subject = probe->subject,
                             .value = probe->value,
                             .tag = healthy,
                             .extra = app->region});
}

static void answer_scrape(Application *app, const SimEvent *probe)
{
    bool monitor = app->link.to_monitor && probe->sender == app->link.monitor;
    sim_link_send(monitor ? app->link.to_monitor : app->link.to_edge,
                  (SimEvent){.component = probe->sender,
                             .kind = MSG_METRICS,
                             .subject = app->answered,
                             .value = (int64_t)app->failed,
                             .extra = (uint32_t)probe->value});
}

/* A deep check is as good as the database's answer; a dead one gives none. */
static void on_probe(Sim *sim, void *self, const SimEvent *event)
{
    Application *app = self;
    if (G_UNLIKELY(app->unusual) && !application_probe_arrives(app, event))
        return;
    if (event->tag == PROBE_METRICS)
        answer_scrape(app, event);
    if (app->config->health == 0 || event->tag == PROBE_ALIVE) {
        application_answer_probe(app, event, true);
        return;
    }
    if (sim_now(sim) >= app->configuration.refused_at &&
        application_secret_is_stale(app, NULL, SECRET_OF_DATABASE)) {
        application_answer_probe(app, event, false);
        return;
    }
    SimEvent question = *event;
    question.component = 0; /* the link's receiver; `sender` still names the prober */
    sim_link_send(app->link.to_database, question);
}

static void on_probe_reply(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    application_answer_probe(self, event, event->tag != 0);
}

#define CAPACITY_TIMER(kind) [APP_CAPACITY + CAPACITY_##kind] = application_on_capacity

static const SimHandler handlers[APP_KINDS] = {
    [MSG_REQUEST] = on_request,
    [MSG_WRITTEN] = on_written,
    [MSG_PRODUCED] = on_produced,
    [MSG_PROBE] = on_probe,
    [MSG_PROBE_REPLY] = on_probe_reply,
    [APP_WORKED] = on_worked,
    [APP_TIMEOUT] = on_timeout,
    [MSG_COMMAND] = application_on_command,
    [MSG_REPLY] = application_on_forwarded_reply,
    [MSG_ROLE] = application_on_role,
    [APP_ASK] = application_on_ask,
    [APP_SCALE] = application_on_scale,
    [APP_CONFIGURE] = application_on_configure,
    [APP_CONFIGURED] = application_on_configured,
    [APP_REPAIRED] = application_on_repaired,
    CAPACITY_TIMER(READY),
    CAPACITY_TIMER(DETECTED),
    CAPACITY_TIMER(EVICTED),
    CAPACITY_TIMER(PROBE),
    CAPACITY_TIMER(SYNC),
    CAPACITY_TIMER(SCAN),
    CAPACITY_TIMER(NODE),
    CAPACITY_TIMER(LOSE),
    CAPACITY_TIMER(FOUND),
};

static const SimType application_type = {.name = "application",
                                         .handlers = handlers,
                                         .handler_count = APP_KINDS,
                                         .dropped = message_dropped,
                                         .down = application_down,
                                         .up = application_up};

/* ---- making ---- */

Application *application_new(World *world, const ApplicationConfig *config,
                             const ConfigurationConfig *configuration, uint32_t region,
                             uint32_t partitions)
{
    Application *app = g_new0(Application, 1);
    char *name = g_strdup_printf("%s.application", region_role[region]);
    app->world = world;
    app->config = config;
    app->region = region;
    app->partitions = partitions;
    app->id = sim_add(world->sim, &application_type, app, name);
    app->requests = g_array_new(FALSE, FALSE, sizeof(Request));
    app->free_head = app->queue_head = app->queue_tail = NO_REQUEST;
    app->timeout_lane = sim_lane_new(world->sim);
    app->service_draws = world_stream(world, name, "service");
    app->dead_draws = world_stream(world, name, "dead pods");
    app->kill_draws = world_stream(world, name, "pod kills");
    app->capacity = capacity_new(world, &config->capacity, config->servers, region, app->id, name,
                                 APP_CAPACITY);
    app->elastic = capacity_elastic(app->capacity);
    app->drift_draws = world_stream(world, name, "drift");
    app->repair_draws = world_stream(world, name, "drift repair");
    app->stale_draws = world_stream(world, name, "stale secrets");
    configuration_init(&app->configuration, configuration, world, name);
    g_free(name);
    return app;
}

void application_free(Application *app)
{
    if (!app)
        return;
    g_array_unref(app->requests);
    capacity_free(app->capacity);
    g_free(app);
}

SimComponent application_component(const Application *app)
{
    return app->id;
}

void application_connect(Application *app, ApplicationLinks links)
{
    app->link = links;
}

void application_lose_share(Application *app, double share, SimTime from, SimTime to)
{
    capacity_lose(app->capacity, share, from, to);
}

void application_lose_vault(Application *app, SimTime from, SimTime to)
{
    configuration_lose_vault(&app->configuration, from, to);
}

/* The passive region follows what is made in the active one. */
static void begin_standby(Application *app)
{
    const Configuration *configuration = &app->configuration;
    configuration_begin(&app->configuration);
    app->facts.rotation_blocked = configuration->blocked;
    app->facts.rotated_at = configuration->changed_at;
    if (configuration->vault_lost != SIM_NEVER)
        capacity_hold_starts(app->capacity, configuration->vault_lost,
                             configuration->vault_readable);
    application_become_passive(app);
    application_begin_drift(app);
}

void application_start(Application *app)
{
    app->facts.rotated_at = SIM_NEVER;
    if (app->region == REGION_PASSIVE)
        begin_standby(app);
    capacity_begin(app->capacity);
    application_take_capacity(app);
}

void application_measure_from(Application *app, SimTime since)
{
    app->measure_from = since;
}

bool application_relayed(const ApplicationConfig *config)
{
    return config->publish && (config->write == WRITE_OUTBOX || config->write == WRITE_CDC);
}

ApplicationFacts application_facts(const Application *app)
{
    ApplicationFacts facts = app->facts;
    facts.capacity = capacity_facts(app->capacity);
    uint64_t now = (uint64_t)sim_now(app->world->sim);
    facts.busy_seconds = (double)(app->occupied + (uint64_t)app->busy * now) / 1e9;
    facts.wait_mean_seconds = facts.waits ? sim_seconds(app->wait_sum) / (double)facts.waits : NAN;
    return facts;
}
