/* Statistics and the histogram: exact values, published numbers, and coverage. */
#include "sim/stats.h"

#include <glib.h>
#include <math.h>

#include "sim/histogram.h"
#include "sim/random.h"

#define near(value, expected) g_assert_cmpfloat_with_epsilon(value, expected, 1e-11)

static double *ramp(size_t n)
{
    double *values = g_new(double, n);
    for (size_t i = 0; i < n; i++)
        values[i] = (double)(i + 1);
    return values;
}

/* The smallest value with at least q n values at or below it. */
static void test_quantile(void)
{
    static const struct {
        size_t n;
        double q, expected;
    } cases[] = {
        {1, 0.5, 1},     {2, 0.5, 1},     {3, 0.5, 2},       {4, 0.5, 2},      {20, 0.95, 19},
        {20, 0.951, 20}, {100, 0.99, 99}, {100, 0.999, 100}, {200, 0.95, 190}, {100, 0.07, 7},
        {10, 0, 1},      {10, 1, 10},     {7, 1.0 / 7, 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        double *values = ramp(cases[i].n);
        g_assert_cmpfloat(stats_quantile(values, cases[i].n, cases[i].q), ==, cases[i].expected);
        g_free(values);
    }
    g_assert_true(isnan(stats_quantile(NULL, 0, 0.5)));
}

static void test_summary(void)
{
    static const double values[] = {4, NAN, 2, 9, 7, NAN, 3};
    const StatsSummary s = stats_summarise(values, G_N_ELEMENTS(values));
    g_assert_cmpuint(s.runs, ==, 5);
    g_assert_cmpuint(s.unreached, ==, 0);
    near(s.mean, 5);
    near(s.sd, sqrt(8.5));
    g_assert_cmpfloat(s.min, ==, 2);
    g_assert_cmpfloat(s.max, ==, 9);
    g_assert_cmpfloat(s.p50, ==, 4);
    g_assert_cmpfloat(s.p95, ==, 9);
    g_assert_true(s.mean_ci95.available);
    near(s.mean_ci95.low, 5 - 2.7764451051977987 * sqrt(8.5 / 5)); /* t of 4 degrees, 97.5 % */
    near(s.mean_ci95.high, 5 + 2.7764451051977987 * sqrt(8.5 / 5));
}

/* What was never reached counts as worse than any number, and is never left out. */
static void test_unreached(void)
{
    static const double values[] = {INFINITY, 2, NAN, 1, INFINITY};
    const StatsSummary s = stats_summarise(values, G_N_ELEMENTS(values));
    g_assert_cmpuint(s.runs, ==, 4);
    g_assert_cmpuint(s.unreached, ==, 2);
    g_assert_cmpfloat(s.mean, ==, INFINITY);
    g_assert_cmpfloat(s.sd, ==, INFINITY);
    g_assert_cmpfloat(s.p50, ==, 2);
    g_assert_cmpfloat(s.p95, ==, INFINITY);
    g_assert_cmpfloat(s.max, ==, INFINITY);
    g_assert_false(s.mean_ci95.available);
}

static void test_too_few(void)
{
    static const double values[] = {NAN, 5};
    const StatsSummary none = stats_summarise(values, 1), one = stats_summarise(values, 2);
    g_assert_cmpuint(none.runs, ==, 0);
    g_assert_true(isnan(none.mean) && isnan(none.sd) && isnan(none.min) && isnan(none.p99));
    g_assert_false(none.mean_ci95.available);
    g_assert_cmpuint(one.runs, ==, 1);
    g_assert_cmpfloat(one.mean, ==, 5);
    g_assert_true(isnan(one.sd));
    g_assert_false(one.mean_ci95.available);
}

static void test_column(void)
{
    static const double matrix[] = {3, 0, 1, 0, NAN, 0, 2, 0};
    size_t kept;
    double *sorted = stats_sorted(matrix, 4, 2, &kept);
    g_assert_cmpuint(kept, ==, 3);
    for (size_t i = 0; i < 3; i++)
        g_assert_cmpfloat(sorted[i], ==, (double)(i + 1));
    g_free(sorted);
}

/* 6, 72, 368 and 3688 runs, and not one fewer. */
static void test_runs_needed(void)
{
    static const struct {
        double q;
        size_t runs;
    } cases[] = {{0.5, 6}, {0.95, 72}, {0.05, 72}, {0.99, 368}, {0.999, 3688}};
    double *values = ramp(4000);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const size_t n = cases[i].runs;
        g_assert_cmpuint(stats_quantile_runs_needed(cases[i].q, 0.95), ==, n);
        g_assert_true(stats_quantile_interval(values, n, cases[i].q, 0.95).available);
        g_assert_false(stats_quantile_interval(values, n - 1, cases[i].q, 0.95).available);
    }
    g_assert_false(stats_quantile_interval(values, 0, 0.5, 0.95).available);
    g_assert_false(stats_quantile_interval(values, 100, 0, 0.95).available);
    g_assert_false(stats_quantile_interval(values, 100, 1, 0.95).available);
    g_free(values);
}

/* Ranks from the binomial distribution in exact rational arithmetic. */
static void test_quantile_interval(void)
{
    static const struct {
        size_t n;
        double q, low, high;
    } cases[] = {{6, 0.5, 1, 6},     {10, 0.5, 2, 9},    {20, 0.5, 6, 15},
                 {100, 0.5, 40, 61}, {72, 0.95, 64, 72}, {368, 0.99, 360, 368}};
    double *values = ramp(400);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const StatsInterval interval =
            stats_quantile_interval(values, cases[i].n, cases[i].q, 0.95);
        g_assert_true(interval.available);
        g_assert_cmpfloat(interval.low, ==, cases[i].low);
        g_assert_cmpfloat(interval.high, ==, cases[i].high);
    }
    g_free(values);
}

/* Nominal 95 %: the interval of a p90 from 100 exponentials covers it in at least 95 % of 4000
 * trials, less 4.9 standard errors (false alarm below 1e-6); and is not much too wide. */
static void test_coverage(void)
{
    const int trials = 4000;
    const double truth = log(10);
    RandomStream stream;
    random_init(&stream, 5, 0, "stats", "coverage");
    int covered = 0;
    for (int t = 0; t < trials; t++) {
        double values[100];
        for (size_t i = 0; i < 100; i++)
            values[i] = random_exponential(&stream);
        size_t kept;
        double *sorted = stats_sorted(values, 100, 1, &kept);
        const StatsInterval i = stats_quantile_interval(sorted, kept, 0.9, 0.95);
        covered += i.low <= truth && truth < i.high;
        g_free(sorted);
    }
    const double share = (double)covered / trials, error = sqrt(0.95 * 0.05 / trials);
    g_assert_cmpfloat(share, >, 0.95 - 4.9 * error);
    g_assert_cmpfloat(share, <, 0.98);
}

static void test_mean_interval(void)
{
    const StatsInterval i = stats_mean_interval(10, 2, 25, 0.99);
    g_assert_true(i.available);
    near(i.low, 10 - 2.796939504772804 * 0.4); /* t of 24 degrees, 99.5 % */
    near(i.high, 10 + 2.796939504772804 * 0.4);
    const StatsInterval same = stats_mean_interval(3, 0, 2, 0.95);
    g_assert_true(same.available && same.low == 3 && same.high == 3);
    g_assert_false(stats_mean_interval(3, 0, 1, 0.95).available);
    g_assert_false(stats_mean_interval(NAN, NAN, 0, 0.95).available);
}

/* Clopper-Pearson: closed forms at the ends, and solutions of the binomial equations between. */
static void test_share(void)
{
    const StatsInterval none = stats_share_interval(0, 10, 0.95);
    g_assert_cmpfloat(none.low, ==, 0);
    near(none.high, 1 - pow(0.025, 0.1));
    const StatsInterval all = stats_share_interval(10, 10, 0.95);
    near(all.low, pow(0.025, 0.1));
    g_assert_cmpfloat(all.high, ==, 1);
    const StatsInterval some = stats_share_interval(3, 20, 0.95);
    near(some.low, 0.032070937185);
    near(some.high, 0.378926826545);
    const StatsInterval one = stats_share_interval(1, 2, 0.95);
    near(one.low, 1 - sqrt(0.975)); /* 1 - (1 - p)^2 = 0.025 */
    near(one.high, sqrt(0.975));
    g_assert_false(stats_share_interval(0, 0, 0.95).available);
    const StatsInterval many = stats_share_interval(500000, 1000000, 0.95);
    g_assert_cmpfloat_with_epsilon(many.low, 0.5 - 1.96 * 0.0005, 1e-5);
    g_assert_cmpfloat_with_epsilon(many.high, 0.5 + 1.96 * 0.0005, 1e-5);
}

/* 2,995 runs for 99.9 % at 95 %, 299 for 99 %: the textbook numbers; both tails are exact. */
static void test_share_side(void)
{
    g_assert_cmpuint(stats_share_runs_needed(0, 0.99, 0.05), ==, 299);
    g_assert_cmpuint(stats_share_runs_needed(0, 0.999, 0.05), ==, 2995);
    g_assert_cmpuint(stats_share_runs_needed(0, 0.99, 0.025), ==, 368);
    g_assert_cmpuint(stats_share_runs_needed(0, 1 - 1e-10, 0.05), ==, SIZE_MAX);
    for (size_t hits = 0; hits <= 40; hits++) {
        const StatsInterval bounds = stats_share_interval(hits, 40, 0.9);
        for (double share = 0.013; share < 1; share += 0.05) {
            const StatsSide side = stats_share_side(hits, 40, share, 0.05);
            g_assert_true((side == STATS_ABOVE) == (bounds.low >= share));
            g_assert_true((side == STATS_BELOW) == (bounds.high <= share));
        }
    }
    g_assert_cmpint((int)stats_share_side(0, 0, 0.5, 0.05), ==, (int)STATS_EITHER);
}

/* On loss that is zero in nine runs of ten and exponential otherwise (skewness 6.5), a nominal 95 %
 * t interval from 30 runs covers the mean in far fewer than 95 % of trials, and the rule asks for
 * more runs; from 2,000 runs the rule is content and the interval covers in at least 94 % (less 4.9
 * standard errors: false alarm 1e-6). */
static void test_mean_runs_needed(void)
{
    enum { TRIALS = 600, MANY = 2000 };
    RandomStream stream;
    random_init(&stream, 7, 0, "stats", "skewed");
    int covered[2] = {0}, trusted[2] = {0};
    double *values = g_new(double, MANY);
    for (int t = 0; t < 2 * TRIALS; t++) {
        const size_t n = t % 2 ? MANY : 30;
        for (size_t i = 0; i < n; i++)
            values[i] = random_below(&stream, 10) == 0 ? random_exponential(&stream) : 0;
        const double mean = stats_mean(values, n), sd = stats_sd(values, n, mean);
        const StatsInterval i = stats_mean_interval(mean, sd, n, 0.95);
        covered[t % 2] += i.low <= 0.1 && 0.1 <= i.high;
        trusted[t % 2] += stats_mean_runs_needed(values, n, mean, sd) <= n;
    }
    g_free(values);
    g_assert_cmpint(covered[0], <, TRIALS * 88 / 100);
    g_assert_cmpint(trusted[0], <, TRIALS / 20);
    g_assert_cmpint(trusted[1], >, TRIALS * 95 / 100);
    g_assert_cmpfloat((double)covered[1] / TRIALS, >, 0.94 - 4.9 * sqrt(0.94 * 0.06 / TRIALS));
    const double symmetric[] = {1, 2, 3}, same[] = {4, 4};
    g_assert_cmpuint(stats_mean_runs_needed(symmetric, 3, 2, 1), ==, 28);
    g_assert_cmpuint(stats_mean_runs_needed(same, 2, 4, 0), ==, 28);
}

/* ---- Histogram ---- */

static void test_histogram_exact(void)
{
    Histogram *h = histogram_new();
    g_assert_true(isnan(histogram_mean(h)) && isnan(histogram_max(h)));
    g_assert_true(isnan(histogram_quantile(h, 0.5)) && isnan(histogram_sd(h)));
    histogram_add(h, 3);
    g_assert_true(isnan(histogram_sd(h)));
    for (SimTime v = 1; v <= 100; v++)
        if (v != 3)
            histogram_add(h, v);
    g_assert_cmpuint(histogram_count(h), ==, 100);
    g_assert_cmpfloat_with_epsilon(histogram_mean(h), 50.5e-9, 1e-22);
    g_assert_cmpfloat_with_epsilon(histogram_sd(h), 1e-9 * sqrt(101 * 100 / 12.0), 1e-21);
    g_assert_cmpfloat(histogram_quantile(h, 0.07), ==, sim_seconds(7));
    g_assert_cmpfloat(histogram_quantile(h, 0.5), ==, sim_seconds(50));
    g_assert_cmpfloat(histogram_quantile(h, 0), ==, sim_seconds(1));
    g_assert_cmpfloat(histogram_quantile(h, 1), ==, sim_seconds(100));
    histogram_add(h, 1000); /* its bin reaches to 1003: capped at the maximum seen */
    g_assert_cmpfloat(histogram_quantile(h, 1), ==, sim_seconds(1000));
    histogram_free(h);
}

/* A value and a larger one: the lower quantile is the value's bin, never below, within 1/128. */
static void test_histogram_width(void)
{
    for (unsigned bits = 0; bits < 62; bits++) {
        for (int64_t step = -1; step <= 1; step++) {
            const SimTime value = (INT64_C(1) << bits) + step;
            Histogram *h = histogram_new();
            histogram_add(h, value);
            histogram_add(h, INT64_MAX);
            const double seconds = sim_seconds(value), q = histogram_quantile(h, 0.5);
            g_assert_cmpfloat(q, >=, seconds);
            g_assert_cmpfloat(q, <=, seconds * (1 + 1.0 / 128));
            g_assert_cmpfloat(histogram_max(h), ==, sim_seconds(INT64_MAX));
            histogram_free(h);
        }
    }
}

/* Against sorting, on values over nine decades. */
static void test_histogram_sorted(void)
{
    static const double shares[] = {0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
    const size_t n = 100000;
    double *values = g_new(double, n);
    Histogram *h = histogram_new();
    RandomStream stream;
    random_init(&stream, 6, 0, "stats", "histogram");
    for (size_t i = 0; i < n; i++) {
        const SimTime v = (SimTime)random_below(&stream, UINT64_C(1) << random_below(&stream, 50));
        histogram_add(h, v);
        values[i] = sim_seconds(v);
    }
    size_t kept;
    double *sorted = stats_sorted(values, n, 1, &kept);
    for (size_t i = 0; i < G_N_ELEMENTS(shares); i++) {
        const double exact = stats_quantile(sorted, n, shares[i]);
        const double q = histogram_quantile(h, shares[i]);
        g_assert_cmpfloat(q, >=, exact);
        g_assert_cmpfloat(q, <=, exact * (1 + 1.0 / 128));
    }
    const StatsSummary s = stats_summarise(values, n);
    g_assert_cmpfloat_with_epsilon(histogram_mean(h) / s.mean, 1, 1e-12);
    g_assert_cmpfloat_with_epsilon(histogram_sd(h) / s.sd, 1, 1e-10);
    g_free(sorted);
    g_free(values);
    histogram_free(h);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/stats/quantile", test_quantile);
    g_test_add_func("/stats/summary", test_summary);
    g_test_add_func("/stats/unreached", test_unreached);
    g_test_add_func("/stats/too-few", test_too_few);
    g_test_add_func("/stats/column", test_column);
    g_test_add_func("/stats/runs-needed", test_runs_needed);
    g_test_add_func("/stats/quantile-interval", test_quantile_interval);
    g_test_add_func("/stats/coverage", test_coverage);
    g_test_add_func("/stats/mean-interval", test_mean_interval);
    g_test_add_func("/stats/share", test_share);
    g_test_add_func("/stats/share-side", test_share_side);
    g_test_add_func("/stats/mean-runs-needed", test_mean_runs_needed);
    g_test_add_func("/histogram/exact", test_histogram_exact);
    g_test_add_func("/histogram/width", test_histogram_width);
    g_test_add_func("/histogram/sorted", test_histogram_sorted);
    return g_test_run();
}
