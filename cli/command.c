#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/diag.h"

/* One a line, so that two who add one do not meet. */
/* clang-format off */
const Command *const commands[] = {
    &command_run,
    &command_compare,
    &command_sweep,
    &command_merge,
    &command_choose,
    &command_rank,
    &command_tail,
    &command_calibrate,
    &command_validate,
    &command_explain,
    &command_help,
};
/* clang-format on */
const size_t command_count = G_N_ELEMENTS(commands);

const Command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* An interruption says more than a verdict, a lost result more than a failed expectation. */
ExitCode command_worse(ExitCode a, ExitCode b)
{
    static const ExitCode order[] = {EXIT_MET,   EXIT_INCONCLUSIVE, EXIT_UNMET,
                                     EXIT_USAGE, EXIT_INTERRUPTED,  EXIT_IO};
    ExitCode worst = EXIT_MET;
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        if (order[i] == a || order[i] == b)
            worst = order[i];
    return worst;
}

ExitCode command_misused(const Command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fprintf(stderr, "failsim %s: %s\n  See: failsim help %s\n", command->name, message,
            command->name);
    return EXIT_USAGE;
}

ExitCode command_unknown(const char *name)
{
    const char *names[G_N_ELEMENTS(commands)];
    for (size_t i = 0; i < command_count; i++)
        names[i] = commands[i]->name;
    const char *near = diag_suggest(name, names, command_count);
    bool file = strchr(name, '/') != NULL || g_str_has_suffix(name, ".yaml");
    fprintf(stderr, "failsim: unknown command \"%s\"", name);
    if (near != NULL)
        fprintf(stderr, "; did you mean \"%s\"?\n", near);
    else if (file)
        fprintf(stderr, "; did you mean \"failsim run %s\"?\n", name);
    else
        fprintf(stderr, "\n");
    fprintf(stderr, "  See: failsim help\n");
    return EXIT_USAGE;
}
