/* The users: an open stream of payments, each with a timeout, retries and a session.
 *
 * Payments arrive as a Poisson stream (or at a regular pace) and belong to a random user of the
 * population. An attempt ends by an answer or by the timeout. After an error, a timeout or a
 * refusal the user waits backoff * multiplier^(k-1), at most backoff_max, less a random share of up
 * to `jitter`, and tries again, up to retry.max times; then gives up. A session of another region
 * costs a login (`reauth`) that is not counted as a retry. Latency counts from the moment the user
 * meant to pay.
 *
 * With a router that answers by DNS, a user keeps the answer for its TTL and goes straight to
 * that region.
 *
 * The cast are single users with a name and one payment at a given time, told step by step.
 */
#ifndef MODELS_USERS_H
#define MODELS_USERS_H

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

typedef struct UsersConfig {
    double rate;
    int arrivals; /* 0 poisson, 1 regular */
    int64_t population;
    SimTime timeout;
    bool idempotency_keys;
    int64_t retry_max;
    Dist *retry_backoff;
    SimTime retry_backoff_max;
    double retry_multiplier, retry_jitter;
    Dist *reauth;
    ParamList cast; /* CastConfig */
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
    Histogram *latency;  /* acknowledged payments, from the intended time; belongs to the users */
    uint64_t still_down; /* users whose interruption has not ended */
} UsersFacts;
UsersFacts users_facts(const Users *users);
/* The payment of a member of the cast; PAYMENT_NONE before it is submitted. */
PaymentRef users_cast_payment(const Users *users, uint32_t cast);

#endif
