/* MirrorMaker 2's offset translation: which records are announced, which announcements are kept,
 * and what a source offset becomes in the target.
 *
 * Source: KIP-382, KIP-716 and the behaviour of OffsetSyncWriter and OffsetSyncStore in Apache
 * Kafka 3.5.2, 3.6.0 and later (KAFKA-14666; KAFKA-15202 on what moves on to a later slot when
 * syncs are unevenly spaced), compared with their source of 4.0. A store keeps at most 64 syncs per
 * partition, exponentially spaced in upstream offsets, the newest first. With s[i] the sync in slot
 * i, every slot obeys B: s[i] <= s[j] + 2^j - 2^i         for i < j   (slot j is not too far behind
 * slot i) C: s[i] >= s[j] + 2^max(i-2, 0)     for i < j, unless they are the same sync (neighbours
 * are not too close) Translation is conservative: it may repeat records, it never skips one.
 */
#ifndef MODELS_OFFSET_SYNC_H
#define MODELS_OFFSET_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#define OFFSET_SYNCS   64
#define OFFSET_UNKNOWN INT64_C(-1) /* older than every sync kept */
#define OFFSET_NO_SYNC INT64_C(-2) /* no sync at all */

typedef struct OffsetSync {
    int64_t upstream, downstream;
} OffsetSync;

/* Decides which mirrored records are announced. */
typedef struct OffsetSyncWriter {
    int64_t lag_max;       /* offset.lag.max */
    int64_t last_upstream; /* last record mirrored; -1 before the first */
    int64_t last_downstream;
    int64_t sync_downstream; /* last record announced; -1 before the first */
    bool pending;            /* last record is not announced yet */
} OffsetSyncWriter;

void offset_sync_writer_init(OffsetSyncWriter *writer, int64_t lag_max);
/* A record was mirrored. True: announce it now. */
bool offset_sync_writer_record(OffsetSyncWriter *writer, int64_t upstream, int64_t downstream);
/* The flush tick: true if a record waits to be announced, then given in *sync. */
bool offset_sync_writer_flush(OffsetSyncWriter *writer, OffsetSync *sync);

/* The store of one partition, as the checkpoint task keeps it. */
typedef struct OffsetSyncStore {
    OffsetSync sync[OFFSET_SYNCS]; /* by slot; neighbours may be the same sync */
    bool any;
    bool caught_up; /* false while the topic is read after a restart: only the newest is kept */
} OffsetSyncStore;

void offset_sync_store_init(OffsetSyncStore *store, bool caught_up);
void offset_sync_store_add(OffsetSyncStore *store, OffsetSync sync);
int64_t offset_sync_store_translate(const OffsetSyncStore *store, int64_t upstream);

#endif
