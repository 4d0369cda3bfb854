#include "tests/unit/card_samples.h"

#include <string.h>

const char card_payload_text[] = "to,amount\ndana,5000\n";

int
card_set_up(void **state)
{
	*state = arena_new();
	return 0;
}

int
card_tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

struct intent
card_waiting(void)
{
	static const char *approvers[] = {"dana", "lee", "sam"};
	static const char *excluded[] = {"sam"};
	static const char *tags[] = {"financial", "pii"};
	static const char *factors[] = {"high_risk_destination"};

	return (struct intent){
	    .id = "int_0123456789abcdef",
	    .agent_id = "agt_1",
	    .agent_name = "billing-bot",
	    .owner = "sam@example.com",
	    .destination = "stripe.refund",
	    .policy_id = "finance",
	    .policy_version = CARD_SHA,
	    .payload_type = "csv",
	    .payload_bytes = CARD_PAYLOAD_LEN,
	    .payload_sha256 = CARD_SHA,
	    .digest = CARD_DIGEST,
	    .has_record_count = true,
	    .record_count = 1200,
	    .has_value_usd = true,
	    .value_usd = 5000,
	    .tags = {tags, 2},
	    .urgency = URGENCY_HIGH,
	    .options = {{"Approve", OUTCOME_APPROVE}, {"Deny", OUTCOME_DENY}},
	    .options_n = 2,
	    .risk = {0.55, "high", {factors, 1}},
	    .plan =
		{
		    .approvers = {approvers, 3},
		    .excluded = {excluded, 1},
		    .required = 2,
		    .deny_threshold = 1,
		},
	    .verdict = INTENT_PENDING,
	    .verdict_reason = "requires approval for 1200 records",
	    .verdict_code = "approval_required",
	    .state = INTENT_PENDING,
	    .chosen = -1,
	    .created_ms = CARD_CREATED_MS,
	    .expires_ms = CARD_CREATED_MS + CARD_HOUR,
	};
}

const char *
card_name(void *ctx, const char *person)
{
	(void)ctx;
	if (strcmp(person, "dana") == 0) {
		return "Dana Li";
	}
	return strcmp(person, "lee") == 0 ? "Lee Wu" : NULL;
}

struct card
card_of(struct arena *a, const struct intent *in)
{
	struct card c;

	card_build(in, card_payload_text, CARD_PAYLOAD_LEN, 0, NULL, 0,
	    card_name, NULL, CARD_CREATED_MS, a, &c);
	return c;
}

const char *
card_fact_of(const struct card *c, const char *label)
{
	for (int i = 0; i < c->facts_n; i++) {
		if (strcmp(c->facts[i].label, label) == 0) {
			return c->facts[i].value;
		}
	}
	return NULL;
}
