/* Measurements from a CSV file: one duration a row.
 *
 * Rows end at LF or CR LF, cells at a comma; a cell may be in double quotes, in
 * which "" is a quote (RFC 4180, without line breaks inside). Blank rows and
 * rows that begin with # are skipped. A cell is a number of `unit`s or a time
 * with its unit. The first row is a header if its cell is neither.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/param_reader.h"
#include "sim/units.h"

#define CSV_MIB_MAX    64
#define CSV_ERRORS_MAX 20

typedef struct Csv {
    ParamReader *reader;
    const ParamSlot *slot;
    const ParamCsv *want;
    const Source *source;
    GArray *seconds;
    size_t column; /* from 0 */
    size_t line;   /* from 1 */
    size_t rows;
    size_t errors;
} Csv;

/* The file. */

static void cannot_read(const Csv *csv, const char *name, int code)
{
    char *hint = g_strdup_printf("names are relative to the scenario's directory, \"%s\"",
                                 csv->reader->directory);
    param_error(csv->reader, csv->want->node, csv->slot->path, hint, PARAM_SAYS_CSV_OPEN, name,
                g_strerror(code));
    g_free(hint);
}

/* Read at most the limit and one byte: files may grow, and their sizes lie. */
static GString *read_all(int descriptor)
{
    const size_t limit = CSV_MIB_MAX * (size_t)(1024 * 1024) + 1;
    GString *text = g_string_new(NULL);
    char block[65536];
    while (text->len < limit) {
        ssize_t got = read(descriptor, block, MIN(sizeof block, limit - text->len));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            g_string_free(text, TRUE);
            return NULL;
        }
        if (got == 0)
            break;
        g_string_append_len(text, block, got);
    }
    return text;
}

static Source *open_source(const Csv *csv)
{
    const char *name = csv->want->node->text;
    char *path = g_path_is_absolute(name) ? g_strdup(name)
                                          : g_build_filename(csv->reader->directory, name, NULL);
    /* Without O_NONBLOCK the opening of a FIFO would wait for its writer. */
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    Source *source = NULL;
    GString *text = NULL;
    if (descriptor < 0 || fstat(descriptor, &status) != 0)
        cannot_read(csv, name, errno);
    else if (!S_ISREG(status.st_mode))
        param_error(csv->reader, csv->want->node, csv->slot->path, NULL, PARAM_SAYS_CSV_KIND, name);
    else if ((text = read_all(descriptor)) == NULL)
        cannot_read(csv, name, errno);
    else if (text->len > CSV_MIB_MAX * (size_t)(1024 * 1024))
        param_error(csv->reader, csv->want->node, csv->slot->path, NULL, PARAM_SAYS_CSV_SIZE, name,
                    CSV_MIB_MAX);
    else
        source = source_new(path, text->str, text->len);
    if (text != NULL)
        g_string_free(text, TRUE);
    if (descriptor >= 0)
        close(descriptor);
    g_free(path);
    return source;
}

/* Rows and cells. */

typedef struct Cell {
    char *text;
    size_t skip, length; /* bytes of the row */
} Cell;

static void cell_clear(void *data)
{
    g_free(((Cell *)data)->text);
}

static size_t quoted_length(const char *at)
{
    size_t length = 1;
    while (at[length] != '\0' && (at[length] != '"' || at[length + 1] == '"'))
        length += at[length] == '"' ? 2 : 1;
    return length + (at[length] == '"' ? 1 : 0);
}

static char *unquoted(const char *at, size_t length)
{
    char *inner = g_strndup(at + 1, length >= 2 ? length - 2 : 0);
    char **parts = g_strsplit(inner, "\"\"", -1);
    char *text = g_strjoinv("\"", parts);
    g_strfreev(parts);
    g_free(inner);
    return text;
}

static GArray *split(const char *row)
{
    GArray *cells = g_array_new(FALSE, FALSE, sizeof(Cell));
    g_array_set_clear_func(cells, cell_clear);
    for (const char *at = row;; at++) {
        at += strspn(at, " \t");
        size_t length = *at == '"' ? quoted_length(at) : strcspn(at, ",");
        char *text = *at == '"' ? unquoted(at, length) : g_strndup(at, length);
        Cell cell = {g_strstrip(text), (size_t)(at - row), length};
        g_array_append_val(cells, cell);
        at += length;
        at += strcspn(at, ",");
        if (*at == '\0')
            return cells;
    }
}

/* Times and plain numbers in integers, exactly; 1.2e-3 as a double. */
static bool parse_cell(const char *text, const char *unit, double *seconds)
{
    char *with_unit = g_strconcat(text, unit, NULL);
    const char *const forms[] = {text, with_unit};
    SimTime time = 0;
    UnitProblem problem;
    bool right = false;
    for (size_t i = 0; i < G_N_ELEMENTS(forms) && !right; i++) {
        right = units_time(forms[i], &time, &problem);
        if (!right)
            g_free(problem.hint);
    }
    g_free(with_unit);
    if (right) {
        *seconds = sim_seconds(time);
        return true;
    }
    if (!units_number(text, seconds, &problem)) {
        g_free(problem.hint);
        return false;
    }
    *seconds *= sim_seconds(units_unit(unit));
    return *seconds >= 0 && *seconds <= sim_seconds(SIM_TIME_LONGEST);
}

static const Cell *cell_at(const GArray *cells, size_t column)
{
    return column < cells->len ? &g_array_index(cells, Cell, column) : NULL;
}

static void cell_error(Csv *csv, const char *row, const Cell *cell)
{
    if (++csv->errors > CSV_ERRORS_MAX)
        return;
    DiagMark mark = {csv->line, 1, (size_t)g_utf8_strlen(row, -1)};
    char *hint = g_strdup_printf("write a number of %s, or a time such as 12ms (read for %s)",
                                 csv->want->unit, csv->slot->path);
    if (cell == NULL) {
        source_error(csv->source, csv->reader->diags, mark, hint, PARAM_SAYS_CSV_SHORT,
                     csv->column + 1);
    } else {
        mark.column = (size_t)g_utf8_strlen(row, (gssize)cell->skip) + 1;
        mark.length = (size_t)g_utf8_strlen(row + cell->skip, (gssize)cell->length);
        char *shown = units_show(cell->text);
        source_error(csv->source, csv->reader->diags, mark, hint, PARAM_SAYS_CSV_CELL, shown);
        g_free(shown);
    }
    g_free(hint);
}

static bool find_column(Csv *csv, const GArray *cells)
{
    const char *name = csv->want->column;
    GPtrArray *names = g_ptr_array_new();
    bool found = false;
    for (guint i = 0; i < cells->len && !found; i++) {
        char *text = g_array_index(cells, Cell, i).text;
        found = strcmp(text, name) == 0;
        csv->column = i;
        g_ptr_array_add(names, text);
    }
    if (!found) {
        char *all = param_join((const char *const *)names->pdata, MIN(names->len, 20));
        char *hint = g_strdup_printf("its first row names: %s", all);
        char *shown = units_show(name);
        param_error(csv->reader, csv->want->node, csv->slot->path, hint, PARAM_SAYS_CSV_COLUMN,
                    csv->source->file, shown);
        g_free(shown);
        g_free(hint);
        g_free(all);
    }
    g_ptr_array_free(names, TRUE);
    return found;
}

/* The first row: which column, and is it a header? False if nothing can be read. */
static bool read_first(Csv *csv, const char *row, const GArray *cells)
{
    double seconds;
    if (csv->want->column != NULL)
        return find_column(csv, cells);
    if (cells->len > 1) {
        param_error(csv->reader, csv->want->node, csv->slot->path,
                    "write {empirical: {file: …, column: …}}", PARAM_SAYS_CSV_COLUMNS,
                    csv->source->file, (size_t)cells->len);
        return false;
    }
    const Cell *cell = cell_at(cells, 0);
    if (parse_cell(cell->text, csv->want->unit, &seconds))
        g_array_append_val(csv->seconds, seconds);
    else if (!g_ascii_isalpha(*cell->text) && *cell->text != '_' && *row != '"')
        cell_error(csv, row, cell);
    return true;
}

static bool read_row(Csv *csv, const char *row)
{
    if (row[strspn(row, " \t")] == '\0' || *row == '#')
        return true;
    GArray *cells = split(row);
    bool right = true;
    double seconds;
    if (csv->rows++ == 0) {
        right = read_first(csv, row, cells);
    } else {
        const Cell *cell = cell_at(cells, csv->column);
        if (cell != NULL && parse_cell(cell->text, csv->want->unit, &seconds))
            g_array_append_val(csv->seconds, seconds);
        else
            cell_error(csv, row, cell);
    }
    g_array_free(cells, TRUE);
    return right;
}

static bool read_rows(Csv *csv)
{
    const char *at = csv->source->text, *end = at + csv->source->length;
    bool right = true;
    if (g_str_has_prefix(at, "\xef\xbb\xbf"))
        at += 3;
    for (csv->line = 1; at < end && right && csv->errors <= CSV_ERRORS_MAX; csv->line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        size_t length = (size_t)(stop - at);
        length -= length > 0 && at[length - 1] == '\r' ? 1 : 0;
        char *row = g_utf8_make_valid(at, (gssize)length);
        right = read_row(csv, row);
        g_free(row);
        at = stop + 1;
    }
    return right;
}

bool param_csv_read(ParamReader *reader, const ParamSlot *slot, const ParamCsv *want,
                    GArray *seconds)
{
    Csv csv = {.reader = reader, .slot = slot, .want = want, .seconds = seconds};
    Source *source = open_source(&csv);
    if (source == NULL)
        return false;
    csv.source = source;
    if (*reader->data == NULL)
        *reader->data = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(*reader->data, (const guchar *)source->text, (gssize)source->length);
    bool right = read_rows(&csv);
    if (csv.errors > CSV_ERRORS_MAX)
        param_error(reader, want->node, slot->path, NULL, PARAM_SAYS_CSV_MORE, source->file);
    else if (right && csv.errors == 0 && seconds->len == 0)
        param_error(reader, want->node, slot->path, NULL, PARAM_SAYS_CSV_EMPTY, source->file);
    right = right && csv.errors == 0 && seconds->len > 0;
    source_free(source);
    return right;
}
