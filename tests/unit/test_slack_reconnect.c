#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "slack_session_bed.h"

#include "bots/slack_slot.h"

/* Answers what was asked, and lets what was opened say hello. */
static void
bring_up(void)
{
	bed_answer_all(200, BED_URL, 0);
	bed_greet_all(BED_HELLO(2, 18060));
}

/* For one slot asks after the other. */
static void
bring_both_up(void)
{
	bring_up();
	assert_true(bed_await_ask(200));
	bring_up();
}

static void
a_connection_is_replaced_before_it_goes(void **state)
{
	static const char *const wishes[] = {BED_BYE("warning"),
	    BED_BYE("refresh_requested"), BED_BYE("moon_phase"),
	    "{\"type\":\"disconnect\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
		struct bed b;

		bed_ready(&b);
		fake_says(0, wishes[i]);
		assert_true(bed_await_ask(1000));
		fake_says(0, wishes[i]); /* again: the same wish */
		fake_says(0, BED_CLICK("before"));
		assert_int_equal(slack_session_ack(b.session, &b.last, NULL),
		    RC_OK);
		bring_up();
		assert_int_equal(fake_sockets_n, 3);
		assert_int_equal(bed_health(&b).sessions, 3);
		fake_advance(14999);
		fake_says(0, BED_CLICK("behind"));
		assert_int_equal(slack_session_ack(b.session, &b.last, NULL),
		    RC_OK);
		assert_int_equal(fake_sockets[0].sent_n, 2);
		fake_advance(1);
		assert_int_equal(fake_sockets[0].code, 1000);
		assert_true(fake_sockets[0].ended);
		assert_int_equal(bed_health(&b).sessions, 2);
		assert_int_equal(bed_health(&b).state, CHANNEL_UP);
		assert_int_equal(bed_health(&b).reconnects, 0);
		assert_false(bed_await_ask(BED_HOUR));
		bed_stop(&b);
	}
}

static void
an_old_connection_that_breaks_is_not_missed(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	fake_says(0, BED_BYE("refresh_requested"));
	assert_true(bed_await_ask(1000));
	bed_break(0);
	bring_up();
	assert_int_equal(bed_health(&b).sessions, 2);
	fake_says(1, BED_BYE("refresh_requested"));
	assert_true(bed_await_ask(1000));
	bring_up();
	bed_break(1);
	fake_advance(60 * 1000);
	assert_int_equal(bed_asks_n, 4);
	assert_int_equal(bed_health(&b).sessions, 2);
	bed_stop(&b);
}

static void
an_old_connection_is_read_for_as_long_as_there_is_no_other(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	fake_says(0, BED_BYE("warning"));
	for (int i = 0; i < 20; i++) {
		assert_true(bed_await_ask(2 * 60 * 1000));
		bed_answer_all(503, "", 0);
	}
	assert_false(fake_sockets[0].closing);
	fake_says(0, BED_CLICK("e"));
	assert_int_equal(b.envelopes, 1);
	assert_int_equal(bed_health(&b).sessions, 2);
	bed_stop(&b);
}

static void
slack_need_not_ask_for_a_replacement(void **state)
{
	long long start, first, second;
	struct bed b;

	(void)state;
	bed_ready(&b);
	start = fake_now_ms;
	assert_true(bed_await_ask(18060 * 1000));
	second = fake_now_ms - start;
	assert_in_range(second, (18060 - 120) * 1000, (18060 - 60) * 1000);
	/* The other one waits until this one is through. */
	for (int i = 0; i < 10; i++) {
		bed_answer_all(503, "", 0);
		fake_advance(10 * 1000);
	}
	for (bring_up(); fake_sockets_n == 2; bring_up()) {
		assert_true(bed_await_ask(90 * 1000));
	}
	assert_int_equal(fake_sockets_n, 3);
	assert_true(bed_await_ask(60 * 1000));
	first = fake_now_ms - start;
	assert_true(first - second >= 100 * 1000 + SLACK_DRAIN_MS);
	bring_up();
	assert_int_equal(fake_sockets_n, 4);
	fake_advance(SLACK_DRAIN_MS);
	assert_true(fake_sockets[0].ended && fake_sockets[1].ended);
	assert_int_equal(bed_health(&b).sessions, 2);
	bed_stop(&b);
}

static void
socket_mode_that_is_off_is_asked_for_again_after_a_minute(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	fake_says(0, BED_BYE("link_disabled"));
	fake_says(1, BED_BYE("link_disabled"));
	assert_int_equal(fake_sockets[0].code, 1000);
	assert_int_equal(fake_sockets[1].code, 1000);
	fake_turn();
	assert_int_equal(bed_health(&b).state, CHANNEL_DOWN);
	assert_non_null(strstr(bed_health(&b).fault, "link_disabled"));
	assert_false(bed_await_ask(59999));
	assert_true(bed_await_ask(31 * 1000));
	bring_up();
	assert_true(bed_await_ask(31 * 1000));
	bring_up();
	assert_int_equal(bed_health(&b).state, CHANNEL_UP);
	bed_stop(&b);
}

static void
socket_mode_that_goes_off_on_an_old_connection_ends_its_slot(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	fake_says(0, BED_BYE("warning"));
	assert_true(bed_await_ask(1000));
	bed_answer_all(200, BED_URL, 0);
	fake_opened(2);
	fake_says(0, BED_BYE("link_disabled"));
	assert_int_equal(fake_sockets[0].code, 1000);
	assert_int_equal(fake_sockets[2].code, 1000);
	assert_false(bed_await_ask(59999));
	assert_true(bed_await_ask(31 * 1000));
	bring_up();
	/* But with a replacement that is there, only the old one goes. */
	fake_says(1, BED_BYE("warning"));
	assert_true(bed_await_ask(1000));
	bring_up();
	fake_says(1, BED_BYE("link_disabled"));
	fake_turn();
	assert_true(fake_sockets[1].ended);
	assert_int_equal(bed_health(&b).sessions, 2);
	bed_stop(&b);
}

static void
too_many_connections_are_not_made_more(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	bed_break(1);
	assert_true(bed_await_ask(1000));
	bed_answer_all(200, BED_URL, 0);
	fake_opened(2);
	fake_says(2,
	    "{\"type\":\"disconnect\",\"reason\":\"too_many_websockets\","
	    "\"num_connections\":11}");
	fake_turn();
	assert_int_equal(fake_sockets[2].code, 1000);
	assert_false(bed_await_ask(29999));
	assert_true(bed_await_ask(46 * 1000));
	assert_int_equal(bed_health(&b).sessions, 1);
	bed_answer_all(503, "", 0);
	bed_stop(&b);
}

static void
the_count_of_too_many_shows(void **state)
{
	struct bed b;

	(void)state;
	bed_start(&b);
	bed_answer_all(200, BED_URL, 0);
	for (int i = 0; i < 2; i++) {
		fake_opened(i);
		fake_says(i,
		    "{\"type\":\"disconnect\",\"reason\":"
		    "\"too_many_websockets\",\"num_connections\":11}");
	}
	assert_false(bed_await_ask(29999));
	fake_advance(1);
	assert_int_equal(bed_health(&b).state, CHANNEL_DOWN);
	assert_non_null(strstr(bed_health(&b).fault, "11"));
	assert_non_null(strstr(bed_health(&b).fault, "too_many_websockets"));
	bed_stop(&b);
}

static void
a_connection_without_hello_is_given_up_after_10_s(void **state)
{
	struct bed b;

	(void)state;
	bed_start(&b);
	bed_answer_all(200, BED_URL, 0);
	fake_opened(0);
	fake_advance(9999);
	assert_false(fake_sockets[0].closing);
	fake_advance(1);
	assert_int_equal(fake_sockets[0].code, 1000);
	assert_true(bed_asks_n > 2 || bed_await_ask(1000));
	bring_up();
	assert_int_equal(bed_health(&b).reconnects, 1);
	bed_stop(&b);
}

static void
being_sent_away_before_hello_is_a_failure(void **state)
{
	struct bed b;

	(void)state;
	bed_start(&b);
	bed_answer_all(200, BED_URL, 0);
	fake_opened(0);
	fake_says(0, BED_BYE("refresh_requested"));
	assert_int_equal(fake_sockets[0].code, 1000);
	assert_true(bed_await_ask(1000));
	bed_stop(&b);
}

static void
a_refused_upgrade_is_tried_again_when_it_says(void **state)
{
	struct bed b;

	(void)state;
	bed_start(&b);
	bed_answer_all(200, BED_URL, 0);
	for (int i = 0; i < 2; i++) {
		fake_end(i,
		    &(struct websocket_end){.rc = RC_REMOTE_TEMP,
			.status = 503,
			.retry_after_s = 40});
	}
	assert_false(bed_await_ask(39999));
	assert_non_null(strstr(bed_health(&b).fault, "HTTP 503"));
	assert_true(bed_await_ask(1));
	bed_stop(&b);
}

static void
a_lost_answer_is_not_waited_for(void **state)
{
	struct bed b;

	(void)state;
	bed_start(&b);
	bed_reply(1, 200, BED_URL, 0);
	fake_advance(SLACK_OPEN_LATE_MS);
	assert_true(bed_asks_n > 2 || bed_await_ask(1000));
	/* Then it does come, too late to count. */
	bed_reply(0, 200, BED_URL, 0);
	fake_turn();
	assert_int_equal(fake_sockets_n, 1);
	bed_reply(2, 200, BED_URL, 0);
	fake_turn();
	assert_int_equal(fake_sockets_n, 2);
	bed_stop(&b);
}

static void
a_busy_courier_is_tried_again(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	bed_courier_busy = true;
	bed_break(0);
	fake_advance(5000);
	assert_int_equal(bed_asks_n, 2);
	bed_courier_busy = false;
	assert_true(bed_await_ask(60 * 1000));
	bed_stop(&b);
}

static void
whoever_says_too_often_is_left_alone_by_both(void **state)
{
	static const struct {
		int retry_after_s, pause_s;
	} rows[] = {{0, 30}, {7, 7}, {600, 600}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		long long paused_ms = rows[i].pause_s * 1000LL;
		struct bed b;

		bed_start(&b);
		bed_reply(0, 429, "", rows[i].retry_after_s);
		fake_turn();
		bed_reply(1, 503, "", 0);
		assert_false(bed_await_ask(paused_ms - 1));
		assert_true(bed_await_ask(2000));
		assert_int_equal(bed_health(&b).limited, 1);
		bed_stop(&b);
	}
}

static void
a_refused_token_is_shown_and_asked_for_every_five_minutes(void **state)
{
	struct bed b;

	(void)state;
	bed_start(&b);
	bed_answer_all(200, "{\"ok\":false,\"error\":\"invalid_auth\"}", 0);
	assert_int_equal(bed_health(&b).state, CHANNEL_DOWN);
	assert_non_null(strstr(bed_health(&b).fault, "invalid_auth"));
	for (int i = 0; i < 5; i++) {
		assert_false(bed_await_ask(SLACK_FATAL_PAUSE_MS - 2000));
		assert_true(bed_await_ask(4000));
		bed_answer_all(200,
		    "{\"ok\":false,\"error\":\"token_revoked\"}", 0);
	}
	assert_non_null(strstr(bed_health(&b).fault, "token_revoked"));
	assert_true(bed_asks_n <= 2 + 2 * 5);
	fake_advance(SLACK_FATAL_PAUSE_MS + 1000);
	bring_both_up();
	assert_int_equal(bed_health(&b).state, CHANNEL_UP);
	assert_string_equal(bed_health(&b).fault, "");
	bed_stop(&b);
}

static void
a_token_refused_while_one_is_connected_degrades(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	bed_break(0);
	assert_true(bed_await_ask(1000));
	bed_answer_all(200, "{\"ok\":false,\"error\":\"token_revoked\"}", 0);
	assert_int_equal(bed_health(&b).state, CHANNEL_DEGRADED);
	assert_non_null(strstr(bed_health(&b).fault, "token_revoked"));
	bed_stop(&b);
}

static void
both_lost_are_both_back_at_once(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	fake_advance(BED_HOUR);
	bed_break(0);
	bed_break(1);
	assert_int_equal(bed_health(&b).state, CHANNEL_DOWN);
	assert_non_null(strstr(bed_health(&b).fault, "broke off"));
	fake_advance(1000);
	bring_both_up();
	assert_int_equal(bed_health(&b).sessions, 2);
	assert_int_equal(bed_health(&b).state, CHANNEL_UP);
	assert_int_equal(bed_health(&b).reconnects, 2);
	bed_stop(&b);
}

/* Whatever Slack does, an hour of it is no storm. */
static void
a_peer_that_fails_for_an_hour_is_asked_within_the_budget(void **state)
{
	enum { SOME = 30, MOST = SLACK_BUDGET_SIZE + 3600 / 20 + 1 };
	static const char *const frames[] = {BED_BYE("refresh_requested"),
	    BED_BYE("warning"), "{\"type\":\"hello\"}", NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		long long end;
		struct bed b;

		bed_ready(&b);
		end = fake_now_ms + BED_HOUR;
		bed_break(0);
		bed_break(1);
		while (fake_now_ms < end && bed_await_ask(BED_HOUR)) {
			int n = fake_sockets_n;

			bed_answer_all(200, BED_URL, 0);
			bed_greet_all(BED_HELLO(1, 1));
			for (; n < fake_sockets_n; n++) {
				if (frames[i] != NULL) {
					fake_says(n, frames[i]);
				}
				bed_break(n);
			}
		}
		assert_in_range(bed_asks_n, SOME, MOST);
		bed_stop(&b);
	}
}

static void
a_thousand_reconnects_leave_nothing_behind(void **state)
{
	enum { THOUSAND = 1000 };
	int oldest = 0;
	struct bed b;

	(void)state;
	bed_ready(&b);
	for (int i = 0; i < THOUSAND; i++) {
		fake_advance(2 * 60 * 1000);
		bed_break(oldest++);
		assert_true(bed_await_ask(1000));
		bring_up();
		assert_int_equal(bed_health(&b).sessions, 2);
	}
	assert_int_equal(fake_sockets_n, 2 + THOUSAND);
	assert_int_equal(fake_timers_n(), 2);
	assert_int_equal(bed_health(&b).reconnects, THOUSAND);
	bed_stop(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_connection_is_replaced_before_it_goes),
	    cmocka_unit_test(an_old_connection_that_breaks_is_not_missed),
	    cmocka_unit_test(
		an_old_connection_is_read_for_as_long_as_there_is_no_other),
	    cmocka_unit_test(slack_need_not_ask_for_a_replacement),
	    cmocka_unit_test(
		socket_mode_that_is_off_is_asked_for_again_after_a_minute),
	    cmocka_unit_test(
		socket_mode_that_goes_off_on_an_old_connection_ends_its_slot),
	    cmocka_unit_test(too_many_connections_are_not_made_more),
	    cmocka_unit_test(the_count_of_too_many_shows),
	    cmocka_unit_test(a_connection_without_hello_is_given_up_after_10_s),
	    cmocka_unit_test(being_sent_away_before_hello_is_a_failure),
	    cmocka_unit_test(a_refused_upgrade_is_tried_again_when_it_says),
	    cmocka_unit_test(a_lost_answer_is_not_waited_for),
	    cmocka_unit_test(a_busy_courier_is_tried_again),
	    cmocka_unit_test(whoever_says_too_often_is_left_alone_by_both),
	    cmocka_unit_test(
		a_refused_token_is_shown_and_asked_for_every_five_minutes),
	    cmocka_unit_test(a_token_refused_while_one_is_connected_degrades),
	    cmocka_unit_test(both_lost_are_both_back_at_once),
	    cmocka_unit_test(
		a_peer_that_fails_for_an_hour_is_asked_within_the_budget),
	    cmocka_unit_test(a_thousand_reconnects_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
