#include "bots/slack_text.h"

#include <assert.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/text.h"

/* Of the one character at s; its bytes in *out_len. */
static size_t
units_of(const char *s, size_t len, size_t *out_len)
{
	int c = text_next(s, len, out_len);

	switch (c) {
	case '&':
		return strlen("&amp;");
	case '<':
	case '>':
		return strlen("&lt;");
	default:
		return c > 0xffff ? 2 : 1;
	}
}

size_t
slack_text_units(const char *s)
{
	size_t len = s != NULL ? strlen(s) : 0, units = 0, n;

	for (size_t i = 0; i < len; i += n) {
		units += units_of(s + i, len - i, &n);
	}
	return units;
}

size_t
slack_text_fitting(const char *s, size_t max)
{
	size_t len = strlen(s), units = 0, i = 0, n;

	while (i < len) {
		units += units_of(s + i, len - i, &n);
		if (units > max) {
			break;
		}
		i += n;
	}
	return i;
}

static size_t
characters(const char *s)
{
	size_t len = strlen(s), count = 0, n;

	for (size_t i = 0; i < len; i += n) {
		(void)text_next(s + i, len - i, &n);
		count++;
	}
	return count;
}

const char *
slack_text_cut(struct arena *a, const char *s, size_t max, bool *cut)
{
	size_t n;

	assert(max >= SLACK_TEXT_CUT_MIN);
	if (slack_text_units(s) <= max) {
		return s;
	}
	n = slack_text_fitting(s, max - SLACK_TEXT_CUT_MIN);
	*cut = true;
	return arena_printf(a, "%.*s ... cut: %zu characters are missing here",
	    (int)n, s, characters(s + n));
}

const char *
slack_text_short(struct arena *a, const char *s, size_t max)
{
	assert(max > 3);
	if (slack_text_units(s) <= max) {
		return s;
	}
	return arena_printf(a, "%.*s...", (int)slack_text_fitting(s, max - 3),
	    s);
}

const char *
slack_text_escape(struct arena *a, const char *s)
{
	CLEANUP(buf_fini) struct buf out;

	buf_init(&out, 0);
	for (const char *p = s; *p != '\0'; p++) {
		switch (*p) {
		case '&':
			buf_puts(&out, "&amp;");
			break;
		case '<':
			buf_puts(&out, "&lt;");
			break;
		case '>':
			buf_puts(&out, "&gt;");
			break;
		default:
			buf_putc(&out, *p);
		}
	}
	return arena_strdup(a, buf_str(&out));
}

json_t *
slack_text_plain(const char *s)
{
	json_t *text = json_pack("{s:s, s:s, s:b}", "type", "plain_text",
	    "text", s != NULL && *s != '\0' ? s : "-", "emoji", 0);

	/* Shown form is UTF-8, the one thing that could fail here. */
	assert(text != NULL);
	return text;
}
