/* The metrics of one run, from the audit's counts, the recovery's stamps and the components' facts.
 */
#ifndef MODELS_METRICS_H
#define MODELS_METRICS_H

#include "models/application.h"
#include "models/audit.h"
#include "models/config.h"
#include "models/database.h"
#include "models/reconciliation.h"
#include "models/recovery.h"
#include "models/users.h"

typedef struct RunFacts {
    const Scenario *scenario;
    const Audit *audit;
    const Ledger *ledger;
    const Recovery *recovery;
    ReconciliationFacts reconciliation;
    UsersFacts users;
    DatabaseFacts database;       /* of the first primary */
    DatabaseFacts standby;        /* of the first standby */
    ApplicationFacts application; /* of the active region */
    ApplicationFacts passive_application;
    KafkaFacts kafka[REGIONS];
    MirrorFacts mirror[REGIONS]; /* by the region that it copies into */
    bool mirrors_back;           /* there is one into the active region */
    uint64_t faults;             /* components that went down */
    uint64_t degraded;           /* times that one began to work badly */
    uint64_t events;             /* delivered by the engine */
} RunFacts;

/* Fills values[platform_metrics.count]. */
void metrics_fill(const RunFacts *facts, double *values);

#endif
