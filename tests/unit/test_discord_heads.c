#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "bots/discord_rest.h"
#include "lib/clock.h"
#include "lib/json.h"

/* Headers are "Name: value" in a list that ends with NULL. */
static const char *
header(const struct http_answer *a, const char *name)
{
	const char *const *lines = a->impl;
	size_t n = strlen(name);

	for (; *lines != NULL; lines++) {
		if (strncasecmp(*lines, name, n) == 0 && (*lines)[n] == ':') {
			return *lines + n + 2;
		}
	}
	return NULL;
}

static struct discord_heads
read_answer(int status, const char **lines, const char *body)
{
	const struct http_answer a = {.rc = RC_OK,
	    .status = status,
	    .body = body,
	    .body_len = strlen(body),
	    .header = header,
	    .impl = lines};
	struct discord_heads h;
	json_t *json;

	discord_heads_read(&a, &h, &json);
	json_decref(json);
	return h;
}

static void
limits_are_read_from_headers_and_body(void **state)
{
	const char *lines[] = {"Via: 1.1 google",
	    "X-RateLimit-Bucket: abcd1234", "X-RateLimit-Remaining: 4",
	    "X-RateLimit-Reset-After: 1.250", "X-RateLimit-Scope: shared",
	    "X-RateLimit-Global: true", "Retry-After: 65", NULL};
	struct discord_heads h = read_answer(429, lines,
	    "{\"message\":\"You are being rate limited.\","
	    "\"retry_after\":64.57,\"global\":true,\"code\":30046}");

	(void)state;
	assert_int_equal(h.status, 429);
	assert_true(h.json && h.via && h.global && h.shared);
	assert_int_equal(h.code, 30046);
	assert_string_equal(h.bucket, "abcd1234");
	assert_int_equal(h.remaining, 4);
	assert_true(h.reset_after_s == 1.25);
	assert_true(h.retry_after_s == 65);
	assert_string_equal(h.words, "You are being rate limited.");
}

static void
a_wait_is_the_longer_of_both_and_never_guessed(void **state)
{
	static const struct {
		const char *line, *body;
		double seconds;
	} rows[] = {
	    {"Retry-After: 1", "{\"retry_after\":2.5}", 2.5},
	    {"Retry-After: 3", "{\"retry_after\":2.5}", 3},
	    {"Retry-After: 3", "{}", 3},
	    {"Via: x", "{\"retry_after\":0.3}", 0.3},
	    {"Via: x", "{}", -1},
	    {"Retry-After: x", "{\"retry_after\":\"5\"}", -1},
	    {"Retry-After: -4", "{\"retry_after\":-5}", -1},
	    {"Retry-After: 1e99", "{\"retry_after\":1e99}", -1},
	    {"Retry-After: nan", "[]", -1},
	    {"Retry-After: 9", "<html>error code: 1015</html>", 9},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *lines[] = {rows[i].line, NULL};
		struct discord_heads h = read_answer(429, lines, rows[i].body);

		assert_true(h.retry_after_s == rows[i].seconds);
	}
}

static void
what_is_not_said_is_not_known(void **state)
{
	const char *lines[] = {NULL};
	struct discord_heads h = read_answer(502, lines, "<html>");

	(void)state;
	assert_false(h.json || h.via || h.global || h.shared);
	assert_int_equal(h.remaining, -1);
	assert_true(h.reset_after_s == -1 && h.retry_after_s == -1);
	assert_string_equal(h.bucket, "");
	assert_string_equal(h.words, "");
	assert_int_equal(h.code, 0);
	assert_true(h.skew_ms == 0);
}

static void
a_message_is_made_harmless(void **state)
{
	const char *lines[] = {NULL};
	struct discord_heads h = read_answer(400, lines,
	    "{\"message\":\"a\\nb\\u202ec ................................"
	    "...................................................end\"}");

	(void)state;
	assert_int_equal(strncmp(h.words, "a\\nb\\u{202E}c", 13), 0);
	assert_null(strstr(h.words, "end"));
}

static void
clocks_that_differ_are_noticed(void **state)
{
	const char *lines[] = {"Date: Thu, 01 Jan 2015 00:00:10 GMT", NULL};
	struct discord_heads h = read_answer(200, lines, "{}");
	long long away = clock_now_ms() - 1420070410000LL - h.skew_ms;

	(void)state;
	assert_true(away >= 0 && away < 60 * 1000);
	lines[0] = "Date: some day";
	assert_true(read_answer(200, lines, "{}").skew_ms == 0);
}

static void
an_answer_counts_by_status_and_code(void **state)
{
	static const struct {
		int status, code;
		enum rc rc;
		const char *words;
	} rows[] = {
	    {200, 0, RC_OK, "HTTP 200"},
	    {204, 0, RC_OK, "HTTP 204"},
	    {302, 0, RC_REMOTE_TEMP, "HTTP 302"},
	    {400, 50035, RC_REMOTE_PERM, "Invalid (HTTP 400, code 50035)"},
	    {400, 40003, RC_REMOTE_TEMP, "opened too fast"},
	    {403, 50001, RC_REMOTE_PERM, "cannot see the channel"},
	    {403, 50007, RC_REMOTE_PERM, "takes no direct messages"},
	    {403, 50013, RC_REMOTE_PERM, "lacks a permission"},
	    {403, 50278, RC_REMOTE_PERM, "shares no server"},
	    {404, 10003, RC_REMOTE_PERM, "no such channel"},
	    {404, 10008, RC_REMOTE_PERM, "the message is gone"},
	    {500, 0, RC_REMOTE_TEMP, "HTTP 500"},
	    {524, 0, RC_REMOTE_TEMP, "HTTP 524"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct discord_heads h = {.status = rows[i].status,
		    .code = rows[i].code,
		    .words = "Invalid"};
		struct discord_reply reply = {.rc = RC_INTERNAL};
		char words[200];

		discord_judge(&h, &reply, words, sizeof(words));
		assert_int_equal(reply.rc, rows[i].rc);
		assert_int_equal(reply.code, rows[i].code);
		assert_non_null(strstr(reply.detail, rows[i].words));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(limits_are_read_from_headers_and_body),
	    cmocka_unit_test(a_wait_is_the_longer_of_both_and_never_guessed),
	    cmocka_unit_test(what_is_not_said_is_not_known),
	    cmocka_unit_test(a_message_is_made_harmless),
	    cmocka_unit_test(clocks_that_differ_are_noticed),
	    cmocka_unit_test(an_answer_counts_by_status_and_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
