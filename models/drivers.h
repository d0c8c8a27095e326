/* Drivers: the inputs that are drawn once a run, so that a run has one value of each.
 *
 * The state that an outage finds (lag, latency), when it begins and how long it takes, how long
 * people and steps take. Studies of a scenario's tail and of what moves it set them from outside:
 * KEY=VALUE for one run, in the place of the draw. A driver that is constant drives nothing and is
 * left out.
 *
 * Left out, too, is what a run can draw twice, for then one value would stand for both: lag and
 * latency where something flows in both directions, the times of events that repeat or follow one
 * that does, people who may decide more than once (several outages, false alarms that are called
 * off), steps that may fail, and what each pod, probe or person draws.
 */
#ifndef MODELS_DRIVERS_H
#define MODELS_DRIVERS_H

#include "models/config.h"

/* Appends ScenarioDriver items to `out`. */
void drivers_list(const Scenario *scenario, GArray *out);

#endif
