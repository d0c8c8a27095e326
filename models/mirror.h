/* MirrorMaker 2: copies the active region's topics to the passive region, and translates the
 * consumers' offsets.
 *
 * Each task owns the partitions p with p % tasks == its number and runs one serial loop: wait until
 * the source has something (long poll), take up to max_poll_records, send. A batch leaves when the
 * task's throughput allows and is written in the target `latency` after that, in order per task;
 * the next poll starts `poll_interval` later. Only records below the source's high watermark can
 * be copied, so what is lost per partition is a contiguous suffix.
 *
 * Where it runs decides what survives: in the passive region a batch already polled is written
 * although the source is gone; in the active region it dies with it. A connection that breaks loses
 * nothing: the batch in hand is polled again. A crash of the mirror restarts from the offsets
 * flushed last, so up to offset_flush_interval of records appear twice in the target.
 *
 * Offset syncs, checkpoints and group-offset sync: models/offset_sync.h. Checkpoints need the
 * source; the sync to the target group goes on without it, and only while that group is empty.
 *
 * Sources: KIP-382, KIP-545, KIP-716; Apache Kafka 4.0 MirrorMaker configuration.
 */
#ifndef MODELS_MIRROR_H
#define MODELS_MIRROR_H

#include "models/storage.h"
#include "models/world.h"
#include "sim/dist.h"
#include "sim/link.h"
#include "sim/param.h"

#define MIRROR_TASKS_MAX 256

typedef struct MirrorConfig {
    bool enabled;
    int runs_in; /* region */
    int64_t tasks;
    Dist *latency;
    int latency_vary; /* 0: one draw a run; 1: one a batch */
    Dist *poll_interval;
    int64_t max_poll_records;
    double throughput; /* records/s per task; 0: no cap */
    int64_t offset_lag_max;
    SimTime offset_flush_interval;
    SimTime checkpoint_interval;
    bool sync_group_offsets;
    SimTime sync_interval;
} MirrorConfig;

extern const ParamTable mirror_table;

typedef struct Mirror Mirror;

Mirror *mirror_new(World *world, const MirrorConfig *config, Storage *source, Storage *target);
void mirror_free(Mirror *mirror);
SimComponent mirror_component(const Mirror *mirror);

typedef struct MirrorLinks {
    SimLink *to_source; /* fetches: over the WAN if it runs in the passive region */
    SimLink *wan;       /* from the source's region to the target's */
    SimComponent source_kafka, target_kafka, self_region_consumers;
} MirrorLinks;

void mirror_connect(Mirror *mirror, MirrorLinks links);
/* The fetcher index that the source cluster gave to a task; starts the task's loop. */
void mirror_start_task(Mirror *mirror, uint32_t task, uint32_t fetcher);

/* Committed in the source and not yet written in the target. */
uint64_t mirror_unreplicated(const Mirror *mirror);

#endif
