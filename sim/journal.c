#include "sim/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/check.h"

#define FORMAT          "SIMJRNL" /* followed by the version's digit */
#define VERSION         '1'
#define BYTE_ORDER_MARK UINT64_C(0x0102030405060708)

typedef struct FileHead {
    char format[8];
    uint64_t order;
} FileHead;

typedef struct RecordHead {
    uint32_t length, crc;
} RecordHead;

static const FileHead file_head = {{'S', 'I', 'M', 'J', 'R', 'N', 'L', VERSION}, BYTE_ORDER_MARK};

static bool failed(char **problem, const Journal *journal, const char *what)
{
    *problem = g_strdup_printf("cannot %s %s: %s", what, journal->path, g_strerror(errno));
    return false;
}

static bool refused(char **problem, const Journal *journal, const char *what)
{
    *problem = g_strdup_printf("%s %s", journal->path, what);
    return false;
}

/* ---- CRC-32C (Castagnoli), eight bytes at a time ---- */

static void crc_tables(uint32_t table[8][256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
        table[0][i] = crc;
    }
    for (int t = 1; t < 8; t++)
        for (uint32_t i = 0; i < 256; i++)
            table[t][i] = (table[t - 1][i] >> 8) ^ table[0][table[t - 1][i] & 255];
}

static uint32_t crc_add(uint32_t (*const table)[256], uint32_t crc, const void *data, size_t length)
{
    const uint8_t *at = data;
    for (; length >= 8; at += 8, length -= 8) {
        crc ^=
            (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        crc = table[7][crc & 255] ^ table[6][crc >> 8 & 255] ^ table[5][crc >> 16 & 255] ^
              table[4][crc >> 24] ^ table[3][at[4]] ^ table[2][at[5]] ^ table[1][at[6]] ^
              table[0][at[7]];
    }
    for (; length > 0; at++, length--)
        crc = (crc >> 8) ^ table[0][(crc ^ *at) & 255];
    return crc;
}

static uint32_t record_crc(const Journal *journal, const void *payload, uint32_t length)
{
    uint32_t crc = crc_add(journal->crc, UINT32_MAX, &length, sizeof length);
    return ~crc_add(journal->crc, crc, payload, length);
}

/* ---- Reading and writing whole ---- */

/* How many bytes could be read; -1 with errno on an error. */
static ssize_t read_at(int fd, uint64_t offset, void *out, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t got = pread(fd, (char *)out + done, length - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static bool write_at(int fd, uint64_t offset, const void *data, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t put = pwrite(fd, (const char *)data + done, length - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

/* A whole record at `offset`: its payload (g_free), or NULL. */
static char *read_record(const Journal *journal, uint64_t offset, uint64_t file_size,
                         uint32_t *length)
{
    RecordHead head;
    if (read_at(journal->fd, offset, &head, sizeof head) != sizeof head ||
        head.length > JOURNAL_RECORD_MAX || offset + sizeof head + head.length > file_size)
        return NULL;
    char *payload = g_malloc(head.length + 1);
    if (read_at(journal->fd, offset + sizeof head, payload, head.length) != (ssize_t)head.length ||
        record_crc(journal, payload, head.length) != head.crc) {
        g_free(payload);
        return NULL;
    }
    *length = head.length;
    return payload;
}

static bool write_record(Journal *journal, const void *payload, size_t length)
{
    RecordHead head = {(uint32_t)length, record_crc(journal, payload, (uint32_t)length)};
    char *bytes = g_malloc(sizeof head + length);
    memcpy(bytes, &head, sizeof head);
    memcpy(bytes + sizeof head, payload, length);
    bool good = write_at(journal->fd, journal->size, bytes, sizeof head + length);
    int error = errno;
    g_free(bytes);
    errno = error;
    return good;
}

/* ---- Opening ---- */

static bool lock(const Journal *journal, short type, char **problem)
{
    struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
    if (fcntl(journal->fd, F_OFD_SETLK, &whole) == 0)
        return true;
    if (errno == EAGAIN || errno == EACCES)
        return refused(problem, journal, "is in use by another process");
    return failed(problem, journal, "lock");
}

static bool file_size(const Journal *journal, uint64_t *size, char **problem)
{
    struct stat info;
    if (fstat(journal->fd, &info) != 0)
        return failed(problem, journal, "read");
    if (!S_ISREG(info.st_mode))
        return refused(problem, journal, "is not a regular file");
    *size = (uint64_t)info.st_size;
    return true;
}

static void sync_directory(const char *path)
{
    char *directory = g_path_get_dirname(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* some file systems cannot: then there is nothing to do */
        close(fd);
    }
    g_free(directory);
}

static bool begin_anew(Journal *journal, const void *header, size_t length, char **problem)
{
    journal->fresh = true;
    journal->size = sizeof file_head;
    bool good = ftruncate(journal->fd, 0) == 0 &&
                write_at(journal->fd, 0, &file_head, sizeof file_head) &&
                write_record(journal, header, length) && fsync(journal->fd) == 0;
    if (!good) {
        failed(problem, journal, "write");
        if (ftruncate(journal->fd, 0) != 0)
            return false;
        return false;
    }
    sync_directory(journal->path);
    journal->size += sizeof(RecordHead) + length;
    journal->header = g_memdup2(header, length);
    journal->header_length = length;
    return true;
}

/* Is it a journal of this version and byte order? *torn: so short that it may become one. */
static bool check_head(const Journal *journal, uint64_t size, bool *torn, char **problem)
{
    FileHead head = {0};
    ssize_t got = read_at(journal->fd, 0, &head, sizeof head);
    if (got < 0)
        return failed(problem, journal, "read");
    *torn = false;
    static const FileHead zero;
    if (size < sizeof head || memcmp(&head, &zero, sizeof head) == 0) {
        *torn = true;
        size_t some = MIN((size_t)got, sizeof head.format);
        bool ours = memcmp(&head, &file_head, some) == 0 || memcmp(&head, &zero, some) == 0;
        return ours || refused(problem, journal, "is not a journal");
    }
    if (memcmp(head.format, FORMAT, strlen(FORMAT)) != 0)
        return refused(problem, journal, "is not a journal");
    if (head.format[7] != VERSION)
        return refused(problem, journal, "was written by another version: its format is not read");
    if (head.order != BYTE_ORDER_MARK)
        return refused(problem, journal, "was written on a machine with another byte order");
    return true;
}

static bool prepare(Journal *journal, const char *path, int flags, short type, char **problem)
{
    *journal = (Journal){.path = g_strdup(path), .fd = -1};
    journal->crc = g_malloc(8 * sizeof *journal->crc);
    crc_tables(journal->crc);
    journal->fd = open(path, flags | O_CLOEXEC, 0666);
    if (journal->fd >= 0)
        return lock(journal, type, problem);
    return failed(problem, journal, "open");
}

/* The header that is there. False without a problem if it is not whole. */
static bool find_header(Journal *journal, uint64_t size)
{
    uint32_t length = 0;
    journal->header = read_record(journal, sizeof file_head, size, &length);
    if (journal->header == NULL)
        return false;
    journal->header_length = length;
    journal->size = sizeof file_head + sizeof(RecordHead) + length;
    return true;
}

static bool open_locked(Journal *journal, const void *header, size_t length, char **problem)
{
    uint64_t size;
    bool torn;
    if (!file_size(journal, &size, problem) || !check_head(journal, size, &torn, problem))
        return false;
    uint64_t whole = sizeof file_head + sizeof(RecordHead) + length;
    if (!torn && find_header(journal, size))
        return true;
    if (size <= whole)
        return begin_anew(journal, header, length, problem);
    return refused(problem, journal, "is damaged: its header does not match its checksum");
}

bool journal_open(Journal *journal, const char *path, const void *header, size_t length,
                  char **problem)
{
    SIM_CHECK(length <= JOURNAL_RECORD_MAX);
    if (prepare(journal, path, O_RDWR | O_CREAT, F_WRLCK, problem) &&
        open_locked(journal, header, length, problem))
        return true;
    journal_close(journal);
    return false;
}

bool journal_open_read(Journal *journal, const char *path, char **problem)
{
    uint64_t size;
    bool torn;
    bool good = prepare(journal, path, O_RDONLY, F_RDLCK, problem) &&
                file_size(journal, &size, problem) && check_head(journal, size, &torn, problem) &&
                ((!torn && find_header(journal, size)) ||
                 refused(problem, journal, "has no header: nothing was written yet"));
    if (!good)
        journal_close(journal);
    return good;
}

bool journal_recover(Journal *journal, JournalVisit visit, void *data, char **problem)
{
    uint64_t size;
    if (!file_size(journal, &size, problem))
        return false;
    while (journal->size < size) {
        uint32_t length;
        char *payload = read_record(journal, journal->size, size, &length);
        bool good =
            payload != NULL && visit(data, journal->size + sizeof(RecordHead), payload, length);
        g_free(payload);
        if (!good)
            break;
        journal->size += sizeof(RecordHead) + length;
        journal->records++;
    }
    journal->cut = size - journal->size;
    bool writes = (fcntl(journal->fd, F_GETFL) & O_ACCMODE) == O_RDWR;
    if (journal->cut > 0 && writes && ftruncate(journal->fd, (off_t)journal->size) != 0)
        return failed(problem, journal, "cut");
    return true;
}

/* ---- Use ---- */

bool journal_append(Journal *journal, const void *payload, size_t length, uint64_t *offset,
                    char **problem)
{
    SIM_CHECK(length <= JOURNAL_RECORD_MAX && !journal->failed);
    if (!write_record(journal, payload, length)) {
        failed(problem, journal, "write");
        journal->failed = true;
        if (ftruncate(journal->fd, (off_t)journal->size) != 0)
            journal->cut = 1; /* the next start will cut it */
        return false;
    }
    *offset = journal->size + sizeof(RecordHead);
    journal->size += sizeof(RecordHead) + length;
    journal->records++;
    return true;
}

bool journal_sync(Journal *journal, char **problem)
{
    if (fdatasync(journal->fd) == 0)
        return true;
    journal->failed = true;
    return failed(problem, journal, "write");
}

bool journal_read(const Journal *journal, uint64_t offset, void *out, size_t length, char **problem)
{
    ssize_t got = read_at(journal->fd, offset, out, length);
    if (got < 0)
        return failed(problem, journal, "read");
    if ((size_t)got < length)
        return refused(problem, journal, "has become shorter");
    return true;
}

void journal_close(Journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    g_free(journal->path);
    g_free(journal->header);
    g_free(journal->crc);
    *journal = (Journal){.fd = -1};
}
