#include "models/reconciliation.h"

#include "sim/check.h"

enum { RECON_MATCHED = MSG_KINDS, RECON_CLOSED, RECON_KINDS };

typedef enum Kind {
    KIND_LOST_WITH_EVENT,
    KIND_LOST_WITH_ORPHAN,
    KIND_ORPHAN_AND_RETRY,
    KIND_TWICE,
    KIND_MISSING_EVENT,
    KIND_PHANTOM,
    KIND_UNTOLD,
    KINDS
} Kind;

typedef struct KindText {
    const char *found, *closed;
} KindText;

static const KindText kind_text[KINDS] = {
    [KIND_LOST_WITH_EVENT] = {"its event has no payment in the database",
                              "it is applied from its event"},
    [KIND_LOST_WITH_ORPHAN] = {"its row reappeared in the old database",
                               "it is applied from the old database"},
    [KIND_ORPHAN_AND_RETRY] = {"its row reappeared, and a retry was applied meanwhile", NULL},
    [KIND_TWICE] = {"it was applied more than once", "the surplus is paid back"},
    [KIND_MISSING_EVENT] = {"its event is missing", "its event is published"},
    [KIND_PHANTOM] = {"it has an event and was never paid", "its event is revoked"},
    [KIND_UNTOLD] = {"it was applied, and the user does not know", "the user is told"},
};

typedef enum Queue { QUEUE_JOB, QUEUE_PEOPLE, QUEUES } Queue;

typedef struct Case {
    PaymentRef payment;
    Kind kind;
    bool counted;
} Case;

struct Reconciliation {
    World *world;
    const ReconciliationConfig *config;
    SimComponent id;
    SimLink *to_failover;
    bool keyed, publishes;
    bool commanded, open;   /* the step has begun; cases are worked on */
    GQueue waiting[QUEUES]; /* Case* */
    int64_t busy[QUEUES];
    RandomStream way_draws, time_draws[QUEUES];
    ReconciliationFacts facts;
};

/* ---- which payments are cases ---- */

typedef struct Look {
    uint32_t rows, events; /* in what survives */
    bool acknowledged, orphan, publishes;
} Look;

static bool lost_with_event(const Look *p)
{
    return p->acknowledged && p->rows == 0 && p->events > 0;
}

static bool lost_with_orphan(const Look *p)
{
    return p->acknowledged && p->rows == 0 && p->orphan;
}

static bool orphan_and_retry(const Look *p)
{
    return p->orphan && p->rows > 0;
}

static bool twice(const Look *p)
{
    return p->rows > 1;
}

static bool missing_event(const Look *p)
{
    return p->publishes && p->rows > 0 && p->events == 0;
}

static bool phantom(const Look *p)
{
    return !p->acknowledged && p->rows == 0 && p->events > 0;
}

static bool untold(const Look *p)
{
    return !p->acknowledged && p->rows > 0;
}

static bool (*const fits[KINDS])(const Look *) = {
    [KIND_LOST_WITH_EVENT] = lost_with_event,
    [KIND_LOST_WITH_ORPHAN] = lost_with_orphan,
    [KIND_ORPHAN_AND_RETRY] = orphan_and_retry,
    [KIND_TWICE] = twice,
    [KIND_MISSING_EVENT] = missing_event,
    [KIND_PHANTOM] = phantom,
    [KIND_UNTOLD] = untold,
};

static Kind kind_of(const Reconciliation *r, const Payment *payment)
{
    Ledger *ledger = r->world->ledger;
    Look look = {.rows = payment->rows[ledger_surviving_database(ledger)],
                 .events = payment->events[ledger_surviving_log(ledger)],
                 .acknowledged = payment->outcome == OUTCOME_ACKNOWLEDGED,
                 .orphan = payment->orphan,
                 .publishes = r->publishes};
    Kind kind = 0;
    while (kind < KINDS && !fits[kind](&look))
        kind++;
    return kind;
}

/* ---- working them off ---- */

static int64_t workers(const Reconciliation *r, Queue queue)
{
    return queue == QUEUE_JOB ? 1 : r->config->staff;
}

static void take_next(Reconciliation *r, Queue queue)
{
    const Dist *time = queue == QUEUE_JOB ? r->config->automatic_time : r->config->manual_time;
    while (r->open && r->busy[queue] < workers(r, queue) && r->waiting[queue].length > 0) {
        Case *item = g_queue_pop_head(&r->waiting[queue]);
        r->busy[queue]++;
        sim_after(r->world->sim, dist_draw(time, &r->time_draws[queue]), SIM_PHASE_MESSAGE,
                  (SimEvent){.component = r->id,
                             .kind = RECON_CLOSED,
                             .subject = item->payment,
                             .value = queue,
                             .tag = (uint16_t)item->kind,
                             .extra = item->counted});
        g_free(item);
    }
}

/* Made good from its event, and then its row turned up and was merged: keys alone tell that it is
 * the same payment. */
static void note_merged(Reconciliation *r, Payment *payment)
{
    bool there = payment->rows[ledger_surviving_database(r->world->ledger)] > 0;
    if (!payment->made_good || !there || r->keyed)
        return;
    payment->made_good = false;
    r->facts.doubled += payment->counted;
}

static bool intake(void *self, Payment *payment, PaymentRef ref)
{
    Reconciliation *r = self;
    World *world = r->world;
    note_merged(r, payment);
    /* What is still under way is no case yet. */
    if (payment->reconciled || payment->outcome == OUTCOME_OPEN || payment->in_flight > 0)
        return false;
    Kind kind = kind_of(r, payment);
    if (kind == KINDS)
        return false;
    bool job = random_uniform(&r->way_draws) < r->config->automatic;
    Case *item = g_new(Case, 1);
    *item = (Case){ref, kind, payment->counted};
    payment->reconciled = true;
    g_queue_push_tail(&r->waiting[job ? QUEUE_JOB : QUEUE_PEOPLE], item);
    r->facts.cases += payment->counted;
    r->facts.open += payment->counted;
    r->facts.queue_max = MAX(r->facts.queue_max, r->facts.open);
    if (payment->cast >= 0 && world->story)
        story_add(world->story, sim_now(world->sim), payment->cast,
                  "becomes a case of reconciliation: %s", kind_text[kind].found);
    take_next(r, job ? QUEUE_JOB : QUEUE_PEOPLE);
    return true;
}

/* The job knows keys, people look at the payment. */
static const char *close_orphan(Reconciliation *r, const SimEvent *event)
{
    if (r->keyed || event->value == QUEUE_PEOPLE)
        return "the old row is thrown away: the retry is the payment";
    r->facts.doubled += event->extra;
    return "the job applies the old row as well: it is paid twice";
}

static void on_closed(Sim *sim, void *self, const SimEvent *event)
{
    Reconciliation *r = self;
    World *world = r->world;
    Kind kind = (Kind)event->tag;
    const char *text = kind_text[kind].closed ? kind_text[kind].closed : close_orphan(r, event);
    if (kind == KIND_LOST_WITH_EVENT || kind == KIND_LOST_WITH_ORPHAN)
        ledger_get(world->ledger, event->subject)->made_good = true;
    r->facts.open -= event->extra;
    if (event->extra)
        r->facts.closed_at = sim_now(sim);
    story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                  "its case is closed %s: %s", event->value == QUEUE_JOB ? "by the job" : "by hand",
                  text);
    r->busy[event->value]--;
    ledger_release(world->ledger, event->subject);
    take_next(r, (Queue)event->value);
}

/* ---- the step ---- */

static void done(Reconciliation *r, uint64_t step)
{
    sim_link_send(r->to_failover, (SimEvent){.kind = MSG_DONE, .subject = step});
}

static void on_command(Sim *sim, void *self, const SimEvent *event)
{
    Reconciliation *r = self;
    SIM_CHECK(event->tag == ACTION_RECONCILE);
    if (r->open)
        done(r, event->subject);
    if (r->commanded)
        return;
    r->commanded = true;
    sim_after(sim, event->value, SIM_PHASE_MESSAGE,
              (SimEvent){.component = r->id, .kind = RECON_MATCHED, .subject = event->subject});
}

static void on_matched(Sim *sim, void *self, const SimEvent *event)
{
    Reconciliation *r = self;
    World *world = r->world;
    r->open = true;
    r->facts.begun_at = sim_now(sim);
    ledger_offer_live(world->ledger);
    story_platform(world->story, sim_now(sim), "reconciliation begins with %u cases",
                   r->waiting[QUEUE_JOB].length + r->waiting[QUEUE_PEOPLE].length +
                       (guint)(r->busy[QUEUE_JOB] + r->busy[QUEUE_PEOPLE]));
    for (Queue queue = 0; queue < QUEUES; queue++)
        take_next(r, queue);
    done(r, event->subject);
}

static const SimHandler handlers[RECON_KINDS] = {
    [MSG_COMMAND] = on_command,
    [RECON_MATCHED] = on_matched,
    [RECON_CLOSED] = on_closed,
};

static const SimType reconciliation_type = {.name = "reconciliation",
                                            .handlers = handlers,
                                            .handler_count = RECON_KINDS,
                                            .dropped = message_dropped};

/* ---- making ---- */

Reconciliation *reconciliation_new(World *world, const ReconciliationConfig *config, bool keyed,
                                   bool publishes)
{
    Reconciliation *r = g_new0(Reconciliation, 1);
    r->world = world;
    r->config = config;
    r->keyed = keyed;
    r->publishes = publishes;
    r->id = sim_add(world->sim, &reconciliation_type, r, "reconciliation");
    r->way_draws = world_stream(world, "reconciliation", "way");
    r->time_draws[QUEUE_JOB] = world_stream(world, "reconciliation", "job");
    r->time_draws[QUEUE_PEOPLE] = world_stream(world, "reconciliation", "people");
    r->facts.begun_at = r->facts.closed_at = SIM_NEVER;
    for (Queue queue = 0; queue < QUEUES; queue++)
        g_queue_init(&r->waiting[queue]);
    ledger_watch_settling(world->ledger, intake, r);
    return r;
}

void reconciliation_free(Reconciliation *r)
{
    if (!r)
        return;
    for (Queue queue = 0; queue < QUEUES; queue++)
        g_queue_clear_full(&r->waiting[queue], g_free);
    g_free(r);
}

SimComponent reconciliation_component(const Reconciliation *r)
{
    return r->id;
}

void reconciliation_connect(Reconciliation *r, SimLink *to_failover)
{
    r->to_failover = to_failover;
}

ReconciliationFacts reconciliation_facts(const Reconciliation *r)
{
    return r ? r->facts : (ReconciliationFacts){.begun_at = SIM_NEVER, .closed_at = SIM_NEVER};
}

#define AT(member) offsetof(ReconciliationConfig, member)
static const ParamSpec specs[] = {
    {.key = "automatic",
     .type = PARAM_SHARE,
     .offset = AT(automatic),
     .fallback = "90%",
     .text = "Cases that the matching job settles by itself; people take the others.",
     .source = "ours: calibrate"},
    {.key = "automatic_time",
     .type = PARAM_DIST,
     .offset = AT(automatic_time),
     .fallback = "200ms",
     .text = "The job's time for one case, one after the other.",
     .source = "ours: calibrate"},
    {.key = "manual_time",
     .type = PARAM_DIST,
     .offset = AT(manual_time),
     .fallback = "{lognormal: {median: 5m, p99: 45m}}",
     .text = "A person's time for one case.",
     .source = "ours: calibrate"},
    {.key = "staff",
     .type = PARAM_COUNT,
     .offset = AT(staff),
     .fallback = "4",
     .min = 1,
     .max = 100000,
     .text = "People who work on cases at the same time.",
     .source = "ours"},
};
#undef AT

const ParamTable reconciliation_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(ReconciliationConfig)};
