/* The mirror's inside, shared by the files that make it: mirror.c (life and faults),
 * mirror_tasks.c, mirror_offsets.c (flush, checkpoints, group sync), mirror_workers.c (who runs the
 * tasks). Nobody else includes this.
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
    MIRROR_LEFT,  /* the group misses a worker */
    MIRROR_REBALANCE,
    MIRROR_REFRESH, /* new topics and partitions are looked for */
    MIRROR_ACLS,    /* the topics' ACLs are copied */
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
    double rate;         /* records/s that it can move; 0: no cap */
} MirrorTask;

#define MIRROR_NOBODY UINT32_MAX

typedef struct MirrorWorker {
    Mirror *mirror;
    uint32_t number;
    SimComponent id;
    bool up;
} MirrorWorker;

/* Confluent Replicator's knowledge of one partition: record timestamps (ms), by offset. */
typedef struct MirrorStamps {
    int64_t first_upstream, first_downstream;
    GArray *upstream;   /* of the source's records copied so far */
    GArray *downstream; /* of the target's, each the latest up to there: where a search stops */
} MirrorStamps;

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
    MirrorWorker *worker;
    uint32_t workers, leader;
    uint32_t *runs_on;   /* by task, behind them the checkpoint task: worker or MIRROR_NOBODY */
    uint32_t generation; /* of the workers' group: a rebalance planned for an older one is void */
    bool scheduled;      /* a delayed rebalance is */
    bool *known;         /* by partition: discovered */
    uint32_t cuts_seen;  /* in the source's logs */
    int64_t *polled, *delivered; /* by partition: next source offset to poll, to be written */
    int64_t *flushed;            /* by partition: where a worker that restarts begins */
    int64_t *furthest;           /* by partition: behind the last record ever copied */
    int64_t *whole;              /* by partition: below it, copies are copied as well */
    OffsetSyncWriter *writer;    /* by partition */
    OffsetSyncStore *store;      /* by partition */
    MirrorStamps *stamps;        /* by partition; NULL but for Replicator */
    int64_t *checkpoint_of[LEDGER_GROUPS]; /* the source offsets that these are of */
    int64_t *checkpoint[LEDGER_GROUPS];    /* translated offsets, by partition; OFFSET_NONE */
    MirrorFacts facts;
    SimTime run_latency;
    RandomStream latency_draws, poll_draws, phase_draws, refresh_draws, acl_draws;
};

/* Nobody runs the task. */
bool mirror_stands_still(const Mirror *mirror, const MirrorTask *task);
/* Ask the source for more. */
void mirror_fetch(Mirror *mirror, MirrorTask *task);
/* Give up what is in hand and read again from `from`. */
void mirror_rewind_tasks(Mirror *mirror, const int64_t *from);
/* How many partitions it has: number, number + tasks, … */
uint32_t mirror_shares(const Mirror *mirror, const MirrorTask *task);
/* Is the record another mirror's, and not to be copied? */
bool mirror_skips(const Mirror *mirror, uint32_t partition, int64_t offset);
void mirror_on_records(Sim *sim, void *self, const SimEvent *event);
void mirror_on_poll(Sim *sim, void *self, const SimEvent *event);
void mirror_on_deliver(Sim *sim, void *self, const SimEvent *event);
void mirror_on_retry(Sim *sim, void *self, const SimEvent *event);
void mirror_on_link(Sim *sim, void *self, const SimEvent *event);

/* A task stands still, until it runs again from what was flushed; what it has written counts as
 * flushed. */
void mirror_stop_task(Mirror *mirror, uint32_t task);
void mirror_resume_task(Mirror *mirror, uint32_t task);
void mirror_flush_task(Mirror *mirror, uint32_t task);

void mirror_make_workers(Mirror *mirror, const char *name);
/* The tasks are dealt anew to the workers that are up. */
void mirror_form_group(Mirror *mirror);
void mirror_on_left(Sim *sim, void *self, const SimEvent *event);
void mirror_on_rebalance(Sim *sim, void *self, const SimEvent *event);

bool mirror_reaches_source(const Mirror *mirror);
bool mirror_reaches_target(const Mirror *mirror);
/* The workers' end of the line: do they run in the target's region? */
bool mirror_at_target(const MirrorConfig *config);

/* A record of partition `p` was written at the target; then, a range of them. */
void mirror_note_written(Mirror *mirror, uint32_t p, int64_t upstream, int64_t downstream);
void mirror_note_range(Mirror *mirror, uint32_t p);
/* The link to the source is gone: what the groups commit there from now on stays unknown. */
void mirror_note_parting(Mirror *mirror);
/* Are the groups as far in the target as can be? */
bool mirror_offsets_are_over(const Mirror *mirror);
void mirror_make_offsets(Mirror *mirror);
void mirror_free_offsets(Mirror *mirror);
/* At a start: no sync, no checkpoint. */
void mirror_reset_offsets(Mirror *mirror);
/* The checkpoint task, and a source task for its partition `p`, run on a new worker. */
void mirror_restart_store(Mirror *mirror);
void mirror_restart_writer(Mirror *mirror, uint32_t p);
void mirror_start_timers(Mirror *mirror);
void mirror_on_flush(Sim *sim, void *self, const SimEvent *event);
void mirror_on_checkpoint(Sim *sim, void *self, const SimEvent *event);
void mirror_on_sync(Sim *sim, void *self, const SimEvent *event);

#endif
