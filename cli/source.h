/* Scenario files on the command line: read, hashed, checked, all before anything is simulated.
 *
 * "-" is standard input. Every file's errors are printed, not the first file's
 * only. A Source owns its scenario.
 */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "models/scenario.h"

typedef struct Source {
    const char *file; /* as on the command line */
    char *text;       /* as read; NULL if it could not be */
    size_t length;
    char *hash;    /* SHA-256 of the bytes, hex */
    size_t points; /* of its sweep, those left out by a constraint counted */
    size_t variants;
    size_t used; /* of these, not left out: after sources_read_points */
    size_t warnings;
    Scenario *scenario; /* NULL if it has errors */
} Source;

typedef struct Sources {
    Source *items;
    size_t count;
    size_t errors, warnings; /* printed to stderr */
    GHashTable *told;        /* char *, diagnostics printed */
} Sources;

/* files: char *. sets: "key=value" char *. Unreadable files count as errors. */
void sources_read(Sources *sources, const GPtrArray *files, const GPtrArray *sets);
/* Reads every point of every sweep, so that what is wrong at one of them is told as well. After it,
 * `used` is right. */
void sources_read_points(Sources *sources, const GPtrArray *sets);
/* One point of a source that has been checked; NULL if a constraint leaves it out. */
Scenario *source_point(const Source *source, const GPtrArray *sets, size_t point);
/* The same with the variants. */
void sources_read_variants(Sources *sources, const GPtrArray *sets);
/* One variant of a source that has been checked. */
Scenario *source_variant(const Source *source, const GPtrArray *sets, size_t index);
/* The file with other settings than it was read with; NULL after an error, which is told. */
Scenario *source_with(Sources *sources, const Source *source, const GPtrArray *sets);
void sources_clear(Sources *sources);

#endif
