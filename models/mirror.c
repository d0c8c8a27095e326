#include "models/gray.h"
#include "models/mirror_parts.h"
#include "sim/check.h"

static const SimTime PRODUCE_AGAIN_AFTER = SIM_SEC; /* Connect retries for ever */
static const SimTime LOOK_EVERY = SIM_SEC;          /* at the lag */

const char *const mirror_name[REGIONS] = {
    [REGION_PASSIVE] = "mirror", [REGION_ACTIVE] = "mirror.back"};

/* Records [from, to) of one partition, on their way in a batch. */
typedef struct Range {
    uint32_t partition;
    int64_t from, to;
} Range;

bool mirror_at_target(const MirrorConfig *config)
{
    return config->runs_in == REGION_PASSIVE;
}

static bool reaches(const Mirror *mirror, SimComponent kafka, bool nearby)
{
    const Sim *sim = mirror->world->sim;
    return sim_is_up(sim, kafka) &&
           (nearby || sim_is_up(sim, sim_link_component(mirror->link.wan)));
}

bool mirror_reaches_source(const Mirror *mirror)
{
    return reaches(mirror, mirror->link.source_kafka, !mirror_at_target(mirror->config));
}

bool mirror_reaches_target(const Mirror *mirror)
{
    return reaches(mirror, mirror->link.target_kafka, mirror_at_target(mirror->config));
}

/* ---- the task loop ---- */

static bool stands_still(const Mirror *mirror, const MirrorTask *task)
{
    return mirror->runs_on[task->number] == MIRROR_NOBODY;
}

static void fetch(Mirror *mirror, MirrorTask *task)
{
    const Storage *source = mirror->source;
    int64_t seen = 0;
    if (stands_still(mirror, task))
        return;
    for (uint32_t p = task->number; p < source->partitions; p += (uint32_t)mirror->config->tasks)
        if (!mirror->known[p]) /* not asked for: nothing in it is news */
            seen += storage_visible(source, p);
        else
            seen += source->offline[p] ? 0 : mirror->polled[p];
    sim_link_send(mirror->link.to_source, (SimEvent){.component = mirror->link.source_kafka,
                                                     .kind = MSG_FETCH,
                                                     .subject = task->fetcher,
                                                     .value = seen});
}

/* Partitions of one task: number, number + tasks, … */
static uint32_t shares(const Mirror *mirror, const MirrorTask *task)
{
    uint32_t tasks = (uint32_t)mirror->config->tasks;
    uint32_t partitions = mirror->source->partitions;
    return task->number < partitions ? (partitions - 1 - task->number) / tasks + 1 : 0;
}

/* What the mirror of the other direction has written here is not sent back: an alias's topic is no
 * topic of this cluster's own, and the same name in both would go round for ever. */
static bool skips(const Mirror *mirror, uint32_t partition, int64_t offset)
{
    return offset >= mirror->whole[partition] &&
           log_is_copy(&mirror->source->log[partition], offset);
}

/* The next records in a row that are to be copied, `room` of them at most. */
static Range next_range(Mirror *mirror, uint32_t p, int64_t room)
{
    int64_t visible = storage_visible(mirror->source, p);
    int64_t from = mirror->polled[p], to = MIN(visible, from + room);
    if (!mirror->source->log[p].marks_copies)
        return (Range){p, from, MAX(from, to)};
    while (from < visible && skips(mirror, p, from))
        from++;
    for (to = from; to < visible && to < from + room && !skips(mirror, p, to);)
        to++;
    return (Range){p, from, to};
}

static int64_t take_share(Mirror *mirror, MirrorTask *task, uint32_t share, int64_t room,
                          uint32_t *ranges)
{
    uint32_t p = task->number + share * (uint32_t)mirror->config->tasks;
    int64_t taken = 0;
    while (mirror->known[p] && taken < room) {
        Range next = next_range(mirror, p, room - taken);
        mirror->polled[p] = next.to;
        if (next.to == next.from)
            break;
        Range *range = g_new(Range, 1);
        *range = next;
        g_queue_push_tail(&task->ranges, range);
        taken += next.to - next.from;
        ++*ranges;
    }
    return taken;
}

/* Takes what is visible, beginning behind the partition that filled the last batch, as a consumer's
 * fetcher does; returns the number of records. */
static int64_t take_batch(Mirror *mirror, MirrorTask *task, uint32_t *ranges)
{
    int64_t limit = mirror->config->max_poll_records, taken = 0;
    uint32_t count = shares(mirror, task), first = task->next_share;
    *ranges = 0;
    for (uint32_t i = 0; i < count && taken < limit; i++) {
        uint32_t share = (first + i) % count;
        taken += take_share(mirror, task, share, limit - taken, ranges);
        task->next_share = share + 1;
    }
    return taken;
}

static void heed_cut(Mirror *mirror, uint32_t p)
{
    int64_t end = mirror->source->cut_to[p];
    int64_t *cursors[] = {&mirror->polled[p], &mirror->delivered[p], &mirror->flushed[p],
                          &mirror->source->pin[p]};
    for (size_t i = 0; i < G_N_ELEMENTS(cursors); i++)
        *cursors[i] = MIN(*cursors[i], end);
    MirrorTask *task = &mirror->task[p % (uint32_t)mirror->config->tasks];
    for (GList *item = task->ranges.head; item; item = item->next) {
        Range *range = item->data;
        if (range->partition != p)
            continue;
        range->from = MIN(range->from, end);
        range->to = MIN(range->to, end);
    }
}

/* The source has lost committed records: what of them is in hand is given up, and what takes their
 * offsets is read. */
static void heed_cuts(Mirror *mirror)
{
    const Storage *source = mirror->source;
    for (uint32_t p = 0; mirror->cuts_seen != source->cuts && p < source->partitions; p++)
        if (source->cut_number[p] > mirror->cuts_seen)
            heed_cut(mirror, p);
    mirror->cuts_seen = source->cuts;
}

static void on_records(Sim *sim, void *self, const SimEvent *event)
{
    Mirror *mirror = self;
    MirrorTask *task = &mirror->task[event->tag];
    const MirrorConfig *config = mirror->config;
    heed_cuts(mirror);
    if (mirror->phase != MIRROR_RUNS || stands_still(mirror, task) || task->blocked ||
        task->resting || !mirror_reaches_source(mirror))
        return;
    uint32_t ranges;
    int64_t records = take_batch(mirror, task, &ranges);
    if (records == 0) {
        fetch(mirror, task);
        return;
    }
    SimTime now = sim_now(sim);
    double sending = task->rate > 0 ? (double)records / task->rate * 1e9 : 0;
    task->departed = MAX(task->departed, now) + (SimTime)MIN(sending, (double)SIM_TIME_LONGEST);
    SimTime latency = config->latency_vary == 0
                          ? mirror->run_latency
                          : dist_draw(config->latency, &mirror->latency_draws);
    latency = gray_time(mirror->world, mirror->id, latency);
    latency += sim_link_lateness(mirror->link.wan, latency);
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
    MirrorTask *task = &mirror->task[event->subject];
    if (event->extra != task->epoch || mirror->phase != MIRROR_RUNS)
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
    mirror_note_written(mirror, partition, upstream, log_append_copy(log, payment));
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
    storage_copied(mirror->target, p, ledger);
    mirror->delivered[p] = range->to;
    mirror_note_range(mirror, p);
}

/* The copy is over once its target has been made the primary: its topics take live writes now.
 * A mirror begun onto a cluster that took writes already goes on. */
static bool is_over(Mirror *mirror)
{
    mirror->onto_primary = mirror->onto_primary && mirror->target->primary;
    if (mirror->target->primary && !mirror->onto_primary)
        mirror->phase = MIRROR_OVER;
    return mirror->phase != MIRROR_RUNS;
}

/* The next batch's partition needs a leader. */
static bool can_write(const Mirror *mirror, MirrorTask *task)
{
    const Range *range = g_queue_peek_head(&task->ranges);
    return mirror_reaches_target(mirror) && !mirror->target->offline[range->partition];
}

/* Connect's producer keeps trying; its task does not poll meanwhile. */
static void write_due(Mirror *mirror, MirrorTask *task)
{
    if (is_over(mirror))
        return;
    heed_cuts(mirror);
    for (; task->due > 0 && can_write(mirror, task); task->due--) {
        Range *range = g_queue_pop_head(&task->ranges);
        write_range(mirror, range);
        g_free(range);
    }
    if (task->due == 0)
        return;
    task->blocked = true;
    sim_after(mirror->world->sim, PRODUCE_AGAIN_AFTER, SIM_PHASE_MESSAGE,
              (SimEvent){.component = mirror->id,
                         .kind = MIRROR_RETRY,
                         .subject = task->number,
                         .extra = task->epoch});
}

static void on_deliver(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    MirrorTask *task = &mirror->task[event->subject];
    if (event->extra != task->epoch || mirror->phase != MIRROR_RUNS)
        return;
    task->due += event->value;
    if (!task->blocked)
        write_due(mirror, task);
}

static void on_retry(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    MirrorTask *task = &mirror->task[event->subject];
    if (event->extra != task->epoch)
        return;
    task->blocked = false;
    write_due(mirror, task);
    if (!task->blocked && mirror->phase == MIRROR_RUNS && !task->resting)
        fetch(mirror, task);
}

/* Give up what is in hand and read again from `from`. */
static void rewind_task(Mirror *mirror, MirrorTask *task, const int64_t *from)
{
    uint32_t tasks = (uint32_t)mirror->config->tasks;
    task->epoch++;
    g_queue_clear_full(&task->ranges, g_free);
    sim_lane_clear(mirror->world->sim, task->lane);
    task->departed = 0;
    task->resting = task->blocked = false;
    task->due = 0;
    for (uint32_t p = task->number; p < mirror->source->partitions; p += tasks)
        mirror->polled[p] = mirror->delivered[p] = from[p];
    if (mirror->phase == MIRROR_RUNS)
        fetch(mirror, task);
}

static void rewind_tasks(Mirror *mirror, const int64_t *from)
{
    for (uint32_t t = 0; t < mirror->config->tasks; t++)
        rewind_task(mirror, &mirror->task[t], from);
}

void mirror_stop_task(Mirror *mirror, uint32_t task)
{
    mirror->task[task].epoch++;
}

void mirror_resume_task(Mirror *mirror, uint32_t task)
{
    uint32_t tasks = (uint32_t)mirror->config->tasks;
    for (uint32_t p = task; p < mirror->source->partitions; p += tasks)
        mirror_restart_writer(mirror, p);
    rewind_task(mirror, &mirror->task[task], mirror->flushed);
}

/* Offsets are kept in the target's cluster. */
void mirror_flush_task(Mirror *mirror, uint32_t task)
{
    uint32_t tasks = (uint32_t)mirror->config->tasks;
    if (!mirror_reaches_source(mirror) || !mirror_reaches_target(mirror))
        return;
    for (uint32_t p = task; p < mirror->source->partitions; p += tasks)
        mirror->flushed[p] = mirror->delivered[p];
}

static void on_link(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    if (event->value == 0)
        mirror_note_parting(mirror);
    if (event->value == 0 || mirror->phase == MIRROR_IDLE)
        return;
    if (!mirror_at_target(mirror->config))
        rewind_tasks(mirror, mirror->delivered);
    else
        for (uint32_t t = 0; t < mirror->config->tasks; t++)
            if (!mirror->task[t].resting && !mirror->task[t].blocked)
                fetch(mirror, &mirror->task[t]);
}

/* ---- life ---- */

static int64_t starting_place(const Mirror *mirror, uint32_t p)
{
    const Log *log = &mirror->source->log[p];
    if (mirror->config->kind == MIRROR_LINKING)
        return MAX(mirror->source->copied[p], log->base);
    switch ((MirrorStart)mirror->config->start_from) {
    case MIRROR_FROM_NOW:
        return log->high_watermark;
    case MIRROR_FROM_COPIED:
        return MAX(mirror->source->copied[p], log->base);
    case MIRROR_FROM_EVERYTHING:
        break;
    }
    return log->base;
}

bool mirror_copies_all(const MirrorConfig *config)
{
    return config->policy == MIRROR_POLICY_IDENTITY && config->kind == MIRROR_MM2 &&
           config->start_from == MIRROR_FROM_EVERYTHING;
}

/* Under the names of the source's topics a copy cannot be told from a record of the cluster's own:
 * what is there now is copied whole, at the price of doubles; what comes later is not sent back. */
static int64_t whole_below(const Mirror *mirror, uint32_t p)
{
    return mirror_copies_all(mirror->config) ? mirror->source->log[p].end : 0;
}

/* Offsets are the same on both sides, so the target's log must end where the two part: what it has
 * beyond that, and nobody else ever had, is thrown away. */
static void truncate_target(Mirror *mirror)
{
    for (uint32_t p = 0; p < mirror->target->partitions; p++)
        if (mirror->target->log[p].end > mirror->source->copied[p])
            storage_cut(mirror->target, p,
                        MAX(mirror->source->copied[p], mirror->target->log[p].base),
                        mirror->world->ledger);
}

static void begin(Mirror *mirror)
{
    mirror->phase = MIRROR_RUNS;
    mirror->onto_primary = mirror->target->primary;
    mirror->source->pin_follows = false;
    if (mirror->config->kind == MIRROR_LINKING)
        truncate_target(mirror);
    for (uint32_t p = 0; p < mirror->source->partitions; p++) {
        mirror->flushed[p] = mirror->source->pin[p] = starting_place(mirror, p);
        mirror->whole[p] = whole_below(mirror, p);
    }
    mirror_reset_offsets(mirror);
    if (!mirror->ticking)
        mirror_start_timers(mirror);
    rewind_tasks(mirror, mirror->flushed);
    World *world = mirror->world;
    story_platform(world->story, sim_now(world->sim), "the mirror begins to copy %s's Kafka to %s",
                   world->region_name[mirror->source->region],
                   world->region_name[mirror->target->region]);
}

static void answer(Mirror *mirror, uint64_t step)
{
    sim_link_send(mirror->link.to_failover, (SimEvent){.kind = MSG_DONE, .subject = step});
}

static void on_begin(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    if (mirror->phase != MIRROR_RUNS)
        begin(mirror);
    answer(mirror, event->subject);
}

/* An operator, or a script, watches the lag. A source that cannot be reached might have more. */
static void on_look(Sim *sim, void *self, const SimEvent *event)
{
    Mirror *mirror = self;
    if (!mirror_reaches_source(mirror) || mirror_unreplicated(mirror) > 0) {
        sim_after(sim, LOOK_EVERY, SIM_PHASE_MEASURE, *event);
        return;
    }
    mirror->awaiting = false;
    answer(mirror, event->subject);
}

static void on_command(Sim *sim, void *self, const SimEvent *event)
{
    Mirror *mirror = self;
    bool look = event->tag == ACTION_AWAIT_MIRROR;
    SIM_CHECK(look || event->tag == ACTION_START_MIRROR);
    if (look && mirror->awaiting)
        return;
    mirror->awaiting = mirror->awaiting || look;
    sim_after(sim, event->value, look ? SIM_PHASE_MEASURE : SIM_PHASE_MESSAGE,
              (SimEvent){.component = mirror->id,
                         .kind = look ? MIRROR_LOOK : MIRROR_BEGIN,
                         .subject = event->subject});
}

/* ---- topics ---- */

static void know_all(Mirror *mirror)
{
    for (uint32_t p = 0; p < mirror->source->partitions; p++)
        mirror->known[p] = true;
}

static void look_later(Mirror *mirror, SimTime after)
{
    sim_after(mirror->world->sim, after, SIM_PHASE_MESSAGE,
              (SimEvent){.component = mirror->id, .kind = MIRROR_REFRESH});
}

static void on_refresh(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Mirror *mirror = self;
    if (!mirror_reaches_source(mirror)) {
        look_later(mirror, mirror->config->refresh_interval);
        return;
    }
    know_all(mirror);
    story_platform(mirror->world->story, sim_now(sim), "the mirror discovers the new partitions");
    for (uint32_t t = 0; t < mirror->config->tasks; t++)
        if (!mirror->task[t].resting && !mirror->task[t].blocked)
            fetch(mirror, &mirror->task[t]);
}

/* The last partitions are created as the run begins, somewhere between two looks. */
static void create_partitions(Mirror *mirror)
{
    const MirrorConfig *config = mirror->config;
    int64_t partitions = mirror->source->partitions;
    for (int64_t p = partitions - MIN(config->new_partitions, partitions); p < partitions; p++)
        mirror->known[p] = false;
    double interval = (double)config->refresh_interval;
    if (config->new_partitions > 0)
        look_later(mirror, (SimTime)(random_uniform(&mirror->refresh_draws) * interval));
}

/* ---- ACLs ---- */

static void copy_acls_after(Mirror *mirror, SimTime after)
{
    sim_after(mirror->world->sim, after, SIM_PHASE_MESSAGE,
              (SimEvent){.component = mirror->id, .kind = MIRROR_ACLS});
}

static void on_acls(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Mirror *mirror = self;
    if (mirror_reaches_source(mirror) && mirror_reaches_target(mirror))
        mirror->target->switch_delay = 0;
    else
        copy_acls_after(mirror, mirror->config->acls_interval);
}

/* The producers' right to write is granted as the run begins, somewhere between two copies. */
static void grant_acl(Mirror *mirror)
{
    const MirrorConfig *config = mirror->config;
    double interval = (double)config->acls_interval;
    if (!config->new_acl)
        return;
    mirror->target->switch_delay = dist_draw(config->acl_repair, &mirror->acl_draws);
    copy_acls_after(mirror, (SimTime)(random_uniform(&mirror->acl_draws) * interval));
}

/* ---- faults ---- */

static void on_down(Sim *sim, void *self)
{
    (void)sim;
    Mirror *mirror = self;
    mirror->ticking = mirror->awaiting = mirror->scheduled = false;
    mirror->generation++;
    for (uint32_t t = 0; t < mirror->config->tasks; t++) {
        if (mirror->config->clean_stop && !stands_still(mirror, &mirror->task[t]))
            mirror_flush_task(mirror, t);
        mirror->task[t].epoch++;
    }
}

/* New workers start from the flushed offsets, and look for topics first of all. */
static void on_up(Sim *sim, void *self)
{
    (void)sim;
    Mirror *mirror = self;
    mirror_form_group(mirror);
    if (mirror->phase == MIRROR_IDLE)
        return;
    if (mirror->target->switch_delay > 0) /* topics and ACLs are looked at first of all */
        copy_acls_after(mirror, 0);
    if (mirror_reaches_source(mirror))
        know_all(mirror);
    mirror_restart_store(mirror);
    for (uint32_t p = 0; p < mirror->source->partitions; p++)
        mirror_restart_writer(mirror, p);
    rewind_tasks(mirror, mirror->flushed);
    mirror_start_timers(mirror);
}

static const SimHandler handlers[MIRROR_KINDS] = {
    [MSG_RECORDS] = on_records,
    [MSG_LINK] = on_link,
    [MSG_COMMAND] = on_command,
    [MIRROR_DELIVER] = on_deliver,
    [MIRROR_POLL] = on_poll,
    [MIRROR_RETRY] = on_retry,
    [MIRROR_FLUSH] = mirror_on_flush,
    [MIRROR_CHECKPOINT] = mirror_on_checkpoint,
    [MIRROR_SYNC] = mirror_on_sync,
    [MIRROR_BEGIN] = on_begin,
    [MIRROR_LOOK] = on_look,
    [MIRROR_LEFT] = mirror_on_left,
    [MIRROR_REBALANCE] = mirror_on_rebalance,
    [MIRROR_REFRESH] = on_refresh,
    [MIRROR_ACLS] = on_acls,
};

static const SimType mirror_type = {.name = "mirror",
                                    .handlers = handlers,
                                    .handler_count = MIRROR_KINDS,
                                    .dropped = message_dropped,
                                    .down = on_down,
                                    .up = on_up};

/* ---- making ---- */

static void make_partitions(Mirror *mirror)
{
    uint32_t partitions = mirror->source->partitions;
    mirror->polled = g_new0(int64_t, partitions);
    mirror->delivered = g_new0(int64_t, partitions);
    mirror->flushed = g_new0(int64_t, partitions);
    mirror->whole = g_new0(int64_t, partitions);
    mirror->known = g_new(bool, partitions);
    know_all(mirror);
    mirror_make_offsets(mirror);
}

/* Connect's producer has one request in flight for each broker, with one batch of each partition
 * that the broker leads: each partition sends a batch a round trip. The fetch is limited alike. */
static double task_rate(const Mirror *mirror, const MirrorTask *task)
{
    const MirrorConfig *config = mirror->config;
    double rate = config->throughput, poll = dist_mean(config->poll_interval);
    if (config->produce_rtt == 0)
        return rate;
    double records = (double)shares(mirror, task) / (double)config->record_size;
    double send = records * (double)MAX(config->batch_size, config->record_size) /
                  sim_seconds(config->produce_rtt);
    double read = records * (double)config->fetch_size / poll;
    double cap = poll > 0 ? MIN(send, read) : send;
    return rate > 0 ? MIN(rate, cap) : cap;
}

static void make_tasks(Mirror *mirror)
{
    mirror->task = g_new0(MirrorTask, (size_t)mirror->config->tasks);
    for (uint32_t t = 0; t < mirror->config->tasks; t++) {
        MirrorTask *task = &mirror->task[t];
        task->number = t;
        task->lane = sim_lane_new(mirror->world->sim);
        g_queue_init(&task->ranges);
        task->rate = task_rate(mirror, task);
    }
}

Mirror *mirror_new(World *world, const MirrorConfig *config, Storage *source, Storage *target)
{
    Mirror *mirror = g_new0(Mirror, 1);
    const char *name = mirror_name[target->region];
    mirror->world = world;
    mirror->config = config;
    mirror->source = source;
    mirror->target = target;
    mirror->id = sim_add(world->sim, &mirror_type, mirror, name);
    mirror->latency_draws = world_stream(world, name, "latency");
    mirror->poll_draws = world_stream(world, name, "poll");
    mirror->phase_draws = world_stream(world, name, "phase");
    mirror->acl_draws = world_stream(world, name, "acl");
    mirror->refresh_draws = world_stream(world, name, "refresh");
    if (config->latency_vary == 0)
        mirror->run_latency = dist_draw(config->latency, &mirror->latency_draws);
    make_partitions(mirror);
    make_tasks(mirror);
    mirror_make_workers(mirror, name);
    target->hides_copies = config->kind == MIRROR_MM2 && config->policy == MIRROR_POLICY_DEFAULT &&
                           config->subscription == MIRROR_SUBSCRIBE_PLAIN;
    return mirror;
}

void mirror_free(Mirror *mirror)
{
    if (!mirror)
        return;
    for (uint32_t t = 0; t < mirror->config->tasks; t++)
        g_queue_clear_full(&mirror->task[t].ranges, g_free);
    mirror_free_offsets(mirror);
    g_free(mirror->task);
    g_free(mirror->worker);
    g_free(mirror->runs_on);
    g_free(mirror->known);
    g_free(mirror->polled);
    g_free(mirror->delivered);
    g_free(mirror->flushed);
    g_free(mirror->whole);
    g_free(mirror);
}

SimComponent mirror_component(const Mirror *mirror)
{
    return mirror->id;
}

uint32_t mirror_region(const Mirror *mirror)
{
    return (mirror_at_target(mirror->config) ? mirror->target : mirror->source)->region;
}

void mirror_connect(Mirror *mirror, MirrorLinks links)
{
    mirror->link = links;
    sim_link_watch(links.wan, mirror->id, MSG_LINK);
    if (mirror_at_target(mirror->config)) /* a fetch that the link swallowed is repeated */
        sim_link_watch(links.to_source, mirror->id, MSG_LINK);
}

void mirror_set_fetcher(Mirror *mirror, uint32_t task, uint32_t fetcher)
{
    mirror->task[task].fetcher = fetcher;
}

void mirror_start(Mirror *mirror)
{
    mirror->phase = MIRROR_RUNS;
    mirror->onto_primary = mirror->target->primary;
    mirror->source->pin_follows = false;
    mirror_start_timers(mirror);
    create_partitions(mirror);
    grant_acl(mirror);
    for (uint32_t t = 0; t < mirror->config->tasks; t++)
        fetch(mirror, &mirror->task[t]);
}

uint64_t mirror_unreplicated(const Mirror *mirror)
{
    int64_t sum = 0;
    for (uint32_t p = 0; p < mirror->source->partitions; p++) {
        const Log *log = &mirror->source->log[p];
        sum += MAX(log->high_watermark - mirror->delivered[p], 0);
        for (int64_t o = mirror->delivered[p]; log->marks_copies && o < log->high_watermark; o++)
            sum -= skips(mirror, p, o);
    }
    return (uint64_t)sum;
}
