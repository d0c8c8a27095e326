/* What a sweep does: its points, how often each is run, how the work is cut, what is judged.
 *
 * Everything that results depend on or say is here, so that they can be written
 * without the scenario: it is the header of every journal, and `merge` needs no
 * more. Two journals belong together if their designs differ in the shard alone.
 *
 * The runs of a point are cut into blocks of equal length (the last may be
 * shorter); a unit is one block of one point, numbered point by point. Shard i of
 * n has the units u with u mod n = i - 1. With a wanted precision a point's number
 * of runs depends on its own results (sim/precision.h): `runs` is the most that it
 * may have, and a shard has whole points.
 */
#ifndef CLI_DESIGN_H
#define CLI_DESIGN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/source.h"

typedef struct DesignSetting {
    char *key, *value;
} DesignSetting;

typedef struct DesignExpect {
    Expect expect;
    char *text, *why;
    uint32_t line; /* in the scenario */
} DesignExpect;

typedef struct DesignPoint {
    uint32_t index; /* in the scenario's sweep, points left out counted */
    char *name;     /* "router.ttl=30s, users.rate=5/s"; "" without a sweep */
    DesignSetting *setting;
    size_t setting_count;
    DesignExpect *expect;
    size_t expect_count;
} DesignPoint;

typedef struct Design {
    char *version, *metrics; /* of failsim; SHA-256 of the table of metrics */
    char *name, *hash;       /* the scenario's */
    char *data;              /* SHA-256 of the CSV files of all points */
    char *file;              /* the scenario's, as given: for messages only */
    char **sets;             /* --set */
    uint64_t seed;
    uint32_t runs, block;
    double precision;       /* wanted of each point; 0: `runs` runs of each */
    uint32_t min_runs;      /* with a precision */
    char **of;              /* with a precision: METRIC.STAT; none: what is expected */
    uint32_t shard, shards; /* from 1 */
    DesignPoint *point;
    uint32_t point_count;
} Design;

typedef struct DesignPlan {
    uint64_t seed;
    uint32_t runs, shard, shards;
    double precision; /* and what belongs to it, as in Design */
    uint32_t min_runs;
    const GPtrArray *of;
} DesignPlan;

/* The source has been checked (sources_read_points). */
Design *design_new(const Source *source, const GPtrArray *sets, const DesignPlan *plan);
void design_free(Design *design);

/* As bytes and back; NULL if they are none of this version. */
GBytes *design_to_bytes(const Design *design);
Design *design_from_bytes(const void *bytes, size_t length);
/* Why results of `there` cannot go on as `here`, as "seed 42, here 43"; NULL if they can. g_free.
 */
char *design_difference(const Design *there, const Design *here, bool shards_too);

uint32_t design_blocks(const Design *design); /* of a point */
uint64_t design_units(const Design *design);
uint32_t design_unit_point(const Design *design, uint64_t unit);
uint32_t design_unit_first(const Design *design, uint64_t unit);             /* replication */
uint32_t design_unit_length(const Design *design, uint64_t unit);            /* replications */
bool design_has(const Design *design, uint64_t unit);                        /* this shard */
uint32_t design_shard(const Design *design, uint64_t unit, uint32_t shards); /* from 0 */

/* "name [router.ttl=30s]"; g_free. */
char *design_case(const Design *design, const DesignPoint *point);
/* Every key that some point sets, in the order of the sweep; g_strfreev. */
char **design_keys(const Design *design);
/* What a point sets a key to; NULL: the scenario's own. */
const char *design_value(const DesignPoint *point, const char *key);

#endif
