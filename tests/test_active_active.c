/* Active-active: both regions serve, write and publish. Laws are exact where delays are constant;
 * stochastic checks have a false alarm of 1e-6 each (4.9 standard errors). */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "models/scenario.h"
#include "tests/support/runs.h"

#define SEED 20240716

/* 100/s, half of them at home in each region; a commit is on its way to the other for 2 s. Between
 * a commit and its answer, Kafka takes 200 ms. Region 1 is lost at 40s. */
#define LAG    2.0
#define ANSWER 0.2
#define HOME   50.0
static const char bank[] =
    "version: 1\n"
    "name: both\n"
    "regions: {mode: active-active}\n"
    "network: {users: 0s, edge: 0s, reply: 0s, local: 0s}\n"
    "users: {rate: 100/s, population: 1000, timeout: 2s, "
    "retry: {max: 20, backoff: 1s, multiplier: 1}}\n"
    "router: {edges: 10, probe: {interval: 5s, timeout: 2s, samples: 4, required: 2}}\n"
    "application: {servers: 1000, service_time: 10ms, shared_sessions: yes}\n"
    "kafka: {append: 200ms, replicate: 0s}\n"
    "database: {commit_time: 5ms, replication: {lag: 2s, ship_time: 0s}}\n"
    "mirror: {latency: 100ms, offset_lag_max: 0, offset_flush_interval: 1s, "
    "checkpoints: {interval: 1s}, sync_group_offsets: {enabled: yes, interval: 1s}}\n"
    "consumers: [{name: fraud, commit_interval: 500ms, start: earliest}]\n"
    "measure: {success: 100%}\n"
    "failover: {probe: {interval: 2s, timeout: 1s}, hold: 5s}\n"
    "run: {duration: 75s, drain: 50s}\n";

#define LOST     "events=[{at: 40s, fail: region}]"
#define RETURNED "events=[{at: 40s, fail: region, for: 30s}]"

static Runs *runs_with(const char *a, const char *b, uint32_t count)
{
    const char *const sets[] = {a, b, NULL};
    return runs_of_set(bank, sets, count, SEED);
}

/* ---- what is lost ---- */

/* Committed within the lag and answered before the end. */
static void test_loss(void)
{
    Runs *runs = runs_with(LOST, NULL, 120);
    check_poisson(runs, "payments.lost", HOME * (LAG - ANSWER));
    check_poisson(runs, "database.unreplicated", HOME * LAG);
    check_every(runs, "database.returned", 0);
    check_every(runs, "conflicts.payment", 0);
    check_every(runs, "payments.duplicated", 0);
    check_every(runs, "faults.fired", runs_column(runs, "faults.fired")[0]);
    g_assert_cmpfloat(runs_column(runs, "faults.fired")[0], >, 0);
    runs_free(runs);
}

/* A region that returns brings its commits along; the retries that were paid in the other region
 * meanwhile meet them, and the key tells that they are the same. */
static void test_return(void)
{
    Runs *runs = runs_with(RETURNED, NULL, 120);
    check_every(runs, "payments.lost", 0);
    check_every(runs, "payments.duplicated", 0);
    check_every(runs, "rpo.seconds", 0);
    check_poisson(runs, "database.returned", HOME * LAG);
    check_poisson(runs, "conflicts.payment", HOME * ANSWER);
    runs_free(runs);
}

/* What the other region wrote meanwhile comes home, too: else every payment of those who were away
 * would be made on an old balance (1,200 of them). */
static void test_comes_home(void)
{
    Runs *runs = runs_with(RETURNED, "run.duration=120s", 20);
    g_assert_cmpfloat(runs_moments(runs, "conflicts.account").max, <, 800);
    g_assert_cmpfloat(runs_moments(runs, "conflicts.account").min, >, 20);
    runs_free(runs);
}

/* Without keys the two rows are two payments. */
static void test_return_without_keys(void)
{
    Runs *runs = runs_with(RETURNED, "users.idempotency_keys=no", 120);
    check_every(runs, "payments.lost", 0);
    check_poisson(runs, "payments.duplicated", HOME * ANSWER);
    check_poisson(runs, "conflicts.payment", HOME * ANSWER);
    runs_free(runs);
    runs = runs_with(LOST, "users.idempotency_keys=no", 20);
    check_every(runs, "payments.duplicated", 0); /* the other row is gone */
    runs_free(runs);
}

/* The two are alike: the second loses what the first would, and its users resume in the first. */
static void test_other_region(void)
{
    Runs *runs = runs_with("events=[{at: 40s, fail: region, target: west-india}]", NULL, 60);
    check_poisson(runs, "payments.lost", HOME * (LAG - ANSWER));
    g_assert_cmpfloat(runs_moments(runs, "payments.resumed").min, >, 100);
    check_every(runs, "payments.duplicated", 0);
    runs_free(runs);
}

/* Two regions that do not see each other, and are up: what both have survives. */
static void test_partition(void)
{
    Runs *runs = runs_with("events=[{at: 40s, fail: link}]", NULL, 20);
    check_every(runs, "payments.lost", 0);
    check_every(runs, "log.missing", 0);
    check_every(runs, "payments.in_doubt", 0);
    check_every(runs, "rto.service", 0);
    g_assert_cmpfloat(runs_moments(runs, "database.backlog").min, >, 1500);
    runs_free(runs);
}

/* ---- how long it takes ---- */

/* Three probes in a row fail: 5 (2 + U) + 2 s for each of the five edges that are near the region.
 */
static double latest_of_five(double x, const void *law)
{
    (void)law;
    double u = CLAMP((x - 2) / 5 - 2, 0, 1);
    return pow(u, 5);
}

static void test_detection(void)
{
    Runs *runs = runs_with(LOST, NULL, 120);
    const double *reroute = runs_column(runs, "rto.reroute");
    const double *service = runs_column(runs, "rto.service");
    check_continuous(runs, "rto.reroute", latest_of_five, NULL);
    for (uint32_t i = 0; i < runs_count(runs); i++) {
        g_assert_cmpfloat(service[i], <=, reroute[i] + 1); /* windows of a second */
        g_assert_cmpfloat(service[i], >, reroute[i] - 2);
    }
    check_every(runs, "failover.decided", 0); /* nobody had to */
    runs_free(runs);
}

/* ---- conflicts ---- */

static void test_quiet(void)
{
    Runs *runs = runs_with(NULL, NULL, 20);
    check_every(runs, "conflicts.payment", 0);
    check_every(runs, "conflicts.account", 0); /* everybody has a home */
    check_every(runs, "effects.repeated", 0);
    check_every(runs, "effects.skipped", 0);
    check_every(runs, "effects.pending", 0);
    check_every(runs, "log.duplicated", 0);
    check_every(runs, "log.missing", 0);
    check_every(runs, "payments.resumed", 0);
    /* The mirrors copy what the other region published, once: no loop. */
    RunsMoments copied = runs_moments(runs, "mirror.copied_back");
    check_close("copied back", copied.mean, HOME * 75, copied.mean_error);
    runs_free(runs);
}

/* Drawn for each request: a user whose last commit in the other region is younger than the lag. */
static void test_accounts(void)
{
    const char *const sets[] = {"router.routing=weighted", "users.population=200", NULL};
    Runs *runs = runs_of_set(bank, sets, 60, SEED);
    double each = 100.0 / 200 / 2; /* commits of a user in one region, a second */
    double within = 1 - exp(-each * LAG);
    check_mean(runs, "conflicts.account", 100 * ((75 - LAG) * within + LAG - within / each));
    check_every(runs, "conflicts.payment", 0);
    check_every(runs, "payments.duplicated", 0);
    runs_free(runs);
}

/* ---- consumers ---- */

/* Region 1's consumers stop 10 s before it is lost: its events wait in the other region's copy. */
#define UNREAD "events=[{at: 30s, fail: consumers, target: north-india}, {at: 40s, fail: region}]"

static void test_takeover(void)
{
    Runs *runs = runs_with(UNREAD, NULL, 20);
    g_assert_cmpfloat(runs_moments(runs, "effects.pending").min, >, 200);
    runs_free(runs);
    const char *const sets[] = {UNREAD, "failover.mode=automatic",
                                "failover.steps=[{step: resume-consumers, duration: 1s}]", NULL};
    runs = runs_of_set(bank, sets, 20, SEED);
    check_every(runs, "effects.pending", 0);
    check_every(runs, "effects.skipped", 0);
    check_every(runs, "failover.decided", 1);
    g_assert_cmpfloat(runs_moments(runs, "rto.consumers").max, <, 40);
    runs_free(runs);
    const char *const nobody[] = {
        "events=[{at: 45s, fail: consumers, target: west-india}, {at: 40s, fail: region}]",
        "failover.mode=automatic", "failover.steps=[{step: resume-consumers, duration: 1s}]", NULL};
    runs = runs_of_set(bank, nobody, 4, SEED);
    for (uint32_t i = 0; i < runs_count(runs); i++)
        g_assert_true(isinf(runs_column(runs, "rto.consumers")[i])); /* they are down as well */
    runs_free(runs);
}

/* ---- utilization ---- */

/* 120 ms each on 4 servers, for 100 s; all of it in one region, or divided. */
static const char steady[] =
    "version: 1\n"
    "name: steady\n"
    "network: {local: 0s}\n"
    "users: {rate: 10/s, arrivals: regular, population: 100}\n"
    "router: {edges: 10}\n"
    "application: {servers: 4, pods: 1, service_time: 100ms, publish: no}\n"
    "database: {commit_time: 20ms}\n"
    "consumers: []\n"
    "failover: {mode: off}\n"
    "run: {duration: 100s, drain: 10s}\n";

static void test_utilization(void)
{
    for (int both = 0; both <= 1; both++) {
        const char *const sets[] = {
            both ? "regions.mode=active-active" : "regions.mode=active-passive", NULL};
        Runs *runs = runs_of_set(steady, sets, 4, SEED);
        for (uint32_t i = 0; i < runs_count(runs); i++) {
            double all = runs_column(runs, "payments.submitted")[i] * 0.12 / (4 * 100);
            double active = runs_column(runs, "utilization.active")[i];
            double passive = runs_column(runs, "utilization.passive")[i];
            g_assert_cmpfloat_with_epsilon(active + passive, all, 1e-12);
            if (both)
                g_assert_cmpfloat(passive, >, 0.3 * all);
            else
                g_assert_cmpfloat(passive, ==, 0);
        }
        runs_free(runs);
    }
}

/* A crash ends what was being worked on: 60 s at most were anybody's work. */
static void test_utilization_ends_with_a_crash(void)
{
    const char *const sets[] = {"events=[{at: 60s, fail: region}]", "users.timeout=1s",
                                "users.retry.max=0", NULL};
    Runs *runs = runs_of_set(steady, sets, 4, SEED);
    for (uint32_t i = 0; i < runs_count(runs); i++)
        g_assert_cmpfloat_with_epsilon(runs_column(runs, "utilization.active")[i], 600 * 0.12 / 400,
                                       2 * 0.12 / 400);
    check_every(runs, "faults.fired", runs_column(runs, "faults.fired")[0]);
    runs_free(runs);
}

/* ---- what contradicts it ---- */

static void test_contradictions(void)
{
    static const char *const wrong[] = {
        "router.failover=runbook",
        "application.standby.mode=no-nodes",
        "configuration.endpoints=active",
        "database.kind=azure-sql",
        "database.kind=postgresql",
        "database.replication.mode=sync",
        "database.replication.mode=none",
        "database.replication.max_records=10",
        "mirror.policy=identity",
        "failover.mode=automatic", /* with the default runbook */
        "events=[{at: 5s, fail: switchover}]",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        const char *sets[] = {wrong[i]};
        DiagList diags;
        diag_list_init(&diags);
        Scenario *scenario = scenario_read("t.yaml", bank, strlen(bank), sets, 1, &diags);
        g_test_message("%s", wrong[i]);
        g_assert_null(scenario);
        g_assert_cmpuint(diags.errors, ==, 1);
        scenario_free(scenario);
        diag_list_clear(&diags);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/active-active/loss", test_loss);
    g_test_add_func("/active-active/return", test_return);
    g_test_add_func("/active-active/comes-home", test_comes_home);
    g_test_add_func("/active-active/return-without-keys", test_return_without_keys);
    g_test_add_func("/active-active/other-region", test_other_region);
    g_test_add_func("/active-active/partition", test_partition);
    g_test_add_func("/active-active/detection", test_detection);
    g_test_add_func("/active-active/quiet", test_quiet);
    g_test_add_func("/active-active/accounts", test_accounts);
    g_test_add_func("/active-active/takeover", test_takeover);
    g_test_add_func("/active-active/utilization", test_utilization);
    g_test_add_func("/active-active/utilization-crash", test_utilization_ends_with_a_crash);
    g_test_add_func("/active-active/contradictions", test_contradictions);
    return g_test_run();
}
