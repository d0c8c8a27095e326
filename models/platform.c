/* Makes the platform of one run, lets it run, and takes the results out. */
#include "models/platform.h"

#include "models/assembly.h"
#include "models/gray.h"
#include "models/metrics.h"
#include "models/timeline.h"
#include "sim/check.h"

_Static_assert(CAST_MAX <= AUDIT_CAST_MAX, "the audit notes the fate of the whole cast");

/* ---- making ---- */

static void make_region(Platform *platform, uint32_t region)
{
    const Scenario *s = platform->scenario;
    World *world = &platform->world;
    uint32_t groups = (uint32_t)s->top.consumers.count;
    platform->storage[region] = storage_new(region, (uint32_t)s->kafka.partitions, groups);
    platform->application[region] = application_new(world, &s->application, &s->configuration,
                                                    region, (uint32_t)s->kafka.partitions);
    platform->kafka[region] = kafka_new(world, &s->kafka, platform->storage[region]);
    if (producer_needed(&s->producer))
        platform->producer[region] = producer_new(world, &s->producer, &s->kafka, region);
    platform->consumers[region] =
        consumers_new(world, s->top.consumers.item, groups, platform->storage[region]);
    platform->database[region] = database_new(world, &s->database, region);
    if (!scenario_active_active(s))
        return;
    platform->copies[region] = storage_new_copies(platform->storage[region]);
    platform->takeover[region] =
        consumers_new(world, s->top.consumers.item, groups, platform->copies[region]);
}

/* In active-active a mirror writes beside what the cluster takes itself. */
static Storage *mirror_target(const Platform *platform, uint32_t region)
{
    return platform->copies[region] ? platform->copies[region] : platform->storage[region];
}

static void make_relay(Platform *platform, uint32_t region)
{
    const Scenario *s = platform->scenario;
    World *world = &platform->world;
    platform->outbox[region] =
        outbox_new(world->ledger, s->application.write == WRITE_CDC, s->relay.rewind);
    platform->relay[region] = relay_new(world, &s->relay, region, (uint32_t)s->kafka.partitions,
                                        platform->outbox[region]);
}

static void make_components(Platform *platform)
{
    const Scenario *s = platform->scenario;
    World *world = &platform->world;
    platform->wan[WAN_OUT] = wiring_link(platform, "wan.out", s->network.wan, SIM_LINK_STREAM);
    platform->wan[WAN_BACK] = wiring_link(platform, "wan.back", s->network.wan, SIM_LINK_STREAM);
    for (uint32_t r = 0; r < REGIONS; r++)
        make_region(platform, r);
    for (uint32_t r = 0; application_relayed(&s->application) && r < REGIONS; r++)
        make_relay(platform, r);
    for (uint32_t r = REGIONS; r-- > 0;)
        if (scenario_mirrors_into(s, r))
            platform->mirror[r] = mirror_new(world, &s->mirror, platform->storage[other_region(r)],
                                             mirror_target(platform, r));
    platform->users = users_new(world, &s->users, s->run.duration, s->run.warmup);
    platform->router = router_new(world, &s->router);
    platform->control = control_new(world);
    if (failover_step_find(&s->failover.steps, action_name[ACTION_RECONCILE]) >= 0 ||
        failover_step_find(&s->failback.steps, action_name[ACTION_RECONCILE]) >= 0)
        platform->reconciliation = reconciliation_new(
            world, &s->reconciliation, s->users.policy.idempotency_keys, s->application.publish);
    platform->failover = failover_new(world, &s->failover, &s->failback);
    if (resolvers_needed(&s->router))
        platform->resolvers = resolvers_new(world, &s->router, s->users.population);
}

/* ---- a run ---- */

static void platform_init(Platform *platform, const Scenario *scenario, uint64_t seed,
                          uint32_t replication, Story *story)
{
    *platform = (Platform){.scenario = scenario};
    World *world = &platform->world;
    world->sim = sim_new();
    world->ledger = ledger_new(audit_settle, &platform->audit);
    ledger_watch_copies(world->ledger, audit_copied);
    audit_init(&platform->audit, world->ledger, (uint32_t)scenario->top.consumers.count,
               scenario->application.publish, scenario_active_active(scenario));
    world->recovery = recovery_new(scenario->measure.window, scenario->measure.success,
                                   users_longest_attempt(&scenario->users));
    world->story = story;
    world->seed = seed;
    world->replication = replication;
    for (int r = 0; r < REGIONS; r++)
        world->region_name[r] = scenario->regions.name[r];
    platform->links = g_ptr_array_new();
    platform->at_once = dist_new_constant(0);
    outages_init(platform);
    make_components(platform);
    wiring_connect(platform);
}

static void platform_clear(Platform *platform)
{
    users_free(platform->users);
    router_free(platform->router);
    resolvers_free(platform->resolvers);
    control_free(platform->control);
    failover_free(platform->failover);
    reconciliation_free(platform->reconciliation);
    for (int r = 0; r < REGIONS; r++)
        mirror_free(platform->mirror[r]);
    for (int r = 0; r < REGIONS; r++) {
        relay_free(platform->relay[r]);
        outbox_free(platform->outbox[r]);
        application_free(platform->application[r]);
        kafka_free(platform->kafka[r]);
        producer_free(platform->producer[r]);
        consumers_free(platform->consumers[r]);
        consumers_free(platform->takeover[r]);
        storage_free(platform->copies[r]);
        database_free(platform->database[r]);
        storage_free(platform->storage[r]);
    }
    sim_free(platform->world.sim);
    g_ptr_array_foreach(platform->links, (GFunc)(void (*)(void))sim_link_free, NULL);
    g_ptr_array_unref(platform->links);
    dist_free(platform->at_once);
    outages_clear(platform);
    recovery_free(platform->world.recovery);
    ledger_free(platform->world.ledger);
}

static void start_consumers(Platform *platform)
{
    const ReadinessConfig *readiness = &platform->scenario->readiness;
    consumers_start(platform->consumers[REGION_ACTIVE], readiness);
    if (!scenario_active_active(platform->scenario)) {
        consumers_stand_by(platform->consumers[REGION_PASSIVE], readiness);
        return;
    }
    consumers_start(platform->consumers[REGION_PASSIVE], readiness);
    for (uint32_t r = 0; r < REGIONS; r++)
        consumers_stand_by(platform->takeover[r], readiness);
}

static void start_all(Platform *platform)
{
    outages_plan(platform);
    application_measure_from(platform->application[REGION_ACTIVE], platform->scenario->run.warmup);
    for (uint32_t r = 0; r < REGIONS; r++)
        application_start(platform->application[r]);
    start_consumers(platform);
    router_start(platform->router);
    failover_start(platform->failover);
    users_start(platform->users);
    for (uint32_t r = 0; r < REGIONS; r++)
        if (platform->relay[r])
            relay_start(platform->relay[r]);
}

static void take_detail(Platform *platform, RunDetail *detail)
{
    const Scenario *s = platform->scenario;
    World *world = &platform->world;
    detail->outage_at = world->recovery->outage_at;
    detail->steps = timeline_build(s, world->recovery);
    detail->lines = story_take_lines(world->story);
    detail->events = sim_events_delivered(world->sim);
    detail->cast_count = s->users.cast.count;
    detail->cast_fate = g_new(Fate, MAX(detail->cast_count, 1));
    for (size_t i = 0; i < detail->cast_count; i++)
        detail->cast_fate[i] = platform->audit.end.cast_fate[i];
}

static uint64_t count_faults(const Sim *sim)
{
    uint64_t sum = 0;
    for (size_t c = 1; c < sim_components(sim); c++)
        sum += sim_outages_fired(sim, (SimComponent)c);
    return sum;
}

static bool is_down(const Platform *platform, SimComponent component)
{
    return !sim_is_up(platform->world.sim, component);
}

/* Of the two, the one that is up when the other is not; REGIONS: what both have survives. */
static uint32_t the_only_one(const Platform *platform, const SimComponent of[REGIONS])
{
    bool down[REGIONS] = {is_down(platform, of[0]), is_down(platform, of[1])};
    if (down[REGION_ACTIVE] == down[REGION_PASSIVE])
        return REGIONS;
    return down[REGION_ACTIVE] ? REGION_PASSIVE : REGION_ACTIVE;
}

/* Active-active: what a region has that is down at the end is lost; of two that are up, all that is
 * in either survives, for it is on its way. */
static void judge_by_survivors(Platform *platform)
{
    Ledger *ledger = platform->world.ledger;
    SimComponent database[REGIONS], kafka[REGIONS];
    for (uint32_t r = 0; r < REGIONS; r++) {
        database[r] = database_component(platform->database[r]);
        kafka[r] = kafka_component(platform->kafka[r]);
    }
    uint32_t survivor = the_only_one(platform, database), log = the_only_one(platform, kafka);
    for (uint32_t r = 0; r < REGIONS && survivor == REGIONS; r++)
        database_merge(platform->database[r]);
    ledger_promote_database(ledger, survivor == REGIONS ? REGION_ACTIVE : survivor);
    ledger_switch_log(ledger, log == REGIONS ? (uint32_t)LOG_EITHER : log);
    for (uint32_t r = 0; r < REGIONS; r++) {
        if (log != REGIONS && log != r)
            continue;
        consumers_mark_unread(platform->consumers[r]);
        consumers_mark_unread(platform->takeover[r]);
    }
}

static void judge_by_survivor(Platform *platform)
{
    if (scenario_active_active(platform->scenario))
        judge_by_survivors(platform);
    else
        consumers_mark_unread(platform->consumers[ledger_surviving_log(platform->world.ledger)]);
}

/* Rows that a relay is still to publish. */
static void note_waiting(const Platform *platform)
{
    uint32_t survivor = ledger_surviving_database(platform->world.ledger);
    for (uint32_t r = 0; r < REGIONS; r++) {
        bool counts = r == survivor || scenario_active_active(platform->scenario);
        if (counts && platform->relay[r] && relay_publishes(platform->relay[r]))
            outbox_note_waiting(platform->outbox[r]);
    }
}

/* Every payment is judged; what the components know of themselves goes into the metrics. */
static void close_books(Platform *platform, double *values)
{
    World *world = &platform->world;
    judge_by_survivor(platform);
    note_waiting(platform);
    ledger_close(world->ledger);
    recovery_close(world->recovery);
    RunFacts facts = {.scenario = platform->scenario,
                      .audit = &platform->audit,
                      .ledger = world->ledger,
                      .recovery = world->recovery,
                      .reconciliation = reconciliation_facts(platform->reconciliation),
                      .users = users_facts(platform->users),
                      .database = database_facts(platform->database[REGION_ACTIVE]),
                      .standby = database_facts(platform->database[REGION_PASSIVE]),
                      .application = application_facts(platform->application[REGION_ACTIVE]),
                      .passive_application =
                          application_facts(platform->application[REGION_PASSIVE]),
                      .kafka = {kafka_facts(platform->kafka[REGION_ACTIVE]),
                                kafka_facts(platform->kafka[REGION_PASSIVE])},
                      .mirror = {mirror_facts(platform->mirror[REGION_ACTIVE]),
                                 mirror_facts(platform->mirror[REGION_PASSIVE])},
                      .mirrors_back = platform->mirror[REGION_ACTIVE] != NULL,
                      .faults = count_faults(world->sim),
                      .degraded = gray_fired(world->gray) + platform->edge_failures,
                      .events = sim_events_delivered(world->sim)};
    audit_close(&platform->audit, facts.users.submitted);
    metrics_fill(&facts, values);
}

uint64_t platform_run(const Scenario *scenario, uint64_t seed, uint32_t replication, double *values,
                      RunDetail *detail)
{
    Platform platform;
    Story *story = detail ? story_new() : NULL;
    platform_init(&platform, scenario, seed, replication, story);
    start_all(&platform);
    sim_run(platform.world.sim, scenario->run.duration + scenario->run.drain);
    close_books(&platform, values);
    uint64_t fingerprint = sim_fingerprint(platform.world.sim);
    if (detail)
        take_detail(&platform, detail);
    platform_clear(&platform);
    story_free(story);
    return fingerprint;
}

void run_detail_clear(RunDetail *detail)
{
    if (detail->steps)
        g_ptr_array_unref(detail->steps);
    if (detail->lines)
        g_ptr_array_unref(detail->lines);
    g_free(detail->cast_fate);
    *detail = (RunDetail){.outage_at = SIM_NEVER};
}
