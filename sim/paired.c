#include "sim/paired.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>

#include "sim/random.h"

/* The pairs that count, by design. */
typedef struct Pairs {
    double *value[2];
    size_t count;
} Pairs;

static Pairs pairs_take(PairedColumn first, PairedColumn second, size_t runs)
{
    Pairs pairs = {{g_new(double, runs + 1), g_new(double, runs + 1)}, 0};
    for (size_t i = 0; i < runs; i++) {
        const double a = first.values[i * first.stride], b = second.values[i * second.stride];
        if (isnan(a) || isnan(b))
            continue;
        pairs.value[0][pairs.count] = a;
        pairs.value[1][pairs.count++] = b;
    }
    return pairs;
}

static void pairs_clear(Pairs *pairs)
{
    g_free(pairs->value[0]);
    g_free(pairs->value[1]);
}

static double subtract(double b, double a)
{
    return isinf(a) && isinf(b) ? 0 : b - a;
}

static bool excludes_zero(StatsInterval interval)
{
    return interval.available && (interval.low > 0 || interval.high < 0);
}

/* ---- Means ---- */

static void compare_means(const Pairs *pairs, double confidence, Paired *result)
{
    double *differences = g_new(double, pairs->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < pairs->count; i++)
        if (!isinf(pairs->value[0][i]) || !isinf(pairs->value[1][i]))
            differences[count++] = pairs->value[1][i] - pairs->value[0][i];
    for (int d = 0; d < 2; d++)
        result->value[d] = stats_mean(pairs->value[d], pairs->count);
    const double mean = stats_mean(differences, count), sd = stats_sd(differences, count, mean);
    if (isfinite(mean)) {
        result->difference = mean;
        result->interval = stats_mean_interval(mean, sd, count, confidence);
        const size_t needed = count < 2 ? 2 : stats_mean_runs_needed(differences, count, mean, sd);
        result->runs_needed = !result->same && needed > count ? needed : 0;
    }
    g_free(differences);
}

/* ---- Quantiles ---- */

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct Ranked {
    double value;
    uint32_t pair;
} Ranked;

static int compare_ranked(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* From the largest down: what is above a high quantile is little. */
static Ranked *rank(const double *values, size_t count)
{
    Ranked *ranked = g_new(Ranked, count);
    for (size_t i = 0; i < count; i++)
        ranked[i] = (Ranked){values[i], (uint32_t)i};
    qsort(ranked, count, sizeof *ranked, compare_ranked);
    return ranked;
}

/* The quantile of a sample that has pair i times[i] times: `above` values lie above it. */
static double resampled(const Ranked *ranked, size_t count, const uint32_t *times, size_t above)
{
    size_t at = count, seen = 0;
    while (at > 0 && seen <= above)
        seen += times[ranked[--at].pair];
    return ranked[at].value;
}

static StatsInterval bootstrap(const Pairs *pairs, double q, double confidence)
{
    const size_t n = pairs->count;
    Ranked *ranked[2] = {rank(pairs->value[0], n), rank(pairs->value[1], n)};
    uint32_t *times = g_new(uint32_t, n);
    double *differences = g_new(double, PAIRED_RESAMPLES);
    const size_t above = n - (size_t)fmax(1, ceil(q * (double)n - 1e-9));
    RandomStream stream;
    random_init(&stream, 0, 0, "paired", "bootstrap");
    for (int r = 0; r < PAIRED_RESAMPLES; r++) {
        for (size_t i = 0; i < n; i++)
            times[i] = 0;
        for (size_t i = 0; i < n; i++)
            times[random_below(&stream, n)]++;
        differences[r] =
            subtract(resampled(ranked[1], n, times, above), resampled(ranked[0], n, times, above));
    }
    qsort(differences, PAIRED_RESAMPLES, sizeof *differences, compare_doubles);
    const size_t tail = (size_t)((1 - confidence) / 2 * PAIRED_RESAMPLES + 1e-9);
    const StatsInterval interval = {true, differences[tail > 0 ? tail - 1 : 0],
                                    differences[PAIRED_RESAMPLES - (tail > 0 ? tail : 1)]};
    g_free(differences);
    g_free(times);
    g_free(ranked[0]);
    g_free(ranked[1]);
    return interval;
}

static void compare_quantiles(const Pairs *pairs, double q, double confidence, Paired *result)
{
    for (int d = 0; d < 2; d++) {
        size_t kept;
        double *sorted = stats_sorted(pairs->value[d], pairs->count, 1, &kept);
        result->value[d] = stats_quantile(sorted, kept, q);
        g_free(sorted);
    }
    result->difference = subtract(result->value[1], result->value[0]);
    const size_t needed = stats_quantile_runs_needed(q, confidence);
    if (pairs->count < needed)
        result->runs_needed = needed;
    else if (result->same)
        result->interval = (StatsInterval){true, 0, 0};
    else
        result->interval = bootstrap(pairs, q, confidence);
}

/* ---- Both ---- */

Paired paired_compare(const Expect *statistic, PairedColumn first, PairedColumn second, size_t runs,
                      double confidence)
{
    Pairs pairs = pairs_take(first, second, runs);
    Paired result = {.pairs = pairs.count,
                     .value = {NAN, NAN},
                     .difference = NAN,
                     .interval = {false, NAN, NAN},
                     .same = pairs.count > 0};
    for (size_t i = 0; i < pairs.count; i++) {
        result.unreached[0] += isinf(pairs.value[0][i]) ? 1 : 0;
        result.unreached[1] += isinf(pairs.value[1][i]) ? 1 : 0;
        result.same = result.same && pairs.value[0][i] == pairs.value[1][i];
    }
    if (pairs.count > 0 && statistic->stat == EXPECT_QUANTILE)
        compare_quantiles(&pairs, statistic->q, confidence, &result);
    else if (pairs.count > 0)
        compare_means(&pairs, confidence, &result);
    result.significant = excludes_zero(result.interval);
    pairs_clear(&pairs);
    return result;
}

StatsInterval paired_welch(PairedSummary first, PairedSummary second, double confidence)
{
    const double a = first.error * first.error, b = second.error * second.error;
    const double difference = second.mean - first.mean;
    if (first.runs < 2 || second.runs < 2 || !isfinite(difference) || !isfinite(a + b))
        return (StatsInterval){false, NAN, NAN};
    if (a + b == 0)
        return (StatsInterval){true, difference, difference};
    /* Welch and Satterthwaite's degrees of freedom. */
    const double freedom =
        (a + b) * (a + b) / (a * a / (double)(first.runs - 1) + b * b / (double)(second.runs - 1));
    const double half = stats_t_quantile(confidence, freedom) * sqrt(a + b);
    return (StatsInterval){true, difference - half, difference + half};
}
