/* A log-linear histogram of durations inside one run: 1/128 relative width, fixed memory.
 * Quantiles are exact to that width (upper edge of the bin, capped at the maximum seen). */
#ifndef SIM_HISTOGRAM_H
#define SIM_HISTOGRAM_H

#include <stdint.h>

#include "sim/time.h"

typedef struct Histogram Histogram;

Histogram *histogram_new(void);
void histogram_free(Histogram *histogram);
void histogram_add(Histogram *histogram, SimTime value);
uint64_t histogram_count(const Histogram *histogram);
double histogram_mean(const Histogram *histogram);               /* seconds; NAN if empty */
double histogram_sd(const Histogram *histogram);                 /* seconds; NAN below two values */
double histogram_max(const Histogram *histogram);                /* seconds; NAN if empty */
double histogram_quantile(const Histogram *histogram, double q); /* seconds; NAN if empty */

#endif
