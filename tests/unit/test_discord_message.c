#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bots/discord_message.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "tests/unit/card_samples.h"
#include "tests/unit/discord_checks.h"

#define HANDLE "del_0123456789abcdef.AbCdEfGhIjKlMnOpQrStUv"
#define PAGE   "https://assent.example/approvals/int_0123456789abcdef"

/* As it is asked, and checked against every limit; the caller owns it. */
static json_t *
message_of(struct arena *a, const struct card *card, const struct intent *in,
    enum discord_dress dress)
{
	const struct discord_face face = {.card = card,
	    .intent = in,
	    .handle = HANDLE,
	    .page = PAGE,
	    .dress = dress};
	json_t *m = discord_message_build(a, &face);

	assert_non_null(m);
	discord_check_message(m);
	return m;
}

static char *
long_text(struct arena *a, const char *piece, size_t times)
{
	size_t n = strlen(piece);
	char *out = arena_alloc(a, n * times + 1);

	for (size_t i = 0; i < times; i++) {
		memcpy(out + i * n, piece, n);
	}
	return out;
}

static bool
has_text(const json_t *m, const char *text)
{
	CLEANUP(mem_drop) char *words = discord_words(m);

	return strstr(words, text) != NULL;
}

static void
a_card_is_asked_with_a_button_for_each_option(void **state)
{
	static const struct {
		const char *label, *id;
		int style;
	} rows[] = {
	    {"Approve", HANDLE ":0", 3},
	    {"Deny", HANDLE ":1:m", 4},
	    {"Ask legal (neither approves nor denies)", HANDLE ":2", 2},
	    {"Details", "", 5},
	};
	struct intent in = card_waiting();
	struct card card;
	CLEANUP(json_drop) json_t *m = NULL;

	in.options[2] = (struct option){"Ask legal", OUTCOME_OTHER};
	in.options_n = 3;
	in.title = "Refund @everyone";
	card = card_of(*state, &in);
	m = message_of(*state, &card, &in, DISCORD_FULL);
	for (int i = 0; i < (int)ARRAY_LEN(rows); i++) {
		const json_t *b = discord_button(m, i);

		assert_string_equal(discord_text_of(b, "label"), rows[i].label);
		assert_string_equal(discord_text_of(b, "custom_id"),
		    rows[i].id);
		assert_int_equal(json_integer_value(json_object_get(b,
				     "style")),
		    rows[i].style);
	}
	assert_null(discord_button(m, (int)ARRAY_LEN(rows)));
	assert_true(has_text(m, "billing-bot wants: stripe.refund"));
	assert_true(has_text(m, "```\nto,amount\ndana,5000\n\n```"));
	assert_true(has_text(m, "Digest: " CARD_DIGEST));
	assert_true(has_text(m, "Who may decide: Dana Li, Lee Wu"));
	assert_true(has_text(m,
	    "In the agent's own words (not checked)\nRefund \\@everyone"));
	assert_string_equal(discord_text_of(m, "content"),
	    "A request waits for a decision");
}

static void
every_answer_asks_for_a_reason_where_the_plan_does(void **state)
{
	struct intent in = card_waiting();
	struct card card;
	CLEANUP(json_drop) json_t *m = NULL;

	in.plan.approve_reason = true;
	card = card_of(*state, &in);
	m = message_of(*state, &card, &in, DISCORD_FULL);
	assert_string_equal(discord_text_of(discord_button(m, 0), "custom_id"),
	    HANDLE ":0:m");
}

static void
a_settled_card_has_only_dead_buttons(void **state)
{
	struct intent in = card_waiting();
	struct card card;
	CLEANUP(json_drop) json_t *m = NULL;

	in.state = INTENT_APPROVED;
	in.options[0].label = "Yes\u202e";
	in.chosen = 0;
	in.decided_by = "dana";
	in.settled_ms = CARD_CREATED_MS;
	card = card_of(*state, &in);
	m = message_of(*state, &card, &in, DISCORD_FULL);
	for (int i = 0; i < 2; i++) {
		assert_true(json_is_true(json_object_get(discord_button(m, i),
		    "disabled")));
	}
	assert_string_equal(discord_text_of(discord_button(m, 0), "label"),
	    "Yes\\u{202E}");
	assert_string_equal(discord_text_of(discord_button(m, 2), "url"), PAGE);
	assert_null(discord_button(m, 3));
	assert_true(has_text(m, "Approved with"));
	assert_true(has_text(m, "by Dana Li"));
	assert_string_equal(discord_text_of(m, "content"),
	    "A request is closed");
}

static void
what_has_no_room_can_only_be_denied_here(void **state)
{
	static const char *const pieces[] = {"x", "\U0001f600", "*", "`", "\n",
	    "\\u{202e}", "\u00e4 "};
	struct arena *a = *state;

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		const char *text = long_text(a, pieces[i], 9000);
		struct intent in = card_waiting();
		struct card cards[4];

		for (size_t k = 0; k < ARRAY_LEN(cards); k++) {
			cards[k] = card_of(a, &in);
		}
		cards[0].payload = text;
		cards[1].description = text;
		cards[2].facts[3].value = text;
		cards[3].payload_cut = true;
		for (size_t k = 0; k < ARRAY_LEN(cards); k++) {
			CLEANUP(json_drop) json_t *m =
			    message_of(a, &cards[k], &in, DISCORD_FULL);

			assert_string_equal(
			    discord_text_of(discord_button(m, 0), "label"),
			    "Deny");
			assert_string_equal(
			    discord_text_of(discord_button(m, 1), "label"),
			    "Read it all");
			assert_null(discord_button(m, 2));
			assert_true(has_text(m, "Approving needs the full"));
		}
	}
}

static void
everything_at_its_longest_is_within_the_limits(void **state)
{
	static const char *const pieces[] = {"x", "\U0001f600", "*"};
	struct arena *a = *state;

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		const char *text = long_text(a, pieces[i], 5000);
		struct intent in = card_waiting();
		struct card c = card_of(a, &in);
		json_t *m;

		c.headline = c.status = c.payload = c.payload_note = text;
		c.title = c.description = text;
		c.facts_n = CARD_FACTS_MAX;
		for (int k = 0; k < CARD_FACTS_MAX; k++) {
			c.facts[k] = (struct card_fact){"A label", text};
		}
		c.options_n = in.options_n = INTENT_OPTIONS_MAX;
		for (int k = 0; k < INTENT_OPTIONS_MAX; k++) {
			c.options[k] = (struct option){text, OUTCOME_DENY};
			in.options[k] = c.options[k];
		}
		for (int dress = 0; dress < DISCORD_DRESSES; dress++) {
			m = message_of(a, &c, &in, (enum discord_dress)dress);
			json_decref(m);
			c.options_n ^= INTENT_OPTIONS_MAX; /* settled */
		}
	}
}

static void
a_value_too_long_for_a_field_has_an_embed(void **state)
{
	struct intent in = card_waiting();
	struct card c = card_of(*state, &in);
	const char *text = long_text(*state, "x", 1200);
	CLEANUP(json_drop) json_t *m = NULL;

	c.facts_n = 1;
	c.facts[0] = (struct card_fact){"Metadata (claimed)", text};
	m = message_of(*state, &c, &in, DISCORD_FULL);
	assert_true(has_text(m, text));
	assert_string_equal(discord_text_of(discord_button(m, 0), "label"),
	    "Approve");
}

static void
a_long_label_keeps_what_it_counts_as(void **state)
{
	struct intent in = card_waiting();
	struct card c;
	CLEANUP(json_drop) json_t *m = NULL;
	const char *label;

	in.options[0].label = long_text(*state, "a", 80);
	c = card_of(*state, &in);
	m = message_of(*state, &c, &in, DISCORD_FULL);
	label = discord_text_of(discord_button(m, 0), "label");
	assert_non_null(strstr(label, "\u2026 (approves)"));
	assert_true(has_text(m, in.options[0].label));
}

static void
a_page_that_is_no_button_is_written_out(void **state)
{
	struct intent in = card_waiting();
	struct card c = card_of(*state, &in);
	CLEANUP(json_drop) json_t *m =
	    message_of(*state, &c, &in, DISCORD_NO_LINK);

	assert_null(discord_button(m, 2));
	assert_true(has_text(m, "The full page: " PAGE));
}

static void
a_bare_message_has_no_word_of_the_agent(void **state)
{
	struct intent in = card_waiting();
	struct card c = card_of(*state, &in);
	CLEANUP(json_drop) json_t *m =
	    message_of(*state, &c, &in, DISCORD_BARE);
	const char *content = discord_text_of(m, "content");

	assert_int_equal(json_array_size(json_object_get(m, "embeds")), 0);
	assert_null(strstr(content, "billing"));
	assert_non_null(strstr(content, PAGE));
	assert_string_equal(discord_text_of(discord_button(m, 0), "label"),
	    "Deny");
	assert_string_equal(discord_text_of(discord_button(m, 1), "url"), PAGE);
	assert_null(discord_button(m, 2));
}

static void
a_form_asks_for_the_reason(void **state)
{
	static const struct {
		bool known, denial, approval;
		int option;
		bool required;
		const char *title;
	} rows[] = {
	    {false, false, false, 1, false, "Deny"},
	    {true, false, false, 1, false, "Deny"},
	    {true, true, false, 1, true, "Deny"},
	    {true, false, true, 0, true, "Approve"},
	    {true, false, true, 1, true, "Deny"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intent in = card_waiting();
		CLEANUP(json_drop) json_t *f = NULL;
		const json_t *data, *input;

		in.plan.reason_required = rows[i].denial;
		in.plan.approve_reason = rows[i].approval;
		f = discord_callback_form(*state, HANDLE, rows[i].option,
		    rows[i].known ? &in : NULL);
		data = json_object_get(f, "data");
		input = json_object_get(
		    json_array_get(json_object_get(data, "components"), 0),
		    "component");
		assert_int_equal(json_integer_value(json_object_get(f, "type")),
		    9);
		assert_string_equal(discord_text_of(data, "title"),
		    rows[i].title);
		assert_true(strlen(discord_text_of(data, "custom_id")) <= 100);
		assert_int_equal(json_is_true(json_object_get(input,
				     "required")),
		    rows[i].required);
		assert_int_equal(json_integer_value(json_object_get(input,
				     "max_length")),
		    INTENT_REASON_MAX);
	}
}

static void
words_are_for_one_person_and_mention_nobody(void **state)
{
	CLEANUP(json_drop) json_t *w =
	    discord_callback_words(*state, "ask <@1> or *others*");
	const json_t *data = json_object_get(w, "data");

	assert_int_equal(json_integer_value(json_object_get(w, "type")), 4);
	assert_int_equal(json_integer_value(json_object_get(data, "flags")),
	    64);
	assert_string_equal(discord_text_of(data, "content"),
	    "ask \\<@1> or \\*others\\*");
	discord_check_message(data);
}

static void
an_update_paints_the_message(void **state)
{
	struct intent in = card_waiting();
	struct card c = card_of(*state, &in);
	const struct discord_face face = {.card = &c,
	    .intent = &in,
	    .handle = HANDLE};
	CLEANUP(json_drop) json_t *u = discord_callback_update(*state, &face);

	assert_int_equal(json_integer_value(json_object_get(u, "type")), 7);
	discord_check_message(json_object_get(u, "data"));
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, card_set_up, card_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(a_card_is_asked_with_a_button_for_each_option),
	    ROW(every_answer_asks_for_a_reason_where_the_plan_does),
	    ROW(a_settled_card_has_only_dead_buttons),
	    ROW(what_has_no_room_can_only_be_denied_here),
	    ROW(everything_at_its_longest_is_within_the_limits),
	    ROW(a_value_too_long_for_a_field_has_an_embed),
	    ROW(a_long_label_keeps_what_it_counts_as),
	    ROW(a_page_that_is_no_button_is_written_out),
	    ROW(a_bare_message_has_no_word_of_the_agent),
	    ROW(a_form_asks_for_the_reason),
	    ROW(words_are_for_one_person_and_mention_nobody),
	    ROW(an_update_paints_the_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
