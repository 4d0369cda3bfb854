/*
 * policy: what may happen without people, what may not, and who is asked.
 *
 * A policy is loaded and checked by policy_load and never changes afterwards.
 * Evaluation is pure: the same policy, draft and agent give the same verdict.
 * The one thing that needs the store, the agent's rate limit, is left to the
 * caller through the verdict (see rate_per_hour).
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>

#include "intent.h"
#include "lib/arena.h"
#include "lib/rc.h"

struct policy; /* opaque: fields live in policy_impl.h */

/* The steps in the order in which they are judged. */
enum policy_step {
	STEP_DESTINATION,
	STEP_TYPE,
	STEP_ENVIRONMENT,
	STEP_RATE,
	STEP_FIELDS,
	STEP_TERMS,
	STEP_ALWAYS,
	STEP_COUNT,
	STEP_SCOPE,
	STEP_DEFAULT,
	STEPS
};

/* What the policy needs to know of the agent that asks. */
struct policy_agent {
	const char *id;
	const char *name;
	struct field_strings allowed_policies;	   /* empty = all */
	struct field_strings allowed_destinations; /* empty = all */
};

/* One line of `assent policy explain`: what a step saw. */
struct policy_note {
	enum policy_step step;
	bool decided; /* this step gave the verdict */
	const char *text;
};

struct verdict {
	enum intent_state state; /* APPROVED, BLOCKED or PENDING */
	enum policy_step step;	 /* that decided */
	const char *reason;	 /* in words; never NULL */
	const char *code;	 /* stable reason code; never NULL */
	/*
	 * Limits of the policy in force, 0 = none. When the verdict comes from
	 * a step behind STEP_RATE and the agent is at its limit, the caller
	 * replaces it by policy_rate_verdict().
	 */
	long long rate_per_hour;
	long long rate_per_day;
	struct risk risk;
	int required;
	int deny_threshold;
	bool self_approval;
	bool reason_required; /* of a denial */
	bool approve_reason;  /* of any answer */
	long long expiry_s;   /* cap on the life of the intent; 0 = none */
	struct field_strings approvers; /* persons and groups; may be empty */
	struct field_strings channels;
	/* One for each step, in order; "not reached" behind the verdict. */
	struct policy_note notes[STEPS + 2];
	int notes_n;
};

const char *policy_step_name(enum policy_step);
const char *policy_id(const struct policy *);
const char *policy_version(const struct policy *);

/*
 * Judges the draft. Doubt (a pattern that hits its limit) is PENDING, never
 * APPROVED. Strings of *out live in the arena or as long as the policy.
 * RC_INVALID only for what the draft itself gets wrong under this policy (a
 * profile that is missing or not filled in).
 */
enum rc policy_evaluate(const struct policy *, const struct draft *,
    const struct policy_agent *, struct arena *, struct verdict *out,
    struct fault *) MUST_CHECK;
/* Turns *v into the refusal for an agent that made `count` intents. */
void policy_rate_verdict(struct arena *, struct verdict *v, long long count,
    bool per_day, const char *agent_id);

#endif
