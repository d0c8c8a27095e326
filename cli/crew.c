#include "cli/crew.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "models/platform.h"
#include "sim/check.h"
#include "sim/experiment.h"

enum { SYNC_US = 1000000, WAIT_US = 100000, SERVE_US = 500 };

/* ---- Scenarios of points, read when first needed, freed when the crew has moved on ---- */

typedef struct Points {
    const Source *source;
    const GPtrArray *sets;
    const Design *design;
    Scenario **scenario; /* by point */
    uint32_t *users;
    uint32_t newest;
    GMutex mutex;
} Points;

static void points_init(Points *points, const CrewPlan *plan, const Design *design)
{
    *points = (Points){.source = plan->source, .sets = plan->sets, .design = design};
    points->scenario = g_new0(Scenario *, design->point_count);
    points->users = g_new0(uint32_t, design->point_count);
    g_mutex_init(&points->mutex);
}

static void points_drop(Points *points, uint32_t point)
{
    if (points->users[point] > 0)
        return;
    scenario_free(points->scenario[point]);
    points->scenario[point] = NULL;
}

static const Scenario *points_take(Points *points, uint32_t point)
{
    g_mutex_lock(&points->mutex);
    if (points->newest != point)
        points_drop(points, points->newest);
    points->newest = point;
    if (points->scenario[point] == NULL) {
        uint32_t index = points->design->point[point].index;
        size_t which = index == UINT32_MAX ? SCENARIO_BASE : index;
        points->scenario[point] = source_point(points->source, points->sets, which);
        SIM_CHECK(points->scenario[point] != NULL); /* it was checked before */
    }
    points->users[point]++;
    const Scenario *scenario = points->scenario[point];
    g_mutex_unlock(&points->mutex);
    return scenario;
}

static void points_give(Points *points, uint32_t point)
{
    g_mutex_lock(&points->mutex);
    points->users[point]--;
    if (point != points->newest)
        points_drop(points, point);
    g_mutex_unlock(&points->mutex);
}

static void points_clear(Points *points)
{
    for (uint32_t i = 0; i < points->design->point_count; i++)
        scenario_free(points->scenario[i]);
    g_free(points->scenario);
    g_free(points->users);
    g_mutex_clear(&points->mutex);
}

/* ---- One unit ---- */

static uint64_t run_one(const void *model, uint64_t seed, uint32_t replication, double *values)
{
    return platform_run(model, seed, replication, values, NULL);
}

static UnitRecord *unit_run(Points *points, uint64_t unit, uint32_t threads)
{
    const Design *design = points->design;
    UnitRecord *record = unit_new(design, unit);
    const Scenario *scenario = points_take(points, record->point);
    if (threads == 1) {
        for (uint32_t i = 0; i < record->count; i++)
            unit_fingerprints(record)[i] =
                platform_run(scenario, design->seed, record->first + i, unit_row(record, i), NULL);
    } else {
        Experiment experiment = {.run = run_one,
                                 .model = scenario,
                                 .seed = design->seed,
                                 .first = record->first,
                                 .replications = record->count,
                                 .threads = threads,
                                 .metric_count = record->metrics};
        ExperimentResult result;
        experiment_run(&experiment, &result);
        memcpy(unit_fingerprints(record), result.fingerprints,
               record->count * sizeof *result.fingerprints);
        memcpy(unit_row(record, 0), result.values,
               (size_t)record->count * record->metrics * sizeof *result.values);
        experiment_result_clear(&result);
    }
    points_give(points, record->point);
    return record;
}

/* ---- The crew ---- */

typedef struct Crew {
    const CrewPlan *plan;
    Points points;
    GMutex mutex;
    GCond left;
    /* Under the mutex: */
    uint64_t next; /* no unit below it is to be handed out */
    uint32_t working;
    bool stop, dirty;
    char *problem;
} Crew;

/* The next unit that nobody has; CLUSTER_NO_UNIT at the end. With the mutex. */
static uint64_t next_unit(Crew *crew)
{
    const Store *store = crew->plan->store;
    uint64_t units = design_units(store->design);
    if (crew->stop)
        return CLUSTER_NO_UNIT;
    while (crew->next < units &&
           (!design_has(store->design, crew->next) || store_has(store, crew->next)))
        crew->next++;
    return crew->next < units ? crew->next++ : CLUSTER_NO_UNIT;
}

/* With the mutex. */
static void write_unit(Crew *crew, const UnitRecord *record)
{
    crew->dirty = true;
    if (crew->problem != NULL || store_append(crew->plan->store, record, &crew->problem))
        return;
    crew->stop = true;
}

static void *work(void *data)
{
    Crew *crew = data;
    g_mutex_lock(&crew->mutex);
    for (uint64_t unit; (unit = next_unit(crew)) != CLUSTER_NO_UNIT;) {
        g_mutex_unlock(&crew->mutex);
        UnitRecord *record = unit_run(&crew->points, unit, 1);
        g_mutex_lock(&crew->mutex);
        write_unit(crew, record);
        g_free(record);
    }
    crew->working--;
    g_cond_signal(&crew->left);
    g_mutex_unlock(&crew->mutex);
    return NULL;
}

static uint64_t serve(void *data, const void *record, size_t length)
{
    Crew *crew = data;
    (void)length;
    g_mutex_lock(&crew->mutex);
    if (record != NULL)
        write_unit(crew, record);
    uint64_t unit = next_unit(crew);
    g_mutex_unlock(&crew->mutex);
    return unit;
}

static uint64_t runs_wanted(const Design *design)
{
    uint64_t runs = 0;
    for (uint64_t unit = 0; unit < design_units(design); unit++)
        if (design_has(design, unit))
            runs += design_unit_length(design, unit);
    return runs;
}

static void sync_store(Crew *crew)
{
    g_mutex_lock(&crew->mutex);
    bool dirty = crew->dirty && crew->problem == NULL;
    crew->dirty = false;
    g_mutex_unlock(&crew->mutex);
    char *problem = NULL;
    if (!dirty || store_sync(crew->plan->store, &problem))
        return;
    g_mutex_lock(&crew->mutex);
    crew->stop = true;
    if (crew->problem == NULL)
        crew->problem = g_steal_pointer(&problem);
    g_mutex_unlock(&crew->mutex);
    g_free(problem);
}

/* Sleeps a little; false when nobody works any more. */
static bool still_working(Crew *crew)
{
    bool alone = crew->plan->cluster->asking == 0;
    gint64 until = g_get_monotonic_time() + (alone ? WAIT_US : SERVE_US);
    g_mutex_lock(&crew->mutex);
    while (crew->working > 0 && g_cond_wait_until(&crew->left, &crew->mutex, until))
        ;
    bool working = crew->working > 0;
    g_mutex_unlock(&crew->mutex);
    if (!working && !alone)
        g_usleep(SERVE_US);
    return working || !alone;
}

static void watch(Crew *crew, bool *stopped)
{
    const CrewPlan *plan = crew->plan;
    const uint64_t all = runs_wanted(plan->store->design);
    gint64 synced = g_get_monotonic_time(), told = 0;
    while (still_working(crew)) {
        while (cluster_serve(plan->cluster, serve, crew))
            ;
        gint64 now = g_get_monotonic_time();
        if (now - synced >= SYNC_US) {
            sync_store(crew);
            synced = g_get_monotonic_time();
        }
        if (now - told < WAIT_US || plan->progress == NULL)
            continue;
        told = now;
        g_mutex_lock(&crew->mutex);
        uint64_t done = plan->store->runs;
        g_mutex_unlock(&crew->mutex);
        bool go_on = plan->progress(plan->progress_data, done, all);
        g_mutex_lock(&crew->mutex);
        crew->stop = crew->stop || !go_on;
        g_mutex_unlock(&crew->mutex);
    }
    *stopped = plan->store->runs < all;
}

bool crew_run(const CrewPlan *plan, bool *stopped, char **problem)
{
    Crew crew = {.plan = plan};
    points_init(&crew.points, plan, plan->store->design);
    g_mutex_init(&crew.mutex);
    g_cond_init(&crew.left);
    const uint32_t wanted = plan->threads > 0 ? plan->threads : g_get_num_processors();
    GThread **threads = g_new0(GThread *, wanted);
    crew.working = wanted;
    uint32_t started = 0;
    while (started < wanted &&
           (threads[started] = g_thread_try_new("crew", work, &crew, NULL)) != NULL)
        started++;
    g_mutex_lock(&crew.mutex);
    crew.working -= wanted - started;
    bool none = started == 0;
    crew.working += none ? 1 : 0;
    g_mutex_unlock(&crew.mutex);
    if (none)
        work(&crew); /* the system gives no thread */
    watch(&crew, stopped);
    for (uint32_t i = 0; i < started; i++)
        g_thread_join(threads[i]);
    sync_store(&crew);
    g_free(threads);
    points_clear(&crew.points);
    g_mutex_clear(&crew.mutex);
    g_cond_clear(&crew.left);
    *problem = crew.problem;
    return crew.problem == NULL;
}

void crew_help(const CrewPlan *plan)
{
    Points points;
    points_init(&points, plan, plan->store->design);
    UnitRecord *record = NULL;
    uint64_t unit;
    while ((unit = cluster_ask(plan->cluster, record, record != NULL ? unit_bytes(record) : 0)) !=
           CLUSTER_NO_UNIT) {
        g_free(record);
        record = unit_run(&points, unit, MAX(plan->threads, 1));
    }
    g_free(record);
    points_clear(&points);
}
