/* Measurements: durations from a file that somebody exported, in the order of measurement.
 *
 * Three forms, told apart by their first character and line:
 *   CSV         one measurement a row, the first row naming the columns; comma, semicolon or tab
 *   Prometheus  the JSON of /api/v1/query and query_range: vectors and matrices
 *   exposition  lines "name{labels} value [timestamp]", as scraped from /metrics
 * A cell is a number of `unit`s, or a time with its unit. Where no unit is given it follows from
 * the column's or the metric's name (…_ms, …-ms, …_seconds, …_sec). NaN, as Prometheus writes for
 * "no data", is left out and counted; so is what is negative (clocks that disagree).
 *
 * Errors: *problem (g_free) with the place and what to do.
 */
#ifndef CLI_MEASUREMENTS_H
#define CLI_MEASUREMENTS_H

#include <glib.h>
#include <stdbool.h>

typedef struct Measurements {
    GArray *seconds; /* double, in order */
    char *name;      /* of the column or metric; "" if there is none */
    char *unit;
    size_t missing, negative;
} Measurements;

/* column, unit: NULL, to be found out. */
bool measurements_read(Measurements *measurements, const char *file, const char *column,
                       const char *unit, char **problem);
void measurements_clear(Measurements *measurements);

#endif
