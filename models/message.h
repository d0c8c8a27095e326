/* The words that the platform's components say to each other.
 *
 * Every handler table starts with these kinds; a component's own timers follow from MSG_KINDS.
 * A message that is about a payment carries its PaymentRef in `subject` and one hold on it
 * (models/ledger.h): the handler that takes the message takes the hold, and passes it on or
 * releases it. The hold of request, reply, resolve and route is the attempt's (Payment.in_flight):
 * it ends with ledger_attempt_over. A message dropped on the way ends its hold through
 * message_dropped.
 */
#ifndef MODELS_MESSAGE_H
#define MODELS_MESSAGE_H

#include <stdbool.h>

#include "models/ledger.h"
#include "sim/engine.h"

enum { REGION_ACTIVE, REGION_PASSIVE, REGIONS }; /* the roles before any failover */
#define REGION_NONE 255

/* kind               subject     value         tag       extra */
typedef enum MessageKind {
    MSG_REQUEST,  /* payment   -             attempt   RequestExtra */
    MSG_REPLY,    /* payment   -             attempt   status | region << 8 */
    MSG_RESOLVE,  /* payment   -             attempt   user */
    MSG_ROUTE,    /* payment   ttl (ns)      attempt   region */
    MSG_WRITE,    /* payment   -             keyed     request slot */
    MSG_WRITTEN,  /* payment   -             status    request slot */
    MSG_PRODUCE,  /* payment   sequence, 0   partition request slot, NO_REQUEST: no answer wanted */
    MSG_PRODUCED, /* payment   status        retriable request slot */
    MSG_END_TXN,  /* transaction TxnEnd or init */
    MSG_TXN_ENDED,   /* transaction status      retriable - */
    MSG_FETCH,       /* fetcher index: park until there is something to read */
    MSG_RECORDS,     /* fetcher tag: there is something to read */
    MSG_PROBE,       /* prober    probe number  ask      - ; `sender` is the prober */
    MSG_PROBE_REPLY, /* prober    probe number  healthy   region */
    MSG_METRICS,     /* answered   failed    -         probe number : counters, at a scrape */
    MSG_LINK,        /* -         1 up, 0 down  : a watched link changed */
    MSG_ROLE,        /* -         writable 0/1  : a database tells what it is; control answers.
                        To an application: active 0/1; tag: the control plane's answer */
    MSG_ROLE_QUERY,  /* region: a database that came up asks the control plane. From an application:
                        value 1, it has been made the active one; tag 1 */
    MSG_COMMAND,     /* step      duration (ns) action    command_extra */
    MSG_DONE,        /* step      0 done, 1 failed : what became of the commanded action */
    MSG_KINDS
} MessageKind;

/* tag of MSG_PROBE: what application.health says, or whether the process runs at all, or the first
 * and its counters beside. */
enum { PROBE_HEALTH, PROBE_ALIVE, PROBE_METRICS };

#define NO_REQUEST UINT32_MAX

/* What a runbook's step tells a component to do (tag of MSG_COMMAND). A runbook moves service `to`
 * a region, from the other one (MSG_COMMAND's extra); most steps are that region's component's. */
typedef enum Action {
    ACTION_FENCE,            /* control plane: the other region's database may write no more */
    ACTION_PROMOTE,          /* database */
    ACTION_SWITCH_KAFKA,     /* kafka: takes producers' writes */
    ACTION_RESUME_CONSUMERS, /* consumers */
    ACTION_REROUTE,          /* router: prefers `to` */
    ACTION_STOP_CONSUMERS,   /* the other region's consumers: commit, leave their groups */
    ACTION_DEMOTE_KAFKA,     /* the other region's kafka: refuses producers from now on */
    ACTION_AWAIT_DATABASE,   /* database: done when it has all that the primary committed */
    ACTION_AWAIT_MIRROR,     /* the mirror into `to`: done when nothing is left to copy */
    ACTION_SEED_DATABASE,    /* database: a full copy of the other one's, then its standby */
    ACTION_START_MIRROR,     /* the mirror into `to` begins */
    ACTION_RESTORE_BACKUP,   /* database: from its last backup, then it may be promoted */
    ACTION_SCALE_OUT,        /* application: from stand-by to full capacity */
    ACTION_CONFIGURE,        /* application: configuration and secrets as `to` needs them */
    ACTION_REJOIN_KAFKA,     /* kafka of `to`: back from its outage, it is a standby */
    ACTION_REJOIN_CONSUMERS, /* consumers of `to`: back from its outage, they stand by */
    ACTION_REVERSE_MIRROR, /* the mirror out of `to` begins: the other region is protected again */
    ACTION_RECONCILE,      /* what the cut left inconsistent is worked off */
    ACTIONS
} Action;

/* extra of MSG_COMMAND */
static inline uint32_t command_extra(uint32_t to, bool planned)
{
    return to | (planned ? 1u << 8 : 0);
}

static inline uint32_t command_to(uint32_t extra)
{
    return extra & 0xff;
}

/* Nothing has failed: a switchover, in which nothing may be lost. */
static inline bool command_planned(uint32_t extra)
{
    return extra >> 8 & 1;
}

static inline uint32_t other_region(uint32_t region)
{
    return REGIONS - 1 - region;
}

/* MSG_PRODUCE's value: number of a record in its partition, from 1, in a session of the producer;
 * and, if its `sender` is not 0, which transaction of the transactional.id `sender` - 1 it belongs
 * to. 0: none of it. */
#define TXN_SERIALS 512

static inline int64_t producer_sequence(uint32_t session, int64_t number)
{
    return (int64_t)(session & 0x3fffff) << 32 | number;
}

static inline uint32_t producer_session(int64_t sequence)
{
    return (uint32_t)(sequence >> 32) & 0x3fffff;
}

static inline int64_t producer_number(int64_t sequence)
{
    return sequence & UINT32_MAX;
}

static inline int64_t producer_in_transaction(int64_t sequence, uint32_t serial)
{
    return sequence | (int64_t)(serial % TXN_SERIALS) << 54;
}

static inline uint32_t producer_transaction(int64_t value)
{
    return (uint32_t)(value >> 54);
}

/* Subject of MSG_END_TXN and its answer: which transaction (serial) of which transactional.id. */
static inline uint64_t txn_name(uint32_t slot, uint32_t serial)
{
    return (uint64_t)slot << 32 | serial % TXN_SERIALS;
}

/* Value of MSG_END_TXN; or that all are to be aborted that began before a process came back. */
typedef enum TxnEnd { TXN_ABORT, TXN_COMMIT } TxnEnd;

static inline int64_t txn_init(SimTime up_at)
{
    return -1 - up_at;
}

typedef enum Status {
    STATUS_OK,
    STATUS_ALREADY, /* the idempotency key is known: applied before */
    STATUS_REFUSED, /* definitely not done */
    STATUS_ERROR,   /* nobody knows whether it was done */
    STATUS_REAUTH   /* unknown session: log in again */
} Status;

/* extra of MSG_REQUEST: the session's region, the edge that the user enters by, and whether the
 * request carries an idempotency key. */
static inline uint32_t request_extra(uint32_t session_region, uint32_t edge, bool keyed)
{
    return session_region | (edge & 0x7fff) << 8 | (keyed ? 1u << 31 : 0);
}

/* The affinity cookie: the region that answered this user last, if the router set one. */
static inline uint32_t request_add_cookie(uint32_t extra, uint32_t region)
{
    return region < REGIONS ? extra | (region + 1) << 23 : extra;
}

static inline uint32_t request_cookie(uint32_t extra)
{
    uint32_t cookie = extra >> 23 & 3;
    return cookie > 0 ? cookie - 1 : REGION_NONE;
}

static inline uint32_t request_session(uint32_t extra)
{
    return extra & 0xff;
}

static inline uint32_t request_edge(uint32_t extra)
{
    return extra >> 8 & 0x7fff;
}

#define SESSION_FRESH 254 /* opened just now, by whichever region gets the request */

static inline bool request_session_known(uint32_t extra, uint32_t region)
{
    uint32_t session = request_session(extra);
    return session == region || session == SESSION_FRESH;
}

/* It has been passed on by the other region's application, to which the answer goes. */
static inline uint32_t request_forwarded_on(uint32_t extra)
{
    return extra | 1u << 30;
}

static inline bool request_forwarded(uint32_t extra)
{
    return extra >> 30 & 1;
}

static inline bool request_keyed(uint32_t extra)
{
    return extra >> 31;
}

static inline uint32_t reply_extra(Status status, uint32_t region)
{
    return (uint32_t)status | region << 8;
}

#endif
