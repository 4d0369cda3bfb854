/*
 * The input as a cookie, and as what somebody signed with our key.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "session.h"

static const unsigned char key[CRYPTO_KEY] = "a key for the fuzzer";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char purpose[] = "assent cookie 1";
	CLEANUP(mem_drop) char *text = mem_strndup((const char *)data, len);
	CLEANUP(mem_drop) char *cookie = NULL;
	size_t n = strlen(text);
	const struct crypto_part parts[] = {
	    {purpose, sizeof(purpose)},
	    {text, n},
	};
	unsigned char mac[CRYPTO_SHA256];
	struct session s;

	assert(session_read(key, text, 0, &s) != RC_OK);
	cookie = mem_new(1, n + 1 + CRYPTO_SHA256_HEX);
	memcpy(cookie, text, n);
	cookie[n] = '.';
	crypto_hmac_parts(key, sizeof(key), parts, ARRAY_LEN(parts), mac);
	crypto_hex(mac, sizeof(mac), cookie + n + 1);
	if (session_read(key, cookie, 0, &s) == RC_OK) {
		assert(strlen(s.key_id) <= SESSION_KEY_ID_MAX);
		assert(strlen(s.nonce) == SESSION_NONCE - 1);
		assert(s.expires_ms > 0);
	}
	return 0;
}
