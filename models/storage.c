#include "models/storage.h"

#include <glib.h>

Storage *storage_new(uint32_t region, uint32_t partitions, uint32_t groups)
{
    Storage *storage = g_new0(Storage, 1);
    storage->region = region;
    storage->partitions = partitions;
    storage->groups = groups;
    storage->log = g_new0(Log, partitions);
    storage->copied = g_new0(int64_t, partitions);
    storage->offline = g_new0(bool, partitions);
    storage->visible = g_new0(int64_t, partitions);
    storage->cut_to = g_new0(int64_t, partitions);
    storage->cut_number = g_new0(uint32_t, partitions);
    storage->keep = g_new(int64_t, partitions);
    for (uint32_t p = 0; p < partitions; p++)
        storage->keep[p] = INT64_MAX;
    for (uint32_t g = 0; g < groups; g++) {
        storage->committed[g] = g_new(int64_t, partitions);
        for (uint32_t p = 0; p < partitions; p++)
            storage->committed[g][p] = OFFSET_NONE;
    }
    return storage;
}

Storage *storage_new_copies(const Storage *own)
{
    Storage *storage = storage_new(own->region, own->partitions, own->groups);
    storage->beside = own;
    g_free(storage->offline);
    storage->offline = own->offline;
    return storage;
}

void storage_free(Storage *storage)
{
    if (!storage)
        return;
    if (storage->beside)
        storage->offline = NULL;
    for (uint32_t p = 0; p < storage->partitions; p++)
        log_clear(&storage->log[p]);
    for (uint32_t g = 0; g < storage->groups; g++)
        g_free(storage->committed[g]);
    g_free(storage->log);
    g_free(storage->copied);
    g_free(storage->pin);
    g_free(storage->first_open);
    g_free(storage->offline);
    g_free(storage->visible);
    g_free(storage->keep);
    g_free(storage->cut_to);
    g_free(storage->cut_number);
    g_free(storage);
}

void storage_pin(Storage *storage)
{
    storage->pin = g_new0(int64_t, storage->partitions);
}

void storage_mark_copies(Storage *storage, bool follow)
{
    storage->pin_follows = follow;
    for (uint32_t p = 0; p < storage->partitions; p++)
        storage->log[p].marked = true;
}

void storage_transact(Storage *storage)
{
    storage->first_open = g_new(int64_t, storage->partitions);
    for (uint32_t p = 0; p < storage->partitions; p++) {
        storage->log[p].marked = true;
        storage->first_open[p] = INT64_MAX;
    }
}

void storage_note_leak(Storage *storage, uint32_t partition, int64_t offset)
{
    Log *log = &storage->log[partition];
    uint8_t flags = log_flags(log, offset);
    if (!(flags & (LOG_UNDECIDED | LOG_ABORTED)) || flags & LOG_LEAKED)
        return;
    storage->leaked++;
    log_set_flags(log, offset, flags | LOG_LEAKED);
}

static void show(Storage *storage, uint32_t partition)
{
    storage->visible[partition] =
        storage->offline[partition] ? 0 : storage->log[partition].high_watermark;
}

void storage_set_offline(Storage *storage, uint32_t partition, bool offline)
{
    storage->offline[partition] = offline;
    show(storage, partition);
}

int64_t storage_commit(Storage *storage, uint32_t partition, int64_t offset, Ledger *ledger)
{
    Log *log = &storage->log[partition];
    int64_t before = log->high_watermark;
    for (; log->high_watermark < offset; log->high_watermark++)
        if (!(log_flags(log, log->high_watermark) & LOG_NO_EVENT))
            ledger_event(ledger, log_at(log, log->high_watermark), storage->region);
    show(storage, partition);
    return log->high_watermark - before;
}

int64_t storage_cut(Storage *storage, uint32_t partition, int64_t offset, Ledger *ledger)
{
    Log *log = &storage->log[partition];
    int64_t lost = MAX(log->high_watermark - offset, 0);
    for (int64_t o = offset; o < log->high_watermark; o++)
        if (!(log_flags(log, o) & LOG_NO_EVENT))
            ledger_event_lost(ledger, log_at(log, o), storage->region);
    log_cut(log, offset, ledger);
    show(storage, partition);
    storage->copied[partition] = MIN(storage->copied[partition], log->end);
    if (lost > 0) {
        storage->cut_number[partition] = ++storage->cuts;
        storage->cut_to[partition] = offset;
    }
    return lost;
}

/* The first offset that a mirror, or a consumer that restarts, could still ask for. */
static int64_t first_needed(const Storage *storage, uint32_t partition)
{
    int64_t needed = MIN(storage->log[partition].high_watermark, storage->keep[partition]);
    if (storage->first_open)
        needed = MIN(needed, storage->first_open[partition]);
    if (storage->pin)
        needed = MIN(needed, storage->pin[partition]);
    for (uint32_t g = 0; storage->consumed_here && g < storage->groups; g++)
        needed = MIN(needed, MAX(storage->committed[g][partition], 0));
    return needed;
}

static bool is_settled(const Storage *storage, const Log *log, int64_t offset, const Ledger *ledger)
{
    return log_flags(log, offset) & LOG_MARKER ||
           ledger_effects_done(ledger, log_at(log, offset), storage->groups);
}

/* Where the groups run, what all of them have committed is never read again. Elsewhere nothing is
 * committed yet: there a record is settled once every group has acted on it in the other region,
 * and a replay of it is counted without its payment (models/consumers). */
void storage_trim(Storage *storage, uint32_t partition, Ledger *ledger)
{
    Log *log = &storage->log[partition];
    int64_t needed = first_needed(storage, partition);
    int64_t offset = storage->consumed_here ? MAX(needed, log->base) : log->base;
    while (offset < needed && is_settled(storage, log, offset, ledger))
        offset++;
    log_trim(log, offset, ledger);
}

void storage_copied(Storage *storage, uint32_t partition, Ledger *ledger)
{
    int64_t end = storage->log[partition].end;
    storage->copied[partition] = end;
    if (storage->pin_follows)
        storage->pin[partition] = end;
    storage_commit(storage, partition, end, ledger);
    storage_trim(storage, partition, ledger);
}
