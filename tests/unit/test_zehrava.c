#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"
#include "trunk.h"
#include "zehrava_call.h"

enum { KEY = ACCESS_KEY, PEOPLE = ACCESS_PEOPLE };

/* Who may ask for what, and nobody else. */
static const struct {
	const char *line;
	enum op op;
	unsigned access;
	int status;
} routes[] = {
    {"GET /health", OP_HEALTH, ACCESS_ANYONE | KEY, 200},
    {"GET /.well-known/gate", OP_ABOUT, ACCESS_ANYONE | KEY, 200},
    {"POST /v1/agents/register", OP_AGENT_REGISTER, ACCESS_ANYONE | KEY, 201},
    {"GET /v1/agents", OP_AGENT_LIST, PEOPLE, 200},
    {"GET /v1/agents/:id", OP_AGENT_SHOW, KEY, 200},
    {"POST /v1/agents/:id/revoke", OP_AGENT_REVOKE, PEOPLE, 200},
    {"POST /v1/agents/:id/suspend", OP_AGENT_SUSPEND, PEOPLE, 200},
    {"POST /v1/intents", OP_SUBMIT, ACCESS_AGENT, 200},
    {"POST /v1/propose", OP_SUBMIT, ACCESS_AGENT, 200},
    {"GET /v1/intents", OP_INTENT_LIST, KEY, 200},
    {"GET /v1/proposals", OP_INTENT_LIST, KEY, 200},
    {"GET /v1/intents/:id", OP_INTENT_SHOW, KEY, 200},
    {"GET /v1/proposals/:id", OP_INTENT_SHOW, KEY, 200},
    {"GET /v1/intents/:id/decision", OP_VERDICT, KEY, 200},
    {"GET /v1/intents/:id/audit", OP_INTENT_AUDIT, KEY, 200},
    {"GET /v1/audit/:id", OP_INTENT_AUDIT, KEY, 200},
    {"POST /v1/intents/:id/approve", OP_DECIDE, PEOPLE, 200},
    {"POST /v1/approve", OP_DECIDE, PEOPLE, 200},
    {"POST /v1/intents/:id/reject", OP_DECIDE, PEOPLE, 200},
    {"POST /v1/reject", OP_DECIDE, PEOPLE, 200},
    {"POST /v1/intents/:id/decide", OP_DECIDE, PEOPLE, 200},
    {"POST /v1/intents/:id/cancel-approval", OP_CANCEL, PEOPLE, 200},
    {"POST /v1/intents/:id/cancel", OP_CANCEL, KEY, 200},
    {"POST /v1/intents/:id/execute", OP_EXECUTE, ACCESS_AGENT, 201},
    {"GET /v1/executions/:id", OP_EXECUTION_SHOW, KEY, 200},
    {"POST /v1/executions/:id/report", OP_REPORT, ACCESS_AGENT | ACCESS_TOKEN,
	200},
    {"POST /v1/webhooks/register", OP_WEBHOOK_REGISTER, KEY, 200},
    {"GET /v1/nonce", OP_NONCE, KEY, 200},
    {"GET /v1/metrics", OP_METRICS, KEY, 200},
    {"GET /v1/policies", OP_POLICY_LIST, KEY, 200},
    {"POST /v1/deliver", OP_DELIVER, KEY, 200},
    {"GET /v1/download/:id", OP_DOWNLOAD, ACCESS_ANYONE | KEY, 200},
    {"POST /v1/keys", OP_KEY_CREATE, ACCESS_ADMIN, 201},
    {"GET /v1/keys", OP_KEY_LIST, ACCESS_ADMIN, 200},
    {"POST /v1/keys/:id/revoke", OP_KEY_REVOKE, ACCESS_ADMIN, 200},
    {"GET /v1/audit", OP_AUDIT_LIST, ACCESS_ADMIN, 200},
    {"GET /v1/deliveries", OP_DELIVERY_LIST, PEOPLE, 200},
};

static void
every_route_is_for_whom_it_should_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *r = zehrava_route(routes[i].line);

		assert_int_equal(r->op, routes[i].op);
		assert_int_equal(r->access, routes[i].access);
		assert_int_equal(r->status, routes[i].status);
	}
}

/* No GET changes anything, and no agent decides, whatever is added. */
static void
no_route_breaks_a_promise(void **state)
{
	static const unsigned long reads = 1ul << OP_HEALTH | 1ul << OP_ABOUT |
	    1ul << OP_AGENT_LIST | 1ul << OP_AGENT_SHOW |
	    1ul << OP_INTENT_LIST | 1ul << OP_INTENT_SHOW | 1ul << OP_VERDICT |
	    1ul << OP_INTENT_AUDIT | 1ul << OP_EXECUTION_SHOW |
	    1ul << OP_NONCE | 1ul << OP_METRICS | 1ul << OP_POLICY_LIST |
	    1ul << OP_DOWNLOAD | 1ul << OP_KEY_LIST | 1ul << OP_AUDIT_LIST |
	    1ul << OP_DELIVERY_LIST;

	(void)state;
	for (size_t i = 0; i < dialect_zehrava.routes_n; i++) {
		const struct route *r = &dialect_zehrava.routes[i];

		if (strcmp(r->method, "GET") == 0) {
			assert_true((reads >> r->op & 1) != 0);
		}
		if (r->op == OP_DECIDE) {
			assert_int_equal(r->access, PEOPLE);
		}
	}
}

static struct intent
sample(void)
{
	return (struct intent){
	    .id = "int_1",
	    .destination = "mail.send",
	    .policy_id = "p",
	    .payload_sha256 = "aa",
	    .digest = "dd",
	    .options = {{"Yes", OUTCOME_APPROVE}, {"No", OUTCOME_DENY},
		{"Later", OUTCOME_OTHER}},
	    .options_n = 3,
	    .verdict_code = "manual_review_required",
	    .decided_by = "dana",
	    .decided_name = "Dana Li",
	    .decided_via = "email",
	    .execution_id = "exe_1",
	};
}

static const struct {
	const char *event;
	enum intent_state state;
	int chosen;
	const char *via, *reason;
	const char *shown, *status, *actor, *path, *json;
} news[] = {
    {"approved", INTENT_APPROVED, 0, "email", NULL, "\"approved\"",
	"\"approved\"", "\"Dana Li\"", "approver", "\"Dana Li\""},
    {"approved", INTENT_APPROVED, -1, "policy", "within the threshold",
	"\"approved\"", "\"approved\"", "\"system\"", "reason",
	"\"within the threshold\""},
    {"denied", INTENT_DENIED, 1, "api", "too much", "\"rejected\"",
	"\"blocked\"", "\"Dana Li\"", "rejector", "\"Dana Li\""},
    {"denied", INTENT_DENIED, 1, "api", "too much", "\"rejected\"",
	"\"blocked\"", "\"Dana Li\"", "reason", "\"too much\""},
    {"resolved", INTENT_RESOLVED, 2, "page", NULL, "\"resolved\"",
	"\"resolved\"", "\"Dana Li\"", "option", "\"Later\""},
    {"expired", INTENT_EXPIRED, -1, "clock", "late", "\"expired\"",
	"\"expired\"", "\"system\"", "reason", "\"late\""},
    {"cancelled", INTENT_CANCELLED, -1, "api", "stale",
	"\"approval_cancelled\"", "\"blocked\"", "\"Dana Li\"", "reason",
	"\"stale\""},
    {"blocked", INTENT_BLOCKED, -1, "policy", "term", "\"blocked\"",
	"\"blocked\"", "\"system\"", "reason_code",
	"\"manual_review_required\""},
    {"execution_succeeded", INTENT_APPROVED, 0, "email", NULL,
	"\"execution_succeeded\"", "\"succeeded\"", "\"runner\"", "executionId",
	"\"exe_1\""},
    {"execution_failed", INTENT_APPROVED, 0, "email", NULL,
	"\"execution_failed\"", "\"failed\"", "\"runner\"", "execution_id",
	"\"exe_1\""},
    {"execution_lapsed", INTENT_APPROVED, 0, "email", NULL,
	"\"execution_lapsed\"", "\"failed\"", "\"runner\"", "executionId",
	"\"exe_1\""},
};

static const char *
body_of(struct arena *a, const struct intent *in, const char *event,
    int attempt, size_t *len)
{
	const struct delivery_row row = {.id = "dlv_1",
	    .event = event,
	    .event_ms = 1700000000000,
	    .attempts = attempt};
	const struct webhook_news w = {.intent = in,
	    .row = &row,
	    .secret = "s",
	    .now_ms = 1700000005000};

	return dialect_zehrava.news(a, &w, len);
}

static void
every_end_is_news(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(news); i++) {
		CLEANUP(json_drop) json_t *o = NULL;
		struct intent in = sample();
		size_t len;
		const char *body;

		in.state = news[i].state;
		in.chosen = news[i].chosen;
		in.decided_via = news[i].via;
		in.reason = news[i].reason;
		body = body_of(a, &in, news[i].event, 2, &len);
		assert_int_equal(len, strlen(body));
		assert_int_equal(json_read(body, len, &o, NULL), RC_OK);
		zehrava_assert_at(o, "intentId", "\"int_1\"");
		zehrava_assert_at(o, "event", news[i].shown);
		zehrava_assert_at(o, "status", news[i].status);
		zehrava_assert_at(o, "actor", news[i].actor);
		zehrava_assert_at(o, "firedAt", "\"2023-11-14T22:13:20.000Z\"");
		zehrava_assert_at(o, "deliveryId", "\"dlv_1\"");
		zehrava_assert_at(o, "attempt", "2");
		zehrava_assert_at(o, "digest", "\"dd\"");
		zehrava_assert_at(o, news[i].path, news[i].json);
	}
}

/* The signature of RFC 2104 over a text that was signed elsewhere. */
static void
news_are_signed_with_the_time(void **state)
{
	static const char body[] = "{\"event\":\"approved\"}";
	const struct delivery_row row = {.id = "dlv_1"};
	const struct webhook_news w = {.row = &row,
	    .secret = "topsecret",
	    .now_ms = 1700000005123};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const char *lines[4];
	int n =
	    dialect_zehrava.news_headers(a, &w, body, strlen(body), lines, 4);

	(void)state;
	assert_int_equal(n, 2);
	assert_string_equal(lines[0], "X-Gate-Delivery-ID: dlv_1");
	assert_string_equal(lines[1],
	    "X-Gate-Signature: t=1700000005123,v1=b461570da8361e3d2acaa65cb638c1183a75db14a47589976c5118e874bc1bc7");
	for (int max = 0; max < 2; max++) {
		assert_int_equal(dialect_zehrava.news_headers(a, &w, body,
				     strlen(body), lines, max),
		    max);
	}
}

static int
count(struct trunk *t, const char *status)
{
	const struct zehrava_asked asked = {.status = status};
	struct call *call =
	    zehrava_call(t->arena, "GET /v1/intents", NULL, &asked);
	struct intent *found;
	struct fault f = {0};
	int n;

	assert_int_equal(call->route->decode(call, &f), RC_OK);
	assert_int_equal(store_intent_list(t->reader, call->in, t->arena,
			     &found, &n, &f),
	    RC_OK);
	return n;
}

/* One word of the product stands for several states of ours. */
static void
status_words_find_what_they_show(void **state)
{
	static const struct {
		const char *status;
		int n;
	} rows[] = {{"pending_approval", 1}, {"approved", 1}, {"blocked", 2},
	    {"rejected", 1}, {"cancelled", 1}, {"resolved", 1}, {"expired", 0},
	    {"scheduled", 0}, {"failed", 0}, {NULL, 5}};
	struct trunk *t = *state;
	struct deciding *cancel;

	(void)trunk_submit(t, 1);
	for (int o = 0; o < OUTCOMES; o++) {
		assert_int_equal(store_now(t->store, intent_decide,
				     trunk_answer(t, trunk_submit(t, 1), "dana",
					 (enum outcome)o)),
		    RC_OK);
	}
	cancel = trunk_answer(t, trunk_submit(t, 1), "dana", OUTCOME_OTHER);
	assert_int_equal(store_now(t->store, intent_cancel, cancel), RC_OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(count(t, rows[i].status), rows[i].n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_route_is_for_whom_it_should_be),
	    cmocka_unit_test(no_route_breaks_a_promise),
	    cmocka_unit_test(every_end_is_news),
	    cmocka_unit_test(news_are_signed_with_the_time),
	    cmocka_unit_test_setup_teardown(status_words_find_what_they_show,
		trunk_setup, trunk_teardown),
	};

	return cmocka_run_group_tests_name("zehrava", tests, NULL, NULL);
}
