/* The mirror's scenario keys. */
#include "models/mirror.h"

static const char *const runs_in_choices[] = {"active", "passive", NULL};
static const char *const policy_choices[] = {"default", "identity", NULL};
static const char *const start_choices[] = {"copied-end", "now", "everything", NULL};
static const char *const vary_choices[] = {"run", "batch", NULL};

#define AT(member) offsetof(MirrorConfig, member)
static const ParamSpec specs[] = {
    {.key = "enabled",
     .type = PARAM_FLAG,
     .offset = AT(enabled),
     .fallback = "yes",
     .text = "Whether there is a mirror. no: topics are not replicated; after a failover the "
             "passive Kafka is empty.",
     .source = ""},
    {.key = "runs_in",
     .type = PARAM_CHOICE,
     .offset = AT(runs_in),
     .fallback = "passive",
     .choices = runs_in_choices,
     .text = "Region of the Connect workers. In the passive region a batch already polled survives "
             "the outage; in the active one it is lost. The mirror of the other direction runs at "
             "the same end of its line: passive means at its target.",
     .source = "KIP-382: run MirrorMaker close to the target (remote consume, local produce)"},
    {.key = "policy",
     .type = PARAM_CHOICE,
     .offset = AT(policy),
     .fallback = "default",
     .choices = policy_choices,
     .text =
         "What a copied topic is called. default: the source's alias before the name, so that a "
         "mirror of the other direction knows it for a copy. identity: the same name; a mirror "
         "that starts from everything copies back what came from there, as doubles.",
     .source = "KIP-382: DefaultReplicationPolicy (alias.topic); IdentityReplicationPolicy "
               "(KAFKA-9726) keeps the name and detects no cycles"},
    {.key = "start_from",
     .type = PARAM_CHOICE,
     .offset = AT(start_from),
     .fallback = "copied-end",
     .choices = start_choices,
     .text = "Where a mirror begins that the step start-mirror starts. copied-end: behind the last "
             "record that the mirror of the other direction wrote. now: at the end of each "
             "partition. everything: at the first record kept.",
     .source = "everything is MirrorMaker's default (auto.offset.reset earliest); the others need "
               "the connector's offsets to be set (KIP-875)"},
    {.key = "tasks",
     .type = PARAM_COUNT,
     .offset = AT(tasks),
     .fallback = "1",
     .min = 1,
     .max = MIRROR_TASKS_MAX,
     .text = "Tasks that share the partitions round-robin; each is one serial poll and send loop.",
     .source = "tasks.max defaults to 1"},
    {.key = "latency",
     .type = PARAM_DIST,
     .offset = AT(latency),
     .fallback = "{lognormal: {median: 500ms, p99: 7s}}",
     .text = "From the poll of a batch to its acknowledgement by the target cluster.",
     .source = "ours: no steady-state figure is published; calibrate from replication-latency-ms. "
               "AppsFlyer (2019) saw p90 7 s, p99 14 s across regions with Brooklin"},
    {.key = "latency_varies",
     .type = PARAM_CHOICE,
     .offset = AT(latency_vary),
     .fallback = "run",
     .choices = vary_choices,
     .text = "How often the latency is drawn. run: one latency is drawn for the whole run. batch: "
             "one for every batch, which in "
             "order holds up those behind it.",
     .source = ""},
    {.key = "poll_interval",
     .type = PARAM_DIST,
     .offset = AT(poll_interval),
     .fallback = "25ms",
     .text = "From one poll that returned records to the next: a round trip to the source.",
     .source = "P50 round trip Central India to West India, April 2024: 25 ms"},
    {.key = "max_poll_records",
     .type = PARAM_COUNT,
     .offset = AT(max_poll_records),
     .fallback = "500",
     .min = 1,
     .max = 1e6,
     .text = "Most records that one poll returns.",
     .source = "Kafka consumer configuration: max.poll.records 500"},
    {.key = "throughput",
     .type = PARAM_RATE,
     .offset = AT(throughput),
     .fallback = "0/s",
     .text =
         "Records that one task can send (max.in.flight=1: partitions per broker x batch size / "
         "produce round trip). 0/s: no cap. Below the arrival rate the lag grows without end.",
     .source = "Klarrio, November 2024: one MM2 fell hours behind at 2,500 messages/s over a WAN"},
    {.key = "offset_lag_max",
     .type = PARAM_COUNT,
     .offset = AT(offset_lag_max),
     .fallback = "100",
     .min = 0,
     .max = 1e9,
     .text = "Records per partition that may pass without an offset sync.",
     .source = "MirrorMaker: offset.lag.max 100"},
    {.key = "offset_flush_interval",
     .type = PARAM_TIME,
     .offset = AT(offset_flush_interval),
     .fallback = "60s",
     .min = 0.001,
     .max = 86400,
     .text = "How often Connect flushes source offsets and delayed offset syncs. A crashed mirror "
             "copies again what it copied since.",
     .source = "Kafka Connect: offset.flush.interval.ms 60000"},
    {.key = "checkpoints.interval",
     .type = PARAM_TIME,
     .offset = AT(checkpoint_interval),
     .fallback = "60s",
     .min = 0.001,
     .max = 86400,
     .text = "How often the consumers' committed offsets are translated. Stops with the source.",
     .source = "MirrorMaker: emit.checkpoints.interval.seconds 60"},
    {.key = "sync_group_offsets.enabled",
     .type = PARAM_FLAG,
     .offset = AT(sync_group_offsets),
     .fallback = "no",
     .text = "Write translated offsets to the passive consumer group while it is empty. Without it "
             "the group has no offset at failover and consumers.start decides.",
     .source = "KIP-545: sync.group.offsets.enabled false"},
    {.key = "sync_group_offsets.interval",
     .type = PARAM_TIME,
     .offset = AT(sync_interval),
     .fallback = "60s",
     .min = 0.001,
     .max = 86400,
     .text = "How often they are written.",
     .source = "KIP-545: sync.group.offsets.interval.seconds 60"},
};
#undef AT

const ParamTable mirror_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(MirrorConfig)};
