/* What fails, when: the scenario's events become outages of components and links. */
#include "models/assembly.h"
#include "sim/check.h"

enum { OBSERVE_OUTAGE, OBSERVER_KINDS };

/* The relay runs beside the application. */
static void fail_application(Platform *platform, uint32_t region, SimTime from, SimTime to)
{
    Sim *sim = platform->world.sim;
    sim_outage(sim, application_component(platform->application[region]), from, to);
    if (platform->relay[region])
        sim_outage(sim, relay_component(platform->relay[region]), from, to);
}

static void fail_region(Platform *platform, uint32_t region, SimTime from, SimTime to)
{
    Sim *sim = platform->world.sim;
    fail_application(platform, region, from, to);
    sim_outage(sim, consumers_component(platform->consumers[region]), from, to);
    sim_outage(sim, kafka_component(platform->kafka[region]), from, to);
    sim_outage(sim, database_component(platform->database[region]), from, to);
    for (uint32_t r = 0; r < REGIONS; r++)
        if (platform->mirror[r] && mirror_region(platform->mirror[r]) == region)
            sim_outage(sim, mirror_component(platform->mirror[r]), from, to);
}

static void fail(Platform *platform, const EventConfig *event, SimTime from, SimTime to)
{
    Sim *sim = platform->world.sim;
    uint32_t region = event->region;
    switch ((Fault)event->fail) {
    case FAULT_REGION:
        fail_region(platform, region, from, to);
        break;
    case FAULT_APPLICATION:
        fail_application(platform, region, from, to);
        break;
    case FAULT_DATABASE:
        sim_outage(sim, database_component(platform->database[region]), from, to);
        break;
    case FAULT_KAFKA:
        sim_outage(sim, kafka_component(platform->kafka[region]), from, to);
        break;
    case FAULT_CONSUMERS:
        sim_outage(sim, consumers_component(platform->consumers[region]), from, to);
        break;
    case FAULT_LINK:
        if (region != WAN_BACK)
            sim_outage(sim, sim_link_component(platform->wan[WAN_OUT]), from, to);
        if (region != WAN_OUT)
            sim_outage(sim, sim_link_component(platform->wan[WAN_BACK]), from, to);
        break;
    case FAULT_MIRROR:
        for (uint32_t r = 0; r < REGIONS; r++)
            if (platform->mirror[r])
                sim_outage(sim, mirror_component(platform->mirror[r]), from, to);
        break;
    case FAULT_ROUTER:
        sim_outage(sim, router_component(platform->router), from, to);
        break;
    case FAULT_CONTROL_PLANE:
        sim_outage(sim, control_component(platform->control), from, to);
        break;
    case FAULT_MONITOR:
        sim_outage(sim, failover_component(platform->failover), from, to);
        break;
    case FAULTS:
        SIM_CHECK(false);
    }
}

typedef struct Interval {
    SimTime from, to;
    bool hits; /* the service, rather than something beside it */
} Interval;

static Interval draw_interval(Platform *platform, size_t i)
{
    const EventConfig *event = scenario_event(platform->scenario, i);
    char *purpose = g_strdup_printf("event %zu", i);
    RandomStream draws = world_stream(&platform->world, "events", purpose);
    g_free(purpose);
    SimTime from = dist_draw(event->at, &draws);
    return (Interval){from, from + dist_draw(event->duration, &draws),
                      scenario_event_hits_service(event)};
}

/* The end of the outage that begins at `from`, overlapping events taken together. */
static SimTime joint_end(const GArray *intervals, SimTime from)
{
    SimTime end = from;
    for (bool grown = true; grown;) {
        grown = false;
        for (guint i = 0; i < intervals->len; i++) {
            Interval other = g_array_index(intervals, Interval, i);
            if (!other.hits || other.from > end || other.to <= end)
                continue;
            end = other.to;
            grown = true;
        }
    }
    return end;
}

/* Recovery counts from the first event that hits the service; without one, from the first at all.
 */
static void note_outage(Platform *platform, const GArray *intervals)
{
    Recovery *recovery = platform->world.recovery;
    SimTime first = SIM_NEVER, first_hit = SIM_NEVER;
    for (guint i = 0; i < intervals->len; i++) {
        Interval interval = g_array_index(intervals, Interval, i);
        first = MIN(first, interval.from);
        if (interval.hits)
            first_hit = MIN(first_hit, interval.from);
    }
    recovery->outage_at = first_hit != SIM_NEVER ? first_hit : first;
    if (recovery->outage_at == SIM_NEVER)
        return;
    SimTime run_ends = platform->scenario->run.duration + platform->scenario->run.drain;
    SimTime ends = joint_end(intervals, recovery->outage_at);
    if (first_hit != SIM_NEVER && ends < run_ends)
        recovery->outage_ends_at = ends;
    sim_at(platform->world.sim, recovery->outage_at, SIM_PHASE_FAULT,
           (SimEvent){.component = platform->observer, .kind = OBSERVE_OUTAGE});
}

void outages_plan(Platform *platform)
{
    const Scenario *s = platform->scenario;
    GArray *intervals = g_array_new(FALSE, FALSE, sizeof(Interval));
    for (size_t i = 0; i < s->top.events.count; i++) {
        Interval interval = draw_interval(platform, i);
        fail(platform, scenario_event(s, i), interval.from, interval.to);
        if (interval.from >= s->run.duration + s->run.drain || interval.to == interval.from)
            continue;
        g_array_append_val(intervals, interval);
        if (platform->world.story) {
            char *text = scenario_event_text(s, i);
            story_add(platform->world.story, interval.from, STORY_PLATFORM, "%s", text);
            g_free(text);
        }
    }
    note_outage(platform, intervals);
    g_array_unref(intervals);
}

/* At the instant of the outage; what it took down has kept its logs. */
static void on_outage(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Platform *platform = self;
    database_note_outage(platform->database[REGION_ACTIVE]);
    failover_note_outage(platform->failover);
    if (platform->mirror[REGION_PASSIVE])
        platform->mirror_unreplicated = mirror_unreplicated(platform->mirror[REGION_PASSIVE]);
}

static const SimHandler observer_handlers[OBSERVER_KINDS] = {[OBSERVE_OUTAGE] = on_outage};
static const SimType observer_type = {
    .name = "observer", .handlers = observer_handlers, .handler_count = OBSERVER_KINDS};

void outages_init(Platform *platform)
{
    platform->observer = sim_add(platform->world.sim, &observer_type, platform, "observer");
}
