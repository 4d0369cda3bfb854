#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway_acts.h"

static const char api[] = "http://127.0.0.1:3/api/v10";

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
the_first_session_asks_where_and_identifies(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	assert_int_equal(bed_health().state, CHANNEL_STARTING);
	assert_string_equal(bed.find_url,
	    "http://127.0.0.1:3/api/v10/gateway/bot");
	assert_string_equal(bed.find_header, "Authorization: Bot " BED_TOKEN);
	bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\",\"shards\":1}");
	assert_string_equal(bed.loop.url, BED_GATEWAY "/?v=10&encoding=json");
	assert_string_equal(bed.loop.user_agent,
	    "DiscordBot (https://example.org, 1)");
	bed_open();
	assert_int_equal(bed.loop.sends, 0); /* Hello comes first */
	bed_says(BED_HELLO);
	assert_string_equal(bed.loop.sent,
	    "{\"op\":2,\"d\":{\"token\":\"" BED_TOKEN "\",\"intents\":0,"
	    "\"properties\":{\"os\":\"linux\",\"browser\":\"assent\","
	    "\"device\":\"assent\"}}}");
	bed_says(BED_READY);
	assert_int_equal(bed.readies, 1);
	assert_string_equal(bed.application, "77");
	assert_int_equal(bed_health().state, CHANNEL_UP);
	assert_int_equal(bed_health().sessions, 1);
	assert_string_equal(bed_health().fault, "");
}

static void
a_lost_connection_is_resumed_at_its_own_address(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_says(BED_CLICK(7));
	bed_closes(1006);
	assert_int_equal(bed_health().state, CHANNEL_DEGRADED);
	assert_true(bed_until_open() <= 1010);
	assert_string_equal(bed.loop.url, BED_RESUME "/?v=10&encoding=json");
	bed_open();
	bed_says(BED_HELLO);
	assert_string_equal(bed.loop.sent,
	    "{\"op\":6,\"d\":{\"token\":\"" BED_TOKEN "\",\"session_id\":"
	    "\"sess-1\",\"seq\":7}}");
	bed_says(BED_CLICK(8)); /* replayed before RESUMED */
	assert_int_equal(bed.clicks, 2);
	assert_int_equal(bed_health().state, CHANNEL_DEGRADED);
	bed_says(BED_RESUMED);
	assert_int_equal(bed_health().state, CHANNEL_UP);
	assert_int_equal(bed_health().reconnects, 1);
	assert_int_equal(bed.loop.identifies, 1);
	assert_int_equal(bed.finds, 1);
}

static void
the_identify_is_on_disk_before_it_is_sent(void **state)
{
	(void)state;
	bed.hold_store = true;
	bed_begin(api, NULL);
	bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
	bed_store(RC_OK); /* the address */
	bed_open();
	bed_says(BED_HELLO);
	assert_int_equal(bed.loop.identifies, 0);
	assert_non_null(strstr(bed.stored, "\"by_hour\":[1,0,"));
	bed_store(RC_OK);
	assert_int_equal(bed.loop.identifies, 1);
}

static void
an_identify_that_cannot_be_stored_is_not_sent(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
	bed_open();
	bed.store_rc = RC_STORE;
	bed_says(BED_HELLO);
	assert_int_equal(bed.loop.identifies, 0);
	assert_int_equal(bed.loop.close_code, 4000);
	bed.store_rc = RC_OK;
	bed_live();
	assert_int_equal(bed.loop.identifies, 1);
}

static void
an_identify_that_is_too_large_is_not_sent(void **state)
{
	char token[4096];

	(void)state;
	memset(token, 'x', sizeof(token) - 1);
	token[sizeof(token) - 1] = '\0';
	bed.token = token;
	bed_begin(api, NULL);
	bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
	bed_open();
	bed_says(BED_HELLO);
	assert_int_equal(bed.loop.identifies, 0);
	assert_int_equal(bed.loop.close_code, 4000);
	assert_string_equal(bed_health().fault,
	    "the identify could not be sent");
	assert_non_null(strstr(bed.stored, "\"by_hour\":[0,0,"));
}

static void
a_hello_without_an_interval_is_none(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
	bed_open();
	bed_says("{\"op\":10,\"d\":{}}");
	assert_int_equal(bed.loop.close_code, 4000);
	assert_int_equal(bed.loop.identifies, 0);
}

static void
a_ready_without_a_session_is_none(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
	bed_open();
	bed_says(BED_HELLO);
	bed_says("{\"op\":0,\"s\":1,\"t\":\"READY\",\"d\":{\"v\":10}}");
	assert_int_equal(bed.loop.close_code, 4000);
	assert_int_equal(bed.readies, 0);
}

static void
heartbeats_carry_the_last_number_and_want_an_answer(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_turn(40000); /* the first comes at random within the interval */
	assert_int_equal(bed.loop.beats, 1);
	assert_string_equal(bed.loop.sent, "{\"op\":1,\"d\":1}");
	bed_says("{\"op\":11}");
	bed_turn(40000);
	assert_int_equal(bed.loop.beats, 2);
	assert_int_equal(bed.loop.drops, 0);
	bed_turn(40000); /* not answered: it is a zombie */
	assert_int_equal(bed.loop.drops, 1);
	bed_live();
	assert_int_equal(bed.loop.resumes, 1);
	assert_int_equal(bed.loop.identifies, 1);
}

static void
a_beat_that_was_asked_for_trips_nothing(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_says("{\"op\":1,\"d\":null}");
	assert_int_equal(bed.loop.beats, 1);
	bed_turn(40000);
	assert_int_equal(bed.loop.beats, 2);
	assert_int_equal(bed.loop.drops, 0);
}

static void
no_minute_has_more_sends_than_are_allowed(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_live();
	for (int i = 0; i < 500; i++) {
		bed_says("{\"op\":1}");
	}
	assert_true(bed.loop.sends <= 110);
	bed_turn(40000); /* our own has room, and is answered */
	assert_string_equal(bed.loop.sent, "{\"op\":1,\"d\":1}");
	assert_true(bed.loop.sends <= 110);
}

static void
asked_to_reconnect_it_closes_and_resumes(void **state)
{
	static const char *const asks[] = {
	    "{\"op\":7,\"d\":null}",
	    "{\"op\":9,\"d\":true}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		bed_reset();
		bed_begin(api, NULL);
		bed_live();
		bed_says(asks[i]);
		assert_int_equal(bed.loop.close_code, 4000);
		bed_live();
		assert_int_equal(bed.loop.resumes, 1);
		assert_int_equal(bed.loop.identifies, 1);
		bed_free();
	}
}

static void
asked_to_reconnect_before_hello_it_comes_back(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
	bed_open();
	bed_says("{\"op\":7,\"d\":null}");
	assert_int_equal(bed.loop.close_code, 4000);
	bed_live();
	assert_int_equal(bed.loop.identifies, 1);
	assert_int_equal(bed_health().state, CHANNEL_UP);
}

static void
an_invalid_session_is_identified_anew_after_a_pause(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_turn(10000);
	bed_says("{\"op\":9,\"d\":false}");
	assert_int_equal(bed.loop.close_code, 4000);
	assert_true(bed_until_open() >= 1000);
	assert_string_equal(bed.loop.url, BED_GATEWAY "/?v=10&encoding=json");
	bed_live();
	assert_int_equal(bed.loop.identifies, 2);
	assert_int_equal(bed.loop.resumes, 0);
}

static void
each_close_code_has_its_consequence(void **state)
{
	static const struct {
		int code;
		char next; /* resume, identify, stop */
	} rows[] = {
	    {1000, 'r'},
	    {1001, 'r'},
	    {1005, 'r'},
	    {1006, 'r'},
	    {4000, 'r'},
	    {4001, 'r'},
	    {4002, 'r'},
	    {4003, 'i'},
	    {4004, 's'},
	    {4005, 'i'},
	    {4007, 'i'},
	    {4008, 'r'},
	    {4009, 'i'},
	    {4010, 's'},
	    {4011, 's'},
	    {4012, 's'},
	    {4013, 's'},
	    {4014, 's'},
	    {4999, 'r'},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bed_reset();
		bed_begin(api, NULL);
		bed_live();
		bed_closes(rows[i].code);
		if (rows[i].next == 's') {
			(void)bed_until_open();
			assert_int_equal(bed.loop.opens, 1);
			assert_int_equal(bed_health().state, CHANNEL_DOWN);
			assert_non_null(strstr(bed_health().fault, "closed"));
		} else {
			bed_live();
			assert_int_equal(bed.loop.resumes, rows[i].next == 'r');
			assert_int_equal(bed.loop.identifies,
			    rows[i].next == 'r' ? 1 : 2);
		}
		bed_free();
	}
}

static void
a_restart_resumes_what_was_stored(void **state)
{
	(void)state;
	bed_begin(api, NULL);
	bed_live();
	bed_says(BED_CLICK(2));
	bed_says(BED_CLICK(3));
	bed_says(BED_CLICK(4));
	discord_session_handled(bed.session, bed.click_seq[2]);
	discord_session_handled(bed.session, bed.click_seq[0]);
	bed_free();
	assert_int_equal(bed.loop.close_code, 4000);
	bed_begin(api, bed.stored);
	assert_string_equal(bed.loop.url, BED_RESUME "/?v=10&encoding=json");
	bed_open();
	bed_says(BED_HELLO);
	assert_string_equal(bed.loop.sent,
	    "{\"op\":6,\"d\":{\"token\":\"" BED_TOKEN "\",\"session_id\":"
	    "\"sess-1\",\"seq\":2}}"); /* 3 was not handled */
	bed_says(BED_RESUMED);
	assert_string_equal(bed.application, "77");
	assert_int_equal(bed.loop.identifies, 1);
	assert_int_equal(bed.finds, 1);
}

static void
a_large_ready_is_taken(void **state)
{
	CLEANUP(mem_drop) char *text = mem_new(1, 500000);
	size_t n = (size_t)snprintf(text, 500000,
	    "{\"op\":0,\"s\":1,\"t\":\"READY\",\"d\":{\"session_id\":\"x\","
	    "\"guilds\":[0");

	(void)state;
	while (n < 400000) {
		n += (size_t)snprintf(text + n, 500000 - n,
		    ",{\"id\":\"%zu\",\"unavailable\":true}", n);
	}
	(void)snprintf(text + n, 500000 - n, "]}}");
	bed_begin(api, NULL);
	bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
	bed_open();
	bed_says(BED_HELLO);
	bed_says(text);
	assert_int_equal(bed_health().state, CHANNEL_UP);
	bed_closes(1006);
	bed_live(); /* without an address of its own: at the main one */
	assert_string_equal(bed.loop.url, BED_GATEWAY "/?v=10&encoding=json");
	assert_int_equal(bed.loop.resumes, 1);
}

static void
what_makes_no_sense_changes_nothing(void **state)
{
	static const char *const texts[] = {
	    "",
	    "[]",
	    "{",
	    "{\"op\":\"10\"}",
	    "{\"op\":-1}",
	    "{\"op\":31,\"d\":1}",
	    "{\"op\":99999999999}",
	    "{\"op\":10,\"d\":{\"heartbeat_interval\":1}}", /* a second one */
	    "{\"op\":0,\"t\":\"RESUMED\",\"s\":2,\"d\":{}}",
	    "{\"op\":0,\"t\":\"READY\",\"s\":2,\"d\":{\"session_id\":\"z\"}}",
	    "{\"op\":0,\"t\":null,\"s\":null,\"d\":null}",
	    "{\"op\":0,\"t\":\"SOMETHING_NEW\",\"s\":3,\"d\":7,\"x\":[1]}",
	};

	(void)state;
	bed_begin(api, NULL);
	bed_live();
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		bed_says(texts[i]);
		assert_int_equal(bed_health().state, CHANNEL_UP);
	}
	assert_int_equal(bed.loop.close_code, 0);
	bed_closes(1006);
	bed_live();
	assert_non_null(strstr(bed.loop.sent, "\"seq\":3")); /* SOMETHING_NEW */
	assert_non_null(strstr(bed.loop.sent, "sess-1"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    T(the_first_session_asks_where_and_identifies),
	    T(a_lost_connection_is_resumed_at_its_own_address),
	    T(the_identify_is_on_disk_before_it_is_sent),
	    T(an_identify_that_cannot_be_stored_is_not_sent),
	    T(an_identify_that_is_too_large_is_not_sent),
	    T(a_hello_without_an_interval_is_none),
	    T(a_ready_without_a_session_is_none),
	    T(heartbeats_carry_the_last_number_and_want_an_answer),
	    T(a_beat_that_was_asked_for_trips_nothing),
	    T(no_minute_has_more_sends_than_are_allowed),
	    T(asked_to_reconnect_it_closes_and_resumes),
	    T(asked_to_reconnect_before_hello_it_comes_back),
	    T(an_invalid_session_is_identified_anew_after_a_pause),
	    T(each_close_code_has_its_consequence),
	    T(a_restart_resumes_what_was_stored),
	    T(a_large_ready_is_taken),
	    T(what_makes_no_sense_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
