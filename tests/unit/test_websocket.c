#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/websocket.h"

#include "peer.h"
#include "websocket_bed.h"

/* A loop, a server that does what `serve` does, and a client of it. */
struct fixture {
	int fds; /* open before */
	struct websocket_loop *loop;
	struct peer *peer;
	void (*serve)(struct peer_conn *);
	struct ws_client client;
	pthread_mutex_t lock;
	struct buf asked; /* the last request; under the lock */
};

static void
serve(struct peer_conn *conn, void *arg)
{
	struct fixture *x = arg;
	CLEANUP(buf_fini) struct buf request = {0};

	if (!peer_request(conn, &request)) {
		return;
	}
	pthread_mutex_lock(&x->lock);
	buf_clear(&x->asked);
	buf_add(&x->asked, request.data, request.len);
	pthread_mutex_unlock(&x->lock);
	ws_grant(conn, &request);
	x->serve(conn);
}

static int
setup(void **state)
{
	static struct fixture x;

	x = (struct fixture){.fds = count_fds(), .serve = ws_echo};
	pthread_mutex_init(&x.lock, NULL);
	x.loop = ws_loop_new(NULL);
	x.peer = peer_start(serve, &x, false);
	ws_client_init(&x.client, x.loop, "ws", "127.0.0.1", peer_port(x.peer),
	    "/link?ticket=s3cret&app_id=1");
	*state = &x;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *x = *state;

	websocket_loop_free(x->loop);
	peer_stop(x->peer);
	ws_client_fini(&x->client);
	buf_fini(&x->asked);
	pthread_mutex_destroy(&x->lock);
	return count_fds() == x->fds ? 0 : -1;
}

static void
a_text_goes_there_and_back(void **state)
{
	struct fixture *x = *state;

	ws_client_open(&x->client);
	ws_client_await_opened(&x->client);
	assert_int_equal(ws_client_send(&x->client, "hello", 5), RC_OK);
	ws_client_await_messages(&x->client, 1);
	assert_string_equal(x->client.texts.data, "hello\n");
	ws_client_close(&x->client, 1000, "bye");
	ws_client_await_ended(&x->client);
	assert_int_equal(x->client.end.rc, RC_OK);
	assert_int_equal(x->client.end.code, 1000);
	assert_true(x->client.end.was_open);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_text_goes_there_and_back, setup,
		teardown),
	};

	return cmocka_run_group_tests_name("websocket", tests, NULL, NULL);
}
