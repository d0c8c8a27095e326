#include "sim/yaml.h"

#include <string.h>
#include <yaml.h>

#include "sim/check.h"
#include "sim/param_text.h"
#include "sim/units.h"

/* An open list or group. */
typedef struct Frame {
    YamlNode *node;
    YamlNode *key; /* GROUP: read, its value not yet */
} Frame;

typedef struct Builder {
    const Source *source;
    size_t skip; /* bytes of the source before the document, all on one line */
    size_t skip_columns;
    DiagList *diags;
    YamlTree *tree;
    Frame frame[YAML_DEPTH_MAX];
    size_t depth;
    YamlNode *swallower; /* the last scalar, if it goes over lines */
} Builder;

/* Nodes. */

static void node_free(void *data)
{
    YamlNode *node = data;
    g_free(node->text);
    if (node->values != NULL)
        g_ptr_array_free(node->values, TRUE);
    if (node->index != NULL)
        g_hash_table_destroy(node->index);
    g_free(node);
}

void yaml_tree_free(YamlTree *tree)
{
    if (tree == NULL)
        return;
    g_ptr_array_free(tree->nodes, TRUE);
    g_free(tree);
}

YamlNode *yaml_node_new(YamlTree *tree, NodeKind kind, const Source *source, DiagMark mark)
{
    YamlNode *node = g_new0(YamlNode, 1);
    node->kind = kind;
    node->source = source;
    node->mark = mark;
    if (kind == NODE_LIST || kind == NODE_GROUP)
        node->values = g_ptr_array_new();
    if (kind == NODE_GROUP)
        node->index = g_hash_table_new(g_str_hash, g_str_equal);
    g_ptr_array_add(tree->nodes, node);
    return node;
}

YamlNode *yaml_get(const YamlNode *group, const char *key)
{
    return group->kind == NODE_GROUP ? g_hash_table_lookup(group->index, key) : NULL;
}

YamlNode *yaml_item(const YamlNode *list, size_t index)
{
    return list->kind == NODE_LIST ? yaml_value(list, index) : NULL;
}

YamlNode *yaml_value(const YamlNode *node, size_t index)
{
    if (node->values == NULL || index >= node->values->len)
        return NULL;
    return g_ptr_array_index(node->values, index);
}

void yaml_put(YamlNode *group, YamlNode *key, YamlNode *value)
{
    SIM_CHECK(group->kind == NODE_GROUP && key->kind == NODE_SCALAR);
    value->key = key;
    YamlNode *old = yaml_get(group, key->text);
    if (old != NULL)
        g_ptr_array_remove(group->values, old);
    g_ptr_array_add(group->values, value);
    g_hash_table_replace(group->index, key->text, value);
}

bool yaml_is_empty(const YamlNode *node)
{
    return node->kind == NODE_SCALAR && !node->quoted &&
           (*node->text == '\0' || strcmp(node->text, "~") == 0);
}

char *yaml_show(const YamlNode *node)
{
    static const char *const kinds[] = {
        [NODE_LIST] = "a list", [NODE_GROUP] = "a group of keys", [NODE_BROKEN] = "this"};
    if (node->kind != NODE_SCALAR)
        return g_strdup(kinds[node->kind]);
    return yaml_is_empty(node) ? g_strdup("nothing") : units_show(node->text);
}

YamlNode *yaml_copy(YamlTree *tree, const YamlNode *node)
{
    YamlNode *copy = yaml_node_new(tree, node->kind, node->source, node->mark);
    copy->text = g_strdup(node->text);
    copy->inset = node->inset;
    copy->quoted = node->quoted;
    copy->exact = node->exact;
    for (guint i = 0; node->values != NULL && i < node->values->len; i++) {
        const YamlNode *value = yaml_value(node, i);
        if (node->kind == NODE_GROUP)
            yaml_put(copy, yaml_copy(tree, value->key), yaml_copy(tree, value));
        else
            g_ptr_array_add(copy->values, yaml_copy(tree, value));
    }
    return copy;
}

/* A scalar that flow YAML would misread is quoted. */
static void append_scalar(GString *out, const YamlNode *node)
{
    const char *text = node->text;
    bool plain =
        *text != '\0' && strcmp(text, "~") != 0 && strcspn(text, ",[]{}\"'\n\t") == strlen(text) &&
        strchr("-?:!&*#|>%@` ", *text) == NULL && strstr(text, ": ") == NULL &&
        strstr(text, " #") == NULL && !g_str_has_suffix(text, ":") && !g_str_has_suffix(text, " ");
    bool negative = *text == '-' && g_ascii_isdigit(text[1]);
    if (plain || negative || yaml_is_empty(node)) {
        g_string_append(out, text);
        return;
    }
    g_string_append_c(out, '\'');
    for (const char *at = text; *at != '\0'; at++)
        g_string_append_len(out, *at == '\'' ? "''" : at, *at == '\'' ? 2 : 1);
    g_string_append_c(out, '\'');
}

static void append_flow(GString *out, const YamlNode *node)
{
    if (node->kind != NODE_LIST && node->kind != NODE_GROUP) {
        append_scalar(out, node);
        return;
    }
    bool group = node->kind == NODE_GROUP;
    g_string_append_c(out, group ? '{' : '[');
    for (guint i = 0; i < node->values->len; i++) {
        const YamlNode *value = yaml_value(node, i);
        g_string_append(out, i > 0 ? ", " : "");
        if (group) {
            append_scalar(out, value->key);
            g_string_append(out, ": ");
        }
        append_flow(out, value);
    }
    g_string_append_c(out, group ? '}' : ']');
}

char *yaml_flow(const YamlNode *node)
{
    GString *out = g_string_new(NULL);
    append_flow(out, node);
    return g_string_free(out, FALSE);
}

/* Marks. */

static DiagMark place(const Builder *builder, const yaml_mark_t *mark)
{
    size_t column = mark->column + 1 + (mark->line == 0 ? builder->skip_columns : 0);
    return (DiagMark){mark->line + 1, column, 1};
}

/* From start to end, or to the end of the first line. */
static DiagMark span(const Builder *builder, const yaml_event_t *event)
{
    DiagMark mark = place(builder, &event->start_mark);
    if (event->end_mark.line == event->start_mark.line)
        mark.length = event->end_mark.column - event->start_mark.column;
    return mark;
}

/* What may not be in a scenario. */

static const char quote_hint[] = "write the value itself; a text that begins so needs quotes";

static void check_properties(Builder *builder, DiagMark mark, const yaml_char_t *anchor,
                             const yaml_char_t *tag)
{
    if (anchor != NULL)
        source_error(builder->source, builder->diags, mark, quote_hint, PARAM_SAYS_ANCHOR,
                     (const char *)anchor);
    if (tag != NULL)
        source_error(builder->source, builder->diags, mark, quote_hint, PARAM_SAYS_TAG,
                     (const char *)tag);
}

static void key_kind_error(Builder *builder, const YamlNode *key)
{
    char *shown = yaml_show(key);
    source_error(builder->source, builder->diags, key->mark, "write \"key: value\"",
                 PARAM_SAYS_KEY_KIND, shown);
    g_free(shown);
}

/* Turns a key that cannot be one into a broken node, whose value is dropped. */
static void check_key(Builder *builder, const YamlNode *group, YamlNode *key)
{
    if (key->kind == NODE_BROKEN)
        return;
    YamlNode *old = key->kind == NODE_SCALAR ? yaml_get(group, key->text) : NULL;
    if (key->kind != NODE_SCALAR || yaml_is_empty(key)) {
        key_kind_error(builder, key);
    } else if (strcmp(key->text, "<<") == 0 && !key->quoted) {
        source_error(builder->source, builder->diags, key->mark, "write the keys out",
                     PARAM_SAYS_MERGE);
    } else if (old != NULL) {
        char *hint = g_strdup_printf("first written on line %zu", old->key->mark.line);
        char *shown = units_show(key->text);
        source_error(builder->source, builder->diags, key->mark, hint, PARAM_SAYS_DUPLICATE, shown);
        g_free(shown);
        g_free(hint);
    } else {
        return;
    }
    if (key->kind == NODE_SCALAR)
        key->kind = NODE_BROKEN;
}

/* Hang a node where it belongs: under the waiting key, as a key, into the list, as the root. */
static void attach(Builder *builder, YamlNode *node)
{
    if (builder->depth == 0) {
        builder->tree->root = node;
        return;
    }
    Frame *top = &builder->frame[builder->depth - 1];
    if (top->node->kind == NODE_LIST) {
        g_ptr_array_add(top->node->values, node);
    } else if (top->key == NULL) {
        check_key(builder, top->node, node);
        top->key = node;
    } else {
        if (top->key->kind == NODE_SCALAR)
            yaml_put(top->node, top->key, node);
        top->key = NULL;
    }
}

/* Events. Each handler returns false to stop. */

static bool on_scalar(Builder *builder, const yaml_event_t *event)
{
    DiagMark mark = span(builder, event);
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    check_properties(builder, mark, event->data.scalar.anchor, event->data.scalar.tag);
    YamlNode *node = yaml_node_new(builder->tree, NODE_SCALAR, builder->source, mark);
    node->text = g_strndup(text, length);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->inset = node->quoted ? 1 : 0;
    /* A missing bracket or quote makes a scalar swallow the next lines: no error of its own. */
    bool one_line = event->start_mark.line == event->end_mark.line;
    size_t characters = (size_t)g_utf8_strlen(node->text, -1);
    node->exact = one_line && mark.length == characters + 2 * node->inset;
    /* "\0" in double quotes: a text that C would cut. */
    if (strlen(node->text) != length) {
        source_error(builder->source, builder->diags, mark, NULL, PARAM_SAYS_CONTROL, 0U);
        node->kind = NODE_BROKEN;
    }
    builder->swallower = one_line ? NULL : node;
    attach(builder, node);
    return true;
}

static bool on_alias(Builder *builder, const yaml_event_t *event)
{
    DiagMark mark = span(builder, event);
    source_error(builder->source, builder->diags, mark, quote_hint, PARAM_SAYS_ALIAS,
                 (const char *)event->data.alias.anchor);
    attach(builder, yaml_node_new(builder->tree, NODE_BROKEN, builder->source, mark));
    return true;
}

static bool on_open(Builder *builder, const yaml_event_t *event, NodeKind kind)
{
    DiagMark mark = place(builder, &event->start_mark);
    if (builder->depth == YAML_DEPTH_MAX) {
        source_error(builder->source, builder->diags, mark, "reading stops here",
                     PARAM_SAYS_TOO_DEEP, YAML_DEPTH_MAX);
        return false;
    }
    YamlNode *node = yaml_node_new(builder->tree, kind, builder->source, mark);
    attach(builder, node);
    builder->frame[builder->depth++] = (Frame){.node = node};
    return true;
}

static bool on_list(Builder *builder, const yaml_event_t *event)
{
    check_properties(builder, place(builder, &event->start_mark), event->data.sequence_start.anchor,
                     event->data.sequence_start.tag);
    return on_open(builder, event, NODE_LIST);
}

static bool on_group(Builder *builder, const yaml_event_t *event)
{
    check_properties(builder, place(builder, &event->start_mark), event->data.mapping_start.anchor,
                     event->data.mapping_start.tag);
    return on_open(builder, event, NODE_GROUP);
}

static bool on_close(Builder *builder, const yaml_event_t *event)
{
    (void)event;
    builder->depth--;
    return true;
}

static bool on_nothing(Builder *builder, const yaml_event_t *event)
{
    (void)builder;
    (void)event;
    return true;
}

/* The first character at or after `at` that is neither blank nor comment. */
static const char *skip_comments(const char *at, const char *end)
{
    while (at < end && (*at == '#' || g_ascii_isspace(*at))) {
        if (*at == '#')
            while (at < end && *at != '\n')
                at++;
        else
            at++;
    }
    return at;
}

static DiagMark mark_at(const Source *source, const char *at)
{
    DiagMark mark = {1, 1, 1};
    const char *line = source->text;
    for (const char *c = source->text; c < at; c++) {
        if (*c == '\n') {
            mark.line++;
            line = c + 1;
        }
    }
    mark.column = (size_t)g_utf8_strlen(line, at - line) + 1;
    return mark;
}

static bool starts_line_with(const char *at, const char *end, const char *prefix)
{
    size_t length = strlen(prefix);
    return (size_t)(end - at) >= length && memcmp(at, prefix, length) == 0 &&
           (at + length == end || g_ascii_isspace(at[length]));
}

/* Nothing may follow. libyaml is not asked: it would go on to the next document, whose directives
 * alone cost the square of their number. */
static bool on_end(Builder *builder, const yaml_event_t *event)
{
    const Source *source = builder->source;
    const char *end = source->text + source->length;
    size_t first = builder->skip;
    const char *at = g_utf8_offset_to_pointer(source->text + first, (long)event->end_mark.index);
    at = skip_comments(at, end);
    while (starts_line_with(at, end, "..."))
        at = skip_comments(at + 3, end);
    if (at == end)
        return false;
    builder->tree->complete = false;
    bool document = starts_line_with(at, end, "---") || *at == '%';
    if (document)
        source_error(source, builder->diags, mark_at(source, at), "put it into a file of its own",
                     PARAM_SAYS_SECOND_DOCUMENT);
    else
        source_error(source, builder->diags, mark_at(source, at),
                     "is a bracket, a quote or an indentation too many?", PARAM_SAYS_TRAILING);
    return false;
}

static bool (*const handlers[])(Builder *, const yaml_event_t *) = {
    [YAML_NO_EVENT] = on_nothing,         [YAML_STREAM_START_EVENT] = on_nothing,
    [YAML_STREAM_END_EVENT] = NULL,       [YAML_DOCUMENT_START_EVENT] = on_nothing,
    [YAML_DOCUMENT_END_EVENT] = on_end,   [YAML_ALIAS_EVENT] = on_alias,
    [YAML_SCALAR_EVENT] = on_scalar,      [YAML_SEQUENCE_START_EVENT] = on_list,
    [YAML_SEQUENCE_END_EVENT] = on_close, [YAML_MAPPING_START_EVENT] = on_group,
    [YAML_MAPPING_END_EVENT] = on_close,
};

/* Syntax errors. */

typedef struct SyntaxRow {
    const char *problem, *message, *hint;
} SyntaxRow;

#define SYNTAX_ROW(problem, message, hint) {problem, message, hint},
static const SyntaxRow syntax_rows[] = {YAML_SYNTAX(SYNTAX_ROW)};

static const SyntaxRow *syntax_row(const char *problem)
{
    for (size_t i = 0; i < G_N_ELEMENTS(syntax_rows); i++)
        if (g_str_has_prefix(problem, syntax_rows[i].problem))
            return &syntax_rows[i];
    return NULL;
}

/* Is the line indented with a tab, up to the column? */
static bool has_tab(const char *line, size_t column)
{
    for (size_t i = 0; line != NULL && i < column && (line[i] == ' ' || line[i] == '\t'); i++)
        if (line[i] == '\t')
            return true;
    return false;
}

static void syntax_error(Builder *builder, const yaml_parser_t *parser)
{
    const SyntaxRow *row = syntax_row(parser->problem);
    DiagMark mark = place(builder, &parser->problem_mark);
    bool context = parser->context != NULL;
    char *line = source_line(builder->source, mark.line);
    /* An error found at the very end is better shown where its cause began. */
    bool at_end = line == NULL || *line == '\0' || parser->problem_mark.index == 0;
    if (at_end && parser->context != NULL)
        mark = place(builder, &parser->context_mark);
    const char *hint = row == NULL ? NULL : row->hint;
    if (has_tab(line, mark.column))
        hint = "the line begins with a tab: YAML is indented with spaces only";
    char *where = NULL;
    if (context && !at_end && parser->context_mark.line != parser->problem_mark.line)
        where = g_strdup_printf("%s (see line %zu)", hint, parser->context_mark.line + 1);
    hint = where != NULL && hint != NULL ? where : hint;
    if (row != NULL)
        source_error(builder->source, builder->diags, mark, hint, "%s", row->message);
    else
        source_error(builder->source, builder->diags, mark, hint, PARAM_SAYS_SYNTAX,
                     parser->problem);
    g_free(where);
    g_free(line);
}

/* Characters that YAML refuses, or that only YAML takes for line ends; checked first, so that
 * libyaml never sees them. Returns NULL if all is well. */
static const char *forbidden_character(const char *at, const char *end)
{
    for (; at < end; at = g_utf8_next_char(at)) {
        unsigned char byte = (unsigned char)*at;
        if (byte >= 0x20 && byte < 0x7f)
            continue;
        if (byte == '\n' || byte == '\t' || (byte == '\r' && at + 1 < end && at[1] == '\n'))
            continue;
        gunichar c = g_utf8_get_char(at);
        if (c < 0xa0 || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff)
            return at;
    }
    return NULL;
}

static bool check_text(Builder *builder, const char *start)
{
    const Source *source = builder->source;
    const char *end = source->text + source->length, *bad;
    if (!g_utf8_validate_len(start, (size_t)(end - start), &bad) && *bad != '\0') {
        source_error(source, builder->diags, mark_at(source, bad),
                     "save the file as UTF-8 in your editor", PARAM_SAYS_BAD_UTF8);
        return false;
    }
    bad = forbidden_character(start, end);
    if (bad != NULL) {
        const char *hint = *bad == '\r' ? "end lines with LF or CR LF" : NULL;
        source_error(source, builder->diags, mark_at(source, bad), hint, PARAM_SAYS_CONTROL,
                     g_utf8_get_char(bad));
        return false;
    }
    const char *first = skip_comments(start, end);
    if (first < end && *first == '%' && (first == start || first[-1] == '\n')) {
        source_error(source, builder->diags, mark_at(source, first), "remove the line",
                     PARAM_SAYS_DIRECTIVE);
        return false;
    }
    return true;
}

static void run_events(Builder *builder, const char *start)
{
    const Source *source = builder->source;
    yaml_parser_t parser;
    SIM_CHECK(yaml_parser_initialize(&parser));
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)start,
                                 source->length - (size_t)(start - source->text));
    builder->tree->complete = true;
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            syntax_error(builder, &parser);
            if (builder->swallower != NULL)
                builder->swallower->kind = NODE_BROKEN;
            builder->tree->complete = false;
            break;
        }
        SIM_CHECK(event.type < G_N_ELEMENTS(handlers));
        more = handlers[event.type] != NULL && handlers[event.type](builder, &event);
        yaml_event_delete(&event);
    }
    /* Stopped inside a list or group: what follows is unknown. */
    if (builder->depth > 0)
        builder->tree->complete = false;
    yaml_parser_delete(&parser);
}

/* Number of the line that holds the byte at `offset`. */
static size_t line_of(const char *text, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset; i++)
        line += text[i] == '\n';
    return line;
}

YamlTree *yaml_read(const Source *source, size_t skip, DiagList *diags)
{
    YamlTree *tree = g_new0(YamlTree, 1);
    tree->nodes = g_ptr_array_new_with_free_func(node_free);
    if (source->length > YAML_SIZE_MAX) {
        source_error(source, diags, (DiagMark){line_of(source->text, YAML_SIZE_MAX), 1, 1},
                     "this is the first line beyond; long lists of measurements go into a CSV file",
                     PARAM_SAYS_TOO_BIG);
        return tree;
    }
    const char *start = source->text + skip;
    Builder builder = {.source = source, .skip = skip, .diags = diags, .tree = tree};
    if (!check_text(&builder, start))
        return tree;
    builder.skip_columns = (size_t)g_utf8_strlen(source->text, (gssize)skip);
    run_events(&builder, start);
    return tree;
}
