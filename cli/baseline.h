/* A baseline: an earlier result, against which a design must not get worse.
 *
 * Read from the JSON of `failsim compare` (which holds the runs' values, so that the comparison is
 * paired) or of `failsim run` (a summary: means only, Welch's t). A design is matched by its name,
 * a result of run by the scenario's name.
 *
 * A gate is a statistic and the direction in which it gets worse. Regression: the whole 95 %
 * interval of the worsening lies beyond the tolerance, a share of the baseline's value (of 0:
 * beyond 0). So a worsening that may be chance is none, nor is a sure one within the tolerance.
 */
#ifndef CLI_BASELINE_H
#define CLI_BASELINE_H

#include "cli/comparison.h"
#include "cli/json_read.h"

typedef struct Baseline {
    const char *file;
    JsonNode *root;
    double tolerance;
    double seed;
    GPtrArray *warnings; /* char * */
} Baseline;

typedef struct Gate {
    const Design *design;
    Statistic statistic;
    int worse; /* 1: larger is worse, -1: smaller is */
    Paired paired;
    bool welch; /* from a summary, not from pairs */
    bool regression, better;
} Gate;

/* NULL with *problem (g_free) if the file cannot be read or is no result of this format. */
Baseline *baseline_read(const char *file, double tolerance, char **problem);
void baseline_free(Baseline *baseline);
/* Does it know a design of this scenario? Before anything is simulated. */
bool baseline_fits(const Baseline *baseline, const Comparison *comparison, char **problem);
/* Gates (of Gate) of all designs that the baseline knows. */
void baseline_judge(Baseline *baseline, const Comparison *comparison, GArray *gates);
/* "rto.service.p95"; "5m12s, was 5m: +12s [+9s, +15s]". g_free. */
char *gate_name(const Gate *gate);
char *gate_text(const Gate *gate);
void report_baseline(Page *page, const Baseline *baseline, const GArray *gates);
size_t baseline_regressions(const GArray *gates);

#endif
