/*
 * smtp_watch: reads along while libesmtp talks. Pure.
 *
 * libesmtp goes on where we must not: it sends a mail without AUTH when none
 * is offered or all is refused, and takes bytes that stand behind the answer
 * to STARTTLS for answers of the encrypted session. The watch sees each buffer
 * before it is written and after it is read, says when the conversation has
 * to be cut, and keeps the last answer for the words to the operator.
 */
#ifndef CHANNELS_SMTP_WATCH_H
#define CHANNELS_SMTP_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/rc.h"

enum { SMTP_WORDS = 120, SMTP_LINE_MAX = 512 /* RFC 5321 4.5.3.1.5 */ };

enum smtp_step {
	SMTP_GREETING,
	SMTP_EHLO,
	SMTP_STARTTLS,
	SMTP_AUTH,
	SMTP_MAIL /* and all that follows */
};

struct smtp_watch {
	/* Set by the owner before the session: */
	bool need_tls;	  /* no MAIL without it */
	bool need_auth;	  /* no MAIL without it */
	bool tls_checked; /* a handshake proves who the peer is */
	/* Set by the owner once connected: this machine may see a password. */
	bool loopback;
	/* Set by the owner when the handshake is done. */
	bool tls;
	/* Results: */
	const char *broken; /* why it has to be cut; static; NULL = fine */
	bool authenticated;
	int auth_code; /* last answer to AUTH; 0 = never tried */
	char auth_words[SMTP_WORDS];
	enum smtp_step step;	/* last command of interest that was written */
	int code;		/* last whole answer up to MAIL; 0 = none */
	char words[SMTP_WORDS]; /* of that answer, safe to show */
	/* Private: */
	bool over; /* QUIT was written: what follows changes nothing */
	char line[SMTP_LINE_MAX];
	size_t line_len; /* may be more than is kept */
};

/* Before the buffer is written. False: cut instead. */
bool smtp_watch_write(struct smtp_watch *, const char *buf, size_t len)
    MUST_CHECK;
/* After the buffer was read. False: cut. */
bool smtp_watch_read(struct smtp_watch *, const char *buf, size_t len)
    MUST_CHECK;

/*
 * A peer's words in a form for logs and pages: printable ASCII on one line,
 * without anything that looks like a mail address. At most size - 1 bytes.
 */
void smtp_words(char *out, size_t size, const char *s, size_t len);

#endif
