#include "models/config.h"
#include "models/scenario_check.h"

static bool has_step(const Scenario *s, Action action)
{
    return failover_step_find(&s->failover.steps, action_name[action]) >= 0;
}

static void check_pods(const Check *check)
{
    const ApplicationConfig *config = &check->scenario->application;
    const CapacityConfig *capacity = &config->capacity;
    if (capacity->pods > config->servers && param_doc_has(check->doc, "application.pods"))
        param_doc_error(check->doc, check->diags, "application.pods",
                        "the servers (threads) are spread over the pods",
                        "application.pods (%" G_GINT64_FORMAT
                        ") must not exceed application.servers (%" G_GINT64_FORMAT ")",
                        capacity->pods, config->servers);
    if (capacity->hpa_stabilization / capacity->hpa_sync > HPA_REMEMBERS_MAX)
        param_doc_error(check->doc, check->diags, "application.hpa.stabilization", NULL,
                        "application.hpa.stabilization is more than %d times application.hpa.sync",
                        HPA_REMEMBERS_MAX);
    if (capacity->liveness && capacity->liveness_timeout >= capacity->liveness_period)
        param_doc_error(check->doc, check->diags, "application.liveness.timeout", NULL,
                        "liveness.timeout must be below liveness.period");
}

/* Keys that do nothing in this mode. */
static void warn_of_unused(const Check *check)
{
    int mode = check->scenario->application.capacity.standby;
    if (mode != STANDBY_SCALED_DOWN && param_doc_has(check->doc, "application.standby.share"))
        param_doc_warn(check->doc, check->diags, "application.standby.share",
                       "set application.standby.mode: scaled-down",
                       "standby.share says nothing unless the standby is scaled-down");
    if ((mode == STANDBY_HOT || mode == STANDBY_NO_NODES) &&
        param_doc_has(check->doc, "application.standby.nodes"))
        param_doc_warn(check->doc, check->diags, "application.standby.nodes", NULL,
                       "standby.nodes says nothing for a standby that is hot or no-nodes");
}

/* Who wakes the standby? */
static void warn_of_standby(const Check *check)
{
    static const char hint[] = "add {step: scale-application, duration: 10s} to failover.steps";
    const Scenario *s = check->scenario;
    const CapacityConfig *capacity = &s->application.capacity;
    bool acts = s->failover.mode != FAILOVER_OFF;
    if (capacity->standby == STANDBY_HOT || (acts && has_step(s, ACTION_SCALE_OUT)))
        return;
    if (capacity->standby != STANDBY_SCALED_DOWN)
        param_doc_warn(check->doc, check->diags, "application.standby.mode", hint,
                       "the horizontal pod autoscaler never scales up from zero pods, and nobody "
                       "else does: the passive region stays empty");
    else if (!capacity->hpa)
        param_doc_warn(check->doc, check->diags, "application.standby.mode", hint,
                       "hpa.enabled is no, and nobody else scales the standby: it stays as small "
                       "as it is");
}

/* Who tells the passive application that it is the active one? */
static void warn_of_passive(const Check *check)
{
    static const char hint[] = "add {step: switch-configuration, duration: 10s} to failover.steps";
    const Scenario *s = check->scenario;
    bool never = s->failover.mode == FAILOVER_OFF || !has_step(s, ACTION_CONFIGURE);
    if (!never)
        return;
    if (s->application.misrouted == MISROUTED_REFUSE ||
        s->application.misrouted == MISROUTED_REROUTE)
        param_doc_warn(check->doc, check->diags, "application.misrouted", hint,
                       "nobody tells the passive region's application that it has become the "
                       "active one: it never serves");
    else if (s->configuration.endpoints == ENDPOINTS_ACTIVE)
        param_doc_warn(check->doc, check->diags, "configuration.endpoints", hint,
                       "nobody switches the passive region's application to its own database: it "
                       "never serves");
}

/* And the first region's, when service comes home? */
static void warn_of_passive_home(const Check *check)
{
    const Scenario *s = check->scenario;
    bool roles = s->application.misrouted == MISROUTED_REFUSE ||
                 s->application.misrouted == MISROUTED_REROUTE ||
                 s->configuration.endpoints == ENDPOINTS_ACTIVE;
    bool goes = s->failover.mode != FAILOVER_OFF && s->failback.mode != FAILOVER_OFF;
    if (roles && goes && has_step(s, ACTION_CONFIGURE) &&
        failover_step_find(&s->failback.steps, action_name[ACTION_CONFIGURE]) < 0)
        param_doc_warn(check->doc, check->diags, "failback.steps",
                       "add {step: switch-configuration, duration: 10s} to failback.steps",
                       "nobody tells the first region's application that it is the active one "
                       "again: it stays passive");
}

/* Keys of a drift that does not occur. */
static void warn_of_drift(const Check *check)
{
    static const char *const keys[] = {
        "application.drift.effect", "application.drift.errors", "application.drift.slowdown",
        "application.drift.notice", "application.drift.repair",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (check->scenario->application.drift.probability == 0 &&
            param_doc_has(check->doc, keys[i]))
            param_doc_warn(check->doc, check->diags, keys[i],
                           "set application.drift.probability above 0",
                           "drift.probability is 0: this says nothing");
}

static void check_configuration(const Check *check)
{
    static const char *const pipeline[] = {"configuration.sync.interval",
                                           "configuration.sync.jitter"};
    const ConfigurationConfig *config = &check->scenario->configuration;
    for (size_t i = 0; config->vault == VAULT_SHARED && i < G_N_ELEMENTS(pipeline); i++)
        if (param_doc_has(check->doc, pipeline[i]))
            param_doc_warn(check->doc, check->diags, pipeline[i], NULL,
                           "a shared vault needs no synchronisation: this says nothing");
    if (config->vault == VAULT_OWN && param_doc_has(check->doc, "configuration.vault_failover"))
        param_doc_warn(check->doc, check->diags, "configuration.vault_failover",
                       "set configuration.vault: shared",
                       "this says nothing: each region has a "
                       "vault of its own");
    if (config->secrets == SECRETS_ENVIRONMENT &&
        param_doc_has(check->doc, "configuration.csi_interval"))
        param_doc_warn(check->doc, check->diags, "configuration.csi_interval",
                       "set configuration.secrets: csi",
                       "environment variables are not polled: this says nothing");
}

void scenario_check_application(const Check *check)
{
    check_pods(check);
    warn_of_unused(check);
    warn_of_standby(check);
    warn_of_passive(check);
    warn_of_passive_home(check);
    warn_of_drift(check);
    check_configuration(check);
}
