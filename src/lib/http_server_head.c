#include "lib/http_server_request.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/text.h"
#include "lib/url.h"

enum {
	HEADERS_MAX = 100, /* header lines in a request */
	METHOD_MAX = 32	   /* bytes in a method */
};

/* What one pass over the header lines of a request found. */
struct head {
	const char *line_end; /* end of the last line that was seen */
	unsigned lines;
	unsigned hosts;
	unsigned lengths;
	unsigned codings;
	const char *host;
	size_t host_len;
	const char *coding;
	size_t coding_len;
	bool bad; /* a line that is no header line */
};

static bool
is(const char *word, const char *s, size_t len)
{
	return strlen(word) == len && strncasecmp(word, s, len) == 0;
}

/*
 * Whether a line that ends at `end` is followed by what is at `next`, with no
 * more than `most` bytes of line ends in between.
 *
 * RFC 9112 5.2 forbids folded lines, and RFC 9110 5.5 NUL in a value.
 * libmicrohttpd before 1.0 glues the rest of a folded line to the *name* of
 * its header, and ends a value at NUL. It also leaves each line where it was
 * received, so that both show as a hole between one line and the next.
 */
static bool
follows(const char *end, const char *next, size_t most)
{
#if MHD_VERSION < 0x01000000
	uintptr_t gap = (uintptr_t)next - (uintptr_t)end;

	return gap >= 1 && gap <= most;
#else
	(void)most;
	return next != end;
#endif
}

static enum MHD_Result
note_header(void *arg, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	struct head *h = arg;

	(void)kind;
	h->lines++;
	if (!follows(h->line_end, name, strlen("\r\n")) ||
	    !http_head_is_token(name, name_len) ||
	    !http_head_is_value(value, value_len)) {
		h->bad = true;
		return MHD_NO;
	}
	h->line_end = value + value_len;
	if (is("Host", name, name_len)) {
		h->hosts++;
		h->host = value;
		h->host_len = value_len;
	} else if (is("Content-Length", name, name_len)) {
		h->lengths++;
	} else if (is("Transfer-Encoding", name, name_len)) {
		h->codings++;
		h->coding = value;
		h->coding_len = value_len;
	}
	return MHD_YES;
}

/* RFC 9112 6.1 and 6.3: where the body ends must have one reading only. */
static int
check_framing(const struct head *h, bool http_1_0)
{
	if (h->lengths > 1 || h->codings > 1 || h->lengths + h->codings > 1) {
		return MHD_HTTP_BAD_REQUEST;
	}
	if (h->codings == 0) {
		return 0;
	}
	if (http_1_0) {
		return MHD_HTTP_BAD_REQUEST;
	}
	return is("chunked", h->coding, h->coding_len)
	    ? 0
	    : MHD_HTTP_NOT_IMPLEMENTED;
}

/*
 * RFC 9112 3.2: one Host, which in HTTP/1.0 may be missing. In front of an
 * absolute-form target it has to say the same as the target.
 */
static bool
host_is_good(const struct http_request *r, const struct head *h, bool http_1_0)
{
	if (h->hosts != 1) {
		return h->hosts == 0 && http_1_0;
	}
	return r->authority == NULL ||
	    (r->authority_len == h->host_len &&
		strncasecmp(r->authority, h->host, h->host_len) == 0);
}

static size_t
head_bytes(const struct http_request *r)
{
	return MHD_get_connection_info(r->conn,
	    MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
	    ->header_size;
}

/* Length of the scheme and authority of an absolute-form target, or 0. */
static size_t
absolute_prefix(struct http_request *r, const char *raw)
{
	const char *authority;
	size_t len;

	if (strncasecmp(raw, "http://", 7) == 0) {
		authority = raw + 7;
	} else if (strncasecmp(raw, "https://", 8) == 0) {
		authority = raw + 8;
	} else {
		return 0;
	}
	len = strcspn(authority, "/?");
	if (len == 0 || strcspn(authority, "%@") < len) {
		return 0;
	}
	r->authority = authority;
	r->authority_len = len;
	return (size_t)(authority - raw) + len;
}

bool
http_head_is_token(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (!isalnum(c) &&
		    (c == '\0' || !strchr("-_!#$%&'*+.^`|~", c))) {
			return false;
		}
	}
	return len > 0;
}

bool
http_head_is_value(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < ' ' && c != '\t') || c == 0x7f) {
			return false;
		}
	}
	return true;
}

int
http_head_check_target(struct http_request *r, const char *raw)
{
	size_t len = raw != NULL ? strnlen(raw, URL_MAX + 1) : 0, i;
	bool plain = true;
	char *copy;

	if (len > URL_MAX) {
		return MHD_HTTP_URI_TOO_LONG;
	}
	if (len == 0 ||
	    (raw[0] != '/' && (r->path_at = absolute_prefix(r, raw)) == 0)) {
		return MHD_HTTP_BAD_REQUEST;
	}
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)raw[i];

		if (c <= ' ' || c == 0x7f || c == '#') {
			return MHD_HTTP_BAD_REQUEST;
		}
		plain = plain && c != '%' && c < 0x80;
	}
	if (plain) {
		return 0;
	}
	/* The library lets bad escapes pass, so they must not get there. */
	copy = arena_strndup(r->scratch->arena, raw, len);
	if (url_decode(copy, &len, false) != RC_OK ||
	    !text_is_utf8(copy, len)) {
		return MHD_HTTP_BAD_REQUEST;
	}
	return 0;
}

int
http_head_check(struct http_request *r, const char *url, const char *method,
    const char *version)
{
	struct head h = {.line_end = version + strlen(version)};
	bool http_1_0 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
	size_t method_len = strnlen(method, METHOD_MAX + 1);

	r->method = method;
	if (head_bytes(r) > r->common->options.header_max) {
		return MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
	}
	MHD_get_connection_values_n(r->conn, MHD_HEADER_KIND, note_header, &h);
	if (h.lines > HEADERS_MAX) {
		return MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
	}
	if (h.bad ||
	    !follows(h.line_end, method + head_bytes(r), strlen("\r\n\r\n")) ||
	    method_len > METHOD_MAX ||
	    !http_head_is_token(method, method_len) ||
	    !host_is_good(r, &h, http_1_0)) {
		return MHD_HTTP_BAD_REQUEST;
	}
	r->path = url[r->path_at] != '\0' ? url + r->path_at : "/";
	return check_framing(&h, http_1_0);
}

unsigned long long
http_head_length(const struct http_request *r)
{
	const char *value = MHD_lookup_connection_value(r->conn,
	    MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	/* The library has seen to it that there are only digits. */
	return value != NULL ? strtoull(value, NULL, 10) : 0;
}

bool
http_head_expects_continue(const struct http_request *r)
{
	return MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND,
		   MHD_HTTP_HEADER_EXPECT) != NULL;
}
