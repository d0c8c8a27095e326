/* Texts with units, to numbers and back. */
#include "sim/units.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "sim/check.h"
#include "sim/param.h"

#define FRACTION_DIGITS 18 /* of a time; later digits are below any nanosecond */
#define SHOWN_MAX       40

#define NEED_STRING(id, text) text,
const char *const param_needs[PARAM_NEED_COUNT] = {PARAM_NEEDS(NEED_STRING)};

typedef struct TimeUnit {
    const char *name;
    SimTime length;
} TimeUnit;

/* From large to small: compound times go down this list. */
static const TimeUnit time_units[] = {
    {"d", 24 * SIM_HOUR}, {"h", SIM_HOUR}, {"m", SIM_MIN}, {"s", SIM_SEC},
    {"ms", SIM_MS},       {"us", SIM_US},  {"ns", SIM_NS},
};

static const struct {
    const char *written, *unit;
} unit_aliases[] = {
    {"sec", "s"},     {"secs", "s"},   {"second", "s"},  {"seconds", "s"}, {"min", "m"},
    {"mins", "m"},    {"minute", "m"}, {"minutes", "m"}, {"hr", "h"},      {"hrs", "h"},
    {"hour", "h"},    {"hours", "h"},  {"day", "d"},     {"days", "d"},    {"msec", "ms"},
    {"millis", "ms"}, {"µs", "us"},    {"μs", "us"},     {"usec", "us"},   {"nsec", "ns"},
    {"S", "s"},       {"M", "m"},      {"H", "h"},       {"D", "d"},       {"MS", "ms"},
};

static bool fail(UnitProblem *problem, ParamNeed need, char *hint)
{
    *problem = (UnitProblem){need, hint};
    return false;
}

char *units_show(const char *text)
{
    if (*text == '\0')
        return g_strdup("an empty text");
    bool number = g_ascii_isdigit(text[*text == '-']);
    for (const char *at = text; *at != '\0' && number; at++)
        number = g_ascii_isalnum(*at) || strchr("-+._,%/", *at) != NULL;
    char *valid = g_utf8_make_valid(text, -1);
    bool cut = g_utf8_strlen(valid, -1) > SHOWN_MAX;
    char *head = cut ? g_utf8_substring(valid, 0, SHOWN_MAX - 1) : g_strdup(valid);
    const char *quote = number ? "" : "\"";
    char *shown = g_strconcat(quote, head, cut ? "…" : "", quote, NULL);
    g_free(head);
    g_free(valid);
    return shown;
}

static size_t digits(const char *text)
{
    size_t count = 0;
    while (g_ascii_isdigit(text[count]))
        count++;
    return count;
}

/* The length of a decimal number at the start of `text`: 12, 1.5, .5, and 1e3 if `exponent`. */
static size_t number_length(const char *text, bool exponent)
{
    size_t length = *text == '-' || *text == '+' ? 1 : 0;
    size_t whole = digits(text + length);
    length += whole;
    size_t fraction = 0;
    if (text[length] == '.') {
        fraction = digits(text + length + 1);
        length += fraction > 0 ? fraction + 1 : 0;
    }
    if (whole + fraction == 0)
        return 0;
    if (exponent && (text[length] == 'e' || text[length] == 'E')) {
        size_t sign = text[length + 1] == '-' || text[length + 1] == '+' ? 1 : 0;
        size_t power = digits(text + length + 1 + sign);
        length += power > 0 ? 1 + sign + power : 0;
    }
    return length;
}

/* Times. */

static const TimeUnit *unit_find(const char *name, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(time_units); i++)
        if (strlen(time_units[i].name) == length && memcmp(time_units[i].name, name, length) == 0)
            return &time_units[i];
    return NULL;
}

SimTime units_unit(const char *name)
{
    const TimeUnit *unit = unit_find(name, strlen(name));
    return unit == NULL ? 0 : unit->length;
}

static const char *unit_alias(const char *name, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(unit_aliases); i++)
        if (strlen(unit_aliases[i].written) == length &&
            memcmp(unit_aliases[i].written, name, length) == 0)
            return unit_aliases[i].unit;
    return NULL;
}

/* One component, number and unit, in integers: 1.5s is exactly 1500000000 ns. Saturates above
 * SIM_TIME_LONGEST. */
static SimTime component_value(const char *text, size_t length, SimTime unit)
{
    __int128 value = 0;
    size_t i = 0;
    for (; i < length && text[i] != '.'; i++)
        if (value <= SIM_TIME_LONGEST)
            value = value * 10 + (text[i] - '0');
    value = value > SIM_TIME_LONGEST ? (__int128)SIM_TIME_LONGEST + 1 : value * unit;
    __int128 fraction = 0, scale = 1;
    size_t stop = MIN(length, i + 1 + FRACTION_DIGITS);
    for (i++; i < stop; i++) {
        fraction = fraction * 10 + (text[i] - '0');
        scale *= 10;
    }
    value += (fraction * unit + scale / 2) / scale;
    return value > SIM_TIME_LONGEST ? SIM_TIME_LONGEST + 1 : (SimTime)value;
}

static bool fail_unit(UnitProblem *problem, const char *number, size_t number_len, const char *unit,
                      size_t unit_len)
{
    char *head = g_strndup(number, MIN(number_len, SHOWN_MAX));
    const char *meant = unit_alias(unit, unit_len);
    char *hint = unit_len == 0 ? g_strdup_printf("write %ss (units: ns us ms s m h d)", head)
                 : meant != NULL
                     ? g_strdup_printf("write %s%s (units: ns us ms s m h d)", head, meant)
                     : g_strdup("units: ns us ms s m h d");
    g_free(head);
    return fail(problem, unit_len == 0 ? PARAM_NEEDS_TIME_UNIT : PARAM_NEEDS_TIME_KNOWN, hint);
}

static bool fail_time(UnitProblem *problem)
{
    return fail(problem, PARAM_NEEDS_TIME,
                g_strdup("write 30s or 1m30s (units: ns us ms s m h d)"));
}

bool units_time(const char *text, SimTime *out, UnitProblem *problem)
{
    if (*text == '-' && number_length(text, false) > 0)
        return fail(problem, PARAM_NEEDS_TIME_NEGATIVE, g_strdup("a time cannot be negative"));
    SimTime total = 0;
    const TimeUnit *last = NULL;
    bool fraction = false;
    do {
        size_t number = *text == '+' ? 0 : number_length(text, false);
        if (number == 0)
            return fail_time(problem);
        size_t name = 0;
        const char *at = text + number;
        while (at[name] != '\0' && !g_ascii_isdigit(at[name]) && at[name] != '.')
            name++;
        const TimeUnit *unit = unit_find(at, name);
        if (unit == NULL && (name == 0 || g_ascii_isalpha(*at) || unit_alias(at, name) != NULL))
            return fail_unit(problem, text, number, at, name);
        if (unit == NULL)
            return fail_time(problem);
        if (fraction || (last != NULL && unit <= last))
            return fail(problem, PARAM_NEEDS_TIME_ORDER,
                        g_strdup("write 1h30m, with a fraction only at the end"));
        fraction = memchr(text, '.', number) != NULL;
        total += component_value(text, number, unit->length);
        if (total > SIM_TIME_LONGEST)
            return fail(problem, PARAM_NEEDS_TIME_LONG, NULL);
        last = unit;
        text = at + name;
    } while (*text != '\0');
    *out = total;
    return true;
}

/* Numbers. */

static bool parse_double(const char *text, size_t length, const char *suffix, double *out,
                         UnitProblem *problem)
{
    char *head = g_strndup(text, length);
    char *number = g_strconcat(head, suffix, NULL);
    *out = g_ascii_strtod(number, NULL);
    g_free(number);
    g_free(head);
    if (!isfinite(*out))
        return fail(problem, PARAM_NEEDS_FINITE, NULL);
    return true;
}

static bool is_not_finite_word(const char *text)
{
    static const char *const words[] = {"nan", "inf", "infinity", ".nan", ".inf"};
    text += *text == '-' || *text == '+';
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

bool units_number(const char *text, double *out, UnitProblem *problem)
{
    size_t length = number_length(text, true);
    if (length > 0 && text[length] == '\0')
        return parse_double(text, length, "", out, problem);
    if (is_not_finite_word(text))
        return fail(problem, PARAM_NEEDS_FINITE, NULL);
    return fail(problem, PARAM_NEEDS_NUMBER, g_strdup("write 1.5, without a unit"));
}

bool units_share(const char *text, double *out, UnitProblem *problem)
{
    size_t length = number_length(text, true);
    bool percent = length > 0 && strcmp(text + length, "%") == 0;
    if (length == 0 || (text[length] != '\0' && !percent))
        return fail(problem, PARAM_NEEDS_SHARE, g_strdup("write 5% or 0.05"));
    /* 0.1% is read as 0.1e-2, so that it is the same double as 0.001. */
    bool plain = memchr(text, 'e', length) == NULL && memchr(text, 'E', length) == NULL;
    if (!parse_double(text, length, percent && plain ? "e-2" : "", out, problem))
        return false;
    if (percent && !plain)
        *out /= 100;
    return true;
}

bool units_rate(const char *text, double *out, UnitProblem *problem)
{
    size_t length = number_length(text, true);
    if (length == 0)
        return fail(problem, PARAM_NEEDS_RATE, g_strdup("write 850/s (or per m, h, d)"));
    if (text[length] == '\0')
        return fail(problem, PARAM_NEEDS_RATE_UNIT,
                    g_strdup_printf("write %.40s/s (or per m, h, d)", text));
    const TimeUnit *unit = NULL;
    if (text[length] == '/')
        unit = unit_find(text + length + 1, strlen(text + length + 1));
    if (unit == NULL || unit->length < SIM_SEC)
        return fail(problem, PARAM_NEEDS_RATE_KNOWN,
                    g_strdup_printf("write %.*s/s (or per m, h, d)", (int)MIN(length, 40), text));
    if (!parse_double(text, length, "", out, problem))
        return false;
    *out /= (double)(unit->length / SIM_SEC);
    return true;
}

/* Digits in groups of three after the first "_" or ",": true if there is nothing else. */
static bool groups_are_right(const char *text, char separator)
{
    size_t first = digits(text);
    if (first == 0 || first > 3)
        return false;
    for (text += first; *text != '\0'; text += 4)
        if (*text != separator || digits(text + 1) != 3)
            return false;
    return true;
}

bool units_count(const char *text, int64_t *out, UnitProblem *problem)
{
    if (strcmp(text, "unlimited") == 0) {
        *out = INT64_MAX;
        return true;
    }
    bool negative = *text == '-';
    const char *start = text + negative;
    if (!g_ascii_isdigit(*start) || start[strspn(start, "0123456789_,")] != '\0')
        return fail(problem, PARAM_NEEDS_COUNT, g_strdup("write 12 or 1_000_000"));
    const char *separator = strpbrk(start, "_,");
    if (separator != NULL && !groups_are_right(start, *separator))
        return fail(problem, PARAM_NEEDS_COUNT_GROUPS, g_strdup("write 1_000_000 or 1,212,400"));
    int64_t value = 0;
    for (const char *at = start; *at != '\0'; at++) {
        if (!g_ascii_isdigit(*at))
            continue;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *at - '0', &value))
            return fail(problem, PARAM_NEEDS_COUNT_LARGE, NULL);
    }
    *out = negative ? -value : value;
    return true;
}

/* The public face: one message. */

static bool refuse(const char *text, UnitProblem *problem, char **message)
{
    char *shown = units_show(text);
    const char *hint = problem->hint;
    *message = g_strdup_printf("must be %s, not %s%s%s", param_needs[problem->need], shown,
                               hint == NULL ? "" : ": ", hint == NULL ? "" : hint);
    g_free(shown);
    g_free(problem->hint);
    return false;
}

bool param_parse_time(const char *text, SimTime *out, char **message)
{
    UnitProblem problem;
    return units_time(text, out, &problem) || refuse(text, &problem, message);
}

bool param_parse_rate(const char *text, double *out, char **message)
{
    UnitProblem problem;
    return units_rate(text, out, &problem) || refuse(text, &problem, message);
}

bool param_parse_share(const char *text, double *out, char **message)
{
    UnitProblem problem;
    return units_share(text, out, &problem) || refuse(text, &problem, message);
}

bool param_parse_number(const char *text, double *out, char **message)
{
    UnitProblem problem;
    return units_number(text, out, &problem) || refuse(text, &problem, message);
}

bool param_parse_count(const char *text, int64_t *out, char **message)
{
    UnitProblem problem;
    return units_count(text, out, &problem) || refuse(text, &problem, message);
}

/* Writing times. */

static SimTime round_to(SimTime t, SimTime quantum)
{
    SimTime rest = t % quantum;
    return t - rest + (rest >= quantum - rest ? quantum : 0);
}

/* Below a minute: three digits of the largest unit. */
static SimTime quantum_short(SimTime t)
{
    SimTime quantum = 1;
    while (t / quantum >= 1000)
        quantum *= 10;
    return quantum;
}

static SimTime quantum_of(SimTime t)
{
    if (t < SIM_MIN)
        return quantum_short(t);
    return t < SIM_HOUR ? SIM_SEC / 10 : t < 24 * SIM_HOUR ? SIM_SEC : SIM_MIN;
}

/* "28.5ms": the fraction without its trailing zeros. */
static void append_decimal(GString *out, SimTime t, const TimeUnit *unit, const char *format)
{
    g_string_append_printf(out, format, t / unit->length);
    SimTime rest = t % unit->length;
    if (rest > 0)
        g_string_append_c(out, '.');
    for (SimTime scale = unit->length / 10; rest > 0; scale /= 10) {
        g_string_append_c(out, (char)('0' + rest / scale));
        rest %= scale;
    }
    g_string_append(out, unit->name);
}

char *param_format_time(SimTime t)
{
    if (t == SIM_NEVER)
        return g_strdup("never");
    SIM_CHECK(t >= 0);
    t = round_to(t, quantum_of(t));
    GString *out = g_string_new(NULL);
    const TimeUnit *unit = time_units;
    while (t < unit->length && unit->length > SIM_NS)
        unit++;
    if (t == 0)
        g_string_append(out, "0s");
    /* From a minute on, units down to the last that is not zero: 1m04s, 2h, 1h00m05s. */
    bool first = true;
    for (; t > 0 && unit->length > SIM_SEC; unit++, first = false) {
        g_string_append_printf(out,
                               first || unit->length == SIM_HOUR ? "%" G_GINT64_FORMAT "%s"
                                                                 : "%02" G_GINT64_FORMAT "%s",
                               t / unit->length, unit->name);
        t %= unit->length;
    }
    if (t > 0)
        append_decimal(out, t, unit, first ? "%" G_GINT64_FORMAT : "%02" G_GINT64_FORMAT);
    return g_string_free(out, FALSE);
}
