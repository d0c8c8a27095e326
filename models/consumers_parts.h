/* The consumers' inside, shared by the files that make it: consumers.c (starting, commands,
 * crashes), consumers_read.c (reading, acting, committing). Nobody else includes this.
 *
 * Owned by the consumers: everything reached from struct Consumers but world, config and storage.
 */
#ifndef MODELS_CONSUMERS_PARTS_H
#define MODELS_CONSUMERS_PARTS_H

#include <glib.h>

#include "models/consumers.h"

typedef enum GroupState { GROUP_IDLE, GROUP_HELD, GROUP_ACTIVE, GROUP_STOPPING } GroupState;

enum {
    CONS_BATCH = MSG_KINDS,
    CONS_COMMIT,
    CONS_ACTIVATED,
    CONS_POLL,
    CONS_STOP,      /* the step stop-consumers has taken its time */
    CONS_RESET,     /* an operator has set a group's offsets */
    CONS_REBALANCE, /* of paused members */
    CONS_KINDS
};

/* Its share: partitions number, number + of, … */
typedef struct Instance {
    uint32_t group, number, of, fetcher;
    uint32_t shares;     /* partitions */
    uint32_t next_share; /* where the next batch begins: partitions take turns */
    uint64_t *batch;     /* a bit for each partition of the share that the last batch is from */
    bool busy;
    bool polling;           /* asks again when its long poll ends */
    SimTime batch_at, each; /* of the batch in hand: its beginning, and the time of one record */
} Instance;

struct Consumers {
    World *world;
    const ConsumerConfig *config; /* by group */
    uint32_t groups;
    Storage *storage;
    SimComponent id;
    ConsumersLinks link;
    Readiness readiness; /* passive region */
    GroupState state;
    bool activating, activated; /* by the runbook */
    uint32_t assigned;          /* raised at each assignment: the timers of older ones are void */
    uint64_t stopping;          /* the step to answer */
    bool stuck[LEDGER_GROUPS];  /* start: none, and nobody has set the offsets yet */
    uint32_t cuts_seen;         /* in the cluster's logs */
    SimComponent coordinator;   /* of the groups, at the cluster */
    SimTime members_until;      /* those that crashed count as members until then */
    uint32_t session;           /* raised at each crash */
    bool rejoining;             /* back, and waiting for that */
    GArray *instances;
    int64_t *position[LEDGER_GROUPS]; /* next offset to read, by partition */
    int64_t *claimed[LEDGER_GROUPS];  /* offsets in the last batch, by partition, if it has any */
    int64_t *goal;                    /* by partition: the backlog found when taking over */
    uint64_t behind;                  /* group-partitions that have not reached their goal */
    RandomStream service_draws[LEDGER_GROUPS], phase_draws, operator_draws, session_draws;
};

static inline Instance *instance_at(const Consumers *consumers, uint64_t i)
{
    return &g_array_index(consumers->instances, Instance, i);
}

static inline size_t batch_words(const Instance *instance)
{
    return (instance->shares + 63) / 64;
}

static inline uint32_t partition_of(const Instance *instance, uint32_t share)
{
    return instance->number + share * instance->of;
}

/* The first partition of the last batch from `share` on; instance->shares: no more. */
static inline uint32_t next_in_batch(const Instance *instance, uint32_t share)
{
    for (; share < instance->shares; share = (share / 64 + 1) * 64) {
        uint64_t rest = instance->batch[share / 64] >> share % 64;
        if (rest != 0)
            return share + (uint32_t)__builtin_ctzll(rest);
    }
    return instance->shares;
}

/* Does the cluster answer? */
bool consumers_connected(const Consumers *consumers);
/* Group-partitions that have not reached their goal. */
uint64_t consumers_behind(const Consumers *consumers);
/* A log was cut by an unclean election: consumers see that it diverges from what they have read,
 * and go back to where it does (KIP-320). What they had in hand of the rest is given up. */
void consumers_heed_cuts(Consumers *consumers);
/* Take what there is, or wait for it. */
void consumers_read_more(Consumers *consumers, uint32_t instance);
/* A marker; to a group that reads committed records, an aborted one. The log has the offset. */
bool consumers_pass_over(const Consumers *consumers, uint32_t g, uint32_t p, int64_t offset);
void consumers_commit_partition(Consumers *consumers, uint32_t g, uint32_t p);
/* The processes die: each has acted on a part of its batch. */
void consumers_leave_batches(Consumers *consumers);
/* GROUP_STOPPING: nothing is in hand any more? Then commit and leave the groups. */
void consumers_stop_if_idle(Consumers *consumers);

void consumers_on_records(Sim *sim, void *self, const SimEvent *event);
void consumers_on_poll(Sim *sim, void *self, const SimEvent *event);
void consumers_on_batch(Sim *sim, void *self, const SimEvent *event);
void consumers_on_commit(Sim *sim, void *self, const SimEvent *event);

#endif
