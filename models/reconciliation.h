/* Reconciliation: what the failover left inconsistent is found, queued and worked off.
 *
 * A case is a payment whose facts disagree once nothing about it can change any more: acknowledged
 * and without a row, but with an event or with a row that reappeared in the old primary; a row
 * without its event, an event without its payment; applied twice; applied, and its user was told
 * nothing. The first of the table that fits is its kind. A payment that was lost without any such
 * trace is no case: nobody can find it from within.
 *
 *   waiting ─step reconcile─▶ matching ─▶ by the job, or by hand ─▶ closed
 *
 * The step reconcile begins it: matching takes the step's duration, then the job takes what it can
 * settle by itself (`automatic`), one after the other, and `staff` people the rest. Cases that turn
 * up later, as when the old region comes back, join the queues. Before the step nobody works.
 *
 * Closing a case changes no row and no event: a payment that was lost stays counted as lost, for it
 * was missing until then; `reconciliation.recovered` says how many of them were made good (and of
 * them alone: a row that the databases merge later by themselves was not lost in the end). A row
 * that reappears although the user's retry was applied meanwhile is thrown away if payments carry
 * idempotency keys; without them the job applies it again, and the payment is paid twice.
 *
 * Ownership: holds each payment of a case until it is closed. Source: the article (queue
 * uncommitted requests, reconcile after failover); RBI IT Governance Directions 2023, 29
 * (documented reconciliation if the RPO is not 0); times are ours.
 */
#ifndef MODELS_RECONCILIATION_H
#define MODELS_RECONCILIATION_H

#include "models/world.h"
#include "sim/dist.h"
#include "sim/link.h"
#include "sim/param.h"

typedef struct ReconciliationConfig {
    double automatic;
    Dist *automatic_time, *manual_time;
    int64_t staff;
} ReconciliationConfig;

extern const ParamTable reconciliation_table;

typedef struct Reconciliation Reconciliation;

/* keyed: payments carry idempotency keys. publishes: payments have events. */
Reconciliation *reconciliation_new(World *world, const ReconciliationConfig *config, bool keyed,
                                   bool publishes);
void reconciliation_free(Reconciliation *reconciliation);
SimComponent reconciliation_component(const Reconciliation *reconciliation);
void reconciliation_connect(Reconciliation *reconciliation, SimLink *to_failover);

/* Of payments that are counted. */
typedef struct ReconciliationFacts {
    uint64_t cases, doubled, open, queue_max;
    SimTime begun_at, closed_at; /* the step's end, and the last case closed; SIM_NEVER */
} ReconciliationFacts;
ReconciliationFacts reconciliation_facts(const Reconciliation *reconciliation);

#endif
