/* What fails and how: gray failures, repeats, events that follow events, parts of a whole; and who
 * notices it, acts on it, and fails at that.
 *
 * Every latency that a law does not speak of is zero. Seeds are fixed. A stochastic check may be
 * 4.9 standard errors off: false alarm 1e-6 each. Every test asserts that its fault fired.
 */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "models/scenario.h"
#include "sim/impair.h"
#include "tests/support/runs.h"

#define HEAD                                                                                       \
    "version: 1\n"                                                                                 \
    "name: faults\n"                                                                               \
    "network: {users: 0ns, edge: 0ns, reply: 0ns, local: 0ns, wan: 0ns, management: 0ns}\n"        \
    "mirror: {enabled: no}\nconsumers: []\n"
#define STILL   "router: {failover: runbook, edges: 1, probe: {interval: 1d}}\n"
#define NOBODY  "failover: {mode: off, probe: {interval: 1d}}\n"
#define ONE_TRY "users: {population: 1000, timeout: 1s, retry: {max: 0}, rate: "
#define WRITES  "application: {service_time: 0ns, publish: no}\ndatabase: {commit_time: 0ns}\n"

static double total(Runs *runs, const char *metric)
{
    const double *value = runs_column(runs, metric);
    double sum = 0;
    for (uint32_t i = 0; i < runs_count(runs); i++)
        sum += value[i];
    return sum;
}

/* The share of all payments that were completed; `error` of that mean. */
static void check_share(Runs *runs, double expected)
{
    double n = total(runs, "payments.submitted");
    g_assert_cmpfloat(n, >, 0);
    check_close("share completed", total(runs, "payments.completed") / n, expected,
                sqrt(MAX(expected * (1 - expected), 1e-9) / n));
}

/* ---- impairments ---- */

static SimImpair *impair_new(void)
{
    SimImpairDraws draws;
    random_init(&draws.delay, 1, 0, "impair", "delay");
    random_init(&draws.errors, 1, 0, "impair", "errors");
    random_init(&draws.loss, 1, 0, "impair", "loss");
    return sim_impair_new(draws);
}

static double share_of_errors(SimImpair *impair)
{
    uint32_t errors = 0;
    for (int i = 0; i < 100000; i++)
        errors += sim_impair_error(impair);
    return errors / 1e5;
}

/* Factors multiply, delays add, escapes multiply; healing one leaves the other as it was. */
static void test_composition(void)
{
    Dist *delay = dist_new_constant(5 * SIM_MS);
    const SimEffect one = {.slow = 3, .delay = delay, .errors = .5},
                    other = {.slow = 2, .delay = delay, .errors = .2};
    SimImpair *impair = impair_new();
    g_assert_false(sim_impair_active(impair));
    g_assert_cmpint(sim_impair_time(impair, 7), ==, 7);
    sim_impair_add(impair, &one);
    sim_impair_add(impair, &other);
    g_assert_cmpint(sim_impair_time(impair, SIM_MS), ==, 16 * SIM_MS);
    check_close("errors of both", share_of_errors(impair), .6, sqrt(.24 / 1e5));
    sim_impair_remove(impair, &one);
    g_assert_cmpint(sim_impair_time(impair, SIM_MS), ==, 7 * SIM_MS);
    check_close("errors of the other", share_of_errors(impair), .2, sqrt(.16 / 1e5));
    sim_impair_remove(impair, &other);
    g_assert_false(sim_impair_active(impair));
    g_assert_false(sim_impair_error(impair));
    g_assert_cmpuint(sim_impair_fired(impair), ==, 2);
    sim_impair_free(impair);
    dist_free(delay);
}

/* Retransmission k happens with probability p^k, and costs min(200 ms 2^(k-1), 120 s). */
static double retransmissions(double p)
{
    double sum = 0, timeout = .2, chance = p;
    for (int k = 1; k <= SIM_RETRANSMIT_MOST; k++, chance *= p) {
        sum += chance * timeout;
        timeout = MIN(2 * timeout, 120);
    }
    return sum;
}

static void test_loss(void)
{
    const SimEffect effect = {.slow = 1, .loss = .3}, all = {.slow = 1, .loss = 1};
    enum { DRAWS = 200000 };
    double *late = g_new(double, DRAWS);
    SimImpair *impair = impair_new();
    sim_impair_add(impair, &effect);
    uint32_t sent = 0;
    for (int i = 0; i < DRAWS; i++) {
        SimTime drawn = sim_impair_loss(impair);
        if (drawn != SIM_NEVER)
            late[sent++] = sim_seconds(drawn);
    }
    RunsMoments moments = moments_of(late, sent);
    check_close("lateness", moments.mean, retransmissions(.3), moments.mean_error);
    sim_impair_add(impair, &all);
    g_assert_cmpint(sim_impair_loss(impair), ==, SIM_NEVER);
    g_assert_cmpfloat(fabs(sim_seconds(SIM_RETRANSMIT_ALL) - 924.6), <, 1e-9); /* Linux's figure */
    sim_impair_free(impair);
    g_free(late);
}

/* ---- gray failures of the platform ---- */

#define GRAY(events)                                                                               \
    HEAD STILL ONE_TRY "50/s}\n" WRITES NOBODY "events: [" events "]\n"                            \
                       "run: {warmup: 10s, duration: 110s, drain: 5s}\n"

static void test_errors(void)
{
    static const char *const parts[] = {"application", "database", "region"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        char *text = g_strdup_printf(GRAY("{at: 5s, fail: %s, errors: 30%%}"), parts[i]);
        Runs *runs = runs_of(text, 40, 1);
        check_share(runs, .7);
        check_every(runs, "faults.fired", 0);
        g_assert_cmpfloat(total(runs, "faults.degraded"), >, 0);
        g_assert_cmpfloat(total(runs, "payments.interrupted"), >, 0);
        runs_free(runs);
        g_free(text);
    }
}

/* Both: a quarter escapes. The first heals at 60 s, half-way: then a half. */
static void test_overlap(void)
{
    Runs *runs = runs_of(GRAY("{at: 5s, for: 55s, fail: database, errors: 50%},"
                              " {at: 5s, fail: application, errors: 50%}"),
                         60, 2);
    check_share(runs, (.25 + .5) / 2);
    check_every(runs, "faults.degraded", 2);
    runs_free(runs);
}

static void test_slow(void)
{
    static const char *const sets[] = {"application.service_time=10ms", "database.commit_time=5ms",
                                       NULL};
    Runs *runs = runs_of_set(GRAY("{at: 5s, fail: application, slow: 3, delay: 7ms}"), sets, 4, 3);
    check_every(runs, "faults.degraded", 1);
    RunsMoments latency = runs_moments(runs, "latency.mean");
    g_assert_cmpfloat(fabs(latency.mean - (.010 * 3 + .007 + .005)), <, 1e-9);
    runs_free(runs);
}

/* The database writes nothing, its process is there: probes stay green, and users fail. */
static void test_green_while_users_fail(void)
{
    static const char *const sets[] = {"failover.mode=automatic", "failover.probe.interval=1s",
                                       "failover.probe.timeout=100ms", "failover.hold=0s", NULL};
    Runs *runs = runs_of_set(GRAY("{at: 5s, fail: database, errors: 100%}"), sets, 10, 4);
    check_every(runs, "faults.degraded", 1);
    check_every(runs, "failover.decided", 0);
    check_every(runs, "payments.completed", 0);
    g_assert_cmpfloat(total(runs, "payments.submitted"), >, 0);
    runs_free(runs);
}

/* People see what the probes do not: complaints come 12 s after it began. */
static void test_noticed(void)
{
    static const char *const sets[] = {"failover.mode=semi-automatic", "failover.probe.interval=1s",
                                       "failover.probe.timeout=100ms", "failover.notice=12s",
                                       "failover.decide=3s",           NULL};
    Runs *runs = runs_of_set(GRAY("{at: 25s, fail: database, errors: 100%}"), sets, 4, 4);
    check_every(runs, "faults.degraded", 1);
    check_every(runs, "failover.noticed", 1);
    check_every(runs, "rto.detect", 12);
    check_every(runs, "rto.decide", 3);
    check_every(runs, "failover.paged", 0);
    runs_free(runs);
}

/* Records without order, no lag of their own: what they wait is the retransmissions. */
static void test_packet_loss(void)
{
    static const char *const sets[] = {"database.replication.lag=0s",
                                       "database.replication.order=none",
                                       "database.replication.lag_varies=record",
                                       "run.warmup=0s",
                                       "run.drain=1000s",
                                       NULL};
    Runs *runs = runs_of_set(GRAY("{at: 0s, fail: link, target: out, loss: 20%}"), sets, 50, 5);
    check_every(runs, "faults.degraded", 1);
    check_mean(runs, "database.lag", retransmissions(.2));
    runs_free(runs);
}

/* ---- again and again ---- */

static void test_flapping(void)
{
    Runs *runs =
        runs_of(GRAY("{at: 20s, for: 2s, fail: application, repeat: {up: 8s, times: 5}}"), 40, 6);
    check_every(runs, "faults.fired", 5);
    check_share(runs, .9); /* 10 s of 100 */
    runs_free(runs);
    runs =
        runs_of(GRAY("{at: 20s, for: 2s, fail: application, repeat: {up: 8s, until: 50s}}"), 4, 6);
    check_every(runs, "faults.fired", 3); /* 20, 30, 40 s */
    runs_free(runs);
}

/* Up 40 s, down 10 s in the mean: available 4/5 of the time once the start is forgotten, at a rate
 * of 1/40 + 1/10 a second: after 100 s to exp(-12.5). Payments see the time's average. */
static void test_availability(void)
{
    static const char *const sets[] = {"users.rate=2/s", "run.warmup=100s", "run.duration=2100s",
                                       NULL};
    Runs *runs =
        runs_of_set(GRAY("{at: {exponential: 40s}, for: {exponential: 10s}, fail: application,"
                         " repeat: {up: {exponential: 40s}}}"),
                    sets, 300, 7);
    double *share = g_new(double, runs_count(runs));
    for (uint32_t i = 0; i < runs_count(runs); i++)
        share[i] =
            runs_column(runs, "payments.completed")[i] / runs_column(runs, "payments.submitted")[i];
    RunsMoments moments = moments_of(share, runs_count(runs));
    check_close("availability", moments.mean, 40 / 50.0, moments.mean_error);
    /* Renewals of 50 s each by 2105 s; the first comes 10 s early in the mean. */
    RunsMoments fired = runs_moments(runs, "faults.fired");
    g_assert_cmpfloat(fabs(fired.mean - 2105 / 50.0), <, 1);
    g_free(share);
    runs_free(runs);
}

/* The second zone follows the first with probability 40 %, 10 s later. */
static void test_correlated(void)
{
    static const char *const sets[] = {"users.rate=1/s", NULL};
    Runs *runs = runs_of_set(GRAY("{at: 20s, for: 5s, fail: application, name: first},"
                                  " {at: 10s, for: 5s, after: first, probability: 40%,"
                                  " fail: database}"),
                             sets, 2000, 8);
    check_mean(runs, "faults.fired", 1.4);
    runs_free(runs);
    runs = runs_of(GRAY("{at: 20s, for: 5s, fail: application, name: first, repeat: {up: 10s,"
                        " times: 3}}, {at: 1s, for: 1s, after: first, fail: database}"),
                   4, 8);
    check_every(runs, "faults.fired", 6);
    runs_free(runs);
}

/* ---- parts of a whole ---- */

static void test_edges(void)
{
    static const char *const sets[] = {"router.edges=4", "router.anycast=1d", NULL};
    Runs *runs = runs_of_set(GRAY("{at: 5s, fail: router, share: 25%}"), sets, 40, 9);
    check_every(runs, "faults.degraded", 1);
    check_every(runs, "router.anycast", 0);
    check_share(runs, .75);
    runs_free(runs);
}

/* One edge of four is gone from 5 s on; its users, 12.5 payments a second, get no answer until 40 s
 * and then by the next edge, or their own again. Counted from 10 to 110 s. If the next one is down,
 * too, the one after that takes them; if none is left, nobody does. */
static void test_anycast(void)
{
    static const char *const sets[] = {"router.edges=4", "router.anycast=35s", NULL};
    Runs *runs = runs_of_set(GRAY("{at: 5s, fail: router, share: 25%}"), sets, 40, 9);
    check_share(runs, 1 - .25 * 30 / 100);
    check_poisson(runs, "router.anycast", 12.5 * 70);
    runs_free(runs);
    runs = runs_of_set(GRAY("{at: 5s, for: 50s, fail: router, share: 25%}"), sets, 40, 9);
    check_share(runs, 1 - .25 * 30 / 100);
    check_poisson(runs, "router.anycast", 12.5 * 15);
    runs_free(runs);
    runs = runs_of_set(GRAY("{at: 5s, fail: router, share: 75%}"), sets, 40, 9);
    check_share(runs, 1 - .75 * 30 / 100);
    runs_free(runs);
    runs = runs_of_set(GRAY("{at: 5s, fail: router, share: 99%}"), sets, 40, 9);
    check_share(runs, 0);
    check_every(runs, "router.anycast", 0);
    runs_free(runs);
}

static void test_zone_and_broker(void)
{
    static const char *const sets[] = {"kafka.brokers=6", NULL};
    Runs *runs = runs_of_set(GRAY("{at: 20s, for: 10s, fail: zone, zone: 1}"), sets, 4, 10);
    check_every(runs, "faults.fired", 2); /* brokers 1 and 4 */
    runs_free(runs);
    runs = runs_of_set(GRAY("{at: 20s, for: 10s, fail: broker, broker: 5}"), sets, 4, 10);
    check_every(runs, "faults.fired", 1);
    runs_free(runs);
}

/* ---- people and monitoring ---- */

#define WATCHED(failover, events)                                                                  \
    HEAD STILL "users: {rate: 0/s}\n"                                                              \
               "failover: {" failover "}\nevents: [" events "]\nrun: {duration: 800s}\n"

#define ALERTS(scrape, evaluation, lasts, wait)                                                    \
    "mode: off, detect: alerts, alert: {scrape: " scrape                                           \
    ", scrape_timeout: 1us, evaluation: " evaluation ", for: " lasts ", group_wait: " wait "}"

/* A phase of the scrape, one of the evaluation, and the rest. */
static void test_alert_pipeline(void)
{
    Runs *runs = runs_of(
        WATCHED(ALERTS("10s", "15s", "30s", "5s"), "{at: 100s, fail: application}"), 5000, 11);
    check_every(runs, "faults.fired", 1);
    check_mean(runs, "rto.detect", 10 / 2.0 + 15 / 2.0 + 30 + 5);
    check_variance(runs, "rto.detect", (10 * 10 + 15 * 15) / 12.0);
    RunsMoments moments = runs_moments(runs, "rto.detect");
    g_assert_cmpfloat(moments.min, >=, 35);
    g_assert_cmpfloat(moments.max, <=, 60.001);
    runs_free(runs);
}

/* for: 5m with Prometheus's defaults: up to scrape + evaluation + for + group_wait = 7.5 min. All
 * of 8,000 runs below 445 s: exp(-27). */
static void test_for_five_minutes(void)
{
    Runs *runs = runs_of(WATCHED(ALERTS("1m", "1m", "5m", "30s"), "{at: 300s, fail: application}"),
                         8000, 12);
    check_every(runs, "faults.fired", 1);
    RunsMoments moments = runs_moments(runs, "rto.detect");
    g_assert_cmpfloat(moments.max, <=, 450.001);
    g_assert_cmpfloat(moments.max, >, 445);
    g_assert_cmpfloat(moments.min, >=, 330);
    runs_free(runs);
}

/* One request in five fails from 100 s on. Scrapes every 10 s, so that between the oldest and the
 * newest in a minute lie 50 or 60 s: of the answers in them 5 % have failed 12.5 to 15 s after, and
 * the next scrape shows it. 20 a second: +-4.9 standard errors are 6 s more. No probe sees it. */
#define RATIO(rule, event)                                                                         \
    HEAD STILL "users: {rate: 20/s, arrivals: regular, retry: {max: 0}}\n"                         \
               "failover: {mode: off, detect: alerts, alert: {scrape: 10s, scrape_timeout: 1us, "  \
               "evaluation: 1s, group_wait: 0s, window: 60s, errors: 5%, rule: " rule "}}\n"       \
               "events: [" event "]\nrun: {duration: 300s}\n"
#define ONE_IN_FIVE "{at: 100s, fail: application, errors: 20%}"

static void test_error_ratio(void)
{
    static const char *const sees[] = {RATIO("error-ratio", ONE_IN_FIVE),
                                       RATIO("either", ONE_IN_FIVE)};
    for (int k = 0; k < 2; k++) {
        Runs *runs = runs_of(sees[k], 100, 14);
        check_every(runs, "faults.degraded", 1);
        RunsMoments moments = runs_moments(runs, "rto.detect");
        g_test_message("%g to %g s", moments.min, moments.max);
        g_assert_cmpfloat(moments.min, >, 12.5 - 6);
        g_assert_cmpfloat(moments.max, <, 15 + 6 + 10 + 1);
        runs_free(runs);
    }
    static const char *const blind[] = {RATIO("up", ONE_IN_FIVE),
                                        RATIO("error-ratio", "{at: 100s, fail: application}"),
                                        RATIO("error-ratio", "{at: 100s, fail: application, "
                                                             "errors: 3%}")};
    for (int k = 0; k < 3; k++) {
        Runs *runs = runs_of(blind[k], 20, 14);
        check_every(runs, "rto.detect", INFINITY);
        runs_free(runs);
    }
    Runs *runs = runs_of(RATIO("either", "{at: 100s, fail: application}"), 20, 14);
    g_assert_cmpfloat(runs_moments(runs, "rto.detect").max, <=, 11.001);
    runs_free(runs);
}

#define HOSTED(where, more)                                                                        \
    "mode: semi-automatic, hosted: " where ", page: 0s, decide: 1s, probe: {interval: 5s,"         \
    " timeout: 1s, samples: 3}" more

/* In the region that fails the monitor dies, and nobody is paged. */
static void test_monitoring_in_the_failed_region(void)
{
    const char *dies = "{at: 100s, fail: region, for: 600s}";
    char *text = g_strdup_printf(WATCHED(HOSTED("active", ""), "%s"), dies);
    Runs *runs = runs_of(text, 20, 13);
    check_every(runs, "faults.fired", 5); /* the region's four, and the monitor */
    check_every(runs, "failover.decided", 0);
    runs_free(runs);
    g_free(text);
    text = g_strdup_printf(WATCHED(HOSTED("active", ", notice: 200s"), "%s"), dies);
    runs = runs_of(text, 20, 13);
    check_every(runs, "rto.detect", 200);
    check_every(runs, "rto.decide", 1);
    runs_free(runs);
    g_free(text);
    text = g_strdup_printf(WATCHED(HOSTED("passive", ""), "%s"), dies);
    runs = runs_of(text, 20, 13);
    RunsMoments moments = runs_moments(runs, "rto.detect");
    g_assert_cmpfloat(moments.max, <=, 16.001);
    runs_free(runs);
    g_free(text);
}

/* From the passive region the active one looks dead when the link between them is. */
static void test_monitoring_over_the_link(void)
{
    static const char *const way[] = {"out", "back"};
    for (size_t i = 0; i < G_N_ELEMENTS(way); i++) {
        char *text = g_strdup_printf(
            WATCHED(HOSTED("passive", ""), "{at: 100s, fail: link, target: %s}"), way[i]);
        Runs *runs = runs_of(text, 20, 14);
        check_every(runs, "faults.fired", 2); /* the stream's, and the probes' */
        check_every(runs, "failover.decided", 1);
        runs_free(runs);
        g_free(text);
    }
    Runs *runs =
        runs_of(WATCHED(HOSTED("elsewhere", ""), "{at: 100s, fail: link, target: both}"), 20, 14);
    check_every(runs, "failover.decided", 0);
    runs_free(runs);
}

/* One in two answers the page at once; the next is paged after 100 s: 100 (1/p - 1) in the mean. */
static void test_escalation(void)
{
    static const char *const sets[] = {"run.duration=5000s", NULL};
    Runs *runs = runs_of_set(WATCHED(HOSTED("elsewhere", ", answers: 50%, escalate_after: 100s"),
                                     "{at: 100s, fail: region}"),
                             sets, 1000, 15);
    check_every(runs, "faults.fired", 4);
    check_mean(runs, "failover.paged", 2);
    check_mean(runs, "rto.decide", 1 + 100);
    runs_free(runs);
}

/* ---- the runbook ---- */

#define RUNBOOK(step)                                                                              \
    "mode: automatic, hold: 0s, probe: {interval: 1s, timeout: 1us, samples: 1}, steps: [" step "]"

/* (1 - p^(R+1)) / (1 - p) attempts, then by hand with probability p^(R+1). Each takes 10 s. */
static void test_failing_steps(void)
{
    Runs *runs = runs_of(WATCHED(RUNBOOK("{step: switch-kafka, duration: 10s, fails: 60%,"
                                         " retries: 2, backoff: 5s, by_hand: 100s}"),
                                 "{at: 100s, fail: region}"),
                         4000, 16);
    const double hand = .6 * .6 * .6, attempts = (1 - hand) / (1 - .6);
    check_every(runs, "faults.fired", 4);
    check_mean(runs, "runbook.by_hand", hand);
    check_mean(runs, "runbook.attempts", attempts + hand);
    check_mean(runs, "runbook.failed", attempts - (1 - hand));
    check_mean(runs, "rto.kafka", 10 * (attempts + hand) + 5 * (.6 + .36) + 100 * hand);
    runs_free(runs);
}

static void test_approval(void)
{
    Runs *runs = runs_of(WATCHED(RUNBOOK("{step: switch-kafka, duration: 10s, approval: 33s}"),
                                 "{at: 100s, fail: region}"),
                         4, 17);
    check_every(runs, "rto.kafka", 43);
    runs_free(runs);
}

/* A promotion needs the control plane, the switch of a cluster of one's own does not. */
static void test_control_plane(void)
{
    Runs *runs = runs_of(WATCHED(RUNBOOK("{step: promote-database, duration: 10s},"
                                         " {step: switch-kafka, duration: 10s}"),
                                 "{at: 100s, fail: region}, {at: 100s, fail: control-plane,"
                                 " for: 500s}"),
                         20, 18);
    check_every(runs, "faults.fired", 5);
    check_every(runs, "rto.kafka", 10);
    RunsMoments promote = runs_moments(runs, "rto.promote");
    g_assert_cmpfloat(promote.min, >=, 500 - 1);
    g_assert_cmpfloat(promote.max, <=, 500 + 40 + 10); /* commanded every 40 s */
    runs_free(runs);
}

static void test_switchover(void)
{
    Runs *runs = runs_of(GRAY("{at: 40s, fail: switchover}"), 10, 19);
    check_every(runs, "failover.planned", 1);
    check_every(runs, "failover.decided", 1);
    check_every(runs, "faults.fired", 0);
    g_assert_cmpfloat(total(runs, "runbook.attempts"), >=, 5 * runs_count(runs));
    runs_free(runs);
}

/* ---- what the reader refuses ---- */

static void check_refused(const char *event, const char *message)
{
    char *text = g_strdup_printf("version: 1\nname: wrong\nevents: [%s]\n", event);
    DiagList diags;
    diag_list_init(&diags);
    Scenario *scenario = scenario_read("wrong.yaml", text, strlen(text), NULL, 0, &diags);
    bool found = false;
    for (guint i = 0; i < diags.items->len; i++)
        found = found ||
                strstr(((const Diag *)g_ptr_array_index(diags.items, i))->message, message) != NULL;
    g_test_message("%s", event);
    g_assert_null(scenario);
    g_assert_true(found);
    scenario_free(scenario);
    diag_list_clear(&diags);
    g_free(text);
}

static void test_refused(void)
{
    check_refused("{at: 1s, fail: database, loss: 10%}", "only a link loses packets");
    check_refused("{at: 1s, fail: link, errors: 10%}", "no requests");
    check_refused("{at: 1s, fail: control-plane, slow: 2}", "cannot be slow");
    check_refused("{at: 1s, fail: kafka, after: nobody}", "no event named \"nobody\"");
    check_refused("{at: 1s, fail: kafka, name: a, after: b}, {at: 1s, fail: kafka, name: b,"
                  " after: a}",
                  "follows itself");
    check_refused("{at: 1s, fail: kafka, name: a}, {at: 1s, fail: kafka, name: a}",
                  "has this name already");
    check_refused("{at: 1s, fail: kafka, repeat: {times: 3}}", "without working in between");
    check_refused("{at: 1s, fail: kafka, for: 0s, repeat: {up: 0s}}", "too short together");
    check_refused("{at: 1s, fail: zone, zone: 3}", "there are 3 (regions.zones)");
    check_refused("{at: 1s, fail: kafka, broker: 1}", "about no broker");
    check_refused("{at: 1s, fail: kafka, share: 50%}", "only of the router");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/faults/impair/composition", test_composition);
    g_test_add_func("/faults/impair/loss", test_loss);
    g_test_add_func("/faults/gray/errors", test_errors);
    g_test_add_func("/faults/gray/overlap", test_overlap);
    g_test_add_func("/faults/gray/slow", test_slow);
    g_test_add_func("/faults/gray/green-while-users-fail", test_green_while_users_fail);
    g_test_add_func("/faults/gray/noticed", test_noticed);
    g_test_add_func("/faults/gray/packet-loss", test_packet_loss);
    g_test_add_func("/faults/repeat/flapping", test_flapping);
    g_test_add_func("/faults/repeat/availability", test_availability);
    g_test_add_func("/faults/repeat/correlated", test_correlated);
    g_test_add_func("/faults/part/edges", test_edges);
    g_test_add_func("/faults/part/zone-and-broker", test_zone_and_broker);
    g_test_add_func("/faults/parts/anycast", test_anycast);
    g_test_add_func("/faults/monitor/alert-pipeline", test_alert_pipeline);
    g_test_add_func("/faults/monitor/error-ratio", test_error_ratio);
    g_test_add_func("/faults/monitor/for-five-minutes", test_for_five_minutes);
    g_test_add_func("/faults/monitor/in-the-failed-region", test_monitoring_in_the_failed_region);
    g_test_add_func("/faults/monitor/over-the-link", test_monitoring_over_the_link);
    g_test_add_func("/faults/monitor/escalation", test_escalation);
    g_test_add_func("/faults/runbook/failing-steps", test_failing_steps);
    g_test_add_func("/faults/runbook/approval", test_approval);
    g_test_add_func("/faults/runbook/control-plane", test_control_plane);
    g_test_add_func("/faults/runbook/switchover", test_switchover);
    g_test_add_func("/faults/reader/refused", test_refused);
    return g_test_run();
}
