/* Triangular: an expert's lowest, likeliest and highest value. */
#include <math.h>

#include "sim/dist/family.h"

enum { LOW, MODE, HIGH };

static bool prepare(Dist *dist, GError **error)
{
    const double *arg = dist->arg;
    return dist_require(arg[LOW] < arg[HIGH], error, "high must be above low") &&
           dist_require(arg[LOW] <= arg[MODE] && arg[MODE] <= arg[HIGH], error,
                        "mode must be between low and high");
}

static double quantile(const Dist *dist, double p)
{
    const double width = dist->arg[HIGH] - dist->arg[LOW];
    const double rise = dist->arg[MODE] - dist->arg[LOW];
    if (p * width < rise)
        return dist->arg[LOW] + sqrt(p * width * rise);
    return dist->arg[HIGH] - sqrt((1 - p) * width * (width - rise));
}

static double sample(const Dist *dist, RandomStream *stream)
{
    return quantile(dist, random_uniform(stream));
}

static double mean(const Dist *dist)
{
    return (dist->arg[LOW] + dist->arg[MODE] + dist->arg[HIGH]) / 3;
}

const DistType dist_triangular = {
    .name = "triangular",
    .text = "an estimate: lowest, likeliest and highest value",
    .args = {{"low", DIST_ARG_TIME, "smallest value"},
             {"mode", DIST_ARG_TIME, "likeliest value"},
             {"high", DIST_ARG_TIME, "largest value"}},
    .arg_count = 3,
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .quantile = quantile,
};
