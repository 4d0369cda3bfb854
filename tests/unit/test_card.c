#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card.h"
#include "lib/text.h"

#define SHA "00112233445566778899aabbccddeeff102132435465768798a9bacbdcedfe0f"
#define DIG "ffeeddccbbaa99887766554433221100f0e0d0c0b0a090807060504030201000"

/* 2026-01-02 03:04:05.678 UTC */
static const long long created_ms = 1767323045678;
enum { HOUR = 3600 * 1000 };

static const char payload[] = "to,amount\ndana,5000\n";

static int
set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int
tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

/* An intent that waits for two of three people, one of whom asked. */
static struct intent
waiting(void)
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
	    .policy_version = SHA,
	    .payload_type = "csv",
	    .payload_bytes = sizeof(payload) - 1,
	    .payload_sha256 = SHA,
	    .digest = DIG,
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
	    .created_ms = created_ms,
	    .expires_ms = created_ms + HOUR,
	};
}

static const char *
name_of(void *ctx, const char *person)
{
	(void)ctx;
	if (strcmp(person, "dana") == 0) {
		return "Dana Li";
	}
	return strcmp(person, "lee") == 0 ? "Lee Wu" : NULL;
}

/* The card an hour before the end, with the payload. */
static struct card
card_of(struct arena *a, const struct intent *in)
{
	struct card c;

	card_build(in, payload, sizeof(payload) - 1, 0, NULL, 0, name_of, NULL,
	    created_ms, a, &c);
	return c;
}

/* The value of a fact; NULL when the card does not have it. */
static const char *
fact(const struct card *c, const char *label)
{
	for (int i = 0; i < c->facts_n; i++) {
		if (strcmp(c->facts[i].label, label) == 0) {
			return c->facts[i].value;
		}
	}
	return NULL;
}

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
	    {"Expires", "2026-01-02 04:04:05 UTC (in 1 h 0 min)"},
	    {"Who may decide",
		"Dana Li, Lee Wu; 2 of 2 people must approve; sam asked and "
		"may not approve"},
	    {"Payload", "20 bytes, csv"},
	    {"Payload SHA-256", SHA},
	    {"Digest", DIG},
	};
	struct intent in = waiting();
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
	assert_string_equal(c.payload, payload);
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
	    .created_ms = created_ms,
	    .expires_ms = created_ms + HOUR,
	};
	static const char *const labels[] = {"Agent", "Destination",
	    "Urgency (claimed)", "Requested", "Expires", "Who may decide",
	    "Payload"};
	struct card c;

	card_build(&in, "", 0, 0, NULL, 0, NULL, NULL, created_ms, *state, &c);
	assert_int_equal(c.facts_n, ARRAY_LEN(labels));
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		assert_string_equal(c.facts[i].label, labels[i]);
	}
	assert_string_equal(fact(&c, "Payload"), "none");
	assert_string_equal(c.headline, "agt_1 wants: crm");
	assert_string_equal(c.payload, "");
	assert_null(c.title);
	assert_null(c.description);
}

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
		struct intent in = waiting();
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
			card_build(&in, payload, sizeof(payload) - 1, 0, &v, 1,
			    NULL, NULL, created_ms, *state, &c);
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
	struct intent in = waiting();
	struct card c;

	in.description = "one\ntwo\r\nthree\u202e";
	c = card_of(*state, &in);
	assert_string_equal(c.description, "one\ntwo\\u{000D}\nthree\\u{202E}");
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
		struct intent in = waiting();
		struct card c;
		const char *value;

		in.destination = rows[i].destination;
		in.title = rows[i].title;
		c = card_of(*state, &in);
		value = fact(&c, "Look-alike letters");
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
		struct intent in = waiting();
		struct card c;

		in.value_usd = rows[i].usd;
		c = card_of(*state, &in);
		assert_string_equal(fact(&c, "Amount (claimed)"), rows[i].text);
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
		struct intent in = waiting();
		struct card c;

		in.record_count = rows[i].n;
		c = card_of(*state, &in);
		assert_string_equal(fact(&c, "Records (claimed)"),
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
	    {HOUR - 1, "(in 59 min)"},
	    {HOUR, "(in 1 h 0 min)"},
	    {48LL * HOUR - 1, "(in 47 h 59 min)"},
	    {48LL * HOUR, "(in 2 days)"},
	    {365LL * 24 * HOUR, "(in 365 days)"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = waiting();
		struct card c;

		in.expires_ms = created_ms + rows[i].left_ms;
		c = card_of(*state, &in);
		assert_non_null(strstr(fact(&c, "Expires"), rows[i].text));
	}
}

static void
who_may_decide_is_said_with_the_quorum(void **state)
{
	static const char *two[] = {"dana", "lee"}, *sam[] = {"sam"};
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
		"anyone with a reviewer key; one approval is enough"},
	    {{.open = true, .required = 3, .reason_required = true},
		"anyone with a reviewer key; 3 people must approve; a denial "
		"needs a reason"},
	    {{.approvers = {two, 2}, .open = true, .required = 2},
		"Dana Li, Lee Wu, or anyone with a reviewer key; 2 people "
		"must approve"},
	    {{.approvers = {sam, 1}, .excluded = {sam, 1}, .required = 1},
		"nobody can approve it; sam asked and may not approve"},
	    {{.required = 1}, "nobody can approve it"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = waiting();
		struct card c;

		in.plan = rows[i].plan;
		c = card_of(*state, &in);
		assert_string_equal(fact(&c, "Who may decide"), rows[i].text);
	}
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
		struct intent in = waiting();
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
		in.settled_ms = created_ms + 10 * 60 * 1000;
		c = card_of(*state, &in);
		assert_string_equal(c.status, rows[i].status);
		assert_string_equal(c.state, intent_state_name(rows[i].state));
		assert_int_equal(c.options_n, 0);
		assert_null(fact(&c, "Expires"));
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
	struct intent in = waiting();
	struct card c;

	in.state = INTENT_APPROVED;
	in.settled_ms = created_ms;
	in.decided_by = "lee";
	in.decided_via = "slack";
	card_build(&in, payload, sizeof(payload) - 1, 0, votes,
	    ARRAY_LEN(votes), name_of, NULL, created_ms, *state, &c);
	assert_string_equal(c.status,
	    "Approved by Dana Li and Lee Wu, 2026-01-02 03:04:05 UTC");
	assert_string_equal(fact(&c, "Votes"),
	    "Dana Li: Approve by mail, 2026-01-02 03:04:05 UTC; "
	    "Kim O: Deny on the approvals page, 2026-01-02 03:04:05 UTC (not "
	    "sure); "
	    "Lee Wu: Approve in Slack, 2026-01-02 03:04:05 UTC; "
	    "pat: ?, 2026-01-02 03:04:05 UTC");
	/* Votes do not make a withdrawal theirs. */
	in.state = INTENT_CANCELLED;
	in.decided_by = "agt_1";
	in.decided_via = NULL;
	card_build(&in, payload, sizeof(payload) - 1, 0, votes,
	    ARRAY_LEN(votes), name_of, NULL, created_ms, *state, &c);
	assert_string_equal(c.status,
	    "Cancelled by agt_1, 2026-01-02 03:04:05 UTC");
}

static void
a_waiting_card_counts_the_approvals(void **state)
{
	struct intent in = waiting();
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
		struct intent in = waiting();
		struct card c;

		card_build(&in, payload, sizeof(payload) - 1, 0, NULL, 0, NULL,
		    NULL, in.expires_ms + rows[i].late_ms, *state, &c);
		assert_int_equal(c.options_n, rows[i].options);
		if (rows[i].options == 0) {
			assert_non_null(strstr(c.status, "Out of time"));
			assert_non_null(fact(&c, "Expired"));
			assert_null(fact(&c, "Expires"));
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
		struct intent in = waiting();
		struct card c;

		in.options[1] = rows[i].option;
		c = card_of(*state, &in);
		assert_int_equal(c.options_n, 2);
		assert_string_equal(c.options[1].label, rows[i].label);
		assert_int_equal(c.options[1].outcome, rows[i].option.outcome);
	}
}

static void
long_metadata_is_cut_aloud_and_asks_for_the_page(void **state)
{
	struct intent in = waiting();
	char metadata[5000];
	struct card c;

	memset(metadata, 'm', sizeof(metadata) - 1);
	metadata[sizeof(metadata) - 1] = '\0';
	in.metadata = metadata;
	c = card_of(*state, &in);
	assert_string_equal(fact(&c, "Metadata (claimed)"), metadata);
	assert_false(c.payload_cut);
	card_build(&in, payload, sizeof(payload) - 1, 100, NULL, 0, NULL, NULL,
	    created_ms, *state, &c);
	assert_non_null(strstr(fact(&c, "Metadata (claimed)"),
	    "mmm ... cut: 4,899 of 4,999 bytes are missing here"));
	assert_true(c.payload_cut);
}

static void
a_cut_payload_says_so_on_the_card(void **state)
{
	struct intent in = waiting();
	struct card c;

	card_build(&in, payload, sizeof(payload) - 1, 10, NULL, 0, NULL, NULL,
	    created_ms, *state, &c);
	assert_true(c.payload_cut);
	assert_string_equal(c.payload, "to,amount\n");
	assert_non_null(strstr(c.payload_note, "10 bytes are missing here"));
}

static void
an_erased_payload_leaves_its_digest(void **state)
{
	struct intent in = waiting();
	struct card c;

	card_build(&in, NULL, 0, 0, NULL, 0, NULL, NULL, created_ms, *state,
	    &c);
	assert_string_equal(c.payload, "");
	assert_non_null(strstr(c.payload_note, "erased"));
	assert_string_equal(fact(&c, "Payload"), "20 bytes, csv, erased since");
	assert_string_equal(fact(&c, "Payload SHA-256"), SHA);
}

static void
what_policy_decided_does_not_name_deciders(void **state)
{
	struct intent in = waiting();
	struct card c;

	in.state = in.verdict = INTENT_APPROVED;
	in.settled_ms = created_ms;
	c = card_of(*state, &in);
	assert_null(fact(&c, "Who may decide"));
	assert_null(fact(&c, "Why it asks"));
	assert_string_equal(fact(&c, "Why"),
	    "requires approval for 1200 records");
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
		struct intent in = waiting();
		struct card c;

		in.execution = (enum execution_state)i;
		c = card_of(*state, &in);
		if (rows[i] == NULL) {
			assert_null(fact(&c, "Execution"));
		} else {
			assert_string_equal(fact(&c, "Execution"), rows[i]);
		}
	}
}

/* Everything an intent can have at once has a place on the card. */
static void
the_fullest_card_fits(void **state)
{
	static const struct vote vote = {.person = "dana", .at_ms = 1};
	struct intent in = waiting();
	struct card c;

	in.on_behalf_of = in.profile = in.metadata = "x";
	in.title = in.description = "x";
	in.destination = "\u0430";
	in.execution = EXECUTION_LAPSED;
	card_build(&in, payload, sizeof(payload) - 1, 0, &vote, 1, NULL, NULL,
	    created_ms, *state, &c);
	assert_int_equal(c.facts_n, 22);
	assert_true(c.facts_n <= CARD_FACTS_MAX);
}

static void
the_values_name_every_part(void **state)
{
	struct intent in = waiting();
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

#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(the_facts_come_in_order_and_say_who_claims_what),
	    ROW(what_an_agent_leaves_out_is_not_there),
	    ROW(nothing_hides_in_any_field),
	    ROW(a_description_keeps_its_lines_and_nothing_else),
	    ROW(names_that_are_not_what_they_look_like_are_spelled),
	    ROW(an_amount_is_shown_to_its_last_digit),
	    ROW(a_count_is_grouped_in_thousands),
	    ROW(the_time_that_is_left_is_in_the_unit_that_fits),
	    ROW(who_may_decide_is_said_with_the_quorum),
	    ROW(every_state_says_how_it_came_to_it),
	    ROW(all_who_approved_are_named),
	    ROW(a_waiting_card_counts_the_approvals),
	    ROW(an_intent_out_of_time_offers_nothing),
	    ROW(a_label_says_what_its_option_counts_as),
	    ROW(long_metadata_is_cut_aloud_and_asks_for_the_page),
	    ROW(a_cut_payload_says_so_on_the_card),
	    ROW(an_erased_payload_leaves_its_digest),
	    ROW(what_policy_decided_does_not_name_deciders),
	    ROW(an_execution_is_shown_once_there_is_one),
	    ROW(the_fullest_card_fits),
	    ROW(the_values_name_every_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
