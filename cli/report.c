#include "cli/report.h"

#include <inttypes.h>
#include <string.h>

#include "cli/format.h"

static const Ink verdict_ink[3] = {
    [VERDICT_PASS] = INK_GOOD,
    [VERDICT_FAIL] = INK_BAD,
    [VERDICT_INCONCLUSIVE] = INK_DOUBT,
};

void report_heading(Page *page, const char *title, const char *beside)
{
    page_add(page, "\n  ");
    page_ink(page, INK_BOLD, title);
    if (beside != NULL && beside[0] != '\0') {
        page_add(page, "  ");
        page_wrap(page, INK_DIM, beside, page_columns(title) + 4);
    } else {
        page_add(page, "\n");
    }
}

static Ink study_ink(const Study *study)
{
    if (study->expect_count == 0)
        return INK_BOLD;
    if (study->tally[VERDICT_FAIL] > 0)
        return verdict_ink[VERDICT_FAIL];
    return verdict_ink[study->tally[VERDICT_INCONCLUSIVE] > 0 ? VERDICT_INCONCLUSIVE
                                                              : VERDICT_PASS];
}

static const char *headline(const Study *study)
{
    if (study->result.stopped)
        return "PARTIAL";
    return study_verdict(study) != NULL ? study_verdict(study) : "DONE";
}

/* "a run loses 122 payments, 525 at worst": one clause of the summary; nothing if it has no value.
 */
static void add_clause(GString *summary, const Study *study, const char *metric, const char *format)
{
    size_t m = study_metric(metric);
    if (m == STUDY_NO_METRIC || study->summary[m].runs == 0)
        return;
    const StatsSummary *values = &study->summary[m];
    MetricUnit unit = platform_metrics.specs[m].unit;
    g_autofree char *mean = format_value(unit, values->mean, 0);
    g_autofree char *p95 = format_value(unit, values->p95, 0);
    g_autofree char *worst = format_value(unit, values->max, 0);
    GString *clause = g_string_new(format);
    g_string_replace(clause, "{mean}", mean, 0);
    g_string_replace(clause, "{p95}", p95, 0);
    g_string_replace(clause, "{worst}", worst, 0);
    g_string_append_printf(summary, "%s%s", summary->len > 0 ? " · " : "", clause->str);
    g_string_free(clause, TRUE);
}

/* The answer in one line, for those who read no further. */
static void report_summary(Page *page, const Study *study)
{
    GString *summary = g_string_new(NULL);
    add_clause(summary, study, "payments.lost", "{mean} payments lost a run ({worst} at worst)");
    add_clause(summary, study, "rpo.seconds", "RPO {p95} (p95)");
    add_clause(summary, study, "rto.service", "RTO {p95} (p95)");
    page_wrap(page, INK_BOLD, summary->str, 0);
    g_string_free(summary, TRUE);
}

static void report_title(Page *page, const Study *study, bool verbose)
{
    const Scenario *scenario = study->scenario;
    page_ink(page, study_ink(study), headline(study));
    page_add(page, "  ");
    page_ink(page, INK_BOLD, scenario_name(scenario));
    page_add(page, "\n");

    GString *facts = g_string_new(NULL);
    const char *events = scenario_events_text(scenario);
    g_autofree char *runs = format_plural(study->result.replications, "run");
    g_string_append_printf(facts, "%s %s %s · %s · %s", scenario_active_region(scenario),
                           scenario_active_active(scenario) ? "⇄" : "→",
                           scenario_passive_region(scenario),
                           events[0] != '\0' ? events : "nothing fails", runs);
    if (study->result.stopped) {
        g_autofree char *asked = format_count((double)study->asked);
        g_string_append_printf(facts, " of %s, interrupted", asked);
    }
    g_string_append_printf(facts, " · seed %" PRIu64, study->seed);
    page_wrap(page, INK_PLAIN, facts->str, 0);
    for (guint i = 0; i < study->sets->len; i++)
        page_addf(page, "with %s\n", (const char *)study->sets->pdata[i]);
    g_string_free(facts, TRUE);
    report_summary(page, study);
    if (verbose && scenario_about(scenario)[0] != '\0')
        page_wrap(page, INK_DIM, scenario_about(scenario), 0);
}

static void report_verdict(Page *page, const Study *study, ExitCode code)
{
    page_add(page, "\n");
    page_ink(page, study_ink(study), headline(study));
    if (study->result.stopped) {
        g_autofree char *done = format_count((double)study->result.replications);
        g_autofree char *asked = format_count((double)study->asked);
        page_addf(page, "  interrupted after %s of %s runs:", done, asked);
    } else
        page_add(page, " ");
    if (study->expect_count == 0)
        page_add(page, " nothing was expected");
    else
        page_addf(page, " %zu failed, %zu inconclusive, %zu passed", study->tally[VERDICT_FAIL],
                  study->tally[VERDICT_INCONCLUSIVE], study->tally[VERDICT_PASS]);
    page_addf(page, "   exit %d\n", (int)code);
}

/* Only what the shell would misread is quoted. */
void report_append_word(GString *command, const char *word)
{
    bool plain = word[0] != '\0';
    for (const char *c = word; *c != '\0'; c++)
        plain = plain && (g_ascii_isalnum(*c) || strchr("-_./=,:+%@", *c) != NULL);
    g_autofree char *quoted = plain ? g_strdup(word) : g_shell_quote(word);
    g_string_append_printf(command, " %s", quoted);
}

/* Runs that give an undecided expectation a chance: an interval narrows with their square root. */
static uint64_t more_runs(const Study *study)
{
    uint64_t wanted = (uint64_t)study->result.replications * 4;
    for (size_t i = 0; i < study->expect_count; i++) {
        const Expect *expect = &scenario_expect(study->scenario, i)->expect;
        double confidence = expect_confidence(expect);
        uint64_t needed = 0;
        if (study->outcome[i].verdict != VERDICT_INCONCLUSIVE)
            continue;
        if (expect->stat == EXPECT_QUANTILE)
            needed = stats_quantile_runs_needed(expect->q, confidence);
        else if (expect->stat == EXPECT_SHARE)
            needed = stats_share_runs_needed(0, expect->q, 1 - confidence);
        wanted = MAX(wanted, needed);
    }
    return CLAMP(wanted, 10, 1000000);
}

char *report_command(const Study *study, uint64_t runs)
{
    GString *command = g_string_new("failsim run");
    report_append_word(command, study->source->file);
    if (runs != scenario_replications(study->scenario))
        g_string_append_printf(command, " -r %" PRIu64, runs);
    if (study->seed != scenario_seed(study->scenario))
        g_string_append_printf(command, " --seed %" PRIu64, study->seed);
    for (guint i = 0; i < study->sets->len; i++) {
        g_string_append(command, " --set");
        report_append_word(command, study->sets->pdata[i]);
    }
    return g_string_free(command, FALSE);
}

/* The one command that helps most with this outcome. */
static void report_next(Page *page, const Study *study, const ReportStyle *style)
{
    bool undecided = study->tally[VERDICT_INCONCLUSIVE] > 0 && study->tally[VERDICT_FAIL] == 0;
    g_autofree char *again =
        report_command(study, undecided ? more_runs(study) : study_runs_wanted(study));
    GString *command = g_string_new(again);
    const char *reason = "until it can be decided";
    if (study->tally[VERDICT_FAIL] > 0 && !style->verbose) {
        g_string_append(command, " -v");
        reason = "every metric, and what the platform did";
    } else if (!undecided && !style->kept) {
        g_string_append(command, " -o out");
        reason = "keep the results";
    } else if (!undecided) {
        g_string_assign(command, "failsim explain");
        reason = "what can be changed with --set";
    }
    page_ink(page, INK_DIM, "Next: ");
    page_add(page, command->str);
    /* The command stays whole, to be copied; the reason is left out where it does not fit. */
    if (page_column(page) + page_columns(reason) + 5 <= PAGE_WIDTH)
        page_addf(page, "   (%s)", reason);
    page_add(page, "\n");
    g_string_free(command, TRUE);
}

static ExitCode style_exit(const ReportStyle *style, const Study *study)
{
    ExitCode code = study_exit(study);
    return code == EXIT_INCONCLUSIVE && style->undecided != NULL ? *style->undecided : code;
}

static void report_quiet(Page *page, const Study *study)
{
    page_ink(page, study_ink(study), headline(study));
    page_addf(page, "  %s", scenario_name(study->scenario));
    if (study->expect_count == 0)
        page_add(page, ": nothing was expected\n");
    else
        page_addf(page, ": %zu failed, %zu inconclusive, %zu passed\n", study->tally[VERDICT_FAIL],
                  study->tally[VERDICT_INCONCLUSIVE], study->tally[VERDICT_PASS]);
}

void report_study(Page *page, const Study *study, const ReportStyle *style)
{
    if (style->quiet) {
        report_quiet(page, study);
        return;
    }
    report_title(page, study, style->verbose);
    if (study->result.replications > 0) {
        report_expectations(page, study);
        report_precision(page, study);
        report_recovery(page, study);
        report_payments(page, study, style->verbose);
        if (style->verbose)
            report_metrics(page, study);
        report_story(page, study, style->verbose);
        report_reasons(page, study);
    }
    report_verdict(page, study, style_exit(style, study));
    report_next(page, study, style);
}

void report_all(Page *page, const size_t verdicts[3], size_t unjudged, ExitCode code)
{
    size_t count = unjudged;
    for (size_t i = 0; i < 3; i++)
        count += verdicts[i];
    g_autofree char *scenarios = format_plural(count, "scenario");
    page_addf(page, "%s: %zu failed, %zu inconclusive, %zu passed", scenarios,
              verdicts[VERDICT_FAIL], verdicts[VERDICT_INCONCLUSIVE], verdicts[VERDICT_PASS]);
    if (unjudged > 0)
        page_addf(page, ", %zu without expectations", unjudged);
    page_addf(page, "   exit %d\n", (int)code);
}
