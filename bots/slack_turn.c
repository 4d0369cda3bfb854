/*
 * How the Slack channel lives: references, turns on the loop's thread, timers
 * and calls.
 */
#include "bots/slack.h"

#include <limits.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/websocket.h"

/* --- counting ------------------------------------------------------------- */

void
slack_ref(struct slack *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->refs++;
	(void)pthread_mutex_unlock(&s->lock);
}

static void
release(struct slack *s, int n)
{
	int refs;

	(void)pthread_mutex_lock(&s->lock);
	s->refs -= n;
	refs = s->refs;
	(void)pthread_mutex_unlock(&s->lock);
	if (refs > 0) {
		return;
	}
	slack_post_free(&s->posts);
	free(s->api_url);
	(void)pthread_cond_destroy(&s->change);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

void
slack_unref(struct slack *s)
{
	release(s, 1);
}

/* --- turns ---------------------------------------------------------------- */

/* Takes the first turn off the line; NULL when there is none. */
static struct slack_turn *
next_turn(struct slack *s, bool *alive)
{
	struct slack_turn *t;

	(void)pthread_mutex_lock(&s->lock);
	t = s->first;
	if (t != NULL) {
		s->first = t->next;
		if (s->first == NULL) {
			s->last = &s->first;
		}
	} else {
		s->scheduled = false;
	}
	*alive = !s->gone;
	(void)pthread_mutex_unlock(&s->lock);
	return t;
}

static void
run_turns(void *arg)
{
	struct slack *s = arg;
	struct slack_turn *t;
	int refs = 1; /* the job's */
	bool alive;

	while ((t = next_turn(s, &alive)) != NULL) {
		t->run(s, t, alive);
		refs++;
	}
	release(s, refs);
}

/* Under the lock: behind a stop, the loop is not ours to touch. */
static void
schedule(struct slack *s)
{
	if (s->scheduled) {
		return;
	}
	s->scheduled = websocket_loop_run(s->env.chat, run_turns, s) == RC_OK;
	s->refs += s->scheduled ? 1 : 0; /* else the next turn tries again */
}

void
slack_turn(struct slack *s, struct slack_turn *t)
{
	bool gone;

	t->next = NULL;
	(void)pthread_mutex_lock(&s->lock);
	gone = s->gone;
	if (!gone) {
		s->refs++; /* the turn's */
		*s->last = t;
		s->last = &t->next;
		schedule(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (gone) {
		t->run(s, t, false); /* whoever brought it keeps the channel */
	}
}

/* --- timers --------------------------------------------------------------- */

static void
on_timer(void *arg)
{
	struct slack_timer *t = arg;
	struct slack *s = t->slack;

	t->number = 0;
	t->fn(s);
	slack_unref(s);
}

void
slack_cancel(struct slack *s, struct slack_timer *t)
{
	if (t->number != 0) {
		websocket_cancel(s->env.chat, t->number);
		t->number = 0;
		slack_unref(s);
	}
}

void
slack_after(struct slack *s, struct slack_timer *t, long long ms,
    void (*fn)(struct slack *))
{
	if (t->number != 0) {
		websocket_cancel(s->env.chat, t->number);
	} else {
		slack_ref(s);
	}
	*t = (struct slack_timer){.slack = s, .fn = fn};
	t->number = websocket_after(s->env.chat,
	    ms < INT_MAX ? (int)ms : INT_MAX, on_timer, t);
}

/* --- calls ---------------------------------------------------------------- */

struct call {
	struct slack_turn turn;
	struct slack *slack;
	enum slack_method method;
	struct arena *arena; /* owned; of arg, or NULL */
	void (*then)(struct slack *, void *arg, struct slack_reply *);
	void *arg;
	struct slack_reply reply;
};

static void
note_limit(struct slack *s, const struct call *c)
{
	log_warn("slack: %s too often, waits %d s",
	    slack_method_name(c->method), c->reply.retry_after_s);
	slack_pace_pause(&s->pace, c->method, c->reply.retry_after_s,
	    clock_mono_ms());
	(void)pthread_mutex_lock(&s->lock);
	s->counts.limited++;
	(void)pthread_mutex_unlock(&s->lock);
}

static void
call_ended(struct slack *s, struct slack_turn *t, bool alive)
{
	struct call *c = (struct call *)(void *)t;

	if (alive) {
		if (c->reply.verdict == SLACK_LIMITED) {
			note_limit(s, c);
		}
		if (c->then != NULL) {
			c->then(s, c->arg, &c->reply);
		}
	}
	(void)pthread_mutex_lock(&s->lock);
	s->calls--;
	(void)pthread_cond_broadcast(&s->change);
	(void)pthread_mutex_unlock(&s->lock);
	slack_reply_fini(&c->reply);
	arena_free(c->arena);
	free(c);
}

/* On the courier's thread. */
static void
on_reply(void *arg, struct slack_reply *reply)
{
	struct call *c = arg;
	struct slack *s = c->slack;

	c->reply = *reply;
	slack_turn(s, &c->turn);
	slack_unref(s);
}

void
slack_call(struct slack *s, enum slack_method m, enum http_pool pool,
    json_t *args, struct arena *arena,
    void (*then)(struct slack *, void *arg, struct slack_reply *), void *arg)
{
	struct call *c = mem_new(1, sizeof(*c));
	struct slack_reply full = {.verdict = SLACK_BUSY,
	    .detail = "the courier is busy"};

	*c = (struct call){.turn.run = call_ended,
	    .slack = s,
	    .method = m,
	    .arena = arena,
	    .then = then,
	    .arg = arg};
	slack_pace_take(&s->pace, m,
	    json_string_value(json_object_get(args, "channel")),
	    clock_mono_ms());
	(void)pthread_mutex_lock(&s->lock);
	s->calls++;
	s->refs++;
	(void)pthread_mutex_unlock(&s->lock);
	if (slack_web_call(&s->web, m, pool, args, on_reply, c) != RC_OK) {
		on_reply(c, &full);
	}
}
