/* Pareto (type I): a power-law tail above a minimum. Its mean is infinite up to shape 1. */
#include <math.h>

#include "sim/dist/family.h"
#include "sim/fmath.h"

enum { MINIMUM, SHAPE };

static bool prepare(Dist *dist, GError **error)
{
    const double shape = dist->arg[SHAPE];
    return dist_require(dist->arg[MINIMUM] > 0, error, "minimum must be positive") &&
           dist_require(shape >= 0.05 && shape <= 1e6, error, "shape must be from 0.05 to 1000000");
}

static double quantile(const Dist *dist, double p)
{
    return dist->arg[MINIMUM] * fmath_exp(-fmath_log(1 - p) / dist->arg[SHAPE]);
}

static double sample(const Dist *dist, RandomStream *stream)
{
    return quantile(dist, random_uniform_open(stream));
}

static double mean(const Dist *dist)
{
    const double shape = dist->arg[SHAPE];
    return shape > 1 ? dist->arg[MINIMUM] * shape / (shape - 1) : INFINITY;
}

const DistType dist_pareto = {
    .name = "pareto",
    .text = "power-law tail above a minimum; infinite mean for shapes up to 1",
    .args = {{"minimum", DIST_ARG_TIME, "smallest value"},
             {"shape", DIST_ARG_NUMBER, "tail index: smaller is heavier"}},
    .arg_count = 2,
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .quantile = quantile,
};
