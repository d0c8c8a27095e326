/* The users: a stream of payments, each with a timeout, retries and a session.
 *
 * Load. Open: payments arrive as a Poisson stream (or at a regular pace), its rate following the
 * time of day (models/profile.h), and belong to a random user of the population, whatever became of
 * earlier payments. With session.payments above 1 sessions arrive so, and within one the next
 * payment is made `think` after the last has ended (partly open: Schroeder et al., NSDI 2006).
 * Closed: every user of the population makes the next payment `think` after the last has ended, so
 * that who waits does not pay.
 *
 * A payment. An attempt ends by an answer or by the timeout. After an error, a timeout or a refusal
 * the user waits backoff * multiplier^(k-1), at most backoff_max, less a random share of up to
 * `jitter`, and tries again, up to retry.max times and while patience lasts; then gives up. A
 * session of another region costs a login (`reauth`, and a turn at the identity service if that is
 * limited) that is not counted as a retry. Latency counts from the moment the user meant to pay.
 *
 * States of a payment, for its user: waiting for an answer; backing off; logging in; acknowledged
 * or given up.
 *
 * Channels (a partner's system, an ATM network, UPI) submit a share of the payments with a timeout,
 * retries and keys of their own: what they send again without a key may be applied twice.
 *
 * With a router that answers by DNS, a user keeps the answer for its TTL and goes straight to that
 * region; with `connection`, over a connection that outlives the answer. A misrouted user goes
 * straight to the passive region, always.
 *
 * The cast are single users with a name and one payment at a given time, told step by step.
 */
#ifndef MODELS_USERS_H
#define MODELS_USERS_H

#include "models/profile.h"
#include "models/world.h"
#include "sim/dist.h"
#include "sim/link.h"
#include "sim/param.h"

#define POPULATION_MAX 50000000
#define CAST_MAX       16

typedef struct CastConfig {
    char *name;
    Dist *at;
    int via; /* 0: the router; 1: straight to the active region; 2: to the passive one */
} CastConfig;

/* How one attempt is made and the next one decided. */
typedef struct TryPolicy {
    SimTime timeout, patience; /* patience 0: no end */
    bool idempotency_keys;
    int64_t retry_max;
    Dist *retry_backoff;
    SimTime retry_backoff_max;
    double retry_multiplier, retry_jitter;
} TryPolicy;

#define CHANNELS_MAX 8

typedef struct ChannelConfig {
    char *name;
    double share;
    TryPolicy policy;
} ChannelConfig;

typedef enum UsersLoad { LOAD_OPEN, LOAD_CLOSED } UsersLoad;

typedef struct UsersConfig {
    int load; /* UsersLoad */
    double rate;
    int arrivals;    /* 0 poisson, 1 regular */
    int day;         /* ProfileDay */
    ParamList hours; /* ProfileStep */
    SimTime clock;
    int64_t population;
    double session_payments;
    SimTime session_idle; /* 0: sessions never end */
    Dist *think;
    TryPolicy policy;
    Dist *reauth;
    double login_capacity; /* per second and region; 0: no limit */
    Dist *connection;
    double misrouted;
    ParamList channels; /* ChannelConfig */
    ParamList cast;     /* CastConfig */
} UsersConfig;

extern const ParamTable users_table;

typedef struct Users Users;

typedef struct UsersLinks {
    SimLink *to_router;
    SimLink *to_region[REGIONS]; /* straight, for DNS answers and misrouted users */
    SimComponent application[REGIONS];
    uint32_t edges;
    bool dns;     /* the router answers by DNS; else every request passes it */
    bool cookies; /* and says by a cookie which region answered */
    bool homes;   /* active-active: note where a payment goes first */
    bool both;    /* both regions take users from the start: sessions open where these are sent */
} UsersLinks;

/* Payments are submitted from 0 to `until`; those before `counted_from` are not counted. */
Users *users_new(World *world, const UsersConfig *config, SimTime until, SimTime counted_from);
void users_free(Users *users);
SimComponent users_component(const Users *users);
void users_connect(Users *users, UsersLinks links);
void users_start(Users *users);
/* The longest that one attempt can stay open. */
SimTime users_longest_attempt(const UsersConfig *config);

typedef struct UsersFacts {
    uint64_t submitted, attempts;
    uint64_t logins;     /* attempts that were asked to log in, and did */
    uint64_t misrouted;  /* payments of users who go to the passive region, submitted */
    uint64_t resent;     /* retries made by channels */
    Histogram *latency;  /* acknowledged payments, from the intended time; belongs to the users */
    uint64_t still_down; /* users whose interruption has not ended */
} UsersFacts;
UsersFacts users_facts(const Users *users);
/* The payment of a member of the cast; PAYMENT_NONE before it is submitted. */
PaymentRef users_cast_payment(const Users *users, uint32_t cast);

#endif
