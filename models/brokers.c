#include "models/brokers.h"

#include "sim/check.h"

enum { BROKERS_FENCE, BROKERS_LAGGING, BROKERS_CAUGHT_UP, BROKERS_PREFER, BROKERS_KINDS };

#define NOBODY UINT8_MAX

typedef struct Broker {
    Brokers *brokers;
    SimComponent id, fetcher;
    uint32_t number;
    bool dead, hung, catching_up;
    bool fenced;        /* the controller has taken it out */
    bool fence_pending; /* its session will expire */
    uint32_t epoch;     /* raised whenever it begins or stops to follow */
    int64_t *end;       /* by partition: of its log, while it does not follow */
} Broker;

typedef struct Partition {
    uint32_t in_sync; /* bit per broker */
    uint8_t leader;   /* NOBODY: none is left in sync */
} Partition;

struct Brokers {
    World *world;
    const BrokersConfig *config;
    Storage *storage;
    BrokersHooks hooks;
    SimComponent timers, controller_id;
    uint32_t count, replicas;
    Broker *broker;
    Partition *partition;
    uint8_t *trouble;
    int64_t *replicated;      /* by partition: the followers that follow have what lies below */
    uint32_t controller;      /* combined: the broker that is the active controller */
    SimTime controller_since; /* a new one is elected at this time, and may be still to come */
    RandomStream session_draws, election_draws, lag_draws, prefer_draws;
};

static Log *log_of(const Brokers *brokers, uint32_t p)
{
    return &brokers->storage->log[p];
}

static bool is_replica(const Brokers *brokers, uint32_t p, uint32_t b)
{
    return (b + brokers->count - p % brokers->count) % brokers->count < brokers->replicas;
}

static bool follows(const Broker *broker)
{
    return !broker->dead && !broker->hung && !broker->catching_up;
}

/* Dead, or back and not yet registered. */
static bool gone(const Broker *broker)
{
    return broker->dead || broker->fence_pending;
}

static int64_t end_of(const Brokers *brokers, uint32_t p, const Broker *broker)
{
    if (!follows(broker))
        return broker->end[p];
    return MAX(log_of(brokers, p)->high_watermark, brokers->replicated[p]);
}

static bool is_led(const Brokers *brokers, uint32_t p)
{
    uint8_t leader = brokers->partition[p].leader;
    return leader != NOBODY && !gone(&brokers->broker[leader]);
}

static int in_sync_count(const Partition *partition)
{
    return __builtin_popcount(partition->in_sync);
}

static void timer(Brokers *brokers, SimTime delay, uint16_t kind, const Broker *broker)
{
    sim_after(brokers->world->sim, delay, SIM_PHASE_MESSAGE,
              (SimEvent){.component = brokers->timers,
                         .kind = kind,
                         .subject = broker->number,
                         .extra = broker->epoch});
}

/* ---- a partition's trouble ---- */

static bool stalled(const Brokers *brokers, const Partition *partition)
{
    for (uint32_t b = 0; b < brokers->count; b++)
        if (partition->in_sync & 1u << b && b != partition->leader && !follows(&brokers->broker[b]))
            return true;
    return false;
}

static void judge(Brokers *brokers, uint32_t p)
{
    const Partition *partition = &brokers->partition[p];
    uint8_t trouble = 0;
    if (!is_led(brokers, p))
        trouble |= PARTITION_OFFLINE;
    if (stalled(brokers, partition))
        trouble |= PARTITION_STALLED;
    if (in_sync_count(partition) < brokers->config->min_in_sync)
        trouble |= PARTITION_SHORT;
    brokers->trouble[p] = trouble;
    storage_set_offline(brokers->storage, p, trouble & PARTITION_OFFLINE);
    brokers->hooks.changed(brokers->hooks.cluster, p);
}

/* An unclean election goes back to the end of a replica that stopped: keep what lies beyond. */
static void keep_from(Brokers *brokers, uint32_t p)
{
    int64_t keep = INT64_MAX;
    for (uint32_t b = 0; brokers->config->unclean && b < brokers->count; b++)
        if (is_replica(brokers, p, b) && !follows(&brokers->broker[b]))
            keep = MIN(keep, brokers->broker[b].end[p]);
    brokers->storage->keep[p] = keep;
}

static void judge_all(Brokers *brokers)
{
    for (uint32_t p = 0; p < brokers->storage->partitions; p++) {
        keep_from(brokers, p);
        judge(brokers, p);
    }
}

/* ---- elections ---- */

static void lead(Brokers *brokers, uint32_t p, uint32_t b)
{
    Partition *partition = &brokers->partition[p];
    partition->leader = (uint8_t)b;
    int64_t end = end_of(brokers, p, &brokers->broker[b]);
    for (uint32_t other = 0; other < brokers->count; other++)
        if (!follows(&brokers->broker[other]))
            brokers->broker[other].end[p] = MIN(brokers->broker[other].end[p], end);
    brokers->replicated[p] = MIN(brokers->replicated[p], end);
    brokers->hooks.cut(brokers->hooks.cluster, p, end);
}

static uint32_t candidate(const Brokers *brokers, uint32_t p, uint32_t among)
{
    for (uint32_t r = 0; r < brokers->replicas; r++) {
        uint32_t b = (p + r) % brokers->count;
        const Broker *broker = &brokers->broker[b];
        if (among & 1u << b && !gone(broker) && !broker->fenced)
            return b;
    }
    return NOBODY;
}

static void elect(Brokers *brokers, uint32_t p)
{
    Partition *partition = &brokers->partition[p];
    uint32_t b = candidate(brokers, p, partition->in_sync);
    if (b == NOBODY && brokers->config->unclean) {
        b = candidate(brokers, p, UINT32_MAX);
        if (b != NOBODY)
            partition->in_sync = 1u << b;
    }
    partition->leader = NOBODY;
    if (b != NOBODY)
        lead(brokers, p, b);
}

/* The last one in sync stays: only it has everything. */
static void leave_in_sync(Partition *partition, uint32_t b)
{
    if (partition->in_sync & ~(1u << b))
        partition->in_sync &= ~(1u << b);
}

/* ---- a broker stops and begins to follow ---- */

static void stop_following(Broker *broker)
{
    Brokers *brokers = broker->brokers;
    bool followed = follows(broker);
    broker->epoch++;
    for (uint32_t p = 0; followed && p < brokers->storage->partitions; p++)
        broker->end[p] = MAX(log_of(brokers, p)->high_watermark, brokers->replicated[p]);
}

/* Cut to the leaders' logs, then fetch what is missing. */
static void catch_up(Broker *broker)
{
    Brokers *brokers = broker->brokers;
    double behind = 0;
    for (uint32_t p = 0; p < brokers->storage->partitions; p++) {
        int64_t high_watermark = log_of(brokers, p)->high_watermark;
        broker->end[p] = MIN(broker->end[p], high_watermark);
        if (is_replica(brokers, p, broker->number))
            behind += (double)(high_watermark - broker->end[p]);
    }
    broker->catching_up = true;
    broker->epoch++;
    double needed = behind / brokers->config->catch_up * 1e9;
    timer(brokers, (SimTime)MIN(needed, (double)SIM_TIME_LONGEST), BROKERS_CAUGHT_UP, broker);
}

static void on_caught_up(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Brokers *brokers = self;
    Broker *broker = &brokers->broker[event->subject];
    if (broker->epoch != event->extra || broker->hung)
        return;
    broker->catching_up = false;
    for (uint32_t p = 0; p < brokers->storage->partitions; p++)
        if (is_led(brokers, p) && is_replica(brokers, p, broker->number))
            brokers->partition[p].in_sync |= 1u << broker->number;
    judge_all(brokers);
    double phase = random_uniform(&brokers->prefer_draws);
    timer(brokers, (SimTime)(phase * (double)brokers->config->leader_rebalance), BROKERS_PREFER,
          broker);
}

/* Leadership goes back in order: nothing is lost. */
static void on_prefer(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Brokers *brokers = self;
    Broker *broker = &brokers->broker[event->subject];
    if (broker->epoch != event->extra)
        return;
    for (uint32_t p = broker->number; p < brokers->storage->partitions; p += brokers->count) {
        Partition *partition = &brokers->partition[p];
        if (partition->in_sync & 1u << broker->number && brokers->trouble[p] == 0)
            partition->leader = (uint8_t)broker->number;
    }
}

/* ---- the controller ---- */

static void elect_controller(Brokers *brokers)
{
    SimTime now = sim_now(brokers->world->sim);
    SimTime takes = dist_draw(brokers->config->controller_election, &brokers->election_draws);
    brokers->controller_since = now + takes;
    for (uint32_t i = 1; i < brokers->count; i++) {
        uint32_t b = (brokers->controller + i) % brokers->count;
        if (brokers->broker[b].dead)
            continue;
        brokers->controller = b;
        break;
    }
}

static void await_session(Broker *broker)
{
    Brokers *brokers = broker->brokers;
    const BrokersConfig *config = brokers->config;
    double since_heartbeat = random_uniform(&brokers->session_draws) * (double)config->heartbeat;
    broker->fence_pending = true;
    timer(brokers, MAX(config->session_timeout - (SimTime)since_heartbeat, 0), BROKERS_FENCE,
          broker);
}

static void register_again(Broker *broker)
{
    Brokers *brokers = broker->brokers;
    broker->fenced = false;
    broker->catching_up = true; /* its logs end where they ended */
    for (uint32_t p = 0; p < brokers->storage->partitions; p++) {
        Partition *partition = &brokers->partition[p];
        bool eligible = partition->in_sync & 1u << broker->number || brokers->config->unclean;
        if (partition->leader == NOBODY && eligible && is_replica(brokers, p, broker->number)) {
            partition->in_sync = 1u << broker->number;
            lead(brokers, p, broker->number);
        }
    }
    catch_up(broker);
}

static void on_fence(Sim *sim, void *self, const SimEvent *event)
{
    Brokers *brokers = self;
    Broker *broker = &brokers->broker[event->subject];
    SimTime renewed = brokers->controller_since + brokers->config->session_timeout;
    if (brokers->controller_since > 0 && sim_now(sim) < renewed) {
        timer(brokers, renewed - sim_now(sim), BROKERS_FENCE, broker);
        return;
    }
    broker->fence_pending = false;
    broker->fenced = true;
    for (uint32_t p = 0; p < brokers->storage->partitions; p++) {
        Partition *partition = &brokers->partition[p];
        leave_in_sync(partition, broker->number);
        if (partition->leader == broker->number)
            elect(brokers, p);
    }
    story_platform(brokers->world->story, sim_now(sim),
                   "Kafka in %s takes broker %u out; replicas in sync lead its partitions",
                   brokers->world->region_name[brokers->storage->region], broker->number);
    if (!broker->dead)
        register_again(broker);
    judge_all(brokers);
}

static void on_lagging(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Brokers *brokers = self;
    Broker *broker = &brokers->broker[event->subject];
    if (broker->epoch != event->extra)
        return;
    for (uint32_t p = 0; p < brokers->storage->partitions; p++)
        if (brokers->partition[p].leader != broker->number && !brokers->storage->offline[p])
            leave_in_sync(&brokers->partition[p], broker->number);
    judge_all(brokers);
}

static const SimHandler timer_handlers[BROKERS_KINDS] = {
    [BROKERS_FENCE] = on_fence,
    [BROKERS_LAGGING] = on_lagging,
    [BROKERS_CAUGHT_UP] = on_caught_up,
    [BROKERS_PREFER] = on_prefer,
};
static const SimType timers_type = {
    .name = "brokers", .handlers = timer_handlers, .handler_count = BROKERS_KINDS};

/* ---- faults ---- */

static void on_broker_down(Sim *sim, void *self)
{
    (void)sim;
    Broker *broker = self;
    Brokers *brokers = broker->brokers;
    stop_following(broker);
    broker->dead = true;
    broker->catching_up = false;
    for (uint32_t p = 0; p < brokers->storage->partitions; p++) {
        if (brokers->partition[p].leader != broker->number)
            continue;
        broker->end[p] = log_of(brokers, p)->end;
        brokers->hooks.leader_lost(brokers->hooks.cluster, p);
    }
    if (!broker->fence_pending && !broker->fenced)
        await_session(broker);
    if (brokers->config->controllers == 1 && brokers->controller == broker->number)
        elect_controller(brokers);
    judge_all(brokers);
}

static void on_broker_up(Sim *sim, void *self)
{
    (void)sim;
    Broker *broker = self;
    broker->dead = false;
    if (broker->fenced)
        register_again(broker);
    else
        broker->catching_up = true; /* until its old session has expired */
    judge_all(broker->brokers);
}

static const SimType broker_type = {.name = "broker", .down = on_broker_down, .up = on_broker_up};

static void on_fetcher_down(Sim *sim, void *self)
{
    (void)sim;
    Broker *broker = self;
    Brokers *brokers = broker->brokers;
    stop_following(broker);
    broker->hung = true;
    double more = random_uniform(&brokers->lag_draws) / 2;
    timer(brokers, (SimTime)((double)brokers->config->lag_time_max * (1 + more)), BROKERS_LAGGING,
          broker);
    judge_all(brokers);
}

static void on_fetcher_up(Sim *sim, void *self)
{
    (void)sim;
    Broker *broker = self;
    broker->hung = false;
    if (!broker->dead && !broker->fence_pending)
        catch_up(broker);
    judge_all(broker->brokers);
}

static const SimType fetcher_type = {
    .name = "replica-fetcher", .down = on_fetcher_down, .up = on_fetcher_up};

static void on_controller_down(Sim *sim, void *self)
{
    (void)sim;
    elect_controller(self);
}

static const SimType controller_type = {.name = "controller", .down = on_controller_down};

/* ---- making ---- */

static void add_broker(Brokers *brokers, uint32_t b, const char *name)
{
    Broker *broker = &brokers->broker[b];
    Sim *sim = brokers->world->sim;
    char *text = g_strdup_printf("%s.broker-%u", name, b);
    char *fetcher = g_strdup_printf("%s.fetcher", text);
    *broker = (Broker){.brokers = brokers,
                       .number = b,
                       .id = sim_add(sim, &broker_type, broker, text),
                       .fetcher = sim_add(sim, &fetcher_type, broker, fetcher),
                       .end = g_new0(int64_t, brokers->storage->partitions)};
    g_free(text);
    g_free(fetcher);
}

static void add_components(Brokers *brokers, const char *name)
{
    Sim *sim = brokers->world->sim;
    char *timers = g_strdup_printf("%s.brokers", name);
    char *controller = g_strdup_printf("%s.controller", name);
    brokers->timers = sim_add(sim, &timers_type, brokers, timers);
    brokers->controller_id = sim_add(sim, &controller_type, brokers, controller);
    for (uint32_t b = 0; b < brokers->count; b++)
        add_broker(brokers, b, name);
    g_free(timers);
    g_free(controller);
}

Brokers *brokers_new(World *world, const BrokersConfig *config, Storage *storage, const char *name,
                     BrokersHooks hooks)
{
    Brokers *brokers = g_new0(Brokers, 1);
    brokers->world = world;
    brokers->config = config;
    brokers->storage = storage;
    brokers->hooks = hooks;
    brokers->count = (uint32_t)config->count;
    brokers->replicas = (uint32_t)MIN(config->replication_factor, config->count);
    brokers->controller = brokers->count - 1;
    brokers->broker = g_new0(Broker, brokers->count);
    brokers->partition = g_new0(Partition, storage->partitions);
    brokers->trouble = g_new0(uint8_t, storage->partitions);
    brokers->replicated = g_new0(int64_t, storage->partitions);
    add_components(brokers, name);
    for (uint32_t p = 0; p < storage->partitions; p++) {
        brokers->partition[p].leader = (uint8_t)(p % brokers->count);
        for (uint32_t r = 0; r < brokers->replicas; r++)
            brokers->partition[p].in_sync |= 1u << (p + r) % brokers->count;
    }
    brokers->session_draws = world_stream(world, name, "session");
    brokers->election_draws = world_stream(world, name, "controller election");
    brokers->lag_draws = world_stream(world, name, "lag check");
    brokers->prefer_draws = world_stream(world, name, "preferred leader");
    return brokers;
}

void brokers_free(Brokers *brokers)
{
    if (!brokers)
        return;
    for (uint32_t b = 0; b < brokers->count; b++)
        g_free(brokers->broker[b].end);
    g_free(brokers->broker);
    g_free(brokers->partition);
    g_free(brokers->trouble);
    g_free(brokers->replicated);
    g_free(brokers);
}

void brokers_replicated(Brokers *brokers, uint32_t partition, int64_t offset)
{
    brokers->replicated[partition] = offset;
}

const uint8_t *brokers_trouble(const Brokers *brokers)
{
    return brokers->trouble;
}

SimComponent brokers_component(const Brokers *brokers, uint32_t broker)
{
    SIM_CHECK(broker < brokers->count);
    return brokers->broker[broker].id;
}

SimComponent brokers_fetcher_component(const Brokers *brokers, uint32_t broker)
{
    SIM_CHECK(broker < brokers->count);
    return brokers->broker[broker].fetcher;
}

SimComponent brokers_controller_component(const Brokers *brokers)
{
    return brokers->controller_id;
}
