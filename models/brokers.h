/* The brokers of one Kafka cluster: who leads each partition, who is in sync, and what becomes of
 * that when a broker fails. While none does, nothing here runs.
 *
 * A broker is a component; so is its replica fetcher, whose outage is a follower that hangs while
 * its broker lives and sends heartbeats; so is the active controller. Partition p is led by broker
 * p % brokers and replicated to the next replication_factor - 1; broker b is in zone b % zones.
 *
 * States of a broker: FOLLOWING → (crash) dead → FENCED by the controller → (back) CATCHING_UP →
 * FOLLOWING. A partition is in trouble if it is OFFLINE (its leader is dead or there is none),
 * STALLED (an in-sync follower does not fetch: the high watermark stands still and acks=all waits)
 * or SHORT (fewer in sync than min.insync.replicas).
 *
 * - A dead broker is fenced when its session expires: session_timeout after its last heartbeat. If
 *   the controller is lost, too, a new one is elected first and gives every broker a new session.
 *   One that is back before that is registered only then.
 * - A follower that hangs leaves the in-sync replicas after 1 to 1.5 times lag_time_max.
 * - The new leader is the first replica in sync. Its log ends at the high watermark: what the old
 *   one had appended beyond is cut. If none in sync lives, the partition waits for the last one, or
 *   (unclean election) takes any replica and is cut to that one's end: committed records are lost.
 * - A broker that is back cuts its logs to the leaders', fetches what it lacks at `catch_up`
 *   records per second, and rejoins; the preferred leader leads again within 5 min.
 *
 * In-sync replicas are taken to hold exactly what lies below the high watermark. The end of a
 * replica that does not follow is where that stood when it stopped.
 *
 * Sources: Apache Kafka 4.0: broker configuration, ReplicaManager (isr-expiration runs every half
 * replica.lag.time.max.ms), ClusterControlManager (a second registration within a session is
 * refused), BrokerHeartbeatManager.
 */
#ifndef MODELS_BROKERS_H
#define MODELS_BROKERS_H

#include "models/storage.h"
#include "models/world.h"
#include "sim/dist.h"

#define BROKERS_MAX 32

typedef struct BrokersConfig {
    int64_t count, replication_factor, min_in_sync;
    SimTime lag_time_max, session_timeout, heartbeat, leader_rebalance;
    Dist *controller_election;
    double catch_up;
    bool unclean;
    int controllers; /* 0 dedicated, 1 combined */
} BrokersConfig;

/* Bits of a partition's trouble; 0: all is well. */
enum { PARTITION_OFFLINE = 1, PARTITION_STALLED = 2, PARTITION_SHORT = 4 };

/* What the cluster does about it. */
typedef struct BrokersHooks {
    void *cluster;
    /* The leader has died, and with it whatever was on its way through it. */
    void (*leader_lost)(void *cluster, uint32_t partition);
    /* A leader whose log ends at `end` takes over. */
    void (*cut)(void *cluster, uint32_t partition, int64_t end);
    /* The partition's trouble, or its in-sync replicas, have changed. */
    void (*changed)(void *cluster, uint32_t partition);
} BrokersHooks;

typedef struct Brokers Brokers;

/* `name`: the cluster's, for components and streams. */
Brokers *brokers_new(World *world, const BrokersConfig *config, Storage *storage, const char *name,
                     BrokersHooks hooks);
void brokers_free(Brokers *brokers);

/* By partition. */
const uint8_t *brokers_trouble(const Brokers *brokers);

/* While it is stalled: followers that still follow have what lies below `offset`. */
void brokers_replicated(Brokers *brokers, uint32_t partition, int64_t offset);

SimComponent brokers_component(const Brokers *brokers, uint32_t broker);
SimComponent brokers_fetcher_component(const Brokers *brokers, uint32_t broker);
SimComponent brokers_controller_component(const Brokers *brokers);

#endif
