/* The scenario keys of a consumer group. */
#include "models/consumers.h"

static const char *const start_choices[] = {"latest", "earliest", "none", NULL};

static const char *const commit_choices[] = {"interval", "batch", "transaction", NULL};

static const char *const isolation_choices[] = {"read_uncommitted", "read_committed", NULL};

#define AT(member) offsetof(ConsumerConfig, member)
static const ParamSpec specs[] = {
    {.key = "name",
     .type = PARAM_TEXT,
     .offset = AT(name),
     .text = "The consumer group's name.",
     .source = ""},
    {.key = "service",
     .type = PARAM_DIST,
     .offset = AT(service),
     .fallback = "2ms",
     .text = "Time to act on one record (one draw for each batch).",
     .source = "ours: calibrate"},
    {.key = "instances",
     .type = PARAM_COUNT,
     .offset = AT(instances),
     .fallback = "1",
     .min = 1,
     .max = PARTITIONS_MAX,
     .text = "Processes that share the partitions; more than there are partitions stay idle.",
     .source = ""},
    {.key = "max_poll_records",
     .type = PARAM_COUNT,
     .offset = AT(max_poll_records),
     .fallback = "500",
     .min = 1,
     .max = 1e6,
     .text = "Most records that one poll returns.",
     .source = "Kafka consumer configuration: max.poll.records 500"},
    {.key = "commit_interval",
     .type = PARAM_TIME,
     .offset = AT(commit_interval),
     .fallback = "5s",
     .min = 0.001,
     .max = 86400,
     .text = "How often positions are committed.",
     .source = "Kafka consumer configuration: auto.commit.interval.ms 5000"},
    {.key = "start",
     .type = PARAM_CHOICE,
     .offset = AT(start),
     .fallback = "latest",
     .choices = start_choices,
     .text = "Where a group without a committed offset, or with one that the log does not have, "
             "begins: latest skips what it has not read, earliest reads everything again, none "
             "stops until an operator has set the offsets to the earliest.",
     .source = "Kafka consumer configuration: auto.offset.reset latest"},
    {.key = "operator",
     .type = PARAM_DIST,
     .offset = AT(reset_by_operator),
     .fallback = "{lognormal: {median: 10m, p99: 1h}}",
     .text = "With start: none, how long until an operator has set the offsets.",
     .source = "ours: calibrate"},
    {.key = "commit",
     .type = PARAM_CHOICE,
     .offset = AT(commit),
     .fallback = "interval",
     .choices = commit_choices,
     .text = "When positions are committed. interval: every commit_interval, whatever has been "
             "done. batch: after each batch; a crash repeats what was done of the one in hand. "
             "transaction: together with what the batch has done, so that a crash repeats nothing.",
     .source = "Kafka consumer configuration: enable.auto.commit true; KIP-98 for transactions"},
    {.key = "isolation",
     .type = PARAM_CHOICE,
     .offset = AT(isolation),
     .fallback = "read_uncommitted",
     .choices = isolation_choices,
     .text = "With producer.transactional. read_uncommitted: the group acts on whatever is in the "
             "log, aborted or not. read_committed: on what is committed, and it waits before the "
             "first transaction that is still open.",
     .source = "Kafka consumer configuration: isolation.level read_uncommitted"},
    {.key = "session_timeout",
     .type = PARAM_TIME,
     .offset = AT(session_timeout),
     .fallback = "0s",
     .max = 86400,
     .text = "How long a member that crashed still counts as one. Until then the group's offsets "
             "cannot be synchronised, and members that come back wait. 0s: they read on at once, "
             "and a crashed standby counts for ever. Of several groups the longest counts.",
     .source =
         "Kafka consumer configuration: session.timeout.ms is 45000 and heartbeat.interval.ms "
         "3000"},
    {.key = "max_poll_interval",
     .type = PARAM_TIME,
     .offset = AT(max_poll_interval),
     .fallback = "300s",
     .min = 0.001,
     .max = 86400,
     .text =
         "A batch that takes longer loses its consumer the group: it has been done, its offsets "
         "are not committed, and it is read again.",
     .source = "Kafka consumer configuration: max.poll.interval.ms 300000"},
    {.key = "idempotent",
     .type = PARAM_FLAG,
     .offset = AT(idempotent),
     .fallback = "no",
     .text = "Whether repeats are harmless. yes: the group recognises a payment that it has acted "
             "on, in either region, and skips "
             "it (its memory is taken to survive).",
     .source = "article: idempotent consumers, so that replays cause no duplicates"},
};
#undef AT

const ParamTable consumer_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(ConsumerConfig)};
