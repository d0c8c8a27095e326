#include "sim/expect.h"

#include <string.h>

#include "sim/diag.h"
#include "sim/param.h"

#define BLANKS " \t\r\n"

typedef struct StatName {
    const char *name;
    ExpectStat stat;
    double q;
} StatName;

static const StatName stat_names[] = {
    {"mean", EXPECT_MEAN, 0},       {"min", EXPECT_MIN, 0},
    {"max", EXPECT_MAX, 0},         {"p50", EXPECT_QUANTILE, 0.50},
    {"p90", EXPECT_QUANTILE, 0.90}, {"p95", EXPECT_QUANTILE, 0.95},
    {"p99", EXPECT_QUANTILE, 0.99}, {"p99.9", EXPECT_QUANTILE, 0.999},
};
#define STAT_HINT "statistics: mean, min, max, p50, p90, p95, p99, p99.9"

/* Longer ones before their prefixes. */
static const struct {
    const char *text;
    ExpectOp op;
} op_names[] = {
    {"<=", EXPECT_LE}, {">=", EXPECT_GE}, {"==", EXPECT_EQ}, {"<", EXPECT_LT}, {">", EXPECT_GT},
};
#define OP_HINT "operators: <= < >= > =="

/* ---- Reading ---- */

/* The text cut into its parts: [path] [op] [value] [in share], all pointing into it. */
typedef struct Pieces {
    const char *text;
    const char *path, *op, *value;
    const char *share; /* what follows "in"; NULL without one */
    size_t path_length, op_length, value_length, share_length;
} Pieces;

static size_t without_blanks(const char *text, size_t length)
{
    while (length > 0 && strchr(BLANKS, text[length - 1]))
        length--;
    return length;
}

/* "5s in 99.9%": the value ends where a word "in" begins. */
static void cut_share(Pieces *p)
{
    for (const char *at = p->value; (at = strstr(at, "in")) != NULL; at++) {
        const bool begins = at == p->value || strchr(BLANKS, at[-1]) != NULL;
        if (!begins || (at[2] != '\0' && strchr(BLANKS, at[2]) == NULL))
            continue;
        p->share = at + 2 + strspn(at + 2, BLANKS);
        p->share_length = without_blanks(p->share, strlen(p->share));
        p->value_length = without_blanks(p->value, (size_t)(at - p->value));
        return;
    }
}

static Pieces cut(const char *text)
{
    Pieces p = {.text = text};
    p.path = text + strspn(text, BLANKS);
    p.path_length = strcspn(p.path, BLANKS "<>=!");
    p.op = p.path + p.path_length;
    p.op += strspn(p.op, BLANKS);
    p.op_length = strspn(p.op, "<>=!");
    p.value = p.op + p.op_length;
    p.value += strspn(p.value, BLANKS);
    p.value_length = without_blanks(p.value, strlen(p.value));
    cut_share(&p);
    return p;
}

/* Marks bytes from `at` as the problem; takes ownership of both texts. */
static bool refuse(ExpectProblem *problem, const Pieces *p, const char *at, size_t length,
                   char *message, char *hint)
{
    problem->skip = (size_t)g_utf8_pointer_to_offset(p->text, at);
    problem->length = (size_t)g_utf8_strlen(at, (gssize)length);
    problem->message = message;
    problem->hint = hint;
    return false;
}

static const StatName *stat_find(const char *name, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(stat_names); i++)
        if (strlen(stat_names[i].name) == length && memcmp(stat_names[i].name, name, length) == 0)
            return &stat_names[i];
    return NULL;
}

const char *expect_statistic_name(const Expect *expect)
{
    for (size_t i = 0; i < G_N_ELEMENTS(stat_names); i++)
        if (stat_names[i].stat == expect->stat && stat_names[i].q == expect->q)
            return stat_names[i].name;
    return "share";
}

/* Is `name` the whole path, or followed by a dot in it? */
static bool path_begins_with(const Pieces *p, const char *name)
{
    const size_t length = strlen(name);
    return p->path_length >= length && memcmp(p->path, name, length) == 0 &&
           (p->path_length == length || p->path[length] == '.');
}

/* The longest metric that begins the path: names contain dots themselves. */
static bool metric_find(const Pieces *p, const MetricTable *metrics, size_t *found)
{
    size_t longest = 0;
    for (size_t i = 0; i < metrics->count; i++) {
        const size_t length = strlen(metrics->specs[i].name);
        if (length > longest && path_begins_with(p, metrics->specs[i].name)) {
            longest = length;
            *found = i;
        }
    }
    return longest > 0;
}

/* The path's part before ".p95" or another statistic; all of it if there is none. */
static char *path_metric(const Pieces *p)
{
    for (size_t i = 0; i < G_N_ELEMENTS(stat_names); i++) {
        const size_t length = strlen(stat_names[i].name);
        if (p->path_length > length + 1 && p->path[p->path_length - length - 1] == '.' &&
            memcmp(p->path + p->path_length - length, stat_names[i].name, length) == 0)
            return g_strndup(p->path, p->path_length - length - 1);
    }
    return g_strndup(p->path, p->path_length);
}

/* Up to three metrics of the group that was named instead of one ("rto" for "rto.service"). */
static char *hint_from_group(const char *word, const MetricTable *metrics)
{
    char *prefix = g_strconcat(word, ".", NULL);
    GString *hint = g_string_new(NULL);
    size_t listed = 0;
    for (size_t i = 0; i < metrics->count && listed < 3; i++)
        if (g_str_has_prefix(metrics->specs[i].name, prefix))
            g_string_append_printf(hint, "%s\"%s\"", listed++ ? " or " : "did you mean ",
                                   metrics->specs[i].name);
    g_free(prefix);
    if (listed)
        g_string_append_c(hint, '?');
    return g_string_free(hint, listed == 0);
}

static char *hint_for_metric(const char *word, const MetricTable *metrics)
{
    char *hint = hint_from_group(word, metrics);
    if (hint)
        return hint;
    const char **names = g_new(const char *, metrics->count + 1);
    for (size_t i = 0; i < metrics->count; i++)
        names[i] = metrics->specs[i].name;
    const char *nearest = diag_suggest(word, names, metrics->count);
    if (nearest)
        hint = g_strdup_printf("did you mean \"%s\"?", nearest);
    g_free(names);
    return hint;
}

static bool refuse_metric(ExpectProblem *problem, const Pieces *p, const MetricTable *metrics)
{
    if (p->path_length == 0)
        return refuse(problem, p, p->path, strlen(p->path),
                      g_strdup("an expectation begins with a metric"),
                      g_strdup("write METRIC.STATISTIC <= VALUE"));
    char *word = path_metric(p);
    refuse(problem, p, p->path, strlen(word), g_strdup_printf("unknown metric \"%s\"", word),
           hint_for_metric(word, metrics));
    g_free(word);
    return false;
}

static bool parse_path(const Pieces *p, const MetricTable *metrics, Expect *out,
                       ExpectProblem *problem)
{
    if (!metric_find(p, metrics, &out->metric))
        return refuse_metric(problem, p, metrics);
    const char *metric = metrics->specs[out->metric].name;
    out->stat = EXPECT_MEAN;
    out->q = 0;
    if (strlen(metric) == p->path_length)
        return true;
    const char *name = p->path + strlen(metric) + 1;
    const size_t length = p->path_length - strlen(metric) - 1;
    const StatName *stat = stat_find(name, length);
    if (!stat)
        return refuse(
            problem, p, name, length,
            g_strdup_printf("unknown statistic \"%.*s\" of %s", (int)length, name, metric),
            g_strdup(STAT_HINT));
    out->stat = stat->stat;
    out->q = stat->q;
    return true;
}

static bool parse_op(const Pieces *p, Expect *out, ExpectProblem *problem)
{
    for (size_t i = 0; i < G_N_ELEMENTS(op_names); i++)
        if (strlen(op_names[i].text) == p->op_length &&
            memcmp(op_names[i].text, p->op, p->op_length) == 0) {
            out->op = op_names[i].op;
            return true;
        }
    if (p->op_length > 0)
        return refuse(problem, p, p->op, p->op_length,
                      g_strdup_printf("unknown operator \"%.*s\"", (int)p->op_length, p->op),
                      g_strdup(OP_HINT));
    return refuse(problem, p, p->op, p->value_length,
                  g_strdup_printf("missing operator after \"%.*s\"", (int)p->path_length, p->path),
                  g_strdup(OP_HINT));
}

/* ---- Limits, by the metric's unit ---- */

static bool limit_seconds(const char *text, double *out, char **message)
{
    SimTime time;
    if (!param_parse_time(text, &time, message))
        return false;
    *out = sim_seconds(time);
    return true;
}

static bool limit_share(const char *text, double *out, char **message)
{
    if (!param_parse_share(text, out, message))
        return false;
    if (*out >= 0 && *out <= 1)
        return true;
    *message = g_strdup_printf("must be from 0%% to 100%%, not %s", text);
    return false;
}

/* A mean of counts need not be whole. */
static bool limit_count(const char *text, double *out, char **message)
{
    char *unused = NULL;
    if (param_parse_number(text, out, &unused))
        return true;
    g_free(unused);
    int64_t count;
    if (!param_parse_count(text, &count, message))
        return false;
    if (count == INT64_MAX) { /* "unlimited" is a setting, not a limit */
        *message = g_strdup_printf("must be a count, not %s", text);
        return false;
    }
    *out = (double)count;
    return true;
}

static const struct {
    bool (*parse)(const char *text, double *out, char **message);
    const char *hint; /* completes "METRIC is …" */
} limits[] = {
    [METRIC_COUNT] = {limit_count, "a count: write 0 or 1_000"},
    [METRIC_SECONDS] = {limit_seconds, "in seconds: write 5m or 300s"},
    [METRIC_SHARE] = {limit_share, "a share: write 5% or 0.05"},
    [METRIC_NUMBER] = {param_parse_number, "a number without a unit: write 1.5"},
};

static bool parse_limit(const Pieces *p, const MetricSpec *metric, Expect *out,
                        ExpectProblem *problem)
{
    char *hint = g_strdup_printf("%s is %s", metric->name, limits[metric->unit].hint);
    if (p->value_length == 0)
        return refuse(problem, p, p->op, p->op_length,
                      g_strdup_printf("missing value after \"%.*s\"", (int)p->op_length, p->op),
                      hint);
    char *value = g_strndup(p->value, p->value_length);
    char *message = NULL;
    const bool good = limits[metric->unit].parse(value, &out->limit, &message);
    g_free(value);
    if (good) {
        g_free(hint);
        return true;
    }
    refuse(problem, p, p->value, p->value_length, g_strconcat("the limit ", message, NULL), hint);
    g_free(message);
    return false;
}

/* The share of runs in which it must hold. No number of runs shows that it holds in all. */
static bool parse_share(const Pieces *p, const MetricSpec *metric, Expect *out,
                        ExpectProblem *problem)
{
    if (p->share == NULL)
        return true;
    if (strlen(metric->name) != p->path_length) {
        const char *stat = p->path + strlen(metric->name);
        return refuse(
            problem, p, stat, p->path_length - strlen(metric->name),
            g_strdup("a share of the runs is about each run: no statistic"),
            g_strdup_printf("write %s %.*s … in …", metric->name, (int)p->op_length, p->op));
    }
    char *share = g_strndup(p->share, p->share_length);
    char *message = NULL;
    bool good = param_parse_share(share, &out->q, &message);
    if (good && !(out->q > 0 && out->q < 1)) {
        good = false;
        message = g_strdup_printf("must be above 0%% and below 100%%, not %s", share);
    }
    g_free(share);
    out->stat = EXPECT_SHARE;
    if (good)
        return true;
    const bool missing = p->share_length == 0;
    refuse(problem, p, missing ? p->share - 2 : p->share, missing ? 2 : p->share_length,
           missing ? g_strdup("missing share after \"in\"")
                   : g_strconcat("the share of the runs ", message, NULL),
           g_strdup("write in 99.9%; for every single run, METRIC.max or METRIC.min"));
    g_free(message);
    return false;
}

bool expect_parse(const char *text, const MetricTable *metrics, Expect *out, ExpectProblem *problem)
{
    const Pieces pieces = cut(text);
    *out = (Expect){0};
    *problem = (ExpectProblem){0};
    return parse_path(&pieces, metrics, out, problem) && parse_op(&pieces, out, problem) &&
           parse_limit(&pieces, &metrics->specs[out->metric], out, problem) &&
           parse_share(&pieces, &metrics->specs[out->metric], out, problem);
}

bool expect_parse_statistic(const char *text, const MetricTable *metrics, Expect *out,
                            ExpectProblem *problem)
{
    const Pieces pieces = cut(text);
    *out = (Expect){0};
    *problem = (ExpectProblem){0};
    if (!parse_path(&pieces, metrics, out, problem))
        return false;
    if (*pieces.op == '\0')
        return true;
    return refuse(
        problem, &pieces, pieces.op, strlen(pieces.op),
        g_strdup_printf("nothing may follow \"%.*s\"", (int)pieces.path_length, pieces.path),
        g_strdup("write METRIC or METRIC.STATISTIC"));
}
