#include "cli/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/page.h"

/* One byte above the reader's limit: enough for it to refuse, never endless (/dev/zero). */
enum { SOURCE_BYTES = 1024 * 1024 + 1 };

/* At most SOURCE_BYTES of a stream; NULL with errno set on a read error. */
static char *read_stream(FILE *in, size_t *length)
{
    char *text = g_malloc(SOURCE_BYTES + 1);
    errno = 0;
    *length = fread(text, 1, SOURCE_BYTES, in);
    if (ferror(in)) {
        g_free(text);
        return NULL;
    }
    text[*length] = '\0';
    return text;
}

static char *read_file(const char *file, size_t *length)
{
    if (strcmp(file, "-") == 0)
        return read_stream(stdin, length);
    FILE *in = fopen(file, "re");
    if (in == NULL)
        return NULL;
    char *text = read_stream(in, length);
    int error = errno;
    fclose(in);
    errno = error;
    return text;
}

/* A mistake in --set is found once per file and told once. */
static void print_diags(DiagList *diags, GHashTable *seen)
{
    bool colour = page_wants_colour(stderr);
    diag_list_sort(diags);
    for (guint i = 0; i < diags->items->len; i++) {
        char *text = diag_format(diags->items->pdata[i], colour);
        if (!g_hash_table_add(seen, text))
            continue;
        fputs(text, stderr);
        if (!g_str_has_suffix(text, "\n"))
            fputc('\n', stderr);
    }
}

static void read_one(Sources *sources, Source *source, const GPtrArray *sets, GHashTable *seen)
{
    size_t length = 0;
    g_autofree char *text = read_file(source->file, &length);
    if (text == NULL) {
        fprintf(stderr, "failsim: cannot read %s: %s\n", source->file, g_strerror(errno));
        sources->errors++;
        return;
    }
    source->hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, length);
    DiagList diags;
    diag_list_init(&diags);
    const char *label = strcmp(source->file, "-") == 0 ? "<stdin>" : source->file;
    source->scenario =
        scenario_read(label, text, length, (const char *const *)sets->pdata, sets->len, &diags);
    print_diags(&diags, seen);
    sources->errors += diags.errors;
    source->warnings = diags.warnings;
    sources->warnings += diags.warnings;
    diag_list_clear(&diags);
}

void sources_read(Sources *sources, const GPtrArray *files, const GPtrArray *sets)
{
    *sources = (Sources){.items = g_new0(Source, files->len), .count = files->len};
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < files->len; i++) {
        sources->items[i].file = files->pdata[i];
        read_one(sources, &sources->items[i], sets, seen);
    }
}

void sources_clear(Sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        g_free(sources->items[i].hash);
        if (sources->items[i].scenario != NULL)
            scenario_free(sources->items[i].scenario);
    }
    g_free(sources->items);
    *sources = (Sources){0};
}
