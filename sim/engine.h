/* The engine: a clock, a queue of events, and the components that receive them.
 *
 * An event is a value addressed to a component. Events are delivered in the
 * total order (time, phase, sequence): equal times are decided by the phase,
 * equal phases by the order of scheduling, so no tie is accidental. A component
 * is described once by a const SimType: a table of handlers indexed by the
 * event's kind, and hooks for going down and coming up.
 *
 * Crashes. Each component has an incarnation, raised when it goes down. An
 * event is stamped with its receiver's incarnation when it is scheduled and is
 * delivered only if the receiver is up and still the same incarnation;
 * otherwise the type's `dropped` hook (if any) gets it, so that whatever the
 * event refers to can be released. Timers scheduled by a component for itself
 * thereby die with it.
 *
 * Lanes. An in-order channel (a link of constant latency, a replication
 * stream, a constant timeout) is a lane: only its head is in the queue. Lanes
 * change the cost, never the order: an entry keeps the sequence number that it
 * got when it was pushed. A timeout that is no longer wanted is cancelled
 * lazily: its handler finds the matter settled and returns.
 *
 * Ownership: the Sim owns queue and lanes; it borrows types (static) and the
 * components' `self` pointers, which must outlive it. Nothing is global: any
 * number of Sims may run in one process, one thread each.
 *
 * Errors: misuse (a past time, clock overflow, unknown component or kind) is a
 * bug and aborts with a message, in release builds too.
 */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/time.h"

typedef struct Sim Sim;
typedef uint16_t SimComponent; /* index given by sim_add; 0 is the engine itself */
typedef uint32_t SimLane;      /* index given by sim_lane_new */

/* What is decided first among events of the same nanosecond. */
typedef enum SimPhase {
    SIM_PHASE_FAULT,   /* outages begin and end before anything else happens */
    SIM_PHASE_MESSAGE, /* messages and work */
    SIM_PHASE_TIMEOUT, /* an answer that arrives at its deadline is in time */
    SIM_PHASE_MEASURE, /* observers see the result of the instant */
    SIM_PHASES
} SimPhase;

/* 32 bytes. `subject`, `value`, `tag` and `extra` belong to sender and receiver;
 * the engine sets `incarnation` and never reads the four. */
typedef struct SimEvent {
    SimComponent component; /* receiver */
    uint16_t kind;          /* index into the receiver's handler table */
    uint32_t incarnation;   /* of the receiver when scheduled; set by the engine */
    uint64_t subject;
    int64_t value;
    SimComponent sender;
    uint16_t tag;
    uint32_t extra;
} SimEvent;

typedef void (*SimHandler)(Sim *sim, void *self, const SimEvent *event);

typedef struct SimType {
    const char *name;
    const SimHandler *handlers; /* by kind; NULL entries are kinds it does not take (a bug) */
    uint16_t handler_count;
    SimHandler dropped;                 /* may be NULL */
    void (*down)(Sim *sim, void *self); /* just went down; may be NULL */
    void (*up)(Sim *sim, void *self);   /* just came back; may be NULL */
} SimType;

Sim *sim_new(void);
void sim_free(Sim *sim);

/* Register a component. `name` is copied and unique (checked). */
SimComponent sim_add(Sim *sim, const SimType *type, void *self, const char *name);
const char *sim_name(const Sim *sim, SimComponent component);
size_t sim_components(const Sim *sim); /* the engine itself included: they are 0 .. n-1 */

static inline SimTime sim_now(const Sim *sim);

/* Schedule: at an absolute time (not before now), or after a delay (not negative). */
static inline void sim_at(Sim *sim, SimTime at, SimPhase phase, SimEvent event);
static inline void sim_after(Sim *sim, SimTime delay, SimPhase phase, SimEvent event);

/* Lanes. Push clamps to the lane's tail (t = max(tail, at)) and returns the time
 * of delivery. All entries of a lane have one phase (checked). Clear removes all
 * entries, giving each to its receiver's `dropped` hook in order; the tail falls
 * back to now. */
SimLane sim_lane_new(Sim *sim);
static inline SimTime sim_lane_push(Sim *sim, SimLane lane, SimTime at, SimPhase phase,
                                    SimEvent event);
void sim_lane_clear(Sim *sim, SimLane lane);
size_t sim_lane_length(const Sim *sim, SimLane lane);

/* Deliver events up to and including time `until`, then set the clock to it.
 * May be called again with a later time. sim_stop makes it return after the
 * current event, the clock at that event. With SIM_NEVER, run until nothing is
 * pending; the clock stays at the last event. What is pending at sim_free is
 * forgotten; no hook is called. */
void sim_run(Sim *sim, SimTime until);
void sim_stop(Sim *sim);

/* Outages are data: intervals [begin, end) on a component. Overlapping and
 * adjoining ones compose: a component is down while at least one covers now, and
 * the first moment of an interval precedes everything else at that time. `end`
 * may be SIM_NEVER; an empty interval does nothing. Down and up hooks run only on
 * real transitions; an event scheduled in a down hook, or later while its
 * receiver is down, is of the new incarnation and arrives if it is up by then. */
void sim_outage(Sim *sim, SimComponent component, SimTime begin, SimTime end);
/* The same at once, for components that fail by an event of the models. Each
 * sim_down is one hold, released by one sim_up. */
void sim_down(Sim *sim, SimComponent component);
void sim_up(Sim *sim, SimComponent component);
bool sim_is_up(const Sim *sim, SimComponent component);
uint32_t sim_incarnation(const Sim *sim, SimComponent component);
/* How often the component went down: lets a test assert that a fault fired. */
uint32_t sim_outages_fired(const Sim *sim, SimComponent component);

/* Hand an event to its receiver's `dropped` hook now (a message sent into a broken link). */
void sim_drop(Sim *sim, SimEvent event);
/* Hand an event to its receiver now, as part of the current event (a message that has crossed a
 * link); `incarnation` is the caller's, and a receiver that is no longer that drops it. It counts
 * in the fingerprint, but not as an event of its own. */
void sim_deliver(Sim *sim, SimEvent event);

uint64_t sim_events_delivered(const Sim *sim);
uint64_t sim_events_dropped(const Sim *sim);
size_t sim_events_pending(const Sim *sim); /* heap and lanes together */
/* Hash over (time, component, kind) of every delivered event: behaviour in 64 bits. */
uint64_t sim_fingerprint(const Sim *sim);

/* ---- From here on: what is inline. ---- */

/* The clock is the first member of a Sim. */
static inline SimTime sim_now(const Sim *sim)
{
    return *(const SimTime *)(const void *)sim;
}

/* How an event is handed over.
 *
 * In registers: built in memory with narrow stores and copied with wide loads, as compilers do
 * with a struct argument, it cost as much as the rest of the scheduling.
 *
 *   address: receiver 16, kind 16, phase 8, lane 24 (from the low bits up)
 *   detail:  sender 16, tag 16, extra 32
 */
static inline uint64_t sim_pack_address(SimPhase phase, SimLane lane, SimEvent event)
{
    return event.component | (uint64_t)event.kind << 16 | (uint64_t)(phase & 255) << 32 |
           (uint64_t)lane << 40;
}

static inline uint64_t sim_pack_detail(SimEvent event)
{
    return event.sender | (uint64_t)event.tag << 16 | (uint64_t)event.extra << 32;
}

void sim_at_packed(Sim *sim, SimTime at, uint64_t address, uint64_t subject, int64_t value,
                   uint64_t detail);
SimTime sim_lane_push_packed(Sim *sim, SimTime at, uint64_t address, uint64_t subject,
                             int64_t value, uint64_t detail);

static inline void sim_at(Sim *sim, SimTime at, SimPhase phase, SimEvent event)
{
    sim_at_packed(sim, at, sim_pack_address(phase, 0, event), event.subject, event.value,
                  sim_pack_detail(event));
}

/* A negative delay, or one that overflows, gives a time before now, which sim_at refuses. */
static inline void sim_after(Sim *sim, SimTime delay, SimPhase phase, SimEvent event)
{
    sim_at(sim, (SimTime)((uint64_t)sim_now(sim) + (uint64_t)delay), phase, event);
}

static inline SimTime sim_lane_push(Sim *sim, SimLane lane, SimTime at, SimPhase phase,
                                    SimEvent event)
{
    return sim_lane_push_packed(sim, at, sim_pack_address(phase, lane, event), event.subject,
                                event.value, sim_pack_detail(event));
}

#endif
