#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/http_bed.h"

enum { CLIENTS = 6, ROUNDS = 100, RESUMERS = 3, IN_A_ROW = 5 };

static struct bed bed;

static int
setup(void **state)
{
	(void)state;
	bed_start(&bed, bed_options());
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bed_stop(&bed);
	return 0;
}

static struct http_handle
handle_of(unsigned i)
{
	struct http_handle h;

	pthread_mutex_lock(&bed.lock);
	h = bed.parked[i % BED_PARKED_MAX];
	pthread_mutex_unlock(&bed.lock);
	return h;
}

static void *
resume(void *arg)
{
	http_resume(bed.server, *(struct http_handle *)arg);
	return NULL;
}

/* The others are left for whoever stops the server. */
static void *
resume_every_other(void *arg)
{
	struct http_handle h[BED_PARKED_MAX];
	unsigned n = bed_parked(&bed, 0, h);

	(void)arg;
	while (!atomic_load(&bed.stopping)) {
		for (unsigned i = 0; i < n; i += 2) {
			http_resume(bed.server, h[i]);
		}
	}
	atomic_fetch_sub(&bed.resumers, 1);
	return NULL;
}

static void
a_parked_request_is_answered_when_another_thread_resumes_it(void **state)
{
	CLEANUP(buf_fini) struct buf heard = {0};
	struct http_handle h;
	int fd = say_connect(bed.port);
	pthread_t t;

	(void)state;
	say_text(fd, POST("/park") "Content-Length: 2\r\n\r\nab");
	bed_await_parked(&bed, 1);
	assert_int_equal(http_parked(bed.server), 1);
	h = handle_of(0);
	assert_int_equal(pthread_create(&t, NULL, resume, &h), 0);
	pthread_join(t, NULL);
	assert_int_equal(http_parked(bed.server), 0);
	hear_until(fd, &heard, "resumed");
	/* The connection goes on, and others were served meanwhile. */
	buf_clear(&heard);
	say_text(fd, GET("/echo") "Connection: close\r\n\r\n");
	hear_all(fd, &heard);
	assert_non_null(strstr(buf_str(&heard), "GET /echo"));
	close(fd);
}

static void
others_are_served_while_one_is_parked(void **state)
{
	static const struct row rows[] = {
	    {BYTES(GET("/x") "\r\n"), "200 200", "GET /x "},
	};
	CLEANUP(buf_fini) struct buf heard = {0};
	int fd = say_connect(bed.port);

	(void)state;
	/* What is pipelined behind it waits for its turn. */
	say_text(fd, GET("/park") "\r\n" GET("/behind") "\r\n");
	bed_await_parked(&bed, 1);
	check_rows(&bed, rows, ARRAY_LEN(rows));
	assert_int_equal(http_parked(bed.server), 1);
	http_resume(bed.server, handle_of(0));
	hear_until(fd, &heard, "GET /behind");
	assert_true(strstr(buf_str(&heard), "resumed") <
	    strstr(buf_str(&heard), "GET /behind"));
	close(fd);
}

static void
a_request_may_be_resumed_before_its_handler_returns(void **state)
{
	static const struct row rows[] = {
	    {BYTES(GET("/self") "\r\n" GET("/self") "\r\n"), "200 200 200",
		"resumed"},
	};

	(void)state;
	check_rows(&bed, rows, ARRAY_LEN(rows));
	assert_int_equal(http_parked(bed.server), 0);
}

static void
a_resumed_request_may_be_parked_again(void **state)
{
	CLEANUP(buf_fini) struct buf heard = {0};
	int fd = say_connect(bed.port);

	(void)state;
	say_text(fd, GET("/again") "Connection: close\r\n\r\n");
	bed_await_parked(&bed, 1);
	http_resume(bed.server, handle_of(0));
	bed_await_parked(&bed, 2);
	/* The first handle names nothing any more. */
	http_resume(bed.server, handle_of(0));
	assert_int_equal(http_parked(bed.server), 1);
	http_resume(bed.server, handle_of(1));
	hear_all(fd, &heard);
	assert_non_null(strstr(buf_str(&heard), "resumed"));
	close(fd);
}

static void
a_handle_that_names_nothing_is_harmless(void **state)
{
	CLEANUP(buf_fini) struct buf heard = {0};
	struct http_handle h,
	    odd[] = {{0, 0}, {0, 1}, {0, 7}, {BED_PARKED_MAX, 1}, {~0U, ~0U}};
	int fd = say_connect(bed.port);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		http_resume(bed.server, odd[i]);
	}
	say_text(fd, GET("/park") "\r\n");
	bed_await_parked(&bed, 1);
	h = handle_of(0);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		if (odd[i].slot != h.slot ||
		    odd[i].generation != h.generation) {
			http_resume(bed.server, odd[i]);
		}
	}
	assert_int_equal(http_parked(bed.server), 1);
	http_resume(bed.server, h);
	http_resume(bed.server, h);
	hear_until(fd, &heard, "resumed");
	http_resume(bed.server, h);
	/* Parked in the same place, under another handle. */
	say_text(fd, GET("/park") "Connection: close\r\n\r\n");
	bed_await_parked(&bed, 2);
	assert_int_equal(handle_of(1).slot, h.slot);
	http_resume(bed.server, h);
	assert_int_equal(http_parked(bed.server), 1);
	http_resume(bed.server, handle_of(1));
	hear_all(fd, &heard);
	assert_int_equal(atomic_load(&bed.heard), 2);
	close(fd);
}

static void
a_client_may_leave_while_it_is_parked(void **state)
{
	static const struct linger reset = {.l_onoff = 1};

	(void)state;
	/* With an end of stream first, with a reset then. */
	for (int i = 0; i < 2; i++) {
		int fd = say_connect(bed.port);

		say_text(fd, GET("/park") "\r\n");
		bed_await_parked(&bed, (unsigned)i + 1);
		if (i == 1) {
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset,
			    sizeof(reset));
		}
		close(fd);
		assert_int_equal(http_parked(bed.server), 1);
		http_resume(bed.server, handle_of((unsigned)i));
		bed_await(&bed.over, i + 1);
		assert_int_equal(http_parked(bed.server), 0);
	}
}

static void
parking_has_a_maximum(void **state)
{
	struct http_server_options o = bed_options();
	CLEANUP(buf_fini) struct buf heard = {0};
	int fds[4];

	(void)state;
	o.parked_max = 2;
	bed_start(&bed, o);
	for (int i = 0; i < 2; i++) {
		fds[i] = say_connect(bed.port);
		say_text(fds[i], GET("/park") "\r\n");
		bed_await_parked(&bed, (unsigned)i + 1);
	}
	fds[2] = say_connect(bed.port);
	say_text(fds[2], GET("/park") "\r\n");
	hear_until(fds[2], &heard, "busy");
	http_resume(bed.server, handle_of(0));
	hear_until(fds[0], &heard, "resumed");
	fds[3] = say_connect(bed.port);
	say_text(fds[3], GET("/park") "\r\n");
	bed_await_parked(&bed, 3);
	assert_int_equal(http_parked(bed.server), 2);
	assert_int_equal(atomic_load(&bed.busy), 1);
	bed_stop(&bed);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		close(fds[i]);
	}
}

static void
stopping_answers_what_is_parked(void **state)
{
	int fds[IN_A_ROW];

	(void)state;
	bed_start(&bed, bed_options());
	for (unsigned i = 0; i < IN_A_ROW; i++) {
		fds[i] = say_connect(bed.port);
		say_text(fds[i], GET("/park") "\r\n");
		bed_await_parked(&bed, i + 1);
	}
	/* One of them has left. */
	close(fds[0]);
	bed_stop(&bed);
	for (unsigned i = 1; i < IN_A_ROW; i++) {
		CLEANUP(buf_fini) struct buf heard = {0};

		hear_all(fds[i], &heard);
		assert_non_null(strstr(buf_str(&heard), "\nstopping"));
		assert_non_null(strstr(buf_str(&heard), "Connection: close"));
		close(fds[i]);
	}
}

static void
stopping_may_meet_those_who_resume(void **state)
{
	pthread_t threads[RESUMERS];
	int fds[2 * IN_A_ROW];

	(void)state;
	bed_start(&bed, bed_options());
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = say_connect(bed.port);
		say_text(fds[i], GET("/park") "\r\n");
		bed_await_parked(&bed, i + 1);
	}
	atomic_store(&bed.resumers, RESUMERS);
	for (int i = 0; i < RESUMERS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL,
				     resume_every_other, NULL),
		    0);
	}
	bed_stop(&bed);
	for (int i = 0; i < RESUMERS; i++) {
		pthread_join(threads[i], NULL);
	}
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++) {
		CLEANUP(buf_fini) struct buf heard = {0};

		hear_all(fds[i], &heard);
		assert_non_null(strstr(buf_str(&heard), " 200 OK"));
		close(fds[i]);
	}
}

static atomic_bool enough;
static atomic_int answered;

/* Asks for parked and other answers in turn, over one connection. */
static void *
ask(void *arg)
{
	static const struct {
		const char *request, *answer;
	} turns[] = {
	    {GET("/x") "\r\n", "GET /x "},
	    {POST("/park") "Content-Length: 1\r\n\r\na", "resumed"},
	    {GET("/self") "\r\n", "resumed"},
	};
	CLEANUP(buf_fini) struct buf heard = {0};
	int fd = *(int *)arg;

	for (int i = 0; i < ROUNDS; i++) {
		buf_clear(&heard);
		say_text(fd, turns[i % ARRAY_LEN(turns)].request);
		if (hear_for(fd, &heard, turns[i % ARRAY_LEN(turns)].answer)) {
			atomic_fetch_add(&answered, 1);
		}
	}
	return NULL;
}

/* Resumes whatever was parked of late, which others do too. */
static void *
resume_all(void *arg)
{
	struct http_handle h[BED_PARKED_MAX];
	unsigned seen = 0, n;

	(void)arg;
	while (!atomic_load(&enough)) {
		n = bed_parked(&bed, seen, h);
		for (unsigned i = 0; i < n - seen; i++) {
			http_resume(bed.server, h[i]);
		}
		seen = n;
		sched_yield();
	}
	return NULL;
}

static void
many_clients_and_many_resumers_lose_nothing(void **state)
{
	pthread_t clients[CLIENTS], resumers[RESUMERS];
	int fds[CLIENTS];

	(void)state;
	for (int i = 0; i < RESUMERS; i++) {
		assert_int_equal(pthread_create(&resumers[i], NULL, resume_all,
				     NULL),
		    0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = say_connect(bed.port);
		assert_int_equal(pthread_create(&clients[i], NULL, ask,
				     &fds[i]),
		    0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(clients[i], NULL);
		close(fds[i]);
	}
	atomic_store(&enough, true);
	for (int i = 0; i < RESUMERS; i++) {
		pthread_join(resumers[i], NULL);
	}
	assert_int_equal(atomic_load(&answered), CLIENTS * ROUNDS);
	assert_int_equal(http_parked(bed.server), 0);
	assert_int_equal(atomic_load(&bed.busy), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_parked_request_is_answered_when_another_thread_resumes_it),
	    T(others_are_served_while_one_is_parked),
	    T(a_request_may_be_resumed_before_its_handler_returns),
	    T(a_resumed_request_may_be_parked_again),
	    T(a_handle_that_names_nothing_is_harmless),
	    T(a_client_may_leave_while_it_is_parked),
	    cmocka_unit_test(parking_has_a_maximum),
	    cmocka_unit_test(stopping_answers_what_is_parked),
	    cmocka_unit_test(stopping_may_meet_those_who_resume),
	    T(many_clients_and_many_resumers_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
