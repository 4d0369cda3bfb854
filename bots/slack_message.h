/*
 * slack_message: a card as a message of blocks (Slack, "Block Kit"). Pure.
 *
 * What is not ours stands in plain_text and rich_text, where no character
 * means anything, never in mrkdwn. A message always has a rich_text block, as
 * chat.update refuses to replace one by other blocks (block_mismatch).
 *
 * Slack refuses messages of more than about 10,000 characters in all blocks
 * together. When a card has more, its longest texts are cut, with words that
 * say so, and it can only be denied there.
 */
#ifndef BOTS_SLACK_MESSAGE_H
#define BOTS_SLACK_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>

#include "channel.h"
#include "lib/arena.h"

enum {
	SLACK_BLOCKS_MAX = 50,
	SLACK_PAYLOAD_MAX = 6000,  /* bytes; leaves room for the facts */
	SLACK_MESSAGE_UNITS = 9400 /* of all texts, a little below the limit */
};

#define SLACK_BLOCK_DECIDE  "decide"
#define SLACK_ACTION_DECIDE "decide:" /* and the index of the option */
#define SLACK_ACTION_PAGE   "page"

/* What a button does when it is pressed. */
enum slack_form {
	SLACK_FORM_NONE, /* decides at once */
	SLACK_FORM_OPTIONAL,
	SLACK_FORM_REQUIRED, /* a form that wants a reason */
	SLACK_FORMS
};

/* What a button carries in its value, at most SLACK_VALUE_MAX bytes. */
struct slack_button {
	enum slack_form form;
	const char *handle;
};

enum { SLACK_VALUE_MAX = HANDLE_MAX + 2 };

/* The value of a button; reading one back copies into the arena. */
const char *slack_button_value(struct arena *, const struct slack_button *);
enum rc slack_button_read(struct arena *, const char *value,
    struct slack_button *out) MUST_CHECK;

struct slack_message {
	json_t *blocks;	  /* owned by the caller */
	const char *text; /* for notifications; escaped, in the arena */
	bool cut;	  /* not all of the card is in it */
};

/* As channel_ops.shows_whole. */
bool slack_message_shows_whole(struct arena *, const struct card *,
    const struct intent *, const char *page);
/*
 * The message of a card. Buttons are there while the card has options and
 * there is a handle; page may be NULL.
 */
void slack_message_card(struct arena *, const struct card *,
    const struct plan *, const char *handle, const char *page,
    struct slack_message *out);

#endif
