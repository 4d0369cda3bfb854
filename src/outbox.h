/*
 * outbox: gets what is owed delivered.
 *
 * Rows come from the transactions that change intents. The pump here leases
 * due rows to their channel, counts the attempt, and writes down how it ended:
 * done, again later, or dead. A lease that ends without word (a lost answer, or
 * a crash: at the next start) makes the row due again: at least once, with the
 * same id.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "channel.h"
#include "delivery.h"
#include "lib/rc.h"
#include "message.h"
#include "rules.h"
#include "store.h"
#include "submit.h"

enum {
	OUTBOX_CHANNELS_MAX = 5,
	OUTBOX_LEASE_MS = 5 * 60 * 1000, /* longer than any attempt */
	OUTBOX_RETRIES_MAX = 20
};

struct outbox; /* opaque: fields live in outbox.c */

struct outbox_options {
	struct store *store;
	struct rules *rules;
	struct message_env message;
	/* Waits between the attempts at a webhook, in ms; then it is dead. */
	long long webhook_retry_ms[OUTBOX_RETRIES_MAX];
	int webhook_retries;
	/* Wait before the second attempt at a mail; doubles up to an hour. */
	int mail_retry_ms;
};

/* Borrows what the options point to. */
struct outbox *outbox_new(const struct outbox_options *);
/*
 * Starts the channels that the settings want and sets the pump's timer; before
 * store_start(). Of `env->up` everything but `ended` is used.
 */
enum rc outbox_start(struct outbox *, const struct channel_env *env,
    struct fault *) MUST_CHECK;
/* Rows may be due. On the core; see struct store_listener. */
void outbox_kick(struct outbox *);
/* Stops the channels while the store still runs, so that the ends of attempts
 * under way are stored; unfinished rows stay. */
void outbox_stop(struct outbox *);
/* After store_stop(). NULL is fine. */
void outbox_free(struct outbox *);

/* Where a plan's people and channels are asked: see submit.h. */
find_asks outbox_find_asks;
/* Whether a channel of this name is on. */
bool outbox_has_channel(void *outbox, const char *name);

/* Channels that are on, and the name of one; any thread. *out may be NULL;
 * behind outbox_stop() the channel is down. */
int outbox_channels(const struct outbox *);
const char *outbox_channel(struct outbox *, int i, struct channel_health *out);
/* Where that channel asks when a plan names none; or NULL. */
const char *outbox_default(const struct outbox *, int i);

#endif
