/*
 * backoff: how long to wait before trying again.
 */
#ifndef LIB_BACKOFF_H
#define LIB_BACKOFF_H

struct backoff {
	int first_ms; /* wait after the first failure */
	int max_ms;   /* never longer */
	int jitter;   /* per cent of the wait that is random, 0 to 100 */
};

/*
 * The wait after `attempts` failures (1 = the first): doubles each time up to
 * max_ms, then takes off a random part of at most `jitter` per cent.
 */
int backoff_ms(const struct backoff *, int attempts);

#endif
