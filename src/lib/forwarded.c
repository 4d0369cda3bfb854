#include "lib/forwarded.h"

#include <stdbool.h>
#include <string.h>

#include "lib/url.h"

static bool
is_proxy(const char *addr, const struct field_strings *proxies)
{
	for (size_t i = 0; i < proxies->n; i++) {
		if (url_addr_in(addr, proxies->items[i])) {
			return true;
		}
	}
	return false;
}

/* The last entry before `end`, blanks dropped; *end moves to its start. */
static const char *
last_entry(struct arena *a, const char *header, size_t *end)
{
	size_t from = *end, to = *end;

	while (from > 0 && header[from - 1] != ',') {
		from--;
	}
	*end = from > 0 ? from - 1 : 0;
	while (from < to && strchr(" \t", header[from]) != NULL) {
		from++;
	}
	while (to > from && strchr(" \t", header[to - 1]) != NULL) {
		to--;
	}
	return arena_strndup(a, header + from, to - from);
}

const char *
forwarded_for(struct arena *a, const char *peer, const char *header,
    const struct field_strings *proxies)
{
	size_t end = header != NULL ? strlen(header) : 0;

	while (end > 0 && is_proxy(peer, proxies)) {
		const char *entry = last_entry(a, header, &end);

		if (!url_cidr_is_valid(entry) || strchr(entry, '/') != NULL) {
			break;
		}
		peer = entry;
	}
	return peer;
}
