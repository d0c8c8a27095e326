/* Paired comparison: exact cases, coverage against known truth, and what common random numbers win.
 */
#include "sim/paired.h"

#include <glib.h>
#include <math.h>

#include "sim/random.h"

static const Expect mean = {.stat = EXPECT_MEAN}, median = {.stat = EXPECT_QUANTILE, .q = 0.5},
                    p95 = {.stat = EXPECT_QUANTILE, .q = 0.95};

static Paired compare(const Expect *statistic, const double *a, const double *b, size_t runs)
{
    return paired_compare(statistic, (PairedColumn){a, 1}, (PairedColumn){b, 1}, runs, 0.95);
}

/* A design against itself: nothing, exactly. */
static void test_itself(void)
{
    RandomStream stream;
    double values[100];
    random_init(&stream, 1, 0, "paired", "itself");
    for (size_t i = 0; i < 100; i++)
        values[i] = i % 10 == 0 ? INFINITY : i % 10 == 1 ? NAN : random_exponential(&stream);
    const Expect *statistics[] = {&mean, &median, &p95};
    for (size_t s = 0; s < G_N_ELEMENTS(statistics); s++) {
        const Paired got = compare(statistics[s], values, values, 100);
        g_assert_cmpuint(got.pairs, ==, 90);
        g_assert_cmpuint(got.unreached[0], ==, 10);
        g_assert_true(got.same && !got.significant && got.interval.available);
        g_assert_cmpfloat(got.difference, ==, 0);
        g_assert_cmpfloat(got.interval.low, ==, 0);
        g_assert_cmpfloat(got.interval.high, ==, 0);
    }
}

/* Differences 1, 2, 3: mean 2, t of 2 degrees 4.302652729911275, sd 1. */
static void test_mean(void)
{
    static const double a[] = {10, 20, 30, NAN, 5}, b[] = {11, 22, 33, 4, NAN};
    const Paired got = compare(&mean, a, b, 5);
    g_assert_cmpuint(got.pairs, ==, 3);
    g_assert_cmpfloat(got.value[0], ==, 20);
    g_assert_cmpfloat(got.value[1], ==, 22);
    g_assert_cmpfloat(got.difference, ==, 2);
    g_assert_cmpfloat_with_epsilon(got.interval.high, 2 + 4.302652729911275 / sqrt(3), 1e-9);
    g_assert_true(!got.significant && !got.same);
    g_assert_cmpuint(got.runs_needed, ==, 28);
}

/* Not reached in one design only: a mean has no difference; in both, the pair says nothing. */
static void test_unreached(void)
{
    static const double a[] = {1, 2, INFINITY}, b[] = {2, 4, INFINITY}, c[] = {1, 2, 3};
    const Paired both = compare(&mean, a, b, 3);
    g_assert_cmpfloat(both.difference, ==, 1.5);
    g_assert_cmpfloat(both.value[0], ==, INFINITY);
    const Paired one = compare(&mean, c, a, 3);
    g_assert_true(isnan(one.difference) && !one.interval.available && !one.significant);
    g_assert_cmpuint(one.unreached[0], ==, 0);
    g_assert_cmpuint(one.unreached[1], ==, 1);
    const Paired none = compare(&mean, a, a, 0);
    g_assert_true(none.pairs == 0 && isnan(none.difference) && isnan(none.value[0]) && !none.same);
    /* 6 runs are needed for a median's interval, 72 for a p95's. */
    g_assert_cmpuint(compare(&median, a, b, 3).runs_needed, ==, 6);
    g_assert_cmpuint(compare(&p95, a, b, 3).runs_needed, ==, 72);
    double never[80], soon[80];
    for (size_t i = 0; i < 80; i++) {
        soon[i] = (double)i;
        never[i] = INFINITY;
    }
    const Paired worse = compare(&p95, soon, never, 80);
    g_assert_true(worse.significant && worse.difference == INFINITY);
}

/* The same value more in every run: the interval has no width, however wild the values. */
static void test_shift(void)
{
    double a[100], b[100];
    for (size_t i = 0; i < 100; i++) {
        a[i] = (double)((i * 37) % 101);
        b[i] = a[i] + 4;
    }
    const Paired m = compare(&mean, a, b, 100), q = compare(&p95, a, b, 100);
    g_assert_true(m.significant && m.interval.low == 4 && m.interval.high == 4);
    g_assert_true(q.significant && q.interval.low == 4 && q.interval.high == 4);
    const Paired back = compare(&mean, b, a, 100);
    g_assert_cmpfloat(back.difference, ==, -4);
}

/* Two designs whose p95 and mean differ by a known amount, correlated by what they share. Nominal
 * 95 %: covered in at least 95 % (t) and 93 % (bootstrap, known to be a little narrow) of the
 * trials, less 4.9 standard errors: false alarm 1e-6 each. And pairing wins: the interval of the
 * paired mean is less than a quarter as wide as Welch's for the same values. */
static void test_coverage(void)
{
    enum { TRIALS = 400, RUNS = 150 };
    RandomStream stream;
    random_init(&stream, 9, 0, "paired", "coverage");
    int covered_mean = 0, covered_p95 = 0, wide = 0;
    for (int t = 0; t < TRIALS; t++) {
        double a[RUNS], b[RUNS];
        for (size_t i = 0; i < RUNS; i++) {
            a[i] = 10 * random_exponential(&stream);
            b[i] = 1.2 * a[i] + random_uniform(&stream); /* mean 2.5 more */
        }
        const Paired m = compare(&mean, a, b, RUNS);
        covered_mean += m.interval.low <= 2.5 && 2.5 <= m.interval.high;
        /* p95 of 12 E + U, from the law of the sum, less 10 ln 20. */
        const double truth = 12 * log(20 * 12 * (exp(1.0 / 12) - 1)) - 10 * log(20);
        const Paired q = compare(&p95, a, b, RUNS);
        covered_p95 += q.interval.low <= truth && truth <= q.interval.high;
        const double sa = stats_sd(a, RUNS, m.value[0]), sb = stats_sd(b, RUNS, m.value[1]);
        const StatsInterval welch =
            paired_welch((PairedSummary){m.value[0], sa / sqrt(RUNS), RUNS},
                         (PairedSummary){m.value[1], sb / sqrt(RUNS), RUNS}, 0.95);
        wide += welch.high - welch.low > 4 * (m.interval.high - m.interval.low);
    }
    g_assert_cmpint(covered_mean, >, (int)(TRIALS * (0.94 - 4.9 * sqrt(0.94 * 0.06 / TRIALS))));
    g_assert_cmpint(covered_p95, >, (int)(TRIALS * (0.93 - 4.9 * sqrt(0.93 * 0.07 / TRIALS))));
    g_assert_cmpint(covered_p95, <, TRIALS);
    g_assert_cmpint(wide, ==, TRIALS);
}

/* Where there is no difference, one is "found" in about 5 % of the trials: no more than 5 % plus
 * 4.9 standard errors (false alarm 1e-6), and the bootstrap's 7 %. */
static void test_false_alarm(void)
{
    enum { TRIALS = 400, RUNS = 100 };
    RandomStream stream;
    random_init(&stream, 10, 0, "paired", "alarm");
    int alarms_mean = 0, alarms_p95 = 0;
    for (int t = 0; t < TRIALS; t++) {
        double a[RUNS], b[RUNS];
        for (size_t i = 0; i < RUNS; i++) {
            a[i] = random_exponential(&stream);
            b[i] = random_exponential(&stream);
        }
        alarms_mean += compare(&mean, a, b, RUNS).significant;
        alarms_p95 += compare(&p95, a, b, RUNS).significant;
    }
    g_assert_cmpint(alarms_mean, <, (int)(TRIALS * (0.05 + 4.9 * sqrt(0.05 * 0.95 / TRIALS))));
    g_assert_cmpint(alarms_p95, <, (int)(TRIALS * (0.07 + 4.9 * sqrt(0.07 * 0.93 / TRIALS))));
    g_assert_cmpint(alarms_mean, >, 0);
}

/* Degrees of freedom by hand: (1/3 + 5/3)^2 / ((1/3)^2/2 + (5/3)^2/3). */
static void test_welch(void)
{
    const StatsInterval i = paired_welch((PairedSummary){2, 1 / sqrt(3), 3},
                                         (PairedSummary){5, sqrt(20.0 / 3 / 4), 4}, 0.95);
    const double a = 1.0 / 3, b = 5.0 / 3;
    const double freedom = (a + b) * (a + b) / (a * a / 2 + b * b / 3);
    g_assert_cmpfloat_with_epsilon(freedom, 4.0754716981, 1e-9);
    g_assert_cmpfloat_with_epsilon(i.high, 3 + stats_t_quantile(0.95, freedom) * sqrt(2), 1e-11);
    g_assert_cmpfloat_with_epsilon((i.low + i.high) / 2, 3, 1e-12);
    const StatsInterval flat =
        paired_welch((PairedSummary){2, 0, 9}, (PairedSummary){3, 0, 9}, 0.95);
    g_assert_true(flat.available && flat.low == 1 && flat.high == 1);
    g_assert_false(
        paired_welch((PairedSummary){2, 0, 1}, (PairedSummary){3, 0, 9}, 0.95).available);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/paired/itself", test_itself);
    g_test_add_func("/paired/mean", test_mean);
    g_test_add_func("/paired/unreached", test_unreached);
    g_test_add_func("/paired/shift", test_shift);
    g_test_add_func("/paired/coverage", test_coverage);
    g_test_add_func("/paired/false-alarm", test_false_alarm);
    g_test_add_func("/paired/welch", test_welch);
    return g_test_run();
}
