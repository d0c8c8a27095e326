/* Impairment: how badly something works that is up (a gray failure).
 *
 * An effect is data: times `slow` times as long, `delay` more, a share of `errors`, a share of
 * `loss`. Several effects may be on at once, from causes that know nothing of each other: the
 * factors multiply, the delays add up, and something escapes errors (or loss) only if it escapes
 * those of each. Taking one away leaves the others exactly as they were.
 *
 * Loss is what a TCP connection makes of lost packets: each loss is a retransmission, late by a
 * timeout that doubles (SIM_RETRANSMIT_FIRST, at most SIM_RETRANSMIT_LONGEST), and after
 * SIM_RETRANSMIT_MOST of them the connection is given up. Sources: RFC 6298 (doubling); Linux
 * TCP_RTO_MIN 200 ms, TCP_RTO_MAX 120 s, tcp_retries2 15 (924.6 s in all).
 *
 * Ownership: effects are borrowed, and must stay until they are taken away.
 */
#ifndef SIM_IMPAIR_H
#define SIM_IMPAIR_H

#include <stdbool.h>

#include "sim/dist.h"
#include "sim/random.h"
#include "sim/time.h"

#define SIM_RETRANSMIT_FIRST   (200 * SIM_MS)
#define SIM_RETRANSMIT_LONGEST (120 * SIM_SEC)
#define SIM_RETRANSMIT_MOST    15
/* All timeouts of a connection that is given up: ten that double, six of the longest. */
#define SIM_RETRANSMIT_ALL (1023 * SIM_RETRANSMIT_FIRST + 6 * SIM_RETRANSMIT_LONGEST)

typedef struct SimEffect {
    double slow;       /* factor on each time; 1: none */
    const Dist *delay; /* added to each time; may be NULL */
    double errors;     /* share that ends in an error, 0..1 */
    double loss;       /* share of messages (and of their retransmissions) lost, 0..1 */
} SimEffect;

/* One stream each, so that one effect does not shift the draws of another. */
typedef struct SimImpairDraws {
    RandomStream delay, errors, loss;
} SimImpairDraws;

typedef struct SimImpair SimImpair;

SimImpair *sim_impair_new(SimImpairDraws draws);
void sim_impair_free(SimImpair *impair);
void sim_impair_add(SimImpair *impair, const SimEffect *effect);
void sim_impair_remove(SimImpair *impair, const SimEffect *effect);
/* How many effects began here: lets a test assert that a fault fired. */
uint32_t sim_impair_fired(const SimImpair *impair);

/* Is any effect on? */
bool sim_impair_active(const SimImpair *impair);
/* What becomes of a time: slower, delayed. */
SimTime sim_impair_time(SimImpair *impair, SimTime time);
/* Does this one end in an error? */
bool sim_impair_error(SimImpair *impair);
/* How much later a message arrives for what was lost of it; SIM_NEVER: not at all. */
SimTime sim_impair_loss(SimImpair *impair);

#endif
