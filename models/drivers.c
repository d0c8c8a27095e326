#include "models/drivers.h"

static void add(GArray *out, const Dist *dist, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void add(GArray *out, const Dist *dist, const char *format, ...)
{
    if (dist_is_constant(dist))
        return;
    va_list arguments;
    va_start(arguments, format);
    ScenarioDriver driver = {.key = g_strdup_vprintf(format, arguments), .dist = dist};
    va_end(arguments);
    g_array_append_val(out, driver);
}

void drivers_list(const Scenario *s, GArray *out)
{
    if (s->database.lag_vary == 0 && s->database.replication == REPLICATION_ASYNC)
        add(out, s->database.lag, "database.replication.lag");
    if (s->mirror.enabled && s->mirror.latency_vary == 0)
        add(out, s->mirror.latency, "mirror.latency");
    for (size_t i = 0; i < s->top.events.count; i++) {
        const EventConfig *event = scenario_event(s, i);
        add(out, event->at, "events[%zu].at", i);
        add(out, event->duration, "events[%zu].for", i);
    }
    if (s->failover.mode == FAILOVER_MANUAL || s->failover.mode == FAILOVER_SEMI_AUTOMATIC) {
        add(out, s->failover.page, "failover.page");
        add(out, s->failover.decide, "failover.decide");
    }
    const StepConfig *step = s->failover.steps.item;
    for (size_t i = 0; s->failover.mode != FAILOVER_OFF && i < s->failover.steps.count; i++)
        add(out, step[i].duration, "failover.steps[%zu].duration", i);
}
