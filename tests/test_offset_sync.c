/* Offset translation: the sequences known of Apache Kafka's own tests (OffsetSyncStoreTest,
 * OffsetSyncWriter) as exact integers, and the two invariants of the store on random walks.
 */
#include "models/offset_sync.h"

#include <glib.h>
#include <math.h>

#include "sim/random.h"

enum { LAG_MAX = 100 };

static void check_translation(const OffsetSyncStore *store, int64_t upstream, int64_t expected)
{
    int64_t translated = offset_sync_store_translate(store, upstream);
    if (translated != expected)
        g_test_message("upstream %" G_GINT64_FORMAT " is translated wrongly", upstream);
    g_assert_cmpint(translated, ==, expected);
}

static void add(OffsetSyncStore *store, int64_t upstream, int64_t downstream)
{
    offset_sync_store_add(store, (OffsetSync){upstream, downstream});
}

/* ---- the store ---- */

/* B and C of the header: the pairs of slots that break them. As unsigned, for 2^63 fits. */
static unsigned broken_pairs(const OffsetSyncStore *store)
{
    unsigned broken = 0;
    for (int j = 1; j < OFFSET_SYNCS; j++) {
        for (int i = 0; i < j; i++) {
            int64_t near = store->sync[i].upstream, far = store->sync[j].upstream;
            uint64_t reach = (UINT64_C(1) << j) - (UINT64_C(1) << i);
            uint64_t gap = UINT64_C(1) << (i > 2 ? i - 2 : 0);
            uint64_t distance = (uint64_t)(near - far);
            broken += near < far || distance > reach || (distance > 0 && distance < gap);
        }
    }
    return broken;
}

/* Every 10th record is announced. The worker restarts: it reads the topic up to 1000 to its end
 * before it may translate, then lives on to 10000. */
static OffsetSyncStore store_restarted(void)
{
    OffsetSyncStore store;
    offset_sync_store_init(&store, false);
    for (int64_t offset = 0; offset <= 1000; offset += 10)
        add(&store, offset, offset);
    store.caught_up = true;
    for (int64_t offset = 1010; offset <= 10000; offset += 10)
        add(&store, offset, offset);
    return store;
}

static const int64_t retained[] = {10000, 9990, 9970, 9940, 9880, 9640,
                                   9160,  8680, 6760, 4840, 1000};

static void test_retained(void)
{
    OffsetSyncStore store = store_restarted();
    size_t found = 0;
    for (int i = 0; i < OFFSET_SYNCS; i++) {
        if (i > 0 && store.sync[i].upstream == store.sync[i - 1].upstream)
            continue;
        g_assert_cmpuint(found, <, G_N_ELEMENTS(retained));
        if (found < G_N_ELEMENTS(retained))
            g_assert_cmpint(store.sync[i].upstream, ==, retained[found++]);
    }
    g_assert_cmpuint(found, ==, G_N_ELEMENTS(retained));
    g_assert_cmpuint(broken_pairs(&store), ==, 0);
}

static void test_translate_retained(void)
{
    OffsetSyncStore store = store_restarted();
    for (size_t i = 0; i < G_N_ELEMENTS(retained); i++) {
        int64_t s = retained[i];
        check_translation(&store, s, s);
        check_translation(&store, s + 1, s + 1);
        check_translation(&store, s + 2, s + 1);
        check_translation(&store, s - 1,
                          i + 1 < G_N_ELEMENTS(retained) ? retained[i + 1] + 1 : OFFSET_UNKNOWN);
    }
    check_translation(&store, 999, OFFSET_UNKNOWN);
    check_translation(&store, 0, OFFSET_UNKNOWN);
    check_translation(&store, INT64_MAX, 10001);
}

static void test_small(void)
{
    OffsetSyncStore store;
    offset_sync_store_init(&store, true);
    check_translation(&store, 0, OFFSET_NO_SYNC);
    add(&store, 100, 200);
    check_translation(&store, 150, 201);
    check_translation(&store, 100, 200);
    check_translation(&store, 99, OFFSET_UNKNOWN);
    add(&store, 150, 251);
    check_translation(&store, 150, 251);
    check_translation(&store, 5, OFFSET_UNKNOWN);
    add(&store, 200, 10); /* the target was truncated */
    check_translation(&store, 200, 10);
    add(&store, 20, 20); /* the source was: everything older is void */
    check_translation(&store, 20, 20);
    check_translation(&store, 19, OFFSET_UNKNOWN);
    check_translation(&store, 200, 21);
}

/* Not even a sync below the rewind survives it: what it stood for may be gone. */
static void test_rewind(void)
{
    OffsetSyncStore store;
    offset_sync_store_init(&store, true);
    add(&store, 100, 100);
    add(&store, 5000, 5000);
    check_translation(&store, 500, 101);
    add(&store, 4000, 7000);
    check_translation(&store, 500, OFFSET_UNKNOWN);
    check_translation(&store, 5000, 7001);
}

/* While the topic is read after a start, only the newest sync may be used. */
static void test_reading(void)
{
    OffsetSyncStore store;
    offset_sync_store_init(&store, false);
    add(&store, 100, 100);
    add(&store, 200, 200);
    check_translation(&store, 150, OFFSET_UNKNOWN);
    check_translation(&store, 250, 201);
}

/* ---- how many syncs an insertion may cost (KAFKA-15202) ---- */

static int distinct(const OffsetSyncStore *store)
{
    int count = 1;
    for (int i = 1; i < OFFSET_SYNCS; i++)
        count += store->sync[i].upstream != store->sync[i - 1].upstream;
    return count;
}

/* Steps of at least `least` and less than `least + spread` (0: all `least`); returns the most syncs
 * that one insertion threw out, and checks that the newest and the oldest are there. */
static int most_expired(int64_t least, uint64_t spread, unsigned steps, RandomStream *draws)
{
    OffsetSyncStore store;
    offset_sync_store_init(&store, true);
    add(&store, 0, 0);
    int64_t end = 0;
    int before = 1, most = 0;
    unsigned wrong = 0;
    for (unsigned i = 0; i < steps; i++) {
        int64_t more = spread > 0 ? (int64_t)random_below(draws, spread) : 0;
        if (least + more == 0)
            continue; /* the same record again is no news here */
        end += least + more;
        add(&store, end, end);
        int now = distinct(&store);
        most = MAX(most, before + 1 - now);
        before = now;
        wrong += store.sync[0].upstream != end || store.sync[OFFSET_SYNCS - 1].upstream != 0;
    }
    g_assert_cmpuint(wrong, ==, 0);
    return most;
}

/* Regular steps throw out one at most; of steps that differ by less than 2^n, n + 2. */
static void test_expirations(void)
{
    RandomStream draws;
    random_init(&draws, 8, 0, "test", "expirations");
    for (int64_t step = 1; step < INT64_MAX / 200; step = step * 2 + 1)
        g_assert_cmpint(most_expired(step, 0, 100, NULL), <=, 1);
    for (int n = 1; n < 53; n++) {
        g_assert_cmpint(most_expired(0, UINT64_C(1) << n, 1024, &draws), <=, n + 2);
        g_assert_cmpint(most_expired(1 << 16, UINT64_C(1) << n, 1024, &draws), <=, n + 2);
    }
}

/* A sync that fits the next slot no more may fit a later one: two at most are thrown out if some
 * announcements fail. */
static void test_moves_on(void)
{
    RandomStream draws;
    random_init(&draws, 9, 0, "test", "dropped");
    OffsetSyncStore store;
    offset_sync_store_init(&store, true);
    add(&store, 0, 0);
    int before = 1, most = 0;
    int64_t end = 0;
    for (int i = 0; i < 10000; i++) { /* as if one announcement in three were lost */
        end += random_below(&draws, 2) ? 200 : 100;
        add(&store, end, end);
        int now = distinct(&store);
        most = MAX(most, before + 1 - now);
        before = now;
    }
    g_assert_cmpint(most, <=, 2);
}

/* Upstream and downstream are the same here: offsets whose translation skips a record, or is below
 * that of a lower one, or is not exact at the newest sync. */
static unsigned wrong_translations(const OffsetSyncStore *store, int64_t newest)
{
    unsigned wrong = offset_sync_store_translate(store, newest) != newest;
    int64_t before = OFFSET_UNKNOWN;
    for (int64_t g = 0; g <= newest; g += 1 + newest / 37) {
        int64_t translated = offset_sync_store_translate(store, g);
        wrong += translated > g || translated < before;
        before = translated;
    }
    return wrong;
}

/* Random steps of all sizes, some of them rewinds. */
static void test_random_walks(void)
{
    RandomStream draws;
    random_init(&draws, 7, 0, "test", "walks");
    unsigned broken = 0, wrong = 0;
    for (int walk = 0; walk < 40; walk++) {
        OffsetSyncStore store;
        offset_sync_store_init(&store, true);
        uint64_t longest = UINT64_C(2) << walk;
        int64_t end = 0;
        for (int step = 0; step < 200; step++) {
            if (random_below(&draws, 100) == 0)
                end /= 2;
            else
                end += 1 + (int64_t)random_below(&draws, longest);
            add(&store, end, end);
            broken += broken_pairs(&store);
            wrong += wrong_translations(&store, end);
        }
    }
    g_assert_cmpuint(broken, ==, 0);
    g_assert_cmpuint(wrong, ==, 0);
}

/* ---- how much is read again ---- */

/* Syncs stand at the multiples of 101; groups are `from`, … `to` records behind the end of the log,
 * which is taken at every place in its last 200,000 records. */
typedef struct Repeats {
    double mean, mean_behind, worst; /* records; records; as a multiple of how far it was behind */
} Repeats;

static Repeats repeats_of(int64_t from, int64_t to, int64_t step)
{
    OffsetSyncStore store;
    offset_sync_store_init(&store, true);
    double sum = 0, behind_sum = 0, count = 0;
    Repeats repeats = {0};
    for (int64_t last = 0; last < 101 * 4000; last++) {
        if (last % 101 == 0)
            add(&store, last, last);
        if (last < 101 * 2000)
            continue;
        for (int64_t behind = from; behind <= to; behind += step) {
            int64_t group = last + 1 - behind;
            double extra = (double)(group - offset_sync_store_translate(&store, group));
            sum += extra;
            behind_sum += (double)behind;
            count++;
            if (behind > 0)
                repeats.worst = MAX(repeats.worst, extra / (double)behind);
        }
    }
    repeats.mean = sum / count;
    repeats.mean_behind = behind_sum / count;
    return repeats;
}

/* Less than one distance behind: k records above a sync, k-1 of them are read again (0 of 0), and
 * every k from 0 to 100 is met as often; at the very end k is 1 to 101. */
static void test_caught_up(void)
{
    static const int64_t behind[] = {1, 50, 100};
    for (size_t i = 0; i < G_N_ELEMENTS(behind); i++)
        g_assert_cmpfloat(fabs(repeats_of(behind[i], behind[i], 1).mean - 4950 / 101.0), <, 1e-9);
    g_assert_cmpfloat(fabs(repeats_of(0, 0, 1).mean - 5050 / 101.0), <, 1e-9);
}

/* Far behind: about half as much again, at most about 1.9 times. And the closed form's half of the
 * mean distance for groups up to 500 behind (100/s, committed every 5 s). "About" is 5 %. */
static void test_lagging(void)
{
    Repeats far = repeats_of(1000, 50000, 700);
    g_test_message("%.1f records behind: %.1f read again, at worst %.2f times the distance",
                   far.mean_behind, far.mean, far.worst);
    g_assert_cmpfloat(fabs(far.mean / far.mean_behind / 0.5 - 1), <, 0.05);
    g_assert_cmpfloat(fabs(far.worst / 1.9 - 1), <, 0.05);
    Repeats near = repeats_of(0, 500, 5);
    g_test_message("up to 500 behind: %.2f", near.mean);
    g_assert_cmpfloat(fabs(near.mean / 125 - 1), <, 0.05);
}

/* ---- the writer ---- */

/* Announced at 0, then every 101st record. */
static void test_every_101(void)
{
    OffsetSyncWriter writer;
    offset_sync_writer_init(&writer, LAG_MAX);
    unsigned announced = 0, elsewhere = 0;
    for (int64_t offset = 0; offset < 1010; offset++) {
        bool now = offset_sync_writer_record(&writer, offset, offset);
        announced += now;
        elsewhere += now && offset % 101 != 0;
    }
    g_assert_cmpuint(announced, ==, 10);
    g_assert_cmpuint(elsewhere, ==, 0);
}

static void test_every_record(void)
{
    OffsetSyncWriter writer;
    offset_sync_writer_init(&writer, 0);
    for (int64_t offset = 0; offset < 10; offset++)
        g_assert_true(offset_sync_writer_record(&writer, offset, 500 + offset));
}

typedef struct Announcement {
    int64_t upstream, downstream;
    bool announced;
} Announcement;

static void check_announcements(const Announcement *rows, size_t count)
{
    OffsetSyncWriter writer;
    offset_sync_writer_init(&writer, LAG_MAX);
    for (size_t i = 0; i < count; i++) {
        bool announced = offset_sync_writer_record(&writer, rows[i].upstream, rows[i].downstream);
        if (announced != rows[i].announced)
            g_test_message("row %zu", i);
        g_assert_cmpint(announced, ==, rows[i].announced);
    }
}

static void test_reasons(void)
{
    static const Announcement rows[] = {
        {40, 7, true},                  /* the first of this lifetime */
        {41, 8, false},  {43, 9, true}, /* a gap upstream: a transaction marker */
        {44, 10, false}, {45, 12, false} /* a gap downstream is none */,
        {46, 13, false}, {47, 3, true}, /* truncated downstream */
        {48, 4, false},  {12, 5, true}, /* rewound upstream */
        {13, 6, false},  {14, 106, true} /* 101 behind the last announced */,
    };
    check_announcements(rows, G_N_ELEMENTS(rows));
}

/* What waits is announced at the flush, once; the next comes 101 after it. */
static void test_flush(void)
{
    OffsetSyncWriter writer;
    OffsetSync sync = {-5, -5};
    offset_sync_writer_init(&writer, LAG_MAX);
    g_assert_false(offset_sync_writer_flush(&writer, &sync));
    g_assert_true(offset_sync_writer_record(&writer, 0, 1000));
    g_assert_false(offset_sync_writer_flush(&writer, &sync));
    for (int64_t offset = 1; offset <= 60; offset++)
        g_assert_false(offset_sync_writer_record(&writer, offset, 1000 + offset));
    g_assert_true(offset_sync_writer_flush(&writer, &sync));
    g_assert_cmpint(sync.upstream, ==, 60);
    g_assert_cmpint(sync.downstream, ==, 1060);
    g_assert_false(offset_sync_writer_flush(&writer, &sync));
    for (int64_t offset = 61; offset <= 160; offset++)
        g_assert_false(offset_sync_writer_record(&writer, offset, 1000 + offset));
    g_assert_true(offset_sync_writer_record(&writer, 161, 1161));
    g_assert_false(offset_sync_writer_flush(&writer, &sync));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/offset-sync/store/retained", test_retained);
    g_test_add_func("/offset-sync/store/translate-retained", test_translate_retained);
    g_test_add_func("/offset-sync/store/small", test_small);
    g_test_add_func("/offset-sync/store/rewind", test_rewind);
    g_test_add_func("/offset-sync/store/reading", test_reading);
    g_test_add_func("/offset-sync/store/random-walks", test_random_walks);
    g_test_add_func("/offset-sync/store/expirations", test_expirations);
    g_test_add_func("/offset-sync/store/moves-on", test_moves_on);
    g_test_add_func("/offset-sync/store/caught-up", test_caught_up);
    g_test_add_func("/offset-sync/store/lagging", test_lagging);
    g_test_add_func("/offset-sync/writer/every-101", test_every_101);
    g_test_add_func("/offset-sync/writer/every-record", test_every_record);
    g_test_add_func("/offset-sync/writer/reasons", test_reasons);
    g_test_add_func("/offset-sync/writer/flush", test_flush);
    return g_test_run();
}
