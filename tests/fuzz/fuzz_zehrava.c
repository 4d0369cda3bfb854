/*
 * The first byte picks a route, the rest is its body; or, behind the last
 * route, a record of the audit trail that somebody damaged. What is taken
 * keeps the limits that are documented; what is refused is told in JSON.
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

	assert(d->destination[0] != '\0' && d->policy[0] != '\0');
	assert(d->payload != NULL);
	assert(d->ttl_s >= 1 && d->ttl_s <= INTENT_TTL_MAX_S);
	assert(d->record_count >= 0 && d->value_usd >= 0);
	assert(d->approvers.n <= INTENT_APPROVERS_MAX);
	assert(d->metadata == NULL || json_is_object(d->metadata));
	assert(d->options_n == 0 ||
	    (d->options_n >= 2 && d->options_n <= INTENT_OPTIONS_MAX));
	for (int i = 0; i < d->options_n; i++) {
		assert(d->options[i].label[0] != '\0');
		has[d->options[i].outcome] = true;
	}
	assert(d->options_n == 0 ||
	    (has[OUTCOME_APPROVE] && has[OUTCOME_DENY]));
}

static void
check_decision(const struct decide_in *in)
{
	assert(in->outcome < OUTCOMES);
	assert(in->option >= -1 && in->option < INTENT_OPTIONS_MAX);
	assert(in->digest == NULL ||
	    strlen(in->digest) == CRYPTO_SHA256_HEX - 1);
}

static void
check_fault(struct call *call, const struct fault *f)
{
	int status = 0;
	json_t *body = dialect_zehrava.fault(call, f, &status);

	assert(f->rc != RC_OK && f->text[0] != '\0');
	assert(status >= 400 && status < 500);
	assert(json_is_string(json_object_get(body, "error")));
	json_decref(body);
}

static void
fuzz_route(struct arena *a, const struct route *r, const char *body, size_t len)
{
	CLEANUP(json_drop) json_t *root = NULL;
	struct call call = {.arena = a,
	    .dialect = &dialect_zehrava,
	    .route = r,
	    .query = nothing,
	    .header = header};
	struct fault f = {0};

	idempotency_key = arena_strndup(a, body, strnlen(body, 10));
	if (r->decode == NULL || json_read(body, len, &root, NULL) != RC_OK ||
	    !json_is_object(root)) {
		return;
	}
	call.body = root;
	if (r->decode(&call, &f) != RC_OK) {
		check_fault(&call, &f);
		idempotency_key = NULL;
		f = (struct fault){0};
		if (r->decode(&call, &f) != RC_OK) {
			return;
		}
	}
	if (r->op == OP_SUBMIT) {
		check_draft(call.in);
	} else if (r->op == OP_DECIDE) {
		check_decision(call.in);
	}
}

static void
fuzz_event(struct arena *a, const char *text)
{
	const struct route *r = dialect_zehrava.routes;
	struct intent in = {.id = "int_1"};
	struct audit_event ev = {1, text};
	struct call call = {.arena = a,
	    .intents = &in,
	    .intents_n = 1,
	    .events = &ev,
	    .events_n = 1};
	size_t len;

	while (r->op != OP_INTENT_AUDIT) {
		r++;
	}
	assert(r->show(&call, &len)[0] == '{');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const char *text;
	size_t i;

	if (len == 0) {
		return 0;
	}
	i = data[0] % (dialect_zehrava.routes_n + 1);
	text = arena_strndup(a, (const char *)data + 1, len - 1);
	if (i < dialect_zehrava.routes_n) {
		fuzz_route(a, &dialect_zehrava.routes[i], text, strlen(text));
	} else {
		fuzz_event(a, text);
	}
	return 0;
}
