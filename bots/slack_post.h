/*
 * slack_post: deliveries on their way to Slack.
 *
 * Each goes through the steps that its address needs: find the account of a
 * mail address, look whether an earlier attempt came through after all, post
 * or update. They wait here for Slack's limits; of several versions of a
 * message only the newest is sent.
 */
#ifndef BOTS_SLACK_POST_H
#define BOTS_SLACK_POST_H

#include "bots/slack_timer.h"
#include "channel.h"

struct slack;
struct slack_post; /* opaque: fields live in slack_post.c */

enum {
	SLACK_POSTS_MAX = 64,
	SLACK_STALE_MS = 120 * 1000 /* given back untried after this */
};

struct slack_posts {
	struct slack_post *items[SLACK_POSTS_MAX]; /* in order of arrival */
	int n;
	struct slack_timer timer;
};

/* Any thread. Takes the delivery, or RC_BUSY. */
enum rc slack_post_take(struct slack *, struct delivery *) MUST_CHECK;
/* On the loop's thread: goes on with what can go on. */
void slack_post_pump(struct slack *);
/* On the loop's thread: all that waits is given back, untried. */
void slack_post_give_back(struct slack *, const char *why);
/* On the loop's thread: what waits is dropped and nobody told. */
void slack_post_end(struct slack *);
/* Of a channel that nothing runs in any more. */
void slack_post_free(struct slack_posts *);

#endif
