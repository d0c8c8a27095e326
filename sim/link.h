/* A link: one direction between two places. What is sent arrives after a latency, unless the link
 * is down.
 *
 * A link is a component, so outages apply to it: a partition takes links down, never the places
 * behind them. An event sent into a link that is down goes to its receiver's `dropped` hook at
 * once. What is already on the wire when the link goes down still arrives; with SIM_LINK_FLUSH it
 * is lost, and goes to the receivers' `dropped` hooks at that moment (in the order of sending on a
 * stream; in a fixed order of no meaning among requests).
 *
 * Kinds. A stream keeps its order, as one TCP connection does: a slow packet holds back those
 * behind it (its draws are clamped to the last arrival), and the whole stream is one lane. Requests
 * are independent of each other and may overtake. With a constant latency both are a lane.
 *
 * Gray failures (sim/impair.h) make it slow, or lose packets: a loss comes as the delay of a
 * retransmission, because every link here stands for TCP connections; on a stream it holds up
 * those behind it. Only a connection that is given up drops its event.
 *
 * Events arrive in SIM_PHASE_MESSAGE. A receiver that went down, or went down and came back,
 * since the sending drops the event: its connections died with it.
 *
 * Ownership: the link borrows `latency`, which must outlive it, and the Sim borrows the link: free
 * it after sim_free or when the Sim runs no more. sim_link_free calls no hooks.
 */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include <stdint.h>

#include "sim/dist.h"
#include "sim/engine.h"
#include "sim/impair.h"
#include "sim/random.h"

typedef struct SimLink SimLink;

typedef enum SimLinkKind {
    SIM_LINK_STREAM = 0,   /* in order */
    SIM_LINK_REQUESTS = 1, /* each for itself */
    SIM_LINK_FLUSH = 2,    /* may be added to either: going down loses what is on the wire */
} SimLinkKind;

SimLink *sim_link_new(Sim *sim, const char *name, const Dist *latency, RandomStream stream,
                      SimLinkKind kind);
void sim_link_free(SimLink *link);
SimComponent sim_link_component(const SimLink *link);

/* A link with one receiver: what is sent with event.component 0 goes there. */
void sim_link_connect(SimLink *link, SimComponent receiver);
/* Tell `watcher` when the link goes down (value 0) and comes up (value 1), by an event of `kind`
 * from the link at the same instant, in SIM_PHASE_FAULT. For those who see a connection break;
 * a watcher that is down hears nothing. Any number may watch. */
void sim_link_watch(SimLink *link, SimComponent watcher, uint16_t kind);

/* Send `event` to event.component. */
void sim_link_send(SimLink *link, SimEvent event);

/* What ails the link from now on is what is in `impair` (borrowed; NULL: nothing can). */
void sim_link_impair(SimLink *link, SimImpair *impair);
/* For what crosses the link's path without being sent over it (a replication stream with a delay
 * law of its own): how much later it arrives for what ails the link now, its usual time being
 * `base`. Mostly 0. A connection given up starts again: its whole time is the delay. */
SimTime sim_link_lateness(SimLink *link, SimTime base);

/* Every event sent either arrives at its receiver (which may drop it) or is dropped by the link. */
uint64_t sim_link_sent(const SimLink *link);    /* given to sim_link_send */
uint64_t sim_link_dropped(const SimLink *link); /* refused while down, flushed, given up */

#endif
