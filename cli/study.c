#include "cli/study.h"

#include <math.h>
#include <string.h>

#include "sim/check.h"

const char *const verdict_name[3] = {
    [VERDICT_PASS] = "PASS",
    [VERDICT_FAIL] = "FAIL",
    [VERDICT_INCONCLUSIVE] = "INCONCLUSIVE",
};

size_t study_metric(const char *name)
{
    for (size_t i = 0; i < platform_metrics.count; i++)
        if (strcmp(platform_metrics.specs[i].name, name) == 0)
            return i;
    return STUDY_NO_METRIC;
}

double study_value(const Study *study, uint32_t run, size_t metric)
{
    SIM_CHECK(run < study->result.replications && metric < study->result.metric_count);
    return study->result.values[(size_t)run * study->result.metric_count + metric];
}

bool study_worst(const Study *study, size_t metric, int sign, uint32_t *run)
{
    bool found = false;
    double worst = 0;
    for (uint32_t i = 0; i < study->result.replications; i++) {
        double value = study_value(study, i, metric);
        if (isnan(value) || (found && sign * value <= sign * worst))
            continue;
        found = true;
        worst = value;
        *run = i;
    }
    return found;
}

double study_total(const Study *study, size_t metric)
{
    double total = 0;
    for (uint32_t i = 0; i < study->result.replications; i++) {
        double value = study_value(study, i, metric);
        if (!isnan(value))
            total += value;
    }
    return total;
}

static uint64_t run_one(const void *model, uint64_t seed, uint32_t replication, double *values)
{
    return platform_run(model, seed, replication, values, NULL);
}

static void summarise(Study *study)
{
    size_t metrics = study->result.metric_count, runs = study->result.replications;
    g_autofree double *column = g_new(double, runs + 1);
    study->summary = g_new0(StatsSummary, metrics);
    for (size_t m = 0; m < metrics; m++) {
        for (size_t i = 0; i < runs; i++)
            column[i] = study->result.values[i * metrics + m];
        study->summary[m] = stats_summarise(column, runs);
    }
}

static void judge(Study *study)
{
    study->expect_count = scenario_expect_count(study->scenario);
    study->outcome = g_new0(ExpectOutcome, study->expect_count);
    for (size_t i = 0; i < study->expect_count; i++) {
        const Expect *expect = &scenario_expect(study->scenario, i)->expect;
        study->outcome[i] = expect_judge(expect, study->result.values, study->result.replications,
                                         study->result.metric_count);
        study->tally[study->outcome[i].verdict]++;
    }
}

/* The quantile is one of the values, so the nearest run is one that has it exactly. */
static uint32_t choose_run(const Study *study)
{
    size_t metric = study_metric("rto.service");
    if (metric == STUDY_NO_METRIC || study->summary[metric].runs == 0)
        return 0;
    for (uint32_t i = 0; i < study->result.replications; i++)
        if (study_value(study, i, metric) == study->summary[metric].p95)
            return i;
    return 0;
}

/* A run is a pure function of its arguments: anything else would tell a story of another run. */
static void tell(Study *study)
{
    size_t metrics = study->result.metric_count;
    g_autofree double *values = g_new0(double, metrics);
    study->has_shown = true;
    study->shown = choose_run(study);
    platform_run(study->scenario, study->seed, study->shown, values, &study->detail);
    for (size_t m = 0; m < metrics; m++) {
        double before = study_value(study, study->shown, m);
        SIM_CHECK(values[m] == before || (isnan(values[m]) && isnan(before)));
    }
}

/* Progress of a part told as progress of the whole. */
typedef struct Whole {
    const StudyPlan *plan;
    uint32_t before, total;
} Whole;

static bool step_whole(void *data, uint32_t done, uint32_t total)
{
    (void)total;
    const Whole *whole = data;
    return whole->plan->progress(whole->plan->progress_data, whole->before + done, whole->total);
}

static void run_part(Study *study, const StudyPlan *plan, uint32_t until)
{
    ExperimentResult part;
    Whole whole = {plan, study->result.replications, study->asked};
    Experiment experiment = {
        .run = run_one,
        .model = study->scenario,
        .seed = plan->seed,
        .first = study->result.replications,
        .replications = until - study->result.replications,
        .threads = plan->threads,
        .metric_count = platform_metrics.count,
        .progress = plan->progress != NULL ? step_whole : NULL,
        .progress_data = &whole,
    };
    experiment_run(&experiment, &part);
    experiment_join(&study->result, &part);
    if (plan->part_done != NULL)
        plan->part_done(plan->part_data, study->result.replications);
}

/* A part may be too short to notice by itself. */
static bool interrupted(Study *study, const StudyPlan *plan)
{
    uint32_t done = study->result.replications;
    if (plan->progress != NULL && done < study->asked &&
        !plan->progress(plan->progress_data, done, study->asked))
        study->result.stopped = true;
    return study->result.stopped;
}

static void run_parts(Study *study, const StudyPlan *plan)
{
    const PrecisionRule *rule = plan->precision;
    const ExperimentResult *result = &study->result;
    do {
        uint32_t done = result->replications;
        uint32_t until = rule != NULL ? precision_next(rule, done) : plan->runs;
        if (rule == NULL && plan->part > 0)
            until = MIN(until, done + plan->part);
        run_part(study, plan, until);
        if (interrupted(study, plan))
            break;
        study->precise =
            rule != NULL && !result->stopped &&
            precision_met(rule, result->values, result->replications, result->metric_count);
    } while (!study->precise && result->replications < study->asked);
}

void study_run(Study *study, const Source *source, const GPtrArray *sets, const StudyPlan *plan)
{
    *study = (Study){.source = source, .scenario = source->scenario, .sets = sets};
    study->seed = plan->seed;
    study->precision = plan->precision;
    study->asked = plan->precision != NULL ? plan->precision->max_runs : plan->runs;
    run_parts(study, plan);
    SIM_CHECK(study->result.metric_count == platform_metrics.count);
    summarise(study);
    judge(study);
    if (plan->tell && study->result.replications > 0)
        tell(study);
}

void study_clear(Study *study)
{
    if (study->has_shown)
        run_detail_clear(&study->detail);
    for (size_t i = 0; i < study->expect_count; i++)
        g_free(study->outcome[i].note);
    g_free(study->outcome);
    g_free(study->summary);
    experiment_result_clear(&study->result);
    *study = (Study){0};
}

uint32_t study_runs_wanted(const Study *study)
{
    return study->precision != NULL && !study->result.stopped ? study->result.replications
                                                              : study->asked;
}

ExitCode study_exit(const Study *study)
{
    if (study->result.stopped)
        return EXIT_INTERRUPTED;
    if (study->tally[VERDICT_FAIL] > 0)
        return EXIT_UNMET;
    return study->tally[VERDICT_INCONCLUSIVE] > 0 ? EXIT_INCONCLUSIVE : EXIT_MET;
}

const char *study_verdict(const Study *study)
{
    if (study->expect_count == 0)
        return NULL;
    if (study->tally[VERDICT_FAIL] > 0)
        return verdict_name[VERDICT_FAIL];
    if (study->tally[VERDICT_INCONCLUSIVE] > 0)
        return verdict_name[VERDICT_INCONCLUSIVE];
    return verdict_name[VERDICT_PASS];
}
