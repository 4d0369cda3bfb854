/*
 * slack: what the parts of the Slack channel share.
 *
 * All of it works on the loop's thread, by turns: whatever comes from another
 * thread (a delivery, an answer of Slack's or of the trunk) is put in line
 * with slack_turn(). Only what stands under the lock is seen by others. The
 * channel is counted; what comes after it was stopped finds it not alive,
 * frees what it brought and touches nothing else.
 */
#ifndef BOTS_SLACK_H
#define BOTS_SLACK_H

#include <pthread.h>
#include <stdbool.h>

#include "bots/slack_auth.h"
#include "bots/slack_pace.h"
#include "bots/slack_post.h"
#include "bots/slack_session.h"
#include "bots/slack_timer.h"
#include "bots/slack_web.h"
#include "channel.h"

struct slack_turn {
	struct slack_turn *next;
	/* Owns the turn. `alive`: the channel is not stopped. */
	void (*run)(struct slack *, struct slack_turn *, bool alive);
};

struct slack {
	/* Set by start, then only read: */
	struct channel_env env;
	struct slack_web web;
	char *api_url; /* owned */

	pthread_mutex_t lock;
	pthread_cond_t change; /* of what follows; on the monotonic clock */
	int refs;	/* owner, timers, calls, turns in line, answers */
	int calls;	/* under way */
	int answers;	/* with the trunk */
	int deliveries; /* with us */
	bool stopping;	/* nothing new is begun */
	int unfinished; /* of the stop: the loop's part */
	bool gone;	/* the owner is: nobody is told anything */
	bool scheduled; /* a job of the loop will run the turns */
	struct slack_turn *first, **last;
	struct slack_session *session; /* NULL before and after */
	struct slack_session *closing; /* what it was, at the stop */
	struct channel_health counts;  /* only the counters */
	struct slack_auth_news auth_news;

	/* The loop's thread only: */
	struct slack_pace pace;
	struct slack_auth auth;
	struct slack_posts posts;
};

void slack_ref(struct slack *);
void slack_unref(struct slack *);
/* Puts it in line; any thread. */
void slack_turn(struct slack *, struct slack_turn *);

/* --- on the loop's thread only ------------------------------------------- */

/*
 * Calls a method. `then` is run in a turn, unless the channel is stopped, and
 * may be NULL. Takes args, and the arena until then; it may be NULL. What Slack
 * says of pauses is heeded here, by whoever asks slack_pace.
 */
void slack_call(struct slack *, enum slack_method, enum http_pool, json_t *args,
    struct arena *,
    void (*then)(struct slack *, void *arg, struct slack_reply *), void *arg);
/* Sets a timer anew; it keeps the channel. */
void slack_after(struct slack *, struct slack_timer *, long long ms,
    void (*fn)(struct slack *));
void slack_cancel(struct slack *, struct slack_timer *);

/* What came over the session. */
void slack_on_envelope(void *ctx, const struct slack_envelope *);

#endif
