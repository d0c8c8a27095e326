/* Where the recovery time went: every step of the shown run as a bar on one axis from the outage.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/format.h"
#include "cli/report.h"

enum { BAR_COLUMNS = 44, DURATION_COLUMNS = 9 };

typedef struct Axis {
    SimTime origin, end;
    size_t name_columns;
} Axis;

static bool finished(const RecoveryStep *step)
{
    return step->end != SIM_NEVER;
}

/* What goes on long after service was back would press the rest together: the axis ends at this
 * many times the time that was decided. */
static const double LONGEST = 2.5;

/* Of the recovery, or of the way home. */
static Axis axis_of(const RunDetail *detail, bool home)
{
    Axis axis = {home ? SIM_NEVER : detail->outage_at, 0, 0};
    SimTime decided = 0;
    for (guint i = 0; i < detail->steps->len; i++) {
        const RecoveryStep *step = detail->steps->pdata[i];
        if (step->home != home)
            continue;
        SimTime last = finished(step) ? step->end : step->start;
        axis.end = MAX(axis.end, last);
        if (home)
            axis.origin = MIN(axis.origin, step->start);
        if (step->critical)
            decided = MAX(decided, last);
        axis.name_columns = MAX(axis.name_columns, page_columns(step->name));
    }
    if (decided > axis.origin)
        axis.end =
            MIN(axis.end, axis.origin + (SimTime)(LONGEST * (double)(decided - axis.origin)));
    axis.end = MAX(axis.end, axis.origin + SIM_MS);
    return axis;
}

static size_t column_of(const Axis *axis, SimTime at)
{
    if (at <= axis->origin)
        return 0;
    double share = sim_seconds(at - axis->origin) / sim_seconds(axis->end - axis->origin);
    return (size_t)floor(MIN(share, 1) * BAR_COLUMNS + 0.5);
}

/* Every step is seen, however short, and none leaves the axis. */
static void put_bar(Page *page, const Axis *axis, const RecoveryStep *step)
{
    size_t from = MIN(column_of(axis, step->start), BAR_COLUMNS - 1);
    size_t to = finished(step) ? MAX(column_of(axis, step->end), from + 1) : BAR_COLUMNS;
    page_repeat(page, INK_PLAIN, " ", from);
    bool beyond = finished(step) && step->end > axis->end;
    page_repeat(page, step->critical ? INK_BOLD : INK_DIM, step->critical ? "█" : "░",
                to - from - (beyond ? 1 : 0));
    page_ink(page, INK_DIM, beyond ? "▸" : "");
    page_repeat(page, INK_PLAIN, " ", BAR_COLUMNS - to);
}

static void put_step(Page *page, const Axis *axis, const RecoveryStep *step)
{
    g_autofree char *duration = finished(step)
                                    ? format_seconds(sim_seconds(step->end - step->start), 0)
                                    : g_strdup("never");
    page_add(page, "  ");
    page_cell(page, INK_PLAIN, step->name, -(int)(axis->name_columns + 1));
    put_bar(page, axis, step);
    page_cell(page, finished(step) ? INK_BOLD : INK_BAD, duration, DURATION_COLUMNS);
    if (step->note != NULL && step->note[0] != '\0') {
        page_add(page, "  ← ");
        page_wrap(page, INK_PLAIN, step->note,
                  axis->name_columns + BAR_COLUMNS + DURATION_COLUMNS + 7);
    } else {
        page_add(page, "\n");
    }
}

static void put_axis(Page *page, const Axis *axis, const char *origin)
{
    g_autofree char *end = format_seconds(sim_seconds(axis->end - axis->origin), 0);
    /* No step ended: the axis has no scale. */
    bool scaled = axis->end > axis->origin + SIM_MS;
    g_autofree char *label = scaled ? g_strconcat("+", end, NULL) : g_strdup("");
    page_repeat(page, INK_PLAIN, " ", axis->name_columns + 3);
    page_cell(page, INK_DIM, origin, -10);
    page_cell(page, INK_DIM, label, BAR_COLUMNS - 10);
    page_end_line(page);
}

static void put_steps(Page *page, const RunDetail *detail, bool home, const char *origin)
{
    Axis axis = axis_of(detail, home);
    for (guint i = 0; i < detail->steps->len; i++) {
        const RecoveryStep *step = detail->steps->pdata[i];
        if (step->home == home)
            put_step(page, &axis, step);
    }
    put_axis(page, &axis, origin);
}

static void put_home(Page *page, const Study *study)
{
    const RunDetail *detail = &study->detail;
    SimTime begun = SIM_NEVER;
    for (guint i = 0; i < detail->steps->len; i++) {
        const RecoveryStep *step = detail->steps->pdata[i];
        if (step->home)
            begun = MIN(begun, step->start);
    }
    if (begun == SIM_NEVER)
        return;
    g_autofree char *after = format_offset(begun, detail->outage_at);
    g_autofree char *beside = g_strdup_printf("(the same run, decided at %s)", after);
    report_heading(page, "AND HOME AGAIN", beside);
    put_steps(page, detail, true, "decision");
}

void report_recovery(Page *page, const Study *study)
{
    const RunDetail *detail = &study->detail;
    if (!study->has_shown || detail->outage_at == SIM_NEVER || detail->steps->len == 0)
        return;
    size_t metric = study_metric("rto.service");
    double recovery = metric == STUDY_NO_METRIC ? NAN : study_value(study, study->shown, metric);
    g_autofree char *time = format_seconds(recovery, 0);
    g_autofree char *title = isfinite(recovery) ? g_strdup_printf("WHERE THE %s WENT", time)
                                                : g_strdup("WHERE THE TIME WENT");
    g_autofree char *beside = NULL;
    if (isinf(recovery))
        beside = g_strdup_printf("(run %" PRIu32 ": service did not come back)", study->shown);
    else if (isnan(recovery))
        beside = g_strdup_printf("(run %" PRIu32 ")", study->shown);
    else
        beside = g_strdup_printf("(run %" PRIu32 ", at the 95th percentile)", study->shown);
    report_heading(page, title, beside);
    put_steps(page, detail, false, "outage");
    page_ink(page, INK_DIM, "  █ decided the recovery time   ░ meanwhile\n");
    put_home(page, study);
}
