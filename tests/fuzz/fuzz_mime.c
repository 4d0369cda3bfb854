/*
 * Header values and bodies out of anything: what was refused is no value, and
 * what was taken reads back as the same text, in lines that a relay passes
 * on, without a line that nobody meant.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "channels/mime.h"
#include "lib/crypto.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { TEXT_MAX = 4096, LINE_LIMIT = 78, WORD_BYTES = 64 };

static void
must(bool ok)
{
	if (!ok) {
		abort();
	}
}

/* Every line ends in CRLF, is short, and is 7-bit. */
static void
check_lines(const struct buf *b)
{
	size_t i, col = 0;

	for (i = 0; i < b->len; i++) {
		char c = b->data[i];

		if (c == '\r') {
			must(i + 1 < b->len && b->data[i + 1] == '\n');
			must(col <= LINE_LIMIT);
			col = 0;
			i++;
			continue;
		}
		must(c != '\n' && (c == '\t' || (c >= ' ' && c <= '~')));
		col++;
	}
	must(col == 0);
}

/* Undoes folding and encoded words, as RFC 2047 6.2 tells a reader to. */
static void
read_value(const char *s, struct buf *out)
{
	bool after_word = false;

	while (*s != '\0') {
		const char *blank = s + strspn(s, " \r\n");

		if (after_word && strncmp(blank, "=?UTF-8?B?", 10) == 0) {
			s = blank; /* a gap between two words is no blank */
		}
		if (strncmp(s, "=?UTF-8?B?", 10) == 0) {
			const char *end = strstr(s, "?=");
			char base64[80] = "", bytes[WORD_BYTES];
			size_t n;

			must(end != NULL && end - s - 10 < 80);
			memcpy(base64, s + 10, (size_t)(end - s - 10));
			must(crypto_unbase64(base64, bytes, sizeof(bytes),
				 &n) == RC_OK);
			must(text_is_utf8(bytes, n));
			buf_add(out, bytes, n);
			s = end + 2;
			after_word = true;
			continue;
		}
		after_word = false;
		if (s[0] == '\r' && s[1] == '\n') {
			must(s[2] == ' ');
			s += 2;
			continue;
		}
		buf_putc(out, *s++);
	}
}

static void
try_value(const char *s)
{
	CLEANUP(buf_fini) struct buf out, back;
	char *value;

	buf_init(&out, 0);
	buf_init(&back, 0);
	if (!mime_is_value(s)) {
		return;
	}
	must(strpbrk(s, "\r\n") == NULL);
	mime_header(&out, "Subject", s);
	check_lines(&out);
	must(strncmp(out.data, "Subject: ", 9) == 0);
	value = strndup(out.data + 9, out.len - 9 - 2);
	read_value(value, &back);
	must(strcmp(buf_str(&back), s) == 0);
	free(value);
	buf_clear(&out);
	mime_mailbox(&out, "To", s, "dana@example.com");
	check_lines(&out);
	must(out.len > 22 &&
	    strcmp(out.data + out.len - 20, "<dana@example.com>\r\n") == 0);
}

static int
hex(char c)
{
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* Undoes quoted-printable; CRLF becomes LF. */
static void
read_body(const struct buf *b, struct buf *out)
{
	size_t i;

	for (i = 0; i < b->len; i++) {
		const char *s = b->data + i;

		if (s[0] == '=' && s[1] == '\r') {
			i += 2;
		} else if (s[0] == '=') {
			buf_putc(out, (char)(hex(s[1]) << 4 | hex(s[2])));
			i += 2;
		} else if (s[0] != '\r') {
			buf_putc(out, s[0]);
		}
	}
}

static void
try_body(const char *s, size_t len)
{
	CLEANUP(buf_fini) struct buf out, back, want;
	size_t i;

	buf_init(&out, 0);
	buf_init(&back, 0);
	buf_init(&want, 0);
	for (i = 0; i < len; i++) {
		if (s[i] != '\r' || i + 1 == len || s[i + 1] != '\n') {
			buf_putc(&want, s[i]);
		}
	}
	if (want.len > 0 && want.data[want.len - 1] != '\n') {
		buf_putc(&want, '\n');
	}
	mime_quoted_printable(&out, s, len);
	check_lines(&out);
	must(memmem(buf_str(&out), out.len, "=_", 2) == NULL);
	must(memmem(buf_str(&out), out.len, "\n.", 2) == NULL);
	read_body(&out, &back);
	must(back.len == want.len &&
	    memcmp(buf_str(&back), buf_str(&want), want.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char s[TEXT_MAX + 1];

	if (len > TEXT_MAX) {
		return 0;
	}
	if (len > 0) {
		memcpy(s, data, len);
	}
	s[len] = '\0';
	try_body(s, len);
	try_value(s);
	(void)mime_is_id(s);
	return 0;
}
