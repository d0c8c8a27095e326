#include "models/outbox.h"

#include "sim/check.h"

typedef struct Row {
    PaymentRef payment; /* PAYMENT_NONE: it has not come */
    SimTime committed_at;
} Row;

struct Outbox {
    Ledger *ledger;
    bool from_log;
    SimTime keep, newest;
    GArray *rows; /* Row; [first, len) are kept */
    guint first;
    uint64_t base; /* position of rows[first] */
    uint64_t done;
    uint32_t generation;
};

Outbox *outbox_new(Ledger *ledger, bool from_log, SimTime keep)
{
    Outbox *outbox = g_new0(Outbox, 1);
    outbox->ledger = ledger;
    outbox->from_log = from_log;
    outbox->keep = keep;
    outbox->rows = g_array_new(FALSE, FALSE, sizeof(Row));
    return outbox;
}

void outbox_free(Outbox *outbox)
{
    if (!outbox)
        return;
    g_array_unref(outbox->rows);
    g_free(outbox);
}

static Row *row_at(const Outbox *outbox, uint64_t position)
{
    SIM_CHECK(position >= outbox->base && position < outbox_end(outbox));
    return &g_array_index(outbox->rows, Row, outbox->first + (guint)(position - outbox->base));
}

/* Rows move down now and then: amortised constant time, memory within twice what is kept. */
static void trim(Outbox *outbox)
{
    while (outbox->base < outbox->done) {
        const Row *row = row_at(outbox, outbox->base);
        if (row->committed_at + outbox->keep > outbox->newest)
            break;
        if (row->payment != PAYMENT_NONE)
            ledger_release(outbox->ledger, row->payment);
        outbox->base++;
        outbox->first++;
    }
    if (outbox->first > 64 && outbox->first > outbox->rows->len / 2) {
        g_array_remove_range(outbox->rows, 0, outbox->first);
        outbox->first = 0;
    }
}

/* A place at the end that no row has come to. */
static void add_gap(Outbox *outbox)
{
    Row gap = {.payment = PAYMENT_NONE};
    g_array_append_val(outbox->rows, gap);
}

void outbox_put(Outbox *outbox, uint64_t position, PaymentRef payment, SimTime committed_at)
{
    if (position < outbox->base) /* unordered streams: its mark was here before it */
        return;
    while (outbox_end(outbox) <= position)
        add_gap(outbox);
    Row *row = row_at(outbox, position);
    SIM_CHECK(row->payment == PAYMENT_NONE);
    ledger_hold(outbox->ledger, payment);
    *row = (Row){payment, committed_at};
    outbox->newest = MAX(outbox->newest, committed_at);
}

uint64_t outbox_add(Outbox *outbox, PaymentRef payment, SimTime committed_at)
{
    uint64_t position = outbox_end(outbox);
    outbox_put(outbox, position, payment, committed_at);
    return position;
}

void outbox_mark(Outbox *outbox, uint64_t done)
{
    while (outbox_end(outbox) < done)
        add_gap(outbox);
    outbox->done = MAX(outbox->done, done);
    trim(outbox);
}

void outbox_rewind(Outbox *outbox)
{
    outbox->done = outbox->base;
}

void outbox_copy(Outbox *outbox, const Outbox *from)
{
    for (uint64_t p = from->base; p < outbox_end(from); p++)
        if (row_at(from, p)->payment != PAYMENT_NONE)
            ledger_hold(outbox->ledger, row_at(from, p)->payment);
    for (uint64_t p = outbox->base; p < outbox_end(outbox); p++)
        if (row_at(outbox, p)->payment != PAYMENT_NONE)
            ledger_release(outbox->ledger, row_at(outbox, p)->payment);
    g_array_set_size(outbox->rows, 0);
    if (from->rows->len > from->first)
        g_array_append_vals(outbox->rows, &g_array_index(from->rows, Row, from->first),
                            from->rows->len - from->first);
    outbox->first = 0;
    outbox->base = from->base;
    outbox->done = from->done;
    outbox->newest = from->newest;
    outbox->generation++;
}

uint32_t outbox_generation(const Outbox *outbox)
{
    return outbox->generation;
}

bool outbox_from_log(const Outbox *outbox)
{
    return outbox->from_log;
}

uint64_t outbox_done(const Outbox *outbox)
{
    return outbox->done;
}

uint64_t outbox_end(const Outbox *outbox)
{
    return outbox->base + (outbox->rows->len - outbox->first);
}

PaymentRef outbox_payment(const Outbox *outbox, uint64_t position)
{
    if (position < outbox->base || position >= outbox_end(outbox))
        return PAYMENT_NONE;
    return row_at(outbox, position)->payment;
}

void outbox_note_waiting(const Outbox *outbox)
{
    for (uint64_t p = outbox->done; p < outbox_end(outbox); p++) {
        PaymentRef payment = outbox_payment(outbox, p);
        if (payment != PAYMENT_NONE)
            ledger_get(outbox->ledger, payment)->in_flight++;
    }
}
