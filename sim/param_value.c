/* One value: a node and a spec in, a field of the struct out. */
#include <math.h>
#include <string.h>

#include "sim/check.h"
#include "sim/param_reader.h"
#include "sim/units.h"

#define NO_LIMIT 9.3e18 /* above every count, time and rate that can be written */

void param_value_error(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                       const char *path, const char *need, const char *hint)
{
    char *shown = yaml_show(node);
    param_error(reader, node, slot->path, hint, PARAM_SAYS_VALUE, path, need, shown);
    g_free(shown);
}

const char *param_scalar(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                         const char *path, const char *need)
{
    if (node->kind == NODE_BROKEN)
        return NULL;
    if (yaml_is_empty(node)) {
        param_error(reader, node->key != NULL && *node->text == '\0' ? node->key : node, slot->path,
                    "write a value, or remove the key", PARAM_SAYS_EMPTY, path);
        return NULL;
    }
    if (node->kind == NODE_SCALAR)
        return node->text;
    param_value_error(reader, slot, node, path, need, NULL);
    return NULL;
}

static const char *text_of(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                           ParamNeed need)
{
    return param_scalar(reader, slot, node, slot->path, param_needs[need]);
}

static bool unit_error(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                       UnitProblem *problem)
{
    param_value_error(reader, slot, node, slot->path, param_needs[problem->need], problem->hint);
    g_free(problem->hint);
    return false;
}

/* Ranges. */

/* A bound as a user would write it. */
static char *bound_text(ParamType type, double bound)
{
    if (type == PARAM_TIME || type == PARAM_DIST)
        return bound > sim_seconds(SIM_TIME_LONGEST)
                   ? g_strdup("infinite")
                   : param_format_time((SimTime)(bound * 1e9 + .5));
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(number, sizeof number, "%.12g", bound);
    return g_strconcat(number, type == PARAM_RATE ? "/s" : "", NULL);
}

typedef struct Range {
    double min, max;
} Range;

static Range range_of(const ParamSpec *spec)
{
    static const Range natural[] = {
        [PARAM_COUNT] = {0, NO_LIMIT}, [PARAM_NUMBER] = {-INFINITY, INFINITY},
        [PARAM_SHARE] = {0, 1},        [PARAM_TIME] = {0, NO_LIMIT},
        [PARAM_RATE] = {0, INFINITY},  [PARAM_DIST] = {0, INFINITY},
    };
    SIM_CHECK(spec->type < G_N_ELEMENTS(natural));
    bool given = spec->min < spec->max || spec->min > 0 || spec->max < 0;
    return given ? (Range){spec->min, spec->max} : natural[spec->type];
}

static char *range_text(ParamType type, Range range)
{
    bool above = range.max >= NO_LIMIT || (type == PARAM_COUNT && range.max >= 9.2e18);
    char *min = bound_text(type, range.min);
    char *max = bound_text(type, range.max);
    char *text = above                   ? g_strdup_printf("at least %s", min)
                 : range.min < -NO_LIMIT ? g_strdup_printf("at most %s", max)
                                         : g_strdup_printf("between %s and %s", min, max);
    g_free(max);
    g_free(min);
    return text;
}

bool param_in_range(ParamReader *reader, const ParamSlot *slot, const YamlNode *node, double value)
{
    ParamType type = slot->spec->type;
    Range range = range_of(slot->spec);
    if (value >= range.min && value <= range.max)
        return true;
    char *need = range_text(type, range);
    if (type == PARAM_DIST) {
        char *mean = bound_text(type, value);
        param_error(reader, node, slot->path, NULL, PARAM_SAYS_MEAN, slot->path, need, mean);
        g_free(mean);
    } else {
        const char *hint = type == PARAM_SHARE && value > 1 ? "write 5% or 0.05" : NULL;
        param_value_error(reader, slot, node, slot->path, need, hint);
    }
    g_free(need);
    return false;
}

/* One binder for each type. */

static bool bind_flag(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    const char *text = text_of(reader, slot, node, PARAM_NEEDS_FLAG);
    if (text == NULL)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *(bool *)slot->field = i % 2 == 1;
            return true;
        }
    }
    param_value_error(reader, slot, node, slot->path, param_needs[PARAM_NEEDS_FLAG],
                      "yes and no, on and off will do, too");
    return false;
}

static bool bind_count(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    UnitProblem problem;
    int64_t value;
    const char *text = text_of(reader, slot, node, PARAM_NEEDS_COUNT);
    if (text == NULL)
        return false;
    if (!units_count(text, &value, &problem))
        return unit_error(reader, slot, node, &problem);
    if (!param_in_range(reader, slot, node, (double)value))
        return false;
    *(int64_t *)slot->field = value;
    return true;
}

static bool bind_time(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    UnitProblem problem;
    SimTime value;
    const char *text = text_of(reader, slot, node, PARAM_NEEDS_TIME);
    if (text == NULL)
        return false;
    if (!units_time(text, &value, &problem))
        return unit_error(reader, slot, node, &problem);
    if (!param_in_range(reader, slot, node, sim_seconds(value)))
        return false;
    *(SimTime *)slot->field = value;
    return true;
}

static bool bind_double(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                        ParamNeed need, bool (*parse)(const char *, double *, UnitProblem *))
{
    UnitProblem problem;
    double value;
    const char *text = text_of(reader, slot, node, need);
    if (text == NULL)
        return false;
    if (!parse(text, &value, &problem))
        return unit_error(reader, slot, node, &problem);
    if (!param_in_range(reader, slot, node, value))
        return false;
    *(double *)slot->field = value;
    return true;
}

static bool bind_number(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    return bind_double(reader, slot, node, PARAM_NEEDS_NUMBER, units_number);
}

static bool bind_share(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    return bind_double(reader, slot, node, PARAM_NEEDS_SHARE, units_share);
}

static bool bind_rate(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    return bind_double(reader, slot, node, PARAM_NEEDS_RATE, units_rate);
}

static bool bind_choice(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    const char *const *choices = slot->spec->choices;
    size_t count = g_strv_length((char **)choices);
    char *need = param_join(choices, count);
    const char *text = param_scalar(reader, slot, node, slot->path, need);
    bool found = false;
    for (size_t i = 0; i < count && text != NULL && !found; i++) {
        found = strcmp(text, choices[i]) == 0;
        if (found)
            *(int *)slot->field = (int)i;
    }
    if (text != NULL && !found) {
        const char *near = diag_suggest(text, choices, count);
        char *hint = near == NULL ? NULL : g_strdup_printf("did you mean \"%s\"?", near);
        param_value_error(reader, slot, node, slot->path, need, hint);
        g_free(hint);
    }
    g_free(need);
    return found;
}

/* A terminal will show it one day. */
static bool check_printable(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                            const char *path)
{
    for (const char *at = node->text; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (g_unichar_iscntrl(c) && c != '\n' && c != '\t') {
            param_error(reader, node, slot->path, NULL, PARAM_SAYS_TEXT_CONTROL, path);
            return false;
        }
    }
    return true;
}

static bool bind_text(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    const char *text = text_of(reader, slot, node, PARAM_NEEDS_TEXT);
    if (text == NULL || !check_printable(reader, slot, node, slot->path))
        return false;
    *(char **)slot->field = g_strdup(text);
    return true;
}

static bool bind_dist(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    Dist *dist = param_dist(reader, slot, node, slot->path);
    if (dist == NULL)
        return false;
    if (!param_in_range(reader, slot, node, dist_mean(dist))) {
        dist_free(dist);
        return false;
    }
    *(Dist **)slot->field = dist;
    return true;
}

static char *read_name(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                       const char *path)
{
    const char *text = param_scalar(reader, slot, node, path, param_needs[PARAM_NEEDS_NAME]);
    if (text == NULL || !check_printable(reader, slot, node, path))
        return NULL;
    if (*text != '\0')
        return g_strdup(text);
    param_value_error(reader, slot, node, path, param_needs[PARAM_NEEDS_NAME], NULL);
    return NULL;
}

static bool bind_names(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    if (node->kind != NODE_LIST) {
        if (text_of(reader, slot, node, PARAM_NEEDS_NAMES) != NULL)
            param_value_error(reader, slot, node, slot->path, param_needs[PARAM_NEEDS_NAMES],
                              "write [first, second]");
        return false;
    }
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < node->values->len; i++) {
        char *path = g_strdup_printf("%s[%u]", slot->path, i);
        char *name = read_name(reader, slot, yaml_item(node, i), path);
        if (name != NULL)
            g_ptr_array_add(names, name);
        g_free(path);
    }
    if (names->len < node->values->len) {
        g_ptr_array_free(names, TRUE);
        return false;
    }
    ParamNames *out = slot->field;
    out->count = names->len;
    g_ptr_array_add(names, NULL);
    out->name = (char **)g_ptr_array_free(names, FALSE);
    return true;
}

static bool (*const binders[])(ParamReader *, const ParamSlot *, const YamlNode *) = {
    [PARAM_FLAG] = bind_flag,     [PARAM_COUNT] = bind_count,   [PARAM_NUMBER] = bind_number,
    [PARAM_SHARE] = bind_share,   [PARAM_TIME] = bind_time,     [PARAM_RATE] = bind_rate,
    [PARAM_CHOICE] = bind_choice, [PARAM_TEXT] = bind_text,     [PARAM_DIST] = bind_dist,
    [PARAM_NAMES] = bind_names,   [PARAM_LIST] = param_list,    [PARAM_GRID] = param_sweep,
    [PARAM_ZIP] = param_sweep,    [PARAM_POINTS] = param_sweep, [PARAM_POINT] = param_sweep,
};

bool param_value(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    SIM_CHECK(slot->spec->type < G_N_ELEMENTS(binders));
    return binders[slot->spec->type](reader, slot, node);
}
