/* failsim compare: designs on the same runs, and what differs. The first file, or the scenario as
 * written, is the base; the others are further files, or one file's variants. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/baseline.h"
#include "cli/ci.h"
#include "cli/command.h"
#include "cli/comparison.h"
#include "cli/interrupt.h"
#include "cli/outfile.h"
#include "cli/page.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "sim/param.h"

enum { RUNS_MAX = 1000000, JOBS_MAX = 1024 };

typedef struct CompareOptions {
    OptionNumber runs, seed, jobs;
    GPtrArray *sets, *variants, *metrics;
    const char *json, *csv, *baseline, *tolerance;
    bool quiet, verbose, no_color;
    CiOptions ci;
} CompareOptions;

#define FIELD(name) offsetof(CompareOptions, name)

static const OptionSpec compare_specs[] = {
    {'r', "runs", "N", OPTION_NUMBER, FIELD(runs), 1, RUNS_MAX,
     "replications of each (else the first scenario's run.replications)"},
    {0, "seed", "S", OPTION_NUMBER, FIELD(seed), 0, INT64_MAX - 1,
     "else the first scenario's run.seed"},
    {0, "set", "KEY=VALUE", OPTION_LIST, FIELD(sets), 0, 0, "in every design; may be repeated"},
    {0, "variant", "NAME:KEY=VALUE", OPTION_LIST, FIELD(variants), 0, 0,
     "one more variant, or one more setting of it; may be repeated"},
    {0, "metric", "METRIC[.STAT]", OPTION_LIST, FIELD(metrics), 0, 0,
     "show this mean or quantile too; may be repeated"},
    {'j', "jobs", "N", OPTION_NUMBER, FIELD(jobs), 0, JOBS_MAX,
     "threads (0, the default: one a processor); results do not depend on it"},
    {0, "json", "FILE", OPTION_OR_DASH, FIELD(json), 0, 0,
     "everything as JSON; to stdout instead of the report without FILE"},
    {0, "csv", "FILE", OPTION_TEXT, FIELD(csv), 0, 0,
     "one row a difference; \"-\": to stdout instead of the report"},
    {0, "baseline", "FILE", OPTION_TEXT, FIELD(baseline), 0, 0,
     "an earlier JSON of compare or run: exit 1 if a metric got worse"},
    {0, "tolerance", "SHARE", OPTION_TEXT, FIELD(tolerance), 0, 0,
     "how much worse is accepted, of the baseline's value (5%)"},
    CI_OPTIONS(CompareOptions, ci),
    {'q', "quiet", NULL, OPTION_FLAG, FIELD(quiet), 0, 0, "no progress, no report"},
    {'v', "verbose", NULL, OPTION_FLAG, FIELD(verbose), 0, 0, "every metric"},
    {0, "no-color", NULL, OPTION_FLAG, FIELD(no_color), 0, 0,
     "also NO_COLOR=1; colour is used on a terminal only"},
};

typedef struct Job {
    const CompareOptions *options;
    Sources sources;
    Comparison comparison;
    Ci ci;
    OutFile json_file, csv_file;
    Baseline *baseline; /* NULL: none */
    GArray *gates;      /* Gate */
    bool text;
    ExitCode code;
} Job;

static void lose(Job *job, char *problem)
{
    fprintf(stderr, "failsim: %s\n", problem);
    g_free(problem);
    job->code = command_worse(job->code, EXIT_IO);
}

/* ---- Which designs ---- */

static GPtrArray *copy_sets(const GPtrArray *sets, GPtrArray *more)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < sets->len; i++)
        g_ptr_array_add(all, g_strdup(sets->pdata[i]));
    for (guint i = 0; more != NULL && i < more->len; i++)
        g_ptr_array_add(all, g_strdup(more->pdata[i]));
    return all;
}

static void add_file_variants(Job *job, const Source *source)
{
    for (size_t i = 0; i < source->variants; i++) {
        g_autoptr(GPtrArray) more = scenario_variant_sets(source->scenario, i);
        Source copy = *source;
        copy.scenario = source_variant(source, job->options->sets, i);
        comparison_add(&job->comparison, scenario_variant_name(source->scenario, i), &copy, true,
                       copy_sets(job->options->sets, more));
    }
}

/* The settings of the variant that --variant number `first` begins. */
static GPtrArray *settings_of(const GPtrArray *variants, guint first, size_t name_length)
{
    GPtrArray *settings = g_ptr_array_new();
    for (guint i = first; i < variants->len; i++) {
        char *text = variants->pdata[i];
        if (strncmp(text, variants->pdata[first], name_length + 1) == 0)
            g_ptr_array_add(settings, text + name_length + 1);
    }
    return settings;
}

/* Variants of the command line: read as the file with more settings, so that errors are told. */
static bool add_option_variants(Job *job, const Source *source)
{
    const GPtrArray *variants = job->options->variants;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < variants->len; i++) {
        const char *text = variants->pdata[i];
        size_t length = strcspn(text, ":");
        char *name = g_strndup(text, length);
        if (!g_hash_table_add(seen, name))
            continue;
        g_autoptr(GPtrArray) settings = settings_of(variants, i, length);
        GPtrArray *sets = copy_sets(job->options->sets, settings);
        Scenario *scenario = source_with(&job->sources, source, sets);
        if (scenario == NULL) {
            g_ptr_array_unref(sets);
            return false;
        }
        Source copy = *source;
        copy.scenario = scenario;
        comparison_add(&job->comparison, name, &copy, true, sets);
    }
    return true;
}

static bool make_designs(Job *job)
{
    const Source *first = &job->sources.items[0];
    bool several = job->sources.count > 1;
    for (size_t i = 0; i < job->sources.count; i++) {
        const Source *source = &job->sources.items[i];
        const char *name = several ? scenario_name(source->scenario) : "as written";
        comparison_add(&job->comparison, name, source, false, copy_sets(job->options->sets, NULL));
    }
    if (several)
        return true;
    add_file_variants(job, first);
    return add_option_variants(job, first);
}

/* What two designs are called must tell them apart. */
static bool name_designs(Job *job)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint d = 0; d < job->comparison.designs->len; d++) {
        Design *design = comparison_design(&job->comparison, d);
        if (g_hash_table_contains(seen, design->name) && job->sources.count > 1) {
            g_free(design->name);
            design->name = g_strdup(design->source.file);
        }
        if (g_hash_table_add(seen, design->name))
            continue;
        fprintf(stderr,
                "failsim compare: two designs are called \"%s\"\n  give them different names\n",
                design->name);
        return false;
    }
    return true;
}

static void check_seeds(Job *job)
{
    const Scenario *base = job->sources.items[0].scenario;
    for (size_t i = 1; i < job->sources.count && !job->options->seed.given; i++) {
        const Scenario *other = job->sources.items[i].scenario;
        if (scenario_seed(other) != scenario_seed(base))
            g_ptr_array_add(job->comparison.warnings,
                            g_strdup_printf("%s has run.seed %" G_GUINT64_FORMAT
                                            "; it was run with the first one's, so that both have "
                                            "the same random inputs",
                                            scenario_name(other), scenario_seed(other)));
    }
}

/* ---- Running ---- */

static bool run_design(Job *job, Design *design)
{
    const CompareOptions *options = job->options;
    Comparison *comparison = &job->comparison;
    Progress progress = progress_make(design->name, options->quiet);
    StudyPlan plan = {
        .seed = comparison->seed,
        .runs = comparison->asked,
        .threads = (uint32_t)options->jobs.value,
        .progress = progress_step,
        .progress_data = &progress,
    };
    ci_study_begins(&job->ci, design->source.scenario, design->source.hash, design->sets, &plan);
    study_run(&design->study, &design->source, design->sets, &plan);
    design->done = true;
    progress_clear(&progress);
    if (job->ci.events != NULL)
        ndjson_study_ends(&job->ci, &design->study, design->name);
    comparison->stopped = comparison->stopped || design->study.result.stopped;
    return !comparison->stopped;
}

static void run_designs(Job *job)
{
    Comparison *comparison = &job->comparison;
    const CompareOptions *options = job->options;
    const Scenario *base = job->sources.items[0].scenario;
    comparison->seed = options->seed.given ? (uint64_t)options->seed.value : scenario_seed(base);
    comparison->asked =
        options->runs.given ? (uint32_t)options->runs.value : scenario_replications(base);
    guint done = 0;
    while (done < comparison->designs->len && run_design(job, comparison_design(comparison, done)))
        done++;
    /* Designs that were not begun are left out. */
    if (done + 1 < comparison->designs->len) {
        guint left = comparison->designs->len - done - 1;
        fprintf(stderr, "failsim: interrupted; %u of %u designs were not run\n", left,
                comparison->designs->len);
        g_ptr_array_remove_range(comparison->designs, done + 1, left);
    }
    comparison_judge(comparison);
    if (comparison->stopped)
        job->code = command_worse(job->code, EXIT_INTERRUPTED);
}

/* ---- Writing ---- */

static bool open_one(Job *job, OutFile *out, const char *path)
{
    char *problem = NULL;
    if (path == NULL || outfile_open(out, path, &problem))
        return true;
    lose(job, problem);
    return false;
}

static void close_one(Job *job, OutFile *out)
{
    char *problem = NULL;
    if (out->file != NULL && !outfile_commit(out, &problem))
        lose(job, problem);
}

static void write_results(Job *job)
{
    const Comparison *comparison = &job->comparison;
    if (job->json_file.file != NULL) {
        Json json;
        json_init(&json, job->json_file.file);
        comparison_json(&json, comparison);
    }
    if (job->csv_file.file != NULL)
        comparison_csv(job->csv_file.file, comparison);
    close_one(job, &job->json_file);
    close_one(job, &job->csv_file);
    if (!job->text || job->options->quiet)
        return;
    Page page;
    page_init(&page, !job->options->no_color && page_wants_colour(stdout));
    report_comparison(&page, comparison, job->options->verbose);
    if (job->baseline != NULL)
        report_baseline(&page, job->baseline, job->gates);
    page_print(&page, stdout);
    page_clear(&page);
}

static void put_markdown(FILE *out, const void *data)
{
    comparison_markdown(out, data);
}

/* A case a gate: the name is the statistic's, with the design in brackets. */
static void gate_case(Job *job, size_t suite, const Gate *gate)
{
    const Study *study = &gate->design->study;
    g_autofree char *name = gate_name(gate);
    g_autofree char *text = gate_text(gate);
    GString *command = g_string_new("failsim compare");
    for (size_t i = 0; i < job->sources.count; i++)
        report_append_word(command, job->sources.items[i].file);
    g_string_append_printf(command, " -r %u --seed %" G_GUINT64_FORMAT " --baseline", study->asked,
                           study->seed);
    report_append_word(command, job->baseline->file);
    ci_case(&job->ci, (CiCase){
                          .suite = suite,
                          .name = g_strdup_printf("%s not worse than the baseline [%s]", name,
                                                  gate->design->name),
                          .verdict = gate->regression ? VERDICT_FAIL : VERDICT_PASS,
                          .file = g_strdup(gate->design->source.file),
                          .subject = g_strdup(name),
                          .limit = g_strdup("not worse than the baseline"),
                          .measured = g_strdup(text),
                          .interval = g_strdup(""),
                          .note = g_strdup(""),
                          .why = g_strdup(""),
                          .command = g_string_free(command, FALSE),
                      });
}

static void judge_baseline(Job *job)
{
    size_t suite = ci_suite(&job->ci, &comparison_design(&job->comparison, 0)->study, NULL);
    if (job->baseline == NULL)
        return;
    baseline_judge(job->baseline, &job->comparison, job->gates);
    for (guint i = 0; i < job->gates->len; i++)
        gate_case(job, suite, &g_array_index(job->gates, Gate, i));
    if (baseline_regressions(job->gates) > 0)
        job->code = command_worse(job->code, EXIT_UNMET);
}

static void compare(Job *job)
{
    char *problem = NULL;
    interrupt_catch();
    bool ready = ci_open(&job->ci, &job->options->ci, !job->text, &problem);
    if (!ready)
        lose(job, problem);
    job->ci.put_markdown = put_markdown;
    job->ci.markdown_data = &job->comparison;
    ready = ready && open_one(job, &job->json_file, job->options->json);
    ready = ready && open_one(job, &job->csv_file, job->options->csv);
    if (ready) {
        run_designs(job);
        judge_baseline(job);
        write_results(job);
    } else if (job->json_file.file != NULL) {
        outfile_discard(&job->json_file);
    }
    job->code = command_worse(job->code, ci_close(&job->ci, job->code));
}

static ExitCode enough(const Job *job)
{
    g_autofree char *problem = NULL;
    if (job->baseline != NULL && !baseline_fits(job->baseline, &job->comparison, &problem)) {
        fprintf(stderr, "failsim compare: %s\n", problem);
        return EXIT_USAGE;
    }
    /* One design is enough to make a baseline, or to hold against one. */
    if (job->comparison.designs->len > 1 || job->baseline != NULL || job->options->json != NULL)
        return EXIT_MET;
    fprintf(stderr,
            "failsim compare: %s has no variants; name a second FILE, add a section\n"
            "  variants: [{name: automatic, set: {failover.mode: automatic}}]\n"
            "  or --variant automatic:failover.mode=automatic\n",
            job->sources.items[0].file);
    return EXIT_USAGE;
}

static bool read_baseline(Job *job)
{
    double tolerance = 0.05;
    g_autofree char *problem = NULL;
    if (job->options->baseline == NULL)
        return true;
    if (job->options->tolerance != NULL)
        param_parse_share(job->options->tolerance, &tolerance, &problem);
    job->baseline = baseline_read(job->options->baseline, tolerance, &problem);
    if (job->baseline == NULL)
        fprintf(stderr, "failsim compare: %s\n", problem);
    return job->baseline != NULL;
}

static ExitCode compare_checked(const CompareOptions *options, const GPtrArray *files)
{
    Job job = {.options = options, .code = EXIT_MET};
    job.text = g_strcmp0(options->json, "-") != 0 && g_strcmp0(options->csv, "-") != 0 &&
               g_strcmp0(options->ci.ndjson, "-") != 0 && g_strcmp0(options->ci.markdown, "-") != 0;
    comparison_init(&job.comparison);
    sources_read(&job.sources, files, options->sets);
    if (files->len == 1)
        sources_read_variants(&job.sources, options->sets);
    job.gates = g_array_new(FALSE, TRUE, sizeof(Gate));
    if (!read_baseline(&job) || job.sources.errors > 0 || !make_designs(&job) ||
        !name_designs(&job))
        job.code = EXIT_USAGE;
    else
        job.code = enough(&job);
    if (job.code == EXIT_MET) {
        check_seeds(&job);
        bool all = options->json != NULL || options->csv != NULL || options->verbose;
        comparison_choose(&job.comparison, options->metrics, all);
        compare(&job);
    }
    g_array_free(job.gates, TRUE);
    baseline_free(job.baseline);
    comparison_clear(&job.comparison);
    sources_clear(&job.sources);
    return job.code;
}

/* ---- The command line ---- */

static char *misuse_of_metric(const char *text)
{
    Expect expect;
    ExpectProblem problem = {0};
    char *misuse = NULL;
    if (!expect_parse_statistic(text, &platform_metrics, &expect, &problem))
        misuse = g_strdup_printf("--metric %s: %s%s%s", text, problem.message,
                                 problem.hint != NULL ? "; " : "",
                                 problem.hint != NULL ? problem.hint : "");
    else if (!precision_applies(&expect))
        misuse = g_strdup_printf("--metric %s: a difference of min or max has no interval; name a "
                                 "mean or a quantile",
                                 text);
    g_free(problem.message);
    g_free(problem.hint);
    return misuse;
}

static char *misuse(const CompareOptions *options, const GPtrArray *files)
{
    size_t from_stdin = 0;
    if (files->len == 0)
        return g_strdup("needs scenario FILEs (\"-\" for standard input)");
    for (guint i = 0; i < files->len; i++)
        from_stdin += strcmp(files->pdata[i], "-") == 0 ? 1 : 0;
    if (from_stdin > 1)
        return g_strdup("\"-\" can be read only once");
    if (options->quiet && options->verbose)
        return g_strdup("--quiet and --verbose exclude each other");
    if (g_strcmp0(options->json, "-") == 0 && g_strcmp0(options->csv, "-") == 0)
        return g_strdup("--json and --csv cannot both go to standard output");
    if (options->variants->len > 0 && files->len > 1)
        return g_strdup("--variant goes with one FILE");
    g_autofree char *message = NULL;
    double tolerance = 0;
    if (options->tolerance != NULL && options->baseline == NULL)
        return g_strdup("--tolerance goes with --baseline");
    if (options->tolerance != NULL &&
        !(param_parse_share(options->tolerance, &tolerance, &message) && tolerance >= 0))
        return g_strdup_printf("--tolerance takes a share, such as 5%%, not \"%s\"",
                               options->tolerance);
    for (guint i = 0; i < options->variants->len; i++) {
        const char *text = options->variants->pdata[i], *colon = strchr(text, ':');
        if (colon == NULL || colon == text || strchr(colon, '=') == NULL)
            return g_strdup_printf("--variant takes NAME:KEY=VALUE, such as "
                                   "automatic:failover.mode=automatic, not \"%s\"",
                                   text);
    }
    for (guint i = 0; i < options->metrics->len; i++) {
        char *problem = misuse_of_metric(options->metrics->pdata[i]);
        if (problem != NULL)
            return problem;
    }
    return ci_misuse(&options->ci);
}

static ExitCode compare_run(const Command *command, int argc, char **argv)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    g_autoptr(GPtrArray) sets = g_ptr_array_new();
    g_autoptr(GPtrArray) variants = g_ptr_array_new();
    g_autoptr(GPtrArray) metrics = g_ptr_array_new();
    g_autofree char *problem = NULL;
    CompareOptions options = {.sets = sets, .variants = variants, .metrics = metrics};
    if (!options_parse(compare_specs, G_N_ELEMENTS(compare_specs), &options, argc, argv, files,
                       &problem))
        return command_misused(command, "%s", problem);
    problem = misuse(&options, files);
    if (problem != NULL)
        return command_misused(command, "%s", problem);
    return compare_checked(&options, files);
}

const Command command_compare = {
    .name = "compare",
    .usage = "FILE...",
    .text = "designs side by side on the same runs",
    .notes =
        "One FILE: the scenario as written against each of its variants:, and of --variant.\n"
        "Several: the first against each of the others, as written.\n"
        "Every design has the first one's seed and number of runs, so that run i has the same\n"
        "arrivals and faults in each; differences are taken run by run, with 95 % intervals:\n"
        "Student's t for means, a paired bootstrap for quantiles. n.s.: the interval contains 0.\n"
        "Expectations are shown and do not decide the exit code: that is for failsim run.\n"
        "--baseline: a statistic regressed if the whole 95 % interval of its worsening lies "
        "beyond\n"
        "the tolerance. Make the baseline with failsim compare FILE --json=baseline.json: it "
        "holds\n"
        "the runs' values, so that the same seed is compared run by run. The JSON of failsim run\n"
        "holds means only and is compared unpaired (Welch). Regressions exit with 1.\n",
    .options = compare_specs,
    .option_count = G_N_ELEMENTS(compare_specs),
    .run = compare_run,
};
