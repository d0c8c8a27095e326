#include "models/profile.h"

#include "sim/check.h"

#define HOUR (3600 * SIM_SEC)

/* The mean is 1: users.rate is then the mean of the day. */
static const ProfileStep banking[] = {
    {0 * HOUR, .20},   {1 * HOUR, .12},   {2 * HOUR, .08},   {3 * HOUR, .08},   {4 * HOUR, .12},
    {5 * HOUR, .25},   {6 * HOUR, .55},   {7 * HOUR, .90},   {8 * HOUR, 1.20},  {9 * HOUR, 1.50},
    {10 * HOUR, 1.75}, {11 * HOUR, 1.80}, {12 * HOUR, 1.65}, {13 * HOUR, 1.45}, {14 * HOUR, 1.35},
    {15 * HOUR, 1.30}, {16 * HOUR, 1.35}, {17 * HOUR, 1.50}, {18 * HOUR, 1.70}, {19 * HOUR, 1.75},
    {20 * HOUR, 1.55}, {21 * HOUR, 1.15}, {22 * HOUR, .45},  {23 * HOUR, .25},
};

static SimTime step_end(const Profile *profile, size_t i)
{
    return i + 1 < profile->count ? profile->step[i + 1].at : PROFILE_DAY + profile->step[0].at;
}

Profile profile_new(ProfileDay day, const ParamList *hours, SimTime clock)
{
    Profile profile = {.clock = clock};
    if (day == PROFILE_BANKING) {
        profile.step = banking;
        profile.count = G_N_ELEMENTS(banking);
    } else if (day == PROFILE_HOURS) {
        profile.step = hours->item;
        profile.count = hours->count;
    }
    for (size_t i = 0; i < profile.count; i++)
        profile.day +=
            profile.step[i].factor * sim_seconds(step_end(&profile, i) - profile.step[i].at);
    return profile;
}

/* The step that holds at a time of day; before the first one of the day, yesterday's last. */
static size_t step_at(const Profile *profile, SimTime time)
{
    size_t low = 0, high = profile->count;
    if (time < profile->step[0].at)
        return profile->count - 1;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (profile->step[middle].at <= time)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static SimTime time_of_day(const Profile *profile, SimTime now)
{
    return (profile->clock + now) % PROFILE_DAY;
}

double profile_factor(const Profile *profile, SimTime now)
{
    return profile->count ? profile->step[step_at(profile, time_of_day(profile, now))].factor : 1;
}

static SimTime add_seconds(SimTime from, double seconds)
{
    double gap = seconds * 1e9;
    return gap < (double)SIM_TIME_LONGEST ? from + (SimTime)(gap + 0.5) : from + SIM_TIME_LONGEST;
}

SimTime profile_after(const Profile *profile, SimTime now, double area)
{
    if (profile->count == 0)
        return add_seconds(now, area);
    double days = area / profile->day;
    if (days * (double)PROFILE_DAY >= (double)SIM_TIME_LONGEST)
        return now + SIM_TIME_LONGEST;
    SimTime at = now + (SimTime)days * PROFILE_DAY;
    area -= (double)(int64_t)days * profile->day;
    SimTime time = time_of_day(profile, at);
    size_t i = step_at(profile, time);
    SimTime end = step_end(profile, i);
    if (time < profile->step[0].at)
        end -= PROFILE_DAY;
    /* Less than a day is left: at most once around, and a step for the rounding. */
    for (size_t n = 0; n <= profile->count + 1; n++) {
        double factor = profile->step[i].factor, whole = factor * sim_seconds(end - time);
        if (factor > 0 && area <= whole)
            return add_seconds(at, area / factor);
        area -= whole;
        at += end - time;
        i = (i + 1) % profile->count;
        time = profile->step[i].at;
        end = step_end(profile, i);
    }
    return at;
}

#define AT(member) offsetof(ProfileStep, member)
static const ParamSpec specs[] = {
    {.key = "at",
     .type = PARAM_TIME,
     .offset = AT(at),
     .max = 86399,
     .text = "Time of day from which the factor holds, until the next one.",
     .source = ""},
    {.key = "factor",
     .type = PARAM_NUMBER,
     .offset = AT(factor),
     .max = 1000,
     .text = "Factor on users.rate.",
     .source = ""},
};
#undef AT

const ParamTable profile_step_table = {
    .specs = specs, .count = G_N_ELEMENTS(specs), .size = sizeof(ProfileStep)};
