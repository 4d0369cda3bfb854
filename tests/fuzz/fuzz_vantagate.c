/*
 * The first byte picks a route, the rest is its body, or the id or token of
 * its path. What is taken keeps the limits that are documented; what is
 * refused is told in the three members.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "dialect.h"
#include "lib/json.h"

static const char *idempotency_key;

static const char *
nothing(const struct call *call, const char *name)
{
	(void)call;
	(void)name;
	return NULL;
}

/* The first characters of the body stand for the header. */
static const char *
header(const struct call *call, const char *name)
{
	(void)call;
	return strcmp(name, "Idempotency-Key") == 0 ? idempotency_key : NULL;
}

static void
check_draft(const struct draft *d)
{
	bool has[OUTCOMES] = {false};

	assert(d->title[0] != '\0' && d->payload[0] == '{');
	assert(d->ttl_s >= 60 && d->ttl_s <= INTENT_TTL_MAX_S);
	assert(d->options_n >= 2 && d->options_n <= INTENT_OPTIONS_MAX);
	assert(d->options[0].outcome == OUTCOME_APPROVE);
	assert(d->options[1].outcome == OUTCOME_DENY);
	for (int i = 0; i < d->options_n; i++) {
		assert(d->options[i].label[0] != '\0');
		has[d->options[i].outcome] = true;
	}
	assert(has[OUTCOME_APPROVE] && has[OUTCOME_DENY]);
	/* One place is left for whoever holds the link. */
	assert(d->addresses_n < INTENT_GUESTS_MAX);
	for (int i = 0; i < d->addresses_n; i++) {
		assert(d->addresses[i].where != NULL);
	}
	assert(d->erase_payload && d->view_link);
}

static void
check_fault(struct call *call, const struct fault *f)
{
	int status = 0;
	json_t *body = dialect_vantagate.fault(call, f, &status);

	assert(f->rc != RC_OK && f->text[0] != '\0');
	assert(status >= 400 && status < 500);
	assert(json_integer_value(json_object_get(body, "statusCode")) ==
	    status);
	assert(json_is_string(json_object_get(body, "error")));
	assert(json_is_string(json_object_get(body, "message")));
	json_decref(body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(json_drop) json_t *root = NULL;
	const struct route *r;
	struct call call = {.arena = a,
	    .dialect = &dialect_vantagate,
	    .query = nothing,
	    .header = header};
	struct fault f = {0};
	const char *text;

	if (len == 0) {
		return 0;
	}
	r = &dialect_vantagate.routes[data[0] % dialect_vantagate.routes_n];
	text = arena_strndup(a, (const char *)data + 1, len - 1);
	call.route = r;
	call.id = text;
	idempotency_key =
	    len % 2 == 0 ? arena_strndup(a, text, strnlen(text, 10)) : NULL;
	if (json_read(text, strlen(text), &root, NULL) != RC_OK ||
	    !json_is_object(root)) {
		json_drop(&root);
		root = json_object();
	}
	call.body = root;
	if (r->decode == NULL) {
		return 0;
	}
	if (r->decode(&call, &f) != RC_OK) {
		check_fault(&call, &f);
	} else if (r->op == OP_SUBMIT) {
		check_draft(call.in);
	} else if (r->op == OP_INTENT_SHOW) {
		assert(id_is(call.id, "int_"));
	} else if (r->op == OP_LINK_DECIDE) {
		assert(((const struct decide_in *)call.in)->label != NULL);
	}
	return 0;
}
