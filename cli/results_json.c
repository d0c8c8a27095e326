#include <inttypes.h>

#include "cli/results.h"

/* Ten digits: the quantiles behind an interval come from libm, whose last bits differ between
 * processors; what the runs measured does not and is written in full. */
void results_bound(Json *json, double bound)
{
    char digits[32];
    g_ascii_formatd(digits, sizeof digits, "%.10g", bound);
    json_number(json, g_ascii_strtod(digits, NULL));
}

void results_interval(Json *json, StatsInterval interval)
{
    if (!interval.available) {
        json_null(json);
        return;
    }
    json_array_flat(json);
    results_bound(json, interval.low);
    results_bound(json, interval.high);
    json_end(json);
}

static void put_named(Json *json, const char *name, double value)
{
    json_key(json, name);
    json_number(json, value);
}

void results_metric(Json *json, const StatsSummary *summary)
{
    json_object_flat(json);
    put_named(json, "mean", summary->mean);
    put_named(json, "min", summary->min);
    put_named(json, "max", summary->max);
    put_named(json, "p50", summary->p50);
    put_named(json, "p95", summary->p95);
    put_named(json, "p99", summary->p99);
    json_key(json, "ci95");
    results_interval(json, summary->mean_ci95);
    json_key(json, "runs");
    json_integer(json, summary->runs);
    json_key(json, "unreached");
    json_integer(json, summary->unreached);
    json_end(json);
}

void results_expectation(Json *json, const ScenarioExpect *expect, const ExpectOutcome *outcome)
{
    json_object(json);
    json_key(json, "expect");
    json_text(json, expect->text);
    json_key(json, "why");
    json_text(json, expect->why);
    json_key(json, "verdict");
    json_text(json, verdict_name[outcome->verdict]);
    put_named(json, "measured", outcome->measured);
    json_key(json, "interval");
    results_interval(json, outcome->interval);
    if (expect_confidence(&expect->expect) != 0.95)
        put_named(json, "confidence", expect_confidence(&expect->expect));
    json_key(json, "runs");
    json_integer(json, outcome->runs);
    json_key(json, "note");
    json_text(json, outcome->note != NULL ? outcome->note : "");
    json_end(json);
}

static void put_scenario(Json *json, const Source *source, const GPtrArray *sets)
{
    json_object(json);
    json_key(json, "name");
    json_text(json, scenario_name(source->scenario));
    json_key(json, "hash");
    json_text(json, source->hash);
    json_key(json, "set");
    json_array_flat(json);
    for (guint i = 0; i < sets->len; i++)
        json_text(json, sets->pdata[i]);
    json_end(json);
    json_end(json);
}

void results_head(Json *json, const char *study, const Source *source, const GPtrArray *sets)
{
    json_key(json, "format_version");
    json_integer(json, 1);
    json_key(json, "version");
    json_text(json, FAILSIM_VERSION);
    if (study != NULL) {
        json_key(json, "study");
        json_text(json, study);
    }
    json_key(json, "scenario");
    put_scenario(json, source, sets);
}

static void put_precision(Json *json, const Study *study)
{
    const PrecisionRule *rule = study->precision;
    json_key(json, "precision");
    json_object(json);
    put_named(json, "wanted", rule->relative);
    json_key(json, "reached");
    json_flag(json, study->precise);
    json_key(json, "min_runs");
    json_integer(json, rule->min_runs);
    json_key(json, "max_runs");
    json_integer(json, rule->max_runs);
    json_key(json, "half_widths");
    json_object(json);
    for (size_t i = 0; i < rule->count; i++) {
        const Expect *target = &rule->targets[i];
        g_autofree char *name = g_strdup_printf(
            "%s.%s", platform_metrics.specs[target->metric].name, expect_statistic_name(target));
        json_key(json, name);
        results_bound(json, precision_of(target, study->result.values, study->result.replications,
                                         study->result.metric_count));
    }
    json_end(json);
    json_end(json);
}

static void put_head(Json *json, const Study *study)
{
    results_head(json, NULL, study->source, study->sets);
    json_key(json, "seed");
    json_integer(json, study->seed);
    json_key(json, "runs");
    json_integer(json, study->result.replications);
    if (study->result.stopped) {
        json_key(json, "partial");
        json_flag(json, true);
    }
    if (study->precision != NULL)
        put_precision(json, study);
    g_autofree char *fingerprint = g_strdup_printf("%016" PRIx64, study->result.fingerprint);
    json_key(json, "fingerprint");
    json_text(json, fingerprint);
}

void results_metrics(Json *json, const Study *study)
{
    json_key(json, "metrics");
    json_object(json);
    for (size_t m = 0; m < platform_metrics.count; m++) {
        json_key(json, platform_metrics.specs[m].name);
        results_metric(json, &study->summary[m]);
    }
    json_end(json);
}

void results_json(Json *json, const Study *study)
{
    json_object(json);
    put_head(json, study);
    results_metrics(json, study);
    json_key(json, "expectations");
    json_array(json);
    for (size_t i = 0; i < study->expect_count; i++)
        results_expectation(json, scenario_expect(study->scenario, i), &study->outcome[i]);
    json_end(json);
    json_key(json, "verdict");
    if (study_verdict(study) != NULL)
        json_text(json, study_verdict(study));
    else
        json_null(json);
    json_end(json);
}
