/* One line on stderr while runs are under way; nothing unless stderr is a terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Progress {
    const char *name;
    bool shown;
    bool drawn;
    gint64 last; /* microseconds; wall clock is for the eye only */
} Progress;

Progress progress_make(const char *name, bool quiet);
/* An ExperimentProgress: false once interrupted. */
bool progress_step(void *progress, uint32_t done, uint32_t total);
void progress_clear(Progress *progress);

#endif
