#include "sim/queue.h"

#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64, FIRST_CAPACITY = 64 };

static void queue_grow_keys(SimQueue *queue)
{
    size_t old = queue->capacity;
    size_t capacity = old > 0 ? 2 * old : FIRST_CAPACITY;
    SimKey *keys = sim_allocate(capacity * sizeof(SimKey));
    if (old > 0)
        memcpy(keys, queue->keys, old * sizeof(SimKey));
    free(queue->keys);
    queue->keys = keys;
    for (size_t i = old; i < capacity; i++)
        queue->keys[i] = SIM_KEY_LAST;
    queue->capacity = capacity;
}

void sim_queue_init(SimQueue *queue)
{
    *queue =
        (SimQueue){.end = SIM_QUEUE_ROOT, .free_slot = SIM_QUEUE_NO_SLOT, .horizon = UINT64_MAX};
    sim_far_init(&queue->far);
    queue_grow_keys(queue);
    sim_queue_grow_slots(queue);
}

void sim_queue_clear(SimQueue *queue)
{
    sim_far_clear(&queue->far);
    free(queue->keys);
    free(queue->slots);
    for (uint32_t i = 0; i < queue->retired_count; i++)
        free(queue->retired[i]);
    *queue = (SimQueue){0};
}

void sim_queue_grow_slots(SimQueue *queue)
{
    uint32_t old = queue->slot_count;
    uint32_t count = old > 0 ? 2 * old : FIRST_CAPACITY;
    SIM_CHECK(count - 1 <= SIM_KEY_SLOT_MASK);
    SimSlot *slots = sim_allocate(count * sizeof(SimSlot));
    if (old > 0) {
        memcpy(slots, queue->slots, old * sizeof(SimSlot));
        queue->retired[queue->retired_count++] = queue->slots;
    }
    queue->slots = slots;
    for (uint32_t i = old; i < count; i++)
        queue->slots[i].next = i + 1 < count ? i + 1 : SIM_QUEUE_NO_SLOT;
    queue->free_slot = old;
    queue->slot_count = count;
}

/* In bytes: where the children of a place begin. */
#define CHILDREN(at) (4 * (at)-8 * sizeof(SimKey))

/* A key among siblings, in registers. */
typedef struct Sibling {
    uint64_t low, high;
    size_t offset; /* in bytes, from the first sibling */
} Sibling;

static inline Sibling sibling(const SimKey *group, size_t index)
{
    return (Sibling){sim_opaque((uint64_t)group[index]), sim_opaque((uint64_t)(group[index] >> 64)),
                     index * sizeof(SimKey)};
}

/* The lesser of two. No processor can predict which: a branch would be wrong every other time, and
 * an index to load by would wait for the comparison and then for the load. */
static inline Sibling lesser(Sibling a, Sibling b)
{
#ifdef __x86_64__
    uint64_t high = b.high;
    __asm__("cmp %[a_low], %[b_low]\n\t"
            "sbb %[a_high], %[high]\n\t"
            "cmovb %[b_low], %[a_low]\n\t"
            "cmovb %[b_high], %[a_high]\n\t"
            "cmovb %[b_offset], %[a_offset]"
            : [a_low] "+&r"(a.low), [a_high] "+&r"(a.high), [a_offset] "+&r"(a.offset),
              [high] "+&r"(high)
            : [b_low] "r"(b.low), [b_high] "r"(b.high), [b_offset] "r"(b.offset)
            : "cc");
    return a;
#else
    bool is_b = b.high < a.high || (b.high == a.high && b.low < a.low);
    uint64_t mask = sim_opaque(0 - (uint64_t)is_b);
    return (Sibling){a.low ^ ((a.low ^ b.low) & mask), a.high ^ ((a.high ^ b.high) & mask),
                     a.offset ^ ((a.offset ^ b.offset) & mask)};
#endif
}

static inline Sibling least_of_four(const SimKey *group)
{
    return lesser(lesser(sibling(group, 0), sibling(group, 1)),
                  lesser(sibling(group, 2), sibling(group, 3)));
}

static inline void sibling_store(char *to, Sibling from)
{
    *(SimKey *)to = (SimKey)from.high << 64 | from.low;
}

/* A smaller heap lies in the nearest caches, where prefetching only costs. */
#define PREFETCH_FROM 1024

/* Few keys, all children of the root. Here the branch is worth its mistakes: which of two keys is
 * first decides which handler runs next, and the processor learns of it early. */
static inline void sink_once(SimKey *keys, SimKey key)
{
    Sibling least = least_of_four(keys + SIM_QUEUE_ROOT + 1);
    SimKey child = (SimKey)least.high << 64 | least.low;
    if (key < child) {
        keys[SIM_QUEUE_ROOT] = key;
        return;
    }
    keys[SIM_QUEUE_ROOT] = child;
    *(SimKey *)((char *)(keys + SIM_QUEUE_ROOT + 1) + least.offset) = key;
}

/* Always to the bottom: where the key stays, the least child goes on sinking in its place, and
 * finds its own. To stop there would be a branch that no processor can predict, which costs more
 * than the levels saved. */
static __attribute__((noinline)) void queue_sink_deep(SimQueue *queue, SimKey key)
{
    char *keys = (char *)queue->keys; /* places are in bytes from here, which saves the shifts */
    size_t end = queue->end * sizeof(SimKey);
    size_t at = SIM_QUEUE_ROOT * sizeof(SimKey);
    bool prefetch = queue->end >= PREFETCH_FROM;
    Sibling sinking = {.low = (uint64_t)key, .high = (uint64_t)(key >> 64)};
    for (size_t children = CHILDREN(at); children < end; children = CHILDREN(at)) {
        /* All grandchildren, while this level is decided. Written out here: gcc 12 takes a function
         * that only prefetches for one without effect and drops its call. */
        if (prefetch && CHILDREN(children) < end) {
            const char *line = keys + CHILDREN(children);
            __builtin_prefetch(line);
            __builtin_prefetch(line + CACHE_LINE);
            __builtin_prefetch(line + 2 * CACHE_LINE);
            __builtin_prefetch(line + 3 * CACHE_LINE);
        }
        Sibling least = least_of_four((const SimKey *)(keys + children));
        Sibling first = lesser(least, sinking);
        /* The new root's event is wanted next: fetch it while the rest sinks. */
        if (at == SIM_QUEUE_ROOT * sizeof(SimKey))
            __builtin_prefetch(&queue->slots[(uint32_t)first.low & SIM_KEY_SLOT_MASK]);
        sibling_store(keys + at, first);
        /* The greater of the two, without another comparison. */
        sinking.low ^= least.low ^ first.low;
        sinking.high ^= least.high ^ first.high;
        at = children + least.offset;
    }
    sibling_store(keys + at, sinking);
}

void sim_queue_sink(SimQueue *queue, SimKey key)
{
    if (queue->end <= SIM_QUEUE_ROOT + 5)
        sink_once(queue->keys, key);
    else
        queue_sink_deep(queue, key);
}

static void queue_rise(SimQueue *queue, size_t at, SimKey key)
{
    SimKey *keys = queue->keys;
    while (at > SIM_QUEUE_ROOT) {
        size_t parent = at / 4 + 2;
        if (keys[parent] < key)
            break;
        keys[at] = keys[parent];
        at = parent;
    }
    keys[at] = key;
}

/* A heap of so many keys still lies in the second cache, and is as fast as buckets. */
#define HEAP_ENOUGH 8192

static void queue_add(SimQueue *queue, SimKey key)
{
    if (G_UNLIKELY(queue->end == queue->capacity))
        queue_grow_keys(queue);
    queue_rise(queue, queue->end++, key);
}

static void queue_spill(SimQueue *queue)
{
    for (size_t i = SIM_QUEUE_ROOT; i < queue->end; i++) {
        sim_far_push(&queue->far, queue->keys[i]);
        queue->keys[i] = SIM_KEY_LAST;
    }
    queue->end = SIM_QUEUE_ROOT;
    queue->horizon = sim_far_spread(&queue->far);
}

void sim_queue_append(SimQueue *queue, SimKey key)
{
    if (queue->horizon == UINT64_MAX && queue->end >= HEAP_ENOUGH)
        queue_spill(queue);
    if ((uint64_t)(key >> 64) < queue->horizon)
        queue_add(queue, key);
    else
        sim_far_push(&queue->far, key);
}

/* Each of these events is delivered before long. */
static void queue_pour_bucket(SimQueue *queue)
{
    SimKey keys[SIM_FAR_CHUNK_KEYS];
    do {
        size_t count = sim_far_take(&queue->far, keys, &queue->horizon);
        for (size_t i = 0; i < count; i++)
            if (!sim_key_is_lane(keys[i]))
                __builtin_prefetch(&queue->slots[sim_key_slot(keys[i])]);
        for (size_t i = 0; i < count; i++)
            queue_add(queue, keys[i]);
    } while (queue->far.open.first != 0);
}

void sim_queue_refill(SimQueue *queue)
{
    if (queue->horizon == UINT64_MAX)
        return;
    bool all = queue->far.count < HEAP_ENOUGH / 4;
    do
        queue_pour_bucket(queue);
    while (all && queue->far.count > 0);
    if (queue->far.count == 0) {
        sim_far_reset(&queue->far);
        queue->horizon = UINT64_MAX;
    }
}
