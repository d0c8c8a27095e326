#include "cli/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/page.h"

/* One byte above the reader's limit: enough for it to refuse, never endless (/dev/zero). */
enum { SOURCE_BYTES = 1024 * 1024 + 1 };
/* A sweep of which this much is wrong is not looked at further. */
enum { POINT_ERRORS_MAX = 100 };

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

/* A mistake in --set is found once per file, one in a sweep at many points: it is told once, with
 * the first point or variant ("at the point [router.ttl=30s]"; may be NULL). */
static void print_diags(Sources *sources, Source *source, DiagList *diags, const char *point)
{
    bool colour = page_wants_colour(stderr);
    diag_list_sort(diags);
    for (guint i = 0; i < diags->items->len; i++) {
        const Diag *diag = diags->items->pdata[i];
        char *text = diag_format(diag, colour);
        bool known = g_hash_table_contains(sources->told, text);
        bool error = diag->level == DIAG_ERROR;
        if (!known || point == NULL) {
            sources->errors += error ? 1 : 0;
            sources->warnings += error ? 0 : 1;
            source->warnings += error ? 0 : 1;
        }
        if (known) {
            g_free(text);
            continue;
        }
        fputs(text, stderr);
        if (!g_str_has_suffix(text, "\n"))
            fputc('\n', stderr);
        if (point != NULL)
            fprintf(stderr, "  %s\n", point);
        g_hash_table_add(sources->told, text);
    }
}

static const char *label_of(const Source *source)
{
    return strcmp(source->file, "-") == 0 ? "<stdin>" : source->file;
}

/* base.name is the caller's. */
static Scenario *read_point(const Source *source, const GPtrArray *sets, ScenarioPoint *point,
                            DiagList *diags)
{
    return scenario_read_point(label_of(source), source->text, source->length,
                               (const char *const *)sets->pdata, sets->len, point, diags);
}

static void read_one(Sources *sources, Source *source, const GPtrArray *sets)
{
    source->text = read_file(source->file, &source->length);
    if (source->text == NULL) {
        fprintf(stderr, "failsim: cannot read %s: %s\n", source->file, g_strerror(errno));
        sources->errors++;
        return;
    }
    source->hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)source->text,
                                               source->length);
    DiagList diags;
    diag_list_init(&diags);
    ScenarioPoint base = {.point = SCENARIO_BASE};
    source->scenario = read_point(source, sets, &base, &diags);
    source->points = base.points;
    source->variants = base.variants;
    g_free(base.name);
    print_diags(sources, source, &diags, NULL);
    diag_list_clear(&diags);
}

void sources_read(Sources *sources, const GPtrArray *files, const GPtrArray *sets)
{
    *sources = (Sources){.items = g_new0(Source, files->len), .count = files->len};
    sources->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < files->len; i++) {
        sources->items[i].file = files->pdata[i];
        read_one(sources, &sources->items[i], sets);
    }
}

static void check_point(Sources *sources, Source *source, const GPtrArray *sets, size_t index)
{
    DiagList diags;
    diag_list_init(&diags);
    ScenarioPoint point = {.point = index};
    Scenario *scenario = read_point(source, sets, &point, &diags);
    g_autofree char *where = g_strdup_printf("at the point [%s]", point.name);
    print_diags(sources, source, &diags, where);
    source->used += point.left_out ? 0 : 1;
    scenario_free(scenario);
    g_free(point.name);
    diag_list_clear(&diags);
}

void sources_read_points(Sources *sources, const GPtrArray *sets)
{
    for (size_t i = 0; i < sources->count; i++) {
        Source *source = &sources->items[i];
        if (source->text == NULL || source->points > PARAM_POINTS_MAX)
            continue;
        for (size_t p = 0; p < source->points && sources->errors < POINT_ERRORS_MAX; p++)
            check_point(sources, source, sets, p);
        if (source->points > 0 && source->used == 0 && sources->errors == 0) {
            fprintf(stderr, "%s: error: the constraints leave out every point of the sweep\n",
                    label_of(source));
            sources->errors++;
        }
    }
}

Scenario *source_point(const Source *source, const GPtrArray *sets, size_t point)
{
    DiagList diags;
    diag_list_init(&diags);
    ScenarioPoint which = {.point = point};
    Scenario *scenario = read_point(source, sets, &which, &diags);
    g_free(which.name);
    diag_list_clear(&diags);
    return scenario;
}

static Scenario *read_variant(Sources *sources, Source *source, const GPtrArray *sets, size_t index)
{
    DiagList diags;
    diag_list_init(&diags);
    ScenarioPoint point = {.point = SCENARIO_BASE, .variant = index + 1};
    Scenario *scenario = read_point(source, sets, &point, &diags);
    g_autofree char *where = g_strdup_printf("in the variant [%s]", point.name);
    if (sources != NULL)
        print_diags(sources, source, &diags, where);
    g_free(point.name);
    diag_list_clear(&diags);
    return scenario;
}

void sources_read_variants(Sources *sources, const GPtrArray *sets)
{
    for (size_t i = 0; i < sources->count; i++)
        for (size_t v = 0; v < sources->items[i].variants; v++)
            scenario_free(read_variant(sources, &sources->items[i], sets, v));
}

Scenario *source_variant(const Source *source, const GPtrArray *sets, size_t index)
{
    return read_variant(NULL, (Source *)source, sets, index);
}

Scenario *source_with(Sources *sources, const Source *source, const GPtrArray *sets)
{
    DiagList diags;
    diag_list_init(&diags);
    ScenarioPoint base = {.point = SCENARIO_BASE};
    Source unused = {.file = source->file};
    Scenario *scenario = read_point(source, sets, &base, &diags);
    print_diags(sources, &unused, &diags, NULL);
    g_free(base.name);
    diag_list_clear(&diags);
    return scenario;
}

void sources_clear(Sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        g_free(sources->items[i].text);
        g_free(sources->items[i].hash);
        if (sources->items[i].scenario != NULL)
            scenario_free(sources->items[i].scenario);
    }
    if (sources->told != NULL)
        g_hash_table_unref(sources->told);
    g_free(sources->items);
    *sources = (Sources){0};
}
