/* The event queue: a 4-ary heap of 16-byte keys (sim/key.h), with the events beside it in slots.
 *
 * Four siblings share one cache line: the root is keys[3], the children of s begin at 4s - 8.
 * Places past the end hold the greatest key, so a group of four is always complete. Removal of the
 * first key is deferred: it leaves a hole at the root, which the next push fills (most handlers
 * schedule something) and which is closed with the last key only if none came.
 *
 * When the heap outgrows the nearer caches, it keeps only keys before a horizon; the others wait in
 * buckets by time (sim/far.h), and the next bucket is poured into the heap whenever that is empty.
 *
 * Source: d-ary heaps after Johnson (1975); cache-aligned layout after LaMarca and Ladner, The
 * influence of caches on the performance of heaps (1996).
 *
 * An event lies still from its scheduling until its slot is freed, also while the slots grow: a
 * handler gets a pointer to it, not a copy.
 *
 * Ownership: the queue owns keys, buckets and slots. Errors: more events pending than slots, or
 * sequence numbers running out, are bugs and abort. Private to the engine; benchmarks may look.
 */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/check.h"
#include "sim/engine.h"
#include "sim/far.h"
#include "sim/key.h"

/* A slot holds an event, or, while free, the next free slot. */
typedef union SimSlot {
    SimEvent event;
    uint32_t next;
} SimSlot;

#define SIM_QUEUE_ROOT    3
#define SIM_QUEUE_NO_SLOT UINT32_MAX

typedef struct SimQueue {
    SimKey *keys;
    size_t end;       /* one past the last key; SIM_QUEUE_ROOT if there is none */
    size_t capacity;  /* places in keys, a multiple of 4 */
    uint64_t horizon; /* keys from this time on are in `far`; UINT64_MAX while none are */
    SimSlot *slots;
    uint32_t free_slot; /* head of the list of free slots */
    uint32_t slot_count;
    SimFar far;
    bool hole; /* the root was removed and not yet replaced */
    uint32_t retired_count;
    SimSlot *retired[SIM_KEY_SLOT_BITS]; /* outgrown; a handler may still read its event there */
} SimQueue;

void sim_queue_init(SimQueue *queue);
void sim_queue_clear(SimQueue *queue);
void sim_queue_grow_slots(SimQueue *queue);

/* Slots. The caller sees to it that there is one. */
static inline bool sim_queue_has_slot(const SimQueue *queue)
{
    return queue->free_slot != SIM_QUEUE_NO_SLOT;
}

static inline uint32_t sim_queue_slot_new(SimQueue *queue)
{
    uint32_t slot = queue->free_slot;
    queue->free_slot = queue->slots[slot].next;
    return slot;
}

static inline void sim_queue_slot_free(SimQueue *queue, uint32_t slot)
{
    queue->slots[slot].next = queue->free_slot;
    queue->free_slot = slot;
}

/* A number that the compiler must have in a register. It keeps it from turning a comparison that
 * no processor can predict into a branch, and from joining loads into wider ones. */
static inline uint64_t sim_opaque(uint64_t number)
{
    __asm__("" : "+r"(number));
    return number;
}

/* Copy an event field by field, as its writer wrote it a moment ago: a load wider than the store
 * that it depends on waits until that store has reached the cache, which took a third of all time
 * when the compiler chose. */
static inline void sim_event_copy(SimEvent *to, const SimEvent *from)
{
    to->component = (SimComponent)sim_opaque(from->component);
    to->kind = (uint16_t)sim_opaque(from->kind);
    to->incarnation = (uint32_t)sim_opaque(from->incarnation);
    to->subject = sim_opaque(from->subject);
    to->value = (int64_t)sim_opaque((uint64_t)from->value);
    to->sender = (SimComponent)sim_opaque(from->sender);
    to->tag = (uint16_t)sim_opaque(from->tag);
    to->extra = (uint32_t)sim_opaque(from->extra);
}

/* Put `key` in place of the root. Not inline: inlined into every way of scheduling it was slower.
 */
void sim_queue_sink(SimQueue *queue, SimKey key);

/* What remains of sim_queue_push. Not inline either: the way through the hole then needs no
 * registers saved. */
void sim_queue_append(SimQueue *queue, SimKey key);

static inline void sim_queue_push(SimQueue *queue, SimKey key)
{
    if (queue->hole && (uint64_t)(key >> 64) < queue->horizon) {
        queue->hole = false;
        sim_queue_sink(queue, key);
        return;
    }
    sim_queue_append(queue, key);
}

static inline void sim_queue_close_hole(SimQueue *queue)
{
    queue->hole = false;
    SimKey last = queue->keys[--queue->end];
    queue->keys[queue->end] = SIM_KEY_LAST;
    if (queue->end > SIM_QUEUE_ROOT)
        sim_queue_sink(queue, last);
}

/* The heap is empty: pour the next bucket into it, if there is one. */
void sim_queue_refill(SimQueue *queue);

/* The first key; SIM_KEY_LAST if there is none. Stays in the queue. */
static inline SimKey sim_queue_first(SimQueue *queue)
{
    if (queue->hole)
        sim_queue_close_hole(queue);
    if (G_UNLIKELY(queue->end == SIM_QUEUE_ROOT))
        sim_queue_refill(queue);
    return queue->keys[SIM_QUEUE_ROOT];
}

/* Remove what sim_queue_first returned. */
static inline void sim_queue_remove_first(SimQueue *queue)
{
    queue->hole = true;
}

#endif
