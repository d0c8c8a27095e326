#include "models/kafka.h"

#include "models/gray.h"
#include "sim/check.h"

typedef enum KafkaRole { KAFKA_ACTIVE, KAFKA_STANDBY, KAFKA_SWITCHING } KafkaRole;

enum { KAFKA_APPENDED = MSG_KINDS, KAFKA_COMMITTED, KAFKA_SWITCHED, KAFKA_DEMOTED, KAFKA_KINDS };

static const SimTime LOOK_AGAIN_AFTER = 10 * SIM_MS; /* for what is in flight */

typedef struct Fetcher {
    SimComponent reader;
    uint16_t tag;
    SimLink *link;
    uint32_t modulus, remainder;
    bool committed; /* sees what is stable only */
    bool parked;
} Fetcher;

/* Of the producer's records in one partition. */
typedef struct Sequence {
    uint32_t session;
    int64_t arrived, appended; /* numbers, if it is idempotent */
    int64_t newest;            /* session and number */
} Sequence;

struct Kafka {
    World *world;
    const KafkaConfig *config;
    Storage *storage;
    SimComponent id;
    KafkaRole role;
    Brokers *brokers;
    const uint8_t *trouble; /* by partition; the brokers' */
    SimLane *commit_lane;   /* by partition */
    GArray **waiting;       /* by partition: SimEvent, replicated where it can be while stalled */
    KafkaClient client;
    bool idempotent;            /* its producer */
    Sequence *sequence;         /* by partition */
    Transactions *transactions; /* NULL: its producer has none */
    KafkaFacts facts;
    int64_t appending; /* accepted and not yet in a log */
    GArray *fetchers;
    bool read_committed; /* one of them is */
    SimLink *to_application, *to_failover;
    RandomStream append_draws, replicate_draws, marker_draws;
};

static void wake(Kafka *kafka, Fetcher *fetcher)
{
    fetcher->parked = false;
    sim_link_send(fetcher->link, (SimEvent){.component = fetcher->reader,
                                            .kind = MSG_RECORDS,
                                            .sender = kafka->id,
                                            .tag = fetcher->tag});
}

static void wake_readers(Kafka *kafka, uint32_t partition, bool committed)
{
    for (guint i = 0; i < kafka->fetchers->len; i++) {
        Fetcher *fetcher = &g_array_index(kafka->fetchers, Fetcher, i);
        if (fetcher->parked && fetcher->committed == committed &&
            partition % fetcher->modulus == fetcher->remainder)
            wake(kafka, fetcher);
    }
}

static void advance(Kafka *kafka, uint32_t partition, int64_t offset)
{
    int64_t stable = kafka->read_committed ? storage_stable(kafka->storage, partition) : 0;
    int64_t news = storage_commit(kafka->storage, partition, offset, kafka->world->ledger);
    if (kafka->transactions)
        transactions_advance(kafka->transactions, partition);
    if (news == 0)
        return;
    wake_readers(kafka, partition, false);
    if (kafka->read_committed && storage_stable(kafka->storage, partition) > stable)
        wake_readers(kafka, partition, true);
    storage_trim(kafka->storage, partition, kafka->world->ledger);
}

/* A transaction's marker has no payment. */
static void let_go(Kafka *kafka, PaymentRef payment)
{
    if (payment != PAYMENT_NONE)
        ledger_release(kafka->world->ledger, payment);
}

static void reply(Kafka *kafka, PaymentRef payment, uint32_t request, Status status, bool again)
{
    if (request == NO_REQUEST) {
        let_go(kafka, payment);
        return;
    }
    sim_link_send(kafka->to_application, (SimEvent){.kind = MSG_PRODUCED,
                                                    .subject = payment,
                                                    .value = status,
                                                    .tag = again,
                                                    .extra = request});
}

static void answer(Kafka *kafka, PaymentRef payment, uint32_t request, Status status)
{
    reply(kafka, payment, request, status, false);
}

/* Its client may try again, if it is one that does. */
static void turn_away(Kafka *kafka, const SimEvent *event, Status status)
{
    reply(kafka, event->subject, event->extra, status, true);
}

static void refuse(Kafka *kafka, const SimEvent *event, const char *why, bool again)
{
    World *world = kafka->world;
    story_payment(world->story, world->ledger, event->subject, sim_now(world->sim),
                  "Kafka in %s %s", world->region_name[kafka->storage->region], why);
    reply(kafka, event->subject, event->extra, STATUS_REFUSED, again);
}

/* The connection broke: nobody knows whether the record is in the log. */
static void lose(Kafka *kafka, const SimEvent *event)
{
    if (kafka->client == KAFKA_CLIENT_WAITS)
        let_go(kafka, event->subject);
    else
        turn_away(kafka, event, STATUS_ERROR);
}

/* There is nobody to connect to. */
static void ignore(Kafka *kafka, const SimEvent *event)
{
    if (kafka->client == KAFKA_CLIENT_TRIES_AGAIN)
        turn_away(kafka, event, STATUS_REFUSED);
    else
        ledger_release(kafka->world->ledger, event->subject);
}

/* Takes care of a record for a partition in trouble; false: it can be appended all the same. */
static bool on_produce_in_trouble(Kafka *kafka, const SimEvent *event)
{
    uint8_t trouble = kafka->trouble[event->tag];
    if (trouble & PARTITION_OFFLINE) { /* the client waits for a leader */
        story_payment(kafka->world->story, kafka->world->ledger, event->subject,
                      sim_now(kafka->world->sim), "Kafka in %s has no leader for partition %u",
                      kafka->world->region_name[kafka->storage->region], event->tag);
        ignore(kafka, event);
        return true;
    }
    if (trouble & PARTITION_SHORT && kafka->config->acks == ACKS_ALL) {
        refuse(kafka, event, "refuses the event: too few replicas are in sync", true);
        return true;
    }
    return false;
}

/* The log has this record already. Its first answer is still to come, unless it was lost. */
static void answer_again(Kafka *kafka, const SimEvent *event)
{
    uint16_t p = event->tag;
    const Log *log = &kafka->storage->log[p];
    kafka->facts.deduplicated++;
    if (producer_number(event->value) > kafka->sequence[p].appended) {
        ledger_release(kafka->world->ledger, event->subject);
        return;
    }
    if (log->high_watermark >= log->end) {
        answer(kafka, event->subject, event->extra, STATUS_OK);
        return;
    }
    SimEvent committed = *event;
    committed.component = kafka->id;
    committed.kind = KAFKA_COMMITTED;
    committed.value = log->end - 1;
    sim_lane_push(kafka->world->sim, kafka->commit_lane[p], sim_now(kafka->world->sim),
                  SIM_PHASE_MESSAGE, committed);
}

/* Of an idempotent producer: is it the record behind the last one? If not, it is answered. */
static bool is_next(Kafka *kafka, const SimEvent *event)
{
    Sequence *sequence = &kafka->sequence[event->tag];
    uint32_t session = producer_session(event->value);
    int64_t number = producer_number(event->value);
    if (session > sequence->session && number == 1) {
        *sequence = (Sequence){.session = session, .arrived = number, .newest = sequence->newest};
        return true;
    }
    if (session == sequence->session && number <= sequence->arrived) {
        answer_again(kafka, event);
        return false;
    }
    if (session != sequence->session || number != sequence->arrived + 1) {
        turn_away(kafka, event, STATUS_REFUSED);
        return false;
    }
    sequence->arrived = number;
    return true;
}

/* What had arrived and was not appended is gone. */
static void forget_arrived(Kafka *kafka, uint32_t partition, int64_t cut)
{
    Sequence *sequence = &kafka->sequence[partition];
    sequence->appended = MAX(sequence->appended - cut, 0);
    sequence->arrived = sequence->appended;
}

static void note_appended(Kafka *kafka, uint32_t partition, int64_t value)
{
    Sequence *sequence = &kafka->sequence[partition];
    if (kafka->idempotent)
        sequence->appended = producer_number(value);
    value = producer_sequence(producer_session(value), producer_number(value));
    kafka->facts.reordered += value < sequence->newest;
    sequence->newest = MAX(sequence->newest, value);
}

/* Is the record of a transaction that has ended? */
static bool is_fenced(const Kafka *kafka, const SimEvent *event)
{
    return kafka->transactions && event->sender != 0 &&
           !transactions_admit(kafka->transactions, event->sender - 1u,
                               producer_transaction(event->value));
}

static void on_produce(Sim *sim, void *self, const SimEvent *event)
{
    Kafka *kafka = self;
    World *world = kafka->world;
    if (kafka->role != KAFKA_ACTIVE) {
        refuse(kafka, event, "is a mirror and refuses the event", false);
        return;
    }
    if (gray_error(world, kafka->id)) {
        story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                      "Kafka in %s fails on the event", world->region_name[kafka->storage->region]);
        turn_away(kafka, event, STATUS_ERROR);
        return;
    }
    if (kafka->trouble[event->tag] && on_produce_in_trouble(kafka, event))
        return;
    if (event->value != 0 && kafka->idempotent && !is_next(kafka, event))
        return;
    if (is_fenced(kafka, event)) {
        refuse(kafka, event, "has ended the event's transaction and refuses it", false);
        return;
    }
    kafka->appending++;
    SimEvent appended = *event;
    appended.component = kafka->id;
    appended.kind = KAFKA_APPENDED;
    if (kafka->config->acks == ACKS_0 && event->extra != NO_REQUEST) {
        ledger_hold(world->ledger, event->subject);
        answer(kafka, event->subject, event->extra, STATUS_OK);
        appended.extra = NO_REQUEST;
    }
    SimTime time = dist_draw(kafka->config->append, &kafka->append_draws);
    sim_after(sim, gray_time(world, kafka->id, time), SIM_PHASE_MESSAGE, appended);
}

static int64_t append(Kafka *kafka, const SimEvent *event)
{
    Log *log = &kafka->storage->log[event->tag];
    if (!kafka->transactions || event->sender == 0)
        return log_append(log, event->subject);
    int64_t offset = log_append_flagged(log, event->subject, LOG_UNDECIDED);
    transactions_add(kafka->transactions, event->sender - 1u, producer_transaction(event->value),
                     event->tag, offset);
    return offset;
}

static void on_appended(Sim *sim, void *self, const SimEvent *event)
{
    Kafka *kafka = self;
    kafka->appending--;
    if (kafka->trouble[event->tag] & PARTITION_OFFLINE) {
        lose(kafka, event);
        return;
    }
    if (is_fenced(kafka, event)) {
        refuse(kafka, event, "has ended the event's transaction meanwhile and refuses it", false);
        return;
    }
    SimEvent committed = *event;
    committed.kind = KAFKA_COMMITTED;
    ledger_hold(kafka->world->ledger, event->subject); /* the record's own */
    if (event->value != 0)
        note_appended(kafka, event->tag, event->value);
    committed.value = append(kafka, event);
    if (kafka->config->acks == ACKS_1 && event->extra != NO_REQUEST) {
        ledger_hold(kafka->world->ledger, event->subject);
        answer(kafka, event->subject, event->extra, STATUS_OK);
        committed.extra = NO_REQUEST;
    }
    SimTime at = sim_now(sim) + dist_draw(kafka->config->replicate, &kafka->replicate_draws);
    sim_lane_push(sim, kafka->commit_lane[event->tag], at, SIM_PHASE_MESSAGE, committed);
}

static void commit(Kafka *kafka, const SimEvent *event, Status status)
{
    World *world = kafka->world;
    story_payment(world->story, world->ledger, event->subject, sim_now(world->sim),
                  "its event is committed in Kafka in %s, partition %u",
                  world->region_name[kafka->storage->region], event->tag);
    advance(kafka, event->tag, event->value + 1);
    reply(kafka, event->subject, event->extra, status, status != STATUS_OK);
}

static void on_committed(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Kafka *kafka = self;
    if (kafka->trouble[event->tag] & PARTITION_STALLED) {
        brokers_replicated(kafka->brokers, event->tag, event->value + 1);
        g_array_append_val(kafka->waiting[event->tag], *event);
        return;
    }
    commit(kafka, event, STATUS_OK);
}

/* ---- transactions ---- */

static int64_t append_marker(void *cluster, uint32_t partition)
{
    Kafka *kafka = cluster;
    Sim *sim = kafka->world->sim;
    int64_t offset = log_append_flagged(&kafka->storage->log[partition], PAYMENT_NONE, LOG_MARKER);
    SimTime at = sim_now(sim) + dist_draw(kafka->config->replicate, &kafka->marker_draws);
    sim_lane_push(sim, kafka->commit_lane[partition], at, SIM_PHASE_MESSAGE,
                  (SimEvent){.component = kafka->id,
                             .kind = KAFKA_COMMITTED,
                             .subject = PAYMENT_NONE,
                             .value = offset,
                             .tag = (uint16_t)partition,
                             .extra = NO_REQUEST});
    return offset;
}

static void on_stable_moved(void *cluster, uint32_t partition)
{
    wake_readers(cluster, partition, true);
}

/* ---- brokers ---- */

static void lose_waiting(Kafka *kafka, uint32_t partition, bool told)
{
    GArray *waiting = kafka->waiting[partition];
    for (guint i = 0; i < waiting->len; i++) {
        const SimEvent *event = &g_array_index(waiting, SimEvent, i);
        if (told)
            lose(kafka, event);
        else
            let_go(kafka, event->subject);
    }
    g_array_set_size(waiting, 0);
}

/* Its clients' connections break. What it had appended is on its disk. */
static void on_leader_lost(void *cluster, uint32_t partition)
{
    Kafka *kafka = cluster;
    sim_lane_clear(kafka->world->sim, kafka->commit_lane[partition]);
    lose_waiting(kafka, partition, sim_is_up(kafka->world->sim, kafka->id));
    forget_arrived(kafka, partition, 0);
}

/* The producer's records in the log from `end` on; markers have no number. */
static int64_t numbered_beyond(const Log *log, int64_t end)
{
    int64_t numbered = log->end - end;
    for (int64_t o = end; log->marked && o < log->end; o++)
        numbered -= (log_flags(log, o) & LOG_MARKER) != 0;
    return numbered;
}

static void on_cut(void *cluster, uint32_t partition, int64_t end)
{
    Kafka *kafka = cluster;
    World *world = kafka->world;
    sim_lane_clear(world->sim, kafka->commit_lane[partition]);
    lose_waiting(kafka, partition, sim_is_up(world->sim, kafka->id));
    if (kafka->storage->log[partition].end <= end)
        return;
    forget_arrived(kafka, partition, numbered_beyond(&kafka->storage->log[partition], end));
    int64_t lost = storage_cut(kafka->storage, partition, end, world->ledger);
    if (kafka->transactions)
        transactions_heed_cut(kafka->transactions, partition);
    if (lost > 0)
        story_platform(world->story, sim_now(world->sim),
                       "Kafka in %s elects a leader of partition %u that was not in sync: "
                       "%" G_GINT64_FORMAT " committed events are lost",
                       world->region_name[kafka->storage->region], partition, lost);
}

/* Too few are in sync now: it is in the log, and the producer hears an error all the same. */
static Status waited(const Kafka *kafka, const SimEvent *event)
{
    bool enough = !(kafka->trouble[event->tag] & PARTITION_SHORT);
    return enough || kafka->config->acks != ACKS_ALL ? STATUS_OK : STATUS_ERROR;
}

/* What no message is about any more, a new leader has had all along: it commits it. */
static void on_partition_changed(void *cluster, uint32_t partition)
{
    Kafka *kafka = cluster;
    Sim *sim = kafka->world->sim;
    if (!sim_is_up(sim, kafka->id))
        return;
    if (kafka->trouble[partition] & (PARTITION_OFFLINE | PARTITION_STALLED))
        return;
    GArray *waiting = kafka->waiting[partition];
    for (guint i = 0; i < waiting->len; i++) {
        const SimEvent *event = &g_array_index(waiting, SimEvent, i);
        commit(kafka, event, waited(kafka, event));
    }
    g_array_set_size(waiting, 0);
    if (sim_lane_length(sim, kafka->commit_lane[partition]) == 0)
        advance(kafka, partition, kafka->storage->log[partition].end);
    for (guint i = 0; i < kafka->fetchers->len; i++)
        wake(kafka, &g_array_index(kafka->fetchers, Fetcher, i));
}

/* Records below the high watermarks of the fetcher's partitions. Partitions without a leader do not
 * count, here as with the reader. */
static int64_t visible(const Kafka *kafka, const Fetcher *fetcher)
{
    const Storage *storage = kafka->storage;
    int64_t sum = 0;
    for (uint32_t p = fetcher->remainder; p < storage->partitions; p += fetcher->modulus)
        sum += fetcher->committed ? storage_stable(storage, p) : storage_visible(storage, p);
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

static void done(Kafka *kafka, uint64_t step)
{
    sim_link_send(kafka->to_failover, (SimEvent){.kind = MSG_DONE, .subject = step});
}

static void promote(Kafka *kafka, const SimEvent *event)
{
    if (kafka->role == KAFKA_ACTIVE) { /* it never knew that it was not */
        ledger_switch_log(kafka->world->ledger, kafka->storage->region);
        done(kafka, event->subject);
    }
    if (kafka->role != KAFKA_STANDBY)
        return;
    kafka->role = KAFKA_SWITCHING;
    sim_after(
        kafka->world->sim, event->value + kafka->storage->switch_delay, SIM_PHASE_MESSAGE,
        (SimEvent){.component = kafka->id, .kind = KAFKA_SWITCHED, .subject = event->subject});
}

/* Producers are refused at once; it is done when nothing is in flight any more. */
static void demote(Kafka *kafka, const SimEvent *event)
{
    World *world = kafka->world;
    if (kafka->role == KAFKA_SWITCHING)
        return;
    if (kafka->role == KAFKA_ACTIVE)
        story_platform(world->story, sim_now(world->sim),
                       "Kafka in %s refuses producers from now on",
                       world->region_name[kafka->storage->region]);
    kafka->role = KAFKA_STANDBY;
    kafka->storage->primary = false;
    sim_after(world->sim, event->value, SIM_PHASE_MESSAGE,
              (SimEvent){.component = kafka->id, .kind = KAFKA_DEMOTED, .subject = event->subject});
}

static bool in_flight(const Kafka *kafka)
{
    bool any =
        kafka->appending > 0 || (kafka->transactions && transactions_any_open(kafka->transactions));
    for (uint32_t p = 0; p < kafka->storage->partitions && !any; p++) {
        const Log *log = &kafka->storage->log[p];
        any = log->high_watermark < log->end && !kafka->storage->offline[p];
    }
    return any;
}

static void on_demoted(Sim *sim, void *self, const SimEvent *event)
{
    Kafka *kafka = self;
    if (in_flight(kafka))
        sim_after(sim, LOOK_AGAIN_AFTER, SIM_PHASE_MESSAGE, *event);
    else
        done(kafka, event->subject);
}

static void on_command(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    SIM_CHECK(event->tag == ACTION_SWITCH_KAFKA || event->tag == ACTION_DEMOTE_KAFKA ||
              event->tag == ACTION_REJOIN_KAFKA);
    if (event->tag == ACTION_SWITCH_KAFKA)
        promote(self, event);
    else
        demote(self, event);
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
    done(kafka, event->subject);
}

static void on_down(Sim *sim, void *self)
{
    (void)sim;
    Kafka *kafka = self;
    for (uint32_t p = 0; p < kafka->storage->partitions; p++)
        lose_waiting(kafka, p, false), forget_arrived(kafka, p, 0);
    kafka->appending = 0;
}

/* What the leaders had appended is on their disks: visible as soon as they are back. */
static void on_up(Sim *sim, void *self)
{
    (void)sim;
    Kafka *kafka = self;
    if (kafka->role == KAFKA_SWITCHING)
        kafka->role = KAFKA_STANDBY;
    for (uint32_t p = 0; p < kafka->storage->partitions; p++)
        if (!(kafka->trouble[p] & (PARTITION_OFFLINE | PARTITION_STALLED)))
            advance(kafka, p, kafka->storage->log[p].end);
    if (kafka->transactions)
        transactions_up(kafka->transactions);
    for (guint i = 0; i < kafka->fetchers->len; i++)
        wake(kafka, &g_array_index(kafka->fetchers, Fetcher, i));
}

static void on_dropped(Sim *sim, void *self, const SimEvent *event)
{
    Kafka *kafka = self;
    bool record = event->kind == KAFKA_APPENDED || event->kind == KAFKA_COMMITTED;
    bool cleared = sim_is_up(sim, kafka->id) && event->kind == KAFKA_COMMITTED &&
                   event->incarnation == sim_incarnation(sim, kafka->id);
    if (cleared || (record && kafka->client == KAFKA_CLIENT_TRIES_AGAIN))
        lose(kafka, event); /* cleared from its lane: the leader alone has died */
    else if (record)
        let_go(kafka, event->subject);
    else if (event->kind == MSG_PRODUCE)
        ignore(kafka, event);
    else
        message_dropped(sim, self, event);
}

static const SimHandler handlers[KAFKA_KINDS] = {
    [MSG_PRODUCE] = on_produce,       [MSG_FETCH] = on_fetch,
    [MSG_COMMAND] = on_command,       [KAFKA_APPENDED] = on_appended,
    [KAFKA_COMMITTED] = on_committed, [KAFKA_SWITCHED] = on_switched,
    [KAFKA_DEMOTED] = on_demoted,
};

static const SimType kafka_type = {.name = "kafka",
                                   .handlers = handlers,
                                   .handler_count = KAFKA_KINDS,
                                   .dropped = on_dropped,
                                   .down = on_down,
                                   .up = on_up};

Kafka *kafka_new(World *world, const KafkaConfig *config, Storage *storage)
{
    Kafka *kafka = g_new0(Kafka, 1);
    char *name = g_strdup_printf("%s.kafka", region_role[storage->region]);
    kafka->world = world;
    kafka->config = config;
    kafka->storage = storage;
    bool primary = config->both || storage->region == REGION_ACTIVE;
    kafka->role = primary ? KAFKA_ACTIVE : KAFKA_STANDBY;
    storage->primary = kafka->role == KAFKA_ACTIVE;
    kafka->id = sim_add(world->sim, &kafka_type, kafka, name);
    kafka->commit_lane = g_new(SimLane, storage->partitions);
    kafka->waiting = g_new(GArray *, storage->partitions);
    for (uint32_t p = 0; p < storage->partitions; p++) {
        kafka->commit_lane[p] = sim_lane_new(world->sim);
        kafka->waiting[p] = g_array_new(FALSE, FALSE, sizeof(SimEvent));
    }
    kafka->brokers = brokers_new(world, &config->brokers, storage, name,
                                 (BrokersHooks){.cluster = kafka,
                                                .leader_lost = on_leader_lost,
                                                .cut = on_cut,
                                                .changed = on_partition_changed});
    kafka->trouble = brokers_trouble(kafka->brokers);
    kafka->sequence = g_new0(Sequence, storage->partitions);
    kafka->fetchers = g_array_new(FALSE, FALSE, sizeof(Fetcher));
    kafka->append_draws = world_stream(world, name, "append");
    kafka->replicate_draws = world_stream(world, name, "replicate");
    kafka->marker_draws = world_stream(world, name, "replicate markers");
    g_free(name);
    return kafka;
}

void kafka_free(Kafka *kafka)
{
    if (!kafka)
        return;
    brokers_free(kafka->brokers);
    transactions_free(kafka->transactions);
    for (uint32_t p = 0; p < kafka->storage->partitions; p++)
        g_array_unref(kafka->waiting[p]);
    g_free(kafka->waiting);
    g_free(kafka->sequence);
    g_array_unref(kafka->fetchers);
    g_free(kafka->commit_lane);
    g_free(kafka);
}

SimComponent kafka_component(const Kafka *kafka)
{
    return kafka->id;
}

SimComponent kafka_broker_component(const Kafka *kafka, uint32_t broker)
{
    return brokers_component(kafka->brokers, broker);
}

SimComponent kafka_fetcher_component(const Kafka *kafka, uint32_t broker)
{
    return brokers_fetcher_component(kafka->brokers, broker);
}

SimComponent kafka_controller_component(const Kafka *kafka)
{
    return brokers_controller_component(kafka->brokers);
}

void kafka_connect(Kafka *kafka, SimLink *to_application, SimLink *to_failover)
{
    kafka->to_application = to_application;
    kafka->to_failover = to_failover;
}

void kafka_serve(Kafka *kafka, KafkaClient client, bool idempotent)
{
    kafka->client = client;
    kafka->idempotent = idempotent;
}

SimComponent kafka_transact(Kafka *kafka, SimTime timeout)
{
    TransactionsSetup setup = {.storage = kafka->storage,
                               .timeout = timeout,
                               .append = kafka->config->append,
                               .replicate = kafka->config->replicate,
                               .cluster = kafka->id,
                               .tells = kafka->client == KAFKA_CLIENT_TRIES_AGAIN,
                               .answers = kafka->to_application,
                               .owner = kafka,
                               .append_marker = append_marker,
                               .stable_moved = on_stable_moved};
    kafka->transactions =
        transactions_new(kafka->world, setup, sim_name(kafka->world->sim, kafka->id));
    return transactions_component(kafka->transactions);
}

KafkaFacts kafka_facts(const Kafka *kafka)
{
    KafkaFacts facts = kafka->facts;
    facts.transactions = transactions_facts(kafka->transactions);
    facts.leaked = kafka->storage->leaked;
    return facts;
}

uint32_t kafka_add_fetcher(Kafka *kafka, SimComponent reader, uint16_t tag, SimLink *link,
                           uint32_t modulus, uint32_t remainder, bool committed)
{
    Fetcher fetcher = {.reader = reader,
                       .committed = committed,
                       .tag = tag,
                       .link = link,
                       .modulus = modulus,
                       .remainder = remainder,
                       .parked = false};
    kafka->read_committed = kafka->read_committed || committed;
    g_array_append_val(kafka->fetchers, fetcher);
    return kafka->fetchers->len - 1;
}
