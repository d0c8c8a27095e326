/* The mirror, alone with two Kafka clusters: both directions, where it begins, what it never sends
 * back, awaiting it.
 *
 * A bench is a small world of two clusters, a mirror for each direction and a clerk who produces
 * records, gives commands and notes what is answered. Its latencies are constants, so that counts
 * are exact.
 */
#include <glib.h>
#include <math.h>

#include "models/config.h"
#include "models/recovery.h"
#include "models/world.h"
#include "tests/support/runs.h"

#define HEAD                                                                                       \
    "version: 1\nname: bench\nconsumers: []\nusers: {rate: 1/s}\n"                                 \
    "network: {local: 1ms, wan: 0ns, management: 1ms}\n"                                           \
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
    ledger_get(bench->world.ledger, payment)->attempt_at = sim_now(sim);
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
                                                 (uint16_t)t, wan[r], tasks, t, false));
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
        bench->storage[r] = storage_new(r, 4, 1);
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

/* The last of 100 records is produced at 1.99 s and is in the target some 50 ms later. The lag is
 * looked at every second. */
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

/* Records are 10 ms apart, visible 2 ms after they are made and in the target 20 ms after the poll,
 * which may have to wait for the one before it: the oldest that is missing is 20 to 60 ms old. */
static void test_record_age(void)
{
    Bench *bench = bench_new("poll_interval: 25ms");
    Mirror *mirror = bench->mirror[REGION_PASSIVE];
    mirror_start(mirror);
    produce(bench, REGION_ACTIVE, SIM_SEC, 500);
    sim_run(bench->world.sim, 4 * SIM_SEC);
    mirror_note_outage(mirror);
    MirrorFacts facts = mirror_facts(mirror);
    g_assert_cmpint(facts.record_age, >=, 20 * SIM_MS);
    g_assert_cmpint(facts.record_age, <=, 60 * SIM_MS);
    g_assert_cmpuint(facts.unreplicated, >=, 2);
    sim_run(bench->world.sim, 10 * SIM_SEC);
    mirror_note_outage(mirror);
    g_assert_cmpint(mirror_facts(mirror).record_age, ==, 0);
    bench_free(bench);
}

/* A planned switchover: with 2 s of records on their way, a runbook that waits loses none of them,
 * and one that does not loses some 2 s x 10/s (the demotion and the commands take part of a
 * second). */
static void test_switchover(void)
{
    static const char text[] =
        "version: 1\nname: switchover\nconsumers: []\n"
        "users: {rate: 10/s, retry: {max: 8}}\nmirror: {latency: 2s}\n"
        "failover:\n  mode: automatic\n  steps:\n"
        "    - {step: demote-kafka, duration: 0s}\n"
        "    - {step: await-mirror, duration: 0s, after: [demote-kafka]}\n"
        "    - {step: switch-kafka, duration: 0s, after: [await-mirror]}\n"
        "events: [{at: 60s, fail: switchover}]\nrun: {duration: 70s, drain: 60s}\n";
    static const char *const hasty[] = {"failover.steps[2].after=[demote-kafka]", NULL};
    Runs *waits = runs_of(text, 40, 90), *does_not = runs_of_set(text, hasty, 40, 90);
    check_every(waits, "log.lost", 0);
    check_every(waits, "failover.decided", 1);
    g_assert_cmpfloat(runs_moments(does_not, "log.lost").mean, >=, 12);
    g_assert_cmpfloat(runs_moments(does_not, "log.lost").mean, <=, 24);
    runs_free(waits);
    runs_free(does_not);
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

/* ---- workers ---- */

typedef struct Crash {
    const char *mirror;   /* settings */
    double first, second; /* worker 1, or 0 where `leader`, is away from 10 s on for so long; and
                             the other one; 0: not */
    bool leader;
    double again; /* when all tasks run again, seconds after the crash */
    bool doubles; /* are there any? */
} Crash;

static void take_away(Bench *bench, uint32_t worker, double seconds)
{
    SimComponent id = mirror_worker_component(bench->mirror[REGION_PASSIVE], worker);
    SimTime from = 10 * SIM_SEC;
    if (seconds > 0)
        sim_outage(bench->world.sim, id, from, from + (SimTime)(seconds * 1e9));
}

/* 100 payments a second; two workers with two tasks each of a partition. A task that stands still
 * leaves 25/s behind. */
static void check_crash(const Crash *row)
{
    char *mirror = g_strdup_printf("tasks: 4, workers: {count: 2, %s}", row->mirror);
    Bench *bench = bench_new(mirror);
    Sim *sim = bench->world.sim;
    uint32_t other = row->leader;
    mirror_start(bench->mirror[REGION_PASSIVE]);
    produce(bench, REGION_ACTIVE, 0, 35000);
    take_away(bench, 1 - other, row->first);
    take_away(bench, other, row->second);
    sim_run(sim, 10 * SIM_SEC + 500 * SIM_MS);
    g_assert_cmpuint(mirror_unreplicated(bench->mirror[REGION_PASSIVE]), >=, 20);
    while (mirror_unreplicated(bench->mirror[REGION_PASSIVE]) >= 20 && sim_now(sim) < 345 * SIM_SEC)
        sim_run(sim, sim_now(sim) + 100 * SIM_MS);
    double again = sim_seconds(sim_now(sim)) - 10;
    sim_run(sim, 500 * SIM_SEC);
    int64_t doubles = records(bench, REGION_PASSIVE) - records(bench, REGION_ACTIVE);
    g_test_message("%s: again after %.1f s, %" G_GINT64_FORMAT " doubles", mirror, again, doubles);
    g_assert_cmpfloat(fabs(again - row->again), <, 2); /* to catch up */
    g_assert_cmpint(doubles > 0, ==, row->doubles);
    g_assert_cmpint(doubles, >=, 0);
    g_assert_cmpuint(
        sim_outages_fired(sim, mirror_worker_component(bench->mirror[REGION_PASSIVE], 1 - other)),
        ==, 1);
    bench_free(bench);
    g_free(mirror);
}

static void test_worker_crash(void)
{
    static const Crash rows[] = {
        {"", 9999, 0, false, 310, true}, /* the documented tail */
        {"", 20, 0, false, 310, true},   /* coming back does not shorten it */
        {"rebalance_delay: 60s", 9999, 0, false, 70, true},
        {"rebalance_delay: 0s, session_timeout: 6s", 9999, 0, false, 6, true},
        {"clean_stop: yes", 9999, 0, false, 300, false}, /* it leaves the group by itself */
        {"", 9999, 0, true, 10, true},                   /* the leader's tasks are new ones */
        {"", 9999, 30, false, 30, true},                 /* a group that forms anew */
        {"clean_stop: yes", 9999, 30, false, 30, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check_crash(&rows[i]);
}

/* One that comes back after the rebalance gets its share again, handed over cleanly: doubles are of
 * the crash alone, since it began a minute at most before. */
static void test_worker_returns(void)
{
    Bench *bench = bench_new("tasks: 4, workers: {count: 2, rebalance_delay: 10s}");
    Sim *sim = bench->world.sim;
    mirror_start(bench->mirror[REGION_PASSIVE]);
    produce(bench, REGION_ACTIVE, 0, 20000);
    take_away(bench, 1, 100);
    sim_run(sim, 100 * SIM_SEC);
    int64_t before = records(bench, REGION_PASSIVE) - records(bench, REGION_ACTIVE);
    sim_run(sim, 300 * SIM_SEC);
    int64_t after = records(bench, REGION_PASSIVE) - records(bench, REGION_ACTIVE);
    g_assert_cmpint(after, >=, before);
    g_assert_cmpint(after, <=, before + 20); /* some were on their way at the first look */
    g_assert_cmpuint(mirror_unreplicated(bench->mirror[REGION_PASSIVE]), ==, 0);
    bench_free(bench);
}

/* Closed form 2 for one crash: the backlog's integral is lambda R^2 / 2 * mu / (mu - lambda).
 * (Small batches: one is in the target when its last record is.) */
static void test_crash_backlog(void)
{
    Bench *bench = bench_new("throughput: 300/s, offset_flush_interval: 50ms, poll_interval: 0ns, "
                             "max_poll_records: 10");
    Sim *sim = bench->world.sim;
    const Mirror *mirror = bench->mirror[REGION_PASSIVE];
    mirror_start(bench->mirror[REGION_PASSIVE]);
    produce(bench, REGION_ACTIVE, 0, 6000);
    sim_outage(sim, mirror_component(mirror), 20 * SIM_SEC, 30 * SIM_SEC);
    double base = 0, sum = 0;
    for (SimTime now = 10 * SIM_SEC; now < 50 * SIM_SEC; now += 10 * SIM_MS) {
        sim_run(sim, now);
        double backlog = (double)mirror_unreplicated(mirror);
        base += now < 20 * SIM_SEC ? backlog / 1000 : 0;
        sum += now < 20 * SIM_SEC ? 0 : (backlog - base) * 0.01;
    }
    g_assert_cmpuint(sim_outages_fired(sim, mirror_component(mirror)), ==, 1);
    const double expected = 100 * 10 * 10 / 2.0 * 300 / (300 - 100);
    g_test_message("%.1f records times seconds, expected %.1f", sum, expected);
    g_assert_cmpfloat(fabs(sum / expected - 1), <, 0.02);
    bench_free(bench);
}

/* One task of 4 partitions: 4 batches of 16 records of 1,000 bytes in 100 ms are 640 records/s; one
 * fetch of 2,000 bytes for each in 20 ms are 400/s. */
static void test_derived_cap(void)
{
    static const struct {
        const char *mirror;
        double rate;
    } rows[] = {
        {"produce_rtt: 100ms, batch_size: 16000, poll_interval: 20ms", 640},
        {"produce_rtt: 100ms, batch_size: 16000, fetch_size: 2000, poll_interval: 20ms", 400},
        {"produce_rtt: 100ms, batch_size: 10, poll_interval: 20ms", 40},
        {"produce_rtt: 100ms, batch_size: 16000, throughput: 100/s, poll_interval: 20ms", 100},
        {"produce_rtt: 100ms, batch_size: 16000, tasks: 2, poll_interval: 20ms", 640},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *mirror = g_strdup_printf("max_poll_records: 20, %s", rows[i].mirror);
        Bench *bench = bench_new(mirror);
        Sim *sim = bench->world.sim;
        mirror_start(bench->mirror[REGION_PASSIVE]);
        for (int k = 0; k < 10; k++) /* 1,000/s: more than any of these */
            produce(bench, REGION_ACTIVE, k * SIM_MS, 3000);
        sim_run(sim, 10 * SIM_SEC);
        int64_t before = records(bench, REGION_PASSIVE);
        sim_run(sim, 20 * SIM_SEC);
        double rate = (double)(records(bench, REGION_PASSIVE) - before) / 10;
        g_test_message("%s: %.1f/s", rows[i].mirror, rate);
        g_assert_cmpfloat(fabs(rate / rows[i].rate - 1), <, 0.05); /* whole batches in 10 s */
        bench_free(bench);
        g_free(mirror);
    }
}

/* ---- new partitions ---- */

/* Of age a = 150 s, the topic is not copied yet with probability 1 - 150/600; then it is lost
 * whole. */
static void test_new_topic(void)
{
    static const char text[] =
        "version: 1\nname: new topic\nconsumers: []\n"
        "users: {rate: 2/s, retry: {max: 0}}\n"
        "router: {failover: runbook, edges: 1, probe: {interval: 1d}}\n"
        "kafka: {partitions: 4}\nmirror: {latency: 0ns, poll_interval: 0ns, new_partitions: 4}\n"
        "failover: {mode: automatic, hold: 0s, steps: [{step: switch-kafka, duration: 1s}]}\n"
        "events: [{at: 150s, fail: region}]\nrun: {duration: 150s, drain: 60s}\n";
    Runs *runs = runs_of(text, 1000, 71);
    const double *lost = runs_column(runs, "log.lost");
    const double *left = runs_column(runs, "mirror.unreplicated");
    double whole = 0, some = 0;
    for (uint32_t i = 0; i < runs_count(runs); i++) {
        whole += left[i] > 200;
        some += lost[i] > 5 && lost[i] < 200;
    }
    double n = runs_count(runs);
    check_close("share of runs that lose the topic", whole / n, 0.75, sqrt(0.75 * 0.25 / n));
    g_assert_cmpfloat(some, ==, 0);
    runs_free(runs);
}

/* A restart looks for topics first; what was written meanwhile is copied from the beginning. */
static void test_new_partitions_restart(void)
{
    Bench *bench = bench_new("new_partitions: 1, refresh_interval: 1d");
    Sim *sim = bench->world.sim;
    mirror_start(bench->mirror[REGION_PASSIVE]);
    produce(bench, REGION_ACTIVE, SIM_SEC, 100);
    sim_run(sim, 10 * SIM_SEC);
    g_assert_cmpint(records(bench, REGION_PASSIVE), ==, 75);
    SimComponent mirror = mirror_component(bench->mirror[REGION_PASSIVE]);
    sim_outage(sim, mirror, 100 * SIM_SEC, 101 * SIM_SEC);
    sim_run(sim, 200 * SIM_SEC);
    g_assert_cmpuint(sim_outages_fired(sim, mirror), ==, 1);
    g_assert_cmpint(bench->storage[REGION_PASSIVE]->log[3].high_watermark, ==, 25);
    g_assert_cmpuint(mirror_unreplicated(bench->mirror[REGION_PASSIVE]), ==, 0);
    bench_free(bench);
}

/* ---- an ACL that was not copied, a topic under another name ---- */

#define PLATFORM(mirror, consumers, steps, at)                                                     \
    "version: 1\nname: mirror\n"                                                                   \
    "network: {users: 0ns, edge: 0ns, reply: 0ns, local: 0ns, wan: 0ns, management: 0ns}\n"        \
    "users: {population: 1000, arrivals: regular, timeout: 1s, retry: {max: 0}, rate: 10/s}\n"     \
    "router: {failover: runbook, edges: 1, probe: {interval: 1d}}\n"                               \
    "application: {service_time: 0ns}\nkafka: {partitions: 1, append: 0ns, replicate: 0ns}\n"      \
    "database: {commit_time: 0ns, replication: {mode: none}}\n"                                    \
    "mirror: {latency: 50ms, poll_interval: 0ns, " mirror "}\nconsumers: [" consumers "]\n"        \
    "failover: {mode: automatic, hold: 0s, probe: {interval: 200ms, timeout: 1us, samples: 1},\n"  \
    "           steps: [" steps "]}\n"                                                             \
    "events: [{at: " at ", fail: region}]\nrun: {duration: " at ", drain: 130s}\n"

#define SWITCH "{step: switch-kafka, duration: 0ns}"
#define RESUME "{step: resume-consumers, duration: 0ns, after: [switch-kafka]}"
#define FRAUD  "{name: fraud, service: 0ns, commit_interval: 5s}"

static void test_stale_acl(void)
{
    Runs *runs = runs_of(PLATFORM("new_acl: yes, acl_repair: 60s", "", SWITCH, "150s"), 400, 72);
    const double *step = runs_column(runs, "rto.kafka");
    double stale = 0, other = 0;
    for (uint32_t i = 0; i < runs_count(runs); i++) {
        stale += step[i] == 60;
        other += step[i] != 60 && step[i] != 0;
    }
    double n = runs_count(runs);
    check_close("share of runs with a stale ACL", stale / n, 0.75, sqrt(0.75 * 0.25 / n));
    g_assert_cmpfloat(other, ==, 0);
    runs_free(runs);
}

/* The consumers were 90 s behind when they went; the passive ones see the copies, or none. */
static void test_subscription(void)
{
    static const char text[] =
        PLATFORM("sync_group_offsets: {enabled: yes}", FRAUD, SWITCH ", " RESUME, "150s");
    static const char *const plain[] = {"mirror.subscription=plain", "events[0].at=150s",
                                        "mirror.sync_group_offsets.enabled=no",
                                        "consumers[0].start=earliest", NULL};
    static const char *const same_name[] = {"mirror.subscription=plain", "mirror.policy=identity",
                                            "mirror.sync_group_offsets.enabled=no",
                                            "consumers[0].start=earliest", NULL};
    Runs *unseen = runs_of_set(text, plain, 30, 73), *seen = runs_of_set(text, same_name, 30, 73);
    check_every(unseen, "effects.repeated", 0);
    g_assert_cmpfloat(runs_moments(seen, "effects.repeated").min, >=, 1400); /* all of 150 s */
    runs_free(unseen);
    runs_free(seen);
}

/* ---- the alternatives ---- */

/* Translated exactly, so that what is done again is what the offsets are stale: with a commit
 * interval of 5 s, U(0, 5 s) and the kind's own. 40 of the last 50 ms are on their way and lost
 * when Kafka is switched 10 ms after the outage. */
typedef struct Staleness {
    const char *kind, *hold;
    double mean, variance; /* seconds; variance 0: not compared */
} Staleness;

static void check_staleness(const Staleness *row, uint64_t seed)
{
    static const char text[] =
        PLATFORM("sync_group_offsets: {enabled: yes}", FRAUD, SWITCH ", " RESUME, "75s");
    char *kind = g_strdup_printf("mirror.kind=%s", row->kind);
    char *hold = g_strdup_printf("failover.hold=%s", row->hold);
    const char *const sets[] = {kind, hold, NULL};
    Runs *runs = runs_of_set(text, sets, 600, seed);
    g_test_message("%s, taken over after %s", row->kind, row->hold);
    check_mean(runs, "effects.repeated", 10 * row->mean);
    if (row->variance > 0) /* and the rounding of a multiple of 100 ms */
        check_variance(runs, "effects.repeated", 100 * row->variance + 1 / 6.0);
    check_every(runs, "failover.decided", 1);
    runs_free(runs);
    g_free(kind);
    g_free(hold);
}

static void test_staleness(void)
{
    static const Staleness rows[] = {
        {"cluster-linking", "0s", 2.5 + 15 - 0.00625, (25 + 900) / 12.0},
        {"cluster-linking", "120s", 2.5 + 15, (25 + 900) / 12.0}, /* it stops with its source */
        {"replicator", "0s", 2.5 + 59.9 * 59.9 / 120 - 0.00625, (25 + 3600) / 12.0},
        {"replicator", "30s", 2.5 + 29.9 * 29.9 / 120, 0}, /* ((60 - A)^+)^2 / (2 * 60) */
        {"replicator", "61s", 2.5, 25 / 12.0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check_staleness(&rows[i], 80 + i);
}

/* Two records of the same millisecond: the later one is done again. */
static void test_ties(void)
{
    Bench *bench = bench_new("kind: replicator, sync_group_offsets: {enabled: yes}");
    mirror_start(bench->mirror[REGION_PASSIVE]);
    for (int i = 0; i < 2; i++) { /* partition 0: two pairs of ties; partition 1: one record */
        produce(bench, REGION_ACTIVE, (1 + i) * SIM_SEC, 1);
        sim_run(bench->world.sim, (1 + i) * SIM_SEC);
        bench->users += 3;
        produce(bench, REGION_ACTIVE, (1 + i) * SIM_SEC, 1);
        sim_run(bench->world.sim, (1 + i) * SIM_SEC + SIM_MS);
        bench->users += 3;
    }
    produce(bench, REGION_ACTIVE, 4 * SIM_SEC, 2);
    sim_run(bench->world.sim, 10 * SIM_SEC);
    int64_t *source = bench->storage[REGION_ACTIVE]->committed[0];
    const int64_t *target = bench->storage[REGION_PASSIVE]->committed[0];
    g_assert_cmpint(bench->storage[REGION_ACTIVE]->log[0].end, ==, 5);
    source[0] = 4;
    source[1] = 1;
    sim_run(bench->world.sim, 75 * SIM_SEC);
    g_assert_cmpint(target[0], ==, 3);
    g_assert_cmpint(target[1], ==, 1);
    source[0] = 5;
    sim_run(bench->world.sim, 140 * SIM_SEC);
    g_assert_cmpint(target[0], ==, 5);
    g_assert_cmpint(target[2], ==, OFFSET_NONE);
    bench_free(bench);
}

/* What a crash doubles: everything since the last flush, or nothing. */
static void test_doubles_of_kinds(void)
{
    static const struct {
        const char *mirror;
        bool doubles;
    } rows[] = {
        {"kind: mirrormaker2", true},
        {"kind: mirrormaker2, exactly_once: yes", false},
        {"kind: replicator", true},
        {"kind: cluster-linking", false},
        {"workers: {clean_stop: yes}", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Bench *bench = bench_new(rows[i].mirror);
        SimComponent mirror = mirror_component(bench->mirror[REGION_PASSIVE]);
        mirror_start(bench->mirror[REGION_PASSIVE]);
        produce(bench, REGION_ACTIVE, 0, 20000);
        sim_outage(bench->world.sim, mirror, 100 * SIM_SEC, 101 * SIM_SEC);
        sim_run(bench->world.sim, 300 * SIM_SEC);
        g_test_message("%s", rows[i].mirror);
        g_assert_cmpuint(sim_outages_fired(bench->world.sim, mirror), ==, 1);
        g_assert_cmpint(records(bench, REGION_PASSIVE) > 20000, ==, rows[i].doubles);
        g_assert_cmpint((int64_t)mirror_facts(bench->mirror[REGION_PASSIVE]).doubled, ==,
                        records(bench, REGION_PASSIVE) - 20000);
        bench_free(bench);
    }
}

/* The active region dies with records that were not copied; the link back throws them away, and
 * then both logs are the same, record by record. */
static void test_linking_back(void)
{
    Bench *bench = bench_new("kind: cluster-linking");
    Sim *sim = bench->world.sim;
    mirror_start(bench->mirror[REGION_PASSIVE]);
    produce(bench, REGION_ACTIVE, 0, 1000);
    sim_outage(sim, kafka_component(bench->kafka[REGION_ACTIVE]), 10 * SIM_SEC, 20 * SIM_SEC);
    command(bench, 12 * SIM_SEC, ACTION_SWITCH_KAFKA, REGION_PASSIVE, SIM_SEC);
    sim_run(sim, 25 * SIM_SEC);
    int64_t orphans = records(bench, REGION_ACTIVE) - records(bench, REGION_PASSIVE);
    g_assert_cmpint(orphans, >, 0);
    produce(bench, REGION_PASSIVE, 26 * SIM_SEC, 60);
    command(bench, 30 * SIM_SEC, ACTION_START_MIRROR, REGION_ACTIVE, 0);
    produce(bench, REGION_PASSIVE, 40 * SIM_SEC, 40);
    sim_run(sim, 60 * SIM_SEC);
    unsigned differ = 0;
    for (uint32_t p = 0; p < 4; p++) {
        const Log *one = &bench->storage[REGION_ACTIVE]->log[p];
        const Log *other = &bench->storage[REGION_PASSIVE]->log[p];
        g_assert_cmpint(one->end, ==, other->end);
        for (int64_t o = MAX(one->base, other->base); o < MIN(one->end, other->end); o++)
            differ += log_at(one, o) != log_at(other, o);
    }
    g_assert_cmpuint(differ, ==, 0);
    g_assert_cmpint(records(bench, REGION_ACTIVE), ==, 1100 - orphans);
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
    g_test_add_func("/mirror/record-age", test_record_age);
    g_test_add_func("/mirror/steps/switchover", test_switchover);
    g_test_add_func("/mirror/steps/start-again", test_start_again);
    g_test_add_func("/mirror/workers/crash", test_worker_crash);
    g_test_add_func("/mirror/workers/returns", test_worker_returns);
    g_test_add_func("/mirror/workers/backlog", test_crash_backlog);
    g_test_add_func("/mirror/throughput/derived", test_derived_cap);
    g_test_add_func("/mirror/new/topic", test_new_topic);
    g_test_add_func("/mirror/new/restart", test_new_partitions_restart);
    g_test_add_func("/mirror/new/acl", test_stale_acl);
    g_test_add_func("/mirror/policy/subscription", test_subscription);
    g_test_add_func("/mirror/kinds/staleness", test_staleness);
    g_test_add_func("/mirror/kinds/ties", test_ties);
    g_test_add_func("/mirror/kinds/doubles", test_doubles_of_kinds);
    g_test_add_func("/mirror/kinds/linking-back", test_linking_back);
    return g_test_run();
}
