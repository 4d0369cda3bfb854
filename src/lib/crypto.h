/*
 * crypto: digests, keyed digests and sealing. The door to OpenSSL.
 */
#ifndef LIB_CRYPTO_H
#define LIB_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/rc.h"

enum {
	CRYPTO_SHA256 = 32,	/* bytes of a digest */
	CRYPTO_SHA256_HEX = 65, /* hex digits and NUL */
	CRYPTO_KEY = 32,
	CRYPTO_IV = 12,
	CRYPTO_TAG = 16,
	CRYPTO_SEAL_MORE = 1 + CRYPTO_IV + CRYPTO_TAG /* sealed - plain */
};

struct crypto_part {
	const void *data;
	size_t len;
};

void crypto_sha256(const void *p, size_t n, unsigned char out[CRYPTO_SHA256]);
void crypto_sha256_hex(const void *p, size_t n, char out[CRYPTO_SHA256_HEX]);
/* A digest over parts, as if they stood one behind the other. */
void crypto_sha256_parts(const struct crypto_part *, size_t n,
    unsigned char out[CRYPTO_SHA256]);
/* HMAC-SHA256 (RFC 2104) over parts. */
void crypto_hmac_parts(const void *key, size_t key_len,
    const struct crypto_part *, size_t n, unsigned char out[CRYPTO_SHA256]);
void crypto_hmac_hex(const void *key, size_t key_len, const void *p, size_t n,
    char out[CRYPTO_SHA256_HEX]);
/* A key for one purpose from the master key: HKDF-SHA256 (RFC 5869). */
void crypto_derive(const unsigned char master[CRYPTO_KEY], const char *purpose,
    unsigned char out[CRYPTO_KEY]);

/*
 * AES-256-GCM with a fresh random IV; `aad` is bound but not hidden. Writes
 * n + CRYPTO_SEAL_MORE bytes: version (1), IV, ciphertext, tag.
 */
void crypto_seal(const unsigned char key[CRYPTO_KEY], const char *aad,
    const void *plain, size_t n, unsigned char *out);
/*
 * Writes n - CRYPTO_SEAL_MORE bytes. RC_INVALID when key, aad or a byte is
 * not the one it was sealed with; out is then zeroed.
 */
enum rc crypto_open(const unsigned char key[CRYPTO_KEY], const char *aad,
    const void *sealed, size_t n, unsigned char *out) MUST_CHECK;

/* Constant time in n. */
bool crypto_equal(const void *a, const void *b, size_t n);
/* Overwrites memory in a way that the compiler keeps. */
void crypto_wipe(void *p, size_t n);

void crypto_hex(const void *p, size_t n, char *out /* 2 n + 1 */);
/* Exactly 2 n hex digits into n bytes. */
enum rc crypto_unhex(const char *s, void *out, size_t n) MUST_CHECK;
/* Unpadded base64url (RFC 4648 5). out has (n * 4 + 2) / 3 + 1 bytes. */
void crypto_base64url(const void *p, size_t n, char *out);
/* Strict: canonical, unpadded. RC_INVALID also when it is over max bytes. */
enum rc crypto_unbase64url(const char *s, void *out, size_t max,
    size_t *out_len) MUST_CHECK;
/* Padded standard base64 (RFC 4648 4), without line breaks. */
void crypto_base64(const void *p, size_t n, char *out /* 4*((n+2)/3)+1 */);
enum rc crypto_unbase64(const char *s, void *out, size_t max, size_t *out_len)
    MUST_CHECK;

#endif
