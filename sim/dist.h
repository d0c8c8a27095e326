/* Distributions of durations.
 *
 * A Dist is immutable after its making: one const DistType per family (one file
 * each in sim/dist/, listed in one registry), its arguments in seconds (for
 * times) or plain numbers (for shapes), and what the family derived from them.
 * Draws come out as SimTime, rounded to the nanosecond, never negative, capped
 * at SIM_TIME_LONGEST. Families with negative support (normal) are conditioned
 * on >= 0, and mean and quantile say what the draws do (but for the cap, which
 * heavy tails may reach).
 *
 * Draws rise with the uniform behind them and take exactly one of the stream,
 * so that common random numbers stay in step between designs. Exceptions:
 * constant takes none, exponential (ziggurat) and gamma (rejection) a varying
 * number, a mixture one more than its part.
 *
 * Ownership: dist_free frees a Dist and its parts. Errors: GError in domain
 * DIST_ERROR, message ready for a user ("median must be positive").
 */
#ifndef SIM_DIST_H
#define SIM_DIST_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/random.h"
#include "sim/time.h"

#define DIST_ARGS_MAX 4
#define DIST_ERROR    (g_quark_from_static_string("dist"))

typedef enum DistArgKind { DIST_ARG_TIME, DIST_ARG_NUMBER, DIST_ARG_SHARE } DistArgKind;

typedef struct DistArg {
    const char *name; /* as in a scenario: {lognormal: {median: 28ms, p99: 60ms}} */
    DistArgKind kind;
    const char *text; /* one line for the reference */
} DistArg;

typedef struct Dist Dist;

typedef struct DistType {
    const char *name;
    const char *text; /* one line for the reference */
    DistArg args[DIST_ARGS_MAX];
    size_t arg_count;
    bool
        shorthand; /* may be written {name: VALUE} with its only argument (constant, exponential) */
    bool (*prepare)(Dist *dist, GError **error); /* validate and derive; NULL if nothing to do */
    double (*sample)(const Dist *dist, RandomStream *stream); /* seconds */
    double (*mean)(const Dist *dist);                         /* seconds; may be INFINITY */
    double (*quantile)(const Dist *dist, double p);           /* seconds, 0 < p < 1 */
} DistType;

struct Dist {
    const DistType *type;
    double arg[DIST_ARGS_MAX];
    double derived[DIST_ARGS_MAX];
    /* mixture: parts and their cumulated weights; empirical: sorted values in `weight` */
    Dist **part;
    double *weight;
    size_t count;
};

/* NULL-terminated; mixture and empirical included (no arguments: they have their own makers). */
extern const DistType *const dist_types[];
const DistType *dist_type_find(const char *name);

Dist *dist_new(const DistType *type, const double *args, GError **error);
Dist *dist_new_constant(SimTime value);
/* Takes ownership of the parts, also on error. Weights are positive; they are normalised. A part
 * that is a mixture itself is replaced by its parts. */
Dist *dist_new_mixture(Dist **parts, const double *weights, size_t count, GError **error);
/* Copies the values (seconds). Draws interpolate linearly between order statistics. */
Dist *dist_new_empirical(const double *values, size_t count, GError **error);
Dist *dist_copy(const Dist *dist);
void dist_free(Dist *dist);

SimTime dist_draw(const Dist *dist, RandomStream *stream);
double dist_mean(const Dist *dist);
double dist_quantile(const Dist *dist, double p);
bool dist_is_constant(const Dist *dist);
/* "lognormal(median 28ms, p99 60ms)", "30s" for a constant; free with g_free. */
char *dist_describe(const Dist *dist);

#endif
