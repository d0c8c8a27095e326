/* Transactions: what they cost, whom an open one holds up and for how long, who sees aborted
 * events, and what a mirror makes of them. Stochastic checks may be 4.9 standard errors off: one
 * false alarm in a million for each.
 */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "models/scenario.h"
#include "tests/support/runs.h"

static const char bank[] =
    "version: 1\nname: transactions\n"
    "network: {users: 0ns, edge: 0ns, reply: 0ns, local: 0ns, wan: 0ns, management: 0ns}\n"
    "users: {rate: 120/s, population: 1200, timeout: 300s, retry: {max: 0}}\n"
    "router: {edges: 1}\n"
    "application: {service_time: 0ns, servers: 100000, queue: 100000, timeout: 250s}\n"
    "kafka: {partitions: 12, append: 2ms, replicate: 3ms}\n"
    "producer: {transactional: yes}\n"
    "database: {commit_time: 0ns, replication: {mode: none}}\n"
    "mirror: {enabled: no}\n"
    "consumers: [{name: fraud, service: 0ns, isolation: read_committed}]\n"
    "failover: {mode: 'off'}\n"
    "run: {duration: 60s, drain: 300s}\n";

enum { RUNS = 40, SEED = 11 };

static const double RATE = 120;

static Runs *run(const char *const *sets)
{
    return runs_of_set(bank, sets, RUNS, SEED);
}
#define RUN(...)    run((const char *const[]){__VA_ARGS__, NULL})
#define UNCOMMITTED "consumers[0].isolation=read_uncommitted"

static double mean(Runs *runs, const char *metric)
{
    return runs_moments(runs, metric).mean;
}

static double smallest(Runs *runs, const char *metric)
{
    return runs_moments(runs, metric).min;
}

static double greatest(Runs *runs, const char *metric)
{
    return runs_moments(runs, metric).max;
}

static void check_equal(Runs *a, const char *metric, Runs *b, const char *other)
{
    const double *x = runs_column(a, metric), *y = runs_column(b, other);
    for (uint32_t i = 0; i < runs_count(a); i++)
        g_assert_cmpfloat(x[i], ==, y[i]);
}

static void check_about(Runs *runs, const char *metric, double expected)
{
    g_assert_cmpfloat(fabs(smallest(runs, metric) - expected), <, 1e-9);
    g_assert_cmpfloat(fabs(greatest(runs, metric) - expected), <, 1e-9);
}

/* ---- what they cost ---- */

/* Appended at 2 ms, answered at 5, the end decided 5 later, the marker visible 5 after that. */
static void test_cost(void)
{
    Runs *runs = RUN("application.write=kafka-first");
    check_about(runs, "latency.mean", 0.010);
    check_about(runs, "transactions.stall", 0.013);
    check_every(runs, "transactions.aborted", 0);
    check_every(runs, "effects.pending", 0);
    check_equal(runs, "payments.completed", runs, "payments.submitted");
    runs_free(runs);
}

/* Filled by time: an event waits for the rest of the interval from the transaction's first event,
 * which is (1 + n / 2) / (1 + n) of it with n = λ · interval more in it. */
static void test_interval(void)
{
    Runs *runs = RUN("producer.transaction_records=10000", "producer.transaction_interval=100ms",
                     "kafka.append=0ns", "kafka.replicate=0ns");
    double more = RATE * 0.1, waits = 0.1 * (1 + more / 2) / (1 + more);
    check_close("interval", mean(runs, "latency.mean"), waits,
                runs_moments(runs, "latency.mean").mean_error);
    runs_free(runs);
    Runs *full = RUN("producer.transaction_records=1", "producer.transaction_interval=900s");
    check_about(full, "latency.mean", 0.010);
    runs_free(full);
}

/* ---- a transaction that nobody ends ---- */

/* Half a second's events are open when their process dies. */
#define DIES                                                                                       \
    "kafka.replicate=500ms", "events=[{at: 30s, for: 1s, fail: application}]",                     \
        "producer.transactional_ids=new"

/* Aborted at the first look, every 10 s, after 60 s: U(60, 70), and half a second of marker. */
static void test_stall(void)
{
    Runs *runs = RUN(DIES);
    check_every(runs, "faults.fired", 2);
    g_assert_cmpfloat(smallest(runs, "transactions.timed_out"), >, 20);
    check_equal(runs, "transactions.timed_out", runs, "transactions.aborted");
    g_assert_cmpfloat(smallest(runs, "transactions.stall"), >, 60.5);
    g_assert_cmpfloat(greatest(runs, "transactions.stall"), <, 70.503);
    /* the one that began first of those that wait for the same look; up to 0.5 s are between */
    g_assert_cmpfloat(fabs(mean(runs, "transactions.stall") - 65.5), <,
                      0.5 + STANDARD_ERRORS * runs_moments(runs, "transactions.stall").mean_error);
    check_every(runs, "effects.pending", 0);
    runs_free(runs);
    Runs *shorter = RUN(DIES, "producer.transaction_timeout=5s");
    g_assert_cmpfloat(smallest(shorter, "transactions.stall"), >, 5.5);
    g_assert_cmpfloat(greatest(shorter, "transactions.stall"), <, 15.503);
    runs_free(shorter);
    Runs *back = RUN(DIES, "producer.transactional_ids=stable");
    check_every(back, "transactions.timed_out", 0);
    g_assert_cmpfloat(smallest(back, "transactions.aborted"), >, 20);
    g_assert_cmpfloat(greatest(back, "transactions.stall"), <, 2.1);
    runs_free(back);
}

/* Only readers of committed records wait meanwhile: 20 s later they lack most of 20 s. */
static void test_who_waits(void)
{
#define EARLY DIES, "run.duration=50s", "run.drain=0s"
    Runs *committed = RUN(EARLY), *all = RUN(EARLY, UNCOMMITTED);
    g_assert_cmpfloat(smallest(committed, "effects.pending"), >, RATE * 15);
    g_assert_cmpfloat(greatest(all, "effects.pending"), <, RATE);
    runs_free(committed);
    runs_free(all);
}

/* The rows are there, the events are aborted: never read by the one, acted on by the other. */
static void test_aborted_is_no_event(void)
{
    Runs *committed = RUN(DIES), *all = RUN(DIES, UNCOMMITTED);
    check_equal(committed, "log.missing", all, "log.missing");
    check_equal(committed, "effects.skipped", committed, "log.missing");
    g_assert_cmpfloat(smallest(committed, "log.missing"), >, 20);
    g_assert_cmpfloat(greatest(all, "effects.skipped"), <, 20);
    runs_free(committed);
    runs_free(all);
}

/* ---- transactions that are aborted ---- */

/* One event of ten that fails takes the others with it. */
#define ABORTS                                                                                     \
    "application.write=kafka-first", "producer.retries=1", "producer.transaction_records=10",      \
        "producer.transaction_interval=1s",                                                        \
        "events=[{at: 10s, for: 30s, fail: kafka, errors: 20%}]"

/* Users pay again: the first try's event is there, and is not, by who looks. */
static void test_aborted_read(void)
{
#define AGAIN "users.retry={max: 8, backoff: 1s}"
    Runs *committed = RUN(ABORTS, AGAIN), *all = RUN(ABORTS, AGAIN, UNCOMMITTED);
    g_assert_cmpfloat(smallest(committed, "transactions.aborted"), >, 20);
    check_every(committed, "transactions.timed_out", 0);
    check_every(committed, "effects.repeated", 0);
    check_every(committed, "effects.skipped", 0);
    check_every(committed, "log.phantom", 0);
    check_every(committed, "log.duplicated", 0);
    g_assert_cmpfloat(smallest(all, "effects.repeated"), >, 100);
    runs_free(committed);
    runs_free(all);
}

#define FAILOVER                                                                                   \
    "mirror.enabled=yes", "mirror.latency=1s", "failover.mode=automatic", "failover.hold=0s",      \
        "failover.probe={interval: 1s, timeout: 100ms, samples: 2, required: 1}",                  \
        "run.duration=50s",                                                                        \
        "failover.steps=[{step: switch-kafka, duration: 0s},"                                      \
        " {step: resume-consumers, duration: 0s, after: [switch-kafka]}]"

/* A mirror that reads everything makes plain events of them, in the log that survives. */
static void test_mirror_copies_aborted(void)
{
#define THEN                                                                                       \
    ABORTS, FAILOVER,                                                                              \
        "events=[{at: 10s, for: 30s, fail: kafka, errors: 20%}, {at: 60s, fail: application}]"
    Runs *all = RUN(THEN), *committed = RUN(THEN, "mirror.isolation=read_committed");
    Runs *exactly = RUN(THEN, "mirror.exactly_once=yes");
    check_every(all, "failover.decided", 1);
    g_assert_cmpfloat(smallest(all, "mirror.uncommitted"), >, 100);
    check_equal(all, "log.phantom", all, "mirror.uncommitted");
    check_every(committed, "mirror.uncommitted", 0);
    check_every(committed, "log.phantom", 0);
    check_every(committed, "log.lost", 0);
    check_every(committed, "log.missing", 0);
    check_every(exactly, "mirror.uncommitted", 0);
    check_every(exactly, "log.phantom", 0);
    runs_free(all);
    runs_free(committed);
    runs_free(exactly);
}

/* One that reads committed events stalls as other readers do: what lies behind is not mirrored. */
static void test_mirror_stalls(void)
{
#define OPEN                                                                                       \
    FAILOVER, "kafka.replicate=500ms", "producer.transactional_ids=new",                           \
        "events=[{at: 30s, for: 500ms, fail: application}, {at: 51s, fail: application}]"
    Runs *all = RUN(OPEN), *committed = RUN(OPEN, "mirror.isolation=read_committed");
    g_assert_cmpfloat(greatest(all, "log.lost"), <, RATE * 3);
    g_assert_cmpfloat(smallest(committed, "log.lost"), >, RATE * 15);
    runs_free(all);
    runs_free(committed);
}

/* ---- markers ---- */

/* One transaction at a time: a marker is a gap between two events, and a gap is announced. A sync
 * for each event makes the translation exact. Without markers only the very first event is
 * announced here. */
static void test_gaps(void)
{
#define RARE                                                                                       \
    FAILOVER, "users.rate=50/s", "users.arrivals=regular",                                         \
        "events=[{at: 70s, fail: application}]", "mirror.offset_lag_max=1000000000",               \
        "mirror.offset_flush_interval=86400s", "mirror.checkpoints.interval=1s",                   \
        "mirror.sync_group_offsets={enabled: yes, interval: 1s}",                                  \
        "consumers[0].commit_interval=1s", "consumers[0].start=earliest"
    Runs *with = RUN(RARE);
    Runs *without = RUN(RARE, "producer.transactional=no", "producer.retries=10");
    check_every(with, "failover.decided", 1);
    check_every(with, "effects.repeated", 0);
    check_every(with, "effects.skipped", 0);
    const double *again = runs_column(without, "effects.repeated");
    const double *submitted = runs_column(without, "payments.submitted");
    for (uint32_t i = 0; i < runs_count(without); i++)
        g_assert_cmpfloat(again[i], ==, submitted[i] - 12);
    runs_free(with);
    runs_free(without);
}

/* ---- faults of the cluster ---- */

/* Markers that a dead leader had written, and nobody else, are written again; requests that a
 * cluster's crash has lost are made again. Nothing is lost, doubled, or open in the end. */
static void test_cluster_faults(void)
{
    static const char *const events[] = {
        "events=[{at: 30s, fail: broker, broker: 0}]",
        "events=[{at: 30s, for: 5s, fail: kafka}]",
        "events=[{at: 30s, for: 10s, fail: kafka, errors: 30%}]",
        "events=[{at: 20s, fail: replica-fetcher, broker: 1}]",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
        g_test_message("%s", events[i]);
        Runs *runs = RUN(events[i], "kafka.append=20ms", "kafka.replicate=30ms",
                         "producer.transaction_timeout=200s");
        g_assert_cmpfloat(mean(runs, "faults.fired") + mean(runs, "faults.degraded"), >, 0);
        check_equal(runs, "payments.completed", runs, "payments.submitted");
        check_every(runs, "log.missing", 0);
        check_every(runs, "log.duplicated", 0);
        check_every(runs, "effects.repeated", 0);
        check_every(runs, "effects.skipped", 0);
        check_every(runs, "effects.pending", 0);
        check_every(runs, "transactions.timed_out", 0);
        g_assert_cmpfloat(smallest(runs, "transactions.stall"), >, 0.1);
        runs_free(runs);
    }
}

/* A client that is silent for longer than the timeout finds its transaction aborted. */
static void test_fenced(void)
{
    Runs *runs = RUN("application.write=kafka-first", "producer.transaction_timeout=1s",
                     "producer.transaction_records=10000", "producer.transaction_interval=30s");
    check_every(runs, "log.phantom", 0);
    check_every(runs, "effects.repeated", 0);
    g_assert_cmpfloat(smallest(runs, "transactions.timed_out"), >, 0);
    g_assert_cmpfloat(smallest(runs, "payments.rejected"), >, RATE * 30);
    runs_free(runs);
}

/* ---- the reader ---- */

static void check_message(const char *set, const char *message)
{
    const char *const sets[] = {set, NULL};
    DiagList diags;
    bool found = false;
    diag_list_init(&diags);
    scenario_free(scenario_read("t.yaml", bank, strlen(bank), sets, 1, &diags));
    for (guint i = 0; i < diags.items->len; i++) {
        char *text = diag_format(g_ptr_array_index(diags.items, i), false);
        found = found || strstr(text, message);
        g_free(text);
    }
    if (!found)
        g_test_message("%s: not said: %s", set, message);
    g_assert_true(found);
    diag_list_clear(&diags);
}

static void test_contradictions(void)
{
    check_message("kafka.acks='1'", "kafka.acks must be all");
    check_message("producer.retries=0", "there must be retries");
    check_message("producer.idempotent=no", "is idempotent");
    check_message("producer.max_in_flight=6", "at most 5 batches");
    check_message("producer.transaction_timeout=16m", "transaction_timeout");
    check_message("mirror={kind: cluster-linking}", "not modelled with cluster-linking");
    check_message("mirror={exactly_once: yes, isolation: read_uncommitted}",
                  "this has no effect: with exactly_once");
    check_message("producer={transaction_records: 5}", "there are no transactions");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/transactions/cost", test_cost);
    g_test_add_func("/transactions/interval", test_interval);
    g_test_add_func("/transactions/stall", test_stall);
    g_test_add_func("/transactions/who-waits", test_who_waits);
    g_test_add_func("/transactions/aborted-is-no-event", test_aborted_is_no_event);
    g_test_add_func("/transactions/aborted-read", test_aborted_read);
    g_test_add_func("/transactions/mirror-copies-aborted", test_mirror_copies_aborted);
    g_test_add_func("/transactions/mirror-stalls", test_mirror_stalls);
    g_test_add_func("/transactions/gaps", test_gaps);
    g_test_add_func("/transactions/cluster-faults", test_cluster_faults);
    g_test_add_func("/transactions/fenced", test_fenced);
    g_test_add_func("/transactions/contradictions", test_contradictions);
    return g_test_run();
}
