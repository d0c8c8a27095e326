/* When users pay: open load, sessions, closed load. */
#include "models/users_parts.h"

/* ---- submitting ---- */

/* Channels after the first are the config's; what they leave is the users' own. */
static uint8_t draw_channel(Users *users)
{
    const ParamList *channels = &users->config->channels;
    const ChannelConfig *channel = channels->item;
    double u = random_uniform(&users->channel_draws);
    for (size_t i = 0; i < channels->count; i++) {
        if (u < channel[i].share)
            return (uint8_t)(i + 1);
        u -= channel[i].share;
    }
    return 0;
}

/* Who has been away for long has logged in just now, wherever the router sends them. */
static void begin_session(Users *users, uint32_t user)
{
    SimTime now = sim_now(users->world->sim);
    if (now - users->last_seen[user] <= users->config->session_idle)
        return;
    users->user[user].session = SESSION_FRESH;
    users->user[user].cookie = REGION_NONE;
}

PaymentRef users_submit(Users *users, uint32_t user, int8_t cast)
{
    World *world = users->world;
    SimTime now = sim_now(world->sim);
    PaymentRef ref = ledger_submit(world->ledger, now, user);
    Payment *payment = ledger_get(world->ledger, ref);
    payment->counted = now >= users->counted_from;
    payment->cast = cast;
    users->facts.submitted += payment->counted;
    if (users->last_seen)
        begin_session(users, user);
    if (cast < 0 && users->config->channels.count > 0)
        payment->channel = draw_channel(users);
    if (cast < 0 && users->user[user].pinned != REGION_NONE)
        users->facts.misrouted += payment->counted;
    return ref;
}

/* ---- open load ---- */

static SimTime next_arrival(Users *users)
{
    SimTime now = sim_now(users->world->sim);
    bool regular = users->config->arrivals == 1;
    if (regular && users->profile.count == 0)
        return now + users->regular_gap;
    double unit = regular ? 1 : random_exponential(&users->arrival_draws);
    return profile_after(&users->profile, now, unit / users->rate);
}

static void schedule_arrival(Users *users)
{
    SimTime at = next_arrival(users);
    if (at < users->until)
        sim_at(users->world->sim, at, SIM_PHASE_MESSAGE,
               (SimEvent){.component = users->id, .kind = USERS_ARRIVE});
}

void users_on_arrive(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Users *users = self;
    uint32_t user = (uint32_t)random_below(&users->user_draws, (uint64_t)users->config->population);
    schedule_arrival(users);
    users_attempt(users, users_submit(users, user, -1));
}

/* ---- one payment after the other ---- */

static void think(Users *users, uint32_t user)
{
    Sim *sim = users->world->sim;
    SimTime at = sim_now(sim) + dist_draw(users->config->think, &users->think_draws);
    if (at < users->until)
        sim_at(sim, at, SIM_PHASE_MESSAGE,
               (SimEvent){.component = users->id, .kind = USERS_NEXT, .subject = user});
}

void users_on_next(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Users *users = self;
    users_attempt(users, users_submit(users, (uint32_t)event->subject, -1));
}

/* The number of payments in a session is geometric: each is the last with the same probability. */
void users_go_on(Users *users, const Payment *payment)
{
    const UsersConfig *config = users->config;
    if (payment->cast >= 0)
        return;
    if (config->load == LOAD_CLOSED ||
        random_uniform(&users->session_draws) * config->session_payments >= 1)
        think(users, payment->user);
}

void users_start_load(Users *users)
{
    const UsersConfig *config = users->config;
    if (config->load == LOAD_CLOSED) {
        for (int64_t i = 0; i < config->population; i++)
            think(users, (uint32_t)i);
        return;
    }
    users->rate = config->rate / config->session_payments;
    if (users->rate <= 0)
        return;
    users->regular_gap = (SimTime)MIN(1e9 / users->rate + 0.5, (double)SIM_TIME_LONGEST);
    schedule_arrival(users);
}
