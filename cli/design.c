#include "cli/design.h"

#include <string.h>

#include "models/platform.h"

/* Blocks are short, so that a kill costs little and the last ones leave no processor idle, but not
 * so short that there are more than UNITS_MAX of them. */
enum { BLOCK_MAX = 8, BLOCK_PRECISE = 5, BLOCKS_WANTED = 64, UNITS_MAX = 1 << 22 };

#define FORMAT "(ssssssasasdtuuuuua(usa(ss)a(ssdu)))"

/* ---- Making ---- */

static char *metrics_hash(void)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (size_t i = 0; i < platform_metrics.count; i++) {
        const MetricSpec *spec = &platform_metrics.specs[i];
        g_checksum_update(sum, (const guchar *)spec->name, (gssize)strlen(spec->name) + 1);
        g_checksum_update(sum, (const guchar *)&(char){(char)spec->unit}, 1);
    }
    char *hash = g_strdup(g_checksum_get_string(sum));
    g_checksum_free(sum);
    return hash;
}

/* A precision is looked at after tens of runs. */
static uint32_t block_length(const Design *design)
{
    const uint32_t runs = design->runs, points = design->point_count;
    uint32_t block =
        design->precision > 0 ? BLOCK_PRECISE : CLAMP(runs / BLOCKS_WANTED, 1, BLOCK_MAX);
    while ((uint64_t)((runs + block - 1) / block) * points > UNITS_MAX && block < runs)
        block *= 2;
    return MIN(block, runs);
}

static void take_settings(DesignPoint *point, const Source *source, size_t index)
{
    if (index == SCENARIO_BASE)
        return;
    g_autofree ParamSetting *settings = NULL;
    point->setting_count = scenario_point(source->scenario, index, &settings);
    point->setting = g_new0(DesignSetting, point->setting_count + 1);
    GString *name = g_string_new(NULL);
    for (size_t i = 0; i < point->setting_count; i++) {
        point->setting[i] = (DesignSetting){g_strdup(settings[i].key), g_strdup(settings[i].value)};
        g_string_append_printf(name, "%s%s=%s", i > 0 ? ", " : "", settings[i].key,
                               settings[i].value);
    }
    g_free(point->name);
    point->name = g_string_free(name, FALSE);
}

static void take_point(Design *design, const Source *source, const Scenario *scenario, size_t index)
{
    DesignPoint *point = &design->point[design->point_count++];
    *point = (DesignPoint){.index = (uint32_t)index, .name = g_strdup("")};
    take_settings(point, source, index);
    point->expect_count = scenario_expect_count(scenario);
    point->expect = g_new0(DesignExpect, point->expect_count + 1);
    for (size_t i = 0; i < point->expect_count; i++) {
        const ScenarioExpect *expect = scenario_expect(scenario, i);
        point->expect[i] = (DesignExpect){expect->expect, g_strdup(expect->text),
                                          g_strdup(expect->why), (uint32_t)expect->line};
    }
}

static void take_points(Design *design, const Source *source, const GPtrArray *sets)
{
    GChecksum *data = g_checksum_new(G_CHECKSUM_SHA256);
    size_t count = MAX(source->points, 1);
    design->point = g_new0(DesignPoint, count);
    for (size_t i = 0; i < count; i++) {
        size_t index = source->points > 0 ? i : SCENARIO_BASE;
        Scenario *scenario = source_point(source, sets, index);
        if (scenario == NULL)
            continue;
        const char *hash = scenario_data_hash(scenario);
        g_checksum_update(data, (const guchar *)hash, (gssize)strlen(hash));
        take_point(design, source, scenario, index);
        scenario_free(scenario);
    }
    design->data = g_strdup(g_checksum_get_string(data));
    g_checksum_free(data);
}

static char **strings(const GPtrArray *list)
{
    guint count = list != NULL ? list->len : 0;
    char **copy = g_new0(char *, count + 1);
    for (guint i = 0; i < count; i++)
        copy[i] = g_strdup(list->pdata[i]);
    return copy;
}

Design *design_new(const Source *source, const GPtrArray *sets, const DesignPlan *plan)
{
    Design *design = g_new0(Design, 1);
    *design = (Design){
        .version = g_strdup(FAILSIM_VERSION),
        .metrics = metrics_hash(),
        .name = g_strdup(scenario_name(source->scenario)),
        .hash = g_strdup(source->hash),
        .file = g_strdup(source->file),
        .sets = strings(sets),
        .of = strings(plan->of),
        .precision = plan->precision,
        .min_runs = plan->min_runs,
        .seed = plan->seed,
        .runs = plan->runs,
        .shard = plan->shard,
        .shards = plan->shards,
    };
    take_points(design, source, sets);
    design->block = block_length(design);
    return design;
}

static void point_clear(DesignPoint *point)
{
    for (size_t i = 0; i < point->setting_count; i++) {
        g_free(point->setting[i].key);
        g_free(point->setting[i].value);
    }
    for (size_t i = 0; i < point->expect_count; i++) {
        g_free(point->expect[i].text);
        g_free(point->expect[i].why);
    }
    g_free(point->setting);
    g_free(point->expect);
    g_free(point->name);
}

void design_free(Design *design)
{
    if (design == NULL)
        return;
    for (uint32_t i = 0; i < design->point_count; i++)
        point_clear(&design->point[i]);
    g_free(design->point);
    g_strfreev(design->sets);
    g_free(design->version);
    g_free(design->metrics);
    g_free(design->name);
    g_free(design->hash);
    g_free(design->data);
    g_free(design->file);
    g_strfreev(design->of);
    g_free(design);
}

/* ---- As bytes ---- */

static void add_point(GVariantBuilder *points, const DesignPoint *point)
{
    GVariantBuilder settings, expects;
    g_variant_builder_init(&settings, G_VARIANT_TYPE("a(ss)"));
    for (size_t i = 0; i < point->setting_count; i++)
        g_variant_builder_add(&settings, "(ss)", point->setting[i].key, point->setting[i].value);
    g_variant_builder_init(&expects, G_VARIANT_TYPE("a(ssdu)"));
    for (size_t i = 0; i < point->expect_count; i++)
        g_variant_builder_add(&expects, "(ssdu)", point->expect[i].text, point->expect[i].why,
                              point->expect[i].expect.confidence, point->expect[i].line);
    g_variant_builder_add(points, "(usa(ss)a(ssdu))", point->index, point->name, &settings,
                          &expects);
}

GBytes *design_to_bytes(const Design *design)
{
    GVariantBuilder points;
    g_variant_builder_init(&points, G_VARIANT_TYPE("a(usa(ss)a(ssdu))"));
    for (uint32_t i = 0; i < design->point_count; i++)
        add_point(&points, &design->point[i]);
    GVariant *all =
        g_variant_new("(ssssss^as^asdtuuuuua(usa(ss)a(ssdu)))", design->version, design->metrics,
                      design->name, design->hash, design->data, design->file, design->sets,
                      design->of, design->precision, (guint64)design->seed, design->runs,
                      design->block, design->min_runs, design->shard, design->shards, &points);
    g_variant_ref_sink(all);
    GBytes *bytes = g_variant_get_data_as_bytes(all);
    GBytes *copy = g_bytes_new(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    g_bytes_unref(bytes);
    g_variant_unref(all);
    return copy;
}

static bool read_expects(DesignPoint *point, GVariant *list)
{
    point->expect = g_new0(DesignExpect, g_variant_n_children(list) + 1);
    bool good = true;
    for (gsize i = 0; i < g_variant_n_children(list) && good; i++) {
        DesignExpect *expect = &point->expect[point->expect_count++];
        double confidence;
        g_variant_get_child(list, i, "(ssdu)", &expect->text, &expect->why, &confidence,
                            &expect->line);
        ExpectProblem problem = {0};
        good = expect_parse(expect->text, &platform_metrics, &expect->expect, &problem);
        expect->expect.confidence = confidence;
        g_free(problem.message);
        g_free(problem.hint);
    }
    return good;
}

static bool read_point(DesignPoint *point, GVariant *item)
{
    g_autoptr(GVariant) settings = NULL;
    g_autoptr(GVariant) expects = NULL;
    g_variant_get(item, "(us@a(ss)@a(ssdu))", &point->index, &point->name, &settings, &expects);
    point->setting = g_new0(DesignSetting, g_variant_n_children(settings) + 1);
    for (gsize i = 0; i < g_variant_n_children(settings); i++) {
        DesignSetting *setting = &point->setting[point->setting_count++];
        g_variant_get_child(settings, i, "(ss)", &setting->key, &setting->value);
    }
    return read_expects(point, expects);
}

static bool read_points(Design *design, GVariant *points)
{
    gsize count = g_variant_n_children(points);
    design->point = g_new0(DesignPoint, count + 1);
    for (gsize i = 0; i < count; i++) {
        g_autoptr(GVariant) item = g_variant_get_child_value(points, i);
        if (!read_point(&design->point[design->point_count++], item))
            return false;
    }
    return count > 0;
}

Design *design_from_bytes(const void *bytes, size_t length)
{
    g_autofree void *aligned = g_memdup2(bytes, length);
    GVariant *all =
        g_variant_new_from_data(G_VARIANT_TYPE(FORMAT), aligned, length, FALSE, NULL, NULL);
    g_variant_ref_sink(all);
    Design *design = NULL;
    if (g_variant_is_normal_form(all)) {
        design = g_new0(Design, 1);
        g_autoptr(GVariant) points = NULL;
        g_variant_get(all, "(ssssss^as^asdtuuuuu@a(usa(ss)a(ssdu)))", &design->version,
                      &design->metrics, &design->name, &design->hash, &design->data, &design->file,
                      &design->sets, &design->of, &design->precision, &design->seed, &design->runs,
                      &design->block, &design->min_runs, &design->shard, &design->shards, &points);
        bool good = design->runs > 0 && design->block > 0 && design->shards > 0;
        /* An expectation of another version need not be readable: say that, not "damaged". */
        if (!(read_points(design, points) && good) && strcmp(design->version, FAILSIM_VERSION) == 0)
            g_clear_pointer(&design, design_free);
    }
    g_variant_unref(all);
    return design;
}

/* ---- Comparing ---- */

static char *differ(const char *what, const char *there, const char *here)
{
    return g_strdup_printf("%s %s, here %s", what, there, here);
}

static char *differ_number(const char *what, uint64_t there, uint64_t here)
{
    return g_strdup_printf("%s %" G_GUINT64_FORMAT ", here %" G_GUINT64_FORMAT, what, there, here);
}

static bool same_points(const Design *a, const Design *b)
{
    if (a->point_count != b->point_count)
        return false;
    for (uint32_t i = 0; i < a->point_count; i++)
        if (strcmp(a->point[i].name, b->point[i].name) != 0 ||
            a->point[i].expect_count != b->point[i].expect_count)
            return false;
    return true;
}

static char *precision_text(const Design *design)
{
    if (design->precision == 0)
        return g_strdup("none");
    g_autofree char *of = g_strjoinv(" ", design->of);
    return g_strdup_printf("%g %% (%u to %u runs)%s%s", design->precision * 100, design->min_runs,
                           design->runs, *of != '\0' ? " of " : "", of);
}

static char *differ_precision(const Design *there, const Design *here)
{
    g_autofree char *before = precision_text(there);
    g_autofree char *now = precision_text(here);
    return strcmp(before, now) == 0 ? NULL : differ("--precision", before, now);
}

char *design_difference(const Design *there, const Design *here, bool shards_too)
{
    if (strcmp(there->version, here->version) != 0)
        return differ("failsim", there->version, here->version);
    if (strcmp(there->metrics, here->metrics) != 0)
        return g_strdup("other metrics, of another build of failsim");
    if (strcmp(there->name, here->name) != 0)
        return g_strdup_printf("scenario \"%s\", here \"%s\"", there->name, here->name);
    if (strcmp(there->hash, here->hash) != 0)
        return g_strdup("another text of this scenario: it was changed since");
    if (strcmp(there->data, here->data) != 0)
        return g_strdup("other CSV files: they were changed since");
    g_autofree char *there_sets = g_strjoinv(" ", there->sets);
    g_autofree char *here_sets = g_strjoinv(" ", here->sets);
    if (!g_strv_equal((const char *const *)there->sets, (const char *const *)here->sets))
        return differ("--set", *there_sets != '\0' ? there_sets : "nothing",
                      *here_sets != '\0' ? here_sets : "nothing");
    if (there->seed != here->seed)
        return differ_number("seed", there->seed, here->seed);
    char *precision = differ_precision(there, here);
    if (precision != NULL)
        return precision;
    if (there->runs != here->runs)
        return differ_number("runs", there->runs, here->runs);
    if (there->block != here->block || !same_points(there, here))
        return g_strdup("other points");
    if (shards_too && (there->shards != here->shards || there->shard != here->shard))
        return g_strdup_printf("shard %u/%u, here %u/%u", there->shard, there->shards, here->shard,
                               here->shards);
    return NULL;
}

/* ---- Units ---- */

uint32_t design_blocks(const Design *design)
{
    return (design->runs + design->block - 1) / design->block;
}

uint64_t design_units(const Design *design)
{
    return (uint64_t)design_blocks(design) * design->point_count;
}

uint32_t design_unit_point(const Design *design, uint64_t unit)
{
    return (uint32_t)(unit / design_blocks(design));
}

uint32_t design_unit_first(const Design *design, uint64_t unit)
{
    return (uint32_t)(unit % design_blocks(design)) * design->block;
}

uint32_t design_unit_length(const Design *design, uint64_t unit)
{
    return MIN(design->block, design->runs - design_unit_first(design, unit));
}

bool design_has(const Design *design, uint64_t unit)
{
    return design_shard(design, unit, design->shards) == design->shard - 1;
}

/* How many runs a point takes is seen only by who has them all. */
uint32_t design_shard(const Design *design, uint64_t unit, uint32_t shards)
{
    return (uint32_t)((design->precision > 0 ? design_unit_point(design, unit) : unit) % shards);
}

/* ---- Names ---- */

char *design_case(const Design *design, const DesignPoint *point)
{
    return *point->name != '\0' ? g_strdup_printf("%s [%s]", design->name, point->name)
                                : g_strdup(design->name);
}

char **design_keys(const Design *design)
{
    GPtrArray *keys = g_ptr_array_new();
    for (uint32_t i = 0; i < design->point_count; i++)
        for (size_t k = 0; k < design->point[i].setting_count; k++) {
            const char *key = design->point[i].setting[k].key;
            if (!g_ptr_array_find_with_equal_func(keys, key, g_str_equal, NULL))
                g_ptr_array_add(keys, g_strdup(key));
        }
    g_ptr_array_add(keys, NULL);
    return (char **)g_ptr_array_free(keys, FALSE);
}

const char *design_value(const DesignPoint *point, const char *key)
{
    for (size_t i = 0; i < point->setting_count; i++)
        if (strcmp(point->setting[i].key, key) == 0)
            return point->setting[i].value;
    return NULL;
}
