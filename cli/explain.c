/* failsim explain: the reference, printed from the tables that read scenarios and name metrics. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/format.h"
#include "cli/page.h"
#include "models/platform.h"
#include "sim/diag.h"

enum { KEY_COLUMNS = 34, LABEL_COLUMNS = 10 };

static const char *const unit_text[] = {
    [METRIC_COUNT] = "count",
    [METRIC_SECONDS] = "time",
    [METRIC_SHARE] = "share",
    [METRIC_NUMBER] = "number",
};

/* "users.retry.max" belongs to "users", "events[].at" to "events", "name" to "". */
static bool in_group(const char *key, const char *group)
{
    size_t length = strlen(group);
    return strncmp(key, group, length) == 0 &&
           (key[length] == '.' || key[length] == '[' || key[length] == '\0');
}

/* The first sentence without its full stop: what a list has room for. */
static char *first_sentence(const char *text)
{
    const char *end = strstr(text, ". ");
    size_t length = end != NULL ? (size_t)(end - text) : strlen(text);
    while (length > 0 && text[length - 1] == '.')
        length--;
    return g_strndup(text, length);
}

static void put_listed(Page *page, const char *name, const char *text)
{
    g_autofree char *sentence = first_sentence(text);
    page_add(page, "  ");
    page_cell(page, INK_PLAIN, name, -KEY_COLUMNS);
    page_add(page, "  ");
    page_wrap(page, INK_DIM, sentence, KEY_COLUMNS + 4);
}

static size_t list_keys(Page *page, char **keys, const char *group)
{
    size_t found = 0;
    for (char **key = keys; *key != NULL; key++) {
        const ParamSpec *spec = param_find(&scenario_schema, *key);
        if (spec == NULL || !in_group(*key, group) || strcmp(*key, group) == 0)
            continue;
        put_listed(page, *key, spec->text);
        found++;
    }
    return found;
}

static size_t list_metrics(Page *page, const char *group)
{
    size_t found = 0;
    for (size_t i = 0; i < platform_metrics.count; i++) {
        const MetricSpec *spec = &platform_metrics.specs[i];
        if (group != NULL && !in_group(spec->name, group))
            continue;
        put_listed(page, spec->name, spec->text);
        found++;
    }
    return found;
}

static void put_section(Page *page, const ParamSection *section)
{
    page_add(page, "\n");
    page_ink(page, INK_BOLD, section->name[0] != '\0' ? section->name : "top level");
    page_add(page, "  ");
    page_wrap(page, INK_PLAIN, section->text, 4);
}

/* Keys whose first word names no section stand at the top level. */
static bool is_top_level(const char *key)
{
    for (size_t s = 0; s < scenario_schema.count; s++) {
        const char *name = scenario_schema.sections[s].name;
        if (name[0] != '\0' && in_group(key, name))
            return false;
    }
    return true;
}

static void list_everything(Page *page, char **keys)
{
    page_add(page, "Scenario keys. More about one: failsim explain KEY\n");
    for (size_t s = 0; s < scenario_schema.count; s++) {
        const ParamSection *section = &scenario_schema.sections[s];
        put_section(page, section);
        if (section->name[0] != '\0') {
            list_keys(page, keys, section->name);
            continue;
        }
        for (char **key = keys; *key != NULL; key++) {
            const ParamSpec *spec = param_find(&scenario_schema, *key);
            if (spec != NULL && is_top_level(*key))
                put_listed(page, *key, spec->text);
        }
    }
    page_add(page, "\n");
    page_ink(page, INK_BOLD, "metrics");
    page_add(page, "  for expect: METRIC[.mean|min|max|p50|p90|p95|p99|p99.9] OP LIMIT, or METRIC "
                   "OP LIMIT in SHARE\n");
    list_metrics(page, NULL);
}

static void put_fact(Page *page, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    page_add(page, "  ");
    page_cell(page, INK_DIM, label, -LABEL_COLUMNS);
    page_wrap(page, INK_PLAIN, text, LABEL_COLUMNS + 2);
}

static char *bound_text(ParamType type, double value)
{
    switch (type) {
    case PARAM_TIME:
    case PARAM_DIST:
        return format_seconds(value, 0);
    case PARAM_SHARE:
        return format_share(value, 0);
    case PARAM_RATE: {
        g_autofree char *number = format_count(value);
        return g_strconcat(number, "/s", NULL);
    }
    default:
        return format_count(value);
    }
}

static char *range_text(const ParamSpec *spec)
{
    if (spec->min == 0 && spec->max == 0)
        return NULL;
    bool open = spec->type == PARAM_COUNT && spec->max >= (double)INT64_MAX;
    g_autofree char *low = bound_text(spec->type, spec->min);
    g_autofree char *high = open ? g_strdup("unlimited") : bound_text(spec->type, spec->max);
    return g_strdup_printf("%s to %s%s", low, high, spec->type == PARAM_DIST ? " (the mean)" : "");
}

static void explain_key(Page *page, const char *key, const ParamSpec *spec)
{
    g_autofree char *range = range_text(spec);
    g_autofree char *choices =
        spec->choices != NULL ? g_strjoinv(", ", (char **)spec->choices) : NULL;
    page_ink(page, INK_BOLD, key);
    page_add(page, "\n  ");
    page_wrap(page, INK_PLAIN, spec->text, 2);
    put_fact(page, "type", param_type_name(spec->type));
    put_fact(page, "default", spec->fallback != NULL ? spec->fallback : "none: must be given");
    put_fact(page, "range", range);
    put_fact(page, "choices", choices);
    bool ours = spec->fallback != NULL && *spec->source == '\0'; /* said, rather than left open */
    put_fact(page, "source", ours ? "ours" : spec->source);
}

static void explain_metric(Page *page, const MetricSpec *spec)
{
    page_ink(page, INK_BOLD, spec->name);
    page_add(page, "\n  ");
    page_wrap(page, INK_PLAIN, spec->text, 2);
    put_fact(page, "type", "metric: one value a run");
    put_fact(page, "unit", unit_text[spec->unit]);
    g_autofree char *example = g_strdup_printf("expect: [%s.p95 <= %s]", spec->name,
                                               spec->unit == METRIC_SECONDS ? "5m"
                                               : spec->unit == METRIC_SHARE ? "1%"
                                                                            : "10");
    put_fact(page, "example", example);
}

/* "rto.service", also with a statistic behind it: "rto.service.p95". */
static const MetricSpec *find_metric(const char *name)
{
    static const char *const stats[] = {"",     ".mean", ".min", ".max",  ".p50",
                                        ".p90", ".p95",  ".p99", ".p99.9"};
    for (size_t i = 0; i < platform_metrics.count; i++)
        for (size_t s = 0; s < G_N_ELEMENTS(stats); s++) {
            g_autofree char *full = g_strconcat(platform_metrics.specs[i].name, stats[s], NULL);
            if (strcmp(full, name) == 0)
                return &platform_metrics.specs[i];
        }
    return NULL;
}

/* A whole section or group of keys or metrics; false if there is none of that name. */
static bool explain_group(Page *page, char **keys, const char *name)
{
    for (size_t s = 0; s < scenario_schema.count; s++)
        if (strcmp(scenario_schema.sections[s].name, name) == 0) {
            page_ink(page, INK_BOLD, name);
            page_add(page, "  ");
            page_wrap(page, INK_PLAIN, scenario_schema.sections[s].text, 4);
        }
    size_t found = list_keys(page, keys, name);
    size_t metrics = strcmp(name, "metrics") == 0 ? list_metrics(page, NULL) : 0;
    if (found == 0 && metrics == 0)
        metrics = list_metrics(page, name);
    return found + metrics > 0;
}

static ExitCode unknown(char **keys, const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (char **key = keys; *key != NULL; key++)
        g_ptr_array_add(names, *key);
    for (size_t s = 0; s < scenario_schema.count; s++)
        g_ptr_array_add(names, (void *)scenario_schema.sections[s].name);
    for (size_t i = 0; i < platform_metrics.count; i++)
        g_ptr_array_add(names, (void *)platform_metrics.specs[i].name);
    const char *near = diag_suggest(name, (const char *const *)names->pdata, names->len);
    fprintf(stderr, "failsim explain: no key, section or metric \"%s\"", name);
    if (near != NULL && near[0] != '\0')
        fprintf(stderr, "; did you mean \"%s\"?", near);
    fprintf(stderr, "\n  See: failsim explain\n");
    return EXIT_USAGE;
}

static ExitCode explain_name(Page *page, char **keys, const char *name)
{
    const ParamSpec *spec = param_find(&scenario_schema, name);
    const MetricSpec *metric = find_metric(name);
    bool list = spec != NULL && spec->type == PARAM_LIST;
    if (spec != NULL)
        explain_key(page, name, spec);
    if (metric != NULL)
        explain_metric(page, metric);
    if (list) {
        page_add(page, "\n");
        explain_group(page, keys, name);
    }
    if (spec == NULL && metric == NULL && !explain_group(page, keys, name))
        return unknown(keys, name);
    return EXIT_MET;
}

static ExitCode explain_run(const Command *command, int argc, char **argv)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *problem = NULL;
    if (!options_parse(NULL, 0, NULL, argc, argv, names, &problem))
        return command_misused(command, "%s", problem);
    if (names->len > 1)
        return command_misused(command, "takes at most one KEY");
    g_auto(GStrv) keys = param_keys(&scenario_schema);
    Page page;
    page_init(&page, page_wants_colour(stdout));
    ExitCode code = EXIT_MET;
    if (names->len == 0)
        list_everything(&page, keys);
    else
        code = explain_name(&page, keys, names->pdata[0]);
    page_print(&page, stdout);
    page_clear(&page);
    return code;
}

const Command command_explain = {
    .name = "explain",
    .usage = "[KEY]",
    .text = "reference of scenario keys and metrics",
    .notes =
        "KEY is a section (users), a group (users.retry), a key (users.retry.max), a list's key\n"
        "(events[].at), a metric (rto.service) or a group of metrics (rto, metrics).\n"
        "Without KEY: everything, one line each.\n",
    .run = explain_run,
};
