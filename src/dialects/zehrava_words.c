/*
 * The words that this product has for states.
 */
#include <assert.h>
#include <string.h>

#include "zehrava.h"

static const struct {
	const char *status;
	const char *approval; /* when people were asked */
} states[INTENT_STATES] = {
    [INTENT_PENDING] = {"pending_approval", "waiting_input"},
    [INTENT_APPROVED] = {"approved", "answered"},
    [INTENT_DENIED] = {"blocked", "answered"},
    [INTENT_RESOLVED] = {"resolved", "answered"},
    [INTENT_EXPIRED] = {"expired", "expired"},
    [INTENT_CANCELLED] = {"blocked", "cancelled"},
    [INTENT_BLOCKED] = {"blocked", NULL},
};

static const struct {
	const char *intent; /* its status then; NULL = that of its state */
	const char *execution;
} executions[EXECUTION_STATES] = {
    [EXECUTION_NONE] = {NULL, "none"},
    [EXECUTION_LEASED] = {"scheduled", "scheduled"},
    [EXECUTION_SUCCEEDED] = {"succeeded", "succeeded"},
    [EXECUTION_FAILED] = {"failed", "failed"},
    [EXECUTION_LAPSED] = {"failed", "expired"},
};

enum { ANY = -1 };

/* What a word asks for; each of the product's first, then finer ones. */
static const struct {
	const char *word;
	int state, execution;
	const char *or_states, *or_executions;
} filters[] = {
    {"pending_approval", INTENT_PENDING, ANY, NULL, NULL},
    {"approved", INTENT_APPROVED, EXECUTION_NONE, NULL, NULL},
    {"blocked", INTENT_BLOCKED, ANY, "denied cancelled", NULL},
    {"scheduled", ANY, EXECUTION_LEASED, NULL, NULL},
    {"succeeded", ANY, EXECUTION_SUCCEEDED, NULL, NULL},
    {"failed", ANY, EXECUTION_FAILED, NULL, "lapsed"},
    {"expired", INTENT_EXPIRED, ANY, NULL, NULL},
    {"resolved", INTENT_RESOLVED, ANY, NULL, NULL},
    {"rejected", INTENT_DENIED, ANY, NULL, NULL},
    {"cancelled", INTENT_CANCELLED, ANY, NULL, NULL},
    {"pending", INTENT_PENDING, ANY, NULL, NULL},
};

const struct option *
zehrava_option(const struct intent *in, int i)
{
	return i >= 0 && i < in->options_n ? &in->options[i] : NULL;
}

const struct option *
zehrava_chosen(const struct intent *in)
{
	return zehrava_option(in, in->chosen);
}

const char *
zehrava_decision(enum intent_state state)
{
	assert(state < INTENT_STATES);
	return states[state].status;
}

const char *
zehrava_status(const struct intent *in)
{
	assert(in->execution < EXECUTION_STATES);
	return in->execution != EXECUTION_NONE
	    ? executions[in->execution].intent
	    : zehrava_decision(in->state);
}

const char *
zehrava_approval_state(const struct intent *in)
{
	return in->verdict == INTENT_PENDING ? states[in->state].approval
					     : NULL;
}

const char *
zehrava_execution_status(enum execution_state state)
{
	assert(state < EXECUTION_STATES);
	return executions[state].execution;
}

const char *
zehrava_block_reason(struct arena *a, const struct intent *in)
{
	switch (in->state) {
	case INTENT_APPROVED:
		return NULL;
	case INTENT_RESOLVED:
		assert(zehrava_chosen(in) != NULL);
		return arena_printf(a, "chose: %s", zehrava_chosen(in)->label);
	case INTENT_DENIED:
		return in->reason != NULL ? in->reason : "Rejected by reviewer";
	case INTENT_CANCELLED:
		return in->reason != NULL ? in->reason : "Approval cancelled";
	default:
		return in->reason;
	}
}

const char *
zehrava_answer(const struct intent *in)
{
	switch (in->state) {
	case INTENT_APPROVED:
		return "APPROVE";
	case INTENT_DENIED:
		return "REJECT";
	case INTENT_RESOLVED:
		assert(zehrava_chosen(in) != NULL);
		return zehrava_chosen(in)->label;
	default:
		return NULL;
	}
}

/* By the way it was decided: people may be called anything. */
const char *
zehrava_decider(const struct intent *in)
{
	const char *via = in->decided_via;

	if (via != NULL &&
	    (strcmp(via, "policy") == 0 || strcmp(via, "clock") == 0)) {
		return "system";
	}
	return in->decided_name;
}

enum rc
zehrava_filter(const char *word, struct intent_filter *out, struct fault *f)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		if (strcmp(word, filters[i].word) == 0) {
			out->state = filters[i].state;
			out->execution = filters[i].execution;
			out->or_states = filters[i].or_states;
			out->or_executions = filters[i].or_executions;
			return RC_OK;
		}
	}
	return fault_set(f, RC_INVALID, "status",
	    "must be one of pending_approval, approved, blocked, scheduled, "
	    "succeeded, failed, expired, resolved, rejected, cancelled");
}
