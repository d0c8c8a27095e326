/* What can be asked of a sweep that was read: its points, and comparisons between keys. */
#include <math.h>
#include <string.h>

#include "sim/check.h"
#include "sim/param_reader.h"
#include "sim/units.h"

/* ---- Points ---- */

ParamDesign param_design(const ParamSchema *schema, const void *target)
{
    GPtrArray *axes = g_ptr_array_new();
    size_t points = 1;
    for (size_t s = 0; s < schema->count; s++) {
        const ParamSection *section = &schema->sections[s];
        for (size_t i = 0; i < section->table->count; i++) {
            const ParamSpec *spec = &section->table->specs[i];
            if (spec->type < PARAM_GRID || spec->type == PARAM_POINT)
                continue;
            const ParamSweep *sweep =
                (const void *)((const char *)target + section->offset + spec->offset);
            for (size_t k = 0; k < sweep->count; k++) {
                g_ptr_array_add(axes, &sweep->axis[k]);
                points = MIN(points * sweep->axis[k].count, PARAM_POINTS_MAX + 1);
            }
        }
    }
    ParamDesign design = {.count = axes->len, .points = axes->len > 0 ? points : 0};
    design.axis = (const ParamAxis **)g_ptr_array_free(axes, FALSE);
    return design;
}

void param_design_clear(ParamDesign *design)
{
    g_free(design->axis);
    *design = (ParamDesign){0};
}

const ParamAlternative *param_design_at(const ParamDesign *design, size_t axis, size_t point)
{
    SIM_CHECK(axis < design->count && point < design->points);
    for (size_t i = design->count - 1; i > axis; i--)
        point /= design->axis[i]->count;
    return &design->axis[axis]->alternative[point % design->axis[axis]->count];
}

/* ---- The value of a key ---- */

static const void *field_in(const ParamTable *table, const char *base, const char *path,
                            const ParamSpec **found)
{
    for (size_t i = 0; i < table->count; i++) {
        const ParamSpec *spec = &table->specs[i];
        const char *field = base + spec->offset;
        size_t length = strlen(spec->key);
        if (strncmp(path, spec->key, length) != 0)
            continue;
        *found = spec;
        if (path[length] == '\0')
            return field;
        if (spec->type != PARAM_LIST || path[length] != '[')
            continue;
        char *end;
        guint64 index = g_ascii_strtoull(path + length + 1, &end, 10);
        const ParamList *list = (const void *)field;
        if (index >= list->count || end[0] != ']' || end[1] != '.')
            return NULL;
        return field_in(spec->items, (const char *)list->item + index * spec->items->size, end + 2,
                        found);
    }
    return NULL;
}

static const void *field_at(const ParamSchema *schema, const void *target, const char *path,
                            const ParamSpec **found)
{
    const void *field = NULL;
    for (size_t i = 0; i < schema->count && field == NULL; i++) {
        const ParamSection *section = &schema->sections[i];
        size_t length = strlen(section->name);
        const char *base = (const char *)target + section->offset;
        if (length == 0)
            field = field_in(section->table, base, path, found);
        else if (strncmp(path, section->name, length) == 0 && path[length] == '.')
            field = field_in(section->table, base, path + length + 1, found);
    }
    return field;
}

/* ---- Comparing ---- */

/* One side: a number of some kind, or a word. */
typedef struct Term {
    const char *start;
    size_t length;
    char *text;
    const ParamSpec *spec; /* a key's; NULL: a value */
    ParamType kind;        /* TIME, RATE, NUMBER, FLAG, CHOICE or TEXT */
    double number;
    const char *word;
} Term;

static ParamType kind_of(ParamType type)
{
    switch (type) {
    case PARAM_DIST:
        return PARAM_TIME;
    case PARAM_COUNT:
    case PARAM_SHARE:
        return PARAM_NUMBER;
    default:
        return type;
    }
}

static double number_of(const ParamSpec *spec, const void *field)
{
    switch (spec->type) {
    case PARAM_DIST:
        return dist_mean(*(Dist *const *)field);
    case PARAM_TIME:
        return sim_seconds(*(const SimTime *)field);
    case PARAM_COUNT:
        return (double)*(const int64_t *)field;
    case PARAM_FLAG:
        return *(const bool *)field ? 1 : 0;
    case PARAM_CHOICE:
        return *(const int *)field;
    default:
        return *(const double *)field;
    }
}

static bool refuse(ParamProblem *problem, const char *text, const char *at, size_t length,
                   char *message, char *hint)
{
    *problem = (ParamProblem){(size_t)g_utf8_pointer_to_offset(text, at),
                              (size_t)g_utf8_strlen(at, (gssize)length), message, hint};
    return false;
}

static bool comparable(ParamType type)
{
    return type <= PARAM_DIST;
}

static bool read_key(const ParamSchema *schema, const void *target, const char *text, Term *term,
                     ParamProblem *problem)
{
    if (!g_ascii_isalpha(*term->text) || param_find(schema, term->text) == NULL)
        return true;
    const void *field = field_at(schema, target, term->text, &term->spec);
    if (field == NULL || !comparable(term->spec->type))
        return refuse(problem, text, term->start, term->length,
                      g_strdup_printf(field == NULL ? "%s does not exist" : "%s cannot be compared",
                                      term->text),
                      field == NULL ? g_strdup("items of a list are counted from 0: events[0].at")
                                    : NULL);
    term->kind = kind_of(term->spec->type);
    if (term->kind == PARAM_TEXT)
        term->word = *(char *const *)field;
    else
        term->number = number_of(term->spec, field);
    return true;
}

static bool parse_choice(const ParamSpec *spec, const char *text, double *out, char **message)
{
    for (size_t i = 0; spec->choices[i] != NULL; i++)
        if (strcmp(spec->choices[i], text) == 0) {
            *out = (double)i;
            return true;
        }
    char *all = param_join(spec->choices, g_strv_length((char **)spec->choices));
    *message = g_strdup_printf("must be %s, not %s", all, text);
    g_free(all);
    return false;
}

static bool parse_flag(const char *text, double *out, char **message)
{
    static const char *const words[] = {"no", "yes", "off", "on", "false", "true"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i], text) == 0) {
            *out = (double)(i % 2);
            return true;
        }
    *message = g_strdup_printf("must be %s, not %s", param_needs[PARAM_NEEDS_FLAG], text);
    return false;
}

static bool parse_value(const ParamSpec *spec, const char *text, double *out, char **message)
{
    SimTime time = 0;
    int64_t count = 0;
    bool good;
    switch (spec->type) {
    case PARAM_DIST:
    case PARAM_TIME:
        good = param_parse_time(text, &time, message);
        *out = sim_seconds(time);
        return good;
    case PARAM_COUNT:
        good = param_parse_count(text, &count, message);
        *out = (double)count;
        return good;
    case PARAM_RATE:
        return param_parse_rate(text, out, message);
    case PARAM_SHARE:
        return param_parse_share(text, out, message);
    case PARAM_CHOICE:
        return parse_choice(spec, text, out, message);
    case PARAM_FLAG:
        return parse_flag(text, out, message);
    default:
        return param_parse_number(text, out, message);
    }
}

/* A value takes the type of the key on the other side. */
static bool read_value(const char *text, Term *term, const Term *other, ParamProblem *problem)
{
    term->kind = other->kind;
    term->word = term->text;
    char *message = NULL;
    if (term->kind == PARAM_TEXT || parse_value(other->spec, term->text, &term->number, &message))
        return true;
    refuse(problem, text, term->start, term->length,
           g_strdup_printf("what %s is compared with %s", other->text, message), NULL);
    g_free(message);
    return false;
}

static bool refuse_words(const ParamSchema *schema, const char *text, const Term *term,
                         ParamProblem *problem)
{
    char **keys = param_keys(schema);
    const char *near = diag_suggest(term->text, (const char *const *)keys, g_strv_length(keys));
    refuse(problem, text, term->start, term->length,
           g_strdup_printf("unknown key \"%s\"", term->text),
           near != NULL ? g_strdup_printf("did you mean \"%s\"?", near)
                        : g_strdup("write KEY <= KEY or KEY <= VALUE"));
    g_strfreev(keys);
    return false;
}

static Term term_cut(const char *start, size_t length)
{
    while (length > 0 && strchr(" \t", *start) != NULL)
        start++, length--;
    while (length > 0 && strchr(" \t\n", start[length - 1]) != NULL)
        length--;
    return (Term){.start = start, .length = length, .text = g_strndup(start, length)};
}

static bool holds_number(const char *op, double a, double b)
{
    switch (op[0]) {
    case '<':
        return op[1] == '=' ? a <= b : a < b;
    case '>':
        return op[1] == '=' ? a >= b : a > b;
    case '!':
        return a != b;
    default:
        return a == b;
    }
}

static bool compare_terms(const char *text, const char *op, size_t op_length, const Term *a,
                          const Term *b, bool *holds, ParamProblem *problem)
{
    if (a->kind != b->kind)
        return refuse(problem, text, text, strlen(text),
                      g_strdup_printf("%s and %s are of different kinds", a->text, b->text), NULL);
    bool ordered = a->kind == PARAM_TIME || a->kind == PARAM_RATE || a->kind == PARAM_NUMBER;
    if (!ordered && op[0] != '=' && op[0] != '!')
        return refuse(problem, text, op, op_length,
                      g_strdup_printf("%s can be equal or not, no more", a->text),
                      g_strdup("write == or !="));
    if (a->kind == PARAM_TEXT)
        *holds = (strcmp(a->word, b->word) == 0) == (op[0] == '=');
    else
        *holds = holds_number(op, a->number, b->number);
    return true;
}

bool param_compare(const ParamSchema *schema, const void *target, const char *text, bool *holds,
                   ParamProblem *problem)
{
    const char *op = text + strcspn(text, "<>=!");
    size_t length = strspn(op, "<>=!");
    char *word = g_strndup(op, length);
    static const char *const ops[] = {"<=", ">=", "==", "!=", "<", ">", NULL};
    Term a = term_cut(text, (size_t)(op - text)), b = term_cut(op + length, strlen(op + length));
    bool good;
    *holds = true;
    if (!g_strv_contains(ops, word))
        good = refuse(problem, text, length > 0 ? op : text, length > 0 ? length : strlen(text),
                      length > 0 ? g_strdup_printf("unknown operator \"%s\"", word)
                                 : g_strdup("a constraint compares two keys, or a key and a value"),
                      g_strdup("operators: <= < >= > == !="));
    else if (a.length == 0 || b.length == 0)
        good =
            refuse(problem, text, op, length, g_strdup("something is missing beside the operator"),
                   g_strdup("write KEY <= KEY or KEY <= VALUE"));
    else
        good = read_key(schema, target, text, &a, problem) &&
               read_key(schema, target, text, &b, problem) &&
               (a.spec != NULL || b.spec != NULL || refuse_words(schema, text, &a, problem)) &&
               (a.spec != NULL || read_value(text, &a, &b, problem)) &&
               (b.spec != NULL || read_value(text, &b, &a, problem)) &&
               compare_terms(text, op, length, &a, &b, holds, problem);
    g_free(word);
    g_free(a.text);
    g_free(b.text);
    return good;
}
