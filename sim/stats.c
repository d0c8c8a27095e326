#include "sim/stats.h"

#include <glib.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "sim/check.h"

static const StatsInterval NO_INTERVAL = {false, NAN, NAN};

/* ---- Summaries ---- */

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double *stats_sorted(const double *values, size_t count, size_t stride, size_t *kept)
{
    double *sorted = g_new(double, count ? count : 1);
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i * stride]))
            sorted[n++] = values[i * stride];
    qsort(sorted, n, sizeof *sorted, compare_doubles);
    *kept = n;
    return sorted;
}

double stats_mean(const double *sorted, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += sorted[i];
    return count ? sum / (double)count : NAN;
}

/* In two passes: no cancellation. */
double stats_sd(const double *sorted, size_t count, double mean)
{
    if (count < 2)
        return NAN;
    if (isinf(mean))
        return INFINITY;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (sorted[i] - mean) * (sorted[i] - mean);
    return sqrt(sum / (double)(count - 1));
}

static size_t count_infinite(const double *sorted, size_t count)
{
    size_t n = 0;
    while (n < count && isinf(sorted[count - 1 - n]))
        n++;
    return n;
}

StatsSummary stats_summarise(const double *values, size_t count)
{
    size_t n;
    double *sorted = stats_sorted(values, count, 1, &n);
    StatsSummary summary = {
        .runs = n,
        .unreached = count_infinite(sorted, n),
        .mean = stats_mean(sorted, n),
        .min = n ? sorted[0] : NAN,
        .max = n ? sorted[n - 1] : NAN,
        .p50 = stats_quantile(sorted, n, 0.50),
        .p95 = stats_quantile(sorted, n, 0.95),
        .p99 = stats_quantile(sorted, n, 0.99),
    };
    summary.sd = stats_sd(sorted, n, summary.mean);
    summary.mean_ci95 = stats_mean_interval(summary.mean, summary.sd, n, 0.95);
    g_free(sorted);
    return summary;
}

double stats_quantile(const double *sorted, size_t count, double q)
{
    if (count == 0)
        return NAN;
    /* q * count is often a whole number that binary fractions just miss. */
    const double rank = ceil(q * (double)count - 1e-9);
    if (rank < 1)
        return sorted[0];
    return rank >= (double)count ? sorted[count - 1] : sorted[(size_t)rank - 1];
}

/* ---- Intervals ---- */

double stats_t_quantile(double confidence, double freedom)
{
    gsl_set_error_handler_off();
    return gsl_cdf_tdist_Qinv((1 - confidence) / 2, freedom);
}

StatsInterval stats_mean_interval(double mean, double sd, size_t count, double confidence)
{
    if (count < 2 || !isfinite(mean) || !isfinite(sd))
        return NO_INTERVAL;
    const double t = stats_t_quantile(confidence, (double)(count - 1));
    const double half = t * sd / sqrt((double)count);
    return (StatsInterval){true, mean - half, mean + half};
}

/* The smallest k in 0..n with P(at most k of n values below the quantile) > alpha. The values
 * below the quantile are binomial, so the order statistic k + 1 is above it no more often. */
static size_t lowest_rank(size_t n, double q, double alpha)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (gsl_cdf_binomial_P((unsigned)middle, q, (unsigned)n) > alpha)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Order statistics l and u (from 1) with P(B < l) <= alpha and P(B >= u) <= alpha, B binomial.
 * The upper one is the lower one of the mirrored problem. */
StatsInterval stats_quantile_interval(const double *sorted, size_t count, double q,
                                      double confidence)
{
    const double alpha = (1 - confidence) / 2;
    if (q <= 0 || q >= 1 || count == 0 || count > G_MAXINT)
        return NO_INTERVAL;
    gsl_set_error_handler_off();
    const size_t low = lowest_rank(count, q, alpha);
    const size_t high = lowest_rank(count, 1 - q, alpha);
    if (low == 0 || high == 0)
        return NO_INTERVAL;
    return (StatsInterval){true, sorted[low - 1], sorted[count - high]};
}

size_t stats_quantile_runs_needed(double q, double confidence)
{
    SIM_CHECK(q > 0 && q < 1 && confidence > 0 && confidence < 1);
    const double rarer = q > 0.5 ? q : 1 - q;
    const double runs = log((1 - confidence) / 2) / log(rarer);
    return (size_t)ceil(runs - 1e-9);
}

/* The p with P(Beta(a, b) <= p) = target, by bisection: gsl_cdf_beta_Pinv does not always
 * converge. */
static double beta_quantile(double target, double a, double b)
{
    double low = 0, high = 1;
    for (int i = 0; i < 100 && low < high; i++) {
        const double middle = (low + high) / 2;
        if (gsl_cdf_beta_P(middle, a, b) < target)
            low = middle;
        else
            high = middle;
    }
    return high;
}

StatsInterval stats_share_interval(size_t hits, size_t count, double confidence)
{
    SIM_CHECK(hits <= count);
    if (count == 0)
        return NO_INTERVAL;
    gsl_set_error_handler_off();
    const double alpha = (1 - confidence) / 2;
    const double k = (double)hits, n = (double)count;
    const double low = hits == 0 ? 0 : beta_quantile(alpha, k, n - k + 1);
    const double high = hits == count ? 1 : beta_quantile(1 - alpha, k + 1, n - k);
    return (StatsInterval){true, low, high};
}

/* ---- Enough runs? ---- */

size_t stats_mean_runs_needed(const double *sorted, size_t count, double mean, double sd)
{
    double cubes = 0;
    for (size_t i = 0; i < count; i++)
        cubes += (sorted[i] - mean) * (sorted[i] - mean) * (sorted[i] - mean);
    const double skewness = sd > 0 ? cubes / (double)count / (sd * sd * sd) : 0;
    return (size_t)ceil(28 + 25 * skewness * skewness);
}

StatsSide stats_share_side(size_t hits, size_t count, double share, double alpha)
{
    SIM_CHECK(hits <= count && count <= G_MAXINT && share > 0 && share < 1);
    gsl_set_error_handler_off();
    if (count == 0)
        return STATS_EITHER;
    const unsigned n = (unsigned)count, k = (unsigned)hits;
    if (gsl_cdf_binomial_P(n - k, 1 - share, n) <= alpha)
        return STATS_ABOVE;
    return gsl_cdf_binomial_P(k, share, n) <= alpha ? STATS_BELOW : STATS_EITHER;
}

size_t stats_share_runs_needed(size_t misses, double share, double alpha)
{
    size_t low = misses, high = misses + 1; /* too few, enough */
    while (stats_share_side(high - misses, high, share, alpha) != STATS_ABOVE) {
        low = high;
        high *= 2;
        if (high > 1000000000)
            return SIZE_MAX;
    }
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (stats_share_side(middle - misses, middle, share, alpha) == STATS_ABOVE)
            high = middle;
        else
            low = middle;
    }
    return high;
}
