/* What the database's files share: its records, and who calls whom. Nobody else includes this.
 *
 *   database.c          making, writes, the relay's questions
 *   database_stream.c   the log stream from the primary to its standby
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
    ROLE_EMPTY     /* no usable copy */
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
    DB_KINDS
};

/* A commit that the standby has not hardened yet, or that waits for such a one before it. Holds
 * its payment; a relay's mark is about none. */
typedef struct Entry {
    PaymentRef payment; /* PAYMENT_NONE: a mark */
    SimTime committed_at;
    uint64_t outbox; /* the row's position there; of a mark: what it says */
    bool applied;    /* unordered streams only: applied before its elders */
} Entry;

/* A writer that waits for position `position` to be hardened (sync). Holds its payment. */
typedef struct Waiter {
    uint64_t position;
    PaymentRef payment;
    uint32_t request;
    Status status;
} Waiter;

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
    bool connected;
    bool confirms;   /* sync: the standby has caught up, so that writers wait for it */
    bool superseded; /* the standby was promoted away from it */
    Handover handover;
    uint64_t handover_step;
    SimTime handover_duration;
    uint32_t epoch; /* raised at each (re)connection: what an older one carried is void */
    SimTime departed, run_lag;
    SimLane lane;
    RandomStream ship_draws, lag_draws;
    SimTime reconnected_at;

    /* on the standby's side */
    Await await;
    uint64_t seeding; /* number of the seeding under way: the end of an older one is void */
    SimTime seeding_since;

    DatabaseFacts facts;
    SimTime lag_sum;
    uint64_t lag_count;
};

/* ---- the stream ---- */

size_t database_backlog(const Database *db);
/* Commits that the standby does not have. */
size_t database_unreplicated(const Database *db);
const Entry *database_entry(const Database *db, uint64_t position);
/* Appends to the log what was just committed; `outbox` as in Entry. */
void database_append(Database *db, PaymentRef payment, uint64_t outbox);
/* Both databases and both directions between them are up. */
bool database_reachable(const Database *db);
/* Begin to ship, if `db` is a source and its peer a standby; notice that the peer is none. */
void database_connect_stream(Database *db);
void database_disconnect_stream(Database *db);
/* Keep no log for the peer any more. abandoned: it was promoted without what is in it. */
void database_stop_feeding(Database *db, bool abandoned);
void database_drop_waiters(Database *db);
void database_on_apply(Sim *sim, void *self, const SimEvent *event);

/* ---- writes ---- */

void database_answer(Database *db, PaymentRef payment, uint32_t request, Status status);

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
void database_on_link(Sim *sim, void *self, const SimEvent *event);
void database_on_down(Sim *sim, void *self);
void database_on_up(Sim *sim, void *self);

#endif
