/* What a pipeline wants of a study: JUnit, Markdown, annotations, an event stream.
 *
 * A command puts CI_OPTIONS into its table and a CiOptions into its struct, then: ci_misuse
 * (usage), ci_open (files that cannot be written are told before the waiting), the studies,
 * ci_close. Every expectation becomes a CiCase, whose name is stable: the expectation as written,
 * and the settings
 * (--set, a sweep's point, a variant) that make it differ from another of the same scenario; GitLab
 * ignores the second of two cases of one name.
 *
 * Nothing written here holds a time of day: the same study gives the same bytes. An inconclusive
 * case is an error in JUnit, as its exit code says, and skipped with --inconclusive pass.
 */
#ifndef CLI_CI_H
#define CLI_CI_H

#include <glib.h>
#include <stdio.h>

#include "cli/json.h"
#include "cli/options.h"
#include "cli/outfile.h"
#include "cli/study.h"

typedef struct CiOptions {
    const char *junit, *markdown, *ndjson; /* files; NULL: none */
    const char *ci;                        /* auto, github, azure, none; NULL: none */
    const char *inconclusive;              /* pass, fail; NULL: exit code 3 */
} CiOptions;

#define CI_OPTIONS(type, member)                                                                   \
    {0,                                                                                            \
     "junit",                                                                                      \
     "FILE",                                                                                       \
     OPTION_TEXT,                                                                                  \
     offsetof(type, member.junit),                                                                 \
     0,                                                                                            \
     0,                                                                                            \
     "JUnit XML: a suite a scenario, a case an expectation"},                                      \
        {0,                                                                                        \
         "markdown",                                                                               \
         "FILE",                                                                                   \
         OPTION_TEXT,                                                                              \
         offsetof(type, member.markdown),                                                          \
         0,                                                                                        \
         0,                                                                                        \
         "a summary in Markdown"},                                                                 \
        {0,                                                                                        \
         "ndjson",                                                                                 \
         "FILE",                                                                                   \
         OPTION_TEXT,                                                                              \
         offsetof(type, member.ndjson),                                                            \
         0,                                                                                        \
         0,                                                                                        \
         "events as they happen, a line of JSON each"},                                            \
        {0,                                                                                        \
         "ci",                                                                                     \
         "NAME",                                                                                   \
         OPTION_TEXT,                                                                              \
         offsetof(type, member.ci),                                                                \
         0,                                                                                        \
         0,                                                                                        \
         "annotations for github or azure; auto: by the environment; none (default)"},             \
    {                                                                                              \
        0, "inconclusive", "AS", OPTION_TEXT, offsetof(type, member.inconclusive), 0, 0,           \
            "pass: exit 0, fail: exit 1 (else 3) where runs are too few to decide"                 \
    }

typedef enum CiSystem { CI_NONE, CI_GITHUB, CI_AZURE } CiSystem;

/* Strings belong to the case. */
typedef struct CiCase {
    size_t suite; /* index */
    char *name;   /* unique within the suite */
    Verdict verdict;
    char *file;
    size_t line;   /* 0: unknown */
    char *subject; /* "rto.service.p95" */
    char *limit, *measured, *interval, *note, *why, *command;
} CiCase;

typedef struct CiSuite {
    char *name, *facts; /* the scenario's; "200 runs · seed 42" */
    char *hash;
    uint64_t seed;
    uint32_t runs;
    bool partial;
    guint first; /* case; a suite's cases are together */
} CiSuite;

typedef struct Ci {
    const CiOptions *options;
    CiSystem system;
    bool stdout_is_data; /* annotations go to stderr then */
    GPtrArray *suites;   /* CiSuite * */
    GPtrArray *cases;    /* CiCase * */
    GHashTable *names;   /* so that none is there twice */
    FILE *events;        /* NULL: none */
    OutFile junit, markdown;
    ExitCode undecided; /* what inconclusive exits with */
    /* Instead of the expectations' tables; may be NULL. */
    void (*put_markdown)(FILE *out, const void *data);
    const void *markdown_data;
} Ci;

/* What is wrong with the options; NULL if nothing. g_free. */
char *ci_misuse(const CiOptions *options);
/* False with *problem (g_free): a file cannot be written. Then, too, ci_close is called. */
bool ci_open(Ci *ci, const CiOptions *options, bool stdout_is_data, char **problem);
/* The code that --inconclusive makes of a code. */
ExitCode ci_exit(const Ci *ci, ExitCode code);
/* Around a study, for the event stream. A part of a size for it goes into the plan. */
void ci_study_begins(Ci *ci, const Scenario *scenario, const char *hash, const GPtrArray *sets,
                     StudyPlan *plan);
/* A study's expectations as cases; `label` (may be NULL) names it among others of its scenario. */
void ci_study_ends(Ci *ci, const Study *study, const char *label);
/* A case of another kind; takes ownership of its strings. ci_suite gives the suite's index. */
size_t ci_suite(Ci *ci, const Study *study, const char *label);
size_t ci_add_suite(Ci *ci, CiSuite suite); /* takes ownership of its strings */
void ci_case(Ci *ci, CiCase item);
/* Writes what was asked for; returns EXIT_MET or EXIT_IO (told on stderr). `code` is the command's.
 */
ExitCode ci_close(Ci *ci, ExitCode code);

/* The writers. */
void junit_write(FILE *out, const Ci *ci);
void markdown_write(FILE *out, const Ci *ci);
/* What a user wrote is text, not markup, and stays in its cell. */
void markdown_escaped(FILE *out, const char *text);
void annotate_write(FILE *out, const Ci *ci, ExitCode code);
void ndjson_study_begins(Ci *ci, const Scenario *scenario, const char *hash, const GPtrArray *sets,
                         const StudyPlan *plan);
void ndjson_progress(void *ci, uint32_t done);
void ndjson_study_ends(Ci *ci, const Study *study, const char *label);
void ndjson_end(Ci *ci, ExitCode code);
/* One event of another kind: an object on a line, to which the caller adds. */
void ndjson_open(Json *json, Ci *ci, const char *event);
void ndjson_close(Json *json, Ci *ci);

/* For the text of an annotation: "expected …, measured …": one line; g_free. */
char *ci_case_text(const CiCase *item);

#endif
