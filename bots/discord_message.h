/*
 * discord_message: what Discord shows of an intent. Pure.
 *
 * A message is a few embeds in the card's order (what we computed, the
 * payload, the agent's own words) with buttons below. What Discord has no room
 * for is cut where it can be seen, and then only a denial is offered: the rest
 * is for those who opened the full page.
 */
#ifndef BOTS_DISCORD_MESSAGE_H
#define BOTS_DISCORD_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>

#include "channel.h"
#include "lib/arena.h"

enum {
	/* So much fits beside the facts of most intents (6,000 in all). */
	DISCORD_PAYLOAD_MAX = 3000,
	DISCORD_CUSTOM_ID_MAX = 100
};

/* Name of the form's field. */
#define DISCORD_REASON_ID "reason"

/* How much of a message Discord takes: each step when it refused the last. */
enum discord_dress {
	DISCORD_FULL,
	DISCORD_NO_LINK, /* the page's address as text: not every URL may be a
			    button's */
	DISCORD_BARE,	 /* not a word of the agent's; deny or open the page */
	DISCORD_DRESSES
};

struct discord_face {
	const struct card *card;
	const struct intent *intent;
	const char *handle; /* "" = nothing is to be decided here */
	const char *page;   /* or NULL */
	enum discord_dress dress;
};

/* As channel_ops.shows_whole. */
bool discord_message_shows_whole(struct arena *, const struct card *,
    const struct intent *, const char *page);
/* {content, embeds, components, allowed_mentions}; the caller owns it. */
json_t *discord_message_build(struct arena *, const struct discord_face *);
/* Whether this answer is asked for a reason first, in a form. */
bool discord_message_wants_form(const struct intent *, enum outcome);

/* Bodies of a callback (Discord, "Receiving and Responding"). */

/* The message that the click came from, painted anew (type 7). */
json_t *discord_callback_update(struct arena *, const struct discord_face *);
/* Words that only this person sees (type 4, ephemeral). */
json_t *discord_callback_words(struct arena *, const char *words);
/* A form that asks for the reason of an option (type 9); `intent` may be
 * NULL. */
json_t *discord_callback_form(struct arena *, const char *handle, int option,
    const struct intent *);

#endif
