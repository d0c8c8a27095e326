/* Statistics over the runs of an experiment, and their intervals.
 *
 * Values keep every run: quantiles come from sorting, never from an estimator.
 * Intervals: mean, Student's t; quantile, order statistics (binomial); share of
 * runs, Clopper-Pearson. NAN values are left out and not counted; INFINITY
 * sorts above all numbers and makes mean and sd infinite. Quantile q of n sorted
 * values is the smallest x with at least q*n values <= x.
 *
 * `available` is false where no two-sided interval of that confidence exists
 * (too few runs: 72 for p95, 368 for p99); callers say so instead of printing
 * numbers.
 */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct StatsInterval {
    bool available;
    double low, high;
} StatsInterval;

typedef struct StatsSummary {
    size_t runs;                              /* values that are not NAN */
    size_t unreached;                         /* of these, INFINITY */
    double mean, sd, min, max, p50, p95, p99; /* NAN if runs == 0; sd below 2 */
    StatsInterval mean_ci95;
} StatsSummary;

/* Sorts a copy. */
StatsSummary stats_summarise(const double *values, size_t count);
/* A sorted copy without NAN of values[0], values[stride], …: one metric's column of a result
 * matrix. *kept is its length. Free with g_free. */
double *stats_sorted(const double *values, size_t count, size_t stride, size_t *kept);

/* sorted: ascending, no NAN. */
double stats_mean(const double *sorted, size_t count);
double stats_sd(const double *sorted, size_t count, double mean);
double stats_quantile(const double *sorted, size_t count, double q);
StatsInterval stats_quantile_interval(const double *sorted, size_t count, double q,
                                      double confidence);
StatsInterval stats_mean_interval(double mean, double sd, size_t count, double confidence);
/* Half-width of a two-sided t interval in standard errors. */
double stats_t_quantile(double confidence, double freedom);
StatsInterval stats_share_interval(size_t hits, size_t count, double confidence);
/* Runs needed for a two-sided interval of quantile q to exist. */
size_t stats_quantile_runs_needed(double q, double confidence);
/* Runs from which a t interval of these values can be trusted: 28 + 25 times the squared skewness
 * (Cochran 1977, Sampling Techniques, 2.15, as extended by Sugden, Smith and Jones, J. R. Statist.
 * Soc. B 62, 2000). Few runs hide their own skewness: the number may grow with them. */
size_t stats_mean_runs_needed(const double *sorted, size_t count, double mean, double sd);

/* Is the true share surely above, or below, `share`? Each error has a probability of at most
 * `alpha` (exact binomial tails; the same as one-sided Clopper-Pearson bounds). */
typedef enum StatsSide { STATS_EITHER, STATS_ABOVE, STATS_BELOW } StatsSide;
StatsSide stats_share_side(size_t hits, size_t count, double share, double alpha);
/* Runs of which `misses` may miss for STATS_ABOVE; SIZE_MAX if more than 10^9. */
size_t stats_share_runs_needed(size_t misses, double share, double alpha);

#endif
