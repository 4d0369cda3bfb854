/*
 * Whatever json_read() takes has one canonical text, which reads back as the
 * same value; the compact text means the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char *
again(struct arena *a, const char *text, size_t len)
{
	CLEANUP(json_drop) json_t *v = NULL;

	if (json_read(text, len, &v, NULL) != RC_OK) {
		abort();
	}
	return json_canonical(a, v, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(json_drop) json_t *v = NULL;
	struct fault f = {0};
	size_t canonical_len, compact_len;
	char *canonical, *compact;

	if (json_read((const char *)data, len, &v, &f) != RC_OK) {
		if (v != NULL || f.rc != RC_INVALID || f.text[0] == '\0') {
			abort();
		}
		return 0;
	}
	canonical = json_canonical(a, v, &canonical_len);
	compact = json_compact(a, v, &compact_len);
	if (strcmp(again(a, canonical, canonical_len), canonical) != 0 ||
	    strcmp(again(a, compact, compact_len), canonical) != 0) {
		abort();
	}
	return 0;
}
