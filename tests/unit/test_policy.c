#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy_case.h"

#define SUE AUTO "block_if_terms: [zebra, sue]\n"

static const struct policy_case rows[] = {
    {.policy = "{}\n", AWAITING},

    /* Destination. */
    {.policy = "destinations: [a, b]\n",
	.destination = "c",
	BLOCKED(STEP_DESTINATION, "destination_not_allowed",
	    "Destination 'c' not in policy allowlist: [a, b]")},
    {.policy = "destinations: [a, b]\n", .destination = "b", AWAITING},
    {.policy = "destinations: zendesk.reply\n",
	.destination = "reply",
	BLOCKED(STEP_DESTINATION, "destination_not_allowed",
	    "Destination 'reply' not in policy allowlist: [zendesk.reply]")},
    {.policy = "destinations: zendesk.reply\n",
	.destination = "zendesk.reply",
	AWAITING},
    {.policy = "destinations: [zendesk.reply]\n",
	.destination = "Zendesk.reply",
	BLOCKED(STEP_DESTINATION, "destination_not_allowed",
	    "Destination 'Zendesk.reply' not in policy allowlist: "
	    "[zendesk.reply]")},
    {.policy = "destinations: []\n",
	.destination = "a",
	BLOCKED(STEP_DESTINATION, "destination_not_allowed",
	    "Destination 'a' not in policy allowlist: []")},

    /* Type. */
    {.policy = "allowed_types: [csv, json]\n",
	.payload = "a.pdf",
	BLOCKED(STEP_TYPE, "payload_type_not_allowed",
	    "Payload type 'pdf' not allowed. Allowed: [csv, json]")},
    {.policy = "allowed_types: [.CSV]\n", .payload = "./A.csv", AWAITING},
    {.policy = "allowed_types: [csv]\n",
	.payload = "a.exe",
	BLOCKED(STEP_TYPE, "payload_type_not_allowed",
	    "Payload type 'exe' not allowed. Allowed: [csv]")},
    {.policy = "allowed_types: [csv]\n", .payload = "Hello.", AWAITING},
    {.policy = "allowed_types: []\n",
	.payload = "a.csv",
	BLOCKED(STEP_TYPE, "payload_type_not_allowed",
	    "Payload type 'csv' not allowed. Allowed: []")},
    {.policy = "allowed_types: [csv]\n",
	.payload = "data:application/json,{}",
	BLOCKED(STEP_TYPE, "payload_type_not_allowed",
	    "Payload type 'json' not allowed. Allowed: [csv]")},

    /* Terms. */
    {.policy = SUE, .payload = "All is well.", .records = 1, ONE_APPROVED},
    {.policy = SUE,
	.payload = "your issue is resolved",
	.records = 1,
	ONE_APPROVED},
    {.policy = SUE,
	.payload = "I will sue you",
	.records = 1,
	TERM("Payload contains blocked term: \"sue\"")},
    {.policy = SUE,
	.payload = "I will sue you, see notes.txt",
	.records = 1,
	TERM("Payload contains blocked term: \"sue\"")},
    {.policy = SUE,
	.payload = "{\"a\": \"\\u0073\\u0075\\u0065\"}",
	.records = 1,
	TERM("Payload contains blocked term: \"sue\"")},
    {.policy = SUE,
	.payload = "data:text/plain;base64,SSBzdWU=",
	.records = 1,
	TERM("Payload contains blocked term: \"sue\"")},
    {.policy = SUE,
	.payload = "data:text/plain,I%20s%75e",
	.records = 1,
	TERM("Payload contains blocked term: \"sue\"")},
    {.policy = SUE,
	.payload = "data:text/plain;base64,!",
	.records = 1,
	PENDING(STEP_ALWAYS, "manual_review_required",
	    "The data: URI of the payload cannot be decoded")},
    {.policy = SUE "match: substring\n",
	.payload = "your issue is resolved",
	.records = 1,
	TERM("Payload contains blocked term: \"sue\"")},
    {.policy = SUE,
	.title = "I sue",
	.records = 1,
	TERM("Title contains blocked term: \"sue\"")},
    {.policy = SUE,
	.description = "I sue",
	.records = 1,
	TERM("Description contains blocked term: \"sue\"")},
    {.policy = SUE,
	.metadata = "{\"body\": [\"I s\\u0075e\"]}",
	.records = 1,
	TERM("Metadata contains blocked term: \"sue\"")},
    {.policy = SUE,
	.title = "a title",
	.description = "a description",
	.metadata = "{\"a\": 1}",
	.records = 1,
	ONE_APPROVED},

    /* Always. */
    {.policy = AUTO "require_approval: always\n",
	.records = 1,
	PENDING(STEP_ALWAYS, "manual_review_required",
	    "Policy requires human approval")},
    {.policy = AUTO "require_approval: never\n", .records = 1, ONE_APPROVED},

    /* Count. */
    {.policy = AUTO, AWAITING},
    {.policy = AUTO, .records = -1, AWAITING},
    {.policy = AUTO,
	.records = 5,
	APPROVED("Record count 5 is within auto-approve threshold (5)")},
    {.policy = AUTO, .records = 6, AWAITING},
    {.policy = AUTO "require_approval_over: 2\n",
	.records = 3,
	PENDING(STEP_COUNT, "record_threshold_exceeded",
	    "Record count 3 exceeds auto-approve threshold (2)")},
    {.policy = AUTO "require_approval_over: 0\n",
	.records = 1,
	PENDING(STEP_COUNT, "record_threshold_exceeded",
	    "Record count 1 exceeds auto-approve threshold (0)")},
    {.policy = "auto_approve_under: 0\n", .records = 1, AWAITING},
    {.policy = "auto_approve_under: 0\n", .records = -1, AWAITING},
    {.policy = "require_approval_over: 10\n", .records = 10, AWAITING},

    /* Scope. */
    {.policy = "require_approval_for: org_wide\n",
	.metadata = "{\"scope\": \"org_wide\"}",
	PENDING(STEP_SCOPE, "manual_review_required",
	    "Org-wide publish requires approval")},
    {.policy = "require_approval_for: org_wide\n",
	.metadata = "{\"scope\": \"team\"}",
	AWAITING},
    {.policy = "require_approval_for: org_wide\n",
	.metadata = "{\"scope\": 7}",
	AWAITING},
    {.policy = AUTO "require_approval_for: org_wide\n",
	.records = 1,
	.metadata = "{\"scope\": \"org_wide\"}",
	ONE_APPROVED},

    /* The order: what stands first decides. */
    {.policy = "destinations: []\nallowed_types: []\n",
	.payload = "a.csv",
	.state = INTENT_BLOCKED,
	.step = STEP_DESTINATION,
	.code = "destination_not_allowed"},
    {.policy = "allowed_types: []\nfield_checks: [{path: a, required: true}]\n",
	.payload = "a.csv",
	.state = INTENT_BLOCKED,
	.step = STEP_TYPE,
	.code = "payload_type_not_allowed"},
    {.policy = "field_checks: [{path: a, required: true}]\n"
	       "block_if_terms: [sue]\n",
	.payload = "sue",
	FIELD("Field 'a' is required but missing/empty")},
    {.policy = "require_approval: always\nblock_if_terms: [sue]\n",
	.payload = "sue",
	TERM("Payload contains blocked term: \"sue\"")},
    {.policy = "require_approval: always\nrequire_approval_over: 1\n",
	.records = 2,
	PENDING(STEP_ALWAYS, "manual_review_required",
	    "Policy requires human approval")},
};

static void
the_first_step_that_decides_gives_the_verdict(void **state)
{
	(void)state;
	policy_cases_run(rows, ARRAY_LEN(rows));
}

static void
every_step_says_what_it_saw(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		struct verdict v =
		    policy_case_judge(&rows[i], &policy_case_agent, a);

		assert_int_equal(v.notes_n, STEPS);
		for (int k = 0; k < v.notes_n; k++) {
			assert_int_equal(v.notes[k].step, k);
			assert_int_equal(v.notes[k].decided, (int)v.step == k);
			assert_int_equal(strcmp(v.notes[k].text,
					     "not reached") == 0,
			    k > (int)v.step);
		}
		assert_string_equal(v.notes[v.step].text, v.reason);
	}
}

static void
the_same_question_has_the_same_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		struct verdict one =
		    policy_case_judge(&rows[i], &policy_case_agent, a);
		struct verdict two =
		    policy_case_judge(&rows[i], &policy_case_agent, a);

		assert_int_equal(one.state, two.state);
		assert_string_equal(one.reason, two.reason);
		assert_true(one.risk.score == two.risk.score);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_step_that_decides_gives_the_verdict),
	    cmocka_unit_test(every_step_says_what_it_saw),
	    cmocka_unit_test(the_same_question_has_the_same_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
