#include "bots/slack_view.h"

#include <assert.h>
#include <string.h>

#include "bots/slack_text.h"

enum {
	WORDS_UNITS = 2800, /* Slack takes 3000 in a text object */
	LINE_UNITS = 200,   /* of one line of a list */
	ERROR_UNITS = 500,
	MINUTE_MS = 60 * 1000
};

/* --- forms ---------------------------------------------------------------- */

static json_t *
section(struct arena *a, const char *s)
{
	return json_pack("{s:s, s:o}", "type", "section", "text",
	    slack_text_plain(slack_text_short(a, s, WORDS_UNITS)));
}

static json_t *
input(bool required)
{
	json_t *element = json_pack("{s:s, s:s, s:b, s:i}", "type",
	    "plain_text_input", "action_id", SLACK_FORM_ACTION, "multiline", 1,
	    "max_length", INTENT_REASON_MAX);

	return json_pack("{s:s, s:s, s:b, s:o, s:o}", "type", "input",
	    "block_id", SLACK_FORM_BLOCK, "optional", !required, "label",
	    slack_text_plain("Reason"), "element", element);
}

json_t *
slack_view_reason(struct arena *a, const struct slack_interaction *i,
    const struct card *c)
{
	json_t *blocks = json_array(), *view;

	if (c != NULL) {
		(void)json_array_append_new(blocks, section(a, c->headline));
	}
	if (c != NULL && i->option < c->options_n) {
		(void)json_array_append_new(blocks,
		    section(a,
			arena_printf(a, "Your answer: %s",
			    c->options[i->option].label)));
	}
	(void)json_array_append_new(blocks,
	    input(i->button.form == SLACK_FORM_REQUIRED));
	view = json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o}", "type",
	    "modal", "callback_id", SLACK_FORM_CALLBACK, "private_metadata",
	    slack_carried_write(a, i), "notify_on_close", 0, "title",
	    slack_text_plain("Why?"), "submit", slack_text_plain("Send"),
	    "close", slack_text_plain("Cancel"), "blocks", blocks);
	assert(view != NULL);
	return view;
}

json_t *
slack_view_words(const char *words)
{
	return json_pack("{s:s, s:o, s:o, s:[{s:s, s:o}]}", "type", "modal",
	    "title", slack_text_plain("Not counted"), "close",
	    slack_text_plain("Close"), "blocks", "type", "section", "text",
	    slack_text_plain(words));
}

json_t *
slack_view_error(const char *words)
{
	return json_pack("{s:s, s:{s:s}}", "response_action", "errors",
	    "errors", SLACK_FORM_BLOCK, words);
}

json_t *
slack_view_update(json_t *view)
{
	return json_pack("{s:s, s:o}", "response_action", "update", "view",
	    view);
}

/* --- refusals ------------------------------------------------------------- */

const char *
slack_words_refusal(struct arena *a, const struct answer *an)
{
	/* Where it says more than these words do, what the trunk says follows.
	 */
	static const struct {
		const char *reason, *words;
		bool more;
	} rows[] = {
	    {"not_an_approver", "You are not among those who may decide this",
		false},
	    {"own_request", "This is your own request", false},
	    {"already_voted", "You have answered this already", false},
	    {"already_answered", "This was answered already", true},
	    {"expired", "This is out of time", false},
	    {"reason_required", "A reason is needed", false},
	    {"unknown_message", "This is not a card of mine", false},
	    {"payload_not_shown",
		"Not all of the payload is shown here: open the full page",
		false},
	};
	const char *text = an->fault.text;

	if (strcmp(an->fault.reason, "unknown_account") == 0) {
		return arena_printf(a,
		    "Your Slack account is not known here: ask whoever runs "
		    "me to add %s.",
		    an->account);
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(an->fault.reason, rows[i].reason) == 0) {
			return slack_text_short(a,
			    arena_printf(a, "%s%s%s.", rows[i].words,
				rows[i].more ? ": " : "",
				rows[i].more ? text : ""),
			    ERROR_UNITS);
		}
	}
	return slack_text_short(a,
	    arena_printf(a, "This was not counted: %s", text), ERROR_UNITS);
}

bool
slack_refusal_is_of_form(const struct answer *an)
{
	return strcmp(an->fault.reason, "reason_required") == 0 ||
	    strcmp(an->fault.field, "reason") == 0;
}

json_t *
slack_words_message(struct arena *a, const char *words)
{
	json_t *message = json_pack("{s:s, s:[o]}", "text",
	    slack_text_escape(a, slack_text_short(a, words, WORDS_UNITS)),
	    "blocks", section(a, words));

	assert(message != NULL);
	return message;
}

/* --- what waits ----------------------------------------------------------- */

static const char *
time_left(struct arena *a, long long ms)
{
	long long minutes = ms > 0 ? ms / MINUTE_MS : 0;

	if (minutes < 120) {
		return arena_printf(a, "%lld min", minutes);
	}
	return minutes < 48 * 60
	    ? arena_printf(a, "%lld h", minutes / 60)
	    : arena_printf(a, "%lld days", minutes / (24 * 60));
}

static json_t *
item_block(struct arena *a, const struct pending_item *it, int i,
    long long now_ms)
{
	json_t *block = section(a,
	    arena_printf(a, "%s\n%s left",
		slack_text_short(a, it->headline, LINE_UNITS),
		time_left(a, it->expires_ms - now_ms)));

	if (it->page != NULL) {
		(void)json_object_set_new(block, "accessory",
		    json_pack("{s:s, s:o, s:s, s:s}", "type", "button", "text",
			slack_text_plain("Open"), "action_id",
			arena_printf(a, SLACK_ACTION_PAGE ":%d", i), "url",
			it->page));
	}
	return block;
}

static const char *
list_head(struct arena *a, const struct pending_list *l)
{
	if (l->rc != RC_OK) {
		return "The list cannot be had just now. Try again in a moment.";
	}
	if (!l->known) {
		return arena_printf(a,
		    "Your Slack account is not known here. Whoever runs assent "
		    "can add it to your entry in assent.yaml: "
		    "slack: [%s]",
		    l->account);
	}
	if (l->items_n == 0) {
		return "Nothing waits for you.";
	}
	return arena_printf(a, "Waiting for you: %d", l->items_n + l->more);
}

json_t *
slack_words_pending(struct arena *a, const struct pending_list *l,
    long long now_ms)
{
	const char *head = list_head(a, l);
	json_t *blocks = json_array();

	(void)json_array_append_new(blocks, section(a, head));
	for (int i = 0; l->rc == RC_OK && l->known && i < l->items_n; i++) {
		(void)json_array_append_new(blocks,
		    item_block(a, &l->items[i], i, now_ms));
	}
	if (l->rc == RC_OK && l->known && l->more > 0) {
		(void)json_array_append_new(blocks,
		    section(a, arena_printf(a, "And %d more.", l->more)));
	}
	if (l->rc == RC_OK && l->known && l->cut) {
		(void)json_array_append_new(blocks,
		    section(a,
			"So much is open that not all of it was looked "
			"through: what ends later may wait for you too."));
	}
	return json_pack("{s:s, s:s, s:o}", "response_type", "ephemeral",
	    "text", slack_text_escape(a, head), "blocks", blocks);
}
