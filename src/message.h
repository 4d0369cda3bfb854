/*
 * message: from a row of the outbox to a delivery that a channel can carry.
 *
 * Reads the intent, renders the card, makes the person's link, or writes and
 * signs the body of a webhook.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "channel.h"
#include "delivery.h"
#include "policy_load.h"
#include "store.h"
#include "vault.h"

enum { MESSAGE_PAYLOAD_MAX = 16 * 1024 }; /* bytes of payload on a card */

struct message_env {
	const struct vault *vault;
	const char *public_url;
	bool link_code; /* approving by link needs the typed code */
};

/*
 * Composes, inside a job. The row's attempt is counted already. A magic link
 * is made anew for each attempt and its digests are stored in this
 * transaction. RC_EXPIRED: not needed any more (drop the row). RC_INTERNAL:
 * it can never be composed (f says why). The caller owns *out.
 */
enum rc message_compose(struct tx *, const struct message_env *,
    struct people *, const struct delivery_row *, struct delivery **out,
    struct fault *) MUST_CHECK;

/*
 * The card of an intent as this channel shows it, with as much of the payload
 * as fits there. Lives in the arena.
 */
enum rc message_card(struct tx *, const struct message_env *, struct people *,
    const struct intent *, const char *channel, struct arena *,
    const struct card **out, struct fault *) MUST_CHECK;
/* Where people see the whole card. */
char *message_page(struct arena *, const struct message_env *,
    const char *intent_id);

#endif
