/*
 * What the submit of every dialect has besides its body's fields.
 */
#include "dialect.h"
#include "lib/url.h"

enum { KEY_MAX = 255 };

enum rc
dialect_idempotency_key(struct call *call, struct draft *d, struct fault *f)
{
	const char *key = call->header(call, "Idempotency-Key");
	size_t n = 0;

	while (key != NULL && key[n] > ' ' && key[n] <= '~') {
		n++;
	}
	if (key != NULL && (n == 0 || n > KEY_MAX || key[n] != '\0')) {
		return fault_set(f, RC_INVALID, "Idempotency-Key",
		    "must be 1 to %d visible ASCII characters", KEY_MAX);
	}
	d->idempotency_header = key;
	return RC_OK;
}

enum rc
dialect_callback(struct call *call, const struct draft *d, struct fault *f)
{
	struct url u;
	struct fault why = {0};

	if (d->callback_url == NULL ||
	    url_parse(call->arena, d->callback_url, &u, &why) == RC_OK) {
		return RC_OK;
	}
	return fault_set(f, RC_INVALID, "callback_url", "%s", why.text);
}
