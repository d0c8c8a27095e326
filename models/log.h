/* A partition of an event log: records in order, a high watermark, and cursors that others keep.
 *
 * Offsets start at 0 and never skip. In a marked log each record has flags: who wrote it, and what
 * became of its transaction. Markers of transactions are records without a payment. Records below
 * `base` have been trimmed: nobody can need their payment again, because every consumer group has
 * acted on it. Each retained record holds its payment.
 *
 * Invariant: 0 <= base <= high_watermark <= end.
 */
#ifndef MODELS_LOG_H
#define MODELS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/ledger.h"
#include "sim/check.h"

typedef struct Log {
    PaymentRef *ring;
    size_t capacity;        /* power of two */
    int64_t base;           /* first retained offset */
    int64_t high_watermark; /* consumers and mirrors see what lies below */
    int64_t end;            /* offset of the next record */
    uint8_t *flags;         /* as ring; NULL unless marked */
    bool marked;            /* somebody may want to know */
} Log;

enum {
    LOG_COPY = 1,      /* a mirror has written it */
    LOG_MARKER = 2,    /* the end of a transaction: no payment */
    LOG_UNDECIDED = 4, /* its transaction has not ended here */
    LOG_ABORTED = 8,
    LOG_LEAKED = 16, /* a mirror has copied it before it was committed */
    LOG_NO_EVENT = LOG_MARKER | LOG_UNDECIDED | LOG_ABORTED
};

void log_clear(Log *log);
/* Takes over the caller's hold on the payment. Returns the record's offset. */
int64_t log_append(Log *log, PaymentRef payment);
/* The same for a record with flags, which an unmarked log does not keep. */
int64_t log_append_flagged(Log *log, PaymentRef payment, uint8_t flags);
/* base <= offset < end. 0 where nothing is marked. */
static inline uint8_t log_flags(const Log *log, int64_t offset);
/* The log is marked. */
void log_set_flags(Log *log, int64_t offset, uint8_t flags);
/* base <= offset < end. PAYMENT_NONE: a marker. */
static inline PaymentRef log_at(const Log *log, int64_t offset);
/* Forget records below `offset`, releasing their payments. */
void log_trim(Log *log, int64_t offset, Ledger *ledger);
/* Forget records from `offset` on: base <= offset. The high watermark falls with the end. */
void log_cut(Log *log, int64_t offset, Ledger *ledger);

/* ---- From here on: what is inline. ---- */

static inline uint8_t log_flags(const Log *log, int64_t offset)
{
    SIM_CHECK(offset >= log->base && offset < log->end);
    return log->marked ? log->flags[(size_t)offset & (log->capacity - 1)] : 0;
}

static inline PaymentRef log_at(const Log *log, int64_t offset)
{
    SIM_CHECK(offset >= log->base && offset < log->end);
    return log->ring[(size_t)offset & (log->capacity - 1)];
}

#endif
