/* The users' state, shared by the files that make them: users.c (a payment from its first attempt
 * to its end), users_load.c (when payments are made). Nobody else includes this. */
#ifndef MODELS_USERS_PARTS_H
#define MODELS_USERS_PARTS_H

#include "models/users.h"

enum {
    USERS_ARRIVE = MSG_KINDS,
    USERS_CAST,
    USERS_TIMEOUT,
    USERS_RETRY,
    USERS_NEXT,  /* user: the next payment of a session, or of a closed load's user */
    USERS_LOGIN, /* payment: wants a turn at the identity service */
    USERS_KINDS
};

typedef struct User {
    SimTime route_until; /* DNS answer valid before this */
    SimTime down_since;  /* first attempt that failed since the last success; SIM_NEVER */
    SimTime good_sent;   /* when the last attempt that succeeded was sent; -1 */
    uint8_t route;       /* region of the DNS answer */
    uint8_t session;     /* region that opened the session; SESSION_FRESH: none yet */
    uint8_t cookie;      /* region that answered last; REGION_NONE */
    uint8_t pinned;      /* goes straight to this region; REGION_NONE: through the router */
} User;

typedef struct Connection {
    SimTime until;
    uint8_t region;
} Connection;

/* A login at an identity service of limited capacity. */
typedef struct Login {
    SimTime until; /* its turn is over then */
    uint8_t region;
} Login;

struct Users {
    World *world;
    const UsersConfig *config;
    SimComponent id;
    UsersLinks link;
    User *user;             /* population, then the cast */
    Connection *connection; /* by user; NULL: none are kept */
    Login *login;           /* by user; NULL: logins are not limited */
    SimTime *last_seen;     /* by user; NULL: sessions do not end */
    PaymentRef *cast;
    SimTime until, counted_from, regular_gap;
    double rate; /* of arrivals: payments, or sessions */
    Profile profile;
    bool goes_on; /* the end of a payment may begin another */
    SimTime login_gap, login_free[REGIONS];
    const TryPolicy *policy[CHANNELS_MAX + 1]; /* by Payment.channel */
    SimLane timeout_lane[CHANNELS_MAX + 1];
    RandomStream arrival_draws, user_draws, retry_draws, reauth_draws, cast_draws;
    RandomStream channel_draws, think_draws, session_draws, connection_draws;
    UsersFacts facts;
};

/* users.c */
void users_attempt(Users *users, PaymentRef ref);

/* users_load.c */
void users_start_load(Users *users);
PaymentRef users_submit(Users *users, uint32_t user, int8_t cast);
void users_on_arrive(Sim *sim, void *self, const SimEvent *event);
void users_on_next(Sim *sim, void *self, const SimEvent *event);
/* A payment has ended for its user. */
void users_go_on(Users *users, const Payment *payment);

#endif
