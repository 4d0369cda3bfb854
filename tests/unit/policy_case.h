/*
 * policy_case: a policy, what is asked of it, and its verdict.
 */
#ifndef POLICY_CASE_H
#define POLICY_CASE_H

#include "policy.h"

struct policy_case {
	const char *policy;	 /* text of the file, whose id is "p" */
	const char *payload;	 /* NULL = none */
	const char *destination; /* NULL = "x" */
	long long records;	 /* 0 = not given; -1 = given as 0 */
	const char *metadata;	 /* JSON text or NULL */
	const char *title, *description;
	enum intent_state state;
	enum policy_step step;
	const char *code, *reason; /* reason NULL = any */
};

#define PENDING(at, how, why) \
	.state = INTENT_PENDING, .step = (at), .code = (how), .reason = (why)
#define BLOCKED(at, how, why) \
	.state = INTENT_BLOCKED, .step = (at), .code = (how), .reason = (why)
#define APPROVED(why) \
	.state = INTENT_APPROVED, .step = STEP_COUNT, \
	.code = "approved_by_policy", .reason = (why)
#define AWAITING \
	PENDING(STEP_DEFAULT, "manual_review_required", "Awaiting review")
#define ONE_APPROVED \
	APPROVED("Record count 1 is within auto-approve threshold (5)")
#define FIELD(why) BLOCKED(STEP_FIELDS, "field_check_failed", why)
#define TERM(why)  BLOCKED(STEP_TERMS, "blocked_term_detected", why)

/* Policies that approve one record, so that a check that is missed shows. */
#define AUTO "auto_approve_under: 5\n"

/* The agent that asks unless a case says otherwise: agt_1, called ci. */
extern const struct policy_agent policy_case_agent;

/* The verdict. Its reason and notes outlive the policy; no other list does. */
struct verdict policy_case_judge(const struct policy_case *,
    const struct policy_agent *, struct arena *);
/* Fails the test when a case ends otherwise than it says. */
void policy_cases_run(const struct policy_case *, size_t n);

#endif
