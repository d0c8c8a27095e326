/* JUnit XML as Jenkins, GitLab, GitHub's actions and Azure read it (tests/junit.xsd). */
#include <inttypes.h>
#include <string.h>

#include "cli/ci.h"

/* XML 1.0 knows no other control characters, not even escaped. */
static char *legal(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);
    for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c)) {
        gunichar u = g_utf8_get_char(c);
        bool bad = (u < 0x20 && u != '\t' && u != '\n' && u != '\r') || (u >= 0x7f && u < 0xa0) ||
                   u == 0xfffe || u == 0xffff;
        g_string_append_unichar(out, bad ? 0xfffd : u);
    }
    return g_string_free(out, FALSE);
}

static void put_text(FILE *out, const char *text)
{
    g_autofree char *good = legal(text);
    g_autofree char *escaped = g_markup_escape_text(good, -1);
    fputs(escaped, out);
}

/* A line end in an attribute would be read as a blank. */
static void put_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    g_auto(GStrv) lines = g_strsplit(value, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        put_text(out, *line);
        if (line[1] != NULL)
            fputs("&#10;", out);
    }
    fputc('"', out);
}

static void put_property(FILE *out, const char *name, const char *value)
{
    fputs("      <property", out);
    put_attribute(out, "name", name);
    put_attribute(out, "value", value);
    fputs("/>\n", out);
}

static const char *element_of(const Ci *ci, Verdict verdict)
{
    if (verdict == VERDICT_FAIL)
        return "failure";
    return ci->undecided == EXIT_MET ? "skipped" : "error";
}

static void put_case(FILE *out, const Ci *ci, const CiSuite *suite, const CiCase *item)
{
    fputs("    <testcase", out);
    put_attribute(out, "classname", suite->name);
    put_attribute(out, "name", item->name);
    put_attribute(out, "file", item->file);
    if (item->verdict == VERDICT_PASS) {
        fputs("/>\n", out);
        return;
    }
    g_autofree char *text = ci_case_text(item);
    fprintf(out, ">\n      <%s", element_of(ci, item->verdict));
    put_attribute(out, "message", text);
    if (item->verdict == VERDICT_FAIL || ci->undecided != EXIT_MET)
        put_attribute(out, "type", verdict_name[item->verdict]);
    fputc('>', out);
    static const char *const labels[] = {"limit", "measured", "interval",
                                         "note",  "why",      "reproduce"};
    const char *const values[] = {item->limit, item->measured, item->interval,
                                  item->note,  item->why,      item->command};
    for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
        if (values[i][0] == '\0')
            continue;
        fprintf(out, "\n%s: ", labels[i]);
        put_text(out, values[i]);
    }
    fprintf(out, "\n      </%s>\n    </testcase>\n", element_of(ci, item->verdict));
}

/* What was not run cannot have passed. */
static void put_partial(FILE *out, const CiSuite *suite)
{
    fputs("    <testcase", out);
    put_attribute(out, "classname", suite->name);
    fputs(" name=\"all runs were done\">\n      <error type=\"INTERRUPTED\"", out);
    g_autofree char *message =
        g_strdup_printf("interrupted after %" PRIu32 " runs: the other results "
                        "of this suite are partial",
                        suite->runs);
    put_attribute(out, "message", message);
    fputs("/>\n    </testcase>\n", out);
}

typedef struct Counts {
    size_t tests, failures, errors, skipped;
} Counts;

static Counts count(const Ci *ci, size_t first, size_t end)
{
    Counts counts = {0};
    for (size_t s = first; s < end; s++)
        if (((const CiSuite *)ci->suites->pdata[s])->partial) {
            counts.tests++;
            counts.errors++;
        }
    guint i = first < end ? ((const CiSuite *)ci->suites->pdata[first])->first : 0;
    for (; i < ci->cases->len; i++) {
        const CiCase *item = ci->cases->pdata[i];
        if (item->suite >= end)
            break;
        counts.tests++;
        if (item->verdict == VERDICT_PASS)
            continue;
        const char *element = element_of(ci, item->verdict);
        counts.failures += strcmp(element, "failure") == 0;
        counts.errors += strcmp(element, "error") == 0;
        counts.skipped += strcmp(element, "skipped") == 0;
    }
    return counts;
}

static void put_counts(FILE *out, Counts counts)
{
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", counts.tests,
            counts.failures, counts.errors, counts.skipped);
}

static void put_suite(FILE *out, const Ci *ci, size_t index)
{
    const CiSuite *suite = ci->suites->pdata[index];
    g_autofree char *seed = g_strdup_printf("%" PRIu64, suite->seed);
    g_autofree char *runs = g_strdup_printf("%" PRIu32, suite->runs);
    fputs("  <testsuite", out);
    put_attribute(out, "name", suite->name);
    put_counts(out, count(ci, index, index + 1));
    fputs(">\n    <properties>\n", out);
    put_property(out, "failsim", FAILSIM_VERSION);
    put_property(out, "scenario", suite->hash);
    put_property(out, "seed", seed);
    put_property(out, "runs", runs);
    fputs("    </properties>\n", out);
    for (guint i = suite->first; i < ci->cases->len; i++) {
        const CiCase *item = ci->cases->pdata[i];
        if (item->suite != index)
            break;
        put_case(out, ci, suite, item);
    }
    if (suite->partial)
        put_partial(out, suite);
    fputs("  </testsuite>\n", out);
}

void junit_write(FILE *out, const Ci *ci)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"failsim\"", out);
    put_counts(out, count(ci, 0, ci->suites->len));
    fputs(">\n", out);
    for (guint i = 0; i < ci->suites->len; i++)
        put_suite(out, ci, i);
    fputs("</testsuites>\n", out);
}
