/* Designs side by side: the same runs of each, and what differs, with intervals (sim/paired.h).
 *
 * The first design is the base; every other is compared with it. All use the base's seed and number
 * of runs, so that arrivals and faults are the same, run by run. Text, Markdown, JSON and CSV are
 * told from here. Ownership: a Comparison owns its designs.
 */
#ifndef CLI_COMPARISON_H
#define CLI_COMPARISON_H

#include "cli/json.h"
#include "cli/page.h"
#include "cli/study.h"
#include "sim/paired.h"

typedef struct Design {
    char *name;      /* "as written", a variant's name, or the scenario's */
    Source source;   /* its scenario is the design's own where `owned` */
    bool owned;      /* (a variant's; files belong to the Sources) */
    GPtrArray *sets; /* char *: all that was set over the file; owned */
    Study study;
    bool done; /* the study has been run, if only in part */
} Design;

/* One statistic of one metric. */
typedef struct Statistic {
    Expect expect; /* metric, stat, q */
    bool shown;    /* in the short report */
} Statistic;

typedef struct Comparison {
    GPtrArray *designs; /* Design *; the base first */
    uint64_t seed;
    uint32_t asked, runs; /* runs: done by every design that was begun */
    bool stopped;
    GArray *statistics;  /* Statistic */
    Paired *rows;        /* [design][statistic]; of design 0 nothing */
    GPtrArray *warnings; /* char *: why pairs are not as alike as they should be */
} Comparison;

void comparison_init(Comparison *comparison);
void comparison_clear(Comparison *comparison);
/* Takes ownership of `sets`; name and source are copied. */
Design *comparison_add(Comparison *comparison, const char *name, const Source *source, bool owned,
                       GPtrArray *sets);
Design *comparison_design(const Comparison *comparison, size_t index);

/* The statistics: of the headline metrics, those in the designs' expectations, and `more`
 * (METRIC[.STAT] char *, already checked); with `all`, of every metric. */
void comparison_choose(Comparison *comparison, const GPtrArray *more, bool all);
/* After all studies. */
void comparison_judge(Comparison *comparison);
size_t comparison_statistics(const Comparison *comparison);
const Statistic *comparison_statistic(const Comparison *comparison, size_t index);
const Paired *comparison_row(const Comparison *comparison, size_t design, size_t statistic);
/* "rpo.seconds.p95"; g_free. */
char *statistic_name(const Statistic *statistic);
/* A difference for people: "+1m02s", "−12 pp", "0"; g_free. */
char *format_difference(MetricUnit unit, double difference);
/* "n.s.", "wants 528 runs", "not reached in 3, 0 runs"; "" if there is nothing to say; g_free. */
char *comparison_remark(const Paired *row);

void report_comparison(Page *page, const Comparison *comparison, bool verbose);
void comparison_markdown(FILE *out, const Comparison *comparison);
void comparison_json(Json *json, const Comparison *comparison);
void comparison_csv(FILE *out, const Comparison *comparison);

#endif
