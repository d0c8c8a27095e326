#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/interrupt.h"

enum { REDRAW_US = 100000, NAME_BYTES = 50 };

Progress progress_make(const char *name, bool quiet)
{
    const char *term = g_getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    return (Progress){.name = name, .shown = !quiet && !dumb && isatty(STDERR_FILENO)};
}

bool progress_step(void *data, uint32_t done, uint32_t total)
{
    Progress *progress = data;
    gint64 now = g_get_monotonic_time();
    if (progress->shown && now - progress->last >= REDRAW_US) {
        progress->last = now;
        progress->drawn = true;
        g_autofree char *name =
            g_utf8_substring(progress->name, 0, MIN(NAME_BYTES, g_utf8_strlen(progress->name, -1)));
        g_autofree char *plain = g_strdelimit(g_strdup(name), "\n\r\t\033", ' ');
        fprintf(stderr, "\r\033[K%s: run %" PRIu32 " of %" PRIu32 " (%" PRIu32 " %%)", plain, done,
                total, total > 0 ? (uint32_t)((uint64_t)done * 100 / total) : 100);
        fflush(stderr);
    }
    return !interrupt_seen();
}

void progress_clear(Progress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = false;
}
