/* The sweep: its keys, and what must hold of it as a whole. */
#include <string.h>

#include "models/config.h"
#include "models/scenario_check.h"

static const ParamSpec constraint_specs[] = {
    {.key = "that",
     .type = PARAM_TEXT,
     .offset = offsetof(ConstraintConfig, that),
     .text = "KEY OP KEY or KEY OP VALUE, such as router.ttl <= users.timeout; OP is one of "
             "<= < >= > == !=. Of a distribution the mean is compared.",
     .source = ""},
};
static const ParamTable constraint_table = {.specs = constraint_specs,
                                            .count = G_N_ELEMENTS(constraint_specs),
                                            .size = sizeof(ConstraintConfig),
                                            .shorthand = "that"};

#define AT(member) offsetof(SweepConfig, member)
static const ParamSpec sweep_specs[] = {
    {.key = "grid",
     .type = PARAM_GRID,
     .offset = AT(grid),
     .fallback = "{}",
     .text = "Keys as for --set, each with a list of values or a range {from: 1s, to: 9s, steps: "
             "5}; with by: instead of steps: a step, with scale: log a factor. Every combination "
             "of values is a point. Values inside a range have six significant digits.",
     .source = ""},
    {.key = "zip",
     .type = PARAM_ZIP,
     .offset = AT(zip),
     .fallback = "{}",
     .text = "The same, but the keys advance together: first values, second values, and so on. "
             "Combined with every point of the grid.",
     .source = ""},
    {.key = "list",
     .type = PARAM_POINTS,
     .offset = AT(list),
     .fallback = "[]",
     .text = "Points one by one, each a group of keys with one value. Combined with every point of "
             "grid and zip.",
     .source = ""},
    {.key = "constraint",
     .type = PARAM_LIST,
     .offset = AT(constraint),
     .fallback = "[]",
     .items = &constraint_table,
     .text = "What must hold at a point; points where it does not are left out.",
     .source = ""},
};
#undef AT
const ParamTable sweep_table = {
    .specs = sweep_specs, .count = G_N_ELEMENTS(sweep_specs), .size = sizeof(SweepConfig)};

/* ---- Checks ---- */

static bool check_constraint(const Check *check, size_t i)
{
    const ConstraintConfig *item = check->scenario->sweep.constraint.item;
    ParamProblem problem = {0};
    bool holds = true;
    g_autofree char *path = g_strdup_printf("sweep.constraint[%zu].that", i);
    g_autofree char *list_path = g_strdup_printf("sweep.constraint[%zu]", i);
    if (param_doc_failed(check->doc, list_path) ||
        param_compare(&scenario_schema, check->scenario, item[i].that, &holds, &problem))
        return holds;
    param_doc_error_at(check->doc, check->diags, path, problem.skip, problem.length, problem.hint,
                       "%s", problem.message);
    g_free(problem.message);
    g_free(problem.hint);
    return true;
}

/* What all points share, so that they can be compared run by run. */
static bool is_common(const char *key)
{
    static const char *const common[] = {"version", "name", "about", "run.seed",
                                         "run.replications"};
    for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
        if (strcmp(key, common[i]) == 0)
            return true;
    return strcmp(key, "run") == 0 || strcmp(key, "sweep") == 0 || g_str_has_prefix(key, "sweep.");
}

static void check_keys(const Check *check, const char *list, const ParamSweep *sweep,
                       const char *what)
{
    g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t a = 0; a < sweep->count; a++)
        for (size_t i = 0; i < sweep->axis[a].count; i++)
            for (size_t k = 0; k < sweep->axis[a].alternative[i].count; k++) {
                char *key = sweep->axis[a].alternative[i].setting[k].key;
                if (is_common(key) && g_hash_table_add(told, key))
                    param_doc_error(check->doc, check->diags, list, NULL, "%s %s the same", key,
                                    what);
            }
}

bool scenario_check_sweep(const Check *check)
{
    const SweepConfig *sweep = &check->scenario->sweep;
    static const char what[] = "cannot be swept: all points have";
    check_keys(check, "sweep.grid", &sweep->grid, what);
    check_keys(check, "sweep.zip", &sweep->zip, what);
    check_keys(check, "sweep.list", &sweep->list, what);
    ParamDesign design = param_design(&scenario_schema, check->scenario);
    if (design.points > PARAM_POINTS_MAX)
        param_doc_error(check->doc, check->diags, "sweep", NULL,
                        "the sweep has more than %d points", PARAM_POINTS_MAX);
    param_design_clear(&design);
    bool holds = true;
    for (size_t i = 0; i < sweep->constraint.count; i++)
        holds = check_constraint(check, i) && holds;
    return holds;
}

void scenario_check_variants(const Check *check)
{
    const ParamList *list = &check->scenario->top.variants;
    const VariantConfig *variant = list->item;
    Path path;
    GPtrArray *names = g_ptr_array_new();
    for (size_t i = 0; i < list->count; i++) {
        g_ptr_array_add(names, variant[i].name);
        if (!failed(check, path_to(&path, "variants", i, "")))
            check_keys(check, path_to(&path, "variants", i, "set"), &variant[i].set,
                       "cannot differ: all variants have");
    }
    scenario_check_distinct(check, "variants", "name", list->count,
                            (const char *const *)names->pdata);
    g_ptr_array_unref(names);
}
