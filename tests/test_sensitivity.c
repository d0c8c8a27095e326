/* Sensitivity against functions whose effects and indices are known exactly. */
#include "sim/sensitivity.h"

#include <glib.h>
#include <math.h>

static double *evaluate(const double *design, size_t rows, size_t inputs,
                        double (*f)(const double *x))
{
    double *results = g_new(double, rows);
    for (size_t r = 0; r < rows; r++)
        results[r] = f(design + r * inputs);
    return results;
}

static double linear(const double *x)
{
    return 3 * x[0] - 6 * x[1] + 0 * x[2] + 7;
}

/* Steps of 2/3: effects are exactly 2/3 of the coefficients, everywhere. */
static void test_linear(void)
{
    double *design = morris_design(3, 12, 1);
    double *results = evaluate(design, 12 * 4, 3, linear);
    MorrisEffect effect[3];
    morris_effects(design, results, 3, 12, effect);
    const double mu[] = {2, -4, 0};
    for (int i = 0; i < 3; i++) {
        g_assert_cmpfloat_with_epsilon(effect[i].mu, mu[i], 1e-12);
        g_assert_cmpfloat_with_epsilon(effect[i].mu_star.value, fabs(mu[i]), 1e-12);
        g_assert_cmpfloat_with_epsilon(effect[i].mu_star.low, fabs(mu[i]), 1e-12);
        g_assert_cmpfloat_with_epsilon(effect[i].mu_star.high, fabs(mu[i]), 1e-12);
        g_assert_cmpfloat(effect[i].sigma, <, 1e-12);
    }
    g_free(design);
    g_free(results);
}

/* Every step moves one input, by 2/3, and stays on the grid. */
static void test_design(void)
{
    double *design = morris_design(5, 20, 3);
    for (size_t t = 0; t < 20; t++) {
        int moved[5] = {0};
        for (size_t s = 0; s < 5; s++) {
            const double *row = design + (t * 6 + s) * 5;
            int changes = 0;
            for (int i = 0; i < 5; i++) {
                double step = fabs(row[5 + i] - row[i]);
                g_assert_true(row[i] >= 0 && row[i] <= 1);
                if (step > 0.1) {
                    g_assert_cmpfloat_with_epsilon(step, 2.0 / 3, 1e-12);
                    changes++;
                    moved[i]++;
                }
            }
            g_assert_cmpint(changes, ==, 1);
        }
        for (int i = 0; i < 5; i++)
            g_assert_cmpint(moved[i], ==, 1);
    }
    g_free(design);
}

static double product(const double *x)
{
    return 4 * (x[0] - 0.5) * (x[1] - 0.5);
}

/* An interaction has no sign of its own: mu near 0, mu_star and sigma not. */
static void test_interaction(void)
{
    double *design = morris_design(2, 200, 5);
    double *results = evaluate(design, 200 * 3, 2, product);
    MorrisEffect effect[2];
    morris_effects(design, results, 2, 200, effect);
    /* |x - 1/2| is 1/2 or 1/6 with equal chance: mean 1/3, so mu_star = 4 (2/3) / 3 */
    for (int i = 0; i < 2; i++) {
        g_assert_cmpfloat_with_epsilon(effect[i].mu_star.value, 8.0 / 9, 0.15);
        g_assert_cmpfloat(fabs(effect[i].mu), <, 0.35);
        g_assert_cmpfloat(effect[i].sigma, >, 0.8);
        g_assert_true(effect[i].mu_star.low < 8.0 / 9 && effect[i].mu_star.high > 8.0 / 9);
    }
    g_free(design);
    g_free(results);
}

/* Ishigami and Homma (1990), a = 7, b = 0.1. */
static double ishigami(const double *u)
{
    const double pi = 3.14159265358979323846;
    double x[3];
    for (int i = 0; i < 3; i++)
        x[i] = pi * (2 * u[i] - 1);
    return sin(x[0]) + 7 * sin(x[1]) * sin(x[1]) + 0.1 * x[2] * x[2] * x[2] * x[2] * sin(x[0]);
}

/* Its indices in closed form: .3139 .4424 0, and .5576 .4424 .2437. */
static void test_ishigami(void)
{
    const size_t base = 4096;
    double *design = sobol_design(3, base);
    double *results = evaluate(design, base * 5, 3, ishigami);
    SobolIndex index[3];
    g_assert_true(sobol_indices(results, 3, base, index));
    const double first[] = {0.3139, 0.4424, 0}, total[] = {0.5576, 0.4424, 0.2437};
    for (int i = 0; i < 3; i++) {
        g_assert_cmpfloat_with_epsilon(index[i].first.value, first[i], 0.01);
        g_assert_cmpfloat_with_epsilon(index[i].total.value, total[i], 0.01);
        g_assert_true(index[i].first.low <= first[i] && first[i] <= index[i].first.high);
        g_assert_true(index[i].total.low <= total[i] && total[i] <= index[i].total.high);
        g_assert_cmpfloat(index[i].total.high - index[i].total.low, <, 0.1);
    }
    g_free(design);
    g_free(results);
}

static double flat(const double *x)
{
    (void)x;
    return 1e6 / 3;
}

static void test_flat(void)
{
    double *design = sobol_design(2, 32);
    double *results = evaluate(design, 32 * 4, 2, flat);
    SobolIndex index[2];
    g_assert_false(sobol_indices(results, 2, 32, index));
    g_free(design);
    g_free(results);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/sensitivity/linear", test_linear);
    g_test_add_func("/sensitivity/design", test_design);
    g_test_add_func("/sensitivity/interaction", test_interaction);
    g_test_add_func("/sensitivity/ishigami", test_ishigami);
    g_test_add_func("/sensitivity/flat", test_flat);
    return g_test_run();
}
