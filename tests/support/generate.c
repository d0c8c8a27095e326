#include "tests/support/generate.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "sim/fmath.h"
#include "sim/random.h"

typedef struct Generator {
    GString *text;
    RandomStream draws;
    RandomStream late_draws; /* of keys that came later: what was drawn before stays as it is */
    bool both;               /* active-active */
    double duration;         /* seconds */
    char group[32];          /* the group whose header was written last */
} Generator;

/* ---- choosing ---- */

static bool chance(Generator *g, double p)
{
    return random_uniform(&g->draws) < p;
}

static int64_t between(Generator *g, int64_t low, int64_t high)
{
    return low + (int64_t)random_below(&g->draws, (uint64_t)(high - low + 1));
}

static double spread(Generator *g, double low, double high)
{
    return low * fmath_exp(fmath_log(high / low) * random_uniform(&g->draws));
}

static void add(Generator *g, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add(Generator *g, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(g->text, format, arguments);
    va_end(arguments);
}

/* ---- values ---- */

static void add_time(Generator *g, double seconds)
{
    add(g, "%" G_GINT64_FORMAT "us", (int64_t)(seconds * 1e6));
}

/* {family: {argument: m, argument: m * factor, …}}; a factor of 0 ends the list. */
typedef struct Family {
    const char *name;
    struct {
        const char *name;
        double low, high; /* a time: factors of the scale; a shape: its range */
        bool shape;
    } argument[3];
} Family;

static const Family families[] = {
    {"exponential", {{"mean", 1, 1, false}}},
    {"lognormal", {{"median", 1, 1, false}, {"p99", 1.5, 20, false}}},
    {"gamma", {{"shape", 0.3, 9, true}, {"mean", 1, 1, false}}},
    {"normal", {{"mean", 1, 1, false}, {"sd", 0.1, 2, false}}},
    {"pareto", {{"minimum", 1, 1, false}, {"shape", 1.2, 4, true}}},
    {"triangular", {{"low", 0.1, 0.5, false}, {"mode", 0.6, 1.2, false}, {"high", 1.5, 3, false}}},
    {"uniform", {{"low", 0.1, 0.9, false}, {"high", 1.1, 3, false}}},
    {"weibull", {{"shape", 0.5, 3, true}, {"scale", 1, 1, false}}},
};

static void add_family(Generator *g, double scale)
{
    const Family *family = &families[random_below(&g->draws, G_N_ELEMENTS(families))];
    add(g, "{%s: {", family->name);
    for (size_t i = 0; i < G_N_ELEMENTS(family->argument) && family->argument[i].name; i++) {
        double value = spread(g, family->argument[i].low, family->argument[i].high);
        add(g, "%s%s: ", i ? ", " : "", family->argument[i].name);
        if (family->argument[i].shape)
            add(g, "%.3f", value);
        else
            add_time(g, scale * value);
    }
    add(g, "}}");
}

static void add_dist(Generator *g, double low, double high)
{
    double scale = spread(g, low, high);
    if (chance(g, 0.06)) {
        add(g, "0s");
    } else if (chance(g, 0.4)) {
        add_time(g, scale);
    } else if (chance(g, 0.1)) {
        add(g, "{mixture: [{weight: 9, of: ");
        add_family(g, scale);
        add(g, "}, {weight: 1, of: ");
        add_family(g, MIN(10 * scale, high));
        add(g, "}]}");
    } else {
        add_family(g, scale);
    }
}

/* ---- keys with a value ---- */

typedef enum KeyKind { KEY_TIME, KEY_DIST, KEY_COUNT, KEY_NUMBER, KEY_CHOICE } KeyKind;

typedef struct Key {
    const char *name;
    KeyKind kind;
    double low, high;   /* seconds, count, number */
    double written;     /* how often */
    const char *choice; /* words with blanks between */
    const char *unit;   /* after a number */
} Key;

#define FLAG "yes no"

static const Key network[] = {
    {"users", KEY_DIST, 0.001, 0.05, 0.3, NULL, NULL},
    {"edge", KEY_DIST, 0.001, 0.05, 0.3, NULL, NULL},
    {"reply", KEY_DIST, 0.001, 0.05, 0.3, NULL, NULL},
    {"local", KEY_DIST, 0.0001, 0.005, 0.3, NULL, NULL},
    {"wan", KEY_DIST, 0.001, 0.2, 0.3, NULL, NULL},
    {"management", KEY_DIST, 0.001, 0.5, 0.3, NULL, NULL},
};

/* A number of users who pay in turn, or a rate. */
static const Key closed[] = {{"load", KEY_CHOICE, 0, 0, 1, "closed", NULL},
                             {"population", KEY_COUNT, 1, 300, 1, NULL, NULL},
                             {"think", KEY_TIME, 0.5, 30, 1, NULL, NULL}};

static const Key users[] = {
    {"rate", KEY_NUMBER, 5, 60, 1, NULL, "/s"},
    {"arrivals", KEY_CHOICE, 0, 0, 0.5, "poisson regular", NULL},
    {"population", KEY_COUNT, 1, 2000, 0.7, NULL, NULL},
    {"timeout", KEY_TIME, 0.1, 10, 0.7, NULL, NULL},
    {"idempotency_keys", KEY_CHOICE, 0, 0, 0.7, FLAG, NULL},
    {"reauth", KEY_DIST, 0.1, 10, 0.7, NULL, NULL},
    {"login_capacity", KEY_NUMBER, 1, 100, 0.3, NULL, "/s"},
    {"connection", KEY_DIST, 0.1, 60, 0.3, NULL, NULL},
    {"misrouted", KEY_NUMBER, 0.1, 20, 0.3, NULL, "%"},
    {"patience", KEY_TIME, 0.1, 60, 0.3, NULL, NULL},
    {"clock", KEY_TIME, 1, 86000, 0.3, NULL, NULL},
    {"session.payments", KEY_NUMBER, 1, 5, 0.3, NULL, ""},
    {"session.idle", KEY_TIME, 0.1, 60, 0.3, NULL, NULL},
    {"think", KEY_TIME, 0.5, 30, 0.5, NULL, NULL},
    {"retry.max", KEY_COUNT, 0, 8, 0.7, NULL, NULL},
    {"retry.backoff", KEY_DIST, 0.01, 5, 0.7, NULL, NULL},
    {"retry.multiplier", KEY_NUMBER, 1, 4, 0.5, NULL, ""},
    {"retry.backoff_max", KEY_TIME, 0.1, 30, 0.5, NULL, NULL},
    {"retry.jitter", KEY_NUMBER, 1, 100, 0.5, NULL, "%"},
};

static const Key router[] = {
    {"kind", KEY_CHOICE, 0, 0, 0.7, "front-door traffic-manager", NULL},
    {"failover", KEY_CHOICE, 0, 0, 0.7, "automatic runbook", NULL},
    {"edges", KEY_COUNT, 1, 8, 0.7, NULL, NULL},
    {"routing", KEY_CHOICE, 0, 0, 0.4, "priority weighted latency", NULL},
    {"share", KEY_NUMBER, 1, 100, 0.4, NULL, "%"},
    {"affinity", KEY_CHOICE, 0, 0, 0.4, FLAG, NULL},
    {"return", KEY_CHOICE, 0, 0, 0.5, "automatic hold-down manual", NULL},
    {"hold_down", KEY_TIME, 0.1, 30, 0.5, NULL, NULL},
    {"propagation", KEY_DIST, 0.1, 20, 0.4, NULL, NULL},
    {"anycast", KEY_DIST, 0.1, 60, 0.5, NULL, NULL},
    {"resolvers", KEY_COUNT, 0, 20, 0.4, NULL, NULL},
    {"overstay.share", KEY_NUMBER, 1, 50, 0.3, NULL, "%"},
    {"overstay.for", KEY_DIST, 1, 200, 0.3, NULL, NULL},
    {"ttl", KEY_DIST, 0.1, 60, 0.7, NULL, NULL},
    {"probe.interval", KEY_TIME, 1, 10, 1, NULL, NULL},
    {"probe.timeout", KEY_TIME, 0.05, 0.9, 1, NULL, NULL},
    {"probe.samples", KEY_COUNT, 3, 6, 0.7, NULL, NULL},
    {"probe.required", KEY_COUNT, 1, 3, 0.7, NULL, NULL},
    {"probe.false_alarm", KEY_NUMBER, 0.01, 10, 0.3, NULL, "%"},
    {"probe.miss", KEY_NUMBER, 0.01, 10, 0.3, NULL, "%"},
};

static const Key application[] = {
    {"servers", KEY_COUNT, 1, 20, 0.5, NULL, NULL},
    {"queue", KEY_COUNT, 0, 50, 0.5, NULL, NULL},
    {"service_time", KEY_DIST, 0.001, 0.2, 0.7, NULL, NULL},
    {"timeout", KEY_TIME, 0.02, 6, 0.7, NULL, NULL},
    {"publish", KEY_CHOICE, 0, 0, 0.3, FLAG, NULL},
    {"republish", KEY_CHOICE, 0, 0, 0.6, FLAG, NULL},
    {"health", KEY_CHOICE, 0, 0, 0.6, "shallow deep", NULL},
    {"shared_sessions", KEY_CHOICE, 0, 0, 0.6, FLAG, NULL},
    {"standby.mode", KEY_CHOICE, 0, 0, 0.4, "scaled-down replicas-zero no-nodes", NULL},
    {"pod.start", KEY_DIST, 0.1, 5, 0.5, NULL, NULL},
    {"pod.image_pull", KEY_DIST, 0.1, 5, 0.5, NULL, NULL},
    {"pod.jvm_start", KEY_DIST, 0.1, 10, 0.5, NULL, NULL},
    {"pod.restart", KEY_CHOICE, 0, 0, 0.5, FLAG, NULL},
    {"warmup.factor", KEY_NUMBER, 1, 5, 0.3, NULL, ""},
    {"hpa.enabled", KEY_CHOICE, 0, 0, 0.3, FLAG, NULL},
    {"hpa.sync", KEY_TIME, 1, 15, 0.5, NULL, NULL},
    {"node.provision", KEY_DIST, 1, 40, 0.7, NULL, NULL},
    {"node.shortage", KEY_NUMBER, 1, 50, 0.3, NULL, "%"},
    {"node.timeout", KEY_TIME, 5, 60, 0.5, NULL, NULL},
    {"liveness.shared", KEY_CHOICE, 0, 0, 0.8, "yes yes no", NULL},
    {"liveness.period", KEY_TIME, 1, 10, 0.8, NULL, NULL},
    {"liveness.timeout", KEY_TIME, 0.02, 0.9, 0.8, NULL, NULL},
    {"liveness.failures", KEY_COUNT, 1, 3, 0.8, NULL, NULL},
    {"drift.probability", KEY_NUMBER, 10, 100, 0.3, NULL, "%"},
    {"drift.effect", KEY_CHOICE, 0, 0, 0.8, "fails-to-start errors slow", NULL},
    {"drift.notice", KEY_COUNT, 1, 100, 0.7, NULL, NULL},
    {"drift.repair", KEY_DIST, 1, 30, 0.7, NULL, NULL},
    {"misrouted", KEY_CHOICE, 0, 0, 0.4, "serve serve refuse reroute log-only log-only", NULL},
};

static const Key configuration[] = {
    {"change.at", KEY_DIST, 15, 200, 0.8, NULL, NULL},
    {"change.of", KEY_CHOICE, 0, 0, 0.5, "database kafka both", NULL},
    {"change.overlap", KEY_TIME, 0.1, 20, 0.3, NULL, NULL},
    {"sync.interval", KEY_TIME, 1, 200, 0.6, NULL, NULL},
    {"sync.jitter", KEY_TIME, 0.1, 30, 0.3, NULL, NULL},
    {"secrets", KEY_CHOICE, 0, 0, 0.5, "csi environment", NULL},
    {"csi_interval", KEY_TIME, 0.1, 60, 0.6, NULL, NULL},
    {"vault", KEY_CHOICE, 0, 0, 0.8, "own shared shared", NULL},
    {"vault_failover", KEY_DIST, 1, 60, 0.6, NULL, NULL},
    {"propagation", KEY_DIST, 0.1, 30, 0.6, NULL, NULL},
    {"endpoints", KEY_CHOICE, 0, 0, 0.3, "own active", NULL},
};

static const Key kafka[] = {
    {"partitions", KEY_COUNT, 1, 24, 0.6, NULL, NULL},
    {"acks", KEY_CHOICE, 0, 0, 0.6, "0 1 all", NULL},
    {"append", KEY_DIST, 0.0005, 0.5, 0.6, NULL, NULL},
    {"replicate", KEY_DIST, 0.0005, 0.5, 0.6, NULL, NULL},
};

static const Key brokers[] = {
    {"min_insync_replicas", KEY_COUNT, 1, 3, 0.4, NULL, NULL},
    {"replica_lag_time_max", KEY_TIME, 0.5, 30, 0.4, NULL, NULL},
    {"broker_session_timeout", KEY_TIME, 2.5, 12, 0.4, NULL, NULL},
    {"controllers", KEY_CHOICE, 0, 0, 0.4, "dedicated combined", NULL},
    {"unclean_leader_election", KEY_CHOICE, 0, 0, 0.5, FLAG, NULL},
    {"catch_up", KEY_NUMBER, 2, 500, 0.4, NULL, "/s"},
    {"leader_rebalance", KEY_TIME, 0.5, 60, 0.4, NULL, NULL},
};

static const Key producer[] = {
    {"retries", KEY_COUNT, 0, 20, 0.5, NULL, NULL},
    {"linger", KEY_TIME, 0.001, 0.5, 0.3, NULL, NULL},
    {"batch_records", KEY_COUNT, 1, 16, 0.5, NULL, NULL},
    {"max_in_flight", KEY_COUNT, 1, 5, 0.5, NULL, NULL},
    {"request_timeout", KEY_TIME, 0.5, 20, 0.5, NULL, NULL},
    {"retry_backoff", KEY_TIME, 0.01, 1, 0.4, NULL, NULL},
    {"buffer_records", KEY_COUNT, 1, 100, 0.3, NULL, NULL},
    {"max_block", KEY_TIME, 0.1, 20, 0.4, NULL, NULL},
    {"idempotent", KEY_CHOICE, 0, 0, 0.4, "no", NULL},
    {"outages", KEY_CHOICE, 0, 0, 0.4, "reset silent", NULL},
};

static const Key readiness[] = {
    {"strategy", KEY_CHOICE, 0, 0, 0.5,
     "no-subscription paused paused startup-probe partition-control replicas-zero", NULL},
    {"re_pauses", KEY_CHOICE, 0, 0, 0.5, FLAG, NULL},
    {"rebalance_at", KEY_TIME, 1, 60, 0.5, NULL, NULL},
};

static const Key mirror[] = {
    {"enabled", KEY_CHOICE, 0, 0, 0.5, "yes yes yes no", NULL},
    {"runs_in", KEY_CHOICE, 0, 0, 0.6, "active passive", NULL},
    {"kind", KEY_CHOICE, 0, 0, 0.4, "mirrormaker2 replicator none", NULL},
    {"subscription", KEY_CHOICE, 0, 0, 0.2, "pattern plain", NULL},
    {"exactly_once", KEY_CHOICE, 0, 0, 0.3, FLAG, NULL},
    {"new_acl", KEY_CHOICE, 0, 0, 0.2, FLAG, NULL},
    {"acls_interval", KEY_TIME, 1, 60, 0.4, NULL, NULL},
    {"acl_repair", KEY_DIST, 1, 60, 0.4, NULL, NULL},
    {"replicator.batch_period", KEY_TIME, 1, 60, 0.4, NULL, NULL},
    {"linking.offset_sync_interval", KEY_TIME, 1, 60, 0.4, NULL, NULL},
    {"policy", KEY_CHOICE, 0, 0, 0.3, "default identity", NULL},
    {"start_from", KEY_CHOICE, 0, 0, 0.3, "copied-end now everything", NULL},
    {"tasks", KEY_COUNT, 1, 6, 0.5, NULL, NULL},
    {"workers.count", KEY_COUNT, 1, 4, 0.4, NULL, NULL},
    {"workers.session_timeout", KEY_TIME, 0.5, 10, 0.4, NULL, NULL},
    {"workers.rebalance_delay", KEY_TIME, 0.5, 60, 0.4, NULL, NULL},
    {"workers.clean_stop", KEY_CHOICE, 0, 0, 0.3, FLAG, NULL},
    {"produce_rtt", KEY_TIME, 0.001, 0.5, 0.3, NULL, NULL},
    {"new_partitions", KEY_COUNT, 0, 24, 0.2, NULL, NULL},
    {"refresh_interval", KEY_TIME, 1, 60, 0.4, NULL, NULL},
    {"latency", KEY_DIST, 0.01, 10, 0.7, NULL, NULL},
    {"latency_varies", KEY_CHOICE, 0, 0, 0.6, "run batch", NULL},
    {"poll_interval", KEY_DIST, 0.005, 1, 0.6, NULL, NULL},
    {"max_poll_records", KEY_COUNT, 1, 500, 0.5, NULL, NULL},
    {"throughput", KEY_NUMBER, 2, 500, 0.3, NULL, "/s"},
    {"offset_lag_max", KEY_COUNT, 0, 100, 0.6, NULL, NULL},
    {"offset_flush_interval", KEY_TIME, 0.5, 60, 0.6, NULL, NULL},
    {"checkpoints.interval", KEY_TIME, 0.5, 60, 0.6, NULL, NULL},
    {"checkpoints.reuse_syncs", KEY_CHOICE, 0, 0, 0.3, FLAG, NULL},
    {"sync_group_offsets.enabled", KEY_CHOICE, 0, 0, 0.7, FLAG, NULL},
    {"sync_group_offsets.interval", KEY_TIME, 0.5, 60, 0.6, NULL, NULL},
    {"await_offsets", KEY_CHOICE, 0, 0, 0.2, FLAG, NULL},
};

#define DATABASE_KEYS                                                                              \
    {"replication.lag", KEY_DIST, 0.005, 10, 0.7, NULL, NULL},                                     \
        {"replication.lag_varies", KEY_CHOICE, 0, 0, 0.6, "run record state", NULL},               \
        {"replication.ship_time", KEY_DIST, 0.0001, 0.1, 0.4, NULL, NULL},                         \
        {"replication.flush_time", KEY_TIME, 0.001, 1, 0.3, NULL, NULL},                           \
        {"replication.apply_time", KEY_TIME, 0.0001, 0.1, 0.3, NULL, NULL},                        \
        {"replication.apply_lag_max", KEY_TIME, 0.01, 5, 0.5, NULL, NULL},                         \
        {"replication.bandwidth", KEY_COUNT, 50, 5000, 0.3, NULL, NULL},                           \
        {"replication.lag_spike", KEY_DIST, 1, 60, 0.3, NULL, NULL},                               \
        {"replication.calm_for", KEY_TIME, 10, 100, 0.5, NULL, NULL},                              \
        {"replication.spike_for", KEY_TIME, 5, 50, 0.5, NULL, NULL},                               \
        {"replication.max_records", KEY_COUNT, 1, 300, 0.2, NULL, NULL},                           \
        {"replication.max_age", KEY_TIME, 0.01, 10, 0.2, NULL, NULL},                              \
        {"failover.policy",                                                                        \
         KEY_CHOICE,                                                                               \
         0,                                                                                        \
         0,                                                                                        \
         0.3,                                                                                      \
         "customer-managed service-managed planned-only",                                          \
         NULL},                                                                                    \
        {"failover.grace_period", KEY_TIME, 0.1, 60, 0.7, NULL, NULL},                             \
        {"listener_ttl", KEY_TIME, 0.1, 60, 0.3, NULL, NULL},                                      \
        {"backup.interval", KEY_TIME, 1, 60, 0.7, NULL, NULL},                                     \
        {"backup.copy_time", KEY_DIST, 0.1, 30, 0.7, NULL, NULL},                                  \
        {"orphans", KEY_CHOICE, 0, 0, 0.4, "keep merge merge discard", NULL},                      \
        {"zone_standby", KEY_CHOICE, 0, 0, 0.3, "unseen standby none", NULL},                      \
        {"zone_failover", KEY_DIST, 1, 60, 0.5, NULL, NULL},                                       \
        {"size", KEY_NUMBER, 0.001, 2, 1, NULL, ""},                                               \
    {                                                                                              \
        "seeding_rate", KEY_NUMBER, 100, 1000, 0.5, NULL, ""                                       \
    }

static const Key database[] = {
    {"commit_time", KEY_DIST, 0.001, 0.3, 0.6, NULL, NULL},
    {"replication.mode", KEY_CHOICE, 0, 0, 0.6, "async async sync sync none backup", NULL},
    {"replication.order", KEY_CHOICE, 0, 0, 0.6, "log none", NULL},
    {"replication.confirm", KEY_CHOICE, 0, 0, 0.4, "flushed received applied", NULL},
    DATABASE_KEYS,
};

static const Key postgresql[] = {
    {"kind", KEY_CHOICE, 0, 0, 1, "postgresql", NULL},
    {"synchronous_commit", KEY_CHOICE, 0, 0, 0.9,
     "off off off off local remote_write on remote_apply", NULL},
    {"wal_writer_delay", KEY_TIME, 0.05, 10, 0.8, NULL, NULL},
    DATABASE_KEYS,
};

static const Key cosmos_db[] = {
    {"kind", KEY_CHOICE, 0, 0, 1, "cosmos-db", NULL},
    {"consistency", KEY_CHOICE, 0, 0, 0.9,
     "strong bounded-staleness session consistent-prefix eventual", NULL},
    DATABASE_KEYS,
};

static const Key azure_sql[] = {
    {"kind", KEY_CHOICE, 0, 0, 1, "azure-sql", NULL},
    {"replication.sync_share", KEY_NUMBER, 1, 100, 0.8, NULL, "%"},
    DATABASE_KEYS,
};

static const Key consumer[] = {
    {"service", KEY_DIST, 0.0001, 0.05, 0.6, NULL, NULL},
    {"instances", KEY_COUNT, 1, 5, 0.5, NULL, NULL},
    {"max_poll_records", KEY_COUNT, 1, 500, 0.5, NULL, NULL},
    {"commit_interval", KEY_TIME, 0.05, 20, 0.6, NULL, NULL},
    {"start", KEY_CHOICE, 0, 0, 0.7, "latest earliest none", NULL},
    {"idempotent", KEY_CHOICE, 0, 0, 0.6, FLAG, NULL},
};

static const Key consumer_late[] = {
    {"operator", KEY_DIST, 1, 60, 0.6, NULL, NULL},
    {"commit", KEY_CHOICE, 0, 0, 0.5, "interval batch transaction", NULL},
    {"session_timeout", KEY_TIME, 0.5, 45, 0.4, NULL, NULL},
};

static const Key failover[] = {
    {"mode", KEY_CHOICE, 0, 0, 0.9, "manual semi-automatic automatic automatic off", NULL},
    {"detect", KEY_CHOICE, 0, 0, 0.3, "probes alerts", NULL},
    {"hosted", KEY_CHOICE, 0, 0, 0.3, "elsewhere active passive", NULL},
    {"notice", KEY_DIST, 0.5, 60, 0.3, NULL, NULL},
    {"acknowledge", KEY_DIST, 0.1, 5, 0.3, NULL, NULL},
    {"answers", KEY_NUMBER, 20, 100, 0.3, NULL, "%"},
    {"escalate_after", KEY_TIME, 1, 10, 0.3, NULL, NULL},
    {"page", KEY_DIST, 0.1, 10, 1, NULL, NULL},
    {"decide", KEY_DIST, 0.1, 20, 1, NULL, NULL},
    {"operator", KEY_DIST, 0.1, 10, 1, NULL, NULL},
    {"hold", KEY_TIME, 0.001, 20, 1, NULL, NULL},
    {"cancel", KEY_CHOICE, 0, 0, 0.6, FLAG, NULL},
    {"step_retry", KEY_TIME, 0.1, 20, 1, NULL, NULL},
    {"probe.interval", KEY_TIME, 1, 10, 1, NULL, NULL},
    {"probe.timeout", KEY_TIME, 0.05, 0.9, 1, NULL, NULL},
    {"probe.samples", KEY_COUNT, 3, 6, 0.6, NULL, NULL},
    {"probe.required", KEY_COUNT, 1, 3, 0.6, NULL, NULL},
    {"probe.false_alarm", KEY_NUMBER, 0.01, 20, 0.3, NULL, "%"},
    {"probe.miss", KEY_NUMBER, 0.01, 10, 0.3, NULL, "%"},
};

static const Key alert[] = {
    {"scrape", KEY_TIME, 1, 10, 1, NULL, NULL},
    {"scrape_timeout", KEY_TIME, 0.05, 0.9, 1, NULL, NULL},
    {"evaluation", KEY_TIME, 0.2, 10, 1, NULL, NULL},
    {"for", KEY_TIME, 0.1, 20, 0.5, NULL, NULL},
    {"rule", KEY_CHOICE, 0, 0, 0.6, "up error-ratio either", NULL},
    {"errors", KEY_NUMBER, 0.5, 60, 0.6, NULL, "%"},
    {"window", KEY_TIME, 11, 60, 1, NULL, NULL},
    {"group_wait", KEY_TIME, 0.1, 10, 1, NULL, NULL},
};

static const Key step_trouble[] = {
    {"approval", KEY_DIST, 0.1, 5, 0.1, NULL, NULL}, {"fails", KEY_NUMBER, 1, 99, 0.2, NULL, "%"},
    {"retries", KEY_COUNT, 0, 3, 0.2, NULL, NULL},   {"backoff", KEY_DIST, 0.1, 5, 0.3, NULL, NULL},
    {"by_hand", KEY_DIST, 0.1, 20, 0.5, NULL, NULL},
};

static const Key failback[] = {
    {"mode", KEY_CHOICE, 0, 0, 1, "manual semi-automatic automatic automatic off", NULL},
    {"hold", KEY_TIME, 0.5, 30, 1, NULL, NULL},
    {"decide", KEY_DIST, 0.1, 20, 1, NULL, NULL},
    {"operator", KEY_DIST, 0.1, 5, 1, NULL, NULL},
};

static const Key reconciliation[] = {
    {"automatic", KEY_NUMBER, 1, 100, 0.6, NULL, "%"},
    {"automatic_time", KEY_DIST, 0.001, 1, 0.6, NULL, NULL},
    {"manual_time", KEY_DIST, 0.5, 60, 0.8, NULL, NULL},
    {"staff", KEY_COUNT, 1, 8, 0.5, NULL, NULL},
};

static const Key measure[] = {
    {"window", KEY_TIME, 0.1, 10, 0.5, NULL, NULL},
    {"success", KEY_NUMBER, 30, 100, 0.5, NULL, "%"},
};

static void add_choice(Generator *g, const char *words)
{
    char **word = g_strsplit(words, " ", -1);
    add(g, "%s", word[random_below(&g->draws, g_strv_length(word))]);
    g_strfreev(word);
}

static void add_value(Generator *g, const Key *key)
{
    switch (key->kind) {
    case KEY_TIME:
        add_time(g, spread(g, key->low, key->high));
        break;
    case KEY_DIST:
        add_dist(g, key->low, key->high);
        break;
    case KEY_COUNT:
        add(g, "%" G_GINT64_FORMAT, between(g, (int64_t)key->low, (int64_t)key->high));
        break;
    case KEY_NUMBER:
        add(g, "%.3f%s", spread(g, key->low, key->high), key->unit);
        break;
    case KEY_CHOICE:
        add_choice(g, key->choice);
        break;
    }
}

/* Has active-active no use for it? (The mode of the failover has one.) */
static bool contradicts_both(const char *key)
{
    static const char *const keys[] = {"failover",
                                       "standby.mode",
                                       "endpoints",
                                       "policy",
                                       "consistency",
                                       "replication.mode",
                                       "replication.sync_share",
                                       "replication.max_records",
                                       "replication.max_age"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

/* A dotted name belongs to a group, whose header goes before its first key that is written. */
static void add_key(Generator *g, const Key *key)
{
    const char *dot = strchr(key->name, '.');
    size_t length = dot ? (size_t)(dot - key->name) : 0;
    if (!chance(g, key->written) || (g->both && contradicts_both(key->name)))
        return;
    if (dot && (strncmp(g->group, key->name, length) != 0 || g->group[length] != '\0')) {
        g_snprintf(g->group, sizeof g->group, "%.*s", (int)length, key->name);
        add(g, "  %s:\n", g->group);
    }
    add(g, dot ? "    %s: " : "  %s: ", dot ? dot + 1 : key->name);
    add_value(g, key);
    add(g, "\n");
}

static void add_section(Generator *g, const char *name, const Key *keys, size_t count)
{
    size_t start = g->text->len;
    add(g, "%s:\n", name);
    size_t header = g->text->len;
    g->group[0] = '\0';
    for (size_t i = 0; i < count; i++)
        add_key(g, &keys[i]);
    if (g->text->len == header)
        g_string_truncate(g->text, start);
}
#define SECTION(g, table) add_section(g, #table, table, G_N_ELEMENTS(table))

/* ---- lists ---- */

static const Key channel[] = {
    {"timeout", KEY_TIME, 0.1, 10, 0.8, NULL, NULL},
    {"patience", KEY_TIME, 0.1, 60, 0.3, NULL, NULL},
    {"idempotency_keys", KEY_CHOICE, 0, 0, 0.7, FLAG, NULL},
};

static void add_hours(Generator *g)
{
    bool banking = chance(g, 0.2);
    if (banking)
        add(g, "  day: banking\n");
    if (banking || !chance(g, 0.2))
        return;
    add(g, "  day: hours\n  hours:\n");
    for (int hour = 0; hour < 24; hour += 1 + (int)between(g, 0, 7))
        add(g, "    - {at: %dh, factor: %.3f}\n", hour, hour % 3 == 0 ? spread(g, 0.1, 5) : 0);
}

static void add_channels(Generator *g)
{
    int64_t count = chance(g, 0.3) ? between(g, 1, 3) : 0;
    for (int64_t i = 0; i < count; i++) {
        add(g, "%s    - name: channel %d\n      share: %.3f\n", i ? "" : "  channels:\n", (int)i,
            spread(g, 0.01, 0.33));
        for (size_t k = 0; k < G_N_ELEMENTS(channel); k++) {
            if (!chance(g, channel[k].written))
                continue;
            add(g, "      %s: ", channel[k].name);
            add_value(g, &channel[k]);
            add(g, "\n");
        }
        add(g, "      retry: {max: %d, backoff: ", (int)between(g, 0, 6));
        add_dist(g, 0.01, 5);
        add(g, "}\n");
    }
}

static void add_cast(Generator *g)
{
    int64_t count = chance(g, 0.3) ? between(g, 1, 3) : 0;
    for (int64_t i = 0; i < count; i++) {
        add(g, "%s    - {name: user %d, at: ", i ? "" : "  cast:\n", (int)i);
        add_dist(g, 1, g->duration);
        add(g, ", via: ");
        add_choice(g, "router active passive");
        add(g, "}\n");
    }
}

static void swap_draws(Generator *g)
{
    RandomStream draws = g->draws;
    g->draws = g->late_draws;
    g->late_draws = draws;
}

static void add_kafka(Generator *g)
{
    size_t start = g->text->len;
    SECTION(g, kafka);
    if (g->text->len == start)
        add(g, "kafka:\n");
    add(g, "  brokers: 3\n");
    swap_draws(g);
    g->group[0] = '\0';
    for (size_t i = 0; i < G_N_ELEMENTS(brokers); i++)
        add_key(g, &brokers[i]);
    SECTION(g, producer);
    SECTION(g, readiness);
    swap_draws(g);
}

static void add_item_keys(Generator *g, const Key *keys, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        if (!chance(g, keys[k].written))
            continue;
        add(g, "    %s: ", keys[k].name);
        add_value(g, &keys[k]);
        add(g, "\n");
    }
}

static void add_consumers(Generator *g)
{
    int64_t count = between(g, 0, 4);
    add(g, "consumers:%s\n", count ? "" : " []");
    for (int64_t i = 0; i < count; i++) {
        add(g, "  - name: group %d\n", (int)i);
        add_item_keys(g, consumer, G_N_ELEMENTS(consumer));
        swap_draws(g);
        add_item_keys(g, consumer_late, G_N_ELEMENTS(consumer_late));
        swap_draws(g);
    }
}

static double step_chance(const char *step, bool backup)
{
    if (strcmp(step, "restore-backup") == 0)
        return backup ? 0.8 : 0;
    return strcmp(step, "await-database") == 0 || strcmp(step, "seed-database") == 0 ? 0.1 : 0.85;
}

/* The database is a product, sometimes. */
static void add_database(Generator *g)
{
    if (g->both) {
        SECTION(g, database);
        return;
    }
    if (chance(g, 0.3))
        add_section(g, "database", postgresql, G_N_ELEMENTS(postgresql));
    else if (chance(g, 0.2))
        add_section(g, "database", cosmos_db, G_N_ELEMENTS(cosmos_db));
    else if (chance(g, 0.2))
        add_section(g, "database", azure_sql, G_N_ELEMENTS(azure_sql));
    else
        SECTION(g, database);
}

static void add_alert(Generator *g)
{
    add(g, "  alert:\n");
    for (size_t k = 0; k < G_N_ELEMENTS(alert); k++) {
        if (!chance(g, alert[k].written))
            continue;
        add(g, "    %s: ", alert[k].name);
        add_value(g, &alert[k]);
        add(g, "\n");
    }
}

static void add_step(Generator *g, const char *const *step, size_t i)
{
    add(g, "    - {step: %s, duration: ", step[i]);
    add_dist(g, 0.05, 10);
    add(g, ", after: [");
    bool any = false;
    for (size_t j = 0; j < i; j++)
        if (chance(g, 0.4)) {
            add(g, "%s%s", any ? ", " : "", step[j]);
            any = true;
        }
    add(g, "]");
    for (size_t k = 0; k < G_N_ELEMENTS(step_trouble); k++) {
        if (!chance(g, step_trouble[k].written))
            continue;
        add(g, ", %s: ", step_trouble[k].name);
        add_value(g, &step_trouble[k]);
    }
    add(g, "}\n");
}

static void shuffle(Generator *g, const char **step, size_t count)
{
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = random_below(&g->draws, i + 1);
        const char *other = step[j];
        step[j] = step[i];
        step[i] = other;
    }
}

/* Behind those of a runbook that has some: what a planned switchover wants, and what follows. */
static void add_late_steps(Generator *g, const char **step, size_t count)
{
    static const struct {
        const char *name;
        double written;
        bool needs_mirror;
    } late[] = {{"stop-consumers", 0.1, false},
                {"demote-kafka", 0.1, false},
                {"await-mirror", 0.1, true},
                {"reverse-mirror", 0.1, false},
                {"reconcile", 0.5, false}};
    bool mirrored =
        !strstr(g->text->str, "\n  enabled: no\n") && !strstr(g->text->str, "\n  kind: none\n");
    swap_draws(g);
    for (size_t i = 0; count > 0 && i < G_N_ELEMENTS(late); i++)
        if (chance(g, late[i].written) && (mirrored || !late[i].needs_mirror)) {
            step[count] = late[i].name;
            add_step(g, step, count++);
        }
    swap_draws(g);
}

/* All that is left to do when a region is lost, and when it is back. */
static void add_takeover(Generator *g)
{
    add(g, "  steps: [{step: resume-consumers, duration: ");
    add_dist(g, 0.05, 10);
    add(g, "}, {step: scale-application, duration: 1s}]\n");
    if (chance(g, 0.5))
        return;
    add(g, "failback: {mode: automatic, hold: 5s, steps: [{step: stop-consumers, duration: ");
    add_dist(g, 0.05, 10);
    add(g, "}]}\n");
}

/* A random part of the runbook in random order; a step waits for some of those before it. */
static void add_steps(Generator *g)
{
    bool backup = strstr(g->text->str, "mode: backup") != NULL;
    const char *step[15] = {"fence",
                            "promote-database",
                            "switch-kafka",
                            "resume-consumers",
                            "scale-application",
                            "switch-configuration",
                            "reroute",
                            "await-database",
                            "seed-database",
                            "restore-backup"};
    enum { STEPS = 10 };
    if (chance(g, 0.1))
        return;
    if (chance(g, 0.6)) /* else in the usual order */
        shuffle(g, step, STEPS);
    size_t count = 0;
    for (size_t i = 0; i < STEPS; i++)
        if (chance(g, step_chance(step[i], backup)))
            step[count++] = step[i];
    add(g, "  steps:%s\n", count ? "" : " []");
    for (size_t i = 0; i < count; i++)
        add_step(g, step, i);
    add_late_steps(g, step, count);
}

/* The way home: the usual one for the most part, or steps in any order. */
static void add_failback(Generator *g)
{
    const char *step[] = {
        "seed-database",     "rejoin-kafka",   "rejoin-consumers", "start-mirror",
        "await-database",    "stop-consumers", "demote-kafka",     "await-mirror",
        "promote-database",  "switch-kafka",   "resume-consumers", "switch-configuration",
        "scale-application", "reroute",        "reverse-mirror",   "fence",
        "reconcile"};
    swap_draws(g);
    if (chance(g, 0.6)) {
        SECTION(g, failback);
        bool usual = chance(g, 0.8);
        if (!usual)
            shuffle(g, step, G_N_ELEMENTS(step));
        size_t count = 0;
        for (size_t i = 0; i < G_N_ELEMENTS(step); i++)
            if (chance(g, usual ? 0.9 : 0.5))
                step[count++] = step[i];
        add(g, "  steps:%s\n", count ? "" : " []");
        for (size_t i = 0; i < count; i++)
            add_step(g, step, i);
    }
    SECTION(g, reconciliation);
    swap_draws(g);
}

static const struct {
    const char *name, *targets;
    const char *effects; /* what a gray failure of it may say */
} faults[] = {
    {"region", "north-india north-india north-india west-india", "slow delay errors"},
    {"zone", "north-india west-india", NULL},
    {"application", "north-india west-india", "slow delay errors"},
    {"database", "north-india west-india", "slow delay errors"},
    {"kafka", "north-india west-india", "slow delay errors"},
    {"broker", "north-india west-india", NULL},
    {"replica-fetcher", "north-india west-india", NULL},
    {"kafka-controller", "north-india west-india", NULL},
    {"consumers", "north-india west-india", "slow delay"},
    {"link", "both out back router-active router-passive monitor management", "slow delay loss"},
    {"mirror", "0 50% 100%", "slow delay"},
    {"router", NULL, "errors"},
    {"control-plane", NULL, NULL},
    {"monitor", NULL, "errors"},
    {"switchover", NULL, NULL},
};

static void add_effect(Generator *g, const char *effects)
{
    char **word = g_strsplit(effects, " ", -1);
    const char *effect = word[random_below(&g->draws, g_strv_length(word))];
    add(g, ", %s: ", effect);
    if (strcmp(effect, "slow") == 0)
        add(g, "%.3f", spread(g, 1.1, 100));
    else if (strcmp(effect, "delay") == 0)
        add_dist(g, 0.01, 10);
    else
        add(g, "%.3f%%", spread(g, 0.1, 99));
    g_strfreev(word);
}

/* Some follow the event before, some flap. */
static void add_recurrence(Generator *g, int64_t number)
{
    if (number > 0 && chance(g, 0.15))
        add(g, ", after: event %d", (int)number - 1);
    if (chance(g, 0.15))
        add(g, ", probability: %.3f%%", spread(g, 10, 100));
    if (!chance(g, 0.15))
        return;
    add(g, ", repeat: {up: ");
    add_time(g, spread(g, 0.5, 60));
    if (chance(g, 0.5))
        add(g, ", times: %d", (int)between(g, 1, 6));
    add(g, "}");
}

/* Some begin together, some are over at once, some never end. */
static void add_event(Generator *g, double region, double *at, int64_t number)
{
    size_t kinds = G_N_ELEMENTS(faults) - g->both; /* the last is the switchover */
    size_t fault = chance(g, region) ? 0 : random_below(&g->draws, kinds);
    if (!chance(g, 0.2))
        *at = 1.1 * g->duration * random_uniform(&g->draws);
    add(g, "  - {fail: %s, name: event %d, at: ", faults[fault].name, (int)number);
    if (chance(g, 0.2))
        add_dist(g, 1, g->duration);
    else
        add_time(g, *at);
    if (faults[fault].targets && chance(g, 0.7)) {
        add(g, ", target: ");
        add_choice(g, faults[fault].targets);
    }
    if (chance(g, 0.15)) {
        add(g, ", for: 0s");
    } else if (chance(g, 0.85)) {
        add(g, ", for: ");
        add_dist(g, 0.05, g->duration);
    }
    if (faults[fault].effects && chance(g, 0.25))
        add_effect(g, faults[fault].effects);
    else if (strcmp(faults[fault].name, "router") == 0 && chance(g, 0.5))
        add(g, ", share: %.3f%%", spread(g, 1, 99));
    add_recurrence(g, number);
    add(g, "}\n");
}

/* The first is a region often, and early enough for a failover within the run. */
static void add_events(Generator *g)
{
    int64_t count = between(g, 0, 4);
    double at = 0.3 * g->duration;
    for (int64_t i = 0; i < count; i++) {
        if (i == 0)
            add(g, "events:\n");
        add_event(g, i == 0 ? 0.5 : 0.1, &at, i);
    }
}

static void add_run(Generator *g)
{
    add(g, "run: {duration: ");
    add_time(g, g->duration);
    if (chance(g, 0.4)) {
        add(g, ", warmup: ");
        add_time(g, g->duration * 0.5 * random_uniform(&g->draws));
    }
    if (chance(g, 0.7)) {
        add(g, ", drain: ");
        add_time(g, 60 * random_uniform(&g->draws));
    }
    add(g, "}\n");
}

/* ---- what is rare otherwise ---- */

/* Where a top-level section's lines begin and end in the text; made if it is not there. */
static void find_section(Generator *g, const char *section, size_t *from, size_t *to)
{
    char *header = g_strdup_printf("\n%s:\n", section);
    const char *found = strstr(g->text->str, header);
    if (!found) {
        add(g, "%s:\n", section);
        *from = *to = g->text->len;
    } else {
        *from = *to = (size_t)(found - g->text->str) + strlen(header);
        while (g->text->str[*to] == ' ')
            *to += (size_t)(strchr(g->text->str + *to, '\n') - (g->text->str + *to)) + 1;
    }
    g_free(header);
}

/* Over what was drawn. Not for groups. */
static void set_key(Generator *g, const char *section, const char *key, const char *value)
{
    size_t from, to;
    find_section(g, section, &from, &to);
    char *line = g_strdup_printf("  %s: ", key);
    for (size_t at = from; at < to;) {
        size_t next = (size_t)(strchr(g->text->str + at, '\n') - g->text->str) + 1;
        if (strncmp(g->text->str + at, line, strlen(line)) == 0) {
            g_string_erase(g->text, (gssize)at, (gssize)(next - at));
            break;
        }
        at = next;
    }
    g_string_insert(g->text, (gssize)from, "\n");
    g_string_insert(g->text, (gssize)from, value);
    g_string_insert(g->text, (gssize)from, line);
    g_free(line);
}

static void set_keys(Generator *g, const char *const (*keys)[3], size_t count)
{
    for (size_t k = 0; k < count; k++)
        set_key(g, keys[k][0], keys[k][1], keys[k][2]);
}

/* What Kafka's client insists on, and some readers of committed records. */
static void make_transactional(Generator *g)
{
    static const char *const keys[][3] = {
        {"application", "publish", "yes"},
        {"kafka", "acks", "all"},
        {"kafka", "replicate", "{exponential: {mean: 100ms}}"},
        {"producer", "retries", "8"},
        {"producer", "idempotent", "yes"},
        {"producer", "transactional", "yes"},
    };
    static const char *const slow[][3] = {
        {"producer", "transaction_records", "10000"},
        {"producer", "transaction_interval", "20s"},
        {"producer", "transaction_timeout", "1s"},
    };
    set_keys(g, keys, G_N_ELEMENTS(keys));
    char *value = g_strdup_printf("%d", (int)(chance(g, 0.5) ? 1 : between(g, 2, 100)));
    set_key(g, "producer", "transaction_records", value);
    g_free(value);
    value = g_strdup_printf("%dms", (int)(1000 * spread(g, 0.01, 5)));
    set_key(g, "producer", "transaction_interval", value);
    g_free(value);
    value = g_strdup_printf("%dms", (int)(1000 * spread(g, 0.5, 30)));
    set_key(g, "producer", "transaction_timeout", value);
    g_free(value);
    if (chance(g, 0.3)) /* it is aborted before it ends */
        set_keys(g, slow, G_N_ELEMENTS(slow));
    set_key(g, "producer", "transactional_ids", chance(g, 0.5) ? "new" : "stable");
    if (chance(g, 0.4))
        set_key(g, "mirror", "isolation", "read_committed");
    for (int i = 0; i < 4; i++) {
        char *group = g_strdup_printf("  - name: group %d\n", i);
        char *more = g_strdup_printf("%s    isolation: read_committed\n", group);
        if (chance(g, 0.6))
            g_string_replace(g->text, group, more, 1);
        g_free(group);
        g_free(more);
    }
}

/* Answers that come too late: records are sent again, and recognised or not. */
static void make_impatient(Generator *g, bool idempotent)
{
    static const char *const keys[][3] = {
        {"application", "publish", "yes"},
        {"kafka", "acks", "all"},
        {"kafka", "replicate", "{exponential: {mean: 100ms}}"},
        {"producer", "retries", "8"},
        {"producer", "request_timeout", "150ms"},
        {"producer", "batch_records", "1"},
        {"producer", "max_in_flight", "5"},
    };
    set_keys(g, keys, G_N_ELEMENTS(keys));
    set_key(g, "producer", "idempotent", idempotent ? "yes" : "no");
}

/* By the scenario's number, so that even a few have it. */
static void add_rarities(Generator *g, uint64_t seed, uint32_t number)
{
    random_init(&g->draws, seed, number, "generate", "rarities");
    if (number % 4 == 2)
        make_transactional(g);
    else if (number % 16 == 1 || number % 16 == 3)
        make_impatient(g, number % 16 == 1);
}

char *generate_scenario(uint64_t seed, uint32_t number)
{
    Generator g = {.text = g_string_new("version: 1\n")};
    random_init(&g.draws, seed, number, "generate", "scenario");
    random_init(&g.late_draws, seed, number, "generate", "late keys");
    g.duration = spread(&g, 40, 240);
    add(&g, "name: random %u of seed %" G_GUINT64_FORMAT "\n", number, seed);
    g.both = number % 8 == 5;
    if (g.both)
        add(&g, "regions: {mode: active-active}\n");
    SECTION(&g, network);
    if (chance(&g, 0.1))
        add_section(&g, "users", closed, G_N_ELEMENTS(closed));
    else {
        SECTION(&g, users);
        add_hours(&g);
    }
    add_channels(&g);
    add_cast(&g);
    SECTION(&g, router);
    SECTION(&g, application);
    SECTION(&g, configuration);
    add_kafka(&g);
    SECTION(&g, mirror);
    add_database(&g);
    add_consumers(&g);
    SECTION(&g, failover);
    add_alert(&g);
    if (g.both) {
        add_takeover(&g);
    } else {
        add_steps(&g);
        add_failback(&g);
    }
    add_events(&g);
    SECTION(&g, measure);
    add_run(&g);
    add_rarities(&g, seed, number);
    return g_string_free(g.text, FALSE);
}
