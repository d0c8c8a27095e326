#include "sim/lane.h"

enum { FIRST_CAPACITY = 16 };

void sim_lane_ring_init(SimLaneRing *ring)
{
    *ring = (SimLaneRing){.phase = SIM_PHASES};
}

void sim_lane_ring_clear(SimLaneRing *ring)
{
    g_free(ring->entries);
    *ring = (SimLaneRing){0};
}

void sim_lane_ring_grow(SimLaneRing *ring)
{
    size_t capacity = ring->capacity > 0 ? 2 * ring->capacity : FIRST_CAPACITY;
    SimLaneEntry *entries = g_new(SimLaneEntry, capacity);
    for (size_t i = 0; i < ring->length; i++)
        entries[i] = ring->entries[(ring->head + i) & (ring->capacity - 1)];
    g_free(ring->entries);
    ring->entries = entries;
    ring->head = 0;
    ring->capacity = capacity;
}
