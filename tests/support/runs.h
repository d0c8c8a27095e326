/* Runs: a scenario's text, run many times, and its metrics by name.
 *
 * The text goes through the reader that users' files go through; an error in it, like an unknown
 * metric, ends the test program with the diagnostics. Runs are spread over two threads; their
 * values depend on text, seed and number alone.
 *
 * FAILSIM_TEST_QUICK=1 in the environment divides the number of runs (by 8, but never below 30),
 * for builds that are slow. Tolerances are in standard errors and stay as they are.
 *
 * Checks report through g_assert and so let the test go on (nonfatal assertions). A stochastic one
 * may be 4.9 standard errors off: a false alarm in a million (normal approximation). Ownership:
 * runs_free frees a Runs; columns belong to it.
 */
#ifndef TESTS_SUPPORT_RUNS_H
#define TESTS_SUPPORT_RUNS_H

#include <stddef.h>
#include <stdint.h>

#define STANDARD_ERRORS 4.9

typedef struct Runs Runs;

/* Run the scenario `count` times (fewer when quick) with `seed`. */
Runs *runs_of(const char *text, uint32_t count, uint64_t seed);
/* The same with "key=value" settings over the text, NULL-terminated; may be NULL. */
Runs *runs_of_set(const char *text, const char *const *sets, uint32_t count, uint64_t seed);
void runs_free(Runs *runs);

uint32_t runs_count(const Runs *runs);
uint64_t runs_fingerprint(const Runs *runs);
/* One metric's values by run, NAN and INFINITY included. */
const double *runs_column(Runs *runs, const char *metric);

/* Over the runs to which the metric applies; INFINITY counts as it is. */
typedef struct RunsMoments {
    size_t count;
    double mean, variance, min, max;
    double mean_error;     /* standard error of the mean */
    double variance_error; /* of the sample variance: sqrt((m4 - variance^2 (n-3)/(n-1)) / n) */
} RunsMoments;

RunsMoments runs_moments(Runs *runs, const char *metric);
RunsMoments moments_of(const double *values, size_t count);

/* The mean, or variance, of a metric over the runs against its exact value, within 4.9 standard
 * errors: of the sample, or `error` if the theory gives it (> 0). */
void check_close(const char *what, double measured, double expected, double error);
void check_mean(Runs *runs, const char *metric, double expected);
void check_variance(Runs *runs, const char *metric, double expected);
/* Mean and variance of a Poisson law: the variance's error then is sqrt((m + 2 m^2) / n). */
void check_poisson(Runs *runs, const char *metric, double expected);
/* The same value in every run, exactly. */
void check_every(Runs *runs, const char *metric, double expected);

/* Pearson's chi-square of counts against a law: `pmf` of 0, 1, 2, …; cells are joined until at
 * least ten are expected in each. False alarm 1e-6. */
void check_law(Runs *runs, const char *metric, double (*pmf)(int64_t k, const void *law),
               const void *law);
/* Kolmogorov-Smirnov against a continuous law. False alarm below 1e-6 (Massart's bound). */
void check_continuous(Runs *runs, const char *metric, double (*cdf)(double x, const void *law),
                      const void *law);

#endif
