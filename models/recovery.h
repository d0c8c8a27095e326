/* The recovery watch: when did it fail, when did it work again.
 *
 * Models stamp moments (the outage, the steps of the runbook, each attempt's end); the audit turns
 * them into rto.* metrics. Attempts are judged by the time they were sent, in windows of
 * `window`: a window is bad if fewer than `success` of the attempts sent in it succeeded. A
 * window is closed when every attempt sent in it has ended, so memory follows the timeout.
 * Service is back when the first good window after the last bad one begins. Windows that say
 * nothing (no attempts, or only such as were asked to log in) lie between.
 */
#ifndef MODELS_RECOVERY_H
#define MODELS_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/histogram.h"
#include "sim/time.h"

#define RECOVERY_STEPS_MAX 32

typedef struct RecoveryStamp {
    const char *name;   /* belongs to the scenario or static */
    SimTime start, end; /* SIM_NEVER: not yet */
    int64_t waited_for; /* index of the predecessor that finished last; -1: none */
    uint32_t tries;
} RecoveryStamp;

typedef struct Recovery {
    SimTime outage_at;      /* SIM_NEVER: nothing failed */
    SimTime outage_ends_at; /* SIM_NEVER: not within the run, or nothing failed */
    SimTime called_off_at;  /* the last time that a decision was called off; SIM_NEVER */
    SimTime alarm_at;       /* first time that the monitor called the active region down */
    SimTime detected_at;    /* first time at or after the outage that it was so called */
    SimTime decided_at;
    bool planned;                             /* a switchover: nothing had to be detected */
    bool noticed;                             /* people noticed without the monitor */
    uint32_t paged, failed_attempts, by_hand; /* people; attempts at steps; steps by people */
    RecoveryStamp step[RECOVERY_STEPS_MAX];   /* the runbook's */
    uint32_t steps;
    uint32_t home_steps;           /* of the way home; its stamps follow in step[] */
    SimTime returning_at, home_at; /* the failback's decision, and its last step; SIM_NEVER */
    SimTime edges_first_at, edges_all_at; /* first and last edge that turned to the other region */
    SimTime edges_back_at;                /* all have turned back, the last time */
    bool edges_back_told;                 /* by a command, not by themselves */
    uint64_t anycast;         /* requests that got to another edge, their own being down */
    uint32_t edges_most;      /* that had turned at one time, */
    SimTime edges_most_at;    /* and when first so many had */
    SimTime first_success_at; /* first acknowledgement of an attempt sent after the outage */
    SimTime consumers_drained_at;
    bool consumers_resumed;
    Histogram *interruption; /* per user: first failed attempt to next success */
    /* windows */
    SimTime window;
    double success;
    uint32_t *sent, *ended, *good; /* rings by window number */
    uint64_t ring, first_open, last_sent;
    uint64_t bad_after_return;   /* windows: the interruption of the way home */
    int64_t last_bad, last_good; /* window numbers; -1. If service was back at the failback's
                                  * decision: up to it */
    int64_t good_since;          /* first good window after the last bad one; -1: none */
} Recovery;

/* `longest`: no attempt stays unanswered for longer than this. */
Recovery *recovery_new(SimTime window, double success, SimTime longest);
void recovery_free(Recovery *recovery);

void recovery_attempt_sent(Recovery *recovery, SimTime sent_at);
void recovery_attempt_ended(Recovery *recovery, SimTime sent_at, SimTime now, bool good);
/* It ended without a verdict (a login came between). */
void recovery_attempt_withdrawn(Recovery *recovery, SimTime sent_at);
/* The consumers have worked off what waited when they took over (in the other region: what waits
 * on the way home is another matter). */
void recovery_note_drained(Recovery *recovery, SimTime now);
void recovery_close(Recovery *recovery);

/* Seconds from the outage to lasting service: 0 if it was never bad, INFINITY if it stayed bad,
 * NAN without an outage. After recovery_close. */
double recovery_service_seconds(const Recovery *recovery);

#endif
