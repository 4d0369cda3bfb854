/*
 * email_health: what the ends of mails say about the relay. Not thread-safe;
 * logs each change.
 *
 * A mail that is refused for its recipient is no fault of the relay. Settings
 * that do not fit are told at once and loudly: the mails wait, but only the
 * operator can help them.
 */
#ifndef CHANNELS_EMAIL_HEALTH_H
#define CHANNELS_EMAIL_HEALTH_H

#include "channel.h"
#include "channels/smtp_verdict.h"

enum { EMAIL_FAILURES_DOWN = 3 /* in a row, and the relay is down */ };

struct email_health {
	struct channel_health now;
	int failures; /* of the relay, in a row */
};

/* "starting", until the first mail has ended. */
void email_health_init(struct email_health *);
/* An outcome of RC_BUSY says nothing. */
void email_health_note(struct email_health *, const struct smtp_outcome *);

#endif
