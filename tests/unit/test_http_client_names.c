#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/http_client.h"

#include "fake_net.h"
#include "peer.h"

struct fixture {
	int fds;
	struct peer *peer;
	struct http_client *client;
};

static void
serve(struct peer_conn *conn, void *text)
{
	struct buf b = {0};

	if (peer_request(conn, &b)) {
		peer_say(conn, text);
	}
	buf_fini(&b);
}

static struct http_client *
new_client(void)
{
	struct http_client_options o = {
	    .waiting_max = 10,
	    .allow_private = true,
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
	static char text[] = "HTTP/1.1 204 No Content\r\n\r\n";

	x.fds = count_fds();
	x.peer = peer_start(serve, text, false);
	x.client = new_client();
	*state = &x;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *x = *state;

	http_client_free(x->client);
	peer_stop(x->peer);
	return count_fds() == x->fds ? 0 : -1;
}

/* A call to a name at the peer's port. */
static struct http_call
a_call(struct fixture *x, const char *name, char url[100])
{
	snprintf(url, 100, "http://%s:%d/", name, peer_port(x->peer));
	return (struct http_call){
	    .pool = HTTP_FOREIGN,
	    .method = "GET",
	    .url = url,
	    .timeout_ms = 20000,
	};
}

/*
 * The listener's line is full, so the call hangs; when the listener closes,
 * its next knock, a second later, is refused.
 */
static void
a_second_address_is_tried_when_the_first_fails_late(void **state)
{
	struct fixture *x = *state;
	struct sockaddr_in a = {
	    .sin_family = AF_INET,
	    .sin_addr.s_addr = inet_addr("127.0.0.2"),
	    .sin_port = htons((uint16_t)peer_port(x->peer)),
	};
	int tarpit = socket(AF_INET, SOCK_STREAM, 0);
	int filler[3];
	char url[100];
	struct http_call call = a_call(x, "late.test", url);
	struct heard h = HEARD_INIT;
	long long start = clock_mono_ms();

	assert_int_equal(bind(tarpit, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(tarpit, 0), 0);
	for (size_t i = 0; i < ARRAY_LEN(filler); i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(filler[i], (struct sockaddr *)&a, sizeof(a));
	}
	connects = 0;
	assert_int_equal(http_client_send(x->client, &call, heard_done, &h),
	    RC_OK);
	while (connects == 0) {
		sched_yield();
	}
	close(tarpit);
	heard_wait(&h, 1);
	assert_int_equal(h.rc, RC_OK);
	assert_int_equal(connects, 2);
	/* Left alone, curl would have waited for 5 s. */
	assert_in_range(clock_mono_ms() - start, 0, 4500);
	for (size_t i = 0; i < ARRAY_LEN(filler); i++) {
		close(filler[i]);
	}
}

static void
wait_for_stuck(const int *count, int least)
{
	pthread_mutex_lock(&stuck_lock);
	while (*count < least) {
		pthread_cond_wait(&stuck_change, &stuck_lock);
	}
	pthread_mutex_unlock(&stuck_lock);
}

static void
a_resolver_that_hangs_holds_up_nobody(void **state)
{
	struct fixture *x = *state;
	int fds = count_fds();
	struct http_client *c = new_client();
	char url[100];
	struct http_call call = a_call(x, "stuck.test", url);
	struct heard late = HEARD_INIT, stopped = HEARD_INIT,
		     other = HEARD_INIT;
	long long start = clock_mono_ms();

	stuck = true;
	call.timeout_ms = 200;
	assert_int_equal(http_client_send(x->client, &call, heard_done, &late),
	    RC_OK);
	call.timeout_ms = 60000;
	assert_int_equal(http_client_send(c, &call, heard_done, &stopped),
	    RC_OK);
	wait_for_stuck(&stuck_in, 2);

	call = a_call(x, "loop4.test", url);
	heard_send(&other, x->client, &call);
	assert_int_equal(other.rc, RC_OK);
	heard_wait(&late, 1);
	assert_int_equal(late.rc, RC_REMOTE_TEMP);
	http_client_free(c);
	assert_int_equal(stopped.rc, RC_BUSY);
	assert_in_range(clock_mono_ms() - start, 200, 10000);

	pthread_mutex_lock(&stuck_lock);
	stuck = false;
	pthread_cond_broadcast(&stuck_change);
	pthread_mutex_unlock(&stuck_lock);
	wait_for_stuck(&stuck_out, 2);
	/* The resolvers' threads end by themselves, with what they hold. */
	while (count_fds() > fds) {
		sched_yield();
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_second_address_is_tried_when_the_first_fails_late),
	    TEST(a_resolver_that_hangs_holds_up_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
