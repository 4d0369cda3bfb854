#include "letter_sample.h"

#include <stdio.h>
#include <string.h>

#include "card.h"
#include "ear.h"

enum { PAYLOAD_MAX = 16 * 1024 };

static const long long requested_ms = 1795234560000; /* 2026-11-21 04:16 */

static void
fill(struct intent *in, const char *payload)
{
	static const char *approvers[] = {"dana"};

	(void)snprintf(in->id, sizeof(in->id), "int_0123456789abcdef");
	in->agent_id = "agt_0123456789abcdef";
	in->agent_name = "billing-bot";
	in->owner = "lee";
	in->destination = "payments.refund";
	in->policy_id = "refunds";
	in->policy_version =
	    "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
	in->payload_bytes = (long long)strlen(payload);
	in->payload_sha256 =
	    "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9";
	in->digest =
	    "baa5a0964d3320fbc0c6a922140453c8513ea24ab8fd0577034804a967248096";
	in->has_value_usd = true;
	in->value_usd = 1250;
	in->urgency = URGENCY_HIGH;
	in->risk = (struct risk){.score = 0.62, .level = "high"};
	in->plan.approvers = (struct field_strings){approvers, 1};
	in->plan.required = 1;
	in->plan.deny_threshold = 1;
	in->options[0] = (struct option){"Approve", OUTCOME_APPROVE};
	in->options[1] = (struct option){"Deny", OUTCOME_DENY};
	in->options_n = 2;
	in->chosen = -1;
	in->created_ms = requested_ms;
	in->expires_ms = requested_ms + 3600 * 1000;
	in->title = "Refund for order 1001";
	in->description = "The customer wrote twice.\nPlease be quick.";
}

struct delivery *
letter_sample(enum delivery_kind kind, const char *address, const char *payload,
    void (*change)(struct intent *))
{
	struct delivery *d = ear_delivery(kind, SAMPLE_ID, address);
	struct intent *in = arena_alloc(d->arena, sizeof(*in));
	struct card *card = arena_alloc(d->arena, sizeof(*card));

	fill(in, payload);
	if (change != NULL) {
		change(in);
	}
	card_build(in, payload, strlen(payload), PAYLOAD_MAX, NULL, 0, NULL,
	    NULL, requested_ms, d->arena, card);
	d->intent = in;
	d->intent_id = in->id;
	d->card = card;
	d->person = "dana";
	d->person_name = "Dana Li";
	d->page = "https://assent.example/approvals/int_0123456789abcdef";
	if (kind == DELIVERY_ASK) {
		d->link = SAMPLE_LINK;
		d->code = SAMPLE_CODE;
	}
	return d;
}
