/* How payment and event are written: what each way leaves missing, phantom or twice, exactly where
 * the model promises it, and one closed form.
 *
 * What is true of outbox and cdc, and tested as such: a crash between the two writes leaves nothing
 * missing; what the surviving database has is published there, unless its mark arrived and its
 * event was not mirrored (relay.rewind covers that); an event can outrun its row as long as the
 * replication is asynchronous, and in sync mode if it is read from the log.
 *
 * FAILSIM_TEST_QUICK=1 takes fewer runs.
 */
#include <glib.h>
#include <math.h>
#include <stdbool.h>

#include "models/ledger.h"
#include "models/outbox.h"
#include "tests/support/generate.h"
#include "tests/support/runs.h"

#define SEED 11

enum { RUNS = 8, CLOSED_RUNS = 400, RANDOM_SCENARIOS = 30 };

/* The region dies at 60 s and the standby takes over within half a minute. */
static const char drill[] =
    "version: 1\n"
    "name: writes\n"
    "users: {rate: 50/s, population: 500, timeout: 3s, retry: {max: 0}, reauth: 2s}\n"
    "router: {edges: 3, probe: {interval: 5s, timeout: 2s, samples: 2, required: 1}}\n"
    "application: {service_time: 5ms, timeout: 2s}\n"
    "relay: {flush: 10s, timeout: 5s}\n"
    "database: {commit_time: 5ms, replication: {lag: 2s}}\n"
    "mirror: {latency: 100ms}\n"
    "consumers: [{name: fraud, start: earliest}]\n"
    "failover:\n"
    "  mode: automatic\n"
    "  probe: {interval: 3s, timeout: 1s, samples: 2}\n"
    "  hold: 5s\n"
    "  step_retry: 5s\n"
    "  steps:\n"
    "    - {step: fence, duration: 1s}\n"
    "    - {step: promote-database, duration: 2s, after: [fence]}\n"
    "    - {step: switch-kafka, duration: 9s}\n"
    "    - {step: resume-consumers, duration: 4s, after: [promote-database, switch-kafka]}\n"
    "    - {step: reroute, duration: 1s, after: [promote-database, switch-kafka]}\n"
    "events: [{at: 60s, fail: region}]\n"
    "run: {duration: 2m, drain: 1m}\n";

#define DATABASE_FIRST "application.write=database-first"
#define KAFKA_FIRST    "application.write=kafka-first"
#define OUTBOX         "application.write=outbox"
#define CDC            "application.write=cdc"
#define EVENTS(...)    "events=[" __VA_ARGS__ "]"
#define REGION         "{at: 60s, fail: region}"

static const char *const relayed[] = {OUTBOX, CDC};

static Runs *runs_with(uint32_t count, const char *const *sets)
{
    return runs_of_set(drill, sets, count, SEED);
}
#define DRILL(...) runs_with(RUNS, (const char *const[]){__VA_ARGS__, NULL})

/* Above 0 in every run. */
static void check_some(Runs *runs, const char *metric)
{
    for (uint32_t i = 0; i < runs_count(runs); i++)
        g_assert_cmpfloat(runs_column(runs, metric)[i], >, 0);
}

static void check_at_most(Runs *runs, const char *metric, double limit)
{
    for (uint32_t i = 0; i < runs_count(runs); i++)
        g_assert_cmpfloat(runs_column(runs, metric)[i], <=, limit);
}

static double total(Runs *runs, const char *metric)
{
    double sum = 0;
    for (uint32_t i = 0; i < runs_count(runs); i++)
        sum += runs_column(runs, metric)[i];
    return sum;
}

/* ---- nothing fails ---- */

static void test_calm(void)
{
    static const char *const writes[] = {DATABASE_FIRST, KAFKA_FIRST, OUTBOX, CDC};
    static const char *const drains[] = {"run.drain=1m", "run.drain=0s"};
    for (size_t w = 0; w < G_N_ELEMENTS(writes); w++)
        for (size_t d = 0; d < G_N_ELEMENTS(drains); d++) {
            Runs *runs = DRILL(writes[w], drains[d], EVENTS(""));
            check_every(runs, "faults.fired", 0);
            check_every(runs, "log.missing", 0);
            check_every(runs, "log.phantom", 0);
            check_every(runs, "log.duplicated", 0);
            check_every(runs, "effects.skipped", 0);
            runs_free(runs);
        }
}

/* ---- between the two writes ---- */

/* The application dies with events on the way: 100 ms of payments are between their two writes. */
#define CRASH EVENTS("{at: 60s, fail: application, for: 1s}"), "kafka.append=100ms"

static void test_crash(void)
{
    Runs *first = DRILL(DATABASE_FIRST, CRASH, "network.local=20ms");
    check_some(first, "faults.fired");
    g_assert_cmpfloat(total(first, "log.missing"), >, 0);
    check_every(first, "log.phantom", 0);
    runs_free(first);
    Runs *second = DRILL(KAFKA_FIRST, CRASH);
    g_assert_cmpfloat(total(second, "log.phantom"), >, 0);
    check_every(second, "log.missing", 0);
    runs_free(second);
    for (size_t w = 0; w < G_N_ELEMENTS(relayed); w++) {
        Runs *runs = DRILL(relayed[w], CRASH, "network.local=20ms");
        check_some(runs, "faults.fired");
        check_every(runs, "log.missing", 0);
        check_every(runs, "log.phantom", 0);
        runs_free(runs);
    }
}

/* A database that is down: Kafka first has published what is never written. */
static void test_database_down(void)
{
    static const char *const outage = EVENTS("{at: 60s, fail: database, for: 20s}");
    static const char *const others[] = {DATABASE_FIRST, OUTBOX, CDC};
    Runs *kafka_first = DRILL(KAFKA_FIRST, outage, "failover.mode=off");
    check_some(kafka_first, "log.phantom");
    runs_free(kafka_first);
    for (size_t w = 0; w < G_N_ELEMENTS(others); w++) {
        Runs *runs = DRILL(others[w], outage, "failover.mode=off");
        check_some(runs, "faults.fired");
        check_every(runs, "log.phantom", 0);
        check_every(runs, "log.missing", 0);
        runs_free(runs);
    }
}

/* The write is refused because this database is no primary (any more). */
static void test_database_refuses(void)
{
    static const char *const early =
        "failover.steps=[{step: switch-kafka, duration: 1s}, {step: reroute, duration: 1s}]";
    Runs *kafka_first = DRILL(KAFKA_FIRST, early), *first = DRILL(DATABASE_FIRST, early);
    check_some(kafka_first, "log.phantom");
    check_every(first, "log.phantom", 0);
    runs_free(kafka_first);
    runs_free(first);
}

/* A Kafka that is down is the relay's matter: users notice nothing, and what it missed follows. */
static void test_kafka_down(void)
{
    static const char *const outage = EVENTS("{at: 60s, fail: kafka, for: 20s}");
    Runs *first = DRILL(DATABASE_FIRST, outage);
    check_some(first, "log.missing");
    check_some(first, "payments.in_doubt");
    runs_free(first);
    Runs *kafka_first = DRILL(KAFKA_FIRST, outage);
    check_some(kafka_first, "payments.interrupted");
    check_every(kafka_first, "log.missing", 0);
    runs_free(kafka_first);
    for (size_t w = 0; w < G_N_ELEMENTS(relayed); w++) {
        Runs *runs = DRILL(relayed[w], outage);
        check_some(runs, "faults.fired");
        check_every(runs, "log.missing", 0);
        check_every(runs, "interruption.users", 0);
        runs_free(runs);
        /* for good: what is not published is missing, however sure to be published one day */
        runs = DRILL(relayed[w], EVENTS("{at: 60s, fail: kafka}"), "failover.mode=off");
        check_some(runs, "log.missing");
        check_every(runs, "interruption.users", 0);
        runs_free(runs);
    }
}

/* At least once: a relay that dies with a batch not yet marked publishes it again. */
static void test_relay_crash(void)
{
    static const char *const crash = EVENTS("{at: 60s, fail: application, for: 1s}");
    Runs *outbox = DRILL(OUTBOX, crash, "kafka.append=300ms");
    g_assert_cmpfloat(total(outbox, "log.duplicated"), >, 0);
    check_at_most(outbox, "log.duplicated", 100);
    check_every(outbox, "log.missing", 0);
    Runs *cdc = DRILL(CDC, crash);
    g_assert_cmpfloat(total(cdc, "log.duplicated"), >, total(outbox, "log.duplicated"));
    check_at_most(cdc, "log.duplicated", 50 * 11 * 1.3); /* a flush interval; 6 deviations */
    check_every(cdc, "log.missing", 0);
    runs_free(outbox);
    runs_free(cdc);
}

/* ---- failover ---- */

/* What the north had not published, the west does. Kafka dies first, so that there is much of it.
 */
static void test_west_publishes(void)
{
    static const char *const outage = EVENTS("{at: 50s, fail: kafka}, " REGION);
    Runs *first = DRILL(DATABASE_FIRST, outage);
    check_some(first, "log.missing");
    runs_free(first);
    for (size_t w = 0; w < G_N_ELEMENTS(relayed); w++) {
        Runs *runs = DRILL(relayed[w], outage);
        check_some(runs, "payments.lost");
        check_every(runs, "log.missing", 0);
        check_every(runs, "log.phantom", 0);
        check_every(runs, "effects.skipped", 0);
        runs_free(runs);
    }
}

/* Marks are replicated behind the rows: with them the west repeats a poll's worth, not everything.
 * An event that the mirror has and whose row never came is a phantom, outbox or not. */
static void test_failover(void)
{
    for (size_t w = 0; w < G_N_ELEMENTS(relayed); w++) {
        Runs *runs = DRILL(relayed[w]);
        check_every(runs, "log.missing", 0);
        check_some(runs, "log.phantom");
        check_some(runs, "payments.lost");
        check_at_most(runs, "log.duplicated", w == 0 ? 60 : 50 * 11 * 1.3);
        g_assert_cmpfloat(total(runs, "log.duplicated"), >, 0);
        for (uint32_t i = 0; i < runs_count(runs); i++)
            g_assert_cmpfloat(runs_column(runs, "log.phantom")[i], <=,
                              runs_column(runs, "payments.lost")[i] +
                                  runs_column(runs, "payments.interrupted")[i]);
        runs_free(runs);
        /* rows that arrive at once are there before their events are */
        runs = DRILL(relayed[w], "database.replication.lag=0s");
        check_every(runs, "log.phantom", 0);
        check_every(runs, "log.missing", 0);
        runs_free(runs);
    }
}

/* A row is in the table for the relay to see once its writer may be answered; in the log at once.
 */
static void test_sync(void)
{
    static const char *const sync = "database.replication={mode: sync, sync_time: 1s}";
    Runs *outbox = DRILL(OUTBOX, sync), *cdc = DRILL(CDC, sync);
    check_every(outbox, "payments.lost", 0);
    check_every(outbox, "log.phantom", 0);
    check_every(outbox, "log.missing", 0);
    check_every(cdc, "payments.lost", 0);
    check_some(cdc, "log.phantom");
    check_every(cdc, "log.missing", 0);
    runs_free(outbox);
    runs_free(cdc);
}

/* Marked, its mark replicated, its event not mirrored: missing, unless the relay goes back far
 * enough. Without a mirror, that is everything. */
static void test_rewind(void)
{
    static const char *const slow = "mirror={runs_in: active, latency: 8s}";
    static const char *const none = "mirror.enabled=no";
    Runs *runs = DRILL(OUTBOX, slow);
    check_some(runs, "log.missing");
    runs_free(runs);
    for (size_t w = 0; w < G_N_ELEMENTS(relayed); w++) {
        runs = DRILL(relayed[w], slow, "relay.rewind=10s");
        check_every(runs, "log.missing", 0);
        check_at_most(runs, "log.duplicated", 50 * 21 * 1.3);
        runs_free(runs);
        runs = DRILL(relayed[w], none);
        check_some(runs, "log.missing");
        runs_free(runs);
        runs = DRILL(relayed[w], none, "relay.rewind=1h");
        check_every(runs, "log.missing", 0);
        check_every(runs, "log.duplicated", 0);
        runs_free(runs);
    }
}

/* Published twice by a failover at T: the rows that the standby has and whose mark it has not, that
 * is, those not yet marked in the north at T - lag. A mark is there d after its batch was read, and
 * batches are read every `poll`, at a phase of their own: rate * (poll/2 + d) on average.
 * d: four hops of 0.5 ms, append 2 ms, replicate 3 ms, commit 5 ms. */
static void test_repeated_closed_form(void)
{
    static const double polls[] = {0.1, 0.5, 1};
    for (size_t i = 0; i < G_N_ELEMENTS(polls); i++) {
        char *poll = g_strdup_printf("relay.poll=%gms", polls[i] * 1e3);
        Runs *runs = runs_with(CLOSED_RUNS, (const char *const[]){OUTBOX, poll, NULL});
        check_mean(runs, "log.duplicated",
                   50 * (polls[i] / 2 + 4 * 0.0005 + 0.002 + 0.003 + 0.005));
        runs_free(runs);
        g_free(poll);
    }
}

/* ---- random scenarios ---- */

/* Whatever fails: the books balance (the audit asserts it) and the same seed gives the same run. */
static void test_random(void)
{
    for (uint32_t n = 0; n < RANDOM_SCENARIOS; n++) {
        char *text = generate_scenario(SEED, n);
        const char *const sets[] = {relayed[n % 2], n % 3 ? "relay.rewind=3s" : "relay.batch=7",
                                    NULL};
        Runs *runs = runs_of_set(text, sets, 2, SEED), *again = runs_of_set(text, sets, 2, SEED);
        g_assert_cmpuint(runs_fingerprint(runs), ==, runs_fingerprint(again));
        runs_free(runs);
        runs_free(again);
        g_free(text);
    }
}

/* ---- the outbox itself ---- */

static void count_settled(void *audit, const Payment *payment)
{
    (void)payment;
    ++*(int *)audit;
}

static void submit(Ledger *ledger, PaymentRef *payments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        payments[i] = ledger_submit(ledger, 0, 0);
}

static void test_outbox_marks(void)
{
    int settled = 0;
    PaymentRef payment[3];
    Ledger *ledger = ledger_new(count_settled, &settled);
    Outbox *outbox = outbox_new(ledger, false, 0);
    submit(ledger, payment, 3);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpuint(outbox_add(outbox, payment[i], i * SIM_SEC), ==, (uint64_t)i);
        ledger_release(ledger, payment[i]);
    }
    outbox_mark(outbox, 2);
    outbox_mark(outbox, 1); /* an old mark takes nothing back */
    g_assert_cmpuint(outbox_done(outbox), ==, 2);
    g_assert_cmpuint(outbox_end(outbox), ==, 3);
    g_assert_cmpint(settled, ==, 2);
    g_assert_true(outbox_payment(outbox, 1) == PAYMENT_NONE);
    g_assert_true(outbox_payment(outbox, 2) == payment[2]);
    outbox_note_waiting(outbox);
    g_assert_cmpuint(ledger_get(ledger, payment[2])->in_flight, ==, 1);
    outbox_rewind(outbox);
    g_assert_cmpuint(outbox_done(outbox), ==, 2);
    ledger_close(ledger);
    outbox_free(outbox);
    ledger_free(ledger);
}

/* Rows of an unordered stream: gaps, a mark ahead of its rows, and a row behind its mark. */
static void test_outbox_gaps(void)
{
    int settled = 0;
    PaymentRef payment[3];
    Ledger *ledger = ledger_new(count_settled, &settled);
    Outbox *outbox = outbox_new(ledger, false, 0);
    submit(ledger, payment, 3);
    outbox_put(outbox, 2, payment[2], SIM_SEC);
    g_assert_cmpuint(outbox_end(outbox), ==, 3);
    g_assert_true(outbox_payment(outbox, 0) == PAYMENT_NONE);
    outbox_note_waiting(outbox); /* gaps wait for nothing */
    g_assert_cmpuint(ledger_get(ledger, payment[2])->in_flight, ==, 1);
    outbox_mark(outbox, 4);
    g_assert_cmpuint(outbox_end(outbox), ==, 4);
    outbox_put(outbox, 0, payment[0], 0);
    g_assert_true(outbox_payment(outbox, 0) == PAYMENT_NONE);
    g_assert_cmpint(ledger_get(ledger, payment[0])->holds, ==, 1);
    g_assert_cmpint(ledger_get(ledger, payment[2])->holds, ==, 1);
    ledger_close(ledger);
    outbox_free(outbox);
    ledger_free(ledger);
}

static void test_outbox_keeps(void)
{
    enum { ROWS = 1000, KEPT = 100 };
    int settled = 0;
    PaymentRef payment[ROWS];
    Ledger *ledger = ledger_new(count_settled, &settled);
    Outbox *outbox = outbox_new(ledger, true, KEPT * SIM_SEC);
    submit(ledger, payment, ROWS);
    for (int i = 0; i < ROWS; i++) {
        outbox_add(outbox, payment[i], i * SIM_SEC);
        ledger_release(ledger, payment[i]);
        outbox_mark(outbox, (uint64_t)i + 1);
    }
    g_assert_cmpint(settled, ==, ROWS - KEPT);
    g_assert_cmpuint(outbox_done(outbox), ==, ROWS);
    outbox_rewind(outbox);
    g_assert_cmpuint(outbox_done(outbox), ==, ROWS - KEPT);
    g_assert_true(outbox_payment(outbox, ROWS - KEPT) == payment[ROWS - KEPT]);
    ledger_close(ledger);
    outbox_free(outbox);
    ledger_free(ledger);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/writes/calm", test_calm);
    g_test_add_func("/writes/crash between the two", test_crash);
    g_test_add_func("/writes/database down", test_database_down);
    g_test_add_func("/writes/database refuses", test_database_refuses);
    g_test_add_func("/writes/kafka down", test_kafka_down);
    g_test_add_func("/writes/relay crash", test_relay_crash);
    g_test_add_func("/writes/west publishes", test_west_publishes);
    g_test_add_func("/writes/failover", test_failover);
    g_test_add_func("/writes/sync", test_sync);
    g_test_add_func("/writes/rewind", test_rewind);
    g_test_add_func("/writes/repeated, closed form", test_repeated_closed_form);
    g_test_add_func("/writes/random scenarios", test_random);
    g_test_add_func("/writes/outbox marks", test_outbox_marks);
    g_test_add_func("/writes/outbox gaps", test_outbox_gaps);
    g_test_add_func("/writes/outbox keeps", test_outbox_keeps);
    return g_test_run();
}
