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

static struct intent
sample(void)
{
	static const char *tags[] = {"pii", "a\"b"};
	static const char *factors[] = {"elevated_record_count"};

	return (struct intent){
	    .id = "int_0190aabbccdd1234",
	    .dialect = "zehrava",
	    .agent_id = "agt_1",
	    .agent_name = "crm-agent",
	    .destination = "salesforce.import",
	    .policy_id = "crm-low-risk",
	    .policy_version = "v1",
	    .payload_type = "csv",
	    .payload_bytes = 12,
	    .payload_sha256 = SHA,
	    .digest = "dd",
	    .has_record_count = true,
	    .record_count = 847,
	    .tags = {tags, 2},
	    .metadata = "{\"scope\":\"team\"}",
	    .title = "Import",
	    .urgency = URGENCY_HIGH,
	    .options = {{"Go", OUTCOME_APPROVE}, {"Stop", OUTCOME_DENY},
		{"Later", OUTCOME_OTHER}},
	    .options_n = 3,
	    .risk = {0.3, "medium", {factors, 1}},
	    .plan = {.required = 2, .deny_threshold = 1},
	    .verdict = INTENT_PENDING,
	    .verdict_reason = "Awaiting review",
	    .verdict_code = "manual_review_required",
	    .reason = "Awaiting review",
	    .chosen = -1,
	    .created_ms = 1700000000000,
	    .expires_ms = 1700003600000,
	};
}

/* Moves it to a state, as people or the clock would have. */
static void
settle(struct intent *in, enum intent_state state, int chosen,
    const char *reason)
{
	bool clock = state == INTENT_EXPIRED;

	in->state = state;
	in->chosen = chosen;
	in->reason = reason;
	in->decided_by = clock ? "clock" : "dana";
	in->decided_name = clock ? "clock" : "Dana Li";
	in->decided_via = clock ? "clock" : "email";
	in->settled_ms = 1700000001500;
}

static json_t *
shown(struct arena *a, const char *line, struct intent *in, int n)
{
	struct call *call = zehrava_call(a, line, NULL, NULL);

	call->intents = in;
	call->intents_n = n;
	return zehrava_answer_of(call);
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

static void
a_submit_is_answered_in_both_spellings(void **state)
{
	static const struct wanted rows[] = {
	    {"intentId", "\"int_0190aabbccdd1234\""},
	    {"proposalId", "\"int_0190aabbccdd1234\""},
	    {"messageId", "\"msg_0190aabbccdd1234\""},
	    {"status", "\"pending_approval\""},
	    {"decision", "\"pending_approval\""},
	    {"approvalState", "\"waiting_input\""},
	    {"approvalLinkToken", "null"},
	    {"approvalInteractionId", "null"},
	    {"approvalProvider", "\"dashboard\""},
	    {"requiredApprovalFactors", "[]"},
	    {"assuranceLevel", "null"},
	    {"profile", "null"},
	    {"profileSummary", "null"},
	    {"standingApprovalId", "null"},
	    {"requiredApprovals", "2"},
	    {"blockReason", "null"},
	    {"expiresAt", "\"2023-11-14T23:13:20.000Z\""},
	    {"riskScore", "0.3"},
	    {"risk_score", "0.3"},
	    {"riskLevel", "\"medium\""},
	    {"risk_level", "\"medium\""},
	    {"riskFactors", "[\"elevated_record_count\"]"},
	    {"reason_code", "\"manual_review_required\""},
	    {"payload_sha256", "\"" SHA "\""},
	    {"digest", "\"dd\""},
	    {"title", "\"Import\""},
	    {"metadata", "{\"scope\":\"team\"}"},
	    {"options.2", "{\"label\":\"Later\",\"outcome\":\"other\"}"},
	};
	struct intent in = sample();

	assert_all(shown(*state, "POST /v1/intents", &in, 1), rows,
	    ARRAY_LEN(rows));
}

static void
a_submit_tells_what_the_policy_said(void **state)
{
	struct intent in = sample();
	json_t *o;

	in.verdict = in.state = INTENT_BLOCKED;
	in.verdict_reason = "Payload contains blocked term: \"sue\"";
	o = shown(*state, "POST /v1/propose", &in, 1);
	zehrava_assert_at(o, "status", "\"blocked\"");
	zehrava_assert_at(o, "blockReason",
	    "\"Payload contains blocked term: \\\"sue\\\"\"");
	zehrava_assert_at(o, "approvalState", "null");
	zehrava_assert_at(o, "approvalProvider", "null");
	/* Said again later, it is what was said first. */
	in = sample();
	settle(&in, INTENT_APPROVED, 0, NULL);
	o = shown(*state, "POST /v1/intents", &in, 1);
	zehrava_assert_at(o, "status", "\"pending_approval\"");
	in.profile = "email.send.v1";
	in.metadata = "{\"to\":\"a@example.com\",\"subject\":\"Hi\"}";
	o = shown(*state, "POST /v1/intents", &in, 1);
	zehrava_assert_at(o, "profile", "\"email.send.v1\"");
	assert_non_null(strstr(json_string_value(zehrava_at(o,
				   "profileSummary")),
	    "a@example.com"));
}

/* The columns of the product, and ours behind them. */
static void
a_row_has_every_column(void **state)
{
	static const struct wanted rows[] = {
	    {"id", "\"int_0190aabbccdd1234\""},
	    {"intentId", "\"int_0190aabbccdd1234\""},
	    {"sender_agent_id", "\"agt_1\""},
	    {"agent_name", "\"crm-agent\""},
	    {"payload_path", "null"},
	    {"payload_hash", "\"" SHA "\""},
	    {"payload_sha256", "\"" SHA "\""},
	    {"payload_type", "\"csv\""},
	    {"destination", "\"salesforce.import\""},
	    {"action", "\"salesforce.import\""},
	    {"policy_id", "\"crm-low-risk\""},
	    {"status", "\"pending_approval\""},
	    {"decision", "\"pending_approval\""},
	    {"block_reason", "\"Awaiting review\""},
	    {"created_at", "\"2023-11-14T22:13:20.000Z\""},
	    {"expires_at", "\"2023-11-14T23:13:20.000Z\""},
	    {"on_behalf_of", "null"},
	    {"idempotency_key", "null"},
	    {"risk_score", "0.3"},
	    {"risk_level", "\"medium\""},
	    {"sensitivity_tags", "\"[\\\"pii\\\",\\\"a\\\\\\\"b\\\"]\""},
	    {"tags", "[\"pii\",\"a\\\"b\"]"},
	    {"estimated_records", "847"},
	    {"estimated_value_usd", "null"},
	    {"approved_at", "null"},
	    {"message_id", "\"msg_0190aabbccdd1234\""},
	    {"approval_state", "\"waiting_input\""},
	    {"approval_link_expires_at", "null"},
	    {"approval_link_used_at", "null"},
	    {"profile_id", "null"},
	    {"profile_fields_hash", "null"},
	    {"required_approvals", "2"},
	    {"standing_approval_id", "null"},
	    {"has_approval_link", "false"},
	    {"urgency", "\"high\""},
	    {"metadata", "{\"scope\":\"team\"}"},
	    {"options.1", "{\"label\":\"Stop\",\"outcome\":\"deny\"}"},
	    {"decided_at", "null"},
	    {"decided_name", "null"},
	};
	struct intent in[2] = {sample(), sample()};
	struct call *call = zehrava_call(*state, "GET /v1/intents", NULL, NULL);
	json_t *o;

	assert_all(shown(*state, "GET /v1/intents/:id", in, 1), rows,
	    ARRAY_LEN(rows));
	call->intents = in;
	call->intents_n = 2;
	call->cursor = in[1].id;
	o = zehrava_answer_of(call);
	assert_all(zehrava_at(o, "intents.1"), rows, ARRAY_LEN(rows));
	zehrava_assert_at(o, "count", "2");
	zehrava_assert_at(o, "next_cursor", "\"int_0190aabbccdd1234\"");
	o = shown(*state, "GET /v1/proposals", in, 1);
	zehrava_assert_at(o, "proposals.0.id", "\"int_0190aabbccdd1234\"");
	zehrava_assert_at(o, "cursor", "null");
}

static const struct {
	enum intent_state state;
	enum execution_state execution;
	int chosen;
	const char *reason;
	const char *status, *decision, *block_reason, *approval_state;
} words[] = {
    {INTENT_PENDING, EXECUTION_NONE, -1, "why", "\"pending_approval\"",
	"\"pending_approval\"", "\"why\"", "\"waiting_input\""},
    {INTENT_APPROVED, EXECUTION_NONE, 0, NULL, "\"approved\"", "\"approved\"",
	"null", "\"answered\""},
    {INTENT_APPROVED, EXECUTION_LEASED, 0, NULL, "\"scheduled\"",
	"\"approved\"", "null", "\"answered\""},
    {INTENT_APPROVED, EXECUTION_SUCCEEDED, 0, NULL, "\"succeeded\"",
	"\"approved\"", "null", "\"answered\""},
    {INTENT_APPROVED, EXECUTION_FAILED, 0, NULL, "\"failed\"", "\"approved\"",
	"null", "\"answered\""},
    {INTENT_APPROVED, EXECUTION_LAPSED, 0, NULL, "\"failed\"", "\"approved\"",
	"null", "\"answered\""},
    {INTENT_DENIED, EXECUTION_NONE, 1, "no", "\"blocked\"", "\"blocked\"",
	"\"no\"", "\"answered\""},
    {INTENT_DENIED, EXECUTION_NONE, 1, NULL, "\"blocked\"", "\"blocked\"",
	"\"Rejected by reviewer\"", "\"answered\""},
    {INTENT_RESOLVED, EXECUTION_NONE, 2, NULL, "\"resolved\"", "\"resolved\"",
	"\"chose: Later\"", "\"answered\""},
    {INTENT_EXPIRED, EXECUTION_NONE, -1, "late", "\"expired\"", "\"expired\"",
	"\"late\"", "\"expired\""},
    {INTENT_CANCELLED, EXECUTION_NONE, -1, NULL, "\"blocked\"", "\"blocked\"",
	"\"Approval cancelled\"", "\"cancelled\""},
};

static void
every_state_has_its_word(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct intent in = sample();
		bool blocked = strcmp(words[i].status, "\"blocked\"") == 0;
		json_t *o;

		if (words[i].state != INTENT_PENDING) {
			settle(&in, words[i].state, words[i].chosen,
			    words[i].reason);
		}
		in.reason = words[i].reason;
		in.execution = words[i].execution;
		in.execution_id = "exe_1";
		o = shown(*state, "GET /v1/intents/:id", &in, 1);
		zehrava_assert_at(o, "status", words[i].status);
		zehrava_assert_at(o, "decision", words[i].decision);
		zehrava_assert_at(o, "block_reason", words[i].block_reason);
		zehrava_assert_at(o, "blockReason",
		    blocked ? words[i].block_reason : "null");
		zehrava_assert_at(o, "approval_state", words[i].approval_state);
		zehrava_assert_at(o, "approved_at",
		    words[i].state == INTENT_APPROVED
			? "\"2023-11-14T22:13:21.500Z\""
			: "null");
	}
}

static void
an_intent_is_shown_with_its_votes_and_execution(void **state)
{
	struct vote votes[] = {
	    {"dana", "Dana Li", "email", 0, NULL, 1700000001000},
	    {"lee", "Lee", "api", 9, "?", 1700000002000},
	};
	static const struct zehrava_asked payload = {.payload = "1"};
	struct intent in = sample();
	struct call *call =
	    zehrava_call(*state, "GET /v1/proposals/:id", NULL, &payload);
	json_t *o;

	settle(&in, INTENT_APPROVED, 0, NULL);
	in.execution = EXECUTION_LAPSED;
	in.execution_id = "exe_1";
	call->intents = &in;
	call->intents_n = 1;
	call->votes = votes;
	call->votes_n = 2;
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "votes.0",
	    "{\"person\":\"dana\",\"name\":\"Dana Li\",\"via\":\"email\","
	    "\"option\":\"Go\",\"outcome\":\"approve\",\"reason\":null,"
	    "\"created_at\":\"2023-11-14T22:13:21.000Z\"}");
	zehrava_assert_at(o, "votes.1.option", "null");
	zehrava_assert_at(o, "execution",
	    "{\"executionId\":\"exe_1\",\"execution_id\":\"exe_1\","
	    "\"status\":\"expired\"}");
	zehrava_assert_at(o, "decided_by", "\"dana\"");
	zehrava_assert_at(o, "decided_name", "\"Dana Li\"");
	zehrava_assert_at(o, "option", "\"Go\"");
	zehrava_assert_at(o, "manifest", "null");
	zehrava_assert_at(o, "approval_evidence", "null");
	zehrava_assert_at(o, "approval_interactions", "[]");
	zehrava_assert_at(o, "auditTrail", "[]");
	zehrava_assert_at(o, "payload", "null"); /* erased */
	call->payload = "a,b\n";
	call->payload_len = 4;
	zehrava_assert_at(zehrava_answer_of(call), "payload", "\"a,b\\n\"");
	call->http = NULL;
	assert_null(zehrava_at(zehrava_answer_of(call), "payload"));
	in.decided_via = in.decided_name = in.decided_by = "policy";
	zehrava_assert_at(zehrava_answer_of(call), "decided_name",
	    "\"system\"");
}

static void
a_verdict_is_a_record_of_its_own(void **state)
{
	static const struct wanted rows[] = {
	    {"id", "\"dec_0190aabbccdd1234\""},
	    {"intent_id", "\"int_0190aabbccdd1234\""},
	    {"status", "\"pending_approval\""},
	    {"decision", "\"pending_approval\""},
	    {"reason_code", "\"manual_review_required\""},
	    {"reason_detail", "\"Awaiting review\""},
	    {"risk_score", "0.3"},
	    {"risk_level", "\"medium\""},
	    {"policy_snapshot",
		"\"{\\\"policy\\\":\\\"crm-low-risk\\\","
		"\\\"destination\\\":\\\"salesforce.import\\\"}\""},
	    {"required_approvals", "2"},
	    {"evaluated_at", "\"2023-11-14T22:13:20.000Z\""},
	    {"approval_evidence", "null"},
	};
	struct intent in = sample();

	settle(&in, INTENT_DENIED, 1, "no"); /* a person's, not the policy's */
	assert_all(shown(*state, "GET /v1/intents/:id/decision", &in, 1), rows,
	    ARRAY_LEN(rows));
	in.verdict = INTENT_APPROVED;
	zehrava_assert_at(shown(*state, "GET /v1/intents/:id/decision", &in, 1),
	    "required_approvals", "0");
}

static void
answers_to_people_say_what_came_of_it(void **state)
{
	struct vote votes[] = {
	    {"dana", "Dana Li", "api", 0, NULL, 1},
	    {"lee", "Lee", "api", 1, NULL, 2},
	};
	struct intent in = sample();
	struct call *call =
	    zehrava_call(*state, "POST /v1/intents/:id/approve", NULL, NULL);
	json_t *o;

	call->intents = &in;
	call->intents_n = 1;
	call->votes = votes;
	call->votes_n = 2;
	in.approvals = 1;
	in.denials = 1;
	in.plan.deny_threshold = 2;
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "status", "\"pending_approval\"");
	zehrava_assert_at(o, "approvalState", "\"waiting_input\"");
	zehrava_assert_at(o, "votes", "1");
	zehrava_assert_at(o, "requiredApprovals", "2");
	zehrava_assert_at(o, "votedBy", "[\"Dana Li\"]");
	zehrava_assert_at(o, "deniedBy", "[\"Lee\"]");
	settle(&in, INTENT_APPROVED, 0, NULL);
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "status", "\"approved\"");
	zehrava_assert_at(o, "approvalState", "\"answered\"");
	zehrava_assert_at(o, "approvedAt", "\"2023-11-14T22:13:21.500Z\"");
	zehrava_assert_at(o, "intentId", "\"int_0190aabbccdd1234\"");
	zehrava_assert_at(o, "deliveryToken", "null");
	zehrava_assert_at(o, "autoDeliver", "false");
	zehrava_assert_at(o, "gate_exec", "false");
	zehrava_assert_at(o, "approvalEvidence", "null");
	zehrava_assert_at(o, "decision", "\"APPROVE\"");
	settle(&in, INTENT_DENIED, 1, "no");
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "status", "\"blocked\"");
	zehrava_assert_at(o, "reason", "\"no\"");
	zehrava_assert_at(o, "decision", "\"REJECT\"");
	assert_null(zehrava_at(o, "approvedAt"));
	settle(&in, INTENT_RESOLVED, 2, NULL);
	o = zehrava_answer_of(call);
	zehrava_assert_at(o, "status", "\"resolved\"");
	zehrava_assert_at(o, "option", "\"Later\"");
	zehrava_assert_at(o, "outcome", "\"other\"");
	zehrava_assert_at(o, "decision", "\"Later\"");
	settle(&in, INTENT_CANCELLED, -1, "stale");
	o = shown(*state, "POST /v1/intents/:id/cancel-approval", &in, 1);
	zehrava_assert_at(o, "status", "\"blocked\"");
	zehrava_assert_at(o, "approvalState", "\"cancelled\"");
	zehrava_assert_at(o, "reason", "\"stale\"");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(a_submit_is_answered_in_both_spellings),
	    TEST(a_submit_tells_what_the_policy_said),
	    TEST(a_row_has_every_column),
	    TEST(every_state_has_its_word),
	    TEST(an_intent_is_shown_with_its_votes_and_execution),
	    TEST(a_verdict_is_a_record_of_its_own),
	    TEST(answers_to_people_say_what_came_of_it),
	};

	return cmocka_run_group_tests_name("zehrava_show", tests, NULL, NULL);
}
