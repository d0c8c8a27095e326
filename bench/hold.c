/* HOLD: take the earliest event, schedule one an exponential time later; n events stay pending.
 * Floors: the draw alone, and a 4-ary heap of bare keys with pop and push fused. */
#include <stdlib.h>

#include "bench/bench.h"
#include "sim/engine.h"
#include "sim/random.h"

enum { HOLDS = 2 * 1000 * 1000 };

static const size_t sizes[] = {10, 1000, 100 * 1000, 1000 * 1000};
static const size_t size_count = sizeof sizes / sizeof *sizes;

/* Before measuring, every event has been replaced about once. */
static size_t warmup(size_t pending)
{
    return pending + 1000;
}

static void report(const char *row, size_t pending, double started)
{
    char name[64];
    snprintf(name, sizeof name, "hold.%s.%zu", row, pending);
    bench_report(name, started, HOLDS);
}

static void draw_only(size_t pending)
{
    FloorRandom r = floor_random(1);
    double sum = 0, started = bench_now();
    for (int i = 0; i < HOLDS; i++)
        sum += (double)(int64_t)(floor_exponential(&r) * 1e9);
    report("draw", pending, started);
    bench_sink = sum;
}

/* Draws of the floor, or of the engine's streams: what reproducible draws cost is not the queue. */
typedef struct Draw {
    FloorRandom random;
    RandomStream stream;
} Draw;

static inline FloorKey draw_key(Draw *draw, bool streams, int64_t now, uint64_t sequence)
{
    double delay = streams ? random_exponential(&draw->stream) : floor_exponential(&draw->random);
    return floor_key(now + (int64_t)(delay * 1e9), sequence);
}

static inline int64_t holds(FloorHeap *heap, Draw *draw, bool streams, size_t count)
{
    FloorKey key = 0;
    for (size_t i = 0; i < count; i++) {
        key = floor_heap_pop(heap);
        floor_heap_push(heap, draw_key(draw, streams, (int64_t)(uint64_t)(key >> 64), i));
    }
    return (int64_t)(uint64_t)(key >> 64);
}

/* Two copies, each with its draw compiled in. */
static __attribute__((noinline)) int64_t holds_floor(FloorHeap *heap, Draw *draw, size_t count)
{
    return holds(heap, draw, false, count);
}

static __attribute__((noinline)) int64_t holds_streams(FloorHeap *heap, Draw *draw, size_t count)
{
    return holds(heap, draw, true, count);
}

static void floor_hold(size_t pending, bool streams)
{
    Draw draw = {.random = floor_random(1)};
    random_init(&draw.stream, 1, 0, "holder", "times");
    FloorHeap heap = floor_heap_new(pending);
    for (uint64_t i = 0; i < pending; i++)
        floor_heap_push(&heap, draw_key(&draw, streams, 0, i));
    int64_t (*run)(FloorHeap *, Draw *, size_t) = streams ? holds_streams : holds_floor;
    run(&heap, &draw, warmup(pending));
    double started = bench_now();
    bench_sink = (double)run(&heap, &draw, HOLDS);
    report(streams ? "floor_streams" : "floor", pending, started);
    free(heap.keys);
}

typedef struct Holder {
    SimComponent id;
    RandomStream stream;
    size_t left;
} Holder;

static void holder_schedule(Sim *sim, Holder *holder)
{
    sim_after(sim, (SimTime)(random_exponential(&holder->stream) * 1e9), SIM_PHASE_MESSAGE,
              (SimEvent){.component = holder->id});
}

static void holder_hold(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Holder *holder = self;
    holder_schedule(sim, holder);
    if (--holder->left == 0)
        sim_stop(sim);
}

static const SimHandler holder_handlers[] = {holder_hold};
static const SimType holder_type = {
    .name = "holder", .handlers = holder_handlers, .handler_count = 1};

static void engine_hold(size_t pending)
{
    Sim *sim = sim_new();
    Holder holder = {.left = warmup(pending)};
    holder.id = sim_add(sim, &holder_type, &holder, "holder");
    random_init(&holder.stream, 1, 0, "holder", "times");
    for (size_t i = 0; i < pending; i++)
        holder_schedule(sim, &holder);
    sim_run(sim, SIM_NEVER);
    holder.left = HOLDS;
    double started = bench_now();
    sim_run(sim, SIM_NEVER);
    report("engine", pending, started);
    sim_free(sim);
}

int main(void)
{
    floor_ziggurat_init();
    for (size_t i = 0; i < size_count; i++) {
        draw_only(sizes[i]);
        floor_hold(sizes[i], false);
        floor_hold(sizes[i], true);
        engine_hold(sizes[i]);
    }
    return 0;
}
