/* The Kafka client in an application or relay: gathers records into batches, sends them to its
 * region's cluster, and tries again until it may not. One per region; made only if the scenario
 * asks for something that it does (producer_needed): without it a record is sent once, at once.
 *
 * States of a batch: OPEN (linger) → QUEUED (too many in flight before it) → SENT → done, or
 * BACKING_OFF → SENT again. A record that finds the buffer full waits max_block for room and is
 * refused.
 *
 * A batch is tried again when the connection breaks, when its partition has no leader, when too few
 * replicas are in sync, or when request_timeout has passed without an answer, up to `retries` times
 * and until delivery_timeout has passed since it was opened. Then its records fail: refused if
 * no try can have reached the log, else with an error of unknown outcome. Any other refusal is
 * final.
 *
 * Idempotent: records carry their number in this session and partition. The cluster answers one
 * that it has without appending it again, and sends away one that comes before its predecessors.
 * Without: a retry whose first try was appended is a second record, and a later batch in flight may
 * overtake the one that failed. Idempotence ends with the session: a process that crashes, or a
 * batch that was given up, begins a new one. It turns off silently if acks is not all, retries are
 * 0 or more than 5 batches may be in flight.
 *
 * Transactional: it is idempotent, and each record is part of a transaction of one of a pool of
 * transactional.ids, which holds `transaction_records` of them, or what comes within
 * `transaction_interval` of the first. One that is full is closed, and the next begins on another
 * id. When the cluster has answered all its records, the transaction is ended: committed, or
 * aborted if one of them failed; only then do its records' callers hear. States of a slot of the
 * pool: FREE → OPEN → CLOSED → ENDING → FREE. An end that is not answered is asked for again for
 * max_block. A process that is back and has its ids still (`ids: stable`) has what it left open
 * aborted at once (initTransactions); otherwise that is the cluster's business, after the timeout.
 * Numbers (idempotence) are those of the producer as a whole: one for each id in Kafka.
 *
 * Owns the hold of each record that it was given until the client has the answer. It lives and dies
 * with its process.
 *
 * Sources: Apache Kafka 4.0 producer configuration; KIP-98, KIP-360 (sessions), KIP-580 (backoff);
 * Spring for Apache Kafka (a pool of transactional producers, one for each thread that has one
 * open).
 */
#ifndef MODELS_PRODUCER_H
#define MODELS_PRODUCER_H

#include "models/kafka.h"
#include "models/world.h"
#include "sim/link.h"
#include "sim/param.h"

#define PRODUCER_BATCH_MAX  256
#define PRODUCER_BUFFER_MAX 60000

typedef struct ProducerConfig {
    int64_t retries, batch_records, max_in_flight, buffer_records;
    SimTime linger, request_timeout, delivery_timeout, backoff, backoff_max, max_block;
    bool idempotent;
    bool transactional;
    int64_t transaction_records;
    SimTime transaction_interval, transaction_timeout;
    int ids;     /* ProducerIds */
    int outages; /* 0 reset, 1 silent: how the loss of a broker or a cluster looks from here */
} ProducerConfig;

/* A process that is back: does it have the transactional.ids that it had before? */
typedef enum ProducerIds { PRODUCER_IDS_STABLE, PRODUCER_IDS_NEW } ProducerIds;

extern const ParamTable producer_table;

bool producer_needed(const ProducerConfig *config);
bool producer_idempotent(const ProducerConfig *config, const KafkaConfig *kafka);

typedef struct Producer Producer;

Producer *producer_new(World *world, const ProducerConfig *config, const KafkaConfig *kafka,
                       uint32_t region);
void producer_free(Producer *producer);
SimComponent producer_component(const Producer *producer);
/* to_kafka in order, as a connection is. */
void producer_connect(Producer *producer, SimLink *to_kafka, SimLink *to_client);
/* If it is transactional: who takes MSG_END_TXN, over to_kafka. */
void producer_coordinate(Producer *producer, SimComponent coordinator);

#endif
