/* Simulated time: integer nanoseconds since the start of the run.
 *
 * Integers, because two machines must agree on every bit and because ties must
 * be exact. The clock of a run never goes back and never reaches SIM_NEVER;
 * every addition on the way to the event queue is checked.
 */
#ifndef SIM_TIME_H
#define SIM_TIME_H

#include <stdint.h>

typedef int64_t SimTime; /* nanoseconds; a point in time or a duration, never negative */

#define SIM_NEVER INT64_MAX

#define SIM_NS   ((SimTime)1)
#define SIM_US   (1000 * SIM_NS)
#define SIM_MS   (1000 * SIM_US)
#define SIM_SEC  (1000 * SIM_MS)
#define SIM_MIN  (60 * SIM_SEC)
#define SIM_HOUR (60 * SIM_MIN)

/* Longest duration that a distribution may draw or a scenario may name (100 years):
 * far above any run, far enough below SIM_NEVER that a sum of two cannot overflow. */
#define SIM_TIME_LONGEST (SimTime)(100 * 365 * 24 * SIM_HOUR)

static inline double sim_seconds(SimTime t)
{
    return (double)t / 1e9;
}

#endif
