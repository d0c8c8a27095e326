/* The scenario reader: text and --set overrides to one tree, the tree to structs.
 *
 * An override hangs its value into the file's tree, each node knowing from
 * which source it came. So there is one walk, one set of checks, and a wrong
 * override is shown at its own place.
 */
#include "sim/param.h"

#include <string.h>

#include "sim/check.h"
#include "sim/param_reader.h"
#include "sim/units.h"

#define KEYS_SHOWN 12 /* an unknown key's hint lists the right ones if they are few */

/* A table being bound to a struct. */
typedef struct Place {
    const ParamTable *table;
    char *base;
    const char *path; /* "" at the top level */
    bool *seen;       /* by index of the spec */
} Place;

typedef struct Fallback {
    Source *source;
    YamlTree *tree;
} Fallback;

static void bind_table(ParamReader *reader, const ParamTable *table, char *base, const char *path,
                       const YamlNode *node);

/* Paths. */

static char *path_join(const char *path, const char *key)
{
    return *path == '\0' ? g_strdup(key) : g_strconcat(path, ".", key, NULL);
}

/* Diagnostics. */

static char *with_command(const char *hint, const char *key)
{
    if (key == NULL)
        return g_strdup(hint);
    char *generic = param_generic(key);
    char *full = g_strdup_printf("%s%sSee: failsim explain%s%s", hint == NULL ? "" : hint,
                                 hint == NULL ? "" : "  ", *key == '\0' ? "" : " ", generic);
    g_free(generic);
    return full;
}

void param_error(ParamReader *reader, const YamlNode *node, const char *key, const char *hint,
                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = g_strdup_vprintf(format, args);
    va_end(args);
    char *full = with_command(hint, key);
    source_error(node->source, reader->diags, node->mark, full, "%s", message);
    g_free(full);
    g_free(message);
}

/* A key is excused from being missing if it, or the group around it, was written wrongly. */
static void excuse(ParamReader *reader, const char *path)
{
    g_hash_table_add(reader->excused, g_strdup(path));
}

static bool is_excused(const ParamReader *reader, const char *path)
{
    char *at = g_strdup(path);
    bool found = false;
    for (char *end = at; end != NULL && !found; end = strrchr(at, '.')) {
        if (end != at)
            *end = '\0';
        found = g_hash_table_contains(reader->excused, at);
    }
    g_free(at);
    return found;
}

void param_missing(ParamReader *reader, const YamlNode *node, const char *key, const char *path)
{
    if (!reader->complete || is_excused(reader, path))
        return;
    bool exact;
    const YamlNode *near = node != NULL ? node : param_nearest(reader->root, path, &exact);
    if (near != NULL && near->kind == NODE_BROKEN)
        return;
    if (near != NULL && near->key != NULL)
        near = near->key;
    if (near != NULL) {
        param_error(reader, near, key, NULL, PARAM_SAYS_MISSING, path);
        return;
    }
    /* Nothing of it was written: no line to show. */
    if (reader->diags->errors >= SOURCE_ERRORS_MAX)
        return;
    char *hint = with_command(NULL, key);
    diag_add(reader->diags, DIAG_ERROR, reader->source->file, (DiagMark){1, 1, 1}, NULL, hint,
             PARAM_SAYS_MISSING, path);
    g_free(hint);
}

/* Unknown keys. */

/* Groups of which `word` is a key: "router or users[]"; NULL if there are none. */
static char *elsewhere(ParamReader *reader, const char *word)
{
    if (reader->keys == NULL)
        reader->keys = param_keys(reader->schema);
    GPtrArray *groups = g_ptr_array_new_with_free_func(g_free);
    for (char **key = reader->keys; *key != NULL; key++) {
        const char *dot = strrchr(*key, '.');
        if (dot != NULL && strcmp(dot + 1, word) == 0)
            g_ptr_array_add(groups, g_strndup(*key, (size_t)(dot - *key)));
        else if (dot == NULL && strcmp(*key, word) == 0)
            g_ptr_array_add(groups, g_strdup("the top level"));
    }
    char *text = NULL;
    if (groups->len > 0)
        text = param_join((const char *const *)groups->pdata, MIN(groups->len, 3));
    g_ptr_array_free(groups, TRUE);
    return text;
}

static char *unknown_hint(ParamReader *reader, const char *word, const char *meant,
                          const char *const *allowed, size_t count)
{
    char *place = elsewhere(reader, word);
    GString *hint = g_string_new(NULL);
    if (meant != NULL)
        g_string_append_printf(hint, "did you mean \"%s\"?", meant);
    if (place != NULL)
        g_string_append_printf(hint, "%s\"%s\" is a key of %s", meant == NULL ? "" : "  ", word,
                               place);
    if (hint->len == 0 && count > 0 && count <= KEYS_SHOWN) {
        char *all = param_join(allowed, count);
        g_string_append_printf(hint, "here: %s", all);
        g_free(all);
    }
    g_free(place);
    return g_string_free(hint, FALSE);
}

const char *param_unknown(ParamReader *reader, const YamlNode *key, const char *where,
                          const char *explain, const char *const *allowed, size_t count)
{
    const char *meant = diag_suggest(key->text, allowed, count);
    if (reader->diags->errors > SOURCE_ERRORS_MAX)
        return meant;
    char *hint = unknown_hint(reader, key->text, meant, allowed, count);
    char *full = with_command(*hint == '\0' ? NULL : hint, explain);
    char *shown = g_strconcat("\"", key->text, "\"", NULL);
    const char *name = strlen(key->text) > 40 ? units_show(key->text) : NULL;
    const char *word = name != NULL ? name : shown;
    if (*where == '\0')
        param_error(reader, key, NULL, full, PARAM_SAYS_UNKNOWN, word);
    else
        param_error(reader, key, NULL, full, PARAM_SAYS_UNKNOWN_IN, word, where);
    g_free((char *)name);
    g_free(shown);
    g_free(full);
    g_free(hint);
    return meant;
}

/* The words that may follow `prefix` in a table's keys; NULL-free, without repetition. */
static void add_allowed(const ParamTable *table, const char *prefix, GPtrArray *words)
{
    size_t skip = strlen(prefix);
    for (size_t i = 0; i < table->count; i++) {
        const char *key = table->specs[i].key;
        if (strncmp(key, prefix, skip) != 0)
            continue;
        char *word = g_strndup(key + skip, strcspn(key + skip, "."));
        if (g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
            g_free(word);
        else
            g_ptr_array_add(words, word);
    }
}

/* "retry.max: 3" in users, or "users.retry.max: 3" at the top: right, if it were nested. */
static bool report_dotted(ParamReader *reader, const char *path, const YamlNode *value)
{
    const char *word = value->key->text;
    if (strchr(word, '.') == NULL)
        return false;
    char *full = path_join(path, word);
    char *group = g_strconcat(full, ".", NULL);
    char *generic = param_generic(full);
    if (reader->keys == NULL)
        reader->keys = param_keys(reader->schema);
    bool known = param_find(reader->schema, generic) != NULL;
    for (char **key = reader->keys; *key != NULL && !known; key++)
        known = g_str_has_prefix(*key, group);
    if (known) {
        GString *hint = g_string_new("write ");
        char **parts = g_strsplit(word, ".", -1);
        size_t count = g_strv_length(parts);
        for (size_t i = 0; i < count; i++)
            g_string_append_printf(hint, "%s%s: ", i == 0 ? "" : "{", parts[i]);
        bool scalar = value->kind == NODE_SCALAR && strlen(value->text) < 40;
        g_string_append(hint, scalar ? value->text : "…");
        for (size_t i = 1; i < count; i++)
            g_string_append_c(hint, '}');
        char *shown = units_show(word);
        param_error(reader, value->key, full, hint->str, PARAM_SAYS_DOTTED, shown);
        g_free(shown);
        g_strfreev(parts);
        g_string_free(hint, TRUE);
        excuse(reader, full);
    }
    g_free(generic);
    g_free(group);
    g_free(full);
    return known;
}

/* A key that no table knows here. */
static void report_unknown(ParamReader *reader, const Place *place, const char *prefix,
                           const YamlNode *value)
{
    if (reader->diags->errors > SOURCE_ERRORS_MAX)
        return;
    char *inner = path_join(place->path, prefix);
    size_t length = strlen(inner);
    if (length > 0 && inner[length - 1] == '.')
        inner[length - 1] = '\0';
    if (!report_dotted(reader, inner, value)) {
        GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
        bool top = *inner == '\0';
        for (size_t i = 0; i < reader->schema->count && top; i++) {
            const ParamSection *section = &reader->schema->sections[i];
            if (*section->name == '\0')
                add_allowed(section->table, "", words);
            else
                g_ptr_array_add(words, g_strdup(section->name));
        }
        if (!top)
            add_allowed(place->table, prefix, words);
        const char *meant = param_unknown(reader, value->key, inner, inner,
                                          (const char *const *)words->pdata, words->len);
        if (meant != NULL) {
            char *path = path_join(inner, meant);
            excuse(reader, path);
            g_free(path);
        }
        g_ptr_array_free(words, TRUE);
    }
    g_free(inner);
}

/* Defaults. */

static void fallback_free(void *data)
{
    Fallback *fallback = data;
    yaml_tree_free(fallback->tree);
    source_free(fallback->source);
    g_free(fallback);
}

static const YamlNode *fallback_node(ParamReader *reader, const ParamSpec *spec)
{
    Fallback *fallback = g_hash_table_lookup(reader->fallbacks, spec);
    if (fallback == NULL) {
        /* An empty default of a text or a list need not be quoted. */
        const char *text = *spec->fallback != '\0'    ? spec->fallback
                           : spec->type == PARAM_TEXT ? "''"
                                                      : "[]";
        fallback = g_new0(Fallback, 1);
        fallback->source = source_new(spec->key, text, strlen(text));
        fallback->tree = yaml_read(fallback->source, 0, reader->diags);
        g_hash_table_insert(reader->fallbacks, (void *)spec, fallback);
    }
    return fallback->tree->root;
}

static void bind_fallback(ParamReader *reader, const ParamSlot *slot)
{
    DiagList *outer = reader->diags;
    DiagList inner;
    diag_list_init(&inner);
    reader->diags = &inner;
    const YamlNode *node = fallback_node(reader, slot->spec);
    bool right = node != NULL && param_value(reader, slot, node) && inner.errors == 0;
    if (!right) {
        char *why = inner.items->len > 0 ? diag_format(inner.items->pdata[0], false) : NULL;
        g_error("the default of %s is wrong: %s", slot->path, why == NULL ? "empty" : why);
    }
    reader->diags = outer;
    diag_list_clear(&inner);
}

/* A field without a value after an error: something that later checks may look at. */
static void bind_blank(const ParamSlot *slot)
{
    const ParamSpec *spec = slot->spec;
    if (spec->type == PARAM_TEXT)
        *(char **)slot->field = g_strdup("");
    else if (spec->type == PARAM_DIST)
        *(Dist **)slot->field = dist_new_constant((SimTime)(spec->min * 1e9));
    else if (spec->type == PARAM_NAMES)
        ((ParamNames *)slot->field)->name = g_new0(char *, 1);
    else if (spec->type == PARAM_COUNT)
        *(int64_t *)slot->field = (int64_t)spec->min;
    else if (spec->type == PARAM_TIME)
        *(SimTime *)slot->field = (SimTime)(spec->min * 1e9);
    else if (spec->type == PARAM_NUMBER || spec->type == PARAM_SHARE || spec->type == PARAM_RATE)
        *(double *)slot->field = spec->min;
}

/* The walk. */

static ParamSlot slot_at(const Place *place, size_t i, const char *path)
{
    const ParamSpec *spec = &place->table->specs[i];
    return (ParamSlot){spec, path, place->base + spec->offset};
}

static void fill(ParamReader *reader, const ParamSlot *slot)
{
    if (slot->spec->fallback != NULL)
        bind_fallback(reader, slot);
    else
        bind_blank(slot);
}

static void note_trouble(ParamReader *reader, const char *path, size_t errors_before)
{
    if (reader->diags->errors > errors_before)
        g_hash_table_add(reader->troubled, g_strdup(path));
}

static void take_spec(ParamReader *reader, const Place *place, const ParamSpec *spec,
                      const YamlNode *value)
{
    size_t i = (size_t)(spec - place->table->specs);
    char *path = path_join(place->path, spec->key);
    ParamSlot slot = slot_at(place, i, path);
    size_t errors = reader->diags->errors;
    if (!param_value(reader, &slot, value))
        fill(reader, &slot);
    note_trouble(reader, path, errors);
    place->seen[i] = true;
    g_free(path);
}

/* Is the value a group? Otherwise what is in it is excused. */
static bool is_group(ParamReader *reader, const YamlNode *value, const char *path)
{
    if (value->kind == NODE_GROUP)
        return true;
    excuse(reader, path);
    if (value->kind == NODE_BROKEN)
        return false;
    if (yaml_is_empty(value)) {
        const YamlNode *at = value->key != NULL && *value->text == '\0' ? value->key : value;
        param_error(reader, at, path, "write its keys below, indented, or remove it",
                    PARAM_SAYS_EMPTY, path);
        return false;
    }
    char *shown = yaml_show(value);
    param_error(reader, value, path, NULL, PARAM_SAYS_GROUP, path, shown);
    g_free(shown);
    return false;
}

/* Bind one written key; false if the table has no such key behind `prefix`. */
static bool take(ParamReader *reader, const Place *place, const char *prefix, const YamlNode *value)
{
    const char *word = value->key->text;
    if (strchr(word, '.') != NULL)
        return false;
    char *key = g_strconcat(prefix, word, NULL);
    const ParamSpec *spec = param_table_find(place->table, key);
    bool known = spec != NULL || param_table_has_group(place->table, key);
    if (spec != NULL) {
        take_spec(reader, place, spec, value);
    } else if (known) {
        char *path = path_join(place->path, key);
        char *inner = g_strconcat(key, ".", NULL);
        if (is_group(reader, value, path))
            for (guint i = 0; i < value->values->len; i++)
                if (!take(reader, place, inner, yaml_value(value, i)))
                    report_unknown(reader, place, inner, yaml_value(value, i));
        g_free(inner);
        g_free(path);
    }
    g_free(key);
    return known;
}

/* What was not written: its default, or an error. `node` is the struct's own, if it has one. */
static void complete(ParamReader *reader, const Place *place, const YamlNode *node)
{
    for (size_t i = 0; i < place->table->count; i++) {
        if (place->seen[i])
            continue;
        char *path = path_join(place->path, place->table->specs[i].key);
        ParamSlot slot = slot_at(place, i, path);
        if (slot.spec->fallback == NULL)
            param_missing(reader, node, path, path);
        fill(reader, &slot);
        g_free(path);
    }
}

static Place place_new(const ParamTable *table, char *base, const char *path)
{
    return (Place){table, base, path, g_new0(bool, table->count + 1)};
}

static void bind_table(ParamReader *reader, const ParamTable *table, char *base, const char *path,
                       const YamlNode *node)
{
    Place place = place_new(table, base, path);
    for (guint i = 0; node != NULL && i < node->values->len; i++)
        if (!take(reader, &place, "", yaml_value(node, i)))
            report_unknown(reader, &place, "", yaml_value(node, i));
    complete(reader, &place, NULL);
    g_free(place.seen);
}

/* One struct of a list: a group of keys, or a scalar for one of them. */
static void bind_item(ParamReader *reader, const ParamTable *table, char *base, const char *path,
                      YamlNode *node)
{
    if (node->kind != NODE_SCALAR || yaml_is_empty(node) || table->shorthand == NULL) {
        bool group = is_group(reader, node, path);
        bind_table(reader, table, base, path, group ? node : NULL);
        return;
    }
    const ParamSpec *spec = param_table_find(table, table->shorthand);
    SIM_CHECK(spec != NULL);
    node->shorthand = table->shorthand;
    Place place = place_new(table, base, path);
    take_spec(reader, &place, spec, node);
    complete(reader, &place, node);
    g_free(place.seen);
}

bool param_list(ParamReader *reader, const ParamSlot *slot, const YamlNode *node)
{
    if (node->kind == NODE_BROKEN)
        return false;
    if (node->kind != NODE_LIST) {
        if (yaml_is_empty(node)) {
            param_scalar(reader, slot, node, slot->path, "a list");
            return false;
        }
        char *shown = yaml_show(node);
        param_error(reader, node, slot->path, "begin every item with \"- \", or write [first, …]",
                    PARAM_SAYS_LIST, slot->path, shown);
        g_free(shown);
        return false;
    }
    const ParamTable *table = slot->spec->items;
    ParamList *list = slot->field;
    list->count = node->values->len;
    list->item = g_malloc0_n(MAX(list->count, 1), table->size);
    for (size_t i = 0; i < list->count; i++) {
        char *path = g_strdup_printf("%s[%zu]", slot->path, i);
        size_t errors = reader->diags->errors;
        bind_item(reader, table, (char *)list->item + i * table->size, path, yaml_value(node, i));
        note_trouble(reader, path, errors);
        g_free(path);
    }
    return true;
}

/* A key at the top level: a section, or a key of a section without a name. */
static bool take_top(ParamReader *reader, const Place *places, const YamlNode *value)
{
    const ParamSchema *schema = reader->schema;
    for (size_t i = 0; i < schema->count; i++) {
        const char *name = schema->sections[i].name;
        if (*name == '\0' && take(reader, &places[i], "", value))
            return true;
        if (*name == '\0' || strcmp(name, value->key->text) != 0)
            continue;
        bool group = is_group(reader, value, name);
        for (guint k = 0; group && k < value->values->len; k++)
            if (!take(reader, &places[i], "", yaml_value(value, k)))
                report_unknown(reader, &places[i], "", yaml_value(value, k));
        return true;
    }
    return false;
}

static void bind_root(ParamReader *reader, const YamlNode *root, char *target)
{
    const ParamSchema *schema = reader->schema;
    Place *places = g_new0(Place, schema->count + 1);
    for (size_t i = 0; i < schema->count; i++) {
        const ParamSection *section = &schema->sections[i];
        places[i] = place_new(section->table, target + section->offset, section->name);
    }
    Place top = {.path = ""};
    for (guint i = 0; root != NULL && i < root->values->len; i++)
        if (!take_top(reader, places, yaml_value(root, i)))
            report_unknown(reader, &top, "", yaml_value(root, i));
    for (size_t i = 0; i < schema->count; i++) {
        complete(reader, &places[i], NULL);
        g_free(places[i].seen);
    }
    g_free(places);
}

/* Reading. */

static void free_source(void *source)
{
    source_free(source);
}

static void free_tree(void *tree)
{
    yaml_tree_free(tree);
}

/* The file's tree; its root is a group, or the reason why not has been reported. */
static YamlTree *read_file(ParamDoc *doc, const char *file, const char *text, size_t length,
                           DiagList *diags)
{
    /* A byte order mark is allowed, and no character of the first line. */
    size_t skip = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    Source *source = source_new(file, text + skip, length - skip);
    g_ptr_array_add(doc->sources, source);
    YamlTree *tree = yaml_read(source, 0, diags);
    g_ptr_array_add(doc->trees, tree);
    const YamlNode *root = tree->root;
    if (tree->complete && (root == NULL || yaml_is_empty(root))) {
        diag_add(diags, DIAG_ERROR, file, (DiagMark){1, 1, 1}, NULL,
                 "begin with a copy of one that works", PARAM_SAYS_EMPTY_FILE);
        tree->complete = false;
    } else if (root != NULL && root->kind != NODE_GROUP && root->kind != NODE_BROKEN) {
        char *shown = yaml_show(root);
        source_error(source, diags, root->mark, "begin with a key, such as \"name: my scenario\"",
                     PARAM_SAYS_ROOT, shown);
        g_free(shown);
    }
    if (root == NULL || root->kind != NODE_GROUP) {
        tree->complete = false;
        tree->root = yaml_node_new(tree, NODE_GROUP, source, (DiagMark){1, 1, 1});
    }
    doc->root = tree->root;
    return tree;
}

/* What goes on top of file and sets. */
typedef struct ReadOver {
    size_t point;     /* of the sweep, or PARAM_BASE */
    const char *path; /* of a PARAM_POINT, or NULL */
} ReadOver;

static ParamDoc *read_doc(const ParamSchema *schema, const char *file, const char *text,
                          size_t length, const char *const *sets, size_t set_count,
                          const ReadOver *over, void *target, DiagList *diags)
{
    ParamDoc *doc = g_new0(ParamDoc, 1);
    doc->sources = g_ptr_array_new_with_free_func(free_source);
    doc->trees = g_ptr_array_new_with_free_func(free_tree);
    doc->troubled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    DiagList found;
    diag_list_init(&found);
    char *directory = g_path_get_dirname(file);
    YamlTree *tree = read_file(doc, file, text, length, &found);
    for (size_t i = 0; i < set_count; i++)
        param_set(doc, sets[i], &found);
    ParamReader reader = {
        .schema = schema,
        .diags = &found,
        .source = g_ptr_array_index(doc->sources, 0),
        .tree = tree,
        .root = doc->root,
        .directory = directory,
        .complete = tree->complete,
        .excused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .fallbacks = g_hash_table_new_full(NULL, NULL, NULL, fallback_free),
        .troubled = doc->troubled,
        .data = &doc->data,
    };
    if (over->point != PARAM_BASE)
        param_sweep_apply(&reader, doc, over->point);
    if (over->path != NULL)
        param_over_apply(&reader, doc, over->path);
    memset(target, 0, schema->size);
    bind_root(&reader, doc->root, target);
    diag_list_move(diags, &found);
    diag_list_clear(&found);
    g_hash_table_destroy(reader.fallbacks);
    g_hash_table_destroy(reader.excused);
    g_strfreev(reader.keys);
    g_free(directory);
    return doc;
}

ParamDoc *param_read(const ParamSchema *schema, const char *file, const char *text, size_t length,
                     const char *const *sets, size_t set_count, void *target, DiagList *diags)
{
    const ReadOver nothing = {PARAM_BASE, NULL};
    return read_doc(schema, file, text, length, sets, set_count, &nothing, target, diags);
}

ParamDoc *param_read_point(const ParamSchema *schema, const char *file, const char *text,
                           size_t length, const char *const *sets, size_t set_count, size_t point,
                           void *target, DiagList *diags)
{
    const ReadOver over = {point, NULL};
    return read_doc(schema, file, text, length, sets, set_count, &over, target, diags);
}

ParamDoc *param_read_over(const ParamSchema *schema, const char *file, const char *text,
                          size_t length, const char *const *sets, size_t set_count,
                          const char *path, void *target, DiagList *diags)
{
    const ReadOver over = {PARAM_BASE, path};
    return read_doc(schema, file, text, length, sets, set_count, &over, target, diags);
}

void param_doc_free(ParamDoc *doc)
{
    if (doc == NULL)
        return;
    g_ptr_array_free(doc->trees, TRUE);
    g_ptr_array_free(doc->sources, TRUE);
    g_hash_table_destroy(doc->troubled);
    if (doc->data != NULL)
        g_checksum_free(doc->data);
    g_free(doc);
}

/* Checks that need more than one key. */

bool param_doc_failed(const ParamDoc *doc, const char *path)
{
    return g_hash_table_contains(doc->troubled, path);
}

const char *param_doc_data(const ParamDoc *doc)
{
    return doc->data != NULL ? g_checksum_get_string(doc->data) : "";
}

bool param_doc_has(const ParamDoc *doc, const char *path)
{
    bool exact;
    param_nearest(doc->root, path, &exact);
    return exact;
}

size_t param_doc_line(const ParamDoc *doc, const char *path)
{
    bool exact;
    const YamlNode *node = param_nearest(doc->root, path, &exact);
    return exact && node->source == g_ptr_array_index(doc->sources, 0) ? node->mark.line : 0;
}

/* `length` 0: the whole value. */
static void doc_report(const ParamDoc *doc, DiagList *diags, DiagLevel level, const char *path,
                       DiagMark inside, const char *hint, const char *format, va_list args)
    G_GNUC_PRINTF(7, 0);

static void doc_report(const ParamDoc *doc, DiagList *diags, DiagLevel level, const char *path,
                       DiagMark inside, const char *hint, const char *format, va_list args)
{
    bool exact;
    const YamlNode *node = param_nearest(doc->root, path, &exact);
    if (node == NULL || node == doc->root) {
        const Source *source = g_ptr_array_index(doc->sources, 0);
        char *message = g_strdup_vprintf(format, args);
        diag_add(diags, level, source->file, (DiagMark){1, 1, 1}, NULL, hint, "%s", message);
        g_free(message);
        return;
    }
    if (!exact && node->kind != NODE_SCALAR && node->key != NULL)
        node = node->key;
    DiagMark mark = node->mark;
    if (inside.length > 0 && exact && node->exact) {
        mark.column += node->inset + inside.column;
        mark.length = inside.length;
    }
    source_report(node->source, diags, level, mark, hint, format, args);
}

void param_doc_error(const ParamDoc *doc, DiagList *diags, const char *path, const char *hint,
                     const char *format, ...)
{
    va_list args;
    va_start(args, format);
    doc_report(doc, diags, DIAG_ERROR, path, (DiagMark){0}, hint, format, args);
    va_end(args);
}

void param_doc_warn(const ParamDoc *doc, DiagList *diags, const char *path, const char *hint,
                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    doc_report(doc, diags, DIAG_WARNING, path, (DiagMark){0}, hint, format, args);
    va_end(args);
}

void param_doc_error_at(const ParamDoc *doc, DiagList *diags, const char *path, size_t skip,
                        size_t length, const char *hint, const char *format, ...)
{
    DiagMark inside = {.column = skip, .length = MAX(length, 1)};
    va_list args;
    va_start(args, format);
    doc_report(doc, diags, DIAG_ERROR, path, inside, hint, format, args);
    va_end(args);
}
