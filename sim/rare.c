#include "sim/rare.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>

#include "sim/check.h"

static const double Z95 = 1.959963984540054;
static const double PLAIN = 0.5; /* share of draws without tilt */

/* Share of the tail at a level: 10^(-level/2), by multiplication alone. */
static double tail_share(size_t level)
{
    double share = level % 2 ? 0.31622776601683794 : 1;
    for (size_t i = 0; i < level / 2; i++)
        share /= 10;
    return share;
}

static double draw_tilted(const RareDesign *design, RareTilt tilt, RandomStream *stream)
{
    uint64_t turn = random_below(stream, 2 * design->levels);
    double u = random_uniform_open(stream);
    if (turn >= design->levels)
        return u;
    double inside = u * tail_share(turn + 1);
    return tilt == RARE_HIGH ? MIN(1 - inside, 1 - 0x1p-53) : inside;
}

void rare_draw(const RareDesign *design, RandomStream *stream, double *u)
{
    SIM_CHECK(design->drivers <= RARE_DRIVERS_MAX && design->levels <= RARE_LEVELS_MAX);
    for (size_t j = 0; j < design->drivers; j++)
        u[j] = design->tilt[j] == RARE_PLAIN ? random_uniform_open(stream)
                                             : draw_tilted(design, design->tilt[j], stream);
}

double rare_weight(const RareDesign *design, const double *u)
{
    double weight = 1;
    for (size_t j = 0; j < design->drivers; j++) {
        if (design->tilt[j] == RARE_PLAIN)
            continue;
        double from_end = design->tilt[j] == RARE_HIGH ? 1 - u[j] : u[j], density = PLAIN;
        for (size_t level = 1; level <= design->levels; level++)
            if (from_end <= tail_share(level))
                density += (1 - PLAIN) / (double)design->levels / tail_share(level);
        weight /= density;
    }
    return weight;
}

/* ---- what follows from the samples ---- */

/* Over the samples beyond a limit. */
typedef struct Sums {
    double weight, square;
    size_t seen;
} Sums;

static void sums_add(Sums *sums, const RareSample *sample)
{
    sums->weight += sample->weight;
    sums->square += sample->weight * sample->weight;
    sums->seen++;
}

static RareTail tail_of(const Sums *sums, size_t count)
{
    double n = (double)count, p = sums->weight / n;
    double variance = n > 1 ? (sums->square / n - p * p) / (n - 1) : 0;
    RareTail tail = {
        .probability = p, .standard_error = sqrt(MAX(variance, 0)), .seen = sums->seen};
    double factor = p > 0 ? exp(Z95 * tail.standard_error / p) : 1;
    tail.low = p / factor;
    tail.high = MIN(p * factor, 1);
    return tail;
}

RareTail rare_tail(const RareSample *samples, size_t count, double limit)
{
    Sums sums = {0};
    for (size_t i = 0; i < count; i++)
        if (samples[i].value > limit)
            sums_add(&sums, &samples[i]);
    return tail_of(&sums, count);
}

/* NAN last. */
static int by_value(const void *a, const void *b)
{
    double x = ((const RareSample *)a)->value, y = ((const RareSample *)b)->value;
    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return (x < y) - (x > y);
}

void rare_sort(RareSample *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, by_value);
}

/* Equal values are beyond a limit together or not at all. */
static size_t ties_end(const RareSample *sorted, size_t count, size_t i)
{
    size_t end = i + 1;
    while (end < count && sorted[end].value >= sorted[i].value)
        end++;
    return end;
}

/* From the largest value down, the tail grows: the quantile is the last value before it exceeds
 * 1 - q, and its interval is where the tail's own interval crosses that. */
RareQuantile rare_quantile(const RareSample *sorted, size_t count, double q)
{
    Sums sums = {0};
    RareQuantile quantile = {.high = INFINITY, .low = -INFINITY};
    bool low_found = false;
    for (size_t i = 0, end; i < count && !isnan(sorted[i].value) && !low_found; i = end) {
        RareTail beyond = tail_of(&sums, count);
        if (beyond.high <= 1 - q && beyond.seen > 0)
            quantile.high = sorted[i].value;
        if (beyond.probability <= 1 - q) {
            quantile.value = sorted[i].value;
            quantile.tail = beyond;
        }
        end = ties_end(sorted, count, i);
        for (size_t k = i; k < end; k++)
            sums_add(&sums, &sorted[k]);
        RareTail with = tail_of(&sums, count);
        low_found = with.low > 1 - q;
        quantile.low = sorted[i].value;
    }
    quantile.reached = low_found;
    quantile.available = low_found && quantile.tail.seen > 0;
    return quantile;
}
