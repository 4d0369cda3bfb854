/*
 * waiters: parked replies that wait for an intent to change.
 *
 * Any thread may wake; a parked reply also wakes when its deadline comes.
 */
#ifndef WAITERS_H
#define WAITERS_H

#include "lib/http_server.h"
#include "lib/rc.h"

enum { WAITERS_MAX = 20000 };

struct waiters; /* opaque: fields live in waiters.c */

struct waiters *waiters_new(void);
/* Nobody may wait any more. NULL is fine. */
void waiters_free(struct waiters *);
/*
 * The parked request waits for this intent, until deadline_ms (monotonic).
 * RC_BUSY: too many wait already.
 */
enum rc waiters_add(struct waiters *, struct http_server *,
    const char *intent_id, struct http_handle, long long deadline_ms)
    MUST_CHECK;
/* Resumes all that wait for this intent. */
void waiters_changed(struct waiters *, const char *intent_id);
/* Resumes those whose deadline has come. Call often. */
void waiters_tick(struct waiters *, long long mono_ms);

/*
 * A number that changes whenever an intent of the same shard does: who keeps
 * something made from an intent reads it before, and compares afterwards.
 */
unsigned long waiters_epoch(const struct waiters *, const char *intent_id);

#endif
