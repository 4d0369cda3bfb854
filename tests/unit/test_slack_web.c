#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bots/slack_pace.h"
#include "bots/slack_web.h"

static const char *
no_header(const struct http_answer *a, const char *name)
{
	(void)a;
	(void)name;
	return NULL;
}

static const char *
scopes(const struct http_answer *a, const char *name)
{
	(void)a;
	return strcmp(name, "x-oauth-scopes") == 0 ? "chat:write,im:write"
						   : NULL;
}

static struct slack_reply
judged(enum rc rc, int status, int retry_after_s, const char *body)
{
	const struct http_answer a = {.rc = rc,
	    .status = status,
	    .retry_after_s = retry_after_s,
	    .body = body,
	    .body_len = strlen(body),
	    .detail = "words",
	    .header = no_header};
	struct slack_reply r;

	slack_web_judge(&a, &r);
	return r;
}

#define NO(error) "{\"ok\":false,\"error\":\"" error "\"}"

static const struct {
	enum rc rc;
	int status, after_s;
	const char *body;
	enum slack_verdict verdict;
	int retry_s;
	const char *error, *detail;
} answers[] = {
    {RC_OK, 200, 0, "{\"ok\":true}", SLACK_FINE, 0, "", "HTTP 200"},
    {RC_OK, 429, 7, NO("ratelimited"), SLACK_LIMITED, 7, "", "HTTP 429"},
    {RC_OK, 429, 0, "", SLACK_LIMITED, 30, "", "HTTP 429"},
    {RC_OK, 200, 0, NO("ratelimited"), SLACK_LIMITED, 30, "ratelimited",
	"ratelimited"},
    {RC_OK, 200, 3, NO("rate_limited"), SLACK_LIMITED, 3, "rate_limited",
	"rate_limited"},
    {RC_OK, 200, 0, NO("message_limit_exceeded"), SLACK_LIMITED, 30,
	"message_limit_exceeded", "message_limit_exceeded"},
    {RC_OK, 200, 0, NO("invalid_auth"), SLACK_FATAL, 0, "invalid_auth",
	"invalid_auth"},
    {RC_OK, 200, 0, NO("token_revoked"), SLACK_FATAL, 0, "token_revoked",
	"token_revoked"},
    {RC_OK, 200, 0, NO("account_inactive"), SLACK_FATAL, 0, "account_inactive",
	"account_inactive"},
    {RC_OK, 200, 0, NO("not_allowed_token_type"), SLACK_FATAL, 0,
	"not_allowed_token_type", "not_allowed_token_type"},
    {RC_OK, 200, 0, NO("internal_error"), SLACK_UNSURE, 0, "internal_error",
	"internal_error"},
    {RC_OK, 200, 0, NO("fatal_error"), SLACK_UNSURE, 0, "fatal_error",
	"fatal_error"},
    {RC_OK, 200, 0, NO("service_unavailable"), SLACK_TEMP, 0,
	"service_unavailable", "service_unavailable"},
    {RC_OK, 200, 0, NO("channel_not_found"), SLACK_REFUSED, 0,
	"channel_not_found", "channel_not_found"},
    {RC_OK, 200, 0, NO("never_heard_of"), SLACK_REFUSED, 0, "never_heard_of",
	"never_heard_of"},
    {RC_OK, 200, 0,
	"{\"ok\":false,\"error\":\"missing_scope\",\"needed\":"
	"\"im:write\"}",
	SLACK_REFUSED, 0, "missing_scope", "missing_scope: im:write"},
    {RC_OK, 200, 0,
	"{\"ok\":false,\"error\":\"invalid_blocks\",\"response_"
	"metadata\":{\"messages\":[\"[ERROR] too long\"]}}",
	SLACK_REFUSED, 0, "invalid_blocks", "invalid_blocks; [ERROR] too long"},
    {RC_OK, 200, 0, "{}", SLACK_UNSURE, 0, "", "the answer has no error"},
    {RC_OK, 200, 0, "[]", SLACK_UNSURE, 0, "", "the answer has no error"},
    {RC_OK, 200, 0, "<html>", SLACK_UNSURE, 0, "", "the answer is not JSON"},
    {RC_OK, 200, 0, "", SLACK_UNSURE, 0, "", "the answer is not JSON"},
    {RC_OK, 500, 0, NO("internal_error"), SLACK_UNSURE, 0, "", "HTTP 500"},
    {RC_OK, 503, 0, "busy", SLACK_UNSURE, 0, "", "HTTP 503"},
    {RC_OK, 302, 0, "", SLACK_TEMP, 0, "", "HTTP 302"},
    {RC_OK, 404, 0, "no", SLACK_TEMP, 0, "", "HTTP 404"},
    {RC_UNCERTAIN, 0, 0, "", SLACK_UNSURE, 0, "", "words"},
    {RC_REMOTE_TEMP, 0, 0, "", SLACK_TEMP, 0, "", "words"},
    {RC_REMOTE_PERM, 0, 0, "", SLACK_TEMP, 0, "", "words"},
    {RC_BUSY, 0, 0, "", SLACK_BUSY, 0, "", "words"},
};

static void
an_answer_says_what_it_means(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct slack_reply r = judged(answers[i].rc, answers[i].status,
		    answers[i].after_s, answers[i].body);

		assert_int_equal(r.verdict, answers[i].verdict);
		assert_int_equal(r.retry_after_s, answers[i].retry_s);
		assert_string_equal(r.error, answers[i].error);
		assert_string_equal(r.detail, answers[i].detail);
		slack_reply_fini(&r);
	}
}

static void
the_scopes_of_the_token_stand_in_the_head(void **state)
{
	const struct http_answer a = {.rc = RC_OK,
	    .status = 200,
	    .body = "{\"ok\":true}",
	    .body_len = 11,
	    .header = scopes};
	struct slack_reply r;

	(void)state;
	slack_web_judge(&a, &r);
	assert_string_equal(r.scopes, "chat:write,im:write");
	slack_reply_fini(&r);
}

/* --- slack_pace ----------------------------------------------------------- */

/* How many calls go at one moment. */
static int
burst(struct slack_pace *p, enum slack_method m, long long now)
{
	int n = 0;

	while (slack_pace_wait(p, m, NULL, now) == 0) {
		slack_pace_take(p, m, NULL, now);
		n++;
	}
	return n;
}

static void
a_method_has_a_burst_and_then_its_tier(void **state)
{
	static const struct {
		enum slack_method method;
		int burst, per_minute;
	} rows[] = {
	    {SLACK_UPDATE, 41, 50},
	    {SLACK_HISTORY, 41, 50},
	    {SLACK_LOOKUP_BY_EMAIL, 41, 50},
	    {SLACK_POST_EPHEMERAL, 81, 100},
	    {SLACK_VIEWS_OPEN, 81, 100},
	};
	long long now = 1000000;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slack_pace p = {0};
		int n = 0;

		assert_int_equal(burst(&p, rows[i].method, now), rows[i].burst);
		assert_in_range(slack_pace_wait(&p, rows[i].method, NULL, now),
		    1, 60000 / rows[i].per_minute);
		for (int s = 1; s <= 60; s++) {
			n += burst(&p, rows[i].method, now + s * 1000);
		}
		assert_int_equal(n, rows[i].per_minute);
		/* Others have their own. */
		assert_int_equal(slack_pace_wait(&p, SLACK_AUTH_TEST, NULL,
				     now),
		    0);
	}
}

static void
a_pause_is_of_one_method_and_the_longest_counts(void **state)
{
	struct slack_pace p = {0};

	(void)state;
	slack_pace_pause(&p, SLACK_UPDATE, 10, 5000);
	slack_pace_pause(&p, SLACK_UPDATE, 2, 5000);
	assert_int_equal(slack_pace_wait(&p, SLACK_UPDATE, NULL, 6000), 9000);
	assert_int_equal(slack_pace_wait(&p, SLACK_UPDATE, NULL, 15000), 0);
	assert_int_equal(slack_pace_wait(&p, SLACK_HISTORY, NULL, 6000), 0);
}

static void
a_channel_takes_one_message_a_second(void **state)
{
	struct slack_pace p = {0};
	char name[16];

	(void)state;
	slack_pace_take(&p, SLACK_POST_MESSAGE, "C1", 5000);
	assert_int_equal(slack_pace_wait(&p, SLACK_POST_MESSAGE, "C1", 5000),
	    SLACK_PACE_CHANNEL_MS);
	assert_int_equal(slack_pace_wait(&p, SLACK_POST_MESSAGE, "C2", 5000),
	    0);
	assert_int_equal(slack_pace_wait(&p, SLACK_UPDATE, "C1", 5000), 0);
	/* With all places taken, a further channel waits for one. */
	for (int i = 0; i < SLACK_PACE_CHANNELS - 1; i++) {
		(void)snprintf(name, sizeof(name), "D%d", i);
		slack_pace_take(&p, SLACK_POST_MESSAGE, name, 5100);
	}
	assert_int_equal(slack_pace_wait(&p, SLACK_POST_MESSAGE, "C9", 5100),
	    SLACK_PACE_CHANNEL_MS - 100);
	assert_int_equal(slack_pace_wait(&p, SLACK_POST_MESSAGE, "C1",
			     5000 + SLACK_PACE_CHANNEL_MS),
	    0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answer_says_what_it_means),
	    cmocka_unit_test(the_scopes_of_the_token_stand_in_the_head),
	    cmocka_unit_test(a_method_has_a_burst_and_then_its_tier),
	    cmocka_unit_test(a_pause_is_of_one_method_and_the_longest_counts),
	    cmocka_unit_test(a_channel_takes_one_message_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
