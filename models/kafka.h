/* A Kafka cluster of one region, as its clients see it.
 *
 * States: ACTIVE takes produce requests; STANDBY only holds what the mirror writes and refuses
 * producers; SWITCHING is on the way from the one to the other.
 *
 * A record is appended by its partition's leader after `append`, and is committed (below the high
 * watermark, visible to consumers and mirrors) `replicate` later, in order per partition. The
 * producer is answered at once (acks 0), at the append (acks 1), or at the commit (acks all).
 * After a crash of the whole cluster the leaders' logs are intact and everything appended becomes
 * visible. What a single broker's failure does is in models/brokers.h; its clients lose their
 * connections: requests in flight end in an error, new ones for its partitions wait in vain.
 *
 * ACTIVE becomes STANDBY by demote-kafka: producers are refused at once, and it is done when
 * what was in flight is committed.
 *
 * Readers park a MSG_FETCH until something they have not read is visible, and get MSG_RECORDS.
 *
 * Sources: Apache Kafka 4.0 documentation, producer acks, replication; KIP-679 for acks=all.
 */
#ifndef MODELS_KAFKA_H
#define MODELS_KAFKA_H

#include "models/brokers.h"
#include "models/storage.h"
#include "models/transactions.h"
#include "models/world.h"
#include "sim/dist.h"
#include "sim/link.h"
#include "sim/param.h"

typedef struct KafkaConfig {
    int64_t partitions;
    int acks; /* KafkaAcks */
    Dist *append;
    Dist *replicate;
    BrokersConfig brokers;
    bool both; /* derived: active-active, each region's takes producers */
} KafkaConfig;

typedef enum KafkaAcks { ACKS_0, ACKS_1, ACKS_ALL } KafkaAcks;

extern const ParamTable kafka_table;

typedef struct Kafka Kafka;

Kafka *kafka_new(World *world, const KafkaConfig *config, Storage *storage);
void kafka_free(Kafka *kafka);
SimComponent kafka_component(const Kafka *kafka);
/* 0 <= broker < kafka.brokers. Broker p % brokers leads partition p to begin with, so broker 0
 * leads most; of combined controllers the last broker is the active one. */
SimComponent kafka_broker_component(const Kafka *kafka, uint32_t broker);
/* Of the broker as a follower: while it is down, the broker lives and does not fetch. */
SimComponent kafka_fetcher_component(const Kafka *kafka, uint32_t broker);
/* The active controller; it is replaced as soon as it goes down. */
SimComponent kafka_controller_component(const Kafka *kafka);
void kafka_connect(Kafka *kafka, SimLink *to_application, SimLink *to_failover);

/* What its producers' clients do when a connection breaks or there is nobody to connect to. */
typedef enum KafkaClient {
    KAFKA_CLIENT_SIMPLE, /* an error for what is in flight; otherwise no answer */
    KAFKA_CLIENT_TRIES_AGAIN,
    KAFKA_CLIENT_WAITS /* it sees nothing: no answer at all */
} KafkaClient;

/* Answers (MSG_PRODUCED) have tag 1 if the client may try again. */
void kafka_serve(Kafka *kafka, KafkaClient client, bool idempotent);

/* Its producer writes in transactions (models/transactions.h), which time out. After kafka_connect
 * and kafka_serve. Returns who takes MSG_END_TXN. */
SimComponent kafka_transact(Kafka *kafka, SimTime timeout);

typedef struct KafkaFacts {
    uint64_t reordered;    /* records appended behind a later one of the same producer */
    uint64_t deduplicated; /* retries recognised */
    TransactionsFacts transactions;
    uint64_t leaked; /* records that a mirror copied and that are not committed */
} KafkaFacts;
KafkaFacts kafka_facts(const Kafka *kafka);

/* Register a reader of the partitions p with p % modulus == remainder. Its MSG_RECORDS go over
 * `link` to `reader` with `tag`. Returns the fetcher's index, for MSG_FETCH's subject; that
 * message's value is the sum of the offsets that the reader has read up to. `committed`: it reads
 * what is stable only (read_committed). */
uint32_t kafka_add_fetcher(Kafka *kafka, SimComponent reader, uint16_t tag, SimLink *link,
                           uint32_t modulus, uint32_t remainder, bool committed);

#endif
