#include "sim/source.h"

#include <string.h>

#include "sim/param_text.h"

Source *source_new(const char *file, const char *text, size_t length)
{
    Source *source = g_new0(Source, 1);
    source->file = g_strdup(file);
    source->text = g_malloc(length + 1);
    if (length > 0)
        memcpy(source->text, text, length);
    source->text[length] = '\0';
    source->length = length;
    return source;
}

void source_free(Source *source)
{
    if (source == NULL)
        return;
    g_free(source->file);
    g_free(source->text);
    g_free(source);
}

char *source_line(const Source *source, size_t line)
{
    const char *at = source->text;
    const char *end = source->text + source->length;
    for (size_t i = 1; i < line && at != NULL; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline == NULL ? NULL : newline + 1;
    }
    if (line == 0 || at == NULL)
        return NULL;
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    if (stop == NULL)
        stop = end;
    if (stop > at && stop[-1] == '\r')
        stop--;
    return g_utf8_make_valid(at, stop - at);
}

void source_report(const Source *source, DiagList *diags, DiagLevel level, DiagMark mark,
                   const char *hint, const char *format, va_list args)
{
    char *message = g_strdup_vprintf(format, args);
    char *line = source_line(source, mark.line);
    diag_add(diags, level, source->file, mark, line, hint, "%s", message);
    g_free(line);
    g_free(message);
}

void source_error(const Source *source, DiagList *diags, DiagMark mark, const char *hint,
                  const char *format, ...)
{
    if (diags->errors > SOURCE_ERRORS_MAX)
        return;
    if (diags->errors == SOURCE_ERRORS_MAX) {
        diag_add(diags, DIAG_ERROR, source->file, (DiagMark){0}, NULL,
                 "correct these first, then look again", PARAM_SAYS_TOO_MANY, SOURCE_ERRORS_MAX);
        return;
    }
    va_list args;
    va_start(args, format);
    source_report(source, diags, DIAG_ERROR, mark, hint, format, args);
    va_end(args);
}
