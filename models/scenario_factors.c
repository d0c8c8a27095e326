/* Factors: the inputs that failsim rank moves, and over which range. */
#include <math.h>
#include <string.h>

#include "models/config.h"
#include "models/scenario_check.h"
#include "sim/fmath.h"

static const char *const scale_choices[] = {"linear", "log", NULL};

#define AT(member) offsetof(FactorConfig, member)
static const ParamSpec factor_specs[] = {
    {.key = "key",
     .type = PARAM_TEXT,
     .offset = AT(key),
     .text = "The scenario key that is moved, such as router.ttl or failover.steps[1].duration.",
     .source = ""},
    {.key = "low",
     .type = PARAM_TEXT,
     .offset = AT(low),
     .fallback = "\"\"",
     .text = "The smallest value, as the key takes it. A distribution becomes this constant.",
     .source = ""},
    {.key = "high",
     .type = PARAM_TEXT,
     .offset = AT(high),
     .fallback = "\"\"",
     .text = "The largest value.",
     .source = ""},
    {.key = "scale",
     .type = PARAM_CHOICE,
     .offset = AT(scale),
     .fallback = "linear",
     .choices = scale_choices,
     .text = "How the range between low and high is divided. log: by ratios, for what may be ten "
             "times as much.",
     .source = ""},
    {.key = "values",
     .type = PARAM_NAMES,
     .offset = AT(values),
     .fallback = "[]",
     .text = "In the place of low and high: the values themselves, for choices and flags.",
     .source = ""},
};
#undef AT
const ParamTable factor_table = {
    .specs = factor_specs, .count = G_N_ELEMENTS(factor_specs), .size = sizeof(FactorConfig)};

/* ---- numbers ---- */

/* A value of the key's type as a number, and back. */
typedef struct NumberForm {
    bool (*parse)(const char *text, double *out, char **message);
    const char *format; /* printf, of a double */
    const char *unit;
    bool whole;
} NumberForm;

static bool parse_time(const char *text, double *out, char **message)
{
    SimTime time = 0;
    if (!param_parse_time(text, &time, message))
        return false;
    *out = (double)time;
    return true;
}

static bool parse_count(const char *text, double *out, char **message)
{
    int64_t count = 0;
    if (!param_parse_count(text, &count, message))
        return false;
    *out = (double)count;
    return true;
}

static const NumberForm *form_of(ParamType type)
{
    static const NumberForm time = {parse_time, "%.0f", "ns", true},
                            count = {parse_count, "%.0f", "", true},
                            number = {param_parse_number, "%.12g", "", false},
                            share = {param_parse_share, "%.12g", "", false},
                            rate = {param_parse_rate, "%.12g", "/s", false};
    switch (type) {
    case PARAM_TIME:
    case PARAM_DIST:
        return &time;
    case PARAM_COUNT:
        return &count;
    case PARAM_NUMBER:
        return &number;
    case PARAM_SHARE:
        return &share;
    case PARAM_RATE:
        return &rate;
    default:
        return NULL;
    }
}

/* "steps[12].duration" is the table's "steps[].duration". */
static const ParamSpec *spec_of(const char *key)
{
    GString *plain = g_string_new(NULL);
    for (const char *c = key; *c != '\0'; c++) {
        g_string_append_c(plain, *c);
        const char *end = *c == '[' ? strchr(c, ']') : NULL;
        if (end != NULL)
            c = end - 1;
    }
    const ParamSpec *spec = param_find(&scenario_schema, plain->str);
    g_string_free(plain, TRUE);
    return spec;
}

/* ---- what the command line asks ---- */

size_t scenario_factor_count(const Scenario *scenario)
{
    return scenario->top.factors.count;
}

const char *scenario_factor_key(const Scenario *scenario, size_t index)
{
    return ((const FactorConfig *)scenario->top.factors.item)[index].key;
}

/* The value at a share of the range, 0 <= u <= 1; linear in the value, or in its logarithm. */
static double between(const FactorConfig *factor, double low, double high, double u)
{
    if (factor->scale == 0)
        return low + u * (high - low);
    return u <= 0 ? low : u >= 1 ? high : low * fmath_pow(high / low, u);
}

char *scenario_factor_value(const Scenario *scenario, size_t index, double u)
{
    const FactorConfig *factor = &((const FactorConfig *)scenario->top.factors.item)[index];
    if (factor->values.count > 0) {
        size_t place = (size_t)(u * (double)factor->values.count);
        return g_strdup(factor->values.name[MIN(place, factor->values.count - 1)]);
    }
    const NumberForm *form = form_of(spec_of(factor->key)->type);
    double low = 0, high = 0;
    g_autofree char *message = NULL;
    form->parse(factor->low, &low, &message);
    form->parse(factor->high, &high, &message);
    double value = between(factor, low, high, u);
    char number[64];
    if (form->whole)
        value = floor(value + 0.5);
    return g_strconcat(g_ascii_formatd(number, sizeof number, form->format, value), form->unit,
                       NULL);
}

/* ---- checks ---- */

static void complain(const Check *check, size_t i, const char *key, const char *hint,
                     const char *format, ...) G_GNUC_PRINTF(5, 6);

static void complain(const Check *check, size_t i, const char *key, const char *hint,
                     const char *format, ...)
{
    Path path;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    param_doc_error(check->doc, check->diags, path_to(&path, "factors", i, key), hint, "%s",
                    message);
}

static void check_key(const Check *check, size_t i, const FactorConfig *factor)
{
    g_auto(GStrv) keys = param_keys(&scenario_schema);
    const char *near = diag_suggest(factor->key, (const char *const *)keys, g_strv_length(keys));
    g_autofree char *hint = near ? g_strdup_printf("did you mean \"%s\"?", near) : NULL;
    complain(check, i, "key", hint, "\"%s\" is no scenario key", factor->key);
}

static void check_range(const Check *check, size_t i, const FactorConfig *factor,
                        const ParamSpec *spec)
{
    const NumberForm *form = form_of(spec->type);
    const char *text[] = {factor->low, factor->high}, *key[] = {"low", "high"};
    double value[2] = {0, 0};
    if (form == NULL) {
        complain(check, i, "key", "write values: [...]", "%s is a %s: it has no range", factor->key,
                 param_type_name(spec->type));
        return;
    }
    for (int end = 0; end < 2; end++) {
        g_autofree char *message = NULL;
        if (*text[end] == '\0') {
            complain(check, i, "", "write low and high, or values", "factor %s has no %s",
                     factor->key, key[end]);
            return;
        }
        if (!form->parse(text[end], &value[end], &message)) {
            complain(check, i, key[end], NULL, "%s of %s: %s", key[end], factor->key,
                     message ? message : "not a value of this key");
            return;
        }
    }
    if (value[0] >= value[1])
        complain(check, i, "high", NULL, "high of %s must be above low", factor->key);
    else if (factor->scale == 1 && value[0] <= 0)
        complain(check, i, "low", "a logarithmic scale divides by ratios",
                 "low of %s must be above 0", factor->key);
}

static void check_factor(const Check *check, size_t i)
{
    const FactorConfig *factor = &((const FactorConfig *)check->scenario->top.factors.item)[i];
    const ParamSpec *spec = spec_of(factor->key);
    bool range = *factor->low || *factor->high;
    if (spec == NULL)
        check_key(check, i, factor);
    else if (factor->values.count > 0 && range)
        complain(check, i, "", "a choice has values, a range has low and high",
                 "factor %s has both values and a range", factor->key);
    else if (factor->values.count == 1)
        complain(check, i, "values", NULL, "one value of %s is nothing to compare", factor->key);
    else if (factor->values.count == 0)
        check_range(check, i, factor, spec);
}

void scenario_check_factors(const Check *check)
{
    const ParamList *list = &check->scenario->top.factors;
    Path path;
    if (list->count > FACTORS_MAX)
        complain(check, FACTORS_MAX, "", NULL, "at most %d factors", FACTORS_MAX);
    for (size_t i = 0; i < list->count; i++)
        if (!failed(check, path_to(&path, "factors", i, "")))
            check_factor(check, i);
}
