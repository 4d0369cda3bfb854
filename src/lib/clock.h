/*
 * clock: the time, in milliseconds.
 *
 * Wall time is what is stored and shown; monotonic time measures waits and
 * rates, so that a clock that jumps cannot fire or hold a timer.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stddef.h>

#include "lib/rc.h"

enum { CLOCK_ISO_SIZE = 32 };

/* Milliseconds since 1970-01-01 UTC. */
long long clock_now_ms(void);
/* Milliseconds since an arbitrary start; never goes back. */
long long clock_mono_ms(void);
/* Microseconds of the same clock, for measuring. */
long long clock_mono_us(void);
/*
 * ISO 8601 UTC with milliseconds and "Z" (RFC 3339), as 24 characters for
 * the years 0 to 9999. `out` has CLOCK_ISO_SIZE bytes. Returns out.
 */
char *clock_iso(long long ms, char *out);
/* Reads RFC 3339 (with or without fraction; Z or offset). */
enum rc clock_parse_iso(const char *s, long long *out_ms) MUST_CHECK;
/* RFC 5322 date in UTC, for mail. `out` has at least 40 bytes. */
char *clock_mail_date(long long ms, char *out);

#endif
