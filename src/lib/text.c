#include "lib/text.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/rc.h"

enum {
	NEAREST_DISTANCE = 3,
	NEAREST_WORD_MAX = 64, /* longer names are not worth a guess */
	EMAIL_MAX = 254,       /* RFC 5321 4.5.3.1.3, without the brackets */
	EMAIL_LOCAL_MAX = 64,  /* RFC 5321 4.5.3.1.1 */
	DNS_LABEL_MAX = 63     /* RFC 1035 2.3.4 */
};

/* The length that the first byte announces and the least code point for it. */
static size_t
announced(unsigned char first, int *out_bits, int *out_least)
{
	if (first >= 0xc2 && first <= 0xdf) {
		*out_bits = first & 0x1f;
		*out_least = 0x80;
		return 2;
	}
	if (first >= 0xe0 && first <= 0xef) {
		*out_bits = first & 0x0f;
		*out_least = 0x800;
		return 3;
	}
	if (first >= 0xf0 && first <= 0xf4) {
		*out_bits = first & 0x07;
		*out_least = 0x10000;
		return 4;
	}
	return 0;
}

int
text_next(const char *s, size_t len, size_t *out_len)
{
	const unsigned char *u = (const unsigned char *)s;
	int c = 0, least = 0;
	size_t n, i;

	assert(len > 0);
	*out_len = 1;
	if (u[0] < 0x80) {
		return u[0];
	}
	n = announced(u[0], &c, &least);
	if (n == 0 || n > len) {
		return -1;
	}
	for (i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80) {
			return -1;
		}
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
		return -1;
	}
	*out_len = n;
	return c;
}

bool
text_is_utf8(const char *s, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		if (text_next(s + i, len - i, &n) < 0) {
			return false;
		}
	}
	return true;
}

size_t
text_border(const char *s, size_t len, size_t n)
{
	size_t back, width;

	if (n >= len) {
		return len;
	}
	/* A character that spans n begins at most three bytes before it. */
	for (back = 1; back <= 3 && back <= n; back++) {
		text_next(s + n - back, len - (n - back), &width);
		if (width > back) {
			return n - back;
		}
	}
	return n;
}

void
text_html(struct buf *out, const char *s, size_t len)
{
	static const char *const references[] = {
	    ['&'] = "&amp;",
	    ['<'] = "&lt;",
	    ['>'] = "&gt;",
	    ['"'] = "&quot;",
	    ['\''] = "&#39;",
	};
	size_t begin = 0, i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < ARRAY_LEN(references) && references[c] != NULL) {
			buf_add(out, s + begin, i - begin);
			buf_puts(out, references[c]);
			begin = i + 1;
		}
	}
	buf_add(out, s + begin, len - begin);
}

/* Levenshtein's distance, ASCII case ignored; row by row. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NEAREST_WORD_MAX + 1];
	size_t width = strlen(b), i, j;

	for (j = 0; j <= width; j++) {
		row[j] = j;
	}
	for (i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0]; /* of the row above */

		row[0] = i;
		for (j = 1; j <= width; j++) {
			size_t above = row[j];
			size_t best = above < row[j - 1] ? above : row[j - 1];
			int same = strncasecmp(&a[i - 1], &b[j - 1], 1) == 0;

			row[j] = same || diagonal <= best
			    ? diagonal + (same ? 0 : 1)
			    : best + 1;
			diagonal = above;
		}
	}
	return row[width];
}

const char *
text_nearest(const char *word, const char *const *candidates, size_t n)
{
	const char *nearest = NULL;
	size_t len = strlen(word), least = NEAREST_DISTANCE + 1, i;

	if (len > NEAREST_WORD_MAX) {
		return NULL;
	}
	/* Less than the length: something of the word must be left. */
	least = len < least ? len : least;
	for (i = 0; i < n; i++) {
		size_t d;

		if (strlen(candidates[i]) > NEAREST_WORD_MAX) {
			continue;
		}
		d = distance(word, candidates[i]);
		if (d < least) {
			least = d;
			nearest = candidates[i];
		}
	}
	return nearest;
}

bool
text_list_has(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p != '\0'; p += *p == ',' ? 1 : 0) {
		p += strspn(p, " ");
		if (strncmp(p, word, n) == 0 && strchr(", ", p[n]) != NULL) {
			return true;
		}
		p += strcspn(p, ",");
	}
	return false;
}

char *
text_mask_email(struct arena *a, const char *email)
{
	const char *at = strrchr(email, '@');
	size_t len = at != NULL ? (size_t)(at - email) : strlen(email);
	size_t first = text_border(email, len, 1), last;

	/* A first letter of several bytes ends at the next border. */
	while (first < len && text_border(email, len, first) == 0) {
		first++;
	}
	last = len > first ? text_border(email, len, len - 1) : len;
	if (last <= first) {
		/* One or two letters: both ends would be the whole of it. */
		last = len;
		first = len > first ? first : 0;
	}
	return arena_printf(a, "%.*s***%s%s", (int)first, email,
	    last < len ? arena_strndup(a, email + last, len - last) : "",
	    at != NULL ? at : "");
}

char *
text_bytes(struct arena *a, unsigned long long n)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)n / 1024;
	size_t unit = 0;
	char *s;

	if (n < 1024) {
		return arena_printf(a, n == 1 ? "%llu byte" : "%llu bytes", n);
	}
	/* What would be shown as 1024.0 belongs to the next unit. */
	while (value >= 1023.95 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1024;
		unit++;
	}
	s = arena_printf(a, "%.1f", value);
	if (strcmp(s + strlen(s) - 2, ".0") == 0) {
		s[strlen(s) - 2] = '\0';
	}
	return arena_printf(a, "%s %s", s, units[unit]);
}

/* RFC 5322 3.2.3: atoms joined by dots. Quoted strings are not taken. */
static bool
is_dot_atom(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		bool dot_here = c == '.' && i > 0 && i + 1 < len &&
		    s[i - 1] != '.';

		if (!dot_here && !(c < 0x80 && isalnum(c)) &&
		    (c == '\0' || strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL)) {
			return false;
		}
	}
	return len > 0;
}

/* RFC 1123 2.1: labels of letters, digits and inner hyphens. */
static bool
is_host_name(const char *s)
{
	size_t label, i;

	for (;; s += label + 1) {
		label = strcspn(s, ".");
		if (label == 0 || label > DNS_LABEL_MAX || s[0] == '-' ||
		    s[label - 1] == '-') {
			return false;
		}
		for (i = 0; i < label; i++) {
			if (!isascii(s[i]) || (!isalnum(s[i]) && s[i] != '-')) {
				return false;
			}
		}
		if (s[label] == '\0') {
			return true;
		}
	}
}

bool
text_is_email(const char *s)
{
	const char *at = strchr(s, '@');

	if (at == NULL || at - s > EMAIL_LOCAL_MAX || strlen(s) > EMAIL_MAX) {
		return false;
	}
	return is_dot_atom(s, (size_t)(at - s)) && is_host_name(at + 1);
}
