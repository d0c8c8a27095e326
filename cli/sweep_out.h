/* What a sweep tells: a table for people, JSON, CSV and Markdown, point by point as it is read, so
 * that memory does not grow with points.
 *
 * A pure function of the store and its design: no clock, no path, nothing of
 * threads, ranks and shards. The same runs give the same bytes.
 */
#ifndef CLI_SWEEP_OUT_H
#define CLI_SWEEP_OUT_H

#include <stdbool.h>

#include "cli/ci.h"
#include "cli/command.h"
#include "cli/store.h"

typedef struct SweepOutOptions {
    const char *directory;  /* result.json, points.csv, points.md go there */
    const char *json, *csv; /* files beside, "-": stdout instead of the table; NULL: none */
    CiOptions ci;           /* its Markdown is the table */
    bool quiet, no_color;
} SweepOutOptions;

typedef struct SweepCi SweepCi;

/* NULL if the options go together; else what is wrong: g_free. */
char *sweep_out_misuse(const SweepOutOptions *options);
/* Nothing but the report of a person goes to stdout. */
bool sweep_out_text(const SweepOutOptions *options);
/* Returns the worst verdict of all points as an exit code; EXIT_IO if something could not be
 * written (told on stderr). Every point goes to `ci`, too. */
ExitCode sweep_out(const Store *store, const SweepOutOptions *options, SweepCi *ci);

#endif
