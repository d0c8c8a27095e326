#include "sim/precision.h"

#include <glib.h>
#include <math.h>

bool precision_applies(const Expect *target)
{
    return target->op != EXPECT_EQ &&
           (target->stat == EXPECT_MEAN || target->stat == EXPECT_QUANTILE);
}

/* A quarter more, by whole tens: many threads have work, and few looks are taken. */
uint32_t precision_next(const PrecisionRule *rule, uint32_t done)
{
    if (done < rule->min_runs)
        return rule->min_runs;
    const uint32_t more = MAX(10, done / 4 / 10 * 10);
    return done >= rule->max_runs - MIN(more, rule->max_runs) ? rule->max_runs : done + more;
}

static double relative(StatsInterval interval, double estimate)
{
    if (!interval.available)
        return INFINITY;
    if (interval.low == interval.high)
        return 0;
    if (estimate == 0 || !isfinite(interval.high))
        return INFINITY;
    return (interval.high - interval.low) / 2 / fabs(estimate);
}

static double precision_of_mean(const Expect *target, const double *sorted, size_t runs)
{
    const double mean = stats_mean(sorted, runs), sd = stats_sd(sorted, runs, mean);
    if (isinf(mean))
        return 0;
    if (sd > 0 && runs < stats_mean_runs_needed(sorted, runs, mean, sd))
        return INFINITY;
    return relative(stats_mean_interval(mean, sd, runs, expect_confidence(target)), mean);
}

double precision_of(const Expect *target, const double *values, size_t runs, size_t metric_count)
{
    size_t kept;
    double *sorted = stats_sorted(values + target->metric, runs, metric_count, &kept);
    double result = NAN;
    if (kept > 0 && target->stat == EXPECT_MEAN)
        result = precision_of_mean(target, sorted, kept);
    else if (kept > 0)
        result =
            relative(stats_quantile_interval(sorted, kept, target->q, expect_confidence(target)),
                     stats_quantile(sorted, kept, target->q));
    g_free(sorted);
    return result;
}

bool precision_met(const PrecisionRule *rule, const double *values, size_t runs,
                   size_t metric_count)
{
    for (size_t i = 0; i < rule->count; i++)
        if (precision_of(&rule->targets[i], values, runs, metric_count) > rule->relative)
            return false;
    return true;
}
