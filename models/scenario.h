/* A scenario: the configuration of every component, the events that befall them, what is expected,
 * and how to run it. Read through one schema (sim/param.h); checked for what one key cannot say
 * (references between keys). Immutable while runs use it.
 */
#ifndef MODELS_SCENARIO_H
#define MODELS_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/diag.h"
#include "sim/dist.h"
#include "sim/expect.h"
#include "sim/param.h"

typedef struct Scenario Scenario;

extern const ParamSchema scenario_schema;

/* Read and check. Errors and warnings go to `diags`; NULL if there was an error. The file name is
 * used in diagnostics and to find CSV files beside it; it never enters results. */
Scenario *scenario_read(const char *file, const char *text, size_t length, const char *const *sets,
                        size_t set_count, DiagList *diags);
void scenario_free(Scenario *scenario);

/* A scenario with a sweep stands for many: it itself, without the sweep's settings, is the base. */
#define SCENARIO_BASE SIZE_MAX
typedef struct ScenarioPoint {
    size_t point;   /* which to read, or SCENARIO_BASE */
    size_t variant; /* with SCENARIO_BASE: 1 for the first of variants:, 0 for none */
    /* What the reader says of it, even if there were errors: */
    bool left_out; /* a constraint excludes the point */
    size_t variants;
    size_t points; /* of the whole sweep, those left out counted; 0: no sweep */
    char *name;    /* "router.ttl=30s, users.rate=5/s"; a variant's; "" of the base; g_free */
} ScenarioPoint;
/* One point of it. NULL after an error, or if the point is left out. */
Scenario *scenario_read_point(const char *file, const char *text, size_t length,
                              const char *const *sets, size_t set_count, ScenarioPoint *point,
                              DiagList *diags);
size_t scenario_point_count(const Scenario *scenario); /* those left out counted; 0: no sweep */
/* What a point sets, in the order of the sweep. The array is the caller's (g_free), its texts the
 * scenario's. */
size_t scenario_point(const Scenario *scenario, size_t point, ParamSetting **settings);

/* What the command line needs to know of it. Strings belong to the scenario. */
const char *scenario_name(const Scenario *scenario);
const char *scenario_about(const Scenario *scenario); /* "" if none */
const char *scenario_active_region(const Scenario *scenario);
const char *scenario_passive_region(const Scenario *scenario);
/* Do both serve, write and publish? (models/scenario_check_both.c settles what follows.) */
bool scenario_active_active(const Scenario *scenario);
uint64_t scenario_seed(const Scenario *scenario);
uint32_t scenario_replications(const Scenario *scenario);
double scenario_length_seconds(const Scenario *scenario); /* of a run, its drain included */
/* SHA-256 in hex of the CSV files it reads; "" if none. */
const char *scenario_data_hash(const Scenario *scenario);
/* One line about what fails: "region north-india fails at 10m for 1h"; "" if nothing. */
const char *scenario_events_text(const Scenario *scenario);

typedef struct ScenarioExpect {
    Expect expect;
    const char *text; /* as written */
    const char *why;  /* "" if not given */
    size_t line;      /* in the file, from 1; 0: not from the file (--set) */
} ScenarioExpect;

size_t scenario_expect_count(const Scenario *scenario);
const ScenarioExpect *scenario_expect(const Scenario *scenario, size_t index);

/* An input that is drawn once a run; "key=value" sets it for a run (models/drivers.h). */
typedef struct ScenarioDriver {
    char *key;        /* g_free */
    const Dist *dist; /* belongs to the scenario */
} ScenarioDriver;

/* Of ScenarioDriver; the caller frees keys and array. */
GArray *scenario_drivers(const Scenario *scenario);

/* Variants: the scenario with other settings (ScenarioPoint.variant reads one). */
size_t scenario_variant_count(const Scenario *scenario);
const char *scenario_variant_name(const Scenario *scenario, size_t index);
const char *scenario_variant_about(const Scenario *scenario, size_t index); /* "" if none */
/* Its "key=value"s, as for --set; a char * each, the array's own. */
GPtrArray *scenario_variant_sets(const Scenario *scenario, size_t index);

/* What failsim rank moves (factors:). A share 0 <= u <= 1 of a factor's range as the key's value;
 * g_free. */
size_t scenario_factor_count(const Scenario *scenario);
const char *scenario_factor_key(const Scenario *scenario, size_t index);
char *scenario_factor_value(const Scenario *scenario, size_t index, double u);

size_t scenario_cast_count(const Scenario *scenario);
const char *scenario_cast_name(const Scenario *scenario, size_t index);

#endif
