#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/http_client.h"

#include "mail_bed.h"

static atomic_bool in_message, may_go_on;

/* Stops listening in the middle of a message, and hears the rest later. */
static void
pause_in_message(struct peer_conn *conn, void *arg)
{
	struct script *s = arg;
	char line[1100];

	peer_say(conn, reply_to(s, ""));
	while (!in_message && peer_line(conn, line, sizeof(line))) {
		const char *reply = reply_to(s, line);

		peer_say(conn, reply);
		in_message = strncmp(reply, "354", 3) == 0;
	}
	while (!may_go_on) {
		sched_yield();
	}
	while (peer_line(conn, line, sizeof(line))) {
		note(s, strcmp(line, ".") == 0 ? "the end" : "more");
	}
	note(s, "gone");
}

static void
a_server_that_does_not_say_bye_holds_up_nobody(void **state)
{
	static const struct turn rows[] = {{".", "250 queued\r\n"},
	    {".", "552 too big\r\n"}, {"RCPT", "550 nobody\r\n"},
	    {"MAIL", "421 busy\r\n"}};
	struct fixture *x = *state;

	x->script.turns[1] = (struct turn){"QUIT", ""};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		long long start = clock_mono_ms();

		send_by(x, rows[i], speak_smtp, true, a_mail());
		assert_int_equal(x->heard.rc, RC_OK);
		/* Curl would wait for two minutes, and with it its thread. */
		assert_in_range(clock_mono_ms() - start, 0, 10000);
		assert_true(server_heard(x, "QUIT\n"));
	}
}

static void
a_mail_that_is_cut_off_is_not_ended(void **state)
{
	struct fixture *x = *state;
	struct http_mail mail = a_mail();

	fill_large();
	mail.message = large;
	mail.message_len = sizeof(large);
	for (int round = 1; round <= 2; round++) {
		struct peer *p = peer_start(pause_in_message, &x->script, true);

		in_message = may_go_on = false;
		mail.port = peer_port(p);
		mail.timeout_ms = round == 1 ? 1000 : 60000;
		assert_int_equal(http_client_mail(x->client, &mail, heard_done,
				     &x->heard),
		    RC_OK);
		while (!in_message) {
			sched_yield();
		}
		if (round == 2) {
			http_client_free(x->client);
			x->client = NULL;
		}
		heard_wait(&x->heard, round);
		assert_int_equal(x->heard.rc,
		    round == 1 ? RC_REMOTE_TEMP : RC_BUSY);
		may_go_on = true;
		peer_stop_when_gone(p);
		assert_true(server_heard(x, "gone"));
		assert_false(server_heard(x, "the end"));
		buf_clear(&x->script.heard);
	}
}

/* Here the server listens all the while: curl finds room for an end. */
static void
a_mail_that_is_stopped_on_its_way_is_not_ended(void **state)
{
	struct fixture *x = *state;
	struct http_mail mail = a_mail();

	fill_large();
	mail.message = large;
	mail.message_len = sizeof(large);
	for (int round = 1; round <= 8; round++) {
		struct peer *p = peer_start(pause_in_message, &x->script, true);

		in_message = false;
		may_go_on = true;
		mail.port = peer_port(p);
		assert_int_equal(http_client_mail(x->client, &mail, heard_done,
				     &x->heard),
		    RC_OK);
		while (!in_message) {
			sched_yield();
		}
		http_client_free(x->client);
		x->client = new_client();
		assert_int_equal(x->heard.times, round);
		assert_int_equal(x->heard.rc, RC_BUSY);
		peer_stop_when_gone(p);
		assert_false(server_heard(x, "the end"));
		buf_clear(&x->script.heard);
	}
}

static void
serve_http(struct peer_conn *conn, void *text)
{
	struct buf b = {0};

	while (peer_request(conn, &b)) {
		buf_clear(&b);
		peer_say(conn, text);
	}
	buf_fini(&b);
}

/* Takes a whole message, and its time. */
static void
think(struct peer_conn *conn, void *arg)
{
	speak_smtp(conn, arg);
	in_message = true;
	while (!may_go_on) {
		sched_yield();
	}
}

static void
a_server_that_thinks_holds_up_no_other_call(void **state)
{
	static char text[] = "HTTP/1.1 204 No Content\r\n\r\n";
	struct fixture *x = *state;
	struct peer *slow = peer_start(think, &x->script, true);
	struct peer *quick = peer_start(serve_http, text, false);
	struct http_mail mail = a_mail();
	struct heard h = HEARD_INIT;
	char url[100];
	struct http_call call = {.method = "GET",
	    .url = url,
	    .timeout_ms = 20000};

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", peer_port(quick));
	in_message = may_go_on = false;
	/* The end of the message ends the talk, but not the connection. */
	x->script.turns[0] = (struct turn){".", NULL};
	mail.port = peer_port(slow);
	assert_int_equal(http_client_mail(x->client, &mail, heard_done,
			     &x->heard),
	    RC_OK);
	while (!in_message) {
		sched_yield();
	}
	heard_send(&h, x->client, &call);
	assert_int_equal(h.rc, RC_OK);
	assert_int_equal(x->heard.times, 0);
	may_go_on = true;
	heard_wait(&x->heard, 1);
	assert_int_equal(x->heard.rc, RC_UNCERTAIN);
	peer_stop(slow);
	peer_stop(quick);
}

static void
stopping_does_not_wait_for_a_server_that_thinks(void **state)
{
	struct fixture *x = *state;
	struct peer *slow = peer_start(think, &x->script, true);
	struct http_mail mail = a_mail();
	long long start;

	in_message = may_go_on = false;
	x->script.turns[0] = (struct turn){".", NULL};
	mail.port = peer_port(slow);
	mail.timeout_ms = 60000;
	assert_int_equal(http_client_mail(x->client, &mail, heard_done,
			     &x->heard),
	    RC_OK);
	while (!in_message) {
		sched_yield();
	}
	start = clock_mono_ms();
	http_client_free(x->client);
	x->client = NULL;
	assert_in_range(clock_mono_ms() - start, 0, 15000);
	assert_int_equal(x->heard.times, 1);
	assert_int_equal(x->heard.rc, RC_BUSY);
	may_go_on = true;
	peer_stop(slow);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_server_that_does_not_say_bye_holds_up_nobody),
	    TEST(a_mail_that_is_cut_off_is_not_ended),
	    TEST(a_mail_that_is_stopped_on_its_way_is_not_ended),
	    TEST(a_server_that_thinks_holds_up_no_other_call),
	    TEST(stopping_does_not_wait_for_a_server_that_thinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
