#include "lib/random.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

#include "lib/log.h"

void
random_bytes(void *p, size_t n)
{
	unsigned char *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno != EINTR) {
			log_error("random: getrandom: %m");
			abort();
		}
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
}

unsigned
random_below(unsigned n)
{
	unsigned x, skip;

	assert(n >= 1);
	/* The lowest 2^32 mod n values would come once too often. */
	skip = (UINT_MAX - n + 1) % n;
	do {
		random_bytes(&x, sizeof(x));
	} while (x < skip);
	return x % n;
}

void
random_hex(char *out, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char byte;
	size_t i;

	/* Backwards from the upper half, so that no second buffer is needed. */
	random_bytes(out + n, n);
	for (i = 0; i < n; i++) {
		byte = (unsigned char)out[n + i];
		out[2 * i] = digits[byte >> 4];
		out[2 * i + 1] = digits[byte & 15];
	}
	out[2 * n] = '\0';
}

void
random_code(char *out, size_t n)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	size_t i;

	random_bytes(out, n);
	for (i = 0; i < n; i++) {
		out[i] = alphabet[out[i] & 31];
	}
	out[n] = '\0';
}
