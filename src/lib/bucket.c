#include "lib/bucket.h"

#include <limits.h>

/* Moves the windows on, so that mono_ms lies in the current one. */
static void
advance(struct bucket *b, int window_ms, long long mono_ms)
{
	long long elapsed = mono_ms - b->window_start_ms;

	if (elapsed < window_ms) {
		return;
	}
	if (elapsed < 2LL * window_ms) {
		b->before = b->count;
		b->window_start_ms += window_ms;
	} else {
		b->before = 0;
		b->window_start_ms = mono_ms;
	}
	b->count = 0;
}

/* Events that count now. Rounds up: in doubt there was one more. */
static long long
used(const struct bucket *b, int window_ms, long long elapsed)
{
	long long part = b->before * (window_ms - elapsed);

	return b->count + (part + window_ms - 1) / window_ms;
}

/*
 * The time after which `events` of the window before weigh at most `room`,
 * counted from the start of the current window.
 */
static long long
fades_at(long long events, long long room, int window_ms)
{
	return events <= room ? 0 : window_ms - room * window_ms / events;
}

/* How long until one more event is allowed. */
static long long
wait_ms(const struct bucket *b, int limit, int window_ms, long long elapsed)
{
	if (b->count >= limit) {
		return window_ms - elapsed +
		    fades_at(b->count, limit - 1, window_ms);
	}
	return fades_at(b->before, limit - 1 - b->count, window_ms) - elapsed;
}

/* How long until nothing of what was counted weighs any more. */
static long long
empty_ms(const struct bucket *b, int window_ms, long long elapsed)
{
	if (b->count > 0) {
		return 2LL * window_ms - elapsed;
	}
	return b->before > 0 ? window_ms - elapsed : 0;
}

static int
whole_seconds(long long ms)
{
	return (int)((ms + 999) / 1000);
}

struct bucket_answer
bucket_take(struct bucket *b, int limit, int window_ms, long long mono_ms)
{
	struct bucket_answer a = {.allowed = true, .remaining = INT_MAX};
	long long elapsed, left;

	if (limit <= 0) {
		return a;
	}
	advance(b, window_ms, mono_ms);
	elapsed = mono_ms - b->window_start_ms;
	if (elapsed < 0) {
		elapsed = 0;
	}
	left = limit - used(b, window_ms, elapsed);
	a.allowed = left > 0;
	if (a.allowed) {
		b->count++;
		left--;
	} else {
		a.retry_s =
		    whole_seconds(wait_ms(b, limit, window_ms, elapsed));
	}
	a.limit = limit;
	a.remaining = left > 0 ? (int)left : 0;
	a.reset_s = whole_seconds(empty_ms(b, window_ms, elapsed));
	return a;
}
