/* A sweep for pipelines: a suite of cases a point, annotations, and an event stream of its points.
 *
 * Events: study_start; for each point in order point_start, its expectations and point_end, as soon
 * as it and all before it are whole; study_end; end. What was done before an interruption is told
 * again, so that any number of threads, ranks, shards and starts gives the same lines. An
 * interrupted sweep tells of whole points only.
 */
#ifndef CLI_SWEEP_CI_H
#define CLI_SWEEP_CI_H

#include "cli/ci.h"
#include "cli/sweep_out.h"
#include "cli/sweep_point.h"

struct SweepCi {
    Ci ci;
    CiOptions options; /* without the Markdown, which is the table */
    const Store *store;
    char *table; /* points.md: shown on GitHub's page of the job */
    bool wanted;
    size_t verdicts[3], unjudged;
    char *problem;
};

/* False with *problem (g_free): a file cannot be written. Then, too, sweep_ci_close is called. */
bool sweep_ci_open(SweepCi *ci, const Store *store, const SweepOutOptions *options, char **problem);
/* The event stream, in the order of the points; `ci` is a SweepCi. */
void sweep_ci_point_done(void *ci, uint32_t point);
/* The cases. */
void sweep_ci_point(SweepCi *ci, const SweepPoint *point);
/* Returns `code` after --inconclusive, or what writing makes of it. */
ExitCode sweep_ci_close(SweepCi *ci, ExitCode code);

#endif
