/* Random scenarios: texts as a user could write them, over the whole scenario language.
 *
 * The text depends on (seed, number) alone. Every key may be left out; times are drawn
 * log-uniformly over ranges that fit a run of one to three minutes, so that detection, decision and
 * runbook happen within it, with zeros and ties among them. Every text is valid.
 */
#ifndef TESTS_SUPPORT_GENERATE_H
#define TESTS_SUPPORT_GENERATE_H

#include <stdint.h>

/* g_free */
char *generate_scenario(uint64_t seed, uint32_t number);

#endif
