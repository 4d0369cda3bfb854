/*
 * queue: a bounded hand-over of values between threads.
 *
 * Any thread may push; one thread pops. Values are pointers whose ownership
 * goes over with them.
 */
#ifndef LIB_QUEUE_H
#define LIB_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/rc.h"

struct queue; /* opaque: fields live in queue.c */

/* A queue of at most `max` values. */
struct queue *queue_new(size_t max);
/* The queue must be empty or its values owned elsewhere. NULL is fine. */
void queue_free(struct queue *);
/* RC_BUSY when it is full or closed; the caller then still owns the value. */
enum rc queue_push(struct queue *, void *value) MUST_CHECK;
/*
 * Takes up to n values into out and returns how many. Waits for at most
 * wait_ms (monotonic; -1 = until one comes) for the first; 0 = do not wait.
 * Returns 0 on time-out, after queue_wake(), and when closed and empty.
 */
size_t queue_pop(struct queue *, void **out, size_t n, int wait_ms);
/* Ends the wait of the thread that pops, once, without a value. */
void queue_wake(struct queue *);
/* Refuses further values; what is in it can still be popped. */
void queue_close(struct queue *);
bool queue_closed(struct queue *);
size_t queue_len(struct queue *);

#endif
