#include <assert.h>
#include <limits.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/websocket_impl.h"

enum {
	CLOSE_WAIT_US = 1000 * 1000,
	/* Turns in which the last messages and our close go out, at an end. */
	LAST_TURNS = WEBSOCKET_UNSENT_MAX + 4,
};

static void
set_state(struct connection *c, enum connection_state to)
{
	static const char *const names[CONNECTION_STATES] = {
	    [CONNECTION_NAMING] = "naming",
	    [CONNECTION_CONNECTING] = "connecting",
	    [CONNECTION_OPEN] = "open",
	    [CONNECTION_CLOSING] = "closing",
	    [CONNECTION_ENDED] = "ended",
	};
	static const bool may[CONNECTION_STATES][CONNECTION_STATES] = {
	    [CONNECTION_NAMING] =
		{[CONNECTION_CONNECTING] = true, [CONNECTION_ENDED] = true},
	    [CONNECTION_CONNECTING] =
		{[CONNECTION_OPEN] = true, [CONNECTION_ENDED] = true},
	    [CONNECTION_OPEN] =
		{[CONNECTION_CLOSING] = true, [CONNECTION_ENDED] = true},
	    [CONNECTION_CLOSING] = {[CONNECTION_ENDED] = true},
	};

	assert(may[c->state][to]);
	log_debug("websocket %llu state=%s was=%s", c->id, names[to],
	    names[c->state]);
	c->state = to;
	c->loop->again = true;
}

void
connection_finish(struct connection *c, enum rc rc, int code, const char *fmt,
    ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(c->end_detail, sizeof(c->end_detail), fmt, ap);
	va_end(ap);
	c->end.rc = rc;
	c->end.code = code;
	c->end.reason = c->end_reason;
	c->end.detail = c->end_detail;
	set_state(c, CONNECTION_ENDED);
	wire_drop(c);
}

static void
boxes_empty(struct connection *c)
{
	struct incoming *in;
	struct outgoing *out;

	while ((in = STAILQ_FIRST(&c->inbox)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->inbox, link);
		buf_fini(&in->text);
		free(in);
	}
	while ((out = STAILQ_FIRST(&c->outbox)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->outbox, link);
		free(out);
	}
}

static void
connection_free(struct connection *c)
{
	assert(c->wsi == NULL && c->attempt == 0);
	boxes_empty(c);
	buf_fini(&c->part);
	arena_free(c->arena);
	free(c);
}

struct connection *
connection_find(struct websocket_loop *loop, unsigned long long id)
{
	for (size_t i = 0; i < WEBSOCKET_CONNECTIONS_MAX; i++) {
		if (loop->connections[i] != NULL &&
		    loop->connections[i]->id == id) {
			return loop->connections[i];
		}
	}
	return NULL;
}

struct connection *
connection_of_attempt(struct websocket_loop *loop, uintptr_t attempt)
{
	for (size_t i = 0; i < WEBSOCKET_CONNECTIONS_MAX; i++) {
		struct connection *c = loop->connections[i];

		if (c != NULL && attempt != 0 && c->attempt == attempt) {
			return c;
		}
	}
	return NULL;
}

/* --- coming about -------------------------------------------------------- */

/* TCP to this address has its share of the time that is left. */
static void
try_address(struct connection *c, int addr)
{
	long long now_us = clock_mono_us();
	int left = c->addrs.n - addr;

	c->addr = addr;
	c->next_addr_us = left > 1 ? now_us + (c->deadline_us - now_us) / left
				   : 0;
	c->loop->again = true;
	wire_connect(c);
}

static void
take_names(struct websocket_loop *loop)
{
	struct resolved r;

	while (resolver_take(loop->resolver, &r)) {
		struct connection *c = connection_find(loop, r.id);

		if (c == NULL || c->state != CONNECTION_NAMING) {
			continue;
		}
		if (r.error != 0) {
			connection_finish(c, RC_REMOTE_TEMP, CLOSE_ABNORMAL,
			    "no address of its name: %s",
			    gai_strerror(r.error));
			continue;
		}
		c->addrs = r;
		set_state(c, CONNECTION_CONNECTING);
		try_address(c, 0);
	}
}

/* The attempt to connect failed; perhaps another address does better. */
static void
connect_failed(struct connection *c)
{
	const struct facts *f = &c->facts;

	if (f->cert_bad) {
		connection_finish(c, RC_REMOTE_PERM, CLOSE_ABNORMAL, "TLS: %s",
		    f->detail);
	} else if (f->status != 0) {
		c->end.status = f->status;
		c->end.retry_after_s = f->retry_after_s;
		connection_finish(c, RC_REMOTE_TEMP, CLOSE_ABNORMAL,
		    "refused with HTTP status %d", f->status);
	} else if (f->asked || c->addr + 1 == c->addrs.n) {
		connection_finish(c, RC_REMOTE_TEMP, CLOSE_ABNORMAL,
		    "no connection%s%s", f->detail[0] != '\0' ? ": " : "",
		    f->detail);
	} else {
		try_address(c, c->addr + 1);
	}
}

/* --- being open ---------------------------------------------------------- */

void
connection_begin_close(struct connection *c, int code, const char *reason)
{
	size_t len = strnlen(reason, CLOSE_REASON_MAX);

	c->close_code = code;
	memcpy(c->close_reason, reason, len);
	c->deadline_us = clock_mono_us() + CLOSE_WAIT_US;
	c->check_us = 0;
	set_state(c, CONNECTION_CLOSING);
	wire_has_work(c);
}

static void
look_for_life(struct connection *c, long long now_us)
{
	long long heard_us = now_us - wire_silence_us(c);
	long long ping_us, hangup_us = LLONG_MAX;

	if (c->hangup_us > 0) {
		hangup_us = heard_us + c->hangup_us;
	}
	if (now_us >= hangup_us) {
		connection_finish(c, RC_EXPIRED, CLOSE_ABNORMAL,
		    "nothing heard for %lld s", c->hangup_us / 1000000);
		return;
	}
	c->check_us = hangup_us;
	if (c->ping_us == 0) {
		return;
	}
	ping_us =
	    c->ping_us + (heard_us > c->pinged_us ? heard_us : c->pinged_us);
	if (now_us >= ping_us) {
		c->pinged_us = now_us;
		c->ping_due = true;
		wire_has_work(c);
		ping_us = now_us + c->ping_us;
	}
	if (ping_us < c->check_us) {
		c->check_us = ping_us;
	}
}

static void
tell_opened(struct connection *c)
{
	set_state(c, CONNECTION_OPEN);
	c->end.was_open = true;
	c->deadline_us = 0;
	c->next_addr_us = 0;
	if (c->ping_us > 0 || c->hangup_us > 0) {
		c->check_us = clock_mono_us();
		c->pinged_us = c->check_us;
	}
	c->events.opened(c->arg, c->id);
}

static void
tell_messages(struct connection *c)
{
	struct incoming *m;

	while (c->state == CONNECTION_OPEN &&
	    (m = STAILQ_FIRST(&c->inbox)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->inbox, link);
		c->events.message(c->arg, c->id, buf_str(&m->text),
		    m->text.len);
		buf_fini(&m->text);
		free(m);
	}
}

/* --- coming to an end ---------------------------------------------------- */

/* It said close, and may already be gone. */
static void
peer_closed(struct connection *c)
{
	memcpy(c->end_reason, c->facts.reason, sizeof(c->end_reason));
	connection_finish(c, RC_OK, c->facts.code, "closed by the peer with %d",
	    c->facts.code);
}

static void
our_close_done(struct connection *c)
{
	if (c->facts.too_large) {
		connection_finish(c, RC_TOO_LARGE, CLOSE_TOO_BIG,
		    "a message was over %zu", c->message_max);
	} else {
		connection_finish(c, RC_OK, c->close_code, "closed by us");
	}
}

static void
look_at_facts(struct connection *c)
{
	const struct facts *f = &c->facts;

	switch (c->state) {
	case CONNECTION_CONNECTING:
		if (f->gone) {
			connect_failed(c);
		}
		break;
	case CONNECTION_OPEN:
		if (f->gone && f->closed) {
			peer_closed(c);
		} else if (f->gone) {
			connection_finish(c, RC_REMOTE_TEMP, CLOSE_ABNORMAL,
			    "broke off without a close");
		} else if (f->too_large) {
			connection_begin_close(c, CLOSE_TOO_BIG, "");
		} else if (f->closed && c->deadline_us == 0) {
			/* Our answer has as long as its own would have. */
			c->deadline_us = clock_mono_us() + CLOSE_WAIT_US;
		}
		break;
	case CONNECTION_CLOSING:
		if (f->gone) {
			our_close_done(c);
		}
		break;
	default:
		break;
	}
}

static void
look_at_clock(struct connection *c)
{
	long long now_us = clock_mono_us();

	if (c->state != CONNECTION_ENDED && c->deadline_us != 0 &&
	    now_us >= c->deadline_us) {
		if (c->state == CONNECTION_CLOSING) {
			our_close_done(c);
		} else if (c->state == CONNECTION_OPEN) {
			peer_closed(c);
		} else {
			connection_finish(c, RC_EXPIRED, CLOSE_ABNORMAL,
			    "no handshake in time");
		}
		return;
	}
	if (c->state == CONNECTION_CONNECTING && c->next_addr_us != 0 &&
	    now_us >= c->next_addr_us) {
		c->next_addr_us = 0;
		if (!wire_is_connected(c)) {
			wire_drop(c);
			try_address(c, c->addr + 1);
		}
	}
	if (c->state == CONNECTION_OPEN && c->check_us != 0 &&
	    now_us >= c->check_us) {
		look_for_life(c, now_us);
	}
}

/* Its number is free of meaning before it is told, so its place is free. */
static void
tell_end(struct websocket_loop *loop, size_t i)
{
	struct connection *c = loop->connections[i];

	loop->connections[i] = NULL;
	c->events.ended(c->arg, c->id, &c->end);
	connection_free(c);
}

static void
take_turn(struct websocket_loop *loop, size_t i)
{
	struct connection *c = loop->connections[i];

	if (c->state == CONNECTION_CONNECTING && c->facts.opened) {
		tell_opened(c);
	}
	tell_messages(c);
	look_at_facts(c);
	look_at_clock(c);
	if (c->state == CONNECTION_ENDED) {
		tell_end(loop, i);
	}
}

void
connections_turn(struct websocket_loop *loop)
{
	take_names(loop);
	for (size_t i = 0; i < WEBSOCKET_CONNECTIONS_MAX; i++) {
		if (loop->connections[i] != NULL) {
			take_turn(loop, i);
		}
	}
}

long long
connections_due_us(const struct websocket_loop *loop)
{
	long long due_us = LLONG_MAX;

	for (size_t i = 0; i < WEBSOCKET_CONNECTIONS_MAX; i++) {
		const struct connection *c = loop->connections[i];
		long long times[3];

		if (c == NULL) {
			continue;
		}
		times[0] = c->deadline_us;
		times[1] = c->next_addr_us;
		times[2] = c->check_us;
		for (size_t k = 0; k < ARRAY_LEN(times); k++) {
			if (times[k] != 0 && times[k] < due_us) {
				due_us = times[k];
			}
		}
	}
	return due_us;
}

/* Lets what is to be said go out, as far as that needs no waiting. */
static void
say_farewell(struct websocket_loop *loop)
{
	for (size_t i = 0; i < WEBSOCKET_CONNECTIONS_MAX; i++) {
		struct connection *c = loop->connections[i];

		if (c != NULL && c->state == CONNECTION_OPEN) {
			connection_begin_close(c, CLOSE_GOING_AWAY, "");
		}
	}
	for (int turn = 0; turn < LAST_TURNS; turn++) {
		wire_work(loop->wire, 0);
	}
}

/* What was ended before keeps its end. */
static void
end_one(struct websocket_loop *loop, size_t i)
{
	struct connection *c = loop->connections[i];

	if (c->state != CONNECTION_ENDED) {
		connection_finish(c, RC_BUSY, CLOSE_GOING_AWAY,
		    "the loop ends");
	}
	tell_end(loop, i);
}

/* Whoever hears of the end may open another, which ends here too. */
void
connections_end(struct websocket_loop *loop)
{
	say_farewell(loop);
	do {
		loop->again = false;
		for (size_t i = 0; i < WEBSOCKET_CONNECTIONS_MAX; i++) {
			if (loop->connections[i] != NULL) {
				end_one(loop, i);
			}
		}
	} while (loop->again);
}
