/*
 * fake_loop: lib/websocket.h without sockets and threads, in a time of its own.
 *
 * Included once by a test program, whose functions come before those of the
 * library. The test is the loop's thread and the far side: it turns the loop,
 * moves the time on, and says what happens to each connection. In the order of
 * their making connections are fake_sockets[0], [1] and so on.
 */
#ifndef TESTS_UNIT_FAKE_LOOP_H
#define TESTS_UNIT_FAKE_LOOP_H

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/rc.h"
#include "lib/websocket.h"

enum {
	FAKE_SOCKETS_MAX = 8192, /* of a test */
	FAKE_JOBS_MAX = 64,
	FAKE_SENT = 32 * 1024
};

struct fake_timer {
	unsigned long long number; /* 0 = none */
	long long at_ms;
	void (*fn)(void *arg);
	void *arg;
};

struct fake_socket {
	struct websocket_call call; /* url is a copy */
	const struct websocket_events *events;
	void *arg;
	bool open;
	bool closing; /* ended by the other side of the header */
	bool ended;
	int code;   /* of our close; 1006 = dropped */
	int sent_n; /* messages */
	char *sent; /* the last one */
};

static bool fake_time_runs; /* else it stands until fake_advance() */
static long long fake_now_ms = 1000000;
static struct fake_timer fake_timers[WEBSOCKET_TIMERS_MAX];
static unsigned long long fake_timer_last;
static struct fake_socket fake_sockets[FAKE_SOCKETS_MAX];
static int fake_sockets_n;
static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t fake_job_came = PTHREAD_COND_INITIALIZER;
static struct {
	void (*fn)(void *arg);
	void *arg;
} fake_jobs[FAKE_JOBS_MAX];
static int fake_jobs_n;	    /* waiting; under the lock */
static bool fake_jobs_full; /* none is taken; under the lock */

/* --- in place of the library ---------------------------------------------- */

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
int
clock_gettime(clockid_t id, struct timespec *t)
{
	if (fake_time_runs || id != CLOCK_MONOTONIC) {
		return (int)syscall(SYS_clock_gettime, id, t);
	}
	t->tv_sec = fake_now_ms / 1000;
	t->tv_nsec = fake_now_ms % 1000 * 1000000;
	return 0;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

enum rc
websocket_loop_run(struct websocket_loop *loop, void (*fn)(void *arg),
    void *arg)
{
	enum rc rc = RC_BUSY;

	(void)loop;
	pthread_mutex_lock(&fake_lock);
	if (!fake_jobs_full) {
		assert(fake_jobs_n < FAKE_JOBS_MAX);
		fake_jobs[fake_jobs_n].fn = fn;
		fake_jobs[fake_jobs_n].arg = arg;
		fake_jobs_n++;
		rc = RC_OK;
	}
	pthread_cond_broadcast(&fake_job_came);
	pthread_mutex_unlock(&fake_lock);
	return rc;
}

unsigned long long
websocket_after(struct websocket_loop *loop, int ms, void (*fn)(void *arg),
    void *arg)
{
	(void)loop;
	assert(ms >= 0);
	for (size_t i = 0; i < WEBSOCKET_TIMERS_MAX; i++) {
		struct fake_timer *t = &fake_timers[i];

		if (t->number == 0) {
			*t = (struct fake_timer){++fake_timer_last,
			    fake_now_ms + ms, fn, arg};
			return t->number;
		}
	}
	abort();
}

void
websocket_cancel(struct websocket_loop *loop, unsigned long long timer)
{
	(void)loop;
	for (size_t i = 0; i < WEBSOCKET_TIMERS_MAX; i++) {
		if (timer != 0 && fake_timers[i].number == timer) {
			fake_timers[i].number = 0;
		}
	}
}

static struct fake_socket *
fake_socket_of(unsigned long long id)
{
	assert(id >= 1 && id <= (unsigned long long)fake_sockets_n);
	return &fake_sockets[id - 1];
}

unsigned long long
websocket_open(struct websocket_loop *loop, const struct websocket_call *call,
    const struct websocket_events *events, void *arg)
{
	struct fake_socket *s = &fake_sockets[fake_sockets_n];

	(void)loop;
	assert(fake_sockets_n < FAKE_SOCKETS_MAX);
	*s = (struct fake_socket){.call = *call, .events = events, .arg = arg};
	s->call.url = mem_strdup(call->url);
	return (unsigned long long)++fake_sockets_n;
}

enum rc
websocket_send(struct websocket_loop *loop, unsigned long long id,
    const char *text, size_t len)
{
	struct fake_socket *s = fake_socket_of(id);

	(void)loop;
	if (!s->open || s->closing || s->ended) {
		return RC_NOT_FOUND;
	}
	free(s->sent);
	s->sent = mem_strndup(text, len);
	s->sent_n++;
	return RC_OK;
}

void
websocket_close(struct websocket_loop *loop, unsigned long long id, int code,
    const char *reason)
{
	struct fake_socket *s = fake_socket_of(id);

	(void)loop;
	(void)reason;
	assert(!s->closing && !s->ended);
	s->closing = true;
	s->code = code;
}

void
websocket_drop(struct websocket_loop *loop, unsigned long long id)
{
	websocket_close(loop, id, 1006, "");
}

/* --- for the test --------------------------------------------------------- */

static void
fake_run_jobs(void)
{
	pthread_mutex_lock(&fake_lock);
	while (fake_jobs_n > 0) {
		void (*fn)(void *arg) = fake_jobs[0].fn;
		void *arg = fake_jobs[0].arg;

		memmove(fake_jobs, fake_jobs + 1,
		    (size_t)--fake_jobs_n * sizeof(fake_jobs[0]));
		pthread_mutex_unlock(&fake_lock);
		fn(arg);
		pthread_mutex_lock(&fake_lock);
	}
	pthread_mutex_unlock(&fake_lock);
}

/* Ends a connection that is not closed by us. */
static void
fake_end(int i, const struct websocket_end *end)
{
	struct fake_socket *s = &fake_sockets[i];
	struct websocket_end with = *end;

	assert(i < fake_sockets_n && !s->ended);
	s->ended = true;
	with.was_open = s->open;
	with.reason = with.reason != NULL ? with.reason : "";
	with.detail = with.detail != NULL ? with.detail : "";
	s->events->ended(s->arg, (unsigned long long)i + 1, &with);
}

/* Ends what we closed. */
static void
fake_end_closed(void)
{
	for (int i = 0; i < fake_sockets_n; i++) {
		const struct fake_socket *s = &fake_sockets[i];

		if (s->closing && !s->ended) {
			fake_end(i, &(struct websocket_end){.code = s->code});
		}
	}
}

static struct fake_timer *
fake_next_timer(void)
{
	struct fake_timer *next = NULL;

	for (size_t i = 0; i < WEBSOCKET_TIMERS_MAX; i++) {
		struct fake_timer *t = &fake_timers[i];

		if (t->number != 0 &&
		    (next == NULL || t->at_ms < next->at_ms)) {
			next = t;
		}
	}
	return next;
}

static void
fake_turn(void)
{
	fake_run_jobs();
	fake_end_closed();
	fake_run_jobs();
}

/* Lets so much time pass, with all that is due in it. */
static void
fake_advance(long long ms)
{
	long long until = fake_now_ms + ms;
	struct fake_timer *t;

	fake_turn();
	while ((t = fake_next_timer()) != NULL && t->at_ms <= until) {
		struct fake_timer due = *t;

		t->number = 0;
		fake_now_ms = due.at_ms > fake_now_ms ? due.at_ms : fake_now_ms;
		due.fn(due.arg);
		fake_turn();
	}
	fake_now_ms = until;
}

static void
fake_opened(int i)
{
	struct fake_socket *s = &fake_sockets[i];

	assert(i < fake_sockets_n && !s->ended && !s->open);
	s->open = true;
	s->events->opened(s->arg, (unsigned long long)i + 1);
}

static void
fake_says(int i, const char *text)
{
	struct fake_socket *s = &fake_sockets[i];

	assert(i < fake_sockets_n && !s->ended && s->open);
	s->events->message(s->arg, (unsigned long long)i + 1, text,
	    strlen(text));
}

static int
fake_timers_n(void)
{
	int n = 0;

	for (size_t i = 0; i < WEBSOCKET_TIMERS_MAX; i++) {
		n += fake_timers[i].number != 0;
	}
	return n;
}

static void
fake_loop_reset(void)
{
	for (int i = 0; i < fake_sockets_n; i++) {
		free(fake_sockets[i].sent);
		mem_drop(&fake_sockets[i].call.url);
	}
	memset(fake_sockets, 0, sizeof(fake_sockets));
	memset(fake_timers, 0, sizeof(fake_timers));
	fake_sockets_n = 0;
	fake_jobs_n = 0;
	fake_jobs_full = false;
	fake_time_runs = false;
}

#endif
