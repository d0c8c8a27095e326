#include "cli/cluster.h"

#include <glib.h>

/* What Open MPI, and others after it, tell the processes that they start. */
static bool started_by_mpirun(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_getenv(names[i]) != NULL)
            return true;
    return false;
}

#ifdef FAILSIM_MPI
#include <mpi.h>

#include "sim/check.h"

enum { TAG_ASK = 1, TAG_UNIT };

bool cluster_begin(Cluster *cluster, char **problem)
{
    (void)problem;
    *cluster = (Cluster){.size = 1};
    if (!started_by_mpirun())
        return true;
    int level;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &cluster->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &cluster->size);
    cluster->begun = true;
    cluster->asking = cluster->size - 1;
    return true;
}

void cluster_end(Cluster *cluster)
{
    if (cluster->begun)
        MPI_Finalize();
    cluster->begun = false;
}

int cluster_worst(const Cluster *cluster, int code)
{
    int worst = code;
    if (cluster->begun)
        MPI_Allreduce(&code, &worst, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return worst;
}

void cluster_share(const Cluster *cluster, char text[64])
{
    if (cluster->begun)
        MPI_Bcast(text, 64, MPI_CHAR, 0, MPI_COMM_WORLD);
}

uint64_t cluster_ask(const Cluster *cluster, const void *record, size_t length)
{
    SIM_CHECK(cluster->rank > 0 && length < INT32_MAX);
    uint64_t unit;
    MPI_Send(record, (int)length, MPI_BYTE, 0, TAG_ASK, MPI_COMM_WORLD);
    MPI_Recv(&unit, 1, MPI_UINT64_T, 0, TAG_UNIT, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return unit;
}

bool cluster_serve(Cluster *cluster, ClusterServe serve, void *data)
{
    int waits = 0, length;
    MPI_Message message;
    MPI_Status status;
    if (cluster->asking == 0)
        return false;
    MPI_Improbe(MPI_ANY_SOURCE, TAG_ASK, MPI_COMM_WORLD, &waits, &message, &status);
    if (!waits)
        return false;
    MPI_Get_count(&status, MPI_BYTE, &length);
    void *record = g_malloc((size_t)length + 1);
    MPI_Mrecv(record, length, MPI_BYTE, &message, &status);
    uint64_t unit = serve(data, length > 0 ? record : NULL, (size_t)length);
    g_free(record);
    if (unit == CLUSTER_NO_UNIT)
        cluster->asking--;
    MPI_Send(&unit, 1, MPI_UINT64_T, status.MPI_SOURCE, TAG_UNIT, MPI_COMM_WORLD);
    return true;
}

#else

bool cluster_begin(Cluster *cluster, char **problem)
{
    *cluster = (Cluster){.size = 1};
    if (!started_by_mpirun())
        return true;
    *problem = g_strdup("was started by mpirun, but built without MPI\n"
                        "  build it with: make MPI=1   (or use --shard i/n)");
    return false;
}

void cluster_end(Cluster *cluster)
{
    (void)cluster;
}

int cluster_worst(const Cluster *cluster, int code)
{
    (void)cluster;
    return code;
}

void cluster_share(const Cluster *cluster, char text[64])
{
    (void)cluster;
    (void)text;
}

uint64_t cluster_ask(const Cluster *cluster, const void *record, size_t length)
{
    (void)cluster;
    (void)record;
    (void)length;
    return CLUSTER_NO_UNIT;
}

bool cluster_serve(Cluster *cluster, ClusterServe serve, void *data)
{
    (void)cluster;
    (void)serve;
    (void)data;
    return false;
}
#endif
