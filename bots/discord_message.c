#include "bots/discord_message.h"

#include <assert.h>
#include <string.h>

#include "bots/discord_message_impl.h"
#include "bots/discord_text.h"
#include "lib/text.h"

/* Discord, "Component Reference", Button and Text Input. */
enum {
	ROW_BUTTONS_MAX = 5,
	LABEL_MAX = 80,
	URL_BUTTON_MAX = 512,
	CONTENT_MAX = 2000
};

enum { TYPE_ROW = 1, TYPE_BUTTON = 2, TYPE_TEXT_INPUT = 4, TYPE_LABEL = 18 };
enum { STYLE_SECONDARY = 2, STYLE_LINK = 5 };
enum { ANSWER_MESSAGE = 4, ANSWER_UPDATE = 7, ANSWER_FORM = 9, EPHEMERAL = 64 };

bool
discord_message_wants_form(const struct intent *in, enum outcome outcome)
{
	return outcome == OUTCOME_DENY || in->plan.approve_reason;
}

/* Whether this answer counts only with a reason; NULL: nothing is known. */
static bool
reason_required(const struct intent *in, enum outcome outcome)
{
	return in != NULL &&
	    (in->plan.approve_reason ||
		(outcome == OUTCOME_DENY && in->plan.reason_required));
}

static json_t *
no_mentions(void)
{
	return json_pack("{s:[]}", "parse");
}

/* --- buttons -------------------------------------------------------------- */

/* The label as far as a button takes it; what it counts as always stays. */
static char *
button_label(struct arena *a, const char *label, bool *cut)
{
	const char *tail = strrchr(label, '(');
	size_t tail_units;

	if (strspn(label, " ") == strlen(label)) {
		return arena_strdup(a, "(blank)");
	}
	if (discord_units(label) <= LABEL_MAX) {
		return arena_strdup(a, label);
	}
	if (tail == NULL || label[strlen(label) - 1] != ')') {
		return discord_cut(a, label, LABEL_MAX, cut);
	}
	tail_units = discord_units(tail) + 1;
	if (tail_units >= LABEL_MAX) {
		return discord_cut(a, label, LABEL_MAX, cut);
	}
	return arena_printf(a, "%s %s",
	    discord_cut(a, label, LABEL_MAX - tail_units, cut), tail);
}

static json_t *
button(struct arena *a, const struct discord_face *face, int i)
{
	static const int styles[OUTCOMES] = {
	    [OUTCOME_APPROVE] = 3,
	    [OUTCOME_DENY] = 4,
	    [OUTCOME_OTHER] = STYLE_SECONDARY,
	};
	const struct option *o = &face->card->options[i];
	bool form = discord_message_wants_form(face->intent, o->outcome);
	bool cut = false;
	const char *id =
	    arena_printf(a, "%s:%d%s", face->handle, i, form ? ":m" : "");

	assert(o->outcome < OUTCOMES && strlen(id) <= DISCORD_CUSTOM_ID_MAX);
	return json_pack("{s:i, s:i, s:s, s:s}", "type", TYPE_BUTTON, "style",
	    styles[o->outcome], "label", button_label(a, o->label, &cut),
	    "custom_id", id);
}

/* What could have been chosen, of an intent that is settled. */
static json_t *
dead_button(struct arena *a, const struct intent *in, int i)
{
	CLEANUP(buf_fini) struct buf shown;
	const char *label = in->options[i].label;
	bool cut = false;

	buf_init(&shown, 0);
	text_show(&shown, label, strlen(label), false, NULL);
	return json_pack("{s:i, s:i, s:s, s:s, s:b}", "type", TYPE_BUTTON,
	    "style", STYLE_SECONDARY, "label",
	    button_label(a, buf_str(&shown), &cut), "custom_id",
	    arena_printf(a, "settled:%d", i), "disabled", 1);
}

static void
add_row(json_t *rows, json_t *buttons)
{
	if (json_array_size(buttons) == 0) {
		json_decref(buttons);
		return;
	}
	(void)json_array_append_new(rows,
	    json_pack("{s:i, s:o}", "type", TYPE_ROW, "components", buttons));
}

static bool
has_link(const struct discord_face *face)
{
	return face->page != NULL && face->dress != DISCORD_NO_LINK &&
	    strlen(face->page) <= URL_BUTTON_MAX;
}

/* A whole card can be decided here, and one that is cut only be denied. */
static json_t *
components(struct arena *a, const struct discord_face *face, bool cut)
{
	const struct card *card = face->card;
	json_t *rows = json_array(), *buttons = json_array();

	for (int i = 0; i < card->options_n && *face->handle != '\0'; i++) {
		if (!cut || card->options[i].outcome == OUTCOME_DENY) {
			(void)json_array_append_new(buttons,
			    button(a, face, i));
		}
	}
	for (int i = 0; card->options_n == 0 && i < face->intent->options_n;
	     i++) {
		(void)json_array_append_new(buttons,
		    dead_button(a, face->intent, i));
	}
	if (json_array_size(buttons) == ROW_BUTTONS_MAX) {
		add_row(rows, buttons);
		buttons = json_array();
	}
	if (has_link(face)) {
		(void)json_array_append_new(buttons,
		    json_pack("{s:i, s:i, s:s, s:s}", "type", TYPE_BUTTON,
			"style", STYLE_LINK, "label",
			cut && card->options_n > 0 ? "Read it all" : "Details",
			"url", face->page));
	}
	add_row(rows, buttons);
	return rows;
}

/* Whether two buttons could be taken for each other, being cut. */
static bool
labels_are_cut(struct arena *a, const struct card *card)
{
	bool cut = false;

	for (int i = 0; i < card->options_n; i++) {
		(void)button_label(a, card->options[i].label, &cut);
	}
	return cut;
}

/* --- the message ---------------------------------------------------------- */

/* What a phone shows of it; ours alone. */
static const char *
news(const struct discord_face *face)
{
	return face->card->options_n > 0 ? "A request waits for a decision"
					 : "A request is closed";
}

/* Nothing here comes from an agent but the intent's number. */
static const char *
bare_content(struct arena *a, const struct discord_face *face)
{
	const char *text = arena_printf(a,
	    "**%s** (%s)\nDiscord does not take the text of this request: it "
	    "can be read, and approved, only on its own page.%s%s",
	    news(face), discord_escape(a, face->intent->id),
	    face->page != NULL ? "\n" : "",
	    face->page != NULL ? face->page : "");
	bool cut = false;

	return discord_cut(a, text, CONTENT_MAX, &cut);
}

json_t *
discord_message_build(struct arena *a, const struct discord_face *face)
{
	bool bare = face->dress == DISCORD_BARE;
	bool cut = face->card->payload_cut || bare;
	json_t *embeds = bare ? json_array()
			      : discord_embeds_build(a, face,
				    labels_are_cut(a, face->card), &cut);

	return json_pack("{s:s, s:o, s:o, s:o}", "content",
	    bare ? bare_content(a, face) : news(face), "embeds", embeds,
	    "components", components(a, face, cut), "allowed_mentions",
	    no_mentions());
}

bool
discord_message_shows_whole(struct arena *a, const struct card *card,
    const struct intent *in, const char *page)
{
	const struct discord_face face = {.card = card,
	    .intent = in,
	    .handle = "any",
	    .page = page};
	bool cut = false;

	json_decref(discord_embeds_build(a, &face, labels_are_cut(a, card),
	    &cut));
	return !cut;
}

/* --- callbacks ------------------------------------------------------------ */

json_t *
discord_callback_update(struct arena *a, const struct discord_face *face)
{
	return json_pack("{s:i, s:o}", "type", ANSWER_UPDATE, "data",
	    discord_message_build(a, face));
}

json_t *
discord_callback_words(struct arena *a, const char *words)
{
	bool cut = false;

	return json_pack("{s:i, s:{s:s, s:i, s:o}}", "type", ANSWER_MESSAGE,
	    "data", "content",
	    discord_cut(a, discord_escape(a, words), CONTENT_MAX, &cut),
	    "flags", EPHEMERAL, "allowed_mentions", no_mentions());
}

json_t *
discord_callback_form(struct arena *a, const char *handle, int option,
    const struct intent *in)
{
	static const struct {
		const char *title, *label;
	} words[OUTCOMES] = {
	    [OUTCOME_APPROVE] = {"Approve", "Why do you approve?"},
	    [OUTCOME_DENY] = {"Deny", "Why do you deny?"},
	    [OUTCOME_OTHER] = {"Answer", "Why do you choose this?"},
	};
	bool known = in != NULL && option < in->options_n;
	enum outcome o = known ? in->options[option].outcome : OUTCOME_DENY;
	bool required = reason_required(in, o);
	json_t *input;

	assert(o < OUTCOMES);
	input = json_pack("{s:i, s:s, s:i, s:i, s:b}", "type", TYPE_TEXT_INPUT,
	    "custom_id", DISCORD_REASON_ID, "style", 2, "max_length",
	    INTENT_REASON_MAX, "required", required);
	if (required) {
		(void)json_object_set_new(input, "min_length", json_integer(1));
	}
	return json_pack("{s:i, s:{s:s, s:s, s:[{s:i, s:s, s:s, s:o}]}}",
	    "type", ANSWER_FORM, "data", "custom_id",
	    arena_printf(a, "%s:%d", handle, option), "title", words[o].title,
	    "components", "type", TYPE_LABEL, "label", words[o].label,
	    "description",
	    required ? "Shown to the agent and to the other approvers"
		     : "May stay empty. Shown to the agent and to the others",
	    "component", input);
}
