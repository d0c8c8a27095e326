/* Where a sweep's runs are kept: journals on disk, an index of their units in memory.
 *
 * A unit's runs are one record, written whole when the unit is done. Memory holds
 * eight bytes a unit and nothing of the runs: summaries read columns back. Thread
 * safety: store_append and store_sync may run at the same time from two threads,
 * two of either may not.
 */
#ifndef CLI_STORE_H
#define CLI_STORE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/design.h"
#include "sim/journal.h"

/* What is known of a point: without a wanted precision `look` is all of its runs. */
typedef struct StorePoint {
    uint32_t look;    /* runs that are wanted for certain */
    uint32_t missing; /* units below it that this shard lacks */
    bool whole;       /* nothing more is wanted */
    bool precise;     /* whole, and the wanted precision was reached */
} StorePoint;

typedef struct Store {
    const Design *design;
    GPtrArray *journals; /* Journal * */
    uint64_t *place;     /* by unit: of its record's payload; 0: not there */
    uint16_t *from;      /* by unit: index into journals */
    StorePoint *point;   /* by point */
    uint32_t whole;      /* points that are */
    uint64_t runs;       /* in them */
    uint64_t cut;        /* bytes of unfinished records that were dropped */
    bool foreign;        /* store_open failed because the results are another study's */
} Store;

/* One unit's runs, as they are written. */
typedef struct UnitRecord {
    uint32_t point, first, count, metrics;
    uint64_t data[]; /* count fingerprints, then count rows of doubles */
} UnitRecord;

UnitRecord *unit_new(const Design *design, uint64_t unit); /* g_free */
size_t unit_bytes(const UnitRecord *record);
uint64_t *unit_fingerprints(UnitRecord *record);
double *unit_row(UnitRecord *record, uint32_t i);

void store_init(Store *store, const Design *design);
/* DIR's journal of this design's shard, made or gone on with. The problem says if it holds another
 * study or is in use. */
bool store_open(Store *store, const char *directory, char **problem);
/* A finished or interrupted shard's journal, to be read. `there` is its design, checked by the
 * caller; the journal is the store's from now on. */
bool store_add(Store *store, Journal *journal, const Design *there, char **problem);
/* After the last store_add: what every point still wants. */
bool store_settle(Store *store, char **problem);
bool store_append(Store *store, const UnitRecord *record, char **problem);
bool store_sync(Store *store, char **problem);
void store_clear(Store *store);

uint64_t store_unit_of(const Design *design, const UnitRecord *record);
bool store_has(const Store *store, uint64_t unit);
/* Blocks of a point that are wanted for certain. */
uint32_t store_blocks(const Store *store, uint32_t point);
/* Columns of a point, columns[m * design->runs + i] of metrics first…first+count-1; run i is not
 * always replication i while units are missing. fingerprints may be NULL. */
bool store_columns(const Store *store, uint32_t point, size_t first, size_t count, double *columns,
                   uint64_t *fingerprints, uint32_t *runs, char **problem);
/* "sweep.journal", "shard-2-of-7.journal"; g_free. */
char *store_file(const Design *design);

#endif
