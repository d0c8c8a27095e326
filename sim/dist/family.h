/* The families, one const descriptor each, for the registry in sim/dist.c; and what they share. */
#ifndef SIM_DIST_FAMILY_H
#define SIM_DIST_FAMILY_H

#include "sim/dist.h"

extern const DistType dist_constant, dist_exponential, dist_uniform, dist_normal, dist_lognormal,
    dist_gamma, dist_weibull, dist_pareto, dist_triangular, dist_mixture, dist_empirical;

/* False with a DIST_ERROR and this message unless `good`. */
bool dist_require(bool good, GError **error, const char *message);

#endif
