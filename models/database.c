#include "models/database.h"

#include <math.h>

#include "sim/check.h"

typedef enum Role { ROLE_PRIMARY, ROLE_STANDBY, ROLE_PROMOTING, ROLE_FENCED, ROLE_RECOVERING } Role;

enum { DB_COMMIT = MSG_KINDS, DB_APPLY, DB_PROMOTED, DB_ASK, DB_MARKED, DB_KINDS };

static const SimTime ASK_AGAIN_AFTER = 5 * SIM_SEC; /* a control plane that does not answer */

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

struct Database {
    World *world;
    const DatabaseConfig *config;
    uint32_t region;
    SimComponent id;
    Role role;
    DatabaseLinks link;
    RandomStream commit_draws, mark_draws;
    Outbox *outbox; /* NULL: nobody relays */
    SimLink *to_relay;

    /* the stream, on the primary's side */
    Database *standby;    /* NULL: none, or it has been promoted */
    GArray *unreplicated; /* Entry; [first, len) are live */
    guint first;
    uint64_t first_position; /* of unreplicated[first] */
    size_t applied_ahead;    /* live entries that are applied; their elders are not */
    GArray *waiters;         /* Waiter, by position; [first_waiter, len) */
    guint first_waiter;
    bool connected;
    bool superseded; /* the standby was promoted away from it */
    uint32_t epoch;  /* raised at each (re)connection: what an older one carried is void */
    SimTime departed, run_lag;
    SimLane lane;
    RandomStream ship_draws, lag_draws;
    SimTime reconnected_at;
    DatabaseFacts facts;
    SimTime lag_sum;
    uint64_t lag_count;
};

/* ---- the stream ---- */

static size_t backlog(const Database *db)
{
    return db->unreplicated->len - db->first;
}

/* Commits that the standby does not have. */
static size_t unreplicated(const Database *db)
{
    return backlog(db) - db->applied_ahead;
}

static Entry *entry_at(const Database *db, uint64_t position)
{
    return &g_array_index(db->unreplicated, Entry, db->first + (position - db->first_position));
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
    SimEvent apply = {.component = db->standby->id,
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

static void answer(Database *db, PaymentRef payment, uint32_t request, Status status)
{
    sim_link_send(
        db->link.to_application,
        (SimEvent){.kind = MSG_WRITTEN, .subject = payment, .value = status, .extra = request});
}

/* Answer those whose record has left the backlog. */
static void wake_waiters(Database *db, bool hardened)
{
    while (db->first_waiter < db->waiters->len) {
        Waiter *waiter = &g_array_index(db->waiters, Waiter, db->first_waiter);
        if (waiter->position >= db->first_position)
            break;
        answer(db, waiter->payment, waiter->request, hardened ? waiter->status : STATUS_ERROR);
        db->first_waiter++;
    }
    if (db->first_waiter == db->waiters->len) {
        g_array_set_size(db->waiters, 0);
        db->first_waiter = 0;
    }
}

/* The standby has been promoted: it takes no more, and nothing else will. Who still waits for it
 * (sync) gets an error: the row is here, and here alone. */
static void detach(Database *db)
{
    db->connected = false;
    db->superseded = true;
    db->standby = NULL;
    while (backlog(db) > 0)
        forget_front(db);
    wake_waiters(db, false);
}

static bool reachable(const Database *db)
{
    const Sim *sim = db->world->sim;
    return sim_is_up(sim, db->id) && sim_is_up(sim, db->standby->id) &&
           sim_is_up(sim, sim_link_component(db->link.wan));
}

static void connect_stream(Database *db)
{
    /* A fenced primary writes no more, and ships what it has. */
    bool source = db->role == ROLE_PRIMARY || db->role == ROLE_FENCED;
    if (!db->standby || !source || db->connected || !reachable(db))
        return;
    if (db->standby->role != ROLE_STANDBY) {
        if (db->standby->role == ROLE_PRIMARY)
            detach(db);
        return;
    }
    if (db->config->replication == REPLICATION_NONE)
        return;
    db->connected = true;
    db->epoch++;
    db->departed = db->reconnected_at = sim_now(db->world->sim);
    for (uint64_t i = 0; i < backlog(db); i++)
        if (!entry_at(db, db->first_position + i)->applied)
            ship(db, db->first_position + i);
}

static void disconnect_stream(Database *db)
{
    if (!db->connected)
        return;
    db->facts.cut_at = sim_now(db->world->sim);
    db->connected = false;
    db->epoch++;
    sim_lane_clear(db->world->sim, db->lane);
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
static void on_apply(Sim *sim, void *self, const SimEvent *event)
{
    Database *standby = self;
    Database *db = standby->standby; /* the peer: see database_replicate */
    if (!db || event->extra != db->epoch || !db->connected)
        return;
    uint64_t position = (uint64_t)event->value;
    Entry *entry = entry_at(db, position);
    SimTime now = sim_now(sim);
    entry->applied = true;
    db->applied_ahead++;
    apply(standby, entry);
    db->lag_sum += now - entry->committed_at;
    db->lag_count++;
    while (backlog(db) > 0 && entry_at(db, db->first_position)->applied)
        forget_front(db);
    wake_waiters(db, true);
    if (backlog(db) == 0 && db->reconnected_at > 0) {
        db->facts.catchup_seconds = sim_seconds(now - db->reconnected_at);
        db->reconnected_at = 0;
    }
}

/* Appends to the log what was just committed; `outbox` as in Entry. */
static void append(Database *db, PaymentRef payment, uint64_t outbox)
{
    Entry entry = {.payment = payment, .committed_at = sim_now(db->world->sim), .outbox = outbox};
    if (payment != PAYMENT_NONE)
        ledger_hold(db->world->ledger, payment);
    g_array_append_val(db->unreplicated, entry);
    db->facts.backlog_max = MAX(db->facts.backlog_max, unreplicated(db));
    if (db->connected)
        ship(db, db->first_position + backlog(db) - 1);
}

/* ---- writes ---- */

static void on_write(Sim *sim, void *self, const SimEvent *event)
{
    Database *db = self;
    if (db->role != ROLE_PRIMARY) {
        story_payment(db->world->story, db->world->ledger, event->subject, sim_now(sim),
                      "the database in %s is read-only and refuses the write",
                      db->world->region_name[db->region]);
        answer(db, event->subject, event->extra, STATUS_REFUSED);
        return;
    }
    SimEvent commit = *event;
    commit.component = db->id;
    commit.kind = DB_COMMIT;
    sim_after(sim, dist_draw(db->config->commit_time, &db->commit_draws), SIM_PHASE_MESSAGE,
              commit);
}

static bool row_exists(Database *db, PaymentRef payment)
{
    return ledger_get(db->world->ledger, payment)->rows[db->region] > 0;
}

static void on_commit(Sim *sim, void *self, const SimEvent *event)
{
    Database *db = self;
    World *world = db->world;
    PaymentRef payment = event->subject;
    if (db->role != ROLE_PRIMARY) { /* fenced while it was being written */
        answer(db, payment, event->extra, STATUS_REFUSED);
        return;
    }
    Status status = STATUS_OK;
    if (event->tag && row_exists(db, payment)) {
        status = STATUS_ALREADY;
        story_payment(world->story, world->ledger, payment, sim_now(sim),
                      "the database in %s knows the idempotency key: applied before, not again",
                      world->region_name[db->region]);
    } else {
        ledger_row(world->ledger, payment, db->region, sim_now(sim));
        story_payment(world->story, world->ledger, payment, sim_now(sim),
                      "committed in the database of %s", world->region_name[db->region]);
        uint64_t row = db->outbox ? outbox_add(db->outbox, payment, sim_now(sim)) : 0;
        if (db->standby)
            append(db, payment, row);
    }
    bool sync = db->config->replication == REPLICATION_SYNC;
    if (sync && db->superseded) { /* nobody confirms it any more: written here, and here alone */
        answer(db, payment, event->extra, STATUS_ERROR);
        return;
    }
    if (sync && db->standby && backlog(db) > 0) {
        Waiter waiter = {db->first_position + backlog(db) - 1, payment, event->extra, status};
        g_array_append_val(db->waiters, waiter);
        return;
    }
    answer(db, payment, event->extra, status);
}

/* ---- the relay ---- */

/* How far the relay may read. Rows whose writer still waits for the standby (sync) are not in the
 * table for others to see; they are in the log. */
static uint64_t readable(const Database *db)
{
    bool waits = db->config->replication == REPLICATION_SYNC && !outbox_from_log(db->outbox);
    for (uint64_t i = 0; waits && i < backlog(db); i++) {
        const Entry *entry = entry_at(db, db->first_position + i);
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
    (void)sim;
    Database *db = self;
    if (db->role == ROLE_PRIMARY) {
        outbox_mark(db->outbox, (uint64_t)event->value);
        if (db->standby)
            append(db, PAYMENT_NONE, (uint64_t)event->value);
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

/* The control plane says whether this region's database may write. */
static void on_role(Sim *sim, void *self, const SimEvent *event)
{
    Database *db = self;
    if (event->value == 0 && (db->role == ROLE_PRIMARY || db->role == ROLE_RECOVERING)) {
        db->role = ROLE_FENCED;
        story_platform(db->world->story, sim_now(sim), "the old primary database in %s is fenced",
                       db->world->region_name[db->region]);
        connect_stream(db);
    } else if (event->value == 1 && db->role == ROLE_RECOVERING) {
        db->role = ROLE_PRIMARY;
        story_platform(db->world->story, sim_now(sim),
                       "the database in %s is back and takes itself for the primary",
                       db->world->region_name[db->region]);
        connect_stream(db);
    }
}

static void ask_control(Database *db)
{
    sim_link_send(db->link.to_control,
                  (SimEvent){.kind = MSG_ROLE_QUERY, .subject = db->region, .sender = db->id});
    sim_after(db->world->sim, ASK_AGAIN_AFTER, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = db->id, .kind = DB_ASK});
}

static void on_ask(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Database *db = self;
    if (db->role == ROLE_RECOVERING)
        ask_control(db);
}

static void done(Database *db, uint64_t step)
{
    sim_link_send(db->link.to_failover, (SimEvent){.kind = MSG_DONE, .subject = step});
}

static void on_command(Sim *sim, void *self, const SimEvent *event)
{
    Database *db = self;
    SIM_CHECK(event->tag == ACTION_PROMOTE);
    if (db->role == ROLE_PRIMARY) {
        done(db, event->subject);
        return;
    }
    if (db->role != ROLE_STANDBY)
        return; /* at it already, or in no state to: the controller asks again */
    db->role = ROLE_PROMOTING;
    if (db->standby) { /* the receiver stops when the promotion starts */
        disconnect_stream(db->standby);
        if (db->config->replication == REPLICATION_NONE)
            db->standby->facts.cut_at = MIN(db->standby->facts.cut_at, sim_now(sim));
    }
    sim_after(sim, event->value, SIM_PHASE_MESSAGE,
              (SimEvent){.component = db->id, .kind = DB_PROMOTED, .subject = event->subject});
}

/* What the old primary had not shipped is given up, now or when it comes back. */
static void tell_abandoned(Database *db, Database *old)
{
    World *world = db->world;
    story_platform(world->story, sim_now(world->sim),
                   "%zu commits of %s never arrived: they are lost to it", unreplicated(old),
                   world->region_name[old->region]);
    if (reachable(old))
        detach(old);
}

static void on_promoted(Sim *sim, void *self, const SimEvent *event)
{
    Database *db = self;
    db->role = ROLE_PRIMARY;
    if (db->outbox)
        outbox_rewind(db->outbox);
    ledger_promote_database(db->world->ledger, db->region);
    story_platform(db->world->story, sim_now(sim), "the database in %s is promoted to primary",
                   db->world->region_name[db->region]);
    Database *old = db->standby;
    db->standby = NULL; /* it has no standby of its own */
    if (old)
        tell_abandoned(db, old);
    done(db, event->subject);
}

/* ---- faults ---- */

static void on_link(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Database *db = self;
    if (!db->standby || db->role == ROLE_STANDBY || db->role == ROLE_PROMOTING)
        return;
    if (event->value)
        connect_stream(db);
    else
        disconnect_stream(db);
}

static void drop_waiters(Database *db)
{
    for (guint i = db->first_waiter; i < db->waiters->len; i++)
        ledger_release(db->world->ledger, g_array_index(db->waiters, Waiter, i).payment);
    g_array_set_size(db->waiters, 0);
    db->first_waiter = 0;
}

static void on_down(Sim *sim, void *self)
{
    (void)sim;
    Database *db = self;
    if (db->role == ROLE_STANDBY || db->role == ROLE_PROMOTING) {
        db->role = ROLE_STANDBY;
        if (db->standby)
            disconnect_stream(db->standby);
        return;
    }
    disconnect_stream(db);
    drop_waiters(db);
}

static void on_up(Sim *sim, void *self)
{
    (void)sim;
    Database *db = self;
    if (db->role == ROLE_STANDBY && db->standby)
        connect_stream(db->standby);
    if (db->role == ROLE_FENCED)
        connect_stream(db);
    if (db->role == ROLE_PRIMARY)
        db->role = ROLE_RECOVERING;
    if (db->role == ROLE_RECOVERING)
        ask_control(db);
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
    [MSG_WRITE] = on_write, [MSG_ROLE] = on_role,        [MSG_LINK] = on_link,
    [MSG_PROBE] = on_probe, [MSG_COMMAND] = on_command,  [DB_COMMIT] = on_commit,
    [DB_APPLY] = on_apply,  [DB_PROMOTED] = on_promoted, [DB_ASK] = on_ask,
    [MSG_FETCH] = on_fetch, [MSG_DONE] = on_mark,        [DB_MARKED] = on_marked,
};

static const SimType database_type = {.name = "database",
                                      .handlers = handlers,
                                      .handler_count = DB_KINDS,
                                      .dropped = on_dropped,
                                      .down = on_down,
                                      .up = on_up};

/* ---- making ---- */

Database *database_new(World *world, const DatabaseConfig *config, uint32_t region)
{
    Database *db = g_new0(Database, 1);
    char *name = g_strdup_printf("%s.database", region_role[region]);
    db->world = world;
    db->config = config;
    db->region = region;
    db->role = region == REGION_ACTIVE ? ROLE_PRIMARY : ROLE_STANDBY;
    db->id = sim_add(world->sim, &database_type, db, name);
    db->unreplicated = g_array_new(FALSE, FALSE, sizeof(Entry));
    db->waiters = g_array_new(FALSE, FALSE, sizeof(Waiter));
    db->lane = sim_lane_new(world->sim);
    db->commit_draws = world_stream(world, name, "commit");
    db->mark_draws = world_stream(world, name, "mark");
    db->ship_draws = world_stream(world, name, "ship");
    db->lag_draws = world_stream(world, name, "lag");
    if (config->lag_vary == 0)
        db->run_lag = dist_draw(config->lag, &db->lag_draws);
    db->facts.catchup_seconds = NAN;
    db->facts.cut_at = SIM_NEVER;
    g_free(name);
    return db;
}

void database_free(Database *db)
{
    if (!db)
        return;
    g_array_unref(db->unreplicated);
    g_array_unref(db->waiters);
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

/* `standby` names the peer on both sides: whom to ship to, and whose records arrive. */
void database_replicate(Database *primary, Database *standby)
{
    primary->standby = standby;
    standby->standby = primary;
    primary->connected = primary->config->replication != REPLICATION_NONE;
}

void database_note_outage(Database *db)
{
    db->facts.backlog_at_outage = unreplicated(db);
}

DatabaseFacts database_facts(const Database *db)
{
    DatabaseFacts facts = db->facts;
    facts.lag_mean_seconds = db->lag_count ? sim_seconds(db->lag_sum) / (double)db->lag_count : NAN;
    return facts;
}

/* ---- parameters ---- */

static const char *const replication_choices[] = {"async", "sync", "none", NULL};
static const char *const vary_choices[] = {"run", "record", NULL};
static const char *const order_choices[] = {"log", "none", NULL};

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
             "hardened it too. none: there is no stream; a promoted standby is empty.",
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
             "for every commit; in log order a slow record then holds up those behind it.",
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
};
#undef AT

const ParamTable database_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(DatabaseConfig)};
