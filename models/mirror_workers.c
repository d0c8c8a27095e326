/* The Connect workers that a mirror's tasks run on.
 *
 * Tasks are dealt to the workers in turn, the source tasks first, then the one checkpoint task. A
 * worker that crashes is missed after its session timeout; only then does the group rebalance, and
 * even so its tasks stay unassigned for scheduled.rebalance.max.delay, in which it may come back:
 * it then has them again at the end of the delay, not before. If it does not, they go to the
 * workers with the fewest. The leader (the first worker, after it the first that is up) is the only
 * one that remembers who had what: when it is the leader that is missed, the next one takes its
 * tasks for new ones and deals them out at once. So does a group that forms anew.
 *
 * Sources: KIP-415; Apache Kafka 4.0, Connect administration and IncrementalCooperativeAssignor.
 */
#include "models/mirror_parts.h"

static uint32_t slots(const Mirror *mirror)
{
    return (uint32_t)mirror->config->tasks + 1;
}

static uint32_t load(const Mirror *mirror, uint32_t worker)
{
    uint32_t sum = 0;
    for (uint32_t t = 0; t < slots(mirror); t++)
        sum += mirror->runs_on[t] == worker;
    return sum;
}

/* The worker that is up and has the fewest tasks. */
static uint32_t least_loaded(const Mirror *mirror)
{
    uint32_t best = MIRROR_NOBODY, fewest = UINT32_MAX;
    for (uint32_t w = 0; w < mirror->workers; w++) {
        if (!mirror->worker[w].up || load(mirror, w) >= fewest)
            continue;
        fewest = load(mirror, w);
        best = w;
    }
    return best;
}

static void assign(Mirror *mirror, uint32_t slot, uint32_t worker)
{
    mirror->runs_on[slot] = worker;
    if (slot < mirror->config->tasks)
        mirror_resume_task(mirror, slot);
    else
        mirror_restart_store(mirror);
}

static void assign_lost(Mirror *mirror)
{
    for (uint32_t t = 0; t < slots(mirror); t++) {
        uint32_t worker = least_loaded(mirror);
        if (mirror->runs_on[t] == MIRROR_NOBODY && worker != MIRROR_NOBODY)
            assign(mirror, t, worker);
    }
    mirror->scheduled = false;
    mirror->generation++;
}

/* Revoked from those with more than their share, cleanly: nothing is copied twice. */
static void balance(Mirror *mirror)
{
    for (uint32_t t = slots(mirror); t-- > 0;) {
        uint32_t to = least_loaded(mirror), from = mirror->runs_on[t];
        if (to == MIRROR_NOBODY || from == MIRROR_NOBODY ||
            load(mirror, from) <= load(mirror, to) + 1)
            continue;
        if (t < mirror->config->tasks)
            mirror_flush_task(mirror, t);
        assign(mirror, t, to);
    }
}

static bool any_up(const Mirror *mirror)
{
    return least_loaded(mirror) != MIRROR_NOBODY;
}

/* The group sees that the worker has gone. */
void mirror_on_left(Sim *sim, void *self, const SimEvent *event)
{
    Mirror *mirror = self;
    uint32_t gone = (uint32_t)event->subject;
    if (!any_up(mirror))
        return;
    if (mirror->leader == gone) {
        mirror->leader = 0;
        while (!mirror->worker[mirror->leader].up)
            mirror->leader++;
        assign_lost(mirror);
        return;
    }
    if (mirror->scheduled)
        return;
    mirror->scheduled = true;
    sim_after(
        sim, mirror->config->rebalance_delay, SIM_PHASE_MESSAGE,
        (SimEvent){.component = mirror->id, .kind = MIRROR_REBALANCE, .extra = mirror->generation});
}

void mirror_on_rebalance(Sim *sim, void *self, const SimEvent *event)
{
    Mirror *mirror = self;
    if (event->extra != mirror->generation || !mirror->scheduled)
        return;
    story_platform(mirror->world->story, sim_now(sim),
                   "the mirror's workers rebalance: the tasks that stood still run again");
    assign_lost(mirror);
    balance(mirror);
}

static void on_down(Sim *sim, void *self)
{
    MirrorWorker *worker = self;
    Mirror *mirror = worker->mirror;
    bool clean = mirror->config->clean_stop;
    worker->up = false;
    if (!sim_is_up(sim, mirror->id))
        return;
    for (uint32_t t = 0; t < slots(mirror); t++) {
        if (mirror->runs_on[t] != worker->number)
            continue;
        if (t < mirror->config->tasks && clean)
            mirror_flush_task(mirror, t);
        mirror->runs_on[t] = MIRROR_NOBODY;
        if (t < mirror->config->tasks)
            mirror_stop_task(mirror, t);
    }
    story_platform(mirror->world->story, sim_now(sim),
                   "the mirror's worker %u is gone, and its tasks stand still", worker->number);
    sim_after(sim, clean ? 0 : mirror->config->session_timeout, SIM_PHASE_MESSAGE,
              (SimEvent){.component = mirror->id, .kind = MIRROR_LEFT, .subject = worker->number});
}

static void on_up(Sim *sim, void *self)
{
    MirrorWorker *worker = self;
    Mirror *mirror = worker->mirror;
    bool alone = !any_up(mirror);
    worker->up = true;
    if (!sim_is_up(sim, mirror->id))
        return;
    story_platform(mirror->world->story, sim_now(sim), "the mirror's worker %u is back",
                   worker->number);
    if (alone) { /* a new group: nobody remembers what was whose */
        mirror->leader = worker->number;
        assign_lost(mirror);
        return;
    }
    uint32_t lost = 0;
    for (uint32_t t = 0; t < slots(mirror); t++)
        lost += mirror->runs_on[t] == MIRROR_NOBODY;
    if (lost == 0)
        balance(mirror);
}

void mirror_form_group(Mirror *mirror)
{
    mirror->leader = 0;
    for (uint32_t t = 0; t < slots(mirror); t++)
        mirror->runs_on[t] = MIRROR_NOBODY;
    for (uint32_t t = 0; t < slots(mirror); t++)
        mirror->runs_on[t] = least_loaded(mirror);
    while (mirror->leader + 1 < mirror->workers && !mirror->worker[mirror->leader].up)
        mirror->leader++;
    mirror->scheduled = false;
    mirror->generation++;
}

static const SimType worker_type = {.name = "mirror worker", .down = on_down, .up = on_up};

void mirror_make_workers(Mirror *mirror, const char *name)
{
    mirror->workers = (uint32_t)mirror->config->workers;
    mirror->worker = g_new0(MirrorWorker, mirror->workers);
    mirror->runs_on = g_new0(uint32_t, slots(mirror));
    for (uint32_t w = 0; w < mirror->workers; w++) {
        MirrorWorker *worker = &mirror->worker[w];
        *worker = (MirrorWorker){.mirror = mirror, .number = w, .up = true};
        if (mirror->workers == 1)
            continue; /* it is the mirror: an event on the one is an event on the other */
        char *own = g_strdup_printf("%s.worker.%u", name, w);
        worker->id = sim_add(mirror->world->sim, &worker_type, worker, own);
        g_free(own);
    }
    mirror_form_group(mirror);
}

SimComponent mirror_worker_component(const Mirror *mirror, uint32_t worker)
{
    return mirror->workers == 1 ? mirror->id : mirror->worker[worker].id;
}
