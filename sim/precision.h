/* Sequential stopping: as many runs as a wanted precision takes, and no more.
 *
 * Runs are done in parts whose sizes depend on nothing; after each part (a "look") the relative
 * half-width of every target's interval is compared with the one wanted. So the number of runs
 * depends on scenario and seed alone, never on threads or time.
 *
 * Method: the sequential procedure of Chow and Robbins (Ann. Math. Statist. 36, 1965; Law,
 * Simulation Modeling and Analysis, 9.4.1) with a minimum of runs, and looks that grow by a
 * quarter, because each look adds to the chance of stopping too early. A mean (Student's t) is
 * believed only from as many runs as its skewness asks for (stats_mean_runs_needed); a quantile's
 * interval comes from order statistics. What cannot get better is settled: values that are all the
 * same, a mean that is infinite because a run never got there. A target that applies to no run is
 * left out.
 */
#ifndef SIM_PRECISION_H
#define SIM_PRECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/expect.h"

typedef struct PrecisionRule {
    double relative;             /* half-width over estimate: 0.05 */
    uint32_t min_runs, max_runs; /* min_runs <= max_runs */
    const Expect *targets;       /* mean or quantile, with its confidence; op and limit not used */
    size_t count;
} PrecisionRule;

/* Has this expectation an interval that more runs make narrower, relative to a value? */
bool precision_applies(const Expect *target);
/* Runs at the next look; `done` again at the end. */
uint32_t precision_next(const PrecisionRule *rule, uint32_t done);
/* Relative half-width of a target's interval; INFINITY if there is none yet, or none to trust; 0 if
 * settled; NAN if the target applies to no run. values: [run][metric]. */
double precision_of(const Expect *target, const double *values, size_t runs, size_t metric_count);
bool precision_met(const PrecisionRule *rule, const double *values, size_t runs,
                   size_t metric_count);

#endif
