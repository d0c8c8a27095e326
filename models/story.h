/* The story of one run: sentences about the platform and about the payments of the cast.
 *
 * A run without a story passes NULL and pays one branch. Sentences are data for the reporting
 * layer; nothing is printed here.
 */
#ifndef MODELS_STORY_H
#define MODELS_STORY_H

#include <glib.h>

#include "models/ledger.h"
#include "sim/time.h"

typedef struct Story Story;

Story *story_new(void);
void story_free(Story *story);

/* `cast` < 0: about the platform. */
void story_add(Story *story, SimTime at, int cast, const char *format, ...) G_GNUC_PRINTF(4, 5);

#define STORY_PLATFORM (-1)

/* Tell something about a payment if it belongs to the cast and somebody listens. */
#define story_payment(story, ledger, ref, at, ...)                                                 \
    do {                                                                                           \
        if (G_UNLIKELY((story) != NULL)) {                                                         \
            const Payment *story_payment_ = ledger_get((ledger), (ref));                           \
            if (story_payment_ && story_payment_->cast >= 0)                                       \
                story_add((story), (at), story_payment_->cast, __VA_ARGS__);                       \
        }                                                                                          \
    } while (0)

#define story_platform(story, at, ...)                                                             \
    do {                                                                                           \
        if (G_UNLIKELY((story) != NULL))                                                           \
            story_add((story), (at), STORY_PLATFORM, __VA_ARGS__);                                 \
    } while (0)

/* Moves the lines (StoryLine* of models/platform.h) out, by time and then in order of telling. */
GPtrArray *story_take_lines(Story *story);

#endif
