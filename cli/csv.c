#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/results.h"

/* RFC 4180: quoted if it must be, quotes doubled. */
void results_csv_field(FILE *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"')
            fputc('"', out);
        fputc(*c, out);
    }
    fputc('"', out);
}

void results_csv_number(FILE *out, double value)
{
    char buffer[JSON_NUMBER_SIZE];
    if (isnan(value))
        return;
    if (isinf(value)) {
        fputs(value > 0 ? "inf" : "-inf", out);
        return;
    }
    json_shortest(value, buffer);
    fputs(buffer, out);
}

void results_csv_header(FILE *out)
{
    fputs("scenario,run", out);
    for (size_t m = 0; m < platform_metrics.count; m++) {
        fputc(',', out);
        results_csv_field(out, platform_metrics.specs[m].name);
    }
    fputc('\n', out);
}

void results_csv_rows(FILE *out, const Study *study)
{
    for (uint32_t run = 0; run < study->result.replications; run++) {
        results_csv_field(out, scenario_name(study->scenario));
        fprintf(out, ",%" PRIu32, run);
        for (size_t m = 0; m < platform_metrics.count; m++) {
            fputc(',', out);
            results_csv_number(out, study_value(study, run, m));
        }
        fputc('\n', out);
    }
}
