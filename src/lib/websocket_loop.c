#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/websocket_impl.h"

enum { JOBS_TURN_MAX = 64 }; /* then the wire has its turn again */

struct job {
	void (*fn)(void *arg);
	void *arg;
};

void
loop_assert_here(const struct websocket_loop *loop)
{
	assert(pthread_equal(loop->thread, pthread_self()));
}

unsigned long long
loop_number(struct websocket_loop *loop)
{
	return ++loop->last_number;
}

/* The lock is held. One wake-up is enough until the loop has seen it. */
static void
wake_locked(struct websocket_loop *loop)
{
	if (loop->woken) {
		return;
	}
	loop->woken = true;
	wire_wake(loop->wire);
}

static void
wake(void *arg)
{
	struct websocket_loop *loop = arg;

	pthread_mutex_lock(&loop->lock);
	wake_locked(loop);
	pthread_mutex_unlock(&loop->lock);
}

static void
run_jobs(struct websocket_loop *loop)
{
	void *jobs[JOBS_TURN_MAX];
	size_t n = queue_pop(loop->jobs, jobs, JOBS_TURN_MAX, 0);

	for (size_t i = 0; i < n; i++) {
		struct job job = *(struct job *)jobs[i];

		free(jobs[i]);
		job.fn(job.arg);
	}
	loop->again = loop->again || queue_len(loop->jobs) > 0;
}

/* The one to run next of those set before `number`, or NULL. */
static struct timer *
first_timer(struct websocket_loop *loop, unsigned long long number)
{
	struct timer *first = NULL;

	for (size_t i = 0; i < WEBSOCKET_TIMERS_MAX; i++) {
		struct timer *t = &loop->timers[i];

		if (t->number == 0 || t->number > number) {
			continue;
		}
		if (first == NULL || t->due_us < first->due_us ||
		    (t->due_us == first->due_us && t->number < first->number)) {
			first = t;
		}
	}
	return first;
}

/* One that a timer sets waits for the next turn, also when it is due. */
static void
run_timers(struct websocket_loop *loop)
{
	unsigned long long number = loop->last_number;
	long long now_us = clock_mono_us();
	struct timer *t;

	while ((t = first_timer(loop, number)) != NULL && t->due_us <= now_us) {
		struct timer due = *t;

		t->number = 0;
		due.fn(due.arg);
	}
}

static long long
next_turn_us(struct websocket_loop *loop)
{
	const struct timer *t = first_timer(loop, loop->last_number);
	long long due_us = connections_due_us(loop);

	if (loop->again) {
		return 0;
	}
	return t != NULL && t->due_us < due_us ? t->due_us : due_us;
}

/* False when the loop is to end. */
static bool
take_turn(struct websocket_loop *loop)
{
	bool stopping;

	wire_work(loop->wire, next_turn_us(loop));
	loop->again = false;
	pthread_mutex_lock(&loop->lock);
	loop->woken = false;
	stopping = loop->stopping;
	pthread_mutex_unlock(&loop->lock);
	if (stopping) {
		return false;
	}
	run_jobs(loop);
	run_timers(loop);
	connections_turn(loop);
	return true;
}

static void *
run(void *arg)
{
	struct websocket_loop *loop = arg;

	/* Whoever started us has set `thread` before it lets go. */
	pthread_mutex_lock(&loop->lock);
	pthread_mutex_unlock(&loop->lock);
	while (take_turn(loop)) {
	}
	loop->ending = true;
	while (queue_len(loop->jobs) > 0) {
		run_jobs(loop);
	}
	connections_end(loop);
	return NULL;
}

/* The lock is held. Signals are for the main thread, SIGPIPE for nobody. */
static enum rc
start_locked(struct websocket_loop *loop)
{
	sigset_t all, old;
	int err;

	if (loop->started) {
		return RC_OK;
	}
	loop->wire = wire_new(loop, loop->ca_file);
	if (loop->wire == NULL) {
		log_error("chat libwebsockets does not start");
		return RC_BUSY;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&loop->thread, NULL, run, loop);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err != 0) {
		log_error("chat has no thread: %s", strerror(err));
		wire_free(loop->wire);
		loop->wire = NULL;
		return RC_BUSY;
	}
	loop->started = true;
	return RC_OK;
}

enum rc
websocket_loop_new(const struct websocket_loop_options *options,
    struct websocket_loop **out, struct fault *f)
{
	struct websocket_loop *loop;

	*out = NULL;
	if (options->ca_file != NULL && access(options->ca_file, R_OK) != 0) {
		return fault_set(f, RC_INVALID, "ca_file", "%s: %s",
		    options->ca_file, strerror(errno));
	}
	loop = mem_new(1, sizeof(*loop));
	loop->ca_file = mem_strdup(options->ca_file);
	loop->jobs = queue_new(WEBSOCKET_JOBS_MAX);
	loop->resolver = resolver_new(wake, loop);
	pthread_mutex_init(&loop->lock, NULL);
	*out = loop;
	return RC_OK;
}

void
websocket_loop_free(struct websocket_loop *loop)
{
	if (loop == NULL) {
		return;
	}
	pthread_mutex_lock(&loop->lock);
	loop->stopping = true;
	queue_close(loop->jobs);
	if (loop->started) {
		wake_locked(loop);
	}
	pthread_mutex_unlock(&loop->lock);
	if (loop->started) {
		assert(!pthread_equal(loop->thread, pthread_self()));
		pthread_join(loop->thread, NULL);
	}
	resolver_free(loop->resolver); /* it may wake the wire until here */
	wire_free(loop->wire);
	queue_free(loop->jobs);
	pthread_mutex_destroy(&loop->lock);
	free(loop->ca_file);
	free(loop);
}

enum rc
websocket_loop_run(struct websocket_loop *loop, void (*fn)(void *arg),
    void *arg)
{
	struct job *job = mem_new(1, sizeof(*job));
	enum rc rc = RC_BUSY;

	*job = (struct job){.fn = fn, .arg = arg};
	pthread_mutex_lock(&loop->lock);
	if (!loop->stopping) {
		rc = start_locked(loop);
	}
	if (rc == RC_OK) {
		rc = queue_push(loop->jobs, job);
	}
	if (rc == RC_OK) {
		wake_locked(loop);
	}
	pthread_mutex_unlock(&loop->lock);
	if (rc != RC_OK) {
		free(job);
	}
	return rc;
}

unsigned long long
websocket_after(struct websocket_loop *loop, int ms, void (*fn)(void *arg),
    void *arg)
{
	struct timer *t = loop->timers;

	loop_assert_here(loop);
	while (t->number != 0) {
		t++;
		assert(t < loop->timers + WEBSOCKET_TIMERS_MAX);
	}
	*t = (struct timer){
	    .number = loop_number(loop),
	    .due_us = clock_mono_us() + ms * 1000LL,
	    .fn = fn,
	    .arg = arg,
	};
	return t->number;
}

void
websocket_cancel(struct websocket_loop *loop, unsigned long long timer)
{
	loop_assert_here(loop);
	for (size_t i = 0; timer != 0 && i < WEBSOCKET_TIMERS_MAX; i++) {
		if (loop->timers[i].number == timer) {
			loop->timers[i].number = 0;
		}
	}
}
