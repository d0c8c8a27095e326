/* Memoryless: the time to the next event of a Poisson process. By ziggurat. */
#include "sim/dist/family.h"
#include "sim/fmath.h"

static bool prepare(Dist *dist, GError **error)
{
    return dist_require(dist->arg[0] > 0, error, "mean must be positive");
}

static double sample(const Dist *dist, RandomStream *stream)
{
    return dist->arg[0] * random_exponential(stream);
}

static double mean(const Dist *dist)
{
    return dist->arg[0];
}

static double quantile(const Dist *dist, double p)
{
    return -dist->arg[0] * fmath_log(1 - p);
}

const DistType dist_exponential = {
    .name = "exponential",
    .text = "memoryless; the standard deviation equals the mean",
    .args = {{"mean", DIST_ARG_TIME, "the mean"}},
    .arg_count = 1,
    .shorthand = true,
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .quantile = quantile,
};
