#include "lib/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 253, LABEL_MAX = 63, PORT_MAX = 65535 };

static bool
is_unreserved(char c)
{
	return isascii(c) && (isalnum(c) || (c != '\0' && strchr("-._~", c)));
}

/* The value of two hex digits, or -1. */
static int
hex_pair(const char *s)
{
	char digits[3] = {s[0], s[0] != '\0' ? s[1] : '\0', '\0'};

	if (!isxdigit((unsigned char)digits[0]) ||
	    !isxdigit((unsigned char)digits[1])) {
		return -1;
	}
	return (int)strtol(digits, NULL, 16);
}

/* What makes s no URL before it is even taken apart, or NULL. */
static const char *
bad_characters(const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++) {
		if (i == URL_MAX) {
			return "must have at most 2048 characters";
		}
		if (s[i] <= ' ' || s[i] > '~') {
			return "must be printable ASCII without blanks";
		}
		if (s[i] == '#') {
			return "must not have a fragment";
		}
		/* Readers of URLs disagree on these: RFC 3986 has none. */
		if (strchr("\"<>\\^`{|}", s[i]) != NULL) {
			return "has a character that must be percent-encoded";
		}
		if (s[i] == '%' && hex_pair(s + i + 1) < 0) {
			return "has a bad percent-encoding";
		}
	}
	return NULL;
}

/* Labels of letters, digits, hyphens and underlines; a last dot is fine. */
static bool
is_labels(const char *host)
{
	size_t label = 0, i;

	for (i = 0; host[i] != '\0'; i++) {
		if (host[i] == '.' && label == 0) {
			return false;
		}
		label = host[i] == '.' ? 0 : label + 1;
		if (label > LABEL_MAX ||
		    (!isalnum(host[i]) && strchr(".-_", host[i]) == NULL)) {
			return false;
		}
	}
	return i > 0 && i <= HOST_MAX;
}

/*
 * A name whose last label begins with a digit must be a dotted quad: resolvers
 * read 127.1 and 0x7f000001 as an address, and nobody who reads the URL does.
 */
static bool
is_host(const char *host)
{
	const char *last = host, *dot;
	struct in_addr quad;

	if (!is_labels(host)) {
		return false;
	}
	while ((dot = strchr(last, '.')) != NULL && dot[1] != '\0') {
		last = dot + 1;
	}
	return !isdigit(*last) || inet_pton(AF_INET, host, &quad) == 1;
}

static char *
lower(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_strndup(a, s, len);
	size_t i;

	for (i = 0; i < len; i++) {
		copy[i] = (char)tolower(copy[i]);
	}
	return copy;
}

/* Reads the host at *s, in brackets or not, and moves on behind it. */
static enum rc
read_host(struct arena *a, const char **s, struct url *out, struct fault *f)
{
	size_t len = strcspn(*s, ":/?");
	struct in6_addr v6;

	if (**s != '[') {
		out->host = lower(a, *s, len);
		*s += len;
		if (!is_host(out->host)) {
			return fault_set(f, RC_INVALID, "url",
			    "has no host name or address that can be used");
		}
		return RC_OK;
	}
	len = strcspn(*s, "]");
	out->host = lower(a, *s + 1, len - 1);
	*s += len + ((*s)[len] == ']');
	if ((*s)[-1] != ']' || inet_pton(AF_INET6, out->host, &v6) != 1) {
		return fault_set(f, RC_INVALID, "url",
		    "has no IPv6 address in its brackets");
	}
	return RC_OK;
}

/* Reads ":8080", ":" or nothing. */
static enum rc
read_port(const char **s, int *port)
{
	size_t digits;
	long n;

	if (**s != ':') {
		return RC_OK;
	}
	++*s;
	digits = strspn(*s, "0123456789");
	if (digits == 0) {
		return RC_OK; /* RFC 3986 3.2.3: as if there were no colon */
	}
	n = digits <= 5 ? strtol(*s, NULL, 10) : 0;
	if (n < 1 || n > PORT_MAX) {
		return RC_INVALID;
	}
	*port = (int)n;
	*s += digits;
	return RC_OK;
}

/* Reads "http://" or "https://" in any case. */
static enum rc
read_scheme(const char **s, struct url *out)
{
	static const struct {
		const char *prefix, *scheme;
		int port;
	} rows[] = {{"http://", "http", 80}, {"https://", "https", 443}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].prefix);

		if (strncasecmp(*s, rows[i].prefix, len) == 0) {
			out->scheme = rows[i].scheme;
			out->port = rows[i].port;
			*s += len;
			return RC_OK;
		}
	}
	return RC_INVALID;
}

enum rc
url_parse(struct arena *a, const char *s, struct url *out, struct fault *f)
{
	const char *why = bad_characters(s);
	enum rc rc;

	if (why != NULL) {
		return fault_set(f, RC_INVALID, "url", "%s", why);
	}
	if (read_scheme(&s, out) != RC_OK) {
		return fault_set(f, RC_INVALID, "url",
		    "must begin with http:// or https://");
	}
	if (memchr(s, '@', strcspn(s, "/?")) != NULL) {
		return fault_set(f, RC_INVALID, "url",
		    "must not have a user name or password");
	}
	rc = read_host(a, &s, out, f);
	if (rc != RC_OK) {
		return rc;
	}
	if (read_port(&s, &out->port) != RC_OK ||
	    (*s != '\0' && *s != '/' && *s != '?')) {
		return fault_set(f, RC_INVALID, "url",
		    "must have a port from 1 to 65535 or none");
	}
	out->path = arena_printf(a, "%s%s", *s == '/' ? "" : "/", s);
	return RC_OK;
}

enum rc
url_decode(char *s, size_t *len, bool form)
{
	size_t in, out = 0;

	for (in = 0; in < *len; in++, out++) {
		int c = (unsigned char)s[in];

		if (c == '%') {
			c = *len - in > 2 ? hex_pair(s + in + 1) : -1;
			if (c < 0) {
				return RC_INVALID;
			}
			in += 2;
		} else if (form && c == '+') {
			c = ' ';
		}
		if (c == '\0') {
			return RC_INVALID;
		}
		s[out] = (char)c;
	}
	s[out] = '\0';
	*len = out;
	return RC_OK;
}

void
url_encode(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (is_unreserved(*s)) {
			buf_putc(out, *s);
		} else {
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*s);
		}
	}
}
