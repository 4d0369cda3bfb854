/*
 * smtp: one mail over SMTP, and no doubt about what became of it. The door to
 * libesmtp.
 *
 * libesmtp says 1 when nothing was sent, goes on without the encryption or
 * the password it was told to use, blocks for ever and crashes on its second
 * handshake. Behind this header none of that happens: a mail counts as sent
 * only when the relay has taken the message with 250 and its one recipient
 * with 250 or 251; what was asked for in TLS and AUTH has then happened; and
 * every wait ends. Implicit TLS (port 465) is not for libesmtp: see
 * http_client_mail().
 */
#ifndef CHANNELS_SMTP_H
#define CHANNELS_SMTP_H

#include <stdbool.h>
#include <stddef.h>

#include "channels/smtp_verdict.h"
#include "lib/rc.h"

enum {
	SMTP_USER_MAX = 255,	     /* bytes; libesmtp copies both unchecked */
	SMTP_CONNECT_MS = 10 * 1000, /* for each address of the relay */
	SMTP_STEP_MS = 60 * 1000,    /* for an answer */
	SMTP_END_MS = 120 * 1000,    /* for the answer to the whole message */
	SMTP_TOTAL_MS = 150 * 1000   /* for all, once connected */
};

enum smtp_tls_mode {
	SMTP_TLS_OFF,
	SMTP_TLS_OPPORTUNISTIC, /* if offered; no certificate is checked */
	SMTP_TLS_REQUIRED,	/* STARTTLS (RFC 3207), certificate checked */
	SMTP_TLS_IMPLICIT	/* RFC 8314 3; not here */
};

/* A relay. Copied by smtp_new(). Times of 0 are those above. */
struct smtp_options {
	const char *host; /* a name or an IPv4 address */
	int port;
	enum smtp_tls_mode tls;
	const char *user; /* NULL = no AUTH */
	const char *password;
	const char *ca_file; /* authorities beside the system's, PEM; or NULL */
	int connect_ms, step_ms, end_ms, total_ms;
};

struct smtp_mail {
	const char *from; /* envelope addresses, checked by the caller */
	const char *to;
	const char *message; /* RFC 5322, CRLF */
	size_t message_len;
};

struct smtp; /* opaque: fields live in smtp.c */

/* RC_INVALID names the setting. */
enum rc smtp_new(const struct smtp_options *, struct smtp **out, struct fault *)
    MUST_CHECK;
void smtp_free(struct smtp *);
/* Blocks until it is decided. One thread at a time. */
void smtp_send(struct smtp *, const struct smtp_mail *,
    struct smtp_outcome *out);
/* Ends a smtp_send() that is under way, from any thread. */
void smtp_cut(struct smtp *);

/* Whether the name or IPv4 address can only be this machine. */
bool smtp_host_is_loopback(const char *host);

#endif
