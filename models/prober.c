#include "models/prober.h"

void prober_init(Prober *prober, const ProbeConfig *config, RandomStream errors)
{
    *prober = (Prober){.config = config,
                       .errors = errors,
                       .history = UINT64_MAX,
                       .settled = true,
                       .healthy = true};
}

int64_t prober_send(Prober *prober)
{
    prober->settled = false;
    /* Both are drawn every time, so that what happens to one probe does not shift the next. */
    prober->will_fail = random_uniform(&prober->errors) < prober->config->false_alarm;
    prober->will_miss = random_uniform(&prober->errors) < prober->config->miss;
    return ++prober->number;
}

static bool record(Prober *prober, bool good)
{
    const ProbeConfig *config = prober->config;
    prober->settled = true;
    prober->history = prober->history << 1 | good;
    uint64_t window = config->samples == 64 ? UINT64_MAX : (UINT64_C(1) << config->samples) - 1;
    int64_t successes = __builtin_popcountll(prober->history & window);
    bool before = prober->healthy;
    prober->healthy = successes >= config->required;
    return prober->healthy != before;
}

bool prober_answer(Prober *prober, int64_t number, bool good)
{
    if (prober->settled || number != prober->number || prober->will_fail)
        return false;
    return record(prober, good);
}

bool prober_deadline(Prober *prober, int64_t number)
{
    if (prober->settled || number != prober->number)
        return false;
    return record(prober, prober->will_miss && !prober->will_fail);
}
