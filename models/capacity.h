/* The pods and nodes of one region's application: how many servers (threads) there are, now.
 *
 * Pods of one deployment share the region's `servers` evenly and one queue. A pod is
 *
 *   NONE ─wanted─▶ PENDING ─room─▶ STARTING ─▶ READY       LOST: its node is gone
 *
 * and from STARTING to READY takes pod.start + pod.image_pull + pod.jvm_start + pod.readiness (a
 * container that is restarted in place needs the last two only). PENDING pods wait for a node: the
 * cluster autoscaler looks every node.scan, orders what is missing, and a node comes after
 * node.provision, or, where capacity is short, not within node.timeout, and is ordered again.
 *
 * The active region has all its pods. What the passive one has is standby.mode: hot, all;
 * scaled-down, a share of them; replicas-zero, none, but nodes; no-nodes, neither. More come by the
 * runbook's step scale-application (capacity_scale_out) or by the horizontal pod autoscaler, which
 * never wakes a deployment of zero replicas: desired = ceil (ready · utilisation / target), pods
 * not ready counting as idle, nothing within 10 % of the target, at most the greater of 4 more and
 * twice as many a step, and down only to the highest desire of the last hpa.stabilization.
 * Utilisation is the share of servers in use over the last interval: it never exceeds 1, and does
 * not see the queue.
 *
 * A zone's loss takes its share of pods and nodes (capacity_lose). Until node.detect has passed,
 * requests are still sent to the pods that are gone (capacity_dead_share); node.evict later their
 * replacements want room elsewhere. What was lost comes back when the zone does.
 *
 * With liveness.shared, each pod's liveness probe waits in the requests' queue: one that waits for
 * longer than its timeout fails, and a pod with that many failures in a row is restarted, although
 * nothing is wrong with it but the load.
 *
 * The owner is a component; its timers of kinds first_kind … first_kind + CAPACITY_KINDS - 1 come
 * here (capacity_handle), so they die with it. A Capacity with everything hot and nothing lost
 * schedules none.
 *
 * Invariants: servers = sum over READY pods; STARTING and READY pods never exceed room; a pod's
 * timer of an older serial is void. Ownership: config and world are borrowed.
 *
 * Sources: Kubernetes documentation (horizontal pod autoscaling: algorithm details, default
 * scaling behaviour; configure probes; node heartbeats, taint-based eviction; cluster autoscaler
 * FAQ), Azure Kubernetes Service (cluster autoscaler profile).
 */
#ifndef MODELS_CAPACITY_H
#define MODELS_CAPACITY_H

#include "models/world.h"
#include "sim/dist.h"

#define PODS_MAX          1000
#define HPA_REMEMBERS_MAX 1000 /* steps of one stabilization */

typedef enum StandbyMode {
    STANDBY_HOT,
    STANDBY_SCALED_DOWN,
    STANDBY_REPLICAS_ZERO,
    STANDBY_NO_NODES
} StandbyMode;

typedef struct CapacityConfig {
    int64_t pods;
    int standby; /* StandbyMode */
    double standby_share, standby_nodes;
    Dist *pod_start, *image_pull, *jvm_start, *readiness;
    bool restart;
    double warmup_factor;
    SimTime warmup_time;
    bool hpa;
    double hpa_target;
    SimTime hpa_sync, hpa_stabilization;
    int64_t node_pods;
    SimTime node_scan, node_timeout, node_detect, node_evict;
    Dist *node_provision;
    double node_shortage;
    bool liveness;
    SimTime liveness_period, liveness_timeout;
    int64_t liveness_failures;
} CapacityConfig;

enum {
    CAPACITY_READY, /* a pod's timers: subject = pod, value = its serial */
    CAPACITY_DETECTED,
    CAPACITY_EVICTED,
    CAPACITY_PROBE,
    CAPACITY_SYNC,
    CAPACITY_SCAN,
    CAPACITY_NODE, /* subject = 1 if it came, 0 if it did not */
    CAPACITY_LOSE, /* subject = the loss */
    CAPACITY_FOUND,
    CAPACITY_KINDS
};

typedef struct Capacity Capacity;

/* What the owner knows and a timer may need. */
typedef struct CapacityLoad {
    SimTime oldest_wait; /* of the request at the queue's head; 0: none waits */
    double utilisation;  /* share of the servers in use since the last CAPACITY_SYNC */
} CapacityLoad;

/* `name` is the owner's, and keys the random streams. */
Capacity *capacity_new(World *world, const CapacityConfig *config, int64_t servers, uint32_t region,
                       SimComponent owner, const char *name, uint16_t first_kind);
void capacity_free(Capacity *capacity);
/* What the passive region has nodes for before anything fails, as a share of the active one's. */
double capacity_standby_nodes(const CapacityConfig *config, int64_t servers);
/* Before the run. `share` of the pods and nodes is lost from `from` to `to`; overlapping losses
 * add up. */
void capacity_lose(Capacity *capacity, double share, SimTime from, SimTime to);
void capacity_begin(Capacity *capacity);
/* The owner went down, came up. */
void capacity_down(Capacity *capacity);
void capacity_up(Capacity *capacity);

/* A timer. Returns the share of the requests in hand that died with their pods. */
double capacity_handle(Capacity *capacity, const SimEvent *event, CapacityLoad load);
/* All pods, from now on. */
void capacity_scale_out(Capacity *capacity);
/* The passive region's stands by again, as small as before; nodes stay. */
void capacity_scale_in(Capacity *capacity);
/* Restart every pod (a new version, new environment variables). */
void capacity_restart(Capacity *capacity);
/* Pods that start do not become ready, until this is taken back. */
void capacity_break(Capacity *capacity, bool broken);
/* Pods that would become ready in [from, until) do so at `until`: they cannot read their secrets.
 */
void capacity_hold_starts(Capacity *capacity, SimTime from, SimTime until);

int64_t capacity_servers(const Capacity *capacity);
bool capacity_full(const Capacity *capacity);
bool capacity_has_nodes(const Capacity *capacity);
/* Does it scale by load, so that the owner should measure its utilisation? */
bool capacity_elastic(const Capacity *capacity);
/* Share of the requests that are sent to pods which are gone. */
double capacity_dead_share(const Capacity *capacity);
/* How much slower a request is served while pods are warm, ≥ 1; 1 from `capacity_warm_at` on. */
double capacity_slowness(const Capacity *capacity);
SimTime capacity_warm_at(const Capacity *capacity);
/* Share of the ready pods that began to start before `at`. */
double capacity_older_than(const Capacity *capacity, SimTime at);

typedef struct CapacityFacts {
    SimTime full_at;   /* since when all pods have been ready; SIM_NEVER: they are not */
    uint64_t restarts; /* by liveness probes */
    uint64_t lost;     /* pods lost with their zone */
} CapacityFacts;
CapacityFacts capacity_facts(const Capacity *capacity);

#endif
