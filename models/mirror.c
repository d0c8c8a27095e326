#include "models/mirror.h"

#include "models/offset_sync.h"
#include "sim/check.h"

enum {
    MIRROR_DELIVER = MSG_KINDS,
    MIRROR_POLL,
    MIRROR_RETRY,
    MIRROR_FLUSH,
    MIRROR_CHECKPOINT,
    MIRROR_SYNC,
    MIRROR_KINDS
};

static const SimTime PRODUCE_AGAIN_AFTER = SIM_SEC; /* Connect retries for ever */

/* Records [from, to) of one partition, on their way in a batch. */
typedef struct Range {
    uint32_t partition;
    int64_t from, to;
} Range;

typedef struct Task {
    uint32_t number, fetcher;
    GQueue ranges;  /* Range*, in the order polled */
    uint32_t epoch; /* raised when what is in hand is given up */
    SimTime departed;
    SimLane lane;
    uint32_t next_share; /* where the next batch begins: partitions take turns */
    int64_t due;         /* ranges that should be in the target by now */
    bool blocked;        /* the target cannot be reached: retrying, not polling */
    bool resting;        /* between two polls */
    bool stopped;        /* the target has become the primary */
} Task;

struct Mirror {
    World *world;
    const MirrorConfig *config;
    Storage *source, *target;
    SimComponent id;
    MirrorLinks link;
    Task *task;
    int64_t *polled, *delivered; /* by partition: next source offset to poll, to be written */
    OffsetSyncWriter *writer;    /* by partition */
    OffsetSyncStore *store;      /* by partition */
    int64_t *checkpoint[LEDGER_GROUPS]; /* translated offsets, by partition; OFFSET_NONE */
    SimTime run_latency;
    RandomStream latency_draws, poll_draws, phase_draws;
};

static bool source_reachable(const Mirror *mirror)
{
    const Sim *sim = mirror->world->sim;
    return sim_is_up(sim, mirror->link.source_kafka) &&
           (mirror->config->runs_in == REGION_ACTIVE ||
            sim_is_up(sim, sim_link_component(mirror->link.wan)));
}

static bool target_reachable(const Mirror *mirror)
{
    const Sim *sim = mirror->world->sim;
    return sim_is_up(sim, mirror->link.target_kafka) &&
           (mirror->config->runs_in == REGION_PASSIVE ||
            sim_is_up(sim, sim_link_component(mirror->link.wan)));
}

/* ---- the task loop ---- */

static void fetch(Mirror *mirror, Task *task)
{
    int64_t seen = 0;
    for (uint32_t p = task->number; p < mirror->source->partitions;
         p += (uint32_t)mirror->config->tasks)
        seen += mirror->polled[p];
    sim_link_send(mirror->link.to_source, (SimEvent){.component = mirror->link.source_kafka,
                                                     .kind = MSG_FETCH,
                                                     .subject = task->fetcher,
                                                     .value = seen});
}

/* Partitions of one task: number, number + tasks, … */
static uint32_t shares(const Mirror *mirror, const Task *task)
{
    uint32_t tasks = (uint32_t)mirror->config->tasks;
    uint32_t partitions = mirror->source->partitions;
    return task->number < partitions ? (partitions - 1 - task->number) / tasks + 1 : 0;
}

static int64_t take_share(Mirror *mirror, Task *task, uint32_t share, int64_t room)
{
    uint32_t p = task->number + share * (uint32_t)mirror->config->tasks;
    int64_t from = mirror->polled[p];
    int64_t to = MIN(mirror->source->log[p].high_watermark, from + room);
    if (to <= from)
        return 0;
    Range *range = g_new(Range, 1);
    *range = (Range){p, from, to};
    g_queue_push_tail(&task->ranges, range);
    mirror->polled[p] = to;
    return to - from;
}

/* Takes what is visible, beginning behind the partition that filled the last batch, as a consumer's
 * fetcher does; returns the number of records. */
static int64_t take_batch(Mirror *mirror, Task *task, uint32_t *ranges)
{
    int64_t limit = mirror->config->max_poll_records, taken = 0;
    uint32_t count = shares(mirror, task), first = task->next_share;
    *ranges = 0;
    for (uint32_t i = 0; i < count && taken < limit; i++) {
        uint32_t share = (first + i) % count;
        int64_t records = take_share(mirror, task, share, limit - taken);
        taken += records;
        *ranges += records > 0;
        task->next_share = share + 1;
    }
    return taken;
}

static void on_records(Sim *sim, void *self, const SimEvent *event)
{
    Mirror *mirror = self;
    Task *task = &mirror->task[event->tag];
    const MirrorConfig *config = mirror->config;
    if (task->stopped || task->blocked || task->resting || !source_reachable(mirror))
        return;
    uint32_t ranges;
    int64_t records = take_batch(mirror, task, &ranges);
    if (records == 0) {
        fetch(mirror, task);
        return;
    }
    SimTime now = sim_now(sim);
    double sending = config->throughput > 0 ? (double)records / config->throughput * 1e9 : 0;
    task->departed = MAX(task->departed, now) + (SimTime)MIN(sending, (double)SIM_TIME_LONGEST);
    SimTime latency = config->latency_vary == 0
                          ? mirror->run_latency
                          : dist_draw(config->latency, &mirror->latency_draws);
    sim_lane_push(sim, task->lane, task->departed + latency, SIM_PHASE_MESSAGE,
                  (SimEvent){.component = mirror->id,
                             .kind = MIRROR_DELIVER,
                             .subject = task->number,
                             .value = ranges,
                             .extra = task->epoch});
    task->resting = true;
    SimTime next = MAX(task->departed, now + dist_draw(config->poll_interval, &mirror->poll_draws));
    sim_at(sim, next, SIM_PHASE_MESSAGE,
           (SimEvent){.component = mirror->id,
                      .kind = MIRROR_POLL,
                      .subject = task->number,
                      .extra = task->epoch});
}

static void on_poll(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    Task *task = &mirror->task[event->subject];
    if (event->extra != task->epoch || task->stopped)
        return;
    task->resting = false;
    if (!task->blocked)
        fetch(mirror, task);
}

/* ---- writing in the target ---- */

static void write_record(Mirror *mirror, uint32_t partition, int64_t upstream)
{
    World *world = mirror->world;
    Log *log = &mirror->target->log[partition];
    PaymentRef payment = log_at(&mirror->source->log[partition], upstream);
    ledger_hold(world->ledger, payment);
    int64_t downstream = log_append(log, payment);
    if (offset_sync_writer_record(&mirror->writer[partition], upstream, downstream))
        offset_sync_store_add(&mirror->store[partition], (OffsetSync){upstream, downstream});
    story_payment(world->story, world->ledger, payment, sim_now(world->sim),
                  "its event is mirrored to Kafka in %s",
                  world->region_name[mirror->target->region]);
}

static void write_range(Mirror *mirror, const Range *range)
{
    uint32_t p = range->partition;
    Ledger *ledger = mirror->world->ledger;
    for (int64_t o = range->from; o < range->to; o++)
        write_record(mirror, p, o);
    storage_commit(mirror->target, p, mirror->target->log[p].end, ledger);
    storage_trim(mirror->target, p, ledger);
    mirror->delivered[p] = range->to;
}

/* Connect's producer keeps trying; its task does not poll meanwhile. */
static void write_due(Mirror *mirror, Task *task)
{
    if (mirror->target->primary) {
        task->stopped = true; /* its topics take live writes now: the copy is over */
        return;
    }
    if (!target_reachable(mirror)) {
        task->blocked = true;
        sim_after(mirror->world->sim, PRODUCE_AGAIN_AFTER, SIM_PHASE_MESSAGE,
                  (SimEvent){.component = mirror->id,
                             .kind = MIRROR_RETRY,
                             .subject = task->number,
                             .extra = task->epoch});
        return;
    }
    for (; task->due > 0; task->due--) {
        Range *range = g_queue_pop_head(&task->ranges);
        write_range(mirror, range);
        g_free(range);
    }
}

static void on_deliver(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    Task *task = &mirror->task[event->subject];
    if (event->extra != task->epoch || task->stopped)
        return;
    task->due += event->value;
    if (!task->blocked)
        write_due(mirror, task);
}

static void on_retry(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    Task *task = &mirror->task[event->subject];
    if (event->extra != task->epoch)
        return;
    task->blocked = false;
    write_due(mirror, task);
    if (!task->blocked && !task->stopped && !task->resting)
        fetch(mirror, task);
}

/* Give up what is in hand and read again from `from`. */
static void rewind_tasks(Mirror *mirror, const int64_t *from)
{
    for (uint32_t t = 0; t < mirror->config->tasks; t++) {
        Task *task = &mirror->task[t];
        task->epoch++;
        g_queue_clear_full(&task->ranges, g_free);
        sim_lane_clear(mirror->world->sim, task->lane);
        task->departed = 0;
        task->resting = task->blocked = false;
        task->due = 0;
        for (uint32_t p = t; p < mirror->source->partitions; p += (uint32_t)mirror->config->tasks)
            mirror->polled[p] = mirror->delivered[p] = from[p];
        if (!task->stopped)
            fetch(mirror, task);
    }
}

static void on_link(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    if (event->value == 0)
        return;
    if (mirror->config->runs_in == REGION_ACTIVE)
        rewind_tasks(mirror, mirror->delivered);
    else
        for (uint32_t t = 0; t < mirror->config->tasks; t++)
            if (!mirror->task[t].resting && !mirror->task[t].blocked)
                fetch(mirror, &mirror->task[t]);
}

/* ---- offsets ---- */

static void every(Mirror *mirror, SimTime interval, uint16_t kind)
{
    sim_after(mirror->world->sim, interval, SIM_PHASE_MESSAGE,
              (SimEvent){.component = mirror->id, .kind = kind});
}

/* Connect's offset flush: delayed syncs go out, and this is where a crash restarts from. */
static void on_flush(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Mirror *mirror = self;
    for (uint32_t p = 0; p < mirror->source->partitions; p++) {
        OffsetSync sync;
        if (offset_sync_writer_flush(&mirror->writer[p], &sync))
            offset_sync_store_add(&mirror->store[p], sync);
        mirror->source->pin[p] = mirror->delivered[p];
        storage_trim(mirror->source, p, mirror->world->ledger);
    }
    every(mirror, mirror->config->offset_flush_interval, MIRROR_FLUSH);
}

static void on_checkpoint(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Mirror *mirror = self;
    every(mirror, mirror->config->checkpoint_interval, MIRROR_CHECKPOINT);
    if (!source_reachable(mirror))
        return;
    for (uint32_t g = 0; g < mirror->source->groups; g++) {
        for (uint32_t p = 0; p < mirror->source->partitions; p++) {
            int64_t committed = mirror->source->committed[g][p];
            if (committed == OFFSET_NONE)
                continue;
            int64_t translated = offset_sync_store_translate(&mirror->store[p], committed);
            if (translated > mirror->checkpoint[g][p])
                mirror->checkpoint[g][p] = translated;
        }
    }
}

static void on_sync(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Mirror *mirror = self;
    every(mirror, mirror->config->sync_interval, MIRROR_SYNC);
    if (!target_reachable(mirror) || mirror->target->has_members)
        return; /* a group with members refuses foreign commits */
    for (uint32_t g = 0; g < mirror->target->groups; g++)
        for (uint32_t p = 0; p < mirror->target->partitions; p++)
            if (mirror->checkpoint[g][p] > mirror->target->committed[g][p])
                mirror->target->committed[g][p] = mirror->checkpoint[g][p];
}

static void start_timers(Mirror *mirror)
{
    const MirrorConfig *config = mirror->config;
    RandomStream *phase = &mirror->phase_draws;
    every(mirror, (SimTime)(random_uniform(phase) * (double)config->offset_flush_interval),
          MIRROR_FLUSH);
    every(mirror, (SimTime)(random_uniform(phase) * (double)config->checkpoint_interval),
          MIRROR_CHECKPOINT);
    SimTime sync = (SimTime)(random_uniform(phase) * (double)config->sync_interval);
    if (config->sync_group_offsets)
        every(mirror, sync, MIRROR_SYNC);
}

/* ---- faults ---- */

static void on_down(Sim *sim, void *self)
{
    (void)sim;
    Mirror *mirror = self;
    for (uint32_t t = 0; t < mirror->config->tasks; t++)
        mirror->task[t].epoch++;
}

/* A new worker starts from the flushed offsets and reads the sync topic anew. */
static void on_up(Sim *sim, void *self)
{
    (void)sim;
    Mirror *mirror = self;
    for (uint32_t p = 0; p < mirror->source->partitions; p++) {
        OffsetSync newest = mirror->store[p].sync[0];
        bool any = mirror->store[p].any;
        offset_sync_store_init(&mirror->store[p], true);
        if (any)
            offset_sync_store_add(&mirror->store[p], newest);
        offset_sync_writer_init(&mirror->writer[p], mirror->config->offset_lag_max);
    }
    rewind_tasks(mirror, mirror->source->pin);
    start_timers(mirror);
}

static const SimHandler handlers[MIRROR_KINDS] = {
    [MSG_RECORDS] = on_records,          [MSG_LINK] = on_link,
    [MIRROR_DELIVER] = on_deliver,       [MIRROR_POLL] = on_poll,
    [MIRROR_RETRY] = on_retry,           [MIRROR_FLUSH] = on_flush,
    [MIRROR_CHECKPOINT] = on_checkpoint, [MIRROR_SYNC] = on_sync,
};

static const SimType mirror_type = {.name = "mirror",
                                    .handlers = handlers,
                                    .handler_count = MIRROR_KINDS,
                                    .dropped = message_dropped,
                                    .down = on_down,
                                    .up = on_up};

/* ---- making ---- */

Mirror *mirror_new(World *world, const MirrorConfig *config, Storage *source, Storage *target)
{
    Mirror *mirror = g_new0(Mirror, 1);
    uint32_t partitions = source->partitions;
    mirror->world = world;
    mirror->config = config;
    mirror->source = source;
    mirror->target = target;
    mirror->id = sim_add(world->sim, &mirror_type, mirror, "mirror");
    mirror->latency_draws = world_stream(world, "mirror", "latency");
    mirror->poll_draws = world_stream(world, "mirror", "poll");
    mirror->phase_draws = world_stream(world, "mirror", "phase");
    if (config->latency_vary == 0)
        mirror->run_latency = dist_draw(config->latency, &mirror->latency_draws);
    mirror->polled = g_new0(int64_t, partitions);
    mirror->delivered = g_new0(int64_t, partitions);
    mirror->writer = g_new0(OffsetSyncWriter, partitions);
    mirror->store = g_new0(OffsetSyncStore, partitions);
    for (uint32_t p = 0; p < partitions; p++) {
        offset_sync_writer_init(&mirror->writer[p], config->offset_lag_max);
        offset_sync_store_init(&mirror->store[p], true);
    }
    for (uint32_t g = 0; g < source->groups; g++) {
        mirror->checkpoint[g] = g_new(int64_t, partitions);
        for (uint32_t p = 0; p < partitions; p++)
            mirror->checkpoint[g][p] = OFFSET_NONE;
    }
    mirror->task = g_new0(Task, (size_t)config->tasks);
    for (uint32_t t = 0; t < config->tasks; t++) {
        mirror->task[t].number = t;
        mirror->task[t].lane = sim_lane_new(world->sim);
        g_queue_init(&mirror->task[t].ranges);
    }
    return mirror;
}

void mirror_free(Mirror *mirror)
{
    if (!mirror)
        return;
    for (uint32_t t = 0; t < mirror->config->tasks; t++)
        g_queue_clear_full(&mirror->task[t].ranges, g_free);
    for (uint32_t g = 0; g < mirror->source->groups; g++)
        g_free(mirror->checkpoint[g]);
    g_free(mirror->task);
    g_free(mirror->polled);
    g_free(mirror->delivered);
    g_free(mirror->writer);
    g_free(mirror->store);
    g_free(mirror);
}

SimComponent mirror_component(const Mirror *mirror)
{
    return mirror->id;
}

void mirror_connect(Mirror *mirror, MirrorLinks links)
{
    mirror->link = links;
    sim_link_watch(links.wan, mirror->id, MSG_LINK);
    if (mirror->config->runs_in == REGION_PASSIVE) /* a fetch that the link swallowed is repeated */
        sim_link_watch(links.to_source, mirror->id, MSG_LINK);
    start_timers(mirror);
}

void mirror_start_task(Mirror *mirror, uint32_t task, uint32_t fetcher)
{
    mirror->task[task].fetcher = fetcher;
    fetch(mirror, &mirror->task[task]);
}

uint64_t mirror_unreplicated(const Mirror *mirror)
{
    int64_t sum = 0;
    for (uint32_t p = 0; p < mirror->source->partitions; p++)
        sum += mirror->source->log[p].high_watermark - mirror->delivered[p];
    return (uint64_t)sum;
}

static const char *const runs_in_choices[] = {"active", "passive", NULL};
static const char *const vary_choices[] = {"run", "batch", NULL};

#define AT(member) offsetof(MirrorConfig, member)
static const ParamSpec specs[] = {
    {.key = "enabled",
     .type = PARAM_FLAG,
     .offset = AT(enabled),
     .fallback = "yes",
     .text = "Whether there is a mirror. no: topics are not replicated; after a failover the "
             "passive Kafka is empty.",
     .source = ""},
    {.key = "runs_in",
     .type = PARAM_CHOICE,
     .offset = AT(runs_in),
     .fallback = "passive",
     .choices = runs_in_choices,
     .text = "Region of the Connect workers. In the passive region a batch already polled survives "
             "the outage; in the active one it is lost.",
     .source = "KIP-382: run MirrorMaker close to the target (remote consume, local produce)"},
    {.key = "tasks",
     .type = PARAM_COUNT,
     .offset = AT(tasks),
     .fallback = "1",
     .min = 1,
     .max = MIRROR_TASKS_MAX,
     .text = "Tasks that share the partitions round-robin; each is one serial poll and send loop.",
     .source = "tasks.max defaults to 1"},
    {.key = "latency",
     .type = PARAM_DIST,
     .offset = AT(latency),
     .fallback = "{lognormal: {median: 500ms, p99: 7s}}",
     .text = "From the poll of a batch to its acknowledgement by the target cluster.",
     .source = "ours: no steady-state figure is published; calibrate from replication-latency-ms. "
               "AppsFlyer (2019) saw p90 7 s, p99 14 s across regions with Brooklin"},
    {.key = "latency_varies",
     .type = PARAM_CHOICE,
     .offset = AT(latency_vary),
     .fallback = "run",
     .choices = vary_choices,
     .text = "How often the latency is drawn. run: one latency is drawn for the whole run. batch: "
             "one for every batch, which in "
             "order holds up those behind it.",
     .source = ""},
    {.key = "poll_interval",
     .type = PARAM_DIST,
     .offset = AT(poll_interval),
     .fallback = "25ms",
     .text = "From one poll that returned records to the next: a round trip to the source.",
     .source = "P50 round trip Central India to West India, April 2024: 25 ms"},
    {.key = "max_poll_records",
     .type = PARAM_COUNT,
     .offset = AT(max_poll_records),
     .fallback = "500",
     .min = 1,
     .max = 1e6,
     .text = "Most records that one poll returns.",
     .source = "Kafka consumer configuration: max.poll.records 500"},
    {.key = "throughput",
     .type = PARAM_RATE,
     .offset = AT(throughput),
     .fallback = "0/s",
     .text =
         "Records that one task can send (max.in.flight=1: partitions per broker x batch size / "
         "produce round trip). 0/s: no cap. Below the arrival rate the lag grows without end.",
     .source = "Klarrio, November 2024: one MM2 fell hours behind at 2,500 messages/s over a WAN"},
    {.key = "offset_lag_max",
     .type = PARAM_COUNT,
     .offset = AT(offset_lag_max),
     .fallback = "100",
     .min = 0,
     .max = 1e9,
     .text = "Records per partition that may pass without an offset sync.",
     .source = "MirrorMaker: offset.lag.max 100"},
    {.key = "offset_flush_interval",
     .type = PARAM_TIME,
     .offset = AT(offset_flush_interval),
     .fallback = "60s",
     .min = 0.001,
     .max = 86400,
     .text = "How often Connect flushes source offsets and delayed offset syncs. A crashed mirror "
             "copies again what it copied since.",
     .source = "Kafka Connect: offset.flush.interval.ms 60000"},
    {.key = "checkpoints.interval",
     .type = PARAM_TIME,
     .offset = AT(checkpoint_interval),
     .fallback = "60s",
     .min = 0.001,
     .max = 86400,
     .text = "How often the consumers' committed offsets are translated. Stops with the source.",
     .source = "MirrorMaker: emit.checkpoints.interval.seconds 60"},
    {.key = "sync_group_offsets.enabled",
     .type = PARAM_FLAG,
     .offset = AT(sync_group_offsets),
     .fallback = "no",
     .text = "Write translated offsets to the passive consumer group while it is empty. Without it "
             "the group has no offset at failover and consumers.start decides.",
     .source = "KIP-545: sync.group.offsets.enabled false"},
    {.key = "sync_group_offsets.interval",
     .type = PARAM_TIME,
     .offset = AT(sync_interval),
     .fallback = "60s",
     .min = 0.001,
     .max = 86400,
     .text = "How often they are written.",
     .source = "KIP-545: sync.group.offsets.interval.seconds 60"},
};
#undef AT

const ParamTable mirror_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(MirrorConfig)};
