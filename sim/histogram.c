#include "sim/histogram.h"

#include <glib.h>
#include <math.h>

#include "sim/check.h"

/* Values below 256 ns have a bin each; above, each octave has 128. */
#define SUB_BITS 7
#define BINS     ((63 - SUB_BITS + 1) << SUB_BITS)

struct Histogram {
    uint64_t count;
    SimTime max;
    unsigned __int128 sum;  /* ns: exact */
    double mean, deviation; /* Welford's running mean and sum of squared deviations, seconds */
    uint64_t bin[BINS];
};

static unsigned octave_of(uint64_t value)
{
    const unsigned top = 63u - (unsigned)__builtin_clzll(value | 1);
    return top > SUB_BITS ? top - SUB_BITS : 0;
}

/* Octave o > 0 holds value >> o in 128..255, octave 0 holds 0..255. */
static size_t bin_of(uint64_t value)
{
    const unsigned octave = octave_of(value);
    return ((size_t)octave << SUB_BITS) + (size_t)(value >> octave);
}

/* Largest value of a bin. */
static SimTime bin_top(size_t bin)
{
    const size_t octave = bin < (2u << SUB_BITS) ? 0 : (bin >> SUB_BITS) - 1;
    const uint64_t place = bin - (octave << SUB_BITS);
    return (SimTime)(((place + 1) << octave) - 1);
}

Histogram *histogram_new(void)
{
    return g_new0(Histogram, 1);
}

void histogram_free(Histogram *histogram)
{
    g_free(histogram);
}

void histogram_add(Histogram *histogram, SimTime value)
{
    SIM_CHECK(value >= 0);
    histogram->bin[bin_of((uint64_t)value)]++;
    histogram->count++;
    histogram->sum += (unsigned __int128)value;
    if (value > histogram->max)
        histogram->max = value;
    const double seconds = sim_seconds(value);
    const double before = seconds - histogram->mean;
    histogram->mean += before / (double)(int64_t)histogram->count;
    histogram->deviation += before * (seconds - histogram->mean);
}

uint64_t histogram_count(const Histogram *histogram)
{
    return histogram->count;
}

double histogram_mean(const Histogram *histogram)
{
    if (histogram->count == 0)
        return NAN;
    return (double)histogram->sum / (double)histogram->count / 1e9;
}

double histogram_sd(const Histogram *histogram)
{
    if (histogram->count < 2)
        return NAN;
    return sqrt(histogram->deviation / (double)(histogram->count - 1));
}

double histogram_max(const Histogram *histogram)
{
    return histogram->count ? sim_seconds(histogram->max) : NAN;
}

double histogram_quantile(const Histogram *histogram, double q)
{
    if (histogram->count == 0)
        return NAN;
    /* As stats_quantile: the smallest rank that covers q, but for binary fractions. */
    const double rank = ceil(q * (double)histogram->count - 1e-9);
    uint64_t below = 0;
    for (size_t bin = 0; bin < BINS; bin++) {
        below += histogram->bin[bin];
        if (below > 0 && (double)below >= rank)
            return sim_seconds(MIN(bin_top(bin), histogram->max));
    }
    return sim_seconds(histogram->max);
}
