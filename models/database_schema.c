/* The database's scenario keys. */
#include "models/database.h"

static const char *const replication_choices[] = {"async", "sync", "none", NULL};
static const char *const vary_choices[] = {"run", "record", NULL};
static const char *const order_choices[] = {"log", "none", NULL};

#define AT(member) offsetof(DatabaseConfig, member)
static const ParamSpec specs[] = {
    {.key = "commit_time",
     .type = PARAM_DIST,
     .offset = AT(commit_time),
     .fallback = "{lognormal: {median: 5ms, p99: 20ms}}",
     .text = "Time to harden one commit on the primary.",
     .source = "ours: a managed SQL database inside one region; calibrate"},
    {.key = "replication.mode",
     .type = PARAM_CHOICE,
     .offset = AT(replication),
     .fallback = "async",
     .choices = replication_choices,
     .text = "When the writer is answered. async: the writer is answered after the local commit. "
             "sync: only after the standby has "
             "hardened it too. none: there is no stream; a promoted standby is empty.",
     .source = "Azure SQL geo-replication is asynchronous; sp_wait_for_database_copy_sync and "
               "PostgreSQL synchronous_commit=on wait"},
    {.key = "replication.lag",
     .type = PARAM_DIST,
     .offset = AT(lag),
     .fallback = "{lognormal: {median: 1s, p99: 5s}}",
     .text =
         "Delay from a commit's departure to its hardening on the standby (replication_lag_sec).",
     .source =
         "Azure SQL documents an RPO of 5 s for geo-replication (2021), taken as the p99; the "
         "median is ours: calibrate from sys.dm_geo_replication_link_status"},
    {.key = "replication.sync_time",
     .type = PARAM_DIST,
     .offset = AT(sync_time),
     .fallback = "30ms",
     .text =
         "In mode sync, from a commit's departure until the standby's confirmation is back: what "
         "each writer waits, in the place of lag.",
     .source = "P50 round trip Central India to West India, April 2024: 25 ms; hardening is ours"},
    {.key = "replication.lag_varies",
     .type = PARAM_CHOICE,
     .offset = AT(lag_vary),
     .fallback = "run",
     .choices = vary_choices,
     .text = "How often the lag is drawn. run: one lag is drawn for the whole run, as the state "
             "that the outage finds. record: one "
             "for every commit; in log order a slow record then holds up those behind it.",
     .source = ""},
    {.key = "replication.ship_time",
     .type = PARAM_DIST,
     .offset = AT(ship_time),
     .fallback = "0s",
     .text = "Time that the log shipper needs for each record, one after the other: 1/ship_time is "
             "the most that the stream can carry, and how fast it catches up.",
     .source = ""},
    {.key = "replication.order",
     .type = PARAM_CHOICE,
     .offset = AT(order),
     .fallback = "log",
     .choices = order_choices,
     .text = "Order of arrival on the standby. log: records arrive in commit order. none: each "
             "arrives by itself.",
     .source = "log shipping is ordered; Cosmos DB's eventual consistency is not"},
    {.key = "size",
     .type = PARAM_NUMBER,
     .offset = AT(size),
     .fallback = "100",
     .max = 1e6,
     .text = "Size of the database in GB: how long a full copy takes.",
     .source = "ours: calibrate"},
    {.key = "seeding_rate",
     .type = PARAM_NUMBER,
     .offset = AT(seeding_rate),
     .fallback = "500",
     .min = 0.001,
     .max = 1e9,
     .text = "How fast the step seed-database copies the database to the other region, in GB an "
             "hour.",
     .source = "Azure SQL geo-replication: seeding at up to 500 GB an hour"},
};
#undef AT

const ParamTable database_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(DatabaseConfig)};
