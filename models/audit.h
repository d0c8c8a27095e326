/* The audit: judges each payment from the ledger's facts, once they can change no more, and turns
 * counts and recovery stamps into metrics. No model computes its own loss.
 *
 * A payment is judged against the surviving database and the surviving event log: the active
 * region's, unless the standby's were promoted. Which database survives may change after a payment
 * has settled, and back again: so it is judged against both, and counted once if they agree, else
 * in a tally for each. A database that becomes a full copy of the other takes the other's tally
 * over. audit_close adds the survivor's to what both agree upon. Precedence: pending (the user
 * still waits), duplicated (two rows or more), acknowledged (completed, resumed or lost), given up
 * (in_doubt, interrupted or rejected). Every payment has exactly one fate, and audit_close asserts
 * that they sum to those submitted.
 */
#ifndef MODELS_AUDIT_H
#define MODELS_AUDIT_H

#include <stdint.h>

#include "models/ledger.h"
#include "models/message.h"
#include "models/platform.h"
#include "models/recovery.h"

#define AUDIT_CAST_MAX 16

/* What depends on the database that a payment is judged against. */
typedef struct AuditTally {
    uint64_t fate[FATES];
    uint64_t log_missing[LEDGER_LOGS], log_phantom[LEDGER_LOGS]; /* by the event log */
    uint64_t skipped;
    uint64_t logged_only; /* lost, and its yes was a log line: Payment.logged */
    uint64_t recoverable; /* lost, but an orphan row of it was found: Payment.orphan */
    uint64_t recovered;   /* lost, and made good by a reconciliation: Payment.made_good */
    uint64_t lost_synced; /* lost, although the standby had confirmed it: Payment.synced */
    SimTime earliest_lost, latest_lost; /* commit times; SIM_NEVER and 0: nothing lost */
    Fate cast_fate[AUDIT_CAST_MAX];
} AuditTally;

typedef struct Audit {
    const Ledger *ledger;
    uint32_t groups;                       /* consumer groups that should act on each payment */
    bool publishes;                        /* payments have events at all */
    bool both;                             /* active-active: no region is the standby */
    AuditTally agreed, in[LEDGER_REGIONS]; /* cast_fate: in `in` alone */
    uint64_t judged;
    /* By region: a copy may hold twice what its original holds once, and a payment can settle
     * before it is known which of the two survives. */
    uint64_t log_duplicated[LEDGER_LOGS], log_lost[LEDGER_LOGS];
    uint64_t repeated, unread;
    AuditTally end; /* set by audit_close: the judgement */
} Audit;

void audit_init(Audit *audit, const Ledger *ledger, uint32_t groups, bool publishes, bool both);
/* A LedgerSettle: takes the payment into the counts. `audit` is an Audit. */
void audit_settle(void *audit, const Payment *payment);
/* A LedgerCopied: what was judged against `from` holds for `to` from now on. */
void audit_copied(void *audit, uint32_t from, uint32_t to);
void audit_close(Audit *audit, uint64_t submitted);

#endif
