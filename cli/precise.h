/* --precision: what a command takes to run as often as a wanted precision needs (sim/precision.h).
 *
 * A command puts PRECISE_OPTIONS into its table and a PreciseOptions into its struct; `of` is made
 * by the caller. The targets are those of --precision-of, or the scenario's expectations of a mean
 * or a quantile.
 */
#ifndef CLI_PRECISE_H
#define CLI_PRECISE_H

#include "cli/design.h"
#include "cli/options.h"
#include "models/scenario.h"
#include "sim/precision.h"

typedef struct PreciseOptions {
    const char *precision; /* NULL: a fixed number of runs */
    GPtrArray *of;         /* char * */
    OptionNumber min, max;
} PreciseOptions;

enum { PRECISE_MIN = 30, PRECISE_MAX = 10000, PRECISE_LIMIT = 1000000 };

#define PRECISE_OPTIONS(type, member)                                                              \
    {0,                                                                                            \
     "precision",                                                                                  \
     "SHARE",                                                                                      \
     OPTION_TEXT,                                                                                  \
     offsetof(type, member.precision),                                                             \
     0,                                                                                            \
     0,                                                                                            \
     "run until the intervals' half-width is at most this share of the value (5%)"},               \
        {0,                                                                                        \
         "precision-of",                                                                           \
         "METRIC[.STAT]",                                                                          \
         OPTION_LIST,                                                                              \
         offsetof(type, member.of),                                                                \
         0,                                                                                        \
         0,                                                                                        \
         "of this mean or quantile (else of those in expect:); may be repeated"},                  \
        {0,                                                                                        \
         "min-runs",                                                                               \
         "N",                                                                                      \
         OPTION_NUMBER,                                                                            \
         offsetof(type, member.min),                                                               \
         2,                                                                                        \
         PRECISE_LIMIT,                                                                            \
         "with --precision: at least (30)"},                                                       \
    {                                                                                              \
        0, "max-runs", "N", OPTION_NUMBER, offsetof(type, member.max), 2, PRECISE_LIMIT,           \
            "with --precision: at most (10,000)"                                                   \
    }

/* What is wrong with the options; NULL if nothing. g_free. */
char *precise_misuse(const PreciseOptions *options, bool runs_given);
/* The rule for a scenario; false with *problem (g_free) if it has no target. The rule's targets are
 * freed with precise_clear. Without --precision: true, and rule->count is 0. */
bool precise_rule(const PreciseOptions *options, const Scenario *scenario, PrecisionRule *rule,
                  char **problem);
/* Into a design's plan; and the rule of one of its points again (count 0: it has no target). */
void precise_plan(const PreciseOptions *options, DesignPlan *plan);
void precise_point_rule(const Design *design, const DesignPoint *point, PrecisionRule *rule);
void precise_clear(PrecisionRule *rule);

#endif
