/*
 * email_settings: the SMTP_* settings, checked as a whole.
 *
 *	SMTP_HOST     relay: a name or an IPv4 address
 *	SMTP_PORT     465 for implicit, 587 for required, else 25
 *	SMTP_USER     for AUTH; with SMTP_PASS or not at all
 *	SMTP_PASS
 *	SMTP_FROM     sender; SMTP_USER when that is a mail address
 *	SMTP_TLS      off, opportunistic, required or implicit; required unless
 *	              the relay is this machine, then opportunistic
 *	SMTP_CA_FILE  authorities beside the system's, for required and implicit
 *
 * A password goes to another machine only when the relay has proved who it
 * is, so off and opportunistic are refused beside a user there.
 */
#ifndef CHANNELS_EMAIL_SETTINGS_H
#define CHANNELS_EMAIL_SETTINGS_H

#include "channel.h"
#include "channels/smtp.h"
#include "lib/rc.h"

enum { EMAIL_HOST_MAX = 253 /* RFC 1035 2.3.4, without the root */ };

/* Borrows from the settings. */
struct email_settings {
	struct smtp_options relay;
	const char *from; /* address */
};

/* RC_INVALID names the setting. */
enum rc email_settings_read(const struct channel_env *,
    struct email_settings *out, struct fault *) MUST_CHECK;

#endif
