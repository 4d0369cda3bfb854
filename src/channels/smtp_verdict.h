/*
 * smtp_verdict: what became of a mail, from all that is known about its
 * session. Pure. In doubt a mail was not sent, or may have been; it counts as
 * sent only on the answers that RFC 5321 4.2 names for it.
 */
#ifndef CHANNELS_SMTP_VERDICT_H
#define CHANNELS_SMTP_VERDICT_H

#include <stdbool.h>

#include "channels/smtp_watch.h"
#include "lib/rc.h"

enum { SMTP_DETAIL = 200 /* bytes */ };

/* Who has to do something about a mail that was not sent. */
enum smtp_blame {
	SMTP_BLAME_NOBODY,  /* it was sent */
	SMTP_BLAME_MAIL,    /* this mail or recipient; others will pass */
	SMTP_BLAME_RELAY,   /* may pass with time */
	SMTP_BLAME_OPERATOR /* nothing will pass until the settings change */
};

struct smtp_outcome {
	/*
	 * RC_OK. RC_REMOTE_TEMP: not sent. RC_REMOTE_PERM: refused for good.
	 * RC_UNCERTAIN: the message went out and no answer came.
	 */
	enum rc rc;
	enum smtp_blame blame;
	char detail[SMTP_DETAIL]; /* words, no secrets, no addresses */
};

/* An answer of the relay. */
struct smtp_reply {
	int code; /* 0 = none came */
	char words[SMTP_WORDS];
};

struct smtp_facts {
	const struct smtp_watch *watch;
	bool connected;
	bool blind;	 /* we could not have stopped it, so it had to stop */
	bool late;	 /* it was cut at its deadline */
	bool no_tls;	 /* STARTTLS is required and not offered */
	bool body_ended; /* the whole message was handed over */
	bool answered;	 /* ... and its answer has come */
	const char *refused;   /* why the certificate was; NULL = not */
	const char *handshake; /* why TLS failed, if it did */
	const char *error;     /* libesmtp's words */
	struct smtp_reply mail, rcpt, message;
};

void smtp_verdict(const struct smtp_facts *, struct smtp_outcome *out);

/*
 * The same for a mail that libcurl sent, where only the last reply code is
 * known, or, when the session broke off, the kind of failure and its words.
 * Codes that tell of our settings, not of this mail, are temporary: the mail
 * must not be lost while the operator puts them right. RC_BUSY stays.
 */
void smtp_verdict_code(int code, struct smtp_outcome *out);
void smtp_verdict_failure(enum rc rc, const char *detail,
    struct smtp_outcome *out);

#endif
