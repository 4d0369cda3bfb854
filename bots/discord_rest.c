#include "bots/discord_rest.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"

enum { TIMEOUT_MS = 15 * 1000, WORDS = 200 };

/* One request, from send to done; its strings are in the arena. */
struct asking {
	struct asking *next; /* waiting */
	struct arena *arena; /* it lives in it */
	struct discord_rest *rest;
	struct discord_ticket ticket;
	const char *path, *body;
	long long born_ms;
	void (*done)(void *arg, const struct discord_reply *);
	void *arg;
};

struct discord_rest {
	struct arena *arena; /* of the strings */
	struct discord_rest_options options;
	const char *authorization;
	const char *agent;
	struct discord_limits limits;
	struct asking *first; /* waiting, in order */
	int waiting_n;
	unsigned long long timer;
	long long skew_ms;
	bool closed;
	/* What comes of an answer, and of the timer: each ends in sending. */
	void (*answered)(void *result);
	void (*woken)(void *rest);
	/* For health, on any thread: */
	_Atomic(const char *) stopped;
	atomic_llong stopped_until_ms;
	atomic_llong limited;
};

/* What the courier brought, on its way to the loop. */
struct result {
	struct asking *asking; /* under way */
	enum rc rc;
	char detail[WORDS];
	struct discord_heads heads;
	json_t *body; /* owned; or NULL */
};

static const char *const methods[DISCORD_ROUTES] = {
    [DISCORD_POST] = "POST",
    [DISCORD_PATCH] = "PATCH",
    [DISCORD_LIST] = "GET",
    [DISCORD_OPEN_DM] = "POST",
    [DISCORD_CHANNEL] = "GET",
    [DISCORD_APP] = "GET",
};

/* --- ends ----------------------------------------------------------------- */

static void
finish(struct asking *q, const struct discord_reply *reply)
{
	q->done(q->arg, reply);
	arena_free(q->arena);
}

static void
give_back(struct asking *q, enum rc rc, int retry_after_s, const char *words)
{
	const struct discord_reply reply = {.rc = rc,
	    .retry_after_s = retry_after_s,
	    .detail = words};

	finish(q, &reply);
}

static struct asking *
unlink_at(struct discord_rest *r, struct asking **at)
{
	struct asking *q = *at;

	*at = q->next;
	q->next = NULL;
	r->waiting_n--;
	return q;
}

static void
note_stop(struct discord_rest *r)
{
	const char *words = discord_limits_stopped(&r->limits, clock_mono_ms());

	if (words != NULL && words != atomic_load(&r->stopped)) {
		log_error("discord stops: %s", words);
	}
	atomic_store(&r->stopped_until_ms, r->limits.stop_ms);
	atomic_store(&r->stopped, words);
}

/* --- sending -------------------------------------------------------------- */

/* On the courier's thread. */
static void
on_answer(void *arg, const struct http_answer *a)
{
	struct result *result = mem_new(1, sizeof(*result));
	struct discord_rest *r;

	result->asking = arg;
	result->rc = a->rc;
	if (a->rc == RC_OK) {
		discord_heads_read(a, &result->heads, &result->body);
	} else {
		(void)snprintf(result->detail, sizeof(result->detail), "%s",
		    a->detail != NULL ? a->detail : rc_name(a->rc));
	}
	r = result->asking->rest;
	discord_turns_add(r->options.turns, r->answered, result);
}

static enum rc
transmit(struct discord_rest *r, struct asking *q)
{
	const char *headers[] = {r->authorization, r->agent,
	    q->body != NULL ? "Content-Type: application/json" : NULL, NULL};
	const struct http_call call = {
	    .pool = HTTP_PLATFORM,
	    .method = methods[q->ticket.route],
	    .url = arena_printf(q->arena, "%s%s", r->options.api_url, q->path),
	    .headers = headers,
	    .body = q->body,
	    .body_len = q->body != NULL ? strlen(q->body) : 0,
	    .timeout_ms = TIMEOUT_MS,
	    .answer_max = DISCORD_ANSWER_MAX,
	};

	return http_client_send(r->options.http, &call, on_answer, q);
}

static void
send_one(struct discord_rest *r, struct asking *q, long long now)
{
	discord_limits_begin(&r->limits, &q->ticket, now);
	discord_turns_ref(r->options.turns);
	if (transmit(r, q) == RC_OK) {
		return;
	}
	discord_turns_unref(r->options.turns);
	(void)discord_limits_end(&r->limits, &q->ticket, NULL, now);
	give_back(q, RC_BUSY, 0, "the courier is busy");
}

/*
 * A wait that is known to be too long is told, so that the outbox waits; one
 * for another request, or for the end of a stop, is given back after a while.
 */
static bool
give_up(struct discord_rest *r, struct asking **at, long long wait,
    long long now)
{
	enum { SECOND = 1000 };
	const char *stop = discord_limits_stopped(&r->limits, now);

	if (now - (*at)->born_ms >= DISCORD_WAIT_MAX_MS) {
		give_back(unlink_at(r, at), RC_BUSY, 0,
		    stop != NULL ? stop : "waited too long for Discord");
		return true;
	}
	if (stop == NULL && wait > DISCORD_WAIT_MAX_MS &&
	    wait < DISCORD_WAIT_FOREVER) {
		give_back(unlink_at(r, at), RC_REMOTE_TEMP,
		    (int)(wait / SECOND) + 1, "Discord's limits");
		return true;
	}
	return false;
}

/* Sends what may go, and says how soon to look again. */
static long long
pump(struct discord_rest *r)
{
	long long soon = DISCORD_WAIT_MAX_MS, now = clock_mono_ms();
	struct asking **at = &r->first;

	while (*at != NULL) {
		long long wait =
		    discord_limits_wait(&r->limits, &(*at)->ticket, now);

		if (wait == 0) {
			send_one(r, unlink_at(r, at), now);
		} else if (!give_up(r, at, wait, now)) {
			long long left =
			    DISCORD_WAIT_MAX_MS - (now - (*at)->born_ms);

			soon = wait < soon ? wait : soon;
			soon = left < soon ? left : soon;
			at = &(*at)->next;
		}
	}
	return soon;
}

static void
turn(void *arg)
{
	struct discord_rest *r = arg;
	long long soon;

	discord_turns_cancel(r->options.turns, &r->timer);
	soon = pump(r);
	if (r->first != NULL) {
		discord_turns_after(r->options.turns, &r->timer,
		    (int)(soon > 0 ? soon : 1), r->woken, r);
	}
}

/* --- answers -------------------------------------------------------------- */

/* TLS that fails is nothing that Discord said: it may pass. */
static enum rc
failure(enum rc rc)
{
	return rc == RC_REMOTE_PERM ? RC_REMOTE_TEMP : rc;
}

/* Ends the request, or lets it wait again. */
static void
settle(struct discord_rest *r, struct result *result)
{
	struct asking *q = result->asking;
	bool spoke = result->rc == RC_OK;
	char words[WORDS];
	struct discord_reply reply = {.rc = failure(result->rc),
	    .detail = result->detail,
	    .body = result->body};
	enum discord_end end = discord_limits_end(&r->limits, &q->ticket,
	    spoke ? &result->heads : NULL, clock_mono_ms());

	note_stop(r);
	if (end == DISCORD_END_AGAIN) {
		atomic_fetch_add(&r->limited, 1);
		if (!r->closed) {
			q->next = r->first;
			r->first = q;
			r->waiting_n++;
			return;
		}
	}
	if (spoke) {
		r->skew_ms = result->heads.skew_ms;
		discord_judge(&result->heads, &reply, words, sizeof(words));
	}
	if (end != DISCORD_END_DONE) {
		reply.rc = RC_BUSY;
		reply.detail = end == DISCORD_END_STOP ? r->limits.stop_words
						       : "Discord's limits";
	}
	finish(q, &reply);
}

static void
on_result(void *arg)
{
	struct result *result = arg;
	struct discord_rest *r = result->asking->rest;

	settle(r, result);
	json_decref(result->body);
	free(result);
	turn(r);
}

/* --- the door ------------------------------------------------------------- */

struct discord_rest *
discord_rest_new(const struct discord_rest_options *o)
{
	struct discord_rest *r = mem_new(1, sizeof(*r));

	r->arena = arena_new();
	r->options = *o;
	r->options.api_url = arena_strdup(r->arena, o->api_url);
	r->authorization =
	    arena_printf(r->arena, "Authorization: Bot %s", o->token);
	r->agent = arena_printf(r->arena, "User-Agent: %s", o->user_agent);
	r->answered = on_result;
	r->woken = turn;
	return r;
}

enum rc
discord_rest_send(struct discord_rest *r, const struct discord_request *req)
{
	struct arena *a;
	struct asking *q, **at = &r->first;

	if (r->closed || r->waiting_n >= DISCORD_WAITING_MAX) {
		return RC_BUSY;
	}
	a = arena_new();
	q = arena_alloc(a, sizeof(*q));
	*q = (struct asking){.arena = a,
	    .rest = r,
	    .ticket = {.route = req->route, .old = req->old},
	    .path = arena_strdup(a, req->path),
	    .body = arena_strdup(a, req->body),
	    .born_ms = clock_mono_ms(),
	    .done = req->done,
	    .arg = req->arg};
	if (req->channel != NULL) {
		(void)snprintf(q->ticket.major, sizeof(q->ticket.major), "%s",
		    req->channel);
	}
	while (*at != NULL) {
		at = &(*at)->next;
	}
	*at = q;
	r->waiting_n++;
	discord_turns_ref(r->options.turns);
	discord_turns_add(r->options.turns, turn, r);
	return RC_OK;
}

void
discord_rest_close(struct discord_rest *r)
{
	r->closed = true;
	discord_turns_cancel(r->options.turns, &r->timer);
	while (r->first != NULL) {
		give_back(unlink_at(r, &r->first), RC_BUSY, 0, "we stop");
	}
}

void
discord_rest_note(struct discord_rest *r, const struct discord_heads *h)
{
	discord_limits_note(&r->limits, h, clock_mono_ms());
	note_stop(r);
}

bool
discord_rest_is_banned(const struct discord_rest *r)
{
	return r->limits.banned &&
	    discord_limits_stopped(&r->limits, clock_mono_ms()) != NULL;
}

long long
discord_rest_skew_ms(const struct discord_rest *r)
{
	return r->skew_ms;
}

const char *
discord_rest_health(struct discord_rest *r, long long *limited)
{
	*limited = atomic_load(&r->limited);
	return atomic_load(&r->stopped_until_ms) > clock_mono_ms()
	    ? atomic_load(&r->stopped)
	    : NULL;
}

void
discord_rest_free(struct discord_rest *r)
{
	if (r != NULL) {
		assert(r->first == NULL);
		arena_free(r->arena);
		free(r);
	}
}
