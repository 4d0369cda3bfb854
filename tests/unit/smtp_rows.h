/*
 * smtp_rows: conversations with a fake relay, one row each.
 */
#ifndef TESTS_UNIT_SMTP_ROWS_H
#define TESTS_UNIT_SMTP_ROWS_H

#include <stddef.h>

#include "channels/smtp.h"
#include "relay.h"

#define SMTP_ROWS_MESSAGE \
	"From: <agent@example.com>\r\n" \
	"To: <dana@example.com>\r\n" \
	"Subject: a\r\n b\r\n" \
	"Date: Sat, 21 Nov 2026 04:16:00 +0000\r\n" \
	"Message-ID: <dlv_0000000000000001@example.com>\r\n" \
	"MIME-Version: 1.0\r\n" \
	"\r\n" \
	".a dot\r\n" \
	"..\r\n" \
	"\r\n" \
	"the end\r\n"

enum {
	STEP_MS = 1000,	   /* the least that libesmtp takes */
	PATIENT_MS = 20000 /* where waiting is not what is tested */
};

/* The mail of every row. */
extern const struct smtp_mail smtp_rows_mail;

struct smtp_row {
	const char *args;      /* of the relay */
	struct smtp_options o; /* host and port are filled in */
	enum rc rc;
	enum smtp_blame blame;
	const char *detail; /* is part of it */
	const char *unseen; /* never said by us; NULL = not looked at */
	int mails;	    /* taken over by the relay */
};

/*
 * A client of the relay: on localhost unless o says else, trusting the
 * authority of relay_certs() if there is one.
 */
struct smtp *smtp_rows_client(const struct relay *,
    const struct smtp_options *o);
/* Fails the test at the first row that ends otherwise. */
void smtp_rows_check(const struct smtp_row *, size_t n);

#define HASTY(mode) \
	{ \
		.tls = SMTP_TLS_##mode, .step_ms = STEP_MS, .end_ms = STEP_MS \
	}
#define TLS(mode) \
	{ \
		.tls = SMTP_TLS_##mode \
	}
#define LOGIN(mode, name, word) \
	{ \
		.tls = SMTP_TLS_##mode, .user = (name), .password = (word) \
	}
#define SENT	   RC_OK, SMTP_BLAME_NOBODY
#define LATER(who) RC_REMOTE_TEMP, SMTP_BLAME_##who
#define NEVER	   RC_REMOTE_PERM, SMTP_BLAME_MAIL
#define MAYBE	   RC_UNCERTAIN, SMTP_BLAME_RELAY

#endif
