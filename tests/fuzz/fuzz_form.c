/* What browsers post. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/form.h"
#include "lib/text.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct form form;

	if (form_parse(a, (const char *)data, size, &form) != RC_OK) {
		return 0;
	}
	for (size_t i = 0; i < form.n; i++) {
		assert(text_is_utf8(form.values[i], strlen(form.values[i])));
		assert(form_get(&form, form.names[i]) != NULL);
	}
	return 0;
}
