#include "sim/experiment.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "sim/check.h"
#include "sim/random.h"

#define PROGRESS_INTERVAL_NS 100000000

/* What the threads share. Rows and fingerprints are written by index, each by one thread, and read
 * after the threads have been joined. pthread's mutex rather than GLib's: thread checkers know it.
 */
typedef struct Crew {
    const Experiment *experiment;
    double *values;
    uint64_t *fingerprints;
    atomic_uint next; /* first replication that nobody has taken */
    atomic_uint done;
    atomic_bool stop;
    pthread_mutex_t mutex;
    pthread_cond_t left; /* a thread has left */
    uint32_t working;    /* under the mutex */
} Crew;

/* Take the next replication, run it, until none is left or the crew is told to stop. What was taken
 * is always finished, so the finished ones are a prefix. */
static void crew_work(Crew *crew)
{
    const Experiment *e = crew->experiment;
    while (!atomic_load(&crew->stop)) {
        const uint32_t i = atomic_fetch_add(&crew->next, 1);
        if (i >= e->replications)
            break;
        double *row = crew->values + (size_t)i * e->metric_count;
        crew->fingerprints[i] = e->run(e->model, e->seed, e->first + i, row);
        atomic_fetch_add(&crew->done, 1);
    }
}

static void *crew_thread(void *data)
{
    Crew *crew = data;
    crew_work(crew);
    pthread_mutex_lock(&crew->mutex);
    crew->working--;
    pthread_cond_signal(&crew->left);
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

/* As many of `wanted` as the system grants, perhaps none. */
static uint32_t crew_start(Crew *crew, pthread_t *threads, uint32_t wanted)
{
    uint32_t started = 0;
    while (started < wanted) {
        pthread_mutex_lock(&crew->mutex);
        crew->working++;
        pthread_mutex_unlock(&crew->mutex);
        if (pthread_create(&threads[started], NULL, crew_thread, crew) != 0) {
            pthread_mutex_lock(&crew->mutex);
            crew->working--;
            pthread_mutex_unlock(&crew->mutex);
            break;
        }
        started++;
    }
    return started;
}

/* Sleep until the next report is due. False once all threads have left. */
static bool crew_wait(Crew *crew)
{
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    due.tv_nsec += PROGRESS_INTERVAL_NS;
    due.tv_sec += due.tv_nsec / 1000000000;
    due.tv_nsec %= 1000000000;
    pthread_mutex_lock(&crew->mutex);
    int woken = 0;
    while (crew->working > 0 && woken != ETIMEDOUT)
        woken = pthread_cond_timedwait(&crew->left, &crew->mutex, &due);
    const bool working = crew->working > 0;
    pthread_mutex_unlock(&crew->mutex);
    return working;
}

static void crew_report(Crew *crew)
{
    const Experiment *e = crew->experiment;
    const uint32_t done = atomic_load(&crew->done);
    if (e->progress && !e->progress(e->progress_data, done, e->replications))
        atomic_store(&crew->stop, true);
}

static void crew_init(Crew *crew, const Experiment *experiment)
{
    *crew = (Crew){
        .experiment = experiment,
        .values = g_new(double, (size_t)experiment->replications * experiment->metric_count),
        .fingerprints = g_new(uint64_t, experiment->replications),
    };
    pthread_mutex_init(&crew->mutex, NULL);
    pthread_condattr_t attributes; /* the monotonic clock: nobody sets it back */
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&crew->left, &attributes);
    pthread_condattr_destroy(&attributes);
}

static uint32_t threads_wanted(const Experiment *experiment)
{
    const uint32_t asked = experiment->threads ? experiment->threads : g_get_num_processors();
    return MIN(asked, experiment->replications);
}

static void crew_run(Crew *crew)
{
    const uint32_t wanted = threads_wanted(crew->experiment);
    pthread_t *threads = g_new(pthread_t, wanted);
    const uint32_t started = crew_start(crew, threads, wanted);
    if (started == 0)
        crew_work(crew); /* the system gives no thread: slower, without progress */
    while (crew_wait(crew))
        crew_report(crew);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    crew_report(crew); /* the last count; too late to stop anything */
    g_free(threads);
}

/* In the order of the replications, whatever the order of their ends. */
uint64_t experiment_fingerprint(const uint64_t *fingerprints, uint32_t count)
{
    uint64_t hash = random_mix(count);
    for (uint32_t i = 0; i < count; i++)
        hash = random_mix(hash + fingerprints[i]);
    return hash;
}

void experiment_run(const Experiment *experiment, ExperimentResult *result)
{
    SIM_CHECK(experiment->run && experiment->replications < UINT32_MAX / 2);
    SIM_CHECK(experiment->first < UINT32_MAX / 2);
    Crew crew;
    crew_init(&crew, experiment);
    crew_run(&crew);
    const uint32_t done = atomic_load(&crew.done);
    SIM_CHECK(done == MIN(atomic_load(&crew.next), experiment->replications));
    *result = (ExperimentResult){
        .replications = done,
        .metric_count = experiment->metric_count,
        .values = crew.values,
        .fingerprints = crew.fingerprints,
        .fingerprint = experiment_fingerprint(crew.fingerprints, done),
        .stopped = done < experiment->replications,
    };
    pthread_cond_destroy(&crew.left);
    pthread_mutex_destroy(&crew.mutex);
}

void experiment_join(ExperimentResult *whole, ExperimentResult *part)
{
    const size_t before = whole->replications, added = part->replications;
    const size_t columns = part->metric_count;
    SIM_CHECK(before == 0 || whole->metric_count == columns);
    SIM_CHECK(before + added < UINT32_MAX / 2);
    whole->values = g_renew(double, whole->values, (before + added) * columns);
    whole->fingerprints = g_renew(uint64_t, whole->fingerprints, before + added);
    for (size_t i = 0; i < added * columns; i++)
        whole->values[before * columns + i] = part->values[i];
    for (size_t i = 0; i < added; i++)
        whole->fingerprints[before + i] = part->fingerprints[i];
    whole->metric_count = columns;
    whole->replications = (uint32_t)(before + added);
    whole->fingerprint = experiment_fingerprint(whole->fingerprints, whole->replications);
    whole->stopped = part->stopped;
    experiment_result_clear(part);
}

void experiment_result_clear(ExperimentResult *result)
{
    g_free(result->fingerprints);
    g_free(result->values);
    *result = (ExperimentResult){0};
}
