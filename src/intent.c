#include "intent.h"

#include <assert.h>
#include <string.h>

#include "lib/json.h"

const char *const urgency_words[] = {"low", "normal", "high", "critical", NULL};
const char *const outcome_words[] = {"approve", "deny", "other", NULL};

static const char *const state_names[INTENT_STATES] = {
    [INTENT_PENDING] = "pending",
    [INTENT_APPROVED] = "approved",
    [INTENT_DENIED] = "denied",
    [INTENT_RESOLVED] = "resolved",
    [INTENT_EXPIRED] = "expired",
    [INTENT_CANCELLED] = "cancelled",
    [INTENT_BLOCKED] = "blocked",
};

static const char *const execution_names[EXECUTION_STATES] = {
    [EXECUTION_NONE] = "none",
    [EXECUTION_LEASED] = "leased",
    [EXECUTION_SUCCEEDED] = "succeeded",
    [EXECUTION_FAILED] = "failed",
    [EXECUTION_LAPSED] = "lapsed",
};

const char *
intent_state_name(enum intent_state state)
{
	assert(state < INTENT_STATES);
	return state_names[state];
}

enum rc
intent_state_parse(const char *name, enum intent_state *out)
{
	for (int i = 0; i < INTENT_STATES; i++) {
		if (strcmp(name, state_names[i]) == 0) {
			*out = (enum intent_state)i;
			return RC_OK;
		}
	}
	return RC_INVALID;
}

bool
intent_state_is_final(enum intent_state state)
{
	return state != INTENT_PENDING;
}

const char *
execution_state_name(enum execution_state state)
{
	assert(state < EXECUTION_STATES);
	return execution_names[state];
}

enum rc
execution_state_parse(const char *name, enum execution_state *out)
{
	for (int i = 0; i < EXECUTION_STATES; i++) {
		if (strcmp(name, execution_names[i]) == 0) {
			*out = (enum execution_state)i;
			return RC_OK;
		}
	}
	return RC_INVALID;
}

const char *
outcome_name(enum outcome outcome)
{
	assert(outcome < OUTCOMES);
	return outcome_words[outcome];
}

const char *
urgency_name(enum urgency urgency)
{
	return urgency_words[urgency];
}

void
intent_digest(struct arena *a, const struct intent *in,
    char out[CRYPTO_SHA256_HEX])
{
	CLEANUP(json_drop) json_t *o =
	    json_pack("{s:s, s:s?, s:s, s:s?, s:s, s:s?, s:s, s:s}", "agent",
		in->agent_id, "owner", in->owner, "destination",
		in->destination, "onBehalfOf", in->on_behalf_of,
		"payload_sha256", in->payload_sha256, "metadata", in->metadata,
		"policy", in->policy_id, "policy_version", in->policy_version);
	const char *text;
	size_t len;

	assert(o != NULL);
	if (in->has_record_count) {
		(void)json_object_set_new(o, "recordCount",
		    json_integer(in->record_count));
	}
	if (in->has_value_usd) {
		(void)json_object_set_new(o, "valueUsd",
		    json_real(in->value_usd));
	}
	text = json_canonical(a, o, &len);
	crypto_sha256_hex(text, len, out);
}
