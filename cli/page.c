#include "cli/page.h"

#include <langinfo.h>
#include <string.h>
#include <unistd.h>

static const char *const ink_code[] = {
    [INK_PLAIN] = "",    [INK_BOLD] = "1",   [INK_DIM] = "2",
    [INK_GOOD] = "1;32", [INK_BAD] = "1;31", [INK_DOUBT] = "1;33",
};

void page_init(Page *page, bool colour)
{
    *page = (Page){g_string_new(NULL), colour};
}

void page_clear(Page *page)
{
    g_string_free(page->text, TRUE);
    page->text = NULL;
}

void page_add(Page *page, const char *text)
{
    size_t start = page->text->len;
    g_string_append(page->text, text);
    for (size_t i = start; i < page->text->len; i++)
        if (g_ascii_iscntrl(page->text->str[i]) && page->text->str[i] != '\n')
            page->text->str[i] = '?';
}

void page_addf(Page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    page_add(page, text);
}

void page_ink(Page *page, Ink ink, const char *text)
{
    bool inked = page->colour && ink != INK_PLAIN && text[0] != '\0';
    if (inked)
        g_string_append_printf(page->text, "\033[%sm", ink_code[ink]);
    page_add(page, text);
    if (inked)
        g_string_append(page->text, "\033[0m");
}

void page_end_line(Page *page)
{
    GString *text = page->text;
    while (text->len > 0 && text->str[text->len - 1] == ' ')
        g_string_truncate(text, text->len - 1);
    g_string_append_c(text, '\n');
}

size_t page_columns(const char *text)
{
    size_t columns = 0;
    for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c)) {
        gunichar character = g_utf8_get_char(c);
        if (!g_unichar_iszerowidth(character))
            columns += g_unichar_iswide(character) ? 2 : 1;
    }
    return columns;
}

static void spaces(Page *page, size_t count)
{
    for (size_t i = 0; i < count; i++)
        g_string_append_c(page->text, ' ');
}

void page_cell(Page *page, Ink ink, const char *text, int width)
{
    size_t wanted = (size_t)(width < 0 ? -width : width);
    size_t columns = page_columns(text);
    size_t padding = wanted > columns ? wanted - columns : 0;
    if (width > 0)
        spaces(page, padding);
    page_ink(page, ink, text);
    if (width < 0)
        spaces(page, padding);
}

void page_repeat(Page *page, Ink ink, const char *glyph, size_t times)
{
    GString *run = g_string_new(NULL);
    for (size_t i = 0; i < times; i++)
        g_string_append(run, glyph);
    page_ink(page, ink, run->str);
    g_string_free(run, TRUE);
}

size_t page_column(const Page *page)
{
    const char *start = strrchr(page->text->str, '\n');
    start = start != NULL ? start + 1 : page->text->str;
    size_t columns = page_columns(start);
    for (const char *ink = strchr(start, '\033'); ink != NULL; ink = strchr(ink + 1, '\033'))
        columns -= strcspn(ink, "m") + 1;
    return columns;
}

void page_wrap(Page *page, Ink ink, const char *text, size_t column)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
    GString *line = g_string_new(NULL);
    size_t used = page_column(page);
    for (char **word = words; *word != NULL; word++) {
        if (**word == '\0')
            continue;
        size_t columns = page_columns(*word);
        if (used > column && used + 1 + columns > PAGE_WIDTH) {
            page_ink(page, ink, line->str);
            page_add(page, "\n");
            spaces(page, column);
            g_string_truncate(line, 0);
            used = column;
        }
        if (line->len > 0)
            g_string_append_c(line, ' ');
        used += columns + (line->len > 0 ? 1 : 0);
        g_string_append(line, *word);
    }
    page_ink(page, ink, line->str);
    page_end_line(page);
    g_string_free(line, TRUE);
}

bool page_wants_colour(FILE *out)
{
    const char *refusal = g_getenv("NO_COLOR");
    const char *term = g_getenv("TERM");
    bool refused = refusal != NULL && *refusal != '\0';
    bool dumb = term == NULL || *term == '\0' || strcmp(term, "dumb") == 0;
    return !refused && !dumb && isatty(fileno(out));
}

/* One column for one column. */
static char ascii_for(gunichar character)
{
    static const struct {
        gunichar character;
        char ascii;
    } stand_ins[] = {
        {0x2713, '+'},  {0x2717, 'x'}, {0x2588, '#'}, {0x2591, '.'}, {0x2190, '<'}, {0x2192, '>'},
        {0x00b7, '-'},  {0x2013, '-'}, {0x2212, '-'}, {0x2014, '-'}, {0x2026, '~'}, {0x00b5, 'u'},
        {0x2019, '\''}, {0x201c, '"'}, {0x201d, '"'}, {0x00d7, 'x'}, {0x2502, '|'}, {0x25cf, '*'},
        {0x2264, '<'},  {0x2265, '>'}, {0x00a0, ' '}, {0x221e, '8'}, {0x25b8, '>'},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(stand_ins); i++)
        if (stand_ins[i].character == character)
            return stand_ins[i].ascii;
    return '?';
}

static void print_ascii(const char *text, FILE *out)
{
    for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c)) {
        gunichar character = g_utf8_get_char(c);
        fputc(character < 0x80 ? (char)character : ascii_for(character), out);
    }
}

void page_print(const Page *page, FILE *out)
{
    if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
        fputs(page->text->str, out);
    else
        print_ascii(page->text->str, out);
}
