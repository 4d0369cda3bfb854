#include "lib/backoff.h"

#include "lib/random.h"

int
backoff_ms(const struct backoff *b, int attempts)
{
	long long wait = b->first_ms;
	long long off;
	int i;

	if (attempts < 1) {
		return 0;
	}
	for (i = 1; i < attempts && wait < b->max_ms && wait > 0; i++) {
		wait *= 2;
	}
	if (wait > b->max_ms) {
		wait = b->max_ms;
	}
	off = wait * b->jitter / 100;
	if (off > 0) {
		wait -= random_below((unsigned)off + 1);
	}
	return (int)wait;
}
