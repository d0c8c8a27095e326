/* The relay: publishes what the database has committed, so that the application need not. One per
 * region; made only if `application.write` is outbox or cdc.
 *
 * Rounds: every `poll` it asks its region's database how far it may read; a database that is no
 * primary sends it away. It takes up to `batch` rows in the order of commit, produces them to its
 * region's Kafka, waits for the answers, and marks the rows before the first that failed. The mark
 * is a write to the same database, replicated behind the rows in the same log. A full batch is
 * followed by the next at once. After a failure it tries one row at a time.
 *
 * An outbox's relay marks each batch and begins each round at the mark. A change data capture
 * connector keeps its position in memory and writes it down every `flush`. Both publish at least
 * once: what was produced and not marked, because relay, database or region died in between, is
 * produced again, here or in the region that is promoted. There, too, rows whose mark has come are
 * published again if they are within `rewind` of the newest: for what the mirror had not copied.
 *
 * It asks by MSG_FETCH (extra: round), answered by MSG_RECORDS (value: how far it may read, tag:
 * may it be written here, extra: round), and marks by MSG_DONE (value: the new mark, extra: round),
 * answered in the same way when the mark is committed.
 *
 * Sources: Richardson, Microservices Patterns, 3.3.7 (transactional outbox, polling publisher, log
 * tailing); Debezium connector and Kafka Connect worker configuration.
 */
#ifndef MODELS_RELAY_H
#define MODELS_RELAY_H

#include "models/outbox.h"
#include "models/world.h"
#include "sim/link.h"
#include "sim/param.h"

typedef struct RelayConfig {
    SimTime poll, timeout, flush, rewind;
    int64_t batch;
} RelayConfig;

extern const ParamTable relay_table;

typedef struct Relay Relay;

/* Reads `outbox`, of the same region's database. */
Relay *relay_new(World *world, const RelayConfig *config, uint32_t region, uint32_t partitions,
                 Outbox *outbox);
void relay_free(Relay *relay);
SimComponent relay_component(const Relay *relay);
/* to_kafka in order, as a producer's connection is. */
void relay_connect(Relay *relay, SimLink *to_database, SimLink *to_kafka);
void relay_start(Relay *relay);
/* Is it up, and did its last batch get through? Then what still waits will be published. */
bool relay_publishes(const Relay *relay);

#endif
