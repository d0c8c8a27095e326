/* The platform: a scenario in, what became of every payment out.
 *
 * The only header of models/ that cli/ needs, beside models/scenario.h. A run is
 * a pure function of (scenario, seed, replication): it can be repeated with a
 * RunDetail to tell its story, and gives the same values again.
 */
#ifndef MODELS_PLATFORM_H
#define MODELS_PLATFORM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/scenario.h"
#include "sim/metric.h"
#include "sim/time.h"

/* One step of the recovery as it went: detect, decide, and the runbook's steps. */
typedef struct RecoveryStep {
    char *name;
    SimTime start, end; /* absolute; end is SIM_NEVER if it never finished */
    bool critical;      /* on the path that decided the recovery time */
    bool home;          /* of the way home, after the recovery */
    char *note;         /* "human approval", "all 12 edges see it"; may be NULL */
} RecoveryStep;

/* One fact about a payment of the cast, or about the platform, in order of time. */
typedef struct StoryLine {
    SimTime at;
    int cast;   /* index into the scenario's cast; -1: the platform */
    char *text; /* one sentence, no time, no newline */
} StoryLine;

/* The fates, in the order of printing. They sum to payments.submitted (asserted). */
typedef enum Fate {
    FATE_COMPLETED,
    FATE_RESUMED,
    FATE_LOST,
    FATE_DUPLICATED,
    FATE_IN_DOUBT,
    FATE_INTERRUPTED,
    FATE_REJECTED,
    FATE_PENDING,
    FATES
} Fate;

extern const char
    *const fate_name[FATES]; /* "completed", "in_doubt", ... as in the metrics payments.<fate> */
extern const char *const fate_text[FATES]; /* one line each: what it means */

typedef struct RunDetail {
    SimTime outage_at; /* SIM_NEVER if nothing failed */
    GPtrArray *steps;  /* RecoveryStep*, by start */
    GPtrArray *lines;  /* StoryLine*, by time */
    Fate *cast_fate;   /* by index into the cast */
    size_t cast_count;
    uint64_t events; /* delivered by the engine */
} RunDetail;

/* Fills values[platform_metrics.count]; `detail` may be NULL. Returns the run's fingerprint. */
uint64_t platform_run(const Scenario *scenario, uint64_t seed, uint32_t replication, double *values,
                      RunDetail *detail);
void run_detail_clear(RunDetail *detail);

extern const MetricTable platform_metrics;

#endif
