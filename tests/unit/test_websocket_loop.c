#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "lib/websocket.h"

#include "websocket_bed.h"

static void
nothing(void *arg)
{
	(void)arg;
}

/* --- jobs ---------------------------------------------------------------- */

enum { POSTERS = 4, JOBS = 2000 };

struct posted {
	struct poster *poster;
	int number;
};

struct poster {
	struct websocket_loop *loop;
	pthread_t thread;
	struct posted jobs[JOBS];
	int next; /* the loop's */
	bool in_order;
};

static void
run_posted(void *arg)
{
	struct posted *p = arg;

	p->poster->in_order = p->poster->in_order &&
	    p->number == p->poster->next;
	p->poster->next++;
}

static void *
post(void *arg)
{
	struct poster *p = arg;

	for (int i = 0; i < JOBS; i++) {
		p->jobs[i] = (struct posted){p, i};
		while (websocket_loop_run(p->loop, run_posted, &p->jobs[i]) !=
		    RC_OK) {
			sched_yield(); /* it was full */
		}
	}
	return NULL;
}

static void
jobs_of_each_thread_run_in_their_order(void **state)
{
	static struct poster posters[POSTERS];
	struct ws_bed *x = *state;

	for (int i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){.loop = x->loop, .in_order = true};
		assert_int_equal(pthread_create(&posters[i].thread, NULL, post,
				     &posters[i]),
		    0);
	}
	for (int i = 0; i < POSTERS; i++) {
		pthread_join(posters[i].thread, NULL);
	}
	ws_do(x->loop, nothing, NULL);
	for (int i = 0; i < POSTERS; i++) {
		assert_true(posters[i].in_order);
		assert_int_equal(posters[i].next, JOBS);
	}
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void
wait_at_gate(void *arg)
{
	atomic_int *reached = arg;

	++*reached;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
}

static void
count(void *arg)
{
	++*(atomic_int *)arg;
}

static void
only_so_many_jobs_wait_and_all_that_were_taken_run(void **state)
{
	struct ws_bed *x = *state;
	atomic_int reached = 0, ran = 0;
	int taken = 0;

	pthread_mutex_lock(&gate);
	assert_int_equal(websocket_loop_run(x->loop, wait_at_gate, &reached),
	    RC_OK);
	while (reached == 0) {
	}
	while (websocket_loop_run(x->loop, count, &ran) == RC_OK) {
		taken++;
	}
	/* Those of the turn that runs do not wait any more. */
	assert_int_equal(taken, WEBSOCKET_JOBS_MAX);
	pthread_mutex_unlock(&gate);
	websocket_loop_free(x->loop);
	x->loop = NULL;
	assert_int_equal(ran, taken);
}

static atomic_int refused;

static void *
post_until_refused(void *arg)
{
	struct ws_bed *x = arg;

	while (websocket_loop_run(x->loop, nothing, NULL) == RC_OK ||
	    refused == 0) {
	}
	refused++;
	return NULL;
}

/* Runs while the loop is being freed: so nobody posts to freed memory. */
static void
await_refusals(struct ws_client *c)
{
	(void)c;
	refused = 1;
	while (refused < 1 + POSTERS) {
	}
}

static void
a_loop_ends_while_jobs_are_posted(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = ws_bed_open(x, ws_echo);
	pthread_t threads[POSTERS];

	refused = 0;
	c->on_ended = await_refusals;
	for (int i = 0; i < POSTERS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL,
				     post_until_refused, x),
		    0);
	}
	websocket_loop_free(x->loop);
	for (int i = 0; i < POSTERS; i++) {
		pthread_join(threads[i], NULL);
	}
	x->loop = NULL;
	assert_int_equal(c->end.rc, RC_BUSY);
}

static void
a_loop_that_was_never_used_is_free_of_threads(void **state)
{
	struct websocket_loop *loop = ws_loop_new(NULL);
	int fds = count_fds();

	(void)state;
	websocket_loop_free(loop);
	websocket_loop_free(NULL);
	assert_int_equal(count_fds(), fds);
}

static void
a_ca_file_that_cannot_be_read_is_refused(void **state)
{
	struct websocket_loop_options o = {.ca_file = "/nonexistent.pem"};
	struct websocket_loop *loop;
	struct fault f;

	(void)state;
	assert_int_equal(websocket_loop_new(&o, &loop, &f), RC_INVALID);
	assert_null(loop);
	assert_string_equal(f.field, "ca_file");
}

/* --- callbacks that do things -------------------------------------------- */

static void
drop_myself(struct ws_client *c, const char *text, size_t len)
{
	(void)text;
	(void)len;
	websocket_drop(c->loop, c->id);
}

static void
close_myself(struct ws_client *c, const char *text, size_t len)
{
	(void)text;
	(void)len;
	websocket_close(c->loop, c->id, 4000, "enough");
}

static void
drop_the_other(struct ws_client *c, const char *text, size_t len)
{
	struct ws_client *other = c->arg;

	(void)text;
	(void)len;
	websocket_drop(c->loop, other->id);
	websocket_drop(c->loop, c->id);
}

static void
say_two(struct peer_conn *conn)
{
	/* In one write, so that they are read in one turn. */
	peer_write(conn, "\x81\x01x\x81\x01y", 6);
	ws_echo(conn);
}

static void
a_message_is_the_last_when_it_ends_its_connection(void **state)
{
	static void (*const rows[])(struct ws_client *, const char *,
	    size_t) = {drop_myself, close_myself, drop_the_other};
	struct ws_bed *x = *state;

	x->serve = say_two;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ws_client c, other;

		ws_client_init(&c, x->loop, "ws", "127.0.0.1",
		    peer_port(x->peer), "/");
		ws_client_init(&other, x->loop, "ws", "127.0.0.1",
		    peer_port(x->peer), "/");
		c.arg = &other;
		ws_client_open(&other);
		ws_client_await_messages(&other, 2);
		c.on_message = rows[i];
		ws_client_open(&c);
		ws_client_await_ended(&c);
		assert_int_equal(c.messages, 1);
		assert_int_equal(c.end.rc, RC_OK);
		ws_client_drop(&other);
		ws_client_await_ended(&other);
		assert_int_equal(other.ended, 1);
		ws_do(x->loop, nothing, NULL);
		ws_client_fini(&c);
		ws_client_fini(&other);
	}
}

static void
drop_on_open(struct ws_client *c)
{
	websocket_drop(c->loop, c->id);
}

static void
a_connection_may_be_dropped_as_it_opens(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = &x->client;

	c->on_opened = drop_on_open;
	ws_bed_open(x, say_two);
	ws_client_await_ended(c);
	assert_int_equal(c->messages, 0);
	assert_int_equal(c->end.code, 1006);
}

int
main(void)
{
#define ROW(t) cmocka_unit_test_setup_teardown(t, ws_bed_setup, ws_bed_teardown)
	const struct CMUnitTest tests[] = {
	    ROW(jobs_of_each_thread_run_in_their_order),
	    ROW(only_so_many_jobs_wait_and_all_that_were_taken_run),
	    ROW(a_loop_ends_while_jobs_are_posted),
	    ROW(a_loop_that_was_never_used_is_free_of_threads),
	    ROW(a_ca_file_that_cannot_be_read_is_refused),
	    ROW(a_message_is_the_last_when_it_ends_its_connection),
	    ROW(a_connection_may_be_dropped_as_it_opens),
	};

	return cmocka_run_group_tests_name("websocket_loop", tests, NULL, NULL);
}
