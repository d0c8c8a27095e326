/* A journal: records appended to one file, each either whole or not there.
 *
 * The file: 8 bytes that name the format and its version, 8 that tell the byte
 * order, then records: length (4 bytes), CRC-32C of length and payload (4), payload.
 * The first record is the header, which says what the others are about.
 *
 * Who is killed loses nothing that was appended. Who loses power loses at most
 * what was appended after the last journal_sync: data may then be missing, torn
 * or in part zero. Opening reads every record, and cuts the file at the first one
 * that is not whole; what is cut is counted, never used. A header that was not
 * whole had nothing after it: the file begins anew.
 *
 * One writer at a time: the file is locked (an open file description lock, which
 * ends with the process) until it is closed; readers wait for no one and refuse a
 * file that is being written.
 *
 * An append that fails (disk full) leaves the file as it was before; the journal
 * takes no more. Errors: *problem (g_free) names the file and the reason.
 */
#ifndef SIM_JOURNAL_H
#define SIM_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_RECORD_MAX (64u << 20) /* bytes of a payload */

typedef struct Journal {
    char *path;
    int fd;
    uint64_t size;  /* of what is whole */
    uint64_t cut;   /* bytes of an unfinished record that were found behind it */
    size_t records; /* without the header */
    char *header;   /* as found or written */
    size_t header_length;
    bool fresh;  /* there was nothing before */
    bool failed; /* an append has failed */
    uint32_t (*crc)[256];
} Journal;

/* Called for each whole record, `offset` being that of its payload; false: the record makes no
 * sense, and is cut with all after it. */
typedef bool (*JournalVisit)(void *data, uint64_t offset, const void *payload, size_t length);

/* Opens for appending; writes the header if there is no file yet. The caller compares
 * journal->header with its own before it calls journal_recover, which cuts. */
bool journal_open(Journal *journal, const char *path, const void *header, size_t length,
                  char **problem);
bool journal_recover(Journal *journal, JournalVisit visit, void *data, char **problem);
/* Opens for reading; nothing is cut, the unfinished is left out. */
bool journal_open_read(Journal *journal, const char *path, char **problem);
/* The payload's place goes to *offset. */
bool journal_append(Journal *journal, const void *payload, size_t length, uint64_t *offset,
                    char **problem);
/* What was appended survives a loss of power. */
bool journal_sync(Journal *journal, char **problem);
/* From inside a payload that was visited or appended; any thread. */
bool journal_read(const Journal *journal, uint64_t offset, void *out, size_t length,
                  char **problem);
void journal_close(Journal *journal);

#endif
