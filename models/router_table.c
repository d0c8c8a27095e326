/* The router's keys. */
#include "models/router.h"

static const char *const kind_choices[] = {"front-door", "traffic-manager", NULL};
static const char *const failover_choices[] = {"automatic", "runbook", NULL};
static const char *const routing_choices[] = {"priority", "weighted", "latency", NULL};
static const char *const return_choices[] = {"automatic", "hold-down", "manual", NULL};

#define AT(member) offsetof(RouterConfig, member)
static const ParamSpec specs[] = {
    {.key = "kind",
     .type = PARAM_CHOICE,
     .offset = AT(kind),
     .fallback = "front-door",
     .choices = kind_choices,
     .text = "How users are routed. front-door: every request passes an edge, which decides then. "
             "traffic-manager: users ask "
             "DNS and keep the answer for its TTL.",
     .source = "article: Azure Front Door / Traffic Manager"},
    {.key = "failover",
     .type = PARAM_CHOICE,
     .offset = AT(failover),
     .fallback = "automatic",
     .choices = failover_choices,
     .text = "What moves the traffic. automatic: probes alone move the traffic, there and back. "
             "runbook: the standby gets "
             "traffic only after the runbook's reroute step.",
     .source = "Front Door: priority 2 is used only if no priority 1 origin is healthy"},
    {.key = "routing",
     .type = PARAM_CHOICE,
     .offset = AT(routing),
     .fallback = "priority",
     .choices = routing_choices,
     .text = "Which healthy region an edge takes. priority: the active one. weighted: each request "
             "(or DNS answer) is drawn, by router.share. latency: the nearest one; router.share "
             "of the edges lies nearest to the active region. A reroute ends both of these.",
     .source = "Front Door and Traffic Manager routing methods"},
    {.key = "share",
     .type = PARAM_SHARE,
     .offset = AT(share),
     .fallback = "50%",
     .text = "With routing weighted or latency: the active region's share.",
     .source = "ours: calibrate"},
    {.key = "affinity",
     .type = PARAM_FLAG,
     .offset = AT(affinity),
     .fallback = "no",
     .text = "Session-affinity cookie: a user stays with the region that answered, while that is "
             "healthy, also when the preferred one is back (front-door only).",
     .source = "Front Door: session affinity, off by default; article: affinity cookie"},
    {.key = "return",
     .type = PARAM_CHOICE,
     .offset = AT(comes_back),
     .fallback = "automatic",
     .choices = return_choices,
     .text = "How traffic that the probes have moved comes back. automatic: as soon as the probes "
             "succeed. hold-down: after router.hold_down of good health. manual: by a reroute "
             "only.",
     .source = "Front Door and Traffic Manager return at once; the others are ours: an operator "
               "who disables the endpoint"},
    {.key = "hold_down",
     .type = PARAM_TIME,
     .offset = AT(hold_down),
     .fallback = "10m",
     .max = 86400,
     .text = "With return: hold-down, how long a region must have been healthy, without a break.",
     .source = "ours"},
    {.key = "propagation",
     .type = PARAM_DIST,
     .offset = AT(propagation),
     .fallback = "0ns",
     .max = 86400,
     .text = "Time for a change of the configuration (the step reroute) to reach an edge, drawn "
             "for each edge. The step is done when the last edge has it.",
     .source = "Front Door: a change takes 3 to 20 min, such as {uniform: {low: 3m, high: 20m}}; "
               "the default, at once, is ours"},
    {.key = "anycast",
     .type = PARAM_DIST,
     .offset = AT(anycast),
     .fallback = "{lognormal: {median: 20s, p99: 3m}}",
     .max = 1e9,
     .text = "From the failure of an edge (fail: router with a share) until its users get to the "
             "next one: the convergence of the network's routes, drawn for each edge.",
     .source = "ours: calibrate; Labovitz et al., SIGCOMM 2000: withdrawn BGP routes take up to 3 "
               "min to converge"},
    {.key = "edges",
     .type = PARAM_COUNT,
     .offset = AT(edges),
     .fallback = "12",
     .min = 1,
     .max = EDGES_MAX,
     .text = "Edge sites that the users enter by; each probes at its own phase and decides alone.",
     .source = "Front Door has 210 and more; a country's users meet a dozen (ours)"},
    PROBE_SPECS(RouterConfig, probe, "30s",
                "Front Door's guide: 30 s; Traffic Manager: 30 s or 10 s", "10s",
                "Traffic Manager: 10 s (9 s with 10 s probing); Front Door's is not documented",
                "4", "Front Door: sampleSize 4; Traffic Manager: tolerated failures (3) + 1", "3",
                "Front Door: successfulSamplesRequired 3 in the guide's examples; Traffic "
                "Manager: 1"),
    {.key = "ttl",
     .type = PARAM_DIST,
     .offset = AT(ttl),
     .fallback = "60s",
     .text = "How long a DNS answer is kept (traffic-manager only): drawn once for each resolver, "
             "or for each answer if users have no resolvers in common.",
     .source = "Traffic Manager: 60 s by default"},
    {.key = "resolvers",
     .type = PARAM_COUNT,
     .offset = AT(resolvers),
     .fallback = "0",
     .max = RESOLVERS_MAX,
     .text = "DNS resolvers that the users share (traffic-manager only): those behind one get the "
             "same answer and lose it together. 0: every user asks for themselves.",
     .source = "ours; an operator's resolver serves thousands"},
    {.key = "overstay.share",
     .type = PARAM_SHARE,
     .offset = AT(overstay_share),
     .fallback = "0",
     .text = "Resolvers (users, if those ask for themselves) that keep answers beyond the TTL.",
     .source = "8.74 % of resolvers extend TTLs (Bhowmick et al., PAM 2023)"},
    {.key = "overstay.for",
     .type = PARAM_DIST,
     .offset = AT(overstay_for),
     .fallback = "{lognormal: {median: 30m, p99: 12h}}",
     .text = "How long these keep an answer, drawn once for each; not less than the TTL.",
     .source = "ours: calibrate; a JVM with a security manager keeps answers for ever "
               "(networkaddress.cache.ttl)"},
};
#undef AT

const ParamTable router_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(RouterConfig)};
