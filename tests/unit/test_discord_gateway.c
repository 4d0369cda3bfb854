#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bots/discord_gateway.h"
#include "lib/json.h"

static void
a_frame_has_an_opcode_and_the_rest_is_optional(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
		long long op, seq;
		const char *type;
	} rows[] = {
	    {"{\"op\":11}", RC_OK, 11, -1, ""},
	    {"{\"op\":0,\"s\":7,\"t\":\"READY\",\"d\":{}}", RC_OK, 0, 7,
		"READY"},
	    {"{\"op\":0,\"s\":0,\"t\":null,\"d\":null}", RC_OK, 0, 0, ""},
	    {"{\"op\":0,\"s\":null,\"t\":5,\"x\":{\"y\":[]}}", RC_OK, 0, -1,
		""},
	    {"{\"op\":0,\"s\":-5}", RC_OK, 0, -1, ""},
	    {"{\"op\":0,\"s\":\"7\"}", RC_OK, 0, -1, ""},
	    {"{\"op\":77}", RC_OK, 77, -1, ""},
	    {"{\"d\":1}", RC_INVALID, 0, -1, ""},
	    {"{\"op\":1.5}", RC_INVALID, 0, -1, ""},
	    {"{\"op\":\"1\"}", RC_INVALID, 0, -1, ""},
	    {"{\"op\":true}", RC_INVALID, 0, -1, ""},
	    {"[10]", RC_INVALID, 0, -1, ""},
	    {"\"op\"", RC_INVALID, 0, -1, ""},
	    {"{\"op\":1", RC_INVALID, 0, -1, ""},
	    {"{\"op\":1}{}", RC_INVALID, 0, -1, ""},
	    {"{\"op\":1,\"op\":2}", RC_INVALID, 0, -1, ""},
	    {"", RC_INVALID, 0, -1, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(discord_frame_fini) struct discord_frame frame;
		struct fault f = {0};

		assert_int_equal(discord_frame_read(rows[i].text,
				     strlen(rows[i].text), &frame, &f),
		    rows[i].rc);
		assert_int_equal(frame.seq, rows[i].seq);
		assert_string_equal(frame.type, rows[i].type);
		if (rows[i].rc == RC_OK) {
			assert_int_equal(frame.op, rows[i].op);
			assert_non_null(frame.d);
		}
	}
}

static json_t *
value(const char *text)
{
	json_t *v = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(v);
	return v;
}

static void
an_interval_that_cannot_be_meant_is_refused(void **state)
{
	static const struct {
		const char *d;
		int ms; /* 0 = refused */
	} rows[] = {
	    {"{\"heartbeat_interval\":41250}", 41250},
	    {"{\"heartbeat_interval\":41250.5,\"_trace\":[]}", 41250},
	    {"{\"heartbeat_interval\":10}", 10},
	    {"{\"heartbeat_interval\":9}", 0},
	    {"{\"heartbeat_interval\":0}", 0},
	    {"{\"heartbeat_interval\":-5}", 0},
	    {"{\"heartbeat_interval\":1e300}", 0},
	    {"{\"heartbeat_interval\":\"41250\"}", 0},
	    {"{}", 0},
	    {"null", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(json_drop) json_t *d = value(rows[i].d);
		int ms = 0;

		assert_int_equal(discord_hello_read(d, &ms),
		    rows[i].ms != 0 ? RC_OK : RC_INVALID);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void
a_ready_without_a_session_id_is_refused(void **state)
{
	char longest[DISCORD_SESSION_ID_MAX + 2];
	struct discord_ready ready;
	CLEANUP(json_drop) json_t *d =
	    value("{\"session_id\":\"s\",\"resume_gateway_url\":\"wss://x\","
		  "\"application\":{\"id\":\"1\"},\"more\":1}");
	CLEANUP(json_drop) json_t *bare = value("{\"session_id\":\"s\","
						"\"application\":7}");
	CLEANUP(json_drop) json_t *none = value("{\"v\":10}");
	CLEANUP(json_drop) json_t *empty = value("{\"session_id\":\"\"}");
	CLEANUP(json_drop) json_t *large = NULL;

	(void)state;
	assert_int_equal(discord_ready_read(d, &ready), RC_OK);
	assert_string_equal(ready.session_id, "s");
	assert_string_equal(ready.resume_url, "wss://x");
	assert_string_equal(ready.application_id, "1");
	assert_int_equal(discord_ready_read(bare, &ready), RC_OK);
	assert_null(ready.resume_url);
	assert_null(ready.application_id);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	large = json_pack("{s:s}", "session_id", longest);
	assert_int_equal(discord_ready_read(large, &ready), RC_INVALID);
	assert_int_equal(discord_ready_read(none, &ready), RC_INVALID);
	assert_int_equal(discord_ready_read(empty, &ready), RC_INVALID);
}

static void
an_address_gets_its_slash_and_its_query(void **state)
{
	static const struct {
		const char *base, *url;
		bool plain;
	} rows[] = {
	    {"wss://gateway.discord.gg",
		"wss://gateway.discord.gg/?v=10&encoding=json", false},
	    {"wss://gateway.discord.gg/",
		"wss://gateway.discord.gg/?v=10&encoding=json", false},
	    {"wss://g:444/?v=8&compress=zlib-stream",
		"wss://g:444/?v=10&encoding=json", false},
	    {"wss://g?v=8", "wss://g/?v=10&encoding=json", false},
	    {"ws://127.0.0.1:80", "ws://127.0.0.1:80/?v=10&encoding=json",
		true},
	    {"wss://g", "wss://g/?v=10&encoding=json", true},
	    {"ws://g", NULL, false},
	    {"https://g", NULL, true},
	    {"http://g", NULL, true},
	    {"WSS://g", NULL, false},
	    {"wss://", NULL, false},
	    {"wss:///", NULL, false},
	    {"wss://user@g", NULL, false},
	    {"wss://g/#x", NULL, false},
	    {"wss://g /", NULL, false},
	    {"wss://g\r\nHost: x", NULL, false},
	    {"", NULL, true},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	char large[DISCORD_URL_MAX + 2] = "wss://";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *url =
		    discord_gateway_url(a, rows[i].base, rows[i].plain);

		if (rows[i].url == NULL) {
			assert_null(url);
		} else {
			assert_non_null(url);
			assert_string_equal(url, rows[i].url);
		}
	}
	memset(large + 6, 'a', sizeof(large) - 7);
	large[sizeof(large) - 1] = '\0';
	assert_null(discord_gateway_url(a, large, false));
}

static void
the_answer_to_where_names_a_limit_or_none(void **state)
{
	static const struct {
		const char *body;
		enum rc rc;
		bool limited;
	} rows[] = {
	    {"{\"url\":\"wss://g\",\"session_start_limit\":{\"total\":1000,"
	     "\"remaining\":999,\"reset_after\":1,\"max_concurrency\":1}}",
		RC_OK, true},
	    {"{\"url\":\"wss://g\"}", RC_OK, false},
	    {"{\"url\":\"wss://g\",\"session_start_limit\":{\"total\":1}}",
		RC_OK, false},
	    {"{\"url\":\"wss://g\",\"session_start_limit\":7}", RC_OK, false},
	    {"{\"url\":\"ws://g\"}", RC_INVALID, false},
	    {"{\"url\":7}", RC_INVALID, false},
	    {"{}", RC_INVALID, false},
	    {"<html>", RC_INVALID, false},
	    {"", RC_INVALID, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct discord_found found;

		assert_int_equal(discord_found_read(rows[i].body,
				     strlen(rows[i].body), false, &found),
		    rows[i].rc);
		assert_int_equal(found.limited, rows[i].limited);
		assert_string_equal(found.url,
		    rows[i].rc == RC_OK ? "wss://g" : "");
	}
}

static void
what_we_say_has_no_more_than_it_needs(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	size_t len;

	(void)state;
	assert_string_equal(discord_heartbeat_text(a, DISCORD_SEQ_NONE, &len),
	    "{\"op\":1,\"d\":null}");
	assert_int_equal(len, 17);
	assert_string_equal(discord_heartbeat_text(a, 0, &len),
	    "{\"op\":1,\"d\":0}");
	assert_string_equal(discord_resume_text(a, "T", "S\"", 1337, &len),
	    "{\"op\":6,\"d\":{\"token\":\"T\",\"session_id\":\"S\\\"\","
	    "\"seq\":1337}}");
	assert_string_equal(discord_identify_text(a, "T", &len),
	    "{\"op\":2,\"d\":{\"token\":\"T\",\"intents\":0,\"properties\":"
	    "{\"os\":\"linux\",\"browser\":\"assent\",\"device\":\"assent\"}}}");
}

static void
close_codes_say_what_the_page_says(void **state)
{
	static const struct {
		int code;
		enum discord_verdict verdict;
		bool ours;
	} rows[] = {
	    {1000, DISCORD_MAY_RESUME, false},
	    {1006, DISCORD_MAY_RESUME, false},
	    {4000, DISCORD_MAY_RESUME, false},
	    {4002, DISCORD_MAY_RESUME, true},
	    {4004, DISCORD_MUST_STOP, false},
	    {4007, DISCORD_MUST_IDENTIFY, false},
	    {4008, DISCORD_MAY_RESUME, true},
	    {4009, DISCORD_MUST_IDENTIFY, false},
	    {4014, DISCORD_MUST_STOP, false},
	    {4006, DISCORD_MAY_RESUME, false}, /* no longer used */
	    {0, DISCORD_MAY_RESUME, false},
	    {-1, DISCORD_MAY_RESUME, false},
	    {65535, DISCORD_MAY_RESUME, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct discord_close *row =
		    discord_close_find(rows[i].code);

		assert_int_equal(row->verdict, rows[i].verdict);
		assert_int_equal(row->ours, rows[i].ours);
		assert_non_null(row->words);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_frame_has_an_opcode_and_the_rest_is_optional),
	    cmocka_unit_test(an_interval_that_cannot_be_meant_is_refused),
	    cmocka_unit_test(a_ready_without_a_session_id_is_refused),
	    cmocka_unit_test(an_address_gets_its_slash_and_its_query),
	    cmocka_unit_test(the_answer_to_where_names_a_limit_or_none),
	    cmocka_unit_test(what_we_say_has_no_more_than_it_needs),
	    cmocka_unit_test(close_codes_say_what_the_page_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
