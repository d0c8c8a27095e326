#include "models/audit.h"

#include "sim/check.h"

const char *const fate_name[FATES] = {
    [FATE_COMPLETED] = "completed", [FATE_RESUMED] = "resumed",
    [FATE_LOST] = "lost",           [FATE_DUPLICATED] = "duplicated",
    [FATE_IN_DOUBT] = "in_doubt",   [FATE_INTERRUPTED] = "interrupted",
    [FATE_REJECTED] = "rejected",   [FATE_PENDING] = "pending",
};

const char *const fate_text[FATES] = {
    [FATE_COMPLETED] = "acknowledged, and in the surviving database once",
    [FATE_RESUMED] = "interrupted, then completed by a retry in the other region",
    [FATE_LOST] = "acknowledged, but absent from the surviving database",
    [FATE_DUPLICATED] = "applied more than once",
    [FATE_IN_DOUBT] = "never acknowledged, yet applied",
    [FATE_INTERRUPTED] = "never acknowledged, not applied: the user gave up without an answer",
    [FATE_REJECTED] = "refused each time, not applied: the user gave up",
    [FATE_PENDING] = "not decided when the run ended",
};

static Fate fate_acknowledged(const Payment *payment, uint32_t rows)
{
    if (rows == 0)
        return FATE_LOST;
    bool interrupted = payment->unanswered + payment->refused > 0;
    bool elsewhere = payment->acknowledged_by != REGION_ACTIVE;
    return interrupted && elsewhere ? FATE_RESUMED : FATE_COMPLETED;
}

static Fate fate_given_up(const Payment *payment, uint32_t rows)
{
    if (rows > 0)
        return FATE_IN_DOUBT;
    return payment->unanswered > 0 ? FATE_INTERRUPTED : FATE_REJECTED;
}

Fate audit_fate(const Audit *audit, const Payment *payment)
{
    uint32_t rows = payment->rows[ledger_surviving_database(audit->ledger)];
    if (payment->outcome == OUTCOME_OPEN)
        return FATE_PENDING;
    if (rows > 1)
        return FATE_DUPLICATED;
    if (payment->outcome == OUTCOME_ACKNOWLEDGED)
        return fate_acknowledged(payment, rows);
    return fate_given_up(payment, rows);
}

static void judge_effects(Audit *audit, const Payment *payment, bool survives)
{
    for (uint32_t g = 0; g < audit->groups; g++) {
        uint32_t times = payment->effects[g];
        if (times > 1)
            audit->repeated += times - 1;
        if (times > 0)
            continue;
        if (payment->unread & 1u << g)
            audit->unread++;
        else if (survives)
            audit->skipped++;
    }
}

/* An attempt still in hand at the end may yet publish: its event is not missing. */
static void judge_log(Audit *audit, const Payment *payment)
{
    uint32_t log = ledger_surviving_log(audit->ledger);
    bool survives = payment->rows[ledger_surviving_database(audit->ledger)] > 0;
    if (!audit->publishes || payment->in_flight > 0)
        return;
    audit->log_missing += survives && payment->events[log] == 0;
    audit->log_phantom += !survives && payment->events[log] > 0;
    for (int r = 0; r < LEDGER_REGIONS; r++)
        audit->log_duplicated[r] += payment->events[r] > 1;
    audit->log_lost += payment->events[REGION_ACTIVE] > 0 && payment->events[log] == 0;
    judge_effects(audit, payment, survives);
}

static void note_lost(Audit *audit, const Payment *payment)
{
    for (int r = 0; r < LEDGER_REGIONS; r++) {
        SimTime at = payment->committed_at[r];
        if (at == SIM_NEVER)
            continue;
        audit->earliest_lost = MIN(audit->earliest_lost, at);
        audit->latest_lost = MAX(audit->latest_lost, at);
    }
}

void audit_settle(void *data, const Payment *payment)
{
    Audit *audit = data;
    Fate fate = audit_fate(audit, payment);
    if (payment->cast >= 0)
        audit->cast_fate[payment->cast] = fate;
    if (!payment->counted)
        return;
    audit->judged++;
    audit->fate[fate]++;
    if (fate == FATE_LOST)
        note_lost(audit, payment);
    judge_log(audit, payment);
}

void audit_close(const Audit *audit, uint64_t submitted)
{
    uint64_t sum = 0;
    for (int f = 0; f < FATES; f++)
        sum += audit->fate[f];
    SIM_CHECK(sum == submitted);
    SIM_CHECK(audit->judged == submitted);
}
