/* What the failover controller's files share. Nobody else includes this.
 *
 *   failover.c          making, deciding, people
 *   failover_watch.c    the monitor: probes, or scrapes and alerts
 *   failover_ratio.c    the ratio of failed requests, from scrapes
 *   failover_runbook.c  the steps
 *   failback.c          when and how service goes home
 *   failover_schema.c   the scenario's keys
 */
#ifndef MODELS_FAILOVER_PARTS_H
#define MODELS_FAILOVER_PARTS_H

#include <glib.h>

#include "models/failover.h"

enum {
    FO_PROBE = MSG_KINDS, /* the monitor's, these four; value: the probe's number */
    FO_DEADLINE,
    FO_EVALUATE,
    FO_NOTIFY,  /* value: the alert's serial */
    FO_DECIDED, /* subject: the alarm's number */
    FO_HANDED_OVER,
    FO_FAILED, /* a step's attempt; value: its number */
    FO_CHECK,
    FO_PLANNED,
    FO_HOME_PROBE, /* failback's own, these four; value: the probe's number, or a serial */
    FO_HOME_DEADLINE,
    FO_HOME_HELD,
    FO_HOME_DECIDED,
    FO_KINDS
};

typedef enum State { STATE_WATCHING, STATE_DECIDING, STATE_ACTING } State;

typedef enum AlertState { ALERT_INACTIVE, ALERT_PENDING, ALERT_FIRING, ALERT_NOTIFIED } AlertState;

/* One of the two runbooks: its steps are step[first .. first + count - 1]. */
typedef struct Book {
    const ParamList *list; /* StepConfig */
    uint32_t first, count;
    uint32_t to;  /* the region that service moves to */
    bool planned; /* nothing has failed: nothing may be lost */
    bool by_hand; /* an operator starts each step */
    const Dist *operator_delay;
} Book;

enum { BOOK_OUT, BOOK_HOME, BOOKS };

typedef enum Home { HOME_NOT_YET, HOME_WATCHING, HOME_DECIDING, HOME_RETURNING, HOME_DONE } Home;

typedef struct Step {
    const StepConfig *config;
    const Book *book;
    SimTime duration; /* of the attempt under way */
    bool started, done;
    bool by_hand;      /* a person does it: this attempt does not fail */
    bool refused;      /* the attempt under way: the performer has said no */
    uint32_t failures; /* attempts that failed */
    uint32_t attempt;  /* number of the one under way: what is about an older one is void */
    RandomStream duration_draws, operator_draws;
    RandomStream fails_draws, retry_draws, people_draws;
} Step;

typedef struct Ratio {
    GArray *scrapes;
    uint64_t failed, answered; /* the counters at the last scrape */
    uint64_t failed_sum, answered_sum;
} Ratio;

struct Failover {
    World *world;
    const FailoverConfig *config;
    SimComponent id;
    SimComponent eyes; /* the monitor: `id`, or a component of the region that hosts it */
    FailoverLinks link;

    Prober prober;
    ProbeConfig scrape; /* what the prober does if alerts are wanted */
    Ratio ratio;
    AlertState alert;
    SimTime pending_since;
    int64_t alert_serial;

    State state;
    bool noticed;   /* people have noticed by themselves, and decide */
    uint32_t alarm; /* its number: a decision on an older one is void */
    Step *step;
    uint32_t steps; /* of both runbooks */
    Book book[BOOKS];

    const FailbackConfig *failback;
    Home home;
    Prober home_prober;
    int64_t home_serial; /* what is about an older one is void */
    RandomStream home_draws, home_phase_draws;

    RandomStream phase_draws, evaluation_draws, page_draws, acknowledge_draws, answer_draws,
        decide_draws;
};

/* failover_watch.c */
void failover_make_monitor(Failover *failover);
void failover_start_watching(Failover *failover);
void failover_on_probe(Sim *sim, void *self, const SimEvent *event);
void failover_on_probe_reply(Sim *sim, void *self, const SimEvent *event);
void failover_on_deadline(Sim *sim, void *self, const SimEvent *event);
void failover_on_evaluate(Sim *sim, void *self, const SimEvent *event);
void failover_on_notify(Sim *sim, void *self, const SimEvent *event);
void failover_on_metrics(Sim *sim, void *self, const SimEvent *event);

/* failover_ratio.c */
void failover_ratio_init(Ratio *ratio);
void failover_ratio_clear(Ratio *ratio);
void failover_ratio_scrape(Ratio *ratio, SimTime now, SimTime window, uint64_t failed,
                           uint64_t answered);
bool failover_ratio_exceeds(Ratio *ratio, SimTime now, SimTime window, double share);

/* Does the monitor call the active region down? */
bool failover_sees_it_down(const Failover *failover);

/* failover.c: the monitor has changed its mind. */
void failover_verdict_changed(Failover *failover);

/* failover_runbook.c */
/* `after`: the step that was done; -1: the decision. */
void failover_start_ready_steps(Failover *failover, const Book *book, int64_t after);
bool failover_book_done(const Failover *failover, const Book *book);
void failover_repeat_steps(Failover *failover);
void failover_on_handed_over(Sim *sim, void *self, const SimEvent *event);
void failover_on_failed(Sim *sim, void *self, const SimEvent *event);
void failover_on_check(Sim *sim, void *self, const SimEvent *event);
void failover_on_done(Sim *sim, void *self, const SimEvent *event);

/* failback.c */
void failback_init(Failover *failover);
/* A runbook has been worked through. */
void failback_book_done(Failover *failover, const Book *book);
void failback_up(Failover *failover);
bool failback_probe_reply(Failover *failover, const SimEvent *event);
void failback_on_probe(Sim *sim, void *self, const SimEvent *event);
void failback_on_deadline(Sim *sim, void *self, const SimEvent *event);
void failback_on_held(Sim *sim, void *self, const SimEvent *event);
void failback_on_decided(Sim *sim, void *self, const SimEvent *event);

#endif
