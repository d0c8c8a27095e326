/* The scenario's sections: the models' tables, and those that belong to no model. */
#include "models/config.h"

static const char *const mode_choices[] = {"active-passive", "active-active", NULL};

#define AT(member) offsetof(RegionsConfig, member)
static const ParamSpec regions_specs[] = {
    {.key = "mode",
     .type = PARAM_CHOICE,
     .offset = AT(mode),
     .fallback = "active-passive",
     .choices = mode_choices,
     .text = "active-passive: one region serves, the other stands by. active-active: both serve "
             "users, both databases take writes and send them to each other asynchronously, both "
             "Kafkas take events, and a mirror runs each way. Then `active` and `passive` are "
             "names alone, recovery counts from a failure of the first, router.routing is latency "
             "and failover.mode is off unless they are written.",
     .source = "article: key differences from active-active; Cosmos DB multi-region writes; "
               "KIP-382, active/active"},
    {.key = "active",
     .type = PARAM_TEXT,
     .offset = AT(name[REGION_ACTIVE]),
     .fallback = "north-india",
     .text = "The region that serves users before anything fails.",
     .source = "article: North India"},
    {.key = "passive",
     .type = PARAM_TEXT,
     .offset = AT(name[REGION_PASSIVE]),
     .fallback = "west-india",
     .text = "The region that stands by.",
     .source = "article: West India"},
    {.key = "zones",
     .type = PARAM_COUNT,
     .offset = AT(zones),
     .fallback = "3",
     .min = 1,
     .max = 16,
     .text = "Availability zones of each region. Broker b is in zone b % zones; the application's "
             "pods and nodes are spread evenly.",
     .source = "Azure: three where a region has zones (Central India has, West India has none)"},
};
#undef AT
static const ParamTable regions_table = {
    .specs = regions_specs, .count = G_N_ELEMENTS(regions_specs), .size = sizeof(RegionsConfig)};

#define AT(member) offsetof(NetworkConfig, member)
static const ParamSpec network_specs[] = {
    {.key = "users",
     .type = PARAM_DIST,
     .offset = AT(users),
     .fallback = "10ms",
     .text = "A user's request to the router's edge, or a DNS answer back; one way.",
     .source = "ours"},
    {.key = "edge",
     .type = PARAM_DIST,
     .offset = AT(edge),
     .fallback = "10ms",
     .text = "Router's edge to a region, one way.",
     .source = "P50 round trips between Indian regions, April 2024: 20 to 41 ms"},
    {.key = "reply",
     .type = PARAM_DIST,
     .offset = AT(reply),
     .fallback = "20ms",
     .text = "A region's answer to the user, through the edge.",
     .source = "ours"},
    {.key = "local",
     .type = PARAM_DIST,
     .offset = AT(local),
     .fallback = "500us",
     .text = "Between services of one region, one way.",
     .source = "ours"},
    {.key = "wan",
     .type = PARAM_DIST,
     .offset = AT(wan),
     .fallback = "12500us",
     .text =
         "Between the two regions, one way. Replication delays are set with the database and the "
         "mirror; this one is for their requests.",
     .source = "P50 round trip Central India to West India, April 2024: 25 ms"},
    {.key = "management",
     .type = PARAM_DIST,
     .offset = AT(management),
     .fallback = "50ms",
     .text =
         "Commands of the failover controller and the control plane, and their answers; one way.",
     .source = "ours"},
};
#undef AT
static const ParamTable network_table = {
    .specs = network_specs, .count = G_N_ELEMENTS(network_specs), .size = sizeof(NetworkConfig)};

#define AT(member) offsetof(RunConfig, member)
static const ParamSpec run_specs[] = {
    {.key = "duration",
     .type = PARAM_TIME,
     .offset = AT(duration),
     .fallback = "30m",
     .min = 1e-9,
     .max = 366 * 86400.0,
     .text = "How long payments are submitted.",
     .source = ""},
    {.key = "warmup",
     .type = PARAM_TIME,
     .offset = AT(warmup),
     .fallback = "0ns",
     .text = "Payments submitted before this are simulated and not counted.",
     .source = ""},
    {.key = "drain",
     .type = PARAM_TIME,
     .offset = AT(drain),
     .fallback = "0ns",
     .max = 366 * 86400.0,
     .text = "How long the run goes on after that, so that payments under way can end.",
     .source = ""},
    {.key = "replications",
     .type = PARAM_COUNT,
     .offset = AT(replications),
     .fallback = "100",
     .min = 1,
     .max = 1e8,
     .text = "Independent runs.",
     .source = ""},
    {.key = "seed",
     .type = PARAM_COUNT,
     .offset = AT(seed),
     .fallback = "42",
     .max = 9e18,
     .text = "Same scenario, seed and version: same bytes.",
     .source = ""},
};
#undef AT
static const ParamTable run_table = {
    .specs = run_specs, .count = G_N_ELEMENTS(run_specs), .size = sizeof(RunConfig)};

#define AT(member) offsetof(MeasureConfig, member)
static const ParamSpec measure_specs[] = {
    {.key = "window",
     .type = PARAM_TIME,
     .offset = AT(window),
     .fallback = "1s",
     .min = 0.001,
     .max = 3600,
     .text = "Attempts are judged together by the window in which they were sent.",
     .source = ""},
    {.key = "success",
     .type = PARAM_SHARE,
     .offset = AT(success),
     .fallback = "99%",
     .text = "Service is there while at least this share of the attempts sent in a window succeed.",
     .source = ""},
};
#undef AT
static const ParamTable measure_table = {
    .specs = measure_specs, .count = G_N_ELEMENTS(measure_specs), .size = sizeof(MeasureConfig)};

#define AT(member) offsetof(ExpectConfig, member)
static const ParamSpec expect_specs[] = {
    {.key = "that",
     .type = PARAM_TEXT,
     .offset = AT(that),
     .text =
         "METRIC[.STATISTIC] OP VALUE, such as rto.service.p95 <= 5m. Statistics: mean (default), "
         "min, max, p50, p90, p95, p99, p99.9. Or METRIC OP VALUE in SHARE, such as rpo.seconds <= "
         "5s in 99.9%: in that share of the runs to which the metric applies. Operators: <= < >= > "
         "==.",
     .source = ""},
    {.key = "confidence",
     .type = PARAM_SHARE,
     .offset = AT(confidence),
     .fallback = "95%",
     .min = 0.5,
     .max = 0.999999,
     .text = "How sure the verdict must be. Means and quantiles: of the two-sided interval "
             "(Student's t; order statistics). A share of runs: of each one-sided Clopper-Pearson "
             "bound, so that 2,995 runs without a miss show 99.9% with 95% confidence. "
             "INCONCLUSIVE if the runs cannot tell.",
     .source = ""},
    {.key = "why",
     .type = PARAM_TEXT,
     .offset = AT(why),
     .fallback = "\"\"",
     .text = "Where the limit comes from.",
     .source = ""},
};
#undef AT
static const ParamTable expect_table = {.specs = expect_specs,
                                        .count = G_N_ELEMENTS(expect_specs),
                                        .size = sizeof(ExpectConfig),
                                        .shorthand = "that"};

#define AT(member) offsetof(VariantConfig, member)
static const ParamSpec variant_specs[] = {
    {.key = "name",
     .type = PARAM_TEXT,
     .offset = AT(name),
     .text = "What the comparison calls it.",
     .source = ""},
    {.key = "about",
     .type = PARAM_TEXT,
     .offset = AT(about),
     .fallback = "\"\"",
     .text = "Why it is worth a look.",
     .source = ""},
    {.key = "set",
     .type = PARAM_POINT,
     .offset = AT(set),
     .text = "What differs from the scenario, by keys as for --set: {failover.mode: automatic}.",
     .source = ""},
};
#undef AT
static const ParamTable variant_table = {
    .specs = variant_specs, .count = G_N_ELEMENTS(variant_specs), .size = sizeof(VariantConfig)};

#define AT(member) offsetof(TopConfig, member)
static const ParamSpec top_specs[] = {
    {.key = "version",
     .type = PARAM_COUNT,
     .offset = AT(version),
     .min = 1,
     .max = 1,
     .text = "Version of the scenario language: 1.",
     .source = ""},
    {.key = "name",
     .type = PARAM_TEXT,
     .offset = AT(name),
     .text = "Title of the scenario.",
     .source = ""},
    {.key = "about",
     .type = PARAM_TEXT,
     .offset = AT(about),
     .fallback = "\"\"",
     .text = "What it shows.",
     .source = ""},
    {.key = "consumers",
     .type = PARAM_LIST,
     .offset = AT(consumers),
     .fallback = "[{name: fraud}, {name: notification}, {name: audit}]",
     .items = &consumer_table,
     .text = "Consumer groups that act on each payment's event; at most 4.",
     .source = "article: fraud detection, notification, audit logging"},
    {.key = "events",
     .type = PARAM_LIST,
     .offset = AT(events),
     .fallback = "[]",
     .items = &events_table,
     .text = "What fails, when, for how long.",
     .source = ""},
    {.key = "factors",
     .type = PARAM_LIST,
     .offset = AT(factors),
     .fallback = "[]",
     .items = &factor_table,
     .text = "What failsim rank moves, and how far.",
     .source = ""},
    {.key = "expect",
     .type = PARAM_LIST,
     .offset = AT(expect),
     .fallback = "[]",
     .items = &expect_table,
     .text =
         "What must hold: METRIC[.STATISTIC] OP VALUE, or METRIC OP VALUE in SHARE (the grammar: "
         "failsim explain 'expect[].that'). Judged PASS, FAIL or INCONCLUSIVE.",
     .source = ""},
    {.key = "variants",
     .type = PARAM_LIST,
     .offset = AT(variants),
     .fallback = "[]",
     .items = &variant_table,
     .text = "Designs to compare with this one: failsim compare FILE.",
     .source = ""},
};
#undef AT
static const ParamTable top_table = {
    .specs = top_specs, .count = G_N_ELEMENTS(top_specs), .size = sizeof(TopConfig)};

#define SECTION(member, table_name, words)                                                         \
    {                                                                                              \
        .name = #member, .text = words, .table = &table_name, .offset = offsetof(Scenario, member) \
    }

static const ParamSection sections[] = {
    {.name = "", .text = "", .table = &top_table, .offset = offsetof(Scenario, top)},
    SECTION(regions, regions_table, "The two regions."),
    SECTION(network, network_table, "Latencies of the links."),
    SECTION(users, users_table, "Who pays, how often, and what they do when it fails."),
    SECTION(router, router_table, "The global router: Front Door or Traffic Manager."),
    SECTION(application, application_table, "The services on AKS, the same in both regions."),
    SECTION(configuration, configuration_table,
            "Configuration and secrets, as the passive region has them."),
    SECTION(relay, relay_table, "With application.write outbox or cdc: who publishes."),
    SECTION(kafka, kafka_table, "The Kafka cluster of each region."),
    SECTION(producer, producer_table, "The Kafka client of who publishes."),
    SECTION(
        mirror, mirror_table,
        "What copies Kafka: MirrorMaker 2 or another, from the active region to the passive one."),
    SECTION(readiness, readiness_table,
            "How the passive region's consumers are kept ready but idle."),
    SECTION(database, database_table, "The database and its replica."),
    SECTION(failover, failover_table, "Who detects, who decides, and the runbook."),
    SECTION(reconciliation, reconciliation_table,
            "With a step reconcile: how what is inconsistent afterwards is worked off."),
    SECTION(failback, failback_table, "When and how service returns to the region that it left."),
    SECTION(run, run_table, "How long, how often, which seed."),
    SECTION(measure, measure_table, "When service counts as there."),
    SECTION(sweep, sweep_table, "Points of failsim sweep: which keys take which values."),
    SECTION(cost, cost_table, "Prices of what runs, and of what goes wrong."),
};

const ParamSchema scenario_schema = {
    .sections = sections, .count = G_N_ELEMENTS(sections), .size = sizeof(Scenario)};
