/* failsim sweep: every point of a scenario's sweep, on threads, ranks or shards, resumable. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cluster.h"
#include "cli/command.h"
#include "cli/crew.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/precise.h"
#include "cli/sweep_ci.h"
#include "cli/sweep_out.h"
#include "cli/sweep_progress.h"

enum { RUNS_MAX = 100000000, JOBS_MAX = 1024, SHARDS_MAX = 10000, HASH_BYTES = 64 };

typedef struct SweepOptions {
    OptionNumber runs, seed, jobs;
    GPtrArray *sets;
    const char *shard;
    PreciseOptions precise;
    SweepOutOptions out;
} SweepOptions;

#define FIELD(name) offsetof(SweepOptions, name)

static const OptionSpec sweep_specs[] = {
    {'r', "runs", "N", OPTION_NUMBER, FIELD(runs), 1, RUNS_MAX,
     "replications of each point (else the scenario's run.replications)"},
    {0, "seed", "S", OPTION_NUMBER, FIELD(seed), 0, INT64_MAX - 1,
     "of all points (else the scenario's run.seed)"},
    {0, "set", "KEY=VALUE", OPTION_LIST, FIELD(sets), 0, 0,
     "as if the scenario said so; may be repeated"},
    {'j', "jobs", "N", OPTION_NUMBER, FIELD(jobs), 0, JOBS_MAX,
     "threads (0, the default: one a processor; under mpirun 1 a rank)"},
    PRECISE_OPTIONS(SweepOptions, precise),
    {'o', "output", "DIR", OPTION_TEXT, FIELD(out.directory), 0, 0,
     "results and the journal that a second start goes on from (needed)"},
    {0, "shard", "I/N", OPTION_TEXT, FIELD(shard), 0, 0,
     "do part I of N only (from 1); then: failsim merge DIR"},
    {0, "json", "FILE", OPTION_OR_DASH, FIELD(out.json), 0, 0,
     "result.json, here too; to stdout instead of the table without FILE"},
    {0, "csv", "FILE", OPTION_TEXT, FIELD(out.csv), 0, 0, "one row a point; \"-\": to stdout"},
    {'q', "quiet", NULL, OPTION_FLAG, FIELD(out.quiet), 0, 0, "the verdict only"},
    CI_OPTIONS(SweepOptions, out.ci),
    {0, "no-color", NULL, OPTION_FLAG, FIELD(out.no_color), 0, 0,
     "also NO_COLOR=1; colour is used on a terminal only"},
};

typedef struct Sweep {
    const Command *command;
    SweepOptions options;
    DesignPlan plan;
    GPtrArray *files, *sets, *of;
    Sources sources;
    Design *design;
    Store store;
    SweepCi ci;
    bool has_ci;
    Cluster cluster;
} Sweep;

/* ---- Before anything is simulated ---- */

static bool parse_shard(const char *text, DesignPlan *plan)
{
    plan->shard = plan->shards = 1;
    if (text == NULL)
        return true;
    char *end;
    if (!g_ascii_isdigit(*text))
        return false;
    guint64 shard = g_ascii_strtoull(text, &end, 10);
    if (*end != '/' || !g_ascii_isdigit(end[1]))
        return false;
    guint64 shards = g_ascii_strtoull(end + 1, &end, 10);
    plan->shard = (uint32_t)shard;
    plan->shards = (uint32_t)shards;
    return *end == '\0' && shard >= 1 && shard <= shards && shards <= SHARDS_MAX;
}

static char *misuse(const Sweep *sweep)
{
    const SweepOutOptions *out = &sweep->options.out;
    const CiOptions *ci = &out->ci;
    bool asked = out->json != NULL || out->csv != NULL || ci->junit != NULL ||
                 ci->markdown != NULL || ci->ndjson != NULL || ci->ci != NULL ||
                 ci->inconclusive != NULL;
    if (sweep->plan.shards > 1 && asked)
        return g_strdup("a shard has no results yet: give --json, --csv, --junit, --markdown, "
                        "--ndjson, --ci and --inconclusive to failsim merge");
    char *problem = precise_misuse(&sweep->options.precise, sweep->options.runs.given);
    return problem != NULL ? problem : sweep_out_misuse(out);
}

static ExitCode parse(Sweep *sweep, int argc, char **argv)
{
    const Command *command = sweep->command;
    SweepOptions *options = &sweep->options;
    g_autofree char *problem = NULL;
    options->sets = sweep->sets;
    options->precise.of = sweep->of;
    if (!options_parse(sweep_specs, G_N_ELEMENTS(sweep_specs), options, argc, argv, sweep->files,
                       &problem))
        return command_misused(command, "%s", problem);
    if (sweep->files->len != 1)
        return command_misused(command, "needs one scenario FILE");
    if (options->out.directory == NULL)
        return command_misused(command, "needs -o DIR for the results and the journal");
    if (!parse_shard(options->shard, &sweep->plan))
        return command_misused(command, "--shard takes I/N with I from 1 to N, not \"%s\"",
                               options->shard);
    if (sweep->cluster.size > 1 && strcmp(sweep->files->pdata[0], "-") == 0)
        return command_misused(command, "\"-\" cannot be read by several ranks");
    problem = misuse(sweep);
    return problem != NULL ? command_misused(command, "%s", problem) : EXIT_MET;
}

/* Every point has something whose precision is wanted. */
static ExitCode check_targets(const Sweep *sweep)
{
    const Design *design = sweep->design;
    for (uint32_t p = 0; p < design->point_count && design->precision > 0; p++) {
        PrecisionRule rule;
        precise_point_rule(design, &design->point[p], &rule);
        bool some = rule.count > 0;
        precise_clear(&rule);
        if (some)
            continue;
        g_autofree char *name = design_case(design, &design->point[p]);
        return command_misused(sweep->command,
                               "%s expects no mean and no quantile, whose precision could be "
                               "wanted; add --precision-of METRIC.STAT",
                               name);
    }
    return EXIT_MET;
}

static ExitCode read_design(Sweep *sweep)
{
    sources_read(&sweep->sources, sweep->files, sweep->sets);
    sources_read_points(&sweep->sources, sweep->sets);
    if (sweep->sources.errors > 0)
        return EXIT_USAGE;
    const Source *source = &sweep->sources.items[0];
    const SweepOptions *options = &sweep->options;
    sweep->plan.seed =
        options->seed.given ? (uint64_t)options->seed.value : scenario_seed(source->scenario);
    sweep->plan.runs = options->runs.given ? (uint32_t)options->runs.value
                                           : scenario_replications(source->scenario);
    precise_plan(&options->precise, &sweep->plan);
    sweep->design = design_new(source, sweep->sets, &sweep->plan);
    store_init(&sweep->store, sweep->design);
    return check_targets(sweep);
}

static ExitCode tell(ExitCode code, char *problem)
{
    fprintf(stderr, "failsim: %s\n", problem);
    g_free(problem);
    return code;
}

static ExitCode open_store(Sweep *sweep)
{
    char *problem = NULL;
    if (!store_open(&sweep->store, sweep->options.out.directory, &problem))
        return tell(sweep->store.foreign ? EXIT_USAGE : EXIT_IO, problem);
    if (sweep->options.out.quiet)
        return EXIT_MET;
    if (sweep->store.cut > 0)
        fprintf(stderr, "failsim: dropped %" G_GUINT64_FORMAT " bytes of an unfinished record\n",
                sweep->store.cut);
    if (sweep->store.runs > 0) {
        g_autofree char *runs = format_count((double)sweep->store.runs);
        fprintf(stderr, "failsim: going on; %s runs are there\n", runs);
    }
    return EXIT_MET;
}

static ExitCode open_ci(Sweep *sweep)
{
    char *problem = NULL;
    sweep->has_ci = true;
    return sweep_ci_open(&sweep->ci, &sweep->store, &sweep->options.out, &problem)
               ? EXIT_MET
               : tell(EXIT_IO, problem);
}

static void design_digest(const Design *design, char digest[HASH_BYTES])
{
    g_autoptr(GBytes) bytes = design_to_bytes(design);
    g_autofree char *hex = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    memcpy(digest, hex, HASH_BYTES);
}

/* Rank 0 checks first and alone tells what is wrong; then the others must find the same. */
static ExitCode prepare(Sweep *sweep, int argc, char **argv)
{
    char digest[HASH_BYTES] = "", own[HASH_BYTES];
    ExitCode code = EXIT_MET;
    if (sweep->cluster.rank > 0) {
        cluster_share(&sweep->cluster, digest);
        if (digest[0] == '\0')
            return EXIT_MET;
    }
    code = parse(sweep, argc, argv);
    if (code == EXIT_MET)
        code = read_design(sweep);
    if (code == EXIT_MET && sweep->cluster.rank == 0)
        code = open_store(sweep);
    if (code == EXIT_MET && sweep->cluster.rank == 0 && sweep->plan.shards == 1)
        code = open_ci(sweep);
    if (code == EXIT_MET)
        design_digest(sweep->design, own);
    if (sweep->cluster.rank == 0) {
        if (code == EXIT_MET)
            memcpy(digest, own, HASH_BYTES);
        cluster_share(&sweep->cluster, digest);
        if (code != EXIT_MET)
            return code;
    } else if (code == EXIT_MET && memcmp(digest, own, HASH_BYTES) != 0) {
        code = tell(EXIT_USAGE, g_strdup_printf("rank %d reads another scenario than rank 0",
                                                sweep->cluster.rank));
    }
    return (ExitCode)cluster_worst(&sweep->cluster, (int)code);
}

/* ---- The work ---- */

static ExitCode report(Sweep *sweep, bool stopped)
{
    const Design *design = sweep->design;
    const SweepOptions *options = &sweep->options;
    if (design->shards == 1) {
        ExitCode code = sweep_out(&sweep->store, &options->out, &sweep->ci);
        return stopped ? command_worse(code, EXIT_INTERRUPTED) : code;
    }
    g_autofree char *runs = format_count((double)sweep->store.runs);
    printf("%s: shard %u/%u: %s runs %s", design->name, design->shard, design->shards, runs,
           stopped ? "so far, interrupted\n" : "done");
    if (!stopped)
        printf("; when all are: failsim merge %s\n", options->out.directory);
    return stopped ? EXIT_INTERRUPTED : EXIT_MET;
}

static CrewPlan crew_plan(Sweep *sweep)
{
    const OptionNumber *jobs = &sweep->options.jobs;
    uint32_t threads = (uint32_t)jobs->value;
    if (sweep->cluster.begun && !jobs->given)
        threads = 1;
    return (CrewPlan){.source = &sweep->sources.items[0],
                      .sets = sweep->sets,
                      .store = &sweep->store,
                      .cluster = &sweep->cluster,
                      .threads = threads};
}

static ExitCode work(Sweep *sweep)
{
    CrewPlan plan = crew_plan(sweep);
    if (sweep->cluster.rank > 0) {
        crew_help(&plan);
        return EXIT_MET;
    }
    SweepProgress progress =
        sweep_progress_make(sweep->design->name, sweep->store.runs, sweep->options.out.quiet);
    plan.progress = sweep_progress_step;
    plan.progress_data = &progress;
    plan.point_done = sweep->has_ci ? sweep_ci_point_done : NULL;
    plan.point_data = &sweep->ci;
    bool stopped;
    char *problem = NULL;
    bool good = crew_run(&plan, &stopped, &problem);
    sweep_progress_clear(&progress);
    if (good)
        return report(sweep, stopped);
    g_autofree char *runs = format_count((double)sweep->store.runs);
    fprintf(stderr, "failsim: %s\n  %s runs are kept; start again to go on\n", problem, runs);
    g_free(problem);
    return EXIT_IO;
}

static ExitCode sweep_run(const Command *command, int argc, char **argv)
{
    Sweep sweep = {.command = command};
    char *problem = NULL;
    if (!cluster_begin(&sweep.cluster, &problem)) {
        ExitCode code = command_misused(command, "%s", problem);
        g_free(problem);
        return code;
    }
    interrupt_catch();
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is told like a full disk */
    sweep.files = g_ptr_array_new();
    sweep.sets = g_ptr_array_new();
    sweep.of = g_ptr_array_new();
    ExitCode code = prepare(&sweep, argc, argv);
    if (code == EXIT_MET && sweep.design != NULL)
        code = work(&sweep);
    if (sweep.has_ci)
        code = sweep_ci_close(&sweep.ci, code);
    if (sweep.store.journals != NULL)
        store_clear(&sweep.store);
    design_free(sweep.design);
    sources_clear(&sweep.sources);
    g_ptr_array_free(sweep.files, TRUE);
    g_ptr_array_free(sweep.sets, TRUE);
    g_ptr_array_free(sweep.of, TRUE);
    cluster_end(&sweep.cluster);
    return code;
}

const Command command_sweep = {
    .name = "sweep",
    .usage = "FILE",
    .text = "every point of the scenario's sweep; resumable, on any number of machines",
    .notes =
        "What is swept stands in the scenario (failsim explain sweep); without, it is one point.\n"
        "All points have the same arrivals and faults: what differs is the effect of the keys.\n"
        "DIR: result.json, points.csv, points.md, and a journal to which every few runs are\n"
        "appended. Stopped in any way, the same command goes on where it was. A kill costs the\n"
        "runs in hand; a loss of power at most a second more. The results are the same bytes for\n"
        "any number of threads, interruptions, shards (--shard, failsim merge) and ranks (mpirun\n"
        "-n N failsim sweep …, built with make MPI=1).\n"
        "--precision: every point runs until its own intervals are narrow enough, as in\n"
        "failsim run; a shard then has whole points.\n"
        "In a pipeline: --junit, --markdown, --ci auto; a suite a point, its name tells the "
        "point.\n",
    .options = sweep_specs,
    .option_count = G_N_ELEMENTS(sweep_specs),
    .run = sweep_run,
};
