/* What one key cannot say: names that must exist or differ, limits between keys, designs that
 * cannot work. Errors and warnings go to the reader's diagnostics; derived fields are filled in.
 */
#ifndef MODELS_SCENARIO_CHECK_H
#define MODELS_SCENARIO_CHECK_H

#include <glib.h>

#include "models/scenario.h"

typedef struct Check {
    Scenario *scenario;
    const ParamDoc *doc;
    DiagList *diags;
} Check;

void scenario_check(const Check *check);
/* Its part about events[]: scenario_check_events.c. */
void check_events(const Check *check);
/* About the database, its product and its steps; settles what follows: scenario_check_database.c.
 */
void check_database(const Check *check);

/* About active-active: what follows from it, before the rest is checked, and what contradicts it:
 * scenario_check_both.c. */
void scenario_settle_both(const Check *check);
void scenario_check_both(const Check *check);

void scenario_check_variants(const Check *check);
/* Items of a list whose names must be given and differ. */
void scenario_check_distinct(const Check *check, const char *list, const char *key, size_t count,
                             const char *const *names);

/* The path "list[i].key" in a buffer big enough for every caller here. */
typedef struct Path {
    char text[96];
} Path;

static inline const char *path_to(Path *path, const char *list, size_t i, const char *key)
{
    g_snprintf(path->text, sizeof path->text, "%s[%zu]%s%s", list, i, *key ? "." : "", key);
    return path->text;
}

/* A key or item that was read with an error holds a stand-in: not to be judged again. */
static inline bool failed(const Check *check, const char *path)
{
    return param_doc_failed(check->doc, path);
}
/* Application, pods and configuration: scenario_check_application.c. */
void scenario_check_application(const Check *check);

/* Its part about factors[]: scenario_factors.c. */
void scenario_check_factors(const Check *check);

/* False if a constraint of the sweep does not hold for the scenario as it was read. */
bool scenario_check_sweep(const Check *check);

#endif
