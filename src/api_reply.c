#include "api_impl.h"

#include <stdio.h>
#include <string.h>

#include "dialect_find.h"
#include "lib/log.h"

/* RFC 9457, for callers that ask for it. */
static json_t *
problem(struct arena *a, const struct fault *f, int status)
{
	char *code =
	    arena_strdup(a, f->reason[0] != '\0' ? f->reason : rc_name(f->rc));

	for (char *c = code; *c != '\0'; c++) {
		*c = *c == ' ' ? '_' : *c; /* a URN has no blanks */
	}

	return json_pack("{s:s+, s:s, s:i, s:s, s:s, s:s*}", "type",
	    "urn:assent:problem:", code, "title", rc_name(f->rc), "status",
	    status, "detail", f->text, "code", code, "field",
	    f->field[0] != '\0' ? f->field : NULL);
}

static void
reply_json(struct api_request *r, int status, const char *type, json_t *body)
{
	size_t len;
	const char *text = json_compact(r->call.arena, body, &len);

	json_decref(body);
	http_reply(r->http, status, type, text, len);
}

void
api_reply_fault(struct api_request *r)
{
	const char *accept = http_header(r->http, "Accept");
	int status = dialect_status(r->fault.rc);
	json_t *body = r->call.dialect->fault(&r->call, &r->fault, &status);

	if (r->fault.retry_after_s == 0 && status == 503) {
		r->fault.retry_after_s = 1;
	}
	if (r->fault.retry_after_s > 0) {
		http_add_header(r->http, "Retry-After",
		    arena_printf(r->call.arena, "%d", r->fault.retry_after_s));
	}
	if (status == 401) {
		http_add_header(r->http, "WWW-Authenticate", "Bearer");
	}
	if (accept != NULL &&
	    strstr(accept, "application/problem+json") != NULL) {
		json_decref(body);
		reply_json(r, status, "application/problem+json",
		    problem(r->call.arena, &r->fault, status));
		return;
	}
	reply_json(r, status, "application/json; charset=utf-8", body);
}

/* RFC 9110 13.1.2: weak comparison, a list, or "*". */
static bool
etag_known(struct api_request *r, const char *etag)
{
	const char *known = http_header(r->http, "If-None-Match");

	return known != NULL &&
	    (strcmp(known, "*") == 0 || strstr(known, etag) != NULL);
}

void
api_reply_shown(struct api_request *r, const struct shown *s)
{
	http_add_header(r->http, "ETag", s->etag);
	if (etag_known(r, s->etag)) {
		http_reply(r->http, 304, NULL, "", 0);
		return;
	}
	http_reply(r->http, r->call.route->status,
	    "application/json; charset=utf-8", s->body, s->len);
}

static const char *
etag_of(struct arena *a, const char *body, size_t len)
{
	char hex[CRYPTO_SHA256_HEX];

	crypto_sha256_hex(body, len, hex);
	return arena_printf(a, "\"%.32s\"", hex);
}

/* An intent's answer is kept for the next poll, unless it was special. */
bool
api_may_keep(const struct api_request *r)
{
	return r->call.route->op == OP_INTENT_SHOW &&
	    r->call.caller.quota == NULL &&
	    http_query(r->http, "payload") == NULL;
}

static void
reply_answer(struct api_request *r)
{
	struct call *call = &r->call;
	struct shown s = {.route = call->route, .pending = r->pending};

	s.body = call->route->show(call, &s.len);
	if (call->route->op == OP_HEALTH || call->route->op == OP_ABOUT) {
		http_add_header(r->http, "Access-Control-Allow-Origin", "*");
	}
	if (call->route->op != OP_INTENT_SHOW) {
		http_reply(r->http, call->route->status,
		    "application/json; charset=utf-8", s.body, s.len);
		return;
	}
	s.etag = etag_of(call->arena, s.body, s.len);
	s.agent_id = call->intents[0].agent_id;
	if (api_may_keep(r)) {
		show_cache_put(r->api->cache, call->id, r->epoch, &s);
	}
	api_reply_shown(r, &s);
}

static void
reply_bytes(struct api_request *r)
{
	http_add_header(r->http, "Content-Disposition", "attachment");
	http_reply(r->http, r->call.route->status, "application/octet-stream",
	    r->call.payload, r->call.payload_len);
}

void
api_reply(struct api_request *r, enum rc rc)
{
	if (rc == RC_OK && r->call.replayed) {
		http_add_header(r->http, "Idempotent-Replayed", "true");
	}
	if (rc != RC_OK) {
		r->fault.rc = rc;
		if (rc == RC_STORE || rc == RC_INTERNAL) {
			log_error("api %s %s failed rc=%s error=\"%s\"",
			    r->call.route->method, r->call.route->path,
			    rc_name(rc), r->fault.text);
			(void)fault_set(&r->fault, rc, "",
			    "the server could not do this; nothing was "
			    "changed");
		}
		api_reply_fault(r);
		return;
	}
	if (r->call.route->show == NULL) {
		reply_bytes(r);
		return;
	}
	reply_answer(r);
}

const char *
api_refuse(int status, const char *path)
{
	static const struct {
		int status;
		const char *body;
	} words[] = {
	    {400, "{\"error\":\"Malformed request\"}"},
	    {404, "{\"error\":\"Not found\"}"},
	    {405, "{\"error\":\"Method not allowed\"}"},
	    {413, "{\"error\":\"The body is over the limit of 2 MiB\"}"},
	    {414, "{\"error\":\"The URL is too long\"}"},
	    {431, "{\"error\":\"The headers are too long\"}"},
	    {503, "{\"error\":\"Too many requests; try again\"}"},
	};

	const struct dialect *d = dialect_of_path(path);

	if (d->refuse != NULL) {
		return d->refuse(status);
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (words[i].status == status) {
			return words[i].body;
		}
	}
	return "{\"error\":\"The request was refused\"}";
}
