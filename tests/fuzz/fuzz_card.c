/*
 * The input as everything that an agent can put on a card: two bytes for
 * state and size, then texts with a record separator (0x1e) between, the last
 * of which is the payload.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "card.h"
#include "lib/text.h"

enum { TEXTS = 12 };

/* Only what can be seen, in lines where there may be some. */
static void
check_shown(const char *s, bool lines)
{
	size_t len = s != NULL ? strlen(s) : 0, n;

	for (size_t i = 0; i < len; i += n) {
		int c = text_next(s + i, len - i, &n);

		assert((c == '\n' && lines) || text_is_visible(c));
	}
}

static void
check(const struct card *c, size_t payload_max)
{
	json_t *values = card_values(c);

	check_shown(c->headline, false);
	check_shown(c->status, false);
	check_shown(c->title, false);
	check_shown(c->description, true);
	check_shown(c->payload, true);
	check_shown(c->payload_note, false);
	for (int i = 0; i < c->facts_n; i++) {
		check_shown(c->facts[i].value, false);
	}
	for (int i = 0; i < c->options_n; i++) {
		check_shown(c->options[i].label, false);
	}
	assert(payload_max == 0 || strlen(c->payload) <= payload_max);
	assert(!c->payload_spelled || c->payload_note != NULL);
	json_decref(values);
}

/* Takes the next text off the input; what is behind it stays. */
static const char *
take(struct arena *a, const uint8_t **data, size_t *len)
{
	const uint8_t *end = *len > 0 ? memchr(*data, 0x1e, *len) : NULL;
	size_t n = end != NULL ? (size_t)(end - *data) : 0;
	const char *text = arena_strndup(a, (const char *)*data, n);

	*data += end != NULL ? n + 1 : 0;
	*len -= end != NULL ? n + 1 : 0;
	return n > 0 ? text : NULL;
}

static const char *
or_x(const char *s)
{
	return s != NULL ? s : "x";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const char *t[TEXTS];
	struct intent in = {0};
	struct vote vote = {0};
	size_t payload_max;
	struct card c;

	if (len < 2) {
		return 0;
	}
	in.state = (enum intent_state)(data[0] % INTENT_STATES);
	payload_max = data[1];
	data += 2;
	len -= 2;
	for (int i = 0; i < TEXTS; i++) {
		t[i] = take(a, &data, &len);
	}
	in.agent_id = or_x(t[0]);
	in.agent_name = t[1];
	in.destination = or_x(t[2]);
	in.owner = in.decided_by = t[3];
	in.title = t[4];
	in.description = in.reason = t[5];
	in.metadata = t[6];
	in.policy_id = or_x(t[7]);
	in.verdict_reason = in.profile = in.on_behalf_of = t[8];
	in.options[0] = (struct option){or_x(t[9]), OUTCOME_APPROVE};
	in.options[1] = (struct option){or_x(t[10]), OUTCOME_OTHER};
	in.options_n = 2;
	in.tags = (struct field_strings){&t[2], t[2] != NULL ? 1 : 0};
	in.plan.approvers = (struct field_strings){&t[0], t[0] != NULL ? 1 : 0};
	in.payload_bytes = (long long)len;
	in.payload_sha256 = in.digest = "00";
	in.created_ms = 1767323045678;
	in.expires_ms = in.settled_ms = in.created_ms + 1000;
	vote.person = or_x(t[11]);
	vote.reason = t[5];
	card_build(&in, data, len, payload_max, &vote, 1, NULL, NULL,
	    in.created_ms, a, &c);
	check(&c, payload_max);
	return 0;
}
