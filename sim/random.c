#include "sim/random.h"

#include <string.h>

#include "sim/check.h"
#include "sim/fmath.h"

/* The finaliser of SplitMix64 with Stafford's constants ("Mix13"). */
uint64_t random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

uint64_t random_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (const char *c = text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001B3);
    return random_mix(hash);
}

/* Each part is mixed in before the next comes, so ("ab", "c") and ("a", "bc") differ. */
static uint64_t key_of(uint64_t seed, const char *component, const char *purpose)
{
    uint64_t key = random_mix(seed + UINT64_C(0x9E3779B97F4A7C15));
    key = random_mix(key ^ random_hash(component));
    return random_mix(key + random_hash(purpose));
}

void random_init(RandomStream *stream, uint64_t seed, uint32_t replication, const char *component,
                 const char *purpose)
{
    *stream = (RandomStream){.key = key_of(seed, component, purpose), .replication = replication};
}

void random_refill(RandomStream *stream)
{
    for (size_t i = 0; i < RANDOM_AHEAD; i += 2) {
        const RandomBlock counter = {stream->block++, stream->replication};
        const RandomBlock block = random_philox(counter, stream->key);
        stream->ahead[i] = block.first;
        stream->ahead[i + 1] = block.second;
    }
    stream->left = RANDOM_AHEAD;
}

/* Lemire, Fast random integer generation in an interval (ACM TOMACS 29(1), 2019). */
uint64_t random_below(RandomStream *stream, uint64_t n)
{
    SIM_CHECK(n > 0);
    const uint64_t refused = (0 - n) % n; /* low halves that would favour small results */
    unsigned __int128 product;
    do
        product = (unsigned __int128)random_u64(stream) * n;
    while ((uint64_t)product < refused);
    return (uint64_t)(product >> 64);
}

/* Outside the inner part of a layer. Beyond the tail's start the curve is itself again, so the
 * tail is its start plus a fresh draw: exact, without a logarithm. */
double random_exponential_slow(RandomStream *stream, uint64_t bits)
{
    double start = 0;
    for (;;) {
        const uint64_t layer = bits & 255;
        const uint64_t position = bits >> 11;
        const double x = (double)(int64_t)position * random_ziggurat[layer].width;
        if (position < random_ziggurat[layer].inner)
            return start + x;
        if (layer == 0) {
            start += random_ziggurat_tail;
        } else {
            const double low = random_ziggurat_height[layer];
            const double high = random_ziggurat_height[layer + 1];
            if (low + random_uniform(stream) * (high - low) < fmath_exp(-x))
                return start + x;
        }
        bits = random_u64(stream);
    }
}

double random_normal(RandomStream *stream)
{
    return fmath_normal_quantile(random_uniform_open(stream));
}

/* ---- GSL ---- */

static void gsl_set(void *state, unsigned long seed)
{
    random_init(state, seed, 0, "gsl", "");
}

static unsigned long gsl_get(void *state)
{
    return random_u64(state);
}

static double gsl_get_double(void *state)
{
    return random_uniform(state);
}

static const gsl_rng_type gsl_type = {
    .name = "philox2x64-10",
    .max = UINT64_MAX,
    .min = 0,
    .size = sizeof(RandomStream),
    .set = gsl_set,
    .get = gsl_get,
    .get_double = gsl_get_double,
};

const gsl_rng_type *random_gsl_type = &gsl_type;

void random_gsl_bind(gsl_rng *rng, const RandomStream *stream)
{
    SIM_CHECK(rng->type == random_gsl_type);
    *(RandomStream *)rng->state = *stream;
}
