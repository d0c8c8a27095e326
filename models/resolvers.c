#include "models/resolvers.h"

enum { RESOLVERS_TIMEOUT = MSG_KINDS, RESOLVERS_KINDS };

#define RESOLVER_TIMEOUT (5 * SIM_SEC)
#define NONE             UINT32_MAX

typedef struct Resolver {
    SimTime keeps;        /* an answer for so long */
    SimTime until;        /* its answer is valid before this */
    uint32_t first, last; /* of those who wait */
    uint32_t serial;      /* of its question */
    uint8_t route;
    bool asking;
} Resolver;

typedef struct Waiting {
    SimEvent question; /* MSG_RESOLVE */
    uint32_t next;
} Waiting;

struct Resolvers {
    World *world;
    SimComponent id;
    SimLink *to_router, *to_users;
    Resolver *resolver;
    uint32_t count, edges;
    GArray *waiting; /* Waiting */
    uint32_t free_head;
};

static Resolver *resolver_of(const Resolvers *resolvers, PaymentRef ref)
{
    uint32_t user = ledger_get(resolvers->world->ledger, ref)->user;
    return &resolvers->resolver[user % resolvers->count];
}

/* ---- those who wait ---- */

static Waiting *waiting_at(const Resolvers *resolvers, uint32_t i)
{
    return &g_array_index(resolvers->waiting, Waiting, i);
}

static void wait_for_answer(Resolvers *resolvers, Resolver *resolver, const SimEvent *question)
{
    uint32_t i = resolvers->free_head;
    if (i == NONE) {
        i = resolvers->waiting->len;
        g_array_set_size(resolvers->waiting, i + 1);
    } else {
        resolvers->free_head = waiting_at(resolvers, i)->next;
    }
    *waiting_at(resolvers, i) = (Waiting){.question = *question, .next = NONE};
    if (resolver->first == NONE)
        resolver->first = i;
    else
        waiting_at(resolvers, resolver->last)->next = i;
    resolver->last = i;
}

static bool take_waiting(Resolvers *resolvers, Resolver *resolver, SimEvent *question)
{
    uint32_t i = resolver->first;
    if (i == NONE)
        return false;
    Waiting *waiting = waiting_at(resolvers, i);
    *question = waiting->question;
    resolver->first = waiting->next;
    waiting->next = resolvers->free_head;
    resolvers->free_head = i;
    return true;
}

/* ---- questions and answers ---- */

static void answer(Resolvers *resolvers, const Resolver *resolver, const SimEvent *question)
{
    World *world = resolvers->world;
    SimTime left = resolver->until - sim_now(world->sim);
    story_payment(world->story, world->ledger, question->subject, sim_now(world->sim),
                  "the DNS resolver answers %s, valid for %.0f s more",
                  world->region_name[resolver->route], sim_seconds(left));
    sim_link_send(resolvers->to_users, (SimEvent){.kind = MSG_ROUTE,
                                                  .subject = question->subject,
                                                  .value = left,
                                                  .tag = question->tag,
                                                  .extra = resolver->route});
}

/* The payment that brought the question carries it to the router and back. */
static void ask(Resolvers *resolvers, Resolver *resolver, const SimEvent *question)
{
    Sim *sim = resolvers->world->sim;
    SimEvent asked = *question;
    uint32_t number = (uint32_t)(resolver - resolvers->resolver);
    asked.component = 0;
    asked.extra = request_extra(REGION_NONE, number % resolvers->edges, false);
    resolver->asking = true;
    resolver->serial++;
    sim_link_send(resolvers->to_router, asked);
    sim_after(sim, RESOLVER_TIMEOUT, SIM_PHASE_TIMEOUT,
              (SimEvent){.component = resolvers->id,
                         .kind = RESOLVERS_TIMEOUT,
                         .subject = number,
                         .value = resolver->serial});
}

static void on_resolve(Sim *sim, void *self, const SimEvent *event)
{
    Resolvers *resolvers = self;
    Resolver *resolver = resolver_of(resolvers, event->subject);
    if (sim_now(sim) < resolver->until)
        answer(resolvers, resolver, event);
    else if (resolver->asking)
        wait_for_answer(resolvers, resolver, event);
    else
        ask(resolvers, resolver, event);
}

static void on_route(Sim *sim, void *self, const SimEvent *event)
{
    Resolvers *resolvers = self;
    Resolver *resolver = resolver_of(resolvers, event->subject);
    SimEvent question = *event;
    resolver->asking = false;
    resolver->serial++; /* its timeout is void */
    resolver->route = (uint8_t)event->extra;
    resolver->until = sim_now(sim) + resolver->keeps;
    do
        answer(resolvers, resolver, &question);
    while (take_waiting(resolvers, resolver, &question));
}

/* The router's DNS fails on the question: so does the resolver, on all who wait. */
static void on_reply(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Resolvers *resolvers = self;
    Resolver *resolver = resolver_of(resolvers, event->subject);
    SimEvent question = *event;
    resolver->asking = false;
    resolver->serial++;
    do
        sim_link_send(resolvers->to_users, (SimEvent){.kind = MSG_REPLY,
                                                      .subject = question.subject,
                                                      .tag = question.tag,
                                                      .extra = event->extra});
    while (take_waiting(resolvers, resolver, &question));
}

static void on_timeout(Sim *sim, void *self, const SimEvent *event)
{
    Resolvers *resolvers = self;
    World *world = resolvers->world;
    Resolver *resolver = &resolvers->resolver[event->subject];
    SimEvent question;
    if (event->value != resolver->serial)
        return;
    resolver->asking = false;
    while (take_waiting(resolvers, resolver, &question)) {
        story_payment(world->story, world->ledger, question.subject, sim_now(sim),
                      "the DNS resolver has no answer");
        ledger_attempt_over(world->ledger, question.subject);
    }
}

static const SimHandler handlers[RESOLVERS_KINDS] = {[MSG_RESOLVE] = on_resolve,
                                                     [MSG_ROUTE] = on_route,
                                                     [MSG_REPLY] = on_reply,
                                                     [RESOLVERS_TIMEOUT] = on_timeout};

static const SimType resolvers_type = {.name = "resolvers",
                                       .handlers = handlers,
                                       .handler_count = RESOLVERS_KINDS,
                                       .dropped = message_dropped};

/* ---- making ---- */

bool resolvers_needed(const RouterConfig *config)
{
    return config->kind == ROUTER_TRAFFIC_MANAGER &&
           (config->resolvers > 0 || config->overstay_share > 0);
}

static void init_resolvers(Resolvers *resolvers, const RouterConfig *config)
{
    RandomStream ttl_draws = world_stream(resolvers->world, "resolvers", "ttl");
    RandomStream overstay_draws = world_stream(resolvers->world, "resolvers", "overstay");
    RandomStream age_draws = world_stream(resolvers->world, "resolvers", "age");
    for (uint32_t i = 0; i < resolvers->count; i++) {
        SimTime keeps = dist_draw(config->ttl, &ttl_draws);
        bool overstays = random_uniform(&overstay_draws) < config->overstay_share;
        SimTime overstay = dist_draw(config->overstay_for, &overstay_draws);
        if (overstays)
            keeps = MAX(keeps, overstay);
        double left = 1 - random_uniform(&age_draws);
        bool warm = config->routing == ROUTING_PRIORITY;
        resolvers->resolver[i] = (Resolver){.keeps = keeps,
                                            .until = warm ? (SimTime)(left * (double)keeps) : 0,
                                            .route = REGION_ACTIVE,
                                            .first = NONE,
                                            .last = NONE};
    }
}

Resolvers *resolvers_new(World *world, const RouterConfig *config, int64_t users)
{
    Resolvers *resolvers = g_new0(Resolvers, 1);
    resolvers->world = world;
    resolvers->count = (uint32_t)(config->resolvers > 0 ? config->resolvers : users);
    resolvers->edges = (uint32_t)config->edges;
    resolvers->id = sim_add(world->sim, &resolvers_type, resolvers, "dns-resolvers");
    resolvers->resolver = g_new(Resolver, resolvers->count);
    resolvers->waiting = g_array_new(FALSE, FALSE, sizeof(Waiting));
    resolvers->free_head = NONE;
    init_resolvers(resolvers, config);
    return resolvers;
}

void resolvers_free(Resolvers *resolvers)
{
    if (!resolvers)
        return;
    g_free(resolvers->resolver);
    g_array_unref(resolvers->waiting);
    g_free(resolvers);
}

SimComponent resolvers_component(const Resolvers *resolvers)
{
    return resolvers->id;
}

void resolvers_connect(Resolvers *resolvers, SimLink *to_router, SimLink *to_users)
{
    resolvers->to_router = to_router;
    resolvers->to_users = to_users;
}
