/* How far a sweep is, and how long it will take, on stderr: one line redrawn on a terminal; a line
 * every half a minute elsewhere, so that a job's log says that it lives. */
#ifndef CLI_SWEEP_PROGRESS_H
#define CLI_SWEEP_PROGRESS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/crew.h"

#include "cli/crew.h"

typedef struct SweepProgress {
    const char *name;
    uint64_t before; /* runs that were there at the start */
    bool quiet, terminal, drawn, told;
    bool limit;         /* runs_all is the most there may be: no time left */
    gint64 start, last; /* microseconds; wall clock is for the eye only */
} SweepProgress;

SweepProgress sweep_progress_make(const char *name, uint64_t before, bool quiet);
/* False once interrupted. */
bool sweep_progress_step(void *progress, const CrewState *state);
void sweep_progress_clear(SweepProgress *progress);

#endif
