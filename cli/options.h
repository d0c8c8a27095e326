/* Options: a table says what a command takes; one parser fills a struct from it.
 *
 * Strict: no abbreviations, a value is checked where it is given, an unknown
 * option is an error with a suggestion. Options and operands may be mixed; "--"
 * ends options; "-" is an operand. Short flags may be joined (-qv), a short
 * option's value may follow at once (-r3). The last of a repeated option wins.
 * Texts in the filled struct point into argv.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum OptionKind {
    OPTION_FLAG,    /* bool */
    OPTION_TEXT,    /* const char * */
    OPTION_OR_DASH, /* const char *: --name means "-", --name=VALUE means VALUE */
    OPTION_LIST,    /* GPtrArray *, made by the caller: every occurrence appended */
    OPTION_NUMBER,  /* OptionNumber, within min..max */
} OptionKind;

typedef struct OptionNumber {
    bool given;
    int64_t value;
} OptionNumber;

typedef struct OptionSpec {
    char letter;          /* 0: no short form */
    const char *name;     /* long form without dashes */
    const char *argument; /* "N"; NULL for a flag */
    OptionKind kind;
    size_t offset; /* of the field in the target */
    int64_t min, max;
    const char *text;
} OptionSpec;

/* Operands are appended to `operands`. On failure *problem (g_free) says what is wrong. */
bool options_parse(const OptionSpec *specs, size_t count, void *target, int argc, char **argv,
                   GPtrArray *operands, char **problem);

#endif
