/* The failover controller's keys. */
#include "models/failover.h"

const char *const action_name[ACTIONS + 1] = {
    [ACTION_FENCE] = "fence",
    [ACTION_PROMOTE] = "promote-database",
    [ACTION_SWITCH_KAFKA] = "switch-kafka",
    [ACTION_RESUME_CONSUMERS] = "resume-consumers",
    [ACTION_REROUTE] = "reroute",
    [ACTION_STOP_CONSUMERS] = "stop-consumers",
    [ACTION_DEMOTE_KAFKA] = "demote-kafka",
    [ACTION_AWAIT_DATABASE] = "await-database",
    [ACTION_AWAIT_MIRROR] = "await-mirror",
    [ACTION_SEED_DATABASE] = "seed-database",
    [ACTION_START_MIRROR] = "start-mirror",
    [ACTION_RESTORE_BACKUP] = "restore-backup",
    [ACTION_SCALE_OUT] = "scale-application",
    [ACTION_CONFIGURE] = "switch-configuration",
    [ACTION_REJOIN_KAFKA] = "rejoin-kafka",
    [ACTION_REJOIN_CONSUMERS] = "rejoin-consumers",
    [ACTION_REVERSE_MIRROR] = "reverse-mirror",
    [ACTION_RECONCILE] = "reconcile",
    [ACTIONS] = NULL,
};

static const char *const detect_choices[] = {"probes", "alerts", NULL};
static const char *const rule_choices[] = {"up", "error-ratio", "either", NULL};
static const char *const hosted_choices[] = {"elsewhere", "active", "passive", NULL};
static const char *const mode_choices[] = {"manual", "semi-automatic", "automatic", "off", NULL};

#define AT(member) offsetof(StepConfig, member)
static const ParamSpec step_specs[] = {
    {.key = "step",
     .type = PARAM_CHOICE,
     .offset = AT(action),
     .choices = action_name,
     .text =
         "What is done. fence: the old primary may not write when it comes back. promote-database: "
         "the standby becomes the primary. switch-kafka: the passive cluster takes writes. "
         "resume-consumers: its consumers start. reroute: the router prefers the passive region. "
         "scale-application: all pods of the passive region, done when they are ready. "
         "switch-configuration: its application learns that it is active, and gets the present "
         "version, configuration and secrets; done when it has them. stop-consumers, demote-kafka: "
         "the other region's consumers leave their groups, its cluster refuses producers "
         "(planned). "
         "await-database, await-mirror: nothing is left to copy. seed-database, restore-backup: a "
         "full copy, or the last backup. rejoin-kafka, rejoin-consumers: a cluster that comes back "
         "becomes "
         "a standby, its consumers leave their groups (else they act on what is copied back). "
         "start-mirror, reverse-mirror: the mirror into that region, or out of it, begins. "
         "reconcile: what the cut left inconsistent is worked off (reconciliation).",
     .source = "article: failover process summary"},
    {.key = "duration",
     .type = PARAM_DIST,
     .offset = AT(duration),
     .text = "How long it takes, once begun.",
     .source = ""},
    {.key = "after",
     .type = PARAM_NAMES,
     .offset = AT(after),
     .fallback = "[]",
     .text = "Steps that must be done first; none: the decision.",
     .source = ""},
    {.key = "approval",
     .type = PARAM_DIST,
     .offset = AT(approval),
     .fallback = "0s",
     .text = "How long it waits for a person to agree, before it begins.",
     .source = ""},
    {.key = "fails",
     .type = PARAM_SHARE,
     .offset = AT(fails),
     .fallback = "0",
     .text = "Probability that an attempt fails: it takes its duration and does nothing.",
     .source = "ours: calibrate from drills; DBS (October 2023) and GitLab (2017) failed over "
               "into steps that did not work"},
    {.key = "retries",
     .type = PARAM_COUNT,
     .offset = AT(retries),
     .fallback = "3",
     .max = 1000,
     .text = "How often a failed attempt is repeated by itself; then a person does the step.",
     .source = "ours; with p = fails and R = retries it takes (1 - p^(R+1)) / (1 - p) attempts"},
    {.key = "backoff",
     .type = PARAM_DIST,
     .offset = AT(backoff),
     .fallback = "30s",
     .text = "Between a failed attempt and the next.",
     .source = "ours"},
    {.key = "by_hand",
     .type = PARAM_DIST,
     .offset = AT(by_hand),
     .fallback = "{lognormal: {median: 15m, p99: 1h}}",
     .text = "What a person needs to find out why the step fails every time, before doing it; "
             "then it takes its duration and works.",
     .source = "ours; Google (June 2025) took 10 min to find the cause"},
};
#undef AT
static const ParamTable step_table = {
    .specs = step_specs, .count = G_N_ELEMENTS(step_specs), .size = sizeof(StepConfig)};

#define AT(member) offsetof(FailoverConfig, member)
static const ParamSpec specs[] = {
    {.key = "mode",
     .type = PARAM_CHOICE,
     .offset = AT(mode),
     .fallback = "semi-automatic",
     .choices = mode_choices,
     .text = "Who acts. manual: a person decides and starts every step. semi-automatic: a person "
             "decides. "
             "automatic: nobody is asked. off: nobody acts.",
     .source = "article: manual or semi-automated"},
    {.key = "detect",
     .type = PARAM_CHOICE,
     .offset = AT(detect),
     .fallback = "probes",
     .choices = detect_choices,
     .text = "What raises the alarm. probes: the last of them (failover.probe.*). alerts: a rule "
             "on the last scrape, evaluated, pending, firing, grouped (failover.alert.*); "
             "probe.false_alarm and probe.miss are then a scrape's.",
     .source = "ours; Prometheus and Alertmanager"},
    {.key = "hosted",
     .type = PARAM_CHOICE,
     .offset = AT(hosted),
     .fallback = "elsewhere",
     .choices = hosted_choices,
     .text = "Where the monitor runs. elsewhere: a third place. active or passive: in that "
             "region; it dies with it. From the passive region it sees the active one over the "
             "link between them. People are where they are.",
     .source = "ours; AWS (December 2021) and Roblox (October 2021) lost their monitoring with "
               "what it watched"},
    {.key = "notice",
     .type = PARAM_DIST,
     .offset = AT(notice),
     .fallback = "3650d",
     .text = "From the beginning of an outage or gray failure that hits the service until people "
             "notice without the monitor (customers complain), if it still lasts. They decide "
             "without being paged, in mode automatic too. Omitted: never.",
     .source = "ours: calibrate"},
    {.key = "alert.scrape",
     .type = PARAM_TIME,
     .offset = AT(alert.scrape),
     .fallback = "1m",
     .min = 0.001,
     .max = 86400,
     .text = "Time between two scrapes (detect: alerts).",
     .source = "Prometheus: scrape_interval 1 m"},
    {.key = "alert.scrape_timeout",
     .type = PARAM_TIME,
     .offset = AT(alert.scrape_timeout),
     .fallback = "10s",
     .min = 0.000001,
     .max = 86400,
     .text = "A scrape without an answer by then has failed. Must be below the interval.",
     .source = "Prometheus: scrape_timeout 10 s"},
    {.key = "alert.evaluation",
     .type = PARAM_TIME,
     .offset = AT(alert.evaluation),
     .fallback = "1m",
     .min = 0.001,
     .max = 86400,
     .text = "Time between two evaluations of the rule, at a phase of its own.",
     .source = "Prometheus: evaluation_interval 1 m"},
    {.key = "alert.rule",
     .type = PARAM_CHOICE,
     .offset = AT(alert.rule),
     .fallback = "up",
     .choices = rule_choices,
     .text =
         "What the alert is about. up: the last scrape failed. error-ratio: of the answers that "
         "the application gave within the window, more than alert.errors were failures; a "
         "region that is down gives none, so that this alone stays silent. either: one of the "
         "two.",
     .source = "Prometheus: up, and rate() over two counters; a shallow probe does not see a gray "
               "failure"},
    {.key = "alert.errors",
     .type = PARAM_SHARE,
     .offset = AT(alert.errors),
     .fallback = "5%",
     .text = "Share of failed requests above which the rule on the error ratio holds.",
     .source =
         "ours: calibrate; with an objective of 99.9 % the Google SRE workbook pages at 1.44 % "
         "over an hour"},
    {.key = "alert.window",
     .type = PARAM_TIME,
     .offset = AT(alert.window),
     .fallback = "5m",
     .min = 0.001,
     .max = 86400,
     .text = "Over which the error ratio is taken; at least two scrapes must lie in it.",
     .source = "common: rate(...[5m]), at least four scrapes"},
    {.key = "alert.for",
     .type = PARAM_TIME,
     .offset = AT(alert.lasts),
     .fallback = "0s",
     .max = 86400,
     .text = "How long the rule must hold before the alert fires; in whole evaluations.",
     .source = "Prometheus: for 0 s; 5 m is common, and gives up to 7.5 min with the defaults"},
    {.key = "alert.group_wait",
     .type = PARAM_TIME,
     .offset = AT(alert.group_wait),
     .fallback = "30s",
     .max = 86400,
     .text = "From the firing to the notification. Stands in the place of page.",
     .source = "Alertmanager: group_wait 30 s"},
    PROBE_SPECS(FailoverConfig, probe, "15s",
                "ours; Prometheus scrapes every 1 m by default, commonly set to 15 s", "10s",
                "Prometheus: scrape_timeout 10 s", "3", "ours: three in a row", "1", "ours"),
    {.key = "page",
     .type = PARAM_DIST,
     .offset = AT(page),
     .fallback = "30s",
     .text = "From the monitor's verdict to the page (manual, semi-automatic; detect: probes).",
     .source = "Alertmanager: group_wait 30 s"},
    {.key = "acknowledge",
     .type = PARAM_DIST,
     .offset = AT(acknowledge),
     .fallback = "0s",
     .text = "From the page to a person who has acknowledged it (manual, semi-automatic).",
     .source = "ours; counted in decide by default"},
    {.key = "answers",
     .type = PARAM_SHARE,
     .offset = AT(answers),
     .fallback = "100%",
     .min = 0.01,
     .max = 1,
     .text = "Probability that a person who is paged acknowledges at all.",
     .source = "ours"},
    {.key = "escalate_after",
     .type = PARAM_TIME,
     .offset = AT(escalate_after),
     .fallback = "5m",
     .min = 1,
     .max = 86400,
     .text = "A page not acknowledged by then goes to the next person, too, and so on.",
     .source = "ours; on-call services wait 5 to 30 min"},
    {.key = "decide",
     .type = PARAM_DIST,
     .offset = AT(decide),
     .fallback = "{lognormal: {median: 5m, p99: 30m}}",
     .text = "From there to the decision to fail over (manual, semi-automatic).",
     .source =
         "ours, right-skewed as people are; GitHub (September 2023) took 17 min from the first "
         "alert, Google (June 2025) 2 min to triage and 10 to the cause"},
    {.key = "operator",
     .type = PARAM_DIST,
     .offset = AT(operator_delay),
     .fallback = "{lognormal: {median: 45s, p99: 5m}}",
     .text = "Time to find and start each step by hand (manual).",
     .source = "ours"},
    {.key = "hold",
     .type = PARAM_TIME,
     .offset = AT(hold),
     .fallback = "1m",
     .text = "How long an automatic failover waits for the region to come back before it acts.",
     .source = "ours; Azure SQL's automatic policy waits an hour at least "
               "(GracePeriodWithDataLossHours)"},
    {.key = "cancel",
     .type = PARAM_FLAG,
     .offset = AT(cancel),
     .fallback = "yes",
     .text = "Whether a failover can be called off. yes: a region that looks healthy again before "
             "the decision calls the failover off.",
     .source = ""},
    {.key = "step_retry",
     .type = PARAM_TIME,
     .offset = AT(step_retry),
     .fallback = "30s",
     .min = 0.001,
     .max = 86400,
     .text =
         "A step whose performer has not answered this long after it should be done is commanded "
         "again.",
     .source = "ours"},
    {.key = "steps",
     .type = PARAM_LIST,
     .offset = AT(steps),
     .fallback = "[{step: fence, duration: 5s},"
                 " {step: promote-database, duration: {lognormal: {median: 30s, p99: 60s}}, after: "
                 "[fence]},"
                 " {step: switch-kafka, duration: 10s},"
                 " {step: resume-consumers, duration: {uniform: {low: 3s, high: 6s}}, after: "
                 "[switch-kafka, promote-database]},"
                 " {step: reroute, duration: {uniform: {low: 3m, high: 20m}}, after: "
                 "[promote-database, switch-kafka]}]",
     .items = &step_table,
     .text = "The runbook, as a graph.",
     .source = "article: failover process summary. Azure SQL: 30 s, up to 60 s; a first join of an "
               "empty group: 3 to 6 s; a Front Door configuration change: 3 to 20 min"},
};
#undef AT

const ParamTable failover_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(FailoverConfig)};

/* ---- the way home ---- */

#define AT(member) offsetof(FailbackConfig, member)
static const ParamSpec failback_specs[] = {
    {.key = "mode",
     .type = PARAM_CHOICE,
     .offset = AT(mode),
     .fallback = "off",
     .choices = mode_choices,
     .text = "Who brings service home, once the whole failover (or planned switchover) is done and "
             "the region that was left answers again. off: it stays where it is. Otherwise as "
             "failover.mode.",
     .source = "article: manual or semi-automated; Azure SQL and Cosmos DB do not fail back by "
               "themselves"},
    {.key = "hold",
     .type = PARAM_TIME,
     .offset = AT(hold),
     .fallback = "30m",
     .max = 366 * 86400.0,
     .text = "How long the region must have answered without a break.",
     .source = "ours; RBI IT Governance Directions 2023 want drills to run at the other site for a "
               "full working day"},
    {.key = "decide",
     .type = PARAM_DIST,
     .offset = AT(decide),
     .fallback = "{lognormal: {median: 15m, p99: 2h}}",
     .text = "From there to the decision to return (manual, semi-automatic).",
     .source = "ours"},
    {.key = "operator",
     .type = PARAM_DIST,
     .offset = AT(operator_delay),
     .fallback = "{lognormal: {median: 45s, p99: 5m}}",
     .text = "Time to find and start each step by hand (manual).",
     .source = "ours"},
    {.key = "steps",
     .type = PARAM_LIST,
     .offset = AT(steps),
     .fallback = "[{step: seed-database, duration: 1m},"
                 " {step: rejoin-kafka, duration: 10s},"
                 " {step: rejoin-consumers, duration: 5s},"
                 " {step: start-mirror, duration: 30s, after: [rejoin-kafka, rejoin-consumers]},"
                 " {step: await-database, duration: 0s, after: [seed-database]},"
                 " {step: stop-consumers, duration: 5s, after: [await-database, start-mirror]},"
                 " {step: demote-kafka, duration: 5s, after: [stop-consumers]},"
                 " {step: await-mirror, duration: 0s, after: [demote-kafka]},"
                 " {step: promote-database, duration: {lognormal: {median: 30s, p99: 60s}}, after: "
                 "[stop-consumers]},"
                 " {step: switch-kafka, duration: 10s, after: [await-mirror]},"
                 " {step: resume-consumers, duration: {uniform: {low: 3s, high: 6s}}, after: "
                 "[switch-kafka, promote-database]},"
                 " {step: reroute, duration: 5m, after: [stop-consumers]},"
                 " {step: reverse-mirror, duration: 30s, after: [switch-kafka]}]",
     .items = &step_table,
     .text = "The runbook home. It moves service to the active region: seed-database copies the "
             "present primary there, start-mirror copies the events back, promote-database drains "
             "the present primary first, reverse-mirror protects the other region again.",
     .source = "Azure SQL: the old primary is reseeded; Kafka: the reversed mirror duplicates "
               "unless the old cluster is rebuilt"},
};
#undef AT

const ParamTable failback_table = {
    .specs = failback_specs, .count = G_N_ELEMENTS(failback_specs), .size = sizeof(FailbackConfig)};
