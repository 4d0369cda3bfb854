#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/card_samples.h"

static void
the_facts_come_in_order_and_say_who_claims_what(void **state)
{
	static const struct card_fact rows[] = {
	    {"Agent", "billing-bot (agt_1)"},
	    {"Owner", "sam@example.com"},
	    {"On behalf of (claimed)", "kim"},
	    {"Destination", "stripe.refund"},
	    {"Amount (claimed)", "$5,000.00"},
	    {"Records (claimed)", "1,200"},
	    {"Tags (claimed)", "financial, pii"},
	    {"Profile", "refund"},
	    {"Metadata (claimed)", "{\"ticket\":\"T-1\"}"},
	    {"Risk", "high (0.55): high_risk_destination"},
	    {"Why it asks", "requires approval for 1200 records"},
	    {"Policy", "finance (version 001122334455)"},
	    {"Urgency (claimed)", "high"},
	    {"Requested", "2026-01-02 03:04:05 UTC"},
	    {"Expires", "2026-01-02 04:04:05 UTC (in 1 h)"},
	    {"Who may decide",
		"Dana Li, Lee Wu; 2 of 2 people must approve; sam asked and "
		"may not approve"},
	    {"Payload", "20 bytes, csv"},
	    {"Payload SHA-256", CARD_SHA},
	    {"Digest", CARD_DIGEST},
	};
	struct intent in = card_waiting();
	struct card c;

	in.on_behalf_of = "kim";
	in.profile = "refund";
	in.metadata = "{\"ticket\":\"T-1\"}";
	in.title = "Refund Dana";
	in.description = "She paid twice.\nSee ticket.";
	c = card_of(*state, &in);
	assert_int_equal(c.facts_n, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(c.facts[i].label, rows[i].label);
		assert_string_equal(c.facts[i].value, rows[i].value);
	}
	assert_string_equal(c.headline, "billing-bot wants: stripe.refund");
	assert_string_equal(c.state, "pending");
	assert_string_equal(c.payload, card_payload_text);
	assert_null(c.payload_note);
	assert_string_equal(c.title, "Refund Dana");
	assert_string_equal(c.description, "She paid twice.\nSee ticket.");
}

static void
what_an_agent_leaves_out_is_not_there(void **state)
{
	struct intent in = {
	    .agent_id = "agt_1",
	    .destination = "crm",
	    .options = {{"Approve", OUTCOME_APPROVE}, {"Deny", OUTCOME_DENY}},
	    .options_n = 2,
	    .urgency = URGENCY_NORMAL,
	    .plan = {.open = true, .required = 1},
	    .chosen = -1,
	    .created_ms = CARD_CREATED_MS,
	    .expires_ms = CARD_CREATED_MS + CARD_HOUR,
	};
	static const char *const labels[] = {"Agent", "Destination",
	    "Urgency (claimed)", "Requested", "Expires", "Who may decide",
	    "Payload"};
	struct card c;

	card_build(&in, "", 0, 0, NULL, 0, NULL, NULL, CARD_CREATED_MS, *state,
	    &c);
	assert_int_equal(c.facts_n, ARRAY_LEN(labels));
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		assert_string_equal(c.facts[i].label, labels[i]);
	}
	assert_string_equal(card_fact_of(&c, "Payload"), "none");
	assert_string_equal(c.headline, "agt_1 wants: crm");
	assert_string_equal(c.payload, "");
	assert_null(c.title);
	assert_null(c.description);
}

static void
names_that_are_not_what_they_look_like_are_spelled(void **state)
{
	static const struct {
		const char *destination, *title, *fact;
	} rows[] = {
	    {"stripe.refund", "Refund \u041c\u043e\u0441\u043a\u0432\u0430",
		NULL},
	    {"str\u0456pe.refund", NULL,
		"Destination is spelled str\\u{0456}pe.refund"},
	    {"\u0441\u0440\u043c", NULL,
		"Destination is spelled \\u{0441}\\u{0440}\\u{043C}"},
	    {"caf\u00e9", NULL, "Destination is spelled caf\\u{00E9}"},
	    {"stripe.refund", "Pay P\u0430ypal",
		"Title is spelled P\\u{0430}ypal"},
	    {"cr\u043c", "Pay P\u0430ypal",
		"Destination is spelled cr\\u{043C}; Title is spelled "
		"P\\u{0430}ypal"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = card_waiting();
		struct card c;
		const char *value;

		in.destination = rows[i].destination;
		in.title = rows[i].title;
		c = card_of(*state, &in);
		value = card_fact_of(&c, "Look-alike letters");
		if (rows[i].fact == NULL) {
			assert_null(value);
		} else {
			assert_string_equal(value, rows[i].fact);
		}
	}
}

static void
an_amount_is_shown_to_its_last_digit(void **state)
{
	static const struct {
		double usd;
		const char *text;
	} rows[] = {
	    {0, "$0.00"},
	    {0.1, "$0.10"},
	    {1234.5, "$1,234.50"},
	    {-1234.56, "-$1,234.56"},
	    {999999999.99, "$999,999,999.99"},
	    {0.001, "$0.001"},
	    {0.005, "$0.005"},
	    {1e9, "$1,000,000,000.00"},
	    {1e15, "$1e+15"},
	    {-0.001, "-$0.001"},
	    {1e300, "$1e+300"},
	    {1234567.891, "$1234567.891"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = card_waiting();
		struct card c;

		in.value_usd = rows[i].usd;
		c = card_of(*state, &in);
		assert_string_equal(card_fact_of(&c, "Amount (claimed)"),
		    rows[i].text);
	}
}

static void
a_count_is_grouped_in_thousands(void **state)
{
	static const struct {
		long long n;
		const char *text;
	} rows[] = {
	    {0, "0"},
	    {7, "7"},
	    {999, "999"},
	    {1000, "1,000"},
	    {100000, "100,000"},
	    {1234567, "1,234,567"},
	    {-100, "-100"},
	    {-1000, "-1,000"},
	    {INT64_MAX, "9,223,372,036,854,775,807"},
	    {INT64_MIN, "-9,223,372,036,854,775,808"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = card_waiting();
		struct card c;

		in.record_count = rows[i].n;
		c = card_of(*state, &in);
		assert_string_equal(card_fact_of(&c, "Records (claimed)"),
		    rows[i].text);
	}
}

static void
the_time_that_is_left_is_in_the_unit_that_fits(void **state)
{
	static const struct {
		long long left_ms;
		const char *text;
	} rows[] = {
	    {1, "(in 0 s)"},
	    {59999, "(in 59 s)"},
	    {60000, "(in 1 min)"},
	    {CARD_HOUR - 1, "(in 1 h)"},
	    {CARD_HOUR, "(in 1 h)"},
	    {48LL * CARD_HOUR - 1, "(in 2 days)"},
	    {48LL * CARD_HOUR, "(in 2 days)"},
	    {365LL * 24 * CARD_HOUR, "(in 365 days)"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = card_waiting();
		struct card c;

		in.expires_ms = CARD_CREATED_MS + rows[i].left_ms;
		c = card_of(*state, &in);
		assert_non_null(strstr(card_fact_of(&c, "Expires"),
		    rows[i].text));
	}
}

static void
who_may_decide_is_said_with_the_quorum(void **state)
{
	static const char *two[] = {"dana", "lee"}, *sam[] = {"sam"},
			  *role[] = {"7/8"};
	static const struct {
		struct plan plan;
		const char *text;
	} rows[] = {
	    {{.approvers = {two, 2}, .required = 1, .deny_threshold = 1},
		"Dana Li, Lee Wu; one approval is enough"},
	    {{.approvers = {two, 2}, .required = 2, .deny_threshold = 2},
		"Dana Li, Lee Wu; 2 of 2 people must approve, 2 denials "
		"refuse it"},
	    {{.open = true, .required = 1, .deny_threshold = 1},
		"anyone who is known here or has a reviewer key; one "
		"approval is enough"},
	    {{.open = true, .required = 3, .reason_required = true},
		"anyone who is known here or has a reviewer key; 3 people "
		"must approve; a denial "
		"needs a reason"},
	    {{.approvers = {two, 2}, .open = true, .required = 2},
		"Dana Li, Lee Wu, or anyone with a reviewer key; 2 people "
		"must approve"},
	    {{.approvers = {sam, 1}, .excluded = {sam, 1}, .required = 1},
		"nobody can approve it; sam asked and may not approve"},
	    {{.required = 1}, "nobody can approve it"},
	    {{.approvers = {two, 2}, .roles = {role, 1}, .required = 1},
		"Dana Li, Lee Wu, or whoever has their role in Discord; one "
		"approval is enough"},
	    {{.approvers = {sam, 1},
		 .excluded = {sam, 1},
		 .roles = {role, 1},
		 .required = 1},
		"whoever has their role in Discord; one approval is enough; "
		"sam asked and may not approve"},
	    {{.approvers = {two, 2}, .roles = {role, 1}, .required = 2},
		"Dana Li, Lee Wu; 2 of 2 people must approve; whoever has "
		"their role in Discord may deny"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = card_waiting();
		struct card c;

		in.plan = rows[i].plan;
		c = card_of(*state, &in);
		assert_string_equal(card_fact_of(&c, "Who may decide"),
		    rows[i].text);
	}
}

static void
long_metadata_is_cut_aloud_and_asks_for_the_page(void **state)
{
	struct intent in = card_waiting();
	char metadata[5000];
	struct card c;

	memset(metadata, 'm', sizeof(metadata) - 1);
	metadata[sizeof(metadata) - 1] = '\0';
	in.metadata = metadata;
	c = card_of(*state, &in);
	assert_string_equal(card_fact_of(&c, "Metadata (claimed)"), metadata);
	assert_false(c.payload_cut);
	card_build(&in, card_payload_text, CARD_PAYLOAD_LEN, 100, NULL, 0, NULL,
	    NULL, CARD_CREATED_MS, *state, &c);
	assert_non_null(strstr(card_fact_of(&c, "Metadata (claimed)"),
	    "mmm ... cut: 4,899 of 4,999 bytes are missing here"));
	assert_true(c.payload_cut);
}

static void
an_execution_is_shown_once_there_is_one(void **state)
{
	static const char *const rows[EXECUTION_STATES] = {
	    [EXECUTION_LEASED] = "taken by the agent, not yet reported",
	    [EXECUTION_SUCCEEDED] = "reported as done",
	    [EXECUTION_FAILED] = "reported as failed",
	    [EXECUTION_LAPSED] = "taken by the agent and never reported",
	};

	for (int i = 0; i < EXECUTION_STATES; i++) {
		struct intent in = card_waiting();
		struct card c;

		in.execution = (enum execution_state)i;
		c = card_of(*state, &in);
		if (rows[i] == NULL) {
			assert_null(card_fact_of(&c, "Execution"));
		} else {
			assert_string_equal(card_fact_of(&c, "Execution"),
			    rows[i]);
		}
	}
}

/* Everything an intent can have at once has a place on the card. */
static void
the_fullest_card_fits(void **state)
{
	static const struct vote vote = {.person = "dana", .at_ms = 1};
	struct intent in = card_waiting();
	struct card c;

	in.on_behalf_of = in.profile = in.metadata = "x";
	in.title = in.description = "x";
	in.destination = "\u0430";
	in.execution = EXECUTION_LAPSED;
	card_build(&in, card_payload_text, CARD_PAYLOAD_LEN, 0, &vote, 1, NULL,
	    NULL, CARD_CREATED_MS, *state, &c);
	assert_int_equal(c.facts_n, 22);
	assert_true(c.facts_n <= CARD_FACTS_MAX);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, card_set_up, card_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(the_facts_come_in_order_and_say_who_claims_what),
	    ROW(what_an_agent_leaves_out_is_not_there),
	    ROW(names_that_are_not_what_they_look_like_are_spelled),
	    ROW(an_amount_is_shown_to_its_last_digit),
	    ROW(a_count_is_grouped_in_thousands),
	    ROW(the_time_that_is_left_is_in_the_unit_that_fits),
	    ROW(who_may_decide_is_said_with_the_quorum),
	    ROW(long_metadata_is_cut_aloud_and_asks_for_the_page),
	    ROW(an_execution_is_shown_once_there_is_one),
	    ROW(the_fullest_card_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
