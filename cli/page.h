/* A page of text being laid out: cells of a given width, ink, wrapped sentences.
 *
 * Written in UTF-8 and, where the terminal cannot show that, turned into ASCII
 * character by character at the end (page_print), so that no code that writes
 * chooses glyphs and columns stay aligned. Control characters in what a user
 * wrote never reach a terminal. Ink is left out unless the page is coloured.
 */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

enum { PAGE_WIDTH = 100 };

typedef enum Ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_GOOD, INK_BAD, INK_DOUBT } Ink;

typedef struct Page {
    GString *text;
    bool colour;
} Page;

void page_init(Page *page, bool colour);
void page_clear(Page *page);

void page_add(Page *page, const char *text);
void page_addf(Page *page, const char *format, ...) G_GNUC_PRINTF(2, 3);
void page_ink(Page *page, Ink ink, const char *text);
/* Padded on the left to `width` columns; on the right if width is negative. Never cut. */
void page_cell(Page *page, Ink ink, const char *text, int width);
void page_repeat(Page *page, Ink ink, const char *glyph, size_t times);
/* Words from where the line stands, continued at column `column`; ends the line. */
void page_wrap(Page *page, Ink ink, const char *text, size_t column);

/* A newline, without blanks before it. */
void page_end_line(Page *page);
/* Where the last line stands, ink not counted. */
size_t page_column(const Page *page);
/* Columns that text takes on a terminal. */
size_t page_columns(const char *text);

/* Does this stream want colour, given NO_COLOR and TERM? */
bool page_wants_colour(FILE *out);
/* Writes in the locale's characters: UTF-8, or ASCII stand-ins. */
void page_print(const Page *page, FILE *out);

#endif
