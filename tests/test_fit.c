/* Fitting: known laws are found again within the standard errors that theory gives; p-values are
 * what they say. Seeds fixed; 4.9 standard errors: a false alarm in a million.
 */
#include "sim/fit.h"

#include <glib.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdlib.h>

#include "tests/support/runs.h"

#define VALUES 4000

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorted draws of `dist`, which is freed. */
static double *draws(Dist *dist, size_t count, uint32_t replication)
{
    g_assert_nonnull(dist);
    RandomStream stream;
    random_init(&stream, 5, replication, "test", "fit");
    double *value = g_new(double, count);
    for (size_t i = 0; i < count; i++)
        value[i] = sim_seconds(dist_draw(dist, &stream));
    qsort(value, count, sizeof *value, by_value);
    dist_free(dist);
    return value;
}

static Dist *law(const char *family, double a, double b)
{
    return dist_new(dist_type_find(family), (const double[]){a, b}, NULL);
}

/* The asymptotic standard errors are those of the maximum-likelihood estimates (Fisher). */
static void test_estimates(void)
{
    const double n = VALUES, root = sqrt(n);
    const double z99 = 2.3263478740408408, sigma = log(6.0) / z99, k = 2.5;
    const struct {
        const char *family;
        double law[2], error[2]; /* error 0: not checked here */
    } cases[] = {
        {"exponential", {2, 0}, {2 / root, 0}},
        {"lognormal", {1, 6}, {sigma / root, 6 * sigma / root * sqrt(1 + z99 * z99 / 2)}},
        {"gamma", {k, 3}, {sqrt(k / (n * (k * gsl_sf_psi_1(k) - 1))), 3 / sqrt(k * n)}},
        {"weibull", {1.5, 4}, {0.7797 * 1.5 / root, 1.0531 * 4 / 1.5 / root}},
        {"pareto", {0.5, 2}, {0, 2 / root}},
        {"normal", {10, 1}, {1 / root, 1 / sqrt(2 * n)}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        double *value = draws(law(cases[i].family, cases[i].law[0], cases[i].law[1]), VALUES, 0);
        Fit fit = fit_family(cases[i].family, value, VALUES);
        g_assert_null(fit.why_not);
        for (size_t p = 0; p < fit.parameter_count; p++)
            if (cases[i].error[p] > 0)
                check_close(cases[i].family, fit.parameters[p], cases[i].law[p], cases[i].error[p]);
        g_assert_cmpfloat(fit.p_value, >, 0.001);
        g_assert_cmpfloat_with_epsilon(fit_cdf(&fit, value[VALUES / 2]), 0.5, 0.05);
        g_free(value);
    }
}

/* Ten values by hand: mean 5.5, log-likelihood -10 (log 5.5 + 1), one parameter. */
static void test_by_hand(void)
{
    const double value[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    Fit fit = fit_family("exponential", value, 10);
    g_assert_cmpfloat_with_epsilon(fit.parameters[0], 5.5, 1e-12);
    g_assert_cmpfloat_with_epsilon(fit.log_likelihood, -10 * (log(5.5) + 1), 1e-9);
    g_assert_cmpfloat_with_epsilon(fit.bic, log(10) + 20 * (log(5.5) + 1), 1e-9);
    double largest = 0; /* of |F - i/n| on both sides of each step */
    for (int i = 1; i <= 10; i++) {
        double f = 1 - exp(-i / 5.5);
        largest = MAX(largest, MAX(fabs(f - (i - 1) / 10.0), fabs(f - i / 10.0)));
    }
    g_assert_cmpfloat_with_epsilon(fit.distance, largest, 1e-12);
    fit = fit_family("uniform", value, 10);
    g_assert_cmpfloat(fit.parameters[0], ==, 1);
    g_assert_cmpfloat(fit.parameters[1], ==, 10);
    g_assert_nonnull(fit_family("normal", value, 10).why_not); /* 5.5 is below 4 x 2.9 */
    g_assert_nonnull(fit_family("mixture", value, 10).why_not);
}

/* Calm 90 % about 1 s, spikes 10 % about 20 s: found again; no single family is taken for it. */
static void test_mixture(void)
{
    Dist *parts[2] = {law("lognormal", 1, 2), law("lognormal", 20, 60)};
    double *value = draws(dist_new_mixture(parts, (const double[]){9, 1}, 2, NULL), VALUES, 1);
    Fit mixture = fit_family("mixture", value, VALUES);
    g_assert_null(mixture.why_not);
    check_close("weight", mixture.parameters[4], 0.1, sqrt(0.09 / VALUES));
    g_assert_cmpfloat_with_epsilon(mixture.parameters[0], 1, 0.05);
    g_assert_cmpfloat_with_epsilon(mixture.parameters[2], 20, 2);
    g_assert_cmpfloat(mixture.p_value, >, 0.001);
    for (size_t i = 0; i + 1 < 7; i++) {
        Fit fit = fit_family(fit_families[i], value, VALUES);
        g_assert_true(fit.why_not != NULL || (fit.p_value < 0.05 && fit.bic > mixture.bic));
    }
    Dist *dist = fit_dist(&mixture);
    g_assert_cmpfloat_with_epsilon(fit_cdf(&mixture, dist_quantile(dist, 0.95)), 0.95, 1e-6);
    dist_free(dist);
    g_free(value);
}

/* The p-value of a true family is uniform: of 200 samples about 10 fall below 5 %, sd 3.1. With
 * the textbook's table for known parameters nearly none would. */
static void test_p_values(void)
{
    enum { SAMPLES = 200 };
    int below = 0, low_half = 0;
    for (uint32_t r = 0; r < SAMPLES; r++) {
        double *value = draws(law("exponential", 3, 0), 60, r);
        double p = fit_family("exponential", value, 60).p_value;
        below += p < 0.05;
        low_half += p < 0.5;
        g_free(value);
    }
    check_close("p < 0.05", below, 10, sqrt(SAMPLES * 0.05 * 0.95));
    check_close("p < 0.5", low_half, 100, sqrt(SAMPLES * 0.25));
}

static void test_correlation(void)
{
    RandomStream stream;
    random_init(&stream, 5, 0, "test", "correlation");
    double fresh[2000], slow[2000], state = 0;
    for (size_t i = 0; i < 2000; i++) {
        fresh[i] = random_exponential(&stream);
        state = 0.9 * state + random_normal(&stream);
        slow[i] = state;
    }
    check_close("independent", fit_neighbour_correlation(fresh, 2000), 0, 1 / sqrt(2000));
    g_assert_cmpfloat(fit_neighbour_correlation(slow, 2000), >, 0.8);
    const double same[] = {1, 1, 1, 1};
    g_assert_cmpfloat(fit_neighbour_correlation(same, 4), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/fit/estimates", test_estimates);
    g_test_add_func("/fit/by-hand", test_by_hand);
    g_test_add_func("/fit/mixture", test_mixture);
    g_test_add_func("/fit/p-values", test_p_values);
    g_test_add_func("/fit/correlation", test_correlation);
    return g_test_run();
}
