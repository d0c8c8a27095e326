/* Expectations, each with its limit and what was measured; and why those that failed did. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/format.h"
#include "cli/report.h"

static const struct {
    const char *mark;
    Ink ink;
} verdict_mark[3] = {
    [VERDICT_PASS] = {"✓", INK_GOOD},
    [VERDICT_FAIL] = {"✗", INK_BAD},
    [VERDICT_INCONCLUSIVE] = {"?", INK_DOUBT},
};

static MetricUnit unit_of(const Expect *expect)
{
    return platform_metrics.specs[expect->metric].unit;
}

char *report_subject(const ScenarioExpect *expect)
{
    return g_strstrip(g_strndup(expect->text, strcspn(expect->text, "<>=")));
}

char *report_limit(const ScenarioExpect *expect)
{
    return g_strstrip(g_strdup(expect->text + strcspn(expect->text, "<>=")));
}

/* With as many digits as tell it from the limit. */
static char *apart(MetricUnit unit, double value, double limit)
{
    char *text = NULL;
    for (int extra = 0; extra <= 6; extra++) {
        g_autofree char *other = format_value(unit, limit, extra);
        g_free(text);
        text = format_value(unit, value, extra);
        if (value == limit || strcmp(text, other) != 0)
            break;
    }
    return text;
}

char *report_measured(const Expect *expect, double measured)
{
    if (expect->stat == EXPECT_SHARE)
        return apart(METRIC_SHARE, measured, expect->q);
    return apart(unit_of(expect), measured, expect->limit);
}

char *report_interval(const Expect *expect, StatsInterval interval)
{
    if (!interval.available)
        return g_strdup("");
    g_autofree char *low = report_measured(expect, interval.low);
    g_autofree char *high = report_measured(expect, interval.high);
    return g_strdup_printf("[%s, %s]", low, high);
}

enum { COLUMNS = 4 };

static void row_make(char *cell[COLUMNS], const ScenarioExpect *expect,
                     const ExpectOutcome *outcome)
{
    cell[0] = report_subject(expect);
    cell[1] = report_limit(expect);
    cell[2] = report_measured(&expect->expect, outcome->measured);
    cell[3] = report_interval(&expect->expect, outcome->interval);
}

/* What the column's heading does not say: another confidence, or bounds of one side each. */
static char *bounds_of(const Expect *expect)
{
    double confidence = expect_confidence(expect);
    g_autofree char *share = format_share(confidence, 0);
    if (expect->stat == EXPECT_SHARE)
        return g_strdup_printf("one-sided %s bounds", share);
    return confidence != 0.95 ? g_strdup_printf("%s interval", share) : NULL;
}

static char *remark_of(const ScenarioExpect *expect, const ExpectOutcome *outcome)
{
    const char *note = outcome->note != NULL ? outcome->note : "";
    const char *doubt = outcome->verdict == VERDICT_INCONCLUSIVE ? "inconclusive" : "";
    const char *parts[5] = {NULL};
    size_t count = 0;
    if (doubt[0] != '\0' && strstr(note, doubt) == NULL)
        parts[count++] = doubt;
    if (note[0] != '\0')
        parts[count++] = note;
    g_autofree char *bounds = bounds_of(&expect->expect);
    if (outcome->interval.available && bounds != NULL)
        parts[count++] = bounds;
    if (expect->why[0] != '\0')
        parts[count++] = expect->why;
    return g_strjoinv(" · ", (char **)parts);
}

void report_expectations(Page *page, const Study *study)
{
    static const char *const heading[COLUMNS] = {"EXPECTATIONS", "limit", "measured", "[95 % CI]"};
    size_t rows = study->expect_count, width[COLUMNS];
    if (rows == 0) {
        report_heading(page, "EXPECTATIONS", "none; add \"expect: [rto.service.p95 <= 5m]\"");
        return;
    }
    char *(*cell)[COLUMNS] = g_malloc0_n(rows, sizeof *cell);
    for (size_t c = 0; c < COLUMNS; c++)
        width[c] = page_columns(heading[c]) - (c == 0 ? 2 : 0);
    for (size_t i = 0; i < rows; i++) {
        row_make(cell[i], scenario_expect(study->scenario, i), &study->outcome[i]);
        for (size_t c = 0; c < COLUMNS; c++)
            width[c] = MAX(width[c], page_columns(cell[i][c]));
    }
    page_add(page, "\n  ");
    page_cell(page, INK_BOLD, heading[0], -(int)(width[0] + 4));
    page_cell(page, INK_DIM, heading[1], -(int)(width[1] + 2));
    page_cell(page, INK_DIM, heading[2], (int)width[2]);
    page_add(page, "  ");
    page_ink(page, INK_DIM, heading[3]);
    page_add(page, "\n");
    for (size_t i = 0; i < rows; i++) {
        Verdict verdict = study->outcome[i].verdict;
        g_autofree char *remark =
            remark_of(scenario_expect(study->scenario, i), &study->outcome[i]);
        page_add(page, "  ");
        page_ink(page, verdict_mark[verdict].ink, verdict_mark[verdict].mark);
        page_add(page, " ");
        page_cell(page, INK_PLAIN, cell[i][0], -(int)(width[0] + 2));
        page_cell(page, INK_PLAIN, cell[i][1], -(int)(width[1] + 2));
        page_cell(page, INK_BOLD, cell[i][2], (int)width[2]);
        page_add(page, "  ");
        page_cell(page, INK_PLAIN, cell[i][3], -(int)(width[3] + 2));
        page_wrap(page, INK_DIM, remark, width[0] + width[1] + width[2] + width[3] + 12);
        for (size_t c = 0; c < COLUMNS; c++)
            g_free(cell[i][c]);
    }
    g_free(cell);
}

static bool breaks(const Expect *expect, double value)
{
    switch (expect->op) {
    case EXPECT_LE:
        return !(value <= expect->limit);
    case EXPECT_LT:
        return !(value < expect->limit);
    case EXPECT_GE:
        return !(value >= expect->limit);
    case EXPECT_GT:
        return !(value > expect->limit);
    case EXPECT_EQ:
        return value != expect->limit;
    }
    return true;
}

/* The run furthest on the wrong side. */
static bool worst_run(const Study *study, const Expect *expect, uint32_t *run)
{
    uint32_t high = 0, low = 0;
    if (!study_worst(study, expect->metric, 1, &high) ||
        !study_worst(study, expect->metric, -1, &low))
        return false;
    bool up = expect->op == EXPECT_LE || expect->op == EXPECT_LT;
    if (expect->op == EXPECT_EQ)
        up = study_value(study, high, expect->metric) - expect->limit >=
             expect->limit - study_value(study, low, expect->metric);
    *run = up ? high : low;
    return true;
}

/* What else to look at in the worst run, by the metric that failed. */
static const struct {
    const char *prefix;
    const char *metrics[4];
} companions[] = {
    {"rpo.", {"payments.lost", "database.unreplicated", "log.lost"}},
    {"payments.lost", {"rpo.seconds", "database.unreplicated"}},
    {"payments.", {"payments.submitted", "rto.service", "rpo.seconds"}},
    {"log.", {"payments.lost", "mirror.unreplicated", "database.unreplicated"}},
    {"effects.", {"log.missing", "log.duplicated", "rto.resume"}},
    {"interruption.", {"rto.service", "payments.interrupted"}},
    {"recovered", {"rto.detect", "rto.decide", "rto.promote", "rto.reroute"}},
};

/* A recovery is explained by its longest part. */
static const char *const parts_of_recovery[] = {"rto.detect",  "rto.decide", "rto.fence",
                                                "rto.promote", "rto.kafka",  "rto.resume",
                                                "rto.reroute"};

static void append_value(GString *line, const Study *study, uint32_t run, size_t metric)
{
    double value = study_value(study, run, metric);
    if (isnan(value))
        return;
    g_autofree char *text = format_value(platform_metrics.specs[metric].unit, value, 0);
    g_string_append_printf(line, "; %s %s", platform_metrics.specs[metric].name, text);
}

static void append_longest(GString *line, const Study *study, uint32_t run)
{
    size_t longest = STUDY_NO_METRIC;
    for (size_t i = 0; i < G_N_ELEMENTS(parts_of_recovery); i++) {
        size_t metric = study_metric(parts_of_recovery[i]);
        if (metric == STUDY_NO_METRIC || isnan(study_value(study, run, metric)))
            continue;
        if (longest == STUDY_NO_METRIC ||
            study_value(study, run, metric) > study_value(study, run, longest))
            longest = metric;
    }
    if (longest == STUDY_NO_METRIC)
        return;
    g_string_append(line, "; the longest part");
    g_autofree char *text = format_value(METRIC_SECONDS, study_value(study, run, longest), 0);
    g_string_append_printf(line, " was %s, %s", platform_metrics.specs[longest].name, text);
}

static void append_companions(GString *line, const Study *study, uint32_t run, const char *name)
{
    if (g_str_has_prefix(name, "rto.")) {
        append_longest(line, study, run);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(companions); i++) {
        if (!g_str_has_prefix(name, companions[i].prefix))
            continue;
        for (size_t k = 0; k < 4 && companions[i].metrics[k] != NULL; k++) {
            size_t metric = study_metric(companions[i].metrics[k]);
            if (metric != STUDY_NO_METRIC && strcmp(name, companions[i].metrics[k]) != 0)
                append_value(line, study, run, metric);
        }
        return;
    }
}

static void report_reason(Page *page, const Study *study, const ScenarioExpect *expect)
{
    const Expect *rule = &expect->expect;
    uint32_t run = 0;
    if (!worst_run(study, rule, &run))
        return;
    size_t breaking = 0;
    for (uint32_t i = 0; i < study->result.replications; i++) {
        double value = study_value(study, i, rule->metric);
        breaking += !isnan(value) && breaks(rule, value) ? 1 : 0;
    }
    g_autofree char *subject = report_subject(expect);
    g_autofree char *title = g_strdup_printf("WHY %s FAILED", subject);
    g_autofree char *worst =
        apart(unit_of(rule), study_value(study, run, rule->metric), rule->limit);
    g_autofree char *share = format_count((double)breaking);
    g_autofree char *all = format_plural(study->result.replications, "run");
    GString *line = g_string_new(NULL);
    g_string_append_printf(line, "%s of %s beyond the limit. Worst, run %" PRIu32 ": %s %s", share,
                           all, run, platform_metrics.specs[rule->metric].name, worst);
    append_companions(line, study, run, platform_metrics.specs[rule->metric].name);
    g_string_append_c(line, '.');
    page_add(page, "  ");
    page_ink(page, INK_BAD, title);
    page_add(page, "  ");
    page_wrap(page, INK_PLAIN, line->str, 6);
    g_string_free(line, TRUE);
}

void report_reasons(Page *page, const Study *study)
{
    if (study->tally[VERDICT_FAIL] > 0)
        page_add(page, "\n");
    for (size_t i = 0; i < study->expect_count; i++)
        if (study->outcome[i].verdict == VERDICT_FAIL)
            report_reason(page, study, scenario_expect(study->scenario, i));
}

/* How sure the numbers are, where a precision was wanted. */
void report_precision(Page *page, const Study *study)
{
    const PrecisionRule *rule = study->precision;
    if (rule == NULL)
        return;
    g_autofree char *wanted = format_share(rule->relative, 0);
    g_autofree char *most = format_count((double)rule->max_runs);
    g_autofree char *beside =
        study->precise || study->result.stopped
            ? g_strdup_printf("(wanted: ±%s)", wanted)
            : g_strdup_printf("(wanted: ±%s; not reached in %s runs, see --max-runs)", wanted,
                              most);
    report_heading(page, "PRECISION", beside);
    for (size_t i = 0; i < rule->count; i++) {
        const Expect *target = &rule->targets[i];
        double half = precision_of(target, study->result.values, study->result.replications,
                                   study->result.metric_count);
        g_autofree char *name = g_strdup_printf(
            "%s.%s", platform_metrics.specs[target->metric].name, expect_statistic_name(target));
        g_autofree char *share = format_share(half, 0);
        page_addf(page, "  %-28s ", name);
        if (isnan(half))
            page_ink(page, INK_DIM, "applies to no run\n");
        else if (isinf(half))
            page_ink(page, INK_DOUBT, "too few runs for an interval that can be trusted\n");
        else
            page_addf(page, "±%s of the value\n", share);
    }
}
