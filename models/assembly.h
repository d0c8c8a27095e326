/* The platform's parts, for those who assemble it: platform.c makes and runs it, wiring.c connects
 * it, outages.c breaks it. Nobody else includes this: components know messages, not each other.
 */
#ifndef MODELS_ASSEMBLY_H
#define MODELS_ASSEMBLY_H

#include "models/audit.h"
#include "models/config.h"
#include "models/control.h"
#include "models/resolvers.h"

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
    Resolvers *resolvers; /* NULL: users ask the router themselves */
    Application *application[REGIONS];
    Kafka *kafka[REGIONS];
    Producer *producer[REGIONS]; /* NULL: records are sent once, by the application or relay */
    Dist *at_once;               /* between a producer and the process that it is part of */
    Consumers *consumers[REGIONS];
    Storage
        *copies[REGIONS]; /* active-active: the other region's events, in a topic beside; NULL */
    Consumers *takeover[REGIONS]; /* who read that when the other region is lost; NULL */
    Database *database[REGIONS];
    Outbox *outbox[REGIONS]; /* these two NULL: the application publishes */
    Relay *relay[REGIONS];
    Mirror *mirror[REGIONS]; /* by the region that it copies into; NULL: there is none */
    Control *control;
    Failover *failover;
    Reconciliation *reconciliation; /* NULL: no step reconcile */
    SimComponent observer;
    GArray *occurrences;     /* of the scenario's events; outages.c */
    struct Effects *effects; /* by event */
    uint64_t edge_failures;
} Platform;

/* A link owned by the platform; its stream is keyed by its name. */
SimLink *wiring_link(Platform *platform, const char *name, const Dist *latency, SimLinkKind kind);
/* Connect all that has been made. */
void wiring_connect(Platform *platform);

/* Adds the component that notes the outage. */
void outages_init(Platform *platform);
/* Schedule the scenario's events, and say from which moment recovery counts. */
void outages_plan(Platform *platform);
/* After the links are gone, which look at what ails them. */
void outages_clear(Platform *platform);

#endif
