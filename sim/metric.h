/* Metrics: what a run measures, as a table, and a run's values as an array beside it.
 *
 * A value may be NAN: it does not apply to this run (no outage, so no recovery time); or
 * INFINITY: it applies and was not reached before the run ended (never recovered). An
 * unreached value counts as worse than any number in quantiles and expectations; it is never
 * silently left out.
 */
#ifndef SIM_METRIC_H
#define SIM_METRIC_H

#include <stddef.h>

typedef enum MetricUnit { METRIC_COUNT, METRIC_SECONDS, METRIC_SHARE, METRIC_NUMBER } MetricUnit;

typedef struct MetricSpec {
    const char *name; /* dotted: "rto.service" */
    MetricUnit unit;
    const char *text; /* definition, for explain */
} MetricSpec;

typedef struct MetricTable {
    const MetricSpec *specs;
    size_t count;
} MetricTable;

#endif
