/* Sweeps in a scenario: which points there are, what they set, what a constraint leaves out, and
 * that a mistake at one point is shown where it was written. */
#include <string.h>

#include "models/scenario.h"

#define HEAD                                                                                       \
    "version: 1\nname: S\nusers: {rate: 5/s}\n"                                                    \
    "events: [{at: 5m, fail: region, target: north-india}]\n"

static char *in_flow(const ParamSetting *settings, size_t count)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(out, "%s%s=%s", i > 0 ? " " : "", settings[i].key,
                               settings[i].value);
    return g_string_free(out, FALSE);
}

static Scenario *read_at(const char *text, size_t at, ScenarioPoint *point, DiagList *diags)
{
    *point = (ScenarioPoint){.point = at};
    return scenario_read_point("s.yaml", text, strlen(text), NULL, 0, point, diags);
}

/* The points as "a=1 b=2; a=1 b=3", those left out in brackets. */
static char *points_of(const char *sweep)
{
    g_autofree char *text = g_strconcat(HEAD, sweep, NULL);
    DiagList diags;
    diag_list_init(&diags);
    ScenarioPoint base;
    Scenario *scenario = read_at(text, SCENARIO_BASE, &base, &diags);
    g_assert_cmpuint(diags.errors, ==, 0);
    GString *out = g_string_new(NULL);
    g_assert_cmpuint(base.points, ==, scenario_point_count(scenario));
    for (size_t i = 0; i < base.points; i++) {
        g_autofree ParamSetting *settings = NULL;
        size_t count = scenario_point(scenario, i, &settings);
        g_autofree char *words = in_flow(settings, count);
        ScenarioPoint point;
        Scenario *one = read_at(text, i, &point, &diags);
        g_assert_true(point.left_out == (one == NULL));
        g_string_append_printf(out, point.left_out ? "%s(%s)" : "%s%s", i > 0 ? "; " : "", words);
        scenario_free(one);
        g_free(point.name);
    }
    for (guint i = 0; i < diags.items->len; i++) {
        g_autofree char *shown = diag_format(diags.items->pdata[i], false);
        g_string_append(out, shown);
    }
    g_free(base.name);
    scenario_free(scenario);
    diag_list_clear(&diags);
    return g_string_free(out, FALSE);
}

static void check_points(const char *sweep, const char *expected)
{
    g_autofree char *points = points_of(sweep);
    g_assert_cmpstr(points, ==, expected);
}

static void test_shapes(void)
{
    check_points("", "");
    check_points("sweep: {}", "");
    check_points("sweep: {grid: {router.ttl: [30s, 1m], users.rate: [1/s, 2/s]}}",
                 "router.ttl=30s users.rate=1/s; router.ttl=30s users.rate=2/s; "
                 "router.ttl=1m users.rate=1/s; router.ttl=1m users.rate=2/s");
    check_points("sweep: {zip: {router.ttl: [30s, 1m], users.rate: [1/s, 2/s]}}",
                 "router.ttl=30s users.rate=1/s; router.ttl=1m users.rate=2/s");
    check_points("sweep: {list: [{router.ttl: 30s}, {users.rate: 2/s, router.edges: 3}]}",
                 "router.ttl=30s; users.rate=2/s router.edges=3");
    check_points("sweep: {grid: {router.ttl: [30s, 1m]}, zip: {users.rate: [1/s, 2/s]}, "
                 "list: [{router.edges: 1}]}",
                 "router.ttl=30s users.rate=1/s router.edges=1; "
                 "router.ttl=30s users.rate=2/s router.edges=1; "
                 "router.ttl=1m users.rate=1/s router.edges=1; "
                 "router.ttl=1m users.rate=2/s router.edges=1");
    check_points(
        "sweep: {grid: {database.replication.lag: [1s, {lognormal: {median: 1s, p99: 5s}}]}}",
        "database.replication.lag=1s; "
        "database.replication.lag={lognormal: {median: 1s, p99: 5s}}");
    check_points("sweep:\n  grid:\n    events[0].at: [4m, 5m]\n",
                 "events[0].at=4m; events[0].at=5m");
}

static void test_ranges(void)
{
    check_points("sweep: {grid: {router.ttl: {from: 10s, to: 40s, steps: 4}}}",
                 "router.ttl=10s; router.ttl=20s; router.ttl=30s; router.ttl=40s");
    check_points("sweep: {grid: {router.ttl: {from: 30s, to: 2m, steps: 4}}}",
                 "router.ttl=30s; router.ttl=1m; router.ttl=90s; router.ttl=2m");
    check_points("sweep: {grid: {router.ttl: {from: 500ms, to: 2s, by: 500ms}}}",
                 "router.ttl=500ms; router.ttl=1s; router.ttl=1.5s; router.ttl=2s");
    check_points("sweep: {grid: {router.ttl: {from: 30s, to: 10s, steps: 3}}}",
                 "router.ttl=30s; router.ttl=20s; router.ttl=10s");
    check_points("sweep: {grid: {users.rate: {from: 1/s, to: 100/s, steps: 5, scale: log}}}",
                 "users.rate=1/s; users.rate=3.16228/s; users.rate=10/s; users.rate=31.6228/s; "
                 "users.rate=100/s");
    check_points("sweep: {grid: {users.rate: {from: 1/s, to: 10/s, by: 2, scale: log}}}",
                 "users.rate=1/s; users.rate=2/s; users.rate=4/s; users.rate=8/s");
    check_points("sweep: {grid: {router.edges: {from: 1, to: 12, steps: 3}}}",
                 "router.edges=1; router.edges=7; router.edges=12");
}

static void test_constraints(void)
{
    check_points(
        "sweep: {grid: {router.probe.interval: [5s, 30s], router.probe.timeout: [4s, 10s]}, "
        "constraint: [router.probe.timeout < router.probe.interval]}",
        "router.probe.interval=5s router.probe.timeout=4s; "
        "(router.probe.interval=5s router.probe.timeout=10s); "
        "router.probe.interval=30s router.probe.timeout=4s; "
        "router.probe.interval=30s router.probe.timeout=10s");
    check_points("sweep: {grid: {users.rate: [1/s, 2/s, 3/s]}, "
                 "constraint: [users.rate != 2/s, users.rate <= 150/m]}",
                 "users.rate=1/s; (users.rate=2/s); (users.rate=3/s)");
    check_points("sweep: {grid: {database.replication.mode: [async, sync]}, "
                 "constraint: [database.replication.mode == sync]}",
                 "(database.replication.mode=async); database.replication.mode=sync");
    check_points("sweep: {grid: {database.replication.lag: [1s, {uniform: {low: 1s, high: 5s}}]}, "
                 "constraint: [2s < database.replication.lag]}",
                 "(database.replication.lag=1s); "
                 "database.replication.lag={uniform: {low: 1s, high: 5s}}");
    check_points("sweep: {grid: {users.idempotency_keys: [yes, no]}, "
                 "constraint: [users.idempotency_keys == on]}",
                 "users.idempotency_keys=yes; (users.idempotency_keys=no)");
}

/* ---- Mistakes ---- */

static void check_wrong(const char *sweep, size_t at, size_t line, size_t column,
                        const char *message)
{
    g_autofree char *text = g_strconcat(HEAD, sweep, NULL);
    DiagList diags;
    diag_list_init(&diags);
    ScenarioPoint point;
    Scenario *scenario = read_at(text, at, &point, &diags);
    if (scenario != NULL)
        g_error("nothing is wrong with %s", sweep);
    g_assert_cmpuint(diags.errors, >=, 1);
    const Diag *diag = diags.items->pdata[0];
    g_assert_cmpuint(diag->mark.line, ==, line);
    if (diag->mark.column != column)
        g_error("%s: column %zu, not %zu: %s", sweep, diag->mark.column, column, diag->message);
    g_assert_cmpstr(diag->file, ==, "s.yaml");
    if (strstr(diag->message, message) == NULL)
        g_assert_cmpstr(diag->message, ==, message);
    g_free(point.name);
    diag_list_clear(&diags);
}

static void test_mistakes(void)
{
    check_wrong("sweep: {grid: {router.ttl: [30s, 3]}}", 1, 5, 34, "a time with a unit, not 3");
    check_wrong("sweep: {grid: {router.tttl: [30s]}}", 0, 5, 23, "unknown key \"tttl\" in router");
    check_wrong("sweep: {grid: {'router.tttl': [30s]}}", 0, 5, 24, "unknown key \"tttl\"");
    check_wrong("sweep:\n  grid:\n    events[1].at: [3s]", 0, 7, 11, "events[1] does not exist");
    check_wrong("sweep: {grid: {router.probe.timeout: [1s, 40s]}}", 1, 5, 43, "must be below");
    check_wrong("sweep: {list: [{users.rate: 1/s}, {users.rate: 0h}]}", 1, 5, 48, "users.rate");
    check_wrong("sweep: {grid: {router.edges: {from: 1, to: 3, steps: 9}}}", SCENARIO_BASE, 5, 16,
                "is there twice");
    check_wrong("sweep: {grid: {run.seed: [1]}}", SCENARIO_BASE, 5, 15, "cannot be swept");
    check_wrong("sweep: {grid: {sweep.zip: [1]}}", SCENARIO_BASE, 5, 15, "cannot be swept");
    check_wrong("sweep: {constraint: [router.ttl < 3]}", SCENARIO_BASE, 5, 35,
                "a time with a unit");
    check_wrong("sweep: {constraint: [router.ttll < 3s]}", SCENARIO_BASE, 5, 22, "unknown key");
    check_wrong("sweep: {constraint: [router.ttl => 3s]}", SCENARIO_BASE, 5, 33, "operator");
    check_wrong("sweep: {constraint: [router.ttl]}", SCENARIO_BASE, 5, 22, "compares two keys");
    check_wrong("sweep: {constraint: [router.ttl < users.rate]}", SCENARIO_BASE, 5, 22,
                "different");
    check_wrong("sweep: {constraint: [router.ttl <]}", SCENARIO_BASE, 5, 33, "missing");
    check_wrong("sweep: {constraint: ['events[9].at < 3s']}", SCENARIO_BASE, 5, 23,
                "does not exist");
    check_wrong("sweep: {constraint: [database.replication.mode < sync]}", SCENARIO_BASE, 5, 48,
                "equal or not");
    check_wrong("sweep: {constraint: [database.replication.mode == syn]}", SCENARIO_BASE, 5, 51,
                "must be async");
}

/* The base is the scenario without its sweep; a sweep of the past does not change it. */
static void test_base(void)
{
    static const char with[] = HEAD "sweep: {grid: {run.duration: [2m]}}";
    DiagList diags;
    diag_list_init(&diags);
    ScenarioPoint point;
    Scenario *base = read_at(HEAD, SCENARIO_BASE, &point, &diags);
    g_assert_cmpstr(point.name, ==, "");
    g_free(point.name);
    Scenario *swept = read_at(with, SCENARIO_BASE, &point, &diags);
    g_free(point.name);
    g_assert_cmpuint(diags.errors, ==, 0);
    g_assert_cmpuint(scenario_point_count(base), ==, 0);
    g_assert_cmpuint(scenario_point_count(swept), ==, 1);
    g_assert_cmpuint(scenario_replications(base), ==, scenario_replications(swept));
    scenario_free(base);
    scenario_free(swept);
    diag_list_clear(&diags);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sweep/shapes", test_shapes);
    g_test_add_func("/sweep/ranges", test_ranges);
    g_test_add_func("/sweep/constraints", test_constraints);
    g_test_add_func("/sweep/mistakes", test_mistakes);
    g_test_add_func("/sweep/base", test_base);
    return g_test_run();
}
