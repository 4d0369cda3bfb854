/*
 * URLs, escapes and prefixes of strangers: what is taken is the same when it
 * is put together and read again, and escapes come back as they were.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void
try_parse(struct arena *a, const char *s)
{
	struct url u, again;
	struct fault f;
	bool v6;

	if (url_parse(a, s, &u, &f) != RC_OK) {
		return;
	}
	v6 = strchr(u.host, ':') != NULL;
	s = arena_printf(a, "%s://%s%s%s:%d%s", u.scheme, v6 ? "[" : "", u.host,
	    v6 ? "]" : "", u.port, u.path);
	/* The port that was not given may be what makes it too long. */
	if (strlen(s) > URL_MAX) {
		return;
	}
	must(url_parse(a, s, &again, &f) == RC_OK);
	must(strcmp(u.scheme, again.scheme) == 0);
	must(strcmp(u.host, again.host) == 0 && u.host[0] != '\0');
	must(u.port == again.port && u.port > 0 && u.port <= 65535);
	must(strcmp(u.path, again.path) == 0 && u.path[0] == '/');
	must(strpbrk(u.host, "@/\\%? ") == NULL);
}

static void
try_decode(struct arena *a, const char *s, size_t len, bool form)
{
	/* Exactly as much as is promised to be enough. */
	char *copy = malloc(len + 1);
	struct buf b = {0};
	size_t n = len;

	memcpy(copy, s, len);
	if (url_decode(copy, &n, form) == RC_OK) {
		char *plain = arena_strdup(a, copy);

		must(n <= len && strlen(plain) == n);
		url_encode(&b, plain);
		n = b.len;
		must(b.len == 0 || url_decode(b.data, &n, form) == RC_OK);
		must(strcmp(buf_str(&b), plain) == 0);
	} else {
		must(n == len);
	}
	buf_fini(&b);
	free(copy);
}

static void
try_cidr(struct arena *a, const char *s)
{
	size_t addr_len = strcspn(s, "\n");
	const char *addr = arena_strndup(a, s, addr_len);
	const char *cidr = s[addr_len] != '\0' ? s + addr_len + 1 : addr;

	must(!url_addr_in(addr, cidr) || url_cidr_is_valid(cidr));
	if (url_cidr_is_valid(addr) && strchr(addr, '/') == NULL) {
		must(url_addr_in(addr, addr));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new();
	char *s = arena_alloc(a, len + 1);

	if (len > 0) {
		memcpy(s, data, len);
	}
	try_parse(a, s);
	try_decode(a, s, len, false);
	try_decode(a, s, len, true);
	try_cidr(a, s);
	arena_free(a);
	return 0;
}
