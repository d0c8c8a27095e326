/* What every component of one run shares: the engine, the ledger, the recovery watch, the story,
 * and the key of its random streams. Nothing about any component's state is in here. */
#ifndef MODELS_WORLD_H
#define MODELS_WORLD_H

#include <stdint.h>

#include "models/ledger.h"
#include "models/message.h"
#include "models/recovery.h"
#include "models/story.h"
#include "sim/engine.h"
#include "sim/random.h"

typedef struct World {
    Sim *sim;
    Ledger *ledger;
    Recovery *recovery;
    Story *story;      /* NULL: nobody listens */
    struct Gray *gray; /* models/gray.h; NULL: nothing ails in this scenario */
    uint64_t seed;
    uint32_t replication;
    const char *region_name[REGIONS];
} World;

/* "active", "passive": names components, links and streams, so that a region's name, which is
 * configuration, enters no stream's key and collides with no component. */
extern const char *const region_role[REGIONS];

static inline RandomStream world_stream(const World *world, const char *component,
                                        const char *purpose)
{
    RandomStream stream;
    random_init(&stream, world->seed, world->replication, component, purpose);
    return stream;
}

/* The `dropped` hook of components that hold nothing but what their messages carry. The
 * component's struct must begin with `World *world`. */
void message_dropped(Sim *sim, void *self, const SimEvent *event);

#endif
