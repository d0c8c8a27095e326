/* A distribution from YAML: a time, {family: {arg: value}}, {family: value}, a mixture, a CSV file.
 */
#include <math.h>
#include <string.h>

#include "sim/param_reader.h"
#include "sim/units.h"

static const char dist_hint[] = "write 30s, or for example {exponential: 30s}";

static void refuse_dist(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                        const char *path)
{
    if (node->kind == NODE_BROKEN)
        return;
    char *shown = yaml_show(node);
    param_error(reader, node, slot->path, dist_hint, PARAM_SAYS_DIST, path, shown);
    g_free(shown);
}

static Dist *read_constant(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                           const char *path)
{
    UnitProblem problem;
    SimTime value;
    const char *text = param_scalar(reader, slot, node, path, param_needs[PARAM_NEEDS_TIME]);
    if (text == NULL)
        return NULL;
    if (units_time(text, &value, &problem))
        return dist_new_constant(value);
    if (problem.need == PARAM_NEEDS_TIME)
        refuse_dist(reader, slot, node, path);
    else
        param_value_error(reader, slot, node, path, param_needs[problem.need], problem.hint);
    g_free(problem.hint);
    return NULL;
}

static Dist *refused(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                     const char *path, GError *error)
{
    param_error(reader, node, slot->path, NULL, PARAM_SAYS_DIST_REFUSED, path, error->message);
    g_error_free(error);
    return NULL;
}

/* Arguments of a family. */

typedef bool (*ParseNumber)(const char *, double *, UnitProblem *);

static bool parse_seconds(const char *text, double *out, UnitProblem *problem)
{
    SimTime value;
    if (!units_time(text, &value, problem))
        return false;
    *out = sim_seconds(value);
    return true;
}

static bool read_number(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                        const char *path, DistArgKind kind, double *out)
{
    static const struct {
        ParamNeed need;
        ParseNumber parse;
    } kinds[] = {
        [DIST_ARG_TIME] = {PARAM_NEEDS_TIME, parse_seconds},
        [DIST_ARG_NUMBER] = {PARAM_NEEDS_NUMBER, units_number},
        [DIST_ARG_SHARE] = {PARAM_NEEDS_SHARE, units_share},
    };
    UnitProblem problem;
    const char *text = param_scalar(reader, slot, node, path, param_needs[kinds[kind].need]);
    if (text == NULL)
        return false;
    if (kinds[kind].parse(text, out, &problem))
        return true;
    param_value_error(reader, slot, node, path, param_needs[problem.need], problem.hint);
    g_free(problem.hint);
    return false;
}

/* Every key of a group must be among `names`; the missing ones are reported if `required`. */
static bool check_names(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                        const char *path, const char *const *names, size_t count, size_t required)
{
    bool right = true;
    for (guint i = 0; i < node->values->len; i++) {
        const YamlNode *key = yaml_value(node, i)->key;
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = strcmp(names[k], key->text) == 0;
        if (!known)
            param_unknown(reader, key, path, slot->path, names, count);
        right = right && known;
    }
    for (size_t k = 0; k < required && right; k++) {
        if (yaml_get(node, names[k]) != NULL)
            continue;
        char *full = g_strconcat(path, ".", names[k], NULL);
        param_missing(reader, node, slot->path, full);
        g_free(full);
        right = false;
    }
    return right;
}

static void refuse_unnamed(ParamReader *reader, const ParamSlot *slot, const DistType *type,
                           const YamlNode *node, const char *path)
{
    if (node->kind == NODE_BROKEN)
        return;
    GString *hint = g_string_new(NULL);
    g_string_append_printf(hint, "write {%s: {", type->name);
    for (size_t i = 0; i < type->arg_count; i++)
        g_string_append_printf(hint, "%s%s: …", i == 0 ? "" : ", ", type->args[i].name);
    g_string_append(hint, "}}");
    param_error(reader, node, slot->path, hint->str, PARAM_SAYS_DIST_NAMED, path);
    g_string_free(hint, TRUE);
}

static bool read_args(ParamReader *reader, const ParamSlot *slot, const DistType *type,
                      const YamlNode *node, const char *path, double *args)
{
    if (node->kind == NODE_SCALAR && type->shorthand && type->arg_count == 1)
        return read_number(reader, slot, node, path, type->args[0].kind, &args[0]);
    if (node->kind != NODE_GROUP) {
        refuse_unnamed(reader, slot, type, node, path);
        return false;
    }
    const char *names[DIST_ARGS_MAX];
    for (size_t i = 0; i < type->arg_count; i++)
        names[i] = type->args[i].name;
    bool right = check_names(reader, slot, node, path, names, type->arg_count, type->arg_count);
    for (size_t i = 0; i < type->arg_count; i++) {
        const YamlNode *value = yaml_get(node, names[i]);
        char *full = g_strconcat(path, ".", names[i], NULL);
        if (value != NULL)
            right &= read_number(reader, slot, value, full, type->args[i].kind, &args[i]);
        g_free(full);
    }
    return right;
}

static Dist *read_family(ParamReader *reader, const ParamSlot *slot, const DistType *type,
                         const YamlNode *node, const char *path)
{
    double args[DIST_ARGS_MAX] = {0};
    GError *error = NULL;
    if (!read_args(reader, slot, type, node, path, args))
        return NULL;
    Dist *dist = dist_new(type, args, &error);
    return dist != NULL ? dist : refused(reader, slot, node, path, error);
}

/* {mixture: [{weight: 0.9, of: DIST}, …]} */

static bool read_part(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                      const char *path, double *weight, Dist **part)
{
    static const char *const names[] = {"weight", "of"};
    if (node->kind != NODE_GROUP) {
        if (param_scalar(reader, slot, node, path, "{weight: …, of: …}") != NULL)
            param_value_error(reader, slot, node, path, "{weight: …, of: …}", NULL);
        return false;
    }
    bool right = check_names(reader, slot, node, path, names, 2, 2);
    const YamlNode *value = yaml_get(node, "weight");
    char *full = g_strconcat(path, ".weight", NULL);
    bool read = value != NULL && read_number(reader, slot, value, full, DIST_ARG_NUMBER, weight);
    if (read && !(*weight > 0)) {
        param_value_error(reader, slot, value, full, param_needs[PARAM_NEEDS_POSITIVE], NULL);
        read = false;
    }
    g_free(full);
    value = yaml_get(node, "of");
    full = g_strconcat(path, ".of", NULL);
    if (value != NULL)
        *part = param_dist(reader, slot, value, full);
    g_free(full);
    return right && read && *part != NULL;
}

static Dist *read_mixture(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                          const char *path)
{
    if (node->kind != NODE_LIST) {
        char *shown = yaml_show(node);
        if (node->kind != NODE_BROKEN)
            param_error(reader, node, slot->path, "write {mixture: [{weight: 0.9, of: 30s}, …]}",
                        PARAM_SAYS_LIST, path, shown);
        g_free(shown);
        return NULL;
    }
    size_t count = node->values->len;
    Dist **parts = g_new0(Dist *, count + 1);
    double *weights = g_new0(double, count + 1);
    bool right = true;
    for (size_t i = 0; i < count; i++) {
        char *full = g_strdup_printf("%s[%zu]", path, i);
        right &= read_part(reader, slot, yaml_item(node, i), full, &weights[i], &parts[i]);
        g_free(full);
    }
    Dist *dist = NULL;
    GError *error = NULL;
    if (right)
        dist = dist_new_mixture(parts, weights, count, &error);
    else
        for (size_t i = 0; i < count; i++)
            dist_free(parts[i]);
    if (right && dist == NULL)
        refused(reader, slot, node, path, error);
    g_free(weights);
    g_free(parts);
    return dist;
}

/* {empirical: file.csv} or {empirical: {file: f.csv, column: name, unit: ms}} */

static bool read_csv_args(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                          const char *path, ParamCsv *csv)
{
    static const char *const names[] = {"file", "column", "unit"};
    static const ParamNeed needs[] = {PARAM_NEEDS_FILE, PARAM_NEEDS_COLUMN, PARAM_NEEDS_UNIT};
    *csv = (ParamCsv){.node = node, .unit = "s"};
    if (node->kind != NODE_GROUP)
        return param_scalar(reader, slot, node, path, param_needs[PARAM_NEEDS_FILE]) != NULL;
    bool right = check_names(reader, slot, node, path, names, 3, 1);
    const char *texts[3] = {NULL, NULL, csv->unit};
    for (size_t i = 0; i < 3; i++) {
        const YamlNode *value = yaml_get(node, names[i]);
        char *full = g_strconcat(path, ".", names[i], NULL);
        if (value != NULL)
            texts[i] = param_scalar(reader, slot, value, full, param_needs[needs[i]]);
        right = right && (value == NULL || texts[i] != NULL);
        if (i == 2 && value != NULL && texts[i] != NULL && units_unit(texts[i]) == 0) {
            param_value_error(reader, slot, value, full, param_needs[PARAM_NEEDS_UNIT], NULL);
            right = false;
        }
        g_free(full);
    }
    *csv = (ParamCsv){yaml_get(node, "file"), texts[1], texts[2]};
    return right;
}

static Dist *read_empirical(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                            const char *path)
{
    ParamCsv csv;
    if (!read_csv_args(reader, slot, node, path, &csv))
        return NULL;
    Dist *dist = NULL;
    GError *error = NULL;
    GArray *seconds = g_array_new(FALSE, FALSE, sizeof(double));
    if (param_csv_read(reader, slot, &csv, seconds)) {
        dist = dist_new_empirical((const double *)(void *)seconds->data, seconds->len, &error);
        if (dist == NULL)
            refused(reader, slot, node, path, error);
    }
    g_array_free(seconds, TRUE);
    return dist;
}

/* The family. */

static void unknown_family(ParamReader *reader, const ParamSlot *slot, const YamlNode *key,
                           const char *path)
{
    const char *names[64];
    size_t count = 0;
    while (dist_types[count] != NULL && count < G_N_ELEMENTS(names)) {
        names[count] = dist_types[count]->name;
        count++;
    }
    const char *near = diag_suggest(key->text, names, count);
    char *all = param_join(names, count);
    char *hint = near != NULL ? g_strdup_printf("did you mean \"%s\"?", near)
                              : g_strdup_printf("there are: %s", all);
    char *shown = units_show(key->text);
    param_error(reader, key, slot->path, hint, PARAM_SAYS_DIST_FAMILY, shown, path);
    g_free(shown);
    g_free(hint);
    g_free(all);
}

Dist *param_dist(ParamReader *reader, const ParamSlot *slot, const YamlNode *node, const char *path)
{
    if (node->kind == NODE_SCALAR)
        return read_constant(reader, slot, node, path);
    if (node->kind != NODE_GROUP) {
        refuse_dist(reader, slot, node, path);
        return NULL;
    }
    if (node->values->len != 1) {
        param_error(reader, node, slot->path, dist_hint, PARAM_SAYS_DIST_ONE, path,
                    (size_t)node->values->len);
        return NULL;
    }
    const YamlNode *value = yaml_value(node, 0);
    const char *family = value->key->text;
    const DistType *type = dist_type_find(family);
    char *full = g_strconcat(path, ".", family, NULL);
    Dist *dist = NULL;
    if (strcmp(family, "mixture") == 0)
        dist = read_mixture(reader, slot, value, full);
    else if (strcmp(family, "empirical") == 0)
        dist = read_empirical(reader, slot, value, full);
    else if (type != NULL)
        dist = read_family(reader, slot, type, value, full);
    else
        unknown_family(reader, slot, value->key, path);
    g_free(full);
    return dist;
}
