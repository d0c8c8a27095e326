/* Outage events: the table of what may fail, and its scenario keys. */
#include "models/config.h"

static const char *const fault_choices[FAULTS + 1] = {
    [FAULT_REGION] = "region",
    [FAULT_ZONE] = "zone",
    [FAULT_APPLICATION] = "application",
    [FAULT_DATABASE] = "database",
    [FAULT_KAFKA] = "kafka",
    [FAULT_BROKER] = "broker",
    [FAULT_REPLICA_FETCHER] = "replica-fetcher",
    [FAULT_KAFKA_CONTROLLER] = "kafka-controller",
    [FAULT_CONSUMERS] = "consumers",
    [FAULT_LINK] = "link",
    [FAULT_MIRROR] = "mirror",
    [FAULT_ROUTER] = "router",
    [FAULT_CONTROL_PLANE] = "control-plane",
    [FAULT_MONITOR] = "monitor",
    [FAULT_SWITCHOVER] = "switchover",
    [FAULTS] = NULL,
};

#define AT(member) offsetof(EventConfig, member)
static const ParamSpec specs[] = {
    {.key = "at",
     .type = PARAM_DIST,
     .offset = AT(at),
     .text = "When it begins; with after, how long after the beginning of that event.",
     .source = ""},
    {.key = "fail",
     .type = PARAM_CHOICE,
     .offset = AT(fail),
     .choices = fault_choices,
     .text = "What fails. region: everything in it at once. zone: one availability zone's share of "
             "the application, and its brokers. replica-fetcher: a broker that lives and does not "
             "fetch. link: the wide-area link between the regions, or another path. The monitor is "
             "the failover controller. With slow, delay, errors or loss it stays up and works "
             "badly (a gray failure). switchover: nothing; a planned drill begins, and the runbook "
             "starts at once.",
     .source = ""},
    {.key = "target",
     .type = PARAM_TEXT,
     .offset = AT(target),
     .fallback = "\"\"",
     .text =
         "Which one: a region's name for region, zone, application, database, kafka and its "
         "parts, and consumers (the active region if omitted). For link: out (from the active "
         "region to the passive "
         "one), back, both (if omitted); router-active or router-passive (users, router and "
         "probes to that region, and back); monitor (the failover controller's probes); "
         "management (its commands and their answers). For mirror: a worker's number, 0 for the "
         "first, or a share of the workers, such as 50% (all if omitted). The others have no "
         "target.",
     .source = ""},
    {.key = "zone",
     .type = PARAM_COUNT,
     .offset = AT(zone),
     .fallback = "0",
     .max = 15,
     .text = "Which zone fails: 0 to regions.zones - 1.",
     .source = ""},
    {.key = "broker",
     .type = PARAM_COUNT,
     .offset = AT(broker),
     .fallback = "0",
     .max = BROKERS_MAX - 1,
     .text = "Which broker (or its replica-fetcher) fails: 0 to kafka.brokers - 1.",
     .source = ""},
    {.key = "share",
     .type = PARAM_SHARE,
     .offset = AT(share),
     .fallback = "100%",
     .text = "Of the router: this share of its edges fails, one at least. Their users get no "
             "answer until anycast leads them to the next edge (router.anycast), and they do not "
             "probe.",
     .source = "ours; Front Door's outages were of some edge sites more than once"},
    {.key = "for",
     .type = PARAM_DIST,
     .offset = AT(duration),
     .fallback = "3650d",
     .text = "How long, drawn anew for each turn of repeat. Omitted: for the rest of the run.",
     .source = ""},
    {.key = "slow",
     .type = PARAM_NUMBER,
     .offset = AT(slow),
     .fallback = "1",
     .min = 1,
     .max = 1e6,
     .text = "Gray failure: its times are this much longer (service, commit, append, latency). "
             "Factors of overlapping events multiply.",
     .source = "ours: a gray failure is one that health checks do not see"},
    {.key = "delay",
     .type = PARAM_DIST,
     .offset = AT(delay),
     .fallback = "0s",
     .text = "Gray failure: this much is added to each of its times. Delays of overlapping events "
             "add up.",
     .source = ""},
    {.key = "errors",
     .type = PARAM_SHARE,
     .offset = AT(errors),
     .fallback = "0",
     .text = "Gray failure: this share of the requests to it is answered with an error, and not "
             "done. A region's errors are its application's. Of overlapping events, a request must "
             "escape each.",
     .source = ""},
    {.key = "loss",
     .type = PARAM_SHARE,
     .offset = AT(loss),
     .fallback = "0",
     .max = 0.99,
     .text = "Gray failure of a link: this share of the packets is lost. TCP sends a lost one "
             "again after 200 ms, then 400 ms, 800 ms, up to 120 s, and gives the connection up "
             "after 15 times; in order, those behind it wait.",
     .source = "RFC 6298; Linux: TCP_RTO_MIN 200 ms, TCP_RTO_MAX 120 s, tcp_retries2 15"},
    {.key = "repeat.up",
     .type = PARAM_DIST,
     .offset = AT(up),
     .fallback = "0s",
     .text = "It fails again and again, and works this long in between. With exponential at, for "
             "and up: mean time to failure (at, up) and mean time to repair (for). Short ones are "
             "a flapping component.",
     .source = "alternating renewal process; availability up / (up + for)"},
    {.key = "repeat.times",
     .type = PARAM_COUNT,
     .offset = AT(times),
     .fallback = "1",
     .min = 1,
     .max = (double)INT64_MAX,
     .text = "How often it fails at most. Unlimited if up is given and times is not.",
     .source = ""},
    {.key = "repeat.until",
     .type = PARAM_TIME,
     .offset = AT(until),
     .fallback = "36500d",
     .text = "It does not fail again from here on (time of the run).",
     .source = ""},
    {.key = "name",
     .type = PARAM_TEXT,
     .offset = AT(name),
     .fallback = "\"\"",
     .text = "A name for other events to follow (after).",
     .source = ""},
    {.key = "after",
     .type = PARAM_TEXT,
     .offset = AT(after),
     .fallback = "\"\"",
     .text = "The event that this one follows, by its name: each time that it happens, this one "
             "happens with its probability, at (delay) after it.",
     .source = ""},
    {.key = "probability",
     .type = PARAM_SHARE,
     .offset = AT(probability),
     .fallback = "100%",
     .text = "Whether it happens: once a run, or with after each time that the other one does.",
     .source = ""},
};
#undef AT

const ParamTable events_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(EventConfig)};

const char *const fault_link_target[PATHS + 1] = {
    [PATH_OUT] = "out",
    [PATH_BACK] = "back",
    [PATH_BOTH] = "both",
    [PATH_ROUTER_ACTIVE] = "router-active",
    [PATH_ROUTER_PASSIVE] = "router-passive",
    [PATH_MONITOR] = "monitor",
    [PATH_MANAGEMENT] = "management",
    [PATHS] = NULL,
};

bool fault_in_region(int fail)
{
    return fail <= FAULT_CONSUMERS;
}

bool fault_of_broker(int fail)
{
    return fail == FAULT_BROKER || fail == FAULT_REPLICA_FETCHER;
}

FaultGray fault_gray(int fail)
{
    static const FaultGray table[FAULTS] = {
        [FAULT_REGION] = {.slow = true, .errors = true},
        [FAULT_APPLICATION] = {.slow = true, .errors = true},
        [FAULT_DATABASE] = {.slow = true, .errors = true},
        [FAULT_KAFKA] = {.slow = true, .errors = true},
        [FAULT_CONSUMERS] = {.slow = true},
        [FAULT_LINK] = {.slow = true, .loss = true},
        [FAULT_MIRROR] = {.slow = true},
        [FAULT_ROUTER] = {.errors = true},
        [FAULT_MONITOR] = {.errors = true},
    };
    return table[fail];
}

bool scenario_event_hits_service(const EventConfig *event)
{
    switch ((Fault)event->fail) {
    case FAULT_REGION:
    case FAULT_ZONE:
    case FAULT_APPLICATION:
    case FAULT_DATABASE:
    case FAULT_KAFKA:
    case FAULT_BROKER:
    case FAULT_REPLICA_FETCHER:
    case FAULT_KAFKA_CONTROLLER:
        return event->region == REGION_ACTIVE;
    case FAULT_LINK:
        return event->region == PATH_ROUTER_ACTIVE;
    case FAULT_ROUTER:
    case FAULT_SWITCHOVER:
        return true;
    default:
        return false;
    }
}

/* ---- in words ---- */

/* " (3 times slower, 5 % errors)" */
static void add_effect(GString *text, const EventConfig *event)
{
    const char *between = " (";
    if (event->slow > 1) {
        g_string_append_printf(text, "%s%.3g times slower", between, event->slow);
        between = ", ";
    }
    if (dist_mean(event->delay) > 0) {
        char *delay = dist_describe(event->delay);
        g_string_append_printf(text, "%s%s late", between, delay);
        g_free(delay);
        between = ", ";
    }
    if (event->errors > 0) {
        g_string_append_printf(text, "%s%.3g %% errors", between, 100 * event->errors);
        between = ", ";
    }
    if (event->loss > 0)
        g_string_append_printf(text, "%s%.3g %% of packets lost", between, 100 * event->loss);
    g_string_append_c(text, ')');
}

static void add_what(GString *text, const Scenario *scenario, const EventConfig *event)
{
    g_string_append(text, fault_choices[event->fail]);
    if (event->fail == FAULT_ZONE)
        g_string_append_printf(text, " %d of", (int)event->zone);
    if (fault_of_broker(event->fail))
        g_string_append_printf(text, " %d of", (int)event->broker);
    if (event->fail == FAULT_ROUTER && event->share < 1)
        g_string_append_printf(text, " (%.3g %% of its edges)", 100 * event->share);
    if (event->fail == FAULT_LINK)
        g_string_append_printf(text, " (%s)", fault_link_target[event->region]);
    else if (fault_in_region(event->fail))
        g_string_append_printf(text, " %s", scenario->regions.name[event->region]);
    else if (event->workers > 0)
        g_string_append_printf(text, " (worker%s %s)", event->workers > 1 ? "s" : "",
                               event->target);
}

char *scenario_event_text(const Scenario *scenario, size_t index)
{
    const EventConfig *event = scenario_event(scenario, index);
    if (event->fail == FAULT_SWITCHOVER)
        return g_strdup("a planned switchover begins");
    GString *text = g_string_new(NULL);
    add_what(text, scenario, event);
    g_string_append(text, event->gray ? " works badly" : " fails");
    if (event->gray)
        add_effect(text, event);
    return g_string_free(text, FALSE);
}

char *scenario_event_end_text(const Scenario *scenario, size_t index)
{
    GString *text = g_string_new(NULL);
    add_what(text, scenario, scenario_event(scenario, index));
    g_string_append(text, " works well again");
    return g_string_free(text, FALSE);
}

/* "region north-india fails at 5m for 1h, again and again (up 2d)" */
static void describe(GString *text, const Scenario *scenario, size_t index)
{
    const EventConfig *event = scenario_event(scenario, index);
    char *what = scenario_event_text(scenario, index);
    char *at = dist_describe(event->at), *length = dist_describe(event->duration);
    char *up = dist_describe(event->up);
    if (event->follows >= 0)
        g_string_append_printf(text, "%s %s after %s", what, at, event->after);
    else
        g_string_append_printf(text, "%s at %s", what, at);
    if (dist_mean(event->duration) < sim_seconds(scenario->run.duration) * 1000)
        g_string_append_printf(text, " for %s", length);
    if (event->probability < 1)
        g_string_append_printf(text, " with probability %.3g %%", 100 * event->probability);
    if (event->times > 1)
        g_string_append_printf(text, ", again and again (up %s)", up);
    g_free(what);
    g_free(at);
    g_free(length);
    g_free(up);
}

char *scenario_describe_events(const Scenario *scenario)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < scenario->top.events.count; i++) {
        if (i > 0)
            g_string_append(text, "; ");
        describe(text, scenario, i);
    }
    return g_string_free(text, FALSE);
}
