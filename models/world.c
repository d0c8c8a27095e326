#include "models/world.h"

typedef enum Carries { CARRIES_NOTHING, CARRIES_ATTEMPT, CARRIES_HOLD } Carries;

static const uint8_t carries[MSG_KINDS] = {
    [MSG_REQUEST] = CARRIES_ATTEMPT, [MSG_REPLY] = CARRIES_ATTEMPT, [MSG_RESOLVE] = CARRIES_ATTEMPT,
    [MSG_ROUTE] = CARRIES_ATTEMPT,   [MSG_WRITE] = CARRIES_HOLD,    [MSG_WRITTEN] = CARRIES_HOLD,
    [MSG_PRODUCE] = CARRIES_HOLD,    [MSG_PRODUCED] = CARRIES_HOLD,
};

void message_dropped(Sim *sim, void *self, const SimEvent *event)
{
    World *world = *(World **)self;
    if (event->kind >= MSG_KINDS || carries[event->kind] == CARRIES_NOTHING)
        return;
    story_payment(world->story, world->ledger, event->subject, sim_now(sim),
                  "nobody is there: the message to %s is lost", sim_name(sim, event->component));
    if (carries[event->kind] == CARRIES_ATTEMPT)
        ledger_attempt_over(world->ledger, event->subject);
    else
        ledger_release(world->ledger, event->subject);
}
