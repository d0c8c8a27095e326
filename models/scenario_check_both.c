/* What active-active (regions.mode) means for other keys, and what it has no use for: nobody is
 * promoted, nobody stands by, and a mirror runs each way. */
#include "models/config.h"
#include "models/scenario_check.h"

/* ---- what follows ---- */

void scenario_settle_both(const Check *check)
{
    Scenario *s = check->scenario;
    bool both = scenario_active_active(s);
    s->router.both = s->kafka.both = s->application.both = s->database.multi_write = both;
    if (!both)
        return;
    if (!param_doc_has(check->doc, "router.routing"))
        s->router.routing = ROUTING_LATENCY;
    if (!param_doc_has(check->doc, "failover.mode"))
        s->failover.mode = FAILOVER_OFF;
}

/* ---- what contradicts it ---- */

/* A setting that cannot be; `key` is where the file says so, if it does. */
static void refuse(const Check *check, bool wrong, const char *key, const char *hint,
                   const char *message)
{
    if (wrong)
        param_doc_error(check->doc, check->diags, key, hint, "active-active: %s", message);
}

static void warn(const Check *check, bool odd, const char *key, const char *hint,
                 const char *message)
{
    if (odd)
        param_doc_warn(check->doc, check->diags, key, hint, "active-active: %s", message);
}

static void check_front(const Check *check)
{
    const Scenario *s = check->scenario;
    refuse(check, s->router.failover == ROUTER_RUNBOOK, "router.failover",
           "leave it out: the probes move the traffic",
           "with router.failover: runbook one region would stand by");
    warn(check, s->router.routing == ROUTING_PRIORITY, "router.routing",
         "set router.routing: latency or weighted",
         "with routing: priority one region serves everybody");
    refuse(check, s->application.capacity.standby != STANDBY_HOT, "application.standby.mode",
           "leave it out: each region must be able to carry all the load",
           "both regions serve, no application stands by");
    warn(check, s->application.misrouted != MISROUTED_SERVE, "application.misrouted", NULL,
         "nobody is misrouted: no region is passive");
    refuse(check, s->configuration.endpoints == ENDPOINTS_ACTIVE, "configuration.endpoints",
           "leave it out", "each region's application uses its own database");
}

static void check_database_and_kafka(const Check *check)
{
    const DatabaseConfig *db = &check->scenario->database;
    const MirrorConfig *mirror = &check->scenario->mirror;
    bool single = db->kind == KIND_AZURE_SQL || db->kind == KIND_POSTGRESQL;
    refuse(check, single, "database.kind", "write database.kind: cosmos-db, or custom",
           "this database takes writes in one region only");
    refuse(check, !single && db->replication != REPLICATION_ASYNC,
           db->kind == KIND_COSMOS_DB ? "database.consistency" : "database.replication.mode",
           "Cosmos DB has no strong consistency with multi-region writes: write session, or "
           "replication.mode: async",
           "both databases take writes, and send them to each other asynchronously");
    refuse(check, !single && db->replication == REPLICATION_ASYNC && db->bounded,
           db->kind == KIND_COSMOS_DB ? "database.consistency" : "database.replication",
           "leave max_records and max_age out; of Cosmos DB take session consistency",
           "a bound would stop the writes of one region whenever the other is away");
    refuse(check, db->sync_share > 0, "database.replication.sync_share", "leave it out",
           "a payment that waits for the other region has no place to go when that is away");
    refuse(check, mirror->kind == MIRROR_MM2 && mirror->policy == MIRROR_POLICY_IDENTITY,
           "mirror.policy", "leave it out: the default policy puts an alias before the name",
           "two mirrors under the same topic name would copy each record round and round");
    warn(check, !mirror->enabled, "mirror.enabled", NULL,
         "without mirrors the events of a region that is lost are lost with it");
}

/* ---- runbooks ---- */

typedef struct Allowed {
    Action action[2];
    size_t count;
    const char *hint;
} Allowed;

/* What is left to do when a region is lost, and when it is back. */
static const Allowed on_loss = {{ACTION_RESUME_CONSUMERS, ACTION_SCALE_OUT},
                                2,
                                "write steps: [{step: resume-consumers, duration: 5s}]"};
static const Allowed on_return = {
    {ACTION_STOP_CONSUMERS}, 1, "write steps: [{step: stop-consumers, duration: 5s}]"};

static bool is_allowed(const Allowed *allowed, int action)
{
    for (size_t i = 0; i < allowed->count; i++)
        if ((int)allowed->action[i] == action)
            return true;
    return false;
}

static void check_book(const Check *check, const char *path, const ParamList *steps,
                       const Allowed *allowed)
{
    const StepConfig *step = steps->item;
    Path where;
    if (!param_doc_has(check->doc, path)) {
        param_doc_error(check->doc, check->diags, path, allowed->hint,
                        "active-active: the default runbook promotes a region, and here is "
                        "none to promote");
        return;
    }
    for (size_t i = 0; !failed(check, path) && i < steps->count; i++)
        if (!failed(check, path_to(&where, path, i, "")) && !is_allowed(allowed, step[i].action))
            param_doc_error(check->doc, check->diags, path_to(&where, path, i, "step"),
                            allowed->hint,
                            "active-active: there is nothing to do for step %s: both regions "
                            "write and serve all the time",
                            action_name[step[i].action]);
}

static void check_books(const Check *check)
{
    const Scenario *s = check->scenario;
    if (s->failover.mode != FAILOVER_OFF)
        check_book(check, "failover.steps", &s->failover.steps, &on_loss);
    if (s->failback.mode != FAILOVER_OFF)
        check_book(check, "failback.steps", &s->failback.steps, &on_return);
}

static void check_what_fails(const Check *check)
{
    const Scenario *s = check->scenario;
    Path path;
    for (size_t i = 0; i < s->top.events.count; i++) {
        const EventConfig *event = scenario_event(s, i);
        if (failed(check, path_to(&path, "events", i, "")))
            continue;
        refuse(check, event->fail == FAULT_SWITCHOVER, path_to(&path, "events", i, "fail"), NULL,
               "there is no role to switch over");
        warn(check, fault_in_region(event->fail) && event->region == REGION_PASSIVE,
             path_to(&path, "events", i, "target"), "let the region fail that is named first",
             "recovery times count from failures of the first region alone");
    }
}

void scenario_check_both(const Check *check)
{
    if (!scenario_active_active(check->scenario))
        return;
    check_front(check);
    check_database_and_kafka(check);
    check_books(check);
    check_what_fails(check);
}
