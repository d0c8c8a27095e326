#include "sim/sensitivity.h"

#include <glib.h>
#include <gsl/gsl_qrng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check.h"
#include "sim/random.h"

enum { BOOTSTRAPS = 400 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The 2.5 and 97.5 percentiles of the resampled values, which are sorted. */
static void percentiles(double *resampled, SensitivityRange *range)
{
    qsort(resampled, BOOTSTRAPS, sizeof *resampled, by_value);
    range->low = resampled[BOOTSTRAPS / 40];
    range->high = resampled[BOOTSTRAPS - 1 - BOOTSTRAPS / 40];
}

/* ---- Morris ---- */

static void shuffle(size_t *order, size_t count, RandomStream *stream)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i > 1; i--) {
        size_t j = random_below(stream, i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

/* Levels 0, 1/3, 2/3, 1: a step of 2/3 goes up from the lower two and down from the upper two. */
static double stepped(double x)
{
    return x < 0.5 ? x + 2.0 / 3 : x - 2.0 / 3;
}

double *morris_design(size_t inputs, size_t trajectories, uint64_t seed)
{
    SIM_CHECK(inputs > 0 && inputs <= SENSITIVITY_INPUTS_MAX);
    double *design = g_new(double, trajectories *(inputs + 1) * inputs);
    for (size_t t = 0; t < trajectories; t++) {
        RandomStream stream;
        random_init(&stream, seed, (uint32_t)t, "sensitivity", "morris");
        double *row = design + t * (inputs + 1) * inputs;
        size_t order[SENSITIVITY_INPUTS_MAX];
        for (size_t i = 0; i < inputs; i++)
            row[i] = (double)random_below(&stream, 4) / 3;
        shuffle(order, inputs, &stream);
        for (size_t s = 0; s < inputs; s++, row += inputs) {
            memcpy(row + inputs, row, inputs * sizeof *row);
            row[inputs + order[s]] = stepped(row[order[s]]);
        }
    }
    return design;
}

/* effects[input][trajectory]: change of the result, signed as if the input had gone up. */
static double *elementary(const double *design, const double *results, size_t inputs,
                          size_t trajectories)
{
    double *effects = g_new0(double, inputs *trajectories);
    for (size_t t = 0; t < trajectories; t++) {
        for (size_t s = 0; s < inputs; s++) {
            const double *row = design + (t * (inputs + 1) + s) * inputs;
            double change = results[t * (inputs + 1) + s + 1] - results[t * (inputs + 1) + s];
            for (size_t i = 0; i < inputs; i++)
                if (row[inputs + i] < row[i] || row[inputs + i] > row[i])
                    effects[i * trajectories + t] = row[inputs + i] > row[i] ? change : -change;
        }
    }
    return effects;
}

static MorrisEffect effect_of(const double *effects, size_t trajectories, size_t input)
{
    MorrisEffect effect = {0};
    double n = (double)trajectories, square = 0, resampled[BOOTSTRAPS];
    for (size_t t = 0; t < trajectories; t++) {
        effect.mu += effects[t] / n;
        effect.mu_star.value += fabs(effects[t]) / n;
    }
    for (size_t t = 0; t < trajectories; t++)
        square += (effects[t] - effect.mu) * (effects[t] - effect.mu);
    effect.sigma = trajectories > 1 ? sqrt(square / (n - 1)) : 0;
    for (uint32_t b = 0; b < BOOTSTRAPS; b++) {
        RandomStream stream;
        random_init(&stream, input, b, "sensitivity", "morris bootstrap");
        resampled[b] = 0;
        for (size_t t = 0; t < trajectories; t++)
            resampled[b] += fabs(effects[random_below(&stream, trajectories)]) / n;
    }
    percentiles(resampled, &effect.mu_star);
    return effect;
}

void morris_effects(const double *design, const double *results, size_t inputs, size_t trajectories,
                    MorrisEffect *effect)
{
    double *effects = elementary(design, results, inputs, trajectories);
    for (size_t i = 0; i < inputs; i++)
        effect[i] = effect_of(effects + i * trajectories, trajectories, i);
    g_free(effects);
}

/* ---- Sobol ---- */

/* Rows of a base point: A, B, then A with input i taken from B, for each i. */
double *sobol_design(size_t inputs, size_t base)
{
    SIM_CHECK(inputs > 0 && inputs <= SENSITIVITY_INPUTS_MAX);
    double *design = g_new(double, base *(inputs + 2) * inputs);
    gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)(2 * inputs));
    double point[2 * SENSITIVITY_INPUTS_MAX];
    for (size_t b = 0; b < base; b++) {
        double *row = design + b * (inputs + 2) * inputs;
        gsl_qrng_get(sequence, point);
        memcpy(row, point, inputs * sizeof *row);
        memcpy(row + inputs, point + inputs, inputs * sizeof *row);
        for (size_t i = 0; i < inputs; i++) {
            double *mixed = row + (i + 2) * inputs;
            memcpy(mixed, row, inputs * sizeof *row);
            mixed[i] = point[inputs + i];
        }
    }
    gsl_qrng_free(sequence);
    return design;
}

/* Jansen's estimators over the base points pick[0 .. base-1]. */
static bool indices_of(const double *results, size_t inputs, size_t base, const size_t *pick,
                       double *first, double *total)
{
    double sum = 0, square = 0, n = 2 * (double)base;
    for (size_t b = 0; b < base; b++) {
        const double *row = results + pick[b] * (inputs + 2);
        sum += row[0] + row[1];
        square += row[0] * row[0] + row[1] * row[1];
    }
    double variance = square / n - (sum / n) * (sum / n);
    if (!(variance > 1e-14 * square / n))
        return false;
    for (size_t i = 0; i < inputs; i++) {
        double from_b = 0, from_a = 0;
        for (size_t b = 0; b < base; b++) {
            const double *row = results + pick[b] * (inputs + 2);
            from_b += (row[1] - row[2 + i]) * (row[1] - row[2 + i]);
            from_a += (row[0] - row[2 + i]) * (row[0] - row[2 + i]);
        }
        first[i] = 1 - from_b / n / variance;
        total[i] = from_a / n / variance;
    }
    return true;
}

bool sobol_indices(const double *results, size_t inputs, size_t base, SobolIndex *index)
{
    size_t *pick = g_new(size_t, base);
    double first[SENSITIVITY_INPUTS_MAX], total[SENSITIVITY_INPUTS_MAX];
    double *firsts = g_new0(double, inputs *BOOTSTRAPS),
           *totals = g_new0(double, inputs *BOOTSTRAPS);
    for (size_t b = 0; b < base; b++)
        pick[b] = b;
    bool varies = indices_of(results, inputs, base, pick, first, total);
    for (uint32_t r = 0; varies && r < BOOTSTRAPS; r++) {
        RandomStream stream;
        double one[SENSITIVITY_INPUTS_MAX] = {0}, all[SENSITIVITY_INPUTS_MAX] = {0};
        random_init(&stream, 0, r, "sensitivity", "sobol bootstrap");
        for (size_t b = 0; b < base; b++)
            pick[b] = random_below(&stream, base);
        indices_of(results, inputs, base, pick, one, all);
        for (size_t i = 0; i < inputs; i++) {
            firsts[i * BOOTSTRAPS + r] = one[i];
            totals[i * BOOTSTRAPS + r] = all[i];
        }
    }
    for (size_t i = 0; varies && i < inputs; i++) {
        index[i] = (SobolIndex){.first.value = first[i], .total.value = total[i]};
        percentiles(firsts + i * BOOTSTRAPS, &index[i].first);
        percentiles(totals + i * BOOTSTRAPS, &index[i].total);
    }
    g_free(pick);
    g_free(firsts);
    g_free(totals);
    return varies;
}
