#include "channels/email_letter.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channels/mime.h"
#include "lib/clock.h"
#include "lib/embedded.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/template.h"
#include "lib/text.h"

enum { LETTERS = 2, PARTS = 2, PLAIN = 0, HTML = 1 };

static const struct {
	const char *file;
	enum template_escape escape;
} files[LETTERS][PARTS] = {
    [DELIVERY_ASK] = {{"mail_ask.txt", TEMPLATE_TEXT},
	{"mail_ask.html", TEMPLATE_HTML}},
    [DELIVERY_SETTLED] = {{"mail_settled.txt", TEMPLATE_TEXT},
	{"mail_settled.html", TEMPLATE_HTML}},
};

/* How a state is called in a subject, and its colour. */
static const struct {
	const char *word, *colour;
} states[INTENT_STATES] = {
    [INTENT_PENDING] = {"Approve?", "#7a4b00"},
    [INTENT_APPROVED] = {"Approved:", "#1a6a3b"},
    [INTENT_DENIED] = {"Denied:", "#a1261c"},
    [INTENT_RESOLVED] = {"Answered:", "#595e68"},
    [INTENT_EXPIRED] = {"Expired:", "#595e68"},
    [INTENT_CANCELLED] = {"Cancelled:", "#595e68"},
    [INTENT_BLOCKED] = {"Blocked:", "#a1261c"},
};

struct email_templates {
	struct template *parts[LETTERS][PARTS];
};

/* The file of the folder, RC_NOT_FOUND when there is none. */
static enum rc
read_file(const char *dir, const char *name, struct buf *out, struct fault *f)
{
	char path[4096], chunk[4096];
	size_t n;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	if (file == NULL) {
		return errno == ENOENT
		    ? RC_NOT_FOUND
		    : fault_set(f, RC_INVALID, "ASSENT_TEMPLATE_DIR", "%s: %s",
			  path, strerror(errno));
	}
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		buf_add(out, chunk, n);
	}
	if (ferror(file) != 0 || out->full) {
		(void)fclose(file);
		return fault_set(f, RC_INVALID, "ASSENT_TEMPLATE_DIR",
		    "%s: cannot be read, or has more than %d bytes", path,
		    EMAIL_TEMPLATE_MAX);
	}
	(void)fclose(file);
	return RC_OK;
}

static enum rc
load(const char *dir, const char *name, enum template_escape escape,
    struct template **out, struct fault *f)
{
	CLEANUP(buf_fini) struct buf text;
	struct fault why = {0};
	char path[64];
	const struct embedded *e;
	enum rc rc = RC_NOT_FOUND;

	buf_init(&text, EMAIL_TEMPLATE_MAX);
	if (dir != NULL) {
		rc = read_file(dir, name, &text, f);
	}
	if (rc == RC_NOT_FOUND) {
		(void)snprintf(path, sizeof(path), "templates/%s", name);
		e = embedded_find(path);
		assert(e != NULL);
		buf_add(&text, e->data, e->len);
		rc = RC_OK;
	}
	if (rc != RC_OK) {
		return rc;
	}
	rc = template_new(buf_str(&text), text.len, escape, out, &why);
	if (rc != RC_OK) {
		return fault_set(f, rc, "ASSENT_TEMPLATE_DIR", "%s: %s", name,
		    why.text);
	}
	return RC_OK;
}

enum rc
email_templates_load(const char *dir, struct email_templates **out,
    struct fault *f)
{
	struct email_templates *t = mem_new(1, sizeof(*t));
	enum rc rc = RC_OK;
	int i, k;

	for (i = 0; rc == RC_OK && i < LETTERS; i++) {
		for (k = 0; rc == RC_OK && k < PARTS; k++) {
			rc = load(dir, files[i][k].file, files[i][k].escape,
			    &t->parts[i][k], f);
		}
	}
	if (rc != RC_OK) {
		email_templates_free(t);
		return rc;
	}
	*out = t;
	return RC_OK;
}

void
email_templates_free(struct email_templates *t)
{
	int i, k;

	if (t == NULL) {
		return;
	}
	for (i = 0; i < LETTERS; i++) {
		for (k = 0; k < PARTS; k++) {
			template_free(t->parts[i][k]);
		}
	}
	free(t);
}

/*
 * A text as a header can take it. What comes from a card is in shown form
 * already and stays as it is; anything else is spelled.
 */
static const char *
header_value(struct arena *a, const char *s)
{
	CLEANUP(buf_fini) struct buf shown;

	if (s == NULL) {
		return NULL;
	}
	buf_init(&shown, 0);
	if (mime_is_value(s)) {
		buf_puts(&shown, s);
	} else {
		text_show(&shown, s, strlen(s), false, NULL);
	}
	if (shown.len > EMAIL_SUBJECT_MAX) {
		shown.len =
		    text_border(shown.data, shown.len, EMAIL_SUBJECT_MAX - 3);
		return arena_printf(a, "%.*s...", (int)shown.len, shown.data);
	}
	return arena_strdup(a, buf_str(&shown));
}

static void
set(json_t *values, const char *name, const char *s)
{
	if (s != NULL) {
		(void)json_object_set_new(values, name, json_string(s));
	}
}

/* One item for each line, so that a template can mark each. */
static void
set_lines(json_t *values, const char *name, const char *s)
{
	json_t *lines = json_array();
	size_t n;

	while (s != NULL && *s != '\0') {
		n = strcspn(s, "\n");
		(void)json_array_append_new(lines, json_stringn(s, n));
		s += n;
		s += *s == '\n' ? 1 : 0;
	}
	(void)json_object_set_new(values, name, lines);
}

/* Whether the labels say more than the outcomes behind them. */
static bool
has_own_options(const struct card *c)
{
	return c->options_n > 2 ||
	    (c->options_n > 0 && strcmp(c->options[0].label, "Approve") != 0) ||
	    (c->options_n > 1 && strcmp(c->options[1].label, "Deny") != 0);
}

/* "2026-11-21 04:16 UTC" */
static const char *
minute(struct arena *a, long long ms)
{
	char iso[CLOCK_ISO_SIZE];

	clock_iso(ms, iso);
	return arena_printf(a, "%.10s %.5s UTC", iso, iso + 11);
}

static json_t *
values_of(const struct delivery *d, const char *person_name)
{
	json_t *values = card_values(d->card);

	set(values, "person_name", person_name);
	set(values, "link", d->link);
	set(values, "code", d->code);
	set(values, "page", d->page);
	set(values, "expires", minute(d->arena, d->intent->expires_ms));
	set(values, "colour", states[d->intent->state].colour);
	set_lines(values, "payload_lines", d->card->payload);
	set_lines(values, "description_lines", d->card->description);
	(void)json_object_set_new(values, "has_own_options",
	    json_boolean(has_own_options(d->card)));
	return values;
}

static enum rc
render(const struct template *t, const json_t *values, struct arena *a,
    const char **out, struct fault *f)
{
	CLEANUP(buf_fini) struct buf text;

	buf_init(&text, EMAIL_PART_MAX);
	template_render(t, values, &text);
	if (text.full) {
		return fault_set(f, RC_TOO_LARGE, "mail",
		    "has more than %d bytes", EMAIL_PART_MAX);
	}
	*out = arena_strndup(a, buf_str(&text), text.len);
	return RC_OK;
}

enum rc
email_letter_write(const struct email_templates *t, const struct delivery *d,
    struct email_letter *out, struct fault *f)
{
	CLEANUP(json_drop) json_t *values = NULL;
	enum rc rc;

	if ((d->kind != DELIVERY_ASK && d->kind != DELIVERY_SETTLED) ||
	    d->card == NULL || d->intent == NULL) {
		return fault_set(f, RC_INVALID, "kind", "is nothing to mail");
	}
	assert(d->intent->state < INTENT_STATES);
	out->to_name = header_value(d->arena, d->person_name);
	out->subject = header_value(d->arena,
	    arena_printf(d->arena, "%s %s", states[d->intent->state].word,
		d->card->headline));
	values = values_of(d, out->to_name);
	rc = render(t->parts[d->kind][PLAIN], values, d->arena, &out->text, f);
	if (rc != RC_OK) {
		return rc;
	}
	return render(t->parts[d->kind][HTML], values, d->arena, &out->html, f);
}
