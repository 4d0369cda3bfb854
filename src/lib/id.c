#include "lib/id.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/random.h"

enum { DIGITS = 16, COUNT_BITS = 20, TIME_BITS = 44 };

/* The number in DIGITS lower-case hex digits, which all of s must be. */
static enum rc
number_of(const char *s, unsigned long long *out)
{
	static const char digits[] = "0123456789abcdef";
	unsigned long long n = 0;
	size_t i;

	for (i = 0; i < DIGITS; i++) {
		const char *d = s[i] != '\0' ? strchr(digits, s[i]) : NULL;

		if (d == NULL) {
			return RC_INVALID;
		}
		n = n << 4 | (unsigned long long)(d - digits);
	}
	if (s[DIGITS] != '\0') {
		return RC_INVALID;
	}
	*out = n;
	return RC_OK;
}

void
id_next(struct id_source *src, long long now_ms, const char *prefix,
    char out[ID_SIZE])
{
	unsigned long long now = (unsigned long long)now_ms;

	assert(now_ms >= 0 && now >> TIME_BITS == 0);
	assert(strlen(prefix) + DIGITS < ID_SIZE);
	if (now > src->last >> COUNT_BITS) {
		src->last = now << COUNT_BITS | random_below(1U << COUNT_BITS);
	} else {
		src->last++;
	}
	snprintf(out, ID_SIZE, "%s%016llx", prefix, src->last);
}

void
id_seen(struct id_source *src, const char *id)
{
	size_t len = strlen(id);
	unsigned long long n;

	if (len >= DIGITS && number_of(id + len - DIGITS, &n) == RC_OK &&
	    n > src->last) {
		src->last = n;
	}
}

int
id_is(const char *id, const char *prefix)
{
	size_t len = strlen(prefix);
	unsigned long long n;

	return strncmp(id, prefix, len) == 0 &&
	    number_of(id + len, &n) == RC_OK;
}
