#include "cli/measurements.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/param.h"
#include "sim/yaml.h"

enum { MEASUREMENTS_BYTES = 64 * 1024 * 1024 };

typedef struct Reading {
    Measurements *into;
    const char *file, *column;
    char **problem;
    SimTime unit; /* 0: not known yet */
} Reading;

static bool refuse(const Reading *reading, size_t line, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static bool refuse(const Reading *reading, size_t line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    *reading->problem = line ? g_strdup_printf("%s:%zu: %s", reading->file, line, text)
                             : g_strdup_printf("%s: %s", reading->file, text);
    return false;
}

/* ---- units ---- */

static bool parse_time(const char *text, SimTime *time)
{
    g_autofree char *message = NULL;
    return param_parse_time(text, time, &message);
}

/* Its length; 0 if there is no such unit. */
static SimTime unit_length(const char *unit)
{
    g_autofree char *one = g_strconcat("1", unit, NULL);
    SimTime length = 0;
    return parse_time(one, &length) ? length : 0;
}

static const struct {
    const char *suffix, *unit;
} suffixes[] = {
    {"_ms", "ms"},     {"_millis", "ms"}, {"_milliseconds", "ms"},
    {"_sec", "s"},     {"_secs", "s"},    {"_seconds", "s"},
    {"_s", "s"},       {"_us", "us"},     {"_min", "m"},
    {"_minutes", "m"}, {"_ms_avg", "ms"}, {"_ms_max", "ms"},
    {"_ms_min", "ms"}, {"_sec_avg", "s"}, {"_seconds_max", "s"},
};

/* "replication-latency-ms" and "replication_latency_ms" are the same name. */
static char *plain_name(const char *name)
{
    char *plain = g_ascii_strdown(name, -1);
    for (char *c = plain; *c != '\0'; c++)
        if (*c == '-' || *c == '.' || *c == ' ')
            *c = '_';
    return plain;
}

static bool settle_unit(Reading *reading, size_t line)
{
    if (reading->unit > 0)
        return true;
    g_autofree char *name = plain_name(reading->into->name);
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++)
        if (g_str_has_suffix(name, suffixes[i].suffix)) {
            reading->unit = unit_length(suffixes[i].unit);
            g_free(reading->into->unit);
            reading->into->unit = g_strdup(suffixes[i].unit);
            return true;
        }
    return refuse(
        reading, line,
        "numbers without a unit, and none in the name \"%s\": add --unit ms (or ns us s m "
        "h)",
        reading->into->name);
}

static bool add_number(Reading *reading, size_t line, const char *text)
{
    SimTime time = 0;
    if (parse_time(text, &time)) {
        double seconds = sim_seconds(time);
        g_array_append_val(reading->into->seconds, seconds);
        return true;
    }
    char *end = NULL;
    double value = g_ascii_strtod(text, &end);
    if (end == text || *end != '\0')
        return refuse(reading, line, "\"%s\" is neither a number nor a time", text);
    if (isnan(value) || isinf(value)) {
        reading->into->missing++;
        return true;
    }
    if (value < 0) {
        reading->into->negative++;
        return true;
    }
    if (!settle_unit(reading, line))
        return false;
    double seconds = value * sim_seconds(reading->unit);
    if (seconds > sim_seconds(SIM_TIME_LONGEST))
        return refuse(reading, line, "%s is too long: is the unit right?", text);
    g_array_append_val(reading->into->seconds, seconds);
    return true;
}

/* ---- CSV ---- */

static char **split_row(const char *row, const char *separator)
{
    char **cells = g_strsplit(row, separator, -1);
    for (char **cell = cells; *cell != NULL; cell++) {
        g_strstrip(*cell);
        size_t length = strlen(*cell);
        if (length >= 2 && **cell == '"' && (*cell)[length - 1] == '"') {
            memmove(*cell, *cell + 1, length - 2);
            (*cell)[length - 2] = '\0';
        }
    }
    return cells;
}

static bool is_number(const char *cell)
{
    char *end = NULL;
    SimTime time = 0;
    if (parse_time(cell, &time))
        return true;
    g_ascii_strtod(cell, &end);
    return end != cell && *end == '\0';
}

/* The only column that says its unit; -1 if there is none, or several. */
static int column_with_unit(char **heads)
{
    int found = -1;
    for (int i = 0; heads[i] != NULL; i++) {
        g_autofree char *name = plain_name(heads[i]);
        for (size_t s = 0; s < G_N_ELEMENTS(suffixes); s++)
            if (g_str_has_suffix(name, suffixes[s].suffix)) {
                if (found >= 0 && found != i)
                    return -1;
                found = i;
            }
    }
    return found;
}

/* Which column of the header is meant; -1 if it must be said. */
static int choose_column(Reading *reading, char **heads, size_t line)
{
    guint count = g_strv_length(heads);
    for (guint i = 0; reading->column != NULL && i < count; i++)
        if (strcmp(heads[i], reading->column) == 0)
            return (int)i;
    g_autofree char *all = g_strjoinv(", ", heads);
    if (reading->column != NULL)
        refuse(reading, line, "there is no column \"%s\"; there are: %s", reading->column, all);
    else if (count == 1)
        return 0;
    else if (column_with_unit(heads) >= 0)
        return column_with_unit(heads);
    else
        refuse(reading, line, "which column? Add --column NAME, one of: %s", all);
    return -1;
}

static bool read_csv_row(Reading *reading, char **cells, int column, size_t line)
{
    if ((guint)column >= g_strv_length(cells))
        return refuse(reading, line, "this row has no column %d", column + 1);
    if (*cells[column] == '\0') {
        reading->into->missing++;
        return true;
    }
    return add_number(reading, line, cells[column]);
}

static bool read_csv(Reading *reading, char **rows)
{
    const char *separator = ",";
    int column = -1;
    for (size_t i = 0; rows[i] != NULL; i++) {
        g_strchomp(rows[i]);
        if (*rows[i] == '\0' || *rows[i] == '#')
            continue;
        bool first = column < 0;
        if (first && strchr(rows[i], ',') == NULL)
            separator = strchr(rows[i], ';') ? ";" : strchr(rows[i], '\t') ? "\t" : ",";
        g_auto(GStrv) cells = split_row(rows[i], separator);
        if (first) {
            bool headless = g_strv_length(cells) == 1 && is_number(cells[0]);
            column = headless ? 0 : choose_column(reading, cells, i + 1);
            if (column < 0)
                return false;
            g_free(reading->into->name);
            reading->into->name = g_strdup(headless ? "" : cells[column]);
            if (!headless)
                continue;
        }
        if (!read_csv_row(reading, cells, column, i + 1))
            return false;
    }
    return true;
}

/* ---- Prometheus, as JSON ---- */

/* [timestamp, "value"] */
static bool add_point(Reading *reading, const YamlNode *point)
{
    const YamlNode *value = point->kind == NODE_LIST ? yaml_item(point, 1) : NULL;
    if (value == NULL || value->kind != NODE_SCALAR)
        return refuse(reading, point->mark.line, "not [timestamp, \"value\"]");
    return add_number(reading, value->mark.line, value->text);
}

static bool add_series(Reading *reading, const YamlNode *series)
{
    const YamlNode *metric = series->kind == NODE_GROUP ? yaml_get(series, "metric") : NULL;
    const YamlNode *name =
        metric && metric->kind == NODE_GROUP ? yaml_get(metric, "__name__") : NULL;
    if (name != NULL && name->kind == NODE_SCALAR) {
        if (reading->column != NULL && strcmp(reading->column, name->text) != 0)
            return true;
        g_free(reading->into->name);
        reading->into->name = g_strdup(name->text);
    }
    const YamlNode *one = series->kind == NODE_GROUP ? yaml_get(series, "value") : NULL;
    const YamlNode *many = series->kind == NODE_GROUP ? yaml_get(series, "values") : NULL;
    if (one != NULL)
        return add_point(reading, one);
    if (many == NULL || many->kind != NODE_LIST)
        return refuse(reading, series->mark.line, "a series without value or values");
    for (guint i = 0; i < many->values->len; i++)
        if (!add_point(reading, many->values->pdata[i]))
            return false;
    return true;
}

static bool read_tree(Reading *reading, const YamlNode *root)
{
    const YamlNode *data = root && root->kind == NODE_GROUP ? yaml_get(root, "data") : NULL;
    const YamlNode *result = data && data->kind == NODE_GROUP ? yaml_get(data, "result") : NULL;
    if (result == NULL || result->kind != NODE_LIST)
        return refuse(reading, 0, "no data.result: not an answer of Prometheus's HTTP API");
    for (guint i = 0; i < result->values->len; i++)
        if (!add_series(reading, result->values->pdata[i]))
            return false;
    return true;
}

static bool read_prometheus(Reading *reading, const char *text, size_t length)
{
    Source *source = source_new(reading->file, text, length);
    DiagList diags;
    diag_list_init(&diags);
    YamlTree *tree = yaml_read(source, 0, &diags);
    bool good;
    if (diags.errors > 0) {
        const Diag *first = diags.items->pdata[0];
        good = refuse(reading, first->mark.line, "%s", first->message);
    } else {
        good = read_tree(reading, tree->root);
    }
    yaml_tree_free(tree);
    diag_list_clear(&diags);
    source_free(source);
    return good;
}

/* ---- Prometheus, as text ---- */

/* Is it "name value" or "name{labels} value"? */
static bool looks_exposed(const char *line)
{
    size_t length =
        strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:");
    if (length == 0 || g_ascii_isdigit(*line))
        return false;
    if (line[length] == '{')
        return true;
    g_auto(GStrv) words = g_strsplit_set(line + length, " \t\r", -1);
    return line[length] == ' ' && words[1] != NULL && is_number(words[1]);
}

static bool read_exposed(Reading *reading, char **rows)
{
    for (size_t i = 0; rows[i] != NULL; i++) {
        char *row = g_strstrip(rows[i]);
        if (*row == '\0' || *row == '#')
            continue;
        size_t length = strcspn(row, "{ ");
        g_autofree char *name = g_strndup(row, length);
        if (reading->column != NULL && strcmp(name, reading->column) != 0)
            continue;
        if (*reading->into->name != '\0' && strcmp(reading->into->name, name) != 0)
            return refuse(reading, i + 1, "several metrics: add --column %s or --column %s",
                          reading->into->name, name);
        g_free(reading->into->name);
        reading->into->name = g_strdup(name);
        const char *rest = row[length] == '{' ? strrchr(row, '}') : row + length;
        if (rest == NULL)
            return refuse(reading, i + 1, "labels without an end");
        g_auto(GStrv) words = g_strsplit_set(rest + strspn(rest, "} \t"), " \t", 2);
        if (!add_number(reading, i + 1, words[0] ? words[0] : ""))
            return false;
    }
    return true;
}

/* ---- all forms ---- */

static const char *first_line(char **rows)
{
    for (; *rows != NULL; rows++)
        if (**rows != '\0' && **rows != '#' && **rows != '\r')
            return *rows;
    return "";
}

static bool read_text(Reading *reading, char *text, size_t length)
{
    if (!g_utf8_validate(text, (gssize)length, NULL))
        return refuse(reading, 0, "not a text in UTF-8");
    const char *start = text + strspn(text, " \t\r\n");
    if (*start == '{' || *start == '[')
        return read_prometheus(reading, text, length);
    g_auto(GStrv) rows = g_strsplit(text, "\n", -1);
    return looks_exposed(first_line(rows)) ? read_exposed(reading, rows) : read_csv(reading, rows);
}

static char *slurp(const char *file, size_t *length, char **problem)
{
    FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    GString *text = g_string_new(NULL);
    char block[65536];
    size_t got = 0;
    errno = 0;
    while (in != NULL && text->len <= MEASUREMENTS_BYTES &&
           (got = fread(block, 1, sizeof block, in)) > 0)
        g_string_append_len(text, block, (gssize)got);
    bool bad = in == NULL || ferror(in);
    if (bad)
        *problem = g_strdup_printf("cannot read %s: %s", file, g_strerror(errno));
    else if (text->len > MEASUREMENTS_BYTES)
        *problem = g_strdup_printf("%s: more than 64 MiB", file);
    if (in != NULL && in != stdin)
        fclose(in);
    *length = text->len;
    return g_string_free(text, *problem != NULL);
}

bool measurements_read(Measurements *measurements, const char *file, const char *column,
                       const char *unit, char **problem)
{
    *measurements = (Measurements){.seconds = g_array_new(FALSE, FALSE, sizeof(double)),
                                   .name = g_strdup(""),
                                   .unit = g_strdup(unit ? unit : "")};
    Reading reading = {.into = measurements, .file = file, .column = column, .problem = problem};
    if (unit != NULL && (reading.unit = unit_length(unit)) == 0) {
        *problem = g_strdup_printf("--unit %s: not one of ns us ms s m h d", unit);
        return false;
    }
    size_t length = 0;
    g_autofree char *text = slurp(file, &length, problem);
    if (text == NULL || !read_text(&reading, text, length))
        return false;
    if (measurements->seconds->len == 0)
        return refuse(&reading, 0, "no measurements%s%s", column ? " of " : "",
                      column ? column : "");
    return true;
}

void measurements_clear(Measurements *measurements)
{
    g_array_unref(measurements->seconds);
    g_free(measurements->name);
    g_free(measurements->unit);
}
