/* Designs that can be run and cannot work are told as warnings, and contradictions refused: each
 * row is a scenario and what must be said of it. The scenario itself is said nothing of.
 */
#include <glib.h>
#include <string.h>

#include "models/scenario.h"

static const char base[] = "version: 1\n"
                           "name: checks\n"
                           "users: {rate: 1/s}\n"
                           "failover:\n"
                           "  mode: automatic\n"
                           "  steps:\n"
                           "    - {step: fence, duration: 1s}\n"
                           "    - {step: promote-database, duration: 1s, after: [fence]}\n"
                           "events: [{at: 5m, fail: region, for: 1h}]\n"
                           "run: {duration: 10m}\n";

#define SETS_MOST 6

typedef struct Row {
    const char *says; /* part of a diagnostic's message; NULL: nothing is said */
    const char *sets[SETS_MOST + 1];
} Row;

#define FENCE_LAST                                                                                 \
    "failover.steps=[{step: promote-database, duration: 1s}, {step: fence, duration: 1s, after: "  \
    "[promote-database]}]"
#define HOME(steps)                                                                                \
    "failback.mode=automatic",                                                                     \
        "failback.steps=[{step: seed-database, duration: 1s}, {step: promote-database, duration: " \
        "1s, after: [seed-database]}" steps "]"
#define AWAIT ", {step: await-mirror, duration: 0s}"
#define START ", {step: start-mirror, duration: 1s}"

static const Row rows[] = {
    {NULL, {NULL}},
    /* the service may refuse what the runbook has fenced for */
    {"the old primary is fenced", {"database.failover.policy=service-managed"}},
    {"the old primary is fenced", {"database.kind=cosmos-db"}},
    {"the old primary is fenced", {"database.failover.policy=planned-only"}},
    {NULL, {"database.failover.policy=service-managed", FENCE_LAST}},
    {NULL, {"database.failover.policy=service-managed", "failover.mode=off"}},
    /* the way home */
    {NULL, {HOME(AWAIT START)}},
    {"no mirror copies back", {HOME(AWAIT)}},
    {NULL, {HOME(AWAIT), "mirror.enabled=no"}},
    {"until the offsets are there",
     {HOME(AWAIT START ", {step: demote-kafka, duration: 1s}"), "mirror.await_offsets=yes"}},
    {NULL,
     {HOME(AWAIT START ", {step: demote-kafka, duration: 1s}"), "mirror.await_offsets=yes",
      "application.write=outbox", "mirror.sync_group_offsets.enabled=yes"}},
    {"nobody's standby",
     {"failback.mode=automatic", "failback.steps=[{step: promote-database, duration: 1s}]"}},
    {"the promotion home waits", {HOME(""), "database.replication.mode=none"}},
    {"users stay where they are", {HOME(""), "router.failover=runbook"}},
    /* the runbook */
    {"promotes no other", {"failover.steps=[{step: fence, duration: 1s}]"}},
    {"never get there", {"router.failover=runbook"}},
    {"there is no mirror",
     {"failover.steps=[{step: await-mirror, duration: 1s}]", "mirror.enabled=no"}},
    {"waits for itself",
     {"failover.steps=[{step: fence, duration: 1s, after: [reroute]}, {step: reroute, duration: "
      "1s, after: [fence]}]"}},
    /* passive applications */
    {"never serves", {"application.misrouted=refuse"}},
    {"stays empty", {"application.standby.mode=replicas-zero"}},
    {"nobody notices", {"failover.hosted=active"}},
    {"it stays passive",
     {HOME(""), "application.misrouted=refuse",
      "failover.steps=[{step: switch-configuration, duration: 1s}]"}},
    {"drift.probability is 0", {"application.drift.repair=1m"}},
    /* the database's copies, offsets, alerts */
    {"sync_share is of mode async",
     {"database.replication.sync_share=10%", "database.replication.mode=sync"}},
    {"the lag is longer", {"database.replication.sync_share=10%", "database.replication.lag=1h"}},
    {"no event takes", {"database.zone_standby=standby"}},
    {"offsets are not synchronised",
     {"mirror.await_offsets=yes", "mirror.sync_group_offsets.enabled=no"}},
    {"alerts are not used", {"failover.alert.rule=either"}},
    {"about the scrape alone", {"failover.detect=alerts", "failover.alert.errors=2%"}},
    {"no two scrapes",
     {"failover.detect=alerts", "failover.alert.rule=either", "failover.alert.window=1m"}},
    {"has no error ratio", {"failover.detect=alerts", "failover.alert.rule=error-ratio"}},
    {NULL, {"failover.detect=alerts", "failover.alert.rule=either"}},
};

static bool is_said(const DiagList *diags, const char *text)
{
    for (guint i = 0; i < diags->items->len; i++) {
        const Diag *diag = g_ptr_array_index(diags->items, i);
        if (!text || strstr(diag->message, text))
            return true;
    }
    return false;
}

static void test_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Row *row = &rows[i];
        DiagList diags;
        diag_list_init(&diags);
        scenario_free(scenario_read("checks.yaml", base, strlen(base), row->sets,
                                    g_strv_length((char **)row->sets), &diags));
        if (is_said(&diags, row->says) != (row->says != NULL)) {
            g_test_message("row %zu: %s", i, row->says ? row->says : "nothing");
            for (guint d = 0; d < diags.items->len; d++)
                g_test_message("said: %s", ((Diag *)g_ptr_array_index(diags.items, d))->message);
            g_test_fail();
        }
        diag_list_clear(&diags);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/checks/rows", test_rows);
    return g_test_run();
}
