/* DNS resolvers between users and a router that answers by DNS (Traffic Manager).
 *
 * Users are spread over `router.resolvers` resolvers (without these, each has one of their own). A
 * resolver asks the router when a user asks it and it has no valid answer, keeps the answer for its
 * time to live, and tells users how long it is still valid: they lose it together. Those who ask
 * while a question is out wait for the same answer; a question without an answer is dropped after
 * RESOLVER_TIMEOUT, and who waited for it gets none.
 *
 * States of a resolver: valid, expired, asking.
 *
 * How long it keeps an answer is drawn once for each: the TTL, or, for a share of them, what they
 * overstay to. With priority routing they begin with an answer for the active region at a uniform
 * age, as those do that are asked all the time; otherwise empty.
 *
 * Ownership: a question that waits owns the attempt's hold on its payment, as the messages do.
 *
 * Sources: RFC 1035 (time to live); resolv.conf(5): a client's timeout is 5 s; overstaying:
 * Bhowmick et al., TTL violation of DNS resolvers in the wild, PAM 2023.
 */
#ifndef MODELS_RESOLVERS_H
#define MODELS_RESOLVERS_H

#include "models/router.h"
#include "models/world.h"
#include "sim/link.h"

typedef struct Resolvers Resolvers;

/* Does this router need them? Otherwise users ask it themselves. */
bool resolvers_needed(const RouterConfig *config);
/* `users`: how many there are, the cast not counted. */
Resolvers *resolvers_new(World *world, const RouterConfig *config, int64_t users);
void resolvers_free(Resolvers *resolvers);
SimComponent resolvers_component(const Resolvers *resolvers);
void resolvers_connect(Resolvers *resolvers, SimLink *to_router, SimLink *to_users);

#endif
