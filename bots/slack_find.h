/*
 * slack_find: places in Slack, and things in its answers. Pure.
 *
 * Strings go to the arena; NULL is what is not there.
 */
#ifndef BOTS_SLACK_FIND_H
#define BOTS_SLACK_FIND_H

#include <jansson.h>
#include <stdbool.h>

#include "bots/slack_interaction.h"
#include "lib/arena.h"
#include "lib/rc.h"

#define SLACK_MAILTO	 "mailto:"
#define SLACK_EVENT_TYPE "assent_intent" /* of a message's metadata */

struct slack_place {
	bool is_mail;	   /* the account is to be found; no place yet */
	bool is_user;	   /* place is a user: the direct messages with them */
	const char *place; /* channel or user */
	const char *ts;	   /* of a message; else NULL */
};

/*
 * Reads "TEAM/CHANNEL/TS", "TEAM/CHANNEL", "TEAM/USER", "CHANNEL", "USER" or
 * "mailto:ADDRESS". RC_INVALID: it is none, or of another workspace.
 */
enum rc slack_find_place(struct arena *, const char *address, const char *team,
    struct slack_place *out, struct fault *) MUST_CHECK;
/* Whether it is "TEAM/CHANNEL" or "CHANNEL". */
bool slack_find_is_channel(const char *);
/* The user of users.lookupByEmail; or NULL, and *why says why not. */
const char *slack_find_user(struct arena *, const json_t *body,
    const char *team, const char **why);
/* The channel of conversations.open. */
const char *slack_find_dm(struct arena *, const json_t *body);
/* The ts of our message of that delivery in a conversations.history. */
const char *slack_find_message(struct arena *, const json_t *body,
    const struct slack_self *, const char *own_user, const char *delivery);
/* Where its next page begins. */
const char *slack_find_cursor(struct arena *, const json_t *body);

#endif
