/* The producer's transactions: which records belong to which, and how each ends. */
#include "models/producer_parts.h"
#include "sim/check.h"

static const SimTime INIT_AGAIN_AFTER = SIM_SEC;
static const uint32_t IDS_MAX = UINT16_MAX - 1; /* as a message can name them */

/* ---- the pool ---- */

static PoolSlot *slot_by_number(const Pool *pool, uint32_t number)
{
    uint32_t place = number - pool->base;
    return place < pool->slots->len ? g_ptr_array_index(pool->slots, place) : NULL;
}

static PoolSlot *slot_new(Pool *pool)
{
    PoolSlot *slot = g_new0(PoolSlot, 1);
    SIM_CHECK(pool->base + pool->slots->len < IDS_MAX);
    slot->number = pool->base + pool->slots->len;
    slot->settled = g_array_new(FALSE, FALSE, sizeof(Settled));
    g_ptr_array_add(pool->slots, slot);
    return slot;
}

static void slot_destroy(gpointer data)
{
    PoolSlot *slot = data;
    g_array_unref(slot->settled);
    g_free(slot);
}

static void timer(Producer *producer, const PoolSlot *slot, SimTime delay, uint16_t kind)
{
    sim_after(producer->world->sim, delay, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = producer->id,
                         .kind = kind,
                         .subject = slot->number,
                         .value = slot->tries,
                         .extra = slot->serial});
}

static PoolSlot *slot_of_timer(const Producer *producer, const SimEvent *event)
{
    PoolSlot *slot = slot_by_number(producer->pool, (uint32_t)event->subject);
    return slot && slot->serial == event->extra ? slot : NULL;
}

static void begin(Producer *producer)
{
    Pool *pool = producer->pool;
    guint free_slots = pool->free_slots->len;
    PoolSlot *slot;
    if (free_slots > 0) {
        slot = slot_by_number(pool, g_array_index(pool->free_slots, uint32_t, free_slots - 1));
        g_array_set_size(pool->free_slots, free_slots - 1);
    } else {
        slot = slot_new(pool);
    }
    slot->state = POOL_OPEN;
    slot->joined = 0;
    slot->failed = false;
    slot->tries = 0;
    pool->open = slot;
    if (producer->config->transaction_records > 1)
        timer(producer, slot, producer->config->transaction_interval, PRODUCER_TXN_CLOSE);
}

static void leave(Pool *pool, PoolSlot *slot)
{
    g_array_set_size(slot->settled, 0);
    slot->state = POOL_FREE;
    slot->serial++;
    g_array_append_val(pool->free_slots, slot->number);
}

/* ---- ending ---- */

static void ask(Producer *producer, uint64_t name, int64_t end)
{
    sim_link_send(producer->to_kafka, (SimEvent){.component = producer->coordinator,
                                                 .kind = MSG_END_TXN,
                                                 .subject = name,
                                                 .value = end});
}

static void ask_to_end(Producer *producer, PoolSlot *slot)
{
    slot->tries++;
    ask(producer, txn_name(slot->number, slot->serial), slot->failed ? TXN_ABORT : TXN_COMMIT);
    timer(producer, slot, producer->config->request_timeout, PRODUCER_TXN_AGAIN);
}

static void end_if_settled(Producer *producer, PoolSlot *slot)
{
    if (slot->state != POOL_CLOSED || slot->settled->len < slot->joined)
        return;
    slot->state = POOL_ENDING;
    slot->ends_at = sim_now(producer->world->sim);
    ask_to_end(producer, slot);
}

static void close_slot(Producer *producer, PoolSlot *slot)
{
    slot->state = POOL_CLOSED;
    producer->pool->open = NULL;
    producer_flush(producer);
    end_if_settled(producer, slot);
}

/* The callers hear, and the id may be used again. */
static void finish(Producer *producer, PoolSlot *slot, Status status)
{
    World *world = producer->world;
    for (guint i = 0; i < slot->settled->len; i++) {
        const Settled *settled = &g_array_index(slot->settled, Settled, i);
        if (status == STATUS_REFUSED)
            story_payment(world->story, world->ledger, settled->payment, sim_now(world->sim),
                          "its event's transaction is aborted");
        producer_tell(producer, settled->payment, settled->request, status);
    }
    leave(producer->pool, slot);
}

void producer_on_txn_ended(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Producer *producer = self;
    uint32_t number = (uint32_t)(event->subject >> 32);
    PoolSlot *slot = slot_by_number(producer->pool, number);
    if (number == IDS_MAX) { /* initTransactions */
        producer->pool->initialising = producer->pool->initialising && event->tag != 0;
        return;
    }
    if (!slot || slot->state != POOL_ENDING ||
        slot->serial % TXN_SERIALS != (uint32_t)event->subject)
        return;
    if (event->tag != 0) {
        timer(producer, slot, producer_backoff(producer, slot->tries), PRODUCER_TXN_AGAIN);
        return;
    }
    bool committed = event->value == STATUS_OK && !slot->failed;
    finish(producer, slot, committed ? STATUS_OK : STATUS_REFUSED);
}

/* One that is to be aborted will be, if by nobody else then by the coordinator. */
void producer_on_txn_again(Sim *sim, void *self, const SimEvent *event)
{
    Producer *producer = self;
    PoolSlot *slot = slot_of_timer(producer, event);
    if (!slot || slot->state != POOL_ENDING || slot->tries != (uint64_t)event->value)
        return;
    if (sim_now(sim) - slot->ends_at >= producer->config->max_block)
        finish(producer, slot, slot->failed ? STATUS_REFUSED : STATUS_ERROR);
    else
        ask_to_end(producer, slot);
}

void producer_on_txn_close(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Producer *producer = self;
    PoolSlot *slot = slot_of_timer(producer, event);
    if (slot && slot->state == POOL_OPEN)
        close_slot(producer, slot);
}

/* ---- records ---- */

void producer_join(Producer *producer, Item *item)
{
    if (!producer->pool->open)
        begin(producer);
    PoolSlot *slot = producer->pool->open;
    slot->joined++;
    item->slot = slot->number;
    item->serial = slot->serial;
}

void producer_joined(Producer *producer)
{
    PoolSlot *slot = producer->pool->open;
    if (slot && slot->joined >= producer->config->transaction_records)
        close_slot(producer, slot);
}

void producer_settled(Producer *producer, const Item *item, Status status)
{
    PoolSlot *slot = slot_by_number(producer->pool, item->slot);
    Settled settled = {.payment = item->payment, .request = item->request};
    SIM_CHECK(slot && slot->serial == item->serial);
    g_array_append_val(slot->settled, settled);
    slot->failed = slot->failed || status != STATUS_OK;
    if (slot->failed && slot->state == POOL_OPEN) /* nothing more can come of it */
        close_slot(producer, slot);
    else
        end_if_settled(producer, slot);
}

/* ---- the process ---- */

void producer_pool_down(Producer *producer)
{
    Pool *pool = producer->pool;
    pool->open = NULL;
    pool->initialising = false;
    g_array_set_size(pool->free_slots, 0);
    for (guint i = 0; i < pool->slots->len; i++) {
        PoolSlot *slot = g_ptr_array_index(pool->slots, i);
        for (guint s = 0; s < slot->settled->len; s++)
            ledger_release(producer->world->ledger,
                           g_array_index(slot->settled, Settled, s).payment);
        leave(pool, slot);
    }
    if (producer->config->ids == PRODUCER_IDS_STABLE)
        return;
    uint32_t used = pool->base + pool->slots->len;
    pool->base = used < IDS_MAX / 2 ? used : 0; /* the old ones are long forgotten */
    g_array_set_size(pool->free_slots, 0);
    g_ptr_array_set_size(pool->slots, 0);
}

static void init(Producer *producer)
{
    ask(producer, txn_name(IDS_MAX, 0), txn_init(producer->pool->up_at));
    sim_after(producer->world->sim, INIT_AGAIN_AFTER, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = producer->id, .kind = PRODUCER_INIT_AGAIN});
}

void producer_pool_up(Producer *producer)
{
    if (producer->config->ids == PRODUCER_IDS_NEW)
        return;
    producer->pool->initialising = true;
    producer->pool->up_at = sim_now(producer->world->sim);
    init(producer);
}

void producer_on_init_again(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Producer *producer = self;
    if (producer->pool->initialising)
        init(producer);
}

/* ---- making ---- */

void producer_make_pool(Producer *producer)
{
    producer->pool = g_new0(Pool, 1);
    producer->pool->slots = g_ptr_array_new_with_free_func(slot_destroy);
    producer->pool->free_slots = g_array_new(FALSE, FALSE, sizeof(uint32_t));
}

void producer_free_pool(Producer *producer)
{
    if (!producer->pool)
        return;
    g_ptr_array_unref(producer->pool->slots);
    g_array_unref(producer->pool->free_slots);
    g_free(producer->pool);
}
