#include "handle.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { ID_CHARS = 20, /* "del_" and 16 digits */ };

void
handle_keys_add(struct handle_keys *keys,
    const unsigned char master[CRYPTO_KEY])
{
	assert(keys->n < 2);
	crypto_derive(master, "assent button 1", keys->key[keys->n++]);
}

static void
write_handle(const unsigned char key[CRYPTO_KEY], const char *delivery_id,
    const char *digest, char *out, size_t size)
{
	const struct crypto_part parts[] = {
	    {delivery_id, strlen(delivery_id) + 1},
	    {digest, strlen(digest)},
	};
	unsigned char mac[CRYPTO_SHA256];
	char text[(HANDLE_MAC * 4 + 2) / 3 + 1];

	crypto_hmac_parts(key, CRYPTO_KEY, parts, 2, mac);
	crypto_base64url(mac, HANDLE_MAC, text);
	(void)snprintf(out, size, "%s.%s", delivery_id, text);
}

enum { HANDLE_SIZE = ID_SIZE + 1 + (HANDLE_MAC * 4 + 2) / 3 + 1 };

char *
handle_make(struct arena *a, const struct handle_keys *keys,
    const char *delivery_id, const char *digest)
{
	char *out = arena_alloc(a, HANDLE_SIZE);

	assert(keys->n > 0);
	write_handle(keys->key[0], delivery_id, digest, out, HANDLE_SIZE);
	return out;
}

bool
handle_delivery(const char *handle, char out[ID_SIZE])
{
	const char *dot = strchr(handle, '.');

	if (dot == NULL || dot - handle != ID_CHARS) {
		return false;
	}
	memcpy(out, handle, ID_CHARS);
	out[ID_CHARS] = '\0';
	return id_is(out, "del_") != 0;
}

bool
handle_is(const struct handle_keys *keys, const char *handle,
    const char *delivery_id, const char *digest)
{
	bool is = false;

	for (int i = 0; i < keys->n; i++) {
		char made[HANDLE_SIZE] = {0}, given[HANDLE_SIZE] = {0};

		write_handle(keys->key[i], delivery_id, digest, made,
		    sizeof(made));
		(void)snprintf(given, sizeof(given), "%s", handle);
		is |= strlen(handle) < sizeof(given) &&
		    crypto_equal(made, given, sizeof(made));
	}
	return is;
}
