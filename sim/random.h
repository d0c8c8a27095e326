/* Random streams: counter-based, one per (seed, replication, component, purpose).
 *
 * Philox2x64-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy
 * as 1, 2, 3. SC'11). The key is hashed from seed, component and purpose, the
 * counter is (block number, replication). No configuration enters, so two
 * designs meet the same arrivals and the same faults, and adding a component
 * disturbs nobody else's draws. A stream is a value: copy it to branch it.
 *
 * Conversions to floating point use + - * / sqrt and the functions of
 * sim/fmath.h only, so that draws are the same on every processor.
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

typedef struct RandomStream {
    uint64_t key;
    uint64_t block;       /* next counter */
    uint64_t replication; /* second half of the counter */
    uint64_t spare;       /* second output of the last block */
    uint32_t has_spare;
} RandomStream;

void random_init(RandomStream *stream, uint64_t seed, uint32_t replication, const char *component,
                 const char *purpose);

uint64_t random_u64(RandomStream *stream);
double random_uniform(RandomStream *stream);      /* [0, 1), 53 bits */
double random_uniform_open(RandomStream *stream); /* (0, 1): safe for logarithms and quantiles */
uint64_t random_below(RandomStream *stream, uint64_t n); /* uniform on 0..n-1, n > 0, unbiased */
double random_exponential(RandomStream *stream);         /* mean 1 (ziggurat) */
double random_normal(RandomStream *stream);              /* mean 0, variance 1 */

/* Hash for keys and fingerprints: 64-bit finaliser, and FNV-1a of a string through it. */
uint64_t random_mix(uint64_t x);
uint64_t random_hash(const char *text);

/* Drives every gsl_ran_* function with a stream, where speed does not matter.
 * The gsl_rng's state is a RandomStream: set it by random_gsl_bind. */
extern const gsl_rng_type *random_gsl_type;
void random_gsl_bind(gsl_rng *rng, const RandomStream *stream);

#endif
