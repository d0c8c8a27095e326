#include "models/consumers.h"

#include "models/gray.h"
#include "sim/check.h"

typedef enum GroupState { GROUP_IDLE, GROUP_HELD, GROUP_ACTIVE } GroupState;

enum { CONS_BATCH = MSG_KINDS, CONS_COMMIT, CONS_ACTIVATED, CONS_POLL, CONS_KINDS };

static const SimTime FETCH_MAX_WAIT = 500 * SIM_MS; /* fetch.max.wait.ms */

typedef struct Instance {
    uint32_t group, number, of, fetcher;
    uint32_t next_share; /* where the next batch begins: partitions take turns */
    bool busy;
    bool polling; /* asks again when its long poll ends */
} Instance;

struct Consumers {
    World *world;
    const ConsumerConfig *config; /* by group */
    uint32_t groups;
    Storage *storage;
    SimComponent id;
    ConsumersLinks link;
    Readiness readiness; /* passive region */
    GroupState state;
    bool activating, activated; /* by the runbook */
    GArray *instances;
    int64_t *position[LEDGER_GROUPS]; /* next offset to read, by partition */
    int64_t *claimed[LEDGER_GROUPS];  /* records in the batch at work, by partition */
    int64_t *goal;                    /* by partition: the backlog found when taking over */
    uint64_t behind;                  /* group-partitions that have not reached their goal */
    RandomStream service_draws[LEDGER_GROUPS], phase_draws;
};

static Instance *instance_at(const Consumers *consumers, uint64_t i)
{
    return &g_array_index(consumers->instances, Instance, i);
}

/* ---- reading ---- */

static int64_t claim(Consumers *consumers, Instance *instance)
{
    uint32_t g = instance->group, partitions = consumers->storage->partitions;
    uint32_t count = (partitions - 1 - instance->number) / instance->of + 1;
    uint32_t first = instance->next_share;
    int64_t limit = consumers->config[g].max_poll_records, taken = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t share = (first + i) % count;
        uint32_t p = instance->number + share * instance->of;
        int64_t ready = storage_visible(consumers->storage, p) - consumers->position[g][p];
        int64_t n = CLAMP(ready, 0, limit - taken);
        consumers->claimed[g][p] = n;
        taken += n;
        if (n > 0)
            instance->next_share = share + 1;
    }
    return taken;
}

/* The mirror writes to the logs of its target past the cluster, which therefore wakes nobody. */
static void poll_again(Consumers *consumers, uint32_t i)
{
    Instance *instance = instance_at(consumers, i);
    if (instance->polling)
        return;
    instance->polling = true;
    sim_after(consumers->world->sim, FETCH_MAX_WAIT, SIM_PHASE_MESSAGE,
              (SimEvent){.component = consumers->id, .kind = CONS_POLL, .subject = i});
}

static void park(Consumers *consumers, uint32_t i)
{
    if (!consumers->storage->primary) {
        poll_again(consumers, i);
        return;
    }
    const Instance *instance = instance_at(consumers, i);
    int64_t seen = 0;
    for (uint32_t p = instance->number; p < consumers->storage->partitions; p += instance->of)
        seen += consumers->storage->offline[p] ? 0 : consumers->position[instance->group][p];
    sim_link_send(consumers->link.to_kafka, (SimEvent){.component = consumers->link.kafka,
                                                       .kind = MSG_FETCH,
                                                       .subject = instance->fetcher,
                                                       .value = seen});
}

static void read_more(Consumers *consumers, uint32_t i)
{
    Instance *instance = instance_at(consumers, i);
    bool connected = sim_is_up(consumers->world->sim, consumers->link.kafka);
    int64_t records = connected ? claim(consumers, instance) : 0;
    if (records == 0) {
        park(consumers, i);
        return;
    }
    instance->busy = true;
    SimTime each = dist_draw(consumers->config[instance->group].service,
                             &consumers->service_draws[instance->group]);
    each = gray_time(consumers->world, consumers->id, each);
    each = MIN(each, SIM_TIME_LONGEST / records);
    sim_after(consumers->world->sim, each * records, SIM_PHASE_MESSAGE,
              (SimEvent){.component = consumers->id, .kind = CONS_BATCH, .subject = i});
}

static void on_records(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Consumers *consumers = self;
    if (consumers->state == GROUP_ACTIVE && !instance_at(consumers, event->tag)->busy)
        read_more(consumers, event->tag);
}

static void on_poll(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Consumers *consumers = self;
    uint32_t i = (uint32_t)event->subject;
    instance_at(consumers, i)->polling = false;
    if (!instance_at(consumers, i)->busy)
        read_more(consumers, i);
}

/* ---- acting ---- */

static void act(Consumers *consumers, uint32_t g, PaymentRef ref)
{
    World *world = consumers->world;
    const Payment *payment = ledger_get(world->ledger, ref);
    const char *name = consumers->config[g].name;
    if (payment->effects[g] > 0 && consumers->config[g].idempotent) {
        ledger_suppressed(world->ledger, payment->counted);
        return;
    }
    story_payment(world->story, world->ledger, ref, sim_now(world->sim), "%s acts on it in %s%s",
                  name, world->region_name[consumers->storage->region],
                  payment->effects[g] > 0 ? ", again" : "");
    ledger_effect(world->ledger, ref, g);
}

/* Records below the log's base are settled: every group has acted on each of them once. */
static int64_t act_on_settled(Consumers *consumers, uint32_t g, int64_t from, int64_t to)
{
    if (to <= from)
        return from;
    if (consumers->config[g].idempotent)
        ledger_suppressed(consumers->world->ledger, (uint64_t)(to - from));
    else
        ledger_replayed(consumers->world->ledger, (uint64_t)(to - from));
    return to;
}

static void reach(Consumers *consumers, uint32_t partition, int64_t before, int64_t after)
{
    if (consumers->behind == 0)
        return;
    int64_t goal = consumers->goal[partition];
    if (before < goal && after >= goal && --consumers->behind == 0)
        consumers->world->recovery->consumers_drained_at = sim_now(consumers->world->sim);
}

static void on_batch(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Consumers *consumers = self;
    Instance *instance = instance_at(consumers, event->subject);
    uint32_t g = instance->group;
    for (uint32_t p = instance->number; p < consumers->storage->partitions; p += instance->of) {
        Log *log = &consumers->storage->log[p];
        int64_t from = consumers->position[g][p], to = from + consumers->claimed[g][p];
        for (int64_t o = act_on_settled(consumers, g, from, MIN(to, log->base)); o < to; o++)
            act(consumers, g, log_at(log, o));
        consumers->position[g][p] = to;
        reach(consumers, p, from, to);
    }
    instance->busy = false;
    read_more(consumers, (uint32_t)event->subject);
}

static void on_commit(Sim *sim, void *self, const SimEvent *event)
{
    Consumers *consumers = self;
    uint32_t g = (uint32_t)event->subject;
    if (sim_is_up(sim, consumers->link.kafka)) {
        for (uint32_t p = 0; p < consumers->storage->partitions; p++) {
            consumers->storage->committed[g][p] = consumers->position[g][p];
            storage_trim(consumers->storage, p, consumers->world->ledger);
        }
    }
    sim_after(sim, consumers->config[g].commit_interval, SIM_PHASE_MESSAGE, *event);
}

/* ---- starting ---- */

static int64_t start_offset(const Consumers *consumers, uint32_t g, uint32_t p)
{
    int64_t committed = consumers->storage->committed[g][p];
    if (committed != OFFSET_NONE)
        return committed;
    return consumers->config[g].start == START_EARLIEST ? 0
                                                        : consumers->storage->log[p].high_watermark;
}

/* Partitions are assigned: positions are fixed now, and committed from now on, also by groups that
 * do not read. */
static void assign(Consumers *consumers)
{
    for (uint32_t g = 0; g < consumers->groups; g++) {
        for (uint32_t p = 0; p < consumers->storage->partitions; p++)
            consumers->position[g][p] = start_offset(consumers, g, p);
        SimTime interval = consumers->config[g].commit_interval;
        SimTime phase = (SimTime)(random_uniform(&consumers->phase_draws) * (double)interval);
        sim_after(consumers->world->sim, phase, SIM_PHASE_MESSAGE,
                  (SimEvent){.component = consumers->id, .kind = CONS_COMMIT, .subject = g});
    }
}

static void read_all(Consumers *consumers)
{
    consumers->state = GROUP_ACTIVE;
    consumers->storage->consumed_here = true;
    consumers->storage->has_members = true;
    for (guint i = 0; i < consumers->instances->len; i++) {
        instance_at(consumers, i)->busy = false;
        instance_at(consumers, i)->polling = false;
        read_more(consumers, i);
    }
}

static void run_groups(Consumers *consumers)
{
    assign(consumers);
    read_all(consumers);
}

static uint64_t count_behind(const Consumers *consumers)
{
    uint64_t behind = 0;
    for (uint32_t p = 0; p < consumers->storage->partitions; p++)
        for (uint32_t g = 0; g < consumers->groups; g++)
            behind += consumers->position[g][p] < consumers->goal[p];
    return behind;
}

/* What waits when a group takes over is the backlog whose draining rto.consumers measures. */
static void set_goals(Consumers *consumers)
{
    Recovery *recovery = consumers->world->recovery;
    for (uint32_t p = 0; p < consumers->storage->partitions; p++)
        consumers->goal[p] = consumers->storage->log[p].high_watermark;
    consumers->behind = count_behind(consumers);
    recovery->consumers_resumed = true;
    if (consumers->behind == 0)
        recovery->consumers_drained_at = sim_now(consumers->world->sim);
}

static void on_command(Sim *sim, void *self, const SimEvent *event)
{
    Consumers *consumers = self;
    SIM_CHECK(event->tag == ACTION_RESUME_CONSUMERS);
    if (consumers->activated)
        sim_link_send(consumers->link.to_failover,
                      (SimEvent){.kind = MSG_DONE, .subject = event->subject});
    if (consumers->activated || consumers->activating)
        return;
    consumers->activating = true;
    sim_after(
        sim, event->value + readiness_activation(&consumers->readiness), SIM_PHASE_MESSAGE,
        (SimEvent){.component = consumers->id, .kind = CONS_ACTIVATED, .subject = event->subject});
}

static void on_activated(Sim *sim, void *self, const SimEvent *event)
{
    Consumers *consumers = self;
    World *world = consumers->world;
    consumers->activated = true;
    story_platform(world->story, sim_now(sim), "the consumers in %s %s",
                   world->region_name[consumers->storage->region],
                   consumers->readiness.strategy->wakes);
    if (consumers->state == GROUP_IDLE)
        run_groups(consumers);
    else if (consumers->state == GROUP_HELD)
        read_all(consumers);
    set_goals(consumers);
    sim_link_send(consumers->link.to_failover,
                  (SimEvent){.kind = MSG_DONE, .subject = event->subject});
}

static void on_down(Sim *sim, void *self)
{
    (void)sim;
    ((Consumers *)self)->activating = false;
}

static void on_up(Sim *sim, void *self)
{
    (void)sim;
    Consumers *consumers = self;
    if (consumers->state == GROUP_HELD)
        assign(consumers);
    if (consumers->state != GROUP_ACTIVE)
        return;
    run_groups(consumers);
    if (consumers->behind > 0) /* back at the committed offsets: some goals are ahead again */
        consumers->behind = count_behind(consumers);
}

static const SimHandler handlers[CONS_KINDS] = {
    [MSG_RECORDS] = on_records, [MSG_COMMAND] = on_command, [CONS_BATCH] = on_batch,
    [CONS_COMMIT] = on_commit,  [CONS_POLL] = on_poll,      [CONS_ACTIVATED] = on_activated,
};

static const SimType consumers_type = {.name = "consumers",
                                       .handlers = handlers,
                                       .handler_count = CONS_KINDS,
                                       .dropped = message_dropped,
                                       .down = on_down,
                                       .up = on_up};

/* ---- making ---- */

static void add_group(Consumers *consumers, uint32_t g, const char *component)
{
    const ConsumerConfig *config = &consumers->config[g];
    uint32_t partitions = consumers->storage->partitions;
    uint32_t of = (uint32_t)MIN(config->instances, (int64_t)partitions);
    for (uint32_t i = 0; i < of; i++) {
        Instance instance = {.group = g, .number = i, .of = of};
        g_array_append_val(consumers->instances, instance);
    }
    consumers->position[g] = g_new0(int64_t, partitions);
    consumers->claimed[g] = g_new0(int64_t, partitions);
    char *purpose = g_strdup_printf("service %s", config->name);
    consumers->service_draws[g] = world_stream(consumers->world, component, purpose);
    g_free(purpose);
}

Consumers *consumers_new(World *world, const ConsumerConfig *config, uint32_t groups,
                         Storage *storage)
{
    Consumers *consumers = g_new0(Consumers, 1);
    char *name = g_strdup_printf("%s.consumers", region_role[storage->region]);
    consumers->world = world;
    consumers->config = config;
    consumers->groups = groups;
    consumers->storage = storage;
    consumers->id = sim_add(world->sim, &consumers_type, consumers, name);
    consumers->instances = g_array_new(FALSE, FALSE, sizeof(Instance));
    consumers->goal = g_new0(int64_t, storage->partitions);
    consumers->phase_draws = world_stream(world, name, "phase");
    for (uint32_t g = 0; g < groups; g++)
        add_group(consumers, g, name);
    g_free(name);
    return consumers;
}

void consumers_free(Consumers *consumers)
{
    if (!consumers)
        return;
    for (uint32_t g = 0; g < consumers->groups; g++) {
        g_free(consumers->position[g]);
        g_free(consumers->claimed[g]);
    }
    g_free(consumers->goal);
    g_array_unref(consumers->instances);
    g_free(consumers);
}

SimComponent consumers_component(const Consumers *consumers)
{
    return consumers->id;
}

void consumers_connect(Consumers *consumers, ConsumersLinks links)
{
    consumers->link = links;
}

uint32_t consumers_instances(const Consumers *consumers)
{
    return consumers->instances->len;
}

void consumers_instance_share(const Consumers *consumers, uint32_t instance, uint32_t *modulus,
                              uint32_t *remainder)
{
    *modulus = instance_at(consumers, instance)->of;
    *remainder = instance_at(consumers, instance)->number;
}

void consumers_set_fetcher(Consumers *consumers, uint32_t instance, uint32_t fetcher)
{
    instance_at(consumers, instance)->fetcher = fetcher;
}

void consumers_start(Consumers *consumers)
{
    run_groups(consumers);
}

void consumers_stand_by(Consumers *consumers, const ReadinessConfig *config)
{
    Readiness *readiness = &consumers->readiness;
    readiness_init(readiness, config, consumers->world, "passive.consumers");
    consumers->storage->has_members = readiness->strategy->blocks_sync;
    if (readiness->strategy->position == FROM_THE_START)
        run_groups(consumers);
    if (readiness->strategy->position == FROM_ASSIGNMENT) {
        consumers->state = GROUP_HELD;
        assign(consumers);
    }
}

static void mark_unread(const Consumers *consumers, uint32_t g, uint32_t p)
{
    const Log *log = &consumers->storage->log[p];
    /* Groups without members will begin there. */
    int64_t next =
        consumers->state == GROUP_IDLE ? start_offset(consumers, g, p) : consumers->position[g][p];
    for (int64_t o = MAX(next, log->base); o < log->high_watermark; o++)
        ledger_get(consumers->world->ledger, log_at(log, o))->unread |= (uint8_t)(1u << g);
}

void consumers_mark_unread(const Consumers *consumers)
{
    for (uint32_t g = 0; g < consumers->groups; g++)
        for (uint32_t p = 0; p < consumers->storage->partitions; p++)
            mark_unread(consumers, g, p);
}

static const char *const start_choices[] = {"latest", "earliest", NULL};

#define AT(member) offsetof(ConsumerConfig, member)
static const ParamSpec specs[] = {
    {.key = "name",
     .type = PARAM_TEXT,
     .offset = AT(name),
     .text = "The consumer group's name.",
     .source = ""},
    {.key = "service",
     .type = PARAM_DIST,
     .offset = AT(service),
     .fallback = "2ms",
     .text = "Time to act on one record (one draw for each batch).",
     .source = "ours: calibrate"},
    {.key = "instances",
     .type = PARAM_COUNT,
     .offset = AT(instances),
     .fallback = "1",
     .min = 1,
     .max = PARTITIONS_MAX,
     .text = "Processes that share the partitions; more than there are partitions stay idle.",
     .source = ""},
    {.key = "max_poll_records",
     .type = PARAM_COUNT,
     .offset = AT(max_poll_records),
     .fallback = "500",
     .min = 1,
     .max = 1e6,
     .text = "Most records that one poll returns.",
     .source = "Kafka consumer configuration: max.poll.records 500"},
    {.key = "commit_interval",
     .type = PARAM_TIME,
     .offset = AT(commit_interval),
     .fallback = "5s",
     .min = 0.001,
     .max = 86400,
     .text = "How often positions are committed.",
     .source = "Kafka consumer configuration: auto.commit.interval.ms 5000"},
    {.key = "start",
     .type = PARAM_CHOICE,
     .offset = AT(start),
     .fallback = "latest",
     .choices = start_choices,
     .text = "Where a group without a committed offset begins: latest skips what it has not read, "
             "earliest reads everything again.",
     .source = "Kafka consumer configuration: auto.offset.reset latest"},
    {.key = "idempotent",
     .type = PARAM_FLAG,
     .offset = AT(idempotent),
     .fallback = "no",
     .text = "Whether repeats are harmless. yes: the group recognises a payment that it has acted "
             "on, in either region, and skips "
             "it (its memory is taken to survive).",
     .source = "article: idempotent consumers, so that replays cause no duplicates"},
};
#undef AT

const ParamTable consumer_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(ConsumerConfig)};
