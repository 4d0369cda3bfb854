/*
 * Text of strangers: what is shown hides nothing and reads back as the bytes
 * it was, what is folded are words with one blank between.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool ok)
{
	if (!ok) {
		abort();
	}
}

/* The value of "{HEX}" at s, at most `digits` long; -1 when it is none. */
static int
braced(const char *s, size_t digits, size_t *out_len)
{
	size_t n = s[0] == '{' ? strspn(s + 1, "0123456789ABCDEF") : 0;

	if (n == 0 || n > digits || s[n + 1] != '}') {
		return -1;
	}
	*out_len = n + 2;
	return (int)strtol(s + 1, NULL, 16);
}

/* The bytes that the shown s names begin with those at *bytes, in order. */
static void
must_name(const char *s, const char *bytes, size_t len)
{
	size_t at = 0, n = 0;

	while (*s != '\0') {
		must(at < len);
		if (s[0] == '\\' && s[1] == 'x') {
			must(braced(s + 2, 2, &n) == (unsigned char)bytes[at]);
			must(text_next(bytes + at, len - at, &n) < 0);
			s += 2 + 4;
			at++;
		} else if (s[0] == '\\' && s[1] == 'u') {
			int c = braced(s + 2, 6, &n);

			s += 2 + n;
			must(c == text_next(bytes + at, len - at, &n));
			at += n;
		} else if (s[0] == '\\' && (s[1] == 'n' || s[1] == '\\')) {
			must(bytes[at++] == (s[1] == 'n' ? '\n' : '\\'));
			s += 2;
		} else {
			must(bytes[at++] == *s++);
		}
	}
	must(at == len);
}

static void
try_show(const char *s, size_t len, bool keep_lines)
{
	struct buf b = {0};
	bool changed;
	size_t i, n;

	text_show(&b, s, len, keep_lines, &changed);
	for (i = 0; i < b.len; i += n) {
		int c = text_next(b.data + i, b.len - i, &n);

		must(text_is_visible(c) || (c == '\n' && keep_lines));
	}
	must(changed || b.len >= len);
	must_name(buf_str(&b), s, len);
	buf_fini(&b);
}

static void
try_fold(struct arena *a, const char *s, size_t len)
{
	const char *words = text_fold(a, s, len);
	const char *joined = text_fold_joined(a, s, len);
	size_t n = strlen(words);
	char *readings[TEXT_READINGS];
	int r;

	must(text_is_utf8(words, n));
	must(strpbrk(words, "\t\n\r!$@|-.ABCXYZ") == NULL);
	must(strstr(words, "  ") == NULL && words[0] != ' ');
	must(n == 0 || words[n - 1] != ' ');
	for (; *words != '\0'; words++) {
		must(*words == ' ' || *words == *joined++);
	}
	must(*joined == '\0');
	text_fold_readings(a, s, len, readings);
	must(strcmp(readings[TEXT_READING_I], text_fold(a, s, len)) == 0);
	for (r = 0; r < TEXT_READINGS; r++) {
		must(readings[r] == NULL ||
		    text_is_utf8(readings[r], strlen(readings[r])));
	}
}

static void
try_rest(struct arena *a, const char *s, size_t len)
{
	const char *string = arena_strndup(a, s, len);
	struct buf b = {0};
	size_t n;

	for (n = 0; n <= len && n < 64; n++) {
		size_t border = text_border(s, len, n);

		must(border <= n && n - border < 4);
	}
	text_html(&b, s, len);
	must(strpbrk(buf_str(&b), "<>\"'") == NULL);
	buf_fini(&b);
	must(text_mask_email(a, string) != NULL);
	must(!text_is_email(string) ||
	    (strpbrk(string, " \t\r\n,;<>\"()") == NULL &&
		strchr(string, '@') == strrchr(string, '@')));
	(void)text_nearest(string, &string, 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new();
	const char *s = (const char *)data;

	try_show(s, len, true);
	try_show(s, len, false);
	try_fold(a, s, len);
	try_rest(a, s, len);
	arena_free(a);
	return 0;
}
