/* The ratio of failed requests, as a monitor knows it: from counters that it scrapes.
 *
 * The application counts its answers, good ones and failures (errors and refusals; who is asked to
 * log in again has not failed). A scrape takes both counters. Over a window the ratio is the
 * increase of the failures by that of all, between the oldest and the newest scrape in it; with
 * fewer than two scrapes, or no request between them, there is none, and no rule holds. A counter
 * that is lower than before has begun anew: its value is the increase. So a region that is down
 * altogether has no ratio, and an alert on nothing else stays silent.
 *
 * Source: Prometheus, rate() and counters.
 */
#include "models/failover_parts.h"

typedef struct Scrape {
    SimTime at;
    uint64_t failed, answered; /* since the first scrape */
} Scrape;

void failover_ratio_init(Ratio *ratio)
{
    *ratio = (Ratio){.scrapes = g_array_new(FALSE, FALSE, sizeof(Scrape))};
}

void failover_ratio_clear(Ratio *ratio)
{
    g_array_unref(ratio->scrapes);
}

static void forget(Ratio *ratio, SimTime before)
{
    guint old = 0;
    while (old < ratio->scrapes->len && g_array_index(ratio->scrapes, Scrape, old).at < before)
        old++;
    g_array_remove_range(ratio->scrapes, 0, old);
}

void failover_ratio_scrape(Ratio *ratio, SimTime now, SimTime window, uint64_t failed,
                           uint64_t answered)
{
    bool anew = answered < ratio->answered || failed < ratio->failed;
    ratio->failed_sum += anew ? failed : failed - ratio->failed;
    ratio->answered_sum += anew ? answered : answered - ratio->answered;
    ratio->failed = failed;
    ratio->answered = answered;
    Scrape scrape = {now, ratio->failed_sum, ratio->answered_sum};
    g_array_append_val(ratio->scrapes, scrape);
    forget(ratio, now - window);
}

bool failover_ratio_exceeds(Ratio *ratio, SimTime now, SimTime window, double share)
{
    forget(ratio, now - window);
    if (ratio->scrapes->len < 2)
        return false;
    const Scrape *first = &g_array_index(ratio->scrapes, Scrape, 0);
    const Scrape *last = &g_array_index(ratio->scrapes, Scrape, ratio->scrapes->len - 1);
    uint64_t answered = last->answered - first->answered;
    return answered > 0 && (double)(last->failed - first->failed) > share * (double)answered;
}
