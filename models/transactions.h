/* The transaction coordinator of one Kafka cluster, and what the partitions' leaders know of
 * transactions. Made only for a producer that is transactional.
 *
 * States of a transaction: ONGOING -> PREPARING -> COMMITTED or ABORTED, -> done when every marker
 * is visible. It is known by its transactional.id (a slot of the producer's pool) and a serial
 * number. It begins with its first record, and ends
 *
 * - by the producer's request: decided once the coordinator's own log has it, `append` +
 *   `replicate` later; then the producer is answered, and markers are appended to the partitions;
 * - by the coordinator, aborted, at the first of its checks (every 10 s) after the timeout;
 * - when the same transactional.id begins a new one, or initialises (a process that is back):
 *   aborted, and what still comes of it is refused (fenced).
 *
 * A marker takes an offset. A partition's last stable offset is the first record of the first
 * transaction whose marker is not visible there (Storage.first_open). Only when its marker is
 * visible is a record an event (ledger_event), or marked as aborted.
 *
 * A crash of the cluster loses requests in flight, not transactions. A cut by an election without
 * loss takes records and markers that were not visible; the markers are written again. A decided
 * transaction stays decided.
 *
 * Simplified: the coordinator is always there while its cluster is; registering partitions
 * (AddPartitionsToTxn) takes no time; after an unclean election what had been decided and seen
 * stays so.
 *
 * Sources: KIP-98, KIP-360, KIP-890; Apache Kafka 4.0: transaction.max.timeout.ms,
 * transaction.abort.timed.out.transaction.cleanup.interval.ms 10000.
 */
#ifndef MODELS_TRANSACTIONS_H
#define MODELS_TRANSACTIONS_H

#include "models/storage.h"
#include "models/world.h"
#include "sim/dist.h"
#include "sim/link.h"

typedef struct Transactions Transactions;

typedef struct TransactionsSetup {
    Storage *storage;
    SimTime timeout;
    const Dist *append, *replicate;
    SimComponent cluster;
    bool tells;       /* a client whose connection breaks is told */
    SimLink *answers; /* to the producer */
    void *owner;      /* the cluster */
    /* Append a marker. The partition has a leader. Returns its offset. */
    int64_t (*append_marker)(void *owner, uint32_t partition);
    /* What read_committed readers see has changed. */
    void (*stable_moved)(void *owner, uint32_t partition);
} TransactionsSetup;

/* `name`: the cluster's, for components and streams. */
Transactions *transactions_new(World *world, TransactionsSetup setup, const char *name);
void transactions_free(Transactions *transactions);
/* Takes MSG_END_TXN. */
SimComponent transactions_component(const Transactions *transactions);

/* May a record of this transaction be appended? False: it is over, or fenced. */
bool transactions_admit(Transactions *transactions, uint32_t slot, uint32_t serial);
/* One was, at `offset`. It was admitted. */
void transactions_add(Transactions *transactions, uint32_t slot, uint32_t serial,
                      uint32_t partition, int64_t offset);
/* The partition's high watermark may have moved. */
void transactions_advance(Transactions *transactions, uint32_t partition);
/* The partition's log has been cut at its present end. */
void transactions_heed_cut(Transactions *transactions, uint32_t partition);
/* The cluster is back. */
void transactions_up(Transactions *transactions);
/* Has any not ended yet, its markers included? */
bool transactions_any_open(const Transactions *transactions);

typedef struct TransactionsFacts {
    uint64_t committed, aborted;
    uint64_t timed_out; /* of those aborted: by the coordinator, for nobody ended them */
    SimTime stall;      /* the longest that one held back readers in a partition */
} TransactionsFacts;

/* All zero without transactions. Those still open count up to now. */
TransactionsFacts transactions_facts(const Transactions *transactions);

#endif
