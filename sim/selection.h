/* Selection: the cheapest of several designs that meet constraints, with the probability that the
 * choice is right, and simulation runs spent where they decide something.
 *
 * Each run of a design gives a cost and one observation per constraint. A design is feasible if
 * every constraint holds in the long run: for a share, the mean of 0/1 observations is at least
 * `threshold`; else the mean of the observations is at most 0. Runs are paired: run n of two
 * designs meets the same arrivals and faults.
 *
 * After `first` runs each, batches go to one design at a time. The chosen design b is the one of
 * least mean cost among those more likely feasible than not. The probability of correct selection
 * is bounded from below (Bonferroni):
 *
 *   1 - P(b infeasible) - sum over i != b of min(P(i feasible), P(i costs less than b))
 *
 * with P from the posteriors: Beta(1 + hits, 1 + misses) for shares, Student's t for means and for
 * the paired difference of costs. The next batch goes to the design that is furthest behind its
 * share of the optimal allocation (OCBA-CO), in which a design's runs follow the squared ratio of
 * noise to distance from what decides about it: its cost from b's, or a constraint from its limit.
 *
 * Deterministic: the same samples, the same choice.
 *
 * Sources: Lee, Pujowidianto, Li, Chen, Yap, Approximate simulation budget allocation for selecting
 * the best design in the presence of stochastic constraints (IEEE TAC 57(11), 2012); Chen, Lin,
 * Yucesan, Chick, Simulation budget allocation (DEDS 10, 2000).
 */
#ifndef SIM_SELECTION_H
#define SIM_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct SelectionConstraint {
    bool share;
    double threshold; /* of a share */
} SelectionConstraint;

/* Fill `count` rows of 1 + constraints numbers (cost, then observations; NAN: does not apply) with
 * runs first .. first + count - 1 of a design. False stops the selection. */
typedef bool (*SelectionSample)(void *data, size_t design, uint32_t first, uint32_t count,
                                double *rows);

typedef struct SelectionPlan {
    size_t designs, constraints;
    const SelectionConstraint *constraint;
    uint32_t first, batch; /* runs of each design at the start, and of one from then on */
    uint64_t budget;       /* runs in all */
    double target;         /* stop when the bound is at least this */
    SelectionSample sample;
    void *data;
} SelectionPlan;

typedef struct SelectionDesign {
    uint32_t runs;
    double cost, cost_error; /* mean and its standard error; INFINITY if one run had that */
    double feasible;         /* probability, at most (the least likely constraint) */
    double cheaper;          /* probability that it costs less than the chosen one */
    size_t tightest;         /* constraint least likely to hold */
} SelectionDesign;

#define SELECTION_NONE SIZE_MAX

typedef struct SelectionResult {
    SelectionDesign *design; /* by index; g_free */
    size_t best;             /* SELECTION_NONE: no design looks feasible */
    double correct;          /* lower bound of the probability that the choice is right */
    uint64_t runs;
    bool stopped; /* the sampler stopped it */
} SelectionResult;

void selection_run(const SelectionPlan *plan, SelectionResult *result);
void selection_clear(SelectionResult *result);

#endif
