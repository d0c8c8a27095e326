/* failsim: find the command, let it work, make sure that what it printed arrived. */
#include <gsl/gsl_errno.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/outfile.h"

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static ExitCode dispatch(int argc, char **argv)
{
    if (argc < 2) {
        help_overview(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        help_overview(stdout);
        return EXIT_MET;
    }
    if (strcmp(name, "--version") == 0) {
        printf("failsim %s\n", FAILSIM_VERSION);
        return EXIT_MET;
    }
    const Command *command = command_find(name);
    if (command == NULL)
        return command_unknown(name);
    if (wants_help(argc - 2, argv + 2)) {
        help_command(stdout, command);
        return EXIT_MET;
    }
    return command->run(command, argc - 2, argv + 2);
}

int main(int argc, char **argv)
{
    /* Only characters follow the locale; numbers must not. */
    setlocale(LC_CTYPE, "");
    /* A reader that has gone must not take result files with it. */
    signal(SIGPIPE, SIG_IGN);
    /* A report is written at once, so that an error still has its cause. */
    static char buffer[1 << 18];
    if (!isatty(STDOUT_FILENO))
        setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    gsl_set_error_handler_off();
    ExitCode code = dispatch(argc, argv);
    g_autofree char *problem = NULL;
    if (!outfile_flush_stdout(&problem)) {
        fprintf(stderr, "failsim: %s\n", problem);
        code = EXIT_IO;
    }
    return (int)code;
}
