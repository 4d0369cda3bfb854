#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/http_client.h"

#include "peer.h"

enum { LARGE = 8 * 1024 * 1024 }; /* more than two sockets hold */

static char large[LARGE];
static atomic_int asked; /* whole requests that a peer has read */

static struct http_client *
new_client(size_t waiting_max, const char *ca_file)
{
	struct http_client_options o = {
	    .waiting_max = waiting_max,
	    .allow_private = true,
	    .ca_file = ca_file,
	};
	struct http_client *c;
	struct fault f;

	assert_int_equal(http_client_new(&o, &c, &f), RC_OK);
	return c;
}

static struct http_call
a_call(const char *url)
{
	return (struct http_call){
	    .pool = HTTP_PLATFORM,
	    .method = "POST",
	    .url = url,
	    .body = "{}",
	    .body_len = 2,
	    .timeout_ms = 20000,
	    .answer_max = 1000,
	};
}

static const char *
url_of(struct peer *p, const char *scheme, const char *host)
{
	static char url[100];

	snprintf(url, sizeof(url), "%s://%s:%d/", scheme, host, peer_port(p));
	return url;
}

static int
setup(void **state)
{
	static int fds;

	fds = count_fds();
	asked = 0;
	*state = &fds;
	return 0;
}

static int
teardown(void **state)
{
	const int *fds = *state;

	peer_forget_ca();
	return count_fds() == *fds ? 0 : -1;
}

/* What peers do; each with the text of its row. */

static bool
read_request(struct peer_conn *conn)
{
	struct buf b = {0};
	bool whole = peer_request(conn, &b);

	buf_fini(&b);
	asked += whole;
	return whole;
}

static void
wait_until_gone(struct peer_conn *conn)
{
	char c;

	while (peer_read(conn, &c, 1) == 1) {
	}
}

static void
say_and_close(struct peer_conn *conn, void *text)
{
	if (read_request(conn)) {
		peer_say(conn, text);
	}
}

static void
say_and_hold(struct peer_conn *conn, void *text)
{
	if (read_request(conn)) {
		peer_say(conn, text);
		wait_until_gone(conn);
	}
}

static void
read_a_little_and_close(struct peer_conn *conn, void *text)
{
	char block[1000];

	(void)text;
	peer_read(conn, block, sizeof(block));
}

static void
answer_a_little_and_close(struct peer_conn *conn, void *text)
{
	char block[1000];

	peer_read(conn, block, sizeof(block));
	peer_say(conn, text);
	wait_until_gone(conn);
}

static void
say_for_ever(struct peer_conn *conn, void *text)
{
	static const char more[] = "HTTP/1.1 100 Continue\r\nX-More: aaaaaaa";

	if (!read_request(conn)) {
		return;
	}
	peer_say(conn, text);
	for (int i = 0; i < 200 * 1000; i++) {
		peer_say(conn, more);
		peer_say(conn, strstr(text, "flood") ? "\r\n" : "\r\n\r\n");
	}
	wait_until_gone(conn);
}

/* More than we want to hear, although curl would take it. */
static void
say_a_long_head(struct peer_conn *conn, void *text)
{
	if (!read_request(conn)) {
		return;
	}
	peer_say(conn, text);
	for (int i = 0; i < 3000; i++) {
		peer_say(conn, "X-Long: aaaaaaaaaaaaaaaaaaaaa\r\n");
	}
	peer_say(conn, "Content-Length: 0\r\n\r\n");
	wait_until_gone(conn);
}

static const struct {
	const char *name;
	void (*serve)(struct peer_conn *, void *);
	const char *text;
	size_t body_len;
	int timeout_ms;
	enum rc rc;
	int status;
} bad_ends[] = {
    {"closed after the request", say_and_close, "", 2, 20000, RC_UNCERTAIN, 0},
    {"closed after a large request", say_and_close, "", LARGE, 20000,
	RC_UNCERTAIN, 0},
    {"closed within the request", read_a_little_and_close, "", LARGE, 20000,
	RC_REMOTE_TEMP, 0},
    {"not HTTP", say_and_close, "SSH-2.0-OpenSSH\r\n", 2, 20000, RC_UNCERTAIN,
	0},
    {"half a head", say_and_close, "HTTP/1.1 200 OK\r\nX-", 2, 20000,
	RC_UNCERTAIN, 200},
    {"half a body", say_and_close,
	"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 2, 20000,
	RC_UNCERTAIN, 200},
    {"bad chunks", say_and_close,
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 2,
	20000, RC_UNCERTAIN, 200},
    {"silence", say_and_hold, "", 2, 200, RC_UNCERTAIN, 0},
    {"silence within the body", say_and_hold,
	"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 2, 200, RC_UNCERTAIN,
	200},
    {"1xx and closed", say_and_close, "HTTP/1.1 103 Hints\r\n\r\n", 2, 20000,
	RC_UNCERTAIN, 103},
    {"silence behind 1xx", say_and_hold, "HTTP/1.1 100 Continue\r\n\r\n", 2,
	200, RC_UNCERTAIN, 100},
    {"too long a head", say_a_long_head, "HTTP/1.1 200 OK\r\n", 2, 20000,
	RC_UNCERTAIN, 200},
    {"headers without end", say_for_ever, "HTTP/1.1 200 OK\r\nX-A: flood\r\n",
	2, 20000, RC_UNCERTAIN, 200},
    {"1xx without end", say_for_ever, "", 2, 20000, RC_UNCERTAIN, 100},
    {"a body without end", say_for_ever,
	"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 2, 20000, RC_OK, 200},
    {"an answer within the request", answer_a_little_and_close,
	"HTTP/1.1 413 Big\r\nConnection: close\r\n"
	"Content-Length: 0\r\n\r\n",
	LARGE, 20000, RC_OK, 413},
};

static void
an_end_without_an_answer_says_whether_it_may_have_happened(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4 * ARRAY_LEN(bad_ends); i++) {
		size_t r = i / 4;
		bool tls = i % 2 == 1;
		char text[200];
		struct peer *p;
		struct http_client *c;
		struct heard h = HEARD_INIT;
		struct http_call call;

		snprintf(text, sizeof(text), "%s", bad_ends[r].text);
		p = peer_start(bad_ends[r].serve, text, tls);
		c = new_client(1, tls ? peer_ca_file() : NULL);
		call = a_call(url_of(p, tls ? "https" : "http", "localhost"));
		call.pool = i % 4 < 2 ? HTTP_PLATFORM : HTTP_FOREIGN;
		call.body = bad_ends[r].body_len > 2 ? large : "{}";
		call.body_len = bad_ends[r].body_len;
		call.timeout_ms = bad_ends[r].timeout_ms;
		heard_send(&h, c, &call);
		if (h.rc != bad_ends[r].rc || h.status != bad_ends[r].status) {
			fail_msg("%s, tls=%d: %s %d %s", bad_ends[r].name, tls,
			    rc_name(h.rc), h.status, h.detail);
		}
		assert_int_equal(h.body_cut, h.body_len == 1000);
		assert_int_equal(h.detail[0] == '\0', h.rc == RC_OK);
		http_client_free(c);
		assert_int_equal(h.times, 1);
		assert_int_equal(peer_connections(p), 1);
		peer_stop(p);
	}
}

static void
never_sent_and_not_trusted_are_told_apart(void **state)
{
	static const struct {
		const char *scheme, *host;
		bool tls, knows_ca, listens;
		enum rc rc;
	} rows[] = {
	    {"https", "localhost", true, true, true, RC_OK},
	    {"https", "localhost", true, false, true, RC_REMOTE_PERM},
	    {"https", "127.0.0.1", true, true, true, RC_REMOTE_PERM},
	    {"https", "localhost", false, true, true, RC_REMOTE_TEMP},
	    {"https", "localhost", true, true, false, RC_REMOTE_TEMP},
	    {"http", "127.0.0.1", false, true, false, RC_REMOTE_TEMP},
	    {"http", "127.0.0.1", false, true, true, RC_OK},
	};
	char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		size_t r = i / 2;
		struct peer *ca = peer_start(say_and_close, text, true);
		struct peer *p = peer_start(say_and_close, text, rows[r].tls);
		struct http_client *c =
		    new_client(1, rows[r].knows_ca ? peer_ca_file() : NULL);
		struct heard h = HEARD_INIT;
		struct http_call call =
		    a_call(url_of(p, rows[r].scheme, rows[r].host));

		call.pool = i % 2 == 0 ? HTTP_PLATFORM : HTTP_FOREIGN;
		/* Whoever does not speak TLS waits for more to come. */
		call.timeout_ms = rows[r].rc == RC_REMOTE_TEMP ? 500 : 20000;
		if (!rows[r].listens) {
			peer_stop(p);
		}
		asked = 0;
		heard_send(&h, c, &call);
		assert_int_equal(h.rc, rows[r].rc);
		assert_int_equal(asked, rows[r].rc == RC_OK);
		http_client_free(c);
		if (rows[r].listens) {
			peer_stop(p);
		}
		peer_stop(ca);
	}
}

/* Answers the first request when there are two, and hangs up on the next. */
static void
answer_once(struct peer_conn *conn, void *text)
{
	if (read_request(conn)) {
		while (asked < 2) {
			sched_yield();
		}
		peer_say(conn, text);
		read_request(conn);
	}
}

static void
a_request_is_not_sent_again_when_its_kept_connection_dies(void **state)
{
	static const struct {
		const char *method;
		size_t body_len;
		int kept; /* connections */
	} rows[] = {
	    {"POST", 2, 1},
	    {"POST", 0, 1},
	    {"GET", 0, 1},
	    {"POST", LARGE, 1},
	    {"POST", 2, 2},
	    {"POST", LARGE, 2},
	};
	char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct peer *p = peer_start(answer_once, text, false);
		struct http_client *c = new_client(2, NULL);
		struct heard h = HEARD_INIT;
		struct http_call call = a_call(url_of(p, "http", "127.0.0.1"));

		asked = 2 - rows[i].kept;
		for (int k = 0; k < rows[i].kept; k++) {
			assert_int_equal(http_client_send(c, &call, heard_done,
					     &h),
			    RC_OK);
		}
		heard_wait(&h, rows[i].kept);
		assert_int_equal(h.rc, RC_OK);
		call.method = rows[i].method;
		call.body = large;
		call.body_len = rows[i].body_len;
		heard_send(&h, c, &call);
		assert_int_equal(h.rc, RC_UNCERTAIN);
		http_client_free(c);
		assert_int_equal(asked, 3);
		assert_int_equal(peer_connections(p), rows[i].kept);
		peer_stop(p);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_end_without_an_answer_says_whether_it_may_have_happened),
	    TEST(never_sent_and_not_trusted_are_told_apart),
	    TEST(a_request_is_not_sent_again_when_its_kept_connection_dies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
