/* What holds in every scenario, tried on random ones (tests/support/generate.h), and what a run is:
 * a pure function of scenario, seed and number, whatever else goes on in the process.
 *
 * A law that fails prints the scenario's number and its text. FAILSIM_TEST_QUICK=1 divides the
 * number of scenarios by 8.
 */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "models/platform.h"
#include "sim/experiment.h"
#include "tests/support/generate.h"

#define SEED 20240611

enum { FAILURES_SHOWN = 3 };

/* ---- running ---- */

/* Metric values of one run, and behind them: was it readable, was it the same again? */
#define ROW_READ  (platform_metrics.count)
#define ROW_AGAIN (platform_metrics.count + 1)
#define ROW_SIZE  (platform_metrics.count + 2)

static size_t metric_index(const char *name)
{
    for (size_t i = 0; i < platform_metrics.count; i++)
        if (strcmp(platform_metrics.specs[i].name, name) == 0)
            return i;
    g_error("there is no metric %s", name);
}

static double metric(const double *row, const char *name)
{
    return row[metric_index(name)];
}

/* What a thread simulates at the moment: shown if the simulator aborts. */
static GPrivate running = G_PRIVATE_INIT(NULL);

static void show_running(const char *domain, GLogLevelFlags level, const char *message,
                         gpointer data)
{
    const char *text = g_private_get(&running);
    if (level & G_LOG_FLAG_FATAL && text)
        g_printerr("While this scenario ran:\n%s\n", text);
    g_log_default_handler(domain, level, message, data);
}

static Scenario *read_scenario(const char *text, const char *const *sets, char **problem)
{
    size_t set_count = sets ? g_strv_length((char **)sets) : 0;
    DiagList diags;
    diag_list_init(&diags);
    Scenario *scenario = scenario_read("random.yaml", text, strlen(text), sets, set_count, &diags);
    for (guint i = 0; !scenario && problem && !*problem && i < diags.items->len; i++) {
        const Diag *diag = g_ptr_array_index(diags.items, i);
        if (diag->level == DIAG_ERROR)
            *problem = diag_format(diag, false);
    }
    diag_list_clear(&diags);
    return scenario;
}

static bool same_values(const double *a, const double *b)
{
    return memcmp(a, b, platform_metrics.count * sizeof *a) == 0;
}

/* A law: random scenarios under some settings, and what must be true of each. */
typedef struct Law {
    const char *name;
    const char *const *sets; /* over the scenario's text; may be NULL */
    uint32_t count;
    void (*judge)(const double *row, GString *wrong); /* appends what is wrong */
    const char *fires; /* a metric that is above 0 in half the runs at least; NULL: any */
} Law;

/* An ExperimentRun: the replication is the scenario's number. Each runs twice. */
static uint64_t run_random(const void *model, uint64_t seed, uint32_t number, double *row)
{
    const Law *law = model;
    char *text = generate_scenario(seed, number);
    Scenario *scenario = read_scenario(text, law->sets, NULL);
    uint64_t fingerprint = 0;
    row[ROW_READ] = scenario != NULL;
    if (scenario) {
        double *again = g_new(double, platform_metrics.count);
        g_private_set(&running, text);
        fingerprint = platform_run(scenario, seed, number, row, NULL);
        bool same = fingerprint == platform_run(scenario, seed, number, again, NULL);
        row[ROW_AGAIN] = same && same_values(row, again);
        g_private_set(&running, NULL);
        g_free(again);
    }
    scenario_free(scenario);
    g_free(text);
    return fingerprint;
}

static bool quick(void)
{
    const char *value = g_getenv("FAILSIM_TEST_QUICK");
    return value && strcmp(value, "1") == 0;
}

static ExperimentResult run_law(const Law *law)
{
    ExperimentResult result;
    const Experiment experiment = {.run = run_random,
                                   .model = law,
                                   .seed = SEED,
                                   .replications = quick() ? law->count / 8 : law->count,
                                   .threads = 2,
                                   .metric_count = ROW_SIZE};
    experiment_run(&experiment, &result);
    return result;
}

static void show_failure(const Law *law, uint32_t number, const char *wrong)
{
    char *text = generate_scenario(SEED, number);
    g_test_message("%s: scenario %u of seed %d: %s", law->name, number, SEED, wrong);
    for (size_t i = 0; law->sets && law->sets[i]; i++)
        g_test_message("--set '%s'", law->sets[i]);
    g_test_message("%s", text);
    g_free(text);
}

static void judge_row(const Law *law, uint32_t number, const double *row, GString *wrong)
{
    if (row[ROW_READ] == 0) {
        char *text = generate_scenario(SEED, number), *problem = NULL;
        read_scenario(text, law->sets, &problem);
        g_string_append(wrong, problem);
        g_free(problem);
        g_free(text);
        return;
    }
    if (row[ROW_AGAIN] == 0)
        g_string_append(wrong, "a second run differs; ");
    law->judge(row, wrong);
}

static void check_law(const Law *law, const ExperimentResult *result)
{
    uint32_t failures = 0;
    GString *wrong = g_string_new(NULL);
    for (uint32_t i = 0; i < result->replications; i++) {
        g_string_truncate(wrong, 0);
        judge_row(law, i, result->values + i * result->metric_count, wrong);
        if (wrong->len > 0 && failures++ < FAILURES_SHOWN)
            show_failure(law, i, wrong->str);
    }
    g_string_free(wrong, TRUE);
    g_assert_cmpuint(failures, ==, 0);
}

/* Runs in which the metric is a number above 0. */
static uint32_t seen_in(const ExperimentResult *result, const char *name)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < result->replications; i++) {
        double value = metric(result->values + i * result->metric_count, name);
        seen += isfinite(value) && value > 0;
    }
    g_test_message("%s is above 0 in %u of %u scenarios", name, seen, result->replications);
    return seen;
}

static void test_law(gconstpointer data)
{
    const Law *law = data;
    ExperimentResult result = run_law(law);
    check_law(law, &result);
    if (law->fires)
        g_assert_cmpuint(2 * seen_in(&result, law->fires), >=, result.replications);
    experiment_result_clear(&result);
}

/* ---- the laws ---- */

static void want_zero(const double *row, const char *const *names, GString *wrong)
{
    for (; *names; names++)
        if (metric(row, *names) != 0)
            g_string_append_printf(wrong, "%s is %g; ", *names, metric(row, *names));
}

static void want(bool holds, const char *what, GString *wrong)
{
    if (!holds)
        g_string_append_printf(wrong, "not so: %s; ", what);
}
#define WANT(condition, wrong) want(condition, #condition, wrong)

static void judge_range(const double *row, GString *wrong)
{
    for (size_t i = 0; i < platform_metrics.count; i++)
        if (!isnan(row[i]) && !(row[i] >= 0))
            g_string_append_printf(wrong, "%s is %g; ", platform_metrics.specs[i].name, row[i]);
}

static void judge_fates(const double *row, GString *wrong)
{
    double sum = 0;
    for (int f = 0; f < FATES; f++) {
        char *name = g_strdup_printf("payments.%s", fate_name[f]);
        sum += metric(row, name);
        g_free(name);
    }
    WANT(sum == metric(row, "payments.submitted"), wrong);
    WANT(metric(row, "payments.attempts") >= metric(row, "payments.submitted"), wrong);
}

/* What one metric says of another. */
static void judge_agreement(const double *row, GString *wrong)
{
    double service = metric(row, "rto.service"), recovered = metric(row, "recovered");
    double rpo = metric(row, "rpo.seconds");
    WANT(isnan(service) ? isnan(recovered) : recovered == (isfinite(service) ? 1 : 0), wrong);
    WANT(!isnan(rpo) || (isnan(service) && metric(row, "payments.lost") == 0), wrong);
    WANT(!(rpo > 0) || metric(row, "payments.lost") > 0, wrong);
    WANT(metric(row, "payments.logged_only") <= metric(row, "payments.lost"), wrong);
    WANT(!(metric(row, "payments.lost_synced") > metric(row, "payments.lost")), wrong);
    WANT(!(metric(row, "latency.p50") > metric(row, "latency.p99")), wrong);
    WANT(!(metric(row, "latency.p99") > metric(row, "latency.max")), wrong);
    WANT(!(metric(row, "interruption.p95") > metric(row, "interruption.max")) ||
             metric(row, "interruption.open") > 0,
         wrong); /* who is still interrupted counts as longest, in the one alone */
    WANT(!(metric(row, "database.unreplicated") > metric(row, "database.backlog")), wrong);
    WANT(metric(row, "failover.decided") == 0 || metric(row, "failover.planned") == 1 ||
             isfinite(metric(row, "failover.alarm")),
         wrong);
    WANT(metric(row, "failover.decided") == 1 || isnan(metric(row, "rto.promote")), wrong);
    WANT(metric(row, "log.duplicated") <= metric(row, "payments.submitted"), wrong);
    WANT(metric(row, "log.missing") <= metric(row, "payments.submitted"), wrong);
}

/* Of what comes after the failover: NAN where nobody reconciles or goes home. */
static void judge_aftermath(const double *row, GString *wrong)
{
    double recovered = metric(row, "reconciliation.recovered");
    WANT(!(recovered > metric(row, "payments.lost")), wrong);
    WANT(!(recovered > metric(row, "reconciliation.cases")), wrong);
    WANT(!(metric(row, "reconciliation.open") > metric(row, "reconciliation.queue")), wrong);
    WANT(!(metric(row, "reconciliation.queue") > metric(row, "reconciliation.cases")), wrong);
    WANT(!(metric(row, "reconciliation.doubled") > metric(row, "reconciliation.cases")), wrong);
    WANT(!(metric(row, "database.recoverable") > metric(row, "payments.lost")), wrong);
    WANT(!(metric(row, "database.recoverable") > metric(row, "database.orphaned")), wrong);
    WANT(!(metric(row, "failback.decided") > metric(row, "failover.decided")), wrong);
    WANT(isnan(metric(row, "failback.seconds")) || metric(row, "failback.decided") == 1, wrong);
}

static void judge_any(const double *row, GString *wrong)
{
    judge_range(row, wrong);
    judge_fates(row, wrong);
    judge_agreement(row, wrong);
    judge_aftermath(row, wrong);
}

static const Law any = {"any scenario", NULL, 1000, judge_any, NULL};

/* A promise, which is kept, and two that need a retry to meet its own orphan: each has tests of its
 * own. */
static bool seldom(const char *metric_name)
{
    static const char *const names[] = {"payments.lost_synced", "database.conflicts",
                                        "reconciliation.doubled"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], metric_name) == 0)
            return true;
    return false;
}

/* Every metric shows something somewhere: the generator reaches all of the platform. */
static void test_any(void)
{
    ExperimentResult result = run_law(&any);
    check_law(&any, &result);
    for (size_t m = 0; m < platform_metrics.count; m++) {
        const char *name = platform_metrics.specs[m].name;
        uint32_t seen = seen_in(&result, name);
        if (!quick() && !seldom(name))
            g_assert_cmpuint(seen, >, 0);
    }
    experiment_result_clear(&result);
}

/* Nothing fails, and nobody loses patience: then nothing happens to any payment. */
static const char *const quiet_sets[] = {"events=[]",
                                         "readiness.strategy=no-subscription",
                                         "producer.buffer_records=32768",
                                         "producer.request_timeout=30s",
                                         "producer.transaction_timeout=15m",
                                         "users.cast=[]",
                                         "users.timeout=1h",
                                         "application.timeout=1h",
                                         "application.queue=unlimited",
                                         "application.servers=100000",
                                         "network.edge=5ms",
                                         "router.probe.false_alarm=0%",
                                         "router.routing=priority",
                                         "users.misrouted=0%",
                                         "users.patience=0s",
                                         "users.channels=[]",
                                         "failover.hosted=elsewhere",
                                         "failover.probe.false_alarm=0%",
                                         "run.drain=10m",
                                         NULL};

static void judge_quiet(const double *row, GString *wrong)
{
    static const char *const zero[] = {
        "payments.resumed",   "payments.lost",        "payments.duplicated",
        "payments.in_doubt",  "payments.interrupted", "payments.rejected",
        "log.missing",        "log.phantom",          "log.duplicated",
        "log.lost",           "effects.repeated",     "effects.suppressed",
        "effects.skipped",    "failover.decided",     "faults.fired",
        "interruption.users", "interruption.open",    NULL};
    static const char *const none[] = {"rpo.seconds", "rto.service",    "rto.detect",
                                       "rto.promote", "failover.alarm", "recovered"};
    want_zero(row, zero, wrong);
    for (size_t i = 0; i < G_N_ELEMENTS(none); i++)
        if (!isnan(metric(row, none[i])))
            g_string_append_printf(wrong, "%s is %g; ", none[i], metric(row, none[i]));
}

/* A promotion waits for the fence, whose word reaches the primary before the promotion is over. */
#define FENCE_FIRST                                                                                \
    "failover.steps=[{step: fence, duration: 100ms}, "                                             \
    "{step: promote-database, duration: 500ms, after: [fence]}, "                                  \
    "{step: switch-kafka, duration: 1s}, {step: resume-consumers, duration: 1s}, "                 \
    "{step: reroute, duration: 2s, after: [promote-database]}]"

/* Seeded if it must be, drained, and nothing overtakes. */
#define HOME_STEPS                                                                                 \
    "failback.steps=[{step: seed-database, duration: 1s}, {step: rejoin-kafka, duration: 100ms}, " \
    "{step: rejoin-consumers, duration: 100ms}, "                                                  \
    "{step: start-mirror, duration: 100ms, after: [rejoin-kafka, rejoin-consumers]}, "             \
    "{step: await-database, duration: 0s, after: [seed-database]}, "                               \
    "{step: stop-consumers, duration: 100ms, after: [await-database, start-mirror]}, "             \
    "{step: promote-database, duration: 500ms, after: [await-database]}, "                         \
    "{step: demote-kafka, duration: 100ms, after: [stop-consumers]}, "                             \
    "{step: switch-kafka, duration: 1s, after: [demote-kafka]}, "                                  \
    "{step: resume-consumers, duration: 100ms, after: [switch-kafka]}, "                           \
    "{step: reroute, duration: 1s, after: [promote-database]}, "                                   \
    "{step: reverse-mirror, duration: 100ms, after: [switch-kafka]}, "                             \
    "{step: reconcile, duration: 1s, after: [promote-database]}]"

static const char *const sync_sets[] = {"regions.mode=active-passive",
                                        "database.kind=custom",
                                        "database.replication.sync_share=0%",
                                        "database.replication.mode=sync",
                                        "database.replication.confirm=flushed",
                                        FENCE_FIRST,
                                        "network.management=5ms",
                                        NULL};
/* As the standby applies it, or the service whose consistency is strong. */
static const char *const applied_sets[] = {"regions.mode=active-passive",
                                           "database.kind=custom",
                                           "database.replication.sync_share=0%",
                                           "database.replication.mode=sync",
                                           "database.replication.confirm=applied",
                                           FENCE_FIRST,
                                           "network.management=5ms",
                                           NULL};
/* A relay's marks are records that no bound holds back. */
static const char *const bounded_sets[] = {"regions.mode=active-passive",
                                           "database.kind=custom",
                                           "database.replication.mode=async",
                                           "database.replication.max_records=20",
                                           "application.write=database-first",
                                           FENCE_FIRST,
                                           NULL};
/* Nothing fails, and the roles change. */
static const char *const switched_sets[] = {
    "regions.mode=active-passive",
    "events=[{at: 20s, fail: switchover}]",
    "failover.hold=1h",
    "failover.mode=automatic",
    "failover.probe.false_alarm=0%",
    "network.edge=5ms",
    "failover.steps=[{step: promote-database, duration: 500ms}, "
    "{step: switch-kafka, duration: 1s, after: [promote-database]}, "
    "{step: reroute, duration: 2s, after: [promote-database]}]",
    NULL};
/* As switched_sets, and home again. */
static const char *const drill_sets[] = {
    "regions.mode=active-passive",
    "events=[{at: 20s, fail: switchover}]",
    "failover.hold=1h",
    "failover.mode=automatic",
    "failover.step_retry=5s",
    "failover.probe.false_alarm=0%",
    "failover.probe.miss=0%",
    "failover.probe.interval=1s",
    "failover.probe.timeout=500ms",
    "network.edge=5ms",
    "failover.steps=[{step: stop-consumers, duration: 100ms}, "
    "{step: demote-kafka, duration: 100ms, after: [stop-consumers]}, "
    "{step: promote-database, duration: 500ms}, "
    "{step: switch-kafka, duration: 1s, after: [promote-database, demote-kafka]}, "
    "{step: reverse-mirror, duration: 100ms, after: [switch-kafka]}, "
    "{step: resume-consumers, duration: 100ms, after: [switch-kafka]}, "
    "{step: reroute, duration: 2s, after: [promote-database]}]",
    "failback.mode=automatic",
    "failback.hold=5s",
    HOME_STEPS,
    NULL};
/* Everything is fenced and confirmed, the first region comes back, is seeded, and serves again. */
static const char *const home_sets[] = {"regions.mode=active-passive",
                                        "events=[{at: 15s, fail: region, for: 10s}]",
                                        "database.kind=custom",
                                        "database.replication.sync_share=0%",
                                        "database.replication.mode=sync",
                                        "database.replication.confirm=flushed",
                                        "database.size=0.01",
                                        "database.seeding_rate=1000",
                                        "failover.mode=automatic",
                                        "failover.detect=probes",
                                        "failover.hosted=elsewhere",
                                        "failover.hold=100ms",
                                        "failover.cancel=no",
                                        "failover.step_retry=5s",
                                        "failover.probe.interval=1s",
                                        "failover.probe.timeout=500ms",
                                        FENCE_FIRST,
                                        "network.management=5ms",
                                        "failback.mode=automatic",
                                        "failback.hold=5s",
                                        HOME_STEPS,
                                        NULL};
static const char *const keyed_sets[] = {"users.idempotency_keys=yes", "users.channels=[]", NULL};
static const char *const silent_sets[] = {"application.publish=no", NULL};
static const char *const alone_sets[] = {"consumers=[]", NULL};
static const char *const drained_sets[] = {"application.shared_sessions=yes", "run.drain=10m",
                                           NULL};

/* But for those that an application only logged. */
static void judge_sync(const double *row, GString *wrong)
{
    WANT(metric(row, "payments.lost") == metric(row, "payments.logged_only"), wrong);
}

/* Nothing has failed, so nothing is an orphan either. */
static void judge_drill(const double *row, GString *wrong)
{
    judge_sync(row, wrong);
    judge_aftermath(row, wrong);
    WANT(metric(row, "database.orphaned") == 0, wrong);
}

static void judge_home(const double *row, GString *wrong)
{
    judge_sync(row, wrong);
    judge_aftermath(row, wrong);
}

static void judge_bounded(const double *row, GString *wrong)
{
    WANT(metric(row, "database.backlog") <= 20, wrong);
}

static void judge_keyed(const double *row, GString *wrong)
{
    static const char *const zero[] = {"payments.duplicated", NULL};
    want_zero(row, zero, wrong);
}

static void judge_silent(const double *row, GString *wrong)
{
    static const char *const zero[] = {"log.missing",     "log.phantom",      "log.duplicated",
                                       "log.lost",        "effects.repeated", "effects.suppressed",
                                       "effects.skipped", "effects.pending",  NULL};
    want_zero(row, zero, wrong);
}

static void judge_alone(const double *row, GString *wrong)
{
    static const char *const zero[] = {"effects.repeated", "effects.suppressed", "effects.skipped",
                                       "effects.pending", NULL};
    want_zero(row, zero, wrong);
}

/* Nine attempts of 10 s with waits of 60 s end in ten minutes. */
static void judge_drained(const double *row, GString *wrong)
{
    static const char *const zero[] = {"payments.pending", NULL};
    want_zero(row, zero, wrong);
}

static const Law laws[] = {
    {"nothing fails", quiet_sets, 100, judge_quiet, NULL},
    {"sync and fenced: nothing is lost", sync_sets, 200, judge_sync, NULL},
    {"applied and fenced: nothing is lost", applied_sets, 100, judge_sync, NULL},
    {"bounded staleness", bounded_sets, 100, judge_bounded, NULL},
    {"planned switchover: nothing is lost", switched_sets, 100, judge_sync, NULL},
    {"there and home by plan: nothing is lost", drill_sets, 200, judge_drill, "failback.seconds"},
    {"sync, fenced, seeded, home: nothing is lost", home_sets, 200, judge_home, "failback.seconds"},
    {"keys: nothing is duplicated", keyed_sets, 200, judge_keyed, NULL},
    {"no events, no consequences", silent_sets, 100, judge_silent, NULL},
    {"no consumers, no effects", alone_sets, 100, judge_alone, NULL},
    {"long drain: nothing is pending", drained_sets, 100, judge_drained, NULL},
};

/* ---- a run is a pure function ---- */

enum { PURE_SCENARIOS = 6, PURE_RUNS = 4 };

typedef struct Pure {
    Scenario *scenario[PURE_SCENARIOS];
    double *alone[PURE_SCENARIOS]; /* values of replications 0 .. PURE_RUNS-1 */
    uint64_t fingerprint[PURE_SCENARIOS][PURE_RUNS];
} Pure;

static Scenario *random_scenario(uint32_t number)
{
    char *text = generate_scenario(SEED, number);
    Scenario *scenario = read_scenario(text, NULL, NULL);
    g_free(text);
    g_assert_nonnull(scenario);
    return scenario;
}

static void pure_init(Pure *pure)
{
    for (uint32_t s = 0; s < PURE_SCENARIOS; s++) {
        pure->scenario[s] = random_scenario(s);
        pure->alone[s] = g_new(double, PURE_RUNS *platform_metrics.count);
        for (uint32_t r = 0; r < PURE_RUNS; r++)
            pure->fingerprint[s][r] = platform_run(
                pure->scenario[s], SEED, r, pure->alone[s] + r * platform_metrics.count, NULL);
    }
}

static void pure_clear(Pure *pure)
{
    for (uint32_t s = 0; s < PURE_SCENARIOS; s++) {
        scenario_free(pure->scenario[s]);
        g_free(pure->alone[s]);
    }
}

/* How often scenario s, replication r differs from when it ran alone: 0 or 1. */
static uint32_t differs(const Pure *pure, uint32_t s, uint32_t r, RunDetail *detail)
{
    double *values = g_new(double, platform_metrics.count);
    uint64_t fingerprint = platform_run(pure->scenario[s], SEED, r, values, detail);
    bool same = fingerprint == pure->fingerprint[s][r] &&
                same_values(values, pure->alone[s] + r * platform_metrics.count);
    g_free(values);
    return !same;
}

/* One of two that run at once, over different scenarios in different order. */
typedef struct Runner {
    const Pure *pure;
    bool backwards;
    uint32_t differing;
} Runner;

static gpointer run_all(gpointer data)
{
    Runner *runner = data;
    for (uint32_t i = 0; i < PURE_SCENARIOS * PURE_RUNS; i++) {
        uint32_t n = runner->backwards ? PURE_SCENARIOS * PURE_RUNS - 1 - i : i;
        runner->differing += differs(runner->pure, n / PURE_RUNS, n % PURE_RUNS, NULL);
    }
    return NULL;
}

static void test_two_at_once(void)
{
    Pure pure;
    pure_init(&pure);
    Runner forth = {&pure, false, 0}, back = {&pure, true, 0};
    GThread *thread = g_thread_new("back", run_all, &back);
    run_all(&forth);
    g_thread_join(thread);
    g_assert_cmpuint(forth.differing, ==, 0);
    g_assert_cmpuint(back.differing, ==, 0);
    for (uint32_t s = 1; s < PURE_SCENARIOS; s++) { /* other inputs do give other runs */
        g_assert_cmphex(pure.fingerprint[s][0], !=, pure.fingerprint[s - 1][0]);
        g_assert_cmphex(pure.fingerprint[s][0], !=, pure.fingerprint[s][1]);
    }
    pure_clear(&pure);
}

/* A, B, A again; and listening to the story changes nothing. */
static void test_one_after_another(void)
{
    Pure pure;
    pure_init(&pure);
    for (uint32_t s = 0; s < PURE_SCENARIOS; s++) {
        RunDetail detail = {.outage_at = SIM_NEVER};
        g_assert_cmpuint(differs(&pure, s, 0, NULL), ==, 0);
        g_assert_cmpuint(differs(&pure, (s + 1) % PURE_SCENARIOS, 1, NULL), ==, 0);
        g_assert_cmpuint(differs(&pure, s, 0, &detail), ==, 0);
        run_detail_clear(&detail);
    }
    pure_clear(&pure);
}

static uint64_t run_one(const void *model, uint64_t seed, uint32_t replication, double *values)
{
    return platform_run(model, seed, replication, values, NULL);
}

static void test_threads(void)
{
    static const uint32_t threads[] = {1, 2, 3, 7, 16};
    enum { REPLICATIONS = 24 };
    Scenario *scenario = random_scenario(0);
    ExperimentResult first = {0}, result;
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        const Experiment experiment = {.run = run_one,
                                       .model = scenario,
                                       .seed = SEED,
                                       .replications = REPLICATIONS,
                                       .threads = threads[i],
                                       .metric_count = platform_metrics.count};
        experiment_run(&experiment, i == 0 ? &first : &result);
        if (i == 0)
            continue;
        size_t bytes = REPLICATIONS * platform_metrics.count * sizeof(double);
        g_assert_true(memcmp(first.values, result.values, bytes) == 0);
        g_assert_cmphex(first.fingerprint, ==, result.fingerprint);
        experiment_result_clear(&result);
    }
    experiment_result_clear(&first);
    scenario_free(scenario);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_log_set_default_handler(show_running, NULL);
    g_test_add_func("/invariants/any", test_any);
    for (size_t i = 0; i < G_N_ELEMENTS(laws); i++) {
        char *path = g_strdup_printf("/invariants/%s", laws[i].name);
        g_test_add_data_func(path, &laws[i], test_law);
        g_free(path);
    }
    g_test_add_func("/invariants/two-at-once", test_two_at_once);
    g_test_add_func("/invariants/one-after-another", test_one_after_another);
    g_test_add_func("/invariants/threads", test_threads);
    return g_test_run();
}
