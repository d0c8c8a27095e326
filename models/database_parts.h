/* What the database's files share: its records, and who calls whom. Nobody else includes this.
 *
 *   database.c          making, the relay's questions
 *   database_writes.c   writes, and what holds them back
 *   database_stream.c   the log stream from the primary to its standby
 *   database_orphans.c  what its successor never got
 *   database_roles.c    commands, roles, faults
 *   database_schema.c   the scenario's keys
 */
#ifndef MODELS_DATABASE_PARTS_H
#define MODELS_DATABASE_PARTS_H

#include <glib.h>

#include "models/database.h"

typedef enum Role {
    ROLE_PRIMARY,
    ROLE_STANDBY,
    ROLE_PROMOTING,
    ROLE_FENCED,
    ROLE_RECOVERING,
    ROLE_DRAINING, /* primary no more, by a planned switchover: ships the rest */
    ROLE_SEEDING,  /* being overwritten with a full copy */
    ROLE_EMPTY,    /* no usable copy */
    ROLE_RESTORING /* from the last backup */
} Role;

/* How far a source has come in handing its role over. */
typedef enum Handover { HANDOVER_NONE, HANDOVER_DRAINING, HANDOVER_GIVEN } Handover;

enum {
    DB_COMMIT = MSG_KINDS,
    DB_APPLY,
    DB_PROMOTED,
    DB_ASK,
    DB_MARKED,
    DB_DEMOTE,  /* standby to primary, over the WAN: hand over (subject step, value duration) */
    DB_DEMOTED, /* the answer: you have everything */
    DB_AWAITED,
    DB_SEEDED,
    DB_RECEIVED, /* on the standby, not on its disk (confirm: received) */
    DB_FLUSHED,  /* on its disk after all, although the stream broke */
    DB_REPLAYED, /* and applied (confirm: applied) */
    DB_SNAPSHOT,
    DB_COPIED, /* a snapshot has arrived: everything below `value` */
    DB_RESTORED,
    DB_FLUSH,
    DB_GRACE, /* the grace period is over */
    DB_KINDS
};

/* A commit that the standby has not hardened yet, or that waits for such a one before it. Holds
 * its payment; a relay's mark is about none. */
typedef struct Entry {
    PaymentRef payment; /* PAYMENT_NONE: a mark */
    SimTime committed_at;
    uint64_t outbox; /* the row's position there; of a mark: what it says */
    bool applied;    /* unordered streams only: applied before its elders */
    bool keyed;      /* with an idempotency key */
} Entry;

/* A writer that waits for position `position` to be hardened. Holds its payment. */
typedef struct Waiter {
    uint64_t position;
    SimTime since;
    PaymentRef payment;
    uint32_t request;
    Status status;
} Waiter;

/* A row that is answered and not on disk (synchronous_commit off). Holds its payment. */
typedef struct Unflushed {
    PaymentRef payment;
    SimTime committed_at;
    bool keyed;
} Unflushed;

/* await-database: until the primary's log is applied up to `target`. */
typedef struct Await {
    bool pending, ripe; /* ripe: the step's own duration is over */
    uint64_t step, target;
} Await;

struct Database {
    World *world;
    const DatabaseConfig *config;
    uint32_t region;
    SimComponent id;
    Role role, role_before; /* role_before: what a promotion began from */
    DatabaseLinks link;
    RandomStream commit_draws, mark_draws;
    Outbox *outbox; /* NULL: nobody relays */
    SimLink *to_relay;
    Database *peer; /* the other region's */

    /* the stream, on the source's side */
    bool feeds;           /* the peer is its standby, so the log is kept for it */
    GArray *unreplicated; /* Entry; [first, len) are live */
    guint first;
    uint64_t first_position; /* of unreplicated[first] */
    size_t applied_ahead;    /* live entries that are applied; their elders are not */
    GArray *waiters;         /* Waiter, by position; [first_waiter, len) */
    guint first_waiter;
    uint64_t confirmed; /* writers before it are answered; >= first_position */
    GArray *unflushed;  /* Unflushed, in order */
    bool flush_planned;
    SimTime flush_phase;
    SimTime replay_until; /* the standby will have applied what is committed and under way */
    GQueue throttled;     /* SimEvent*: writes that wait for the bound; each holds its payment */
    bool connected;
    bool confirms;   /* sync: the standby has caught up, so that writers wait for it */
    bool superseded; /* the standby was promoted away from it */
    Handover handover;
    uint64_t handover_step;
    SimTime handover_duration;
    uint32_t epoch; /* raised at each (re)connection: what an older one carried is void */
    SimTime departed, run_lag, wire_time;
    SimLane lane, received_lane;
    RandomStream ship_draws, lag_draws, state_draws, spike_draws;
    bool spike, state_known; /* lag_varies: state */
    SimTime state_until;
    SimTime reconnected_at, snapshot_phase;
    SimTime connected_since; /* 0: from the start */
    GArray *last_commit;     /* multi-write: uint64_t by user, position + 1 in the log; 0: none */

    /* on the standby's side */
    uint64_t
        in_memory; /* received and confirmed below this, and not flushed when the stream broke */
    SimTime applied_until; /* what it has is applied by then */
    SimTime lost_sight_at; /* of the peer; SIM_NEVER: they see each other */
    SimTime listens_at;    /* from here on applications find it */
    RandomStream listener_draws;
    SimEvent grace_command; /* waits for the grace period */
    bool in_grace;
    Await await;
    uint64_t seeding; /* number of the seeding under way: the end of an older one is void */
    SimTime seeding_since;

    DatabaseFacts facts;
    SimTime lag_sum, sync_wait_sum;
    uint64_t lag_count;
    uint64_t class_key; /* which payments wait for the standby (sync_share) */
};

/* ---- the stream ---- */

size_t database_backlog(const Database *db);
/* Commits that the standby does not have. */
size_t database_unreplicated(const Database *db);
const Entry *database_entry(const Database *db, uint64_t position);
/* Appends to the log what was just committed, not applied yet; takes a hold of its own. */
void database_append(Database *db, Entry entry);
/* Multi-write: the user pays here, while the other region has a commit of theirs on its way. */
void database_note_account(Database *db, PaymentRef payment);
/* Both databases and both directions between them are up. */
bool database_reachable(const Database *db);
/* Begin to ship, if `db` is a source and its peer a standby; notice that the peer is none. */
void database_connect_stream(Database *db);
void database_disconnect_stream(Database *db);
/* Keep no log for the peer any more. abandoned: it was promoted without what is in it. */
/* The peer gets all that it has not. */
void database_harden_all(Database *db);
void database_stop_feeding(Database *db, bool abandoned);
void database_drop_waiters(Database *db);
/* mode backup: the next snapshot, by the clock; or one now. */
void database_plan_snapshot(Database *db);
void database_take_snapshot(Database *db);
void database_on_apply(Sim *sim, void *self, const SimEvent *event);
/* What the standby has received becomes safe: it is promoted, or flushes by itself. */
void database_flush_received(Database *standby);
void database_on_flushed(Sim *sim, void *self, const SimEvent *event);
void database_on_received(Sim *sim, void *self, const SimEvent *event);
void database_on_replayed(Sim *sim, void *self, const SimEvent *event);
void database_on_snapshot(Sim *sim, void *self, const SimEvent *event);
void database_on_copied(Sim *sim, void *self, const SimEvent *event);

/* ---- orphans ---- */

/* A row is found here, and in no database that counts. */
void database_orphan(Database *db, PaymentRef payment, bool keyed);
/* All that were found at once; what the counts were before. */
void database_tell_orphans(const Database *db, const DatabaseFacts *before);

/* ---- writes ---- */

/* A row that is no user's write: merged from the other database. */
void database_adopt(Database *db, PaymentRef payment, bool keyed);

void database_answer(Database *db, PaymentRef payment, uint32_t request, Status status);

/* Everything committed goes to disk now. */
void database_flush(Database *db);
void database_lose_unflushed(Database *db);
void database_release_throttled(Database *db);
void database_drop_throttled(Database *db);
void database_on_write(Sim *sim, void *self, const SimEvent *event);
void database_on_commit(Sim *sim, void *self, const SimEvent *event);
void database_on_flush(Sim *sim, void *self, const SimEvent *event);

/* ---- roles ---- */

/* The standby has just got something, or everything. */
void database_advanced(Database *source);
/* The stream has just broken. */
void database_interrupted(Database *source);
void database_on_role(Sim *sim, void *self, const SimEvent *event);
void database_on_ask(Sim *sim, void *self, const SimEvent *event);
void database_on_command(Sim *sim, void *self, const SimEvent *event);
void database_on_promoted(Sim *sim, void *self, const SimEvent *event);
void database_on_demote(Sim *sim, void *self, const SimEvent *event);
void database_on_demoted(Sim *sim, void *self, const SimEvent *event);
void database_on_awaited(Sim *sim, void *self, const SimEvent *event);
void database_on_seeded(Sim *sim, void *self, const SimEvent *event);
void database_on_restored(Sim *sim, void *self, const SimEvent *event);
void database_on_grace(Sim *sim, void *self, const SimEvent *event);
void database_on_link(Sim *sim, void *self, const SimEvent *event);
void database_on_down(Sim *sim, void *self);
void database_on_up(Sim *sim, void *self);

#endif
