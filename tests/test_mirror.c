/* The mirror, alone with two Kafka clusters: both directions, where it begins, what it never sends
 * back, awaiting it.
 *
 * A bench is a small world of two clusters, a mirror for each direction and a clerk who produces
 * records, gives commands and notes what is answered. Its latencies are constants, so that counts
 * are exact.
 */
#include <glib.h>

#include "models/config.h"
#include "models/recovery.h"
#include "models/world.h"

#define HEAD                                                                                       \
    "version: 1\nname: bench\nconsumers: []\nusers: {rate: 1/s}\n"                                 \
    "network: {local: 1ms, wan: 10ms, management: 1ms}\n"                                          \
    "kafka: {partitions: 4, append: 1ms, replicate: 1ms}\n"

enum { CLERK_PRODUCES = MSG_KINDS, CLERK_COMMANDS, CLERK_KINDS };

typedef struct Bench {
    World world;
    Scenario *scenario;
    size_t settled;
    Storage *storage[REGIONS];
    Kafka *kafka[REGIONS];
    Mirror *mirror[REGIONS];
    GPtrArray *links;
    SimComponent clerk;
    uint32_t users; /* payments made so far */
    unsigned done;
    SimTime done_at;
} Bench;

static void count_settled(void *audit, const Payment *payment)
{
    (void)payment;
    ++*(size_t *)audit;
}

static void on_done(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Bench *bench = self;
    bench->done++;
    bench->done_at = sim_now(sim);
}

static void on_produces(Sim *sim, void *self, const SimEvent *event)
{
    Bench *bench = self;
    uint32_t user = bench->users++;
    PaymentRef payment = ledger_submit(bench->world.ledger, sim_now(sim), user);
    sim_after(sim, 0, SIM_PHASE_MESSAGE,
              (SimEvent){.component = kafka_component(bench->kafka[event->subject]),
                         .kind = MSG_PRODUCE,
                         .subject = payment,
                         .tag = (uint16_t)(user % 4),
                         .extra = NO_REQUEST});
}

/* Sent when it is due, so that a performer that has been down since hears it. */
static void on_commands(Sim *sim, void *self, const SimEvent *event)
{
    (void)self;
    SimEvent command = *event;
    command.component = (SimComponent)event->subject;
    command.kind = MSG_COMMAND;
    command.subject = 0;
    sim_after(sim, 0, SIM_PHASE_MESSAGE, command);
}

static const SimHandler clerk_handlers[CLERK_KINDS] = {
    [MSG_DONE] = on_done, [CLERK_PRODUCES] = on_produces, [CLERK_COMMANDS] = on_commands};
static const SimType clerk_type = {
    .name = "clerk", .handlers = clerk_handlers, .handler_count = CLERK_KINDS};

static SimLink *bench_link(Bench *bench, const char *name, const Dist *latency, SimComponent to)
{
    SimLink *link = sim_link_new(bench->world.sim, name, latency,
                                 world_stream(&bench->world, name, "latency"), SIM_LINK_STREAM);
    if (to)
        sim_link_connect(link, to);
    g_ptr_array_add(bench->links, link);
    return link;
}

static void bench_connect(Bench *bench)
{
    const NetworkConfig *network = &bench->scenario->network;
    SimLink *manage = bench_link(bench, "manage", network->management, bench->clerk);
    SimLink *wan[REGIONS] = {bench_link(bench, "into active", network->wan, 0),
                             bench_link(bench, "into passive", network->wan, 0)};
    for (uint32_t r = 0; r < REGIONS; r++) {
        Kafka *source = bench->kafka[other_region(r)];
        kafka_connect(bench->kafka[r], manage, manage);
        mirror_connect(bench->mirror[r],
                       (MirrorLinks){.to_source = wan[other_region(r)],
                                     .wan = wan[r],
                                     .to_failover = manage,
                                     .source_kafka = kafka_component(source),
                                     .target_kafka = kafka_component(bench->kafka[r])});
        uint32_t tasks = (uint32_t)bench->scenario->mirror.tasks;
        for (uint32_t t = 0; t < tasks; t++)
            mirror_set_fetcher(bench->mirror[r], t,
                               kafka_add_fetcher(source, mirror_component(bench->mirror[r]),
                                                 (uint16_t)t, wan[r], tasks, t));
    }
}

/* `mirror`: settings of the section. */
static Bench *bench_new(const char *mirror)
{
    Bench *bench = g_new0(Bench, 1);
    DiagList diags;
    diag_list_init(&diags);
    char *text = g_strdup_printf(HEAD "mirror: {latency: 20ms, %s}\n", mirror);
    bench->scenario = scenario_read("bench", text, strlen(text), NULL, 0, &diags);
    g_assert_nonnull(bench->scenario);
    g_free(text);
    diag_list_clear(&diags);
    bench->world = (World){.sim = sim_new(),
                           .ledger = ledger_new(count_settled, &bench->settled),
                           .seed = 1,
                           .region_name = {"north", "west"}};
    World *world = &bench->world;
    bench->links = g_ptr_array_new();
    bench->clerk = sim_add(world->sim, &clerk_type, bench, "clerk");
    for (uint32_t r = 0; r < REGIONS; r++) {
        bench->storage[r] = storage_new(r, 4, 0);
        storage_pin(bench->storage[r]);
        storage_mark_copies(bench->storage[r],
                            r == REGION_PASSIVE && !mirror_copies_all(&bench->scenario->mirror));
        bench->kafka[r] = kafka_new(world, &bench->scenario->kafka, bench->storage[r]);
    }
    for (uint32_t r = 0; r < REGIONS; r++)
        bench->mirror[r] = mirror_new(world, &bench->scenario->mirror,
                                      bench->storage[other_region(r)], bench->storage[r]);
    bench_connect(bench);
    return bench;
}

static void bench_free(Bench *bench)
{
    for (uint32_t r = 0; r < REGIONS; r++)
        mirror_free(bench->mirror[r]);
    for (uint32_t r = 0; r < REGIONS; r++) {
        kafka_free(bench->kafka[r]);
        storage_free(bench->storage[r]);
    }
    sim_free(bench->world.sim);
    g_ptr_array_foreach(bench->links, (GFunc)(void (*)(void))sim_link_free, NULL);
    g_ptr_array_unref(bench->links);
    ledger_free(bench->world.ledger);
    scenario_free(bench->scenario);
    g_free(bench);
}

/* `count` payments in a region, 10 ms apart. */
static void produce(Bench *bench, uint32_t region, SimTime from, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        sim_at(bench->world.sim, from + 10 * SIM_MS * i, SIM_PHASE_MESSAGE,
               (SimEvent){.component = bench->clerk, .kind = CLERK_PRODUCES, .subject = region});
}

static void command(Bench *bench, SimTime at, Action action, uint32_t into, SimTime duration)
{
    SimComponent performer = action == ACTION_SWITCH_KAFKA ? kafka_component(bench->kafka[into])
                                                           : mirror_component(bench->mirror[into]);
    sim_at(bench->world.sim, at, SIM_PHASE_MESSAGE,
           (SimEvent){.component = bench->clerk,
                      .kind = CLERK_COMMANDS,
                      .subject = performer,
                      .value = duration,
                      .tag = (uint16_t)action,
                      .extra = command_extra(into, true)});
}

static int64_t records(const Bench *bench, uint32_t region)
{
    int64_t sum = 0;
    for (uint32_t p = 0; p < 4; p++)
        sum += bench->storage[region]->log[p].high_watermark;
    return sum;
}

/* ---- both directions ---- */

/* 100 payments in the active region, which dies; the passive one is made the primary and takes 60;
 * the first comes back, and the other mirror begins at 30 s. 40 more come after that. */
static Bench *there_and_back(const char *mirror)
{
    Bench *bench = bench_new(mirror);
    Sim *sim = bench->world.sim;
    mirror_start(bench->mirror[REGION_PASSIVE]);
    produce(bench, REGION_ACTIVE, SIM_SEC, 100);
    sim_outage(sim, kafka_component(bench->kafka[REGION_ACTIVE]), 10 * SIM_SEC, 20 * SIM_SEC);
    command(bench, 12 * SIM_SEC, ACTION_SWITCH_KAFKA, REGION_PASSIVE, SIM_SEC);
    produce(bench, REGION_PASSIVE, 15 * SIM_SEC, 60);
    command(bench, 30 * SIM_SEC, ACTION_START_MIRROR, REGION_ACTIVE, 2 * SIM_SEC);
    produce(bench, REGION_PASSIVE, 40 * SIM_SEC, 40);
    sim_run(sim, 31 * SIM_SEC);
    g_assert_cmpint(records(bench, REGION_ACTIVE), ==, 100); /* nothing flows back unasked */
    sim_run(sim, 60 * SIM_SEC);
    g_assert_cmpuint(sim_outages_fired(sim, kafka_component(bench->kafka[REGION_ACTIVE])), ==, 1);
    g_assert_cmpuint(bench->done, ==, 2);
    g_assert_cmpint(records(bench, REGION_PASSIVE), ==, 200);
    g_assert_cmpuint(mirror_unreplicated(bench->mirror[REGION_ACTIVE]), ==, 0);
    return bench;
}

static void test_start_from(void)
{
    static const struct {
        const char *mirror;
        int64_t active; /* records there in the end */
    } rows[] = {
        {"start_from: copied-end", 200},
        {"start_from: copied-end, policy: identity", 200},
        {"start_from: copied-end, tasks: 3, runs_in: active", 200},
        {"start_from: now", 140},
        {"start_from: everything", 200},                   /* copies bear the alias */
        {"start_from: everything, policy: identity", 300}, /* the first 100 come back, as doubles */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Bench *bench = there_and_back(rows[i].mirror);
        g_test_message("%s", rows[i].mirror);
        g_assert_cmpint(records(bench, REGION_ACTIVE), ==, rows[i].active);
        bench_free(bench);
    }
}

/* Both clusters take writes, both mirrors run: each log gets all records once, none goes round. */
static void test_no_loop(void)
{
    static const char *const policy[] = {"policy: default", "policy: identity"};
    for (size_t i = 0; i < G_N_ELEMENTS(policy); i++) {
        Bench *bench = bench_new(policy[i]);
        command(bench, 0, ACTION_SWITCH_KAFKA, REGION_PASSIVE, SIM_MS);
        sim_run(bench->world.sim, SIM_SEC);
        for (uint32_t r = 0; r < REGIONS; r++) {
            mirror_start(bench->mirror[r]);
            produce(bench, r, 2 * SIM_SEC, 300);
        }
        sim_run(bench->world.sim, 60 * SIM_SEC);
        for (uint32_t r = 0; r < REGIONS; r++) {
            g_assert_cmpint(records(bench, r), ==, 600);
            g_assert_cmpuint(mirror_unreplicated(bench->mirror[r]), ==, 0);
        }
        bench_free(bench);
    }
}

/* ---- the steps ---- */

/* The last of 100 records is produced at 1.99 s and visible at 1.992; it is in the target 20 ms and
 * a poll of 25 ms and 20 ms over the link later. The lag is looked at every second. */
static void test_await(void)
{
    Bench *bench = bench_new("poll_interval: 25ms");
    mirror_start(bench->mirror[REGION_PASSIVE]);
    produce(bench, REGION_ACTIVE, SIM_SEC, 100);
    command(bench, 1500 * SIM_MS, ACTION_AWAIT_MIRROR, REGION_PASSIVE, 0);
    command(bench, 1600 * SIM_MS, ACTION_AWAIT_MIRROR, REGION_PASSIVE, 0); /* said twice */
    sim_run(bench->world.sim, 10 * SIM_SEC);
    g_assert_cmpuint(bench->done, ==, 1);
    g_assert_cmpint(bench->done_at, ==, 2501 * SIM_MS);
    bench_free(bench);
}

/* A source that is gone may have more; a mirror that crashes forgets who waits, and is asked again.
 */
static void test_await_unreachable(void)
{
    Bench *bench = bench_new("poll_interval: 25ms");
    Sim *sim = bench->world.sim;
    SimComponent source = kafka_component(bench->kafka[REGION_ACTIVE]);
    SimComponent mirror = mirror_component(bench->mirror[REGION_PASSIVE]);
    mirror_start(bench->mirror[REGION_PASSIVE]);
    sim_outage(sim, source, SIM_SEC, 8 * SIM_SEC);
    sim_outage(sim, mirror, 4 * SIM_SEC, 5 * SIM_SEC);
    command(bench, 2 * SIM_SEC, ACTION_AWAIT_MIRROR, REGION_PASSIVE, 0);
    command(bench, 6 * SIM_SEC, ACTION_AWAIT_MIRROR, REGION_PASSIVE, 0);
    sim_run(sim, 20 * SIM_SEC);
    g_assert_cmpuint(sim_outages_fired(sim, source), ==, 1);
    g_assert_cmpuint(sim_outages_fired(sim, mirror), ==, 1);
    g_assert_cmpuint(bench->done, ==, 1);
    g_assert_cmpint(bench->done_at, ==, 8001 * SIM_MS);
    bench_free(bench);
}

/* One that runs is not begun anew: nothing is copied twice. */
static void test_start_again(void)
{
    Bench *bench = bench_new("start_from: everything");
    mirror_start(bench->mirror[REGION_PASSIVE]);
    produce(bench, REGION_ACTIVE, SIM_SEC, 100);
    command(bench, 5 * SIM_SEC, ACTION_START_MIRROR, REGION_PASSIVE, 0);
    command(bench, 5 * SIM_SEC, ACTION_START_MIRROR, REGION_PASSIVE, 0);
    sim_run(bench->world.sim, 20 * SIM_SEC);
    g_assert_cmpuint(bench->done, ==, 2);
    g_assert_cmpint(records(bench, REGION_PASSIVE), ==, 100);
    bench_free(bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/mirror/directions/start-from", test_start_from);
    g_test_add_func("/mirror/directions/no-loop", test_no_loop);
    g_test_add_func("/mirror/steps/await", test_await);
    g_test_add_func("/mirror/steps/await-unreachable", test_await_unreachable);
    g_test_add_func("/mirror/steps/start-again", test_start_again);
    return g_test_run();
}
