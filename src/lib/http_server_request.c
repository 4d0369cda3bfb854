#include "lib/http_server_request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/mem.h"

enum {
	SLOWEST_BYTES_PER_S = 16 * 1024, /* of a body, beyond timeout_s */
	SWALLOW_MAX = 8 * 1024 * 1024,	 /* of a body that is refused */
	SPARES_MAX = 64,		 /* scratches kept for later requests */
	BODY_KEPT_MAX = 16 * 1024 /* bytes of a body's memory kept in one */
};

struct added {
	struct added *next;
	const char *name;
	const char *value;
};

/* What a query argument is looked up by, and its value once it is found. */
struct wanted {
	const char *name;
	size_t name_len;
	const char *value;
};

static const bool moves[REQUEST_STATES][REQUEST_STATES] = {
    [REQUEST_NONE][REQUEST_HEAD] = true,
    [REQUEST_HEAD][REQUEST_BODY] = true,
    [REQUEST_HEAD][REQUEST_ANSWERED] = true,
    [REQUEST_HEAD][REQUEST_NONE] = true,
    [REQUEST_BODY][REQUEST_HANDLED] = true,
    [REQUEST_BODY][REQUEST_ANSWERED] = true,
    [REQUEST_BODY][REQUEST_NONE] = true,
    [REQUEST_HANDLED][REQUEST_PARKED] = true,
    [REQUEST_HANDLED][REQUEST_ANSWERED] = true,
    [REQUEST_HANDLED][REQUEST_NONE] = true,
    [REQUEST_PARKED][REQUEST_HANDLED] = true,
    [REQUEST_PARKED][REQUEST_NONE] = true,
    [REQUEST_ANSWERED][REQUEST_NONE] = true,
};

static void
set_state(struct http_request *r, enum request_state state)
{
	assert(moves[r->state][state]);
	r->state = state;
	r->common->news++;
}

static struct scratch *
scratch_take(struct http_common *c)
{
	struct scratch *w = c->spare;

	if (w != NULL) {
		c->spare = w->next;
		c->spares--;
		return w;
	}
	w = mem_new(1, sizeof(*w));
	w->arena = arena_new();
	buf_init(&w->body, c->options.body_max);
	return w;
}

static void
scratch_free(struct scratch *w)
{
	arena_free(w->arena);
	buf_fini(&w->body);
	free(w);
}

static void
scratch_give(struct http_common *c, struct scratch *w)
{
	if (c->spares == SPARES_MAX) {
		scratch_free(w);
		return;
	}
	arena_reset(w->arena);
	if (w->body.size > BODY_KEPT_MAX) {
		buf_fini(&w->body);
	} else {
		buf_clear(&w->body);
	}
	w->next = c->spare;
	c->spare = w;
	c->spares++;
}

/* Time for `bytes` that a client sends or takes at the slowest. */
static long long
patience_ms(const struct http_common *c, size_t bytes)
{
	return c->options.timeout_s * 1000LL +
	    (long long)bytes * 1000 / SLOWEST_BYTES_PER_S;
}

static void
put_header(struct MHD_Response *answer, const char *name, const char *value)
{
	if (MHD_add_response_header(answer, name, value) != MHD_YES) {
		log_error("http header %s left out of an answer", name);
	}
}

/* Borrows the body until the request is over. */
static void
answer(struct http_request *r, int status, const char *content_type, void *body,
    size_t len)
{
	struct MHD_Response *a =
	    MHD_create_response_from_buffer(len, body, MHD_RESPMEM_PERSISTENT);
	const struct added *h;

	assert(a != NULL && status >= MHD_HTTP_OK);
	if (content_type != NULL) {
		put_header(a, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	}
	for (h = r->added; h != NULL; h = h->next) {
		put_header(a, h->name, h->value);
	}
	if (r->close) {
		put_header(a, MHD_HTTP_HEADER_CONNECTION, "close");
	}
	if (MHD_queue_response(r->conn, (unsigned)status, a) == MHD_YES) {
		set_state(r, REQUEST_ANSWERED);
		r->common->answering++;
		r->deadline_ms =
		    r->common->now_ms + patience_ms(r->common, len);
	} else {
		log_error("http answer refused by the library");
	}
	MHD_destroy_response(a);
}

static void
refuse_with(struct http_request *r, int status)
{
	const struct http_server_options *o = &r->common->options;
	const char *path = r->path != NULL ? r->path : "";
	const char *text = o->refuse != NULL ? o->refuse(status, path, o->ctx)
					     : "";

	r->close = true;
	answer(r, status, text[0] == '{' ? "application/json" : "text/plain",
	    arena_strdup(r->scratch->arena, text), strlen(text));
}

/* After a handler's turn; MHD_NO closes the connection. */
static enum MHD_Result
settle(struct http_request *r)
{
	if (r->state == REQUEST_PARKED) {
		return MHD_YES;
	}
	if (r->state == REQUEST_HANDLED) {
		log_error("http request left without an answer");
		refuse_with(r, MHD_HTTP_INTERNAL_SERVER_ERROR);
	}
	return r->state == REQUEST_ANSWERED ? MHD_YES : MHD_NO;
}

static enum MHD_Result
refuse(struct http_request *r, int status)
{
	refuse_with(r, status);
	return r->state == REQUEST_ANSWERED ? MHD_YES : MHD_NO;
}

static enum MHD_Result
on_head(struct http_request *r, const char *url, const char *method,
    const char *version)
{
	unsigned long long length;

	if (r->refusal == 0) {
		r->refusal = http_head_check(r, url, method, version);
	}
	if (r->refusal != 0) {
		return refuse(r, r->refusal);
	}
	length = http_head_length(r);
	if (length > r->common->options.body_max) {
		r->refusal = MHD_HTTP_CONTENT_TOO_LARGE;
		/*
		 * Who is still sending when we close may never see why. A
		 * body that is not much too large is swallowed first.
		 */
		if (length > SWALLOW_MAX || http_head_expects_continue(r)) {
			return refuse(r, r->refusal);
		}
	}
	set_state(r, REQUEST_BODY);
	return MHD_YES;
}

/*
 * libmicrohttpd takes an answer before a body or after it, but not within:
 * a chunked one that does not end is cut off.
 */
static enum MHD_Result
on_body(struct http_request *r, const char *data, size_t len)
{
	struct buf *body = &r->scratch->body;

	r->common->news++;
	r->body_got += len;
	if (r->refusal != 0) {
		return r->body_got <= SWALLOW_MAX ? MHD_YES : MHD_NO;
	}
	buf_add(body, data, len);
	if (body->full) {
		r->refusal = MHD_HTTP_CONTENT_TOO_LARGE;
		buf_fini(body);
	}
	r->deadline_ms = r->started_ms + patience_ms(r->common, r->body_got);
	return MHD_YES;
}

static enum MHD_Result
on_whole(struct http_request *r)
{
	struct http_common *c = r->common;

	if (r->refusal != 0) {
		return refuse(r, r->refusal);
	}
	set_state(r, REQUEST_HANDLED);
	r->deadline_ms = 0;
	r->heard = true;
	r->close = c->closing;
	c->options.handle(r, c->options.ctx);
	return settle(r);
}

static enum MHD_Result
on_resumed(struct http_request *r)
{
	struct http_common *c = r->common;

	http_parking_release(&c->parking, r->handle);
	set_state(r, REQUEST_HANDLED);
	r->close = c->closing;
	c->options.resumed(r, c->options.ctx);
	return settle(r);
}

static enum MHD_Result
match_argument(void *arg, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	struct wanted *w = arg;

	(void)kind;
	(void)value_len;
	if (name_len != w->name_len || memcmp(name, w->name, name_len) != 0) {
		return MHD_YES;
	}
	w->value = value != NULL ? value : "";
	return MHD_NO;
}

static const char *
lookup(const struct http_request *r, enum MHD_ValueKind kind, const char *name,
    size_t *len)
{
	const char *value;

	return MHD_lookup_connection_value_n(r->conn, kind, name, strlen(name),
		   &value, len) == MHD_YES
	    ? value
	    : NULL;
}

void
http_request_wait(struct http_request *r)
{
	r->deadline_ms = r->common->now_ms + patience_ms(r->common, 0);
}

void
http_request_start(struct http_request *r, const char *target)
{
	struct http_common *c = r->common;

	set_state(r, REQUEST_HEAD);
	r->scratch = scratch_take(c);
	r->started_ms = c->now_ms;
	r->deadline_ms = c->now_ms + patience_ms(c, 0);
	r->refusal = http_head_check_target(r, target);
}

enum MHD_Result
http_request_step(struct http_request *r, const char *url, const char *method,
    const char *version, const char *data, size_t len)
{
	switch (r->state) {
	case REQUEST_HEAD:
		return on_head(r, url, method, version);
	case REQUEST_BODY:
		return len > 0 ? on_body(r, data, len) : on_whole(r);
	case REQUEST_PARKED:
		return on_resumed(r);
	default:
		return MHD_NO;
	}
}

void
http_request_end(struct http_request *r)
{
	struct http_common *c = r->common;

	if (r->state == REQUEST_PARKED) {
		http_parking_release(&c->parking, r->handle);
	} else if (r->state == REQUEST_ANSWERED) {
		c->answering--;
	}
	set_state(r, REQUEST_NONE);
	if (r->heard && c->options.over != NULL) {
		c->options.over(r, c->options.ctx);
	}
	scratch_give(c, r->scratch);
	memset(&r->scratch, 0,
	    sizeof(*r) - offsetof(struct http_request, scratch));
	http_request_wait(r);
}

void
http_request_drop_spares(struct http_common *c)
{
	struct scratch *w;

	while ((w = c->spare) != NULL) {
		c->spare = w->next;
		scratch_free(w);
	}
}

const char *
http_method(const struct http_request *r)
{
	return r->method;
}

const char *
http_path(const struct http_request *r)
{
	return r->path;
}

const char *
http_query(const struct http_request *r, const char *name)
{
	struct wanted w = {.name = name, .name_len = strlen(name)};

	MHD_get_connection_values_n(r->conn, MHD_GET_ARGUMENT_KIND,
	    match_argument, &w);
	return w.value;
}

const char *
http_header(const struct http_request *r, const char *name)
{
	size_t len, all;
	const char *value = lookup(r, MHD_HEADER_KIND, name, &len);

	if (value == NULL) {
		return NULL;
	}
	/* RFC 9110 5.5: blanks around a value are no part of it. */
	for (all = len; len > 0 && strchr(" \t", value[len - 1]); len--) {
	}
	return len == all ? value
			  : arena_strndup(r->scratch->arena, value, len);
}

const char *
http_cookie(const struct http_request *r, const char *name)
{
	size_t len;

	return lookup(r, MHD_COOKIE_KIND, name, &len);
}

const char *
http_body(const struct http_request *r, size_t *len)
{
	*len = r->scratch->body.len;
	return buf_str(&r->scratch->body);
}

const char *
http_peer(const struct http_request *r)
{
	return r->peer;
}

struct arena *
http_arena(struct http_request *r)
{
	return r->scratch->arena;
}

void
http_set_user(struct http_request *r, void *user)
{
	r->user = user;
}

void *
http_user(const struct http_request *r)
{
	return r->user;
}

void
http_reply(struct http_request *r, int status, const char *content_type,
    const void *body, size_t len)
{
	assert(r->state == REQUEST_HANDLED);
	answer(r, status, content_type,
	    len > 0 ? arena_memdup(r->scratch->arena, body, len) : NULL, len);
}

void
http_add_header(struct http_request *r, const char *name, const char *value)
{
	struct added *h;

	assert(r->state == REQUEST_HANDLED &&
	    http_head_is_token(name, strlen(name)));
	if (!http_head_is_value(value, strlen(value))) {
		log_error("http header %s dropped: control characters", name);
		return;
	}
	h = arena_alloc(r->scratch->arena, sizeof(*h));
	h->name = arena_strdup(r->scratch->arena, name);
	h->value = arena_strdup(r->scratch->arena, value);
	if (r->added_last != NULL) {
		r->added_last->next = h;
	} else {
		r->added = h;
	}
	r->added_last = h;
}

bool
http_request_stopping(const struct http_request *r)
{
	return r->common->stopping;
}

enum rc
http_park(struct http_request *r, struct http_handle *out)
{
	struct http_common *c = r->common;

	assert(r->state == REQUEST_HANDLED);
	if (c->stopping || http_parking_take(&c->parking, out) != RC_OK) {
		return RC_BUSY;
	}
	set_state(r, REQUEST_PARKED);
	r->handle = *out;
	MHD_suspend_connection(r->conn);
	http_parking_open(&c->parking, *out, r->conn);
	return RC_OK;
}
