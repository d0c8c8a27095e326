#include "cli/store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "cli/precise.h"
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
    store->point = g_new0(StorePoint, design->point_count);
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
    g_free(store->point);
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
        return store_add(store, &journal, store->design, problem) && store_settle(store, problem);
    journal_close(&journal);
    return false;
}

/* ---- What is still wanted ---- */

uint32_t store_blocks(const Store *store, uint32_t point)
{
    const uint32_t block = store->design->block;
    return (store->point[point].look + block - 1) / block;
}

static uint32_t count_missing(const Store *store, uint32_t point)
{
    uint32_t missing = 0;
    uint64_t first = (uint64_t)point * design_blocks(store->design);
    for (uint64_t unit = first; unit < first + store_blocks(store, point); unit++)
        missing += design_has(store->design, unit) && !store_has(store, unit) ? 1 : 0;
    return missing;
}

/* Is the point precise enough with the runs that were looked for? */
static bool look(const Store *store, uint32_t point, const PrecisionRule *rule, bool *met,
                 char **problem)
{
    g_autofree double *column = g_new(double, store->design->runs);
    *met = true;
    for (size_t i = 0; i < rule->count && *met; i++) {
        Expect target = rule->targets[i];
        uint32_t runs;
        if (!store_columns(store, point, target.metric, 1, column, NULL, &runs, problem))
            return false;
        target.metric = 0; /* of a matrix of one column */
        *met = !(precision_of(&target, column, runs, 1) > rule->relative);
    }
    return true;
}

/* A pure function of the point's own results, whenever and by whomever they were made. */
static bool settle_point(Store *store, uint32_t p, char **problem)
{
    const Design *design = store->design;
    StorePoint *point = &store->point[p];
    PrecisionRule rule = {.max_runs = design->runs};
    if (design->precision > 0)
        precise_point_rule(design, &design->point[p], &rule);
    bool good = true;
    if (point->look == 0)
        point->look = design->precision > 0 ? rule.min_runs : design->runs;
    while (good && !point->whole && (point->missing = count_missing(store, p)) == 0) {
        bool mine =
            design->precision == 0 || design_has(design, (uint64_t)p * design_blocks(design));
        if (design->precision > 0 && mine)
            good = look(store, p, &rule, &point->precise, problem);
        if (good && (!mine || point->precise || point->look == design->runs)) {
            point->whole = true;
            store->whole++;
        } else if (good) {
            point->look = precision_next(&rule, point->look);
        }
    }
    precise_clear(&rule);
    return good;
}

bool store_settle(Store *store, char **problem)
{
    for (uint32_t p = 0; p < store->design->point_count; p++)
        if (!settle_point(store, p, problem))
            return false;
    return true;
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
    store->runs += record->count;
    return --store->point[record->point].missing > 0 || settle_point(store, record->point, problem);
}

bool store_sync(Store *store, char **problem)
{
    return journal_sync(store->journals->pdata[0], problem);
}

static void scatter(UnitRecord *record, const Store *store, size_t first, size_t count, uint32_t at,
                    uint32_t length, double *columns)
{
    for (uint32_t i = 0; i < length; i++) {
        const double *row = unit_row(record, i) + first;
        for (size_t m = 0; m < count; m++)
            columns[m * store->design->runs + at + i] = row[m];
    }
}

bool store_columns(const Store *store, uint32_t point, size_t first, size_t count, double *columns,
                   uint64_t *fingerprints, uint32_t *runs, char **problem)
{
    const Design *design = store->design;
    const uint32_t wanted = store->point[point].look;
    uint64_t begin = (uint64_t)point * design_blocks(design);
    *runs = 0;
    for (uint64_t unit = begin; unit < begin + store_blocks(store, point); unit++) {
        if (!store_has(store, unit))
            continue;
        g_autofree UnitRecord *record = unit_new(design, unit);
        const Journal *journal = store->journals->pdata[store->from[unit]];
        if (!journal_read(journal, store->place[unit], record, unit_bytes(record), problem))
            return false;
        /* The last block may reach beyond the last look. */
        uint32_t length = MIN(record->count, wanted - record->first);
        scatter(record, store, first, count, *runs, length, columns);
        if (fingerprints != NULL)
            memcpy(fingerprints + *runs, unit_fingerprints(record), length * sizeof *fingerprints);
        *runs += length;
    }
    return true;
}
