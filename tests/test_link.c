/* Links: order, overtaking, what a cut loses, who hears of it. */
#include "sim/link.h"

#include <glib.h>

enum { SENT = 2000 };
enum { TAKE, NEWS, KINDS };

typedef struct Receiver {
    SimComponent id;
    GArray *got;     /* of uint64_t, subjects in order of arrival */
    GArray *dropped; /* of uint64_t */
    GArray *news;    /* of int64_t */
    SimTime last;
} Receiver;

static void receiver_take(Sim *sim, void *self, const SimEvent *event)
{
    Receiver *receiver = self;
    g_array_append_val(receiver->got, event->subject);
    receiver->last = sim_now(sim);
}

static void receiver_news(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    g_array_append_val(((Receiver *)self)->news, event->value);
}

static void receiver_dropped(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    g_array_append_val(((Receiver *)self)->dropped, event->subject);
}

static const SimHandler receiver_handlers[KINDS] = {receiver_take, receiver_news};
static const SimType receiver_type = {.name = "receiver",
                                      .handlers = receiver_handlers,
                                      .handler_count = KINDS,
                                      .dropped = receiver_dropped};

typedef struct Fixture {
    Sim *sim;
    Receiver receiver;
    Dist *latency;
    SimLink *link;
} Fixture;

static void fixture_init(Fixture *f, SimLinkKind kind, bool constant)
{
    f->sim = sim_new();
    f->receiver = (Receiver){.got = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
                             .dropped = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
                             .news = g_array_new(FALSE, FALSE, sizeof(int64_t))};
    f->receiver.id = sim_add(f->sim, &receiver_type, &f->receiver, "receiver");
    const double mean[DIST_ARGS_MAX] = {.03};
    f->latency = constant ? dist_new_constant(30 * SIM_MS)
                          : dist_new(dist_type_find("exponential"), mean, NULL);
    RandomStream stream;
    random_init(&stream, 5, 0, "link", "latency");
    f->link = sim_link_new(f->sim, "link", f->latency, stream, kind);
}

static void fixture_clear(Fixture *f)
{
    sim_free(f->sim);
    sim_link_free(f->link);
    dist_free(f->latency);
    g_array_unref(f->receiver.got);
    g_array_unref(f->receiver.dropped);
    g_array_unref(f->receiver.news);
}

/* One event each millisecond; what is due meanwhile arrives meanwhile. */
static void fixture_send(Fixture *f, uint64_t first, uint64_t count)
{
    for (uint64_t i = first; i < first + count; i++) {
        sim_run(f->sim, sim_now(f->sim) + SIM_MS);
        sim_link_send(f->link, (SimEvent){.component = f->receiver.id, .kind = TAKE, .subject = i});
    }
}

static guint overtakings(const GArray *got)
{
    guint count = 0;
    for (guint i = 1; i < got->len; i++)
        count += g_array_index(got, uint64_t, i) < g_array_index(got, uint64_t, i - 1);
    return count;
}

static void assert_each_once(const Fixture *f, guint count)
{
    g_autofree guint8 *seen = g_new0(guint8, count);
    for (guint i = 0; i < f->receiver.got->len; i++)
        seen[g_array_index(f->receiver.got, uint64_t, i)]++;
    for (guint i = 0; i < f->receiver.dropped->len; i++)
        seen[g_array_index(f->receiver.dropped, uint64_t, i)]++;
    guint wrong = 0;
    for (guint i = 0; i < count; i++)
        wrong += seen[i] != 1;
    g_assert_cmpuint(wrong, ==, 0);
    g_assert_cmpuint(f->receiver.got->len + f->receiver.dropped->len, ==, count);
    g_assert_cmpuint(sim_link_sent(f->link), ==, count);
    g_assert_cmpuint(sim_link_dropped(f->link), ==, f->receiver.dropped->len);
    g_assert_cmpuint(sim_events_pending(f->sim), ==, 0);
}

static void test_constant(void)
{
    Fixture f;
    fixture_init(&f, SIM_LINK_REQUESTS, true);
    fixture_send(&f, 0, SENT);
    SimTime sent = sim_now(f.sim);
    sim_run(f.sim, SIM_NEVER);
    g_assert_cmpint(f.receiver.last, ==, sent + 30 * SIM_MS);
    g_assert_cmpuint(overtakings(f.receiver.got), ==, 0);
    assert_each_once(&f, SENT);
    fixture_clear(&f);
}

static void test_stream_keeps_order(void)
{
    Fixture f;
    fixture_init(&f, SIM_LINK_STREAM, false);
    fixture_send(&f, 0, SENT);
    sim_run(f.sim, SIM_NEVER);
    g_assert_cmpuint(overtakings(f.receiver.got), ==, 0);
    assert_each_once(&f, SENT);
    fixture_clear(&f);
}

static void test_requests_overtake(void)
{
    static const SimLinkKind kinds[] = {SIM_LINK_REQUESTS, SIM_LINK_REQUESTS | SIM_LINK_FLUSH};
    guint count[2];
    uint64_t sum[2] = {0, 0};
    for (int k = 0; k < 2; k++) {
        Fixture f;
        fixture_init(&f, kinds[k], false);
        fixture_send(&f, 0, SENT);
        sim_run(f.sim, SIM_NEVER);
        count[k] = overtakings(f.receiver.got);
        for (guint i = 0; i < f.receiver.got->len; i++)
            sum[k] = sum[k] * 31 + g_array_index(f.receiver.got, uint64_t, i);
        assert_each_once(&f, SENT);
        fixture_clear(&f);
    }
    g_assert_cmpuint(count[0], >, SENT / 4);
    g_assert_cmpuint(sum[0], ==, sum[1]); /* keeping them changes no arrival */
}

/* A cut from 1.0s to 1.2s: sending into it loses; the wire's content only with flush. */
static void cut(SimLinkKind kind, bool constant, guint flushed_min, guint flushed_max)
{
    Fixture f;
    fixture_init(&f, kind, constant);
    sim_outage(f.sim, sim_link_component(f.link), 1000 * SIM_MS, 1200 * SIM_MS);
    fixture_send(&f, 0, SENT);
    sim_run(f.sim, SIM_NEVER);
    g_assert_cmpuint(sim_outages_fired(f.sim, sim_link_component(f.link)), ==, 1);
    /* Refused: those sent at 1.000 to 1.199 s. */
    g_assert_cmpuint(f.receiver.dropped->len, >=, 200 + flushed_min);
    g_assert_cmpuint(f.receiver.dropped->len, <=, 200 + flushed_max);
    assert_each_once(&f, SENT);
    fixture_clear(&f);
}

static void test_cut(void)
{
    cut(SIM_LINK_STREAM, true, 0, 0);
    cut(SIM_LINK_STREAM, false, 0, 0);
    cut(SIM_LINK_REQUESTS, false, 0, 0);
    /* On the wire at 1 s: those sent in the last 30 ms, of which the one due at 1 s goes too,
     * because faults come first. */
    cut(SIM_LINK_STREAM | SIM_LINK_FLUSH, true, 30, 30);
    /* Poisson with mean 30, about: outside 5..100 with probability below 1e-6. On a stream, more.
     */
    cut(SIM_LINK_REQUESTS | SIM_LINK_FLUSH, false, 5, 100);
    cut(SIM_LINK_STREAM | SIM_LINK_FLUSH, false, 5, 600);
}

/* After a flush a stream does not wait for what was lost. */
static void test_flush_forgets_tail(void)
{
    Fixture f;
    fixture_init(&f, SIM_LINK_STREAM | SIM_LINK_FLUSH, true);
    fixture_send(&f, 0, 1);
    sim_down(f.sim, sim_link_component(f.link));
    g_assert_cmpuint(f.receiver.dropped->len, ==, 1);
    sim_up(f.sim, sim_link_component(f.link));
    fixture_send(&f, 1, 1);
    sim_run(f.sim, SIM_NEVER);
    g_assert_cmpint(f.receiver.last, ==, 32 * SIM_MS);
    assert_each_once(&f, 2);
    fixture_clear(&f);
}

/* A receiver that restarted since the sending drops, on every kind of link. */
static void test_receiver_restarts(void)
{
    static const SimLinkKind kinds[] = {SIM_LINK_STREAM, SIM_LINK_REQUESTS,
                                        SIM_LINK_REQUESTS | SIM_LINK_FLUSH};
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        Fixture f;
        fixture_init(&f, kinds[k], false);
        fixture_send(&f, 0, 1);
        sim_down(f.sim, f.receiver.id);
        sim_up(f.sim, f.receiver.id);
        sim_run(f.sim, SIM_NEVER);
        g_assert_cmpuint(f.receiver.got->len, ==, 0);
        g_assert_cmpuint(f.receiver.dropped->len, ==, 1);
        g_assert_cmpuint(sim_link_dropped(f.link), ==, 0);
        fixture_clear(&f);
    }
}

static void test_connect_and_watch(void)
{
    Fixture f;
    fixture_init(&f, SIM_LINK_STREAM, true);
    sim_link_connect(f.link, f.receiver.id);
    sim_link_watch(f.link, f.receiver.id, NEWS);
    sim_link_send(f.link, (SimEvent){.kind = TAKE, .subject = 9});
    sim_outage(f.sim, sim_link_component(f.link), 10, 20);
    sim_run(f.sim, 10);
    g_assert_cmpuint(f.receiver.news->len, ==, 1);
    sim_run(f.sim, SIM_NEVER);
    g_assert_cmpuint(f.receiver.got->len, ==, 1);
    g_assert_cmpuint(f.receiver.news->len, ==, 2);
    g_assert_cmpint(g_array_index(f.receiver.news, int64_t, 0), ==, 0);
    g_assert_cmpint(g_array_index(f.receiver.news, int64_t, 1), ==, 1);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/link/constant", test_constant);
    g_test_add_func("/link/stream-keeps-order", test_stream_keeps_order);
    g_test_add_func("/link/requests-overtake", test_requests_overtake);
    g_test_add_func("/link/cut", test_cut);
    g_test_add_func("/link/flush-forgets-tail", test_flush_forgets_tail);
    g_test_add_func("/link/receiver-restarts", test_receiver_restarts);
    g_test_add_func("/link/connect-and-watch", test_connect_and_watch);
    return g_test_run();
}
