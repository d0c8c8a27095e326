/* Diagnostics: what is wrong with a user's input, and where.
 *
 * Collected, never printed: the reader goes on after an error so that one pass
 * shows them all. diag_format renders one as
 *
 *   scenario.yaml:12:9: error: unknown key "timeuot" in users
 *      12 |   timeuot: 10s
 *         |   ^~~~~~~
 *     did you mean "timeout"?  See: failsim explain users
 *
 * Columns count characters (UTF-8), lines and columns from 1; 0 means "nowhere".
 * What cannot be printed (a terminal's escape sequence, say) is shown as U+FFFD.
 * Ownership: a DiagList owns copies of everything.
 */
#ifndef SIM_DIAG_H
#define SIM_DIAG_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum DiagLevel { DIAG_ERROR, DIAG_WARNING } DiagLevel;

typedef struct DiagMark {
    size_t line, column; /* from 1 */
    size_t length;       /* characters to underline; 0 and 1 both give a bare caret */
} DiagMark;

typedef struct Diag {
    DiagLevel level;
    char *file;
    DiagMark mark;
    char *source_line;  /* may be NULL; of a very long line the part around the mark */
    size_t source_skip; /* characters of the line cut off before it */
    char *message;
    char *hint; /* may be NULL */
} Diag;

typedef struct DiagList {
    GPtrArray *items; /* Diag*, in the order found; diag_list_sort orders by file and place */
    size_t errors, warnings;
} DiagList;

void diag_list_init(DiagList *list);
void diag_list_clear(DiagList *list);
void diag_list_sort(DiagList *list);
/* Append all of `from` to `to`; `from` is empty afterwards, and still to be cleared. */
void diag_list_move(DiagList *to, DiagList *from);
void diag_add(DiagList *list, DiagLevel level, const char *file, DiagMark mark,
              const char *source_line, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(7, 8);
char *diag_format(const Diag *diag, bool colour); /* free with g_free */

/* The candidate nearest to `word` (Damerau-Levenshtein distance in bytes, case ignored, at most a
 * third of its length and never more than 3 edits; the first of equals), or NULL. */
const char *diag_suggest(const char *word, const char *const *candidates, size_t count);

#endif
