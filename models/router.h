/* The global router: Front Door (many edges, each a proxy) or Traffic Manager (DNS).
 *
 * Every edge probes both regions by itself and sends its users to the healthy region of the
 * highest priority; with all regions unhealthy it spreads requests over all of them. `failover:
 * automatic` lets the probes alone decide, and traffic returns by itself when they succeed again;
 * `runbook` keeps the standby out until the runbook's reroute step, which prefers it from then on.
 *
 * Sources: Azure Front Door traffic routing and health probe documentation; Traffic Manager
 * endpoint monitoring (cloud documentation, 2024-2025).
 */
#ifndef MODELS_ROUTER_H
#define MODELS_ROUTER_H

#include "models/prober.h"
#include "models/world.h"
#include "sim/dist.h"
#include "sim/link.h"
#include "sim/param.h"

#define EDGES_MAX 1000

typedef struct RouterConfig {
    int kind;     /* RouterKind */
    int failover; /* RouterFailover */
    int64_t edges;
    ProbeConfig probe;
    Dist *ttl;
} RouterConfig;

typedef enum RouterKind { ROUTER_FRONT_DOOR, ROUTER_TRAFFIC_MANAGER } RouterKind;
typedef enum RouterFailover { ROUTER_AUTOMATIC, ROUTER_RUNBOOK } RouterFailover;

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

#endif
