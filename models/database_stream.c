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

/* ---- the lag ---- */

/* The two states take turns. It has run for fifty turns and a bit when the run begins, so that its
 * phase is nobody's choice. */
static void enter_state(Database *db, bool spike, SimTime at)
{
    const DatabaseConfig *config = db->config;
    SimTime lasts = dist_draw(spike ? config->spike_for : config->calm_for, &db->state_draws);
    db->spike = spike;
    db->state_until = at + MAX(lasts, SIM_MS); /* however it is drawn, time goes on */
    db->run_lag = dist_draw(spike ? config->lag_spike : config->lag, &db->spike_draws);
}

static SimTime state_lag(Database *db)
{
    SimTime now = sim_now(db->world->sim);
    if (!db->state_known) {
        const DatabaseConfig *config = db->config;
        double turn = dist_mean(config->calm_for) + dist_mean(config->spike_for);
        double before = turn * (50 + random_uniform(&db->state_draws));
        db->state_known = true;
        enter_state(db, false, -(SimTime)(MIN(before, 1e9) * 1e9));
    }
    while (db->state_until <= now)
        enter_state(db, !db->spike, db->state_until);
    return db->run_lag;
}

static SimTime draw_lag(Database *db)
{
    const DatabaseConfig *config = db->config;
    if (config->replication == REPLICATION_SYNC)
        return dist_draw(config->sync_time, &db->lag_draws);
    switch ((DatabaseLagVaries)config->lag_vary) {
    case LAG_BY_RECORD:
        return dist_draw(config->lag, &db->lag_draws);
    case LAG_BY_STATE:
        return state_lag(db);
    default:
        return db->run_lag;
    }
}

/* ---- shipping ---- */

static bool confirms_early(const Database *db)
{
    return db->config->replication == REPLICATION_SYNC && db->config->confirm == CONFIRM_RECEIVED &&
           db->config->order == 0;
}

static void ship(Database *db, uint64_t position)
{
    Sim *sim = db->world->sim;
    const DatabaseConfig *config = db->config;
    SimTime now = sim_now(sim);
    db->departed =
        MAX(db->departed, now) + dist_draw(config->ship_time, &db->ship_draws) + db->wire_time;
    db->departed = MIN(db->departed, now + SIM_TIME_LONGEST); /* no sum may leave the clock */
    SimTime lag = draw_lag(db);
    SimTime arrives = db->departed + lag + sim_link_lateness(db->link.wan, lag);
    SimEvent apply = {.component = db->peer->id,
                      .kind = DB_APPLY,
                      .subject = entry_at(db, position)->payment,
                      .value = (int64_t)position,
                      .extra = db->epoch};
    if (confirms_early(db)) {
        SimEvent received = apply;
        received.kind = DB_RECEIVED;
        sim_lane_push(sim, db->received_lane, arrives, SIM_PHASE_MESSAGE, received);
        arrives += config->flush_time;
    }
    if (config->order == 0)
        sim_lane_push(sim, db->lane, arrives, SIM_PHASE_MESSAGE, apply);
    else
        sim_at(sim, arrives, SIM_PHASE_MESSAGE, apply);
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

static void note_wait(Database *db, const Waiter *waiter)
{
    db->facts.synced++;
    db->sync_wait_sum += sim_now(db->world->sim) - waiter->since;
    ledger_synced(db->world->ledger, waiter->payment);
}

/* Answer those whose record is confirmed. */
static void wake_waiters(Database *db, bool confirmed)
{
    while (db->first_waiter < db->waiters->len) {
        Waiter *waiter = &g_array_index(db->waiters, Waiter, db->first_waiter);
        if (waiter->position >= db->confirmed)
            break;
        if (confirmed)
            note_wait(db, waiter);
        database_answer(db, waiter->payment, waiter->request,
                        confirmed ? waiter->status : STATUS_ERROR);
        db->first_waiter++;
    }
    if (db->first_waiter == db->waiters->len) {
        g_array_set_size(db->waiters, 0);
        db->first_waiter = 0;
    }
}

static void confirm(Database *db, uint64_t position)
{
    db->confirmed = MAX(db->confirmed, position);
    wake_waiters(db, true);
}

void database_drop_waiters(Database *db)
{
    for (guint i = db->first_waiter; i < db->waiters->len; i++)
        ledger_release(db->world->ledger, g_array_index(db->waiters, Waiter, i).payment);
    g_array_set_size(db->waiters, 0);
    db->first_waiter = 0;
}

/* Who still waits for the standby (sync) gets an error: nobody will confirm it. */
void database_stop_feeding(Database *db, bool abandoned)
{
    const DatabaseFacts before = db->facts;
    database_disconnect_stream(db);
    db->feeds = false;
    db->superseded = abandoned;
    while (database_backlog(db) > 0) {
        const Entry *entry = entry_at(db, db->first_position);
        if (abandoned && !entry->applied && entry->payment != PAYMENT_NONE)
            database_orphan(db, entry->payment, entry->keyed);
        forget_front(db);
    }
    db->confirmed = db->first_position;
    wake_waiters(db, false);
    database_release_throttled(db);
    database_tell_orphans(db, &before);
}

/* ---- multi-write ---- */

static uint64_t *last_commit(Database *db, uint32_t user)
{
    if (user >= db->last_commit->len)
        g_array_set_size(db->last_commit, user + 1);
    return &g_array_index(db->last_commit, uint64_t, user);
}

/* Is the commit behind `end` (0: none) still on its way? */
static bool under_way(const Database *db, uint64_t end)
{
    return end > db->first_position && !database_entry(db, end - 1)->applied;
}

void database_note_account(Database *db, PaymentRef ref)
{
    Payment *payment = ledger_get(db->world->ledger, ref);
    uint64_t theirs = *last_commit(db->peer, payment->user);
    if (under_way(db->peer, theirs) && database_entry(db->peer, theirs - 1)->payment != ref)
        db->facts.account_conflicts += payment->counted;
    payment->written |= (uint8_t)(1u << db->region);
    *last_commit(db, payment->user) = db->first_position + database_backlog(db) + 1;
}

/* A row of the payment arrives. If it was written here as well, before either side heard of the
 * other: are the two one row? */
static bool merges(Database *db, const Entry *entry)
{
    World *world = db->world;
    Payment *payment = ledger_get(world->ledger, entry->payment);
    if (payment->written != (1u << REGIONS) - 1)
        return false;
    db->facts.payment_conflicts += !payment->conflict && payment->counted;
    payment->conflict = true;
    story_payment(world->story, world->ledger, entry->payment, sim_now(world->sim),
                  "its rows from both regions meet in %s: %s", world->region_name[db->region],
                  entry->keyed ? "one key, one row" : "applied twice");
    return entry->keyed;
}

static void apply(Database *standby, const Entry *entry)
{
    World *world = standby->world;
    SimTime now = sim_now(world->sim);
    if (entry->payment == PAYMENT_NONE) {
        outbox_mark(standby->outbox, entry->outbox);
        return;
    }
    if (standby->config->multi_write && merges(standby, entry))
        return;
    ledger_row(world->ledger, entry->payment, standby->region, now);
    if (standby->outbox && !standby->config->multi_write)
        outbox_put(standby->outbox, entry->outbox, entry->payment, entry->committed_at);
    story_payment(world->story, world->ledger, entry->payment, now,
                  "its row reaches the standby database in %s, %.0f ms after the commit",
                  world->region_name[standby->region], (double)(now - entry->committed_at) / 1e6);
}

/* The standby has it. The caller forgets what is done. */
static void harden(Database *db, Entry *entry)
{
    SimTime now = sim_now(db->world->sim);
    entry->applied = true;
    db->applied_ahead++;
    apply(db->peer, entry);
    db->lag_sum += now - entry->committed_at;
    db->lag_count++;
    db->facts.returned += entry->committed_at < db->connected_since;
}

static void forget_applied(Database *db)
{
    while (database_backlog(db) > 0 && entry_at(db, db->first_position)->applied)
        forget_front(db);
}

/* All at once, up to a position. */
static void harden_before(Database *db, uint64_t position)
{
    for (uint64_t p = db->first_position; p < position; p++)
        if (!entry_at(db, p)->applied)
            harden(db, entry_at(db, p));
    forget_applied(db);
    db->confirmed = MAX(db->confirmed, db->first_position);
}

void database_harden_all(Database *db)
{
    harden_before(db, db->first_position + database_backlog(db));
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
    bool backup = db->config->replication == REPLICATION_BACKUP;
    Role wanted = db->config->multi_write ? ROLE_PRIMARY : ROLE_STANDBY;
    if (db->peer->role != wanted && !(backup && db->peer->role == ROLE_EMPTY)) {
        if (db->peer->role == ROLE_PRIMARY)
            database_stop_feeding(db, true);
        return;
    }
    if (db->config->replication == REPLICATION_NONE)
        return;
    db->connected = true;
    db->epoch++;
    db->peer->in_memory = 0;
    db->departed = db->reconnected_at = db->connected_since = sim_now(db->world->sim);
    confirm(db, db->first_position);
    if (backup)
        database_plan_snapshot(db);
    for (uint64_t i = 0; !backup && i < database_backlog(db); i++)
        if (!entry_at(db, db->first_position + i)->applied)
            ship(db, db->first_position + i);
    database_advanced(db);
}

void database_disconnect_stream(Database *db)
{
    if (!db->connected)
        return;
    if (db->handover != HANDOVER_GIVEN) /* which loses nothing */
        db->facts.cut_at = sim_now(db->world->sim);
    db->connected = false;
    db->epoch++;
    sim_lane_clear(db->world->sim, db->lane);
    sim_lane_clear(db->world->sim, db->received_lane);
    /* Received and confirmed, not flushed: a standby that stays up flushes it by itself. */
    if (confirms_early(db) && sim_is_up(db->world->sim, db->peer->id)) {
        db->peer->in_memory = db->confirmed;
        sim_after(db->world->sim, db->config->flush_time, SIM_PHASE_MESSAGE,
                  (SimEvent){.component = db->peer->id, .kind = DB_FLUSHED, .extra = db->epoch});
    }
    database_interrupted(db);
}

void database_flush_received(Database *standby)
{
    if (standby->peer->feeds)
        harden_before(standby->peer, standby->in_memory);
    standby->in_memory = 0;
}

void database_on_flushed(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *standby = self;
    if (event->extra == standby->peer->epoch && !standby->peer->connected)
        database_flush_received(standby);
}

static void on_caught_up(Database *db)
{
    if (database_backlog(db) > 0 || db->reconnected_at == 0)
        return;
    db->facts.catchup_seconds = sim_seconds(sim_now(db->world->sim) - db->reconnected_at);
    db->reconnected_at = 0;
}

/* Does the stream that this event belongs to flow still? */
static bool flows(const Database *db, const SimEvent *event)
{
    return db->feeds && event->extra == db->epoch && db->connected;
}

/* The standby applies what it has, one record after the other. */
static void replay(Database *standby, Database *db, uint64_t position)
{
    const DatabaseConfig *config = db->config;
    bool waits = config->replication == REPLICATION_SYNC && config->confirm == CONFIRM_APPLIED;
    if (config->apply_time > 0) {
        SimTime now = sim_now(db->world->sim);
        standby->applied_until = MAX(standby->applied_until, now) + config->apply_time;
    }
    if (waits && config->apply_time > 0)
        sim_at(db->world->sim, standby->applied_until, SIM_PHASE_MESSAGE,
               (SimEvent){.component = standby->id,
                          .kind = DB_REPLAYED,
                          .value = (int64_t)position,
                          .extra = db->epoch});
    else
        confirm(db, position);
}

/* On the standby: one record has arrived and is hardened. */
void database_on_apply(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *standby = self;
    Database *db = standby->peer;
    if (!flows(db, event))
        return;
    harden(db, entry_at(db, (uint64_t)event->value));
    forget_applied(db);
    replay(standby, db, db->first_position);
    on_caught_up(db);
    database_advanced(db);
}

void database_on_received(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = ((Database *)self)->peer;
    if (flows(db, event))
        confirm(db, (uint64_t)event->value + 1);
}

void database_on_replayed(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = ((Database *)self)->peer;
    if (flows(db, event))
        confirm(db, (uint64_t)event->value);
}

/* ---- backups ---- */

void database_plan_snapshot(Database *db)
{
    SimTime every = db->config->backup_interval, now = sim_now(db->world->sim);
    SimTime next = now - (now - db->snapshot_phase) % every;
    sim_at(db->world->sim, next > now ? next : next + every, SIM_PHASE_MESSAGE,
           (SimEvent){.component = db->id, .kind = DB_SNAPSHOT, .extra = db->epoch});
}

void database_take_snapshot(Database *db)
{
    uint64_t end = db->first_position + database_backlog(db);
    sim_after(
        db->world->sim, dist_draw(db->config->backup_copy_time, &db->lag_draws), SIM_PHASE_MESSAGE,
        (SimEvent){
            .component = db->id, .kind = DB_COPIED, .value = (int64_t)end, .extra = db->epoch});
}

void database_on_snapshot(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    if (!flows(db, event))
        return;
    database_take_snapshot(db);
    database_plan_snapshot(db);
}

void database_on_copied(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    if (!flows(db, event))
        return;
    harden_before(db, (uint64_t)event->value);
    on_caught_up(db);
    database_advanced(db);
}

void database_append(Database *db, Entry entry)
{
    if (entry.payment != PAYMENT_NONE)
        ledger_hold(db->world->ledger, entry.payment);
    g_array_append_val(db->unreplicated, entry);
    db->facts.backlog_max = MAX(db->facts.backlog_max, database_unreplicated(db));
    if (db->connected && db->config->replication != REPLICATION_BACKUP)
        ship(db, db->first_position + database_backlog(db) - 1);
}
