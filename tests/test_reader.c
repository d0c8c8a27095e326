/* The scenario reader: what it reads, every diagnostic it can emit and where, and what hostile
 * input does to it. A case is wanted for each row of sim/param_text.h: the last test counts. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/param.h"
#include "sim/param_text.h"
#include "sim/source.h"
#include "sim/yaml.h"

/* A schema with every type, groups, lists, lists in lists, and keys at the top level. */

typedef struct Step {
    char *run;
    SimTime takes;
} Step;

typedef struct Happening {
    SimTime at;
    char *fail;
    ParamList steps;
} Happening;

typedef struct Wish {
    char *that, *why;
} Wish;

typedef struct Users {
    double rate, share, factor;
    SimTime timeout, backoff;
    int64_t retries, limit;
    bool eager;
    int mode;
    Dist *think, *pause;
    ParamNames cast;
} Users;

typedef struct Conf {
    int64_t version;
    char *name;
    ParamList events, wishes;
    Users users;
    struct {
        SimTime ttl;
        double low;
    } router;
    struct {
        ParamSweep grid, zip, list;
    } sweep;
} Conf;

#define SPEC(owner, name_, type_, field, fallback_, ...)                                           \
    {                                                                                              \
        .key = name_, .type = type_, .offset = offsetof(owner, field), .fallback = fallback_,      \
        .text = "", .source = "", __VA_ARGS__                                                      \
    }

static const ParamSpec step_specs[] = {
    SPEC(Step, "run", PARAM_TEXT, run, NULL),
    SPEC(Step, "takes", PARAM_TIME, takes, "1m"),
};
static const ParamTable step_table = {step_specs, 2, sizeof(Step), "run"};

static const ParamSpec happening_specs[] = {
    SPEC(Happening, "at", PARAM_TIME, at, NULL),
    SPEC(Happening, "fail", PARAM_TEXT, fail, "region"),
    SPEC(Happening, "steps", PARAM_LIST, steps, "[stop, {run: start, takes: 2m}]",
         .items = &step_table),
};
static const ParamTable happening_table = {happening_specs, 3, sizeof(Happening), NULL};

static const ParamSpec wish_specs[] = {
    SPEC(Wish, "that", PARAM_TEXT, that, NULL),
    SPEC(Wish, "why", PARAM_TEXT, why, ""),
};
static const ParamTable wish_table = {wish_specs, 2, sizeof(Wish), "that"};

static const char *const modes[] = {"async", "sync", "semisync", NULL};

static const ParamSpec top_specs[] = {
    SPEC(Conf, "version", PARAM_COUNT, version, "1"),
    SPEC(Conf, "name", PARAM_TEXT, name, "''"),
    SPEC(Conf, "events", PARAM_LIST, events, "[]", .items = &happening_table),
    SPEC(Conf, "expect", PARAM_LIST, wishes, "", .items = &wish_table),
};
static const ParamTable top_table = {top_specs, G_N_ELEMENTS(top_specs), sizeof(Conf), NULL};

static const ParamSpec users_specs[] = {
    SPEC(Users, "rate", PARAM_RATE, rate, NULL, .min = 0.001, .max = 1e6),
    SPEC(Users, "share", PARAM_SHARE, share, "5%"),
    SPEC(Users, "factor", PARAM_NUMBER, factor, "2"),
    SPEC(Users, "timeout", PARAM_TIME, timeout, "10s", .min = 1, .max = 3600),
    SPEC(Users, "retry.max", PARAM_COUNT, retries, "3", .max = 100),
    SPEC(Users, "retry.backoff", PARAM_TIME, backoff, "500ms"),
    SPEC(Users, "limit", PARAM_COUNT, limit, "unlimited", .min = 1, .max = 9.3e18),
    SPEC(Users, "eager", PARAM_FLAG, eager, "no"),
    SPEC(Users, "mode", PARAM_CHOICE, mode, "async", .choices = modes),
    SPEC(Users, "think", PARAM_DIST, think, "{exponential: 30s}", .max = 600),
    SPEC(Users, "pause", PARAM_DIST, pause, "1s"),
    SPEC(Users, "cast", PARAM_NAMES, cast, "[asha, ravi]"),
};
static const ParamTable users_table = {users_specs, G_N_ELEMENTS(users_specs), sizeof(Users), NULL};

static const ParamSpec router_specs[] = {
    {.key = "ttl", .type = PARAM_TIME, .offset = 0, .fallback = "30s", .text = "", .source = ""},
    {.key = "low", .type = PARAM_NUMBER, .offset = 8, .fallback = "-1", .min = -5, .max = 0},
};
static const ParamTable router_table = {router_specs, 2, 16, NULL};

#define SWEEP(name_, type_, i)                                                                     \
    {                                                                                              \
        .key = name_, .type = type_, .offset = (i) * sizeof(ParamSweep),                           \
        .fallback = type_ == PARAM_POINTS ? "[]" : "{}", .text = "", .source = ""                  \
    }
static const ParamSpec sweep_specs[] = {
    SWEEP("grid", PARAM_GRID, 0),
    SWEEP("zip", PARAM_ZIP, 1),
    SWEEP("list", PARAM_POINTS, 2),
};
static const ParamTable sweep_table = {sweep_specs, 3, 3 * sizeof(ParamSweep), NULL};

static const ParamSection sections[] = {
    {"", "", &top_table, 0},
    {"users", "", &users_table, offsetof(Conf, users)},
    {"router", "", &router_table, offsetof(Conf, router)},
    {"sweep", "", &sweep_table, offsetof(Conf, sweep)},
};
static const ParamSchema schema = {sections, 4, sizeof(Conf)};

/* Reading in one line. */

typedef struct Read {
    Conf conf;
    DiagList diags;
    ParamDoc *doc;
} Read;

static char *directory; /* with the CSV files; a scenario there is never read, only named */

static Read read_text(const char *text, size_t length, const char *const *sets, size_t count)
{
    Read read;
    memset(&read.conf, 0xa5, sizeof read.conf);
    diag_list_init(&read.diags);
    char *file = g_build_filename(directory, "s.yaml", NULL);
    read.doc = param_read(&schema, file, text, length, sets, count, &read.conf, &read.diags);
    g_free(file);
    return read;
}

static void read_done(Read *read)
{
    param_clear(&schema, &read->conf);
    param_doc_free(read->doc);
    diag_list_clear(&read->diags);
}

static Read read_right(const char *text, const char *set)
{
    Read read = read_text(text, strlen(text), &set, set == NULL ? 0 : 1);
    for (guint i = 0; i < read.diags.items->len; i++) {
        char *shown = diag_format(read.diags.items->pdata[i], false);
        g_test_message("%s", shown);
        g_free(shown);
    }
    g_assert_cmpuint(read.diags.items->len, ==, 0);
    return read;
}

static const char users_line[] = "users: {rate: 5/s}\n";

static void test_defaults(void)
{
    Read read = read_right(users_line, NULL);
    const Conf *c = &read.conf;
    g_assert_cmpint(c->version, ==, 1);
    g_assert_cmpstr(c->name, ==, "");
    g_assert_cmpuint(c->events.count, ==, 0);
    g_assert_cmpuint(c->wishes.count, ==, 0);
    g_assert_cmpfloat(c->users.rate, ==, 5);
    g_assert_cmpfloat(c->users.share, ==, 0.05);
    g_assert_cmpfloat(c->users.factor, ==, 2);
    g_assert_cmpint(c->users.timeout, ==, 10 * SIM_SEC);
    g_assert_cmpint(c->users.backoff, ==, 500 * SIM_MS);
    g_assert_cmpint(c->users.retries, ==, 3);
    g_assert_cmpint(c->users.limit, ==, INT64_MAX);
    g_assert_false(c->users.eager);
    g_assert_cmpint(c->users.mode, ==, 0);
    g_assert_cmpstr(c->users.think->type->name, ==, "exponential");
    g_assert_true(dist_is_constant(c->users.pause));
    g_assert_cmpuint(c->users.cast.count, ==, 2);
    g_assert_cmpstr(c->users.cast.name[1], ==, "ravi");
    g_assert_null(c->users.cast.name[2]);
    g_assert_cmpint(c->router.ttl, ==, 30 * SIM_SEC);
    read_done(&read);
}

static const char full_text[] = "\xef\xbb\xbf"
                                "# a comment\r\n"
                                "---\r\n"
                                "version: 1_000\r\n"
                                "name: \"Nord → Süd: test\"\r\n"
                                "users:\r\n"
                                "  rate: 3/m\r\n"
                                "  share: 0.1%\r\n"
                                "  factor: -1.5e2\r\n"
                                "  timeout: 1m30s\r\n"
                                "  retry: {max: 7, backoff: 1.5s}\r\n"
                                "  limit: 1,212,400\r\n"
                                "  eager: on\r\n"
                                "  mode: semisync\r\n"
                                "  think: {lognormal: {median: 28s, p99: 60s}}\r\n"
                                "  pause: {mixture: [{weight: 3, of: 1s}, {weight: 1, of: "
                                "{exponential: {mean: 5s}}}]}\r\n"
                                "  cast: [no, '12:30', 1e3, ~a]\r\n"
                                "events:\r\n"
                                "  - {at: 10m}\r\n"
                                "  - at: 20m\r\n"
                                "    fail: ''\r\n"
                                "    steps: [a, {run: b, takes: 5s}]\r\n"
                                "expect:\r\n"
                                "  - rto.p95 <= 5m\r\n"
                                "  - {that: x, why: \"y\"}\r\n"
                                "...\r\n"
                                "# the end\r\n";

static void test_all_types(void)
{
    Read read = read_right(full_text, NULL);
    const Conf *c = &read.conf;
    g_assert_cmpint(c->version, ==, 1000);
    g_assert_cmpstr(c->name, ==, "Nord → Süd: test");
    g_assert_cmpfloat(c->users.rate, ==, 0.05);
    g_assert_cmpfloat(c->users.share, ==, 0.001);
    g_assert_cmpfloat(c->users.factor, ==, -150);
    g_assert_cmpint(c->users.timeout, ==, 90 * SIM_SEC);
    g_assert_cmpint(c->users.backoff, ==, 1500 * SIM_MS);
    g_assert_cmpint(c->users.retries, ==, 7);
    g_assert_cmpint(c->users.limit, ==, 1212400);
    g_assert_true(c->users.eager);
    g_assert_cmpint(c->users.mode, ==, 2);
    g_assert_cmpfloat_with_epsilon(dist_quantile(c->users.think, 0.5), 28, 1e-9);
    g_assert_cmpfloat_with_epsilon(dist_mean(c->users.pause), 2, 1e-9);
    g_assert_cmpuint(c->users.cast.count, ==, 4);
    g_assert_cmpstr(c->users.cast.name[0], ==, "no");
    g_assert_cmpstr(c->users.cast.name[1], ==, "12:30");
    g_assert_cmpstr(c->users.cast.name[2], ==, "1e3");
    g_assert_cmpuint(c->events.count, ==, 2);
    const Happening *h = c->events.item;
    g_assert_cmpint(h[0].at, ==, 10 * SIM_MIN);
    g_assert_cmpstr(h[0].fail, ==, "region");
    g_assert_cmpuint(h[0].steps.count, ==, 2);
    g_assert_cmpint(((Step *)h[0].steps.item)[0].takes, ==, SIM_MIN);
    g_assert_cmpint(((Step *)h[0].steps.item)[1].takes, ==, 2 * SIM_MIN);
    g_assert_cmpstr(h[1].fail, ==, "");
    g_assert_cmpstr(((Step *)h[1].steps.item)[0].run, ==, "a");
    const Wish *w = c->wishes.item;
    g_assert_cmpuint(c->wishes.count, ==, 2);
    g_assert_cmpstr(w[0].that, ==, "rto.p95 <= 5m");
    g_assert_cmpstr(w[0].why, ==, "");
    g_assert_cmpstr(w[1].why, ==, "y");
    read_done(&read);
}

static void test_sets(void)
{
    static const char *const sets[] = {
        "users.rate=9/s",
        "users.retry.max=5",
        "router.ttl=90s",
        "events[0].at=12m",
        "expect=[a <= 1, b]",
        "events[1]={at: 3m}",
        "name=a=b",
        "users.rate=10/s",
        "users.cast=[x]",
        "users.think={exponential: {mean: 4s}}",
        "users.think.exponential.mean=6s",
        "events[0].steps[1].takes=9s",
    };
    static const char text[] = "users: {rate: 5/s, timeout: 3s}\n"
                               "events: [{at: 1m, steps: [a, {run: b}]}, {at: 2m}]\n"
                               "router:\n";
    Read read = read_text(text, strlen(text), sets, G_N_ELEMENTS(sets));
    const Conf *c = &read.conf;
    g_assert_cmpuint(read.diags.items->len, ==, 0);
    g_assert_cmpfloat(c->users.rate, ==, 10);
    g_assert_cmpint(c->users.timeout, ==, 3 * SIM_SEC);
    g_assert_cmpint(c->users.retries, ==, 5);
    g_assert_cmpint(c->router.ttl, ==, 90 * SIM_SEC);
    g_assert_cmpstr(c->name, ==, "a=b");
    g_assert_cmpfloat(dist_mean(c->users.think), ==, 6);
    g_assert_cmpint(((Happening *)c->events.item)[0].at, ==, 12 * SIM_MIN);
    g_assert_cmpint(((Step *)((Happening *)c->events.item)[0].steps.item)[1].takes, ==,
                    9 * SIM_SEC);
    g_assert_cmpint(((Happening *)c->events.item)[1].at, ==, 3 * SIM_MIN);
    g_assert_cmpuint(c->wishes.count, ==, 2);
    g_assert_true(param_doc_has(read.doc, "users.retry.max"));
    read_done(&read);
}

/* The diagnostics. */

#define G U "sweep: {grid: {"

typedef struct Case {
    const char *text;
    const char *set; /* NULL: none */
    size_t line, column;
    const char *message, *hint; /* fragments; hint NULL: none needed */
    size_t errors;              /* in all */
} Case;

#define U        "users: {rate: 5/s}\n"
#define UK(more) "users:\n  rate: 5/s\n  " more "\n"

static const Case cases[] = {
    /* The file and its YAML. */
    {U "name: a\xff"
       "b\n",
     NULL, 2, 8, "this is not UTF-8 text", "save the file as UTF-8", 1},
    {U "name: a\x01\n", NULL, 2, 8, "control character U+0001 is not allowed", NULL, 1},
    {U "name: a\rx: 3\n", NULL, 2, 8, "control character U+000D", "end lines with LF or CR LF", 1},
    {U "name: a\u2028b\n", NULL, 2, 8, "control character U+2028", NULL, 1},
    {U "name: \"a\\0b\"\n", NULL, 2, 7, "control character U+0000 is not allowed", NULL, 1},
    {"# x\n%YAML 1.1\n---\n" U, NULL, 2, 1, "YAML directives are not supported", "remove", 1},
    {U "---\nname: x\n", NULL, 2, 1, "a second document is not supported", "file of its own", 1},
    {U "...\n%TAG ! x\n---\n", NULL, 3, 1, "a second document is not supported", NULL, 1},
    {"{users: {rate: 5/s}}\n}\n", NULL, 2, 1, "nothing may follow the end", "too many?", 1},
    {"a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n", NULL, 1, 35, "nested deeper than 32 levels",
     "reading stops here", 2},
    {U "name: &x a\n", NULL, 2, 7, "anchors (&x) are not supported", "needs quotes", 1},
    {"users: &x {rate: 5/s}\n", NULL, 1, 8, "anchors (&x)", NULL, 1},
    {U "name: *x\n", NULL, 2, 7, "aliases (*x) are not supported", "needs quotes", 1},
    {U "name: !!str a\n", NULL, 2, 7, "tags (tag:yaml.org,2002:str) are not supported", NULL, 1},
    {U "expect: !t [a]\n", NULL, 2, 9, "tags (!t) are not supported", NULL, 1},
    {"users: {<<: 3, rate: 5/s}\n", NULL, 1, 9, "merge keys (<<) are not supported", "write", 1},
    {U "[a, b]: 3\n", NULL, 2, 1, "a key must be a word, not a list", "key: value", 1},
    {U "? {a: b}\n: 3\n", NULL, 2, 3, "a key must be a word, not a group of keys", NULL, 1},
    {U "~: 3\n", NULL, 2, 1, "a key must be a word, not nothing", NULL, 1},
    {U "name: x\nname: y\n", NULL, 3, 1, "key \"name\" is written twice", "first written on line 2",
     1},
    {U "a: !<x y\n", NULL, 2, 7, "this is not valid YAML: did not find the expected '>'", NULL, 1},
    {"", NULL, 1, 1, "the scenario is empty", "a copy of one that works", 1},
    {"# only this\n---\n", NULL, 1, 1, "the scenario is empty", NULL, 1},
    {"~\n", NULL, 1, 1, "the scenario is empty", NULL, 1},
    /* Syntax errors of libyaml. */
    {U "name: @x\n", NULL, 2, 7, "this character cannot begin a key or a value", "quotes", 1},
    {"users:\n\trate: 5/s\n", NULL, 2, 1, "cannot begin", "begins with a tab", 1},
    {U "name: a: b\n", NULL, 2, 8, "a \":\" is not allowed here", "needs quotes", 1},
    {U "name\nversion: 1\n", NULL, 3, 1, "this line is not of the form \"key: value\"", "missing",
     1},
    {"users:\n    rate: 5/s\n  share: 1%\n", NULL, 3, 3,
     "this does not belong to the group of keys above", "indented alike", 1},
    {U "expect:\n  - a\n  b: c\n", NULL, 4, 3, "this does not belong to the list above", "\"- \"",
     1},
    {"users: {rate: 5/s\nname: x\n", NULL, 2, 5, "a \",\" or \"}\" is missing", "(see line 1)", 1},
    {"users: {rate: 5/s\n", NULL, 1, 8, "a \",\" or \"}\" is missing", "write {key: value", 1},
    {U "expect: [a, b\n", NULL, 2, 9, "a \",\" or \"]\" is missing", "write [first", 1},
    {U "expect: [a,, b]\n", NULL, 2, 12, "a value is missing here", "comma", 1},
    {"]\n", NULL, 1, 1, "a value is missing here", "bracket", 1},
    {U "name: - x\n", NULL, 2, 7, "a list cannot begin here", "new line", 1},
    {U "name: ? x\n", NULL, 2, 7, "a \"?\" is not allowed here", "quotes", 1},
    {U "name: \"x\n", NULL, 2, 7, "the closing quote is missing", "close the text", 1},
    {U "name: 'x\n---\n", NULL, 3, 1, "the closing quote is missing before this line", "(see line",
     1},
    {U "name: \"C:\\qq\"\n", NULL, 2, 10, "unknown escape in a text in double quotes", "backslash",
     1},
    {U "name: \"\\xzz\"\n", NULL, 2, 10, "an escape needs hexadecimal digits", "backslash", 1},
    {U "name: \"\\ud800\"\n", NULL, 2, 10, "no character has this code", "backslash", 1},
    {U "name: * x\n", NULL, 2, 8, "a value cannot begin with \"&\" or \"*\"", "quotes", 1},
    {U "name: | x\n", NULL, 2, 9, "nothing may follow \"|\" or \">\"", "next line", 1},
    {U "name: |0\n", NULL, 2, 8, "the indentation of a text cannot be 0", "\"|\" alone", 1},
    {U "name: !x!y z\n", NULL, 2, 7, "tags are not supported", "quotes", 1},
    {U "name: !x{ z\n", NULL, 2, 9, "tags are not supported; this one is broken", "quotes", 1},
    {U "name: !<> z\n", NULL, 2, 9, "a tag is broken", "quotes", 1},
    {U "name: |\n\tx\n", NULL, 3, 1, "this text is indented with a tab", "spaces", 1},
    {"[a]\nb: c\n", NULL, 2, 1, "nothing may follow", NULL, 2},
    /* Errors before a syntax error are told, what would come after it is not missing. */
    {"nmae: x\nrouter: {ttl: 30}\n\"\n", NULL, 1, 1, "unknown key \"nmae\"", "\"name\"?", 3},
    /* Keys. */
    {"- a\n", NULL, 1, 1, "a scenario must be a group of keys, not a list", "name: my scenario", 1},
    {"hello\n", NULL, 1, 1, "a scenario must be a group of keys, not \"hello\"", NULL, 1},
    {"usres: {rate: 5/s}\n", NULL, 1, 1, "unknown key \"usres\"", "did you mean \"users\"?", 1},
    {UK("timeuot: 10s"), NULL, 3, 3, "unknown key \"timeuot\" in users",
     "did you mean \"timeout\"?  See: failsim explain users", 1},
    {UK("ttl: 10s"), NULL, 3, 3, "unknown key \"ttl\" in users", "\"ttl\" is a key of router", 1},
    {UK("name: x"), NULL, 3, 3, "unknown key \"name\" in users", "is a key of the top level", 1},
    {U "rate: 3/s\n", NULL, 2, 1, "unknown key \"rate\"", "\"rate\" is a key of users", 1},
    {U "at: 3s\n", NULL, 2, 1, "unknown key \"at\"", "is a key of events[]", 1},
    {U "router: {zzzz: 1}\n", NULL, 2, 10, "unknown key \"zzzz\" in router", "here: ttl or low", 1},
    {UK("retry: {mx: 3, maxi: 3}"), NULL, 3, 18, "unknown key \"maxi\" in users.retry", "max", 2},
    {"users: {raet: 5/s}\n", NULL, 1, 9, "unknown key \"raet\" in users", "\"rate\"?", 1},
    {U "events: [{at: 1s, fial: x}]\n", NULL, 2, 19, "unknown key \"fial\" in events[0]",
     "did you mean \"fail\"?  See: failsim explain events[]", 1},
    {UK("retry.max: 5"), NULL, 3, 3, "key \"retry.max\" must be written as nested keys",
     "write retry: {max: 5}", 1},
    {"users.rate: 5/s\n", NULL, 1, 1, "key \"users.rate\" must be", "write users: {rate: 5/s}", 1},
    {U "a.b: 5\n", NULL, 2, 1, "unknown key \"a.b\"", NULL, 1},
    {"users: {share: 1%}\n", NULL, 1, 1, "missing key users.rate",
     "See: failsim explain users.rate", 1},
    {"name: x\n", NULL, 1, 1, "missing key users.rate", NULL, 1},
    {U "events: [{fail: x}]\n", NULL, 2, 10, "missing key events[0].at", "explain events[].at", 1},
    {UK("timeout:"), NULL, 3, 3, "users.timeout has no value", "write a value", 1},
    {UK("timeout: ~"), NULL, 3, 12, "users.timeout has no value", "remove the key", 1},
    {"users:\nname: x\n", NULL, 1, 1, "users has no value", "write its keys below", 1},
    {U "expect: [~]\n", NULL, 2, 10, "expect[0] has no value", NULL, 1},
    {U "events: ~\n", NULL, 2, 9, "events has no value", NULL, 1},
    {"users: 5\n", NULL, 1, 8, "users must be a group of keys, not 5", "See: failsim explain users",
     1},
    {UK("retry: [1]"), NULL, 3, 10, "users.retry must be a group of keys, not a list", NULL, 1},
    {U "events: [now]\n", NULL, 2, 10, "events[0] must be a group of keys, not \"now\"", NULL, 1},
    {U "events: {at: 3s}\n", NULL, 2, 9, "events must be a list, not a group of keys", "[first", 1},
    {U "expect: a <= 3\n", NULL, 2, 9, "expect must be a list, not \"a <= 3\"", "\"- \"", 1},
    /* Values. */
    {UK("timeout: soon"), NULL, 3, 12, "users.timeout must be a time, not \"soon\"", "write 30s",
     1},
    {UK("timeout: 30"), NULL, 3, 12, "users.timeout must be a time with a unit, not 30",
     "write 30s (units: ns us ms s m h d)  See: failsim explain users.timeout", 1},
    {UK("timeout: 30sec"), NULL, 3, 12, "must be a time in ns, us, ms, s, m, h or d", "write 30s",
     1},
    {UK("timeout: 30s1m"), NULL, 3, 12, "must be a time with each unit once", "1h30m", 1},
    {UK("timeout: 99999d"), NULL, 3, 12, "must be a time of at most 36500d, not 99999d", NULL, 1},
    {UK("timeout: -1s"), NULL, 3, 12, "must be a time of 0s or more, not -1s", "negative", 1},
    {UK("timeout: 2h"), NULL, 3, 12, "users.timeout must be between 1s and 1h, not 2h", NULL, 1},
    {UK("timeout: [1s]"), NULL, 3, 12, "users.timeout must be a time, not a list", NULL, 1},
    {UK("timeout: ''"), NULL, 3, 12, "users.timeout must be a time, not an empty text", NULL, 1},
    {"users: {rate: fast}\n", NULL, 1, 15, "users.rate must be a rate, not \"fast\"", "850/s", 1},
    {"users: {rate: 850}\n", NULL, 1, 15, "must be a rate with a unit, not 850", "write 850/s", 1},
    {"users: {rate: 850/y}\n", NULL, 1, 15, "must be a rate per s, m, h or d", "write 850/s", 1},
    {"users: {rate: 0/s}\n", NULL, 1, 15, "must be between 0.001/s and 1000000/s, not 0/s", NULL,
     1},
    {UK("share: half"), NULL, 3, 10, "users.share must be a share, not \"half\"", "5%", 1},
    {UK("share: 5"), NULL, 3, 10, "users.share must be between 0 and 1, not 5", "write 5% or 0.05",
     1},
    {UK("share: -1%"), NULL, 3, 10, "users.share must be between 0 and 1, not -1%", NULL, 1},
    {UK("factor: two"), NULL, 3, 11, "users.factor must be a number, not \"two\"", "1.5", 1},
    {UK("factor: .nan"), NULL, 3, 11, "users.factor must be a finite number", NULL, 1},
    {UK("factor: 1e999"), NULL, 3, 11, "users.factor must be a finite number, not 1e999", NULL, 1},
    {U "router: {low: 3}\n", NULL, 2, 15, "router.low must be between -5 and 0, not 3", NULL, 1},
    {UK("retry: {max: 500}"), NULL, 3, 16, "users.retry.max must be between 0 and 100, not 500",
     "See: failsim explain users.retry.max", 1},
    {UK("retry: {max: unlimited}"), NULL, 3, 16, "between 0 and 100, not \"unlimited\"", NULL, 1},
    {UK("limit: 0"), NULL, 3, 10, "users.limit must be at least 1, not 0", NULL, 1},
    {U "version: 1.5\n", NULL, 2, 10, "version must be a whole number, not 1.5", "12", 1},
    {U "version: 1_00\n", NULL, 2, 10, "a whole number with digits in groups of three", NULL, 1},
    {U "version: 9223372036854775808\n", NULL, 2, 10, "a whole number of at most 922337203", NULL,
     1},
    {U "version: -1\n", NULL, 2, 10, "version must be at least 0, not -1", NULL, 1},
    {UK("eager: maybe"), NULL, 3, 10, "users.eager must be true or false, not \"maybe\"", "yes", 1},
    {UK("mode: asynch"), NULL, 3, 9, "users.mode must be async, sync or semisync, not \"asynch\"",
     "did you mean \"async\"?", 1},
    {U "name: [x]\n", NULL, 2, 7, "name must be a text, not a list", NULL, 1},
    {U "name: \"a\\eb\"\n", NULL, 2, 7, "name must not contain control characters", NULL, 1},
    {UK("cast: asha"), NULL, 3, 9, "users.cast must be a list of names, not \"asha\"", "[first", 1},
    {UK("cast: {a: b}"), NULL, 3, 9, "users.cast must be a list of names, not a group", NULL, 1},
    {UK("cast: [a, [b], '']"), NULL, 3, 13, "users.cast[1] must be a name, not a list", NULL, 2},
    /* Distributions. */
    {UK("think: [1s]"), NULL, 3, 10, "users.think must be a time or a distribution, not a list",
     "{exponential: 30s}", 1},
    {UK("think: long"), NULL, 3, 10, "must be a time or a distribution, not \"long\"", "30s", 1},
    {UK("think: 30"), NULL, 3, 10, "users.think must be a time with a unit, not 30", "write 30s",
     1},
    {UK("think: {}"), NULL, 3, 10, "users.think must name one distribution, not 0", NULL, 1},
    {UK("think: {constant: 1s, exponential: 2s}"), NULL, 3, 10, "one distribution, not 2", NULL, 1},
    {UK("think: {lognormla: {median: 1s}}"), NULL, 3, 11,
     "unknown distribution \"lognormla\" in users.think", "did you mean \"lognormal\"?", 1},
    {UK("think: {cauchy: 3}"), NULL, 3, 11, "unknown distribution \"cauchy\"",
     "there are: constant", 1},
    {UK("think: {lognormal: 28ms}"), NULL, 3, 22,
     "users.think.lognormal needs its arguments by name", "write {lognormal: {median: …, p99: …}}",
     1},
    {UK("think: {lognormal: {median: 28ms, p9: 60ms}}"), NULL, 3, 37,
     "unknown key \"p9\" in users.think.lognormal", "here: median or p99", 1},
    {UK("think: {lognormal: {median: 28ms}}"), NULL, 3, 11, "missing key users.think.lognormal.p99",
     "explain users.think", 1},
    {UK("think: {lognormal: {median: 28, p99: 60ms}}"), NULL, 3, 31,
     "users.think.lognormal.median must be a time with a unit, not 28", NULL, 1},
    {UK("think: {lognormal: {median: 60ms, p99: 28ms}}"), NULL, 3, 22,
     "users.think.lognormal is not possible: ", NULL, 1},
    {UK("think: {exponential: 1h}"), NULL, 3, 10,
     "the mean of users.think must be between 0s and 10m, not 1h", NULL, 1},
    {UK("think: 11m"), NULL, 3, 10, "the mean of users.think must be between 0s and 10m", NULL, 1},
    {UK("think: {mixture: 3s}"), NULL, 3, 20, "users.think.mixture must be a list, not 3s",
     "weight", 1},
    {UK("think: {mixture: []}"), NULL, 3, 20, "users.think.mixture is not possible", NULL, 1},
    {UK("think: {mixture: [3s]}"), NULL, 3, 21, "mixture[0] must be {weight: …, of: …}, not 3s",
     NULL, 1},
    {UK("think: {mixture: [{weight: 0, of: 3s}]}"), NULL, 3, 30,
     "users.think.mixture[0].weight must be a positive number, not 0", NULL, 1},
    {UK("think: {mixture: [{wieght: 1, of: 3s}]}"), NULL, 3, 22,
     "unknown key \"wieght\" in users.think.mixture[0]", "\"weight\"?", 1},
    {UK("think: {mixture: [{weight: 1}]}"), NULL, 3, 21, "missing key users.think.mixture[0].of",
     NULL, 1},
    /* CSV files. */
    {UK("think: {empirical: none.csv}"), NULL, 3, 22,
     "cannot read none.csv: No such file or directory", "relative to the scenario's directory", 1},
    {UK("think: {empirical: fifo}"), NULL, 3, 22, "fifo is not a regular file", NULL, 1},
    {UK("think: {empirical: .}"), NULL, 3, 22, ". is not a regular file", NULL, 1},
    {UK("think: {empirical: large.csv}"), NULL, 3, 22, "large.csv is larger than 64 MiB", NULL, 1},
    {UK("think: {empirical: empty.csv}"), NULL, 3, 22, "empty.csv holds no values", NULL, 1},
    {UK("think: {empirical: two.csv}"), NULL, 3, 22, "two.csv has 2 columns: name one", "column: …",
     1},
    {UK("think: {empirical: {file: two.csv, column: tine}}"), NULL, 3, 29,
     "two.csv has no column \"tine\"", "its first row names: place or time", 1},
    {UK("think: {empirical: bad.csv}"), NULL, 3, 3, "1x is not a duration", "a number of s", 2},
    {UK("think: {empirical: {file: short.csv, column: time}}"), NULL, 3, 1,
     "this row has no column 2", NULL, 1},
    {UK("think: {empirical: worse.csv}"), NULL, 3, 22, "more cells of ", NULL, 21},
    {UK("think: {empirical: [a]}"), NULL, 3, 22, "must be the name of a CSV file, not a list", NULL,
     1},
    {UK("think: {empirical: {file: two.csv, column: [a]}}"), NULL, 3, 46,
     "users.think.empirical.column must be the name of a column, not a list", NULL, 1},
    {UK("think: {empirical: {file: two.csv, column: time, unit: w}}"), NULL, 3, 58,
     "users.think.empirical.unit must be a unit: ns, us, ms, s, m, h or d, not \"w\"", NULL, 1},
    {UK("think: {empirical: {column: time}}"), NULL, 3, 11,
     "missing key users.think.empirical.file", NULL, 1},
    /* --set. */
    {U, "users.rate", 1, 1, "\"users.rate\" is not of the form key=value", "--set run.seed=7", 1},
    {U, "=5", 1, 1, "an empty text is not a key", "run.seed", 1},
    {U, "users..rate=5", 1, 1, "\"users..rate\" is not a key", NULL, 1},
    {U, "users.rate]=5", 1, 1, "\"users.rate]\" is not a key", NULL, 1},
    {U, "events[0].at=5s", 1, 7, "events[0] does not exist", "no such list", 1},
    {U "expect: [a]\n", "expect[1]=b", 1, 7, "expect[1] does not exist", "has 1 item, counted", 1},
    {U "expect: [a]\n", "expect[0].why=b", 1, 11, "cannot set expect[0].why: expect[0] is \"a\"",
     "--set 'expect[0]=…'", 1},
    {U, "users.rate=", 1, 7, "users.rate has no value", NULL, 1},
    {U, "users.raet=5/s", 1, 7, "unknown key \"raet\" in users", "did you mean \"rate\"?", 1},
    {U, "users.timeout=5", 1, 15, "users.timeout must be a time with a unit", "write 5s", 1},
    {U, "usres.rate=5/s", 1, 1, "unknown key \"usres\"", "\"users\"?", 1},
    {U, "users.cast=[a", 1, 12, "a \",\" or \"]\" is missing", NULL, 1},
    {U, "users.mode=&a sync", 1, 12, "anchors (&a)", NULL, 1},
    /* Sweeps. */
    {G "a: 5s}}\n", NULL, 2, 19, "a must be a list of values or a range, not 5s", "write [first",
     1},
    {G "a: []}}\n", NULL, 2, 16, "a has no values", NULL, 1},
    {G "a: [1s, 2s, 1s]}}\n", NULL, 2, 28, "1s is there twice in a", NULL, 1},
    {G "a: [1s], a.b: [1s]}}\n", NULL, 2, 25, "a.b is swept twice", NULL, 1},
    {G "a: [1]}, list: [{b: 1, a: 2}]}\n", NULL, 2, 39, "a is swept twice", NULL, 1},
    {G "a b: [1]}}\n", NULL, 2, 16, "\"a b\" is not a key", "router.ttl", 1},
    {U "sweep: {zip: {a: [1, 2], b: [1]}}\n", NULL, 2, 26, "b has 1 value, a has 2", "as many", 1},
    {U "sweep: {zip: [a]}\n", NULL, 2, 14, "sweep.zip must be a group of keys", "write {", 1},
    {U "sweep: {list: {a: 1}}\n", NULL, 2, 15, "sweep.list must be a list", "write [{", 1},
    {U "sweep: {list: [a]}\n", NULL, 2, 16, "sweep.list[0] must be a group of keys", NULL, 1},
    {G "a: {from: 1s, too: 2s}}}\n", NULL, 2, 30, "unknown key \"too\" in a", "\"to\"?", 1},
    {G "a: {from: 1s}}}\n", NULL, 2, 16, "the range of a is not possible: it needs \"from\"",
     "steps", 1},
    {G "a: {from: 1s, to: 2/s, steps: 3}}}\n", NULL, 2, 34, "both ends need the same unit", NULL,
     1},
    {G "a: {from: 1s, to: 2s}}}\n", NULL, 2, 16, "it needs \"steps\" or \"by\"", "by: 2s", 1},
    {G "a: {from: 1s, to: 2s, steps: 1}}}\n", NULL, 2, 45, "steps are from 2 to 1000", NULL, 1},
    {G "a: {from: 1s, to: 2s, by: 1}}}\n", NULL, 2, 42, "\"by\" needs the unit", NULL, 1},
    {G "a: {from: 1s, to: 2s, by: 0s}}}\n", NULL, 2, 42, "does not lead", NULL, 1},
    {G "a: {from: 1, to: 2, by: -1}}}\n", NULL, 2, 40, "does not lead", NULL, 1},
    {G "a: {from: 1, to: 2, by: 0.0001}}}\n", NULL, 2, 40, "more than 1000 values", NULL, 1},
    {G "a: {from: 1s, to: 2s, by: 2s, scale: log}}}\n", NULL, 2, 42, "\"by\" is a factor", NULL, 1},
    {G "a: {from: 0s, to: 2s, steps: 3, scale: log}}}\n", NULL, 2, 55, "both ends above 0", NULL,
     1},
    {G "a: {from: 1s, to: 2s, steps: 3, scale: lin}}}\n", NULL, 2, 55, "linear or log", NULL, 1},
};

/* Which rows of param_text.h have been seen. */

#define FORMAT_ROW(id, text) text,
static const char *const formats[] = {PARAM_SAYS(FORMAT_ROW)};
static const char *const needs[] = {PARAM_NEEDS(FORMAT_ROW)};
#define SYNTAX_ROW(problem, message, hint) message,
static const char *const syntax[] = {YAML_SYNTAX(SYNTAX_ROW)};

static bool formats_seen[G_N_ELEMENTS(formats)];
static bool needs_seen[G_N_ELEMENTS(needs)];
static bool syntax_seen[G_N_ELEMENTS(syntax)];

/* A format with its conversions made wildcards; `*` itself becomes `?`. */
static char *pattern_of(const char *format)
{
    GString *pattern = g_string_new(NULL);
    for (const char *at = format; *at != '\0'; at++) {
        if (*at == '%') {
            at++;
            at += strspn(at, "0123456789z");
            g_string_append_c(pattern, '*');
        } else {
            g_string_append_c(pattern, *at == '*' ? '?' : *at);
        }
    }
    return g_string_free(pattern, FALSE);
}

static bool mark_formats(const char *message)
{
    bool known = false;
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        char *pattern = pattern_of(formats[i]);
        bool match = g_pattern_match_simple(pattern, message);
        formats_seen[i] |= match;
        known |= match;
        g_free(pattern);
    }
    return known;
}

/* Marks the rows that can say this; false if none can. */
static bool mark_rows(const char *message)
{
    bool known = mark_formats(message);
    for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
        char *part = g_strdup_printf(" must be %s, not ", needs[i]);
        needs_seen[i] |= strstr(message, part) != NULL;
        g_free(part);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(syntax); i++) {
        bool match = strcmp(syntax[i], message) == 0;
        syntax_seen[i] |= match;
        known |= match;
    }
    return known;
}

static bool is_expected(const Case *c, const Diag *diag)
{
    return diag->mark.line == c->line && diag->mark.column == c->column &&
           strstr(diag->message, c->message) != NULL &&
           (c->hint == NULL || (diag->hint != NULL && strstr(diag->hint, c->hint) != NULL)) &&
           (c->set == NULL || strcmp(diag->file, "--set") == 0) && diag->level == DIAG_ERROR;
}

static void check_case(const Case *c)
{
    Read read = read_text(c->text, strlen(c->text), &c->set, c->set == NULL ? 0 : 1);
    bool found = false;
    for (guint i = 0; i < read.diags.items->len; i++) {
        const Diag *diag = read.diags.items->pdata[i];
        bool known = mark_rows(diag->message);
        g_assert_true(known);
        found = found || is_expected(c, diag);
    }
    if (!found || read.diags.errors != c->errors) {
        g_test_message("%s\n--set %s\nexpected %zu: %zu:%zu %s (%s), got:", c->text, c->set,
                       c->errors, c->line, c->column, c->message, c->hint);
        for (guint i = 0; i < read.diags.items->len; i++) {
            char *shown = diag_format(read.diags.items->pdata[i], false);
            g_test_message("%s", shown);
            g_free(shown);
        }
    }
    g_assert_true(found);
    g_assert_cmpuint(read.diags.errors, ==, c->errors);
    read_done(&read);
}

static void test_diagnostics(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        check_case(&cases[i]);
}

/* Larger than a table: a file over the limit, and more errors than are shown. */
static void test_limits(void)
{
    GString *text = g_string_new(users_line);
    while (text->len <= YAML_SIZE_MAX)
        g_string_append(text, "# nothing but a comment to fill the file up to its limit\n");
    size_t lines = 1;
    for (size_t i = 0; i < YAML_SIZE_MAX; i++)
        lines += text->str[i] == '\n';
    Case large = {text->str, NULL, 0, 1, "the scenario is larger than 1 MiB", "CSV file", 1};
    large.line = lines;
    check_case(&large);
    g_string_assign(text, users_line);
    for (int i = 0; i < 1000; i++)
        g_string_append_printf(text, "key%d: x\n", i);
    Case many = {text->str, NULL, 0, 0, "more than 200 errors", "correct these", 201};
    check_case(&many);
    g_string_append(text, "expect:\n");
    for (int i = 0; i < 1000; i++)
        g_string_append(text, "- [a]\n");
    many.text = text->str;
    check_case(&many);
    g_string_free(text, TRUE);
}

static void test_every_row_has_a_case(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
        if (!formats_seen[i])
            g_test_message("no case for: %s", formats[i]), g_test_fail();
    for (size_t i = 0; i < G_N_ELEMENTS(needs); i++)
        if (!needs_seen[i])
            g_test_message("no case for: must be %s", needs[i]), g_test_fail();
    for (size_t i = 0; i < G_N_ELEMENTS(syntax); i++)
        if (!syntax_seen[i])
            g_test_message("no case for: %s", syntax[i]), g_test_fail();
}

/* All errors in one pass, none because of another, and defaults in place of what was wrong. */
static void test_one_pass(void)
{
    static const char text[] = "version: one\n"
                               "users:\n"
                               "  timeout: 30\n"
                               "  retry: {max: 500, bakoff: 1s}\n"
                               "  mode: both\n"
                               "  think: {gamma: {shape: x}}\n"
                               "events:\n"
                               "  - {fail: x}\n"
                               "  - {at: 1m, at: 2m}\n"
                               "rooter: {ttl: 30}\n";
    static const size_t lines[] = {1, 2, 3, 4, 4, 5, 6, 6, 8, 9, 10};
    Read read = read_text(text, strlen(text), NULL, 0);
    diag_list_sort(&read.diags);
    g_assert_cmpuint(read.diags.items->len, ==, G_N_ELEMENTS(lines));
    for (guint i = 0; i < MIN(read.diags.items->len, G_N_ELEMENTS(lines)); i++)
        g_assert_cmpuint(((Diag *)read.diags.items->pdata[i])->mark.line, ==, lines[i]);
    g_assert_cmpint(read.conf.users.timeout, ==, 10 * SIM_SEC);
    g_assert_cmpint(read.conf.users.retries, ==, 3);
    g_assert_nonnull(read.conf.users.think);
    g_assert_cmpuint(read.conf.events.count, ==, 2);
    g_assert_cmpint(((Happening *)read.conf.events.item)[1].at, ==, SIM_MIN);
    read_done(&read);
}

/* Later checks point at keys. */
static void test_doc(void)
{
    static const char text[] = "users:\n  rate: 5/s\n  retry: {max: 4}\n"
                               "expect: ['rto <= 5', {that: \"a\\tb\"}]\nevents: [{at: 1m}]\n";
    static const struct {
        const char *path;
        size_t skip, length, line, column, marked;
        bool has;
    } rows[] = {
        {"users.rate", 0, 0, 2, 9, 3, true},           {"users.retry.max", 0, 0, 3, 16, 1, true},
        {"users.retry.backoff", 0, 0, 3, 3, 5, false}, {"users.share", 0, 0, 1, 1, 5, false},
        {"router.ttl", 0, 0, 1, 1, 1, false},          {"expect[0]", 7, 1, 4, 18, 1, true},
        {"expect[0].that", 0, 3, 4, 11, 3, true},      {"expect[0].why", 0, 0, 4, 10, 10, false},
        {"expect[1].that", 2, 1, 4, 29, 6, true},      {"events[0].fail", 0, 0, 5, 10, 1, false},
        {"events[1].at", 0, 0, 5, 1, 6, false},        {"", 0, 0, 1, 1, 1, false},
        {"users.rate.x", 0, 0, 2, 9, 3, false},        {"users[0]", 0, 0, 1, 1, 5, false},
    };
    Read read = read_right(text, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].path);
        g_assert_cmpint(param_doc_has(read.doc, rows[i].path), ==, rows[i].has);
        if (rows[i].length > 0)
            param_doc_error_at(read.doc, &read.diags, rows[i].path, rows[i].skip, rows[i].length,
                               "hint", "problem %d", 5);
        else
            param_doc_error(read.doc, &read.diags, rows[i].path, "hint", "problem %d", 5);
        const Diag *diag = read.diags.items->pdata[i];
        g_assert_cmpuint(diag->mark.line, ==, rows[i].line);
        g_assert_cmpuint(diag->mark.column, ==, rows[i].column);
        g_assert_cmpuint(diag->mark.length, ==, rows[i].marked);
        g_assert_cmpstr(diag->message, ==, "problem 5");
        g_assert_cmpstr(diag->hint, ==, "hint");
    }
    param_doc_warn(read.doc, &read.diags, "users.rate", NULL, "beware");
    g_assert_cmpuint(read.diags.warnings, ==, 1);
    g_assert_cmpuint(read.diags.errors, ==, G_N_ELEMENTS(rows));
    read_done(&read);
}

static void test_csv(void)
{
    Read read = read_right(UK("think: {empirical: {file: two.csv, column: time, unit: ms}}"), NULL);
    const Dist *think = read.conf.users.think;
    g_assert_cmpuint(think->count, ==, 5);
    /* 1 ms, 2 s, 1.5 ms, 4 us, "3" ms: sorted. */
    static const double sorted[] = {4e-6, 0.001, 0.0015, 0.003, 2};
    for (size_t i = 0; i < MIN(think->count, G_N_ELEMENTS(sorted)); i++)
        g_assert_cmpfloat_with_epsilon(think->weight[i], sorted[i], 1e-15);
    read_done(&read);
    read = read_right(UK("pause: {empirical: plain.csv}"), NULL);
    g_assert_cmpuint(read.conf.users.pause->count, ==, 3);
    read_done(&read);
}

static void test_bad_cell_is_in_the_csv(void)
{
    Read read = read_right(users_line, NULL);
    read_done(&read);
    static const char text[] = UK("think: {empirical: bad.csv}");
    read = read_text(text, strlen(text), NULL, 0);
    diag_list_sort(&read.diags);
    const Diag *diag = read.diags.items->pdata[0];
    g_assert_true(g_str_has_suffix(diag->file, "bad.csv"));
    g_assert_cmpuint(diag->mark.line, ==, 3);
    g_assert_cmpuint(diag->mark.column, ==, 3);
    g_assert_cmpuint(diag->mark.length, ==, 2);
    g_assert_cmpstr(diag->source_line, ==, "  1x");
    read_done(&read);
}

static void test_render(void)
{
    static const struct {
        DiagLevel level;
        DiagMark mark;
        const char *line, *message, *hint;
        bool colour;
        const char *text;
    } rows[] = {
        {DIAG_ERROR,
         {12, 3, 7},
         "  timeuot: 10s",
         "unknown key",
         "did you mean \"timeout\"?",
         false,
         "f.yaml:12:3: error: unknown key\n   12 |   timeuot: 10s\n      |   ^~~~~~~\n"
         "  did you mean \"timeout\"?\n"},
        {DIAG_WARNING, {0, 0, 0}, NULL, "beware", NULL, false, "f.yaml: warning: beware\n"},
        {DIAG_ERROR, {1, 1, 1}, NULL, "no line", NULL, false, "f.yaml:1:1: error: no line\n"},
        {DIAG_ERROR,
         {1, 3, 0},
         "\té5",
         "bare",
         NULL,
         false,
         "f.yaml:1:3: error: bare\n    1 | \té5\n      | \t ^\n"},
        {DIAG_ERROR,
         {1, 3, 2},
         "日本語 x",
         "wide",
         NULL,
         false,
         "f.yaml:1:3: error: wide\n    1 | 日本語 x\n      |     ^~~\n"},
        {DIAG_ERROR,
         {1, 9, 5},
         "short",
         "past the end",
         NULL,
         false,
         "f.yaml:1:9: error: past the end\n    1 | short\n      |      ^\n"},
        {DIAG_ERROR,
         {1, 1, 1},
         "a\033[31m\x7f",
         "x\033]0;y\a",
         "\033c",
         false,
         "f.yaml:1:1: error: x\uFFFD]0;y\uFFFD\n    1 | a\uFFFD[31m\uFFFD\n      | ^\n  \uFFFDc\n"},
        {DIAG_ERROR,
         {1, 1, 1},
         "a",
         "m",
         "h",
         true,
         "\033[1mf.yaml:1:1:\033[0m \033[1;31merror:\033[0m \033[1mm\033[0m\n"
         "\033[34m    1 |\033[0m a\n\033[34m      |\033[0m \033[1;31m^\033[0m\n"
         "  \033[36mh\033[0m\n"},
    };
    DiagList list;
    diag_list_init(&list);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        diag_add(&list, rows[i].level, "f.yaml", rows[i].mark, rows[i].line, rows[i].hint, "%s",
                 rows[i].message);
        char *text = diag_format(list.items->pdata[i], rows[i].colour);
        g_assert_cmpstr(text, ==, rows[i].text);
        g_free(text);
    }
    g_assert_cmpuint(list.errors, ==, 7);
    g_assert_cmpuint(list.warnings, ==, 1);
    diag_list_clear(&list);
}

/* A line of a mebibyte is cut, its mark is not. */
static void test_render_long(void)
{
    DiagList list;
    diag_list_init(&list);
    char *line = g_strnfill(1000000, 'a');
    line[999990] = 'b';
    diag_add(&list, DIAG_ERROR, "f.yaml", (DiagMark){1, 999991, 1}, line, NULL, "long");
    const Diag *diag = list.items->pdata[list.items->len - 1];
    g_assert_cmpuint(strlen(diag->source_line), <, 200);
    g_assert_cmpint(diag->source_line[999990 - diag->source_skip], ==, 'b');
    g_free(line);
    diag_list_clear(&list);
}

static void test_suggest(void)
{
    static const char *const words[] = {"timeout", "rate", "retry",    "rates",
                                        "ttl",     "on",   "replicas", "replica"};
    static const struct {
        const char *word, *nearest;
    } rows[] = {
        {"timeuot", "timeout"},
        {"tmeout", "timeout"},
        {"timeoutt", "timeout"},
        {"Timeout", "timeout"},
        {"raet", "rate"},
        {"rate", "rate"},
        {"ratez", "rate"},
        {"rte", "rate"},
        {"retyr", "retry"},
        {"tl", NULL},
        {"tttl", "ttl"},
        {"xyz", NULL},
        {"", NULL},
        {"on", "on"},
        {"no", NULL},
        {"replicaz", "replicas"},
        {"replicsa", "replicas"},
        {"timxxxx", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpstr(diag_suggest(rows[i].word, words, G_N_ELEMENTS(words)), ==,
                        rows[i].nearest);
}

static void test_schema(void)
{
    char **keys = param_keys(&schema);
    char *all = g_strjoinv(" ", keys);
    g_assert_cmpstr(all, ==,
                    "version name events events[].at events[].fail events[].steps "
                    "events[].steps[].run events[].steps[].takes expect expect[].that expect[].why "
                    "users.rate users.share users.factor users.timeout users.retry.max "
                    "users.retry.backoff users.limit users.eager users.mode users.think "
                    "users.pause users.cast router.ttl router.low sweep.grid sweep.zip sweep.list");
    for (char **key = keys; *key != NULL; key++)
        g_assert_nonnull(param_find(&schema, *key));
    g_assert_true(param_find(&schema, "users.retry.max") == &users_specs[4]);
    g_assert_true(param_find(&schema, "events.at") == &happening_specs[0]);
    g_assert_true(param_find(&schema, "events[3].steps.run") == &step_specs[0]);
    g_assert_null(param_find(&schema, "users.retry"));
    g_assert_null(param_find(&schema, "users"));
    g_assert_null(param_find(&schema, "rate"));
    g_assert_null(param_find(&schema, ""));
    g_assert_cmpstr(param_type_name(PARAM_DIST), ==, "time or distribution");
    g_free(all);
    g_strfreev(keys);
}

/* A wrong default is a bug of ours, told at once. */
static void test_wrong_default(void)
{
    static const ParamSpec specs[] = {{.key = "x", .type = PARAM_TIME, .fallback = "30"}};
    static const ParamTable table = {specs, 1, 8, NULL};
    static const ParamSection section = {"", "", &table, 0};
    static const ParamSchema wrong = {&section, 1, 8};
    if (g_test_subprocess()) {
        SimTime target;
        DiagList diags;
        diag_list_init(&diags);
        param_read(&wrong, "s.yaml", "y: 3", 4, NULL, 0, &target, &diags);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*the default of x is wrong*must be a time with a unit*");
}

/* Hostile input. Time is bounded by the test runner's patience: each of these took minutes, or the
 * square of its length, in a reader without bounds. */

static void read_hostile(GString *text)
{
    g_string_truncate(text, MIN(text->len, YAML_SIZE_MAX));
    Read read = read_text(text->str, text->len, NULL, 0);
    g_assert_cmpuint(read.diags.errors, >, 0);
    g_assert_cmpuint(read.diags.errors, <=, SOURCE_ERRORS_MAX + 1);
    read_done(&read);
    g_string_free(text, TRUE);
}

static GString *repeated(const char *head, const char *text, size_t size)
{
    GString *out = g_string_new(head);
    while (out->len < size)
        g_string_append(out, text);
    return out;
}

static void test_hostile(void)
{
    static const struct {
        const char *head, *text;
    } rows[] = {
        {"a: ", "["},
        {"", "{a: "},
        {"", "- "},
        {"", "? "},
        {"", "a: 1\n"},
        {"{", "a: 1,"},
        {"", "%TAG !a! b\n"},
        {"--- a\n", "%T\n"},
        {"expect: ", "[],"},
        {"expect: [", "a,"},
        {"events: [", "{},"},
        {"expect: [", "~,"},
        {"name: ", "a"},
        {"", "a"},
        {"name: \"", "\\"},
        {"", "&a *a "},
        {"name: |\n", "  \n"},
        {"", "\n"},
        {"", "#"},
        {"", "...\n"},
        {"", "a\n"},
        {"users: {a.b.c", "."},
        {"", "'"},
        {"a: ", "!<"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        read_hostile(repeated(rows[i].head, rows[i].text, YAML_SIZE_MAX - 10));
    GString *keys = g_string_new(NULL);
    for (int i = 0; keys->len < YAML_SIZE_MAX - 20; i++)
        g_string_append_printf(keys, "k%d: 1\n", i);
    read_hostile(keys);
}

/* Mutations of a right scenario: no crash, no leak, and no message outside the table. */
static void mutate(GRand *random, GString *text)
{
    static const char *const pieces[] = {
        "{",           "}",         "[",    "]",         ":",
        ": ",          "\n",        "\n  ", "- ",        "~",
        "&a",          "*a",        "!t",   "\"",        "'",
        "|",           ">",         "%",    "#",         "\t",
        "<<",          "---",       "...",  "?",         "e9",
        "999999999",   "-",         ".",    "nan",       "1e99",
        "d",           "ns",        "\xff", "é",         "_",
        "mixture",     "empirical", "max",  ",",         "\r",
        "{mixture: [", "weight: ",  "of: ", "unlimited", "{empirical: plain.csv}",
    };
    gint at = g_rand_int_range(random, 0, (gint)text->len + 1);
    gint length = g_rand_int_range(random, 0, 12);
    length = MIN(length, (gint)text->len - at);
    switch (g_rand_int_range(random, 0, 4)) {
    case 0:
        g_string_erase(text, at, length);
        break;
    case 1:
        g_string_insert(text, at, pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))]);
        break;
    case 2: {
        char *copy = g_strndup(text->str + at, (gsize)length);
        g_string_insert(text, g_rand_int_range(random, 0, (gint)text->len + 1), copy);
        g_free(copy);
        break;
    }
    default:
        if (at < (gint)text->len)
            text->str[at] = (char)g_rand_int_range(random, 0, 256);
    }
}

static void test_mutations(void)
{
    GRand *random = g_rand_new_with_seed(20240607);
    size_t right = 0, wrong = 0;
    for (int i = 0; i < 20000; i++) {
        GString *text = g_string_new(full_text);
        GString *set = g_string_new("events[1].steps[1].takes=9s");
        for (gint n = g_rand_int_range(random, 1, 4); n > 0; n--)
            mutate(random, text);
        for (gint n = g_rand_int_range(random, 0, 2); n > 0; n--)
            mutate(random, set);
        const char *sets[] = {set->str};
        Read read = read_text(text->str, text->len, sets, 1);
        for (guint k = 0; k < read.diags.items->len; k++) {
            const Diag *diag = read.diags.items->pdata[k];
            char *shown = diag_format(diag, k % 2 == 0);
            if (!mark_rows(diag->message) || !g_utf8_validate(shown, -1, NULL)) {
                g_test_message("%s", shown);
                g_test_fail();
            }
            g_free(shown);
        }
        *(read.diags.errors == 0 ? &right : &wrong) += 1;
        g_assert_nonnull(read.conf.users.think);
        g_assert_nonnull(read.conf.name);
        read_done(&read);
        g_string_free(set, TRUE);
        g_string_free(text, TRUE);
    }
    /* The mutations are neither harmless nor hopeless. */
    g_assert_cmpuint(right, >, 500);
    g_assert_cmpuint(wrong, >, 10000);
    g_rand_free(random);
}

/* Files beside the scenario. */

static const struct {
    const char *name, *text;
} files[] = {
    {"empty.csv", "# nothing\n\ntime\n"},
    {"plain.csv", "\xef\xbb\xbftime\r\n1\r\n\r\n2.5e-1\r\n250ms\r\n"},
    {"two.csv", "place,time\n\"a, \"\"b\"\"\",1\n# no\nb,2s\nc, 1.5\nd,4us\ne,\"3\"\n"},
    {"bad.csv", "1\n2s\n  1x\n-5\n"},
    {"short.csv", "place,time\na,1\nb\n"},
    {"worse.csv", "time\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\n"},
};

static void files_make(void)
{
    directory = g_dir_make_tmp("failsim-reader-XXXXXX", NULL);
    g_assert_nonnull(directory);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        char *path = g_build_filename(directory, files[i].name, NULL);
        g_assert_true(g_file_set_contents(path, files[i].text, -1, NULL));
        g_free(path);
    }
    /* Large, and sparse. */
    char *path = g_build_filename(directory, "large.csv", NULL);
    g_assert_true(g_file_set_contents(path, "1\n", -1, NULL));
    g_assert_cmpint(truncate(path, 64 * 1024 * 1024 + 1), ==, 0);
    g_free(path);
    path = g_build_filename(directory, "fifo", NULL);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    g_free(path);
}

static void files_remove(void)
{
    GDir *dir = g_dir_open(directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        char *path = g_build_filename(directory, name, NULL);
        g_remove(path);
        g_free(path);
    }
    g_dir_close(dir);
    g_rmdir(directory);
    g_free(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    files_make();
    g_test_add_func("/reader/defaults", test_defaults);
    g_test_add_func("/reader/all-types", test_all_types);
    g_test_add_func("/reader/sets", test_sets);
    g_test_add_func("/reader/diagnostics", test_diagnostics);
    g_test_add_func("/reader/limits", test_limits);
    g_test_add_func("/reader/every-row-has-a-case", test_every_row_has_a_case);
    g_test_add_func("/reader/one-pass", test_one_pass);
    g_test_add_func("/reader/doc", test_doc);
    g_test_add_func("/reader/csv", test_csv);
    g_test_add_func("/reader/bad-cell", test_bad_cell_is_in_the_csv);
    g_test_add_func("/reader/render", test_render);
    g_test_add_func("/reader/render-long", test_render_long);
    g_test_add_func("/reader/suggest", test_suggest);
    g_test_add_func("/reader/schema", test_schema);
    g_test_add_func("/reader/wrong-default", test_wrong_default);
    g_test_add_func("/reader/hostile", test_hostile);
    g_test_add_func("/reader/mutations", test_mutations);
    int result = g_test_run();
    files_remove();
    return result;
}
