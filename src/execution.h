/*
 * execution: an approved intent is carried out once, and reported once.
 *
 * The agent leases it with a conditional update; the lease carries a token
 * that reports the outcome and is then used up. A lease that ends without a
 * report has lapsed: nobody knows whether it was carried out, and it is not
 * given out again.
 */
#ifndef EXECUTION_H
#define EXECUTION_H

#include "intent.h"
#include "lib/arena.h"
#include "store.h"

enum { EXECUTION_LEASE_S = 15 * 60 };

struct leasing {
	const char *intent_id;
	const char *agent_id; /* who asks; must own the intent */
	const char *agent_name;
	const char *mode;
	const char *payload_sha256; /* must match when given; or NULL */
	struct arena *arena;
	/* Results: */
	struct intent intent;
	struct execution execution; /* with the token */
	struct fault fault;
};

/*
 * A store_job over a struct leasing. RC_NOT_FOUND; RC_FORBIDDEN: not its
 * intent; RC_EXPIRED: the time to execute is over; RC_CONFLICT: not approved,
 * executed before, or (field "payload_sha256") another payload.
 */
store_job execution_lease;

struct reporting {
	const char *execution_id;
	const char *token;    /* gex_..., or NULL: then by agent_id */
	const char *agent_id; /* of the key that asks, or NULL */
	bool succeeded;
	const char *result; /* JSON text or NULL */
	struct arena *arena;
	/* Results: */
	struct execution execution;
	struct fault fault;
};

/*
 * A store_job over a struct reporting. RC_NOT_FOUND; RC_UNAUTHENTICATED: a
 * token that is not the lease's; RC_FORBIDDEN: not its execution; RC_CONFLICT:
 * reported before; RC_EXPIRED: the lease has ended.
 */
store_job execution_report;

/* From the sweep: ends a lease whose time is over. */
enum rc execution_lapse(struct tx *, const char *id, struct arena *,
    struct fault *) MUST_CHECK;

#endif
