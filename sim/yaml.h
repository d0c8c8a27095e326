/* A YAML document as a tree of marked nodes; only yaml.c sees libyaml.
 *
 * Scalars are text: nothing is guessed from it. What a scenario may not hold
 * (anchors, aliases, tags, merge keys, keys that are not words, duplicate keys,
 * a second document) is reported and left out, and reading goes on. After a
 * syntax error, or below YAML_DEPTH_MAX levels, one cannot go on: the tree then
 * holds what came before, and is not complete.
 *
 * The event loop bounds what libyaml may do: its cost grows with the square of
 * the depth of brackets, and a scalar has no size limit of its own.
 *
 * Ownership: a YamlTree owns its nodes, whichever tree they hang in. Nodes
 * borrow their Source, which must outlive them.
 */
#ifndef SIM_YAML_H
#define SIM_YAML_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/diag.h"
#include "sim/source.h"

#define YAML_DEPTH_MAX 32
#define YAML_SIZE_MAX  (1024 * 1024)

typedef enum NodeKind {
    NODE_SCALAR,
    NODE_LIST,
    NODE_GROUP,  /* a mapping */
    NODE_BROKEN, /* its error has been reported: say no more */
} NodeKind;

typedef struct YamlNode YamlNode;
struct YamlNode {
    NodeKind kind;
    const Source *source;
    DiagMark mark;
    YamlNode *key; /* under which it stands; NULL for the root and in a list */
    char *text;    /* SCALAR */
    size_t inset;  /* characters from the mark to text, if they match one to one */
    bool quoted;   /* SCALAR: so that "" is a text and ~ a tilde */
    bool exact;    /* SCALAR: on one line and without escapes, so that marks may go inside */
    const char *shorthand; /* a scalar list item: the key for which it stands; set by the reader */
    GPtrArray *values;     /* LIST and GROUP: YamlNode* */
    GHashTable *index;     /* GROUP: key text to YamlNode* */
};

typedef struct YamlTree {
    GPtrArray *nodes;
    YamlNode *root; /* NULL if there is nothing */
    bool complete;
} YamlTree;

/* Read `source` from byte `skip` on; marks count from its beginning. */
YamlTree *yaml_read(const Source *source, size_t skip, DiagList *diags);
void yaml_tree_free(YamlTree *tree);

/* The value under a key of a group, the item at an index of a list, or NULL. */
YamlNode *yaml_get(const YamlNode *group, const char *key);
YamlNode *yaml_item(const YamlNode *list, size_t index);
/* The value at an index of a list or a group, in the order of writing. */
YamlNode *yaml_value(const YamlNode *node, size_t index);
/* Make a node; put it into a group, in place of an older value if there is one. */
YamlNode *yaml_node_new(YamlTree *tree, NodeKind kind, const Source *source, DiagMark mark);
void yaml_put(YamlNode *group, YamlNode *key, YamlNode *value);
/* A deep copy, its marks the same. */
YamlNode *yaml_copy(YamlTree *tree, const YamlNode *node);
/* As it could be written on one line; g_free. */
char *yaml_flow(const YamlNode *node);
/* "a list", "a group of keys", "nothing", or the scalar's text; g_free. */
char *yaml_show(const YamlNode *node);
bool yaml_is_empty(const YamlNode *node); /* nothing, or ~ */

#endif
