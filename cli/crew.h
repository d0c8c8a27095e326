/* The crew that does a sweep's units: this process's threads and, under mpirun, the other ranks.
 *
 * Units are handed out in order to whoever is free; what is done is written at
 * once (survives a kill) and synced once a second (survives a loss of power). A
 * unit in hand is finished before the crew stops. Which thread or rank did a unit
 * leaves no trace in its record.
 */
#ifndef CLI_CREW_H
#define CLI_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cluster.h"
#include "cli/store.h"

typedef struct CrewState {
    uint64_t runs, runs_all; /* done; wanted, 0 where the precision decides */
    uint32_t points, points_all;
} CrewState;

typedef struct CrewPlan {
    const Source *source;
    const GPtrArray *sets;
    Store *store;
    Cluster *cluster;
    uint32_t threads;
    /* From the calling thread, several times a second; false: stop. May be NULL. */
    bool (*progress)(void *data, const CrewState *state);
    void *progress_data;
    /* From the calling thread, in the order of the points, when one is whole. May be NULL. */
    void (*point_done)(void *data, uint32_t point);
    void *point_data;
} CrewPlan;

/* All that this shard lacks. False with *problem (g_free): a result could not be written; what was
 * written before is whole. *stopped: progress asked to. */
bool crew_run(const CrewPlan *plan, bool *stopped, char **problem);
/* In ranks above 0: work for rank 0. */
void crew_help(const CrewPlan *plan);

#endif
