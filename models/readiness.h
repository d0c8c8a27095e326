/* How the passive region's consumers are kept ready but idle, and what it takes to wake them.
 *
 * A strategy is one row of a const table (readiness.c): whether its idle consumers keep their group
 * from being empty, so that the mirror cannot write translated offsets to it; where it reads from
 * once it is activated; and which parts its activation is made of. Each part is a duration with a
 * key, and a random stream, of its own. From the command to consumers that read:
 *
 *   duration of the runbook's step resume-consumers + sum of the strategy's parts
 *
 * The step's duration is the operator's or the script's share. The default runbook's, 3 to 6 s,
 * is the first join of an empty group too: group_join is 0 by default, so that the join is not
 * counted twice. To compare strategies, give the step the script's share alone and group_join the
 * 3 to 6 s.
 *
 * A strategy more is a row more: its name, its text and its source go from there to the choices
 * and to what is explained of them. All const; a Readiness is embedded in its owner.
 *
 * Sources: the article's five strategies, "readiness mode" being three of them; Apache Kafka 4.0
 * consumer (pause, assign, group.initial.rebalance.delay.ms); KIP-545; Kubernetes probes and pod
 * start-up objective; Azure App Configuration provider.
 */
#ifndef MODELS_READINESS_H
#define MODELS_READINESS_H

#include <stdbool.h>

#include "models/world.h"
#include "sim/dist.h"
#include "sim/param.h"

/* What an activation may have to wait for; each is a key of the section. */
typedef enum ReadinessPart {
    READY_FLAG_DELAY,
    READY_POD_START,
    READY_IMAGE_PULL,
    READY_JVM_START,
    READY_READINESS_PERIOD,
    READY_GROUP_JOIN,
    READY_ASSIGN,
    READY_RESUME,
    READY_PARTS
} ReadinessPart;

/* Where the consumers read from once they are activated. */
typedef enum ReadinessPosition {
    FROM_COMMITTED,  /* the group's committed offset at that moment */
    FROM_ASSIGNMENT, /* the position that was fixed when they were assigned their partitions */
    FROM_THE_START   /* on from where they are: nothing has held them back */
} ReadinessPosition;

typedef struct ReadinessStrategy {
    const char *name, *text, *source;
    bool blocks_sync; /* its idle consumers are members: the group is not empty */
    ReadinessPosition position;
    unsigned parts;    /* bit per ReadinessPart */
    const char *wakes; /* what they do when activated: "the consumers in west-india …" */
} ReadinessStrategy;

typedef struct ReadinessConfig {
    int strategy; /* row */
    Dist *part[READY_PARTS];
    bool re_pauses;
    Dist *rebalance_at;
} ReadinessConfig;

extern const ParamTable readiness_table;

typedef struct Readiness {
    const ReadinessConfig *config;
    const ReadinessStrategy *strategy;
    RandomStream draws[READY_PARTS], rebalance_draws;
} Readiness;

/* `component`: whose random streams they are. */
void readiness_init(Readiness *readiness, const ReadinessConfig *config, const World *world,
                    const char *component);
/* How long the strategy's parts take this time. */
SimTime readiness_activation(Readiness *readiness);
/* Paused members whose group rebalances: do they pause the partitions that they get? */
bool readiness_pauses_again(const Readiness *readiness);
/* Do they take their partitions without the group protocol? */
bool readiness_by_hand(const Readiness *readiness);
/* When such a rebalance happens that nothing here causes (a deployment, a member more). */
SimTime readiness_rebalance_at(Readiness *readiness);

#endif
