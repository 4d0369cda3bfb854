#include "session.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/random.h"

/*
 * A cookie is "KEY_ID.EXPIRY.NONCE.HMAC": expiry in 16 hex digits of
 * milliseconds, nonce in 32, HMAC-SHA256 over all before it in 64.
 */
enum {
	EXPIRY_BYTES = 8,
	NONCE_BYTES = (SESSION_NONCE - 1) / 2,
	TAIL = 1 + 2 * EXPIRY_BYTES + 1 + 2 * NONCE_BYTES, /* behind the id */
	HMAC_TAIL = 1 + CRYPTO_SHA256_HEX - 1
};

_Static_assert(SESSION_KEY_ID_MAX + TAIL + HMAC_TAIL <= SESSION_COOKIE_MAX,
    "a cookie fits its maximum");

static void
mac_of(const unsigned char key[CRYPTO_KEY], const char *purpose, const char *s,
    size_t len, char out[CRYPTO_SHA256_HEX])
{
	const struct crypto_part parts[] = {
	    {purpose, strlen(purpose) + 1},
	    {s, len},
	};
	unsigned char mac[CRYPTO_SHA256];

	crypto_hmac_parts(key, CRYPTO_KEY, parts, ARRAY_LEN(parts), mac);
	crypto_hex(mac, sizeof(mac), out);
}

static bool
is_key_id(const char *s, size_t len)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789_-";

	return len <= SESSION_KEY_ID_MAX && strspn(s, allowed) >= len;
}

char *
session_make(struct arena *a, const unsigned char key[CRYPTO_KEY],
    struct session *s)
{
	char mac[CRYPTO_SHA256_HEX];
	char *text;

	assert(is_key_id(s->key_id, strlen(s->key_id)) && s->expires_ms >= 0);
	random_hex(s->nonce, NONCE_BYTES);
	text = arena_printf(a, "%s.%016llx.%s", s->key_id,
	    (unsigned long long)s->expires_ms, s->nonce);
	mac_of(key, "assent cookie 1", text, strlen(text), mac);
	return arena_printf(a, "%s.%s", text, mac);
}

enum rc
session_read(const unsigned char key[CRYPTO_KEY], const char *cookie,
    long long now_ms, struct session *out)
{
	unsigned char expiry[EXPIRY_BYTES];
	char mac[CRYPTO_SHA256_HEX], digits[2 * EXPIRY_BYTES + 1];
	size_t len = cookie != NULL ? strlen(cookie) : 0, signed_len, id_len;
	unsigned long long expires = 0;

	if (len < TAIL + HMAC_TAIL || len > SESSION_COOKIE_MAX) {
		return RC_UNAUTHENTICATED;
	}
	signed_len = len - HMAC_TAIL;
	mac_of(key, "assent cookie 1", cookie, signed_len, mac);
	if (cookie[signed_len] != '.' ||
	    !crypto_equal(mac, cookie + signed_len + 1, sizeof(mac) - 1)) {
		return RC_UNAUTHENTICATED;
	}
	id_len = signed_len - TAIL;
	memcpy(digits, cookie + id_len + 1, sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	if (!is_key_id(cookie, id_len) ||
	    crypto_unhex(digits, expiry, sizeof(expiry)) != RC_OK) {
		return RC_UNAUTHENTICATED;
	}
	for (size_t i = 0; i < sizeof(expiry); i++) {
		expires = expires << 8 | expiry[i];
	}
	*out = (struct session){.expires_ms = (long long)expires};
	memcpy(out->key_id, cookie, id_len);
	memcpy(out->nonce, cookie + signed_len - 2 * NONCE_BYTES,
	    2 * NONCE_BYTES);
	return now_ms < out->expires_ms ? RC_OK : RC_EXPIRED;
}

void
session_csrf(const unsigned char key[CRYPTO_KEY], const struct session *s,
    char out[CRYPTO_SHA256_HEX])
{
	mac_of(key, "assent form 1", s->nonce, strlen(s->nonce), out);
}

bool
session_csrf_is(const unsigned char key[CRYPTO_KEY], const struct session *s,
    const char *given)
{
	char want[CRYPTO_SHA256_HEX];

	session_csrf(key, s, want);
	return given != NULL && strlen(given) == sizeof(want) - 1 &&
	    crypto_equal(given, want, sizeof(want) - 1);
}
