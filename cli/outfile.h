/* A result file that is either complete or absent.
 *
 * Written under a temporary name in the target's directory; outfile_commit
 * checks every write, fsyncs and renames. "-" is stdout; a device or pipe is
 * written directly, since renaming onto it would replace it. A symbolic link
 * keeps pointing where it does. Every outfile_open that returned true is
 * followed by one commit or one discard. Errors: *problem (g_free) names file and reason.
 *
 * A reader that closed its pipe is no error: it has what it wanted.
 */
#ifndef CLI_OUTFILE_H
#define CLI_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct OutFile {
    FILE *file;
    char *target;
    char *temporary; /* NULL: written directly */
} OutFile;

bool outfile_open(OutFile *out, const char *path, char **problem);
bool outfile_commit(OutFile *out, char **problem);
void outfile_discard(OutFile *out);

/* May be called often; reports the first error that stdout ever had. */
bool outfile_flush_stdout(char **problem);

#endif
