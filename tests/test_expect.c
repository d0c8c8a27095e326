/* Expectations: the grammar, what is wrong and where, and the verdicts. */
#include "sim/expect.h"

#include <glib.h>
#include <math.h>
#include <string.h>

static const MetricSpec specs[] = {
    {"rto.service", METRIC_SECONDS, "time to recover"},
    {"rto.service.users", METRIC_SECONDS, "the same as users see it"},
    {"payments.lost", METRIC_COUNT, "payments lost"},
    {"availability", METRIC_SHARE, "share of time"},
    {"load", METRIC_NUMBER, "a plain number"},
};
static const MetricTable metrics = {specs, G_N_ELEMENTS(specs)};

/* ---- Grammar ---- */

static void test_accepted(void)
{
    static const struct {
        const char *text;
        Expect expect;
    } cases[] = {
        {"rto.service <= 5m", {0, EXPECT_MEAN, 0, EXPECT_LE, 300, 0}},
        {"rto.service.p95<=1m30s", {0, EXPECT_QUANTILE, 0.95, EXPECT_LE, 90, 0}},
        {"rto.service.users.p99.9 < 250ms", {1, EXPECT_QUANTILE, 0.999, EXPECT_LT, 0.25, 0}},
        {"rto.service.users > 1h", {1, EXPECT_MEAN, 0, EXPECT_GT, 3600, 0}},
        {"  payments.lost.max\t==  0  ", {2, EXPECT_MAX, 0, EXPECT_EQ, 0, 0}},
        {"payments.lost.mean <= 1_000", {2, EXPECT_MEAN, 0, EXPECT_LE, 1000, 0}},
        {"payments.lost <= 0.5", {2, EXPECT_MEAN, 0, EXPECT_LE, 0.5, 0}},
        {"payments.lost.p50 <= 1,212,400", {2, EXPECT_QUANTILE, 0.5, EXPECT_LE, 1212400, 0}},
        {"availability.min >= 99.9%", {3, EXPECT_MIN, 0, EXPECT_GE, 0.999, 0}},
        {"availability.p90 >= 0.999", {3, EXPECT_QUANTILE, 0.9, EXPECT_GE, 0.999, 0}},
        {"rto.service <= 5s in 99.9%", {0, EXPECT_SHARE, 0.999, EXPECT_LE, 5, 0}},
        {"payments.lost == 0 in  0.5 ", {2, EXPECT_SHARE, 0.5, EXPECT_EQ, 0, 0}},
        {"load.p99 < 1.5", {4, EXPECT_QUANTILE, 0.99, EXPECT_LT, 1.5, 0}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Expect got;
        ExpectProblem problem;
        if (!expect_parse(cases[i].text, &metrics, &got, &problem)) {
            g_test_message("%s: %s", cases[i].text, problem.message);
            g_test_fail();
            continue;
        }
        g_assert_cmpuint(got.metric, ==, cases[i].expect.metric);
        g_assert_cmpint((int)got.stat, ==, (int)cases[i].expect.stat);
        g_assert_cmpfloat(got.q, ==, cases[i].expect.q);
        g_assert_cmpint((int)got.op, ==, (int)cases[i].expect.op);
        g_assert_cmpfloat(got.limit, ==, cases[i].expect.limit);
    }
}

#define STATISTICS  "statistics: mean, min, max, p50, p90, p95, p99, p99.9"
#define OPERATORS   "operators: <= < >= > =="
#define IN_SECONDS  "rto.service is in seconds: write 5m or 300s"
#define AS_A_SHARE  "availability is a share: write 5% or 0.05"
#define AS_A_COUNT  "payments.lost is a count: write 0 or 1_000"
#define IN_SHARE    "write in 99.9%; for every single run, METRIC.max or METRIC.min"
#define AS_A_NUMBER "load is a number without a unit: write 1.5"

/* `message` is the beginning: units say the rest in their own words. */
static const struct {
    const char *text, *marked, *message, *hint;
} refusals[] = {
    {"rto.servce.p95 <= 5m", "rto.servce", "unknown metric \"rto.servce\"",
     "did you mean \"rto.service\"?"},
    {"rto.p95 <= 5m", "rto", "unknown metric \"rto\"",
     "did you mean \"rto.service\" or \"rto.service.users\"?"},
    {"payments <= 5", "payments", "unknown metric \"payments\"", "did you mean \"payments.lost\"?"},
    {"zebra <= 5", "zebra", "unknown metric \"zebra\"", NULL},
    {"rto.service.p98 <= 5m", "p98", "unknown statistic \"p98\" of rto.service", STATISTICS},
    {"rto.service. <= 5m", "", "unknown statistic \"\" of rto.service", STATISTICS},
    {"rto.service.p95.p99 <= 5m", "p95.p99", "unknown statistic \"p95.p99\" of rto.service",
     STATISTICS},
    {"rto.service", "", "missing operator after \"rto.service\"", OPERATORS},
    {"rto.service 5m", "5m", "missing operator after \"rto.service\"", OPERATORS},
    {"rto.service ≤ 5m", "≤ 5m", "missing operator after \"rto.service\"", OPERATORS},
    {"rto.service = 5m", "=", "unknown operator \"=\"", OPERATORS},
    {"rto.service != 5m", "!=", "unknown operator \"!=\"", OPERATORS},
    {"rto.service <=", "<=", "missing value after \"<=\"", IN_SECONDS},
    {"rto.service <= 300", "300", "the limit must be ", IN_SECONDS},
    {"rto.service <= 5%", "5%", "the limit must be ", IN_SECONDS},
    {"rto.service <= 5m or so", "5m or so", "the limit must be ", IN_SECONDS},
    {"availability >= 5s", "5s", "the limit must be ", AS_A_SHARE},
    {"availability >= 120%", "120%", "the limit must be from 0% to 100%, not 120%", AS_A_SHARE},
    {"payments.lost == none", "none", "the limit must be ", AS_A_COUNT},
    {"payments.lost <= 5s", "5s", "the limit must be ", AS_A_COUNT},
    {"payments.lost <= unlimited", "unlimited", "the limit must be ", AS_A_COUNT},
    {"load < nan", "nan", "the limit must be ", AS_A_NUMBER},
    {"rto.service <= 5m in", "in", "missing share after \"in\"", IN_SHARE},
    {"rto.service <= 5m in 100%", "100%",
     "the share of the runs must be above 0% and below 100%, not 100%", IN_SHARE},
    {"rto.service <= 5m in 0", "0", "the share of the runs must be ", IN_SHARE},
    {"rto.service <= 5m in most", "most", "the share of the runs must be ", IN_SHARE},
    {"rto.service.p95 <= 5m in 99%", ".p95", "a share of the runs is about each run: no statistic",
     "write rto.service <= … in …"},
    {"rto.service <= in 99%", "<=", "missing value after \"<=\"", IN_SECONDS},
    {"rto.service <= 5min 99%", "5min 99%", "the limit must be ", IN_SECONDS},
    {"", "", "an expectation begins with a metric", "write METRIC.STATISTIC <= VALUE"},
    {"<= 5m", "<= 5m", "an expectation begins with a metric", "write METRIC.STATISTIC <= VALUE"},
    {"größe <= 5 ", "größe", "unknown metric \"größe\"", NULL},
};

static void test_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        Expect got;
        ExpectProblem problem;
        if (expect_parse(refusals[i].text, &metrics, &got, &problem)) {
            g_test_message("accepted: %s", refusals[i].text);
            g_test_fail();
            continue;
        }
        char *marked = g_utf8_substring(refusals[i].text, (glong)problem.skip,
                                        (glong)(problem.skip + problem.length));
        g_assert_cmpstr(marked, ==, refusals[i].marked);
        char *message = g_strndup(problem.message, strlen(refusals[i].message));
        g_assert_cmpstr(message, ==, refusals[i].message);
        g_assert_cmpstr(problem.hint, ==, refusals[i].hint);
        g_free(message);
        g_free(marked);
        g_free(problem.message);
        g_free(problem.hint);
    }
}

/* ---- Verdicts ---- */

typedef struct Judged {
    Verdict verdict;
    double measured;
    bool interval;
    const char *note; /* NULL: none */
} Judged;

/* The values stand in the second of two columns; the first is a decoy. */
static void check_judged(const char *label, Expect expect, const double *values, size_t runs,
                         Judged expected)
{
    double *matrix = g_new(double, 2 * runs + 1);
    for (size_t i = 0; i < runs; i++) {
        matrix[2 * i] = -1e9;
        matrix[2 * i + 1] = values[i];
    }
    expect.metric = 1;
    const ExpectOutcome got = expect_judge(&expect, matrix, runs, 2);
    g_test_message("%s", label);
    g_assert_cmpint((int)got.verdict, ==, (int)expected.verdict);
    if (isnan(expected.measured))
        g_assert_true(isnan(got.measured));
    else
        g_assert_cmpfloat(got.measured, ==, expected.measured);
    g_assert_true(got.interval.available == expected.interval);
    g_assert_cmpstr(got.note, ==, expected.note);
    g_free(got.note);
    g_free(matrix);
}

#define STRADDLES "the interval straddles the limit"
#define UNREACHED "not reached in every run"
#define FEW       "too few runs to trust the interval: wants 28, has 10"

/* Ten runs 1..10: mean 5.5, t interval [3.334, 7.666]. */
static void test_verdict_mean(void)
{
    static const double values[] = {7, 1, 4, 3, 10, 6, 5, 2, 9, 8};
    static const struct {
        const char *label;
        ExpectOp op;
        double limit;
        Judged expected;
    } cases[] = {
        {"inside", EXPECT_LE, 7.7, {VERDICT_PASS, 5.5, true, FEW}},
        {"straddles above", EXPECT_LE, 7.6, {VERDICT_INCONCLUSIVE, 5.5, true, STRADDLES "; " FEW}},
        {"straddles below", EXPECT_LT, 3.4, {VERDICT_INCONCLUSIVE, 5.5, true, STRADDLES "; " FEW}},
        {"outside", EXPECT_LT, 3.3, {VERDICT_FAIL, 5.5, true, FEW}},
        {"at least, inside", EXPECT_GE, 3.3, {VERDICT_PASS, 5.5, true, FEW}},
        {"at least, straddles",
         EXPECT_GT,
         3.4,
         {VERDICT_INCONCLUSIVE, 5.5, true, STRADDLES "; " FEW}},
        {"at least, outside", EXPECT_GT, 7.7, {VERDICT_FAIL, 5.5, true, FEW}},
        {"equal", EXPECT_EQ, 5.5, {VERDICT_PASS, 5.5, false, NULL}},
        {"not equal", EXPECT_EQ, 5.501, {VERDICT_FAIL, 5.5, false, NULL}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        check_judged(cases[i].label,
                     (Expect){.stat = EXPECT_MEAN, .op = cases[i].op, .limit = cases[i].limit},
                     values, G_N_ELEMENTS(values), cases[i].expected);
}

/* Extremes are facts: no interval; the first run that has it is named. */
static void test_verdict_extremes(void)
{
    static const double values[] = {3, NAN, 9, 1, 9, 1};
    const size_t n = G_N_ELEMENTS(values);
    check_judged("max", (Expect){.stat = EXPECT_MAX, .op = EXPECT_LE, .limit = 9}, values, n,
                 (Judged){VERDICT_PASS, 9, false, "run 2"});
    check_judged("max below", (Expect){.stat = EXPECT_MAX, .op = EXPECT_LT, .limit = 9}, values, n,
                 (Judged){VERDICT_FAIL, 9, false, "run 2"});
    check_judged("min", (Expect){.stat = EXPECT_MIN, .op = EXPECT_GE, .limit = 1}, values, n,
                 (Judged){VERDICT_PASS, 1, false, "run 3"});
    check_judged("min above", (Expect){.stat = EXPECT_MIN, .op = EXPECT_GT, .limit = 1}, values, n,
                 (Judged){VERDICT_FAIL, 1, false, "run 3"});
    static const double zeros[] = {0, 0, 0};
    check_judged("max zero", (Expect){.stat = EXPECT_MAX, .op = EXPECT_EQ, .limit = 0}, zeros, 3,
                 (Judged){VERDICT_PASS, 0, false, "run 0"});
}

/* 400 runs 1..400: p99 is 396, its interval by order statistics [392, 400]. */
static void test_verdict_quantile(void)
{
    double values[400];
    for (size_t i = 0; i < 400; i++)
        values[i] = (double)(400 - i);
    Expect p99 = {.stat = EXPECT_QUANTILE, .q = 0.99, .op = EXPECT_LE, .limit = 400};
    check_judged("at the upper end", p99, values, 400, (Judged){VERDICT_PASS, 396, true, NULL});
    p99.limit = 399.9;
    check_judged("below the upper end", p99, values, 400,
                 (Judged){VERDICT_INCONCLUSIVE, 396, true, STRADDLES});
    p99.limit = 391.9;
    check_judged("below the lower end", p99, values, 400, (Judged){VERDICT_FAIL, 396, true, NULL});
    p99.limit = 1000;
    check_judged("367 runs", p99, values, 367,
                 (Judged){VERDICT_INCONCLUSIVE, 397, false, "needs 368 runs, has 367"});
}

/* Where all of few runs are on the wrong side, no interval is needed to say so: 20 of 20 runs that
 * never recovered have a p95 below any limit with probability 0.05^20. */
static void test_verdict_failing_side(void)
{
    double values[20];
    for (size_t i = 0; i < 20; i++)
        values[i] = INFINITY;
    Expect p95 = {.stat = EXPECT_QUANTILE, .q = 0.95, .op = EXPECT_LE, .limit = 300};
    check_judged("20 of 20", p95, values, 20,
                 (Judged){VERDICT_FAIL, INFINITY, false, "met in 0 of 20 runs"});
    check_judged("1 of 1", p95, values, 1,
                 (Judged){VERDICT_INCONCLUSIVE, INFINITY, false, "needs 72 runs, has 1"});
    for (size_t i = 0; i < 20; i++)
        values[i] = 1;
    check_judged("0 of 20", p95, values, 20,
                 (Judged){VERDICT_INCONCLUSIVE, 1, false, "needs 72 runs, has 20"});
    p95.op = EXPECT_GE;
    check_judged("20 of 20 too low", p95, values, 20,
                 (Judged){VERDICT_INCONCLUSIVE, 1, false, "needs 72 runs, has 20"});
    p95.q = 0.5;
    check_judged("the median of 20 too low", p95, values, 20,
                 (Judged){VERDICT_FAIL, 1, true, NULL});
}

/* Counting the runs on each side says what the order-statistic interval says, for every limit. */
static void test_verdict_count_is_interval(void)
{
    static const size_t sizes[] = {72, 73, 100, 151, 368};
    static const ExpectOp ops[] = {EXPECT_LE, EXPECT_LT, EXPECT_GE, EXPECT_GT};
    double values[368];
    for (size_t i = 0; i < 368; i++)
        values[i] = (double)i;
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++)
        for (size_t o = 0; o < G_N_ELEMENTS(ops); o++)
            for (double limit = -0.5; limit < (double)sizes[s]; limit += 0.5) {
                const Expect p95 = {0, EXPECT_QUANTILE, 0.95, ops[o], limit, 0};
                const ExpectOutcome got = expect_judge(&p95, values, sizes[s], 1);
                const bool low[] = {
                    got.interval.low <= limit,
                    got.interval.low<limit, got.interval.low >= limit, got.interval.low> limit};
                const bool high[] = {
                    got.interval.high <= limit,
                    got.interval.high<limit, got.interval.high >= limit, got.interval.high> limit};
                const Verdict expected = low[o] && high[o]   ? VERDICT_PASS
                                         : low[o] || high[o] ? VERDICT_INCONCLUSIVE
                                                             : VERDICT_FAIL;
                g_assert_true(got.interval.available);
                g_assert_cmpint((int)got.verdict, ==, (int)expected);
                g_free(got.note);
            }
}

/* One-sided: 2,995 runs without a miss show 99.9 % with 95 % confidence, one fewer does not; with
 * one miss it takes 4,742. */
static void test_verdict_share(void)
{
    enum { MOST = 5000 };
    double *values = g_new0(double, MOST);
    Expect share = {0, EXPECT_SHARE, 0.999, EXPECT_LE, 5, 0.95};
    check_judged("2995", share, values, 2995,
                 (Judged){VERDICT_PASS, 1, true, "met in 2995 of 2995 runs"});
    check_judged("2994", share, values, 2994,
                 (Judged){VERDICT_INCONCLUSIVE, 1, true,
                          "met in 2994 of 2994 runs; needs 2995 runs if no more miss it"});
    values[7] = INFINITY;
    check_judged("a miss", share, values, 4741,
                 (Judged){VERDICT_INCONCLUSIVE, 4740.0 / 4741, true,
                          "met in 4740 of 4741 runs; needs 4742 runs if no more miss it"});
    check_judged("a miss, enough", share, values, 4742,
                 (Judged){VERDICT_PASS, 4741.0 / 4742, true, "met in 4741 of 4742 runs"});
    values[2] = 6;
    check_judged("2 of 9", share, values, 9,
                 (Judged){VERDICT_FAIL, 7.0 / 9, true, "met in 7 of 9 runs"});
    share.confidence = 0.99;
    for (size_t i = 0; i < 20; i++)
        values[i] = 1;
    share.q = 0.8;
    check_judged("99 %", share, values, 20,
                 (Judged){VERDICT_INCONCLUSIVE, 1, true,
                          "met in 20 of 20 runs; needs 21 runs if no more miss it"});
    g_free(values);
}

static void test_verdict_unreached(void)
{
    static const double some[] = {1, INFINITY, 2, NAN}, none[] = {NAN, NAN};
    Expect mean = {.stat = EXPECT_MEAN, .op = EXPECT_LE, .limit = 100};
    check_judged("unreached mean", mean, some, 4,
                 (Judged){VERDICT_FAIL, INFINITY, false, UNREACHED});
    check_judged("no run", mean, none, 2,
                 (Judged){VERDICT_INCONCLUSIVE, NAN, false, "applies to no run"});
    check_judged("zero runs", mean, none, 0,
                 (Judged){VERDICT_INCONCLUSIVE, NAN, false, "applies to no run"});
    check_judged("one run", mean, some, 1,
                 (Judged){VERDICT_INCONCLUSIVE, 1, false, "needs 2 runs, has 1"});
    check_judged("unreached worst", (Expect){.stat = EXPECT_MAX, .op = EXPECT_LE, .limit = 100},
                 some, 4, (Judged){VERDICT_FAIL, INFINITY, false, "run 1"});
    mean.op = EXPECT_GE;
    check_judged("unreached above", mean, some, 4,
                 (Judged){VERDICT_PASS, INFINITY, false, UNREACHED});
    double values[100];
    for (size_t i = 0; i < 100; i++)
        values[i] = i < 8 ? INFINITY : 1;
    check_judged("unreached p95",
                 (Expect){.stat = EXPECT_QUANTILE, .q = 0.95, .op = EXPECT_LE, .limit = 5}, values,
                 100, (Judged){VERDICT_INCONCLUSIVE, INFINITY, true, STRADDLES});
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/expect/accepted", test_accepted);
    g_test_add_func("/expect/refused", test_refused);
    g_test_add_func("/expect/verdict-mean", test_verdict_mean);
    g_test_add_func("/expect/verdict-extremes", test_verdict_extremes);
    g_test_add_func("/expect/verdict-quantile", test_verdict_quantile);
    g_test_add_func("/expect/verdict-failing-side", test_verdict_failing_side);
    g_test_add_func("/expect/verdict-count-is-interval", test_verdict_count_is_interval);
    g_test_add_func("/expect/verdict-share", test_verdict_share);
    g_test_add_func("/expect/verdict-unreached", test_verdict_unreached);
    return g_test_run();
}
