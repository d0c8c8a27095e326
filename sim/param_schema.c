/* What the tables know without a file: looking up keys, listing them, freeing what was read. */
#include <string.h>

#include "sim/check.h"
#include "sim/param_reader.h"

static const char *const type_names[] = {
    [PARAM_FLAG] = "true or false",
    [PARAM_COUNT] = "whole number",
    [PARAM_NUMBER] = "number",
    [PARAM_SHARE] = "share",
    [PARAM_TIME] = "time",
    [PARAM_RATE] = "rate",
    [PARAM_CHOICE] = "choice",
    [PARAM_TEXT] = "text",
    [PARAM_DIST] = "time or distribution",
    [PARAM_NAMES] = "list of names",
    [PARAM_LIST] = "list",
    [PARAM_GRID] = "keys with values",
    [PARAM_ZIP] = "keys with values",
    [PARAM_POINTS] = "list of points",
    [PARAM_POINT] = "keys with one value each",
};

const char *param_type_name(ParamType type)
{
    SIM_CHECK(type < G_N_ELEMENTS(type_names));
    return type_names[type];
}

char *param_join(const char *const *words, size_t count)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(out, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", words[i]);
    return g_string_free(out, FALSE);
}

char *param_generic(const char *path)
{
    GString *out = g_string_new(NULL);
    bool inside = false;
    for (; *path != '\0'; path++) {
        inside = inside && *path != ']';
        if (!inside)
            g_string_append_c(out, *path);
        inside = inside || *path == '[';
    }
    return g_string_free(out, FALSE);
}

const ParamSpec *param_table_find(const ParamTable *table, const char *key)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->specs[i].key, key) == 0)
            return &table->specs[i];
    return NULL;
}

/* What follows "HEAD." in a key, or NULL. */
static const char *after(const char *key, const char *head)
{
    size_t length = strlen(head);
    return strncmp(key, head, length) == 0 && key[length] == '.' ? key + length + 1 : NULL;
}

bool param_table_has_group(const ParamTable *table, const char *group)
{
    for (size_t i = 0; i < table->count; i++)
        if (after(table->specs[i].key, group) != NULL)
            return true;
    return false;
}

static const ParamSpec *find_in_table(const ParamTable *table, const char *key)
{
    const ParamSpec *spec = param_table_find(table, key);
    for (size_t i = 0; i < table->count && spec == NULL; i++) {
        const ParamSpec *list = &table->specs[i];
        const char *rest = list->type == PARAM_LIST ? after(key, list->key) : NULL;
        if (rest != NULL)
            spec = find_in_table(list->items, rest);
    }
    return spec;
}

const ParamSpec *param_find(const ParamSchema *schema, const char *key)
{
    char *generic = param_generic(key);
    char **parts = g_strsplit(generic, "[]", -1);
    char *plain = g_strjoinv("", parts);
    const ParamSpec *spec = NULL;
    for (size_t i = 0; i < schema->count && spec == NULL; i++) {
        const ParamSection *section = &schema->sections[i];
        const char *rest = *section->name == '\0' ? plain : after(plain, section->name);
        if (rest != NULL)
            spec = find_in_table(section->table, rest);
    }
    g_free(plain);
    g_strfreev(parts);
    g_free(generic);
    return spec;
}

static void add_keys(const ParamTable *table, const char *prefix, GPtrArray *keys)
{
    for (size_t i = 0; i < table->count; i++) {
        const ParamSpec *spec = &table->specs[i];
        char *key = g_strconcat(prefix, spec->key, NULL);
        g_ptr_array_add(keys, key);
        if (spec->type != PARAM_LIST)
            continue;
        char *inner = g_strconcat(key, "[].", NULL);
        add_keys(spec->items, inner, keys);
        g_free(inner);
    }
}

char **param_keys(const ParamSchema *schema)
{
    GPtrArray *keys = g_ptr_array_new();
    for (size_t i = 0; i < schema->count; i++) {
        const ParamSection *section = &schema->sections[i];
        char *prefix =
            *section->name == '\0' ? g_strdup("") : g_strconcat(section->name, ".", NULL);
        add_keys(section->table, prefix, keys);
        g_free(prefix);
    }
    g_ptr_array_add(keys, NULL);
    return (char **)g_ptr_array_free(keys, FALSE);
}

static void clear_list(const ParamTable *items, ParamList *list)
{
    for (size_t i = 0; i < list->count; i++)
        param_table_clear(items, (char *)list->item + i * items->size);
    g_free(list->item);
}

void param_table_clear(const ParamTable *table, char *base)
{
    for (size_t i = 0; i < table->count; i++) {
        const ParamSpec *spec = &table->specs[i];
        void *field = base + spec->offset;
        if (spec->type == PARAM_TEXT)
            g_free(*(char **)field);
        else if (spec->type == PARAM_DIST)
            dist_free(*(Dist **)field);
        else if (spec->type == PARAM_NAMES)
            g_strfreev(((ParamNames *)field)->name);
        else if (spec->type == PARAM_LIST)
            clear_list(spec->items, field);
        else if (spec->type >= PARAM_GRID)
            param_sweep_clear(field);
    }
}

void param_clear(const ParamSchema *schema, void *target)
{
    for (size_t i = 0; i < schema->count; i++)
        param_table_clear(schema->sections[i].table, (char *)target + schema->sections[i].offset);
    memset(target, 0, schema->size);
}
