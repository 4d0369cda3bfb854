#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vantagate_call.h"

#define POLL   "GET /v1/checkpoint/:id"
#define VIEW   "GET /v1/checkpoint/secure/:token"
#define DECIDE "POST /v1/checkpoint/secure/:token/decide"

/* How each poll ends that tells of an end. */
#define AUDIT \
	"\"payload_hash\":\"abc\",\"audit\":{\"decided_at\":" \
	"\"2023-11-14T22:13:20.000Z\",\"decided_by_mask\":\"m***r@x\"," \
	"\"decided_by_slack_id\":null}}"

static const struct {
	enum intent_state state;
	int chosen;
	const char *reason;
	const char *poll;
} polls[] = {
    {INTENT_PENDING, -1, NULL,
	"{\"id\":\"chk_0123456789abcdef\",\"status\":\"PENDING\","
	"\"payload_hash\":null}"},
    {INTENT_APPROVED, 0, "good",
	"{\"id\":\"chk_0123456789abcdef\",\"status\":\"APPROVED\","
	"\"selected_option\":\"Go\",\"reject_reason\":null," AUDIT},
    {INTENT_DENIED, 1, "bad",
	"{\"id\":\"chk_0123456789abcdef\",\"status\":\"REJECTED\","
	"\"selected_option\":\"Stop\",\"reject_reason\":\"bad\"," AUDIT},
    {INTENT_RESOLVED, 2, "later",
	"{\"id\":\"chk_0123456789abcdef\",\"status\":\"RESOLVED\","
	"\"selected_option\":\"Ask\",\"reject_reason\":null," AUDIT},
    {INTENT_EXPIRED, -1, "Nobody decided in time",
	"{\"id\":\"chk_0123456789abcdef\",\"status\":\"EXPIRED\","
	"\"selected_option\":null,\"reject_reason\":null," AUDIT},
    {INTENT_CANCELLED, -1, "not needed",
	"{\"id\":\"chk_0123456789abcdef\",\"status\":\"REJECTED\","
	"\"selected_option\":null,\"reject_reason\":\"not needed\"," AUDIT},
    {INTENT_BLOCKED, -1, "not allowed",
	"{\"id\":\"chk_0123456789abcdef\",\"status\":\"REJECTED\","
	"\"selected_option\":null,\"reject_reason\":\"not allowed\"," AUDIT},
};

static struct intent
intent_in(enum intent_state state, int chosen, const char *reason)
{
	return (struct intent){.id = "int_0123456789abcdef",
	    .destination = "checkpoint",
	    .payload_sha256 = "abc",
	    .state = state,
	    .chosen = chosen,
	    .reason = reason,
	    .options = {{"Go", OUTCOME_APPROVE}, {"Stop", OUTCOME_DENY},
		{"Ask", OUTCOME_OTHER}},
	    .options_n = 3,
	    .settled_ms = state == INTENT_PENDING ? 0 : 1700000000000,
	    .expires_ms = 1700000000000};
}

static void
a_poll_says_what_became_of_it_and_never_the_payload(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(polls); i++) {
		struct intent in =
		    intent_in(polls[i].state, polls[i].chosen, polls[i].reason);
		struct call *call = vantagate_call(*state, POLL, "{}");
		size_t len;

		call->intents = &in;
		call->intents_n = 1;
		call->payload = "{\"secret\":1}";
		call->payload_len = 12;
		call->decider.mail = "m***r@x";
		assert_string_equal(call->route->show(call, &len),
		    polls[i].poll);
	}
}

/* The bytes of a payload, and how they are shown. */
static const struct {
	const char *payload, *shown;
} payloads[] = {
    {"{\"a\":1}", "{\"a\":1}"},
    {"a,b\n1,2", "\"a,b\\n1,2\""},
    {NULL, "null"},
};

static void
a_view_shows_the_payload(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
		struct intent in = intent_in(INTENT_PENDING, -1, NULL);
		struct call *call = vantagate_call(*state, VIEW, "{}");
		const char *text;
		char wanted[100];
		size_t len;

		call->intents = &in;
		call->payload = payloads[i].payload;
		call->payload_len = payloads[i].payload != NULL
		    ? strlen(payloads[i].payload)
		    : 0;
		text = call->route->show(call, &len);
		(void)snprintf(wanted, sizeof(wanted), "\"payload\":%s,",
		    payloads[i].shown);
		assert_non_null(strstr(text, wanted));
		assert_non_null(strstr(text, "\"title\":\"checkpoint\""));
		assert_non_null(strstr(text,
		    "\"options\":[\"Go\",\"Stop\",\"Ask\"]"));
		assert_non_null(strstr(text,
		    "\"timeout_at\":\"2023-11-14T22:13:20.000Z\""));
	}
}

static void
a_decision_counted_among_others_is_told_so(void **state)
{
	struct call *call = vantagate_call(*state, DECIDE, "{}");
	size_t len;

	assert_string_equal(call->route->show(call, &len),
	    "{\"message\":\"Decision recorded. Others are asked, too.\"}");
	call->settled = true;
	assert_string_equal(call->route->show(call, &len),
	    "{\"message\":\"Decision recorded. Data purged securely.\"}");
}

/* RFC 4231 has no text of ours; this one was made with openssl dgst. */
static void
news_are_the_poll_and_signed(void **state)
{
	const struct intent in = intent_in(INTENT_DENIED, 1, "bad");
	const struct delivery_row row = {.id = "del_1",
	    .event = "denied",
	    .event_ms = 1700000000000};
	const struct webhook_news news = {.intent = &in,
	    .row = &row,
	    .secret = "whsec_c2VjcmV0",
	    .decider = {"m***r@x", NULL}};
	const char *headers[2];
	size_t len;
	const char *body = dialect_vantagate.news(*state, &news, &len);
	char wanted[700];

	(void)snprintf(wanted, sizeof(wanted),
	    "{\"event\":\"checkpoint.denied\",\"occurred_at\":"
	    "\"2023-11-14T22:13:20.000Z\",%s",
	    polls[2].poll + 1);
	assert_string_equal(body, wanted);
	assert_int_equal(len, strlen(body));
	assert_int_equal(dialect_vantagate.news_headers(*state, &news, "{}", 2,
			     headers, 2),
	    1);
	assert_string_equal(headers[0],
	    "X-Vanta-Signature: sha256="
	    "f2a9d48be51b03e17422a1499a4cdb7f8400afd0aa4cf50f34b9852d223553bb");
	assert_int_equal(dialect_vantagate.news_headers(*state, &news, "{}", 2,
			     headers, 0),
	    0);
}

static int
set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int
tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_poll_says_what_became_of_it_and_never_the_payload),
	    cmocka_unit_test(a_view_shows_the_payload),
	    cmocka_unit_test(a_decision_counted_among_others_is_told_so),
	    cmocka_unit_test(news_are_the_poll_and_signed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
