/* Random streams and the functions behind them: known answers, exact edges, closed forms.
 * Stochastic checks allow 4.9 standard errors, or an equal share of 1e-6 for false alarms. */
#include <glib.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "sim/fmath.h"
#include "sim/random.h"

#define SIGMAS 4.9

static RandomStream stream_of(uint64_t seed, uint32_t replication)
{
    RandomStream stream;
    random_init(&stream, seed, replication, "router", "arrivals");
    return stream;
}

/* ---- Generator ---- */

/* Random123's kat_vectors for philox2x64 of 10 rounds. */
static void test_known_answers(void)
{
    static const struct {
        RandomBlock counter;
        uint64_t key;
        RandomBlock expected;
    } cases[] = {
        {{0, 0}, 0, {0xCA00A0459843D731, 0x66C24222C9A845B5}},
        {{UINT64_MAX, UINT64_MAX}, UINT64_MAX, {0x65B021D60CD8310F, 0x4D02F3222F86DF20}},
        {{0x243F6A8885A308D3, 0x13198A2E03707344},
         0xA4093822299F31D0,
         {0x0A5E742C2997341C, 0xB0F883D38000DE5D}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const RandomBlock block = random_philox(cases[i].counter, cases[i].key);
        g_assert_cmphex(block.first, ==, cases[i].expected.first);
        g_assert_cmphex(block.second, ==, cases[i].expected.second);
    }
}

/* A stream is its blocks in order, replication in the second half of the counter. */
static void test_stream_order(void)
{
    RandomStream stream = stream_of(7, 3);
    for (uint64_t block = 0; block < 5; block++) {
        const RandomBlock expected = random_philox((RandomBlock){block, 3}, stream.key);
        g_assert_cmphex(random_u64(&stream), ==, expected.first);
        RandomStream branch = stream;
        g_assert_cmphex(random_u64(&branch), ==, expected.second);
        g_assert_cmphex(random_u64(&stream), ==, expected.second);
    }
}

static void test_streams_differ(void)
{
    static const struct {
        uint64_t seed;
        uint32_t replication;
        const char *component, *purpose;
    } cases[] = {
        {1, 0, "ab", "c"}, {2, 0, "ab", "c"}, {1, 1, "ab", "c"}, {1, 0, "a", "bc"},
        {1, 0, "c", "ab"}, {1, 0, "abc", ""}, {1, 0, "ab", "d"}, {0, 0, "ab", "c"},
    };
    uint64_t first[G_N_ELEMENTS(cases)];
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        RandomStream stream;
        random_init(&stream, cases[i].seed, cases[i].replication, cases[i].component,
                    cases[i].purpose);
        first[i] = random_u64(&stream);
        for (size_t j = 0; j < i; j++)
            g_assert_cmphex(first[i], !=, first[j]);
    }
}

/* Neighbouring replications, seeds and successive draws are uncorrelated. False alarm 3e-6. */
static void test_uncorrelated(void)
{
    const int n = 200000;
    RandomStream a = stream_of(1, 0), b = stream_of(1, 1), c = stream_of(2, 0);
    double ab = 0, ac = 0, aa = 0, last = 0;
    for (int i = 0; i < n; i++) {
        const double x = random_uniform(&a) - 0.5;
        ab += x * (random_uniform(&b) - 0.5);
        ac += x * (random_uniform(&c) - 0.5);
        aa += x * last;
        last = x;
    }
    const double allowed = SIGMAS / 12 * sqrt(n);
    g_assert_cmpfloat(fabs(ab), <, allowed);
    g_assert_cmpfloat(fabs(ac), <, allowed);
    g_assert_cmpfloat(fabs(aa), <, allowed);
}

/* ---- Conversions ---- */

/* A stream whose next output is `bits`. */
static RandomStream stream_giving(uint64_t bits)
{
    return (RandomStream){.ahead[RANDOM_AHEAD - 1] = bits, .left = 1};
}

static void test_uniform_edges(void)
{
    RandomStream zero = stream_giving(0), ones = stream_giving(UINT64_MAX);
    RandomStream copy = zero;
    g_assert_cmpfloat(random_uniform(&copy), ==, 0);
    copy = ones;
    g_assert_cmpfloat(random_uniform(&copy), ==, 1 - 0x1p-53);
    g_assert_cmpfloat(random_uniform_open(&zero), ==, 0x1p-53);
    g_assert_cmpfloat(random_uniform_open(&ones), ==, 1 - 0x1p-53);
}

/* Mean 1/2, variance 1/12 (whose own variance is 1/180 per draw). False alarm 2e-6. */
static void test_uniform_moments(void)
{
    const int n = 1000000;
    RandomStream stream = stream_of(11, 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        const double x = random_uniform(&stream) - 0.5;
        sum += x;
        squares += x * x;
    }
    g_assert_cmpfloat(fabs(sum / n), <, SIGMAS * sqrt(1.0 / 12 / n));
    g_assert_cmpfloat(fabs(squares / n - 1.0 / 12), <, SIGMAS * sqrt(1.0 / 180 / n));
}

/* Chi-squared over ten faces; and for n = 3/4 of the range, where a remainder would favour the
 * first third by a half, and a product that refuses nothing every third number. False alarm 3e-6.
 */
static void test_below(void)
{
    RandomStream stream = stream_of(12, 0);
    double seen[10] = {0};
    for (int i = 0; i < 100000; i++)
        seen[random_below(&stream, 10)]++;
    double chi = 0;
    for (int i = 0; i < 10; i++)
        chi += (seen[i] - 10000) * (seen[i] - 10000) / 10000;
    g_assert_cmpfloat(gsl_cdf_chisq_Q(chi, 9), >, 1e-6);

    const int n = 100000;
    int low = 0, third = 0;
    for (int i = 0; i < n; i++) {
        const uint64_t x = random_below(&stream, UINT64_C(3) << 62);
        low += x < UINT64_C(1) << 62;
        third += x % 3 == 0;
    }
    g_assert_cmpfloat(fabs(low - n / 3.0), <, SIGMAS * sqrt(n * 2.0 / 9));
    g_assert_cmpfloat(fabs(third - n / 3.0), <, SIGMAS * sqrt(n * 2.0 / 9));
    g_assert_cmpuint(random_below(&stream, 1), ==, 0);
}

/* ---- Exponential and normal ---- */

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov: sqrt(n) D, above 2.7 once in 1e6. Sorts the values. */
static double ks_distance(double *values, size_t n, double (*cdf)(double))
{
    qsort(values, n, sizeof *values, compare_doubles);
    double distance = 0;
    for (size_t i = 0; i < n; i++) {
        const double p = cdf(values[i]);
        distance = fmax(distance, fmax(p - (double)i / (double)n, (double)(i + 1) / (double)n - p));
    }
    return distance * sqrt((double)n);
}

static double exponential_cdf(double x)
{
    return -expm1(-x);
}

static void test_distances(void)
{
    const size_t n = 1000000;
    double *values = g_new(double, n);
    RandomStream stream = stream_of(21, 0);
    for (size_t i = 0; i < n; i++)
        values[i] = random_exponential(&stream);
    g_assert_cmpfloat(ks_distance(values, n, exponential_cdf), <, 2.7);
    for (size_t i = 0; i < n; i++)
        values[i] = random_normal(&stream);
    g_assert_cmpfloat(ks_distance(values, n, gsl_cdf_ugaussian_P), <, 2.7);
    g_free(values);
}

/* Beyond 8 the ziggurat is all tail: as many as expected, and their excess is exponential again.
 * False alarm 4e-6. */
static void test_exponential_tail(void)
{
    const int n = 10000000;
    RandomStream stream = stream_of(22, 0);
    double sum = 0, squares = 0, excess = 0, count = 0;
    for (int i = 0; i < n; i++) {
        const double x = random_exponential(&stream);
        sum += x;
        squares += x * x;
        if (x > 8) {
            count++;
            excess += x - 8;
        }
    }
    g_assert_cmpfloat(fabs(sum / n - 1), <, SIGMAS / sqrt(n));
    g_assert_cmpfloat(fabs(squares / n - 2), <, SIGMAS * sqrt(20.0 / n));
    g_assert_cmpfloat(fabs(count - n * exp(-8)), <, SIGMAS * sqrt(n * exp(-8)));
    g_assert_cmpfloat(fabs(excess / count - 1), <, SIGMAS / sqrt(count));
}

/* Every layer has the same area; heights lie on the curve. */
static void test_ziggurat_table(void)
{
    const double tail = random_ziggurat_tail;
    const double area = (tail + 1) * exp(-tail);
    g_assert_cmpfloat_with_epsilon(random_ziggurat[0].width * 0x1p53 * exp(-tail), area, 1e-15);
    for (int i = 1; i < 256; i++) {
        const double x = random_ziggurat[i].width * 0x1p53;
        const double next = (double)random_ziggurat[i].inner * 0x1p-53 * x;
        const double height = random_ziggurat_height[i + 1] - random_ziggurat_height[i];
        g_assert_cmpfloat_with_epsilon(x * height, area, 1e-15);
        g_assert_cmpfloat_with_epsilon(random_ziggurat_height[i], exp(-x), 1e-15);
        g_assert_cmpfloat_with_epsilon(random_ziggurat_height[i + 1], exp(-next), 1e-14);
    }
}

/* Mean 0, variance 1; one output a draw. False alarm 2e-6. */
static void test_normal_moments(void)
{
    const int n = 1000000;
    RandomStream stream = stream_of(23, 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        const double x = random_normal(&stream);
        sum += x;
        squares += x * x;
    }
    g_assert_cmpfloat(fabs(sum / n), <, SIGMAS / sqrt(n));
    g_assert_cmpfloat(fabs(squares / n - 1), <, SIGMAS * sqrt(2.0 / n));
    g_assert_cmpuint(stream.block, ==, (uint64_t)n / 2);
}

/* The same bytes from every compiler, option and processor. */
static void test_pinned(void)
{
    RandomStream stream = stream_of(42, 0);
    uint64_t hash = 0;
    for (int i = 0; i < 1000000; i++) {
        hash = random_mix(hash + (uint64_t)(random_exponential(&stream) * 1e9 + 0.5));
        hash = random_mix(hash + (uint64_t)(int64_t)(random_normal(&stream) * 1e9));
    }
    g_assert_cmphex(hash, ==, 0xB86BE079261D006B);
    g_assert_cmphex(random_hash(""), ==, 0xF52A15E9A9B5E89B);
    g_assert_cmphex(random_hash("router"), ==, 0xF031E83A3AC8F184);
}

/* ---- GSL ---- */

static void test_gsl(void)
{
    RandomStream stream = stream_of(31, 0);
    gsl_rng *rng = gsl_rng_alloc(random_gsl_type);
    random_gsl_bind(rng, &stream);
    for (int i = 0; i < 10; i++) {
        g_assert_cmphex(gsl_rng_get(rng), ==, random_u64(&stream));
        g_assert_cmpfloat(gsl_rng_uniform(rng), ==, random_uniform(&stream));
    }
    const int n = 200000; /* Poisson(3): variance 3. False alarm 1e-6. */
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += gsl_ran_poisson(rng, 3);
    g_assert_cmpfloat(fabs(sum / n - 3), <, SIGMAS * sqrt(3.0 / n));
    gsl_rng_free(rng);
}

/* ---- Functions ---- */

static double ulps(double got, long double exact)
{
    const double size = fabs((double)exact);
    return (double)(fabsl((long double)got - exact) /
                    (long double)(nextafter(size, INFINITY) - size));
}

static void test_log_exp(void)
{
    RandomStream stream = stream_of(41, 0);
    double worst_exp = 0, worst_log = 0;
    for (int i = 0; i < 1000000; i++) {
        const double u = random_uniform(&stream);
        const double x = i % 2 ? (u - 0.5) * 1400 : (u - 0.5) * 2;
        worst_exp = fmax(worst_exp, ulps(fmath_exp(x), expl((long double)x)));
        const double y = i % 2 ? fmath_exp(x) : 0.5 + 1.5 * u;
        worst_log = fmax(worst_log, ulps(fmath_log(y), logl((long double)y)));
    }
    g_assert_cmpfloat(worst_exp, <, 1);
    g_assert_cmpfloat(worst_log, <, 1);
}

static void test_pow(void)
{
    RandomStream stream = stream_of(42, 0);
    double worst = 0;
    for (int i = 0; i < 1000000; i++) {
        const double x = fmath_exp((random_uniform(&stream) - 0.5) * (i % 2 ? 4 : 1000));
        const double y = 230 * (2 * random_uniform(&stream) - 1) / log(x);
        const long double exact = powl((long double)x, (long double)y);
        worst = fmax(worst, (double)fabsl(((long double)fmath_pow(x, y) - exact) / exact));
    }
    g_assert_cmpfloat(worst, <, 2e-14);
}

/* The error in p, carried over to z by the density. Down to p = 1e-300. */
static void test_normal_quantile(void)
{
    RandomStream stream = stream_of(43, 0);
    double worst = 0;
    for (int i = 0; i < 1000000; i++) {
        double p = random_uniform_open(&stream);
        if (i % 2)
            p = fmath_exp((i % 4 == 1 ? -40 : -690) * p) / 2;
        const long double z = fmath_normal_quantile(p);
        const long double density = expl(-z * z / 2) * 0.398942280401432677939946059934382L;
        const long double error =
            (erfcl(-z * 0.707106781186547524400844362104849L) / 2 - p) / density;
        worst = fmax(worst, (double)fabsl(error / z));
    }
    g_assert_cmpfloat(worst, <, 1e-15);
}

static void test_function_edges(void)
{
    g_assert_cmpfloat(fmath_log(1), ==, 0);
    g_assert_cmpfloat(fmath_log(INFINITY), ==, INFINITY);
    g_assert_cmpfloat_with_epsilon(fmath_log(0x1p-1074), -1074 * M_LN2, 1e-12);
    g_assert_cmpfloat(fmath_exp(0), ==, 1);
    g_assert_cmpfloat(fmath_exp(710), ==, INFINITY);
    g_assert_cmpfloat(fmath_exp(INFINITY), ==, INFINITY);
    g_assert_cmpfloat(fmath_exp(-INFINITY), ==, 0);
    g_assert_cmpfloat(fmath_exp(-746), ==, 0);
    g_assert_cmpfloat(fmath_exp(-745), ==, 0x1p-1074);
    g_assert_cmpfloat_with_epsilon(fmath_exp(709.75) / exp(709.75), 1, 1e-15);
    g_assert_cmpfloat(fmath_pow(2, 10), ==, 1024);
    g_assert_cmpfloat(fmath_pow(0, 2), ==, 0);
    g_assert_cmpfloat(fmath_pow(0, 0), ==, 1);
    g_assert_cmpfloat(fmath_pow(0, -1), ==, INFINITY);
    g_assert_cmpfloat(fmath_pow(10, 400), ==, INFINITY);
    g_assert_cmpfloat(fmath_pow(10, -400), ==, 0);
    g_assert_cmpfloat(fmath_pow(1.5, 1e300), ==, INFINITY);
    g_assert_cmpfloat(fmath_pow(0.5, 1e300), ==, 0);
    g_assert_cmpfloat(fmath_normal_quantile(0.5), ==, 0);
    g_assert_cmpfloat(fmath_normal_quantile(0.25), ==, -fmath_normal_quantile(0.75));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/random/known-answers", test_known_answers);
    g_test_add_func("/random/stream-order", test_stream_order);
    g_test_add_func("/random/streams-differ", test_streams_differ);
    g_test_add_func("/random/uncorrelated", test_uncorrelated);
    g_test_add_func("/random/uniform-edges", test_uniform_edges);
    g_test_add_func("/random/uniform-moments", test_uniform_moments);
    g_test_add_func("/random/below", test_below);
    g_test_add_func("/random/distances", test_distances);
    g_test_add_func("/random/exponential-tail", test_exponential_tail);
    g_test_add_func("/random/ziggurat-table", test_ziggurat_table);
    g_test_add_func("/random/normal-moments", test_normal_moments);
    g_test_add_func("/random/pinned", test_pinned);
    g_test_add_func("/random/gsl", test_gsl);
    g_test_add_func("/fmath/log-exp", test_log_exp);
    g_test_add_func("/fmath/pow", test_pow);
    g_test_add_func("/fmath/normal-quantile", test_normal_quantile);
    g_test_add_func("/fmath/edges", test_function_edges);
    return g_test_run();
}
