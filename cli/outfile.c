#include "cli/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* stdio keeps that a write failed, not why. */
enum { FORGOTTEN = -1 };

static bool failed(char **problem, const char *path, int error)
{
    *problem = g_strdup_printf("cannot write %s: %s", path,
                               error == FORGOTTEN ? "a write failed (is the disk full?)"
                                                  : g_strerror(error));
    return false;
}

static bool is_pipe(FILE *file)
{
    struct stat info;
    return fstat(fileno(file), &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

/* 0: flushed, with no error now or earlier. FORGOTTEN: an earlier write failed. */
static int flush_error(FILE *file)
{
    errno = 0;
    bool bad = fflush(file) != 0;
    int error = errno;
    if (!bad && !ferror(file))
        return 0;
    return is_pipe(file) ? 0 : (error != 0 ? error : FORGOTTEN);
}

bool outfile_flush_stdout(char **problem)
{
    int error = flush_error(stdout);
    return error == 0 || failed(problem, "to standard output", error);
}

static bool open_temporary(OutFile *out, char **problem)
{
    out->temporary = g_strdup_printf("%s.XXXXXX", out->target);
    int fd = g_mkstemp_full(out->temporary, O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0)
        return failed(problem, out->target, errno);
    out->file = fdopen(fd, "w");
    if (out->file == NULL) {
        int error = errno;
        close(fd);
        g_unlink(out->temporary);
        return failed(problem, out->target, error);
    }
    return true;
}

static void release(OutFile *out)
{
    g_free(out->target);
    g_free(out->temporary);
    *out = (OutFile){0};
}

bool outfile_open(OutFile *out, const char *path, char **problem)
{
    *out = (OutFile){0};
    if (strcmp(path, "-") == 0) {
        out->file = stdout;
        out->target = g_strdup("to standard output");
        return true;
    }
    struct stat info;
    bool exists = stat(path, &info) == 0;
    bool special = exists && !S_ISREG(info.st_mode);
    char *real = exists ? realpath(path, NULL) : NULL;
    out->target = g_strdup(real != NULL ? real : path);
    free(real);
    bool opened;
    if (special) {
        out->file = fopen(out->target, "we");
        opened = out->file != NULL || failed(problem, out->target, errno);
    } else {
        opened = open_temporary(out, problem);
    }
    if (!opened)
        release(out);
    return opened;
}

static int close_checked(OutFile *out)
{
    int error = flush_error(out->file);
    if (error == 0 && out->temporary != NULL && fsync(fileno(out->file)) != 0)
        error = errno;
    if (fclose(out->file) != 0 && error == 0 && out->temporary != NULL)
        error = errno;
    if (error == 0 && out->temporary != NULL && g_rename(out->temporary, out->target) != 0)
        error = errno;
    return error;
}

bool outfile_commit(OutFile *out, char **problem)
{
    int error = out->file == stdout ? flush_error(stdout) : close_checked(out);
    if (error != 0 && out->temporary != NULL)
        g_unlink(out->temporary);
    bool good = error == 0 || failed(problem, out->target, error);
    release(out);
    return good;
}

void outfile_discard(OutFile *out)
{
    if (out->file != NULL && out->file != stdout)
        fclose(out->file);
    if (out->temporary != NULL)
        g_unlink(out->temporary);
    release(out);
}
