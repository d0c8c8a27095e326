/* failsim help: everything printed here comes from the command and option tables. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const char exit_text[] =
    "Exit codes\n"
    "  0    every expectation met (or none given)\n"
    "  1    an expectation failed\n"
    "  2    wrong command line or scenario: nothing was simulated, nothing written\n"
    "  3    inconclusive: no expectation failed, but one needs more runs to decide\n"
    "  4    a result could not be written\n"
    "  130  interrupted: what was done is printed, labelled partial\n";

void help_overview(FILE *out)
{
    fputs("failsim: what a regional failover does to payments, before it happens\n\n"
          "Usage: failsim COMMAND [OPTIONS]\n\n",
          out);
    for (size_t i = 0; i < command_count; i++) {
        g_autofree char *call = g_strdup_printf("%s %s", commands[i]->name, commands[i]->usage);
        fprintf(out, "  failsim %-22s %s\n", call, commands[i]->text);
    }
    fputs("  failsim --version\n\n", out);
    fputs(exit_text, out);
    fputs("\nStart with: failsim run scenarios/north-india-outage.yaml\n", out);
}

enum { FORM_COLUMNS = 24 };

/* "-r, --runs N" */
static char *option_form(const OptionSpec *option)
{
    GString *form = g_string_new(NULL);
    if (option->letter != 0)
        g_string_append_printf(form, "-%c, ", option->letter);
    else
        g_string_append(form, "    ");
    g_string_append_printf(form, "--%s", option->name);
    if (option->kind == OPTION_OR_DASH)
        g_string_append_printf(form, "[=%s]", option->argument);
    else if (option->argument != NULL)
        g_string_append_printf(form, " %s", option->argument);
    return g_string_free(form, FALSE);
}

void help_command(FILE *out, const Command *command)
{
    fprintf(out, "failsim %s: %s\n\nUsage: failsim %s", command->name, command->text,
            command->name);
    fprintf(out, "%s %s\n", command->option_count > 0 ? " [OPTIONS]" : "", command->usage);
    if (command->option_count > 0)
        fputs("\nOptions\n", out);
    for (size_t i = 0; i < command->option_count; i++) {
        g_autofree char *form = option_form(&command->options[i]);
        if (strlen(form) > FORM_COLUMNS)
            fprintf(out, "  %s\n  %*s %s\n", form, FORM_COLUMNS, "", command->options[i].text);
        else
            fprintf(out, "  %-*s %s\n", FORM_COLUMNS, form, command->options[i].text);
    }
    if (command->option_count > 0)
        fprintf(out, "  %-*s %s\n", FORM_COLUMNS, "-h, --help", "this text");
    if (command->notes[0] != '\0')
        fprintf(out, "\n%s", command->notes);
}

static ExitCode help_run(const Command *command, int argc, char **argv)
{
    if (argc > 1)
        return command_misused(command, "takes at most one command");
    if (argc == 0) {
        help_overview(stdout);
        return EXIT_MET;
    }
    const Command *wanted = command_find(argv[0]);
    if (wanted == NULL)
        return command_unknown(argv[0]);
    help_command(stdout, wanted);
    return EXIT_MET;
}

const Command command_help = {
    .name = "help",
    .usage = "[COMMAND]",
    .text = "this overview, or one command's options",
    .notes = "",
    .run = help_run,
};
