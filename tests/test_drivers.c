/* Inputs that a run draws once: they are drivers. Those that it can draw twice are not: one value
 * would stand for both.
 */
#include <glib.h>
#include <string.h>

#include "models/scenario.h"

static const char base[] =
    "version: 1\n"
    "name: drivers\n"
    "users: {rate: 1/s}\n"
    "database: {replication: {lag: {exponential: 1s}}}\n"
    "mirror: {latency: {exponential: 1s}}\n"
    "failover:\n"
    "  mode: manual\n"
    "  page: {exponential: 1s}\n"
    "  decide: {exponential: 1s}\n"
    "  steps: [{step: promote-database, duration: {exponential: 1s}, approval: {exponential: "
    "1s}}]\n"
    "events: [{at: {exponential: 5m}, fail: region, for: {exponential: 1h}}]\n"
    "run: {duration: 10m}\n";

static char *keys_with(const char *const *sets)
{
    DiagList diags;
    diag_list_init(&diags);
    Scenario *scenario = scenario_read("drivers.yaml", base, strlen(base), sets,
                                       g_strv_length((char **)sets), &diags);
    g_assert_cmpuint(diags.errors, ==, 0);
    GArray *drivers = scenario_drivers(scenario);
    GString *keys = g_string_new(NULL);
    for (guint i = 0; i < drivers->len; i++) {
        ScenarioDriver *driver = &g_array_index(drivers, ScenarioDriver, i);
        g_string_append_printf(keys, "%s ", driver->key);
        g_free(driver->key);
    }
    g_array_unref(drivers);
    scenario_free(scenario);
    diag_list_clear(&diags);
    return g_string_free(keys, FALSE);
}

#define STREAMS "database.replication.lag mirror.latency "
#define EVENT   "events[0].at events[0].for "
#define PEOPLE  "failover.page failover.decide "
#define STEPS   "failover.steps[0].duration failover.steps[0].approval "

static void check_keys(const char *expected, const char *const *sets)
{
    char *keys = keys_with(sets);
    g_assert_cmpstr(keys, ==, expected);
    g_free(keys);
}
#define CHECK(expected, ...) check_keys(expected, (const char *const[]){__VA_ARGS__, NULL})

static void test_once(void)
{
    CHECK(STREAMS EVENT PEOPLE STEPS, "run.seed=1");
    CHECK(STREAMS EVENT "failover.decide " STEPS, "failover.detect=alerts");
    CHECK(STREAMS EVENT PEOPLE "failover.notice " STEPS, "failover.notice={exponential: 1m}");
    CHECK(STREAMS EVENT STEPS, "failover.mode=automatic");
    CHECK("mirror.latency " EVENT PEOPLE STEPS, "database.replication.lag_varies=record");
    CHECK("mirror.latency " EVENT PEOPLE STEPS, "database.replication.mode=sync");
    CHECK("database.replication.lag " EVENT PEOPLE STEPS, "mirror.latency_varies=batch");
    CHECK(STREAMS "mirror.acl_repair " EVENT PEOPLE STEPS, "mirror.new_acl=yes",
          "mirror.acl_repair={exponential: 1m}");
    CHECK(STREAMS EVENT "configuration.change.at " PEOPLE STEPS,
          "configuration.change.at={exponential: 1m}");
    CHECK(STREAMS EVENT PEOPLE STEPS, "events[0].probability=50%");
}

/* Each turn has times of its own, and so has what follows each turn. */
static void test_repeats(void)
{
#define TURNS "events=[{at: {exponential: 1m}, for: {exponential: 1m}, fail: kafka, name: a, "
#define AFTER "{at: {exponential: 1m}, for: {exponential: 1m}, fail: database, after: a}]"
    CHECK(STREAMS "events[0].at " STEPS, TURNS "repeat: {up: 10m, times: 3}}]");
    CHECK(STREAMS "events[0].at " STEPS, TURNS "repeat: {up: 10m, times: 3}}, " AFTER);
    CHECK(STREAMS "events[0].at events[0].for events[1].at events[1].for " STEPS,
          TURNS "}, " AFTER);
}

/* Two outages, or a false alarm: what was called off is decided anew. */
static void test_people(void)
{
#define TWO "events=[{at: 1m, for: 1m, fail: region}, {at: 5m, for: 1m, fail: kafka}]"
    CHECK(STREAMS STEPS, TWO);
    CHECK(STREAMS PEOPLE STEPS, TWO, "failover.cancel=no");
    CHECK(STREAMS EVENT STEPS, "failover.probe.false_alarm=1%");
    CHECK(STREAMS EVENT STEPS, "events[0].errors=10%");
    CHECK(STREAMS EVENT STEPS, "failover.detect=alerts", "failover.alert.rule=error-ratio",
          "failover.alert.window=5m");
    CHECK(STREAMS STEPS, "failover.cancel=no",
          "events=[{at: 1m, for: 1m, fail: region}, {at: 1m, for: 1m, fail: monitor}]");
}

static void test_steps_that_fail(void)
{
    CHECK(STREAMS EVENT PEOPLE "failover.steps[0].approval ", "failover.steps[0].fails=10%");
}

/* Each direction has a lag of its own. */
static void test_both_directions(void)
{
#define HOME                                                                                       \
    "failback.steps=[{step: start-mirror, duration: 1s}, {step: seed-database, duration: "         \
    "{exponential: 1s}}, {step: promote-database, duration: 1s, after: [seed-database]}]"
    CHECK(EVENT PEOPLE STEPS "failback.steps[1].duration ", "failback.mode=automatic", HOME);
    CHECK(EVENT PEOPLE "failback.decide " STEPS "failback.steps[1].duration ",
          "failback.mode=semi-automatic", HOME);
    CHECK("mirror.latency " STEPS, "events=[{at: 1m, fail: switchover}]", "failover.probe.miss=1%");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/drivers/once", test_once);
    g_test_add_func("/drivers/repeats", test_repeats);
    g_test_add_func("/drivers/people", test_people);
    g_test_add_func("/drivers/steps-that-fail", test_steps_that_fail);
    g_test_add_func("/drivers/both-directions", test_both_directions);
    return g_test_run();
}
