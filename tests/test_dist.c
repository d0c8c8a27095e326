/* Every family against GSL's distribution functions, closed forms and pinned bytes.
 * Stochastic checks allow 4.9 standard errors (false alarm 1e-6 each); Kolmogorov-Smirnov allows
 * sqrt(n) D = 2.7 (1e-6). */
#include <glib.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "sim/dist.h"

#define SIGMAS   4.9
#define MAX_ARGS 3

/* ---- The families' distribution functions ---- */

static double exponential_cdf(const double *arg, double x)
{
    return gsl_cdf_exponential_P(x, arg[0]);
}

static double uniform_cdf(const double *arg, double x)
{
    return gsl_cdf_flat_P(x, arg[0], arg[1]);
}

static double normal_cdf(const double *arg, double x)
{
    const double below = gsl_cdf_ugaussian_P(-arg[0] / arg[1]);
    return (gsl_cdf_ugaussian_P((x - arg[0]) / arg[1]) - below) / (1 - below);
}

static double lognormal_cdf(const double *arg, double x)
{
    return gsl_cdf_lognormal_P(x, log(arg[0]), log(arg[1] / arg[0]) / gsl_cdf_ugaussian_Pinv(0.99));
}

static double gamma_cdf(const double *arg, double x)
{
    return gsl_cdf_gamma_P(x, arg[0], arg[1] / arg[0]);
}

static double weibull_cdf(const double *arg, double x)
{
    return gsl_cdf_weibull_P(x, arg[1], arg[0]);
}

static double pareto_cdf(const double *arg, double x)
{
    return gsl_cdf_pareto_P(x, arg[1], arg[0]);
}

static double triangular_cdf(const double *arg, double x)
{
    const double width = arg[2] - arg[0];
    if (x < arg[1])
        return (x - arg[0]) * (x - arg[0]) / (width * (arg[1] - arg[0]));
    return x >= arg[2] ? 1 : 1 - (arg[2] - x) * (arg[2] - x) / (width * (arg[2] - arg[1]));
}

/* The mixture and the sample that the tests use. */
static const double ssd_pareto[] = {0.235, 10}, ssd_exponential[] = {1 / 1.66};

static double mixture_cdf(const double *arg, double x)
{
    (void)arg;
    return 0.9122 * pareto_cdf(ssd_pareto, x) + 0.0878 * exponential_cdf(ssd_exponential, x);
}

static const double measured[] = {3, 1, 2, 10};

static double empirical_cdf(const double *arg, double x)
{
    (void)arg;
    return x < 3 ? (x - 1) / 3 : 2.0 / 3 + (x - 3) / 21;
}

/* ---- The cases ---- */

typedef struct Case {
    const char *type;
    double arg[MAX_ARGS];
    double (*cdf)(const double *arg, double x);
    double mean, sd; /* closed forms; sd NAN: infinite, no test of the mean by draws */
    uint64_t hash;   /* of a million draws in nanoseconds */
    bool one_draw;   /* by inversion: rises with the one uniform it takes */
} Case;

/* clang-format off */
static const Case cases[] = {
    {"exponential", {2}, exponential_cdf, 2, 2, 0xAC966D693DFDEABC, false},
    {"uniform", {1, 3}, uniform_cdf, 2, 0.5773503, 0xF2AF5087F10546D3, true},
    {"normal", {10, 1}, normal_cdf, 10, 1, 0x64EA93E18ACFDAF4, true},
    {"normal", {1, 2}, normal_cdf, 2.0183208676740670, 1.394526, 0xF1A67C62A64995E3, true},
    {"normal", {0, 1}, normal_cdf, 0.79788456080286536, 0.6028103, 0x318D8F15F53086CF, true},
    {"lognormal", {0.028, 0.060}, lognormal_cdf, 0.029543666878425608, 0.009944477,
     0x80D0BABB7AE53B30, true},
    {"gamma", {0.3, 2}, gamma_cdf, 2, 3.651484, 0x8DE206603E7785DE, false},
    {"gamma", {2.5, 1}, gamma_cdf, 1, 0.6324555, 0xC5C7A78A8F1DD59B, false},
    {"weibull", {0.7, 1}, weibull_cdf, 1.2658235060572833, 1.851171, 0x81E3D7D3ADCEE643, true},
    {"weibull", {2, 3}, weibull_cdf, 2.6586807763582737, 1.389754, 0xFC77BDD01A0F4D69, true},
    {"pareto", {0.235, 10}, pareto_cdf, 0.26111111111111111, 0.02919311, 0x98E22233E8487862, true},
    {"pareto", {1.05, 1.51}, pareto_cdf, 3.1088235294117647, NAN, 0x5F234ADD0BB355F3, true},
    {"triangular", {1, 2, 4}, triangular_cdf, 7.0 / 3, 0.6236096, 0x4AADF75E0412AD49, true},
    {"triangular", {1, 1, 2}, triangular_cdf, 4.0 / 3, 0.2357023, 0xF495FBABA7B3626B, true},
    {"mixture", {0}, mixture_cdf, 0.29107712182061580, 0.2048638, 0xFC88CBE5D0DA5581, false},
    {"empirical", {0}, empirical_cdf, 3.5, 2.466441, 0xD29AD76D695214A7, true},
};
/* clang-format on */

static Dist *must(Dist *dist, GError *error)
{
    g_assert_no_error(error);
    g_assert_nonnull(dist);
    return dist;
}

static Dist *make(const char *type, const double *arg)
{
    GError *error = NULL;
    Dist *dist = dist_new(dist_type_find(type), arg, &error);
    return must(dist, error);
}

static Dist *make_mixture(void)
{
    static const double weights[] = {91.22, 8.78};
    Dist *parts[] = {make("pareto", ssd_pareto), make("exponential", ssd_exponential)};
    GError *error = NULL;
    Dist *dist = dist_new_mixture(parts, weights, 2, &error);
    return must(dist, error);
}

static Dist *make_empirical(void)
{
    GError *error = NULL;
    Dist *dist = dist_new_empirical(measured, G_N_ELEMENTS(measured), &error);
    return must(dist, error);
}

static Dist *case_make(const Case *c)
{
    if (c->cdf == mixture_cdf)
        return make_mixture();
    return c->cdf == empirical_cdf ? make_empirical() : make(c->type, c->arg);
}

static RandomStream case_stream(const Case *c)
{
    RandomStream stream;
    random_init(&stream, 2024, (uint32_t)(c - cases), c->type, "test");
    return stream;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double ks_distance(const Case *c, double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    double distance = 0;
    for (size_t i = 0; i < n; i++) {
        const double p = c->cdf(c->arg, values[i]);
        distance = fmax(distance, fmax(p - (double)i / (double)n, (double)(i + 1) / (double)n - p));
    }
    return distance * sqrt((double)n);
}

/* ---- Checks of one case ---- */

static void test_draws(gconstpointer data)
{
    const Case *c = data;
    const size_t n = 100000;
    Dist *dist = case_make(c);
    RandomStream stream = case_stream(c);
    double *values = g_new(double, n);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i] = sim_seconds(dist_draw(dist, &stream));
    if (c->sd > 0)
        g_assert_cmpfloat(fabs(sum / (double)n - c->mean), <, SIGMAS * c->sd / sqrt((double)n));
    g_assert_cmpfloat(ks_distance(c, values, n), <, 2.7);
    g_free(values);
    dist_free(dist);
}

static void test_mean(gconstpointer data)
{
    const Case *c = data;
    Dist *dist = case_make(c);
    g_assert_cmpfloat_with_epsilon(dist_mean(dist), c->mean, 1e-13 * c->mean);
    dist_free(dist);
}

static void test_quantile(gconstpointer data)
{
    static const double shares[] = {1e-9, 0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1 - 1e-9};
    const Case *c = data;
    Dist *dist = case_make(c);
    for (size_t i = 0; i < G_N_ELEMENTS(shares); i++)
        g_assert_cmpfloat_with_epsilon(c->cdf(c->arg, dist_quantile(dist, shares[i])), shares[i],
                                       1e-12);
    dist_free(dist);
}

static void test_pinned(gconstpointer data)
{
    const Case *c = data;
    Dist *dist = case_make(c);
    RandomStream stream = case_stream(c);
    uint64_t hash = 0;
    for (int i = 0; i < 1000000; i++)
        hash = random_mix(hash + (uint64_t)dist_draw(dist, &stream));
    g_assert_cmphex(hash, ==, c->hash);
    dist_free(dist);
}

/* The lowest, the highest and every draw between are in order, and take one output each. */
static void test_monotone(gconstpointer data)
{
    const Case *c = data;
    if (!c->one_draw)
        return;
    Dist *dist = case_make(c);
    SimTime last = -1;
    for (uint64_t i = 0; i <= 1024; i++) {
        const uint64_t bits = i == 1024 ? UINT64_MAX : i << 54;
        RandomStream stream = {.ahead[RANDOM_AHEAD - 1] = bits, .left = 1};
        const SimTime draw = dist_draw(dist, &stream);
        g_assert_cmpint(draw, >=, last);
        g_assert_cmpuint(stream.block, ==, 0);
        g_assert_cmpuint(stream.left, ==, 0);
        last = draw;
    }
    dist_free(dist);
}

/* ---- The rest ---- */

static void test_constant(void)
{
    static const SimTime values[] = {0, 1, 250 * SIM_US, 30 * SIM_SEC, 20 * 24 * SIM_HOUR};
    RandomStream stream = {.key = 1};
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        Dist *dist = dist_new_constant(values[i]);
        g_assert_true(dist_is_constant(dist));
        g_assert_cmpint(dist_draw(dist, &stream), ==, values[i]);
        g_assert_cmpfloat(dist_mean(dist), ==, sim_seconds(values[i]));
        g_assert_cmpfloat(dist_quantile(dist, 0.99), ==, sim_seconds(values[i]));
        dist_free(dist);
    }
    g_assert_cmpuint(stream.block, ==, 0);
}

static void test_refusals(void)
{
    static const struct {
        const char *type;
        double arg[MAX_ARGS];
        const char *message;
    } refusals[] = {
        {"constant", {-1}, "value must not be negative"},
        {"constant", {NAN}, "value must be a finite number"},
        {"constant", {4e9}, "value must be at most 100 years"},
        {"exponential", {0}, "mean must be positive"},
        {"exponential", {5e-324}, "mean must not be below 1ns"},
        {"uniform", {3, 1}, "high must be above low"},
        {"uniform", {1, 1}, "high must be above low"},
        {"normal", {1, 0}, "sd must be positive"},
        {"lognormal", {0, 1}, "median must be positive"},
        {"lognormal", {2, 2}, "p99 must be above the median"},
        {"gamma", {0, 1}, "shape must be from 0.01 to 1000000"},
        {"gamma", {INFINITY, 1}, "shape must be a finite number"},
        {"gamma", {1, 0}, "mean must be positive"},
        {"weibull", {0, 1}, "shape must be from 0.05 to 1000"},
        {"weibull", {1, 0}, "scale must be positive"},
        {"pareto", {0, 1}, "minimum must be positive"},
        {"pareto", {1, 0}, "shape must be from 0.05 to 1000000"},
        {"triangular", {1, 1, 1}, "high must be above low"},
        {"triangular", {1, 5, 4}, "mode must be between low and high"},
        {"mixture", {0}, "mixture needs at least one part"},
        {"empirical", {0}, "empirical needs at least one value"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        GError *error = NULL;
        Dist *dist = dist_new(dist_type_find(refusals[i].type), refusals[i].arg, &error);
        g_assert_null(dist);
        g_assert_error(error, DIST_ERROR, 0);
        g_assert_cmpstr(error ? error->message : "", ==, refusals[i].message);
        g_clear_error(&error);
        dist_free(dist);
    }
}

static void test_refused_parts(void)
{
    static const double bad[] = {1, 0}, negative[] = {1, -2};
    Dist *parts[] = {dist_new_constant(1), dist_new_constant(2)};
    GError *error = NULL;
    g_assert_null(dist_new_mixture(parts, bad, 2, &error));
    g_assert_cmpstr(error ? error->message : "", ==, "weights must be positive");
    g_clear_error(&error);
    g_assert_null(dist_new_empirical(negative, 2, &error));
    g_assert_cmpstr(error ? error->message : "", ==, "value 2 must be from 0s to 100 years");
    g_clear_error(&error);
    g_assert_null(dist_new_mixture(NULL, NULL, 0, NULL));
    g_assert_null(dist_new_empirical(NULL, 0, NULL));
}

/* A single value, and a cap that a heavy tail reaches. */
static void test_edges(void)
{
    static const double seven[] = {7}, heavy[] = {1, 0.05};
    RandomStream stream = {.key = 5};
    Dist *dist = dist_new_empirical(seven, 1, NULL);
    g_assert_cmpint(dist_draw(dist, &stream), ==, 7 * SIM_SEC);
    g_assert_cmpfloat(dist_mean(dist), ==, 7);
    g_assert_cmpfloat(dist_quantile(dist, 0.01), ==, 7);
    dist_free(dist);

    static const double stages[] = {0.07, 0.98}; /* where GSL's own inverse gives up */
    dist = make("gamma", stages);
    g_assert_cmpfloat_with_epsilon(gamma_cdf(stages, dist_quantile(dist, 1e-9)), 1e-9, 1e-18);
    dist_free(dist);

    dist = make("pareto", heavy);
    RandomStream highest = {.ahead[RANDOM_AHEAD - 1] = UINT64_MAX, .left = 1};
    g_assert_cmpint(dist_draw(dist, &highest), ==, SIM_TIME_LONGEST);
    g_assert_cmpfloat(dist_mean(dist), ==, INFINITY);
    dist_free(dist);
    g_assert_null(dist_type_find("lognorm"));
}

/* A mixture in a mixture is one mixture; steps have exact quantiles; a copy draws the same. */
static void test_mixture(void)
{
    static const double half[] = {1, 1}, quarter[] = {3, 1};
    Dist *inner[] = {dist_new_constant(SIM_SEC), dist_new_constant(2 * SIM_SEC)};
    Dist *outer[] = {dist_new_mixture(inner, half, 2, NULL), dist_new_constant(9 * SIM_SEC)};
    Dist *dist = dist_new_mixture(outer, quarter, 2, NULL);
    g_assert_cmpuint(dist->count, ==, 3);
    g_assert_cmpfloat_with_epsilon(dist_mean(dist), 3.375, 1e-14);
    g_assert_cmpfloat(dist_quantile(dist, 0.3), ==, 1);
    g_assert_cmpfloat_with_epsilon(dist_quantile(dist, 0.7), 2, 1e-12);
    g_assert_cmpfloat_with_epsilon(dist_quantile(dist, 0.8), 9, 1e-12);
    Dist *copy = dist_copy(dist);
    RandomStream a = {.key = 9}, b = a;
    for (int i = 0; i < 100; i++)
        g_assert_cmpint(dist_draw(dist, &a), ==, dist_draw(copy, &b));
    dist_free(dist);
    g_assert_cmpint(dist_draw(copy, &a), <=, 9 * SIM_SEC);
    dist_free(copy);
}

static void check_description(Dist *dist, const char *expected)
{
    char *text = dist_describe(dist);
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
    dist_free(dist);
}

static void test_describe(void)
{
    static const double latency[] = {0.028, 0.060}, lifetime[] = {1.5, 3600};
    check_description(make("lognormal", latency), "lognormal(median 28ms, p99 60ms)");
    check_description(make("weibull", lifetime), "weibull(shape 1.5, scale 1h)");
    check_description(dist_new_constant(30 * SIM_SEC), "30s");
    check_description(make_empirical(), "empirical(4 values, median 2.5s)");
    check_description(
        make_mixture(),
        "mixture(91.2% pareto(minimum 235ms, shape 10), 8.78% exponential(mean 602ms))");
}

static void add_case(const char *check, const Case *c, GTestDataFunc function)
{
    char *path = g_strdup_printf("/dist/%s-%zu/%s", c->type, (size_t)(c - cases), check);
    g_test_add_data_func(path, c, function);
    g_free(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        add_case("draws", &cases[i], test_draws);
        add_case("mean", &cases[i], test_mean);
        add_case("quantile", &cases[i], test_quantile);
        add_case("pinned", &cases[i], test_pinned);
        add_case("monotone", &cases[i], test_monotone);
    }
    g_test_add_func("/dist/constant", test_constant);
    g_test_add_func("/dist/refusals", test_refusals);
    g_test_add_func("/dist/refused-parts", test_refused_parts);
    g_test_add_func("/dist/edges", test_edges);
    g_test_add_func("/dist/mixture", test_mixture);
    g_test_add_func("/dist/describe", test_describe);
    return g_test_run();
}
