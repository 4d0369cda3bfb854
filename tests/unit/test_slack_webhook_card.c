#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "card_samples.h"
#include "channels/slack_webhook_card.h"
#include "lib/buf.h"
#include "lib/json.h"

enum { BLOCKS_MAX = 50, BUTTON = 75, LONG = 5000 };

static json_t *
message_of(struct arena *a, const struct card *c, const char *link,
    const char *code)
{
	const struct delivery d = {.arena = a,
	    .card = c,
	    .link = link,
	    .code = code};
	size_t len;
	json_t *root = json_loads(slack_webhook_card(&d, &len), 0, NULL);

	assert_non_null(root);
	return root;
}

/* Every text of rich text, one behind the other. */
static void
collect(const json_t *v, struct buf *out)
{
	const json_t *item;
	const char *key;
	size_t i;

	if (json_is_object(v) && json_object_get(v, "type") != NULL &&
	    strcmp(json_string_value(json_object_get(v, "type")), "text") ==
		0) {
		buf_puts(out, json_string_value(json_object_get(v, "text")));
	}
	if (json_is_array(v)) {
		json_array_foreach(v, i, item)
		{
			collect(item, out);
		}
	}
	if (json_is_object(v)) {
		json_t *member;

		json_object_foreach((json_t *)(uintptr_t)v, key, member)
		{
			collect(member, out);
		}
	}
}

static const char *
said(struct arena *a, const json_t *message)
{
	CLEANUP(buf_fini) struct buf b = {0};

	collect(json_object_get(message, "blocks"), &b);
	return arena_strdup(a, buf_str(&b));
}

static const json_t *
button_of(const json_t *message)
{
	const json_t *block;
	size_t i;

	json_array_foreach(json_object_get(message, "blocks"), i, block)
	{
		if (strcmp(json_string_value(json_object_get(block, "type")),
			"actions") == 0) {
			return json_array_get(json_object_get(block,
						  "elements"),
			    0);
		}
	}
	return NULL;
}

static void
the_card_says_it_all_and_its_button_opens_the_page(void **state)
{
	struct intent in = card_waiting();
	struct card c = card_of(*state, &in);
	CLEANUP(json_drop) json_t *m =
	    message_of(*state, &c, "https://gate.example/l/token", "ABC123");
	const char *text = said(*state, m);
	const json_t *button = button_of(m);

	assert_non_null(strstr(text, c.headline));
	assert_non_null(strstr(text, c.status));
	assert_non_null(strstr(text, c.payload));
	for (int i = 0; i < c.facts_n; i++) {
		assert_non_null(strstr(text, c.facts[i].value));
	}
	assert_non_null(strstr(text, "Code to type there: ABC123"));
	assert_string_equal(json_string_value(json_object_get(button, "url")),
	    "https://gate.example/l/token");
	assert_true(json_is_false(json_object_get(m, "unfurl_links")));
	assert_true(json_is_false(json_object_get(m, "unfurl_media")));
	assert_true(json_array_size(json_object_get(m, "blocks")) <=
	    BLOCKS_MAX);
	assert_true(json_string_length(json_object_get(
			json_object_get(button, "text"), "text")) <= BUTTON);
}

static void
without_link_or_code_neither_is_offered(void **state)
{
	struct intent in = card_waiting();
	struct card c = card_of(*state, &in);
	CLEANUP(json_drop) json_t *plain = message_of(*state, &c, NULL, NULL);
	CLEANUP(json_drop) json_t *open =
	    message_of(*state, &c, "https://gate.example/l/t", NULL);

	assert_null(button_of(plain));
	assert_non_null(button_of(open));
	assert_null(strstr(said(*state, open), "Code"));
}

/* Slack, "Escaping text": three characters, and only in the notification. */
static void
the_notification_is_escaped_and_rich_text_is_not(void **state)
{
	struct intent in = card_waiting();
	struct card c = card_of(*state, &in);
	CLEANUP(json_drop) json_t *m = NULL;

	c.headline = "<!channel> & <https://x|y>";
	m = message_of(*state, &c, NULL, NULL);
	assert_string_equal(json_string_value(json_object_get(m, "text")),
	    "&lt;!channel&gt; &amp; &lt;https://x|y&gt;");
	assert_non_null(strstr(said(*state, m), c.headline));
}

static void
what_is_cut_says_so(void **state)
{
	struct intent in = card_waiting();
	struct card c = card_of(*state, &in);
	char *text = arena_alloc(*state, LONG + 1);
	CLEANUP(json_drop) json_t *m = NULL;

	memset(text, 'x', LONG);
	c.title = c.description = c.headline = text;
	c.facts[0].value = text;
	m = message_of(*state, &c, NULL, NULL);
	assert_null(strstr(said(*state, m), text));
	assert_non_null(strstr(said(*state, m),
	    "x [cut: all of it is behind the button]"));
	assert_true(json_string_length(json_object_get(m, "text")) < 250);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		the_card_says_it_all_and_its_button_opens_the_page),
	    cmocka_unit_test(without_link_or_code_neither_is_offered),
	    cmocka_unit_test(the_notification_is_escaped_and_rich_text_is_not),
	    cmocka_unit_test(what_is_cut_says_so),
	};

	return cmocka_run_group_tests(tests, card_set_up, card_tear_down);
}
