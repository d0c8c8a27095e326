/* The normal distribution conditioned on >= 0: values that would be negative are drawn again,
 * in effect. One uniform per draw: p0 + u (1 - p0) is uniform above the share p0 below zero. */
#include "sim/dist/family.h"
#include "sim/fmath.h"

enum { MEAN, SD };
enum { BELOW_ZERO };

/* The p whose quantile is z < 0, by bisection on our own quantile function: libm's erfc could
 * differ from machine to machine. Geometric, as p may be tiny; 0 beyond 8 deviations. */
static double normal_below(double z)
{
    if (z < -8)
        return 0;
    double low = 1e-16, high = 0.5;
    for (int i = 0; i < 120; i++) {
        const double middle = low * fmath_pow(high / low, 0.5);
        if (fmath_normal_quantile(middle) < z)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static bool prepare(Dist *dist, GError **error)
{
    if (!dist_require(dist->arg[SD] > 0, error, "sd must be positive"))
        return false;
    dist->derived[BELOW_ZERO] = normal_below(-dist->arg[MEAN] / dist->arg[SD]);
    return true;
}

static double quantile(const Dist *dist, double p)
{
    const double below = dist->derived[BELOW_ZERO];
    const double share = below + p * (1 - below);
    const double largest = 1 - 0x1p-53; /* the sum may round up to 1 */
    const double z = fmath_normal_quantile(share < largest ? share : largest);
    const double value = dist->arg[MEAN] + dist->arg[SD] * z;
    return value > 0 ? value : 0;
}

static double sample(const Dist *dist, RandomStream *stream)
{
    return quantile(dist, random_uniform_open(stream));
}

/* mean + sd * density(mean / sd) / (share above zero) */
static double mean(const Dist *dist)
{
    const double z = dist->arg[MEAN] / dist->arg[SD];
    const double density = 0.3989422804014327 * fmath_exp(-z * z / 2);
    return dist->arg[MEAN] + dist->arg[SD] * density / (1 - dist->derived[BELOW_ZERO]);
}

const DistType dist_normal = {
    .name = "normal",
    .text = "bell curve, conditioned on values that are not negative",
    .args = {{"mean", DIST_ARG_TIME, "mean before conditioning"},
             {"sd", DIST_ARG_TIME, "standard deviation before conditioning"}},
    .arg_count = 2,
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .quantile = quantile,
};
