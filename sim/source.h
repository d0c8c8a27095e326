/* A text that a user wrote, and the way back from a place in it to a diagnostic.
 *
 * Lines end at LF or CR LF. Nothing is indexed: a line is searched for when an
 * error must show it, and errors are few.
 *
 * Ownership: a Source owns copies of its name and text.
 */
#ifndef SIM_SOURCE_H
#define SIM_SOURCE_H

#include <stdarg.h>
#include <stddef.h>

#include "sim/diag.h"

/* Errors after this many are counted as one: a hostile file may hold a hundred thousand. */
#define SOURCE_ERRORS_MAX 200

typedef struct Source {
    char *file;
    char *text; /* NUL-terminated; may hold more NULs */
    size_t length;
} Source;

Source *source_new(const char *file, const char *text, size_t length);
void source_free(Source *source);
/* The text of line `line` (from 1), valid UTF-8, without its end; NULL if there is none. */
char *source_line(const Source *source, size_t line);

/* Add a diagnostic that shows the marked line. */
void source_report(const Source *source, DiagList *diags, DiagLevel level, DiagMark mark,
                   const char *hint, const char *format, va_list args) G_GNUC_PRINTF(6, 0);
/* The same for an error, but no more than SOURCE_ERRORS_MAX of them in one list. */
void source_error(const Source *source, DiagList *diags, DiagMark mark, const char *hint,
                  const char *format, ...) G_GNUC_PRINTF(5, 6);

#endif
