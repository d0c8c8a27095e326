#include "models/log.h"

#include "sim/check.h"

void log_clear(Log *log)
{
    g_free(log->ring);
    g_free(log->flags);
    *log = (Log){0};
}

static void grow_flags(Log *log, size_t capacity)
{
    uint8_t *flags = g_new0(uint8_t, capacity);
    for (int64_t o = log->base; log->flags && o < log->end; o++)
        flags[(size_t)o & (capacity - 1)] = log_flags(log, o);
    g_free(log->flags);
    log->flags = flags;
}

static void grow(Log *log)
{
    size_t capacity = log->capacity ? 2 * log->capacity : 64;
    PaymentRef *ring = g_new(PaymentRef, capacity);
    for (int64_t o = log->base; o < log->end; o++)
        ring[(size_t)o & (capacity - 1)] = log_at(log, o);
    if (log->marked)
        grow_flags(log, capacity);
    g_free(log->ring);
    log->ring = ring;
    log->capacity = capacity;
}

int64_t log_append_flagged(Log *log, PaymentRef payment, uint8_t flags)
{
    if ((size_t)(log->end - log->base) == log->capacity)
        grow(log);
    size_t place = (size_t)log->end & (log->capacity - 1);
    log->ring[place] = payment;
    if (log->marked)
        log->flags[place] = flags;
    return log->end++;
}

int64_t log_append(Log *log, PaymentRef payment)
{
    return log_append_flagged(log, payment, 0);
}

void log_set_flags(Log *log, int64_t offset, uint8_t flags)
{
    SIM_CHECK(log->marked && offset >= log->base && offset < log->end);
    log->flags[(size_t)offset & (log->capacity - 1)] = flags;
}

static void forget(const Log *log, int64_t offset, Ledger *ledger)
{
    PaymentRef payment = log_at(log, offset);
    if (payment != PAYMENT_NONE)
        ledger_release(ledger, payment);
}

void log_trim(Log *log, int64_t offset, Ledger *ledger)
{
    SIM_CHECK(offset <= log->high_watermark);
    for (; log->base < offset; log->base++)
        forget(log, log->base, ledger);
}

void log_cut(Log *log, int64_t offset, Ledger *ledger)
{
    SIM_CHECK(offset >= log->base);
    for (int64_t o = offset; o < log->end; o++)
        forget(log, o, ledger);
    log->end = MIN(log->end, offset);
    log->high_watermark = MIN(log->high_watermark, offset);
}
