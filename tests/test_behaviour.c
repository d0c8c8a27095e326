/* What single keys and faults do to a payment: the same drill with one thing changed, compared run
 * by run on the same seed. Exact where the model promises it, so that no tolerance hides a change.
 * FAILSIM_TEST_QUICK=1 takes fewer runs.
 */
#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/support/runs.h"

#define SEED 7

enum { RUNS = 8, QUICK_RUNS = 3 };

/* A drill of seconds instead of minutes: the region dies at 60 s; runs end at 300 s. */
static const char drill[] =
    "version: 1\n"
    "name: short drill\n"
    "users:\n"
    "  rate: 50/s\n"
    "  population: 500\n"
    "  timeout: 3s\n"
    "  retry: {max: 8, backoff: 500ms, backoff_max: 10s}\n"
    "  reauth: 2s\n"
    "router: {edges: 3, probe: {interval: 5s, timeout: 2s, samples: 2, required: 1}}\n"
    "application: {service_time: 5ms, timeout: 2s}\n"
    "database: {replication: {lag: {lognormal: {median: 500ms, p99: 2s}}}}\n"
    "mirror:\n"
    "  latency: {lognormal: {median: 500ms, p99: 2s}}\n"
    "  offset_flush_interval: 10s\n"
    "  checkpoints: {interval: 5s}\n"
    "  sync_group_offsets: {enabled: yes, interval: 5s}\n"
    "consumers: [{name: fraud, start: earliest}]\n"
    "failover:\n"
    "  mode: automatic\n"
    "  probe: {interval: 3s, timeout: 1s, samples: 2}\n"
    "  hold: 5s\n"
    "  step_retry: 5s\n"
    "  steps:\n"
    "    - {step: fence, duration: 1s}\n"
    "    - {step: promote-database, duration: 5s, after: [fence]}\n"
    "    - {step: switch-kafka, duration: 3s}\n"
    "    - {step: resume-consumers, duration: 4s, after: [promote-database, switch-kafka]}\n"
    "    - {step: reroute, duration: 1s, after: [promote-database, switch-kafka]}\n"
    "events: [{at: 60s, fail: region}]\n"
    "run: {duration: 3m, drain: 2m}\n";

#define NO_EVENTS "events=[]"
#define RETURNS   "events=[{at: 60s, fail: region, for: 60s}]"

#define STEP_FENCE   "{step: fence, duration: 1s}"
#define STEP_PROMOTE "{step: promote-database, duration: 5s, after: [fence]}"
#define STEP_KAFKA   "{step: switch-kafka, duration: 3s}"
#define STEP_CONSUME "{step: resume-consumers, duration: 4s, after: [switch-kafka]}"
#define STEPS(...)   "failover.steps=[" __VA_ARGS__ "]"
#define NO_REROUTE   STEPS(STEP_FENCE ", " STEP_PROMOTE ", " STEP_KAFKA ", " STEP_CONSUME)
#define UNFENCED     STEPS("{step: promote-database, duration: 5s}, " STEP_KAFKA ", " STEP_CONSUME)

/* ---- runs and sums ---- */

static Runs *drill_with(const char *const *sets)
{
    const char *quick = g_getenv("FAILSIM_TEST_QUICK");
    uint32_t count = quick && *quick == '1' ? QUICK_RUNS : RUNS;
    return runs_of_set(drill, sets, count, SEED);
}
#define DRILL(...) drill_with((const char *const[]){__VA_ARGS__, NULL})

static double total(Runs *runs, const char *metric)
{
    const double *values = runs_column(runs, metric);
    double sum = 0;
    for (uint32_t i = 0; i < runs_count(runs); i++)
        if (!isnan(values[i]))
            sum += values[i];
    return sum;
}

/* In every run at least as much, and in some more. */
static void check_more(Runs *runs, Runs *base, const char *metric)
{
    const double *more = runs_column(runs, metric), *less = runs_column(base, metric);
    bool somewhere = false;
    for (uint32_t i = 0; i < runs_count(runs); i++) {
        g_assert_false(more[i] < less[i]);
        somewhere = somewhere || more[i] > less[i] || (isnan(less[i]) && !isnan(more[i]));
    }
    if (!somewhere)
        g_test_message("%s does not rise from %g", metric, total(base, metric));
    g_assert_true(somewhere);
}

static void check_same(Runs *a, Runs *b, const char *metric)
{
    for (uint32_t i = 0; i < runs_count(a); i++)
        g_assert_cmpfloat(runs_column(a, metric)[i], ==, runs_column(b, metric)[i]);
}

/* Above 0 in every run. */
static void check_some(Runs *runs, const char *metric)
{
    for (uint32_t i = 0; i < runs_count(runs); i++)
        g_assert_cmpfloat(runs_column(runs, metric)[i], >, 0);
}

/* ---- faults ---- */

typedef struct FaultCase {
    const char *name, *without, *with, *metric; /* what rises */
} FaultCase;

#define REGION "{at: 60s, fail: region}"

static const FaultCase fault_cases[] = {
    {"region", "[]", "[" REGION "]", "payments.resumed"},
    {"region, passive", "[]", "[{at: 60s, fail: region, target: west-india, for: 20s}]",
     "database.backlog"},
    {"application", "[]", "[{at: 60s, fail: application, for: 20s}]", "interruption.users"},
    {"application, passive", "[" REGION "]",
     "[" REGION ", {at: 60s, fail: application, target: west-india, for: 60s}]", "rto.service"},
    {"database", "[]", "[{at: 60s, fail: database, for: 20s}]", "interruption.users"},
    {"database, passive", "[" REGION "]",
     "[" REGION ", {at: 60s, fail: database, target: west-india, for: 60s}]", "rto.promote"},
    {"kafka", "[]", "[{at: 60s, fail: kafka, for: 20s}]", "log.missing"},
    {"kafka, passive", "[" REGION "]",
     "[" REGION ", {at: 60s, fail: kafka, target: west-india, for: 60s}]", "rto.kafka"},
    {"consumers", "[]", "[{at: 60s, fail: consumers, for: 10s}]", "effects.repeated"},
    {"consumers, passive", "[" REGION "]",
     "[" REGION ", {at: 60s, fail: consumers, target: west-india, for: 60s}]", "rto.resume"},
    {"link", "[]", "[{at: 60s, fail: link, for: 20s}]", "database.catchup"},
    {"link, out", "[]", "[{at: 60s, fail: link, target: out, for: 20s}]", "database.catchup"},
    {"link, back", "[" REGION "]", "[{at: 40s, fail: link, target: back}, " REGION "]", "log.lost"},
    {"mirror", "[" REGION "]", "[{at: 40s, fail: mirror, for: 1s}, " REGION "]", "log.duplicated"},
    {"mirror, for good", "[" REGION "]", "[{at: 40s, fail: mirror}, " REGION "]", "log.lost"},
    {"router", "[]", "[{at: 60s, fail: router, for: 20s}]", "interruption.users"},
    {"control-plane", "[" REGION "]", "[{at: 60s, fail: control-plane, for: 60s}, " REGION "]",
     "rto.fence"},
    {"monitor", "[" REGION "]", "[{at: 50s, fail: monitor, for: 60s}, " REGION "]", "rto.detect"},
};

static void test_fault(gconstpointer data)
{
    const FaultCase *fault = data;
    char *without = g_strconcat("events=", fault->without, NULL);
    char *with = g_strconcat("events=", fault->with, NULL);
    Runs *base = DRILL(without), *runs = DRILL(with);
    check_more(runs, base, "faults.fired");
    check_more(runs, base, fault->metric);
    runs_free(base);
    runs_free(runs);
    g_free(without);
    g_free(with);
}

/* Every way back: 60 s after a short fault, the copies have caught up and a region may die. */
static void test_catch_up(void)
{
    static const char *const faults[] = {"link",
                                         "link, target: out",
                                         "link, target: back",
                                         "mirror",
                                         "kafka",
                                         "kafka, target: west-india",
                                         "database, target: west-india",
                                         "region, target: west-india"};
    Runs *calm = DRILL("events=[{at: 90s, fail: region}]");
    double rows = total(calm, "payments.lost"), events = total(calm, "log.lost");
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        char *set = g_strdup_printf(
            "events=[{at: 25s, fail: %s, for: 5s}, {at: 90s, fail: region}]", faults[i]);
        Runs *runs = DRILL(set, "application.republish=yes");
        g_test_message("%s: lost %g rows and %g events, without %g and %g", faults[i],
                       total(runs, "payments.lost"), total(runs, "log.lost"), rows, events);
        g_assert_cmpfloat(total(runs, "payments.lost"), <=, 1.5 * rows + 10);
        g_assert_cmpfloat(total(runs, "log.lost"), <=, 1.5 * events + 10);
        runs_free(runs);
        g_free(set);
    }
    runs_free(calm);
}

/* ---- loss ---- */

static void check_rising(const char *format, const char *more, const char *metric)
{
    static const char *const lags[] = {"0s", "100ms", "1s", "3s", "15s"};
    Runs *before = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(lags); i++) {
        char *set = g_strdup_printf("%s=%s", format, lags[i]);
        Runs *runs = DRILL(set, more);
        if (before)
            check_more(runs, before, metric);
        runs_free(before);
        before = runs;
        g_free(set);
    }
    runs_free(before);
}

static void test_lag(void)
{
    check_rising("database.replication.lag", "users.idempotency_keys=yes", "payments.lost");
    check_rising("database.replication.lag", "users.idempotency_keys=no", "payments.lost");
    check_rising("database.replication.lag", "database.replication.order=none", "payments.lost");
    check_rising("mirror.latency", "mirror.runs_in=active", "log.lost");
}

/* In the passive region a batch that was polled before the outage is written all the same. */
static void test_mirror_location(void)
{
    Runs *there = DRILL("mirror.runs_in=passive", "mirror.latency=1s");
    Runs *here = DRILL("mirror.runs_in=active", "mirror.latency=1s");
    check_more(here, there, "log.lost");
    runs_free(there);
    runs_free(here);
}

static void test_sync(void)
{
    static const char *const events[] = {
        "events=[" REGION "]", RETURNS, "events=[{at: 50s, fail: link}, " REGION "]",
        "events=[{at: 50s, fail: link, for: 5s}, " REGION "]",
        "events=[{at: 59s, fail: database, target: west-india, for: 3s}, " REGION "]"};
    static const char *const keys[] = {"users.idempotency_keys=yes", "users.idempotency_keys=no"};
    for (size_t e = 0; e < G_N_ELEMENTS(events); e++)
        for (size_t k = 0; k < G_N_ELEMENTS(keys); k++) {
            Runs *sync = DRILL("database.replication.mode=sync", events[e], keys[k]);
            Runs *async = DRILL(events[e], keys[k]);
            check_every(sync, "payments.lost", 0);
            check_more(async, sync, "payments.lost");
            runs_free(sync);
            runs_free(async);
        }
}

/* The monitor errs, the primary lives on and is fenced: who waits for the standby gets an error. */
static void test_sync_fenced_alive(void)
{
    Runs *runs = DRILL(NO_EVENTS, "database.replication={mode: sync, lag: 1500ms}",
                       "failover.probe={interval: 3s, timeout: 1s, samples: 1, false_alarm: 5%}",
                       "failover.hold=0s",
                       STEPS("{step: fence, duration: 0s}, "
                             "{step: promote-database, duration: 10ms, after: [fence]}, " STEP_KAFKA
                             ", {step: reroute, duration: 1s}"));
    check_some(runs, "failover.decided");
    check_some(runs, "payments.resumed");
    check_every(runs, "payments.lost", 0);
    runs_free(runs);
}

/* What the old primary takes when the users are sent back to it is lost, unless it is fenced. */
static void test_split_brain(void)
{
    Runs *gone = DRILL(NO_REROUTE), *fenced = DRILL(NO_REROUTE, RETURNS);
    Runs *split = DRILL(UNFENCED, RETURNS);
    check_same(gone, fenced, "payments.lost");
    g_assert_cmpfloat(total(split, "payments.lost"), >,
                      total(fenced, "payments.lost") + 100 * runs_count(split));
    check_every(split, "payments.duplicated", 0);
    runs_free(gone);
    runs_free(fenced);
    runs_free(split);
}

/* ---- duplicates ---- */

/* Kafka is silent: the row is written, the answer is an error, the user tries again. */
static void test_keys(void)
{
    static const char silent[] = "events=[{at: 60s, fail: kafka, for: 10s}]";
    Runs *keyed = DRILL(silent, "users.idempotency_keys=yes");
    Runs *bare = DRILL(silent, "users.idempotency_keys=no");
    check_every(keyed, "payments.duplicated", 0);
    check_some(bare, "payments.duplicated");
    check_some(keyed, "log.missing"); /* applied, and never published again */
    runs_free(keyed);
    runs_free(bare);
}

static void test_acks(void)
{
    static const struct {
        const char *acks, *republish;
        bool missing, duplicated;
    } cases[] = {
        {"0", "no", true, false},  {"1", "no", true, false},   {"all", "no", true, false},
        {"0", "yes", true, false}, {"1", "yes", false, false}, {"all", "yes", false, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *acks = g_strdup_printf("kafka.acks=%s", cases[i].acks);
        char *again = g_strdup_printf("application.republish=%s", cases[i].republish);
        Runs *runs = DRILL("events=[{at: 60s, fail: kafka, for: 10s}]", acks, again,
                           "kafka.append=200ms", "kafka.replicate=200ms");
        g_test_message("acks %s, republish %s: %g missing, %g duplicated", cases[i].acks,
                       cases[i].republish, total(runs, "log.missing"),
                       total(runs, "log.duplicated"));
        g_assert_true((total(runs, "log.missing") > 0) == cases[i].missing);
        g_assert_true((total(runs, "log.duplicated") > 0) == cases[i].duplicated);
        check_every(runs, "payments.duplicated", 0);
        runs_free(runs);
        g_free(acks);
        g_free(again);
    }
}

/* ---- traffic ---- */

static void test_traffic_returns(void)
{
    Runs *by_itself = DRILL(RETURNS, NO_REROUTE);
    Runs *deep = DRILL(RETURNS, NO_REROUTE, "application.health=deep");
    Runs *rerouted = DRILL(RETURNS, "router.failover=runbook");
    check_every(by_itself, "rto.service", INFINITY); /* to a fenced primary, for good */
    check_every(deep, "recovered", 1);               /* it says so, and gets nobody */
    check_every(rerouted, "recovered", 1);
    check_more(by_itself, rerouted, "payments.rejected");
    runs_free(by_itself);
    runs_free(deep);
    runs_free(rerouted);
}

/* A standby that says that it cannot write gets fewer users to refuse. */
static void test_health(void)
{
    static const char promote[] =
        STEPS("{step: promote-database, duration: 60s}, " STEP_KAFKA ", " STEP_CONSUME);
    Runs *shallow = DRILL(promote, "users.retry.max=0");
    Runs *deep = DRILL(promote, "users.retry.max=0", "application.health=deep");
    check_more(shallow, deep, "payments.rejected");
    check_more(deep, shallow, "payments.interrupted");
    runs_free(shallow);
    runs_free(deep);
}

static void test_sessions(void)
{
    Runs *shared = DRILL("application.shared_sessions=yes");
    Runs *apart = DRILL("application.shared_sessions=no");
    check_more(apart, shared, "payments.attempts");
    runs_free(shared);
    runs_free(apart);
}

/* ---- consumers ---- */

#define NO_SYNC "mirror.sync_group_offsets.enabled=no"

static void test_consumers_start(void)
{
    Runs *latest = DRILL(NO_SYNC, "consumers=[{name: fraud, start: latest}]");
    Runs *earliest = DRILL(NO_SYNC, "consumers=[{name: fraud, start: earliest}]");
    Runs *wise = DRILL(NO_SYNC, "consumers=[{name: fraud, start: earliest, idempotent: yes}]");
    Runs *synced = DRILL("consumers=[{name: fraud, start: latest}]");
    Runs *alone = DRILL("mirror.enabled=no");
    check_some(latest, "effects.skipped");
    check_every(latest, "effects.repeated", 0);
    check_every(earliest, "effects.skipped", 0);
    check_every(wise, "effects.repeated", 0);
    check_same(wise, earliest, "effects.skipped");
    check_every(synced, "effects.skipped", 0);
    check_some(synced, "effects.repeated");
    check_more(earliest, synced, "effects.repeated");
    for (uint32_t i = 0; i < runs_count(earliest); i++) {
        double repeated = runs_column(earliest, "effects.repeated")[i];
        double committed = runs_column(alone, "log.lost")[i]; /* all of the active log */
        double mirrored = committed - runs_column(earliest, "log.lost")[i];
        g_assert_cmpfloat(repeated, ==, runs_column(wise, "effects.suppressed")[i]);
        g_assert_cmpfloat(repeated, <=, mirrored);
        g_assert_cmpfloat(repeated, >=, mirrored - 5); /* the consumers were at these */
    }
    runs_free(latest);
    runs_free(earliest);
    runs_free(wise);
    runs_free(synced);
    runs_free(alone);
}

/* Consumers that crash begin where they committed; who knows what was done does it once. */
static void test_consumers_crash(void)
{
    static const char crash[] = "events=[{at: 60s, fail: consumers, for: 10s}]";
    Runs *calm = DRILL(NO_EVENTS), *plain = DRILL(crash);
    Runs *wise = DRILL(crash, "consumers=[{name: fraud, idempotent: yes}]");
    check_every(calm, "effects.repeated", 0);
    check_every(calm, "effects.suppressed", 0);
    check_some(plain, "effects.repeated");
    check_every(plain, "effects.suppressed", 0);
    check_every(wise, "effects.repeated", 0);
    check_every(wise, "effects.skipped", 0);
    for (uint32_t i = 0; i < runs_count(plain); i++) {
        double repeated = runs_column(plain, "effects.repeated")[i];
        g_assert_cmpfloat(repeated, <=, 350); /* commit_interval: 5 s of 50/s, false alarm 1e-9 */
        g_assert_cmpfloat(runs_column(wise, "effects.suppressed")[i], ==, repeated);
    }
    runs_free(calm);
    runs_free(plain);
    runs_free(wise);
}

/* Nobody pays after the outage, so all that is acknowledged was so before it, but for retries. */
static void test_no_mirror(void)
{
    Runs *none = DRILL("mirror.enabled=no", "run.duration=60s", "run.drain=3m",
                       "events=[{at: 59.999s, fail: region}]");
    Runs *quick = DRILL("mirror.latency=0s", "mirror.poll_interval=0s", "run.duration=60s",
                        "run.drain=3m", "events=[{at: 59.999s, fail: region}]");
    for (uint32_t i = 0; i < runs_count(none); i++) {
        double completed = runs_column(none, "payments.completed")[i];
        double missing = runs_column(none, "log.missing")[i];
        g_assert_cmpfloat(completed, >, 1000);
        g_assert_cmpfloat(missing, >=, completed);
        g_assert_cmpfloat(missing, <=, completed + runs_column(none, "payments.resumed")[i]);
        g_assert_cmpfloat(runs_column(quick, "log.missing")[i], <=, 5);
    }
    runs_free(none);
    runs_free(quick);
}

/* ---- counting ---- */

static void test_warmup(void)
{
    static const char *const warmups[] = {"0s", "30s", "90s"};
    for (size_t i = 0; i < G_N_ELEMENTS(warmups); i++) {
        char *set = g_strdup_printf("run.warmup=%s", warmups[i]);
        Runs *runs = DRILL(set, "users.arrivals=regular", NO_EVENTS);
        double counted = 180 - atof(warmups[i]);
        check_every(runs, "payments.submitted", 50 * counted - (i == 0)); /* the first at 20 ms */
        check_every(runs, "payments.completed", 50 * counted - (i == 0));
        runs_free(runs);
        g_free(set);
    }
    Runs *late = DRILL("run.warmup=100s"), *all = DRILL("run.warmup=0s");
    check_some(all, "payments.lost");
    check_every(late, "payments.lost", 0); /* the lost ones were submitted before 60 s */
    check_same(all, late, "run.events");
    runs_free(late);
    runs_free(all);
}

static void test_drain(void)
{
    Runs *cut = DRILL("run.drain=0s", NO_EVENTS), *drained = DRILL("run.drain=30s", NO_EVENTS);
    check_more(cut, drained, "payments.pending");
    check_every(drained, "payments.pending", 0);
    check_same(cut, drained, "payments.submitted");
    runs_free(cut);
    runs_free(drained);
}

static void test_memory(void)
{
    Runs *one = DRILL("run.duration=3m", NO_EVENTS), *four = DRILL("run.duration=12m", NO_EVENTS);
    for (uint32_t i = 0; i < runs_count(one); i++) {
        double small = runs_column(one, "run.payments_held")[i];
        g_assert_cmpfloat(small, <, runs_column(one, "payments.submitted")[i] / 4);
        g_assert_cmpfloat(runs_column(four, "run.payments_held")[i], <=, 1.5 * small);
    }
    runs_free(one);
    runs_free(four);
}

/* ---- deciding ---- */

static void test_modes(void)
{
    static const char slow[] = "failover.operator=10s", decide[] = "failover.decide=20s";
    Runs *off = DRILL("failover.mode=off");
    Runs *automatic = DRILL("failover.mode=automatic", "failover.page=5s", decide, slow);
    Runs *half = DRILL("failover.mode=semi-automatic", "failover.page=5s", decide, slow);
    Runs *manual = DRILL("failover.mode=manual", "failover.page=5s", decide, slow);
    check_every(off, "failover.decided", 0);
    check_every(off, "recovered", 0);
    check_every(automatic, "rto.decide", 5);
    check_every(half, "rto.decide", 25);
    check_every(manual, "rto.decide", 25);
    check_more(half, automatic, "rto.service");
    check_more(manual, half, "rto.service");
    check_same(half, automatic, "rto.detect");
    check_same(manual, half, "rto.detect");
    runs_free(off);
    runs_free(automatic);
    runs_free(half);
    runs_free(manual);
}

static void test_cancel(void)
{
    static const char brief[] = "events=[{at: 60s, fail: region, for: 20s}]";
    Runs *called_off = DRILL(brief, "failover.hold=40s");
    Runs *stubborn = DRILL(brief, "failover.hold=40s", "failover.cancel=no");
    check_some(called_off, "rto.detect");
    check_every(called_off, "failover.decided", 0);
    check_every(called_off, "payments.lost", 0); /* the region came back with all it had */
    check_every(stubborn, "failover.decided", 1);
    runs_free(called_off);
    runs_free(stubborn);
}

/* Outages that overlap are one; one of no length is none. */
static void test_overlap(void)
{
    Runs *once = DRILL("events=[{at: 60s, fail: application, for: 30s}]");
    Runs *twice = DRILL("events=[{at: 60s, fail: application, for: 20s}, "
                        "{at: 70s, fail: application, for: 20s}, "
                        "{at: 65s, fail: application, for: 1s}]");
    Runs *never = DRILL("events=[{at: 60s, fail: region, for: 0s}]"), *calm = DRILL(NO_EVENTS);
    check_every(once, "faults.fired", 1);
    check_every(twice, "faults.fired", 1);
    check_same(once, twice, "payments.completed");
    check_same(once, twice, "rto.service");
    check_every(never, "faults.fired", 0);
    g_assert_cmpuint(runs_moments(never, "rto.service").count, ==, 0); /* does not apply */
    check_same(never, calm, "payments.completed");
    runs_free(once);
    runs_free(twice);
    runs_free(never);
    runs_free(calm);
}

static const struct {
    const char *name;
    GTestFunc run;
} tests[] = {
    {"catch-up", test_catch_up},
    {"lag", test_lag},
    {"mirror-location", test_mirror_location},
    {"sync", test_sync},
    {"sync-fenced-alive", test_sync_fenced_alive},
    {"split-brain", test_split_brain},
    {"keys", test_keys},
    {"acks", test_acks},
    {"traffic-returns", test_traffic_returns},
    {"health", test_health},
    {"sessions", test_sessions},
    {"consumers-start", test_consumers_start},
    {"consumers-crash", test_consumers_crash},
    {"no-mirror", test_no_mirror},
    {"warmup", test_warmup},
    {"drain", test_drain},
    {"memory", test_memory},
    {"modes", test_modes},
    {"cancel", test_cancel},
    {"overlap", test_overlap},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(fault_cases); i++) {
        char *path = g_strdup_printf("/behaviour/fault/%s", fault_cases[i].name);
        g_test_add_data_func(path, &fault_cases[i], test_fault);
        g_free(path);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        char *path = g_strdup_printf("/behaviour/%s", tests[i].name);
        g_test_add_func(path, tests[i].run);
        g_free(path);
    }
    return g_test_run();
}
