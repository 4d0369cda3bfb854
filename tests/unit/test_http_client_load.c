#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/http_client.h"

#include "peer.h"

enum { PER_HOST = 8 }; /* connections, as http_client.c has it */

static char no_content[] = "HTTP/1.1 204 No Content\r\n\r\n";
static atomic_int asked; /* whole requests that a peer has read */

static struct http_client *
new_client(size_t waiting_max)
{
	struct http_client_options o = {
	    .waiting_max = waiting_max,
	    .allow_private = true,
	};
	struct http_client *c;
	struct fault f;

	assert_int_equal(http_client_new(&o, &c, &f), RC_OK);
	return c;
}

static struct http_call
a_call(struct peer *p)
{
	static char url[100];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", peer_port(p));
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

	return count_fds() == *fds ? 0 : -1;
}

/* While it is shut, peers hold their answers back. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool shut;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

static void
gate_move(bool shut)
{
	pthread_mutex_lock(&gate.lock);
	gate.shut = shut;
	pthread_cond_broadcast(&gate.moved);
	pthread_mutex_unlock(&gate.lock);
}

static void
gate_pass(void)
{
	pthread_mutex_lock(&gate.lock);
	while (gate.shut) {
		pthread_cond_wait(&gate.moved, &gate.lock);
	}
	pthread_mutex_unlock(&gate.lock);
}

/* A peer that says the text to each request; without one, nothing. */
static void
serve(struct peer_conn *conn, void *text)
{
	struct buf b = {0};

	while (peer_request(conn, &b)) {
		asked++;
		buf_clear(&b);
		gate_pass();
		if (text != NULL) {
			peer_say(conn, text);
		}
	}
	buf_fini(&b);
}

static void
a_time_out_counts_from_the_start_and_for_those_in_line_too(void **state)
{
	enum { CALLS = 5 * PER_HOST };
	struct peer *p = peer_start(serve, NULL, false);
	struct http_client *c = new_client(2 * CALLS);
	static const struct heard fresh = HEARD_INIT;
	struct heard h[CALLS];
	int uncertain = 0, temp = 0;
	struct http_call call = a_call(p);
	long long start = clock_mono_ms();

	(void)state;
	call.timeout_ms = 300;
	for (int i = 0; i < CALLS; i++) {
		h[i] = fresh;
		call.pool = i < CALLS / 2 ? HTTP_PLATFORM : HTTP_FOREIGN;
		assert_int_equal(http_client_send(c, &call, heard_done, &h[i]),
		    RC_OK);
	}
	for (int i = 0; i < CALLS; i++) {
		heard_wait(&h[i], 1);
		uncertain += h[i].rc == RC_UNCERTAIN;
		temp += h[i].rc == RC_REMOTE_TEMP;
	}
	assert_in_range(clock_mono_ms() - start, 290, 5000);
	http_client_free(c);
	assert_int_equal(uncertain + temp, CALLS);
	assert_in_range(uncertain, 2 * PER_HOST, CALLS - 1);
	peer_stop(p);
	/* Nothing that a peer has read is said not to have been sent. */
	assert_in_range(asked, 2 * PER_HOST, uncertain);
}

static void
waiting_is_bounded_and_places_come_back(void **state)
{
	enum { PLACES = 3 };
	struct peer *p = peer_start(serve, no_content, false);
	struct http_client *c = new_client(PLACES);
	struct http_call call = a_call(p);
	struct heard h = HEARD_INIT, refused = HEARD_INIT, mailed = HEARD_INIT;
	struct http_mail mail = {.host = "localhost",
	    .port = 1,
	    .from = "a@example.com",
	    .to = "b@example.com",
	    .message = "\r\n",
	    .message_len = 2,
	    .timeout_ms = 1000};

	(void)state;
	for (int round = 1; round <= 6; round++) {
		call.pool = round % 2 == 0 ? HTTP_PLATFORM : HTTP_FOREIGN;
		gate_move(true);
		for (int i = 0; i < PLACES; i++) {
			assert_int_equal(http_client_send(c, &call, heard_done,
					     &h),
			    RC_OK);
		}
		/* None of them in a queue any more. */
		while (asked < (PLACES + 1) * (round - 1) + PLACES) {
			sched_yield();
		}
		assert_int_equal(http_client_send(c, &call, heard_done,
				     &refused),
		    RC_BUSY);
		/* One pool does not take the other's places. */
		assert_int_equal(http_client_mail(c, &mail, heard_done,
				     &mailed),
		    RC_OK);
		call.pool = round % 2 == 0 ? HTTP_FOREIGN : HTTP_PLATFORM;
		assert_int_equal(http_client_send(c, &call, heard_done, &h),
		    RC_OK);
		gate_move(false);
		heard_wait(&h, round * (PLACES + 1));
		heard_wait(&mailed, round);
		assert_int_equal(h.rc, RC_OK);
	}
	http_client_free(c);
	assert_int_equal(h.times, 6 * (PLACES + 1));
	assert_int_equal(refused.times, 0);
	peer_stop(p);
}

struct chain {
	struct http_client *client;
	struct http_call call;
	int left;
	struct heard heard;
	enum rc last;	    /* what the last http_client_send() said */
	bool takes_signals; /* a thread that called back */
};

static void
send_next(void *arg, const struct http_answer *a)
{
	struct chain *chain = arg;
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	chain->takes_signals |= sigismember(&blocked, SIGPIPE) != 1 ||
	    sigismember(&blocked, SIGTERM) != 1;
	if (chain->left-- > 0) {
		chain->last = http_client_send(chain->client, &chain->call,
		    send_next, chain);
		if (chain->last == RC_OK) {
			return;
		}
	}
	heard_done(&chain->heard, a);
}

static void
whoever_is_called_back_may_send_again_and_gets_no_signals(void **state)
{
	struct peer *p = peer_start(serve, no_content, false);
	struct chain chain = {.left = 10, .heard = HEARD_INIT};

	(void)state;
	chain.client = new_client(1);
	chain.call = a_call(p);
	chain.call.pool = HTTP_FOREIGN;
	assert_int_equal(http_client_send(chain.client, &chain.call, send_next,
			     &chain),
	    RC_OK);
	heard_wait(&chain.heard, 1);
	assert_int_equal(chain.heard.rc, RC_OK);
	assert_false(chain.takes_signals);
	http_client_free(chain.client);
	assert_int_equal(peer_connections(p), 11);
	peer_stop(p);
}

static void
stopping_ends_every_call_once_and_takes_no_more(void **state)
{
	enum { CALLS = 100 };
	static const struct heard fresh = HEARD_INIT;
	struct heard h[CALLS];
	struct peer *p = peer_start(serve, NULL, false);
	struct peer *mute = peer_start(serve, NULL, false);
	struct chain chain = {.left = 1, .heard = HEARD_INIT};
	struct http_client *c = new_client(CALLS + 2);
	struct http_call call = a_call(p);
	struct http_mail mail = {.host = "localhost",
	    .port = peer_port(mute),
	    .from = "a@example.com",
	    .to = "b@example.com",
	    .message = "\r\n",
	    .message_len = 2,
	    .timeout_ms = 20000};

	(void)state;
	chain.client = c;
	chain.call = call;
	assert_int_equal(http_client_send(c, &call, send_next, &chain), RC_OK);
	while (asked == 0) {
		sched_yield();
	}
	for (int i = 0; i < CALLS; i++) {
		h[i] = fresh;
		call.pool = i % 2 == 0 ? HTTP_PLATFORM : HTTP_FOREIGN;
		assert_int_equal(i % 10 == 9
			? http_client_mail(c, &mail, heard_done, &h[i])
			: http_client_send(c, &call, heard_done, &h[i]),
		    RC_OK);
	}
	http_client_free(c);
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(h[i].times, 1);
		assert_int_equal(h[i].rc, RC_BUSY);
	}
	assert_int_equal(chain.heard.rc, RC_BUSY);
	assert_int_equal(chain.last, RC_BUSY);
	peer_stop(p);
	peer_stop(mute);
}

enum { SENDERS = 4, EACH = 300 };

struct sender {
	pthread_t thread;
	struct http_client *client;
	struct http_call call;
	struct heard heard;
};

static void *
send_all(void *arg)
{
	struct sender *s = arg;

	for (int i = 0; i < EACH; i++) {
		if (http_client_send(s->client, &s->call, heard_done,
			&s->heard) != RC_OK) {
			return s;
		}
	}
	return NULL;
}

static void
thousands_of_calls_from_many_threads_are_all_answered(void **state)
{
	struct sender s[SENDERS];
	static const struct heard fresh = HEARD_INIT;

	(void)state;
	for (int pool = HTTP_PLATFORM; pool <= HTTP_FOREIGN; pool++) {
		struct peer *p = peer_start(serve, no_content, false);
		struct http_client *c = new_client(SENDERS * EACH);
		struct http_call call = a_call(p);
		void *failed;

		asked = 0;
		call.pool = pool;
		call.timeout_ms = 60000;
		for (int i = 0; i < SENDERS; i++) {
			s[i] = (struct sender){.client = c,
			    .call = call,
			    .heard = fresh};
			assert_int_equal(pthread_create(&s[i].thread, NULL,
					     send_all, &s[i]),
			    0);
		}
		for (int i = 0; i < SENDERS; i++) {
			pthread_join(s[i].thread, &failed);
			assert_null(failed);
			heard_wait(&s[i].heard, EACH);
			assert_int_equal(s[i].heard.rc, RC_OK);
		}
		http_client_free(c);
		assert_int_equal(asked, SENDERS * EACH);
		if (pool != HTTP_FOREIGN) {
			assert_in_range(peer_connections(p), 1, PER_HOST);
		} else {
			assert_int_equal(peer_connections(p), SENDERS * EACH);
		}
		peer_stop(p);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_time_out_counts_from_the_start_and_for_those_in_line_too),
	    TEST(waiting_is_bounded_and_places_come_back),
	    TEST(whoever_is_called_back_may_send_again_and_gets_no_signals),
	    TEST(stopping_ends_every_call_once_and_takes_no_more),
	    TEST(thousands_of_calls_from_many_threads_are_all_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
