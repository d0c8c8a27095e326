/* What the database's keys and the runbook say of each other. */
#include <string.h>

#include "models/config.h"
#include "models/scenario_check.h"

static bool has(void *data, const char *key)
{
    const Check *check = data;
    char *path = g_strdup_printf("database.%s", key);
    bool found = param_doc_has(check->doc, path);
    g_free(path);
    return found;
}

static bool has_step(const Check *check, Action action)
{
    return failover_step_find(&check->scenario->failover.steps, action_name[action]) >= 0;
}

/* Keys that one product alone heeds. */
static void check_product(const Check *check)
{
    static const struct {
        const char *key, *name;
        int kind;
    } product[] = {
        {"consistency", "cosmos-db", KIND_COSMOS_DB},
        {"synchronous_commit", "postgresql", KIND_POSTGRESQL},
        {"wal_writer_delay", "postgresql", KIND_POSTGRESQL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(product); i++) {
        if (check->scenario->database.kind == product[i].kind ||
            !has((void *)(uintptr_t)check, product[i].key))
            continue;
        char *path = g_strdup_printf("database.%s", product[i].key);
        char *hint = g_strdup_printf("write database.kind: %s, or leave it out", product[i].name);
        param_doc_warn(check->doc, check->diags, path, hint, "only %s heeds %s", product[i].name,
                       path);
        g_free(path);
        g_free(hint);
    }
}

/* What a product sets, the file must not contradict. */
static void settle(const Check *check)
{
    DatabaseConfig *db = &check->scenario->database;
    const DatabaseConfig before = *db;
    database_settle(db, has, (void *)(uintptr_t)check);
    const struct {
        const char *key;
        bool differs;
    } set[] = {
        {"replication.mode", db->replication != before.replication},
        {"replication.order", db->order != before.order},
        {"replication.confirm", db->confirm != before.confirm},
    };
    const char *by =
        db->kind == KIND_COSMOS_DB ? "database.consistency" : "database.synchronous_commit";
    for (size_t i = 0; i < G_N_ELEMENTS(set); i++) {
        if (!set[i].differs || !has((void *)(uintptr_t)check, set[i].key))
            continue;
        char *path = g_strdup_printf("database.%s", set[i].key);
        param_doc_error(check->doc, check->diags, path,
                        "leave it out, write what agrees, or write database.kind: custom",
                        "%s says otherwise", by);
        g_free(path);
    }
}

static void check_bounds(const Check *check)
{
    const DatabaseConfig *db = &check->scenario->database;
    if (db->policy == POLICY_SERVICE_MANAGED && db->kind == KIND_AZURE_SQL &&
        db->grace_period < 3600 * SIM_SEC)
        param_doc_warn(check->doc, check->diags, "database.failover.grace_period", NULL,
                       "Azure SQL takes no grace period below 1h");
    if (db->kind == KIND_COSMOS_DB && db->consistency == CONSISTENCY_BOUNDED &&
        (db->max_records < 100000 || db->max_age < 300 * SIM_SEC))
        param_doc_warn(check->doc, check->diags, "database.replication", NULL,
                       "Cosmos DB takes no bound below 100,000 writes and 300s between regions");
}

static void check_backup(const Check *check)
{
    bool backup = check->scenario->database.replication == REPLICATION_BACKUP;
    bool acts = check->scenario->failover.mode != FAILOVER_OFF;
    if (!backup && has_step(check, ACTION_RESTORE_BACKUP))
        param_doc_error(check->doc, check->diags, "failover.steps",
                        "write database.replication.mode: backup, or leave the step out",
                        "there is no backup for the step restore-backup");
    if (backup && acts && has_step(check, ACTION_PROMOTE) &&
        !has_step(check, ACTION_RESTORE_BACKUP))
        param_doc_warn(check->doc, check->diags, "failover.steps",
                       "add {step: restore-backup, duration: 5m}, and promote-database after it",
                       "with database.replication.mode: backup, nothing can be promoted before it "
                       "is restored");
    if (check->scenario->database.replication == REPLICATION_NONE && acts &&
        has_step(check, ACTION_AWAIT_DATABASE))
        param_doc_warn(check->doc, check->diags, "failover.steps", NULL,
                       "await-database waits for ever: database.replication.mode is none");
}

static void check_sync_share(const Check *check)
{
    const DatabaseConfig *db = &check->scenario->database;
    if (db->sync_share > 0 && db->replication != REPLICATION_ASYNC)
        param_doc_warn(check->doc, check->diags, "database.replication.sync_share",
                       db->replication == REPLICATION_SYNC
                           ? "every payment waits already: leave it out"
                           : "write database.replication.mode: async, or leave it out",
                       "sync_share is of mode async: this says nothing");
    const Dist *lag = db->lag;
    if (db->sync_share > 0 && dist_mean(lag) * 1e9 >= (double)check->scenario->application.timeout)
        param_doc_warn(check->doc, check->diags, "database.replication.sync_share",
                       "raise application.timeout, or lower database.replication.lag",
                       "payments that wait for the standby time out: the lag is longer than "
                       "application.timeout");
}

static void check_zone(const Check *check)
{
    const Scenario *s = check->scenario;
    bool fails = false;
    for (size_t i = 0; i < s->top.events.count; i++) {
        const EventConfig *event = scenario_event(s, i);
        fails |= event->fail == FAULT_ZONE && event->zone == 0;
    }
    if (!fails && s->database.zone != ZONE_UNSEEN)
        param_doc_warn(check->doc, check->diags, "database.zone_standby",
                       "add an event {fail: zone, zone: 0}", "no event takes the primary's zone");
}

/* Who takes the right to write from the primary must be able to give it to the standby. */
static void check_policy(const Check *check)
{
    const Scenario *s = check->scenario;
    int promote = failover_step_find(&s->failover.steps, action_name[ACTION_PROMOTE]);
    int fence = failover_step_find(&s->failover.steps, action_name[ACTION_FENCE]);
    if (s->database.policy == POLICY_CUSTOMER_MANAGED || s->failover.mode == FAILOVER_OFF ||
        promote < 0 || fence < 0)
        return;
    const StepConfig *step = s->failover.steps.item;
    for (size_t i = 0; i < step[fence].after.count; i++)
        if (strcmp(step[fence].after.name[i], action_name[ACTION_PROMOTE]) == 0)
            return;
    param_doc_warn(check->doc, check->diags, "failover.steps",
                   "let fence wait: {step: fence, duration: 5s, after: [promote-database]}",
                   "the old primary is fenced, and database.failover.policy may refuse to promote "
                   "another: then nobody can write");
}

void check_database(const Check *check)
{
    check_product(check);
    settle(check);
    check_bounds(check);
    check_backup(check);
    check_sync_share(check);
    check_zone(check);
    check_policy(check);
}
