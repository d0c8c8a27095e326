/* Experiments: replications of one model on several threads, results by index.
 *
 * The matrix of metric values, and the fingerprint, depend on the number of
 * replications alone: each replication writes its own row and the fold over
 * rows runs in order afterwards. Any number of threads gives the same bytes.
 */
#ifndef SIM_EXPERIMENT_H
#define SIM_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Run one replication: fill `values` (metric_count of them), return the run's fingerprint. Called
 * from any thread; `model` is shared and read-only. */
typedef uint64_t (*ExperimentRun)(const void *model, uint64_t seed, uint32_t replication,
                                  double *values);
/* Called from the calling thread now and then; return false to stop early. */
typedef bool (*ExperimentProgress)(void *data, uint32_t done, uint32_t total);

typedef struct Experiment {
    ExperimentRun run;
    const void *model;
    uint64_t seed;
    uint32_t first; /* number of the first replication: a study may be done in parts */
    uint32_t replications;
    uint32_t threads; /* 0: as many as processors */
    size_t metric_count;
    ExperimentProgress progress; /* may be NULL */
    void *progress_data;
} Experiment;

typedef struct ExperimentResult {
    uint32_t replications; /* completed: a prefix first..first+n-1 of those asked for */
    size_t metric_count;
    double *values;         /* [replication][metric] */
    uint64_t *fingerprints; /* [replication] */
    uint64_t fingerprint;   /* of all of them, in order */
    bool stopped;           /* progress asked to stop */
} ExperimentResult;

void experiment_run(const Experiment *experiment, ExperimentResult *result);
/* Append a part that begins where `whole` (at first all zero) ends: the same as one study of both.
 * `part` is empty afterwards. */
void experiment_join(ExperimentResult *whole, ExperimentResult *part);
/* The fingerprint of runs in order, as in a result. */
uint64_t experiment_fingerprint(const uint64_t *fingerprints, uint32_t count);
void experiment_result_clear(ExperimentResult *result);

#endif
