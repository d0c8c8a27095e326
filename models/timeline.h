/* The recovery of one run as steps with a critical path: why it took as long as it did. */
#ifndef MODELS_TIMELINE_H
#define MODELS_TIMELINE_H

#include "models/config.h"
#include "models/platform.h"
#include "models/recovery.h"

/* RecoveryStep*, by start; empty without an outage. Free with g_ptr_array_unref. */
GPtrArray *timeline_build(const Scenario *scenario, const Recovery *recovery);

#endif
