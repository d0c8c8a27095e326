#include "cli/sweep_point.h"

#include "cli/study.h"
#include "models/platform.h"
#include "sim/experiment.h"

enum { COLUMN_BYTES = 32 << 20 };

static void judge(SweepPoint *result, size_t metric, const double *column)
{
    for (size_t i = 0; i < result->point->expect_count; i++) {
        Expect expect = result->point->expect[i].expect;
        if (expect.metric != metric)
            continue;
        expect.metric = 0; /* of a matrix of one column */
        result->outcome[i] = expect_judge(&expect, column, result->runs, 1);
        result->tally[result->outcome[i].verdict]++;
    }
    for (size_t i = 0; i < result->rule.count; i++) {
        Expect target = result->rule.targets[i];
        if (target.metric != metric)
            continue;
        target.metric = 0;
        result->half_width[i] = precision_of(&target, column, result->runs, 1);
    }
}

static bool read_columns(SweepPoint *result, const Store *store, uint32_t point, double *columns,
                         size_t at_once, uint64_t *fingerprints, char **problem)
{
    const size_t metrics = platform_metrics.count, stride = store->design->runs;
    for (size_t first = 0; first < metrics; first += at_once) {
        const size_t count = MIN(at_once, metrics - first);
        if (!store_columns(store, point, first, count, columns, first == 0 ? fingerprints : NULL,
                           &result->runs, problem))
            return false;
        for (size_t m = 0; m < count; m++) {
            result->summary[first + m] = stats_summarise(columns + m * stride, result->runs);
            judge(result, first + m, columns + m * stride);
        }
    }
    result->fingerprint = experiment_fingerprint(fingerprints, result->runs);
    return true;
}

bool sweep_point_read(SweepPoint *result, const Store *store, uint32_t point, char **problem)
{
    const size_t runs = store->design->runs, metrics = platform_metrics.count;
    *result = (SweepPoint){.point = &store->design->point[point]};
    result->summary = g_new0(StatsSummary, metrics);
    result->outcome = g_new0(ExpectOutcome, result->point->expect_count + 1);
    result->whole = store->point[point].whole;
    result->precise = store->point[point].precise;
    if (store->design->precision > 0)
        precise_point_rule(store->design, result->point, &result->rule);
    result->half_width = g_new0(double, result->rule.count + 1);
    const size_t at_once = CLAMP(COLUMN_BYTES / (runs * sizeof(double)), 1, metrics);
    g_autofree double *columns = g_new(double, at_once *runs);
    g_autofree uint64_t *fingerprints = g_new(uint64_t, runs);
    return read_columns(result, store, point, columns, at_once, fingerprints, problem);
}

void sweep_point_clear(SweepPoint *result)
{
    for (size_t i = 0; i < result->point->expect_count; i++)
        g_free(result->outcome[i].note);
    g_free(result->outcome);
    g_free(result->summary);
    g_free(result->half_width);
    precise_clear(&result->rule);
}

const char *sweep_point_verdict(const SweepPoint *result)
{
    if (result->point->expect_count == 0)
        return NULL;
    if (result->tally[VERDICT_FAIL] > 0)
        return verdict_name[VERDICT_FAIL];
    return verdict_name[result->tally[VERDICT_INCONCLUSIVE] > 0 ? VERDICT_INCONCLUSIVE
                                                                : VERDICT_PASS];
}

ExitCode sweep_point_exit(const SweepPoint *result)
{
    if (result->tally[VERDICT_FAIL] > 0)
        return EXIT_UNMET;
    return result->tally[VERDICT_INCONCLUSIVE] > 0 ? EXIT_INCONCLUSIVE : EXIT_MET;
}
