#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bots/slack_frame.h"
#include "bots/slack_session.h"
#include "lib/buf.h"
#include "lib/http_client.h"

#define ID_32  "0123456789abcdef0123456789abcdef"
#define ID_127 ID_32 ID_32 ID_32 "0123456789abcdef0123456789abcde"
#define INTERACTIVE(id) \
	"{\"type\":\"interactive\",\"envelope_id\":\"" id "\",\"payload\":{}}"

static void
hello_says_count_and_time(void **state)
{
	static const struct {
		const char *text;
		int connections;
		long long lasts_s;
	} rows[] = {
	    {"{\"type\":\"hello\",\"num_connections\":1,\"debug_info\":{"
	     "\"host\":\"applink-7fc4fdbb64-4x5xq\",\"build_number\":10,"
	     "\"approximate_connection_time\":18060},\"connection_info\":{"
	     "\"app_id\":\"A01K58AR4RF\"}}",
		1, 18060},
	    {"{\"type\":\"hello\"}", -1, 0},
	    {"{\"type\":\"hello\",\"num_connections\":\"1\",\"debug_info\":[]}",
		-1, 0},
	    {"{\"type\":\"hello\",\"num_connections\":-1,\"debug_info\":{"
	     "\"approximate_connection_time\":-5}}",
		-1, 0},
	    {"{\"type\":\"hello\",\"num_connections\":4294967297,"
	     "\"debug_info\":{\"approximate_connection_time\":null}}",
		-1, 0},
	    {"{\"type\":\"hello\",\"num_connections\":2.5}", -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(slack_frame_fini) struct slack_frame f;

		slack_frame_read(rows[i].text, strlen(rows[i].text), &f);
		assert_int_equal(f.kind, SLACK_FRAME_HELLO);
		assert_int_equal(f.connections, rows[i].connections);
		assert_int_equal(f.lasts_s, rows[i].lasts_s);
	}
}

static void
disconnect_says_why_and_unknown_reasons_are_a_refresh(void **state)
{
	static const struct {
		const char *text;
		enum slack_event event;
		const char *reason;
		int connections;
	} rows[] = {
	    {"{\"type\":\"disconnect\",\"reason\":\"warning\",\"debug_info\":{"
	     "\"host\":\"wss-111.slack.com\"}}",
		SLACK_ON_REFRESH, "warning", -1},
	    {"{\"type\":\"disconnect\",\"reason\":\"refresh_requested\","
	     "\"num_connections\":3}",
		SLACK_ON_REFRESH, "refresh_requested", 3},
	    {"{\"type\":\"disconnect\",\"reason\":\"link_disabled\"}",
		SLACK_ON_DISABLED, "link_disabled", -1},
	    {"{\"type\":\"disconnect\",\"reason\":\"too_many_websockets\","
	     "\"num_connections\":11}",
		SLACK_ON_CROWDED, "too_many_websockets", 11},
	    {"{\"type\":\"disconnect\",\"reason\":\"moon_phase\"}",
		SLACK_ON_REFRESH, "moon_phase", -1},
	    {"{\"type\":\"disconnect\",\"reason\":7}", SLACK_ON_REFRESH, "",
		-1},
	    {"{\"type\":\"disconnect\"}", SLACK_ON_REFRESH, "", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(slack_frame_fini) struct slack_frame f;

		slack_frame_read(rows[i].text, strlen(rows[i].text), &f);
		assert_int_equal(f.kind, SLACK_FRAME_DISCONNECT);
		assert_int_equal(f.event, rows[i].event);
		assert_string_equal(f.reason, rows[i].reason);
		assert_int_equal(f.connections, rows[i].connections);
	}
}

static void
three_kinds_of_envelope_go_up(void **state)
{
	static const struct {
		const char *text;
		const char *type, *id;
		bool accepts;
	} rows[] = {
	    {INTERACTIVE("e1"), "interactive", "e1", false},
	    {INTERACTIVE(ID_127), "interactive", ID_127, false},
	    {"{\"type\":\"slash_commands\",\"envelope_id\":\"e2\","
	     "\"accepts_response_payload\":true,\"payload\":{\"text\":\"\"}}",
		"slash_commands", "e2", true},
	    {"{\"type\":\"events_api\",\"envelope_id\":\"e3\",\"retry_attempt\""
	     ":1,\"retry_reason\":\"timeout\",\"payload\":{\"type\":"
	     "\"app_rate_limited\"},\"accepts_response_payload\":\"yes\"}",
		"events_api", "e3", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(slack_frame_fini) struct slack_frame f;

		slack_frame_read(rows[i].text, strlen(rows[i].text), &f);
		assert_int_equal(f.kind, SLACK_FRAME_ENVELOPE);
		assert_string_equal(f.type, rows[i].type);
		assert_string_equal(f.id, rows[i].id);
		assert_true(strlen(f.id) < SLACK_ENVELOPE_ID_MAX);
		assert_int_equal(f.accepts_payload, rows[i].accepts);
		assert_true(json_is_object(f.payload));
	}
}

static void
whatever_else_comes_is_ignored_with_a_reason(void **state)
{
	static const struct {
		const char *text;
		const char *why;
		bool normal;
	} rows[] = {
	    {"", "not JSON", false},
	    {"UNAUTHENTICATED: cache_error", "not JSON", false},
	    {"{\"type\":\"hello\"", "not JSON", false},
	    {"{\"type\":\"hello\",\"type\":\"hello\"}", "not JSON", false},
	    {"\xff\xfe{}", "not JSON", false},
	    {"[]", "without a type", false},
	    {"null", "without a type", false},
	    {"\"hello\"", "without a type", false},
	    {"{}", "without a type", false},
	    {"{\"type\":5}", "without a type", false},
	    {"{\"type\":\"ping\"}", "of an unknown type", true},
	    {"{\"type\":\"workflow\",\"envelope_id\":\"e\",\"payload\":{}}",
		"of an unknown type", true},
	    {"{\"type\":\"interactive\",\"payload\":{}}",
		"an envelope without an id", false},
	    {INTERACTIVE(""), "an envelope without an id", false},
	    {"{\"type\":\"interactive\",\"envelope_id\":5,\"payload\":{}}",
		"an envelope without an id", false},
	    {INTERACTIVE(ID_127 "x"), "an envelope with too long an id", false},
	    {"{\"type\":\"interactive\",\"envelope_id\":\"e\"}",
		"an envelope without a payload", false},
	    {"{\"type\":\"events_api\",\"envelope_id\":\"e\",\"payload\":[]}",
		"an envelope without a payload", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(slack_frame_fini) struct slack_frame f;

		slack_frame_read(rows[i].text, strlen(rows[i].text), &f);
		assert_int_equal(f.kind, SLACK_FRAME_IGNORED);
		assert_string_equal(f.why, rows[i].why);
		assert_int_equal(f.normal, rows[i].normal);
	}
}

static void
a_large_envelope_is_read(void **state)
{
	enum { LARGE = 1024 * 1024 };
	CLEANUP(slack_frame_fini) struct slack_frame f;
	CLEANUP(buf_fini) struct buf b = {0};

	(void)state;
	buf_puts(&b,
	    "{\"type\":\"interactive\",\"envelope_id\":\"e\",\"payload\":"
	    "{\"text\":\"");
	for (int i = 0; i < LARGE; i++) {
		buf_putc(&b, 'a');
	}
	buf_puts(&b, "\"}}");
	slack_frame_read(b.data, b.len, &f);
	assert_int_equal(f.kind, SLACK_FRAME_ENVELOPE);
	assert_int_equal(json_string_length(json_object_get(f.payload, "text")),
	    LARGE);
}

static void
an_acknowledgement_is_the_id_and_the_payload(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	json_t *p = json_pack("{s:s}", "response_action", "clear");
	size_t len;
	const char *text;

	(void)state;
	text = slack_frame_ack(a, "e\"1", NULL, &len);
	assert_string_equal(text, "{\"envelope_id\":\"e\\\"1\"}");
	assert_int_equal(len, strlen(text));
	text = slack_frame_ack(a, "e2", p, &len);
	assert_string_equal(text,
	    "{\"envelope_id\":\"e2\",\"payload\":{\"response_action\":"
	    "\"clear\"}}");
	assert_int_equal(len, strlen(text));
	json_decref(p);
}

struct answer_row {
	int status;
	const char *body;
	int retry_after_s;
	bool allow_plain;
	enum slack_ticket_kind kind;
	const char *word;
	int pause_s;
};

static void
check_answers(const struct answer_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		struct http_answer answer = {
		    .status = rows[i].status,
		    .retry_after_s = rows[i].retry_after_s,
		    .body = rows[i].body,
		    .body_len = strlen(rows[i].body),
		};
		struct slack_ticket t;

		slack_ticket_read(a, &answer, rows[i].allow_plain, &t);
		assert_int_equal(t.kind, rows[i].kind);
		assert_int_equal(t.retry_after_s, rows[i].pause_s);
		assert_true((t.url != NULL) == (t.kind == SLACK_TICKET_URL));
		assert_string_equal(t.url != NULL ? t.url : t.word,
		    rows[i].word);
	}
}

#define OPENED(url) "{\"ok\":true,\"url\":\"" url "\"}"
#define REFUSED(w)  "{\"ok\":false,\"error\":\"" w "\"}"

static void
an_address_is_taken_only_from_a_whole_and_happy_answer(void **state)
{
	static const char no_answer[] = "HTTP 200 without an answer of Slack's";
	static const char no_url[] = "an address that is not a wss URL";
	static const struct answer_row rows[] = {
	    {200, OPENED("wss:\\/\\/wss-primary.slack.com\\/link\\/?ticket=t"),
		0, false, SLACK_TICKET_URL,
		"wss://wss-primary.slack.com/link/?ticket=t", 0},
	    {200, OPENED("ws://127.0.0.1:1/x"), 0, true, SLACK_TICKET_URL,
		"ws://127.0.0.1:1/x", 0},
	    {200, OPENED("ws://127.0.0.1:1/x"), 0, false, SLACK_TICKET_FAILED,
		no_url, 0},
	    {200, OPENED("https://slack.com/"), 0, true, SLACK_TICKET_FAILED,
		no_url, 0},
	    {200, OPENED("wss://"), 0, true, SLACK_TICKET_FAILED, no_url, 0},
	    {200, OPENED(""), 0, true, SLACK_TICKET_FAILED, no_url, 0},
	    {200, "{\"ok\":true}", 0, true, SLACK_TICKET_FAILED, no_url, 0},
	    {200, "{\"ok\":true,\"url\":[]}", 0, true, SLACK_TICKET_FAILED,
		no_url, 0},
	    {200, "{\"ok\":\"true\",\"url\":\"wss://a/\"}", 0, true,
		SLACK_TICKET_FAILED, no_answer, 0},
	    {200, "{\"url\":\"wss://a/\"}", 0, true, SLACK_TICKET_FAILED,
		no_answer, 0},
	    {200, "<html>", 0, true, SLACK_TICKET_FAILED, no_answer, 0},
	    {200, "", 0, true, SLACK_TICKET_FAILED, no_answer, 0},
	    {200, "[]", 0, true, SLACK_TICKET_FAILED, no_answer, 0},
	    {500, OPENED("wss://a/"), 0, true, SLACK_TICKET_FAILED,
		"HTTP 500 without an answer of Slack's", 0},
	    {302, "", 0, true, SLACK_TICKET_FAILED,
		"HTTP 302 without an answer of Slack's", 0},
	};

	(void)state;
	check_answers(rows, ARRAY_LEN(rows));
}

static void
refusals_are_told_apart(void **state)
{
	static const struct answer_row rows[] = {
	    {200, REFUSED("invalid_auth"), 0, false, SLACK_TICKET_FATAL,
		"invalid_auth", 0},
	    {401, REFUSED("token_revoked"), 0, false, SLACK_TICKET_FATAL,
		"token_revoked", 0},
	    {200, REFUSED("internal_error"), 0, false, SLACK_TICKET_FAILED,
		"internal_error", 0},
	    {200, REFUSED("two words"), 0, false, SLACK_TICKET_FAILED,
		"refused without a word", 0},
	    {200, REFUSED(ID_127), 0, false, SLACK_TICKET_FAILED,
		"refused without a word", 0},
	    {200, "{\"ok\":false}", 0, false, SLACK_TICKET_FAILED,
		"refused without a word", 0},
	    {429, REFUSED("ratelimited"), 7, false, SLACK_TICKET_LIMITED,
		"ratelimited", 7},
	    {429, "", 0, false, SLACK_TICKET_LIMITED, "ratelimited", 30},
	    {429, OPENED("wss://a/"), 100000, false, SLACK_TICKET_LIMITED,
		"ratelimited", SLACK_PAUSE_MAX_S},
	    {200, REFUSED("ratelimited"), 0, false, SLACK_TICKET_LIMITED,
		"ratelimited", 30},
	    {200, REFUSED("rate_limited"), 9, false, SLACK_TICKET_LIMITED,
		"ratelimited", 9},
	    {503, "", 12, false, SLACK_TICKET_FAILED,
		"HTTP 503 without an answer of Slack's", 12},
	};

	(void)state;
	check_answers(rows, ARRAY_LEN(rows));
}

static void
every_word_for_a_bad_token_is_fatal(void **state)
{
	static const char *const words[] = {"invalid_auth", "not_authed",
	    "account_inactive", "token_revoked", "token_expired",
	    "not_allowed_token_type", "missing_scope", "user_removed_from_team",
	    "team_disabled", "org_login_required", "access_denied",
	    "no_permission", "accesslimited", "two_factor_setup_required"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		assert_true(slack_word_is_fatal(words[i]));
	}
	assert_false(slack_word_is_fatal("internal_error"));
	assert_false(slack_word_is_fatal(""));
}

static void
a_call_that_failed_or_was_cut_brings_no_address(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct http_answer failed = {.rc = RC_REMOTE_TEMP, .detail = "refused"};
	struct http_answer silent = {.rc = RC_UNCERTAIN};
	struct http_answer cut = {.status = 200,
	    .body = OPENED("wss://a/"),
	    .body_len = strlen(OPENED("wss://a/")),
	    .body_cut = true};
	struct slack_ticket t;

	(void)state;
	slack_ticket_read(a, &failed, true, &t);
	assert_int_equal(t.kind, SLACK_TICKET_FAILED);
	assert_string_equal(t.word, "refused");
	slack_ticket_read(a, &silent, true, &t);
	assert_int_equal(t.kind, SLACK_TICKET_FAILED);
	assert_string_equal(t.word, rc_name(RC_UNCERTAIN));
	slack_ticket_read(a, &cut, true, &t);
	assert_int_equal(t.kind, SLACK_TICKET_FAILED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hello_says_count_and_time),
	    cmocka_unit_test(
		disconnect_says_why_and_unknown_reasons_are_a_refresh),
	    cmocka_unit_test(three_kinds_of_envelope_go_up),
	    cmocka_unit_test(whatever_else_comes_is_ignored_with_a_reason),
	    cmocka_unit_test(a_large_envelope_is_read),
	    cmocka_unit_test(an_acknowledgement_is_the_id_and_the_payload),
	    cmocka_unit_test(
		an_address_is_taken_only_from_a_whole_and_happy_answer),
	    cmocka_unit_test(refusals_are_told_apart),
	    cmocka_unit_test(every_word_for_a_bad_token_is_fatal),
	    cmocka_unit_test(a_call_that_failed_or_was_cut_brings_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
