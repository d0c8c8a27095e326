#include "cli/json.h"

#include <glib.h>
#include <inttypes.h>
#include <math.h>

#include "sim/check.h"

void json_init(Json *json, FILE *out)
{
    *json = (Json){.out = out};
}

static void new_line(Json *json)
{
    fputc('\n', json->out);
    for (size_t i = 0; i < json->depth; i++)
        fputs("  ", json->out);
}

/* Comma, line break and indentation before a member or element. */
static void separate(Json *json)
{
    if (json->depth == 0)
        return;
    JsonLevel *level = &json->level[json->depth - 1];
    if (level->values++ > 0)
        fputs(level->flat ? ", " : ",", json->out);
    if (!level->flat)
        new_line(json);
}

static void begin_value(Json *json)
{
    bool object = json->depth > 0 && json->level[json->depth - 1].close == '}';
    SIM_CHECK(object == json->keyed);
    if (!json->keyed)
        separate(json);
    json->keyed = false;
}

static void open_level(Json *json, char open, char close, bool flat)
{
    begin_value(json);
    SIM_CHECK(json->depth < JSON_DEPTH);
    fputc(open, json->out);
    json->level[json->depth++] = (JsonLevel){close, flat, 0};
}

void json_object(Json *json)
{
    open_level(json, '{', '}', false);
}

void json_object_flat(Json *json)
{
    open_level(json, '{', '}', true);
}

void json_array(Json *json)
{
    open_level(json, '[', ']', false);
}

void json_array_flat(Json *json)
{
    open_level(json, '[', ']', true);
}

void json_end(Json *json)
{
    SIM_CHECK(json->depth > 0 && !json->keyed);
    JsonLevel level = json->level[--json->depth];
    if (!level.flat && level.values > 0)
        new_line(json);
    fputc(level.close, json->out);
    if (json->depth == 0)
        fputc('\n', json->out);
}

static void put_text(Json *json, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    fputc('"', json->out);
    for (const char *c = valid; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(json->out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            fprintf(json->out, "\\u%04x", (unsigned)*c);
        else
            fputc(*c, json->out);
    }
    fputc('"', json->out);
}

void json_key(Json *json, const char *key)
{
    SIM_CHECK(json->depth > 0 && json->level[json->depth - 1].close == '}' && !json->keyed);
    separate(json);
    put_text(json, key);
    fputs(": ", json->out);
    json->keyed = true;
}

void json_text(Json *json, const char *text)
{
    begin_value(json);
    put_text(json, text);
}

/* %.15g drops trailing zeros, so that anything needing fewer digits comes out short. */
void json_shortest(double value, char buffer[JSON_NUMBER_SIZE])
{
    SIM_CHECK(isfinite(value));
    if (value == floor(value) && fabs(value) < 1e15) {
        g_snprintf(buffer, JSON_NUMBER_SIZE, "%" PRId64, (int64_t)value);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        char format[8];
        g_snprintf(format, sizeof format, "%%.%dg", digits);
        g_ascii_formatd(buffer, JSON_NUMBER_SIZE, format, value);
        if (g_ascii_strtod(buffer, NULL) == value)
            return;
    }
}

void json_number(Json *json, double value)
{
    if (!isfinite(value)) {
        json_null(json);
        return;
    }
    char buffer[JSON_NUMBER_SIZE];
    json_shortest(value, buffer);
    begin_value(json);
    fputs(buffer, json->out);
}

void json_integer(Json *json, uint64_t value)
{
    begin_value(json);
    fprintf(json->out, "%" PRIu64, value);
}

void json_flag(Json *json, bool value)
{
    begin_value(json);
    fputs(value ? "true" : "false", json->out);
}

void json_null(Json *json)
{
    begin_value(json);
    fputs("null", json->out);
}

void json_measured(Json *json, const char *key, double value)
{
    char rounded[G_ASCII_DTOSTR_BUF_SIZE];
    json_key(json, key);
    if (!isfinite(value)) {
        json_null(json);
        return;
    }
    g_ascii_formatd(rounded, sizeof rounded, "%.9g", value);
    json_number(json, g_ascii_strtod(rounded, NULL));
}
