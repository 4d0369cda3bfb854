#include "lib/websocket.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/websocket_impl.h"

enum {
	/*
	 * libwebsockets 4.1.6 cuts what it asks and verifies TLS for to 127
	 * bytes with the port.
	 */
	TLS_HOST_MAX = 120,
};

/* ws://... as http://..., wss://... as https://..., which url.h reads. */
static enum rc
read_url(struct connection *c, const char *s)
{
	struct fault f;
	const char *http;

	if (strncasecmp(s, "ws://", 5) == 0) {
		http = arena_printf(c->arena, "http%s", s + 2);
	} else if (strncasecmp(s, "wss://", 6) == 0) {
		http = arena_printf(c->arena, "https%s", s + 3);
		c->tls = true;
	} else {
		return RC_INVALID;
	}
	if (url_parse(c->arena, http, &c->url, &f) != RC_OK ||
	    (c->tls && strlen(c->url.host) > TLS_HOST_MAX)) {
		return RC_INVALID;
	}
	return RC_OK;
}

/* RFC 9110 7.2: the port is left out when it is the scheme's own. */
static const char *
host_header(struct connection *c)
{
	bool v6 = strchr(c->url.host, ':') != NULL;
	const char *host = v6 ? arena_printf(c->arena, "[%s]", c->url.host)
			      : c->url.host;

	if (c->url.port == (c->tls ? 443 : 80)) {
		return host;
	}
	return arena_printf(c->arena, "%s:%d", host, c->url.port);
}

static void
start(struct connection *c, const char *url)
{
	if (c->loop->ending) {
		connection_finish(c, RC_BUSY, CLOSE_ABNORMAL, "the loop ends");
		return;
	}
	if (read_url(c, url) != RC_OK) {
		connection_finish(c, RC_INVALID, CLOSE_ABNORMAL,
		    "not a ws or wss URL");
		return;
	}
	c->host = host_header(c);
	if (resolver_ask(c->loop->resolver, c->id, c->url.host) != RC_OK) {
		connection_finish(c, RC_REMOTE_TEMP, CLOSE_ABNORMAL,
		    "too many names are being looked up");
	}
}

unsigned long long
websocket_open(struct websocket_loop *loop, const struct websocket_call *call,
    const struct websocket_events *events, void *arg)
{
	struct connection *c = mem_new(1, sizeof(*c));
	size_t i = 0;

	loop_assert_here(loop);
	assert(call->handshake_ms > 0 && call->message_max > 0);
	while (loop->connections[i] != NULL) {
		i++;
		assert(i < WEBSOCKET_CONNECTIONS_MAX);
	}
	loop->connections[i] = c;
	c->id = loop_number(loop);
	c->loop = loop;
	c->events = *events;
	c->arg = arg;
	c->arena = arena_new();
	c->user_agent = arena_strdup(c->arena, call->user_agent);
	c->message_max = call->message_max;
	c->ping_us = call->ping_s * 1000000LL;
	c->hangup_us = call->hangup_s * 1000000LL;
	c->deadline_us = clock_mono_us() + call->handshake_ms * 1000LL;
	buf_init(&c->part, c->message_max);
	STAILQ_INIT(&c->inbox);
	STAILQ_INIT(&c->outbox);
	start(c, call->url);
	return c->id;
}

enum rc
websocket_send(struct websocket_loop *loop, unsigned long long id,
    const char *text, size_t len)
{
	struct connection *c = connection_find(loop, id);

	loop_assert_here(loop);
	if (c == NULL || c->state != CONNECTION_OPEN || c->facts.gone) {
		return RC_NOT_FOUND;
	}
	if (len > WEBSOCKET_SEND_MAX) {
		return RC_TOO_LARGE;
	}
	if (c->unsent == WEBSOCKET_UNSENT_MAX) {
		return RC_BUSY;
	}
	wire_send(c, text, len);
	return RC_OK;
}

void
websocket_close(struct websocket_loop *loop, unsigned long long id, int code,
    const char *reason)
{
	struct connection *c = connection_find(loop, id);

	loop_assert_here(loop);
	if (c == NULL || c->state == CONNECTION_CLOSING ||
	    c->state == CONNECTION_ENDED) {
		return;
	}
	if (c->state == CONNECTION_OPEN) {
		connection_begin_close(c, code, reason);
	} else {
		connection_finish(c, RC_OK, code,
		    "closed by us before it was open");
	}
}

void
websocket_drop(struct websocket_loop *loop, unsigned long long id)
{
	struct connection *c = connection_find(loop, id);

	loop_assert_here(loop);
	if (c != NULL && c->state != CONNECTION_ENDED) {
		connection_finish(c, RC_OK, CLOSE_ABNORMAL, "dropped by us");
	}
}
