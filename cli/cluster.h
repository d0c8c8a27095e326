/* Several processes that work on one sweep, started by mpirun; one process, if it was not.
 *
 * Rank 0 owns the results: it hands out units and writes what comes back. Every
 * other rank asks for a unit, with the last one's record in its hand, until there
 * is none. So who is slow gets less, and the results know nothing of ranks. Built
 * with `make MPI=1`; the plain build has this header's other half, which is alone.
 *
 * A rank that dies takes the job with it, as mpirun has it; its unit in hand is
 * lost, what rank 0 has written is not. All calls from one thread.
 */
#ifndef CLI_CLUSTER_H
#define CLI_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLUSTER_NO_UNIT UINT64_MAX
#define CLUSTER_LATER   (UINT64_MAX - 1) /* nothing now; ask again */

typedef struct Cluster {
    int rank, size;
    bool begun; /* MPI was initialised */
    int asking; /* ranks that have not been told that there is nothing left */
} Cluster;

/* False with *problem (g_free): started by mpirun, but built without MPI. */
bool cluster_begin(Cluster *cluster, char **problem);
void cluster_end(Cluster *cluster);
/* The largest code of all ranks, in all ranks. */
int cluster_worst(const Cluster *cluster, int code);
/* Rank 0's 64 characters of text (a hash) in all ranks. */
void cluster_share(const Cluster *cluster, char text[64]);
/* In ranks above 0: hand in a record (NULL: none yet), get a unit or CLUSTER_NO_UNIT or
 * CLUSTER_LATER. */
uint64_t cluster_ask(const Cluster *cluster, const void *record, size_t length);
/* In rank 0: answers one rank that waits; false if none does. `serve` takes the record (NULL: none)
 * and gives the next unit. */
typedef uint64_t (*ClusterServe)(void *data, const void *record, size_t length);
bool cluster_serve(Cluster *cluster, ClusterServe serve, void *data);

#endif
