/* failsim tail: how bad the worst outages are, where plain runs would hardly ever go. */
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/outputs.h"
#include "cli/page.h"
#include "cli/progress.h"
#include "cli/results.h"
#include "cli/source.h"
#include "cli/study.h"
#include "sim/check.h"
#include "sim/rare.h"

enum { PILOT_RUNS = 200, DIGITS_MIN = 2, DIGITS_MAX = 7, TILTED_MAX = 4 };

/* Drivers whose influence the pilot cannot tell from none are not worth runs. */
static const double INFLUENCE = 3.0; /* standard errors of a rank correlation */

typedef struct TailOptions {
    OptionNumber runs, seed, jobs, digits;
    GPtrArray *sets, *drivers;
    const char *metric, *above;
    OutputOptions out;
    bool quiet, no_color;
} TailOptions;

#define FIELD(name) offsetof(TailOptions, name)
static const OptionSpec tail_specs[] = {
    {0, "metric", "NAME", OPTION_TEXT, FIELD(metric), 0, 0, "else payments.lost"},
    {0, "above", "LIMIT", OPTION_TEXT, FIELD(above), 0, 0,
     "also the probability of more than this (5000; 30s)"},
    {0, "digits", "N", OPTION_NUMBER, FIELD(digits), DIGITS_MIN, DIGITS_MAX,
     "nines of the last quantile: 4, the default, is the 99.99th percentile"},
    {0, "driver", "KEY", OPTION_LIST, FIELD(drivers), 0, 0,
     "input to sample by importance; may be repeated (else those that a pilot finds)"},
    {'r', "runs", "N", OPTION_NUMBER, FIELD(runs), 100, 10000000,
     "runs beside the pilot (else 4,000)"},
    {0, "seed", "S", OPTION_NUMBER, FIELD(seed), 0, INT64_MAX - 1, "else the scenario's run.seed"},
    {0, "set", "KEY=VALUE", OPTION_LIST, FIELD(sets), 0, 0,
     "as if the scenario said so; may be repeated"},
    {'j', "jobs", "N", OPTION_NUMBER, FIELD(jobs), 0, 1024,
     "threads (0, the default: one a processor); results do not depend on it"},
    OUTPUT_JSON(TailOptions, out),
    {'q', "quiet", NULL, OPTION_FLAG, FIELD(quiet), 0, 0, "no progress, no report"},
    {0, "no-color", NULL, OPTION_FLAG, FIELD(no_color), 0, 0,
     "also NO_COLOR=1; colour is used on a terminal only"},
};

typedef struct Driver {
    char *key;
    const Dist *dist;
    double influence; /* rank correlation with the metric in the pilot */
} Driver;

typedef struct Tail {
    const TailOptions *options;
    const Source *source;
    size_t metric;
    uint64_t seed;
    uint32_t runs;
    double limit; /* --above; NAN: none */
    Driver driver[RARE_DRIVERS_MAX];
    RareDesign design;
    RareSample *samples;
    GPtrArray *unset;    /* char *: inputs that cannot be set, and are drawn as they are */
    atomic_bool refused; /* a run's inputs made no scenario */
    double mean_weight;  /* 1 in expectation */
    double none;         /* weighted share of runs to which the metric does not apply */
} Tail;

/* ---- runs ---- */

enum { COLUMN_VALUE, COLUMN_WEIGHT, COLUMN_FIRST_U, COLUMNS = COLUMN_FIRST_U + RARE_DRIVERS_MAX };

/* The scenario with this run's inputs set: a run like any other. */
static Scenario *scenario_of_run(const Tail *tail, const double *u)
{
    const GPtrArray *sets = tail->options->sets;
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < sets->len; i++)
        g_ptr_array_add(all, g_strdup(sets->pdata[i]));
    for (size_t j = 0; j < tail->design.drivers; j++) {
        double seconds = dist_quantile(tail->driver[j].dist, u[j]);
        double longest = sim_seconds(SIM_TIME_LONGEST);
        g_ptr_array_add(all, g_strdup_printf("%s=%" PRId64 "ns", tail->driver[j].key,
                                             (int64_t)(CLAMP(seconds, 0, longest) * 1e9)));
    }
    DiagList diags;
    diag_list_init(&diags);
    Scenario *scenario = scenario_read(tail->source->file, tail->source->text, tail->source->length,
                                       (const char *const *)all->pdata, all->len, &diags);
    diag_list_clear(&diags);
    return scenario;
}

/* Keys of a list that the file leaves to its default, for one, cannot be set. */
static bool can_be_set(const Tail *tail, const Driver *driver)
{
    Tail alone = {.options = tail->options, .source = tail->source};
    alone.driver[alone.design.drivers++] = *driver;
    const double median = 0.5;
    Scenario *scenario = scenario_of_run(&alone, &median);
    scenario_free(scenario);
    return scenario != NULL;
}

static uint64_t run_one(const void *model, uint64_t seed, uint32_t replication, double *values)
{
    Tail *tail = (Tail *)(uintptr_t)model;
    double u[RARE_DRIVERS_MAX] = {0};
    RandomStream stream;
    random_init(&stream, seed, replication, "tail", "inputs");
    rare_draw(&tail->design, &stream, u);
    Scenario *scenario = scenario_of_run(tail, u);
    memset(values, 0, COLUMNS * sizeof *values);
    if (scenario == NULL) {
        atomic_store(&tail->refused, true);
        return 0;
    }
    double *all = g_new(double, platform_metrics.count);
    uint64_t fingerprint = platform_run(scenario, seed, replication, all, NULL);
    values[COLUMN_VALUE] = all[tail->metric];
    values[COLUMN_WEIGHT] = rare_weight(&tail->design, u);
    memcpy(values + COLUMN_FIRST_U, u, sizeof u);
    g_free(all);
    scenario_free(scenario);
    return fingerprint;
}

/* `first` keeps the pilot's runs apart from those that count. */
static bool simulate(Tail *tail, uint32_t first, uint32_t runs, const char *what,
                     ExperimentResult *result)
{
    Progress progress = progress_make(what, tail->options->quiet);
    tail->runs = runs;
    Experiment experiment = {
        .run = run_one,
        .model = tail,
        .seed = tail->seed,
        .first = first,
        .replications = runs,
        .threads = (uint32_t)tail->options->jobs.value,
        .metric_count = COLUMNS,
        .progress = progress_step,
        .progress_data = &progress,
    };
    experiment_run(&experiment, result);
    progress_clear(&progress);
    return !result->stopped;
}

/* ---- the pilot: which inputs drive the metric, and towards which end ---- */

static int by_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Ranks of a column, equal values sharing the mean of theirs; NAN counts as the smallest. */
static void rank_column(const double *rows, uint32_t count, size_t column, double *rank)
{
    double *sorted = g_new(double, count);
    for (uint32_t i = 0; i < count; i++) {
        double value = rows[i * COLUMNS + column];
        sorted[i] = isnan(value) ? -INFINITY : value;
    }
    qsort(sorted, count, sizeof *sorted, by_first);
    for (uint32_t i = 0; i < count; i++) {
        double value = rows[i * COLUMNS + column];
        value = isnan(value) ? -INFINITY : value;
        uint32_t below = 0, upto = 0;
        while (below < count && sorted[below] < value)
            below++;
        for (upto = below; upto < count && sorted[upto] <= value; upto++)
            ;
        rank[i] = (below + upto - 1) / 2.0;
    }
    g_free(sorted);
}

static double rank_correlation(const double *a, const double *b, uint32_t count)
{
    double mean = (count - 1) / 2.0, ab = 0, aa = 0, bb = 0;
    for (uint32_t i = 0; i < count; i++) {
        ab += (a[i] - mean) * (b[i] - mean);
        aa += (a[i] - mean) * (a[i] - mean);
        bb += (b[i] - mean) * (b[i] - mean);
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

/* Is its influence among the largest? With each further input the weights spread wider. */
static bool among_first(const Tail *tail, size_t j)
{
    size_t larger = 0;
    for (size_t k = 0; k < tail->design.drivers; k++)
        larger += fabs(tail->driver[k].influence) > fabs(tail->driver[j].influence);
    return larger < TILTED_MAX;
}

static void choose_tilts(Tail *tail)
{
    for (size_t j = 0; j < tail->design.drivers; j++) {
        double influence = tail->driver[j].influence;
        bool drives = fabs(influence) > INFLUENCE / sqrt(PILOT_RUNS) && among_first(tail, j);
        if (drives || tail->options->drivers->len > 0)
            tail->design.tilt[j] = influence < 0 ? RARE_LOW : RARE_HIGH;
    }
}

static bool pilot(Tail *tail)
{
    ExperimentResult result;
    if (!simulate(tail, UINT32_MAX / 4, PILOT_RUNS, "pilot", &result)) {
        experiment_result_clear(&result);
        return false;
    }
    double value[PILOT_RUNS], input[PILOT_RUNS];
    rank_column(result.values, PILOT_RUNS, COLUMN_VALUE, value);
    for (size_t j = 0; j < tail->design.drivers; j++) {
        rank_column(result.values, PILOT_RUNS, COLUMN_FIRST_U + j, input);
        tail->driver[j].influence = rank_correlation(value, input, PILOT_RUNS);
    }
    experiment_result_clear(&result);
    choose_tilts(tail);
    return true;
}

static bool estimate(Tail *tail, uint32_t runs)
{
    size_t digits = tail->options->digits.given ? (size_t)tail->options->digits.value : 4;
    tail->design.levels = 2 * digits + 1;
    ExperimentResult result;
    bool whole = simulate(tail, 0, runs, scenario_name(tail->source->scenario), &result);
    tail->samples = g_new(RareSample, runs);
    for (uint32_t i = 0; whole && i < runs; i++) {
        const double *row = result.values + (size_t)i * COLUMNS;
        tail->samples[i] = (RareSample){row[COLUMN_VALUE], row[COLUMN_WEIGHT]};
        tail->mean_weight += row[COLUMN_WEIGHT] / runs;
        tail->none += isnan(row[COLUMN_VALUE]) ? row[COLUMN_WEIGHT] / runs : 0;
    }
    experiment_result_clear(&result);
    rare_sort(tail->samples, whole ? runs : 0);
    return whole;
}

/* ---- telling ---- */

static char *quantile_name(size_t digits)
{
    GString *name = g_string_new(digits > 2 ? "99." : "99");
    for (size_t i = 2; i < digits; i++)
        g_string_append_c(name, '9');
    return g_string_free(g_string_append(name, " %"), FALSE);
}

static double quantile_share(size_t digits)
{
    double beyond = 1;
    for (size_t i = 0; i < digits; i++)
        beyond /= 10;
    return 1 - beyond;
}

/* What plain sampling would need for the same relative error. */
static double plain_runs(const RareTail *t)
{
    double error = t->standard_error / t->probability;
    return (1 - t->probability) / (t->probability * error * error);
}

static char *interval_text(const Tail *tail, double low, double high)
{
    MetricUnit unit = platform_metrics.specs[tail->metric].unit;
    g_autofree char *from = format_value(unit, low, 0);
    g_autofree char *to = isinf(high) ? g_strdup("?") : format_value(unit, high, 0);
    return g_strdup_printf("[%s, %s]", from, to);
}

static void put_row(Page *page, const char *const *cells)
{
    static const int widths[] = {-12, 12, 26, 14, 16};
    page_add(page, "  ");
    for (size_t i = 0; i < G_N_ELEMENTS(widths); i++)
        page_cell(page, INK_PLAIN, cells[i], widths[i]);
    page_add(page, "\n");
}

static void put_quantile(const Tail *tail, Page *page, size_t digits)
{
    MetricUnit unit = platform_metrics.specs[tail->metric].unit;
    RareQuantile q = rare_quantile(tail->samples, tail->runs, quantile_share(digits));
    g_autofree char *name = quantile_name(digits);
    g_autofree char *value = format_value(unit, q.value, 0);
    if (!q.available) {
        bool top = q.reached && q.tail.seen == 0;
        put_row(page, top ? (const char *const[]){name, value,
                                                  isinf(q.value) ? "" : "no run beyond it", "", ""}
                          : (const char *const[]){name, "–", "too few runs beyond it", "", ""});
        return;
    }
    g_autofree char *interval = interval_text(tail, q.low, q.high);
    g_autofree char *error =
        g_strdup_printf("%.1f %%", 100 * q.tail.standard_error / q.tail.probability);
    g_autofree char *plain = format_count(plain_runs(&q.tail));
    put_row(page, (const char *const[]){name, value, interval, error, plain});
}

static void put_limit(const Tail *tail, Page *page)
{
    RareTail t = rare_tail(tail->samples, tail->runs, tail->limit);
    if (t.seen == 0) {
        page_addf(page, "\n  P(%s > %s): no run went beyond\n",
                  platform_metrics.specs[tail->metric].name, tail->options->above);
        return;
    }
    page_addf(page,
              "\n  P(%s > %s) = %.3g  [%.3g, %.3g]   relative error %.1f %%, %zu runs beyond\n",
              platform_metrics.specs[tail->metric].name, tail->options->above, t.probability, t.low,
              t.high, 100 * t.standard_error / t.probability, t.seen);
}

static void put_none(const Tail *tail, Page *page)
{
    g_autofree char *share = format_share(MIN(tail->none, 1), 0);
    const char *name = platform_metrics.specs[tail->metric].name;
    g_autofree char *text =
        tail->none < tail->mean_weight
            ? g_strdup_printf("%s does not apply to about %s of all runs; they count as runs below "
                              "every limit.",
                              name, share)
            : g_strdup_printf("%s does not apply to any run.", name);
    page_add(page, "\n");
    page_wrap(page, INK_DOUBT, text, 2);
}

static void put_drivers(const Tail *tail, Page *page)
{
    for (size_t j = 0; j < tail->design.drivers; j++) {
        const Driver *driver = &tail->driver[j];
        static const char *const how[] = {[RARE_PLAIN] = "drawn as it is",
                                          [RARE_HIGH] = "its high tail sampled",
                                          [RARE_LOW] = "its low tail sampled"};
        page_add(page, "  ");
        page_cell(page, INK_PLAIN, driver->key, -34);
        page_addf(page, "%s (rank correlation %+.2f)\n", how[tail->design.tilt[j]],
                  driver->influence);
    }
    for (guint i = 0; i < tail->unset->len; i++) {
        page_add(page, "  ");
        page_cell(page, INK_PLAIN, tail->unset->pdata[i], -34);
        page_add(page, "drawn as it is (cannot be set; write its list out in the scenario)\n");
    }
    if (tail->design.drivers == 0)
        page_add(
            page,
            "  no input of this scenario is drawn once a run and can be set: plain sampling\n");
}

static void print_text(const Tail *tail)
{
    Page page;
    page_init(&page, !tail->options->no_color && page_wants_colour(stdout));
    page_ink(&page, INK_BOLD, "TAIL of ");
    page_ink(&page, INK_BOLD, platform_metrics.specs[tail->metric].name);
    page_addf(&page, "  %s · %" PRIu32 " runs and %d for the pilot · seed %" PRIu64 "\n",
              scenario_name(tail->source->scenario), tail->runs, PILOT_RUNS, tail->seed);
    page_add(&page,
             "  importance sampling over the inputs that drive it, each from nested tails\n\n");
    put_drivers(tail, &page);
    page_add(&page, "\n");
    put_row(&page,
            (const char *const[]){"quantile", "value", "95 % CI", "rel. error", "plain runs*"});
    size_t digits = tail->options->digits.given ? (size_t)tail->options->digits.value : 4;
    for (size_t d = DIGITS_MIN; d <= digits; d++)
        put_quantile(tail, &page, d);
    if (!isnan(tail->limit))
        put_limit(tail, &page);
    if (tail->none > 0)
        put_none(tail, &page);
    page_add(&page, "\n");
    page_wrap(
        &page, INK_DIM,
        "Relative error: standard error of the probability of more, over it. *Plain runs that "
        "would give the same.",
        2);
    page_addf(&page, "  Mean weight %.3f (1 in expectation).\n", tail->mean_weight);
    page_print(&page, stdout);
    page_clear(&page);
}

static void put_tail(Json *json, const RareTail *t)
{
    json_measured(json, "probability", t->probability);
    json_measured(json, "low", t->low);
    json_measured(json, "high", t->seen > 0 ? t->high : (double)NAN);
    json_measured(json, "relative_error",
                  t->probability > 0 ? t->standard_error / t->probability : (double)NAN);
    json_key(json, "runs_beyond");
    json_integer(json, t->seen);
}

static void put_json(const void *data, FILE *out)
{
    const Tail *tail = data;
    Json json;
    json_init(&json, out);
    json_object(&json);
    results_head(&json, "tail", tail->source, tail->options->sets);
    json_key(&json, "metric");
    json_text(&json, platform_metrics.specs[tail->metric].name);
    json_key(&json, "seed");
    json_integer(&json, tail->seed);
    json_key(&json, "runs");
    json_integer(&json, tail->runs);
    json_measured(&json, "mean_weight", tail->mean_weight);
    json_measured(&json, "not_applicable", tail->none);
    json_key(&json, "drivers");
    json_array(&json);
    for (size_t j = 0; j < tail->design.drivers; j++) {
        json_object_flat(&json);
        json_key(&json, "key");
        json_text(&json, tail->driver[j].key);
        json_key(&json, "sampled");
        json_flag(&json, tail->design.tilt[j] != RARE_PLAIN);
        json_measured(&json, "rank_correlation", tail->driver[j].influence);
        json_end(&json);
    }
    json_end(&json);
    json_key(&json, "quantiles");
    json_array(&json);
    size_t digits = tail->options->digits.given ? (size_t)tail->options->digits.value : 4;
    for (size_t d = DIGITS_MIN; d <= digits; d++) {
        RareQuantile q = rare_quantile(tail->samples, tail->runs, quantile_share(d));
        json_object_flat(&json);
        json_measured(&json, "q", quantile_share(d));
        bool known = q.available || (q.reached && q.tail.seen == 0);
        json_measured(&json, "value", known ? q.value : (double)NAN);
        json_measured(&json, "value_low", q.available ? q.low : (double)NAN);
        json_measured(&json, "value_high", q.available ? q.high : (double)NAN);
        put_tail(&json, &q.tail);
        json_end(&json);
    }
    json_end(&json);
    if (!isnan(tail->limit)) {
        RareTail t = rare_tail(tail->samples, tail->runs, tail->limit);
        json_key(&json, "above");
        json_object_flat(&json);
        json_measured(&json, "limit", tail->limit);
        put_tail(&json, &t);
        json_end(&json);
    }
    json_end(&json);
}

/* ---- the command ---- */

static bool parse_limit(Tail *tail, char **problem)
{
    tail->limit = (double)NAN;
    if (tail->options->above == NULL)
        return true;
    g_autofree char *condition = g_strdup_printf(
        "%s.max <= %s", platform_metrics.specs[tail->metric].name, tail->options->above);
    Expect expect;
    ExpectProblem why = {0};
    if (expect_parse(condition, &platform_metrics, &expect, &why)) {
        tail->limit = expect.limit;
        return true;
    }
    *problem = g_strdup_printf("--above %s: %s", tail->options->above, why.message);
    g_free(why.message);
    g_free(why.hint);
    return false;
}

static bool wanted(const TailOptions *options, const char *key)
{
    for (guint i = 0; i < options->drivers->len; i++)
        if (strcmp(options->drivers->pdata[i], key) == 0)
            return true;
    return options->drivers->len == 0;
}

static char *join_keys(const GArray *drivers)
{
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < drivers->len; i++)
        g_string_append_printf(all, "%s%s", i ? ", " : "",
                               g_array_index(drivers, ScenarioDriver, i).key);
    return g_string_free(all, FALSE);
}

/* Takes the drivers that are asked for, or all; false with *problem if one is none. */
static bool take_drivers(Tail *tail, char **problem)
{
    const TailOptions *options = tail->options;
    GArray *drivers = scenario_drivers(tail->source->scenario);
    g_autofree char *all = join_keys(drivers);
    for (guint i = 0; i < drivers->len; i++) {
        ScenarioDriver *driver = &g_array_index(drivers, ScenarioDriver, i);
        Driver own = {driver->key, driver->dist, 0};
        bool taken = wanted(options, driver->key) && tail->design.drivers < RARE_DRIVERS_MAX;
        if (taken && can_be_set(tail, &own))
            tail->driver[tail->design.drivers++] = own;
        else if (taken)
            g_ptr_array_add(tail->unset, driver->key);
        else
            g_free(driver->key);
    }
    g_array_unref(drivers);
    if (options->drivers->len == 0 || tail->design.drivers == options->drivers->len)
        return true;
    if (tail->unset->len > 0) {
        *problem = g_strdup_printf("--driver %s cannot be set; write its list out in the scenario",
                                   (const char *)tail->unset->pdata[0]);
        return false;
    }
    *problem = g_strdup_printf(
        "--driver names an input that is not drawn once a run; there are: %s", *all ? all : "none");
    return false;
}

static ExitCode tell_refused(const Tail *tail)
{
    fprintf(stderr,
            "failsim tail: %s: the inputs that drive it, drawn together from their tails, make no "
            "valid scenario\n  name those that may go so far: --driver KEY; failsim tail shows "
            "them\n",
            tail->source->file);
    return EXIT_USAGE;
}

static ExitCode run_tail(Tail *tail)
{
    static const OutputPut put[OUTPUT_KINDS] = {put_json, NULL, NULL};
    Outputs outputs;
    g_autofree char *problem = NULL;
    if (!outputs_open(&outputs, &tail->options->out, &problem)) {
        fprintf(stderr, "failsim: %s\n", problem);
        return EXIT_IO;
    }
    interrupt_catch();
    uint32_t runs = tail->options->runs.given ? (uint32_t)tail->options->runs.value : 4000;
    if ((tail->design.drivers > 0 && !pilot(tail)) || !estimate(tail, runs)) {
        outputs_discard(&outputs);
        fprintf(stderr, "failsim: interrupted: a tail from half of its runs would mislead\n");
        return EXIT_INTERRUPTED;
    }
    if (atomic_load(&tail->refused)) {
        outputs_discard(&outputs);
        return tell_refused(tail);
    }
    if (!outputs_write(&outputs, put, tail, &problem)) {
        fprintf(stderr, "failsim: %s\n", problem);
        return EXIT_IO;
    }
    if (outputs_text(&tail->options->out) && !tail->options->quiet)
        print_text(tail);
    return EXIT_MET;
}

static ExitCode tail_checked(const Command *command, const TailOptions *options,
                             const Source *source)
{
    Tail tail = {.options = options, .source = source};
    tail.metric = study_metric(options->metric ? options->metric : "payments.lost");
    if (tail.metric == STUDY_NO_METRIC)
        return command_misused(command, "--metric %s: no such metric (failsim explain lists them)",
                               options->metric);
    tail.seed =
        options->seed.given ? (uint64_t)options->seed.value : scenario_seed(source->scenario);
    tail.unset = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *problem = NULL;
    ExitCode code = EXIT_USAGE;
    if (!parse_limit(&tail, &problem) || !take_drivers(&tail, &problem))
        command_misused(command, "%s", problem);
    else
        code = run_tail(&tail);
    for (size_t j = 0; j < tail.design.drivers; j++)
        g_free(tail.driver[j].key);
    g_ptr_array_free(tail.unset, TRUE);
    g_free(tail.samples);
    return code;
}

static ExitCode tail_run(const Command *command, int argc, char **argv)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    g_autoptr(GPtrArray) sets = g_ptr_array_new();
    g_autoptr(GPtrArray) drivers = g_ptr_array_new();
    g_autofree char *problem = NULL;
    TailOptions options = {.sets = sets, .drivers = drivers};
    if (!options_parse(tail_specs, G_N_ELEMENTS(tail_specs), &options, argc, argv, files, &problem))
        return command_misused(command, "%s", problem);
    if (files->len != 1)
        return command_misused(command, "needs one scenario FILE (\"-\" for standard input)");
    if (outputs_misuse(&options.out) != NULL)
        return command_misused(command, "%s", outputs_misuse(&options.out));
    Sources sources;
    sources_read(&sources, files, sets);
    ExitCode code =
        sources.errors > 0 ? EXIT_USAGE : tail_checked(command, &options, &sources.items[0]);
    sources_clear(&sources);
    return code;
}

const Command command_tail = {
    .name = "tail",
    .usage = "FILE",
    .text = "how bad the worst outages are: p99.9 and beyond",
    .notes =
        "Importance sampling: inputs that are drawn once a run (lag, latency, when and how long,\n"
        "how fast people and steps are) are drawn more often from the tail that makes the metric\n"
        "large, and each run is weighted. A pilot finds which inputs drive the metric. The\n"
        "probabilities are unbiased whatever it finds; their relative error is printed.\n",
    .options = tail_specs,
    .option_count = G_N_ELEMENTS(tail_specs),
    .run = tail_run,
};
