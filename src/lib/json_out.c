#include "lib/json_out.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/text.h"

enum { NUMBER_SIZE = 32 };

/* Up to here a double holds every number of two decimals apart. */
static const double cents_max = 1e12;

void
json_out_init(struct json_out *o, struct arena *a)
{
	*o = (struct json_out){.arena = a};
	buf_init(&o->text, 0);
}

char *
json_out_finish(struct json_out *o, size_t *len)
{
	char *text;

	assert(o->depth == 0 && !o->text.full);
	text = arena_strndup(o->arena, buf_str(&o->text), o->text.len);
	if (len != NULL) {
		*len = o->text.len;
	}
	buf_fini(&o->text);
	return text;
}

/* What stands before a value, up to `first` of it (NUL = nothing of it). */
static void
begin(struct json_out *o, const char *name, char first)
{
	char head[JSON_OUT_NAME + sizeof(",\"\":\"")];
	size_t n = 0, len;

	assert((name != NULL) ==
	    (o->depth > 0 && o->ends[o->depth - 1] == '}'));
	if (o->comma) {
		head[n++] = ',';
	}
	o->comma = true;
	if (name != NULL) {
		len = strlen(name);
		assert(len <= JSON_OUT_NAME);
		head[n++] = '"';
		memcpy(head + n, name, len);
		n += len;
		head[n++] = '"';
		head[n++] = ':';
	}
	if (first != '\0') {
		head[n++] = first;
	}
	buf_add(&o->text, head, n);
}

static void
open_value(struct json_out *o, const char *name, char first, char last)
{
	assert(o->depth < JSON_OUT_DEPTH);
	begin(o, name, first);
	o->ends[o->depth++] = last;
	o->comma = false;
}

void
json_out_object(struct json_out *o, const char *name)
{
	open_value(o, name, '{', '}');
}

void
json_out_list(struct json_out *o, const char *name)
{
	open_value(o, name, '[', ']');
}

void
json_out_end(struct json_out *o)
{
	assert(o->depth > 0);
	buf_putc(&o->text, o->ends[--o->depth]);
	o->comma = true;
}

void
json_out_raw(struct json_out *o, const char *name, const char *text, size_t len)
{
	begin(o, name, '\0');
	if (text == NULL) {
		buf_add(&o->text, "null", 4);
		return;
	}
	buf_add(&o->text, text, len);
}

void
json_out_members(struct json_out *o, const char *text, size_t len)
{
	assert(o->depth > 0 && o->ends[o->depth - 1] == '}');
	if (len > 0) {
		if (o->comma) {
			buf_putc(&o->text, ',');
		}
		buf_add(&o->text, text, len);
		o->comma = true;
	}
}

void
json_out_null(struct json_out *o, const char *name)
{
	json_out_raw(o, name, NULL, 0);
}

void
json_out_bool(struct json_out *o, const char *name, bool value)
{
	json_out_raw(o, name, value ? "true" : "false", value ? 4 : 5);
}

void
json_out_int(struct json_out *o, const char *name, long long value)
{
	unsigned long long rest = value < 0 ? -(unsigned long long)value
					    : (unsigned long long)value;
	char text[NUMBER_SIZE];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0) {
		text[--at] = '-';
	}
	json_out_raw(o, name, text + at, sizeof(text) - at);
}

/*
 * Scores and amounts mostly have two decimals. No two decimals of 15 digits
 * are the same double, so that text is the shortest there is.
 */
static int
cents(double d, char text[NUMBER_SIZE])
{
	long long n = llround(d * 100);
	int len;

	if (d < 0 || d > cents_max || (double)n / 100 != d) {
		return 0;
	}
	len = snprintf(text, NUMBER_SIZE, "%lld.%02lld", n / 100, n % 100);
	while (text[len - 1] == '0') {
		len--;
	}
	return text[len - 1] == '.' ? len - 1 : len;
}

void
json_out_real(struct json_out *o, const char *name, double value)
{
	char text[NUMBER_SIZE];
	CLEANUP(json_drop) json_t *v = NULL;
	const char *s = text;
	size_t len;

	if (!isfinite(value)) {
		json_out_null(o, name);
		return;
	}
	len = (size_t)cents(value, text);
	if (len == 0) {
		v = json_real(value);
		s = json_canonical(o->arena, v, &len);
	}
	json_out_raw(o, name, s, len);
}

void
json_out_time(struct json_out *o, const char *name, long long ms)
{
	char text[CLOCK_ISO_SIZE];

	json_out_text(o, name, ms != 0 ? clock_iso(ms, text) : NULL);
}

/* RFC 8259 7: quote, backslash and controls must be escaped. */
static void
add_escaped(struct buf *b, unsigned char c)
{
	static const char letters[] = {['\b'] = 'b',
	    ['\t'] = 't',
	    ['\n'] = 'n',
	    ['\f'] = 'f',
	    ['\r'] = 'r',
	    ['"'] = '"',
	    ['\\'] = '\\'};
	char letter = c < sizeof(letters) ? letters[c] : '\0';

	if (letter != '\0') {
		buf_putc(b, '\\');
		buf_putc(b, letter);
		return;
	}
	buf_printf(b, "\\u%04x", c);
}

/* Whether a byte is written as it is. */
static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

void
json_out_text(struct json_out *o, const char *name, const char *s)
{
	struct buf *b = &o->text;
	size_t len = s != NULL ? strlen(s) : 0, from = 0, i = 0;

	while (i < len && is_plain((unsigned char)s[i]) &&
	    (unsigned char)s[i] < 0x80) {
		i++;
	}
	if (s == NULL || (i < len && !text_is_utf8(s, len))) {
		json_out_null(o, name);
		return;
	}
	begin(o, name, '"');
	for (; i < len; i++) {
		if (is_plain((unsigned char)s[i])) {
			continue;
		}
		buf_add(b, s + from, i - from);
		from = i + 1;
		add_escaped(b, (unsigned char)s[i]);
	}
	buf_add(b, s + from, len - from);
	buf_putc(b, '"');
}
