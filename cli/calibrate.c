/* failsim calibrate: measurements in, a distribution out, as YAML to paste. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/measurements.h"
#include "cli/outfile.h"
#include "cli/outputs.h"
#include "cli/page.h"
#include "models/scenario.h"
#include "sim/fit.h"

enum { FITS_MAX = 16 };

static const double ENOUGH = 0.05; /* a p-value below contradicts the family */

typedef struct CalibrateOptions {
    const char *column, *unit, *key, *family, *directory;
    OutputOptions out;
    bool yaml, no_color;
} CalibrateOptions;

#define FIELD(name) offsetof(CalibrateOptions, name)
static const OptionSpec calibrate_specs[] = {
    {0, "column", "NAME", OPTION_TEXT, FIELD(column), 0, 0, "column of the CSV, or metric's name"},
    {0, "unit", "UNIT", OPTION_TEXT, FIELD(unit), 0, 0,
     "of plain numbers: ns us ms s m h (else from the name: ..._ms, ..._seconds)"},
    {0, "key", "KEY", OPTION_TEXT, FIELD(key), 0, 0,
     "the scenario key that it is for (else from the name, where it is known)"},
    {0, "family", "NAME", OPTION_TEXT, FIELD(family), 0, 0,
     "take this one (or empirical) instead of choosing"},
    {'o', "output", "DIR", OPTION_TEXT, FIELD(directory), 0, 0,
     "write DIR/fit.yaml, fit.csv (for plot/fit.gp), values.csv"},
    {0, "yaml", NULL, OPTION_FLAG, FIELD(yaml), 0, 0, "print the YAML alone"},
    OUTPUT_JSON(CalibrateOptions, out),
    {0, "no-color", NULL, OPTION_FLAG, FIELD(no_color), 0, 0,
     "also NO_COLOR=1; colour is used on a terminal only"},
};

/* Which key a published metric calibrates. The name is looked for inside the column's. */
static const struct {
    const char *metric, *key, *note;
} known[] = {
    {"replication_latency_ms", "mirror.latency",
     "MirrorSourceConnector: from the record's timestamp to the target's acknowledgement"},
    {"record_age_ms", "mirror.latency",
     "MirrorSourceConnector: the record's age when it was polled, producer delay included"},
    {"replication_lag_sec", "database.replication.lag",
     "sys.dm_geo_replication_link_status; whole seconds"},
    {"replay_lag", "database.replication.lag", "pg_stat_replication"},
    {"flush_lag", "database.replication.lag", "pg_stat_replication"},
    {"acknowledge", "failover.page", "from the alert to a person"},
    {"page", "failover.page", "from the alert to a person"},
    {"decide", "failover.decide", "from there to the decision"},
    {"decision", "failover.decide", "from there to the decision"},
};

typedef struct Calibration {
    const CalibrateOptions *options;
    const char *file;
    Measurements measured;
    double *sorted; /* positive */
    size_t count, zeros;
    double correlation;
    Fit fit[FITS_MAX];
    size_t fits;
    const Fit *best;   /* lowest BIC; NULL: only the values themselves */
    const Fit *chosen; /* NULL: empirical */
    char *key;         /* NULL: none */
    const char *note;
} Calibration;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Zeros are values below the clock's resolution: for a fit they stand at half of the smallest
 * other value. */
static void sort_values(Calibration *c)
{
    const GArray *seconds = c->measured.seconds;
    c->count = seconds->len;
    c->sorted = g_new(double, c->count);
    memcpy(c->sorted, seconds->data, c->count * sizeof *c->sorted);
    qsort(c->sorted, c->count, sizeof *c->sorted, by_value);
    while (c->zeros < c->count && c->sorted[c->zeros] <= 0)
        c->zeros++;
    for (size_t i = 0; i < c->zeros && c->zeros < c->count; i++)
        c->sorted[i] = c->sorted[c->zeros] / 2;
    c->correlation = fit_neighbour_correlation((const double *)(void *)seconds->data, c->count);
}

static void fit_all(Calibration *c)
{
    for (size_t i = 0; fit_families[i] != NULL; i++) {
        Fit *fit = &c->fit[c->fits++];
        *fit = fit_family(fit_families[i], c->sorted, c->count);
        if (fit->why_not == NULL && (c->best == NULL || fit->bic < c->best->bic))
            c->best = fit;
    }
    for (size_t i = 0; i < c->fits; i++) {
        const Fit *fit = &c->fit[i];
        bool good = fit->why_not == NULL && fit->p_value >= ENOUGH;
        if (good && (c->chosen == NULL || fit->bic < c->chosen->bic))
            c->chosen = fit;
    }
    for (size_t i = 0; c->options->family != NULL && i < c->fits; i++)
        if (strcmp(c->fit[i].family, c->options->family) == 0)
            c->chosen = &c->fit[i];
    if (g_strcmp0(c->options->family, "empirical") == 0)
        c->chosen = NULL;
}

static void find_key(Calibration *c)
{
    g_autofree char *name = g_ascii_strdown(c->measured.name, -1);
    g_strdelimit(name, "-. ", '_');
    for (size_t i = 0; i < G_N_ELEMENTS(known) && c->note == NULL; i++)
        if (strstr(name, known[i].metric) != NULL) {
            c->note = known[i].note;
            if (c->options->key == NULL)
                c->key = g_strdup(known[i].key);
        }
    if (c->options->key != NULL)
        c->key = g_strdup(c->options->key);
}

/* ---- YAML ---- */

/* Four digits: more than the measurements can tell. */
static char *yaml_time(double seconds)
{
    static const struct {
        double length;
        const char *unit;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    size_t u = 0;
    while (u + 1 < G_N_ELEMENTS(units) && seconds < units[u].length)
        u++;
    double value = seconds / units[u].length;
    int digits = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
    if (units[u].length < 1e-8)
        digits = 0;
    char number[64];
    g_ascii_formatd(number, sizeof number,
                    digits == 0   ? "%.0f"
                    : digits == 1 ? "%.1f"
                    : digits == 2 ? "%.2f"
                                  : "%.3f",
                    value);
    if (digits > 0) {
        g_autofree char *end = g_strdup(number);
        size_t length = strlen(end);
        while (end[length - 1] == '0')
            end[--length] = '\0';
        if (end[length - 1] == '.')
            end[length - 1] = '\0';
        return g_strconcat(end, units[u].unit, NULL);
    }
    return g_strconcat(number, units[u].unit, NULL);
}

/* "{median: 481ms, p99: 7.2s}" from `first` on. */
static char *yaml_arguments(const DistType *type, const double *parameters)
{
    GString *text = g_string_new("{");
    for (size_t i = 0; i < type->arg_count; i++) {
        char number[64];
        g_ascii_formatd(number, sizeof number, "%.4g", parameters[i]);
        g_autofree char *value =
            type->args[i].kind == DIST_ARG_TIME ? yaml_time(parameters[i]) : g_strdup(number);
        g_string_append_printf(text, "%s%s: %s", i ? ", " : "", type->args[i].name, value);
    }
    return g_string_free(g_string_append_c(text, '}'), FALSE);
}

static char *yaml_empirical(const Calibration *c)
{
    if (c->options->directory != NULL)
        return g_strdup("{empirical: {file: values.csv, column: seconds, unit: s}}");
    return g_strdup(
        "{empirical: {file: values.csv, column: seconds, unit: s}}   # write it with -o");
}

static char *yaml_of(const Calibration *c, const Fit *fit)
{
    if (fit == NULL)
        return yaml_empirical(c);
    if (strcmp(fit->family, "mixture") == 0) {
        const DistType *type = dist_type_find("lognormal");
        g_autofree char *calm = yaml_arguments(type, fit->parameters);
        g_autofree char *spike = yaml_arguments(type, fit->parameters + 2);
        char weight[2][64];
        g_ascii_formatd(weight[0], sizeof weight[0], "%.4g", 1 - fit->parameters[4]);
        g_ascii_formatd(weight[1], sizeof weight[1], "%.4g", fit->parameters[4]);
        return g_strdup_printf("{mixture: [{weight: %s, of: {lognormal: %s}}, {weight: %s, of: "
                               "{lognormal: %s}}]}",
                               weight[0], calm, weight[1], spike);
    }
    g_autofree char *arguments = yaml_arguments(dist_type_find(fit->family), fit->parameters);
    return g_strdup_printf("{%s: %s}", fit->family, arguments);
}

static void put_yaml_note(const Calibration *c, GString *text, const char *indent)
{
    g_string_append_printf(text, "%s# %zu measurements", indent, c->count);
    if (*c->measured.name)
        g_string_append_printf(text, " of %s", c->measured.name);
    if (c->chosen == NULL)
        g_string_append(text, ", as they are");
    else
        g_string_append_printf(text, "; maximum likelihood, KS distance %.3f (p = %.2f)",
                               c->chosen->distance, c->chosen->p_value);
    g_string_append_c(text, '\n');
}

/* The key's groups, one a line. Inside a list (failover.steps[0].duration) the place must be found
 * by hand: the last name alone. */
static char *yaml_block(const Calibration *c)
{
    GString *text = g_string_new(NULL);
    g_autofree char *value = yaml_of(c, c->chosen);
    bool nested = c->key != NULL && strchr(c->key, '[') == NULL;
    const char *last = c->key && !nested ? strrchr(c->key, '.') : NULL;
    g_autofree char *path = g_strdup(nested ? c->key : last ? last + 1 : "delay");
    g_auto(GStrv) names = g_strsplit(path, ".", -1);
    g_autofree char *indent = g_strdup("");
    for (size_t i = 0; names[i] != NULL; i++) {
        if (names[i + 1] == NULL)
            put_yaml_note(c, text, indent);
        g_string_append_printf(text, "%s%s:%s%s\n", indent, names[i],
                               names[i + 1] == NULL ? " " : "", names[i + 1] == NULL ? value : "");
        char *deeper = g_strconcat(indent, "  ", NULL);
        g_free(indent);
        indent = deeper;
    }
    return g_string_free(text, FALSE);
}

/* ---- the report ---- */

static double measured_quantile(const Calibration *c, double q)
{
    size_t rank = (size_t)ceil(q * (double)c->count);
    return c->sorted[MIN(MAX(rank, 1), c->count) - 1];
}

/* A power law that does not fit names ages: nobody needs their digits. */
static void put_seconds(Page *page, double seconds, int width)
{
    g_autofree char *text = seconds > 30 * 86400.0 ? g_strdup("> 30d") : format_seconds(seconds, 0);
    page_cell(page, INK_PLAIN, text, width);
}

static void put_title(const Calibration *c, Page *page)
{
    page_addf(page, "%zu measurements%s%s, from %s\n", c->count, *c->measured.name ? " of " : "",
              c->measured.name, c->file);
    if (c->note != NULL)
        page_addf(page, "  %s\n", c->note);
}

static const double shown_quantiles[] = {0.5, 0.95, 0.99, 0.999};

static void put_fit(const Calibration *c, Page *page, const Fit *fit)
{
    page_add(page, fit == c->chosen ? "  ● " : "    ");
    page_cell(page, fit == c->chosen ? INK_BOLD : INK_PLAIN, fit->family, -13);
    if (fit->why_not != NULL) {
        page_addf(page, "not fitted: %s\n", fit->why_not);
        return;
    }
    g_autofree char *bic = g_strdup_printf("%+.1f", fit->bic - c->best->bic);
    g_autofree char *distance = g_strdup_printf("%.3f", fit->distance);
    g_autofree char *p = g_strdup_printf("%.3f", fit->p_value);
    page_cell(page, INK_PLAIN, fit == c->best ? "best" : bic, 10);
    page_cell(page, INK_PLAIN, distance, 10);
    page_cell(page, fit->p_value >= ENOUGH ? INK_PLAIN : INK_BAD, p, 8);
    Dist *dist = fit_dist(fit);
    for (size_t i = 0; dist != NULL && i < G_N_ELEMENTS(shown_quantiles); i++)
        put_seconds(page, dist_quantile(dist, shown_quantiles[i]), 11);
    dist_free(dist);
    page_add(page, "\n");
}

static void put_table(const Calibration *c, Page *page)
{
    page_add(page, "\n");
    page_cell(page, INK_DIM, "    family", -17);
    static const char *const heads[] = {"BIC", "KS dist.", "p", "p50", "p95", "p99", "p99.9"};
    static const int widths[] = {10, 10, 8, 11, 11, 11, 11};
    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
        page_cell(page, INK_DIM, heads[i], widths[i]);
    page_add(page, "\n");
    for (size_t i = 0; i < c->fits; i++)
        put_fit(c, page, &c->fit[i]);
    page_add(page, c->chosen == NULL ? "  ● " : "    ");
    page_cell(page, c->chosen == NULL ? INK_BOLD : INK_PLAIN, "measured", -13);
    page_cell(page, INK_PLAIN, "", 28);
    for (size_t i = 0; i < G_N_ELEMENTS(shown_quantiles); i++)
        put_seconds(page, measured_quantile(c, shown_quantiles[i]), 11);
    page_add(page, "\n\n");
}

static void put_choice(const Calibration *c, Page *page)
{
    if (c->options->family != NULL)
        page_wrap(page, INK_PLAIN, "● chosen by --family.", 2);
    else if (c->chosen != NULL)
        page_wrap(page, INK_PLAIN,
                  "● the lowest BIC among the families that the measurements do not contradict "
                  "(p ≥ 0.05, parametric bootstrap of the KS distance).",
                  2);
    else
        page_wrap(page, INK_PLAIN,
                  "● no family fits (p < 0.05 for all): take the measurements themselves. Draws "
                  "never leave their range, so a longer tail than was measured cannot happen.",
                  2);
}

/* What the reader must know before relying on it. */
static void put_cautions(const Calibration *c, Page *page)
{
    const char *sign = "! ";
    if (fabs(c->correlation) > 0.3) {
        g_autofree char *text = g_strdup_printf(
            "%sneighbours correlate (%.2f): these are no independent samples; p-values are too "
            "small, and a lag that persists is better drawn once a run.",
            sign, c->correlation);
        page_wrap(page, INK_DOUBT, text, 2);
    }
    if (c->count < 100)
        page_wrap(page, INK_DOUBT,
                  "! fewer than 100 measurements: the 99th percentile is a guess of the family.",
                  2);
    if (c->zeros > 0) {
        g_autofree char *text =
            g_strdup_printf("%s%zu zeros, below the clock's resolution: taken as half of the "
                            "smallest other value.",
                            sign, c->zeros);
        page_wrap(page, INK_DOUBT, text, 2);
    }
    if (c->measured.missing + c->measured.negative > 0) {
        g_autofree char *text = g_strdup_printf("%sleft out: %zu without a value, %zu negative.",
                                                sign, c->measured.missing, c->measured.negative);
        page_wrap(page, INK_DOUBT, text, 2);
    }
    if (strstr(c->measured.name, "avg") != NULL || strstr(c->measured.name, "mean") != NULL)
        page_wrap(page, INK_DOUBT,
                  "! averages over an interval: single values spread wider than these.", 2);
}

static void print_report(const Calibration *c)
{
    Page page;
    page_init(&page, !c->options->no_color && page_wants_colour(stdout));
    g_autofree char *block = yaml_block(c);
    if (!c->options->yaml) {
        put_title(c, &page);
        put_table(c, &page);
        put_choice(c, &page);
        put_cautions(c, &page);
        page_add(&page, "\n");
    }
    page_add(&page, block);
    if (!c->options->yaml && c->options->directory != NULL)
        page_addf(&page, "\nNext: gnuplot -c plot/fit.gp %s/fit.csv fit.svg\n",
                  c->options->directory);
    page_print(&page, stdout);
    page_clear(&page);
}

static void put_json(const void *data, FILE *out)
{
    const Calibration *c = data;
    Json json;
    json_init(&json, out);
    json_object(&json);
    json_key(&json, "format_version");
    json_integer(&json, 1);
    json_key(&json, "version");
    json_text(&json, FAILSIM_VERSION);
    json_key(&json, "study");
    json_text(&json, "calibrate");
    json_key(&json, "metric");
    json_text(&json, c->measured.name);
    json_key(&json, "measurements");
    json_integer(&json, c->count);
    json_measured(&json, "neighbour_correlation", c->correlation);
    json_key(&json, "key");
    if (c->key)
        json_text(&json, c->key);
    else
        json_null(&json);
    json_key(&json, "chosen");
    json_text(&json, c->chosen ? c->chosen->family : "empirical");
    json_key(&json, "yaml");
    g_autofree char *yaml = yaml_of(c, c->chosen);
    json_text(&json, yaml);
    json_key(&json, "fits");
    json_array(&json);
    for (size_t i = 0; i < c->fits; i++) {
        const Fit *fit = &c->fit[i];
        if (fit->why_not != NULL)
            continue;
        json_object_flat(&json);
        json_key(&json, "family");
        json_text(&json, fit->family);
        json_measured(&json, "log_likelihood", fit->log_likelihood);
        json_measured(&json, "bic", fit->bic);
        json_measured(&json, "ks_distance", fit->distance);
        json_measured(&json, "p_value", fit->p_value);
        g_autofree char *each = yaml_of(c, fit);
        json_key(&json, "yaml");
        json_text(&json, each);
        json_end(&json);
    }
    json_end(&json);
    json_end(&json);
}

/* ---- files ---- */

static void put_yaml_file(const Calibration *c, FILE *out)
{
    g_autofree char *block = yaml_block(c);
    fputs(block, out);
}

static void put_values(const Calibration *c, FILE *out)
{
    fputs("seconds\n", out);
    for (size_t i = 0; i < c->count; i++) {
        char number[JSON_NUMBER_SIZE];
        json_shortest(c->sorted[i], number);
        fprintf(out, "%s\n", number);
    }
}

/* At most this many points: a curve needs no more. */
enum { CURVE_POINTS = 400 };

static void put_curve(const Calibration *c, FILE *out)
{
    fputs("seconds,measured,chosen,best\n", out);
    size_t points = MIN(c->count, CURVE_POINTS);
    for (size_t i = 0; i < points; i++) {
        size_t rank = (2 * i + 1) * c->count / (2 * points);
        double x = c->sorted[rank], share = ((double)rank + 0.5) / (double)c->count;
        fprintf(out, "%.6g,%.6g,%.6g,%.6g\n", x, share, c->chosen ? fit_cdf(c->chosen, x) : share,
                fit_cdf(c->best, x));
    }
}

static bool write_files(const Calibration *c, char **problem)
{
    static const struct {
        const char *name;
        void (*put)(const Calibration *c, FILE *out);
    } files[] = {{"fit.yaml", put_yaml_file}, {"values.csv", put_values}, {"fit.csv", put_curve}};
    if (g_mkdir_with_parents(c->options->directory, 0777) != 0) {
        *problem =
            g_strdup_printf("cannot write in %s: %s", c->options->directory, g_strerror(errno));
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(c->options->directory, files[i].name, NULL);
        OutFile out;
        if (!outfile_open(&out, path, problem))
            return false;
        files[i].put(c, out.file);
        if (!outfile_commit(&out, problem))
            return false;
    }
    return true;
}

/* ---- the command ---- */

static bool known_family(const char *name)
{
    if (strcmp(name, "empirical") == 0)
        return true;
    for (size_t i = 0; fit_families[i] != NULL; i++)
        if (strcmp(fit_families[i], name) == 0)
            return true;
    return false;
}

static ExitCode check_options(const Command *command, const CalibrateOptions *options)
{
    if (options->family != NULL && !known_family(options->family)) {
        g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)fit_families);
        return command_misused(command, "--family %s: there are %s, empirical", options->family,
                               all);
    }
    if (options->key != NULL) {
        g_autofree char *plain = g_strdup(options->key);
        for (char *c = plain; *c != '\0'; c++) /* steps[2].duration -> steps[].duration */
            if (*c == '[')
                memmove(c + 1, strchr(c, ']') ? strchr(c, ']') : c + 1,
                        strlen(strchr(c, ']') ? strchr(c, ']') : c + 1) + 1);
        const ParamSpec *spec = param_find(&scenario_schema, plain);
        if (spec == NULL || spec->type != PARAM_DIST)
            return command_misused(command, "--key %s: %s", options->key,
                                   spec ? "takes no distribution" : "no such scenario key");
    }
    return EXIT_MET;
}

/* Fits need values that differ; too few of them are no ground for money decisions. */
static bool enough(const Calibration *c)
{
    if (c->count >= FIT_VALUES_MIN && c->zeros < c->count && c->sorted[0] < c->sorted[c->count - 1])
        return true;
    fprintf(stderr, "failsim: %s: %zu measurement%s%s: at least %d that differ are needed\n",
            c->file, c->count, c->count == 1 ? "" : "s",
            c->count >= FIT_VALUES_MIN ? ", all the same" : "", FIT_VALUES_MIN);
    return false;
}

static bool chosen_fits(const Calibration *c)
{
    if (c->chosen == NULL || c->chosen->why_not == NULL)
        return true;
    fprintf(stderr, "failsim: %s cannot be fitted: %s\n", c->chosen->family, c->chosen->why_not);
    return false;
}

static ExitCode finish(const Calibration *c)
{
    g_autofree char *problem = NULL;
    static const OutputPut put[OUTPUT_KINDS] = {put_json, NULL, NULL};
    Outputs outputs;
    bool good = c->options->directory == NULL || write_files(c, &problem);
    good = good && outputs_open(&outputs, &c->options->out, &problem) &&
           outputs_write(&outputs, put, c, &problem);
    if (!good) {
        fprintf(stderr, "failsim: %s\n", problem);
        return EXIT_IO;
    }
    if (outputs_text(&c->options->out))
        print_report(c);
    return EXIT_MET;
}

static ExitCode calibrate(const CalibrateOptions *options, const char *file)
{
    Calibration c = {.options = options, .file = file};
    g_autofree char *problem = NULL;
    ExitCode code = EXIT_USAGE;
    if (!measurements_read(&c.measured, file, options->column, options->unit, &problem)) {
        fprintf(stderr, "failsim: %s\n", problem);
    } else {
        sort_values(&c);
        if (enough(&c)) {
            find_key(&c);
            fit_all(&c);
            if (chosen_fits(&c))
                code = finish(&c);
        }
    }
    measurements_clear(&c.measured);
    g_free(c.sorted);
    g_free(c.key);
    return code;
}

static ExitCode calibrate_run(const Command *command, int argc, char **argv)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    g_autofree char *problem = NULL;
    CalibrateOptions options = {0};
    if (!options_parse(calibrate_specs, G_N_ELEMENTS(calibrate_specs), &options, argc, argv, files,
                       &problem))
        return command_misused(command, "%s", problem);
    if (files->len != 1)
        return command_misused(command, "needs one FILE of measurements (\"-\": standard input)");
    if (options.yaml && !outputs_text(&options.out))
        return command_misused(command, "--yaml and --json exclude each other");
    ExitCode code = check_options(command, &options);
    return code == EXIT_MET ? calibrate(&options, files->pdata[0]) : code;
}

const Command command_calibrate = {
    .name = "calibrate",
    .usage = "FILE",
    .text = "measurements in, a distribution out, as YAML to paste",
    .notes =
        "FILE is a CSV with a header, the JSON of Prometheus's /api/v1/query_range, or a page of\n"
        "/metrics. Known names find their key: replication-latency-ms and record-age-ms\n"
        "(mirror.latency), replication_lag_sec (database.replication.lag), and others.\n"
        "Families are fitted by maximum likelihood and compared by BIC; one that the measurements\n"
        "contradict (bootstrap p < 0.05) is not chosen, and if all are, the values themselves "
        "are.\n",
    .options = calibrate_specs,
    .option_count = G_N_ELEMENTS(calibrate_specs),
    .run = calibrate_run,
};
