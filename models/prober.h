/* Health probing of one target, as a router's edge and a monitor both do it.
 *
 * A probe is sent every `interval`, at a phase of its own; no good answer within `timeout` is a
 * failure. The target is healthy while at least `required` of the last `samples` probes were
 * good (all of them count as good before the first). samples = k, required = 1 is "k consecutive
 * failures". Probes err: each fails by itself with probability `false_alarm`, and one that got no
 * answer is taken for good with probability `miss`.
 *
 * From the outage, k consecutive failures take U[(k-1) interval, k interval] + timeout.
 * Source: Azure Front Door health probes and sample size; Traffic Manager endpoint monitoring.
 */
#ifndef MODELS_PROBER_H
#define MODELS_PROBER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/param.h"
#include "sim/random.h"
#include "sim/time.h"

#define PROBE_SAMPLES_MAX 64

typedef struct ProbeConfig {
    SimTime interval, timeout;
    int64_t samples, required;
    double false_alarm, miss;
} ProbeConfig;

typedef struct Prober {
    const ProbeConfig *config;
    RandomStream errors;
    uint64_t history; /* bit 0: the newest; 1 good */
    int64_t number;   /* of the last probe sent */
    bool settled;     /* its result is in */
    bool will_fail, will_miss;
    bool healthy;
} Prober;

void prober_init(Prober *prober, const ProbeConfig *config, RandomStream errors);
/* The next probe goes out; returns its number. */
int64_t prober_send(Prober *prober);
/* An answer, or the deadline, of probe `number`. Both return true if the verdict changed. */
bool prober_answer(Prober *prober, int64_t number, bool good);
bool prober_deadline(Prober *prober, int64_t number);

#endif
