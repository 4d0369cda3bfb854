#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "lib/clock.h"
#include "lib/websocket.h"

#include "websocket_bed.h"

static void
nothing(void *arg)
{
	(void)arg;
}

struct clockwork {
	struct websocket_loop *loop;
	struct ws_client *client;
	char rang[WEBSOCKET_TIMERS_MAX + 1]; /* letters of those that ran */
	unsigned long long numbers[26];
	long long began_us, took_us;
	int left;
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool over;
};

static void
clockwork_init(struct clockwork *k, struct ws_bed *x)
{
	*k = (struct clockwork){
	    .loop = x->loop,
	    .client = &x->client,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .change = PTHREAD_COND_INITIALIZER,
	};
}

static void
clockwork_await(struct clockwork *k)
{
	pthread_mutex_lock(&k->lock);
	while (!k->over) {
		pthread_cond_wait(&k->change, &k->lock);
	}
	pthread_mutex_unlock(&k->lock);
	ws_do(k->loop, nothing, NULL); /* it has let go of the lock */
}

static void
ring(struct clockwork *k, char letter)
{
	k->rang[strlen(k->rang)] = letter;
}

static void
ring_a(void *arg)
{
	ring(arg, 'a');
}

static void
ring_b(void *arg)
{
	struct clockwork *k = arg;

	ring(k, 'b');
	websocket_cancel(k->loop, k->numbers['c' - 'a']);
	websocket_cancel(k->loop, k->numbers['a' - 'a']); /* has run */
	websocket_cancel(k->loop, 0);
}

static void
ring_c(void *arg)
{
	ring(arg, 'c');
}

static void
ring_last(void *arg)
{
	struct clockwork *k = arg;

	ring(k, 'z');
	k->took_us = clock_mono_us() - k->began_us;
	pthread_mutex_lock(&k->lock);
	k->over = true;
	pthread_cond_signal(&k->change);
	pthread_mutex_unlock(&k->lock);
}

static void
wind_up(void *arg)
{
	struct clockwork *k = arg;

	k->began_us = clock_mono_us();
	(void)websocket_after(k->loop, 40, ring_last, k);
	k->numbers['c' - 'a'] = websocket_after(k->loop, 21, ring_c, k);
	(void)websocket_after(k->loop, 20, ring_b, k);
	k->numbers['a' - 'a'] = websocket_after(k->loop, 10, ring_a, k);
	(void)websocket_after(k->loop, 10, ring_c, k);
	websocket_cancel(k->loop, websocket_after(k->loop, 0, ring_c, k));
	(void)websocket_after(k->loop, 0, ring_a, k);
	assert_true(websocket_after(k->loop, 100 * 1000, ring_c, k) != 0);
}

static void
timers_ring_when_due_in_their_order_and_not_when_cancelled(void **state)
{
	struct clockwork k;

	clockwork_init(&k, *state);
	ws_do(k.loop, wind_up, &k);
	clockwork_await(&k);
	assert_string_equal(k.rang, "aacbz");
	assert_true(k.took_us >= 40 * 1000);
}

static void
ring_again(void *arg)
{
	struct clockwork *k = arg;

	if (--k->left > 0) {
		(void)websocket_after(k->loop, 0, ring_again, k);
	} else {
		ring_last(k);
	}
}

static void
wind_up_again(void *arg)
{
	struct clockwork *k = arg;

	(void)websocket_after(k->loop, 0, ring_again, k);
}

static void
a_timer_that_sets_itself_again_does_not_starve_jobs(void **state)
{
	struct clockwork k;

	clockwork_init(&k, *state);
	k.left = 1000;
	ws_do(k.loop, wind_up_again, &k);
	ws_do(k.loop, nothing, NULL);
	clockwork_await(&k);
	assert_int_equal(k.left, 0);
}

static void
wind_up_all(void *arg)
{
	struct clockwork *k = arg;

	for (int i = 0; i < WEBSOCKET_TIMERS_MAX - 1; i++) {
		(void)websocket_after(k->loop, 1, ring_a, k);
	}
	(void)websocket_after(k->loop, 2, ring_last, k);
}

static void
there_is_room_for_as_many_timers_as_said(void **state)
{
	struct clockwork k;

	clockwork_init(&k, *state);
	k.rang[0] = '\0';
	ws_do(k.loop, wind_up_all, &k);
	clockwork_await(&k);
	assert_int_equal(strspn(k.rang, "a"), WEBSOCKET_TIMERS_MAX - 1);
}

static void
do_drop_it(void *arg)
{
	struct clockwork *k = arg;

	websocket_drop(k->loop, k->client->id);
	ring_last(k);
}

static void
wind_up_drop(void *arg)
{
	struct clockwork *k = arg;

	(void)websocket_after(k->loop, 1, do_drop_it, k);
}

static void
a_timer_may_end_a_connection(void **state)
{
	struct ws_client *c = ws_bed_open(*state, ws_echo);
	struct clockwork k;

	clockwork_init(&k, *state);
	ws_do(k.loop, wind_up_drop, &k);
	ws_client_await_ended(c);
	clockwork_await(&k);
	assert_int_equal(c->end.rc, RC_OK);
}

int
main(void)
{
#define ROW(t) cmocka_unit_test_setup_teardown(t, ws_bed_setup, ws_bed_teardown)
	const struct CMUnitTest tests[] = {
	    ROW(timers_ring_when_due_in_their_order_and_not_when_cancelled),
	    ROW(a_timer_that_sets_itself_again_does_not_starve_jobs),
	    ROW(there_is_room_for_as_many_timers_as_said),
	    ROW(a_timer_may_end_a_connection),
	};

	return cmocka_run_group_tests_name("websocket_timers", tests, NULL,
	    NULL);
}
