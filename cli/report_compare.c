/* The comparison a person reads: designs side by side, then each against the base, with intervals.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/comparison.h"
#include "cli/format.h"
#include "cli/report.h"

enum { NAME_COLUMNS = 26, VALUE_COLUMNS = 13, SIDE_COLUMNS = 15, SIDE_MOST = 4, CI_COLUMNS = 23 };

static MetricUnit unit_of(const Statistic *statistic)
{
    MetricUnit unit = platform_metrics.specs[statistic->expect.metric].unit;
    return unit == METRIC_COUNT && statistic->expect.stat == EXPECT_MEAN ? METRIC_NUMBER : unit;
}

/* At most `columns` wide. */
static char *shortened(const char *text, size_t columns)
{
    if (page_columns(text) <= columns)
        return g_strdup(text);
    g_autofree char *head = g_utf8_substring(text, 0, (glong)columns - 1);
    return g_strconcat(head, "…", NULL);
}

static bool is_shown(const Comparison *comparison, size_t statistic, bool verbose)
{
    return verbose || comparison_statistic(comparison, statistic)->shown;
}

/* Does it apply anywhere, and differ anywhere? */
static bool is_alive(const Comparison *comparison, size_t statistic)
{
    for (size_t d = 1; d < comparison->designs->len; d++) {
        const Paired *row = comparison_row(comparison, d, statistic);
        if (row->pairs > 0 && !row->same)
            return true;
    }
    return false;
}

static void put_head(Page *page, const Comparison *comparison)
{
    const Design *base = comparison_design(comparison, 0);
    const Scenario *scenario = base->source.scenario;
    g_autofree char *designs = format_plural(comparison->designs->len, "design");
    g_autofree char *runs = format_plural(comparison->runs, "run");
    page_ink(page, INK_BOLD, comparison->stopped ? "PARTIAL  " : "COMPARED  ");
    page_ink(page, INK_BOLD, scenario_name(scenario));
    page_add(page, "\n");
    GString *facts = g_string_new(NULL);
    g_string_append_printf(facts, "%s · %s each", designs, runs);
    if (comparison->stopped) {
        g_autofree char *asked = format_count((double)comparison->asked);
        g_string_append_printf(facts, " of %s, interrupted", asked);
    }
    g_string_append_printf(facts, " · seed %" PRIu64 " · %s", comparison->seed,
                           scenario_events_text(scenario)[0] != '\0'
                               ? scenario_events_text(scenario)
                               : "nothing fails");
    page_wrap(page, INK_PLAIN, facts->str, 0);
    g_string_free(facts, TRUE);
    if (comparison->warnings->len == 0 && comparison->designs->len > 1)
        page_add(page, "paired: the same arrivals and faults in every run of each\n");
    for (guint i = 0; i < comparison->warnings->len; i++) {
        page_ink(page, INK_DOUBT, "note: ");
        page_wrap(page, INK_PLAIN, comparison->warnings->pdata[i], 6);
    }
}

static char *sets_of(const Design *design)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < design->sets->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                               (const char *)design->sets->pdata[i]);
    return g_string_free(text, FALSE);
}

static void put_value(Page *page, MetricUnit unit, double value, int columns)
{
    g_autofree char *text = format_value(unit, value, 0);
    page_cell(page, INK_PLAIN, text, columns);
}

/* ---- Side by side ---- */

static void put_side(Page *page, const Comparison *comparison, size_t statistic)
{
    const Statistic *which = comparison_statistic(comparison, statistic);
    g_autofree char *name = statistic_name(which);
    page_add(page, "  ");
    page_cell(page, INK_PLAIN, name, -NAME_COLUMNS);
    put_value(page, unit_of(which), comparison_row(comparison, 1, statistic)->value[0],
              SIDE_COLUMNS);
    for (size_t d = 1; d < comparison->designs->len; d++) {
        const Paired *row = comparison_row(comparison, d, statistic);
        g_autofree char *value = format_value(unit_of(which), row->value[1], 0);
        bool alike = row->interval.available && !row->significant;
        g_autofree char *text = g_strconcat(alike ? "= " : "", value, NULL);
        page_cell(page, alike ? INK_DIM : INK_PLAIN, text, SIDE_COLUMNS);
    }
    page_add(page, "\n");
}

static void put_sides(Page *page, const Comparison *comparison)
{
    if (comparison->designs->len < 3 || comparison->designs->len > SIDE_MOST)
        return;
    page_add(page, "\n  ");
    page_cell(page, INK_BOLD, "SIDE BY SIDE", -NAME_COLUMNS);
    for (size_t d = 0; d < comparison->designs->len; d++) {
        g_autofree char *name = shortened(comparison_design(comparison, d)->name, SIDE_COLUMNS - 1);
        page_cell(page, INK_DIM, name, SIDE_COLUMNS);
    }
    page_add(page, "\n");
    for (size_t s = 0; s < comparison_statistics(comparison); s++)
        if (is_shown(comparison, s, false) && is_alive(comparison, s))
            put_side(page, comparison, s);
    page_add(page, "  ");
    page_cell(page, INK_PLAIN, "expectations", -NAME_COLUMNS);
    for (size_t d = 0; d < comparison->designs->len; d++) {
        const char *verdict = study_verdict(&comparison_design(comparison, d)->study);
        page_cell(page, INK_PLAIN, verdict != NULL ? verdict : "none", SIDE_COLUMNS);
    }
    page_add(page, "\n");
    page_ink(page, INK_DIM, "  = no difference from the first that these runs can show\n");
}

/* ---- One design against the base ---- */

static char *interval_text(MetricUnit unit, StatsInterval interval)
{
    if (!interval.available)
        return g_strdup("");
    g_autofree char *low = format_difference(unit, interval.low);
    g_autofree char *high = format_difference(unit, interval.high);
    return g_strdup_printf("[%s, %s]", low, high);
}

static void put_row(Page *page, const Comparison *comparison, size_t design, size_t statistic)
{
    const Statistic *which = comparison_statistic(comparison, statistic);
    const Paired *row = comparison_row(comparison, design, statistic);
    MetricUnit unit = unit_of(which);
    g_autofree char *name = statistic_name(which);
    g_autofree char *difference = format_difference(unit, row->difference);
    g_autofree char *why = comparison_remark(row);
    g_autofree char *interval = row->interval.available && isfinite(row->difference)
                                    ? interval_text(unit, row->interval)
                                    : g_strdup(why);
    page_add(page, "  ");
    page_cell(page, INK_PLAIN, name, -NAME_COLUMNS);
    put_value(page, unit, row->value[0], VALUE_COLUMNS);
    put_value(page, unit, row->value[1], VALUE_COLUMNS);
    page_cell(page, row->significant ? INK_BOLD : INK_DIM, difference, VALUE_COLUMNS);
    page_add(page, "  ");
    page_cell(page, row->significant ? INK_PLAIN : INK_DIM, interval, -CI_COLUMNS);
    bool doubt = row->interval.available && !row->significant;
    page_ink(page, INK_DIM, doubt ? "n.s." : "    ");
    page_ink(page, INK_DOUBT, row->interval.available && row->runs_needed > 0 ? " *" : "");
    page_end_line(page);
}

/* What is the same in every run needs no line of its own. */
static void put_same(Page *page, const Comparison *comparison, size_t design)
{
    GString *same = g_string_new(NULL);
    for (size_t s = 0; s < comparison_statistics(comparison); s++) {
        const Statistic *which = comparison_statistic(comparison, s);
        const Paired *row = comparison_row(comparison, design, s);
        if (which->shown && row->pairs > 0 && row->same && which->expect.stat == EXPECT_MEAN)
            g_string_append_printf(same, "%s%s", same->len > 0 ? ", " : "",
                                   platform_metrics.specs[which->expect.metric].name);
    }
    if (same->len > 0) {
        page_ink(page, INK_DIM, "  the same in every run: ");
        page_wrap(page, INK_DIM, same->str, 4);
    }
    g_string_free(same, TRUE);
}

static bool differs(const Comparison *comparison, size_t design)
{
    for (size_t s = 0; s < comparison_statistics(comparison); s++) {
        const Paired *row = comparison_row(comparison, design, s);
        if (comparison_statistic(comparison, s)->shown && row->pairs > 0 && !row->same)
            return true;
    }
    return false;
}

static void put_design(Page *page, const Comparison *comparison, size_t index, bool verbose)
{
    const Design *base = comparison_design(comparison, 0);
    const Design *design = comparison_design(comparison, index);
    g_autofree char *title = g_ascii_strup(design->name, -1);
    g_autofree char *sets = sets_of(design);
    report_heading(page, title, sets);
    if (!verbose && !differs(comparison, index)) {
        put_same(page, comparison, index);
        return;
    }
    g_autofree char *first = shortened(base->name, VALUE_COLUMNS - 1);
    g_autofree char *second = shortened(design->name, VALUE_COLUMNS - 1);
    page_add(page, "  ");
    page_cell(page, INK_DIM, "", -NAME_COLUMNS);
    page_cell(page, INK_DIM, first, VALUE_COLUMNS);
    page_cell(page, INK_DIM, second, VALUE_COLUMNS);
    page_cell(page, INK_DIM, "difference", VALUE_COLUMNS);
    page_ink(page, INK_DIM, "  [95 % CI]\n");
    for (size_t s = 0; s < comparison_statistics(comparison); s++) {
        const Paired *row = comparison_row(comparison, index, s);
        if (is_shown(comparison, s, verbose) && row->pairs > 0 && (verbose || !row->same))
            put_row(page, comparison, index, s);
    }
    if (!verbose)
        put_same(page, comparison, index);
}

static size_t count_lines(const Comparison *comparison, bool verbose)
{
    size_t lines = 0;
    for (size_t d = 1; d < comparison->designs->len; d++)
        for (size_t s = 0; s < comparison_statistics(comparison); s++) {
            const Paired *row = comparison_row(comparison, d, s);
            lines += is_shown(comparison, s, verbose) && row->interval.available && !row->same;
        }
    return lines;
}

/* The most that a shown interval asks for; 0: none does. */
static size_t runs_wanted(const Comparison *comparison, bool verbose)
{
    size_t wanted = 0;
    for (size_t d = 1; d < comparison->designs->len; d++)
        for (size_t s = 0; s < comparison_statistics(comparison); s++) {
            const Paired *row = comparison_row(comparison, d, s);
            if (is_shown(comparison, s, verbose) && row->interval.available)
                wanted = MAX(wanted, row->runs_needed);
        }
    return wanted;
}

void report_comparison(Page *page, const Comparison *comparison, bool verbose)
{
    put_head(page, comparison);
    if (comparison->runs == 0 || comparison->designs->len < 2)
        return;
    put_sides(page, comparison);
    for (size_t d = 1; d < comparison->designs->len; d++)
        put_design(page, comparison, d, verbose);
    g_autofree char *about = g_strdup_printf(
        "n.s.: not significant, the interval contains 0. Means: Student's t on the "
        "pairs' differences; quantiles: paired bootstrap, %d resamples. Each interval "
        "is 95 %% by itself: of %zu lines, about %.0f would differ by chance alone. "
        "pp: percentage points.",
        PAIRED_RESAMPLES, count_lines(comparison, verbose),
        ceil((double)count_lines(comparison, verbose) / 20));
    page_add(page, "\n  ");
    size_t wanted = runs_wanted(comparison, verbose);
    if (wanted > 0) {
        g_autofree char *star =
            g_strdup_printf("* skewed: with so few runs the interval may be too narrow; -r %zu "
                            "would do for all.",
                            wanted);
        page_wrap(page, INK_DOUBT, star, 2);
        page_add(page, "  ");
    }
    page_wrap(page, INK_DIM, about, 2);
}
