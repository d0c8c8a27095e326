/* What a Kafka cluster keeps on disk: partition logs and committed consumer offsets.
 *
 * Passive data: a cluster (models/kafka) owns one; consumers and the mirror read it, over whatever
 * connection they have, and write what Kafka would let them write. It outlives crashes.
 */
#ifndef MODELS_STORAGE_H
#define MODELS_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/log.h"

#define PARTITIONS_MAX 1024
#define OFFSET_NONE    INT64_C(-1) /* the group has committed nothing for this partition */

typedef struct Storage {
    uint32_t region;
    uint32_t partitions;
    uint32_t groups;
    Log *log;                          /* by partition */
    int64_t *committed[LEDGER_GROUPS]; /* by group and partition */
    bool primary;                      /* the cluster takes producers' writes */
    const struct Storage *beside; /* a topic of copies in the cluster of this one; NULL: its own */
    bool consumed_here;           /* the groups act in this region */
    bool fed; /* a mirror writes here although it is a primary: past the cluster, waking nobody */
    bool pin_follows;     /* a mirror that has not begun will want only what no mirror wrote */
    bool hides_copies;    /* the groups subscribe to names that a mirror's copies do not have */
    SimTime switch_delay; /* its ACLs keep producers out; to mend them takes so long at a switch */
    bool has_members;     /* the groups are not empty here: they refuse foreign commits */
    int64_t *copied;      /* by partition: behind the last record that a mirror wrote here */
    /* By partition. Cuts: an unclean election took committed records away. */
    bool *offline;        /* no leader: nobody reads or writes it (storage_set_offline) */
    int64_t *visible;     /* readers see what lies below: the high watermark; 0 while offline */
    int64_t *keep;        /* a replica may be elected whose log ends here; INT64_MAX */
    int64_t *cut_to;      /* where the last cut was */
    uint32_t *cut_number; /* which one it was, of all; 0: none */
    uint32_t cuts;        /* in any partition */
    int64_t
        *first_open; /* by partition: of the first transaction not ended; NULL: there are none */
    uint64_t leaked; /* records that a mirror copied and that are not committed */
    int64_t *pin; /* by partition: a mirror may still read from here on; NULL: nobody mirrors it */
} Storage;

Storage *storage_new(uint32_t region, uint32_t partitions, uint32_t groups);
/* Active-active: the topic into which a mirror copies the other region's events, beside `own`. Its
 * partitions are led by the same brokers; groups of its own read it, in `own`'s region. */
Storage *storage_new_copies(const Storage *own);
void storage_free(Storage *storage);
/* A mirror will read these logs: keep records from its cursor on (the pins start at 0). */
void storage_pin(Storage *storage);
/* It may begin late: note which records are another mirror's copies. With `follow`, the pins move
 * along with these until it begins. Before the first record. */
void storage_mark_copies(Storage *storage, bool follow);
/* Producers write in transactions: records are marked with what becomes of these. Before the first
 * record. */
void storage_transact(Storage *storage);
/* A mirror copies the record. Notes it if nobody knows yet that it is committed. */
void storage_note_leak(Storage *storage, uint32_t partition, int64_t offset);
/* A mirror has written up to the end: visible at once. */
void storage_copied(Storage *storage, uint32_t partition, Ledger *ledger);
/* Make records below `offset` visible: raises the high watermark and stamps the events. */
int64_t storage_commit(Storage *storage, uint32_t partition, int64_t offset, Ledger *ledger);
void storage_set_offline(Storage *storage, uint32_t partition, bool offline);
/* The log ends at `offset` from now on. What was visible beyond it is lost, and stamped so;
 * returns the number of such records. */
int64_t storage_cut(Storage *storage, uint32_t partition, int64_t offset, Ledger *ledger);
/* The first record that a group which subscribes here can see. */
static inline int64_t storage_first_seen(const Storage *storage, uint32_t partition)
{
    return storage->hides_copies ? storage->copied[partition] : 0;
}
/* Release the records at the front that nobody can need again. */
void storage_trim(Storage *storage, uint32_t partition, Ledger *ledger);
/* What readers see lies below; nothing while nobody leads the partition. */
static inline int64_t storage_visible(const Storage *storage, uint32_t partition)
{
    return storage->visible[partition];
}
/* The last stable offset: what read_committed readers see lies below. */
static inline int64_t storage_stable(const Storage *storage, uint32_t partition)
{
    int64_t visible = storage_visible(storage, partition);
    if (!storage->first_open || storage->first_open[partition] > visible)
        return visible;
    return storage->first_open[partition];
}

#endif
