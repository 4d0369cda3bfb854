#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "lib/websocket.h"

#include "websocket_bed.h"

static void
nothing(void *arg)
{
	(void)arg;
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
never(void *arg)
{
	(void)arg;
	fail_msg("a timer of a loop that ended has run");
}

static void
set_timer(void *arg)
{
	assert_true(websocket_after(arg, 60 * 1000, never, NULL) != 0);
}

static void
an_ending_loop_ends_what_has_not_come_about(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client clients[4];
	x->serve_all = ws_be_silent;
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		ws_client_init(&clients[i], x->loop, "ws",
		    i % 2 == 0 ? "127.0.0.1" : "localhost", peer_port(x->peer),
		    "/");
		ws_client_open(&clients[i]);
	}
	ws_do(x->loop, set_timer, x->loop);
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
	    ROW(an_ending_loop_says_what_was_to_be_said_and_goodbye),
	    TLS_ROW(an_ending_loop_says_what_was_to_be_said_and_goodbye),
	    ROW(an_ending_loop_ends_what_has_not_come_about),
	    ROW(what_is_opened_while_the_loop_ends_ends_too),
	    ROW(a_thousand_reconnects_leave_nothing_behind),
	    TLS_ROW(a_thousand_reconnects_leave_nothing_behind),
	    ROW(all_connections_at_once_work_among_many_open_files),
	};

	return cmocka_run_group_tests_name("websocket_stop", tests, NULL, NULL);
}
