/* Measured values, sorted in `weight`. The quantile function runs linearly through them: value i
 * of n stands at (i / (n - 1)), so draws never leave the measured range. */
#include "sim/dist/family.h"

static bool prepare(Dist *dist, GError **error)
{
    return dist_require(dist->count > 0, error, "empirical needs at least one value");
}

static double quantile(const Dist *dist, double p)
{
    const double place = p * (double)(dist->count - 1);
    const size_t i = (size_t)place;
    if (i + 1 >= dist->count)
        return dist->weight[dist->count - 1];
    return dist->weight[i] + (place - (double)i) * (dist->weight[i + 1] - dist->weight[i]);
}

static double sample(const Dist *dist, RandomStream *stream)
{
    return quantile(dist, random_uniform(stream));
}

/* The area under the quantile function, by trapezoids: not quite the values' own mean. */
static double mean(const Dist *dist)
{
    if (dist->count == 1)
        return dist->weight[0];
    double sum = 0;
    for (size_t i = 0; i + 1 < dist->count; i++)
        sum += (dist->weight[i] + dist->weight[i + 1]) / 2;
    return sum / (double)(dist->count - 1);
}

const DistType dist_empirical = {
    .name = "empirical",
    .text = "measured values, interpolated linearly",
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .quantile = quantile,
};
