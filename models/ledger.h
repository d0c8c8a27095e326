/* The ledger: the facts about every payment, stamped by the models as they happen.
 *
 * It judges nothing. A Payment lives as long as anyone holds it: the user who waits, a message
 * about it, a log record not yet replicated or not yet consumed. When the last hold goes, no
 * fact about it can change any more; it is handed to `settle` (the audit) and its slot is used
 * again. Memory therefore follows what is in flight or not yet replicated, not the run's length.
 *
 * A PaymentRef names a slot and its generation, so that a timer which outlives its payment finds
 * nothing. Pointers from ledger_get are valid until the next ledger_submit.
 */
#ifndef MODELS_LEDGER_H
#define MODELS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/time.h"

typedef uint64_t PaymentRef; /* slot | generation << 32 */
#define PAYMENT_NONE UINT64_MAX

#define LEDGER_REGIONS 2
#define LEDGER_GROUPS  4 /* consumer groups at most */

/* An event log: a region's, or (active-active) that either of them has it. */
enum { LOG_EITHER = LEDGER_REGIONS, LEDGER_LOGS };

typedef enum PaymentOutcome {
    OUTCOME_OPEN,         /* the user still waits or will retry */
    OUTCOME_ACKNOWLEDGED, /* the user was told that it is done */
    OUTCOME_GAVE_UP
} PaymentOutcome;

typedef struct Payment {
    SimTime submitted_at; /* when the user meant to pay */
    SimTime attempt_at;   /* last attempt sent */
    SimTime acknowledged_at;
    SimTime committed_at[LEDGER_REGIONS]; /* first commit in each database; SIM_NEVER */
    uint32_t user;
    uint32_t generation;
    int32_t holds;       /* 0: the slot is free */
    uint16_t attempts;   /* sent */
    uint16_t retries;    /* of these, retries after a failure */
    uint16_t in_flight;  /* attempts that the platform may still act upon */
    uint16_t unanswered; /* attempts that timed out or ended in an error of unknown outcome */
    uint16_t refused;    /* attempts that got a definite no */
    uint16_t logged;     /* number of the last attempt that an application only logged; 0 */
    uint8_t rows[LEDGER_REGIONS];   /* times applied in each region's database */
    uint8_t events[LEDGER_REGIONS]; /* committed records in each region's event log */
    uint8_t cut[LEDGER_REGIONS];    /* committed records that were lost within the region */
    uint8_t effects[LEDGER_GROUPS]; /* times that each consumer group acted on it */
    uint8_t unread;          /* bit per group: its event still waits to be read (run's end) */
    uint8_t outcome;         /* PaymentOutcome */
    uint8_t acknowledged_by; /* region */
    uint8_t channel;         /* 0: the user's own */
    uint8_t logins;          /* since the last retry */
    uint8_t login_region;    /* the user logs in there now; 255: does not */
    bool waiting;            /* an attempt of the user's awaits its answer */
    bool counted;            /* submitted after the warm-up */
    bool reconciled;         /* it has been taken up as a case of reconciliation */
    bool made_good;          /* and closed by applying what was lost */
    uint8_t written; /* bit per region: written there by its own application (multi-write) */
    uint8_t home;    /* active-active: the region first tried; 255: none */
    bool conflict;   /* its rows from both regions have met (multi-write) */
    bool orphan;     /* a row of it was found in a database that is primary no more */
    bool synced;     /* the standby had confirmed its row before it was answered */
    int8_t cast;     /* index into the cast; -1 */
} Payment;

typedef void (*LedgerSettle)(void *audit, const Payment *payment);

/* A database became a full copy of the other one: what has settled is not in the ledger's hands. */
typedef void (*LedgerCopied)(void *audit, uint32_t from, uint32_t to);

/* A payment that nobody holds any more and that is about to be judged (or one that is offered
 * before). True if it was taken: the taker then has a hold on it. */
typedef bool (*LedgerIntake)(void *taker, Payment *payment, PaymentRef ref);

typedef struct Ledger Ledger;

Ledger *ledger_new(LedgerSettle settle, void *audit);
void ledger_watch_copies(Ledger *ledger, LedgerCopied copied);
void ledger_watch_settling(Ledger *ledger, LedgerIntake intake, void *taker);
/* Offer all that are held now to the taker as well. */
void ledger_offer_live(Ledger *ledger);
void ledger_free(Ledger *ledger);

/* A new payment with one hold, the user's. */
PaymentRef ledger_submit(Ledger *ledger, SimTime at, uint32_t user);
/* NULL if it has settled. */
Payment *ledger_get(Ledger *ledger, PaymentRef ref);
void ledger_hold(Ledger *ledger, PaymentRef ref);
void ledger_release(Ledger *ledger, PaymentRef ref);

/* Facts. */
void ledger_row(Ledger *ledger, PaymentRef ref, uint32_t region, SimTime committed_at);
/* A crash took a row that was not on disk yet. */
void ledger_row_undone(Ledger *ledger, PaymentRef ref, uint32_t region);
/* A row was found in a database that is primary no more, and the surviving one never got it. The
 * taker is offered it. */
void ledger_row_orphaned(Ledger *ledger, PaymentRef ref);
/* The writer has waited for the standby, which has the row. */
void ledger_synced(Ledger *ledger, PaymentRef ref);
/* From now on every row of `to` is as in `from`: reseeded. */
void ledger_copy_database(Ledger *ledger, uint32_t from, uint32_t to);
void ledger_event(Ledger *ledger, PaymentRef ref, uint32_t region);
/* A committed record is gone: its cluster elected a leader that did not have it. */
void ledger_event_lost(Ledger *ledger, PaymentRef ref, uint32_t region);
void ledger_effect(Ledger *ledger, PaymentRef ref, uint32_t group);
/* An application does nothing about this attempt but log it, and says yes. */
void ledger_logged(Ledger *ledger, PaymentRef ref, uint16_t attempt);
/* Active-active: an attempt goes to this region; the first one is the payment's home. */
void ledger_sent_to(Ledger *ledger, PaymentRef ref, uint32_t region);
void ledger_attempt_over(Ledger *ledger,
                         PaymentRef ref); /* the platform is through with one attempt */
bool ledger_effects_done(const Ledger *ledger, PaymentRef ref, uint32_t groups);

/* Which region's database and event log are the bank's truth: the active region's until a standby
 * is promoted. A payment's fate is judged by these. */
void ledger_promote_database(Ledger *ledger, uint32_t region);
void ledger_switch_log(Ledger *ledger, uint32_t region);
uint32_t ledger_surviving_database(const Ledger *ledger);
uint32_t ledger_surviving_log(const Ledger *ledger); /* may be LOG_EITHER */

/* Effects that need no payment: a replay of records long settled, and repeats that an idempotent
 * consumer noticed. */
void ledger_replayed(Ledger *ledger, uint64_t records);
void ledger_suppressed(Ledger *ledger, uint64_t records);
uint64_t ledger_replayed_count(const Ledger *ledger);
uint64_t ledger_suppressed_count(const Ledger *ledger);

/* Hand every payment still held to `settle`, at the end of the run. */
void ledger_close(Ledger *ledger);
size_t ledger_live(const Ledger *ledger);
size_t ledger_live_max(const Ledger *ledger);

#endif
