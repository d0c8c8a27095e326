/* Experiments: the same bytes from any number of threads, and an orderly stop. */
#include "sim/experiment.h"

#include <glib.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "sim/random.h"

#define METRICS 3

/* What a run sees and counts; the counter is the only thing that runs share. */
typedef struct Model {
    useconds_t pause;
    atomic_uint *runs;
} Model;

/* Longer runs for some replications, so that threads finish out of order. */
static uint64_t run_model(const void *data, uint64_t seed, uint32_t replication, double *values)
{
    const Model *model = data;
    RandomStream stream;
    random_init(&stream, seed, replication, "model", "test");
    const uint64_t steps = 1 + random_below(&stream, 5000);
    uint64_t hash = 0;
    values[0] = values[1] = 0;
    for (uint64_t i = 0; i < steps; i++) {
        const double x = random_exponential(&stream);
        values[0] += x;
        hash = random_mix(hash + (uint64_t)(x * 1e9));
    }
    values[1] = (double)(int64_t)steps;
    values[2] = replication;
    if (model->pause)
        usleep(model->pause);
    atomic_fetch_add(model->runs, 1);
    return hash;
}

static Experiment experiment_of(const Model *model, uint32_t replications, uint32_t threads)
{
    return (Experiment){.run = run_model,
                        .model = model,
                        .seed = 99,
                        .replications = replications,
                        .threads = threads,
                        .metric_count = METRICS};
}

static void test_same_bytes(void)
{
    static const uint32_t threads[] = {1, 2, 3, 8, 0, 1000};
    atomic_uint runs = 0;
    const Model model = {0, &runs};
    ExperimentResult first = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        const Experiment experiment = experiment_of(&model, 300, threads[i]);
        ExperimentResult result;
        experiment_run(&experiment, &result);
        g_assert_cmpuint(result.replications, ==, 300);
        g_assert_cmpuint(result.metric_count, ==, METRICS);
        g_assert_false(result.stopped);
        if (i == 0) {
            first = result;
            continue;
        }
        g_assert_cmphex(result.fingerprint, ==, first.fingerprint);
        g_assert_true(memcmp(result.values, first.values, 300 * METRICS * sizeof(double)) == 0);
        experiment_result_clear(&result);
    }
    g_assert_cmpuint(atomic_load(&runs), ==, 300 * G_N_ELEMENTS(threads));
    experiment_result_clear(&first);
    g_assert_null(first.values);
}

/* A study in two parts has the rows of the whole. */
static void test_parts(void)
{
    atomic_uint runs = 0;
    const Model model = {0, &runs};
    Experiment experiment = experiment_of(&model, 50, 2);
    ExperimentResult whole, part;
    experiment_run(&experiment, &whole);
    experiment.first = 20;
    experiment.replications = 30;
    experiment_run(&experiment, &part);
    g_assert_cmpuint(part.replications, ==, 30);
    g_assert_true(memcmp(part.values, whole.values + 20 * METRICS, 30 * METRICS * sizeof(double)) ==
                  0);
    experiment_result_clear(&whole);
    experiment_result_clear(&part);
}

static uint64_t fingerprint_of(uint32_t replications, uint64_t seed)
{
    atomic_uint runs = 0;
    const Model model = {0, &runs};
    Experiment experiment = experiment_of(&model, replications, 2);
    experiment.seed = seed;
    ExperimentResult result;
    experiment_run(&experiment, &result);
    const uint64_t fingerprint = result.fingerprint;
    experiment_result_clear(&result);
    return fingerprint;
}

/* Seeds 0 and 1 give the same fingerprints with neighbours swapped. */
static uint64_t run_swapped(const void *model, uint64_t seed, uint32_t replication, double *values)
{
    (void)model;
    (void)values;
    return random_mix(replication ^ seed);
}

static void test_fingerprint_order(void)
{
    uint64_t fingerprint[2];
    for (uint64_t seed = 0; seed < 2; seed++) {
        const Experiment experiment = {.run = run_swapped, .seed = seed, .replications = 10};
        ExperimentResult result;
        experiment_run(&experiment, &result);
        fingerprint[seed] = result.fingerprint;
        experiment_result_clear(&result);
    }
    g_assert_cmphex(fingerprint[0], !=, fingerprint[1]);
}

static void test_fingerprint(void)
{
    g_assert_cmphex(fingerprint_of(10, 1), ==, fingerprint_of(10, 1));
    g_assert_cmphex(fingerprint_of(10, 1), !=, fingerprint_of(11, 1));
    g_assert_cmphex(fingerprint_of(10, 1), !=, fingerprint_of(10, 2));
}

/* Every row is the run of its own index. */
static void test_rows(void)
{
    atomic_uint runs = 0;
    const Model model = {0, &runs};
    const Experiment experiment = experiment_of(&model, 50, 4);
    ExperimentResult result;
    experiment_run(&experiment, &result);
    for (uint32_t i = 0; i < 50; i++) {
        double values[METRICS];
        run_model(&model, 99, i, values);
        g_assert_true(memcmp(values, result.values + i * METRICS, sizeof values) == 0);
    }
    experiment_result_clear(&result);
}

typedef struct Watch {
    uint32_t calls, last, stop_at;
    GThread *thread;
} Watch;

static bool watch_progress(void *data, uint32_t done, uint32_t total)
{
    Watch *watch = data;
    g_assert_cmpuint(done, >=, watch->last);
    g_assert_cmpuint(done, <=, total);
    g_assert_true(g_thread_self() == watch->thread);
    watch->calls++;
    watch->last = done;
    return done < watch->stop_at;
}

static void test_progress(void)
{
    atomic_uint runs = 0;
    const Model model = {30000, &runs};
    Watch watch = {.stop_at = UINT32_MAX, .thread = g_thread_self()};
    Experiment experiment = experiment_of(&model, 20, 2);
    experiment.progress = watch_progress;
    experiment.progress_data = &watch;
    ExperimentResult result;
    experiment_run(&experiment, &result);
    g_assert_cmpuint(watch.calls, >=, 2);
    g_assert_cmpuint(watch.last, ==, 20);
    g_assert_false(result.stopped);
    experiment_result_clear(&result);
}

/* Stopped early: what was begun is finished, a prefix remains and is like that of a shorter run. */
static void test_stop(void)
{
    atomic_uint runs = 0;
    const Model model = {10000, &runs};
    Watch watch = {.stop_at = 4, .thread = g_thread_self()};
    Experiment experiment = experiment_of(&model, 5000, 3);
    experiment.progress = watch_progress;
    experiment.progress_data = &watch;
    ExperimentResult result;
    experiment_run(&experiment, &result);
    g_assert_true(result.stopped);
    g_assert_cmpuint(result.replications, >=, 4);
    g_assert_cmpuint(result.replications, <, 5000);
    g_assert_cmpuint(result.replications, ==, atomic_load(&runs));
    for (uint32_t i = 0; i < result.replications; i++)
        g_assert_cmpfloat(result.values[i * METRICS + 2], ==, i);
    g_assert_cmphex(result.fingerprint, ==, fingerprint_of(result.replications, 99));
    experiment_result_clear(&result);
}

static void test_none(void)
{
    atomic_uint runs = 0;
    const Model model = {0, &runs};
    const Experiment experiment = experiment_of(&model, 0, 4);
    ExperimentResult result;
    experiment_run(&experiment, &result);
    g_assert_cmpuint(result.replications, ==, 0);
    g_assert_false(result.stopped);
    g_assert_cmpuint(atomic_load(&runs), ==, 0);
    experiment_result_clear(&result);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/experiment/parts", test_parts);
    g_test_add_func("/experiment/same-bytes", test_same_bytes);
    g_test_add_func("/experiment/fingerprint", test_fingerprint);
    g_test_add_func("/experiment/fingerprint-order", test_fingerprint_order);
    g_test_add_func("/experiment/rows", test_rows);
    g_test_add_func("/experiment/progress", test_progress);
    g_test_add_func("/experiment/stop", test_stop);
    g_test_add_func("/experiment/none", test_none);
    return g_test_run();
}
