/* A JSON reader: RFC 8259, strict, as a tree. For our own results, read again.
 *
 * Refused, with line and column: what is no JSON, depth above 64, text after the value, a key that
 * is there twice. Numbers are doubles. Ownership: json_node_free frees the whole tree.
 */
#ifndef CLI_JSON_READ_H
#define CLI_JSON_READ_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum JsonKind {
    JSON_NULL,
    JSON_FLAG,
    JSON_NUMBER,
    JSON_TEXT,
    JSON_ARRAY,
    JSON_OBJECT
} JsonKind;

typedef struct JsonNode {
    JsonKind kind;
    bool flag;
    double number;
    char *text;
    GPtrArray *items; /* JsonNode *; of an array or an object */
    GPtrArray *keys;  /* char *; of an object, beside the items */
} JsonNode;

/* NULL with *problem (g_free): "line 3, column 7: …". */
JsonNode *json_parse(const char *text, size_t length, char **problem);
void json_node_free(JsonNode *node);

/* NULL if `node` is NULL, no object, or has no such key. */
const JsonNode *json_member(const JsonNode *node, const char *key);
/* `fallback` where the node is NULL or of another kind. */
const char *json_as_text(const JsonNode *node, const char *fallback);
double json_as_number(const JsonNode *node, double fallback);
size_t json_length(const JsonNode *node); /* of an array or object; else 0 */
const JsonNode *json_item(const JsonNode *node, size_t index);

#endif
