/* The queue, large and small, against its definition: keys come out in ascending order, and all of
 * them. Every push is after the last key taken, so a key taken too early shows as a descent. */
#include <glib.h>

#include "sim/queue.h"
#include "sim/random.h"

typedef SimTime (*Delay)(RandomStream *stream);

static SimTime delay_exponential(RandomStream *stream)
{
    return (SimTime)(random_exponential(stream) * 1e9);
}

static SimTime delay_same(RandomStream *stream)
{
    (void)stream;
    return 1000;
}

/* Half of them at once, the rest at four instants. */
static SimTime delay_ties(RandomStream *stream)
{
    uint64_t which = random_below(stream, 8);
    return which < 4 ? 0 : (SimTime)which * SIM_SEC;
}

/* From nanoseconds to centuries. */
static SimTime delay_wide(RandomStream *stream)
{
    return (SimTime)(random_u64(stream) >> (2 + random_below(stream, 60)));
}

/* Bursts, a second apart, of keys within a microsecond, and a few a year later. */
static SimTime delay_bursts(RandomStream *stream)
{
    if (random_below(stream, 100) == 0)
        return 365 * 24 * SIM_HOUR;
    return (SimTime)random_below(stream, 3) * SIM_SEC + (SimTime)random_below(stream, 1000);
}

typedef struct Run {
    SimQueue queue;
    RandomStream stream;
    Delay delay;
    SimKey last;
    uint64_t pushed, taken, balance, descents;
} Run;

static void run_push(Run *run)
{
    SimTime now = sim_key_time(run->last), delay = run->delay(&run->stream);
    SimTime at = delay < SIM_NEVER - 1 - now ? now + delay : SIM_NEVER - 1;
    SimKey key = sim_key(at, 1, ++run->pushed, SIM_KEY_LANE); /* no slots: nothing to fetch */
    sim_queue_push(&run->queue, key);
    run->balance += random_mix((uint64_t)key ^ (uint64_t)(key >> 64));
}

static bool run_take(Run *run)
{
    SimKey key = sim_queue_first(&run->queue);
    if (key == SIM_KEY_LAST)
        return false;
    sim_queue_remove_first(&run->queue);
    run->descents += key <= run->last;
    run->last = key;
    run->taken++;
    run->balance -= random_mix((uint64_t)key ^ (uint64_t)(key >> 64));
    return true;
}

/* Grow to `pending`, hold there, shrink by half, grow again fourfold, and empty. */
static void run_phases(Run *run, uint64_t pending)
{
    for (uint64_t i = 0; i < pending; i++)
        run_push(run);
    for (uint64_t i = 0; i < 3 * pending; i++) {
        run_take(run);
        run_push(run);
    }
    for (uint64_t i = 0; i < pending / 2; i++)
        run_take(run);
    for (uint64_t i = 0; i < pending; i++) {
        run_take(run);
        for (int j = 0; j < 4; j++)
            run_push(run);
    }
    while (run_take(run))
        ;
}

typedef struct Case {
    const char *name;
    Delay delay;
} Case;

static const Case cases[] = {
    {"exponential", delay_exponential},
    {"same", delay_same},
    {"ties", delay_ties},
    {"wide", delay_wide},
    {"bursts", delay_bursts},
};

static const uint64_t sizes[] = {1, 2, 5, 100, 8000, 20000};

static void test_order(gconstpointer data)
{
    const Case *c = data;
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Run run = {.delay = c->delay};
        sim_queue_init(&run.queue);
        random_init(&run.stream, 1, (uint32_t)i, "queue", c->name);
        run_phases(&run, sizes[i]);
        run_phases(&run, sizes[i]); /* what emptied can fill again */
        g_assert_cmpuint(run.descents, ==, 0);
        g_assert_cmpuint(run.taken, ==, run.pushed);
        g_assert_cmpuint(run.balance, ==, 0);
        sim_queue_clear(&run.queue);
    }
}

/* Buckets are used, are renewed when used up, and give their memory back: without that the order
 * would still be right, and the queue slow. */
static void test_spills(void)
{
    Run run = {.delay = delay_exponential};
    sim_queue_init(&run.queue);
    random_init(&run.stream, 2, 0, "queue", "spills");
    for (int i = 0; i < 20000; i++)
        run_push(&run);
    size_t longest = 0;
    for (int i = 0; i < 200000; i++) {
        run_take(&run);
        run_push(&run);
        longest = MAX(longest, run.queue.end);
    }
    g_assert_cmpuint(run.queue.far.count, >, 15000);
    g_assert_cmpuint(longest, <, 1000);
    g_assert_cmpuint(run.queue.far.chunk_capacity, <=, 8192);
    while (run_take(&run))
        ;
    g_assert_cmpuint(run.queue.horizon, ==, UINT64_MAX);
    g_assert_cmpuint(run.taken, ==, run.pushed);
    sim_queue_clear(&run.queue);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/queue/order/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_order);
    }
    g_test_add_func("/queue/spills", test_spills);
    return g_test_run();
}
