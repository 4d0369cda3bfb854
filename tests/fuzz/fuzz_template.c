/*
 * The first line is JSON, the rest a template. Nothing that is filled in may
 * bring markup with it: what HTML adds to the escaped text is references only.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { OUT_MAX = 100000 };

static size_t
count(const char *s, size_t len, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		n += s[i] == c;
	}
	return n;
}

static void
render(const char *s, size_t len, enum template_escape escape, const json_t *v)
{
	CLEANUP(buf_fini) struct buf out = {0};
	struct template *t = NULL;
	struct fault f = {0};

	buf_init(&out, OUT_MAX);
	if (template_new(s, len, escape, &t, &f) != RC_OK) {
		if (t != NULL || strncmp(f.text, "line ", 5) != 0) {
			abort();
		}
		return;
	}
	template_render(t, v, &out);
	/* A template without markup or raw tags gives no markup. */
	if (escape == TEMPLATE_HTML && count(s, len, '<') == 0 &&
	    memmem(s, len, "{{{", 3) == NULL &&
	    count(buf_str(&out), out.len, '<') != 0) {
		abort();
	}
	if (out.len > OUT_MAX) {
		abort();
	}
	template_free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
	CLEANUP(json_drop) json_t *v = NULL;
	size_t n = end != NULL ? (size_t)(end - data) : 0, rest;
	const char *s;

	if (end == NULL ||
	    json_read((const char *)data, n, &v, NULL) != RC_OK) {
		return 0;
	}
	s = (const char *)end + 1;
	rest = len - n - 1;
	render(s, rest, TEMPLATE_TEXT, v);
	render(s, rest, TEMPLATE_HTML, v);
	return 0;
}
