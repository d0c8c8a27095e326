/* The report a person reads: verdict, why, where the time went, what became of the payments,
 * two users' stories, and what to type next. A pure function of a study: no clock, no path but
 * the one the user typed, the same for any number of threads. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>

#include "cli/page.h"
#include "cli/study.h"

typedef struct ReportStyle {
    bool quiet;                /* what is not met, and the verdict */
    bool verbose;              /* every metric, every meaning, the platform's story */
    bool kept;                 /* results were written with -o */
    const ExitCode *undecided; /* what an inconclusive study exits with; NULL: EXIT_INCONCLUSIVE */
} ReportStyle;

void report_study(Page *page, const Study *study, const ReportStyle *style);
/* After several studies: how many met their expectations. */
void report_all(Page *page, const size_t verdicts[3], size_t unjudged, ExitCode code);

/* The parts, each one section; a section without content prints nothing. */
void report_expectations(Page *page, const Study *study);
void report_reasons(Page *page, const Study *study);
void report_precision(Page *page, const Study *study);
void report_recovery(Page *page, const Study *study);
void report_payments(Page *page, const Study *study, bool verbose);
void report_metrics(Page *page, const Study *study);
void report_story(Page *page, const Study *study, bool platform);

/* An expectation in parts, each freed with g_free: "rto.service.p95"; "<= 5m"; a value with as many
 * digits as tell it from the limit; "[low, high]", "" if there is none. */
char *report_subject(const ScenarioExpect *expect);
char *report_limit(const ScenarioExpect *expect);
char *report_measured(const Expect *expect, double measured);
char *report_interval(const Expect *expect, StatsInterval interval);

/* "failsim run FILE …": the command that gives this study, with `runs`; g_free. */
char *report_command(const Study *study, uint64_t runs);
void report_append_word(GString *command, const char *word);

/* "  TITLE  beside" after an empty line. */
void report_heading(Page *page, const char *title, const char *beside);

#endif
