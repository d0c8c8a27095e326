/* Orphans: commits of an old primary that its successor never got.
 *
 *   keep     aside, for people: a file, or a conflict feed that somebody reads
 *   merge    into the present primary, if it can be reached; a row whose idempotency key is there
 *            already is dropped, one without a key is applied beside its retry's
 *   discard  overwritten, as by pg_rewind or a seeding without a look
 *
 * Sources: Azure Cosmos DB: writes that were not replicated when a region failed are in its
 * conflict feed when it is back, for the application to merge; Azure SQL: the old primary becomes a
 * secondary and is overwritten.
 */
#include "models/database_parts.h"

static const char *place(const Database *db)
{
    return db->world->region_name[db->region];
}

static void keep(Database *db, PaymentRef payment)
{
    World *world = db->world;
    ledger_row_orphaned(world->ledger, payment);
    db->facts.orphaned++;
    story_payment(world->story, world->ledger, payment, sim_now(world->sim),
                  "its row is found in the old primary in %s, and nowhere else", place(db));
}

static void merge(Database *db, PaymentRef payment, bool keyed)
{
    World *world = db->world;
    Database *into = db->peer;
    bool known = keyed && ledger_get(world->ledger, payment)->rows[into->region] > 0;
    story_payment(world->story, world->ledger, payment, sim_now(world->sim),
                  known ? "its row in the old primary in %s is dropped: its key is known in %s"
                        : "its row in the old primary in %s is merged into the database in %s",
                  place(db), place(into));
    if (known) {
        db->facts.conflicts++;
        return;
    }
    db->facts.merged++;
    database_adopt(into, payment, keyed);
}

static bool can_merge(const Database *db)
{
    return db->peer->role == ROLE_PRIMARY && !db->peer->superseded && database_reachable(db);
}

void database_orphan(Database *db, PaymentRef payment, bool keyed)
{
    switch ((DatabaseOrphans)db->config->orphans) {
    case ORPHANS_MERGE:
        if (can_merge(db)) {
            merge(db, payment, keyed);
            return;
        }
        break;
    case ORPHANS_DISCARD:
        db->facts.discarded++;
        return;
    case ORPHANS_KEEP:
        break;
    }
    keep(db, payment);
}

void database_tell_orphans(const Database *db, const DatabaseFacts *before)
{
    const DatabaseFacts *now = &db->facts;
    const struct {
        uint64_t count;
        const char *what;
    } became[] = {
        {now->orphaned - before->orphaned, "kept aside"},
        {now->merged - before->merged, "merged into it"},
        {now->conflicts - before->conflicts, "dropped, for a retry has their key"},
        {now->discarded - before->discarded, "thrown away"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(became); i++)
        if (became[i].count > 0)
            story_platform(db->world->story, sim_now(db->world->sim),
                           "%" G_GUINT64_FORMAT " commits reappear in %s that the new primary "
                           "never got: they are %s",
                           became[i].count, place(db), became[i].what);
}
