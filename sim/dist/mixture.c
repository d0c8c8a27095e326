/* A mixture: first a part is chosen by weight, then it is drawn from. A Dist's `weight` holds the
 * cumulated weights, the last exactly 1. */
#include "sim/dist/family.h"

#define BISECTIONS 64

static bool prepare(Dist *dist, GError **error)
{
    return dist_require(dist->count > 0, error, "mixture needs at least one part");
}

static double part_weight(const Dist *dist, size_t i)
{
    return dist->weight[i] - (i ? dist->weight[i - 1] : 0);
}

static double sample(const Dist *dist, RandomStream *stream)
{
    const double u = random_uniform(stream);
    size_t i = 0;
    while (u >= dist->weight[i])
        i++;
    return dist->part[i]->type->sample(dist->part[i], stream);
}

static double mean(const Dist *dist)
{
    double sum = 0;
    for (size_t i = 0; i < dist->count; i++)
        sum += part_weight(dist, i) * dist_mean(dist->part[i]);
    return sum;
}

/* The share of a distribution at or below x: the largest p whose quantile is. */
static double share_below(const Dist *dist, double x)
{
    double low = 0, high = 1;
    for (int i = 0; i < BISECTIONS; i++) {
        const double middle = (low + high) / 2;
        if (middle <= 0 || middle >= 1)
            break;
        if (dist_quantile(dist, middle) <= x)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static double mixture_share_below(const Dist *dist, double x)
{
    double sum = 0;
    for (size_t i = 0; i < dist->count; i++)
        sum += part_weight(dist, i) * share_below(dist->part[i], x);
    return sum;
}

/* Between the smallest and the largest of the parts' quantiles. No part is a mixture itself
 * (dist_new_mixture flattens), so the nested bisection is not deeper than two. */
static double quantile(const Dist *dist, double p)
{
    double low = dist_quantile(dist->part[0], p), high = low;
    for (size_t i = 1; i < dist->count; i++) {
        const double q = dist_quantile(dist->part[i], p);
        low = q < low ? q : low;
        high = q > high ? q : high;
    }
    if (mixture_share_below(dist, low) >= p)
        return low;
    for (int i = 0; i < BISECTIONS && low < high; i++) {
        const double middle = low + (high - low) / 2;
        if (mixture_share_below(dist, middle) >= p)
            high = middle;
        else
            low = middle;
    }
    return high;
}

const DistType dist_mixture = {
    .name = "mixture",
    .text = "one of several distributions, chosen by weight",
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .quantile = quantile,
};
