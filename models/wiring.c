/* Connects the platform's components by links. */
#include "models/assembly.h"

SimLink *wiring_link(Platform *platform, const char *name, const Dist *latency, SimLinkKind kind)
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
    SimLink *link = wiring_link(platform, name, latency, SIM_LINK_REQUESTS);
    if (receiver)
        sim_link_connect(link, receiver);
    g_free(name);
    return link;
}

static void connect_fetchers(Platform *platform, uint32_t region, SimLink *to_consumers)
{
    Consumers *consumers = platform->consumers[region];
    for (uint32_t i = 0; i < consumers_instances(consumers); i++) {
        uint32_t modulus, remainder;
        consumers_instance_share(consumers, i, &modulus, &remainder);
        consumers_set_fetcher(consumers, i,
                              kafka_add_fetcher(platform->kafka[region],
                                                consumers_component(consumers), (uint16_t)i,
                                                to_consumers, modulus, remainder,
                                                consumers_instance_committed(consumers, i)));
    }
}

/* Put the producer, if there is one, between its client and Kafka. Returns the client's link. */
static SimLink *connect_producer(Platform *platform, uint32_t region, SimLink *to_kafka,
                                 SimComponent client)
{
    const char *name = region_role[region];
    const Dist *at_once = platform->at_once;
    Producer *producer = platform->producer[region];
    if (!producer)
        return to_kafka;
    producer_connect(producer, to_kafka,
                     link_to(platform, name, "client.from-producer", at_once, client));
    return link_to(platform, name, "producer", at_once, producer_component(producer));
}

static SimLink *connect_application_to_kafka(Platform *platform, uint32_t region)
{
    const Dist *local = platform->scenario->network.local;
    SimComponent kafka = kafka_component(platform->kafka[region]);
    const char *name = region_role[region];
    if (!platform->producer[region] || platform->relay[region])
        return link_to(platform, name, "kafka", local, kafka);
    char *produce = g_strdup_printf("%s>kafka", name);
    SimLink *to_kafka = wiring_link(platform, produce, local, SIM_LINK_STREAM);
    g_free(produce);
    sim_link_connect(to_kafka, kafka);
    return connect_producer(platform, region, to_kafka,
                            application_component(platform->application[region]));
}

/* Kafka's answers go to whoever publishes. */
static void connect_kafka(Platform *platform, uint32_t region, SimLink *to_failover)
{
    const Scenario *s = platform->scenario;
    const Relay *relay = platform->relay[region];
    const Producer *producer = platform->producer[region];
    SimComponent client =
        relay ? relay_component(relay) : application_component(platform->application[region]);
    KafkaClient kind = s->producer.outages == 0 ? KAFKA_CLIENT_TRIES_AGAIN : KAFKA_CLIENT_WAITS;
    kafka_serve(platform->kafka[region], producer ? kind : KAFKA_CLIENT_SIMPLE,
                producer && producer_idempotent(&s->producer, &s->kafka));
    kafka_connect(platform->kafka[region],
                  link_to(platform, region_role[region],
                          relay ? "relay.from-kafka" : "application.from-kafka", s->network.local,
                          producer ? producer_component(producer) : client),
                  to_failover);
    if (s->producer.transactional)
        producer_coordinate(
            platform->producer[region],
            kafka_transact(platform->kafka[region], s->producer.transaction_timeout));
}

static void connect_relay(Platform *platform, uint32_t region)
{
    const Dist *local = platform->scenario->network.local;
    const char *name = region_role[region];
    Relay *relay = platform->relay[region];
    Database *database = platform->database[region];
    char *produce = g_strdup_printf("%s>kafka.from-relay", name);
    SimLink *to_kafka = wiring_link(platform, produce, local, SIM_LINK_STREAM);
    g_free(produce);
    sim_link_connect(to_kafka, kafka_component(platform->kafka[region]));
    relay_connect(
        relay, link_to(platform, name, "database.from-relay", local, database_component(database)),
        connect_producer(platform, region, to_kafka, relay_component(relay)));
    database_keep_outbox(
        database, platform->outbox[region],
        link_to(platform, name, "relay.from-database", local, relay_component(relay)));
}

/* How the monitor sees the active region: from outside, from inside, over the wide area. */
static const Dist *monitor_latency(const Platform *platform)
{
    const NetworkConfig *network = &platform->scenario->network;
    const Dist *const latency[] = {[HOSTED_ELSEWHERE] = network->edge,
                                   [HOSTED_ACTIVE] = network->local,
                                   [HOSTED_PASSIVE] = network->wan};
    return latency[platform->scenario->failover.hosted];
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
    SimComponent monitor = failover_monitor_component(platform->failover);
    bool own_way = region == REGION_ACTIVE && monitor != failover;
#define LOCAL(to, component)  link_to(platform, name, to, network->local, component)
#define MANAGE(to, component) link_to(platform, name, to, network->management, component)
    application_connect(
        platform->application[region],
        (ApplicationLinks){
            .to_database = LOCAL("database", database),
            .to_kafka = connect_application_to_kafka(platform, region),
            .to_users = link_to(platform, name, "users", network->reply, users),
            .to_edge = link_to(platform, name, "edge", network->edge, 0),
            .to_failover = MANAGE("failover.from-application", failover),
            .to_control = MANAGE("control.from-application", control_component(platform->control)),
            .to_peer = platform->wan[region == REGION_ACTIVE ? WAN_OUT : WAN_BACK],
            .peer = application_component(platform->application[other_region(region)]),
            .to_monitor =
                own_way ? link_to(platform, name, "monitor", monitor_latency(platform), monitor)
                        : NULL,
            .monitor = monitor,
        });
    database_connect(
        platform->database[region],
        (DatabaseLinks){.to_application = LOCAL("application.from-database", application),
                        .to_failover = MANAGE("failover.from-database", failover),
                        .to_control = MANAGE("control", control_component(platform->control)),
                        .wan = platform->wan[region == REGION_ACTIVE ? WAN_OUT : WAN_BACK]});
    connect_kafka(platform, region, MANAGE("failover.from-kafka", failover));
    ConsumersLinks consumers = {.to_kafka = LOCAL("kafka.from-consumers", kafka),
                                .to_failover = MANAGE("failover.from-consumers", failover),
                                .kafka = kafka};
    consumers_connect(platform->consumers[region], consumers);
    if (platform->takeover[region])
        consumers_connect(platform->takeover[region], consumers);
    connect_fetchers(platform, region,
                     LOCAL("consumers", consumers_component(platform->consumers[region])));
#undef LOCAL
#undef MANAGE
}

/* At its target it fetches over the WAN; at its source its fetches stay local. */
static void connect_mirror(Platform *platform, uint32_t into)
{
    const NetworkConfig *network = &platform->scenario->network;
    Mirror *mirror = platform->mirror[into];
    Kafka *source = platform->kafka[other_region(into)];
    const char *name = mirror_name[into];
    SimLink *out = platform->wan[into == REGION_PASSIVE ? WAN_OUT : WAN_BACK];
    SimLink *back = platform->wan[into == REGION_PASSIVE ? WAN_BACK : WAN_OUT];
    SimComponent self = mirror_component(mirror), kafka = kafka_component(source);
    bool remote = mirror_region(mirror) == into;
    SimLink *answers = remote ? out : link_to(platform, name, "self", network->local, self);
    SimLink *fetches = remote ? back : link_to(platform, name, "source", network->local, kafka);
    mirror_connect(mirror, (MirrorLinks){.to_source = fetches,
                                         .wan = out,
                                         .to_failover = link_to(
                                             platform, name, "failover", network->management,
                                             failover_component(platform->failover)),
                                         .source_kafka = kafka,
                                         .target_kafka = kafka_component(platform->kafka[into])});
    uint32_t tasks = (uint32_t)platform->scenario->mirror.tasks;
    for (uint32_t t = 0; t < tasks; t++)
        mirror_set_fetcher(mirror, t,
                           kafka_add_fetcher(source, self, (uint16_t)t, answers, tasks, t,
                                             mirror_reads_committed(&platform->scenario->mirror)));
}

/* The mirror into the passive region runs; the other one may begin later, and wants what the first
 * did not write. */
static void connect_mirrors(Platform *platform)
{
    const MirrorConfig *config = &platform->scenario->mirror;
    storage_pin(platform->storage[REGION_ACTIVE]);
    if (platform->mirror[REGION_PASSIVE]) {
        connect_mirror(platform, REGION_PASSIVE);
        mirror_start(platform->mirror[REGION_PASSIVE]);
    }
    if (!platform->mirror[REGION_ACTIVE])
        return;
    storage_pin(platform->storage[REGION_PASSIVE]);
    if (scenario_active_active(platform->scenario)) { /* copies are in topics of their own */
        connect_mirror(platform, REGION_ACTIVE);
        mirror_start(platform->mirror[REGION_ACTIVE]);
        return;
    }
    storage_mark_copies(platform->storage[REGION_PASSIVE], !mirror_copies_all(config));
    storage_mark_copies(platform->storage[REGION_ACTIVE], false);
    connect_mirror(platform, REGION_ACTIVE);
}

/* Users ask their resolvers, resolvers ask the router. */
static void connect_resolvers(Platform *platform)
{
    const NetworkConfig *network = &platform->scenario->network;
    resolvers_connect(
        platform->resolvers,
        link_to(platform, "resolvers", "router", network->edge, router_component(platform->router)),
        link_to(platform, "resolvers", "users", network->users, users_component(platform->users)));
}

static void connect_front(Platform *platform)
{
    const Scenario *s = platform->scenario;
    const NetworkConfig *network = &s->network;
    UsersLinks users = {.edges = (uint32_t)s->router.edges,
                        .dns = s->router.kind == ROUTER_TRAFFIC_MANAGER,
                        .cookies = s->router.affinity,
                        .homes = scenario_active_active(s),
                        .both = s->router.routing != ROUTING_PRIORITY &&
                                s->router.failover == ROUTER_AUTOMATIC};
    Resolvers *resolvers = platform->resolvers;
    RouterLinks router = {
        .to_users =
            link_to(platform, "router", "users", resolvers ? network->edge : network->users,
                    resolvers ? resolvers_component(resolvers) : users_component(platform->users)),
        .to_failover = link_to(platform, "router", "failover", network->management,
                               failover_component(platform->failover))};
    users.to_router =
        link_to(platform, "users", "router", network->users,
                resolvers ? resolvers_component(resolvers) : router_component(platform->router));
    for (uint32_t r = 0; r < REGIONS; r++) {
        SimComponent application = application_component(platform->application[r]);
        const char *name = region_role[r];
        router.application[r] = users.application[r] = application;
        router.to_region[r] = link_to(platform, "router", name, network->edge, application);
        users.to_region[r] = link_to(platform, "users", name, network->reply, application);
    }
    users_connect(platform->users, users);
    router_connect(platform->router, router);
    if (resolvers)
        connect_resolvers(platform);
}

/* Who carries out a step of a runbook that moves service `to` a region; 0: nobody here. */
static SimComponent performer(const Platform *platform, Action action, uint32_t to)
{
    uint32_t from = other_region(to);
    const Mirror *mirror = platform->mirror[to];
    SimComponent into = mirror ? mirror_component(mirror) : 0;
    Consumers *const *consumers = platform->takeover[to] ? platform->takeover : platform->consumers;
    const SimComponent table[ACTIONS] = {
        [ACTION_FENCE] = control_component(platform->control),
        [ACTION_PROMOTE] = database_component(platform->database[to]),
        [ACTION_SWITCH_KAFKA] = kafka_component(platform->kafka[to]),
        [ACTION_RESUME_CONSUMERS] = consumers_component(consumers[to]),
        [ACTION_REROUTE] = router_component(platform->router),
        [ACTION_STOP_CONSUMERS] = consumers_component(consumers[from]),
        [ACTION_DEMOTE_KAFKA] = kafka_component(platform->kafka[from]),
        [ACTION_AWAIT_DATABASE] = database_component(platform->database[to]),
        [ACTION_AWAIT_MIRROR] = into,
        [ACTION_SEED_DATABASE] = database_component(platform->database[to]),
        [ACTION_START_MIRROR] = into,
        [ACTION_REJOIN_KAFKA] = kafka_component(platform->kafka[to]),
        [ACTION_REJOIN_CONSUMERS] = consumers_component(platform->consumers[to]),
        [ACTION_REVERSE_MIRROR] =
            platform->mirror[from] ? mirror_component(platform->mirror[from]) : 0,
        [ACTION_RECONCILE] =
            platform->reconciliation ? reconciliation_component(platform->reconciliation) : 0,
        [ACTION_RESTORE_BACKUP] = database_component(platform->database[to]),
        [ACTION_SCALE_OUT] = application_component(platform->application[to]),
        [ACTION_CONFIGURE] = application_component(platform->application[to]),
    };
    return table[action];
}

static void connect_failover(Platform *platform)
{
    const NetworkConfig *network = &platform->scenario->network;
    SimComponent failover = failover_component(platform->failover);
    FailoverLinks links = {
        .to_active = link_to(platform, "failover", "probe", monitor_latency(platform), 0),
        .application = application_component(platform->application[REGION_ACTIVE]),
        .command = link_to(platform, "failover", "command", network->management, 0),
    };
    for (uint32_t r = 0; r < REGIONS; r++)
        for (uint32_t action = 0; action < ACTIONS; action++)
            links.performer[r][action] = performer(platform, (Action)action, r);
    links.control = control_component(platform->control);
    ControlLinks control = {
        .to_failover = link_to(platform, "control", "failover", network->management, failover)};
    for (uint32_t r = 0; r < REGIONS; r++) {
        control.database[r] = database_component(platform->database[r]);
        for (uint32_t action = 0; action < ACTIONS; action++)
            control.performer[r][action] = performer(platform, (Action)action, r);
        control.application[r] = application_component(platform->application[r]);
        control.to_application[r] =
            link_to(platform, "control", r ? "passive.application" : "active.application",
                    network->management, control.application[r]);
        control.to_database[r] =
            link_to(platform, "control", region_role[r], network->management, control.database[r]);
    }
    if (platform->reconciliation)
        reconciliation_connect(
            platform->reconciliation,
            link_to(platform, "reconciliation", "failover", network->management, failover));
    failover_connect(platform->failover, links);
    control_connect(platform->control, control);
}

void wiring_connect(Platform *platform)
{
    for (uint32_t r = 0; r < REGIONS; r++)
        connect_region(platform, r);
    connect_front(platform);
    connect_failover(platform);
    database_replicate(platform->database[REGION_ACTIVE], platform->database[REGION_PASSIVE]);
    connect_mirrors(platform);
    for (uint32_t r = 0; r < REGIONS; r++)
        if (platform->relay[r])
            connect_relay(platform, r);
}
