#include "models/story.h"

#include "models/platform.h"

struct Story {
    GPtrArray *lines;
};

static void line_free(void *data)
{
    StoryLine *line = data;
    g_free(line->text);
    g_free(line);
}

Story *story_new(void)
{
    Story *story = g_new0(Story, 1);
    story->lines = g_ptr_array_new_with_free_func(line_free);
    return story;
}

void story_free(Story *story)
{
    if (!story)
        return;
    if (story->lines)
        g_ptr_array_unref(story->lines);
    g_free(story);
}

void story_add(Story *story, SimTime at, int cast, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    StoryLine *line = g_new0(StoryLine, 1);
    line->at = at;
    line->cast = cast;
    line->text = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(story->lines, line);
}

static int earlier(const void *a, const void *b)
{
    const StoryLine *x = *(StoryLine *const *)a, *y = *(StoryLine *const *)b;
    return (x->at > y->at) - (x->at < y->at);
}

GPtrArray *story_take_lines(Story *story)
{
    g_ptr_array_sort(story->lines, earlier); /* stable: what was told first stays first */
    return g_steal_pointer(&story->lines);
}
