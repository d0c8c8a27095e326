/* The application on AKS, one per region: takes a request, writes the payment, publishes its event,
 * answers.
 *
 * A request takes a server (a thread) if one is free, else waits in the queue, else is refused. The
 * thread works for service_time, then writes the payment and its event in the order that `write`
 * says, and is held until both have answered. database-first and kafka-first are dual writes: what
 * fails between the two leaves a row without an event, or an event without a row. With outbox and
 * cdc it writes to the database alone, and a relay publishes (models/relay.h). A dependency that
 * does not answer within `timeout` gives an error of unknown outcome. Database first, a write that
 * was applied before (idempotency key) is answered without a second event, unless `republish`;
 * Kafka first, each attempt publishes, for the key is only known to the database.
 *
 * Sessions belong to the region that opened them: a request with another region's session is asked
 * to authenticate again, before anything is written.
 *
 * How many servers there are, pods and nodes decide (models/capacity.h). A request that finds no
 * ready pod is refused (503), or unanswered where there is not even a node; requests die with the
 * pods that have them.
 *
 * Misrouted requests (`misrouted`): until the step switch-configuration, the passive region's
 * application may refuse them, pass them on to the other region, and their answers back, or serve
 * them; its database then refuses them, unless the application swallows that, logs a line and says
 * yes (log-only). Endpoints of the other region (models/configuration.h) work as passing on. The
 * step tells the other region's application that it is the passive one now.
 *
 * A drifted version of the passive region does not start, fails on a share of the requests, or is
 * slow. A stale secret is refused by database or Kafka; with one of two writes done, that is an
 * error.
 *
 * Health: shallow answers every probe while the process runs; deep asks the region's database, and
 * is healthy if that answers that it is writable.
 */
#ifndef MODELS_APPLICATION_H
#define MODELS_APPLICATION_H

#include "models/capacity.h"
#include "models/configuration.h"
#include "sim/dist.h"
#include "sim/link.h"
#include "sim/param.h"

/* The passive region's deployment may not be the active one's: found when it is needed, repaired by
 * a roll-out after `notice` requests have met it, or by the runbook. */
typedef struct DriftConfig {
    double probability;
    int effect; /* DriftEffect */
    double errors, slowdown;
    int64_t notice;
    Dist *repair;
} DriftConfig;

typedef enum DriftEffect { DRIFT_FAILS_TO_START, DRIFT_ERRORS, DRIFT_SLOW } DriftEffect;

typedef struct ApplicationConfig {
    int64_t servers;
    int64_t queue;
    Dist *service_time;
    SimTime timeout;
    int write; /* ApplicationWrite */
    bool publish;
    bool republish;
    int health; /* 0 shallow, 1 deep */
    bool shared_sessions;
    CapacityConfig capacity;
    DriftConfig drift;
    int misrouted; /* ApplicationMisrouted */
    bool both;     /* derived: active-active, no region's is passive */
} ApplicationConfig;

typedef enum ApplicationWrite {
    WRITE_DATABASE_FIRST,
    WRITE_KAFKA_FIRST,
    WRITE_OUTBOX,
    WRITE_CDC
} ApplicationWrite;

typedef enum ApplicationMisrouted {
    MISROUTED_SERVE,
    MISROUTED_REFUSE,
    MISROUTED_REROUTE,
    MISROUTED_LOG_ONLY
} ApplicationMisrouted;

extern const ParamTable application_table;

/* Does a relay publish, in the application's place? */
bool application_relayed(const ApplicationConfig *config);

typedef struct Application Application;

Application *application_new(World *world, const ApplicationConfig *config,
                             const ConfigurationConfig *configuration, uint32_t region,
                             uint32_t partitions);
void application_free(Application *application);
SimComponent application_component(const Application *application);

typedef struct ApplicationLinks {
    SimLink *to_database, *to_kafka;
    SimLink *to_users;   /* replies */
    SimLink *to_edge;    /* probe answers; the prober is the probe's sender */
    SimLink *to_monitor; /* the same to a monitor with a way of its own; NULL: there is none */
    SimComponent monitor;
    SimLink *to_failover, *to_control;
    SimLink *to_peer; /* to the other region; its application: */
    SimComponent peer;
} ApplicationLinks;
void application_connect(Application *application, ApplicationLinks links);

/* Before the run: `share` of its pods and nodes (an availability zone's) is lost from `from` to
 * `to`, with the requests that they work on. Overlapping losses add up. */
void application_lose_share(Application *application, double share, SimTime from, SimTime to);
/* Before the run: the active region, and a shared vault with it, is down from `from` to `to`. */
void application_lose_vault(Application *application, SimTime from, SimTime to);
void application_start(Application *application);
/* The outage begins now: note whether the secrets are stale. */
void application_note_outage(Application *application);

typedef struct ApplicationFacts {
    CapacityFacts capacity;
    uint64_t turned_away;               /* refused or unanswered for want of a ready pod */
    uint64_t rerouted, passive_refused; /* requests, while passive */
    uint64_t stale_refused;             /* requests and deep probes that met a stale secret */
    SimTime rotated_at;                 /* SIM_NEVER: no secret was rotated */
    bool stale_at_outage, rotation_blocked;
    bool drifted;
    uint64_t waits;
    double wait_mean_seconds; /* request's arrival to its server, over requests that got one */
    double busy_seconds;      /* of all servers together, since the run began */
} ApplicationFacts;
/* Counts from the first request that arrives at or after `since`. */
void application_measure_from(Application *application, SimTime since);
ApplicationFacts application_facts(const Application *application);

#endif
