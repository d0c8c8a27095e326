/* Expectations judged: a statistic's interval, or a count of runs, against the limit. */
#include <math.h>

#include "sim/expect.h"

/* Means are sums of rounded numbers; equality allows for that and for nothing more. */
static bool nearly_equal(double a, double b)
{
    return a == b || fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

static bool holds(const Expect *expect, double value)
{
    switch (expect->op) {
    case EXPECT_LE:
        return value <= expect->limit;
    case EXPECT_LT:
        return value < expect->limit;
    case EXPECT_GE:
        return value >= expect->limit;
    case EXPECT_GT:
        return value > expect->limit;
    case EXPECT_EQ:
        return nearly_equal(value, expect->limit);
    }
    return false;
}

static Verdict verdict_of(bool good)
{
    return good ? VERDICT_PASS : VERDICT_FAIL;
}

/* The first run that has the extreme value. */
static char *note_of_run(const double *column, size_t runs, size_t stride, double value)
{
    for (size_t run = 0; run < runs; run++)
        if (column[run * stride] == value)
            return g_strdup_printf("run %zu", run);
    return NULL;
}

static size_t count_holding(const Expect *expect, const double *sorted, size_t count)
{
    size_t holding = 0;
    for (size_t i = 0; i < count; i++)
        holding += holds(expect, sorted[i]) ? 1 : 0;
    return holding;
}

static double measure(const Expect *expect, const double *sorted, size_t count)
{
    switch (expect->stat) {
    case EXPECT_MEAN:
        return stats_mean(sorted, count);
    case EXPECT_MIN:
        return sorted[0];
    case EXPECT_MAX:
        return sorted[count - 1];
    case EXPECT_QUANTILE:
        return stats_quantile(sorted, count, expect->q);
    case EXPECT_SHARE:
        return (double)count_holding(expect, sorted, count) / (double)count;
    }
    return NAN;
}

double expect_confidence(const Expect *expect)
{
    return expect->confidence > 0 ? expect->confidence : 0.95;
}

static bool bounds_above(const Expect *expect)
{
    return expect->op == EXPECT_LE || expect->op == EXPECT_LT;
}

/* Takes ownership of `text`; what is said already comes first. */
static void add_note(ExpectOutcome *outcome, char *text)
{
    char *before = outcome->note;
    outcome->note = before ? g_strjoin("; ", before, text, NULL) : g_strdup(text);
    g_free(before);
    g_free(text);
}

static void straddles(ExpectOutcome *outcome)
{
    outcome->verdict = VERDICT_INCONCLUSIVE;
    add_note(outcome, g_strdup("the interval straddles the limit"));
}

static void judge_mean(const Expect *expect, const double *sorted, ExpectOutcome *outcome)
{
    const double mean = outcome->measured;
    /* One unreached run makes the mean infinite, and more runs would not mend it. */
    if (isinf(mean)) {
        outcome->verdict = verdict_of(holds(expect, mean));
        add_note(outcome, g_strdup("not reached in every run"));
        return;
    }
    const double sd = stats_sd(sorted, outcome->runs, mean);
    const StatsInterval i = stats_mean_interval(mean, sd, outcome->runs, expect_confidence(expect));
    outcome->interval = i;
    if (!i.available) {
        add_note(outcome, g_strdup_printf("needs 2 runs, has %zu", outcome->runs));
        return;
    }
    const double worst = bounds_above(expect) ? i.high : i.low;
    const double best = bounds_above(expect) ? i.low : i.high;
    if (holds(expect, worst))
        outcome->verdict = VERDICT_PASS;
    else if (!holds(expect, best))
        outcome->verdict = VERDICT_FAIL;
    else
        straddles(outcome);
    const size_t needed = stats_mean_runs_needed(sorted, outcome->runs, mean, sd);
    if (outcome->runs < needed)
        add_note(outcome, g_strdup_printf("too few runs to trust the interval: wants %zu, has %zu",
                                          needed, outcome->runs));
}

/* The count of runs on each side of the limit decides: the same as comparing the limit with the
 * interval, and possible on the failing side where too few runs give no interval. */
static void judge_quantile(const Expect *expect, const double *sorted, ExpectOutcome *outcome)
{
    const double confidence = expect_confidence(expect);
    const size_t runs = outcome->runs, holding = count_holding(expect, sorted, runs);
    const size_t below = bounds_above(expect) ? holding : runs - holding;
    const StatsSide side = stats_share_side(below, runs, expect->q, (1 - confidence) / 2);
    outcome->interval = stats_quantile_interval(sorted, runs, expect->q, confidence);
    if (side != STATS_EITHER) {
        outcome->verdict = verdict_of(bounds_above(expect) == (side == STATS_ABOVE));
        if (!outcome->interval.available)
            add_note(outcome, g_strdup_printf("met in %zu of %zu runs", holding, runs));
    } else if (outcome->interval.available) {
        straddles(outcome);
    } else {
        add_note(outcome, g_strdup_printf("needs %zu runs, has %zu",
                                          stats_quantile_runs_needed(expect->q, confidence), runs));
    }
}

static void judge_share(const Expect *expect, const double *sorted, ExpectOutcome *outcome)
{
    const double alpha = 1 - expect_confidence(expect);
    const size_t runs = outcome->runs, holding = count_holding(expect, sorted, runs);
    const StatsSide side = stats_share_side(holding, runs, expect->q, alpha);
    outcome->interval = stats_share_interval(holding, runs, 1 - 2 * alpha);
    add_note(outcome, g_strdup_printf("met in %zu of %zu runs", holding, runs));
    if (side != STATS_EITHER) {
        outcome->verdict = verdict_of(side == STATS_ABOVE);
        return;
    }
    const size_t needed = stats_share_runs_needed(runs - holding, expect->q, alpha);
    if (needed > runs)
        add_note(outcome, g_strdup_printf("needs %zu runs if no more miss it", needed));
}

/* At least one run applies. */
static void judge_sorted(const Expect *expect, const double *sorted, ExpectOutcome *outcome)
{
    outcome->measured = measure(expect, sorted, outcome->runs);
    const bool extreme = expect->stat == EXPECT_MIN || expect->stat == EXPECT_MAX;
    if (expect->stat == EXPECT_SHARE)
        judge_share(expect, sorted, outcome);
    else if (extreme || expect->op == EXPECT_EQ)
        outcome->verdict = verdict_of(holds(expect, outcome->measured));
    else if (expect->stat == EXPECT_MEAN)
        judge_mean(expect, sorted, outcome);
    else
        judge_quantile(expect, sorted, outcome);
}

ExpectOutcome expect_judge(const Expect *expect, const double *values, size_t runs,
                           size_t metric_count)
{
    ExpectOutcome outcome = {
        .verdict = VERDICT_INCONCLUSIVE, .measured = NAN, .interval = {false, NAN, NAN}};
    const double *column = values + expect->metric;
    double *sorted = stats_sorted(column, runs, metric_count, &outcome.runs);
    if (outcome.runs == 0)
        outcome.note = g_strdup("applies to no run");
    else
        judge_sorted(expect, sorted, &outcome);
    g_free(sorted);
    if (outcome.runs > 0 && (expect->stat == EXPECT_MIN || expect->stat == EXPECT_MAX))
        outcome.note = note_of_run(column, runs, metric_count, outcome.measured);
    return outcome;
}
