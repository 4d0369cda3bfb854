#include "bots/discord_text.h"

#include <string.h>

#include "lib/text.h"

enum { BMP_LAST = 0xFFFF, ID_DIGITS = 20, ID_MS_SHIFT = 22 };

#define EPOCH_MS 1420070400000LL /* 2015-01-01 */

static const char ellipsis[] = "\xe2\x80\xa6";

size_t
discord_units(const char *s)
{
	size_t len = strlen(s), units = 0, n;

	for (size_t i = 0; i < len; i += n) {
		units += text_next(s + i, len - i, &n) > BMP_LAST ? 2 : 1;
	}
	return units;
}

size_t
discord_fit(const char *s, size_t units)
{
	size_t len = strlen(s), i = 0, n;

	while (i < len) {
		size_t wide = text_next(s + i, len - i, &n) > BMP_LAST ? 2 : 1;

		if (wide > units) {
			break;
		}
		units -= wide;
		i += n;
	}
	return i;
}

char *
discord_cut(struct arena *a, const char *s, size_t units, bool *cut)
{
	size_t n, slashes = 0;

	if (discord_units(s) <= units) {
		return arena_strdup(a, s);
	}
	*cut = true;
	n = units > 0 ? discord_fit(s, units - 1) : 0;
	while (slashes < n && s[n - 1 - slashes] == '\\') {
		slashes++;
	}
	n -= slashes % 2;
	return arena_printf(a, "%.*s%s", (int)n, s, units > 0 ? ellipsis : "");
}

/* Whether s[i] begins a line, but for blanks. */
static bool
begins_line(const char *s, size_t i)
{
	while (i > 0 && (s[i - 1] == ' ' || s[i - 1] == '\t')) {
		i--;
	}
	return i == 0 || s[i - 1] == '\n';
}

/* Whether only digits stand between the line's begin and s[i]. */
static bool
numbers_line(const char *s, size_t i)
{
	size_t from = i;

	while (from > 0 && s[from - 1] >= '0' && s[from - 1] <= '9') {
		from--;
	}
	return from < i && begins_line(s, from);
}

static bool
is_markup(const char *s, size_t i)
{
	switch (s[i]) {
	case '\\':
	case '*':
	case '_':
	case '~':
	case '`':
	case '|':
	case '<':
	case '[':
	case ']':
		return true;
	case '#':
	case '>':
	case '-':
	case '+':
		return begins_line(s, i);
	case '.':
		return s[i + 1] == ' ' && numbers_line(s, i);
	case ':':
		return strncmp(s + i, "://", 3) == 0;
	case '@':
		return strncmp(s + i, "@everyone", 9) == 0 ||
		    strncmp(s + i, "@here", 5) == 0;
	default:
		return false;
	}
}

char *
discord_escape(struct arena *a, const char *s)
{
	CLEANUP(buf_fini) struct buf out;

	buf_init(&out, 0);
	for (size_t i = 0; s[i] != '\0'; i++) {
		if (is_markup(s, i)) {
			buf_putc(&out, '\\');
		}
		buf_putc(&out, s[i]);
	}
	return arena_strdup(a, buf_str(&out));
}

char *
discord_fence(struct arena *a, const char *s)
{
	CLEANUP(buf_fini) struct buf out;
	int row = 0;

	buf_init(&out, 0);
	for (; *s != '\0'; s++) {
		row = *s == '`' ? row + 1 : 0;
		if (row == 3) {
			buf_puts(&out, "\\u{60}");
			row = 0;
		} else {
			buf_putc(&out, *s);
		}
	}
	return arena_strdup(a, buf_str(&out));
}

bool
discord_is_id(const char *s, unsigned long long *out)
{
	unsigned long long id = 0;
	size_t len = s != NULL ? strlen(s) : 0;

	if (len == 0 || len > ID_DIGITS || s[0] == '0') {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9' ||
		    __builtin_mul_overflow(id, 10ULL, &id) ||
		    __builtin_add_overflow(id, (unsigned long long)(s[i] - '0'),
			&id)) {
			return false;
		}
	}
	if (out != NULL) {
		*out = id;
	}
	return true;
}

long long
discord_id_ms(unsigned long long id)
{
	return (long long)(id >> ID_MS_SHIFT) + EPOCH_MS;
}
