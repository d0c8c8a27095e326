#include "sim/selection.h"

#include <glib.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "sim/check.h"

/* A distance of nothing asks for endless runs, and would starve the designs that can be decided:
 * distances count as at least this share of the noise. */
static const double NEAREST = 0.1;

typedef struct Design {
    GArray *rows; /* double, 1 + constraints a run */
    SelectionDesign *facts;
    double pull;  /* squared ratio of noise to distance */
    double noise; /* sd of the cost, or of the constraint that decides */
    bool by_cost; /* its cost decides, rather than a constraint */
} Design;

typedef struct Selection {
    const SelectionPlan *plan;
    Design *design;
    SelectionResult *result;
} Selection;

typedef struct Moments {
    double mean, sd;
    size_t count;
    bool infinite;
} Moments;

static uint32_t runs_of(const Selection *s, size_t i)
{
    return s->design[i].rows->len / (guint)(1 + s->plan->constraints);
}

static double value_at(const Selection *s, size_t i, uint32_t run, size_t column)
{
    return g_array_index(s->design[i].rows, double, run *(1 + s->plan->constraints) + column);
}

/* Of a column, less the same column of another design (SELECTION_NONE: nothing) where both ran. */
static Moments moments(const Selection *s, size_t i, size_t less, size_t column)
{
    uint32_t runs = runs_of(s, i);
    Moments m = {0};
    double sum = 0, square = 0;
    if (less != SELECTION_NONE)
        runs = MIN(runs, runs_of(s, less));
    for (uint32_t r = 0; r < runs; r++) {
        double value = value_at(s, i, r, column);
        if (less != SELECTION_NONE)
            value -= value_at(s, less, r, column);
        if (isnan(value))
            continue;
        m.infinite = m.infinite || isinf(value);
        m.count++;
        sum += value;
    }
    m.mean = m.count ? sum / (double)m.count : 0;
    for (uint32_t r = 0; r < runs && !m.infinite; r++) {
        double value = value_at(s, i, r, column);
        if (less != SELECTION_NONE)
            value -= value_at(s, less, r, column);
        if (!isnan(value))
            square += (value - m.mean) * (value - m.mean);
    }
    m.sd = m.count > 1 ? sqrt(square / (double)(m.count - 1)) : 0;
    return m;
}

/* P(true mean <= limit), Student's t; a certainty where nothing varies. */
static double below(const Moments *m, double limit)
{
    if (m->infinite || m->count < 2)
        return m->infinite && m->mean > 0 ? 0 : 0.5;
    double error = m->sd / sqrt((double)m->count), distance = limit - m->mean;
    if (!(error > 0))
        return distance >= 0;
    return gsl_cdf_tdist_P(distance / error, (double)m->count - 1);
}

static double holds(const Selection *s, size_t i, size_t c)
{
    const SelectionConstraint *constraint = &s->plan->constraint[c];
    Moments m = moments(s, i, SELECTION_NONE, 1 + c);
    if (!constraint->share)
        return below(&m, 0);
    double hits = m.mean * (double)m.count;
    return gsl_cdf_beta_Q(constraint->threshold, 1 + hits, 1 + (double)m.count - hits);
}

/* The least likely constraint bounds the design; `all` gets the Bonferroni bound of them together.
 */
static void judge(const Selection *s, size_t i, double *all)
{
    SelectionDesign *facts = s->design[i].facts;
    Moments cost = moments(s, i, SELECTION_NONE, 0);
    facts->runs = runs_of(s, i);
    facts->cost = cost.infinite ? INFINITY : cost.mean;
    facts->cost_error = cost.sd / sqrt((double)MAX(cost.count, 1));
    facts->feasible = 1;
    *all = 1;
    for (size_t c = 0; c < s->plan->constraints; c++) {
        double p = holds(s, i, c);
        *all -= 1 - p;
        if (p < facts->feasible) {
            facts->feasible = p;
            facts->tightest = c;
        }
    }
}

/* Equal costs are no reason against either. */
static double cheaper(const Selection *s, size_t i, size_t than)
{
    if (isinf(s->design[i].facts->cost))
        return 0;
    if (isinf(s->design[than].facts->cost))
        return 1;
    Moments difference = moments(s, i, than, 0);
    if (!(difference.sd > 0))
        return difference.mean < 0;
    return below(&difference, 0);
}

static void choose(Selection *s)
{
    SelectionResult *result = s->result;
    double all[s->plan->designs];
    result->best = SELECTION_NONE;
    for (size_t i = 0; i < s->plan->designs; i++) {
        judge(s, i, &all[i]);
        const SelectionDesign *facts = s->design[i].facts;
        if (facts->feasible >= 0.5 &&
            (result->best == SELECTION_NONE || facts->cost < s->design[result->best].facts->cost))
            result->best = i;
    }
    result->correct = result->best == SELECTION_NONE ? 1 : all[result->best];
    for (size_t i = 0; i < s->plan->designs; i++) {
        SelectionDesign *facts = s->design[i].facts;
        facts->cheaper = result->best == SELECTION_NONE ? 1
                         : i == result->best            ? 0
                                                        : cheaper(s, i, result->best);
        if (i != result->best)
            result->correct -= MIN(facts->feasible, facts->cheaper);
    }
    result->correct = MAX(result->correct, 0);
}

/* ---- where the next runs go ---- */

/* Noise and distance of the constraint that decides about a design. */
static double constraint_pull(const Selection *s, size_t i, double *noise)
{
    size_t c = s->design[i].facts->tightest;
    const SelectionConstraint *constraint = &s->plan->constraint[c];
    Moments m = moments(s, i, SELECTION_NONE, 1 + c);
    double distance = m.mean, sd = m.sd;
    if (constraint->share) { /* one observation more on each side, so that nothing is certain */
        double p = (m.mean * (double)m.count + 1) / ((double)m.count + 2);
        distance = p - constraint->threshold;
        sd = sqrt(p * (1 - p));
    }
    *noise = sd;
    if (m.infinite || !(sd > 0))
        return 1;
    double far = MAX(fabs(distance), NEAREST * sd);
    return (sd / far) * (sd / far);
}

static double cost_pull(const Selection *s, size_t i, double *noise)
{
    Moments difference = moments(s, i, s->result->best, 0);
    *noise = difference.sd;
    if (difference.infinite || !(difference.sd > 0))
        return 1;
    double far = MAX(fabs(difference.mean), NEAREST * difference.sd);
    return (difference.sd / far) * (difference.sd / far);
}

static void weigh(Selection *s)
{
    size_t best = s->result->best;
    double against = 0;
    for (size_t i = 0; i < s->plan->designs; i++) {
        Design *design = &s->design[i];
        const SelectionDesign *facts = design->facts;
        design->by_cost = i != best && best != SELECTION_NONE && facts->cheaper < facts->feasible;
        if (design->by_cost)
            design->pull = cost_pull(s, i, &design->noise);
        else
            design->pull = s->plan->constraints ? constraint_pull(s, i, &design->noise) : 1;
        if (design->by_cost && design->noise > 0)
            against += design->pull * design->pull / (design->noise * design->noise);
    }
    if (best == SELECTION_NONE || !(against > 0))
        return;
    Moments cost = moments(s, best, SELECTION_NONE, 0); /* it is compared with all of these */
    s->design[best].pull = MAX(s->design[best].pull, cost.sd * sqrt(against));
}

/* The design furthest behind its share, of those about which anything is still open. */
static size_t starving(const Selection *s)
{
    double all = 0, runs = 0, worst = -INFINITY;
    size_t found = 0;
    for (size_t i = 0; i < s->plan->designs; i++) {
        all += s->design[i].pull;
        runs += runs_of(s, i);
    }
    for (size_t i = 0; i < s->plan->designs; i++) {
        double share = s->design[i].pull / all * (runs + s->plan->batch);
        double behind = share - runs_of(s, i);
        if (behind > worst) {
            worst = behind;
            found = i;
        }
    }
    return found;
}

static bool add_runs(Selection *s, size_t i, uint32_t count)
{
    size_t columns = 1 + s->plan->constraints;
    uint32_t first = runs_of(s, i);
    GArray *rows = s->design[i].rows;
    g_array_set_size(rows, (guint)((first + count) * columns));
    double *into = &g_array_index(rows, double, first *columns);
    if (!s->plan->sample(s->plan->data, i, first, count, into)) {
        g_array_set_size(rows, (guint)(first * columns));
        s->result->stopped = true;
        return false;
    }
    s->result->runs += count;
    return true;
}

void selection_run(const SelectionPlan *plan, SelectionResult *result)
{
    SIM_CHECK(plan->designs > 0 && plan->first >= 2 && plan->batch > 0);
    Selection s = {.plan = plan, .design = g_new0(Design, plan->designs), .result = result};
    *result =
        (SelectionResult){.design = g_new0(SelectionDesign, plan->designs), .best = SELECTION_NONE};
    for (size_t i = 0; i < plan->designs; i++) {
        s.design[i].rows = g_array_new(FALSE, FALSE, sizeof(double));
        s.design[i].facts = &result->design[i];
    }
    bool going = true;
    for (size_t i = 0; going && i < plan->designs; i++)
        going = add_runs(&s, i, plan->first);
    while (going) {
        choose(&s);
        if (result->correct >= plan->target || result->runs + plan->batch > plan->budget)
            break;
        weigh(&s);
        going = add_runs(&s, starving(&s), plan->batch);
    }
    for (size_t i = 0; i < plan->designs; i++)
        g_array_unref(s.design[i].rows);
    g_free(s.design);
}

void selection_clear(SelectionResult *result)
{
    g_free(result->design);
    *result = (SelectionResult){0};
}
