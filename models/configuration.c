#include "models/configuration.h"

#include <stddef.h>

/* Later than any run. */
static const SimTime FAR = SIM_TIME_LONGEST / 16;

void configuration_init(Configuration *configuration, const ConfigurationConfig *config,
                        const World *world, const char *component)
{
    *configuration = (Configuration){
        .config = config,
        .change_draws = world_stream(world, component, "secret rotation"),
        .sync_draws = world_stream(world, component, "configuration sync"),
        .poll_draws = world_stream(world, component, "secret poll"),
        .failover_draws = world_stream(world, component, "vault failover"),
        .propagation_draws = world_stream(world, component, "configuration propagation"),
        .vault_lost = SIM_NEVER,
        .vault_readable = SIM_NEVER,
        .vault_back = SIM_NEVER,
        .changed_at = SIM_NEVER,
        .refused_at = SIM_NEVER,
        .arrives_at = SIM_NEVER,
        .fresh_at = SIM_NEVER};
}

void configuration_lose_vault(Configuration *configuration, SimTime from, SimTime to)
{
    const ConfigurationConfig *config = configuration->config;
    if (config->vault != VAULT_SHARED || from >= configuration->vault_lost || from >= to)
        return;
    SimTime failover = dist_draw(config->vault_failover, &configuration->failover_draws);
    configuration->vault_lost = from;
    configuration->vault_back = to;
    configuration->vault_readable = MIN(from + failover, to);
}

static bool readable(const Configuration *configuration, SimTime at)
{
    return at < configuration->vault_lost || at >= configuration->vault_readable;
}

/* The first poll at or after `from` that finds the vault readable. */
static SimTime next_poll(const Configuration *configuration, SimTime from)
{
    SimTime interval = configuration->config->csi_interval;
    SimTime start = readable(configuration, from) ? from : configuration->vault_readable;
    if (interval == 0)
        return start;
    SimTime past = (start - configuration->poll_phase + interval) % interval;
    SimTime poll = past == 0 ? start : start + interval - past;
    if (readable(configuration, poll))
        return poll;
    return next_poll(configuration, configuration->vault_readable);
}

/* The first synchronisation at or after `from`. */
static SimTime next_sync(Configuration *configuration, SimTime from)
{
    const ConfigurationConfig *config = configuration->config;
    double phase = random_uniform(&configuration->sync_draws);
    SimTime sync = (SimTime)(phase * (double)config->sync_interval);
    if (config->sync_jitter == 0 && sync < from)
        sync += (from - sync + config->sync_interval - 1) / config->sync_interval *
                config->sync_interval;
    while (sync < from)
        sync += config->sync_interval +
                (SimTime)(random_uniform(&configuration->sync_draws) * (double)config->sync_jitter);
    return sync;
}

void configuration_begin(Configuration *configuration)
{
    const ConfigurationConfig *config = configuration->config;
    SimTime at = dist_draw(config->change_at, &configuration->change_draws);
    if (at >= FAR)
        return;
    configuration->blocked = at >= configuration->vault_lost && at < configuration->vault_back;
    if (configuration->blocked)
        at = configuration->vault_back;
    if (at >= FAR)
        return;
    configuration->poll_phase =
        (SimTime)(random_uniform(&configuration->poll_draws) * (double)config->csi_interval);
    configuration->changed_at = at;
    configuration->refused_at = at + config->overlap;
    configuration->arrives_at = config->vault == VAULT_SHARED ? at : next_sync(configuration, at);
    if (config->secrets == SECRETS_CSI)
        configuration->fresh_at = next_poll(configuration, configuration->arrives_at);
}

SimTime configuration_switch(Configuration *configuration, SimTime now)
{
    const ConfigurationConfig *config = configuration->config;
    SimTime there = now + dist_draw(config->propagation, &configuration->propagation_draws);
    if (configuration->changed_at > now)
        return there - now;
    configuration->arrives_at = MIN(configuration->arrives_at, there);
    if (config->secrets == SECRETS_ENVIRONMENT)
        return there - now;
    configuration->fresh_at = MIN(configuration->fresh_at, next_poll(configuration, there));
    return MAX(there, configuration->fresh_at) - now;
}

/* ---- parameters ---- */

static const char *const of_choices[] = {"database", "kafka", "both", NULL};
static const char *const secrets_choices[] = {"csi", "environment", NULL};
static const char *const vault_choices[] = {"own", "shared", NULL};
static const char *const endpoints_choices[] = {"own", "active", NULL};

#define AT(member) offsetof(ConfigurationConfig, member)
static const ParamSpec specs[] = {
    {.key = "change.at",
     .type = PARAM_DIST,
     .offset = AT(change_at),
     .fallback = "3650d",
     .text = "When a secret is rotated in the active region. Omitted: not within the run.",
     .source = ""},
    {.key = "change.of",
     .type = PARAM_CHOICE,
     .offset = AT(change_of),
     .fallback = "both",
     .choices = of_choices,
     .text = "Whose secret: the database's, Kafka's, or both. An application with the old one is "
             "refused there.",
     .source = ""},
    {.key = "change.overlap",
     .type = PARAM_TIME,
     .offset = AT(overlap),
     .fallback = "0s",
     .max = 365 * 86400.0,
     .text = "How long the old secret works beside the new one.",
     .source = "Azure Key Vault: rotation with two sets of credentials avoids the gap"},
    {.key = "sync.interval",
     .type = PARAM_TIME,
     .offset = AT(sync_interval),
     .fallback = "10m",
     .min = 1,
     .max = 365 * 86400.0,
     .text = "How often the pipeline brings configuration and secrets to the passive region.",
     .source = "Flux on Azure: 10 m; upstream Flux: 5 m; Argo CD: 120 s; App Configuration's "
               "provider: 30 s"},
    {.key = "sync.jitter",
     .type = PARAM_TIME,
     .offset = AT(sync_jitter),
     .fallback = "0s",
     .max = 86400,
     .text = "Random time, up to this, that is added to each interval.",
     .source = "Argo CD: up to 60 s"},
    {.key = "secrets",
     .type = PARAM_CHOICE,
     .offset = AT(secrets),
     .fallback = "csi",
     .choices = secrets_choices,
     .text = "How pods get their secrets. csi: from a mounted file that is polled. environment: "
             "from environment variables, which a running pod never sees change: it has to be "
             "restarted.",
     .source = "Secrets Store CSI driver; Kubernetes: a container's environment is fixed when it "
               "starts"},
    {.key = "csi_interval",
     .type = PARAM_TIME,
     .offset = AT(csi_interval),
     .fallback = "2m",
     .max = 86400,
     .text = "How often mounted secrets are polled; 0s: seen at once.",
     .source = "Secrets Store CSI driver on AKS: rotation-poll-interval 2 m"},
    {.key = "vault",
     .type = PARAM_CHOICE,
     .offset = AT(vault),
     .fallback = "own",
     .choices = vault_choices,
     .text = "Where secrets are kept. own: each region has a vault, synchronised by the pipeline. "
             "shared: one in the active region, which fails over to its pair with it.",
     .source = "article: Key Vault, synced or staged across regions; West India is paired one way "
               "(with South India), so a vault's pair does not cover it"},
    {.key = "vault_failover",
     .type = PARAM_DIST,
     .offset = AT(vault_failover),
     .fallback = "{uniform: {low: 1m, high: 5m}}",
     .text = "How long a shared vault cannot be read when its region goes down: pods cannot start. "
             "From then on it is read-only until the region is back.",
     .source = "Azure Key Vault: a few minutes, read-only until failback; the range is ours"},
    {.key = "propagation",
     .type = PARAM_DIST,
     .offset = AT(propagation),
     .fallback = "{uniform: {low: 0s, high: 30s}}",
     .text = "From the runbook's step switch-configuration (its own duration is over) until the "
             "application has the change.",
     .source = "Azure App Configuration provider: refresh interval 30 s, met at any phase"},
    {.key = "endpoints",
     .type = PARAM_CHOICE,
     .offset = AT(endpoints),
     .fallback = "own",
     .choices = endpoints_choices,
     .text = "Which database and Kafka the passive application is configured with. own: its "
             "region's. active: the active region's, until the step switch-configuration; its "
             "requests are worked on there, over the link between the regions.",
     .source = "article: configuration switch; Azure SQL's failover group listener makes it "
               "unnecessary"},
};
#undef AT

const ParamTable configuration_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(ConfigurationConfig)};
