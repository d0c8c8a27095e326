#include "sim/far.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/check.h"

enum {
    CACHE_LINE = 64,
    HUGE_PAGE = 1 << 21,
    FIRST_CHUNKS = 64,
    BUCKET_KEYS = 32, /* wanted in a bucket */
    BUCKETS_MIN = 16,
    BUCKETS_MAX = 1 << 17,
    OUTGROWN = 4,
    SAMPLE = 255
};

void *sim_allocate(size_t bytes)
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

/* One bucket at first, the one for all that is later. */
void sim_far_init(SimFar *far)
{
    *far = (SimFar){.buckets = g_new0(SimFarBucket, 1)};
}

void sim_far_reset(SimFar *far)
{
    SIM_CHECK(far->count == 0);
    far->base = 0;
    far->shift = 0;
    far->next = 0;
    far->bucket_count = 0;
}

void sim_far_clear(SimFar *far)
{
    free(far->chunks);
    g_free(far->buckets);
    *far = (SimFar){0};
}

static void far_grow(SimFar *far)
{
    uint32_t old = far->chunk_capacity;
    uint32_t capacity = old > 0 ? 2 * old : FIRST_CHUNKS;
    SIM_CHECK(capacity > old);
    SimFarChunk *chunks = sim_allocate(capacity * sizeof(SimFarChunk));
    if (old > 0)
        memcpy(chunks, far->chunks, old * sizeof(SimFarChunk));
    free(far->chunks);
    uint32_t first = MAX(old, 1);
    for (uint32_t i = first; i < capacity; i++)
        chunks[i].next = i + 1 < capacity ? i + 1 : 0;
    far->chunks = chunks;
    far->free_chunk = first;
    far->chunk_capacity = capacity;
}

void sim_far_lengthen(SimFar *far, SimFarBucket *bucket)
{
    if (far->free_chunk == 0)
        far_grow(far);
    uint32_t chunk = far->free_chunk;
    far->free_chunk = far->chunks[chunk].next;
    far->chunks[chunk].next = bucket->first;
    *bucket = (SimFarBucket){.first = chunk};
}

/* Remove a bucket's first chunk and copy its keys out. Returns how many. */
static size_t far_unload(SimFar *far, SimFarBucket *bucket, SimKey *keys)
{
    if (bucket->first == 0)
        return 0;
    uint32_t index = bucket->first;
    SimFarChunk *chunk = &far->chunks[index];
    size_t count = bucket->count;
    memcpy(keys, chunk->keys, count * sizeof *keys);
    *bucket = (SimFarBucket){.first = chunk->next, .count = SIM_FAR_CHUNK_KEYS};
    chunk->next = far->free_chunk;
    far->free_chunk = index;
    return count;
}

/* ---- Spreading ---- */

typedef struct Survey {
    uint64_t least;
    size_t seen, stride, count;
    uint64_t times[SAMPLE + 1];
} Survey;

static void survey_bucket(Survey *survey, const SimFar *far, SimFarBucket bucket)
{
    while (bucket.first != 0) {
        const SimFarChunk *chunk = &far->chunks[bucket.first];
        for (size_t i = 0; i < bucket.count; i++) {
            uint64_t time = (uint64_t)sim_key_time(chunk->keys[i]);
            survey->least = MIN(survey->least, time);
            if (survey->seen++ % survey->stride == 0)
                survey->times[survey->count++] = time;
        }
        bucket = (SimFarBucket){.first = chunk->next, .count = SIM_FAR_CHUNK_KEYS};
    }
}

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Buckets that reach about twice as far as the median, for as many keys as are wanted in each. */
static void far_choose_buckets(SimFar *far)
{
    Survey survey = {.least = UINT64_MAX, .stride = far->count / SAMPLE + 1};
    for (size_t i = far->next; i <= far->bucket_count; i++)
        survey_bucket(&survey, far, far->buckets[i]);
    qsort(survey.times, survey.count, sizeof survey.times[0], compare_times);
    uint64_t half = survey.times[survey.count / 2] - survey.least;
    size_t count = CLAMP(far->count / BUCKET_KEYS, BUCKETS_MIN, BUCKETS_MAX);
    uint64_t width = 2 * (half / count);
    far->shift = width > 1 ? 63 - (unsigned)__builtin_clzll(width) : 0;
    far->base = survey.least;
    far->bucket_count = 2 * count;
    while (far->bucket_count > (UINT64_MAX - far->base) >> far->shift)
        far->shift--;
    far->next = 0;
}

uint64_t sim_far_spread(SimFar *far)
{
    SimFarBucket *old = far->buckets;
    size_t from = far->next, to = far->bucket_count;
    far_choose_buckets(far);
    far->buckets = g_new0(SimFarBucket, far->bucket_count + 1);
    far->spread_count = far->count;
    far->count = 0;
    for (size_t i = from; i <= to; i++) {
        SimKey keys[SIM_FAR_CHUNK_KEYS];
        for (size_t n; (n = far_unload(far, &old[i], keys)) > 0;)
            for (size_t k = 0; k < n; k++)
                sim_far_push(far, keys[k]);
    }
    g_free(old);
    return far->base;
}

/* ---- Taking ---- */

static void far_open(SimFar *far)
{
    while (far->next < far->bucket_count && far->buckets[far->next].first == 0)
        far->next++;
    if (far->next == far->bucket_count || far->count / OUTGROWN > far->spread_count)
        sim_far_spread(far);
}

size_t sim_far_take(SimFar *far, SimKey *keys, uint64_t *horizon)
{
    if (far->open.first == 0) {
        far_open(far);
        far->open = far->buckets[far->next];
        far->buckets[far->next++] = (SimFarBucket){0};
    }
    size_t count = far_unload(far, &far->open, keys);
    far->count -= count;
    *horizon = far->base + ((uint64_t)far->next << far->shift);
    return count;
}
