#include "lib/crypto.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/random.h"

enum { SEAL_VERSION = 1 };

/*
 * Asking OpenSSL 3 for an algorithm by name costs more than using it, so each
 * is fetched once for the process. They are constants from then on.
 */
static struct {
	pthread_once_t once;
	pthread_key_t thread; /* of struct contexts */
	EVP_MD *sha256;
	EVP_MAC *hmac;
	EVP_CIPHER *aes;
	EVP_KDF *hkdf;
} algorithms = {.once = PTHREAD_ONCE_INIT};

/*
 * A context costs more to make than to restart, so each thread keeps one of
 * each kind until it ends. They hold the last key that they were used with;
 * freeing wipes it.
 */
struct contexts {
	EVP_MD_CTX *sha256;
	EVP_MAC_CTX *hmac;
	EVP_CIPHER_CTX *seal;
	EVP_CIPHER_CTX *open;
};

/*
 * None of these calls depends on foreign input: a failure is a broken
 * installation, and there is no safe way on without digests.
 */
static void
must(bool ok, const char *what)
{
	if (!ok) {
		log_error("crypto failed call=%s", what);
		abort();
	}
}

static void
contexts_free(void *arg)
{
	struct contexts *c = arg;

	EVP_MD_CTX_free(c->sha256);
	EVP_MAC_CTX_free(c->hmac);
	EVP_CIPHER_CTX_free(c->seal);
	EVP_CIPHER_CTX_free(c->open);
	free(c);
}

static void
algorithms_fetch(void)
{
	must(pthread_key_create(&algorithms.thread, contexts_free) == 0,
	    "pthread_key_create");
	algorithms.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	algorithms.hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	algorithms.aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	algorithms.hkdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
	must(algorithms.sha256 != NULL && algorithms.hmac != NULL &&
		algorithms.aes != NULL && algorithms.hkdf != NULL,
	    "fetch");
}

static struct contexts *
contexts_new(void)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest,
		sizeof(digest) - 1),
	    OSSL_PARAM_construct_end(),
	};
	struct contexts *c = mem_new(1, sizeof(*c));

	c->sha256 = EVP_MD_CTX_new();
	c->hmac = EVP_MAC_CTX_new(algorithms.hmac);
	c->seal = EVP_CIPHER_CTX_new();
	c->open = EVP_CIPHER_CTX_new();
	must(c->sha256 != NULL && c->hmac != NULL && c->seal != NULL &&
		c->open != NULL,
	    "ctx_new");
	must(EVP_DigestInit_ex2(c->sha256, algorithms.sha256, NULL) == 1 &&
		EVP_MAC_CTX_set_params(c->hmac, params) == 1 &&
		EVP_EncryptInit_ex2(c->seal, algorithms.aes, NULL, NULL,
		    NULL) == 1 &&
		EVP_DecryptInit_ex2(c->open, algorithms.aes, NULL, NULL,
		    NULL) == 1,
	    "ctx_init");
	return c;
}

static struct contexts *
contexts_get(void)
{
	struct contexts *c;

	must(pthread_once(&algorithms.once, algorithms_fetch) == 0,
	    "pthread_once");
	c = pthread_getspecific(algorithms.thread);
	if (c == NULL) {
		c = contexts_new();
		must(pthread_setspecific(algorithms.thread, c) == 0,
		    "pthread_setspecific");
	}
	return c;
}

void
crypto_sha256_parts(const struct crypto_part *parts, size_t n,
    unsigned char out[CRYPTO_SHA256])
{
	EVP_MD_CTX *ctx = contexts_get()->sha256;

	must(EVP_DigestInit_ex2(ctx, NULL, NULL) == 1, "DigestInit");
	for (size_t i = 0; i < n; i++) {
		must(EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) == 1,
		    "DigestUpdate");
	}
	must(EVP_DigestFinal_ex(ctx, out, NULL) == 1, "DigestFinal");
}

void
crypto_sha256(const void *p, size_t n, unsigned char out[CRYPTO_SHA256])
{
	struct crypto_part part = {p, n};

	crypto_sha256_parts(&part, 1, out);
}

void
crypto_sha256_hex(const void *p, size_t n, char out[CRYPTO_SHA256_HEX])
{
	unsigned char digest[CRYPTO_SHA256];

	crypto_sha256(p, n, digest);
	crypto_hex(digest, sizeof(digest), out);
}

void
crypto_hmac_parts(const void *key, size_t key_len,
    const struct crypto_part *parts, size_t n, unsigned char out[CRYPTO_SHA256])
{
	EVP_MAC_CTX *ctx = contexts_get()->hmac;
	size_t len = 0;

	/* A NULL key would mean the one of the last call. */
	if (key == NULL) {
		assert(key_len == 0);
		key = "";
	}
	must(EVP_MAC_init(ctx, key, key_len, NULL) == 1, "MAC_init");
	for (size_t i = 0; i < n; i++) {
		must(EVP_MAC_update(ctx, parts[i].data, parts[i].len) == 1,
		    "MAC_update");
	}
	must(EVP_MAC_final(ctx, out, &len, CRYPTO_SHA256) == 1, "MAC_final");
	assert(len == CRYPTO_SHA256);
}

void
crypto_hmac_hex(const void *key, size_t key_len, const void *p, size_t n,
    char out[CRYPTO_SHA256_HEX])
{
	struct crypto_part part = {p, n};
	unsigned char mac[CRYPTO_SHA256];

	crypto_hmac_parts(key, key_len, &part, 1, mac);
	crypto_hex(mac, sizeof(mac), out);
}

void
crypto_derive(const unsigned char master[CRYPTO_KEY], const char *purpose,
    unsigned char out[CRYPTO_KEY])
{
	char digest[] = "SHA256";
	unsigned char key[CRYPTO_KEY];
	OSSL_PARAM params[4];
	EVP_KDF_CTX *ctx;
	char *info = mem_strdup(purpose); /* OSSL_PARAM wants it writable */

	(void)contexts_get();
	memcpy(key, master, sizeof(key));
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
	    digest, sizeof(digest) - 1);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key,
	    sizeof(key));
	params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info,
	    strlen(info));
	params[3] = OSSL_PARAM_construct_end();
	ctx = EVP_KDF_CTX_new(algorithms.hkdf);
	must(ctx != NULL && EVP_KDF_derive(ctx, out, CRYPTO_KEY, params) == 1,
	    "KDF_derive");
	EVP_KDF_CTX_free(ctx);
	crypto_wipe(key, sizeof(key));
	free(info);
}

void
crypto_seal(const unsigned char key[CRYPTO_KEY], const char *aad,
    const void *plain, size_t n, unsigned char *out)
{
	EVP_CIPHER_CTX *ctx = contexts_get()->seal;
	unsigned char *iv = out + 1, *text = iv + CRYPTO_IV, *tag = text + n;
	size_t aad_len = strlen(aad);
	int len = 0;

	assert(n <= INT_MAX && aad_len <= INT_MAX);
	out[0] = SEAL_VERSION;
	random_bytes(iv, CRYPTO_IV);
	must(EVP_EncryptInit_ex2(ctx, NULL, key, iv, NULL) == 1 &&
		EVP_EncryptUpdate(ctx, NULL, &len, (const void *)aad,
		    (int)aad_len) == 1,
	    "EncryptInit");
	if (n > 0) {
		must(EVP_EncryptUpdate(ctx, text, &len, plain, (int)n) == 1 &&
			(size_t)len == n,
		    "EncryptUpdate");
	}
	must(EVP_EncryptFinal_ex(ctx, tag, &len) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_TAG,
		    tag) == 1,
	    "EncryptFinal");
}

enum rc
crypto_open(const unsigned char key[CRYPTO_KEY], const char *aad,
    const void *sealed, size_t n, unsigned char *out)
{
	const unsigned char *in = sealed;
	EVP_CIPHER_CTX *ctx = contexts_get()->open;
	size_t aad_len = strlen(aad), plain_len;
	unsigned char tag[CRYPTO_TAG], none[1];
	int len = 0;
	bool ok;

	if (n < CRYPTO_SEAL_MORE || n > INT_MAX || aad_len > INT_MAX) {
		return RC_INVALID;
	}
	plain_len = n - CRYPTO_SEAL_MORE;
	memcpy(tag, in + n - CRYPTO_TAG, CRYPTO_TAG);
	must(EVP_DecryptInit_ex2(ctx, NULL, key, in + 1, NULL) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_TAG,
		    tag) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &len, (const void *)aad,
		    (int)aad_len) == 1,
	    "DecryptInit");
	ok = in[0] == SEAL_VERSION &&
	    (plain_len == 0 ||
		EVP_DecryptUpdate(ctx, out, &len, in + 1 + CRYPTO_IV,
		    (int)plain_len) == 1) &&
	    EVP_DecryptFinal_ex(ctx, none, &len) == 1;
	if (!ok) {
		if (plain_len > 0) {
			memset(out, 0, plain_len);
		}
		return RC_INVALID;
	}
	return RC_OK;
}

bool
crypto_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void
crypto_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

void
crypto_hex(const void *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = p;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
	out[2 * n] = '\0';
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

enum rc
crypto_unhex(const char *s, void *out, size_t n)
{
	unsigned char *to = out;

	if (strnlen(s, 2 * n + 1) != 2 * n) {
		return RC_INVALID;
	}
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(s[2 * i]), low = hex_value(s[2 * i + 1]);

		if (high < 0 || low < 0) {
			return RC_INVALID;
		}
		to[i] = (unsigned char)(high << 4 | low);
	}
	return RC_OK;
}

#define BASE64_COMMON \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const char base64_standard[] = BASE64_COMMON "+/";
static const char base64_url[] = BASE64_COMMON "-_";

/* Writes the characters that carry bits, and NUL; returns how many. */
static size_t
base64_encode(const void *p, size_t n, const char *alphabet, char *out)
{
	const unsigned char *in = p;
	unsigned held = 0; /* bits not written yet, in the low end */
	int bits = 0;	   /* how many */
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		held = (held << 8 | in[i]) & 0xffff;
		for (bits += 8; bits >= 6; bits -= 6) {
			out[len++] = alphabet[held >> (bits - 6) & 63];
		}
	}
	if (bits > 0) {
		out[len++] = alphabet[held << (6 - bits) & 63];
	}
	out[len] = '\0';
	return len;
}

/* Reads len characters that carry bits. */
static enum rc
base64_decode(const char *s, size_t len, const char *alphabet, void *out,
    size_t max, size_t *out_len)
{
	unsigned char *to = out;
	unsigned held = 0;
	int bits = 0;
	size_t n = 0;

	if (len % 4 == 1) {
		return RC_INVALID;
	}
	for (size_t i = 0; i < len; i++) {
		const char *at = memchr(alphabet, s[i], 64);

		if (at == NULL) {
			return RC_INVALID;
		}
		held = (held << 6 | (unsigned)(at - alphabet)) & 0xffff;
		bits += 6;
		if (bits < 8) {
			continue;
		}
		if (n == max) {
			return RC_INVALID;
		}
		bits -= 8;
		to[n++] = (unsigned char)(held >> bits & 0xff);
	}
	/* RFC 4648 3.5: bits left over must be zero, or two texts mean one. */
	if ((held & ((1U << bits) - 1)) != 0) {
		return RC_INVALID;
	}
	*out_len = n;
	return RC_OK;
}

void
crypto_base64url(const void *p, size_t n, char *out)
{
	(void)base64_encode(p, n, base64_url, out);
}

enum rc
crypto_unbase64url(const char *s, void *out, size_t max, size_t *out_len)
{
	return base64_decode(s, strlen(s), base64_url, out, max, out_len);
}

void
crypto_base64(const void *p, size_t n, char *out)
{
	size_t len = base64_encode(p, n, base64_standard, out);

	while (len % 4 != 0) {
		out[len++] = '=';
	}
	out[len] = '\0';
}

enum rc
crypto_unbase64(const char *s, void *out, size_t max, size_t *out_len)
{
	size_t len = strlen(s);

	if (len % 4 != 0) {
		return RC_INVALID;
	}
	for (int i = 0; i < 2 && len > 0 && s[len - 1] == '='; i++) {
		len--;
	}
	return base64_decode(s, len, base64_standard, out, max, out_len);
}
