#include "channels/mime.h"

#include <assert.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/text.h"

enum {
	LINE_MAX_CHARS = 76, /* RFC 2045 6.7 (5), RFC 2047 2 */
	WORD_MAX = 60,	     /* a longer one cannot be folded well: encode */
	ENCODED_MORE = 12,   /* "=?UTF-8?B?" and "?=" */
	BOUNDARY_HEX = 12,   /* bytes of the digest in it */
	BOUNDARY_SIZE = 2 + 2 * BOUNDARY_HEX + 1
};

static void
crlf(struct buf *out)
{
	buf_add(out, "\r\n", 2);
}

bool
mime_is_value(const char *s)
{
	size_t len = strlen(s), i, n;

	if (len > MIME_VALUE_MAX) {
		return false;
	}
	for (i = 0; i < len; i += n) {
		int c = text_next(s + i, len - i, &n);

		/* U+2028 and U+2029 break lines, too. */
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
		    c == 0x2029) {
			return false;
		}
	}
	return true;
}

bool
mime_is_id(const char *s)
{
	static const char marks[] = "!#$%&'*+-/=?^_`{|}~.@";
	const char *at = strchr(s, '@');
	size_t i;

	if (at == NULL || at == s || at[1] == '\0' ||
	    strchr(at + 1, '@') != NULL || strlen(s) > MIME_ID_MAX) {
		return false;
	}
	for (i = 0; s[i] != '\0'; i++) {
		bool letter = (s[i] >= 'a' && s[i] <= 'z') ||
		    (s[i] >= 'A' && s[i] <= 'Z') ||
		    (s[i] >= '0' && s[i] <= '9');

		if (!letter && strchr(marks, s[i]) == NULL) {
			return false;
		}
	}
	return true;
}

/*
 * Whether the text can stand as it is: ASCII, words short enough to fold and
 * one blank between them, nothing that reads like an encoded word.
 */
static bool
is_plain(const char *s)
{
	size_t i, word = 0;

	if (s[0] == ' ' || strstr(s, "  ") != NULL || strstr(s, "=?") != NULL) {
		return false;
	}
	for (i = 0; s[i] != '\0'; i++) {
		if ((unsigned char)s[i] >= 0x7f) {
			return false;
		}
		word = s[i] == ' ' ? 0 : word + 1;
		if (word > WORD_MAX) {
			return false;
		}
	}
	return i == 0 || s[i - 1] != ' ';
}

/* Encoded words in base64 from column `col` on, folded between them. */
static void
encoded_words(struct buf *out, const char *s, size_t col)
{
	size_t len = strlen(s), n, room;
	char word[LINE_MAX_CHARS + 1];

	while (len > 0) {
		room = LINE_MAX_CHARS - col - ENCODED_MORE;
		/* A word must hold whole characters: RFC 2047 5. */
		n = text_border(s, len, room / 4 * 3);
		crypto_base64(s, n, word);
		buf_printf(out, "=?UTF-8?B?%s?=", word);
		s += n;
		len -= n;
		if (len > 0) {
			buf_puts(out, "\r\n ");
			col = 1;
		}
	}
}

/* ASCII from column `col` on, folded before blanks (RFC 5322 2.2.3). */
static void
folded(struct buf *out, const char *s, size_t col)
{
	size_t n;

	while (*s != '\0') {
		n = *s == ' ' ? 1 : 0;
		n += strcspn(s + n, " ");
		if (*s == ' ' && col + n > LINE_MAX_CHARS) {
			crlf(out);
			col = 0;
		}
		buf_add(out, s, n);
		col += n;
		s += n;
	}
}

void
mime_header(struct buf *out, const char *name, const char *value)
{
	size_t col = strlen(name) + 2;

	assert(col < LINE_MAX_CHARS / 2 && mime_is_value(value));
	buf_printf(out, "%s: ", name);
	if (is_plain(value)) {
		folded(out, value, col);
	} else {
		encoded_words(out, value, col);
	}
	crlf(out);
}

/* A phrase in quotes; " and \ escaped (RFC 5322 3.2.4). */
static void
quoted(struct buf *out, const char *s)
{
	buf_putc(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\') {
			buf_putc(out, '\\');
		}
		buf_putc(out, *s);
	}
	buf_putc(out, '"');
}

void
mime_mailbox(struct buf *out, const char *name, const char *display,
    const char *address)
{
	assert(text_is_email(address));
	buf_printf(out, "%s: ", name);
	if (display == NULL || *display == '\0') {
		buf_printf(out, "<%s>\r\n", address);
		return;
	}
	assert(mime_is_value(display));
	if (is_plain(display) && strlen(display) <= WORD_MAX / 2) {
		quoted(out, display);
	} else {
		encoded_words(out, display, strlen(name) + 2);
	}
	buf_printf(out, "\r\n <%s>\r\n", address);
}

/* Whether the line ends here, and how many bytes its end has. */
static bool
at_end(const char *s, size_t len, size_t *out_n)
{
	*out_n = 0;
	if (len == 0) {
		return true;
	}
	if (s[0] == '\n') {
		*out_n = 1;
		return true;
	}
	if (len > 1 && s[0] == '\r' && s[1] == '\n') {
		*out_n = 2;
		return true;
	}
	return false;
}

/*
 * Whether a byte needs its number. A dot that begins a line and "From " are
 * taken care of by honest relays and mailboxes; the others exist.
 */
static bool
must_quote(const char *s, size_t len, size_t col)
{
	size_t n;

	if (s[0] == ' ' || s[0] == '\t') {
		return at_end(s + 1, len - 1, &n);
	}
	if (col == 0 && s[0] == '.') {
		return true;
	}
	if (col == 0 && len >= 5 && memcmp(s, "From ", 5) == 0) {
		return true;
	}
	return s[0] == '=' || s[0] < '!' || s[0] > '~';
}

void
mime_quoted_printable(struct buf *out, const char *s, size_t len)
{
	size_t i = 0, col = 0, n;

	while (i < len) {
		if (at_end(s + i, len - i, &n)) {
			crlf(out);
			col = 0;
			i += n;
			continue;
		}
		/* Room for three characters and the mark of a soft break. */
		if (col + 3 > LINE_MAX_CHARS - 1) {
			buf_puts(out, "=\r\n");
			col = 0;
		}
		if (must_quote(s + i, len - i, col)) {
			buf_printf(out, "=%02X", (unsigned char)s[i]);
			col += 3;
		} else {
			buf_putc(out, s[i]);
			col++;
		}
		i++;
	}
	if (col > 0) {
		crlf(out);
	}
}

static void
part(struct buf *out, const char *boundary, const char *type, const char *body)
{
	buf_printf(out, "--%s\r\n", boundary);
	buf_printf(out, "Content-Type: %s; charset=utf-8\r\n", type);
	buf_puts(out, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	mime_quoted_printable(out, body, strlen(body));
}

static enum rc
check(const struct mime_mail *m, struct fault *f)
{
	const struct {
		const char *field;
		const char *value;
	} values[] = {
	    {"subject", m->subject},
	    {"from_name", m->from_name},
	    {"to_name", m->to_name},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(values); i++) {
		if (values[i].value != NULL &&
		    !mime_is_value(values[i].value)) {
			return fault_set(f, RC_INVALID, values[i].field,
			    "must be one line of visible UTF-8");
		}
	}
	if (!text_is_email(m->from)) {
		return fault_set(f, RC_INVALID, "from", "is no mail address");
	}
	if (!text_is_email(m->to)) {
		return fault_set(f, RC_INVALID, "to", "is no mail address");
	}
	if (!mime_is_id(m->message_id)) {
		return fault_set(f, RC_INVALID, "message_id", "is no id");
	}
	if (m->in_reply_to != NULL && !mime_is_id(m->in_reply_to)) {
		return fault_set(f, RC_INVALID, "in_reply_to", "is no id");
	}
	return RC_OK;
}

static void
headers(struct buf *out, const struct mime_mail *m)
{
	char date[40];

	mime_mailbox(out, "From", m->from_name, m->from);
	/* A guest's name is a masked address, and a name that looks like
	 * another address is what filters look for. */
	mime_mailbox(out, "To",
	    m->to_name != NULL && strchr(m->to_name, '@') != NULL ? NULL
								  : m->to_name,
	    m->to);
	mime_header(out, "Subject", m->subject);
	buf_printf(out, "Date: %s\r\n", clock_mail_date(m->date_ms, date));
	buf_printf(out, "Message-ID: <%s>\r\n", m->message_id);
	if (m->in_reply_to != NULL) {
		buf_printf(out, "In-Reply-To: <%s>\r\n", m->in_reply_to);
		buf_printf(out, "References: <%s>\r\n", m->in_reply_to);
	}
	/*
	 * RFC 3834 5: a machine wrote it, so no machine should answer. Exchange
	 * looks at a header of its own (MS-OXCMAIL).
	 */
	buf_puts(out, "Auto-Submitted: auto-generated\r\n");
	buf_puts(out, "X-Auto-Response-Suppress: All\r\n");
	buf_puts(out, "MIME-Version: 1.0\r\n");
}

enum rc
mime_build(const struct mime_mail *m, struct buf *out, struct fault *f)
{
	/*
	 * In quoted-printable "=" stands before a hex digit or a line end, so
	 * a boundary that begins with "=_" is in no part (RFC 2045 6.7). The
	 * same message gets the same bytes on every attempt.
	 */
	char boundary[BOUNDARY_SIZE] = "=_";
	unsigned char digest[CRYPTO_SHA256];
	enum rc rc = check(m, f);

	if (rc != RC_OK) {
		return rc;
	}
	crypto_sha256(m->message_id, strlen(m->message_id), digest);
	crypto_hex(digest, BOUNDARY_HEX, boundary + 2);
	headers(out, m);
	buf_printf(out,
	    "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n",
	    boundary);
	part(out, boundary, "text/plain", m->text);
	part(out, boundary, "text/html", m->html);
	buf_printf(out, "--%s--\r\n", boundary);
	if (out->full) {
		return fault_set(f, RC_TOO_LARGE, "message",
		    "has more than %zu bytes", out->max);
	}
	return RC_OK;
}
