/* Rare outcomes: the far tail of a result, by importance sampling over the inputs that drive it.
 *
 * A run's result depends on a few inputs that are drawn once a run (the lag that the outage finds,
 * how long a decision takes) and on much noise. Input j is its distribution's quantile at u_j,
 * uniform on (0, 1). Plain runs see u_j > 0.9999 once in ten thousand. Here each input that matters
 * is drawn, independently of the others, plainly with probability 1/2 or else from one of the
 * nested tails (1 - q, 1), q = 10^(-l/2), l = 1 .. levels; and each run is weighted by what that
 * made more likely:
 *
 *   density g_j(u) = 1/2 + sum over l of (1/2 levels) 1{u in tail l} / q_l
 *   weight  w = product over j of 1 / g_j(u_j)      P(X > x) = mean of w 1{X > x}, without bias
 *
 * No weight exceeds 2 per input (defensive mixture): an input wrongly chosen costs runs, never
 * truth. Independent inputs rather than one at a time, because a sum is large also when two are
 * moderately so: tilting one alone missed half of such a tail and stated a small error.
 *
 * Sources: Hesterberg, Weighted average importance sampling and defensive mixture distributions
 * (Technometrics 37(2), 1995); Owen, Zhou, Safe and effective importance sampling (JASA 95, 2000);
 * quantiles by inverting the weighted tail: Glynn, Importance sampling for Monte Carlo estimation
 * of quantiles (1996).
 */
#ifndef SIM_RARE_H
#define SIM_RARE_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/random.h"

#define RARE_DRIVERS_MAX 16
#define RARE_LEVELS_MAX  16

typedef enum RareTilt { RARE_PLAIN, RARE_HIGH, RARE_LOW } RareTilt; /* which tail is sought */

typedef struct RareDesign {
    size_t drivers;
    RareTilt tilt[RARE_DRIVERS_MAX];
    size_t levels; /* tails down to 10^(-levels/2) */
} RareDesign;

typedef struct RareSample {
    double value; /* INFINITY: beyond every limit; NAN: does not apply, and is below every limit */
    double weight;
} RareSample;

/* The inputs' uniforms of a run: u[design->drivers], each inside (0, 1). */
void rare_draw(const RareDesign *design, RandomStream *stream, double *u);
double rare_weight(const RareDesign *design, const double *u);

typedef struct RareTail {
    double probability, standard_error;
    double low, high; /* 95 % interval, on the logarithm's scale; low is 0 if nothing was seen */
    size_t seen;      /* runs beyond */
} RareTail;

/* `count` samples of one design, any order. P(value > limit). */
RareTail rare_tail(const RareSample *samples, size_t count, double limit);

typedef struct RareQuantile {
    bool available;          /* else no run, or too few, went beyond it */
    bool reached;            /* enough weight at `value` and beyond: it is not larger */
    double value, low, high; /* high may be INFINITY: the interval is open */
    RareTail tail;           /* of `value` */
} RareQuantile;

/* sorted: by descending value (rare_sort). The smallest value with P(beyond) <= 1 - q. */
void rare_sort(RareSample *samples, size_t count);
RareQuantile rare_quantile(const RareSample *sorted, size_t count, double q);

#endif
