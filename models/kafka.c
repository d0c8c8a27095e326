#include "models/kafka.h"

#include "sim/check.h"

typedef enum KafkaRole { KAFKA_ACTIVE, KAFKA_STANDBY, KAFKA_SWITCHING } KafkaRole;

enum { KAFKA_APPENDED = MSG_KINDS, KAFKA_COMMITTED, KAFKA_SWITCHED, KAFKA_KINDS };

typedef struct Fetcher {
    SimComponent reader;
    uint16_t tag;
    SimLink *link;
    uint32_t modulus, remainder;
    bool parked;
} Fetcher;

struct Kafka {
    World *world;
    const KafkaConfig *config;
    Storage *storage;
    SimComponent id;
    KafkaRole role;
    SimLane *commit_lane; /* by partition */
    GArray *fetchers;
    SimLink *to_application, *to_failover;
    RandomStream append_draws, replicate_draws;
};

static void wake(Kafka *kafka, Fetcher *fetcher)
{
    fetcher->parked = false;
    sim_link_send(fetcher->link, (SimEvent){.component = fetcher->reader,
                                            .kind = MSG_RECORDS,
                                            .sender = kafka->id,
                                            .tag = fetcher->tag});
}

static void advance(Kafka *kafka, uint32_t partition, int64_t offset)
{
    int64_t news = storage_commit(kafka->storage, partition, offset, kafka->world->ledger);
    if (news == 0)
        return;
    for (guint i = 0; i < kafka->fetchers->len; i++) {
        Fetcher *fetcher = &g_array_index(kafka->fetchers, Fetcher, i);
        if (partition % fetcher->modulus != fetcher->remainder)
            continue;
        if (fetcher->parked)
            wake(kafka, fetcher);
    }
    storage_trim(kafka->storage, partition, kafka->world->ledger);
}

static void answer(Kafka *kafka, PaymentRef payment, uint32_t request, Status status)
{
    if (request == NO_REQUEST) {
        ledger_release(kafka->world->ledger, payment);
        return;
    }
    sim_link_send(
        kafka->to_application,
        (SimEvent){.kind = MSG_PRODUCED, .subject = payment, .value = status, .extra = request});
}

static void on_produce(Sim *sim, void *self, const SimEvent *event)
{
    Kafka *kafka = self;
    World *world = kafka->world;
    if (kafka->role != KAFKA_ACTIVE) {
        story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                      "Kafka in %s is a mirror and refuses the event",
                      world->region_name[kafka->storage->region]);
        answer(kafka, event->subject, event->extra, STATUS_REFUSED);
        return;
    }
    SimEvent appended = *event;
    appended.component = kafka->id;
    appended.kind = KAFKA_APPENDED;
    if (kafka->config->acks == ACKS_0 && event->extra != NO_REQUEST) {
        ledger_hold(world->ledger, event->subject);
        answer(kafka, event->subject, event->extra, STATUS_OK);
        appended.extra = NO_REQUEST;
    }
    sim_after(sim, dist_draw(kafka->config->append, &kafka->append_draws), SIM_PHASE_MESSAGE,
              appended);
}

static void on_appended(Sim *sim, void *self, const SimEvent *event)
{
    Kafka *kafka = self;
    SimEvent committed = *event;
    committed.kind = KAFKA_COMMITTED;
    ledger_hold(kafka->world->ledger, event->subject); /* the record's own */
    committed.value = log_append(&kafka->storage->log[event->tag], event->subject);
    if (kafka->config->acks == ACKS_1 && event->extra != NO_REQUEST) {
        ledger_hold(kafka->world->ledger, event->subject);
        answer(kafka, event->subject, event->extra, STATUS_OK);
        committed.extra = NO_REQUEST;
    }
    SimTime at = sim_now(sim) + dist_draw(kafka->config->replicate, &kafka->replicate_draws);
    sim_lane_push(sim, kafka->commit_lane[event->tag], at, SIM_PHASE_MESSAGE, committed);
}

static void on_committed(Sim *sim, void *self, const SimEvent *event)
{
    Kafka *kafka = self;
    World *world = kafka->world;
    story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                  "its event is committed in Kafka in %s, partition %u",
                  world->region_name[kafka->storage->region], event->tag);
    advance(kafka, event->tag, event->value + 1);
    answer(kafka, event->subject, event->extra, STATUS_OK);
}

/* Records below the high watermarks of the fetcher's partitions. */
static int64_t visible(const Kafka *kafka, const Fetcher *fetcher)
{
    int64_t sum = 0;
    for (uint32_t p = fetcher->remainder; p < kafka->storage->partitions; p += fetcher->modulus)
        sum += kafka->storage->log[p].high_watermark;
    return sum;
}

static void on_fetch(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Kafka *kafka = self;
    Fetcher *fetcher = &g_array_index(kafka->fetchers, Fetcher, event->subject);
    if (visible(kafka, fetcher) > event->value)
        wake(kafka, fetcher);
    else
        fetcher->parked = true;
}

static void on_command(Sim *sim, void *self, const SimEvent *event)
{
    Kafka *kafka = self;
    SIM_CHECK(event->tag == ACTION_SWITCH_KAFKA);
    if (kafka->role == KAFKA_ACTIVE)
        sim_link_send(kafka->to_failover, (SimEvent){.kind = MSG_DONE, .subject = event->subject});
    if (kafka->role != KAFKA_STANDBY)
        return;
    kafka->role = KAFKA_SWITCHING;
    sim_after(
        sim, event->value, SIM_PHASE_MESSAGE,
        (SimEvent){.component = kafka->id, .kind = KAFKA_SWITCHED, .subject = event->subject});
}

static void on_switched(Sim *sim, void *self, const SimEvent *event)
{
    Kafka *kafka = self;
    World *world = kafka->world;
    uint32_t region = kafka->storage->region;
    kafka->role = KAFKA_ACTIVE;
    kafka->storage->primary = true;
    ledger_switch_log(world->ledger, region);
    story_platform(world->story, sim_now(sim), "Kafka in %s takes writes: it is the primary now",
                   world->region_name[region]);
    sim_link_send(kafka->to_failover, (SimEvent){.kind = MSG_DONE, .subject = event->subject});
}

/* What the leaders had appended is on their disks: visible as soon as they are back. */
static void on_up(Sim *sim, void *self)
{
    (void)sim;
    Kafka *kafka = self;
    if (kafka->role == KAFKA_SWITCHING)
        kafka->role = KAFKA_STANDBY;
    for (uint32_t p = 0; p < kafka->storage->partitions; p++)
        advance(kafka, p, kafka->storage->log[p].end);
    for (guint i = 0; i < kafka->fetchers->len; i++)
        wake(kafka, &g_array_index(kafka->fetchers, Fetcher, i));
}

static void on_dropped(Sim *sim, void *self, const SimEvent *event)
{
    if (event->kind == KAFKA_APPENDED || event->kind == KAFKA_COMMITTED)
        ledger_release(((Kafka *)self)->world->ledger, event->subject);
    else
        message_dropped(sim, self, event);
}

static const SimHandler handlers[KAFKA_KINDS] = {
    [MSG_PRODUCE] = on_produce,       [MSG_FETCH] = on_fetch,
    [MSG_COMMAND] = on_command,       [KAFKA_APPENDED] = on_appended,
    [KAFKA_COMMITTED] = on_committed, [KAFKA_SWITCHED] = on_switched,
};

static const SimType kafka_type = {.name = "kafka",
                                   .handlers = handlers,
                                   .handler_count = KAFKA_KINDS,
                                   .dropped = on_dropped,
                                   .up = on_up};

Kafka *kafka_new(World *world, const KafkaConfig *config, Storage *storage)
{
    Kafka *kafka = g_new0(Kafka, 1);
    char *name = g_strdup_printf("%s.kafka", region_role[storage->region]);
    kafka->world = world;
    kafka->config = config;
    kafka->storage = storage;
    kafka->role = storage->region == REGION_ACTIVE ? KAFKA_ACTIVE : KAFKA_STANDBY;
    storage->primary = kafka->role == KAFKA_ACTIVE;
    kafka->id = sim_add(world->sim, &kafka_type, kafka, name);
    kafka->commit_lane = g_new(SimLane, storage->partitions);
    for (uint32_t p = 0; p < storage->partitions; p++)
        kafka->commit_lane[p] = sim_lane_new(world->sim);
    kafka->fetchers = g_array_new(FALSE, FALSE, sizeof(Fetcher));
    kafka->append_draws = world_stream(world, name, "append");
    kafka->replicate_draws = world_stream(world, name, "replicate");
    g_free(name);
    return kafka;
}

void kafka_free(Kafka *kafka)
{
    if (!kafka)
        return;
    g_array_unref(kafka->fetchers);
    g_free(kafka->commit_lane);
    g_free(kafka);
}

SimComponent kafka_component(const Kafka *kafka)
{
    return kafka->id;
}

void kafka_connect(Kafka *kafka, SimLink *to_application, SimLink *to_failover)
{
    kafka->to_application = to_application;
    kafka->to_failover = to_failover;
}

uint32_t kafka_add_fetcher(Kafka *kafka, SimComponent reader, uint16_t tag, SimLink *link,
                           uint32_t modulus, uint32_t remainder)
{
    Fetcher fetcher = {.reader = reader,
                       .tag = tag,
                       .link = link,
                       .modulus = modulus,
                       .remainder = remainder,
                       .parked = false};
    g_array_append_val(kafka->fetchers, fetcher);
    return kafka->fetchers->len - 1;
}

static const char *const acks_choices[] = {"0", "1", "all", NULL};

#define AT(member) offsetof(KafkaConfig, member)
static const ParamSpec specs[] = {
    {.key = "partitions",
     .type = PARAM_COUNT,
     .offset = AT(partitions),
     .fallback = "12",
     .min = 1,
     .max = PARTITIONS_MAX,
     .text = "Partitions of the payments topic; a payment's partition follows from its user.",
     .source = "ours; num.partitions defaults to 1"},
    {.key = "acks",
     .type = PARAM_CHOICE,
     .offset = AT(acks),
     .fallback = "all",
     .choices = acks_choices,
     .text = "When the producer is answered: 0 at once, 1 when the leader has the record, all when "
             "the in-sync replicas have it.",
     .source = "Kafka producer configuration: acks=all since 3.0 (KIP-679)"},
    {.key = "append",
     .type = PARAM_DIST,
     .offset = AT(append),
     .fallback = "2ms",
     .text = "Produce request to the leader's log, linger and batching included.",
     .source = "ours; linger.ms is 0 (5 from 4.0 on, KIP-1030): calibrate from request latency"},
    {.key = "replicate",
     .type = PARAM_DIST,
     .offset = AT(replicate),
     .fallback = "3ms",
     .text =
         "Leader's log to the high watermark: the in-sync replicas of the same region fetch it.",
     .source = "ours: calibrate"},
};
#undef AT

const ParamTable kafka_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(KafkaConfig)};
