/* Annotations: failed expectations beside the scenario's line, in GitHub Actions and Azure
 * Pipelines.
 *
 * Sources: GitHub, "Workflow commands" (::error file=…,line=…::text; % CR LF escaped, in properties
 * : and , too; ten of a kind a step are shown). Azure, "Logging commands" (##vso[task.logissue …];
 * % CR LF ; ] escaped; task.complete sets the step's result).
 */
#include <string.h>

#include "cli/ci.h"

enum { SHOWN = 10 };

typedef struct Escape {
    char character;
    const char *text;
} Escape;

static const Escape github_text[] = {{'%', "%25"}, {'\r', "%0D"}, {'\n', "%0A"}, {0, NULL}};
static const Escape github_property[] = {{'%', "%25"}, {'\r', "%0D"}, {'\n', "%0A"},
                                         {':', "%3A"}, {',', "%2C"},  {0, NULL}};
static const Escape azure_text[] = {{'%', "%AZP25"}, {'\r', "%0D"}, {'\n', "%0A"}, {0, NULL}};
static const Escape azure_property[] = {{'%', "%AZP25"}, {'\r', "%0D"}, {'\n', "%0A"},
                                        {';', "%3B"},    {']', "%5D"},  {0, NULL}};

static void put_escaped(FILE *out, const Escape *escapes, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    for (const char *c = valid; *c != '\0'; c++) {
        const Escape *e = escapes;
        while (e->text != NULL && e->character != *c)
            e++;
        if (e->text != NULL)
            fputs(e->text, out);
        else
            fputc(*c, out);
    }
}

static void put_github(FILE *out, bool error, const CiCase *item, const char *title,
                       const char *text)
{
    fprintf(out, "::%s ", error ? "error" : "warning");
    if (item != NULL && strcmp(item->file, "-") != 0) {
        fputs("file=", out);
        put_escaped(out, github_property, item->file);
        if (item->line > 0)
            fprintf(out, ",line=%zu", item->line);
        fputc(',', out);
    }
    fputs("title=", out);
    put_escaped(out, github_property, title);
    fputs("::", out);
    put_escaped(out, github_text, text);
    fputc('\n', out);
}

static void put_azure(FILE *out, bool error, const CiCase *item, const char *title,
                      const char *text)
{
    fprintf(out, "##vso[task.logissue type=%s", error ? "error" : "warning");
    if (item != NULL && strcmp(item->file, "-") != 0) {
        fputs(";sourcepath=", out);
        put_escaped(out, azure_property, item->file);
        if (item->line > 0)
            fprintf(out, ";linenumber=%zu", item->line);
    }
    fputc(']', out);
    put_escaped(out, azure_text, title);
    fputs(": ", out);
    put_escaped(out, azure_text, text);
    fputc('\n', out);
}

static void put_one(FILE *out, const Ci *ci, bool error, const CiCase *item, const char *title,
                    const char *text)
{
    if (ci->system == CI_GITHUB)
        put_github(out, error, item, title, text);
    else
        put_azure(out, error, item, title, text);
}

static bool is_error(const Ci *ci, Verdict verdict)
{
    return verdict == VERDICT_FAIL ||
           (verdict == VERDICT_INCONCLUSIVE && ci->undecided == EXIT_UNMET);
}

/* All of one kind; the last place tells how many are not shown. */
static void put_kind(FILE *out, const Ci *ci, bool error)
{
    size_t total = 0, shown = 0;
    for (guint i = 0; i < ci->cases->len; i++) {
        const CiCase *item = ci->cases->pdata[i];
        total += item->verdict != VERDICT_PASS && is_error(ci, item->verdict) == error ? 1 : 0;
    }
    size_t room = total > SHOWN ? SHOWN - 1 : SHOWN;
    for (guint i = 0; i < ci->cases->len && shown < room; i++) {
        const CiCase *item = ci->cases->pdata[i];
        if (item->verdict == VERDICT_PASS || is_error(ci, item->verdict) != error)
            continue;
        const CiSuite *suite = ci->suites->pdata[item->suite];
        g_autofree char *text = ci_case_text(item);
        put_one(out, ci, error, item, suite->name, text);
        shown++;
    }
    if (total > shown) {
        g_autofree char *text =
            g_strdup_printf("and %zu more %s; the report and the JUnit file name "
                            "them all",
                            total - shown, error ? "failed" : "undecided");
        put_one(out, ci, error, NULL, "failsim", text);
    }
}

void annotate_write(FILE *out, const Ci *ci, ExitCode code)
{
    if (ci->system == CI_NONE)
        return;
    put_kind(out, ci, true);
    put_kind(out, ci, false);
    if (ci->system == CI_AZURE && code != EXIT_MET)
        fprintf(out, "##vso[task.complete result=%s;]exit %d\n",
                code == EXIT_INCONCLUSIVE ? "SucceededWithIssues" : "Failed", (int)code);
}
