#include "cli/sweep_out.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/format.h"
#include "cli/outfile.h"
#include "cli/page.h"
#include "cli/results.h"
#include "cli/sweep_ci.h"
#include "cli/sweep_point.h"
#include "models/platform.h"

/* The columns that a person wants of a point; all others are in the files. */
static const struct {
    const char *title, *metric;
    bool p95; /* else the mean */
} columns[] = {
    {"lost a run", "payments.lost", false},
    {"duplicated", "payments.duplicated", false},
    {"RPO, p95", "rpo.seconds", true},
    {"RTO, p95", "rto.service", true},
};
enum { COLUMNS = G_N_ELEMENTS(columns) };

typedef struct SweepOut SweepOut;

/* One file being written. */
typedef struct Sink Sink;
struct Sink {
    const struct SinkKind *kind;
    OutFile file;
    Json json;
};

typedef struct SinkKind {
    void (*begin)(Sink *sink, const SweepOut *out);
    void (*point)(Sink *sink, const SweepOut *out, const SweepPoint *point);
    void (*end)(Sink *sink, const SweepOut *out);
} SinkKind;

struct SweepOut {
    const Store *store;
    const Design *design;
    const SweepOutOptions *options;
    SweepCi *ci;
    char **keys; /* that are swept */
    bool partial;
    GArray *sinks;   /* Sink */
    GPtrArray *rows; /* char **, cells of the table */
    size_t verdicts[3], unjudged, imprecise;
    ExitCode code;
};

/* ---- JSON ---- */

static void put_text(Json *json, const char *key, const char *text)
{
    json_key(json, key);
    if (text != NULL)
        json_text(json, text);
    else
        json_null(json);
}

static void put_integer(Json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_integer(json, value);
}

static void json_precision(Json *json, const Design *design)
{
    json_key(json, "precision");
    json_object_flat(json);
    json_key(json, "wanted");
    json_number(json, design->precision);
    put_integer(json, "min_runs", design->min_runs);
    put_integer(json, "max_runs", design->runs);
    json_key(json, "of");
    json_array_flat(json);
    for (char **of = design->of; *of != NULL; of++)
        json_text(json, *of);
    json_end(json);
    json_end(json);
}

static void json_reached(Json *json, const SweepPoint *point)
{
    json_key(json, "precision");
    json_object(json);
    json_key(json, "reached");
    json_flag(json, point->precise);
    json_key(json, "half_widths");
    json_object(json);
    for (size_t i = 0; i < point->rule.count; i++) {
        const Expect *target = &point->rule.targets[i];
        g_autofree char *name = g_strdup_printf(
            "%s.%s", platform_metrics.specs[target->metric].name, expect_statistic_name(target));
        json_key(json, name);
        results_bound(json, point->half_width[i]);
    }
    json_end(json);
    json_end(json);
}

static void json_begin(Sink *sink, const SweepOut *out)
{
    Json *json = &sink->json;
    json_init(json, sink->file.file);
    json_object(json);
    put_integer(json, "format_version", 1);
    put_text(json, "version", FAILSIM_VERSION);
    put_text(json, "study", "sweep");
    json_key(json, "scenario");
    json_object(json);
    put_text(json, "name", out->design->name);
    put_text(json, "hash", out->design->hash);
    json_key(json, "set");
    json_array_flat(json);
    for (char **set = out->design->sets; *set != NULL; set++)
        json_text(json, *set);
    json_end(json);
    json_end(json);
    put_integer(json, "seed", out->design->seed);
    if (out->design->precision > 0)
        json_precision(json, out->design);
    else
        put_integer(json, "runs", out->design->runs);
    if (out->partial) {
        json_key(json, "partial");
        json_flag(json, true);
    }
    json_key(json, "points");
    json_array(json);
}

static void json_judged(Json *json, const SweepPoint *point)
{
    json_key(json, "expectations");
    json_array(json);
    for (size_t i = 0; i < point->point->expect_count; i++) {
        const DesignExpect *expect = &point->point->expect[i];
        ScenarioExpect shown = {.expect = expect->expect, .text = expect->text, .why = expect->why};
        results_expectation(json, &shown, &point->outcome[i]);
    }
    json_end(json);
    put_text(json, "verdict", sweep_point_verdict(point));
}

static void json_point(Sink *sink, const SweepOut *out, const SweepPoint *point)
{
    Json *json = &sink->json;
    g_autofree char *name = design_case(out->design, point->point);
    g_autofree char *fingerprint = g_strdup_printf("%016" PRIx64, point->fingerprint);
    json_object(json);
    put_text(json, "case", name);
    json_key(json, "set");
    json_object(json);
    for (size_t i = 0; i < point->point->setting_count; i++)
        put_text(json, point->point->setting[i].key, point->point->setting[i].value);
    json_end(json);
    put_integer(json, "runs", point->runs);
    if (out->design->precision > 0)
        json_reached(json, point);
    put_text(json, "fingerprint", fingerprint);
    json_key(json, "metrics");
    json_object(json);
    for (size_t m = 0; m < platform_metrics.count; m++) {
        json_key(json, platform_metrics.specs[m].name);
        results_metric(json, &point->summary[m]);
    }
    json_end(json);
    json_judged(json, point);
    json_end(json);
}

static void json_finish(Sink *sink, const SweepOut *out)
{
    json_end(&sink->json);
    bool judged = out->unjudged < out->design->point_count;
    Verdict worst = out->verdicts[VERDICT_FAIL] > 0           ? VERDICT_FAIL
                    : out->verdicts[VERDICT_INCONCLUSIVE] > 0 ? VERDICT_INCONCLUSIVE
                                                              : VERDICT_PASS;
    put_text(&sink->json, "verdict", judged ? verdict_name[worst] : NULL);
    json_end(&sink->json);
}

/* ---- CSV: one row a point ---- */

static const char *const statistics[] = {"mean", "p50", "p95", "max"};

static void csv_begin(Sink *sink, const SweepOut *out)
{
    FILE *file = sink->file.file;
    fputs("case", file);
    for (char **key = out->keys; *key != NULL; key++) {
        fputc(',', file);
        results_csv_field(file, *key);
    }
    fputs(",runs,verdict", file);
    for (size_t m = 0; m < platform_metrics.count; m++)
        for (size_t s = 0; s < G_N_ELEMENTS(statistics); s++)
            fprintf(file, ",%s.%s", platform_metrics.specs[m].name, statistics[s]);
    fputc('\n', file);
}

static void csv_point(Sink *sink, const SweepOut *out, const SweepPoint *point)
{
    FILE *file = sink->file.file;
    g_autofree char *name = design_case(out->design, point->point);
    const char *verdict = sweep_point_verdict(point);
    results_csv_field(file, name);
    for (char **key = out->keys; *key != NULL; key++) {
        const char *value = design_value(point->point, *key);
        fputc(',', file);
        results_csv_field(file, value != NULL ? value : "");
    }
    fprintf(file, ",%" PRIu32 ",%s", point->runs, verdict != NULL ? verdict : "");
    for (size_t m = 0; m < platform_metrics.count; m++) {
        const StatsSummary *s = &point->summary[m];
        const double values[] = {s->mean, s->p50, s->p95, s->max};
        for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
            fputc(',', file);
            results_csv_number(file, values[i]);
        }
    }
    fputc('\n', file);
}

static void end_nothing(Sink *sink, const SweepOut *out)
{
    (void)sink;
    (void)out;
}

/* ---- Cells of the tables for people ---- */

static const char *verdict_of(const SweepPoint *point)
{
    const char *verdict = sweep_point_verdict(point);
    return verdict != NULL ? verdict : "–";
}

static size_t metric_named(const char *name)
{
    size_t m = 0;
    while (m < platform_metrics.count && strcmp(platform_metrics.specs[m].name, name) != 0)
        m++;
    return m;
}

static char *cell_of(const SweepPoint *point, size_t column)
{
    size_t m = metric_named(columns[column].metric);
    if (m == platform_metrics.count)
        return g_strdup("–");
    const StatsSummary *s = &point->summary[m];
    return format_value(platform_metrics.specs[m].unit, columns[column].p95 ? s->p95 : s->mean, 0);
}

/* ---- What the scenario expects has a column, too, unless it is one of those. ---- */

enum { EXPECTED_MAX = 4 };

static bool is_column(const Expect *expect)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        bool same = columns[i].p95
                        ? expect->stat == EXPECT_QUANTILE && fabs(expect->q - 0.95) < 1e-9
                        : expect->stat == EXPECT_MEAN;
        if (same && metric_named(columns[i].metric) == expect->metric)
            return true;
    }
    return false;
}

/* Indexes into a point's expectations; all points have the same ones. */
static size_t expected_columns(const DesignPoint *point, size_t which[EXPECTED_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < point->expect_count && count < EXPECTED_MAX; i++)
        if (!is_column(&point->expect[i].expect))
            which[count++] = i;
    return count;
}

static char *expected_title(const Expect *expect)
{
    return g_strdup_printf("%s, %s", platform_metrics.specs[expect->metric].name,
                           expect_statistic_name(expect));
}

static char *expected_cell(const SweepPoint *point, size_t index)
{
    const Expect *expect = &point->point->expect[index].expect;
    MetricUnit unit =
        expect->stat == EXPECT_SHARE ? METRIC_SHARE : platform_metrics.specs[expect->metric].unit;
    return format_value(unit, point->outcome[index].measured, 0);
}

/* Not the same number at every point. */
static bool shows_runs(const SweepOut *out)
{
    return out->partial || out->design->precision > 0;
}

/* The keys' values, the metrics, the verdict; g_strfreev. */
static char **cells_of(const SweepOut *out, const SweepPoint *point)
{
    GPtrArray *cells = g_ptr_array_new();
    for (char **key = out->keys; *key != NULL; key++) {
        const char *value = design_value(point->point, *key);
        g_ptr_array_add(cells, g_strdup(value != NULL ? value : "·"));
    }
    for (size_t i = 0; i < COLUMNS; i++)
        g_ptr_array_add(cells, cell_of(point, i));
    size_t which[EXPECTED_MAX], expected = expected_columns(point->point, which);
    for (size_t i = 0; i < expected; i++)
        g_ptr_array_add(cells, expected_cell(point, which[i]));
    if (shows_runs(out))
        g_ptr_array_add(cells, format_count(point->runs));
    g_ptr_array_add(cells, g_strdup(verdict_of(point)));
    g_ptr_array_add(cells, NULL);
    return (char **)g_ptr_array_free(cells, FALSE);
}

/* "ttl" of router.ttl, unless another swept key ends like it: then more of it. */
static char *short_key(const SweepOut *out, const char *key)
{
    const char *at = key + strlen(key);
    for (bool unique = false; !unique && at != key;) {
        do
            at--;
        while (at != key && at[-1] != '.');
        unique = true;
        for (char **other = out->keys; *other != NULL; other++) {
            g_autofree char *tail = g_strconcat(".", at, NULL);
            unique = unique && (strcmp(*other, key) == 0 || !g_str_has_suffix(*other, tail));
        }
    }
    return g_strdup(at);
}

static char **titles_of(const SweepOut *out, bool full)
{
    GPtrArray *titles = g_ptr_array_new();
    for (char **key = out->keys; *key != NULL; key++)
        g_ptr_array_add(titles, full ? g_strdup(*key) : short_key(out, *key));
    for (size_t i = 0; i < COLUMNS; i++)
        g_ptr_array_add(titles, g_strdup(columns[i].title));
    const DesignPoint *first = out->design->point;
    size_t which[EXPECTED_MAX], expected = first ? expected_columns(first, which) : 0;
    for (size_t i = 0; i < expected; i++)
        g_ptr_array_add(titles, expected_title(&first->expect[which[i]].expect));
    if (shows_runs(out))
        g_ptr_array_add(titles, g_strdup("runs"));
    g_ptr_array_add(titles, g_strdup("verdict"));
    g_ptr_array_add(titles, NULL);
    return (char **)g_ptr_array_free(titles, FALSE);
}

/* "12 points · 200 runs each · seed 42" */
static char *facts_of(const SweepOut *out)
{
    const Design *design = out->design;
    g_autofree char *points = format_plural(design->point_count, "point");
    g_autofree char *runs = format_plural(design->runs, "run");
    g_autofree char *done = format_count((double)out->store->runs);
    g_autofree char *all = format_count((double)design->runs * design->point_count);
    GString *facts = g_string_new(NULL);
    if (design->precision > 0)
        g_string_append_printf(facts, "%s · ±%g %%, %u to %s each · seed %" PRIu64, points,
                               design->precision * 100, design->min_runs, runs, design->seed);
    else
        g_string_append_printf(facts, "%s · %s each · seed %" PRIu64, points, runs, design->seed);
    if (out->partial && design->precision > 0)
        g_string_append_printf(facts, " · partial: %u of %u points done", out->store->whole,
                               design->point_count);
    else if (out->partial)
        g_string_append_printf(facts, " · partial: %s of %s runs", done, all);
    for (char **set = design->sets; *set != NULL; set++)
        g_string_append_printf(facts, " · with %s", *set);
    return g_string_free(facts, FALSE);
}

/* ---- Markdown ---- */

static void md_text(FILE *file, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (strchr("\\`*_{}[]#|<>~!", *c) != NULL)
            fputc('\\', file);
        fputc(*c == '\n' ? ' ' : *c, file);
    }
}

static void md_row(FILE *file, char **cells)
{
    fputc('|', file);
    for (; *cells != NULL; cells++) {
        fputc(' ', file);
        md_text(file, *cells);
        fputs(" |", file);
    }
    fputc('\n', file);
}

static void md_begin(Sink *sink, const SweepOut *out)
{
    FILE *file = sink->file.file;
    g_autofree char *facts = facts_of(out);
    g_auto(GStrv) titles = titles_of(out, true);
    fputs("### ", file);
    md_text(file, out->design->name);
    fputs("\n\n", file);
    md_text(file, facts);
    fputs("\n\n", file);
    md_row(file, titles);
    fputc('|', file);
    for (guint i = 0; i < g_strv_length(titles); i++)
        fputs(" --- |", file);
    fputc('\n', file);
}

static void md_point(Sink *sink, const SweepOut *out, const SweepPoint *point)
{
    g_auto(GStrv) cells = cells_of(out, point);
    md_row(sink->file.file, cells);
}

/* ---- The table ---- */

enum { GAP = 2 };

static void print_row(Page *page, char **cells, const size_t *widths, size_t keys, Ink ink)
{
    page_add(page, "  ");
    for (size_t i = 0; cells[i] != NULL; i++) {
        bool last = cells[i + 1] == NULL;
        Ink own = strcmp(cells[i], "FAIL") == 0           ? INK_BAD
                  : strcmp(cells[i], "PASS") == 0         ? INK_GOOD
                  : strcmp(cells[i], "INCONCLUSIVE") == 0 ? INK_DOUBT
                                                          : ink;
        int width = (int)widths[i];
        page_cell(page, own, cells[i], i < keys || last ? -width : width);
        page_add(page, "  ");
    }
    page_end_line(page);
}

static void print_table(Page *page, const SweepOut *out)
{
    g_auto(GStrv) titles = titles_of(out, false);
    const size_t count = g_strv_length(titles), keys = g_strv_length(out->keys);
    g_autofree size_t *widths = g_new0(size_t, count);
    for (size_t i = 0; i < count; i++) {
        widths[i] = page_columns(titles[i]);
        for (guint r = 0; r < out->rows->len; r++)
            widths[i] = MAX(widths[i], page_columns(((char **)out->rows->pdata[r])[i]));
    }
    page_add(page, "\n");
    print_row(page, titles, widths, keys, INK_DIM);
    for (guint r = 0; r < out->rows->len; r++)
        print_row(page, out->rows->pdata[r], widths, keys, INK_PLAIN);
}

static const char *headline(const SweepOut *out, Ink *ink)
{
    if (out->partial)
        return *ink = INK_DOUBT, "PARTIAL";
    if (out->verdicts[VERDICT_FAIL] > 0)
        return *ink = INK_BAD, "FAIL";
    if (out->verdicts[VERDICT_INCONCLUSIVE] > 0)
        return *ink = INK_DOUBT, "INCONCLUSIVE";
    return *ink = out->verdicts[VERDICT_PASS] > 0 ? INK_GOOD : INK_BOLD,
           out->verdicts[VERDICT_PASS] > 0 ? "PASS" : "DONE";
}

static void print(const SweepOut *out)
{
    Page page;
    Ink ink;
    page_init(&page, !out->options->no_color && page_wants_colour(stdout));
    const char *word = headline(out, &ink);
    if (!out->options->quiet) {
        g_autofree char *facts = facts_of(out);
        page_ink(&page, INK_BOLD, out->design->name);
        page_add(&page, "\n");
        page_wrap(&page, INK_PLAIN, facts, 0);
        print_table(&page, out);
        page_add(&page, "\n");
    }
    page_ink(&page, ink, word);
    page_addf(&page, "  %s: points: %zu failed, %zu inconclusive, %zu passed", out->design->name,
              out->verdicts[VERDICT_FAIL], out->verdicts[VERDICT_INCONCLUSIVE],
              out->verdicts[VERDICT_PASS]);
    if (out->unjudged > 0)
        page_addf(&page, ", %zu without expectations", out->unjudged);
    page_add(&page, "\n");
    if (out->imprecise > 0)
        page_addf(&page, "At %zu of %u points %u runs do not reach the precision; see --max-runs\n",
                  out->imprecise, out->design->point_count, out->design->runs);
    page_print(&page, stdout);
    page_clear(&page);
}

/* ---- All together ---- */

static const SinkKind json_kind = {json_begin, json_point, json_finish};
static const SinkKind csv_kind = {csv_begin, csv_point, end_nothing};
static const SinkKind md_kind = {md_begin, md_point, end_nothing};

static void lose(SweepOut *out, char *problem)
{
    fprintf(stderr, "failsim: %s\n", problem);
    g_free(problem);
    out->code = EXIT_IO;
}

static void add_sink(SweepOut *out, const SinkKind *kind, const char *path)
{
    if (path == NULL || out->code == EXIT_IO)
        return;
    Sink sink = {.kind = kind};
    char *problem = NULL;
    if (outfile_open(&sink.file, path, &problem))
        g_array_append_val(out->sinks, sink);
    else
        lose(out, problem);
}

static void add_in_directory(SweepOut *out, const SinkKind *kind, const char *name)
{
    if (out->options->directory == NULL)
        return;
    g_autofree char *path = g_build_filename(out->options->directory, name, NULL);
    add_sink(out, kind, path);
}

static void open_sinks(SweepOut *out)
{
    const SweepOutOptions *options = out->options;
    out->sinks = g_array_new(FALSE, TRUE, sizeof(Sink));
    add_in_directory(out, &json_kind, "result.json");
    add_in_directory(out, &csv_kind, "points.csv");
    add_in_directory(out, &md_kind, "points.md");
    add_sink(out, &json_kind, options->json);
    add_sink(out, &csv_kind, options->csv);
    add_sink(out, &md_kind, options->ci.markdown);
}

static void close_sinks(SweepOut *out)
{
    for (guint i = 0; i < out->sinks->len; i++) {
        Sink *sink = &g_array_index(out->sinks, Sink, i);
        char *problem = NULL;
        if (out->code == EXIT_IO)
            outfile_discard(&sink->file);
        else if (!outfile_commit(&sink->file, &problem))
            lose(out, problem);
    }
    g_array_free(out->sinks, TRUE);
}

static void add_point(SweepOut *out, const SweepPoint *point, ExitCode *worst)
{
    for (guint i = 0; i < out->sinks->len; i++) {
        Sink *sink = &g_array_index(out->sinks, Sink, i);
        sink->kind->point(sink, out, point);
    }
    sweep_ci_point(out->ci, point);
    g_ptr_array_add(out->rows, cells_of(out, point));
    out->imprecise += out->design->precision > 0 && point->whole && !point->precise ? 1 : 0;
    *worst = command_worse(*worst, sweep_point_exit(point));
    if (point->point->expect_count == 0)
        out->unjudged++;
    else if (point->tally[VERDICT_FAIL] > 0)
        out->verdicts[VERDICT_FAIL]++;
    else
        out->verdicts[point->tally[VERDICT_INCONCLUSIVE] > 0 ? VERDICT_INCONCLUSIVE
                                                             : VERDICT_PASS]++;
}

static ExitCode write_points(SweepOut *out)
{
    ExitCode worst = EXIT_MET;
    for (guint i = 0; i < out->sinks->len; i++) {
        Sink *sink = &g_array_index(out->sinks, Sink, i);
        sink->kind->begin(sink, out);
    }
    for (uint32_t p = 0; p < out->design->point_count && out->code != EXIT_IO; p++) {
        SweepPoint point;
        char *problem = NULL;
        if (sweep_point_read(&point, out->store, p, &problem))
            add_point(out, &point, &worst);
        else
            lose(out, problem);
        sweep_point_clear(&point);
    }
    for (guint i = 0; i < out->sinks->len; i++) {
        Sink *sink = &g_array_index(out->sinks, Sink, i);
        if (out->code != EXIT_IO)
            sink->kind->end(sink, out);
    }
    return worst;
}

static bool is_stdout(const char *file)
{
    return g_strcmp0(file, "-") == 0;
}

static int outputs_to_stdout(const SweepOutOptions *options)
{
    return is_stdout(options->json) + is_stdout(options->csv) + is_stdout(options->ci.markdown) +
           is_stdout(options->ci.junit) + is_stdout(options->ci.ndjson);
}

char *sweep_out_misuse(const SweepOutOptions *options)
{
    return outputs_to_stdout(options) > 1 ? g_strdup("only one result can go to standard output")
                                          : ci_misuse(&options->ci);
}

bool sweep_out_text(const SweepOutOptions *options)
{
    return outputs_to_stdout(options) == 0;
}

static void free_cells(void *cells)
{
    g_strfreev(cells);
}

ExitCode sweep_out(const Store *store, const SweepOutOptions *options, SweepCi *ci)
{
    const Design *design = store->design;
    SweepOut out = {
        .store = store, .design = design, .options = options, .ci = ci, .code = EXIT_MET};
    out.keys = design_keys(design);
    out.partial = store->whole < design->point_count;
    out.rows = g_ptr_array_new_with_free_func(free_cells);
    open_sinks(&out);
    ExitCode worst = write_points(&out);
    close_sinks(&out);
    if (out.code != EXIT_IO && sweep_out_text(options))
        print(&out);
    g_ptr_array_free(out.rows, TRUE);
    g_strfreev(out.keys);
    return command_worse(worst, out.code);
}
