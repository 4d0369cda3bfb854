/*
 * Hex and base64 of strangers: whatever is taken must be written back as the
 * same text, so that no two texts mean the same bytes.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { TEXT_MAX = 4096 };

static void
must(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void
try_hex(const char *s, size_t len)
{
	unsigned char *out = malloc(len / 2 + 1);
	char back[TEXT_MAX + 1];

	if (crypto_unhex(s, out, len / 2) == RC_OK) {
		crypto_hex(out, len / 2, back);
		must(strcasecmp(back, s) == 0);
	}
	free(out);
}

static void
try_base64(const char *s, size_t len,
    enum rc (*decode)(const char *, void *, size_t, size_t *),
    void (*encode)(const void *, size_t, char *))
{
	size_t max = len / 4 * 3 + 2, n = 0;
	unsigned char *out = malloc(max);
	char back[TEXT_MAX + 8];

	if (decode(s, out, max, &n) == RC_OK) {
		must(n <= max);
		encode(out, n, back);
		must(strcmp(back, s) == 0);
		must(n == 0 || decode(s, out, n - 1, &n) == RC_INVALID);
	}
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char s[TEXT_MAX + 1];

	if (len > TEXT_MAX) {
		return 0;
	}
	if (len > 0) {
		memcpy(s, data, len);
	}
	s[len] = '\0';
	len = strlen(s);
	try_hex(s, len);
	try_base64(s, len, crypto_unbase64url, crypto_base64url);
	try_base64(s, len, crypto_unbase64, crypto_base64);
	return 0;
}
