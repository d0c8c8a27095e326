/* Writes: the local commit, what holds it back, and who is answered when. */
#include "models/database_parts.h"
#include "models/gray.h"

void database_answer(Database *db, PaymentRef payment, uint32_t request, Status status)
{
    sim_link_send(
        db->link.to_application,
        (SimEvent){.kind = MSG_WRITTEN, .subject = payment, .value = status, .extra = request});
}

static void refuse(Database *db, const SimEvent *write, const char *why)
{
    World *world = db->world;
    story_payment(world->story, world->ledger, write->subject, sim_now(world->sim), "%s %s",
                  world->region_name[db->region], why);
    database_answer(db, write->subject, write->extra, STATUS_REFUSED);
}

/* A standby that is slow to apply holds the primary's log back: each commit waits until its turn
 * to be applied is at most apply_lag_max away. */
static SimTime replay_throttle(Database *db, SimTime commits_at)
{
    const DatabaseConfig *config = db->config;
    if (config->apply_time == 0 || !db->connected)
        return 0;
    db->replay_until = MAX(db->replay_until, commits_at);
    SimTime wait = db->replay_until - commits_at - config->apply_lag_max;
    db->replay_until += config->apply_time;
    return MAX(wait, 0);
}

void database_on_write(Sim *sim, void *self, const SimEvent *event)
{
    Database *db = self;
    if (db->role != ROLE_PRIMARY) {
        story_payment(db->world->story, db->world->ledger, event->subject, sim_now(sim),
                      "the database in %s is read-only and refuses the write",
                      db->world->region_name[db->region]);
        database_answer(db, event->subject, event->extra, STATUS_REFUSED);
        return;
    }
    if (sim_now(sim) < db->listens_at) {
        refuse(db, event, "still has the old primary's address and is refused");
        return;
    }
    if (gray_error(db->world, db->id)) {
        story_payment(db->world->story, db->world->ledger, event->subject, sim_now(sim),
                      "the database in %s fails on the write", db->world->region_name[db->region]);
        database_answer(db, event->subject, event->extra, STATUS_ERROR);
        return;
    }
    SimEvent commit = *event;
    commit.component = db->id;
    commit.kind = DB_COMMIT;
    SimTime time =
        gray_time(db->world, db->id, dist_draw(db->config->commit_time, &db->commit_draws));
    SimTime throttle = replay_throttle(db, sim_now(sim) + time);
    db->facts.throttled += throttle > 0;
    sim_after(sim, time + throttle, SIM_PHASE_MESSAGE, commit);
}

/* ---- bounded staleness ---- */

static SimTime oldest_age(const Database *db)
{
    if (database_backlog(db) == 0)
        return 0;
    return sim_now(db->world->sim) - database_entry(db, db->first_position)->committed_at;
}

/* May no commit be added to what the standby does not have? */
static bool at_bound(const Database *db)
{
    const DatabaseConfig *config = db->config;
    return config->bounded && db->feeds && db->confirms &&
           (database_unreplicated(db) >= (size_t)config->max_records ||
            oldest_age(db) >= config->max_age);
}

/* ---- commits ---- */

static void put_row(Database *db, PaymentRef payment, SimTime committed_at, bool keyed)
{
    World *world = db->world;
    uint64_t row = db->outbox ? outbox_add(db->outbox, payment, sim_now(world->sim)) : 0;
    if (db->superseded)
        database_orphan(db, payment, keyed);
    if (!db->feeds)
        return;
    if (db->last_commit)
        database_note_account(db, payment);
    database_append(
        db,
        (Entry){.payment = payment, .committed_at = committed_at, .outbox = row, .keyed = keyed});
    db->facts.staleness = MAX(db->facts.staleness, oldest_age(db));
}

/* The WAL writer's rounds, at a phase of its own. */
static void plan_flush(Database *db)
{
    SimTime every = db->config->wal_writer_delay, now = sim_now(db->world->sim);
    SimTime next = now - (now - db->flush_phase) % every;
    db->flush_planned = true;
    sim_at(db->world->sim, next > now ? next : next + every, SIM_PHASE_MESSAGE,
           (SimEvent){.component = db->id, .kind = DB_FLUSH});
}

static void apply_row(Database *db, PaymentRef payment, bool keyed)
{
    World *world = db->world;
    SimTime now = sim_now(world->sim);
    ledger_row(world->ledger, payment, db->region, now);
    story_payment(world->story, world->ledger, payment, now, "committed in the database of %s",
                  world->region_name[db->region]);
    if (db->config->wal_writer_delay == 0) {
        put_row(db, payment, now, keyed);
        return;
    }
    Unflushed row = {payment, now, keyed};
    ledger_hold(world->ledger, payment);
    g_array_append_val(db->unflushed, row);
    if (!db->flush_planned)
        plan_flush(db);
}

/* On disk, in the log, and only now on its way to the standby. */
static void flush(Database *db, SimTime committed_by)
{
    guint done = 0;
    for (; done < db->unflushed->len; done++) {
        const Unflushed *row = &g_array_index(db->unflushed, Unflushed, done);
        if (row->committed_at > committed_by)
            break;
        put_row(db, row->payment, row->committed_at, row->keyed);
        ledger_release(db->world->ledger, row->payment);
    }
    g_array_remove_range(db->unflushed, 0, done);
}

void database_flush(Database *db)
{
    flush(db, SIM_NEVER);
}

void database_adopt(Database *db, PaymentRef payment, bool keyed)
{
    apply_row(db, payment, keyed);
    database_flush(db);
}

/* A row waits for a whole round at least: the writer leaves a page alone that is being filled. */
void database_on_flush(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Database *db = self;
    flush(db, sim_now(sim) - db->config->wal_writer_delay);
    db->flush_planned = false;
    if (db->unflushed->len > 0)
        plan_flush(db);
}

/* A crash: rows that were answered, and not on disk. */
void database_lose_unflushed(Database *db)
{
    World *world = db->world;
    for (guint i = 0; i < db->unflushed->len; i++) {
        PaymentRef payment = g_array_index(db->unflushed, Unflushed, i).payment;
        story_payment(world->story, world->ledger, payment, sim_now(world->sim),
                      "its row in %s was not on disk yet: the crash takes it",
                      world->region_name[db->region]);
        ledger_row_undone(world->ledger, payment, db->region);
        ledger_release(world->ledger, payment);
    }
    db->facts.undone += db->unflushed->len;
    g_array_set_size(db->unflushed, 0);
    db->flush_planned = false;
}

static bool row_exists(Database *db, PaymentRef payment)
{
    return ledger_get(db->world->ledger, payment)->rows[db->region] > 0;
}

/* Does this payment's transaction wait for the standby by itself? The same in every design. What it
 * waits for must be in the log. */
static bool asks_to_wait(Database *db, PaymentRef ref)
{
    double share = db->config->sync_share;
    if (G_LIKELY(share == 0) || db->config->replication != REPLICATION_ASYNC)
        return false;
    const Payment *payment = ledger_get(db->world->ledger, ref);
    uint64_t bits =
        random_mix(db->class_key ^ random_mix((uint64_t)payment->submitted_at) ^ payment->user);
    if ((double)(bits >> 11) * 0x1p-53 >= share)
        return false;
    database_flush(db);
    return true;
}

static void commit(Database *db, const SimEvent *write, bool exists)
{
    World *world = db->world;
    PaymentRef payment = write->subject;
    if (exists)
        story_payment(world->story, world->ledger, payment, sim_now(world->sim),
                      "the database in %s knows the idempotency key: applied before, not again",
                      world->region_name[db->region]);
    else
        apply_row(db, payment, write->tag);
    Status status = exists ? STATUS_ALREADY : STATUS_OK;
    bool sync = db->config->replication == REPLICATION_SYNC || asks_to_wait(db, payment);
    if (sync && db->superseded) { /* nobody confirms it any more: written here, and here alone */
        database_answer(db, payment, write->extra, STATUS_ERROR);
        return;
    }
    uint64_t end = db->first_position + database_backlog(db);
    if (sync && db->feeds && db->confirms && db->confirmed < end) {
        Waiter waiter = {end - 1, sim_now(world->sim), payment, write->extra, status};
        g_array_append_val(db->waiters, waiter);
        return;
    }
    database_answer(db, payment, write->extra, status);
}

void database_on_commit(Sim *sim, void *self, const SimEvent *event)
{
    Database *db = self;
    (void)sim;
    if (db->role != ROLE_PRIMARY) { /* fenced while it was being written */
        database_answer(db, event->subject, event->extra, STATUS_REFUSED);
        return;
    }
    bool exists = event->tag && row_exists(db, event->subject);
    if (!exists && (g_queue_get_length(&db->throttled) > 0 || at_bound(db))) {
        db->facts.throttled++;
        g_queue_push_tail(&db->throttled, g_memdup2(event, sizeof *event));
        return;
    }
    commit(db, event, exists);
}

/* Writers held back by the bound: there is room again, or they are refused. */
void database_release_throttled(Database *db)
{
    while (g_queue_get_length(&db->throttled) > 0 && (db->role != ROLE_PRIMARY || !at_bound(db))) {
        SimEvent *write = g_queue_pop_head(&db->throttled);
        if (db->role == ROLE_PRIMARY)
            commit(db, write, write->tag && row_exists(db, write->subject));
        else
            database_answer(db, write->subject, write->extra, STATUS_REFUSED);
        g_free(write);
    }
}

void database_drop_throttled(Database *db)
{
    for (SimEvent *write; (write = g_queue_pop_head(&db->throttled));) {
        ledger_release(db->world->ledger, write->subject);
        g_free(write);
    }
}
