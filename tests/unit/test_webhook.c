#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/clock.h"

#include "ear.h"
#include "peer.h"

#define ID	  "dlv_0000000000000001"
#define ID_HEADER "webhook-id: dlv_0000000000000001"

enum { MANY = 1000, FEW = 2 };

/* A channel, its courier and an endpoint. */
struct fixture {
	struct http_client *http;
	struct peer *peer;
	struct ear ear;
	void *channel;
	pthread_mutex_t lock;
	struct buf asked;  /* all requests; under the lock */
	const char *reply; /* NULL = hold the request until `let_go` */
	pthread_cond_t arrived, freed;
	int requests;
	bool let_go;
};

static void
hold(struct fixture *x)
{
	while (!x->let_go) {
		pthread_cond_wait(&x->freed, &x->lock);
	}
}

static void
serve(struct peer_conn *conn, void *arg)
{
	struct fixture *x = arg;
	struct buf b = {0};

	if (peer_request(conn, &b)) {
		pthread_mutex_lock(&x->lock);
		buf_add(&x->asked, b.data, b.len);
		x->requests++;
		pthread_cond_broadcast(&x->arrived);
		if (x->reply == NULL) {
			hold(x);
		}
		pthread_mutex_unlock(&x->lock);
		peer_say(conn,
		    x->reply != NULL
			? x->reply
			: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	}
	buf_fini(&b);
}

static void
open_fixture(struct fixture *x, bool allow_private, size_t waiting_max)
{
	struct http_client_options o = {.waiting_max = waiting_max,
	    .allow_private = allow_private};
	struct fault f = {0};

	memset(x, 0, sizeof(*x));
	pthread_mutex_init(&x->lock, NULL);
	pthread_cond_init(&x->arrived, NULL);
	pthread_cond_init(&x->freed, NULL);
	assert_int_equal(http_client_new(&o, &x->http, &f), RC_OK);
	x->peer = peer_start(serve, x, false);
	ear_init(&x->ear, x->http);
	assert_true(channel_webhook.wanted(&x->ear.env));
	assert_int_equal(channel_webhook.start(&x->ear.env, &x->channel, &f),
	    RC_OK);
}

static void
close_fixture(struct fixture *x)
{
	if (x->channel != NULL) {
		channel_webhook.stop(x->channel);
	}
	http_client_free(x->http);
	peer_stop(x->peer);
	ear_fini(&x->ear);
	buf_fini(&x->asked);
	pthread_cond_destroy(&x->arrived);
	pthread_cond_destroy(&x->freed);
	pthread_mutex_destroy(&x->lock);
}

static void
await_requests(struct fixture *x, int n)
{
	pthread_mutex_lock(&x->lock);
	while (x->requests < n) {
		pthread_cond_wait(&x->arrived, &x->lock);
	}
	pthread_mutex_unlock(&x->lock);
}

static void
let_go(struct fixture *x)
{
	pthread_mutex_lock(&x->lock);
	x->let_go = true;
	pthread_cond_broadcast(&x->freed);
	pthread_mutex_unlock(&x->lock);
}

static struct delivery *
news(const struct fixture *x, const char *url)
{
	static const char *const headers[] = {"Content-Type: application/json",
	    ID_HEADER, "webhook-timestamp: 1795234560",
	    "webhook-signature: v1,c2lnbmF0dXJl", NULL};
	char own[64];
	struct delivery *d;

	(void)snprintf(own, sizeof(own), "http://127.0.0.1:%d/hook?a=b",
	    peer_port(x->peer));
	d = ear_delivery(DELIVERY_WEBHOOK, ID, url != NULL ? url : own);
	d->body = "{\"event\":\"approved\"}";
	d->body_len = strlen(d->body);
	d->headers = headers;
	return d;
}

static void
the_body_and_headers_arrive_as_they_were_signed(void **state)
{
	static const char *const lines[] = {"POST /hook?a=b HTTP/1.1\r\n",
	    "\r\nContent-Type: application/json\r\n",
	    "\r\nwebhook-id: dlv_0000000000000001\r\n",
	    "\r\nwebhook-timestamp: 1795234560\r\n",
	    "\r\nwebhook-signature: v1,c2lnbmF0dXJl\r\n",
	    "\r\nContent-Length: 20\r\n", "\r\n\r\n{\"event\":\"approved\"}"};
	struct fixture x;
	struct ear_end end;
	size_t i;

	(void)state;
	open_fixture(&x, true, MANY);
	x.reply = "HTTP/1.1 204 No Content\r\n\r\n";
	assert_int_equal(channel_webhook.deliver(x.channel, news(&x, NULL)),
	    RC_OK);
	end = ear_wait(&x.ear, 1);
	assert_string_equal(end.id, ID);
	assert_int_equal(end.rc, RC_OK);
	assert_string_equal(end.detail, "HTTP 204");
	for (i = 0; i < ARRAY_LEN(lines); i++) {
		assert_non_null(strstr(buf_str(&x.asked), lines[i]));
	}
	assert_int_equal(x.requests, 1);
	close_fixture(&x);
}

static void
an_answer_says_whether_to_come_again(void **state)
{
	static const struct {
		const char *reply;
		enum rc rc;
		int retry_after_s;
	} rows[] = {
	    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", RC_OK, 0},
	    {"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", RC_OK, 0},
	    {"HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n", RC_OK, 0},
	    /* A redirect is not followed: nobody checked where it goes. */
	    {"HTTP/1.1 302 Found\r\nLocation: /other\r\n"
	     "Content-Length: 0\r\n\r\n",
		RC_REMOTE_TEMP, 0},
	    {"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1/\r\n"
	     "Content-Length: 0\r\n\r\n",
		RC_REMOTE_TEMP, 0},
	    {"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", RC_REMOTE_TEMP,
		0},
	    {"HTTP/1.1 404 Not Found\r\nRetry-After: 9\r\n"
	     "Content-Length: 0\r\n\r\n",
		RC_REMOTE_TEMP, 0},
	    {"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", RC_REMOTE_PERM,
		0},
	    {"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
		RC_REMOTE_TEMP, 7},
	    {"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", RC_REMOTE_TEMP,
		0},
	    {"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", RC_REMOTE_TEMP,
		0},
	    {"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\n"
	     "Content-Length: 0\r\n\r\n",
		RC_REMOTE_TEMP, 120},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture x;
		struct ear_end end;

		open_fixture(&x, true, MANY);
		x.reply = rows[i].reply;
		assert_int_equal(channel_webhook.deliver(x.channel,
				     news(&x, NULL)),
		    RC_OK);
		end = ear_wait(&x.ear, 1);
		assert_int_equal(end.rc, rows[i].rc);
		assert_int_equal(end.retry_after_s, rows[i].retry_after_s);
		assert_int_equal(x.requests, 1);
		close_fixture(&x);
	}
}

static void
an_endpoint_that_cannot_be_reached_is_judged_by_its_address(void **state)
{
	static const struct {
		bool allow_private;
		const char *url; /* NULL = the peer */
		enum rc rc;
	} rows[] = {
	    {false, "https://127.0.0.1/hook", RC_FORBIDDEN},
	    {false, "https://[::1]/hook", RC_FORBIDDEN},
	    {false, "http://127.0.0.1/hook", RC_INVALID}, /* not https */
	    {true, "ftp://127.0.0.1/hook", RC_INVALID},
	    {true, "http://127.0.0.1:1/hook", RC_REMOTE_TEMP},
	    {true, "http://name.invalid/hook", RC_REMOTE_TEMP},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct channel_health health;
		struct fixture x;
		struct ear_end end;

		open_fixture(&x, rows[i].allow_private, MANY);
		assert_int_equal(channel_webhook.deliver(x.channel,
				     news(&x, rows[i].url)),
		    RC_OK);
		end = ear_wait(&x.ear, 1);
		assert_int_equal(end.rc, rows[i].rc);
		assert_true(strlen(end.detail) > 0);
		assert_null(strstr(end.detail, "hook"));
		/* It is the endpoint's fault, not the channel's. */
		channel_webhook.health(x.channel, &health);
		assert_int_equal(health.state, CHANNEL_UP);
		assert_string_equal(health.fault, "");
		assert_int_equal(x.requests, 0);
		close_fixture(&x);
	}
}

static void
a_certificate_that_does_not_fit_is_no_refusal_for_good(void **state)
{
	struct fixture x;
	struct peer *tls;
	struct ear_end end;
	char url[64];

	(void)state;
	open_fixture(&x, true, MANY);
	x.reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	tls = peer_start(serve, &x, true);
	(void)snprintf(url, sizeof(url), "https://localhost:%d/",
	    peer_port(tls));
	assert_int_equal(channel_webhook.deliver(x.channel, news(&x, url)),
	    RC_OK);
	end = ear_wait(&x.ear, 1);
	assert_int_equal(end.rc, RC_REMOTE_TEMP);
	assert_int_equal(x.requests, 0);
	close_fixture(&x);
	peer_stop(tls);
}

static void
a_full_courier_leaves_the_delivery_with_its_owner(void **state)
{
	struct fixture x;
	struct delivery *third;

	(void)state;
	open_fixture(&x, true, FEW);
	assert_int_equal(channel_webhook.deliver(x.channel, news(&x, NULL)),
	    RC_OK);
	assert_int_equal(channel_webhook.deliver(x.channel, news(&x, NULL)),
	    RC_OK);
	third = news(&x, NULL);
	assert_int_equal(channel_webhook.deliver(x.channel, third), RC_BUSY);
	assert_int_equal(ear_times(&x.ear), 0);
	delivery_free(third);
	let_go(&x);
	(void)ear_wait(&x.ear, 2);
	close_fixture(&x);
}

static void *
stop_it(void *arg)
{
	struct fixture *x = arg;

	channel_webhook.stop(x->channel);
	return NULL;
}

static void
stopping_waits_for_the_call_under_way(void **state)
{
	struct fixture x;
	struct delivery *late;
	pthread_t stopper;

	(void)state;
	open_fixture(&x, true, MANY);
	assert_int_equal(channel_webhook.deliver(x.channel, news(&x, NULL)),
	    RC_OK);
	await_requests(&x, 1);
	pthread_create(&stopper, NULL, stop_it, &x);
	/* From some moment on nothing new is taken. */
	late = news(&x, "ftp://127.0.0.1/");
	while (channel_webhook.deliver(x.channel, late) == RC_OK) {
		late = news(&x, "ftp://127.0.0.1/");
	}
	delivery_free(late);
	assert_int_equal(ear_fine(&x.ear), 0);
	let_go(&x);
	pthread_join(stopper, NULL);
	x.channel = NULL;
	assert_int_equal(ear_fine(&x.ear), 1);
	close_fixture(&x);
}

static void
stopping_ends_although_an_endpoint_hangs(void **state)
{
	struct fixture x;
	long long began;

	(void)state;
	open_fixture(&x, true, MANY);
	assert_int_equal(channel_webhook.deliver(x.channel, news(&x, NULL)),
	    RC_OK);
	await_requests(&x, 1);
	began = clock_mono_ms();
	channel_webhook.stop(x.channel);
	assert_in_range(clock_mono_ms() - began, 7000, 9900);
	x.channel = NULL;
	assert_int_equal(ear_wait(&x.ear, 1).rc, RC_UNCERTAIN);
	let_go(&x);
	close_fixture(&x);
}

static int
clean(void **state)
{
	(void)state;
	peer_forget_ca();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_body_and_headers_arrive_as_they_were_signed),
	    cmocka_unit_test(an_answer_says_whether_to_come_again),
	    cmocka_unit_test(
		an_endpoint_that_cannot_be_reached_is_judged_by_its_address),
	    cmocka_unit_test(
		a_certificate_that_does_not_fit_is_no_refusal_for_good),
	    cmocka_unit_test(a_full_courier_leaves_the_delivery_with_its_owner),
	    cmocka_unit_test(stopping_waits_for_the_call_under_way),
	    cmocka_unit_test(stopping_ends_although_an_endpoint_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
