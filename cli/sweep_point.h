/* One point of a sweep, summarised and judged from the store.
 *
 * Quantiles come from sorting, as everywhere: a metric's column is read back and
 * sorted, as many columns at a time as fit into a fixed budget of memory (one at
 * least: eight bytes a run), so that any number of points, and of runs as far as
 * one column fits, takes the same memory.
 */
#ifndef CLI_SWEEP_POINT_H
#define CLI_SWEEP_POINT_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"
#include "cli/precise.h"
#include "cli/store.h"
#include "sim/stats.h"

typedef struct SweepPoint {
    const DesignPoint *point;
    uint32_t runs;       /* done */
    bool whole, precise; /* all that were wanted; the wanted precision reached */
    PrecisionRule rule;  /* of count 0 without one */
    double *half_width;  /* relative, by target */
    uint64_t fingerprint;
    StatsSummary *summary;  /* by metric */
    ExpectOutcome *outcome; /* by expectation */
    size_t tally[3];        /* by verdict */
} SweepPoint;

bool sweep_point_read(SweepPoint *result, const Store *store, uint32_t point, char **problem);
void sweep_point_clear(SweepPoint *result);
/* "PASS", "FAIL", "INCONCLUSIVE"; NULL if nothing was expected. */
const char *sweep_point_verdict(const SweepPoint *result);
ExitCode sweep_point_exit(const SweepPoint *result);

#endif
