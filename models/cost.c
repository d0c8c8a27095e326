#include "models/cost.h"

#include <math.h>

#define HOURS_A_MONTH   730.0
#define SECONDS_A_MONTH (HOURS_A_MONTH * 3600)

/* What runs in the passive region, as a share of the active one's. A negative share is taken from
 * the scenario (nodes: warm_share). */
typedef struct TierShares {
    double nodes, brokers, mirrors, database;
} TierShares;

static const TierShares tier_shares[TIERS] = {
    [TIER_BACKUP_RESTORE] = {0, 0, 0, 0}, [TIER_PILOT_LIGHT] = {0, 1, 1, 1},
    [TIER_WARM_STANDBY] = {-1, 1, 1, 1},  [TIER_HOT_STANDBY] = {1, 1, 1, 1},
    [TIER_ACTIVE_ACTIVE] = {1, 1, 2, 1},
};

static TierShares shares_of(const CostConfig *config, const CostPlatform *platform)
{
    TierShares shares = tier_shares[config->tier];
    if (config->tier == TIER_AUTO)
        shares = (TierShares){.nodes = platform->passive_nodes,
                              .brokers = platform->mirror || platform->both_active ? 1 : 0,
                              .mirrors = !platform->mirror       ? 0
                                         : platform->both_active ? 2
                                                                 : 1,
                              .database = platform->database_replica ? 1 : 0};
    if (shares.nodes < 0)
        shares.nodes = config->warm_share;
    return shares;
}

CostMonth cost_month(const CostConfig *config, const CostPlatform *platform)
{
    TierShares shares = shares_of(config, platform);
    double nodes = ceil((double)platform->servers / (double)config->threads_per_node);
    double storage = config->storage_gb * config->storage_gb_month;
    double brokers = (double)config->brokers * config->broker_hour;
    double copied =
        shares.database + shares.mirrors > 0
            ? platform->payments_per_second * SECONDS_A_MONTH * config->bytes_per_payment / 1e9
            : config->storage_gb; /* a full backup a month crosses at least */
    return (CostMonth){
        .active =
            HOURS_A_MONTH * (nodes * config->node_hour + brokers + config->database_hour) + storage,
        .passive =
            HOURS_A_MONTH *
                (ceil(nodes * shares.nodes) * config->node_hour + shares.brokers * brokers +
                 shares.mirrors * config->mirror_hour + shares.database * config->database_hour) +
            storage,
        .shared = copied * config->transfer_gb + config->router_month,
    };
}

double cost_payments(const CostConfig *config, const CostCounts *counts)
{
    return counts->lost * config->lost + counts->duplicated * config->duplicated +
           counts->in_doubt * config->in_doubt + counts->gave_up * config->gave_up +
           counts->missing_events * config->missing_event +
           counts->repeated_effects * config->repeated_effect;
}

double cost_outage(const CostConfig *config, const CostCounts *counts)
{
    double minutes = isnan(counts->outage_seconds) ? 0 : counts->outage_seconds / 60;
    double without = config->outage_minute > 0 ? minutes * config->outage_minute : 0;
    return cost_payments(config, counts) + without;
}

static const char *const tier_choices[TIERS + 1] = {
    [TIER_AUTO] = "auto",
    [TIER_BACKUP_RESTORE] = "backup-and-restore",
    [TIER_PILOT_LIGHT] = "pilot-light",
    [TIER_WARM_STANDBY] = "warm-standby",
    [TIER_HOT_STANDBY] = "hot-standby",
    [TIER_ACTIVE_ACTIVE] = "active-active",
    [TIERS] = NULL,
};

#define AT(member)   offsetof(CostConfig, member)
#define LIST_PRICE   "ours: a round figure in the order of public list prices; enter your contract's"
#define OUR_ESTIMATE "ours: an estimate to replace"
#define PRICE(name, member, default_price, words, where)                                           \
    {                                                                                              \
        .key = name, .type = PARAM_NUMBER, .offset = AT(member), .fallback = default_price,        \
        .min = 0, .max = 1e12, .text = words, .source = where                                      \
    }
static const ParamSpec specs[] = {
    {.key = "currency",
     .type = PARAM_TEXT,
     .offset = AT(currency),
     .fallback = "USD",
     .text = "A label for all that is money; prices are numbers in it.",
     .source = ""},
    {.key = "tier",
     .type = PARAM_CHOICE,
     .offset = AT(tier),
     .fallback = "auto",
     .choices = tier_choices,
     .text = "How much of the active region runs in the passive one, for its price. auto: what the "
             "scenario says (regions.mode, application.standby, kafka.brokers, mirror, "
             "database.replication). backup-and-restore: storage alone. pilot-light: databases and "
             "Kafka, "
             "no nodes. warm-standby: the same and warm_share of the nodes. hot-standby: all. "
             "active-active: all, and a mirror each way.",
     .source = "AWS disaster recovery tiers; Azure active-passive guidance"},
    {.key = "warm_share",
     .type = PARAM_SHARE,
     .offset = AT(warm_share),
     .fallback = "20%",
     .text = "Share of the nodes that run in tier warm-standby.",
     .source = "ours"},
    {.key = "threads_per_node",
     .type = PARAM_COUNT,
     .offset = AT(threads_per_node),
     .fallback = "50",
     .min = 1,
     .max = 1e6,
     .text = "Of application.servers: how many one node carries. Nodes follow, rounded up.",
     .source = "ours"},
    {.key = "brokers",
     .type = PARAM_COUNT,
     .offset = AT(brokers),
     .fallback = "3",
     .min = 0,
     .max = 1e6,
     .text = "Kafka brokers of one region; kafka.brokers if that is written and this is not.",
     .source = "ours: three zones"},
    PRICE("price.node", node_hour, "0.4", "One node, an hour.", LIST_PRICE),
    PRICE("price.broker", broker_hour, "0.5", "One Kafka broker with its disks, an hour.",
          LIST_PRICE),
    PRICE("price.mirror", mirror_hour, "0.4", "The mirror's workers, an hour.", LIST_PRICE),
    PRICE("price.database", database_hour, "3", "One database or replica, an hour.", LIST_PRICE),
    PRICE("price.storage", storage_gb_month, "0.12", "One GB, a month.", LIST_PRICE),
    PRICE("price.transfer", transfer_gb, "0.05", "One GB between the regions.", LIST_PRICE),
    PRICE("price.router", router_month, "330", "The global router, a month.", LIST_PRICE),
    PRICE("storage_gb", storage_gb, "500", "Data of one region, in GB.", OUR_ESTIMATE),
    PRICE("bytes_per_payment", bytes_per_payment, "4000",
          "Bytes that cross between the regions for a payment: log record and event.",
          OUR_ESTIMATE),
    PRICE("lost", lost, "100", "A payment lost: found, explained, made good.", OUR_ESTIMATE),
    PRICE("duplicated", duplicated, "50", "A payment applied twice: refunded.", OUR_ESTIMATE),
    PRICE("in_doubt", in_doubt, "10", "A payment in doubt: a call, a look-up.", OUR_ESTIMATE),
    PRICE("gave_up", gave_up, "1", "A payment interrupted or rejected: its fee.", OUR_ESTIMATE),
    PRICE("missing_event", missing_event, "5", "An event missing: what hangs on it, by hand.",
          OUR_ESTIMATE),
    PRICE("repeated_effect", repeated_effect, "0", "A consumer's effect repeated.", OUR_ESTIMATE),
    PRICE("outage_minute", outage_minute, "0", "A minute without service, beside its payments.",
          OUR_ESTIMATE),
    PRICE("outages_per_year", outages_per_year, "0.2",
          "Outages like this one to be expected in a year.", "ours: one in five years"),
};
#undef AT

const ParamTable cost_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(CostConfig)};
