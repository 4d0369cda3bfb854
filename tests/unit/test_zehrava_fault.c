#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zehrava_call.h"

enum { NOBODY = -1 }; /* the core found no intent */

#define APPROVE "POST /v1/intents/:id/approve"
#define REJECT	"POST /v1/intents/:id/reject"
#define CANCEL	"POST /v1/intents/:id/cancel-approval"
#define EXECUTE "POST /v1/intents/:id/execute"
#define REPORT	"POST /v1/executions/:id/report"
#define SUBMIT	"POST /v1/intents"

static const struct row {
	const char *line;
	enum rc rc;
	const char *field, *text, *reason;
	int state; /* of the intent; or NOBODY */
	enum execution_state execution;
	int status;
	const char *error;
	const char *path, *json; /* a further member; NULL = none */
} rows[] = {
    /* Who may not. */
    {SUBMIT, RC_UNAUTHENTICATED, "Authorization",
	"Missing or invalid Authorization header", "", NOBODY, 0, 401,
	"Missing or invalid Authorization header", "field",
	"\"Authorization\""},
    {SUBMIT, RC_UNAUTHENTICATED, "Authorization", "Invalid API key", "", NOBODY,
	0, 401, "Invalid API key", NULL, NULL},
    {REPORT, RC_UNAUTHENTICATED, "token", "Invalid API key", "", NOBODY, 0, 401,
	"Invalid execution token or API key", NULL, NULL},
    {SUBMIT, RC_FORBIDDEN, "agent", "suspended", "agent_inactive", NOBODY, 0,
	403, "agent_inactive", "status", "\"suspended\""},
    {APPROVE, RC_FORBIDDEN, "Authorization", "no", "wrong_class", NOBODY, 0,
	403, "forbidden", "message",
	"\"Reviewer API key required for approvals\""},
    {"POST /v1/reject", RC_FORBIDDEN, "Authorization", "no", "wrong_class",
	NOBODY, 0, 403, "forbidden", "message",
	"\"Reviewer API key required for approvals\""},
    {"GET /v1/agents", RC_FORBIDDEN, "Authorization", "no", "wrong_class",
	NOBODY, 0, 403, "forbidden", "message",
	"\"Reviewer API key required\""},
    {CANCEL, RC_FORBIDDEN, "Authorization", "no", "wrong_class", NOBODY, 0, 403,
	"forbidden", "message", "\"Reviewer API key required\""},
    {"POST /v1/keys", RC_FORBIDDEN, "Authorization", "no", "wrong_class",
	NOBODY, 0, 403, "forbidden", "message", "\"Admin API key required\""},
    {"GET /v1/audit", RC_FORBIDDEN, "Authorization", "no", "wrong_class",
	NOBODY, 0, 403, "forbidden", "message", "\"Admin API key required\""},
    {EXECUTE, RC_FORBIDDEN, "Authorization", "no", "wrong_class", NOBODY, 0,
	403, "forbidden", "message", "\"Agent API key required\""},
    {"POST /v1/agents/register", RC_FORBIDDEN, "Authorization",
	"registering an agent needs an admin key here", "admin_required",
	NOBODY, 0, 403, "forbidden", "reason_code", "\"admin_required\""},
    {"GET /v1/agents/:id", RC_FORBIDDEN, "id", "x", "not_owner", NOBODY, 0, 403,
	"forbidden", "message", "\"Cannot access other agents\""},
    {"GET /v1/intents/:id", RC_FORBIDDEN, "id", "x", "not_owner", NOBODY, 0,
	403, "forbidden", "message",
	"\"Cannot access intents from other agents\""},
    {"GET /v1/executions/:id", RC_FORBIDDEN, "id", "x", "not_owner", NOBODY, 0,
	403, "forbidden", "message",
	"\"Cannot access executions of other agents\""},
    /* A stranger learns nothing of what the core looked at. */
    {EXECUTE, RC_FORBIDDEN, "id", "x", "", INTENT_APPROVED, 0, 403, "forbidden",
	"status", "absent"},
    {APPROVE, RC_FORBIDDEN, "person", "dana may not decide this",
	"not_an_approver", INTENT_PENDING, 0, 403, "forbidden", "message",
	"\"dana may not decide this\""},
    {APPROVE, RC_FORBIDDEN, "person", "own", "own_request", INTENT_PENDING, 0,
	403, "forbidden", "reason_code", "\"own_request\""},
    /* What there is not. */
    {"GET /v1/intents/:id", RC_NOT_FOUND, "path", "/x", "unknown_route", NOBODY,
	0, 404, "Not found", "path", "\"/x\""},
    {"GET /v1/intents/:id", RC_NOT_FOUND, "id", "x", "", NOBODY, 0, 404,
	"Proposal not found", "reason_code", "\"not_found\""},
    {"GET /v1/audit/:id", RC_NOT_FOUND, "id", "x", "", NOBODY, 0, 404,
	"Proposal not found", NULL, NULL},
    {APPROVE, RC_NOT_FOUND, "id", "x", "", NOBODY, 0, 404, "Proposal not found",
	NULL, NULL},
    {"POST /v1/deliver", RC_NOT_FOUND, "id", "x", "", NOBODY, 0, 404,
	"Proposal not found", NULL, NULL},
    {"GET /v1/intents/:id/decision", RC_NOT_FOUND, "id", "x", "", NOBODY, 0,
	404, "No decision found for this intent", NULL, NULL},
    {EXECUTE, RC_NOT_FOUND, "id", "x", "", NOBODY, 0, 404, "Intent not found",
	NULL, NULL},
    {"POST /v1/webhooks/register", RC_NOT_FOUND, "id", "x", "", NOBODY, 0, 404,
	"Intent not found", NULL, NULL},
    {"POST /v1/agents/:id/revoke", RC_NOT_FOUND, "agent", "x", "", NOBODY, 0,
	404, "Agent not found", NULL, NULL},
    {"GET /v1/executions/:id", RC_NOT_FOUND, "id", "x", "", NOBODY, 0, 404,
	"Execution not found", NULL, NULL},
    {"GET /v1/download/:id", RC_NOT_FOUND, "token", "x", "", NOBODY, 0, 404,
	"Invalid delivery token", NULL, NULL},
    {"POST /v1/keys/:id/revoke", RC_NOT_FOUND, "id", "Key not found", "",
	NOBODY, 0, 404, "Key not found", NULL, NULL},
    /* Submits. */
    {SUBMIT, RC_INVALID, "destination", "destination and policy are required",
	"required", NOBODY, 0, 400, "destination and policy are required", NULL,
	NULL},
    {SUBMIT, RC_INVALID, "recordCount", "must be a whole number", "", NOBODY, 0,
	400, "recordCount must be a whole number", "field", "\"recordCount\""},
    {SUBMIT, RC_INVALID, "approvers", "'x' is not one of the policy's", "",
	NOBODY, 0, 400, "'x' is not one of the policy's", "reason_code",
	"\"invalid\""},
    {SUBMIT, RC_INVALID, "body", "line 1, column 2: no", "", NOBODY, 0, 400,
	"Invalid JSON body", "message", "\"line 1, column 2: no\""},
    {SUBMIT, RC_INVALID, "policy", "there is no policy of this name", "",
	NOBODY, 0, 400, "Policy 'p' not found", "status", "\"blocked\""},
    {SUBMIT, RC_INVALID, "profile", "needs it", "profile_required", NOBODY, 0,
	400, "profile_required", "message", "\"needs it\""},
    {SUBMIT, RC_INVALID, "metadata", "to is missing", "invalid_profile_payload",
	NOBODY, 0, 400, "invalid_profile_payload", NULL, NULL},
    {SUBMIT, RC_INVALID, "Idempotency-Key", "must be 1 to 255",
	"invalid_header", NOBODY, 0, 400, "Idempotency-Key must be 1 to 255",
	NULL, NULL},
    {SUBMIT, RC_INVALID, "Idempotency-Key", "came with another body", "",
	NOBODY, 0, 422, "idempotency_key_reused", NULL, NULL},
    {SUBMIT, RC_DUPLICATE, "idempotency_key", "x", "", INTENT_PENDING, 0, 409,
	"duplicate_blocked", "existingStatus", "\"pending_approval\""},
    {SUBMIT, RC_DUPLICATE, "idempotency_key", "x", "", INTENT_PENDING, 0, 409,
	"duplicate_blocked", "blockReason",
	"\"Duplicate intent \xe2\x80\x94 idempotency_key already used: k\""},
    {SUBMIT, RC_LIMITED, "agent", "too many wait", "too_many_pending", NOBODY,
	0, 429, "too_many_pending", "message", "\"too many wait\""},
    {SUBMIT, RC_LIMITED, "Authorization", "60 a minute", "rate_limited", NOBODY,
	0, 429, "rate_limited", "reason_code", "\"rate_limited\""},
    {SUBMIT, RC_TOO_LARGE, "metadata", "must have at most 65536 bytes", "",
	NOBODY, 0, 413, "metadata must have at most 65536 bytes", NULL, NULL},
    {SUBMIT, RC_BUSY, "", "too many writes wait", "", NOBODY, 0, 503,
	"unavailable", "message", "\"too many writes wait\""},
    {SUBMIT, RC_STORE, "", "nothing was changed", "", NOBODY, 0, 503,
	"unavailable", "reason_code", "\"store\""},
    {SUBMIT, RC_INTERNAL, "", "x", "", NOBODY, 0, 500, "internal_error", NULL,
	NULL},
    /* Decisions. */
    {APPROVE, RC_CONFLICT, "state", "it was denied by Dana", "already_answered",
	INTENT_DENIED, 0, 409, "Cannot approve a blocked proposal", "decision",
	"\"REJECT\""},
    {APPROVE, RC_CONFLICT, "state", "x", "already_answered", INTENT_BLOCKED, 0,
	409, "Cannot approve a blocked proposal", "decision", "null"},
    {APPROVE, RC_CONFLICT, "state", "x", "already_answered", INTENT_CANCELLED,
	0, 409, "Cannot approve a blocked proposal", "status", "\"blocked\""},
    {APPROVE, RC_CONFLICT, "state", "it was approved by Dana",
	"already_answered", INTENT_APPROVED, EXECUTION_LEASED, 409,
	"already_answered", "decision", "\"APPROVE\""},
    {APPROVE, RC_CONFLICT, "state", "it was approved by Dana",
	"already_answered", INTENT_APPROVED, EXECUTION_SUCCEEDED, 409,
	"already_answered", "message", "\"it was approved by Dana\""},
    {APPROVE, RC_CONFLICT, "state", "x", "already_answered", INTENT_RESOLVED, 0,
	409, "already_answered", "decision", "\"Later\""},
    {REJECT, RC_CONFLICT, "state", "x", "already_answered", INTENT_DENIED, 0,
	409, "Cannot reject proposal with status: blocked", NULL, NULL},
    {REJECT, RC_CONFLICT, "state", "x", "already_answered", INTENT_APPROVED, 0,
	409, "already_answered", "decision", "\"APPROVE\""},
    {REJECT, RC_EXPIRED, "state", "it has expired", "expired", INTENT_EXPIRED,
	0, 409, "Cannot reject proposal with status: expired", "status",
	"\"expired\""},
    {APPROVE, RC_EXPIRED, "state", "it has expired", "expired", INTENT_EXPIRED,
	0, 410, "Proposal has expired", "status", "\"expired\""},
    {APPROVE, RC_DUPLICATE, "person", "x", "already_voted", INTENT_PENDING, 0,
	409, "already_voted", "status", "\"pending_approval\""},
    {APPROVE, RC_CONFLICT, "digest", "not what was shown", "digest_mismatch",
	INTENT_PENDING, 0, 409, "digest_mismatch", "message",
	"\"not what was shown\""},
    {APPROVE, RC_CONFLICT, "nonce", "replay_rejected", "nonce_already_used",
	INTENT_PENDING, 0, 409, "replay_rejected", "reason",
	"\"nonce_already_used\""},
    {APPROVE, RC_CONFLICT, "nonce", "replay_rejected", "nonce_unknown",
	INTENT_PENDING, 0, 409, "replay_rejected", "reason",
	"\"nonce_unknown\""},
    {APPROVE, RC_CONFLICT, "decided_at", "x", "timestamp_out_of_tolerance",
	INTENT_PENDING, 0, 409, "replay_rejected", "reason",
	"\"timestamp_out_of_tolerance\""},
    {APPROVE, RC_CONFLICT, "decided_at", "x", "timestamp_invalid", NOBODY, 0,
	409, "replay_rejected", "reason", "\"timestamp_invalid\""},
    {REJECT, RC_INVALID, "reason", "a denial needs a reason here",
	"reason_required", INTENT_PENDING, 0, 400, "reason is required",
	"message", "\"a denial needs a reason here\""},
    {APPROVE, RC_INVALID, "option", "there is no such option", "",
	INTENT_PENDING, 0, 400, "there is no such option", NULL, NULL},
    {"POST /v1/approve", RC_INVALID, "proposalId", "proposalId required",
	"required", NOBODY, 0, 400, "proposalId required", NULL, NULL},
    {CANCEL, RC_CONFLICT, "state", "it was approved by Dana",
	"already_answered", INTENT_APPROVED, 0, 409, "cannot_cancel", "message",
	"\"it was approved by Dana\""},
    {CANCEL, RC_EXPIRED, "state", "x", "expired", INTENT_EXPIRED, 0, 409,
	"cannot_cancel", "status", "\"expired\""},
    /* Executions and what follows. */
    {EXECUTE, RC_CONFLICT, "state", "x", "", INTENT_PENDING, 0, 409,
	"Intent cannot be executed \xe2\x80\x94 current status: "
	"pending_approval",
	"hint", "\"Approve the intent first at /v1/intents/:id/approve\""},
    {EXECUTE, RC_CONFLICT, "state", "x", "", INTENT_APPROVED, EXECUTION_LEASED,
	409, "Intent cannot be executed \xe2\x80\x94 current status: scheduled",
	"status", "\"scheduled\""},
    {EXECUTE, RC_CONFLICT, "state", "x", "", INTENT_DENIED, 0, 409,
	"Intent cannot be executed \xe2\x80\x94 current status: blocked",
	"hint", "absent"},
    {EXECUTE, RC_EXPIRED, "state", "x", "", INTENT_APPROVED, 0, 410,
	"Intent expired", "status", "\"expired\""},
    {EXECUTE, RC_CONFLICT, "payload_sha256", "another payload",
	"payload_mismatch", INTENT_APPROVED, 0, 409, "payload_mismatch",
	"field", "\"payload_sha256\""},
    {REPORT, RC_CONFLICT, "status", "x", "", NOBODY, 0, 409,
	"execution_already_reported", "status", "\"succeeded\""},
    {REPORT, RC_EXPIRED, "token", "x", "", NOBODY, 0, 410,
	"Execution token expired", "execution_id", "\"exe_1\""},
    {REPORT, RC_INVALID, "status", "status must be succeeded or failed",
	"required", NOBODY, 0, 400, "status must be succeeded or failed", NULL,
	NULL},
    {"POST /v1/deliver", RC_CONFLICT, "status", "x", "not_approved",
	INTENT_PENDING, 0, 409,
	"Cannot deliver proposal with status: pending_approval", "status",
	"\"pending_approval\""},
    {"GET /v1/download/:id", RC_EXPIRED, "token", "x", "", NOBODY, 0, 410,
	"Delivery link was used or has expired", "message", "\"x\""},
    {"POST /v1/agents/:id/suspend", RC_CONFLICT, "id", "stays revoked", "",
	NOBODY, 0, 409, "stays revoked", "reason_code", "\"conflict\""},
};

static json_t *
told(struct arena *a, const struct row *r, int *status)
{
	struct intent in = {.id = "int_1",
	    .options = {{"Yes", OUTCOME_APPROVE}, {"No", OUTCOME_DENY},
		{"Later", OUTCOME_OTHER}},
	    .options_n = 3,
	    .chosen = 2,
	    .execution = r->execution};
	struct execution ex = {.id = "exe_1", .state = EXECUTION_SUCCEEDED};
	struct call *call = zehrava_call(a, r->line,
	    "{\"destination\":\"d\",\"policy\":\"p\",\"idempotency_key\":"
	    "\"k\",\"status\":\"failed\",\"proposalId\":\"int_1\"}",
	    NULL);
	struct fault f = {0}, ignored = {0};

	if (call->route->decode != NULL &&
	    call->route->decode(call, &ignored) != RC_OK) {
		call->in = NULL;
	}
	(void)fault_set(&f, r->rc, r->field, "%s", r->text);
	(void)fault_reason(&f, r->reason);
	if (r->state != NOBODY) {
		in.state = (enum intent_state)r->state;
		call->intents = &in;
		call->intents_n = 1;
	}
	call->execution = &ex;
	*status = dialect_status(r->rc);
	return dialect_zehrava.fault(call, &f, status);
}

static void
every_fault_has_the_product_s_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		const struct row *r = &rows[i];
		int status;
		json_t *o = told(a, r, &status);
		const char *error =
		    json_string_value(json_object_get(o, "error"));

		if (status != r->status || error == NULL ||
		    strcmp(error, r->error) != 0) {
			fail_msg("%s, %s %s: %d %s", r->line, r->text,
			    r->reason, status, error);
		}
		assert_true(json_is_string(json_object_get(o, "message")));
		assert_true(json_is_string(json_object_get(o, "reason_code")));
		if (r->path != NULL && strcmp(r->json, "absent") == 0) {
			assert_null(zehrava_at(o, r->path));
		} else if (r->path != NULL) {
			zehrava_assert_at(o, r->path, r->json);
		}
		json_decref(o);
	}
}

static void
when_to_come_back_is_told(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct call *call = zehrava_call(a, SUBMIT, NULL, NULL);
	struct fault f = {0};
	int status = 429;
	json_t *o;

	(void)state;
	(void)fault_set(&f, RC_LIMITED, "", "slow down");
	f.retry_after_s = 17;
	o = dialect_zehrava.fault(call, &f, &status);
	zehrava_assert_at(o, "retry_after", "17");
	json_decref(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_fault_has_the_product_s_words),
	    cmocka_unit_test(when_to_come_back_is_told),
	};

	return cmocka_run_group_tests_name("zehrava_fault", tests, NULL, NULL);
}
