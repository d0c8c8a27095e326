/* A partition of an event log: records in order, a high watermark, and cursors that others keep.
 *
 * Offsets start at 0 and never skip. Records below `base` have been trimmed: nobody can need
 * their payment again, because every consumer group has acted on it. Each retained record holds
 * its payment.
 *
 * Invariant: 0 <= base <= high_watermark <= end.
 */
#ifndef MODELS_LOG_H
#define MODELS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/ledger.h"

typedef struct Log {
    PaymentRef *ring;
    size_t capacity;        /* power of two */
    int64_t base;           /* first retained offset */
    int64_t high_watermark; /* consumers and mirrors see what lies below */
    int64_t end;            /* offset of the next record */
    uint8_t *copied;        /* as ring: was it written by a mirror? NULL without marks_copies */
    bool marks_copies;      /* a mirror of the other direction may want to know */
} Log;

void log_clear(Log *log);
/* Takes over the caller's hold on the payment. Returns the record's offset. */
int64_t log_append(Log *log, PaymentRef payment);
/* The same for a record that a mirror writes. */
int64_t log_append_copy(Log *log, PaymentRef payment);
/* base <= offset < end. False where copies are not marked. */
bool log_is_copy(const Log *log, int64_t offset);
/* base <= offset < end */
PaymentRef log_at(const Log *log, int64_t offset);
/* Forget records below `offset`, releasing their payments. */
void log_trim(Log *log, int64_t offset, Ledger *ledger);
/* Forget records from `offset` on: base <= offset. The high watermark falls with the end. */
void log_cut(Log *log, int64_t offset, Ledger *ledger);

#endif
