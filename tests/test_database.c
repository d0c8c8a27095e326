/* The two databases alone, commanded by hand, in both directions; and the laws of their modes.
 *
 * The bench pays into whichever database the test names, one payment every 10 ms, and the audit
 * judges as in a whole run. Each fault asserts that it fired. Stochastic checks may be 4.9 standard
 * errors off, distributions have a limit of the same false alarm: 1e-6 each; seeds are fixed.
 */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "models/audit.h"
#include "models/config.h"
#include "models/control.h"
#include "models/outbox.h"
#include "sim/check.h"
#include "tests/support/runs.h"

#define NORTH REGION_ACTIVE
#define WEST  REGION_PASSIVE

enum { BENCH_PAY = MSG_KINDS, BENCH_KINDS };

enum { STEPS = 16 };

typedef struct Bench {
    World world; /* first: the components see it as their world */
    Scenario *scenario;
    Audit audit;
    Database *database[REGIONS];
    Control *control;
    Dist *none;
    SimLink *link[16];
    size_t links;
    SimLink *wan[REGIONS], *to_database[REGIONS];
    SimComponent id;
    uint32_t region; /* pays there */
    uint64_t submitted;
    uint64_t yes[REGIONS], no[REGIONS]; /* answers */
    SimTime last_yes, done_at[STEPS];
    uint32_t done[STEPS], refused[STEPS];
} Bench;

static void on_pay(Sim *sim, void *self, const SimEvent *event)
{
    Bench *bench = self;
    sim_after(sim, 10 * SIM_MS, SIM_PHASE_MESSAGE, *event);
    PaymentRef payment = ledger_submit(bench->world.ledger, sim_now(sim), 0);
    bench->submitted++;
    sim_link_send(bench->to_database[bench->region],
                  (SimEvent){.kind = MSG_WRITE, .subject = payment, .extra = bench->region});
}

/* `extra` comes back as it went out: the region that was asked. */
static void on_written(Sim *sim, void *self, const SimEvent *event)
{
    Bench *bench = self;
    Payment *payment = ledger_get(bench->world.ledger, event->subject);
    bool good = event->value == STATUS_OK;
    payment->outcome = good ? OUTCOME_ACKNOWLEDGED : OUTCOME_GAVE_UP;
    payment->refused = event->value == STATUS_REFUSED;
    payment->unanswered = event->value == STATUS_ERROR;
    payment->acknowledged_by = (uint8_t)event->extra;
    (good ? bench->yes : bench->no)[event->extra]++;
    if (good)
        bench->last_yes = sim_now(sim);
    ledger_release(bench->world.ledger, event->subject);
}

static void on_done(Sim *sim, void *self, const SimEvent *event)
{
    Bench *bench = self;
    g_assert_cmpuint(event->subject, <, STEPS);
    if (event->value != 0) {
        bench->refused[event->subject]++;
        return;
    }
    bench->done[event->subject]++;
    bench->done_at[event->subject] = sim_now(sim);
}

static const SimHandler bench_handlers[BENCH_KINDS] = {
    [MSG_WRITTEN] = on_written, [MSG_DONE] = on_done, [BENCH_PAY] = on_pay};
static const SimType bench_type = {.name = "bench",
                                   .handlers = bench_handlers,
                                   .handler_count = BENCH_KINDS,
                                   .dropped = message_dropped};

static Scenario *read_database(const char *keys)
{
    char *text =
        g_strdup_printf("version: 1\nname: bench\nusers: {rate: 1/s}\ndatabase: {%s}\n", keys);
    DiagList diags;
    diag_list_init(&diags);
    Scenario *scenario = scenario_read("bench.yaml", text, strlen(text), NULL, 0, &diags);
    if (!scenario)
        g_error("%s", diag_format(g_ptr_array_index(diags.items, 0), false));
    diag_list_clear(&diags);
    g_free(text);
    return scenario;
}

static SimLink *connect_to(Bench *bench, const char *name, SimComponent receiver)
{
    SimLink *link = sim_link_new(bench->world.sim, name, bench->none,
                                 world_stream(&bench->world, name, "latency"), SIM_LINK_STREAM);
    if (receiver)
        sim_link_connect(link, receiver);
    bench->link[bench->links++] = link;
    return link;
}

static void bench_connect(Bench *bench)
{
    static const char *const names[REGIONS][6] = {
        {"n.app", "n.done", "n.control", "n.wan", "n.write", "n.role"},
        {"w.app", "w.done", "w.control", "w.wan", "w.write", "w.role"}};
    ControlLinks control = {.to_failover = connect_to(bench, "c.done", bench->id)};
    for (uint32_t r = 0; r < REGIONS; r++) {
        bench->wan[r] = connect_to(bench, names[r][3], 0);
        control.database[r] = database_component(bench->database[r]);
        control.to_database[r] = connect_to(bench, names[r][5], control.database[r]);
        bench->to_database[r] = connect_to(bench, names[r][4], control.database[r]);
        database_connect(
            bench->database[r],
            (DatabaseLinks){.to_application = connect_to(bench, names[r][0], bench->id),
                            .to_failover = connect_to(bench, names[r][1], bench->id),
                            .to_control =
                                connect_to(bench, names[r][2], control_component(bench->control)),
                            .wan = bench->wan[r]});
    }
    control_connect(bench->control, control);
    database_replicate(bench->database[NORTH], bench->database[WEST]);
}

/* Commits take no time, nor do messages; the keys say the rest. */
static Bench *bench_new(const char *keys)
{
    Bench *bench = g_new0(Bench, 1);
    bench->scenario = read_database(keys);
    bench->world.sim = sim_new();
    bench->world.ledger = ledger_new(audit_settle, &bench->audit);
    bench->world.region_name[NORTH] = "north";
    bench->world.region_name[WEST] = "west";
    ledger_watch_copies(bench->world.ledger, audit_copied);
    audit_init(&bench->audit, bench->world.ledger, 0, false, false);
    bench->none = dist_new_constant(0);
    bench->id = sim_add(bench->world.sim, &bench_type, bench, "bench");
    bench->control = control_new(&bench->world);
    for (uint32_t r = 0; r < REGIONS; r++)
        bench->database[r] = database_new(&bench->world, &bench->scenario->database, r);
    bench_connect(bench);
    sim_at(bench->world.sim, 5 * SIM_MS, SIM_PHASE_MESSAGE,
           (SimEvent){.component = bench->id, .kind = BENCH_PAY});
    return bench;
}

static void bench_free(Bench *bench)
{
    for (uint32_t r = 0; r < REGIONS; r++)
        database_free(bench->database[r]);
    control_free(bench->control);
    sim_free(bench->world.sim);
    for (size_t i = 0; i < bench->links; i++)
        sim_link_free(bench->link[i]);
    dist_free(bench->none);
    ledger_free(bench->world.ledger);
    scenario_free(bench->scenario);
    g_free(bench);
}

static void run_to(Bench *bench, double seconds)
{
    sim_run(bench->world.sim, (SimTime)(seconds * 1e9));
}

static uint64_t lost(const Bench *bench)
{
    return bench->audit.end.fate[FATE_LOST];
}

/* Ends the run: every payment is judged, once. */
static void bench_close(Bench *bench)
{
    ledger_close(bench->world.ledger);
    audit_close(&bench->audit, bench->submitted);
    g_assert_cmpuint(bench->audit.end.fate[FATE_DUPLICATED], ==, 0);
}

static void command(Bench *bench, Action action, uint32_t to, bool planned, uint64_t step)
{
    SimComponent performer = action == ACTION_FENCE ? control_component(bench->control)
                                                    : database_component(bench->database[to]);
    sim_at(bench->world.sim, sim_now(bench->world.sim), SIM_PHASE_MESSAGE,
           (SimEvent){.component = performer,
                      .kind = MSG_COMMAND,
                      .subject = step,
                      .value = SIM_SEC,
                      .tag = (uint16_t)action,
                      .extra = command_extra(to, planned)});
}

static void fails(Bench *bench, SimComponent component, double from, double to)
{
    sim_outage(bench->world.sim, component, (SimTime)(from * 1e9), (SimTime)(to * 1e9));
}

static void database_fails(Bench *bench, uint32_t region, double from, double to)
{
    fails(bench, database_component(bench->database[region]), from, to);
}

static void assert_fired(Bench *bench, uint32_t region, uint32_t times)
{
    g_assert_cmpuint(
        sim_outages_fired(bench->world.sim, database_component(bench->database[region])), ==,
        times);
}

#define LAG                                                                                        \
    "commit_time: 0s, size: 1, seeding_rate: 360, replication: {lag: 1s}" /* 10 s a seed           \
                                                                           */

/* ---- planned switchovers ---- */

/* There and back: two seconds without service each time (the rest to ship, the promotion), nothing
 * is lost, and the old primary is the standby without a seeding. */
static void test_switchover(void)
{
    Bench *bench = bench_new(LAG);
    run_to(bench, 10);
    command(bench, ACTION_PROMOTE, WEST, true, 1);
    run_to(bench, 12.5);
    g_assert_cmpuint(bench->done[1], ==, 1);
    g_assert_cmpint(bench->done_at[1], >=, 11990 * SIM_MS);
    g_assert_cmpint(bench->done_at[1], <=, 12 * SIM_SEC);
    g_assert_cmpuint(bench->yes[NORTH], ==, 1000);
    g_assert_cmpuint(bench->no[NORTH], ==, 250);
    bench->region = WEST;
    run_to(bench, 20);
    g_assert_cmpuint(bench->yes[WEST], ==, 750);
    command(bench, ACTION_PROMOTE, NORTH, true, 2);
    run_to(bench, 25);
    g_assert_cmpuint(bench->done[2], ==, 1);
    bench->region = NORTH;
    run_to(bench, 30);
    g_assert_cmpuint(bench->yes[NORTH], ==, 1500);
    g_assert_cmpuint(database_facts(bench->database[NORTH]).seeded, ==, 0);
    bench_close(bench);
    g_assert_cmpuint(ledger_surviving_database(bench->world.ledger), ==, NORTH);
    g_assert_cmpuint(lost(bench), ==, 0);
    g_assert_cmpuint(bench->audit.end.fate[FATE_IN_DOUBT], ==, 0);
    bench_free(bench);
}

/* After a switchover the stream runs the other way: what it has not shipped is lost in an outage.
 */
static void test_stream_turns(void)
{
    Bench *bench = bench_new(LAG);
    run_to(bench, 10);
    command(bench, ACTION_PROMOTE, WEST, true, 1);
    database_fails(bench, WEST, 20, 1000);
    run_to(bench, 12);
    bench->region = WEST;
    run_to(bench, 21);
    command(bench, ACTION_PROMOTE, NORTH, false, 2);
    run_to(bench, 30);
    assert_fired(bench, WEST, 1);
    g_assert_cmpuint(bench->done[2], ==, 1);
    bench_close(bench);
    g_assert_cmpuint(lost(bench), ==, 100);                /* one second at 100/s */
    g_assert_cmpuint(bench->audit.end.recoverable, ==, 0); /* west is not back */
    bench_free(bench);
}

/* The primary cannot be reached: refused. By force it works, and loses the lag. */
static void test_planned_refused(void)
{
    Bench *bench = bench_new(LAG);
    database_fails(bench, NORTH, 10, 1000);
    run_to(bench, 11);
    command(bench, ACTION_PROMOTE, WEST, true, 1);
    run_to(bench, 15);
    g_assert_cmpuint(bench->done[1], ==, 0);
    g_assert_cmpuint(bench->refused[1], ==, 1);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 20);
    assert_fired(bench, NORTH, 1);
    g_assert_cmpuint(bench->done[1], ==, 1);
    bench_close(bench);
    g_assert_cmpuint(lost(bench), ==, 100);
    bench_free(bench);
}

/* The stream breaks while the primary ships the rest: it takes its role back. */
static void test_switchover_broken(void)
{
    static const double until[] = {10.8, 11};
    for (int crash = 0; crash < 2; crash++) {
        Bench *bench = bench_new(LAG);
        if (crash)
            database_fails(bench, NORTH, 10.5, until[crash]);
        else
            fails(bench, sim_link_component(bench->wan[WEST]), 10.5, until[crash]);
        run_to(bench, 10);
        command(bench, ACTION_PROMOTE, WEST, true, 1);
        run_to(bench, 10.4);
        g_assert_cmpuint(bench->yes[NORTH], ==, 1000);
        g_assert_cmpuint(bench->no[NORTH], ==, 40);
        run_to(bench, 20);
        g_assert_cmpuint(bench->done[1], ==, 0);
        g_assert_cmpuint(bench->yes[NORTH], >=, 1890);
        command(bench, ACTION_PROMOTE, WEST, true, 1);
        run_to(bench, 25);
        g_assert_cmpuint(bench->done[1], ==, 1);
        if (crash)
            assert_fired(bench, NORTH, 1);
        bench_close(bench);
        g_assert_cmpuint(lost(bench), ==, 0);
        bench_free(bench);
    }
}

/* Done when what was committed at the command is there, however much follows. */
static void test_await(void)
{
    Bench *bench = bench_new(LAG);
    run_to(bench, 10);
    command(bench, ACTION_AWAIT_DATABASE, WEST, true, 3);
    run_to(bench, 20);
    g_assert_cmpuint(bench->done[3], ==, 1);
    g_assert_cmpint(bench->done_at[3], >=, 10990 * SIM_MS);
    g_assert_cmpint(bench->done_at[3], <=, 11 * SIM_SEC);
    fails(bench, sim_link_component(bench->wan[NORTH]), 20.5, 30);
    command(bench, ACTION_AWAIT_DATABASE, WEST, true, 4);
    run_to(bench, 29);
    g_assert_cmpuint(bench->done[4], ==, 0);
    run_to(bench, 40);
    g_assert_cmpint(bench->done_at[4], ==, 31 * SIM_SEC);
    bench_close(bench);
    bench_free(bench);
}

/* ---- forced failovers, and back ---- */

/* North dies, West takes over, North comes back fenced, with a hundred rows that West never got. */
static Bench *failed_over(const char *keys)
{
    Bench *bench = bench_new(keys);
    database_fails(bench, NORTH, 10, 20);
    run_to(bench, 11);
    command(bench, ACTION_FENCE, WEST, false, 0);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 15);
    assert_fired(bench, NORTH, 1);
    g_assert_cmpuint(bench->done[0], ==, 1);
    g_assert_cmpuint(bench->done[1], ==, 1);
    bench->region = WEST;
    run_to(bench, 25);
    return bench;
}

/* Seeded and switched back: North is the survivor again, has all that West took, and its own
 * orphans no more. */
static void test_seed_and_return(void)
{
    Bench *bench = failed_over(LAG);
    g_assert_cmpuint(database_facts(bench->database[NORTH]).orphaned, ==, 100);
    command(bench, ACTION_SEED_DATABASE, NORTH, true, 2);
    run_to(bench, 26);
    command(bench, ACTION_PROMOTE, NORTH, false, 3); /* half a copy cannot be promoted */
    run_to(bench, 35);
    g_assert_cmpuint(bench->done[2], ==, 0);
    run_to(bench, 40);
    g_assert_cmpint(bench->done_at[2], ==, 36 * SIM_SEC); /* the step's second, and ten */
    g_assert_cmpuint(bench->done[3], ==, 0);
    g_assert_cmpfloat(database_facts(bench->database[NORTH]).seed_seconds, ==, 11);
    command(bench, ACTION_PROMOTE, NORTH, true, 4);
    run_to(bench, 43);
    g_assert_cmpuint(bench->done[4], ==, 1);
    bench->region = NORTH;
    run_to(bench, 50);
    bench_close(bench);
    g_assert_cmpuint(ledger_surviving_database(bench->world.ledger), ==, NORTH);
    g_assert_cmpuint(lost(bench), ==, 100);
    g_assert_cmpuint(bench->audit.end.recoverable, ==, 100);
    g_assert_cmpuint(bench->yes[WEST], ==, 2500);
    g_assert_cmpuint(bench->audit.end.fate[FATE_COMPLETED] + lost(bench), ==,
                     bench->yes[NORTH] + bench->yes[WEST]);
    bench_free(bench);
}

/* West dies before North is seeded, and North is promoted as it is: all that West took is lost,
 * what North alone had is there again. */
static void test_old_primary_by_force(void)
{
    Bench *bench = failed_over(LAG);
    database_fails(bench, WEST, 30, 1000);
    run_to(bench, 31);
    command(bench, ACTION_FENCE, NORTH, false, 2);
    command(bench, ACTION_PROMOTE, NORTH, false, 3);
    run_to(bench, 35);
    g_assert_cmpuint(bench->done[3], ==, 1);
    bench->region = NORTH;
    run_to(bench, 40);
    g_assert_cmpuint(bench->yes[NORTH], ==, 1000 + 500);
    database_fails(bench, NORTH, 41, 42); /* the control plane says that it may write */
    run_to(bench, 50);
    assert_fired(bench, WEST, 1);
    assert_fired(bench, NORTH, 2);
    g_assert_cmpuint(bench->yes[NORTH], ==, 1000 + 500 + 900);
    bench_close(bench);
    g_assert_cmpuint(bench->yes[WEST], ==, 1500);
    g_assert_cmpuint(lost(bench), ==, 1500);
    bench_free(bench);
}

static void count_settled(void *count, const Payment *payment)
{
    (void)payment;
    ++*(uint32_t *)count;
}

/* The outbox of a seeded database is the source's: its rows, its mark, and none of its own. */
static void test_seed_outbox(void)
{
    uint32_t settled = 0;
    Ledger *ledger = ledger_new(count_settled, &settled);
    Outbox *from = outbox_new(ledger, false, 0), *to = outbox_new(ledger, false, 0);
    PaymentRef payment[6];
    for (int i = 0; i < 6; i++) {
        payment[i] = ledger_submit(ledger, 0, 0);
        outbox_add(i < 4 ? from : to, payment[i], i);
        ledger_release(ledger, payment[i]);
    }
    outbox_put(to, 5, payment[1], 1); /* behind a gap */
    outbox_mark(from, 1);
    g_assert_cmpuint(settled, ==, 1);
    outbox_copy(to, from);
    g_assert_cmpuint(settled, ==, 3); /* its own two are gone */
    g_assert_cmpuint(outbox_generation(to), ==, 1);
    g_assert_cmpuint(outbox_done(to), ==, 1);
    g_assert_cmpuint(outbox_end(to), ==, 4);
    for (uint64_t p = 1; p < 4; p++)
        g_assert_cmphex(outbox_payment(to, p), ==, payment[p]);
    g_assert_cmpint(ledger_get(ledger, payment[1])->holds, ==, 2);
    outbox_mark(from, 4);
    g_assert_cmpuint(settled, ==, 3);
    outbox_mark(to, 4);
    g_assert_cmpuint(settled, ==, 6);
    outbox_free(from);
    outbox_free(to);
    ledger_close(ledger);
    ledger_free(ledger);
}

/* Whatever breaks a seeding leaves no usable copy, and it can be had again. */
static void test_seed_broken(void)
{
    for (int how = 0; how < 3; how++) {
        Bench *bench = failed_over(LAG);
        command(bench, ACTION_SEED_DATABASE, NORTH, true, 2);
        if (how < 2)
            database_fails(bench, how ? WEST : NORTH, 30, 31);
        else
            fails(bench, sim_link_component(bench->wan[WEST]), 30, 31);
        run_to(bench, 45);
        g_assert_cmpuint(bench->done[2], ==, 0);
        command(bench, ACTION_PROMOTE, NORTH, false, 3);
        run_to(bench, 50);
        g_assert_cmpuint(bench->done[3], ==, 0);
        command(bench, ACTION_SEED_DATABASE, NORTH, true, 2);
        run_to(bench, 70);
        g_assert_cmpuint(bench->done[2], ==, 1);
        command(bench, ACTION_PROMOTE, NORTH, true, 4);
        run_to(bench, 80);
        g_assert_cmpuint(bench->done[4], ==, 1);
        assert_fired(bench, NORTH, how == 0 ? 2 : 1);
        assert_fired(bench, WEST, how == 1 ? 1 : 0);
        bench_close(bench);
        g_assert_cmpuint(lost(bench), ==, 100);
        bench_free(bench);
    }
}

/* A standby that crashes while it is promoted begins anew; two commands are one promotion. */
static void test_promotion_crash(void)
{
    Bench *bench = bench_new(LAG);
    database_fails(bench, NORTH, 10, 1000);
    database_fails(bench, WEST, 11.5, 12);
    run_to(bench, 11);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 15);
    assert_fired(bench, WEST, 1);
    g_assert_cmpuint(bench->done[1], ==, 0);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 20);
    g_assert_cmpuint(bench->done[1], ==, 1);
    g_assert_cmpint(bench->done_at[1], ==, 16 * SIM_SEC);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 21);
    g_assert_cmpuint(bench->done[1], ==, 2); /* done, once more */
    bench_close(bench);
    g_assert_cmpuint(lost(bench), ==, 100);
    bench_free(bench);
}

/* ---- who forces a failover, and when ---- */

#define SERVICE_MANAGED LAG ", failover: {policy: service-managed, grace_period: 1m}"

static void test_grace_period(void)
{
    Bench *bench = bench_new(SERVICE_MANAGED);
    database_fails(bench, NORTH, 10, 1000);
    run_to(bench, 12);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 50);
    command(bench, ACTION_PROMOTE, WEST, false, 1); /* asked again: the clock goes on */
    run_to(bench, 100);
    assert_fired(bench, NORTH, 1);
    g_assert_cmpuint(bench->done[1], ==, 1);
    g_assert_cmpuint(bench->refused[1], ==, 2);
    g_assert_cmpint(bench->done_at[1], ==, 71 * SIM_SEC);
    bench_close(bench);
    bench_free(bench);

    bench = bench_new(SERVICE_MANAGED); /* back within it: no failover */
    database_fails(bench, NORTH, 10, 40);
    run_to(bench, 12);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 200);
    assert_fired(bench, NORTH, 1);
    g_assert_cmpuint(bench->done[1], ==, 0);
    bench_close(bench);
    g_assert_cmpuint(lost(bench), ==, 0);
    bench_free(bench);
}

/* Cosmos DB by hand: not during an outage, and without loss when there is none. */
static void test_planned_only(void)
{
    Bench *bench = bench_new(LAG ", failover: {policy: planned-only}");
    database_fails(bench, NORTH, 10, 20);
    run_to(bench, 12);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 25);
    g_assert_cmpuint(bench->done[1], ==, 0);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 30);
    assert_fired(bench, NORTH, 1);
    g_assert_cmpuint(bench->done[1], ==, 1);
    bench_close(bench);
    g_assert_cmpuint(lost(bench), ==, 0);
    bench_free(bench);
}

/* The new primary is found up to the listener's TTL after its promotion. */
static void test_listener(void)
{
    Bench *bench = bench_new(LAG ", kind: azure-sql");
    database_fails(bench, NORTH, 10, 1000);
    run_to(bench, 11);
    bench->region = WEST;
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 60);
    assert_fired(bench, NORTH, 1);
    g_assert_cmpint(bench->done_at[1], ==, 12 * SIM_SEC);
    uint64_t refused = bench->no[WEST]; /* one second of promotion, and at most 30 more */
    g_assert_cmpuint(refused, >, 100);
    g_assert_cmpuint(refused, <=, 3100);
    g_assert_cmpuint(refused + bench->yes[WEST], ==, 4900);
    bench_close(bench);
    bench_free(bench);
}

/* ---- what each mode loses ---- */

/* Both regions' databases fail together, the standby is back after a second and promoted. */
static uint64_t loss_of_both(const char *keys)
{
    Bench *bench = bench_new(keys);
    database_fails(bench, NORTH, 10.003, 1000);
    database_fails(bench, WEST, 10.003, 11);
    run_to(bench, 12);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 20);
    assert_fired(bench, NORTH, 1);
    assert_fired(bench, WEST, 1);
    g_assert_cmpuint(bench->done[1], ==, 1);
    bench_close(bench);
    uint64_t count = lost(bench);
    bench_free(bench);
    return count;
}

#define SYNC(level, more)                                                                          \
    "kind: postgresql, commit_time: 0s, synchronous_commit: " level                                \
    ", replication: {sync_time: 20ms" more "}"

/* remote_write confirms what is in the standby's memory: its crash takes half a second of it. */
static void test_synchronous_commit(void)
{
    g_assert_cmpuint(loss_of_both(SYNC("on", "")), ==, 0);
    g_assert_cmpuint(loss_of_both(SYNC("remote_apply", ", apply_time: 2ms")), ==, 0);
    g_assert_cmpuint(loss_of_both(SYNC("remote_write", ", flush_time: 500ms")), ==, 50);
}

/* The standby's crash alone, or the primary's alone, takes nothing that was confirmed. */
static void test_remote_write(void)
{
    for (int which = 0; which < 2; which++) {
        Bench *bench = bench_new(SYNC("remote_write", ", flush_time: 500ms"));
        database_fails(bench, which ? WEST : NORTH, 10.003, 11);
        run_to(bench, 15);
        database_fails(bench, NORTH, 16, 1000);
        run_to(bench, 17);
        command(bench, ACTION_PROMOTE, WEST, false, 1);
        run_to(bench, 20);
        assert_fired(bench, which ? WEST : NORTH, which ? 1 : 2);
        g_assert_cmpuint(bench->done[1], ==, 1);
        bench_close(bench);
        g_assert_cmpuint(lost(bench), ==, 0);
        bench_free(bench);
    }
}

/* remote_apply answers after the standby has applied the record: 20 ms and 30 ms. */
static void test_remote_apply(void)
{
    Bench *bench = bench_new(SYNC("remote_apply", ", apply_time: 5ms"));
    run_to(bench, 1);
    g_assert_cmpint(bench->last_yes, ==, 1000 * SIM_MS); /* paid at 975 ms */
    bench_close(bench);
    bench_free(bench);
}

/* synchronous_commit off: a crash of the primary that comes back takes what was answered in the
 * last one to two rounds, and never more than three. */
static void test_commit_off(void)
{
    Bench *bench = bench_new("kind: postgresql, commit_time: 0s, synchronous_commit: off, "
                             "wal_writer_delay: 500ms, replication: {lag: 1s}");
    database_fails(bench, NORTH, 10, 11);
    run_to(bench, 20);
    assert_fired(bench, NORTH, 1);
    uint64_t undone = database_facts(bench->database[NORTH]).undone;
    g_assert_cmpuint(undone, >=, 50);
    g_assert_cmpuint(undone, <=, 100);
    bench_close(bench);
    g_assert_cmpuint(lost(bench), ==, undone);
    g_assert_cmpint(bench->audit.end.earliest_lost, >=, 10 * SIM_SEC - 3 * 500 * SIM_MS);
    bench_free(bench);

    bench = bench_new("kind: postgresql, commit_time: 0s, synchronous_commit: local, "
                      "replication: {lag: 1s}");
    database_fails(bench, NORTH, 10, 11);
    run_to(bench, 20);
    assert_fired(bench, NORTH, 1);
    bench_close(bench);
    g_assert_cmpuint(lost(bench), ==, 0);
    bench_free(bench);
}

/* Strong consistency needs both regions, and both ways between them. */
static void test_strong(void)
{
    for (int what = 0; what < 3; what++) {
        Bench *bench = bench_new("kind: cosmos-db, commit_time: 0s, consistency: strong");
        SimComponent component = what == 0 ? database_component(bench->database[WEST])
                                           : sim_link_component(bench->wan[what - 1]);
        fails(bench, component, 10, 20);
        if (what > 0) /* and does not come to think that it is connected */
            database_fails(bench, WEST, 12, 13);
        run_to(bench, 10);
        uint64_t before = bench->yes[NORTH];
        g_assert_cmpuint(before, >, 980);
        run_to(bench, 20);
        g_assert_cmpuint(sim_outages_fired(bench->world.sim, component), ==, 1);
        g_assert_cmpuint(bench->yes[NORTH], ==, before);
        run_to(bench, 30);
        g_assert_cmpuint(bench->yes[NORTH], >, 2980);
        bench_close(bench);
        bench_free(bench);
    }
}

/* The link is down: writes stop at the bound, and no more than it can be lost. */
static void test_bounded(void)
{
    static const char *const keys[] = {
        "commit_time: 0s, replication: {lag: 100ms, max_records: 250}",
        "commit_time: 0s, replication: {lag: 100ms, max_age: 2500ms}"};
    for (int k = 0; k < 2; k++) {
        Bench *bench = bench_new(keys[k]);
        SimComponent link = sim_link_component(bench->wan[NORTH]);
        fails(bench, link, 10, 20);
        database_fails(bench, NORTH, 40, 1000);
        fails(bench, link, 30, 1000);
        run_to(bench, 20);
        uint64_t at_bound = bench->yes[NORTH];
        g_assert_cmpuint(at_bound, >=, 1000 + 230);
        g_assert_cmpuint(at_bound, <=, 1000 + 250);
        run_to(bench, 21); /* those that waited are let in as records arrive, bound by bound */
        g_assert_cmpuint(bench->yes[NORTH], >, at_bound + 700);
        run_to(bench, 41);
        command(bench, ACTION_PROMOTE, WEST, false, 1);
        run_to(bench, 45);
        g_assert_cmpuint(sim_outages_fired(bench->world.sim, link), ==, 2);
        assert_fired(bench, NORTH, 1);
        DatabaseFacts facts = database_facts(bench->database[NORTH]);
        g_assert_cmpuint(facts.throttled, >, 700);
        g_assert_cmpuint(facts.backlog_max, <=, k ? 1001 : 250);
        bench_close(bench);
        g_assert_cmpuint(lost(bench), >, 200);
        g_assert_cmpuint(lost(bench), <=, 250);
        if (k)
            g_assert_cmpint(facts.staleness, <=, 2500 * SIM_MS);
        bench_free(bench);
    }
}

/* A standby that applies 50 records a second of 100 that are committed: commits wait so that it is
 * half a second behind, and the promotion applies them first. */
static void test_apply_limit(void)
{
    Bench *bench = bench_new("commit_time: 0s, replication: {lag: 0s, apply_time: 20ms, "
                             "apply_lag_max: 500ms}");
    database_fails(bench, NORTH, 60, 1000);
    run_to(bench, 60);
    g_assert_cmpuint(bench->yes[NORTH], >=, 3020); /* the standby's pace, and half a second */
    g_assert_cmpuint(bench->yes[NORTH], <=, 3030);
    g_assert_cmpuint(database_facts(bench->database[NORTH]).throttled, >, 5000);
    command(bench, ACTION_PROMOTE, WEST, false, 1);
    run_to(bench, 200);
    assert_fired(bench, NORTH, 1);
    g_assert_cmpint(bench->done_at[1], >=, 61400 * SIM_MS);
    bench_close(bench);
    bench_free(bench);
}

/* ---- laws ---- */

#define HEAD                                                                                       \
    "version: 1\nname: law\n"                                                                      \
    "network: {users: 0ns, edge: 0ns, reply: 0ns, local: 0ns, wan: 0ns, management: 0ns}\n"        \
    "router: {failover: runbook, edges: 1, probe: {interval: 1d}}\n"                               \
    "application: {service_time: 0ns, publish: no}\nmirror: {enabled: no}\nconsumers: []\n"
#define PAYING(rate) "users: {population: 1, timeout: 1s, retry: {max: 0}, rate: " rate "}\n"
#define AT_ONCE                                                                                    \
    "failover: {mode: automatic, hold: 0s, probe: {interval: 1s, timeout: 1us, samples: 1}, "      \
    "steps: ["

typedef struct Interval {
    double low, high;
} Interval;

static double uniform(double x, const void *interval)
{
    const Interval *i = interval;
    return fmin(fmax((x - i->low) / (i->high - i->low), 0), 1);
}

/* Snapshots every T = 20 s, each usable P = 7 s later: what is lost is U(P, P + T) old. A
 * payment comes every 5 ms, so that the oldest one lost is half of that younger. */
static void test_backup_law(void)
{
    Runs *runs = runs_of(
        HEAD
        "users: {population: 1, timeout: 1s, retry: {max: 0}, rate: 200/s, arrivals: regular}\n"
        "database: {commit_time: 0ns, size: 0.1, replication: {mode: backup}, "
        "backup: {interval: 20s, copy_time: 7s, restore_rate: 360}}\n" AT_ONCE
        "{step: restore-backup, duration: 0s}, "
        "{step: promote-database, duration: 0s, after: [restore-backup]}]}\n"
        "events: [{at: 60s, fail: region}]\nrun: {duration: 60s, drain: 20s}\n",
        600, 31);
    const Interval law = {7 - 0.0025, 27 - 0.0025};
    check_every(runs, "faults.fired", 4);
    check_continuous(runs, "rpo.seconds", uniform, &law);
    check_mean(runs, "rpo.seconds", 17 - 0.0025);
    check_every(runs, "payments.interrupted", 0);
    check_every(runs, "rto.promote", 0);
    runs_free(runs);
}

/* Nothing is replicated: all is lost up to the outage, however long the promotion takes. */
static void test_nothing_replicated(void)
{
    Runs *runs = runs_of(
        HEAD
        "users: {population: 1, timeout: 1s, retry: {max: 0}, rate: 200/s, arrivals: regular}\n"
        "database: {commit_time: 0ns, replication: {mode: none}}\n" AT_ONCE
        "{step: promote-database, duration: 9s}]}\n"
        "events: [{at: 60s, fail: region}]\nrun: {duration: 60s, drain: 20s}\n",
        4, 33);
    check_every(runs, "rto.promote", 9);
    for (uint32_t i = 0; i < runs_count(runs); i++) {
        g_assert_cmpfloat(runs_column(runs, "rpo.seconds")[i], >, 59.9);
        g_assert_cmpfloat(runs_column(runs, "rpo.seconds")[i], <=, 60);
    }
    runs_free(runs);
}

/* Calm lag c = 1 s for 100 s, spikes of s = 11 s for 30 s. In log order a spike lasts s longer at
 * its end and ramps up at its beginning: the lag that an outage finds is on average
 * c + ((s - c) 30 + (s - c)^2 / 2) / 130. */
static void test_lag_states(void)
{
    Runs *runs = runs_of(
        HEAD PAYING(
            "20/s") "database: {commit_time: 0ns, replication: {lag: 1s, lag_spike: 11s, "
                    "lag_varies: state, calm_for: 100s, spike_for: 30s}}\n"
                    "failover: {mode: off, probe: {interval: 1d}}\n"
                    "events: [{at: 50s, fail: database}]\nrun: {duration: 50s, drain: 1s}\n",
        4000, 32);
    check_every(runs, "faults.fired", 1);
    check_mean(runs, "database.unreplicated", 20 * (1 + (10 * 30 + 100 / 2.0) / 130));
    runs_free(runs);
}

/* A record of 1 kB over 800 kbit/s takes 10 ms: the shipper with a constant service time. */
static void test_bandwidth(void)
{
    Runs *runs = runs_of(
        HEAD PAYING(
            "80/s") "database: {commit_time: 0ns, replication: {lag: 0ns, "
                    "record_size: 1, bandwidth: 800}}\n"
                    "failover: {mode: off, probe: {interval: 1d}}\n"
                    "events: [{at: 20s, fail: database}]\nrun: {duration: 20s, drain: 1s}\n",
        1500, 33);
    check_every(runs, "faults.fired", 1);
    check_mean(runs, "database.unreplicated", 2.4);
    runs_free(runs);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/database/switchover", test_switchover);
    g_test_add_func("/database/switchover/stream-turns", test_stream_turns);
    g_test_add_func("/database/switchover/refused", test_planned_refused);
    g_test_add_func("/database/switchover/broken", test_switchover_broken);
    g_test_add_func("/database/await", test_await);
    g_test_add_func("/database/seed/return", test_seed_and_return);
    g_test_add_func("/database/seed/not-done", test_old_primary_by_force);
    g_test_add_func("/database/seed/outbox", test_seed_outbox);
    g_test_add_func("/database/seed/broken", test_seed_broken);
    g_test_add_func("/database/promotion/crash", test_promotion_crash);
    g_test_add_func("/database/policy/grace-period", test_grace_period);
    g_test_add_func("/database/policy/planned-only", test_planned_only);
    g_test_add_func("/database/listener", test_listener);
    g_test_add_func("/database/modes/synchronous-commit", test_synchronous_commit);
    g_test_add_func("/database/modes/remote-write", test_remote_write);
    g_test_add_func("/database/modes/remote-apply", test_remote_apply);
    g_test_add_func("/database/modes/off", test_commit_off);
    g_test_add_func("/database/modes/strong", test_strong);
    g_test_add_func("/database/modes/bounded", test_bounded);
    g_test_add_func("/database/modes/apply-limit", test_apply_limit);
    g_test_add_func("/database/laws/backup", test_backup_law);
    g_test_add_func("/database/laws/nothing-replicated", test_nothing_replicated);
    g_test_add_func("/database/laws/lag-states", test_lag_states);
    g_test_add_func("/database/laws/bandwidth", test_bandwidth);
    return g_test_run();
}
