#include "models/world.h"

#include <string.h>

const char *const region_role[REGIONS] = {"active", "passive"};

typedef enum Carries { CARRIES_NOTHING, CARRIES_ATTEMPT, CARRIES_HOLD } Carries;

static const uint8_t carries[MSG_KINDS] = {
    [MSG_REQUEST] = CARRIES_ATTEMPT, [MSG_REPLY] = CARRIES_ATTEMPT, [MSG_RESOLVE] = CARRIES_ATTEMPT,
    [MSG_ROUTE] = CARRIES_ATTEMPT,   [MSG_WRITE] = CARRIES_HOLD,    [MSG_WRITTEN] = CARRIES_HOLD,
    [MSG_PRODUCE] = CARRIES_HOLD,    [MSG_PRODUCED] = CARRIES_HOLD,
};

/* "active.database" as a person says it: "the database in north-india". */
static const char *place_name(const World *world, const char *name, char *buffer, size_t size)
{
    for (int r = 0; r < REGIONS; r++) {
        size_t length = strlen(region_role[r]);
        if (strncmp(name, region_role[r], length) != 0 || name[length] != '.')
            continue;
        g_snprintf(buffer, (gulong)size, "the %s in %s", name + length + 1, world->region_name[r]);
        return buffer;
    }
    g_snprintf(buffer, (gulong)size, "the %s", name);
    return buffer;
}

void message_dropped(Sim *sim, void *self, const SimEvent *event)
{
    World *world = *(World **)self;
    if (event->kind >= MSG_KINDS || carries[event->kind] == CARRIES_NOTHING)
        return;
    char place[256];
    story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                  "nobody is there: what was sent to %s is lost",
                  place_name(world, sim_name(sim, event->component), place, sizeof place));
    if (carries[event->kind] == CARRIES_ATTEMPT)
        ledger_attempt_over(world->ledger, event->subject);
    else
        ledger_release(world->ledger, event->subject);
}
