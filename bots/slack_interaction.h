/*
 * slack_interaction: what Slack says that somebody did. Pure.
 *
 * Reads the payloads of "Interaction payloads" (block_actions,
 * view_submission, view_closed) and of slash commands. Nothing in them is
 * trusted but that Slack said it; whatever is not about us is SLACK_NOTHING,
 * to be acknowledged and forgotten.
 */
#ifndef BOTS_SLACK_INTERACTION_H
#define BOTS_SLACK_INTERACTION_H

#include <jansson.h>

#include "bots/slack_message.h"
#include "lib/arena.h"

enum slack_act {
	SLACK_NOTHING,
	SLACK_PRESSED,	 /* a button of a card */
	SLACK_SUBMITTED, /* the form for a reason */
	SLACK_ASKED,	 /* the slash command */
	SLACK_REMOVED,	 /* the app is no longer in the workspace */
	SLACK_ACTS
};

/* Strings live in the arena; those not said are NULL. */
struct slack_interaction {
	enum slack_act act;
	const char *id;	     /* the same one is a repeat */
	const char *account; /* "TEAM/USER" */
	const char *user;
	const char *name;
	const char *channel;   /* of the message, or of the command */
	const char *remote_id; /* "TEAM/CHANNEL/TS" of the message */
	const char *trigger;   /* opens a form, once, within 3 s */
	struct slack_button button;
	int option;
	const char *reason; /* what was written, without blanks around it */
};

/* Whom we are, as auth.test says; NULL is not compared. */
struct slack_self {
	const char *team;
	const char *app;
	const char *bot;
};

/* `type` is that of the envelope. */
void slack_interaction_read(struct arena *, const char *type,
    const json_t *payload, const struct slack_self *,
    struct slack_interaction *out);

/*
 * What a form carries until it is sent: at most SLACK_CARRIED_MAX bytes, the
 * private_metadata of its view.
 */
enum { SLACK_CARRIED_MAX = 3000 };
const char *slack_carried_write(struct arena *,
    const struct slack_interaction *);

#define SLACK_FORM_CALLBACK "reason"
#define SLACK_FORM_BLOCK    "reason"
#define SLACK_FORM_ACTION   "reason"

#endif
