#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <stdatomic.h>

#include "lib/clock.h"
#include "lib/websocket.h"

#include "websocket_bed.h"

/* --- how the peer ends it ------------------------------------------------ */

static void
close_4004(struct peer_conn *conn)
{
	ws_close(conn, 4004, "x");
	ws_be_silent(conn);
}

static void
close_1000(struct peer_conn *conn)
{
	ws_text(conn, "last words");
	ws_close(conn, 1000, "");
	ws_be_silent(conn);
}

static void
close_with_a_long_reason(struct peer_conn *conn)
{
	char reason[124];

	memset(reason, 'r', 123);
	reason[123] = '\0';
	ws_close(conn, 4009, reason);
	ws_be_silent(conn);
}

static void
close_without_a_code(struct peer_conn *conn)
{
	ws_write(conn, WS_FIN | WS_CLOSE, "", 0);
	ws_be_silent(conn);
}

static void
drop(struct peer_conn *conn)
{
	(void)conn;
}

static void
reset(struct peer_conn *conn)
{
	peer_reset(conn);
}

static void
drop_within_a_message(struct peer_conn *conn)
{
	ws_write(conn, WS_TEXT, "half of", 7);
}

static void
close_with_half_a_code(struct peer_conn *conn)
{
	ws_write(conn, WS_FIN | WS_CLOSE, "\x0f", 1);
	ws_be_silent(conn);
}

static void
close_999(struct peer_conn *conn)
{
	ws_close(conn, 999, "");
	ws_be_silent(conn);
}

static void
close_1006(struct peer_conn *conn)
{
	ws_close(conn, 1006, "");
	ws_be_silent(conn);
}

static void
use_a_reserved_opcode(struct peer_conn *conn)
{
	ws_write(conn, WS_FIN | 3, "x", 1);
	ws_be_silent(conn);
}

static void
compress_uninvited(struct peer_conn *conn)
{
	ws_write(conn, WS_FIN | 0x40 | WS_TEXT, "x", 1);
	ws_be_silent(conn);
}

static void
an_end_that_the_peer_makes_is_told_once(void **state)
{
	static const struct {
		void (*serve)(struct peer_conn *);
		enum rc rc;
		int code;
		const char *reason; /* how it begins */
		int messages;
	} rows[] = {
	    {close_4004, RC_OK, 4004, "x", 0},
	    {close_1000, RC_OK, 1000, "", 1},
	    {close_with_a_long_reason, RC_OK, 4009, "rrrrrrrrrrrrrrrr", 0},
	    {close_without_a_code, RC_OK, 1005, "", 0},
	    {drop, RC_REMOTE_TEMP, 1006, "", 0},
	    {reset, RC_REMOTE_TEMP, 1006, "", 0},
	    {drop_within_a_message, RC_REMOTE_TEMP, 1006, "", 0},
	    {close_with_half_a_code, RC_REMOTE_TEMP, 1006, "", 0},
	    {close_999, RC_OK, 1002, "", 0},
	    {close_1006, RC_OK, 1002, "", 0},
	    {use_a_reserved_opcode, RC_REMOTE_TEMP, 1006, "", 0},
	    {compress_uninvited, RC_REMOTE_TEMP, 1006, "", 0},
	};
	struct ws_bed *x = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ws_client c;

		ws_client_init(&c, x->loop, x->tls ? "wss" : "ws",
		    x->tls ? "localhost" : "127.0.0.1", peer_port(x->peer),
		    "/");
		x->serve = rows[i].serve;
		ws_client_open(&c);
		ws_client_await_ended(&c);
		assert_int_equal(c.end.rc, rows[i].rc);
		assert_int_equal(c.end.code, rows[i].code);
		assert_int_equal(strncmp(c.reason, rows[i].reason,
				     strlen(rows[i].reason)),
		    0);
		assert_int_equal(c.messages, rows[i].messages);
		assert_true(c.end.was_open);
		assert_int_equal(c.end.status, 0);
		assert_int_equal(c.opened, 1);
		assert_int_equal(c.ended, 1);
		ws_client_fini(&c);
	}
}

/* --- how we end it ------------------------------------------------------- */

static atomic_int close_seen; /* its code; -1 = the end without one */

static void
note_close(struct peer_conn *conn)
{
	int code = -1;

	(void)ws_await_close(conn, &code);
	close_seen = code;
	ws_be_silent(conn); /* never answered */
}

static void
our_close_waits_a_second_for_its_answer(void **state)
{
	struct ws_client *c = ws_bed_open(*state, note_close);
	long long began = clock_mono_ms();

	ws_client_close(c, 4000, "moving");
	ws_client_await_ended(c);
	assert_int_equal(c->end.rc, RC_OK);
	assert_int_equal(c->end.code, 4000);
	assert_int_equal(close_seen, 4000);
	assert_in_range(clock_mono_ms() - began, 1000, 3000);
}

static void
our_close_is_over_with_its_answer(void **state)
{
	struct ws_client *c = ws_bed_open(*state, ws_echo);
	long long began = clock_mono_ms();

	assert_int_equal(ws_client_send(c, "before", 6), RC_OK);
	ws_client_close(c, 1000, "");
	ws_client_await_ended(c);
	assert_int_equal(c->end.rc, RC_OK);
	assert_int_equal(c->end.code, 1000);
	assert_true(clock_mono_ms() - began < 1000);
	assert_int_equal(c->ended, 1);
}

static void
a_drop_says_no_close(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = ws_bed_open(x, note_close);

	close_seen = 0;
	ws_client_drop(c);
	ws_client_await_ended(c);
	assert_int_equal(c->end.rc, RC_OK);
	assert_int_equal(c->end.code, 1006);
	websocket_loop_free(x->loop);
	x->loop = NULL;
	peer_stop_when_gone(x->peer);
	x->peer = NULL;
	assert_int_equal(close_seen, -1);
}

static void
say_too_much(struct peer_conn *conn)
{
	int code = -1;
	char block[1000];

	memset(block, 'x', sizeof(block));
	ws_write(conn, WS_TEXT, block, 1000);
	ws_write(conn, WS_MORE, block, 1000);
	ws_write(conn, WS_FIN | WS_MORE, block, 1000);
	ws_text(conn, "more");
	(void)ws_await_close(conn, &code);
	close_seen = code;
}

static void
a_message_that_is_too_large_ends_it(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = &x->client;

	c->call.message_max = 2999;
	ws_bed_open(x, say_too_much);
	ws_client_await_ended(c);
	assert_int_equal(c->end.rc, RC_TOO_LARGE);
	assert_int_equal(c->messages, 0);
	assert_int_equal(close_seen, 1009);
}

/* --- liveness ------------------------------------------------------------ */

static void
a_peer_that_falls_silent_is_dropped(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = &x->client;
	long long began = clock_mono_ms();

	c->call.ping_s = 1;
	c->call.hangup_s = 2;
	ws_bed_open(x, ws_be_silent);
	ws_client_await_ended(c);
	assert_int_equal(c->end.rc, RC_EXPIRED);
	assert_true(c->end.was_open);
	assert_in_range(clock_mono_ms() - began, 1900, 4000);
	/* TCP is gone, not only forgotten: the peer sees the end. */
	peer_stop_when_gone(x->peer);
	x->peer = NULL;
}

static atomic_int pings;

static void
count_pings(struct peer_conn *conn)
{
	CLEANUP(ws_frame_fini) struct ws_frame f = {0};

	while (ws_read(conn, &f)) {
		if (f.first == (WS_FIN | WS_PING)) {
			pings++;
			ws_write(conn, WS_FIN | WS_PONG, f.body.data,
			    f.body.len);
			if (pings == 3) {
				ws_text(conn, "three");
			}
		}
	}
}

static void
a_peer_that_answers_pings_is_kept(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = &x->client;

	c->call.ping_s = 1;
	c->call.hangup_s = 2;
	ws_bed_open(x, count_pings);
	ws_client_await_messages(c, 1); /* beyond the hangup */
	assert_int_equal(c->ended, 0);
}

/* Pings but never answers one: its frames are life all the same. */
static void
only_ping(struct peer_conn *conn)
{
	CLEANUP(ws_frame_fini) struct ws_frame f = {0};

	for (int i = 0; i < 3; i++) {
		ws_write(conn, WS_FIN | WS_PING, "", 0);
		do {
			if (!ws_read(conn, &f)) {
				return;
			}
		} while (f.first != (WS_FIN | WS_PING));
	}
	ws_text(conn, "three");
	ws_be_silent(conn);
}

static void
any_frame_is_a_sign_of_life(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = &x->client;

	c->call.ping_s = 1;
	c->call.hangup_s = 2;
	ws_bed_open(x, only_ping);
	ws_client_await_messages(c, 1);
	assert_int_equal(c->ended, 0);
}

static void
a_write_to_what_is_gone_does_not_kill_the_process(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = ws_bed_open(x, reset);

	signal(SIGPIPE, SIG_DFL);
	while (ws_client_send(c, "x", 1) != RC_NOT_FOUND) {
	}
	ws_client_await_ended(c);
	assert_int_equal(c->end.rc, RC_REMOTE_TEMP);
}

int
main(void)
{
#define ROW(t) cmocka_unit_test_setup_teardown(t, ws_bed_setup, ws_bed_teardown)
#define TLS_ROW(t) \
	cmocka_unit_test_setup_teardown(t, ws_bed_setup_tls, ws_bed_teardown)
	const struct CMUnitTest tests[] = {
	    ROW(an_end_that_the_peer_makes_is_told_once),
	    TLS_ROW(an_end_that_the_peer_makes_is_told_once),
	    ROW(our_close_waits_a_second_for_its_answer),
	    TLS_ROW(our_close_waits_a_second_for_its_answer),
	    ROW(our_close_is_over_with_its_answer),
	    TLS_ROW(our_close_is_over_with_its_answer),
	    ROW(a_drop_says_no_close),
	    TLS_ROW(a_drop_says_no_close),
	    ROW(a_message_that_is_too_large_ends_it),
	    TLS_ROW(a_message_that_is_too_large_ends_it),
	    ROW(a_peer_that_falls_silent_is_dropped),
	    TLS_ROW(a_peer_that_falls_silent_is_dropped),
	    ROW(a_peer_that_answers_pings_is_kept),
	    ROW(any_frame_is_a_sign_of_life),
	    ROW(a_write_to_what_is_gone_does_not_kill_the_process),
	    TLS_ROW(a_write_to_what_is_gone_does_not_kill_the_process),
	};

	return cmocka_run_group_tests_name("websocket_ends", tests, NULL, NULL);
}
