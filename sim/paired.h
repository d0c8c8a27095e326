/* Two designs on the same runs: the difference of a statistic, with an interval.
 *
 * Run i of both has the same seed and so the same random inputs; what differs is the design's
 * effect, and the noise that both share cancels. Mean: Student's t on the differences of the pairs.
 * Quantile: the difference of the two quantiles, its interval by the percentile bootstrap (Efron
 * 1979; pairs are drawn together, PAIRED_RESAMPLES times, from a stream of fixed key, so that the
 * same values give the same bytes); none below the runs that a quantile's own interval needs.
 *
 * A pair counts if the metric applies to both runs (neither is NAN). INFINITY (not reached) in both
 * is no difference: such a pair is left out of a mean. INFINITY in one leaves a mean without a
 * difference; a quantile takes it as larger than any number.
 */
#ifndef SIM_PAIRED_H
#define SIM_PAIRED_H

#include "sim/expect.h"
#include "sim/stats.h"

enum { PAIRED_RESAMPLES = 2000 };

/* One metric's values of a design: value of run i at values[i * stride]. */
typedef struct PairedColumn {
    const double *values;
    size_t stride;
} PairedColumn;

typedef struct Paired {
    size_t pairs;           /* to which the metric applies in both */
    size_t unreached[2];    /* of these, INFINITY, by design */
    double value[2];        /* the statistic, over the pairs; NAN if there are none */
    double difference;      /* of the second from the first; NAN if it has none */
    StatsInterval interval; /* of the difference */
    bool significant;       /* the interval does not contain 0 */
    bool same;              /* every pair has equal values */
    size_t runs_needed;     /* for an interval, or for a mean's to be trusted; 0: enough */
} Paired;

/* statistic: a mean or a quantile. */
Paired paired_compare(const Expect *statistic, PairedColumn first, PairedColumn second, size_t runs,
                      double confidence);

/* Two means of independent samples (Welch): for a baseline of which only the summary is known. */
typedef struct PairedSummary {
    double mean, error; /* standard error of the mean */
    size_t runs;
} PairedSummary;
StatsInterval paired_welch(PairedSummary first, PairedSummary second, double confidence);

#endif
