/* The databases: a primary in the active region, a standby in the passive one, and the log stream
 * between them. Each may become the other's standby.
 *
 * States: PRIMARY writes; STANDBY applies the stream and refuses writes; PROMOTING is between the
 * two; FENCED has been told by the control plane that it is primary no more; RECOVERING has come
 * back from a crash and asks the control plane what it is; DRAINING gives its role away by a
 * planned switchover, takes no writes and ships the rest; SEEDING is overwritten with a full copy
 * of the other one; EMPTY has half a copy, which is none. Only STANDBY can be promoted, and FENCED
 * by force: a primary that takes its role back.
 *
 * Replication is a log in order (default), or unordered single records. A record committed at t
 * leaves the shipper at D = max(D of the one before, t) + ship_time and is hardened on the standby
 * at A = max(A of the one before, D + lag). What has not arrived when the stream breaks is shipped
 * again, from the standby's position, when both ends and both ways of the link are up; if the
 * standby has been promoted meanwhile, it is lost to it. `sync` answers the writer only after A,
 * with sync_time in the place of lag; a sync primary whose standby was promoted away answers
 * errors. A fenced primary ships on until the promotion begins.
 *
 * Commands (models/message.h), to the database of the region that service moves to. They are
 * idempotent; the controller repeats one that is not answered, or has failed.
 *
 *   promote          forced: what has not arrived is lost. Planned: the primary drains first,
 *                    nothing is lost, and it becomes the standby; refused if it cannot be reached,
 *                    and taken back if the stream breaks before the standby has everything.
 *   await-database   done when what the primary had committed at the command is here.
 *   seed-database    a full copy of the other one at seeding_rate, then its standby. What this one
 *                    had and the other never got is found to be orphaned.
 *
 * A command that cannot be followed for certain is answered as failed (MSG_DONE, value 1).
 *
 * Orphans (database_orphans.c): commits of an old primary that its successor never got, once the
 * two can see each other again. They are kept aside for people (Payment.orphan), merged into the
 * present primary as from a conflict feed, or thrown away.
 *
 * With sync_share, some payments wait in mode async as well, as their transactions ask for it.
 *
 * Multi-write (active-active): both are primaries from the start and for ever, each with a log of
 * what was written in it, which it ships to the other; no command concerns them. What the other one
 * cannot be told while it is away is kept and shipped when it is back: nothing is orphaned, and
 * database_merge (at the run's end, both being up) ships the rest. When a row arrives for a payment
 * that was written here too (a retry in the other region, before replication), it is a conflict:
 * with an idempotency key the two are merged into one, without there are two rows. A commit is an
 * account conflict if the same user's last commit in the other region has not arrived yet: it was
 * made on an old balance. It is counted and changes nothing here.
 *
 * Rows with an idempotency key are unique: a second write of the same payment is answered
 * ALREADY and applies nothing. Rows live in the payment (Payment.rows), one count a region; a
 * seeding copies the counts, and nobody can promote a copy before it is complete.
 *
 * With an outbox (models/outbox.h) each row applied enters it in the same transaction, and a
 * relay's marks are records of the log like any other, behind the rows that they are about. Only a
 * primary lets itself be read and marked.
 *
 * Sources: Azure Cosmos DB multi-region writes and conflict resolution; Azure SQL active
 * geo-replication and failover groups; PostgreSQL 16 manual, 27.2.
 */
#ifndef MODELS_DATABASE_H
#define MODELS_DATABASE_H

#include "models/outbox.h"
#include "models/world.h"
#include "sim/dist.h"
#include "sim/link.h"
#include "sim/param.h"

typedef struct DatabaseConfig {
    Dist *commit_time;
    int replication; /* DatabaseReplication */
    Dist *lag;
    int lag_vary; /* 0: one draw a run; 1: one a record */
    Dist *ship_time, *sync_time;
    int order;                               /* 0: log; 1: none */
    double size, seeding_rate, restore_rate; /* GB, GB/h */
    int confirm;                             /* DatabaseConfirm */
    SimTime flush_time, apply_time, apply_lag_max;
    double record_size; /* kB */
    int64_t bandwidth;  /* kbit/s */
    Dist *lag_spike, *calm_for, *spike_for;
    int64_t max_records;
    SimTime max_age;
    SimTime backup_interval;
    Dist *backup_copy_time;
    int kind, consistency, synchronous_commit, policy; /* the enumerations below */
    SimTime wal_delay, grace_period, listener_ttl;
    double sync_share; /* of the payments, in mode async */
    int orphans;       /* DatabaseOrphans */
    int zone;          /* DatabaseZone */
    Dist *zone_failover;
    /* derived by database_settle */
    bool bounded;
    bool multi_write;         /* active-active: both databases are primaries */
    SimTime wal_writer_delay; /* 0: a commit is answered when it is on disk */
} DatabaseConfig;

typedef enum DatabaseReplication {
    REPLICATION_ASYNC,
    REPLICATION_SYNC,
    REPLICATION_NONE,
    REPLICATION_BACKUP
} DatabaseReplication;

typedef enum DatabaseLagVaries { LAG_BY_RUN, LAG_BY_RECORD, LAG_BY_STATE } DatabaseLagVaries;

typedef enum DatabaseConfirm { CONFIRM_FLUSHED, CONFIRM_RECEIVED, CONFIRM_APPLIED } DatabaseConfirm;

typedef enum DatabaseKind {
    KIND_CUSTOM,
    KIND_AZURE_SQL,
    KIND_COSMOS_DB,
    KIND_POSTGRESQL
} DatabaseKind;

typedef enum CosmosConsistency {
    CONSISTENCY_STRONG,
    CONSISTENCY_BOUNDED,
    CONSISTENCY_SESSION,
    CONSISTENCY_PREFIX,
    CONSISTENCY_EVENTUAL
} CosmosConsistency;

typedef enum SynchronousCommit {
    SYNCHRONOUS_OFF,
    SYNCHRONOUS_LOCAL,
    SYNCHRONOUS_REMOTE_WRITE,
    SYNCHRONOUS_ON,
    SYNCHRONOUS_REMOTE_APPLY
} SynchronousCommit;

typedef enum DatabasePolicy {
    POLICY_CUSTOMER_MANAGED,
    POLICY_SERVICE_MANAGED,
    POLICY_PLANNED_ONLY
} DatabasePolicy;

typedef enum DatabaseOrphans { ORPHANS_KEEP, ORPHANS_MERGE, ORPHANS_DISCARD } DatabaseOrphans;

/* What the loss of the zone that the primary runs in does to it. */
typedef enum DatabaseZone { ZONE_UNSEEN, ZONE_STANDBY, ZONE_ALONE } DatabaseZone;

extern const ParamTable database_table;

/* What the product sets where the user did not (`written`), and what follows from the keys. */
typedef bool (*DatabaseWritten)(void *data, const char *key);
void database_settle(DatabaseConfig *config, DatabaseWritten written, void *data);

typedef struct Database Database;

Database *database_new(World *world, const DatabaseConfig *config, uint32_t region);
void database_free(Database *database);
SimComponent database_component(const Database *database);

typedef struct DatabaseLinks {
    SimLink *to_application, *to_failover, *to_control;
    SimLink *wan; /* towards the other region */
} DatabaseLinks;

/* Connect the primary to its standby; both get their links. Call before the run. */
void database_connect(Database *database, DatabaseLinks links);
void database_replicate(Database *primary, Database *standby);

/* Rows are relayed: into `outbox` (borrowed), and answers to the relay over the link. Before the
 * run, and for both databases or neither. */
void database_keep_outbox(Database *database, Outbox *outbox, SimLink *to_relay);

/* What the audit asks at the end. */
typedef struct DatabaseFacts {
    uint64_t backlog_max;       /* unreplicated records, highest */
    uint64_t backlog_at_outage; /* unreplicated when the outage began */
    double lag_mean_seconds;    /* commit to hardened on the standby */
    double catchup_seconds;     /* last reconnection to empty backlog; NAN: none */
    uint64_t orphaned, seeded;
    uint64_t merged, conflicts, discarded; /* what else became of orphans */
    uint64_t synced;                       /* commits that waited for the standby, and got it */
    double sync_wait_seconds;              /* their mean wait; NAN: none */
    uint64_t throttled;                    /* writes held back */
    uint64_t undone;                       /* commits taken by a crash */
    SimTime staleness;   /* oldest that an unreplicated commit was at another commit */
    double seed_seconds; /* the last seeding, until it was a standby; NAN: none */
    uint64_t payment_conflicts, account_conflicts; /* multi-write: found here */
    uint64_t returned; /* multi-write: commits from before a reconnection that arrived after it */
    SimTime cut_at;    /* from here on the standby got nothing more; SIM_NEVER: it always got all */
    SimTime lost_at; /* the same of the last cut that was never mended; SIM_NEVER: there was none */
} DatabaseFacts;
DatabaseFacts database_facts(const Database *database);
/* Multi-write, at the run's end: what this one has and the other has not would arrive now. */
void database_merge(Database *database);
/* The outage begins now: note what is unreplicated. */
void database_note_outage(Database *database);

#endif
