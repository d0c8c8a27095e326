#include "models/scenario_check.h"

#include <string.h>

#include "models/config.h"
#include "models/platform.h"

#define ITEMS(type, list) ((type *)(list).item)

/* ---- sections ---- */

static void check_regions(const Check *check)
{
    char **name = check->scenario->regions.name;
    if (strcmp(name[REGION_ACTIVE], name[REGION_PASSIVE]) == 0)
        param_doc_error(check->doc, check->diags, "regions.passive", NULL,
                        "the passive region must not be the active one");
    static const char *const keys[REGIONS] = {"regions.active", "regions.passive"};
    for (int r = 0; r < REGIONS; r++)
        if (!*name[r])
            param_doc_error(check->doc, check->diags, keys[r], NULL, "a region needs a name");
}

static void check_probe(const Check *check, const char *section, const ProbeConfig *probe)
{
    Path path;
    if (probe->timeout >= probe->interval) {
        g_snprintf(path.text, sizeof path.text, "%s.probe.timeout", section);
        param_doc_error(check->doc, check->diags, path.text,
                        "an answer must be in, or be missed, before the next probe goes out",
                        "probe.timeout must be below probe.interval");
    }
    if (probe->required > probe->samples) {
        g_snprintf(path.text, sizeof path.text, "%s.probe.required", section);
        param_doc_error(check->doc, check->diags, path.text, NULL,
                        "probe.required (%" G_GINT64_FORMAT
                        ") must not exceed probe.samples (%" G_GINT64_FORMAT ")",
                        probe->required, probe->samples);
    }
}

/* Keys that say nothing with this kind of router, and settings that it does not have. */
static void check_router(const Check *check)
{
    const RouterConfig *router = &check->scenario->router;
    bool dns = router->kind == ROUTER_TRAFFIC_MANAGER;
    static const char *const of_dns[] = {"router.resolvers", "router.overstay.share"};
    for (size_t i = 0; !dns && i < G_N_ELEMENTS(of_dns); i++)
        if (param_doc_has(check->doc, of_dns[i]))
            param_doc_warn(check->doc, check->diags, of_dns[i], "set router.kind: traffic-manager",
                           "this has no effect: with Front Door nobody keeps DNS answers");
    if (!dns && param_doc_has(check->doc, "users.connection"))
        param_doc_warn(check->doc, check->diags, "users.connection",
                       "set router.kind: traffic-manager",
                       "this has no effect: with Front Door users are connected to an edge");
    if (dns && router->affinity)
        param_doc_warn(check->doc, check->diags, "router.affinity", NULL,
                       "this has no effect: Traffic Manager answers DNS and sees no cookies");
    if (dns && router->probe.required > 1)
        param_doc_warn(check->doc, check->diags, "router.probe.required",
                       "set probe: {samples: 4, required: 1} for 3 tolerated failures",
                       "Traffic Manager takes a region for healthy after one good answer, and for "
                       "degraded after failures in a row");
}

static void check_router_failover(const Check *check)
{
    const RouterConfig *router = &check->scenario->router;
    if (router->failover == ROUTER_RUNBOOK && router->routing != ROUTING_PRIORITY)
        param_doc_warn(check->doc, check->diags, "router.routing",
                       "set router.failover: automatic, so that both regions take traffic",
                       "this has no effect: with failover: runbook the passive region stands by");
    if (router->comes_back != RETURN_HOLD_DOWN && param_doc_has(check->doc, "router.hold_down"))
        param_doc_warn(check->doc, check->diags, "router.hold_down", "set router.return: hold-down",
                       "this has no effect with this router.return");
    double slow = dist_mean(router->propagation);
    if (slow > sim_seconds(check->scenario->failover.step_retry) &&
        failover_step_find(&check->scenario->failover.steps, action_name[ACTION_REROUTE]) >= 0)
        param_doc_warn(check->doc, check->diags, "router.propagation",
                       "raise failover.step_retry above it",
                       "the step reroute is commanded again while the configuration is on its "
                       "way; that does no harm");
}

/* Keys of a load that is not the one asked for. */
static void check_load(const Check *check)
{
    const UsersConfig *users = &check->scenario->users;
    bool closed = users->load == LOAD_CLOSED, one = users->session_payments <= 1;
    if (!closed && !param_doc_has(check->doc, "users.rate"))
        param_doc_error(check->doc, check->diags, "users.rate", "write it, such as rate: 100/s",
                        "users.rate is missing");
    if (closed && param_doc_has(check->doc, "users.rate"))
        param_doc_error(
            check->doc, check->diags, "users.rate",
            "take it out, or set load: open; closed load is set by population and think",
            "with load: closed there is no rate");
    if (closed && users->day != PROFILE_FLAT)
        param_doc_error(check->doc, check->diags, "users.day", NULL,
                        "with load: closed there is no rate that could follow the day");
    if (closed && !one)
        param_doc_error(
            check->doc, check->diags, "users.session.payments", NULL,
            "with load: closed every user goes on paying: there is no session to count");
    if (!closed && one && param_doc_has(check->doc, "users.think"))
        param_doc_warn(check->doc, check->diags, "users.think", NULL,
                       "this has no effect without session.payments or load: closed");
    if ((closed || !one) && dist_mean(users->think) <= 0)
        param_doc_error(check->doc, check->diags, "users.think", NULL,
                        "users must think for a while between two payments");
}

static void check_hours(const Check *check)
{
    const UsersConfig *users = &check->scenario->users;
    const ProfileStep *step = users->hours.item;
    Path path;
    double sum = 0;
    if (users->day != PROFILE_HOURS) {
        if (users->hours.count > 0)
            param_doc_warn(check->doc, check->diags, "users.hours", "set users.day: hours",
                           "this has no effect with this users.day");
        return;
    }
    if (users->hours.count > PROFILE_STEPS_MAX)
        param_doc_error(check->doc, check->diags, "users.hours", NULL, "at most %d steps a day",
                        PROFILE_STEPS_MAX);
    for (size_t i = 0; i < users->hours.count; i++) {
        sum += step[i].factor;
        if (i > 0 && step[i].at <= step[i - 1].at)
            param_doc_error(check->doc, check->diags, path_to(&path, "users.hours", i, "at"), NULL,
                            "each step must be later in the day than the one before");
    }
    if (sum <= 0)
        param_doc_error(check->doc, check->diags, "users.hours", NULL,
                        "day: hours needs a step with a factor above 0");
}

static void check_run(const Check *check)
{
    const Scenario *s = check->scenario;
    if (s->run.warmup >= s->run.duration)
        param_doc_error(check->doc, check->diags, "run.warmup", NULL,
                        "run.warmup must be shorter than run.duration");
    if (users_longest_attempt(&s->users) / s->measure.window > 1000000)
        param_doc_error(check->doc, check->diags, "measure.window", NULL,
                        "measure.window is too short for a users.timeout of this length");
}

static void check_brokers(const Check *check)
{
    const BrokersConfig *brokers = &check->scenario->kafka.brokers;
    if (param_doc_has(check->doc, "kafka.brokers") && !param_doc_has(check->doc, "cost.brokers"))
        check->scenario->cost.brokers = brokers->count;
    if (brokers->replication_factor > brokers->count)
        param_doc_error(check->doc, check->diags, "kafka.replication_factor",
                        "each copy is on a broker of its own",
                        "kafka.replication_factor (%" G_GINT64_FORMAT
                        ") must not exceed kafka.brokers (%" G_GINT64_FORMAT ")",
                        brokers->replication_factor, brokers->count);
    if (brokers->min_in_sync > brokers->replication_factor)
        param_doc_error(check->doc, check->diags, "kafka.min_insync_replicas",
                        "with acks: all no write would ever be accepted",
                        "kafka.min_insync_replicas (%" G_GINT64_FORMAT
                        ") must not exceed kafka.replication_factor (%" G_GINT64_FORMAT ")",
                        brokers->min_in_sync, brokers->replication_factor);
    if (brokers->heartbeat >= brokers->session_timeout)
        param_doc_error(check->doc, check->diags, "kafka.broker_heartbeat", NULL,
                        "kafka.broker_heartbeat must be below kafka.broker_session_timeout");
}

/* Kafka's client refuses a transactional.id that is not idempotent. */
static void check_transactional(const Check *check)
{
    const Scenario *s = check->scenario;
    const ProducerConfig *producer = &s->producer;
    static const char refused[] = "Kafka's client refuses this, too";
    if (s->kafka.acks != ACKS_ALL)
        param_doc_error(check->doc, check->diags, "kafka.acks", refused,
                        "with producer.transactional kafka.acks must be all");
    if (producer->retries == 0)
        param_doc_error(check->doc, check->diags, "producer.retries",
                        "leave it out: they then have no end",
                        "with producer.transactional there must be retries");
    if (producer->max_in_flight > 5)
        param_doc_error(check->doc, check->diags, "producer.max_in_flight", refused,
                        "with producer.transactional at most 5 batches may be in flight");
    if (!producer->idempotent)
        param_doc_error(check->doc, check->diags, "producer.idempotent", refused,
                        "a transactional producer is idempotent");
    if (s->mirror.enabled && s->mirror.kind == MIRROR_LINKING)
        param_doc_error(check->doc, check->diags, "producer.transactional",
                        "choose another mirror.kind",
                        "transactions are not modelled with cluster-linking, which copies their "
                        "markers byte for byte");
    if (s->mirror.exactly_once && param_doc_has(check->doc, "mirror.isolation") &&
        s->mirror.isolation == MIRROR_READS_UNCOMMITTED)
        param_doc_warn(check->doc, check->diags, "mirror.isolation",
                       "Connect refuses such an exactly-once source",
                       "this has no effect: with exactly_once committed records alone are read");
}

/* Keys that say nothing without transactions. */
static void check_not_transactional(const Check *check)
{
    static const char *const keys[] = {
        "producer.transaction_records", "producer.transaction_interval",
        "producer.transaction_timeout", "producer.transactional_ids", "mirror.isolation"};
    for (size_t k = 0; k < G_N_ELEMENTS(keys); k++)
        if (param_doc_has(check->doc, keys[k]))
            param_doc_warn(check->doc, check->diags, keys[k], "set producer.transactional: yes",
                           "this has no effect: there are no transactions");
}

static void check_producer(const Check *check)
{
    Scenario *s = check->scenario;
    ProducerConfig *producer = &s->producer;
    if (producer->transactional && !param_doc_has(check->doc, "producer.retries"))
        producer->retries = INT32_MAX;
    if (producer->transactional)
        check_transactional(check);
    else
        check_not_transactional(check);
    if (producer->delivery_timeout < producer->linger + producer->request_timeout)
        param_doc_error(check->doc, check->diags, "producer.delivery_timeout",
                        "Kafka's client refuses this, too",
                        "producer.delivery_timeout must be at least producer.linger + "
                        "producer.request_timeout");
    if (param_doc_has(check->doc, "producer.idempotent") && producer->idempotent &&
        producer_needed(producer) && !producer_idempotent(producer, &s->kafka))
        param_doc_warn(check->doc, check->diags, "producer.idempotent",
                       "it needs kafka.acks: all, producer.retries above 0 and "
                       "producer.max_in_flight up to 5",
                       "idempotence is off all the same");
}

/* ---- names that must differ ---- */

void scenario_check_distinct(const Check *check, const char *list, const char *key, size_t count,
                             const char *const *names)
{
    Path path;
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < count; i++) {
        if (failed(check, path_to(&path, list, i, "")))
            continue;
        if (!*names[i])
            param_doc_error(check->doc, check->diags, path_to(&path, list, i, key), NULL,
                            "a name must not be empty");
        else if (!g_hash_table_add(seen, (gpointer)(uintptr_t)names[i]))
            param_doc_error(check->doc, check->diags, path_to(&path, list, i, key), NULL,
                            "\"%s\" is there twice", names[i]);
    }
    g_hash_table_unref(seen);
}

static void check_consumers(const Check *check)
{
    const ParamList *list = &check->scenario->top.consumers;
    if (list->count > LEDGER_GROUPS) {
        Path path;
        param_doc_error(check->doc, check->diags, path_to(&path, "consumers", LEDGER_GROUPS, ""),
                        NULL, "at most %d consumer groups", LEDGER_GROUPS);
    }
    GPtrArray *names = g_ptr_array_new();
    for (size_t i = 0; i < list->count; i++)
        g_ptr_array_add(names, ITEMS(ConsumerConfig, *list)[i].name);
    scenario_check_distinct(check, "consumers", "name", list->count,
                            (const char *const *)names->pdata);
    g_ptr_array_unref(names);
}

static void check_channels(const Check *check)
{
    const ParamList *list = &check->scenario->users.channels;
    Path path;
    double sum = 0;
    if (list->count > CHANNELS_MAX)
        param_doc_error(check->doc, check->diags,
                        path_to(&path, "users.channels", CHANNELS_MAX, ""), NULL,
                        "at most %d channels", CHANNELS_MAX);
    GPtrArray *names = g_ptr_array_new();
    for (size_t i = 0; i < list->count; i++) {
        g_ptr_array_add(names, ITEMS(ChannelConfig, *list)[i].name);
        sum += ITEMS(ChannelConfig, *list)[i].share;
    }
    if (sum > 1 + 1e-9)
        param_doc_error(check->doc, check->diags, "users.channels", NULL,
                        "the channels' shares sum to %.6g %%, more than all payments", 100 * sum);
    scenario_check_distinct(check, "users.channels", "name", list->count,
                            (const char *const *)names->pdata);
    g_ptr_array_unref(names);
}

static void check_cast(const Check *check)
{
    const ParamList *list = &check->scenario->users.cast;
    Path path;
    if (list->count > CAST_MAX)
        param_doc_error(check->doc, check->diags, path_to(&path, "users.cast", CAST_MAX, ""), NULL,
                        "at most %d members of the cast", CAST_MAX);
    GPtrArray *names = g_ptr_array_new();
    for (size_t i = 0; i < list->count; i++) {
        const CastConfig *cast = &ITEMS(CastConfig, *list)[i];
        g_ptr_array_add(names, cast->name);
        if (!failed(check, path_to(&path, "users.cast", i, "")) && dist_is_constant(cast->at) &&
            dist_mean(cast->at) >= sim_seconds(check->scenario->run.duration))
            param_doc_warn(check->doc, check->diags, path_to(&path, "users.cast", i, "at"), NULL,
                           "%s never pays: this is after run.duration", cast->name);
    }
    scenario_check_distinct(check, "users.cast", "name", list->count,
                            (const char *const *)names->pdata);
    g_ptr_array_unref(names);
}

/* ---- the runbook ---- */

/* The two runbooks are checked alike. */
typedef struct Steps {
    const char *path; /* "failover.steps" */
    const ParamList *list;
} Steps;

static const StepConfig *step_at(const Steps *steps, size_t i)
{
    return &ITEMS(const StepConfig, *steps->list)[i];
}

static void complain_of_name(const Check *check, const Steps *steps, size_t i, size_t a)
{
    const char *name = step_at(steps, i)->after.name[a];
    const char *near = diag_suggest(name, action_name, ACTIONS);
    g_autofree char *hint =
        near ? g_strdup_printf("did you mean \"%s\"? It must be a step of this runbook", near)
             : g_strdup("name a step of this runbook");
    g_autofree char *key = g_strdup_printf("after[%zu]", a);
    Path path;
    param_doc_error(check->doc, check->diags, path_to(&path, steps->path, i, key), hint,
                    "there is no step \"%s\"", name);
}

static bool check_step_names(const Check *check, const Steps *steps, size_t i)
{
    const StepConfig *step = step_at(steps, i);
    const char *own = action_name[step->action];
    bool good = true;
    Path path;
    if (failover_step_find(steps->list, own) != (int)i) {
        param_doc_error(check->doc, check->diags, path_to(&path, steps->path, i, "step"), NULL,
                        "step %s is there twice", own);
        good = false;
    }
    for (size_t a = 0; a < step->after.count; a++)
        if (failover_step_find(steps->list, step->after.name[a]) < 0) {
            complain_of_name(check, steps, i, a);
            good = false;
        }
    return good;
}

/* Take away steps whose predecessors are gone until nothing moves: what is left waits for itself.
 */
static void check_cycle(const Check *check, const Steps *steps)
{
    bool gone[ACTIONS] = {false};
    size_t left = steps->list->count;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < steps->list->count; i++) {
            const StepConfig *step = step_at(steps, i);
            bool ready = !gone[i];
            for (size_t a = 0; ready && a < step->after.count; a++)
                ready = gone[failover_step_find(steps->list, step->after.name[a])];
            if (ready) {
                gone[i] = moved = true;
                left--;
            }
        }
    }
    Path path;
    for (size_t i = 0; left > 0 && i < steps->list->count; i++)
        if (!gone[i]) {
            param_doc_error(check->doc, check->diags, path_to(&path, steps->path, i, "after"), NULL,
                            "step %s waits for itself", action_name[step_at(steps, i)->action]);
            return;
        }
}

/* Designs that the program can run and that cannot work. */
static void warn_of_runbook(const Check *check)
{
    const Scenario *s = check->scenario;
    bool acts = s->failover.mode != FAILOVER_OFF;
    if (acts && s->router.failover == ROUTER_RUNBOOK &&
        failover_step_find(&s->failover.steps, action_name[ACTION_REROUTE]) < 0)
        param_doc_warn(check->doc, check->diags, "failover.steps",
                       "add {step: reroute, duration: 5m, after: [promote-database]}",
                       "router.failover is runbook and no step reroutes: users never get there");
    if (acts && failover_step_find(&s->failover.steps, action_name[ACTION_FENCE]) >= 0 &&
        failover_step_find(&s->failover.steps, action_name[ACTION_PROMOTE]) < 0)
        param_doc_warn(check->doc, check->diags, "failover.steps", NULL,
                       "the runbook fences the primary and promotes no other: nobody can write");
}

static void check_await_offsets(const Check *check)
{
    const MirrorConfig *mirror = &check->scenario->mirror;
    if (mirror->await_offsets && !mirror->sync_group_offsets)
        param_doc_warn(check->doc, check->diags, "mirror.await_offsets",
                       "set mirror.sync_group_offsets.enabled: yes",
                       "offsets are not synchronised: this says nothing");
}

/* What goes together with the kind of the mirror. */
static void check_mirror(const Check *check)
{
    MirrorConfig *mirror = &check->scenario->mirror;
    check_await_offsets(check);
    if (mirror->kind == MIRROR_NONE)
        mirror->enabled = false;
    if (mirror->kind == MIRROR_LINKING && mirror->runs_in == REGION_ACTIVE)
        param_doc_error(check->doc, check->diags, "mirror.runs_in",
                        "leave mirror.runs_in out, or choose another mirror.kind",
                        "with cluster-linking it is the target's brokers that fetch");
    if (mirror->kind == MIRROR_LINKING && mirror->workers > 1)
        param_doc_warn(check->doc, check->diags, "mirror.workers.count",
                       "an event that fails the mirror pauses the link",
                       "cluster-linking has no Connect workers");
    if (mirror->kind != MIRROR_MM2 && mirror->kind != MIRROR_NONE &&
        param_doc_has(check->doc, "mirror.policy"))
        param_doc_warn(check->doc, check->diags, "mirror.policy", NULL,
                       "only mirrormaker2 renames topics: mirror.policy says nothing here");
    if (mirror->subscription == MIRROR_SUBSCRIBE_PLAIN && mirror->kind == MIRROR_MM2 &&
        mirror->policy == MIRROR_POLICY_DEFAULT)
        param_doc_warn(check->doc, check->diags, "mirror.subscription",
                       "subscribe to a pattern, or use the identity policy",
                       "the passive groups will never see what was copied: its topic has the "
                       "alias before its name");
}

/* The mirror's steps need one. */
static void check_mirror_steps(const Check *check)
{
    const Scenario *s = check->scenario;
    static const Action needs[] = {ACTION_AWAIT_MIRROR, ACTION_START_MIRROR};
    for (size_t i = 0; !s->mirror.enabled && i < G_N_ELEMENTS(needs); i++) {
        int step = failover_step_find(&s->failover.steps, action_name[needs[i]]);
        Path path;
        if (step >= 0)
            param_doc_error(check->doc, check->diags,
                            path_to(&path, "failover.steps", (size_t)step, "step"),
                            "leave the step out, or set mirror.enabled to yes",
                            "step %s: there is no mirror", action_name[needs[i]]);
    }
}

static void check_alert_rule(const Check *check)
{
    const FailoverConfig *failover = &check->scenario->failover;
    static const char *const keys[] = {"failover.alert.errors", "failover.alert.window"};
    if (failover->detect != DETECT_ALERTS)
        return;
    for (size_t k = 0; failover->alert.rule == RULE_UP && k < G_N_ELEMENTS(keys); k++)
        if (param_doc_has(check->doc, keys[k]))
            param_doc_warn(check->doc, check->diags, keys[k],
                           "set failover.alert.rule: error-ratio, or either",
                           "the rule is about the scrape alone: this says nothing");
    if (failover->alert.rule == RULE_UP)
        return;
    if (failover->alert.window <= failover->alert.scrape)
        param_doc_error(check->doc, check->diags, keys[1], "at least twice alert.scrape",
                        "no two scrapes lie within alert.window: the rule never holds");
    if (failover->alert.rule == RULE_ERRORS)
        param_doc_warn(check->doc, check->diags, "failover.alert.rule", "write either",
                       "a region that is down gives no answers, and has no error ratio: no alert");
}

/* The monitor: keys that say nothing, and one that dies unheard. */
static void check_monitor(const Check *check)
{
    const FailoverConfig *failover = &check->scenario->failover;
    static const char *const keys[] = {"scrape",     "scrape_timeout", "evaluation", "for",
                                       "group_wait", "rule",           "errors",     "window"};
    for (size_t k = 0; failover->detect == DETECT_PROBES && k < G_N_ELEMENTS(keys); k++) {
        Path path;
        g_snprintf(path.text, sizeof path.text, "failover.alert.%s", keys[k]);
        if (param_doc_has(check->doc, path.text))
            param_doc_warn(check->doc, check->diags, path.text, "set failover.detect: alerts",
                           "alerts are not used: failover.detect is probes");
    }
    check_alert_rule(check);
    if (failover->alert.scrape_timeout >= failover->alert.scrape)
        param_doc_error(check->doc, check->diags, "failover.alert.scrape_timeout", NULL,
                        "alert.scrape_timeout must be below alert.scrape");
    if (failover->hosted == HOSTED_ACTIVE && failover->mode != FAILOVER_OFF &&
        !param_doc_has(check->doc, "failover.notice"))
        param_doc_warn(check->doc, check->diags, "failover.hosted",
                       "set failover.notice: when users' complaints are noticed",
                       "the monitor dies with the active region, and nobody notices");
}

static void check_runbook(const Check *check, const Steps *steps)
{
    if (failed(check, steps->path))
        return;
    bool good = true;
    for (size_t i = 0; i < steps->list->count; i++)
        good = check_step_names(check, steps, i) && good;
    if (good)
        check_cycle(check, steps);
}

static bool something_fails(const Scenario *scenario)
{
    for (size_t i = 0; i < scenario->top.events.count; i++)
        if (scenario_event(scenario, i)->fail != FAULT_SWITCHOVER)
            return true;
    return false;
}

/* Who waits for offsets with the producers refused has no place for events meanwhile. */
static void warn_of_waiting(const Check *check, const Steps *steps)
{
    const Scenario *s = check->scenario;
    bool needs_kafka = s->application.publish && (s->application.write == WRITE_DATABASE_FIRST ||
                                                  s->application.write == WRITE_KAFKA_FIRST);
    if (s->mirror.enabled && s->mirror.await_offsets && needs_kafka &&
        failover_step_find(steps->list, action_name[ACTION_DEMOTE_KAFKA]) >= 0 &&
        failover_step_find(steps->list, action_name[ACTION_AWAIT_MIRROR]) >= 0)
        param_doc_warn(check->doc, check->diags, "mirror.await_offsets",
                       "set application.write: outbox, or shorten the intervals of checkpoints and "
                       "of sync_group_offsets",
                       "%s refuses producers until the offsets are there: payments made meanwhile "
                       "have no event, or fail",
                       steps->path);
}

/* A standby that gets nothing is not one to return to. */
static void warn_of_no_stream(const Check *check, bool promotes)
{
    if (check->scenario->database.replication == REPLICATION_NONE && promotes)
        param_doc_warn(check->doc, check->diags, "failback.steps",
                       "choose another database.replication.mode",
                       "database.replication.mode is none: the promotion home waits for ever");
}

/* Events of the time away: awaited, and nobody copies them. */
static void warn_of_copying_back(const Check *check)
{
    const Scenario *s = check->scenario;
    const ParamList *home = &s->failback.steps;
    if (s->mirror.enabled && failover_step_find(home, action_name[ACTION_AWAIT_MIRROR]) >= 0 &&
        failover_step_find(home, action_name[ACTION_START_MIRROR]) < 0 &&
        failover_step_find(&s->failover.steps, action_name[ACTION_REVERSE_MIRROR]) < 0)
        param_doc_warn(check->doc, check->diags, "failback.steps",
                       "add {step: start-mirror, duration: 30s} before await-mirror",
                       "no mirror copies back what was written away: await-mirror waits for none");
}

/* A way home that cannot lead there. */
static void warn_of_failback(const Check *check)
{
    const Scenario *s = check->scenario;
    if (s->failback.mode == FAILOVER_OFF || failed(check, "failback.steps"))
        return;
    bool promotes = failover_step_find(&s->failback.steps, action_name[ACTION_PROMOTE]) >= 0;
    bool seeds = failover_step_find(&s->failback.steps, action_name[ACTION_SEED_DATABASE]) >= 0;
    if (promotes && !seeds && something_fails(s))
        param_doc_warn(check->doc, check->diags, "failback.steps",
                       "add {step: seed-database, duration: 1m} before promote-database",
                       "after a forced failover the old primary is nobody's standby: its promotion "
                       "waits for ever");
    if (s->router.failover == ROUTER_RUNBOOK &&
        failover_step_find(&s->failback.steps, action_name[ACTION_REROUTE]) < 0)
        param_doc_warn(
            check->doc, check->diags, "failback.steps",
            "add {step: reroute, duration: 5m, after: [promote-database]}",
            "router.failover is runbook and no step of the way home reroutes: users stay "
            "where they are");
    warn_of_copying_back(check);
    warn_of_no_stream(check, promotes);
}

static void check_steps(const Check *check)
{
    const Scenario *s = check->scenario;
    check_runbook(check, &(Steps){"failover.steps", &s->failover.steps});
    check_runbook(check, &(Steps){"failback.steps", &s->failback.steps});
    if (failed(check, "failover.steps"))
        return;
    warn_of_runbook(check);
    warn_of_waiting(check, &(Steps){"failover.steps", &s->failover.steps});
    if (s->failback.mode != FAILOVER_OFF)
        warn_of_waiting(check, &(Steps){"failback.steps", &s->failback.steps});
    warn_of_failback(check);
    check_mirror_steps(check);
}

/* ---- expectations ---- */

/* Statements about these very runs are sure anyway. */
static void check_confidence(const Check *check, size_t i, const Expect *expect)
{
    Path path;
    const bool sure = expect->stat == EXPECT_MIN || expect->stat == EXPECT_MAX ||
                      (expect->op == EXPECT_EQ && expect->stat != EXPECT_SHARE);
    if (sure && param_doc_has(check->doc, path_to(&path, "expect", i, "confidence")))
        param_doc_warn(check->doc, check->diags, path.text,
                       "for a statement about runs to come, write METRIC <= VALUE in 99%",
                       "min, max and == are about these very runs: confidence changes nothing");
}

static void parse_expect(const Check *check, size_t i)
{
    Scenario *s = check->scenario;
    const ExpectConfig *config = &ITEMS(const ExpectConfig, s->top.expect)[i];
    Path path;
    s->expect[i] = (ScenarioExpect){.text = config->that, .why = config->why};
    s->expect[i].line = param_doc_line(check->doc, path_to(&path, "expect", i, "that"));
    Expect *expect = &s->expect[i].expect;
    ExpectProblem problem = {0};
    if (expect_parse(config->that, &platform_metrics, expect, &problem)) {
        expect->confidence = config->confidence;
        check_confidence(check, i, expect);
        return;
    }
    param_doc_error_at(check->doc, check->diags, path_to(&path, "expect", i, "that"), problem.skip,
                       problem.length, problem.hint, "%s", problem.message);
    g_free(problem.message);
    g_free(problem.hint);
}

void scenario_check(const Check *check)
{
    Scenario *s = check->scenario;
    check_regions(check);
    scenario_settle_both(check);
    check_probe(check, "router", &s->router.probe);
    check_probe(check, "failover", &s->failover.probe);
    check_router(check);
    check_router_failover(check);
    check_run(check);
    check_brokers(check);
    check_producer(check);
    check_consumers(check);
    check_cast(check);
    check_channels(check);
    check_load(check);
    check_hours(check);
    check_mirror(check);
    check_steps(check);
    scenario_check_factors(check);
    check_database(check);
    check_monitor(check);
    check_events(check);
    scenario_check_variants(check);
    scenario_check_application(check);
    scenario_check_both(check);
    Path path;
    s->expect = g_new0(ScenarioExpect, s->top.expect.count);
    for (size_t i = 0; i < s->top.expect.count; i++)
        if (!failed(check, path_to(&path, "expect", i, "")))
            parse_expect(check, i);
}
