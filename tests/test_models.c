/* The parts that the components share: partition log, ledger, storage, prober, recovery watch. */
#include <glib.h>
#include <math.h>

#include "models/ledger.h"
#include "models/log.h"
#include "models/prober.h"
#include "models/recovery.h"
#include "models/storage.h"

/* ---- ledger ---- */

/* What the ledger handed over, in order. */
typedef struct Settled {
    Payment payment[16];
    size_t count;
} Settled;

static void settle(void *audit, const Payment *payment)
{
    Settled *settled = audit;
    g_assert_cmpuint(settled->count, <, G_N_ELEMENTS(settled->payment));
    settled->payment[settled->count++] = *payment;
}

static void test_ledger_holds(void)
{
    Settled settled = {0};
    Ledger *ledger = ledger_new(settle, &settled);
    PaymentRef first = ledger_submit(ledger, 5 * SIM_SEC, 77);
    PaymentRef second = ledger_submit(ledger, 6 * SIM_SEC, 78);
    g_assert_cmphex(first, !=, second);
    g_assert_cmpuint(ledger_live(ledger), ==, 2);
    ledger_hold(ledger, first);
    ledger_release(ledger, first);
    g_assert_cmpuint(settled.count, ==, 0); /* the user's hold is left */
    g_assert_nonnull(ledger_get(ledger, first));
    ledger_release(ledger, first);
    g_assert_cmpuint(settled.count, ==, 1);
    g_assert_cmpint(settled.payment[0].submitted_at, ==, 5 * SIM_SEC);
    g_assert_cmpuint(settled.payment[0].user, ==, 77);
    g_assert_null(ledger_get(ledger, first));

    PaymentRef third = ledger_submit(ledger, 7 * SIM_SEC, 79); /* in the first one's slot */
    g_assert_cmphex(third & UINT32_MAX, ==, first & UINT32_MAX);
    g_assert_cmphex(third, !=, first);
    g_assert_null(ledger_get(ledger, first));
    g_assert_cmpuint(ledger_get(ledger, third)->user, ==, 79);
    g_assert_null(ledger_get(ledger, PAYMENT_NONE));
    g_assert_cmpuint(ledger_live_max(ledger), ==, 2);

    ledger_close(ledger);
    g_assert_cmpuint(settled.count, ==, 3);
    g_assert_cmpuint(ledger_live(ledger), ==, 0);
    ledger_free(ledger);
}

static void test_ledger_facts(void)
{
    Settled settled = {0};
    Ledger *ledger = ledger_new(settle, &settled);
    PaymentRef ref = ledger_submit(ledger, 0, 1);
    const Payment *payment = ledger_get(ledger, ref);
    g_assert_cmpint(payment->committed_at[0], ==, SIM_NEVER);
    ledger_row(ledger, ref, 0, 10);
    ledger_row(ledger, ref, 0, 20); /* a second row; the first commit counts */
    ledger_row(ledger, ref, 1, 30);
    ledger_event(ledger, ref, 1);
    g_assert_false(ledger_effects_done(ledger, ref, 2));
    ledger_effect(ledger, ref, 0);
    g_assert_true(ledger_effects_done(ledger, ref, 1));
    g_assert_false(ledger_effects_done(ledger, ref, 2));
    for (int i = 0; i < 300; i++)
        ledger_effect(ledger, ref, 1);
    g_assert_true(ledger_effects_done(ledger, ref, 2));
    g_assert_cmpuint(payment->rows[0], ==, 2);
    g_assert_cmpuint(payment->rows[1], ==, 1);
    g_assert_cmpint(payment->committed_at[0], ==, 10);
    g_assert_cmpint(payment->committed_at[1], ==, 30);
    g_assert_cmpuint(payment->events[0], ==, 0);
    g_assert_cmpuint(payment->events[1], ==, 1);
    g_assert_cmpuint(payment->effects[1], ==, 255); /* saturates */

    ledger_get(ledger, ref)->in_flight = 1;
    ledger_hold(ledger, ref);
    ledger_attempt_over(ledger, ref);
    g_assert_cmpuint(ledger_get(ledger, ref)->in_flight, ==, 0);
    g_assert_cmpint(ledger_get(ledger, ref)->holds, ==, 1);

    g_assert_cmpuint(ledger_surviving_database(ledger), ==, 0);
    g_assert_cmpuint(ledger_surviving_log(ledger), ==, 0);
    ledger_promote_database(ledger, 1);
    g_assert_cmpuint(ledger_surviving_database(ledger), ==, 1);
    g_assert_cmpuint(ledger_surviving_log(ledger), ==, 0);
    ledger_switch_log(ledger, 1);
    g_assert_cmpuint(ledger_surviving_log(ledger), ==, 1);
    ledger_replayed(ledger, 3);
    ledger_replayed(ledger, 4);
    ledger_suppressed(ledger, 5);
    g_assert_cmpuint(ledger_replayed_count(ledger), ==, 7);
    g_assert_cmpuint(ledger_suppressed_count(ledger), ==, 5);
    ledger_close(ledger);
    ledger_free(ledger);
}

static void ignore(void *audit, const Payment *payment)
{
    (void)payment;
    ++*(size_t *)audit;
}

/* Many more than one allocation, released in another order, and slots used again. */
static void test_ledger_growth(void)
{
    enum { COUNT = 5000 };
    size_t settled = 0;
    Ledger *ledger = ledger_new(ignore, &settled);
    PaymentRef *ref = g_new(PaymentRef, COUNT);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < COUNT; i++)
            ref[i] = ledger_submit(ledger, i, i);
        uint32_t wrong = 0;
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t n = (i * 1237) % COUNT; /* coprime to COUNT */
            const Payment *payment = ledger_get(ledger, ref[n]);
            wrong += !payment || payment->user != n;
            ledger_release(ledger, ref[n]);
            wrong += ledger_get(ledger, ref[n]) != NULL;
        }
        g_assert_cmpuint(wrong, ==, 0);
    }
    g_assert_cmpuint(settled, ==, 3 * COUNT);
    g_assert_cmpuint(ledger_live_max(ledger), ==, COUNT);
    g_free(ref);
    ledger_free(ledger);
}

/* ---- log ---- */

/* Records go round the ring many times while the log grows, and each is found where it was put. */
static void test_log(void)
{
    size_t settled = 0;
    Ledger *ledger = ledger_new(ignore, &settled);
    Log log = {0};
    int64_t trimmed = 0, wrong = 0;
    for (int64_t i = 0; i < 3000; i++) {
        wrong += log_append(&log, ledger_submit(ledger, i, (uint32_t)i)) != i;
        log.high_watermark = log.end;
        if (i % 3 != 2)
            continue;
        log_trim(&log, i / 2, ledger);
        trimmed = i / 2;
        g_assert_cmpint(log.base, ==, trimmed);
        for (int64_t o = log.base; o < log.end; o += 100)
            wrong += ledger_get(ledger, log_at(&log, o))->user != (uint32_t)o;
    }
    g_assert_cmpint(wrong, ==, 0);
    g_assert_cmpint((int64_t)settled, ==, trimmed); /* exactly those were released */
    g_assert_cmpint(log.end, ==, 3000);
    log_trim(&log, trimmed - 10, ledger); /* not back */
    g_assert_cmpint(log.base, ==, trimmed);
    log_clear(&log);
    g_assert_cmpint(log.end, ==, 0);
    ledger_close(ledger);
    ledger_free(ledger);
}

/* ---- storage ---- */

enum { RECORDS = 10 };

typedef struct Shelf {
    Ledger *ledger;
    Storage *storage;
    size_t settled;
    PaymentRef ref[RECORDS];
} Shelf;

/* Ten visible records in partition 1 of two, held by the log alone. */
static void shelf_init(Shelf *shelf, uint32_t groups)
{
    shelf->settled = 0;
    shelf->ledger = ledger_new(ignore, &shelf->settled);
    shelf->storage = storage_new(1, 2, groups);
    for (uint32_t i = 0; i < RECORDS; i++) {
        shelf->ref[i] = ledger_submit(shelf->ledger, 0, i);
        log_append(&shelf->storage->log[1], shelf->ref[i]);
    }
}

static void shelf_clear(Shelf *shelf)
{
    storage_free(shelf->storage);
    ledger_close(shelf->ledger);
    ledger_free(shelf->ledger);
}

static void test_storage_commit(void)
{
    Shelf shelf;
    shelf_init(&shelf, 1);
    Storage *storage = shelf.storage;
    g_assert_cmpint(storage_commit(storage, 1, 4, shelf.ledger), ==, 4);
    g_assert_cmpint(storage_commit(storage, 1, 4, shelf.ledger), ==, 0);
    g_assert_cmpint(storage_commit(storage, 1, 2, shelf.ledger), ==, 0); /* not back */
    g_assert_cmpint(storage_commit(storage, 1, 7, shelf.ledger), ==, 3);
    g_assert_cmpint(storage->log[1].high_watermark, ==, 7);
    g_assert_cmpint(storage->log[0].high_watermark, ==, 0);
    for (int i = 0; i < RECORDS; i++) {
        g_assert_cmpuint(ledger_get(shelf.ledger, shelf.ref[i])->events[1], ==, i < 7);
        g_assert_cmpuint(ledger_get(shelf.ledger, shelf.ref[i])->events[0], ==, 0);
    }
    g_assert_cmpint(storage->committed[0][0], ==, OFFSET_NONE);
    shelf_clear(&shelf);
}

/* Of ten records eight are visible, seven were acted on, and the front goes as far as all allow. */
static void test_storage_trim(void)
{
    static const struct {
        const char *why;
        int64_t pin, committed; /* OFFSET_NONE: no mirror, nothing committed */
        bool consumed_here;
        int acted;
        int64_t base;
    } cases[] = {
        {"nobody needs more than the effects", OFFSET_NONE, OFFSET_NONE, false, 7, 7},
        {"only what is visible", OFFSET_NONE, OFFSET_NONE, false, 10, 8},
        {"only what a group acted on", OFFSET_NONE, OFFSET_NONE, false, 3, 3},
        {"a mirror may read from its pin", 5, OFFSET_NONE, false, 7, 5},
        {"a pin further on holds nothing", 9, OFFSET_NONE, false, 7, 7},
        {"a group may restart where it committed", OFFSET_NONE, 4, true, 7, 4},
        {"a group that committed nothing may restart at 0", OFFSET_NONE, OFFSET_NONE, true, 7, 0},
        {"offsets that nobody uses yet", OFFSET_NONE, 4, false, 7, 7},
        {"the least of all", 3, 4, true, 7, 3},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Shelf shelf;
        shelf_init(&shelf, 1);
        Storage *storage = shelf.storage;
        storage_commit(storage, 1, 8, shelf.ledger);
        if (cases[i].pin != OFFSET_NONE) {
            storage_pin(storage);
            storage->pin[1] = cases[i].pin;
        }
        storage->committed[0][1] = cases[i].committed;
        storage->consumed_here = cases[i].consumed_here;
        for (int r = 0; r < cases[i].acted; r++)
            ledger_effect(shelf.ledger, shelf.ref[r], 0);
        storage_trim(storage, 1, shelf.ledger);
        if (storage->log[1].base != cases[i].base)
            g_test_message("wrong: %s", cases[i].why);
        g_assert_cmpint(storage->log[1].base, ==, cases[i].base);
        g_assert_cmpint((int64_t)shelf.settled, ==, cases[i].base);
        shelf_clear(&shelf);
    }
}

/* A pin is 0 at first: everything is still to be mirrored. Without groups nobody reads. */
static void test_storage_ends(void)
{
    Shelf shelf;
    shelf_init(&shelf, 0);
    storage_commit(shelf.storage, 1, RECORDS, shelf.ledger);
    storage_pin(shelf.storage);
    storage_trim(shelf.storage, 1, shelf.ledger);
    g_assert_cmpint(shelf.storage->log[1].base, ==, 0);
    shelf.storage->pin[1] = RECORDS;
    storage_trim(shelf.storage, 1, shelf.ledger);
    g_assert_cmpint(shelf.storage->log[1].base, ==, RECORDS);
    g_assert_cmpuint(shelf.settled, ==, RECORDS);
    shelf_clear(&shelf);
}

/* ---- prober ---- */

static Prober prober_of(const ProbeConfig *config)
{
    RandomStream errors;
    random_init(&errors, 1, 0, "test", "probe errors");
    Prober prober;
    prober_init(&prober, config, errors);
    return prober;
}

/* One probe: '+' a good answer, '-' a bad one, '.' none. Returns whether the verdict changed. */
static bool probe(Prober *prober, char result)
{
    int64_t number = prober_send(prober);
    bool changed = result != '.' && prober_answer(prober, number, result == '+');
    return prober_deadline(prober, number) || changed;
}

static void test_prober_verdict(void)
{
    static const struct {
        int64_t samples, required;
        const char *results, *healthy; /* after each: 1 healthy, 0 not */
    } cases[] = {
        {1, 1, "+.+--+", "101001"},       {3, 1, "..+...++", "11111011"},
        {3, 1, "-.--..+", "1100001"},     {4, 3, "+..+.+++", "11000011"},
        {2, 2, "+.++.-+++", "100100011"}, {64, 64, "+++.+", "11100"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const ProbeConfig config = {.samples = cases[i].samples, .required = cases[i].required};
        Prober prober = prober_of(&config);
        g_assert_true(prober.healthy);
        bool before = true;
        for (size_t k = 0; cases[i].results[k]; k++) {
            bool changed = probe(&prober, cases[i].results[k]);
            if (prober.healthy != (cases[i].healthy[k] == '1'))
                g_test_message("case %zu, probe %zu", i, k);
            g_assert_true(prober.healthy == (cases[i].healthy[k] == '1'));
            g_assert_true(changed == (prober.healthy != before));
            before = prober.healthy;
        }
    }
}

/* An answer counts once, in its own time: not after the deadline, not for another probe. */
static void test_prober_late(void)
{
    const ProbeConfig config = {.samples = 1, .required = 1};
    Prober prober = prober_of(&config);
    int64_t first = prober_send(&prober);
    g_assert_true(prober_deadline(&prober, first)); /* down */
    g_assert_false(prober_answer(&prober, first, true));
    g_assert_false(prober_deadline(&prober, first));
    g_assert_false(prober.healthy);
    int64_t second = prober_send(&prober);
    g_assert_cmpint(second, !=, first);
    g_assert_false(prober_answer(&prober, first, true)); /* the late one is not this one's */
    g_assert_false(prober.healthy);
    g_assert_true(prober_answer(&prober, second, true));
    g_assert_true(prober.healthy);
    g_assert_false(prober_deadline(&prober, second)); /* settled before */
    g_assert_true(prober.healthy);
}

/* Errors of both kinds, within 4.9 standard errors of their rate (false alarm 1e-6 each). */
static void test_prober_errors(void)
{
    static const struct {
        double false_alarm, miss;
        char result;
        double bad; /* expected share of unhealthy verdicts */
    } cases[] = {
        {0, 0, '+', 0},     {0, 0, '.', 1},       {1, 0, '+', 1},
        {0, 1, '.', 0},     {0, 1, '-', 1},       {0.2, 0, '+', 0.2},
        {0, 0.3, '.', 0.7}, {0.2, 0.3, '+', 0.2}, {1, 1, '.', 1},
    };
    enum { PROBES = 20000 };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const ProbeConfig config = {.samples = 1,
                                    .required = 1,
                                    .false_alarm = cases[i].false_alarm,
                                    .miss = cases[i].miss};
        Prober prober = prober_of(&config);
        int bad = 0;
        for (int k = 0; k < PROBES; k++) {
            probe(&prober, cases[i].result);
            bad += !prober.healthy;
        }
        double p = cases[i].bad, error = sqrt(p * (1 - p) / PROBES);
        g_test_message("case %zu: %.4f bad, expected %.4f", i, (double)bad / PROBES, p);
        g_assert_cmpfloat(fabs((double)bad / PROBES - p), <=, 4.9 * error);
    }
}

/* ---- recovery ---- */

typedef struct Window {
    int good, bad, open; /* attempts by their end */
} Window;

/* Attempts are sent in the middle of their window and end one window later. */
static void play(Recovery *recovery, const Window *windows, size_t count)
{
    for (size_t w = 0; w < count; w++) {
        SimTime sent = (SimTime)w * SIM_SEC + SIM_SEC / 2;
        int all = windows[w].good + windows[w].bad + windows[w].open;
        for (int i = 0; i < all; i++)
            recovery_attempt_sent(recovery, sent);
        for (int i = 0; i < all - windows[w].open; i++)
            recovery_attempt_ended(recovery, sent, sent + SIM_SEC, i < windows[w].good);
    }
    recovery_close(recovery);
}

static void test_recovery_windows(void)
{
    static const struct {
        const char *why;
        double outage; /* seconds */
        Window window[8];
        size_t windows;
        double service;
    } cases[] = {
        {"never bad", 2, {{9, 0, 0}, {9, 0, 0}, {9, 0, 0}, {9, 0, 0}}, 4, 0},
        {"bad in the third", 2, {{9, 0, 0}, {9, 0, 0}, {0, 9, 0}, {9, 0, 0}}, 4, 1},
        {"half is enough", 2, {{9, 0, 0}, {9, 0, 0}, {5, 5, 0}, {9, 0, 0}}, 4, 0},
        {"less is not", 2, {{9, 0, 0}, {9, 0, 0}, {4, 5, 0}, {9, 0, 0}}, 4, 1},
        {"the last bad one counts",
         1,
         {{9, 0, 0}, {0, 9, 0}, {9, 0, 0}, {9, 0, 0}, {1, 9, 0}, {9, 0, 0}},
         6,
         4},
        {"bad to the end", 1, {{9, 0, 0}, {9, 0, 0}, {0, 9, 0}, {0, 9, 0}}, 4, INFINITY},
        {"bad before the outage only", 3, {{9, 0, 0}, {0, 9, 0}, {9, 0, 0}, {9, 0, 0}}, 4, 0},
        {"silence is not service",
         1,
         {{9, 0, 0}, {0, 9, 0}, {0, 0, 0}, {0, 0, 0}, {9, 0, 0}},
         5,
         3},
        {"silence is no failure", 1, {{9, 0, 0}, {9, 0, 0}, {0, 0, 0}, {9, 0, 0}}, 4, 0},
        {"open ones may yet be good", 1, {{9, 0, 0}, {0, 9, 0}, {9, 0, 0}, {4, 0, 9}}, 4, 1},
        {"open ones cannot help", 1, {{9, 0, 0}, {0, 9, 0}, {9, 0, 0}, {0, 9, 1}}, 4, INFINITY},
        {"between two windows", 1.25, {{9, 0, 0}, {9, 9, 0}, {0, 9, 0}, {9, 0, 0}}, 4, 1.75},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Recovery *recovery = recovery_new(SIM_SEC, 0.5, 2 * SIM_SEC);
        recovery->outage_at = (SimTime)(cases[i].outage * 1e9);
        play(recovery, cases[i].window, cases[i].windows);
        double service = recovery_service_seconds(recovery);
        if (service != cases[i].service)
            g_test_message("wrong: %s", cases[i].why);
        g_assert_cmpfloat(service, ==, cases[i].service);
        recovery_free(recovery);
    }
}

static void test_recovery_stamps(void)
{
    Recovery *recovery = recovery_new(SIM_SEC, 0.99, 10 * SIM_SEC);
    g_assert_true(isnan(recovery_service_seconds(recovery)));
    recovery->outage_at = 5 * SIM_SEC;
    recovery_attempt_sent(recovery, 4 * SIM_SEC);
    recovery_attempt_sent(recovery, 6 * SIM_SEC);
    recovery_attempt_sent(recovery, 7 * SIM_SEC);
    recovery_attempt_sent(recovery, 7 * SIM_SEC);
    recovery_attempt_ended(recovery, 4 * SIM_SEC, 6 * SIM_SEC, true); /* sent before the outage */
    g_assert_cmpint(recovery->first_success_at, ==, SIM_NEVER);
    recovery_attempt_ended(recovery, 6 * SIM_SEC, 9 * SIM_SEC, false);
    g_assert_cmpint(recovery->first_success_at, ==, SIM_NEVER);
    recovery_attempt_ended(recovery, 7 * SIM_SEC, 10 * SIM_SEC, true);
    recovery_attempt_withdrawn(recovery, 7 * SIM_SEC); /* as if it had not been sent */
    g_assert_cmpint(recovery->first_success_at, ==, 10 * SIM_SEC);
    recovery_close(recovery);
    g_assert_cmpfloat(recovery_service_seconds(recovery), ==, 2); /* the window from 6 to 7 s */
    recovery_free(recovery);
}

/* Far more windows than the ring holds: what is closed is not counted again. */
static void test_recovery_ring(void)
{
    enum { WINDOWS = 1000 };
    Recovery *recovery = recovery_new(SIM_SEC, 0.5, 3 * SIM_SEC);
    recovery->outage_at = 100 * SIM_SEC;
    for (SimTime w = 0; w < WINDOWS; w++) {
        recovery_attempt_sent(recovery, w * SIM_SEC);
        if (w >= 3)
            recovery_attempt_ended(recovery, (w - 3) * SIM_SEC, w * SIM_SEC, w - 3 != 500);
    }
    recovery_close(recovery);
    g_assert_cmpfloat(recovery_service_seconds(recovery), ==, 401);
    recovery_free(recovery);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/ledger/holds", test_ledger_holds);
    g_test_add_func("/ledger/facts", test_ledger_facts);
    g_test_add_func("/ledger/growth", test_ledger_growth);
    g_test_add_func("/log", test_log);
    g_test_add_func("/storage/commit", test_storage_commit);
    g_test_add_func("/storage/trim", test_storage_trim);
    g_test_add_func("/storage/ends", test_storage_ends);
    g_test_add_func("/prober/verdict", test_prober_verdict);
    g_test_add_func("/prober/late", test_prober_late);
    g_test_add_func("/prober/errors", test_prober_errors);
    g_test_add_func("/recovery/windows", test_recovery_windows);
    g_test_add_func("/recovery/stamps", test_recovery_stamps);
    g_test_add_func("/recovery/ring", test_recovery_ring);
    return g_test_run();
}
