#include "cli/sweep_progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/format.h"
#include "cli/interrupt.h"

enum { LINE_US = 30000000, NAME_BYTES = 40 };

SweepProgress sweep_progress_make(const char *name, uint64_t before, bool quiet)
{
    const char *term = g_getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    gint64 now = g_get_monotonic_time();
    return (SweepProgress){.name = name,
                           .before = before,
                           .quiet = quiet,
                           .terminal = !dumb && isatty(STDERR_FILENO),
                           .start = now,
                           .last = now};
}

/* ", 3m20s left": from the pace so far; nothing before there is one. */
static char *time_left(const SweepProgress *progress, gint64 now, uint64_t done, uint64_t all)
{
    uint64_t did = done - progress->before;
    double seconds = (double)(now - progress->start) / 1e6;
    if (did == 0 || done > all || seconds < 1)
        return g_strdup("");
    double left = seconds / (double)did * (double)(all - done);
    g_autofree char *text = format_seconds(left < 1 ? 1 : floor(left + 0.5), 0);
    return g_strdup_printf(", %s left", text);
}

static char *line_of(const SweepProgress *progress, gint64 now, const CrewState *state)
{
    const uint64_t done = state->runs, all = state->runs_all;
    glong length = MIN(NAME_BYTES, g_utf8_strlen(progress->name, -1));
    g_autofree char *name = g_utf8_substring(progress->name, 0, length);
    g_strdelimit(name, "\n\r\t\033", ' ');
    g_autofree char *left = time_left(progress, now, done, all);
    g_autofree char *done_text = format_count((double)done);
    g_autofree char *all_text = format_count((double)all);
    if (all == 0)
        return g_strdup_printf("%s: run %s; %u of %u points are precise enough", name, done_text,
                               state->points, state->points_all);
    if (progress->limit)
        return g_strdup_printf("%s: run %s of at most %s", name, done_text, all_text);
    return g_strdup_printf("%s: run %s of %s (%u %%)%s", name, done_text, all_text,
                           (unsigned)(done * 100 / all), left);
}

bool sweep_progress_step(void *data, const CrewState *state)
{
    SweepProgress *progress = data;
    gint64 now = g_get_monotonic_time();
    bool due = progress->terminal || now - progress->last >= LINE_US;
    if (interrupt_seen() && !progress->told && !progress->quiet) {
        progress->told = true;
        sweep_progress_clear(progress);
        fputs(
            progress->limit
                ? "failsim: finishing the runs in hand\n"
                : "failsim: finishing the runs in hand; Ctrl-C again stops at once and loses them "
                  "only\n",
            stderr);
    } else if (due && !progress->quiet && !progress->told) {
        g_autofree char *line = line_of(progress, now, state);
        progress->last = now;
        progress->drawn = progress->terminal;
        fprintf(stderr, progress->terminal ? "\r\033[K%s" : "%s\n", line);
        fflush(stderr);
    }
    return !interrupt_seen();
}

void sweep_progress_clear(SweepProgress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = false;
}
