#include "magic_link.h"

#include <assert.h>
#include <string.h>

#include "lib/random.h"
#include "lib/text.h"

/*
 * The bytes of a token, before base64url:
 *
 *	key id (1), expiry in ms (8, big-endian), nonce (16), digest (32),
 *	length and intent id, length and person id, HMAC-SHA256 (32)
 *
 * The HMAC stands over all before it. It is checked before anything is read
 * but the key id, so that the reader below it only ever sees our own bytes.
 */
enum {
	NONCE = 16,
	EXPIRY = 8,
	HEAD = 1 + EXPIRY + NONCE + CRYPTO_SHA256,
	NAME_MAX_BYTES = 100, /* of an intent or person id */
	BYTES_MIN = HEAD + 2 + CRYPTO_SHA256,
	BYTES_MAX = BYTES_MIN + 2 * NAME_MAX_BYTES,
	TYPED_MAX = 64 /* bytes of a typed code */
};

_Static_assert((BYTES_MAX * 4 + 2) / 3 <= MAGIC_LINK_TOKEN_MAX,
    "a token fits its maximum");

/* What is signed begins with its purpose: no HMAC is good for two things. */
static const char for_token[] = "assent link 1";
static const char for_code[] = "assent code 1";

static void
key_derive(unsigned char key[CRYPTO_KEY], unsigned char *id,
    const unsigned char master[CRYPTO_KEY])
{
	unsigned char named[CRYPTO_SHA256];

	crypto_derive(master, "assent magic link 1", key);
	/* The id follows from the key, so that it needs no book-keeping. */
	crypto_sha256(key, CRYPTO_KEY, named);
	*id = named[0] == 0 ? 1 : named[0];
}

void
magic_link_keys_init(struct magic_link_keys *keys,
    const unsigned char master[CRYPTO_KEY])
{
	memset(keys, 0, sizeof(*keys));
	key_derive(keys->key[0], &keys->id[0], master);
}

void
magic_link_keys_previous(struct magic_link_keys *keys,
    const unsigned char master[CRYPTO_KEY])
{
	key_derive(keys->key[1], &keys->id[1], master);
}

static void
mac_of(const unsigned char key[CRYPTO_KEY], const void *p, size_t n,
    unsigned char out[CRYPTO_SHA256])
{
	const struct crypto_part parts[] = {
	    {for_token, sizeof(for_token)},
	    {p, n},
	};

	crypto_hmac_parts(key, CRYPTO_KEY, parts, ARRAY_LEN(parts), out);
}

/* Writes length and name; returns the place behind them. */
static unsigned char *
put_name(unsigned char *to, const char *name)
{
	size_t len = strlen(name);

	assert(len > 0 && len <= NAME_MAX_BYTES);
	*to++ = (unsigned char)len;
	memcpy(to, name, len);
	return to + len;
}

char *
magic_link_make(struct arena *a, const struct magic_link_keys *keys,
    struct magic_link *link)
{
	unsigned char bytes[BYTES_MAX], *to = bytes;
	unsigned long long expires = (unsigned long long)link->expires_ms;
	enum rc rc;
	size_t n;
	char *token;

	assert(keys->id[0] != 0 && link->expires_ms >= 0);
	*to++ = keys->id[0];
	for (int i = EXPIRY - 1; i >= 0; i--) {
		*to++ = (unsigned char)(expires >> (8 * i) & 0xff);
	}
	random_bytes(to, NONCE);
	to += NONCE;
	rc = crypto_unhex(link->digest, to, CRYPTO_SHA256);
	assert(rc == RC_OK);
	(void)rc;
	to = put_name(to + CRYPTO_SHA256, link->intent_id);
	to = put_name(to, link->person);
	mac_of(keys->key[0], bytes, (size_t)(to - bytes), to);
	n = (size_t)(to - bytes) + CRYPTO_SHA256;

	token = arena_alloc(a, (n * 4 + 2) / 3 + 1);
	crypto_base64url(bytes, n, token);
	crypto_sha256_hex(token, strlen(token), link->hash);
	return token;
}

/* Whether the last bytes are the HMAC of the others under a key of ours. */
static bool
is_ours(const struct magic_link_keys *keys, const unsigned char *bytes,
    size_t n)
{
	size_t signed_n = n - CRYPTO_SHA256;
	unsigned char mac[CRYPTO_SHA256];
	bool ours = false;

	/* Two keys may by chance have one id: try each that has it. */
	for (size_t i = 0; i < ARRAY_LEN(keys->id); i++) {
		if (keys->id[i] == 0 || keys->id[i] != bytes[0]) {
			continue;
		}
		mac_of(keys->key[i], bytes, signed_n, mac);
		ours |= crypto_equal(mac, bytes + signed_n, CRYPTO_SHA256);
	}
	return ours;
}

/* Takes a length and a name off the front of *at; NULL if it is not there. */
static const char *
take_name(struct arena *a, const unsigned char **at, const unsigned char *end)
{
	const unsigned char *name = *at + 1;

	if (*at >= end || **at == 0 || (size_t)(end - name) < **at) {
		return NULL;
	}
	*at = name + name[-1];
	return arena_strndup(a, (const char *)name, name[-1]);
}

static enum rc
refuse(struct fault *f)
{
	return fault_set(f, RC_INVALID, "token",
	    "the link was not made here, or was changed on its way");
}

enum rc
magic_link_read(struct arena *a, const struct magic_link_keys *keys,
    const char *token, long long now_ms, struct magic_link *out,
    struct fault *f)
{
	unsigned char bytes[BYTES_MAX];
	const unsigned char *at = bytes + 1, *end;
	unsigned long long expires = 0;
	char *digest;
	size_t n;

	if (strnlen(token, MAGIC_LINK_TOKEN_MAX + 1) > MAGIC_LINK_TOKEN_MAX ||
	    crypto_unbase64url(token, bytes, sizeof(bytes), &n) != RC_OK ||
	    n < BYTES_MIN || !is_ours(keys, bytes, n)) {
		return refuse(f);
	}
	end = bytes + n - CRYPTO_SHA256;
	for (int i = 0; i < EXPIRY; i++) {
		expires = expires << 8 | *at++;
	}
	at += NONCE;
	digest = arena_alloc(a, CRYPTO_SHA256_HEX);
	crypto_hex(at, CRYPTO_SHA256, digest);
	at += CRYPTO_SHA256;
	*out = (struct magic_link){
	    .digest = digest,
	    .expires_ms = (long long)expires,
	};
	out->intent_id = take_name(a, &at, end);
	out->person = out->intent_id != NULL ? take_name(a, &at, end) : NULL;
	if (out->person == NULL || at != end) {
		return refuse(f);
	}
	crypto_sha256_hex(token, strlen(token), out->hash);
	if (now_ms >= out->expires_ms) {
		return fault_set(f, RC_EXPIRED, "token", "the link is too old");
	}
	return RC_OK;
}

void
magic_link_code(char out[MAGIC_LINK_CODE + 1])
{
	random_code(out, MAGIC_LINK_CODE);
}

static void
code_hash(const unsigned char key[CRYPTO_KEY], const char *link_hash,
    const char *code, char out[CRYPTO_SHA256_HEX])
{
	const struct crypto_part parts[] = {
	    {for_code, sizeof(for_code)},
	    {link_hash, strlen(link_hash) + 1},
	    {code, strlen(code)},
	};
	unsigned char mac[CRYPTO_SHA256];

	crypto_hmac_parts(key, CRYPTO_KEY, parts, ARRAY_LEN(parts), mac);
	crypto_hex(mac, sizeof(mac), out);
}

void
magic_link_code_hash(const struct magic_link_keys *keys, const char *link_hash,
    const char *code, char out[CRYPTO_SHA256_HEX])
{
	code_hash(keys->key[0], link_hash, code, out);
}

bool
magic_link_code_is(const struct magic_link_keys *keys, const char *link_hash,
    const char *code, const char *stored)
{
	char hash[CRYPTO_SHA256_HEX];
	bool is = false;

	if (strlen(stored) != CRYPTO_SHA256_HEX - 1) {
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(keys->id); i++) {
		if (keys->id[i] != 0) {
			code_hash(keys->key[i], link_hash, code, hash);
			is |= crypto_equal(hash, stored, sizeof(hash) - 1);
		}
	}
	return is;
}

/* Blanks and dashes as keyboards, mail programs and word processors put them
 * between the halves of a code. */
static bool
is_gap(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '-' ||
	    c == 0xa0 || (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
}

/* The character of the alphabet that was meant, or NUL. */
static char
meant(int c)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

	if (c >= 'a' && c <= 'z') {
		c -= 'a' - 'A';
	}
	if (c == 'O') {
		return '0';
	}
	if (c == 'I' || c == 'L') {
		return '1';
	}
	if (c <= 0 || c > 0x7e || strchr(alphabet, c) == NULL) {
		return '\0';
	}
	return (char)c;
}

int
magic_link_code_clean(const char *typed, char out[MAGIC_LINK_CODE + 1])
{
	size_t len = strnlen(typed, TYPED_MAX + 1), n, had = 0;

	if (len > TYPED_MAX) {
		return false;
	}
	for (size_t i = 0; i < len; i += n) {
		int c = text_next(typed + i, len - i, &n);
		char m = meant(c);

		if (is_gap(c)) {
			continue;
		}
		if (m == '\0' || had == MAGIC_LINK_CODE) {
			return false;
		}
		out[had++] = m;
	}
	out[had] = '\0';
	return had == MAGIC_LINK_CODE;
}
