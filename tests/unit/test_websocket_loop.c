#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
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
			ws_do(p->loop, nothing, NULL); /* it was full */
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

/* --- timers -------------------------------------------------------------- */

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

/* --- the end of the loop ------------------------------------------------- */

static atomic_int last_code, last_texts;

static void
note_farewell(struct peer_conn *conn)
{
	CLEANUP(ws_frame_fini) struct ws_frame f = {0};

	while (ws_read(conn, &f)) {
		const unsigned char *body = (void *)f.body.data;

		if (f.first == (WS_FIN | WS_TEXT)) {
			last_texts++;
		} else if (f.first == (WS_FIN | WS_CLOSE)) {
			last_code = body[0] << 8 | body[1];
			return;
		}
	}
}

static void
send_a_lot(void *arg)
{
	struct ws_client *c = arg;

	for (int i = 0; i < 100; i++) {
		assert_int_equal(websocket_send(c->loop, c->id, "text", 4),
		    RC_OK);
	}
}

static void
close_for_resume(void *arg)
{
	struct ws_client *c = arg;

	websocket_close(c->loop, c->id, 4000, "");
}

static void
an_ending_loop_says_what_was_to_be_said_and_goodbye(void **state)
{
	static const struct {
		void (*job)(void *);
		enum rc rc;
		int code, texts;
	} rows[] = {
	    {nothing, RC_BUSY, 1001, 0},
	    {send_a_lot, RC_BUSY, 1001, 100},
	    {close_for_resume, RC_BUSY, 4000, 0},
	};
	struct ws_bed *x = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct websocket_loop *loop =
		    ws_loop_new(x->tls ? peer_ca_file() : NULL);
		struct ws_client c;
		struct peer *peer = x->peer;
		atomic_int reached = 0;

		last_code = 0;
		last_texts = 0;
		x->serve = note_farewell;
		ws_client_init(&c, loop, x->tls ? "wss" : "ws",
		    x->tls ? "localhost" : "127.0.0.1", peer_port(peer), "/");
		ws_client_open(&c);
		ws_client_await_opened(&c);
		/* The job is one that waits when the loop ends. */
		pthread_mutex_lock(&gate);
		assert_int_equal(websocket_loop_run(loop, wait_at_gate,
				     &reached),
		    RC_OK);
		assert_int_equal(websocket_loop_run(loop, rows[i].job, &c),
		    RC_OK);
		pthread_mutex_unlock(&gate);
		websocket_loop_free(loop);
		assert_int_equal(c.ended, 1);
		while (last_code == 0) {
		}
		assert_int_equal(last_code, rows[i].code);
		assert_int_equal(last_texts, rows[i].texts);
		if (rows[i].job != close_for_resume) {
			assert_int_equal(c.end.rc, rows[i].rc);
		}
		ws_client_fini(&c);
	}
}

static void
serve_never(struct peer_conn *conn)
{
	char block[4096];

	while (peer_read(conn, block, sizeof(block)) > 0) {
	}
}

static void
an_ending_loop_ends_what_has_not_come_about(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client clients[4];
	struct clockwork k;

	clockwork_init(&k, x);
	x->serve_all = serve_never;
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		ws_client_init(&clients[i], x->loop, "ws",
		    i % 2 == 0 ? "127.0.0.1" : "localhost", peer_port(x->peer),
		    "/");
		ws_client_open(&clients[i]);
	}
	ws_do(x->loop, wind_up, &k); /* timers that will never ring */
	websocket_loop_free(x->loop);
	x->loop = NULL;
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		assert_int_equal(clients[i].end.rc, RC_BUSY);
		assert_int_equal(clients[i].ended, 1);
		ws_client_fini(&clients[i]);
	}
}

static void
note_next(void *arg, unsigned long long id, const struct websocket_end *end)
{
	struct ws_client *c = arg;

	(void)id;
	c->ended++;
	c->end = *end;
}

static void
open_next(struct ws_client *c)
{
	static const struct websocket_events events = {.ended = note_next};
	struct ws_client *next = c->arg;

	next->id = websocket_open(c->loop, &next->call, &events, next);
}

static void
what_is_opened_while_the_loop_ends_ends_too(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = ws_bed_open(x, ws_echo), next;

	ws_client_init(&next, x->loop, "ws", "127.0.0.1", peer_port(x->peer),
	    "/");
	c->arg = &next;
	c->on_ended = open_next;
	websocket_loop_free(x->loop);
	x->loop = NULL;
	assert_int_equal(next.ended, 1);
	assert_int_equal(next.end.rc, RC_BUSY);
	ws_client_fini(&next);
}

/* --- very many ----------------------------------------------------------- */

enum { RECONNECTS = 1000, FILES = 300 };

struct marathon {
	struct ws_client *client;
	int left;
	pthread_mutex_t lock;
	pthread_cond_t change;
};

/* Each way in turn; the peer ends every fourth. */
static void
end_somehow(struct ws_client *c)
{
	struct marathon *m = c->arg;

	switch (m->left % 4) {
	case 0:
		websocket_close(c->loop, c->id, 1000, "");
		break;
	case 1:
		websocket_drop(c->loop, c->id);
		break;
	case 2:
		assert_int_equal(websocket_send(c->loop, c->id, "x", 1), RC_OK);
		websocket_close(c->loop, c->id, 4000, "again");
		break;
	default:
		assert_int_equal(websocket_send(c->loop, c->id, "quit", 4),
		    RC_OK);
		break;
	}
}

static void marathon_ended(void *, unsigned long long,
    const struct websocket_end *);

static void
marathon_opened(void *arg, unsigned long long id)
{
	struct ws_client *c = arg;

	assert_true(id == c->id);
	end_somehow(c);
}

static void
marathon_message(void *arg, unsigned long long id, const char *text, size_t len)
{
	(void)arg;
	(void)id;
	(void)text;
	(void)len;
}

static const struct websocket_events marathon_events = {marathon_opened,
    marathon_message, marathon_ended};

static void
marathon_ended(void *arg, unsigned long long id,
    const struct websocket_end *end)
{
	struct ws_client *c = arg;
	struct marathon *m = c->arg;

	assert_true(id == c->id && end->was_open);
	pthread_mutex_lock(&m->lock);
	m->left--;
	pthread_cond_signal(&m->change);
	pthread_mutex_unlock(&m->lock);
	if (m->left > 0) {
		c->id = websocket_open(c->loop, &c->call, &marathon_events, c);
	}
}

static void
marathon_start(void *arg)
{
	struct ws_client *c = arg;

	c->id = websocket_open(c->loop, &c->call, &marathon_events, c);
}

static void
echo_or_quit(struct peer_conn *conn)
{
	CLEANUP(ws_frame_fini) struct ws_frame f = {0};

	while (ws_read(conn, &f)) {
		if (strcmp(buf_str(&f.body), "quit") == 0) {
			return;
		}
		ws_write(conn, f.first, f.body.data, f.body.len);
		if (f.first == (WS_FIN | WS_CLOSE)) {
			return;
		}
	}
}

static void
a_thousand_reconnects_leave_nothing_behind(void **state)
{
	struct ws_bed *x = *state;
	struct marathon m = {
	    .left = RECONNECTS,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .change = PTHREAD_COND_INITIALIZER,
	};
	int fds;

	ws_do(x->loop, nothing, NULL);
	fds = count_fds(); /* with those of the loop */
	x->serve = echo_or_quit;
	x->client.arg = &m;
	ws_do(x->loop, marathon_start, &x->client);
	pthread_mutex_lock(&m.lock);
	while (m.left > 0) {
		pthread_cond_wait(&m.change, &m.lock);
	}
	pthread_mutex_unlock(&m.lock);
	ws_do(x->loop, nothing, NULL);
	peer_stop_when_gone(x->peer); /* the client's sockets are closed */
	x->peer = NULL;
	assert_int_equal(count_fds(), fds - 1); /* the listener's */
}

static void
all_connections_at_once_work_among_many_open_files(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client clients[WEBSOCKET_CONNECTIONS_MAX];
	int files[FILES];

	for (int i = 0; i < FILES; i++) {
		files[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(files[i] >= 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		ws_client_init(&clients[i], x->loop, "ws", "127.0.0.1",
		    peer_port(x->peer), "/");
		ws_client_open(&clients[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		ws_client_await_opened(&clients[i]);
		assert_int_equal(ws_client_send(&clients[i], "x", 1), RC_OK);
		ws_client_await_messages(&clients[i], 1);
	}
	websocket_loop_free(x->loop);
	x->loop = NULL;
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		assert_int_equal(clients[i].ended, 1);
		ws_client_fini(&clients[i]);
	}
	for (int i = 0; i < FILES; i++) {
		close(files[i]);
	}
}

int
main(void)
{
#define ROW(t) cmocka_unit_test_setup_teardown(t, ws_bed_setup, ws_bed_teardown)
#define TLS_ROW(t) \
	cmocka_unit_test_setup_teardown(t, ws_bed_setup_tls, ws_bed_teardown)
	const struct CMUnitTest tests[] = {
	    ROW(jobs_of_each_thread_run_in_their_order),
	    ROW(only_so_many_jobs_wait_and_all_that_were_taken_run),
	    ROW(a_loop_ends_while_jobs_are_posted),
	    ROW(a_loop_that_was_never_used_is_free_of_threads),
	    ROW(a_ca_file_that_cannot_be_read_is_refused),
	    ROW(timers_ring_when_due_in_their_order_and_not_when_cancelled),
	    ROW(a_timer_that_sets_itself_again_does_not_starve_jobs),
	    ROW(there_is_room_for_as_many_timers_as_said),
	    ROW(a_timer_may_end_a_connection),
	    ROW(a_message_is_the_last_when_it_ends_its_connection),
	    ROW(a_connection_may_be_dropped_as_it_opens),
	    ROW(an_ending_loop_says_what_was_to_be_said_and_goodbye),
	    TLS_ROW(an_ending_loop_says_what_was_to_be_said_and_goodbye),
	    ROW(an_ending_loop_ends_what_has_not_come_about),
	    ROW(what_is_opened_while_the_loop_ends_ends_too),
	    ROW(a_thousand_reconnects_leave_nothing_behind),
	    TLS_ROW(a_thousand_reconnects_leave_nothing_behind),
	    ROW(all_connections_at_once_work_among_many_open_files),
	};

	return cmocka_run_group_tests_name("websocket_loop", tests, NULL, NULL);
}
