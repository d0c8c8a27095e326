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

typedef struct Instance {
    uint32_t group, number, of, fetcher;
    uint32_t next_share; /* where the next batch begins: partitions take turns */
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
    int64_t *claimed[LEDGER_GROUPS];  /* records in the batch at work, by partition */
    int64_t *goal;                    /* by partition: the backlog found when taking over */
    uint64_t behind;                  /* group-partitions that have not reached their goal */
    RandomStream service_draws[LEDGER_GROUPS], phase_draws, operator_draws, session_draws;
};

static inline Instance *instance_at(const Consumers *consumers, uint64_t i)
{
    return &g_array_index(consumers->instances, Instance, i);
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
