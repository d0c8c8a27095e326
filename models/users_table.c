/* The keys of the users, their channels and their cast. */
#include "models/users.h"

static const char *const arrivals_choices[] = {"poisson", "regular", NULL};
static const char *const load_choices[] = {"open", "closed", NULL};
static const char *const day_choices[] = {"flat", "banking", "hours", NULL};
static const char *const via_choices[] = {"router", "active", "passive", NULL};

/* The keys of a TryPolicy that is `member` of `config`. */
#define POLICY_SPECS(config, member)                                                               \
    {.key = "timeout",                                                                             \
     .type = PARAM_TIME,                                                                           \
     .offset = offsetof(config, member.timeout),                                                   \
     .fallback = "10s",                                                                            \
     .min = 0.000001,                                                                              \
     .max = 3600,                                                                                  \
     .text = "How long the user's device waits for the answer to one attempt.",                    \
     .source = "ours; OkHttp's default is 10 s"},                                                  \
        {.key = "patience",                                                                        \
         .type = PARAM_TIME,                                                                       \
         .offset = offsetof(config, member.patience),                                              \
         .fallback = "0ns",                                                                        \
         .max = 86400,                                                                             \
         .text = "No attempt begins later than this after the moment the user meant to pay: then " \
                 "the user gives up. 0s: retry.max alone decides.",                                \
         .source = "ours"},                                                                        \
        {.key = "idempotency_keys",                                                                \
         .type = PARAM_FLAG,                                                                       \
         .offset = offsetof(config, member.idempotency_keys),                                      \
         .fallback = "yes",                                                                        \
         .text = "Whether retries can be recognised. yes: all attempts of a payment carry one "    \
                 "key, and "                                                                       \
                 "the database refuses a second row "                                              \
                 "with it. no: a retry of a payment that was applied applies it again.",           \
         .source = "article: ensure APIs can retry safely"},                                       \
        {.key = "retry.max",                                                                       \
         .type = PARAM_COUNT,                                                                      \
         .offset = offsetof(config, member.retry_max),                                             \
         .fallback = "3",                                                                          \
         .max = 1000,                                                                              \
         .text = "Retries of one payment before the user gives up.",                               \
         .source = "ours; the Azure SDK's default is 3"},                                          \
        {.key = "retry.backoff",                                                                   \
         .type = PARAM_DIST,                                                                       \
         .offset = offsetof(config, member.retry_backoff),                                         \
         .fallback = "1s",                                                                         \
         .text = "Wait before the first retry.",                                                   \
         .source = "ours; the Azure SDK's default is 0.8 s"},                                      \
        {.key = "retry.multiplier",                                                                \
         .type = PARAM_NUMBER,                                                                     \
         .offset = offsetof(config, member.retry_multiplier),                                      \
         .fallback = "2",                                                                          \
         .min = 1,                                                                                 \
         .max = 100,                                                                               \
         .text = "Factor from one wait to the next.",                                              \
         .source = "exponential backoff"},                                                         \
        {.key = "retry.backoff_max",                                                               \
         .type = PARAM_TIME,                                                                       \
         .offset = offsetof(config, member.retry_backoff_max),                                     \
         .fallback = "60s",                                                                        \
         .text = "Longest wait between two attempts.",                                             \
         .source = "the Azure SDK's default is 60 s"},                                             \
    {                                                                                              \
        .key = "retry.jitter", .type = PARAM_SHARE,                                                \
        .offset = offsetof(config, member.retry_jitter), .fallback = "20%",                        \
        .text = "Random share by which a wait is shortened.", .source = "ours"                     \
    }

#define AT(member) offsetof(ChannelConfig, member)
static const ParamSpec channel_specs[] = {
    {.key = "name",
     .type = PARAM_TEXT,
     .offset = AT(name),
     .text = "What the channel is called.",
     .source = ""},
    {.key = "share",
     .type = PARAM_SHARE,
     .offset = AT(share),
     .text = "Share of the payments that come through it; the rest is the users' own.",
     .source = "ours: calibrate"},
    POLICY_SPECS(ChannelConfig, policy),
};
#undef AT
static const ParamTable channel_table = {
    .specs = channel_specs, .count = G_N_ELEMENTS(channel_specs), .size = sizeof(ChannelConfig)};

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
    {.key = "load",
     .type = PARAM_CHOICE,
     .offset = AT(load),
     .fallback = "open",
     .choices = load_choices,
     .text = "open: payments come at users.rate, whatever becomes of earlier ones. closed: each "
             "user of the population pays, waits for the end of it, thinks (users.think), and "
             "pays again; who waits does not pay.",
     .source = "Schroeder et al., Open versus closed, NSDI 2006"},
    {.key = "rate",
     .type = PARAM_RATE,
     .offset = AT(rate),
     .fallback = "0/s",
     .max = 1e7,
     .text = "Payments submitted (open load), in the mean of the day.",
     .source = "must be given with open load"},
    {.key = "day",
     .type = PARAM_CHOICE,
     .offset = AT(day),
     .fallback = "flat",
     .choices = day_choices,
     .text = "How the rate changes over the day. flat: it does not. banking: peaks at 11 and 19 "
             "h of 1.8 times the mean, a twentieth of it at night. hours: as users.hours says.",
     .source = "ours: calibrate"},
    {.key = "hours",
     .type = PARAM_LIST,
     .offset = AT(hours),
     .fallback = "[]",
     .items = &profile_step_table,
     .text = "With day: hours, the factor on the rate from each time of day on.",
     .source = ""},
    {.key = "clock",
     .type = PARAM_TIME,
     .offset = AT(clock),
     .fallback = "10h",
     .max = 86399,
     .text = "Time of day at which the run begins.",
     .source = "ours"},
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
    {.key = "session.payments",
     .type = PARAM_NUMBER,
     .offset = AT(session_payments),
     .fallback = "1",
     .min = 1,
     .max = 1000,
     .text = "Payments in one session, in the mean (geometric): with more than 1 a user goes on "
             "paying, users.think after each payment's end. users.rate stays the rate of payments.",
     .source = "ours: calibrate"},
    {.key = "session.idle",
     .type = PARAM_TIME,
     .offset = AT(session_idle),
     .fallback = "0ns",
     .max = 86400,
     .text = "Who has been away for longer begins a new session: logged in where the router sends "
             "them now, without cookie. 0s: sessions never end, so that everybody has one in the "
             "active region.",
     .source = "ours; banking apps log out after some minutes"},
    {.key = "think",
     .type = PARAM_DIST,
     .offset = AT(think),
     .fallback = "{exponential: 30s}",
     .text = "Time between the end of a payment and the same user's next one (in a session, and "
             "with load: closed).",
     .source = "ours: calibrate"},
    POLICY_SPECS(UsersConfig, policy),
    {.key = "reauth",
     .type = PARAM_DIST,
     .offset = AT(reauth),
     .fallback = "{lognormal: {median: 15s, p99: 60s}}",
     .text = "Time to log in again after the region has changed.",
     .source = "ours: password and one-time code; article: re-auth if the region changes"},
    {.key = "login_capacity",
     .type = PARAM_RATE,
     .offset = AT(login_capacity),
     .fallback = "0/s",
     .max = 1e7,
     .text = "Logins that a region's identity service takes; more wait their turn. 0/s: no limit.",
     .source = "ours: calibrate; a restart's herd of 12 June 2025 (Google Cloud) and others"},
    {.key = "connection",
     .type = PARAM_DIST,
     .offset = AT(connection),
     .fallback = "0ns",
     .text = "With router.kind: traffic-manager, how long a user goes on with a connection to a "
             "region before opening a new one, by the DNS answer of then. A timeout ends it. 0s: "
             "every attempt is a new connection.",
     .source = "Traffic Manager: existing connections are untouched; OkHttp keeps idle ones for "
               "5 min"},
    {.key = "misrouted",
     .type = PARAM_SHARE,
     .offset = AT(misrouted),
     .fallback = "0",
     .text = "Users who always go straight to the passive region, by a stale bookmark or a "
             "misconfiguration.",
     .source = "article: User 5 reaches West India directly"},
    {.key = "channels",
     .type = PARAM_LIST,
     .offset = AT(channels),
     .fallback = "[]",
     .items = &channel_table,
     .text = "Systems that submit payments and send them again by themselves (a partner, ATMs, "
             "UPI), with a timeout, retries and keys of their own; at most 8.",
     .source = "article: ensure APIs can retry safely"},
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
