/* The way home, and what is put right afterwards: planned switchovers lose nothing, old primaries
 * are seeded, orphans and other inconsistent payments become cases. Seeds fixed; exact where the
 * model promises it.
 */
#include <glib.h>
#include <math.h>

#include "tests/support/runs.h"

#define SEED 5

enum { RUNS = 6 };

static const char bank[] =
    "version: 1\n"
    "name: there and back\n"
    "users: {rate: 20/s, population: 300, timeout: 3s, retry: {max: 8, backoff: 1s}}\n"
    "router: {edges: 2, probe: {interval: 5s, timeout: 2s, samples: 2, required: 1}}\n"
    "application: {health: deep, service_time: 5ms, timeout: 2s}\n"
    "database: {size: 1, replication: {lag: 800ms}}\n"
    "mirror: {latency: 500ms, offset_lag_max: 0, sync_group_offsets: {enabled: yes, interval: 5s}, "
    "checkpoints: "
    "{interval: 5s}}\n"
    "consumers: [{name: fraud, start: earliest}]\n"
    "failover:\n"
    "  mode: automatic\n"
    "  hold: 5s\n"
    "  probe: {interval: 3s, timeout: 1s, samples: 2}\n"
    "  step_retry: 5s\n"
    "  steps:\n"
    "    - {step: fence, duration: 1s}\n"
    "    - {step: promote-database, duration: 5s, after: [fence]}\n"
    "    - {step: switch-kafka, duration: 3s}\n"
    "    - {step: resume-consumers, duration: 4s, after: [promote-database, switch-kafka]}\n"
    "failback:\n"
    "  mode: automatic\n"
    "  hold: 60s\n"
    "  steps:\n"
    "    - {step: seed-database, duration: 5s}\n"
    "    - {step: rejoin-kafka, duration: 1s}\n"
    "    - {step: rejoin-consumers, duration: 1s}\n"
    "    - {step: start-mirror, duration: 1s, after: [rejoin-kafka, rejoin-consumers]}\n"
    "    - {step: await-database, duration: 0s, after: [seed-database]}\n"
    "    - {step: stop-consumers, duration: 2s, after: [await-database, start-mirror]}\n"
    "    - {step: demote-kafka, duration: 1s, after: [stop-consumers]}\n"
    "    - {step: promote-database, duration: 5s, after: [stop-consumers]}\n"
    "    - {step: await-mirror, duration: 0s, after: [demote-kafka]}\n"
    "    - {step: switch-kafka, duration: 1s, after: [await-mirror]}\n"
    "    - {step: reverse-mirror, duration: 1s, after: [switch-kafka]}\n"
    "    - {step: resume-consumers, duration: 2s, after: [switch-kafka, promote-database]}\n"
    "events: [{at: 60s, fail: region, for: 60s}]\n"
    "run: {duration: 8m, drain: 2m}\n";

static Runs *bank_with(const char *const *sets)
{
    return runs_of_set(bank, sets, RUNS, SEED);
}
#define BANK(...) bank_with((const char *const[]){__VA_ARGS__, NULL})

static double total(Runs *runs, const char *metric)
{
    double sum = 0;
    for (uint32_t i = 0; i < runs_count(runs); i++) {
        double value = runs_column(runs, metric)[i];
        sum += isnan(value) ? 0 : value;
    }
    return sum;
}

static void same_in_each(Runs *a, Runs *b, const char *metric)
{
    for (uint32_t i = 0; i < runs_count(a); i++)
        g_assert_cmpfloat(runs_column(a, metric)[i], ==, runs_column(b, metric)[i]);
}

/* A forced failover, the old primary seeded, a planned return: all that is lost was lost by the
 * failover, run by run; every payment acknowledged on the way home survives it. */
static void test_home(void)
{
    Runs *home = BANK("users.cast=[]"), *away = BANK("failback.mode=off");
    check_every(home, "failover.decided", 1);
    check_every(home, "failback.decided", 1);
    g_assert_cmpfloat(total(away, "payments.lost"), >, 30); /* 20/s x 0.8 s, in six runs */
    same_in_each(home, away, "payments.lost");
    same_in_each(home, away, "rpo.seconds");
    check_every(home, "payments.duplicated", 0);
    for (uint32_t i = 0; i < RUNS; i++) {
        g_assert_true(isfinite(runs_column(home, "failback.seconds")[i]));
        g_assert_cmpfloat(runs_column(home, "database.orphaned")[i], >=,
                          runs_column(home, "payments.lost")[i]);
        g_assert_true(isnan(runs_column(away, "failback.seconds")[i]));
        g_assert_cmpfloat(runs_column(home, "rto.service")[i], <, 60);
        g_assert_cmpfloat(runs_column(home, "failback.interruption")[i], >, 3);
        g_assert_cmpfloat(runs_column(home, "failback.interruption")[i], <, 40);
        g_assert_cmpfloat(runs_column(home, "mirror.copied_back")[i], >, 500);
        /* offsets are synchronised every 5 s: what is repeated at home is seconds, not the stay */
        g_assert_cmpfloat(runs_column(home, "effects.repeated")[i], <, 900);
        /* at most a request or two between the demotion and the drain; not the passive period */
        g_assert_cmpfloat(runs_column(home, "log.missing")[i], <, 10);
    }
    runs_free(home);
    runs_free(away);
}

/* However the events are mirrored: what the cut of a link took from the old cluster is no reason to
 * read the new one from there. What was written away is copied back, all of it and once. */
static void test_mirrors_home(void)
{
    static const char *const kinds[] = {"mirror.kind=mirrormaker2", "mirror.kind=replicator",
                                        "mirror.kind=cluster-linking"};
    Runs *first = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        Runs *runs = BANK(kinds[i]);
        check_every(runs, "failback.decided", 1);
        for (uint32_t r = 0; r < RUNS; r++) {
            g_assert_cmpfloat(runs_column(runs, "failback.seconds")[r], <, 60);
            g_assert_cmpfloat(runs_column(runs, "log.missing")[r], <, 10);
        }
        if (first)
            same_in_each(first, runs, "mirror.copied_back");
        if (first)
            runs_free(runs);
        else
            first = runs;
    }
    runs_free(first);
}

/* A drill: there by plan, and home again. Nothing is lost, nothing is done twice. */
#define DRILL                                                                                      \
    "events=[{at: 60s, fail: switchover}]",                                                        \
        "failover.steps=[{step: stop-consumers, duration: 2s},"                                    \
        " {step: demote-kafka, duration: 1s, after: [stop-consumers]},"                            \
        " {step: promote-database, duration: 5s, after: [stop-consumers]},"                        \
        " {step: await-mirror, duration: 0s, after: [demote-kafka]},"                              \
        " {step: switch-kafka, duration: 1s, after: [await-mirror]},"                              \
        " {step: reverse-mirror, duration: 1s, after: [switch-kafka]},"                            \
        " {step: resume-consumers, duration: 2s, after: [switch-kafka, promote-database]}]",       \
        "failback.steps=[{step: stop-consumers, duration: 2s},"                                    \
        " {step: demote-kafka, duration: 1s, after: [stop-consumers]},"                            \
        " {step: promote-database, duration: 5s, after: [stop-consumers]},"                        \
        " {step: await-mirror, duration: 0s, after: [demote-kafka]},"                              \
        " {step: switch-kafka, duration: 1s, after: [await-mirror]},"                              \
        " {step: reverse-mirror, duration: 1s, after: [switch-kafka]},"                            \
        " {step: resume-consumers, duration: 2s, after: [switch-kafka, promote-database]}]"

static void test_drill(void)
{
    Runs *runs = BANK(DRILL);
    check_every(runs, "failover.planned", 1);
    check_every(runs, "failback.decided", 1);
    check_every(runs, "payments.lost", 0);
    check_every(runs, "payments.duplicated", 0);
    check_every(runs, "database.orphaned", 0);
    check_every(runs, "log.phantom", 0);
    for (uint32_t i = 0; i < RUNS; i++) {
        g_assert_true(isfinite(runs_column(runs, "failback.seconds")[i]));
        g_assert_cmpfloat(runs_column(runs, "failback.seconds")[i], <, 20);
        g_assert_cmpfloat(runs_column(runs, "log.missing")[i], <, 10);
        g_assert_cmpfloat(runs_column(runs, "payments.resumed")[i], >, 0); /* it did happen */
    }
    runs_free(runs);
}

/* Producers stop, then consumers, who have read everything: what is done again is what their group
 * has not been told yet. await-mirror waits for that, too, and nothing is done twice. */
#define QUIET                                                                                      \
    "events=[{at: 60s, fail: switchover}]", "failback.mode=off",                                   \
        "mirror.sync_group_offsets.interval=20s", "mirror.checkpoints.interval=20s",               \
        "failover.steps=[{step: demote-kafka, duration: 1s},"                                      \
        " {step: stop-consumers, duration: 3s, after: [demote-kafka]},"                            \
        " {step: promote-database, duration: 5s, after: [demote-kafka]},"                          \
        " {step: await-mirror, duration: 0s, after: [stop-consumers]},"                            \
        " {step: switch-kafka, duration: 1s, after: [await-mirror]},"                              \
        " {step: resume-consumers, duration: 2s, after: [switch-kafka, promote-database]}]"

static void test_await_offsets(void)
{
    static const char *const kinds[] = {"mirror.kind=mirrormaker2", "mirror.kind=cluster-linking",
                                        "mirror.kind=replicator"};
    for (int k = 0; k < 3; k++) {
        Runs *without = BANK(QUIET, kinds[k]);
        Runs *with = BANK(QUIET, kinds[k], "mirror.await_offsets=yes");
        g_test_message("%s: repeated %g, %g", kinds[k], total(without, "effects.repeated"),
                       total(with, "effects.repeated"));
        if (k == 0)
            g_assert_cmpfloat(total(without, "effects.repeated"), >, RUNS * 50);
        if (k < 2)
            check_every(with, "effects.repeated", 0);
        else /* records of the same millisecond are read again */
            g_assert_cmpfloat(total(with, "effects.repeated"), <, 40);
        for (uint32_t i = 0; i < RUNS; i++)
            g_assert_true(isfinite(runs_column(with, "rto.resume")[i]));
        runs_free(without);
        runs_free(with);
    }
}

/* Nothing moves the users: the outage lasts until service is home. Then it is over. */
static void test_back_with_the_return(void)
{
    Runs *runs = BANK(DRILL, "application.health=shallow");
    check_every(runs, "failback.decided", 1);
    check_every(runs, "recovered", 1);
    for (uint32_t i = 0; i < RUNS; i++) {
        g_assert_cmpfloat(runs_column(runs, "rto.service")[i], >, 60); /* failback.hold */
        g_assert_cmpfloat(runs_column(runs, "rto.service")[i], <, 120);
    }
    runs_free(runs);
}

/* The link breaks, both regions write, and service goes home in the end: what was lost spans the
 * time of both, not the time until the planned return. */
static void test_two_primaries(void)
{
    Runs *runs = BANK("events=[{at: 60s, fail: link, for: 43s}]", "failover.hosted=passive",
                      "failover.hold=0s", "router.failover=runbook",
                      "failover.steps=[{step: promote-database, duration: 5s}, {step: "
                      "switch-kafka, duration: 3s}, {step: resume-consumers, duration: 4s, after: "
                      "[promote-database]}, {step: reroute, duration: 5s, after: "
                      "[promote-database, switch-kafka]}]");
    check_every(runs, "failover.decided", 1);
    check_every(runs, "failback.decided", 1);
    for (uint32_t i = 0; i < RUNS; i++) {
        g_assert_cmpfloat(runs_column(runs, "payments.lost")[i], >, 10);
        g_assert_cmpfloat(runs_column(runs, "rpo.seconds")[i], >, 1);
        g_assert_cmpfloat(runs_column(runs, "rpo.seconds")[i], <, 43);
        g_assert_true(isfinite(runs_column(runs, "failback.seconds")[i]));
    }
    runs_free(runs);
}

/* Home again, the region fails once more and comes back: the fence of the first failover is
 * lifted, so that it serves; and what the first outage took is measured by its own cut. */
static void test_fails_again(void)
{
    Runs *once = BANK("users.cast=[]"),
         *again = BANK("events=[{at: 60s, fail: region, for: 60s}, {at: 300s, fail: region, for: "
                       "20s}]");
    g_assert_cmpfloat(total(again, "faults.fired"), >, total(once, "faults.fired"));
    g_assert_cmpfloat(total(again, "payments.lost"), >, 30);
    same_in_each(once, again, "payments.lost");
    same_in_each(once, again, "rpo.seconds");
    check_every(again, "payments.pending", 0);
    check_every(again, "interruption.open", 0);
    runs_free(once);
    runs_free(again);
}

/* The region must have answered for `hold` without a break: a second outage within it starts the
 * waiting anew. */
static void test_hold(void)
{
    Runs *once = BANK("failback.hold=100s"),
         *twice = BANK("failback.hold=100s", "events=[{at: 60s, fail: region, for: 60s}, {at: 3m, "
                                             "fail: region, for: 30s}]");
    check_every(once, "failback.decided", 1);
    check_every(twice, "failback.decided", 1);
    Runs *never = BANK("failback.hold=20m");
    check_every(never, "failback.decided", 0);
    g_assert_cmpfloat(total(never, "payments.lost"), ==, total(once, "payments.lost"));
    runs_free(once);
    runs_free(twice);
    runs_free(never);
}

/* ---- reconciliation ---- */

#define RECONCILE                                                                                  \
    "failover.steps=[{step: fence, duration: 1s}, {step: promote-database, duration: 5s, after: "  \
    "[fence]}, {step: switch-kafka, duration: 3s}, {step: resume-consumers, duration: 4s, after: " \
    "[promote-database, switch-kafka]}, {step: reconcile, duration: 10s, after: "                  \
    "[resume-consumers]}]"

/* The old region comes back: every lost payment's row reappears, or its event had been mirrored;
 * all are made good by the job. One case takes it 100 ms: the queue's law, exactly. */
static void test_recovered(void)
{
    Runs *runs = BANK(RECONCILE, "failback.mode=off", "reconciliation.automatic=100%",
                      "reconciliation.automatic_time=100ms");
    g_assert_cmpfloat(total(runs, "payments.lost"), >, 30);
    for (uint32_t i = 0; i < RUNS; i++) {
        double cases = runs_column(runs, "reconciliation.cases")[i];
        g_assert_cmpfloat(runs_column(runs, "reconciliation.recovered")[i], ==,
                          runs_column(runs, "payments.lost")[i]);
        g_assert_cmpfloat(cases, >=, runs_column(runs, "payments.lost")[i]);
        g_assert_cmpfloat(runs_column(runs, "reconciliation.seconds")[i], >=, 0.1 * cases - 1e-6);
    }
    check_every(runs, "reconciliation.open", 0);
    check_every(runs, "reconciliation.doubled", 0);
    runs_free(runs);
}

/* A lost payment whose event was not published either is in the old database's outbox to the end:
 * it is a case all the same, whether that region is seeded or left alone. */
static void test_recovered_from_outbox(void)
{
    Runs *home = BANK(RECONCILE, "application.write=outbox", "reconciliation.automatic=100%"),
         *away = BANK(RECONCILE, "application.write=outbox", "reconciliation.automatic=100%",
                      "failback.mode=off");
    g_assert_cmpfloat(total(away, "payments.lost"), >, 30);
    same_in_each(away, home, "reconciliation.recovered");
    for (uint32_t i = 0; i < RUNS; i++)
        g_assert_cmpfloat(runs_column(away, "reconciliation.recovered")[i], ==,
                          runs_column(away, "payments.lost")[i]);
    runs_free(home);
    runs_free(away);
}

/* Rows that the databases merge by themselves were not lost in the end, so that nobody recovered
 * them. The job was there first, from their events: without keys it has paid them twice. */
static void test_merged(void)
{
#define MERGE                                                                                      \
    RECONCILE, "failback.mode=off", "reconciliation.automatic=100%",                               \
        "reconciliation.automatic_time=1ms", "database.orphans=merge"
    Runs *keyed = BANK(MERGE), *unkeyed = BANK(MERGE, "users.idempotency_keys=no");
    g_assert_cmpfloat(total(keyed, "database.merged"), >, 30);
    g_assert_cmpfloat(total(keyed, "reconciliation.cases"), >, 30);
    check_every(keyed, "payments.lost", 0);
    check_every(keyed, "reconciliation.recovered", 0);
    check_every(keyed, "reconciliation.doubled", 0);
    g_assert_cmpfloat(total(unkeyed, "reconciliation.doubled"), >, 30);
    runs_free(keyed);
    runs_free(unkeyed);
}

/* The old region never comes back, and nothing was mirrored: no trace, no case, nothing recovered.
 */
static void test_no_trace(void)
{
    Runs *runs = BANK(RECONCILE, "failback.mode=off", "mirror.enabled=no", "application.publish=no",
                      "events=[{at: 60s, fail: region}]");
    g_assert_cmpfloat(total(runs, "payments.lost"), >, 30);
    check_every(runs, "reconciliation.recovered", 0);
    runs_free(runs);
}

/* By hand, four people, five minutes a case: it is not done when the run ends. */
static void test_by_hand(void)
{
    Runs *runs =
        BANK(RECONCILE, "failback.mode=off", "reconciliation.automatic=0%",
             "reconciliation.manual_time=5m", "reconciliation.staff=2", "mirror.latency=5s");
    for (uint32_t i = 0; i < RUNS; i++) {
        g_assert_cmpfloat(runs_column(runs, "reconciliation.open")[i], >, 0);
        g_assert_true(isinf(runs_column(runs, "reconciliation.seconds")[i]));
        g_assert_cmpfloat(runs_column(runs, "reconciliation.queue")[i], >=,
                          runs_column(runs, "reconciliation.open")[i]);
    }
    runs_free(runs);
}

/* Orphans whose users paid again: with keys the job throws the old row away, without it applies
 * it. Timeouts short of the answer make such users. */
static void test_doubled(void)
{
#define IMPATIENT                                                                                  \
    RECONCILE, "failback.mode=off", "reconciliation.automatic=100%", "users.timeout=60ms",         \
        "reconciliation.automatic_time=1ms", "database.replication.lag=3s", "mirror.enabled=no"
    Runs *keyed = BANK(IMPATIENT), *unkeyed = BANK(IMPATIENT, "users.idempotency_keys=no");
    check_every(keyed, "reconciliation.doubled", 0);
    g_assert_cmpfloat(total(unkeyed, "reconciliation.doubled"), >, 0);
    runs_free(keyed);
    runs_free(unkeyed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/failback/home", test_home);
    g_test_add_func("/failback/mirrors", test_mirrors_home);
    g_test_add_func("/failback/drill", test_drill);
    g_test_add_func("/failback/await-offsets", test_await_offsets);
    g_test_add_func("/failback/back-with-the-return", test_back_with_the_return);
    g_test_add_func("/failback/two-primaries", test_two_primaries);
    g_test_add_func("/failback/fails-again", test_fails_again);
    g_test_add_func("/failback/hold", test_hold);
    g_test_add_func("/reconciliation/recovered", test_recovered);
    g_test_add_func("/reconciliation/outbox", test_recovered_from_outbox);
    g_test_add_func("/reconciliation/merged", test_merged);
    g_test_add_func("/reconciliation/no-trace", test_no_trace);
    g_test_add_func("/reconciliation/by-hand", test_by_hand);
    g_test_add_func("/reconciliation/doubled", test_doubled);
    return g_test_run();
}
