/* The comparison for machines and merge requests: JSON, CSV, Markdown. */
#include <math.h>

#include "cli/ci.h"
#include "cli/comparison.h"
#include "cli/format.h"
#include "cli/results.h"

/* ---- JSON ---- */

static void put_named(Json *json, const char *name, double value)
{
    json_key(json, name);
    results_bound(json, value);
}

/* By run; null: does not apply, "inf": not reached. A later comparison pairs with them. */
static void put_values(Json *json, const Comparison *comparison, const Study *study)
{
    json_key(json, "values");
    json_object(json);
    size_t last = STUDY_NO_METRIC;
    for (size_t s = 0; s < comparison_statistics(comparison); s++) {
        const Statistic *which = comparison_statistic(comparison, s);
        if (!which->shown || which->expect.metric == last)
            continue;
        last = which->expect.metric;
        json_key(json, platform_metrics.specs[last].name);
        json_array_flat(json);
        for (uint32_t run = 0; run < study->result.replications; run++) {
            double value = study_value(study, run, last);
            if (isinf(value))
                json_text(json, "inf");
            else
                json_number(json, value);
        }
        json_end(json);
    }
    json_end(json);
}

static void put_design(Json *json, const Comparison *comparison, const Design *design)
{
    json_object(json);
    json_key(json, "name");
    json_text(json, design->name);
    json_key(json, "scenario");
    json_text(json, scenario_name(design->source.scenario));
    json_key(json, "hash");
    json_text(json, design->source.hash);
    json_key(json, "set");
    json_array_flat(json);
    for (guint i = 0; i < design->sets->len; i++)
        json_text(json, design->sets->pdata[i]);
    json_end(json);
    json_key(json, "runs");
    json_integer(json, design->study.result.replications);
    g_autofree char *fingerprint =
        g_strdup_printf("%016" G_GINT64_MODIFIER "x", design->study.result.fingerprint);
    json_key(json, "fingerprint");
    json_text(json, fingerprint);
    json_key(json, "verdict");
    if (study_verdict(&design->study) != NULL)
        json_text(json, study_verdict(&design->study));
    else
        json_null(json);
    results_metrics(json, &design->study);
    put_values(json, comparison, &design->study);
    json_end(json);
}

static void put_difference(Json *json, const Comparison *comparison, size_t design,
                           size_t statistic)
{
    const Statistic *which = comparison_statistic(comparison, statistic);
    const Paired *row = comparison_row(comparison, design, statistic);
    json_object_flat(json);
    json_key(json, "design");
    json_text(json, comparison_design(comparison, design)->name);
    json_key(json, "base");
    json_text(json, comparison_design(comparison, 0)->name);
    json_key(json, "metric");
    json_text(json, platform_metrics.specs[which->expect.metric].name);
    json_key(json, "statistic");
    json_text(json, expect_statistic_name(&which->expect));
    put_named(json, "base_value", row->value[0]);
    put_named(json, "value", row->value[1]);
    put_named(json, "difference", row->difference);
    json_key(json, "interval");
    results_interval(json, row->interval);
    json_key(json, "significant");
    json_flag(json, row->significant);
    json_key(json, "pairs");
    json_integer(json, row->pairs);
    json_key(json, "unreached");
    json_array_flat(json);
    json_integer(json, row->unreached[0]);
    json_integer(json, row->unreached[1]);
    json_end(json);
    json_key(json, "runs_needed");
    json_integer(json, row->runs_needed);
    json_end(json);
}

void comparison_json(Json *json, const Comparison *comparison)
{
    json_object(json);
    json_key(json, "format_version");
    json_integer(json, 1);
    json_key(json, "kind");
    json_text(json, "comparison");
    json_key(json, "version");
    json_text(json, FAILSIM_VERSION);
    json_key(json, "seed");
    json_integer(json, comparison->seed);
    json_key(json, "runs");
    json_integer(json, comparison->runs);
    if (comparison->stopped) {
        json_key(json, "partial");
        json_flag(json, true);
    }
    json_key(json, "warnings");
    json_array(json);
    for (guint i = 0; i < comparison->warnings->len; i++)
        json_text(json, comparison->warnings->pdata[i]);
    json_end(json);
    json_key(json, "designs");
    json_array(json);
    for (guint d = 0; d < comparison->designs->len; d++)
        if (comparison_design(comparison, d)->done)
            put_design(json, comparison, comparison_design(comparison, d));
    json_end(json);
    json_key(json, "differences");
    json_array(json);
    for (guint d = 1; d < comparison->designs->len && comparison->runs > 0; d++)
        for (size_t s = 0; s < comparison_statistics(comparison); s++)
            put_difference(json, comparison, d, s);
    json_end(json);
    json_end(json);
}

/* ---- CSV ---- */

void comparison_csv(FILE *out, const Comparison *comparison)
{
    fputs("design,base,metric,statistic,base_value,value,difference,low,high,significant,pairs\n",
          out);
    for (guint d = 1; d < comparison->designs->len && comparison->runs > 0; d++)
        for (size_t s = 0; s < comparison_statistics(comparison); s++) {
            const Statistic *which = comparison_statistic(comparison, s);
            const Paired *row = comparison_row(comparison, d, s);
            results_csv_field(out, comparison_design(comparison, d)->name);
            fputc(',', out);
            results_csv_field(out, comparison_design(comparison, 0)->name);
            fprintf(out, ",%s,%s", platform_metrics.specs[which->expect.metric].name,
                    expect_statistic_name(&which->expect));
            const double numbers[] = {row->value[0], row->value[1], row->difference,
                                      row->interval.low, row->interval.high};
            for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
                fputc(',', out);
                results_csv_number(out, numbers[i]);
            }
            fprintf(out, ",%s,%zu\n", row->significant ? "true" : "false", row->pairs);
        }
}

/* ---- Markdown ---- */

static void put_markdown_row(FILE *out, const Comparison *comparison, size_t design, size_t s)
{
    const Statistic *which = comparison_statistic(comparison, s);
    const Paired *row = comparison_row(comparison, design, s);
    MetricUnit unit = platform_metrics.specs[which->expect.metric].unit;
    MetricUnit shown =
        unit == METRIC_COUNT && which->expect.stat == EXPECT_MEAN ? METRIC_NUMBER : unit;
    g_autofree char *name = statistic_name(which);
    g_autofree char *base = format_value(shown, row->value[0], 0);
    g_autofree char *value = format_value(shown, row->value[1], 0);
    g_autofree char *difference = format_difference(shown, row->difference);
    g_autofree char *low = format_difference(shown, row->interval.low);
    g_autofree char *high = format_difference(shown, row->interval.high);
    g_autofree char *remark = comparison_remark(row);
    fprintf(out, "| `%s` | %s | %s | %s%s%s |", name, base, value, row->significant ? "**" : "",
            difference, row->significant ? "**" : "");
    if (row->interval.available)
        fprintf(out, " [%s, %s]", low, high);
    fprintf(out, " | %s |\n", remark);
}

static void put_markdown_design(FILE *out, const Comparison *comparison, size_t design)
{
    const Design *base = comparison_design(comparison, 0);
    const Design *other = comparison_design(comparison, design);
    fputs("\n#### ", out);
    markdown_escaped(out, other->name);
    fputs("\n\n", out);
    for (guint i = 0; i < other->sets->len; i++) {
        fputs("- ", out);
        markdown_escaped(out, other->sets->pdata[i]);
        fputc('\n', out);
    }
    fputs("\n| | ", out);
    markdown_escaped(out, base->name);
    fputs(" | ", out);
    markdown_escaped(out, other->name);
    fputs(" | difference | 95 % CI | |\n|---|---:|---:|---:|---|---|\n", out);
    for (size_t s = 0; s < comparison_statistics(comparison); s++) {
        const Paired *row = comparison_row(comparison, design, s);
        if (comparison_statistic(comparison, s)->shown && row->pairs > 0 && !row->same)
            put_markdown_row(out, comparison, design, s);
    }
}

void comparison_markdown(FILE *out, const Comparison *comparison)
{
    const Scenario *scenario = comparison_design(comparison, 0)->source.scenario;
    g_autofree char *runs = format_plural(comparison->runs, "run");
    fprintf(out, "### %s: ", comparison->stopped ? "Partial comparison" : "Comparison");
    markdown_escaped(out, scenario_name(scenario));
    fprintf(out, "\n\n%s each, seed %" G_GUINT64_FORMAT "\n", runs, comparison->seed);
    for (guint i = 0; i < comparison->warnings->len; i++) {
        fputs("\nNote: ", out);
        markdown_escaped(out, comparison->warnings->pdata[i]);
        fputc('\n', out);
    }
    for (guint d = 1; d < comparison->designs->len && comparison->runs > 0; d++)
        put_markdown_design(out, comparison, d);
    fputs("\nDifferences are paired, run by run; n.s.: the interval contains 0.\n\n", out);
}
