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
    GCond left, more; /* a thread has left; a unit was written, or all is to stop */
    uint32_t told;    /* points */
    /* Under the mutex: */
    uint32_t first;   /* no point before it wants anything */
    uint32_t *handed; /* by point: blocks that were handed out or were there */
    uint32_t working;
    bool stop, dirty;
    char *problem;
} Crew;

/* With the mutex. */
static uint64_t next_of_point(Crew *crew, uint32_t point)
{
    const Store *store = crew->plan->store;
    const uint64_t begin = (uint64_t)point * design_blocks(store->design);
    const uint32_t end = store_blocks(store, point);
    while (crew->handed[point] < end) {
        uint64_t unit = begin + crew->handed[point]++;
        if (design_has(store->design, unit) && !store_has(store, unit))
            return unit;
    }
    return CLUSTER_NO_UNIT;
}

/* The next unit that nobody has. CLUSTER_LATER: a point whose runs are in hand may want more of
 * them. CLUSTER_NO_UNIT at the end. With the mutex. */
static uint64_t next_unit(Crew *crew)
{
    const Store *store = crew->plan->store;
    bool open = false;
    while (crew->first < store->design->point_count && store->point[crew->first].whole)
        crew->first++;
    for (uint32_t p = crew->first; p < store->design->point_count && !crew->stop; p++) {
        if (store->point[p].whole)
            continue;
        uint64_t unit = next_of_point(crew, p);
        if (unit != CLUSTER_NO_UNIT)
            return unit;
        open = true;
    }
    return open && !crew->stop && store->design->precision > 0 ? CLUSTER_LATER : CLUSTER_NO_UNIT;
}

/* With the mutex. */
static void write_unit(Crew *crew, const UnitRecord *record)
{
    crew->dirty = true;
    if (crew->problem == NULL && !store_append(crew->plan->store, record, &crew->problem))
        crew->stop = true;
    g_cond_broadcast(&crew->more);
}

static void *work(void *data)
{
    Crew *crew = data;
    g_mutex_lock(&crew->mutex);
    for (uint64_t unit; (unit = next_unit(crew)) != CLUSTER_NO_UNIT;) {
        if (unit == CLUSTER_LATER) {
            g_cond_wait(&crew->more, &crew->mutex);
            continue;
        }
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

/* 0: nobody knows. */
static uint64_t runs_wanted(const Design *design)
{
    uint64_t runs = 0;
    if (design->precision > 0)
        return 0;
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
    g_cond_broadcast(&crew->more);
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

static void tell_points(Crew *crew)
{
    const Store *store = crew->plan->store;
    if (crew->plan->point_done == NULL)
        return;
    g_mutex_lock(&crew->mutex);
    uint32_t whole = crew->told;
    while (whole < store->design->point_count && store->point[whole].whole)
        whole++;
    g_mutex_unlock(&crew->mutex);
    while (crew->told < whole)
        crew->plan->point_done(crew->plan->point_data, crew->told++);
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
        tell_points(crew);
        if (now - told < WAIT_US || plan->progress == NULL)
            continue;
        told = now;
        g_mutex_lock(&crew->mutex);
        CrewState state = {plan->store->runs, all, plan->store->whole,
                           plan->store->design->point_count};
        g_mutex_unlock(&crew->mutex);
        bool go_on = plan->progress(plan->progress_data, &state);
        g_mutex_lock(&crew->mutex);
        crew->stop = crew->stop || !go_on;
        g_cond_broadcast(&crew->more);
        g_mutex_unlock(&crew->mutex);
    }
    tell_points(crew);
    *stopped = plan->store->whole < plan->store->design->point_count;
}

bool crew_run(const CrewPlan *plan, bool *stopped, char **problem)
{
    Crew crew = {.plan = plan};
    points_init(&crew.points, plan, plan->store->design);
    g_mutex_init(&crew.mutex);
    g_cond_init(&crew.left);
    g_cond_init(&crew.more);
    crew.handed = g_new0(uint32_t, plan->store->design->point_count);
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
    g_cond_clear(&crew.more);
    g_free(crew.handed);
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
        g_clear_pointer(&record, g_free);
        if (unit == CLUSTER_LATER)
            g_usleep(SERVE_US);
        else
            record = unit_run(&points, unit, MAX(plan->threads, 1));
    }
    g_free(record);
    points_clear(&points);
}
