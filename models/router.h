/* The global router: Front Door (many edges, each a proxy) or Traffic Manager (DNS).
 *
 * Every edge probes both regions by itself, at a phase of its own, and has the configuration that
 * has reached it. Its users go to the best region that it takes for healthy:
 *
 *   priority   the preferred region, the other one if that is unhealthy
 *   weighted   both, by shares, while both are healthy
 *   latency    the region that is nearest to the edge, the other one if that is unhealthy
 *
 * With no region healthy Front Door spreads requests over all of them; Traffic Manager answers as
 * if all were healthy. `failover: automatic` lets the probes alone move the traffic; `runbook`
 * keeps the standby out until the runbook's reroute step, which makes a region the preferred one
 * (either region: also for the way back). A reroute is a change of configuration; it reaches edges
 * one by one (`propagation`), and is done when the last has it.
 *
 * The way back after an automatic failover (`return`), for each edge:
 *   automatic   as soon as the preferred region is healthy again
 *   hold-down   when it has been healthy for `hold_down` without a break
 *   manual      never by itself: the edge prefers the region that it went to, until it is unhealthy
 *               itself, or a reroute says otherwise
 *
 * A session-affinity cookie (Front Door) holds a user at the region that answered first, while
 * that is healthy for the user's edge.
 *
 * All edges have one address. Users of an edge that is down get no answer until the network's
 * routes lead them to the next one (`anycast`), and get to their own again when it is back.
 *
 * Invariants: an edge's route is what its probes and its configuration say, at every moment; a
 * command that is repeated does nothing twice; a crash of the router keeps what edges have, and
 * voids what is under way to them.
 *
 * Sources: Azure Front Door traffic routing and health probe documentation; Traffic Manager
 * endpoint monitoring and routing methods (cloud documentation, 2024-2025).
 */
#ifndef MODELS_ROUTER_H
#define MODELS_ROUTER_H

#include "models/prober.h"
#include "models/world.h"
#include "sim/dist.h"
#include "sim/link.h"
#include "sim/param.h"

#define EDGES_MAX     1000
#define RESOLVERS_MAX 1000000

typedef struct RouterConfig {
    int kind;       /* RouterKind */
    int failover;   /* RouterFailover */
    int routing;    /* RouterRouting */
    int comes_back; /* RouterReturn */
    double share;   /* of the active region */
    bool affinity;
    int64_t edges;
    ProbeConfig probe;
    SimTime hold_down;
    Dist *propagation, *anycast;
    /* traffic-manager only */
    Dist *ttl;
    int64_t resolvers; /* 0: every user has one of their own */
    double overstay_share;
    Dist *overstay_for;
    /* derived */
    bool both; /* active-active: either region may be a payment's home */
} RouterConfig;

typedef enum RouterKind { ROUTER_FRONT_DOOR, ROUTER_TRAFFIC_MANAGER } RouterKind;
typedef enum RouterFailover { ROUTER_AUTOMATIC, ROUTER_RUNBOOK } RouterFailover;
typedef enum RouterRouting { ROUTING_PRIORITY, ROUTING_WEIGHTED, ROUTING_LATENCY } RouterRouting;
typedef enum RouterReturn { RETURN_AUTOMATIC, RETURN_HOLD_DOWN, RETURN_MANUAL } RouterReturn;

extern const ParamTable router_table;

typedef struct Router Router;

typedef struct RouterLinks {
    SimLink *to_region[REGIONS];
    SimComponent application[REGIONS];
    SimLink *to_users, *to_failover;
} RouterLinks;

Router *router_new(World *world, const RouterConfig *config);
void router_free(Router *router);
SimComponent router_component(const Router *router);
void router_connect(Router *router, RouterLinks links);
void router_start(Router *router);
/* `share` of the edges (one at least) go down, or come back. Overlapping ones are counted. */
void router_fail_edges(Router *router, double share, bool fail);

#endif
