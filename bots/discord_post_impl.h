/*
 * discord_post_impl: one delivery under way, and what its steps share.
 */
#ifndef BOTS_DISCORD_POST_IMPL_H
#define BOTS_DISCORD_POST_IMPL_H

#include <jansson.h>
#include <stdbool.h>

#include "bots/discord_cache.h"
#include "bots/discord_posts.h"

/* A delivery under way. */
struct post {
	struct post *next; /* held */
	struct discord_posts *posts;
	struct delivery *delivery; /* owned */
	char guild[DISCORD_ID_SIZE], channel[DISCORD_ID_SIZE],
	    message[DISCORD_ID_SIZE];
	enum discord_dress dress;
	void (*again)(struct post *); /* the same, plainer */
};

struct discord_posts {
	struct discord_rest *rest;
	void (*ended)(void *ctx, const char *id, const struct attempt *);
	void *ctx;
	bool closed;
	bool no_link;		       /* our page is no URL for a button */
	struct discord_cache places;   /* of channels and users */
	struct discord_cache messages; /* of ours */
	struct post *held;
	int held_n;
};

/* Each ends the attempt, and with it the post. */
void post_finish_words(struct post *, enum rc, const char *words);
void post_finish_reply(struct post *, const struct discord_reply *);
/* It stands there: what was meant is done. */
void post_finish_posted(struct post *);

/* Asks Discord; `done` gets the post. False: it ended instead. */
bool post_request(struct post *, enum discord_route, const char *channel,
    const char *path, const char *body,
    void (*done)(void *arg, const struct discord_reply *));
/* A member that is an id, copied; false when it is none. */
bool post_copy_id(char out[DISCORD_ID_SIZE], const json_t *object,
    const char *name);
/* The message as JSON text in the delivery's arena; with a nonce when it is to
 * be posted. */
const char *post_body(struct post *, bool create);
/* Whether a plainer message may be taken; it is then p->dress. */
bool post_undress(struct post *, const struct discord_reply *);
/* Discord took the message: the next ones begin like it. */
void post_learn_dress(struct post *);

/* Finds the place of an ask and posts there. What is settled is not posted any
 * more, but what an earlier attempt may have left there is painted. */
void post_ask(struct post *);
/* Paints the message, unless it shows this or waits for a callback. */
void post_paint(struct post *);

#endif
