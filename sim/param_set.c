/* Hanging values into the scenario's tree: --set overrides, and the settings of a sweep's point. */
#include <string.h>

#include "sim/check.h"
#include "sim/param_reader.h"
#include "sim/units.h"

/* One step of a path: ".name" or "[3]". */
typedef struct Step {
    const char *start; /* of the name or of the bracket */
    size_t length;     /* in bytes; of "[3]", 3 */
    bool is_index;
    size_t index;
} Step;

/* The next step at `*at`, which moves behind it; false if there is none or it makes no sense. */
static bool step_next(const char **at, const char *begin, Step *step)
{
    const char *c = *at;
    if (*c == '[') {
        char *end;
        if (!g_ascii_isdigit(c[1]))
            return false;
        guint64 index = g_ascii_strtoull(c + 1, &end, 10);
        if (*end != ']' || c == begin)
            return false;
        *step = (Step){c, (size_t)(end + 1 - c), true, index};
    } else {
        c += c != begin && *c == '.';
        size_t length = strcspn(c, ".[]="); /* an override's path ends at = */
        if (length == 0)
            return false;
        *step = (Step){.start = c, .length = length};
    }
    *at = step->start + step->length;
    return true;
}

static YamlNode *step_down(const YamlNode *node, const Step *step)
{
    if (step->is_index)
        return yaml_item(node, step->index);
    char *name = g_strndup(step->start, step->length);
    YamlNode *child = yaml_get(node, name);
    if (child == NULL && node->shorthand != NULL && strcmp(node->shorthand, name) == 0)
        child = (YamlNode *)node;
    g_free(name);
    return child;
}

/* The node at a path, or the nearest above it; NULL if not even its first key was written. */
const YamlNode *param_nearest(const YamlNode *root, const char *path, bool *exact)
{
    const YamlNode *node = root;
    const char *at = path;
    Step step;
    *exact = false;
    while (node != NULL && *at != '\0') {
        const YamlNode *child = step_next(&at, path, &step) ? step_down(node, &step) : NULL;
        if (child == NULL)
            return node == root ? NULL : node;
        node = child;
    }
    *exact = node != NULL && *path != '\0';
    return node;
}

typedef struct Set {
    const Source *source;
    DiagMark origin;  /* of the key's text */
    const char *text; /* begins with the key */
    YamlTree *tree;   /* of the value */
    YamlNode *value;
} Set;

static DiagMark set_mark(const Set *set, const Step *step)
{
    return (DiagMark){set->origin.line, set->origin.column + (size_t)(step->start - set->text),
                      step->length};
}

/* The path up to and with a step. */
static char *set_path(const Set *set, const Step *step)
{
    return g_strndup(set->text, (size_t)(step->start - set->text) + step->length);
}

static YamlNode *set_key(const Set *set, const Step *step)
{
    YamlNode *key = yaml_node_new(set->tree, NODE_SCALAR, set->source, set_mark(set, step));
    key->text = g_strndup(step->start, step->length);
    return key;
}

static void set_parent_error(const Set *set, DiagList *diags, const Step *step,
                             const YamlNode *node, const char *node_path)
{
    if (node->kind == NODE_BROKEN)
        return;
    char *path = set_path(set, step);
    char *shown = yaml_show(node);
    char *hint = g_strdup_printf("set the whole of it: --set '%s=…'", node_path);
    source_error(set->source, diags, set_mark(set, step), hint, PARAM_SAYS_SET_PARENT, path,
                 *node_path == '\0' ? "the scenario" : node_path, shown);
    g_free(hint);
    g_free(shown);
    g_free(path);
}

static void set_index_error(const Set *set, DiagList *diags, const Step *step, const YamlNode *list)
{
    char *path = set_path(set, step);
    size_t count = list != NULL && list->kind == NODE_LIST ? list->values->len : 0;
    char *hint = count == 0
                     ? g_strdup("the scenario has no such list; set the whole of it: key=[…]")
                     : g_strdup_printf("the list has %zu item%s, counted from 0", count,
                                       count == 1 ? "" : "s");
    source_error(set->source, diags, set_mark(set, step), hint, PARAM_SAYS_SET_INDEX, path);
    g_free(hint);
    g_free(path);
}

/* The value under a name; a group is made if there is nothing yet, a list is not. */
static YamlNode *set_child(const Set *set, DiagList *diags, YamlNode *node, const Step *step)
{
    YamlNode *key = set_key(set, step);
    YamlNode *child = yaml_get(node, key->text);
    if (child != NULL && !yaml_is_empty(child))
        return child;
    const char *at = step->start + step->length;
    Step next;
    if (*at == '[' && step_next(&at, set->text, &next)) {
        set_index_error(set, diags, &next, NULL);
        return NULL;
    }
    child = yaml_node_new(set->tree, NODE_GROUP, set->source, key->mark);
    yaml_put(node, key, child);
    return child;
}

/* Go down one step, making groups on the way; hang the value in at the last. NULL to stop. */
static YamlNode *set_step(const Set *set, DiagList *diags, YamlNode *node, const Step *step,
                          bool last)
{
    char *above = g_strndup(set->text, (size_t)(step->start - set->text));
    if (g_str_has_suffix(above, "."))
        above[strlen(above) - 1] = '\0';
    YamlNode *next = NULL;
    if (step->is_index) {
        YamlNode *item = yaml_item(node, step->index);
        if (item == NULL)
            set_index_error(set, diags, step, node);
        else if (last)
            node->values->pdata[step->index] = set->value;
        else
            next = item;
    } else if (node->kind != NODE_GROUP) {
        set_parent_error(set, diags, step, node, above);
    } else {
        next = last ? NULL : set_child(set, diags, node, step);
        if (last)
            yaml_put(node, set_key(set, step), set->value);
    }
    g_free(above);
    return last ? NULL : next;
}

bool param_path_is_valid(const char *path)
{
    const char *at = path;
    Step step;
    for (const char *c = path; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr("_-.[]", *c) == NULL)
            return false;
    while (*at != '\0')
        if (!step_next(&at, path, &step))
            return false;
    return *path != '\0';
}

static void set_apply(ParamDoc *doc, const Set *set, DiagList *diags, const char *path)
{
    /* Steps point into the source's text, for their marks. */
    const char *at = set->text, *end = set->text + strlen(path);
    YamlNode *node = doc->root;
    Step step;
    while (node != NULL && at < end) {
        SIM_CHECK(step_next(&at, set->text, &step));
        node = set_step(set, diags, node, &step, at >= end);
    }
}

/* The value of an override; nothing is an empty scalar, so that it is refused like one. */
static YamlNode *set_value(const Set *set, size_t skip)
{
    if (set->tree->root != NULL)
        return set->tree->root;
    NodeKind kind = set->tree->complete ? NODE_SCALAR : NODE_BROKEN;
    YamlNode *value = yaml_node_new(set->tree, kind, set->source, (DiagMark){1, skip, 1});
    value->text = g_strdup("");
    return value;
}

void param_set(ParamDoc *doc, const char *text, DiagList *diags)
{
    Source *source = source_new("--set", text, strlen(text));
    g_ptr_array_add(doc->sources, source);
    const char *equals = strchr(text, '=');
    DiagMark whole = {1, 1, (size_t)g_utf8_strlen(text, -1)};
    char *path = g_strndup(text, equals == NULL ? 0 : (size_t)(equals - text));
    if (equals == NULL) {
        char *shown = units_show(text);
        source_error(source, diags, whole, "write, for example, --set run.seed=7",
                     PARAM_SAYS_SET_FORM, shown);
        g_free(shown);
    } else if (!param_path_is_valid(path)) {
        char *shown = units_show(path);
        whole.length = (size_t)g_utf8_strlen(text, equals - text);
        source_error(source, diags, whole, "write, for example, run.seed or events[0].at",
                     PARAM_SAYS_SET_KEY, shown);
        g_free(shown);
    } else {
        size_t skip = strlen(path) + 1;
        Set set = {.source = source, .origin = {1, 1, 1}, .text = source->text};
        set.tree = yaml_read(source, skip, diags);
        g_ptr_array_add(doc->trees, set.tree);
        set.value = set_value(&set, skip);
        set_apply(doc, &set, diags, path);
    }
    g_free(path);
}

void param_apply(ParamDoc *doc, const ParamSetting *setting, DiagList *diags)
{
    const YamlNode *key = setting->key_node;
    YamlTree *tree = g_ptr_array_index(doc->trees, 0);
    DiagMark origin = key->mark;
    origin.column += key->inset;
    Set set = {key->source, origin, key->text, tree, yaml_copy(tree, setting->value_node)};
    set_apply(doc, &set, diags, key->text);
}
