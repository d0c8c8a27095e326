#include "models/users.h"

#include "sim/check.h"

enum { USERS_ARRIVE = MSG_KINDS, USERS_CAST, USERS_TIMEOUT, USERS_RETRY, USERS_KINDS };

#define LOGINS_A_TRY 3

typedef struct User {
    SimTime route_until; /* DNS answer valid before this */
    SimTime down_since;  /* first attempt that failed since the last success; SIM_NEVER */
    SimTime good_sent;   /* when the last attempt that succeeded was sent; -1 */
    uint8_t route;       /* region of the DNS answer */
    uint8_t session;     /* region that opened the session */
    uint8_t cookie;      /* region that answered last; REGION_NONE */
    uint8_t pinned;      /* goes straight to this region; REGION_NONE: through the router */
} User;

struct Users {
    World *world;
    const UsersConfig *config;
    SimComponent id;
    UsersLinks link;
    User *user; /* population, then the cast */
    PaymentRef *cast;
    SimTime until, counted_from, regular_gap;
    SimLane timeout_lane;
    RandomStream arrival_draws, user_draws, retry_draws, reauth_draws, cast_draws;
    UsersFacts facts;
};

static const CastConfig *cast_at(const Users *users, uint32_t i)
{
    return &((const CastConfig *)users->config->cast.item)[i];
}

/* ---- sending ---- */

static SimEvent request_to(const Users *users, PaymentRef ref, const Payment *payment)
{
    const User *user = &users->user[payment->user];
    uint32_t extra = request_extra(user->session, payment->user % users->link.edges,
                                   users->config->idempotency_keys);
    return (SimEvent){.kind = MSG_REQUEST,
                      .subject = ref,
                      .tag = payment->attempts,
                      .extra = request_add_cookie(extra, user->cookie)};
}

static void send_straight(Users *users, PaymentRef ref, uint32_t region)
{
    SimEvent request = request_to(users, ref, ledger_get(users->world->ledger, ref));
    request.component = users->link.application[region];
    sim_link_send(users->link.to_region[region], request);
}

static void dispatch(Users *users, PaymentRef ref, const Payment *payment)
{
    const User *user = &users->user[payment->user];
    SimTime now = sim_now(users->world->sim);
    if (user->pinned != REGION_NONE) {
        send_straight(users, ref, user->pinned);
    } else if (!users->link.dns) {
        sim_link_send(users->link.to_router, request_to(users, ref, payment));
    } else if (now < user->route_until) {
        send_straight(users, ref, user->route);
    } else {
        SimEvent resolve = request_to(users, ref, payment);
        resolve.kind = MSG_RESOLVE;
        sim_link_send(users->link.to_router, resolve);
    }
}

/* The recovery watch sees the bank's users while they arrive: not the cast, whose single attempts
 * would outweigh a quiet window, nor the stragglers that retry while the run drains. */
static bool watched(const Users *users, const Payment *payment)
{
    return payment->cast < 0 && payment->attempt_at < users->until;
}

static void attempt(Users *users, PaymentRef ref)
{
    World *world = users->world;
    Payment *payment = ledger_get(world->ledger, ref);
    SimTime now = sim_now(world->sim);
    SIM_CHECK(payment->attempts < UINT16_MAX);
    payment->attempts++;
    payment->attempt_at = now;
    payment->waiting = true;
    payment->in_flight++;
    payment->holds++;
    users->facts.attempts += payment->counted;
    if (watched(users, payment))
        recovery_attempt_sent(world->recovery, now);
    story_payment(
        world->story, world->ledger, ref, now, payment->attempts == 1 ? "pays%s" : "tries again%s",
        payment->attempts == 1 && users->config->idempotency_keys ? ", with an idempotency key"
                                                                  : "");
    sim_lane_push(world->sim, users->timeout_lane, now + users->config->timeout, SIM_PHASE_TIMEOUT,
                  (SimEvent){.component = users->id,
                             .kind = USERS_TIMEOUT,
                             .subject = ref,
                             .tag = payment->attempts});
    dispatch(users, ref, payment);
}

/* ---- arriving ---- */

static SimTime next_gap(Users *users)
{
    if (users->config->arrivals == 1)
        return users->regular_gap;
    double gap = random_exponential(&users->arrival_draws) / users->config->rate * 1e9;
    return gap < (double)SIM_TIME_LONGEST ? (SimTime)(gap + 0.5) : SIM_TIME_LONGEST;
}

static void schedule_arrival(Users *users)
{
    Sim *sim = users->world->sim;
    SimTime at = sim_now(sim) + next_gap(users);
    if (at < users->until)
        sim_at(sim, at, SIM_PHASE_MESSAGE,
               (SimEvent){.component = users->id, .kind = USERS_ARRIVE});
}

static PaymentRef submit(Users *users, uint32_t user, int8_t cast)
{
    World *world = users->world;
    SimTime now = sim_now(world->sim);
    PaymentRef ref = ledger_submit(world->ledger, now, user);
    Payment *payment = ledger_get(world->ledger, ref);
    payment->counted = now >= users->counted_from;
    payment->cast = cast;
    users->facts.submitted += payment->counted;
    return ref;
}

static void on_arrive(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Users *users = self;
    uint32_t user = (uint32_t)random_below(&users->user_draws, (uint64_t)users->config->population);
    schedule_arrival(users);
    attempt(users, submit(users, user, -1));
}

static void on_cast(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Users *users = self;
    uint32_t cast = event->extra;
    users->cast[cast] = submit(users, (uint32_t)users->config->population + cast, (int8_t)cast);
    attempt(users, users->cast[cast]);
}

/* ---- the end of an attempt ---- */

static void note_attempt(Users *users, const Payment *payment, bool good)
{
    World *world = users->world;
    Recovery *recovery = world->recovery;
    User *user = &users->user[payment->user];
    SimTime now = sim_now(world->sim);
    if (!watched(users, payment))
        return;
    recovery_attempt_ended(recovery, payment->attempt_at, now, good);
    if (good)
        user->good_sent = MAX(user->good_sent, payment->attempt_at);
    /* One that was sent before a success and fails after it begins no new interruption. */
    bool news = payment->attempt_at >= MAX(recovery->outage_at, user->good_sent);
    if (!good && news && user->down_since == SIM_NEVER)
        user->down_since = payment->attempt_at;
    if (good && user->down_since != SIM_NEVER && payment->attempt_at >= user->down_since) {
        histogram_add(recovery->interruption, now - user->down_since);
        user->down_since = SIM_NEVER;
    }
}

static void settle(Users *users, PaymentRef ref, Payment *payment, PaymentOutcome outcome)
{
    payment->outcome = (uint8_t)outcome;
    ledger_release(users->world->ledger, ref);
}

static SimTime backoff(Users *users, const Payment *payment)
{
    const UsersConfig *config = users->config;
    double delay = (double)dist_draw(config->retry_backoff, &users->retry_draws);
    double longest = (double)config->retry_backoff_max;
    for (uint32_t k = 1; k < payment->retries && delay < longest; k++)
        delay *= config->retry_multiplier;
    delay = MIN(delay, longest);
    return (SimTime)(delay * (1 - config->retry_jitter * random_uniform(&users->retry_draws)));
}

static void retry_or_give_up(Users *users, PaymentRef ref, Payment *payment)
{
    World *world = users->world;
    SimTime now = sim_now(world->sim);
    note_attempt(users, payment, false);
    payment->waiting = false;
    if (payment->retries >= users->config->retry_max) {
        story_payment(world->story, world->ledger, ref, now, "gives up after %u attempts",
                      payment->attempts);
        settle(users, ref, payment, OUTCOME_GAVE_UP);
        return;
    }
    payment->retries++;
    payment->logins = 0;
    sim_after(world->sim, backoff(users, payment), SIM_PHASE_MESSAGE,
              (SimEvent){.component = users->id, .kind = USERS_RETRY, .subject = ref});
}

static void on_retry(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Users *users = self;
    Payment *payment = ledger_get(users->world->ledger, event->subject);
    if (payment->login_region != REGION_NONE) {
        users->user[payment->user].session = payment->login_region;
        payment->login_region = REGION_NONE;
    }
    attempt(users, event->subject);
}

static void on_timeout(Sim *sim, void *self, const SimEvent *event)
{
    Users *users = self;
    World *world = users->world;
    Payment *payment = ledger_get(world->ledger, event->subject);
    if (!payment || !payment->waiting || payment->attempts != event->tag)
        return;
    story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                  "has no answer after %.0f s", sim_seconds(users->config->timeout));
    payment->unanswered++;
    /* The DNS answer led nowhere; it is kept until its TTL all the same. */
    retry_or_give_up(users, event->subject, payment);
}

static void acknowledge(Users *users, PaymentRef ref, Payment *payment, uint32_t region)
{
    World *world = users->world;
    SimTime now = sim_now(world->sim);
    payment->waiting = false;
    payment->acknowledged_at = now;
    payment->acknowledged_by = (uint8_t)region;
    note_attempt(users, payment, true);
    if (payment->counted)
        histogram_add(users->facts.latency, now - payment->submitted_at);
    story_payment(world->story, world->ledger, ref, now, "is told by %s that the payment is done",
                  world->region_name[region]);
    settle(users, ref, payment, OUTCOME_ACKNOWLEDGED);
}

/* A login is part of the same try: the attempt ends without a verdict on the platform. A user who
 * is sent from one region's login to the other's has had enough after a few: a failed try. */
static void log_in(Users *users, PaymentRef ref, Payment *payment, uint32_t region)
{
    World *world = users->world;
    if (payment->logins == LOGINS_A_TRY) {
        payment->refused++;
        retry_or_give_up(users, ref, payment);
        return;
    }
    payment->logins++;
    payment->login_region = (uint8_t)region;
    payment->waiting = false;
    if (watched(users, payment))
        recovery_attempt_withdrawn(world->recovery, payment->attempt_at);
    story_payment(world->story, world->ledger, ref, sim_now(world->sim), "logs in again in %s",
                  world->region_name[region]);
    sim_after(world->sim, dist_draw(users->config->reauth, &users->reauth_draws), SIM_PHASE_MESSAGE,
              (SimEvent){.component = users->id, .kind = USERS_RETRY, .subject = ref});
}

static void take_answer(Users *users, PaymentRef ref, Payment *payment, uint32_t extra)
{
    World *world = users->world;
    uint32_t region = extra >> 8;
    if (users->link.cookies)
        users->user[payment->user].cookie = (uint8_t)region;
    switch ((Status)(extra & 0xff)) {
    case STATUS_OK:
    case STATUS_ALREADY:
        acknowledge(users, ref, payment, region);
        return;
    case STATUS_REAUTH:
        log_in(users, ref, payment, region);
        return;
    case STATUS_REFUSED:
        payment->refused++;
        story_payment(world->story, world->ledger, ref, sim_now(world->sim), "is refused");
        break;
    case STATUS_ERROR:
        payment->unanswered++;
        story_payment(world->story, world->ledger, ref, sim_now(world->sim),
                      "gets an error and does not know whether the payment was made");
        break;
    }
    retry_or_give_up(users, ref, payment);
}

static void on_reply(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Users *users = self;
    Ledger *ledger = users->world->ledger;
    Payment *payment = ledger_get(ledger, event->subject);
    if (payment->outcome == OUTCOME_OPEN && payment->waiting && payment->attempts == event->tag)
        take_answer(users, event->subject, payment, event->extra);
    ledger_attempt_over(ledger, event->subject); /* a late answer: nobody listens any more */
}

static void on_route(Sim *sim, void *self, const SimEvent *event)
{
    Users *users = self;
    Payment *payment = ledger_get(users->world->ledger, event->subject);
    User *user = &users->user[payment->user];
    user->route = (uint8_t)event->extra;
    user->route_until = sim_now(sim) + event->value;
    if (payment->waiting && payment->attempts == event->tag)
        send_straight(users, event->subject, event->extra);
    else
        ledger_attempt_over(users->world->ledger, event->subject);
}

static const SimHandler handlers[USERS_KINDS] = {
    [MSG_REPLY] = on_reply, [MSG_ROUTE] = on_route,       [USERS_ARRIVE] = on_arrive,
    [USERS_CAST] = on_cast, [USERS_TIMEOUT] = on_timeout, [USERS_RETRY] = on_retry,
};

static const SimType users_type = {.name = "users",
                                   .handlers = handlers,
                                   .handler_count = USERS_KINDS,
                                   .dropped = message_dropped};

/* ---- making ---- */

Users *users_new(World *world, const UsersConfig *config, SimTime until, SimTime counted_from)
{
    Users *users = g_new0(Users, 1);
    size_t count = (size_t)config->population + config->cast.count;
    users->world = world;
    users->config = config;
    users->until = until;
    users->counted_from = counted_from;
    users->id = sim_add(world->sim, &users_type, users, "users");
    users->user = g_new(User, count);
    for (size_t i = 0; i < count; i++)
        users->user[i] = (User){.down_since = SIM_NEVER,
                                .good_sent = -1,
                                .session = REGION_ACTIVE,
                                .cookie = REGION_NONE,
                                .pinned = REGION_NONE};
    users->cast = g_new(PaymentRef, config->cast.count);
    users->timeout_lane = sim_lane_new(world->sim);
    users->arrival_draws = world_stream(world, "users", "arrivals");
    users->user_draws = world_stream(world, "users", "who");
    users->retry_draws = world_stream(world, "users", "retries");
    users->reauth_draws = world_stream(world, "users", "reauth");
    users->cast_draws = world_stream(world, "users", "cast");
    users->facts.latency = histogram_new();
    if (config->rate > 0)
        users->regular_gap = (SimTime)MIN(1e9 / config->rate + 0.5, (double)SIM_TIME_LONGEST);
    return users;
}

void users_free(Users *users)
{
    if (!users)
        return;
    histogram_free(users->facts.latency);
    g_free(users->user);
    g_free(users->cast);
    g_free(users);
}

SimComponent users_component(const Users *users)
{
    return users->id;
}

void users_connect(Users *users, UsersLinks links)
{
    users->link = links;
}

void users_start(Users *users)
{
    if (users->config->rate > 0)
        schedule_arrival(users);
    for (uint32_t i = 0; i < users->config->cast.count; i++) {
        const CastConfig *cast = cast_at(users, i);
        User *user = &users->user[(size_t)users->config->population + i];
        if (cast->via > 0) {
            user->pinned = (uint8_t)(cast->via - 1);
            user->session = user->pinned;
        }
        users->cast[i] = PAYMENT_NONE;
        SimTime at = dist_draw(cast->at, &users->cast_draws);
        if (at < users->until)
            sim_at(users->world->sim, at, SIM_PHASE_MESSAGE,
                   (SimEvent){.component = users->id, .kind = USERS_CAST, .extra = i});
    }
}

SimTime users_longest_attempt(const UsersConfig *config)
{
    return config->timeout;
}

UsersFacts users_facts(const Users *users)
{
    UsersFacts facts = users->facts;
    size_t count = (size_t)users->config->population + users->config->cast.count;
    for (size_t i = 0; i < count; i++)
        facts.still_down += users->user[i].down_since != SIM_NEVER;
    return facts;
}

PaymentRef users_cast_payment(const Users *users, uint32_t cast)
{
    return users->cast[cast];
}

/* ---- parameters ---- */

static const char *const arrivals_choices[] = {"poisson", "regular", NULL};
static const char *const via_choices[] = {"router", "active", "passive", NULL};

#define AT(member) offsetof(CastConfig, member)
static const ParamSpec cast_specs[] = {
    {.key = "name",
     .type = PARAM_TEXT,
     .offset = AT(name),
     .text = "How the story calls this user.",
     .source = ""},
    {.key = "at",
     .type = PARAM_DIST,
     .offset = AT(at),
     .text = "When this user pays, once.",
     .source = ""},
    {.key = "via",
     .type = PARAM_CHOICE,
     .offset = AT(via),
     .fallback = "router",
     .choices = via_choices,
     .text = "Which way this user comes. router: as everybody. active, passive: straight to that "
             "region, by a misconfiguration.",
     .source = "article: User 5 reaches West India directly"},
};
#undef AT
static const ParamTable cast_table = {
    .specs = cast_specs, .count = G_N_ELEMENTS(cast_specs), .size = sizeof(CastConfig)};

#define AT(member) offsetof(UsersConfig, member)
static const ParamSpec specs[] = {
    {.key = "rate",
     .type = PARAM_RATE,
     .offset = AT(rate),
     .max = 1e7,
     .text = "Payments submitted, whatever becomes of earlier ones (open load).",
     .source = ""},
    {.key = "arrivals",
     .type = PARAM_CHOICE,
     .offset = AT(arrivals),
     .fallback = "poisson",
     .choices = arrivals_choices,
     .text = "How payments arrive. poisson: independent of each other. regular: one every 1/rate.",
     .source = ""},
    {.key = "population",
     .type = PARAM_COUNT,
     .offset = AT(population),
     .fallback = "10000",
     .min = 1,
     .max = POPULATION_MAX,
     .text = "Users among whom the payments are spread at random; each has a session and an edge.",
     .source = ""},
    {.key = "timeout",
     .type = PARAM_TIME,
     .offset = AT(timeout),
     .fallback = "10s",
     .min = 0.000001,
     .max = 3600,
     .text = "How long the user's device waits for the answer to one attempt.",
     .source = "ours; OkHttp's default is 10 s"},
    {.key = "idempotency_keys",
     .type = PARAM_FLAG,
     .offset = AT(idempotency_keys),
     .fallback = "yes",
     .text = "Whether retries can be recognised. yes: all attempts of a payment carry one key, and "
             "the database refuses a second row "
             "with it. no: a retry of a payment that was applied applies it again.",
     .source = "article: ensure APIs can retry safely"},
    {.key = "retry.max",
     .type = PARAM_COUNT,
     .offset = AT(retry_max),
     .fallback = "3",
     .max = 1000,
     .text = "Retries of one payment before the user gives up.",
     .source = "ours; the Azure SDK's default is 3"},
    {.key = "retry.backoff",
     .type = PARAM_DIST,
     .offset = AT(retry_backoff),
     .fallback = "1s",
     .text = "Wait before the first retry.",
     .source = "ours; the Azure SDK's default is 0.8 s"},
    {.key = "retry.multiplier",
     .type = PARAM_NUMBER,
     .offset = AT(retry_multiplier),
     .fallback = "2",
     .min = 1,
     .max = 100,
     .text = "Factor from one wait to the next.",
     .source = "exponential backoff"},
    {.key = "retry.backoff_max",
     .type = PARAM_TIME,
     .offset = AT(retry_backoff_max),
     .fallback = "60s",
     .text = "Longest wait between two attempts.",
     .source = "the Azure SDK's default is 60 s"},
    {.key = "retry.jitter",
     .type = PARAM_SHARE,
     .offset = AT(retry_jitter),
     .fallback = "20%",
     .text = "Random share by which a wait is shortened.",
     .source = "ours"},
    {.key = "reauth",
     .type = PARAM_DIST,
     .offset = AT(reauth),
     .fallback = "{lognormal: {median: 15s, p99: 60s}}",
     .text = "Time to log in again after the region has changed.",
     .source = "ours: password and one-time code; article: re-auth if the region changes"},
    {.key = "cast",
     .type = PARAM_LIST,
     .offset = AT(cast),
     .fallback = "[]",
     .items = &cast_table,
     .text = "Named users whose every step is told.",
     .source = "article: User 1, User 5"},
};
#undef AT

const ParamTable users_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(UsersConfig)};
