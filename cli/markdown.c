/* A summary in Markdown: one table a scenario, as merge requests and job pages show it. */
#include <string.h>

#include "cli/ci.h"

void markdown_escaped(FILE *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    for (const char *c = valid; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r' || *c == '\t')
            fputc(' ', out);
        else if (*c == '<')
            fputs("&lt;", out);
        else if (*c == '>')
            fputs("&gt;", out);
        else if (*c == '&')
            fputs("&amp;", out);
        else {
            if (strchr("\\`*_{}[]#|~!", *c) != NULL)
                fputc('\\', out);
            fputc(*c, out);
        }
    }
}

static void put_cell(FILE *out, const char *text)
{
    fputc(' ', out);
    markdown_escaped(out, text);
    fputs(" |", out);
}

static Verdict verdict_of(const Ci *ci, size_t suite, size_t tally[3])
{
    for (guint i = 0; i < ci->cases->len; i++) {
        const CiCase *item = ci->cases->pdata[i];
        if (item->suite == suite)
            tally[item->verdict]++;
    }
    return tally[VERDICT_FAIL] > 0           ? VERDICT_FAIL
           : tally[VERDICT_INCONCLUSIVE] > 0 ? VERDICT_INCONCLUSIVE
                                             : VERDICT_PASS;
}

static void put_case(FILE *out, const CiCase *item)
{
    static const char *const marks[3] = {
        [VERDICT_PASS] = "✅ pass",
        [VERDICT_FAIL] = "❌ fail",
        [VERDICT_INCONCLUSIVE] = "❔ inconclusive",
    };
    g_autofree char *remark = item->note[0] != '\0' && item->why[0] != '\0'
                                  ? g_strdup_printf("%s · %s", item->note, item->why)
                                  : g_strconcat(item->note, item->why, NULL);
    fprintf(out, "| %s |", marks[item->verdict]);
    put_cell(out, item->subject);
    put_cell(out, item->limit);
    put_cell(out, item->measured);
    put_cell(out, item->interval);
    put_cell(out, remark);
    fputc('\n', out);
}

/* A fence longer than any run of backticks in the text. */
static void put_command(FILE *out, const char *command)
{
    size_t longest = 2, run = 0;
    for (const char *c = command; *c != '\0'; c++) {
        run = *c == '`' ? run + 1 : 0;
        longest = MAX(longest, run);
    }
    g_autofree char *fence = g_strnfill(longest + 1, '`');
    fprintf(out, "\n%s\n%s\n%s\n\n", fence, command, fence);
}

static void put_suite(FILE *out, const Ci *ci, size_t index)
{
    const CiSuite *suite = ci->suites->pdata[index];
    const CiCase *first = NULL;
    size_t tally[3] = {0};
    Verdict verdict = verdict_of(ci, index, tally);
    size_t cases = tally[0] + tally[1] + tally[2];
    fprintf(out, "### %s%s: ", suite->partial ? "PARTIAL, " : "",
            cases > 0 ? verdict_name[verdict] : "nothing was expected");
    markdown_escaped(out, suite->name);
    fputs("\n\n", out);
    markdown_escaped(out, suite->facts);
    fputs("\n", out);
    if (suite->partial)
        fputs("\n**Interrupted: these results are partial.**\n", out);
    if (cases == 0)
        return;
    fputs(
        "\n| verdict | expectation | limit | measured | interval | |\n|---|---|---|---|---|---|\n",
        out);
    for (guint i = 0; i < ci->cases->len; i++) {
        const CiCase *item = ci->cases->pdata[i];
        if (item->suite != index)
            continue;
        put_case(out, item);
        first = first == NULL ? item : first;
    }
    put_command(out, first->command);
}

void markdown_write(FILE *out, const Ci *ci)
{
    if (ci->put_markdown != NULL) {
        ci->put_markdown(out, ci->markdown_data);
        return;
    }
    for (guint i = 0; i < ci->suites->len; i++)
        put_suite(out, ci, i);
}
