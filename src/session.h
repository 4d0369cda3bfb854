/*
 * session: who is signed in to the pages. Pure.
 *
 * The cookie carries the id of the key that signed in, when the session ends
 * and a nonce, under an HMAC. It proves that this browser signed in, not that
 * the key still counts: look the key up at each request. Forms carry a second
 * value, derived from the nonce, which a foreign page cannot know (OWASP CSRF
 * Prevention, "Signed Double-Submit Cookie").
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/crypto.h"
#include "lib/rc.h"

enum {
	SESSION_KEY_ID_MAX = 64, /* characters */
	SESSION_COOKIE_MAX = 200,
	SESSION_NONCE = 33 /* hex digits and NUL */
};

struct session {
	char
	    key_id[SESSION_KEY_ID_MAX + 1]; /* [A-Za-z0-9_-]; "" = nobody yet */
	long long expires_ms;
	char nonce[SESSION_NONCE]; /* filled by session_make() */
};

/* The value of a cookie, in the arena; also fills the nonce. */
char *session_make(struct arena *, const unsigned char key[CRYPTO_KEY],
    struct session *);
/*
 * RC_UNAUTHENTICATED: not ours, or changed. RC_EXPIRED: too old. A cookie of
 * NULL is nobody's.
 */
enum rc session_read(const unsigned char key[CRYPTO_KEY], const char *cookie,
    long long now_ms, struct session *out) MUST_CHECK;
/* What a form of this session carries. */
void session_csrf(const unsigned char key[CRYPTO_KEY], const struct session *,
    char out[CRYPTO_SHA256_HEX]);
/* Whether a form carried it; NULL is refused. */
bool session_csrf_is(const unsigned char key[CRYPTO_KEY],
    const struct session *, const char *given);

#endif
