/* Gray failures by component: who is ailing, and what it does to its times and answers.
 *
 * Without an event that degrades something, World.gray is NULL, and asking costs a branch. A
 * component asks about itself alone: it does not know why it is slow. Streams are those of
 * ("NAME of the component", "gray delay" | "gray errors" | "gray loss").
 */
#ifndef MODELS_GRAY_H
#define MODELS_GRAY_H

#include "models/world.h"
#include "sim/impair.h"

typedef struct Gray Gray;

Gray *gray_new(World *world);
void gray_free(Gray *gray);
/* Make it possible that this component ails; its impairment, for links to look at. */
SimImpair *gray_watch(Gray *gray, SimComponent component);
/* An effect begins, or ends, on a watched component. */
void gray_change(Gray *gray, SimComponent component, const SimEffect *effect, bool begins);
/* How many effects have begun on components so far. */
uint64_t gray_fired(const Gray *gray);

/* NULL: it never ails. */
SimImpair *gray_of(const Gray *gray, SimComponent component);

/* What becomes of a component's time. */
static inline SimTime gray_time(const World *world, SimComponent component, SimTime time)
{
    SimImpair *impair = world->gray ? gray_of(world->gray, component) : NULL;
    return impair ? sim_impair_time(impair, time) : time;
}

/* Does this request to a component end in an error? */
static inline bool gray_error(const World *world, SimComponent component)
{
    SimImpair *impair = world->gray ? gray_of(world->gray, component) : NULL;
    return impair && sim_impair_error(impair);
}

#endif
