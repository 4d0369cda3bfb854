/*
 * decide: answers of people, and every other way to leave `pending`.
 *
 * All of them end in one function that changes the state by compare-and-set
 * and writes, in the same transaction, the audit event and every delivery that
 * follows from it.
 */
#ifndef DECIDE_H
#define DECIDE_H

#include "intent.h"
#include "lib/arena.h"
#include "store.h"

enum { DECIDE_REFUSALS_MAX = 100 /* audited of a person and an intent */ };

/* One answer on its way. */
struct deciding {
	struct decision decision;
	bool dry_run; /* only whether it would count */
	bool cancels; /* it takes back; only for intent_decide_refused */
	struct arena *arena;
	/* Checks that the asker wants in the same transaction; or NULL. */
	enum rc (*check)(struct tx *, struct deciding *, const struct intent *,
	    struct fault *);
	void *check_arg;
	/* Results: */
	struct intent intent; /* as it is afterwards; id "" if unknown */
	struct vote *votes;
	int votes_n;
	bool settled; /* this answer settled it; else it was counted */
	struct fault fault;
};

/*
 * A store_job over a struct deciding. Refusals are audited, but for floods.
 * RC_NOT_FOUND;
 * RC_CONFLICT: settled already (the intent says by whom) or a digest that is
 * not the intent's; RC_EXPIRED; RC_FORBIDDEN: may not decide, with a reason
 * code; RC_DUPLICATE: this person has answered; RC_INVALID: no such option, or
 * a reason is missing.
 */
store_job intent_decide;

/* Taking back. A store_job over a struct deciding, of which only intent_id,
 * person, name, via and reason count. Refusals are audited. */
store_job intent_cancel;

/*
 * A refusal that was made before the store was asked (an agent key that tried
 * to decide). A store_job over a struct deciding whose fault is filled in.
 */
store_job intent_decide_refused;

/* From the sweep: ends a pending intent whose time is over. */
enum rc intent_expire(struct tx *, const char *id, struct arena *,
    struct fault *) MUST_CHECK;

#endif
