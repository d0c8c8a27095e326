/* SIM_CHECK: an invariant that holds unless the program is wrong. Kept in release builds; aborts
 * with file, line and condition. User input is never checked with it. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include <glib.h>

#define SIM_CHECK(condition)                                                                       \
    do {                                                                                           \
        if (G_UNLIKELY(!(condition)))                                                              \
            g_error("%s:%d: %s: check failed: %s", __FILE__, __LINE__, G_STRFUNC, #condition);     \
    } while (0)

#endif
