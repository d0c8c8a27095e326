/* Sensitivity: which inputs move a result most, over the whole range of all of them.
 *
 * Inputs are numbers in [0, 1]; what they mean is the caller's. A design says at which points to
 * evaluate; the effects are computed from the results in the same order.
 *
 * Morris screening: trajectories over a grid of four levels, each step moving one input by 2/3. An
 * elementary effect is the change of the result over the step. mu_star, the mean of their absolute
 * values, ranks the inputs (in units of the result, over 2/3 of the range); sigma, their spread,
 * tells that the effect depends on the other inputs or is not linear. Cost: r (k + 1) points.
 *
 * Sobol indices: the share of the result's variance that an input explains by itself (first) and
 * with all its interactions (total), inputs being independent and uniform. Saltelli's design on
 * Sobol's sequence, Jansen's estimators. Cost: n (k + 2) points.
 *
 * Intervals are 95 % percentile bootstraps (over trajectories, over base points) with a fixed seed.
 *
 * Sources: Morris, Factorial sampling plans (Technometrics 33(2), 1991); Campolongo, Cariboni,
 * Saltelli, An effective screening design (Env. Mod. Soft. 22, 2007); Saltelli et al., Variance
 * based sensitivity analysis (Comp. Phys. Comm. 181, 2010); Jansen (Comp. Phys. Comm. 117, 1999).
 */
#ifndef SIM_SENSITIVITY_H
#define SIM_SENSITIVITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SENSITIVITY_INPUTS_MAX 20

typedef struct SensitivityRange {
    double value, low, high; /* 95 % */
} SensitivityRange;

typedef struct MorrisEffect {
    SensitivityRange mu_star;
    double mu, sigma;
} MorrisEffect;

/* trajectories * (inputs + 1) rows of `inputs` numbers; g_free. */
double *morris_design(size_t inputs, size_t trajectories, uint64_t seed);
/* results: one a row of the design. Fills effect[inputs]. */
void morris_effects(const double *design, const double *results, size_t inputs, size_t trajectories,
                    MorrisEffect *effect);

typedef struct SobolIndex {
    SensitivityRange first, total;
} SobolIndex;

/* base * (inputs + 2) rows; g_free. */
double *sobol_design(size_t inputs, size_t base);
/* False, and nothing filled, if the result never varies. */
bool sobol_indices(const double *results, size_t inputs, size_t base, SobolIndex *index);

#endif
