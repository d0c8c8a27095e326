/* Texts with units: exact values, what is refused and why, writing times and reading them back. */
#include <glib.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "sim/param.h"

static void check_message(const char *text, bool ok, char *message, const char *expected)
{
    if (ok)
        g_test_message("%s was accepted", text);
    g_assert_false(ok);
    if (ok)
        return;
    if (strstr(message, expected) == NULL)
        g_test_message("%s: \"%s\" does not say \"%s\"", text, message, expected);
    g_assert_nonnull(strstr(message, expected));
    g_free(message);
}

static void test_times(void)
{
    static const struct {
        const char *text;
        SimTime value;
    } rows[] = {
        {"30s", 30 * SIM_SEC},
        {"0s", 0},
        {"1.5s", 1500000000},
        {".5s", 500000000},
        {"1m30s", 90 * SIM_SEC},
        {"2h", 2 * SIM_HOUR},
        {"250us", 250000},
        {"10ns", 10},
        {"2d", 48 * SIM_HOUR},
        {"1d2h3m4s5ms6us7ns", 93784005006007},
        {"1h00m05s", SIM_HOUR + 5 * SIM_SEC},
        {"1m52.3s", 112300000000},
        {"0.1s", 100000000},
        {"0.3s", 300000000},
        {"0.123456789s", 123456789},
        {"0.1234567894s", 123456789},
        {"0.1234567895s", 123456790},
        {"0.4ns", 0},
        {"0.5ns", 1},
        {"1.000000000000000000000000000001s", SIM_SEC},
        {"36500d", SIM_TIME_LONGEST},
        {"000000000000000000000000000000000030s", 30 * SIM_SEC},
        {"8784.000000001h", 8784 * SIM_HOUR + 3600},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        SimTime value = -1;
        char *message = NULL;
        g_test_message("%s", rows[i].text);
        g_assert_true(param_parse_time(rows[i].text, &value, &message));
        g_assert_cmpint(value, ==, rows[i].value);
        g_free(message);
    }
}

static void test_times_refused(void)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"30", "must be a time with a unit, not 30: write 30s (units: ns us ms s m h d)"},
        {"0", "must be a time with a unit, not 0"},
        {"", "must be a time, not an empty text"},
        {"s", "must be a time, not \"s\""},
        {"abc", "must be a time, not \"abc\""},
        {"30 s", "must be a time, not \"30 s\""},
        {" 30s", "must be a time"},
        {"30s ", "must be a time"},
        {"+30s", "must be a time"},
        {"1,5s", "must be a time"},
        {"30sec", "in ns, us, ms, s, m, h or d, not 30sec: write 30s"},
        {"5min", "write 5m"},
        {"5M", "write 5m"},
        {"3µs", "write 3us"},
        {"3w", "in ns, us, ms, s, m, h or d, not 3w: units"},
        {"1e3s", "in ns, us, ms, s, m, h or d"},
        {"-5s", "must be a time of 0s or more, not -5s"},
        {"30s1m", "each unit once, from large to small"},
        {"1s1s", "each unit once"},
        {"1.5m30s", "with a fraction only at the end"},
        {"1m30", "with a unit"},
        {"36500.1d", "at most 36500d"},
        {"36500d1ns", "at most 36500d"},
        {"99999999999999999999999999999999999999999999d", "at most 36500d"},
        {"nans", "must be a time"},
        {"0x10s", "in ns, us, ms"},
        {"1..5s", "must be a time"},
        {"12:30", "must be a time"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        SimTime value;
        char *message = NULL;
        bool ok = param_parse_time(rows[i].text, &value, &message);
        check_message(rows[i].text, ok, message, rows[i].message);
    }
}

typedef bool (*ParseDouble)(const char *, double *, char **);

static void test_doubles(void)
{
    static const struct {
        ParseDouble parse;
        const char *text;
        double value;
        const char *message; /* NULL: right */
    } rows[] = {
        {param_parse_rate, "850/s", 850, NULL},
        {param_parse_rate, "3/m", 0.05, NULL},
        {param_parse_rate, "36/h", 0.01, NULL},
        {param_parse_rate, "86400/d", 1, NULL},
        {param_parse_rate, "0/s", 0, NULL},
        {param_parse_rate, "1e3/s", 1000, NULL},
        {param_parse_rate, "850", 0, "must be a rate with a unit, not 850: write 850/s"},
        {param_parse_rate, "850/ms", 0, "a rate per s, m, h or d, not 850/ms: write 850/s"},
        {param_parse_rate, "850 per s", 0, "a rate per s, m, h or d"},
        {param_parse_rate, "fast", 0, "must be a rate, not \"fast\""},
        {param_parse_rate, "/s", 0, "must be a rate"},
        {param_parse_rate, "1e999/s", 0, "must be a finite number"},
        {param_parse_share, "5%", 0.05, NULL},
        {param_parse_share, "0.1%", 0.001, NULL},
        {param_parse_share, "0.05", 0.05, NULL},
        {param_parse_share, "100%", 1, NULL},
        {param_parse_share, "1e-3", 0.001, NULL},
        {param_parse_share, "1e1%", 0.1, NULL},
        {param_parse_share, "half", 0, "must be a share, not \"half\": write 5% or 0.05"},
        {param_parse_share, "5 %", 0, "must be a share"},
        {param_parse_share, "%", 0, "must be a share"},
        {param_parse_number, "1.5", 1.5, NULL},
        {param_parse_number, "-2", -2, NULL},
        {param_parse_number, "1e3", 1000, NULL},
        {param_parse_number, ".5", .5, NULL},
        {param_parse_number, "1.5s", 0, "must be a number, not 1.5s"},
        {param_parse_number, "1.", 0, "must be a number"},
        {param_parse_number, "1,5", 0, "must be a number"},
        {param_parse_number, "0x10", 0, "must be a number"},
        {param_parse_number, "nan", 0, "must be a finite number, not \"nan\""},
        {param_parse_number, "-inf", 0, "must be a finite number"},
        {param_parse_number, ".NaN", 0, "must be a finite number"},
        {param_parse_number, "1e999", 0, "must be a finite number"},
        {param_parse_number, "", 0, "must be a number, not an empty text"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        double value = -1;
        char *message = NULL;
        bool ok = rows[i].parse(rows[i].text, &value, &message);
        if (rows[i].message != NULL) {
            check_message(rows[i].text, ok, message, rows[i].message);
            continue;
        }
        g_test_message("%s", rows[i].text);
        g_assert_true(ok);
        /* Exactly: 0.1% must be the very double 0.001. */
        g_assert_true(!(value < rows[i].value) && !(value > rows[i].value));
        g_free(message);
    }
}

static void test_counts(void)
{
    static const struct {
        const char *text;
        int64_t value;
        const char *message;
    } rows[] = {
        {"12", 12, NULL},
        {"0", 0, NULL},
        {"1_000_000", 1000000, NULL},
        {"1,212,400", 1212400, NULL},
        {"-5", -5, NULL},
        {"unlimited", INT64_MAX, NULL},
        {"9223372036854775807", INT64_MAX, NULL},
        {"9223372036854775808", 0, "of at most 9223372036854775807"},
        {"99999999999999999999999", 0, "of at most"},
        {"1,22", 0, "digits in groups of three, not 1,22"},
        {"1_000,000", 0, "groups of three"},
        {"1000_000", 0, "groups of three"},
        {"1_", 0, "groups of three"},
        {"_1", 0, "must be a whole number, not \"_1\""},
        {"1.5", 0, "must be a whole number, not 1.5"},
        {"1e3", 0, "must be a whole number"},
        {"no", 0, "must be a whole number, not \"no\""},
        {"", 0, "must be a whole number"},
        {"-", 0, "must be a whole number"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t value = -1;
        char *message = NULL;
        bool ok = param_parse_count(rows[i].text, &value, &message);
        if (rows[i].message != NULL) {
            check_message(rows[i].text, ok, message, rows[i].message);
            continue;
        }
        g_test_message("%s", rows[i].text);
        g_assert_true(ok);
        g_assert_cmpint(value, ==, rows[i].value);
        g_free(message);
    }
}

static void test_format(void)
{
    static const struct {
        SimTime value;
        const char *text;
    } rows[] = {
        {0, "0s"},
        {1, "1ns"},
        {999, "999ns"},
        {1000, "1us"},
        {1234, "1.23us"},
        {250 * SIM_US, "250us"},
        {850 * SIM_MS, "850ms"},
        {28500 * SIM_US, "28.5ms"},
        {999499 * SIM_US, "999ms"},
        {999500 * SIM_US, "1s"},
        {1500 * SIM_MS, "1.5s"},
        {12345 * SIM_MS, "12.3s"},
        {59949 * SIM_MS, "59.9s"},
        {59950 * SIM_MS, "1m"},
        {60 * SIM_SEC, "1m"},
        {64 * SIM_SEC, "1m04s"},
        {112300 * SIM_MS, "1m52.3s"},
        {112349 * SIM_MS, "1m52.3s"},
        {64500 * SIM_MS, "1m04.5s"},
        {30 * SIM_MIN, "30m"},
        {SIM_HOUR - 1, "1h"},
        {SIM_HOUR + 5 * SIM_SEC, "1h00m05s"},
        {2 * SIM_HOUR + 10 * SIM_MIN, "2h10m"},
        {24 * SIM_HOUR, "1d"},
        {25 * SIM_HOUR, "1d1h"},
        {25 * SIM_HOUR + SIM_MIN, "1d1h01m"},
        {SIM_TIME_LONGEST, "36500d"},
        {SIM_NEVER, "never"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *text = param_format_time(rows[i].value);
        g_assert_cmpstr(text, ==, rows[i].text);
        g_free(text);
    }
}

/* What is written can be read, is within the promised precision, and is written the same again. */
static void test_round_trip(void)
{
    GRand *random = g_rand_new_with_seed(7);
    for (int i = 0; i < 20000; i++) {
        double size = g_rand_double_range(random, 0, 18.4);
        SimTime t = 1;
        for (; size >= 1; size -= 1)
            t *= 10;
        t = MIN((SimTime)((double)t * (1 + 9 * size)), SIM_TIME_LONGEST);
        char *text = param_format_time(t), *message = NULL;
        SimTime back = -1;
        g_assert_true(param_parse_time(text, &back, &message));
        SimTime error = back > t ? back - t : t - back;
        if (error > t / 200)
            g_test_message("%" G_GINT64_FORMAT " is %s", t, text);
        g_assert_cmpint(error, <=, t / 200);
        char *again = param_format_time(back);
        g_assert_cmpstr(again, ==, text);
        g_free(again);
        g_free(text);
        g_free(message);
    }
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/units/times", test_times);
    g_test_add_func("/units/times-refused", test_times_refused);
    g_test_add_func("/units/doubles", test_doubles);
    g_test_add_func("/units/counts", test_counts);
    g_test_add_func("/units/format", test_format);
    g_test_add_func("/units/round-trip", test_round_trip);
    return g_test_run();
}
