#include "sim/fit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check.h"

/* What a family's functions see: the values, and sums that several need. */
typedef struct Sample {
    const double *value; /* sorted */
    size_t count;
    double mean, log_mean, log_sd;
} Sample;

typedef struct Family {
    const char *name;
    size_t parameter_count;
    const char *(*fit)(const Sample *sample, double *parameters); /* NULL: good; else why not */
    double (*log_density)(const double *parameters, double x);
    double (*cdf)(const double *parameters, double x);
} Family;

static const double HALF_LOG_TWO_PI = 0.91893853320467274178;
static const double Z99 = 2.3263478740408408;

static Sample sample_of(const double *sorted, size_t count)
{
    Sample sample = {.value = sorted, .count = count};
    double sum = 0, log_sum = 0, square = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        sum += sorted[i];
        log_sum += log(sorted[i]);
    }
    sample.mean = sum / n;
    sample.log_mean = log_sum / n;
    for (size_t i = 0; i < count; i++) {
        double d = log(sorted[i]) - sample.log_mean;
        square += d * d;
    }
    sample.log_sd = sqrt(square / n);
    return sample;
}

/* ---- exponential: mean ---- */

static const char *fit_exponential(const Sample *sample, double *p)
{
    p[0] = sample->mean;
    return NULL;
}

static double log_exponential(const double *p, double x)
{
    return -log(p[0]) - x / p[0];
}

static double cdf_exponential(const double *p, double x)
{
    return -expm1(-x / p[0]);
}

/* ---- lognormal: median, p99 ---- */

static const char *fit_lognormal(const Sample *sample, double *p)
{
    p[0] = exp(sample->log_mean);
    p[1] = exp(sample->log_mean + Z99 * sample->log_sd);
    return NULL;
}

static double sigma_of(const double *p)
{
    return log(p[1] / p[0]) / Z99;
}

static double log_lognormal(const double *p, double x)
{
    double sigma = sigma_of(p), z = log(x / p[0]) / sigma;
    return -log(x * sigma) - HALF_LOG_TWO_PI - z * z / 2;
}

static double cdf_lognormal(const double *p, double x)
{
    return gsl_cdf_ugaussian_P(log(x / p[0]) / sigma_of(p));
}

/* ---- gamma: shape, mean ---- */

static const char *fit_gamma(const Sample *sample, double *p)
{
    double s = log(sample->mean) - sample->log_mean;
    if (!(s > 0))
        return "the values hardly differ";
    double k = (3 - s + sqrt((s - 3) * (s - 3) + 24 * s)) / (12 * s);
    for (int i = 0; i < 50; i++) {
        double step = (log(k) - gsl_sf_psi(k) - s) / (1 / k - gsl_sf_psi_1(k));
        k = step < k ? k - step : k / 2;
        if (fabs(step) < 1e-12 * k)
            break;
    }
    if (!(k >= 0.01 && k <= 1e6))
        return "its shape is out of range";
    p[0] = k;
    p[1] = sample->mean;
    return NULL;
}

static double log_gamma_density(const double *p, double x)
{
    double scale = p[1] / p[0];
    return (p[0] - 1) * log(x) - x / scale - p[0] * log(scale) - gsl_sf_lngamma(p[0]);
}

static double cdf_gamma(const double *p, double x)
{
    return gsl_cdf_gamma_P(x, p[0], p[1] / p[0]);
}

/* ---- weibull: shape, scale ---- */

/* The profile likelihood's derivative at shape k; its zero is the estimate. Values are taken
 * relative to the largest, so that no power overflows. */
static double weibull_score(const Sample *sample, double k, double *power_mean)
{
    double largest = sample->value[sample->count - 1], a = 0, b = 0;
    for (size_t i = 0; i < sample->count; i++) {
        double l = log(sample->value[i] / largest), power = exp(k * l);
        a += power;
        b += power * l;
    }
    *power_mean = a / (double)sample->count;
    return b / a - 1 / k - (sample->log_mean - log(largest));
}

static const char *fit_weibull(const Sample *sample, double *p)
{
    double low = 0.05, high = 1000, mean = 0;
    if (weibull_score(sample, low, &mean) > 0 || weibull_score(sample, high, &mean) < 0)
        return "its shape is out of range";
    for (int i = 0; i < 200 && high - low > 1e-12 * low; i++) {
        double middle = sqrt(low * high);
        if (weibull_score(sample, middle, &mean) < 0)
            low = middle;
        else
            high = middle;
    }
    p[0] = low;
    weibull_score(sample, low, &mean);
    p[1] = sample->value[sample->count - 1] * pow(mean, 1 / low);
    return NULL;
}

static double log_weibull(const double *p, double x)
{
    double l = log(x / p[1]);
    return log(p[0] / p[1]) + (p[0] - 1) * l - exp(p[0] * l);
}

static double cdf_weibull(const double *p, double x)
{
    return -expm1(-pow(x / p[1], p[0]));
}

/* ---- pareto: minimum, shape ---- */

static const char *fit_pareto(const Sample *sample, double *p)
{
    p[0] = sample->value[0];
    double spread = sample->log_mean - log(p[0]);
    if (!(spread > 0) || 1 / spread < 0.05 || 1 / spread > 1e6)
        return "its shape is out of range";
    p[1] = 1 / spread;
    return NULL;
}

static double log_pareto(const double *p, double x)
{
    return log(p[1] / p[0]) - (p[1] + 1) * log(x / p[0]);
}

static double cdf_pareto(const double *p, double x)
{
    return x < p[0] ? 0 : -expm1(-p[1] * log(x / p[0]));
}

/* ---- normal: mean, sd. Only where cutting it at zero does not matter. ---- */

static const char *fit_normal(const Sample *sample, double *p)
{
    double square = 0;
    for (size_t i = 0; i < sample->count; i++)
        square += (sample->value[i] - sample->mean) * (sample->value[i] - sample->mean);
    p[0] = sample->mean;
    p[1] = sqrt(square / (double)sample->count);
    return p[0] >= 4 * p[1] ? NULL : "it would be cut off at zero";
}

static double log_normal_density(const double *p, double x)
{
    double z = (x - p[0]) / p[1];
    return -log(p[1]) - HALF_LOG_TWO_PI - z * z / 2;
}

static double cdf_normal(const double *p, double x)
{
    return gsl_cdf_ugaussian_P((x - p[0]) / p[1]);
}

/* ---- uniform: low, high ---- */

static const char *fit_uniform(const Sample *sample, double *p)
{
    p[0] = sample->value[0];
    p[1] = sample->value[sample->count - 1];
    return NULL;
}

static double log_uniform(const double *p, double x)
{
    (void)x;
    return -log(p[1] - p[0]);
}

static double cdf_uniform(const double *p, double x)
{
    return CLAMP((x - p[0]) / (p[1] - p[0]), 0, 1);
}

/* ---- mixture of two lognormals: calm and spike ---- */

static double log_mixture(const double *p, double x)
{
    double calm = log(1 - p[4]) + log_lognormal(p, x);
    double spike = log(p[4]) + log_lognormal(p + 2, x);
    double top = MAX(calm, spike);
    return top + log(exp(calm - top) + exp(spike - top));
}

static double cdf_mixture(const double *p, double x)
{
    return (1 - p[4]) * cdf_lognormal(p, x) + p[4] * cdf_lognormal(p + 2, x);
}

typedef struct Part {
    double weight, mean, sd; /* of the logarithms */
} Part;

static void put_part(double *p, const Part *part)
{
    p[0] = exp(part->mean);
    p[1] = exp(part->mean + Z99 * part->sd);
}

/* One step of expectation and maximisation over the logarithms; false once a part vanishes. */
static bool mixture_step(const double *logs, size_t count, Part part[2])
{
    double weight[2] = {0, 0}, sum[2] = {0, 0}, square[2] = {0, 0};
    for (size_t i = 0; i < count; i++) {
        double density[2];
        for (int k = 0; k < 2; k++) {
            double z = (logs[i] - part[k].mean) / part[k].sd;
            density[k] = part[k].weight / part[k].sd * exp(-z * z / 2);
        }
        double total = density[0] + density[1];
        double spike = total > 0 ? density[1] / total : logs[i] > part[1].mean;
        const double share[2] = {1 - spike, spike};
        for (int k = 0; k < 2; k++) {
            weight[k] += share[k];
            sum[k] += share[k] * logs[i];
            square[k] += share[k] * logs[i] * logs[i];
        }
    }
    for (int k = 0; k < 2; k++) {
        if (weight[k] < 3)
            return false;
        part[k].weight = weight[k] / (double)count;
        part[k].mean = sum[k] / weight[k];
        part[k].sd = sqrt(MAX(square[k] / weight[k] - part[k].mean * part[k].mean, 0));
    }
    return true;
}

/* Starts from the lower 85 % and the upper 15 % of the values. A part that shrinks to a point
 * would raise the likelihood without end: its spread is kept above a hundredth of the whole. */
static const char *fit_mixture(const Sample *sample, double *p)
{
    size_t n = sample->count, cut = n - MAX(n * 15 / 100, 3);
    double *logs = g_new(double, n);
    for (size_t i = 0; i < n; i++)
        logs[i] = log(sample->value[i]);
    Part part[2] = {{.weight = 0.85, .mean = logs[cut / 2], .sd = sample->log_sd},
                    {.weight = 0.15, .mean = logs[(n + cut) / 2], .sd = sample->log_sd}};
    bool good = n >= 30;
    for (int i = 0; good && i < 300; i++) {
        double before = part[1].weight + part[1].mean + part[0].mean;
        good = mixture_step(logs, n, part);
        for (int k = 0; k < 2; k++)
            part[k].sd = MAX(part[k].sd, 0.01 * sample->log_sd);
        if (fabs(part[1].weight + part[1].mean + part[0].mean - before) < 1e-9)
            break;
    }
    g_free(logs);
    if (!good)
        return n < 30 ? "needs 30 values" : "there are no two states";
    bool swap = part[0].mean > part[1].mean;
    put_part(p, &part[swap]);
    put_part(p + 2, &part[!swap]);
    p[4] = part[!swap].weight;
    return NULL;
}

/* ---- the table ---- */

static const Family families[] = {
    {"exponential", 1, fit_exponential, log_exponential, cdf_exponential},
    {"lognormal", 2, fit_lognormal, log_lognormal, cdf_lognormal},
    {"gamma", 2, fit_gamma, log_gamma_density, cdf_gamma},
    {"weibull", 2, fit_weibull, log_weibull, cdf_weibull},
    {"pareto", 2, fit_pareto, log_pareto, cdf_pareto},
    {"normal", 2, fit_normal, log_normal_density, cdf_normal},
    {"uniform", 2, fit_uniform, log_uniform, cdf_uniform},
    {"mixture", 5, fit_mixture, log_mixture, cdf_mixture},
};

const char *const fit_families[] = {"exponential", "lognormal", "gamma",   "weibull", "pareto",
                                    "normal",      "uniform",   "mixture", NULL};

static const Family *family_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
        if (strcmp(families[i].name, name) == 0)
            return &families[i];
    SIM_CHECK(false);
    return NULL;
}

/* ---- how well ---- */

static double distance_of(const Family *family, const double *p, const Sample *sample)
{
    double worst = 0, n = (double)sample->count;
    for (size_t i = 0; i < sample->count; i++) {
        double f = family->cdf(p, sample->value[i]);
        worst = MAX(worst, MAX(f - (double)i / n, (double)(i + 1) / n - f));
    }
    return worst;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* As many as the bootstrap takes, evenly spread over the sorted ones. */
static size_t thin(const double *sorted, size_t count, double *out)
{
    size_t kept = MIN(count, FIT_BOOTSTRAP_VALUES);
    for (size_t i = 0; i < kept; i++)
        out[i] = sorted[count == kept ? i : (2 * i + 1) * count / (2 * kept)];
    return kept;
}

/* Above the limit the thinned values lie too evenly to be a sample; a random choice would not be
 * reproducible across inputs: so one of a fixed seed. */
static size_t choose(const double *sorted, size_t count, double *out)
{
    if (count <= FIT_BOOTSTRAP_VALUES)
        return thin(sorted, count, out);
    RandomStream stream;
    random_init(&stream, 1, 0, "fit", "choose");
    for (size_t i = 0; i < FIT_BOOTSTRAP_VALUES; i++)
        out[i] = sorted[random_below(&stream, count)];
    qsort(out, FIT_BOOTSTRAP_VALUES, sizeof *out, by_value);
    return FIT_BOOTSTRAP_VALUES;
}

/* Share of the bootstrap samples that lie at least as far from their own fit. */
static double bootstrap(const Family *family, const Fit *fit, const double *sorted, size_t count)
{
    double *value = g_new(double, FIT_BOOTSTRAP_VALUES);
    size_t n = choose(sorted, count, value);
    Sample sample = sample_of(value, n);
    double parameters[5];
    Dist *dist = fit_dist(fit);
    if (family->fit(&sample, parameters) != NULL || dist == NULL) {
        dist_free(dist);
        g_free(value);
        return NAN;
    }
    double seen = distance_of(family, parameters, &sample);
    size_t as_far = 0, done = 0;
    for (uint32_t b = 0; b < FIT_BOOTSTRAPS; b++) {
        RandomStream stream;
        random_init(&stream, 1, b, "fit", family->name);
        for (size_t i = 0; i < n; i++)
            value[i] = MAX(sim_seconds(dist_draw(dist, &stream)), 1e-9);
        qsort(value, n, sizeof *value, by_value);
        sample = sample_of(value, n);
        if (!(sample.log_sd > 0) || family->fit(&sample, parameters) != NULL)
            continue;
        done++;
        as_far += distance_of(family, parameters, &sample) >= seen;
    }
    dist_free(dist);
    g_free(value);
    return done ? ((double)as_far + 1) / ((double)done + 1) : NAN;
}

Fit fit_family(const char *name, const double *sorted, size_t count)
{
    SIM_CHECK(count >= FIT_VALUES_MIN && sorted[0] > 0 && sorted[0] < sorted[count - 1]);
    const Family *family = family_find(name);
    Sample sample = sample_of(sorted, count);
    Fit fit = {.family = family->name, .parameter_count = family->parameter_count};
    fit.why_not = family->fit(&sample, fit.parameters);
    if (fit.why_not)
        return fit;
    for (size_t i = 0; i < count; i++)
        fit.log_likelihood += family->log_density(fit.parameters, sorted[i]);
    fit.bic = (double)family->parameter_count * log((double)count) - 2 * fit.log_likelihood;
    fit.distance = distance_of(family, fit.parameters, &sample);
    fit.p_value = bootstrap(family, &fit, sorted, count);
    return fit;
}

double fit_cdf(const Fit *fit, double x)
{
    return family_find(fit->family)->cdf(fit->parameters, x);
}

Dist *fit_dist(const Fit *fit)
{
    if (fit->why_not)
        return NULL;
    if (strcmp(fit->family, "mixture") != 0)
        return dist_new(dist_type_find(fit->family), fit->parameters, NULL);
    const DistType *lognormal = dist_type_find("lognormal");
    Dist *parts[2] = {dist_new(lognormal, fit->parameters, NULL),
                      dist_new(lognormal, fit->parameters + 2, NULL)};
    const double weights[2] = {1 - fit->parameters[4], fit->parameters[4]};
    if (parts[0] && parts[1])
        return dist_new_mixture(parts, weights, 2, NULL);
    dist_free(parts[0]);
    dist_free(parts[1]);
    return NULL;
}

/* ---- independence ---- */

typedef struct Ranked {
    double value;
    size_t place;
} Ranked;

static int by_ranked(const void *a, const void *b)
{
    return by_value(&((const Ranked *)a)->value, &((const Ranked *)b)->value);
}

/* Ranks from 0; equal values share the mean of theirs. */
static double *ranks_of(const double *values, size_t count)
{
    Ranked *ranked = g_new(Ranked, count);
    double *rank = g_new(double, count);
    for (size_t i = 0; i < count; i++)
        ranked[i] = (Ranked){values[i], i};
    qsort(ranked, count, sizeof *ranked, by_ranked);
    for (size_t i = 0, j = 0; i < count; i = j) {
        for (j = i; j < count && ranked[j].value <= ranked[i].value; j++)
            ;
        for (size_t k = i; k < j; k++)
            rank[ranked[k].place] = (double)(i + j - 1) / 2;
    }
    g_free(ranked);
    return rank;
}

double fit_neighbour_correlation(const double *values, size_t count)
{
    if (count < 3)
        return 0;
    double *rank = ranks_of(values, count);
    double mean = (double)(count - 1) / 2, cross = 0, square = 0;
    for (size_t i = 0; i < count; i++) {
        square += (rank[i] - mean) * (rank[i] - mean);
        if (i + 1 < count)
            cross += (rank[i] - mean) * (rank[i + 1] - mean);
    }
    g_free(rank);
    return square > 0 ? cross / square : 0;
}
