/* The mirror's inside, shared by the files that make it: mirror.c (the task loop, faults, life),
 * mirror_offsets.c (flush, checkpoints, group sync). Nobody else includes this.
 *
 * Owned by the mirror: everything reached from struct Mirror but world, config and the storages.
 */
#ifndef MODELS_MIRROR_PARTS_H
#define MODELS_MIRROR_PARTS_H

#include <glib.h>

#include "models/mirror.h"
#include "models/offset_sync.h"

enum {
    MIRROR_DELIVER = MSG_KINDS,
    MIRROR_POLL,
    MIRROR_RETRY,
    MIRROR_FLUSH,
    MIRROR_CHECKPOINT,
    MIRROR_SYNC,
    MIRROR_BEGIN, /* the step start-mirror has taken its time */
    MIRROR_LOOK,  /* the step await-mirror: is anything left to copy? */
    MIRROR_KINDS
};

typedef enum MirrorPhase {
    MIRROR_IDLE, /* made, and not started yet */
    MIRROR_RUNS,
    MIRROR_OVER /* its target has become the primary */
} MirrorPhase;

typedef struct MirrorTask {
    uint32_t number, fetcher;
    GQueue ranges;  /* Range*, in the order polled */
    uint32_t epoch; /* raised when what is in hand is given up */
    SimTime departed;
    SimLane lane;
    uint32_t next_share; /* where the next batch begins: partitions take turns */
    int64_t due;         /* ranges that should be in the target by now */
    bool blocked;        /* the target cannot be reached: retrying, not polling */
    bool resting;        /* between two polls */
} MirrorTask;

struct Mirror {
    World *world;
    const MirrorConfig *config;
    Storage *source, *target;
    SimComponent id;
    MirrorLinks link;
    MirrorPhase phase;
    bool ticking;      /* the timers run */
    bool awaiting;     /* someone waits for nothing to be left */
    bool onto_primary; /* the target took writes when this mirror began: not a reason to end it */
    MirrorTask *task;
    uint32_t cuts_seen;          /* in the source's logs */
    int64_t *polled, *delivered; /* by partition: next source offset to poll, to be written */
    int64_t *flushed;            /* by partition: where a worker that restarts begins */
    int64_t *whole;              /* by partition: below it, copies are copied as well */
    OffsetSyncWriter *writer;    /* by partition */
    OffsetSyncStore *store;      /* by partition */
    int64_t *checkpoint[LEDGER_GROUPS]; /* translated offsets, by partition; OFFSET_NONE */
    SimTime run_latency;
    RandomStream latency_draws, poll_draws, phase_draws;
};

bool mirror_reaches_source(const Mirror *mirror);
bool mirror_reaches_target(const Mirror *mirror);
/* The workers' end of the line: do they run in the target's region? */
bool mirror_at_target(const MirrorConfig *config);

/* A record of partition `p` was written at the target: announce it if it is time. */
void mirror_note_written(Mirror *mirror, uint32_t p, int64_t upstream, int64_t downstream);
/* Forget the syncs and begin to write others: all of them at a start, all but the newest at a
 * restart. */
void mirror_reset_offsets(Mirror *mirror);
void mirror_restart_offsets(Mirror *mirror);
void mirror_start_timers(Mirror *mirror);
void mirror_on_flush(Sim *sim, void *self, const SimEvent *event);
void mirror_on_checkpoint(Sim *sim, void *self, const SimEvent *event);
void mirror_on_sync(Sim *sim, void *self, const SimEvent *event);

#endif
