/* Events as they happen, one JSON object a line: study_start, progress after each part of the runs,
 * expectation, study_end, end. No times: parts are counted in runs, so that the same study gives
 * the same lines. */
#include <inttypes.h>

#include "cli/ci.h"

void ndjson_open(Json *json, Ci *ci, const char *event)
{
    json_init(json, ci->events);
    json_object_flat(json);
    json_key(json, "event");
    json_text(json, event);
}

void ndjson_close(Json *json, Ci *ci)
{
    json_end(json);
    fflush(ci->events);
}

static void put_text(Json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_text(json, text);
}

static void put_integer(Json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_integer(json, value);
}

void ndjson_study_begins(Ci *ci, const Scenario *scenario, const char *hash, const GPtrArray *sets,
                         const StudyPlan *plan)
{
    Json json;
    ndjson_open(&json, ci, "study_start");
    put_integer(&json, "format_version", 1);
    put_text(&json, "version", FAILSIM_VERSION);
    put_text(&json, "scenario", scenario_name(scenario));
    put_text(&json, "hash", hash);
    json_key(&json, "set");
    json_array_flat(&json);
    for (guint i = 0; i < sets->len; i++)
        json_text(&json, sets->pdata[i]);
    json_end(&json);
    put_integer(&json, "seed", plan->seed);
    put_integer(&json, "runs", plan->precision != NULL ? plan->precision->max_runs : plan->runs);
    ndjson_close(&json, ci);
}

void ndjson_progress(void *data, uint32_t done)
{
    Ci *ci = data;
    Json json;
    ndjson_open(&json, ci, "progress");
    put_integer(&json, "runs", done);
    ndjson_close(&json, ci);
}

static void put_expectation(Ci *ci, const Study *study, size_t index, const char *label)
{
    const ScenarioExpect *expect = scenario_expect(study->scenario, index);
    const ExpectOutcome *outcome = &study->outcome[index];
    Json json;
    ndjson_open(&json, ci, "expectation");
    put_text(&json, "scenario", scenario_name(study->scenario));
    if (label != NULL)
        put_text(&json, "label", label);
    put_text(&json, "expect", expect->text);
    put_text(&json, "verdict", verdict_name[outcome->verdict]);
    json_key(&json, "measured");
    json_number(&json, outcome->measured);
    put_text(&json, "note", outcome->note != NULL ? outcome->note : "");
    ndjson_close(&json, ci);
}

void ndjson_study_ends(Ci *ci, const Study *study, const char *label)
{
    if (ci->events == NULL)
        return;
    for (size_t i = 0; i < study->expect_count; i++)
        put_expectation(ci, study, i, label);
    Json json;
    ndjson_open(&json, ci, "study_end");
    put_text(&json, "scenario", scenario_name(study->scenario));
    if (label != NULL)
        put_text(&json, "label", label);
    put_integer(&json, "runs", study->result.replications);
    if (study->result.stopped) {
        json_key(&json, "partial");
        json_flag(&json, true);
    }
    json_key(&json, "verdict");
    if (study_verdict(study) != NULL)
        json_text(&json, study_verdict(study));
    else
        json_null(&json);
    g_autofree char *fingerprint = g_strdup_printf("%016" PRIx64, study->result.fingerprint);
    put_text(&json, "fingerprint", fingerprint);
    ndjson_close(&json, ci);
}

void ndjson_end(Ci *ci, ExitCode code)
{
    if (ci->events == NULL)
        return;
    Json json;
    ndjson_open(&json, ci, "end");
    put_integer(&json, "exit", (uint64_t)code);
    ndjson_close(&json, ci);
}
