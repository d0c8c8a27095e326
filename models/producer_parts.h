/* The producer's inside, shared by the files that make it: producer.c (batches, retries) and
 * producer_transactions.c. Nobody else includes this.
 *
 * Owned by the producer: everything reached from struct Producer but world, config and the links.
 */
#ifndef MODELS_PRODUCER_PARTS_H
#define MODELS_PRODUCER_PARTS_H

#include <glib.h>

#include "models/producer.h"

enum {
    PRODUCER_SEND = MSG_KINDS, /* the linger is over */
    PRODUCER_AGAIN,            /* the backoff is over */
    PRODUCER_NO_ANSWER,        /* request.timeout.ms */
    PRODUCER_GIVE_UP,          /* delivery.timeout.ms */
    PRODUCER_NO_ROOM,          /* max.block.ms */
    PRODUCER_TXN_CLOSE,        /* a transaction has been open for its interval */
    PRODUCER_TXN_AGAIN,        /* its end was not answered, or not done */
    PRODUCER_INIT_AGAIN,       /* initTransactions was not answered */
    PRODUCER_KINDS
};

typedef enum BatchState {
    BATCH_FREE,
    BATCH_OPEN,
    BATCH_QUEUED,
    BATCH_SENT,
    BATCH_BACKING_OFF
} BatchState;

typedef struct Item {
    PaymentRef payment;
    uint32_t request; /* the client's */
    bool answered;
    int64_t sequence; /* 0: not sent yet */
    uint32_t slot;    /* of its transaction; PRODUCER_NO_SLOT */
    uint32_t serial;
} Item;

#define PRODUCER_NO_SLOT UINT32_MAX

typedef struct Batch {
    uint32_t slot, serial, partition;
    BatchState state;
    GArray *items;
    guint answered;   /* of its records, for good */
    guint unanswered; /* of those sent with the last try */
    bool unsure;      /* a try may have reached the log */
    bool failed;      /* a record of the last try was turned down */
    bool gap;         /* a number of its was given out in vain */
    int64_t tries;
} Batch;

typedef struct Blocked {
    SimEvent event;
    uint64_t ticket;
} Blocked;

typedef enum PoolState { POOL_FREE, POOL_OPEN, POOL_CLOSED, POOL_ENDING } PoolState;

/* A transactional.id of the pool, and its present transaction. */
typedef struct PoolSlot {
    uint32_t number, serial;
    PoolState state;
    guint joined;    /* records */
    GArray *settled; /* Settled: those answered, in order */
    bool failed;     /* one did not get through: it will be aborted */
    uint32_t tries;  /* to end it */
    SimTime ends_at; /* when it was first asked to end */
} PoolSlot;

typedef struct Settled {
    PaymentRef payment;
    uint32_t request;
} Settled;

typedef struct Pool {
    GPtrArray *slots; /* PoolSlot*, by number - base */
    GArray *free_slots;
    uint32_t base; /* number of the first; raised when the process begins with new ids */
    PoolSlot *open;
    bool initialising; /* initTransactions is not answered */
    SimTime up_at;     /* what began before is to be aborted */
} Pool;

struct Producer {
    World *world;
    const ProducerConfig *config;
    bool idempotent, answers; /* acks is not 0 */
    uint32_t partitions;
    SimComponent id;
    SimLink *to_kafka, *to_client;
    SimComponent coordinator; /* of transactions, over to_kafka */
    GPtrArray *batches;       /* by slot */
    GArray *free_slots;
    GQueue *queue;     /* by partition: Batch*, not yet done, in order */
    int64_t *next;     /* by partition: number of the next record */
    uint32_t *session; /* by partition: what the numbers are of */
    int64_t records;   /* in the buffer */
    GQueue blocked;    /* Blocked* */
    uint64_t tickets;
    Pool *pool; /* NULL unless transactional */
    RandomStream jitter_draws;
};

/* Answer the client. Its hold goes with the answer. */
void producer_tell(Producer *producer, PaymentRef payment, uint32_t request, Status status);
/* Send what lingers. */
void producer_flush(Producer *producer);
/* Before a retry, when `tries` have failed. */
SimTime producer_backoff(Producer *producer, int64_t tries);

void producer_make_pool(Producer *producer);
void producer_free_pool(Producer *producer);
/* The record becomes part of the open transaction. */
void producer_join(Producer *producer, Item *item);
/* Then, if the transaction is full: close it. */
void producer_joined(Producer *producer);
/* The record is in the log, or failed for good. */
void producer_settled(Producer *producer, const Item *item, Status status);
void producer_pool_down(Producer *producer);
void producer_pool_up(Producer *producer);
void producer_on_txn_ended(Sim *sim, void *self, const SimEvent *event);
void producer_on_txn_close(Sim *sim, void *self, const SimEvent *event);
void producer_on_txn_again(Sim *sim, void *self, const SimEvent *event);
void producer_on_init_again(Sim *sim, void *self, const SimEvent *event);

#endif
