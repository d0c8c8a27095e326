/* Pods and nodes by themselves: every number of servers at every moment, exactly. The owner is a
 * component that does nothing but pass its timers on. Fixed times, no random quantity but phases,
 * which are kept below a millisecond.
 */
#include <glib.h>

#include "models/capacity.h"
#include "sim/dist.h"

enum { SERVERS = 90, PODS = 9, SECONDS = 1000 };

typedef struct Owner {
    World world;
    CapacityConfig config;
    Capacity *capacity;
    SimComponent id;
    double utilisation; /* what every look of the autoscaler finds */
    SimTime oldest_wait;
    double died; /* the greatest share so far */
} Owner;

static void on_timer(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Owner *owner = self;
    double died = capacity_handle(
        owner->capacity, event,
        (CapacityLoad){.oldest_wait = owner->oldest_wait, .utilisation = owner->utilisation});
    owner->died = MAX(owner->died, died);
}

static void on_down(Sim *sim, void *self)
{
    (void)sim;
    capacity_down(((Owner *)self)->capacity);
}

static void on_up(Sim *sim, void *self)
{
    (void)sim;
    capacity_up(((Owner *)self)->capacity);
}

static const SimHandler handlers[CAPACITY_KINDS] = {
    on_timer, on_timer, on_timer, on_timer, on_timer, on_timer, on_timer, on_timer, on_timer};
static const SimType owner_type = {.name = "owner",
                                   .handlers = handlers,
                                   .handler_count = CAPACITY_KINDS,
                                   .down = on_down,
                                   .up = on_up};

/* Start 1 s, pull 2 s, process 4 s, readiness 8 s; a node of 3 pods takes 60 s. */
static void owner_init(Owner *owner, int standby)
{
    *owner = (Owner){.config = {.pods = PODS,
                                .standby = standby,
                                .standby_share = 1.0 / 9,
                                .standby_nodes = 1,
                                .pod_start = dist_new_constant(1 * SIM_SEC),
                                .image_pull = dist_new_constant(2 * SIM_SEC),
                                .jvm_start = dist_new_constant(4 * SIM_SEC),
                                .readiness = dist_new_constant(8 * SIM_SEC),
                                .warmup_factor = 1,
                                .warmup_time = 10 * SIM_SEC,
                                .hpa = true,
                                .hpa_target = 0.5,
                                .hpa_sync = 15 * SIM_SEC,
                                .hpa_stabilization = 60 * SIM_SEC,
                                .node_pods = 3,
                                .node_scan = SIM_MS,
                                .node_timeout = 600 * SIM_SEC,
                                .node_detect = 40 * SIM_SEC,
                                .node_evict = 300 * SIM_SEC,
                                .node_provision = dist_new_constant(60 * SIM_SEC),
                                .liveness_period = 10 * SIM_SEC,
                                .liveness_timeout = SIM_SEC,
                                .liveness_failures = 3}};
    owner->world.sim = sim_new();
    owner->id = sim_add(owner->world.sim, &owner_type, owner, "owner");
}

static void owner_begin(Owner *owner)
{
    owner->capacity =
        capacity_new(&owner->world, &owner->config, SERVERS, REGION_PASSIVE, owner->id, "owner", 0);
}

static void owner_clear(Owner *owner)
{
    sim_free(owner->world.sim);
    capacity_free(owner->capacity);
    dist_free(owner->config.pod_start);
    dist_free(owner->config.image_pull);
    dist_free(owner->config.jvm_start);
    dist_free(owner->config.readiness);
    dist_free(owner->config.node_provision);
}

/* Runs on to `seconds` and 10 ms, which is more than all phases, and looks. */
static void expect_servers(Owner *owner, int64_t seconds, int64_t servers)
{
    sim_run(owner->world.sim, seconds * SIM_SEC + 10 * SIM_MS);
    g_test_message("at %" G_GINT64_FORMAT " s", seconds);
    g_assert_cmpint(capacity_servers(owner->capacity), ==, servers);
}

static void test_hot_is_silent(void)
{
    Owner owner;
    owner_init(&owner, STANDBY_HOT);
    owner_begin(&owner);
    capacity_begin(owner.capacity);
    expect_servers(&owner, SECONDS, SERVERS);
    g_assert_true(capacity_full(owner.capacity));
    g_assert_false(capacity_elastic(owner.capacity));
    g_assert_cmpuint(sim_events_delivered(owner.world.sim), ==, 0);
    owner_clear(&owner);
}

/* From the command: with nodes 1 + 2 + 4 + 8 s, without 60 s more. */
static void test_scale_out(void)
{
    static const int64_t first[] = {SERVERS, 10, 0, 0}, takes[] = {0, 15, 15, 75};
    for (int mode = STANDBY_HOT; mode <= STANDBY_NO_NODES; mode++) {
        Owner owner;
        owner_init(&owner, mode);
        owner_begin(&owner);
        capacity_begin(owner.capacity);
        expect_servers(&owner, 99, first[mode]);
        sim_run(owner.world.sim, 100 * SIM_SEC);
        capacity_scale_out(owner.capacity);
        if (mode != STANDBY_HOT)
            expect_servers(&owner, 100 + takes[mode] - 1, first[mode]);
        expect_servers(&owner, 100 + takes[mode], SERVERS);
        SimTime full = capacity_facts(owner.capacity).full_at;
        g_assert_cmpint(full / SIM_SEC, ==, mode == STANDBY_HOT ? 0 : 100 + takes[mode]);
        owner_clear(&owner);
    }
}

/* Nodes for a third: the others wait for theirs. */
static void test_some_nodes(void)
{
    Owner owner;
    owner_init(&owner, STANDBY_SCALED_DOWN);
    owner.config.standby_nodes = 1.0 / 3;
    owner_begin(&owner);
    capacity_begin(owner.capacity);
    capacity_scale_out(owner.capacity);
    expect_servers(&owner, 14, 10);
    expect_servers(&owner, 15, 30);
    expect_servers(&owner, 74, 30);
    expect_servers(&owner, 75, SERVERS);
    owner_clear(&owner);
}

/* No capacity: nothing comes within node.timeout, ever. Slow nodes are given up, too. */
static void test_shortage(void)
{
    for (int slow = 0; slow < 2; slow++) {
        Owner owner;
        owner_init(&owner, STANDBY_NO_NODES);
        owner.config.node_shortage = slow ? 0 : 1;
        owner.config.node_timeout = 50 * SIM_SEC;
        owner_begin(&owner);
        capacity_begin(owner.capacity);
        capacity_scale_out(owner.capacity);
        expect_servers(&owner, SECONDS, 0);
        g_assert_false(capacity_has_nodes(owner.capacity));
        owner_clear(&owner);
    }
}

/* Busy throughout, pods that start at once: 1, then ceil (ready / 0.5), at most 4 more or twice as
 * many: 2, 4, 8, 9. Idle: down, but not for 60 s (five looks), and never below the standby. */
static void test_autoscaler(void)
{
    Owner owner;
    owner_init(&owner, STANDBY_SCALED_DOWN);
    Dist *at_once = dist_new_constant(0),
         *parts[] = {owner.config.pod_start, owner.config.image_pull, owner.config.jvm_start,
                     owner.config.readiness};
    owner.config.pod_start = owner.config.image_pull = at_once;
    owner.config.jvm_start = owner.config.readiness = at_once;
    owner.utilisation = 1;
    owner_begin(&owner);
    capacity_begin(owner.capacity);
    expect_servers(&owner, 14, 10);
    expect_servers(&owner, 15, 20);
    expect_servers(&owner, 30, 40);
    expect_servers(&owner, 45, 80);
    expect_servers(&owner, 60, 90);
    owner.utilisation = 0.52; /* within the tolerance of 10 % */
    expect_servers(&owner, 74, 90);
    owner.utilisation = 0.2; /* ceil (9 · 0.4) = 4 */
    expect_servers(&owner, 119, 90);
    expect_servers(&owner, 120, 90);
    expect_servers(&owner, 135, 40);
    owner.utilisation = 0;
    expect_servers(&owner, 300, 10);
    for (int i = 0; i < 4; i++)
        dist_free(parts[i]);
    sim_free(owner.world.sim);
    capacity_free(owner.capacity);
    dist_free(at_once);
    dist_free(owner.config.node_provision);
}

/* Ten times as many are wanted: 4 more at most, or twice as many. */
static void test_autoscaler_policy(void)
{
    Owner owner;
    owner_init(&owner, STANDBY_SCALED_DOWN);
    owner.config.hpa_target = 0.1;
    owner.config.hpa_sync = 20 * SIM_SEC;
    owner.utilisation = 1;
    owner_begin(&owner);
    capacity_begin(owner.capacity);
    expect_servers(&owner, 34, 10);
    expect_servers(&owner, 35, 50);
    expect_servers(&owner, 54, 50);
    expect_servers(&owner, 55, 90);
    owner_clear(&owner);
}

/* Pods that start count as idle: with 15 s to start, every second look changes nothing. */
static void test_autoscaler_waits(void)
{
    Owner owner;
    owner_init(&owner, STANDBY_SCALED_DOWN);
    owner.utilisation = 1;
    owner.config.hpa_sync = 10 * SIM_SEC;
    owner_begin(&owner);
    capacity_begin(owner.capacity);
    expect_servers(&owner, 24, 10); /* wanted: 2 since 10 s, and at 20 s still */
    expect_servers(&owner, 25, 20);
    expect_servers(&owner, 44, 20); /* wanted: 4 since 30 s */
    expect_servers(&owner, 45, 40);
    owner_clear(&owner);
}

static void test_autoscaler_never_from_zero(void)
{
    Owner owner;
    owner_init(&owner, STANDBY_REPLICAS_ZERO);
    owner.utilisation = 1;
    owner_begin(&owner);
    capacity_begin(owner.capacity);
    expect_servers(&owner, SECONDS, 0);
    g_assert_true(capacity_has_nodes(owner.capacity));
    owner_clear(&owner);
}

/* A zone of three: its pods go at 100 s and are replaced after detection and eviction, on nodes
 * that have to be ordered; or come back with the zone. */
static void test_zone(void)
{
    for (int soon = 0; soon < 2; soon++) {
        Owner owner;
        owner_init(&owner, STANDBY_HOT);
        owner_begin(&owner);
        capacity_lose(owner.capacity, 1.0 / 3, 100 * SIM_SEC, (soon ? 200 : 2000) * SIM_SEC);
        capacity_begin(owner.capacity);
        expect_servers(&owner, 99, 90);
        expect_servers(&owner, 100, 60);
        g_assert_cmpfloat(owner.died, ==, 3.0 / 9);
        g_assert_cmpfloat(capacity_dead_share(owner.capacity), ==, 3.0 / 9);
        sim_run(owner.world.sim, 140 * SIM_SEC + SIM_MS);
        g_assert_cmpfloat(capacity_dead_share(owner.capacity), ==, 0);
        g_assert_cmpuint(capacity_facts(owner.capacity).lost, ==, 3);
        int64_t back = soon ? 200 + 4 + 8 : 100 + 40 + 300 + 60 + 15;
        expect_servers(&owner, back - 1, 60);
        expect_servers(&owner, back, 90);
        expect_servers(&owner, 3000, 90);
        owner_clear(&owner);
    }
}

/* The owner is down when the zone comes back: its timers died, and what was lost is back. */
static void test_zone_and_outage(void)
{
    Owner owner;
    owner_init(&owner, STANDBY_HOT);
    owner_begin(&owner);
    capacity_lose(owner.capacity, 1.0 / 3, 100 * SIM_SEC, 200 * SIM_SEC);
    sim_outage(owner.world.sim, owner.id, 150 * SIM_SEC, 170 * SIM_SEC);
    sim_outage(owner.world.sim, owner.id, 190 * SIM_SEC, 210 * SIM_SEC);
    capacity_begin(owner.capacity);
    expect_servers(&owner, 149, 60);
    expect_servers(&owner, 150, 0);
    expect_servers(&owner, 170, 60); /* the other three have no room */
    expect_servers(&owner, 190, 0);
    expect_servers(&owner, 210, 60);
    expect_servers(&owner, 224, 60);
    expect_servers(&owner, 225, 90);
    g_assert_cmpuint(sim_outages_fired(owner.world.sim, owner.id), ==, 2);
    owner_clear(&owner);
}

/* Overloaded for long enough, every pod is restarted; otherwise none. */
static void test_liveness(void)
{
    for (int busy = 0; busy < 2; busy++) {
        Owner owner;
        owner_init(&owner, STANDBY_HOT);
        owner.config.liveness = true;
        owner.oldest_wait = busy ? SIM_SEC + 1 : SIM_SEC;
        owner_begin(&owner);
        capacity_begin(owner.capacity);
        sim_run(owner.world.sim, 30 * SIM_SEC); /* the third probe of each, at phases below 10 s */
        g_assert_cmpuint(capacity_facts(owner.capacity).restarts, ==, busy ? PODS : 0);
        g_assert_cmpfloat(owner.died, ==, busy); /* the last one has all that is left */
        owner_clear(&owner);
    }
}

/* Just ready: `factor` times as slow, declining evenly. */
static void test_warmup(void)
{
    Owner owner;
    owner_init(&owner, STANDBY_REPLICAS_ZERO);
    owner.config.warmup_factor = 5;
    owner_begin(&owner);
    capacity_begin(owner.capacity);
    capacity_scale_out(owner.capacity);
    sim_run(owner.world.sim, 15 * SIM_SEC);
    g_assert_cmpfloat(capacity_slowness(owner.capacity), ==, 5);
    sim_run(owner.world.sim, 20 * SIM_SEC);
    g_assert_cmpfloat(capacity_slowness(owner.capacity), ==, 3);
    g_assert_cmpint(capacity_warm_at(owner.capacity), ==, 25 * SIM_SEC);
    sim_run(owner.world.sim, 25 * SIM_SEC);
    g_assert_cmpfloat(capacity_slowness(owner.capacity), ==, 1);
    owner_clear(&owner);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/capacity/hot-is-silent", test_hot_is_silent);
    g_test_add_func("/capacity/scale-out", test_scale_out);
    g_test_add_func("/capacity/some-nodes", test_some_nodes);
    g_test_add_func("/capacity/shortage", test_shortage);
    g_test_add_func("/capacity/autoscaler/ramp", test_autoscaler);
    g_test_add_func("/capacity/autoscaler/policy", test_autoscaler_policy);
    g_test_add_func("/capacity/autoscaler/waits", test_autoscaler_waits);
    g_test_add_func("/capacity/autoscaler/never-from-zero", test_autoscaler_never_from_zero);
    g_test_add_func("/capacity/zone/comes-back", test_zone);
    g_test_add_func("/capacity/zone/and-outage", test_zone_and_outage);
    g_test_add_func("/capacity/liveness", test_liveness);
    g_test_add_func("/capacity/warmup", test_warmup);
    return g_test_run();
}
