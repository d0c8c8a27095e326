/* What a database keeps for its relay: the payments committed there, in order, and how far their
 * events are published. An outbox table, or the log as change data capture reads it.
 *
 * Passive data: a database (models/database) writes it, a relay (models/relay) reads it over its
 * connection to that database. It outlives crashes. Positions count the primary's commits from 0;
 * a replicated row keeps its position, so a standby that missed rows has gaps, which nobody will
 * fill. Rows below `done` need no publishing; they are kept until they are `keep` older than the
 * newest row, so that a promotion can go back to them.
 *
 * Each row kept holds its payment. Invariant: first position kept <= done.
 */
#ifndef MODELS_OUTBOX_H
#define MODELS_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "models/ledger.h"

typedef struct Outbox Outbox;

/* from_log: no table, the log itself is read: what is in it can be seen before a standby has
 * confirmed it. */
Outbox *outbox_new(Ledger *ledger, bool from_log, SimTime keep);
void outbox_free(Outbox *outbox);

/* A commit here; returns its position. */
uint64_t outbox_add(Outbox *outbox, PaymentRef payment, SimTime committed_at);
/* A row that another region's database committed at that position. */
void outbox_put(Outbox *outbox, uint64_t position, PaymentRef payment, SimTime committed_at);
/* Everything below `done` is published. Never goes back. */
void outbox_mark(Outbox *outbox, uint64_t done);
/* Take all rows kept as not published. */
void outbox_rewind(Outbox *outbox);

/* Become what `from` is: the database under it was overwritten. */
void outbox_copy(Outbox *outbox, const Outbox *from);
/* How often it was overwritten: positions of an older generation mean nothing. */
uint32_t outbox_generation(const Outbox *outbox);

bool outbox_from_log(const Outbox *outbox);
uint64_t outbox_done(const Outbox *outbox);
uint64_t outbox_end(const Outbox *outbox); /* of the next row */
/* PAYMENT_NONE: no such row. */
PaymentRef outbox_payment(const Outbox *outbox, uint64_t position);

/* At the run's end: rows that are not published count as attempts still in hand. */
void outbox_note_waiting(const Outbox *outbox);

#endif
