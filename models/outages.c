/* What fails, when: the scenario's events become outages and impairments of components and links.
 */
#include <string.h>

#include "models/assembly.h"
#include "models/gray.h"
#include "models/occurrences.h"
#include "sim/check.h"

enum { OBSERVE_OUTAGE, OBSERVE_CHANGE, OBSERVE_NOTICE, OBSERVER_KINDS };

/* ---- whom an event befalls ---- */

#define TARGETS_MAX (BROKERS_MAX + 2 * MIRROR_WORKERS_MAX)

typedef struct Targets {
    SimComponent component[TARGETS_MAX];
    size_t count;
} Targets;

static void add(Targets *targets, SimComponent component)
{
    SIM_CHECK(targets->count < TARGETS_MAX);
    targets->component[targets->count++] = component;
}

/* The relay runs beside the application; the producer is a part of either. */
static void add_application(const Platform *platform, uint32_t region, Targets *targets)
{
    add(targets, application_component(platform->application[region]));
    if (platform->relay[region])
        add(targets, relay_component(platform->relay[region]));
    if (platform->producer[region])
        add(targets, producer_component(platform->producer[region]));
}

static void add_consumers(const Platform *platform, uint32_t region, Targets *targets)
{
    add(targets, consumers_component(platform->consumers[region]));
    if (platform->takeover[region])
        add(targets, consumers_component(platform->takeover[region]));
}

static void add_region(const Platform *platform, uint32_t region, Targets *targets)
{
    add_application(platform, region, targets);
    add_consumers(platform, region, targets);
    add(targets, kafka_component(platform->kafka[region]));
    add(targets, database_component(platform->database[region]));
    for (uint32_t r = 0; r < REGIONS; r++)
        if (platform->mirror[r] && mirror_region(platform->mirror[r]) == region)
            add(targets, mirror_component(platform->mirror[r]));
}

static void add_monitor(const Platform *platform, Targets *targets)
{
    SimComponent monitor = failover_monitor_component(platform->failover);
    add(targets, failover_component(platform->failover));
    if (monitor != targets->component[0])
        add(targets, monitor);
}

static void add_zone(const Platform *platform, const EventConfig *event, Targets *targets)
{
    const Scenario *s = platform->scenario;
    for (int64_t b = event->zone; b < s->kafka.brokers.count; b += s->regions.zones)
        add(targets, kafka_broker_component(platform->kafka[event->region], (uint32_t)b));
}

/* What is wrong with some of the workers and short of a crash is wrong with the mirror. */
static void add_mirror(const Mirror *mirror, const EventConfig *event, Targets *targets)
{
    if (event->workers == 0 || event->gray)
        add(targets, mirror_component(mirror));
    for (uint32_t w = 0; w < event->workers && !event->gray; w++)
        add(targets, mirror_worker_component(mirror, event->worker + w));
}

/* The links of a path, by their names. */
static const char *const path_links[PATHS][9] = {
    [PATH_OUT] = {"wan.out"},
    [PATH_BACK] = {"wan.back"},
    [PATH_BOTH] = {"wan.out", "wan.back"},
    [PATH_ROUTER_ACTIVE] = {"router>active", "users>active", "active>users", "active>edge"},
    [PATH_ROUTER_PASSIVE] = {"router>passive", "users>passive", "passive>users", "passive>edge"},
    [PATH_MONITOR] = {"failover>probe"},
    [PATH_MANAGEMENT] = {"failover>command", "control>failover", "router>failover",
                         "passive>failover.from-database", "passive>failover.from-kafka",
                         "passive>failover.from-consumers", "passive>failover.from-application"},
};

static SimLink *link_named(const Platform *platform, const char *name)
{
    for (guint i = 0; i < platform->links->len; i++) {
        SimLink *link = g_ptr_array_index(platform->links, i);
        if (strcmp(sim_name(platform->world.sim, sim_link_component(link)), name) == 0)
            return link;
    }
    SIM_CHECK(false); /* a table that has not kept up with the wiring */
    return NULL;
}

static bool hosts_monitor(const Platform *platform, uint32_t region)
{
    return platform->scenario->failover.hosted ==
           (region == REGION_ACTIVE ? HOSTED_ACTIVE : HOSTED_PASSIVE);
}

/* A monitor in the passive region sees the active one over the link between them. */
static void add_path(const Platform *platform, LinkPath path, Targets *targets)
{
    for (const char *const *name = path_links[path]; *name; name++)
        add(targets, sim_link_component(link_named(platform, *name)));
    if (platform->scenario->failover.hosted != HOSTED_PASSIVE)
        return;
    if (path == PATH_OUT || path == PATH_BOTH)
        add(targets, sim_link_component(link_named(platform, "active>monitor")));
    if (path == PATH_BACK || path == PATH_BOTH)
        add(targets, sim_link_component(link_named(platform, "failover>probe")));
}

static Targets targets_of(const Platform *platform, const EventConfig *event)
{
    Targets targets = {0};
    uint32_t region = event->region;
    switch ((Fault)event->fail) {
    case FAULT_REGION:
        add_region(platform, region, &targets);
        if (hosts_monitor(platform, region))
            add(&targets, failover_monitor_component(platform->failover));
        break;
    case FAULT_APPLICATION:
        add_application(platform, region, &targets);
        break;
    case FAULT_DATABASE:
        add(&targets, database_component(platform->database[region]));
        break;
    case FAULT_KAFKA:
        add(&targets, kafka_component(platform->kafka[region]));
        break;
    case FAULT_ZONE:
        add_zone(platform, event, &targets);
        break;
    case FAULT_BROKER:
        add(&targets, kafka_broker_component(platform->kafka[region], (uint32_t)event->broker));
        break;
    case FAULT_REPLICA_FETCHER:
        add(&targets, kafka_fetcher_component(platform->kafka[region], (uint32_t)event->broker));
        break;
    case FAULT_KAFKA_CONTROLLER:
        add(&targets, kafka_controller_component(platform->kafka[region]));
        break;
    case FAULT_CONSUMERS:
        add_consumers(platform, region, &targets);
        break;
    case FAULT_LINK:
        add_path(platform, (LinkPath)region, &targets);
        break;
    case FAULT_MIRROR:
        for (uint32_t r = 0; r < REGIONS; r++)
            if (platform->mirror[r])
                add_mirror(platform->mirror[r], event, &targets);
        break;
    case FAULT_ROUTER:
        if (event->share == 1)
            add(&targets, router_component(platform->router));
        break;
    case FAULT_CONTROL_PLANE:
        add(&targets, control_component(platform->control));
        break;
    case FAULT_MONITOR:
        add_monitor(platform, &targets);
        break;
    case FAULT_SWITCHOVER:
        break;
    case FAULTS:
        SIM_CHECK(false);
    }
    return targets;
}

/* ---- gray failures ---- */

/* What each event does to those that it befalls; and, if it is a region's, to all but its
 * application: the errors that its users see are the application's. */
typedef struct Effects {
    SimEffect at_first, at_others;
} Effects;

static SimEffect effect_of(const EventConfig *event)
{
    return (SimEffect){.slow = event->slow,
                       .delay = dist_mean(event->delay) > 0 ? event->delay : NULL,
                       .errors = event->errors,
                       .loss = event->loss};
}

static void watch(Platform *platform, const EventConfig *event)
{
    Targets targets = targets_of(platform, event);
    for (size_t t = 0; t < targets.count; t++) {
        SimImpair *impair = gray_watch(platform->world.gray, targets.component[t]);
        if (event->fail == FAULT_LINK)
            sim_link_impair(
                link_named(platform, sim_name(platform->world.sim, targets.component[t])), impair);
    }
}

static void change_gray(Platform *platform, size_t i, bool begins)
{
    const EventConfig *config = scenario_event(platform->scenario, i);
    const Effects *effects = &platform->effects[i];
    Targets targets = targets_of(platform, config);
    for (size_t t = 0; t < targets.count; t++)
        gray_change(platform->world.gray, targets.component[t],
                    t == 0 || config->fail != FAULT_REGION ? &effects->at_first
                                                           : &effects->at_others,
                    begins);
}

/* ---- what is no outage of a whole component ---- */

static bool changes_something(const EventConfig *event)
{
    return event->gray || event->fail == FAULT_SWITCHOVER ||
           (event->fail == FAULT_ROUTER && event->share < 1);
}

static void plan_change(Platform *platform, size_t index, const Occurrence *occurrence)
{
    Sim *sim = platform->world.sim;
    SimEvent change = {.component = platform->observer, .kind = OBSERVE_CHANGE, .subject = index};
    if (occurrence->to == occurrence->from)
        return;
    change.value = true;
    sim_at(sim, occurrence->from, SIM_PHASE_FAULT, change);
    change.value = false;
    sim_at(sim, occurrence->to, SIM_PHASE_FAULT, change);
}

static void on_change(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    Platform *platform = self;
    size_t i = g_array_index(platform->occurrences, Occurrence, event->subject).event;
    const EventConfig *config = scenario_event(platform->scenario, i);
    bool begins = event->value != 0;
    if (config->gray)
        change_gray(platform, i, begins);
    else if (config->fail == FAULT_ROUTER)
        router_fail_edges(platform->router, config->share, begins);
    else if (begins)
        failover_switch_over(platform->failover);
    platform->edge_failures += config->fail == FAULT_ROUTER && !config->gray && begins;
}

static void prepare_gray(Platform *platform)
{
    const Scenario *s = platform->scenario;
    platform->effects = g_new0(Effects, s->top.events.count);
    for (size_t i = 0; i < s->top.events.count; i++) {
        const EventConfig *event = scenario_event(s, i);
        if (!event->gray)
            continue;
        if (!platform->world.gray)
            platform->world.gray = gray_new(&platform->world);
        watch(platform, event);
        platform->effects[i] = (Effects){effect_of(event), effect_of(event)};
        platform->effects[i].at_others.errors = 0;
    }
}

/* ---- from when recovery counts ---- */

/* The end of the outage that begins at `from`, overlapping events taken together. */
static SimTime joint_end(const GArray *counted, SimTime from)
{
    SimTime end = from;
    for (bool grown = true; grown;) {
        grown = false;
        for (guint i = 0; i < counted->len; i++) {
            Occurrence other = g_array_index(counted, Occurrence, i);
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
static void note_outage(Platform *platform, const GArray *counted)
{
    Recovery *recovery = platform->world.recovery;
    SimTime first = SIM_NEVER, first_hit = SIM_NEVER;
    for (guint i = 0; i < counted->len; i++) {
        Occurrence occurrence = g_array_index(counted, Occurrence, i);
        first = MIN(first, occurrence.from);
        if (occurrence.hits)
            first_hit = MIN(first_hit, occurrence.from);
    }
    recovery->outage_at = first_hit != SIM_NEVER ? first_hit : first;
    if (recovery->outage_at == SIM_NEVER)
        return;
    SimTime run_ends = platform->scenario->run.duration + platform->scenario->run.drain;
    SimTime ends = joint_end(counted, recovery->outage_at);
    if (first_hit != SIM_NEVER && ends < run_ends)
        recovery->outage_ends_at = ends;
    sim_at(platform->world.sim, recovery->outage_at, SIM_PHASE_FAULT,
           (SimEvent){.component = platform->observer, .kind = OBSERVE_OUTAGE});
}

/* ---- people ---- */

/* An outage that users feel is noticed after a while, unless it is over before. */
static void plan_notice(Platform *platform, const Occurrence *occurrence, RandomStream *draws)
{
    const Scenario *s = platform->scenario;
    const EventConfig *event = scenario_event(s, occurrence->event);
    SimEvent notice = {.component = platform->observer, .kind = OBSERVE_NOTICE, .value = true};
    if (!occurrence->hits || event->fail == FAULT_SWITCHOVER)
        return;
    SimTime at = occurrence->from + dist_draw(s->failover.notice, draws);
    if (at >= occurrence->to || at > s->run.duration + s->run.drain)
        return;
    sim_at(platform->world.sim, at, SIM_PHASE_MESSAGE, notice);
    notice.value = false;
    sim_at(platform->world.sim, occurrence->to, SIM_PHASE_MESSAGE, notice);
}

static void on_notice(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    failover_notice(((Platform *)self)->failover, event->value != 0);
}

/* ---- planning ---- */

#define TOLD_MOST 100 /* turns of a flapping component */

static void tell(Platform *platform, const Occurrence *occurrence, SimTime run_ends)
{
    const Scenario *s = platform->scenario;
    Story *story = platform->world.story;
    char *text = scenario_event_text(s, occurrence->event);
    story_add(story, occurrence->from, STORY_PLATFORM, "%s", text);
    g_free(text);
    if (!scenario_event(s, occurrence->event)->gray || occurrence->to >= run_ends)
        return;
    text = scenario_event_end_text(s, occurrence->event);
    story_add(story, occurrence->to, STORY_PLATFORM, "%s", text);
    g_free(text);
}

/* The primary's zone is zone 0 at the beginning of each such failure: a standby that has taken over
 * gives back. */
static void lose_database_zone(Platform *platform, const EventConfig *event,
                               const Occurrence *occurrence, RandomStream *draws)
{
    const DatabaseConfig *config = &platform->scenario->database;
    if (event->zone != 0 || config->zone == ZONE_UNSEEN || occurrence->to == occurrence->from)
        return;
    SimTime until = config->zone == ZONE_ALONE
                        ? occurrence->to
                        : occurrence->from + dist_draw(config->zone_failover, draws);
    sim_outage(platform->world.sim, database_component(platform->database[event->region]),
               occurrence->from, until);
}

static void befall(Platform *platform, size_t index, const Occurrence *occurrence,
                   RandomStream *zone_draws)
{
    const EventConfig *event = scenario_event(platform->scenario, occurrence->event);
    if (changes_something(event)) {
        plan_change(platform, index, occurrence);
        return;
    }
    if (event->fail == FAULT_ZONE)
        lose_database_zone(platform, event, occurrence, zone_draws);
    if (event->fail == FAULT_ZONE)
        application_lose_share(platform->application[event->region],
                               1 / (double)platform->scenario->regions.zones, occurrence->from,
                               occurrence->to);
    if (event->fail == FAULT_REGION && event->region == REGION_ACTIVE)
        application_lose_vault(platform->application[REGION_PASSIVE], occurrence->from,
                               occurrence->to);
    Targets targets = targets_of(platform, event);
    for (size_t t = 0; t < targets.count; t++)
        sim_outage(platform->world.sim, targets.component[t], occurrence->from, occurrence->to);
}

void outages_plan(Platform *platform)
{
    const Scenario *s = platform->scenario;
    SimTime run_ends = s->run.duration + s->run.drain;
    GArray *counted = g_array_new(FALSE, FALSE, sizeof(Occurrence));
    RandomStream notice_draws = world_stream(&platform->world, "failover", "notice");
    RandomStream zone_draws = world_stream(&platform->world, "database", "zone failover");
    prepare_gray(platform);
    platform->occurrences = occurrences_draw(s, &platform->world, run_ends);
    for (guint i = 0; i < platform->occurrences->len; i++) {
        const Occurrence *occurrence = &g_array_index(platform->occurrences, Occurrence, i);
        befall(platform, i, occurrence, &zone_draws);
        plan_notice(platform, occurrence, &notice_draws);
        if (occurrence->from >= run_ends || occurrence->to == occurrence->from)
            continue;
        g_array_append_val(counted, *occurrence);
        if (platform->world.story && counted->len <= TOLD_MOST)
            tell(platform, occurrence, run_ends);
    }
    note_outage(platform, counted);
    g_array_unref(counted);
}

/* At the instant of the outage; what it took down has kept its logs. */
static void on_outage(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim, (void)event;
    Platform *platform = self;
    database_note_outage(platform->database[REGION_ACTIVE]);
    application_note_outage(platform->application[REGION_PASSIVE]);
    failover_note_outage(platform->failover);
    if (platform->mirror[REGION_PASSIVE])
        mirror_note_outage(platform->mirror[REGION_PASSIVE]);
}

static const SimHandler observer_handlers[OBSERVER_KINDS] = {
    [OBSERVE_OUTAGE] = on_outage, [OBSERVE_CHANGE] = on_change, [OBSERVE_NOTICE] = on_notice};
static const SimType observer_type = {
    .name = "observer", .handlers = observer_handlers, .handler_count = OBSERVER_KINDS};

void outages_init(Platform *platform)
{
    platform->observer = sim_add(platform->world.sim, &observer_type, platform, "observer");
}

void outages_clear(Platform *platform)
{
    gray_free(platform->world.gray);
    g_free(platform->effects);
    if (platform->occurrences)
        g_array_unref(platform->occurrences);
}
