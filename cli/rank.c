/* failsim rank: which parameter moves the recovery and the loss most. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/ci.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/outfile.h"
#include "cli/outputs.h"
#include "cli/page.h"
#include "cli/progress.h"
#include "cli/results.h"
#include "cli/source.h"
#include "cli/study.h"
#include "sim/check.h"
#include "sim/sensitivity.h"

enum { METRICS_MAX = 8, BAR_COLUMNS = 30 };

static const char *const default_metrics[] = {"rto.service", "rpo.seconds", "payments.lost"};

typedef struct RankOptions {
    OptionNumber runs, trajectories, sobol, seed, jobs;
    GPtrArray *sets, *metrics;
    const char *directory;
    OutputOptions out;
    bool quiet, no_color;
} RankOptions;

#define FIELD(name) offsetof(RankOptions, name)
static const OptionSpec rank_specs[] = {
    {0, "metric", "NAME", OPTION_LIST, FIELD(metrics), 0, 0,
     "may be repeated (else rto.service, rpo.seconds, payments.lost)"},
    {0, "trajectories", "N", OPTION_NUMBER, FIELD(trajectories), 2, 10000,
     "of Morris's screening (else 10): N x (factors + 1) points"},
    {0, "sobol", "N", OPTION_NUMBER, FIELD(sobol), 16, 1000000,
     "also Sobol indices from N x (factors + 2) points"},
    {'r', "runs", "N", OPTION_NUMBER, FIELD(runs), 1, 1000000,
     "replications at each point, the same at all (else 20)"},
    {0, "seed", "S", OPTION_NUMBER, FIELD(seed), 0, INT64_MAX - 1, "else the scenario's run.seed"},
    {0, "set", "KEY=VALUE", OPTION_LIST, FIELD(sets), 0, 0,
     "as if the scenario said so; may be repeated"},
    {'j', "jobs", "N", OPTION_NUMBER, FIELD(jobs), 0, 1024,
     "threads (0, the default: one a processor); results do not depend on it"},
    {'o', "output", "DIR", OPTION_TEXT, FIELD(directory), 0, 0,
     "write DIR/rank.json and tornado.csv (for plot/tornado.gp)"},
    OUTPUT_JSON(RankOptions, out),
    OUTPUT_CSV(RankOptions, out, "one row a metric and factor (tornado.csv)"),
    OUTPUT_MARKDOWN(RankOptions, out),
    {'q', "quiet", NULL, OPTION_FLAG, FIELD(quiet), 0, 0, "no progress, no report"},
    {0, "no-color", NULL, OPTION_FLAG, FIELD(no_color), 0, 0,
     "also NO_COLOR=1; colour is used on a terminal only"},
};

/* Results of one metric. */
typedef struct Ranking {
    MorrisEffect morris[SENSITIVITY_INPUTS_MAX];
    SobolIndex sobol[SENSITIVITY_INPUTS_MAX];
    bool has_sobol;
    double base, low[SENSITIVITY_INPUTS_MAX], high[SENSITIVITY_INPUTS_MAX]; /* the tornado */
    size_t order[SENSITIVITY_INPUTS_MAX];                                   /* by mu_star */
} Ranking;

typedef struct Rank {
    const RankOptions *options;
    const Source *source;
    const Scenario *base;
    size_t factors, metrics, metric[METRICS_MAX];
    uint32_t runs; /* at each point */
    uint64_t seed;
    double horizon;       /* seconds: stands for what was not reached */
    size_t unreached;     /* values that it stood for */
    const double *design; /* points of the study that is running */
    GPtrArray *tornado;   /* char **: settings by point; NULL: `design` */
    Ranking ranking[METRICS_MAX];
} Rank;

/* ---- points ---- */

/* Settings of a point as "key=value"; freed with the array. */
static GPtrArray *settings_of(const Rank *rank, size_t point)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    const GPtrArray *sets = rank->options->sets;
    for (guint i = 0; i < sets->len; i++)
        g_ptr_array_add(all, g_strdup(sets->pdata[i]));
    if (rank->tornado != NULL) {
        if (rank->tornado->pdata[point] != NULL)
            g_ptr_array_add(all, g_strdup(rank->tornado->pdata[point]));
        return all;
    }
    for (size_t i = 0; i < rank->factors; i++) {
        double u = rank->design[point * rank->factors + i];
        g_autofree char *value = scenario_factor_value(rank->base, i, u);
        g_ptr_array_add(all, g_strconcat(scenario_factor_key(rank->base, i), "=", value, NULL));
    }
    return all;
}

static Scenario *scenario_of(const Rank *rank, size_t point, DiagList *diags)
{
    g_autoptr(GPtrArray) all = settings_of(rank, point);
    return scenario_read(rank->source->file, rank->source->text, rank->source->length,
                         (const char *const *)all->pdata, all->len, diags);
}

/* A point that the reader refuses is told before anything is simulated. */
static bool check_points(const Rank *rank, size_t points)
{
    for (size_t p = 0; p < points; p++) {
        DiagList diags;
        diag_list_init(&diags);
        Scenario *scenario = scenario_of(rank, p, &diags);
        bool good = scenario != NULL;
        for (guint i = 0; !good && i < diags.items->len; i++) {
            const Diag *diag = diags.items->pdata[i];
            if (diag->level != DIAG_ERROR)
                continue;
            g_autofree char *text = diag_format(diag, page_wants_colour(stderr));
            fputs(text, stderr);
        }
        if (!good) {
            g_autoptr(GPtrArray) all = settings_of(rank, p);
            g_ptr_array_add(all, NULL);
            g_autofree char *point = g_strjoinv(" ", (char **)all->pdata);
            fprintf(stderr,
                    "failsim rank: the factors together make no scenario at: %s\n"
                    "  narrow their ranges\n",
                    point);
        }
        scenario_free(scenario);
        diag_list_clear(&diags);
        if (!good)
            return false;
    }
    return true;
}

/* Replication n of the experiment is run n % runs of point n / runs: every point meets the same
 * arrivals and faults. */
static uint64_t run_one(const void *model, uint64_t seed, uint32_t n, double *values)
{
    const Rank *rank = model;
    DiagList diags;
    diag_list_init(&diags);
    Scenario *scenario = scenario_of(rank, n / rank->runs, &diags);
    diag_list_clear(&diags);
    SIM_CHECK(scenario != NULL);
    double *all = g_new(double, platform_metrics.count);
    uint64_t fingerprint = platform_run(scenario, seed, n % rank->runs, all, NULL);
    for (size_t m = 0; m < rank->metrics; m++)
        values[m] = all[rank->metric[m]];
    g_free(all);
    scenario_free(scenario);
    return fingerprint;
}

/* Mean over the runs to which it applies; what was not reached counts as the whole run. */
static double mean_of(Rank *rank, const double *values, size_t metric)
{
    double sum = 0;
    size_t count = 0;
    for (uint32_t r = 0; r < rank->runs; r++) {
        double value = values[r * rank->metrics + metric];
        if (isnan(value))
            continue;
        rank->unreached += isinf(value) ? 1 : 0;
        sum += isinf(value) ? rank->horizon : value;
        count++;
    }
    return count ? sum / (double)count : 0;
}

/* means[metric][point]; NULL if interrupted. */
static double *evaluate(Rank *rank, size_t points, const char *what)
{
    Progress progress = progress_make(what, rank->options->quiet);
    Experiment experiment = {
        .run = run_one,
        .model = rank,
        .seed = rank->seed,
        .replications = (uint32_t)(points * rank->runs),
        .threads = (uint32_t)rank->options->jobs.value,
        .metric_count = rank->metrics,
        .progress = progress_step,
        .progress_data = &progress,
    };
    ExperimentResult result;
    experiment_run(&experiment, &result);
    progress_clear(&progress);
    double *means = result.stopped ? NULL : g_new(double, rank->metrics *points);
    for (size_t m = 0; means != NULL && m < rank->metrics; m++)
        for (size_t p = 0; p < points; p++)
            means[m * points + p] =
                mean_of(rank, result.values + p * rank->runs * rank->metrics, m);
    experiment_result_clear(&result);
    return means;
}

/* ---- the three parts ---- */

static bool run_morris(Rank *rank, size_t trajectories)
{
    size_t points = trajectories * (rank->factors + 1);
    g_autofree double *design = morris_design(rank->factors, trajectories, rank->seed);
    rank->design = design;
    g_autofree double *means = evaluate(rank, points, "screening");
    for (size_t m = 0; means != NULL && m < rank->metrics; m++)
        morris_effects(design, means + m * points, rank->factors, trajectories,
                       rank->ranking[m].morris);
    return means != NULL;
}

static bool run_sobol(Rank *rank, size_t base)
{
    size_t points = base * (rank->factors + 2);
    g_autofree double *design = sobol_design(rank->factors, base);
    rank->design = design;
    g_autofree double *means = evaluate(rank, points, "Sobol indices");
    for (size_t m = 0; means != NULL && m < rank->metrics; m++)
        rank->ranking[m].has_sobol =
            sobol_indices(means + m * points, rank->factors, base, rank->ranking[m].sobol);
    return means != NULL;
}

/* Each factor at both ends, the others as the scenario has them. */
static bool run_tornado(Rank *rank)
{
    size_t points = 1 + 2 * rank->factors;
    rank->tornado = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(rank->tornado, NULL);
    for (size_t i = 0; i < 2 * rank->factors; i++) {
        g_autofree char *value = scenario_factor_value(rank->base, i / 2, (double)(i % 2));
        g_ptr_array_add(rank->tornado,
                        g_strconcat(scenario_factor_key(rank->base, i / 2), "=", value, NULL));
    }
    g_autofree double *means =
        check_points(rank, points) ? evaluate(rank, points, "tornado") : NULL;
    for (size_t m = 0; means != NULL && m < rank->metrics; m++) {
        rank->ranking[m].base = means[m * points];
        for (size_t i = 0; i < rank->factors; i++) {
            rank->ranking[m].low[i] = means[m * points + 1 + 2 * i];
            rank->ranking[m].high[i] = means[m * points + 2 + 2 * i];
        }
    }
    g_ptr_array_unref(rank->tornado);
    rank->tornado = NULL;
    return means != NULL;
}

static void sort_factors(Rank *rank)
{
    for (size_t m = 0; m < rank->metrics; m++) {
        Ranking *ranking = &rank->ranking[m];
        for (size_t i = 0; i < rank->factors; i++) {
            size_t place = i;
            for (; place > 0 && ranking->morris[ranking->order[place - 1]].mu_star.value <
                                    ranking->morris[i].mu_star.value;
                 place--)
                ranking->order[place] = ranking->order[place - 1];
            ranking->order[place] = i;
        }
    }
}

/* ---- telling ---- */

static void put_value(Page *page, MetricUnit unit, double value, int width)
{
    g_autofree char *text = format_value(unit, value, 0);
    page_cell(page, INK_PLAIN, text, width);
}

static void put_heads(Page *page, bool sobol)
{
    static const char *const heads[] = {"at low", "at high", "mu*", "95 % CI", "sigma"};
    static const int widths[] = {11, 11, 11, 20, 11};
    page_cell(page, INK_DIM, "  factor", -32);
    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
        page_cell(page, INK_DIM, heads[i], widths[i]);
    if (sobol) {
        page_cell(page, INK_DIM, "first", 8);
        page_cell(page, INK_DIM, "total", 8);
    }
    page_add(page, "\n");
}

static void put_share(Page *page, double share)
{
    char text[16];
    g_ascii_formatd(text, sizeof text, "%.2f", share);
    page_cell(page, INK_PLAIN, text, 8);
}

static void put_factor(const Rank *rank, Page *page, size_t m, size_t i)
{
    const Ranking *ranking = &rank->ranking[m];
    const MorrisEffect *effect = &ranking->morris[i];
    MetricUnit unit = platform_metrics.specs[rank->metric[m]].unit;
    unit = unit == METRIC_COUNT ? METRIC_NUMBER : unit;
    g_autofree char *name = g_strconcat("  ", scenario_factor_key(rank->base, i), NULL);
    page_cell(page, INK_PLAIN, name, -32);
    put_value(page, unit, ranking->low[i], 11);
    put_value(page, unit, ranking->high[i], 11);
    put_value(page, unit, effect->mu_star.value, 11);
    g_autofree char *low = format_value(unit, effect->mu_star.low, 0);
    g_autofree char *high = format_value(unit, effect->mu_star.high, 0);
    g_autofree char *interval = g_strdup_printf("[%s, %s]", low, high);
    page_cell(page, INK_PLAIN, interval, 20);
    put_value(page, unit, effect->sigma, 11);
    if (ranking->has_sobol) {
        put_share(page, ranking->sobol[i].first.value);
        put_share(page, ranking->sobol[i].total.value);
    }
    double largest = ranking->morris[ranking->order[0]].mu_star.value;
    double share = largest > 0 ? effect->mu_star.value / largest : 0;
    page_add(page, "\n");
    size_t bar = (size_t)(share * BAR_COLUMNS + 0.5);
    if (bar > 0) {
        page_add(page, "  ");
        page_repeat(page, INK_DIM, "█", bar);
        page_add(page, "\n");
    }
}

static void put_metric(const Rank *rank, Page *page, size_t m)
{
    const Ranking *ranking = &rank->ranking[m];
    MetricUnit unit = platform_metrics.specs[rank->metric[m]].unit;
    g_autofree char *base =
        format_value(unit == METRIC_COUNT ? METRIC_NUMBER : unit, ranking->base, 0);
    page_ink(page, INK_BOLD, platform_metrics.specs[rank->metric[m]].name);
    page_addf(page, "  mean as the scenario has it: %s\n", base);
    put_heads(page, ranking->has_sobol);
    for (size_t i = 0; i < rank->factors; i++)
        put_factor(rank, page, m, ranking->order[i]);
    page_add(page, "\n");
}

static void print_text(const Rank *rank, size_t trajectories)
{
    Page page;
    page_init(&page, !rank->options->no_color && page_wants_colour(stdout));
    page_addf(&page, "%s · %zu factors · Morris, %zu trajectories", scenario_name(rank->base),
              rank->factors, trajectories);
    if (rank->options->sobol.given)
        page_addf(&page, " · Sobol, %" PRId64 " base points", rank->options->sobol.value);
    page_addf(&page, " · %" PRIu32 " runs a point · seed %" PRIu64 "\n\n", rank->runs, rank->seed);
    for (size_t m = 0; m < rank->metrics; m++)
        put_metric(rank, &page, m);
    page_wrap(&page, INK_DIM,
              "At low, at high: this factor alone moved. mu*: mean change when the factor moves by "
              "two thirds of its range, wherever the others stand. sigma: how much that depends on "
              "the others. first, total: share of the variance explained alone, with interactions.",
              0);
    if (rank->unreached > 0) {
        g_autofree char *text = g_strdup_printf(
            "%zu values were not reached before a run ended: they count as the run's length.",
            rank->unreached);
        page_wrap(&page, INK_DOUBT, text, 0);
    }
    if (rank->options->directory != NULL)
        page_addf(&page, "Next: gnuplot -c plot/tornado.gp %s/tornado.csv tornado.svg\n",
                  rank->options->directory);
    page_print(&page, stdout);
    page_clear(&page);
}

static void put_range(Json *json, const char *name, const SensitivityRange *range)
{
    json_key(json, name);
    json_object_flat(json);
    json_measured(json, "value", range->value);
    json_measured(json, "low", range->low);
    json_measured(json, "high", range->high);
    json_end(json);
}

static void put_json_metric(const Rank *rank, Json *json, size_t m)
{
    const Ranking *ranking = &rank->ranking[m];
    json_key(json, platform_metrics.specs[rank->metric[m]].name);
    json_object(json);
    json_measured(json, "base", ranking->base);
    json_key(json, "factors");
    json_array(json);
    for (size_t k = 0; k < rank->factors; k++) {
        size_t i = ranking->order[k];
        json_object(json);
        json_key(json, "key");
        json_text(json, scenario_factor_key(rank->base, i));
        json_measured(json, "at_low", ranking->low[i]);
        json_measured(json, "at_high", ranking->high[i]);
        put_range(json, "mu_star", &ranking->morris[i].mu_star);
        json_measured(json, "mu", ranking->morris[i].mu);
        json_measured(json, "sigma", ranking->morris[i].sigma);
        if (ranking->has_sobol) {
            put_range(json, "first", &ranking->sobol[i].first);
            put_range(json, "total", &ranking->sobol[i].total);
        }
        json_end(json);
    }
    json_end(json);
    json_end(json);
}

static void write_json(const void *data, FILE *out)
{
    const Rank *rank = data;
    Json json;
    json_init(&json, out);
    json_object(&json);
    results_head(&json, "rank", rank->source, rank->options->sets);
    json_key(&json, "seed");
    json_integer(&json, rank->seed);
    json_key(&json, "runs");
    json_integer(&json, rank->runs);
    json_key(&json, "unreached");
    json_integer(&json, rank->unreached);
    json_key(&json, "metrics");
    json_object(&json);
    for (size_t m = 0; m < rank->metrics; m++)
        put_json_metric(rank, &json, m);
    json_end(&json);
    json_end(&json);
}

static void write_tornado(const void *data, FILE *out)
{
    const Rank *rank = data;
    fputs("metric,place,factor,low_setting,high_setting,base,low,high,mu_star\n", out);
    for (size_t m = 0; m < rank->metrics; m++) {
        const Ranking *ranking = &rank->ranking[m];
        for (size_t k = 0; k < rank->factors; k++) {
            size_t i = ranking->order[k];
            g_autofree char *low = scenario_factor_value(rank->base, i, 0);
            g_autofree char *high = scenario_factor_value(rank->base, i, 1);
            fprintf(out, "%s,%zu,%s,\"%s\",\"%s\",%.9g,%.9g,%.9g,%.9g\n",
                    platform_metrics.specs[rank->metric[m]].name, k + 1,
                    scenario_factor_key(rank->base, i), low, high, ranking->base, ranking->low[i],
                    ranking->high[i], ranking->morris[i].mu_star.value);
        }
    }
}

static void markdown_cell(FILE *out, MetricUnit unit, double value)
{
    g_autofree char *text = format_value(unit, value, 0);
    fputc(' ', out);
    markdown_escaped(out, text);
    fputs(" |", out);
}

static void write_markdown(const void *data, FILE *out)
{
    const Rank *rank = data;
    fputs("### ", out);
    markdown_escaped(out, scenario_name(rank->base));
    fprintf(out, "\n\n%" PRIu32 " runs a point · seed %" PRIu64 "\n", rank->runs, rank->seed);
    for (size_t m = 0; m < rank->metrics; m++) {
        const Ranking *ranking = &rank->ranking[m];
        const MetricSpec *spec = &platform_metrics.specs[rank->metric[m]];
        fprintf(out, "\n| %s | from | to | at from | at to | mu\\* | sigma |%s\n", spec->name,
                ranking->has_sobol ? " first | total |" : "");
        fprintf(out, "|---|---|---|---|---|---|---|%s\n", ranking->has_sobol ? "---|---|" : "");
        for (size_t k = 0; k < rank->factors; k++) {
            size_t i = ranking->order[k];
            g_autofree char *low = scenario_factor_value(rank->base, i, 0);
            g_autofree char *high = scenario_factor_value(rank->base, i, 1);
            const char *const texts[] = {scenario_factor_key(rank->base, i), low, high};
            fputc('|', out);
            for (size_t t = 0; t < G_N_ELEMENTS(texts); t++) {
                fputc(' ', out);
                markdown_escaped(out, texts[t]);
                fputs(" |", out);
            }
            const double values[] = {ranking->low[i], ranking->high[i],
                                     ranking->morris[i].mu_star.value, ranking->morris[i].sigma};
            for (size_t v = 0; v < G_N_ELEMENTS(values); v++)
                markdown_cell(out, spec->unit, values[v]);
            if (ranking->has_sobol)
                fprintf(out, " %.2f | %.2f |", ranking->sobol[i].first.value,
                        ranking->sobol[i].total.value);
            fputc('\n', out);
        }
    }
}

static bool write_files(const Rank *rank, char **problem)
{
    static const struct {
        const char *name;
        OutputPut put;
    } files[] = {{"rank.json", write_json}, {"tornado.csv", write_tornado}};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(rank->options->directory, files[i].name, NULL);
        OutFile out;
        if (!outfile_open(&out, path, problem))
            return false;
        files[i].put(rank, out.file);
        if (!outfile_commit(&out, problem))
            return false;
    }
    return true;
}

/* ---- the command ---- */

static bool take_metrics(Rank *rank, const Command *command)
{
    const GPtrArray *asked = rank->options->metrics;
    size_t count = asked->len ? asked->len : G_N_ELEMENTS(default_metrics);
    if (count > METRICS_MAX) {
        command_misused(command, "at most %d metrics", METRICS_MAX);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = asked->len ? asked->pdata[i] : default_metrics[i];
        rank->metric[i] = study_metric(name);
        if (rank->metric[i] == STUDY_NO_METRIC) {
            command_misused(command, "--metric %s: no such metric (failsim explain lists them)",
                            name);
            return false;
        }
    }
    rank->metrics = count;
    return true;
}

/* The design's points are checked before the first run, the screening's and the tornado's alike. */
static bool check_design(Rank *rank, size_t trajectories)
{
    g_autofree double *design = morris_design(rank->factors, trajectories, rank->seed);
    rank->design = design;
    bool good = check_points(rank, trajectories * (rank->factors + 1));
    if (good && rank->options->sobol.given) {
        size_t base = (size_t)rank->options->sobol.value;
        g_autofree double *sobol = sobol_design(rank->factors, base);
        rank->design = sobol;
        good = check_points(rank, base * (rank->factors + 2));
    }
    rank->design = NULL;
    return good;
}

static ExitCode run_rank(Rank *rank, size_t trajectories)
{
    g_autofree char *problem = NULL;
    const char *directory = rank->options->directory;
    if (directory != NULL && g_mkdir_with_parents(directory, 0777) != 0) {
        fprintf(stderr, "failsim: cannot write in %s: %s\n", directory, g_strerror(errno));
        return EXIT_IO;
    }
    Outputs outputs;
    if (!outputs_open(&outputs, &rank->options->out, &problem)) {
        fprintf(stderr, "failsim: %s\n", problem);
        return EXIT_IO;
    }
    interrupt_catch();
    bool whole =
        run_tornado(rank) && run_morris(rank, trajectories) &&
        (!rank->options->sobol.given || run_sobol(rank, (size_t)rank->options->sobol.value));
    if (!whole) {
        outputs_discard(&outputs);
        fprintf(stderr, "failsim: interrupted: a ranking from half of its points would mislead\n");
        return EXIT_INTERRUPTED;
    }
    sort_factors(rank);
    static const OutputPut put[OUTPUT_KINDS] = {write_json, write_tornado, write_markdown};
    bool good = outputs_write(&outputs, put, rank, &problem);
    if (!good || (directory != NULL && !write_files(rank, &problem))) {
        fprintf(stderr, "failsim: %s\n", problem);
        return EXIT_IO;
    }
    if (outputs_text(&rank->options->out) && !rank->options->quiet)
        print_text(rank, trajectories);
    return EXIT_MET;
}

static ExitCode rank_checked(const Command *command, const RankOptions *options,
                             const Source *source)
{
    Rank rank = {.options = options, .source = source, .base = source->scenario};
    rank.factors = scenario_factor_count(rank.base);
    size_t trajectories = options->trajectories.given ? (size_t)options->trajectories.value : 10;
    rank.runs = options->runs.given ? (uint32_t)options->runs.value : 20;
    rank.seed = options->seed.given ? (uint64_t)options->seed.value : scenario_seed(rank.base);
    rank.horizon = scenario_length_seconds(rank.base);
    if (rank.factors < 1)
        return command_misused(command,
                               "%s has no factors; add factors: [{key: router.ttl, low: 10s, high: "
                               "2m}] (failsim explain factors)",
                               source->file);
    size_t points =
        MAX(trajectories * (rank.factors + 1), (size_t)options->sobol.value * (rank.factors + 2));
    if (points * rank.runs > UINT32_MAX / 4)
        return command_misused(command, "%zu points of %u runs are too many", points, rank.runs);
    if (!take_metrics(&rank, command))
        return EXIT_USAGE;
    if (!check_design(&rank, trajectories))
        return EXIT_USAGE;
    return run_rank(&rank, trajectories);
}

static ExitCode rank_run(const Command *command, int argc, char **argv)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    g_autoptr(GPtrArray) sets = g_ptr_array_new();
    g_autoptr(GPtrArray) metrics = g_ptr_array_new();
    g_autofree char *problem = NULL;
    RankOptions options = {.sets = sets, .metrics = metrics};
    if (!options_parse(rank_specs, G_N_ELEMENTS(rank_specs), &options, argc, argv, files, &problem))
        return command_misused(command, "%s", problem);
    if (files->len != 1)
        return command_misused(command, "needs one scenario FILE (\"-\" for standard input)");
    if (outputs_misuse(&options.out) != NULL)
        return command_misused(command, "%s", outputs_misuse(&options.out));
    Sources sources;
    sources_read(&sources, files, sets);
    ExitCode code =
        sources.errors > 0 ? EXIT_USAGE : rank_checked(command, &options, &sources.items[0]);
    sources_clear(&sources);
    return code;
}

const Command command_rank = {
    .name = "rank",
    .usage = "FILE",
    .text = "which parameter moves recovery and loss most",
    .notes =
        "The scenario's factors: say what is moved and how far. Each factor alone from one end\n"
        "to the other (tornado), then Morris's screening over the whole range of all, and\n"
        "with --sobol the shares of the variance. Every point meets the same arrivals and\n"
        "faults.\n",
    .options = rank_specs,
    .option_count = G_N_ELEMENTS(rank_specs),
    .run = rank_run,
};
