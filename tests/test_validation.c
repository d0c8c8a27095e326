/* Closed forms, through the real reader and the whole platform.
 *
 * Every latency that a law does not speak of is zero, so that the law holds exactly; where the
 * platform adds something that cannot be zero (a probe's phase, a query that must be made), the
 * exact correction is derived above the test. Seeds are fixed. A stochastic check may be 4.9
 * standard errors off, a distribution's test has a limit of the same false alarm: 1e-6 each.
 */
#include <glib.h>
#include <gsl/gsl_randist.h>
#include <math.h>

#include "tests/support/runs.h"

#define HEAD                                                                                       \
    "version: 1\n"                                                                                 \
    "name: closed form\n"                                                                          \
    "network: {users: 0ns, edge: 0ns, reply: 0ns, local: 0ns, wan: 0ns, management: 0ns}\n"

/* No traffic moves by itself, and the router's probes are out of the way. */
#define STILL "router: {failover: runbook, edges: 1, probe: {interval: 1d}}\n"

#define NO_RETRIES     "retry: {max: 0}"
#define ONE_ATTEMPT    "users: {population: 1, timeout: 1s, " NO_RETRIES ", rate: "
#define WRITES_ONLY    "application: {service_time: 0ns, publish: no}\n"
#define NO_KAFKA       "mirror: {enabled: no}\nconsumers: []\n"
#define AT_ONCE        "failover: {mode: automatic, hold: 0s, probe: "
#define PROBE_A_SECOND "{interval: 1s, timeout: 1us, samples: 1}"
#define PROMOTE        "{step: promote-database, duration: 0ns}"

static double geometric(int64_t k, const void *ratio)
{
    double r = *(const double *)ratio;
    return (1 - r) * pow(r, (double)k);
}

static double poisson(int64_t k, const void *mean)
{
    return gsl_ran_poisson_pdf((unsigned)k, *(const double *)mean);
}

typedef struct Interval {
    double low, high;
} Interval;

static double uniform(double x, const void *interval)
{
    const Interval *i = interval;
    return fmin(fmax((x - i->low) / (i->high - i->low), 0), 1);
}

static void check_within(Runs *runs, const char *metric, double low, double high)
{
    RunsMoments moments = runs_moments(runs, metric);
    g_test_message("%s: %.6g to %.6g, bounds %.6g to %.6g", metric, moments.min, moments.max, low,
                   high);
    g_assert_cmpfloat(moments.min, >=, low);
    g_assert_cmpfloat(moments.max, <=, high);
}

/* Two metrics, the same in every run. */
static void check_same(Runs *runs, const char *one, const char *other)
{
    const double *a = runs_column(runs, one), *b = runs_column(runs, other);
    uint32_t differ = 0;
    for (uint32_t i = 0; i < runs_count(runs); i++)
        differ += a[i] != b[i];
    g_test_message("%s differs from %s in %u runs", one, other, differ);
    g_assert_cmpuint(differ, ==, 0);
}

/* ---- what asynchronous replication loses ---- */

/* Payments are acknowledged at their commit; the region dies when the submission ends. */
#define DATABASE_LOSS(rate, duration, replication)                                                 \
    HEAD STILL ONE_ATTEMPT rate "}\n" WRITES_ONLY NO_KAFKA                                         \
                                "database: {commit_time: 0ns, replication: {" replication          \
                                "}}\n" AT_ONCE PROBE_A_SECOND ", steps: [" PROMOTE "]}\n"          \
                                "events: [{at: " duration ", fail: region}]\n"                     \
                                "run: {duration: " duration ", drain: 5s}\n"

static void check_loss_complete(Runs *runs)
{
    check_same(runs, "payments.lost", "database.unreplicated");
    check_every(runs, "payments.interrupted", 0);
    check_every(runs, "faults.fired", 4); /* application, database, Kafka, consumers */
}

static void test_fixed_lag(void)
{
    Runs *runs = runs_of(DATABASE_LOSS("200/s", "5s", "lag: 1.5s"), 4000, 1);
    const double mean = 300;
    check_poisson(runs, "payments.lost", mean);
    check_law(runs, "payments.lost", poisson, &mean);
    check_within(runs, "rpo.seconds", 0, 1.5);
    check_loss_complete(runs);
    runs_free(runs);
}

/* M/G/infinity: Poisson at any time; of mean 300 (1 - exp(-T/1.5 s)) at T after an empty start. */
static void test_independent_lags(void)
{
    Runs *runs = runs_of(
        DATABASE_LOSS("200/s", "15s", "lag: {exponential: 1.5s}, lag_varies: record, order: none"),
        1500, 2);
    const double mean = 300 * (1 - exp(-10));
    check_poisson(runs, "payments.lost", mean);
    check_law(runs, "payments.lost", poisson, &mean);
    check_loss_complete(runs);
    runs_free(runs);
}

/* A lag longer than the run counts as the run: once in exp(20) runs. */
static void test_common_exponential_lag(void)
{
    Runs *runs = runs_of(DATABASE_LOSS("2/s", "30s", "lag: {exponential: 1.5s}"), 20000, 3);
    const double ratio = 3.0 / 4;
    check_mean(runs, "payments.lost", 3);
    check_variance(runs, "payments.lost", 3 + 9);
    check_law(runs, "payments.lost", geometric, &ratio);
    check_loss_complete(runs);
    runs_free(runs);
}

/* Lag uniform on 1 s to 3 s: mean 2 s, variance 1/3 s^2. */
static void test_common_uniform_lag(void)
{
    Runs *runs =
        runs_of(DATABASE_LOSS("50/s", "5s", "lag: {uniform: {low: 1s, high: 3s}}"), 4000, 4);
    check_mean(runs, "payments.lost", 100);
    check_variance(runs, "payments.lost", 100 + 2500.0 / 3);
    check_loss_complete(runs);
    runs_free(runs);
}

/* ---- the log shipper, a queue of one server ---- */

/* M/M/1 at load 0.8 forgets its empty start with a time constant below 0.9 s. */
static void test_shipper_backlog(void)
{
    Runs *runs =
        runs_of(DATABASE_LOSS("80/s", "20s", "lag: 0ns, ship_time: {exponential: 10ms}"), 4000, 5);
    const double ratio = 0.8;
    check_mean(runs, "database.unreplicated", 4);
    check_variance(runs, "database.unreplicated", 20);
    check_law(runs, "database.unreplicated", geometric, &ratio);
    check_loss_complete(runs);
    runs_free(runs);
}

static void test_shipper_constant(void)
{
    Runs *runs = runs_of(DATABASE_LOSS("80/s", "20s", "lag: 0ns, ship_time: 10ms"), 4000, 6);
    check_mean(runs, "database.unreplicated", 2.4);
    check_loss_complete(runs);
    runs_free(runs);
}

#define NO_OUTAGE(rate, duration, replication)                                                     \
    HEAD STILL ONE_ATTEMPT rate "}\n" WRITES_ONLY NO_KAFKA                                         \
                                "database: {commit_time: 0ns, replication: {" replication "}}\n"   \
                                "failover: {mode: off, probe: {interval: 1d}}\n"                   \
                                "run: {duration: " duration ", drain: 60s}\n"

/* Sum over a run's arrivals of a mean over them. */
static double *sums_of(Runs *runs, const char *metric)
{
    const double *mean = runs_column(runs, metric), *n = runs_column(runs, "payments.submitted");
    double *sums = g_new(double, runs_count(runs));
    for (uint32_t i = 0; i < runs_count(runs); i++)
        sums[i] = mean[i] * n[i];
    return sums;
}

static void check_sums(Runs *runs, const char *metric, double expected)
{
    double *sums = sums_of(runs, metric);
    RunsMoments moments = moments_of(sums, runs_count(runs));
    check_close(metric, moments.mean, expected, moments.mean_error);
    g_free(sums);
}

/* The lags of a run sum to the integral of the backlog N (Little). N starts at 0, which costs
 * E[N(N+1)] / 2(mu - lambda) = rho / (1-rho)^2 / (mu - lambda) = 1 against the stationary 4 T (h(n)
 * = n(n+1) / 2(mu - lambda) solves Poisson's equation), and what is left at T still adds
 * E[N(N+1)] / 2 mu = 0.2. */
static void test_shipper_lag(void)
{
    Runs *runs =
        runs_of(NO_OUTAGE("80/s", "100s", "lag: 0ns, ship_time: {exponential: 10ms}"), 300, 7);
    check_sums(runs, "database.lag", 80 * 100 * 0.050 - 1 + 0.2);
    runs_free(runs);
}

/* Link down for 60 s. The backlog at its return is 4,800 more than the 4 before it, both in the
 * mean. From there on it falls by 20/s, but first its highest point lies above by the maximum of a
 * walk that rises at 80/s and falls at 100/s: geometric, mean 4. It is empty after a busy period
 * begun by 4,804 records: 4,804 / 20 s. The fluid limit (4,800; 240 s) is within 5 %. */
static void test_catch_up(void)
{
    Runs *runs =
        runs_of(HEAD STILL ONE_ATTEMPT "80/s}\n" WRITES_ONLY NO_KAFKA "database: {commit_time: 0ns,"
                                       " replication: {lag: 0ns, ship_time: {exponential: 10ms}}}\n"
                                       "failover: {mode: off, probe: {interval: 1d}}\n"
                                       "events: [{at: 20s, fail: link, target: out, for: 60s}]\n"
                                       "run: {duration: 410s}\n",
                60, 8);
    check_every(runs, "faults.fired", 1);
    check_mean(runs, "database.backlog", 4800 + 4 + 4);
    check_mean(runs, "database.catchup", 4804 / 20.0);
    RunsMoments backlog = runs_moments(runs, "database.backlog");
    RunsMoments catchup = runs_moments(runs, "database.catchup");
    g_assert_cmpfloat(fabs(backlog.mean / 4800 - 1), <, 0.05);
    g_assert_cmpfloat(fabs(catchup.mean / 240 - 1), <, 0.05);
    runs_free(runs);
}

/* ---- probes ---- */

/* The monitor alone: nobody pays. */
#define PROBES(probe, more)                                                                        \
    HEAD STILL "users: {rate: 0/s}\n" NO_KAFKA "failover: {mode: off, probe: {" probe "}}\n" more

#define DIES_AT_100 "events: [{at: 100s, fail: application}]\nrun: {duration: 2000s}\n"

static void test_detection(void)
{
    Runs *runs = runs_of(PROBES("interval: 10s, timeout: 2s, samples: 3", DIES_AT_100), 5000, 9);
    const Interval law = {22, 32};
    check_every(runs, "faults.fired", 1);
    check_mean(runs, "rto.detect", 27);
    check_variance(runs, "rto.detect", 100 / 12.0);
    check_within(runs, "rto.detect", law.low, law.high);
    check_continuous(runs, "rto.detect", uniform, &law);
    runs_free(runs);
}

/* Chances over the last five probes, one bit each (1: failed), until three of them failed. */
static double probes_until_majority(double fails)
{
    double chance[32] = {1}, mean = 0, alive = 1;
    for (int probe = 0; alive > 1e-15; probe++) {
        double next[32] = {0};
        mean += alive;
        alive = 0;
        for (unsigned h = 0; h < 32; h++) {
            for (unsigned bit = 0; bit < 2; bit++) {
                unsigned to = (h << 1 | bit) & 31;
                double p = chance[h] * (bit ? fails : 1 - fails);
                if (__builtin_popcount(to) >= 3)
                    continue;
                next[to] += p;
                alive += p;
            }
        }
        for (unsigned h = 0; h < 32; h++)
            chance[h] = next[h];
    }
    return mean;
}

/* Mean number of probes, each failing with probability p, until k in a row have failed; at most
 * `most` of them. For most without bound (1-p^k) / (p^k (1-p)). */
static double probes_until_row(double p, unsigned k, double most)
{
    double chance[8] = {1}, mean = 0;
    g_assert_cmpuint(k, <, G_N_ELEMENTS(chance));
    for (double probe = 0; probe < most; probe++) {
        double alive = 0, failed[8] = {0};
        for (unsigned run = 0; run < k; run++) {
            alive += chance[run];
            failed[run + 1] = chance[run] * p;
        }
        mean += alive;
        chance[0] = alive * (1 - p);
        for (unsigned run = 1; run < k; run++)
            chance[run] = failed[run];
    }
    return mean;
}

/* From the outage: half an interval to the first probe, and the last one's timeout. */
static double detection(double probes)
{
    return 5 + (probes - 1) * 10 + 2;
}

static void test_missed_failures(void)
{
    Runs *runs =
        runs_of(PROBES("interval: 10s, timeout: 2s, samples: 3, miss: 20%", DIES_AT_100), 8000, 10);
    double probes = probes_until_row(0.8, 3, 10000);
    g_assert_cmpfloat(fabs(probes - (1 - .512) / (.512 * .2)), <, 1e-9);
    g_assert_cmpfloat(fabs(detection(probes) - 44.6562), <, 1e-4);
    check_mean(runs, "rto.detect", detection(probes));
    runs_free(runs);
}

static void test_majority(void)
{
    Runs *runs = runs_of(
        PROBES("interval: 10s, timeout: 2s, samples: 5, required: 3, miss: 20%", DIES_AT_100), 8000,
        11);
    double probes = probes_until_majority(0.8);
    g_assert_cmpfloat(fabs(probes - 3.79674), <, 1e-5);
    check_mean(runs, "rto.detect", detection(probes));
    runs_free(runs);
}

/* The number of probes to the first alarm, or all if there was none. Probe j is decided at phase
 * + (j-1) 1 s + 500 ms, the phase between 0 and 1 s: in half a second more than `sent` seconds,
 * `sent` of them are. */
static double *probes_to_alarm(Runs *runs, double sent)
{
    const double *alarm = runs_column(runs, "failover.alarm");
    double *probes = g_new(double, runs_count(runs));
    for (uint32_t i = 0; i < runs_count(runs); i++)
        probes[i] = isnan(alarm[i]) ? sent : floor(alarm[i] - 0.5) + 1;
    return probes;
}

static void check_false_alarms(const char *share, double p, double mean, double sent,
                               uint32_t count, uint64_t seed)
{
    char *miss = g_strdup_printf("failover.probe.false_alarm=%s", share);
    char *duration = g_strdup_printf("run.duration=%.1fs", sent + 0.5);
    const char *const sets[] = {miss, duration, NULL};
    Runs *runs =
        runs_of_set(PROBES("interval: 1s, timeout: 500ms, samples: 3", ""), sets, count, seed);
    double *probes = probes_to_alarm(runs, sent);
    RunsMoments moments = moments_of(probes, runs_count(runs));
    g_assert_cmpfloat(fabs(probes_until_row(p, 3, 100 * mean) / mean - 1), <, 1e-9);
    check_close("probes to a false alarm", moments.mean, probes_until_row(p, 3, sent),
                moments.mean_error);
    g_free(probes);
    g_free(miss);
    g_free(duration);
    runs_free(runs);
}

/* f = 5 %: the mean is 8,420 probes. Runs end after 20,000, one in eleven without an alarm: what is
 * compared is the mean of min(probes, 20,000), from the same chain that gives 8,420 without end. */
static void test_false_alarms(void)
{
    g_assert_cmpfloat(fabs((1 - pow(.05, 3)) / (pow(.05, 3) * .95) - 8420), <, 1e-6);
    check_false_alarms("5%", .05, 8420, 20000, 400, 12);
}

/* f = 20 %: the mean is 155 probes; no run without an alarm in exp(19). */
static void test_frequent_false_alarms(void)
{
    check_false_alarms("20%", .2, 155, 3000, 2000, 13);
}

/* ---- the recovery, step by step, and DNS ---- */

/* Three heartbeats of 5 s are missed (10 to 15 s), 2 s to decide, 20 s to promote; then each user
 * comes back with the first payment after the DNS answer has run out. */
#define COMPOSITION(users, at, duration)                                                           \
    HEAD "router: {kind: traffic-manager, failover: runbook, edges: 1, ttl: 60s,"                  \
         " probe: {interval: 1d}}\n"                                                               \
         "users: {" users ", timeout: 1us, " NO_RETRIES "}\n"                                      \
         "application: {service_time: 0ns, publish: no, shared_sessions: yes}\n" NO_KAFKA          \
         "database: {commit_time: 0ns, replication: {lag: 0ns}}\n"                                 \
         "failover: {mode: automatic, hold: 2s,"                                                   \
         " probe: {interval: 5s, timeout: 1us, samples: 3}, steps: ["                              \
         "{step: promote-database, duration: 20s},"                                                \
         " {step: reroute, duration: 0ns, after: [promote-database]}]}\n"                          \
         "events: [{at: " at ", fail: region}]\n"                                                  \
         "run: {duration: " duration "}\n"

/* One user pays every half second, so the answer is renewed every 60 s to the nanosecond, and the
 * outage's moment is uniform over one such cycle: what is left of the answer at the reroute is
 * uniform on 0 to 60 s, whatever the detection took. The interruption is counted from the first
 * payment that failed, up to 0.5 s after the outage: 64.5 - 0.25 s, variance 25/12 + 60^2/12 +
 * 0.5^2/12 (standard deviation 17.38 s). */
static void test_recovery(void)
{
    Runs *runs = runs_of(COMPOSITION("population: 1, rate: 2/s, arrivals: regular",
                                     "{uniform: {low: 60s, high: 120s}}", "220s"),
                         6000, 14);
    check_mean(runs, "interruption.mean", 64.5 - 0.25);
    check_variance(runs, "interruption.mean", 25 / 12.0 + 300 + 0.25 / 12);
    check_within(runs, "interruption.mean", 31.5, 97.001);
    check_mean(runs, "rto.detect", 12.5);
    check_every(runs, "rto.promote", 20);
    check_every(runs, "interruption.users", 1);
    check_every(runs, "interruption.open", 0);
    runs_free(runs);
}

/* The same with 10 s to wait for each answer: twenty payments are open at any time, and those sent
 * to the dead region before the first success fail after it. It is one interruption still. */
static void test_recovery_overlapping(void)
{
    static const char *const sets[] = {"users.timeout=10s", NULL};
    Runs *runs = runs_of_set(COMPOSITION("population: 1, rate: 2/s, arrivals: regular",
                                         "{uniform: {low: 60s, high: 120s}}", "220s"),
                             sets, 1000, 14);
    check_mean(runs, "interruption.mean", 64.5 - 0.25);
    check_every(runs, "interruption.users", 1);
    check_every(runs, "interruption.open", 0);
    runs_free(runs);
}

/* Twenty users pay at q = 1/s each. An answer is renewed 1/q = 1 s after it ran out in the mean,
 * so at the reroute it is valid with probability p = 60/61; the outage is uniform over a mean
 * cycle. From the reroute to success p 30 + 1 s; from the outage to the first failure 1 s: the mean
 * is 12.5 + 2 + 20 + 30 p. Variance 25/12 + (1200 p - (30 p)^2 + 1) + 1, less twice a covariance
 * below 0.05. Deviations are taken from the known mean, so their mean over users (within a run) and
 * then over runs (between them) is the variance of one user's outage. */
static void test_recovery_of_many(void)
{
    Runs *runs = runs_of(
        COMPOSITION("population: 20, rate: 20/s", "{uniform: {low: 122s, high: 183s}}", "303s"),
        600, 15);
    const double p = 60.0 / 61, mean = 34.5 + 30 * p;
    check_mean(runs, "interruption.mean", mean);
    check_every(runs, "interruption.users", 20);
    check_every(runs, "interruption.open", 0);
    const double *means = runs_column(runs, "interruption.mean");
    const double *sds = runs_column(runs, "interruption.sd");
    double *total = g_new(double, runs_count(runs));
    for (uint32_t i = 0; i < runs_count(runs); i++)
        total[i] = (means[i] - mean) * (means[i] - mean) + sds[i] * sds[i] * 19 / 20;
    RunsMoments moments = moments_of(total, runs_count(runs));
    check_close("variance of an interruption", moments.mean, 25 / 12.0 + 1200 * p - 900 * p * p + 2,
                moments.mean_error);
    g_free(total);
    runs_free(runs);
}

/* 2,000 users at q = 0.01/s each, none with an answer at the start: the rate at which they ask DNS,
 * t seconds later, is 2000 (q exp(-qt) + q^2 (t-60) exp(-q(t-60))) between 60 s and 120 s. The
 * first to ask after the reroute, 64.5 s after the start in the mean, is the first that is served.
 */
static void test_first_recovery(void)
{
    Runs *runs = runs_of(COMPOSITION("population: 2000, rate: 20/s", "30s", "75s"), 1500, 16);
    const double q = 0.01, t = 64.5;
    const double rate = 2000 * (q * exp(-q * t) + q * q * (t - 60) * exp(-q * (t - 60)));
    check_mean(runs, "rto.first", 34.5 + 1 / rate);
    runs_free(runs);
}

/* TTL 60 s, a user asks at q = 1/20 s: 25 s after the reroute, a payment goes to the dead region
 * with probability 60/80 * (60-25)/60 = 0.4375. Counted are payments from 20 to 30 s after it: the
 * share is linear in time, so its mean is the one at 25 s. (The reroute is half a probe interval,
 * 50 ms, after the outage at 1200 s.) */
static void test_stale_dns(void)
{
    Runs *runs = runs_of(
        HEAD "router: {kind: traffic-manager, failover: runbook, edges: 1, ttl: 60s,"
             " probe: {interval: 1d}}\n"
             "users: {population: 200, rate: 10/s, timeout: 1us, " NO_RETRIES "}\n"
             "application: {service_time: 0ns, publish: no, shared_sessions: yes}\n" NO_KAFKA
             "database: {commit_time: 0ns, replication: {lag: 0ns}}\n" AT_ONCE
             "{interval: 100ms, timeout: 1us, samples: 1}, steps: [" PROMOTE
             ", {step: reroute, duration: 0ns, after: [promote-database]}]}\n"
             "events: [{at: 1200s, fail: region}]\n"
             "run: {warmup: 1220.05s, duration: 1230.05s, drain: 1s}\n",
        200, 17);
    check_mean(runs, "payments.submitted", 100);
    check_mean(runs, "payments.interrupted", 100 * 0.4375);
    check_mean(runs, "payments.completed", 100 * 0.5625);
    runs_free(runs);
}

/* ---- the application as a queue ---- */

typedef struct Queue {
    const char *name, *rate, *servers, *service;
    double arrivals; /* per second; services last 10 ms in the mean */
    double wait;     /* in services */
    uint32_t runs;
} Queue;

static double erlang_c(double load, unsigned servers)
{
    double term = 1, sum = 0;
    for (unsigned k = 0; k < servers; k++) {
        sum += term;
        term *= load / (k + 1);
    }
    double waits = term * servers / (servers - load);
    return waits / (sum + waits);
}

#define QUEUE_WARMUP  10
#define QUEUE_SECONDS 50
#define QUEUE                                                                                      \
    HEAD STILL ONE_ATTEMPT "1/s}\n" WRITES_ONLY NO_KAFKA                                           \
                           "database: {commit_time: 0ns, replication: {mode: none}}\n"             \
                           "failover: {mode: off, probe: {interval: 1d}}\n"                        \
                           "run: {warmup: 10s, duration: 60s, drain: 60s}\n"

/* Waits of a run sum to arrivals times Wq in the mean: the run begins long before it counts. */
static void check_queue(const Queue *queue, uint64_t seed)
{
    char *rate = g_strdup_printf("users.rate=%s", queue->rate);
    char *servers = g_strdup_printf("application.servers=%s", queue->servers);
    char *service = g_strdup_printf("application.service_time=%s", queue->service);
    const char *const sets[] = {rate, servers, service, "users.timeout=60s", NULL};
    Runs *runs = runs_of_set(QUEUE, sets, queue->runs, seed);
    g_test_message("%s", queue->name);
    check_sums(runs, "application.wait", queue->arrivals * QUEUE_SECONDS * queue->wait / 100);
    check_every(runs, "payments.pending", 0);
    check_same(runs, "payments.submitted", "payments.completed");
    runs_free(runs);
    g_free(rate);
    g_free(servers);
    g_free(service);
}

/* M/G/1: lambda E[S^2] / 2 (1-rho). The lognormal: sigma 0.8, median exp(-0.32) of the mean, p99
 * exp(0.8 * 2.32635) of the median. */
static void test_queues(void)
{
    static const char exponential[] = "{exponential: 10ms}";
    g_assert_cmpfloat(fabs(erlang_c(2.4, 3) - .647191), <, 1e-6);
    const Queue queues[] = {
        {"M/M/1", "80/s", "1", exponential, 80, erlang_c(.8, 1) / (1 - .8), 100},
        {"M/M/3", "240/s", "3", exponential, 240, erlang_c(2.4, 3) / (3 - 2.4), 60},
        {"M/D/1", "70/s", "1", "10ms", 70, .7 / 2 / .3, 100},
        {"M/G/1", "60/s", "1", "{lognormal: {median: 7.261490ms, p99: 46.696228ms}}", 60,
         .6 * exp(.64) / 2 / .4, 100},
    };
    g_assert_cmpfloat(fabs(queues[1].wait - 1.07865), <, 1e-5);
    g_assert_cmpfloat(fabs(queues[3].wait - 1.42236), <, 1e-5);
    for (size_t i = 0; i < G_N_ELEMENTS(queues); i++)
        check_queue(&queues[i], 18 + i);
}

/* M/M/3/8, load 4: a share of 0.27954 finds all eight places taken. */
static void test_blocking(void)
{
    static const char *const sets[] = {"users.rate=400/s", "application.servers=3",
                                       "application.service_time={exponential: 10ms}",
                                       "application.queue=5", NULL};
    Runs *runs = runs_of_set(QUEUE, sets, 40, 22);
    check_mean(runs, "payments.rejected", 400 * QUEUE_SECONDS * .27954);
    runs_free(runs);
}

/* ---- Kafka and its mirror ---- */

#define MIRRORED(rate, kafka, mirror, consumers, failover)                                         \
    HEAD STILL "users: {population: 1000, timeout: 1s, " NO_RETRIES ", rate: " rate "}\n"          \
               "application: {service_time: 0ns}\n"                                                \
               "kafka: {" kafka ", append: 0ns, replicate: 0ns}\n"                                 \
               "database: {commit_time: 0ns, replication: {mode: none}}\n"                         \
               "mirror: {" mirror "}\nconsumers: [" consumers "]\n" failover

#define SWITCH(after)                                                                              \
    AT_ONCE PROBE_A_SECOND ", steps: [{step: switch-kafka, duration: " after "}]}\n"

#define MIRROR_LOSS(where)                                                                         \
    MIRRORED("200/s", "partitions: 12",                                                            \
             "tasks: 3, latency: 1.5s, poll_interval: 0ns, runs_in: " where, "", SWITCH("3s"))     \
    "events: [{at: 5s, fail: region}]\nrun: {duration: 5s, drain: 10s}\n"

/* In the active region the records on their way die with it, in the passive one they arrive. */
static void test_mirror_loss(void)
{
    const double mean = 300;
    Runs *active = runs_of(MIRROR_LOSS("active"), 1500, 23);
    Runs *passive = runs_of(MIRROR_LOSS("passive"), 1500, 23);
    check_poisson(active, "log.lost", mean);
    check_law(active, "log.lost", poisson, &mean);
    check_same(active, "log.lost", "mirror.unreplicated");
    check_every(active, "faults.fired", 5); /* the mirror, too */
    check_poisson(passive, "mirror.unreplicated", mean);
    check_every(passive, "log.lost", 0);
    check_every(passive, "faults.fired", 4);
    runs_free(active);
    runs_free(passive);
}

/* A mirror in the passive region loses what it has not polled yet. It rests for p = 100 ms after a
 * poll that brought records, and is woken by the first record after that: it rests for a share
 * p / (p + exp(-lambda p) / lambda) of the time, and then lambda p / 2 records wait in the mean. */
static void test_unpolled(void)
{
    Runs *runs = runs_of(MIRRORED("20/s", "partitions: 1",
                                  "latency: 1s, poll_interval: 100ms, runs_in: passive", "",
                                  SWITCH("3s")) "events: [{at: 20s, fail: region}]\n"
                                                "run: {duration: 20s, drain: 10s}\n",
                         6000, 24);
    const double rest = 0.1 / (0.1 + exp(-2) / 20);
    check_mean(runs, "log.lost", rest * 20 * 0.1 / 2);
    runs_free(runs);
}

/* A mirror that crashes copies again what it copied since its last flush, F = 60 s apart at a
 * uniform phase: Poisson of a uniform mean. */
static void test_mirror_restart(void)
{
    Runs *runs = runs_of(MIRRORED("10/s", "partitions: 4", "latency: 0ns, poll_interval: 0ns", "",
                                  SWITCH("1s")) "events: [{at: 70s, fail: mirror, for: 1s},"
                                                " {at: 80s, fail: region}]\n"
                                                "run: {duration: 80s, drain: 10s}\n",
                         4000, 25);
    check_mean(runs, "log.duplicated", 300);
    check_variance(runs, "log.duplicated", 300 + 600 * 600 / 12.0);
    check_every(runs, "log.lost", 0);
    check_every(runs, "faults.fired", 5);
    runs_free(runs);
}

/* ---- what consumers do again after a failover ---- */

#define TAKE_OVER                                                                                  \
    AT_ONCE "{interval: 20ms, timeout: 1us, samples: 1}, steps: ["                                 \
            "{step: switch-kafka, duration: 0ns},"                                                 \
            " {step: resume-consumers, duration: 0ns, after: [switch-kafka]}]}\n"

/* One topic of one partition and one group. */
#define RECONSUMED                                                                                 \
    MIRRORED("10/s", "partitions: 1",                                                              \
             "latency: 50ms, poll_interval: 0ns, sync_group_offsets: {enabled: yes}",              \
             "{name: fraud, service: 0ns, commit_interval: 5s}", TAKE_OVER)                        \
    "events: [{at: 150s, fail: region}]\nrun: {duration: 150s, drain: 130s}\n"

typedef struct Reconsumption {
    double rate, activation; /* per second; seconds from the outage */
    double published, error; /* Monte Carlo */
    uint32_t runs;
} Reconsumption;

/* Closed form 5, c = 5 s, both intervals 60 s; epsilon, for what the translation loses, is half the
 * distance of two syncs where a group is less than that behind (rate * c), else half of the mean
 * distance that it is behind. (A mirror in the passive region delivers what is on its way, unless
 * the switch at A = 0 stops it: at most 5 records of 6,000 and left out.) */
static double closed_form_5(const Reconsumption *r)
{
    const double c = 5, interval = 60;
    double left = fmax(interval - r->activation, 0);
    double epsilon = fmax(fmin(101, 60 * r->rate) / 2, r->rate * c / 4);
    return r->rate * (c / 2 + interval / 2 + left * left / (2 * interval)) + epsilon;
}

static void check_reconsumption(const Reconsumption *r, uint64_t seed)
{
    char *rate = g_strdup_printf("users.rate=%g/s", r->rate);
    char *hold = g_strdup_printf("failover.hold=%gs", r->activation);
    const char *const sets[] = {rate, hold, NULL};
    Runs *runs = runs_of_set(RECONSUMED, sets, r->runs, seed);
    RunsMoments moments = runs_moments(runs, "effects.repeated");
    g_test_message("%g/s, taken over after %g s", r->rate, r->activation);
    check_close("repeated, against the table", moments.mean, r->published,
                hypot(moments.mean_error, r->error));
    check_close("repeated, against the formula", moments.mean, closed_form_5(r),
                moments.mean_error);
    check_every(runs, "failover.decided", 1);
    runs_free(runs);
    g_free(rate);
    g_free(hold);
}

static void test_reconsumption(void)
{
    static const Reconsumption rows[] = {
        {10, 0, 655, 13, 1000},
        {100, 0, 6451, 118, 180},
        {100, 30, 4101, 103, 180},
        {100, 120, 3219, 86, 180},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check_reconsumption(&rows[i], 26 + i);
}

/* The same, with checkpoints and syncs every second and no flush, so that the translation's error
 * shows. A group is less than 101 records behind, and syncs stand at the multiples of 101: an
 * offset k above one is translated to the sync + 1 (k = 0: exactly), which repeats k-1 records;
 * over uniform k that is 4950/101. Taken over after 10 ms (half a probe interval), when 40 of the
 * mirror's last 50 ms are still on their way and stay behind. The outage's moment is uniform over
 * two distances of syncs. */
static void test_translation_error(void)
{
    static const char *const sets[] = {"mirror.checkpoints.interval=1s",
                                       "mirror.sync_group_offsets.interval=1s",
                                       "mirror.offset_flush_interval=1d",
                                       "events[0].at={uniform: {low: 100s, high: 120.2s}}",
                                       "run.duration=121s",
                                       "run.drain=1s",
                                       NULL};
    Runs *runs = runs_of_set(RECONSUMED, sets, 2500, 30);
    const double staleness = 2.5 + 0.5 + 0.99 * 0.99 / 2;
    check_mean(runs, "effects.repeated", 10 * (staleness - 0.040) + 4950 / 101.0);
    runs_free(runs);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/validation/loss/fixed-lag", test_fixed_lag);
    g_test_add_func("/validation/loss/independent-lags", test_independent_lags);
    g_test_add_func("/validation/loss/common-exponential-lag", test_common_exponential_lag);
    g_test_add_func("/validation/loss/common-uniform-lag", test_common_uniform_lag);
    g_test_add_func("/validation/shipper/backlog", test_shipper_backlog);
    g_test_add_func("/validation/shipper/constant", test_shipper_constant);
    g_test_add_func("/validation/shipper/lag", test_shipper_lag);
    g_test_add_func("/validation/shipper/catch-up", test_catch_up);
    g_test_add_func("/validation/probes/detection", test_detection);
    g_test_add_func("/validation/probes/missed-failures", test_missed_failures);
    g_test_add_func("/validation/probes/majority", test_majority);
    g_test_add_func("/validation/probes/false-alarms", test_false_alarms);
    g_test_add_func("/validation/probes/frequent-false-alarms", test_frequent_false_alarms);
    g_test_add_func("/validation/recovery/one-user", test_recovery);
    g_test_add_func("/validation/recovery/overlapping", test_recovery_overlapping);
    g_test_add_func("/validation/recovery/many-users", test_recovery_of_many);
    g_test_add_func("/validation/recovery/first", test_first_recovery);
    g_test_add_func("/validation/recovery/stale-dns", test_stale_dns);
    g_test_add_func("/validation/application/queues", test_queues);
    g_test_add_func("/validation/application/blocking", test_blocking);
    g_test_add_func("/validation/mirror/loss", test_mirror_loss);
    g_test_add_func("/validation/mirror/unpolled", test_unpolled);
    g_test_add_func("/validation/mirror/restart", test_mirror_restart);
    g_test_add_func("/validation/mirror/reconsumption", test_reconsumption);
    g_test_add_func("/validation/mirror/translation-error", test_translation_error);
    return g_test_run();
}
