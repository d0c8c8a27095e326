#include "sim/queue.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CACHE_LINE = 64, FIRST_CAPACITY = 64, HUGE_PAGE = 1 << 21 };

/* Large arrays go on huge pages where the system has them: at a million pending events, most of
 * the cost of a cache miss is the page table's. */
static void *queue_allocate(size_t bytes)
{
    size_t alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : CACHE_LINE;
    void *memory = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    SIM_CHECK(memory != NULL);
#ifdef MADV_HUGEPAGE
    if (alignment == HUGE_PAGE)
        (void)madvise(memory, bytes, MADV_HUGEPAGE); /* a refusal costs speed only */
#endif
    return memory;
}

void sim_queue_init(SimQueue *queue)
{
    *queue = (SimQueue){.end = SIM_QUEUE_ROOT, .free_slot = SIM_QUEUE_NO_SLOT};
    sim_queue_grow_keys(queue);
    sim_queue_grow_slots(queue);
}

void sim_queue_clear(SimQueue *queue)
{
    free(queue->keys);
    free(queue->slots);
    for (uint32_t i = 0; i < queue->retired_count; i++)
        free(queue->retired[i]);
    *queue = (SimQueue){0};
}

void sim_queue_grow_keys(SimQueue *queue)
{
    size_t old = queue->capacity;
    size_t capacity = old > 0 ? 2 * old : FIRST_CAPACITY;
    SimKey *keys = queue_allocate(capacity * sizeof(SimKey));
    if (old > 0)
        memcpy(keys, queue->keys, old * sizeof(SimKey));
    free(queue->keys);
    queue->keys = keys;
    for (size_t i = old; i < capacity; i++)
        queue->keys[i] = SIM_KEY_LAST;
    queue->capacity = capacity;
}

void sim_queue_grow_slots(SimQueue *queue)
{
    uint32_t old = queue->slot_count;
    uint32_t count = old > 0 ? 2 * old : FIRST_CAPACITY;
    SIM_CHECK(count - 1 <= SIM_KEY_SLOT_MASK);
    SimSlot *slots = queue_allocate(count * sizeof(SimSlot));
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

/* Of four siblings the least, without a branch. */
static inline size_t least_of_four(const SimKey *keys, size_t first)
{
    const SimKey *group = keys + first;
    size_t low = sim_opaque(group[1] < group[0]);
    size_t high = sim_opaque(group[3] < group[2]) + 2;
    size_t is_high = sim_opaque(group[high] < group[low]);
    return first + (low ^ ((low ^ high) & (0 - is_high)));
}

/* A smaller heap lies in the nearest caches, where prefetching only costs. */
#define PREFETCH_FROM 1024

void sim_queue_sink(SimQueue *queue, size_t at, SimKey key)
{
    SimKey *keys = queue->keys;
    size_t end = queue->end;
    for (size_t children = 4 * at - 8; children < end; children = 4 * at - 8) {
        /* All grandchildren, while this level is decided. Written out here: gcc 12 takes a function
         * that only prefetches for one without effect and drops its call. */
        if (end >= PREFETCH_FROM && 4 * children - 8 < end) {
            const SimKey *line = &keys[4 * children - 8];
            __builtin_prefetch(line);
            __builtin_prefetch(line + 4);
            __builtin_prefetch(line + 8);
            __builtin_prefetch(line + 12);
        }
        size_t least = least_of_four(keys, children);
        if (key < keys[least])
            break;
        keys[at] = keys[least];
        /* The new root's event is wanted next: fetch it while the rest sinks. */
        if (at == SIM_QUEUE_ROOT)
            __builtin_prefetch(&queue->slots[sim_key_slot(keys[at])]);
        at = least;
    }
    keys[at] = key;
}
