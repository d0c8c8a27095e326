/* The log stream from the primary to its standby. */
#include "models/database_parts.h"
#include "sim/check.h"

size_t database_backlog(const Database *db)
{
    return db->unreplicated->len - db->first;
}

size_t database_unreplicated(const Database *db)
{
    return database_backlog(db) - db->applied_ahead;
}

static Entry *entry_at(const Database *db, uint64_t position)
{
    return &g_array_index(db->unreplicated, Entry, db->first + (position - db->first_position));
}

const Entry *database_entry(const Database *db, uint64_t position)
{
    return entry_at(db, position);
}

static SimTime draw_lag(Database *db)
{
    const DatabaseConfig *config = db->config;
    if (config->replication == REPLICATION_SYNC)
        return dist_draw(config->sync_time, &db->lag_draws);
    return config->lag_vary == 0 ? db->run_lag : dist_draw(config->lag, &db->lag_draws);
}

static void ship(Database *db, uint64_t position)
{
    World *world = db->world;
    const DatabaseConfig *config = db->config;
    SimTime now = sim_now(world->sim);
    Entry *entry = entry_at(db, position);
    db->departed = MAX(db->departed, now) + dist_draw(config->ship_time, &db->ship_draws);
    db->departed = MIN(db->departed, now + SIM_TIME_LONGEST); /* no sum may leave the clock */
    SimTime lag = draw_lag(db);
    lag += sim_link_lateness(db->link.wan, lag);
    SimEvent apply = {.component = db->peer->id,
                      .kind = DB_APPLY,
                      .subject = entry->payment,
                      .value = (int64_t)position,
                      .extra = db->epoch};
    if (config->order == 0)
        sim_lane_push(world->sim, db->lane, db->departed + lag, SIM_PHASE_MESSAGE, apply);
    else
        sim_at(world->sim, db->departed + lag, SIM_PHASE_MESSAGE, apply);
}

static void forget_front(Database *db)
{
    const Entry *entry = &g_array_index(db->unreplicated, Entry, db->first);
    if (entry->payment != PAYMENT_NONE)
        ledger_release(db->world->ledger, entry->payment);
    db->applied_ahead -= entry->applied;
    db->first++;
    db->first_position++;
    /* Move down now and then: amortised constant time, memory within twice what is live. */
    if (db->first > 64 && db->first > db->unreplicated->len / 2) {
        g_array_remove_range(db->unreplicated, 0, db->first);
        db->first = 0;
    }
}

/* Answer those whose record has left the backlog. */
static void wake_waiters(Database *db, bool hardened)
{
    while (db->first_waiter < db->waiters->len) {
        Waiter *waiter = &g_array_index(db->waiters, Waiter, db->first_waiter);
        if (waiter->position >= db->first_position)
            break;
        database_answer(db, waiter->payment, waiter->request,
                        hardened ? waiter->status : STATUS_ERROR);
        db->first_waiter++;
    }
    if (db->first_waiter == db->waiters->len) {
        g_array_set_size(db->waiters, 0);
        db->first_waiter = 0;
    }
}

void database_drop_waiters(Database *db)
{
    for (guint i = db->first_waiter; i < db->waiters->len; i++)
        ledger_release(db->world->ledger, g_array_index(db->waiters, Waiter, i).payment);
    g_array_set_size(db->waiters, 0);
    db->first_waiter = 0;
}

/* The row is here, and here alone. */
static void orphan(Database *db, const Entry *entry)
{
    if (entry->applied || entry->payment == PAYMENT_NONE)
        return;
    World *world = db->world;
    ledger_row_orphaned(world->ledger, entry->payment);
    db->facts.orphaned++;
    story_payment(world->story, world->ledger, entry->payment, sim_now(world->sim),
                  "its row is found in the old primary in %s, and nowhere else",
                  world->region_name[db->region]);
}

/* Who still waits for the standby (sync) gets an error: nobody will confirm it. */
void database_stop_feeding(Database *db, bool abandoned)
{
    uint64_t orphans = db->facts.orphaned;
    database_disconnect_stream(db);
    db->feeds = false;
    db->superseded = abandoned;
    while (database_backlog(db) > 0) {
        if (abandoned)
            orphan(db, entry_at(db, db->first_position));
        forget_front(db);
    }
    wake_waiters(db, false);
    if (db->facts.orphaned > orphans)
        story_platform(db->world->story, sim_now(db->world->sim),
                       "%" G_GUINT64_FORMAT " commits reappear in %s that the new primary never "
                       "got: they are kept aside",
                       db->facts.orphaned - orphans, db->world->region_name[db->region]);
}

static bool link_up(const Database *db)
{
    return sim_is_up(db->world->sim, sim_link_component(db->link.wan));
}

bool database_reachable(const Database *db)
{
    const Sim *sim = db->world->sim;
    return sim_is_up(sim, db->id) && sim_is_up(sim, db->peer->id) && link_up(db) &&
           link_up(db->peer);
}

/* Primaries ship; those that may write no more ship what they have. */
static bool is_source(const Database *db)
{
    return db->role == ROLE_PRIMARY || db->role == ROLE_FENCED || db->role == ROLE_DRAINING;
}

/* The peer gave its role by itself: it has everything, and follows from now on. */
static void let_follow(Database *db)
{
    Database *peer = db->peer;
    if (peer->role != ROLE_FENCED || peer->handover != HANDOVER_GIVEN || db->role != ROLE_PRIMARY)
        return;
    peer->handover = HANDOVER_NONE;
    peer->role = ROLE_STANDBY;
}

void database_connect_stream(Database *db)
{
    if (!db->feeds || !is_source(db) || db->connected || !database_reachable(db))
        return;
    let_follow(db);
    if (db->peer->role != ROLE_STANDBY) {
        if (db->peer->role == ROLE_PRIMARY)
            database_stop_feeding(db, true);
        return;
    }
    if (db->config->replication == REPLICATION_NONE)
        return;
    db->connected = true;
    db->epoch++;
    db->departed = db->reconnected_at = sim_now(db->world->sim);
    for (uint64_t i = 0; i < database_backlog(db); i++)
        if (!entry_at(db, db->first_position + i)->applied)
            ship(db, db->first_position + i);
    database_advanced(db);
}

void database_disconnect_stream(Database *db)
{
    if (!db->connected)
        return;
    db->facts.cut_at = sim_now(db->world->sim);
    db->connected = false;
    db->epoch++;
    sim_lane_clear(db->world->sim, db->lane);
    database_interrupted(db);
}

static void apply(Database *standby, const Entry *entry)
{
    World *world = standby->world;
    SimTime now = sim_now(world->sim);
    if (entry->payment == PAYMENT_NONE) {
        outbox_mark(standby->outbox, entry->outbox);
        return;
    }
    ledger_row(world->ledger, entry->payment, standby->region, now);
    if (standby->outbox)
        outbox_put(standby->outbox, entry->outbox, entry->payment, entry->committed_at);
    story_payment(world->story, world->ledger, entry->payment, now,
                  "its row reaches the standby database in %s, %.0f ms after the commit",
                  world->region_name[standby->region], (double)(now - entry->committed_at) / 1e6);
}

/* On the standby: one record has arrived and is hardened. */
void database_on_apply(Sim *sim, void *self, const SimEvent *event)
{
    Database *standby = self;
    Database *db = standby->peer;
    if (!db->feeds || event->extra != db->epoch || !db->connected)
        return;
    uint64_t position = (uint64_t)event->value;
    Entry *entry = entry_at(db, position);
    SimTime now = sim_now(sim);
    entry->applied = true;
    db->applied_ahead++;
    apply(standby, entry);
    db->lag_sum += now - entry->committed_at;
    db->lag_count++;
    while (database_backlog(db) > 0 && entry_at(db, db->first_position)->applied)
        forget_front(db);
    wake_waiters(db, true);
    if (database_backlog(db) == 0 && db->reconnected_at > 0) {
        db->facts.catchup_seconds = sim_seconds(now - db->reconnected_at);
        db->reconnected_at = 0;
    }
    database_advanced(db);
}

void database_append(Database *db, PaymentRef payment, uint64_t outbox)
{
    Entry entry = {.payment = payment, .committed_at = sim_now(db->world->sim), .outbox = outbox};
    if (payment != PAYMENT_NONE)
        ledger_hold(db->world->ledger, payment);
    g_array_append_val(db->unreplicated, entry);
    db->facts.backlog_max = MAX(db->facts.backlog_max, database_unreplicated(db));
    if (db->connected)
        ship(db, db->first_position + database_backlog(db) - 1);
}
