/* Which database is what: commands, the control plane, the switchover, and faults. */
#include "models/database_parts.h"
#include "sim/check.h"

static const SimTime ASK_AGAIN_AFTER = 5 * SIM_SEC; /* a control plane that does not answer */

static const char *place(const Database *db)
{
    return db->world->region_name[db->region];
}

#define TELL(db, ...) story_platform((db)->world->story, sim_now((db)->world->sim), __VA_ARGS__)

static void done(Database *db, uint64_t step)
{
    sim_link_send(db->link.to_failover, (SimEvent){.kind = MSG_DONE, .subject = step});
}

/* For certain it will not be done, as things are. */
static void refused(Database *db, uint64_t step)
{
    sim_link_send(db->link.to_failover, (SimEvent){.kind = MSG_DONE, .subject = step, .value = 1});
}

/* ---- the control plane ---- */

static void fence(Database *db)
{
    database_flush(db);
    db->role = ROLE_FENCED;
    database_release_throttled(db);
    TELL(db, "the old primary database in %s is fenced", place(db));
    database_connect_stream(db);
}

static void resume_primary(Database *db)
{
    db->role = ROLE_PRIMARY;
    TELL(db, "the database in %s is back and takes itself for the primary", place(db));
    database_connect_stream(db);
    database_connect_stream(db->peer); /* it may not know yet */
}

/* The control plane says whether this region's database may write. */
void database_on_role(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    bool writes =
        db->role == ROLE_PRIMARY || db->role == ROLE_RECOVERING || db->role == ROLE_DRAINING;
    if (event->value == 0 && writes)
        fence(db);
    else if (event->value == 1 && db->role == ROLE_RECOVERING)
        resume_primary(db);
}

static void ask_control(Database *db)
{
    sim_link_send(db->link.to_control,
                  (SimEvent){.kind = MSG_ROLE_QUERY, .subject = db->region, .sender = db->id});
    sim_after(db->world->sim, ASK_AGAIN_AFTER, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = db->id, .kind = DB_ASK});
}

void database_on_ask(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Database *db = self;
    if (db->role == ROLE_RECOVERING)
        ask_control(db);
}

/* ---- promotion ---- */

static void begin_promotion(Database *db, uint64_t step, SimTime duration)
{
    SimTime now = sim_now(db->world->sim);
    db->role_before = db->role;
    db->role = ROLE_PROMOTING;
    db->handover = HANDOVER_NONE;
    db->in_grace = false;
    if (db->role_before == ROLE_STANDBY) { /* the receiver stops when the promotion starts */
        Database *old = db->peer;
        database_disconnect_stream(old);
        database_flush_received(db);
        if (old->feeds && db->config->replication == REPLICATION_NONE)
            old->facts.cut_at = MIN(old->facts.cut_at, MIN(db->lost_sight_at, now));
    }
    SimTime replay = MAX(db->applied_until - now, 0); /* what it has received */
    sim_after(db->world->sim, duration + replay, SIM_PHASE_MESSAGE,
              (SimEvent){.component = db->id, .kind = DB_PROMOTED, .subject = step});
}

/* A planned switchover: the primary gives its role, if it can be reached. Else nothing happens, and
 * the controller asks again. */
static void ask_for_handover(Database *db, const SimEvent *command)
{
    if (db->role != ROLE_STANDBY || !db->peer->connected || !database_reachable(db)) {
        TELL(db, "the database in %s refuses a planned switchover: the primary cannot be reached",
             place(db));
        refused(db, command->subject);
        return;
    }
    sim_link_send(db->link.wan, (SimEvent){.component = db->peer->id,
                                           .kind = DB_DEMOTE,
                                           .subject = command->subject,
                                           .value = command->value});
}

/* A provider that decides by itself waits, lest a short outage cost data. */
static bool in_grace(Database *db, const SimEvent *command)
{
    const DatabaseConfig *config = db->config;
    SimTime now = sim_now(db->world->sim);
    if (config->policy != POLICY_SERVICE_MANAGED)
        return false;
    if (db->lost_sight_at == SIM_NEVER) {
        TELL(db, "the service sees the primary of %s: it forces no failover", place(db));
        return true;
    }
    SimTime over = db->lost_sight_at + config->grace_period;
    if (now >= over)
        return false;
    if (!db->in_grace) {
        TELL(db, "the service forces no failover to %s before its grace period is over", place(db));
        db->in_grace = true;
        db->grace_command = *command;
        sim_at(db->world->sim, over, SIM_PHASE_MESSAGE,
               (SimEvent){.component = db->id, .kind = DB_GRACE, .value = db->lost_sight_at});
    }
    return true;
}

void database_on_grace(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    if (!db->in_grace || db->lost_sight_at != event->value)
        return;
    db->in_grace = false;
    if (db->role == ROLE_STANDBY)
        begin_promotion(db, db->grace_command.subject, db->grace_command.value);
}

static void refuse_promotion(Database *db, const SimEvent *command)
{
    if (db->role != ROLE_EMPTY && db->role != ROLE_SEEDING)
        return; /* at it already, or about to be something else */
    TELL(db, "the database in %s cannot be promoted: it has no complete copy", place(db));
    refused(db, command->subject);
}

static void promote(Database *db, const SimEvent *command)
{
    if (db->role == ROLE_PRIMARY) {
        done(db, command->subject);
        return;
    }
    /* At it already, or in no state to: the controller asks again. A fenced primary can take its
     * role back: with all it has, and without what the other has written since. */
    bool can = db->role == ROLE_STANDBY || db->role == ROLE_FENCED;
    if (!can) {
        refuse_promotion(db, command);
        return;
    }
    bool planned = command_planned(command->extra) || db->config->policy == POLICY_PLANNED_ONLY;
    if (planned)
        ask_for_handover(db, command);
    else if (in_grace(db, command))
        refused(db, command->subject);
    else
        begin_promotion(db, command->subject, command->value);
}

static void give_if_drained(Database *db)
{
    if (db->handover == HANDOVER_NONE || database_backlog(db) > 0 || !database_reachable(db))
        return;
    if (db->handover == HANDOVER_DRAINING) {
        db->handover = HANDOVER_GIVEN;
        db->role = ROLE_FENCED;
        TELL(db, "the standby has everything that the database in %s has committed", place(db));
    }
    sim_link_send(db->link.wan, (SimEvent){.component = db->peer->id,
                                           .kind = DB_DEMOTED,
                                           .subject = db->handover_step,
                                           .value = db->handover_duration});
}

/* On the primary. A repeated command finds it at it, or done with it. */
void database_on_demote(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    if (!db->feeds || (db->role != ROLE_PRIMARY && db->role != ROLE_FENCED))
        return;
    if (db->handover == HANDOVER_NONE) {
        TELL(db, "the database in %s hands over: it takes no more writes", place(db));
        database_flush(db);
        db->handover = HANDOVER_DRAINING;
        if (db->role == ROLE_PRIMARY)
            db->role = ROLE_DRAINING;
        database_release_throttled(db);
        if (db->config->replication == REPLICATION_BACKUP)
            database_take_snapshot(db);
    }
    db->handover_step = event->subject;
    db->handover_duration = event->value;
    give_if_drained(db);
}

void database_on_demoted(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    if (db->role == ROLE_STANDBY)
        begin_promotion(db, event->subject, event->value);
}

/* It has not given its role yet, and cannot ship: it stays the primary. */
static void withdraw_handover(Database *db)
{
    if (db->handover != HANDOVER_DRAINING)
        return;
    db->handover = HANDOVER_NONE;
    if (db->role != ROLE_DRAINING)
        return;
    db->role = ROLE_PRIMARY;
    TELL(db, "the switchover fails: the database in %s is the primary still", place(db));
}

/* What the old primary had not shipped is given up, now or when it comes back. */
static void abandon(Database *old)
{
    if (database_unreplicated(old) > 0)
        old->facts.lost_at = old->facts.cut_at;
    TELL(old, "%zu commits of %s never arrived: they are lost to it", database_unreplicated(old),
         place(old));
    if (database_reachable(old))
        database_stop_feeding(old, true);
}

static void take_over(Database *db)
{
    Database *old = db->peer;
    if (db->outbox)
        outbox_rewind(db->outbox);
    if (old->handover == HANDOVER_GIVEN) {
        SIM_CHECK(database_backlog(old) == 0);
        database_stop_feeding(old, false);
        db->feeds = db->confirms = true;
    } else if (old->feeds) {
        abandon(old);
    }
}

void database_on_promoted(Sim *sim, void *self, const SimEvent *event)
{
    Database *db = self;
    db->role = ROLE_PRIMARY;
    db->superseded = false;
    ledger_promote_database(db->world->ledger, db->region);
    TELL(db, "the database in %s is promoted to primary", place(db));
    if (db->role_before == ROLE_STANDBY)
        take_over(db);
    SimTime ttl = db->config->listener_ttl;
    if (ttl > 0)
        db->listens_at =
            sim_now(sim) + (SimTime)(random_uniform(&db->listener_draws) * (double)ttl);
    database_connect_stream(db);
    done(db, event->subject);
}

/* ---- waiting for the standby ---- */

static void end_await(Database *db)
{
    Await *await = &db->await;
    const Database *source = db->peer;
    if (!await->pending || !await->ripe || !source->connected ||
        source->first_position < await->target)
        return;
    await->pending = false;
    done(db, await->step);
}

static void await_primary(Database *db, const SimEvent *command)
{
    if (db->role == ROLE_PRIMARY) {
        done(db, command->subject);
        return;
    }
    if (db->role != ROLE_STANDBY || (db->await.pending && db->await.step == command->subject))
        return;
    db->await = (Await){.pending = true,
                        .step = command->subject,
                        .target = db->peer->first_position + database_backlog(db->peer)};
    sim_after(db->world->sim, command->value, SIM_PHASE_MESSAGE,
              (SimEvent){.component = db->id, .kind = DB_AWAITED, .subject = command->subject});
}

void database_on_awaited(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    if (event->subject == db->await.step)
        db->await.ripe = true;
    end_await(db);
}

void database_advanced(Database *source)
{
    if (database_backlog(source) == 0 && source->connected)
        source->confirms = true;
    if (source->peer->await.pending)
        end_await(source->peer);
    if (source->handover == HANDOVER_DRAINING)
        give_if_drained(source);
    database_release_throttled(source);
}

void database_interrupted(Database *source)
{
    withdraw_handover(source);
}

/* ---- seeding ---- */

static SimTime seeding_time(const DatabaseConfig *config)
{
    return (SimTime)(config->size / config->seeding_rate * 3600e9);
}

static void seed(Database *db, const SimEvent *command)
{
    Database *source = db->peer;
    if (db->role == ROLE_STANDBY && source->feeds) { /* it has a copy, and follows */
        done(db, command->subject);
        return;
    }
    if (db->role == ROLE_SEEDING || db->role == ROLE_PROMOTING || db->handover)
        return; /* busy */
    if (source->role != ROLE_PRIMARY || !database_reachable(db)) {
        TELL(db, "the database in %s cannot be seeded: there is no primary to copy", place(db));
        refused(db, command->subject);
        return;
    }
    database_flush(db);
    database_flush(source);
    if (db->feeds)
        database_stop_feeding(db, true);
    if (source->feeds)
        database_stop_feeding(source, false);
    database_drop_waiters(db);
    db->role = ROLE_SEEDING;
    database_release_throttled(db);
    db->superseded = false;
    db->seeding_since = sim_now(db->world->sim);
    TELL(db, "the database in %s is overwritten with a copy of the one in %s", place(db),
         place(source));
    /* Nobody can use it before it is complete, so that it may have the rows from the beginning. */
    ledger_promote_database(db->world->ledger, source->region);
    ledger_copy_database(db->world->ledger, source->region, db->region);
    if (db->outbox)
        outbox_copy(db->outbox, source->outbox);
    source->feeds = true;
    source->superseded = source->confirms = false;
    sim_after(db->world->sim, command->value + seeding_time(db->config), SIM_PHASE_MESSAGE,
              (SimEvent){.component = db->id,
                         .kind = DB_SEEDED,
                         .subject = command->subject,
                         .value = (int64_t)++db->seeding});
}

void database_on_seeded(Sim *sim, void *self, const SimEvent *event)
{
    Database *db = self;
    if (db->role != ROLE_SEEDING || (uint64_t)event->value != db->seeding)
        return;
    db->role = ROLE_STANDBY;
    db->facts.seeded++;
    db->facts.seed_seconds = sim_seconds(sim_now(sim) - db->seeding_since);
    TELL(db, "the database in %s has its copy: it is the standby of %s", place(db),
         place(db->peer));
    database_connect_stream(db->peer);
    done(db, event->subject);
}

/* Half a copy is none. */
static void abort_seeding(Database *db)
{
    if (db->role != ROLE_SEEDING)
        return;
    db->role = ROLE_EMPTY;
    database_stop_feeding(db->peer, false);
    TELL(db, "the copy to the database in %s breaks off", place(db));
}

/* ---- backups ---- */

static void restore(Database *db, const SimEvent *command)
{
    const DatabaseConfig *config = db->config;
    if (db->role == ROLE_STANDBY || db->role == ROLE_PRIMARY) {
        done(db, command->subject);
        return;
    }
    if (db->role != ROLE_EMPTY || config->replication != REPLICATION_BACKUP || !db->peer->feeds)
        return;
    database_disconnect_stream(db->peer);
    db->role = ROLE_RESTORING;
    TELL(db, "the database in %s is restored from its last backup", place(db));
    sim_after(db->world->sim,
              command->value + (SimTime)(config->size / config->restore_rate * 3600e9),
              SIM_PHASE_MESSAGE,
              (SimEvent){.component = db->id, .kind = DB_RESTORED, .subject = command->subject});
}

void database_on_restored(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    db->role = ROLE_STANDBY;
    TELL(db, "the database in %s is restored, and may be promoted", place(db));
    database_connect_stream(db->peer);
    done(db, event->subject);
}

void database_on_command(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    switch ((Action)event->tag) {
    case ACTION_PROMOTE:
        promote(db, event);
        break;
    case ACTION_AWAIT_DATABASE:
        await_primary(db, event);
        break;
    case ACTION_SEED_DATABASE:
        seed(db, event);
        break;
    case ACTION_RESTORE_BACKUP:
        restore(db, event);
        break;
    default:
        SIM_CHECK(false);
    }
}

/* ---- faults ---- */

/* Since when the two do not see each other. */
static void look(Database *db)
{
    SimTime now = sim_now(db->world->sim);
    Database *both[] = {db, db->peer};
    for (size_t i = 0; i < G_N_ELEMENTS(both); i++) {
        if (database_reachable(db)) {
            both[i]->lost_sight_at = SIM_NEVER;
            both[i]->in_grace = false;
        } else if (both[i]->lost_sight_at == SIM_NEVER) {
            both[i]->lost_sight_at = now;
        }
    }
}

/* Of either direction between the two, as the end where it starts hears of it: a stream needs
 * both, one for its records and one for their confirmations. */
void database_on_link(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    Database *both[] = {db, db->peer};
    look(db);
    for (size_t i = 0; i < G_N_ELEMENTS(both); i++) {
        if (event->value) {
            database_connect_stream(both[i]);
        } else {
            database_disconnect_stream(both[i]);
            abort_seeding(both[i]);
        }
    }
}

/* A crash ends what it was at: a promotion begins anew, a switchover is off. */
static void crash(Database *db)
{
    switch (db->role) {
    case ROLE_STANDBY:
    case ROLE_PROMOTING:
        if (db->role == ROLE_PROMOTING)
            db->role = db->role_before;
        if (db->role == ROLE_STANDBY)
            database_disconnect_stream(db->peer);
        break;
    case ROLE_SEEDING:
        abort_seeding(db);
        break;
    case ROLE_RESTORING:
    case ROLE_EMPTY:
        db->role = ROLE_EMPTY;
        database_disconnect_stream(db->peer);
        break;
    default:
        abort_seeding(db->peer);
    }
    db->await.pending = false;
}

void database_on_down(Sim *sim, void *self)
{
    (void)sim;
    Database *db = self;
    look(db);
    if (db->config->multi_write)
        database_disconnect_stream(db->peer);
    db->in_memory = 0;
    crash(db);
    database_disconnect_stream(db);
    withdraw_handover(db);
    database_drop_waiters(db);
    database_drop_throttled(db);
    database_lose_unflushed(db);
    db->in_grace = false;
}

void database_on_up(Sim *sim, void *self)
{
    (void)sim;
    Database *db = self;
    look(db);
    if (db->config->multi_write) { /* nobody has taken its role */
        TELL(db, "the database in %s is back: the two send each other what is missing", place(db));
        database_connect_stream(db);
        database_connect_stream(db->peer);
        return;
    }
    if (db->role == ROLE_STANDBY || db->role == ROLE_FENCED || db->role == ROLE_EMPTY)
        database_connect_stream(db->peer);
    if (db->role == ROLE_FENCED)
        database_connect_stream(db);
    if (db->role == ROLE_PRIMARY)
        db->role = ROLE_RECOVERING;
    if (db->role == ROLE_RECOVERING)
        ask_control(db);
}
