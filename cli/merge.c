/* failsim merge: the journals of a sweep's shards to the results of the whole. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/format.h"
#include "cli/sweep_ci.h"
#include "cli/sweep_out.h"

typedef struct MergeOptions {
    bool partial;
    SweepOutOptions out;
} MergeOptions;

#define FIELD(name) offsetof(MergeOptions, name)

static const OptionSpec merge_specs[] = {
    {'o', "output", "DIR", OPTION_TEXT, FIELD(out.directory), 0, 0,
     "where the results go (default: the DIR, if it is one)"},
    {0, "partial", NULL, OPTION_FLAG, FIELD(partial), 0, 0,
     "with what is there, labelled partial, if shards are missing"},
    {0, "json", "FILE", OPTION_OR_DASH, FIELD(out.json), 0, 0,
     "result.json, here too; to stdout instead of the table without FILE"},
    {0, "csv", "FILE", OPTION_TEXT, FIELD(out.csv), 0, 0, "one row a point; \"-\": to stdout"},
    CI_OPTIONS(MergeOptions, out.ci),
    {'q', "quiet", NULL, OPTION_FLAG, FIELD(out.quiet), 0, 0, "the verdict only"},
    {0, "no-color", NULL, OPTION_FLAG, FIELD(out.no_color), 0, 0,
     "also NO_COLOR=1; colour is used on a terminal only"},
};

typedef struct Merge {
    MergeOptions options;
    GPtrArray *paths; /* char *, of journals */
    Design *design;   /* of the first journal, as one shard of one */
    char *first;      /* its path */
    uint32_t shards;  /* into which the work was cut, by the first */
    bool *seen;       /* by shard of `shards`, from 0 */
    Store store;
} Merge;

static ExitCode tell(ExitCode code, char *problem)
{
    fprintf(stderr, "failsim merge: %s\n", problem);
    g_free(problem);
    return code;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of their names: which is first decides nothing but messages. */
static bool find_in(Merge *merge, const char *directory, char **problem)
{
    GError *error = NULL;
    GDir *dir = g_dir_open(directory, 0, &error);
    if (dir == NULL) {
        *problem = g_strdup_printf("cannot read %s: %s", directory, error->message);
        g_error_free(error);
        return false;
    }
    GPtrArray *found = g_ptr_array_new();
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        if (g_str_has_suffix(name, ".journal"))
            g_ptr_array_add(found, g_build_filename(directory, name, NULL));
    g_dir_close(dir);
    g_ptr_array_sort(found, by_name);
    bool any = found->len > 0;
    g_ptr_array_extend_and_steal(merge->paths, found);
    if (!any)
        *problem = g_strdup_printf("%s holds no journal of a sweep", directory);
    return any;
}

/* The first journal's design is the whole's. */
static void begin_with(Merge *merge, Design *there, const char *path)
{
    merge->first = g_strdup(path);
    merge->shards = there->shards;
    merge->seen = g_new0(bool, there->shards);
    there->shard = there->shards = 1;
    merge->design = there;
    store_init(&merge->store, merge->design);
}

static bool check_same(const Merge *merge, const Design *there, const char *path, char **problem)
{
    g_autofree char *difference = design_difference(there, merge->design, false);
    if (difference == NULL)
        return true;
    *problem =
        g_strdup_printf("%s and %s are of different studies (%s)", path, merge->first, difference);
    return false;
}

static bool add_journal(Merge *merge, const char *path, char **problem)
{
    Journal journal;
    if (!journal_open_read(&journal, path, problem))
        return false;
    Design *there = design_from_bytes(journal.header, journal.header_length);
    if (there == NULL || strcmp(there->version, FAILSIM_VERSION) != 0) {
        *problem =
            g_strdup_printf("%s was written by failsim %s, this is %s", path,
                            there != NULL ? there->version : "of another version", FAILSIM_VERSION);
        design_free(there);
        journal_close(&journal);
        return false;
    }
    Design shard = *there; /* the numbers only */
    bool first = merge->design == NULL;
    if (first)
        begin_with(merge, there, path);
    else if (!check_same(merge, there, path, problem)) {
        design_free(there);
        journal_close(&journal);
        return false;
    }
    if (shard.shards == merge->shards)
        merge->seen[shard.shard - 1] = true;
    bool good = store_add(&merge->store, &journal, &shard, problem);
    if (!first)
        design_free(there);
    return good;
}

/* ---- What is missing ---- */

static void tell_missing_shard(const Merge *merge, uint32_t shard)
{
    const Design *design = merge->design;
    uint64_t units = 0, missing = 0;
    for (uint64_t unit = 0; unit < design_units(design); unit++) {
        const StorePoint *point = &merge->store.point[design_unit_point(design, unit)];
        if (design_shard(design, unit, merge->shards) != shard ||
            design_unit_first(design, unit) >= point->look)
            continue;
        units++;
        missing += store_has(&merge->store, unit) ? 0 : 1;
    }
    if (missing == 0)
        return;
    if (!merge->seen[shard])
        fprintf(stderr, "  shard %u/%u: there is no journal of it\n", shard + 1, merge->shards);
    else
        fprintf(stderr,
                "  shard %u/%u: not finished (%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                " blocks of runs); start it again\n",
                shard + 1, merge->shards, units - missing, units);
}

static bool is_complete(const Merge *merge)
{
    const Design *design = merge->design;
    if (merge->store.whole == design->point_count)
        return true;
    g_autofree char *there = format_count((double)merge->store.runs);
    g_autofree char *all = format_count((double)design->runs * design->point_count);
    if (design->precision > 0)
        fprintf(stderr, "failsim merge: %u of %u points are precise enough\n", merge->store.whole,
                design->point_count);
    else
        fprintf(stderr, "failsim merge: %s of %s runs are there\n", there, all);
    for (uint32_t shard = 0; shard < merge->shards; shard++)
        tell_missing_shard(merge, shard);
    if (!merge->options.partial)
        fputs("  or take what is there: --partial\n", stderr);
    return false;
}

/* ---- The command ---- */

static ExitCode merge_outputs(Merge *merge)
{
    SweepCi ci;
    char *problem = NULL;
    ExitCode code;
    if (!sweep_ci_open(&ci, &merge->store, &merge->options.out, &problem)) {
        code = tell(EXIT_IO, problem);
    } else {
        for (uint32_t p = 0; p < merge->design->point_count; p++)
            if (merge->store.point[p].whole)
                sweep_ci_point_done(&ci, p);
        code = sweep_out(&merge->store, &merge->options.out, &ci);
    }
    return sweep_ci_close(&ci, code);
}

static ExitCode merge_checked(Merge *merge, const GPtrArray *directories)
{
    char *problem = NULL;
    for (guint i = 0; i < directories->len; i++)
        if (!find_in(merge, directories->pdata[i], &problem))
            return tell(EXIT_USAGE, problem);
    for (guint i = 0; i < merge->paths->len; i++)
        if (!add_journal(merge, merge->paths->pdata[i], &problem))
            return tell(EXIT_USAGE, problem);
    if (!store_settle(&merge->store, &problem))
        return tell(EXIT_IO, problem);
    if (!is_complete(merge) && !merge->options.partial)
        return EXIT_USAGE;
    if (merge->options.out.directory == NULL)
        merge->options.out.directory = directories->pdata[0];
    if (g_mkdir_with_parents(merge->options.out.directory, 0777) != 0)
        return tell(EXIT_IO, g_strdup_printf("cannot write in %s: %s", merge->options.out.directory,
                                             g_strerror(errno)));
    return merge_outputs(merge);
}

static ExitCode merge_run(const Command *command, int argc, char **argv)
{
    g_autoptr(GPtrArray) directories = g_ptr_array_new();
    g_autofree char *problem = NULL;
    Merge merge = {.paths = g_ptr_array_new_with_free_func(g_free)};
    ExitCode code = EXIT_MET;
    if (!options_parse(merge_specs, G_N_ELEMENTS(merge_specs), &merge.options, argc, argv,
                       directories, &problem))
        code = command_misused(command, "%s", problem);
    else if ((problem = sweep_out_misuse(&merge.options.out)) != NULL)
        code = command_misused(command, "%s", problem);
    else if (directories->len == 0)
        code = command_misused(command, "needs the DIR of a sweep's shards");
    else if (directories->len > 1 && merge.options.out.directory == NULL)
        code = command_misused(command, "needs -o DIR: several were given");
    else
        code = merge_checked(&merge, directories);
    if (merge.design != NULL)
        store_clear(&merge.store);
    design_free(merge.design);
    g_free(merge.first);
    g_free(merge.seen);
    g_ptr_array_free(merge.paths, TRUE);
    return code;
}

const Command command_merge = {
    .name = "merge",
    .usage = "DIR...",
    .text = "the shards of a sweep to one result",
    .notes =
        "Reads every *.journal in the DIRs (failsim sweep --shard I/N -o DIR). The results "
        "are the\n"
        "same bytes as one process's. What is missing is an error that names the shards.\n"
        "--junit, --markdown, --ndjson and --ci say of the whole what `sweep` would have said.\n",
    .options = merge_specs,
    .option_count = G_N_ELEMENTS(merge_specs),
    .run = merge_run,
};
