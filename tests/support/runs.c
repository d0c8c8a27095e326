#include "tests/support/runs.h"

#include <glib.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "models/platform.h"
#include "models/scenario.h"
#include "sim/experiment.h"

#define FALSE_ALARM 1e-6

enum { QUICK_DIVISOR = 8, QUICK_LEAST = 30, THREADS = 2 };

struct Runs {
    ExperimentResult result;
    GPtrArray *columns; /* double*, made when asked for */
};

/* ---- running ---- */

static uint32_t scaled(uint32_t count)
{
    const char *quick = g_getenv("FAILSIM_TEST_QUICK");
    if (!quick || strcmp(quick, "1") != 0 || count <= QUICK_LEAST)
        return count;
    return MAX(count / QUICK_DIVISOR, QUICK_LEAST);
}

static Scenario *read_or_die(const char *text, const char *const *sets)
{
    size_t set_count = sets ? g_strv_length((char **)sets) : 0;
    DiagList diags;
    diag_list_init(&diags);
    Scenario *scenario = scenario_read("test.yaml", text, strlen(text), sets, set_count, &diags);
    GString *all = g_string_new("\n");
    for (guint i = 0; i < diags.items->len; i++) {
        char *one = diag_format(g_ptr_array_index(diags.items, i), false);
        g_string_append_printf(all, "%s\n", one);
        g_free(one);
    }
    if (!scenario)
        g_error("the test's scenario cannot be read:%s", all->str);
    g_string_free(all, TRUE);
    diag_list_clear(&diags);
    return scenario;
}

static uint64_t run_one(const void *model, uint64_t seed, uint32_t replication, double *values)
{
    return platform_run(model, seed, replication, values, NULL);
}

Runs *runs_of_set(const char *text, const char *const *sets, uint32_t count, uint64_t seed)
{
    Scenario *scenario = read_or_die(text, sets);
    Runs *runs = g_new0(Runs, 1);
    const Experiment experiment = {.run = run_one,
                                   .model = scenario,
                                   .seed = seed,
                                   .replications = scaled(count),
                                   .threads = THREADS,
                                   .metric_count = platform_metrics.count};
    experiment_run(&experiment, &runs->result);
    runs->columns = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_set_size(runs->columns, (gint)platform_metrics.count);
    scenario_free(scenario);
    return runs;
}

Runs *runs_of(const char *text, uint32_t count, uint64_t seed)
{
    return runs_of_set(text, NULL, count, seed);
}

void runs_free(Runs *runs)
{
    if (!runs)
        return;
    experiment_result_clear(&runs->result);
    g_ptr_array_unref(runs->columns);
    g_free(runs);
}

uint32_t runs_count(const Runs *runs)
{
    return runs->result.replications;
}

uint64_t runs_fingerprint(const Runs *runs)
{
    return runs->result.fingerprint;
}

static guint metric_index(const char *metric)
{
    for (guint i = 0; i < platform_metrics.count; i++)
        if (strcmp(platform_metrics.specs[i].name, metric) == 0)
            return i;
    g_error("there is no metric %s", metric);
}

const double *runs_column(Runs *runs, const char *metric)
{
    const ExperimentResult *result = &runs->result;
    guint index = metric_index(metric);
    double *column = g_ptr_array_index(runs->columns, index);
    if (column)
        return column;
    column = g_new(double, result->replications);
    for (uint32_t i = 0; i < result->replications; i++)
        column[i] = result->values[i * result->metric_count + index];
    g_ptr_array_index(runs->columns, index) = column;
    return column;
}

/* ---- moments ---- */

static double *without_nan(const double *values, size_t count, size_t *kept)
{
    double *numbers = g_new(double, count);
    *kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            numbers[(*kept)++] = values[i];
    return numbers;
}

RunsMoments moments_of(const double *values, size_t count)
{
    size_t kept;
    double *x = without_nan(values, count, &kept);
    double n = (double)kept, sum = 0, second = 0, fourth = 0;
    RunsMoments moments = {.count = kept, .min = INFINITY, .max = -INFINITY};
    for (size_t i = 0; i < kept; i++) {
        sum += x[i];
        moments.min = fmin(moments.min, x[i]);
        moments.max = fmax(moments.max, x[i]);
    }
    moments.mean = sum / n;
    for (size_t i = 0; i < kept; i++) {
        double square = (x[i] - moments.mean) * (x[i] - moments.mean);
        second += square;
        fourth += square * square;
    }
    moments.variance = second / (n - 1);
    moments.mean_error = sqrt(moments.variance / n);
    double spread = fourth / n - moments.variance * moments.variance * (n - 3) / (n - 1);
    moments.variance_error = sqrt(fmax(spread, 0) / n);
    g_free(x);
    return moments;
}

RunsMoments runs_moments(Runs *runs, const char *metric)
{
    return moments_of(runs_column(runs, metric), runs_count(runs));
}

/* ---- checks ---- */

void check_close(const char *what, double measured, double expected, double error)
{
    g_test_message("%s: %.6g, expected %.6g: %+.2f standard errors of %.3g", what, measured,
                   expected, (measured - expected) / error, error);
    g_assert_cmpfloat(error, >, 0);
    g_assert_cmpfloat(fabs(measured - expected), <, STANDARD_ERRORS * error);
}

void check_mean(Runs *runs, const char *metric, double expected)
{
    RunsMoments moments = runs_moments(runs, metric);
    g_assert_cmpuint(moments.count, ==, runs_count(runs));
    check_close(metric, moments.mean, expected, moments.mean_error);
}

void check_variance(Runs *runs, const char *metric, double expected)
{
    RunsMoments moments = runs_moments(runs, metric);
    char *what = g_strdup_printf("variance of %s", metric);
    check_close(what, moments.variance, expected, moments.variance_error);
    g_free(what);
}

/* Fourth central moment of a Poisson law: m + 3 m^2. */
void check_poisson(Runs *runs, const char *metric, double expected)
{
    RunsMoments moments = runs_moments(runs, metric);
    double n = (double)moments.count;
    char *what = g_strdup_printf("variance of %s", metric);
    g_assert_cmpuint(moments.count, ==, runs_count(runs));
    check_close(metric, moments.mean, expected, sqrt(expected / n));
    check_close(what, moments.variance, expected, sqrt((expected + 2 * expected * expected) / n));
    g_free(what);
}

void check_every(Runs *runs, const char *metric, double expected)
{
    const double *values = runs_column(runs, metric);
    uint32_t wrong = 0, first = 0;
    for (uint32_t i = runs_count(runs); i-- > 0;) {
        if (values[i] == expected)
            continue;
        wrong++;
        first = i;
    }
    if (wrong)
        g_test_message("%s is not %g in %u runs; in run %u it is %g", metric, expected, wrong,
                       first, values[first]);
    g_assert_cmpuint(wrong, ==, 0);
}

/* ---- laws ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double *sorted_column(Runs *runs, const char *metric, size_t *kept)
{
    double *values = without_nan(runs_column(runs, metric), runs_count(runs), kept);
    qsort(values, *kept, sizeof *values, compare);
    return values;
}

typedef struct Cells {
    double chi, left; /* statistic so far; expected beyond the last closed cell */
    size_t count;
} Cells;

static void close_cell(Cells *cells, double seen, double expected)
{
    cells->chi += (seen - expected) * (seen - expected) / expected;
    cells->left -= expected;
    cells->count++;
}

void check_law(Runs *runs, const char *metric, double (*pmf)(int64_t k, const void *law),
               const void *law)
{
    static const double least = 10;
    size_t n, next = 0;
    double *values = sorted_column(runs, metric, &n);
    Cells cells = {.left = (double)n};
    double seen = 0, expected = 0;
    for (int64_t k = 0; cells.left - expected >= least; k++) {
        expected += pmf(k, law) * (double)n;
        for (; next < n && values[next] <= (double)k; next++)
            seen++;
        if (expected < least || cells.left - expected < least)
            continue;
        close_cell(&cells, seen, expected);
        seen = expected = 0;
    }
    close_cell(&cells, seen + (double)(n - next), cells.left);
    double limit = gsl_cdf_chisq_Qinv(FALSE_ALARM, (double)(cells.count - 1));
    g_test_message("%s: chi-square %.1f in %zu cells, limit %.1f", metric, cells.chi, cells.count,
                   limit);
    g_assert_cmpuint(cells.count, >, 2);
    g_assert_cmpfloat(cells.chi, <, limit);
    g_free(values);
}

/* Massart: P(sup > d) <= 2 exp(-2 n d^2). */
void check_continuous(Runs *runs, const char *metric, double (*cdf)(double x, const void *law),
                      const void *law)
{
    size_t n;
    double *values = sorted_column(runs, metric, &n);
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double at = cdf(values[i], law);
        worst = fmax(worst, fmax(at - (double)i / (double)n, (double)(i + 1) / (double)n - at));
    }
    double limit = sqrt(log(2 / FALSE_ALARM) / 2 / (double)n);
    g_test_message("%s: greatest distance of the distributions %.4f, limit %.4f", metric, worst,
                   limit);
    g_assert_cmpuint(n, ==, runs_count(runs));
    g_assert_cmpfloat(worst, <, limit);
    g_free(values);
}
