#include "cli/json_read.h"

#include <math.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

typedef struct Parser {
    const char *begin, *at, *end;
    int depth;
    char **problem;
} Parser;

static JsonNode *parse_value(Parser *parser);

static JsonNode *refuse(Parser *parser, const char *what)
{
    size_t line = 1;
    const char *start = parser->begin;
    for (const char *c = parser->begin; c < parser->at; c++)
        if (*c == '\n') {
            line++;
            start = c + 1;
        }
    if (*parser->problem == NULL)
        *parser->problem = g_strdup_printf("line %zu, column %zu: %s", line,
                                           (size_t)(parser->at - start) + 1, what);
    return NULL;
}

static JsonNode *node_new(JsonKind kind)
{
    JsonNode *node = g_new0(JsonNode, 1);
    node->kind = kind;
    return node;
}

void json_node_free(JsonNode *node)
{
    if (node == NULL)
        return;
    g_free(node->text);
    for (guint i = 0; node->items != NULL && i < node->items->len; i++)
        json_node_free(node->items->pdata[i]);
    if (node->items != NULL)
        g_ptr_array_free(node->items, TRUE);
    if (node->keys != NULL)
        g_ptr_array_free(node->keys, TRUE);
    g_free(node);
}

static void skip_blanks(Parser *parser)
{
    while (parser->at < parser->end && strchr(" \t\r\n", *parser->at) != NULL && *parser->at)
        parser->at++;
}

static char peek(const Parser *parser)
{
    return parser->at < parser->end ? *parser->at : '\0';
}

static bool take(Parser *parser, char wanted)
{
    skip_blanks(parser);
    if (peek(parser) != wanted)
        return false;
    parser->at++;
    return true;
}

static bool take_word(Parser *parser, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(parser->end - parser->at) < length || memcmp(parser->at, word, length) != 0)
        return false;
    parser->at += length;
    return true;
}

/* ---- Texts ---- */

static bool hex4(Parser *parser, gunichar *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, parser->at++) {
        if (!g_ascii_isxdigit(peek(parser)))
            return false;
        *out = *out * 16 + (gunichar)g_ascii_xdigit_value(*parser->at);
    }
    return true;
}

static bool take_unicode(Parser *parser, GString *text)
{
    gunichar high = 0, low = 0;
    if (!hex4(parser, &high))
        return false;
    if (high >= 0xd800 && high < 0xdc00) {
        if (!take_word(parser, "\\u") || !hex4(parser, &low) || low < 0xdc00 || low > 0xdfff)
            return false;
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
    if (high == 0 || (high >= 0xdc00 && high < 0xe000))
        return false;
    g_string_append_unichar(text, high);
    return true;
}

static bool take_escape(Parser *parser, GString *text)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char letter = peek(parser);
    parser->at++;
    if (letter == 'u')
        return take_unicode(parser, text);
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;
    if (found == NULL)
        return false;
    g_string_append_c(text, meanings[found - letters]);
    return true;
}

/* After the opening quote. */
static char *parse_text(Parser *parser)
{
    GString *text = g_string_new(NULL);
    while (parser->at < parser->end && *parser->at != '"') {
        char c = *parser->at++;
        if ((unsigned char)c < 0x20 || (c == '\\' && !take_escape(parser, text)))
            break;
        if (c != '\\')
            g_string_append_c(text, c);
    }
    bool good = peek(parser) == '"' && g_utf8_validate(text->str, (gssize)text->len, NULL);
    if (!good) {
        refuse(parser, "this text is broken");
        g_string_free(text, TRUE);
        return NULL;
    }
    parser->at++;
    return g_string_free(text, FALSE);
}

/* ---- Values ---- */

static JsonNode *parse_number(Parser *parser)
{
    const char *start = parser->at;
    while (parser->at < parser->end && strchr("+-.eE0123456789", *parser->at) != NULL &&
           *parser->at)
        parser->at++;
    g_autofree char *word = g_strndup(start, (size_t)(parser->at - start));
    char *end = word;
    double number = g_ascii_strtod(word, &end);
    if (word[0] == '\0' || word[0] == '+' || *end != '\0' || !isfinite(number)) {
        parser->at = start;
        return refuse(parser, "a value is wanted here");
    }
    JsonNode *node = node_new(JSON_NUMBER);
    node->number = number;
    return node;
}

static bool parse_key(Parser *parser, JsonNode *object)
{
    char *key = take(parser, '"') ? parse_text(parser) : NULL;
    if (key == NULL) {
        refuse(parser, "a key in quotes is wanted here");
        return false;
    }
    bool twice = json_member(object, key) != NULL;
    g_ptr_array_add(object->keys, key);
    if (twice)
        refuse(parser, "this key is there twice");
    else if (!take(parser, ':'))
        refuse(parser, "\":\" is wanted here");
    return *parser->problem == NULL;
}

/* After the opening bracket. */
static JsonNode *parse_items(Parser *parser, JsonKind kind)
{
    const char close = kind == JSON_OBJECT ? '}' : ']';
    JsonNode *node = node_new(kind);
    node->items = g_ptr_array_new();
    if (kind == JSON_OBJECT)
        node->keys = g_ptr_array_new_with_free_func(g_free);
    if (take(parser, close))
        return node;
    do {
        if (kind == JSON_OBJECT && !parse_key(parser, node))
            break;
        JsonNode *item = parse_value(parser);
        if (item == NULL)
            break;
        g_ptr_array_add(node->items, item);
    } while (take(parser, ','));
    if (*parser->problem == NULL && take(parser, close))
        return node;
    refuse(parser, "\",\" or the closing bracket is wanted here");
    json_node_free(node);
    return NULL;
}

static JsonNode *parse_nested(Parser *parser, JsonKind kind)
{
    if (++parser->depth > DEPTH_MAX)
        return refuse(parser, "this is nested too deeply");
    JsonNode *node = parse_items(parser, kind);
    parser->depth--;
    return node;
}

static JsonNode *parse_value(Parser *parser)
{
    if (take(parser, '{'))
        return parse_nested(parser, JSON_OBJECT);
    if (take(parser, '['))
        return parse_nested(parser, JSON_ARRAY);
    if (take(parser, '"')) {
        char *text = parse_text(parser);
        JsonNode *node = text != NULL ? node_new(JSON_TEXT) : NULL;
        if (node != NULL)
            node->text = text;
        return node;
    }
    if (take_word(parser, "null"))
        return node_new(JSON_NULL);
    bool yes = take_word(parser, "true");
    if (!yes && !take_word(parser, "false"))
        return parse_number(parser);
    JsonNode *node = node_new(JSON_FLAG);
    node->flag = yes;
    return node;
}

JsonNode *json_parse(const char *text, size_t length, char **problem)
{
    Parser parser = {text, text, text + length, 0, problem};
    *problem = NULL;
    JsonNode *node = parse_value(&parser);
    skip_blanks(&parser);
    if (node == NULL || parser.at == parser.end)
        return node;
    json_node_free(node);
    return refuse(&parser, "nothing may follow the value");
}

/* ---- Looking ---- */

const JsonNode *json_member(const JsonNode *node, const char *key)
{
    if (node == NULL || node->kind != JSON_OBJECT)
        return NULL;
    for (guint i = 0; i < node->items->len; i++)
        if (strcmp(node->keys->pdata[i], key) == 0)
            return node->items->pdata[i];
    return NULL;
}

const char *json_as_text(const JsonNode *node, const char *fallback)
{
    return node != NULL && node->kind == JSON_TEXT ? node->text : fallback;
}

double json_as_number(const JsonNode *node, double fallback)
{
    return node != NULL && node->kind == JSON_NUMBER ? node->number : fallback;
}

size_t json_length(const JsonNode *node)
{
    return node != NULL && node->items != NULL ? node->items->len : 0;
}

const JsonNode *json_item(const JsonNode *node, size_t index)
{
    return index < json_length(node) ? node->items->pdata[index] : NULL;
}
