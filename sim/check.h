/* SIM_CHECK: an invariant that holds unless the program is wrong. Kept in release builds; aborts
 * with file, line and condition. User input is never checked with it. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include <glib.h>

/* Out of line and cold, so that the path without a failure runs straight on. */
G_GNUC_UNUSED G_GNUC_NORETURN static __attribute__((cold, noinline)) void
sim_check_failed(const char *file, int line, const char *function, const char *condition)
{
    g_error("%s:%d: %s: check failed: %s", file, line, function, condition);
}

#define SIM_CHECK(condition)                                                                       \
    do {                                                                                           \
        if (G_UNLIKELY(!(condition)))                                                              \
            sim_check_failed(__FILE__, __LINE__, G_STRFUNC, #condition);                           \
    } while (0)

#endif
