#include "lib/json.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"

enum {
	NUMBER_MAX = 60, /* characters */
	NUMBER_SIZE = 64 /* bytes of any number that we read or write */
};

/*
 * From 2^53 on a double skips integers, and from here on RFC 8785 writes an
 * exponent, so that nobody takes the number for an exact integer.
 */
static const double inexact_from = 0x1p53, exponent_from = 1e21;

/* What jansson calls by the names of its own flags, in words for a client. */
static const char *const words[] = {
    [json_error_invalid_utf8] = "not UTF-8",
    [json_error_null_character] = "\\u0000 is not allowed",
    [json_error_null_byte_in_key] = "\\u0000 is not allowed",
};

/* Refuses at byte `at` of s; lines and columns count from 1. */
static enum rc
refuse_at(const char *s, size_t at, const char *why, struct fault *f)
{
	int line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		if (s[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)s[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	return fault_set(f, RC_INVALID, "body", "line %d, column %d: %s", line,
	    column, why);
}

/* The index behind the string whose opening quote stands at i. */
static size_t
skip_string(const char *s, size_t len, size_t i)
{
	for (i++; i < len && s[i] != '"'; i++) {
		if (s[i] == '\\') {
			i++;
		}
	}
	return i < len ? i + 1 : len;
}

/* The index behind the number at i; what is wrong with it goes to *why. */
static size_t
skip_number(const char *s, size_t len, size_t i, const char **why)
{
	char text[NUMBER_SIZE];
	size_t first = i;
	double d;

	while (i < len && s[i] != '\0' && strchr("+-.0123456789Ee", s[i])) {
		i++;
	}
	if (i - first > NUMBER_MAX) {
		*why = "a number of more than 60 characters must be a string";
		return i;
	}
	memcpy(text, s + first, i - first);
	text[i - first] = '\0';
	d = fabs(strtod(text, NULL));
	if (d >= inexact_from &&
	    (d < exponent_from || strpbrk(text, ".Ee") == NULL)) {
		*why = "an integer beyond 2^53 - 1 must be a string";
	}
	return i;
}

/*
 * The limits that jansson does not have, before it spends memory on the text.
 * It also skips a NUL byte that follows a number, which no other reader does.
 */
static enum rc
check_limits(const char *s, size_t len, struct fault *f)
{
	const char *nul = len > 0 ? memchr(s, '\0', len) : NULL;
	size_t depth = 0, values = 1, i = 0;
	const char *why = NULL;

	if (nul != NULL) {
		return refuse_at(s, (size_t)(nul - s),
		    "a NUL byte is not allowed", f);
	}
	while (i < len) {
		size_t at = i;

		if (s[i] == '"') {
			i = skip_string(s, len, i);
			continue;
		}
		if (s[i] == '-' || (s[i] >= '0' && s[i] <= '9')) {
			i = skip_number(s, len, i, &why);
		} else {
			depth += s[i] == '[' || s[i] == '{';
			depth -= depth > 0 && (s[i] == ']' || s[i] == '}');
			values += s[i] == '[' || s[i] == '{' || s[i] == ',';
			i++;
		}
		if (depth > JSON_DEPTH_MAX) {
			why = "nested deeper than 64 levels";
		} else if (values > JSON_VALUES_MAX) {
			why = "more than 250000 values";
		}
		if (why != NULL) {
			return refuse_at(s, at, why, f);
		}
	}
	return RC_OK;
}

enum rc
json_read(const char *s, size_t len, json_t **out, struct fault *f)
{
	json_error_t error;
	enum json_error_code code;
	enum rc rc = check_limits(s, len, f);

	if (rc != RC_OK) {
		return rc;
	}
	if (len == 0) {
		return fault_set(f, RC_INVALID, "body", "is empty");
	}
	*out = json_loadb(s, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
	    &error);
	if (*out != NULL) {
		return RC_OK;
	}
	code = json_error_code(&error);
	return fault_set(f, RC_INVALID, "body", "line %d, column %d: %s",
	    error.line, error.column,
	    (size_t)code < ARRAY_LEN(words) && words[code] != NULL
		? words[code]
		: error.text);
}

/*
 * Finds the fewest digits that read back as d, and of those the nearest: what
 * ECMA-262 Number::toString asks for. Writes them without a point and returns
 * the exponent of the first.
 *
 * 15 digits survive any normal double, so a shorter text shows as trailing
 * zeros of the 15; a subnormal has fewer. Below a power of two the doubles
 * stand closer than above, so there the nearest text may read back as the
 * neighbour below while the next one up is right.
 */
static int
shortest_digits(double d, char digits[NUMBER_SIZE])
{
	int precision = fabs(d) < DBL_MIN ? 1 : DBL_DIG, n;
	char text[NUMBER_SIZE];

	for (;; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision - 1, d);
		if (strtod(text, NULL) == d) {
			break;
		}
		n = precision == 1 ? 0 : precision; /* of the last digit */
		if (text[n] < '9') {
			text[n]++;
			if (strtod(text, NULL) == d) {
				break;
			}
		}
		assert(precision < DBL_DECIMAL_DIG);
	}
	digits[0] = text[0];
	n = 1;
	if (precision > 1) {
		memcpy(digits + 1, text + 2, (size_t)precision - 1);
		n = precision;
	}
	while (n > 1 && digits[n - 1] == '0') {
		n--;
	}
	digits[n] = '\0';
	return (int)strtol(strchr(text, 'e') + 1, NULL, 10);
}

/* ECMA-262 Number::toString for radix 10; n and k are the names used there. */
static void
write_real(struct buf *b, double d)
{
	char digits[NUMBER_SIZE];
	int n, k;

	assert(isfinite(d));
	if (d == 0) {
		buf_putc(b, '0');
		return;
	}
	if (d < 0) {
		buf_putc(b, '-');
		d = -d;
	}
	n = shortest_digits(d, digits) + 1;
	k = (int)strlen(digits);
	if (k <= n && n <= 21) {
		buf_printf(b, "%s%.*s", digits, n - k, "000000000000000000000");
	} else if (0 < n && n <= 21) {
		buf_printf(b, "%.*s.%s", n, digits, digits + n);
	} else if (-6 < n && n <= 0) {
		buf_printf(b, "0.%.*s%s", -n, "000000", digits);
	} else {
		buf_printf(b, "%c%s%se%+d", digits[0], k > 1 ? "." : "",
		    digits + 1, n - 1);
	}
}

static void
write_integer(struct buf *b, json_int_t i, bool canonical)
{
	const json_int_t max = 1LL << DBL_MANT_DIG;
	char text[NUMBER_SIZE];
	int n;

	if (canonical && (i > max || i < -max)) {
		write_real(b, (double)i);
		return;
	}
	n = snprintf(text, sizeof(text), "%lld", (long long)i);
	buf_add(b, text, (size_t)n);
}

/* RFC 8785 3.2.2.2: the short escapes, \u00xx for other controls, no more. */
static void
write_string(struct buf *b, const char *s, size_t len)
{
	static const char letters[] = {['\b'] = 'b',
	    ['\t'] = 't',
	    ['\n'] = 'n',
	    ['\f'] = 'f',
	    ['\r'] = 'r',
	    ['"'] = '"',
	    ['\\'] = '\\'};
	size_t from = 0;

	buf_putc(b, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		char letter = c < sizeof(letters) ? letters[c] : '\0';

		if (c >= 0x20 && letter == '\0') {
			continue;
		}
		buf_add(b, s + from, i - from);
		from = i + 1;
		if (letter != '\0') {
			buf_putc(b, '\\');
			buf_putc(b, letter);
		} else {
			buf_printf(b, "\\u%04x", c);
		}
	}
	buf_add(b, s + from, len - from);
	buf_putc(b, '"');
}

struct member {
	const char *key;     /* borrowed from the object */
	const json_t *value; /* the same */
};

/*
 * Orders UTF-8 as UTF-16 would be: code points from U+10000 (lead bytes from
 * 0xf0) are surrogates there and stand before U+E000 to U+FFFF (0xee, 0xef).
 */
static int
compare_members(const void *a, const void *b)
{
	const char *s = ((const struct member *)a)->key;
	const char *t = ((const struct member *)b)->key;
	unsigned char c, d;

	while (*s != '\0' && *s == *t) {
		s++;
		t++;
	}
	c = (unsigned char)*s;
	d = (unsigned char)*t;
	if ((c >= 0xf0) != (d >= 0xf0) && c >= 0xee && d >= 0xee) {
		return c >= 0xf0 ? -1 : 1;
	}
	return (c > d) - (c < d);
}

struct writer {
	struct buf *out;
	struct arena *arena; /* of member tables */
	bool canonical;
};

/* The members of an object, in the order they are written in. */
static struct member *
members_of(struct writer *w, const json_t *object, size_t n)
{
	/* jansson's iterators take no const, and change nothing. */
	json_t *o = (json_t *)(uintptr_t)object;
	struct member *members = arena_array(w->arena, n, sizeof(*members));
	void *at = json_object_iter(o);

	for (size_t i = 0; i < n; i++) {
		members[i].key = json_object_iter_key(at);
		members[i].value = json_object_iter_value(at);
		at = json_object_iter_next(o, at);
	}
	if (w->canonical) {
		qsort(members, n, sizeof(*members), compare_members);
	}
	return members;
}

/* Recursive: what json_read() gave, or we built, is not deep. */
static void
write_value(struct writer *w, const json_t *v)
{
	struct buf *b = w->out;
	struct member *members;
	size_t n;

	switch (json_typeof(v)) {
	case JSON_OBJECT:
		n = json_object_size(v);
		members = members_of(w, v, n);
		buf_putc(b, '{');
		for (size_t i = 0; i < n; i++) {
			if (i > 0) {
				buf_putc(b, ',');
			}
			write_string(b, members[i].key, strlen(members[i].key));
			buf_putc(b, ':');
			write_value(w, members[i].value);
		}
		buf_putc(b, '}');
		break;
	case JSON_ARRAY:
		n = json_array_size(v);
		buf_putc(b, '[');
		for (size_t i = 0; i < n; i++) {
			if (i > 0) {
				buf_putc(b, ',');
			}
			write_value(w, json_array_get(v, i));
		}
		buf_putc(b, ']');
		break;
	case JSON_STRING:
		write_string(b, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
		write_integer(b, json_integer_value(v), w->canonical);
		break;
	case JSON_REAL:
		write_real(b, json_real_value(v));
		break;
	case JSON_TRUE:
		buf_add(b, "true", 4);
		break;
	case JSON_FALSE:
		buf_add(b, "false", 5);
		break;
	case JSON_NULL:
		buf_add(b, "null", 4);
		break;
	}
}

static char *
write_text(struct arena *a, const json_t *v, bool canonical, size_t *out_len)
{
	struct buf b;
	struct writer w = {&b, a, canonical};
	char *text;

	buf_init(&b, 0);
	write_value(&w, v);
	assert(!b.full);
	text = arena_strndup(a, buf_str(&b), b.len);
	if (out_len != NULL) {
		*out_len = b.len;
	}
	buf_fini(&b);
	return text;
}

char *
json_canonical(struct arena *a, const json_t *v, size_t *out_len)
{
	return write_text(a, v, true, out_len);
}

char *
json_compact(struct arena *a, const json_t *v, size_t *out_len)
{
	return write_text(a, v, false, out_len);
}

void
json_drop(json_t **v)
{
	json_decref(*v);
	*v = NULL;
}
