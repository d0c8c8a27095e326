/* Every diagnostic that the scenario reader can emit, in one place.
 *
 * Private to sim/{source,yaml,units,param*}.c and their test, which demands a
 * case for each row and that no message comes from anywhere else. PARAM_SAYS_x
 * are printf formats, checked by the compiler where they are used. PARAM_NEEDS
 * complete "KEY must be …, not VALUE". YAML_SYNTAX translates what libyaml says
 * of a syntax error into words for people who have never read its grammar.
 */
#ifndef SIM_PARAM_TEXT_H
#define SIM_PARAM_TEXT_H

#include <stddef.h>

/* clang-format off */
#define PARAM_SAYS(X)                                                                              \
    /* The file and its YAML. */                                                                   \
    X(TOO_BIG,         "the scenario is larger than 1 MiB")                                        \
    X(BAD_UTF8,        "this is not UTF-8 text")                                                   \
    X(CONTROL,         "control character U+%04X is not allowed")                                  \
    X(DIRECTIVE,       "YAML directives are not supported")                                        \
    X(SECOND_DOCUMENT, "a second document is not supported: a scenario is one")                    \
    X(TRAILING,        "nothing may follow the end of the scenario")                               \
    X(TOO_DEEP,        "nested deeper than %d levels")                                             \
    X(ANCHOR,          "anchors (&%s) are not supported")                                          \
    X(ALIAS,           "aliases (*%s) are not supported")                                          \
    X(TAG,             "tags (%s) are not supported")                                              \
    X(MERGE,           "merge keys (<<) are not supported")                                        \
    X(KEY_KIND,        "a key must be a word, not %s")                                             \
    X(DUPLICATE,       "key %s is written twice")                                                  \
    X(SYNTAX,          "this is not valid YAML: %s")                                               \
    X(TOO_MANY,        "more than %d errors: the rest are not shown")                              \
    X(EMPTY_FILE,      "the scenario is empty")                                                    \
    /* Keys. */                                                                                    \
    X(ROOT,            "a scenario must be a group of keys, not %s")                               \
    X(UNKNOWN,         "unknown key %s")                                                           \
    X(UNKNOWN_IN,      "unknown key %s in %s")                                                     \
    X(DOTTED,          "key %s must be written as nested keys")                                    \
    X(MISSING,         "missing key %s")                                                           \
    X(EMPTY,           "%s has no value")                                                          \
    X(GROUP,           "%s must be a group of keys, not %s")                                       \
    X(LIST,            "%s must be a list, not %s")                                                \
    /* Values. */                                                                                  \
    X(VALUE,           "%s must be %s, not %s")                                                    \
    X(MEAN,            "the mean of %s must be %s, not %s")                                        \
    X(TEXT_CONTROL,    "%s must not contain control characters")                                   \
    /* Distributions. */                                                                           \
    X(DIST,            "%s must be a time or a distribution, not %s")                              \
    X(DIST_ONE,        "%s must name one distribution, not %zu")                                   \
    X(DIST_FAMILY,     "unknown distribution %s in %s")                                            \
    X(DIST_NAMED,      "%s needs its arguments by name")                                           \
    X(DIST_REFUSED,    "%s is not possible: %s")                                                   \
    /* CSV files of measurements. */                                                               \
    X(CSV_OPEN,        "cannot read %s: %s")                                                       \
    X(CSV_KIND,        "%s is not a regular file")                                                 \
    X(CSV_SIZE,        "%s is larger than %d MiB")                                                 \
    X(CSV_EMPTY,       "%s holds no values")                                                       \
    X(CSV_COLUMN,      "%s has no column %s")                                                      \
    X(CSV_COLUMNS,     "%s has %zu columns: name one")                                             \
    X(CSV_CELL,        "%s is not a duration")                                                     \
    X(CSV_SHORT,       "this row has no column %zu")                                               \
    X(CSV_MORE,        "more cells of %s are wrong: the rest are not shown")                       \
    /* --set. */                                                                                   \
    X(SET_FORM,        "%s is not of the form key=value")                                          \
    X(SET_KEY,         "%s is not a key")                                                          \
    X(SET_INDEX,       "%s does not exist")                                                        \
    X(SET_PARENT,      "cannot set %s: %s is %s")                                                  \
    /* Sweeps. */                                                                                  \
    X(SWEEP_VALUES,    "%s must be a list of values or a range, not %s")                           \
    X(SWEEP_NONE,      "%s has no values")                                                         \
    X(SWEEP_SAME,      "%s is there twice in %s")                                                  \
    X(SWEEP_TWICE,     "%s is swept twice")                                                        \
    X(SWEEP_LENGTH,    "%s has %zu value%s, %s has %zu")                                           \
    X(SWEEP_RANGE,     "the range of %s is not possible: %s")

/* What a value must be, if its text says something else. */
#define PARAM_NEEDS(X)                                                                             \
    X(TIME,         "a time")                                                                      \
    X(TIME_UNIT,    "a time with a unit")                                                          \
    X(TIME_KNOWN,   "a time in ns, us, ms, s, m, h or d")                                          \
    X(TIME_ORDER,   "a time with each unit once, from large to small")                             \
    X(TIME_LONG,    "a time of at most 36500d")                                                    \
    X(TIME_NEGATIVE,"a time of 0s or more")                                                        \
    X(RATE,         "a rate")                                                                      \
    X(RATE_UNIT,    "a rate with a unit")                                                          \
    X(RATE_KNOWN,   "a rate per s, m, h or d")                                                     \
    X(SHARE,        "a share")                                                                     \
    X(NUMBER,       "a number")                                                                    \
    X(FINITE,       "a finite number")                                                             \
    X(COUNT,        "a whole number")                                                              \
    X(COUNT_GROUPS, "a whole number with digits in groups of three")                               \
    X(COUNT_LARGE,  "a whole number of at most 9223372036854775807")                               \
    X(FLAG,         "true or false")                                                               \
    X(TEXT,         "a text")                                                                      \
    X(NAMES,        "a list of names")                                                             \
    X(NAME,         "a name")                                                                      \
    X(POSITIVE,     "a positive number")                                                           \
    X(UNIT,         "a unit: ns, us, ms, s, m, h or d")                                            \
    X(FILE,         "the name of a CSV file")                                                      \
    X(COLUMN,       "the name of a column")

/* libyaml's problem (the beginning of it), what we say, what to do. */
#define YAML_SYNTAX(X)                                                                             \
    X("found character that cannot start any token",                                               \
      "this character cannot begin a key or a value",                                              \
      "put the value in quotes")                                                                   \
    X("mapping values are not allowed in this context",                                            \
      "a \":\" is not allowed here",                                                               \
      "check the indentation; a text that contains \": \" needs quotes")                           \
    X("could not find expected ':'",                                                               \
      "this line is not of the form \"key: value\"",                                               \
      "is a \":\" missing, or the indentation wrong?")                                             \
    X("did not find expected key",                                                                 \
      "this does not belong to the group of keys above",                                           \
      "keys of one group must be indented alike")                                                  \
    X("did not find expected '-' indicator",                                                       \
      "this does not belong to the list above",                                                    \
      "every item of a list begins with \"- \", indented alike")                                   \
    X("did not find expected ',' or '}'",                                                          \
      "a \",\" or \"}\" is missing",                                                               \
      "write {key: value, key: value}")                                                            \
    X("did not find expected ',' or ']'",                                                          \
      "a \",\" or \"]\" is missing",                                                               \
      "write [first, second]")                                                                     \
    X("did not find expected node content",                                                        \
      "a value is missing here",                                                                   \
      "is there one comma, bracket or colon too many?")                                            \
    X("block sequence entries are not allowed in this context",                                    \
      "a list cannot begin here",                                                                  \
      "begin the list on a new line, or write [first, second]")                                    \
    X("mapping keys are not allowed in this context",                                              \
      "a \"?\" is not allowed here",                                                               \
      "put the value in quotes")                                                                   \
    X("found unexpected end of stream",                                                            \
      "the closing quote is missing",                                                              \
      "close the text with the quote that opened it")                                              \
    X("found unexpected document indicator",                                                       \
      "the closing quote is missing before this line",                                             \
      "close the text with the quote that opened it")                                              \
    X("found unknown escape character",                                                            \
      "unknown escape in a text in double quotes",                                                 \
      "write \\\\ for a backslash, or use single quotes")                                          \
    X("did not find expected hexdecimal number",                                                   \
      "an escape needs hexadecimal digits",                                                        \
      "write \\\\ for a backslash, or use single quotes")                                          \
    X("found invalid Unicode character escape code",                                               \
      "no character has this code",                                                                \
      "write \\\\ for a backslash, or use single quotes")                                          \
    X("did not find expected alphabetic or numeric character",                                     \
      "a value cannot begin with \"&\" or \"*\"",                                                  \
      "put the value in quotes")                                                                   \
    X("did not find expected comment or line break",                                               \
      "nothing may follow \"|\" or \">\" on its line",                                             \
      "begin the text on the next line")                                                           \
    X("found an indentation indicator equal to 0",                                                 \
      "the indentation of a text cannot be 0",                                                     \
      "write \"|\" alone")                                                                         \
    X("found undefined tag handle",                                                                \
      "tags are not supported",                                                                    \
      "put a value that begins with \"!\" in quotes")                                              \
    X("did not find expected whitespace or line break",                                            \
      "tags are not supported; this one is broken, too",                                           \
      "put a value that begins with \"!\" in quotes")                                              \
    X("did not find expected tag URI",                                                             \
      "a tag is broken, and tags are not supported",                                               \
      "put a value that begins with \"!\" in quotes")                                              \
    X("found a tab character where an indentation space is expected",                              \
      "this text is indented with a tab",                                                          \
      "indent with spaces")
/* clang-format on */

#define PARAM_TEXT_FORMAT(id, text) static const char PARAM_SAYS_##id[] = text;
PARAM_SAYS(PARAM_TEXT_FORMAT)

#define PARAM_TEXT_ENUM(id, text) PARAM_NEEDS_##id,
typedef enum ParamNeed { PARAM_NEEDS(PARAM_TEXT_ENUM) PARAM_NEED_COUNT } ParamNeed;

#endif
