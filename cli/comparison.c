#include "cli/comparison.h"

#include <math.h>
#include <string.h>

#include "cli/format.h"

/* What decides between designs; with `tail`, the 95th percentile too. */
static const struct {
    const char *metric;
    bool tail;
} headline[] = {
    {"payments.lost", false},        {"payments.duplicated", false}, {"payments.in_doubt", false},
    {"payments.interrupted", false}, {"payments.rejected", false},   {"log.missing", false},
    {"log.phantom", false},          {"effects.repeated", false},    {"rpo.seconds", true},
    {"rto.detect", false},           {"rto.decide", false},          {"rto.first", false},
    {"rto.service", true},           {"rto.consumers", false},       {"recovered", false},
    {"interruption.p95", false},     {"latency.p99", false},
};

static void design_free(void *data)
{
    Design *design = data;
    if (design->done)
        study_clear(&design->study);
    if (design->owned)
        scenario_free(design->source.scenario);
    g_ptr_array_unref(design->sets);
    g_free(design->name);
    g_free(design);
}

void comparison_init(Comparison *comparison)
{
    *comparison = (Comparison){0};
    comparison->designs = g_ptr_array_new_with_free_func(design_free);
    comparison->statistics = g_array_new(FALSE, TRUE, sizeof(Statistic));
    comparison->warnings = g_ptr_array_new_with_free_func(g_free);
}

void comparison_clear(Comparison *comparison)
{
    g_ptr_array_free(comparison->designs, TRUE);
    g_array_free(comparison->statistics, TRUE);
    g_ptr_array_free(comparison->warnings, TRUE);
    g_free(comparison->rows);
    *comparison = (Comparison){0};
}

Design *comparison_add(Comparison *comparison, const char *name, const Source *source, bool owned,
                       GPtrArray *sets)
{
    Design *design = g_new0(Design, 1);
    *design = (Design){.name = g_strdup(name), .source = *source, .owned = owned, .sets = sets};
    g_ptr_array_add(comparison->designs, design);
    return design;
}

Design *comparison_design(const Comparison *comparison, size_t index)
{
    return comparison->designs->pdata[index];
}

size_t comparison_statistics(const Comparison *comparison)
{
    return comparison->statistics->len;
}

const Statistic *comparison_statistic(const Comparison *comparison, size_t index)
{
    return &g_array_index(comparison->statistics, Statistic, index);
}

const Paired *comparison_row(const Comparison *comparison, size_t design, size_t statistic)
{
    return &comparison->rows[design * comparison->statistics->len + statistic];
}

/* ---- Which statistics ---- */

static void add_statistic(Comparison *comparison, Expect expect, bool shown)
{
    for (guint i = 0; i < comparison->statistics->len; i++) {
        Statistic *known = &g_array_index(comparison->statistics, Statistic, i);
        if (known->expect.metric != expect.metric || known->expect.stat != expect.stat ||
            known->expect.q != expect.q)
            continue;
        known->shown = known->shown || shown;
        return;
    }
    const Statistic statistic = {expect, shown};
    g_array_append_val(comparison->statistics, statistic);
}

static void add_metric(Comparison *comparison, size_t metric, bool tail, bool shown)
{
    add_statistic(comparison, (Expect){.metric = metric, .stat = EXPECT_MEAN}, shown);
    if (tail)
        add_statistic(comparison, (Expect){.metric = metric, .stat = EXPECT_QUANTILE, .q = 0.95},
                      shown);
}

/* An expectation of another kind is about its metric all the same. */
static void add_expectations(Comparison *comparison, const Scenario *scenario)
{
    for (size_t i = 0; i < scenario_expect_count(scenario); i++) {
        Expect expect = scenario_expect(scenario, i)->expect;
        if (expect.stat != EXPECT_QUANTILE)
            expect = (Expect){.metric = expect.metric, .stat = EXPECT_MEAN};
        add_statistic(comparison, expect, true);
    }
}

static int by_metric(const void *a, const void *b)
{
    const Expect *x = &((const Statistic *)a)->expect, *y = &((const Statistic *)b)->expect;
    if (x->metric != y->metric)
        return x->metric < y->metric ? -1 : 1;
    return x->q < y->q ? -1 : x->q > y->q;
}

void comparison_choose(Comparison *comparison, const GPtrArray *more, bool all)
{
    for (size_t i = 0; i < G_N_ELEMENTS(headline); i++) {
        size_t metric = study_metric(headline[i].metric);
        if (metric != STUDY_NO_METRIC)
            add_metric(comparison, metric, headline[i].tail, true);
    }
    for (guint i = 0; i < more->len; i++) {
        Expect expect;
        ExpectProblem unused = {0};
        if (expect_parse_statistic(more->pdata[i], &platform_metrics, &expect, &unused))
            add_statistic(comparison, expect, true);
    }
    for (guint d = 0; d < comparison->designs->len; d++)
        add_expectations(comparison, comparison_design(comparison, d)->source.scenario);
    for (size_t m = 0; m < platform_metrics.count && all; m++)
        add_metric(comparison, m, platform_metrics.specs[m].unit == METRIC_SECONDS, false);
    g_array_sort(comparison->statistics, by_metric);
}

/* ---- Judging ---- */

static PairedColumn column_of(const Study *study, size_t metric)
{
    return (PairedColumn){study->result.values + metric, study->result.metric_count};
}

static uint32_t runs_apart(const Study *a, const Study *b, size_t metric, uint32_t runs)
{
    uint32_t apart = 0;
    for (uint32_t i = 0; i < runs; i++)
        apart += study_value(a, i, metric) != study_value(b, i, metric) ? 1 : 0;
    return apart;
}

/* The interval holds either way; what is lost is how narrow it is. */
static void check_alike(Comparison *comparison, const Design *base, const Design *other)
{
    size_t submitted = study_metric("payments.submitted");
    uint32_t apart = submitted == STUDY_NO_METRIC
                         ? 0
                         : runs_apart(&base->study, &other->study, submitted, comparison->runs);
    if (apart > 0)
        g_ptr_array_add(
            comparison->warnings,
            g_strdup_printf("%s: users pay at other times in %u of %u runs, so that pairs "
                            "share less and intervals are wider",
                            other->name, apart, comparison->runs));
    const char *a = scenario_events_text(base->source.scenario);
    const char *b = scenario_events_text(other->source.scenario);
    if (strcmp(a, b) != 0)
        g_ptr_array_add(comparison->warnings,
                        g_strdup_printf("%s: other faults (%s) than %s (%s)", other->name,
                                        b[0] != '\0' ? b : "none", base->name,
                                        a[0] != '\0' ? a : "none"));
}

void comparison_judge(Comparison *comparison)
{
    const Design *base = comparison_design(comparison, 0);
    comparison->runs = base->study.result.replications;
    for (guint d = 1; d < comparison->designs->len; d++)
        comparison->runs =
            MIN(comparison->runs, comparison_design(comparison, d)->study.result.replications);
    size_t count = comparison->statistics->len;
    comparison->rows = g_new0(Paired, MAX(1, count * comparison->designs->len));
    for (guint d = 1; d < comparison->designs->len && comparison->runs > 0; d++) {
        const Design *other = comparison_design(comparison, d);
        check_alike(comparison, base, other);
        for (size_t s = 0; s < count; s++) {
            const Expect *expect = &comparison_statistic(comparison, s)->expect;
            comparison->rows[d * count + s] =
                paired_compare(expect, column_of(&base->study, expect->metric),
                               column_of(&other->study, expect->metric), comparison->runs, 0.95);
        }
    }
}

/* ---- For people ---- */

char *statistic_name(const Statistic *statistic)
{
    return g_strdup_printf("%s.%s", platform_metrics.specs[statistic->expect.metric].name,
                           expect_statistic_name(&statistic->expect));
}

char *format_difference(MetricUnit unit, double difference)
{
    if (isnan(difference))
        return g_strdup("–");
    if (difference == 0)
        return g_strdup("0");
    if (isinf(difference))
        return g_strdup(difference > 0 ? "+inf" : "−inf");
    /* A difference of shares is in percentage points; "%" would read as relative. */
    g_autofree char *size =
        unit == METRIC_SHARE
            ? format_value(METRIC_NUMBER, fabs(difference) * 100, 0)
            : format_value(unit == METRIC_COUNT ? METRIC_NUMBER : unit, fabs(difference), 0);
    return g_strconcat(difference > 0 ? "+" : "−", size, unit == METRIC_SHARE ? " pp" : "", NULL);
}

char *comparison_remark(const Paired *row)
{
    if (row->pairs == 0)
        return g_strdup("no run of both");
    if (isnan(row->difference) || isinf(row->difference))
        return g_strdup_printf("not reached in %zu and %zu runs", row->unreached[0],
                               row->unreached[1]);
    if (row->runs_needed > 0)
        return g_strdup_printf("%swants %zu runs",
                               row->interval.available && !row->significant ? "n.s., " : "",
                               row->runs_needed);
    if (row->interval.available && !row->significant)
        return g_strdup(row->same ? "n.s. (the same)" : "n.s.");
    return g_strdup("");
}
