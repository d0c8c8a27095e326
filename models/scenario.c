#include "models/scenario.h"

#include "models/config.h"
#include "models/drivers.h"
#include "models/scenario_check.h"

#define ITEMS(type, list) ((type *)(list).item)

Scenario *scenario_read(const char *file, const char *text, size_t length, const char *const *sets,
                        size_t set_count, DiagList *diags)
{
    ScenarioPoint base = {.point = SCENARIO_BASE};
    Scenario *scenario = scenario_read_point(file, text, length, sets, set_count, &base, diags);
    g_free(base.name);
    return scenario;
}

static char *point_name(const Scenario *scenario, size_t point)
{
    g_autofree ParamSetting *settings = NULL;
    size_t count = scenario_point(scenario, point, &settings);
    GString *name = g_string_new(NULL);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(name, "%s%s=%s", i > 0 ? ", " : "", settings[i].key,
                               settings[i].value);
    return g_string_free(name, FALSE);
}

/* Of the scenario as written, or of a variant. */
static char *base_name(const Scenario *scenario, size_t variant)
{
    bool known = variant > 0 && variant <= scenario_variant_count(scenario);
    return g_strdup(known ? scenario_variant_name(scenario, variant - 1) : "");
}

Scenario *scenario_read_point(const char *file, const char *text, size_t length,
                              const char *const *sets, size_t set_count, ScenarioPoint *point,
                              DiagList *diags)
{
    Scenario *scenario = g_new0(Scenario, 1);
    size_t errors = diags->errors;
    bool base = point->point == SCENARIO_BASE;
    Path path;
    ParamDoc *doc = point->variant > 0
                        ? param_read_over(&scenario_schema, file, text, length, sets, set_count,
                                          path_to(&path, "variants", point->variant - 1, "set"),
                                          scenario, diags)
                        : param_read_point(&scenario_schema, file, text, length, sets, set_count,
                                           point->point, scenario, diags);
    Check check = {scenario, doc, diags};
    point->left_out = !scenario_check_sweep(&check) && !base;
    point->points = scenario_point_count(scenario);
    point->variants = scenario_variant_count(scenario);
    point->name = base ? base_name(scenario, point->variant) : point_name(scenario, point->point);
    if (!point->left_out)
        scenario_check(&check);
    scenario->data_hash = g_strdup(param_doc_data(doc));
    param_doc_free(doc);
    if (diags->errors > errors || point->left_out) {
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
    g_free(scenario->data_hash);
    param_clear(&scenario_schema, scenario);
    g_free(scenario);
}

/* ---- views ---- */

const EventConfig *scenario_event(const Scenario *scenario, size_t index)
{
    return &ITEMS(const EventConfig, scenario->top.events)[index];
}

bool scenario_active_active(const Scenario *scenario)
{
    return scenario->regions.mode == MODE_ACTIVE_ACTIVE;
}

bool scenario_mirrors_into(const Scenario *scenario, uint32_t region)
{
    const char *into = action_name[ACTION_START_MIRROR],
               *out_of = action_name[ACTION_REVERSE_MIRROR];
    if (!scenario->mirror.enabled || region == REGION_PASSIVE)
        return scenario->mirror.enabled;
    return scenario_active_active(scenario) ||
           failover_step_find(&scenario->failover.steps, out_of) >= 0 ||
           (scenario->failback.mode != FAILOVER_OFF &&
            failover_step_find(&scenario->failback.steps, into) >= 0);
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

double scenario_length_seconds(const Scenario *scenario)
{
    return sim_seconds(scenario->run.duration + scenario->run.drain);
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

GArray *scenario_drivers(const Scenario *scenario)
{
    GArray *drivers = g_array_new(FALSE, FALSE, sizeof(ScenarioDriver));
    drivers_list(scenario, drivers);
    return drivers;
}

static const VariantConfig *variant_at(const Scenario *scenario, size_t index)
{
    return &ITEMS(const VariantConfig, scenario->top.variants)[index];
}

size_t scenario_variant_count(const Scenario *scenario)
{
    return scenario->top.variants.count;
}

const char *scenario_variant_name(const Scenario *scenario, size_t index)
{
    return variant_at(scenario, index)->name;
}

const char *scenario_variant_about(const Scenario *scenario, size_t index)
{
    return variant_at(scenario, index)->about;
}

GPtrArray *scenario_variant_sets(const Scenario *scenario, size_t index)
{
    GPtrArray *sets = g_ptr_array_new_with_free_func(g_free);
    const ParamSweep *set = &variant_at(scenario, index)->set;
    for (size_t a = 0; a < set->count; a++)
        for (size_t i = 0; i < set->axis[a].alternative[0].count; i++) {
            const ParamSetting *setting = &set->axis[a].alternative[0].setting[i];
            g_ptr_array_add(sets, g_strdup_printf("%s=%s", setting->key, setting->value));
        }
    return sets;
}

size_t scenario_cast_count(const Scenario *scenario)
{
    return scenario->users.cast.count;
}

const char *scenario_cast_name(const Scenario *scenario, size_t index)
{
    return ITEMS(const CastConfig, scenario->users.cast)[index].name;
}

const char *scenario_data_hash(const Scenario *scenario)
{
    return scenario->data_hash;
}

size_t scenario_point_count(const Scenario *scenario)
{
    ParamDesign design = param_design(&scenario_schema, scenario);
    size_t points = design.points;
    param_design_clear(&design);
    return points;
}

size_t scenario_point(const Scenario *scenario, size_t point, ParamSetting **settings)
{
    ParamDesign design = param_design(&scenario_schema, scenario);
    GArray *all = g_array_new(FALSE, FALSE, sizeof(ParamSetting));
    for (size_t i = 0; i < design.count; i++) {
        const ParamAlternative *chosen = param_design_at(&design, i, point);
        g_array_append_vals(all, chosen->setting, (guint)chosen->count);
    }
    param_design_clear(&design);
    size_t count = all->len;
    *settings = (ParamSetting *)(void *)g_array_free(all, FALSE);
    return count;
}
