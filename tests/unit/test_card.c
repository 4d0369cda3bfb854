#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/text.h"
#include "tests/unit/card_samples.h"

/* One text in every place that an agent or a stranger fills. */
static void
nothing_hides_in_any_field(void **state)
{
	static const char *const rows[] = {
	    "a\u202eb",
	    "a\u200bb",
	    "a\U000e0041b",
	    "a\ufe0fb",
	    "a\r\nb",
	    "a\nb",
	    "\xff",
	    "a\tb",
	    "a\033[1mb",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *evil = rows[i];
		const char *list[] = {evil};
		struct field_strings strings = {list, 1};
		struct intent in = card_waiting();
		struct vote v = {.person = evil,
		    .name = evil,
		    .via = evil,
		    .reason = evil};
		struct card c;
		CLEANUP(buf_fini) struct buf all;

		in.agent_id = in.agent_name = in.owner = evil;
		in.destination = in.policy_id = in.payload_type = evil;
		in.on_behalf_of = in.profile = in.metadata = evil;
		in.title = in.description = in.verdict_reason = evil;
		in.reason = in.decided_by = in.decided_name = evil;
		in.decided_via = evil;
		in.tags = in.risk.factors = in.plan.approvers = strings;
		in.plan.excluded.n = 0;
		in.options[0].label = in.options[1].label = evil;
		buf_init(&all, 0);
		for (int s = 0; s < INTENT_STATES; s++) {
			in.state = (enum intent_state)s;
			card_build(&in, card_payload_text, CARD_PAYLOAD_LEN, 0,
			    &v, 1, NULL, NULL, CARD_CREATED_MS, *state, &c);
			for (int f = 0; f < c.facts_n; f++) {
				buf_puts(&all, c.facts[f].value);
			}
			for (int o = 0; o < c.options_n; o++) {
				buf_puts(&all, c.options[o].label);
			}
			buf_puts(&all, c.headline);
			buf_puts(&all, c.status);
			buf_puts(&all, c.title);
		}
		assert_true(all.len > 100);
		assert_true(text_is_utf8(buf_str(&all), all.len));
		for (size_t at = 0, n; at < all.len; at += n) {
			assert_true(text_is_visible(text_next(all.data + at,
			    all.len - at, &n)));
		}
		assert_null(strstr(buf_str(&all), evil));
	}
}

static void
a_description_keeps_its_lines_and_nothing_else(void **state)
{
	struct intent in = card_waiting();
	struct card c;

	in.description = "one\ntwo\r\nthree\u202e";
	c = card_of(*state, &in);
	assert_string_equal(c.description, "one\ntwo\\u{000D}\nthree\\u{202E}");
}

static void
every_state_says_how_it_came_to_it(void **state)
{
	static const struct {
		enum intent_state state;
		const char *by, *name, *via, *reason;
		int chosen;
		const char *status;
	} rows[] = {
	    {INTENT_APPROVED, "dana", "Dana Li", "email", NULL, 0,
		"Approved by Dana Li by mail, 2026-01-02 03:14:05 UTC"},
	    {INTENT_APPROVED, "dana", NULL, "page", "checked", 0,
		"Approved by Dana Li on the approvals page, 2026-01-02 "
		"03:14:05 UTC. Reason: checked"},
	    {INTENT_APPROVED, "key_7", NULL, "api", NULL, 0,
		"Approved by key_7 over the API, 2026-01-02 03:14:05 UTC"},
	    {INTENT_APPROVED, "dana", "Dana Li", "slack", NULL, 2,
		"Approved with \"Refund half\" by Dana Li in Slack, "
		"2026-01-02 03:14:05 UTC"},
	    {INTENT_APPROVED, "policy", NULL, "policy", NULL, -1,
		"Approved by the policy finance, 2026-01-02 03:14:05 UTC"},
	    {INTENT_DENIED, "lee", "Lee Wu", "discord", "too much", 1,
		"Denied by Lee Wu in Discord, 2026-01-02 03:14:05 UTC. "
		"Reason: too much"},
	    {INTENT_RESOLVED, "lee", "Lee Wu", "carrier pigeon", NULL, 3,
		"Answered with \"Ask again\" by Lee Wu via carrier pigeon, "
		"2026-01-02 03:14:05 UTC"},
	    {INTENT_EXPIRED, "clock", NULL, "clock", NULL, -1,
		"Expired without a decision, 2026-01-02 03:14:05 UTC"},
	    {INTENT_CANCELLED, "agt_1", "billing-bot", "api", NULL, -1,
		"Cancelled by billing-bot over the API, 2026-01-02 03:14:05 "
		"UTC"},
	    {INTENT_CANCELLED, NULL, NULL, NULL, NULL, -1,
		"Cancelled, 2026-01-02 03:14:05 UTC"},
	    {INTENT_BLOCKED, "policy", NULL, "policy", "forbidden term", -1,
		"Blocked by the policy finance, 2026-01-02 03:14:05 UTC. "
		"Reason: forbidden term"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = card_waiting();
		struct card c;

		in.options[2] = (struct option){"Refund half", OUTCOME_APPROVE};
		in.options[3] = (struct option){"Ask again", OUTCOME_OTHER};
		in.options_n = 4;
		in.state = rows[i].state;
		in.decided_by = rows[i].by;
		in.decided_name = rows[i].name;
		in.decided_via = rows[i].via;
		in.reason = rows[i].reason;
		in.chosen = rows[i].chosen;
		in.settled_ms = CARD_CREATED_MS + 10 * 60 * 1000;
		c = card_of(*state, &in);
		assert_string_equal(c.status, rows[i].status);
		assert_string_equal(c.state, intent_state_name(rows[i].state));
		assert_int_equal(c.options_n, 0);
		assert_null(card_fact_of(&c, "Expires"));
	}
}

static void
all_who_approved_are_named(void **state)
{
	static const struct vote votes[] = {
	    {.person = "dana",
		.via = "email",
		.option = 0,
		.at_ms = 1767323045678},
	    {.person = "kim",
		.name = "Kim O",
		.via = "page",
		.option = 1,
		.reason = "not sure",
		.at_ms = 1767323045678},
	    {.person = "lee",
		.via = "slack",
		.option = 0,
		.at_ms = 1767323045678},
	    {.person = "pat", .option = 9, .at_ms = 1767323045678},
	};
	struct intent in = card_waiting();
	struct card c;

	in.state = INTENT_APPROVED;
	in.settled_ms = CARD_CREATED_MS;
	in.decided_by = "lee";
	in.decided_via = "slack";
	card_build(&in, card_payload_text, CARD_PAYLOAD_LEN, 0, votes,
	    ARRAY_LEN(votes), card_name, NULL, CARD_CREATED_MS, *state, &c);
	assert_string_equal(c.status,
	    "Approved by Dana Li and Lee Wu, 2026-01-02 03:04:05 UTC");
	assert_string_equal(card_fact_of(&c, "Votes"),
	    "Dana Li: Approve by mail, 2026-01-02 03:04:05 UTC; "
	    "Kim O: Deny on the approvals page, 2026-01-02 03:04:05 UTC (not "
	    "sure); "
	    "Lee Wu: Approve in Slack, 2026-01-02 03:04:05 UTC; "
	    "pat: ?, 2026-01-02 03:04:05 UTC");
	/* Votes do not make a withdrawal theirs. */
	in.state = INTENT_CANCELLED;
	in.decided_by = "agt_1";
	in.decided_via = NULL;
	card_build(&in, card_payload_text, CARD_PAYLOAD_LEN, 0, votes,
	    ARRAY_LEN(votes), card_name, NULL, CARD_CREATED_MS, *state, &c);
	assert_string_equal(c.status,
	    "Cancelled by agt_1, 2026-01-02 03:04:05 UTC");
}

static void
a_waiting_card_counts_the_approvals(void **state)
{
	struct intent in = card_waiting();
	struct card c;

	in.approvals = 1;
	c = card_of(*state, &in);
	assert_string_equal(c.status,
	    "Waiting for a decision: 1 of 2 approvals so far");
	in.plan.required = 1;
	c = card_of(*state, &in);
	assert_string_equal(c.status, "Waiting for a decision");
}

static void
an_intent_out_of_time_offers_nothing(void **state)
{
	static const struct {
		long long late_ms;
		int options;
	} rows[] = {
	    {-1, 2},
	    {0, 0},
	    {1, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = card_waiting();
		struct card c;

		card_build(&in, card_payload_text, CARD_PAYLOAD_LEN, 0, NULL, 0,
		    NULL, NULL, in.expires_ms + rows[i].late_ms, *state, &c);
		assert_int_equal(c.options_n, rows[i].options);
		if (rows[i].options == 0) {
			assert_non_null(strstr(c.status, "Out of time"));
			assert_non_null(card_fact_of(&c, "Expired"));
			assert_null(card_fact_of(&c, "Expires"));
		}
	}
}

static void
a_label_says_what_its_option_counts_as(void **state)
{
	static const struct {
		struct option option;
		const char *label;
	} rows[] = {
	    {{"Approve", OUTCOME_APPROVE}, "Approve"},
	    {{"approve", OUTCOME_APPROVE}, "approve"},
	    {{"Deny", OUTCOME_DENY}, "Deny"},
	    {{"Deny", OUTCOME_APPROVE}, "Deny (approves)"},
	    {{"Approve", OUTCOME_DENY}, "Approve (denies)"},
	    {{"D\u0435ny", OUTCOME_APPROVE}, "D\u0435ny (approves)"},
	    {{"Deny ", OUTCOME_APPROVE}, "Deny  (approves)"},
	    {{"Refund half", OUTCOME_APPROVE}, "Refund half (approves)"},
	    {{"Approve", OUTCOME_OTHER},
		"Approve (neither approves nor denies)"},
	    {{"Go\u202e", OUTCOME_DENY}, "Go\\u{202E} (denies)"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = card_waiting();
		struct card c;

		in.options[1] = rows[i].option;
		c = card_of(*state, &in);
		assert_int_equal(c.options_n, 2);
		assert_string_equal(c.options[1].label, rows[i].label);
		assert_int_equal(c.options[1].outcome, rows[i].option.outcome);
	}
}

static void
a_cut_payload_says_so_on_the_card(void **state)
{
	struct intent in = card_waiting();
	struct card c;

	card_build(&in, card_payload_text, CARD_PAYLOAD_LEN, 10, NULL, 0, NULL,
	    NULL, CARD_CREATED_MS, *state, &c);
	assert_true(c.payload_cut);
	assert_string_equal(c.payload, "to,amount\n");
	assert_non_null(strstr(c.payload_note, "10 bytes are missing here"));
}

static void
an_erased_payload_leaves_its_digest(void **state)
{
	struct intent in = card_waiting();
	struct card c;

	card_build(&in, NULL, 0, 0, NULL, 0, NULL, NULL, CARD_CREATED_MS,
	    *state, &c);
	assert_string_equal(c.payload, "");
	assert_non_null(strstr(c.payload_note, "erased"));
	assert_string_equal(card_fact_of(&c, "Payload"),
	    "20 bytes, csv, erased since");
	assert_string_equal(card_fact_of(&c, "Payload SHA-256"), CARD_SHA);
}

static void
what_policy_decided_does_not_name_deciders(void **state)
{
	struct intent in = card_waiting();
	struct card c;

	in.state = in.verdict = INTENT_APPROVED;
	in.settled_ms = CARD_CREATED_MS;
	c = card_of(*state, &in);
	assert_null(card_fact_of(&c, "Who may decide"));
	assert_null(card_fact_of(&c, "Why it asks"));
	assert_string_equal(card_fact_of(&c, "Why"),
	    "requires approval for 1200 records");
}

static void
the_values_name_every_part(void **state)
{
	struct intent in = card_waiting();
	struct card c;
	json_t *v, *option;

	in.options[0].outcome = OUTCOME_OTHER;
	c = card_of(*state, &in);
	v = card_values(&c);
	assert_string_equal(json_string_value(json_object_get(v, "headline")),
	    c.headline);
	assert_string_equal(json_string_value(json_object_get(v, "status")),
	    c.status);
	assert_string_equal(json_string_value(json_object_get(v, "state")),
	    "pending");
	assert_string_equal(json_string_value(json_object_get(v, "payload")),
	    c.payload);
	assert_true(json_is_false(json_object_get(v, "payload_cut")));
	assert_true(json_is_false(json_object_get(v, "payload_spelled")));
	assert_true(json_is_false(json_object_get(v, "payload_warns")));
	assert_true(json_is_null(json_object_get(v, "payload_note")));
	assert_true(json_is_null(json_object_get(v, "title")));
	assert_true(json_is_null(json_object_get(v, "description")));
	assert_true(json_is_false(json_object_get(v, "has_words")));
	assert_true(json_is_true(json_object_get(v, "is_open")));
	assert_int_equal(json_array_size(json_object_get(v, "facts")),
	    c.facts_n);
	option = json_array_get(json_object_get(v, "options"), 0);
	assert_int_equal(json_integer_value(json_object_get(option, "index")),
	    0);
	assert_string_equal(json_string_value(json_object_get(option,
				"outcome")),
	    "other");
	assert_true(json_is_true(json_object_get(option, "is_other")));
	assert_true(json_is_false(json_object_get(option, "is_approve")));
	option = json_array_get(json_object_get(v, "options"), 1);
	assert_true(json_is_true(json_object_get(option, "is_deny")));
	json_decref(v);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, card_set_up, card_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(nothing_hides_in_any_field),
	    ROW(a_description_keeps_its_lines_and_nothing_else),
	    ROW(every_state_says_how_it_came_to_it),
	    ROW(all_who_approved_are_named),
	    ROW(a_waiting_card_counts_the_approvals),
	    ROW(an_intent_out_of_time_offers_nothing),
	    ROW(a_label_says_what_its_option_counts_as),
	    ROW(a_cut_payload_says_so_on_the_card),
	    ROW(an_erased_payload_leaves_its_digest),
	    ROW(what_policy_decided_does_not_name_deciders),
	    ROW(the_values_name_every_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
