/* The passive region's application in the failover: how warm it stands by, which version and which
 * secrets it has, and what it does with those who come too early. Networks and services take no
 * time where a number is to be exact; stochastic checks may be 4.9 standard errors off: one false
 * alarm in a million each. (Pods and nodes by themselves: test_capacity.c.)
 */
#include <glib.h>
#include <math.h>

#include "tests/support/runs.h"

/* The region dies at 60 s, is found dead at 61 s, and the other one takes over at once, but for
 * what the test adds to the runbook. */
static const char drill[] =
    "version: 1\nname: stand by\n"
    "network: {users: 0ns, edge: 0ns, reply: 0ns, local: 0ns, wan: 0ns, management: 0ns}\n"
    "users: {rate: 20/s, arrivals: regular, population: 200, timeout: 1s, reauth: 0s,\n"
    "  retry: {max: 0}}\n"
    "router: {edges: 1, probe: {interval: 1s, timeout: 1us, samples: 1, required: 1}}\n"
    "application: {service_time: 0ns, servers: 100, timeout: 500ms, drift: {repair: 100s}}\n"
    "configuration: {propagation: 7s}\n"
    "kafka: {partitions: 4, append: 0ns, replicate: 0ns}\n"
    "database: {commit_time: 0ns, replication: {mode: sync, sync_time: 0ns}}\n"
    "mirror: {latency: 0ns, poll_interval: 0ns}\n"
    "consumers: []\n"
    "failover:\n"
    "  mode: automatic\n"
    "  hold: 0s\n"
    "  probe: {interval: 1s, timeout: 1us, samples: 1}\n"
    "  step_retry: 1h\n"
    "  steps:\n"
    "    - {step: switch-kafka, duration: 0ns}\n"
    "    - {step: promote-database, duration: 0ns}\n"
    "events: [{at: 60s, fail: region}]\n"
    "run: {duration: 120s, drain: 10m}\n";

#define TAKE_OVER "{step: switch-kafka, duration: 0ns}, {step: promote-database, duration: 0ns}"
#define SCALE     "failover.steps=[" TAKE_OVER ", {step: scale-application, duration: 3s}]"
#define CONFIGURE "failover.steps=[" TAKE_OVER ", {step: switch-configuration, duration: 3s}]"
#define PARTS                                                                                      \
    "application.pod.start=1s", "application.pod.image_pull=2s", "application.pod.jvm_start=4s",   \
        "application.pod.readiness=8s", "application.node.provision=64s",                          \
        "application.node.scan=1ms"

enum { RUNS = 20, SEED = 17 };

#define RUN(...)          runs_of_set(drill, (const char *const[]){__VA_ARGS__, NULL}, RUNS, SEED)
#define RUN_OFTEN(n, ...) runs_of_set(drill, (const char *const[]){__VA_ARGS__, NULL}, n, SEED)

static double mean(Runs *runs, const char *metric)
{
    return runs_moments(runs, metric).mean;
}

static void check_within(Runs *runs, const char *metric, double low, double high)
{
    RunsMoments moments = runs_moments(runs, metric);
    g_test_message("%s: %g to %g", metric, moments.min, moments.max);
    g_assert_cmpuint(moments.count, ==, runs_count(runs));
    g_assert_cmpfloat(moments.min, >=, low);
    g_assert_cmpfloat(moments.max, <=, high);
}

/* ---- standby ---- */

/* Each mode: the step's 3 s and its parts, 1 + 2 + 4 + 8 s, and 64 s for nodes. */
static void test_modes(void)
{
    static const struct {
        const char *mode;
        double parts;
    } table[] = {{"hot", 0}, {"scaled-down", 15}, {"replicas-zero", 15}, {"no-nodes", 79}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        char *mode = g_strdup_printf("application.standby.mode=%s", table[i].mode);
        Runs *runs = RUN(mode, SCALE, PARTS, "application.hpa.enabled=no");
        g_test_message("%s", table[i].mode);
        check_every(runs, "faults.fired", 4);
        check_within(runs, "rto.scale", 3 + table[i].parts, 3.001 + table[i].parts);
        if (i > 0)
            check_within(runs, "rto.capacity", 4 + table[i].parts - 1, 4.001 + table[i].parts);
        runs_free(runs);
        g_free(mode);
    }
}

/* A hot standby draws nothing and changes nothing: the default, and the same run. */
static void test_default_is_hot(void)
{
    Runs *plain = runs_of(drill, RUNS, SEED);
    Runs *hot = RUN("application.standby.mode=hot", PARTS, "application.pods=7",
                    "configuration.sync.interval=1m");
    g_assert_cmpuint(runs_fingerprint(plain), ==, runs_fingerprint(hot));
    check_every(plain, "application.turned_away", 0);
    runs_free(plain);
    runs_free(hot);
}

/* Until the pods are ready probes fail and users are refused (503) or, without nodes, get nothing.
 */
static void test_empty_region(void)
{
    Runs *zero = RUN("application.standby.mode=replicas-zero", SCALE, PARTS);
    Runs *none = RUN("application.standby.mode=no-nodes", SCALE, PARTS, "run.duration=200s");
    g_assert_cmpfloat(mean(zero, "application.turned_away"), >, 0);
    g_assert_cmpfloat(mean(zero, "payments.rejected"), ==, mean(zero, "application.turned_away"));
    /* A node answers before its pods do, for 15 s; half of the 20 a second go to the dead region.
     */
    check_within(none, "payments.rejected", 149, 151);
    g_assert_cmpfloat(mean(none, "payments.interrupted"), >=,
                      mean(none, "application.turned_away"));
    check_within(zero, "rto.service", 18, 20);
    check_within(none, "rto.service", 82, 84);
    runs_free(zero);
    runs_free(none);
}

/* Nobody scales it: it stays empty, whatever the load, until the run ends. */
static void test_never_from_zero(void)
{
    Runs *runs = RUN("application.standby.mode=replicas-zero", PARTS);
    check_every(runs, "rto.capacity", INFINITY);
    check_every(runs, "rto.service", INFINITY);
    check_every(runs, "application.pod_restarts", 0);
    runs_free(runs);
}

/* 5 servers for a load of 20, one second each, and 10 places to wait: 5 a second are served. */
#define TOO_SMALL                                                                                  \
    "application.standby.mode=scaled-down", "application.standby.share=5%", "application.pods=20", \
        "application.hpa.enabled=no", "application.service_time=1s", "users.timeout=30s",          \
        "application.timeout=20s", "application.shared_sessions=yes"

static void test_too_small(void)
{
    Runs *small = RUN(TOO_SMALL, "application.queue=10");
    Runs *scaled = RUN(TOO_SMALL, "application.queue=10", PARTS, SCALE);
    check_every(small, "rto.service", INFINITY);
    /* 20 a second for a minute; the requests in hand at 60 s are lost, and there is a second until
     * the probes turn the router. */
    check_within(small, "payments.completed", 1180 + 5 * 58, 1180 + 5 * 60 + 15);
    check_within(small, "payments.rejected", 15 * 56, 15 * 60);
    check_within(scaled, "rto.service", 18, 21);
    runs_free(small);
    runs_free(scaled);
}

/* The same, and probes that wait in the queue for the requests' 4 s: pods that work are restarted.
 */
static void test_liveness(void)
{
    Runs *runs = RUN(TOO_SMALL, "application.queue=20", "application.liveness.shared=yes");
    Runs *apart = RUN(TOO_SMALL, "application.queue=20");
    g_assert_cmpfloat(runs_moments(runs, "application.pod_restarts").min, >, 0);
    check_every(apart, "application.pod_restarts", 0);
    g_assert_cmpfloat(mean(runs, "payments.completed"), <, mean(apart, "payments.completed") - 50);
    runs_free(runs);
    runs_free(apart);
}

/* The load scales it: 1 pod of 5 servers, busy; ceil (ready / 0.8) every 15 s with pods that start
 * at once: 2 3 4 5 7 9 12 15 19 20, so 150 s from the first look on. */
static void test_load_scales(void)
{
    Runs *runs = RUN("application.standby.mode=scaled-down", "application.standby.share=5%",
                     "application.pods=20", "application.service_time=1s", "users.rate=200/s",
                     "users.misrouted=100%", "application.misrouted=log-only",
                     "events=[{at: 0s, fail: monitor}]", "application.pod.start=0s",
                     "application.pod.image_pull=0s", "application.pod.jvm_start=0s",
                     "application.pod.readiness=0s", "run.duration=200s", "users.timeout=1h");
    check_every(runs, "rto.capacity", 150);
    runs_free(runs);
}

/* Slower at first: 4 times, declining over 60 s. */
static void test_warmup(void)
{
    static const char warm[] = "application.warmup.factor=4";
    Runs *cold = RUN("application.standby.mode=replicas-zero", SCALE, PARTS, warm,
                     "application.service_time=100ms");
    Runs *plain = RUN("application.standby.mode=replicas-zero", SCALE, PARTS,
                      "application.service_time=100ms");
    check_within(cold, "latency.max", 0.38, 0.4);
    check_every(plain, "latency.max", 0.1);
    runs_free(cold);
    runs_free(plain);
}

/* ---- a zone ---- */

/* Nobody moves anything; brokers, which a zone has too, play no part. */
#define ONE_REGION                                                                                 \
    "application.servers=9", "application.pods=9", "failover.mode=off", "router.failover=runbook", \
        "application.publish=no"

/* One zone of three. Nobody tells the load balancer for 40 s. */
static void test_zone(void)
{
    Runs *runs = RUN_OFTEN(60, ONE_REGION, "events=[{at: 60s, fail: zone, zone: 0}]");
    check_every(runs, "application.pods_lost", 3);
    /* 20 a second, 40 s, a third of them sent to pods that are gone */
    double n = 20 * 40, p = 1.0 / 3, error = sqrt(n * p * (1 - p) / runs_count(runs));
    check_close("unanswered", mean(runs, "application.turned_away"), n * p, error);
    check_close("interrupted", mean(runs, "payments.interrupted"), n * p, error);
    runs_free(runs);
}

/* Servers are lost, and replaced on nodes that are ordered: 6 of 9 from 60 s to 60 + 300 + 64 + 15
 * s, for a load of 8. Those that worked on a request, 8 of 9, took it with them. */
static void test_zone_capacity(void)
{
    Runs *runs = RUN(ONE_REGION, PARTS, "application.service_time=999ms", "application.queue=0",
                     "users.rate=8/s", "application.node.detect=0s", "users.timeout=5s",
                     "run.duration=600s", "events=[{at: 60s, fail: zone, zone: 0}]");
    check_within(runs, "payments.rejected", 2 * 379 - 6, 2 * 379 + 6);
    check_within(runs, "payments.interrupted", 0, 8);
    g_assert_cmpfloat(mean(runs, "payments.interrupted"), >, 0);
    check_every(runs, "application.pods_lost", 3);
    runs_free(runs);
}

/* ---- another version ---- */

/* Found by the hundredth request, mended 100 s later: until then it fails on the users. */
static void test_drift(void)
{
    static const char *const effect[] = {"application.drift.effect=fails-to-start",
                                         "application.drift.effect=errors",
                                         "application.drift.effect=slow"};
    for (size_t i = 0; i < G_N_ELEMENTS(effect); i++) {
        g_test_message("%s", effect[i]);
        Runs *runs = RUN("application.drift.probability=100%", effect[i],
                         "application.drift.errors=100%", "application.service_time=250ms",
                         "application.drift.slowdown=5", "run.duration=300s",
                         "application.pod.jvm_start=4s", "application.pod.readiness=8s");
        /* 100 requests, half of them for the region if its probes fail too; then 100 s */
        double found = i == 0 ? 10 : 5, start = i == 0 ? 12 : 0;
        check_every(runs, "application.drifted", 1);
        check_within(runs, "rto.service", found + 100 + start, found + 103 + start);
        runs_free(runs);
    }
}

/* The runbook looks for itself: it takes its 3 s, 100 s for the roll-out, and pods that start. */
static void test_drift_runbook(void)
{
    Runs *runs = RUN("application.drift.probability=100%", CONFIGURE, "run.duration=300s",
                     "application.drift.notice=1000000");
    check_every(runs, "rto.configuration", 3 + 100);
    check_within(runs, "rto.service", 104, 125);
    runs_free(runs);
}

static void test_drift_probability(void)
{
    enum { MANY = 2000 };
    Runs *runs = RUN_OFTEN(MANY, "application.drift.probability=30%", "users.rate=0.1/s");
    check_close("drifted", mean(runs, "application.drifted"), 0.3,
                sqrt(0.3 * 0.7 / runs_count(runs)));
    runs_free(runs);
}

/* ---- secrets ---- */

/* Rotated `age` before the outage, synchronised every 20 s: stale with probability 1 - age / 20 s.
 */
static void test_stale_law(void)
{
    enum { MANY = 2000 };
    static const double ages[] = {5, 15};
    for (size_t i = 0; i < G_N_ELEMENTS(ages); i++) {
        char *at = g_strdup_printf("configuration.change.at=%gs", 60 - ages[i]);
        double p = 1 - ages[i] / 20;
        Runs *runs = RUN_OFTEN(MANY, at, "configuration.sync.interval=20s",
                               "configuration.csi_interval=0s", "users.rate=0.1/s");
        check_close("stale", mean(runs, "configuration.stale"), p,
                    sqrt(p * (1 - p) / runs_count(runs)));
        runs_free(runs);
        g_free(at);
    }
    Runs *never = RUN("configuration.change.at=39s", "configuration.sync.interval=20s",
                      "configuration.csi_interval=0s");
    check_every(never, "configuration.stale", 0);
    check_every(never, "configuration.refused", 0);
    runs_free(never);
}

/* Rotated at 59 s, and the pipeline comes once a day: refused until the run ends, or the runbook
 * synchronises: 3 s, 7 s and the next poll. Kafka's secret alone: the row is there, its event not.
 */
static void test_stale_secret(void)
{
#define STALE "configuration.change.at=59s", "configuration.sync.interval=365d"
    Runs *database =
        RUN(STALE, "configuration.csi_interval=0s", "configuration.change.of=database");
    Runs *kafka = RUN(STALE, "configuration.csi_interval=0s", "configuration.change.of=kafka");
    Runs *overlap = RUN(STALE, "configuration.csi_interval=0s", "configuration.change.overlap=1h");
    Runs *runbook = RUN(STALE, "configuration.csi_interval=0s", CONFIGURE);
    check_every(database, "configuration.stale", 1);
    check_every(database, "rto.service", INFINITY);
    check_within(database, "payments.rejected", 58 * 20, 60 * 20);
    check_every(database, "log.missing", 0);
    check_within(kafka, "log.missing", 58 * 20, 60 * 20);
    check_within(kafka, "payments.in_doubt", 58 * 20, 60 * 20);
    check_every(overlap, "configuration.refused", 0);
    check_within(overlap, "rto.service", 0, 2);
    check_every(runbook, "rto.configuration", 10);
    check_within(runbook, "rto.service", 10, 12);
    runs_free(database);
    runs_free(kafka);
    runs_free(overlap);
    runs_free(runbook);
}

/* Environment variables: running pods keep the old secret until the runbook replaces them, which
 * takes 1 + 4 + 8 s; pods that are started at the failover have the new one. */
static void test_stale_environment(void)
{
#define ENVIRONMENT                                                                                \
    "configuration.change.at=20s", "configuration.secrets=environment",                            \
        "configuration.sync.interval=1s"
    Runs *hot = RUN(ENVIRONMENT, PARTS);
    Runs *restarted = RUN(ENVIRONMENT, PARTS, CONFIGURE);
    Runs *zero = RUN(ENVIRONMENT, PARTS, SCALE, "application.standby.mode=replicas-zero");
    /* One pod does both writes: none that the database takes is refused by Kafka. */
    Runs *staggered = RUN(ENVIRONMENT, PARTS, CONFIGURE,
                          "application.pod.jvm_start={uniform: {low: 1s, high: 40s}}");
    g_assert_cmpfloat(mean(staggered, "configuration.refused"), >, 100);
    check_every(staggered, "log.missing", 0);
    runs_free(staggered);
    check_every(hot, "configuration.stale", 1);
    check_every(hot, "rto.service", INFINITY);
    check_every(restarted, "rto.configuration", 3 + 7 + 13);
    check_within(restarted, "rto.service", 23, 25);
    check_every(zero, "configuration.stale", 0);
    check_every(zero, "configuration.refused", 0);
    check_within(zero, "rto.service", 18, 20);
    runs_free(hot);
    runs_free(restarted);
    runs_free(zero);
}

/* A shared vault dies with its region: pods cannot start for 100 s, and nobody rotates anything
 * until the region is back, at 300 s. */
static void test_vault(void)
{
#define SHARED "configuration.vault=shared", "configuration.vault_failover=100s"
    Runs *start =
        RUN(SHARED, PARTS, SCALE, "application.standby.mode=replicas-zero", "run.duration=200s");
    Runs *blocked = RUN(SHARED, "configuration.change.at=70s", "configuration.csi_interval=0s",
                        "events=[{at: 60s, fail: region, for: 240s}]");
    Runs *before = RUN(SHARED, "configuration.change.at=30s", "configuration.csi_interval=0s");
    check_within(start, "rto.capacity", 100, 100.001);
    check_every(start, "configuration.blocked", 0);
    check_every(blocked, "configuration.blocked", 1);
    check_every(blocked, "configuration.refused", 0);
    check_every(before, "configuration.blocked", 0);
    check_every(before, "configuration.stale", 0);
    runs_free(start);
    runs_free(blocked);
    runs_free(before);
}

/* ---- User 5 ---- */

/* One payment, straight to the passive region, while nothing has failed. */
static const char early[] = "users={rate: 0/s, reauth: 0s, retry: {max: 0},"
                            " cast: [{name: User 5, at: 30s, via: passive}]}";

static Runs *user_5(const char *misrouted, const char *more)
{
    return RUN(early, misrouted, CONFIGURE, more ? more : "consumers=[]");
}

/* The fates of the one payment, and which counter knows of it. */
static void test_user_5(void)
{
    static const struct {
        const char *misrouted, *fate, *counter;
    } table[] = {
        {"application.misrouted=serve", "payments.rejected", NULL},
        {"application.misrouted=refuse", "payments.rejected", "application.passive_refused"},
        {"application.misrouted=reroute", "payments.completed", "application.rerouted"},
        {"application.misrouted=log-only", "payments.lost", "payments.logged_only"},
    };
    static const char *const counters[] = {"application.passive_refused", "payments.logged_only"};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_test_message("%s", table[i].misrouted);
        /* a shared session: a login would be a second request */
        Runs *runs = user_5(table[i].misrouted, "application.shared_sessions=yes");
        check_every(runs, "payments.submitted", 1);
        check_every(runs, table[i].fate, 1);
        if (table[i].counter)
            check_every(runs, table[i].counter, 1);
        for (size_t c = 0; c < G_N_ELEMENTS(counters); c++)
            if (g_strcmp0(table[i].counter, counters[c]) != 0)
                check_every(runs, counters[c], 0);
        check_every(runs, "rpo.seconds", 0);
        runs_free(runs);
    }
}

/* Passing on costs the way there and back. */
static void test_reroute_costs_the_hop(void)
{
    Runs *direct = RUN("users={rate: 0/s, cast: [{name: User 1, at: 30s}]}", "network.wan=20ms");
    Runs *passed = RUN(early, "application.misrouted=reroute", "network.wan=20ms", CONFIGURE,
                       "application.shared_sessions=yes");
    for (uint32_t i = 0; i < runs_count(direct); i++)
        g_assert_cmpfloat(runs_column(passed, "latency.max")[i], ==,
                          runs_column(direct, "latency.max")[i] + 0.04);
    runs_free(direct);
    runs_free(passed);
}

/* Incomplete processing: Kafka has been switched, the database not yet. The event is out, the row
 * is not; database first, it is refused before anything is out. */
static void test_user_5_incomplete(void)
{
#define BETWEEN                                                                                    \
    "failover.steps=[{step: switch-kafka, duration: 0ns}, {step: promote-database, duration: "     \
    "1m}]",                                                                                        \
        "users={rate: 0/s, retry: {max: 0}, cast: [{name: User 5, at: 90s, via: passive}]}"
    Runs *kafka = RUN(BETWEEN, "application.write=kafka-first");
    Runs *database = RUN(BETWEEN);
    check_every(kafka, "payments.interrupted", 1);
    check_every(kafka, "log.phantom", 1);
    check_every(database, "payments.rejected", 1);
    check_every(database, "log.phantom", 0);
    runs_free(kafka);
    runs_free(database);
}

/* All that reach the region before it is told are refused; after the step they are served. Without
 * the step they never are. */
static void test_refuse_until_told(void)
{
    Runs *told = RUN("application.misrouted=refuse", CONFIGURE);
    Runs *never = RUN("application.misrouted=refuse");
    Runs *endpoints = RUN("configuration.endpoints=active", CONFIGURE);
    check_within(told, "application.passive_refused", 9 * 20, 11 * 20);
    check_within(told, "rto.service", 10, 12);
    check_every(never, "rto.service", INFINITY);
    check_within(endpoints, "application.rerouted", 9 * 20, 11 * 20);
    check_within(endpoints, "rto.service", 10, 12);
    runs_free(told);
    runs_free(never);
    runs_free(endpoints);
}

/* The probes turn the users away long before the promotion: the application says yes to each. */
static void test_log_only_in_a_failover(void)
{
    Runs *runs =
        RUN("application.misrouted=log-only", "failover.steps=[{step: switch-kafka, duration: 0ns},"
                                              " {step: promote-database, duration: 20s}]");
    check_within(runs, "payments.logged_only", 18 * 20, 21 * 20);
    check_within(runs, "rto.service", 0, 2);
    g_assert_cmpfloat(mean(runs, "payments.lost"), ==, mean(runs, "payments.logged_only"));
    runs_free(runs);
}

/* A row without its confirmation is no promise: it dies with its region. The user, who has not
 * been answered, asks the other one, and hears a log line's yes. */
static void test_log_only_after_doubt(void)
{
    Runs *runs = RUN("application.misrouted=log-only",
                     "failover.steps=[{step: promote-database, duration: 40s}]",
                     "users.retry={max: 30, backoff: 1s}", "users.patience=0s",
                     "application.shared_sessions=yes",
                     "events=[{at: 50s, fail: link, target: out}, {at: 60s, fail: region}]");
    g_assert_cmpfloat(runs_moments(runs, "payments.lost").min, >, 20 * 48);
    check_every(runs, "payments.in_doubt", 0);
    check_every(runs, "rpo.seconds", 0);
    const double *lost = runs_column(runs, "payments.lost");
    const double *logged_only = runs_column(runs, "payments.logged_only");
    for (uint32_t i = 0; i < runs_count(runs); i++)
        g_assert_cmpfloat(lost[i], ==, logged_only[i]);
    runs_free(runs);
}

/* ---- roles change ---- */

#define BACK_AGAIN                                                                                 \
    "run.duration=240s", "application.misrouted=reroute", "application.shared_sessions=yes",       \
        CONFIGURE

/* The old active region was down when it was made the passive one. Back, it asks, and passes on
 * whom the router sends there, 20 a second for two minutes (and West does for ten seconds before).
 * While the control plane does not answer, it goes on as what it was: its database, which is not
 * the primary, fails. */
static void test_learns_its_role(void)
{
    Runs *at_once = RUN(BACK_AGAIN, "events=[{at: 60s, fail: region, for: 60s}]");
    Runs *later = RUN(BACK_AGAIN, "events=[{at: 60s, fail: region, for: 60s},"
                                  " {at: 100s, fail: control-plane, for: 80s}]");
    check_within(at_once, "application.rerouted", 200 + 2300, 220 + 2400);
    check_within(later, "application.rerouted", 200 + 1080,
                 220 + 1200); /* asked again 5 s later at most */
    g_assert_cmpfloat(mean(at_once, "payments.completed"), >,
                      mean(later, "payments.completed") + 1000);
    check_within(at_once, "payments.lost", 0, 0);
    runs_free(at_once);
    runs_free(later);
}

#define HOME_STEPS                                                                                 \
    "{step: seed-database, duration: 1s}, {step: rejoin-kafka, duration: 0s}, "                    \
    "{step: promote-database, duration: 1s, after: [seed-database]}, "                             \
    "{step: switch-kafka, duration: 0s, after: [rejoin-kafka]}, "                                  \
    "{step: switch-configuration, duration: 3s, after: [promote-database]}, "                      \
    "{step: reroute, duration: 5s, after: [switch-configuration]}"
#define HOME                                                                                       \
    "events=[{at: 60s, fail: region, for: 60s}]", "failback.mode=automatic", "failback.hold=30s",  \
        "failback.steps=[" HOME_STEPS "]", "run.duration=300s", "users.misrouted=50%",             \
        "router.failover=runbook", "database.size=0.1", "database.replication.mode=async",         \
        "application.shared_sessions=yes"
#define OUT_STEPS                                                                                  \
    "failover.steps=[{step: fence, duration: 0s}, " TAKE_OVER                                      \
    ", {step: scale-application, duration: 0s}, {step: switch-configuration, duration: 3s},"       \
    " {step: reroute, duration: 5s}]"

/* There and home by runbooks that reroute and switch the configuration: the first region serves
 * again, and the other one is passive, and as small, as before. Half of the users go to the
 * wrong one: refused, or not answered for want of pods, before 64 s and from about 170 s on. */
static void test_home(void)
{
    Runs *refuse = RUN(HOME, OUT_STEPS, "application.misrouted=refuse");
    Runs *empty = RUN(HOME, OUT_STEPS, "application.standby.mode=replicas-zero",
                      "application.pod.start=1s", "application.pod.image_pull=1s",
                      "application.pod.jvm_start=1s", "application.pod.readiness=1s");
    Runs *both[] = {refuse, empty};
    const char *const counter[] = {"application.passive_refused", "application.turned_away"};
    for (int k = 0; k < 2; k++) {
        check_every(both[k], "failback.decided", 1);
        for (uint32_t i = 0; i < runs_count(both[k]); i++) {
            double home = runs_column(both[k], "failback.seconds")[i];
            double share =
                runs_column(both[k], counter[k])[i] / runs_column(both[k], "payments.misrouted")[i];
            g_assert_cmpfloat(home, <, 60);
            g_assert_cmpfloat(share, >, 0.5); /* (64 + 300 - 175) / 300; 0.21 if it stays */
            g_assert_cmpfloat(share, <, 0.8);
        }
        check_within(both[k], "payments.interrupted", 0, 700);
    }
    runs_free(refuse);
    runs_free(empty);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/application/standby/modes", test_modes);
    g_test_add_func("/application/standby/default-is-hot", test_default_is_hot);
    g_test_add_func("/application/standby/empty-region", test_empty_region);
    g_test_add_func("/application/standby/never-from-zero", test_never_from_zero);
    g_test_add_func("/application/standby/too-small", test_too_small);
    g_test_add_func("/application/standby/liveness", test_liveness);
    g_test_add_func("/application/standby/load-scales", test_load_scales);
    g_test_add_func("/application/standby/warmup", test_warmup);
    g_test_add_func("/application/zone/requests", test_zone);
    g_test_add_func("/application/zone/capacity", test_zone_capacity);
    g_test_add_func("/application/drift/effects", test_drift);
    g_test_add_func("/application/drift/runbook", test_drift_runbook);
    g_test_add_func("/application/drift/probability", test_drift_probability);
    g_test_add_func("/configuration/stale/law", test_stale_law);
    g_test_add_func("/configuration/stale/secret", test_stale_secret);
    g_test_add_func("/configuration/stale/environment", test_stale_environment);
    g_test_add_func("/configuration/vault", test_vault);
    g_test_add_func("/misrouted/user-5", test_user_5);
    g_test_add_func("/misrouted/hop", test_reroute_costs_the_hop);
    g_test_add_func("/misrouted/log-only-after-doubt", test_log_only_after_doubt);
    g_test_add_func("/misrouted/incomplete", test_user_5_incomplete);
    g_test_add_func("/misrouted/until-told", test_refuse_until_told);
    g_test_add_func("/misrouted/log-only", test_log_only_in_a_failover);
    g_test_add_func("/application/roles/learns", test_learns_its_role);
    g_test_add_func("/application/roles/home", test_home);
    return g_test_run();
}
