/* Drivers: the inputs that are drawn once a run, so that a run has one value of each.
 *
 * The state that an outage finds (lag, latency), when it begins and how long it takes, how long
 * people and steps take. Studies of a scenario's tail and of what moves it set them from outside:
 * KEY=VALUE for one run, in the place of the draw. A driver that is constant drives nothing and is
 * left out.
 */
#ifndef MODELS_DRIVERS_H
#define MODELS_DRIVERS_H

#include "models/config.h"

/* Appends ScenarioDriver items to `out`. */
void drivers_list(const Scenario *scenario, GArray *out);

#endif
