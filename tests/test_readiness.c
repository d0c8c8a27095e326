/* Consumers that stand by: for each strategy, how long it takes to wake them, and which offsets
 * they go on from. Counts are exact where the network and the services take no time; the one
 * stochastic check (means of the default parts) may be 4.9 standard errors off: one false alarm in
 * a million for each.
 */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "models/scenario.h"
#include "tests/support/runs.h"

/* The region dies at 60 s, when payments end: each is in the active region's Kafka, mirrored and
 * acted on by then. One group notices repeats, one does not. */
static const char drill[] =
    "version: 1\nname: stand by\n"
    "network: {users: 0ns, edge: 0ns, reply: 0ns, local: 0ns, wan: 0ns, management: 0ns}\n"
    "users: {rate: 20/s, population: 200, timeout: 1s, retry: {max: 0}}\n"
    "router: {edges: 1}\n"
    "application: {service_time: 0ns}\n"
    "kafka: {partitions: 4, append: 0ns, replicate: 0ns}\n"
    "database: {commit_time: 0ns, replication: {mode: none}}\n"
    "mirror: {latency: 0ns, poll_interval: 0ns, offset_flush_interval: 10s,\n"
    "  checkpoints: {interval: 5s}, sync_group_offsets: {enabled: yes, interval: 5s}}\n"
    "consumers:\n"
    "  - {name: fraud, service: 0ns, commit_interval: 2s}\n"
    "  - {name: audit, service: 0ns, commit_interval: 2s, idempotent: yes}\n"
    "failover:\n"
    "  mode: automatic\n"
    "  hold: 0s\n"
    "  probe: {interval: 1s, timeout: 1us, samples: 1}\n"
    "  step_retry: 1h\n"
    "  steps:\n"
    "    - {step: switch-kafka, duration: 0ns}\n"
    "    - {step: resume-consumers, duration: 3s, after: [switch-kafka]}\n"
    "events: [{at: 60s, fail: region}]\n"
    "run: {duration: 60s, drain: 10m}\n";

#define NO_WAIT                                                                                    \
    "readiness.flag_delay=0s", "readiness.pod_start=0s", "readiness.image_pull=0s",                \
        "readiness.jvm_start=0s", "readiness.readiness_period=0s", "readiness.assign=0s",          \
        "readiness.resume=0s"

enum { RUNS = 20, SEED = 11 };

/* What the strategies promise, written down apart from the models' own table: the parts of the
 * activation (bit per part, in the section's order), and what the offsets come to. */
typedef enum Offsets { SYNCED, BLOCKED, TOO_EARLY } Offsets;

enum { FLAG = 1, POD = 2, PULL = 4, JVM = 8, PERIOD = 16, JOIN = 32, ASSIGN = 64, RESUME = 128 };

typedef struct Promise {
    const char *strategy;
    unsigned parts;
    Offsets offsets;
} Promise;

static const Promise promises[] = {
    {"no-subscription", JOIN, SYNCED},
    {"feature-flag", FLAG | JOIN, SYNCED},
    {"paused", RESUME, BLOCKED},
    {"replicas-zero", POD | PULL | JVM | PERIOD | JOIN, SYNCED},
    {"startup-probe", PERIOD, TOO_EARLY},
    {"environment-variable", POD | JVM | PERIOD | JOIN, SYNCED},
    {"partition-control", ASSIGN, SYNCED},
};

static Runs *stand_by(const char *strategy, const char *const *sets, uint32_t count)
{
    char *choice = g_strdup_printf("readiness.strategy=%s", strategy);
    GPtrArray *all = g_ptr_array_new();
    g_ptr_array_add(all, choice);
    for (; sets && *sets; sets++)
        g_ptr_array_add(all, (void *)*sets);
    g_ptr_array_add(all, NULL);
    Runs *runs = runs_of_set(drill, (const char *const *)all->pdata, count, SEED);
    g_ptr_array_unref(all);
    g_free(choice);
    return runs;
}
#define STAND_BY(strategy, ...) stand_by(strategy, (const char *const[]){__VA_ARGS__, NULL}, RUNS)

static void check_equal(Runs *a, const char *one, Runs *b, const char *other)
{
    const double *x = runs_column(a, one), *y = runs_column(b, other);
    for (uint32_t i = 0; i < runs_count(a); i++)
        g_assert_cmpfloat(x[i], ==, y[i]);
}

static double mean(Runs *runs, const char *metric)
{
    return runs_moments(runs, metric).mean;
}

/* ---- the table ---- */

static void test_promises_complete(void)
{
    const ParamSpec *spec = param_find(&scenario_schema, "readiness.strategy");
    g_assert_nonnull(spec);
    g_assert_cmpuint(g_strv_length((char **)(gpointer)spec->choices), ==, G_N_ELEMENTS(promises));
    for (size_t i = 0; i < G_N_ELEMENTS(promises); i++) {
        g_assert_cmpstr(spec->choices[i], ==, promises[i].strategy);
        char *explained = g_strdup_printf(" %s: ", promises[i].strategy);
        g_assert_nonnull(strstr(spec->text, explained));
        g_free(explained);
    }
    g_assert_cmpstr(spec->fallback, ==, "no-subscription");
}

/* ---- activation ---- */

/* Parts of 1, 2, 4, … seconds: the length of the step tells which of them it waited for. */
static void test_parts(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(promises); i++) {
        g_test_message("%s", promises[i].strategy);
        Runs *runs = STAND_BY(
            promises[i].strategy, "readiness.flag_delay=1s", "readiness.pod_start=2s",
            "readiness.image_pull=4s", "readiness.jvm_start=8s", "readiness.readiness_period=16s",
            "readiness.group_join=32s", "readiness.assign=64s", "readiness.resume=128s");
        check_every(runs, "rto.resume", 3 + promises[i].parts);
        check_every(runs, "failover.decided", 1);
        check_every(runs, "faults.fired", 4);
        runs_free(runs);
    }
}

static double lognormal_mean(double median, double p99)
{
    double sigma = log(p99 / median) / 2.3263478740408408;
    return median * exp(sigma * sigma / 2);
}

static void test_means(void)
{
    const double part[] = {15,  lognormal_mean(2, 5), lognormal_mean(10, 60), 15.5, 5, 4.5, 0.6,
                           0.25};
    for (size_t i = 0; i < G_N_ELEMENTS(promises); i++) {
        double expected = 3;
        for (unsigned p = 0; p < G_N_ELEMENTS(part); p++)
            if (promises[i].parts & 1u << p)
                expected += part[p];
        static const char *const sets[] = {
            "users.rate=1/s", "readiness.group_join={uniform: {low: 3s, high: 6s}}", NULL};
        Runs *runs = stand_by(promises[i].strategy, sets, 1000);
        g_test_message("%s", promises[i].strategy);
        check_mean(runs, "rto.resume", expected);
        runs_free(runs);
    }
}

/* The join is in the default runbook's step already: by default nothing comes on top. */
static void test_default(void)
{
    Runs *plain = runs_of(drill, RUNS, SEED);
    Runs *chosen = STAND_BY("no-subscription", NO_WAIT);
    check_every(plain, "rto.resume", 3);
    g_assert_cmpuint(runs_fingerprint(plain), ==, runs_fingerprint(chosen));
    runs_free(plain);
    runs_free(chosen);
}

/* Consumers that crash while they wake are commanded again, and start from the beginning: 15 s of
 * JVM, crash and return 10 s after the command (at about 61 s), and step_retry after its 3 s. */
static void test_crash_while_waking(void)
{
    Runs *runs = STAND_BY("environment-variable", NO_WAIT, "readiness.jvm_start=15s",
                          "failover.step_retry=20s",
                          "events=[{at: 60s, fail: region},"
                          " {at: 70s, fail: consumers, target: west-india, for: 1s}]");
    check_every(runs, "faults.fired", 5);
    check_every(runs, "rto.resume", 3 + 20 + 3 + 15);
    check_every(runs, "effects.pending", 0);
    runs_free(runs);
}

/* The bounds that Kafka and Kubernetes give: a first join takes 3 to 6 s, an assignment less than
 * one, a resume a poll, readiness a probe; a process does not start in less than 6 s. */
static void test_bounds(void)
{
    static const double low[] = {3, 3, 0, 9, 0, 9, 0.2},
                        high[] = {6, 36, 0.5, INFINITY, 10, INFINITY, 1};
    static const char *const sets[] = {"users.rate=1/s",
                                       "readiness.group_join={uniform: {low: 3s, high: 6s}}", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(promises); i++) {
        Runs *runs = stand_by(promises[i].strategy, sets, 1000);
        RunsMoments moments = runs_moments(runs, "rto.resume");
        g_test_message("%s: %g to %g", promises[i].strategy, moments.min, moments.max);
        g_assert_cmpfloat(moments.min, >=, 3 + low[i]);
        g_assert_cmpfloat(moments.max, <=, 3 + high[i]);
        runs_free(runs);
    }
}

/* ---- offsets ---- */

/* Everything that was mirrored is done a second time, and noticed by the group that notices. */
static void check_all_again(Runs *runs)
{
    check_equal(runs, "effects.repeated", runs, "payments.submitted");
    check_equal(runs, "effects.suppressed", runs, "payments.submitted");
    check_every(runs, "effects.skipped", 0);
    check_every(runs, "effects.pending", 0);
}

/* Strategies that leave the group empty differ in nothing but their activation. */
static void check_synced(Runs *runs, Runs *reference)
{
    check_equal(runs, "effects.repeated", reference, "effects.repeated");
    check_equal(runs, "effects.suppressed", reference, "effects.suppressed");
    g_assert_cmpfloat(mean(runs, "effects.repeated"), >, 0);
    g_assert_cmpfloat(mean(runs, "effects.repeated"), <, mean(runs, "payments.submitted") / 2);
    check_every(runs, "effects.skipped", 0);
    check_every(runs, "effects.pending", 0);
}

static void test_offsets(void)
{
    Runs *reference = STAND_BY("no-subscription", NO_WAIT);
    for (size_t i = 0; i < G_N_ELEMENTS(promises); i++) {
        g_test_message("%s", promises[i].strategy);
        Runs *runs = STAND_BY(promises[i].strategy, NO_WAIT);
        if (promises[i].offsets == SYNCED)
            check_synced(runs, reference);
        else
            check_all_again(runs);
        check_every(runs, "log.lost", 0);
        check_every(runs, "rto.resume", 3);
        runs_free(runs);
    }
    runs_free(reference);
}

/* Nothing fails: only consumers that are not held back act on what is mirrored. */
static void test_before_any_failover(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(promises); i++) {
        g_test_message("%s", promises[i].strategy);
        Runs *runs = STAND_BY(promises[i].strategy, "events=[]");
        check_every(runs, "failover.decided", 0);
        if (promises[i].offsets == TOO_EARLY) {
            check_all_again(runs);
        } else {
            check_every(runs, "effects.repeated", 0);
            check_every(runs, "effects.suppressed", 0);
        }
        runs_free(runs);
    }
}

/* Paused consumers go on from their assignment whatever was synchronised, like a group that reads
 * everything; a group without members starts where `start` says if nothing was. */
static void test_paused_position(void)
{
    static const char off[] = "mirror.sync_group_offsets.enabled=no";
    Runs *synced = STAND_BY("paused", NO_WAIT);
    Runs *unsynced = STAND_BY("paused", NO_WAIT, off);
    Runs *latest = STAND_BY("no-subscription", NO_WAIT, off);
    Runs *earliest = STAND_BY("no-subscription", NO_WAIT, off, "consumers[0].start=earliest",
                              "consumers[1].start=earliest");
    check_equal(synced, "effects.repeated", unsynced, "effects.repeated");
    check_equal(synced, "effects.repeated", earliest, "effects.repeated");
    check_every(latest, "effects.repeated", 0);
    check_all_again(unsynced);
    runs_free(synced);
    runs_free(unsynced);
    runs_free(latest);
    runs_free(earliest);
}

/* A paused group commits the position that it holds, and finds it again after a crash: as it has
 * members, the mirror has not moved it, nor does it while they are away. */
static void test_paused_restart(void)
{
    Runs *runs = STAND_BY("paused", NO_WAIT,
                          "events=[{at: 30s, fail: consumers, target: west-india, for: 2s},"
                          " {at: 60s, fail: region}]");
    check_every(runs, "faults.fired", 5);
    check_all_again(runs);
    runs_free(runs);
}

/* A paused group that nobody resumes has all of it before it, if nobody has read it elsewhere. */
static void test_paused_forever(void)
{
    Runs *runs = STAND_BY("paused", "failover.steps=[{step: switch-kafka, duration: 0ns}]",
                          "events=[{at: 0s, fail: consumers, target: north-india},"
                          " {at: 60s, fail: region}]");
    const double *pending = runs_column(runs, "effects.pending");
    const double *submitted = runs_column(runs, "payments.submitted");
    for (uint32_t i = 0; i < runs_count(runs); i++)
        g_assert_cmpfloat(pending[i], ==, 2 * submitted[i]); /* two groups */
    check_every(runs, "effects.repeated", 0);
    check_every(runs, "effects.skipped", 0);
    runs_free(runs);
}

/* The application alone has failed: the mirror goes on, and the active region's group has committed
 * all that it has done. The passive one hangs in its first batch and crashes later. As a group with
 * members refuses the sync, it begins where it began; one without has been moved to the end, but
 * for runs in which its own commit (every 20 s) came last and not the sync (every second). */
static void test_sync_after_activation(void)
{
#define ALIVE                                                                                      \
    NO_WAIT, "failover.steps=[{step: resume-consumers, duration: 3s}]",                            \
        "consumers=[{name: fraud, service: 1us, commit_interval: 20s, max_poll_interval: 1h, "     \
        "start: earliest}]",                                                                       \
        "mirror.checkpoints.interval=60s", "mirror.sync_group_offsets.interval=1s",                \
        "events=[{at: 60s, fail: application},"                                                    \
        " {at: 62s, for: 237s, fail: consumers, target: west-india, slow: 1000000},"               \
        " {at: 300s, fail: consumers, target: west-india, for: 1s}]"
    Runs *members = STAND_BY("no-subscription", ALIVE);
    Runs *by_hand = STAND_BY("partition-control", ALIVE);
    check_every(members, "faults.fired", 2);
    check_every(members, "faults.degraded", 1);
    g_assert_cmpfloat(runs_moments(members, "effects.repeated").min, >, 0);
    g_assert_cmpfloat(mean(by_hand, "effects.repeated"), <, mean(members, "effects.repeated") / 3);
    check_every(members, "effects.pending", 0);
    runs_free(members);
    runs_free(by_hand);
}

/* After the failover the group that began too early reads on, and does nothing a third time. */
static void test_startup_probe_reads_on(void)
{
    static const char *const sets[] = {NO_WAIT,
                                       "run.duration=120s",
                                       "users.retry={max: 8, backoff: 1s}",
                                       "failover.steps=[{step: switch-kafka, duration: 0ns},"
                                       " {step: promote-database, duration: 0ns},"
                                       " {step: resume-consumers, duration: 3s,"
                                       " after: [switch-kafka]}]",
                                       "router.probe={interval: 2s, timeout: 1s, samples: 1,"
                                       " required: 1}",
                                       NULL};
    Runs *runs = stand_by("startup-probe", sets, RUNS);
    Runs *before = STAND_BY("startup-probe", NO_WAIT);
    check_equal(runs, "effects.repeated", before, "payments.submitted");
    check_every(runs, "effects.skipped", 0);
    check_every(runs, "effects.pending", 0);
    g_assert_cmpfloat(mean(runs, "payments.submitted"), >,
                      1.8 * mean(before, "payments.submitted"));
    g_assert_cmpfloat(mean(runs, "payments.resumed"), >, 0);
    runs_free(runs);
    runs_free(before);
}

/* Both regions' consumers read, and the mirror goes on. West's die at 49 s and are back at once. As
 * members they go on from what they have committed, every 20 s; assigned by hand their group is
 * open, and has the other one's offsets as well, which are newer in half of the cases. And nobody
 * waits for a session. */
static void test_by_hand_is_open(void)
{
#define BOTH_READ                                                                                  \
    "events=[{at: 20s, fail: switchover},"                                                         \
    " {at: 49s, fail: consumers, target: west-india, for: 100ms}]",                                \
        "failover.steps=[{step: resume-consumers, duration: 0s}]", NO_WAIT,                        \
        "consumers=[{name: fraud, service: 0ns, commit_interval: 20s, session_timeout: 30s}]"
    Runs *members = STAND_BY("no-subscription", BOTH_READ);
    Runs *by_hand = STAND_BY("partition-control", BOTH_READ);
    check_every(members, "faults.fired", 1);
    bool less = false;
    for (uint32_t i = 0; i < RUNS; i++) {
        double a = runs_column(members, "effects.repeated")[i];
        double b = runs_column(by_hand, "effects.repeated")[i];
        g_assert_cmpfloat(b, <=, a);
        less = less || b < a - 20;
    }
    g_assert_true(less);
    g_test_message("%g, %g", mean(members, "effects.repeated"), mean(by_hand, "effects.repeated"));
    runs_free(members);
    runs_free(by_hand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/readiness/promises-complete", test_promises_complete);
    g_test_add_func("/readiness/activation/parts", test_parts);
    g_test_add_func("/readiness/activation/means", test_means);
    g_test_add_func("/readiness/activation/bounds", test_bounds);
    g_test_add_func("/readiness/activation/default", test_default);
    g_test_add_func("/readiness/activation/crash", test_crash_while_waking);
    g_test_add_func("/readiness/offsets/each", test_offsets);
    g_test_add_func("/readiness/offsets/before-any-failover", test_before_any_failover);
    g_test_add_func("/readiness/offsets/paused-position", test_paused_position);
    g_test_add_func("/readiness/offsets/paused-restart", test_paused_restart);
    g_test_add_func("/readiness/offsets/paused-forever", test_paused_forever);
    g_test_add_func("/readiness/offsets/sync-after-activation", test_sync_after_activation);
    g_test_add_func("/readiness/offsets/startup-probe-reads-on", test_startup_probe_reads_on);
    g_test_add_func("/readiness/by-hand", test_by_hand_is_open);
    return g_test_run();
}
