#include "models/transactions.h"

#include "models/gray.h"
#include "sim/check.h"

static const SimTime CHECK_EVERY = 10 * SIM_SEC;
static const SimTime MARK_AGAIN_AFTER = 100 * SIM_MS; /* a partition without a leader */

enum { TXN_PREPARED = MSG_KINDS, TXN_MARK, TXN_CHECK, TXN_KINDS };

typedef enum TxnState { TXN_ONGOING, TXN_PREPARING, TXN_COMMITTED, TXN_ABORTED } TxnState;

typedef struct Txn {
    uint32_t slot, serial;
    TxnState state;
    bool asked; /* PREPARING: to commit? */
    SimTime began_at;
    guint parts; /* partitions whose marker is not visible */
} Txn;

/* A transaction in one partition. */
typedef struct Part {
    Txn *txn;
    uint64_t number;
    uint32_t partition;
    SimTime since;
    int64_t marker;  /* its offset; -1: not appended */
    bool settled;    /* the marker has been visible */
    GArray *records; /* int64_t: offsets, in order; never empty */
} Part;

/* A transactional.id. */
typedef struct Slot {
    Txn *current; /* not decided; NULL */
    uint32_t serial;
    bool used, decided, committed; /* decided: transaction `serial` */
} Slot;

struct Transactions {
    World *world;
    TransactionsSetup setup;
    SimComponent id;
    GArray *slots;   /* Slot */
    GPtrArray *all;  /* Txn*, not done */
    GQueue *parts;   /* by partition: Part*, by first record */
    uint64_t number; /* of the last part */
    bool checking;
    SimTime phase; /* of the checks */
    TransactionsFacts facts;
    RandomStream append_draws, replicate_draws;
};

static Slot *slot_at(Transactions *transactions, uint32_t slot)
{
    if (slot >= transactions->slots->len)
        g_array_set_size(transactions->slots, slot + 1); /* cleared */
    return &g_array_index(transactions->slots, Slot, slot);
}

static bool is_undecided(const Txn *txn)
{
    return txn->state == TXN_ONGOING || txn->state == TXN_PREPARING;
}

static SimTime draw(Transactions *transactions, const Dist *dist, RandomStream *draws)
{
    return gray_time(transactions->world, transactions->setup.cluster, dist_draw(dist, draws));
}

static bool cluster_is_up(const Transactions *transactions)
{
    return sim_is_up(transactions->world->sim, transactions->setup.cluster);
}

/* ---- parts ---- */

static int64_t first_of(const Part *part)
{
    return g_array_index(part->records, int64_t, 0);
}

static void note_first(Transactions *transactions, uint32_t p)
{
    const Part *head = g_queue_peek_head(&transactions->parts[p]);
    transactions->setup.storage->first_open[p] = head ? first_of(head) : INT64_MAX;
}

static void txn_done(Transactions *transactions, Txn *txn)
{
    if (txn->parts > 0 || is_undecided(txn))
        return;
    g_ptr_array_remove_fast(transactions->all, txn);
    g_free(txn);
}

static void part_free(Part *part)
{
    g_array_unref(part->records);
    g_free(part);
}

/* Its marker is visible, or nothing is left of it. */
static void part_over(Transactions *transactions, Part *part)
{
    Txn *txn = part->txn;
    part->txn = NULL;
    part->settled = true;
    txn->parts--;
    txn_done(transactions, txn);
}

static Part *part_of(Transactions *transactions, Txn *txn, uint32_t p)
{
    for (GList *link = transactions->parts[p].tail; link; link = link->prev)
        if (((Part *)link->data)->txn == txn)
            return link->data;
    Part *part = g_new0(Part, 1);
    part->txn = txn;
    part->number = ++transactions->number;
    part->partition = p;
    part->since = sim_now(transactions->world->sim);
    part->marker = -1;
    part->records = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_queue_push_tail(&transactions->parts[p], part);
    txn->parts++;
    return part;
}

/* Now it is known what its records are. */
static void settle(Transactions *transactions, Part *part)
{
    Storage *storage = transactions->setup.storage;
    Log *log = &storage->log[part->partition];
    bool commits = part->txn->state == TXN_COMMITTED;
    for (guint i = 0; i < part->records->len; i++) {
        int64_t offset = g_array_index(part->records, int64_t, i);
        unsigned flags = log_flags(log, offset) & (unsigned)~LOG_UNDECIDED;
        if (!commits) {
            log_set_flags(log, offset, (uint8_t)(flags | LOG_ABORTED));
            continue;
        }
        storage->leaked -= (flags & LOG_LEAKED) != 0;
        log_set_flags(log, offset, (uint8_t)(flags & (unsigned)~LOG_LEAKED));
        ledger_event(transactions->world->ledger, log_at(log, offset), storage->region);
    }
    SimTime stall = sim_now(transactions->world->sim) - part->since;
    transactions->facts.stall = MAX(transactions->facts.stall, stall);
    part_over(transactions, part);
}

void transactions_advance(Transactions *transactions, uint32_t p)
{
    GQueue *parts = &transactions->parts[p];
    int64_t high_watermark = transactions->setup.storage->log[p].high_watermark;
    for (GList *link = parts->head; link; link = link->next) {
        Part *part = link->data;
        if (!part->settled && part->marker >= 0 && part->marker < high_watermark)
            settle(transactions, part);
    }
    bool moved = false;
    for (Part *head; (head = g_queue_peek_head(parts)) && head->settled; moved = true)
        part_free(g_queue_pop_head(parts));
    note_first(transactions, p);
    if (moved)
        transactions->setup.stable_moved(transactions->setup.owner, p);
}

/* ---- markers ---- */

static void mark_later(Transactions *transactions, const Part *part, SimTime delay)
{
    sim_after(transactions->world->sim, delay, SIM_PHASE_MESSAGE,
              (SimEvent){.component = transactions->id,
                         .kind = TXN_MARK,
                         .tag = (uint16_t)part->partition,
                         .subject = part->number});
}

static void mark(Transactions *transactions, const Part *part)
{
    mark_later(transactions, part,
               draw(transactions, transactions->setup.append, &transactions->append_draws));
}

static Part *part_by_number(const Transactions *transactions, uint32_t p, uint64_t number)
{
    for (GList *link = transactions->parts[p].head; link; link = link->next)
        if (((Part *)link->data)->number == number)
            return link->data;
    return NULL;
}

static void on_mark(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Transactions *transactions = self;
    uint32_t p = event->tag;
    Part *part = part_by_number(transactions, p, event->subject);
    if (!part || part->settled || part->marker >= 0 || !cluster_is_up(transactions))
        return; /* a cluster that comes back goes on with it */
    if (transactions->setup.storage->offline[p])
        mark_later(transactions, part, MARK_AGAIN_AFTER);
    else
        part->marker = transactions->setup.append_marker(transactions->setup.owner, p);
}

/* ---- the decision ---- */

static void decide(Transactions *transactions, Txn *txn, bool commits)
{
    Slot *slot = slot_at(transactions, txn->slot);
    slot->current = NULL;
    slot->decided = true;
    slot->committed = commits;
    txn->state = commits ? TXN_COMMITTED : TXN_ABORTED;
    ++*(commits ? &transactions->facts.committed : &transactions->facts.aborted);
    for (uint32_t p = 0; p < transactions->setup.storage->partitions; p++)
        for (GList *link = transactions->parts[p].head; link; link = link->next)
            if (((Part *)link->data)->txn == txn)
                mark(transactions, link->data);
    txn_done(transactions, txn);
}

static void answer(Transactions *transactions, uint64_t name, Status status, bool again)
{
    sim_link_send(
        transactions->setup.answers,
        (SimEvent){.kind = MSG_TXN_ENDED, .subject = name, .value = status, .tag = again});
}

/* Of transaction `serial` that its slot has seen: is it this one, or one before? */
static bool is_newer(const Slot *slot, uint32_t serial)
{
    uint32_t ahead = (serial + TXN_SERIALS - slot->serial) % TXN_SERIALS;
    return !slot->used || (ahead > 0 && ahead < TXN_SERIALS / 2);
}

/* The same transactional.id goes on: what it had open is aborted. */
static Slot *begin(Transactions *transactions, uint32_t number, uint32_t serial)
{
    Slot *slot = slot_at(transactions, number);
    if (slot->current)
        decide(transactions, slot->current, false);
    *slot = (Slot){.used = true, .serial = serial};
    return slot;
}

static void prepare(Transactions *transactions, Txn *txn, bool commits)
{
    const TransactionsSetup *setup = &transactions->setup;
    Sim *sim = transactions->world->sim;
    txn->state = TXN_PREPARING;
    txn->asked = commits;
    SimTime takes = draw(transactions, setup->append, &transactions->append_draws) +
                    draw(transactions, setup->replicate, &transactions->replicate_draws);
    sim_after(sim, takes, SIM_PHASE_MESSAGE,
              (SimEvent){.component = transactions->id,
                         .kind = TXN_PREPARED,
                         .subject = txn_name(txn->slot, txn->serial),
                         .value = sim_incarnation(sim, setup->cluster)});
}

static void end(Transactions *transactions, const SimEvent *event)
{
    uint32_t number = (uint32_t)(event->subject >> 32), serial = (uint32_t)event->subject;
    bool commits = event->value == TXN_COMMIT;
    Slot *slot = slot_at(transactions, number);
    if (is_newer(slot, serial)) { /* no record of it has got here */
        slot = begin(transactions, number, serial);
        slot->decided = true;
        slot->committed = commits;
    }
    if (slot->serial != serial) {
        answer(transactions, event->subject, STATUS_REFUSED, false);
    } else if (slot->decided) {
        bool as_asked = slot->committed == commits;
        answer(transactions, event->subject, as_asked ? STATUS_OK : STATUS_REFUSED, false);
    } else if (!slot->current) { /* what had been appended of it was cut */
        slot->decided = true;
        slot->committed = commits;
        answer(transactions, event->subject, STATUS_OK, false);
    } else if (slot->current->state == TXN_ONGOING) {
        prepare(transactions, slot->current, commits);
    }
}

/* initTransactions of a process that is back. */
static void init(Transactions *transactions, uint64_t name, SimTime up_at)
{
    for (guint i = transactions->all->len; i-- > 0;) {
        Txn *txn = g_ptr_array_index(transactions->all, i);
        if (txn->state == TXN_ONGOING && txn->began_at <= up_at)
            decide(transactions, txn, false);
    }
    answer(transactions, name, STATUS_OK, false);
}

static void on_end(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Transactions *transactions = self;
    if (!cluster_is_up(transactions)) {
        if (transactions->setup.tells)
            answer(transactions, event->subject, STATUS_ERROR, true);
    } else if (gray_error(transactions->world, transactions->setup.cluster)) {
        answer(transactions, event->subject, STATUS_ERROR, true);
    } else if (event->value < 0) {
        init(transactions, event->subject, -1 - event->value);
    } else {
        end(transactions, event);
    }
}

static void on_prepared(Sim *sim, void *self, const SimEvent *event)
{
    Transactions *transactions = self;
    Txn *txn = slot_at(transactions, (uint32_t)(event->subject >> 32))->current;
    if (!txn || txn->state != TXN_PREPARING || txn->serial != (uint32_t)event->subject ||
        !cluster_is_up(transactions) ||
        (int64_t)sim_incarnation(sim, transactions->setup.cluster) != event->value)
        return;
    decide(transactions, txn, txn->asked);
    answer(transactions, event->subject, STATUS_OK, false);
}

/* ---- the timeout ---- */

static void check_later(Transactions *transactions)
{
    Sim *sim = transactions->world->sim;
    SimTime since = (sim_now(sim) - transactions->phase) % CHECK_EVERY;
    if (transactions->checking)
        return;
    transactions->checking = true;
    sim_after(sim, CHECK_EVERY - (since + CHECK_EVERY) % CHECK_EVERY, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = transactions->id, .kind = TXN_CHECK});
}

static void time_out(Transactions *transactions, Txn *txn)
{
    World *world = transactions->world;
    transactions->facts.timed_out++;
    story_platform(world->story, sim_now(world->sim),
                   "Kafka in %s aborts a transaction that nobody has ended",
                   world->region_name[transactions->setup.storage->region]);
    decide(transactions, txn, false);
}

static void on_check(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Transactions *transactions = self;
    transactions->checking = false;
    if (!cluster_is_up(transactions))
        return;
    bool ongoing = false;
    for (guint i = transactions->all->len; i-- > 0;) {
        Txn *txn = g_ptr_array_index(transactions->all, i);
        if (txn->state == TXN_ONGOING &&
            sim_now(sim) - txn->began_at >= transactions->setup.timeout)
            time_out(transactions, txn);
        else
            ongoing = ongoing || is_undecided(txn);
    }
    if (ongoing)
        check_later(transactions);
}

/* ---- what the cluster tells ---- */

bool transactions_admit(Transactions *transactions, uint32_t number, uint32_t serial)
{
    Slot *slot = slot_at(transactions, number);
    if (is_newer(slot, serial))
        slot = begin(transactions, number, serial);
    return slot->serial == serial && !slot->decided &&
           !(slot->current && slot->current->state == TXN_PREPARING);
}

void transactions_add(Transactions *transactions, uint32_t number, uint32_t serial,
                      uint32_t partition, int64_t offset)
{
    Slot *slot = slot_at(transactions, number);
    if (!slot->current) {
        Txn *txn = g_new0(Txn, 1);
        *txn =
            (Txn){.slot = number, .serial = serial, .began_at = sim_now(transactions->world->sim)};
        slot->current = txn;
        g_ptr_array_add(transactions->all, txn);
        check_later(transactions);
    }
    Part *part = part_of(transactions, slot->current, partition);
    g_array_append_val(part->records, offset);
    if (part->records->len == 1)
        note_first(transactions, partition);
}

/* False: none is left. */
static bool cut_records(Part *part, int64_t end)
{
    guint kept = part->records->len;
    while (kept > 0 && g_array_index(part->records, int64_t, kept - 1) >= end)
        kept--;
    g_array_set_size(part->records, kept);
    return kept > 0;
}

void transactions_heed_cut(Transactions *transactions, uint32_t p)
{
    GQueue *parts = &transactions->parts[p];
    int64_t log_end = transactions->setup.storage->log[p].end;
    GList *next;
    for (GList *link = parts->head; link; link = next) {
        Part *part = link->data;
        next = link->next;
        if (!cut_records(part, log_end)) {
            if (!part->settled)
                part_over(transactions, part);
            g_queue_delete_link(parts, link);
            part_free(part);
        } else if (!part->settled && part->marker >= log_end) {
            part->marker = -1;
            mark(transactions, part);
        }
    }
    note_first(transactions, p);
}

void transactions_up(Transactions *transactions)
{
    for (guint i = 0; i < transactions->all->len; i++) {
        Txn *txn = g_ptr_array_index(transactions->all, i);
        if (txn->state == TXN_PREPARING)
            txn->state = TXN_ONGOING; /* the request is lost */
    }
    for (uint32_t p = 0; p < transactions->setup.storage->partitions; p++)
        for (GList *link = transactions->parts[p].head; link; link = link->next) {
            const Part *part = link->data;
            if (!part->settled && part->marker < 0 && !is_undecided(part->txn))
                mark(transactions, part);
        }
    if (transactions->all->len > 0)
        check_later(transactions);
}

bool transactions_any_open(const Transactions *transactions)
{
    return transactions->all->len > 0;
}

TransactionsFacts transactions_facts(const Transactions *transactions)
{
    if (!transactions)
        return (TransactionsFacts){0};
    TransactionsFacts facts = transactions->facts;
    for (uint32_t p = 0; p < transactions->setup.storage->partitions; p++)
        for (GList *link = transactions->parts[p].head; link; link = link->next) {
            const Part *part = link->data;
            SimTime open = sim_now(transactions->world->sim) - part->since;
            facts.stall = part->settled ? facts.stall : MAX(facts.stall, open);
        }
    return facts;
}

/* ---- making ---- */

static const SimHandler handlers[TXN_KINDS] = {
    [MSG_END_TXN] = on_end,
    [TXN_PREPARED] = on_prepared,
    [TXN_MARK] = on_mark,
    [TXN_CHECK] = on_check,
};

static const SimType transactions_type = {
    .name = "transactions", .handlers = handlers, .handler_count = TXN_KINDS};

Transactions *transactions_new(World *world, TransactionsSetup setup, const char *name)
{
    Transactions *transactions = g_new0(Transactions, 1);
    char *own = g_strdup_printf("%s.transactions", name);
    transactions->world = world;
    transactions->setup = setup;
    transactions->id = sim_add(world->sim, &transactions_type, transactions, own);
    transactions->slots = g_array_new(FALSE, TRUE, sizeof(Slot));
    transactions->all = g_ptr_array_new();
    transactions->parts = g_new0(GQueue, setup.storage->partitions);
    transactions->append_draws = world_stream(world, own, "append");
    transactions->replicate_draws = world_stream(world, own, "replicate");
    RandomStream phase_draws = world_stream(world, own, "phase");
    transactions->phase = (SimTime)(random_uniform(&phase_draws) * (double)CHECK_EVERY);
    g_free(own);
    storage_transact(setup.storage);
    return transactions;
}

void transactions_free(Transactions *transactions)
{
    if (!transactions)
        return;
    for (uint32_t p = 0; p < transactions->setup.storage->partitions; p++)
        g_queue_clear_full(&transactions->parts[p], (GDestroyNotify)part_free);
    g_ptr_array_foreach(transactions->all, (GFunc)(void (*)(void))g_free, NULL);
    g_ptr_array_unref(transactions->all);
    g_array_unref(transactions->slots);
    g_free(transactions->parts);
    g_free(transactions);
}

SimComponent transactions_component(const Transactions *transactions)
{
    return transactions->id;
}
