/*
 * The input as a token, as bytes that somebody signed with our key, and as a
 * typed code.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "magic_link.h"

static const unsigned char master[CRYPTO_KEY] = "a key for the fuzzer";

/* What is read must be whole, whoever wrote it. */
static enum rc
read_token(const struct magic_link_keys *keys, const char *token)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct magic_link l;
	enum rc rc = magic_link_read(a, keys, token, 0, &l, NULL);

	if (rc == RC_OK) {
		assert(strlen(l.digest) == CRYPTO_SHA256_HEX - 1);
		assert(strlen(l.hash) == CRYPTO_SHA256_HEX - 1);
		assert(strlen(l.intent_id) <= 255 && strlen(l.person) <= 255);
	}
	return rc;
}

/* The token of these bytes under a right HMAC, to reach what is behind it. */
static char *
sign(const struct magic_link_keys *keys, const uint8_t *data, size_t len)
{
	static const char purpose[] = "assent link 1";
	unsigned char *bytes = mem_new(1, len + 1 + CRYPTO_SHA256);
	const struct crypto_part parts[] = {
	    {purpose, sizeof(purpose)},
	    {bytes, len + 1},
	};
	size_t n = len + 1 + CRYPTO_SHA256;
	char *token = mem_new(1, (n * 4 + 2) / 3 + 1);

	bytes[0] = keys->id[0];
	if (len > 0) {
		memcpy(bytes + 1, data, len);
	}
	crypto_hmac_parts(keys->key[0], CRYPTO_KEY, parts, ARRAY_LEN(parts),
	    bytes + len + 1);
	crypto_base64url(bytes, n, token);
	free(bytes);
	return token;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(mem_drop) char *text = mem_strndup((const char *)data, len);
	CLEANUP(mem_drop) char *token = NULL;
	char code[MAGIC_LINK_CODE + 1], again[MAGIC_LINK_CODE + 1];
	struct magic_link_keys keys;

	magic_link_keys_init(&keys, master);
	(void)read_token(&keys, text);
	token = sign(&keys, data, len);
	(void)read_token(&keys, token);
	if (magic_link_code_clean(text, code)) {
		assert(magic_link_code_clean(code, again));
		assert(strcmp(code, again) == 0);
	}
	return 0;
}
