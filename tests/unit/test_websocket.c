#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include <unistd.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/websocket.h"

#include "websocket_bed.h"

static void
a_text_goes_there_and_back(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = ws_bed_open(x, ws_echo);

	assert_int_equal(ws_client_send(c, "hello", 5), RC_OK);
	ws_client_await_messages(c, 1);
	assert_string_equal(c->texts.data, "hello\n");
	ws_client_close(c, 1000, "bye");
	ws_client_await_ended(c);
	assert_int_equal(c->end.rc, RC_OK);
	assert_int_equal(c->end.code, 1000);
	assert_true(c->end.was_open);
}

static void
the_upgrade_asks_for_what_it_needs_and_nothing_else(void **state)
{
	static const char *const has[] = {"User-Agent: assent (test, 1)\r\n",
	    "Upgrade: websocket\r\n", "Connection: Upgrade\r\n",
	    "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Key: "};
	static const char *const lacks[] = {"Sec-WebSocket-Protocol",
	    "Sec-WebSocket-Extensions", "Origin:", "Cookie:", "Authorization",
	    "Proxy-"};
	struct ws_bed *x = *state;
	const char *asked;
	char host[60];

	x->client.call.user_agent = "assent (test, 1)";
	ws_bed_open(x, ws_echo);
	asked = x->asked.data;
	assert_memory_equal(asked,
	    "GET /link?ticket=s3cret&app_id=1 HTTP/1.1\r\n", 43);
	snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%d\r\n",
	    peer_port(x->peer));
	assert_non_null(strstr(asked, host));
	for (size_t i = 0; i < ARRAY_LEN(has); i++) {
		assert_non_null(strcasestr(asked, has[i]));
	}
	for (size_t i = 0; i < ARRAY_LEN(lacks); i++) {
		assert_null(strcasestr(asked, lacks[i]));
	}
}

static void
no_user_agent_is_said_when_there_is_none(void **state)
{
	struct ws_bed *x = *state;

	ws_bed_open(x, ws_echo);
	assert_null(strcasestr(x->asked.data, "User-Agent"));
}

static void
a_proxy_of_the_environment_is_not_used(void **state)
{
	struct ws_bed *x = *state;

	/* Nobody listens there. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "socks5://127.0.0.1:1", 1);
	ws_bed_open(x, ws_echo);
	assert_memory_equal(x->asked.data, "GET /link", 9);
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("all_proxy");
}

static void
a_ticket_in_the_url_is_never_logged(void **state)
{
	struct ws_bed *x = *state;
	FILE *log = tmpfile();
	int old = dup(STDERR_FILENO);
	char text[8192];
	size_t n;

	assert_non_null(log);
	log_setup(LOG_LEVEL_DEBUG, false);
	dup2(fileno(log), STDERR_FILENO);
	ws_bed_open(x, ws_echo);
	ws_client_close(&x->client, 1000, "");
	ws_client_await_ended(&x->client);
	websocket_loop_free(x->loop);
	x->loop = NULL;
	dup2(old, STDERR_FILENO);
	close(old);
	log_setup(LOG_LEVEL_ERROR, false);
	rewind(log);
	n = fread(text, 1, sizeof(text) - 1, log);
	text[n] = '\0';
	fclose(log);
	assert_non_null(strstr(text, "state=open"));
	assert_null(strstr(text, "s3cret"));
	assert_null(strstr(x->client.detail, "s3cret"));
}

/* --- what comes ---------------------------------------------------------- */

static char *
letters(size_t n)
{
	char *s = mem_new(n + 1, 1);

	for (size_t i = 0; i < n; i++) {
		s[i] = (char)('a' + i % 23);
	}
	return s;
}

/* In fragments of `piece` bytes, with a ping in their midst. */
static void
say_in_fragments(struct peer_conn *conn, size_t n, size_t piece)
{
	CLEANUP(mem_drop) char *s = letters(n);

	for (size_t at = 0; at < n; at += piece) {
		size_t len = n - at < piece ? n - at : piece;

		ws_write(conn,
		    (at == 0 ? WS_TEXT : WS_MORE) |
			(at + len == n ? WS_FIN : 0),
		    s + at, len);
		if (at == 0) {
			ws_write(conn, WS_FIN | WS_PING, "Ping from x", 11);
		}
	}
}

static void
say_300_kb(struct peer_conn *conn)
{
	say_in_fragments(conn, 300 * 1000, 10 * 1000);
	ws_echo(conn);
}

static void
say_2_mb(struct peer_conn *conn)
{
	say_in_fragments(conn, 2 * 1000 * 1000, 60 * 1000);
	ws_echo(conn);
}

static void
say_2_mb_at_once(struct peer_conn *conn)
{
	say_in_fragments(conn, 2 * 1000 * 1000, 2 * 1000 * 1000);
	ws_echo(conn);
}

static void
say_byte_by_byte(struct peer_conn *conn)
{
	say_in_fragments(conn, 500, 1);
	ws_echo(conn);
}

static void
large_messages_come_whole(void **state)
{
	static const struct {
		void (*serve)(struct peer_conn *);
		size_t len;
	} rows[] = {
	    {say_300_kb, 300 * 1000},
	    {say_2_mb, 2 * 1000 * 1000},
	    {say_2_mb_at_once, 2 * 1000 * 1000},
	    {say_byte_by_byte, 500},
	};
	struct ws_bed *x = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(mem_drop) char *want = letters(rows[i].len);
		struct ws_client c;

		ws_client_init(&c, x->loop, "ws", "127.0.0.1",
		    peer_port(x->peer), "/");
		c.call.message_max = rows[i].len; /* just not over it */
		x->serve = rows[i].serve;
		ws_client_open(&c);
		ws_client_await_messages(&c, 1);
		assert_int_equal(c.texts.len, rows[i].len + 1);
		assert_memory_equal(c.texts.data, want, rows[i].len);
		ws_client_drop(&c);
		ws_client_await_ended(&c);
		ws_client_fini(&c);
	}
}

static void
say_many(struct peer_conn *conn)
{
	char text[20];

	ws_text(conn, "");
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ws_text(conn, text);
	}
	ws_echo(conn);
}

static void
messages_come_in_order_and_may_be_empty(void **state)
{
	CLEANUP(buf_fini) struct buf want = {0};
	struct ws_client *c = ws_bed_open(*state, say_many);

	buf_putc(&want, '\n');
	for (int i = 0; i < 3000; i++) {
		buf_printf(&want, "%d\n", i);
	}
	ws_client_await_messages(c, 3001);
	assert_string_equal(c->texts.data, want.data);
}

static void
say_binary(struct peer_conn *conn)
{
	CLEANUP(mem_drop) char *s = letters(100 * 1000);

	ws_write(conn, WS_FIN | WS_BINARY, "\0\1\2", 3);
	ws_write(conn, WS_BINARY, s, 100 * 1000);
	ws_write(conn, WS_FIN | WS_MORE, s, 100);
	ws_write(conn, WS_FIN | WS_TEXT, "a\0b \xff", 5);
	ws_echo(conn);
}

static void
binary_messages_are_dropped_and_odd_text_is_kept(void **state)
{
	struct ws_client *c = ws_bed_open(*state, say_binary);

	ws_client_await_messages(c, 1);
	assert_int_equal(c->texts.len, 6);
	assert_memory_equal(c->texts.data, "a\0b \xff\n", 6);
	assert_int_equal(ws_client_send(c, "on", 2), RC_OK);
	ws_client_await_messages(c, 2);
}

static void
ping_first(struct peer_conn *conn)
{
	CLEANUP(ws_frame_fini) struct ws_frame f = {0};

	ws_write(conn, WS_FIN | WS_PING, "Ping from applink-2", 19);
	if (ws_read(conn, &f) && f.first == (WS_FIN | WS_PONG) && f.masked &&
	    strcmp(buf_str(&f.body), "Ping from applink-2") == 0) {
		ws_text(conn, "well");
	}
	ws_echo(conn);
}

static void
a_ping_is_answered_with_its_text(void **state)
{
	struct ws_client *c = ws_bed_open(*state, ping_first);

	ws_client_await_messages(c, 1);
	assert_string_equal(c->texts.data, "well\n");
}

/* --- what goes ----------------------------------------------------------- */

/* Says of each text frame: whether it was whole and masked, and its length. */
static void
describe(struct peer_conn *conn)
{
	CLEANUP(ws_frame_fini) struct ws_frame f = {0};
	CLEANUP(mem_drop) char *want = letters(WEBSOCKET_SEND_MAX);
	char text[80];

	while (ws_read(conn, &f)) {
		snprintf(text, sizeof(text), "%s %s %zu %s",
		    f.first == (WS_FIN | WS_TEXT) ? "whole" : "part",
		    f.masked ? "masked" : "bare", f.body.len,
		    memcmp(buf_str(&f.body), want, f.body.len) == 0 ? "same"
								    : "other");
		ws_text(conn, text);
	}
}

static void
a_message_goes_out_as_one_frame(void **state)
{
	CLEANUP(mem_drop) char *s = letters(WEBSOCKET_SEND_MAX);
	struct ws_client *c = ws_bed_open(*state, describe);

	assert_int_equal(ws_client_send(c, s, 5), RC_OK);
	assert_int_equal(ws_client_send(c, s, 20480), RC_OK);
	assert_int_equal(ws_client_send(c, s, WEBSOCKET_SEND_MAX), RC_OK);
	assert_int_equal(ws_client_send(c, s, 0), RC_OK);
	ws_client_await_messages(c, 4);
	assert_string_equal(c->texts.data,
	    "whole masked 5 same\nwhole masked 20480 same\n"
	    "whole masked 65536 same\nwhole masked 0 same\n");
}

static void
what_cannot_be_sent_is_refused(void **state)
{
	CLEANUP(mem_drop) char *s = letters(WEBSOCKET_SEND_MAX + 1);
	struct ws_bed *x = *state;
	struct ws_client *c = &x->client;

	assert_int_equal(ws_client_send(c, "x", 1), RC_NOT_FOUND);
	ws_bed_open(x, ws_echo);
	assert_int_equal(ws_client_send(c, s, WEBSOCKET_SEND_MAX + 1),
	    RC_TOO_LARGE);
	ws_client_close(c, 1000, "");
	assert_int_equal(ws_client_send(c, "x", 1), RC_NOT_FOUND);
	ws_client_await_ended(c);
	assert_int_equal(ws_client_send(c, "x", 1), RC_NOT_FOUND);
	/* All of these are of no effect. */
	ws_client_close(c, 1000, "");
	ws_client_drop(c);
	assert_int_equal(c->ended, 1);
}

struct flood {
	struct ws_client *client;
	enum rc rc;
	int sent;
};

/* More than waits at once, from one turn: the wire has no time to write. */
static void
do_flood(void *arg)
{
	struct flood *flood = arg;
	struct ws_client *c = flood->client;
	char text[20];

	for (; flood->sent < 1000; flood->sent++) {
		snprintf(text, sizeof(text), "%d", flood->sent);
		flood->rc = websocket_send(c->loop, c->id, text, strlen(text));
		if (flood->rc != RC_OK) {
			return;
		}
	}
}

static void
only_so_many_wait_to_be_sent_and_they_keep_their_order(void **state)
{
	CLEANUP(buf_fini) struct buf want = {0};
	struct ws_client *c = ws_bed_open(*state, ws_echo);
	struct flood flood = {.client = c};

	ws_do(c->loop, do_flood, &flood);
	assert_int_equal(flood.rc, RC_BUSY);
	assert_int_equal(flood.sent, WEBSOCKET_UNSENT_MAX);
	ws_client_await_messages(c, WEBSOCKET_UNSENT_MAX);
	for (int i = 0; i < WEBSOCKET_UNSENT_MAX; i++) {
		buf_printf(&want, "%d\n", i);
	}
	assert_string_equal(c->texts.data, want.data);
	/* There is room again. */
	assert_int_equal(ws_client_send(c, "x", 1), RC_OK);
	ws_client_await_messages(c, WEBSOCKET_UNSENT_MAX + 1);
}

/* Held while the peer is not to read. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void
read_late(struct peer_conn *conn)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	ws_echo(conn);
}

static void
a_peer_that_reads_late_gets_everything(void **state)
{
	CLEANUP(mem_drop) char *s = letters(WEBSOCKET_SEND_MAX);
	struct ws_client *c;
	int sent = 0;

	pthread_mutex_lock(&gate);
	c = ws_bed_open(*state, read_late);
	c->call.message_max = WEBSOCKET_SEND_MAX;
	/* Until the kernel's buffers are full and ours too. */
	while (ws_client_send(c, s, 60 * 1000) == RC_OK) {
		sent++;
	}
	pthread_mutex_unlock(&gate);
	assert_true(sent >= WEBSOCKET_UNSENT_MAX);
	ws_client_drop(c);
	ws_client_await_ended(c);
	assert_int_equal(c->end.rc, RC_OK);
	assert_int_equal(c->end.code, 1006);
}

int
main(void)
{
#define ROW(t) cmocka_unit_test_setup_teardown(t, ws_bed_setup, ws_bed_teardown)
	const struct CMUnitTest tests[] = {
	    ROW(a_text_goes_there_and_back),
	    ROW(the_upgrade_asks_for_what_it_needs_and_nothing_else),
	    ROW(no_user_agent_is_said_when_there_is_none),
	    ROW(a_proxy_of_the_environment_is_not_used),
	    ROW(a_ticket_in_the_url_is_never_logged),
	    ROW(large_messages_come_whole),
	    ROW(messages_come_in_order_and_may_be_empty),
	    ROW(binary_messages_are_dropped_and_odd_text_is_kept),
	    ROW(a_ping_is_answered_with_its_text),
	    ROW(a_message_goes_out_as_one_frame),
	    ROW(what_cannot_be_sent_is_refused),
	    ROW(only_so_many_wait_to_be_sent_and_they_keep_their_order),
	    ROW(a_peer_that_reads_late_gets_everything),
	};

	return cmocka_run_group_tests_name("websocket", tests, NULL, NULL);
}
