#include "card_payload.h"

#include <string.h>

#include "card_words.h"
#include "lib/buf.h"
#include "lib/json.h"
#include "lib/script.h"
#include "lib/text.h"
#include "payload.h"

enum {
	BLANKS_MAX = 400, /* bytes of blanks in a row without a warning */
	BLANK_LINES_MAX = 15,
	HEAD_MAX = 120 /* bytes of a data: URI before its comma */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether s is JSON without a blank outside of its strings. */
static bool
is_dense_json(const char *s, size_t len)
{
	json_t *value = NULL;
	bool in_string = false;

	if (len < 2 || len > CARD_INDENT_MAX || (s[0] != '{' && s[0] != '[') ||
	    json_read(s, len, &value, NULL) != RC_OK) {
		return false;
	}
	json_decref(value);
	for (size_t i = 0; i < len; i++) {
		if (in_string && s[i] == '\\') {
			i++;
		} else if (s[i] == '"') {
			in_string = !in_string;
		} else if (!in_string && is_blank(s[i])) {
			return false;
		}
	}
	return true;
}

static void
new_line(struct buf *out, int depth)
{
	buf_putc(out, '\n');
	for (int i = 0; i < depth; i++) {
		buf_puts(out, "  ");
	}
}

/* Writes the character at s[i], outside of strings, and the blanks it wants. */
static void
put_laid_out(struct buf *out, const char *s, size_t i, int *depth)
{
	char c = s[i];

	switch (c) {
	case '{':
	case '[':
		buf_putc(out, c);
		/* An empty one stays on its line; valid JSON goes on. */
		if (s[i + 1] != '}' && s[i + 1] != ']') {
			new_line(out, ++*depth);
		}
		break;
	case '}':
	case ']':
		if (s[i - 1] != '{' && s[i - 1] != '[') {
			new_line(out, --*depth);
		}
		buf_putc(out, c);
		break;
	case ',':
		buf_putc(out, c);
		new_line(out, *depth);
		break;
	case ':':
		buf_puts(out, ": ");
		break;
	default:
		buf_putc(out, c);
		break;
	}
}

/* Dense JSON with a line for each value; taking the blanks out undoes it. */
static void
lay_out(struct buf *out, const char *s, size_t len)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (!in_string && s[i] != '"') {
			put_laid_out(out, s, i, &depth);
			continue;
		}
		buf_putc(out, s[i]);
		if (in_string && s[i] == '\\') {
			buf_putc(out, s[++i]);
		} else if (s[i] == '"') {
			in_string = !in_string;
		}
	}
}

/* Whether something stands behind a blank stretch that fills a screen. */
static bool
hides_behind_blanks(const char *s, size_t len)
{
	size_t blanks = 0, lines = 0;

	for (size_t i = 0; i < len; i++) {
		if (is_blank(s[i])) {
			blanks++;
			lines += s[i] == '\n';
			continue;
		}
		if (blanks > BLANKS_MAX || lines > BLANK_LINES_MAX) {
			return true;
		}
		blanks = 0;
		lines = 0;
	}
	return false;
}

/* What a reader may overlook in what is shown. */
static void
note_traps(struct buf *note, const char *s, size_t len)
{
	CLEANUP(buf_fini) struct buf word;

	buf_init(&word, 0);
	if (hides_behind_blanks(s, len)) {
		buf_puts(note,
		    "There is more text behind a long blank stretch: read to "
		    "the end. ");
	}
	if (script_mixed(s, len, &word)) {
		buf_printf(note,
		    "A word mixes alphabets and may not be what it looks like: "
		    "%s. ",
		    buf_str(&word));
	}
}

static void
note_cut(struct arena *a, struct buf *note, size_t shown, size_t len)
{
	buf_printf(note,
	    "Cut: the first %s of %s bytes are shown, %s bytes are missing "
	    "here. Approving needs the full page. ",
	    card_number(a, (long long)shown), card_number(a, (long long)len),
	    card_number(a, (long long)(len - shown)));
}

/*
 * The bytes to show: those of a data: URI, or as they are. A URI is only
 * taken apart where its head fits the note, so that nothing of it is lost.
 */
static const char *
readable(struct arena *a, const char *s, size_t *len, struct buf *note)
{
	const char *type = payload_type(a, s, *len), *data = NULL, *comma;
	size_t data_len = 0, ignored;
	bool spelled = false;

	if (!payload_is_data(s, *len)) {
		if (type != NULL) {
			buf_printf(note,
			    "The payload ends in the name of a file (%s): what "
			    "that file holds is not known here. ",
			    card_show(a, type, strlen(type), 0, false, &ignored,
				&spelled));
		}
		return s;
	}
	comma = memchr(s, ',', *len);
	if (comma != NULL && comma - s <= HEAD_MAX) {
		data = payload_data(a, s, *len, &data_len);
	}
	if (data == NULL) {
		buf_puts(note, "The payload is a data: URI, shown as it is. ");
		return s;
	}
	buf_printf(note,
	    "The payload is a data: URI of %s bytes, decoded here; it begins "
	    "with %s. ",
	    card_number(a, (long long)*len),
	    card_show(a, s, (size_t)(comma - s), 0, false, &ignored, &spelled));
	*len = data_len;
	return data;
}

/* JSON in lines, where it is wanted and fits; else NULL. */
static const char *
in_lines(struct arena *a, const char *s, size_t len, size_t max)
{
	CLEANUP(buf_fini) struct buf lines;
	bool spelled = false;
	const char *text;
	size_t shown;

	buf_init(&lines, 0);
	if (!is_dense_json(s, len)) {
		return NULL;
	}
	lay_out(&lines, s, len);
	text = card_show(a, lines.data, lines.len, max, true, &shown, &spelled);
	return shown == lines.len ? text : NULL;
}

void
card_payload_show(struct arena *a, const char *s, size_t len, size_t max,
    struct card_payload *out)
{
	CLEANUP(buf_fini) struct buf note;
	const char *text, *lines = NULL;
	size_t shown;

	*out = (struct card_payload){.text = ""};
	buf_init(&note, 0);
	text = readable(a, s, &len, &note);
	out->text = card_show(a, text, len, max, true, &shown, &out->spelled);
	out->cut = shown < len;
	if (out->cut) {
		note_cut(a, &note, shown, len);
	}
	if (out->spelled) {
		buf_puts(&note,
		    "Characters that cannot be seen are spelled "
		    "\\u{...}; \\\\ is one backslash. ");
	}
	note_traps(&note, text, shown);
	out->warns = note.len > 0;
	if (!out->cut) {
		lines = in_lines(a, text, len, max);
	}
	if (lines != NULL && strchr(lines, '\n') != NULL) {
		out->text = lines;
		buf_puts(&note, "Line breaks were added to the JSON. ");
	}
	if (note.len > 0) {
		out->note = arena_strndup(a, note.data, note.len - 1);
	}
}
