/* What a sweep tells: a table for people, JSON, CSV and Markdown, point by point as it is read, so
 * that memory does not grow with points.
 *
 * A pure function of the store and its design: no clock, no path, nothing of
 * threads, ranks and shards. The same runs give the same bytes.
 */
#ifndef CLI_SWEEP_OUT_H
#define CLI_SWEEP_OUT_H

#include <stdbool.h>

#include "cli/command.h"
#include "cli/store.h"

typedef struct SweepOutOptions {
    const char *directory;          /* result.json, points.csv, points.md go there */
    const char *json, *csv, *table; /* files beside, "-": stdout instead of the table; NULL: none */
    bool quiet, no_color;
} SweepOutOptions;

/* NULL if the options go together; else what is wrong. */
const char *sweep_out_misuse(const SweepOutOptions *options);
/* Returns the worst verdict of all points as an exit code; EXIT_IO if something could not be
 * written (told on stderr). */
ExitCode sweep_out(const Store *store, const SweepOutOptions *options);

#endif
