/* failsim choose: the cheapest design that meets the policy, and how sure that is. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/ci.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/outputs.h"
#include "cli/page.h"
#include "cli/results.h"
#include "cli/source.h"
#include "cli/study.h"
#include "cli/sweep_progress.h"
#include "sim/check.h"
#include "sim/selection.h"

enum { FIRST_RUNS = 40, BATCH_RUNS = 20, DESIGNS_MAX = 1000 };

/* "max", "min" and "==" are about all runs there could be; so many of them stand for all. */
static const double ALMOST_ALL = 0.99;

typedef struct ChooseOptions {
    OptionNumber budget, confidence, seed, jobs;
    GPtrArray *sets;
    const char *cost;
    OutputOptions out;
    bool quiet, no_color;
} ChooseOptions;

#define FIELD(name) offsetof(ChooseOptions, name)
static const OptionSpec choose_specs[] = {
    {0, "cost", "METRIC", OPTION_TEXT, FIELD(cost), 0, 0, "what is least (else cost.year)"},
    {0, "budget", "N", OPTION_NUMBER, FIELD(budget), 100, 100000000,
     "runs in all (else 500 for each design)"},
    {0, "confidence", "PERCENT", OPTION_NUMBER, FIELD(confidence), 50, 99,
     "stop when the choice is right with this probability (else 95)"},
    {0, "seed", "S", OPTION_NUMBER, FIELD(seed), 0, INT64_MAX - 1, "else the scenario's run.seed"},
    {0, "set", "KEY=VALUE", OPTION_LIST, FIELD(sets), 0, 0,
     "as if the scenario said so; may be repeated"},
    {'j', "jobs", "N", OPTION_NUMBER, FIELD(jobs), 0, 1024,
     "threads (0, the default: one a processor); results do not depend on it"},
    OUTPUT_JSON(ChooseOptions, out),
    OUTPUT_CSV(ChooseOptions, out, "one row a design"),
    OUTPUT_MARKDOWN(ChooseOptions, out),
    {'q', "quiet", NULL, OPTION_FLAG, FIELD(quiet), 0, 0, "no progress, no report"},
    {0, "no-color", NULL, OPTION_FLAG, FIELD(no_color), 0, 0,
     "also NO_COLOR=1; colour is used on a terminal only"},
};

typedef struct Candidate {
    char *name;
    Scenario *scenario;
} Candidate;

typedef struct Choice {
    const ChooseOptions *options;
    const Source *source;
    const Scenario *base; /* whose expectations are the policy */
    GArray *candidates;
    SelectionConstraint *constraint;
    size_t constraints, cost;
    size_t taken_for_share; /* expectations about all runs */
    uint64_t seed, budget;
    double target;
    SelectionResult result;
    SweepProgress progress;
} Choice;

/* ---- candidates ---- */

static void add_candidate(Choice *choice, const char *name, Scenario *scenario)
{
    Candidate candidate = {g_strdup(name), scenario};
    g_array_append_val(choice->candidates, candidate);
}

static Scenario *read_one(const Choice *choice, ScenarioPoint *point)
{
    const Source *source = choice->source;
    const GPtrArray *sets = choice->options->sets;
    DiagList diags;
    diag_list_init(&diags);
    Scenario *scenario =
        scenario_read_point(source->file, source->text, source->length,
                            (const char *const *)sets->pdata, sets->len, point, &diags);
    diag_list_clear(&diags);
    return scenario;
}

/* Variants, and the scenario as it is; or the points of the sweep. */
static void take_candidates(Choice *choice)
{
    const Source *source = choice->source;
    for (size_t v = 0; source->variants > 0 && v <= source->variants; v++) {
        ScenarioPoint which = {.point = SCENARIO_BASE, .variant = v};
        Scenario *scenario = read_one(choice, &which);
        SIM_CHECK(scenario != NULL); /* checked before */
        add_candidate(choice, v == 0 ? "as it is" : which.name, scenario);
        g_free(which.name);
    }
    for (size_t p = 0; source->variants == 0 && p < source->points; p++) {
        ScenarioPoint which = {.point = p};
        Scenario *scenario = read_one(choice, &which);
        if (scenario != NULL)
            add_candidate(choice, which.name, scenario);
        g_free(which.name);
    }
}

/* ---- the policy as constraints ---- */

static bool holds(const Expect *expect, double value)
{
    switch (expect->op) {
    case EXPECT_LE:
        return value <= expect->limit;
    case EXPECT_LT:
        return value < expect->limit;
    case EXPECT_GE:
        return value >= expect->limit;
    case EXPECT_GT:
        return value > expect->limit;
    case EXPECT_EQ:
        return value >= expect->limit && value <= expect->limit;
    }
    return false;
}

/* p95 <= 5m says that 95 % of the runs are at most 5m; p95 >= 5m that 5 % are at least. */
static double threshold_of(const Expect *expect)
{
    bool upper = expect->op == EXPECT_LE || expect->op == EXPECT_LT;
    if (expect->stat == EXPECT_QUANTILE)
        return upper ? expect->q : 1 - expect->q;
    return expect->stat == EXPECT_SHARE ? expect->q : ALMOST_ALL;
}

static void take_policy(Choice *choice)
{
    choice->constraints = scenario_expect_count(choice->base);
    choice->constraint = g_new0(SelectionConstraint, choice->constraints + 1);
    for (size_t c = 0; c < choice->constraints; c++) {
        const Expect *expect = &scenario_expect(choice->base, c)->expect;
        bool all =
            expect->stat == EXPECT_MIN || expect->stat == EXPECT_MAX || expect->op == EXPECT_EQ;
        choice->constraint[c].share = all || expect->stat != EXPECT_MEAN;
        choice->constraint[c].threshold = threshold_of(expect);
        choice->taken_for_share += all && expect->stat != EXPECT_SHARE;
    }
}

/* What a run says about an expectation: 0 or 1, or how far a mean is beyond its limit. */
static double observe(const Choice *choice, size_t c, const double *values)
{
    const Expect *expect = &scenario_expect(choice->base, c)->expect;
    double value = values[expect->metric];
    if (isnan(value))
        return value;
    if (choice->constraint[c].share)
        return holds(expect, value);
    bool upper = expect->op == EXPECT_LE || expect->op == EXPECT_LT;
    return upper ? value - expect->limit : expect->limit - value;
}

/* ---- runs ---- */

static bool go_on(void *data, uint32_t done, uint32_t total)
{
    (void)total;
    Choice *choice = data;
    CrewState state = {.runs = choice->result.runs + done, .runs_all = choice->budget};
    return sweep_progress_step(&choice->progress, &state);
}

static uint64_t run_one(const void *model, uint64_t seed, uint32_t replication, double *values)
{
    return platform_run(model, seed, replication, values, NULL);
}

static bool sample(void *data, size_t design, uint32_t first, uint32_t count, double *rows)
{
    Choice *choice = data;
    Experiment experiment = {
        .run = run_one,
        .model = g_array_index(choice->candidates, Candidate, design).scenario,
        .seed = choice->seed,
        .first = first,
        .replications = count,
        .threads = (uint32_t)choice->options->jobs.value,
        .metric_count = platform_metrics.count,
        .progress = go_on,
        .progress_data = choice,
    };
    ExperimentResult result;
    experiment_run(&experiment, &result);
    bool whole = !result.stopped;
    for (uint32_t r = 0; whole && r < count; r++) {
        const double *values = result.values + (size_t)r * platform_metrics.count;
        double *row = rows + (size_t)r * (1 + choice->constraints);
        row[0] = values[choice->cost];
        for (size_t c = 0; c < choice->constraints; c++)
            row[1 + c] = observe(choice, c, values);
    }
    experiment_result_clear(&result);
    return whole;
}

/* ---- telling ---- */

static const char *candidate_name(const Choice *choice, size_t i)
{
    return g_array_index(choice->candidates, Candidate, i).name;
}

/* By cost; those that are more likely infeasible after the others. */
static size_t *order_of(const Choice *choice)
{
    const SelectionDesign *design = choice->result.design;
    size_t count = choice->candidates->len, *order = g_new(size_t, count);
    for (size_t i = 0; i < count; i++) {
        size_t place = i;
        for (; place > 0; place--) {
            const SelectionDesign *before = &design[order[place - 1]], *own = &design[i];
            bool good = own->feasible >= 0.5, other = before->feasible >= 0.5;
            if (good == other ? own->cost >= before->cost : !good)
                break;
            order[place] = order[place - 1];
        }
        order[place] = i;
    }
    return order;
}

static void put_candidate(const Choice *choice, Page *page, size_t i)
{
    const SelectionDesign *design = &choice->result.design[i];
    MetricUnit unit = platform_metrics.specs[choice->cost].unit;
    bool best = i == choice->result.best;
    page_add(page, best ? "  ● " : "    ");
    page_cell(page, best ? INK_BOLD : INK_PLAIN, candidate_name(choice, i), -40);
    g_autofree char *cost = format_value(unit, design->cost, 0);
    g_autofree char *feasible = format_share(design->feasible, 0);
    g_autofree char *runs = format_count(design->runs);
    page_cell(page, INK_PLAIN, cost, 12);
    page_cell(page, design->feasible >= 0.5 ? INK_PLAIN : INK_BAD, feasible, 12);
    page_cell(page, INK_DIM, runs, 9);
    if (choice->constraints > 0 && !best) {
        bool by_cost = design->feasible >= 0.5;
        page_add(page, "   ");
        page_ink(page, INK_DIM,
                 by_cost ? "dearer" : scenario_expect(choice->base, design->tightest)->text);
    }
    page_add(page, "\n");
}

static void put_answer(const Choice *choice, Page *page)
{
    const SelectionResult *result = &choice->result;
    g_autofree char *correct = format_share(result->correct, 0);
    g_autofree char *runs = format_count((double)result->runs);
    if (result->best == SELECTION_NONE)
        page_ink(page, INK_BAD, "NONE meets the policy");
    else {
        page_ink(page, INK_GOOD, "CHOOSE ");
        page_ink(page, INK_BOLD, candidate_name(choice, result->best));
    }
    page_addf(page, "   right with probability at least %s, after %s runs\n", correct, runs);
}

static void print_text(const Choice *choice)
{
    Page page;
    page_init(&page, !choice->options->no_color && page_wants_colour(stdout));
    put_answer(choice, &page);
    page_addf(&page, "%s · %u designs · least %s · seed %" PRIu64 "\n\n",
              scenario_name(choice->base), choice->candidates->len,
              platform_metrics.specs[choice->cost].name, choice->seed);
    page_cell(&page, INK_DIM, "    design", -44);
    page_cell(&page, INK_DIM, "cost", 12);
    page_cell(&page, INK_DIM, "P(policy)", 12);
    page_cell(&page, INK_DIM, "runs", 9);
    page_cell(&page, INK_DIM, "   what decides", -15);
    page_end_line(&page);
    g_autofree size_t *order = order_of(choice);
    for (size_t i = 0; i < choice->candidates->len; i++)
        put_candidate(choice, &page, order[i]);
    page_add(&page, "\n");
    page_wrap(&page, INK_DIM,
              "P(policy): probability that the least certain expectation holds. Runs went where "
              "they decide (OCBA-CO, Lee et al. 2012); the bound is Bonferroni's over posteriors.",
              0);
    if (choice->taken_for_share > 0)
        page_wrap(&page, INK_DOUBT,
                  "Expectations about all runs (max, min, ==) are taken as \"in 99 %\" here: write "
                  "\"... in 99.9%\" to demand more.",
                  0);
    if (choice->result.correct < choice->target)
        page_wrap(&page, INK_DOUBT,
                  "The budget ended before the wanted confidence: raise --budget, or take designs "
                  "that differ more.",
                  0);
    page_print(&page, stdout);
    page_clear(&page);
}

static void put_json(const void *data, FILE *out)
{
    const Choice *choice = data;
    const SelectionResult *result = &choice->result;
    Json json;
    json_init(&json, out);
    json_object(&json);
    results_head(&json, "choose", choice->source, choice->options->sets);
    json_key(&json, "seed");
    json_integer(&json, choice->seed);
    json_key(&json, "least");
    json_text(&json, platform_metrics.specs[choice->cost].name);
    json_key(&json, "chosen");
    if (result->best == SELECTION_NONE)
        json_null(&json);
    else
        json_text(&json, candidate_name(choice, result->best));
    json_measured(&json, "correct_at_least", result->correct);
    json_key(&json, "runs");
    json_integer(&json, result->runs);
    json_key(&json, "designs");
    json_array(&json);
    for (size_t i = 0; i < choice->candidates->len; i++) {
        const SelectionDesign *design = &result->design[i];
        json_object_flat(&json);
        json_key(&json, "name");
        json_text(&json, candidate_name(choice, i));
        json_key(&json, "runs");
        json_integer(&json, design->runs);
        json_measured(&json, "cost", design->cost);
        json_measured(&json, "cost_error", design->cost_error);
        json_measured(&json, "meets_policy", design->feasible);
        json_measured(&json, "cheaper_than_chosen", design->cheaper);
        json_end(&json);
    }
    json_end(&json);
    json_end(&json);
}

static void put_csv(const void *data, FILE *out)
{
    const Choice *choice = data;
    fputs("design,chosen,runs,cost,cost_error,meets_policy,cheaper_than_chosen\n", out);
    for (size_t i = 0; i < choice->candidates->len; i++) {
        const SelectionDesign *design = &choice->result.design[i];
        results_csv_field(out, candidate_name(choice, i));
        fprintf(out, ",%d,%" PRIu64 ",%.9g,%.9g,%.9g,%.9g\n", i == choice->result.best,
                (uint64_t)design->runs, design->cost, design->cost_error, design->feasible,
                design->cheaper);
    }
}

static void put_markdown(const void *data, FILE *out)
{
    const Choice *choice = data;
    const SelectionResult *result = &choice->result;
    MetricUnit unit = platform_metrics.specs[choice->cost].unit;
    g_autofree char *correct = format_share(result->correct, 0);
    g_autofree char *runs = format_count((double)result->runs);
    fputs("### ", out);
    markdown_escaped(out, scenario_name(choice->base));
    fputs(": ", out);
    markdown_escaped(out, result->best == SELECTION_NONE ? "none meets the policy"
                                                         : candidate_name(choice, result->best));
    fprintf(out, "\n\nRight with probability at least %s, after %s runs · seed %" PRIu64, correct,
            runs, choice->seed);
    fprintf(out, "\n\n| | design | %s | meets the policy | runs |\n|---|---|---|---|---|\n",
            platform_metrics.specs[choice->cost].name);
    g_autofree size_t *order = order_of(choice);
    for (size_t i = 0; i < choice->candidates->len; i++) {
        const SelectionDesign *design = &result->design[order[i]];
        g_autofree char *cost = format_value(unit, design->cost, 0);
        g_autofree char *feasible = format_share(design->feasible, 0);
        g_autofree char *count = format_count((double)design->runs);
        fprintf(out, "| %s | ", order[i] == result->best ? "●" : "");
        markdown_escaped(out, candidate_name(choice, order[i]));
        fprintf(out, " | %s | %s | %s |\n", cost, feasible, count);
    }
}

/* ---- the command ---- */

static ExitCode write_choice(Choice *choice, Outputs *outputs)
{
    static const OutputPut put[OUTPUT_KINDS] = {put_json, put_csv, put_markdown};
    g_autofree char *problem = NULL;
    if (!outputs_write(outputs, put, choice, &problem)) {
        fprintf(stderr, "failsim: %s\n", problem);
        return EXIT_IO;
    }
    if (outputs_text(&choice->options->out) && !choice->options->quiet)
        print_text(choice);
    if (choice->result.correct < choice->target)
        return EXIT_INCONCLUSIVE;
    return choice->result.best == SELECTION_NONE ? EXIT_UNMET : EXIT_MET;
}

static ExitCode run_choice(Choice *choice)
{
    Outputs outputs;
    g_autofree char *problem = NULL;
    if (!outputs_open(&outputs, &choice->options->out, &problem)) {
        fprintf(stderr, "failsim: %s\n", problem);
        return EXIT_IO;
    }
    interrupt_catch();
    choice->progress = sweep_progress_make(scenario_name(choice->base), 0, choice->options->quiet);
    choice->progress.limit = true;
    SelectionPlan plan = {.designs = choice->candidates->len,
                          .constraints = choice->constraints,
                          .constraint = choice->constraint,
                          .first = FIRST_RUNS,
                          .batch = BATCH_RUNS,
                          .budget = choice->budget,
                          .target = choice->target,
                          .sample = sample,
                          .data = choice};
    selection_run(&plan, &choice->result);
    sweep_progress_clear(&choice->progress);
    if (choice->result.stopped) {
        outputs_discard(&outputs);
        fprintf(stderr, "failsim: interrupted after %" PRIu64 " runs: nothing is chosen\n",
                choice->result.runs);
        return EXIT_INTERRUPTED;
    }
    return write_choice(choice, &outputs);
}

static void choice_clear(Choice *choice)
{
    for (guint i = 0; i < choice->candidates->len; i++) {
        Candidate *candidate = &g_array_index(choice->candidates, Candidate, i);
        g_free(candidate->name);
        scenario_free(candidate->scenario);
    }
    g_array_unref(choice->candidates);
    g_free(choice->constraint);
    selection_clear(&choice->result);
}

static ExitCode choose_checked(const Command *command, const ChooseOptions *options,
                               const Source *source)
{
    Choice choice = {.options = options, .source = source, .base = source->scenario};
    choice.cost = study_metric(options->cost ? options->cost : "cost.year");
    if (choice.cost == STUDY_NO_METRIC)
        return command_misused(command, "--cost %s: no such metric (failsim explain lists them)",
                               options->cost);
    if (source->variants == 0 && source->points == 0)
        return command_misused(command, "%s has one design: add variants: or sweep:", source->file);
    if (scenario_expect_count(choice.base) == 0)
        return command_misused(command, "%s has no policy: add expect:", source->file);
    if (source->points > DESIGNS_MAX)
        return command_misused(command, "at most %d designs", DESIGNS_MAX);
    choice.candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    take_candidates(&choice);
    take_policy(&choice);
    choice.seed = options->seed.given ? (uint64_t)options->seed.value : scenario_seed(choice.base);
    choice.budget =
        options->budget.given ? (uint64_t)options->budget.value : 500 * choice.candidates->len;
    choice.target = options->confidence.given ? (double)options->confidence.value / 100 : 0.95;
    ExitCode code;
    if (choice.budget < (uint64_t)FIRST_RUNS * choice.candidates->len)
        code = command_misused(command, "--budget: %u designs need %u runs each to begin with",
                               choice.candidates->len, FIRST_RUNS);
    else
        code = run_choice(&choice);
    choice_clear(&choice);
    return code;
}

static ExitCode choose_run(const Command *command, int argc, char **argv)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    g_autoptr(GPtrArray) sets = g_ptr_array_new();
    g_autofree char *problem = NULL;
    ChooseOptions options = {.sets = sets};
    if (!options_parse(choose_specs, G_N_ELEMENTS(choose_specs), &options, argc, argv, files,
                       &problem))
        return command_misused(command, "%s", problem);
    if (files->len != 1)
        return command_misused(command, "needs one scenario FILE (\"-\" for standard input)");
    if (outputs_misuse(&options.out) != NULL)
        return command_misused(command, "%s", outputs_misuse(&options.out));
    Sources sources;
    sources_read(&sources, files, sets);
    if (sources.errors == 0) {
        sources_read_points(&sources, sets);
        sources_read_variants(&sources, sets);
    }
    ExitCode code =
        sources.errors > 0 ? EXIT_USAGE : choose_checked(command, &options, &sources.items[0]);
    sources_clear(&sources);
    return code;
}

const Command command_choose = {
    .name = "choose",
    .usage = "FILE",
    .text = "the cheapest design that meets the policy, and how sure that is",
    .notes =
        "Designs are the scenario's variants: (and itself), or the points of its sweep:; the "
        "policy\n"
        "is its expect:. All meet the same arrivals and faults. Runs are spent where they decide,\n"
        "until the choice is right with the wanted probability or the budget is spent.\n"
        "Exit 0 chosen, 1 none meets the policy, 3 not sure enough within the budget.\n",
    .options = choose_specs,
    .option_count = G_N_ELEMENTS(choose_specs),
    .run = choose_run,
};
