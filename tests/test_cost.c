/* Cost is arithmetic: each figure here was worked out by hand from the prices in the scenario. */
#include <glib.h>
#include <math.h>

#include "models/cost.h"
#include "tests/support/runs.h"

/* 200 threads on 50-thread nodes: 4 nodes. Prices that make every term visible in the sum:
 * a region's month is 730 x (4 x 1 + 3 x 10 + 100) + 1000 x 1 = 98,820 + 1,000. */
static const char bank[] = "version: 1\n"
                           "name: cost\n"
                           "users: {rate: 10/s, population: 100, timeout: 2s, retry: {max: 0}}\n"
                           "application: {servers: 200}\n"
                           "consumers: []\n"
                           "failover: {mode: off}\n"
                           "router: {edges: 1, probe: {interval: 5s, timeout: 2s}}\n"
                           "cost:\n"
                           "  threads_per_node: 50\n"
                           "  brokers: 3\n"
                           "  price: {node: 1, broker: 10, mirror: 7, database: 100, storage: 1, "
                           "transfer: 1, router: 50}\n"
                           "  storage_gb: 1000\n"
                           "  bytes_per_payment: 1000\n"
                           "  warm_share: 30%\n"
                           "  lost: 1000000\n"
                           "  duplicated: 100000\n"
                           "  in_doubt: 10000\n"
                           "  gave_up: 3\n"
                           "  missing_event: 0\n"
                           "  outages_per_year: 0.5\n"
                           "events: [{at: 60s, fail: region}]\n"
                           "run: {duration: 2m, drain: 10s}\n";

/* 10/s for 2,628,000 s of 1,000 bytes: 26.28 GB. */
#define SHARED (26.28 + 50)

static void check_tier(const char *tier, double passive, double shared)
{
    g_autofree char *set = g_strdup_printf("cost.tier=%s", tier);
    Runs *runs = runs_of_set(bank, (const char *const[]){set, NULL}, 1, 1);
    g_assert_cmpfloat_with_epsilon(runs_column(runs, "cost.active")[0], 98820, 1e-6);
    g_assert_cmpfloat_with_epsilon(runs_column(runs, "cost.passive")[0], passive, 1e-6);
    g_assert_cmpfloat_with_epsilon(runs_column(runs, "cost.month")[0], 98820 + passive + shared,
                                   1e-6);
    runs_free(runs);
}

static void test_tiers(void)
{
    check_tier("backup-and-restore", 1000, 1000 + 50); /* storage, and a full copy a month */
    check_tier("pilot-light", 730 * (30 + 7 + 100) + 1000, SHARED);
    check_tier("warm-standby", 730 * (2 + 30 + 7 + 100) + 1000, SHARED); /* 1.2 nodes: 2 */
    check_tier("hot-standby", 730 * (4 + 30 + 7 + 100) + 1000, SHARED);
    check_tier("active-active", 730 * (4 + 30 + 14 + 100) + 1000, SHARED);
    check_tier("auto", 730 * (4 + 30 + 7 + 100) + 1000, SHARED);
}

static void check_auto(const char *set, double active, double passive, double shared)
{
    Runs *runs = runs_of_set(bank, (const char *const[]){set, NULL}, 1, 1);
    g_test_message("%s", set);
    g_assert_cmpfloat_with_epsilon(runs_column(runs, "cost.active")[0], active, 1e-6);
    g_assert_cmpfloat_with_epsilon(runs_column(runs, "cost.passive")[0], passive, 1e-6);
    double all = active + passive + shared;
    g_assert_cmpfloat_with_epsilon(runs_column(runs, "cost.month")[0], all, 1e-6);
    runs_free(runs);
}

/* What the scenario runs, it pays for. (Kafka and database: 730 x 130 a month.) */
static void test_auto(void)
{
    double hot = 730 * (4 + 30 + 7 + 100) + 1000;
    check_auto("application.standby={mode: no-nodes}", 98820, hot - 730 * 4, SHARED);
    check_auto("application.standby={mode: scaled-down, share: 50%, nodes: 50%}", 98820,
               hot - 730 * 2, SHARED);
    check_auto("application.standby={mode: replicas-zero, nodes: 100%}", 98820, hot, SHARED);
    check_auto("mirror.enabled=no", 98820, hot - 730 * 37, SHARED);
    check_auto("database.replication.mode=none", 98820, hot - 730 * 100, SHARED);
    check_auto("regions.mode=active-active", 98820, hot + 730 * 7, SHARED);
}

static const char kafka_bank[] = "version: 1\n"
                                 "name: brokers\n"
                                 "users: {rate: 10/s, population: 100, day: hours, "
                                 "hours: [{at: 0h, factor: 3}, {at: 12h, factor: 1}]}\n"
                                 "kafka: {brokers: 5}\n"
                                 "failover: {mode: off}\n"
                                 "cost: {price: {node: 0, broker: 10, mirror: 0, database: 0, "
                                 "storage: 0, transfer: 1, router: 0}, bytes_per_payment: 1000}\n"
                                 "run: {duration: 1s}\n";

/* Five brokers, as Kafka has; twice the rate, as the mean of the day. */
static void test_brokers_and_day(void)
{
    Runs *runs = runs_of(kafka_bank, 1, 1);
    check_every(runs, "cost.active", 730 * 50);
    check_every(runs, "cost.passive", 730 * 50);
    g_assert_cmpfloat_with_epsilon(runs_column(runs, "cost.month")[0], 2 * 730 * 50 + 2 * 26.28,
                                   1e-6);
    runs_free(runs);
    runs = runs_of_set(kafka_bank, (const char *const[]){"cost.brokers=3", NULL}, 1, 1);
    check_every(runs, "cost.active", 730 * 30);
    runs_free(runs);
}

/* The run's own counts at their prices: a region that stays down, and nobody who acts. */
static void test_outage(void)
{
    Runs *runs = runs_of(bank, 4, 1);
    for (uint32_t i = 0; i < runs_count(runs); i++) {
        double lost = runs_column(runs, "payments.lost")[i];
        double doubt = runs_column(runs, "payments.in_doubt")[i];
        double gave_up = runs_column(runs, "payments.interrupted")[i] +
                         runs_column(runs, "payments.rejected")[i];
        g_assert_cmpfloat(gave_up, >, 300); /* the outage fired: half of 1,200 payments */
        double payments = 1e6 * lost + 1e4 * doubt + 3 * gave_up;
        g_assert_cmpfloat_with_epsilon(runs_column(runs, "cost.payments")[i], payments, 1e-6);
        g_assert_cmpfloat_with_epsilon(runs_column(runs, "cost.outage")[i], payments, 1e-6);
        double year = 12 * runs_column(runs, "cost.month")[i] + 0.5 * payments;
        g_assert_cmpfloat_with_epsilon(runs_column(runs, "cost.year")[i], year, 1e-5);
    }
    runs_free(runs);
}

/* Minutes cost once they have a price; service that never comes back has no finite one. */
static void test_minutes(void)
{
    CostConfig config = {.outage_minute = 60, .lost = 2};
    CostCounts counts = {.lost = 5, .outage_seconds = 90};
    g_assert_cmpfloat(cost_outage(&config, &counts), ==, 100);
    counts.outage_seconds = (double)NAN; /* nothing failed */
    g_assert_cmpfloat(cost_outage(&config, &counts), ==, 10);
    counts.outage_seconds = (double)INFINITY;
    g_assert_true(isinf(cost_outage(&config, &counts)));
    config.outage_minute = 0;
    g_assert_cmpfloat(cost_outage(&config, &counts), ==, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/cost/tiers", test_tiers);
    g_test_add_func("/cost/auto", test_auto);
    g_test_add_func("/cost/brokers-and-day", test_brokers_and_day);
    g_test_add_func("/cost/outage", test_outage);
    g_test_add_func("/cost/minutes", test_minutes);
    return g_test_run();
}
