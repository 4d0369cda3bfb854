/*
 * Who asks, whether they may and how often, and what the body says.
 */
#include <stdio.h>
#include <string.h>

#include "address_limit.h"
#include "api_impl.h"
#include "lib/clock.h"
#include "lib/forwarded.h"

/* The class of the key decides what a route may ever do. */
static enum rc
check_class(struct api_request *r)
{
	const struct call *call = &r->call;
	enum rc rc;

	if ((call->route->access & call->caller.access) != 0) {
		return RC_OK;
	}
	if (call->caller.access == ACCESS_TOKEN) {
		return fault_set(&r->fault, RC_UNAUTHENTICATED, "Authorization",
		    "Invalid API key");
	}
	rc = fault_set(&r->fault, RC_FORBIDDEN, "Authorization",
	    "this key may not do that");
	(void)fault_reason(&r->fault, "wrong_class");
	return rc;
}

/*
 * As RFC 6750 2.1 has it, whichever header carries it: X-API-Key holds the key
 * alone. Two keys that differ are none: nobody could say who asks.
 */
static const char *
authorization(const struct api_request *r)
{
	const char *header = http_header(r->http, "Authorization");
	const char *key = http_header(r->http, "X-API-Key");
	const char *both;

	if (key == NULL) {
		return header;
	}
	both = arena_printf(r->call.arena, "Bearer %s", key);
	return header == NULL || strncmp(header, "Bearer ", 7) != 0 ||
		strcmp(header, both) == 0
	    ? both
	    : NULL;
}

static void
tell_rate(struct api_request *r, const struct bucket_answer *rate)
{
	struct arena *a = r->call.arena;

	if (rate->limit <= 0) {
		return;
	}
	http_add_header(r->http, "X-RateLimit-Limit",
	    arena_printf(a, "%d", rate->limit));
	http_add_header(r->http, "X-RateLimit-Remaining",
	    arena_printf(a, "%d", rate->remaining));
	http_add_header(r->http, "X-RateLimit-Reset",
	    arena_printf(a, "%lld", clock_now_ms() / 1000 + rate->reset_s));
}

/* Where no key is asked for, an address may only ask so often. */
static enum rc
check_address(struct api_request *r)
{
	const struct route *route = r->call.route;
	struct bucket_answer rate;
	const char *from;

	if (route->per_minute <= 0) {
		return RC_OK;
	}
	from = forwarded_for(r->call.arena, http_peer(r->http),
	    http_header(r->http, "X-Forwarded-For"),
	    r->api->options.trusted_proxies);
	rate = address_limit_take(r->api->limit, from, route, route->per_minute,
	    clock_mono_ms());
	tell_rate(r, &rate);
	if (rate.allowed) {
		return RC_OK;
	}
	(void)fault_set(&r->fault, RC_LIMITED, "",
	    "an address may ask this %d times a minute", route->per_minute);
	r->fault.retry_after_s = rate.retry_s > 0 ? rate.retry_s : 1;
	return fault_reason(&r->fault, "rate_limited");
}

static enum rc
identify(struct api_request *r)
{
	struct bucket_answer rate;
	enum rc rc;

	rc = auth_identify(r->api->options.auth, authorization(r),
	    &r->call.caller, &rate, &r->fault);
	if (rc == RC_FORBIDDEN && r->call.route->op == OP_LINK_DECIDE) {
		return rc; /* a suspended agent is an agent */
	}
	if ((r->call.route->access & ACCESS_ANYONE) != 0 && rc != RC_LIMITED &&
	    (rc != RC_OK || r->call.caller.access == ACCESS_TOKEN)) {
		/* A key that does not count is as good as none here. */
		r->call.caller =
		    (struct caller){.access = ACCESS_ANYONE, .name = ""};
		return RC_OK;
	}
	tell_rate(r, &rate);
	return rc;
}

static void
json_deref(void *root)
{
	json_decref(root);
}

/* No body counts as an empty object: some clients send none. */
static enum rc
read_body(struct api_request *r)
{
	size_t len;
	const char *body = http_body(r->http, &len);
	json_t *root = NULL;
	enum rc rc = RC_OK;

	if (len > API_BODY_MAX) {
		return fault_set(&r->fault, RC_TOO_LARGE, "body",
		    "The body is over the limit of 2 MiB");
	}
	if (len == 0) {
		root = json_object();
	} else {
		rc = json_read(body, len, &root, &r->fault);
	}
	if (rc != RC_OK) {
		(void)snprintf(r->fault.field, sizeof(r->fault.field), "body");
		return rc;
	}
	arena_defer(r->call.arena, json_deref, root);
	r->call.body = root;
	if (!json_is_object(root)) {
		return fault_set(&r->fault, RC_INVALID, "body",
		    "the body must be a JSON object");
	}
	return RC_OK;
}

static enum rc
read_wait(struct api_request *r)
{
	long long wait_s = 0;
	enum rc rc;

	if (r->call.route->op != OP_INTENT_SHOW) {
		return RC_OK;
	}
	rc = api_query_int(r, "wait", 1, API_WAIT_MAX_S, 0, &wait_s);
	if (wait_s > 0) {
		r->wait_until_ms = clock_mono_ms() + wait_s * 1000;
	}
	return rc;
}

/* What the caller points to dies with the next lookup: keep what is used
 * behind a park. */
static void
keep_caller(struct api_request *r)
{
	struct caller *c = &r->call.caller;
	struct arena *a = r->call.arena;
	bool parks = r->call.route->op != OP_INTENT_SHOW ||
	    http_query(r->http, "wait") != NULL;

	if (c->agent != NULL && parks) {
		struct agent *ag = arena_memdup(a, c->agent, sizeof(*ag));

		ag->id = arena_strdup(a, ag->id);
		ag->name = arena_strdup(a, ag->name);
		ag->owner = arena_strdup(a, ag->owner);
		c->agent = ag;
		c->name = ag->name;
		c->key_id = arena_strdup(a, c->key_id);
		return;
	}
	c->key_id = arena_strdup(a, c->key_id);
	c->name = arena_strdup(a, c->name);
	c->person = arena_strdup(a, c->person);
}

enum rc
api_admit(struct api_request *r)
{
	enum rc refused = check_address(r), rc;
	struct fault why;

	if (refused == RC_OK) {
		refused = identify(r);
	}
	if (refused != RC_OK && refused != RC_FORBIDDEN) {
		return refused;
	}
	keep_caller(r);
	if (refused == RC_OK) {
		refused = check_class(r);
	}
	why = r->fault;
	rc = read_body(r);
	if (rc == RC_OK) {
		rc = read_wait(r);
	}
	if (rc == RC_OK && r->call.route->decode != NULL) {
		rc = r->call.route->decode(&r->call, &r->fault);
	}
	if (refused != RC_OK) {
		r->fault = why;
		return refused;
	}
	return rc;
}
