/* Expectations: "rto.service.p95 <= 5m" judged against the runs.
 *
 * Grammar: METRIC[.STAT] OP VALUE. STAT is mean (default), min, max, p50, p90,
 * p95, p99 or p99.9; OP is <= < >= > or ==; VALUE takes the metric's unit (a time
 * for seconds, 5% or 0.05 for shares, a plain number otherwise; a missing or
 * foreign unit is an error). Metric names contain dots: the longest one that
 * begins the path is meant.
 *
 * METRIC OP VALUE in SHARE ("rpo.seconds <= 5s in 99.9%") is about the share of the runs in which
 * it holds; without a statistic.
 *
 * Verdict: PASS if the statistic's interval lies inside the limit, FAIL if outside, INCONCLUSIVE if
 * it straddles the limit or if too few runs can tell. The mean's interval is Student's t,
 * two-sided; a note says where too few runs make it mislead. A quantile is judged by the count of
 * runs on each side of the limit (binomial, each tail half of 1 - confidence), which is the same as
 * its order-statistic interval. A share is judged by its one-sided Clopper-Pearson bounds, each at
 * the full confidence: 2,995 runs without a miss show 99.9 % with 95 % confidence. min and max, and
 * == , are statements about these very runs: no interval, PASS or FAIL. No run to which the metric
 * applies: INCONCLUSIVE. A mean over runs of which one was never reached is infinite, and judged
 * so; in a share such a run does not meet an upper limit.
 */
#ifndef SIM_EXPECT_H
#define SIM_EXPECT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/metric.h"
#include "sim/stats.h"

typedef enum ExpectOp { EXPECT_LE, EXPECT_LT, EXPECT_GE, EXPECT_GT, EXPECT_EQ } ExpectOp;
typedef enum ExpectStat {
    EXPECT_MEAN,
    EXPECT_MIN,
    EXPECT_MAX,
    EXPECT_QUANTILE,
    EXPECT_SHARE
} ExpectStat;
typedef enum Verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_INCONCLUSIVE } Verdict;

typedef struct Expect {
    size_t metric;
    ExpectStat stat;
    double q; /* EXPECT_QUANTILE: which; EXPECT_SHARE: the share of runs demanded */
    ExpectOp op;
    double limit;      /* in the metric's base unit: seconds, share, number */
    double confidence; /* of intervals and bounds; 0: 0.95. Not part of the text */
} Expect;

typedef struct ExpectProblem {
    size_t skip, length; /* the offending part of the text, in characters */
    char *message;       /* g_free */
    char *hint;          /* g_free, may be NULL */
} ExpectProblem;

typedef struct ExpectOutcome {
    Verdict verdict;
    double measured; /* NAN if no run applies */
    StatsInterval interval;
    size_t runs;
    char *note; /* why inconclusive, or which run was worst ("run 137"); g_free, may be NULL */
} ExpectOutcome;

bool expect_parse(const char *text, const MetricTable *metrics, Expect *out,
                  ExpectProblem *problem);
/* METRIC[.STAT] alone: op and limit stay zero. */
bool expect_parse_statistic(const char *text, const MetricTable *metrics, Expect *out,
                            ExpectProblem *problem);
/* "mean", "p95"; "share" for a share of the runs. */
const char *expect_statistic_name(const Expect *expect);
double expect_confidence(const Expect *expect);
/* values: [run][metric] of `runs` rows of `metric_count`. */
ExpectOutcome expect_judge(const Expect *expect, const double *values, size_t runs,
                           size_t metric_count);

#endif
