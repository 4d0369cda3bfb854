/*
 * bucket: a sliding-window limit on how often something happens.
 *
 * Counts two neighbouring fixed windows and weighs the older by its overlap,
 * which bounds any window to the limit within the usual approximation and
 * costs 16 bytes a key. Pure: the caller brings the clock.
 */
#ifndef LIB_BUCKET_H
#define LIB_BUCKET_H

#include <stdbool.h>

struct bucket {
	long long window_start_ms; /* monotonic; start of the current window */
	int count;		   /* events in the current window */
	int before;		   /* events in the window before */
};

struct bucket_answer {
	bool allowed;
	int limit;
	int remaining; /* events still allowed now, at least 0 */
	int reset_s;   /* seconds until the window is empty again, rounded up */
	int retry_s;   /* seconds until one more is allowed; 0 when it was */
};

/*
 * Counts one event if the limit of `limit` per `window_ms` allows it. A limit
 * of 0 or less means unlimited and changes nothing; the answer then has limit
 * 0 and remaining INT_MAX. A bucket starts as zeroes.
 */
struct bucket_answer bucket_take(struct bucket *, int limit, int window_ms,
    long long mono_ms);

#endif
