/* Fitting: measured durations in, distributions out, each with how well it fits.
 *
 * A family is fitted by maximum likelihood (closed form, or Newton on the profile likelihood;
 * the mixture of two lognormals by expectation-maximisation). Beside the log-likelihood and
 * BIC stands the Kolmogorov-Smirnov distance with a p-value by parametric bootstrap: samples are
 * drawn from the fitted law, fitted anew, and their distances compared, because the usual tables
 * hold only for parameters that did not come from the data. The bootstrap has a fixed seed; above
 * FIT_BOOTSTRAP_VALUES values it works on that many, evenly chosen from the sorted ones.
 *
 * Values are seconds, positive and sorted. The p-value assumes independent values: measurements
 * taken close to each other are not, and then it is too small.
 *
 * Sources: Minka, Estimating a Gamma distribution (2002); Cohen, Maximum likelihood estimation in
 * the Weibull distribution (Technometrics 7(4), 1965); Dempster, Laird, Rubin, EM (JRSS B, 1977);
 * Stute, Gonzalez Manteiga, Presedo Quindimil, Bootstrap based goodness-of-fit tests (Metrika 40,
 * 1993); Schwarz, Estimating the dimension of a model (1978).
 */
#ifndef SIM_FIT_H
#define SIM_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/dist.h"

#define FIT_VALUES_MIN       10
#define FIT_BOOTSTRAP_VALUES 1000
#define FIT_BOOTSTRAPS       199

typedef struct Fit {
    const char *family;   /* "lognormal", …, "mixture" */
    const char *why_not;  /* not fitted: why; NULL if it is */
    double parameters[5]; /* as the family's arguments; mixture: median, p99, median, p99, weight
                             of the second */
    size_t parameter_count;
    double log_likelihood, bic;
    double distance; /* Kolmogorov-Smirnov */
    double p_value;
} Fit;

/* The families that fit_family knows; NULL-terminated. */
extern const char *const fit_families[];

/* sorted: ascending, positive, count >= FIT_VALUES_MIN, not all equal. */
Fit fit_family(const char *family, const double *sorted, size_t count);
double fit_cdf(const Fit *fit, double x);
/* As the simulation draws it; free with dist_free. NULL if it was not fitted. */
Dist *fit_dist(const Fit *fit);

/* Rank correlation of neighbours in the order of measurement (Spearman): far from 0, the values
 * are no independent sample. */
double fit_neighbour_correlation(const double *values, size_t count);

#endif
