/* The audit: judges each payment from the ledger's facts, once they can change no more, and turns
 * counts and recovery stamps into metrics. No model computes its own loss.
 *
 * A payment is judged against the surviving database and the surviving event log: the active
 * region's, unless the standby's were promoted. Precedence: pending (the user still waits),
 * duplicated (two rows or more), acknowledged (completed, resumed or lost), given up (in_doubt,
 * interrupted or rejected). Every payment has exactly one fate, and audit_close asserts that they
 * sum to those submitted.
 */
#ifndef MODELS_AUDIT_H
#define MODELS_AUDIT_H

#include <stdint.h>

#include "models/ledger.h"
#include "models/message.h"
#include "models/platform.h"
#include "models/recovery.h"

#define AUDIT_CAST_MAX 16

typedef struct Audit {
    const Ledger *ledger;
    uint32_t groups; /* consumer groups that should act on each payment */
    bool publishes;  /* payments have events at all */
    uint64_t judged, fate[FATES];
    uint64_t log_missing, log_phantom, log_lost;
    /* By region: a copy may hold twice what its original holds once, and a payment can settle
     * before it is known which of the two survives. */
    uint64_t log_duplicated[LEDGER_REGIONS];
    uint64_t repeated, skipped, unread;
    SimTime earliest_lost, latest_lost; /* commit times; SIM_NEVER and 0: nothing lost */
    Fate cast_fate[AUDIT_CAST_MAX];
} Audit;

/* A LedgerSettle: takes the payment into the counts. `audit` is an Audit. */
void audit_settle(void *audit, const Payment *payment);
Fate audit_fate(const Audit *audit, const Payment *payment);
void audit_close(const Audit *audit, uint64_t submitted);

#endif
