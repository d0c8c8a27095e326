/* M/M/1 at load 0.9, per customer (two events): three floors, and the engine through its public
 * interface with its own random streams. One more row runs the general floor with those streams:
 * the difference to the floor is what reproducible draws cost, the rest is the engine. */
#include "bench/bench.h"
#include "sim/engine.h"
#include "sim/random.h"

enum { CUSTOMERS = 10 * 1000 * 1000, RING = 1 << 16 };

#define INTERARRIVAL ((double)SIM_SEC)
#define SERVICE      (0.9 * (double)SIM_SEC)

/* ---- Lindley's recursion: the wait of the next customer from the wait of this one ---- */

static void lindley(void)
{
    FloorRandom r = floor_random(1);
    double started = bench_now(), wait = 0, sum = 0;
    for (int i = 0; i < CUSTOMERS; i++) {
        sum += wait;
        double next = wait + SERVICE * floor_exponential(&r) - INTERARRIVAL * floor_exponential(&r);
        wait = next > 0 ? next : 0;
    }
    bench_report("mm1.lindley", started, CUSTOMERS);
    bench_sink = sum;
}

/* ---- Two event slots and a ring of arrival times ---- */

static int64_t slots_ring[RING];

static void slots(void)
{
    FloorRandom r = floor_random(1);
    uint32_t head = 0, tail = 0;
    int64_t sum = 0, arrival = 0, departure = INT64_MAX;
    double started = bench_now();
    for (int left = CUSTOMERS; left > 0;) {
        if (arrival < departure) {
            if (head == tail)
                departure = arrival + (int64_t)(SERVICE * floor_exponential(&r));
            slots_ring[tail++ % RING] = arrival;
            arrival += (int64_t)(INTERARRIVAL * floor_exponential(&r));
        } else {
            sum += departure - slots_ring[head++ % RING];
            left--;
            departure =
                head == tail ? INT64_MAX : departure + (int64_t)(SERVICE * floor_exponential(&r));
        }
    }
    bench_report("mm1.slots", started, CUSTOMERS);
    bench_sink = (double)sum;
}

/* ---- The least general engine: heap, table of handlers, nothing else ---- */

typedef struct Floor Floor;
typedef void (*FloorHandler)(Floor *floor, uint32_t object);

struct Floor {
    int64_t now;
    uint64_t sequence;
    FloorHeap heap;
    const FloorHandler *handlers;
    bool stopping;
    FloorRandom random;
    RandomStream arrivals, services;
    uint32_t head, tail;
    int64_t sum;
    int left;
    int64_t ring[RING];
};

/* Low half of a key: sequence 32, handler 8, object 24. */
static inline void floor_after(Floor *floor, double delay, unsigned handler, uint32_t object)
{
    uint64_t low = floor->sequence++ << 32 | (uint64_t)handler << 24 | object;
    floor_heap_push(&floor->heap, floor_key(floor->now + (int64_t)delay, low));
}

static __attribute__((noinline)) void floor_run(Floor *floor)
{
    while (!floor->stopping) {
        FloorKey key = floor_heap_pop(&floor->heap);
        floor->now = (int64_t)(uint64_t)(key >> 64);
        uint32_t low = (uint32_t)key;
        floor->handlers[low >> 24](floor, low & 0xFFFFFF);
    }
}

enum { ARRIVE, DEPART, KINDS };

static inline void floor_join(Floor *floor)
{
    floor->ring[floor->tail++ % RING] = floor->now;
}

static inline bool floor_leave(Floor *floor)
{
    floor->sum += floor->now - floor->ring[floor->head++ % RING];
    floor->stopping = --floor->left == 0;
    return floor->head != floor->tail;
}

static void floor_arrive(Floor *floor, uint32_t object)
{
    if (floor->head == floor->tail)
        floor_after(floor, SERVICE * floor_exponential(&floor->random), DEPART, object);
    floor_join(floor);
    floor_after(floor, INTERARRIVAL * floor_exponential(&floor->random), ARRIVE, object);
}

static void floor_depart(Floor *floor, uint32_t object)
{
    if (floor_leave(floor))
        floor_after(floor, SERVICE * floor_exponential(&floor->random), DEPART, object);
}

static void streams_arrive(Floor *floor, uint32_t object)
{
    if (floor->head == floor->tail)
        floor_after(floor, SERVICE * random_exponential(&floor->services), DEPART, object);
    floor_join(floor);
    floor_after(floor, INTERARRIVAL * random_exponential(&floor->arrivals), ARRIVE, object);
}

static void streams_depart(Floor *floor, uint32_t object)
{
    if (floor_leave(floor))
        floor_after(floor, SERVICE * random_exponential(&floor->services), DEPART, object);
}

static const FloorHandler floor_handlers[KINDS] = {floor_arrive, floor_depart};
static const FloorHandler streams_handlers[KINDS] = {streams_arrive, streams_depart};

static void general_floor(const char *row, const FloorHandler *handlers)
{
    Floor *floor = calloc(1, sizeof(Floor));
    if (floor == NULL)
        abort();
    floor->heap = floor_heap_new(16);
    floor->handlers = handlers;
    floor->random = floor_random(1);
    random_init(&floor->arrivals, 1, 0, "queue", "arrivals");
    random_init(&floor->services, 1, 0, "queue", "services");
    floor->left = CUSTOMERS;
    floor_after(floor, 0, ARRIVE, 0);
    double started = bench_now();
    floor_run(floor);
    bench_report(row, started, CUSTOMERS);
    bench_sink = (double)floor->sum;
    free(floor->heap.keys);
    free(floor);
}

/* ---- The engine ---- */

typedef struct Station {
    SimComponent id;
    RandomStream arrivals, services;
    uint32_t head, tail;
    SimTime sum;
    int left;
    SimTime ring[RING];
} Station;

static void station_after(Sim *sim, const Station *station, double delay, uint16_t kind)
{
    sim_after(sim, (SimTime)delay, SIM_PHASE_MESSAGE,
              (SimEvent){.component = station->id, .kind = kind});
}

static void station_arrive(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Station *station = self;
    if (station->head == station->tail)
        station_after(sim, station, SERVICE * random_exponential(&station->services), DEPART);
    station->ring[station->tail++ % RING] = sim_now(sim);
    station_after(sim, station, INTERARRIVAL * random_exponential(&station->arrivals), ARRIVE);
}

static void station_depart(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Station *station = self;
    station->sum += sim_now(sim) - station->ring[station->head++ % RING];
    if (--station->left == 0)
        sim_stop(sim);
    if (station->head != station->tail)
        station_after(sim, station, SERVICE * random_exponential(&station->services), DEPART);
}

static const SimHandler station_handlers[KINDS] = {station_arrive, station_depart};
static const SimType station_type = {
    .name = "station", .handlers = station_handlers, .handler_count = KINDS};

static void engine(void)
{
    Sim *sim = sim_new();
    Station *station = calloc(1, sizeof(Station));
    if (station == NULL)
        abort();
    station->id = sim_add(sim, &station_type, station, "station");
    station->left = CUSTOMERS;
    random_init(&station->arrivals, 1, 0, "queue", "arrivals");
    random_init(&station->services, 1, 0, "queue", "services");
    station_after(sim, station, 0, ARRIVE);
    double started = bench_now();
    sim_run(sim, SIM_NEVER);
    bench_report("mm1.engine", started, CUSTOMERS);
    bench_sink = (double)station->sum;
    sim_free(sim);
    free(station);
}

int main(void)
{
    floor_ziggurat_init();
    lindley();
    slots();
    general_floor("mm1.floor", floor_handlers);
    general_floor("mm1.floor_streams", streams_handlers);
    engine();
    return 0;
}
