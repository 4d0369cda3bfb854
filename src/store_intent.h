/*
 * store_intent: rows of intents and votes.
 *
 * Reading works on any connection, writing inside a job. Strings of what is
 * read live in the arena that is passed.
 */
#ifndef STORE_INTENT_H
#define STORE_INTENT_H

#include "intent.h"
#include "store.h"

/* How a repeated submit is recognised. */
struct intent_submit_key {
	const char *idempotency_header; /* header Idempotency-Key, or NULL */
	const char *request_sha256;	/* hex; of the body; or NULL */
};

/* RC_DUPLICATE when one of the idempotency keys was used by this agent. */
enum rc store_intent_insert(struct tx *, const struct intent *,
    const struct intent_submit_key *, struct fault *) MUST_CHECK;
/* Without payload_sealed; RC_NOT_FOUND. */
enum rc store_intent_get(struct db *, const char *id, struct arena *,
    struct intent *out, struct fault *) MUST_CHECK;
/* The sealed payload; NULL and 0 once erased. RC_NOT_FOUND: no intent. */
enum rc store_intent_payload(struct db *, const char *id, struct arena *,
    const void **out, size_t *len, struct fault *) MUST_CHECK;
/* By a key of the body, or of the header (then with its request digest). */
enum rc store_intent_by_key(struct db *, const char *agent_id, const char *key,
    struct arena *, struct intent *out, struct fault *) MUST_CHECK;
enum rc store_intent_by_header(struct db *, const char *agent_id,
    const char *key, struct arena *, struct intent *out,
    const char **request_sha256, struct fault *) MUST_CHECK;

/*
 * From pending to in->state, together with chosen, reason, decided_*, settled
 * and the counts; erases the payload where the intent wants that.
 * RC_CONFLICT when the row is not pending any more.
 */
enum rc store_intent_settle(struct tx *, struct intent *, struct fault *)
    MUST_CHECK;
/* Stores the counts of votes of an intent that stays pending. */
enum rc store_intent_tally(struct tx *, struct intent *, struct fault *)
    MUST_CHECK;
/* Stores execution and execution_id; RC_CONFLICT unless it was `from`. */
enum rc store_intent_execution(struct tx *, struct intent *,
    enum execution_state from, struct fault *) MUST_CHECK;
/* Erases the payload. Erasing twice is fine. */
enum rc store_intent_purge(struct tx *, const char *id, struct fault *)
    MUST_CHECK;

struct intent_filter {
	const char *agent_id; /* NULL = of all */
	int state;	      /* enum intent_state, or -1 = any */
	int execution;	      /* enum execution_state, or -1 = any */
	/* Names of further ones that fit too, blank-separated; or NULL. */
	const char *or_states, *or_executions;
	const char *before; /* ids below this one; NULL = from the newest */
	int limit;
};
/* Newest first. */
enum rc store_intent_list(struct db *, const struct intent_filter *,
    struct arena *, struct intent **out, int *n, struct fault *) MUST_CHECK;
/* Those that can still be decided, soonest to expire first. */
enum rc store_intent_waiting(struct db *, long long now_ms, int limit,
    struct arena *, struct intent **out, int *n, struct fault *) MUST_CHECK;
/* How many this agent made since then. */
enum rc store_intent_count_since(struct db *, const char *agent_id,
    long long since_ms, long long *out, struct fault *) MUST_CHECK;
/* Ids of pending intents whose time is over, earliest first. */
enum rc store_intent_overdue(struct db *, long long now_ms, int limit,
    struct arena *, const char ***out, int *n, struct fault *) MUST_CHECK;
/* The earliest deadline of a pending intent; RC_NOT_FOUND. */
enum rc store_intent_next_deadline(struct db *, long long *out, struct fault *)
    MUST_CHECK;
/* Ids settled before then whose payload is still kept. */
enum rc store_intent_unpurged(struct db *, long long before_ms, int limit,
    struct arena *, const char ***out, int *n, struct fault *) MUST_CHECK;

/* RC_DUPLICATE: this person has voted. */
enum rc store_vote_insert(struct tx *, const char *intent_id,
    const struct vote *, const char *assurance, struct fault *) MUST_CHECK;
enum rc store_vote_list(struct db *, const char *intent_id, struct arena *,
    struct vote **out, int *n, struct fault *) MUST_CHECK;

#endif
