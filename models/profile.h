/* How the load changes over the day: a factor on the rate, constant from one time of day to the
 * next, the same every day.
 *
 * Arrivals are made by a change of time: what a unit stream has between two arrivals is measured
 * off as area under the factor. So one draw makes one arrival, whatever the profile, and two
 * designs meet the same payments. The number of arrivals in an interval is Poisson with the area
 * times the rate for its mean, exactly.
 *
 * Units: times of day in nanoseconds from midnight; areas in seconds at factor 1.
 */
#ifndef MODELS_PROFILE_H
#define MODELS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/param.h"
#include "sim/time.h"

#define PROFILE_DAY       (24 * 3600 * SIM_SEC)
#define PROFILE_STEPS_MAX 1440

typedef enum ProfileDay { PROFILE_FLAT, PROFILE_BANKING, PROFILE_HOURS } ProfileDay;

/* One item of users.hours. */
typedef struct ProfileStep {
    SimTime at; /* from this time of day on */
    double factor;
} ProfileStep;

extern const ParamTable profile_step_table;

typedef struct Profile {
    const ProfileStep *step; /* by time, the first at 0 or wrapping from the last; not owned */
    size_t count;            /* 0: flat */
    SimTime clock;           /* time of day at the run's start */
    double day;              /* area of a whole day */
} Profile;

/* `hours` is for PROFILE_HOURS: in ascending order, and not all zero (checked by the reader). */
Profile profile_new(ProfileDay day, const ParamList *hours, SimTime clock);
double profile_factor(const Profile *profile, SimTime now);
/* When `area` more has passed; SIM_TIME_LONGEST from now if that is too far away. */
SimTime profile_after(const Profile *profile, SimTime now, double area);

#endif
