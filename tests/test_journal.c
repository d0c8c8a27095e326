/* The journal: what was appended is there again, whatever happened to the end of the file. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/journal.h"

static char *path;

static const char header[] = "study 1";
static const char *const texts[] = {"one", "", "three hundred", "four"};
enum { TEXTS = G_N_ELEMENTS(texts) };

static bool collect(void *data, uint64_t offset, const void *payload, size_t length)
{
    (void)offset;
    g_string_append_len((GString *)data, (const char *)payload, (gssize)length);
    g_string_append_c((GString *)data, '|');
    return true;
}

/* The records as "one||three hundred|four|". */
static char *read_all(Journal *journal)
{
    GString *found = g_string_new(NULL);
    g_autofree char *problem = NULL;
    g_assert_true(journal_recover(journal, collect, found, &problem));
    return g_string_free(found, FALSE);
}

static void append(Journal *journal, const char *text)
{
    char *problem = NULL;
    uint64_t offset;
    char back[32] = "";
    g_assert_true(journal_append(journal, text, strlen(text), &offset, &problem));
    g_assert_true(journal_read(journal, offset, back, strlen(text), &problem));
    g_assert_cmpstr(back, ==, text);
}

static Journal open_right(void)
{
    Journal journal;
    g_autofree char *problem = NULL;
    if (!journal_open(&journal, path, header, strlen(header), &problem))
        g_error("%s", problem);
    return journal;
}

static void write_all(void)
{
    g_unlink(path);
    Journal journal = open_right();
    char *problem = NULL;
    g_assert_true(journal.fresh);
    for (int i = 0; i < TEXTS; i++)
        append(&journal, texts[i]);
    g_assert_true(journal_sync(&journal, &problem));
    journal_close(&journal);
}

static void check_wrong(const char *words)
{
    Journal journal;
    char *problem = NULL;
    bool opened = journal_open(&journal, path, header, strlen(header), &problem);
    g_assert_false(opened);
    if (strstr(problem, words) == NULL || strstr(problem, path) == NULL)
        g_error("\"%s\" lacks \"%s\"", problem, words);
    g_free(problem);
}

static void test_round_trip(void)
{
    write_all();
    Journal journal = open_right();
    g_assert_false(journal.fresh);
    g_assert_cmpuint(journal.header_length, ==, strlen(header));
    g_assert_cmpint(memcmp(journal.header, header, strlen(header)), ==, 0);
    g_autofree char *all = read_all(&journal);
    g_assert_cmpstr(all, ==, "one||three hundred|four|");
    g_assert_cmpuint(journal.records, ==, TEXTS);
    g_assert_cmpuint(journal.cut, ==, 0);
    journal_close(&journal);
}

/* Cut after `size` bytes: what was whole is there, nothing else, and it can be gone on with. */
static void check_torn(const char *bytes, size_t size)
{
    const size_t heads = 16 + 8 + strlen(header);
    GString *whole = g_string_new(NULL);
    size_t end = heads;
    for (int i = 0; i < TEXTS; i++) {
        end += 8 + strlen(texts[i]);
        if (end <= size)
            g_string_append_printf(whole, "%s|", texts[i]);
    }
    g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
    Journal journal = open_right();
    g_assert_true(journal.fresh == (size < heads));
    g_autofree char *found = read_all(&journal);
    g_assert_cmpstr(found, ==, whole->str);
    append(&journal, "more");
    journal_close(&journal);
    g_string_append(whole, "more|");
    journal = open_right();
    g_autofree char *again = read_all(&journal);
    g_assert_cmpstr(again, ==, whole->str);
    g_assert_cmpuint(journal.cut, ==, 0);
    journal_close(&journal);
    g_string_free(whole, TRUE);
}

static void test_torn_everywhere(void)
{
    write_all();
    g_autofree char *bytes = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    for (size_t cut = 0; cut <= size; cut++)
        check_torn(bytes, cut);
}

/* After a loss of power the end of a file may be zeros, or hold anything. */
static void test_flipped_everywhere(void)
{
    write_all();
    g_autofree char *bytes = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    const size_t heads = 16 + 8 + strlen(header);
    for (size_t at = heads; at < size; at++) {
        g_autofree char *wrong = g_memdup2(bytes, size);
        wrong[at] = (char)(wrong[at] ^ 0x10);
        GString *whole = g_string_new(NULL);
        size_t end = heads;
        for (int i = 0; i < TEXTS && (end += 8 + strlen(texts[i])) <= at; i++)
            g_string_append_printf(whole, "%s|", texts[i]);
        g_assert_true(g_file_set_contents(path, wrong, (gssize)size, NULL));
        Journal journal = open_right();
        g_autofree char *found = read_all(&journal);
        g_assert_cmpstr(found, ==, whole->str);
        g_assert_cmpuint(journal.cut, >, 0);
        journal_close(&journal);
        g_string_free(whole, TRUE);
    }
}

static void test_damaged_head(void)
{
    static const struct {
        size_t at;
        char flip;
        const char *words;
    } cases[] = {
        {0, 1, "is not a journal"},       {7, 3, "another version"},
        {8, 1, "another byte order"},     {16, 1, "header does not match"},
        {24, 1, "header does not match"},
    };
    write_all();
    g_autofree char *bytes = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bytes[cases[i].at] = (char)(bytes[cases[i].at] ^ cases[i].flip);
        g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
        check_wrong(cases[i].words);
        bytes[cases[i].at] = (char)(bytes[cases[i].at] ^ cases[i].flip);
        /* Refused means untouched. */
        GStatBuf info;
        g_assert_cmpint(g_stat(path, &info), ==, 0);
        g_assert_cmpuint((gsize)info.st_size, ==, size);
    }
    g_assert_true(g_file_set_contents(path, "name,value\n", -1, NULL));
    check_wrong("is not a journal");
    g_assert_true(g_file_set_contents(path, "x", -1, NULL));
    check_wrong("is not a journal");
}

/* The checksum by its definition, bit by bit: CRC-32C of length and payload. */
static uint32_t crc_of(const void *data, size_t length)
{
    uint32_t crc = UINT32_MAX;
    for (const uint8_t *at = data; length > 0; at++, length--) {
        crc ^= *at;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
    }
    return ~crc;
}

static void test_checksum(void)
{
    g_assert_cmphex(crc_of("123456789", 9), ==, 0xe3069283);
    write_all();
    g_autofree char *bytes = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    uint32_t length, crc;
    memcpy(&length, bytes + 16, sizeof length);
    memcpy(&crc, bytes + 20, sizeof crc);
    g_autofree char *covered = g_malloc(sizeof length + length);
    memcpy(covered, &length, sizeof length);
    memcpy(covered + sizeof length, bytes + 24, length);
    g_assert_cmphex(crc_of(covered, sizeof length + length), ==, crc);
}

static void test_one_writer(void)
{
    write_all();
    Journal writer = open_right(), reader;
    check_wrong("in use by another process");
    char *problem = NULL;
    g_assert_false(journal_open_read(&reader, path, &problem));
    g_assert_nonnull(strstr(problem, "in use"));
    g_clear_pointer(&problem, g_free);
    journal_close(&writer);
    g_assert_true(journal_open_read(&reader, path, &problem));
    g_autofree char *all = read_all(&reader);
    g_assert_cmpstr(all, ==, "one||three hundred|four|");
    journal_close(&reader);
}

/* A reader leaves the unfinished where it is. */
static void test_reader_cuts_nothing(void)
{
    write_all();
    GStatBuf before, after;
    g_assert_cmpint(g_stat(path, &before), ==, 0);
    g_assert_cmpint(truncate(path, before.st_size - 1), ==, 0);
    Journal reader;
    char *problem = NULL;
    g_assert_true(journal_open_read(&reader, path, &problem));
    g_autofree char *all = read_all(&reader);
    g_assert_cmpstr(all, ==, "one||three hundred|");
    g_assert_cmpuint(reader.cut, ==, 8 + strlen("four") - 1);
    journal_close(&reader);
    g_assert_cmpint(g_stat(path, &after), ==, 0);
    g_assert_cmpint(after.st_size, ==, before.st_size - 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *directory = g_dir_make_tmp("failsim-journal-XXXXXX", NULL);
    path = g_build_filename(directory, "j", NULL);
    g_test_add_func("/journal/round-trip", test_round_trip);
    g_test_add_func("/journal/torn-everywhere", test_torn_everywhere);
    g_test_add_func("/journal/flipped-everywhere", test_flipped_everywhere);
    g_test_add_func("/journal/damaged-head", test_damaged_head);
    g_test_add_func("/journal/checksum", test_checksum);
    g_test_add_func("/journal/one-writer", test_one_writer);
    g_test_add_func("/journal/reader-cuts-nothing", test_reader_cuts_nothing);
    int result = g_test_run();
    g_unlink(path);
    g_rmdir(directory);
    g_free(path);
    return result;
}
