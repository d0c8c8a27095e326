#include "models/ledger.h"

#include <string.h>

#include "sim/check.h"

struct Ledger {
    Payment *slots;
    size_t count, capacity;
    uint32_t *free_slots; /* a stack */
    size_t free_count;
    size_t live, live_max;
    uint32_t database, log; /* the surviving ones */
    uint64_t replayed, suppressed;
    LedgerSettle settle;
    LedgerCopied copied; /* NULL: nobody asks */
    LedgerIntake intake; /* NULL: nobody asks */
    void *taker;
    void *audit;
};

Ledger *ledger_new(LedgerSettle settle, void *audit)
{
    Ledger *ledger = g_new0(Ledger, 1);
    ledger->settle = settle;
    ledger->audit = audit;
    return ledger;
}

void ledger_watch_copies(Ledger *ledger, LedgerCopied copied)
{
    ledger->copied = copied;
}

void ledger_watch_settling(Ledger *ledger, LedgerIntake intake, void *taker)
{
    ledger->intake = intake;
    ledger->taker = taker;
}

static void offer(Ledger *ledger, Payment *payment, PaymentRef ref)
{
    if (ledger->intake && ledger->intake(ledger->taker, payment, ref))
        payment->holds++;
}

void ledger_offer_live(Ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++) {
        Payment *payment = &ledger->slots[i];
        if (payment->holds > 0)
            offer(ledger, payment, (uint64_t)payment->generation << 32 | i);
    }
}

void ledger_free(Ledger *ledger)
{
    if (!ledger)
        return;
    g_free(ledger->slots);
    g_free(ledger->free_slots);
    g_free(ledger);
}

static uint32_t take_slot(Ledger *ledger)
{
    if (ledger->free_count > 0)
        return ledger->free_slots[--ledger->free_count];
    if (ledger->count == ledger->capacity) {
        ledger->capacity = ledger->capacity ? 2 * ledger->capacity : 1024;
        SIM_CHECK(ledger->capacity < UINT32_MAX);
        ledger->slots = g_renew(Payment, ledger->slots, ledger->capacity);
        ledger->free_slots = g_renew(uint32_t, ledger->free_slots, ledger->capacity);
    }
    ledger->slots[ledger->count].generation = 0;
    return (uint32_t)ledger->count++;
}

PaymentRef ledger_submit(Ledger *ledger, SimTime at, uint32_t user)
{
    uint32_t slot = take_slot(ledger);
    Payment *payment = &ledger->slots[slot];
    uint32_t generation = payment->generation + 1;
    *payment = (Payment){.submitted_at = at,
                         .attempt_at = SIM_NEVER,
                         .acknowledged_at = SIM_NEVER,
                         .committed_at = {SIM_NEVER, SIM_NEVER},
                         .user = user,
                         .generation = generation,
                         .holds = 1,
                         .outcome = OUTCOME_OPEN,
                         .counted = true,
                         .login_region = UINT8_MAX,
                         .home = UINT8_MAX,
                         .cast = -1};
    if (++ledger->live > ledger->live_max)
        ledger->live_max = ledger->live;
    return (uint64_t)generation << 32 | slot;
}

Payment *ledger_get(Ledger *ledger, PaymentRef ref)
{
    uint32_t slot = (uint32_t)ref;
    if (slot >= ledger->count)
        return NULL;
    Payment *payment = &ledger->slots[slot];
    return payment->holds > 0 && payment->generation == ref >> 32 ? payment : NULL;
}

/* For those who hold the payment: a stale reference is then a bug. */
static Payment *held(const Ledger *ledger, PaymentRef ref)
{
    uint32_t slot = (uint32_t)ref;
    SIM_CHECK(slot < ledger->count);
    Payment *payment = &ledger->slots[slot];
    SIM_CHECK(payment->holds > 0 && payment->generation == ref >> 32);
    return payment;
}

void ledger_hold(Ledger *ledger, PaymentRef ref)
{
    held(ledger, ref)->holds++;
}

void ledger_release(Ledger *ledger, PaymentRef ref)
{
    Payment *payment = held(ledger, ref);
    if (--payment->holds > 0)
        return;
    if (ledger->intake && ledger->intake(ledger->taker, payment, ref)) {
        payment->holds = 1;
        return;
    }
    ledger->settle(ledger->audit, payment);
    ledger->free_slots[ledger->free_count++] = (uint32_t)ref;
    ledger->live--;
}

/* Saturates: nobody asks whether it was 255 or 256 times. */
static void count_up(uint8_t *count)
{
    if (*count < UINT8_MAX)
        ++*count;
}

void ledger_row(Ledger *ledger, PaymentRef ref, uint32_t region, SimTime committed_at)
{
    Payment *payment = held(ledger, ref);
    count_up(&payment->rows[region]);
    if (payment->committed_at[region] == SIM_NEVER)
        payment->committed_at[region] = committed_at;
}

void ledger_row_undone(Ledger *ledger, PaymentRef ref, uint32_t region)
{
    Payment *payment = held(ledger, ref);
    SIM_CHECK(payment->rows[region] > 0);
    payment->rows[region]--; /* when it was committed stays known: from then on it is lost */
}

void ledger_row_orphaned(Ledger *ledger, PaymentRef ref)
{
    Payment *payment = held(ledger, ref);
    payment->orphan = true;
    offer(ledger, payment, ref); /* an old outbox may hold it to the end */
}

void ledger_synced(Ledger *ledger, PaymentRef ref)
{
    held(ledger, ref)->synced = true;
}

void ledger_copy_database(Ledger *ledger, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < ledger->count; i++) {
        Payment *payment = &ledger->slots[i];
        if (payment->holds == 0)
            continue;
        payment->rows[to] = payment->rows[from];
        if (payment->committed_at[from] != SIM_NEVER)
            payment->committed_at[to] = payment->committed_at[from];
    }
    if (ledger->copied)
        ledger->copied(ledger->audit, from, to);
}

void ledger_event(Ledger *ledger, PaymentRef ref, uint32_t region)
{
    count_up(&held(ledger, ref)->events[region]);
}

void ledger_event_lost(Ledger *ledger, PaymentRef ref, uint32_t region)
{
    Payment *payment = held(ledger, ref);
    count_up(&payment->cut[region]);
    if (payment->events[region] > 0)
        payment->events[region]--;
}

void ledger_effect(Ledger *ledger, PaymentRef ref, uint32_t group)
{
    count_up(&held(ledger, ref)->effects[group]);
}

void ledger_logged(Ledger *ledger, PaymentRef ref, uint16_t attempt)
{
    Payment *payment = held(ledger, ref);
    payment->logged = MAX(payment->logged, attempt);
}

void ledger_sent_to(Ledger *ledger, PaymentRef ref, uint32_t region)
{
    Payment *payment = held(ledger, ref);
    if (payment->home == UINT8_MAX)
        payment->home = (uint8_t)region;
}

void ledger_attempt_over(Ledger *ledger, PaymentRef ref)
{
    Payment *payment = held(ledger, ref);
    SIM_CHECK(payment->in_flight > 0);
    payment->in_flight--;
    ledger_release(ledger, ref);
}

bool ledger_effects_done(const Ledger *ledger, PaymentRef ref, uint32_t groups)
{
    const Payment *payment = held(ledger, ref);
    for (uint32_t g = 0; g < groups; g++)
        if (payment->effects[g] == 0)
            return false;
    return true;
}

void ledger_promote_database(Ledger *ledger, uint32_t region)
{
    ledger->database = region;
}

void ledger_switch_log(Ledger *ledger, uint32_t region)
{
    ledger->log = region;
}

uint32_t ledger_surviving_database(const Ledger *ledger)
{
    return ledger->database;
}

uint32_t ledger_surviving_log(const Ledger *ledger)
{
    return ledger->log;
}

void ledger_replayed(Ledger *ledger, uint64_t records)
{
    ledger->replayed += records;
}

void ledger_suppressed(Ledger *ledger, uint64_t records)
{
    ledger->suppressed += records;
}

uint64_t ledger_replayed_count(const Ledger *ledger)
{
    return ledger->replayed;
}

uint64_t ledger_suppressed_count(const Ledger *ledger)
{
    return ledger->suppressed;
}

void ledger_close(Ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++) {
        Payment *payment = &ledger->slots[i];
        if (payment->holds == 0)
            continue;
        ledger->settle(ledger->audit, payment);
        payment->holds = 0;
        ledger->live--;
    }
    SIM_CHECK(ledger->live == 0);
}

size_t ledger_live(const Ledger *ledger)
{
    return ledger->live;
}

size_t ledger_live_max(const Ledger *ledger)
{
    return ledger->live_max;
}
