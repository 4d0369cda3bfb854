#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bots/slack_message.h"
#include "bots/slack_text.h"
#include "card_samples.h"
#include "lib/json.h"

#define PAGE "http://127.0.0.1:4000/approvals/int_1"

/* The message of a card, as text of its blocks; in the arena. */
static const char *
drawn(struct arena *a, const struct card *c, const struct plan *plan,
    const char *handle, struct slack_message *out)
{
	const char *text;

	slack_message_card(a, c, plan, handle, PAGE, out);
	text = json_compact(a, out->blocks, NULL);
	json_decref(out->blocks);
	return text;
}

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static char *
many(struct arena *a, char c, size_t n)
{
	return memset(arena_alloc(a, n + 1), c, n);
}

static void
a_card_has_its_facts_payload_and_buttons(void **state)
{
	static const char *const holds[] = {"\"Approval wanted\"",
	    "billing-bot wants: stripe.refund", "Destination:\\nstripe.refund",
	    "Who may decide:\\n", "Digest:\\nffeeddcc", "Expires:\\n",
	    "\"rich_text_preformatted\"", "to,amount\\ndana,5000\\n",
	    "\"decide:0\"", "\"n:h1\"", "\"decide:1\"", "\"o:h1\"",
	    "\"url\":\"http://127.0.0.1:4000/approvals/int_1\"",
	    "\"emoji\":false"};
	struct intent in = card_waiting();
	struct card c = card_of(*state, &in);
	struct slack_message m;
	const char *text = drawn(*state, &c, &in.plan, "h1", &m);

	for (size_t i = 0; i < ARRAY_LEN(holds); i++) {
		assert_true(has(text, holds[i]));
	}
	assert_false(has(text, "mrkdwn"));
	assert_false(m.cut);
	assert_string_equal(m.text,
	    "Approval wanted: billing-bot wants: stripe.refund");
}

static void
what_somebody_else_wrote_is_never_markup(void **state)
{
	struct intent in = card_waiting();
	struct slack_message m;
	struct card c;
	const char *text;

	in.agent_name = "<!channel> *bold*";
	in.title = "<https://evil.example|Approved by Dana>";
	in.description = "```\n@here";
	c = card_of(*state, &in);
	text = drawn(*state, &c, &in.plan, "h1", &m);
	assert_false(has(text, "mrkdwn"));
	assert_true(has(text, "In the agent's own words"));
	assert_true(has(text, "<https://evil.example|Approved by Dana>"));
	assert_false(has(m.text, "<!channel>"));
	assert_true(has(m.text, "&lt;!channel&gt;"));
}

static void
a_form_is_asked_for_where_the_plan_wants_reasons(void **state)
{
	static const struct {
		bool denial, all;
		const char *approve, *deny;
	} rows[] = {
	    {false, false, "\"n:h1\"", "\"o:h1\""},
	    {true, false, "\"n:h1\"", "\"r:h1\""},
	    {false, true, "\"r:h1\"", "\"r:h1\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = card_waiting();
		struct card c = card_of(*state, &in);
		struct slack_message m;
		const char *text, *deny;

		in.plan.reason_required = rows[i].denial;
		in.plan.approve_reason = rows[i].all;
		text = drawn(*state, &c, &in.plan, "h1", &m);
		deny = strstr(text, "\"decide:1\"");
		assert_true(has(text, rows[i].approve));
		assert_non_null(deny);
		assert_true(has(deny, rows[i].deny));
	}
}

static void
a_settled_card_has_a_link_and_no_buttons(void **state)
{
	static const struct {
		enum intent_state state;
		const char *head;
	} rows[] = {
	    {INTENT_APPROVED, "\"Approved\""},
	    {INTENT_DENIED, "\"Denied\""},
	    {INTENT_RESOLVED, "\"Answered\""},
	    {INTENT_EXPIRED, "\"Expired\""},
	    {INTENT_CANCELLED, "\"Cancelled\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = card_waiting();
		struct slack_message m;
		struct card c;
		const char *text;

		in.state = rows[i].state;
		in.decided_by = "dana";
		in.settled_ms = CARD_CREATED_MS;
		c = card_of(*state, &in);
		text = drawn(*state, &c, &in.plan, "", &m);
		assert_true(has(text, rows[i].head));
		/* The word once, and then what it is about. */
		assert_ptr_equal(strstr(m.text, c.status), m.text);
		assert_true(has(m.text, "(billing-bot wants: stripe.refund)"));
		assert_true(has(text, "<" PAGE "|The full record>"));
		assert_true(has(text, "\"rich_text\""));
		assert_false(has(text, "\"actions\""));
		assert_false(has(text, "\"button\""));
	}
}

/* Every version has rich text: Slack replaces it by nothing else. */
static void
a_card_without_payload_has_rich_text_too(void **state)
{
	struct intent in = card_waiting();
	struct slack_message m;
	struct card c;

	card_build(&in, NULL, 0, 0, NULL, 0, card_name, NULL, CARD_CREATED_MS,
	    *state, &c);
	assert_true(has(drawn(*state, &c, &in.plan, "h1", &m),
	    "\"rich_text\""));
}

static size_t
units_in(const json_t *v)
{
	const char *key;
	json_t *child;
	size_t i, sum = 0;

	if (json_is_array(v)) {
		json_array_foreach(v, i, child)
		{
			sum += units_in(child);
		}
	}
	json_object_foreach((json_t *)(uintptr_t)v, key, child)
	{
		if (strcmp(key, "text") == 0 && json_is_string(child)) {
			size_t n = slack_text_units(json_string_value(child));

			assert_in_range(n, 1, 3000);
			sum += n;
		} else {
			sum += units_in(child);
		}
	}
	return sum;
}

static void
what_does_not_fit_is_cut_visibly_and_can_only_be_denied(void **state)
{
	static const char fillers[] = "x&<";

	for (const char *f = fillers; *f != '\0'; f++) {
		struct intent in = card_waiting();
		char *payload = many(*state, *f, SLACK_PAYLOAD_MAX);
		struct slack_message m;
		struct card c;
		const char *text;
		json_t *blocks;

		in.metadata = many(*state, *f, SLACK_PAYLOAD_MAX);
		in.description = many(*state, *f, 1000);
		in.payload_bytes = SLACK_PAYLOAD_MAX;
		card_build(&in, payload, SLACK_PAYLOAD_MAX, SLACK_PAYLOAD_MAX,
		    NULL, 0, card_name, NULL, CARD_CREATED_MS, *state, &c);
		assert_false(c.payload_cut);
		text = drawn(*state, &c, &in.plan, "h1", &m);
		assert_true(m.cut);
		assert_true(has(text, "characters are missing here"));
		assert_true(has(text, "here it can only be denied"));
		assert_false(has(text, "\"decide:0\""));
		assert_true(has(text, "\"decide:1\""));
		assert_true(has(text, PAGE));
		blocks = json_loads(text, 0, NULL);
		assert_in_range(units_in(blocks), 1000, 9500);
		assert_in_range(json_array_size(blocks), 5, SLACK_BLOCKS_MAX);
		json_decref(blocks);
	}
}

static void
a_long_answer_stands_whole_above_its_button(void **state)
{
	struct intent in = card_waiting();
	char *label = many(*state, 'y', 80);
	struct slack_message m;
	struct card c;
	const char *text;

	in.options[0].label = label;
	c = card_of(*state, &in);
	text = drawn(*state, &c, &in.plan, "h1", &m);
	assert_true(has(text,
	    arena_printf(*state, "Answer 1: %s (approves)", label)));
	assert_true(has(text, "yyy... (approves)\""));
}

static void
a_button_says_only_what_we_wrote(void **state)
{
	static const struct {
		const char *value;
		enum rc rc;
	} rows[] = {
	    {"n:h1", RC_OK},
	    {"o:h.1_-Z", RC_OK},
	    {"r:h1", RC_OK},
	    {"", RC_INVALID},
	    {"n", RC_INVALID},
	    {"n:", RC_INVALID},
	    {"x:h1", RC_INVALID},
	    {"nh1", RC_INVALID},
	    {"n:h 1", RC_INVALID},
	    {"n:h/1", RC_INVALID},
	    {"n:"
	     "1234567890123456789012345678901234567890"
	     "12345678901234567890",
		RC_OK},
	    {"n:"
	     "1234567890123456789012345678901234567890"
	     "123456789012345678901",
		RC_INVALID},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slack_button b;

		assert_int_equal(slack_button_read(*state, rows[i].value, &b),
		    rows[i].rc);
		if (rows[i].rc == RC_OK) {
			assert_string_equal(slack_button_value(*state, &b),
			    rows[i].value);
		}
	}
}

static void
a_text_is_cut_at_a_character_and_says_how_much(void **state)
{
	bool cut = false;
	char *plain = many(*state, 'a', 100);
	const char *s;

	assert_int_equal(slack_text_units("a&<>\xc3\xa4\xf0\x9f\x98\x80"),
	    1 + 5 + 4 + 4 + 1 + 2);
	assert_string_equal(slack_text_cut(*state, plain, 100, &cut), plain);
	assert_false(cut);
	s = slack_text_cut(*state, plain, 99, &cut);
	assert_true(cut);
	assert_string_equal(s + 39, " ... cut: 61 characters are missing here");
	assert_in_range(slack_text_units(s), 1, 99);
	s = slack_text_short(*state, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
	    4);
	assert_string_equal(s, "\xc3\xa4...");
	assert_string_equal(slack_text_escape(*state, "a<b>&c"),
	    "a&lt;b&gt;&amp;c");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_card_has_its_facts_payload_and_buttons),
	    cmocka_unit_test(what_somebody_else_wrote_is_never_markup),
	    cmocka_unit_test(a_form_is_asked_for_where_the_plan_wants_reasons),
	    cmocka_unit_test(a_settled_card_has_a_link_and_no_buttons),
	    cmocka_unit_test(a_card_without_payload_has_rich_text_too),
	    cmocka_unit_test(
		what_does_not_fit_is_cut_visibly_and_can_only_be_denied),
	    cmocka_unit_test(a_long_answer_stands_whole_above_its_button),
	    cmocka_unit_test(a_button_says_only_what_we_wrote),
	    cmocka_unit_test(a_text_is_cut_at_a_character_and_says_how_much),
	};

	return cmocka_run_group_tests(tests, card_set_up, card_tear_down);
}
