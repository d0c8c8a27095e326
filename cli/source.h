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
    char *hash;       /* SHA-256 of the bytes, hex */
    size_t warnings;
    Scenario *scenario; /* NULL if it has errors */
} Source;

typedef struct Sources {
    Source *items;
    size_t count;
    size_t errors, warnings; /* printed to stderr */
} Sources;

/* files: char *. sets: "key=value" char *. Unreadable files count as errors. */
void sources_read(Sources *sources, const GPtrArray *files, const GPtrArray *sets);
void sources_clear(Sources *sources);

#endif
