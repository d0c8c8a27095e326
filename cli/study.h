/* A study: one scenario simulated many times, judged, and ready to be told.
 *
 * Everything that text, JSON and CSV say comes from here, so that they cannot
 * disagree. Runs are numbered from 0, as replications are. The shown run is
 * simulated a second time with its story: the run nearest the 95th percentile
 * of rto.service, or run 0 where nothing had to recover. A study may be done in parts (for a wanted
 * precision, or to tell how far it is); parts change nothing in its result.
 */
#ifndef CLI_STUDY_H
#define CLI_STUDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/command.h"
#include "cli/source.h"
#include "models/platform.h"
#include "sim/expect.h"
#include "sim/experiment.h"
#include "sim/precision.h"
#include "sim/stats.h"

typedef struct Study {
    const Source *source;
    const Scenario *scenario;
    const GPtrArray *sets; /* char *, as on the command line */
    uint64_t seed;
    uint32_t asked;                 /* runs wanted, at most; result.replications were done */
    const PrecisionRule *precision; /* NULL: a fixed number of runs */
    bool precise;                   /* the wanted precision was reached */
    ExperimentResult result;
    StatsSummary *summary; /* by metric */
    size_t expect_count;
    ExpectOutcome *outcome; /* by expectation */
    size_t tally[3];        /* by verdict */
    bool has_shown;         /* false if nobody asked, or interrupted before the first run */
    uint32_t shown;
    RunDetail detail; /* of the shown run */
} Study;

typedef struct StudyPlan {
    uint64_t seed;
    uint32_t runs;
    uint32_t threads;               /* 0: as many as processors */
    bool tell;                      /* simulate the shown run again, for its story */
    const PrecisionRule *precision; /* instead of `runs`; must outlive the study; NULL: none */
    uint32_t part;                  /* runs in one part; 0: all, or as the precision asks */
    void (*part_done)(void *data, uint32_t done); /* after each part, in order; may be NULL */
    void *part_data;
    ExperimentProgress progress;
    void *progress_data;
} StudyPlan;

/* source and sets must outlive the study. */
void study_run(Study *study, const Source *source, const GPtrArray *sets, const StudyPlan *plan);
void study_clear(Study *study);

/* The fixed number of runs that gives this study; asked for, if it was interrupted. */
uint32_t study_runs_wanted(const Study *study);
ExitCode study_exit(const Study *study);
/* "PASS", "FAIL", "INCONCLUSIVE"; NULL if nothing was expected. */
const char *study_verdict(const Study *study);
extern const char *const verdict_name[3];

#define STUDY_NO_METRIC SIZE_MAX
size_t study_metric(const char *name); /* index, or STUDY_NO_METRIC */
double study_value(const Study *study, uint32_t run, size_t metric);
/* The first run with the largest (sign 1) or smallest (sign -1) value; false if none has one. */
bool study_worst(const Study *study, size_t metric, int sign, uint32_t *run);
double study_total(const Study *study, size_t metric); /* over all runs that have a value */

#endif
