#include "models/readiness.h"

#define NEEDS(part) (1u << READY_##part)

/* X(name, text, source, blocks the sync, position, parts, what they do when activated) */
#define STRATEGIES(X)                                                                              \
    X("no-subscription",                                                                           \
      "processes are up with a group id and subscribe at the failover. The group is empty until "  \
      "then: its offsets are synchronised.",                                                       \
      "article, strategy 3; Kafka: group.initial.rebalance.delay.ms 3000", false, FROM_COMMITTED,  \
      NEEDS(GROUP_JOIN), "join their groups and read on")                                          \
    X("feature-flag",                                                                              \
      "processes are up and subscribe once they see a flag change; until then as without "         \
      "subscription.",                                                                             \
      "article, strategy 2; Azure App Configuration", false, FROM_COMMITTED,                       \
      NEEDS(FLAG_DELAY) | NEEDS(GROUP_JOIN), "see the flag, join their groups and read on")        \
    X("paused",                                                                                    \
      "members of the group that fetch nothing. The group is not empty, so its offsets are not "   \
      "synchronised; they resume at the position they had when assigned (the run's start) and "    \
      "do everything since again.",                                                                \
      "article, strategy 1; Kafka consumer: pause keeps position and membership; KIP-545", true,   \
      FROM_ASSIGNMENT, NEEDS(RESUME), "are resumed where they were paused")                        \
    X("replicas-zero", "no pods; they are started at the failover, on nodes that are there.",      \
      "article, strategy 4; Kubernetes", false, FROM_COMMITTED,                                    \
      NEEDS(POD_START) | NEEDS(IMAGE_PULL) | NEEDS(JVM_START) | NEEDS(READINESS_PERIOD) |          \
          NEEDS(GROUP_JOIN),                                                                       \
      "are started, join their groups and read on")                                                \
    X("startup-probe",                                                                             \
      "pods run and are held unready. That keeps requests away, not polling: the group reads "     \
      "what is mirrored from the start and acts on every event in both regions.",                  \
      "article, strategy 4; Kubernetes: probes gate traffic to a pod, nothing else", true,         \
      FROM_THE_START, NEEDS(READINESS_PERIOD), "become ready; they have read all along")           \
    X("environment-variable",                                                                      \
      "pods run with ACTIVE_REGION=false; the variable is read at the start only, so each pod is " \
      "replaced (its image is there).",                                                            \
      "article, strategy 4; Kubernetes: a container's environment is fixed when it starts", false, \
      FROM_COMMITTED,                                                                              \
      NEEDS(POD_START) | NEEDS(JVM_START) | NEEDS(READINESS_PERIOD) | NEEDS(GROUP_JOIN),           \
      "are started anew, join their groups and read on")                                           \
    X("partition-control",                                                                         \
      "MirrorMaker synchronises, nobody owns a partition; consumers are assigned theirs at the "   \
      "failover (assign, no group protocol): no rebalance, and no balancing later. The group "     \
      "stays "                                                                                     \
      "open to the synchronisation, also then.",                                                   \
      "article, strategy 5; Kafka consumer: assign", false, FROM_COMMITTED, NEEDS(ASSIGN),         \
      "are assigned their partitions and read on")

#define ROW(...)                        {__VA_ARGS__},
#define NAME(name, ...)                 name,
#define TEXT(name, text, ...)           " " name ": " text
#define SOURCE(name, text, source, ...) name ": " source "; "

static const ReadinessStrategy strategies[] = {STRATEGIES(ROW)};
static const char *const strategy_choices[] = {STRATEGIES(NAME) NULL};

/* X(part, key, default, text, source) */
#define PARTS(X)                                                                                   \
    X(READY_FLAG_DELAY, "flag_delay", "{uniform: {low: 0s, high: 30s}}",                           \
      "From the flag's change to consumers that see it (feature-flag).",                           \
      "Azure App Configuration provider: refresh interval 30 s, met at any phase")                 \
    X(READY_POD_START, "pod_start", "{lognormal: {median: 2s, p99: 5s}}",                          \
      "From the wish for a pod to its container's start, without the image's pull "                \
      "(replicas-zero, environment-variable). Where no node has room, 2 to 6 min more.",           \
      "Kubernetes objective: 99 % of stateless pods start within 5 s, pulls excluded; median "     \
      "ours")                                                                                      \
    X(READY_IMAGE_PULL, "image_pull", "{lognormal: {median: 10s, p99: 60s}}",                      \
      "Pull of the image (replicas-zero). 0s where the nodes have it.", "ours: calibrate")         \
    X(READY_JVM_START, "jvm_start", "{uniform: {low: 6s, high: 25s}}",                             \
      "Start of the process (replicas-zero, environment-variable).",                               \
      "Spring Boot: 6.28 s median from a fat jar, up to about 25 s at half a processor")           \
    X(READY_READINESS_PERIOD, "readiness_period", "{uniform: {low: 0s, high: 10s}}",               \
      "Until the next probe finds the pod ready (replicas-zero, startup-probe, "                   \
      "environment-variable).",                                                                    \
      "Kubernetes: periodSeconds 10, met at any phase; one success is enough")                     \
    X(READY_GROUP_JOIN, "group_join", "0s",                                                        \
      "First join of the empty group: initial rebalance delay, join, sync, offset fetch (all "     \
      "that subscribe). 0s: the runbook's step resume-consumers has it in its duration, as the "   \
      "default runbook does; otherwise {uniform: {low: 3s, high: 6s}}, and in the step the "       \
      "script's share alone.",                                                                     \
      "Kafka: group.initial.rebalance.delay.ms 3000; 3 to 6 s in all")                             \
    X(READY_ASSIGN, "assign", "{uniform: {low: 200ms, high: 1s}}",                                 \
      "Metadata and offset fetch of consumers that are assigned their partitions "                 \
      "(partition-control).",                                                                      \
      "derived: under 1 s, for there is no rebalance")                                             \
    X(READY_RESUME, "resume", "{uniform: {low: 0s, high: 500ms}}",                                 \
      "One poll and one fetch of consumers that are resumed (paused).",                            \
      "ours: a poll that has nothing to fetch waits for its timeout, commonly 500 ms")

#define PART_KEY(part, name, ...) [part] = name,
#define PART_SPEC(which, name, value, words, from)                                                 \
    {.key = name,                                                                                  \
     .type = PARAM_DIST,                                                                           \
     .offset = offsetof(ReadinessConfig, part) + which * sizeof(Dist *),                           \
     .fallback = value,                                                                            \
     .text = words,                                                                                \
     .source = from},

static const char *const part_key[READY_PARTS] = {PARTS(PART_KEY)};

static const ParamSpec specs[] = {
    {.key = "strategy",
     .type = PARAM_CHOICE,
     .offset = offsetof(ReadinessConfig, strategy),
     .fallback = "no-subscription",
     .choices = strategy_choices,
     .text = "What holds them back, and so what happens to offsets." STRATEGIES(TEXT),
     .source = STRATEGIES(SOURCE) "the parts of each: readiness.*"},
    PARTS(PART_SPEC){.key = "re_pauses",
                     .type = PARAM_FLAG,
                     .offset = offsetof(ReadinessConfig, re_pauses),
                     .fallback = "yes",
                     .text =
                         "Whether paused consumers pause again what a rebalance gives them. no: "
                         "from then on they read unasked, in both regions.",
                     .source = "Kafka consumer: pause does not outlive a rebalance; a "
                               "ConsumerRebalanceListener has to pause again"},
    {.key = "rebalance_at",
     .type = PARAM_DIST,
     .offset = offsetof(ReadinessConfig, rebalance_at),
     .fallback = "3650d",
     .text = "When the group of paused consumers rebalances (a deployment, a member more). So does "
             "it when they come back from a crash.",
     .source = "ours"},
};

const ParamTable readiness_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(ReadinessConfig)};

void readiness_init(Readiness *readiness, const ReadinessConfig *config, const World *world,
                    const char *component)
{
    readiness->config = config;
    readiness->strategy = &strategies[config->strategy];
    for (int part = 0; part < READY_PARTS; part++)
        readiness->draws[part] = world_stream(world, component, part_key[part]);
    readiness->rebalance_draws = world_stream(world, component, "rebalance_at");
}

SimTime readiness_activation(Readiness *readiness)
{
    SimTime sum = 0;
    for (int part = 0; part < READY_PARTS; part++)
        if (readiness->strategy->parts & 1u << part)
            sum = MIN(sum + dist_draw(readiness->config->part[part], &readiness->draws[part]),
                      SIM_TIME_LONGEST);
    return sum;
}

bool readiness_pauses_again(const Readiness *readiness)
{
    return readiness->config->re_pauses;
}

bool readiness_by_hand(const Readiness *readiness)
{
    return readiness->strategy->parts & NEEDS(ASSIGN);
}

SimTime readiness_rebalance_at(Readiness *readiness)
{
    return dist_draw(readiness->config->rebalance_at, &readiness->rebalance_draws);
}
