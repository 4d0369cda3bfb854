/*
 * Whatever yaml_read() takes is JSON that json_read() takes as well, and each
 * of its keys stands on a line; a refusal names one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(int ok)
{
	if (!ok) {
		abort();
	}
}

static void
check_lines(json_t *v, const char *s, size_t len)
{
	const char *key;
	json_t *value;

	json_object_foreach(v, key, value)
	{
		if (key[0] != '\0') {
			must(yaml_line_of(s, len, key) > 0);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(json_drop) json_t *v = NULL;
	CLEANUP(json_drop) json_t *again = NULL;
	const char *s = (const char *)data;
	struct fault f = {0};
	size_t text_len;
	char *text;

	must(yaml_line_of(s, len, "a.b[1].c") >= 0);
	if (yaml_read(s, len, &v, &f) != RC_OK) {
		must(v == NULL && strncmp(f.text, "line ", 5) == 0);
		return 0;
	}
	check_lines(v, s, len);
	text = json_canonical(a, v, &text_len);
	must(json_read(text, text_len, &again, NULL) == RC_OK);
	must(strcmp(json_canonical(a, again, NULL), text) == 0);
	return 0;
}
