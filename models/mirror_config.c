/* The mirror's scenario keys. */
#include "models/mirror.h"

static const char *const runs_in_choices[] = {"active", "passive", NULL};
static const char *const kind_choices[] = {"mirrormaker2", "replicator", "cluster-linking", "none",
                                           NULL};
static const char *const subscription_choices[] = {"pattern", "plain", NULL};
static const char *const policy_choices[] = {"default", "identity", NULL};
static const char *const isolation_choices[] = {"read_uncommitted", "read_committed", NULL};
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
    {.key = "kind",
     .type = PARAM_CHOICE,
     .offset = AT(kind),
     .fallback = "mirrormaker2",
     .choices = kind_choices,
     .text = "What copies. mirrormaker2. replicator: Confluent Replicator, which runs on Connect "
             "too, keeps topic names and translates offsets by timestamps. cluster-linking: the "
             "target's brokers fetch, byte for byte, offsets included; no Connect workers. none: "
             "as enabled: no.",
     .source = "KIP-382; Confluent: Replicator and Cross-Cluster Failover; Cluster Linking"},
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
    {.key = "subscription",
     .type = PARAM_CHOICE,
     .offset = AT(subscription),
     .fallback = "pattern",
     .choices = subscription_choices,
     .text = "What the groups of the target's region subscribe to. pattern: the topic with and "
             "without alias (or they are given the new name at the failover: put the time into "
             "resume-consumers). plain: the topic's own name; under the default policy they never "
             "see what was copied.",
     .source = "KIP-382: a remote topic is called alias.topic; consumers need a pattern"},
    {.key = "exactly_once",
     .type = PARAM_FLAG,
     .offset = AT(exactly_once),
     .fallback = "no",
     .text =
         "Source offsets are written in the transaction of their records, so that a mirror that "
         "crashes doubles nothing for readers of committed records. Readers with "
         "read_uncommitted would see aborted batches; that is not modelled.",
     .source = "KIP-618: exactly.once.source.support disabled"},
    {.key = "isolation",
     .type = PARAM_CHOICE,
     .offset = AT(isolation),
     .fallback = "read_uncommitted",
     .choices = isolation_choices,
     .text = "With producer.transactional. read_uncommitted: records of open and aborted "
             "transactions are copied, too, and are plain records in the passive Kafka. "
             "read_committed: what is committed, up to the first open transaction (always with "
             "exactly_once).",
     .source = "Kafka consumer configuration: isolation.level read_uncommitted; KIP-618: an "
               "exactly-once source must read committed"},
    {.key = "new_acl",
     .type = PARAM_FLAG,
     .offset = AT(new_acl),
     .fallback = "no",
     .text = "The producers' right to write is granted in the active region as the run begins, and "
             "not copied before the mirror's next round. A switch-kafka before that finds "
             "producers refused, and takes acl_repair longer.",
     .source = ""},
    {.key = "acls_interval",
     .type = PARAM_TIME,
     .offset = AT(acls_interval),
     .fallback = "600s",
     .min = 0.001,
     .max = 86400,
     .text = "How often ACLs and topic configurations are copied (with new_acl).",
     .source = "MirrorMaker: sync.topic.acls.interval.seconds 600"},
    {.key = "acl_repair",
     .type = PARAM_DIST,
     .offset = AT(acl_repair),
     .fallback = "{lognormal: {median: 5m, p99: 30m}}",
     .text = "How long it takes to find and grant what was not copied (with new_acl).",
     .source = "ours: an operator who reads TOPIC_AUTHORIZATION_FAILED"},
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
    {.key = "workers.count",
     .type = PARAM_COUNT,
     .offset = AT(workers),
     .fallback = "1",
     .min = 1,
     .max = MIRROR_WORKERS_MAX,
     .text =
         "Connect workers; the tasks, and behind them the checkpoint task, are dealt to them in "
         "turn. An event may take one or some of them away (events[].target).",
     .source = "ours: one, as small installations run it"},
    {.key = "workers.session_timeout",
     .type = PARAM_TIME,
     .offset = AT(session_timeout),
     .fallback = "10s",
     .max = 3600,
     .text = "How long before the group misses a worker that has crashed.",
     .source = "Kafka Connect: session.timeout.ms 10000"},
    {.key = "workers.rebalance_delay",
     .type = PARAM_TIME,
     .offset = AT(rebalance_delay),
     .fallback = "300s",
     .max = 86400,
     .text = "How long the tasks of a missed worker then stay unassigned, even if it comes back "
             "meanwhile. The tasks of the group's leader (the first worker) are not held back.",
     .source = "Kafka Connect: scheduled.rebalance.max.delay.ms 300000; Connect administration: a "
               "worker that returns gets its tasks back, once the delay has elapsed"},
    {.key = "workers.clean_stop",
     .type = PARAM_FLAG,
     .offset = AT(clean_stop),
     .fallback = "no",
     .text = "How workers go when an event takes them away. no: they crash. yes: they are stopped, "
             "flush their offsets and leave the group, as in a rolling restart.",
     .source = "Kafka Connect: a task that is stopped commits its offsets"},
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
     .text = "Records that one task can send. 0/s: no cap (but see produce_rtt). Below the arrival "
             "rate the lag grows without end.",
     .source = "Klarrio, November 2024: one MM2 fell hours behind at 2,500 messages/s over a WAN"},
    {.key = "produce_rtt",
     .type = PARAM_TIME,
     .offset = AT(produce_rtt),
     .fallback = "0ns",
     .max = 60,
     .text = "Round trip of a produce request to the target; caps what a task moves at one batch a "
             "round trip for each of its partitions (max.in.flight=1), and at one fetch a "
             "poll_interval. 0: no such cap. With throughput too, the lower counts.",
     .source =
         "measure request-latency-avg of the producer; strimzi: 11 to 14 ms for 16 KiB, 52 to "
         "71 ms for 320 KiB batches in one cluster"},
    {.key = "batch_size",
     .type = PARAM_COUNT,
     .offset = AT(batch_size),
     .fallback = "16384",
     .min = 1,
     .max = 1e9,
     .text = "Bytes of a producer's batch (with produce_rtt).",
     .source = "Kafka producer configuration: batch.size 16384"},
    {.key = "record_size",
     .type = PARAM_COUNT,
     .offset = AT(record_size),
     .fallback = "1000",
     .min = 1,
     .max = 1e9,
     .text = "Bytes of a record (with produce_rtt).",
     .source = "ours: a payment's event; measure"},
    {.key = "fetch_size",
     .type = PARAM_COUNT,
     .offset = AT(fetch_size),
     .fallback = "1048576",
     .min = 1,
     .max = 1e12,
     .text = "Bytes of one partition that one fetch brings (with produce_rtt).",
     .source = "Kafka consumer configuration: max.partition.fetch.bytes 1 MiB"},
    {.key = "new_partitions",
     .type = PARAM_COUNT,
     .offset = AT(new_partitions),
     .fallback = "0",
     .max = PARTITIONS_MAX,
     .text = "How many of the topic's partitions, the last ones, are created as the run begins; as "
             "many as kafka.partitions: the topic is. They are not copied before the mirror has "
             "looked for new topics.",
     .source = ""},
    {.key = "refresh_interval",
     .type = PARAM_TIME,
     .offset = AT(refresh_interval),
     .fallback = "600s",
     .min = 0.001,
     .max = 86400,
     .text = "How often the mirror looks for new topics and partitions. One of age a is not copied "
             "yet with probability 1 - a / this.",
     .source = "MirrorMaker: refresh.topics.interval.seconds 600"},
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
    {.key = "checkpoints.reuse_syncs",
     .type = PARAM_FLAG,
     .offset = AT(reuse_syncs),
     .fallback = "no",
     .text = "After a restart of the mirror. no: only the newest offset sync of each partition may "
             "be used. yes: all of them.",
     .source = "KAFKA-15905: yes from 3.7.1 and 3.8 on, if its checkpoints are found"},
    {.key = "sync_group_offsets.enabled",
     .type = PARAM_FLAG,
     .offset = AT(sync_group_offsets),
     .fallback = "no",
     .text = "Write translated offsets to the passive consumer group while it is empty. Without it "
             "the group has no offset at failover and consumers.start decides. The same switch for "
             "the other kinds.",
     .source = "KIP-545: sync.group.offsets.enabled false"},
    {.key = "await_offsets",
     .type = PARAM_FLAG,
     .offset = AT(await_offsets),
     .fallback = "no",
     .text = "Whether the step await-mirror waits for the groups' offsets, too: until nothing that "
             "the source's groups have committed is missing there. With the consumers stopped "
             "before it, a planned switchover then repeats nothing but what translation itself "
             "leaves.",
     .source = "ours: whoever switches compares the groups' lags in both clusters"},
    {.key = "sync_group_offsets.interval",
     .type = PARAM_TIME,
     .offset = AT(sync_interval),
     .fallback = "60s",
     .min = 0.001,
     .max = 86400,
     .text = "How often they are written.",
     .source = "KIP-545: sync.group.offsets.interval.seconds 60"},
    {.key = "replicator.batch_period",
     .type = PARAM_TIME,
     .offset = AT(translator_period),
     .fallback = "60s",
     .min = 0.001,
     .max = 86400,
     .text =
         "How often Replicator translates the groups' offsets (with sync_group_offsets.enabled, "
         "which stands for the consumers' timestamp interceptor).",
     .source = "Confluent Replicator: offset.translator.batch.period.ms 60000"},
    {.key = "linking.offset_sync_interval",
     .type = PARAM_TIME,
     .offset = AT(link_interval),
     .fallback = "30s",
     .min = 0.001,
     .max = 86400,
     .text = "How often Cluster Linking copies the groups' offsets (with "
             "sync_group_offsets.enabled). Stops with the source.",
     .source = "Confluent Cluster Linking: consumer.offset.sync.enable false, "
               "consumer.offset.sync.ms 30000"},
};
#undef AT

const ParamTable mirror_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(MirrorConfig)};
