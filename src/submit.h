/*
 * submit: from a draft to a stored intent.
 *
 * intent_prepare() does all that needs no transaction, on the thread that
 * asked: policy, risk, plan, digest. intent_submit() is the job that stores the
 * intent, its audit events and every delivery it owes.
 */
#ifndef SUBMIT_H
#define SUBMIT_H

#include "agent.h"
#include "delivery.h"
#include "intent.h"
#include "policy.h"
#include "policy_load.h"
#include "quota.h"
#include "store.h"
#include "store_intent.h"
#include "vault.h"

/* Where the people of a plan are asked; the outbox knows the channels. */
typedef void find_asks(void *ctx, const struct plan *, struct people *,
    struct arena *, struct ask **out, size_t *n);

struct submit_env {
	struct policy_set *policies; /* borrowed while the submission lives */
	const struct vault *vault;
	find_asks *asks;
	/* Whether a channel is on that guests are asked over; or NULL. */
	bool (*has_channel)(void *ctx, const char *name);
	void *asks_ctx;
	/* For drafts that name none; NULL = the built-in one. */
	const char *policy;
};

struct submission {
	/* Prepared: */
	struct intent asked; /* id, times and state are the job's */
	struct verdict verdict;
	const char *payload;
	size_t payload_len;
	long long ttl_s;
	const struct ask *asks;
	size_t asks_n;
	struct intent_submit_key key;
	const char *webhook_url; /* callback_url, or NULL */
	int webhook_attempts;
	const struct quota *quota; /* of the key that asks; NULL = none */
	bool view_link;
	const struct vault *vault;
	struct arena *arena;
	bool can_be_approved;
	const char *submitted_data; /* of the audit events, canonical */
	const char *checked_data;
	/* The job's results: */
	struct intent intent; /* as stored, or the first of a repeat */
	/* Shows the intent; decides where its plan has a holder of a link. */
	const char *view_token; /* NULL unless view_link */
	bool replayed; /* intent is the first answer to this Idempotency-Key */
	struct fault fault;
};

/*
 * RC_INVALID names what is wrong in the draft (an unknown policy is the field
 * "policy"). Everything the submission points to lives in the arena or as
 * long as the policies and the draft.
 */
enum rc intent_prepare(const struct submit_env *, const struct draft *,
    const struct agent *, const char *request_sha256, struct arena *,
    struct submission *out, struct fault *) MUST_CHECK;

/*
 * A store_job over a struct submission. RC_DUPLICATE: idempotency_key was used;
 * intent is then the first one. RC_INVALID (field "Idempotency-Key"): that key
 * came with another body. RC_LIMITED, RC_FORBIDDEN: see agent_add_pending() and
 * quota_use().
 */
store_job intent_submit;

#endif
