/*
 * discord_answers: from a click to the trunk, and back to who clicked. On the
 * loop's thread, but for new, health and free.
 *
 * Discord waits 3 s for a callback. It is only how the answer is shown: what
 * counts is stored before, and a message that a callback did not paint is
 * painted by the delivery that the trunk owes it.
 */
#ifndef BOTS_DISCORD_ANSWERS_H
#define BOTS_DISCORD_ANSWERS_H

#include <jansson.h>

#include "bots/discord_posts.h"
#include "bots/discord_rest.h"
#include "channel.h"

struct discord_answers_options {
	struct discord_turns *turns;
	struct http_client *http;
	struct discord_rest *rest;
	struct discord_posts *posts;
	const struct channel_up *up;
	const char *api_url; /* without a slash at the end */
	const char *user_agent;
	/* What came with this number is on disk, or needs not be. */
	void (*handled)(void *ctx, long long seq);
	void *ctx;
};

struct discord_answers; /* opaque: fields live in discord_answers.c */

/* Copies the strings. */
struct discord_answers *discord_answers_new(
    const struct discord_answers_options *);
/* Interactions of any other application are not ours. NULL: not known. */
void discord_answers_application(struct discord_answers *, const char *id);
/* INTERACTION_CREATE: its d. */
void discord_answers_take(struct discord_answers *, const json_t *d,
    long long seq);
/* Takes no more; what is under way goes on. */
void discord_answers_close(struct discord_answers *);
/* Fills in answers, answers_late and answer_ms_max. Any thread. */
void discord_answers_health(struct discord_answers *, struct channel_health *);
/* Nothing is under way any more. NULL is fine. */
void discord_answers_free(struct discord_answers *);

#endif
