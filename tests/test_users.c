/* The users: when they pay, how they try, and what channels, sessions and logins do. Through the
 * real reader and the whole platform, every latency that a law does not speak of being zero. Exact
 * where the model promises it; a stochastic check may be 4.9 standard errors off (1e-6).
 */
#include <glib.h>
#include <math.h>
#include <stdbool.h>

#include "models/profile.h"
#include "sim/random.h"
#include "tests/support/runs.h"

#define HEAD                                                                                       \
    "version: 1\n"                                                                                 \
    "name: users\n"                                                                                \
    "network: {users: 0ns, edge: 0ns, reply: 0ns, local: 0ns, wan: 0ns, management: 0ns}\n"        \
    "mirror: {enabled: no}\nconsumers: []\n"

/* Nothing moves, nothing takes time. */
#define STILL                                                                                      \
    "router: {failover: runbook, edges: 1, probe: {interval: 1d}}\n"                               \
    "failover: {mode: off, probe: {interval: 1d}}\n"                                               \
    "database: {commit_time: 0ns, replication: {mode: none}}\n"

static double sum_of(Runs *runs, const char *metric)
{
    const double *values = runs_column(runs, metric);
    double sum = 0;
    for (uint32_t i = 0; i < runs_count(runs); i++)
        sum += isnan(values[i]) ? 0 : values[i];
    return sum;
}

static void check_equal(Runs *a, const char *one, Runs *b, const char *other)
{
    for (uint32_t i = 0; i < runs_count(a); i++)
        g_assert_cmpfloat(runs_column(a, one)[i], ==, runs_column(b, other)[i]);
}

/* ---- the day ---- */

static double area_between(const Profile *profile, SimTime from, SimTime to)
{
    const SimTime step = 60 * SIM_SEC;
    double area = 0;
    for (SimTime t = from; t < to; t += step)
        area += profile_factor(profile, t) * sim_seconds(step);
    return area;
}

/* The area between a moment and the one found for it is what was asked for: over midnight, over
 * times without any load, over several days. */
static void test_profile_inverse(void)
{
    static const ProfileStep hours[] = {
        {3 * 3600 * SIM_SEC, 0.5}, {9 * 3600 * SIM_SEC, 4}, {10 * 3600 * SIM_SEC, 0}};
    const ParamList list = {.item = (void *)(uintptr_t)hours, .count = G_N_ELEMENTS(hours)};
    RandomStream draws;
    random_init(&draws, 3, 0, "test", "profile");
    for (int day = PROFILE_FLAT; day <= PROFILE_HOURS; day++)
        for (int i = 0; i < 300; i++) {
            SimTime clock = (SimTime)random_below(&draws, 1440) * 60 * SIM_SEC;
            Profile profile = profile_new((ProfileDay)day, &list, clock);
            SimTime from = (SimTime)random_below(&draws, 3000) * 60 * SIM_SEC;
            SimTime to = from + (SimTime)random_below(&draws, 6000) * 60 * SIM_SEC;
            double area = area_between(&profile, from, to);
            SimTime found = profile_after(&profile, from, area);
            g_assert_cmpfloat(fabs(area_between(&profile, from, found) - area), <, 4 * 60 + 1e-3);
            /* Beside a time without load any moment of it would do. */
            if (profile_factor(&profile, to) > 0 && profile_factor(&profile, to - SIM_US) > 0)
                g_assert_cmpint(found, <=, to + SIM_US);
            g_assert_cmpint(found, >=, from);
        }
}

static void test_banking_mean(void)
{
    Profile profile = profile_new(PROFILE_BANKING, NULL, 0);
    g_assert_cmpfloat(fabs(profile.day - 86400), <, 1e-6);
    g_assert_cmpfloat(profile_factor(&profile, 11 * 3600 * SIM_SEC), ==, 1.8);
}

/* 10:20 to 11:00 at 2/s: ten minutes at 1, fifteen at 3, five at 0, ten at 2. */
static void test_day(void)
{
    Runs *runs =
        runs_of(HEAD STILL "users: {rate: 2/s, retry: {max: 0}, day: hours, clock: 10h, hours: ["
                           "{at: 0s, factor: 1}, {at: 10h30m, factor: 3}, {at: 10h45m, factor: 0},"
                           " {at: 10h50m, factor: 2}]}\n"
                           "application: {service_time: 0ns, publish: no}\n"
                           "run: {warmup: 20m, duration: 60m}\n",
                400, 51);
    check_poisson(runs, "payments.submitted", 2 * 60 * (10 * 1 + 15 * 3 + 10 * 2));
    runs_free(runs);
}

/* Regular arrivals follow the day, too: an hour at noon, to the payment. */
static void test_regular_day(void)
{
    Runs *runs =
        runs_of(HEAD STILL "users: {rate: 2/s, arrivals: regular, day: banking, clock: 11h30m}\n"
                           "application: {service_time: 0ns, publish: no}\n"
                           "run: {duration: 60m}\n",
                2, 52);
    const double area = 1800 * 1.80 + 1800 * 1.65;
    check_every(runs, "payments.submitted", 2 * area - 1); /* the last falls on the end */
    runs_free(runs);
}

/* ---- closed load and sessions ---- */

/* Little, without any tolerance: 50 users who think for 2 s and wait 500 ms make 50 payments every
 * 2.5 s: N = X (R + Z). The 40th is made at 2 + 39 * 2.5 s. */
static void test_interactive_exactly(void)
{
    Runs *runs = runs_of(HEAD STILL "users: {load: closed, population: 50, think: 2s}\n"
                                    "application: {service_time: 500ms, publish: no}\n"
                                    "run: {duration: 100s, drain: 1s}\n",
                         2, 53);
    check_every(runs, "payments.submitted", 50 * 40);
    check_every(runs, "payments.completed", 50 * 40);
    check_every(runs, "latency.mean", 0.5);
    runs_free(runs);
}

/* The machine repairman: n of N users are waiting with probability p(n), born at (N-n)/Z and dying
 * at min(n, c)/S. */
static double repairman_throughput(unsigned users, unsigned servers, double think, double service)
{
    double p = 1, sum = 1, busy = 0;
    for (unsigned n = 1; n <= users; n++) {
        p *= (users - n + 1) / think / (MIN(n, servers) / service);
        sum += p;
        busy += p * MIN(n, servers);
    }
    return busy / sum / service;
}

static void test_machine_repairman(void)
{
    enum { USERS = 40, SERVERS = 2, SECONDS = 600 };
    Runs *runs =
        runs_of(HEAD STILL "users: {load: closed, population: 40, think: {exponential: 1s},"
                           " timeout: 1h}\n"
                           "application: {service_time: {exponential: 60ms}, servers: 2,"
                           " publish: no}\n"
                           "run: {warmup: 100s, duration: 700s, drain: 1m}\n",
                60, 54);
    const double x = repairman_throughput(USERS, SERVERS, 1, 0.060);
    check_mean(runs, "payments.submitted", x * SECONDS);
    check_mean(runs, "latency.mean", USERS / x - 1);
    runs_free(runs);
}

/* Who waits does not pay: the region dies, and a closed load dies down. */
static void test_closed_load_waits(void)
{
    static const char text[] =
        HEAD STILL "users: {timeout: 10s, retry: {max: 0}, population: 100, load: closed,"
                   " think: 1s}\n"
                   "application: {service_time: 0ns, publish: no}\n"
                   "events: [{at: 100500ms, fail: application}]\n"
                   "run: {duration: 200500ms, drain: 20s}\n";
    Runs *runs = runs_of(text, 2, 55);
    check_every(runs, "faults.fired", 1);
    check_every(runs, "payments.completed", 100 * 100);
    check_every(runs, "payments.interrupted", 100 * 10); /* one every 11 s: 101, 112, … 200 */
    runs_free(runs);
}

/* Sessions of three payments: the rate of payments is what was asked for. */
static void test_sessions(void)
{
    Runs *runs = runs_of(HEAD STILL "users: {rate: 12/s, population: 100000,"
                                    " session: {payments: 3}, think: {exponential: 2s}}\n"
                                    "application: {service_time: 0ns, publish: no}\n"
                                    "run: {warmup: 100s, duration: 400s}\n",
                         200, 56);
    check_mean(runs, "payments.submitted", 12 * 300);
    /* Geometric batches: the counts spread more than Poisson, by E[n^2]/E[n] = 2 * 3 - 1. */
    RunsMoments moments = runs_moments(runs, "payments.submitted");
    g_assert_cmpfloat(moments.variance, >, 3 * 12 * 300);
    g_assert_cmpfloat(moments.variance, <, 8 * 12 * 300);
    runs_free(runs);
}

/* ---- how they try ---- */

/* No answer within 1 s, the next try 1 s later, patience of 10 s: tries at 0, 2, 4, 6, 8 and 10. */
static void test_patience(void)
{
    Runs *runs = runs_of(HEAD STILL "users: {rate: 5/s, timeout: 1s, patience: 10s,"
                                    " retry: {max: 100, backoff: 1s, multiplier: 1, jitter: 0%}}\n"
                                    "events: [{at: 0s, fail: application}]\n"
                                    "run: {duration: 60s, drain: 1m}\n",
                         5, 57);
    check_every(runs, "faults.fired", 1);
    for (uint32_t i = 0; i < runs_count(runs); i++)
        g_assert_cmpfloat(runs_column(runs, "payments.attempts")[i], ==,
                          6 * runs_column(runs, "payments.submitted")[i]);
    check_equal(runs, "payments.interrupted", runs, "payments.submitted");
    runs_free(runs);
}

/* A partner waits 50 ms for what takes 100 ms, and sends it again, once. Without keys every one of
 * its payments is made twice; with keys none is, and none is acknowledged. Users wait. */
#define PARTNER                                                                                    \
    HEAD STILL "users: {rate: 20/s, channels: [{name: partner, share: 30%, timeout: 50ms,"         \
               " retry: {max: 1, backoff: 10ms}}]}\n"                                              \
               "application: {service_time: 100ms, publish: no}\n"                                 \
               "run: {duration: 100s, drain: 10s}\n"

static void test_channel(void)
{
    static const char *const bare_sets[] = {"users.channels[0].idempotency_keys=no", NULL};
    Runs *keyed = runs_of(PARTNER, 50, 58), *bare = runs_of_set(PARTNER, bare_sets, 50, 58);
    check_every(keyed, "payments.duplicated", 0);
    check_every(bare, "payments.in_doubt", 0);
    check_equal(bare, "payments.duplicated", bare, "payments.resent");
    check_equal(keyed, "payments.in_doubt", keyed, "payments.resent");
    check_equal(keyed, "payments.resent", bare, "payments.resent");
    check_mean(bare, "payments.duplicated", 0.3 * 20 * 100);
    for (uint32_t i = 0; i < runs_count(bare); i++)
        g_assert_cmpfloat(runs_column(bare, "payments.completed")[i], ==,
                          runs_column(bare, "payments.submitted")[i] -
                              runs_column(bare, "payments.duplicated")[i]);
    runs_free(keyed);
    runs_free(bare);
}

/* A tenth of the users goes to the passive region, whose database refuses each of their payments.
 */
static void test_misrouted(void)
{
    Runs *runs = runs_of(HEAD STILL "users: {rate: 50/s, population: 2000, misrouted: 10%,"
                                    " retry: {max: 0}}\n"
                                    "application: {service_time: 0ns, publish: no}\n"
                                    "run: {duration: 60s, drain: 1s}\n",
                         100, 59);
    check_mean(runs, "payments.misrouted", 0.1 * 50 * 60);
    check_equal(runs, "payments.rejected", runs, "payments.misrouted");
    runs_free(runs);
}

/* ---- sessions and logins after a failover ---- */

#define FAILOVER                                                                                   \
    HEAD "users: {rate: 20/s, population: 200, timeout: 1s, reauth: 2s,"                           \
         " retry: {max: 50, backoff: 1s, backoff_max: 2s}}\n"                                      \
         "router: {edges: 2, probe: {interval: 5s, timeout: 2s, samples: 2, required: 1}}\n"       \
         "application: {service_time: 0ns, publish: no}\n"                                         \
         "failover: {mode: automatic, hold: 0s, probe: {interval: 5s, timeout: 2s, samples: 2},"   \
         " steps: [{step: fence, duration: 0ns},"                                                  \
         " {step: promote-database, duration: 1s, after: [fence]}]}\n"                             \
         "events: [{at: 60s, fail: region, for: 60s}]\nrun: {duration: 300s, drain: 60s}\n"

static Runs *failover_with(const char *set, const char *other)
{
    const char *const sets[] = {set, other, NULL};
    return runs_of_set(FAILOVER, sets, 6, 60);
}

static void test_logins(void)
{
    Runs *deep = failover_with("application.health=deep", NULL);
    Runs *shared = failover_with("application.shared_sessions=yes", "application.health=deep");
    Runs *fresh = failover_with("users.session.idle=1ms", "application.health=deep");
    Runs *queued = failover_with("users.login_capacity=2/s", "application.health=deep");
    /* Nearly all 200 users once; with two payments under way at a time, or none healthy, again. */
    g_assert_cmpfloat(sum_of(deep, "users.logins"), >, 6 * 150);
    g_assert_cmpfloat(sum_of(deep, "users.logins"), <=, 6 * 400);
    check_every(shared, "users.logins", 0);
    /* Who is on the way when the region dies began before: all later sessions are new. */
    g_assert_cmpfloat(sum_of(fresh, "users.logins"), <, 0.2 * sum_of(deep, "users.logins"));
    /* Who has no patience for the herd's queue gives up in it. */
    Runs *hasty = failover_with("users.login_capacity=2/s", "users.patience=30s");
    g_assert_cmpfloat(sum_of(hasty, "payments.rejected") + sum_of(hasty, "payments.interrupted"), >,
                      sum_of(queued, "payments.rejected") + sum_of(queued, "payments.interrupted") +
                          6 * 100);
    g_assert_cmpfloat(runs_moments(hasty, "latency.max").max, <, 30 + 1 + 0.1);
    runs_free(hasty);
    /* A herd of some 180 takes 90 s at two a second; each user logs in once, not each payment. */
    g_assert_cmpfloat(runs_moments(queued, "interruption.max").min, >, 80);
    g_assert_cmpfloat(runs_moments(queued, "interruption.max").max, <, 200);
    check_every(queued, "interruption.open", 0);
    g_assert_cmpfloat(runs_moments(deep, "interruption.max").max, <, 60);
    runs_free(deep);
    runs_free(shared);
    runs_free(fresh);
    runs_free(queued);
}

/* Both regions take users: nobody logs in where they are served from the start, and who is nearest
 * to the region that dies does. */
static void test_both_regions(void)
{
    Runs *near = failover_with("router={routing: latency, share: 50%, edges: 10}", "events=[]");
    Runs *dies = failover_with("router={routing: latency, share: 50%, edges: 10}", NULL);
    check_every(near, "users.logins", 0);
    g_assert_cmpfloat(sum_of(near, "payments.rejected"), >, 0); /* by a database that stands by */
    g_assert_cmpfloat(sum_of(dies, "users.logins"), >, 6 * 60);
    runs_free(near);
    runs_free(dies);
}

/* The region is back, with a fenced database and a shallow check: the router returns to it, users
 * with a cookie do not. */
static void test_affinity(void)
{
    Runs *without = failover_with("router.affinity=no", NULL);
    Runs *with = failover_with("router.affinity=yes", NULL);
    check_every(without, "faults.fired", runs_column(without, "faults.fired")[0]);
    for (uint32_t i = 0; i < runs_count(with); i++) {
        g_assert_true(isfinite(runs_column(with, "router.returned")[i]));
        g_assert_cmpfloat(runs_column(with, "payments.rejected")[i], <,
                          0.5 * runs_column(without, "payments.rejected")[i]);
        g_assert_cmpfloat(runs_column(with, "payments.resumed")[i], >, 0);
    }
    runs_free(without);
    runs_free(with);
}

/* The same payments, whatever the design: arrivals depend on nothing else. */
static void test_same_arrivals(void)
{
    Runs *base = failover_with("users.day=banking", NULL);
    Runs *other = failover_with("users.day=banking", "router.kind=traffic-manager");
    check_equal(base, "payments.submitted", other, "payments.submitted");
    runs_free(base);
    runs_free(other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/users/day/inverse", test_profile_inverse);
    g_test_add_func("/users/day/banking", test_banking_mean);
    g_test_add_func("/users/day/poisson", test_day);
    g_test_add_func("/users/day/regular", test_regular_day);
    g_test_add_func("/users/closed/interactive-law", test_interactive_exactly);
    g_test_add_func("/users/closed/machine-repairman", test_machine_repairman);
    g_test_add_func("/users/closed/waits", test_closed_load_waits);
    g_test_add_func("/users/sessions", test_sessions);
    g_test_add_func("/users/patience", test_patience);
    g_test_add_func("/users/channel", test_channel);
    g_test_add_func("/users/misrouted", test_misrouted);
    g_test_add_func("/users/logins", test_logins);
    g_test_add_func("/users/both-regions", test_both_regions);
    g_test_add_func("/users/affinity", test_affinity);
    g_test_add_func("/users/same-arrivals", test_same_arrivals);
    return g_test_run();
}
