#include "models/gray.h"

#include "sim/check.h"

struct Gray {
    World *world;
    SimImpair **impair; /* by component; NULL: not watched */
    size_t count;
};

Gray *gray_new(World *world)
{
    Gray *gray = g_new0(Gray, 1);
    gray->world = world;
    gray->count = sim_components(world->sim);
    gray->impair = g_new0(SimImpair *, gray->count);
    return gray;
}

void gray_free(Gray *gray)
{
    if (!gray)
        return;
    for (size_t i = 0; i < gray->count; i++)
        sim_impair_free(gray->impair[i]);
    g_free(gray->impair);
    g_free(gray);
}

SimImpair *gray_watch(Gray *gray, SimComponent component)
{
    SIM_CHECK(component < gray->count); /* all components are there before anything fails */
    if (gray->impair[component])
        return gray->impair[component];
    const char *name = sim_name(gray->world->sim, component);
    SimImpairDraws draws = {.delay = world_stream(gray->world, name, "gray delay"),
                            .errors = world_stream(gray->world, name, "gray errors"),
                            .loss = world_stream(gray->world, name, "gray loss")};
    return gray->impair[component] = sim_impair_new(draws);
}

void gray_change(Gray *gray, SimComponent component, const SimEffect *effect, bool begins)
{
    SimImpair *impair = gray_of(gray, component);
    SIM_CHECK(impair);
    if (begins)
        sim_impair_add(impair, effect);
    else
        sim_impair_remove(impair, effect);
}

uint64_t gray_fired(const Gray *gray)
{
    uint64_t sum = 0;
    for (size_t i = 0; gray && i < gray->count; i++)
        sum += gray->impair[i] ? sim_impair_fired(gray->impair[i]) : 0;
    return sum;
}

SimImpair *gray_of(const Gray *gray, SimComponent component)
{
    return component < gray->count ? gray->impair[component] : NULL;
}
