/* Units: one text, one value; on failure, what it should have been.
 *
 * Private to the scenario reader, which wants need and hint apart; everybody
 * else uses param_parse_* (sim/param.h). Texts are taken whole: no blanks, no
 * guessing, no locale.
 */
#ifndef SIM_UNITS_H
#define SIM_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/param_text.h"
#include "sim/time.h"

typedef struct UnitProblem {
    ParamNeed need;
    char *hint; /* g_free; may be NULL */
} UnitProblem;

extern const char *const param_needs[PARAM_NEED_COUNT];

bool units_time(const char *text, SimTime *out, UnitProblem *problem);
bool units_rate(const char *text, double *out, UnitProblem *problem);
bool units_share(const char *text, double *out, UnitProblem *problem);
bool units_number(const char *text, double *out, UnitProblem *problem);
bool units_count(const char *text, int64_t *out, UnitProblem *problem);
/* A unit of time by its name: its length in nanoseconds, 0 if there is none. */
SimTime units_unit(const char *name);

/* How a diagnostic shows a value: 500 as it is, other texts quoted; long ones cut. */
char *units_show(const char *text);

#endif
