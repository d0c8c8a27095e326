#include "models/capacity.h"

typedef enum PodState { POD_NONE, POD_PENDING, POD_STARTING, POD_READY, POD_LOST } PodState;

typedef struct Pod {
    PodState state;
    uint32_t serial;    /* its timers carry it: an older one's are void */
    uint32_t loss;      /* LOST: which one's, counted from 1 */
    bool dead;          /* LOST, and requests are still sent to it */
    bool was_ready;     /* when the owner went down */
    int64_t fails;      /* liveness probes, in a row */
    SimTime started_at; /* STARTING, READY: when its start began; 0: before the run */
    SimTime replacing;  /* READY: its replacement's start began then; SIM_NEVER: none does */
    SimTime warm_at;
} Pod;

typedef struct Loss {
    double share;
    SimTime from, to;
    int64_t room; /* taken, while active */
    bool active;
} Loss;

struct Capacity {
    World *world;
    const CapacityConfig *config;
    uint32_t region;
    SimComponent owner;
    uint16_t first_kind;
    Pod *pod;
    int64_t pods, all_servers;
    int64_t wanted, least; /* replicas: now, and the autoscaler's minimum */
    int64_t ready, placed; /* placed: STARTING and READY */
    int64_t dead, servers;
    int64_t room, incoming; /* in pods: on nodes that are there, that are ordered */
    bool elastic, scan_armed, broken;
    SimTime warm_at, hold_from, hold_until;
    GArray *losses;   /* Loss */
    int64_t *desired; /* ring: the autoscaler's last recommendations */
    size_t remembers, syncs;
    RandomStream start_draws, pull_draws, jvm_draws, readiness_draws;
    RandomStream scan_draws, provision_draws, shortage_draws, probe_draws;
    CapacityFacts facts;
};

static void timer(Capacity *capacity, SimTime delay, uint32_t kind, uint64_t subject, int64_t value)
{
    bool fault = kind == CAPACITY_LOSE || kind == CAPACITY_FOUND;
    sim_after(capacity->world->sim, delay, fault ? SIM_PHASE_FAULT : SIM_PHASE_MESSAGE,
              (SimEvent){.component = capacity->owner,
                         .kind = (uint16_t)(capacity->first_kind + kind),
                         .subject = subject,
                         .value = value});
}

static SimTime now_of(const Capacity *capacity)
{
    return sim_now(capacity->world->sim);
}

static Loss *loss_at(const Capacity *capacity, uint32_t number)
{
    return &g_array_index(capacity->losses, Loss, number);
}

static const char *region_of(const Capacity *capacity)
{
    return capacity->world->region_name[capacity->region];
}

/* ---- pods ---- */

static int64_t servers_of(const Capacity *capacity, int64_t i)
{
    return capacity->all_servers / capacity->pods + (i < capacity->all_servers % capacity->pods);
}

static bool is_placed(PodState state)
{
    return state == POD_STARTING || state == POD_READY;
}

/* The only place where a pod's state changes: the sums follow. */
static void set_state(Capacity *capacity, int64_t i, PodState state)
{
    Pod *pod = &capacity->pod[i];
    int64_t servers = servers_of(capacity, i);
    capacity->placed += is_placed(state) - is_placed(pod->state);
    capacity->ready += (state == POD_READY) - (pod->state == POD_READY);
    capacity->servers += servers * ((state == POD_READY) - (pod->state == POD_READY));
    if (pod->dead && state != POD_LOST) {
        pod->dead = false;
        capacity->dead--;
    }
    pod->state = state;
    pod->serial++;
    pod->replacing = SIM_NEVER;
    pod->loss = 0;
    if (capacity->ready < capacity->pods)
        capacity->facts.full_at = SIM_NEVER;
    else if (capacity->facts.full_at == SIM_NEVER)
        capacity->facts.full_at = now_of(capacity);
}

static void begin_probes(Capacity *capacity, int64_t i)
{
    const CapacityConfig *config = capacity->config;
    capacity->pod[i].fails = 0;
    if (config->liveness)
        timer(capacity,
              (SimTime)(random_uniform(&capacity->probe_draws) * (double)config->liveness_period),
              CAPACITY_PROBE, (uint64_t)i, capacity->pod[i].serial);
}

/* `warm`: it has served before, and nobody notices that it starts. */
static void become_ready(Capacity *capacity, int64_t i, bool warm)
{
    Pod *pod = &capacity->pod[i];
    if (capacity->broken) { /* it crashes as often as it is started */
        if (pod->state != POD_STARTING)
            set_state(capacity, i, POD_STARTING);
        return;
    }
    set_state(capacity, i, POD_READY);
    pod->warm_at = warm ? 0 : now_of(capacity) + capacity->config->warmup_time;
    if (capacity->config->warmup_factor > 1)
        capacity->warm_at = MAX(capacity->warm_at, pod->warm_at);
    begin_probes(capacity, i);
}

/* Pods cannot start without their secrets. */
static SimTime held(const Capacity *capacity, SimTime delay)
{
    SimTime at = now_of(capacity) + delay;
    bool waits = at >= capacity->hold_from && at < capacity->hold_until;
    return waits ? capacity->hold_until - now_of(capacity) : delay;
}

static SimTime jvm_and_readiness(Capacity *capacity)
{
    const CapacityConfig *config = capacity->config;
    return dist_draw(config->jvm_start, &capacity->jvm_draws) +
           dist_draw(config->readiness, &capacity->readiness_draws);
}

static SimTime longest(SimTime delay)
{
    return MIN(delay, SIM_TIME_LONGEST);
}

/* A new pod on a node with room. */
static void start_pod(Capacity *capacity, int64_t i)
{
    const CapacityConfig *config = capacity->config;
    SimTime delay = dist_draw(config->pod_start, &capacity->start_draws) +
                    dist_draw(config->image_pull, &capacity->pull_draws) +
                    jvm_and_readiness(capacity);
    set_state(capacity, i, POD_STARTING);
    capacity->pod[i].started_at = now_of(capacity);
    timer(capacity, held(capacity, longest(delay)), CAPACITY_READY, (uint64_t)i,
          capacity->pod[i].serial);
}

/* The container of a pod that stays where it is. */
static void restart_in_place(Capacity *capacity, int64_t i)
{
    set_state(capacity, i, POD_STARTING);
    capacity->pod[i].started_at = now_of(capacity);
    timer(capacity, held(capacity, longest(jvm_and_readiness(capacity))), CAPACITY_READY,
          (uint64_t)i, capacity->pod[i].serial);
}

/* ---- nodes ---- */

static void arm_scan(Capacity *capacity)
{
    if (capacity->scan_armed)
        return;
    capacity->scan_armed = true;
    double phase = random_uniform(&capacity->scan_draws);
    timer(capacity, (SimTime)(phase * (double)capacity->config->node_scan), CAPACITY_SCAN, 0, 0);
}

/* Pods that are wanted start where there is room; the others wait for a node. */
static void place(Capacity *capacity)
{
    int64_t pending = 0;
    for (int64_t i = 0; i < capacity->wanted; i++) {
        PodState state = capacity->pod[i].state;
        if (state != POD_NONE && state != POD_PENDING)
            continue;
        if (capacity->placed < capacity->room) {
            start_pod(capacity, i);
            continue;
        }
        if (state != POD_PENDING)
            set_state(capacity, i, POD_PENDING);
        pending++;
    }
    if (pending > capacity->incoming)
        arm_scan(capacity);
}

static int64_t pending_pods(const Capacity *capacity)
{
    int64_t pending = 0;
    for (int64_t i = 0; i < capacity->wanted; i++)
        pending += capacity->pod[i].state == POD_PENDING;
    return pending;
}

static void order_node(Capacity *capacity)
{
    const CapacityConfig *config = capacity->config;
    SimTime provision = dist_draw(config->node_provision, &capacity->provision_draws);
    bool none = random_uniform(&capacity->shortage_draws) < config->node_shortage;
    bool comes = !none && provision < config->node_timeout;
    capacity->incoming += config->node_pods;
    timer(capacity, comes ? provision : config->node_timeout, CAPACITY_NODE, comes, 0);
}

static void on_scan(Capacity *capacity)
{
    int64_t missing = pending_pods(capacity) - capacity->incoming;
    int64_t size = capacity->config->node_pods;
    capacity->scan_armed = false;
    if (missing <= 0)
        return;
    int64_t nodes = (missing + size - 1) / size;
    story_platform(capacity->world->story, now_of(capacity),
                   "the cluster autoscaler in %s orders %d nodes", region_of(capacity), (int)nodes);
    while (nodes-- > 0)
        order_node(capacity);
}

static void on_node(Capacity *capacity, bool came)
{
    capacity->incoming -= capacity->config->node_pods;
    if (came)
        capacity->room += capacity->config->node_pods;
    else
        story_platform(capacity->world->story, now_of(capacity),
                       "a node ordered in %s has not come in time: it is ordered again",
                       region_of(capacity));
    place(capacity);
}

/* ---- scaling ---- */

static int64_t part_of(double share, int64_t whole)
{
    return MIN((int64_t)(share * (double)whole + 0.5), whole);
}

static int64_t pods_on_standby(const Capacity *capacity)
{
    const CapacityConfig *config = capacity->config;
    if (capacity->region == REGION_ACTIVE || config->standby == STANDBY_HOT)
        return capacity->pods;
    if (config->standby == STANDBY_SCALED_DOWN)
        return MAX(part_of(config->standby_share, capacity->pods), 1);
    return 0;
}

static void scale_to(Capacity *capacity, int64_t wanted)
{
    if (wanted == capacity->wanted)
        return;
    story_platform(capacity->world->story, now_of(capacity),
                   "the application in %s is scaled from %d pods to %d", region_of(capacity),
                   (int)capacity->wanted, (int)wanted);
    for (int64_t i = wanted; i < capacity->wanted; i++)
        set_state(capacity, i, POD_NONE);
    capacity->wanted = wanted;
    place(capacity);
}

void capacity_scale_out(Capacity *capacity)
{
    capacity->least = capacity->pods;
    scale_to(capacity, capacity->pods);
}

static int64_t ceiling(double x)
{
    int64_t whole = (int64_t)x;
    return whole + ((double)whole < x);
}

/* The documented algorithm; within its tolerance, or without measurements, the present number. */
static int64_t desired_pods(const Capacity *capacity, double utilisation)
{
    static const double tolerance = 0.1, rounding = 1e-9;
    double target = capacity->config->hpa_target, ratio = utilisation / target;
    double use = (double)capacity->ready * utilisation;
    if (capacity->ready == 0 || (ratio <= 1 + tolerance && ratio >= 1 - tolerance))
        return capacity->wanted;
    if (ratio > 1 && use / target <= (1 + tolerance) * (double)capacity->wanted)
        return capacity->wanted; /* those not ready yet, taken as idle, would do */
    return ceiling(use / target - rounding);
}

/* Downwards only to the highest recommendation that is remembered. */
static int64_t stabilised(Capacity *capacity, int64_t desired)
{
    capacity->desired[capacity->syncs++ % capacity->remembers] = desired;
    size_t known = MIN(capacity->syncs, capacity->remembers);
    int64_t highest = desired;
    for (size_t i = 0; i < known; i++)
        highest = MAX(highest, capacity->desired[i]);
    return desired < capacity->wanted ? MIN(highest, capacity->wanted) : desired;
}

static void begin_syncs(Capacity *capacity);

void capacity_scale_in(Capacity *capacity)
{
    bool syncs = capacity->least < capacity->pods; /* all the time */
    capacity->least = pods_on_standby(capacity);
    scale_to(capacity, capacity->least);
    if (!syncs)
        begin_syncs(capacity);
}

static void on_sync(Capacity *capacity, double utilisation)
{
    if (capacity->least == capacity->pods)
        return; /* all are wanted for good */
    timer(capacity, capacity->config->hpa_sync, CAPACITY_SYNC, 0, 0);
    if (capacity->wanted == 0) /* disabled, until somebody else scales it */
        return;
    int64_t desired = stabilised(capacity, desired_pods(capacity, utilisation));
    int64_t most = MAX(capacity->wanted + 4, 2 * capacity->wanted);
    desired = MIN(desired, MIN(most, capacity->pods));
    scale_to(capacity, MAX(desired, capacity->least));
}

/* ---- a zone's loss ---- */

static void take_pod(Capacity *capacity, int64_t i, uint32_t loss)
{
    const CapacityConfig *config = capacity->config;
    Pod *pod = &capacity->pod[i];
    bool served = pod->state == POD_READY;
    set_state(capacity, i, POD_LOST);
    pod->loss = loss + 1;
    pod->dead = served;
    capacity->dead += served;
    capacity->facts.lost++;
    timer(capacity, config->node_detect, CAPACITY_DETECTED, (uint64_t)i, pod->serial);
    timer(capacity, config->node_detect + config->node_evict, CAPACITY_EVICTED, (uint64_t)i,
          pod->serial);
}

static double on_lose(Capacity *capacity, uint32_t number)
{
    Loss *loss = loss_at(capacity, number);
    int64_t before = capacity->ready, take = part_of(loss->share, capacity->placed);
    loss->active = true;
    loss->room = part_of(loss->share, capacity->room);
    capacity->room -= loss->room;
    story_platform(capacity->world->story, now_of(capacity), "%d of %d pods in %s are gone",
                   (int)take, (int)capacity->placed, region_of(capacity));
    for (int64_t i = capacity->pods; i-- > 0 && take > 0;)
        if (is_placed(capacity->pod[i].state)) {
            take_pod(capacity, i, number);
            take--;
        }
    return before > 0 ? (double)(before - capacity->ready) / (double)before : 0;
}

static void on_found(Capacity *capacity, uint32_t number)
{
    Loss *loss = loss_at(capacity, number);
    capacity->room += loss->room;
    loss->active = false;
    for (int64_t i = 0; i < capacity->pods; i++)
        if (capacity->pod[i].state == POD_LOST && capacity->pod[i].loss == number + 1)
            restart_in_place(capacity, i);
    place(capacity);
}

static void on_detected(Capacity *capacity, int64_t i)
{
    Pod *pod = &capacity->pod[i];
    capacity->dead -= pod->dead;
    pod->dead = false;
}

static void on_evicted(Capacity *capacity, int64_t i)
{
    set_state(capacity, i, POD_NONE);
    place(capacity);
}

void capacity_lose(Capacity *capacity, double share, SimTime from, SimTime to)
{
    Loss loss = {.share = share, .from = from, .to = to};
    if (from < to)
        g_array_append_val(capacity->losses, loss);
}

/* At the beginning, and when the owner is back: its timers died with it. */
static void arm_losses(Capacity *capacity)
{
    SimTime now = now_of(capacity);
    for (uint32_t i = 0; i < capacity->losses->len; i++) {
        Loss *loss = loss_at(capacity, i);
        if (loss->active && loss->to <= now) {
            capacity->room += loss->room;
            loss->active = false;
        } else if (!loss->active && loss->from < now && loss->to > now) {
            loss->active = true;
            loss->room = part_of(loss->share, capacity->room);
            capacity->room -= loss->room;
        }
        if (loss->from >= now)
            timer(capacity, loss->from - now, CAPACITY_LOSE, i, 0);
        if (loss->to > now && loss->to < SIM_NEVER)
            timer(capacity, loss->to - now, CAPACITY_FOUND, i, 0);
    }
}

/* ---- liveness ---- */

/* Returns the share of the requests in hand that die with the pod. */
static double on_probe(Capacity *capacity, int64_t i, SimTime oldest_wait)
{
    const CapacityConfig *config = capacity->config;
    Pod *pod = &capacity->pod[i];
    bool good = oldest_wait <= config->liveness_timeout;
    pod->fails = good ? 0 : pod->fails + 1;
    if (pod->fails < config->liveness_failures) {
        timer(capacity, config->liveness_period, CAPACITY_PROBE, (uint64_t)i, pod->serial);
        return 0;
    }
    double share = 1 / (double)capacity->ready;
    capacity->facts.restarts++;
    story_platform(capacity->world->story, now_of(capacity),
                   "a pod in %s is too busy to answer its liveness probe and is restarted",
                   region_of(capacity));
    restart_in_place(capacity, i);
    return share;
}

/* ---- timers ---- */

static void on_ready(Capacity *capacity, int64_t i)
{
    Pod *pod = &capacity->pod[i];
    if (pod->state == POD_READY) /* its replacement is: it goes */
        pod->started_at = pod->replacing;
    become_ready(capacity, i, false);
}

static double pod_timer(Capacity *capacity, uint32_t kind, int64_t i, CapacityLoad load)
{
    switch (kind) {
    case CAPACITY_READY:
        on_ready(capacity, i);
        break;
    case CAPACITY_DETECTED:
        on_detected(capacity, i);
        break;
    case CAPACITY_EVICTED:
        on_evicted(capacity, i);
        break;
    default:
        return on_probe(capacity, i, load.oldest_wait);
    }
    return 0;
}

double capacity_handle(Capacity *capacity, const SimEvent *event, CapacityLoad load)
{
    uint32_t kind = (uint32_t)event->kind - capacity->first_kind;
    uint32_t subject = (uint32_t)event->subject;
    switch (kind) {
    case CAPACITY_SYNC:
        on_sync(capacity, load.utilisation);
        return 0;
    case CAPACITY_SCAN:
        on_scan(capacity);
        return 0;
    case CAPACITY_NODE:
        on_node(capacity, subject != 0);
        return 0;
    case CAPACITY_LOSE:
        return on_lose(capacity, subject);
    case CAPACITY_FOUND:
        on_found(capacity, subject);
        return 0;
    default:
        if (capacity->pod[subject].serial != (uint32_t)event->value)
            return 0;
        return pod_timer(capacity, kind, subject, load);
    }
}

/* ---- what else the owner tells ---- */

/* Rolling: each pod serves until its replacement is ready. */
void capacity_restart(Capacity *capacity)
{
    for (int64_t i = 0; i < capacity->pods; i++) {
        Pod *pod = &capacity->pod[i];
        if (pod->state != POD_READY || pod->replacing != SIM_NEVER)
            continue;
        pod->replacing = now_of(capacity);
        SimTime delay = dist_draw(capacity->config->pod_start, &capacity->start_draws) +
                        jvm_and_readiness(capacity);
        timer(capacity, held(capacity, longest(delay)), CAPACITY_READY, (uint64_t)i, pod->serial);
    }
}

void capacity_break(Capacity *capacity, bool broken)
{
    bool mended = capacity->broken && !broken;
    capacity->broken = broken;
    for (int64_t i = 0; mended && i < capacity->pods; i++)
        if (capacity->pod[i].state == POD_STARTING)
            restart_in_place(capacity, i);
}

void capacity_hold_starts(Capacity *capacity, SimTime from, SimTime until)
{
    capacity->hold_from = from;
    capacity->hold_until = until;
}

static void begin_syncs(Capacity *capacity)
{
    if (capacity->elastic)
        timer(capacity, capacity->config->hpa_sync, CAPACITY_SYNC, 0, 0);
}

void capacity_begin(Capacity *capacity)
{
    for (int64_t i = 0; i < capacity->wanted; i++)
        become_ready(capacity, i, true);
    arm_losses(capacity);
    begin_syncs(capacity);
}

void capacity_down(Capacity *capacity)
{
    for (int64_t i = 0; i < capacity->pods; i++) {
        Pod *pod = &capacity->pod[i];
        pod->was_ready = pod->state == POD_READY;
        set_state(capacity, i, POD_NONE);
    }
    capacity->incoming = 0;
    capacity->scan_armed = false;
}

void capacity_up(Capacity *capacity)
{
    arm_losses(capacity);
    for (int64_t i = 0; !capacity->config->restart && i < capacity->wanted; i++)
        if (capacity->pod[i].was_ready && capacity->placed < capacity->room)
            become_ready(capacity, i, true);
    place(capacity);
    begin_syncs(capacity);
}

/* ---- questions ---- */

int64_t capacity_servers(const Capacity *capacity)
{
    return capacity->servers;
}

bool capacity_full(const Capacity *capacity)
{
    return capacity->ready == capacity->pods;
}

bool capacity_has_nodes(const Capacity *capacity)
{
    return capacity->room > 0;
}

bool capacity_elastic(const Capacity *capacity)
{
    return capacity->elastic;
}

double capacity_dead_share(const Capacity *capacity)
{
    if (capacity->dead == 0)
        return 0;
    return (double)capacity->dead / (double)(capacity->dead + capacity->ready);
}

double capacity_slowness(const Capacity *capacity)
{
    const CapacityConfig *config = capacity->config;
    SimTime now = now_of(capacity);
    double cold = 0;
    for (int64_t i = 0; i < capacity->pods; i++)
        if (capacity->pod[i].state == POD_READY && capacity->pod[i].warm_at > now)
            cold += (double)(capacity->pod[i].warm_at - now) / (double)config->warmup_time;
    if (capacity->ready == 0)
        return 1;
    return 1 + (config->warmup_factor - 1) * cold / (double)capacity->ready;
}

SimTime capacity_warm_at(const Capacity *capacity)
{
    return capacity->warm_at;
}

double capacity_older_than(const Capacity *capacity, SimTime at)
{
    int64_t older = 0;
    for (int64_t i = 0; i < capacity->pods; i++)
        older += capacity->pod[i].state == POD_READY && capacity->pod[i].started_at < at;
    return capacity->ready > 0 ? (double)older / (double)capacity->ready : 0;
}

CapacityFacts capacity_facts(const Capacity *capacity)
{
    return capacity->facts;
}

/* ---- making ---- */

static void draw_from(Capacity *capacity, const char *name)
{
    const World *world = capacity->world;
    capacity->start_draws = world_stream(world, name, "pod start");
    capacity->pull_draws = world_stream(world, name, "image pull");
    capacity->jvm_draws = world_stream(world, name, "jvm start");
    capacity->readiness_draws = world_stream(world, name, "readiness");
    capacity->scan_draws = world_stream(world, name, "autoscaler scan");
    capacity->provision_draws = world_stream(world, name, "node provision");
    capacity->shortage_draws = world_stream(world, name, "node shortage");
    capacity->probe_draws = world_stream(world, name, "liveness phase");
}

/* How many pods are there, and room for how many, before anything fails. */
static void stand_by(Capacity *capacity)
{
    const CapacityConfig *config = capacity->config;
    int64_t pods = capacity->pods, kept = part_of(config->standby_nodes, pods);
    bool hot = capacity->region == REGION_ACTIVE || config->standby == STANDBY_HOT;
    capacity->wanted = pods_on_standby(capacity);
    capacity->room = hot ? pods : 0;
    if (!hot && config->standby != STANDBY_NO_NODES)
        capacity->room = MAX(kept, MAX(capacity->wanted, 1));
    capacity->least = capacity->wanted;
    capacity->elastic = config->hpa && capacity->least < pods;
}

Capacity *capacity_new(World *world, const CapacityConfig *config, int64_t servers, uint32_t region,
                       SimComponent owner, const char *name, uint16_t first_kind)
{
    Capacity *capacity = g_new0(Capacity, 1);
    capacity->world = world;
    capacity->config = config;
    capacity->region = region;
    capacity->owner = owner;
    capacity->first_kind = first_kind;
    capacity->all_servers = servers;
    capacity->pods = MIN(config->pods, servers);
    capacity->pod = g_new0(Pod, capacity->pods);
    capacity->losses = g_array_new(FALSE, FALSE, sizeof(Loss));
    capacity->facts.full_at = SIM_NEVER;
    stand_by(capacity);
    capacity->remembers = (size_t)(config->hpa_stabilization / config->hpa_sync) + 1;
    if (capacity->elastic)
        capacity->desired = g_new0(int64_t, capacity->remembers);
    draw_from(capacity, name);
    return capacity;
}

double capacity_standby_nodes(const CapacityConfig *config, int64_t servers)
{
    int64_t pods = MIN(config->pods, servers), least = 1;
    if (config->standby == STANDBY_HOT)
        return 1;
    if (config->standby == STANDBY_NO_NODES)
        return 0;
    if (config->standby == STANDBY_SCALED_DOWN)
        least = MAX(part_of(config->standby_share, pods), 1);
    return (double)MAX(part_of(config->standby_nodes, pods), least) / (double)pods;
}

void capacity_free(Capacity *capacity)
{
    if (!capacity)
        return;
    g_array_unref(capacity->losses);
    g_free(capacity->pod);
    g_free(capacity->desired);
    g_free(capacity);
}
