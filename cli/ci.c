#include "cli/ci.h"

#include <errno.h>
#include <string.h>

#include "cli/format.h"
#include "cli/report.h"

static const char *const systems[] = {"none", "github", "azure", "auto"};

static bool one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

char *ci_misuse(const CiOptions *options)
{
    static const char *const ways[] = {"pass", "fail"};
    if (options->ci != NULL && !one_of(options->ci, systems, G_N_ELEMENTS(systems)))
        return g_strdup_printf("--ci takes auto, github, azure or none, not \"%s\"", options->ci);
    if (options->inconclusive != NULL && !one_of(options->inconclusive, ways, G_N_ELEMENTS(ways)))
        return g_strdup_printf("--inconclusive takes pass or fail, not \"%s\"",
                               options->inconclusive);
    return NULL;
}

static bool in_environment(const char *name)
{
    const char *value = g_getenv(name);
    return value != NULL && g_ascii_strcasecmp(value, "true") == 0;
}

static CiSystem system_of(const char *word)
{
    if (word == NULL)
        return CI_NONE;
    bool guess = strcmp(word, "auto") == 0;
    if (strcmp(word, "github") == 0 || (guess && in_environment("GITHUB_ACTIONS")))
        return CI_GITHUB;
    if (strcmp(word, "azure") == 0 || (guess && in_environment("TF_BUILD")))
        return CI_AZURE;
    return CI_NONE;
}

static void suite_free(void *data)
{
    CiSuite *suite = data;
    g_free(suite->name);
    g_free(suite->facts);
    g_free(suite->hash);
    g_free(suite);
}

static void case_free(void *data)
{
    CiCase *item = data;
    char *texts[] = {item->name,     item->file, item->subject, item->limit,  item->measured,
                     item->interval, item->note, item->why,     item->command};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_free(item);
}

/* Followed while it is written, so written in place. */
static FILE *open_events(const char *path, char **problem)
{
    FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (file == NULL)
        *problem = g_strdup_printf("cannot write %s: %s", path, g_strerror(errno));
    return file;
}

bool ci_open(Ci *ci, const CiOptions *options, bool stdout_is_data, char **problem)
{
    *ci = (Ci){.options = options, .stdout_is_data = stdout_is_data};
    ci->system = system_of(options->ci);
    ci->suites = g_ptr_array_new_with_free_func(suite_free);
    ci->cases = g_ptr_array_new_with_free_func(case_free);
    ci->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    ci->undecided = options->inconclusive == NULL                ? EXIT_INCONCLUSIVE
                    : strcmp(options->inconclusive, "pass") == 0 ? EXIT_MET
                                                                 : EXIT_UNMET;
    if (options->junit != NULL && !outfile_open(&ci->junit, options->junit, problem))
        return false;
    if (options->markdown != NULL && !outfile_open(&ci->markdown, options->markdown, problem))
        return false;
    if (options->ndjson != NULL)
        ci->events = open_events(options->ndjson, problem);
    return options->ndjson == NULL || ci->events != NULL;
}

ExitCode ci_exit(const Ci *ci, ExitCode code)
{
    return code == EXIT_INCONCLUSIVE ? ci->undecided : code;
}

enum { PART_LEAST = 10, PARTS = 20 };

void ci_study_begins(Ci *ci, const Scenario *scenario, const char *hash, const GPtrArray *sets,
                     StudyPlan *plan)
{
    if (ci->events == NULL)
        return;
    plan->part = MAX(PART_LEAST, (plan->runs + PARTS - 1) / PARTS);
    plan->part_done = ndjson_progress;
    plan->part_data = ci;
    ndjson_study_begins(ci, scenario, hash, sets, plan);
}

size_t ci_suite(Ci *ci, const Study *study, const char *label)
{
    CiSuite *suite = g_new0(CiSuite, 1);
    g_autofree char *runs = format_plural(study->result.replications, "run");
    const char *name = scenario_name(study->scenario);
    suite->name = label != NULL ? g_strdup_printf("%s [%s]", name, label) : g_strdup(name);
    suite->facts = g_strdup_printf("%s %s %s · %s · %s · seed %" G_GUINT64_FORMAT,
                                   scenario_active_region(study->scenario),
                                   scenario_active_active(study->scenario) ? "⇄" : "→",
                                   scenario_passive_region(study->scenario),
                                   scenario_events_text(study->scenario), runs, study->seed);
    suite->hash = g_strdup(study->source->hash);
    suite->seed = study->seed;
    suite->runs = study->result.replications;
    suite->partial = study->result.stopped;
    suite->first = ci->cases->len;
    g_ptr_array_add(ci->suites, suite);
    return ci->suites->len - 1;
}

size_t ci_add_suite(Ci *ci, CiSuite suite)
{
    suite.first = ci->cases->len;
    g_ptr_array_add(ci->suites, g_memdup2(&suite, sizeof suite));
    return ci->suites->len - 1;
}

/* "NAME", then "NAME (2)". */
static char *unique_name(Ci *ci, const CiSuite *suite, char *name)
{
    char *tried = g_strdup(name);
    for (unsigned n = 2; !g_hash_table_add(ci->names, g_strjoin("\n", suite->name, tried, NULL));
         n++) {
        g_free(tried);
        tried = g_strdup_printf("%s (%u)", name, n);
    }
    g_free(name);
    return tried;
}

void ci_case(Ci *ci, CiCase item)
{
    CiCase *copy = g_new(CiCase, 1);
    item.name = unique_name(ci, ci->suites->pdata[item.suite], item.name);
    *copy = item;
    g_ptr_array_add(ci->cases, copy);
}

/* What the settings make of the scenario; NULL if there are none. */
static char *label_of_sets(const GPtrArray *sets)
{
    if (sets->len == 0)
        return NULL;
    GString *label = g_string_new(NULL);
    for (guint i = 0; i < sets->len; i++)
        g_string_append_printf(label, "%s%s", i > 0 ? ", " : "", (const char *)sets->pdata[i]);
    return g_string_free(label, FALSE);
}

void ci_study_ends(Ci *ci, const Study *study, const char *label)
{
    g_autofree char *settings = label == NULL ? label_of_sets(study->sets) : g_strdup(label);
    size_t suite = ci_suite(ci, study, settings);
    for (size_t i = 0; i < study->expect_count; i++) {
        const ScenarioExpect *expect = scenario_expect(study->scenario, i);
        const ExpectOutcome *outcome = &study->outcome[i];
        ci_case(ci,
                (CiCase){
                    .suite = suite,
                    .name = settings == NULL ? g_strdup(expect->text)
                                             : g_strdup_printf("%s [%s]", expect->text, settings),
                    .verdict = outcome->verdict,
                    .file = g_strdup(study->source->file),
                    .line = expect->line,
                    .subject = report_subject(expect),
                    .limit = report_limit(expect),
                    .measured = report_measured(&expect->expect, outcome->measured),
                    .interval = report_interval(&expect->expect, outcome->interval),
                    .note = g_strdup(outcome->note != NULL ? outcome->note : ""),
                    .why = g_strdup(expect->why),
                    .command = report_command(study, study_runs_wanted(study)),
                });
    }
    ndjson_study_ends(ci, study, settings);
}

char *ci_case_text(const CiCase *item)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "expected %s %s, measured %s", item->subject, item->limit,
                           item->measured);
    if (item->interval[0] != '\0')
        g_string_append_printf(text, " %s", item->interval);
    if (item->verdict == VERDICT_INCONCLUSIVE)
        g_string_append(text, ": inconclusive");
    if (item->note[0] != '\0')
        g_string_append_printf(text, "; %s", item->note);
    if (item->why[0] != '\0')
        g_string_append_printf(text, " (%s)", item->why);
    return g_string_free(text, FALSE);
}

static ExitCode lose(char *problem)
{
    fprintf(stderr, "failsim: %s\n", problem);
    g_free(problem);
    return EXIT_IO;
}

static ExitCode put_file(const Ci *ci, OutFile *out, void (*put)(FILE *, const Ci *))
{
    char *problem = NULL;
    if (out->file == NULL)
        return EXIT_MET;
    put(out->file, ci);
    return outfile_commit(out, &problem) ? EXIT_MET : lose(problem);
}

/* GitHub shows this file's Markdown on the job's page; other steps have written to it. */
static ExitCode append_summary(const Ci *ci)
{
    const char *path = g_getenv("GITHUB_STEP_SUMMARY");
    if (ci->system != CI_GITHUB || path == NULL || path[0] == '\0')
        return EXIT_MET;
    FILE *file = fopen(path, "ae");
    bool good = file != NULL;
    if (good) {
        markdown_write(file, ci);
        good = ferror(file) == 0;
        good = fclose(file) == 0 && good;
    }
    return good ? EXIT_MET
                : lose(g_strdup_printf("cannot append to %s: %s", path, g_strerror(errno)));
}

static ExitCode close_events(Ci *ci)
{
    if (ci->events == NULL)
        return EXIT_MET;
    bool good = fflush(ci->events) == 0 && ferror(ci->events) == 0;
    if (ci->events != stdout)
        good = fclose(ci->events) == 0 && good;
    ci->events = NULL;
    return good ? EXIT_MET
                : lose(g_strdup_printf("cannot write %s: a write failed", ci->options->ndjson));
}

static ExitCode write_all(Ci *ci, ExitCode code)
{
    ExitCode lost = put_file(ci, &ci->junit, junit_write);
    lost = command_worse(lost, put_file(ci, &ci->markdown, markdown_write));
    lost = command_worse(lost, append_summary(ci));
    annotate_write(ci->stdout_is_data ? stderr : stdout, ci, code);
    ndjson_end(ci, command_worse(code, lost));
    return lost;
}

ExitCode ci_close(Ci *ci, ExitCode code)
{
    /* Without a suite nothing was simulated: a file from before stays. */
    ExitCode lost = EXIT_MET;
    if (ci->suites->len > 0)
        lost = write_all(ci, code);
    if (ci->junit.file != NULL)
        outfile_discard(&ci->junit);
    if (ci->markdown.file != NULL)
        outfile_discard(&ci->markdown);
    lost = command_worse(lost, close_events(ci));
    g_ptr_array_free(ci->cases, TRUE);
    g_ptr_array_free(ci->suites, TRUE);
    g_hash_table_destroy(ci->names);
    *ci = (Ci){0};
    return lost;
}
