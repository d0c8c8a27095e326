/* The mirror: copies one region's topics to the other, and brings the consumers' offsets along. It
 * is MirrorMaker 2, Confluent Replicator (the same Connect tasks, offsets by timestamps), or
 * Cluster Linking (the target's brokers, offsets as they are); what differs is in mirror_offsets.c.
 *
 * There is one for each direction. The one into the passive region runs from the start; the one
 * back into the active region begins with the step start-mirror of a runbook that moves service
 * there, and begins where start_from says. States: IDLE (not started) -> RUNS -> OVER (its target
 * has been made the primary), from which start-mirror starts it again. For two primaries
 * (active-active), start both by mirror_start once both storages are primary: each then goes on,
 * and neither sends back the other's records. The step await-mirror is done when everything that
 * the source shows has been written in the target.
 *
 * A record that the other direction's mirror has written is not sent back (the default policy's
 * alias tells it; under the identity policy, which has no such check, the model sees to it), but
 * for what was there before an identity mirror began: that is copied, as doubles.
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
 * flushed last, so up to offset_flush_interval of records appear twice in the target. With several
 * workers, a crash of one stops its tasks until the group rebalances: models/mirror_workers.c.
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

#define MIRROR_TASKS_MAX   256
#define MIRROR_WORKERS_MAX 64

typedef enum MirrorKind { MIRROR_MM2, MIRROR_REPLICATOR, MIRROR_LINKING, MIRROR_NONE } MirrorKind;

typedef enum MirrorSubscription {
    MIRROR_SUBSCRIBE_PATTERN,
    MIRROR_SUBSCRIBE_PLAIN
} MirrorSubscription;

typedef enum MirrorPolicy { MIRROR_POLICY_DEFAULT, MIRROR_POLICY_IDENTITY } MirrorPolicy;

/* Where a mirror that is started by a runbook begins, in each partition of its source. */
typedef enum MirrorStart {
    MIRROR_FROM_COPIED, /* behind the last record that the other direction wrote there */
    MIRROR_FROM_NOW,
    MIRROR_FROM_EVERYTHING
} MirrorStart;

typedef enum MirrorIsolation { MIRROR_READS_UNCOMMITTED, MIRROR_READS_COMMITTED } MirrorIsolation;

typedef struct MirrorConfig {
    bool enabled;
    int kind;         /* MirrorKind */
    int runs_in;      /* region of the mirror into the passive one; the other: at the same end */
    int policy;       /* MirrorPolicy */
    int start_from;   /* MirrorStart */
    int subscription; /* MirrorSubscription */
    bool exactly_once;
    int isolation; /* MirrorIsolation; use mirror_reads_committed */
    bool new_acl;
    SimTime acls_interval;
    Dist *acl_repair;
    int64_t tasks, workers;
    SimTime session_timeout, rebalance_delay;
    bool clean_stop; /* workers that an event takes away flush and leave their group */
    Dist *latency;
    int latency_vary; /* 0: one draw a run; 1: one a batch */
    Dist *poll_interval;
    int64_t max_poll_records;
    double throughput;                           /* records/s per task; 0: no cap */
    SimTime produce_rtt;                         /* 0: no cap follows from the following */
    int64_t batch_size, record_size, fetch_size; /* bytes */
    int64_t new_partitions;
    SimTime refresh_interval;
    int64_t offset_lag_max;
    SimTime offset_flush_interval;
    SimTime checkpoint_interval;
    bool reuse_syncs; /* a checkpoint task that restarts may use all syncs */
    bool sync_group_offsets;
    bool await_offsets;        /* so does the step await-mirror */
    SimTime sync_interval;     /* MirrorMaker 2 */
    SimTime translator_period; /* Replicator */
    SimTime link_interval;     /* Cluster Linking */
} MirrorConfig;

extern const ParamTable mirror_table;

typedef struct Mirror Mirror;

/* By the region that it copies into: names the component and its streams. */
extern const char *const mirror_name[REGIONS];

/* So does an exactly-once source, whatever `isolation` says: Connect insists on it. */
bool mirror_reads_committed(const MirrorConfig *config);
/* Would one that is started late copy even what the other direction wrote? */
bool mirror_copies_all(const MirrorConfig *config);
/* The storage of its source must be pinned (storage_pin) before it starts. */
Mirror *mirror_new(World *world, const MirrorConfig *config, Storage *source, Storage *target);
void mirror_free(Mirror *mirror);
SimComponent mirror_component(const Mirror *mirror);
/* Worker 0 .. mirror.workers - 1; the mirror itself if there is one alone. */
SimComponent mirror_worker_component(const Mirror *mirror, uint32_t worker);
/* Where its workers run. */
uint32_t mirror_region(const Mirror *mirror);

typedef struct MirrorLinks {
    SimLink *to_source; /* fetches: over the WAN if it runs in the target's region */
    SimLink *wan;       /* from the source's region to the target's */
    SimLink *to_failover;
    SimComponent source_kafka, target_kafka;
} MirrorLinks;

void mirror_connect(Mirror *mirror, MirrorLinks links);
/* The fetcher index that the source cluster gave to a task. */
void mirror_set_fetcher(Mirror *mirror, uint32_t task, uint32_t fetcher);
/* It runs from the beginning, on logs that are empty. */
void mirror_start(Mirror *mirror);

typedef struct MirrorFacts {
    uint64_t copied, doubled; /* records written; of these, records that had been before */
    uint64_t unreplicated;    /* when the outage began */
    SimTime record_age;       /* then: of the oldest record not in the target; 0: none */
} MirrorFacts;

void mirror_note_outage(Mirror *mirror);
/* All zero without a mirror. */
MirrorFacts mirror_facts(const Mirror *mirror);

/* Committed in the source and not yet written in the target, but for what it never will copy. */
uint64_t mirror_unreplicated(const Mirror *mirror);

#endif
