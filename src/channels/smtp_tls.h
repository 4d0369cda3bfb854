/*
 * smtp_tls: how libesmtp encrypts.
 *
 * The one place beside lib/crypto.c that knows OpenSSL, because libesmtp wants
 * an SSL_CTX. libesmtp's own is freed after its first use, knows no server
 * name indication and compares the certificate with a name out of the DNS, so
 * every session gets a fresh one from here that does it right.
 */
#ifndef CHANNELS_SMTP_TLS_H
#define CHANNELS_SMTP_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/rc.h"

struct smtp_tls;     /* opaque: fields live in smtp_tls.c */
struct smtp_session; /* libesmtp's */

/*
 * With `verify` the peer must prove to be `host` (a name or an IPv4 address)
 * by a certificate under the system's authorities or those of ca_file (PEM;
 * may be NULL). RC_INVALID about "SMTP_CA_FILE".
 */
enum rc smtp_tls_new(const char *host, bool verify, const char *ca_file,
    struct smtp_tls **out, struct fault *) MUST_CHECK;
void smtp_tls_free(struct smtp_tls *);

/* One session: what the handshake needs to know, and what it found. */
struct smtp_tls_use {
	const struct smtp_tls *tls; /* private */
	const char *refused; /* why the certificate was; static; NULL = not */
};

/*
 * Gives the session a context of its own. *use is filled and must outlive the
 * session.
 */
void smtp_tls_set(const struct smtp_tls *, struct smtp_tls_use *use,
    struct smtp_session *);
/* Why the last handshake of this thread failed, in OpenSSL's words. */
void smtp_tls_words(char *out, size_t size);
/* Forgets what failed before on this thread. */
void smtp_tls_forget(void);

#endif
