#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway_acts.h"

static const char api[] = "http://127.0.0.1:3/api/v10";
static const char vendor[] = "https://discord.com/api/v10";

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

static int
begin(void **state)
{
	(void)state;
	bed_reset();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	if (bed.session != NULL) {
		bed_free();
	}
	return 0;
}

static void
a_gateway_that_refuses_sees_no_storm(void **state)
{
	long long from;
	int opens;

	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_turn(2 * MINUTE_MS - 40000 * 2); /* an ack is due by then */
	bed_says("{\"op\":11}");
	opens = bed.loop.opens;
	from = bed.ms;
	bed_closes(1006);
	while (bed.ms - from < 10 * MINUTE_MS) {
		(void)bed_until_open();
		if (bed.find_done != NULL) {
			bed_answer(0, 0, "");
		} else {
			bed_refuses(0, 0);
		}
	}
	/* 1, 2, 4 ... 60 s at most, half of it on average, never under 1 s. */
	assert_in_range(bed.loop.opens - opens, 10, 100);
	assert_int_equal(bed_health().state, CHANNEL_DOWN);
	assert_string_equal(bed_health().fault,
	    "the gateway cannot be reached: connection refused");
	bed_live();
	assert_int_equal(bed_health().state, CHANNEL_UP);
	assert_int_equal(bed.loop.resumes, 1); /* the session was kept */
}

static void
only_a_healthy_session_begins_the_back_off_anew(void **state)
{
	long long longest = 0;

	(void)state;
	bed_begin(api, NULL);
	bed_live();
	for (int i = 0; i < 20; i++) {
		long long ms;

		bed_closes(1006);
		ms = bed_until_open();
		longest = ms > longest ? ms : longest;
		bed_live();
	}
	assert_true(longest > 5000);
	bed_turn(61 * 1000 - 40000);
	bed_says("{\"op\":11}");
	bed_turn(40000);
	bed_says("{\"op\":11}");
	bed_closes(1006);
	assert_true(bed_until_open() <= 1010);
}

static void
a_dead_address_of_the_session_is_left_after_two_failures(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_closes(1006);
	for (int i = 0; i < 2; i++) {
		(void)bed_until_open();
		assert_non_null(strstr(bed.loop.url, BED_RESUME));
		bed_refuses(0, 0);
	}
	(void)bed_until_open();
	assert_non_null(strstr(bed.loop.url, BED_GATEWAY));
	bed_live();
	assert_int_equal(bed.loop.resumes, 1);
	assert_int_equal(bed.loop.identifies, 1);
	assert_int_equal(bed.finds, 1);
}

static void
an_address_that_never_says_hello_is_left_too(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_closes(1006);
	for (int i = 0; i < 2; i++) {
		(void)bed_until_open();
		assert_non_null(strstr(bed.loop.url, BED_RESUME));
		bed_open();
		bed_turn(15000);
	}
	(void)bed_until_open();
	assert_non_null(strstr(bed.loop.url, BED_GATEWAY));
	assert_int_equal(bed.loop.drops, 2);
}

static void
who_dies_while_resuming_identifies_in_the_end(void **state)
{
	int resumes = 0;

	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_closes(1006);
	while (bed.loop.identifies == 1) {
		(void)bed_until_open();
		bed_open();
		bed_says(BED_HELLO);
		if (bed.loop.identifies == 1) {
			bed_closes(1006);
			resumes++;
		}
	}
	assert_int_equal(resumes, 3);
	bed_says(BED_READY);
	assert_int_equal(bed_health().state, CHANNEL_UP);
}

static void
a_resume_without_an_answer_does_not_wait_for_ever(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_closes(1006);
	(void)bed_until_open();
	bed_open();
	bed_says(BED_HELLO);
	for (int i = 0; i < 4 && bed.loop.drops == 0; i++) {
		bed_turn(10000);
	}
	assert_int_equal(bed.loop.drops, 1);
}

/* The budget is used up: nothing is tried, and all can see it. */
static void
no_identify_is_left(void)
{
	bed_free();
	bed_begin(api, bed.stored);
	bed_turn(10 * MINUTE_MS);
	assert_int_equal(bed.loop.id, 0);
	assert_int_equal(bed_health().state, CHANNEL_DOWN);
	assert_non_null(strstr(bed_health().fault, "identifies"));
}

/* Op 9 on every identify. */
static void
a_day_never_has_more_identifies_than_allowed(void **state)
{
	int before, restarts = 0;
	long long from, last = 0;

	(void)state;
	log_setup(LOG_LEVEL_ERROR, false);
	bed_begin(api, NULL);
	from = bed.ms;
	for (;;) {
		(void)bed_until_open();
		if (bed.ms - from >= DAY_MS) {
			break;
		}
		if (bed.find_done != NULL) {
			bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
			continue;
		}
		before = bed.loop.identifies;
		bed_open();
		bed_says(BED_HELLO);
		assert_int_equal(bed.loop.identifies, before + 1);
		assert_true(last == 0 || bed.ms - last >= 5000);
		last = bed.ms;
		if (bed.loop.identifies == 901) {
			no_identify_is_left();
		} else if (restarts <
		    850) { /* a new back-off, and the same budget */
			bed_free();
			bed_begin(api, bed.stored);
			restarts++;
		} else {
			bed_says("{\"op\":9,\"d\":false}");
		}
	}
	assert_int_equal(bed.loop.identifies, 901);
	log_setup(LOG_LEVEL_INFO, false);
}

static void
what_discord_says_of_the_budget_is_kept_to(void **state)
{
	static const char body[] =
	    "{\"url\":\"" BED_GATEWAY "\",\"shards\":1,"
	    "\"session_start_limit\":{\"total\":1000,\"remaining\":%d,"
	    "\"reset_after\":3600000,\"max_concurrency\":1}}";
	static const struct {
		int remaining;
		bool may;
	} rows[] = {{1000, true}, {100, true}, {99, false}, {0, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[300];

		(void)snprintf(text, sizeof(text), body, rows[i].remaining);
		bed_reset();
		bed_begin(api, NULL);
		bed_answer(200, 0, text);
		assert_int_equal(bed.loop.id != 0, rows[i].may);
		assert_int_equal(bed_health().state,
		    rows[i].may ? CHANNEL_STARTING : CHANNEL_DOWN);
		if (!rows[i].may) {
			bed_free(); /* a restart does not help */
			bed_begin(api, bed.stored);
			assert_int_equal(bed.loop.id, 0);
			assert_in_range(bed_until_open(), HOUR_MS - 1000,
			    HOUR_MS + 1000);
		}
		bed_free();
	}
}

static void
a_token_that_is_not_accepted_is_said_and_not_tried_again(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_answer(401, 0, "{\"message\":\"401: Unauthorized\",\"code\":0}");
	bed_turn(HOUR_MS);
	assert_int_equal(bed.finds, 1);
	assert_int_equal(bed.loop.opens, 0);
	assert_int_equal(bed_health().state, CHANNEL_DOWN);
	assert_non_null(strstr(bed_health().fault, "token"));
}

static void
the_vendors_own_address_needs_not_be_told(void **state)
{
	static const struct {
		int status;
		int retry_after_s;
		const char *body;
	} rows[] = {
	    {0, 0, ""},
	    {429, 46263, "{\"retry_after\":46263.1}"},
	    {403, 0, "error code: 1015"},
	    {502, 0, "<html>"},
	    {200, 0, "<html>"},
	    {200, 0, "{}"},
	    {200, 0, "{\"url\":\"ws://gateway.discord.gg\"}"},
	    {200, 0, "{\"url\":\"https://gateway.discord.gg\"}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bed_reset();
		bed_begin(vendor, NULL);
		bed_answer(rows[i].status, rows[i].retry_after_s, rows[i].body);
		assert_string_equal(bed.loop.url,
		    "wss://gateway.discord.gg/?v=10&encoding=json");
		bed_free();
	}
	bed_reset();
	bed.no_courier = true;
	bed_begin(vendor, NULL);
	assert_int_equal(bed.loop.opens, 1);
}

static void
elsewhere_it_is_asked_for_again_with_a_back_off(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_answer(500, 0, "");
	assert_true(bed_until_open() <= 1010);
	bed_answer(429, 300, "");
	assert_in_range(bed_until_open(), 300 * 1000, 300 * 1000 + 20);
	bed_turn(15000); /* no answer at all */
	assert_int_equal(bed.finds, 3);
	assert_int_equal(bed.loop.opens, 0);
	bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}"); /* too late */
	assert_int_equal(bed.loop.opens, 0);
	(void)bed_until_open();
	assert_int_equal(bed.finds, 4);
}

static void
a_handshake_that_is_refused_names_its_time(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_closes(1006);
	(void)bed_until_open();
	bed_refuses(503, 120);
	assert_string_equal(bed_health().fault,
	    "the gateway refuses the connection (status 503)");
	assert_in_range(bed_until_open(), 120 * 1000, 120 * 1000 + 20);
}

static void
a_main_address_that_fails_is_asked_for_again(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
	bed_refuses(0, 0);
	(void)bed_until_open();
	bed_refuses(0, 0);
	(void)bed_until_open();
	assert_int_equal(bed.finds, 2);
	bed_answer(500, 0, "");
	assert_non_null(strstr(bed.loop.url, BED_GATEWAY)); /* it will do */
}

static void
it_is_down_after_thirty_seconds_without_a_session(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_closes(4000);
	assert_int_equal(bed_health().state, CHANNEL_DEGRADED);
	assert_string_equal(bed_health().fault,
	    "the gateway closed with 4000: an error of its own");
	bed_turn(1000);
	bed_open();
	bed_turn(14000);
	assert_int_equal(bed_health().state, CHANNEL_DEGRADED);
	bed_turn(15000);
	assert_int_equal(bed_health().state, CHANNEL_DOWN);
}

static void
another_token_finds_no_session(void **state)
{
	char *at;

	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_free();
	at = strstr(bed.stored, "\"token\":\"");
	assert_non_null(at);
	at[9] = at[9] == '0' ? '1' : '0';
	bed_begin(api, bed.stored);
	assert_int_equal(bed.finds, 2);
	assert_int_equal(bed.loop.opens, 1);
}

static void
answers_that_come_after_the_end_touch_nothing(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_free(); /* the address is asked for */
	bed_reset();
	bed_begin(api, NULL);
	bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
	bed_open();
	bed.hold_store = true;
	bed_says(BED_HELLO);
	bed_free(); /* the store has the identify */
	assert_int_equal(bed.loop.identifies, 0);
	assert_int_equal(bed.clicks, 0);
}

static void
a_loop_without_room_holds_nobody_up(void **state)
{
	(void)state;
	bed.loop.full = true;
	bed_begin(api, NULL);
	assert_int_equal(bed_health().state, CHANNEL_STARTING);
	assert_string_equal(bed_health().fault, "the chat loop takes no jobs");
	bed_free();
}

static void
a_thousand_losses_leave_nothing_behind(void **state)
{
	enum { TIMES = 1000 };

	(void)state;
	log_setup(LOG_LEVEL_ERROR, false);
	bed_begin(api, NULL);
	bed_live();
	for (int i = 0; i < TIMES; i++) {
		bed_says(BED_CLICK(5));
		discord_session_handled(bed.session,
		    bed.click_seq[bed.clicks - 1]);
		bed_closes(i % 3 == 0 ? 1006 : 4000);
		bed_live();
	}
	assert_int_equal(bed.loop.resumes, TIMES);
	assert_int_equal(bed.loop.identifies, 1);
	assert_int_equal(bed_health().reconnects, TIMES);
	log_setup(LOG_LEVEL_INFO, false);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    T(a_gateway_that_refuses_sees_no_storm),
	    T(only_a_healthy_session_begins_the_back_off_anew),
	    T(a_dead_address_of_the_session_is_left_after_two_failures),
	    T(an_address_that_never_says_hello_is_left_too),
	    T(who_dies_while_resuming_identifies_in_the_end),
	    T(a_resume_without_an_answer_does_not_wait_for_ever),
	    T(a_day_never_has_more_identifies_than_allowed),
	    T(what_discord_says_of_the_budget_is_kept_to),
	    T(a_token_that_is_not_accepted_is_said_and_not_tried_again),
	    T(the_vendors_own_address_needs_not_be_told),
	    T(elsewhere_it_is_asked_for_again_with_a_back_off),
	    T(a_handshake_that_is_refused_names_its_time),
	    T(a_main_address_that_fails_is_asked_for_again),
	    T(it_is_down_after_thirty_seconds_without_a_session),
	    T(another_token_finds_no_session),
	    T(answers_that_come_after_the_end_touch_nothing),
	    T(a_loop_without_room_holds_nobody_up),
	    T(a_thousand_losses_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
