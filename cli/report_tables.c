/* Tables: what became of the payments, the event log, recovery and waiting times, every metric. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/format.h"
#include "cli/report.h"
#include "sim/check.h"

enum { NAME_COLUMNS = 22, FATE_COLUMNS = 13, CELL_COLUMNS = 12 };

static void put_name(Page *page, const char *name, int columns, Ink ink)
{
    page_add(page, "  ");
    page_cell(page, ink, name, -columns);
}

static void put_heads(Page *page, const char *const *heads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        page_cell(page, INK_DIM, heads[i], CELL_COLUMNS);
    page_add(page, "\n");
}

static void put_value(Page *page, MetricUnit unit, double value, Ink ink)
{
    g_autofree char *text = format_value(unit, value, 0);
    page_cell(page, ink, text, CELL_COLUMNS);
}

static void put_meaning(Page *page, const char *text)
{
    page_add(page, "   ");
    page_wrap(page, INK_DIM, text, page_column(page));
}

/* One line of a table of counts: all runs, share, mean of a run, worst run, meaning. */
static void put_counts(Page *page, const Study *study, size_t metric, const char *name, double of,
                       bool low_is_worst, const char *meaning)
{
    const StatsSummary *summary = &study->summary[metric];
    double total = study_total(study, metric);
    Ink ink = total == 0 ? INK_DIM : INK_PLAIN;
    put_name(page, name, of > 0 ? FATE_COLUMNS : NAME_COLUMNS, ink);
    put_value(page, METRIC_COUNT, total, ink);
    if (of > 0) {
        g_autofree char *share = format_share(total / of, 0);
        page_cell(page, ink, share, CELL_COLUMNS);
    }
    put_value(page, METRIC_NUMBER, summary->mean, ink);
    put_value(page, METRIC_COUNT, low_is_worst ? summary->min : summary->max, ink);
    if (meaning != NULL)
        put_meaning(page, meaning);
    else
        page_add(page, "\n");
}

static size_t fate_metric(Fate fate)
{
    g_autofree char *name = g_strconcat("payments.", fate_name[fate], NULL);
    return study_metric(name);
}

static void report_fates(Page *page, const Study *study, size_t submitted, bool verbose)
{
    static const char *const heads[] = {"all runs", "share", "mean a run", "worst run"};
    double all = study_total(study, submitted), sum = 0;
    g_autofree char *count = format_count(all);
    g_autofree char *runs = format_plural(study->result.replications, "run");
    g_autofree char *title = g_strdup_printf("WHAT BECAME OF %s PAYMENTS", count);
    g_autofree char *beside = g_strdup_printf("(%s)", runs);
    report_heading(page, title, beside);
    put_name(page, "", FATE_COLUMNS, INK_PLAIN);
    put_heads(page, heads, G_N_ELEMENTS(heads));
    for (int fate = 0; fate < FATES; fate++) {
        size_t metric = fate_metric((Fate)fate);
        if (metric == STUDY_NO_METRIC)
            continue;
        double total = study_total(study, metric);
        sum += total;
        put_counts(page, study, metric, fate_name[fate], all, fate == FATE_COMPLETED,
                   total > 0 || verbose ? fate_text[fate] : NULL);
    }
    SIM_CHECK(sum == all);
    put_counts(page, study, submitted, "= submitted", all, false, NULL);
}

static bool applies(const Study *study, size_t metric, const char *const *prefixes)
{
    if (study->summary[metric].runs == 0)
        return false;
    for (; *prefixes != NULL; prefixes++)
        if (g_str_has_prefix(platform_metrics.specs[metric].name, *prefixes))
            return true;
    return false;
}

/* A table's heading, before its first row only: a table without rows is not there. */
static void begin_table(Page *page, const char *title, const char *const *heads, size_t count,
                        bool *begun)
{
    if (*begun)
        return;
    *begun = true;
    page_add(page, "\n  ");
    page_cell(page, INK_BOLD, title, -NAME_COLUMNS);
    put_heads(page, heads, count);
}

static void report_counts(Page *page, const Study *study, const char *title,
                          const char *const *prefixes, bool verbose)
{
    static const char *const heads[] = {"all runs", "mean a run", "worst run"};
    bool begun = false;
    for (size_t m = 0; m < platform_metrics.count; m++) {
        if (!applies(study, m, prefixes))
            continue;
        begin_table(page, title, heads, G_N_ELEMENTS(heads), &begun);
        bool told = verbose || study->summary[m].max > 0;
        put_counts(page, study, m, platform_metrics.specs[m].name, 0, false,
                   told ? platform_metrics.specs[m].text : NULL);
    }
}

static void put_times(Page *page, const Study *study, size_t metric)
{
    const StatsSummary *summary = &study->summary[metric];
    const MetricSpec *spec = &platform_metrics.specs[metric];
    put_name(page, spec->name, NAME_COLUMNS, INK_PLAIN);
    put_value(page, spec->unit, summary->p50, INK_PLAIN);
    put_value(page, spec->unit, summary->p95, INK_BOLD);
    put_value(page, spec->unit, summary->max, INK_PLAIN);
    uint32_t run = 0;
    study_worst(study, metric, 1, &run);
    GString *note = g_string_new(NULL);
    if (summary->max > summary->min)
        g_string_append_printf(note, "run %" PRIu32, run);
    if (summary->unreached > 0)
        g_string_append_printf(note, "%snot reached in %zu of %zu runs", note->len > 0 ? "; " : "",
                               summary->unreached, summary->runs);
    put_meaning(page, note->str);
    g_string_free(note, TRUE);
}

static void report_times(Page *page, const Study *study, const char *title,
                         const char *const *prefixes)
{
    static const char *const heads[] = {"median run", "p95", "worst run"};
    bool begun = false;
    for (size_t m = 0; m < platform_metrics.count; m++) {
        if (!applies(study, m, prefixes))
            continue;
        begin_table(page, title, heads, G_N_ELEMENTS(heads), &begun);
        put_times(page, study, m);
    }
}

void report_payments(Page *page, const Study *study, bool verbose)
{
    static const char *const log[] = {"log.", "effects.", NULL};
    static const char *const recovery[] = {"rto.", "rpo.", NULL};
    static const char *const waiting[] = {"interruption.", "latency.", NULL};
    size_t submitted = study_metric("payments.submitted");
    if (submitted != STUDY_NO_METRIC && study_total(study, submitted) > 0)
        report_fates(page, study, submitted, verbose);
    report_counts(page, study, "THE EVENT LOG", log, verbose);
    if (study->detail.outage_at != SIM_NEVER)
        report_times(page, study, "RECOVERY", recovery);
    report_times(page, study, "WHAT USERS FELT", waiting);
}

void report_metrics(Page *page, const Study *study)
{
    static const char *const heads[] = {"mean", "min", "p50", "p95", "p99", "max"};
    page_add(page, "\n  ");
    page_cell(page, INK_BOLD, "EVERY METRIC", -NAME_COLUMNS);
    put_heads(page, heads, G_N_ELEMENTS(heads));
    for (size_t m = 0; m < platform_metrics.count; m++) {
        const StatsSummary *s = &study->summary[m];
        const double values[] = {s->mean, s->min, s->p50, s->p95, s->p99, s->max};
        put_name(page, platform_metrics.specs[m].name, NAME_COLUMNS, INK_PLAIN);
        for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
            put_value(page, platform_metrics.specs[m].unit, values[i], INK_PLAIN);
        page_add(page, "\n");
    }
}
