#include "cli/sweep_ci.h"

#include <inttypes.h>
#include <string.h>

#include "cli/format.h"
#include "cli/report.h"

/* ---- Names ---- */

/* What makes the point differ from others of its scenario; "" if nothing does. */
static char *label_of(const Design *design, const DesignPoint *point)
{
    g_autofree char *sets = g_strjoinv(", ", design->sets);
    bool both = *point->name != '\0' && *sets != '\0';
    return g_strconcat(point->name, both ? ", " : "", sets, NULL);
}

static char *bracketed(const char *text, const char *label)
{
    return *label != '\0' ? g_strdup_printf("%s [%s]", text, label) : g_strdup(text);
}

/* The one run command that gives this point. */
static char *command_of(const Design *design, const SweepPoint *point)
{
    GString *command = g_string_new("failsim run");
    report_append_word(command, design->file);
    g_string_append_printf(command, " -r %" PRIu32 " --seed %" PRIu64,
                           point->whole ? point->runs : design->runs, design->seed);
    for (char **set = design->sets; *set != NULL; set++) {
        g_string_append(command, " --set");
        report_append_word(command, *set);
    }
    for (size_t i = 0; i < point->point->setting_count; i++) {
        const DesignSetting *setting = &point->point->setting[i];
        g_autofree char *text = g_strconcat(setting->key, "=", setting->value, NULL);
        g_string_append(command, " --set");
        report_append_word(command, text);
    }
    return g_string_free(command, FALSE);
}

/* ---- Cases ---- */

static void add_case(SweepCi *ci, const SweepPoint *point, size_t suite, size_t i,
                     const char *label)
{
    const Design *design = ci->store->design;
    const DesignExpect *expect = &point->point->expect[i];
    const ExpectOutcome *outcome = &point->outcome[i];
    const ScenarioExpect shown = {
        .expect = expect->expect, .text = expect->text, .why = expect->why, .line = expect->line};
    ci_case(&ci->ci, (CiCase){
                         .suite = suite,
                         .name = bracketed(expect->text, label),
                         .verdict = outcome->verdict,
                         .file = g_strdup(design->file),
                         .line = expect->line,
                         .subject = report_subject(&shown),
                         .limit = report_limit(&shown),
                         .measured = report_measured(&expect->expect, outcome->measured),
                         .interval = report_interval(&expect->expect, outcome->interval),
                         .note = g_strdup(outcome->note != NULL ? outcome->note : ""),
                         .why = g_strdup(expect->why),
                         .command = command_of(design, point),
                     });
}

void sweep_ci_point(SweepCi *ci, const SweepPoint *point)
{
    const Design *design = ci->store->design;
    if (!ci->wanted)
        return;
    g_autofree char *label = label_of(design, point->point);
    g_autofree char *runs = format_plural(point->runs, "run");
    size_t suite = ci_add_suite(
        &ci->ci, (CiSuite){
                     .name = bracketed(design->name, label),
                     .facts = g_strdup_printf("%s · seed %" PRIu64, runs, design->seed),
                     .hash = g_strdup(design->hash),
                     .seed = design->seed,
                     .runs = point->runs,
                     .partial = !point->whole,
                 });
    for (size_t i = 0; i < point->point->expect_count; i++)
        add_case(ci, point, suite, i, label);
}

/* ---- Events ---- */

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

static void tell_start(SweepCi *ci)
{
    const Design *design = ci->store->design;
    Json json;
    ndjson_open(&json, &ci->ci, "study_start");
    put_integer(&json, "format_version", 1);
    put_text(&json, "version", FAILSIM_VERSION);
    put_text(&json, "study", "sweep");
    put_text(&json, "scenario", design->name);
    put_text(&json, "hash", design->hash);
    json_key(&json, "set");
    json_array_flat(&json);
    for (char **set = design->sets; *set != NULL; set++)
        json_text(&json, *set);
    json_end(&json);
    put_integer(&json, "seed", design->seed);
    put_integer(&json, design->precision > 0 ? "max_runs" : "runs", design->runs);
    put_integer(&json, "points", design->point_count);
    ndjson_close(&json, &ci->ci);
}

static void tell_point_start(SweepCi *ci, uint32_t index)
{
    const Design *design = ci->store->design;
    if (index >= design->point_count)
        return;
    const DesignPoint *point = &design->point[index];
    g_autofree char *name = design_case(design, point);
    Json json;
    ndjson_open(&json, &ci->ci, "point_start");
    put_text(&json, "case", name);
    json_key(&json, "set");
    json_object_flat(&json);
    for (size_t i = 0; i < point->setting_count; i++)
        put_text(&json, point->setting[i].key, point->setting[i].value);
    json_end(&json);
    ndjson_close(&json, &ci->ci);
}

static void tell_expectation(SweepCi *ci, const SweepPoint *point, const char *name, size_t i)
{
    const ExpectOutcome *outcome = &point->outcome[i];
    Json json;
    ndjson_open(&json, &ci->ci, "expectation");
    put_text(&json, "case", name);
    put_text(&json, "expect", point->point->expect[i].text);
    put_text(&json, "verdict", verdict_name[outcome->verdict]);
    json_key(&json, "measured");
    json_number(&json, outcome->measured);
    put_text(&json, "note", outcome->note != NULL ? outcome->note : "");
    ndjson_close(&json, &ci->ci);
}

static void tell_point(SweepCi *ci, const SweepPoint *point)
{
    g_autofree char *name = design_case(ci->store->design, point->point);
    g_autofree char *fingerprint = g_strdup_printf("%016" PRIx64, point->fingerprint);
    for (size_t i = 0; i < point->point->expect_count; i++)
        tell_expectation(ci, point, name, i);
    Json json;
    ndjson_open(&json, &ci->ci, "point_end");
    put_text(&json, "case", name);
    put_integer(&json, "runs", point->runs);
    put_text(&json, "verdict", sweep_point_verdict(point));
    put_text(&json, "fingerprint", fingerprint);
    ndjson_close(&json, &ci->ci);
}

static void count(SweepCi *ci, const SweepPoint *point)
{
    if (point->point->expect_count == 0)
        ci->unjudged++;
    else if (point->tally[VERDICT_FAIL] > 0)
        ci->verdicts[VERDICT_FAIL]++;
    else
        ci->verdicts[point->tally[VERDICT_INCONCLUSIVE] > 0 ? VERDICT_INCONCLUSIVE
                                                            : VERDICT_PASS]++;
}

void sweep_ci_point_done(void *data, uint32_t index)
{
    SweepCi *ci = data;
    if (ci->ci.events == NULL || ci->problem != NULL)
        return;
    SweepPoint point;
    if (sweep_point_read(&point, ci->store, index, &ci->problem)) {
        tell_point(ci, &point);
        count(ci, &point);
        tell_point_start(ci, index + 1);
    }
    sweep_point_clear(&point);
}

static void tell_end(SweepCi *ci)
{
    Json json;
    bool judged = ci->verdicts[0] + ci->verdicts[1] + ci->verdicts[2] > 0;
    Verdict worst = ci->verdicts[VERDICT_FAIL] > 0           ? VERDICT_FAIL
                    : ci->verdicts[VERDICT_INCONCLUSIVE] > 0 ? VERDICT_INCONCLUSIVE
                                                             : VERDICT_PASS;
    ndjson_open(&json, &ci->ci, "study_end");
    put_text(&json, "scenario", ci->store->design->name);
    put_integer(&json, "points",
                ci->verdicts[0] + ci->verdicts[1] + ci->verdicts[2] + ci->unjudged);
    if (ci->store->whole < ci->store->design->point_count) {
        json_key(&json, "partial");
        json_flag(&json, true);
    }
    put_text(&json, "verdict", judged ? verdict_name[worst] : NULL);
    ndjson_close(&json, &ci->ci);
}

/* ---- Opening and closing ---- */

static void put_table(FILE *out, const void *data)
{
    const SweepCi *ci = data;
    g_autofree char *text = NULL;
    gsize length;
    if (g_file_get_contents(ci->table, &text, &length, NULL))
        fwrite(text, 1, length, out);
}

bool sweep_ci_open(SweepCi *ci, const Store *store, const SweepOutOptions *options, char **problem)
{
    *ci = (SweepCi){.options = options->ci, .store = store};
    ci->table = g_build_filename(options->directory, "points.md", NULL);
    ci->options.markdown = NULL;
    bool good = ci_open(&ci->ci, &ci->options, !sweep_out_text(options), problem);
    ci->ci.put_markdown = put_table;
    ci->ci.markdown_data = ci;
    ci->wanted = ci->options.junit != NULL || ci->ci.events != NULL || ci->ci.system != CI_NONE;
    if (!good || ci->ci.events == NULL)
        return good;
    tell_start(ci);
    tell_point_start(ci, 0);
    return true;
}

ExitCode sweep_ci_close(SweepCi *ci, ExitCode code)
{
    code = ci_exit(&ci->ci, code);
    if (ci->ci.events != NULL && ci->ci.suites->len > 0)
        tell_end(ci);
    if (ci->problem != NULL) {
        fprintf(stderr, "failsim: %s\n", ci->problem);
        code = EXIT_IO;
    }
    code = command_worse(code, ci_close(&ci->ci, code));
    g_free(ci->problem);
    g_free(ci->table);
    return code;
}
