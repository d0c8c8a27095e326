/* What `run` writes for machines. Neither holds a wall-clock time or a path, so that the same
 * scenario, seed and number of runs give the same bytes on any machine and any number of threads.
 */
#ifndef CLI_RESULTS_H
#define CLI_RESULTS_H

#include <stdio.h>

#include "cli/json.h"
#include "cli/study.h"

/* One study as a JSON object, format_version 1. */
/* Of a study of one scenario: format_version, version, study, scenario. */
void results_head(Json *json, const char *study, const Source *source, const GPtrArray *sets);
void results_json(Json *json, const Study *study);
/* Its parts: the member "metrics"; an interval, null if there is none; a bound, to ten digits. */
void results_metrics(Json *json, const Study *study);
void results_interval(Json *json, StatsInterval interval);
void results_bound(Json *json, double bound);
/* A CSV field, quoted if it must be; a number, empty for NAN. */
void results_csv_field(FILE *out, const char *text);
void results_csv_number(FILE *out, double value);
/* One row per run: scenario, run, then every metric. Empty: does not apply; inf: not reached. */
void results_csv_header(FILE *out);
void results_csv_rows(FILE *out, const Study *study);

/* Parts of them, for results of another shape. */
void results_metric(Json *json, const StatsSummary *summary);
void results_expectation(Json *json, const ScenarioExpect *expect, const ExpectOutcome *outcome);
void results_csv_field(FILE *out, const char *text);
void results_csv_number(FILE *out, double value); /* empty: does not apply; inf: not reached */

#endif
