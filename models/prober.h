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

/* The keys of a ProbeConfig that is `member` of `config`, for its owner's table. Defaults differ:
 * (interval, its source), (timeout, its source), (samples, its source), (required, its source). */
#define PROBE_SPECS(config, member, interval_, interval_source, timeout_, timeout_source,          \
                    samples_, samples_source, required_, required_source)                          \
    {.key = "probe.interval",                                                                      \
     .type = PARAM_TIME,                                                                           \
     .offset = offsetof(config, member.interval),                                                  \
     .fallback = interval_,                                                                        \
     .min = 0.001,                                                                                 \
     .max = 86400,                                                                                 \
     .text = "Time between two probes of one region by one prober.",                               \
     .source = interval_source},                                                                   \
        {.key = "probe.timeout",                                                                   \
         .type = PARAM_TIME,                                                                       \
         .offset = offsetof(config, member.timeout),                                               \
         .fallback = timeout_,                                                                     \
         .min = 0.000001,                                                                          \
         .max = 86400,                                                                             \
         .text = "A probe without an answer by then has failed. Must be below the interval.",      \
         .source = timeout_source},                                                                \
        {.key = "probe.samples",                                                                   \
         .type = PARAM_COUNT,                                                                      \
         .offset = offsetof(config, member.samples),                                               \
         .fallback = samples_,                                                                     \
         .min = 1,                                                                                 \
         .max = PROBE_SAMPLES_MAX,                                                                 \
         .text = "Last probes that are looked at.",                                                \
         .source = samples_source},                                                                \
        {.key = "probe.required",                                                                  \
         .type = PARAM_COUNT,                                                                      \
         .offset = offsetof(config, member.required),                                              \
         .fallback = required_,                                                                    \
         .min = 1,                                                                                 \
         .max = PROBE_SAMPLES_MAX,                                                                 \
         .text = "Good ones among them that make the region healthy; 1: only failures in a row "   \
                 "count as down.",                                                                 \
         .source = required_source},                                                               \
        {.key = "probe.false_alarm",                                                               \
         .type = PARAM_SHARE,                                                                      \
         .offset = offsetof(config, member.false_alarm),                                           \
         .fallback = "0",                                                                          \
         .text = "Probes of a healthy region that fail all the same.",                             \
         .source = ""},                                                                            \
    {                                                                                              \
        .key = "probe.miss", .type = PARAM_SHARE, .offset = offsetof(config, member.miss),         \
        .fallback = "0", .text = "Probes of a dead region that are taken for good.", .source = ""  \
    }

#endif
