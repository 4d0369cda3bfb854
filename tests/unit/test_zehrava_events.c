#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audit.h"
#include "lib/json.h"
#include "trunk.h"
#include "zehrava_call.h"

enum { EVENTS_MAX = 50 };

static json_t *
trail(struct arena *a, struct audit_event *events, int n)
{
	struct intent in = {.id = "int_0190aabbccdd1234"};
	struct call *call =
	    zehrava_call(a, "GET /v1/intents/:id/audit", NULL, NULL);

	call->intents = &in;
	call->intents_n = 1;
	call->events = events;
	call->events_n = n;
	return zehrava_answer_of(call);
}

/* What is shown has everything that was stored, as it was. */
static void
assert_whole(json_t *shown, const char *stored)
{
	CLEANUP(json_drop) json_t *event = json_loads(stored, 0, NULL);
	json_t *data = json_object_get(event, "data"), *v;
	json_t *metadata = json_object_get(shown, "metadata");
	const char *key;

	assert_non_null(event);
	assert_true(json_equal(json_object_get(shown, "id"),
	    json_object_get(event, "id")));
	assert_true(json_equal(json_object_get(shown, "proposal_id"),
	    json_object_get(event, "intent")));
	assert_true(json_equal(json_object_get(shown, "created_at"),
	    json_object_get(event, "at")));
	assert_true(json_equal(json_object_get(shown, "type"),
	    json_object_get(event, "type")));
	assert_true(json_is_object(metadata));
	json_object_foreach(data, key, v)
	{
		if (strcmp(key, "result") != 0 || !json_is_string(v)) {
			assert_true(json_equal(json_object_get(metadata, key),
			    v));
		}
	}
}

static void
execute(struct trunk *t, const char *id, const char *result)
{
	struct leasing l = {.intent_id = id,
	    .agent_id = t->agent.id,
	    .agent_name = "bot",
	    .mode = "runner_exec",
	    .arena = t->arena};
	struct reporting r = {.agent_id = t->agent.id,
	    .succeeded = true,
	    .result = result,
	    .arena = t->arena};

	assert_int_equal(store_now(t->store, execution_lease, &l), RC_OK);
	r.execution_id = l.execution.id;
	assert_int_equal(store_now(t->store, execution_report, &r), RC_OK);
}

/* Not from a sample, but as the trunk really writes it. */
static void
a_real_trail_is_shown_whole(void **state)
{
	static const char result[] =
	    "{\"kind\":1,\"n\":[{\"by\":\"x\"},{}],\"q\":\"\\\"}],{\\\\\"}";
	static const char *const types[] = {"proposed", "policy_checked",
	    "approval_vote_recorded", "approval_vote_recorded", "approved",
	    "execution_requested", "execution_succeeded"};
	struct trunk *t = *state;
	const char *id = trunk_submit(t, 2);
	struct audit_event *events;
	struct fault f = {0};
	json_t *o, *e;
	int n;

	assert_int_equal(store_now(t->store, intent_decide,
			     trunk_answer(t, id, "dana", OUTCOME_APPROVE)),
	    RC_OK);
	assert_int_equal(store_now(t->store, intent_decide,
			     trunk_answer(t, id, "lee", OUTCOME_APPROVE)),
	    RC_OK);
	execute(t, id, result);
	assert_int_equal(audit_list(t->reader, id, 0, EVENTS_MAX, t->arena,
			     &events, &n, &f),
	    RC_OK);
	assert_int_equal(n, ARRAY_LEN(types));
	o = trail(t->arena, events, n);
	zehrava_assert_at(o, "count", "7");
	for (int i = 0; i < n; i++) {
		e = json_array_get(json_object_get(o, "events"), (size_t)i);
		assert_whole(e, events[i].event);
		assert_string_equal(json_string_value(json_object_get(e,
					"eventType")),
		    types[i]);
	}
	zehrava_assert_at(o, "events.6.metadata.result", result);
	zehrava_assert_at(o, "events.4.actor", "\"lee\"");
	zehrava_assert_at(o, "events.4.metadata.approver", "\"lee\"");
	assert_true(json_equal(zehrava_at(o, "events.5.metadata.executionId"),
	    zehrava_at(o, "events.6.metadata.execution")));
}

/* One stored event, and what must be found in what is shown. */
static const struct {
	const char *actor, *data, *type;
	const char *path, *json;
} events[] = {
    {"bot", "{\"policy\":\"p\"}", "submitted", "event_type", "\"proposed\""},
    {"policy", "{\"result\":\"pending\",\"risk_score\":0.3}", "policy_checked",
	"metadata", "{\"result\":\"pending_approval\",\"risk_score\":0.3}"},
    {"policy", "{\"reason\":\"x\",\"result\":\"pending\"}", "policy_checked",
	"metadata", "{\"reason\":\"x\",\"result\":\"pending_approval\"}"},
    {"policy", "{\"result\":\"approved\"}", "policy_checked", "metadata.result",
	"\"approved\""},
    {"policy", "{\"result\":\"blocked\"}", "policy_checked", "actor",
	"\"system\""},
    {"policy", "{\"policy\":\"p\"}", "approved", "metadata",
	"{\"policy\":\"p\",\"auto\":true}"},
    {"policy", "{\"policy\":\"p\"}", "approved", "actor", "\"system\""},
    {"Dana", "{\"by\":\"dana\"}", "approved", "metadata",
	"{\"by\":\"dana\",\"approver\":\"Dana\"}"},
    /* A person may be called anything. */
    {"policy", "{\"by\":\"key_1\"}", "approved", "actor", "\"policy\""},
    {"policy", "{\"reason_code\":\"c\"}", "blocked", "metadata",
	"{\"reason_code\":\"c\"}"},
    {"Dana", "{\"by\":\"dana\",\"reason\":\"no\"}", "denied", "event_type",
	"\"rejected\""},
    {"Dana", "{\"by\":\"dana\",\"reason\":\"no\"}", "denied",
	"metadata.rejector", "\"Dana\""},
    {"Dana", "{\"by\":\"dana\",\"option\":\"Later\"}", "resolved", "eventType",
	"\"resolved\""},
    {"clock", "{\"by\":\"clock\"}", "expired", "metadata.on_no_response",
	"\"reject\""},
    {"clock", "{\"by\":\"clock\"}", "expired", "actor", "\"system\""},
    {"Dana", "{\"by\":\"dana\"}", "cancelled", "event_type",
	"\"approval_cancelled\""},
    {"Dana", "{\"by\":\"dana\"}", "vote", "event_type",
	"\"approval_vote_recorded\""},
    {"bot", "{\"execution\":\"exe_1\"}", "execution_leased", "event_type",
	"\"execution_requested\""},
    {"clock", "{\"execution\":\"exe_1\",\"result\":null}", "execution_lapsed",
	"metadata.executionId", "\"exe_1\""},
    {"webhook", "{\"kind\":\"webhook\"}", "delivery_sent", "event_type",
	"\"webhook_delivered\""},
    {"webhook", "{\"kind\":\"webhook\"}", "delivery_failed", "event_type",
	"\"webhook_attempt_failed\""},
    {"webhook", "{\"kind\":\"webhook\"}", "delivery_dead", "event_type",
	"\"webhook_failed\""},
    {"email", "{\"kind\":\"ask\"}", "delivery_sent", "event_type",
	"\"approval_channel_dispatched\""},
    {"email", "{\"kind\":\"ask\"}", "delivery_dead", "event_type",
	"\"approval_channel_failed\""},
    {"email", "{\"kind\":\"settled\"}", "delivery_sent", "event_type",
	"\"delivery_sent\""},
    {"link", "null", "downloaded", "event_type", "\"delivered\""},
    {"link", "null", "downloaded", "metadata", "{}"},
    {"link", "{}", "downloaded", "metadata", "{}"},
    {"bot", "{\"idempotency_key\":\"k\"}", "duplicate_blocked", "event_type",
	"\"duplicate_blocked\""},
    {"bot", "{\"a\":1}", "decision_refused", "type", "\"decision_refused\""},
    {"a\\\"b\\\\", "{\"k\\\"\":\"}\"}", "denied", "actor", "\"a\\\"b\\\\\""},
};

static void
every_event_has_the_product_s_name(void **state)
{
	struct trunk *t = *state;

	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		struct audit_event ev = {7,
		    arena_printf(t->arena,
			"{\"actor\":\"%s\",\"at\":\"2023-11-14T22:13:20.000Z\","
			"\"data\":%s,\"id\":\"evt_1\",\"intent\":null,"
			"\"type\":\"%s\"}",
			events[i].actor, events[i].data, events[i].type)};
		json_t *o = trail(t->arena, &ev, 1);

		zehrava_assert_at(zehrava_at(o, "events.0"), events[i].path,
		    events[i].json);
		zehrava_assert_at(o, "events.0.proposal_id", "null");
		zehrava_assert_at(o, "events.0.seq", "7");
		assert_whole(zehrava_at(o, "events.0"), ev.event);
	}
}

/* A record that somebody damaged must not take the daemon with it. */
static void
a_damaged_record_is_survived(void **state)
{
	static const char *const texts[] = {"", "{", "{}", "[]", "{\"", "{\"a",
	    "{\"actor\"", "{\"actor\":", "{\"actor\":\"", "{\"actor\":\"x\\",
	    "{\"actor\":\"x\"", "{\"type\":\"approved\"}", "null", "\"x\"",
	    "{\"data\":", "{\"data\":{", "{\"data\":{\"by\":\"x"};
	struct trunk *t = *state;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct intent in = {.id = "int_1"};
		struct audit_event ev = {1, texts[i]};
		struct call *call = zehrava_call(t->arena,
		    "GET /v1/intents/:id/audit", NULL, NULL);
		size_t len = 0;

		call->intents = &in;
		call->intents_n = 1;
		call->events = &ev;
		call->events_n = 1;
		assert_non_null(call->route->show(call, &len));
		assert_true(len > 0);
	}
}

static void
all_events_are_paged_by_number(void **state)
{
	struct trunk *t = *state;
	struct audit_event ev[] = {
	    {41,
		"{\"actor\":\"a\",\"at\":\"b\",\"data\":null,\"id\":\"c\","
		"\"intent\":\"int_1\",\"type\":\"key_created\"}"},
	    {42,
		"{\"actor\":\"a\",\"at\":\"b\",\"data\":null,\"id\":\"c\","
		"\"intent\":null,\"type\":\"key_revoked\"}"},
	};
	struct call *call = zehrava_call(t->arena, "GET /v1/audit", NULL, NULL);

	call->events = ev;
	call->events_n = 2;
	call->limit = 2;
	zehrava_assert_at(zehrava_answer_of(call), "next_after", "42");
	zehrava_assert_at(zehrava_answer_of(call), "events.0.intent",
	    "\"int_1\"");
	call->limit = 3;
	zehrava_assert_at(zehrava_answer_of(call), "next_after", "null");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, trunk_setup, trunk_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_real_trail_is_shown_whole),
	    TEST(every_event_has_the_product_s_name),
	    TEST(a_damaged_record_is_survived),
	    TEST(all_events_are_paged_by_number),
	};

	return cmocka_run_group_tests_name("zehrava_events", tests, NULL, NULL);
}
