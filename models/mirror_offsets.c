/* The mirror's offsets: flush, offset syncs, checkpoints, and the sync to the passive groups. */
#include "models/mirror_parts.h"

static void every(Mirror *mirror, SimTime interval, uint16_t kind)
{
    sim_after(mirror->world->sim, interval, SIM_PHASE_MESSAGE,
              (SimEvent){.component = mirror->id, .kind = kind});
}

void mirror_note_written(Mirror *mirror, uint32_t p, int64_t upstream, int64_t downstream)
{
    if (offset_sync_writer_record(&mirror->writer[p], upstream, downstream))
        offset_sync_store_add(&mirror->store[p], (OffsetSync){upstream, downstream});
}

/* Connect's offset flush: delayed syncs go out, and this is where a crash restarts from. */
void mirror_on_flush(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Mirror *mirror = self;
    for (uint32_t p = 0; p < mirror->source->partitions; p++) {
        OffsetSync sync;
        if (mirror->runs_on[p % (uint32_t)mirror->config->tasks] == MIRROR_NOBODY)
            continue; /* where it stood when it was flushed last is where it goes on */
        if (offset_sync_writer_flush(&mirror->writer[p], &sync))
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

void mirror_on_checkpoint(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Mirror *mirror = self;
    every(mirror, mirror->config->checkpoint_interval, MIRROR_CHECKPOINT);
    if (!checkpoint_task_runs(mirror) || !mirror_reaches_source(mirror))
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

void mirror_on_sync(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Mirror *mirror = self;
    every(mirror, mirror->config->sync_interval, MIRROR_SYNC);
    if (!checkpoint_task_runs(mirror) || !mirror_reaches_target(mirror) ||
        mirror->target->has_members)
        return; /* a group with members refuses foreign commits */
    for (uint32_t g = 0; g < mirror->target->groups; g++)
        for (uint32_t p = 0; p < mirror->target->partitions; p++)
            if (mirror->checkpoint[g][p] > mirror->target->committed[g][p])
                mirror->target->committed[g][p] = mirror->checkpoint[g][p];
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
    every(mirror, phase_of(mirror, config->checkpoint_interval), MIRROR_CHECKPOINT);
    SimTime sync = phase_of(mirror, config->sync_interval);
    if (config->sync_group_offsets)
        every(mirror, sync, MIRROR_SYNC);
}

void mirror_reset_offsets(Mirror *mirror)
{
    for (uint32_t p = 0; p < mirror->source->partitions; p++) {
        offset_sync_writer_init(&mirror->writer[p], mirror->config->offset_lag_max);
        offset_sync_store_init(&mirror->store[p], true);
        for (uint32_t g = 0; g < mirror->source->groups; g++)
            mirror->checkpoint[g][p] = OFFSET_NONE;
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
