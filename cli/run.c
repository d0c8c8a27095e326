/* failsim run: read everything, then simulate, then write; nothing is simulated or written
 * while anything on the command line or in any scenario is wrong. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ci.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/outfile.h"
#include "cli/page.h"
#include "cli/precise.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/results.h"
#include "cli/study.h"

enum { RUNS_MAX = 1000000, JOBS_MAX = 1024, SLUG_BYTES = 80 };

typedef struct RunOptions {
    OptionNumber runs, seed, jobs;
    GPtrArray *sets;
    const char *directory, *json, *csv;
    bool quiet, verbose, no_color;
    PreciseOptions precise;
    CiOptions ci;
} RunOptions;

#define FIELD(name) offsetof(RunOptions, name)

static const OptionSpec run_specs[] = {
    {'r', "runs", "N", OPTION_NUMBER, FIELD(runs), 1, RUNS_MAX,
     "replications (else the scenario's run.replications)"},
    {0, "seed", "S", OPTION_NUMBER, FIELD(seed), 0, INT64_MAX - 1, "else the scenario's run.seed"},
    {0, "set", "KEY=VALUE", OPTION_LIST, FIELD(sets), 0, 0,
     "as if the scenario said so; may be repeated"},
    {'j', "jobs", "N", OPTION_NUMBER, FIELD(jobs), 0, JOBS_MAX,
     "threads (0, the default: one a processor); results do not depend on it"},
    PRECISE_OPTIONS(RunOptions, precise),
    {'o', "output", "DIR", OPTION_TEXT, FIELD(directory), 0, 0,
     "write DIR/<scenario>/result.json, runs.csv, story.txt"},
    {0, "json", "FILE", OPTION_OR_DASH, FIELD(json), 0, 0,
     "the result as JSON; to stdout instead of the report without FILE"},
    {0, "csv", "FILE", OPTION_TEXT, FIELD(csv), 0, 0,
     "one row a run; \"-\": to stdout instead of the report"},
    {'q', "quiet", NULL, OPTION_FLAG, FIELD(quiet), 0, 0, "the verdict only"},
    {'v', "verbose", NULL, OPTION_FLAG, FIELD(verbose), 0, 0,
     "every metric, and what the platform did"},
    CI_OPTIONS(RunOptions, ci),
    {0, "no-color", NULL, OPTION_FLAG, FIELD(no_color), 0, 0,
     "also NO_COLOR=1; colour is used on a terminal only"},
};

/* One run of the command: what is asked and where it goes. */
typedef struct Job {
    const RunOptions *options;
    Sources sources;
    PrecisionRule *rules; /* by source; of count 0 without --precision */
    char **folders;       /* by source, below -o; NULL without -o */
    Ci ci;
    OutFile json_file, csv_file;
    Json json;
    bool text; /* the report goes to stdout */
    size_t verdicts[3], unjudged;
    ExitCode code;
} Job;

static void lose(Job *job, char *problem)
{
    fprintf(stderr, "failsim: %s\n", problem);
    g_free(problem);
    job->code = command_worse(job->code, EXIT_IO);
}

/* "North India: region loss" -> "north-india-region-loss" */
static char *slug_of(const char *name)
{
    g_autofree char *ascii = g_str_to_ascii(name, "C");
    GString *slug = g_string_new(NULL);
    for (const char *c = ascii; *c != '\0' && slug->len < SLUG_BYTES; c++) {
        if (g_ascii_isalnum(*c))
            g_string_append_c(slug, g_ascii_tolower(*c));
        else if (slug->len > 0 && slug->str[slug->len - 1] != '-')
            g_string_append_c(slug, '-');
    }
    while (slug->len > 0 && slug->str[slug->len - 1] == '-')
        g_string_truncate(slug, slug->len - 1);
    return slug->len > 0 ? g_string_free(slug, FALSE)
                         : (g_string_free(slug, TRUE), g_strdup("scenario"));
}

/* Folder names follow scenario names; two of one name would overwrite each other. */
static bool name_folders(Job *job)
{
    job->folders = g_new0(char *, job->sources.count + 1);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < job->sources.count; i++) {
        char *slug = slug_of(scenario_name(job->sources.items[i].scenario));
        job->folders[i] = g_build_filename(job->options->directory, slug, NULL);
        if (g_hash_table_add(seen, slug))
            continue;
        fprintf(stderr,
                "failsim run: two scenarios would both be written to %s\n"
                "  give them different names (name:), or run them one at a time\n",
                job->folders[i]);
        return false;
    }
    return true;
}

/* A place that cannot be written is told before the waiting, not after. */
static bool prepare_outputs(Job *job)
{
    char *problem = NULL;
    for (char **folder = job->folders; folder != NULL && *folder != NULL; folder++)
        if (g_mkdir_with_parents(*folder, 0777) != 0 || access(*folder, W_OK) != 0) {
            lose(job, g_strdup_printf("cannot write in %s: %s", *folder, g_strerror(errno)));
            return false;
        }
    if (job->options->json != NULL) {
        if (!outfile_open(&job->json_file, job->options->json, &problem)) {
            lose(job, problem);
            return false;
        }
        json_init(&job->json, job->json_file.file);
    }
    if (job->options->csv != NULL) {
        if (!outfile_open(&job->csv_file, job->options->csv, &problem)) {
            lose(job, problem);
            if (job->json_file.file != NULL)
                outfile_discard(&job->json_file);
            return false;
        }
        results_csv_header(job->csv_file.file);
    }
    return true;
}

static void put_json(FILE *out, const Study *study)
{
    Json json;
    json_init(&json, out);
    results_json(&json, study);
}

static void put_csv(FILE *out, const Study *study)
{
    results_csv_header(out);
    results_csv_rows(out, study);
}

/* A file is UTF-8 whatever the terminal is. */
static void put_story(FILE *out, const Study *study)
{
    Page page;
    page_init(&page, false);
    page_add(&page, scenario_name(study->scenario));
    page_add(&page, "\n");
    report_recovery(&page, study);
    report_story(&page, study, true);
    fputs(page.text->str, out);
    page_clear(&page);
}

static void write_folder(Job *job, const Study *study, const char *folder)
{
    static const struct {
        const char *name;
        void (*put)(FILE *out, const Study *study);
    } files[] = {{"result.json", put_json}, {"runs.csv", put_csv}, {"story.txt", put_story}};

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(folder, files[i].name, NULL);
        char *problem = NULL;
        OutFile out;
        if (!outfile_open(&out, path, &problem)) {
            lose(job, problem);
            return;
        }
        files[i].put(out.file, study);
        if (!outfile_commit(&out, &problem)) {
            lose(job, problem);
            return;
        }
    }
}

static void print_report(const Job *job, const Study *study)
{
    const RunOptions *options = job->options;
    ReportStyle style = {options->quiet, options->verbose, options->directory != NULL,
                         &job->ci.undecided};
    Page page;
    page_init(&page, !options->no_color && page_wants_colour(stdout));
    report_study(&page, study, &style);
    if (job->sources.count > 1 && !options->quiet)
        page_add(&page, "\n");
    page_print(&page, stdout);
    page_clear(&page);
}

static void count_verdict(Job *job, const Study *study)
{
    if (study->expect_count == 0)
        job->unjudged++;
    else if (study->tally[VERDICT_FAIL] > 0)
        job->verdicts[VERDICT_FAIL]++;
    else if (study->tally[VERDICT_INCONCLUSIVE] > 0)
        job->verdicts[VERDICT_INCONCLUSIVE]++;
    else
        job->verdicts[VERDICT_PASS]++;
    job->code = command_worse(job->code, ci_exit(&job->ci, study_exit(study)));
}

/* False once interrupted. */
static bool run_scenario(Job *job, size_t index)
{
    const RunOptions *options = job->options;
    const Source *source = &job->sources.items[index];
    Progress progress = progress_make(scenario_name(source->scenario), options->quiet);
    StudyPlan plan = {
        .seed =
            options->seed.given ? (uint64_t)options->seed.value : scenario_seed(source->scenario),
        .runs = options->runs.given ? (uint32_t)options->runs.value
                                    : scenario_replications(source->scenario),
        .threads = (uint32_t)options->jobs.value,
        .tell = job->folders != NULL || (job->text && !options->quiet),
        .precision = job->rules[index].count > 0 ? &job->rules[index] : NULL,
        .progress = progress_step,
        .progress_data = &progress,
    };
    Study study;
    ci_study_begins(&job->ci, source->scenario, source->hash, options->sets, &plan);
    study_run(&study, source, options->sets, &plan);
    progress_clear(&progress);
    ci_study_ends(&job->ci, &study, NULL);
    count_verdict(job, &study);
    if (job->folders != NULL)
        write_folder(job, &study, job->folders[index]);
    if (options->json != NULL)
        results_json(&job->json, &study);
    if (options->csv != NULL)
        results_csv_rows(job->csv_file.file, &study);
    if (job->text)
        print_report(job, &study);
    bool stopped = study.result.stopped;
    study_clear(&study);
    return !stopped;
}

static void finish_outputs(Job *job)
{
    char *problem = NULL;
    if (job->options->json != NULL && !outfile_commit(&job->json_file, &problem))
        lose(job, problem);
    if (job->options->csv != NULL && !outfile_commit(&job->csv_file, &problem))
        lose(job, problem);
}

static void run_all(Job *job)
{
    size_t count = job->sources.count, done = 0;
    bool array = job->options->json != NULL && count > 1;
    if (array)
        json_array(&job->json);
    while (done < count && run_scenario(job, done))
        done++;
    if (array)
        json_end(&job->json);
    if (done + 1 < count)
        fprintf(stderr, "failsim: interrupted; %zu of %zu scenarios were not run\n",
                count - done - 1, count);
    if (job->text && count > 1) {
        Page page;
        page_init(&page, false);
        report_all(&page, job->verdicts, job->unjudged, job->code);
        page_print(&page, stdout);
        page_clear(&page);
    }
    finish_outputs(job);
}

/* Interruptible from before the first sign of work: who sees a folder may stop it. */
static void run_outputs(Job *job)
{
    char *problem = NULL;
    interrupt_catch();
    bool ready = ci_open(&job->ci, &job->options->ci, !job->text, &problem);
    if (!ready)
        lose(job, problem);
    else if (prepare_outputs(job))
        run_all(job);
    job->code = command_worse(job->code, ci_close(&job->ci, job->code));
}

static bool make_rules(Job *job)
{
    bool good = true;
    job->rules = g_new0(PrecisionRule, job->sources.count);
    for (size_t i = 0; i < job->sources.count; i++) {
        g_autofree char *problem = NULL;
        if (precise_rule(&job->options->precise, job->sources.items[i].scenario, &job->rules[i],
                         &problem))
            continue;
        fprintf(stderr, "failsim run: %s\n", problem);
        good = false;
    }
    return good;
}

/* Then the report does not go there. */
static size_t outputs_to_stdout(const RunOptions *options)
{
    const char *const files[] = {options->json, options->csv, options->ci.junit,
                                 options->ci.markdown, options->ci.ndjson};
    size_t count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        count += g_strcmp0(files[i], "-") == 0 ? 1 : 0;
    return count;
}

static ExitCode run_checked(const RunOptions *options, const GPtrArray *files)
{
    Job job = {.options = options, .code = EXIT_MET};
    job.text = outputs_to_stdout(options) == 0;
    sources_read(&job.sources, files, options->sets);
    if (job.sources.errors > 0 || !make_rules(&job) ||
        (options->directory != NULL && !name_folders(&job)))
        job.code = EXIT_USAGE;
    else
        run_outputs(&job);
    for (size_t i = 0; i < job.sources.count && job.rules != NULL; i++)
        precise_clear(&job.rules[i]);
    g_free(job.rules);
    g_strfreev(job.folders);
    sources_clear(&job.sources);
    return job.code;
}

static size_t count_stdin(const GPtrArray *files)
{
    size_t count = 0;
    for (guint i = 0; i < files->len; i++)
        count += strcmp(files->pdata[i], "-") == 0 ? 1 : 0;
    return count;
}

static char *misuse(const RunOptions *options, const GPtrArray *files)
{
    if (files->len == 0)
        return g_strdup("needs a scenario FILE (\"-\" for standard input)");
    if (count_stdin(files) > 1)
        return g_strdup("\"-\" can be read only once");
    if (options->quiet && options->verbose)
        return g_strdup("--quiet and --verbose exclude each other");
    if (g_strcmp0(options->json, "-") == 0 && g_strcmp0(options->csv, "-") == 0)
        return g_strdup("--json and --csv cannot both go to standard output");
    if (outputs_to_stdout(options) > 1)
        return g_strdup("only one result can go to standard output");
    char *problem = precise_misuse(&options->precise, options->runs.given);
    return problem != NULL ? problem : ci_misuse(&options->ci);
}

static ExitCode run_run(const Command *command, int argc, char **argv)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    g_autoptr(GPtrArray) sets = g_ptr_array_new();
    g_autoptr(GPtrArray) targets = g_ptr_array_new();
    g_autofree char *problem = NULL;
    RunOptions options = {.sets = sets, .precise.of = targets};
    if (!options_parse(run_specs, G_N_ELEMENTS(run_specs), &options, argc, argv, files, &problem))
        return command_misused(command, "%s", problem);
    problem = misuse(&options, files);
    if (problem != NULL)
        return command_misused(command, "%s", problem);
    return run_checked(&options, files);
}

const Command command_run = {
    .name = "run",
    .usage = "FILE...",
    .text = "simulate; print the verdict and why",
    .notes =
        "FILE is a scenario; \"-\" reads one from standard input. Runs are numbered from 0.\n"
        "Several FILEs: all are checked first; JSON becomes an array with one result each.\n"
        "JSON and CSV hold no times of day and no paths: the same scenario, seed and runs give\n"
        "the same bytes. In CSV, empty means \"does not apply\" and inf \"not reached\".\n"
        "--precision looks at the intervals after 30 runs, then whenever a quarter more are done,\n"
        "and stops when all are narrow enough (or at --max-runs): the number of runs depends on\n"
        "scenario and seed alone. Ctrl-C stops and prints what is done, labelled partial.\n"
        "In a pipeline: --junit, --markdown, --ci auto; ready files are in docs/ci/.\n",
    .options = run_specs,
    .option_count = G_N_ELEMENTS(run_specs),
    .run = run_run,
};
