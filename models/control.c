#include "models/control.h"

#include "sim/check.h"

enum { CONTROL_FENCED = MSG_KINDS, CONTROL_KINDS };

struct Control {
    World *world;
    SimComponent id;
    ControlLinks link;
    bool fenced[REGIONS];
    uint32_t serving; /* the application that was made the active one last */
};

static void tell(Control *control, uint32_t region)
{
    sim_link_send(control->link.to_database[region],
                  (SimEvent){.component = control->link.database[region],
                             .kind = MSG_ROLE,
                             .value = !control->fenced[region]});
}

/* An application asks whether it is the active one, or says that it has been made it. */
static void answer_application(Control *control, const SimEvent *query)
{
    uint32_t region = (uint32_t)query->subject;
    if (query->value)
        control->serving = region;
    sim_link_send(control->link.to_application[region],
                  (SimEvent){.component = control->link.application[region],
                             .kind = MSG_ROLE,
                             .value = control->serving == region,
                             .tag = 1});
}

static void on_role_query(Sim *sim, void *self, const SimEvent *event)
{
    (void)sim;
    if (event->tag) {
        answer_application(self, event);
        return;
    }
    tell(self, (uint32_t)event->subject);
}

static void on_command(Sim *sim, void *self, const SimEvent *event)
{
    Control *control = self;
    /* The primary gives its role of its own accord: who takes it may write, fenced before or not.
     */
    if (event->tag == ACTION_PROMOTE && command_planned(event->extra))
        control->fenced[command_to(event->extra)] = false;
    if (event->tag != ACTION_FENCE) {
        SimEvent command = *event;
        command.component = control->link.performer[command_to(event->extra)][event->tag];
        command.incarnation = sim_incarnation(sim, command.component);
        sim_deliver(sim, command);
        return;
    }
    sim_after(sim, event->value, SIM_PHASE_MESSAGE,
              (SimEvent){.component = control->id,
                         .kind = CONTROL_FENCED,
                         .subject = event->subject,
                         .extra = event->extra});
}

static void on_fenced(Sim *sim, void *self, const SimEvent *event)
{
    Control *control = self;
    World *world = control->world;
    uint32_t to = command_to(event->extra), region = other_region(to);
    if (!control->fenced[region])
        story_platform(world->story, sim_now(sim),
                       "the control plane takes the right to write from %s",
                       world->region_name[region]);
    control->fenced[region] = true;
    control->fenced[to] = false;
    tell(control, region);
    sim_link_send(control->link.to_failover,
                  (SimEvent){.kind = MSG_DONE, .subject = event->subject});
}

static void on_dropped(Sim *sim, void *self, const SimEvent *event)
{
    if (event->kind == MSG_COMMAND)
        story_platform(((Control *)self)->world->story, sim_now(sim),
                       "the control plane does not answer: the step cannot begin");
    message_dropped(sim, self, event);
}

static const SimHandler handlers[CONTROL_KINDS] = {
    [MSG_ROLE_QUERY] = on_role_query,
    [MSG_COMMAND] = on_command,
    [CONTROL_FENCED] = on_fenced,
};

static const SimType control_type = {
    .name = "control", .handlers = handlers, .handler_count = CONTROL_KINDS, .dropped = on_dropped};

Control *control_new(World *world)
{
    Control *control = g_new0(Control, 1);
    control->world = world;
    control->id = sim_add(world->sim, &control_type, control, "control-plane");
    return control;
}

void control_free(Control *control)
{
    g_free(control);
}

SimComponent control_component(const Control *control)
{
    return control->id;
}

void control_connect(Control *control, ControlLinks links)
{
    control->link = links;
}
