#include "sim/link.h"

#include "sim/check.h"

/* How it travels:
 *
 *   stream, or constant latency      on a lane, addressed to its receiver
 *   requests                         in the queue, addressed to its receiver
 *   requests that a cut can flush    kept here; the queue has an event of the link's own, which
 *                                    dies with the link's incarnation
 */
typedef enum Travel { TRAVEL_LANE, TRAVEL_QUEUE, TRAVEL_KEPT } Travel;

enum { LINK_ARRIVAL, LINK_EVENTS };

/* An event on the wire; or free, when `next` names the next free one. */
typedef struct Kept {
    SimEvent event;
    size_t next;
} Kept;

#define ON_WIRE SIZE_MAX
#define NONE    (SIZE_MAX - 1)

typedef struct Watch {
    SimComponent watcher;
    uint16_t kind;
} Watch;

struct SimLink {
    Sim *sim;
    SimComponent id;
    SimComponent receiver; /* 0: none of its own */
    bool up;
    bool flush, requests;
    bool constant; /* the latency is this, whatever the stream says: */
    SimTime constant_latency;
    const Dist *latency;
    RandomStream stream;
    SimImpair *impair; /* NULL: nothing ails it */
    Travel travel;
    SimLane lane;
    GArray *kept;     /* of Kept */
    size_t free_kept; /* NONE if there is none */
    GArray *watches;  /* of Watch */
    uint64_t sent, dropped;
};

static void link_arrival(Sim *sim, void *self, const SimEvent *event);
static void link_down(Sim *sim, void *self);
static void link_up(Sim *sim, void *self);

static const SimHandler link_handlers[LINK_EVENTS] = {[LINK_ARRIVAL] = link_arrival};

static const SimType link_type = {
    .name = "link",
    .handlers = link_handlers,
    .handler_count = LINK_EVENTS,
    .down = link_down,
    .up = link_up,
};

SimLink *sim_link_new(Sim *sim, const char *name, const Dist *latency, RandomStream stream,
                      SimLinkKind kind)
{
    SimLink *link = g_new0(SimLink, 1);
    link->sim = sim;
    link->id = sim_add(sim, &link_type, link, name);
    link->latency = latency;
    link->stream = stream;
    link->up = true;
    link->constant = dist_is_constant(latency);
    link->constant_latency = link->constant ? dist_draw(latency, &link->stream) : 0;
    link->flush = ((unsigned)kind & SIM_LINK_FLUSH) != 0;
    link->requests = ((unsigned)kind & SIM_LINK_REQUESTS) != 0;
    if (!link->requests || link->constant) {
        link->travel = TRAVEL_LANE;
        link->lane = sim_lane_new(sim);
    } else {
        link->travel = link->flush ? TRAVEL_KEPT : TRAVEL_QUEUE;
    }
    link->kept = g_array_new(FALSE, FALSE, sizeof(Kept));
    link->free_kept = NONE;
    link->watches = g_array_new(FALSE, FALSE, sizeof(Watch));
    return link;
}

void sim_link_free(SimLink *link)
{
    if (link == NULL)
        return;
    g_array_unref(link->kept);
    g_array_unref(link->watches);
    g_free(link);
}

SimComponent sim_link_component(const SimLink *link)
{
    return link->id;
}

/* Keep an event, stamped with its receiver's incarnation as the engine would; returns its place. */
static size_t link_keep(SimLink *link, SimEvent event)
{
    event.incarnation = sim_incarnation(link->sim, event.component);
    size_t place = link->free_kept;
    if (place == NONE) {
        place = link->kept->len;
        g_array_set_size(link->kept, link->kept->len + 1);
    } else {
        link->free_kept = g_array_index(link->kept, Kept, place).next;
    }
    g_array_index(link->kept, Kept, place) = (Kept){.event = event, .next = ON_WIRE};
    return place;
}

static SimEvent link_take(SimLink *link, size_t place)
{
    Kept *kept = &g_array_index(link->kept, Kept, place);
    SIM_CHECK(kept->next == ON_WIRE);
    kept->next = link->free_kept;
    link->free_kept = place;
    return kept->event;
}

static void link_arrival(Sim *sim, void *self, const SimEvent *event)
{
    sim_deliver(sim, link_take(self, (size_t)event->subject));
}

static void link_flush(Sim *sim, SimLink *link)
{
    if (link->travel == TRAVEL_LANE) {
        link->dropped += sim_lane_length(sim, link->lane);
        sim_lane_clear(sim, link->lane);
    }
    for (size_t place = 0; place < link->kept->len; place++) {
        if (g_array_index(link->kept, Kept, place).next != ON_WIRE)
            continue;
        link->dropped++;
        sim_drop(sim, link_take(link, place));
    }
}

static void link_tell_watchers(Sim *sim, const SimLink *link, bool up)
{
    for (guint i = 0; i < link->watches->len; i++) {
        const Watch *watch = &g_array_index(link->watches, Watch, i);
        sim_after(
            sim, 0, SIM_PHASE_FAULT,
            (SimEvent){
                .component = watch->watcher, .kind = watch->kind, .value = up, .sender = link->id});
    }
}

static void link_down(Sim *sim, void *self)
{
    SimLink *link = self;
    link->up = false;
    if (link->flush)
        link_flush(sim, link);
    link_tell_watchers(sim, link, false);
}

static void link_up(Sim *sim, void *self)
{
    SimLink *link = self;
    link->up = true;
    link_tell_watchers(sim, link, true);
}

void sim_link_connect(SimLink *link, SimComponent receiver)
{
    link->receiver = receiver;
}

void sim_link_watch(SimLink *link, SimComponent watcher, uint16_t kind)
{
    Watch watch = {watcher, kind};
    g_array_append_val(link->watches, watch);
}

void sim_link_impair(SimLink *link, SimImpair *impair)
{
    link->impair = impair;
}

/* A retransmission on the wire; what is given up is lost. */
static SimTime impaired(SimImpair *impair, SimTime latency)
{
    SimTime late = sim_impair_loss(impair);
    return late == SIM_NEVER ? SIM_NEVER : sim_impair_time(impair, latency) + late;
}

SimTime sim_link_lateness(SimLink *link, SimTime base)
{
    SimTime given_up = 0, whole;
    if (!link->impair || !sim_impair_active(link->impair))
        return 0;
    while ((whole = impaired(link->impair, base)) == SIM_NEVER) {
        given_up += SIM_RETRANSMIT_ALL;
        if (given_up > 100 * SIM_RETRANSMIT_ALL) /* no better than a link that is down */
            return given_up;
    }
    return given_up + whole - base;
}

/* How an event travels now. On the lane a late request would hold up others. */
static Travel travel_of(const SimLink *link, bool ails)
{
    if (!ails || !link->requests || link->travel != TRAVEL_LANE)
        return link->travel;
    return link->flush ? TRAVEL_KEPT : TRAVEL_QUEUE;
}

void sim_link_send(SimLink *link, SimEvent event)
{
    Sim *sim = link->sim;
    link->sent++;
    if (event.component == 0)
        event.component = link->receiver;
    SIM_CHECK(event.component != 0);
    if (!link->up) {
        link->dropped++;
        sim_drop(sim, event);
        return;
    }
    SimTime latency =
        link->constant ? link->constant_latency : dist_draw(link->latency, &link->stream);
    bool ails = link->impair && sim_impair_active(link->impair);
    if (ails && (latency = impaired(link->impair, latency)) == SIM_NEVER) {
        link->dropped++;
        sim_drop(sim, event);
        return;
    }
    Travel travel = travel_of(link, ails);
    if (travel == TRAVEL_LANE) {
        sim_lane_push(sim, link->lane, sim_now(sim) + latency, SIM_PHASE_MESSAGE, event);
    } else if (travel == TRAVEL_QUEUE) {
        sim_after(sim, latency, SIM_PHASE_MESSAGE, event);
    } else {
        size_t place = link_keep(link, event);
        sim_after(sim, latency, SIM_PHASE_MESSAGE,
                  (SimEvent){.component = link->id, .kind = LINK_ARRIVAL, .subject = place});
    }
}

uint64_t sim_link_sent(const SimLink *link)
{
    return link->sent;
}

uint64_t sim_link_dropped(const SimLink *link)
{
    return link->dropped;
}
