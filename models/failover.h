/* The failover controller: detects, decides, and works through the runbook.
 *
 * States: WATCHING → DECIDING → ACTING. A planned switchover goes to ACTING at once.
 *
 * It sees probes, with their delay and errors, and the answers to its commands; never the truth.
 * Modes: manual, a person is paged and decides, and an operator starts each step; semi-automatic, a
 * person decides and the steps run by themselves; automatic, after `hold` without a good verdict;
 * off, nobody acts. A region that looks healthy again before the decision calls it off (unless
 * cancel is no).
 *
 * The monitor (failover_watch.c) probes, or scrapes and raises alerts. It may run in one of the
 * regions: then it dies with it, and nobody is paged, until people notice by themselves. A person
 * who is paged acknowledges, or does not, and the next one is paged, too.
 *
 * Once the whole runbook is done, the way back may follow (failback.c): when the region that was
 * left has answered for `failback.hold`, people decide or nobody is asked, and a runbook of its own
 * moves service home. Nothing leaves home again in the same run.
 *
 * The runbook (failover_runbook.c) is a graph: each step is an action with a duration, and starts
 * when all steps named in `after` are done (none: at the decision). A command that is not answered
 * within its duration plus step_retry is given again. The recovery time is therefore the critical
 * path.
 *
 * Sources: Prometheus and Alertmanager defaults; GitHub 2023 (failover begun 17 min after the first
 * alert); Azure SQL failover groups (customer-managed policy, up to 60 s of downtime).
 */
#ifndef MODELS_FAILOVER_H
#define MODELS_FAILOVER_H

#include "models/prober.h"
#include "models/world.h"
#include "sim/dist.h"
#include "sim/link.h"
#include "sim/param.h"

typedef enum FailoverMode {
    FAILOVER_MANUAL,
    FAILOVER_SEMI_AUTOMATIC,
    FAILOVER_AUTOMATIC,
    FAILOVER_OFF
} FailoverMode;

typedef enum Detect { DETECT_PROBES, DETECT_ALERTS } Detect;
typedef enum Hosted { HOSTED_ELSEWHERE, HOSTED_ACTIVE, HOSTED_PASSIVE } Hosted;

typedef enum AlertRule { RULE_UP, RULE_ERRORS, RULE_EITHER } AlertRule;

typedef struct AlertConfig {
    SimTime scrape, scrape_timeout, evaluation, lasts, group_wait;
    int rule; /* AlertRule */
    double errors;
    SimTime window;
} AlertConfig;

typedef struct StepConfig {
    int action;
    Dist *duration;
    ParamNames after;
    Dist *approval;
    double fails;
    int64_t retries;
    Dist *backoff, *by_hand;
} StepConfig;

typedef struct FailoverConfig {
    int mode;
    int detect, hosted;
    ProbeConfig probe;
    AlertConfig alert;
    Dist *notice;
    Dist *page, *acknowledge, *decide, *operator_delay;
    double answers; /* share of those paged */
    SimTime escalate_after;
    SimTime hold;
    bool cancel;
    SimTime step_retry;
    ParamList steps; /* StepConfig */
} FailoverConfig;

typedef struct FailbackConfig {
    int mode; /* FailoverMode */
    SimTime hold;
    Dist *decide, *operator_delay;
    ParamList steps; /* StepConfig */
} FailbackConfig;

extern const ParamTable failover_table, failback_table;
/* "fence", "promote-database", …; by Action, NULL-terminated. */
extern const char *const action_name[];

typedef struct Failover Failover;

typedef struct FailoverLinks {
    SimLink *to_active;                       /* probes */
    SimComponent application;                 /* of the active region */
    SimLink *command;                         /* to whoever carries a step out */
    SimComponent performer[REGIONS][ACTIONS]; /* by the region that service moves to */
    SimComponent control;                     /* through which some steps go */
} FailoverLinks;

Failover *failover_new(World *world, const FailoverConfig *config, const FailbackConfig *failback);
void failover_free(Failover *failover);
SimComponent failover_component(const Failover *failover);
/* The monitor: the same component, or one of the region that hosts it. */
SimComponent failover_monitor_component(const Failover *failover);
void failover_connect(Failover *failover, FailoverLinks links);
void failover_start(Failover *failover);
/* The outage begins now: if the monitor has raised an alarm already, it is detected at once. */
void failover_note_outage(Failover *failover);
/* A planned switchover begins: the runbook, at once, with nothing to detect or decide. */
void failover_switch_over(Failover *failover);
/* People notice by themselves that users are not served; or that they are again. */
void failover_notice(Failover *failover, bool down);
/* Step index by the action's name; -1 if the runbook has none. */
int failover_step_find(const ParamList *steps, const char *name);

#endif
