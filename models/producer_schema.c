/* The scenario keys of a Kafka producer. */
#include "models/producer.h"

static const char *const ids_choices[] = {"stable", "new", NULL};
static const char *const outages_choices[] = {"reset", "silent", NULL};

#define AT(member) offsetof(ProducerConfig, member)
static const ParamSpec specs[] = {
    {.key = "retries",
     .type = PARAM_COUNT,
     .offset = AT(retries),
     .fallback = "0",
     .max = 2147483647,
     .text =
         "How often the client sends a batch again that did not get through. 0: every record is "
         "sent once. delivery_timeout ends it.",
     .source = "Kafka producer configuration: retries is 2147483647"},
    {.key = "linger",
     .type = PARAM_TIME,
     .offset = AT(linger),
     .fallback = "0s",
     .max = 3600,
     .text = "How long a batch waits for more records: up to this is added to an event's time.",
     .source = "Kafka producer configuration: linger.ms 0, 5 from 4.0 on (KIP-1030)"},
    {.key = "batch_records",
     .type = PARAM_COUNT,
     .offset = AT(batch_records),
     .fallback = "16",
     .min = 1,
     .max = PRODUCER_BATCH_MAX,
     .text = "Records that fill a batch; a full one does not wait.",
     .source = "Kafka producer configuration: batch.size 16384, in records of 1 KiB"},
    {.key = "max_in_flight",
     .type = PARAM_COUNT,
     .offset = AT(max_in_flight),
     .fallback = "5",
     .min = 1,
     .max = 1e6,
     .text = "Batches of one partition that may be sent and not answered. Without idempotence more "
             "than one can change the order.",
     .source =
         "Kafka producer configuration: max.in.flight.requests.per.connection 5 (of a broker)"},
    {.key = "request_timeout",
     .type = PARAM_TIME,
     .offset = AT(request_timeout),
     .fallback = "30s",
     .min = 0.001,
     .max = 3600,
     .text = "A batch that is not answered for this long is sent again.",
     .source = "Kafka producer configuration: request.timeout.ms 30000"},
    {.key = "delivery_timeout",
     .type = PARAM_TIME,
     .offset = AT(delivery_timeout),
     .fallback = "120s",
     .min = 0.001,
     .max = 86400,
     .text = "A record fails when this has passed since its batch was opened.",
     .source = "Kafka producer configuration: delivery.timeout.ms 120000"},
    {.key = "retry_backoff",
     .type = PARAM_TIME,
     .offset = AT(backoff),
     .fallback = "100ms",
     .min = 0.001,
     .max = 3600,
     .text = "Wait before the first retry; it doubles with each, and varies by a fifth.",
     .source = "Kafka producer configuration: retry.backoff.ms 100 (KIP-580)"},
    {.key = "retry_backoff_max",
     .type = PARAM_TIME,
     .offset = AT(backoff_max),
     .fallback = "1s",
     .min = 0.001,
     .max = 3600,
     .text = "The longest wait before a retry.",
     .source = "Kafka producer configuration: retry.backoff.max.ms 1000"},
    {.key = "buffer_records",
     .type = PARAM_COUNT,
     .offset = AT(buffer_records),
     .fallback = "32768",
     .min = 1,
     .max = PRODUCER_BUFFER_MAX,
     .text = "Records that the client holds at most; then callers wait for room.",
     .source = "Kafka producer configuration: buffer.memory 33554432, in records of 1 KiB"},
    {.key = "max_block",
     .type = PARAM_TIME,
     .offset = AT(max_block),
     .fallback = "60s",
     .min = 0.001,
     .max = 86400,
     .text = "How long a caller waits for room before its record is refused.",
     .source = "Kafka producer configuration: max.block.ms 60000"},
    {.key = "idempotent",
     .type = PARAM_FLAG,
     .offset = AT(idempotent),
     .fallback = "yes",
     .text =
         "Whether the cluster recognises a record that is sent again, within one life of the "
         "process. Off all the same if kafka.acks is not all, retries are 0 or max_in_flight is "
         "above 5.",
     .source = "Kafka producer configuration: enable.idempotence true"},
    {.key = "transactional",
     .type = PARAM_FLAG,
     .offset = AT(transactional),
     .fallback = "no",
     .text = "Whether events are written in transactions. Implies idempotence, and retries without "
             "end unless they are given. Callers hear when their transaction has ended. What an "
             "aborted one wrote stays in the log: readers with read_committed skip it.",
     .source = "Kafka producer configuration: transactional.id null; KIP-98"},
    {.key = "transaction_records",
     .type = PARAM_COUNT,
     .offset = AT(transaction_records),
     .fallback = "1",
     .min = 1,
     .max = 10000,
     .text =
         "Events of one transaction: all are committed, or none is. 1: each payment's event has "
         "its own.",
     .source = "ours"},
    {.key = "transaction_interval",
     .type = PARAM_TIME,
     .offset = AT(transaction_interval),
     .fallback = "100ms",
     .min = 0.001,
     .max = 900,
     .text = "With transaction_records above 1: a transaction is ended when this has passed since "
             "its first event, full or not.",
     .source = "Kafka Streams configuration: commit.interval.ms 100 with exactly-once"},
    {.key = "transaction_timeout",
     .type = PARAM_TIME,
     .offset = AT(transaction_timeout),
     .fallback = "60s",
     .min = 0.001,
     .max = 900,
     .text = "A transaction that nobody ends (its process died) is aborted by Kafka at the first "
             "look, every 10 s, after this. Until then readers with read_committed get no further "
             "in its partitions.",
     .source = "Kafka producer configuration: transaction.timeout.ms 60000; broker maximum "
               "transaction.max.timeout.ms 900000; looks: "
               "transaction.abort.timed.out.transaction.cleanup.interval.ms 10000"},
    {.key = "transactional_ids",
     .type = PARAM_CHOICE,
     .offset = AT(ids),
     .fallback = "stable",
     .choices = ids_choices,
     .text = "A process that is back after a crash. stable: it has the same transactional.ids, and "
             "what it left open is aborted at once. new: it has other ones (a pod's random name), "
             "and only transaction_timeout ends that.",
     .source = "KIP-98: initTransactions aborts what the same id left open, and fences its former "
               "owner"},
    {.key = "outages",
     .type = PARAM_CHOICE,
     .offset = AT(outages),
     .fallback = "reset",
     .choices = outages_choices,
     .text =
         "How the client sees that a broker or the cluster is gone. reset: its connection breaks "
         "and it tries again. silent: nothing answers, and only request_timeout ends a try (a "
         "host or network that vanished).",
     .source = "ours"},
};
#undef AT

const ParamTable producer_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(ProducerConfig)};
