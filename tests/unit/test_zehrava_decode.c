#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zehrava_call.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

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

static void *
decoded(struct arena *a, const char *line, const char *body)
{
	struct call *call = zehrava_call(a, line, body, NULL);
	struct fault f = {0};

	if (call->route->decode(call, &f) != RC_OK) {
		fail_msg("%s %s: %s %s", line, body, f.field, f.text);
	}
	return call->in;
}

static const char *
or_none(const char *s)
{
	return s != NULL ? s : "-";
}

static const char *
told(struct arena *a, const struct decide_in *in)
{
	return arena_printf(a,
	    "%s option=%d label=%s reason=%s nonce=%s digest=%s at=%d:%lld "
	    "intent=%s",
	    outcome_name(in->outcome), in->option, or_none(in->label),
	    or_none(in->reason), or_none(in->nonce), or_none(in->digest),
	    in->has_decided_at, in->decided_at_ms, or_none(in->intent_id));
}

static const struct {
	const char *line, *body, *wanted;
} answers[] = {
    {"POST /v1/intents/:id/approve", NULL,
	"approve option=-1 label=- reason=- nonce=- digest=- at=0:0 intent=-"},
    {"POST /v1/intents/:id/reject", "{\"reason\":null}",
	"deny option=-1 label=- reason=- "},
    {"POST /v1/intents/:id/reject", "{\"reason\":\"\"}", "reason=- "},
    {"POST /v1/intents/:id/reject", "{\"reason\":\"too much\"}",
	"deny option=-1 label=- reason=too much "},
    {"POST /v1/intents/:id/approve",
	"{\"nonce\":\"non_1\",\"digest\":\"" SHA "\"}",
	"nonce=non_1 digest=" SHA " "},
    {"POST /v1/intents/:id/approve",
	"{\"decided_at\":\"2023-11-14T22:13:20Z\"}", "at=1:1700000000000"},
    {"POST /v1/intents/:id/approve", "{\"decidedAt\":1700000000000}",
	"at=1:1700000000000"},
    /* Who decides is the key's to say, never the body's. */
    {"POST /v1/intents/:id/approve",
	"{\"decidedBy\":\"ceo\",\"approver\":\"ceo\",\"option\":1}",
	"approve option=-1 label=- "},
    {"POST /v1/approve", "{\"proposalId\":\"int_1\"}",
	"approve option=-1 label=- reason=- nonce=- digest=- at=0:0 "
	"intent=int_1"},
    {"POST /v1/approve", "{\"intentId\":\"int_1\"}", "intent=int_1"},
    {"POST /v1/approve", "{\"proposal_id\":\"int_1\"}", "intent=int_1"},
    {"POST /v1/reject", "{\"intent_id\":\"int_1\",\"reason\":\"r\"}",
	"deny option=-1 label=- reason=r "},
    {"POST /v1/deliver", "{\"proposalId\":\"int_1\"}", "intent=int_1"},
    {"POST /v1/intents/:id/decide", "{\"option\":0}", "option=0 label=-"},
    {"POST /v1/intents/:id/decide", "{\"option\":4}", "option=4 label=-"},
    {"POST /v1/intents/:id/decide", "{\"option\":\"Later\"}",
	"option=-1 label=Later"},
    {"POST /v1/intents/:id/decide", "{\"outcome\":\"deny\",\"reason\":\"r\"}",
	"deny option=-1 label=- reason=r"},
    {"POST /v1/intents/:id/decide", "{\"outcome\":\"approve\"}",
	"approve option=-1"},
    {"POST /v1/intents/:id/decide", "{\"outcome\":\"other\",\"option\":null}",
	"other option=-1"},
    {"POST /v1/intents/:id/cancel", "{\"reason\":\"stale\"}", "reason=stale"},
    {"POST /v1/intents/:id/cancel-approval", NULL, "reason=-"},
};

static void
answers_of_people_are_read(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		const char *got = told(*state,
		    decoded(*state, answers[i].line, answers[i].body));

		if (strstr(got, answers[i].wanted) == NULL) {
			fail_msg("%s %s gives %s", answers[i].line,
			    or_none(answers[i].body), got);
		}
	}
}

static const struct {
	const char *line, *body;
	enum rc rc;
	const char *field, *text, *reason;
} refusals[] = {
    {"POST /v1/approve", "{}", RC_INVALID, "proposalId", "proposalId required",
	"required"},
    {"POST /v1/reject", "{\"proposalId\":\"\"}", RC_INVALID, "proposalId",
	"proposalId required", "required"},
    {"POST /v1/deliver", "{}", RC_INVALID, "proposalId", "proposalId required",
	"required"},
    {"POST /v1/approve", "{\"proposalId\":\"a\",\"intentId\":\"b\"}",
	RC_INVALID, "proposalId", "different values", ""},
    {"POST /v1/intents/:id/reject", "{\"reason\":7}", RC_INVALID, "reason",
	"must be a string", ""},
    {"POST /v1/intents/:id/approve", "{\"nonce\":\"\"}", RC_INVALID, "nonce",
	"must not be empty", ""},
    {"POST /v1/intents/:id/approve", "{\"digest\":\"abc\"}", RC_INVALID,
	"digest", "64 hexadecimal digits", ""},
    {"POST /v1/intents/:id/approve", "{\"digest\":\"" SHA "0\"}", RC_INVALID,
	"digest", "64 hexadecimal digits", ""},
    {"POST /v1/intents/:id/approve", "{\"decided_at\":\"yesterday\"}",
	RC_CONFLICT, "decided_at", "ISO 8601", "timestamp_invalid"},
    {"POST /v1/intents/:id/approve", "{\"decided_at\":1.5}", RC_CONFLICT,
	"decided_at", "ISO 8601", "timestamp_invalid"},
    {"POST /v1/intents/:id/decide", "{}", RC_INVALID, "option",
	"either option or outcome is required", "required"},
    {"POST /v1/intents/:id/decide", "{\"option\":0,\"outcome\":\"approve\"}",
	RC_INVALID, "option", "either option or outcome", "required"},
    {"POST /v1/intents/:id/decide", "{\"option\":5}", RC_INVALID, "option",
	"its place from 0", ""},
    {"POST /v1/intents/:id/decide", "{\"option\":-1}", RC_INVALID, "option",
	"its place from 0", ""},
    {"POST /v1/intents/:id/decide", "{\"option\":0.0}", RC_INVALID, "option",
	"its place from 0", ""},
    {"POST /v1/intents/:id/decide", "{\"option\":true}", RC_INVALID, "option",
	"its place from 0", ""},
    {"POST /v1/intents/:id/decide", "{\"outcome\":\"yes\"}", RC_INVALID,
	"outcome", "must be one of", ""},
    {"POST /v1/intents/:id/execute", "{\"mode\":7}", RC_INVALID, "mode",
	"must be a string", ""},
    {"POST /v1/intents/:id/execute", "{\"payload_sha256\":\"x\"}", RC_INVALID,
	"payload_sha256", "64 hexadecimal digits", ""},
    {"POST /v1/intents/:id/execute", "{\"payload_sha256\":7}", RC_INVALID,
	"payload_sha256", "64 hexadecimal digits", ""},
    {"POST /v1/executions/:id/report", "{}", RC_INVALID, "status",
	"status must be succeeded or failed", "required"},
    {"POST /v1/executions/:id/report", "{\"status\":\"done\"}", RC_INVALID,
	"status", "status must be succeeded or failed", "required"},
    {"POST /v1/executions/:id/report", "{\"status\":1}", RC_INVALID, "status",
	"status must be succeeded or failed", "required"},
    {"POST /v1/executions/:id/report",
	"{\"status\":\"failed\",\"result\":1,\"report\":2}", RC_INVALID,
	"result", "different values", ""},
    {"POST /v1/webhooks/register", "{}", RC_INVALID, "intentId",
	"intentId and url are required", "required"},
    {"POST /v1/webhooks/register", "{\"intentId\":\"i\"}", RC_INVALID, "url",
	"intentId and url are required", "required"},
    {"POST /v1/webhooks/register",
	"{\"intentId\":\"i\",\"url\":\"ftp://a.example/\"}", RC_INVALID, "url",
	"", ""},
    {"POST /v1/webhooks/register",
	"{\"intentId\":\"i\",\"url\":\"https://a.example/\",\"secret\":\"\"}",
	RC_INVALID, "secret", "must not be empty", ""},
    {"POST /v1/agents/register", "{}", RC_INVALID, "name", "name is required",
	"required"},
    {"POST /v1/agents/register", "{\"name\":\"\"}", RC_INVALID, "name",
	"name is required", "required"},
    {"POST /v1/agents/register", "{\"name\":7}", RC_INVALID, "name",
	"must be a string", ""},
    {"POST /v1/agents/register", "{\"name\":\"a\",\"allowed_policies\":\"p\"}",
	RC_INVALID, "allowed_policies", "must be a list", ""},
    {"POST /v1/agents/register", "{\"name\":\"a\",\"metadata\":[]}", RC_INVALID,
	"metadata", "must be an object", ""},
    {"POST /v1/keys", "{\"class\":\"agent\"}", RC_INVALID, "name",
	"name is required", "required"},
    {"POST /v1/keys", "{\"name\":\"k\"}", RC_INVALID, "class", "is required",
	""},
    {"POST /v1/keys", "{\"name\":\"k\",\"class\":\"root\"}", RC_INVALID,
	"class", "must be one of agent", ""},
    {"POST /v1/keys",
	"{\"name\":\"k\",\"class\":\"admin\",\"agent_id\":\"agt_1\"}",
	RC_INVALID, "agent_id", "is only for keys of class agent", ""},
    {"POST /v1/keys", "{\"name\":\"k\",\"class\":\"agent\",\"rate_limit\":-1}",
	RC_INVALID, "rate_limit", "at least 0", ""},
};

static void
what_is_not_right_is_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct call *call = zehrava_call(*state, refusals[i].line,
		    refusals[i].body, NULL);
		struct fault f = {0};
		enum rc rc = call->route->decode(call, &f);

		if (rc != refusals[i].rc ||
		    strcmp(f.field, refusals[i].field) != 0 ||
		    strstr(f.text, refusals[i].text) == NULL ||
		    strcmp(f.reason, refusals[i].reason) != 0) {
			fail_msg("%s %s: %s %s: %s (%s)", refusals[i].line,
			    refusals[i].body, rc_name(rc), f.field, f.text,
			    f.reason);
		}
	}
}

static void
a_result_has_its_size(void **state)
{
	char *text = arena_alloc(*state, 16 * 1024 + 1);

	for (size_t more = 0; more < 2; more++) {
		struct call *call;
		struct fault f = {0};

		memset(text, 'x', 16 * 1024 - 2 + more);
		call = zehrava_call(*state, "POST /v1/executions/:id/report",
		    arena_printf(*state,
			"{\"status\":\"failed\",\"result\":\"%s\"}", text),
		    NULL);
		assert_int_equal(call->route->decode(call, &f),
		    more == 0 ? RC_OK : RC_TOO_LARGE);
	}
}

static void
executions_and_reports_are_read(void **state)
{
	const struct execute_in *ex =
	    decoded(*state, "POST /v1/intents/:id/execute", NULL);
	const struct report_in *r;

	assert_string_equal(ex->mode, "runner_exec");
	assert_null(ex->payload_sha256);
	ex = decoded(*state, "POST /v1/intents/:id/execute",
	    "{\"mode\":\"x\",\"payload_sha256\":\"0123456789ABCDEF0123456789"
	    "abcdef0123456789abcdef0123456789abcdef\"}");
	assert_string_equal(ex->mode, "x");
	assert_string_equal(ex->payload_sha256, SHA);
	r = decoded(*state, "POST /v1/executions/:id/report",
	    "{\"status\":\"succeeded\",\"result\":{\"rows\":[1,null]}}");
	assert_true(r->succeeded);
	assert_string_equal(r->result, "{\"rows\":[1,null]}");
	r = decoded(*state, "POST /v1/executions/:id/report",
	    "{\"status\":\"failed\",\"report\":\"no route\"}");
	assert_false(r->succeeded);
	assert_string_equal(r->result, "\"no route\"");
	r = decoded(*state, "POST /v1/executions/:id/report",
	    "{\"status\":\"failed\",\"result\":null}");
	assert_null(r->result);
}

static void
webhooks_agents_and_keys_are_read(void **state)
{
	const struct webhook_in *w = decoded(*state,
	    "POST /v1/webhooks/register",
	    "{\"proposalId\":\"int_1\",\"url\":\"https://a.example/x\","
	    "\"secret\":\"s\"}");
	const struct agent *ag =
	    decoded(*state, "POST /v1/agents/register", "{\"name\":\"bot\"}");
	const struct key *k = decoded(*state, "POST /v1/keys",
	    "{\"name\":\"k\",\"class\":\"reviewer\",\"person\":\"dana\","
	    "\"scopes\":[\"a\",\"b\"],\"rateLimit\":60}");

	assert_string_equal(w->intent_id, "int_1");
	assert_string_equal(w->url, "https://a.example/x");
	assert_string_equal(w->secret, "s");
	assert_string_equal(ag->risk_tier, "standard");
	assert_null(ag->metadata);
	ag = decoded(*state, "POST /v1/agents/register",
	    "{\"name\":\"bot\",\"risk_tier\":\"elevated\",\"owner\":\"dana\","
	    "\"framework\":\"crewai\",\"allowedPolicies\":[\"p\"],"
	    "\"allowed_destinations\":[\"d\",\"e\"],\"metadata\":{\"a\":1}}");
	assert_string_equal(ag->risk_tier, "elevated");
	assert_string_equal(ag->owner, "dana");
	assert_string_equal(ag->framework, "crewai");
	assert_int_equal(ag->allowed_policies.n, 1);
	assert_int_equal(ag->allowed_destinations.n, 2);
	assert_string_equal(ag->metadata, "{\"a\":1}");
	assert_int_equal(k->class, KEY_REVIEWER);
	assert_string_equal(k->person, "dana");
	assert_string_equal(k->dialect, "zehrava");
	assert_int_equal(k->scopes.n, 2);
	assert_int_equal(k->rate_limit, 60);
}

static const struct {
	struct zehrava_asked asked;
	const char *field; /* NULL = taken */
	int state, execution, limit;
	const char *or_states, *or_executions;
} lists[] = {
    {{0}, NULL, -1, -1, 50, "-", "-"},
    {{.limit = "1"}, NULL, -1, -1, 1, "-", "-"},
    {{.limit = "200"}, NULL, -1, -1, 200, "-", "-"},
    {{.cursor = "int_0123456789abcdef"}, NULL, -1, -1, 50, "-", "-"},
    {{.status = "pending_approval"}, NULL, INTENT_PENDING, -1, 50, "-", "-"},
    {{.status = "approved"}, NULL, INTENT_APPROVED, EXECUTION_NONE, 50, "-",
	"-"},
    {{.status = "blocked"}, NULL, INTENT_BLOCKED, -1, 50, "denied cancelled",
	"-"},
    {{.status = "scheduled"}, NULL, -1, EXECUTION_LEASED, 50, "-", "-"},
    {{.status = "succeeded"}, NULL, -1, EXECUTION_SUCCEEDED, 50, "-", "-"},
    {{.status = "failed"}, NULL, -1, EXECUTION_FAILED, 50, "-", "lapsed"},
    {{.status = "expired"}, NULL, INTENT_EXPIRED, -1, 50, "-", "-"},
    {{.status = "resolved"}, NULL, INTENT_RESOLVED, -1, 50, "-", "-"},
    {{.status = "rejected"}, NULL, INTENT_DENIED, -1, 50, "-", "-"},
    {{.status = "cancelled"}, NULL, INTENT_CANCELLED, -1, 50, "-", "-"},
    {{.status = "pending"}, NULL, INTENT_PENDING, -1, 50, "-", "-"},
    {{.status = "delivered"}, "status", 0, 0, 0, NULL, NULL},
    {{.status = ""}, "status", 0, 0, 0, NULL, NULL},
    {{.limit = "abc"}, "limit", 0, 0, 0, NULL, NULL},
    {{.limit = "-1"}, "limit", 0, 0, 0, NULL, NULL},
    {{.limit = "0"}, "limit", 0, 0, 0, NULL, NULL},
    {{.limit = "201"}, "limit", 0, 0, 0, NULL, NULL},
    {{.limit = "5x"}, "limit", 0, 0, 0, NULL, NULL},
    {{.limit = ""}, "limit", 0, 0, 0, NULL, NULL},
    {{.limit = "00000000000000000000050"}, "limit", 0, 0, 0, NULL, NULL},
    {{.cursor = "int_xyz"}, "cursor", 0, 0, 0, NULL, NULL},
    {{.cursor = "' OR 1=1"}, "cursor", 0, 0, 0, NULL, NULL},
};

static void
lists_are_asked_in_the_words_of_the_product(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct call *call = zehrava_call(*state, "GET /v1/intents",
		    NULL, &lists[i].asked);
		struct fault f = {0};
		enum rc rc = call->route->decode(call, &f);
		const struct intent_filter *q = call->in;

		if (lists[i].field != NULL) {
			assert_int_equal(rc, RC_INVALID);
			assert_string_equal(f.field, lists[i].field);
			continue;
		}
		assert_int_equal(rc, RC_OK);
		assert_int_equal(q->state, lists[i].state);
		assert_int_equal(q->execution, lists[i].execution);
		assert_int_equal(q->limit, lists[i].limit);
		assert_string_equal(or_none(q->or_states), lists[i].or_states);
		assert_string_equal(or_none(q->or_executions),
		    lists[i].or_executions);
		assert_ptr_equal(q->agent_id, NULL);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(answers_of_people_are_read),
	    TEST(what_is_not_right_is_refused),
	    TEST(a_result_has_its_size),
	    TEST(executions_and_reports_are_read),
	    TEST(webhooks_agents_and_keys_are_read),
	    TEST(lists_are_asked_in_the_words_of_the_product),
	};

	return cmocka_run_group_tests_name("zehrava_decode", tests, NULL, NULL);
}
