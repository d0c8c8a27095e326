/* The exponential of a normal variable, given by two numbers that people measure: median and
 * 99th percentile. */
#include "sim/dist/family.h"
#include "sim/fmath.h"

enum { MEDIAN, P99 };
enum { SIGMA };

static bool prepare(Dist *dist, GError **error)
{
    if (!dist_require(dist->arg[MEDIAN] > 0, error, "median must be positive") ||
        !dist_require(dist->arg[P99] > dist->arg[MEDIAN], error, "p99 must be above the median"))
        return false;
    dist->derived[SIGMA] =
        fmath_log(dist->arg[P99] / dist->arg[MEDIAN]) / fmath_normal_quantile(0.99);
    return true;
}

static double quantile(const Dist *dist, double p)
{
    return dist->arg[MEDIAN] * fmath_exp(dist->derived[SIGMA] * fmath_normal_quantile(p));
}

static double sample(const Dist *dist, RandomStream *stream)
{
    return dist->arg[MEDIAN] * fmath_exp(dist->derived[SIGMA] * random_normal(stream));
}

static double mean(const Dist *dist)
{
    return dist->arg[MEDIAN] * fmath_exp(dist->derived[SIGMA] * dist->derived[SIGMA] / 2);
}

const DistType dist_lognormal = {
    .name = "lognormal",
    .text = "right-skewed, as latencies and repair times usually are",
    .args = {{"median", DIST_ARG_TIME, "half of the values are below"},
             {"p99", DIST_ARG_TIME, "99 of 100 values are below"}},
    .arg_count = 2,
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .quantile = quantile,
};
