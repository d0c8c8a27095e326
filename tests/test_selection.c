/* Selection among designs whose costs and feasibility are known. Seeds fixed; 4.9 standard errors:
 * a false alarm in a million.
 */
#include "sim/selection.h"

#include <glib.h>
#include <math.h>

#include "sim/random.h"
#include "tests/support/runs.h"

/* Cost: normal, with a part that all designs share in a run. One share of runs that hold. */
typedef struct Truth {
    double cost, sd, holds;
} Truth;

typedef struct Bank {
    const Truth *truth;
    size_t count;
    uint64_t seed;
    uint64_t spent[8];
    uint64_t limit; /* stop after this many calls; 0: never */
} Bank;

static bool sample(void *data, size_t design, uint32_t first, uint32_t count, double *rows)
{
    Bank *bank = data;
    const Truth *truth = &bank->truth[design];
    if (bank->limit > 0 && --bank->limit == 0)
        return false;
    for (uint32_t r = 0; r < count; r++) {
        RandomStream common, own;
        random_init(&common, bank->seed, first + r, "test", "common");
        random_init(&own, bank->seed + 1000 * (design + 1), first + r, "test", "own");
        rows[2 * r] = truth->cost + 10 * random_normal(&common) + truth->sd * random_normal(&own);
        rows[2 * r + 1] = random_uniform(&own) < truth->holds;
    }
    bank->spent[design] += count;
    return true;
}

static const SelectionConstraint at_95 = {.share = true, .threshold = 0.95};

static SelectionPlan plan_of(Bank *bank, double target)
{
    return (SelectionPlan){.designs = bank->count,
                           .constraints = 1,
                           .constraint = &at_95,
                           .first = 30,
                           .batch = 20,
                           .budget = 40000,
                           .target = target,
                           .sample = sample,
                           .data = bank};
}

/* The cheapest is infeasible, the dearest certain: the third is right. */
static const Truth five[] = {
    {80, 5, 0.85}, {90, 5, 0.90}, {100, 5, 0.99}, {103, 5, 0.995}, {120, 5, 0.99}};

/* The stated probability holds: of 200 selections at 90 %, at least 90 % less 4.9 errors are
 * right; and the bound was reached in each. */
static void test_correct(void)
{
    const int studies = 200;
    int right = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        Bank bank = {.truth = five, .count = 5, .seed = seed};
        SelectionPlan plan = plan_of(&bank, 0.9);
        SelectionResult result;
        selection_run(&plan, &result);
        right += result.best == 2;
        g_assert_cmpfloat(result.correct, >=, 0.9);
        g_assert_false(result.stopped);
        selection_clear(&result);
    }
    double error = sqrt(0.9 * 0.1 / studies);
    g_assert_cmpfloat((double)right / studies, >, 0.9 - STANDARD_ERRORS * error);
    g_test_message("%d of %d right", right, studies);
}

/* Runs go where they decide: to designs near the limit, not to the one that is plainly too dear.
 * Equal shares of the same total would leave the bound lower. */
static void test_allocation(void)
{
    const Truth truth[] = {{80, 5, 0.5}, {90, 5, 0.93}, {100, 5, 0.98}, {500, 5, 0.99}};
    Bank bank = {.truth = truth, .count = 4, .seed = 11};
    SelectionPlan plan = plan_of(&bank, 0.95);
    SelectionResult result;
    selection_run(&plan, &result);
    g_assert_cmpuint(result.best, ==, 2);
    g_assert_cmpuint(result.design[0].runs, <=, 50);
    g_assert_cmpuint(result.design[3].runs, <=, 50);
    g_assert_cmpuint(result.design[1].runs, >, 4 * result.design[3].runs);
    uint64_t sum = 0;
    for (size_t i = 0; i < 4; i++) {
        g_assert_cmpuint(bank.spent[i], ==, result.design[i].runs);
        sum += bank.spent[i];
    }
    g_assert_cmpuint(sum, ==, result.runs);
    Bank equal = {.truth = truth, .count = 4, .seed = 11};
    SelectionPlan even = plan_of(&equal, 2); /* never reached: all is spent on the first round */
    even.first = (uint32_t)(result.runs / 4);
    even.budget = result.runs;
    SelectionResult other;
    selection_run(&even, &other);
    g_assert_cmpfloat(other.correct, <, result.correct);
    selection_clear(&other);
    selection_clear(&result);
}

static void test_none(void)
{
    const Truth truth[] = {{80, 5, 0.5}, {90, 5, 0.7}};
    Bank bank = {.truth = truth, .count = 2, .seed = 3};
    SelectionPlan plan = plan_of(&bank, 0.95);
    SelectionResult result;
    selection_run(&plan, &result);
    g_assert_true(result.best == SELECTION_NONE);
    g_assert_cmpfloat(result.correct, >=, 0.95);
    selection_clear(&result);
}

/* Two equal designs cannot be told apart: the budget ends it, and the bound says so. */
static void test_budget(void)
{
    const Truth truth[] = {{100, 5, 0.999}, {100, 5, 0.999}};
    Bank bank = {.truth = truth, .count = 2, .seed = 4};
    SelectionPlan plan = plan_of(&bank, 0.99);
    plan.budget = 1000;
    SelectionResult result;
    selection_run(&plan, &result);
    g_assert_cmpuint(result.runs, <=, 1000);
    g_assert_cmpuint(result.runs, >, 960);
    g_assert_cmpfloat(result.correct, <, 0.99);
    selection_clear(&result);
}

static void test_stop(void)
{
    Bank bank = {.truth = five, .count = 5, .seed = 1, .limit = 3};
    SelectionPlan plan = plan_of(&bank, 0.9);
    SelectionResult result;
    selection_run(&plan, &result);
    g_assert_true(result.stopped);
    g_assert_cmpuint(result.runs, ==, 60);
    selection_clear(&result);
}

/* Costs without chance, a mean as constraint, and what never recovers. */
static bool sample_plain(void *data, size_t design, uint32_t first, uint32_t count, double *rows)
{
    (void)data;
    for (uint32_t r = 0; r < count; r++) {
        rows[2 * r] = design == 2 ? (double)INFINITY : 10.0 * (double)(design + 1);
        rows[2 * r + 1] = (double)((first + r) % 3) - (design == 0 ? 0.5 : 2.5);
    }
    return true;
}

static void test_plain(void)
{
    const SelectionConstraint mean = {.share = false};
    SelectionPlan plan = {.designs = 3,
                          .constraints = 1,
                          .constraint = &mean,
                          .first = 30,
                          .batch = 20,
                          .budget = 10000,
                          .target = 0.95,
                          .sample = sample_plain};
    SelectionResult result;
    selection_run(&plan, &result);
    g_assert_cmpuint(result.best, ==, 1); /* 0 is cheaper, its mean of 0.5 is above the limit */
    g_assert_cmpfloat(result.design[1].cost, ==, 20);
    g_assert_true(isinf(result.design[2].cost));
    g_assert_cmpfloat(result.design[2].cheaper, ==, 0);
    g_assert_cmpfloat(result.correct, >=, 0.95);
    selection_clear(&result);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/selection/correct", test_correct);
    g_test_add_func("/selection/allocation", test_allocation);
    g_test_add_func("/selection/none", test_none);
    g_test_add_func("/selection/budget", test_budget);
    g_test_add_func("/selection/stop", test_stop);
    g_test_add_func("/selection/plain", test_plain);
    return g_test_run();
}
