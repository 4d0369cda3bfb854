#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/http_client.h"

#include "peer.h"

/* What a test works with: an echo of requests and scripted replies. */
struct fixture {
	int fds; /* open before */
	struct http_client *client;
	struct peer *peer;
	pthread_mutex_t lock;
	struct buf asked; /* the last request; under the lock */
	char reply[400];  /* to the next request; under the lock */
	struct heard heard;
	char url[100];
};

static void
serve_reply(struct peer_conn *conn, void *arg)
{
	struct fixture *x = arg;
	struct buf b = {0};
	char reply[400];

	while (peer_request(conn, &b)) {
		pthread_mutex_lock(&x->lock);
		buf_clear(&x->asked);
		buf_add(&x->asked, b.data, b.len);
		memcpy(reply, x->reply, sizeof(reply));
		pthread_mutex_unlock(&x->lock);
		buf_clear(&b);
		peer_say(conn, reply);
		/* No length: the end of the connection is the end. */
		if (strstr(reply, "Connection: close") != NULL) {
			break;
		}
	}
	buf_fini(&b);
}

static void
set_reply(struct fixture *x, const char *reply)
{
	pthread_mutex_lock(&x->lock);
	snprintf(x->reply, sizeof(x->reply), "%s", reply);
	pthread_mutex_unlock(&x->lock);
}

/* What the peer read last. It is done with it: the call was answered. */
static const struct buf *
last_asked(struct fixture *x)
{
	pthread_mutex_lock(&x->lock);
	pthread_mutex_unlock(&x->lock);
	return &x->asked;
}

static struct http_client *
new_client(bool allow_private)
{
	struct http_client_options o = {
	    .waiting_max = 100,
	    .allow_private = allow_private,
	    .user_agent = "assent-test/1",
	};
	struct http_client *c;
	struct fault f;

	assert_int_equal(http_client_new(&o, &c, &f), RC_OK);
	return c;
}

static int
setup(void **state)
{
	static struct fixture x;
	static const struct heard fresh = HEARD_INIT;

	x = (struct fixture){.fds = count_fds(), .heard = fresh};
	pthread_mutex_init(&x.lock, NULL);
	set_reply(&x, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	x.client = new_client(true);
	x.peer = peer_start(serve_reply, &x, false);
	snprintf(x.url, sizeof(x.url), "http://127.0.0.1:%d/hook?a=b",
	    peer_port(x.peer));
	*state = &x;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *x = *state;

	http_client_free(x->client);
	peer_stop(x->peer);
	buf_fini(&x->asked);
	pthread_mutex_destroy(&x->lock);
	return count_fds() == x->fds ? 0 : -1;
}

static struct http_call
a_call(const struct fixture *x)
{
	return (struct http_call){
	    .pool = HTTP_PLATFORM,
	    .method = "GET",
	    .url = x->url,
	    .timeout_ms = 20000,
	    .answer_max = 1000,
	};
}

static void
a_request_arrives_as_it_was_written(void **state)
{
	static const char *const json[] = {"Content-Type: application/json",
	    "X-Sign: v1=abc", NULL};
	static const struct {
		const char *method, *body;
		const char *const *headers;
		const char *begins;
		const char *has[3];
		const char *lacks[3];
	} rows[] = {
	    {"GET", NULL, NULL, "GET /hook?a=b HTTP/1.1\r\n",
		{"User-Agent: assent-test/1\r\n"}, {"Content-", "Cookie"}},
	    {"POST", "{}", json, "POST /hook?a=b HTTP/1.1\r\n",
		{"Content-Type: application/json\r\n", "X-Sign: v1=abc\r\n",
		    "Content-Length: 2\r\n"},
		{"urlencoded", "Expect"}},
	    {"POST", "no type", NULL, "POST ", {"\r\n\r\nno type"},
		{"Content-Type"}},
	    {"POST", "", NULL, "POST ", {"Content-Length: 0\r\n"},
		{"Content-Type"}},
	    {"PATCH", "{\"a\":1}", json, "PATCH ", {"\r\n\r\n{\"a\":1}"},
		{"POST"}},
	    {"PUT", "x", json, "PUT ", {"Content-Length: 1\r\n"}, {"chunked"}},
	    {"PUT", NULL, NULL, "PUT ", {NULL}, {"Content-Length: 1"}},
	    {"DELETE", NULL, NULL, "DELETE ", {NULL}, {"Content-Type"}},
	    {"HEAD", NULL, NULL, "HEAD ", {NULL}, {"Content-"}},
	};
	struct fixture *x = *state;

	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		size_t r = i / 2;
		struct http_call call = a_call(x);
		const char *got;

		call.pool = i % 2 == 0 ? HTTP_PLATFORM : HTTP_FOREIGN;
		call.method = rows[r].method;
		call.headers = rows[r].headers;
		call.body = rows[r].body;
		call.body_len = rows[r].body != NULL ? strlen(rows[r].body) : 0;
		heard_send(&x->heard, x->client, &call);
		assert_int_equal(x->heard.rc, RC_OK);
		assert_int_equal(x->heard.status, 200);
		got = last_asked(x)->data;
		assert_memory_equal(got, rows[r].begins,
		    strlen(rows[r].begins));
		for (size_t k = 0; k < 3 && rows[r].has[k] != NULL; k++) {
			assert_non_null(strstr(got, rows[r].has[k]));
		}
		for (size_t k = 0; k < 3 && rows[r].lacks[k] != NULL; k++) {
			assert_null(strstr(got, rows[r].lacks[k]));
		}
	}
}

static void
a_body_may_have_any_bytes_and_be_large(void **state)
{
	enum { SIZE = 3 * 1024 * 1024 };
	struct fixture *x = *state;
	struct http_call call = a_call(x);
	char *body = malloc(SIZE);
	const struct buf *got;

	for (size_t i = 0; i < SIZE; i++) {
		body[i] = (char)(i * 31 % 251);
	}
	call.method = "POST";
	call.body = body;
	call.body_len = SIZE;
	assert_int_equal(http_client_send(x->client, &call, heard_done,
			     &x->heard),
	    RC_OK);
	/* It was copied. */
	memset(body, 'x', SIZE);
	heard_wait(&x->heard, 1);
	assert_int_equal(x->heard.rc, RC_OK);
	got = last_asked(x);
	assert_true(got->len > SIZE);
	/* Curl would like to be asked to go on. */
	assert_null(strstr(got->data, "Expect:"));
	for (size_t i = 0; i < SIZE; i++) {
		assert_int_equal(got->data[got->len - SIZE + i],
		    (char)(i * 31 % 251));
	}
	free(body);
}

static void
an_answer_is_told_as_it_came(void **state)
{
	static const struct {
		const char *reply;
		int status;
		const char *body;
		const char *x_first;
		size_t answer_max;
		bool cut;
	} rows[] = {
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello",
		"", 5, false},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hell",
		"", 4, true},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "", "",
		0, true},
	    {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", "", 9, false},
	    {"HTTP/1.1 201 Created\r\nX-First: one\r\nx-first: two\r\n"
	     "Content-Length: 0\r\n\r\n",
		201, "", "one", 9, false},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	     "3\r\nabc\r\n2\r\nde\r\n0\r\nX-First: trailer\r\n\r\n",
		200, "abcde", "", 9, false},
	    {"HTTP/1.1 103 Early Hints\r\nX-First: early\r\n\r\n"
	     "HTTP/1.1 202 Accepted\r\nX-First: late\r\n"
	     "Content-Length: 2\r\n\r\nok",
		202, "ok", "late", 9, false},
	    {"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad", 500, "bad",
		"", 9, false},
	    {"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", 410, "", "", 9,
		false},
	    {"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
	     "Content-Length: 0\r\n\r\n",
		401, "", "", 9, false},
	    {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", 200,
		"to the end", "", 99, false},
	    {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
	     "Content-Length: 3\r\n\r\nraw",
		200, "raw", "", 9, false},
	};
	struct fixture *x = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_call call = a_call(x);

		set_reply(x, rows[i].reply);
		call.answer_max = rows[i].answer_max;
		heard_send(&x->heard, x->client, &call);
		assert_int_equal(x->heard.rc, RC_OK);
		assert_int_equal(x->heard.status, rows[i].status);
		assert_string_equal(x->heard.body, rows[i].body);
		assert_int_equal(x->heard.body_len, strlen(rows[i].body));
		assert_int_equal(x->heard.body_cut, rows[i].cut);
		assert_string_equal(x->heard.x_first, rows[i].x_first);
		assert_string_equal(x->heard.detail, "");
		assert_int_equal(x->heard.retry_after_s, 0);
	}
}

static void
a_redirect_is_an_answer(void **state)
{
	static const int codes[] = {301, 302, 303, 307, 308};
	struct fixture *x = *state;
	char reply[300];

	for (size_t i = 0; i < 2 * ARRAY_LEN(codes); i++) {
		struct http_call call = a_call(x);
		int before = x->heard.times;

		snprintf(reply, sizeof(reply),
		    "HTTP/1.1 %d Elsewhere\r\nLocation: %s\r\n"
		    "Content-Length: 0\r\n\r\n",
		    codes[i / 2], x->url);
		set_reply(x, reply);
		call.pool = i % 2 == 0 ? HTTP_PLATFORM : HTTP_FOREIGN;
		heard_send(&x->heard, x->client, &call);
		assert_int_equal(x->heard.times, before + 1);
		assert_int_equal(x->heard.rc, RC_OK);
		assert_int_equal(x->heard.status, codes[i / 2]);
	}
	/* One kept, and one for each foreign call: nobody went on. */
	assert_int_equal(peer_connections(x->peer), 1 + ARRAY_LEN(codes));
}

/* RFC 9110 5.6.7: the preferred form of a date. */
static void
http_date(time_t t, char out[64])
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 64, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static void
retry_after_is_read_in_both_forms(void **state)
{
	char soon[64], past[64], far[64];
	const struct {
		const char *value;
		int least, most;
	} rows[] = {
	    {"7", 7, 7},
	    {"0", 0, 0},
	    {"86400", 86400, 86400},
	    {"99999999999999", 1000000, INT32_MAX},
	    {"-5", 0, 0},
	    {"soon", 0, 0},
	    {"", 0, 0},
	    {soon, 80, 90},
	    {past, 0, 0},
	    {far, 1000000, INT32_MAX},
	};
	struct fixture *x = *state;
	char reply[300];

	http_date(time(NULL) + 90, soon);
	http_date(time(NULL) - 90, past);
	http_date(time(NULL) + 400L * 365 * 86400, far);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_call call = a_call(x);

		snprintf(reply, sizeof(reply),
		    "HTTP/1.1 429 Slow\r\nRetry-After: %s\r\n"
		    "Content-Length: 0\r\n\r\n",
		    rows[i].value);
		set_reply(x, reply);
		heard_send(&x->heard, x->client, &call);
		assert_int_equal(x->heard.status, 429);
		assert_in_range(x->heard.retry_after_s, rows[i].least,
		    rows[i].most);
	}
}

static const char *const split[] = {"X-A: b\r\nX-Evil: 1", NULL};
static const char *const feed[] = {"X-A: b\n", NULL};
static const char *const fine[] = {"X-A: b", NULL};
static char over[3000];
static const struct {
	enum http_pool pool;
	const char *method, *url; /* %d: the port */
	const char *const *headers;
} no_requests[] = {
    {HTTP_PLATFORM, "GET", "http://user@127.0.0.1:%d/", fine},
    {HTTP_PLATFORM, "GET", "http://user:pw@127.0.0.1:%d/", fine},
    {HTTP_PLATFORM, "GET", "http://:pw@127.0.0.1:%d/", fine},
    {HTTP_FOREIGN, "GET", "http://user:pw@127.0.0.1:%d/", fine},
    {HTTP_FOREIGN, "GET", "http://good.example\\@127.0.0.1:%d/", fine},
    {HTTP_FOREIGN, "GET", "http://@127.0.0.1:%d/", fine},
    {HTTP_PLATFORM, "GET", "127.0.0.1:%d/", fine},
    {HTTP_PLATFORM, "GET", "//127.0.0.1:%d/", fine},
    {HTTP_PLATFORM, "GET", "/only/a/path", fine},
    {HTTP_PLATFORM, "GET", "", fine},
    {HTTP_PLATFORM, "GET", "http://", fine},
    {HTTP_PLATFORM, "GET", "http://:%d/", fine},
    {HTTP_PLATFORM, "GET", "http://127.0.0.1:%d0000/", fine},
    {HTTP_PLATFORM, "GET", "http://127.0.0.1:%d/a b", fine},
    {HTTP_PLATFORM, "GET", "http://127.0.0.1:%d/\r\nX: y", fine},
    {HTTP_FOREIGN, "GET", "file:///etc/passwd", fine},
    {HTTP_PLATFORM, "GET", "file:///etc/passwd", fine},
    {HTTP_FOREIGN, "GET", "gopher://127.0.0.1:%d/_x", fine},
    {HTTP_FOREIGN, "GET", "ftp://127.0.0.1:%d/", fine},
    {HTTP_FOREIGN, "GET", "dict://127.0.0.1:%d/", fine},
    {HTTP_FOREIGN, "GET", "smtp://127.0.0.1:%d/", fine},
    {HTTP_PLATFORM, "GET", "ws://127.0.0.1:%d/", fine},
    {HTTP_PLATFORM, "GET", over, fine},
    {HTTP_PLATFORM, "", "http://127.0.0.1:%d/", fine},
    {HTTP_PLATFORM, "get", "http://127.0.0.1:%d/", fine},
    {HTTP_PLATFORM, "GET / X\r\n", "http://127.0.0.1:%d/", fine},
    {HTTP_PLATFORM, "GET", "http://127.0.0.1:%d/", split},
    {HTTP_PLATFORM, "GET", "http://127.0.0.1:%d/", feed},
};

static void
what_is_no_request_is_refused_before_anyone_hears_of_it(void **state)
{
	struct fixture *x = *state;
	char url[3100];

	memset(over, 'a', sizeof(over) - 1);
	memcpy(over, "http://127.0.0.1:%d/", 20);
	for (size_t i = 0; i < ARRAY_LEN(no_requests); i++) {
		const char *port = strstr(no_requests[i].url, "%d");
		struct http_call call = a_call(x);
		size_t before = port != NULL
		    ? (size_t)(port - no_requests[i].url)
		    : strlen(no_requests[i].url);

		snprintf(url, sizeof(url), "%.*s", (int)before,
		    no_requests[i].url);
		if (port != NULL) {
			snprintf(url + before, sizeof(url) - before, "%d%s",
			    peer_port(x->peer), port + 2);
		}
		call.pool = no_requests[i].pool;
		call.method = no_requests[i].method;
		call.url = url;
		call.headers = no_requests[i].headers;
		heard_send(&x->heard, x->client, &call);
		if (x->heard.rc != RC_INVALID) {
			fail_msg("%s: %s", url, rc_name(x->heard.rc));
		}
		assert_string_not_equal(x->heard.detail, "");
	}
	assert_int_equal(peer_connections(x->peer), 0);
}

static void
a_platform_connection_is_kept_and_a_foreign_one_is_not(void **state)
{
	struct fixture *x = *state;
	struct http_call call = a_call(x);

	for (int i = 0; i < 5; i++) {
		heard_send(&x->heard, x->client, &call);
		assert_int_equal(x->heard.rc, RC_OK);
	}
	assert_int_equal(peer_connections(x->peer), 1);
	call.pool = HTTP_FOREIGN;
	for (int i = 0; i < 5; i++) {
		heard_send(&x->heard, x->client, &call);
		assert_int_equal(x->heard.rc, RC_OK);
	}
	assert_int_equal(peer_connections(x->peer), 6);
	call.pool = HTTP_PLATFORM;
	heard_send(&x->heard, x->client, &call);
	assert_int_equal(peer_connections(x->peer), 6);
}

static void
proxies_of_the_environment_are_not_used(void **state)
{
	static const char *const names[] = {"http_proxy", "HTTP_PROXY",
	    "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	struct fixture *x = *state;
	struct http_call call = a_call(x);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		setenv(names[i], "http://127.0.0.1:1", 1);
	}
	heard_send(&x->heard, x->client, &call);
	assert_int_equal(x->heard.rc, RC_OK);
	call.pool = HTTP_FOREIGN;
	heard_send(&x->heard, x->client, &call);
	assert_int_equal(x->heard.rc, RC_OK);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		unsetenv(names[i]);
	}
}

static void
a_ca_file_that_cannot_be_read_is_refused(void **state)
{
	struct http_client_options o = {.waiting_max = 1,
	    .ca_file = "/nonexistent/ca.pem"};
	struct http_client *c;
	struct fault f;

	(void)state;
	assert_int_equal(http_client_new(&o, &c, &f), RC_INVALID);
	assert_string_equal(f.field, "ca_file");
	assert_null(c);
	http_client_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_request_arrives_as_it_was_written),
	    TEST(a_body_may_have_any_bytes_and_be_large),
	    TEST(an_answer_is_told_as_it_came),
	    TEST(a_redirect_is_an_answer),
	    TEST(retry_after_is_read_in_both_forms),
	    TEST(what_is_no_request_is_refused_before_anyone_hears_of_it),
	    TEST(a_platform_connection_is_kept_and_a_foreign_one_is_not),
	    TEST(proxies_of_the_environment_are_not_used),
	    TEST(a_ca_file_that_cannot_be_read_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
