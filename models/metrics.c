#include "models/metrics.h"

#include <math.h>
#include <string.h>

#include "models/cost.h"
#include "models/failover.h"

/* One function a metric: the table below is the whole of it. */
typedef double (*Measure)(const RunFacts *facts);

static double count(uint64_t n)
{
    return (double)n;
}

/* From one stamp to another: does not apply without the first, unreached without the second. */
static double span(SimTime from, SimTime to)
{
    if (from == SIM_NEVER)
        return NAN;
    return to == SIM_NEVER ? INFINITY : sim_seconds(to - from);
}

static double step_span(const RunFacts *facts, Action action)
{
    int s = failover_step_find(&facts->scenario->failover.steps, action_name[action]);
    if (s < 0 || facts->recovery->decided_at == SIM_NEVER)
        return NAN;
    const RecoveryStamp *stamp = &facts->recovery->step[s];
    return stamp->start == SIM_NEVER ? INFINITY : span(stamp->start, stamp->end);
}

static double log_missing(const RunFacts *facts)
{
    return count(facts->audit->end.log_missing[ledger_surviving_log(facts->ledger)]);
}

static double effects_repeated(const RunFacts *facts)
{
    return count(facts->audit->repeated + ledger_replayed_count(facts->ledger));
}

/* A stream that was cut again later is none the wiser about what an earlier cut had taken. */
static SimTime cut_of(const DatabaseFacts *database)
{
    return database->lost_at == SIM_NEVER ? database->cut_at : database->lost_at;
}

/* What was lost ends at the cut, or later if a second primary went on writing. */
static double rpo_seconds(const RunFacts *facts)
{
    if (facts->recovery->outage_at == SIM_NEVER && facts->audit->end.fate[FATE_LOST] == 0)
        return NAN;
    if (facts->audit->end.fate[FATE_LOST] == 0 || facts->audit->end.earliest_lost == SIM_NEVER)
        return 0;
    /* Either database's stream may have been cut; the cut that took the last of them follows it. */
    const SimTime cut[] = {cut_of(&facts->database), cut_of(&facts->standby)};
    SimTime latest = facts->audit->end.latest_lost, end = SIM_NEVER;
    for (size_t i = 0; i < G_N_ELEMENTS(cut); i++)
        if (cut[i] >= latest)
            end = MIN(end, cut[i]);
    if (end == SIM_NEVER)
        end = latest;
    return sim_seconds(end - facts->audit->end.earliest_lost);
}

static double rto_decide(const RunFacts *facts)
{
    const Recovery *recovery = facts->recovery;
    bool never =
        recovery->decided_at == SIM_NEVER &&
        (facts->scenario->failover.mode == FAILOVER_OFF || recovery->called_off_at != SIM_NEVER);
    if (recovery->detected_at == SIM_NEVER || never || recovery->decided_at < recovery->detected_at)
        return NAN;
    return span(recovery->detected_at, recovery->decided_at);
}

#define STEP_MEASURE(name, action)                                                                 \
    static double rto_##name(const RunFacts *facts)                                                \
    {                                                                                              \
        return step_span(facts, action);                                                           \
    }
STEP_MEASURE(fence, ACTION_FENCE)
STEP_MEASURE(promote, ACTION_PROMOTE)
STEP_MEASURE(kafka, ACTION_SWITCH_KAFKA)
STEP_MEASURE(resume, ACTION_RESUME_CONSUMERS)
STEP_MEASURE(scale, ACTION_SCALE_OUT)
STEP_MEASURE(configuration, ACTION_CONFIGURE)

static double rto_reroute(const RunFacts *facts)
{
    const Recovery *recovery = facts->recovery;
    if (facts->scenario->router.failover == ROUTER_RUNBOOK)
        return step_span(facts, ACTION_REROUTE);
    if (recovery->edges_first_at == SIM_NEVER)
        return NAN;
    return span(recovery->outage_at, recovery->edges_all_at);
}

static double router_returned(const RunFacts *facts)
{
    const Recovery *recovery = facts->recovery;
    return recovery->edges_first_at == SIM_NEVER
               ? NAN
               : span(recovery->outage_at, recovery->edges_back_at);
}

static double rto_service(const RunFacts *facts)
{
    return recovery_service_seconds(facts->recovery);
}

static double rto_consumers(const RunFacts *facts)
{
    const Recovery *recovery = facts->recovery;
    bool expected = failover_step_find(&facts->scenario->failover.steps,
                                       action_name[ACTION_RESUME_CONSUMERS]) >= 0 &&
                    facts->scenario->top.consumers.count > 0;
    if (!expected || recovery->decided_at == SIM_NEVER ||
        recovery->consumers_drained_at < recovery->outage_at) /* a false alarm before it */
        return NAN;
    return span(recovery->outage_at, recovery->consumers_drained_at);
}

static double recovered(const RunFacts *facts)
{
    double service = rto_service(facts);
    return isnan(service) ? NAN : isfinite(service);
}

/* Decided although nothing had failed. */
static double failover_false(const RunFacts *facts)
{
    const Recovery *recovery = facts->recovery;
    return recovery->decided_at != SIM_NEVER && recovery->decided_at < recovery->outage_at;
}

static double runbook_attempts(const RunFacts *facts)
{
    double sum = 0;
    for (uint32_t s = 0; s < facts->recovery->steps; s++)
        sum += facts->recovery->step[s].tries;
    return sum;
}

/* ---- the way home ---- */

static double failback_interruption(const RunFacts *facts)
{
    const Recovery *recovery = facts->recovery;
    if (recovery->returning_at == SIM_NEVER)
        return NAN;
    return sim_seconds((SimTime)recovery->bad_after_return * recovery->window);
}

/* ---- reconciliation ---- */

static double if_reconciled(const RunFacts *facts, uint64_t n)
{
    return facts->reconciliation.begun_at == SIM_NEVER ? NAN : count(n);
}

static double reconciliation_seconds(const RunFacts *facts)
{
    const ReconciliationFacts *r = &facts->reconciliation;
    if (r->begun_at == SIM_NEVER)
        return NAN;
    if (r->cases == 0)
        return 0;
    return r->open > 0 ? INFINITY : span(r->begun_at, r->closed_at);
}

static double failover_alarm(const RunFacts *facts)
{
    SimTime alarm = facts->recovery->alarm_at;
    return alarm == SIM_NEVER ? NAN : sim_seconds(alarm);
}

/* Interruptions that had not ended count as longer than any that had. */
static double interruption_p95(const RunFacts *facts)
{
    const Histogram *ended = facts->recovery->interruption;
    double all = count(histogram_count(ended) + facts->users.still_down);
    if (all == 0)
        return NAN;
    double rank = 0.95 * all / count(histogram_count(ended));
    return rank > 1 ? INFINITY : histogram_quantile(ended, rank);
}

/* The first region's if both were seeded: the way home begins with it. */
static double database_seed_seconds(const RunFacts *facts)
{
    return isnan(facts->database.seed_seconds) ? facts->standby.seed_seconds
                                               : facts->database.seed_seconds;
}

static double database_sync_wait(const RunFacts *facts)
{
    const DatabaseFacts *both[] = {&facts->database, &facts->standby};
    double sum = 0, waits = 0;
    for (int i = 0; i < 2; i++) {
        sum += both[i]->synced ? (double)both[i]->synced * both[i]->sync_wait_seconds : 0;
        waits += (double)both[i]->synced;
    }
    return waits > 0 ? sum / waits : NAN;
}

/* ---- active-active ---- */

static double if_both(const RunFacts *facts, uint64_t n)
{
    return scenario_active_active(facts->scenario) ? count(n) : NAN;
}

static double utilization(const RunFacts *facts, const ApplicationFacts *application)
{
    const Scenario *s = facts->scenario;
    return application->busy_seconds /
           ((double)s->application.servers * sim_seconds(s->run.duration));
}

static double mirror_record_age(const RunFacts *facts)
{
    if (facts->recovery->outage_at == SIM_NEVER || !facts->scenario->mirror.enabled)
        return NAN;
    return sim_seconds(facts->mirror[REGION_PASSIVE].record_age);
}

static bool is_transactional(const RunFacts *facts)
{
    return facts->scenario->producer.transactional && facts->scenario->application.publish;
}

static double transactions_aborted(const RunFacts *facts)
{
    const KafkaFacts *kafka = facts->kafka;
    return is_transactional(facts)
               ? count(kafka[0].transactions.aborted + kafka[1].transactions.aborted)
               : NAN;
}

static double transactions_timed_out(const RunFacts *facts)
{
    const KafkaFacts *kafka = facts->kafka;
    return is_transactional(facts)
               ? count(kafka[0].transactions.timed_out + kafka[1].transactions.timed_out)
               : NAN;
}

static double transactions_stall(const RunFacts *facts)
{
    const KafkaFacts *kafka = facts->kafka;
    return is_transactional(facts)
               ? sim_seconds(MAX(kafka[0].transactions.stall, kafka[1].transactions.stall))
               : NAN;
}

static double mirror_uncommitted(const RunFacts *facts)
{
    if (!is_transactional(facts) || !facts->scenario->mirror.enabled)
        return NAN;
    return count(facts->kafka[0].leaked + facts->kafka[1].leaked);
}

/* A standby that had everything all along has nothing to wait for. */
static double application_pods_lost(const RunFacts *facts)
{
    return count(facts->application.capacity.lost + facts->passive_application.capacity.lost);
}

static double application_drifted(const RunFacts *facts)
{
    bool may = facts->scenario->application.drift.probability > 0;
    return may ? facts->passive_application.drifted : NAN;
}

static double configuration_stale(const RunFacts *facts)
{
    const ApplicationFacts *standby = &facts->passive_application;
    SimTime outage = facts->recovery->outage_at;
    if (outage == SIM_NEVER || standby->rotated_at > outage)
        return NAN;
    return standby->stale_at_outage;
}

static double configuration_blocked(const RunFacts *facts)
{
    bool shared = facts->scenario->configuration.vault == VAULT_SHARED;
    return shared ? facts->passive_application.rotation_blocked : NAN;
}

static double rto_capacity(const RunFacts *facts)
{
    SimTime from = facts->recovery->outage_at, full = facts->passive_application.capacity.full_at;
    if (from == SIM_NEVER || facts->scenario->application.capacity.standby == STANDBY_HOT)
        return NAN;
    return span(from, MAX(from, full));
}

/* ---- cost ---- */

/* Mean over the day. In a closed load users pay once in the time that they think, or more seldom.
 */
static double payments_per_second(const UsersConfig *users)
{
    Profile profile = profile_new((ProfileDay)users->day, &users->hours, users->clock);
    if (users->load == LOAD_CLOSED)
        return (double)users->population / dist_mean(users->think);
    return users->rate * (profile.count > 0 ? profile.day / 86400 : 1);
}

static CostMonth month(const RunFacts *facts)
{
    const Scenario *s = facts->scenario;
    int replication = s->database.replication;
    CostPlatform platform = {
        .servers = s->application.servers,
        .passive_nodes = capacity_standby_nodes(&s->application.capacity, s->application.servers),
        .database_replica = replication != REPLICATION_NONE && replication != REPLICATION_BACKUP,
        .mirror = s->mirror.enabled,
        .both_active = scenario_active_active(s),
        .payments_per_second = payments_per_second(&s->users)};
    return cost_month(&s->cost, &platform);
}

static CostCounts cost_counts(const RunFacts *facts)
{
    const Audit *audit = facts->audit;
    return (CostCounts){
        .lost = count(audit->end.fate[FATE_LOST]),
        .duplicated = count(audit->end.fate[FATE_DUPLICATED]),
        .in_doubt = count(audit->end.fate[FATE_IN_DOUBT]),
        .gave_up = count(audit->end.fate[FATE_INTERRUPTED] + audit->end.fate[FATE_REJECTED]),
        .missing_events = log_missing(facts),
        .repeated_effects = effects_repeated(facts),
        .outage_seconds = rto_service(facts),
    };
}

static double cost_whole_month(const RunFacts *facts)
{
    CostMonth m = month(facts);
    return m.active + m.passive + m.shared;
}

static double cost_of_payments(const RunFacts *facts)
{
    CostCounts counts = cost_counts(facts);
    return cost_payments(&facts->scenario->cost, &counts);
}

static double cost_of_outage(const RunFacts *facts)
{
    CostCounts counts = cost_counts(facts);
    return cost_outage(&facts->scenario->cost, &counts);
}

static double cost_year(const RunFacts *facts)
{
    double outages = facts->scenario->cost.outages_per_year;
    return 12 * cost_whole_month(facts) + (outages > 0 ? outages * cost_of_outage(facts) : 0);
}

/* X(name, unit, identifier, what it is of a run's facts, definition) */
#define METRICS(X)                                                                                 \
    X("payments.submitted", COUNT, payments_submitted, count(facts->users.submitted),              \
      "Payments that users meant to make after the "                                               \
      "warm-up. The eight fates that follow sum to it.")                                           \
    X("payments.completed", COUNT, payments_completed,                                             \
      count(facts->audit->end.fate[FATE_COMPLETED]),                                               \
      "Acknowledged, and in the surviving database exactly once.")                                 \
    X("payments.resumed", COUNT, payments_resumed, count(facts->audit->end.fate[FATE_RESUMED]),    \
      "At least one attempt failed; a retry was acknowledged by the other region; applied once.")  \
    X("payments.lost", COUNT, payments_lost, count(facts->audit->end.fate[FATE_LOST]),             \
      "Acknowledged to the user, and absent from the surviving database.")                         \
    X("payments.lost_synced", COUNT, payments_lost_synced, count(facts->audit->end.lost_synced),   \
      "Of the lost: those that the standby had confirmed before they were answered.")              \
    X("payments.duplicated", COUNT, payments_duplicated,                                           \
      count(facts->audit->end.fate[FATE_DUPLICATED]), "In the surviving database more than once.") \
    X("payments.in_doubt", COUNT, payments_in_doubt, count(facts->audit->end.fate[FATE_IN_DOUBT]), \
      "Never acknowledged; the user gave up; yet in the surviving database.")                      \
    X("payments.interrupted", COUNT, payments_interrupted,                                         \
      count(facts->audit->end.fate[FATE_INTERRUPTED]),                                             \
      "Never acknowledged, absent; at least one attempt had no clear answer; the user gave up.")   \
    X("payments.rejected", COUNT, payments_rejected, count(facts->audit->end.fate[FATE_REJECTED]), \
      "Every attempt was refused for certain; absent; the user gave up.")                          \
    X("payments.pending", COUNT, payments_pending, count(facts->audit->end.fate[FATE_PENDING]),    \
      "The user still waited when the run ended.")                                                 \
    X("payments.logged_only", COUNT, payments_logged_only, count(facts->audit->end.logged_only),   \
      "Of the lost: the yes that the user heard came from an application that only logged the "    \
      "payment (application.misrouted log-only).")                                                 \
    X("payments.attempts", COUNT, payments_attempts, count(facts->users.attempts),                 \
      "Attempts sent, retries and logins included.")                                               \
    X("payments.misrouted", COUNT, payments_misrouted, count(facts->users.misrouted),              \
      "Payments of users who go straight to the passive region (users.misrouted).")                \
    X("payments.resent", COUNT, payments_resent, count(facts->users.resent),                       \
      "Retries that users.channels made by themselves; in the attempts, too.")                     \
    X("users.logins", COUNT, users_logins, count(facts->users.logins),                             \
      "Attempts that ended in a login, because the region did not know the session.")              \
    X("log.missing", COUNT, log_missing, log_missing(facts),                                       \
      "The payment survives in the database; its event does not survive in Kafka.")                \
    X("log.phantom", COUNT, log_phantom,                                                           \
      count(facts->audit->end.log_phantom[ledger_surviving_log(facts->ledger)]),                   \
      "The event survives in Kafka; its payment does not survive in the database.")                \
    X("log.duplicated", COUNT, log_duplicated,                                                     \
      count(facts->audit->log_duplicated[ledger_surviving_log(facts->ledger)]),                    \
      "Payments whose event is in the surviving Kafka more than once.")                            \
    X("log.lost", COUNT, log_lost,                                                                 \
      count(facts->audit->log_lost[ledger_surviving_log(facts->ledger)]),                          \
      "Payments whose event was committed in the active region's Kafka and does not survive.")     \
    X("log.reordered", COUNT, log_reordered,                                                       \
      count(facts->kafka[REGION_ACTIVE].reordered + facts->kafka[REGION_PASSIVE].reordered),       \
      "Events appended to Kafka behind a later one of the same producer and partition.")           \
    X("log.deduplicated", COUNT, log_deduplicated,                                                 \
      count(facts->kafka[REGION_ACTIVE].deduplicated + facts->kafka[REGION_PASSIVE].deduplicated), \
      "Events that an idempotent producer sent again and Kafka recognised.")                       \
    X("effects.repeated", COUNT, effects_repeated, effects_repeated(facts),                        \
      "Times that a consumer group acted on a payment again. (A replay of records long settled "   \
      "counts those of the warm-up too.)")                                                         \
    X("effects.suppressed", COUNT, effects_suppressed,                                             \
      count(ledger_suppressed_count(facts->ledger)),                                               \
      "Repeats that an idempotent consumer group recognised and skipped.")                         \
    X("effects.skipped", COUNT, effects_skipped, count(facts->audit->end.skipped),                 \
      "Surviving payments, per consumer group, that the group never acted on and never will.")     \
    X("effects.pending", COUNT, effects_pending, count(facts->audit->unread),                      \
      "Payments, per consumer group, that the group had not acted on when the run ended, but "     \
      "will: their event waits to be read.")                                                       \
    X("rpo.seconds", SECONDS, rpo_seconds, rpo_seconds(facts),                                     \
      "The outage (more exactly: the moment from which the standby database got nothing more) "    \
      "minus the commit time of the earliest lost payment; 0 if none was lost, or none of the "    \
      "lost "                                                                                      \
      "was ever committed. If a second "                                                           \
      "primary went on writing, up to its latest lost payment.")                                   \
    X("rto.detect", SECONDS, rto_detect,                                                           \
      span(facts->recovery->outage_at, facts->recovery->detected_at),                              \
      "From the outage to the monitor's verdict that the active region is down.")                  \
    X("rto.decide", SECONDS, rto_decide, rto_decide(facts),                                        \
      "From there to the decision to fail over: paging included.")                                 \
    X("rto.fence", SECONDS, rto_fence, rto_fence(facts), "Length of the runbook's step fence.")    \
    X("rto.promote", SECONDS, rto_promote, rto_promote(facts),                                     \
      "Length of the runbook's step promote-database.")                                            \
    X("rto.kafka", SECONDS, rto_kafka, rto_kafka(facts),                                           \
      "Length of the runbook's step switch-kafka.")                                                \
    X("rto.resume", SECONDS, rto_resume, rto_resume(facts),                                        \
      "Length of the runbook's step resume-consumers.")                                            \
    X("rto.scale", SECONDS, rto_scale, rto_scale(facts),                                           \
      "Length of the runbook's step scale-application: until all pods of the passive region are "  \
      "ready.")                                                                                    \
    X("rto.configuration", SECONDS, rto_configuration, rto_configuration(facts),                   \
      "Length of the runbook's step switch-configuration: until the passive region's application " \
      "has the active one's version, configuration and secrets.")                                  \
    X("rto.capacity", SECONDS, rto_capacity, rto_capacity(facts),                                  \
      "From the outage until all pods of the passive region are ready; 0 if they were. Does not "  \
      "apply to a hot standby.")                                                                   \
    X("rto.reroute", SECONDS, rto_reroute, rto_reroute(facts),                                     \
      "With router.failover = runbook, the length of the step reroute; with automatic, from the "  \
      "outage until the last edge sends its users to the passive region.")                         \
    X("router.anycast", COUNT, router_anycast, count(facts->recovery->anycast),                    \
      "Requests, or DNS questions, that got to another edge because their own was down.")          \
    X("router.returned", SECONDS, router_returned, router_returned(facts),                         \
      "From the outage until the router, having sent users to the passive region, has returned "   \
      "all of them, the last time.")                                                               \
    X("rto.first", SECONDS, rto_first,                                                             \
      span(facts->recovery->outage_at, facts->recovery->first_success_at),                         \
      "From the outage to the first acknowledgement of an attempt sent after it.")                 \
    X("rto.service", SECONDS, rto_service, rto_service(facts),                                     \
      "From the outage until service is back and stays: the first window in which enough of the "  \
      "attempts sent succeed, and after which there is no bad one.")                               \
    X("rto.consumers", SECONDS, rto_consumers, rto_consumers(facts),                               \
      "From the outage until the consumers have worked off the backlog that they found.")          \
    X("recovered", SHARE, recovered, recovered(facts),                                             \
      "1 if service came back before the run ended, else 0.")                                      \
    X("interruption.users", COUNT, interruption_users,                                             \
      count(histogram_count(facts->recovery->interruption)),                                       \
      "Users' interruptions that began after the outage and ended.")                               \
    X("interruption.mean", SECONDS, interruption_mean,                                             \
      histogram_mean(facts->recovery->interruption),                                               \
      "A user's first failed attempt to the same user's next success: mean over users.")           \
    X("interruption.sd", SECONDS, interruption_sd, histogram_sd(facts->recovery->interruption),    \
      "Its standard deviation over users.")                                                        \
    X("interruption.p95", SECONDS, interruption_p95, interruption_p95(facts),                      \
      "Its 95th percentile over users; those still interrupted when the run ended count as "       \
      "longest.")                                                                                  \
    X("interruption.max", SECONDS, interruption_max, histogram_max(facts->recovery->interruption), \
      "Its longest.")                                                                              \
    X("interruption.open", COUNT, interruption_open, count(facts->users.still_down),               \
      "Users whose interruption had not ended when the run did.")                                  \
    X("latency.mean", SECONDS, latency_mean, histogram_mean(facts->users.latency),                 \
      "Acknowledgement minus the time that the user meant to pay, retries included.")              \
    X("latency.p50", SECONDS, latency_p50, histogram_quantile(facts->users.latency, 0.5),          \
      "Its median over acknowledged payments.")                                                    \
    X("latency.p99", SECONDS, latency_p99, histogram_quantile(facts->users.latency, 0.99),         \
      "Its 99th percentile.")                                                                      \
    X("latency.max", SECONDS, latency_max, histogram_max(facts->users.latency), "Its longest.")    \
    X("database.unreplicated", COUNT, database_unreplicated,                                       \
      facts->recovery->outage_at == SIM_NEVER ? NAN : count(facts->database.backlog_at_outage),    \
      "Commits that the standby did not have when the outage began.")                              \
    X("database.backlog", COUNT, database_backlog, count(facts->database.backlog_max),             \
      "Most commits that the standby was behind at any time.")                                     \
    X("database.lag", SECONDS, database_lag, facts->database.lag_mean_seconds,                     \
      "Commit to hardening on the standby: mean over the commits that arrived.")                   \
    X("database.catchup", SECONDS, database_catchup, facts->database.catchup_seconds,              \
      "From the last reconnection of the stream until the standby had everything.")                \
    X("database.orphaned", COUNT, database_orphaned,                                               \
      count(facts->database.orphaned + facts->standby.orphaned),                                   \
      "Commits found in an old primary that the new one never got, those of the warm-up too: "     \
      "kept aside, in no database. 0 until the old primary is back.")                              \
    X("database.merged", COUNT, database_merged,                                                   \
      count(facts->database.merged + facts->standby.merged),                                       \
      "Commits of an old primary that were merged into the new one when it was back "              \
      "(database.orphans: merge).")                                                                \
    X("database.conflicts", COUNT, database_conflicts,                                             \
      count(facts->database.conflicts + facts->standby.conflicts),                                 \
      "Commits that such a merge dropped, because a retry with the same key had been applied.")    \
    X("database.discarded", COUNT, database_discarded,                                             \
      count(facts->database.discarded + facts->standby.discarded),                                 \
      "Commits of an old primary that were thrown away (database.orphans: discard).")              \
    X("database.seeded", COUNT, database_seeded,                                                   \
      count(facts->database.seeded + facts->standby.seeded), "Full copies that were completed.")   \
    X("database.seed_seconds", SECONDS, database_seed_seconds, database_seed_seconds(facts),       \
      "How long the last one took, from the step's command until it was a standby.")               \
    X("database.synced", COUNT, database_synced,                                                   \
      count(facts->database.synced + facts->standby.synced),                                       \
      "Writes answered after the standby had confirmed them, those of the warm-up too.")           \
    X("database.sync_wait", SECONDS, database_sync_wait, database_sync_wait(facts),                \
      "What they waited for it: mean.")                                                            \
    X("database.recoverable", COUNT, database_recoverable, count(facts->audit->end.recoverable),   \
      "Lost payments among them: what a reconciliation can bring back.")                           \
    X("database.staleness", SECONDS, database_staleness,                                           \
      sim_seconds(MAX(facts->database.staleness, facts->standby.staleness)),                       \
      "Oldest that a commit was which the standby did not have, at the time of another commit.")   \
    X("database.throttled", COUNT, database_throttled,                                             \
      count(facts->database.throttled + facts->standby.throttled),                                 \
      "Writes that the database held back for its standby's sake.")                                \
    X("database.undone", COUNT, database_undone,                                                   \
      count(facts->database.undone + facts->standby.undone),                                       \
      "Commits that were answered before they were on disk, and that a crash took.")               \
    X("database.returned", COUNT, database_returned, if_both(facts, facts->database.returned),     \
      "Active-active: commits of the first region that the other one missed while it was cut "     \
      "off, "                                                                                      \
      "and got when it was back: lost for the time being.")                                        \
    X("conflicts.payment", COUNT, conflicts_payment,                                               \
      if_both(facts, facts->database.payment_conflicts + facts->standby.payment_conflicts),        \
      "Active-active: payments that were written in both regions before these had told each "      \
      "other, and whose rows met. With idempotency keys they are one row, without they are two.")  \
    X("conflicts.account", COUNT, conflicts_account,                                               \
      if_both(facts, facts->database.account_conflicts + facts->standby.account_conflicts),        \
      "Active-active: commits made while the user's last commit in the other region had not "      \
      "arrived: on an old balance. Counted; no payment's fate depends on it.")                     \
    X("utilization.active", SHARE, utilization_active, utilization(facts, &facts->application),    \
      "Time that the active (first) region's application threads were busy, as a share of "        \
      "application.servers for run.duration.")                                                     \
    X("utilization.passive", SHARE, utilization_passive,                                           \
      utilization(facts, &facts->passive_application),                                             \
      "The same of the passive (second) region, full size, whatever stands by.")                   \
    X("mirror.unreplicated", COUNT, mirror_unreplicated,                                           \
      facts->recovery->outage_at == SIM_NEVER ? NAN                                                \
                                              : count(facts->mirror[REGION_PASSIVE].unreplicated), \
      "Committed events that the passive Kafka did not have when the outage began.")               \
    X("mirror.record_age", SECONDS, mirror_record_age, mirror_record_age(facts),                   \
      "The outage minus the producer's timestamp of the oldest committed event that the passive "  \
      "Kafka did not have then; 0 if it had all: the RPO of Kafka, as a heartbeat shows it.")      \
    X("mirror.duplicates", COUNT, mirror_duplicates,                                               \
      count(facts->mirror[REGION_PASSIVE].doubled + facts->mirror[REGION_ACTIVE].doubled),         \
      "Records that a mirror wrote again because it had crashed or started anew.")                 \
    X("mirror.copied_back", COUNT, mirror_copied_back,                                             \
      facts->mirrors_back ? count(facts->mirror[REGION_ACTIVE].copied) : NAN,                      \
      "Records that the mirror into the active region wrote; if a runbook has the step "           \
      "start-mirror for it.")                                                                      \
    X("mirror.uncommitted", COUNT, mirror_uncommitted, mirror_uncommitted(facts),                  \
      "Events that the mirror copied though their transaction was aborted, or still open when "    \
      "the run ended: plain events in the passive Kafka (producer.transactional).")                \
    X("transactions.aborted", COUNT, transactions_aborted, transactions_aborted(facts),            \
      "Transactions that Kafka aborted, in both regions (producer.transactional).")                \
    X("transactions.timed_out", COUNT, transactions_timed_out, transactions_timed_out(facts),      \
      "Of these: nobody had ended them for producer.transaction_timeout.")                         \
    X("transactions.stall", SECONDS, transactions_stall, transactions_stall(facts),                \
      "The longest time that one transaction was open in a partition, from its first event there " \
      "to its marker: for so long readers with read_committed got no further.")                    \
    X("application.wait", SECONDS, application_wait, facts->application.wait_mean_seconds,         \
      "Request's arrival to its server in the active region: mean.")                               \
    X("application.turned_away", COUNT, application_turned_away,                                   \
      count(facts->application.turned_away + facts->passive_application.turned_away),              \
      "Attempts that found no ready pod: refused (503), or unanswered if there was no node or "    \
      "the "                                                                                       \
      "pod was gone.")                                                                             \
    X("application.rerouted", COUNT, application_rerouted,                                         \
      count(facts->application.rerouted + facts->passive_application.rerouted),                    \
      "Requests that an application passed on to the other region because its own is passive.")    \
    X("application.passive_refused", COUNT, application_passive_refused,                           \
      count(facts->application.passive_refused + facts->passive_application.passive_refused),      \
      "Requests that an application refused because its region is passive.")                       \
    X("application.drifted", SHARE, application_drifted, application_drifted(facts),               \
      "1 if the passive region had another version than the active one when the run began.")       \
    X("configuration.stale", SHARE, configuration_stale, configuration_stale(facts),               \
      "1 if the passive region's application had a secret that did not work any more when the "    \
      "outage began. Does not apply unless one was rotated before.")                               \
    X("configuration.refused", COUNT, configuration_refused,                                       \
      count(facts->passive_application.stale_refused),                                             \
      "Times that database or Kafka refused the passive region's application for its secret.")     \
    X("configuration.blocked", SHARE, configuration_blocked, configuration_blocked(facts),         \
      "1 if a rotation had to wait because the shared vault was read-only.")                       \
    X("application.pods_lost", COUNT, application_pods_lost, application_pods_lost(facts),         \
      "Pods lost with their zone.")                                                                \
    X("application.pod_restarts", COUNT, application_pod_restarts,                                 \
      count(facts->application.capacity.restarts + facts->passive_application.capacity.restarts),  \
      "Pods restarted because they were too busy to answer their liveness probe.")                 \
    X("failover.decided", SHARE, failover_decided, facts->recovery->decided_at != SIM_NEVER,       \
      "1 if a failover was decided, else 0.")                                                      \
    X("failover.planned", SHARE, failover_planned, facts->recovery->planned,                       \
      "1 if a planned switchover began, else 0.")                                                  \
    X("failover.false", SHARE, failover_false, failover_false(facts),                              \
      "1 if a failover was decided before anything had failed, else 0.")                           \
    X("failover.noticed", SHARE, failover_noticed, facts->recovery->noticed,                       \
      "1 if people noticed the outage without the monitor, else 0.")                               \
    X("failover.paged", COUNT, failover_paged, facts->recovery->paged, "People who were paged.")   \
    X("runbook.attempts", COUNT, runbook_attempts, runbook_attempts(facts),                        \
      "Times that steps of the runbook were begun: repeats after a failure or without an answer, " \
      "and those by hand, too.")                                                                   \
    X("runbook.failed", COUNT, runbook_failed, facts->recovery->failed_attempts,                   \
      "Attempts at a step that failed.")                                                           \
    X("runbook.by_hand", COUNT, runbook_by_hand, facts->recovery->by_hand,                         \
      "Steps that failed too often and were done by a person.")                                    \
    X("failback.decided", SHARE, failback_decided,                                                 \
      facts->scenario->failback.mode == FAILOVER_OFF ? NAN                                         \
                                                     : facts->recovery->returning_at != SIM_NEVER, \
      "1 if the return to the first region was decided, else 0.")                                  \
    X("failback.seconds", SECONDS, failback_seconds,                                               \
      span(facts->recovery->returning_at, facts->recovery->home_at),                               \
      "From that decision until the last step of the way home is done.")                           \
    X("failback.interruption", SECONDS, failback_interruption, failback_interruption(facts),       \
      "Time without service from that decision on: windows in which too few attempts "             \
      "succeeded. (rto.service is about the time before it.)")                                     \
    X("reconciliation.cases", COUNT, reconciliation_cases,                                         \
      if_reconciled(facts, facts->reconciliation.cases),                                           \
      "Payments whose facts disagree: what the step reconcile found, and what came later.")        \
    X("reconciliation.recovered", COUNT, reconciliation_recovered,                                 \
      if_reconciled(facts, facts->audit->end.recovered),                                           \
      "Of the payments that were lost, those made good from an event or from the old database.")   \
    X("reconciliation.doubled", COUNT, reconciliation_doubled,                                     \
      if_reconciled(facts, facts->reconciliation.doubled),                                         \
      "Rows of the old database that were applied although a retry, or the reconciliation, had "   \
      "applied the payment before: paid twice.")                                                   \
    X("reconciliation.open", COUNT, reconciliation_open,                                           \
      if_reconciled(facts, facts->reconciliation.open), "Cases not closed when the run ended.")    \
    X("reconciliation.queue", COUNT, reconciliation_queue,                                         \
      if_reconciled(facts, facts->reconciliation.queue_max), "Most cases that were open at once.") \
    X("reconciliation.seconds", SECONDS, reconciliation_seconds, reconciliation_seconds(facts),    \
      "From its begin until the last case was closed.")                                            \
    X("failover.alarm", SECONDS, failover_alarm, failover_alarm(facts),                            \
      "Time of the monitor's first alarm, from the start of the run.")                             \
    X("faults.fired", COUNT, faults_fired, count(facts->faults),                                   \
      "Times that a component or link went down.")                                                 \
    X("faults.degraded", COUNT, faults_degraded, count(facts->degraded),                           \
      "Times that a component or link began to work badly (a gray failure), or some of the "       \
      "router's edges went down.")                                                                 \
    X("cost.active", NUMBER, cost_active, month(facts).active,                                     \
      "The active region, a month, in cost.currency.")                                             \
    X("cost.passive", NUMBER, cost_passive, month(facts).passive, "The passive region, a month.")  \
    X("cost.month", NUMBER, cost_month, cost_whole_month(facts),                                   \
      "Both regions, the router and the traffic between them, a month.")                           \
    X("cost.payments", NUMBER, cost_payments, cost_of_payments(facts),                             \
      "This run's payments lost, duplicated, in doubt or given up, its missing events and "        \
      "repeated effects, at their prices.")                                                        \
    X("cost.outage", NUMBER, cost_outage, cost_of_outage(facts),                                   \
      "The same and the minutes without service at cost.outage_minute.")                           \
    X("cost.year", NUMBER, cost_year, cost_year(facts),                                            \
      "Twelve months, and cost.outages_per_year outages like this run's.")                         \
    X("run.payments_held", COUNT, run_payments_held, count(ledger_live_max(facts->ledger)),        \
      "Most payments that were undecided at once: what memory follows.")                           \
    X("run.events", COUNT, run_events, count(facts->events), "Events delivered by the engine.")

#define SPEC(metric_name, metric_unit, identifier, expression, words)                              \
    {.name = metric_name, .unit = METRIC_##metric_unit, .text = words},
#define MEASURE(metric_name, metric_unit, identifier, expression, words)                           \
    static double measure_##identifier(const RunFacts *facts)                                      \
    {                                                                                              \
        return expression;                                                                         \
    }
#define NAME(metric_name, metric_unit, identifier, expression, words) measure_##identifier,

METRICS(MEASURE)

static const MetricSpec specs[] = {METRICS(SPEC)};
static const Measure measures[] = {METRICS(NAME)};

const MetricTable platform_metrics = {.specs = specs, .count = G_N_ELEMENTS(specs)};

void metrics_fill(const RunFacts *facts, double *values)
{
    for (size_t i = 0; i < G_N_ELEMENTS(measures); i++)
        values[i] = measures[i](facts);
}
