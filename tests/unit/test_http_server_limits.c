#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "tests/unit/http_bed.h"

enum { SLOW_MS = 10000 };

static struct bed bed;

/*
 * Says one byte of a text that repeats every 50 ms until the peer closes, and
 * returns how long that took.
 */
static long long
dribble(int fd, const char *text)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	long long began = clock_mono_ms(), took = 0;
	char c;

	for (size_t i = 0; took < SLOW_MS; i++) {
		say(fd, &text[i % strlen(text)], 1);
		if (poll(&p, 1, 50) > 0 && recv(fd, &c, 1, 0) <= 0) {
			break;
		}
		took = clock_mono_ms() - began;
	}
	return took;
}

/* With time-outs of one second. */
static void
a_slow_client_is_closed(void **state)
{
	static const struct {
		const char *begins, *repeats;
	} rows[] = {
	    {"", "G"},
	    {"GET /", "x"},
	    {GET("/x"), "X-A: 1\r\n"},
	    {POST("/x") "Content-Length: 900\r\n\r\n", "b"},
	    {POST("/x") "Transfer-Encoding: chunked\r\n\r\n", "1\r\nb\r\n"},
	    {POST("/x") "Transfer-Encoding: chunked\r\n\r\n0\r\n", "A: 1\r\n"},
	    /* The next request on a connection, too. */
	    {GET("/x") "\r\n", "G"},
	};
	struct http_server_options o = bed_options();
	int heard = 0;

	(void)state;
	o.timeout_s = 1;
	bed_start(&bed, o);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf answer = {0};
		int fd = say_connect(bed.port);
		long long took;

		say_text(fd, rows[i].begins);
		if (strstr(rows[i].begins, "\r\n\r\n") != NULL &&
		    rows[i].begins[0] == 'G') {
			hear_until(fd, &answer, "GET /x ");
			heard++;
		}
		took = dribble(fd, rows[i].repeats);
		assert_in_range(took, 500, SLOW_MS - 1);
		close(fd);
	}
	assert_int_equal(atomic_load(&bed.heard), heard);
	bed_stop(&bed);
}

static void
an_idle_client_is_closed(void **state)
{
	struct http_server_options o = bed_options();

	(void)state;
	o.timeout_s = 1;
	bed_start(&bed, o);
	for (int i = 0; i < 2; i++) {
		CLEANUP(buf_fini) struct buf heard = {0};
		long long began = clock_mono_ms();
		int fd = say_connect(bed.port);

		if (i == 1) {
			say_text(fd, GET("/x") "\r\n");
		}
		hear_all(fd, &heard);
		assert_in_range(clock_mono_ms() - began, 500, SLOW_MS);
		close(fd);
	}
	bed_stop(&bed);
}

static void
a_parked_request_is_not_closed_for_being_idle(void **state)
{
	struct http_server_options o = bed_options();
	CLEANUP(buf_fini) struct buf heard = {0};
	int parked, idle;
	struct http_handle h;

	(void)state;
	o.timeout_s = 1;
	bed_start(&bed, o);
	parked = say_connect(bed.port);
	say_text(parked, GET("/park") "Connection: close\r\n\r\n");
	bed_await_parked(&bed, 1);
	/* One that came later is closed, so the first one's time is over. */
	idle = say_connect(bed.port);
	hear_all(idle, &heard);
	close(idle);
	assert_int_equal(bed_parked(&bed, 0, &h), 1);
	http_resume(bed.server, h);
	hear_all(parked, &heard);
	assert_non_null(strstr(buf_str(&heard), "resumed"));
	close(parked);
	bed_stop(&bed);
}

/*
 * The library spins on a chunk extension that fills its memory. Under a
 * time-out of many seconds it is closed all the same.
 */
static void
a_request_that_makes_the_loop_spin_is_closed(void **state)
{
	CLEANUP(buf_fini) struct buf request = {0};
	CLEANUP(buf_fini) struct buf heard = {0};
	long long began;

	(void)state;
	bed_start(&bed, bed_options());
	buf_puts(&request, POST("/x") "Transfer-Encoding: chunked\r\n\r\n5;");
	while (request.len < 60000) {
		buf_puts(&request, "extension");
	}
	began = clock_mono_ms();
	heard = converse(bed.port, request.data, request.len, false);
	assert_in_range(clock_mono_ms() - began, 500, SLOW_MS);
	assert_int_equal(heard.len, 0);
	assert_int_equal(atomic_load(&bed.heard), 0);
	bed_stop(&bed);
}

/* A body that comes at a good rate may take longer than the time-out. */
static void
a_steady_client_may_take_its_time(void **state)
{
	enum { STEPS = 25, STEP_BYTES = 20000, STEP_MS = 100 };
	struct http_server_options o = bed_options();
	CLEANUP(buf_fini) struct buf heard = {0};
	static char bytes[STEP_BYTES];
	struct pollfd p = {.events = POLLIN};
	int fd;

	(void)state;
	o.timeout_s = 1;
	o.body_max = (size_t)STEPS * STEP_BYTES;
	bed_start(&bed, o);
	fd = say_connect(bed.port);
	p.fd = fd;
	say_text(fd,
	    POST("/count") "Content-Length: 500000\r\n"
			   "Connection: close\r\n\r\n");
	memset(bytes, 'b', sizeof(bytes));
	for (int i = 0; i < STEPS; i++) {
		assert_int_equal(poll(&p, 1, STEP_MS), 0);
		say(fd, bytes, sizeof(bytes));
	}
	hear_all(fd, &heard);
	assert_non_null(strstr(buf_str(&heard), "HTTP/1.1 200 OK"));
	close(fd);
	bed_stop(&bed);
}

static void
an_address_has_a_maximum_of_connections(void **state)
{
	struct http_server_options o = bed_options();
	CLEANUP(buf_fini) struct buf heard = {0};
	int fds[3];

	(void)state;
	o.connections_per_addr_max = 2;
	bed_start(&bed, o);
	for (int i = 0; i < 3; i++) {
		fds[i] = say_connect(bed.port);
		say_text(fds[i], GET("/x") "\r\n");
		if (i < 2) {
			hear_until(fds[i], &heard, "GET /x ");
			buf_clear(&heard);
		}
	}
	/* Closed without a word. */
	hear_all(fds[2], &heard);
	assert_int_equal(heard.len, 0);
	say_text(fds[0], GET("/x") "Connection: close\r\n\r\n");
	hear_all(fds[0], &heard);
	assert_non_null(strstr(buf_str(&heard), "GET /x "));
	for (int i = 0; i < 3; i++) {
		close(fds[i]);
	}
	bed_stop(&bed);
}

static void
connections_beyond_the_maximum_wait_for_their_turn(void **state)
{
	struct http_server_options o = bed_options();
	CLEANUP(buf_fini) struct buf heard = {0};
	struct pollfd p = {.events = POLLIN};
	int fds[3];

	(void)state;
	o.connections_max = 2;
	bed_start(&bed, o);
	for (int i = 0; i < 3; i++) {
		fds[i] = say_connect(bed.port);
		say_text(fds[i], GET("/x") "\r\n");
		if (i < 2) {
			hear_until(fds[i], &heard, "GET /x ");
			buf_clear(&heard);
		}
	}
	/* Served by then, were it let in. */
	say_text(fds[1], GET("/last") "\r\n");
	hear_until(fds[1], &heard, "GET /last ");
	p.fd = fds[2];
	assert_int_equal(poll(&p, 1, 0), 0);
	close(fds[0]);
	buf_clear(&heard);
	hear_until(fds[2], &heard, "GET /x ");
	close(fds[1]);
	close(fds[2]);
	bed_stop(&bed);
}

static void
a_quiet_server_lets_nobody_in_and_ends_connections(void **state)
{
	CLEANUP(buf_fini) struct buf heard = {0};
	int idle, parked, fd;
	struct http_handle h;

	(void)state;
	bed_start(&bed, bed_options());
	idle = say_connect(bed.port);
	say_text(idle, GET("/x") "\r\n");
	hear_until(idle, &heard, "GET /x ");
	assert_null(strstr(buf_str(&heard), "Connection: close"));
	parked = say_connect(bed.port);
	say_text(parked, GET("/park") "\r\n");
	bed_await_parked(&bed, 1);
	http_server_quiesce(bed.server);
	http_server_quiesce(bed.server);
	while (say_try_connect(bed.port, &fd)) {
		close(fd);
	}
	buf_clear(&heard);
	say_text(idle, GET("/x") "\r\n");
	hear_all(idle, &heard);
	assert_non_null(strstr(buf_str(&heard), "GET /x "));
	assert_non_null(strstr(buf_str(&heard), "Connection: close"));
	buf_clear(&heard);
	assert_int_equal(bed_parked(&bed, 0, &h), 1);
	http_resume(bed.server, h);
	hear_all(parked, &heard);
	assert_non_null(strstr(buf_str(&heard), "resumed"));
	assert_non_null(strstr(buf_str(&heard), "Connection: close"));
	close(idle);
	close(parked);
	bed_stop(&bed);
}

static int
ask_for_much(void)
{
	int fd = say_connect(bed.port);

	say_text(fd, GET("/big") "\r\n");
	bed_await(&bed.heard, 1);
	return fd;
}

static void *
listen_to(void *arg)
{
	static struct buf heard;

	buf_init(&heard, 0);
	hear_to_end(*(int *)arg, &heard);
	return &heard;
}

static void
stopping_waits_for_answers_on_their_way(void **state)
{
	CLEANUP(buf_fini) struct buf got = {0};
	void *heard;
	pthread_t t;
	int fd;

	(void)state;
	bed_start(&bed, bed_options());
	fd = ask_for_much();
	assert_int_equal(pthread_create(&t, NULL, listen_to, &fd), 0);
	bed_stop(&bed);
	pthread_join(t, &heard);
	got = statuses(heard, false);
	assert_string_equal(buf_str(&got), "200");
	buf_fini(heard);
	close(fd);
}

static void
stopping_does_not_wait_for_ever(void **state)
{
	long long began;
	int fd;

	(void)state;
	bed_start(&bed, bed_options());
	fd = ask_for_much();
	began = clock_mono_ms();
	bed_stop(&bed);
	assert_in_range(clock_mono_ms() - began, 1000, SLOW_MS);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_slow_client_is_closed),
	    cmocka_unit_test(an_idle_client_is_closed),
	    cmocka_unit_test(a_parked_request_is_not_closed_for_being_idle),
	    cmocka_unit_test(a_request_that_makes_the_loop_spin_is_closed),
	    cmocka_unit_test(a_steady_client_may_take_its_time),
	    cmocka_unit_test(an_address_has_a_maximum_of_connections),
	    cmocka_unit_test(
		connections_beyond_the_maximum_wait_for_their_turn),
	    cmocka_unit_test(
		a_quiet_server_lets_nobody_in_and_ends_connections),
	    cmocka_unit_test(stopping_waits_for_answers_on_their_way),
	    cmocka_unit_test(stopping_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
