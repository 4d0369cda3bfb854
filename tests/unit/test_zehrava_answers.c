#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "version.h"
#include "zehrava_call.h"

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

struct wanted {
	const char *path, *json;
};

static void
assert_all(json_t *root, const struct wanted *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		zehrava_assert_at(root, rows[i].path, rows[i].json);
	}
}

static struct execution
leased(void)
{
	return (struct execution){
	    .id = "exe_1",
	    .intent_id = "int_1",
	    .agent_id = "agt_1",
	    .destination = "mail.send",
	    .payload_sha256 = "aa",
	    .mode = "runner_exec",
	    .state = EXECUTION_LEASED,
	    .token = "gex_1",
	    .leased_ms = 1700000000000,
	    .lease_until_ms = 1700000900000,
	};
}

static void
an_execution_is_told_in_both_spellings(void **state)
{
	static const struct wanted rows[] = {
	    {"executionId", "\"exe_1\""},
	    {"execution_id", "\"exe_1\""},
	    {"intent_id", "\"int_1\""},
	    {"mode", "\"runner_exec\""},
	    {"destination", "\"mail.send\""},
	    {"action", "\"mail.send\""},
	    {"payload_ref", "null"},
	    {"payload_hash", "\"aa\""},
	    {"execution_token", "\"gex_1\""},
	    {"retry_policy", "{\"max_attempts\":3,\"backoff_seconds\":30}"},
	    {"status", "\"scheduled\""},
	    {"issued_at", "\"2023-11-14T22:13:20.000Z\""},
	    {"created_at", "\"2023-11-14T22:13:20.000Z\""},
	    {"expires_at", "\"2023-11-14T22:28:20.000Z\""},
	    {"executed_at", "null"},
	    {"completed_at", "null"},
	    {"result", "null"},
	    {"worker_report", "null"},
	    {"approval_evidence", "null"},
	};
	struct call *call =
	    zehrava_call(*state, "POST /v1/intents/:id/execute", NULL, NULL);
	struct execution ex = leased();

	assert_int_equal(call->route->status, 201);
	call->execution = &ex;
	assert_all(zehrava_answer_of(call), rows, ARRAY_LEN(rows));
}

static void
the_token_is_told_once(void **state)
{
	static const struct {
		enum execution_state state;
		const char *status, *executed_at;
	} rows[] = {
	    {EXECUTION_SUCCEEDED, "\"succeeded\"",
		"\"2023-11-14T22:13:21.000Z\""},
	    {EXECUTION_FAILED, "\"failed\"", "\"2023-11-14T22:13:21.000Z\""},
	    {EXECUTION_LAPSED, "\"expired\"", "null"},
	};
	struct call *call =
	    zehrava_call(*state, "GET /v1/executions/:id", NULL, NULL);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct execution ex = leased();
		json_t *o;

		ex.token = NULL;
		ex.state = rows[i].state;
		ex.reported_ms = 1700000001000;
		ex.result = "{\"rows\":2}";
		call->execution = &ex;
		o = zehrava_answer_of(call);
		assert_null(json_object_get(o, "execution_token"));
		zehrava_assert_at(o, "status", rows[i].status);
		zehrava_assert_at(o, "executed_at", rows[i].executed_at);
		zehrava_assert_at(o, "completed_at",
		    "\"2023-11-14T22:13:21.000Z\"");
		zehrava_assert_at(o, "result", "{\"rows\":2}");
		zehrava_assert_at(o, "worker_report", "{\"rows\":2}");
	}
}

static void
an_agent_gets_its_key_once(void **state)
{
	static const char *policies[] = {"p"};
	static const struct wanted rows[] = {
	    {"agent_id", "\"agt_1\""},
	    {"agentId", "\"agt_1\""},
	    {"name", "\"bot\""},
	    {"owner", "null"},
	    {"framework", "null"},
	    {"riskTier", "\"standard\""},
	    {"allowed_policies", "[\"p\"]"},
	    {"allowed_destinations", "[]"},
	    {"status", "\"active\""},
	    {"created_at", "\"2023-11-14T22:13:20.000Z\""},
	    {"metadata", "{}"},
	};
	struct agent ag = {.id = "agt_1",
	    .name = "bot",
	    .risk_tier = "standard",
	    .allowed_policies = {policies, 1},
	    .created_ms = 1700000000000,
	    .pending = 3};
	struct call *call = zehrava_call(*state, "POST /v1/agents/register",
	    "{\"name\":\"bot\"}", NULL);
	json_t *o;

	assert_int_equal(call->route->status, 201);
	call->agents = &ag;
	call->agents_n = 1;
	call->secret = "gate_sk_1";
	call->webhook_secret = "whsec_1";
	o = zehrava_answer_of(call);
	assert_all(o, rows, ARRAY_LEN(rows));
	zehrava_assert_at(o, "apiKey", "\"gate_sk_1\"");
	zehrava_assert_at(o, "webhookSecret", "\"whsec_1\"");
	call->route = zehrava_route("GET /v1/agents/:id");
	ag.metadata = "{\"a\":1}";
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "id", "\"agt_1\"");
	zehrava_assert_at(o, "metadata", "{\"a\":1}");
	assert_null(json_object_get(o, "apiKey"));
	assert_null(json_object_get(o, "webhookSecret"));
	call->route = zehrava_route("GET /v1/agents");
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "agents.0.id", "\"agt_1\"");
	zehrava_assert_at(o, "agents.0.risk_tier", "\"standard\"");
	zehrava_assert_at(o, "agents.0.role", "\"agent\"");
	zehrava_assert_at(o, "agents.0.pending", "3");
	zehrava_assert_at(o, "count", "1");
	ag.status = AGENT_SUSPENDED;
	call->route = zehrava_route("POST /v1/agents/:id/suspend");
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "agent_id", "\"agt_1\"");
	zehrava_assert_at(o, "status", "\"suspended\"");
}

static void
a_key_is_shown_once(void **state)
{
	struct key k = {.id = "key_1",
	    .class = KEY_REVIEWER,
	    .name = "dana",
	    .person = "dana",
	    .dialect = "zehrava",
	    .rate_limit = 60,
	    .created_ms = 1700000000000};
	struct call *call = zehrava_call(*state, "POST /v1/keys",
	    "{\"name\":\"dana\",\"class\":\"reviewer\"}", NULL);
	json_t *o;

	call->keys = &k;
	call->keys_n = 1;
	call->secret = "gate_sk_1";
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "id", "\"key_1\"");
	zehrava_assert_at(o, "class", "\"reviewer\"");
	zehrava_assert_at(o, "apiKey", "\"gate_sk_1\"");
	assert_null(json_object_get(o, "webhookSecret"));
	call->webhook_secret = "whsec_1";
	zehrava_assert_at(zehrava_answer_of(call), "webhookSecret",
	    "\"whsec_1\"");
	call->route = zehrava_route("GET /v1/keys");
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "keys.0.person", "\"dana\"");
	zehrava_assert_at(o, "keys.0.revoked", "false");
	zehrava_assert_at(o, "keys.0.rate_limit", "60");
	zehrava_assert_at(o, "keys.0.agentId", "null");
	assert_null(zehrava_at(o, "keys.0.apiKey"));
	call->route = zehrava_route("POST /v1/keys/:id/revoke");
	call->id = "key_1";
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "id", "\"key_1\"");
	zehrava_assert_at(o, "revoked", "true");
}

static void
webhooks_downloads_and_nonces_are_confirmed(void **state)
{
	struct intent in = {.id = "int_1"};
	struct fault f = {0};
	struct call *call = zehrava_call(*state, "POST /v1/webhooks/register",
	    "{\"intentId\":\"int_1\",\"url\":\"https://a.example/\"}", NULL);
	json_t *o;

	assert_int_equal(call->route->decode(call, &f), RC_OK);
	call->webhook_id = "whk_1";
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "registered", "true");
	zehrava_assert_at(o, "webhookId", "\"whk_1\"");
	zehrava_assert_at(o, "intentId", "\"int_1\"");
	zehrava_assert_at(o, "url", "\"https://a.example/\"");
	call = zehrava_call(*state, "POST /v1/deliver", NULL, NULL);
	call->intents = &in;
	call->intents_n = 1;
	call->token = "dlv_1";
	call->token_until_ms = 1700000000000;
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "url",
	    "\"https://gate.example.com/v1/download/dlv_1\"");
	zehrava_assert_at(o, "deliveryToken", "\"dlv_1\"");
	zehrava_assert_at(o, "expiresAt", "\"2023-11-14T22:13:20.000Z\"");
	assert_null(zehrava_route("GET /v1/download/:id")->show);
	call->route = zehrava_route("GET /v1/nonce");
	call->token = "non_1";
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "nonce", "\"non_1\"");
	zehrava_assert_at(o, "expiresAt", "\"2023-11-14T22:13:20.000Z\"");
}

static void
metrics_count(void **state)
{
	static const struct wanted rows[] = {
	    {"actions_attempted", "142"},
	    {"actions_blocked", "11"},
	    {"actions_pending", "3"},
	    {"actions_approved", "121"},
	    {"actions_expired", "5"},
	    {"actions_resolved", "2"},
	    {"actions_scheduled", "1"},
	    {"actions_succeeded", "115"},
	    {"actions_failed", "5"},
	    {"actions_duplicate", "4"},
	    {"duplicate_actions", "4"},
	    {"policy_violations", "6"},
	    {"avg_approval_latency_ms", "4320"},
	    {"period", "\"all_time\""},
	};
	struct api_stats s = {
	    .by_state = {[INTENT_PENDING] = 3,
		[INTENT_APPROVED] = 121,
		[INTENT_DENIED] = 4,
		[INTENT_RESOLVED] = 2,
		[INTENT_EXPIRED] = 5,
		[INTENT_CANCELLED] = 1,
		[INTENT_BLOCKED] = 6},
	    .by_execution = {[EXECUTION_LEASED] = 1,
		[EXECUTION_SUCCEEDED] = 115,
		[EXECUTION_FAILED] = 3,
		[EXECUTION_LAPSED] = 2},
	    .duplicates = 4,
	    .approval_ms_avg = 4319.6,
	};
	struct call *call = zehrava_call(*state, "GET /v1/metrics", NULL, NULL);

	call->stats = &s;
	assert_all(zehrava_answer_of(call), rows, ARRAY_LEN(rows));
	s.approval_ms_avg = -1;
	zehrava_assert_at(zehrava_answer_of(call), "avg_approval_latency_ms",
	    "null");
}

static void
the_daemon_says_what_it_is(void **state)
{
	static const char *const policies[] = {"a", "b"};
	static const char *const channels[] = {"email"};
	static const struct wanted rows[] = {
	    {"gate_supported", "[\"1.0\"]"},
	    {"auth.methods", "[\"api_key\"]"},
	    {"approval_channels", "[\"email\"]"},
	    {"approval_providers", "[\"dashboard\"]"},
	    {"approval_provider_capabilities", "{}"},
	    {"evidence_factors", "[]"},
	    {"max_execution_ttl_sec", "900"},
	    {"replay_protection.idempotency_window_sec", "null"},
	    {"replay_protection.timestamp_tolerance_sec", "300"},
	    {"replay_protection.nonce_endpoint", "\"/v1/nonce\""},
	    {"replay_protection.nonce_ttl_sec", "300"},
	    {"replay_protection.single_use_approval_links", "true"},
	    {"webhooks.supported", "true"},
	    {"approval_callback_endpoint", "null"},
	    {"policy_features.0", "\"destinations\""},
	    {"policies_available", "[\"a\",\"b\"]"},
	};
	struct call *call = zehrava_call(*state, "GET /health", NULL, NULL);
	json_t *o = zehrava_answer_of(call);

	zehrava_assert_at(o, "status", "\"ok\"");
	zehrava_assert_at(o, "service", "\"assent\"");
	zehrava_assert_at(o, "version", "\"" ASSENT_VERSION "\"");
	zehrava_assert_at(o, "proxy", "{\"enabled\":false}");
	call->policies = policies;
	call->policies_n = 2;
	call->channels = channels;
	call->channels_n = 1;
	call->route = zehrava_route("GET /.well-known/gate");
	assert_all(zehrava_answer_of(call), rows, ARRAY_LEN(rows));
	call->route = zehrava_route("GET /v1/policies");
	zehrava_assert_at(zehrava_answer_of(call), "policies", "[\"a\",\"b\"]");
}

static void
dead_deliveries_are_listed(void **state)
{
	struct delivery_row d = {.id = "dlv_1",
	    .intent_id = "int_1",
	    .kind = DELIVERY_WEBHOOK,
	    .channel = "webhook",
	    .address = "https://a.example/",
	    .event = "approved",
	    .state = DELIVERY_DEAD,
	    .attempts = 8,
	    .error = "HTTP 500 \xff",
	    .created_ms = 1700000000000};
	struct call *call =
	    zehrava_call(*state, "GET /v1/deliveries", NULL, NULL);
	json_t *o;

	call->deliveries = &d;
	call->deliveries_n = 1;
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "deliveries.0.kind", "\"webhook\"");
	zehrava_assert_at(o, "deliveries.0.state", "\"dead\"");
	zehrava_assert_at(o, "deliveries.0.attempts", "8");
	zehrava_assert_at(o, "deliveries.0.error", "null"); /* no UTF-8 */
	zehrava_assert_at(o, "deliveries.0.ended_at", "null");
	zehrava_assert_at(o, "count", "1");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(an_execution_is_told_in_both_spellings),
	    TEST(the_token_is_told_once),
	    TEST(an_agent_gets_its_key_once),
	    TEST(a_key_is_shown_once),
	    TEST(webhooks_downloads_and_nonces_are_confirmed),
	    TEST(metrics_count),
	    TEST(the_daemon_says_what_it_is),
	    TEST(dead_deliveries_are_listed),
	};

	return cmocka_run_group_tests_name("zehrava_answers", tests, NULL,
	    NULL);
}
