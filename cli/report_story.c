/* The story of the shown run: the cast one by one, each payment's facts in order of time. */
#include <inttypes.h>

#include "cli/format.h"
#include "cli/report.h"

enum { TIME_COLUMNS = 11, PLATFORM = -1 };

static void put_line(Page *page, const StoryLine *line, SimTime origin)
{
    g_autofree char *time = format_offset(line->at, origin);
    page_add(page, "    ");
    page_cell(page, INK_DIM, time, TIME_COLUMNS);
    page_add(page, "  ");
    page_wrap(page, INK_PLAIN, line->text, 4 + TIME_COLUMNS + 2);
}

static void put_lines(Page *page, const RunDetail *detail, int cast, SimTime origin)
{
    for (guint i = 0; i < detail->lines->len; i++) {
        const StoryLine *line = detail->lines->pdata[i];
        if (line->cast == cast)
            put_line(page, line, origin);
    }
}

static void put_member(Page *page, const Study *study, size_t cast, SimTime origin)
{
    const RunDetail *detail = &study->detail;
    page_add(page, "  ");
    page_ink(page, INK_BOLD, scenario_cast_name(study->scenario, cast));
    if (cast < detail->cast_count) {
        Fate fate = detail->cast_fate[cast];
        page_addf(page, ": %s. ", fate_name[fate]);
        page_wrap(page, INK_DIM, fate_text[fate], 4);
    } else {
        page_add(page, "\n");
    }
    put_lines(page, detail, (int)cast, origin);
}

static bool has_platform_lines(const RunDetail *detail)
{
    for (guint i = 0; i < detail->lines->len; i++)
        if (((const StoryLine *)detail->lines->pdata[i])->cast == PLATFORM)
            return true;
    return false;
}

void report_story(Page *page, const Study *study, bool platform)
{
    const RunDetail *detail = &study->detail;
    size_t cast = scenario_cast_count(study->scenario);
    if (!study->has_shown)
        return;
    platform = platform && has_platform_lines(detail);
    if (cast == 0 && !platform)
        return;
    bool outage = detail->outage_at != SIM_NEVER;
    SimTime origin = outage ? detail->outage_at : 0;
    g_autofree char *beside = g_strdup_printf("(run %" PRIu32 "; times from %s)", study->shown,
                                              outage ? "the outage" : "the start of the run");
    report_heading(page, "STORY", beside);
    for (size_t i = 0; i < cast; i++)
        put_member(page, study, i, origin);
    if (platform) {
        page_add(page, "  ");
        page_ink(page, INK_BOLD, "The platform");
        page_add(page, "\n");
        put_lines(page, detail, PLATFORM, origin);
    }
}
