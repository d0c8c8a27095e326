/* The scenario reader's inside, shared by sim/param*.c alone.
 *
 * param.c joins the file's tree and the --set overrides (param_set.c) into one and
 * walks it with the tables; param_sweep.c reads a sweep and applies one point of it; param_value.c
 * reads one value; param_dist.c a distribution; param_csv.c a file of measurements; param_schema.c
 * answers what the tables know. A path ("users.retry.max", "events[0].at") names a key in messages.
 */
#ifndef SIM_PARAM_READER_H
#define SIM_PARAM_READER_H

#include "sim/param.h"
#include "sim/param_text.h"
#include "sim/yaml.h"

struct ParamDoc {
    GPtrArray *sources;   /* Source*; the first is the file */
    GPtrArray *trees;     /* YamlTree*; the first is the file's */
    YamlNode *root;       /* NULL if nothing could be read */
    GHashTable *troubled; /* set of paths (char*) at or below which there was an error */
    GChecksum *data;      /* SHA-256 of all CSV files; NULL: there are none */
};

typedef struct ParamReader {
    const ParamSchema *schema;
    DiagList *diags;
    const Source *source;  /* of the file */
    YamlTree *tree;        /* of the file; owns nodes that are made */
    const YamlNode *root;  /* NULL if nothing could be read */
    const char *directory; /* of the file */
    bool complete;         /* the whole file could be read: a key that is not there is missing */
    GHashTable *excused;   /* keys known to be wrong in name or place: not missing as well */
    GHashTable *fallbacks; /* ParamSpec* to its default, read once */
    GHashTable *troubled;  /* the doc's: paths at or below which something is wrong */
    char **keys;           /* param_keys, when first needed */
    GChecksum **data;      /* the doc's */
} ParamReader;

/* One field to fill. */
typedef struct ParamSlot {
    const ParamSpec *spec;
    const char *path;
    void *field;
} ParamSlot;

/* An error at a node. The hint (may be NULL) is followed by the command that explains `key`; none
 * if `key` is NULL. */
void param_error(ParamReader *reader, const YamlNode *node, const char *key, const char *hint,
                 const char *format, ...) G_GNUC_PRINTF(5, 6);
/* An error at a node that is said to be `path`: it must be `need`, not what it is. */
void param_value_error(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                       const char *path, const char *need, const char *hint);
/* An unknown key in a group at `where` ("" at the top level); `allowed` are the right ones.
 * Returns the one that was meant, or NULL. */
const char *param_unknown(ParamReader *reader, const YamlNode *key, const char *where,
                          const char *explain, const char *const *allowed, size_t count);
void param_missing(ParamReader *reader, const YamlNode *node, const char *key, const char *path);

/* The text of a scalar; NULL after an error (a list, a group, nothing). */
const char *param_scalar(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                         const char *path, const char *need);
/* Fill a field from a node; false after an error, the field then being as it was (zero). */
bool param_value(ParamReader *reader, const ParamSlot *slot, const YamlNode *node);
/* Is `value` (of a distribution: its mean) within the bounds of the spec? */
bool param_in_range(ParamReader *reader, const ParamSlot *slot, const YamlNode *node, double value);
/* Fill a list of structs. */
bool param_list(ParamReader *reader, const ParamSlot *slot, const YamlNode *node);
Dist *param_dist(ParamReader *reader, const ParamSlot *slot, const YamlNode *node,
                 const char *path);
/* The measurements of a CSV file, in seconds. */
typedef struct ParamCsv {
    const YamlNode *node; /* the file's name */
    const char *column;   /* NULL: the only one */
    const char *unit;     /* of numbers without one */
} ParamCsv;
bool param_csv_read(ParamReader *reader, const ParamSlot *slot, const ParamCsv *csv,
                    GArray *seconds);

/* The node at a path, or the nearest above it; NULL if not even its first key was written. */
const YamlNode *param_nearest(const YamlNode *root, const char *path, bool *exact);
bool param_path_is_valid(const char *path);
/* Hang a --set override into the tree. */
void param_set(ParamDoc *doc, const char *text, DiagList *diags);
/* Hang a copy of one setting of a sweep into the tree, its mark where it was written. */
void param_apply(ParamDoc *doc, const ParamSetting *setting, DiagList *diags);
bool param_sweep(ParamReader *reader, const ParamSlot *slot, const YamlNode *node);
void param_sweep_apply(ParamReader *reader, ParamDoc *doc, size_t point);
/* Hang the settings of the group at `path` into the tree. */
void param_over_apply(ParamReader *reader, ParamDoc *doc, const char *path);
void param_sweep_clear(ParamSweep *sweep);

const ParamSpec *param_table_find(const ParamTable *table, const char *key);
/* Is there a key "GROUP.something"? */
bool param_table_has_group(const ParamTable *table, const char *group);
/* "events[0].at" to "events[].at"; g_free. */
char *param_generic(const char *path);
void param_table_clear(const ParamTable *table, char *base);
/* "a, b or c"; g_free. */
char *param_join(const char *const *words, size_t count);

#endif
