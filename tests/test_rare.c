/* The tail estimator against laws that are known exactly: no bias, errors as stated, intervals that
 * cover. Seeds fixed; 4.9 standard errors: a false alarm in a million.
 */
#include "sim/rare.h"

#include <glib.h>
#include <math.h>

#include "tests/support/runs.h"

enum { STUDIES = 200, RUNS = 1000 };

/* The sum of two exponentials: P(X > x) = (1 + x) exp(-x). */
static double gamma_tail(double x)
{
    return (1 + x) * exp(-x);
}

static void sample_sum(const RareDesign *design, uint64_t seed, RareSample *samples)
{
    for (uint32_t i = 0; i < RUNS; i++) {
        RandomStream stream;
        double u[RARE_DRIVERS_MAX];
        random_init(&stream, seed, i, "test", "inputs");
        rare_draw(design, &stream, u);
        double x = 0;
        for (size_t j = 0; j < design->drivers; j++)
            x -= log(1 - u[j]);
        samples[i] = (RareSample){x, rare_weight(design, u)};
    }
}

/* STUDIES estimates of P(X > x): their mean, their spread against the errors they state, and how
 * often the 95 % interval misses the truth. */
static void check_design(const char *what, const RareDesign *design, double x, bool sharp)
{
    RareSample samples[RUNS];
    double sum = 0, square = 0, stated = 0, truth = gamma_tail(x);
    int missed = 0;
    for (uint64_t s = 0; s < STUDIES; s++) {
        sample_sum(design, s, samples);
        RareTail tail = rare_tail(samples, RUNS, x);
        sum += tail.probability;
        square += tail.probability * tail.probability;
        stated += tail.standard_error * tail.standard_error;
        missed += tail.low > truth || tail.high < truth;
    }
    double mean = sum / STUDIES, variance = (square - sum * mean) / (STUDIES - 1);
    check_close(what, mean, truth, sqrt(variance / STUDIES));
    if (!sharp)
        return;
    /* the stated variance is the estimates' own: chi-square, relative sd sqrt(2/199) */
    check_close("variance", variance * STUDIES / stated, 1, sqrt(2.0 / (STUDIES - 1)));
    check_close("missed", missed, 0.05 * STUDIES, sqrt(0.05 * 0.95 * STUDIES));
}

static void test_unbiased(void)
{
    const RareDesign both = {.drivers = 2, .tilt = {RARE_HIGH, RARE_HIGH}, .levels = 9};
    const RareDesign one = {.drivers = 2, .tilt = {RARE_HIGH, RARE_PLAIN}, .levels = 9};
    const RareDesign plain = {.drivers = 2, .levels = 9};
    const RareDesign wrong = {.drivers = 2, .tilt = {RARE_LOW, RARE_LOW}, .levels = 9};
    check_design("two tails at 3e-4", &both, 10, true);
    check_design("two tails at 2e-2", &both, 6, true);
    check_design("one tail at 2e-2", &one, 6, true);
    check_design("plain at 0.2", &plain, 3, true);
    check_design("the wrong tails at 0.2", &wrong, 3, true);
}

/* What it is for: at one in 30,000 a relative error of some percent, where 1,000 plain runs see
 * nothing in 29 studies of 30. */
static void test_reach(void)
{
    const RareDesign design = {.drivers = 2, .tilt = {RARE_HIGH, RARE_HIGH}, .levels = 11};
    RareSample samples[RUNS];
    sample_sum(&design, 1, samples);
    RareTail tail = rare_tail(samples, RUNS, 12.5);
    check_close("at 5e-5", tail.probability, gamma_tail(12.5), tail.standard_error);
    g_assert_cmpfloat(tail.standard_error / tail.probability, <, 0.2);
    const RareDesign plain = {.drivers = 2, .levels = 11};
    sample_sum(&plain, 1, samples);
    g_assert_cmpuint(rare_tail(samples, RUNS, 12.5).seen, ==, 0);
}

/* P(X > 11.7564) = 1e-4: the quantile's interval covers it in 95 of 100 studies. */
static void test_quantile(void)
{
    const RareDesign design = {.drivers = 2, .tilt = {RARE_HIGH, RARE_HIGH}, .levels = 9};
    RareSample samples[RUNS];
    double low = 1, high = 100;
    for (int i = 0; i < 200; i++)
        *(gamma_tail((low + high) / 2) > 1e-4 ? &low : &high) = (low + high) / 2;
    int missed = 0;
    for (uint64_t s = 0; s < STUDIES; s++) {
        sample_sum(&design, s, samples);
        rare_sort(samples, RUNS);
        RareQuantile q = rare_quantile(samples, RUNS, 1 - 1e-4);
        g_assert_true(q.available);
        g_assert_cmpfloat(q.low, <=, q.value);
        g_assert_cmpfloat(q.value, <=, q.high);
        missed += q.low > low || q.high < low;
    }
    check_close("missed", missed, 0.05 * STUDIES, sqrt(0.05 * 0.95 * STUDIES));
}

/* No weight exceeds 2 per tilted input; untilted ones have weight 1; weights average to 1. */
static void test_weights(void)
{
    const RareDesign design = {
        .drivers = 3, .tilt = {RARE_HIGH, RARE_PLAIN, RARE_LOW}, .levels = 5};
    double sum = 0, square = 0, n = 4000;
    for (uint32_t i = 0; i < 4000; i++) {
        RandomStream stream;
        double u[RARE_DRIVERS_MAX];
        random_init(&stream, 3, i, "test", "weights");
        rare_draw(&design, &stream, u);
        for (int j = 0; j < 3; j++)
            g_assert_true(u[j] > 0 && u[j] < 1);
        double w = rare_weight(&design, u);
        g_assert_true(w > 0 && w <= 4);
        sum += w;
        square += w * w;
    }
    check_close("mean weight", sum / n, 1, sqrt((square / n - 1) / n));
    const RareDesign none = {.drivers = 1, .levels = 5};
    g_assert_cmpfloat(rare_weight(&none, (const double[]){0.999999}), ==, 1);
}

/* What was not reached is beyond every limit; what does not apply is beyond none. */
static void test_unreached(void)
{
    RareSample samples[] = {{1, 1}, {(double)INFINITY, 1}, {(double)NAN, 1}, {2, 1}};
    g_assert_cmpfloat(rare_tail(samples, 4, 1e300).probability, ==, 0.25);
    g_assert_cmpuint(rare_tail(samples, 4, -1).seen, ==, 3);
    rare_sort(samples, 4);
    g_assert_true(isinf(samples[0].value) && isnan(samples[3].value));
    g_assert_false(rare_quantile(samples, 4, 0.999).available);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/rare/unbiased", test_unbiased);
    g_test_add_func("/rare/reach", test_reach);
    g_test_add_func("/rare/quantile", test_quantile);
    g_test_add_func("/rare/weights", test_weights);
    g_test_add_func("/rare/unreached", test_unreached);
    return g_test_run();
}
