/* Sweeps: which keys take which values; and one point of them hung into the scenario's tree. */
#include <math.h>
#include <string.h>

#include "sim/check.h"
#include "sim/fmath.h"
#include "sim/param_reader.h"
#include "sim/units.h"

#define RANGE_MAX 1000 /* values of one range */

/* A sweep being read: axes of alternatives of settings, as arrays that grow. */
typedef struct Axes {
    ParamReader *reader;
    const ParamSlot *slot;
    GArray *axis;     /* ParamAxis */
    GPtrArray *swept; /* char*, of the nodes: the keys of all axes but the one being read */
} Axes;

/* ---- Settings, alternatives, axes ---- */

static ParamSetting setting_new(const YamlNode *key, const YamlNode *value)
{
    return (ParamSetting){g_strdup(key->text), yaml_flow(value), key, value};
}

static void alternative_clear(ParamAlternative *alternative)
{
    for (size_t i = 0; i < alternative->count; i++) {
        g_free(alternative->setting[i].key);
        g_free(alternative->setting[i].value);
    }
    g_free(alternative->setting);
}

static void axis_clear(ParamAxis *axis)
{
    for (size_t i = 0; i < axis->count; i++)
        alternative_clear(&axis->alternative[i]);
    g_free(axis->alternative);
}

void param_sweep_clear(ParamSweep *sweep)
{
    for (size_t i = 0; i < sweep->count; i++)
        axis_clear(&sweep->axis[i]);
    g_free(sweep->axis);
}

static char *alternative_text(const ParamAlternative *alternative)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < alternative->count; i++)
        g_string_append_printf(text, "%s=%s\n", alternative->setting[i].key,
                               alternative->setting[i].value);
    return g_string_free(text, FALSE);
}

/* Two points of one name could not be told apart. */
static void check_same(Axes *axes, const ParamAxis *axis)
{
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < axis->count; i++) {
        const ParamAlternative *one = &axis->alternative[i];
        if (one->count == 0 || g_hash_table_add(seen, alternative_text(one)))
            continue;
        const ParamSetting *first = &one->setting[0];
        const char *where = one->count == 1 ? first->key : axes->slot->path;
        char *shown = one->count == 1 ? units_show(first->value) : g_strdup("this point");
        param_error(axes->reader, first->value_node, axes->slot->path, NULL, PARAM_SAYS_SWEEP_SAME,
                    shown, where);
        g_free(shown);
        break;
    }
    g_hash_table_destroy(seen);
}

/* ---- Keys ---- */

/* Is one path the other, or a group around it? */
static bool covers(const char *outer, const char *inner)
{
    size_t length = strlen(outer);
    return strncmp(outer, inner, length) == 0 &&
           (inner[length] == '\0' || inner[length] == '.' || inner[length] == '[');
}

/* May this key be swept? Otherwise the reason has been reported. */
static bool take_key(Axes *axes, const YamlNode *key)
{
    if (key->kind == NODE_BROKEN)
        return false;
    if (!param_path_is_valid(key->text)) {
        char *shown = units_show(key->text);
        param_error(axes->reader, key, axes->slot->path,
                    "write, for example, router.ttl or events[0].at", PARAM_SAYS_SET_KEY, shown);
        g_free(shown);
        return false;
    }
    for (guint i = 0; i < axes->swept->len; i++) {
        const char *other = axes->swept->pdata[i];
        if (!covers(other, key->text) && !covers(key->text, other))
            continue;
        param_error(axes->reader, key, axes->slot->path, NULL, PARAM_SAYS_SWEEP_TWICE, key->text);
        return false;
    }
    return true;
}

/* ---- Ranges ---- */

typedef struct Range {
    const YamlNode *node; /* the group */
    const char *path;     /* of the key, for messages */
    const char *from, *to, *unit;
    double low, high; /* in `unit`; in seconds if that is NULL */
    bool log, whole;
    double by; /* 0: not given */
    size_t steps;
} Range;

static bool range_refused(Axes *axes, const Range *range, const YamlNode *at, const char *why,
                          const char *hint)
{
    param_error(axes->reader, at, axes->slot->path, hint, PARAM_SAYS_SWEEP_RANGE, range->path, why);
    return false;
}

/* "30s" is 30 and "s"; "1m30s" and "1_000" are not that simple. */
static bool split_number(const char *text, double *number, const char **unit)
{
    char *end;
    *number = g_ascii_strtod(text, &end);
    *unit = end;
    return end != text && isfinite(*number) && strpbrk(end, "0123456789.,_") == NULL &&
           g_ascii_strncasecmp(end, "inf", 3) != 0;
}

/* Both ends in one unit, or two times. */
static bool range_unit(Range *range)
{
    const char *from_unit, *to_unit;
    if (split_number(range->from, &range->low, &from_unit) &&
        split_number(range->to, &range->high, &to_unit) && strcmp(from_unit, to_unit) == 0) {
        range->unit = to_unit;
        return true;
    }
    SimTime low, high;
    UnitProblem problem = {0};
    bool times = units_time(range->from, &low, &problem) && units_time(range->to, &high, &problem);
    g_free(problem.hint);
    if (times) {
        range->low = sim_seconds(low);
        range->high = sim_seconds(high);
    }
    return times;
}

/* Six significant digits: what is printed is what is simulated. */
static char *range_text(const Range *range, double value)
{
    static const struct {
        double length;
        const char *name;
    } units[] = {{3600, "h"}, {60, "m"}, {1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    const char *unit = range->unit;
    for (size_t i = 0; unit == NULL && i < G_N_ELEMENTS(units); i++) {
        double number = value / units[i].length;
        bool fits = i < 2 ? number >= 1 && fabs(number - floor(number + 0.5)) < 1e-9
                          : fabs(number) >= 1 || i + 1 == G_N_ELEMENTS(units);
        if (!fits)
            continue;
        unit = units[i].name;
        value = number;
    }
    char digits[G_ASCII_DTOSTR_BUF_SIZE];
    if (range->whole)
        g_ascii_formatd(digits, sizeof digits, "%.0f", floor(value + 0.5));
    else
        g_ascii_formatd(digits, sizeof digits, "%.6g", value);
    return g_strconcat(digits, unit, NULL);
}

static double range_value(const Range *range, size_t i)
{
    double step = (double)i;
    if (range->by != 0)
        return range->log ? range->low * fmath_pow(range->by, step) : range->low + range->by * step;
    double share = step / (double)(range->steps - 1);
    return range->log ? range->low * fmath_pow(range->high / range->low, share)
                      : range->low + (range->high - range->low) * share;
}

/* How many steps of `by` fit. */
static bool range_count(Axes *axes, Range *range, const YamlNode *at)
{
    double span = range->log ? fmath_log(range->high / range->low) : range->high - range->low;
    double step = range->log ? (range->by > 0 ? fmath_log(range->by) : 0) : range->by;
    if (step == 0 || span / step < 0)
        return range_refused(axes, range, at, "\"by\" does not lead from \"from\" to \"to\"", NULL);
    double count = floor(span / step + 1e-9) + 1;
    if (count > RANGE_MAX)
        return range_refused(axes, range, at, "it has more than 1000 values", NULL);
    range->steps = (size_t)count;
    return true;
}

static const char *range_word(Axes *axes, const Range *range, const char *key)
{
    const YamlNode *node = yaml_get(range->node, key);
    if (node == NULL)
        return NULL;
    char *path = g_strconcat(axes->slot->path, ".", range->path, ".", key, NULL);
    const char *text = param_scalar(axes->reader, axes->slot, node, path, "a value");
    g_free(path);
    return text;
}

static bool range_scale(Axes *axes, Range *range)
{
    const char *scale = range_word(axes, range, "scale");
    const YamlNode *at = yaml_get(range->node, "scale");
    if (at == NULL || scale == NULL)
        return at == NULL;
    range->log = strcmp(scale, "log") == 0;
    if (!range->log && strcmp(scale, "linear") != 0)
        return range_refused(axes, range, at, "a scale is linear or log", NULL);
    if (range->log && (range->low <= 0 || range->high <= 0))
        return range_refused(axes, range, at, "a log scale needs both ends above 0", NULL);
    return true;
}

static bool range_steps(Axes *axes, Range *range)
{
    const YamlNode *steps = yaml_get(range->node, "steps"), *by = yaml_get(range->node, "by");
    if ((steps == NULL) == (by == NULL))
        return range_refused(axes, range, range->node->key, "it needs \"steps\" or \"by\"",
                             "write {from: 1s, to: 9s, steps: 5} or {from: 1s, to: 9s, by: 2s}");
    const char *text = range_word(axes, range, steps != NULL ? "steps" : "by");
    if (text == NULL)
        return false;
    if (steps != NULL) {
        int64_t count;
        UnitProblem problem = {0};
        bool good = units_count(text, &count, &problem) && count >= 2 && count <= RANGE_MAX;
        g_free(problem.hint);
        range->steps = good ? (size_t)count : 0;
        return good || range_refused(axes, range, steps, "steps are from 2 to 1000", NULL);
    }
    const char *unit;
    SimTime time;
    UnitProblem problem = {0};
    bool plain = split_number(text, &range->by, &unit);
    if (range->log ? plain && *unit == '\0' : plain && g_strcmp0(unit, range->unit) == 0)
        return range_count(axes, range, by);
    const char *inner = range->unit != NULL ? range->unit : "s";
    if (!range->log && units_unit(inner) > 0 && units_time(text, &time, &problem)) {
        range->by = (double)time / (double)units_unit(inner);
        return range_count(axes, range, by);
    }
    g_free(problem.hint);
    return range_refused(axes, range, by,
                         range->log ? "with a log scale \"by\" is a factor, such as 2"
                                    : "\"by\" needs the unit of both ends",
                         NULL);
}

static bool range_read(Axes *axes, Range *range)
{
    static const char *const keys[] = {"from", "to", "steps", "by", "scale"};
    bool known = true;
    for (guint i = 0; i < range->node->values->len; i++) {
        const YamlNode *key = yaml_value(range->node, i)->key;
        if (key->kind == NODE_BROKEN ||
            g_strv_contains((const char *const[]){"from", "to", "steps", "by", "scale", NULL},
                            key->text))
            continue;
        param_unknown(axes->reader, key, range->path, axes->slot->path, keys, G_N_ELEMENTS(keys));
        known = false;
    }
    if (!known)
        return false;
    if (yaml_get(range->node, "from") == NULL || yaml_get(range->node, "to") == NULL)
        return range_refused(axes, range, range->node->key, "it needs \"from\" and \"to\"",
                             "write a list [1s, 2s], or {from: 1s, to: 9s, steps: 5}");
    range->from = range_word(axes, range, "from");
    range->to = range_word(axes, range, "to");
    if (range->from == NULL || range->to == NULL)
        return false;
    if (!range_unit(range))
        return range_refused(axes, range, yaml_get(range->node, "to"),
                             "both ends need the same unit", "write {from: 10/s, to: 90/s, …}");
    return range_scale(axes, range) && range_steps(axes, range);
}

/* A made value stands where the range is written. */
static YamlNode *range_node(Axes *axes, const Range *range, size_t i)
{
    const YamlNode *from = yaml_get(range->node, "from"), *to = yaml_get(range->node, "to");
    bool last = i + 1 == range->steps && range->by == 0;
    if (i == 0 || last)
        return yaml_copy(axes->reader->tree, i == 0 ? from : to);
    YamlNode *node =
        yaml_node_new(axes->reader->tree, NODE_SCALAR, range->node->source, range->node->key->mark);
    node->text = range_text(range, range_value(range, i));
    return node;
}

/* ---- Axes ---- */

/* The values of a key: a list as it is, or a range's, made. NULL after an error. */
static GPtrArray *axis_values(Axes *axes, const YamlNode *node)
{
    const char *key = node->key->text;
    GPtrArray *values = g_ptr_array_new();
    if (node->kind == NODE_LIST) {
        for (guint i = 0; i < node->values->len; i++)
            if (yaml_value(node, i)->kind != NODE_BROKEN)
                g_ptr_array_add(values, yaml_value(node, i));
        if (node->values->len == 0)
            param_error(axes->reader, node->key, axes->slot->path, NULL, PARAM_SAYS_SWEEP_NONE,
                        key);
    } else if (node->kind == NODE_GROUP) {
        Range range = {.node = node, .path = key};
        const ParamSpec *spec = param_find(axes->reader->schema, key);
        range.whole = spec != NULL && spec->type == PARAM_COUNT;
        bool good = range_read(axes, &range);
        for (size_t i = 0; good && i < range.steps; i++)
            g_ptr_array_add(values, range_node(axes, &range, i));
    } else if (node->kind != NODE_BROKEN) {
        char *shown = yaml_show(node);
        param_error(axes->reader, node, axes->slot->path,
                    "write [first, second], or {from: 1s, to: 9s, steps: 5}",
                    PARAM_SAYS_SWEEP_VALUES, key, shown);
        g_free(shown);
    }
    if (values->len > 0)
        return values;
    g_ptr_array_free(values, TRUE);
    return NULL;
}

static ParamAxis axis_new(size_t alternatives, size_t settings)
{
    ParamAxis axis = {g_new0(ParamAlternative, alternatives), alternatives};
    for (size_t i = 0; i < alternatives; i++)
        axis.alternative[i].setting = g_new0(ParamSetting, MAX(settings, 1));
    return axis;
}

static void add_setting(ParamAlternative *alternative, const YamlNode *key, const YamlNode *value)
{
    alternative->setting[alternative->count++] = setting_new(key, value);
}

static void finish_axis(Axes *axes, ParamAxis axis)
{
    check_same(axes, &axis);
    g_array_append_val(axes->axis, axis);
}

static void read_grid(Axes *axes, const YamlNode *node)
{
    for (guint i = 0; i < node->values->len; i++) {
        const YamlNode *list = yaml_value(node, i);
        GPtrArray *values = take_key(axes, list->key) ? axis_values(axes, list) : NULL;
        if (values == NULL)
            continue;
        ParamAxis axis = axis_new(values->len, 1);
        for (guint k = 0; k < values->len; k++)
            add_setting(&axis.alternative[k], list->key, values->pdata[k]);
        g_ptr_array_add(axes->swept, list->key->text);
        g_ptr_array_free(values, TRUE);
        finish_axis(axes, axis);
    }
}

static void read_zip(Axes *axes, const YamlNode *node)
{
    ParamAxis axis = {0};
    const char *first = NULL;
    for (guint i = 0; i < node->values->len; i++) {
        const YamlNode *list = yaml_value(node, i);
        GPtrArray *values = take_key(axes, list->key) ? axis_values(axes, list) : NULL;
        if (values == NULL)
            continue;
        g_ptr_array_add(axes->swept, list->key->text);
        if (first == NULL) {
            axis = axis_new(values->len, node->values->len);
            first = list->key->text;
        }
        if (values->len != axis.count)
            param_error(axes->reader, list->key, axes->slot->path,
                        "what advances together has as many values each", PARAM_SAYS_SWEEP_LENGTH,
                        list->key->text, (size_t)values->len, values->len == 1 ? "" : "s", first,
                        axis.count);
        for (guint k = 0; k < values->len && values->len == axis.count; k++)
            add_setting(&axis.alternative[k], list->key, values->pdata[k]);
        g_ptr_array_free(values, TRUE);
    }
    if (first != NULL)
        finish_axis(axes, axis);
}

static void read_point(Axes *axes, const YamlNode *node, ParamAlternative *point)
{
    for (guint i = 0; i < node->values->len; i++) {
        const YamlNode *value = yaml_value(node, i);
        if (take_key(axes, value->key) && value->kind != NODE_BROKEN)
            add_setting(point, value->key, value);
    }
}

static void read_points(Axes *axes, const YamlNode *node)
{
    ParamAxis axis = {g_new0(ParamAlternative, node->values->len), 0};
    for (guint i = 0; i < node->values->len; i++) {
        const YamlNode *item = yaml_value(node, i);
        if (item->kind != NODE_GROUP) {
            char *path = g_strdup_printf("%s[%u]", axes->slot->path, i);
            if (item->kind != NODE_BROKEN)
                param_value_error(axes->reader, axes->slot, item, path, "a group of keys",
                                  "write {router.ttl: 30s}");
            g_free(path);
            continue;
        }
        ParamAlternative *point = &axis.alternative[axis.count++];
        point->setting = g_new0(ParamSetting, MAX(item->values->len, 1));
        read_point(axes, item, point);
    }
    for (size_t i = 0; i < axis.count; i++)
        for (size_t k = 0; k < axis.alternative[i].count; k++)
            g_ptr_array_add(axes->swept, (char *)axis.alternative[i].setting[k].key_node->text);
    if (axis.count > 0)
        finish_axis(axes, axis);
    else
        axis_clear(&axis);
}

static void read_single(Axes *axes, const YamlNode *node)
{
    ParamAxis axis = axis_new(1, MAX(node->values->len, 1));
    read_point(axes, node, &axis.alternative[0]);
    finish_axis(axes, axis);
}

/* Keys of the sweep's other parts, which may not be swept here once more. */
static void add_others(Axes *axes, const YamlNode *node)
{
    for (guint i = 0; node != NULL && node->values != NULL && i < node->values->len; i++) {
        const YamlNode *value = yaml_value(node, i);
        if (node->kind == NODE_LIST)
            add_others(axes, value);
        else if (value->key->kind == NODE_SCALAR)
            g_ptr_array_add(axes->swept, value->key->text);
    }
}

static void find_others(Axes *axes)
{
    ParamReader *reader = axes->reader;
    if (axes->slot->spec->type == PARAM_POINT)
        return;
    for (size_t s = 0; s < reader->schema->count; s++) {
        const ParamSection *section = &reader->schema->sections[s];
        for (size_t i = 0; i < section->table->count; i++) {
            const ParamSpec *spec = &section->table->specs[i];
            if (spec == axes->slot->spec)
                return;
            char *path = g_strconcat(section->name, ".", spec->key, NULL);
            bool exact = false;
            const YamlNode *node =
                spec->type >= PARAM_GRID ? param_nearest(reader->root, path, &exact) : NULL;
            if (exact)
                add_others(axes, node);
            g_free(path);
        }
    }
}

bool param_sweep(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    static const struct {
        void (*read)(Axes *axes, const YamlNode *node);
        NodeKind kind;
        const char *need, *hint;
    } readers[] = {
        [PARAM_GRID] = {read_grid, NODE_GROUP, "a group of keys", "write {router.ttl: [30s, 60s]}"},
        [PARAM_ZIP] = {read_zip, NODE_GROUP, "a group of keys", "write {router.ttl: [30s, 60s]}"},
        [PARAM_POINTS] = {read_points, NODE_LIST, "a list", "write [{router.ttl: 30s}]"},
        [PARAM_POINT] = {read_single, NODE_GROUP, "a group of keys", "write {router.ttl: 30s}"},
    };
    ParamType type = slot->spec->type;
    if (node->kind != readers[type].kind) {
        if (node->kind == NODE_LIST || node->kind == NODE_GROUP)
            param_value_error(reader, slot, node, slot->path, readers[type].need,
                              readers[type].hint);
        else if (param_scalar(reader, slot, node, slot->path, readers[type].need) != NULL)
            param_value_error(reader, slot, node, slot->path, readers[type].need,
                              readers[type].hint);
        return false;
    }
    Axes axes = {reader, slot, g_array_new(FALSE, TRUE, sizeof(ParamAxis)), g_ptr_array_new()};
    find_others(&axes);
    readers[type].read(&axes, node);
    ParamSweep *sweep = slot->field;
    sweep->count = axes.axis->len;
    sweep->axis = (ParamAxis *)(void *)g_array_free(axes.axis, FALSE);
    g_ptr_array_free(axes.swept, TRUE);
    return true;
}

/* ---- One point ---- */

/* The axes of every sweep spec that was written, its errors left to the walk. */
static GArray *read_axes(ParamReader *reader)
{
    GArray *axes = g_array_new(FALSE, TRUE, sizeof(ParamAxis));
    for (size_t s = 0; s < reader->schema->count; s++) {
        const ParamSection *section = &reader->schema->sections[s];
        for (size_t i = 0; i < section->table->count; i++) {
            const ParamSpec *spec = &section->table->specs[i];
            if (spec->type < PARAM_GRID || spec->type == PARAM_POINT)
                continue;
            char *path = g_strconcat(section->name, ".", spec->key, NULL);
            bool exact;
            const YamlNode *node = param_nearest(reader->root, path, &exact);
            ParamSweep sweep = {0};
            ParamSlot slot = {spec, path, &sweep};
            if (exact && node->kind != NODE_BROKEN && param_sweep(reader, &slot, node))
                g_array_append_vals(axes, sweep.axis, (guint)sweep.count);
            g_free(sweep.axis);
            g_free(path);
        }
    }
    return axes;
}

void param_sweep_apply(ParamReader *reader, ParamDoc *doc, size_t point)
{
    DiagList *outer = reader->diags, inner;
    diag_list_init(&inner);
    reader->diags = &inner;
    GArray *axes = read_axes(reader);
    reader->diags = outer;
    diag_list_clear(&inner);
    ParamSweep sweep = {(ParamAxis *)(void *)axes->data, axes->len};
    for (size_t i = axes->len; i-- > 0;) { /* the last axis fastest */
        const ParamAxis *axis = &sweep.axis[i];
        const ParamAlternative *chosen = &axis->alternative[point % axis->count];
        point /= axis->count;
        for (size_t k = 0; k < chosen->count; k++)
            param_apply(doc, &chosen->setting[k], outer);
    }
    for (guint i = 0; i < axes->len; i++)
        axis_clear(&sweep.axis[i]);
    g_array_free(axes, TRUE);
}

/* ---- Settings on top ---- */

/* What is wrong with the group itself is left to the walk. */
void param_over_apply(ParamReader *reader, ParamDoc *doc, const char *path)
{
    bool exact;
    const YamlNode *node = param_nearest(reader->root, path, &exact);
    if (!exact || node->kind != NODE_GROUP)
        return;
    for (guint i = 0; i < node->values->len; i++) {
        const YamlNode *value = yaml_value(node, i);
        const ParamSetting setting = {.key_node = value->key, .value_node = value};
        if (value->key->kind != NODE_BROKEN && value->kind != NODE_BROKEN &&
            param_path_is_valid(value->key->text))
            param_apply(doc, &setting, reader->diags);
    }
}
