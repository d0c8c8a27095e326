#include "models/mirror_parts.h"
#include "sim/check.h"

static const SimTime LOOK_EVERY = SIM_SEC; /* at the lag */

const char *const mirror_name[REGIONS] = {
    [REGION_PASSIVE] = "mirror", [REGION_ACTIVE] = "mirror.back"};

bool mirror_at_target(const MirrorConfig *config)
{
    return config->runs_in == REGION_PASSIVE;
}

static bool reaches(const Mirror *mirror, SimComponent kafka, bool nearby)
{
    const Sim *sim = mirror->world->sim;
    return sim_is_up(sim, kafka) &&
           (nearby || sim_is_up(sim, sim_link_component(mirror->link.wan)));
}

bool mirror_reaches_source(const Mirror *mirror)
{
    return reaches(mirror, mirror->link.source_kafka, !mirror_at_target(mirror->config));
}

bool mirror_reaches_target(const Mirror *mirror)
{
    return reaches(mirror, mirror->link.target_kafka, mirror_at_target(mirror->config));
}

/* ---- life ---- */

static int64_t starting_place(const Mirror *mirror, uint32_t p)
{
    const Log *log = &mirror->source->log[p];
    if (mirror->config->kind == MIRROR_LINKING)
        return MAX(mirror->source->copied[p], log->base);
    switch ((MirrorStart)mirror->config->start_from) {
    case MIRROR_FROM_NOW:
        return log->high_watermark;
    case MIRROR_FROM_COPIED:
        return MAX(mirror->source->copied[p], log->base);
    case MIRROR_FROM_EVERYTHING:
        break;
    }
    return log->base;
}

bool mirror_reads_committed(const MirrorConfig *config)
{
    return config->isolation == MIRROR_READS_COMMITTED || config->exactly_once;
}

bool mirror_copies_all(const MirrorConfig *config)
{
    return config->policy == MIRROR_POLICY_IDENTITY && config->kind == MIRROR_MM2 &&
           config->start_from == MIRROR_FROM_EVERYTHING;
}

/* Under the names of the source's topics a copy cannot be told from a record of the cluster's own:
 * what is there now is copied whole, at the price of doubles; what comes later is not sent back. */
static int64_t whole_below(const Mirror *mirror, uint32_t p)
{
    return mirror_copies_all(mirror->config) ? mirror->source->log[p].end : 0;
}

/* Offsets are the same on both sides, so the target's log must end where the two part: what it has
 * beyond that, and nobody else ever had, is thrown away. */
static void truncate_target(Mirror *mirror)
{
    for (uint32_t p = 0; p < mirror->target->partitions; p++)
        if (mirror->target->log[p].end > mirror->source->copied[p])
            storage_cut(mirror->target, p,
                        MAX(mirror->source->copied[p], mirror->target->log[p].base),
                        mirror->world->ledger);
}

static void begin(Mirror *mirror)
{
    mirror->phase = MIRROR_RUNS;
    mirror->onto_primary = mirror->target->fed = mirror->target->primary;
    mirror->source->pin_follows = false;
    mirror->cuts_seen = mirror->source->cuts; /* those before are about logs that it begins anew */
    if (mirror->config->kind == MIRROR_LINKING)
        truncate_target(mirror);
    for (uint32_t p = 0; p < mirror->source->partitions; p++) {
        mirror->flushed[p] = mirror->source->pin[p] = starting_place(mirror, p);
        mirror->whole[p] = whole_below(mirror, p);
    }
    mirror_reset_offsets(mirror);
    if (!mirror->ticking)
        mirror_start_timers(mirror);
    mirror_rewind_tasks(mirror, mirror->flushed);
    World *world = mirror->world;
    story_platform(world->story, sim_now(world->sim), "the mirror begins to copy %s's Kafka to %s",
                   world->region_name[mirror->source->region],
                   world->region_name[mirror->target->region]);
}

static void answer(Mirror *mirror, uint64_t step)
{
    sim_link_send(mirror->link.to_failover, (SimEvent){.kind = MSG_DONE, .subject = step});
}

static void on_begin(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Mirror *mirror = self;
    if (mirror->phase != MIRROR_RUNS)
        begin(mirror);
    answer(mirror, event->subject);
}

/* An operator, or a script, watches the lag. A source that cannot be reached might have more. */
static void on_look(Sim *sim, void *self, const SimEvent *event)
{
    Mirror *mirror = self;
    if (!mirror_reaches_source(mirror) || mirror_unreplicated(mirror) > 0 ||
        (mirror->config->await_offsets && !mirror_offsets_are_over(mirror))) {
        sim_after(sim, LOOK_EVERY, SIM_PHASE_MEASURE, *event);
        return;
    }
    mirror->awaiting = false;
    answer(mirror, event->subject);
}

static void on_command(Sim *sim, void *self, const SimEvent *event)
{
    Mirror *mirror = self;
    bool look = event->tag == ACTION_AWAIT_MIRROR;
    SIM_CHECK(look || event->tag == ACTION_START_MIRROR || event->tag == ACTION_REVERSE_MIRROR);
    if (look && mirror->awaiting)
        return;
    mirror->awaiting = mirror->awaiting || look;
    sim_after(sim, event->value, look ? SIM_PHASE_MEASURE : SIM_PHASE_MESSAGE,
              (SimEvent){.component = mirror->id,
                         .kind = look ? MIRROR_LOOK : MIRROR_BEGIN,
                         .subject = event->subject});
}

/* ---- topics ---- */

static void know_all(Mirror *mirror)
{
    for (uint32_t p = 0; p < mirror->source->partitions; p++)
        mirror->known[p] = true;
}

static void look_later(Mirror *mirror, SimTime after)
{
    sim_after(mirror->world->sim, after, SIM_PHASE_MESSAGE,
              (SimEvent){.component = mirror->id, .kind = MIRROR_REFRESH});
}

static void on_refresh(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Mirror *mirror = self;
    if (!mirror_reaches_source(mirror)) {
        look_later(mirror, mirror->config->refresh_interval);
        return;
    }
    know_all(mirror);
    story_platform(mirror->world->story, sim_now(sim), "the mirror discovers the new partitions");
    for (uint32_t t = 0; t < mirror->config->tasks; t++)
        if (!mirror->task[t].resting && !mirror->task[t].blocked)
            mirror_fetch(mirror, &mirror->task[t]);
}

/* The last partitions are created as the run begins, somewhere between two looks. */
static void create_partitions(Mirror *mirror)
{
    const MirrorConfig *config = mirror->config;
    int64_t partitions = mirror->source->partitions;
    for (int64_t p = partitions - MIN(config->new_partitions, partitions); p < partitions; p++)
        mirror->known[p] = false;
    double interval = (double)config->refresh_interval;
    if (config->new_partitions > 0)
        look_later(mirror, (SimTime)(random_uniform(&mirror->refresh_draws) * interval));
}

/* ---- ACLs ---- */

static void copy_acls_after(Mirror *mirror, SimTime after)
{
    sim_after(mirror->world->sim, after, SIM_PHASE_MESSAGE,
              (SimEvent){.component = mirror->id, .kind = MIRROR_ACLS});
}

static void on_acls(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Mirror *mirror = self;
    if (mirror_reaches_source(mirror) && mirror_reaches_target(mirror))
        mirror->target->switch_delay = 0;
    else
        copy_acls_after(mirror, mirror->config->acls_interval);
}

/* The producers' right to write is granted as the run begins, somewhere between two copies. */
static void grant_acl(Mirror *mirror)
{
    const MirrorConfig *config = mirror->config;
    double interval = (double)config->acls_interval;
    if (!config->new_acl)
        return;
    mirror->target->switch_delay = dist_draw(config->acl_repair, &mirror->acl_draws);
    copy_acls_after(mirror, (SimTime)(random_uniform(&mirror->acl_draws) * interval));
}

/* ---- faults ---- */

static void on_down(Sim *sim, void *self)
{
    (void)sim;
    Mirror *mirror = self;
    mirror->ticking = mirror->awaiting = mirror->scheduled = false;
    mirror->generation++;
    for (uint32_t t = 0; t < mirror->config->tasks; t++) {
        if (mirror->config->clean_stop && !mirror_stands_still(mirror, &mirror->task[t]))
            mirror_flush_task(mirror, t);
        mirror->task[t].epoch++;
    }
}

/* New workers start from the flushed offsets, and look for topics first of all. */
static void on_up(Sim *sim, void *self)
{
    (void)sim;
    Mirror *mirror = self;
    mirror_form_group(mirror);
    if (mirror->phase == MIRROR_IDLE)
        return;
    if (mirror->target->switch_delay > 0) /* topics and ACLs are looked at first of all */
        copy_acls_after(mirror, 0);
    if (mirror_reaches_source(mirror))
        know_all(mirror);
    mirror_restart_store(mirror);
    for (uint32_t p = 0; p < mirror->source->partitions; p++)
        mirror_restart_writer(mirror, p);
    mirror_rewind_tasks(mirror, mirror->flushed);
    mirror_start_timers(mirror);
}

static const SimHandler handlers[MIRROR_KINDS] = {
    [MSG_RECORDS] = mirror_on_records,
    [MSG_LINK] = mirror_on_link,
    [MSG_COMMAND] = on_command,
    [MIRROR_DELIVER] = mirror_on_deliver,
    [MIRROR_POLL] = mirror_on_poll,
    [MIRROR_RETRY] = mirror_on_retry,
    [MIRROR_FLUSH] = mirror_on_flush,
    [MIRROR_CHECKPOINT] = mirror_on_checkpoint,
    [MIRROR_SYNC] = mirror_on_sync,
    [MIRROR_BEGIN] = on_begin,
    [MIRROR_LOOK] = on_look,
    [MIRROR_LEFT] = mirror_on_left,
    [MIRROR_REBALANCE] = mirror_on_rebalance,
    [MIRROR_REFRESH] = on_refresh,
    [MIRROR_ACLS] = on_acls,
};

static const SimType mirror_type = {.name = "mirror",
                                    .handlers = handlers,
                                    .handler_count = MIRROR_KINDS,
                                    .dropped = message_dropped,
                                    .down = on_down,
                                    .up = on_up};

/* ---- making ---- */

static void make_partitions(Mirror *mirror)
{
    uint32_t partitions = mirror->source->partitions;
    mirror->polled = g_new0(int64_t, partitions);
    mirror->delivered = g_new0(int64_t, partitions);
    mirror->flushed = g_new0(int64_t, partitions);
    mirror->whole = g_new0(int64_t, partitions);
    mirror->furthest = g_new0(int64_t, partitions);
    mirror->known = g_new(bool, partitions);
    know_all(mirror);
    mirror_make_offsets(mirror);
}

/* Connect's producer has one request in flight for each broker, with one batch of each partition
 * that the broker leads: each partition sends a batch a round trip. The fetch is limited alike. */
static double task_rate(const Mirror *mirror, const MirrorTask *task)
{
    const MirrorConfig *config = mirror->config;
    double rate = config->throughput, poll = dist_mean(config->poll_interval);
    if (config->produce_rtt == 0)
        return rate;
    double records = (double)mirror_shares(mirror, task) / (double)config->record_size;
    double send = records * (double)MAX(config->batch_size, config->record_size) /
                  sim_seconds(config->produce_rtt);
    double read = records * (double)config->fetch_size / poll;
    double cap = poll > 0 ? MIN(send, read) : send;
    return rate > 0 ? MIN(rate, cap) : cap;
}

static void make_tasks(Mirror *mirror)
{
    mirror->task = g_new0(MirrorTask, (size_t)mirror->config->tasks);
    for (uint32_t t = 0; t < mirror->config->tasks; t++) {
        MirrorTask *task = &mirror->task[t];
        task->number = t;
        task->lane = sim_lane_new(mirror->world->sim);
        g_queue_init(&task->ranges);
        task->rate = task_rate(mirror, task);
    }
}

Mirror *mirror_new(World *world, const MirrorConfig *config, Storage *source, Storage *target)
{
    Mirror *mirror = g_new0(Mirror, 1);
    const char *name = mirror_name[target->region];
    mirror->world = world;
    mirror->config = config;
    mirror->source = source;
    mirror->target = target;
    mirror->id = sim_add(world->sim, &mirror_type, mirror, name);
    mirror->latency_draws = world_stream(world, name, "latency");
    mirror->poll_draws = world_stream(world, name, "poll");
    mirror->phase_draws = world_stream(world, name, "phase");
    mirror->acl_draws = world_stream(world, name, "acl");
    mirror->refresh_draws = world_stream(world, name, "refresh");
    if (config->latency_vary == 0)
        mirror->run_latency = dist_draw(config->latency, &mirror->latency_draws);
    make_partitions(mirror);
    make_tasks(mirror);
    mirror_make_workers(mirror, name);
    target->hides_copies = config->kind == MIRROR_MM2 && config->policy == MIRROR_POLICY_DEFAULT &&
                           config->subscription == MIRROR_SUBSCRIBE_PLAIN;
    return mirror;
}

void mirror_free(Mirror *mirror)
{
    if (!mirror)
        return;
    for (uint32_t t = 0; t < mirror->config->tasks; t++)
        g_queue_clear_full(&mirror->task[t].ranges, g_free);
    mirror_free_offsets(mirror);
    g_free(mirror->task);
    g_free(mirror->worker);
    g_free(mirror->runs_on);
    g_free(mirror->known);
    g_free(mirror->polled);
    g_free(mirror->delivered);
    g_free(mirror->flushed);
    g_free(mirror->whole);
    g_free(mirror->furthest);
    g_free(mirror);
}

SimComponent mirror_component(const Mirror *mirror)
{
    return mirror->id;
}

uint32_t mirror_region(const Mirror *mirror)
{
    return (mirror_at_target(mirror->config) ? mirror->target : mirror->source)->region;
}

void mirror_connect(Mirror *mirror, MirrorLinks links)
{
    mirror->link = links;
    sim_link_watch(links.wan, mirror->id, MSG_LINK);
    if (mirror_at_target(mirror->config)) /* a fetch that the link swallowed is repeated */
        sim_link_watch(links.to_source, mirror->id, MSG_LINK);
}

void mirror_set_fetcher(Mirror *mirror, uint32_t task, uint32_t fetcher)
{
    mirror->task[task].fetcher = fetcher;
}

void mirror_start(Mirror *mirror)
{
    mirror->phase = MIRROR_RUNS;
    mirror->onto_primary = mirror->target->fed = mirror->target->primary;
    mirror->source->pin_follows = false;
    mirror_start_timers(mirror);
    create_partitions(mirror);
    grant_acl(mirror);
    for (uint32_t t = 0; t < mirror->config->tasks; t++)
        mirror_fetch(mirror, &mirror->task[t]);
}

/* The first record that it still has to look at: nobody wants what is trimmed, a mirror that has
 * not begun neither. */
static int64_t first_left(const Mirror *mirror, uint32_t p)
{
    return MAX(mirror->delivered[p], mirror->source->log[p].base);
}

/* Is it a committed record that is to be copied? */
static bool mirror_owes(const Mirror *mirror, uint32_t p, int64_t offset)
{
    bool undecided = log_flags(&mirror->source->log[p], offset) & LOG_UNDECIDED;
    return !mirror_skips(mirror, p, offset) &&
           !(undecided && mirror_reads_committed(mirror->config));
}

uint64_t mirror_unreplicated(const Mirror *mirror)
{
    int64_t sum = 0;
    for (uint32_t p = 0; p < mirror->source->partitions; p++) {
        const Log *log = &mirror->source->log[p];
        int64_t from = first_left(mirror, p);
        sum += MAX(log->high_watermark - from, 0);
        for (int64_t o = from; log->marked && o < log->high_watermark; o++)
            sum -= !mirror_owes(mirror, p, o);
    }
    return (uint64_t)sum;
}

/* The producer's timestamp of the oldest record that is not in the target; SIM_NEVER: none. */
static SimTime oldest_missing(const Mirror *mirror)
{
    SimTime oldest = SIM_NEVER;
    for (uint32_t p = 0; p < mirror->source->partitions; p++) {
        const Log *log = &mirror->source->log[p];
        int64_t o = first_left(mirror, p);
        while (o < log->high_watermark && !mirror_owes(mirror, p, o))
            o++;
        if (o < log->high_watermark)
            oldest = MIN(oldest, ledger_get(mirror->world->ledger, log_at(log, o))->attempt_at);
    }
    return oldest;
}

void mirror_note_outage(Mirror *mirror)
{
    SimTime now = sim_now(mirror->world->sim), oldest = oldest_missing(mirror);
    mirror->facts.unreplicated = mirror_unreplicated(mirror);
    mirror->facts.record_age = oldest == SIM_NEVER ? 0 : now - oldest;
}

MirrorFacts mirror_facts(const Mirror *mirror)
{
    return mirror ? mirror->facts : (MirrorFacts){0};
}
