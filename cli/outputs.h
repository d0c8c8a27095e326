/* A study's result as files: --json, --csv and --markdown, the same in every command that has them.
 *
 * A command puts the OUTPUT_… lines it has into its table and an OutputOptions into its struct,
 * opens before the waiting and writes after it. A file is whole or absent (cli/outfile.h).
 */
#ifndef CLI_OUTPUTS_H
#define CLI_OUTPUTS_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/options.h"
#include "cli/outfile.h"

typedef struct OutputOptions {
    const char *json, *csv, *markdown; /* files; "-": stdout instead of the report; NULL: none */
} OutputOptions;

#define OUTPUT_JSON(type, member)                                                                  \
    {                                                                                              \
        0, "json", "FILE", OPTION_OR_DASH, offsetof(type, member.json), 0, 0,                      \
            "the result as JSON; to stdout instead of the report without FILE"                     \
    }
#define OUTPUT_CSV(type, member, text)                                                             \
    {                                                                                              \
        0, "csv", "FILE", OPTION_TEXT, offsetof(type, member.csv), 0, 0,                           \
            text "; \"-\": to stdout instead of the report"                                        \
    }
#define OUTPUT_MARKDOWN(type, member)                                                              \
    {                                                                                              \
        0, "markdown", "FILE", OPTION_TEXT, offsetof(type, member.markdown), 0, 0,                 \
            "a summary in Markdown"                                                                \
    }

enum { OUTPUT_KINDS = 3 };
typedef void (*OutputPut)(const void *result, FILE *out);

typedef struct Outputs {
    OutFile file[OUTPUT_KINDS]; /* JSON, CSV, Markdown */
} Outputs;

/* What is wrong with the options; NULL if nothing. */
const char *outputs_misuse(const OutputOptions *options);
/* The report goes to stdout: none of the files does. */
bool outputs_text(const OutputOptions *options);
/* False with *problem (g_free): a file cannot be written; nothing is open then. */
bool outputs_open(Outputs *outputs, const OutputOptions *options, char **problem);
/* put: how to write JSON, CSV, Markdown. False with *problem as above. */
bool outputs_write(Outputs *outputs, const OutputPut put[OUTPUT_KINDS], const void *result,
                   char **problem);
void outputs_discard(Outputs *outputs);

#endif
