/* Always the same value; zero is allowed. Takes no draw from the stream. */
#include "sim/dist/family.h"

static double sample(const Dist *dist, RandomStream *stream)
{
    (void)stream;
    return dist->arg[0];
}

static double mean(const Dist *dist)
{
    return dist->arg[0];
}

static double quantile(const Dist *dist, double p)
{
    (void)p;
    return dist->arg[0];
}

const DistType dist_constant = {
    .name = "constant",
    .text = "always the same value",
    .args = {{"value", DIST_ARG_TIME, "the value"}},
    .arg_count = 1,
    .shorthand = true,
    .sample = sample,
    .mean = mean,
    .quantile = quantile,
};
