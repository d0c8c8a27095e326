#include "models/application.h"

#include <math.h>

#include "models/gray.h"
#include "sim/check.h"

enum { APP_WORKED = MSG_KINDS, APP_TIMEOUT, APP_KINDS };

typedef enum Stage {
    STAGE_FREE,
    STAGE_QUEUED,
    STAGE_WORKING,
    STAGE_WRITING,
    STAGE_PUBLISHING
} Stage;

/* A request in hand. Owns one hold on its payment while it is not free. */
typedef struct Request {
    PaymentRef payment;
    SimTime arrived_at;
    uint32_t next;   /* free list, queue */
    uint32_t serial; /* tells a timeout whether it is still about this request */
    uint16_t attempt;
    uint8_t stage;
    bool keyed;
} Request;

struct Application {
    World *world;
    const ApplicationConfig *config;
    uint32_t region, partitions;
    SimComponent id;
    ApplicationLinks link;
    GArray *requests;
    uint32_t free_head, queue_head, queue_tail;
    int64_t busy, queued;
    SimLane timeout_lane;
    RandomStream service_draws;
    SimTime measure_from, wait_sum;
    uint64_t waits;
};

static Request *request_at(const Application *app, uint32_t slot)
{
    return &g_array_index(app->requests, Request, slot);
}

/* How database and Kafka name the request in their answers: the slot, and enough of its serial that
 * a late answer to a former request is not taken for the present one's. */
#define SLOT_BITS 24

static uint32_t request_handle(const Application *app, uint32_t slot)
{
    return slot | (request_at(app, slot)->serial & 0xff) << SLOT_BITS;
}

static uint32_t request_slot(uint32_t handle)
{
    return handle & ((1u << SLOT_BITS) - 1);
}

static uint32_t request_take(Application *app)
{
    uint32_t slot = app->free_head;
    if (slot != NO_REQUEST) {
        app->free_head = request_at(app, slot)->next;
        return slot;
    }
    SIM_CHECK(app->requests->len < (1u << SLOT_BITS) - 1);
    g_array_set_size(app->requests, app->requests->len + 1);
    *request_at(app, app->requests->len - 1) = (Request){0};
    return app->requests->len - 1;
}

static void request_free(Application *app, uint32_t slot)
{
    Request *request = request_at(app, slot);
    request->stage = STAGE_FREE;
    request->serial++;
    request->next = app->free_head;
    app->free_head = slot;
}

static void reply(Application *app, PaymentRef payment, uint16_t attempt, Status status)
{
    sim_link_send(app->link.to_users, (SimEvent){.kind = MSG_REPLY,
                                                 .subject = payment,
                                                 .tag = attempt,
                                                 .extra = reply_extra(status, app->region)});
}

/* ---- servers ---- */

static void work(Application *app, uint32_t slot)
{
    Request *request = request_at(app, slot);
    Sim *sim = app->world->sim;
    request->stage = STAGE_WORKING;
    if (request->arrived_at >= app->measure_from) {
        app->wait_sum += sim_now(sim) - request->arrived_at;
        app->waits++;
    }
    SimTime time = dist_draw(app->config->service_time, &app->service_draws);
    sim_after(sim, gray_time(app->world, app->id, time), SIM_PHASE_MESSAGE,
              (SimEvent){.component = app->id, .kind = APP_WORKED, .extra = slot});
}

static void next_in_queue(Application *app)
{
    uint32_t slot = app->queue_head;
    if (slot == NO_REQUEST) {
        app->busy--;
        return;
    }
    app->queue_head = request_at(app, slot)->next;
    if (app->queue_head == NO_REQUEST)
        app->queue_tail = NO_REQUEST;
    app->queued--;
    work(app, slot);
}

static void enqueue(Application *app, uint32_t slot)
{
    Request *request = request_at(app, slot);
    request->stage = STAGE_QUEUED;
    request->next = NO_REQUEST;
    if (app->queue_tail == NO_REQUEST)
        app->queue_head = slot;
    else
        request_at(app, app->queue_tail)->next = slot;
    app->queue_tail = slot;
    app->queued++;
}

/* The request's hold travels with the reply. */
static void finish(Application *app, uint32_t slot, Status status)
{
    Request *request = request_at(app, slot);
    reply(app, request->payment, request->attempt, status);
    request_free(app, slot);
    next_in_queue(app);
}

/* ---- messages ---- */

static void on_request(Sim *sim, void *self, const SimEvent *event)
{
    Application *app = self;
    World *world = app->world;
    if (!app->config->shared_sessions && request_session(event->extra) != app->region) {
        story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                      "the application in %s does not know the session: log in again",
                      world->region_name[app->region]);
        reply(app, event->subject, event->tag, STATUS_REAUTH);
        return;
    }
    if (gray_error(world, app->id)) {
        story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                      "the application in %s fails on it", world->region_name[app->region]);
        reply(app, event->subject, event->tag, STATUS_ERROR);
        return;
    }
    bool free_server = app->busy < app->config->servers;
    if (!free_server && app->queued >= app->config->queue) {
        story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                      "the application in %s is overloaded and refuses it",
                      world->region_name[app->region]);
        reply(app, event->subject, event->tag, STATUS_REFUSED);
        return;
    }
    uint32_t slot = request_take(app);
    Request *request = request_at(app, slot);
    request->payment = event->subject;
    request->attempt = event->tag;
    request->arrived_at = sim_now(sim);
    request->keyed = request_keyed(event->extra);
    if (!free_server) {
        enqueue(app, slot);
        return;
    }
    app->busy++;
    work(app, slot);
}

/* ---- the two writes ---- */

static void write_row(Application *app, uint32_t slot)
{
    Request *request = request_at(app, slot);
    request->stage = STAGE_WRITING;
    ledger_hold(app->world->ledger, request->payment);
    sim_link_send(app->link.to_database, (SimEvent){.kind = MSG_WRITE,
                                                    .subject = request->payment,
                                                    .tag = request->keyed,
                                                    .extra = request_handle(app, slot)});
}

static void publish(Application *app, uint32_t slot)
{
    Request *request = request_at(app, slot);
    const Payment *payment = ledger_get(app->world->ledger, request->payment);
    request->stage = STAGE_PUBLISHING;
    ledger_hold(app->world->ledger, request->payment);
    sim_link_send(app->link.to_kafka, (SimEvent){.kind = MSG_PRODUCE,
                                                 .subject = request->payment,
                                                 .tag = (uint16_t)(payment->user % app->partitions),
                                                 .extra = request_handle(app, slot)});
}

static bool kafka_first(const ApplicationConfig *config)
{
    return config->publish && config->write == WRITE_KAFKA_FIRST;
}

/* The dependency timeout runs from the first call, over both. */
static void on_worked(Sim *sim, void *self, const SimEvent *event)
{
    Application *app = self;
    uint32_t slot = event->extra;
    if (kafka_first(app->config))
        publish(app, slot);
    else
        write_row(app, slot);
    sim_lane_push(sim, app->timeout_lane, sim_now(sim) + app->config->timeout, SIM_PHASE_TIMEOUT,
                  (SimEvent){.component = app->id,
                             .kind = APP_TIMEOUT,
                             .extra = slot,
                             .value = request_at(app, slot)->serial});
}

/* Is the answer about the request that now has the slot? Releases the message's hold. */
static bool expected(Application *app, const SimEvent *event, Stage stage)
{
    uint32_t slot = request_slot(event->extra);
    bool ours = request_at(app, slot)->stage == stage &&
                request_handle(app, slot) == event->extra &&
                request_at(app, slot)->payment == event->subject;
    ledger_release(app->world->ledger, event->subject);
    return ours;
}

/* Half done is an error, not a clean refusal: the other half is out. */
static void finish_second(Application *app, uint32_t slot, Status status)
{
    bool done = status == STATUS_OK || status == STATUS_ALREADY;
    finish(app, slot, done ? STATUS_OK : STATUS_ERROR);
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
    else
        finish(app, slot, (Status)event->value);
}

static void on_timeout(Sim *sim, void *self, const SimEvent *event)
{
    Application *app = self;
    Request *request = request_at(app, event->extra);
    if (request->serial != (uint32_t)event->value)
        return;
    story_payment(app->world->story, app->world->ledger, request->payment, sim_now(sim),
                  "%s in %s does not answer the application",
                  request->stage == STAGE_WRITING ? "the database" : "Kafka",
                  app->world->region_name[app->region]);
    finish(app, event->extra, STATUS_ERROR);
}

static void answer_probe(Application *app, const SimEvent *probe, bool healthy)
{
    sim_link_send(app->link.to_edge, (SimEvent){.component = probe->sender,
                                                .kind = MSG_PROBE_REPLY,
                                                .subject = probe->subject,
                                                .value = probe->value,
                                                .tag = healthy,
                                                .extra = app->region});
}

/* A deep check is as good as the database's answer; a dead one gives none. */
static void on_probe(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Application *app = self;
    if (app->config->health == 0) {
        answer_probe(app, event, true);
        return;
    }
    SimEvent question = *event;
    question.component = 0; /* the link's receiver; `sender` still names the prober */
    sim_link_send(app->link.to_database, question);
}

static void on_probe_reply(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    answer_probe(self, event, event->tag != 0);
}

static void on_down(Sim *sim, void *self)
{
    (void)sim;
    Application *app = self;
    for (uint32_t slot = 0; slot < app->requests->len; slot++) {
        Request *request = request_at(app, slot);
        if (request->stage == STAGE_FREE)
            continue;
        ledger_attempt_over(app->world->ledger, request->payment);
        request_free(app, slot);
    }
    app->queue_head = app->queue_tail = NO_REQUEST;
    app->busy = app->queued = 0;
}

static const SimHandler handlers[APP_KINDS] = {
    [MSG_REQUEST] = on_request, [MSG_WRITTEN] = on_written,         [MSG_PRODUCED] = on_produced,
    [MSG_PROBE] = on_probe,     [MSG_PROBE_REPLY] = on_probe_reply, [APP_WORKED] = on_worked,
    [APP_TIMEOUT] = on_timeout,
};

static const SimType application_type = {.name = "application",
                                         .handlers = handlers,
                                         .handler_count = APP_KINDS,
                                         .dropped = message_dropped,
                                         .down = on_down};

/* ---- making ---- */

Application *application_new(World *world, const ApplicationConfig *config, uint32_t region,
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
    g_free(name);
    return app;
}

void application_free(Application *app)
{
    if (!app)
        return;
    g_array_unref(app->requests);
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
    return (ApplicationFacts){
        .waits = app->waits,
        .wait_mean_seconds = app->waits ? sim_seconds(app->wait_sum) / (double)app->waits : NAN};
}

static const char *const write_choices[] = {"database-first", "kafka-first", "outbox", "cdc", NULL};
static const char *const health_choices[] = {"shallow", "deep", NULL};

#define AT(member) offsetof(ApplicationConfig, member)
static const ParamSpec specs[] = {
    {.key = "servers",
     .type = PARAM_COUNT,
     .offset = AT(servers),
     .fallback = "200",
     .min = 1,
     .max = 1e6,
     .text = "Requests that one region works on at the same time, over all pods (threads).",
     .source = "Spring Boot's embedded Tomcat: server.tomcat.threads.max 200"},
    {.key = "queue",
     .type = PARAM_COUNT,
     .offset = AT(queue),
     .fallback = "unlimited",
     .min = 0,
     .max = (double)INT64_MAX,
     .text = "Requests that may wait for a server; beyond that they are refused.",
     .source = "ours; Tomcat's acceptCount is 100 beyond 8192 connections"},
    {.key = "service_time",
     .type = PARAM_DIST,
     .offset = AT(service_time),
     .fallback = "{lognormal: {median: 20ms, p99: 100ms}}",
     .text = "The application's own work on one request, without database and Kafka.",
     .source = "ours: calibrate"},
    {.key = "timeout",
     .type = PARAM_TIME,
     .offset = AT(timeout),
     .fallback = "5s",
     .min = 0.000001,
     .max = 3600,
     .text =
         "How long the application waits for database and Kafka together before it answers with "
         "an error (outcome unknown).",
     .source = "ours; Kafka's request.timeout.ms is 30 s, delivery.timeout.ms 120 s"},
    {.key = "write",
     .type = PARAM_CHOICE,
     .offset = AT(write),
     .fallback = "database-first",
     .choices = write_choices,
     .text = "How payment and event are written. database-first: a dual write; what fails between "
             "the two leaves the event missing. kafka-first: a dual write; it leaves an event "
             "without its payment. outbox: the event is a row of the same transaction, which a "
             "relay publishes at least once. cdc: a connector publishes from the database's log, "
             "at least once.",
     .source = "Richardson, Microservices Patterns, 3.3.7; Debezium"},
    {.key = "publish",
     .type = PARAM_FLAG,
     .offset = AT(publish),
     .fallback = "yes",
     .text = "Whether payments have events. no: payments are written to the database alone, "
             "without an event.",
     .source = ""},
    {.key = "republish",
     .type = PARAM_FLAG,
     .offset = AT(republish),
     .fallback = "no",
     .text =
         "With database-first, a retry of a payment that is applied already: yes publishes its "
         "event (again), no only "
         "answers. no leaves events missing after a crash between the two writes, yes duplicates.",
     .source = ""},
    {.key = "health",
     .type = PARAM_CHOICE,
     .offset = AT(health),
     .fallback = "shallow",
     .choices = health_choices,
     .text =
         "What a health probe asks: shallow, does the process answer; deep, can its database be "
         "written. A shallow standby looks healthy before its database is promoted.",
     .source = "Azure Architecture Center: health endpoint monitoring"},
    {.key = "shared_sessions",
     .type = PARAM_FLAG,
     .offset = AT(shared_sessions),
     .fallback = "no",
     .text = "Whether sessions survive a change of region. yes: both regions accept each other's "
             "sessions; no: users authenticate again when the "
             "region changes.",
     .source = "article: session affinity and re-auth if the region changes"},
};
#undef AT

const ParamTable application_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(ApplicationConfig)};
