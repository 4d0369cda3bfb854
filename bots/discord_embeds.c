/*
 * The embeds of a card, within what Discord takes (Discord, "Message
 * Resource", Embed Limits).
 */
#include <string.h>

#include "bots/discord_message_impl.h"
#include "bots/discord_text.h"

enum {
	TOTAL_MAX = 6000, /* over all embeds of a message */
	TITLE_MAX = 256,
	DESCRIPTION_MAX = 4096,
	NAME_MAX = 256,
	VALUE_MAX = 1024,
	/* Our own shares of the total. */
	STATUS_MAX = 1300,
	OPTIONS_MAX = 900,
	FACTS_MAX = 2600,
	NOTE_MAX = 900,
	WORDS_SURE = 300, /* stay free for the agent's words */
	REST_MAX = 400	  /* titles, footer and our own note */
};

/* A message under way. */
struct paint {
	struct arena *a;
	const struct discord_face *face;
	json_t *embeds; /* owned by the caller in the end */
	size_t left;	/* units */
	int colour;
	bool cut;
};

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Takes as much of the text as may be, and accounts for it. */
static char *
take(struct paint *p, const char *text, size_t units_max)
{
	char *out = discord_cut(p->a, text, least(units_max, p->left), &p->cut);

	p->left -= discord_units(out);
	return out;
}

/* Discord refuses what is blank. */
static const char *
not_blank(const char *s)
{
	return s[strspn(s, " \n\t")] == '\0' ? "(blank)" : s;
}

static json_t *
add_embed(struct paint *p, const char *title, const char *description)
{
	json_t *e = json_pack("{s:s*, s:s*, s:i}", "title", title,
	    "description", description, "color", p->colour);

	(void)json_array_append_new(p->embeds, e);
	return e;
}

/* --- facts ---------------------------------------------------------------- */

/* What the facts need when no value is longer than `cap`. */
static size_t
facts_need(const struct card *card, char *const *values, size_t cap)
{
	size_t need = 0;

	for (int i = 0; i < card->facts_n; i++) {
		need += discord_units(card->facts[i].label) +
		    least(discord_units(values[i]), cap);
	}
	return need;
}

/* Short ones are fields; one that is too long for that has its own embed. */
static void
add_facts(struct paint *p, json_t *embed)
{
	/* 64: a digest is never cut. */
	static const size_t caps[] = {FACTS_MAX, VALUE_MAX, 512, 256, 128, 64};
	const struct card *card = p->face->card;
	char *values[CARD_FACTS_MAX];
	json_t *fields = json_array();
	size_t cap = 0;

	for (int i = 0; i < card->facts_n; i++) {
		values[i] = discord_escape(p->a, card->facts[i].value);
	}
	while (cap + 1 < ARRAY_LEN(caps) &&
	    facts_need(card, values, caps[cap]) > FACTS_MAX) {
		cap++;
	}
	for (int i = 0; i < card->facts_n; i++) {
		const char *label = take(p, card->facts[i].label, NAME_MAX);
		const char *value = not_blank(take(p, values[i], caps[cap]));

		if (discord_units(value) > VALUE_MAX) {
			(void)add_embed(p, label, value);
			continue;
		}
		(void)json_array_append_new(fields,
		    json_pack("{s:s, s:s, s:b}", "name", label, "value", value,
			"inline", discord_units(value) < 30));
	}
	(void)json_object_set_new(embed, "fields", fields);
}

/* --- the parts ------------------------------------------------------------ */

/* The options in full, where their buttons are too short for them. */
static const char *
options_list(const struct paint *p)
{
	CLEANUP(buf_fini) struct buf out;
	const struct card *card = p->face->card;

	buf_init(&out, 0);
	for (int i = 0; i < card->options_n; i++) {
		buf_printf(&out, "\nButton %d: %s", i + 1,
		    discord_escape(p->a, card->options[i].label));
	}
	return arena_strdup(p->a, buf_str(&out));
}

static void
add_head(struct paint *p, bool list)
{
	const struct card *card = p->face->card;
	bool ignored = false; /* destination and agent are among the facts */
	const char *title = discord_cut(p->a,
	    discord_escape(p->a, card->headline), TITLE_MAX, &ignored);
	const char *status =
	    take(p, discord_escape(p->a, card->status), STATUS_MAX);
	const char *options = list ? take(p, options_list(p), OPTIONS_MAX) : "";
	const char *footer =
	    take(p, arena_printf(p->a, "assent %s", p->face->intent->id), 60);
	json_t *e =
	    add_embed(p, title, arena_printf(p->a, "%s%s", status, options));

	p->left -= least(p->left, discord_units(title));
	(void)json_object_set_new(e, "footer",
	    json_pack("{s:s}", "text", footer));
	add_facts(p, e);
}

static void
add_payload(struct paint *p, size_t words)
{
	const struct card *card = p->face->card;
	const char *note = card->payload_note != NULL
	    ? discord_escape(p->a, card->payload_note)
	    : "";
	const char *text = "";

	note = take(p, note, NOTE_MAX);
	if (*card->payload != '\0') {
		size_t kept = least(least(words, WORDS_SURE), p->left);

		text = take(p, discord_fence(p->a, card->payload),
		    least(p->left - kept, DESCRIPTION_MAX - NOTE_MAX - 20));
		text = arena_printf(p->a, "```\n%s\n```", text);
	}
	if (*text != '\0' || *note != '\0') {
		(void)add_embed(p, "Payload",
		    arena_printf(p->a, "%s%s%s", text,
			*text != '\0' && *note != '\0' ? "\n" : "", note));
	}
}

/* Title and description on lines of their own; "" when there are none. */
static const char *
words_of(const struct paint *p)
{
	const struct card *card = p->face->card;
	const char *title = card->title != NULL ? card->title : "";
	const char *more = card->description != NULL ? card->description : "";

	return discord_escape(p->a,
	    arena_printf(p->a, "%s%s%s", title,
		*title != '\0' && *more != '\0' ? "\n" : "", more));
}

static void
add_words(struct paint *p, const char *words)
{
	if (*words != '\0') {
		(void)add_embed(p, "In the agent's own words (not checked)",
		    not_blank(take(p, words, DESCRIPTION_MAX)));
	}
}

static void
add_notes(struct paint *p)
{
	const struct discord_face *face = p->face;
	const char *link = face->dress == DISCORD_NO_LINK && face->page != NULL
	    ? arena_printf(p->a, "The full page: %s", face->page)
	    : "";
	const char *cut = "";

	if (p->cut) {
		cut = face->card->options_n > 0
		    ? "Not all of it has room here. Approving needs the full "
		      "page; denying does not."
		    : "Not all of it has room here; the full page has it.";
	}
	if (*cut != '\0' || *link != '\0') {
		(void)add_embed(p, NULL,
		    arena_printf(p->a, "%s%s%s", cut,
			*cut != '\0' && *link != '\0' ? "\n" : "", link));
	}
}

static int
colour_of(const char *state)
{
	static const struct {
		const char *state;
		int colour;
	} rows[] = {
	    {"pending", 0xF0B132},
	    {"approved", 0x248046},
	    {"denied", 0xDA373C},
	    {"blocked", 0xDA373C},
	    {"resolved", 0x5865F2},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].state, state) == 0) {
			return rows[i].colour;
		}
	}
	return 0x80848E; /* nobody decided */
}

json_t *
discord_embeds_build(struct arena *a, const struct discord_face *face,
    bool list, bool *cut)
{
	struct paint p = {.a = a,
	    .face = face,
	    .embeds = json_array(),
	    .left = TOTAL_MAX - REST_MAX,
	    .colour = colour_of(face->card->state),
	    .cut = *cut};
	const char *words = words_of(&p);

	if (face->dress == DISCORD_NO_LINK && face->page != NULL) {
		p.left -= least(p.left, discord_units(face->page));
	}
	add_head(&p, list);
	add_payload(&p, discord_units(words));
	add_words(&p, words);
	add_notes(&p);
	*cut = p.cut;
	return p.embeds;
}
