#include "models/producer_parts.h"

#include "sim/check.h"

static Item *item_at(const Batch *batch, guint i)
{
    return &g_array_index(batch->items, Item, i);
}

/* How the cluster names a record in its answer: place, slot, and enough of the serial. */
static uint32_t handle_of(const Batch *batch, guint place)
{
    return (batch->slot << 16) | (batch->serial & 0xff) << 8 | place;
}

static void timer(Producer *producer, const Batch *batch, SimTime delay, uint16_t kind)
{
    sim_after(producer->world->sim, delay, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = producer->id,
                         .kind = kind,
                         .subject = batch->slot,
                         .value = batch->tries,
                         .extra = batch->serial});
}

/* ---- batches ---- */

static Batch *batch_new(Producer *producer, uint32_t partition)
{
    Batch *batch;
    if (producer->free_slots->len > 0) {
        guint last = producer->free_slots->len - 1;
        batch = g_ptr_array_index(producer->batches,
                                  g_array_index(producer->free_slots, uint32_t, last));
        g_array_set_size(producer->free_slots, last);
    } else {
        SIM_CHECK(producer->batches->len < UINT16_MAX);
        batch = g_new0(Batch, 1);
        batch->slot = producer->batches->len;
        batch->items = g_array_new(FALSE, FALSE, sizeof(Item));
        g_ptr_array_add(producer->batches, batch);
    }
    batch->state = BATCH_OPEN;
    batch->partition = partition;
    batch->answered = batch->unanswered = 0;
    batch->unsure = batch->failed = batch->gap = false;
    batch->tries = 0;
    g_queue_push_tail(&producer->queue[partition], batch);
    timer(producer, batch, producer->config->delivery_timeout, PRODUCER_GIVE_UP);
    return batch;
}

static void batch_free(Producer *producer, Batch *batch)
{
    g_queue_remove(&producer->queue[batch->partition], batch);
    producer->records -= batch->items->len;
    g_array_set_size(batch->items, 0);
    batch->state = BATCH_FREE;
    batch->serial++;
    g_array_append_val(producer->free_slots, batch->slot);
}

/* ---- answers to the client ---- */

void producer_tell(Producer *producer, PaymentRef payment, uint32_t request, Status status)
{
    sim_link_send(
        producer->to_client,
        (SimEvent){.kind = MSG_PRODUCED, .subject = payment, .value = status, .extra = request});
}

static void settle(Producer *producer, Batch *batch, guint i, Status status)
{
    Item *item = item_at(batch, i);
    item->answered = true;
    batch->answered++;
    batch->gap = batch->gap || status != STATUS_OK;
    if (item->slot != PRODUCER_NO_SLOT)
        producer_settled(producer, item, status);
    else
        producer_tell(producer, item->payment, item->request, status);
}

/* ---- sending ---- */

/* Numbers are given out in the order of sending. */
static void number(Producer *producer, uint32_t partition, Item *item)
{
    uint32_t session = producer->session[partition];
    if (item->sequence == 0 ||
        (producer->idempotent && producer_session(item->sequence) != session))
        item->sequence = producer_sequence(session, producer->next[partition]++);
}

static void send_batch(Producer *producer, Batch *batch)
{
    batch->state = BATCH_SENT;
    batch->tries++;
    batch->failed = false;
    batch->unanswered = 0;
    for (guint i = 0; i < batch->items->len; i++) {
        Item *item = item_at(batch, i);
        if (item->answered)
            continue;
        number(producer, batch->partition, item);
        ledger_hold(producer->world->ledger, item->payment);
        batch->unanswered++;
        bool member = item->slot != PRODUCER_NO_SLOT;
        int64_t value =
            member ? producer_in_transaction(item->sequence, item->serial) : item->sequence;
        sim_link_send(producer->to_kafka,
                      (SimEvent){.kind = MSG_PRODUCE,
                                 .subject = item->payment,
                                 .value = value,
                                 .sender = (SimComponent)(member ? item->slot + 1 : 0),
                                 .tag = (uint16_t)batch->partition,
                                 .extra = producer->answers ? handle_of(batch, i) : NO_REQUEST});
    }
    if (producer->answers)
        timer(producer, batch, producer->config->request_timeout, PRODUCER_NO_ANSWER);
}

/* acks 0: what was sent counts as done. */
static void forget_sent(Producer *producer, Batch *batch)
{
    for (guint i = 0; i < batch->items->len; i++)
        settle(producer, batch, i, STATUS_OK);
    batch_free(producer, batch);
}

/* In order: nothing is sent before what was queued earlier, and one batch at a time where order
 * depends on it. */
static void pump(Producer *producer, uint32_t partition)
{
    int64_t in_flight = 0;
    GList *next;
    for (GList *link = producer->queue[partition].head; link; link = next) {
        Batch *batch = link->data;
        next = link->next;
        if (in_flight >= producer->config->max_in_flight || batch->state == BATCH_OPEN)
            return;
        if (batch->state == BATCH_BACKING_OFF)
            return; /* it is at the front again, and holds up those not yet sent */
        in_flight++;
        if (batch->state != BATCH_QUEUED)
            continue;
        send_batch(producer, batch);
        if (!producer->answers)
            forget_sent(producer, batch);
    }
}

static void close_batch(Producer *producer, Batch *batch)
{
    batch->state = BATCH_QUEUED;
    pump(producer, batch->partition);
}

void producer_flush(Producer *producer)
{
    for (uint32_t p = 0; producer->config->linger > 0 && p < producer->partitions; p++) {
        Batch *last = g_queue_peek_tail(&producer->queue[p]);
        if (last && last->state == BATCH_OPEN)
            close_batch(producer, last);
    }
}

/* ---- records ---- */

static void gather(Producer *producer, const SimEvent *event)
{
    const ProducerConfig *config = producer->config;
    uint32_t partition = event->tag;
    Batch *batch = g_queue_peek_tail(&producer->queue[partition]);
    bool joins = batch && (batch->state == BATCH_OPEN || batch->state == BATCH_QUEUED) &&
                 batch->tries == 0 && batch->items->len < config->batch_records;
    if (!joins)
        batch = batch_new(producer, partition);
    Item item = {.payment = event->subject, .request = event->extra, .slot = PRODUCER_NO_SLOT};
    if (producer->pool)
        producer_join(producer, &item);
    g_array_append_val(batch->items, item);
    producer->records++;
    if (batch->state == BATCH_OPEN) {
        if (config->linger == 0 || batch->items->len == config->batch_records)
            close_batch(producer, batch);
        else if (!joins)
            timer(producer, batch, config->linger, PRODUCER_SEND);
    }
    if (producer->pool)
        producer_joined(producer);
}

static void on_produce(Sim *sim, void *self, const SimEvent *event)
{
    Producer *producer = self;
    if (producer->records < producer->config->buffer_records && producer->blocked.length == 0) {
        gather(producer, event);
        return;
    }
    Blocked *blocked = g_new(Blocked, 1);
    *blocked = (Blocked){.event = *event, .ticket = producer->tickets++};
    g_queue_push_tail(&producer->blocked, blocked);
    sim_after(sim, producer->config->max_block, SIM_PHASE_TIMEOUT,
              (SimEvent){
                  .component = producer->id, .kind = PRODUCER_NO_ROOM, .subject = blocked->ticket});
}

static void take_blocked(Producer *producer)
{
    while (producer->blocked.length > 0 && producer->records < producer->config->buffer_records) {
        Blocked *blocked = g_queue_pop_head(&producer->blocked);
        gather(producer, &blocked->event);
        g_free(blocked);
    }
}

/* Tickets wait in order, and each as long as the others. */
static void on_no_room(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Producer *producer = self;
    Blocked *first = g_queue_peek_head(&producer->blocked);
    if (!first || first->ticket != event->subject)
        return;
    g_queue_pop_head(&producer->blocked);
    producer_tell(producer, first->event.subject, first->event.extra, STATUS_REFUSED);
    g_free(first);
}

/* ---- outcomes ---- */

static Batch *batch_of(const Producer *producer, const SimEvent *event)
{
    Batch *batch = g_ptr_array_index(producer->batches, event->subject);
    return batch->serial == event->extra ? batch : NULL;
}

/* Numbers lost with a batch are a gap that the cluster would never let pass: begin anew. What is
 * sent again from now on is numbered again, and no longer recognised. */
static void new_session(Producer *producer, uint32_t partition)
{
    producer->session[partition]++;
    producer->next[partition] = 1;
}

static void finish(Producer *producer, Batch *batch)
{
    uint32_t partition = batch->partition;
    Status status = batch->unsure ? STATUS_ERROR : STATUS_REFUSED;
    for (guint i = 0; i < batch->items->len; i++)
        if (!item_at(batch, i)->answered)
            settle(producer, batch, i, status);
    bool gap = batch->gap;
    batch_free(producer, batch);
    if (gap && producer->idempotent)
        new_session(producer, partition);
    take_blocked(producer);
    pump(producer, partition);
}

/* 100 ms, 200 ms, … up to a second, a fifth more or less. */
SimTime producer_backoff(Producer *producer, int64_t tries)
{
    const ProducerConfig *config = producer->config;
    double wait = (double)config->backoff;
    for (int64_t i = 1; i < tries && wait < (double)config->backoff_max; i++)
        wait *= 2;
    double jitter = 0.8 + 0.4 * random_uniform(&producer->jitter_draws);
    return (SimTime)(MIN(wait, (double)config->backoff_max) * jitter);
}

static void try_again(Producer *producer, Batch *batch)
{
    if (batch->tries > producer->config->retries) {
        finish(producer, batch);
        return;
    }
    batch->state = BATCH_BACKING_OFF;
    timer(producer, batch, producer_backoff(producer, batch->tries), PRODUCER_AGAIN);
}

static void on_produced(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Producer *producer = self;
    guint place = event->extra & 0xff;
    Batch *batch = g_ptr_array_index(producer->batches, event->extra >> 16);
    Status status = (Status)event->value;
    ledger_release(producer->world->ledger, event->subject);
    if (batch->state == BATCH_FREE || place >= batch->items->len ||
        handle_of(batch, place) != event->extra)
        return;
    Item *item = item_at(batch, place);
    if (item->payment != event->subject || item->answered)
        return;
    bool done = status == STATUS_OK, retriable = event->tag != 0;
    if (status == STATUS_ERROR)
        batch->unsure = true;
    if (done || !retriable)
        settle(producer, batch, place, status);
    else
        batch->failed = true;
    if (batch->state != BATCH_SENT || --batch->unanswered > 0)
        return;
    if (batch->failed)
        try_again(producer, batch);
    else
        finish(producer, batch);
}

static void on_send(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Batch *batch = batch_of(self, event);
    if (batch && batch->state == BATCH_OPEN)
        close_batch(self, batch);
}

static void on_again(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Producer *producer = self;
    Batch *batch = batch_of(producer, event);
    if (!batch || batch->state != BATCH_BACKING_OFF)
        return;
    batch->state = BATCH_QUEUED;
    pump(producer, batch->partition);
}

static void on_no_answer(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Producer *producer = self;
    Batch *batch = batch_of(producer, event);
    if (!batch || batch->state != BATCH_SENT || batch->tries != event->value)
        return;
    batch->unsure = true;
    try_again(producer, batch);
}

static void on_give_up(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Producer *producer = self;
    Batch *batch = batch_of(producer, event);
    if (!batch)
        return;
    batch->unsure = batch->unsure || batch->state == BATCH_SENT;
    finish(producer, batch);
}

/* ---- faults ---- */

static void on_down(Sim *sim, void *self)
{
    (void)sim;
    Producer *producer = self;
    Ledger *ledger = producer->world->ledger;
    for (guint b = 0; b < producer->batches->len; b++) {
        Batch *batch = g_ptr_array_index(producer->batches, b);
        if (batch->state == BATCH_FREE)
            continue;
        for (guint i = 0; i < batch->items->len; i++)
            if (!item_at(batch, i)->answered)
                ledger_release(ledger, item_at(batch, i)->payment);
        batch_free(producer, batch);
    }
    for (Blocked *blocked; (blocked = g_queue_pop_head(&producer->blocked)); g_free(blocked))
        ledger_release(ledger, blocked->event.subject);
    if (producer->pool)
        producer_pool_down(producer);
    for (uint32_t p = 0; p < producer->partitions; p++)
        new_session(producer, p);
}

static void on_up(Sim *sim, void *self)
{
    (void)sim;
    Producer *producer = self;
    if (producer->pool)
        producer_pool_up(producer);
}

/* A message that found the process dead, or a batch's own timer. */
static void on_dropped(Sim *sim, void *self, const SimEvent *event)
{
    if (event->kind < MSG_KINDS)
        message_dropped(sim, self, event);
}

static const SimHandler handlers[PRODUCER_KINDS] = {
    [MSG_PRODUCE] = on_produce,
    [MSG_PRODUCED] = on_produced,
    [PRODUCER_SEND] = on_send,
    [PRODUCER_AGAIN] = on_again,
    [PRODUCER_NO_ANSWER] = on_no_answer,
    [PRODUCER_GIVE_UP] = on_give_up,
    [PRODUCER_NO_ROOM] = on_no_room,
    [MSG_TXN_ENDED] = producer_on_txn_ended,
    [PRODUCER_TXN_CLOSE] = producer_on_txn_close,
    [PRODUCER_TXN_AGAIN] = producer_on_txn_again,
    [PRODUCER_INIT_AGAIN] = producer_on_init_again,
};

static const SimType producer_type = {.name = "producer",
                                      .handlers = handlers,
                                      .handler_count = PRODUCER_KINDS,
                                      .dropped = on_dropped,
                                      .down = on_down,
                                      .up = on_up};

/* ---- making ---- */

bool producer_needed(const ProducerConfig *config)
{
    return config->retries > 0 || config->linger > 0 || config->transactional;
}

bool producer_idempotent(const ProducerConfig *config, const KafkaConfig *kafka)
{
    return config->idempotent && kafka->acks == ACKS_ALL && config->retries > 0 &&
           config->max_in_flight <= 5;
}

Producer *producer_new(World *world, const ProducerConfig *config, const KafkaConfig *kafka,
                       uint32_t region)
{
    Producer *producer = g_new0(Producer, 1);
    char *name = g_strdup_printf("%s.producer", region_role[region]);
    producer->world = world;
    producer->config = config;
    producer->idempotent = producer_idempotent(config, kafka);
    producer->answers = kafka->acks != ACKS_0;
    producer->partitions = (uint32_t)kafka->partitions;
    producer->id = sim_add(world->sim, &producer_type, producer, name);
    producer->batches = g_ptr_array_new();
    producer->free_slots = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    producer->queue = g_new0(GQueue, producer->partitions);
    producer->next = g_new(int64_t, producer->partitions);
    producer->session = g_new0(uint32_t, producer->partitions);
    for (uint32_t p = 0; p < producer->partitions; p++)
        new_session(producer, p);
    if (config->transactional)
        producer_make_pool(producer);
    producer->jitter_draws = world_stream(world, name, "backoff");
    g_free(name);
    return producer;
}

void producer_free(Producer *producer)
{
    if (!producer)
        return;
    producer_free_pool(producer);
    for (guint b = 0; b < producer->batches->len; b++) {
        Batch *batch = g_ptr_array_index(producer->batches, b);
        g_array_unref(batch->items);
        g_free(batch);
    }
    g_ptr_array_unref(producer->batches);
    g_array_unref(producer->free_slots);
    for (uint32_t p = 0; p < producer->partitions; p++)
        g_queue_clear(&producer->queue[p]);
    g_queue_clear_full(&producer->blocked, g_free);
    g_free(producer->queue);
    g_free(producer->next);
    g_free(producer->session);
    g_free(producer);
}

SimComponent producer_component(const Producer *producer)
{
    return producer->id;
}

void producer_coordinate(Producer *producer, SimComponent coordinator)
{
    producer->coordinator = coordinator;
}

void producer_connect(Producer *producer, SimLink *to_kafka, SimLink *to_client)
{
    producer->to_kafka = to_kafka;
    producer->to_client = to_client;
}
