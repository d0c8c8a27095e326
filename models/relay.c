#include "models/relay.h"

#include "sim/check.h"

enum { RELAY_POLL = MSG_KINDS, RELAY_KINDS };

static const SimTime READ_AGAIN_AFTER = SIM_SEC; /* a database that does not answer */

typedef enum RelayState { RELAY_IDLE, RELAY_READING, RELAY_PUBLISHING, RELAY_MARKING } RelayState;

/* A row in hand. Its payment is held by the outbox, and by the message while one is on its way. */
typedef struct Item {
    uint64_t position;
    bool published;
} Item;

struct Relay {
    World *world;
    const RelayConfig *config;
    uint32_t region, partitions;
    SimComponent id;
    Outbox *outbox;
    SimLink *to_database, *to_kafka;
    RelayState state;
    uint32_t round;   /* raised at each step: an answer to an older one is late */
    SimTime deadline; /* of the step */
    GArray *batch;    /* Item */
    uint32_t unanswered;
    uint64_t cursor;     /* everything before it is published */
    uint32_t generation; /* of the outbox, that the cursor is about */
    uint64_t taken;      /* where the next batch begins if this one gets through */
    SimTime flushed_at;
    bool resumed; /* the cursor is known */
    bool failing; /* the last batch did not get through */
    bool more;    /* the last batch was full: the next follows at once */
    RandomStream phase_draws;
};

static void enter(Relay *relay, RelayState state, SimTime timeout)
{
    relay->state = state;
    relay->round++;
    relay->deadline = sim_now(relay->world->sim) + timeout;
}

static void read_outbox(Relay *relay)
{
    enter(relay, RELAY_READING, READ_AGAIN_AFTER);
    sim_link_send(relay->to_database, (SimEvent){.kind = MSG_FETCH, .extra = relay->round});
}

static void mark(Relay *relay)
{
    enter(relay, RELAY_MARKING, relay->config->timeout);
    sim_link_send(
        relay->to_database,
        (SimEvent){.kind = MSG_DONE, .value = (int64_t)relay->cursor, .extra = relay->round});
}

static void end_round(Relay *relay)
{
    SimTime now = sim_now(relay->world->sim);
    bool due = !outbox_from_log(relay->outbox) || now - relay->flushed_at >= relay->config->flush;
    if (due && relay->cursor > outbox_done(relay->outbox))
        mark(relay);
    else if (relay->more)
        read_outbox(relay);
    else
        enter(relay, RELAY_IDLE, 0);
}

/* ---- a batch ---- */

/* How Kafka names a row in its answer: place in the batch, and enough of the round. */
#define PLACE_BITS 16

static uint32_t item_handle(const Relay *relay, guint place)
{
    return (relay->round & 0x7fff) << PLACE_BITS | place;
}

static void produce(Relay *relay, guint place)
{
    Ledger *ledger = relay->world->ledger;
    uint64_t position = g_array_index(relay->batch, Item, place).position;
    PaymentRef payment = outbox_payment(relay->outbox, position);
    uint32_t user = ledger_get(ledger, payment)->user;
    ledger_hold(ledger, payment);
    sim_link_send(relay->to_kafka, (SimEvent){.kind = MSG_PRODUCE,
                                              .subject = payment,
                                              .tag = (uint16_t)(user % relay->partitions),
                                              .extra = item_handle(relay, place)});
}

/* The cursor stops before the first row that did not get through; those behind it go again. */
static void settle_batch(Relay *relay)
{
    relay->cursor = relay->taken;
    relay->failing = false;
    for (guint i = 0; i < relay->batch->len && !relay->failing; i++) {
        const Item *item = &g_array_index(relay->batch, Item, i);
        if (item->published)
            continue;
        relay->cursor = item->position;
        relay->failing = true;
    }
    relay->more = relay->batch->len == (guint)relay->config->batch && !relay->failing;
    g_array_set_size(relay->batch, 0);
    end_round(relay);
}

static void take_batch(Relay *relay, uint64_t end)
{
    guint most = relay->failing ? 1 : (guint)relay->config->batch;
    uint64_t position = relay->cursor;
    for (; position < end && relay->batch->len < most; position++) {
        Item item = {.position = position};
        if (outbox_payment(relay->outbox, position) != PAYMENT_NONE)
            g_array_append_val(relay->batch, item);
    }
    relay->taken = position;
    if (relay->batch->len == 0) {
        relay->cursor = position;
        relay->more = false;
        end_round(relay);
        return;
    }
    enter(relay, RELAY_PUBLISHING, relay->config->timeout);
    relay->unanswered = relay->batch->len;
    for (guint i = 0; i < relay->batch->len; i++)
        produce(relay, i);
}

/* ---- messages ---- */

static void resume(Relay *relay, uint64_t end)
{
    relay->cursor = outbox_done(relay->outbox);
    relay->generation = outbox_generation(relay->outbox);
    if (relay->resumed)
        return;
    relay->resumed = true;
    if (relay->cursor < end)
        story_platform(relay->world->story, sim_now(relay->world->sim),
                       "the relay in %s begins: up to %" G_GUINT64_FORMAT
                       " payments are not marked as published",
                       relay->world->region_name[relay->region], end - relay->cursor);
}

static void on_records(Sim *sim, void *self, const SimEvent *event)
{
    Relay *relay = self;
    if (event->extra != relay->round)
        return;
    if (relay->state == RELAY_MARKING && event->tag)
        relay->flushed_at = sim_now(sim);
    if (!event->tag || (relay->state == RELAY_MARKING && !relay->more)) {
        enter(relay, RELAY_IDLE, 0);
        return;
    }
    uint64_t end = (uint64_t)event->value;
    relay->resumed = relay->resumed && relay->generation == outbox_generation(relay->outbox);
    if (!relay->resumed || !outbox_from_log(relay->outbox))
        resume(relay, end);
    take_batch(relay, end);
}

static void on_produced(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Relay *relay = self;
    guint place = event->extra & ((1u << PLACE_BITS) - 1);
    ledger_release(relay->world->ledger, event->subject);
    if (relay->state != RELAY_PUBLISHING || event->extra != item_handle(relay, place))
        return;
    g_array_index(relay->batch, Item, place).published = event->value == STATUS_OK;
    if (--relay->unanswered == 0)
        settle_batch(relay);
}

/* Deadlines are looked at here: being late by a poll does no harm. */
static void on_poll(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Relay *relay = self;
    sim_after(sim, relay->config->poll, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = relay->id, .kind = RELAY_POLL});
    if (relay->state != RELAY_IDLE && sim_now(sim) < relay->deadline)
        return;
    if (relay->state == RELAY_PUBLISHING)
        settle_batch(relay);
    else
        read_outbox(relay);
}

static void on_down(Sim *sim, void *self)
{
    (void)sim;
    Relay *relay = self;
    g_array_set_size(relay->batch, 0);
    enter(relay, RELAY_IDLE, 0);
    relay->resumed = relay->failing = false;
}

static void on_up(Sim *sim, void *self)
{
    (void)sim;
    relay_start(self);
}

static const SimHandler handlers[RELAY_KINDS] = {
    [MSG_RECORDS] = on_records, [MSG_PRODUCED] = on_produced, [RELAY_POLL] = on_poll};

static const SimType relay_type = {.name = "relay",
                                   .handlers = handlers,
                                   .handler_count = RELAY_KINDS,
                                   .dropped = message_dropped,
                                   .down = on_down,
                                   .up = on_up};

/* ---- making ---- */

Relay *relay_new(World *world, const RelayConfig *config, uint32_t region, uint32_t partitions,
                 Outbox *outbox)
{
    Relay *relay = g_new0(Relay, 1);
    char *name = g_strdup_printf("%s.relay", region_role[region]);
    relay->world = world;
    relay->config = config;
    relay->region = region;
    relay->partitions = partitions;
    relay->outbox = outbox;
    relay->id = sim_add(world->sim, &relay_type, relay, name);
    relay->batch = g_array_new(FALSE, FALSE, sizeof(Item));
    relay->phase_draws = world_stream(world, name, "phase");
    g_free(name);
    return relay;
}

void relay_free(Relay *relay)
{
    if (!relay)
        return;
    g_array_unref(relay->batch);
    g_free(relay);
}

SimComponent relay_component(const Relay *relay)
{
    return relay->id;
}

void relay_connect(Relay *relay, SimLink *to_database, SimLink *to_kafka)
{
    relay->to_database = to_database;
    relay->to_kafka = to_kafka;
}

/* At a phase of its own, so that no outage is in step with it. */
void relay_start(Relay *relay)
{
    Sim *sim = relay->world->sim;
    double phase = random_uniform(&relay->phase_draws);
    relay->flushed_at = sim_now(sim);
    sim_after(sim, (SimTime)(phase * (double)relay->config->poll), SIM_PHASE_TIMEOUT,
              (SimEvent){.component = relay->id, .kind = RELAY_POLL});
}

bool relay_publishes(const Relay *relay)
{
    return sim_is_up(relay->world->sim, relay->id) && !relay->failing;
}

/* ---- parameters ---- */

#define AT(member) offsetof(RelayConfig, member)
static const ParamSpec specs[] = {
    {.key = "poll",
     .type = PARAM_TIME,
     .offset = AT(poll),
     .fallback = "500ms",
     .min = 0.001,
     .max = 3600,
     .text = "How often the relay looks for payments to publish. Half of it is added to each "
             "event's delay, on average.",
     .source = "Debezium: poll.interval.ms 500"},
    {.key = "batch",
     .type = PARAM_COUNT,
     .offset = AT(batch),
     .fallback = "2048",
     .min = 1,
     .max = 10000,
     .text = "Payments that the relay takes at a time; a full batch is followed by the next at "
             "once.",
     .source = "Debezium: max.batch.size 2048"},
    {.key = "timeout",
     .type = PARAM_TIME,
     .offset = AT(timeout),
     .fallback = "30s",
     .min = 0.001,
     .max = 3600,
     .text = "How long the relay waits for Kafka's answers to a batch, or for its mark to be "
             "committed, before it tries again.",
     .source = "Kafka producer configuration: request.timeout.ms 30000"},
    {.key = "flush",
     .type = PARAM_TIME,
     .offset = AT(flush),
     .fallback = "60s",
     .max = 86400,
     .text = "With application.write: cdc, how often the connector writes down its position. What "
             "it published since is published again after a crash. An outbox marks each batch.",
     .source = "Kafka Connect worker configuration: offset.flush.interval.ms 60000"},
    {.key = "rewind",
     .type = PARAM_TIME,
     .offset = AT(rewind),
     .fallback = "0s",
     .max = 86400,
     .text = "After a promotion, how far before the newest replicated payment the relay publishes "
             "again although it is marked. Without it, events that were marked and not yet "
             "mirrored are missing: cover the mirror's latency.",
     .source = "ours: a step of the runbook; 0 trusts the marks"},
};
#undef AT

const ParamTable relay_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(RelayConfig)};
