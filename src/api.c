#include "api.h"

#include <stdlib.h>
#include <string.h>

#include "address_limit.h"
#include "api_impl.h"
#include "decide.h"
#include "dialect_find.h"
#include "lib/clock.h"
#include "lib/mem.h"

struct api *
api_new(const struct api_options *options)
{
	struct api *api = mem_new(1, sizeof(*api));

	api->options = *options;
	api->cache = show_cache_new();
	api->limit = address_limit_new();
	return api;
}

void
api_free(struct api *api)
{
	if (api != NULL) {
		show_cache_free(api->cache);
		address_limit_free(api->limit);
		free(api);
	}
}

/* Whether `path` is this row's, and what stands for its ":id". */
static bool
path_fits(const char *pattern, const char *path, const char **id, size_t *len)
{
	for (;;) {
		if (*pattern == ':') {
			*id = path;
			*len = strcspn(path, "/");
			if (*len == 0) {
				return false;
			}
			path += *len;
			pattern += strcspn(pattern, "/");
			continue;
		}
		if (*pattern != *path) {
			return false;
		}
		if (*pattern == '\0') {
			return true;
		}
		pattern++;
		path++;
	}
}

static bool
route_find(struct http_request *http, const struct dialect **dialect,
    const struct route **route, const char **id, size_t *id_len)
{
	const char *method = http_method(http), *path = http_path(http);

	if (strcmp(method, "HEAD") == 0) {
		method = "GET";
	}
	for (size_t i = 0; (*dialect = dialect_at(i)) != NULL; i++) {
		for (size_t k = 0; k < (*dialect)->routes_n; k++) {
			*route = &(*dialect)->routes[k];
			*id = NULL;
			if (strcmp((*route)->method, method) == 0 &&
			    path_fits((*route)->path, path, id, id_len)) {
				return true;
			}
		}
	}
	return false;
}

static const char *
call_query(const struct call *call, const char *name)
{
	return http_query(call->http, name);
}

static const char *
call_header(const struct call *call, const char *name)
{
	return http_header(call->http, name);
}

static enum rc
job_run(struct tx *tx, void *arg)
{
	struct api_request *r = arg;

	return r->job(tx, r->job_arg);
}

static void
job_done(void *arg, enum rc rc)
{
	struct api_request *r = arg;

	r->rc = rc;
	http_resume(http_server_of(r->http), r->handle);
}

/* Parked before the job is handed over: it may be done at once. */
static void
run_job(struct api_request *r)
{
	enum rc rc = http_park(r->http, &r->handle);

	if (rc != RC_OK) {
		api_reply(r,
		    fault_set(&r->fault, RC_BUSY, "",
			"too many requests wait; try again"));
		return;
	}
	rc = store_write(r->api->options.store, job_run, job_done, r);
	if (rc != RC_OK) {
		job_done(r,
		    fault_set(&r->fault, RC_BUSY, "",
			"too many writes wait; try again"));
	}
}

static bool
may_wait(const struct api_request *r)
{
	return r->wait_until_ms != 0 && clock_mono_ms() < r->wait_until_ms &&
	    !http_request_stopping(r->http);
}

/* Waits for a change; false when it must be answered now. */
static bool
wait_for_change(struct api_request *r)
{
	struct waiters *w = r->api->options.waiters;

	if (!r->pending || !may_wait(r) ||
	    http_park(r->http, &r->handle) != RC_OK) {
		return false;
	}
	/* A change between the read and here would not wake us any more. */
	if (waiters_add(w, http_server_of(r->http), r->call.id, r->handle,
		r->wait_until_ms) != RC_OK) {
		r->wait_until_ms = 0; /* no room: answered as it is */
		http_resume(http_server_of(r->http), r->handle);
	} else if (waiters_epoch(w, r->call.id) != r->epoch) {
		http_resume(http_server_of(r->http), r->handle);
	}
	return true;
}

static bool
answer_kept(struct api_request *r)
{
	struct shown s;

	if (!api_may_keep(r) ||
	    !show_cache_get(r->api->cache, r->call.route, r->call.id, r->epoch,
		&s)) {
		return false;
	}
	if (api_may_see(r, s.agent_id) != RC_OK) {
		return false; /* the long way finds the words */
	}
	r->pending = s.pending;
	if (!wait_for_change(r)) {
		api_reply_shown(r, &s);
	}
	return true;
}

/*
 * Who is going to wait needs no more now than whether there is something to
 * wait for, and must not hold the makings of an answer all that time.
 */
static bool
wait_unread(struct api_request *r)
{
	r->pending = may_wait(r) && api_still_pending(r);
	return wait_for_change(r);
}

/* A refused attempt to decide or to cancel is recorded, then answered. */
static void
record_refusal(struct api_request *r)
{
	const struct call *call = &r->call;
	const struct decide_in *in = call->in;
	struct deciding *w = arena_alloc(call->arena, sizeof(*w));

	*w = (struct deciding){.arena = call->arena,
	    .cancels = call->route->op == OP_CANCEL,
	    .fault = r->fault};
	w->decision = (struct decision){
	    .intent_id = call->id != NULL || in == NULL ? call->id
							: in->intent_id,
	    .person = call->caller.agent != NULL ? call->caller.agent->id
						 : "unknown",
	    .name = call->caller.name,
	    .via = "api",
	    .outcome = in != NULL ? in->outcome : OUTCOME_APPROVE,
	};
	if (w->decision.intent_id == NULL) {
		api_reply(r, r->fault.rc);
		return;
	}
	r->job = intent_decide_refused;
	r->job_arg = w;
	r->tell_refusal = true;
	run_job(r);
}

static void
begin(struct api_request *r)
{
	enum rc rc;

	r->job = NULL;
	r->fault = (struct fault){0};
	if (r->call.route->op == OP_INTENT_SHOW) {
		r->epoch = waiters_epoch(r->api->options.waiters, r->call.id);
		if (answer_kept(r) || wait_unread(r)) {
			return;
		}
	}
	rc = api_ops[r->call.route->op](r);
	if (rc == RC_FORBIDDEN && r->call.route->op == OP_CANCEL) {
		record_refusal(r);
		return;
	}
	if (rc == RC_OK && r->job != NULL) {
		run_job(r);
		return;
	}
	api_reply(r, rc);
}

void
api_handle(struct api *api, struct http_request *http)
{
	struct api_request *r = arena_alloc(http_arena(http), sizeof(*r));
	const char *id = NULL;
	size_t id_len = 0;
	enum rc rc;

	*r = (struct api_request){.api = api, .http = http};
	r->call = (struct call){.arena = http_arena(http),
	    .query = call_query,
	    .header = call_header,
	    .http = http,
	    .now_ms = clock_now_ms(),
	    .public_url = api->options.public_url,
	    .upgrade_url = api->options.upgrade_url};
	http_set_user(http, r);
	if (!route_find(http, &r->call.dialect, &r->call.route, &id, &id_len)) {
		static const struct route none = {.method = "",
		    .path = "",
		    .status = 404};

		r->call.dialect = dialect_of_path(http_path(http));
		r->call.route = &none;
		(void)fault_set(&r->fault, RC_NOT_FOUND, "path", "%s",
		    http_path(http));
		(void)fault_reason(&r->fault, "unknown_route");
		api_reply_fault(r);
		return;
	}
	r->call.id = id != NULL ? arena_strndup(r->call.arena, id, id_len)
				: NULL;
	rc = api_admit(r);
	if (rc == RC_FORBIDDEN &&
	    (r->call.route->op == OP_DECIDE ||
		r->call.route->op == OP_CANCEL)) {
		record_refusal(r);
		return;
	}
	if (rc != RC_OK) {
		api_reply(r, rc);
		return;
	}
	begin(r);
}

void
api_resumed(struct api *api, struct http_request *http)
{
	struct api_request *r = http_user(http);
	enum rc rc;

	(void)api;
	if (r->job == NULL) { /* a long poll */
		begin(r);
		return;
	}
	if (r->tell_refusal) {
		rc = r->rc == RC_STORE ? RC_STORE : r->fault.rc;
		api_reply(r, rc);
		return;
	}
	if (r->after != NULL) {
		r->after(r);
	}
	api_reply(r, r->rc);
}
