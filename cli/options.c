#include "cli/options.h"

#include <string.h>

#include "cli/format.h"
#include "sim/diag.h"
#include "sim/param.h"

/* What is left of the command line, and where answers go. */
typedef struct Reader {
    const OptionSpec *specs;
    size_t count;
    void *target;
    int argc, at;
    char **argv;
    GPtrArray *operands;
    char **problem;
} Reader;

static const OptionSpec *find_name(const Reader *reader, const char *name, size_t length)
{
    for (size_t i = 0; i < reader->count; i++) {
        const char *candidate = reader->specs[i].name;
        if (strlen(candidate) == length && strncmp(candidate, name, length) == 0)
            return &reader->specs[i];
    }
    return NULL;
}

static const OptionSpec *find_letter(const Reader *reader, char letter)
{
    for (size_t i = 0; i < reader->count; i++)
        if (letter != 0 && reader->specs[i].letter == letter)
            return &reader->specs[i];
    return NULL;
}

static bool unknown_name(const Reader *reader, const char *name, size_t length)
{
    g_autofree char *word = g_strndup(name, length);
    g_autofree const char **names = g_new0(const char *, reader->count + 1);
    for (size_t i = 0; i < reader->count; i++)
        names[i] = reader->specs[i].name;
    const char *near = diag_suggest(word, names, reader->count);
    if (near != NULL)
        *reader->problem = g_strdup_printf("unknown option --%s; did you mean --%s?", word, near);
    else
        *reader->problem = g_strdup_printf("unknown option --%s", word);
    return false;
}

static bool store_number(const Reader *reader, const OptionSpec *spec, const char *value)
{
    OptionNumber *field = (OptionNumber *)((char *)reader->target + spec->offset);
    g_autofree char *message = NULL;
    int64_t number = 0;
    if (!param_parse_count(value, &number, &message) || number < spec->min || number > spec->max) {
        g_autofree char *low = format_count((double)spec->min);
        g_autofree char *high = spec->max > INT64_C(1000000000) ? g_strdup("2^63 - 2")
                                                                : format_count((double)spec->max);
        *reader->problem = g_strdup_printf("--%s takes a whole number from %s to %s, not \"%s\"",
                                           spec->name, low, high, value);
        return false;
    }
    *field = (OptionNumber){true, number};
    return true;
}

static bool store(const Reader *reader, const OptionSpec *spec, const char *value)
{
    char *field = (char *)reader->target + spec->offset;
    switch (spec->kind) {
    case OPTION_FLAG:
        *(bool *)(void *)field = true;
        return true;
    case OPTION_TEXT:
    case OPTION_OR_DASH:
        if (value[0] == '\0') {
            *reader->problem = g_strdup_printf("--%s has an empty value", spec->name);
            return false;
        }
        *(const char **)(void *)field = value;
        return true;
    case OPTION_LIST:
        g_ptr_array_add(*(GPtrArray **)(void *)field, (void *)value);
        return true;
    case OPTION_NUMBER:
        return store_number(reader, spec, value);
    }
    return false;
}

/* The value of an option that must have one and has none attached. */
static const char *next_value(Reader *reader, const OptionSpec *spec)
{
    if (reader->at + 1 < reader->argc)
        return reader->argv[++reader->at];
    *reader->problem = g_strdup_printf("--%s needs a value (%s)", spec->name, spec->argument);
    return NULL;
}

static bool read_long(Reader *reader, const char *text)
{
    const char *equals = strchr(text, '=');
    size_t length = equals != NULL ? (size_t)(equals - text) : strlen(text);
    const OptionSpec *spec = find_name(reader, text, length);
    if (spec == NULL)
        return unknown_name(reader, text, length);
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (spec->kind == OPTION_FLAG && value != NULL) {
        *reader->problem = g_strdup_printf("--%s takes no value", spec->name);
        return false;
    }
    if (spec->kind == OPTION_OR_DASH && value == NULL)
        value = "-";
    if (spec->kind != OPTION_FLAG && value == NULL && (value = next_value(reader, spec)) == NULL)
        return false;
    return store(reader, spec, value);
}

static bool read_short(Reader *reader, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        const OptionSpec *spec = find_letter(reader, *letters);
        if (spec == NULL) {
            g_autofree char *shown = g_strndup(letters, 1);
            *reader->problem =
                g_strdup_printf("unknown option -%s", g_ascii_isprint(*letters) ? shown : "?");
            return false;
        }
        if (spec->kind == OPTION_FLAG) {
            if (!store(reader, spec, NULL))
                return false;
            continue;
        }
        const char *value = letters[1] != '\0' ? letters + 1 : next_value(reader, spec);
        return value != NULL && store(reader, spec, value);
    }
    return true;
}

bool options_parse(const OptionSpec *specs, size_t count, void *target, int argc, char **argv,
                   GPtrArray *operands, char **problem)
{
    Reader reader = {specs, count, target, argc, 0, argv, operands, problem};
    bool ended = false;
    for (; reader.at < argc; reader.at++) {
        char *word = argv[reader.at];
        if (ended || word[0] != '-' || word[1] == '\0')
            g_ptr_array_add(operands, word);
        else if (strcmp(word, "--") == 0)
            ended = true;
        else if (!(word[1] == '-' ? read_long(&reader, word + 2) : read_short(&reader, word + 1)))
            return false;
    }
    return true;
}
