/* How the pieces fit: sim/queue.h orders keys, sim/lane.h holds what waits behind a lane's head,
 * this file knows components, outages and the clock.
 *
 * Outages are events of component 0, whose handlers are the engine's own. They begin at a rank
 * before all phases, so that of two adjoining intervals the second begins before the first ends
 * and the component does not come up in between. */
#include "sim/engine.h"

#include <stdlib.h>
#include <string.h>

#include "sim/check.h"
#include "sim/lane.h"
#include "sim/queue.h"

enum { ENGINE = 0, FIRST_COMPONENTS = 16 };
enum { RANK_OUTAGE_BEGINS = 0, RANK_FIRST_PHASE = 1 };
enum { EVENT_OUTAGE_BEGINS, EVENT_OUTAGE_ENDS, ENGINE_EVENTS };

G_STATIC_ASSERT(sizeof(SimEvent) == 32);
G_STATIC_ASSERT(RANK_FIRST_PHASE + SIM_PHASES <= 1 << SIM_KEY_RANK_BITS);

/* `admits` of a component that is down; no incarnation reaches it. */
#define NOBODY UINT32_MAX

typedef struct Component {
    const SimHandler *handlers;
    void *self;
    uint32_t admits; /* the incarnation whose events are delivered now, or NOBODY */
    uint16_t handler_count;
    uint32_t incarnation;
    uint32_t holds; /* outages that cover now */
    uint32_t fired; /* times it went down */
    const SimType *type;
    char *name;
    uint64_t reserved; /* 64 bytes: an index is a shift */
} Component;

struct Sim {
    SimTime now; /* first: sim_now reads it there */
    Component *components;
    size_t component_count, component_capacity;
    SimQueue queue;
    SimLaneRing *lanes;
    size_t lane_count, lane_capacity;
    uint64_t sequence;  /* of the next event: the number scheduled so far */
    uint64_t delivered; /* reached a handler */
    uint64_t dropped;   /* reached a `dropped` hook, or would have */
    uint64_t discarded; /* scheduled but not delivered; the part of `dropped` without sim_drop */
    uint64_t fingerprint;
    bool running, stopping;
    GHashTable *names;
};

G_STATIC_ASSERT(offsetof(Sim, now) == 0);
G_STATIC_ASSERT(sizeof(Component) == 64);

static void engine_outage_begins(Sim *sim, void *self, const SimEvent *event)
{
    (void)self;
    sim_down(sim, (SimComponent)event->subject);
}

static void engine_outage_ends(Sim *sim, void *self, const SimEvent *event)
{
    (void)self;
    sim_up(sim, (SimComponent)event->subject);
}

static const SimHandler engine_handlers[ENGINE_EVENTS] = {
    [EVENT_OUTAGE_BEGINS] = engine_outage_begins,
    [EVENT_OUTAGE_ENDS] = engine_outage_ends,
};

static const SimType engine_type = {
    .name = "engine",
    .handlers = engine_handlers,
    .handler_count = ENGINE_EVENTS,
};

Sim *sim_new(void)
{
    Sim *sim = g_new0(Sim, 1);
    sim->names = g_hash_table_new(g_str_hash, g_str_equal);
    sim_queue_init(&sim->queue);
    sim_add(sim, &engine_type, sim, "engine");
    /* Nobody else may schedule the engine's events: an event whose receiver was forgotten has
     * component 0, and fails the check of its kind. */
    sim->components[ENGINE].handler_count = 0;
    return sim;
}

void sim_free(Sim *sim)
{
    if (sim == NULL)
        return;
    SIM_CHECK(!sim->running);
    g_hash_table_destroy(sim->names);
    for (size_t i = 0; i < sim->component_count; i++)
        g_free(sim->components[i].name);
    g_free(sim->components);
    for (size_t i = 0; i < sim->lane_count; i++)
        sim_lane_ring_clear(&sim->lanes[i]);
    g_free(sim->lanes);
    sim_queue_clear(&sim->queue);
    g_free(sim);
}

SimComponent sim_add(Sim *sim, const SimType *type, void *self, const char *name)
{
    SIM_CHECK(sim->component_count <= UINT16_MAX);
    SIM_CHECK(!g_hash_table_contains(sim->names, name));
    if (sim->component_count == sim->component_capacity) {
        size_t doubled = 2 * sim->component_capacity;
        sim->component_capacity = doubled > 0 ? doubled : FIRST_COMPONENTS;
        sim->components = g_renew(Component, sim->components, sim->component_capacity);
    }
    Component *added = &sim->components[sim->component_count];
    *added = (Component){.handlers = type->handlers,
                         .self = self,
                         .handler_count = type->handler_count,
                         .type = type,
                         .name = g_strdup(name)};
    g_hash_table_add(sim->names, added->name);
    return (SimComponent)sim->component_count++;
}

static inline Component *sim_component(const Sim *sim, SimComponent component)
{
    SIM_CHECK(component < sim->component_count);
    return &sim->components[component];
}

const char *sim_name(const Sim *sim, SimComponent component)
{
    return sim_component(sim, component)->name;
}

size_t sim_components(const Sim *sim)
{
    return sim->component_count;
}

/* The component, which must have a handler for the kind. */
static inline Component *sim_receiver(const Sim *sim, SimComponent component, uint16_t kind)
{
    Component *receiver = sim_component(sim, component);
    SIM_CHECK(kind < receiver->handler_count && receiver->handlers[kind] != NULL);
    return receiver;
}

/* An event on its way in, as packed in engine.h. */
typedef struct Packed {
    uint64_t address, subject;
    int64_t value;
    uint64_t detail;
} Packed;

static inline SimComponent packed_component(const Packed *packed)
{
    return (SimComponent)packed->address;
}

static inline uint16_t packed_kind(const Packed *packed)
{
    return (uint16_t)(packed->address >> 16);
}

static inline SimPhase packed_phase(const Packed *packed)
{
    return (SimPhase)(packed->address >> 32 & 255);
}

static inline SimLane packed_lane(const Packed *packed)
{
    return (SimLane)(packed->address >> 40);
}

static inline void packed_store(const Packed *packed, uint32_t incarnation, SimEvent *to)
{
    to->component = packed_component(packed);
    to->kind = packed_kind(packed);
    to->incarnation = incarnation;
    to->subject = packed->subject;
    to->value = packed->value;
    to->sender = (SimComponent)packed->detail;
    to->tag = (uint16_t)(packed->detail >> 16);
    to->extra = (uint32_t)(packed->detail >> 32);
}

static inline const Component *packed_receiver(const Sim *sim, const Packed *packed)
{
    return sim_receiver(sim, packed_component(packed), packed_kind(packed));
}

static inline uint64_t sim_next_sequence(Sim *sim)
{
    SIM_CHECK(sim->sequence < SIM_KEY_SEQUENCE_END);
    return sim->sequence++;
}

static inline uint32_t rank_of_phase(SimPhase phase)
{
    SIM_CHECK((unsigned)phase < SIM_PHASES);
    return RANK_FIRST_PHASE + (uint32_t)phase;
}

/* Always inline: it saves a call for each of the two callers that matter. */
static G_ALWAYS_INLINE inline void sim_schedule(Sim *sim, SimTime at, uint32_t rank,
                                                const Packed *packed, const Component *receiver)
{
    uint32_t slot = sim_queue_slot_new(&sim->queue);
    packed_store(packed, receiver->incarnation, &sim->queue.slots[slot].event);
    sim_queue_push(&sim->queue, sim_key(at, rank, sim_next_sequence(sim), slot));
}

static __attribute__((cold, noinline)) void sim_at_grown(Sim *sim, SimTime at, uint64_t address,
                                                         uint64_t subject, int64_t value,
                                                         uint64_t detail)
{
    sim_queue_grow_slots(&sim->queue);
    sim_at_packed(sim, at, address, subject, value, detail);
}

void sim_at_packed(Sim *sim, SimTime at, uint64_t address, uint64_t subject, int64_t value,
                   uint64_t detail)
{
    Packed packed = {address, subject, value, detail};
    SIM_CHECK((uint64_t)at - (uint64_t)sim->now < (uint64_t)(SIM_NEVER - sim->now)); /* nor past */
    if (G_UNLIKELY(!sim_queue_has_slot(&sim->queue))) {
        sim_at_grown(sim, at, address, subject, value, detail);
        return;
    }
    sim_schedule(sim, at, rank_of_phase(packed_phase(&packed)), &packed,
                 packed_receiver(sim, &packed));
}

/* Lanes. */
SimLane sim_lane_new(Sim *sim)
{
    SIM_CHECK(sim->lane_count <= SIM_KEY_SLOT_MASK);
    if (sim->lane_count == sim->lane_capacity) {
        size_t doubled = 2 * sim->lane_capacity;
        sim->lane_capacity = doubled > 0 ? doubled : FIRST_COMPONENTS;
        sim->lanes = g_renew(SimLaneRing, sim->lanes, sim->lane_capacity);
    }
    sim_lane_ring_init(&sim->lanes[sim->lane_count]);
    return (SimLane)sim->lane_count++;
}

static inline SimLaneRing *sim_lane(const Sim *sim, SimLane lane)
{
    SIM_CHECK(lane < sim->lane_count);
    return &sim->lanes[lane];
}

SimTime sim_lane_push_packed(Sim *sim, SimTime at, uint64_t address, uint64_t subject,
                             int64_t value, uint64_t detail)
{
    Packed packed = {address, subject, value, detail};
    SimPhase phase = packed_phase(&packed);
    SimLane lane = packed_lane(&packed);
    SimLaneRing *ring = sim_lane(sim, lane);
    SIM_CHECK(at >= sim->now && at < SIM_NEVER);
    /* With two phases in one lane, its order would not be the queue's. */
    SIM_CHECK(ring->phase == phase || ring->phase == SIM_PHASES);
    ring->phase = phase;
    ring->tail = MAX(ring->tail, at);
    const Component *receiver = packed_receiver(sim, &packed);
    SimKey key = sim_key(ring->tail, rank_of_phase(phase), sim_next_sequence(sim),
                         SIM_KEY_LANE | (uint32_t)lane);
    SimLaneEntry *entry = sim_lane_ring_append(ring);
    entry->key = key;
    packed_store(&packed, receiver->incarnation, &entry->event);
    if (ring->length == 1)
        sim_queue_push(&sim->queue, key);
    return ring->tail;
}

static void sim_give_to_dropped(Sim *sim, const SimEvent *event)
{
    const Component *receiver = sim_component(sim, event->component);
    sim->dropped++;
    if (receiver->type->dropped != NULL)
        receiver->type->dropped(sim, receiver->self, event);
}

void sim_lane_clear(Sim *sim, SimLane lane)
{
    /* A hook may push to this lane, or make another: work on a detached copy. */
    SimLaneRing old = *sim_lane(sim, lane);
    SimLaneRing *ring = &sim->lanes[lane];
    sim_lane_ring_init(ring);
    ring->phase = old.phase;
    ring->tail = sim->now;
    sim->discarded += old.length;
    for (; old.length > 0; sim_lane_ring_remove_head(&old)) {
        SimEvent event = sim_lane_ring_head(&old)->event;
        sim_give_to_dropped(sim, &event);
    }
    sim_lane_ring_clear(&old);
}

size_t sim_lane_length(const Sim *sim, SimLane lane)
{
    return sim_lane(sim, lane)->length;
}

/* Take the event of a lane's head and put the next head in its place. False for a stale key. */
static inline bool sim_take_from_lane(Sim *sim, SimKey key, SimEvent *event)
{
    SimLaneRing *ring = &sim->lanes[sim_key_slot(key)];
    if (ring->length == 0 || sim_lane_ring_head(ring)->key != key)
        return false;
    sim_event_copy(event, &sim_lane_ring_head(ring)->event);
    sim_lane_ring_remove_head(ring);
    if (ring->length > 0)
        sim_queue_push(&sim->queue, sim_lane_ring_head(ring)->key);
    return true;
}

/* Odd constants: 2^64 divided by the golden ratio, and the multiplier of MMIX (Knuth). */
static inline uint64_t fingerprint_add(uint64_t fingerprint, SimTime time, const SimEvent *event)
{
    uint64_t what = (uint64_t)event->component << 16 | event->kind;
    uint64_t fact = (uint64_t)time + what * UINT64_C(0x9E3779B97F4A7C15);
    return ((fingerprint << 29 | fingerprint >> 35) ^ fact) * UINT64_C(6364136223846793005);
}

static inline void sim_deliver_scheduled(Sim *sim, const SimEvent *event)
{
    const Component *receiver = &sim->components[event->component];
    if (G_UNLIKELY(receiver->admits != event->incarnation)) {
        sim->discarded++;
        sim_give_to_dropped(sim, event);
        return;
    }
    sim->delivered++;
    sim->fingerprint = fingerprint_add(sim->fingerprint, sim->now, event);
    receiver->handlers[event->kind](sim, receiver->self, event);
}

/* Deliver the first event of the queue. */
static inline void sim_step(Sim *sim, SimKey key)
{
    sim_queue_remove_first(&sim->queue);
    if (sim_key_is_lane(key)) {
        SimEvent event; /* a copy, because its place in the ring may be taken by the next push */
        if (!sim_take_from_lane(sim, key, &event))
            return;
        sim->now = sim_key_time(key);
        sim_deliver_scheduled(sim, &event);
    } else {
        uint32_t slot = sim_key_slot(key);
        sim->now = sim_key_time(key);
        sim_deliver_scheduled(sim, &sim->queue.slots[slot].event);
        sim_queue_slot_free(&sim->queue, slot);
    }
}

void sim_run(Sim *sim, SimTime until)
{
    SIM_CHECK(!sim->running);
    SIM_CHECK(until >= sim->now);
    sim->running = true;
    sim->stopping = false;
    SimKey end = (SimKey)((uint64_t)until + 1) << 64;
    while (!sim->stopping) {
        SimKey key = sim_queue_first(&sim->queue);
        if (key >= end)
            break;
        sim_step(sim, key);
    }
    sim->running = false;
    if (!sim->stopping && until < SIM_NEVER)
        sim->now = until;
}

void sim_stop(Sim *sim)
{
    sim->stopping = true;
}

/* Outages. */
static void engine_schedule(Sim *sim, SimTime at, uint32_t rank, uint16_t kind,
                            SimComponent component)
{
    if (!sim_queue_has_slot(&sim->queue))
        sim_queue_grow_slots(&sim->queue);
    SimEvent event = {.component = ENGINE, .kind = kind};
    Packed packed = {.address = sim_pack_address(SIM_PHASE_FAULT, 0, event), .subject = component};
    sim_schedule(sim, at, rank, &packed, &sim->components[ENGINE]);
}

void sim_outage(Sim *sim, SimComponent component, SimTime begin, SimTime end)
{
    SIM_CHECK(component != ENGINE && component < sim->component_count);
    SIM_CHECK(begin >= sim->now && begin <= end);
    if (begin == end)
        return;
    engine_schedule(sim, begin, RANK_OUTAGE_BEGINS, EVENT_OUTAGE_BEGINS, component);
    if (end < SIM_NEVER)
        engine_schedule(sim, end, rank_of_phase(SIM_PHASE_FAULT), EVENT_OUTAGE_ENDS, component);
}

void sim_down(Sim *sim, SimComponent component)
{
    SIM_CHECK(component != ENGINE);
    Component *down = sim_component(sim, component);
    SIM_CHECK(down->holds < UINT32_MAX && down->incarnation < NOBODY - 1);
    if (down->holds++ > 0)
        return;
    down->incarnation++;
    down->fired++;
    down->admits = NOBODY;
    if (down->type->down != NULL)
        down->type->down(sim, down->self);
}

void sim_up(Sim *sim, SimComponent component)
{
    Component *up = sim_component(sim, component);
    SIM_CHECK(up->holds > 0);
    if (--up->holds > 0)
        return;
    up->admits = up->incarnation;
    if (up->type->up != NULL)
        up->type->up(sim, up->self);
}

bool sim_is_up(const Sim *sim, SimComponent component)
{
    return sim_component(sim, component)->holds == 0;
}

uint32_t sim_incarnation(const Sim *sim, SimComponent component)
{
    return sim_component(sim, component)->incarnation;
}

uint32_t sim_outages_fired(const Sim *sim, SimComponent component)
{
    return sim_component(sim, component)->fired;
}

void sim_drop(Sim *sim, SimEvent event)
{
    sim_give_to_dropped(sim, &event);
}

void sim_deliver(Sim *sim, SimEvent event)
{
    const Component *receiver = sim_receiver(sim, event.component, event.kind);
    if (receiver->admits != event.incarnation) {
        sim_give_to_dropped(sim, &event);
        return;
    }
    sim->fingerprint = fingerprint_add(sim->fingerprint, sim->now, &event);
    receiver->handlers[event.kind](sim, receiver->self, &event);
}

/* Counters. */
uint64_t sim_events_delivered(const Sim *sim)
{
    return sim->delivered;
}

uint64_t sim_events_dropped(const Sim *sim)
{
    return sim->dropped;
}

size_t sim_events_pending(const Sim *sim)
{
    return (size_t)(sim->sequence - sim->delivered - sim->discarded);
}

uint64_t sim_fingerprint(const Sim *sim)
{
    return sim->fingerprint;
}
