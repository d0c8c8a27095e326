/* Gamma by shape and mean: shape 1 is exponential, a whole shape k is k exponential stages.
 * Marsaglia and Tsang, A simple method for generating gamma variables (ACM TOMS 26(3), 2000). */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>

#include "sim/dist/family.h"
#include "sim/fmath.h"

enum { SHAPE, MEAN };
enum { SCALE, D, C }; /* d = shape - 1/3 (of the raised shape), c = 1 / (3 sqrt d) */

static bool prepare(Dist *dist, GError **error)
{
    const double shape = dist->arg[SHAPE];
    if (!dist_require(shape >= 0.01 && shape <= 1e6, error, "shape must be from 0.01 to 1000000") ||
        !dist_require(dist->arg[MEAN] > 0, error, "mean must be positive"))
        return false;
    const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
    dist->derived[SCALE] = dist->arg[MEAN] / shape;
    dist->derived[D] = d;
    dist->derived[C] = fmath_pow(9 * d, -0.5);
    return true;
}

/* Of shape >= 1 and scale 1. */
static double standard_gamma(const Dist *dist, RandomStream *stream)
{
    const double d = dist->derived[D];
    for (;;) {
        const double z = random_normal(stream);
        const double root = 1 + dist->derived[C] * z;
        if (root <= 0)
            continue;
        const double v = root * root * root;
        const double log_u = fmath_log(random_uniform_open(stream));
        if (log_u < z * z / 2 + d * (1 - v + fmath_log(v)))
            return d * v;
    }
}

/* Below shape 1: a draw of shape + 1, shrunk by u^(1/shape). */
static double sample(const Dist *dist, RandomStream *stream)
{
    const double draw = dist->derived[SCALE] * standard_gamma(dist, stream);
    if (dist->arg[SHAPE] >= 1)
        return draw;
    return draw * fmath_pow(random_uniform_open(stream), 1 / dist->arg[SHAPE]);
}

static double mean(const Dist *dist)
{
    return dist->arg[MEAN];
}

/* By bisection over doubles, between 0 and a bound that is doubled until it suffices. */
static double quantile_by_bisection(double p, double shape, double scale)
{
    double low = 0, high = scale;
    while (gsl_cdf_gamma_P(high, shape, scale) < p && high < 1e300)
        high *= 2;
    for (int i = 0; i < 2000; i++) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (gsl_cdf_gamma_P(middle, shape, scale) < p)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* GSL's inverse gives up, with NaN or a wrong value, far out and for small shapes. */
static double quantile(const Dist *dist, double p)
{
    gsl_set_error_handler_off();
    const double shape = dist->arg[SHAPE], scale = dist->derived[SCALE];
    const double value = gsl_cdf_gamma_Pinv(p, shape, scale);
    if (value >= 0 && fabs(gsl_cdf_gamma_P(value, shape, scale) - p) <= 1e-10 * p)
        return value;
    return quantile_by_bisection(p, shape, scale);
}

const DistType dist_gamma = {
    .name = "gamma",
    .text = "sum of stages; shape 1 is exponential, larger shapes are more regular",
    .args = {{"shape", DIST_ARG_NUMBER, "number of stages, not necessarily whole"},
             {"mean", DIST_ARG_TIME, "the mean"}},
    .arg_count = 2,
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .quantile = quantile,
};
