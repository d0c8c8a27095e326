/* The scenario as its components read it: one config struct each. */
#ifndef MODELS_CONFIG_H
#define MODELS_CONFIG_H

#include "models/application.h"
#include "models/configuration.h"
#include "models/consumers.h"
#include "models/cost.h"
#include "models/database.h"
#include "models/failover.h"
#include "models/kafka.h"
#include "models/mirror.h"
#include "models/producer.h"
#include "models/readiness.h"
#include "models/reconciliation.h"
#include "models/relay.h"
#include "models/router.h"
#include "models/scenario.h"
#include "models/users.h"

typedef struct NetworkConfig {
    Dist *users, *edge, *reply, *local, *wan, *management; /* one way each */
} NetworkConfig;

typedef struct RunConfig {
    SimTime duration, warmup, drain;
    int64_t replications, seed;
} RunConfig;

typedef struct MeasureConfig {
    SimTime window;
    double success;
} MeasureConfig;

/* What may fail (events[].fail), in the order of fault_choices. */
typedef enum Fault {
    FAULT_REGION,
    FAULT_ZONE,
    FAULT_APPLICATION,
    FAULT_DATABASE,
    FAULT_KAFKA,
    FAULT_BROKER,
    FAULT_REPLICA_FETCHER,
    FAULT_KAFKA_CONTROLLER,
    FAULT_CONSUMERS,
    FAULT_LINK,
    FAULT_MIRROR,
    FAULT_ROUTER,
    FAULT_CONTROL_PLANE,
    FAULT_MONITOR,
    FAULT_SWITCHOVER,
    FAULTS
} Fault;

/* Directions and paths of links (events[].target of a link), in the order of fault_link_target. */
typedef enum LinkPath {
    PATH_OUT,
    PATH_BACK,
    PATH_BOTH,
    PATH_ROUTER_ACTIVE,
    PATH_ROUTER_PASSIVE,
    PATH_MONITOR,
    PATH_MANAGEMENT,
    PATHS
} LinkPath;

typedef struct EventConfig {
    Dist *at, *duration;
    int fail; /* Fault */
    char *target;
    int64_t zone, broker;
    double share; /* of the router's edges */
    /* a gray failure, if any of these says so */
    double slow, errors, loss;
    Dist *delay;
    /* again and again */
    Dist *up;
    int64_t times;
    SimTime until;
    /* in the wake of another */
    char *name, *after;
    double probability;
    /* resolved */
    uint32_t region; /* from target; for links a LinkPath */
    bool gray;
    uint32_t workers, worker; /* of the mirror: how many, from which on; 0: all of it */
    int64_t follows;          /* index of the event named in after; -1: none */
} EventConfig;

typedef struct ExpectConfig {
    char *that, *why;
    double confidence;
} ExpectConfig;

/* A design to compare with the scenario as written. */
typedef struct VariantConfig {
    char *name, *about;
    ParamSweep set; /* a PARAM_POINT */
} VariantConfig;

#define FACTORS_MAX 20

/* An input of a sensitivity study: a range, or values. */
typedef struct FactorConfig {
    char *key, *low, *high;
    int scale; /* 0 linear, 1 log */
    ParamNames values;
} FactorConfig;

typedef struct TopConfig {
    int64_t version;
    char *name, *about;
    ParamList consumers, events, expect; /* ConsumerConfig, EventConfig, ExpectConfig */
    ParamList factors;                   /* FactorConfig */
    ParamList variants;                  /* VariantConfig */
} TopConfig;

typedef enum RegionsMode { MODE_ACTIVE_PASSIVE, MODE_ACTIVE_ACTIVE } RegionsMode;

typedef struct RegionsConfig {
    char *name[REGIONS];
    int mode;      /* RegionsMode */
    int64_t zones; /* of each */
} RegionsConfig;

typedef struct ConstraintConfig {
    char *that;
} ConstraintConfig;

typedef struct SweepConfig {
    ParamSweep grid, zip, list;
    ParamList constraint; /* ConstraintConfig */
} SweepConfig;

struct Scenario {
    TopConfig top;
    RegionsConfig regions;
    NetworkConfig network;
    UsersConfig users;
    RouterConfig router;
    ApplicationConfig application;
    ConfigurationConfig configuration;
    RelayConfig relay;
    KafkaConfig kafka;
    ProducerConfig producer;
    MirrorConfig mirror;
    ReadinessConfig readiness;
    DatabaseConfig database;
    FailoverConfig failover;
    FailbackConfig failback;
    ReconciliationConfig reconciliation;
    RunConfig run;
    MeasureConfig measure;
    SweepConfig sweep;
    CostConfig cost;
    /* derived */
    ScenarioExpect *expect;
    char *events_text;
    char *data_hash;
};

extern const ParamTable events_table, sweep_table, factor_table;
/* By LinkPath; NULL-terminated. */
extern const char *const fault_link_target[];
/* Does its target name a region? */
bool fault_in_region(int fail);
/* Does it need to be told which broker? */
bool fault_of_broker(int fail);
/* May this be slow (and delayed), answer errors, lose packets? */
typedef struct FaultGray {
    bool slow, errors, loss;
} FaultGray;
FaultGray fault_gray(int fail);

const EventConfig *scenario_event(const Scenario *scenario, size_t index);
/* "region north-india fails"; g_free. */
char *scenario_event_text(const Scenario *scenario, size_t index);
/* "region north-india works well again": a gray failure ends; g_free. */
char *scenario_event_end_text(const Scenario *scenario, size_t index);
/* All of them in one line, with their times; g_free. */
char *scenario_describe_events(const Scenario *scenario);
/* Is there a mirror into this region? Into the active one if a runbook starts it, or
 * in active-active. */
bool scenario_mirrors_into(const Scenario *scenario, uint32_t region);
/* Is this the failure that the recovery times count from? (Something of the active region, or the
 * way to it.) */
bool scenario_event_hits_service(const EventConfig *event);

#endif
