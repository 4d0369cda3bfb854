#include "lib/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { V4 = 4, V6 = 16 }; /* bytes of an address */

struct prefix {
	unsigned char addr[V6];
	size_t size; /* V4 or V6 */
	int bits;    /* 0 to 8 * size */
};

/* IANA IPv4 Special-Purpose Address Registry (RFC 6890), all not global. */
static const struct {
	unsigned char addr[V4];
	int bits;
} private_v4[] = {
    {{0, 0, 0, 0}, 8},	      /* this network */
    {{10, 0, 0, 0}, 8},	      /* private */
    {{100, 64, 0, 0}, 10},    /* shared: CGNAT, and a cloud's metadata */
    {{127, 0, 0, 0}, 8},      /* loopback */
    {{168, 63, 129, 16}, 32}, /* a cloud's metadata, on a public address */
    {{169, 254, 0, 0}, 16},   /* link-local, metadata */
    {{172, 16, 0, 0}, 12},    /* private */
    {{192, 0, 0, 0}, 24},     /* protocol assignments */
    {{192, 0, 2, 0}, 24},     /* documentation */
    {{192, 88, 99, 0}, 24},   /* 6to4 relays, withdrawn */
    {{192, 168, 0, 0}, 16},   /* private */
    {{198, 18, 0, 0}, 15},    /* benchmarking */
    {{198, 51, 100, 0}, 24},  /* documentation */
    {{203, 0, 113, 0}, 24},   /* documentation */
    {{224, 0, 0, 0}, 4},      /* multicast */
    {{240, 0, 0, 0}, 4},      /* reserved, broadcast */
};

/*
 * IPv6 prefixes that decide before the rule that all but 2000::/3 is private.
 * `v4_at` is where an IPv4 address is carried that decides instead.
 */
static const struct {
	unsigned char addr[V6];
	int bits;
	int v4_at;	/* byte; 0 = none, the prefix is private */
	int v4_more_at; /* byte of a second one, inverted; 0 = none */
} special_v6[] = {
    {{[10] = 0xff, [11] = 0xff}, 96, 12, 0}, /* mapped, RFC 4291 */
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12, 0},   /* NAT64, RFC 6052 */
    {{0x20, 0x02}, 16, 2, 0},		     /* 6to4, RFC 3056 */
    {{0x20, 0x01, 0x00, 0x00}, 32, 4, 12},   /* Teredo, RFC 4380 */
    {{0x20, 0x01, 0x00, 0x00}, 23, 0, 0},    /* protocols, RFC 2928 */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, 0, 0},    /* documentation */
    {{0x3f, 0xff, 0x00, 0x00}, 20, 0, 0},    /* the same, RFC 9637 */
};

static const unsigned char global_v6[V6] = {0x20};
static const unsigned char mapped_v6[V6] = {[10] = 0xff, [11] = 0xff};

static bool
same_bits(const unsigned char *a, const unsigned char *b, int bits)
{
	size_t whole = (size_t)bits / 8;
	int rest = bits % 8;

	return memcmp(a, b, whole) == 0 &&
	    (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

static bool
v4_is_private(const unsigned char *addr)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(private_v4); i++) {
		if (same_bits(addr, private_v4[i].addr, private_v4[i].bits)) {
			return true;
		}
	}
	return false;
}

static bool
v4_inverted_is_private(const unsigned char *addr)
{
	unsigned char plain[V4];
	size_t i;

	for (i = 0; i < V4; i++) {
		plain[i] = addr[i] ^ 0xff;
	}
	return v4_is_private(plain);
}

static bool
v6_is_private(const unsigned char *addr)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(special_v6); i++) {
		int at = special_v6[i].v4_at, more = special_v6[i].v4_more_at;

		if (!same_bits(addr, special_v6[i].addr, special_v6[i].bits)) {
			continue;
		}
		return at == 0 || v4_is_private(addr + at) ||
		    (more != 0 && v4_inverted_is_private(addr + more));
	}
	return !same_bits(addr, global_v6, 3);
}

/* A mapped IPv6 prefix becomes the IPv4 prefix it carries. */
static void
unmap(struct prefix *p)
{
	if (p->size == V6 && p->bits >= 96 &&
	    same_bits(p->addr, mapped_v6, 96)) {
		memmove(p->addr, p->addr + 12, V4);
		p->size = V4;
		p->bits -= 96;
	}
}

static enum rc
read_addr(const char *s, struct prefix *out)
{
	if (inet_pton(AF_INET, s, out->addr) == 1) {
		out->size = V4;
	} else if (inet_pton(AF_INET6, s, out->addr) == 1) {
		out->size = V6;
	} else {
		return RC_INVALID;
	}
	out->bits = (int)out->size * 8;
	return RC_OK;
}

static enum rc
read_cidr(const char *s, struct prefix *out)
{
	const char *slash = strchr(s, '/'), *bits;
	char addr[INET6_ADDRSTRLEN] = {0};
	size_t len = slash != NULL ? (size_t)(slash - s) : strlen(s), digits;

	if (len >= sizeof(addr)) {
		return RC_INVALID;
	}
	memcpy(addr, s, len);
	if (read_addr(addr, out) != RC_OK) {
		return RC_INVALID;
	}
	if (slash == NULL) {
		return RC_OK;
	}
	bits = slash + 1;
	digits = strspn(bits, "0123456789");
	if (digits == 0 || digits > 3 || bits[digits] != '\0' ||
	    (digits > 1 && bits[0] == '0') ||
	    strtol(bits, NULL, 10) > out->bits) {
		return RC_INVALID;
	}
	out->bits = (int)strtol(bits, NULL, 10);
	return RC_OK;
}

bool
url_addr_is_private(const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (len >= sizeof(v4) && sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		return v4_is_private((unsigned char *)&v4.sin_addr);
	}
	if (len >= sizeof(v6) && sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		return v6_is_private(v6.sin6_addr.s6_addr);
	}
	return true;
}

bool
url_addr_in(const char *addr, const char *cidr)
{
	struct prefix a, p;

	if (read_addr(addr, &a) != RC_OK || read_cidr(cidr, &p) != RC_OK) {
		return false;
	}
	unmap(&a);
	unmap(&p);
	return a.size == p.size && same_bits(a.addr, p.addr, p.bits);
}

bool
url_cidr_is_valid(const char *cidr)
{
	struct prefix p;

	return read_cidr(cidr, &p) == RC_OK;
}

/* Whether the name is `end`, or ends in a dot and it. */
static bool
is_below(const char *host, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && strncmp(host + len - n, end, n) == 0 &&
	    (len == n || host[len - n - 1] == '.');
}

bool
url_host_is_private(const char *host)
{
	static const char *const names[] = {"localhost", "local", "internal"};
	struct prefix p;
	size_t len = strlen(host);

	if (read_addr(host, &p) == RC_OK) {
		return p.size == V4 ? v4_is_private(p.addr)
				    : v6_is_private(p.addr);
	}
	len -= len > 0 && host[len - 1] == '.';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (is_below(host, len, names[i])) {
			return true;
		}
	}
	return false;
}
