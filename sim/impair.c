#include "sim/impair.h"

#include "sim/check.h"

struct SimImpair {
    SimImpairDraws draws;
    GPtrArray *effects; /* const SimEffect*, on now */
    double slow, errors, loss;
    uint32_t fired;
};

/* From the effects that are on, each time: dividing one out again would leave rounding behind. */
static void compose(SimImpair *impair)
{
    double escapes_errors = 1, escapes_loss = 1;
    impair->slow = 1;
    for (guint i = 0; i < impair->effects->len; i++) {
        const SimEffect *effect = g_ptr_array_index(impair->effects, i);
        impair->slow *= effect->slow;
        escapes_errors *= 1 - effect->errors;
        escapes_loss *= 1 - effect->loss;
    }
    impair->errors = 1 - escapes_errors;
    impair->loss = 1 - escapes_loss;
}

SimImpair *sim_impair_new(SimImpairDraws draws)
{
    SimImpair *impair = g_new0(SimImpair, 1);
    impair->draws = draws;
    impair->effects = g_ptr_array_new();
    impair->slow = 1;
    return impair;
}

void sim_impair_free(SimImpair *impair)
{
    if (!impair)
        return;
    g_ptr_array_unref(impair->effects);
    g_free(impair);
}

void sim_impair_add(SimImpair *impair, const SimEffect *effect)
{
    g_ptr_array_add(impair->effects, (gpointer)(uintptr_t)effect);
    impair->fired++;
    compose(impair);
}

void sim_impair_remove(SimImpair *impair, const SimEffect *effect)
{
    SIM_CHECK(g_ptr_array_remove(impair->effects, (gpointer)(uintptr_t)effect));
    compose(impair);
}

uint32_t sim_impair_fired(const SimImpair *impair)
{
    return impair->fired;
}

bool sim_impair_active(const SimImpair *impair)
{
    return impair->effects->len > 0;
}

SimTime sim_impair_time(SimImpair *impair, SimTime time)
{
    double slowed = (double)time * impair->slow;
    if (impair->slow > 1) /* as it was, to the nanosecond, where nothing slows it */
        time = slowed < (double)SIM_TIME_LONGEST ? (SimTime)slowed : SIM_TIME_LONGEST;
    for (guint i = 0; i < impair->effects->len; i++) {
        const SimEffect *effect = g_ptr_array_index(impair->effects, i);
        if (effect->delay)
            time = MIN(time + dist_draw(effect->delay, &impair->draws.delay), SIM_TIME_LONGEST);
    }
    return time;
}

bool sim_impair_error(SimImpair *impair)
{
    return impair->errors > 0 && random_uniform(&impair->draws.errors) < impair->errors;
}

SimTime sim_impair_loss(SimImpair *impair)
{
    SimTime late = 0, timeout = SIM_RETRANSMIT_FIRST;
    if (impair->loss <= 0)
        return 0;
    for (int sent = 0; sent <= SIM_RETRANSMIT_MOST; sent++) {
        if (random_uniform(&impair->draws.loss) >= impair->loss)
            return late;
        late += timeout;
        timeout = MIN(2 * timeout, SIM_RETRANSMIT_LONGEST);
    }
    return SIM_NEVER;
}
