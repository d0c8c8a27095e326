/* The database's copies: payments that wait for the standby, what becomes of commits that it never
 * got, a standby in another zone, seedings; and commands that are refused. Seeds fixed; exact where
 * the model promises it, stochastic checks 4.9 standard errors (1e-6).
 */
#include <glib.h>
#include <math.h>

#include "tests/support/runs.h"

#define SEED 11

enum { RUNS = 6 };

static const char bank[] =
    "version: 1\n"
    "name: copies\n"
    "users: {rate: 40/s, population: 300, timeout: 3s, idempotency_keys: yes,\n"
    "  retry: {max: 12, backoff: 1s}}\n"
    "router: {edges: 2, probe: {interval: 5s, timeout: 2s, samples: 2, required: 1}}\n"
    "application: {health: deep, service_time: 5ms, timeout: 4s, servers: 400}\n"
    "database: {size: 1, replication: {lag: 800ms}}\n"
    "consumers: []\n"
    "failover:\n"
    "  mode: automatic\n"
    "  hold: 1s\n"
    "  probe: {interval: 3s, timeout: 1s, samples: 2}\n"
    "  step_retry: 5s\n"
    "  steps:\n"
    "    - {step: fence, duration: 0s}\n"
    "    - {step: promote-database, duration: 1s, after: [fence]}\n"
    "    - {step: switch-kafka, duration: 1s}\n"
    "events: [{at: 60s, fail: region, for: 60s}]\n"
    "run: {duration: 3m, drain: 1m}\n";

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

/* 40/s x 0.8 s are lost; of a share s that waits, none: Poisson with 32 (1 - s). They wait the lag.
 */
static void test_sync_share(void)
{
    Runs *none = BANK("users.rate=40/s"), *some = BANK("database.replication.sync_share=25%");
    Runs *all = BANK("database.replication.sync_share=100%");
    check_every(none, "faults.fired", 4);
    g_assert_cmpfloat(fabs(total(none, "payments.lost") - RUNS * 32), <, 4.9 * sqrt(RUNS * 32));
    g_assert_cmpfloat(fabs(total(some, "payments.lost") - RUNS * 24), <, 4.9 * sqrt(RUNS * 24));
    g_assert_cmpfloat(total(some, "payments.lost"), <, total(none, "payments.lost"));
    check_every(all, "payments.lost", 0);
    Runs *both[] = {some, all};
    for (int k = 0; k < 2; k++) {
        check_every(both[k], "payments.lost_synced", 0);
        for (uint32_t i = 0; i < RUNS; i++)
            check_close("sync_wait", runs_column(both[k], "database.sync_wait")[i], 0.8, 1e-6);
    }
    check_every(none, "database.synced", 0);
    g_assert_cmpfloat(fabs(total(some, "database.synced") - RUNS * 60 * 10), <,
                      4.9 * sqrt(RUNS * 600));
    runs_free(none);
    runs_free(some);
    runs_free(all);
}

/* Committed in the old primary and not in the new one: by default aside; merged, nobody's payment
 * is lost any more. */
static void test_merge(void)
{
    Runs *keep = BANK("database.orphans=keep"), *merge = BANK("database.orphans=merge");
    Runs *discard = BANK("database.orphans=discard");
    double orphans = total(keep, "database.orphaned");
    g_assert_cmpfloat(orphans, >, RUNS * 20);
    g_assert_cmpfloat(total(keep, "database.recoverable"), ==, total(keep, "payments.lost"));
    g_assert_cmpfloat(total(merge, "database.merged") + total(merge, "database.conflicts"), ==,
                      orphans);
    check_every(merge, "payments.lost", 0);
    check_every(merge, "rpo.seconds", 0);
    check_every(merge, "database.orphaned", 0);
    check_every(merge, "payments.duplicated", 0);
    g_assert_cmpfloat(total(discard, "database.discarded"), ==, orphans);
    g_assert_cmpfloat(total(discard, "payments.lost"), ==, total(keep, "payments.lost"));
    check_every(discard, "database.recoverable", 0);
    runs_free(keep);
    runs_free(merge);
    runs_free(discard);
}

/* All wait for the standby, so the orphans are those that were not answered: their users have paid
 * again. With keys the old rows are dropped, without they are applied beside the new ones. */
static void test_merge_again(void)
{
#define WAITING "database.orphans=merge", "database.replication.sync_share=100%"
    Runs *keyed = BANK(WAITING), *unkeyed = BANK(WAITING, "users.idempotency_keys=no");
    g_assert_cmpfloat(total(keyed, "database.conflicts"), >, RUNS * 15);
    check_every(keyed, "payments.duplicated", 0);
    check_every(unkeyed, "database.conflicts", 0);
    g_assert_cmpfloat(total(unkeyed, "payments.duplicated"), >, RUNS * 15);
    check_every(unkeyed, "payments.lost", 0);
    runs_free(keyed);
    runs_free(unkeyed);
}

/* Zone 0 fails for four minutes. The standby in another zone takes over in 60 to 120 s, uniform,
 * and has everything; without one the database is away as long as the zone. */
static void test_zone(void)
{
#define ZONE                                                                                       \
    "events=[{at: 60s, fail: zone, zone: 0, for: 4m}]", "failover.mode=off", "users.rate=20/s",    \
        "run.duration=6m", "run.drain=1m", "application.publish=no", "users.retry.max=0",          \
        "measure.window=1s", "measure.success=40%"
    Runs *unseen = BANK(ZONE), *alone = BANK(ZONE, "database.zone_standby=none");
    const char *const sets[] = {ZONE, "database.zone_standby=standby", NULL};
    Runs *standby = runs_of_set(bank, sets, 60, SEED);
    for (uint32_t i = 0; i < RUNS; i++) {
        g_assert_cmpfloat(runs_column(unseen, "faults.fired")[i] + 1, ==,
                          runs_column(standby, "faults.fired")[i]);
        g_assert_cmpfloat(runs_column(unseen, "rto.service")[i], <, 50);
        g_assert_cmpfloat(runs_column(alone, "rto.service")[i], >, 239);
    }
    check_every(standby, "payments.lost", 0);
    RunsMoments rto = runs_moments(standby, "rto.service");
    g_assert_cmpfloat(rto.min, >, 57);
    g_assert_cmpfloat(rto.max, <, 130);
    g_assert_cmpfloat(fabs(rto.mean - 90), <, 4.9 * rto.mean_error + 1); /* windows of 1 s */
    runs_free(unseen);
    runs_free(alone);
    runs_free(standby);
}

/* A drill while the primary cannot be reached: each command is refused, and told to be; one
 * that comes after the outage is followed. A seeding has a length: 1 GB at 360 GB an hour. */
static void test_refused(void)
{
    Runs *runs =
        BANK("events=[{at: 60s, fail: switchover}, {at: 50s, fail: database, for: 30s}]",
             "failover.mode=off", "failover.steps=[{step: promote-database, duration: 1s}]");
    for (uint32_t i = 0; i < RUNS; i++) {
        /* commanded at 60, 66, 72, 78 and 84 s */
        g_assert_cmpfloat(runs_column(runs, "runbook.failed")[i], ==, 4);
        check_close("promote", runs_column(runs, "rto.promote")[i], 25.8, 0.2);
    }
    check_every(runs, "payments.lost", 0);
    runs_free(runs);
}

static void test_seed_seconds(void)
{
    Runs *runs = BANK("database.seeding_rate=360", "failback.mode=automatic", "failback.hold=20s",
                      "failback.steps=[{step: seed-database, duration: 5s}]", "users.rate=1/s");
    check_every(runs, "database.seeded", 1);
    check_every(runs, "database.seed_seconds", 15);
    runs_free(runs);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/copies/sync-share", test_sync_share);
    g_test_add_func("/copies/merge", test_merge);
    g_test_add_func("/copies/merge/paid-again", test_merge_again);
    g_test_add_func("/copies/zone", test_zone);
    g_test_add_func("/copies/refused", test_refused);
    g_test_add_func("/copies/seed-seconds", test_seed_seconds);
    return g_test_run();
}
