#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dialect_find.h"
#include "lib/json.h"
#include "vantagate_call.h"

#define CREATE "POST /v1/checkpoint"
#define POLL   "GET /v1/checkpoint/:id"

static const struct draft *
draft_of(struct arena *a, const char *body)
{
	struct call *call = vantagate_call(a, CREATE, body);
	struct fault f = {0};

	if (call->route->decode(call, &f) != RC_OK) {
		fail_msg("%s: %s %s", body, f.field, f.text);
	}
	return call->in;
}

/* --- creating ------------------------------------------------------------- */

static void
a_checkpoint_is_a_draft(void **state)
{
	const struct draft *d = draft_of(*state,
	    "{\"title\": \"Refund\", \"payload\": {\"b\": 1, \"a\": 2.0},"
	    " \"description\": \"d\", \"notify_email\": \"a@b.example\","
	    " \"slack_webhook_url\": \"https://hooks.slack.com/x\","
	    " \"callback_url\": \"https://c.example/h\"}");

	assert_string_equal(d->destination, "checkpoint");
	assert_null(d->policy);
	assert_string_equal(d->payload, "{\"a\":2,\"b\":1}");
	assert_string_equal(d->payload_type, "json");
	assert_string_equal(d->title, "Refund");
	assert_string_equal(d->description, "d");
	assert_string_equal(d->callback_url, "https://c.example/h");
	assert_int_equal(d->callback_attempts, 5);
	assert_int_equal(d->ttl_s, 24 * 3600);
	assert_true(d->erase_payload && d->view_link);
	assert_int_equal(d->addresses_n, 2);
	assert_string_equal(d->addresses[0].channel, "email");
	assert_string_equal(d->addresses[0].where, "a@b.example");
	assert_string_equal(d->addresses[1].channel, "slack_webhook");
	assert_int_equal(d->options_n, 2);
	assert_string_equal(d->options[0].label, "Approve");
	assert_string_equal(d->options[1].label, "Reject");
}

/* What each option counts as: a(pprove), d(eny), o(ther). */
static const struct {
	const char *options, *outcomes;
} choices[] = {
    {"[\"Yes\", \"No\"]", "ad"},
    {"[\"Abort\", \"Go\"]", "ad"},
    {"[\"Yes\", \"Maybe\"]", "ad"},
    {"[\"Approve Refund\", \"Deny Refund\", \"Escalate to Manager\"]", "ado"},
    {"[\"Go\", \"Wait\", \"Stop\"]", "add"},
    {"[\"Go\", \"Wait\", \"stop it\", \"Ask\"]", "addo"},
    {"[\"Go\", \"Wait\", \"No.\", \"Nothing\"]", "addo"},
    {"[\"Go\", \"Wait\", \"REJECT\", \"Declined\", \"Cancel: late\"]", "addod"},
    {"[\"Go\", \"Wait\", \"Block-list\", \"Blocked\"]", "addo"},
};

static void
the_first_approves_the_second_rejects_and_who_says_no(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
		char body[300], got[INTENT_OPTIONS_MAX + 1] = "";
		const struct draft *d;

		(void)snprintf(body, sizeof(body),
		    "{\"title\":\"x\",\"payload\":{},\"options\":%s}",
		    choices[i].options);
		d = draft_of(*state, body);
		for (int k = 0; k < d->options_n; k++) {
			got[k] = "ado"[d->options[k].outcome];
		}
		if (strcmp(got, choices[i].outcomes) != 0) {
			fail_msg("%s: %s, not %s", choices[i].options, got,
			    choices[i].outcomes);
		}
	}
}

static const struct {
	const char *timeout;
	long long s; /* 0 = refused */
} timeouts[] = {
    {"1m", 60},
    {"90m", 5400},
    {"24h", 86400},
    {"7d", 7 * 86400},
    {"365d", INTENT_TTL_MAX_S},
    {"366d", INTENT_TTL_MAX_S},
    {"999999999d", INTENT_TTL_MAX_S},
    {"99999999999999999999h", INTENT_TTL_MAX_S},
    {"00000000000000000005m", 300},
    {"0m", 0},
    {"000h", 0},
    {"", 0},
    {"m", 0},
    {"5", 0},
    {"5s", 0},
    {"5M", 0},
    {"5 m", 0},
    {"5mm", 0},
    {"-5m", 0},
    {"1.5h", 0},
};

static void
a_timeout_is_a_number_and_a_unit_and_cut(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(timeouts); i++) {
		char body[200];
		struct call *call;
		struct fault f = {0};
		enum rc rc;

		(void)snprintf(body, sizeof(body),
		    "{\"title\":\"x\",\"payload\":{},\"timeout\":\"%s\"}",
		    timeouts[i].timeout);
		call = vantagate_call(*state, CREATE, body);
		rc = call->route->decode(call, &f);
		if (timeouts[i].s == 0) {
			assert_int_equal(rc, RC_INVALID);
			assert_string_equal(f.field, "timeout");
			continue;
		}
		assert_int_equal(rc, RC_OK);
		assert_int_equal(((const struct draft *)call->in)->ttl_s,
		    timeouts[i].s);
	}
}

static void
an_id_is_that_of_a_checkpoint(void **state)
{
	static const char *const wrong[] = {"int_0123456789abcdef", "chk_",
	    "chk_0123456789ABCDEF", "chk_0123456789abcdef0", "x"};
	struct call *call = vantagate_call(*state, POLL, "{}");
	struct fault f = {0};

	call->id = "chk_0123456789abcdef";
	assert_int_equal(call->route->decode(call, &f), RC_OK);
	assert_string_equal(call->id, "int_0123456789abcdef");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		call->id = wrong[i];
		assert_int_equal(call->route->decode(call, &f), RC_NOT_FOUND);
	}
}

/* --- faults --------------------------------------------------------------- */

static const struct {
	enum rc rc;
	const char *field, *reason;
	int status;
	const char *code;
} faults[] = {
    {RC_INVALID, "slack_webhook", "", 400, "Invalid_Webhook_URL"},
    {RC_INVALID, "slack_webhook_url", "", 400, "Invalid_Webhook_URL"},
    {RC_INVALID, "callback_url", "", 400, "Invalid_Callback_URL"},
    {RC_INVALID, "option", "", 400, "Invalid_Decision"},
    {RC_INVALID, "title", "", 400, "Validation_Error"},
    {RC_INVALID, "email", "not_an_approver", 400, "Validation_Error"},
    {RC_TOO_LARGE, "payload", "", 400, "Validation_Error"},
    {RC_UNAUTHENTICATED, "Authorization", "", 401, "Unauthorized"},
    {RC_LIMITED, "plan", "quota_used_up", 402, "Upgrade_Required"},
    {RC_FORBIDDEN, "slack_webhook", "quota_channel", 402, "Upgrade_Required"},
    {RC_FORBIDDEN, "id", "not_owner", 403, "Forbidden"},
    {RC_FORBIDDEN, "agent", "agent_inactive", 403, "Forbidden"},
    {RC_FORBIDDEN, "code", "wrong_code", 403, "Forbidden"},
    {RC_NOT_FOUND, "id", "", 404, "Not_Found"},
    {RC_NOT_FOUND, "path", "unknown_route", 404, "Not_Found"},
    {RC_CONFLICT, "state", "already_answered", 409, "Already_Decided"},
    {RC_CONFLICT, "token", "", 409, "Already_Decided"},
    {RC_DUPLICATE, "person", "already_voted", 409, "Already_Decided"},
    {RC_EXPIRED, "state", "expired", 410, "Checkpoint_Expired"},
    {RC_LIMITED, "", "rate_limited", 429, "Rate_Limited"},
    {RC_LIMITED, "agent", "too_many_pending", 429, "Rate_Limited"},
    {RC_BUSY, "", "", 503, "Service_Unavailable"},
    {RC_STORE, "", "", 503, "Service_Unavailable"},
    {RC_INTERNAL, "", "", 500, "Internal_Error"},
    {RC_UNCERTAIN, "", "", 500, "Internal_Error"},
};

static void
every_fault_has_status_code_and_words(void **state)
{
	struct call *call = vantagate_call(*state, CREATE, "{}");

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct fault f = {.rc = faults[i].rc, .text = "must be so"};
		CLEANUP(json_drop) json_t *body = NULL;
		int status = 0;

		(void)snprintf(f.field, sizeof(f.field), "%s", faults[i].field);
		(void)snprintf(f.reason, sizeof(f.reason), "%s",
		    faults[i].reason);
		body = dialect_vantagate.fault(call, &f, &status);
		assert_int_equal(status, faults[i].status);
		assert_int_equal(json_integer_value(json_object_get(body,
				     "statusCode")),
		    status);
		assert_string_equal(json_string_value(json_object_get(body,
					"error")),
		    faults[i].code);
		assert_true(json_string_length(json_object_get(body,
				"message")) > 0);
		assert_int_equal(json_object_get(body, "upgrade_url") != NULL,
		    status == 402);
		assert_int_equal(json_object_size(body), status == 402 ? 4 : 3);
	}
}

static void
fields_have_the_clients_names(void **state)
{
	struct call *call = vantagate_call(*state, CREATE, "{}");
	struct fault f = {.rc = RC_INVALID,
	    .field = "email",
	    .text = "must be that of somebody"};
	CLEANUP(json_drop) json_t *body = NULL;
	int status;

	body = dialect_vantagate.fault(call, &f, &status);
	assert_string_equal(json_string_value(json_object_get(body, "message")),
	    "notify_email must be that of somebody");
}

static void
what_the_server_refuses_has_the_same_members(void **state)
{
	static const int statuses[] = {400, 404, 405, 413, 414, 431, 503, 599};

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		json_t *body = vantagate_json(*state,
		    dialect_vantagate.refuse(statuses[i]));

		assert_int_equal(json_integer_value(json_object_get(body,
				     "statusCode")),
		    statuses[i]);
		assert_true(json_is_string(json_object_get(body, "error")));
		assert_true(json_is_string(json_object_get(body, "message")));
	}
}

static void
a_path_is_that_of_its_dialect_found_or_not(void **state)
{
	(void)state;
	assert_ptr_equal(dialect_of_path("/v1/checkpoint"), &dialect_vantagate);
	assert_ptr_equal(dialect_of_path("/v1/checkpoint/x/y"),
	    &dialect_vantagate);
	assert_ptr_equal(dialect_of_path("/v1/checkpoints"), &dialect_zehrava);
	assert_ptr_equal(dialect_of_path("/v1/intents"), &dialect_zehrava);
	assert_ptr_equal(dialect_of_path(""), &dialect_zehrava);
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
	    cmocka_unit_test(a_checkpoint_is_a_draft),
	    cmocka_unit_test(
		the_first_approves_the_second_rejects_and_who_says_no),
	    cmocka_unit_test(a_timeout_is_a_number_and_a_unit_and_cut),
	    cmocka_unit_test(an_id_is_that_of_a_checkpoint),
	    cmocka_unit_test(every_fault_has_status_code_and_words),
	    cmocka_unit_test(fields_have_the_clients_names),
	    cmocka_unit_test(what_the_server_refuses_has_the_same_members),
	    cmocka_unit_test(a_path_is_that_of_its_dialect_found_or_not),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
