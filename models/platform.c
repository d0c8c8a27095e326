/* Builds the platform of one run, connects it, lets it run, and takes the results out. */
#include "models/platform.h"

#include "models/audit.h"
#include "models/config.h"
#include "models/control.h"
#include "models/metrics.h"
#include "models/timeline.h"
#include "sim/check.h"

_Static_assert(CAST_MAX <= AUDIT_CAST_MAX, "the audit notes the fate of the whole cast");

enum { OBSERVE_OUTAGE, OBSERVER_KINDS };

enum { WAN_OUT, WAN_BACK, WANS };

typedef struct Platform {
    World world; /* first: components see it as their world */
    const Scenario *scenario;
    Audit audit;
    GPtrArray *links; /* SimLink*, owned */
    SimLink *wan[WANS];
    Storage *storage[REGIONS];
    Users *users;
    Router *router;
    Application *application[REGIONS];
    Kafka *kafka[REGIONS];
    Consumers *consumers[REGIONS];
    Database *database[REGIONS];
    Outbox *outbox[REGIONS]; /* these two NULL: the application publishes */
    Relay *relay[REGIONS];
    Mirror *mirror; /* NULL: not enabled */
    Control *control;
    Failover *failover;
    SimComponent observer;
    uint64_t mirror_unreplicated;
} Platform;

/* ---- making ---- */

static SimLink *new_link(Platform *platform, const char *name, const Dist *latency,
                         SimLinkKind kind)
{
    SimLink *link = sim_link_new(platform->world.sim, name, latency,
                                 world_stream(&platform->world, name, "latency"), kind);
    g_ptr_array_add(platform->links, link);
    return link;
}

/* A link between two services, named after where it starts and what it is for. Receiver 0: many. */
static SimLink *link_to(Platform *platform, const char *from, const char *to, const Dist *latency,
                        SimComponent receiver)
{
    char *name = g_strdup_printf("%s>%s", from, to);
    SimLink *link = new_link(platform, name, latency, SIM_LINK_REQUESTS);
    if (receiver)
        sim_link_connect(link, receiver);
    g_free(name);
    return link;
}

static void make_region(Platform *platform, uint32_t region)
{
    const Scenario *s = platform->scenario;
    World *world = &platform->world;
    uint32_t groups = (uint32_t)s->top.consumers.count;
    platform->storage[region] = storage_new(region, (uint32_t)s->kafka.partitions, groups);
    platform->application[region] =
        application_new(world, &s->application, region, (uint32_t)s->kafka.partitions);
    platform->kafka[region] = kafka_new(world, &s->kafka, platform->storage[region]);
    platform->consumers[region] =
        consumers_new(world, s->top.consumers.item, groups, platform->storage[region]);
    platform->database[region] = database_new(world, &s->database, region);
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
    platform->wan[WAN_OUT] = new_link(platform, "wan.out", s->network.wan, SIM_LINK_STREAM);
    platform->wan[WAN_BACK] = new_link(platform, "wan.back", s->network.wan, SIM_LINK_STREAM);
    for (uint32_t r = 0; r < REGIONS; r++)
        make_region(platform, r);
    for (uint32_t r = 0; application_relayed(&s->application) && r < REGIONS; r++)
        make_relay(platform, r);
    if (s->mirror.enabled)
        platform->mirror = mirror_new(world, &s->mirror, platform->storage[REGION_ACTIVE],
                                      platform->storage[REGION_PASSIVE]);
    platform->users = users_new(world, &s->users, s->run.duration, s->run.warmup);
    platform->router = router_new(world, &s->router);
    platform->control = control_new(world);
    platform->failover = failover_new(world, &s->failover);
}

/* ---- connecting ---- */

static void connect_fetchers(Platform *platform, uint32_t region, SimLink *to_consumers)
{
    Consumers *consumers = platform->consumers[region];
    for (uint32_t i = 0; i < consumers_instances(consumers); i++) {
        uint32_t modulus, remainder;
        consumers_instance_share(consumers, i, &modulus, &remainder);
        consumers_set_fetcher(consumers, i,
                              kafka_add_fetcher(platform->kafka[region],
                                                consumers_component(consumers), (uint16_t)i,
                                                to_consumers, modulus, remainder));
    }
}

static void connect_relay(Platform *platform, uint32_t region)
{
    const Dist *local = platform->scenario->network.local;
    const char *name = region_role[region];
    Relay *relay = platform->relay[region];
    Database *database = platform->database[region];
    char *produce = g_strdup_printf("%s>kafka.from-relay", name);
    SimLink *to_kafka = new_link(platform, produce, local, SIM_LINK_STREAM);
    g_free(produce);
    sim_link_connect(to_kafka, kafka_component(platform->kafka[region]));
    relay_connect(
        relay, link_to(platform, name, "database.from-relay", local, database_component(database)),
        to_kafka);
    database_keep_outbox(
        database, platform->outbox[region],
        link_to(platform, name, "relay.from-database", local, relay_component(relay)));
}

static void connect_region(Platform *platform, uint32_t region)
{
    const NetworkConfig *network = &platform->scenario->network;
    const char *name = region_role[region];
    SimComponent application = application_component(platform->application[region]);
    SimComponent kafka = kafka_component(platform->kafka[region]);
    SimComponent database = database_component(platform->database[region]);
    SimComponent users = users_component(platform->users);
    SimComponent failover = failover_component(platform->failover);
#define LOCAL(to, component)  link_to(platform, name, to, network->local, component)
#define MANAGE(to, component) link_to(platform, name, to, network->management, component)
    application_connect(platform->application[region],
                        (ApplicationLinks){
                            .to_database = LOCAL("database", database),
                            .to_kafka = LOCAL("kafka", kafka),
                            .to_users = link_to(platform, name, "users", network->reply, users),
                            .to_edge = link_to(platform, name, "edge", network->edge, 0),
                        });
    database_connect(
        platform->database[region],
        (DatabaseLinks){.to_application = LOCAL("application.from-database", application),
                        .to_failover = MANAGE("failover.from-database", failover),
                        .to_control = MANAGE("control", control_component(platform->control)),
                        .wan = platform->wan[region == REGION_ACTIVE ? WAN_OUT : WAN_BACK]});
    Relay *relay = platform->relay[region];
    SimLink *to_producer = relay ? LOCAL("relay.from-kafka", relay_component(relay))
                                 : LOCAL("application.from-kafka", application);
    kafka_connect(platform->kafka[region], to_producer, MANAGE("failover.from-kafka", failover));
    consumers_connect(platform->consumers[region],
                      (ConsumersLinks){.to_kafka = LOCAL("kafka.from-consumers", kafka),
                                       .to_failover = MANAGE("failover.from-consumers", failover),
                                       .kafka = kafka});
    connect_fetchers(platform, region,
                     LOCAL("consumers", consumers_component(platform->consumers[region])));
#undef LOCAL
#undef MANAGE
}

/* In the passive region it fetches over the WAN; in the active one its fetches stay local. */
static void connect_mirror(Platform *platform)
{
    const Scenario *s = platform->scenario;
    Mirror *mirror = platform->mirror;
    Kafka *source = platform->kafka[REGION_ACTIVE];
    bool remote = s->mirror.runs_in == REGION_PASSIVE;
    SimComponent self = mirror_component(mirror), kafka = kafka_component(source);
    SimLink *answers = remote ? platform->wan[WAN_OUT]
                              : link_to(platform, "mirror", "self", s->network.local, self);
    SimLink *fetches = remote ? platform->wan[WAN_BACK]
                              : link_to(platform, "mirror", "source", s->network.local, kafka);
    mirror_connect(mirror,
                   (MirrorLinks){.to_source = fetches,
                                 .wan = platform->wan[WAN_OUT],
                                 .source_kafka = kafka,
                                 .target_kafka = kafka_component(platform->kafka[REGION_PASSIVE])});
    for (uint32_t t = 0; t < s->mirror.tasks; t++)
        mirror_start_task(
            mirror, t,
            kafka_add_fetcher(source, self, (uint16_t)t, answers, (uint32_t)s->mirror.tasks, t));
}

static void connect_front(Platform *platform)
{
    const Scenario *s = platform->scenario;
    const NetworkConfig *network = &s->network;
    UsersLinks users = {.edges = (uint32_t)s->router.edges,
                        .dns = s->router.kind == ROUTER_TRAFFIC_MANAGER};
    RouterLinks router = {
        .to_users =
            link_to(platform, "router", "users", network->users, users_component(platform->users)),
        .to_failover = link_to(platform, "router", "failover", network->management,
                               failover_component(platform->failover))};
    users.to_router =
        link_to(platform, "users", "router", network->users, router_component(platform->router));
    for (uint32_t r = 0; r < REGIONS; r++) {
        SimComponent application = application_component(platform->application[r]);
        const char *name = region_role[r];
        router.application[r] = users.application[r] = application;
        router.to_region[r] = link_to(platform, "router", name, network->edge, application);
        users.to_region[r] = link_to(platform, "users", name, network->reply, application);
    }
    users_connect(platform->users, users);
    router_connect(platform->router, router);
}

static void connect_failover(Platform *platform)
{
    const NetworkConfig *network = &platform->scenario->network;
    SimComponent failover = failover_component(platform->failover);
    FailoverLinks links = {
        .to_active = link_to(platform, "failover", "probe", network->edge, 0),
        .application = application_component(platform->application[REGION_ACTIVE]),
        .command = link_to(platform, "failover", "command", network->management, 0),
        .performer =
            {
                [ACTION_FENCE] = control_component(platform->control),
                [ACTION_PROMOTE] = database_component(platform->database[REGION_PASSIVE]),
                [ACTION_SWITCH_KAFKA] = kafka_component(platform->kafka[REGION_PASSIVE]),
                [ACTION_RESUME_CONSUMERS] =
                    consumers_component(platform->consumers[REGION_PASSIVE]),
                [ACTION_REROUTE] = router_component(platform->router),
            },
    };
    ControlLinks control = {
        .to_failover = link_to(platform, "control", "failover", network->management, failover)};
    for (uint32_t r = 0; r < REGIONS; r++) {
        control.database[r] = database_component(platform->database[r]);
        control.to_database[r] =
            link_to(platform, "control", region_role[r], network->management, control.database[r]);
    }
    failover_connect(platform->failover, links);
    control_connect(platform->control, control);
}

static void connect_all(Platform *platform)
{
    for (uint32_t r = 0; r < REGIONS; r++)
        connect_region(platform, r);
    connect_front(platform);
    connect_failover(platform);
    database_replicate(platform->database[REGION_ACTIVE], platform->database[REGION_PASSIVE]);
    storage_pin(platform->storage[REGION_ACTIVE]);
    if (platform->mirror)
        connect_mirror(platform);
    for (uint32_t r = 0; r < REGIONS; r++)
        if (platform->relay[r])
            connect_relay(platform, r);
}

/* ---- outages ---- */

/* The relay runs beside the application. */
static void fail_application(Platform *platform, uint32_t region, SimTime from, SimTime to)
{
    Sim *sim = platform->world.sim;
    sim_outage(sim, application_component(platform->application[region]), from, to);
    if (platform->relay[region])
        sim_outage(sim, relay_component(platform->relay[region]), from, to);
}

static void fail_region(Platform *platform, uint32_t region, SimTime from, SimTime to)
{
    Sim *sim = platform->world.sim;
    fail_application(platform, region, from, to);
    sim_outage(sim, consumers_component(platform->consumers[region]), from, to);
    sim_outage(sim, kafka_component(platform->kafka[region]), from, to);
    sim_outage(sim, database_component(platform->database[region]), from, to);
    if (platform->mirror && platform->scenario->mirror.runs_in == (int)region)
        sim_outage(sim, mirror_component(platform->mirror), from, to);
}

static void fail(Platform *platform, const EventConfig *event, SimTime from, SimTime to)
{
    Sim *sim = platform->world.sim;
    uint32_t region = event->region;
    switch ((Fault)event->fail) {
    case FAULT_REGION:
        fail_region(platform, region, from, to);
        break;
    case FAULT_APPLICATION:
        fail_application(platform, region, from, to);
        break;
    case FAULT_DATABASE:
        sim_outage(sim, database_component(platform->database[region]), from, to);
        break;
    case FAULT_KAFKA:
        sim_outage(sim, kafka_component(platform->kafka[region]), from, to);
        break;
    case FAULT_CONSUMERS:
        sim_outage(sim, consumers_component(platform->consumers[region]), from, to);
        break;
    case FAULT_LINK:
        if (region != WAN_BACK)
            sim_outage(sim, sim_link_component(platform->wan[WAN_OUT]), from, to);
        if (region != WAN_OUT)
            sim_outage(sim, sim_link_component(platform->wan[WAN_BACK]), from, to);
        break;
    case FAULT_MIRROR:
        if (platform->mirror)
            sim_outage(sim, mirror_component(platform->mirror), from, to);
        break;
    case FAULT_ROUTER:
        sim_outage(sim, router_component(platform->router), from, to);
        break;
    case FAULT_CONTROL_PLANE:
        sim_outage(sim, control_component(platform->control), from, to);
        break;
    case FAULT_MONITOR:
        sim_outage(sim, failover_component(platform->failover), from, to);
        break;
    case FAULTS:
        SIM_CHECK(false);
    }
}

typedef struct Interval {
    SimTime from, to;
    bool hits; /* the service, rather than something beside it */
} Interval;

static Interval draw_interval(Platform *platform, size_t i)
{
    const EventConfig *event = scenario_event(platform->scenario, i);
    char *purpose = g_strdup_printf("event %zu", i);
    RandomStream draws = world_stream(&platform->world, "events", purpose);
    g_free(purpose);
    SimTime from = dist_draw(event->at, &draws);
    return (Interval){from, from + dist_draw(event->duration, &draws),
                      scenario_event_hits_service(event)};
}

/* The end of the outage that begins at `from`, overlapping events taken together. */
static SimTime joint_end(const GArray *intervals, SimTime from)
{
    SimTime end = from;
    for (bool grown = true; grown;) {
        grown = false;
        for (guint i = 0; i < intervals->len; i++) {
            Interval other = g_array_index(intervals, Interval, i);
            if (!other.hits || other.from > end || other.to <= end)
                continue;
            end = other.to;
            grown = true;
        }
    }
    return end;
}

/* Recovery counts from the first event that hits the service; without one, from the first at all.
 */
static void note_outage(Platform *platform, const GArray *intervals)
{
    Recovery *recovery = platform->world.recovery;
    SimTime first = SIM_NEVER, first_hit = SIM_NEVER;
    for (guint i = 0; i < intervals->len; i++) {
        Interval interval = g_array_index(intervals, Interval, i);
        first = MIN(first, interval.from);
        if (interval.hits)
            first_hit = MIN(first_hit, interval.from);
    }
    recovery->outage_at = first_hit != SIM_NEVER ? first_hit : first;
    if (recovery->outage_at == SIM_NEVER)
        return;
    SimTime run_ends = platform->scenario->run.duration + platform->scenario->run.drain;
    SimTime ends = joint_end(intervals, recovery->outage_at);
    if (first_hit != SIM_NEVER && ends < run_ends)
        recovery->outage_ends_at = ends;
    sim_at(platform->world.sim, recovery->outage_at, SIM_PHASE_FAULT,
           (SimEvent){.component = platform->observer, .kind = OBSERVE_OUTAGE});
}

static void plan_outages(Platform *platform)
{
    const Scenario *s = platform->scenario;
    GArray *intervals = g_array_new(FALSE, FALSE, sizeof(Interval));
    for (size_t i = 0; i < s->top.events.count; i++) {
        Interval interval = draw_interval(platform, i);
        fail(platform, scenario_event(s, i), interval.from, interval.to);
        if (interval.from >= s->run.duration + s->run.drain || interval.to == interval.from)
            continue;
        g_array_append_val(intervals, interval);
        if (platform->world.story) {
            char *text = scenario_event_text(s, i);
            story_add(platform->world.story, interval.from, STORY_PLATFORM, "%s", text);
            g_free(text);
        }
    }
    note_outage(platform, intervals);
    g_array_unref(intervals);
}

/* At the instant of the outage; what it took down has kept its logs. */
static void on_outage(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Platform *platform = self;
    database_note_outage(platform->database[REGION_ACTIVE]);
    failover_note_outage(platform->failover);
    if (platform->mirror)
        platform->mirror_unreplicated = mirror_unreplicated(platform->mirror);
}

static const SimHandler observer_handlers[OBSERVER_KINDS] = {[OBSERVE_OUTAGE] = on_outage};
static const SimType observer_type = {
    .name = "observer", .handlers = observer_handlers, .handler_count = OBSERVER_KINDS};

/* ---- a run ---- */

static void platform_init(Platform *platform, const Scenario *scenario, uint64_t seed,
                          uint32_t replication, Story *story)
{
    *platform = (Platform){.scenario = scenario};
    platform->audit = (Audit){.groups = (uint32_t)scenario->top.consumers.count,
                              .publishes = scenario->application.publish,
                              .earliest_lost = SIM_NEVER};
    for (int i = 0; i < AUDIT_CAST_MAX; i++)
        platform->audit.cast_fate[i] = FATE_PENDING;
    World *world = &platform->world;
    world->sim = sim_new();
    world->ledger = ledger_new(audit_settle, &platform->audit);
    world->recovery = recovery_new(scenario->measure.window, scenario->measure.success,
                                   users_longest_attempt(&scenario->users));
    world->story = story;
    world->seed = seed;
    world->replication = replication;
    for (int r = 0; r < REGIONS; r++)
        world->region_name[r] = scenario->regions.name[r];
    platform->audit.ledger = world->ledger;
    platform->links = g_ptr_array_new();
    platform->observer = sim_add(world->sim, &observer_type, platform, "observer");
    make_components(platform);
    connect_all(platform);
}

static void platform_clear(Platform *platform)
{
    users_free(platform->users);
    router_free(platform->router);
    control_free(platform->control);
    failover_free(platform->failover);
    mirror_free(platform->mirror);
    for (int r = 0; r < REGIONS; r++) {
        relay_free(platform->relay[r]);
        outbox_free(platform->outbox[r]);
        application_free(platform->application[r]);
        kafka_free(platform->kafka[r]);
        consumers_free(platform->consumers[r]);
        database_free(platform->database[r]);
        storage_free(platform->storage[r]);
    }
    sim_free(platform->world.sim);
    g_ptr_array_foreach(platform->links, (GFunc)(void (*)(void))sim_link_free, NULL);
    g_ptr_array_unref(platform->links);
    recovery_free(platform->world.recovery);
    ledger_free(platform->world.ledger);
}

static void start_all(Platform *platform)
{
    plan_outages(platform);
    application_measure_from(platform->application[REGION_ACTIVE], platform->scenario->run.warmup);
    consumers_start(platform->consumers[REGION_ACTIVE]);
    consumers_stand_by(platform->consumers[REGION_PASSIVE], &platform->scenario->readiness);
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
        detail->cast_fate[i] = platform->audit.cast_fate[i];
}

static uint64_t count_faults(const Sim *sim)
{
    uint64_t sum = 0;
    for (size_t c = 1; c < sim_components(sim); c++)
        sum += sim_outages_fired(sim, (SimComponent)c);
    return sum;
}

/* Every payment is judged; what the components know of themselves goes into the metrics. */
static void close_books(Platform *platform, double *values)
{
    World *world = &platform->world;
    consumers_mark_unread(platform->consumers[ledger_surviving_log(world->ledger)]);
    uint32_t survivor = ledger_surviving_database(world->ledger);
    if (platform->relay[survivor] && relay_publishes(platform->relay[survivor]))
        outbox_note_waiting(platform->outbox[survivor]);
    ledger_close(world->ledger);
    recovery_close(world->recovery);
    RunFacts facts = {.scenario = platform->scenario,
                      .audit = &platform->audit,
                      .ledger = world->ledger,
                      .recovery = world->recovery,
                      .users = users_facts(platform->users),
                      .database = database_facts(platform->database[REGION_ACTIVE]),
                      .application = application_facts(platform->application[REGION_ACTIVE]),
                      .mirror_unreplicated = platform->mirror_unreplicated,
                      .faults = count_faults(world->sim),
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
