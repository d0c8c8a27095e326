#include "models/router.h"

#include "sim/check.h"

enum { ROUTER_PROBE = MSG_KINDS, ROUTER_DEADLINE, ROUTER_REROUTED, ROUTER_KINDS };

struct Router {
    World *world;
    const RouterConfig *config;
    SimComponent id;
    RouterLinks link;
    Prober *prober; /* edge * REGIONS + region */
    bool *turned;   /* by edge: prefers the passive region since the outage */
    uint32_t edges, turned_count;
    bool enabled[REGIONS];
    uint32_t preferred; /* region of priority 1 */
    uint32_t round_robin;
    RandomStream phase_draws, ttl_draws;
};

static const Prober *prober_of(const Router *router, uint32_t edge, uint32_t region)
{
    return &router->prober[edge * REGIONS + region];
}

/* Priority order; REGION_NONE: every enabled region looks unhealthy. */
static uint32_t healthy_region(const Router *router, uint32_t edge)
{
    for (uint32_t i = 0; i < REGIONS; i++) {
        uint32_t region = (router->preferred + i) % REGIONS;
        if (router->enabled[region] && prober_of(router, edge, region)->healthy)
            return region;
    }
    return REGION_NONE;
}

static uint32_t choose(Router *router, uint32_t edge)
{
    uint32_t region = healthy_region(router, edge);
    if (region != REGION_NONE)
        return region;
    do
        region = router->round_robin++ % REGIONS;
    while (!router->enabled[region]);
    return region;
}

static void note_turn(Router *router, uint32_t edge)
{
    World *world = router->world;
    Recovery *recovery = world->recovery;
    SimTime now = sim_now(world->sim);
    bool passive = healthy_region(router, edge) == REGION_PASSIVE;
    if (passive == router->turned[edge])
        return;
    router->turned[edge] = passive;
    router->turned_count += passive ? 1u : UINT32_MAX;
    if (now < recovery->outage_at)
        return;
    if (passive && recovery->edges_first_at == SIM_NEVER) {
        recovery->edges_first_at = now;
        story_platform(world->story, now, "the first router edge sends its users to %s",
                       world->region_name[REGION_PASSIVE]);
    }
    if (router->turned_count == router->edges && recovery->edges_all_at == SIM_NEVER) {
        recovery->edges_all_at = now;
        story_platform(world->story, now, "all %u edges of the router send their users to %s",
                       router->edges, world->region_name[REGION_PASSIVE]);
    }
    if (router->turned_count == 0 && recovery->edges_first_at != SIM_NEVER)
        recovery->edges_back_at = now;
    if (router->turned_count == 0 && recovery->edges_first_at != SIM_NEVER)
        story_platform(world->story, now, "the router has returned all traffic to %s by itself",
                       world->region_name[REGION_ACTIVE]);
}

/* ---- requests ---- */

static void on_request(Sim *sim, void *self, const SimEvent *event)
{
    Router *router = self;
    World *world = router->world;
    uint32_t region = choose(router, request_edge(event->extra));
    story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                  "the router sends the request to %s", world->region_name[region]);
    SimEvent request = *event;
    request.component = router->link.application[region];
    sim_link_send(router->link.to_region[region], request);
}

static void on_resolve(Sim *sim, void *self, const SimEvent *event)
{
    Router *router = self;
    World *world = router->world;
    uint32_t region = choose(router, request_edge(event->extra));
    SimTime ttl = dist_draw(router->config->ttl, &router->ttl_draws);
    story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                  "the router's DNS answer is %s, valid for %.0f s", world->region_name[region],
                  sim_seconds(ttl));
    sim_link_send(router->link.to_users, (SimEvent){.kind = MSG_ROUTE,
                                                    .subject = event->subject,
                                                    .value = ttl,
                                                    .tag = event->tag,
                                                    .extra = region});
}

/* ---- probes ---- */

static void on_probe(Sim *sim, void *self, const SimEvent *event)
{
    Router *router = self;
    uint64_t i = event->subject;
    uint32_t region = (uint32_t)(i % REGIONS);
    int64_t number = prober_send(&router->prober[i]);
    sim_link_send(router->link.to_region[region],
                  (SimEvent){.component = router->link.application[region],
                             .kind = MSG_PROBE,
                             .subject = i,
                             .value = number,
                             .sender = router->id});
    sim_after(sim, router->config->probe.timeout, SIM_PHASE_TIMEOUT,
              (SimEvent){
                  .component = router->id, .kind = ROUTER_DEADLINE, .subject = i, .value = number});
    sim_after(sim, router->config->probe.interval, SIM_PHASE_MESSAGE, *event);
}

static void on_probe_reply(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Router *router = self;
    if (prober_answer(&router->prober[event->subject], event->value, event->tag != 0))
        note_turn(router, (uint32_t)(event->subject / REGIONS));
}

static void on_deadline(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Router *router = self;
    if (prober_deadline(&router->prober[event->subject], event->value))
        note_turn(router, (uint32_t)(event->subject / REGIONS));
}

/* ---- the runbook's step ---- */

static void on_command(Sim *sim, void *self, const SimEvent *event)
{
    Router *router = self;
    SIM_CHECK(event->tag == ACTION_REROUTE);
    sim_after(
        sim, event->value, SIM_PHASE_MESSAGE,
        (SimEvent){.component = router->id, .kind = ROUTER_REROUTED, .subject = event->subject});
}

static void on_rerouted(Sim *sim, void *self, const SimEvent *event)
{
    Router *router = self;
    if (router->preferred != REGION_PASSIVE) {
        router->enabled[REGION_PASSIVE] = true;
        router->preferred = REGION_PASSIVE;
        story_platform(router->world->story, sim_now(sim), "the router now prefers %s",
                       router->world->region_name[REGION_PASSIVE]);
        for (uint32_t edge = 0; edge < router->edges; edge++)
            note_turn(router, edge);
    }
    sim_link_send(router->link.to_failover,
                  (SimEvent){.kind = MSG_DONE, .subject = event->subject});
}

static void start_probes(Router *router)
{
    for (uint32_t i = 0; i < router->edges * REGIONS; i++) {
        double phase = random_uniform(&router->phase_draws);
        sim_after(router->world->sim, (SimTime)(phase * (double)router->config->probe.interval),
                  SIM_PHASE_MESSAGE,
                  (SimEvent){.component = router->id, .kind = ROUTER_PROBE, .subject = i});
    }
}

static void on_up(Sim *sim, void *self)
{
    (void)sim;
    start_probes(self);
}

static const SimHandler handlers[ROUTER_KINDS] = {
    [MSG_REQUEST] = on_request,      [MSG_RESOLVE] = on_resolve, [MSG_PROBE_REPLY] = on_probe_reply,
    [MSG_COMMAND] = on_command,      [ROUTER_PROBE] = on_probe,  [ROUTER_DEADLINE] = on_deadline,
    [ROUTER_REROUTED] = on_rerouted,
};

static const SimType router_type = {.name = "router",
                                    .handlers = handlers,
                                    .handler_count = ROUTER_KINDS,
                                    .dropped = message_dropped,
                                    .up = on_up};

Router *router_new(World *world, const RouterConfig *config)
{
    Router *router = g_new0(Router, 1);
    router->world = world;
    router->config = config;
    router->edges = (uint32_t)config->edges;
    router->id = sim_add(world->sim, &router_type, router, "router");
    router->prober = g_new(Prober, router->edges * REGIONS);
    router->turned = g_new0(bool, router->edges);
    for (uint32_t i = 0; i < router->edges * REGIONS; i++) {
        char *purpose = g_strdup_printf("probe errors %u", i);
        prober_init(&router->prober[i], &config->probe, world_stream(world, "router", purpose));
        g_free(purpose);
    }
    router->enabled[REGION_ACTIVE] = true;
    router->enabled[REGION_PASSIVE] = config->failover == ROUTER_AUTOMATIC;
    router->preferred = REGION_ACTIVE;
    router->phase_draws = world_stream(world, "router", "phase");
    router->ttl_draws = world_stream(world, "router", "ttl");
    return router;
}

void router_free(Router *router)
{
    if (!router)
        return;
    g_free(router->prober);
    g_free(router->turned);
    g_free(router);
}

SimComponent router_component(const Router *router)
{
    return router->id;
}

void router_connect(Router *router, RouterLinks links)
{
    router->link = links;
}

void router_start(Router *router)
{
    start_probes(router);
}

static const char *const kind_choices[] = {"front-door", "traffic-manager", NULL};
static const char *const failover_choices[] = {"automatic", "runbook", NULL};

#define AT(member) offsetof(RouterConfig, member)
static const ParamSpec specs[] = {
    {.key = "kind",
     .type = PARAM_CHOICE,
     .offset = AT(kind),
     .fallback = "front-door",
     .choices = kind_choices,
     .text = "How users are routed. front-door: every request passes an edge, which decides then. "
             "traffic-manager: users ask "
             "DNS and keep the answer for its TTL.",
     .source = "article: Azure Front Door / Traffic Manager"},
    {.key = "failover",
     .type = PARAM_CHOICE,
     .offset = AT(failover),
     .fallback = "automatic",
     .choices = failover_choices,
     .text = "What moves the traffic. automatic: probes alone move the traffic, there and back. "
             "runbook: the standby gets "
             "traffic only after the runbook's reroute step.",
     .source = "Front Door: priority 2 is used only if no priority 1 origin is healthy"},
    {.key = "edges",
     .type = PARAM_COUNT,
     .offset = AT(edges),
     .fallback = "12",
     .min = 1,
     .max = EDGES_MAX,
     .text = "Edge sites that the users enter by; each probes at its own phase and decides alone.",
     .source = "Front Door has 210 and more; a country's users meet a dozen (ours)"},
    PROBE_SPECS(RouterConfig, probe, "30s",
                "Front Door's guide: 30 s; Traffic Manager: 30 s or 10 s", "10s",
                "Traffic Manager: 10 s; Front Door's is not documented", "4",
                "Front Door: sampleSize 4", "3",
                "Front Door: successfulSamplesRequired 3 in the guide's examples"),
    {.key = "ttl",
     .type = PARAM_DIST,
     .offset = AT(ttl),
     .fallback = "60s",
     .text = "How long a user keeps a DNS answer (traffic-manager only); a distribution stands for "
             "resolvers that overstay it.",
     .source = "Traffic Manager: 60 s by default"},
};
#undef AT

const ParamTable router_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(RouterConfig)};
