#include "models/database.h"

#include <math.h>

#include "models/database_parts.h"
#include "sim/check.h"

/* ---- the relay ---- */

/* How far the relay may read. Rows whose writer still waits for the standby (sync) are not in the
 * table for others to see; they are in the log. */
static uint64_t readable(const Database *db)
{
    bool waits =
        db->config->replication == REPLICATION_SYNC && db->confirms && !outbox_from_log(db->outbox);
    for (uint64_t i = 0; waits && i < database_backlog(db); i++) {
        const Entry *entry = database_entry(db, db->first_position + i);
        if (entry->payment != PAYMENT_NONE)
            return entry->outbox;
    }
    return outbox_end(db->outbox);
}

static void answer_relay(Database *db, uint32_t round)
{
    sim_link_send(db->to_relay, (SimEvent){.kind = MSG_RECORDS,
                                           .value = (int64_t)readable(db),
                                           .tag = db->role == ROLE_PRIMARY,
                                           .extra = round});
}

static void on_fetch(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    answer_relay(self, event->extra);
}

static void on_mark(Sim *sim, void *self, const SimEvent *event)
{
    Database *db = self;
    SimEvent marked = *event;
    marked.component = db->id;
    marked.kind = DB_MARKED;
    sim_after(sim, dist_draw(db->config->commit_time, &db->mark_draws), SIM_PHASE_MESSAGE, marked);
}

static void on_marked(Sim *sim, void *self, const SimEvent *event)
{
    Database *db = self;
    if (db->role == ROLE_PRIMARY) {
        outbox_mark(db->outbox, (uint64_t)event->value);
        if (db->feeds && !db->config->multi_write) /* else each relay has rows of its own */
            database_append(db, (Entry){.payment = PAYMENT_NONE,
                                        .outbox = (uint64_t)event->value,
                                        .committed_at = sim_now(sim)});
    }
    answer_relay(db, event->extra);
}

/* ---- role ---- */

/* A deep health check asks whether payments can be written here. */
static void on_probe(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    SimEvent reply = *event;
    reply.component = 0; /* the link's receiver; `sender` still names the prober */
    reply.kind = MSG_PROBE_REPLY;
    reply.tag = db->role == ROLE_PRIMARY;
    sim_link_send(db->link.to_application, reply);
}

/* Stream records are held by the primary's log, not by the message. */
static void on_dropped(Sim *sim, void *self, const SimEvent *event)
{
    if (event->kind == DB_COMMIT)
        ledger_release(((Database *)self)->world->ledger, event->subject);
    else
        message_dropped(sim, self, event);
}

static const SimHandler handlers[DB_KINDS] = {
    [MSG_WRITE] = database_on_write,
    [MSG_ROLE] = database_on_role,
    [MSG_LINK] = database_on_link,
    [MSG_PROBE] = on_probe,
    [MSG_COMMAND] = database_on_command,
    [MSG_FETCH] = on_fetch,
    [MSG_DONE] = on_mark,
    [DB_COMMIT] = database_on_commit,
    [DB_APPLY] = database_on_apply,
    [DB_PROMOTED] = database_on_promoted,
    [DB_ASK] = database_on_ask,
    [DB_MARKED] = on_marked,
    [DB_DEMOTE] = database_on_demote,
    [DB_DEMOTED] = database_on_demoted,
    [DB_AWAITED] = database_on_awaited,
    [DB_SEEDED] = database_on_seeded,
    [DB_RECEIVED] = database_on_received,
    [DB_FLUSHED] = database_on_flushed,
    [DB_REPLAYED] = database_on_replayed,
    [DB_SNAPSHOT] = database_on_snapshot,
    [DB_COPIED] = database_on_copied,
    [DB_RESTORED] = database_on_restored,
    [DB_FLUSH] = database_on_flush,
    [DB_GRACE] = database_on_grace,
};

static const SimType database_type = {.name = "database",
                                      .handlers = handlers,
                                      .handler_count = DB_KINDS,
                                      .dropped = on_dropped,
                                      .down = database_on_down,
                                      .up = database_on_up};

/* ---- making ---- */

static void database_init_timers(Database *db, const char *name)
{
    World *world = db->world;
    const DatabaseConfig *config = db->config;
    RandomStream phases = world_stream(world, name, "phases");
    db->flush_phase = (SimTime)(random_uniform(&phases) * (double)config->wal_writer_delay);
    db->snapshot_phase = (SimTime)(random_uniform(&phases) * (double)config->backup_interval);
    db->state_draws = world_stream(world, name, "lag state");
    db->spike_draws = world_stream(world, name, "lag spike");
    db->listener_draws = world_stream(world, name, "listener");
    if (config->bandwidth != INT64_MAX)
        db->wire_time = (SimTime)(config->record_size * 8e9 / (double)config->bandwidth);
}

Database *database_new(World *world, const DatabaseConfig *config, uint32_t region)
{
    Database *db = g_new0(Database, 1);
    char *name = g_strdup_printf("%s.database", region_role[region]);
    db->world = world;
    db->config = config;
    db->region = region;
    bool primary = config->multi_write || region == REGION_ACTIVE;
    db->role = primary ? ROLE_PRIMARY : ROLE_STANDBY;
    if (config->multi_write)
        db->last_commit = g_array_new(FALSE, TRUE, sizeof(uint64_t));
    db->id = sim_add(world->sim, &database_type, db, name);
    db->unreplicated = g_array_new(FALSE, FALSE, sizeof(Entry));
    db->waiters = g_array_new(FALSE, FALSE, sizeof(Waiter));
    db->unflushed = g_array_new(FALSE, FALSE, sizeof(Unflushed));
    g_queue_init(&db->throttled);
    db->lane = sim_lane_new(world->sim);
    db->received_lane = sim_lane_new(world->sim);
    db->commit_draws = world_stream(world, name, "commit");
    db->mark_draws = world_stream(world, name, "mark");
    db->ship_draws = world_stream(world, name, "ship");
    db->lag_draws = world_stream(world, name, "lag");
    if (config->lag_vary == LAG_BY_RUN)
        db->run_lag = dist_draw(config->lag, &db->lag_draws);
    RandomStream classes = world_stream(world, "database", "copy sync");
    db->class_key = random_u64(&classes);
    db->lost_sight_at = SIM_NEVER;
    database_init_timers(db, name);
    db->facts.catchup_seconds = db->facts.seed_seconds = NAN;
    db->facts.cut_at = db->facts.lost_at = SIM_NEVER;
    g_free(name);
    return db;
}

void database_free(Database *db)
{
    if (!db)
        return;
    g_array_unref(db->unreplicated);
    g_array_unref(db->waiters);
    g_array_unref(db->unflushed);
    if (db->last_commit)
        g_array_unref(db->last_commit);
    while (g_queue_get_length(&db->throttled) > 0)
        g_free(g_queue_pop_head(&db->throttled));
    g_free(db);
}

SimComponent database_component(const Database *db)
{
    return db->id;
}

void database_connect(Database *db, DatabaseLinks links)
{
    db->link = links;
    sim_link_watch(links.wan, db->id, MSG_LINK);
}

void database_keep_outbox(Database *db, Outbox *outbox, SimLink *to_relay)
{
    db->outbox = outbox;
    db->to_relay = to_relay;
}

void database_replicate(Database *primary, Database *standby)
{
    primary->peer = standby;
    standby->peer = primary;
    primary->feeds = primary->confirms = true;
    primary->connected = primary->config->replication != REPLICATION_NONE;
    if (primary->config->multi_write)
        standby->feeds = standby->confirms = standby->connected = true;
    if (primary->config->replication == REPLICATION_BACKUP) {
        standby->role = ROLE_EMPTY;
        database_plan_snapshot(primary);
    }
}

void database_merge(Database *db)
{
    database_harden_all(db);
}

void database_note_outage(Database *db)
{
    db->facts.backlog_at_outage = database_unreplicated(db);
}

DatabaseFacts database_facts(const Database *db)
{
    DatabaseFacts facts = db->facts;
    facts.lag_mean_seconds = db->lag_count ? sim_seconds(db->lag_sum) / (double)db->lag_count : NAN;
    facts.sync_wait_seconds =
        facts.synced ? sim_seconds(db->sync_wait_sum) / (double)facts.synced : NAN;
    return facts;
}
