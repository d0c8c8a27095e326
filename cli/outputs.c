#include "cli/outputs.h"

#include <string.h>

static int to_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

static int count_stdout(const OutputOptions *options)
{
    return to_stdout(options->json) + to_stdout(options->csv) + to_stdout(options->markdown);
}

const char *outputs_misuse(const OutputOptions *options)
{
    return count_stdout(options) > 1 ? "only one result can go to standard output" : NULL;
}

bool outputs_text(const OutputOptions *options)
{
    return count_stdout(options) == 0;
}

bool outputs_open(Outputs *outputs, const OutputOptions *options, char **problem)
{
    const char *const paths[OUTPUT_KINDS] = {options->json, options->csv, options->markdown};
    *outputs = (Outputs){0};
    for (size_t i = 0; i < OUTPUT_KINDS; i++) {
        if (paths[i] == NULL || outfile_open(&outputs->file[i], paths[i], problem))
            continue;
        outputs_discard(outputs);
        return false;
    }
    return true;
}

bool outputs_write(Outputs *outputs, const OutputPut put[OUTPUT_KINDS], const void *result,
                   char **problem)
{
    bool good = true;
    for (size_t i = 0; i < OUTPUT_KINDS && good; i++) {
        if (outputs->file[i].file == NULL)
            continue;
        put[i](result, outputs->file[i].file);
        good = outfile_commit(&outputs->file[i], problem);
    }
    outputs_discard(outputs);
    return good;
}

void outputs_discard(Outputs *outputs)
{
    for (size_t i = 0; i < OUTPUT_KINDS; i++)
        if (outputs->file[i].file != NULL)
            outfile_discard(&outputs->file[i]);
}
