#include "models/log.h"

#include "sim/check.h"

void log_clear(Log *log)
{
    g_free(log->ring);
    *log = (Log){0};
}

static void grow(Log *log)
{
    size_t capacity = log->capacity ? 2 * log->capacity : 64;
    PaymentRef *ring = g_new(PaymentRef, capacity);
    for (int64_t o = log->base; o < log->end; o++)
        ring[(size_t)o & (capacity - 1)] = log_at(log, o);
    g_free(log->ring);
    log->ring = ring;
    log->capacity = capacity;
}

int64_t log_append(Log *log, PaymentRef payment)
{
    if ((size_t)(log->end - log->base) == log->capacity)
        grow(log);
    log->ring[(size_t)log->end & (log->capacity - 1)] = payment;
    return log->end++;
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
