/* Parameters: one table says everything about a scenario's keys.
 *
 * Each model owns a table of ParamSpec for its config struct; a ParamSchema
 * joins them under section names. From it come the YAML reader, the
 * diagnostics, `explain`, the reference and (later) the JSON Schema and shell
 * completion, so that documentation cannot drift. Defaults are written as a
 * user would write them and go through the same parser.
 *
 * YAML is read through libyaml's events with its marks. Types come from the
 * table alone: "no", "1e3", "12:30" are never guessed. A bare number where a
 * unit is needed is an error. Refused, each with file:line:column: unknown or
 * duplicate keys, a missing required key, wrong type or unit, out of range,
 * NaN, infinite or negative where not allowed, aliases, anchors, tags, a second
 * document, depth above 32, files above 1 MiB, bad UTF-8. All errors are found
 * in one pass (200 are shown); after a YAML syntax error, those before it. Every
 * message is a row of sim/param_text.h.
 *
 * Ownership: strings, Dists and list arrays inside a config struct belong to it
 * and are freed by param_clear. Specs are static.
 */
#ifndef SIM_PARAM_H
#define SIM_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/diag.h"
#include "sim/dist.h"
#include "sim/time.h"

typedef enum ParamType {
    PARAM_FLAG,  /* bool: on/off, yes/no, true/false */
    PARAM_COUNT, /* int64_t: 12, 1_000_000, 1,212,400; also "unlimited" = INT64_MAX if max allows */
    PARAM_NUMBER, /* double, no unit */
    PARAM_SHARE,  /* double 0..1: 0.05 or 5% */
    PARAM_TIME,   /* SimTime: 30s, 1.5s, 1m30s, 2h, 250us, 10ns, 2d; 0 needs a unit too */
    PARAM_RATE,   /* double per second: 850/s, 3/m, 10/h, 5/d */
    PARAM_CHOICE, /* int: index into `choices` */
    PARAM_TEXT,   /* char* */
    PARAM_DIST,   /* Dist*: a time, or {family: {…}} */
    PARAM_NAMES,  /* ParamNames: list of words */
    PARAM_LIST,   /* ParamList of structs described by `items` */
    PARAM_GRID,   /* ParamSweep: {key: [values] or range}; every combination of values */
    PARAM_ZIP,    /* ParamSweep: the same, first values together, second together, … */
    PARAM_POINTS, /* ParamSweep: list of {key: value}, one a point */
    PARAM_POINT, /* ParamSweep: {key: value}: one axis with one alternative; no part of the sweep */
} ParamType;

typedef struct ParamNames {
    char **name; /* NULL-terminated */
    size_t count;
} ParamNames;

typedef struct ParamList {
    void *item; /* array of structs of items->size bytes */
    size_t count;
} ParamList;

/* One key of a sweep and one value of it, in flow YAML. */
typedef struct ParamSetting {
    char *key, *value;
    const struct YamlNode *key_node, *value_node; /* the reader's own: invalid after reading */
} ParamSetting;

/* Settings made together. */
typedef struct ParamAlternative {
    ParamSetting *setting;
    size_t count;
} ParamAlternative;

typedef struct ParamAxis {
    ParamAlternative *alternative;
    size_t count;
} ParamAxis;

/* Axes, of which every combination of alternatives is a point: a grid has one for each key, a zip
 * and a list of points are one. */
typedef struct ParamSweep {
    ParamAxis *axis;
    size_t count;
} ParamSweep;

typedef struct ParamSpec ParamSpec;

/* The specs of one struct. */
typedef struct ParamTable {
    const ParamSpec *specs;
    size_t count;
    size_t size;           /* bytes of the struct */
    const char *shorthand; /* for list items: a scalar item sets this key; NULL if none */
} ParamTable;

struct ParamSpec {
    const char *key; /* may be dotted: "retry.max" is key max in group retry */
    ParamType type;
    size_t offset;        /* of the field in its struct */
    const char *fallback; /* default, as a user writes it (flow YAML); NULL: required */
    double min, max; /* COUNT, NUMBER, SHARE; TIME and a DIST's mean in seconds; RATE per second.
                        min == max == 0: the type's natural range */
    const char *const *choices; /* CHOICE: NULL-terminated */
    const ParamTable *items;    /* LIST */
    const char *text;           /* what it is, one or two sentences */
    const char *source;         /* where the default or the meaning comes from; "" if ours */
};

/* One section of the file: `name` is the top-level key; "" for keys at the top level itself.
 * A section holding a list at top level (events:) is a LIST spec in the "" section. */
typedef struct ParamSection {
    const char *name;
    const char *text;
    const ParamTable *table;
    size_t offset; /* of the section's struct in the target */
} ParamSection;

typedef struct ParamSchema {
    const ParamSection *sections;
    size_t count;
    size_t size; /* bytes of the target */
} ParamSchema;

/* What was read, with marks, for checks that need more than one key. */
typedef struct ParamDoc ParamDoc;

/* Read a file's text into *target (all bytes overwritten; defaults filled in even on error, so
 * that later checks may run). `sets` are "key=value" strings from the command line, applied over
 * the file, list items as events[0].at; their diagnostics name the file "--set".
 * Errors go to `diags`. Returns the doc (never NULL); free with param_doc_free. Relative paths of
 * empirical CSV files are taken from the scenario's directory, also `file`'s. */
ParamDoc *param_read(const ParamSchema *schema, const char *file, const char *text, size_t length,
                     const char *const *sets, size_t set_count, void *target, DiagList *diags);
void param_doc_free(ParamDoc *doc);
#define PARAM_BASE       SIZE_MAX
#define PARAM_POINTS_MAX 10000
/* The same with the settings of one point of the sweep on top of file and sets: a wrong one is
 * shown where the sweep has it. Points are the combinations of all alternatives of all axes, in
 * the order of the schema, the last axis fastest. PARAM_BASE: no point. */
ParamDoc *param_read_point(const ParamSchema *schema, const char *file, const char *text,
                           size_t length, const char *const *sets, size_t set_count, size_t point,
                           void *target, DiagList *diags);
/* The same with the settings of a PARAM_POINT ("variants[1].set") on top; nothing if there is none.
 */
ParamDoc *param_read_over(const ParamSchema *schema, const char *file, const char *text,
                          size_t length, const char *const *sets, size_t set_count,
                          const char *path, void *target, DiagList *diags);
void param_clear(const ParamSchema *schema, void *target);

/* SHA-256 in hex of the CSV files that were read, "" if there were none: what the text alone does
 * not say. */
const char *param_doc_data(const ParamDoc *doc);
/* Was the key written by the user? ("users.retry.max", "events[1].target") */
bool param_doc_has(const ParamDoc *doc, const char *path);
/* Was there an error in this key, list or list item ("failover.steps", "events[1]")? Its value is
 * then a stand-in that no further check should judge. */
bool param_doc_failed(const ParamDoc *doc, const char *path);
/* The line of the file on which a value stands; 0 if it comes from elsewhere (--set, a default). */
size_t param_doc_line(const ParamDoc *doc, const char *path);
/* Add a diagnostic at a key's value (or the nearest parent that was written; else line 1, shown
 * without its text). The hint is taken as it is: name the key to explain in it, if there is one. */
void param_doc_error(const ParamDoc *doc, DiagList *diags, const char *path, const char *hint,
                     const char *format, ...) G_GNUC_PRINTF(5, 6);
void param_doc_warn(const ParamDoc *doc, DiagList *diags, const char *path, const char *hint,
                    const char *format, ...) G_GNUC_PRINTF(5, 6);
/* The same at `skip` characters into a scalar value, `length` long: for text with a grammar of its
 * own, such as an expectation. */
void param_doc_error_at(const ParamDoc *doc, DiagList *diags, const char *path, size_t skip,
                        size_t length, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(7, 8);

/* Sweeps. The axes of everything that was read through the schema's sweep specs, borrowed. */
typedef struct ParamDesign {
    const ParamAxis **axis;
    size_t count;
    size_t points; /* 0: no sweep; above PARAM_POINTS_MAX: too many */
} ParamDesign;
ParamDesign param_design(const ParamSchema *schema, const void *target);
void param_design_clear(ParamDesign *design);
/* The alternative of an axis at a point. */
const ParamAlternative *param_design_at(const ParamDesign *design, size_t axis, size_t point);

/* "router.ttl <= users.timeout": two keys, or a key and a value, compared in *target. */
typedef struct ParamProblem {
    size_t skip, length; /* the offending part of the text, in characters */
    char *message;       /* g_free */
    char *hint;          /* g_free, may be NULL */
} ParamProblem;
bool param_compare(const ParamSchema *schema, const void *target, const char *text, bool *holds,
                   ParamProblem *problem);

/* Units. Parse one value of a table type; on failure *message (g_free) says what is wrong. */
bool param_parse_time(const char *text, SimTime *out, char **message);
bool param_parse_rate(const char *text, double *out, char **message);
bool param_parse_share(const char *text, double *out, char **message);
bool param_parse_number(const char *text, double *out, char **message);
bool param_parse_count(const char *text, int64_t *out, char **message);
/* "1m52.3s", "850ms": the shortest exact-enough form, three significant digits or more. */
char *param_format_time(SimTime t);

/* Look up "users.retry.max" (also "events[].at", "events.at"): the spec and its full key, for
 * explain. Returns NULL if there is none. */
const ParamSpec *param_find(const ParamSchema *schema, const char *key);
/* All full keys ("users.rate", "events[].at"), sorted as in the schema; free with g_strfreev. */
char **param_keys(const ParamSchema *schema);
const char *param_type_name(ParamType type); /* "time", "share", … for explain */

#endif
