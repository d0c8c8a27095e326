/* When the scenario's events happen in one run: drawn beforehand, whatever becomes of it.
 *
 * An event happens once; or again and again, working `up` in between (an alternating renewal
 * process: with means m = up and f = for, the share of time up tends to m / (m + f)); or in the
 * wake of each occurrence of another, with its probability, `at` after it began. Streams:
 * ("events", "event I") for the first occurrence of each cause, "event I repeat" for the turns that
 * follow, "event I chance" for whether it happens.
 */
#ifndef MODELS_OCCURRENCES_H
#define MODELS_OCCURRENCES_H

#include "models/config.h"
#include "models/world.h"

typedef struct Occurrence {
    size_t event;     /* index into the scenario's events */
    SimTime from, to; /* [from, to) */
    bool hits;        /* the service, rather than something beside it */
} Occurrence;

/* Of Occurrence: those that begin at `end` at the latest, by event, then as they follow each
 * other. */
GArray *occurrences_draw(const Scenario *scenario, const World *world, SimTime end);

#endif
