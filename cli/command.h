/* The command line: one table of commands, from which dispatch and help come.
 *
 * A new command is one file defining a `const Command` and one line in command.c.
 * Results go to stdout, everything else to stderr. Exit codes are few and
 * documented in `failsim help`; where several apply, the one that matters most
 * wins (command_worse).
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <glib.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/options.h"

typedef enum ExitCode {
    EXIT_MET = 0,   /* every expectation met, or nothing expected */
    EXIT_UNMET = 1, /* an expectation failed */
    EXIT_USAGE = 2, /* the command line or a scenario is wrong: nothing simulated or written */
    EXIT_INCONCLUSIVE = 3,  /* none failed, at least one cannot be decided */
    EXIT_IO = 4,            /* a result could not be written */
    EXIT_INTERRUPTED = 130, /* Ctrl-C: what was done is printed, labelled partial */
} ExitCode;

typedef struct Command Command;
struct Command {
    const char *name;
    const char *usage; /* what follows "failsim name" */
    const char *text;  /* one line */
    const char *notes; /* what help says after the options; ends with a newline, or "" */
    const OptionSpec *options;
    size_t option_count;
    ExitCode (*run)(const Command *command, int argc, char **argv); /* arguments after the name */
};

extern const Command command_sweep, command_merge;
extern const Command command_run, command_validate, command_explain, command_help;
extern const Command command_calibrate, command_tail, command_rank, command_choose;
extern const Command command_compare;

extern const Command *const commands[];
extern const size_t command_count;

const Command *command_find(const char *name); /* NULL if there is none */
ExitCode command_worse(ExitCode a, ExitCode b);

/* "failsim run: …" on stderr and where to read more. Always EXIT_USAGE. */
ExitCode command_misused(const Command *command, const char *format, ...) G_GNUC_PRINTF(2, 3);
ExitCode command_unknown(const char *name);

void help_overview(FILE *out);
void help_command(FILE *out, const Command *command);

#endif
