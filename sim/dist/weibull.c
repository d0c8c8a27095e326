/* Weibull by shape and scale: below shape 1 the longer one has waited, the longer one will. */
#include "sim/dist/family.h"
#include "sim/fmath.h"

enum { SHAPE, SCALE };
enum { INVERSE_SHAPE };

static bool prepare(Dist *dist, GError **error)
{
    const double shape = dist->arg[SHAPE];
    if (!dist_require(shape >= 0.05 && shape <= 1000, error, "shape must be from 0.05 to 1000") ||
        !dist_require(dist->arg[SCALE] > 0, error, "scale must be positive"))
        return false;
    dist->derived[INVERSE_SHAPE] = 1 / shape;
    return true;
}

static double quantile(const Dist *dist, double p)
{
    return dist->arg[SCALE] * fmath_pow(-fmath_log(1 - p), dist->derived[INVERSE_SHAPE]);
}

static double sample(const Dist *dist, RandomStream *stream)
{
    return quantile(dist, random_uniform_open(stream));
}

/* Gamma(1 + x), 0 <= x <= 20: Stirling's series far out, and back by the recurrence. Abramowitz
 * and Stegun 6.1.40; the first term left out is below 1e-16 from 15 on. */
static double gamma_of_one_plus(double x)
{
    double z = 1 + x, divisor = 1;
    for (; z < 15; z += 1)
        divisor *= z;
    const double z2 = z * z;
    const double series =
        (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / (1188 * z2)) / z2) / z2) / z2) /
        z;
    const double half_log_two_pi = 0.91893853320467274178;
    return fmath_exp((z - 0.5) * fmath_log(z) - z + half_log_two_pi + series) / divisor;
}

static double mean(const Dist *dist)
{
    return dist->arg[SCALE] * gamma_of_one_plus(dist->derived[INVERSE_SHAPE]);
}

const DistType dist_weibull = {
    .name = "weibull",
    .text = "lifetimes; shape 1 is exponential, below 1 the tail is heavier",
    .args = {{"shape", DIST_ARG_NUMBER, "below 1 early failures, above 1 wear"},
             {"scale", DIST_ARG_TIME, "63.2 of 100 values are below"}},
    .arg_count = 2,
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .quantile = quantile,
};
