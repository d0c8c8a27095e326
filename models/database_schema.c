/* The database's scenario keys. */
#include "models/database.h"

static const char *const replication_choices[] = {"async", "sync", "none", "backup", NULL};
static const char *const vary_choices[] = {"run", "record", "state", NULL};
static const char *const order_choices[] = {"log", "none", NULL};

static const char *const confirm_choices[] = {"flushed", "received", "applied", NULL};
static const char *const kind_choices[] = {"custom", "azure-sql", "cosmos-db", "postgresql", NULL};
static const char *const consistency_choices[] = {
    "strong", "bounded-staleness", "session", "consistent-prefix", "eventual", NULL};
static const char *const synchronous_choices[] = {"off", "local",        "remote_write",
                                                  "on",  "remote_apply", NULL};
static const char *const policy_choices[] = {"customer-managed", "service-managed", "planned-only",
                                             NULL};

static const char *const orphans_choices[] = {"keep", "merge", "discard", NULL};
static const char *const zone_choices[] = {"unseen", "standby", "none", NULL};

#define AT(member) offsetof(DatabaseConfig, member)
static const ParamSpec specs[] = {
    {.key = "commit_time",
     .type = PARAM_DIST,
     .offset = AT(commit_time),
     .fallback = "{lognormal: {median: 5ms, p99: 20ms}}",
     .text = "Time to harden one commit on the primary.",
     .source = "ours: a managed SQL database inside one region; calibrate"},
    {.key = "replication.mode",
     .type = PARAM_CHOICE,
     .offset = AT(replication),
     .fallback = "async",
     .choices = replication_choices,
     .text = "When the writer is answered. async: the writer is answered after the local commit. "
             "sync: only after the standby has "
             "hardened it too. none: there is no stream; a promoted standby is empty. "
             "backup: there are only backups (backup.*), and the standby must be restored from "
             "the last one by the step restore-backup.",
     .source = "Azure SQL geo-replication is asynchronous; sp_wait_for_database_copy_sync and "
               "PostgreSQL synchronous_commit=on wait"},
    {.key = "replication.lag",
     .type = PARAM_DIST,
     .offset = AT(lag),
     .fallback = "{lognormal: {median: 1s, p99: 5s}}",
     .text =
         "Delay from a commit's departure to its hardening on the standby (replication_lag_sec).",
     .source =
         "Azure SQL documents an RPO of 5 s for geo-replication (2021), taken as the p99; the "
         "median is ours: calibrate from sys.dm_geo_replication_link_status"},
    {.key = "replication.sync_time",
     .type = PARAM_DIST,
     .offset = AT(sync_time),
     .fallback = "30ms",
     .text =
         "In mode sync, from a commit's departure until the standby's confirmation is back: what "
         "each writer waits, in the place of lag.",
     .source = "P50 round trip Central India to West India, April 2024: 25 ms; hardening is ours"},
    {.key = "replication.lag_varies",
     .type = PARAM_CHOICE,
     .offset = AT(lag_vary),
     .fallback = "run",
     .choices = vary_choices,
     .text = "How often the lag is drawn. run: one lag is drawn for the whole run, as the state "
             "that the outage finds. record: one "
             "for every commit; in log order a slow record then holds up those behind it. "
             "state: the lag alternates between calm (lag) and spike (lag_spike), drawn at each "
             "change.",
     .source = ""},
    {.key = "replication.ship_time",
     .type = PARAM_DIST,
     .offset = AT(ship_time),
     .fallback = "0s",
     .text = "Time that the log shipper needs for each record, one after the other: 1/ship_time is "
             "the most that the stream can carry, and how fast it catches up.",
     .source = ""},
    {.key = "replication.order",
     .type = PARAM_CHOICE,
     .offset = AT(order),
     .fallback = "log",
     .choices = order_choices,
     .text = "Order of arrival on the standby. log: records arrive in commit order. none: each "
             "arrives by itself.",
     .source = "log shipping is ordered; Cosmos DB's eventual consistency is not"},
    {.key = "replication.confirm",
     .type = PARAM_CHOICE,
     .offset = AT(confirm),
     .fallback = "flushed",
     .choices = confirm_choices,
     .text = "What a writer waits for in mode sync: that the standby has the record on disk "
             "(flushed), in memory (received: a crash of the standby can take it), or has applied "
             "it (applied: it can be read there).",
     .source = "PostgreSQL 16 manual, synchronous_commit: on, remote_write, remote_apply"},
    {.key = "replication.sync_share",
     .type = PARAM_SHARE,
     .offset = AT(sync_share),
     .fallback = "0%",
     .text = "In mode async, the share of the payments whose transactions wait until the standby "
             "has hardened them. They cannot be lost with the region; each waits for the lag. The "
             "same payments in every design.",
     .source = "Azure SQL: sp_wait_for_database_copy_sync after the commits that must not be lost; "
               "PostgreSQL: synchronous_commit can be set for a transaction"},
    {.key = "replication.flush_time",
     .type = PARAM_TIME,
     .offset = AT(flush_time),
     .fallback = "10ms",
     .max = 60,
     .text = "With confirm: received, from there to the standby's disk.",
     .source = "ours: calibrate"},
    {.key = "replication.apply_time",
     .type = PARAM_TIME,
     .offset = AT(apply_time),
     .fallback = "0s",
     .max = 60,
     .text = "Time that the standby needs to apply each record, one after the other. What it has "
             "not applied it applies before it opens: that is added to the promotion.",
     .source = "ours: calibrate"},
    {.key = "replication.apply_lag_max",
     .type = PARAM_TIME,
     .offset = AT(apply_lag_max),
     .fallback = "3650d",
     .max = 3650 * 86400.0,
     .text = "A standby that is further behind with applying holds the primary's commits back.",
     .source = "Azure SQL: an undersized secondary throttles the primary's log"},
    {.key = "replication.record_size",
     .type = PARAM_NUMBER,
     .offset = AT(record_size),
     .fallback = "2",
     .max = 1e6,
     .text = "Log of one payment in kB, for replication.bandwidth.",
     .source = "ours: calibrate"},
    {.key = "replication.bandwidth",
     .type = PARAM_COUNT,
     .offset = AT(bandwidth),
     .fallback = "unlimited",
     .min = 1,
     .max = 9.3e18,
     .text = "Of the link that the log is shipped over, in kbit/s: record_size / bandwidth is "
             "added to ship_time.",
     .source = "ours"},
    {.key = "replication.lag_spike",
     .type = PARAM_DIST,
     .offset = AT(lag_spike),
     .fallback = "30s",
     .text = "With lag_varies: state, the lag in a spike; drawn at its beginning.",
     .source = "ours: calibrate; Azure Database for PostgreSQL: under 5 min, can be higher"},
    {.key = "replication.calm_for",
     .type = PARAM_DIST,
     .offset = AT(calm_for),
     .fallback = "{exponential: 1h}",
     .min = 1,
     .max = 1e9,
     .text = "With lag_varies: state, how long it is calm.",
     .source = "ours: calibrate"},
    {.key = "replication.spike_for",
     .type = PARAM_DIST,
     .offset = AT(spike_for),
     .fallback = "{exponential: 2m}",
     .min = 1,
     .max = 1e9,
     .text = "With lag_varies: state, how long a spike lasts.",
     .source = "ours: calibrate"},
    {.key = "replication.max_records",
     .type = PARAM_COUNT,
     .offset = AT(max_records),
     .fallback = "unlimited",
     .min = 1,
     .max = 9.3e18,
     .text = "Bounded staleness: commits wait while the standby lacks this many.",
     .source = "Cosmos DB bounded staleness between regions: K at least 100,000"},
    {.key = "replication.max_age",
     .type = PARAM_TIME,
     .offset = AT(max_age),
     .fallback = "3650d",
     .min = 0.001,
     .max = 3650 * 86400.0,
     .text = "Bounded staleness: commits wait while the standby lacks one of this age.",
     .source = "Cosmos DB bounded staleness between regions: T at least 300 s"},
    {.key = "size",
     .type = PARAM_NUMBER,
     .offset = AT(size),
     .fallback = "100",
     .max = 1e6,
     .text = "Size of the database in GB: how long a full copy takes.",
     .source = "ours: calibrate"},
    {.key = "seeding_rate",
     .type = PARAM_NUMBER,
     .offset = AT(seeding_rate),
     .fallback = "500",
     .min = 0.001,
     .max = 1e9,
     .text = "How fast the step seed-database copies the database to the other region, in GB an "
             "hour.",
     .source = "Azure SQL geo-replication: seeding at up to 500 GB an hour"},
    {.key = "kind",
     .type = PARAM_CHOICE,
     .offset = AT(kind),
     .fallback = "custom",
     .choices = kind_choices,
     .text = "The product: it sets other keys where the file does not. custom: nothing. azure-sql: "
             "listener_ttl 30s. cosmos-db: what `consistency` says, and failover.policy "
             "service-managed. postgresql: what `synchronous_commit` says.",
     .source = "article: Azure SQL or Cosmos DB"},
    {.key = "consistency",
     .type = PARAM_CHOICE,
     .offset = AT(consistency),
     .fallback = "session",
     .choices = consistency_choices,
     .text = "Of cosmos-db. strong: mode sync, which stops taking writes when the other region "
             "cannot be reached. bounded-staleness: async, at most max_records and max_age. "
             "session, consistent-prefix: async in order. eventual: async without order.",
     .source = "Azure Cosmos DB: consistency levels; RPO 0 (strong), K and T (bounded), under 15 "
               "min (the others)"},
    {.key = "synchronous_commit",
     .type = PARAM_CHOICE,
     .offset = AT(synchronous_commit),
     .fallback = "local",
     .choices = synchronous_choices,
     .text = "Of postgresql. off: answered before the commit is on the primary's own disk. local: "
             "async. remote_write, on, remote_apply: sync, with replication.confirm received, "
             "flushed, applied.",
     .source = "PostgreSQL 16 manual, 20.5; Azure's cross-region replicas are asynchronous"},
    {.key = "wal_writer_delay",
     .type = PARAM_TIME,
     .offset = AT(wal_delay),
     .fallback = "200ms",
     .min = 0.001,
     .max = 10,
     .text = "With synchronous_commit off, how often the log goes to disk. A crash takes what was "
             "committed since the round before the last: one to two delays.",
     .source =
         "PostgreSQL 16 manual: 200 ms; normally one or two rounds until a commit is on disk, "
         "a third only if the ring of log buffers ends in between"},
    {.key = "failover.policy",
     .type = PARAM_CHOICE,
     .offset = AT(policy),
     .fallback = "customer-managed",
     .choices = policy_choices,
     .text = "What the step promote-database can do while the primary cannot be reached. "
             "customer-managed: it forces the failover. service-managed: the provider forces it, "
             "and not within the grace period. planned-only: nothing.",
     .source = "Azure SQL failover groups: customer-managed is recommended; Cosmos DB: a manual "
               "failover cannot succeed during an outage"},
    {.key = "failover.grace_period",
     .type = PARAM_TIME,
     .offset = AT(grace_period),
     .fallback = "1h",
     .max = 86400 * 7.0,
     .text = "With failover.policy service-managed, from the loss of the primary to the earliest "
             "forced failover. It counts beside failover.hold, not after it.",
     .source = "Azure SQL: GracePeriodWithDataLossHours, at least 1; Cosmos DB: up to an hour or "
               "more"},
    {.key = "listener_ttl",
     .type = PARAM_TIME,
     .offset = AT(listener_ttl),
     .fallback = "0s",
     .max = 86400,
     .text = "Applications find the new primary by a name that they may keep for this long: after "
             "a promotion their writes are refused for a time uniform up to it.",
     .source = "Azure SQL failover group listener: TTL 30 s"},
    {.key = "orphans",
     .type = PARAM_CHOICE,
     .offset = AT(orphans),
     .fallback = "keep",
     .choices = orphans_choices,
     .text = "What becomes of the commits that the new primary never got, when the old one is "
             "back. keep: they are kept aside for a reconciliation. merge: they are written to the "
             "new primary at once; one whose idempotency key it has already is dropped, one "
             "without a key is applied beside its retry. discard: they are overwritten.",
     .source = "Azure Cosmos DB: unreplicated writes appear in the conflict feed for the "
               "application to merge; Azure SQL: the old primary is overwritten by seeding"},
    {.key = "zone_standby",
     .type = PARAM_CHOICE,
     .offset = AT(zone),
     .fallback = "unseen",
     .choices = zone_choices,
     .text = "What the database does when the zone of its primary fails (zone 0). unseen: nothing. "
             "standby: a synchronous standby in another zone takes over after zone_failover, and "
             "loses nothing. none: it is down as long as the zone.",
     .source =
         "Azure Database for PostgreSQL: zone-redundant high availability; Azure SQL Business "
         "Critical and Cosmos DB with zones go on serving"},
    {.key = "zone_failover",
     .type = PARAM_DIST,
     .offset = AT(zone_failover),
     .fallback = "{uniform: {low: 60s, high: 120s}}",
     .max = 86400,
     .text = "With zone_standby: standby, from the zone's failure until its standby serves.",
     .source = "Azure Database for PostgreSQL, high availability: 60 to 120 s"},
    {.key = "backup.interval",
     .type = PARAM_TIME,
     .offset = AT(backup_interval),
     .fallback = "1h",
     .min = 1,
     .max = 86400 * 31.0,
     .text = "With replication.mode backup, from one snapshot to the next.",
     .source = "Azure SQL geo-restore: RPO 1 h"},
    {.key = "backup.copy_time",
     .type = PARAM_DIST,
     .offset = AT(backup_copy_time),
     .fallback = "10m",
     .text = "From a snapshot until it is usable in the other region. One that is on its way when "
             "the region fails is not.",
     .source = "ours: calibrate"},
    {.key = "backup.restore_rate",
     .type = PARAM_NUMBER,
     .offset = AT(restore_rate),
     .fallback = "100",
     .min = 0.001,
     .max = 1e9,
     .text = "How fast the step restore-backup restores, in GB an hour (database.size).",
     .source = "ours: calibrate; Azure SQL documents an RTO of 12 h for geo-restore"},
};
#undef AT

const ParamTable database_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(DatabaseConfig)};

/* ---- products ---- */

static void settle_cosmos(DatabaseConfig *config, DatabaseWritten written, void *data)
{
    static const double strong[] = {0.035, 0.060}; /* p99: two round trips of 25 ms and 10 ms */
    if (!written(data, "failover.policy"))
        config->policy = POLICY_SERVICE_MANAGED;
    config->replication =
        config->consistency == CONSISTENCY_STRONG ? REPLICATION_SYNC : REPLICATION_ASYNC;
    config->order = config->consistency == CONSISTENCY_EVENTUAL ? 1 : 0;
    if (config->consistency == CONSISTENCY_STRONG && !written(data, "replication.sync_time")) {
        dist_free(config->sync_time);
        config->sync_time = dist_new(dist_type_find("lognormal"), strong, NULL);
    }
    if (config->consistency != CONSISTENCY_BOUNDED)
        return;
    if (!written(data, "replication.max_records"))
        config->max_records = 100000;
    if (!written(data, "replication.max_age"))
        config->max_age = 300 * SIM_SEC;
}

static void settle_postgresql(DatabaseConfig *config)
{
    static const struct {
        int replication, confirm;
    } level[] = {
        [SYNCHRONOUS_OFF] = {REPLICATION_ASYNC, CONFIRM_FLUSHED},
        [SYNCHRONOUS_LOCAL] = {REPLICATION_ASYNC, CONFIRM_FLUSHED},
        [SYNCHRONOUS_REMOTE_WRITE] = {REPLICATION_SYNC, CONFIRM_RECEIVED},
        [SYNCHRONOUS_ON] = {REPLICATION_SYNC, CONFIRM_FLUSHED},
        [SYNCHRONOUS_REMOTE_APPLY] = {REPLICATION_SYNC, CONFIRM_APPLIED},
    };
    config->replication = level[config->synchronous_commit].replication;
    config->confirm = level[config->synchronous_commit].confirm;
    if (config->synchronous_commit == SYNCHRONOUS_OFF)
        config->wal_writer_delay = config->wal_delay;
}

void database_settle(DatabaseConfig *config, DatabaseWritten written, void *data)
{
    config->wal_writer_delay = 0;
    if (config->kind == KIND_AZURE_SQL && !written(data, "listener_ttl"))
        config->listener_ttl = 30 * SIM_SEC;
    if (config->kind == KIND_COSMOS_DB)
        settle_cosmos(config, written, data);
    if (config->kind == KIND_POSTGRESQL)
        settle_postgresql(config);
    config->bounded = config->max_records != INT64_MAX || config->max_age < 3650 * 86400 * SIM_SEC;
}
