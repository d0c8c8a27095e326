#include "cli/store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "models/platform.h"
#include "sim/check.h"

/* ---- Records ---- */

static size_t record_bytes(uint32_t count, uint32_t metrics)
{
    return sizeof(UnitRecord) + (size_t)count * (1 + (size_t)metrics) * sizeof(uint64_t);
}

size_t unit_bytes(const UnitRecord *record)
{
    return record_bytes(record->count, record->metrics);
}

UnitRecord *unit_new(const Design *design, uint64_t unit)
{
    uint32_t count = design_unit_length(design, unit);
    uint32_t metrics = (uint32_t)platform_metrics.count;
    UnitRecord *record = g_malloc0(record_bytes(count, metrics));
    *record = (UnitRecord){.point = design_unit_point(design, unit),
                           .first = design_unit_first(design, unit),
                           .count = count,
                           .metrics = metrics};
    return record;
}

uint64_t *unit_fingerprints(UnitRecord *record)
{
    return record->data;
}

double *unit_row(UnitRecord *record, uint32_t i)
{
    SIM_CHECK(i < record->count);
    return (double *)(void *)(record->data + record->count + (size_t)i * record->metrics);
}

uint64_t store_unit_of(const Design *design, const UnitRecord *record)
{
    return (uint64_t)record->point * design_blocks(design) + record->first / design->block;
}

static bool makes_sense(const Design *design, const void *payload, size_t length)
{
    UnitRecord head;
    if (length < sizeof head)
        return false;
    memcpy(&head, payload, sizeof head);
    return head.point < design->point_count && head.first < design->runs &&
           head.first % design->block == 0 &&
           head.count == design_unit_length(design, store_unit_of(design, &head)) &&
           head.metrics == platform_metrics.count && length == unit_bytes(&head);
}

/* ---- Opening ---- */

void store_init(Store *store, const Design *design)
{
    *store = (Store){.design = design, .journals = g_ptr_array_new()};
    store->place = g_new0(uint64_t, design_units(design));
    store->from = g_new0(uint16_t, design_units(design));
}

void store_clear(Store *store)
{
    for (guint i = 0; i < store->journals->len; i++) {
        journal_close(store->journals->pdata[i]);
        g_free(store->journals->pdata[i]);
    }
    g_ptr_array_free(store->journals, TRUE);
    g_free(store->place);
    g_free(store->from);
    *store = (Store){0};
}

char *store_file(const Design *design)
{
    return design->shards == 1
               ? g_strdup("sweep.journal")
               : g_strdup_printf("shard-%u-of-%u.journal", design->shard, design->shards);
}

typedef struct Recovery {
    Store *store;
    Journal *journal;
    const Design *there;
    char *problem;
} Recovery;

/* Two shards may hold the same unit if they were cut differently: it must be the same in both. */
static bool same_as_before(Recovery *recovery, uint64_t unit, const void *payload, size_t length)
{
    const Store *store = recovery->store;
    const Journal *other = store->journals->pdata[store->from[unit]];
    g_autofree void *before = g_malloc(length);
    if (!journal_read(other, store->place[unit], before, length, &recovery->problem))
        return false;
    if (memcmp(before, payload, length) == 0)
        return true;
    recovery->problem = g_strdup_printf("%s and %s disagree about a run of the same number",
                                        other->path, recovery->journal->path);
    return false;
}

static bool take_record(void *data, uint64_t offset, const void *payload, size_t length)
{
    Recovery *recovery = data;
    Store *store = recovery->store;
    if (!makes_sense(store->design, payload, length))
        return false;
    UnitRecord head;
    memcpy(&head, payload, sizeof head);
    uint64_t unit = store_unit_of(store->design, &head);
    if (!design_has(recovery->there, unit))
        return false;
    if (store->place[unit] != 0)
        return same_as_before(recovery, unit, payload, length);
    store->place[unit] = offset;
    store->from[unit] = (uint16_t)(store->journals->len - 1);
    store->units++;
    store->runs += head.count;
    return true;
}

bool store_add(Store *store, Journal *journal, const Design *there, char **problem)
{
    SIM_CHECK(store->journals->len < UINT16_MAX);
    Journal *own = g_memdup2(journal, sizeof *journal);
    g_ptr_array_add(store->journals, own);
    Recovery recovery = {store, own, there, NULL};
    bool good = journal_recover(own, take_record, &recovery, problem);
    store->cut += own->cut;
    if (recovery.problem == NULL)
        return good;
    if (!good)
        g_free(*problem);
    *problem = recovery.problem;
    return false;
}

static bool check_design(Store *store, const Journal *journal, char **problem)
{
    Design *there = design_from_bytes(journal->header, journal->header_length);
    g_autofree char *difference = there == NULL ? g_strdup("of another version of failsim")
                                                : design_difference(there, store->design, true);
    design_free(there);
    if (difference == NULL)
        return true;
    store->foreign = true;
    *problem = g_strdup_printf("%s holds the results of another study (%s)\n"
                               "  use another directory, or remove that file",
                               journal->path, difference);
    return false;
}

bool store_open(Store *store, const char *directory, char **problem)
{
    if (g_mkdir_with_parents(directory, 0777) != 0) {
        *problem = g_strdup_printf("cannot write in %s: %s", directory, g_strerror(errno));
        return false;
    }
    g_autofree char *file = store_file(store->design);
    g_autofree char *path = g_build_filename(directory, file, NULL);
    g_autoptr(GBytes) header = design_to_bytes(store->design);
    gsize length;
    const void *bytes = g_bytes_get_data(header, &length);
    Journal journal;
    if (!journal_open(&journal, path, bytes, length, problem))
        return false;
    if (check_design(store, &journal, problem))
        return store_add(store, &journal, store->design, problem);
    journal_close(&journal);
    return false;
}

/* ---- Use ---- */

bool store_has(const Store *store, uint64_t unit)
{
    return store->place[unit] != 0;
}

bool store_append(Store *store, const UnitRecord *record, char **problem)
{
    uint64_t unit = store_unit_of(store->design, record);
    SIM_CHECK(store->place[unit] == 0);
    uint64_t offset;
    if (!journal_append(store->journals->pdata[0], record, unit_bytes(record), &offset, problem))
        return false;
    store->place[unit] = offset;
    store->units++;
    store->runs += record->count;
    return true;
}

bool store_sync(Store *store, char **problem)
{
    return journal_sync(store->journals->pdata[0], problem);
}

static void scatter(UnitRecord *record, const Store *store, size_t first, size_t count, uint32_t at,
                    double *columns)
{
    for (uint32_t i = 0; i < record->count; i++) {
        const double *row = unit_row(record, i) + first;
        for (size_t m = 0; m < count; m++)
            columns[m * store->design->runs + at + i] = row[m];
    }
}

bool store_columns(const Store *store, uint32_t point, size_t first, size_t count, double *columns,
                   uint64_t *fingerprints, uint32_t *runs, char **problem)
{
    const Design *design = store->design;
    uint64_t begin = (uint64_t)point * design_blocks(design);
    *runs = 0;
    for (uint64_t unit = begin; unit < begin + design_blocks(design); unit++) {
        if (!store_has(store, unit))
            continue;
        g_autofree UnitRecord *record = unit_new(design, unit);
        const Journal *journal = store->journals->pdata[store->from[unit]];
        if (!journal_read(journal, store->place[unit], record, unit_bytes(record), problem))
            return false;
        scatter(record, store, first, count, *runs, columns);
        if (fingerprints != NULL)
            memcpy(fingerprints + *runs, unit_fingerprints(record),
                   record->count * sizeof *fingerprints);
        *runs += record->count;
    }
    return true;
}
