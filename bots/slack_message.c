#include "bots/slack_message.h"

#include <assert.h>
#include <string.h>

#include "bots/slack_text.h"

enum {
	FIELDS_MAX = 10,      /* of a section */
	FIELD_UNITS = 1900,   /* Slack takes 2000 */
	SECTION_UNITS = 2800, /* Slack takes 3000 */
	BUTTON_UNITS = 70,    /* Slack takes 75 */
	TEXT_UNITS = 200,     /* of the notification */
	PIECES_MAX = CARD_FACTS_MAX + 16,
	OVERHEAD = 1100 /* our own words: heads, labels, buttons */
};

/* A message under way. */
struct draw {
	struct arena *arena;
	const struct card *card;
	json_t *blocks;
	size_t piece_max; /* units; what is longer is cut */
	bool cut;
};

/* --- how much fits -------------------------------------------------------- */

static size_t
total_under(const size_t *units, int n, size_t max)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++) {
		sum += units[i] < max ? units[i] : max;
	}
	return sum;
}

/* The longest that a piece may be so that all of them fit. */
static size_t
piece_max(const struct card *c)
{
	size_t units[PIECES_MAX], room = SLACK_MESSAGE_UNITS - OVERHEAD;
	size_t low = SLACK_TEXT_CUT_MIN, high = SLACK_MESSAGE_UNITS;
	int n = 0;

	units[n++] = slack_text_units(c->headline);
	units[n++] = slack_text_units(c->status);
	units[n++] = slack_text_units(c->payload);
	units[n++] = slack_text_units(c->payload_note);
	units[n++] = slack_text_units(c->title);
	units[n++] = slack_text_units(c->description);
	for (int i = 0; i < c->facts_n; i++) {
		units[n++] = slack_text_units(c->facts[i].value);
	}
	for (int i = 0; i < c->options_n; i++) {
		units[n++] = slack_text_units(c->options[i].label);
	}
	assert(n <= PIECES_MAX);
	while (low < high) {
		size_t middle = (low + high + 1) / 2;

		if (total_under(units, n, middle) <= room) {
			low = middle;
		} else {
			high = middle - 1;
		}
	}
	return low;
}

static const char *
fit(struct draw *w, const char *s)
{
	return slack_text_cut(w->arena, s, w->piece_max, &w->cut);
}

/* --- blocks --------------------------------------------------------------- */

static void
add(struct draw *w, json_t *block)
{
	assert(block != NULL);
	(void)json_array_append_new(w->blocks, block);
}

static void
add_section(struct draw *w, const char *s)
{
	add(w,
	    json_pack("{s:s, s:o}", "type", "section", "text",
		slack_text_plain(s)));
}

/* In parts of as many units as one text object takes. */
static void
each_part(struct draw *w, const char *s, size_t max,
    void (*use)(struct draw *, const char *part, json_t *to), json_t *to)
{
	while (slack_text_units(s) > max) {
		size_t n = slack_text_fitting(s, max);

		use(w, arena_strndup(w->arena, s, n), to);
		s += n;
	}
	use(w, s, to);
}

static void
use_section(struct draw *w, const char *part, json_t *to)
{
	(void)to;
	add_section(w, part);
}

static json_t *
rich_piece(const char *s, bool bold)
{
	json_t *piece = json_pack("{s:s, s:s}", "type", "text", "text", s);

	if (bold) {
		(void)json_object_set_new(piece, "style",
		    json_pack("{s:b}", "bold", 1));
	}
	return piece;
}

static void
use_rich(struct draw *w, const char *part, json_t *to)
{
	(void)w;
	if (*part != '\0') {
		(void)json_array_append_new(to, rich_piece(part, false));
	}
}

/* A rich_text_section, _preformatted or _quote of plain letters. */
static json_t *
rich(struct draw *w, const char *type, const char *s, bool bold)
{
	json_t *pieces = json_array();

	if (bold) {
		(void)json_array_append_new(pieces, rich_piece(s, true));
	} else {
		each_part(w, s, SECTION_UNITS, use_rich, pieces);
	}
	return json_pack("{s:s, s:o}", "type", type, "elements", pieces);
}

static void
add_rich(struct draw *w, const char *id, json_t *elements)
{
	add(w,
	    json_pack("{s:s, s:s, s:o}", "type", "rich_text", "block_id", id,
		"elements", elements));
}

/* --- parts of a card ------------------------------------------------------ */

static const char *
heading(const struct card *c)
{
	static const struct {
		const char *state, *words;
	} rows[] = {
	    {"approved", "Approved"},
	    {"denied", "Denied"},
	    {"resolved", "Answered"},
	    {"expired", "Expired"},
	    {"cancelled", "Cancelled"},
	    {"blocked", "Blocked"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(c->state, rows[i].state) == 0) {
			return rows[i].words;
		}
	}
	return c->options_n > 0 ? "Approval wanted" : "Out of time";
}

static void
add_head(struct draw *w)
{
	const struct card *c = w->card;

	add(w,
	    json_pack("{s:s, s:o}", "type", "header", "text",
		slack_text_plain(heading(c))));
	each_part(w, fit(w, c->headline), SECTION_UNITS, use_section, NULL);
	each_part(w, fit(w, c->status), SECTION_UNITS, use_section, NULL);
}

static void
add_fields(struct draw *w, json_t **fields)
{
	if (json_array_size(*fields) > 0) {
		add(w,
		    json_pack("{s:s, s:O}", "type", "section", "fields",
			*fields));
	}
	json_decref(*fields);
	*fields = json_array();
}

/* Short ones side by side, long ones on their own. */
static void
add_facts(struct draw *w)
{
	const struct card *c = w->card;
	json_t *fields = json_array();

	for (int i = 0; i < c->facts_n; i++) {
		const char *text = arena_printf(w->arena, "%s:\n%s",
		    c->facts[i].label, fit(w, c->facts[i].value));

		if (slack_text_units(text) > FIELD_UNITS) {
			add_fields(w, &fields);
			each_part(w, text, SECTION_UNITS, use_section, NULL);
			continue;
		}
		if (json_array_size(fields) == FIELDS_MAX) {
			add_fields(w, &fields);
		}
		(void)json_array_append_new(fields, slack_text_plain(text));
	}
	add_fields(w, &fields);
	json_decref(fields);
}

static void
add_payload(struct draw *w)
{
	const struct card *c = w->card;
	json_t *elements = json_array();
	bool none = *c->payload == '\0';

	(void)json_array_append_new(elements,
	    rich(w, "rich_text_section",
		none ? "No payload is shown." : "Payload", true));
	if (!none) {
		(void)json_array_append_new(elements,
		    rich(w, "rich_text_preformatted", fit(w, c->payload),
			false));
	}
	if (c->payload_note != NULL) {
		(void)json_array_append_new(elements,
		    rich(w, "rich_text_section", fit(w, c->payload_note),
			c->payload_warns));
	}
	add_rich(w, "payload", elements);
}

static void
add_words(struct draw *w)
{
	const struct card *c = w->card;
	const char *const said[] = {c->title, c->description};
	json_t *elements;

	if (c->title == NULL && c->description == NULL) {
		return;
	}
	elements = json_array();
	(void)json_array_append_new(elements,
	    rich(w, "rich_text_section",
		"In the agent's own words, which nobody checked", true));
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		if (said[i] != NULL) {
			(void)json_array_append_new(elements,
			    rich(w, "rich_text_quote", fit(w, said[i]), false));
		}
	}
	add_rich(w, "words", elements);
}

/* --- buttons -------------------------------------------------------------- */

static const char form_letters[SLACK_FORMS] = {
    [SLACK_FORM_NONE] = 'n',
    [SLACK_FORM_OPTIONAL] = 'o',
    [SLACK_FORM_REQUIRED] = 'r',
};

const char *
slack_button_value(struct arena *a, const struct slack_button *b)
{
	assert(b->form < SLACK_FORMS && strlen(b->handle) <= HANDLE_MAX);
	return arena_printf(a, "%c:%s", form_letters[b->form], b->handle);
}

static bool
is_handle(const char *s)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789_.-";
	size_t len = strlen(s);

	return len > 0 && len <= HANDLE_MAX && strspn(s, alphabet) == len;
}

enum rc
slack_button_read(struct arena *a, const char *value, struct slack_button *out)
{
	if (value[0] == '\0' || value[1] != ':' || !is_handle(value + 2)) {
		return RC_INVALID;
	}
	for (int i = 0; i < SLACK_FORMS; i++) {
		if (value[0] == form_letters[i]) {
			*out = (struct slack_button){(enum slack_form)i,
			    arena_strdup(a, value + 2)};
			return RC_OK;
		}
	}
	return RC_INVALID;
}

static enum slack_form
form_of(const struct plan *plan, enum outcome outcome)
{
	if (plan->approve_reason) {
		return SLACK_FORM_REQUIRED;
	}
	if (outcome != OUTCOME_DENY) {
		return SLACK_FORM_NONE;
	}
	return plan->reason_required ? SLACK_FORM_REQUIRED
				     : SLACK_FORM_OPTIONAL;
}

/* A label that is too long keeps what it counts as. */
static const char *
button_label(struct draw *w, const struct option *o)
{
	static const char *const counts[OUTCOMES] = {
	    [OUTCOME_APPROVE] = "approves",
	    [OUTCOME_DENY] = "denies",
	    [OUTCOME_OTHER] = "neither",
	};

	if (slack_text_units(o->label) <= BUTTON_UNITS) {
		return o->label;
	}
	return arena_printf(w->arena, "%s (%s)",
	    slack_text_short(w->arena, o->label, BUTTON_UNITS - 15),
	    counts[o->outcome]);
}

static json_t *
decide_button(struct draw *w, int i, const struct plan *plan,
    const char *handle)
{
	static const char *const styles[OUTCOMES] = {
	    [OUTCOME_APPROVE] = "primary",
	    [OUTCOME_DENY] = "danger",
	};
	const struct option *o = &w->card->options[i];
	const struct slack_button b = {form_of(plan, o->outcome), handle};
	json_t *button = json_pack("{s:s, s:o, s:s, s:s}", "type", "button",
	    "text", slack_text_plain(button_label(w, o)), "action_id",
	    arena_printf(w->arena, SLACK_ACTION_DECIDE "%d", i), "value",
	    slack_button_value(w->arena, &b));

	if (styles[o->outcome] != NULL) {
		(void)json_object_set_new(button, "style",
		    json_string(styles[o->outcome]));
	}
	return button;
}

/* Labels that do not fit on their buttons, whole. */
static void
add_long_labels(struct draw *w)
{
	for (int i = 0; i < w->card->options_n; i++) {
		const struct option *o = &w->card->options[i];

		if (slack_text_units(o->label) > BUTTON_UNITS) {
			add_section(w,
			    arena_printf(w->arena, "Answer %d: %s", i + 1,
				fit(w, o->label)));
		}
	}
}

static void
add_page_link(struct draw *w, const char *page)
{
	if (page != NULL) {
		add(w,
		    json_pack("{s:s, s:[{s:s, s:s, s:b}]}", "type", "context",
			"elements", "type", "mrkdwn", "text",
			arena_printf(w->arena, "<%s|The full record>",
			    slack_text_escape(w->arena, page)),
			"verbatim", 1));
	}
}

static void
add_buttons(struct draw *w, const struct plan *plan, const char *handle,
    const char *page)
{
	bool only_deny = w->cut || w->card->payload_cut;
	json_t *buttons = json_array();

	for (int i = 0; i < w->card->options_n; i++) {
		if (!only_deny || w->card->options[i].outcome == OUTCOME_DENY) {
			(void)json_array_append_new(buttons,
			    decide_button(w, i, plan, handle));
		}
	}
	if (page != NULL) {
		(void)json_array_append_new(buttons,
		    json_pack("{s:s, s:o, s:s, s:s}", "type", "button", "text",
			slack_text_plain("Open the full page"), "action_id",
			SLACK_ACTION_PAGE, "url", page));
	}
	add(w,
	    json_pack("{s:s, s:s, s:o}", "type", "actions", "block_id",
		SLACK_BLOCK_DECIDE, "elements", buttons));
}

/* --- the whole ------------------------------------------------------------ */

static const char *
notification(struct arena *a, const struct card *c)
{
	const char *line =
	    slack_text_escape(a, slack_text_short(a, c->headline, TEXT_UNITS));
	const char *status =
	    slack_text_escape(a, slack_text_short(a, c->status, TEXT_UNITS));

	/* A status begins with the word that is the heading. */
	return c->options_n > 0 ? arena_printf(a, "%s: %s", heading(c), line)
				: arena_printf(a, "%s (%s)", status, line);
}

void
slack_message_card(struct arena *a, const struct card *c,
    const struct plan *plan, const char *handle, const char *page,
    struct slack_message *out)
{
	struct draw w = {.arena = a,
	    .card = c,
	    .blocks = json_array(),
	    .piece_max = piece_max(c)};
	bool open = c->options_n > 0 && handle != NULL && *handle != '\0';

	add_head(&w);
	add_facts(&w);
	add_payload(&w);
	add_words(&w);
	if (open) {
		add_long_labels(&w);
	}
	if (w.cut || (open && c->payload_cut)) {
		add_section(&w,
		    open ? "Not all of it is shown here. Approving needs the "
			   "full page; here it can only be denied."
			 : "Not all of it is shown here.");
	}
	if (open) {
		add_buttons(&w, plan, handle, page);
	} else {
		add_page_link(&w, page);
	}
	assert(json_array_size(w.blocks) <= SLACK_BLOCKS_MAX);
	*out = (struct slack_message){.blocks = w.blocks,
	    .text = notification(a, c),
	    .cut = w.cut};
}

bool
slack_message_shows_whole(struct arena *a, const struct card *c,
    const struct intent *in, const char *page)
{
	struct slack_message m;

	slack_message_card(a, c, &in->plan, "any", page, &m);
	json_decref(m.blocks);
	return !m.cut;
}
