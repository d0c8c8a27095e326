#include "sim/diag.h"

#include <string.h>

/* A stored line is at most this long, with this much of it before the mark: a diagnostic must fit
 * on a screen, and a hostile line may be a mebibyte. */
#define LINE_MAX_SHOWN 140
#define LINE_BEFORE    60

#define WORD_MAX 64 /* longer words get no suggestion */

static void diag_free(void *data)
{
    Diag *diag = data;
    g_free(diag->file);
    g_free(diag->source_line);
    g_free(diag->message);
    g_free(diag->hint);
    g_free(diag);
}

void diag_list_init(DiagList *list)
{
    *list = (DiagList){.items = g_ptr_array_new_with_free_func(diag_free)};
}

void diag_list_clear(DiagList *list)
{
    if (list->items != NULL)
        g_ptr_array_free(list->items, TRUE);
    *list = (DiagList){0};
}

void diag_list_move(DiagList *to, DiagList *from)
{
    g_ptr_array_extend_and_steal(to->items, from->items);
    to->errors += from->errors;
    to->warnings += from->warnings;
    diag_list_init(from);
}

static int diag_compare(const void *left, const void *right)
{
    const Diag *a = *(const Diag *const *)left;
    const Diag *b = *(const Diag *const *)right;
    int order = strcmp(a->file, b->file);
    if (order != 0)
        return order;
    /* What is nowhere in the file (line 0) comes last. */
    if (a->mark.line != b->mark.line)
        return a->mark.line - 1 < b->mark.line - 1 ? -1 : 1;
    if (a->mark.column != b->mark.column)
        return a->mark.column < b->mark.column ? -1 : 1;
    return 0;
}

/* g_ptr_array_sort is stable. */
void diag_list_sort(DiagList *list)
{
    g_ptr_array_sort(list->items, diag_compare);
}

/* A copy of at most `max` characters from character `skip` on. */
static char *clip(const char *text, size_t skip, size_t max)
{
    const char *start = text;
    for (size_t i = 0; i < skip && *start != '\0'; i++)
        start = g_utf8_next_char(start);
    const char *stop = start;
    for (size_t i = 0; i < max && *stop != '\0'; i++)
        stop = g_utf8_next_char(stop);
    return g_strndup(start, (size_t)(stop - start));
}

void diag_add(DiagList *list, DiagLevel level, const char *file, DiagMark mark,
              const char *source_line, const char *hint, const char *format, ...)
{
    Diag *diag = g_new0(Diag, 1);
    diag->level = level;
    diag->file = g_strdup(file);
    diag->mark = mark;
    diag->hint = g_strdup(hint);
    if (source_line != NULL) {
        if (mark.column > LINE_MAX_SHOWN)
            diag->source_skip = mark.column - LINE_BEFORE;
        char *valid = g_utf8_make_valid(source_line, -1);
        diag->source_line = clip(valid, diag->source_skip, LINE_MAX_SHOWN);
        g_free(valid);
    }
    va_list args;
    va_start(args, format);
    diag->message = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(list->items, diag);
    *(level == DIAG_ERROR ? &list->errors : &list->warnings) += 1;
}

/* Rendering. */

typedef struct Paint {
    const char *bold, *level, *gutter, *caret, *hint, *off;
} Paint;

static const Paint paint_none = {"", "", "", "", "", ""};
static const Paint paint_error = {"\033[1m",    "\033[1;31m", "\033[34m",
                                  "\033[1;31m", "\033[36m",   "\033[0m"};
static const Paint paint_warning = {"\033[1m",    "\033[1;33m", "\033[34m",
                                    "\033[1;33m", "\033[36m",   "\033[0m"};

static bool is_shown(gunichar c)
{
    return c == '\t' || g_unichar_isprint(c);
}

static void append_shown(GString *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char_validated(at, -1);
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append(out, "\uFFFD");
            return;
        }
        g_string_append_unichar(out, is_shown(c) ? c : 0xFFFD);
    }
}

/* Columns of a terminal that a character takes. */
static size_t char_width(gunichar c)
{
    if (!is_shown(c))
        return 1;
    return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

static void append_times(GString *out, char c, size_t times)
{
    for (size_t i = 0; i < times; i++)
        g_string_append_c(out, c);
}

/* Blanks under the characters before the mark (a tab under a tab), then ^~~~ under it. */
static void append_caret(GString *out, const Diag *diag)
{
    size_t first = diag->mark.column - diag->source_skip;
    size_t length = MAX(diag->mark.length, 1);
    const char *at = diag->source_line;
    size_t under = 0;
    for (size_t column = 1; column < first + length && *at != '\0'; column++) {
        gunichar c = g_utf8_get_char(at);
        at = g_utf8_next_char(at);
        if (column >= first)
            under += char_width(c);
        else if (c == '\t')
            g_string_append_c(out, '\t');
        else
            append_times(out, ' ', char_width(c));
    }
    g_string_append_c(out, '^');
    append_times(out, '~', under > 1 ? under - 1 : 0);
}

static void append_source(GString *out, const Diag *diag, const Paint *paint)
{
    const char *dots = diag->source_skip > 0 ? "…" : " ";
    g_string_append_printf(out, "\n%s%5zu |%s%s", paint->gutter, diag->mark.line, paint->off, dots);
    append_shown(out, diag->source_line);
    if (diag->mark.column <= diag->source_skip)
        return;
    g_string_append_printf(out, "\n%s%5s |%s %s", paint->gutter, "", paint->off, paint->caret);
    append_caret(out, diag);
    g_string_append(out, paint->off);
}

char *diag_format(const Diag *diag, bool colour)
{
    bool error = diag->level == DIAG_ERROR;
    const Paint *paint = !colour ? &paint_none : error ? &paint_error : &paint_warning;
    GString *out = g_string_new(paint->bold);
    append_shown(out, diag->file);
    if (diag->mark.line > 0)
        g_string_append_printf(out, ":%zu:%zu", diag->mark.line, MAX(diag->mark.column, 1));
    g_string_append_printf(out, ":%s %s%s:%s %s", paint->off, paint->level,
                           error ? "error" : "warning", paint->off, paint->bold);
    append_shown(out, diag->message);
    g_string_append(out, paint->off);
    if (diag->mark.line > 0 && diag->source_line != NULL)
        append_source(out, diag, paint);
    if (diag->hint != NULL) {
        g_string_append_printf(out, "\n  %s", paint->hint);
        append_shown(out, diag->hint);
        g_string_append(out, paint->off);
    }
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}

/* Optimal string alignment distance: insert, delete, replace, swap neighbours. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        last[j] = j;
    memcpy(before, last, sizeof rows[0]);
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);
            size_t cost = last[j - 1] + (x == y ? 0 : 1);
            cost = MIN(cost, MIN(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) && g_ascii_tolower(a[i - 2]) == y)
                cost = MIN(cost, before[j - 2] + 1);
            row[j] = cost;
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_length];
}

const char *diag_suggest(const char *word, const char *const *candidates, size_t count)
{
    size_t length = strlen(word);
    if (length == 0 || length > WORD_MAX)
        return NULL;
    size_t limit = MIN(length / 3, 3);
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        if (other > WORD_MAX || other > length + limit || length > other + limit)
            continue;
        size_t distance = edit_distance(word, length, candidates[i], other);
        if (distance > limit || (nearest != NULL && distance == limit))
            continue;
        nearest = candidates[i];
        if (distance == 0)
            break;
        limit = distance;
    }
    return nearest;
}
