#include "lib/form.h"

#include <string.h>

#include "lib/text.h"
#include "lib/url.h"

static enum rc
piece(struct arena *a, const char *s, size_t len, const char **out)
{
	char *text = arena_strndup(a, s, len);
	size_t n = len;

	if (url_decode(text, &n, true) != RC_OK || !text_is_utf8(text, n)) {
		return RC_INVALID;
	}
	text[n] = '\0';
	*out = text;
	return RC_OK;
}

enum rc
form_parse(struct arena *a, const char *body, size_t len, struct form *out)
{
	const char *end = body + len;

	*out = (struct form){.n = 0};
	while (body < end) {
		const char *stop = memchr(body, '&', (size_t)(end - body));
		const char *pair_end = stop != NULL ? stop : end;
		const char *eq = memchr(body, '=', (size_t)(pair_end - body));
		const char *name_end = eq != NULL ? eq : pair_end;
		const char *value = eq != NULL ? eq + 1 : pair_end;

		if (pair_end > body) {
			if (out->n == FORM_FIELDS_MAX ||
			    piece(a, body, (size_t)(name_end - body),
				&out->names[out->n]) != RC_OK ||
			    piece(a, value, (size_t)(pair_end - value),
				&out->values[out->n]) != RC_OK) {
				return RC_INVALID;
			}
			out->n++;
		}
		body = pair_end + 1;
	}
	return RC_OK;
}

const char *
form_get(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->names[i], name) == 0) {
			return f->values[i];
		}
	}
	return NULL;
}
