#include "cli/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static char *not_a_number(double value)
{
    return g_strdup(isnan(value) ? "–" : value > 0 ? "not reached" : "−∞");
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* "7.80" -> "7.8", "7.00" -> "7" */
static void trim_zeros(char *text)
{
    if (strchr(text, '.') == NULL)
        return;
    size_t end = strlen(text);
    while (text[end - 1] == '0')
        end--;
    if (text[end - 1] == '.')
        end--;
    text[end] = '\0';
}

static char *decimal(double value, int decimals)
{
    char *text = g_strdup_printf("%.*f", clamp(decimals, 0, 12), value);
    trim_zeros(text);
    return text;
}

/* Decimals that leave three significant digits of a positive number. */
static int decimals_of_three(double value)
{
    int decimals = 2;
    for (double bound = 10; value >= bound && decimals > 0; bound *= 10)
        decimals--;
    for (double bound = 1; value > 0 && value < bound && decimals < 9; bound /= 10)
        decimals++;
    return decimals;
}

/* A comma before every third digit of the whole part. */
static char *group_thousands(const char *digits)
{
    size_t whole = strcspn(digits, ".");
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0)
            g_string_append_c(text, ',');
        g_string_append_c(text, digits[i]);
    }
    g_string_append(text, digits + whole);
    return g_string_free(text, FALSE);
}

static char *number(double value, int extra)
{
    if (!isfinite(value))
        return not_a_number(value);
    double size = fabs(value);
    g_autofree char *digits =
        decimal(size, value == floor(value) ? 0 : decimals_of_three(size) + extra);
    g_autofree char *grouped = group_thousands(digits);
    return g_strconcat(value < 0 ? "−" : "", grouped, NULL);
}

char *format_count(double value)
{
    return number(value, 0);
}

/* From a minute up: "3m52s", "1h02m", whole seconds unless extra digits are wanted. */
static char *minutes(double seconds, int extra)
{
    double scale = 1;
    for (int i = 0; i < extra; i++)
        scale *= 10;
    double rounded = floor(seconds * scale + 0.5) / scale;
    int64_t whole = (int64_t)(rounded / 60);
    double rest = rounded - (double)whole * 60;
    int64_t hours = whole / 60, minute = whole % 60;
    g_autofree char *tail = decimal(rest, extra);
    const char *zero = rest < 9.9999995 ? "0" : "";
    if (hours > 0 && rest > 0)
        return g_strdup_printf("%" PRId64 "h%02" PRId64 "m%s%ss", hours, minute, zero, tail);
    if (hours > 0 && minute > 0)
        return g_strdup_printf("%" PRId64 "h%02" PRId64 "m", hours, minute);
    if (hours > 0)
        return g_strdup_printf("%" PRId64 "h", hours);
    return rest > 0 ? g_strdup_printf("%" PRId64 "m%s%ss", minute, zero, tail)
                    : g_strdup_printf("%" PRId64 "m", minute);
}

char *format_seconds(double seconds, int extra)
{
    static const struct {
        double below, unit;
        const char *name;
    } units[] = {{1e-6, 1e-9, "ns"}, {1e-3, 1e-6, "µs"}, {1, 1e-3, "ms"}, {60, 1, "s"}};

    if (!isfinite(seconds))
        return not_a_number(seconds);
    if (seconds < 0) {
        g_autofree char *positive = format_seconds(-seconds, extra);
        return g_strconcat("−", positive, NULL);
    }
    if (seconds == 0)
        return g_strdup("0s");
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (seconds >= units[i].below)
            continue;
        double value = seconds / units[i].unit;
        g_autofree char *digits = decimal(value, clamp(decimals_of_three(value), 0, 2) + extra);
        /* 59.99 would read "60s", 0.9999 "1000ms": the next unit says it better. */
        if (g_ascii_strtod(digits, NULL) * units[i].unit < units[i].below * (1 - 1e-12))
            return g_strconcat(digits, units[i].name, NULL);
        seconds = units[i].below;
    }
    return minutes(seconds, extra);
}

char *format_share(double share, int extra)
{
    if (!isfinite(share))
        return not_a_number(share);
    double percent = share * 100;
    int decimals = clamp(decimals_of_three(fabs(percent)), 0, 3) + extra;
    g_autofree char *text = decimal(percent, decimals);
    /* Neither "hardly any" is 0 %, nor "almost all" 100 %. */
    if (percent > 0 && strcmp(text, "0") == 0)
        return g_strdup("<0.001 %");
    while (percent < 100 && percent > 99 && strcmp(text, "100") == 0 && decimals < 9) {
        g_free(text);
        text = decimal(percent, ++decimals);
    }
    return g_strconcat(text, " %", NULL);
}

char *format_value(MetricUnit unit, double value, int extra)
{
    switch (unit) {
    case METRIC_SECONDS:
        return format_seconds(value, extra);
    case METRIC_SHARE:
        return format_share(value, extra);
    case METRIC_COUNT:
    case METRIC_NUMBER:
        return number(value, extra);
    }
    return number(value, extra);
}

char *format_offset(SimTime at, SimTime origin)
{
    bool before = at < origin;
    double seconds = before ? sim_seconds(origin - at) : sim_seconds(at - origin);
    const char *sign = before ? "−" : "+";
    if (seconds < 59.9995)
        return g_strdup_printf("%s%.3fs", sign, seconds);
    /* Tenths always, so that a column of offsets stays aligned. */
    int64_t tenths = (int64_t)floor(seconds * 10 + 0.5), minute = tenths / 600;
    g_autofree char *hours =
        minute >= 60 ? g_strdup_printf("%" PRId64 "h%02" PRId64, minute / 60, minute % 60)
                     : g_strdup_printf("%" PRId64, minute);
    return g_strdup_printf("%s%sm%02" PRId64 ".%" PRId64 "s", sign, hours, tenths % 600 / 10,
                           tenths % 10);
}

char *format_plural(size_t count, const char *noun)
{
    g_autofree char *number_text = format_count((double)count);
    return g_strdup_printf("%s %s%s", number_text, noun, count == 1 ? "" : "s");
}
