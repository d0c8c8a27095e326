/* Every value between two limits is equally likely. */
#include "sim/dist/family.h"

enum { LOW, HIGH };

static bool prepare(Dist *dist, GError **error)
{
    return dist_require(dist->arg[LOW] < dist->arg[HIGH], error, "high must be above low");
}

static double quantile(const Dist *dist, double p)
{
    return dist->arg[LOW] + p * (dist->arg[HIGH] - dist->arg[LOW]);
}

static double sample(const Dist *dist, RandomStream *stream)
{
    return quantile(dist, random_uniform(stream));
}

static double mean(const Dist *dist)
{
    return (dist->arg[LOW] + dist->arg[HIGH]) / 2;
}

const DistType dist_uniform = {
    .name = "uniform",
    .text = "every value between two limits is equally likely",
    .args = {{"low", DIST_ARG_TIME, "smallest value"}, {"high", DIST_ARG_TIME, "largest value"}},
    .arg_count = 2,
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .quantile = quantile,
};
