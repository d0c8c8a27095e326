/* The application's inside, shared by the files that make it: application.c (requests, the two
 * writes, life), application_pods.c (servers that come and go, faults), application_standby.c (what
 * makes a standby differ, and the runbook's steps). Nobody else includes this.
 *
 * Invariants: busy requests are WORKING, WRITING or PUBLISHING, and queued ones QUEUED; nobody
 * waits while a server is free. Owned by the application: requests and capacity.
 */
#ifndef MODELS_APPLICATION_PARTS_H
#define MODELS_APPLICATION_PARTS_H

#include <glib.h>

#include "models/application.h"

enum {
    APP_WORKED = MSG_KINDS,
    APP_TIMEOUT,
    APP_SCALE,
    APP_CONFIGURE,
    APP_CONFIGURED,
    APP_REPAIRED,
    APP_ASK,
    APP_CAPACITY, /* the first of its timers */
    APP_KINDS = APP_CAPACITY + CAPACITY_KINDS
};

/* What it does with requests while its region is not the active one. */
typedef enum Passive { PASSIVE_SERVES, PASSIVE_REFUSES, PASSIVE_FORWARDS } Passive;

typedef enum Stage {
    STAGE_FREE,
    STAGE_QUEUED,
    STAGE_WORKING,
    STAGE_WRITING,
    STAGE_PUBLISHING
} Stage;

/* A request in hand. Owns one hold on its payment while it is not free. */
typedef struct Request {
    PaymentRef payment;
    SimTime arrived_at;
    uint32_t next;   /* free list, queue */
    uint32_t serial; /* tells a timeout whether it is still about this request */
    uint16_t attempt;
    uint8_t stage;
    bool keyed, forwarded;
    bool fresh; /* the pod has turned out to have the present secret: it does both writes */
} Request;

struct Application {
    World *world;
    const ApplicationConfig *config;
    uint32_t region, partitions;
    SimComponent id;
    ApplicationLinks link;
    GArray *requests;
    uint32_t free_head, queue_head, queue_tail;
    Capacity *capacity;
    int64_t servers; /* the capacity's, now */
    int64_t busy, queued;
    uint64_t occupied; /* ns of busy servers: ends minus beginnings so far, modulo 2^64 */
    SimTime warm_at;   /* until then requests take longer */
    bool elastic;      /* load is measured for the autoscaler */
    bool unusual;      /* a request may meet something else than a free server, or a queue */
    double busy_time, server_time; /* ns, since the autoscaler's last look */
    SimTime load_noted_at;
    Configuration configuration;
    Passive passive;
    bool asking, announces;  /* the control plane: what am I; I am the active one */
    bool drifted, repairing; /* another version; the right one is rolled out */
    int64_t noticed;         /* requests that met the other version */
    /* Steps of the runbook: commanded; their own time is over. */
    bool scaling, scaled, configuring, configured;
    uint64_t scale_step, configure_step;
    SimTime restarted_at; /* so that pods read the present secret; 0: never */
    SimLane timeout_lane;
    RandomStream service_draws, dead_draws, kill_draws, drift_draws, repair_draws, stale_draws;
    uint64_t answered, failed; /* since it started: what a monitor scrapes */
    SimTime measure_from, wait_sum;
    ApplicationFacts facts;
};

static inline Request *application_request(const Application *app, uint32_t slot)
{
    return &g_array_index(app->requests, Request, slot);
}

static inline void application_end_work(Application *app, int64_t requests)
{
    app->busy -= requests;
    app->occupied += (uint64_t)requests * (uint64_t)sim_now(app->world->sim);
}

/* application.c */
void application_reply(Application *app, const SimEvent *request, Status status);
/* Answered with a definite no; `why` is told of the payment. */
void application_refuse(Application *app, const SimEvent *request, const char *why);
void application_answer_probe(Application *app, const SimEvent *probe, bool healthy);
void application_free_request(Application *app, uint32_t slot);
void application_enqueue(Application *app, uint32_t slot);
void application_serve_queue(Application *app);

/* application_pods.c */
void application_on_capacity(Sim *sim, void *self, const SimEvent *event);
/* Before busy or servers change, where load is measured. */
void application_note_load(Application *app);
/* Does a request that finds the application unusual find a pod? If not, it has been dealt with. */
bool application_admits(Application *app, const SimEvent *request);
/* As for a request. */
bool application_probe_arrives(Application *app, const SimEvent *probe);
/* What has changed with pods and nodes. */
void application_take_capacity(Application *app);
void application_down(Sim *sim, void *self);
void application_up(Sim *sim, void *self);

/* application_standby.c */
/* Does a request that finds the application unusual get to a server, or the queue? If not, it has
 * been dealt with. */
bool application_serves(Application *app, const SimEvent *request);
void application_become_passive(Application *app);
void application_begin_drift(Application *app);
/* A request has met the other version. */
void application_notice_drift(Application *app);
/* Of the pod that is about to use the secret `of` database or Kafka, for a request or (NULL) a
 * probe.
 */
bool application_secret_is_stale(Application *app, Request *request, unsigned of);
/* Are steps of the runbook done? */
void application_check_steps(Application *app);
void application_standby_down(Application *app);
void application_standby_up(Application *app);
void application_on_forwarded_reply(Sim *sim, void *self, const SimEvent *event);
void application_on_role(Sim *sim, void *self, const SimEvent *event);
void application_on_command(Sim *sim, void *self, const SimEvent *event);
void application_on_ask(Sim *sim, void *self, const SimEvent *event);
void application_on_scale(Sim *sim, void *self, const SimEvent *event);
void application_on_configure(Sim *sim, void *self, const SimEvent *event);
void application_on_configured(Sim *sim, void *self, const SimEvent *event);
void application_on_repaired(Sim *sim, void *self, const SimEvent *event);

#endif
