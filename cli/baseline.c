#include "cli/baseline.h"

#include <math.h>
#include <string.h>

#include "cli/format.h"
#include "cli/report.h"

/* Which way is worse; by the longest prefix. What is not here is no gate unless it is expected. */
static const struct {
    const char *prefix;
    int worse;
} directions[] = {
    {"payments.lost", 1},
    {"payments.duplicated", 1},
    {"payments.in_doubt", 1},
    {"payments.interrupted", 1},
    {"payments.rejected", 1},
    {"log.missing", 1},
    {"log.phantom", 1},
    {"log.duplicated", 1},
    {"log.lost", 1},
    {"effects.repeated", 1},
    {"effects.skipped", 1},
    {"rpo.", 1},
    {"rto.", 1},
    {"interruption.", 1},
    {"latency.", 1},
    {"recovered", -1},
};

Baseline *baseline_read(const char *file, double tolerance, char **problem)
{
    g_autofree char *text = NULL;
    g_autofree char *why = NULL;
    gsize length = 0;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(file, &text, &length, &error)) {
        *problem = g_strdup_printf("cannot read the baseline %s: %s", file, error->message);
        return NULL;
    }
    JsonNode *root = json_parse(text, length, &why);
    const JsonNode *first = root != NULL && root->kind == JSON_ARRAY ? json_item(root, 0) : root;
    double version = json_as_number(json_member(first, "format_version"), 0);
    if (version != 1) {
        *problem =
            root == NULL ? g_strdup_printf("the baseline %s is no JSON: %s", file, why)
            : version == 0
                ? g_strdup_printf("the baseline %s is no result of failsim run or compare", file)
                : g_strdup_printf("the baseline %s has format version %g; this program reads 1",
                                  file, version);
        json_node_free(root);
        return NULL;
    }
    Baseline *baseline = g_new0(Baseline, 1);
    *baseline = (Baseline){.file = file, .root = root, .tolerance = tolerance};
    baseline->warnings = g_ptr_array_new_with_free_func(g_free);
    return baseline;
}

void baseline_free(Baseline *baseline)
{
    if (baseline == NULL)
        return;
    json_node_free(baseline->root);
    g_ptr_array_free(baseline->warnings, TRUE);
    g_free(baseline);
}

/* ---- Which earlier result ---- */

/* What the file knows of a design: an object with "metrics", perhaps "values". */
typedef struct Earlier {
    const JsonNode *result, *head; /* head: with version, seed, partial */
    const char *scenario, *hash;
} Earlier;

static bool from_comparison(const JsonNode *root, const Design *design, Earlier *earlier)
{
    const JsonNode *designs = json_member(root, "designs");
    for (size_t i = 0; i < json_length(designs); i++) {
        const JsonNode *item = json_item(designs, i);
        if (strcmp(json_as_text(json_member(item, "name"), ""), design->name) != 0)
            continue;
        *earlier = (Earlier){item, root, json_as_text(json_member(item, "scenario"), ""),
                             json_as_text(json_member(item, "hash"), "")};
        return true;
    }
    return false;
}

static bool from_run(const JsonNode *result, const Design *design, Earlier *earlier)
{
    const JsonNode *scenario = json_member(result, "scenario");
    const char *name = json_as_text(json_member(scenario, "name"), "");
    *earlier = (Earlier){result, result, name, json_as_text(json_member(scenario, "hash"), "")};
    return strcmp(name, scenario_name(design->source.scenario)) == 0;
}

static bool find_earlier(const Baseline *baseline, const Comparison *comparison, size_t index,
                         Earlier *earlier)
{
    const Design *design = comparison_design(comparison, index);
    const JsonNode *root = baseline->root;
    if (json_member(root, "designs") != NULL)
        return from_comparison(root, design, earlier);
    /* A run is of a scenario as written (or as set): no variant of it. */
    if (design->owned)
        return false;
    if (root->kind != JSON_ARRAY)
        return from_run(root, design, earlier);
    for (size_t i = 0; i < json_length(root); i++)
        if (from_run(json_item(root, i), design, earlier))
            return true;
    return false;
}

static void warn_once(Baseline *baseline, char *text)
{
    for (guint i = 0; i < baseline->warnings->len; i++)
        if (strcmp(baseline->warnings->pdata[i], text) == 0) {
            g_free(text);
            return;
        }
    g_ptr_array_add(baseline->warnings, text);
}

static void check_earlier(Baseline *baseline, const Comparison *comparison, const Design *design,
                          const Earlier *earlier)
{
    const char *version = json_as_text(json_member(earlier->head, "version"), "?");
    if (strcmp(version, FAILSIM_VERSION) != 0)
        warn_once(baseline, g_strdup_printf("the baseline comes from failsim %s, this is %s: a "
                                            "difference may come from the program",
                                            version, FAILSIM_VERSION));
    if (strcmp(earlier->hash, design->source.hash) != 0)
        warn_once(baseline,
                  g_strdup_printf("%s has changed since the baseline", design->source.file));
    if (json_as_number(json_member(earlier->head, "seed"), -1) != (double)comparison->seed)
        warn_once(baseline, g_strdup("the baseline has another seed: not paired"));
    if (json_member(earlier->head, "partial") != NULL)
        warn_once(baseline, g_strdup("the baseline is partial: it was interrupted"));
}

/* ---- Gates ---- */

static int direction_of(const char *metric)
{
    for (size_t i = 0; i < G_N_ELEMENTS(directions); i++)
        if (g_str_has_prefix(metric, directions[i].prefix))
            return directions[i].worse;
    return 0;
}

/* An expectation says which way is worse, whatever the metric. */
static int worse_of(const Design *design, const Statistic *statistic)
{
    const Scenario *scenario = design->source.scenario;
    for (size_t i = 0; i < scenario_expect_count(scenario); i++) {
        const Expect *expect = &scenario_expect(scenario, i)->expect;
        if (expect->metric == statistic->expect.metric && expect->op != EXPECT_EQ)
            return expect->op == EXPECT_GE || expect->op == EXPECT_GT ? -1 : 1;
    }
    return direction_of(platform_metrics.specs[statistic->expect.metric].name);
}

static size_t values_of(const JsonNode *list, GArray *values)
{
    for (size_t i = 0; i < json_length(list); i++) {
        const JsonNode *item = json_item(list, i);
        double value = item->kind == JSON_TEXT ? INFINITY : json_as_number(item, NAN);
        g_array_append_val(values, value);
    }
    return values->len;
}

/* Run by run. */
static bool compare_pairs(Gate *gate, const Comparison *comparison, const JsonNode *list)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
    size_t runs = MIN(values_of(list, values), comparison->runs);
    const Study *study = &gate->design->study;
    if (runs == 0)
        return false;
    gate->paired = paired_compare(
        &gate->statistic.expect, (PairedColumn){(const double *)(const void *)values->data, 1},
        (PairedColumn){study->result.values + gate->statistic.expect.metric,
                       study->result.metric_count},
        runs, 0.95);
    return gate->paired.pairs > 0;
}

/* Of the baseline only the mean and its interval are known. */
static bool compare_summaries(Gate *gate, const JsonNode *metric)
{
    const JsonNode *interval = json_member(metric, "ci95");
    const StatsSummary *now = &gate->design->study.summary[gate->statistic.expect.metric];
    double mean = json_as_number(json_member(metric, "mean"), NAN);
    size_t runs = (size_t)json_as_number(json_member(metric, "runs"), 0);
    if (gate->statistic.expect.stat != EXPECT_MEAN || json_length(interval) != 2 || runs < 2 ||
        now->runs < 2 || !isfinite(now->mean) || isnan(mean))
        return false;
    double half = (json_as_number(json_item(interval, 1), NAN) -
                   json_as_number(json_item(interval, 0), NAN)) /
                  2;
    PairedSummary first = {mean, half / stats_t_quantile(0.95, (double)(runs - 1)), runs};
    PairedSummary second = {now->mean, now->sd / sqrt((double)now->runs), now->runs};
    gate->welch = true;
    gate->paired = (Paired){.pairs = MIN(runs, now->runs),
                            .value = {mean, now->mean},
                            .difference = now->mean - mean,
                            .interval = paired_welch(first, second, 0.95),
                            .same = now->mean == mean && half == 0};
    return true;
}

static void decide(Gate *gate, double tolerance)
{
    const Paired *row = &gate->paired;
    gate->paired.significant =
        row->interval.available && (row->interval.low > 0 || row->interval.high < 0);
    if (!row->interval.available)
        return;
    double least = gate->worse > 0 ? row->interval.low : -row->interval.high;
    double most = gate->worse > 0 ? row->interval.high : -row->interval.low;
    gate->regression = least > 0 && least > tolerance * fabs(row->value[0]);
    gate->better = most < 0;
}

static void judge_design(Baseline *baseline, const Comparison *comparison, const Design *design,
                         const Earlier *earlier, GArray *gates)
{
    bool same_seed =
        json_as_number(json_member(earlier->head, "seed"), -1) == (double)comparison->seed;
    check_earlier(baseline, comparison, design, earlier);
    for (size_t s = 0; s < comparison_statistics(comparison); s++) {
        Gate gate = {.design = design, .statistic = *comparison_statistic(comparison, s)};
        const char *name = platform_metrics.specs[gate.statistic.expect.metric].name;
        gate.worse = worse_of(design, &gate.statistic);
        if (!gate.statistic.shown || gate.worse == 0)
            continue;
        const JsonNode *values = json_member(json_member(earlier->result, "values"), name);
        const JsonNode *metric = json_member(json_member(earlier->result, "metrics"), name);
        if (!(same_seed && compare_pairs(&gate, comparison, values)) &&
            !compare_summaries(&gate, metric))
            continue;
        decide(&gate, baseline->tolerance);
        g_array_append_val(gates, gate);
    }
}

/* The same scenario by name, whatever has been edited in it. */
static bool knows(const Baseline *baseline, const Comparison *comparison, size_t index,
                  Earlier *earlier)
{
    const Design *design = comparison_design(comparison, index);
    return find_earlier(baseline, comparison, index, earlier) &&
           strcmp(earlier->scenario, scenario_name(design->source.scenario)) == 0;
}

bool baseline_fits(const Baseline *baseline, const Comparison *comparison, char **problem)
{
    Earlier unused;
    for (guint d = 0; d < comparison->designs->len; d++)
        if (knows(baseline, comparison, d, &unused))
            return true;
    *problem = g_strdup_printf(
        "the baseline %s is of another scenario: it knows no design of \"%s\"", baseline->file,
        scenario_name(comparison_design(comparison, 0)->source.scenario));
    return false;
}

void baseline_judge(Baseline *baseline, const Comparison *comparison, GArray *gates)
{
    for (guint d = 0; d < comparison->designs->len && comparison->runs > 0; d++) {
        const Design *design = comparison_design(comparison, d);
        Earlier earlier;
        if (knows(baseline, comparison, d, &earlier))
            judge_design(baseline, comparison, design, &earlier, gates);
        else
            warn_once(baseline, g_strdup_printf("the baseline does not know the design \"%s\"",
                                                design->name));
    }
}

size_t baseline_regressions(const GArray *gates)
{
    size_t count = 0;
    for (guint i = 0; i < gates->len; i++)
        count += g_array_index(gates, Gate, i).regression ? 1 : 0;
    return count;
}

/* ---- For people ---- */

char *gate_name(const Gate *gate)
{
    return statistic_name(&gate->statistic);
}

char *gate_text(const Gate *gate)
{
    MetricUnit unit = platform_metrics.specs[gate->statistic.expect.metric].unit;
    unit = unit == METRIC_COUNT ? METRIC_NUMBER : unit;
    g_autofree char *before = format_value(unit, gate->paired.value[0], 0);
    g_autofree char *now = format_value(unit, gate->paired.value[1], 0);
    g_autofree char *difference = format_difference(unit, gate->paired.difference);
    g_autofree char *low = format_difference(unit, gate->paired.interval.low);
    g_autofree char *high = format_difference(unit, gate->paired.interval.high);
    return g_strdup_printf("%s, was %s: %s [%s, %s]%s", now, before, difference, low, high,
                           gate->welch ? " (not paired)" : "");
}

static void put_gate(Page *page, const Gate *gate)
{
    g_autofree char *name = gate_name(gate);
    g_autofree char *text = gate_text(gate);
    g_autofree char *design = g_strdup_printf("  (%s)", gate->design->name);
    page_add(page, "  ");
    page_ink(page, gate->regression ? INK_BAD : INK_GOOD, gate->regression ? "✗ " : "✓ ");
    page_cell(page, INK_PLAIN, name, -26);
    page_ink(page, gate->regression ? INK_BAD : INK_GOOD,
             gate->regression ? "worse   " : "better  ");
    page_add(page, text);
    page_ink(page, INK_DIM, design);
    page_add(page, "\n");
}

void report_baseline(Page *page, const Baseline *baseline, const GArray *gates)
{
    g_autofree char *tolerance = format_share(baseline->tolerance, 0);
    g_autofree char *beside =
        g_strdup_printf("(%s; tolerance %s of the baseline's value)", baseline->file, tolerance);
    report_heading(page, "BASELINE", beside);
    for (guint i = 0; i < baseline->warnings->len; i++) {
        page_ink(page, INK_DOUBT, "  note: ");
        page_wrap(page, INK_PLAIN, baseline->warnings->pdata[i], 8);
    }
    size_t told = 0;
    for (guint i = 0; i < gates->len; i++) {
        const Gate *gate = &g_array_index(gates, Gate, i);
        if (gate->regression || gate->better) {
            put_gate(page, gate);
            told++;
        }
    }
    page_addf(page,
              "  %zu of %u statistics unchanged, or not surely worse by more than the tolerance\n",
              gates->len - told, gates->len);
    size_t regressions = baseline_regressions(gates);
    page_add(page, "\n");
    page_ink(page, regressions > 0 ? INK_BAD : INK_GOOD, regressions > 0 ? "FAIL" : "PASS");
    g_autofree char *count = format_plural(regressions, "regression");
    page_addf(page, "  %s   exit %d\n", count, regressions > 0 ? 1 : 0);
}
