/* Configuration and secrets, as the passive region's application has them.
 *
 * A secret is rotated in the active region at change.at (at most once a run), and the old one stops
 * working change.overlap later, in both regions: databases and Kafka clusters share their
 * credentials. The passive region's application goes on with the old one until
 *
 *   the pipeline has brought it:   vault own: the first synchronisation at or after the rotation,
 *                                  one every sync.interval + up to sync.jitter, at a random phase;
 *                                  vault shared: at once, for there is only one vault
 *   and its pods have read it:     secrets csi: the next poll, every csi_interval at a random
 * phase; secrets environment: never, but a pod that starts later has it
 *
 * so with a rotation of age a at the outage and a synchronisation every S, the passive region is
 * stale with probability max (0, 1 - a / S) (csi_interval 0, jitter 0).
 *
 * The shared vault lives in the active region. When that goes down the vault fails over: nobody
 * reads it for vault_failover (pods cannot start, polls fail), and then nobody writes it until the
 * region is back: a rotation due in that time is made when it is over.
 *
 * The runbook's step switch-configuration synchronises at once (configuration_switch), after
 * `propagation`.
 *
 * Nothing here is an event: all of it follows from draws at the beginning and from what the runbook
 * does. Simplified: the pipeline runs whatever fails; consumers, mirror and relay have the current
 * secret; one rotation a run. Ownership: the config is borrowed.
 *
 * Sources: Azure App Configuration (provider refresh 30 s), Azure Key Vault (availability and
 * redundancy: a few minutes, then read-only), Secrets Store CSI driver (rotation poll 2 m), Flux
 * and Argo CD (reconciliation intervals).
 */
#ifndef MODELS_CONFIGURATION_H
#define MODELS_CONFIGURATION_H

#include "models/world.h"
#include "sim/dist.h"
#include "sim/param.h"

enum { SECRET_OF_DATABASE = 1, SECRET_OF_KAFKA = 2 };

typedef struct ConfigurationConfig {
    Dist *change_at;
    int change_of; /* row of a table of SECRET_OF_… bits */
    SimTime overlap, sync_interval, sync_jitter;
    int secrets; /* ConfigurationSecrets */
    SimTime csi_interval;
    int vault; /* ConfigurationVault */
    Dist *vault_failover, *propagation;
    int endpoints; /* ConfigurationEndpoints */
} ConfigurationConfig;

typedef enum ConfigurationSecrets { SECRETS_CSI, SECRETS_ENVIRONMENT } ConfigurationSecrets;
typedef enum ConfigurationVault { VAULT_OWN, VAULT_SHARED } ConfigurationVault;
typedef enum ConfigurationEndpoints { ENDPOINTS_OWN, ENDPOINTS_ACTIVE } ConfigurationEndpoints;

extern const ParamTable configuration_table;

typedef struct Configuration {
    const ConfigurationConfig *config;
    RandomStream change_draws, sync_draws, poll_draws, failover_draws, propagation_draws;
    SimTime vault_lost, vault_readable, vault_back; /* SIM_NEVER: never lost */
    SimTime poll_phase;
    SimTime changed_at; /* SIM_NEVER: no rotation, or not within any run */
    SimTime refused_at; /* from here on the old secret does not work */
    SimTime arrives_at; /* pods that start from here on have the new one */
    SimTime fresh_at;   /* and those that poll, from here on; SIM_NEVER: they do not */
    bool blocked;       /* the rotation had to wait for the vault */
} Configuration;

/* `component` keys the random streams. */
void configuration_init(Configuration *configuration, const ConfigurationConfig *config,
                        const World *world, const char *component);
/* Before the run: the active region, and a shared vault with it, is down from `from` to `to`. The
 * first such outage counts. */
void configuration_lose_vault(Configuration *configuration, SimTime from, SimTime to);
void configuration_begin(Configuration *configuration);
/* The runbook synchronises now. Returns how long it takes. */
SimTime configuration_switch(Configuration *configuration, SimTime now);

#endif
