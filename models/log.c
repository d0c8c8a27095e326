#include "models/log.h"

#include "sim/check.h"

void log_clear(Log *log)
{
    g_free(log->ring);
    g_free(log->copied);
    *log = (Log){0};
}

static void grow_marks(Log *log, size_t capacity)
{
    uint8_t *copied = g_new0(uint8_t, capacity);
    for (int64_t o = log->base; log->copied && o < log->end; o++)
        copied[(size_t)o & (capacity - 1)] = log_is_copy(log, o);
    g_free(log->copied);
    log->copied = copied;
}

static void grow(Log *log)
{
    size_t capacity = log->capacity ? 2 * log->capacity : 64;
    PaymentRef *ring = g_new(PaymentRef, capacity);
    for (int64_t o = log->base; o < log->end; o++)
        ring[(size_t)o & (capacity - 1)] = log_at(log, o);
    if (log->marks_copies)
        grow_marks(log, capacity);
    g_free(log->ring);
    log->ring = ring;
    log->capacity = capacity;
}

static int64_t append(Log *log, PaymentRef payment, bool copy)
{
    if ((size_t)(log->end - log->base) == log->capacity)
        grow(log);
    size_t place = (size_t)log->end & (log->capacity - 1);
    log->ring[place] = payment;
    if (log->marks_copies)
        log->copied[place] = copy;
    return log->end++;
}

int64_t log_append(Log *log, PaymentRef payment)
{
    return append(log, payment, false);
}

int64_t log_append_copy(Log *log, PaymentRef payment)
{
    return append(log, payment, true);
}

bool log_is_copy(const Log *log, int64_t offset)
{
    SIM_CHECK(offset >= log->base && offset < log->end);
    return log->marks_copies && log->copied[(size_t)offset & (log->capacity - 1)];
}

PaymentRef log_at(const Log *log, int64_t offset)
{
    SIM_CHECK(offset >= log->base && offset < log->end);
    return log->ring[(size_t)offset & (log->capacity - 1)];
}

void log_trim(Log *log, int64_t offset, Ledger *ledger)
{
    SIM_CHECK(offset <= log->high_watermark);
    for (; log->base < offset; log->base++)
        ledger_release(ledger, log_at(log, log->base));
}

void log_cut(Log *log, int64_t offset, Ledger *ledger)
{
    SIM_CHECK(offset >= log->base);
    for (int64_t o = offset; o < log->end; o++)
        ledger_release(ledger, log_at(log, o));
    log->end = MIN(log->end, offset);
    log->high_watermark = MIN(log->high_watermark, offset);
}
