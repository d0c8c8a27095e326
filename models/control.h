/* The cloud's control plane: knows which region's database may write.
 *
 * Survives the loss of a region. A fence command moves the right to write to the region that
 * service moves to: the other region's database loses it, at once if it can be reached, else when
 * it comes back and asks. Without a fence a database that comes back takes itself for the primary
 * still, and there are two. A planned promotion gives the right back: the region that service
 * returns to is no longer fenced.
 *
 * Other steps that change cloud resources (a promotion, the router's configuration) are commanded
 * through it: it hands them on, without time of its own, or is away and does not.
 */
#ifndef MODELS_CONTROL_H
#define MODELS_CONTROL_H

#include "models/world.h"
#include "sim/link.h"

typedef struct Control Control;

typedef struct ControlLinks {
    SimLink *to_database[REGIONS];
    SimComponent database[REGIONS];
    SimLink *to_application[REGIONS];
    SimComponent application[REGIONS];
    SimLink *to_failover;
    SimComponent performer[REGIONS][ACTIONS]; /* of commands that go through it, by their `to` */
} ControlLinks;

Control *control_new(World *world);
void control_free(Control *control);
SimComponent control_component(const Control *control);
void control_connect(Control *control, ControlLinks links);

#endif
