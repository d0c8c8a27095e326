#include "models/users_parts.h"

#include "sim/check.h"

#define LOGINS_A_TRY 3

static const CastConfig *cast_at(const Users *users, uint32_t i)
{
    return &((const CastConfig *)users->config->cast.item)[i];
}

static const TryPolicy *policy_of(const Users *users, const Payment *payment)
{
    return users->policy[payment->channel];
}

/* ---- sending ---- */

static SimEvent request_to(const Users *users, PaymentRef ref, const Payment *payment)
{
    const User *user = &users->user[payment->user];
    uint32_t extra = request_extra(user->session, payment->user % users->link.edges,
                                   policy_of(users, payment)->idempotency_keys);
    return (SimEvent){.kind = MSG_REQUEST,
                      .subject = ref,
                      .tag = payment->attempts,
                      .extra = request_add_cookie(extra, user->cookie)};
}

static void send_straight(Users *users, PaymentRef ref, uint32_t region)
{
    SimEvent request = request_to(users, ref, ledger_get(users->world->ledger, ref));
    if (users->link.homes)
        ledger_sent_to(users->world->ledger, ref, region);
    request.component = users->link.application[region];
    sim_link_send(users->link.to_region[region], request);
}

/* A connection that is open is used, whatever DNS says by now. */
static bool send_connected(Users *users, PaymentRef ref, const Payment *payment)
{
    World *world = users->world;
    SimTime now = sim_now(world->sim);
    if (!users->connection || now >= users->connection[payment->user].until)
        return false;
    uint32_t region = users->connection[payment->user].region;
    story_payment(world->story, world->ledger, ref, now, "still has a connection to %s",
                  world->region_name[region]);
    send_straight(users, ref, region);
    return true;
}

static void connect_and_send(Users *users, PaymentRef ref, const Payment *payment, uint32_t region)
{
    if (users->connection)
        users->connection[payment->user] =
            (Connection){.until = sim_now(users->world->sim) +
                                  dist_draw(users->config->connection, &users->connection_draws),
                         .region = (uint8_t)region};
    send_straight(users, ref, region);
}

static void dispatch(Users *users, PaymentRef ref, const Payment *payment)
{
    World *world = users->world;
    const User *user = &users->user[payment->user];
    SimTime now = sim_now(world->sim);
    if (user->pinned != REGION_NONE) {
        send_straight(users, ref, user->pinned);
    } else if (!users->link.dns) {
        sim_link_send(users->link.to_router, request_to(users, ref, payment));
    } else if (send_connected(users, ref, payment)) {
        return;
    } else if (now < user->route_until) {
        story_payment(world->story, world->ledger, ref, now,
                      "goes to %s, as the DNS answer says that it has",
                      world->region_name[user->route]);
        connect_and_send(users, ref, payment, user->route);
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

void users_attempt(Users *users, PaymentRef ref)
{
    World *world = users->world;
    Payment *payment = ledger_get(world->ledger, ref);
    const TryPolicy *policy = policy_of(users, payment);
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
        payment->attempts == 1 && policy->idempotency_keys ? ", with an idempotency key" : "");
    sim_lane_push(world->sim, users->timeout_lane[payment->channel], now + policy->timeout,
                  SIM_PHASE_TIMEOUT,
                  (SimEvent){.component = users->id,
                             .kind = USERS_TIMEOUT,
                             .subject = ref,
                             .tag = payment->attempts});
    dispatch(users, ref, payment);
}

static void on_cast(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Users *users = self;
    uint32_t cast = event->extra;
    users->cast[cast] =
        users_submit(users, (uint32_t)users->config->population + cast, (int8_t)cast);
    users_attempt(users, users->cast[cast]);
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
    if (users->goes_on)
        users_go_on(users, payment);
    ledger_release(users->world->ledger, ref);
}

static SimTime backoff(Users *users, const Payment *payment)
{
    const TryPolicy *policy = policy_of(users, payment);
    double delay = (double)dist_draw(policy->retry_backoff, &users->retry_draws);
    double longest = (double)policy->retry_backoff_max;
    for (uint32_t k = 1; k < payment->retries && delay < longest; k++)
        delay *= policy->retry_multiplier;
    delay = MIN(delay, longest);
    return (SimTime)(delay * (1 - policy->retry_jitter * random_uniform(&users->retry_draws)));
}

static void give_up(Users *users, PaymentRef ref, Payment *payment, const char *why)
{
    World *world = users->world;
    story_payment(world->story, world->ledger, ref, sim_now(world->sim),
                  "gives up after %u attempt%s%s", payment->attempts,
                  payment->attempts == 1 ? "" : "s", why);
    settle(users, ref, payment, OUTCOME_GAVE_UP);
}

/* Patience runs from the moment when the user meant to pay. */
static bool out_of_patience(const Users *users, const Payment *payment, SimTime at)
{
    SimTime patience = policy_of(users, payment)->patience;
    return patience > 0 && at > payment->submitted_at + patience;
}

static void retry_or_give_up(Users *users, PaymentRef ref, Payment *payment)
{
    Sim *sim = users->world->sim;
    note_attempt(users, payment, false);
    payment->waiting = false;
    if (payment->retries >= policy_of(users, payment)->retry_max) {
        give_up(users, ref, payment, "");
        return;
    }
    payment->retries++;
    SimTime wait = backoff(users, payment);
    if (out_of_patience(users, payment, sim_now(sim) + wait)) {
        payment->retries--;
        give_up(users, ref, payment, ": no patience for another");
        return;
    }
    payment->logins = 0;
    if (payment->channel > 0)
        users->facts.resent += payment->counted;
    sim_after(sim, wait, SIM_PHASE_MESSAGE,
              (SimEvent){.component = users->id, .kind = USERS_RETRY, .subject = ref});
}

static void on_retry(Sim *sim, void *self, const SimEvent *event)
{
    Users *users = self;
    Payment *payment = ledger_get(users->world->ledger, event->subject);
    if (payment->login_region != REGION_NONE) {
        uint8_t region = payment->login_region;
        payment->login_region = REGION_NONE;
        if (out_of_patience(users, payment, sim_now(sim))) {
            give_up(users, event->subject, payment, ": the login took too long");
            return;
        }
        users->user[payment->user].session = region;
    }
    users_attempt(users, event->subject);
}

static void on_timeout(Sim *sim, void *self, const SimEvent *event)
{
    Users *users = self;
    World *world = users->world;
    Payment *payment = ledger_get(world->ledger, event->subject);
    if (!payment || !payment->waiting || payment->attempts != event->tag)
        return;
    story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                  "has no answer after %.0f s", sim_seconds(policy_of(users, payment)->timeout));
    payment->unanswered++;
    if (users->connection)
        users->connection[payment->user].until = 0; /* it is given up */
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
    SimTime now = sim_now(world->sim);
    if (payment->logins == LOGINS_A_TRY || out_of_patience(users, payment, now)) {
        payment->refused++;
        retry_or_give_up(users, ref, payment);
        return;
    }
    payment->logins++;
    payment->login_region = (uint8_t)region;
    payment->waiting = false;
    users->facts.logins += payment->counted;
    if (watched(users, payment))
        recovery_attempt_withdrawn(world->recovery, payment->attempt_at);
    story_payment(world->story, world->ledger, ref, now, "logs in again in %s",
                  world->region_name[region]);
    sim_after(world->sim, dist_draw(users->config->reauth, &users->reauth_draws), SIM_PHASE_MESSAGE,
              (SimEvent){.component = users->id,
                         .kind = users->login_gap > 0 ? USERS_LOGIN : USERS_RETRY,
                         .subject = ref});
}

/* When this user's login is through. Another payment of theirs waits for the same one. */
static SimTime queue_for_login(Users *users, uint32_t user, uint32_t region)
{
    SimTime now = sim_now(users->world->sim), *free_at = &users->login_free[region];
    Login *login = &users->login[user];
    if (login->until > now && login->region == region)
        return login->until;
    *free_at = MAX(*free_at, now) + users->login_gap;
    *login = (Login){.until = *free_at, .region = (uint8_t)region};
    return *free_at;
}

/* The region's identity service takes one login after the other: a herd queues here, and who has no
 * patience for it leaves (their turn is lost all the same). */
static void on_login(Sim *sim, void *self, const SimEvent *event)
{
    Users *users = self;
    World *world = users->world;
    const Payment *payment = ledger_get(world->ledger, event->subject);
    SimTime now = sim_now(sim), patience = policy_of(users, payment)->patience;
    SimTime done = queue_for_login(users, payment->user, payment->login_region);
    if (done > now + users->login_gap)
        story_payment(world->story, world->ledger, event->subject, now,
                      "has to wait %.1f s for the login", sim_seconds(done - now));
    if (out_of_patience(users, payment, done))
        done = MAX(now, payment->submitted_at + patience + 1);
    sim_at(sim, done, SIM_PHASE_MESSAGE,
           (SimEvent){.component = users->id, .kind = USERS_RETRY, .subject = event->subject});
}

static void take_answer(Users *users, PaymentRef ref, Payment *payment, uint32_t extra)
{
    World *world = users->world;
    uint32_t region = extra >> 8;
    User *user = &users->user[payment->user];
    bool answered = (extra & 0xff) != STATUS_ERROR; /* which an edge may say, too */
    if (users->link.cookies && answered)
        user->cookie = (uint8_t)region;
    if (user->session == SESSION_FRESH && answered)
        user->session = (uint8_t)region;
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
        connect_and_send(users, event->subject, payment, event->extra);
    else
        ledger_attempt_over(users->world->ledger, event->subject);
}

static const SimHandler handlers[USERS_KINDS] = {
    [MSG_REPLY] = on_reply,       [MSG_ROUTE] = on_route,       [USERS_ARRIVE] = users_on_arrive,
    [USERS_CAST] = on_cast,       [USERS_TIMEOUT] = on_timeout, [USERS_RETRY] = on_retry,
    [USERS_NEXT] = users_on_next, [USERS_LOGIN] = on_login,
};

static const SimType users_type = {.name = "users",
                                   .handlers = handlers,
                                   .handler_count = USERS_KINDS,
                                   .dropped = message_dropped};

/* ---- making ---- */

static void make_policies(Users *users)
{
    const UsersConfig *config = users->config;
    const ChannelConfig *channel = config->channels.item;
    users->policy[0] = &config->policy;
    users->timeout_lane[0] = sim_lane_new(users->world->sim);
    for (size_t i = 0; i < config->channels.count; i++) {
        users->policy[i + 1] = &channel[i].policy;
        users->timeout_lane[i + 1] = sim_lane_new(users->world->sim);
    }
}

/* Some have a stale bookmark, or are sent by a configuration that is wrong. */
static void misroute(Users *users)
{
    RandomStream draws = world_stream(users->world, "users", "misrouted");
    for (int64_t i = 0; users->config->misrouted > 0 && i < users->config->population; i++)
        if (random_uniform(&draws) < users->config->misrouted)
            users->user[i].pinned = users->user[i].session = REGION_PASSIVE;
}

static void make_users(Users *users)
{
    const UsersConfig *config = users->config;
    size_t count = (size_t)config->population + config->cast.count;
    users->user = g_new(User, count);
    for (size_t i = 0; i < count; i++)
        users->user[i] = (User){.down_since = SIM_NEVER,
                                .good_sent = -1,
                                .session = REGION_ACTIVE,
                                .cookie = REGION_NONE,
                                .pinned = REGION_NONE};
    if (dist_mean(config->connection) > 0)
        users->connection = g_new0(Connection, count);
    if (config->login_capacity > 0)
        users->login = g_new0(Login, count);
    if (config->session_idle > 0)
        users->last_seen = g_new0(SimTime, count);
    misroute(users);
}

static void make_streams(Users *users)
{
    World *world = users->world;
    users->arrival_draws = world_stream(world, "users", "arrivals");
    users->user_draws = world_stream(world, "users", "who");
    users->retry_draws = world_stream(world, "users", "retries");
    users->reauth_draws = world_stream(world, "users", "reauth");
    users->cast_draws = world_stream(world, "users", "cast");
    users->channel_draws = world_stream(world, "users", "channels");
    users->think_draws = world_stream(world, "users", "think");
    users->session_draws = world_stream(world, "users", "sessions");
    users->connection_draws = world_stream(world, "users", "connections");
}

Users *users_new(World *world, const UsersConfig *config, SimTime until, SimTime counted_from)
{
    Users *users = g_new0(Users, 1);
    users->world = world;
    users->config = config;
    users->until = until;
    users->counted_from = counted_from;
    users->id = sim_add(world->sim, &users_type, users, "users");
    users->cast = g_new(PaymentRef, config->cast.count);
    make_policies(users);
    make_users(users);
    make_streams(users);
    users->facts.latency = histogram_new();
    users->goes_on = config->load == LOAD_CLOSED || config->session_payments > 1;
    users->profile = profile_new((ProfileDay)config->day, &config->hours, config->clock);
    if (config->login_capacity > 0)
        users->login_gap = (SimTime)(1e9 / config->login_capacity + 0.5);
    return users;
}

void users_free(Users *users)
{
    if (!users)
        return;
    histogram_free(users->facts.latency);
    g_free(users->user);
    g_free(users->connection);
    g_free(users->last_seen);
    g_free(users->login);
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
    size_t count = (size_t)users->config->population + users->config->cast.count;
    for (size_t i = 0; links.both && i < count; i++)
        if (users->user[i].pinned == REGION_NONE)
            users->user[i].session = SESSION_FRESH;
}

void users_start(Users *users)
{
    users_start_load(users);
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
    const ChannelConfig *channel = config->channels.item;
    SimTime longest = config->policy.timeout;
    for (size_t i = 0; i < config->channels.count; i++)
        longest = MAX(longest, channel[i].policy.timeout);
    return longest;
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
