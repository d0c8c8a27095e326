/* A lane's entries: a ring of keys and events that grows by doubling, in the order of delivery.
 *
 * Invariant: keys ascend from head to tail. The engine puts the head's key into its queue; a key
 * in the queue that is not the head's is stale (the lane was cleared meanwhile) and means nothing.
 *
 * Ownership: the lane owns its entries. Private to the engine.
 */
#ifndef SIM_LANE_H
#define SIM_LANE_H

#include "sim/queue.h"

typedef struct SimLaneEntry {
    SimKey key;
    SimEvent event;
} SimLaneEntry;

typedef struct SimLaneRing {
    SimLaneEntry *entries;
    size_t head; /* counts up for ever; its place is head modulo capacity */
    size_t length;
    size_t capacity; /* 0 or a power of two */
    SimTime tail;    /* no later entry may be delivered before this */
    SimPhase phase;  /* of all entries; SIM_PHASES before the first */
} SimLaneRing;

void sim_lane_ring_init(SimLaneRing *ring);
void sim_lane_ring_clear(SimLaneRing *ring);
void sim_lane_ring_grow(SimLaneRing *ring);

static inline SimLaneEntry *sim_lane_ring_head(const SimLaneRing *ring)
{
    return &ring->entries[ring->head & (ring->capacity - 1)];
}

/* Room for one more entry at the tail. */
static inline SimLaneEntry *sim_lane_ring_append(SimLaneRing *ring)
{
    if (G_UNLIKELY(ring->length == ring->capacity))
        sim_lane_ring_grow(ring);
    return &ring->entries[(ring->head + ring->length++) & (ring->capacity - 1)];
}

static inline void sim_lane_ring_remove_head(SimLaneRing *ring)
{
    ring->head++;
    ring->length--;
}

#endif
