/* The mirror's offsets: flush, offset syncs, checkpoints, and the sync to the passive groups. */
#include "models/mirror_parts.h"

static void every(Mirror *mirror, SimTime interval, uint16_t kind)
{
    sim_after(mirror->world->sim, interval, SIM_PHASE_MESSAGE,
              (SimEvent){.component = mirror->id, .kind = kind});
}

/* ---- Confluent Replicator: by the records' timestamps ---- */

static void stamps_init(MirrorStamps *stamps, int64_t upstream, int64_t downstream)
{
    stamps->first_upstream = upstream;
    stamps->first_downstream = downstream;
    g_array_set_size(stamps->upstream, 0);
    g_array_set_size(stamps->downstream, 0);
}

/* The producer's timestamp is that of the attempt that made the record. */
static void stamps_add(Mirror *mirror, uint32_t p, int64_t upstream)
{
    MirrorStamps *stamps = &mirror->stamps[p];
    PaymentRef ref = log_at(&mirror->source->log[p], upstream);
    int64_t ms = ledger_get(mirror->world->ledger, ref)->attempt_at / SIM_MS;
    while (stamps->upstream->len <= upstream - stamps->first_upstream) /* not if read again */
        g_array_append_val(stamps->upstream, ms);
    guint length = stamps->downstream->len;
    int64_t latest = length > 0 ? g_array_index(stamps->downstream, int64_t, length - 1) : ms;
    latest = MAX(latest, ms);
    g_array_append_val(stamps->downstream, latest);
}

/* The interceptor of the consumers writes down the last record's timestamp. It is looked up in the
 * target, which gives the first record that is not older; the next one is the translation. Records
 * of the same millisecond are read again, as is what a mirror's crash has doubled. */
static int64_t translate_by_time(const Mirror *mirror, uint32_t p, int64_t upstream)
{
    const MirrorStamps *stamps = &mirror->stamps[p];
    int64_t last = MIN(upstream - stamps->first_upstream, (int64_t)stamps->upstream->len) - 1;
    if (last < 0)
        return OFFSET_UNKNOWN;
    int64_t ms = g_array_index(stamps->upstream, int64_t, last);
    guint low = 0, high = stamps->downstream->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(stamps->downstream, int64_t, middle) < ms)
            low = middle + 1;
        else
            high = middle;
    }
    return stamps->first_downstream + low + 1;
}

/* ---- what the task loop tells ---- */

void mirror_note_written(Mirror *mirror, uint32_t p, int64_t upstream, int64_t downstream)
{
    if (mirror->stamps)
        stamps_add(mirror, p, upstream);
    if (mirror->config->kind == MIRROR_MM2 &&
        offset_sync_writer_record(&mirror->writer[p], upstream, downstream))
        offset_sync_store_add(&mirror->store[p], (OffsetSync){upstream, downstream});
}

static void raise_committed(Mirror *mirror, uint32_t g, uint32_t p, int64_t offset)
{
    int64_t *committed = &mirror->target->committed[g][p];
    *committed = MAX(*committed, offset);
}

/* Cluster Linking hands on offsets as they are; a failover cuts them to what is there. */
static void raise_linked(Mirror *mirror, uint32_t p)
{
    for (uint32_t g = 0; g < mirror->target->groups; g++)
        raise_committed(mirror, g, p, MIN(mirror->checkpoint[g][p], mirror->target->log[p].end));
}

void mirror_note_range(Mirror *mirror, uint32_t p)
{
    if (mirror->config->kind == MIRROR_LINKING && !mirror->target->has_members)
        raise_linked(mirror, p);
    /* Offsets are part of the transaction, or it is the target's log that says where to go on. */
    if (mirror->config->exactly_once || mirror->config->kind == MIRROR_LINKING)
        mirror->flushed[p] = mirror->delivered[p];
}

static void note_commits(Mirror *mirror)
{
    for (uint32_t g = 0; g < mirror->source->groups; g++)
        for (uint32_t p = 0; p < mirror->source->partitions; p++)
            mirror->checkpoint_of[g][p] = mirror->source->committed[g][p];
}

/* Replicator reads them as they come, so that it has all of a source that has died; of one beyond a
 * broken link, those of before. */
void mirror_note_parting(Mirror *mirror)
{
    if (mirror->config->kind == MIRROR_REPLICATOR)
        note_commits(mirror);
}

/* ---- the timers ---- */

/* Connect's offset flush: delayed syncs go out, and this is where a crash restarts from. */
void mirror_on_flush(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Mirror *mirror = self;
    for (uint32_t p = 0; p < mirror->source->partitions; p++) {
        OffsetSync sync;
        if (mirror->runs_on[p % (uint32_t)mirror->config->tasks] == MIRROR_NOBODY)
            continue; /* where it stood when it was flushed last is where it goes on */
        if (mirror->config->kind == MIRROR_MM2 &&
            offset_sync_writer_flush(&mirror->writer[p], &sync))
            offset_sync_store_add(&mirror->store[p], sync);
        mirror->flushed[p] = mirror->source->pin[p] = mirror->delivered[p];
        storage_trim(mirror->source, p, mirror->world->ledger);
    }
    every(mirror, mirror->config->offset_flush_interval, MIRROR_FLUSH);
}

static bool checkpoint_task_runs(const Mirror *mirror)
{
    return mirror->runs_on[mirror->config->tasks] != MIRROR_NOBODY;
}

/* A group that was set back is followed; else checkpoints only advance. */
static void checkpoint(Mirror *mirror, uint32_t g, uint32_t p)
{
    int64_t committed = mirror->source->committed[g][p];
    if (committed == OFFSET_NONE)
        return;
    int64_t translated = offset_sync_store_translate(&mirror->store[p], committed);
    if (translated < 0)
        return;
    if (translated <= mirror->checkpoint[g][p] && committed >= mirror->checkpoint_of[g][p])
        return;
    mirror->checkpoint[g][p] = translated;
    mirror->checkpoint_of[g][p] = committed;
}

void mirror_on_checkpoint(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Mirror *mirror = self;
    every(mirror, mirror->config->checkpoint_interval, MIRROR_CHECKPOINT);
    if (!checkpoint_task_runs(mirror) || !mirror_reaches_source(mirror))
        return;
    for (uint32_t g = 0; g < mirror->source->groups; g++)
        for (uint32_t p = 0; p < mirror->source->partitions; p++)
            checkpoint(mirror, g, p);
}

/* Checkpoints are in memory: the source may be gone. */
static void sync_checkpoints(Mirror *mirror, uint32_t p)
{
    for (uint32_t g = 0; g < mirror->target->groups; g++)
        raise_committed(mirror, g, p, mirror->checkpoint[g][p]);
}

static void sync_by_time(Mirror *mirror, uint32_t p)
{
    for (uint32_t g = 0; g < mirror->target->groups; g++)
        if (mirror->checkpoint_of[g][p] != OFFSET_NONE)
            raise_committed(mirror, g, p,
                            translate_by_time(mirror, p, mirror->checkpoint_of[g][p]));
}

static void sync_linked(Mirror *mirror, uint32_t p)
{
    if (!mirror_reaches_source(mirror))
        return;
    for (uint32_t g = 0; g < mirror->target->groups; g++)
        mirror->checkpoint[g][p] = mirror->source->committed[g][p];
    raise_linked(mirror, p);
}

/* How each kind brings a partition's committed offsets to the target's groups, and how often. */
static const struct {
    void (*sync)(Mirror *mirror, uint32_t p);
    size_t interval; /* SimTime in MirrorConfig */
    bool checkpoints;
} offset_way[] = {
    [MIRROR_MM2] = {sync_checkpoints, offsetof(MirrorConfig, sync_interval), true},
    [MIRROR_REPLICATOR] = {sync_by_time, offsetof(MirrorConfig, translator_period), false},
    [MIRROR_LINKING] = {sync_linked, offsetof(MirrorConfig, link_interval), false},
};

/* The best that can become of a group's position with what has been mirrored. */
static int64_t position_there(const Mirror *mirror, uint32_t g, uint32_t p)
{
    int64_t committed = mirror->source->committed[g][p];
    switch ((MirrorKind)mirror->config->kind) {
    case MIRROR_REPLICATOR:
        return translate_by_time(mirror, p, committed);
    case MIRROR_LINKING:
        return MIN(committed, mirror->target->log[p].end);
    default:
        return offset_sync_store_translate(&mirror->store[p], committed);
    }
}

static bool offset_is_over(const Mirror *mirror, uint32_t g, uint32_t p)
{
    bool unannounced = mirror->config->kind == MIRROR_MM2 && mirror->writer[p].pending;
    if (mirror->source->committed[g][p] == OFFSET_NONE)
        return true;
    return !unannounced && mirror->target->committed[g][p] >= position_there(mirror, g, p);
}

/* A group with members takes no foreign commits: nothing to wait for. */
bool mirror_offsets_are_over(const Mirror *mirror)
{
    if (!mirror->config->sync_group_offsets || mirror->target->has_members)
        return true;
    for (uint32_t g = 0; g < mirror->source->groups; g++)
        for (uint32_t p = 0; p < mirror->source->partitions; p++)
            if (!offset_is_over(mirror, g, p))
                return false;
    return true;
}

static SimTime sync_interval(const Mirror *mirror)
{
    size_t at = offset_way[mirror->config->kind].interval;
    return *(const SimTime *)(const void *)((const char *)mirror->config + at);
}

void mirror_on_sync(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Mirror *mirror = self;
    every(mirror, sync_interval(mirror), MIRROR_SYNC);
    if (mirror->config->kind == MIRROR_REPLICATOR &&
        sim_is_up(sim, sim_link_component(mirror->link.wan)))
        note_commits(mirror);
    if (!checkpoint_task_runs(mirror) || !mirror_reaches_target(mirror) ||
        mirror->target->has_members)
        return; /* a group with members refuses foreign commits */
    for (uint32_t p = 0; p < mirror->target->partitions; p++)
        offset_way[mirror->config->kind].sync(mirror, p);
}

static SimTime phase_of(Mirror *mirror, SimTime interval)
{
    return (SimTime)(random_uniform(&mirror->phase_draws) * (double)interval);
}

void mirror_start_timers(Mirror *mirror)
{
    const MirrorConfig *config = mirror->config;
    mirror->ticking = true;
    every(mirror, phase_of(mirror, config->offset_flush_interval), MIRROR_FLUSH);
    SimTime checkpoints = phase_of(mirror, config->checkpoint_interval);
    if (offset_way[config->kind].checkpoints)
        every(mirror, checkpoints, MIRROR_CHECKPOINT);
    SimTime sync = phase_of(mirror, sync_interval(mirror));
    if (config->sync_group_offsets)
        every(mirror, sync, MIRROR_SYNC);
}

void mirror_reset_offsets(Mirror *mirror)
{
    for (uint32_t p = 0; p < mirror->source->partitions; p++) {
        offset_sync_writer_init(&mirror->writer[p], mirror->config->offset_lag_max);
        offset_sync_store_init(&mirror->store[p], true);
        for (uint32_t g = 0; g < mirror->source->groups; g++)
            mirror->checkpoint[g][p] = mirror->checkpoint_of[g][p] = OFFSET_NONE;
        if (mirror->stamps)
            stamps_init(&mirror->stamps[p], mirror->flushed[p], mirror->target->log[p].end);
    }
}

/* A new worker reads the sync topic anew, and may use the newest sync alone of what is there. Since
 * 3.8 it may use them all, if it finds its checkpoints (KAFKA-15905). */
void mirror_restart_store(Mirror *mirror)
{
    for (uint32_t p = 0; !mirror->config->reuse_syncs && p < mirror->source->partitions; p++) {
        OffsetSync newest = mirror->store[p].sync[0];
        bool any = mirror->store[p].any;
        offset_sync_store_init(&mirror->store[p], true);
        if (any)
            offset_sync_store_add(&mirror->store[p], newest);
    }
}

void mirror_restart_writer(Mirror *mirror, uint32_t p)
{
    offset_sync_writer_init(&mirror->writer[p], mirror->config->offset_lag_max);
}

/* ---- making ---- */

static GArray *times_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(int64_t));
}

void mirror_make_offsets(Mirror *mirror)
{
    uint32_t partitions = mirror->source->partitions;
    mirror->writer = g_new0(OffsetSyncWriter, partitions);
    mirror->store = g_new0(OffsetSyncStore, partitions);
    for (uint32_t g = 0; g < mirror->source->groups; g++) {
        mirror->checkpoint[g] = g_new(int64_t, partitions);
        mirror->checkpoint_of[g] = g_new(int64_t, partitions);
    }
    if (mirror->config->kind == MIRROR_REPLICATOR)
        mirror->stamps = g_new0(MirrorStamps, partitions);
    for (uint32_t p = 0; mirror->stamps && p < partitions; p++) {
        mirror->stamps[p].upstream = times_new();
        mirror->stamps[p].downstream = times_new();
    }
    mirror_reset_offsets(mirror);
}

void mirror_free_offsets(Mirror *mirror)
{
    for (uint32_t p = 0; mirror->stamps && p < mirror->source->partitions; p++) {
        g_array_unref(mirror->stamps[p].upstream);
        g_array_unref(mirror->stamps[p].downstream);
    }
    for (uint32_t g = 0; g < mirror->source->groups; g++) {
        g_free(mirror->checkpoint[g]);
        g_free(mirror->checkpoint_of[g]);
    }
    g_free(mirror->stamps);
    g_free(mirror->writer);
    g_free(mirror->store);
}
