#include "bots/slack_post.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bots/slack.h"
#include "bots/slack_step.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"

struct slack_post {
	struct slack_turn turn;
	struct slack_way way; /* its delivery is owned */
	long long queued_ms;
	bool under_way; /* a call is */
};

static void
post_free(struct slack_post *p)
{
	delivery_free(p->way.d);
	free(p);
}

void
slack_post_free(struct slack_posts *posts)
{
	for (int i = 0; i < posts->n; i++) {
		post_free(posts->items[i]);
	}
	posts->n = 0;
}

/* Takes it out of the line. */
static void
leave(struct slack *s, const struct slack_post *p)
{
	struct slack_posts *q = &s->posts;
	int i = 0;

	while (q->items[i] != p) {
		i++;
		assert(i < q->n);
	}
	q->n--;
	for (; i < q->n; i++) {
		q->items[i] = q->items[i + 1];
	}
	(void)pthread_mutex_lock(&s->lock);
	s->deliveries--;
	(void)pthread_mutex_unlock(&s->lock);
}

/* Says how it ended, and frees it. */
static void
end(struct slack *s, struct slack_post *p, const struct attempt *at)
{
	const struct channel_up *up = s->env.up;

	leave(s, p);
	log_debug("slack delivery %s ended rc=%s detail=\"%s\"", p->way.d->id,
	    rc_name(at->rc), at->detail != NULL ? at->detail : "");
	up->ended(up->ctx, p->way.d->id, at);
	post_free(p);
}

static void
end_with(struct slack *s, struct slack_post *p, enum rc rc, const char *detail)
{
	const struct attempt at = {.rc = rc,
	    .remote_id = p->way.d->remote_id,
	    .account = p->way.account,
	    .detail = detail};

	end(s, p, &at);
}

/* --- versions of one message ---------------------------------------------- */

static bool
is_same_message(const struct slack_post *a, const struct slack_post *b)
{
	return a->way.d->remote_id != NULL && b->way.d->remote_id != NULL &&
	    strcmp(a->way.d->remote_id, b->way.d->remote_id) == 0;
}

/* One that is under way must end first: Slack promises no order. */
static bool
is_behind(struct slack *s, const struct slack_post *p)
{
	for (int i = 0; i < s->posts.n; i++) {
		const struct slack_post *o = s->posts.items[i];

		if (o != p && o->under_way && is_same_message(o, p)) {
			return true;
		}
	}
	return false;
}

/* Of two versions only the newer is sent; the store counts the changes. */
static bool
is_outdated(struct slack *s, const struct slack_post *p)
{
	long long version = p->way.d->intent->version;
	bool later = false;

	for (int i = 0; i < s->posts.n; i++) {
		const struct slack_post *o = s->posts.items[i];

		if (o == p) {
			later = true;
		} else if (is_same_message(o, p) &&
		    (o->way.d->intent->version > version ||
			(later && o->way.d->intent->version == version))) {
			return true;
		}
	}
	return false;
}

/* --- the line ------------------------------------------------------------- */

static void
on_reply(struct slack *s, void *arg, struct slack_reply *r)
{
	struct slack_post *p = arg;
	struct attempt at;

	p->under_way = false;
	if (p->way.step == SLACK_STEP_POST) {
		slack_auth_see(s, r->body);
	}
	if (slack_step_answer(&p->way, &s->auth, r, &at)) {
		end(s, p, &at);
	}
	if (r->verdict == SLACK_FATAL) {
		slack_auth_lost(s, r->detail);
	} else if (strcmp(r->error, "missing_scope") == 0) {
		slack_auth_lacks(s, r->needed);
	}
	slack_post_pump(s);
}

static void
go(struct slack *s, struct slack_post *p)
{
	p->under_way = true;
	slack_call(s, slack_step_method(&p->way), HTTP_PLATFORM,
	    slack_step_args(&p->way), NULL, on_reply, p);
}

/* One that waits: goes on if it can. How long it has to wait, or -1. */
static long long
try(struct slack *s, struct slack_post *p, long long now)
{
	long long stale = p->queued_ms + SLACK_STALE_MS - now, wait;
	struct attempt at;

	if (stale <= 0) {
		end_with(s, p, RC_BUSY, "waited too long for Slack");
		return -1;
	}
	if (is_outdated(s, p)) {
		end_with(s, p, RC_OK, "a newer version follows");
		return -1;
	}
	if (s->auth.state != SLACK_AUTH_FINE || is_behind(s, p)) {
		return stale;
	}
	if (p->way.step == SLACK_STEP_NONE &&
	    slack_step_plan(&p->way, &s->auth, &at)) {
		end(s, p, &at);
		return -1;
	}
	wait = slack_pace_wait(&s->pace, slack_step_method(&p->way),
	    p->way.place, now);
	if (wait == 0) {
		go(s, p);
		return -1;
	}
	return wait < stale ? wait : stale;
}

void
slack_post_pump(struct slack *s)
{
	struct slack_posts *q = &s->posts;
	long long now = clock_mono_ms(), next = -1;

	if (s->auth.state == SLACK_AUTH_IDLE) {
		slack_post_end(s);
		return;
	}
	for (int i = 0; i < q->n;) {
		struct slack_post *p = q->items[i];
		int n = q->n;
		long long wait = p->under_way ? -1 : try(s, p, now);

		if (wait >= 0 && (next < 0 || wait < next)) {
			next = wait;
		}
		i += q->n == n ? 1 : 0; /* else it has ended */
	}
	if (next >= 0) {
		slack_after(s, &q->timer, next + 1, slack_post_pump);
	} else {
		slack_cancel(s, &q->timer);
	}
}

void
slack_post_give_back(struct slack *s, const char *why)
{
	for (int i = s->posts.n - 1; i >= 0; i--) {
		if (!s->posts.items[i]->under_way) {
			end_with(s, s->posts.items[i], RC_BUSY, why);
		}
	}
}

void
slack_post_end(struct slack *s)
{
	slack_cancel(s, &s->posts.timer);
	for (int i = s->posts.n - 1; i >= 0; i--) {
		struct slack_post *p = s->posts.items[i];

		if (!p->under_way) {
			leave(s, p);
			post_free(p);
		}
	}
}

/* How many others of its kind wait: asks those of one place. */
static int
count_before(const struct slack *s, const struct slack_post *p)
{
	const struct delivery *d = p->way.d;
	int n = 0;

	for (int i = 0; i < s->posts.n; i++) {
		const struct delivery *o = s->posts.items[i]->way.d;

		n += o != d && o->kind == d->kind &&
		    (d->kind != DELIVERY_ASK ||
			strcmp(o->address, d->address) == 0);
	}
	return n;
}

/*
 * Slack takes one message a second for each place, and fifty changes a minute:
 * what waits for that must not fill the line of all.
 */
static bool
is_crowded(const struct slack *s, const struct slack_post *p)
{
	static const int max[DELIVERY_KINDS] = {
	    [DELIVERY_ASK] = 6,
	    [DELIVERY_REPAINT] = 12,
	};
	int most = max[p->way.d->kind];

	return most > 0 && count_before(s, p) >= most;
}

/* An end goes before the progress that others wait to see. */
static void
line_up(struct slack_posts *q, struct slack_post *p)
{
	int at = q->n++;

	while (p->way.d->kind == DELIVERY_SETTLED && at > 0 &&
	    q->items[at - 1]->way.d->kind == DELIVERY_REPAINT) {
		q->items[at] = q->items[at - 1];
		at--;
	}
	q->items[at] = p;
}

static void
arrive(struct slack *s, struct slack_turn *t, bool alive)
{
	struct slack_post *p = (struct slack_post *)(void *)t;

	if (!alive) {
		post_free(p);
		return;
	}
	assert(s->posts.n < SLACK_POSTS_MAX);
	line_up(&s->posts, p);
	if (is_crowded(s, p)) {
		end_with(s, p, RC_BUSY, "many wait for the same");
		return;
	}
	slack_post_pump(s);
}

enum rc
slack_post_take(struct slack *s, struct delivery *d)
{
	struct slack_post *p;
	bool takes;

	(void)pthread_mutex_lock(&s->lock);
	takes = !s->stopping && s->deliveries < SLACK_POSTS_MAX &&
	    s->auth_news.state != SLACK_AUTH_REFUSED;
	s->deliveries += takes ? 1 : 0;
	(void)pthread_mutex_unlock(&s->lock);
	if (!takes) {
		return RC_BUSY;
	}
	p = mem_new(1, sizeof(*p));
	*p = (struct slack_post){.turn.run = arrive,
	    .way.d = d,
	    .queued_ms = clock_mono_ms()};
	slack_turn(s, &p->turn);
	return RC_OK;
}
