/*
 * gateway_bed: a session of the gateway, alone with a clock that only a test
 * moves.
 *
 * What is here stands in for lib/websocket.h and the courier in the program
 * that includes it, which is why it is no part of the library of helpers. All
 * runs on the test's thread. What a test does with it is in gateway_acts.h.
 */
#ifndef UNIT_GATEWAY_BED_H
#define UNIT_GATEWAY_BED_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bots/discord_session.h"
#include "lib/http_client.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/websocket.h"

#define BED_TOKEN   "MTk4.a-secret.of-a-bot"
#define BED_GATEWAY "ws://127.0.0.1:1"
#define BED_RESUME  "ws://127.0.0.2:2"
#define BED_HELLO   "{\"op\":10,\"d\":{\"heartbeat_interval\":40000}}"
#define BED_READY \
	"{\"op\":0,\"s\":1,\"t\":\"READY\",\"d\":{\"v\":10,\"session_id\":" \
	"\"sess-1\",\"resume_gateway_url\":\"" BED_RESUME \
	"\",\"application\":{\"id\":\"77\",\"flags\":0}}}"
#define BED_RESUMED "{\"op\":0,\"s\":9,\"t\":\"RESUMED\",\"d\":{}}"
#define BED_CLICK(seq) \
	"{\"op\":0,\"s\":" #seq ",\"t\":\"INTERACTION_CREATE\",\"d\":{\"id\":" \
	"\"5" #seq "\"}}"

enum { BED_MAX = 4096, BED_TEXT = 5000 };

struct bed_timer {
	unsigned long long id; /* 0 = free */
	long long at_ms;
	void (*fn)(void *arg);
	void *arg;
};

struct bed_job {
	void (*fn)(void *arg);
	void *arg;
};

struct websocket_loop {
	struct bed_timer timers[WEBSOCKET_TIMERS_MAX];
	struct bed_job jobs[BED_MAX];
	size_t jobs_n;
	bool running; /* jobs are: what comes has to wait */
	bool at_once; /* jobs run within websocket_loop_run() */
	bool full;    /* it takes no job */
	unsigned long long last_id;
	/* The connection: */
	unsigned long long id; /* 0 = none */
	bool opened;
	const struct websocket_events *events;
	void *arg;
	int close_code; /* we said close; 0 = no */
	bool dropped;
	int drops; /* so far */
	char url[BED_TEXT];
	char user_agent[BED_TEXT];
	int opens;	     /* so far */
	char sent[BED_TEXT]; /* the last text of ours */
	int sends;	     /* so far */
	int identifies;
	int resumes;
	int beats;
};

static struct bed {
	struct websocket_loop loop;
	struct discord_session *session;
	long long ms;	/* of the monotonic clock */
	long long wall; /* at its 0 */
	const char *token;
	/* What the store has: */
	char stored[BED_TEXT];
	int remembered;
	bool hold_store; /* answers wait for bed_store() */
	enum rc store_rc;
	void (*store_done)(void *arg, enum rc);
	void *store_arg;
	/* The request for the address: */
	int finds;
	bool no_courier;
	char find_url[BED_TEXT];
	char find_header[BED_TEXT];
	void (*find_done)(void *arg, const struct http_answer *);
	void *find_arg;
	/* What the session told: */
	int readies;
	char application[64];
	int clicks;
	long long click_seq[BED_MAX];
} bed;

static inline long long
bed_mono_ms(void)
{
	return bed.ms;
}

static inline long long
bed_now_ms(void)
{
	return bed.wall + bed.ms;
}

/* --- in place of lib/websocket.h ----------------------------------------- */

static inline void
bed_jobs(struct websocket_loop *l)
{
	if (l->running) {
		return;
	}
	l->running = true;
	for (size_t i = 0; i < l->jobs_n; i++) {
		l->jobs[i].fn(l->jobs[i].arg);
	}
	l->jobs_n = 0;
	l->running = false;
}

enum rc
websocket_loop_run(struct websocket_loop *l, void (*fn)(void *arg), void *arg)
{
	if (l->full) {
		return RC_BUSY;
	}
	assert(l->jobs_n < BED_MAX);
	l->jobs[l->jobs_n++] = (struct bed_job){fn, arg};
	if (l->at_once) {
		bed_jobs(l);
	}
	return RC_OK;
}

unsigned long long
websocket_after(struct websocket_loop *l, int ms, void (*fn)(void *arg),
    void *arg)
{
	size_t i = 0;

	while (l->timers[i].id != 0) {
		i++;
		assert(i < WEBSOCKET_TIMERS_MAX);
	}
	assert(ms >= 0);
	l->timers[i] = (struct bed_timer){++l->last_id, bed.ms + ms, fn, arg};
	return l->last_id;
}

void
websocket_cancel(struct websocket_loop *l, unsigned long long timer)
{
	for (size_t i = 0; timer != 0 && i < WEBSOCKET_TIMERS_MAX; i++) {
		if (l->timers[i].id == timer) {
			l->timers[i].id = 0;
		}
	}
}

unsigned long long
websocket_open(struct websocket_loop *l, const struct websocket_call *call,
    const struct websocket_events *events, void *arg)
{
	assert(l->id == 0); /* one connection, never two */
	l->id = ++l->last_id;
	l->opened = false;
	l->close_code = 0;
	l->dropped = false;
	l->events = events;
	l->arg = arg;
	l->opens++;
	(void)snprintf(l->url, sizeof(l->url), "%s", call->url);
	(void)snprintf(l->user_agent, sizeof(l->user_agent), "%s",
	    call->user_agent);
	return l->id;
}

enum rc
websocket_send(struct websocket_loop *l, unsigned long long id,
    const char *text, size_t len)
{
	if (id == 0 || id != l->id || !l->opened) {
		return RC_NOT_FOUND;
	}
	assert(len == strlen(text) && len < sizeof(l->sent));
	(void)snprintf(l->sent, sizeof(l->sent), "%s", text);
	l->sends++;
	l->beats += strstr(text, "\"op\":1,") != NULL;
	l->identifies += strstr(text, "\"op\":2,") != NULL;
	l->resumes += strstr(text, "\"op\":6,") != NULL;
	return RC_OK;
}

/* The connection ends, whoever wants it. */
static inline void
bed_end(const struct websocket_end *end)
{
	struct websocket_loop *l = &bed.loop;
	unsigned long long id = l->id;

	assert(id != 0);
	l->id = 0;
	l->events->ended(l->arg, id, end);
}

static inline void
bed_end_ours(void *arg)
{
	struct websocket_loop *l = arg;
	const struct websocket_end end = {
	    .was_open = l->opened,
	    .code = l->dropped ? 1006 : l->close_code,
	    .reason = "",
	    .detail = "",
	};

	if (l->id != 0) {
		bed_end(&end);
	}
}

void
websocket_close(struct websocket_loop *l, unsigned long long id, int code,
    const char *reason)
{
	(void)reason;
	if (id != 0 && id == l->id) {
		l->close_code = code;
		l->jobs[l->jobs_n++] = (struct bed_job){bed_end_ours, l};
	}
}

void
websocket_drop(struct websocket_loop *l, unsigned long long id)
{
	if (id != 0 && id == l->id) {
		l->dropped = true;
		l->drops++;
		l->jobs[l->jobs_n++] = (struct bed_job){bed_end_ours, l};
	}
}

/* --- in place of the courier --------------------------------------------- */

enum rc
http_client_send(struct http_client *c, const struct http_call *call,
    void (*done)(void *arg, const struct http_answer *), void *arg)
{
	(void)c;
	if (bed.no_courier) {
		return RC_BUSY;
	}
	assert(bed.find_done == NULL); /* one at a time */
	bed.finds++;
	(void)snprintf(bed.find_url, sizeof(bed.find_url), "%s", call->url);
	(void)snprintf(bed.find_header, sizeof(bed.find_header), "%s",
	    call->headers[0]);
	bed.find_done = done;
	bed.find_arg = arg;
	return RC_OK;
}

/* --- the trunk ----------------------------------------------------------- */

static inline void
bed_remember(void *ctx, const char *name, const char *text,
    void (*done)(void *arg, enum rc), void *arg)
{
	(void)ctx;
	assert(strcmp(name, DISCORD_SESSION_FACT) == 0);
	assert(strstr(text, BED_TOKEN) == NULL);
	bed.remembered++;
	if (bed.store_rc == RC_OK) {
		(void)snprintf(bed.stored, sizeof(bed.stored), "%s", text);
	}
	if (bed.hold_store) {
		assert(bed.store_done == NULL); /* one at a time */
		bed.store_done = done;
		bed.store_arg = arg;
	} else {
		done(arg, bed.store_rc);
	}
}

static inline void
bed_interaction(void *ctx, const json_t *d, long long seq)
{
	(void)ctx;
	assert(json_is_object(d));
	bed.click_seq[bed.clicks++] = seq;
}

static inline void
bed_ready(void *ctx, const char *application_id)
{
	(void)ctx;
	bed.readies++;
	(void)snprintf(bed.application, sizeof(bed.application), "%s",
	    application_id != NULL ? application_id : "");
}

#endif
