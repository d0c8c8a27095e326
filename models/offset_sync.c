#include "models/offset_sync.h"

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

/* Push the new sync in at slot 0. A sync that leaves a slot moves on to a later one if it may
 * stand there; the first slot that needs no change ends the walk. */
static void insert(OffsetSyncStore *store, OffsetSync sync)
{
    OffsetSync *slot = store->sync;
    OffsetSync replacement = sync, displaced = slot[0];
    slot[0] = sync;
    for (int i = 1; i < OFFSET_SYNCS; i++) {
        bool fits = recent(slot[i - 1], displaced, i - 1, i) &&
                    separated(slot[i - 1], displaced, i - 1) &&
                    (i + 1 == OFFSET_SYNCS || separated(displaced, slot[i + 1], i));
        if (fits)
            replacement = displaced;
        if (recent(slot[i - 1], slot[i], i - 1, i) && separated(slot[i - 1], slot[i], i - 1))
            break;
        displaced = slot[i];
        slot[i] = replacement;
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
