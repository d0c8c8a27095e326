/* Cost: what the platform costs while nothing happens, and what an outage costs.
 *
 * Standing cost follows from how much of the active region stands by in the passive one: each tier
 * of disaster recovery is a row of shares (nodes, brokers, mirror, database), to which storage,
 * traffic between the regions and the router come. Unit prices are inputs; ours are round figures
 * in the order of public list prices, to be replaced by those of a contract. A month is 730 hours,
 * as cloud price lists have it.
 *
 * The cost of an outage is counted from the fates of its payments, at a price each, and from the
 * time without service. It is linear: no fine, no lost customer, unless the prices contain them.
 *
 * Nothing here is random and nothing feeds back: cost is arithmetic over a scenario and a run's
 * counts. Money is in units of `currency`, which is a label.
 *
 * Source of the tiers: AWS disaster recovery white paper (backup and restore, pilot light, warm
 * standby, multi-site active-active) and Azure's active-passive and active-active guidance.
 */
#ifndef MODELS_COST_H
#define MODELS_COST_H

#include "sim/param.h"

typedef enum CostTier {
    TIER_AUTO, /* from what the scenario runs in the passive region */
    TIER_BACKUP_RESTORE,
    TIER_PILOT_LIGHT,
    TIER_WARM_STANDBY,
    TIER_HOT_STANDBY,
    TIER_ACTIVE_ACTIVE,
    TIERS
} CostTier;

typedef struct CostConfig {
    char *currency;
    int tier; /* CostTier */
    double warm_share;
    int64_t threads_per_node, brokers;
    double node_hour, broker_hour, mirror_hour, database_hour; /* prices */
    double storage_gb, storage_gb_month, transfer_gb, router_month;
    double bytes_per_payment; /* carried between the regions, rows and events together */
    double lost, duplicated, in_doubt, gave_up, missing_event, repeated_effect; /* each */
    double outage_minute;
    double outages_per_year;
} CostConfig;

extern const ParamTable cost_table;

/* What the platform's configuration says about its size. */
typedef struct CostPlatform {
    int64_t servers;      /* threads of one region's application at full size */
    double passive_nodes; /* share of them that runs in the passive region while it stands by */
    bool database_replica, mirror;
    bool both_active;
    double payments_per_second; /* mean over the day */
} CostPlatform;

typedef struct CostMonth {
    double active, passive, shared; /* shared: router and traffic between the regions */
} CostMonth;

CostMonth cost_month(const CostConfig *config, const CostPlatform *platform);

/* What became of the payments of one run. */
typedef struct CostCounts {
    double lost, duplicated, in_doubt, gave_up, missing_events, repeated_effects;
    double outage_seconds; /* without service; may be INFINITY */
} CostCounts;

double cost_payments(const CostConfig *config, const CostCounts *counts);
double cost_outage(const CostConfig *config, const CostCounts *counts);

#endif
