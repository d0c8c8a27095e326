/* The consumer groups of one region: fraud, notification, audit.
 *
 * States: ACTIVE, reading; IDLE, without members, so that the group's offsets can be synchronised;
 * HELD, with its partitions assigned and positions fixed, and not reading. The active region's are
 * ACTIVE. What the passive region's are until the failover, and how long the step resume-consumers
 * takes to make them ACTIVE, is the strategy's (models/readiness.h).
 *
 * Each instance of a group owns the partitions p with p % instances == its number: fetch, act on
 * up to max_poll_records one after the other, advance. Positions are committed every
 * commit_interval; a group that restarts, or takes over in the other region, begins at the
 * committed offset, or where `start` says if there is none. What it had done since is done again,
 * unless the group is idempotent.
 *
 * Groups of a cluster that only mirrors ask it again every fetch.max.wait.ms; those of a primary
 * are told. Members that crash count as members until their session expires (session_timeout);
 * those that come back earlier wait for that. Without a session timeout they read on at once.
 *
 * The step stop-consumers lets each finish its batch, commits, and empties the groups: IDLE.
 * A log that was cut by an unclean election takes its readers back to where it diverges.
 *
 * A group that reads committed records alone (isolation) gets no further than the last stable
 * offset, and skips aborted records. Nobody acts on markers.
 *
 * Sources: Apache Kafka 4.0 consumer configuration (enable.auto.commit, auto.commit.interval.ms,
 * max.poll.records, auto.offset.reset, fetch.max.wait.ms).
 */
#ifndef MODELS_CONSUMERS_H
#define MODELS_CONSUMERS_H

#include "models/readiness.h"
#include "models/storage.h"
#include "models/world.h"
#include "sim/dist.h"
#include "sim/link.h"
#include "sim/param.h"

typedef struct ConsumerConfig {
    char *name;
    Dist *service;
    int64_t instances;
    int64_t max_poll_records;
    SimTime commit_interval;
    int start;     /* ConsumerStart */
    int commit;    /* ConsumerCommit */
    int isolation; /* ConsumerIsolation */
    Dist *reset_by_operator;
    SimTime session_timeout, max_poll_interval;
    bool idempotent;
} ConsumerConfig;

typedef enum ConsumerStart { START_LATEST, START_EARLIEST, START_NONE } ConsumerStart;
typedef enum ConsumerCommit { COMMIT_INTERVAL, COMMIT_BATCH, COMMIT_TRANSACTION } ConsumerCommit;

typedef enum ConsumerIsolation { READ_UNCOMMITTED, READ_COMMITTED } ConsumerIsolation;

extern const ParamTable consumer_table;

typedef struct Consumers Consumers;

/* `config` has `groups` items; `storage` is the cluster of the same region, or in active-active its
 * topic of copies (storage_new_copies): groups of their own, which stand by to take over the events
 * of the other region when that is lost. */
Consumers *consumers_new(World *world, const ConsumerConfig *config, uint32_t groups,
                         Storage *storage);
void consumers_free(Consumers *consumers);
SimComponent consumers_component(const Consumers *consumers);

typedef struct ConsumersLinks {
    SimLink *to_kafka, *to_failover;
    SimComponent kafka;
} ConsumersLinks;

void consumers_connect(Consumers *consumers, ConsumersLinks links);
/* Instances over all groups, each of which needs a fetcher at the cluster. */
uint32_t consumers_instances(const Consumers *consumers);
void consumers_instance_share(const Consumers *consumers, uint32_t instance, uint32_t *modulus,
                              uint32_t *remainder);
bool consumers_instance_committed(const Consumers *consumers, uint32_t instance);
void consumers_set_fetcher(Consumers *consumers, uint32_t instance, uint32_t fetcher);
/* Begin, in the active region. `config`: what it takes to resume them once they were stopped. */
void consumers_start(Consumers *consumers, const ReadinessConfig *config);
/* Wait as the strategy says, in the passive region. */
void consumers_stand_by(Consumers *consumers, const ReadinessConfig *config);

/* At the run's end, in the surviving region: mark the payments whose event still waits. */
void consumers_mark_unread(const Consumers *consumers);

#endif
