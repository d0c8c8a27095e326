/* In-order channels and constant timeouts through the public interface, per event: everything in
 * the heap against lanes, of which only the heads are in the heap. Both give the same order.
 *
 *   jitter   16 channels; each delivery sends on in its channel, with a jitter that the channel's
 *            order clamps
 *   hard     16 channels of different constant latencies; each delivery sends into one at random,
 *            so the heads change places all the time
 *   timeout  n requests under way, each guarded by a timeout; an
 *            answered request leaves its timer behind (cancelled lazily) and starts the next
 */
#include "bench/bench.h"
#include "sim/engine.h"
#include "sim/random.h"

enum { CHANNELS = 16, EVENTS = 2 * 1000 * 1000 };

typedef struct Channels {
    SimComponent id;
    bool use_lanes, hard;
    SimTime latency;
    SimLane lane[CHANNELS];
    SimTime tail[CHANNELS];
    RandomStream stream;
    size_t left;
} Channels;

static inline void channel_send(Sim *sim, Channels *channels, size_t channel, SimTime at)
{
    SimEvent event = {.component = channels->id, .subject = channel};
    if (channels->use_lanes) {
        sim_lane_push(sim, channels->lane[channel], at, SIM_PHASE_MESSAGE, event);
        return;
    }
    SimTime tail = channels->tail[channel];
    channels->tail[channel] = tail > at ? tail : at;
    sim_at(sim, channels->tail[channel], SIM_PHASE_MESSAGE, event);
}

static void channels_forward(Sim *sim, void *self, const SimEvent *event)
{
    Channels *channels = self;
    uint64_t bits = random_u64(&channels->stream);
    size_t channel = channels->hard ? bits % CHANNELS : event->subject;
    SimTime extra =
        channels->hard ? (SimTime)channel * (channels->latency / CHANNELS) : (SimTime)(bits >> 44);
    channel_send(sim, channels, channel, sim_now(sim) + channels->latency + extra);
    if (--channels->left == 0)
        sim_stop(sim);
}

static const SimHandler channels_handlers[] = {channels_forward};
static const SimType channels_type = {
    .name = "channels", .handlers = channels_handlers, .handler_count = 1};

static void channels_measure(const char *name, size_t in_flight, bool use_lanes, bool hard)
{
    Sim *sim = sim_new();
    Channels channels = {.use_lanes = use_lanes,
                         .hard = hard,
                         .latency = 1000 * (SimTime)in_flight,
                         .left = in_flight};
    channels.id = sim_add(sim, &channels_type, &channels, "channels");
    random_init(&channels.stream, 1, 0, "channels", "jitter");
    for (size_t i = 0; i < CHANNELS; i++)
        channels.lane[i] = sim_lane_new(sim);
    for (size_t i = 0; i < in_flight; i++)
        channel_send(sim, &channels, i % CHANNELS, (SimTime)i * 1000);
    sim_run(sim, SIM_NEVER);
    channels.left = EVENTS;
    double started = bench_now();
    sim_run(sim, SIM_NEVER);
    char row[64];
    snprintf(row, sizeof row, "lanes.%s.%s.%zu", name, use_lanes ? "lanes" : "heap", in_flight);
    bench_report(row, started, EVENTS);
    sim_free(sim);
}

/* ---- Timeouts ---- */

enum { ANSWER, TIMEOUT, KINDS };

typedef struct Requests {
    SimComponent id;
    bool use_lane;
    SimLane lane;
    RandomStream stream;
    uint32_t *generation;
    uint64_t timed_out;
    size_t left;
} Requests;

/* Answers take 1 s on average, the timeout is 4 s: a request that is answered later times out. */
static void request_start(Sim *sim, Requests *requests, uint64_t request)
{
    SimEvent event = {.component = requests->id,
                      .kind = ANSWER,
                      .subject = request,
                      .extra = ++requests->generation[request]};
    sim_after(sim, (SimTime)(random_exponential(&requests->stream) * 1e9), SIM_PHASE_MESSAGE,
              event);
    event.kind = TIMEOUT;
    if (requests->use_lane)
        sim_lane_push(sim, requests->lane, sim_now(sim) + 4 * SIM_SEC, SIM_PHASE_TIMEOUT, event);
    else
        sim_after(sim, 4 * SIM_SEC, SIM_PHASE_TIMEOUT, event);
}

static void request_answered(Sim *sim, void *self, const SimEvent *event)
{
    Requests *requests = self;
    if (requests->generation[event->subject] != event->extra)
        return;
    request_start(sim, requests, event->subject);
    if (--requests->left == 0)
        sim_stop(sim);
}

static void request_timeout(Sim *sim, void *self, const SimEvent *event)
{
    Requests *requests = self;
    if (requests->generation[event->subject] != event->extra)
        return;
    requests->timed_out++;
    request_start(sim, requests, event->subject);
}

static const SimHandler requests_handlers[KINDS] = {request_answered, request_timeout};
static const SimType requests_type = {
    .name = "requests", .handlers = requests_handlers, .handler_count = KINDS};

static void requests_measure(size_t under_way, bool use_lane)
{
    Sim *sim = sim_new();
    Requests requests = {.use_lane = use_lane, .left = 6 * under_way};
    requests.id = sim_add(sim, &requests_type, &requests, "requests");
    requests.lane = sim_lane_new(sim);
    requests.generation = calloc(under_way, sizeof *requests.generation);
    if (requests.generation == NULL)
        abort();
    random_init(&requests.stream, 1, 0, "requests", "answers");
    for (size_t i = 0; i < under_way; i++)
        request_start(sim, &requests, i);
    sim_run(sim, SIM_NEVER);
    requests.left = EVENTS / 2;
    double started = bench_now();
    sim_run(sim, SIM_NEVER);
    char row[64];
    snprintf(row, sizeof row, "lanes.timeout.%s.%zu", use_lane ? "lanes" : "heap", under_way);
    bench_report(row, started, EVENTS / 2);
    bench_sink = (double)requests.timed_out;
    free(requests.generation);
    sim_free(sim);
}

int main(void)
{
    static const size_t in_flight[] = {100 * 1000, 1000 * 1000};
    static const size_t under_way[] = {10, 1000, 100 * 1000};
    for (size_t i = 0; i < sizeof in_flight / sizeof *in_flight; i++) {
        channels_measure("jitter", in_flight[i], false, false);
        channels_measure("jitter", in_flight[i], true, false);
        channels_measure("hard", in_flight[i], false, true);
        channels_measure("hard", in_flight[i], true, true);
    }
    for (size_t i = 0; i < sizeof under_way / sizeof *under_way; i++) {
        requests_measure(under_way[i], false);
        requests_measure(under_way[i], true);
    }
    return 0;
}
