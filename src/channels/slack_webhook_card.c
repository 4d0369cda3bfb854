#include "channels/slack_webhook_card.h"

#include <assert.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/text.h"

enum { NOTICE_MAX = 150 }; /* bytes of the notification */

/* Shorter where need be, and says so: nothing is cut silently. */
static const char *
fit(struct arena *a, const char *s, size_t max)
{
	size_t len = strlen(s);

	if (len <= max) {
		return s;
	}
	return arena_printf(a, "%.*s [cut: all of it is behind the button]",
	    (int)text_border(s, len, max), s);
}

static json_t *
piece(const char *s, bool bold)
{
	json_t *p = json_pack("{s:s, s:s}", "type", "text", "text", s);

	if (bold) {
		(void)json_object_set_new(p, "style",
		    json_pack("{s:b}", "bold", 1));
	}
	return p;
}

/* A paragraph: a label in bold, or NULL, and a text; or a preformatted one. */
static void
add_rich(json_t *blocks, const char *type, const char *label, const char *text)
{
	json_t *pieces = json_array();

	if (label != NULL) {
		(void)json_array_append_new(pieces, piece(label, true));
	}
	if (text != NULL && text[0] != '\0') {
		(void)json_array_append_new(pieces, piece(text, false));
	}
	(void)json_array_append_new(blocks,
	    json_pack("{s:s, s:[{s:s, s:o}]}", "type", "rich_text", "elements",
		"type", type, "elements", pieces));
}

static void
add_line(json_t *blocks, const char *label, const char *text)
{
	add_rich(blocks, "rich_text_section", label, text);
}

/* All facts are one paragraph, so that a message has few blocks. */
static void
add_facts(json_t *blocks, struct arena *a, const struct card *c)
{
	json_t *pieces = json_array();

	for (int i = 0; i < c->facts_n; i++) {
		const struct card_fact *fact = &c->facts[i];

		(void)json_array_append_new(pieces,
		    piece(arena_printf(a, "%s: ", fact->label), true));
		(void)json_array_append_new(pieces,
		    piece(arena_printf(a, "%s%s",
			      fit(a, fact->value, SLACK_WEBHOOK_TEXT_MAX / 2),
			      i + 1 < c->facts_n ? "\n" : ""),
			false));
	}
	if (c->facts_n == 0) {
		json_decref(pieces);
		return;
	}
	(void)json_array_append_new(blocks,
	    json_pack("{s:s, s:[{s:s, s:o}]}", "type", "rich_text", "elements",
		"type", "rich_text_section", "elements", pieces));
}

static void
add_words(json_t *blocks, struct arena *a, const struct card *c)
{
	if (c->title != NULL) {
		add_line(blocks, "The agent says, unchecked: ",
		    fit(a, c->title, SLACK_WEBHOOK_TEXT_MAX));
	}
	if (c->description != NULL) {
		add_rich(blocks, "rich_text_quote", NULL,
		    fit(a, c->description, SLACK_WEBHOOK_TEXT_MAX));
	}
}

/* A button that only opens a page: the decision is made there. */
static void
add_button(json_t *blocks, const struct delivery *d)
{
	if (d->link == NULL) {
		return;
	}
	(void)json_array_append_new(blocks,
	    json_pack("{s:s, s:[{s:s, s:s, s:{s:s, s:s}, s:s, s:s}]}", "type",
		"actions", "elements", "type", "button", "action_id", "open",
		"text", "type", "plain_text", "text", "Look and decide", "url",
		d->link, "style", "primary"));
	if (d->code != NULL) {
		add_line(blocks, "Code to type there: ", d->code);
	}
}

/* Slack, "Formatting text for app surfaces", "Escaping text". */
static const char *
notice(struct arena *a, const struct card *c)
{
	const char *s = fit(a, c->headline, NOTICE_MAX);
	CLEANUP(buf_fini) struct buf b = {0};

	for (; *s != '\0'; s++) {
		switch (*s) {
		case '&':
			buf_puts(&b, "&amp;");
			break;
		case '<':
			buf_puts(&b, "&lt;");
			break;
		case '>':
			buf_puts(&b, "&gt;");
			break;
		default:
			buf_add(&b, s, 1);
			break;
		}
	}
	return arena_strdup(a, buf_str(&b));
}

const char *
slack_webhook_card(const struct delivery *d, size_t *len)
{
	const struct card *c = d->card;
	struct arena *a = d->arena;
	json_t *blocks = json_array();
	CLEANUP(json_drop) json_t *message = NULL;

	assert(c != NULL);
	add_line(blocks, fit(a, c->headline, SLACK_WEBHOOK_TEXT_MAX), NULL);
	add_line(blocks, NULL, fit(a, c->status, SLACK_WEBHOOK_TEXT_MAX));
	add_facts(blocks, a, c);
	if (c->payload_note != NULL) {
		add_line(blocks, NULL,
		    fit(a, c->payload_note, SLACK_WEBHOOK_TEXT_MAX));
	}
	if (c->payload != NULL && c->payload[0] != '\0') {
		add_rich(blocks, "rich_text_preformatted", NULL, c->payload);
	}
	add_words(blocks, a, c);
	add_button(blocks, d);
	message = json_pack("{s:s, s:b, s:b, s:o}", "text", notice(a, c),
	    "unfurl_links", 0, "unfurl_media", 0, "blocks", blocks);
	assert(message != NULL);
	return json_compact(a, message, len);
}
