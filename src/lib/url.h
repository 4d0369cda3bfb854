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
 * schemes, user information, characters that no URI has (blanks, controls,
 * all that is not ASCII, backslashes), bad escapes, a fragment, an empty or
 * escaped host, a number that only a resolver reads as an address (127.1,
 * 0x7f000001), more than URL_MAX bytes. Strings live in the arena. The fault
 * is about the field "url".
 */
enum rc url_parse(struct arena *, const char *s, struct url *out,
    struct fault *) MUST_CHECK;
/*
 * Percent-decodes *len bytes in place (RFC 3986 2.1) and sets *len to the new
 * length; '+' becomes a blank when `form`. Behind the bytes of s must be room
 * for a NUL, which is written. Bad escapes and NUL are RC_INVALID; s is then
 * half decoded and *len as before.
 */
enum rc url_decode(char *s, size_t *len, bool form) MUST_CHECK;
/* Percent-encodes everything but unreserved characters. */
void url_encode(struct buf *out, const char *s);
/*
 * Whether connecting to this address may reach something that is not the
 * public internet: loopback, private (RFC 1918, RFC 4193), CGNAT (RFC 6598),
 * link-local and metadata, multicast, broadcast, documentation, benchmarking,
 * reserved and unspecified (RFC 6890); also inside IPv4-mapped, 6to4, Teredo
 * and NAT64 IPv6 addresses. IPv6 outside 2000::/3 is private, and so are
 * families other than IPv4 and IPv6 and addresses that are cut short.
 */
bool url_addr_is_private(const struct sockaddr *, socklen_t len);
/*
 * Whether a host, as url_parse() gives it, is a private address or a name that
 * never is a public one (RFC 6761: localhost; RFC 6762: local; "internal"). A
 * name that leads to a private address is found when it is connected to.
 */
bool url_host_is_private(const char *host);
/*
 * Whether `addr` (text, IPv4 or IPv6) lies in `cidr` ("10.0.0.0/8", "::1").
 * Bits of the cidr behind its prefix do not count. An IPv4-mapped IPv6 address
 * counts as the IPv4 address it carries. False if one cannot be read.
 */
bool url_addr_in(const char *addr, const char *cidr);
/* Whether the text is an address or prefix that url_addr_in understands. */
bool url_cidr_is_valid(const char *cidr);

#endif
