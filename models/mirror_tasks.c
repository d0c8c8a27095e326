/* The mirror's tasks: poll, send, write; what a broken link or a cut in the source's log means. */
#include "models/gray.h"
#include "models/mirror_parts.h"

static const SimTime PRODUCE_AGAIN_AFTER = SIM_SEC; /* Connect retries for ever */

/* Records [from, to) of one partition, on their way in a batch. */
typedef struct Range {
    uint32_t partition;
    int64_t from, to;
} Range;

/* ---- the task loop ---- */

bool mirror_stands_still(const Mirror *mirror, const MirrorTask *task)
{
    return mirror->runs_on[task->number] == MIRROR_NOBODY;
}

/* What the mirror of the other direction has written here is not sent back: an alias's topic is no
 * topic of this cluster's own, and the same name in both would go round for ever. */
bool mirror_skips(const Mirror *mirror, uint32_t partition, int64_t offset)
{
    unsigned flags = log_flags(&mirror->source->log[partition], offset);
    bool hidden =
        flags & LOG_MARKER || (flags & LOG_ABORTED && mirror_reads_committed(mirror->config));
    return hidden || (offset >= mirror->whole[partition] && flags & LOG_COPY);
}

static int64_t mirror_visible(const Mirror *mirror, uint32_t partition)
{
    return mirror_reads_committed(mirror->config) ? storage_stable(mirror->source, partition)
                                                  : storage_visible(mirror->source, partition);
}

void mirror_fetch(Mirror *mirror, MirrorTask *task)
{
    const Storage *source = mirror->source;
    int64_t seen = 0;
    if (mirror_stands_still(mirror, task))
        return;
    for (uint32_t p = task->number; p < source->partitions; p += (uint32_t)mirror->config->tasks)
        if (!mirror->known[p]) /* not asked for: nothing in it is news */
            seen += mirror_visible(mirror, p);
        else
            seen += source->offline[p] ? 0 : mirror->polled[p];
    sim_link_send(mirror->link.to_source, (SimEvent){.component = mirror->link.source_kafka,
                                                     .kind = MSG_FETCH,
                                                     .subject = task->fetcher,
                                                     .value = seen});
}

/* Partitions of one task: number, number + tasks, … */
uint32_t mirror_shares(const Mirror *mirror, const MirrorTask *task)
{
    uint32_t tasks = (uint32_t)mirror->config->tasks;
    uint32_t partitions = mirror->source->partitions;
    return task->number < partitions ? (partitions - 1 - task->number) / tasks + 1 : 0;
}

/* The next records in a row that are to be copied, `room` of them at most. */
static Range next_range(Mirror *mirror, uint32_t p, int64_t room)
{
    int64_t visible = mirror_visible(mirror, p);
    int64_t from = mirror->polled[p], to = MIN(visible, from + room);
    if (!mirror->source->log[p].marked)
        return (Range){p, from, MAX(from, to)};
    while (from < visible && mirror_skips(mirror, p, from))
        from++;
    for (to = from; to < visible && to < from + room && !mirror_skips(mirror, p, to);)
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
    uint32_t count = mirror_shares(mirror, task), first = task->next_share;
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

void mirror_on_records(Sim *sim, void *self, const SimEvent *event)
{
    Mirror *mirror = self;
    MirrorTask *task = &mirror->task[event->tag];
    const MirrorConfig *config = mirror->config;
    heed_cuts(mirror);
    if (mirror->phase != MIRROR_RUNS || mirror_stands_still(mirror, task) || task->blocked ||
        task->resting || !mirror_reaches_source(mirror))
        return;
    uint32_t ranges;
    int64_t records = take_batch(mirror, task, &ranges);
    if (records == 0) {
        mirror_fetch(mirror, task);
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

void mirror_on_poll(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    MirrorTask *task = &mirror->task[event->subject];
    if (event->extra != task->epoch || mirror->phase != MIRROR_RUNS)
        return;
    task->resting = false;
    if (!task->blocked)
        mirror_fetch(mirror, task);
}

/* ---- writing in the target ---- */

static void write_record(Mirror *mirror, uint32_t partition, int64_t upstream)
{
    World *world = mirror->world;
    Log *log = &mirror->target->log[partition];
    PaymentRef payment = log_at(&mirror->source->log[partition], upstream);
    ledger_hold(world->ledger, payment);
    storage_note_leak(mirror->source, partition, upstream);
    mirror_note_written(mirror, partition, upstream, log_append_flagged(log, payment, LOG_COPY));
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
    mirror->facts.copied += (uint64_t)(range->to - range->from);
    mirror->facts.doubled += (uint64_t)MAX(MIN(range->to, mirror->furthest[p]) - range->from, 0);
    mirror->furthest[p] = MAX(mirror->furthest[p], range->to);
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

void mirror_on_deliver(Sim *sim, void *self, const SimEvent *event)
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

void mirror_on_retry(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    MirrorTask *task = &mirror->task[event->subject];
    if (event->extra != task->epoch)
        return;
    task->blocked = false;
    write_due(mirror, task);
    if (!task->blocked && mirror->phase == MIRROR_RUNS && !task->resting)
        mirror_fetch(mirror, task);
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
        mirror_fetch(mirror, task);
}

void mirror_rewind_tasks(Mirror *mirror, const int64_t *from)
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

void mirror_on_link(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    if (event->value == 0)
        mirror_note_parting(mirror);
    if (event->value == 0 || mirror->phase == MIRROR_IDLE)
        return;
    if (!mirror_at_target(mirror->config))
        mirror_rewind_tasks(mirror, mirror->delivered);
    else
        for (uint32_t t = 0; t < mirror->config->tasks; t++)
            if (!mirror->task[t].resting && !mirror->task[t].blocked)
                mirror_fetch(mirror, &mirror->task[t]);
}
