/* What the benchmarks share: a clock, and the floor they are measured against, which is what a
 * bare loop written for the one purpose needs: xoshiro256++ with a ziggurat, and a 4-ary heap of
 * 16-byte keys. The floor checks nothing, grows nothing and carries no payload.
 *
 * Each program prints lines "row nanoseconds"; bench/run takes medians and makes the table.
 *
 * Sources: Blackman and Vigna, Scrambled linear pseudorandom number generators (2021); Marsaglia
 * and Tsang, The ziggurat method for generating random variables (2000).
 */
#ifndef BENCH_H
#define BENCH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static inline double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline void bench_report(const char *row, double started, uint64_t operations)
{
    printf("%s %.3f\n", row, (bench_now() - started) / (double)operations);
    fflush(stdout);
}

/* Results go here, so that no compiler may leave the work out. */
static volatile double bench_sink;

typedef struct FloorRandom {
    uint64_t s[4];
} FloorRandom;

static inline uint64_t floor_rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static inline FloorRandom floor_random(uint64_t seed)
{
    FloorRandom r;
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t z = (seed ^ seed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        r.s[i] = z ^ z >> 31;
    }
    return r;
}

static inline uint64_t floor_u64(FloorRandom *r)
{
    uint64_t result = floor_rotate(r->s[0] + r->s[3], 23) + r->s[0];
    uint64_t t = r->s[1] << 17;
    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = floor_rotate(r->s[3], 45);
    return result;
}

/* Layer i is x[i] wide; layer 0 is the base, drawn as wide as its area needs. */
typedef struct FloorZiggurat {
    double x[257], height[257];
} FloorZiggurat;

static FloorZiggurat floor_ziggurat;

#define FLOOR_TAIL 7.69711747013104972
#define FLOOR_AREA 0.0039496598225815571993

static inline void floor_ziggurat_init(void)
{
    FloorZiggurat *z = &floor_ziggurat;
    z->x[0] = FLOOR_AREA / exp(-FLOOR_TAIL);
    z->x[1] = FLOOR_TAIL;
    z->height[0] = 0;
    z->height[1] = exp(-FLOOR_TAIL);
    for (int i = 2; i < 256; i++) {
        z->height[i] = z->height[i - 1] + FLOOR_AREA / z->x[i - 1];
        z->x[i] = -log(z->height[i]);
    }
    z->x[256] = 0;
    z->height[256] = 1;
}

static double floor_exponential(FloorRandom *r);

static __attribute__((noinline)) double floor_exponential_slow(FloorRandom *r, unsigned layer,
                                                               double x)
{
    const FloorZiggurat *z = &floor_ziggurat;
    if (layer == 0)
        return FLOOR_TAIL + floor_exponential(r);
    double low = z->height[layer], high = z->height[layer + 1];
    double u = (double)(int64_t)(floor_u64(r) >> 11) * 0x1p-53;
    return low + u * (high - low) < exp(-x) ? x : floor_exponential(r);
}

static inline double floor_exponential(FloorRandom *r)
{
    uint64_t bits = floor_u64(r);
    unsigned layer = bits & 255;
    double x = (double)(int64_t)(bits >> 11) * 0x1p-53 * floor_ziggurat.x[layer];
    if (__builtin_expect(x < floor_ziggurat.x[layer + 1], 1))
        return x;
    return floor_exponential_slow(r, layer, x);
}

/* The heap: time in the upper half of a key, whatever in the lower. The root is keys[3], so that
 * four siblings share a cache line; unused places hold the greatest key. */
__extension__ typedef unsigned __int128 FloorKey;

#define FLOOR_HUGE_PAGE ((size_t)1 << 21)

typedef struct FloorHeap {
    FloorKey *keys;
    size_t end;
    bool hole;
} FloorHeap;

static inline FloorKey floor_key(int64_t time, uint64_t low)
{
    return (FloorKey)(uint64_t)time << 64 | low;
}

static inline FloorHeap floor_heap_new(size_t room)
{
    size_t places = (room + 16) / 4 * 4;
    size_t bytes = places * sizeof(FloorKey);
    size_t alignment = bytes >= FLOOR_HUGE_PAGE ? FLOOR_HUGE_PAGE : 64;
    FloorKey *keys = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (keys == NULL)
        abort();
    /* On huge pages, as the engine's: a refusal costs speed only. */
    if (alignment == FLOOR_HUGE_PAGE)
        (void)madvise(keys, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < places; i++)
        keys[i] = ~(FloorKey)0;
    return (FloorHeap){.keys = keys, .end = 3};
}

/* Keeps the compiler from making a branch of a comparison. */
static inline size_t floor_opaque(size_t x)
{
    __asm__("" : "+r"(x));
    return x;
}

static inline void floor_heap_sink(FloorHeap *heap, FloorKey key)
{
    FloorKey *keys = heap->keys;
    size_t at = 3, end = heap->end;
    for (size_t c = 4; c < end; c = 4 * at - 8) {
        if (end > 1024 && 4 * c - 8 < end)
            for (size_t line = 0; line < 4; line++)
                __builtin_prefetch(&keys[4 * c - 8 + 4 * line]);
        size_t low = c + floor_opaque(keys[c + 1] < keys[c]);
        size_t high = c + 2 + floor_opaque(keys[c + 3] < keys[c + 2]);
        size_t least = low ^ ((low ^ high) & (0 - floor_opaque(keys[high] < keys[low])));
        if (key < keys[least])
            break;
        keys[at] = keys[least];
        at = least;
    }
    keys[at] = key;
}

static inline void floor_heap_push(FloorHeap *heap, FloorKey key)
{
    if (heap->hole) {
        heap->hole = false;
        floor_heap_sink(heap, key);
        return;
    }
    size_t at = heap->end++;
    for (; at > 3 && key < heap->keys[at / 4 + 2]; at = at / 4 + 2)
        heap->keys[at] = heap->keys[at / 4 + 2];
    heap->keys[at] = key;
}

/* Leaves a hole for the next push. */
static inline FloorKey floor_heap_pop(FloorHeap *heap)
{
    if (heap->hole) {
        heap->hole = false;
        FloorKey last = heap->keys[--heap->end];
        heap->keys[heap->end] = ~(FloorKey)0;
        if (heap->end > 3)
            floor_heap_sink(heap, last);
    }
    heap->hole = true;
    return heap->keys[3];
}

#endif
