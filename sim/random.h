/* Random streams: counter-based, one per (seed, replication, component, purpose).
 *
 * Philox2x64-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy
 * as 1, 2, 3. SC'11). The key is hashed from seed, component and purpose, the
 * counter is (block number, replication). No configuration enters, so two
 * designs meet the same arrivals and the same faults, and adding a component
 * disturbs nobody else's draws. A stream is a value: copy it to branch it.
 *
 * Conversions to floating point use + - * / sqrt and the functions of
 * sim/fmath.h only, so that draws are the same on every processor. A normal
 * takes exactly one output and rises with it, so that common random numbers
 * stay in step; an exponential takes one output in 98 of 100 cases.
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

/* Blocks are drawn a few at a time, because they do not depend on one another: their
 * multiplications overlap, and the test for an empty buffer is nearly always right. */
enum { RANDOM_AHEAD = 8 };

typedef struct RandomStream {
    uint64_t key;
    uint64_t block;               /* next counter */
    uint64_t replication;         /* second half of the counter */
    uint64_t ahead[RANDOM_AHEAD]; /* outputs; the last `left` are still to be used, in order */
    uint32_t left;
} RandomStream;

void random_init(RandomStream *stream, uint64_t seed, uint32_t replication, const char *component,
                 const char *purpose);

static inline uint64_t random_u64(RandomStream *stream);
static inline double random_uniform(RandomStream *stream); /* [0, 1), 53 bits */
/* (0, 1), 52 bits, symmetric about 1/2: safe for logarithms and quantiles */
static inline double random_uniform_open(RandomStream *stream);
uint64_t random_below(RandomStream *stream, uint64_t n); /* uniform on 0..n-1, n > 0, unbiased */
static inline double random_exponential(RandomStream *stream); /* mean 1 (ziggurat) */
double random_normal(RandomStream *stream);                    /* mean 0, variance 1 (inversion) */

/* Hash for keys and fingerprints: 64-bit finaliser, and FNV-1a of a string through it. */
uint64_t random_mix(uint64_t x);
uint64_t random_hash(const char *text);

/* Drives every gsl_ran_* function with a stream, where speed does not matter.
 * The gsl_rng's state is a RandomStream: set it by random_gsl_bind. */
extern const gsl_rng_type *random_gsl_type;
void random_gsl_bind(gsl_rng *rng, const RandomStream *stream);

/* ---- From here on: the bodies of the fast draws. ---- */

typedef struct RandomBlock {
    uint64_t first, second;
} RandomBlock;

/* One round: multiply, and let the halves of the product cross over. */
static inline RandomBlock random_philox_round(RandomBlock counter, uint64_t key)
{
    const unsigned __int128 product =
        (unsigned __int128)counter.first * UINT64_C(0xD2B74407B1CE6E93);
    return (RandomBlock){(uint64_t)(product >> 64) ^ key ^ counter.second, (uint64_t)product};
}

/* Philox2x64 of ten rounds. Written out: gcc keeps a loop of ten as a loop. */
static inline RandomBlock random_philox(RandomBlock counter, uint64_t key)
{
    const uint64_t weyl = UINT64_C(0x9E3779B97F4A7C15);
    counter = random_philox_round(counter, key);
    counter = random_philox_round(counter, key + weyl);
    counter = random_philox_round(counter, key + 2 * weyl);
    counter = random_philox_round(counter, key + 3 * weyl);
    counter = random_philox_round(counter, key + 4 * weyl);
    counter = random_philox_round(counter, key + 5 * weyl);
    counter = random_philox_round(counter, key + 6 * weyl);
    counter = random_philox_round(counter, key + 7 * weyl);
    counter = random_philox_round(counter, key + 8 * weyl);
    return random_philox_round(counter, key + 9 * weyl);
}

void random_refill(RandomStream *stream);

static inline uint64_t random_u64(RandomStream *stream)
{
    if (__builtin_expect(stream->left == 0, 0))
        random_refill(stream);
    return stream->ahead[RANDOM_AHEAD - stream->left--];
}

/* Through int64_t: that conversion is one instruction, from uint64_t it is a branch. */
static inline double random_uniform(RandomStream *stream)
{
    return (double)(int64_t)(random_u64(stream) >> 11) * 0x1p-53;
}

static inline double random_uniform_open(RandomStream *stream)
{
    return ((double)(int64_t)(random_u64(stream) >> 12) + 0.5) * 0x1p-52;
}

typedef struct RandomLayer {
    uint64_t inner; /* positions below lie under the curve for certain */
    double width;   /* of one position */
} RandomLayer;

extern const RandomLayer random_ziggurat[256];   /* layer 0 is the base with the tail */
extern const double random_ziggurat_height[257]; /* of the curve at each layer's lower edge */
extern const double random_ziggurat_tail;        /* where the tail begins */
double random_exponential_slow(RandomStream *stream, uint64_t bits);

/* Layer from the low 8 bits, position from the high 53: no bit is used twice. */
static inline double random_exponential(RandomStream *stream)
{
    const uint64_t bits = random_u64(stream);
    const RandomLayer layer = random_ziggurat[bits & 255];
    const uint64_t position = bits >> 11;
    if (__builtin_expect(position < layer.inner, 1))
        return (double)(int64_t)position * layer.width;
    return random_exponential_slow(stream, bits);
}

#endif
