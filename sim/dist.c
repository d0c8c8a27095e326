#include "sim/dist.h"

#include <math.h>
#include <string.h>

#include "sim/check.h"
#include "sim/dist/family.h"
#include "sim/param.h"

const DistType *const dist_types[] = {
    &dist_constant,   &dist_exponential, &dist_uniform,   &dist_normal,
    &dist_lognormal,  &dist_gamma,       &dist_weibull,   &dist_pareto,
    &dist_triangular, &dist_mixture,     &dist_empirical, NULL,
};

const DistType *dist_type_find(const char *name)
{
    for (const DistType *const *type = dist_types; *type; type++)
        if (strcmp((*type)->name, name) == 0)
            return *type;
    return NULL;
}

bool dist_require(bool good, GError **error, const char *message)
{
    if (!good)
        g_set_error_literal(error, DIST_ERROR, 0, message);
    return good;
}

/* ---- Making ---- */

static bool dist_check_args(const Dist *dist, GError **error)
{
    for (size_t i = 0; i < dist->type->arg_count; i++) {
        const DistArg *arg = &dist->type->args[i];
        const char *problem = NULL;
        if (!isfinite(dist->arg[i]))
            problem = "must be a finite number";
        else if (dist->arg[i] < 0)
            problem = "must not be negative";
        else if (arg->kind == DIST_ARG_TIME && dist->arg[i] > 0 && dist->arg[i] < 1e-9)
            problem = "must not be below 1ns"; /* clocks end there, and ratios stay finite */
        else if (arg->kind == DIST_ARG_TIME && dist->arg[i] > sim_seconds(SIM_TIME_LONGEST))
            problem = "must be at most 100 years";
        else if (arg->kind == DIST_ARG_SHARE && dist->arg[i] > 1)
            problem = "must be from 0% to 100%";
        if (problem) {
            g_set_error(error, DIST_ERROR, 0, "%s %s", arg->name, problem);
            return false;
        }
    }
    return true;
}

/* The dist itself, or NULL after freeing it. */
static Dist *dist_finish(Dist *dist, GError **error)
{
    if (dist_check_args(dist, error) && (!dist->type->prepare || dist->type->prepare(dist, error)))
        return dist;
    dist_free(dist);
    return NULL;
}

static Dist *dist_alloc(const DistType *type)
{
    Dist *dist = g_new0(Dist, 1);
    dist->type = type;
    return dist;
}

Dist *dist_new(const DistType *type, const double *args, GError **error)
{
    Dist *dist = dist_alloc(type);
    for (size_t i = 0; i < type->arg_count; i++)
        dist->arg[i] = args[i];
    return dist_finish(dist, error);
}

Dist *dist_new_constant(SimTime value)
{
    SIM_CHECK(value >= 0 && value <= SIM_TIME_LONGEST);
    Dist *dist = dist_alloc(&dist_constant);
    dist->arg[0] = sim_seconds(value);
    return dist;
}

/* Append `part`, owned from now on; a mixture is taken apart. `weight` is still a plain weight. */
static void mixture_append(Dist *mixture, Dist *part, double weight)
{
    if (part->type != &dist_mixture) {
        mixture->part = g_renew(Dist *, mixture->part, mixture->count + 1);
        mixture->weight = g_renew(double, mixture->weight, mixture->count + 1);
        mixture->part[mixture->count] = part;
        mixture->weight[mixture->count++] = weight;
        return;
    }
    double before = 0;
    for (size_t i = 0; i < part->count; i++) {
        mixture_append(mixture, part->part[i], weight * (part->weight[i] - before));
        before = part->weight[i];
    }
    part->count = 0; /* its parts have a new owner */
    dist_free(part);
}

static void mixture_cumulate(Dist *mixture)
{
    double total = 0;
    for (size_t i = 0; i < mixture->count; i++)
        total += mixture->weight[i];
    double sum = 0;
    for (size_t i = 0; i < mixture->count; i++) {
        sum += mixture->weight[i];
        mixture->weight[i] = sum / total;
    }
    if (mixture->count)
        mixture->weight[mixture->count - 1] = 1;
}

Dist *dist_new_mixture(Dist **parts, const double *weights, size_t count, GError **error)
{
    Dist *mixture = dist_alloc(&dist_mixture);
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        good = good && weights[i] > 0 && weights[i] < 1e100;
        mixture_append(mixture, parts[i], weights[i]);
    }
    if (!dist_require(good, error, "weights must be positive")) {
        dist_free(mixture);
        return NULL;
    }
    mixture_cumulate(mixture);
    return dist_finish(mixture, error);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

Dist *dist_new_empirical(const double *values, size_t count, GError **error)
{
    for (size_t i = 0; i < count; i++)
        if (!(values[i] >= 0 && values[i] <= sim_seconds(SIM_TIME_LONGEST))) {
            g_set_error(error, DIST_ERROR, 0, "value %zu must be from 0s to 100 years", i + 1);
            return NULL;
        }
    Dist *dist = dist_alloc(&dist_empirical);
    dist->weight = g_memdup2(values, count * sizeof *values);
    dist->count = count;
    if (count)
        qsort(dist->weight, count, sizeof *dist->weight, compare_doubles);
    return dist_finish(dist, error);
}

Dist *dist_copy(const Dist *dist)
{
    Dist *copy = g_memdup2(dist, sizeof *dist);
    copy->weight = g_memdup2(dist->weight, dist->count * sizeof *dist->weight);
    copy->part = dist->part ? g_new(Dist *, dist->count) : NULL;
    for (size_t i = 0; copy->part && i < dist->count; i++)
        copy->part[i] = dist_copy(dist->part[i]);
    return copy;
}

void dist_free(Dist *dist)
{
    if (!dist)
        return;
    for (size_t i = 0; dist->part && i < dist->count; i++)
        dist_free(dist->part[i]);
    g_free(dist->part);
    g_free(dist->weight);
    g_free(dist);
}

/* ---- Using ---- */

SimTime dist_draw(const Dist *dist, RandomStream *stream)
{
    const double seconds = dist->type->sample(dist, stream);
    if (!(seconds > 0))
        return 0;
    if (seconds >= sim_seconds(SIM_TIME_LONGEST))
        return SIM_TIME_LONGEST;
    return (SimTime)(seconds * 1e9 + 0.5);
}

double dist_mean(const Dist *dist)
{
    return dist->type->mean(dist);
}

double dist_quantile(const Dist *dist, double p)
{
    SIM_CHECK(p > 0 && p < 1);
    return dist->type->quantile(dist, p);
}

bool dist_is_constant(const Dist *dist)
{
    return dist->type == &dist_constant;
}

/* ---- Describing ---- */

static void describe_seconds(GString *out, double seconds)
{
    char *text = param_format_time((SimTime)(seconds * 1e9 + 0.5));
    g_string_append(out, text);
    g_free(text);
}

static void describe(GString *out, const Dist *dist);

static void describe_args(GString *out, const Dist *dist)
{
    for (size_t i = 0; i < dist->type->arg_count; i++) {
        const DistArg *arg = &dist->type->args[i];
        g_string_append_printf(out, "%s%s ", i ? ", " : "", arg->name);
        if (arg->kind == DIST_ARG_TIME)
            describe_seconds(out, dist->arg[i]);
        else if (arg->kind == DIST_ARG_SHARE)
            g_string_append_printf(out, "%g%%", dist->arg[i] * 100);
        else
            g_string_append_printf(out, "%g", dist->arg[i]);
    }
}

static void describe_parts(GString *out, const Dist *dist)
{
    double before = 0;
    for (size_t i = 0; i < dist->count; i++) {
        g_string_append_printf(out, "%s%.3g%% ", i ? ", " : "", (dist->weight[i] - before) * 100);
        describe(out, dist->part[i]);
        before = dist->weight[i];
    }
}

static void describe(GString *out, const Dist *dist)
{
    if (dist_is_constant(dist)) {
        describe_seconds(out, dist->arg[0]);
        return;
    }
    g_string_append_printf(out, "%s(", dist->type->name);
    if (dist->part) {
        describe_parts(out, dist);
    } else if (dist->weight) {
        g_string_append_printf(out, "%zu values, median ", dist->count);
        describe_seconds(out, dist_quantile(dist, 0.5));
    } else {
        describe_args(out, dist);
    }
    g_string_append_c(out, ')');
}

char *dist_describe(const Dist *dist)
{
    GString *out = g_string_new(NULL);
    describe(out, dist);
    return g_string_free(out, FALSE);
}
