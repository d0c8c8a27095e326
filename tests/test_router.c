/* The router: single decisions on a bench of stand-in regions, and its laws through the whole
 * platform. Exact where the model promises it; a stochastic check may be 4.9 standard errors off, a
 * distribution's test has the same false alarm: 1e-6 each.
 */
#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "models/platform.h"
#include "models/router.h"
#include "models/scenario.h"
#include "tests/support/runs.h"

/* ---- a bench: the router between two stand-ins ---- */

typedef struct Bench Bench;

typedef struct Place {
    Bench *bench;
    uint32_t region;
    bool healthy;
    uint32_t taken;
} Place;

struct Bench {
    World world;
    RouterConfig config;
    Dist *at_once;
    Router *router;
    GPtrArray *links;
    SimLink *back; /* from the regions, to whoever asked */
    Place place[REGIONS];
    SimComponent region[REGIONS], desk;
    uint32_t done; /* steps that the router has answered */
};

static void on_probe(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Place *place = self;
    sim_link_send(place->bench->back, (SimEvent){.component = event->sender,
                                                 .kind = MSG_PROBE_REPLY,
                                                 .subject = event->subject,
                                                 .value = event->value,
                                                 .tag = place->healthy});
}

static void on_request(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Place *place = self;
    place->taken++;
    ledger_attempt_over(place->bench->world.ledger, event->subject);
}

static void on_done(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Bench *bench = self;
    bench->done++;
}

static const SimHandler place_handlers[MSG_KINDS] = {
    [MSG_PROBE] = on_probe, [MSG_REQUEST] = on_request};
static const SimType place_type = {
    .name = "place", .handlers = place_handlers, .handler_count = MSG_KINDS};
static const SimHandler desk_handlers[MSG_KINDS] = {[MSG_DONE] = on_done};
static const SimType desk_type = {
    .name = "desk", .handlers = desk_handlers, .handler_count = MSG_KINDS};

static void forget(void *audit, const Payment *payment)
{
    (void)audit, (void)payment;
}

static SimLink *link_named(Bench *bench, const char *name, SimComponent receiver)
{
    SimLink *link = sim_link_new(bench->world.sim, name, bench->at_once,
                                 world_stream(&bench->world, name, "latency"), SIM_LINK_REQUESTS);
    if (receiver)
        sim_link_connect(link, receiver);
    g_ptr_array_add(bench->links, link);
    return link;
}

/* Two failures in a row, probes every 10 s, one edge: what a test does not set. */
static RouterConfig plain(void)
{
    return (RouterConfig){
        .edges = 1,
        .share = 0.5,
        .hold_down = 100 * SIM_SEC,
        .probe = {.interval = 10 * SIM_SEC, .timeout = 2 * SIM_SEC, .samples = 2, .required = 1}};
}

static Bench *bench_new(RouterConfig config, SimTime propagation)
{
    Bench *bench = g_new0(Bench, 1);
    World *world = &bench->world;
    bench->config = config;
    bench->at_once = dist_new_constant(0);
    bench->config.propagation = dist_new_constant(propagation);
    bench->config.ttl = dist_new_constant(60 * SIM_SEC);
    *world = (World){.sim = sim_new(),
                     .ledger = ledger_new(forget, NULL),
                     .recovery = recovery_new(SIM_SEC, 0.99, SIM_SEC),
                     .seed = 5,
                     .region_name = {"north", "west"}};
    bench->links = g_ptr_array_new();
    bench->router = router_new(world, &bench->config);
    bench->desk = sim_add(world->sim, &desk_type, bench, "desk");
    RouterLinks links = {.to_users = link_named(bench, "to users", bench->desk),
                         .to_failover = link_named(bench, "to failover", bench->desk)};
    bench->back = link_named(bench, "back", 0);
    for (uint32_t r = 0; r < REGIONS; r++) {
        bench->place[r] = (Place){.bench = bench, .region = r, .healthy = true};
        links.application[r] =
            sim_add(world->sim, &place_type, &bench->place[r], r == 0 ? "north" : "west");
        links.to_region[r] = link_named(bench, r == 0 ? "to north" : "to west", 0);
    }
    router_connect(bench->router, links);
    router_start(bench->router);
    return bench;
}

static void bench_free(Bench *bench)
{
    router_free(bench->router);
    sim_free(bench->world.sim);
    g_ptr_array_foreach(bench->links, (GFunc)(void (*)(void))sim_link_free, NULL);
    g_ptr_array_unref(bench->links);
    ledger_free(bench->world.ledger);
    recovery_free(bench->world.recovery);
    dist_free(bench->at_once);
    dist_free(bench->config.propagation);
    dist_free(bench->config.ttl);
    g_free(bench);
}

static void until(Bench *bench, int64_t seconds)
{
    sim_run(bench->world.sim, seconds * SIM_SEC);
}

/* Which region gets a request that enters by this edge with this cookie? */
static uint32_t ask(Bench *bench, uint32_t edge, uint32_t cookie)
{
    World *world = &bench->world;
    PaymentRef ref = ledger_submit(world->ledger, sim_now(world->sim), 0);
    ledger_get(world->ledger, ref)->in_flight++; /* which takes the user's hold */
    uint32_t before = bench->place[REGION_PASSIVE].taken;
    sim_after(world->sim, 0, SIM_PHASE_MESSAGE,
              (SimEvent){.component = router_component(bench->router),
                         .kind = MSG_REQUEST,
                         .subject = ref,
                         .extra = request_add_cookie(request_extra(0, edge, false), cookie)});
    sim_run(world->sim, sim_now(world->sim));
    g_assert_null(ledger_get(world->ledger, ref));
    return bench->place[REGION_PASSIVE].taken > before ? REGION_PASSIVE : REGION_ACTIVE;
}

static void check_goes(Bench *bench, uint32_t region)
{
    g_assert_cmpuint(ask(bench, 0, REGION_NONE), ==, region);
}

static void reroute(Bench *bench, uint32_t to)
{
    sim_after(bench->world.sim, 0, SIM_PHASE_MESSAGE,
              (SimEvent){.component = router_component(bench->router),
                         .kind = MSG_COMMAND,
                         .tag = ACTION_REROUTE,
                         .extra = command_extra(to, false)});
    sim_run(bench->world.sim, sim_now(bench->world.sim));
}

/* ---- single decisions ---- */

static void test_automatic(void)
{
    Bench *bench = bench_new(plain(), 0);
    until(bench, 100);
    check_goes(bench, REGION_ACTIVE);
    bench->place[REGION_ACTIVE].healthy = false;
    until(bench, 121);
    check_goes(bench, REGION_PASSIVE);
    bench->place[REGION_ACTIVE].healthy = true;
    until(bench, 132); /* one good answer */
    check_goes(bench, REGION_ACTIVE);
    bench_free(bench);
}

static void test_hold_down(void)
{
    RouterConfig config = plain();
    config.comes_back = RETURN_HOLD_DOWN;
    Bench *bench = bench_new(config, 0);
    until(bench, 100);
    bench->place[REGION_ACTIVE].healthy = false;
    until(bench, 121);
    check_goes(bench, REGION_PASSIVE);
    bench->place[REGION_ACTIVE].healthy = true; /* seen by 131 s, held until 231 s at most */
    until(bench, 215);
    check_goes(bench, REGION_PASSIVE);
    bench->place[REGION_ACTIVE].healthy = false; /* a break: counted anew */
    until(bench, 236);
    bench->place[REGION_ACTIVE].healthy = true;
    until(bench, 335);
    check_goes(bench, REGION_PASSIVE);
    until(bench, 347);
    check_goes(bench, REGION_ACTIVE);
    bench_free(bench);
}

/* Held down is better than dead. */
static void test_held_beats_dead(void)
{
    RouterConfig config = plain();
    config.comes_back = RETURN_HOLD_DOWN;
    Bench *bench = bench_new(config, 0);
    bench->place[REGION_ACTIVE].healthy = false;
    until(bench, 100);
    bench->place[REGION_ACTIVE].healthy = true;
    until(bench, 111);
    check_goes(bench, REGION_PASSIVE);
    bench->place[REGION_PASSIVE].healthy = false;
    until(bench, 132);
    check_goes(bench, REGION_ACTIVE);
    bench_free(bench);
}

static void test_manual(void)
{
    RouterConfig config = plain();
    config.comes_back = RETURN_MANUAL;
    Bench *bench = bench_new(config, 0);
    bench->place[REGION_ACTIVE].healthy = false;
    until(bench, 100);
    check_goes(bench, REGION_PASSIVE);
    bench->place[REGION_ACTIVE].healthy = true;
    until(bench, 1000);
    check_goes(bench, REGION_PASSIVE);
    reroute(bench, REGION_ACTIVE);
    g_assert_cmpuint(bench->done, ==, 1);
    check_goes(bench, REGION_ACTIVE);
    until(bench, 1100);
    check_goes(bench, REGION_ACTIVE);
    reroute(bench, REGION_ACTIVE); /* told twice: answered twice, nothing done */
    g_assert_cmpuint(bench->done, ==, 2);
    check_goes(bench, REGION_ACTIVE);
    bench_free(bench);
}

/* The other region dies in its turn: probes still move the traffic away from the dead. */
static void test_manual_and_dead(void)
{
    RouterConfig config = plain();
    config.comes_back = RETURN_MANUAL;
    Bench *bench = bench_new(config, 0);
    bench->place[REGION_ACTIVE].healthy = false;
    until(bench, 100);
    bench->place[REGION_ACTIVE].healthy = true;
    bench->place[REGION_PASSIVE].healthy = false;
    until(bench, 125);
    check_goes(bench, REGION_ACTIVE);
    bench->place[REGION_PASSIVE].healthy = true;
    until(bench, 200);
    check_goes(bench, REGION_ACTIVE);
    bench_free(bench);
}

static void test_affinity(void)
{
    RouterConfig config = plain();
    config.affinity = true;
    Bench *bench = bench_new(config, 0);
    until(bench, 50);
    g_assert_cmpuint(ask(bench, 0, REGION_PASSIVE), ==, REGION_PASSIVE); /* though not preferred */
    g_assert_cmpuint(ask(bench, 0, REGION_ACTIVE), ==, REGION_ACTIVE);
    check_goes(bench, REGION_ACTIVE);
    bench->place[REGION_PASSIVE].healthy = false;
    until(bench, 71);
    g_assert_cmpuint(ask(bench, 0, REGION_PASSIVE), ==, REGION_ACTIVE);
    bench_free(bench);
    config.affinity = false;
    bench = bench_new(config, 0);
    until(bench, 50);
    g_assert_cmpuint(ask(bench, 0, REGION_PASSIVE), ==, REGION_ACTIVE);
    bench_free(bench);
}

/* Front Door spreads in turn, Traffic Manager answers as if all were online. */
static void test_all_unhealthy(void)
{
    RouterConfig config = plain();
    for (int kind = ROUTER_FRONT_DOOR; kind <= ROUTER_TRAFFIC_MANAGER; kind++) {
        config.kind = kind;
        Bench *bench = bench_new(config, 0);
        bench->place[REGION_ACTIVE].healthy = bench->place[REGION_PASSIVE].healthy = false;
        until(bench, 100);
        for (int i = 0; i < 10; i++)
            ask(bench, 0, REGION_NONE);
        uint32_t expected = kind == ROUTER_FRONT_DOOR ? 5 : 10;
        g_assert_cmpuint(bench->place[REGION_ACTIVE].taken, ==, expected);
        bench_free(bench);
    }
}

static void test_weighted(void)
{
    enum { REQUESTS = 20000 };
    RouterConfig config = plain();
    config.routing = ROUTING_WEIGHTED;
    config.share = 0.7;
    Bench *bench = bench_new(config, 0);
    for (int i = 0; i < REQUESTS; i++)
        ask(bench, 0, REGION_NONE);
    check_close("active region's share", bench->place[REGION_ACTIVE].taken / (double)REQUESTS, 0.7,
                sqrt(0.7 * 0.3 / REQUESTS));
    bench->place[REGION_ACTIVE].healthy = false;
    until(bench, 100);
    uint32_t before = bench->place[REGION_ACTIVE].taken;
    for (int i = 0; i < 100; i++)
        check_goes(bench, REGION_PASSIVE);
    g_assert_cmpuint(bench->place[REGION_ACTIVE].taken, ==, before);
    bench->place[REGION_ACTIVE].healthy = true;
    until(bench, 200);
    reroute(bench, REGION_PASSIVE); /* drains the active region */
    for (int i = 0; i < 100; i++)
        check_goes(bench, REGION_PASSIVE);
    bench_free(bench);
}

static void test_latency(void)
{
    RouterConfig config = plain();
    config.routing = ROUTING_LATENCY;
    config.edges = 10;
    config.share = 0.3;
    Bench *bench = bench_new(config, 0);
    for (uint32_t e = 0; e < 10; e++)
        g_assert_cmpuint(ask(bench, e, REGION_NONE), ==, e < 3 ? REGION_ACTIVE : REGION_PASSIVE);
    bench->world.recovery->outage_at = 0;
    bench->place[REGION_PASSIVE].healthy = false;
    until(bench, 100);
    for (uint32_t e = 0; e < 10; e++)
        g_assert_cmpuint(ask(bench, e, REGION_NONE), ==, REGION_ACTIVE);
    bench->place[REGION_PASSIVE].healthy = true;
    until(bench, 200);
    for (uint32_t e = 0; e < 10; e++)
        g_assert_cmpuint(ask(bench, e, REGION_NONE), ==, e < 3 ? REGION_ACTIVE : REGION_PASSIVE);
    g_assert_true(bench->world.recovery->edges_first_at == SIM_NEVER); /* nobody left home for it */
    bench_free(bench);
}

/* The runbook's way there and back: what stands by gets nothing, though the other one is dead. */
static void test_there_and_back(void)
{
    RouterConfig config = plain();
    config.failover = ROUTER_RUNBOOK;
    Bench *bench = bench_new(config, 0);
    bench->place[REGION_ACTIVE].healthy = false;
    until(bench, 100);
    check_goes(bench, REGION_ACTIVE);
    reroute(bench, REGION_PASSIVE);
    check_goes(bench, REGION_PASSIVE);
    bench->place[REGION_ACTIVE].healthy = true;
    until(bench, 200);
    check_goes(bench, REGION_PASSIVE);
    reroute(bench, REGION_ACTIVE);
    check_goes(bench, REGION_ACTIVE);
    bench->place[REGION_ACTIVE].healthy = false;
    until(bench, 300);
    check_goes(bench, REGION_ACTIVE);
    g_assert_cmpuint(bench->done, ==, 2);
    bench_free(bench);
}

/* ---- configuration on its way ---- */

static uint32_t edges_at(Bench *bench, uint32_t region)
{
    uint32_t count = 0;
    for (uint32_t e = 0; e < bench->config.edges; e++)
        count += ask(bench, e, REGION_NONE) == region;
    return count;
}

/* A crash of the router voids what is on its way; the command that is repeated sends it again. */
static void test_crash_under_way(void)
{
    RouterConfig config = plain();
    config.edges = 4;
    config.failover = ROUTER_RUNBOOK;
    Bench *bench = bench_new(config, 60 * SIM_SEC);
    SimComponent id = router_component(bench->router);
    sim_outage(bench->world.sim, id, 130 * SIM_SEC, 140 * SIM_SEC);
    until(bench, 100);
    reroute(bench, REGION_PASSIVE);
    until(bench, 110);
    reroute(bench, REGION_PASSIVE); /* impatient */
    until(bench, 180);
    g_assert_cmpuint(sim_outages_fired(bench->world.sim, id), ==, 1);
    g_assert_cmpuint(edges_at(bench, REGION_PASSIVE), ==, 0);
    reroute(bench, REGION_PASSIVE);
    until(bench, 239);
    g_assert_cmpuint(edges_at(bench, REGION_PASSIVE), ==, 0);
    g_assert_cmpuint(bench->done, ==, 0);
    until(bench, 241);
    g_assert_cmpuint(edges_at(bench, REGION_PASSIVE), ==, 4);
    g_assert_cmpuint(bench->done, ==, 1);
    bench_free(bench);
}

/* A change overtaken by the opposite one has no effect. */
static void test_change_of_mind(void)
{
    RouterConfig config = plain();
    config.failover = ROUTER_RUNBOOK;
    Bench *bench = bench_new(config, 60 * SIM_SEC);
    until(bench, 100);
    reroute(bench, REGION_PASSIVE);
    until(bench, 150);
    reroute(bench, REGION_ACTIVE);
    until(bench, 170);
    check_goes(bench, REGION_ACTIVE);
    g_assert_cmpuint(bench->done, ==, 0);
    until(bench, 211);
    check_goes(bench, REGION_ACTIVE);
    g_assert_cmpuint(bench->done, ==, 1);
    bench_free(bench);
}

/* ---- laws ---- */

#define HEAD                                                                                       \
    "version: 1\n"                                                                                 \
    "name: router\n"                                                                               \
    "network: {users: 0ns, edge: 0ns, reply: 0ns, local: 0ns, wan: 0ns, management: 0ns}\n"        \
    "mirror: {enabled: no}\nconsumers: []\n"

/* The largest of `count` uniform draws. */
typedef struct Latest {
    double low, high;
    int count;
} Latest;

static double latest(double x, const void *law)
{
    const Latest *l = law;
    return pow(fmin(fmax((x - l->low) / (l->high - l->low), 0), 1), l->count);
}

#define PROBED(router, span)                                                                       \
    HEAD "users: {rate: 0/s}\nfailover: {mode: off, probe: {interval: 1d}}\n"                      \
         "router: {" router "}\n"                                                                  \
         "events: [{at: 200s, fail: application, for: " span "}]\nrun: {duration: 1000s}\n"

static void check_turns(const char *text, const char *metric, Latest law, uint64_t seed)
{
    Runs *runs = runs_of(text, 3000, seed);
    check_every(runs, "faults.fired", 1);
    check_continuous(runs, metric, latest, &law);
    check_mean(runs, metric, law.low + (law.high - law.low) * law.count / (law.count + 1.0));
    runs_free(runs);
}

/* Front Door, 4 samples, 3 required: the second failure decides, U[I, 2I] + timeout by edge. */
static void test_front_door_turns(void)
{
    static const char one[] = PROBED("edges: 1", "400s"), twelve[] = PROBED("edges: 12", "400s");
    check_turns(one, "rto.reroute", (Latest){40, 70, 1}, 31);
    check_turns(twelve, "rto.reroute", (Latest){40, 70, 12}, 32);
    /* After four failures three good answers are needed: U[2I, 3I]. */
    check_turns(one, "router.returned", (Latest){460, 490, 1}, 33);
}

/* Traffic Manager, N tolerated failures: samples N+1, required 1. Degraded at the (N+1)th failure
 * in a row, U(0,I) + N I + timeout; healthy again after one good answer, U(0,I). */
#define TOLERATED(samples)                                                                         \
    PROBED("kind: traffic-manager, edges: 1, probe: {required: 1, samples: " samples "}", "400s")

static void test_traffic_manager_turns(void)
{
    check_turns(TOLERATED("4"), "rto.reroute", (Latest){100, 130, 1}, 34);
    check_turns(TOLERATED("4"), "router.returned", (Latest){400, 430, 1}, 35);
    check_turns(TOLERATED("1"), "rto.reroute", (Latest){10, 40, 1}, 36);
}

/* A reroute reaches twelve edges in 3 to 20 min each, and is done with the last. */
static void test_propagation(void)
{
    static const char text[] =
        HEAD "users: {rate: 0/s}\n"
             "router: {failover: runbook, edges: 12, probe: {interval: 1d},"
             " propagation: {uniform: {low: 3m, high: 20m}}}\n"
             "failover: {mode: automatic, hold: 0s, probe: {interval: 10s, timeout: 1s},"
             " steps: [{step: reroute, duration: 0ns}]}\n"
             "events: [{at: 200s, fail: application}]\nrun: {duration: 2000s}\n";
    check_turns(text, "rto.reroute", (Latest){180, 1200, 12}, 37);
}

/* Hold-down and a return by hand, through the platform: north is away for 400 s. */
static void test_return(void)
{
    check_turns(PROBED("edges: 1, return: hold-down, hold_down: 5m", "400s"), "router.returned",
                (Latest){760, 790, 1}, 38);
    Runs *runs = runs_of(PROBED("edges: 12, return: manual", "400s"), 100, 39);
    check_every(runs, "router.returned", INFINITY);
    runs_free(runs);
}

/* ---- the chart of a router that turned in part ---- */

/* 43 s without the region: some edges miss it twice and turn, some do not; then all are back. The
 * chart has no step that never ended. */
static void test_chart_in_part(void)
{
    static const char text[] = PROBED("edges: 12", "43s");
    DiagList diags;
    diag_list_init(&diags);
    Scenario *scenario = scenario_read("test.yaml", text, sizeof text - 1, NULL, 0, &diags);
    double *values = g_new(double, platform_metrics.count);
    uint32_t in_part = 0;
    for (uint32_t r = 0; r < 20; r++) {
        RunDetail detail = {.outage_at = SIM_NEVER};
        platform_run(scenario, 44, r, values, &detail);
        for (guint i = 0; i < detail.steps->len; i++) {
            const RecoveryStep *step = g_ptr_array_index(detail.steps, i);
            if (strcmp(step->name, "router turns") != 0)
                continue;
            g_assert_true(step->end != SIM_NEVER);
            in_part += strstr(step->note, "and back") != NULL;
        }
        run_detail_clear(&detail);
    }
    g_assert_cmpuint(in_part, >, 10);
    g_free(values);
    scenario_free(scenario);
    diag_list_clear(&diags);
}

/* ---- what DNS adds ---- */

#define ANSWERED(router, users)                                                                    \
    HEAD "router: {kind: traffic-manager, edges: 1, " router "}\n"                                 \
         "users: {timeout: 1us, retry: {max: 0}, " users "}\n"                                     \
         "application: {service_time: 0ns, publish: no, shared_sessions: yes}\n"                   \
         "database: {commit_time: 0ns, replication: {lag: 0ns}}\n"                                 \
         "failover: {mode: automatic, hold: 0s, probe: {interval: 100ms, timeout: 1us,"            \
         " samples: 1}, steps: [{step: promote-database, duration: 0ns},"                          \
         " {step: reroute, duration: 0ns, after: [promote-database]}]}\n"

/* U(0,30) + U(0,60), moved by what is certain: 3 x 30 s and the timeout of 10 s. */
static double failover_time(double x, const void *law)
{
    (void)law;
    double t = x - 100;
    if (t <= 0)
        return 0;
    if (t <= 30)
        return t * t / 3600;
    if (t <= 60)
        return (30 * t - 450) / 1800;
    return t < 90 ? 1 - (90 - t) * (90 - t) / 3600 : 1;
}

/* One resolver, asked ten times a second, so that it is without an answer for a tenth of a second
 * in the mean. The published TTL + retries x interval is near the mean, not the worst case. */
static void test_dns_failover_time(void)
{
    Runs *runs =
        runs_of(HEAD "router: {kind: traffic-manager, edges: 1, resolvers: 1,"
                     " probe: {interval: 30s, timeout: 10s, samples: 4, required: 1}}\n"
                     "users: {rate: 10/s, timeout: 1us, retry: {max: 0}}\n"
                     "application: {service_time: 0ns, publish: no, shared_sessions: yes}\n"
                     "database: {commit_time: 0ns, replication: {lag: 0ns}}\n"
                     "failover: {mode: automatic, hold: 0s, probe: {interval: 1s, timeout: 1us,"
                     " samples: 1}, steps: [{step: promote-database, duration: 0ns}]}\n"
                     "events: [{at: 100s, fail: region}]\nrun: {duration: 300s}\n",
                500, 40);
    const double gap = 0.1, published = 60 + 3 * 30;
    check_mean(runs, "rto.first", 115 + 60 / (60 + gap) * (30 + gap) + gap / (60 + gap) * gap);
    check_continuous(runs, "rto.first", failover_time, NULL);
    RunsMoments moments = runs_moments(runs, "rto.first");
    g_assert_cmpfloat(moments.max, <, 190 + 2);
    g_assert_cmpfloat(moments.max, >, published);
    g_assert_cmpfloat(fabs(moments.mean - published), <, 10);
    runs_free(runs);
}

/* Users of one resolver turn together. 20 to 30 s after the reroute a payment goes to the dead
 * region with probability (60 - 25) / 60.1 (the resolver waits a tenth of a second for the next
 * question); with one resolver all ten of a second do, or none. */
static void test_resolver_is_shared(void)
{
    Runs *runs = runs_of(
        ANSWERED(
            "failover: runbook, ttl: 60s, resolvers: 1, probe: {interval: 1d}",
            "population: 200, rate: 10/s") "events: [{at: 200s, fail: region}]\n"
                                           "run: {warmup: 220.05s, duration: 230.05s, drain: 1s}\n",
        1000, 41);
    const double *stale = runs_column(runs, "payments.interrupted");
    const double *all = runs_column(runs, "payments.submitted");
    uint32_t mixed = 0;
    for (uint32_t i = 0; i < runs_count(runs); i++)
        mixed += stale[i] > 0 && stale[i] < all[i];
    check_mean(runs, "payments.interrupted", 100 * 35 / 60.1);
    double share = 10 / 60.1, n = runs_count(runs);
    check_close("runs in which it turns meanwhile", mixed / n, share,
                sqrt(share * (1 - share) / n));
    runs_free(runs);
}

/* A quarter of 20 resolvers keep answers for 1000 s, at a uniform age: 200 s after the reroute 0.8
 * of these still send users to the dead region (less the 2 s that a resolver is not asked). */
static void test_overstayers(void)
{
    Runs *runs = runs_of(
        ANSWERED(
            "failover: runbook, ttl: 60s, resolvers: 20,"
            " overstay: {share: 25%, for: 1000s}, probe: {interval: 1d}",
            "population: 200, rate: 10/s") "events: [{at: 10s, fail: region}]\n"
                                           "run: {warmup: 205.05s, duration: 215.05s, drain: 1s}\n",
        400, 42);
    check_mean(runs, "payments.interrupted", 100 * 0.25 * (1000 - 200 - 2) / 1000);
    check_every(runs, "failover.decided", 1);
    runs_free(runs);
}

/* Connections of 60 s outlive any DNS answer: with answers of no validity, a user who pays every
 * 20 s is on a connection to the region that failed with the probability of a stale answer,
 * 60/80 * (60-25)/60, as long as that region answers, if with errors. */
static void test_connections(void)
{
    static const char *const sets[] = {"application.health=deep", "application.timeout=1us",
                                       "users.timeout=1s", NULL};
    Runs *runs = runs_of_set(
        ANSWERED("failover: runbook, ttl: 1us, probe: {interval: 1d}",
                 "population: 200, rate: 10/s, connection: 60s") "events: [{at: 1200s, fail: "
                                                                 "database}]\n"
                                                                 "run: {warmup: 1220.05s, "
                                                                 "duration: 1230.05s, drain: 1s}\n",
        sets, 200, 43);
    check_mean(runs, "payments.interrupted", 100 * 0.4375);
    check_mean(runs, "payments.completed", 100 * 0.5625);
    check_every(runs, "failover.decided", 1);
    runs_free(runs);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/router/automatic", test_automatic);
    g_test_add_func("/router/hold-down", test_hold_down);
    g_test_add_func("/router/held-beats-dead", test_held_beats_dead);
    g_test_add_func("/router/manual", test_manual);
    g_test_add_func("/router/manual-and-dead", test_manual_and_dead);
    g_test_add_func("/router/affinity", test_affinity);
    g_test_add_func("/router/all-unhealthy", test_all_unhealthy);
    g_test_add_func("/router/weighted", test_weighted);
    g_test_add_func("/router/latency", test_latency);
    g_test_add_func("/router/there-and-back", test_there_and_back);
    g_test_add_func("/router/crash-under-way", test_crash_under_way);
    g_test_add_func("/router/change-of-mind", test_change_of_mind);
    g_test_add_func("/router/laws/front-door", test_front_door_turns);
    g_test_add_func("/router/laws/traffic-manager", test_traffic_manager_turns);
    g_test_add_func("/router/laws/propagation", test_propagation);
    g_test_add_func("/router/laws/return", test_return);
    g_test_add_func("/router/chart", test_chart_in_part);
    g_test_add_func("/router/laws/dns-failover-time", test_dns_failover_time);
    g_test_add_func("/router/laws/shared-resolver", test_resolver_is_shared);
    g_test_add_func("/router/laws/overstayers", test_overstayers);
    g_test_add_func("/router/laws/connections", test_connections);
    return g_test_run();
}
