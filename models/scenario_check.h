/* What one key cannot say: names that must exist or differ, limits between keys, designs that
 * cannot work. Errors and warnings go to the reader's diagnostics; derived fields are filled in.
 */
#ifndef MODELS_SCENARIO_CHECK_H
#define MODELS_SCENARIO_CHECK_H

#include "models/scenario.h"

typedef struct Check {
    Scenario *scenario;
    const ParamDoc *doc;
    DiagList *diags;
} Check;

void scenario_check(const Check *check);

#endif
