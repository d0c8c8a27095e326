/* Queues with known answers, through the engine's public interface.
 *
 * Independent replications, each started in the stationary state where it has a simple law (so the
 * mean of every customer's wait is exact from the first one on), else after a warm-up. A mean may
 * be 4.9 standard errors off: false alarm 1e-6 each, were the means normal; the seeds are fixed.
 */
#include <glib.h>
#include <math.h>

#include "sim/dist.h"
#include "sim/engine.h"
#include "sim/random.h"

#define STANDARD_ERRORS 4.9

static void check_mean(const char *what, const double *values, size_t count, double expected)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    double error = sqrt(squares / (double)(count - 1) / (double)count);
    g_test_message("%s: %.6f, expected %.6f, standard error %.6f", what, mean, expected, error);
    g_assert_cmpfloat(error, >, 0);
    g_assert_cmpfloat(fabs(mean - expected), <, STANDARD_ERRORS * error);
}

/* ---- A station: Poisson arrivals, c servers, room for K ---- */

enum { ARRIVE, DEPART, KINDS };
enum { UNLIMITED = 100000 };

typedef struct StationConfig {
    double arrival_rate, service_mean;
    const char *service; /* family of sim/dist.h with one argument, the mean */
    size_t servers, room;
    size_t warmup, customers;
    bool stationary; /* start with a number of customers from M/M/c/K's stationary law */
    double limit;    /* seconds: the share of waits up to it is counted */
} StationConfig;

typedef struct Customer {
    SimTime arrived;
    size_t index; /* counts arrivals; from SIZE_MAX down for those present at the start */
} Customer;

typedef struct Station {
    const StationConfig *config;
    Sim *sim;
    SimComponent id;
    Dist *between, *service;
    RandomStream arrivals, services;
    GArray *queue; /* of Customer */
    size_t head;
    size_t present, busy, arrived;
    /* measured: customers after the warm-up */
    double wait, delayed, blocked, within;
    size_t served;
    /* all customers, exactly */
    SimTime sojourn, area, last;
} Station;

static void station_note_time(Station *station)
{
    SimTime now = sim_now(station->sim);
    station->area += (SimTime)station->present * (now - station->last);
    station->last = now;
}

static bool station_measures(const Station *station, size_t index)
{
    const StationConfig *config = station->config;
    return index >= config->warmup && index < config->warmup + config->customers;
}

static void station_serve(Station *station, Customer customer)
{
    SimTime waited = sim_now(station->sim) - customer.arrived;
    station->busy++;
    if (station_measures(station, customer.index)) {
        station->served++;
        station->wait += sim_seconds(waited);
        station->delayed += waited > 0;
        station->within += sim_seconds(waited) <= station->config->limit;
    }
    sim_after(station->sim, dist_draw(station->service, &station->services), SIM_PHASE_MESSAGE,
              (SimEvent){.component = station->id, .kind = DEPART, .value = customer.arrived});
}

static void station_enter(Station *station, Customer customer)
{
    station_note_time(station);
    station->present++;
    if (station->busy < station->config->servers)
        station_serve(station, customer);
    else
        g_array_append_val(station->queue, customer);
}

static void station_arrive(Sim *sim, void *self, const SimEvent *event)
{
    (void)event;
    Station *station = self;
    const StationConfig *config = station->config;
    Customer customer = {sim_now(sim), station->arrived++};
    if (station->present < config->room)
        station_enter(station, customer);
    else
        station->blocked += station_measures(station, customer.index);
    if (station->arrived < config->warmup + config->customers)
        sim_after(sim, dist_draw(station->between, &station->arrivals), SIM_PHASE_MESSAGE,
                  (SimEvent){.component = station->id, .kind = ARRIVE});
}

static void station_depart(Sim *sim, void *self, const SimEvent *event)
{
    Station *station = self;
    station_note_time(station);
    station->present--;
    station->busy--;
    station->sojourn += sim_now(sim) - event->value;
    if (station->head < station->queue->len)
        station_serve(station, g_array_index(station->queue, Customer, station->head++));
}

static const SimHandler station_handlers[KINDS] = {station_arrive, station_depart};
static const SimType station_type = {
    .name = "station", .handlers = station_handlers, .handler_count = KINDS};

/* Draw from M/M/c/K's stationary law: weights w(n) = w(n-1) * load / min(n, c). */
static size_t stationary_number(const StationConfig *config, RandomStream *stream)
{
    double load = config->arrival_rate * config->service_mean, total = 0, weight = 1;
    size_t last = MIN(config->room, 2000);
    for (size_t n = 0; n <= last; n++) {
        total += weight;
        weight *= load / (double)MIN(n + 1, config->servers);
    }
    double left = random_uniform(stream) * total;
    weight = 1;
    for (size_t n = 0; n < last; n++) {
        left -= weight;
        if (left < 0)
            return n;
        weight *= load / (double)MIN(n + 1, config->servers);
    }
    return last;
}

static Dist *dist_of_mean(const char *family, double mean)
{
    const double args[DIST_ARGS_MAX] = {mean};
    GError *error = NULL;
    Dist *dist = dist_new(dist_type_find(family), args, &error);
    g_assert_no_error(error);
    return dist;
}

/* Run one replication to its last departure; the caller clears the station. */
static void station_run(Station *station, const StationConfig *config, uint32_t replication)
{
    *station = (Station){.config = config, .sim = sim_new()};
    station->id = sim_add(station->sim, &station_type, station, "station");
    station->between = dist_of_mean("exponential", 1 / config->arrival_rate);
    station->service = dist_of_mean(config->service, config->service_mean);
    station->queue = g_array_new(FALSE, FALSE, sizeof(Customer));
    random_init(&station->arrivals, 20, replication, "station", "arrivals");
    random_init(&station->services, 20, replication, "station", "services");
    if (config->stationary) {
        RandomStream start;
        random_init(&start, 20, replication, "station", "start");
        for (size_t n = stationary_number(config, &start); n > 0; n--)
            station_enter(station, (Customer){0, SIZE_MAX});
    }
    sim_after(station->sim, dist_draw(station->between, &station->arrivals), SIM_PHASE_MESSAGE,
              (SimEvent){.component = station->id, .kind = ARRIVE});
    sim_run(station->sim, SIM_NEVER);
    g_assert_cmpuint(sim_events_pending(station->sim), ==, 0);
    g_assert_cmpuint(station->present, ==, 0);
    /* Little's law, without any tolerance: the area under N is the sum of the times in the system.
     */
    g_assert_cmpint(station->area, ==, station->sojourn);
}

static void station_clear(Station *station)
{
    g_array_unref(station->queue);
    dist_free(station->between);
    dist_free(station->service);
    sim_free(station->sim);
}

enum { REPLICATIONS = 1000 };

typedef struct Results {
    double wait[REPLICATIONS], delayed[REPLICATIONS], within[REPLICATIONS], blocked[REPLICATIONS];
} Results;

static Results *station_replicate(const StationConfig *config)
{
    Results *results = g_new0(Results, 1);
    for (uint32_t r = 0; r < REPLICATIONS; r++) {
        Station station;
        station_run(&station, config, r);
        double served = (double)station.served;
        results->wait[r] = station.wait / served;
        results->delayed[r] = station.delayed / served;
        results->within[r] = station.within / served;
        results->blocked[r] = station.blocked / (double)config->customers;
        station_clear(&station);
    }
    return results;
}

static void test_mm1(void)
{
    static const StationConfig config = {.arrival_rate = .9,
                                         .service_mean = 1,
                                         .service = "exponential",
                                         .servers = 1,
                                         .room = UNLIMITED,
                                         .customers = 1000,
                                         .stationary = true};
    Results *results = station_replicate(&config);
    check_mean("M/M/1 wait", results->wait, REPLICATIONS, 9);
    check_mean("M/M/1 delayed", results->delayed, REPLICATIONS, .9);
    g_free(results);
}

static void test_mmc(void)
{
    static const StationConfig config = {.arrival_rate = 2.4,
                                         .service_mean = 1,
                                         .service = "exponential",
                                         .servers = 3,
                                         .room = UNLIMITED,
                                         .customers = 1000,
                                         .stationary = true};
    Results *results = station_replicate(&config);
    check_mean("M/M/3 delayed (Erlang C)", results->delayed, REPLICATIONS, .647191);
    check_mean("M/M/3 wait", results->wait, REPLICATIONS, 1.07865);
    g_free(results);
}

static void test_md1(void)
{
    static const StationConfig config = {.arrival_rate = .7,
                                         .service_mean = 1,
                                         .service = "constant",
                                         .servers = 1,
                                         .room = UNLIMITED,
                                         .warmup = 1000,
                                         .customers = 1000,
                                         .limit = 3};
    Results *results = station_replicate(&config);
    check_mean("M/D/1 wait up to 3", results->within, REPLICATIONS, .894678);
    check_mean("M/D/1 wait", results->wait, REPLICATIONS, .7 / (2 * (1 - .7)));
    g_free(results);
}

static void test_mmck(void)
{
    static const StationConfig config = {.arrival_rate = 4,
                                         .service_mean = 1,
                                         .service = "exponential",
                                         .servers = 3,
                                         .room = 8,
                                         .customers = 1000,
                                         .stationary = true};
    Results *results = station_replicate(&config);
    check_mean("M/M/3/8 blocked", results->blocked, REPLICATIONS, .27954);
    g_free(results);
}

/* ---- Alternating renewal: outages as data ---- */

typedef struct Machine {
    SimComponent id;
    SimTime since, up_time;
} Machine;

static void machine_down(Sim *sim, void *self)
{
    Machine *machine = self;
    machine->up_time += sim_now(sim) - machine->since;
}

static void machine_up(Sim *sim, void *self)
{
    ((Machine *)self)->since = sim_now(sim);
}

static const SimType machine_type = {.name = "machine", .down = machine_down, .up = machine_up};

/* Share of time up over `length`. Starts up or down with the stationary odds; what is left of an
 * exponential time is again one, so the mean is exact. */
static double machine_availability(double up, double down, SimTime length, uint32_t replication)
{
    Sim *sim = sim_new();
    Machine machine = {0};
    machine.id = sim_add(sim, &machine_type, &machine, "machine");
    RandomStream stream;
    random_init(&stream, 21, replication, "machine", "faults");
    SimTime t = 0;
    if (random_uniform(&stream) < up / (up + down))
        t = (SimTime)(up * 1e9 * random_exponential(&stream));
    while (t < length) {
        SimTime end = t + (SimTime)(down * 1e9 * random_exponential(&stream));
        sim_outage(sim, machine.id, t, end);
        t = end + (SimTime)(up * 1e9 * random_exponential(&stream));
    }
    sim_run(sim, length);
    if (sim_is_up(sim, machine.id))
        machine_down(sim, &machine);
    sim_free(sim);
    return (double)machine.up_time / (double)length;
}

static void test_availability(void)
{
    double *share = g_new(double, REPLICATIONS);
    for (uint32_t r = 0; r < REPLICATIONS; r++)
        share[r] = machine_availability(8, 2, 1000 * SIM_SEC, r);
    check_mean("availability 8/(8+2)", share, REPLICATIONS, .8);
    g_free(share);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/queueing/mm1", test_mm1);
    g_test_add_func("/queueing/mmc", test_mmc);
    g_test_add_func("/queueing/md1", test_md1);
    g_test_add_func("/queueing/mmck", test_mmck);
    g_test_add_func("/queueing/availability", test_availability);
    return g_test_run();
}
