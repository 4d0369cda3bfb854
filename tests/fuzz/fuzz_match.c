/*
 * A term and the text of a stranger, with a NUL between. A term that stands in
 * a text as it is must be found, and what is found as a word must be found as
 * a part.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { TERM_MAX = 200, TEXT_MAX = 8192 };

static void
must(bool ok)
{
	if (!ok) {
		abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct field_strings terms = {arena_array(a, 1, sizeof(char *)), 1};
	const char *term, *text, *around;
	size_t n = strnlen((const char *)data, len < TERM_MAX ? len : TERM_MAX);

	if (n == len || data[n] != '\0' || len - n > TEXT_MAX) {
		return 0;
	}
	term = arena_strndup(a, (const char *)data, n);
	terms.items[0] = term;
	text = (const char *)data + n + 1;
	len -= n + 1;
	if (match_terms(&terms, false, text, len, a) != NULL) {
		must(match_terms(&terms, true, text, len, a) != NULL);
		must(!match_term_is_empty(term));
	}
	around = arena_printf(a, "before %s after", term);
	if (!match_term_is_empty(term)) {
		must(match_terms(&terms, false, around, strlen(around), a) !=
		    NULL);
	}
	return 0;
}
