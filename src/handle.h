/*
 * handle: what stands in the buttons of a message in a chat. Pure.
 *
 * Says which delivery it was and proves that we made it: the delivery's id and
 * a MAC over it and the digest of the action, so that a made-up one is refused
 * and a real one is good for what was shown and nothing else.
 */
#ifndef HANDLE_H
#define HANDLE_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/crypto.h"
#include "lib/id.h"

enum { HANDLE_MAC = 16 /* bytes of it that are kept */ };

/* The key under which handles are made, and the one before it. */
struct handle_keys {
	unsigned char key[2][CRYPTO_KEY];
	int n;
};

/* Adds a key derived from this master key; the newest comes first. */
void handle_keys_add(struct handle_keys *,
    const unsigned char master[CRYPTO_KEY]);
/* Of at most HANDLE_MAX characters (see channel.h). */
char *handle_make(struct arena *, const struct handle_keys *,
    const char *delivery_id, const char *digest);
/* The delivery that it names, or false: not of this form. */
bool handle_delivery(const char *handle, char out[ID_SIZE]);
/* Whether we made it, for this delivery and digest. Constant time. */
bool handle_is(const struct handle_keys *, const char *handle,
    const char *delivery_id, const char *digest);

#endif
