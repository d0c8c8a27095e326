#include "cli/precise.h"

#include "models/platform.h"
#include "sim/param.h"

static int64_t least(const PreciseOptions *options)
{
    return options->min.given
               ? options->min.value
               : MIN(PRECISE_MIN, options->max.given ? options->max.value : PRECISE_MIN);
}

static int64_t most(const PreciseOptions *options)
{
    return options->max.given ? options->max.value : MAX(PRECISE_MAX, least(options));
}

/* One --precision-of; NULL if it is right. */
static char *read_target(const char *text, Expect *target)
{
    ExpectProblem problem = {0};
    char *misuse = NULL;
    if (!expect_parse_statistic(text, &platform_metrics, target, &problem))
        misuse = g_strdup_printf("--precision-of %s: %s%s%s", text, problem.message,
                                 problem.hint != NULL ? "; " : "",
                                 problem.hint != NULL ? problem.hint : "");
    else if (!precision_applies(target))
        misuse =
            g_strdup_printf("--precision-of %s: min and max have no interval; name a mean or a "
                            "quantile",
                            text);
    g_free(problem.message);
    g_free(problem.hint);
    return misuse;
}

char *precise_misuse(const PreciseOptions *options, bool runs_given)
{
    if (options->precision == NULL) {
        bool alone = options->of->len > 0 || options->min.given || options->max.given;
        return alone ? g_strdup("--precision-of, --min-runs and --max-runs go with --precision")
                     : NULL;
    }
    g_autofree char *message = NULL;
    double share = 0;
    if (!param_parse_share(options->precision, &share, &message) || share < 0.001 || share >= 1)
        return g_strdup_printf(
            "--precision takes a share from 0.1%% to below 100%%, such as 5%%, not "
            "\"%s\"",
            options->precision);
    if (runs_given)
        return g_strdup("--runs fixes the number of runs and excludes --precision; see --max-runs");
    if (least(options) > most(options))
        return g_strdup("--min-runs must not exceed --max-runs");
    char *misuse = NULL;
    for (guint i = 0; i < options->of->len && misuse == NULL; i++) {
        Expect unused;
        misuse = read_target(options->of->pdata[i], &unused);
    }
    return misuse;
}

bool precise_rule(const PreciseOptions *options, const Scenario *scenario, PrecisionRule *rule,
                  char **problem)
{
    *rule =
        (PrecisionRule){.min_runs = (uint32_t)least(options), .max_runs = (uint32_t)most(options)};
    if (options->precision == NULL)
        return true;
    param_parse_share(options->precision, &rule->relative, problem);
    size_t expects = scenario_expect_count(scenario);
    Expect *targets = g_new0(Expect, options->of->len + expects);
    for (guint i = 0; i < options->of->len; i++)
        read_target(options->of->pdata[i], &targets[rule->count++]);
    for (size_t i = 0; i < expects && options->of->len == 0; i++)
        if (precision_applies(&scenario_expect(scenario, i)->expect))
            targets[rule->count++] = scenario_expect(scenario, i)->expect;
    rule->targets = targets;
    if (rule->count > 0)
        return true;
    precise_clear(rule);
    *problem =
        g_strdup_printf("%s expects no mean and no quantile, whose precision could be wanted; "
                        "add --precision-of METRIC.STAT",
                        scenario_name(scenario));
    return false;
}

void precise_plan(const PreciseOptions *options, DesignPlan *plan)
{
    g_autofree char *message = NULL;
    if (options->precision == NULL)
        return;
    param_parse_share(options->precision, &plan->precision, &message);
    plan->min_runs = (uint32_t)least(options);
    plan->runs = (uint32_t)most(options);
    plan->of = options->of;
}

void precise_point_rule(const Design *design, const DesignPoint *point, PrecisionRule *rule)
{
    *rule = (PrecisionRule){
        .relative = design->precision, .min_runs = design->min_runs, .max_runs = design->runs};
    size_t named = g_strv_length(design->of);
    Expect *targets = g_new0(Expect, named + point->expect_count);
    for (size_t i = 0; i < named; i++)
        g_free(read_target(design->of[i], &targets[rule->count++]));
    for (size_t i = 0; i < point->expect_count && named == 0; i++)
        if (precision_applies(&point->expect[i].expect))
            targets[rule->count++] = point->expect[i].expect;
    rule->targets = targets;
}

void precise_clear(PrecisionRule *rule)
{
    g_free((Expect *)rule->targets);
    *rule = (PrecisionRule){0};
}
