#include "models/offset_sync.h"

#include <string.h>

void offset_sync_writer_init(OffsetSyncWriter *writer, int64_t lag_max)
{
    *writer = (OffsetSyncWriter){
        .lag_max = lag_max, .last_upstream = -1, .last_downstream = -1, .sync_downstream = -1};
}

bool offset_sync_writer_record(OffsetSyncWriter *writer, int64_t upstream, int64_t downstream)
{
    bool first = writer->sync_downstream < 0;
    bool far = downstream - (writer->sync_downstream + 1) >= writer->lag_max;
    bool gap = upstream - writer->last_upstream != 1; /* a transaction marker, a rewind */
    bool truncated = downstream < writer->last_downstream + 1;
    bool announce = first || far || gap || truncated;
    writer->last_upstream = upstream;
    writer->last_downstream = downstream;
    writer->pending = !announce;
    if (announce)
        writer->sync_downstream = downstream;
    return announce;
}

bool offset_sync_writer_flush(OffsetSyncWriter *writer, OffsetSync *sync)
{
    if (!writer->pending)
        return false;
    *sync = (OffsetSync){writer->last_upstream, writer->last_downstream};
    writer->sync_downstream = writer->last_downstream;
    writer->pending = false;
    return true;
}

void offset_sync_store_init(OffsetSyncStore *store, bool caught_up)
{
    *store = (OffsetSyncStore){.caught_up = caught_up};
}

static bool same(OffsetSync a, OffsetSync b)
{
    return a.upstream == b.upstream && a.downstream == b.downstream;
}

/* B: the sync in slot j is recent enough to stand behind slot i. */
static bool recent(OffsetSync in_i, OffsetSync in_j, int i, int j)
{
    /* As unsigned: 2^63 fits, and the difference of two powers is positive. */
    uint64_t reach = (UINT64_C(1) << j) - (UINT64_C(1) << i);
    if (in_i.upstream <= in_j.upstream)
        return true;
    return (uint64_t)(in_i.upstream - in_j.upstream) <= reach;
}

/* C: the two are far enough apart for slot i. */
static bool separated(OffsetSync in_i, OffsetSync in_j, int i)
{
    if (same(in_i, in_j))
        return true;
    uint64_t gap = UINT64_C(1) << (i > 2 ? i - 2 : 0);
    return in_i.upstream >= in_j.upstream && (uint64_t)(in_i.upstream - in_j.upstream) >= gap;
}

static void fill(OffsetSyncStore *store, OffsetSync sync)
{
    for (int i = 0; i < OFFSET_SYNCS; i++)
        store->sync[i] = sync;
}

/* What leaves its slot may move on to a later one, where syncs may be older. `next` walks through
 * the old syncs behind the slot at work. */
typedef struct Moving {
    OffsetSync old[OFFSET_SYNCS]; /* the store before the insertion */
    OffsetSync replacement;       /* fits the slot at work */
    int next;
} Moving;

/* One old sync against slot `i`. True: it will fit no later slot either, look at the one behind. */
static bool consider(const OffsetSync *slot, Moving *moving, int i)
{
    OffsetSync old = moving->old[moving->next];
    bool apart = separated(slot[i - 1], old, i - 1);
    bool fits = apart && recent(slot[i - 1], old, i - 1, i) &&
                (i + 1 == OFFSET_SYNCS || separated(old, slot[i + 1], i));
    bool twin = moving->next + 1 < OFFSET_SYNCS && same(old, moving->old[moving->next + 1]);
    if (fits)
        moving->replacement = old;
    moving->next += fits || twin || !apart;
    return twin || !apart;
}

/* Push the new sync in at slot 0, and repair the slots behind it; the first that is recent enough
 * as it is ends the walk, for so are all behind it. */
static void insert(OffsetSyncStore *store, OffsetSync sync)
{
    OffsetSync *slot = store->sync;
    Moving moving = {.replacement = sync};
    memcpy(moving.old, slot, sizeof moving.old);
    slot[0] = sync;
    for (int i = 1; i < OFFSET_SYNCS; i++) {
        while (consider(slot, &moving, i) && moving.next < i)
            ;
        if (same(slot[i - 1], slot[i]) || recent(slot[i - 1], slot[i], i - 1, i))
            break;
        slot[i] = moving.replacement;
    }
}

void offset_sync_store_add(OffsetSyncStore *store, OffsetSync sync)
{
    if (!store->any || !store->caught_up || sync.upstream < store->sync[0].upstream)
        fill(store, sync);
    else
        insert(store, sync);
    store->any = true;
}

int64_t offset_sync_store_translate(const OffsetSyncStore *store, int64_t upstream)
{
    if (!store->any)
        return OFFSET_NO_SYNC;
    for (int i = 0; i < OFFSET_SYNCS; i++) {
        OffsetSync sync = store->sync[i];
        if (sync.upstream > upstream)
            continue;
        return sync.downstream + (sync.upstream == upstream ? 0 : 1);
    }
    return OFFSET_UNKNOWN;
}
