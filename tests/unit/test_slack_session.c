#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "slack_session_bed.h"

static void
an_address_is_asked_for_with_the_token_in_the_header_only(void **state)
{
	struct bed b;

	(void)state;
	bed_start(&b);
	assert_string_equal(bed_last_call,
	    "POST https://slack.test/api/apps.connections.open\n"
	    "Authorization: Bearer " BED_TOKEN "\n"
	    "Content-Type: application/x-www-form-urlencoded\n0");
	assert_int_equal(bed_asks_n, 2);
	bed_stop(&b);
}

static void
two_connections_are_up_when_both_said_hello(void **state)
{
	const struct websocket_call *call;
	struct bed b;

	(void)state;
	bed_start(&b);
	assert_int_equal(bed_health(&b).state, CHANNEL_STARTING);
	bed_answer_all(200, BED_URL, 0);
	assert_int_equal(fake_sockets_n, 2);
	call = &fake_sockets[0].call;
	assert_string_equal(call->url, "wss://slack.test/?ticket=t");
	assert_int_equal(call->ping_s, 10);
	assert_int_equal(call->hangup_s, 30);
	assert_int_equal(call->message_max, 4 * 1024 * 1024);
	fake_opened(0);
	assert_int_equal(bed_health(&b).sessions, 0);
	fake_says(0, BED_HELLO(1, 18060));
	assert_int_equal(bed_health(&b).sessions, 1);
	assert_int_equal(bed_health(&b).state, CHANNEL_UP);
	fake_opened(1);
	fake_says(1, BED_HELLO(2, 18060));
	assert_int_equal(bed_health(&b).sessions, 2);
	assert_int_equal(bed_health(&b).reconnects, 0);
	assert_string_equal(bed_health(&b).fault, "");
	bed_stop(&b);
}

static void
one_slot_asks_after_the_other(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	bed_break(0);
	bed_break(1);
	fake_advance(1200);
	assert_int_equal(bed_asks_n, 3);
	bed_answer_all(200, BED_URL, 0);
	fake_advance(100);
	assert_int_equal(bed_asks_n, 4);
	bed_stop(&b);
}

static void
plain_sockets_are_for_a_plain_api_only(void **state)
{
	static const char plain[] = "{\"ok\":true,\"url\":\"ws://127.0.0.1/\"}";
	struct bed b;

	(void)state;
	bed_start_at(&b, "http://127.0.0.1:1/api/");
	bed_answer_all(200, plain, 0);
	assert_int_equal(fake_sockets_n, 2);
	bed_stop(&b);
	bed_start(&b);
	bed_answer_all(200, plain, 0);
	assert_int_equal(fake_sockets_n, 0);
	bed_stop(&b);
}

static void
an_envelope_is_acknowledged_where_it_came_from(void **state)
{
	CLEANUP(json_drop) json_t *clear =
	    json_pack("{s:s}", "response_action", "clear");
	struct bed b;

	(void)state;
	bed_ready(&b);
	fake_now_ms += 500;
	fake_says(1, BED_CLICK("e1"));
	assert_int_equal(b.envelopes, 1);
	assert_string_equal(b.last_type, "interactive");
	assert_string_equal(b.last_id, "e1");
	assert_true(b.last_accepts);
	assert_int_equal(b.last_x, 1);
	assert_int_equal(b.last.arrived_ms, fake_now_ms);
	assert_int_equal(slack_session_ack(b.session, &b.last, NULL), RC_OK);
	assert_string_equal(fake_sockets[1].sent, "{\"envelope_id\":\"e1\"}");
	assert_int_equal(fake_sockets[0].sent_n, 0);
	fake_says(0, BED_CLICK("e2"));
	assert_int_equal(slack_session_ack(b.session, &b.last, clear), RC_OK);
	assert_string_equal(fake_sockets[0].sent,
	    "{\"envelope_id\":\"e2\",\"payload\":{\"response_action\":"
	    "\"clear\"}}");
	bed_stop(&b);
}

static void
an_acknowledgement_that_slack_would_drop_is_not_sent(void **state)
{
	static const size_t overhead =
	    sizeof("{\"envelope_id\":\"e\",\"payload\":{\"t\":\"\"}}") - 1;
	static const struct {
		size_t len; /* of the whole */
		enum rc rc;
	} rows[] = {{SLACK_ACK_MAX, RC_OK}, {SLACK_ACK_MAX + 1, RC_TOO_LARGE}};
	struct bed b;

	(void)state;
	bed_ready(&b);
	fake_says(0, BED_CLICK("e"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = mem_new(rows[i].len, 1);
		json_t *payload;

		memset(text, 'a', rows[i].len - overhead);
		payload = json_pack("{s:s}", "t", text);
		assert_int_equal(slack_session_ack(b.session, &b.last, payload),
		    rows[i].rc);
		assert_int_equal(fake_sockets[0].sent_n, 1);
		json_decref(payload);
		free(text);
	}
	bed_stop(&b);
}

static void
an_acknowledgement_for_a_connection_that_is_gone_goes_nowhere(void **state)
{
	struct slack_envelope_ref odd = {.connection = 77, .id = "e"};
	struct bed b;

	(void)state;
	bed_ready(&b);
	fake_says(0, BED_CLICK("e"));
	bed_break(0);
	assert_int_equal(slack_session_ack(b.session, &b.last, NULL),
	    RC_NOT_FOUND);
	assert_int_equal(slack_session_ack(b.session, &odd, NULL),
	    RC_NOT_FOUND);
	odd.connection = 0;
	assert_int_equal(slack_session_ack(b.session, &odd, NULL),
	    RC_NOT_FOUND);
	assert_int_equal(fake_sockets[1].sent_n, 0);
	bed_stop(&b);
}

/* What a slot's connection may be when something odd comes over it. */
enum stage { BEFORE_HELLO, READY, OLD, STAGES };

static void
bring_to(struct bed *b, enum stage stage)
{
	bed_start(b);
	bed_answer_all(200, BED_URL, 0);
	fake_opened(0);
	fake_opened(1);
	if (stage != BEFORE_HELLO) {
		fake_says(0, BED_HELLO(1, 18060));
		fake_says(1, BED_HELLO(2, 18060));
	}
	if (stage == OLD) {
		fake_says(0, BED_BYE("warning"));
	}
}

static void
odd_frames_change_nothing_at_any_time(void **state)
{
	static const char *const frames[] = {"", "UNAUTHENTICATED: cache_error",
	    "{", "[]", "{\"type\":\"ping\"}", "{\"type\":\"interactive\"}",
	    "{\"type\":\"flow\",\"envelope_id\":\"e\",\"payload\":{}}", "\x80"};

	(void)state;
	for (int stage = 0; stage < STAGES; stage++) {
		struct bed b;
		long long sessions;

		bring_to(&b, (enum stage)stage);
		sessions = bed_health(&b).sessions;
		for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
			fake_says(0, frames[i]);
		}
		fake_turn();
		assert_int_equal(b.envelopes, 0);
		assert_int_equal(fake_sockets[0].sent_n, 0);
		assert_false(fake_sockets[0].closing);
		assert_int_equal(bed_health(&b).sessions, sessions);
		assert_int_equal(fake_sockets_n, 2);
		bed_stop(&b);
	}
}

static void
an_envelope_goes_up_at_any_time(void **state)
{
	(void)state;
	for (int stage = 0; stage < STAGES; stage++) {
		struct bed b;

		bring_to(&b, (enum stage)stage);
		fake_says(0, BED_CLICK("e"));
		assert_int_equal(b.envelopes, 1);
		assert_int_equal(slack_session_ack(b.session, &b.last, NULL),
		    RC_OK);
		assert_int_equal(fake_sockets[0].sent_n, 1);
		bed_stop(&b);
	}
}

static void
a_second_hello_is_ignored(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	fake_says(0, BED_HELLO(9, 1));
	fake_says(0, BED_BYE("warning"));
	fake_says(0, BED_HELLO(9, 1));
	assert_int_equal(bed_health(&b).ghosts, 0);
	assert_int_equal(bed_health(&b).sessions, 2);
	bed_stop(&b);
}

static void
connections_that_are_not_ours_show(void **state)
{
	struct bed b;

	(void)state;
	bed_start(&b);
	bed_answer_all(200, BED_URL, 0);
	fake_opened(0);
	/* The one under way may be counted already: no ghost. */
	fake_says(0, BED_HELLO(2, 18060));
	assert_int_equal(bed_health(&b).ghosts, 0);
	fake_opened(1);
	fake_says(1, BED_HELLO(5, 18060));
	assert_int_equal(bed_health(&b).ghosts, 3);
	assert_int_equal(bed_health(&b).state, CHANNEL_DEGRADED);
	assert_non_null(strstr(bed_health(&b).fault, "5 connections"));
	/* The newest hello counts. */
	fake_says(0, BED_BYE("warning"));
	assert_true(bed_await_ask(2000));
	bed_answer_all(200, BED_URL, 0);
	bed_greet_all(BED_HELLO(3, 18060));
	assert_int_equal(bed_health(&b).sessions, 3);
	assert_int_equal(bed_health(&b).ghosts, 0);
	assert_int_equal(bed_health(&b).state, CHANNEL_UP);
	bed_stop(&b);
}

static void
one_connection_is_enough_for_a_minute(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	bed_break(0);
	assert_int_equal(bed_health(&b).state, CHANNEL_UP);
	fake_advance(59 * 1000);
	assert_int_equal(bed_health(&b).state, CHANNEL_UP);
	fake_advance(1000);
	assert_int_equal(bed_health(&b).state, CHANNEL_DEGRADED);
	bed_stop(&b);
}

static void
without_an_answer_starting_ends_after_half_a_minute(void **state)
{
	struct bed b;

	(void)state;
	bed_start(&b);
	fake_advance(b.started_ms + 29999 - fake_now_ms);
	assert_int_equal(bed_health(&b).state, CHANNEL_STARTING);
	fake_advance(1);
	assert_int_equal(bed_health(&b).state, CHANNEL_DOWN);
	assert_non_null(strstr(bed_health(&b).fault, "no answer from Slack"));
	bed_stop(&b);
}

static void
freeing_says_close_on_every_connection(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	fake_says(0, BED_BYE("warning"));
	assert_true(bed_await_ask(2000));
	bed_answer_all(200, BED_URL, 0);
	fake_opened(2);
	slack_session_free(b.session);
	/* The time stands still, so it did not wait; the loop turns now. */
	fake_run_jobs();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fake_sockets[i].code, 1000);
		fake_says(i, BED_CLICK("late"));
	}
	assert_int_equal(b.envelopes, 0);
	assert_int_equal(fake_timers_n(), 0);
	fake_turn();
	for (int i = 0; i < 3; i++) {
		assert_true(fake_sockets[i].ended);
	}
	fake_loop_reset();
}

static void
answers_that_come_after_the_end_touch_nothing(void **state)
{
	struct bed b;

	(void)state;
	bed_start(&b);
	bed_reply(0, 200, BED_URL, 0); /* is on its way to the loop */
	slack_session_free(b.session);
	bed_reply(1, 200, BED_URL, 0);
	fake_turn();
	assert_int_equal(fake_sockets_n, 1);
	assert_true(fake_sockets[0].ended);
	assert_int_equal(fake_timers_n(), 0);
	slack_session_free(NULL);
	fake_loop_reset();
}

static void
a_connection_under_way_is_dropped_at_the_end(void **state)
{
	struct bed b;

	(void)state;
	bed_start(&b);
	bed_answer_all(200, BED_URL, 0);
	slack_session_free(b.session);
	fake_run_jobs();
	assert_int_equal(fake_sockets[0].code, 1006);
	assert_int_equal(fake_sockets[1].code, 1006);
	fake_turn();
	fake_loop_reset();
}

static void
a_loop_that_is_full_at_the_end_is_asked_again(void **state)
{
	struct bed b;

	(void)state;
	bed_ready(&b);
	fake_jobs_full = true;
	bed_stop(&b);
}

static void
a_loop_that_takes_nothing_leaves_it_down(void **state)
{
	struct slack_session_options o = {.api_url = "https://slack.test/api/",
	    .app_token = BED_TOKEN};
	struct bed b = {0};

	(void)state;
	bed_asks_n = 0;
	fake_jobs_full = true;
	b.session = slack_session_new(&o);
	fake_advance(30 * 1000);
	assert_int_equal(bed_health(&b).state, CHANNEL_DOWN);
	fake_jobs_full = false;
	bed_stop(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_address_is_asked_for_with_the_token_in_the_header_only),
	    cmocka_unit_test(two_connections_are_up_when_both_said_hello),
	    cmocka_unit_test(one_slot_asks_after_the_other),
	    cmocka_unit_test(plain_sockets_are_for_a_plain_api_only),
	    cmocka_unit_test(an_envelope_is_acknowledged_where_it_came_from),
	    cmocka_unit_test(
		an_acknowledgement_that_slack_would_drop_is_not_sent),
	    cmocka_unit_test(
		an_acknowledgement_for_a_connection_that_is_gone_goes_nowhere),
	    cmocka_unit_test(odd_frames_change_nothing_at_any_time),
	    cmocka_unit_test(an_envelope_goes_up_at_any_time),
	    cmocka_unit_test(a_second_hello_is_ignored),
	    cmocka_unit_test(connections_that_are_not_ours_show),
	    cmocka_unit_test(one_connection_is_enough_for_a_minute),
	    cmocka_unit_test(
		without_an_answer_starting_ends_after_half_a_minute),
	    cmocka_unit_test(freeing_says_close_on_every_connection),
	    cmocka_unit_test(answers_that_come_after_the_end_touch_nothing),
	    cmocka_unit_test(a_connection_under_way_is_dropped_at_the_end),
	    cmocka_unit_test(a_loop_that_is_full_at_the_end_is_asked_again),
	    cmocka_unit_test(a_loop_that_takes_nothing_leaves_it_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
