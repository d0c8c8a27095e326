/* Sequential stopping: the looks, what is settled, and whether the intervals still cover. */
#include "sim/precision.h"

#include <glib.h>
#include <math.h>

#include "sim/experiment.h"
#include "sim/random.h"

static const Expect mean = {.stat = EXPECT_MEAN}, median = {.stat = EXPECT_QUANTILE, .q = 0.5};

/* From the minimum to the maximum, never standing still, each look at most a third more. */
static void test_looks(void)
{
    const PrecisionRule rule = {.min_runs = 30, .max_runs = 5000};
    uint32_t looks = 0;
    for (uint32_t done = 0, next = 0; done < 5000; done = next, looks++) {
        next = precision_next(&rule, done);
        g_assert_true(next > done && next <= 5000);
        g_assert_true(done > 0 || next == 30);
        g_assert_true(done == 0 || next - done <= done / 3 + 1);
    }
    g_assert_cmpuint(looks, <, 30);
    g_assert_cmpuint(precision_next(&rule, 5000), ==, 5000);
    const PrecisionRule tight = {.min_runs = 2, .max_runs = 2};
    g_assert_cmpuint(precision_next(&tight, 0), ==, 2);
}

static void test_settled(void)
{
    double same[40], never[40], some[40], none[40], zeros[40];
    for (size_t i = 0; i < 40; i++) {
        same[i] = 7;
        zeros[i] = 0;
        never[i] = INFINITY;
        none[i] = NAN;
        some[i] = i == 3 ? 1 : 0;
    }
    g_assert_cmpfloat(precision_of(&mean, same, 40, 1), ==, 0);
    g_assert_cmpfloat(precision_of(&mean, zeros, 40, 1), ==, 0);
    g_assert_cmpfloat(precision_of(&median, same, 40, 1), ==, 0);
    g_assert_cmpfloat(precision_of(&mean, never, 40, 1), ==, 0);
    g_assert_cmpfloat(precision_of(&median, never, 40, 1), ==, 0);
    g_assert_true(isnan(precision_of(&mean, none, 40, 1)));
    /* One event in forty runs: its skewness asks for a thousand. */
    g_assert_cmpfloat(precision_of(&mean, some, 40, 1), ==, INFINITY);
    g_assert_cmpfloat(precision_of(&median, same, 5, 1), ==, INFINITY);
    const PrecisionRule rule = {0.05, 30, 100, &mean, 1};
    g_assert_true(precision_met(&rule, none, 40, 1));
    g_assert_false(precision_met(&rule, some, 40, 1));
    g_assert_false(precision_applies(&(Expect){.stat = EXPECT_MAX}));
    g_assert_false(precision_applies(&(Expect){.stat = EXPECT_MEAN, .op = EXPECT_EQ}));
    g_assert_true(precision_applies(&(Expect){.stat = EXPECT_QUANTILE, .q = 0.9}));
}

/* Exponential with mean 1, relative precision 10 %: about 400 runs. Looking repeatedly costs a
 * little coverage: at least 93 % of nominal 95 %, less 4.9 standard errors (false alarm 1e-6). */
static void test_coverage(void)
{
    enum { TRIALS = 400 };
    const uint32_t most = 4000;
    RandomStream stream;
    random_init(&stream, 11, 0, "precision", "coverage");
    const PrecisionRule rule = {0.1, 30, most, &mean, 1};
    double *values = g_new(double, most);
    int covered = 0, reached = 0;
    double total = 0;
    for (int t = 0; t < TRIALS; t++) {
        uint32_t done = 0;
        do {
            for (uint32_t next = precision_next(&rule, done); done < next; done++)
                values[done] = random_exponential(&stream);
        } while (!precision_met(&rule, values, done, 1) && done < most);
        const double m = stats_mean(values, done), sd = stats_sd(values, done, m);
        const StatsInterval i = stats_mean_interval(m, sd, done, 0.95);
        reached += (i.high - i.low) / 2 <= 0.1 * m;
        covered += i.low <= 1 && 1 <= i.high;
        total += done;
    }
    g_free(values);
    g_assert_cmpint(reached, ==, TRIALS);
    g_assert_cmpint(covered, >, (int)(TRIALS * (0.93 - 4.9 * sqrt(0.93 * 0.07 / TRIALS))));
    /* (1.96 / 0.1)^2 = 384, and up to a quarter too many. */
    g_assert_cmpfloat(total / TRIALS, >, 340);
    g_assert_cmpfloat(total / TRIALS, <, 384 * 1.25);
}

static uint64_t number(const void *model, uint64_t seed, uint32_t replication, double *values)
{
    (void)model;
    values[0] = replication;
    values[1] = (double)seed;
    return replication * 1000003 + seed;
}

/* A study in parts is the study. */
static void test_join(void)
{
    Experiment experiment = {
        .run = number, .seed = 5, .replications = 30, .threads = 2, .metric_count = 2};
    ExperimentResult whole, parts = {0}, part;
    experiment_run(&experiment, &whole);
    static const uint32_t sizes[] = {1, 12, 17};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        experiment.first = parts.replications;
        experiment.replications = sizes[i];
        experiment_run(&experiment, &part);
        experiment_join(&parts, &part);
    }
    g_assert_cmpuint(parts.replications, ==, 30);
    for (size_t i = 0; i < 60; i++)
        g_assert_cmpfloat(parts.values[i], ==, whole.values[i]);
    g_assert_true(parts.fingerprint == whole.fingerprint);
    experiment_result_clear(&parts);
    experiment_result_clear(&whole);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/precision/looks", test_looks);
    g_test_add_func("/precision/settled", test_settled);
    g_test_add_func("/precision/coverage", test_coverage);
    g_test_add_func("/precision/join", test_join);
    return g_test_run();
}
