#include "models/router.h"

#include "models/gray.h"
#include "sim/check.h"

enum {
    ROUTER_PROBE = MSG_KINDS,
    ROUTER_DEADLINE,
    ROUTER_REROUTED,
    ROUTER_CONFIGURED,
    ROUTER_HELD,
    ROUTER_KINDS
};

#define ROUTE_DRAWN 254 /* both regions, by their shares */

typedef struct Edge {
    /* its configuration */
    uint8_t preferred; /* region of priority 1 */
    bool weighted;
    bool enabled[REGIONS];
    bool configured; /* has the newest */
    uint32_t down;   /* failures that hold it down */
    SimTime left_at; /* while it is down: from here on anycast leads its users to the next one */
    /* what follows from it and from the probes */
    uint8_t route;                /* a region, ROUTE_DRAWN, or REGION_NONE: none looks healthy */
    SimTime usable_from[REGIONS]; /* held down until then */
} Edge;

struct Router {
    World *world;
    const RouterConfig *config;
    SimComponent id;
    RouterLinks link;
    Prober *prober; /* edge * REGIONS + region */
    Edge *edge;
    uint32_t edges;
    uint32_t turned, turned_at_start; /* edges that send everybody to the passive region */
    uint32_t round_robin;
    /* the change of configuration under way, or the last */
    uint32_t wanted;  /* region; REGION_NONE: there was none */
    uint32_t pending; /* edges that do not have it yet */
    uint32_t serial;
    bool propagating;
    uint64_t answer;                   /* the step that waits for it */
    SimLane probe_lane, deadline_lane; /* interval and timeout are constant: in order */
    RandomStream phase_draws, ttl_draws, share_draws, propagation_draws, anycast_draws;
};

/* ---- an edge's route ---- */

static bool looks_healthy(const Router *router, uint32_t e, uint32_t region)
{
    return router->edge[e].enabled[region] && router->prober[e * REGIONS + region].healthy;
}

static bool usable(const Router *router, uint32_t e, uint32_t region, bool held)
{
    return looks_healthy(router, e, region) &&
           (held || router->edge[e].usable_from[region] <= sim_now(router->world->sim));
}

/* A region that is held down is better than none. */
static uint8_t find_route(const Router *router, uint32_t e)
{
    const Edge *edge = &router->edge[e];
    for (int held = 0; held <= 1; held++) {
        bool both =
            usable(router, e, REGION_ACTIVE, held) && usable(router, e, REGION_PASSIVE, held);
        if (edge->weighted && both)
            return ROUTE_DRAWN;
        for (uint32_t i = 0; i < REGIONS; i++) {
            uint32_t region = (edge->preferred + i) % REGIONS;
            if (usable(router, e, region, held))
                return (uint8_t)region;
        }
    }
    return REGION_NONE;
}

static void note_turned(Router *router)
{
    World *world = router->world;
    Recovery *recovery = world->recovery;
    SimTime now = sim_now(world->sim);
    if (now < recovery->outage_at)
        return;
    if (router->turned > recovery->edges_most) {
        recovery->edges_most = router->turned;
        recovery->edges_most_at = now;
    }
    if (router->turned > router->turned_at_start && recovery->edges_first_at == SIM_NEVER) {
        recovery->edges_first_at = now;
        story_platform(world->story, now, "the first router edge sends its users to %s",
                       world->region_name[REGION_PASSIVE]);
    }
    if (router->turned == router->edges && recovery->edges_all_at == SIM_NEVER) {
        recovery->edges_all_at = now;
        story_platform(world->story, now, "all %u edges of the router send their users to %s",
                       router->edges, world->region_name[REGION_PASSIVE]);
    }
    if (router->turned == router->turned_at_start && recovery->edges_first_at != SIM_NEVER) {
        recovery->edges_back_at = now;
        recovery->edges_back_told = router->wanted == REGION_ACTIVE;
        story_platform(world->story, now, "the router has returned all traffic to %s%s",
                       world->region_name[REGION_ACTIVE],
                       recovery->edges_back_told ? "" : " by itself");
    }
}

/* Probes, configuration or the hold-down have changed something. */
static void find_again(Router *router, uint32_t e)
{
    Edge *edge = &router->edge[e];
    uint8_t before = edge->route;
    edge->route = find_route(router, e);
    if (router->config->comes_back == RETURN_MANUAL && edge->route < REGIONS) {
        edge->weighted = false;
        edge->preferred = edge->route;
    }
    bool was = before == REGION_PASSIVE, is = edge->route == REGION_PASSIVE;
    if (was == is)
        return;
    router->turned += is ? 1u : UINT32_MAX;
    note_turned(router);
}

static uint32_t draw_region(Router *router)
{
    return random_uniform(&router->share_draws) < router->config->share ? REGION_ACTIVE
                                                                        : REGION_PASSIVE;
}

/* No region looks healthy: Front Door spreads, DNS answers as if all were. */
static uint32_t choose_blindly(Router *router, const Edge *edge)
{
    uint32_t region = edge->preferred;
    if (router->config->kind == ROUTER_TRAFFIC_MANAGER) {
        if (edge->weighted && edge->enabled[REGION_PASSIVE])
            return draw_region(router);
        return edge->enabled[region] ? region : other_region(region);
    }
    do
        region = router->round_robin++ % REGIONS;
    while (!edge->enabled[region]);
    return region;
}

static uint32_t choose(Router *router, uint32_t e, uint32_t cookie)
{
    const Edge *edge = &router->edge[e];
    if (router->config->affinity && cookie != REGION_NONE && looks_healthy(router, e, cookie))
        return cookie;
    if (edge->route < REGIONS)
        return edge->route;
    return edge->route == ROUTE_DRAWN ? draw_region(router) : choose_blindly(router, edge);
}

/* ---- requests ---- */

/* The edge that a user gets to: their own, or the next one, once the network knows that it is gone.
 */
static uint32_t edge_of(Router *router, const SimEvent *event)
{
    World *world = router->world;
    uint32_t own = request_edge(event->extra);
    if (G_LIKELY(router->edge[own].down == 0) || sim_now(world->sim) < router->edge[own].left_at)
        return own;
    for (uint32_t i = 1; i < router->edges; i++) {
        uint32_t e = (own + i) % router->edges;
        if (router->edge[e].down > 0)
            continue;
        world->recovery->anycast++;
        story_payment(world->story, world->ledger, event->subject, sim_now(world->sim),
                      "the router's edge is down: anycast leads to the next one");
        return e;
    }
    return own;
}

/* An edge that is down answers nothing; one that works badly answers an error. Neither lets the
 * request through. */
static bool fails_on(Router *router, uint32_t edge, const SimEvent *event)
{
    World *world = router->world;
    bool down = router->edge[edge].down > 0;
    if (!down && !gray_error(world, router->id))
        return false;
    story_payment(world->story, world->ledger, event->subject, sim_now(world->sim),
                  down ? "the router's edge is down: nobody takes it" : "the router fails on it");
    if (down)
        ledger_attempt_over(world->ledger, event->subject);
    else
        sim_link_send(router->link.to_users,
                      (SimEvent){.kind = MSG_REPLY,
                                 .subject = event->subject,
                                 .tag = event->tag,
                                 .extra = reply_extra(STATUS_ERROR, REGION_ACTIVE)});
    return true;
}

static void on_request(Sim *sim, void *self, const SimEvent *event)
{
    Router *router = self;
    World *world = router->world;
    uint32_t edge = edge_of(router, event);
    if (fails_on(router, edge, event))
        return;
    uint32_t region = choose(router, edge, request_cookie(event->extra));
    bool kept = router->config->affinity && region != router->edge[edge].route;
    story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                  "the router sends the request to %s%s", world->region_name[region],
                  kept && region == request_cookie(event->extra) ? ", because of its cookie" : "");
    if (router->config->both)
        ledger_sent_to(world->ledger, event->subject, region);
    SimEvent request = *event;
    request.component = router->link.application[region];
    sim_link_send(router->link.to_region[region], request);
}

static void on_resolve(Sim *sim, void *self, const SimEvent *event)
{
    Router *router = self;
    World *world = router->world;
    uint32_t edge = edge_of(router, event);
    if (fails_on(router, edge, event))
        return;
    uint32_t region = choose(router, edge, REGION_NONE);
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

static void probe_again(Router *router, const SimEvent *probe)
{
    Sim *sim = router->world->sim;
    sim_lane_push(sim, router->probe_lane, sim_now(sim) + router->config->probe.interval,
                  SIM_PHASE_MESSAGE, *probe);
}

static void on_probe(Sim *sim, void *self, const SimEvent *event)
{
    Router *router = self;
    uint64_t i = event->subject;
    uint32_t region = (uint32_t)(i % REGIONS);
    if (router->edge[i / REGIONS].down) {
        probe_again(router, event);
        return;
    }
    int64_t number = prober_send(&router->prober[i]);
    sim_link_send(router->link.to_region[region],
                  (SimEvent){.component = router->link.application[region],
                             .kind = MSG_PROBE,
                             .subject = i,
                             .value = number,
                             .sender = router->id});
    sim_lane_push(
        sim, router->deadline_lane, sim_now(sim) + router->config->probe.timeout, SIM_PHASE_TIMEOUT,
        (SimEvent){
            .component = router->id, .kind = ROUTER_DEADLINE, .subject = i, .value = number});
    probe_again(router, event);
}

/* A region that is healthy again is held down; the timer finds it usable, or healthy no more. */
static void verdict_changed(Router *router, uint64_t i)
{
    uint32_t e = (uint32_t)(i / REGIONS), region = (uint32_t)(i % REGIONS);
    Sim *sim = router->world->sim;
    SimTime hold = router->config->hold_down;
    if (router->config->comes_back == RETURN_HOLD_DOWN && router->prober[i].healthy && hold > 0) {
        router->edge[e].usable_from[region] = sim_now(sim) + hold;
        sim_after(sim, hold, SIM_PHASE_MESSAGE,
                  (SimEvent){.component = router->id, .kind = ROUTER_HELD, .subject = e});
    }
    find_again(router, e);
}

static void on_held(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    find_again(self, (uint32_t)event->subject);
}

static void on_probe_reply(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Router *router = self;
    if (router->edge[event->subject / REGIONS].down)
        return;
    if (prober_answer(&router->prober[event->subject], event->value, event->tag != 0))
        verdict_changed(router, event->subject);
}

static void on_deadline(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Router *router = self;
    if (router->edge[event->subject / REGIONS].down)
        return;
    if (prober_deadline(&router->prober[event->subject], event->value))
        verdict_changed(router, event->subject);
}

/* ---- changes of the configuration ---- */

static void on_command(Sim *sim, void *self, const SimEvent *event)
{
    Router *router = self;
    SIM_CHECK(event->tag == ACTION_REROUTE);
    sim_after(sim, event->value, SIM_PHASE_MESSAGE,
              (SimEvent){.component = router->id,
                         .kind = ROUTER_REROUTED,
                         .subject = event->subject,
                         .extra = command_to(event->extra)});
}

static void configure(Router *router, uint32_t e)
{
    Edge *edge = &router->edge[e];
    edge->configured = true;
    edge->weighted = false;
    edge->preferred = (uint8_t)router->wanted;
    edge->enabled[router->wanted] = true;
    if (router->wanted == REGION_ACTIVE && router->config->failover == ROUTER_RUNBOOK)
        edge->enabled[REGION_PASSIVE] = false; /* stands by again */
    router->pending--;
    find_again(router, e);
}

static void say_done(Router *router)
{
    router->propagating = false;
    sim_link_send(router->link.to_failover,
                  (SimEvent){.kind = MSG_DONE, .subject = router->answer});
}

static void want(Router *router, uint32_t region)
{
    World *world = router->world;
    router->wanted = region;
    router->pending = router->edges;
    router->propagating = false;
    for (uint32_t e = 0; e < router->edges; e++)
        router->edge[e].configured = false;
    story_platform(world->story, sim_now(world->sim), "the router now prefers %s%s",
                   world->region_name[region],
                   dist_mean(router->config->propagation) > 0
                       ? "; edge by edge, as the configuration reaches them"
                       : "");
}

/* On its way to the edges that do not have it; what a crash has voided goes out again. */
static void propagate(Router *router)
{
    router->serial++;
    router->propagating = true;
    for (uint32_t e = 0; e < router->edges; e++) {
        if (router->edge[e].configured)
            continue;
        SimTime delay = dist_draw(router->config->propagation, &router->propagation_draws);
        if (delay == 0)
            configure(router, e);
        else
            sim_after(router->world->sim, delay, SIM_PHASE_MESSAGE,
                      (SimEvent){.component = router->id,
                                 .kind = ROUTER_CONFIGURED,
                                 .subject = e,
                                 .value = router->serial});
    }
}

static void on_rerouted(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Router *router = self;
    router->answer = event->subject;
    if (router->wanted != event->extra)
        want(router, event->extra);
    else if (router->propagating)
        return; /* told again while it is on its way */
    propagate(router);
    if (router->pending == 0)
        say_done(router);
}

static void on_configured(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Router *router = self;
    if (event->value != router->serial)
        return;
    configure(router, (uint32_t)event->subject);
    if (router->pending == 0) {
        story_platform(router->world->story, sim_now(sim),
                       "the new configuration has reached all %u edges", router->edges);
        say_done(router);
    }
}

/* ---- coming and going ---- */

static void start_probes(Router *router)
{
    for (uint32_t i = 0; i < router->edges * REGIONS; i++) {
        double phase = random_uniform(&router->phase_draws);
        sim_after(router->world->sim, (SimTime)(phase * (double)router->config->probe.interval),
                  SIM_PHASE_MESSAGE,
                  (SimEvent){.component = router->id, .kind = ROUTER_PROBE, .subject = i});
    }
}

/* What had been held down by a timer that is void now. */
static void hold_again(Router *router)
{
    Sim *sim = router->world->sim;
    for (uint32_t e = 0; e < router->edges; e++) {
        SimTime until = MAX(router->edge[e].usable_from[REGION_ACTIVE],
                            router->edge[e].usable_from[REGION_PASSIVE]);
        if (until >= sim_now(sim))
            sim_at(sim, until, SIM_PHASE_MESSAGE,
                   (SimEvent){.component = router->id, .kind = ROUTER_HELD, .subject = e});
        find_again(router, e);
    }
}

static void on_down(Sim *sim, void *self)
{
    (void)sim;
    Router *router = self;
    router->propagating = false;
}

static void on_up(Sim *sim, void *self)
{
    (void)sim;
    Router *router = self;
    start_probes(router);
    if (router->config->comes_back == RETURN_HOLD_DOWN)
        hold_again(router);
}

static const SimHandler handlers[ROUTER_KINDS] = {
    [MSG_REQUEST] = on_request,
    [MSG_RESOLVE] = on_resolve,
    [MSG_PROBE_REPLY] = on_probe_reply,
    [MSG_COMMAND] = on_command,
    [ROUTER_PROBE] = on_probe,
    [ROUTER_DEADLINE] = on_deadline,
    [ROUTER_REROUTED] = on_rerouted,
    [ROUTER_CONFIGURED] = on_configured,
    [ROUTER_HELD] = on_held,
};

static const SimType router_type = {.name = "router",
                                    .handlers = handlers,
                                    .handler_count = ROUTER_KINDS,
                                    .dropped = message_dropped,
                                    .down = on_down,
                                    .up = on_up};

/* With latency routing a share of the edges lies nearest to the active region. */
static void init_edge(Router *router, uint32_t e)
{
    const RouterConfig *config = router->config;
    Edge *edge = &router->edge[e];
    bool near = ((double)e + 0.5) / (double)router->edges < config->share;
    *edge = (Edge){.preferred =
                       config->routing == ROUTING_LATENCY && !near ? REGION_PASSIVE : REGION_ACTIVE,
                   .weighted = config->routing == ROUTING_WEIGHTED};
    edge->enabled[REGION_ACTIVE] = true;
    edge->enabled[REGION_PASSIVE] = config->failover == ROUTER_AUTOMATIC;
    edge->route = find_route(router, e);
    router->turned += edge->route == REGION_PASSIVE;
}

Router *router_new(World *world, const RouterConfig *config)
{
    Router *router = g_new0(Router, 1);
    router->world = world;
    router->config = config;
    router->edges = (uint32_t)config->edges;
    router->wanted = REGION_NONE;
    router->id = sim_add(world->sim, &router_type, router, "router");
    router->prober = g_new(Prober, router->edges * REGIONS);
    router->edge = g_new(Edge, router->edges);
    for (uint32_t i = 0; i < router->edges * REGIONS; i++) {
        char *purpose = g_strdup_printf("probe errors %u", i);
        prober_init(&router->prober[i], &config->probe, world_stream(world, "router", purpose));
        g_free(purpose);
    }
    for (uint32_t e = 0; e < router->edges; e++)
        init_edge(router, e);
    router->turned_at_start = router->turned;
    router->probe_lane = sim_lane_new(world->sim);
    router->deadline_lane = sim_lane_new(world->sim);
    router->phase_draws = world_stream(world, "router", "phase");
    router->ttl_draws = world_stream(world, "router", "ttl");
    router->share_draws = world_stream(world, "router", "shares");
    router->anycast_draws = world_stream(world, "router", "anycast");
    router->propagation_draws = world_stream(world, "router", "propagation");
    return router;
}

void router_free(Router *router)
{
    if (!router)
        return;
    g_free(router->prober);
    g_free(router->edge);
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

void router_fail_edges(Router *router, double share, bool fail)
{
    uint32_t count = MAX((uint32_t)(share * router->edges + 0.5), 1);
    for (uint32_t e = 0; e < count; e++) {
        Edge *edge = &router->edge[e];
        if (fail && edge->down == 0)
            edge->left_at = sim_now(router->world->sim) +
                            dist_draw(router->config->anycast, &router->anycast_draws);
        edge->down += fail ? 1u : UINT32_MAX;
    }
}

void router_start(Router *router)
{
    start_probes(router);
}
