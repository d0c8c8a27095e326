/* failsim validate: every error of every file in one pass; nothing is simulated. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/format.h"
#include "cli/source.h"

typedef struct ValidateOptions {
    bool strict;
    GPtrArray *sets;
} ValidateOptions;

static const OptionSpec validate_specs[] = {
    {0, "strict", NULL, OPTION_FLAG, offsetof(ValidateOptions, strict), 0, 0,
     "warnings are errors"},
    {0, "set", "KEY=VALUE", OPTION_LIST, offsetof(ValidateOptions, sets), 0, 0,
     "as if the file said so; may be repeated"},
};

static void print_valid(const Sources *sources, bool strict)
{
    for (size_t i = 0; i < sources->count; i++) {
        const Scenario *scenario = sources->items[i].scenario;
        if (scenario == NULL || (strict && sources->items[i].warnings > 0))
            continue;
        g_autofree char *runs = format_plural(scenario_replications(scenario), "run");
        g_autofree char *expects = format_plural(scenario_expect_count(scenario), "expectation");
        g_autofree char *points = format_plural(sources->items[i].used, "point");
        bool sweep = sources->items[i].points > 0;
        printf("%s: valid: %s (%s, %s%s%s)\n", sources->items[i].file, scenario_name(scenario),
               expects, runs, sweep ? ", " : "", sweep ? points : "");
    }
}

static ExitCode validate(const Command *command, const GPtrArray *files,
                         const ValidateOptions *options)
{
    if (files->len == 0)
        return command_misused(command, "needs a scenario FILE (\"-\" for standard input)");
    Sources sources;
    sources_read(&sources, files, options->sets);
    sources_read_points(&sources, options->sets);
    sources_read_variants(&sources, options->sets);
    print_valid(&sources, options->strict);
    bool wrong = sources.errors > 0 || (options->strict && sources.warnings > 0);
    if (sources.errors + sources.warnings > 0) {
        g_autofree char *errors = format_plural(sources.errors, "error");
        g_autofree char *warnings = format_plural(sources.warnings, "warning");
        fprintf(stderr, "%s, %s%s\n", errors, warnings,
                wrong && sources.errors == 0 ? " (--strict: refused)" : "");
    }
    sources_clear(&sources);
    return wrong ? EXIT_USAGE : EXIT_MET;
}

static ExitCode validate_run(const Command *command, int argc, char **argv)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    g_autoptr(GPtrArray) sets = g_ptr_array_new();
    g_autofree char *problem = NULL;
    ValidateOptions options = {.sets = sets};
    if (!options_parse(validate_specs, G_N_ELEMENTS(validate_specs), &options, argc, argv, files,
                       &problem))
        return command_misused(command, "%s", problem);
    return validate(command, files, &options);
}

const Command command_validate = {
    .name = "validate",
    .usage = "FILE...",
    .text = "check scenarios only; all errors in one pass",
    .notes = "Errors and warnings go to stderr as file:line:column. Exit 0 valid, 2 not.\n",
    .options = validate_specs,
    .option_count = G_N_ELEMENTS(validate_specs),
    .run = validate_run,
};
