#include "models/consumers_parts.h"
#include "sim/check.h"

static const SimTime HEARTBEAT = 3 * SIM_SEC; /* heartbeat.interval.ms */

/* ---- starting ---- */

/* Is there an offset, and does the log have it? An empty log has nothing to miss. */
static bool is_valid(const Consumers *consumers, uint32_t g, uint32_t p)
{
    int64_t committed = consumers->storage->committed[g][p];
    int64_t end = consumers->storage->log[p].end;
    return end == 0 || (committed != OFFSET_NONE && committed <= end);
}

/* Where read_committed readers find the end. */
static int64_t committed_end(const Consumers *consumers, uint32_t p)
{
    const Storage *storage = consumers->storage;
    int64_t end = storage->log[p].high_watermark;
    return storage->first_open ? MIN(end, storage->first_open[p]) : end;
}

static int64_t start_offset(const Consumers *consumers, uint32_t g, uint32_t p)
{
    const Log *log = &consumers->storage->log[p];
    int64_t first = storage_first_seen(consumers->storage, p);
    if (is_valid(consumers, g, p))
        return MAX(MIN(consumers->storage->committed[g][p], log->end), first);
    if (consumers->config[g].start != START_LATEST)
        return first;
    return consumers->config[g].isolation == READ_COMMITTED ? committed_end(consumers, p)
                                                            : log->high_watermark;
}

/* auto.offset.reset none: the consumers throw, and somebody has to come. */
static void throw_if_lost(Consumers *consumers, uint32_t g)
{
    bool lost = false;
    for (uint32_t p = 0; p < consumers->storage->partitions; p++)
        lost = lost || !is_valid(consumers, g, p);
    consumers->stuck[g] = lost && consumers->config[g].start == START_NONE;
    if (!consumers->stuck[g])
        return;
    World *world = consumers->world;
    story_platform(world->story, sim_now(world->sim),
                   "%s in %s has no valid offset and stops: an operator has to set it",
                   consumers->config[g].name, world->region_name[consumers->storage->region]);
    sim_after(world->sim,
              dist_draw(consumers->config[g].reset_by_operator, &consumers->operator_draws),
              SIM_PHASE_MESSAGE,
              (SimEvent){.component = consumers->id,
                         .kind = CONS_RESET,
                         .subject = g,
                         .extra = consumers->assigned});
}

/* Partitions are assigned: positions are fixed now, and committed from now on, also by groups that
 * do not read. */
static void assign(Consumers *consumers)
{
    consumers->cuts_seen = consumers->storage->cuts;
    consumers->assigned++;
    for (uint32_t g = 0; g < consumers->groups; g++) {
        for (uint32_t p = 0; p < consumers->storage->partitions; p++) {
            consumers->position[g][p] = start_offset(consumers, g, p);
            consumers->claimed[g][p] = 0;
        }
        throw_if_lost(consumers, g);
        SimTime interval = consumers->config[g].commit_interval;
        SimTime phase = (SimTime)(random_uniform(&consumers->phase_draws) * (double)interval);
        if (consumers->config[g].commit == COMMIT_INTERVAL)
            sim_after(consumers->world->sim, phase, SIM_PHASE_MESSAGE,
                      (SimEvent){.component = consumers->id,
                                 .kind = CONS_COMMIT,
                                 .subject = g,
                                 .extra = consumers->assigned});
    }
}

/* Consumers that are assigned their partitions by hand are no members: the group stays open to
 * foreign commits, and no session keeps their partitions when they crash. */
static bool are_members(const Consumers *consumers)
{
    return consumers->state != GROUP_IDLE && !readiness_by_hand(&consumers->readiness);
}

static void read_all(Consumers *consumers)
{
    consumers->state = GROUP_ACTIVE;
    consumers->storage->consumed_here = true;
    consumers->storage->has_members = are_members(consumers);
    for (guint i = 0; i < consumers->instances->len; i++) {
        instance_at(consumers, i)->busy = false;
        instance_at(consumers, i)->polling = false;
        consumers_read_more(consumers, i);
    }
}

static void on_reset(Sim *sim, void *self, const SimEvent *event)
{
    Consumers *consumers = self;
    uint32_t g = (uint32_t)event->subject;
    if (event->extra != consumers->assigned)
        return;
    consumers->stuck[g] = false;
    story_platform(consumers->world->story, sim_now(sim),
                   "an operator has set the offsets of %s in %s to the earliest",
                   consumers->config[g].name,
                   consumers->world->region_name[consumers->storage->region]);
    for (guint i = 0; consumers->state == GROUP_ACTIVE && i < consumers->instances->len; i++)
        if (instance_at(consumers, i)->group == g)
            consumers_read_more(consumers, i);
}

static void run_groups(Consumers *consumers)
{
    assign(consumers);
    read_all(consumers);
}

/* What waits when a group takes over is the backlog whose draining rto.consumers measures. */
static void set_goals(Consumers *consumers)
{
    Recovery *recovery = consumers->world->recovery;
    for (uint32_t p = 0; p < consumers->storage->partitions; p++)
        consumers->goal[p] = consumers->storage->log[p].high_watermark;
    consumers->behind = consumers_behind(consumers);
    recovery->consumers_resumed = true;
    if (consumers->behind == 0)
        recovery_note_drained(recovery, sim_now(consumers->world->sim));
}

static void done(Consumers *consumers, uint64_t step)
{
    sim_link_send(consumers->link.to_failover, (SimEvent){.kind = MSG_DONE, .subject = step});
}

static void resume(Consumers *consumers, const SimEvent *event)
{
    if (consumers->activated)
        done(consumers, event->subject);
    if (consumers->activated || consumers->activating)
        return;
    consumers->activating = true;
    sim_after(
        consumers->world->sim, event->value + readiness_activation(&consumers->readiness),
        SIM_PHASE_MESSAGE,
        (SimEvent){.component = consumers->id, .kind = CONS_ACTIVATED, .subject = event->subject});
}

/* ---- stopping ---- */

/* Batches in hand are finished; then positions are committed, and the members leave. */
void consumers_stop_if_idle(Consumers *consumers)
{
    World *world = consumers->world;
    for (guint i = 0; i < consumers->instances->len; i++)
        if (instance_at(consumers, i)->busy)
            return;
    bool commits = consumers_connected(consumers) && !consumers->rejoining;
    for (uint32_t g = 0; commits && g < consumers->groups; g++)
        for (uint32_t p = 0; !consumers->stuck[g] && p < consumers->storage->partitions; p++)
            consumers_commit_partition(consumers, g, p);
    consumers->state = GROUP_IDLE;
    consumers->assigned++;
    consumers->storage->has_members = false;
    story_platform(world->story, sim_now(world->sim),
                   "the consumers in %s have committed their offsets and left their groups",
                   world->region_name[consumers->storage->region]);
    done(consumers, consumers->stopping);
}

static void on_stop(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Consumers *consumers = self;
    consumers->stopping = event->subject;
    consumers->activated = consumers->activating = false;
    if (consumers->state == GROUP_IDLE) {
        done(consumers, event->subject);
        return;
    }
    consumers_heed_cuts(consumers);
    consumers->state = GROUP_STOPPING;
    consumers_stop_if_idle(consumers);
}

static void on_command(Sim *sim, void *self, const SimEvent *event)
{
    Consumers *consumers = self;
    if (event->tag == ACTION_RESUME_CONSUMERS) {
        resume(consumers, event);
        return;
    }
    SIM_CHECK(event->tag == ACTION_STOP_CONSUMERS || event->tag == ACTION_REJOIN_CONSUMERS);
    sim_after(sim, event->value, SIM_PHASE_MESSAGE,
              (SimEvent){.component = consumers->id, .kind = CONS_STOP, .subject = event->subject});
}

static void on_activated(Sim *sim, void *self, const SimEvent *event)
{
    Consumers *consumers = self;
    World *world = consumers->world;
    consumers->activated = true;
    story_platform(world->story, sim_now(sim), "the consumers in %s %s",
                   world->region_name[consumers->storage->region],
                   consumers->readiness.strategy->wakes);
    if (consumers->state == GROUP_IDLE)
        run_groups(consumers);
    else if (consumers->state == GROUP_HELD)
        read_all(consumers);
    set_goals(consumers);
    done(consumers, event->subject);
}

/* ---- rebalances and crashes ---- */

/* Paused members get their partitions anew, and with them none of their pauses. */
static void lose_pause(Consumers *consumers)
{
    World *world = consumers->world;
    if (consumers->state != GROUP_HELD || readiness_pauses_again(&consumers->readiness))
        return;
    story_platform(world->story, sim_now(world->sim),
                   "a rebalance takes the pause away: the consumers in %s begin to read unasked",
                   world->region_name[consumers->storage->region]);
    read_all(consumers);
}

static void on_rebalance(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    lose_pause(self);
}

static SimTime longest_session(const Consumers *consumers)
{
    SimTime longest = 0;
    for (uint32_t g = 0; g < consumers->groups; g++)
        longest = MAX(longest, consumers->config[g].session_timeout);
    return longest;
}

static void on_down(Sim *sim, void *self)
{
    Consumers *consumers = self;
    consumers->activating = false;
    consumers_leave_batches(consumers);
    if (consumers->state == GROUP_STOPPING)
        consumers->state = GROUP_ACTIVE; /* commanded again, it stops */
    SimTime session = longest_session(consumers);
    if (session == 0 || !consumers->storage->has_members)
        return;
    double since = random_uniform(&consumers->session_draws) * (double)MIN(HEARTBEAT, session);
    consumers->members_until = sim_now(sim) + session - (SimTime)since;
    sim_at(sim, consumers->members_until, SIM_PHASE_MESSAGE,
           (SimEvent){.component = consumers->coordinator, .subject = ++consumers->session});
}

static void join_again(Consumers *consumers)
{
    consumers->rejoining = false;
    consumers->storage->has_members = are_members(consumers);
    if (consumers->state == GROUP_HELD) {
        assign(consumers);
        lose_pause(consumers);
        return;
    }
    if (consumers->state != GROUP_ACTIVE)
        return;
    run_groups(consumers);
    if (consumers->behind > 0) /* back at the committed offsets: some goals are ahead again */
        consumers->behind = consumers_behind(consumers);
}

/* The coordinator gives those that died up: the group is empty, or made up of those that wait. */
static void on_expired(Sim *sim, void *self, const SimEvent *event)
{
    Consumers *consumers = self;
    if (event->subject != consumers->session)
        return;
    consumers->storage->has_members = false;
    if (sim_is_up(sim, consumers->id))
        join_again(consumers);
}

static void on_up(Sim *sim, void *self)
{
    Consumers *consumers = self;
    consumers->rejoining = sim_now(sim) < consumers->members_until;
    if (!consumers->rejoining) /* else the rebalance waits for members that have died */
        join_again(consumers);
}

static const SimHandler handlers[CONS_KINDS] = {
    [MSG_RECORDS] = consumers_on_records,
    [MSG_COMMAND] = on_command,
    [CONS_BATCH] = consumers_on_batch,
    [CONS_COMMIT] = consumers_on_commit,
    [CONS_ACTIVATED] = on_activated,
    [CONS_POLL] = consumers_on_poll,
    [CONS_STOP] = on_stop,
    [CONS_RESET] = on_reset,
    [CONS_REBALANCE] = on_rebalance,
};

static const SimType consumers_type = {.name = "consumers",
                                       .handlers = handlers,
                                       .handler_count = CONS_KINDS,
                                       .dropped = message_dropped,
                                       .down = on_down,
                                       .up = on_up};

static const SimHandler coordinator_handlers[] = {on_expired};
static const SimType coordinator_type = {
    .name = "group-coordinator", .handlers = coordinator_handlers, .handler_count = 1};

/* ---- making ---- */

static void add_group(Consumers *consumers, uint32_t g, const char *component)
{
    const ConsumerConfig *config = &consumers->config[g];
    uint32_t partitions = consumers->storage->partitions;
    uint32_t of = (uint32_t)MIN(config->instances, (int64_t)partitions);
    for (uint32_t i = 0; i < of; i++) {
        Instance instance = {.group = g, .number = i, .of = of};
        instance.shares = (partitions - 1 - i) / of + 1;
        instance.batch = g_new0(uint64_t, batch_words(&instance));
        g_array_append_val(consumers->instances, instance);
    }
    consumers->position[g] = g_new0(int64_t, partitions);
    consumers->claimed[g] = g_new0(int64_t, partitions);
    char *purpose = g_strdup_printf("service %s", config->name);
    consumers->service_draws[g] = world_stream(consumers->world, component, purpose);
    g_free(purpose);
}

Consumers *consumers_new(World *world, const ConsumerConfig *config, uint32_t groups,
                         Storage *storage)
{
    Consumers *consumers = g_new0(Consumers, 1);
    char *name = g_strdup_printf("%s.%s", region_role[storage->region],
                                 storage->beside ? "takeover" : "consumers");
    consumers->world = world;
    consumers->config = config;
    consumers->groups = groups;
    consumers->storage = storage;
    consumers->id = sim_add(world->sim, &consumers_type, consumers, name);
    char *coordinator = g_strdup_printf("%s.coordinator", name);
    consumers->coordinator = sim_add(world->sim, &coordinator_type, consumers, coordinator);
    g_free(coordinator);
    consumers->instances = g_array_new(FALSE, FALSE, sizeof(Instance));
    consumers->goal = g_new0(int64_t, storage->partitions);
    consumers->phase_draws = world_stream(world, name, "phase");
    consumers->operator_draws = world_stream(world, name, "operator");
    consumers->session_draws = world_stream(world, name, "session");
    for (uint32_t g = 0; g < groups; g++)
        add_group(consumers, g, name);
    g_free(name);
    return consumers;
}

void consumers_free(Consumers *consumers)
{
    if (!consumers)
        return;
    for (uint32_t g = 0; g < consumers->groups; g++) {
        g_free(consumers->position[g]);
        g_free(consumers->claimed[g]);
    }
    for (guint i = 0; i < consumers->instances->len; i++)
        g_free(instance_at(consumers, i)->batch);
    g_free(consumers->goal);
    g_array_unref(consumers->instances);
    g_free(consumers);
}

SimComponent consumers_component(const Consumers *consumers)
{
    return consumers->id;
}

void consumers_connect(Consumers *consumers, ConsumersLinks links)
{
    consumers->link = links;
}

uint32_t consumers_instances(const Consumers *consumers)
{
    return consumers->instances->len;
}

void consumers_instance_share(const Consumers *consumers, uint32_t instance, uint32_t *modulus,
                              uint32_t *remainder)
{
    *modulus = instance_at(consumers, instance)->of;
    *remainder = instance_at(consumers, instance)->number;
}

bool consumers_instance_committed(const Consumers *consumers, uint32_t instance)
{
    uint32_t g = instance_at(consumers, instance)->group;
    return consumers->config[g].isolation == READ_COMMITTED;
}

void consumers_set_fetcher(Consumers *consumers, uint32_t instance, uint32_t fetcher)
{
    instance_at(consumers, instance)->fetcher = fetcher;
}

void consumers_start(Consumers *consumers, const ReadinessConfig *config)
{
    readiness_init(&consumers->readiness, config, consumers->world, "active.consumers");
    run_groups(consumers);
}

void consumers_stand_by(Consumers *consumers, const ReadinessConfig *config)
{
    Readiness *readiness = &consumers->readiness;
    readiness_init(readiness, config, consumers->world,
                   sim_name(consumers->world->sim, consumers->id));
    consumers->storage->has_members = readiness->strategy->blocks_sync;
    if (readiness->strategy->position == FROM_THE_START)
        run_groups(consumers);
    if (readiness->strategy->position == FROM_ASSIGNMENT) {
        consumers->state = GROUP_HELD;
        assign(consumers);
        sim_at(consumers->world->sim, readiness_rebalance_at(readiness), SIM_PHASE_MESSAGE,
               (SimEvent){.component = consumers->id, .kind = CONS_REBALANCE});
    }
}

static void mark_unread(const Consumers *consumers, uint32_t g, uint32_t p)
{
    const Log *log = &consumers->storage->log[p];
    /* Groups without members will begin there. */
    int64_t next =
        consumers->state == GROUP_IDLE ? start_offset(consumers, g, p) : consumers->position[g][p];
    for (int64_t o = MAX(next, log->base); o < log->high_watermark; o++)
        if (!consumers_pass_over(consumers, g, p, o))
            ledger_get(consumers->world->ledger, log_at(log, o))->unread |= (uint8_t)(1u << g);
}

void consumers_mark_unread(const Consumers *consumers)
{
    for (uint32_t g = 0; g < consumers->groups; g++)
        for (uint32_t p = 0; p < consumers->storage->partitions; p++)
            mark_unread(consumers, g, p);
}
