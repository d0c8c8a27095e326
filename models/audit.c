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

static Fate fate_acknowledged(const Audit *audit, const Payment *payment, uint32_t rows)
{
    if (rows == 0)
        return FATE_LOST;
    bool interrupted = payment->unanswered + payment->refused > 0;
    bool elsewhere = payment->acknowledged_by != (audit->both ? payment->home : REGION_ACTIVE);
    return interrupted && elsewhere ? FATE_RESUMED : FATE_COMPLETED;
}

static Fate fate_given_up(const Payment *payment, uint32_t rows)
{
    if (rows > 0)
        return FATE_IN_DOUBT;
    return payment->unanswered > 0 ? FATE_INTERRUPTED : FATE_REJECTED;
}

static Fate judge(const Audit *audit, const Payment *payment, uint32_t region)
{
    uint32_t rows = payment->rows[region];
    if (payment->outcome == OUTCOME_OPEN)
        return FATE_PENDING;
    if (rows > 1)
        return FATE_DUPLICATED;
    if (payment->outcome == OUTCOME_ACKNOWLEDGED)
        return fate_acknowledged(audit, payment, rows);
    return fate_given_up(payment, rows);
}

void audit_init(Audit *audit, const Ledger *ledger, uint32_t groups, bool publishes, bool both)
{
    *audit = (Audit){.ledger = ledger, .groups = groups, .publishes = publishes, .both = both};
    audit->agreed.earliest_lost = SIM_NEVER;
    for (int r = 0; r < LEDGER_REGIONS; r++) {
        audit->in[r].earliest_lost = SIM_NEVER;
        for (int i = 0; i < AUDIT_CAST_MAX; i++)
            audit->in[r].cast_fate[i] = FATE_PENDING;
    }
}

static void tally_effects(const Audit *audit, AuditTally *tally, const Payment *payment)
{
    for (uint32_t g = 0; g < audit->groups; g++)
        tally->skipped += payment->effects[g] == 0 && !(payment->unread & 1u << g);
}

static void judge_effects(Audit *audit, const Payment *payment)
{
    for (uint32_t g = 0; g < audit->groups; g++) {
        uint32_t times = payment->effects[g];
        if (times > 1)
            audit->repeated += times - 1;
        audit->unread += times == 0 && payment->unread & 1u << g;
    }
}

/* An attempt still in hand at the end may yet publish: its event is not missing. */
static bool log_is_settled(const Audit *audit, const Payment *payment)
{
    return audit->publishes && payment->in_flight == 0;
}

static uint32_t events_in(const Payment *payment, uint32_t log)
{
    if (log == LOG_EITHER)
        return MAX(payment->events[REGION_ACTIVE], payment->events[REGION_PASSIVE]);
    return payment->events[log];
}

static void judge_log(Audit *audit, const Payment *payment)
{
    if (!log_is_settled(audit, payment))
        return;
    bool committed = payment->events[REGION_ACTIVE] > 0 || payment->cut[REGION_ACTIVE] > 0;
    if (audit->both)
        committed |= payment->events[REGION_PASSIVE] > 0 || payment->cut[REGION_PASSIVE] > 0;
    for (uint32_t log = 0; log < LEDGER_LOGS; log++) {
        audit->log_duplicated[log] += events_in(payment, log) > 1;
        audit->log_lost[log] += committed && events_in(payment, log) == 0;
    }
    judge_effects(audit, payment);
}

static void note_lost(AuditTally *tally, const Payment *payment)
{
    for (int r = 0; r < LEDGER_REGIONS; r++) {
        SimTime at = payment->committed_at[r];
        if (at == SIM_NEVER)
            continue;
        tally->earliest_lost = MIN(tally->earliest_lost, at);
        tally->latest_lost = MAX(tally->latest_lost, at);
    }
}

/* The yes that the user heard came from the last attempt. If that was a log line, it is the line
 * that is lost, whatever became of earlier attempts: no database has promised anything. */
static bool is_logged_only(const Payment *payment)
{
    return payment->logged != 0 && payment->logged == payment->attempts;
}

/* As one region's database has it. */
static void take(const Audit *audit, AuditTally *tally, const Payment *payment, uint32_t region)
{
    Fate fate = judge(audit, payment, region);
    bool survives = payment->rows[region] > 0;
    tally->fate[fate]++;
    if (fate == FATE_LOST) {
        bool logged_only = is_logged_only(payment);
        if (!logged_only)
            note_lost(tally, payment);
        tally->logged_only += logged_only;
        tally->recoverable += payment->orphan;
        tally->recovered += payment->made_good;
        tally->lost_synced += payment->synced;
    }
    if (!log_is_settled(audit, payment))
        return;
    for (uint32_t log = 0; log < LEDGER_LOGS; log++) {
        bool event = events_in(payment, log) > 0;
        tally->log_missing[log] += survives && !event;
        tally->log_phantom[log] += !survives && event;
    }
    if (survives)
        tally_effects(audit, tally, payment);
}

void audit_settle(void *data, const Payment *payment)
{
    Audit *audit = data;
    for (uint32_t r = 0; payment->cast >= 0 && r < LEDGER_REGIONS; r++)
        audit->in[r].cast_fate[payment->cast] = judge(audit, payment, r);
    if (!payment->counted)
        return;
    audit->judged++;
    judge_log(audit, payment);
    if (payment->rows[0] == payment->rows[1]) {
        take(audit, &audit->agreed, payment, 0);
        return;
    }
    for (uint32_t r = 0; r < LEDGER_REGIONS; r++)
        take(audit, &audit->in[r], payment, r);
}

void audit_copied(void *data, uint32_t from, uint32_t to)
{
    Audit *audit = data;
    audit->in[to] = audit->in[from];
}

void audit_close(Audit *audit, uint64_t submitted)
{
    const AuditTally *agreed = &audit->agreed;
    AuditTally *end = &audit->end;
    uint64_t sum = 0;
    *end = audit->in[ledger_surviving_database(audit->ledger)];
    for (int f = 0; f < FATES; f++) {
        end->fate[f] += agreed->fate[f];
        sum += end->fate[f];
    }
    for (int log = 0; log < LEDGER_LOGS; log++) {
        end->log_missing[log] += agreed->log_missing[log];
        end->log_phantom[log] += agreed->log_phantom[log];
    }
    end->skipped += agreed->skipped;
    end->recoverable += agreed->recoverable;
    end->recovered += agreed->recovered;
    end->lost_synced += agreed->lost_synced;
    end->logged_only += agreed->logged_only;
    end->earliest_lost = MIN(end->earliest_lost, agreed->earliest_lost);
    end->latest_lost = MAX(end->latest_lost, agreed->latest_lost);
    SIM_CHECK(sum == submitted);
    SIM_CHECK(audit->judged == submitted);
}
