#include "models/recovery.h"

#include <math.h>

#include "sim/check.h"

Recovery *recovery_new(SimTime window, double success, SimTime longest)
{
    Recovery *recovery = g_new0(Recovery, 1);
    recovery->outage_at = recovery->alarm_at = SIM_NEVER;
    recovery->detected_at = recovery->decided_at = SIM_NEVER;
    recovery->edges_first_at = recovery->edges_all_at = SIM_NEVER;
    recovery->first_success_at = recovery->consumers_drained_at = SIM_NEVER;
    recovery->interruption = histogram_new();
    recovery->window = window;
    recovery->success = success;
    recovery->ring = (uint64_t)(longest / window) + 3;
    recovery->sent = g_new0(uint32_t, recovery->ring);
    recovery->ended = g_new0(uint32_t, recovery->ring);
    recovery->good = g_new0(uint32_t, recovery->ring);
    recovery->last_bad = recovery->last_good = recovery->good_since = -1;
    recovery->called_off_at = recovery->edges_back_at = SIM_NEVER;
    recovery->outage_ends_at = SIM_NEVER;
    recovery->returning_at = recovery->home_at = SIM_NEVER;
    return recovery;
}

void recovery_free(Recovery *recovery)
{
    if (!recovery)
        return;
    histogram_free(recovery->interruption);
    g_free(recovery->sent);
    g_free(recovery->ended);
    g_free(recovery->good);
    g_free(recovery);
}

/* If not, the outage goes on until service is home. */
static bool back_before_return(const Recovery *recovery)
{
    return recovery->good_since >= 0 &&
           recovery->good_since * recovery->window < recovery->returning_at;
}

/* Attempts still open at the run's end may go either way: such a window counts only if its verdict
 * no longer depends on them. */
static void close_window(Recovery *recovery, uint64_t number)
{
    uint64_t i = number % recovery->ring;
    uint32_t open = recovery->sent[i] - recovery->ended[i];
    double needed = recovery->success * recovery->sent[i];
    bool returning = recovery->returning_at != SIM_NEVER &&
                     (SimTime)(number + 1) * recovery->window > recovery->returning_at;
    if (returning)
        recovery->bad_after_return += recovery->good[i] + open < needed;
    bool of_return = returning && back_before_return(recovery);
    if (!of_return && recovery->sent[i] > 0 && recovery->good[i] >= needed) {
        recovery->last_good = (int64_t)number;
        if (recovery->good_since < 0)
            recovery->good_since = (int64_t)number;
    } else if (!of_return && recovery->good[i] + open < needed) {
        recovery->last_bad = (int64_t)number;
        recovery->good_since = -1;
    }
    recovery->sent[i] = recovery->ended[i] = recovery->good[i] = 0;
}

void recovery_attempt_sent(Recovery *recovery, SimTime sent_at)
{
    uint64_t number = (uint64_t)(sent_at / recovery->window);
    SIM_CHECK(number >= recovery->first_open);
    while (number - recovery->first_open >= recovery->ring) {
        uint64_t i = recovery->first_open % recovery->ring;
        SIM_CHECK(recovery->sent[i] == recovery->ended[i]);
        close_window(recovery, recovery->first_open++);
    }
    recovery->sent[number % recovery->ring]++;
    recovery->last_sent = number;
}

void recovery_attempt_ended(Recovery *recovery, SimTime sent_at, SimTime now, bool good)
{
    uint64_t number = (uint64_t)(sent_at / recovery->window);
    SIM_CHECK(number >= recovery->first_open);
    recovery->ended[number % recovery->ring]++;
    if (!good)
        return;
    recovery->good[number % recovery->ring]++;
    if (sent_at >= recovery->outage_at && recovery->first_success_at == SIM_NEVER)
        recovery->first_success_at = now;
}

void recovery_attempt_withdrawn(Recovery *recovery, SimTime sent_at)
{
    uint64_t number = (uint64_t)(sent_at / recovery->window);
    SIM_CHECK(number >= recovery->first_open && recovery->sent[number % recovery->ring] > 0);
    recovery->sent[number % recovery->ring]--;
}

void recovery_note_drained(Recovery *recovery, SimTime now)
{
    if (recovery->returning_at == SIM_NEVER)
        recovery->consumers_drained_at = now;
}

void recovery_close(Recovery *recovery)
{
    while (recovery->first_open <= recovery->last_sent)
        close_window(recovery, recovery->first_open++);
}

double recovery_service_seconds(const Recovery *recovery)
{
    if (recovery->outage_at == SIM_NEVER)
        return NAN;
    SimTime bad_until = (recovery->last_bad + 1) * recovery->window;
    SimTime good_until = (recovery->last_good + 1) * recovery->window;
    SimTime sent_until = (SimTime)(recovery->last_sent + 1) * recovery->window;
    if (sent_until <= recovery->outage_at)
        return NAN; /* nobody asked for service */
    /* The run ended before anyone could tell: that is no success. */
    if (sent_until > recovery->outage_at && good_until <= recovery->outage_at)
        return INFINITY;
    if (bad_until <= recovery->outage_at)
        return 0;
    if (recovery->good_since < 0)
        return INFINITY;
    return sim_seconds(recovery->good_since * recovery->window - recovery->outage_at);
}
