/*
 * url: addresses of the web, taken apart; and which network addresses are
 * private.
 */
#ifndef LIB_URL_H
#define LIB_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/rc.h"

enum { URL_MAX = 2048 };

struct url {
	const char *scheme; /* lower case */
	const char *host;   /* lower case; no brackets around IPv6 */
	int port;	    /* the scheme's own when none is given */
	const char *path;   /* with query; at least "/" */
};

/*
 * Takes an absolute http or https URL apart (RFC 3986). Refused: other
 * schemes, user information, blanks and control characters, an empty host,
 * a fragment, more than URL_MAX bytes. Strings live in the arena.
 */
enum rc url_parse(struct arena *, const char *s, struct url *out,
    struct fault *) MUST_CHECK;
/* Percent-decodes in place (RFC 3986 2.1); '+' becomes a blank when `form`.
 * Refuses bad escapes and NUL. Returns the new length in *len. */
enum rc url_decode(char *s, size_t *len, bool form) MUST_CHECK;
/* Percent-encodes everything but unreserved characters. */
void url_encode(struct buf *out, const char *s);
/*
 * Whether connecting to this address may reach something that is not the
 * public internet: loopback, private (RFC 1918, RFC 4193), CGNAT (RFC 6598),
 * link-local and metadata, multicast, broadcast, documentation, benchmarking,
 * reserved and unspecified; also inside IPv4-mapped, 6to4, Teredo and NAT64
 * IPv6 addresses. Families other than IPv4 and IPv6 are private.
 */
bool url_addr_is_private(const struct sockaddr *, socklen_t len);
/* Whether `addr` (text, IPv4 or IPv6) lies in `cidr` ("10.0.0.0/8", "::1"). */
bool url_addr_in(const char *addr, const char *cidr);
/* Whether the text is an address or prefix that url_addr_in understands. */
bool url_cidr_is_valid(const char *cidr);

#endif
