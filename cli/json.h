/* A streaming JSON writer: RFC 8259, two-space indentation, keys in the order written.
 *
 * Numbers are the shortest decimal that reads back as the same double; NAN and
 * infinities, which JSON lacks, become null. Text must be UTF-8; what is not is
 * replaced. Misuse (a value without a key, a wrong end) is a bug and is checked.
 * The caller owns the stream and looks at ferror.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_DEPTH = 16 };

typedef struct JsonLevel {
    char close;    /* '}' or ']' */
    bool flat;     /* on one line */
    size_t values; /* so far */
} JsonLevel;

typedef struct Json {
    FILE *out;
    size_t depth;
    bool keyed; /* a key waits for its value */
    JsonLevel level[JSON_DEPTH];
} Json;

void json_init(Json *json, FILE *out);
void json_object(Json *json);      /* { one member a line */
void json_object_flat(Json *json); /* { all on one line */
void json_array(Json *json);
void json_array_flat(Json *json);
void json_end(Json *json); /* the innermost object or array; a newline after the outermost */
void json_key(Json *json, const char *key);

/* A key and a value to nine digits, because the last ones of libm differ between machines; null if
 * it is not finite. */
void json_measured(Json *json, const char *key, double value);

void json_text(Json *json, const char *text);
void json_number(Json *json, double value);
void json_integer(Json *json, uint64_t value);
void json_flag(Json *json, bool value);
void json_null(Json *json);

enum { JSON_NUMBER_SIZE = 40 };
/* The shortest round trip, for CSV too; `value` must be finite. */
void json_shortest(double value, char buffer[JSON_NUMBER_SIZE]);

#endif
