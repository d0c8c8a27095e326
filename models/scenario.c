#include "models/scenario.h"

#include "models/config.h"
#include "models/scenario_check.h"

#define ITEMS(type, list) ((type *)(list).item)

Scenario *scenario_read(const char *file, const char *text, size_t length, const char *const *sets,
                        size_t set_count, DiagList *diags)
{
    Scenario *scenario = g_new0(Scenario, 1);
    size_t errors = diags->errors;
    ParamDoc *doc =
        param_read(&scenario_schema, file, text, length, sets, set_count, scenario, diags);
    scenario_check(&(Check){scenario, doc, diags});
    param_doc_free(doc);
    if (diags->errors > errors) {
        scenario_free(scenario);
        return NULL;
    }
    scenario->events_text = scenario_describe_events(scenario);
    return scenario;
}

void scenario_free(Scenario *scenario)
{
    if (!scenario)
        return;
    g_free(scenario->expect);
    g_free(scenario->events_text);
    param_clear(&scenario_schema, scenario);
    g_free(scenario);
}

/* ---- views ---- */

const EventConfig *scenario_event(const Scenario *scenario, size_t index)
{
    return &ITEMS(const EventConfig, scenario->top.events)[index];
}

bool scenario_mirrors_into(const Scenario *scenario, uint32_t region)
{
    return scenario->mirror.enabled && region == REGION_PASSIVE;
}

const char *scenario_name(const Scenario *scenario)
{
    return scenario->top.name;
}

const char *scenario_about(const Scenario *scenario)
{
    return scenario->top.about;
}

const char *scenario_active_region(const Scenario *scenario)
{
    return scenario->regions.name[REGION_ACTIVE];
}

const char *scenario_passive_region(const Scenario *scenario)
{
    return scenario->regions.name[REGION_PASSIVE];
}

uint64_t scenario_seed(const Scenario *scenario)
{
    return (uint64_t)scenario->run.seed;
}

uint32_t scenario_replications(const Scenario *scenario)
{
    return (uint32_t)scenario->run.replications;
}

const char *scenario_events_text(const Scenario *scenario)
{
    return scenario->events_text;
}

size_t scenario_expect_count(const Scenario *scenario)
{
    return scenario->top.expect.count;
}

const ScenarioExpect *scenario_expect(const Scenario *scenario, size_t index)
{
    return &scenario->expect[index];
}

size_t scenario_cast_count(const Scenario *scenario)
{
    return scenario->users.cast.count;
}

const char *scenario_cast_name(const Scenario *scenario, size_t index)
{
    return ITEMS(const CastConfig, scenario->users.cast)[index].name;
}
