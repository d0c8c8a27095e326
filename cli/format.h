/* Numbers for people: three significant digits, thousands separated, times as "3m52s".
 *
 * `extra` adds digits where two different numbers would look alike (a limit of
 * 5m and a measurement of 5m00.04s). NAN prints "–", infinity "not reached".
 * Every text is freed with g_free.
 */
#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include <glib.h>
#include <stdint.h>

#include "sim/metric.h"
#include "sim/time.h"

char *format_count(double value); /* 1,212,400; a mean keeps up to three significant digits */
char *format_seconds(double seconds, int extra);
char *format_share(double share, int extra);
char *format_value(MetricUnit unit, double value, int extra);
/* Relative to a moment: "−0.030s", "+4m12.3s". */
char *format_offset(SimTime at, SimTime origin);
/* "1 run", "2 runs". */
char *format_plural(size_t count, const char *noun);

#endif
