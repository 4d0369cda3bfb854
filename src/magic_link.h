/*
 * magic_link: a link that lets one person answer one intent. Pure.
 *
 * A link is an invitation: seeing the page needs the link, approving needs in
 * addition the code that stands in the mail and is typed by hand. The token
 * carries key id, expiry, a nonce, the intent, the person and the action
 * digest under an HMAC-SHA256, so that a forged one is refused before the
 * database is touched; the database holds only its SHA-256.
 */
#ifndef MAGIC_LINK_H
#define MAGIC_LINK_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/crypto.h"
#include "lib/id.h"
#include "lib/rc.h"

enum {
	MAGIC_LINK_CODE = 6,	   /* characters typed by hand, 30 bits */
	MAGIC_LINK_WRONG_MAX = 5,  /* wrong codes, then the link is locked */
	MAGIC_LINK_TOKEN_MAX = 400 /* characters */
};

/* What a token says. Strings live in the arena. */
struct magic_link {
	const char *intent_id;
	const char *person;
	const char *digest; /* of the action, hex */
	long long expires_ms;
	char hash[CRYPTO_SHA256_HEX]; /* of the token, for the store */
};

/* The key under which links are signed, and the one before it. */
struct magic_link_keys {
	unsigned char key[2][CRYPTO_KEY];
	unsigned char id[2]; /* first byte of the token; 0 = not in use */
};

/* Derives the key from the master key; there is none before it. */
void magic_link_keys_init(struct magic_link_keys *,
    const unsigned char master[CRYPTO_KEY]);
/* Also reads what was signed under the master key before this one. */
void magic_link_keys_previous(struct magic_link_keys *,
    const unsigned char master[CRYPTO_KEY]);
/*
 * A fresh token with a random nonce under the newest key; also fills
 * link->hash. Intent and person are ids of ours, the digest is SHA-256 in hex.
 */
char *magic_link_make(struct arena *, const struct magic_link_keys *,
    struct magic_link *link);
/*
 * RC_INVALID (field "token"): not ours, changed, or not of this form.
 * RC_EXPIRED: ours, but too old; *out is filled all the same.
 */
enum rc magic_link_read(struct arena *, const struct magic_link_keys *,
    const char *token, long long now_ms, struct magic_link *out, struct fault *)
    MUST_CHECK;
/* A code for people, and how it is stored: HMAC over link hash and code. */
void magic_link_code(char out[MAGIC_LINK_CODE + 1]);
void magic_link_code_hash(const struct magic_link_keys *, const char *link_hash,
    const char *code, char out[CRYPTO_SHA256_HEX]);
/* Whether `stored` is the hash of this code, under either key. */
bool magic_link_code_is(const struct magic_link_keys *, const char *link_hash,
    const char *code, const char *stored);
/*
 * As people type it: blanks and dashes dropped, upper case, O I L read as
 * 0 1 1. False when it cannot be a code.
 */
int magic_link_code_clean(const char *typed, char out[MAGIC_LINK_CODE + 1]);

#endif
