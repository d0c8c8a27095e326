/* Kafka within a region: brokers that fail, what each acks loses with its leader, producers that
 * try again, and how consumers commit. Formulas: rate λ, a third of it on the partitions of each of
 * three brokers. Stochastic checks may be 4.9 standard errors off: one false alarm in a million for
 * each.
 */
#include <glib.h>
#include <math.h>

#include "tests/support/runs.h"

/* Users wait; the row is written first, so that an event which is not in Kafka is missing. */
static const char bank[] =
    "version: 1\nname: brokers\n"
    "network: {users: 0ns, edge: 0ns, reply: 0ns, local: 0ns, wan: 0ns, management: 0ns}\n"
    "users: {rate: 120/s, population: 1200, timeout: 300s, retry: {max: 0}}\n"
    "router: {edges: 1}\n"
    "application: {service_time: 0ns, servers: 100000, queue: 100000, timeout: 250s}\n"
    "kafka: {partitions: 12, append: 2ms, replicate: 3ms}\n"
    "database: {commit_time: 0ns, replication: {mode: none}}\n"
    "mirror: {enabled: no}\n"
    "consumers: [{name: fraud, service: 0ns}]\n"
    "failover: {mode: 'off'}\n"
    "run: {duration: 60s, drain: 300s}\n";

enum { RUNS = 40, SEED = 7 };

static const double RATE = 120, THIRD = 40;

static Runs *run(const char *const *sets)
{
    return runs_of_set(bank, sets, RUNS, SEED);
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

#define BROKER(b)  "events=[{at: 30s, fail: broker, broker: " #b "}]"
#define FETCHER(b) "events=[{at: 20s, fail: replica-fetcher, broker: " #b "}]"
#define RETRIES    "producer.retries=2147483647"

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

/* Mean over the runs of a - b. */
static void check_difference(Runs *runs, const char *a, const char *b, double expected)
{
    double difference[RUNS];
    const double *x = runs_column(runs, a), *y = runs_column(runs, b);
    for (uint32_t i = 0; i < runs_count(runs); i++)
        difference[i] = x[i] - y[i];
    RunsMoments moments = moments_of(difference, runs_count(runs));
    double floor = expected > 0 ? sqrt(expected / runs_count(runs)) : 1e-9;
    check_close(a, moments.mean, expected, MAX(moments.mean_error, floor));
}

/* ---- brokers ---- */

/* Its partitions are without a leader for 7 to 9 s; what is sent there meanwhile, and what was in
 * the broker's hands, is not in Kafka. Row written, no answer: in doubt. */
static void test_leader_dies(void)
{
    Runs *runs = RUN(BROKER(0));
    check_every(runs, "faults.fired", 1);
    check_mean(runs, "log.missing", THIRD * (8 + 0.005));
    check_difference(runs, "log.missing", "payments.in_doubt", 0);
    check_every(runs, "log.lost", 0);
    runs_free(runs);
    runs = RUN(BROKER(0), RETRIES);
    check_every(runs, "log.missing", 0);
    check_every(runs, "log.duplicated", 0);
    g_assert_cmpfloat(smallest(runs, "latency.max"), >, 6.9);
    g_assert_cmpfloat(greatest(runs, "latency.max"), <, 9 + 1.3);
    check_difference(runs, "payments.completed", "payments.submitted", 0);
    runs_free(runs);
}

/* The controller was on it: 2 to 4 s for another, which waits a session of 9 s. */
static void test_controller_dies(void)
{
    Runs *runs = RUN(BROKER(2), "kafka.controllers=combined");
    check_mean(runs, "log.missing", THIRD * (12 + 0.005));
    runs_free(runs);
    runs = RUN("events=[{at: 30s, fail: kafka-controller}]");
    check_every(runs, "faults.fired", 1);
    check_every(runs, "log.missing", 0);
    g_assert_cmpfloat(greatest(runs, "latency.max"), <, 0.1);
    runs_free(runs);
}

/* Acknowledged and not in Kafka: what the leader had answered and nobody else had. */
static void test_acks(void)
{
#define SLOW "kafka.append=50ms", "kafka.replicate=100ms"
    Runs *all = RUN(BROKER(0), SLOW), *one = RUN(BROKER(0), SLOW, "kafka.acks='1'");
    Runs *none = RUN(BROKER(0), SLOW, "kafka.acks='0'");
    check_difference(all, "log.missing", "payments.in_doubt", 0);
    check_difference(one, "log.missing", "payments.in_doubt", THIRD * 0.1);
    check_difference(none, "log.missing", "payments.in_doubt", THIRD * 0.15);
    runs_free(all);
    runs_free(one);
    runs_free(none);
}

/* One of three is left: with acks=all it accepts nothing if two must have it. */
static void test_min_in_sync(void)
{
#define TWO                                                                                        \
    "events=[{at: 20s, fail: broker, broker: 1}, {at: 20s, fail: broker, broker: 2}]",             \
        "application.write=kafka-first"
    Runs *two = RUN(TWO), *one = RUN(TWO, "kafka.min_insync_replicas=1");
    Runs *leader = RUN(TWO, "kafka.acks='1'");
    check_every(two, "faults.fired", 2);
    g_assert_cmpfloat(smallest(two, "payments.rejected"), >, RATE * 29);
    check_every(one, "payments.rejected", 0);
    check_every(leader, "payments.rejected", 0);
    g_assert_cmpfloat(smallest(one, "payments.completed"), >, RATE * 40);
    runs_free(two);
    runs_free(one);
    runs_free(leader);
}

/* The only one in sync dies, and those come back that stopped at 10 s. */
static void test_unclean(void)
{
#define LAST                                                                                       \
    "events=[{at: 10s, for: 35s, fail: broker, broker: 1},"                                        \
    " {at: 10s, for: 35s, fail: broker, broker: 2}, {at: 35s, fail: broker, broker: 0}]",          \
        "kafka.min_insync_replicas=1"
    Runs *clean = RUN(LAST), *unclean = RUN(LAST, "kafka.unclean_leader_election=yes");
    check_every(clean, "faults.fired", 3);
    check_every(clean, "log.lost", 0);
    /* 25 s of its own partitions, and from the others' failover on of theirs */
    check_mean(unclean, "log.lost", THIRD * (25 + 2 * (17 - 0.003)));
    g_assert_cmpfloat(mean(unclean, "payments.completed"), >,
                      mean(clean, "payments.completed") + RATE * 10);
    runs_free(clean);
    runs_free(unclean);
    Runs *mirrored =
        RUN(LAST, "kafka.unclean_leader_election=yes", "mirror.enabled=yes",
            "mirror.latency={exponential: {mean: 300ms}}", "mirror.latency_varies=batch");
    g_assert_cmpfloat(smallest(mirrored, "log.lost"), >, 0);
    runs_free(mirrored);
}

/* A follower that hangs holds up all that it follows for 30 to 45 s. */
static void test_hung_follower(void)
{
    Runs *runs = RUN(FETCHER(1));
    check_every(runs, "faults.fired", 1);
    g_assert_cmpfloat(smallest(runs, "latency.max"), >, 29.9);
    g_assert_cmpfloat(greatest(runs, "latency.max"), <, 45.1);
    check_every(runs, "log.missing", 0);
    check_difference(runs, "payments.completed", "payments.submitted", 0);
    runs_free(runs);
    runs = RUN(FETCHER(1), "kafka.acks='1'");
    g_assert_cmpfloat(greatest(runs, "latency.max"), <, 0.1);
    runs_free(runs);
}

/* A leader that dies loses nothing that its successor has, if that is the healthy follower; the one
 * that hangs is in sync still, and first in line if it is the next replica. */
static void test_hung_successor(void)
{
#define HUNG(b)                                                                                    \
    "events=[{at: 20s, fail: replica-fetcher, broker: " #b "}, {at: 30s, fail: broker, broker: "   \
    "0}]",                                                                                         \
        "kafka.acks='1'", "kafka.replicate=100ms"
    Runs *healthy = RUN(HUNG(2)), *hung = RUN(HUNG(1));
    check_every(healthy, "faults.fired", 2);
    check_difference(healthy, "log.missing", "payments.in_doubt", THIRD * 0.1);
    check_difference(hung, "log.missing", "payments.in_doubt", THIRD * 10.1);
    runs_free(healthy);
    runs_free(hung);
}

/* ---- producers ---- */

/* Answers are held up for longer than the request's timeout: each retry comes again. */
static void test_idempotence(void)
{
    Runs *with = RUN(FETCHER(1), RETRIES, "producer.request_timeout=5s");
    check_every(with, "log.duplicated", 0);
    g_assert_cmpfloat(smallest(with, "log.deduplicated"), >, 0);
    Runs *without =
        RUN(FETCHER(1), RETRIES, "producer.request_timeout=5s", "producer.idempotent=no");
    check_every(without, "log.deduplicated", 0);
    g_assert_cmpfloat(smallest(without, "log.duplicated"), >, 0);
    runs_free(with);
    runs_free(without);
}

/* A failed batch behind which others got through: only with one at a time, or numbers, in order. */
static void test_order(void)
{
#define ERRORS                                                                                     \
    RETRIES, "events=[{at: 10s, for: 30s, fail: kafka, errors: 20%}]", "kafka.append=50ms",        \
        "producer.batch_records=1"
    Runs *free = RUN(ERRORS, "producer.idempotent=no");
    Runs *single = RUN(ERRORS, "producer.idempotent=no", "producer.max_in_flight=1");
    Runs *numbered = RUN(ERRORS);
    g_assert_cmpfloat(smallest(free, "log.reordered"), >, 0);
    check_every(single, "log.reordered", 0);
    check_every(numbered, "log.reordered", 0);
    check_every(numbered, "log.missing", 0);
    runs_free(free);
    runs_free(single);
    runs_free(numbered);
}

/* Batches are given up, and their numbers with them: a new session in which nothing may be taken
 * for known that is not in the log. A payment that is answered has its event. */
static void test_sessions(void)
{
    Runs *runs = RUN("application.write=kafka-first", "kafka.partitions=1", "producer.retries=1",
                     "producer.batch_records=1", "kafka.append=50ms",
                     "events=[{at: 10s, for: 30s, fail: kafka, errors: 40%}]");
    check_every(runs, "faults.degraded", 1);
    g_assert_cmpfloat(smallest(runs, "payments.completed"), >, RATE * 30);
    g_assert_cmpfloat(smallest(runs, "payments.interrupted"), >, RATE);
    check_every(runs, "log.missing", 0);
    runs_free(runs);
}

/* The cluster dies for good. A connection that breaks: what was in flight may be in the log
 * (Little: λ times the time in the cluster), later records are not. Silence: nobody knows of any.
 */
static void test_timeouts(void)
{
#define GONE                                                                                       \
    RETRIES, "events=[{at: 50s, fail: kafka}]", "application.write=kafka-first",                   \
        "kafka.append=20ms", "kafka.replicate=30ms"
    Runs *reset = RUN(GONE), *silent = RUN(GONE, "producer.outages=silent");
    check_mean(reset, "payments.interrupted", RATE * 0.05);
    check_mean(reset, "payments.rejected", RATE * 10);
    check_every(silent, "payments.rejected", 0);
    check_mean(silent, "payments.interrupted", RATE * 10.05);
    Runs *full = RUN(GONE, "producer.buffer_records=50", "producer.max_block=1s", "run.drain=5s");
    g_assert_cmpfloat(smallest(full, "payments.rejected"), >, RATE * 8);
    runs_free(reset);
    runs_free(silent);
    runs_free(full);
}

/* The first of a batch waits for all of the linger, those who join it for the rest of it. */
static void test_linger(void)
{
    Runs *without = RUN(RETRIES), *with = RUN(RETRIES, "producer.linger=50ms");
    double joined = RATE / 12 * 0.05, waits = 0.05 * (1 + joined / 2) / (1 + joined);
    check_close("linger", mean(with, "latency.mean") - mean(without, "latency.mean"), waits,
                runs_moments(with, "latency.mean").mean_error);
    runs_free(without);
    runs_free(with);
    Runs *full = RUN("producer.linger=50ms", "producer.batch_records=1");
    g_assert_cmpfloat(greatest(full, "latency.max"), <, 0.006);
    runs_free(full);
}

/* ---- consumers ---- */

#define CRASH           "events=[{at: 30s, for: 1s, fail: consumers}]"
#define GROUP(settings) "consumers=[{name: fraud, service: 20ms, instances: 12, " settings "}]"

static void test_commits(void)
{
    Runs *interval = RUN(CRASH, GROUP("commit: interval")),
         *batch = RUN(CRASH, GROUP("commit: batch"));
    Runs *atomic = RUN(CRASH, GROUP("commit: transaction"));
    check_every(interval, "faults.fired", 1);
    check_mean(interval, "effects.repeated", RATE * 2.5);
    g_assert_cmpfloat(mean(batch, "effects.repeated"), <, RATE * 0.1);
    check_every(atomic, "effects.repeated", 0);
    check_every(atomic, "effects.skipped", 0);
    check_every(atomic, "effects.pending", 0);
    runs_free(interval);
    runs_free(batch);
    runs_free(atomic);
}

/* Members that died hold their partitions until the session is over. */
static void test_session(void)
{
#define SHORT "run.duration=40s", "run.drain=0s"
    Runs *at_once = RUN(CRASH, SHORT, GROUP("session_timeout: 0s"));
    Runs *later = RUN(CRASH, SHORT, GROUP("session_timeout: 45s"));
    g_assert_cmpfloat(greatest(at_once, "effects.pending"), <, RATE);
    g_assert_cmpfloat(smallest(later, "effects.pending"), >, RATE * 9);
    runs_free(at_once);
    runs_free(later);
    Runs *in_time = RUN(CRASH, GROUP("session_timeout: 45s"));
    check_every(in_time, "effects.pending", 0);
    runs_free(in_time);
}

/* A batch that takes too long is done, not committed, and read again, for ever. */
static void test_max_poll_interval(void)
{
    Runs *runs =
        RUN("consumers=[{name: fraud, service: 20ms, max_poll_interval: 19ms}]", "users.rate=20/s");
    g_assert_cmpfloat(smallest(runs, "effects.repeated"), >, 1000);
    runs_free(runs);
}

/* Nothing fails; the pause goes with the rebalance. */
static void test_pause_lost(void)
{
#define PAUSED                                                                                     \
    "mirror.enabled=yes", "mirror.latency=1s", "readiness.strategy=paused",                        \
        "readiness.rebalance_at=30s"
    Runs *listens = RUN(PAUSED), *forgets = RUN(PAUSED, "readiness.re_pauses=no");
    check_every(listens, "effects.repeated", 0);
    check_difference(forgets, "effects.repeated", "payments.completed", 0);
    runs_free(listens);
    runs_free(forgets);
}

#define FAILOVER                                                                                   \
    "mirror.enabled=yes", "mirror.latency=1s", "failover.mode=automatic", "failover.hold=0s",      \
        "failover.probe={interval: 1s, timeout: 100ms, samples: 2, required: 1}",                  \
        "events=[{at: 61s, fail: application}]"

/* No offset, and auto.offset.reset none: they wait for somebody, who has everything read again. */
static void test_start_none(void)
{
    Runs *runs = RUN(FAILOVER,
                     "failover.steps=[{step: switch-kafka, duration: 0s},"
                     " {step: resume-consumers, duration: 0s, after: [switch-kafka]}]",
                     GROUP("start: none, operator: 100s"));
    g_assert_cmpfloat(smallest(runs, "rto.consumers"), >, 100);
    g_assert_cmpfloat(greatest(runs, "rto.consumers"), <, 200);
    check_difference(runs, "effects.repeated", "payments.completed", 0);
    runs_free(runs);
}

/* Stopped and demoted, the region has committed what it has done, and takes no more. */
static void test_stop(void)
{
    Runs *runs = RUN(FAILOVER,
                     "failover.steps=[{step: stop-consumers, duration: 1s},"
                     " {step: demote-kafka, duration: 1s, after: [stop-consumers]},"
                     " {step: switch-kafka, duration: 0s, after: [demote-kafka]},"
                     " {step: resume-consumers, duration: 0s, after: [switch-kafka]}]",
                     GROUP("start: latest"));
    g_assert_cmpfloat(greatest(runs, "rto.resume"), <, 1);
    check_every(runs, "effects.repeated", 0);
    check_every(runs, "effects.skipped", 0);
    runs_free(runs);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/kafka/leader-dies", test_leader_dies);
    g_test_add_func("/kafka/controller-dies", test_controller_dies);
    g_test_add_func("/kafka/acks", test_acks);
    g_test_add_func("/kafka/min-in-sync", test_min_in_sync);
    g_test_add_func("/kafka/unclean", test_unclean);
    g_test_add_func("/kafka/hung-follower", test_hung_follower);
    g_test_add_func("/kafka/hung-successor", test_hung_successor);
    g_test_add_func("/producer/idempotence", test_idempotence);
    g_test_add_func("/producer/sessions", test_sessions);
    g_test_add_func("/producer/order", test_order);
    g_test_add_func("/producer/timeouts", test_timeouts);
    g_test_add_func("/producer/linger", test_linger);
    g_test_add_func("/consumers/commits", test_commits);
    g_test_add_func("/consumers/session", test_session);
    g_test_add_func("/consumers/max-poll-interval", test_max_poll_interval);
    g_test_add_func("/consumers/pause-lost", test_pause_lost);
    g_test_add_func("/consumers/start-none", test_start_none);
    g_test_add_func("/consumers/stop", test_stop);
    return g_test_run();
}
