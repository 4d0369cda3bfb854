#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/queue.h"

enum { PUSHERS = 4, EACH = 20000 };

static int values[8];

static void
values_come_out_as_they_went_in(void **state)
{
	struct queue *q = queue_new(3);
	void *out[4];

	(void)state;
	/* More than fits in all, so that the ring turns. */
	for (int round = 0; round < 5; round++) {
		assert_int_equal(queue_push(q, &values[0]), RC_OK);
		assert_int_equal(queue_push(q, &values[1]), RC_OK);
		assert_int_equal(queue_len(q), 2);
		assert_int_equal(queue_pop(q, out, 1, 0), 1);
		assert_ptr_equal(out[0], &values[0]);
		assert_int_equal(queue_push(q, &values[2]), RC_OK);
		assert_int_equal(queue_pop(q, out, 4, -1), 2);
		assert_ptr_equal(out[0], &values[1]);
		assert_ptr_equal(out[1], &values[2]);
		assert_int_equal(queue_len(q), 0);
	}
	queue_free(q);
	queue_free(NULL);
}

static void
a_full_queue_refuses(void **state)
{
	struct queue *q = queue_new(2);
	void *out[1];

	(void)state;
	assert_int_equal(queue_push(q, &values[0]), RC_OK);
	assert_int_equal(queue_push(q, &values[1]), RC_OK);
	assert_int_equal(queue_push(q, &values[2]), RC_BUSY);
	assert_int_equal(queue_pop(q, out, 1, 0), 1);
	assert_int_equal(queue_push(q, &values[2]), RC_OK);
	assert_int_equal(queue_len(q), 2);
	queue_free(q);
}

static void
a_closed_queue_refuses_and_can_be_emptied(void **state)
{
	struct queue *q = queue_new(2);
	void *out[2];

	(void)state;
	assert_int_equal(queue_push(q, &values[0]), RC_OK);
	assert_false(queue_closed(q));
	queue_close(q);
	assert_true(queue_closed(q));
	assert_int_equal(queue_push(q, &values[1]), RC_BUSY);
	assert_int_equal(queue_pop(q, out, 2, -1), 1);
	assert_int_equal(queue_pop(q, out, 2, -1), 0);
	queue_free(q);
}

static void
a_wait_ends_after_its_time(void **state)
{
	struct queue *q = queue_new(2);
	long long start = clock_mono_us();
	void *out[1];

	(void)state;
	assert_int_equal(queue_pop(q, out, 1, 0), 0);
	assert_true(clock_mono_us() - start < 10000000);
	start = clock_mono_us();
	assert_int_equal(queue_pop(q, out, 1, 30), 0);
	assert_true(clock_mono_us() - start >= 30000);
	queue_free(q);
}

static void
a_wake_counts_once_even_if_nobody_waits_yet(void **state)
{
	struct queue *q = queue_new(2);
	long long start;
	void *out[1];

	(void)state;
	queue_wake(q);
	queue_wake(q);
	assert_int_equal(queue_pop(q, out, 1, -1), 0);
	start = clock_mono_us();
	assert_int_equal(queue_pop(q, out, 1, 20), 0);
	assert_true(clock_mono_us() - start >= 20000);
	/* Whoever returns with values is awake, too. */
	queue_wake(q);
	assert_int_equal(queue_push(q, &values[0]), RC_OK);
	assert_int_equal(queue_pop(q, out, 1, -1), 1);
	start = clock_mono_us();
	assert_int_equal(queue_pop(q, out, 1, 20), 0);
	assert_true(clock_mono_us() - start >= 20000);
	queue_free(q);
}

struct waiter {
	struct queue *q;
	int wait_ms;
	size_t got;
	void *out[1];
};

static void *
wait_long(void *arg)
{
	struct waiter *w = arg;

	w->got = queue_pop(w->q, w->out, 1, w->wait_ms);
	return NULL;
}

static void
push_one(struct queue *q)
{
	assert_int_equal(queue_push(q, &values[3]), RC_OK);
}

static void
a_long_wait_ends_by_a_value_a_wake_or_the_close(void **state)
{
	static const struct {
		void (*end)(struct queue *);
		size_t got;
	} rows[] = {{push_one, 1}, {queue_wake, 0}, {queue_close, 0}};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		/* Without an end, or with one an odd time away. */
		struct waiter w = {.q = queue_new(1),
		    .wait_ms = i % 2 ? -1 : 99999};
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, wait_long, &w),
		    0);
		rows[i / 2].end(w.q);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(w.got, rows[i / 2].got);
		queue_free(w.q);
	}
}

struct item {
	int pusher, number;
};

struct pusher {
	struct queue *q;
	int pusher;
	long refused;
};

static void *
push_many(void *arg)
{
	struct pusher *p = arg;

	for (int i = 0; i < EACH; i++) {
		struct item *item = malloc(sizeof(*item));

		*item = (struct item){p->pusher, i};
		while (queue_push(p->q, item) != RC_OK) {
			p->refused++;
			sched_yield();
		}
	}
	return NULL;
}

/* Pops until all came; each pusher's values must come in their order. */
static void
pop_all(struct queue *q)
{
	int next[PUSHERS] = {0};
	void *out[7];
	size_t n, total = 0;

	while (total < (size_t)PUSHERS * EACH) {
		n = queue_pop(q, out, ARRAY_LEN(out), -1);
		assert_true(queue_len(q) <= 16);
		for (size_t i = 0; i < n; i++) {
			struct item *item = out[i];

			assert_int_equal(item->number, next[item->pusher]++);
			free(item);
		}
		total += n;
	}
}

static void
nothing_is_lost_or_doubled_between_threads(void **state)
{
	struct queue *q = queue_new(16);
	struct pusher pushers[PUSHERS];
	pthread_t threads[PUSHERS];

	(void)state;
	for (int i = 0; i < PUSHERS; i++) {
		pushers[i] = (struct pusher){q, i, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, push_many,
				     &pushers[i]),
		    0);
	}
	pop_all(q);
	for (int i = 0; i < PUSHERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	assert_int_equal(queue_len(q), 0);
	queue_free(q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_come_out_as_they_went_in),
	    cmocka_unit_test(a_full_queue_refuses),
	    cmocka_unit_test(a_closed_queue_refuses_and_can_be_emptied),
	    cmocka_unit_test(a_wait_ends_after_its_time),
	    cmocka_unit_test(a_wake_counts_once_even_if_nobody_waits_yet),
	    cmocka_unit_test(a_long_wait_ends_by_a_value_a_wake_or_the_close),
	    cmocka_unit_test(nothing_is_lost_or_doubled_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
