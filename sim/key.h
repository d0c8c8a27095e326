/* A key of the event queue: one 128-bit number, so that one comparison decides the total order.
 *
 *   time 64 | rank 3 | sequence 37 | lane flag 1 | slot 23
 *
 * The rank is the event's phase (0 is kept for the engine, see engine.c); sequence numbers are
 * unique, so the bits below never decide. The caller gives the sequence; the slot says where the
 * event lies, or, with the lane flag, whose head the key is.
 */
#ifndef SIM_KEY_H
#define SIM_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/time.h"

__extension__ typedef unsigned __int128 SimKey;

enum { SIM_KEY_SLOT_BITS = 23, SIM_KEY_SEQUENCE_BITS = 37, SIM_KEY_RANK_BITS = 3 };

#define SIM_KEY_SLOT_MASK    (((uint32_t)1 << SIM_KEY_SLOT_BITS) - 1)
#define SIM_KEY_LANE         ((uint32_t)1 << SIM_KEY_SLOT_BITS)
#define SIM_KEY_SEQUENCE_END ((uint64_t)1 << SIM_KEY_SEQUENCE_BITS)
#define SIM_KEY_LAST         (~(SimKey)0)

/* `place` is a slot, or SIM_KEY_LANE and a lane. */
static inline SimKey sim_key(SimTime time, uint32_t rank, uint64_t sequence, uint32_t place)
{
    uint64_t low =
        (uint64_t)rank << (64 - SIM_KEY_RANK_BITS) | sequence << (SIM_KEY_SLOT_BITS + 1) | place;
    return (SimKey)(uint64_t)time << 64 | low;
}

static inline SimTime sim_key_time(SimKey key)
{
    return (SimTime)(uint64_t)(key >> 64);
}

static inline uint32_t sim_key_slot(SimKey key)
{
    return (uint32_t)key & SIM_KEY_SLOT_MASK;
}

static inline bool sim_key_is_lane(SimKey key)
{
    return ((uint32_t)key & SIM_KEY_LANE) != 0;
}

#endif
