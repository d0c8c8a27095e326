/* What a large queue holds beyond its horizon: keys in buckets by time, unsorted within a bucket.
 *
 * A heap of a million keys pays a cache miss a level. Here only what comes next is in a heap: keys
 * before the horizon; the rest lies in buckets of equal width, of a few dozen keys each. When the
 * heap is empty, the next bucket is poured into it and the horizon moves to that bucket's end. Keys
 * beyond the last bucket wait in one more; when the buckets are used up, or the number of keys has
 * outgrown them, all that is left is spread over new ones.
 *
 * The order is the heap's: a bucket only says which keys are compared at all. Any distribution of
 * times is correct; a bad one (all at the same time, say) gives a large bucket and hence a large
 * heap. Spreading costs a constant for each key: buckets reach past the median of the keys, and
 * half of them are gone before the next time.
 *
 * The width is a power of two, in nanoseconds. Keys lie in chunks that buckets take from one pool.
 *
 * Source: two tiers of a ladder queue, with a heap as its bottom so that ties do no harm (Tang,
 * Goh, Thng: Ladder queue. ACM TOMACS 15(3), 2005).
 *
 * Ownership: owns its memory. Private to the queue.
 */
#ifndef SIM_FAR_H
#define SIM_FAR_H

#include <stddef.h>
#include <stdint.h>

#include "sim/key.h"

enum { SIM_FAR_CHUNK_KEYS = 15 };

typedef struct SimFarChunk {
    uint32_t next; /* of the same bucket, or free; 0 ends a list */
    SimKey keys[SIM_FAR_CHUNK_KEYS];
} SimFarChunk;

/* Only the first chunk may be incomplete. */
typedef struct SimFarBucket {
    uint32_t first; /* chunk; 0 for none */
    uint32_t count; /* keys in the first chunk */
} SimFarBucket;

typedef struct SimFar {
    uint64_t base;  /* where bucket 0 begins */
    unsigned shift; /* a bucket is 2^shift ns wide */
    size_t next;    /* the bucket that comes next; bucket_count when all are used up */
    size_t bucket_count;
    SimFarBucket *buckets; /* one more than bucket_count: the last is for all that is later */
    SimFarBucket open;     /* what is left of the bucket that is being taken */
    size_t count;          /* keys */
    size_t spread_count;   /* keys when they were last spread */
    SimFarChunk *chunks;   /* 0 is not used */
    uint32_t chunk_capacity;
    uint32_t free_chunk;
} SimFar;

void sim_far_init(SimFar *far);
void sim_far_clear(SimFar *far);

/* Give the bucket a new first chunk. */
void sim_far_lengthen(SimFar *far, SimFarBucket *bucket);

/* A key not before the horizon. */
static inline void sim_far_push(SimFar *far, SimKey key)
{
    uint64_t index = ((uint64_t)sim_key_time(key) - far->base) >> far->shift;
    if (index > far->bucket_count)
        index = far->bucket_count;
    SimFarBucket *bucket = &far->buckets[index];
    if (bucket->first == 0 || bucket->count == SIM_FAR_CHUNK_KEYS)
        sim_far_lengthen(far, bucket);
    far->chunks[bucket->first].keys[bucket->count++] = key;
    far->count++;
}

/* Spread all keys over new buckets. Returns the horizon: the first bucket's begin. */
uint64_t sim_far_spread(SimFar *far);

/* Remove some keys of the next bucket and copy them out; there must be one. Returns how many (up to
 * SIM_FAR_CHUNK_KEYS) and sets `horizon` to the bucket's end. Its keys are out when `open` is
 * empty. */
size_t sim_far_take(SimFar *far, SimKey *keys, uint64_t *horizon);

/* Forget the buckets, which are empty. */
void sim_far_reset(SimFar *far);

/* Memory of whole cache lines or, where the system has them, huge pages: at a million pending
 * events, most of the cost of a cache miss is the page table's. free() frees it. */
void *sim_allocate(size_t bytes);

#endif
