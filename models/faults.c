/* Outage events: the table of what may fail, and its scenario keys. */
#include "models/config.h"

static const char *const fault_choices[FAULTS + 1] = {
    [FAULT_REGION] = "region",
    [FAULT_APPLICATION] = "application",
    [FAULT_DATABASE] = "database",
    [FAULT_KAFKA] = "kafka",
    [FAULT_CONSUMERS] = "consumers",
    [FAULT_LINK] = "link",
    [FAULT_MIRROR] = "mirror",
    [FAULT_ROUTER] = "router",
    [FAULT_CONTROL_PLANE] = "control-plane",
    [FAULT_MONITOR] = "monitor",
    [FAULTS] = NULL,
};

#define AT(member) offsetof(EventConfig, member)
static const ParamSpec specs[] = {
    {.key = "at", .type = PARAM_DIST, .offset = AT(at), .text = "When it begins.", .source = ""},
    {.key = "fail",
     .type = PARAM_CHOICE,
     .offset = AT(fail),
     .choices = fault_choices,
     .text = "What fails. region: everything in it at once. link: the wide-area link between the "
             "regions. The monitor is the failover controller.",
     .source = ""},
    {.key = "target",
     .type = PARAM_TEXT,
     .offset = AT(target),
     .fallback = "\"\"",
     .text = "Which one: a region's name for region, application, database, kafka and consumers "
             "(the active region if omitted); both, out or back for link (both if omitted; out is "
             "from the active region to the passive one). The others have no target.",
     .source = ""},
    {.key = "for",
     .type = PARAM_DIST,
     .offset = AT(duration),
     .fallback = "3650d",
     .text = "How long. Omitted: for the rest of the run.",
     .source = ""},
};
#undef AT

const ParamTable events_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(EventConfig)};

const char *const fault_link_target[] = {"out", "back", "both", NULL};

bool fault_in_region(int fail)
{
    return fail <= FAULT_CONSUMERS;
}

bool scenario_event_hits_service(const EventConfig *event)
{
    switch ((Fault)event->fail) {
    case FAULT_REGION:
    case FAULT_APPLICATION:
    case FAULT_DATABASE:
    case FAULT_KAFKA:
        return event->region == REGION_ACTIVE;
    case FAULT_ROUTER:
        return true;
    default:
        return false;
    }
}

char *scenario_event_text(const Scenario *scenario, size_t index)
{
    const EventConfig *event = scenario_event(scenario, index);
    const char *what = fault_choices[event->fail];
    if (event->fail == FAULT_LINK)
        return g_strdup_printf("link (%s) fails", fault_link_target[event->region]);
    if (fault_in_region(event->fail))
        return g_strdup_printf("%s %s fails", what, scenario->regions.name[event->region]);
    return g_strdup_printf("%s fails", what);
}
