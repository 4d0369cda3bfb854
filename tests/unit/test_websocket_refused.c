#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/net.h"
#include "lib/websocket.h"

#include "websocket_bed.h"

static const char *_Atomic refusal;

static void
refuse(struct peer_conn *conn)
{
	CLEANUP(buf_fini) struct buf request = {0};

	if (peer_request(conn, &request)) {
		peer_say(conn, refusal);
	}
}

static const struct {
	const char *answer;
	int status, retry_after_s;
} refusals[] = {
    {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope", 401, 0},
    {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic "
     "realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
	401, 0},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, 0},
    {"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n"
     "Content-Length: 0\r\n\r\n",
	429, 7},
    {"HTTP/1.1 429 Too Many Requests\r\nretry-after:   82721 \r\n"
     "Content-Length: 0\r\n\r\n",
	429, 82721},
    {"HTTP/1.1 429 Too Many Requests\r\nRetry-After: -1\r\n"
     "Content-Length: 0\r\n\r\n",
	429, 0},
    {"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 99999999999\r\n"
     "Content-Length: 0\r\n\r\n",
	429, 0},
    {"HTTP/1.1 429 Too Many Requests\r\nRetry-After: "
     "Wed, 21 Oct 2015 07:28:00 GMT\r\nContent-Length: 0\r\n\r\n",
	429, 0},
    {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 503, 0},
    {"HTTP/1.1 520 Whatever\r\nContent-Length: 0\r\n\r\n", 520, 0},
    {"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n"
     "Content-Length: 0\r\n\r\n",
	302, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, 0},
    {"HTTP/1.0 503 Service Unavailable\r\n\r\nbye", 503, 0},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
     "Connection: Upgrade\r\nSec-WebSocket-Accept: bm8=\r\n\r\n",
	0, 0},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
     "Connection: Upgrade\r\n\r\n",
	0, 0},
    {"not HTTP\r\n\r\n", 0, 0},
    {"", 0, 0},
};

static void
a_refused_upgrade_says_why(void **state)
{
	struct ws_bed *x = *state;

	x->serve_all = refuse;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct ws_client c;

		ws_client_init(&c, x->loop, x->tls ? "wss" : "ws",
		    x->tls ? "localhost" : "127.0.0.1", peer_port(x->peer),
		    "/link?ticket=s3cret");
		refusal = refusals[i].answer;
		ws_client_open(&c);
		ws_client_await_ended(&c);
		assert_int_equal(c.end.rc, RC_REMOTE_TEMP);
		assert_false(c.end.was_open);
		assert_int_equal(c.end.status, refusals[i].status);
		assert_int_equal(c.end.retry_after_s,
		    refusals[i].retry_after_s);
		assert_int_equal(c.end.code, 1006);
		assert_int_equal(c.opened, 0);
		assert_int_equal(c.ended, 1);
		assert_null(strstr(c.detail, "s3cret"));
		ws_client_fini(&c);
		/* In particular no redirect was followed. */
		assert_int_equal(peer_connections(x->peer), (int)i + 1);
	}
}

static void
retry_after_may_be_a_date(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = &x->client;
	time_t then = time(NULL) + 100;
	char answer[200];
	struct tm tm;

	x->serve_all = refuse;
	strftime(answer, sizeof(answer),
	    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: "
	    "%a, %d %b %Y %H:%M:%S GMT\r\nContent-Length: 0\r\n\r\n",
	    gmtime_r(&then, &tm));
	refusal = answer;
	ws_client_open(c);
	ws_client_await_ended(c);
	assert_in_range(c->end.retry_after_s, 90, 100);
}

static void
a_url_that_is_none_ends_it(void **state)
{
	static const char *const rows[] = {"", "x", "http://localhost/",
	    "https://localhost/", "ws:/localhost", "ws://", "ws:///",
	    "ws://user:pw@localhost/", "ws://localhost:0/",
	    "ws://localhost:65536/", "ws://localhost/#f", "ws://loc alhost/",
	    "ws://localhost/\r\nX: y", "ws://127.1/", "ws://[::1/",
	    ("wss://"
	     "a2345678901234567890123456789012345678901234567890.example."
	     "a2345678901234567890123456789012345678901234567890."
	     "a234567890.example/")};
	struct ws_bed *x = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ws_client c;

		ws_client_init(&c, x->loop, "", "", 0, "");
		c.call.url = rows[i];
		ws_client_open(&c);
		ws_client_await_ended(&c);
		assert_int_equal(c.end.rc, RC_INVALID);
		assert_int_equal(c.ended, 1);
		ws_client_fini(&c);
	}
}

static void
a_refused_connection_ends_it(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = &x->client;
	int fd, port;

	/* A port on which nobody listens any more. */
	assert_int_equal(net_listen("127.0.0.1", 0, &fd, NULL), RC_OK);
	port = net_port(fd);
	close(fd);
	snprintf(c->url, sizeof(c->url), "ws://127.0.0.1:%d/", port);
	ws_client_open(c);
	ws_client_await_ended(c);
	assert_int_equal(c->end.rc, RC_REMOTE_TEMP);
	assert_false(c->end.was_open);
}

static void
a_server_that_never_answers_is_given_up(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = &x->client;
	long long began = clock_mono_ms();

	x->serve_all = ws_be_silent;
	c->call.handshake_ms = 300;
	ws_client_open(c);
	ws_client_await_ended(c);
	assert_int_equal(c->end.rc, RC_EXPIRED);
	assert_false(c->end.was_open);
	assert_in_range(clock_mono_ms() - began, 300, 5000);
}

static void
what_is_not_open_yet_can_be_ended(void **state)
{
	static void (*const rows[])(struct peer_conn *) = {ws_be_silent,
	    refuse};
	struct ws_bed *x = *state;

	refusal = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		struct ws_client c;
		bool dropping = i % 2 == 0;

		x->serve_all = rows[i / 2];
		ws_client_init(&c, x->loop, "ws", "127.0.0.1",
		    peer_port(x->peer), "/");
		ws_client_open(&c);
		if (dropping) {
			ws_client_drop(&c);
		} else {
			ws_client_close(&c, 1000, "");
		}
		ws_client_await_ended(&c);
		assert_int_equal(c.ended, 1);
		/* The refusal may have been quicker. */
		if (rows[i / 2] == ws_be_silent) {
			assert_int_equal(c.end.rc, RC_OK);
			assert_int_equal(c.end.code, dropping ? 1006 : 1000);
		}
		ws_client_fini(&c);
	}
}

int
main(void)
{
#define ROW(t) cmocka_unit_test_setup_teardown(t, ws_bed_setup, ws_bed_teardown)
#define TLS_ROW(t) \
	cmocka_unit_test_setup_teardown(t, ws_bed_setup_tls, ws_bed_teardown)
	const struct CMUnitTest tests[] = {
	    ROW(a_refused_upgrade_says_why),
	    TLS_ROW(a_refused_upgrade_says_why),
	    ROW(retry_after_may_be_a_date),
	    ROW(a_url_that_is_none_ends_it),
	    ROW(a_refused_connection_ends_it),
	    ROW(a_server_that_never_answers_is_given_up),
	    TLS_ROW(a_server_that_never_answers_is_given_up),
	    ROW(what_is_not_open_yet_can_be_ended),
	};

	return cmocka_run_group_tests_name("websocket_refused", tests, NULL,
	    NULL);
}
