#include <string.h>

#include "models/consumers_parts.h"
#include "models/gray.h"

static const SimTime FETCH_MAX_WAIT = 500 * SIM_MS; /* fetch.max.wait.ms */

/* ---- cuts ---- */

static void heed_cut(Consumers *consumers, uint32_t g, uint32_t p)
{
    int64_t end = consumers->storage->cut_to[p];
    int64_t from = MIN(consumers->position[g][p], end);
    int64_t to = MIN(consumers->position[g][p] + consumers->claimed[g][p], end);
    if (consumers->position[g][p] > end)
        story_platform(consumers->world->story, sim_now(consumers->world->sim),
                       "%s in %s finds the log of partition %u cut and reads on from its new end",
                       consumers->config[g].name,
                       consumers->world->region_name[consumers->storage->region], p);
    consumers->position[g][p] = from;
    consumers->claimed[g][p] = to - from;
}

uint64_t consumers_behind(const Consumers *consumers)
{
    uint64_t behind = 0;
    for (uint32_t p = 0; p < consumers->storage->partitions; p++)
        for (uint32_t g = 0; g < consumers->groups; g++)
            behind += consumers->position[g][p] < consumers->goal[p];
    return behind;
}

/* A log was cut by an unclean election: consumers see that it diverges from what they have read,
 * and go back to where it does (KIP-320). What they had in hand of the rest is given up. */
void consumers_heed_cuts(Consumers *consumers)
{
    const Storage *storage = consumers->storage;
    if (consumers->cuts_seen == storage->cuts)
        return;
    for (uint32_t p = 0; p < storage->partitions; p++) {
        if (storage->cut_number[p] <= consumers->cuts_seen)
            continue;
        for (uint32_t g = 0; g < consumers->groups; g++)
            heed_cut(consumers, g, p);
        consumers->goal[p] = MIN(consumers->goal[p], storage->cut_to[p]);
    }
    consumers->cuts_seen = storage->cuts;
    if (consumers->behind > 0 && (consumers->behind = consumers_behind(consumers)) == 0)
        recovery_note_drained(consumers->world->recovery, sim_now(consumers->world->sim));
}

/* ---- reading ---- */

static void reach(Consumers *consumers, uint32_t partition, int64_t before, int64_t after)
{
    if (consumers->behind == 0)
        return;
    int64_t goal = consumers->goal[partition];
    if (before < goal && after >= goal && --consumers->behind == 0)
        recovery_note_drained(consumers->world->recovery, sim_now(consumers->world->sim));
}

bool consumers_pass_over(const Consumers *consumers, uint32_t g, uint32_t p, int64_t offset)
{
    unsigned flags = log_flags(&consumers->storage->log[p], offset);
    return flags & LOG_MARKER ||
           (flags & LOG_ABORTED && consumers->config[g].isolation == READ_COMMITTED);
}

/* Offsets from `from` on, below `end`, with `records` to act on among them. Returns how many
 * offsets, and in *records how many records there were. */
static int64_t offsets_with(const Consumers *consumers, uint32_t g, uint32_t p, int64_t from,
                            int64_t end, int64_t *records)
{
    const Log *log = &consumers->storage->log[p];
    if (!log->marked) {
        *records = CLAMP(end - from, 0, *records);
        return *records;
    }
    int64_t o = from, found = 0;
    for (; o < end && found < *records; o++)
        found += o < log->base || !consumers_pass_over(consumers, g, p, o);
    while (found > 0 && o < end && o >= log->base && consumers_pass_over(consumers, g, p, o))
        o++;
    *records = found;
    return o - from;
}

/* Claims up to `room` records to act on; returns their number. What there is to pass over, before
 * and behind them, is claimed as well. */
static int64_t claim_shares(Consumers *consumers, Instance *instance, uint32_t from, uint32_t to,
                            int64_t room)
{
    const Storage *storage = consumers->storage;
    uint32_t g = instance->group;
    const int64_t *visible = storage->visible, *position = consumers->position[g];
    bool committed = consumers->config[g].isolation == READ_COMMITTED;
    int64_t taken = 0;
    uint32_t p = partition_of(instance, from);
    for (uint32_t share = from; share < to; share++, p += instance->of) {
        if (visible[p] <= position[p] || taken == room)
            continue;
        int64_t end = committed ? storage_stable(storage, p) : visible[p];
        int64_t records = MIN(room - taken, end - position[p]), n = records;
        if (storage->log[p].marked) {
            records = room - taken;
            n = offsets_with(consumers, g, p, position[p], end, &records);
        }
        if (n == 0)
            continue;
        consumers->claimed[g][p] = n;
        instance->batch[share / 64] |= UINT64_C(1) << share % 64;
        if (records > 0)
            instance->next_share = share + 1;
        taken += records;
    }
    return taken;
}

static int64_t claim(Consumers *consumers, Instance *instance)
{
    int64_t limit = consumers->config[instance->group].max_poll_records;
    uint32_t first = instance->next_share < instance->shares ? instance->next_share : 0;
    memset(instance->batch, 0, batch_words(instance) * sizeof *instance->batch);
    int64_t taken = claim_shares(consumers, instance, first, instance->shares, limit);
    return taken + claim_shares(consumers, instance, 0, first, limit - taken);
}

/* Nothing is claimed that is to be acted on: go on behind what is to be passed over. */
static void pass_over_claimed(Consumers *consumers, const Instance *instance)
{
    uint32_t g = instance->group;
    for (uint32_t s = 0; (s = next_in_batch(instance, s)) < instance->shares; s++) {
        uint32_t p = partition_of(instance, s);
        int64_t from = consumers->position[g][p];
        consumers->position[g][p] += consumers->claimed[g][p];
        reach(consumers, p, from, consumers->position[g][p]);
    }
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
    if (!consumers->storage->primary || consumers->storage->fed)
        poll_again(consumers, i);
    if (!consumers->storage->primary)
        return;
    const Instance *instance = instance_at(consumers, i);
    const bool *offline = consumers->storage->offline;
    const int64_t *position = consumers->position[instance->group];
    int64_t seen = 0;
    for (uint32_t p = instance->number; p < consumers->storage->partitions; p += instance->of)
        seen += position[p] & ((int64_t)offline[p] - 1); /* 0 if it is offline, without a branch */
    sim_link_send(consumers->link.to_kafka, (SimEvent){.component = consumers->link.kafka,
                                                       .kind = MSG_FETCH,
                                                       .subject = instance->fetcher,
                                                       .value = seen});
}

bool consumers_connected(const Consumers *consumers)
{
    return sim_is_up(consumers->world->sim, consumers->link.kafka);
}

void consumers_read_more(Consumers *consumers, uint32_t i)
{
    Instance *instance = instance_at(consumers, i);
    if (consumers->stuck[instance->group] || consumers->rejoining)
        return;
    consumers_heed_cuts(consumers);
    int64_t records = consumers_connected(consumers) ? claim(consumers, instance) : 0;
    if (records == 0) {
        if (consumers_connected(consumers))
            pass_over_claimed(consumers, instance);
        park(consumers, i);
        return;
    }
    instance->busy = true;
    SimTime each = dist_draw(consumers->config[instance->group].service,
                             &consumers->service_draws[instance->group]);
    each = gray_time(consumers->world, consumers->id, each);
    each = MIN(each, SIM_TIME_LONGEST / records);
    instance->batch_at = sim_now(consumers->world->sim);
    instance->each = each;
    sim_after(consumers->world->sim, each * records, SIM_PHASE_MESSAGE,
              (SimEvent){.component = consumers->id, .kind = CONS_BATCH, .subject = i});
}

void consumers_on_records(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Consumers *consumers = self;
    if (consumers->state == GROUP_ACTIVE && !instance_at(consumers, event->tag)->busy)
        consumers_read_more(consumers, event->tag);
}

void consumers_on_poll(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Consumers *consumers = self;
    uint32_t i = (uint32_t)event->subject;
    instance_at(consumers, i)->polling = false;
    if (consumers->state == GROUP_ACTIVE && !instance_at(consumers, i)->busy)
        consumers_read_more(consumers, i);
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

static void act_on_claimed(Consumers *consumers, uint32_t g, uint32_t p, int64_t count)
{
    Log *log = &consumers->storage->log[p];
    int64_t from = consumers->position[g][p], to = from + count;
    for (int64_t o = act_on_settled(consumers, g, from, MIN(to, log->base)); o < to; o++)
        if (!consumers_pass_over(consumers, g, p, o))
            act(consumers, g, log_at(log, o));
}

void consumers_commit_partition(Consumers *consumers, uint32_t g, uint32_t p)
{
    consumers->storage->committed[g][p] = consumers->position[g][p];
    storage_trim(consumers->storage, p, consumers->world->ledger);
}

/* Act on what the instance has claimed, and go on from behind it. */
static void finish_batch(Consumers *consumers, const Instance *instance)
{
    uint32_t g = instance->group;
    bool commits = consumers->config[g].commit != COMMIT_INTERVAL && consumers_connected(consumers);
    for (uint32_t s = 0; (s = next_in_batch(instance, s)) < instance->shares; s++) {
        uint32_t p = partition_of(instance, s);
        int64_t from = consumers->position[g][p], to = from + consumers->claimed[g][p];
        act_on_claimed(consumers, g, p, to - from);
        consumers->position[g][p] = to;
        if (commits && to > from)
            consumers_commit_partition(consumers, g, p);
        reach(consumers, p, from, to);
    }
}

/* It has been out of the group for max.poll.interval: another member, or itself when it is back,
 * begins at the committed offset. What was to be atomic with the commit is not done. */
static void lose_batch(Consumers *consumers, const Instance *instance)
{
    uint32_t g = instance->group;
    bool acts = consumers->config[g].commit != COMMIT_TRANSACTION;
    for (uint32_t s = 0; acts && (s = next_in_batch(instance, s)) < instance->shares; s++) {
        uint32_t p = partition_of(instance, s);
        act_on_claimed(consumers, g, p, consumers->claimed[g][p]);
    }
    for (uint32_t p = instance->number; p < consumers->storage->partitions; p += instance->of) {
        int64_t committed = consumers->storage->committed[g][p];
        consumers->position[g][p] = MIN(consumers->position[g][p], MAX(committed, 0));
    }
    if (consumers->behind > 0)
        consumers->behind = consumers_behind(consumers);
    story_platform(consumers->world->story, sim_now(consumers->world->sim),
                   "a consumer of %s in %s is out of its group: its batch took longer than "
                   "max.poll.interval and is read again",
                   consumers->config[g].name,
                   consumers->world->region_name[consumers->storage->region]);
}

void consumers_on_batch(Sim *sim, void *self, const SimEvent *event)
{
    Consumers *consumers = self;
    Instance *instance = instance_at(consumers, event->subject);
    const ConsumerConfig *config = &consumers->config[instance->group];
    consumers_heed_cuts(consumers);
    instance->busy = false;
    bool atomic = config->commit == COMMIT_TRANSACTION;
    if (sim_now(sim) - instance->batch_at > config->max_poll_interval)
        lose_batch(consumers, instance);
    else if (!atomic || consumers_connected(consumers))
        finish_batch(consumers, instance);
    if (consumers->state == GROUP_STOPPING)
        consumers_stop_if_idle(consumers);
    else
        consumers_read_more(consumers, (uint32_t)event->subject);
}

void consumers_on_commit(Sim *sim, void *self, const SimEvent *event)
{
    Consumers *consumers = self;
    uint32_t g = (uint32_t)event->subject;
    if (event->extra != consumers->assigned)
        return;
    consumers_heed_cuts(consumers);
    bool commits = consumers_connected(consumers) && !consumers->stuck[g];
    for (uint32_t p = 0; commits && p < consumers->storage->partitions; p++)
        consumers_commit_partition(consumers, g, p);
    sim_after(sim, consumers->config[g].commit_interval, SIM_PHASE_MESSAGE, *event);
}

/* Each has acted on a part of its batch, which was to be committed when all of it was done. */
void consumers_leave_batches(Consumers *consumers)
{
    SimTime now = sim_now(consumers->world->sim);
    consumers_heed_cuts(consumers);
    for (guint i = 0; i < consumers->instances->len; i++) {
        Instance *instance = instance_at(consumers, i);
        uint32_t g = instance->group;
        bool partly = instance->busy && consumers->config[g].commit == COMMIT_BATCH;
        int64_t acted = 0;
        if (partly && instance->each > 0)
            acted = (now - instance->batch_at) / instance->each;
        for (uint32_t s = 0; acted > 0 && (s = next_in_batch(instance, s)) < instance->shares;
             s++) {
            uint32_t p = partition_of(instance, s);
            int64_t from = consumers->position[g][p], records = acted;
            int64_t count =
                offsets_with(consumers, g, p, from, from + consumers->claimed[g][p], &records);
            act_on_claimed(consumers, g, p, count);
            acted -= records;
        }
        instance->busy = false;
    }
}
