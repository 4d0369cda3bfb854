#include "lib/queue.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "lib/mem.h"

struct queue {
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t more;  /* a value, a wake or the close has come */
	void **ring;	      /* max slots */
	size_t max;
	size_t head; /* slot of the oldest value */
	size_t len;
	bool woken; /* a wake nobody has returned for */
	bool closed;
};

static struct timespec
deadline_in(int wait_ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += wait_ms / 1000;
	t.tv_nsec += wait_ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

/* Waits under the lock until there is a reason to return. */
static void
await(struct queue *q, int wait_ms)
{
	struct timespec deadline = {0};
	int err = 0;

	if (wait_ms > 0) {
		deadline = deadline_in(wait_ms);
	}
	while (q->len == 0 && !q->woken && !q->closed && err != ETIMEDOUT &&
	    wait_ms != 0) {
		err = wait_ms < 0
		    ? pthread_cond_wait(&q->more, &q->lock)
		    : pthread_cond_timedwait(&q->more, &q->lock, &deadline);
		assert(err == 0 || err == ETIMEDOUT);
	}
}

struct queue *
queue_new(size_t max)
{
	struct queue *q = mem_new(1, sizeof(*q));
	pthread_condattr_t attr;

	assert(max > 0);
	q->ring = mem_new(max, sizeof(*q->ring));
	q->max = max;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->more, &attr);
	pthread_condattr_destroy(&attr);
	return q;
}

void
queue_free(struct queue *q)
{
	if (q == NULL) {
		return;
	}
	pthread_cond_destroy(&q->more);
	pthread_mutex_destroy(&q->lock);
	free(q->ring);
	free(q);
}

enum rc
queue_push(struct queue *q, void *value)
{
	enum rc rc = RC_BUSY;

	pthread_mutex_lock(&q->lock);
	if (!q->closed && q->len < q->max) {
		q->ring[(q->head + q->len) % q->max] = value;
		q->len++;
		pthread_cond_signal(&q->more);
		rc = RC_OK;
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

size_t
queue_pop(struct queue *q, void **out, size_t n, int wait_ms)
{
	size_t i;

	pthread_mutex_lock(&q->lock);
	await(q, wait_ms);
	for (i = 0; i < n && q->len > 0; i++) {
		out[i] = q->ring[q->head];
		q->head = (q->head + 1) % q->max;
		q->len--;
	}
	/* The caller is awake now, with or without values. */
	q->woken = false;
	pthread_mutex_unlock(&q->lock);
	return i;
}

void
queue_wake(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->woken = true;
	pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->lock);
}

void
queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->lock);
}

bool
queue_closed(struct queue *q)
{
	bool closed;

	pthread_mutex_lock(&q->lock);
	closed = q->closed;
	pthread_mutex_unlock(&q->lock);
	return closed;
}

size_t
queue_len(struct queue *q)
{
	size_t len;

	pthread_mutex_lock(&q->lock);
	len = q->len;
	pthread_mutex_unlock(&q->lock);
	return len;
}
