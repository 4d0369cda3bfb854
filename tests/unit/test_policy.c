#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/regex.h"
#include "policy_folder.h"

/* A policy, what is asked of it, and its verdict. */
struct row {
	const char *policy;
	const char *payload;	 /* NULL = none */
	const char *destination; /* NULL = "x" */
	long long records;	 /* 0 = not given; -1 = given as 0 */
	const char *metadata, *title, *description;
	enum intent_state state;
	enum policy_step step;
	const char *code, *reason;
};

#define PENDING(at, how, why) \
	.state = INTENT_PENDING, .step = (at), .code = (how), .reason = (why)
#define BLOCKED(at, how, why) \
	.state = INTENT_BLOCKED, .step = (at), .code = (how), .reason = (why)
#define APPROVED(why) \
	.state = INTENT_APPROVED, .step = STEP_COUNT, \
	.code = "approved_by_policy", .reason = (why)
#define AWAITING \
	PENDING(STEP_DEFAULT, "manual_review_required", "Awaiting review")
#define ONE_APPROVED \
	APPROVED("Record count 1 is within auto-approve threshold (5)")
#define FIELD(why) BLOCKED(STEP_FIELDS, "field_check_failed", why)
#define TERM(why)  BLOCKED(STEP_TERMS, "blocked_term_detected", why)

/* Policies that approve one record, so that a check that is missed shows. */
#define AUTO	 "auto_approve_under: 5\n"
#define CHECK(c) AUTO "field_checks: [{path: a.b, " c "}]\n"
#define SUE	 AUTO "block_if_terms: [zebra, sue]\n"

static const struct row rows[] = {
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

    /* Fields. */
    {.policy = CHECK("required: true"),
	.payload = "{\"a\": {\"b\": 1}}",
	.records = 1,
	ONE_APPROVED},
    {.policy = CHECK("required: true"),
	.payload = "{\"a\": {\"b\": \"\"}}",
	.records = 1,
	FIELD("Field 'a.b' is required but missing/empty")},
    {.policy = CHECK("required: true"),
	.payload = "{\"a\": {\"b\": null}}",
	.records = 1,
	FIELD("Field 'a.b' is required but missing/empty")},
    {.policy = CHECK("required: true"),
	.payload = "{\"a.b\": 1}",
	.records = 1,
	FIELD("Field 'a.b' is required but missing/empty")},
    {.policy = CHECK("required: true"),
	.payload = "[1]",
	.records = 1,
	FIELD("Field 'a.b' is required but missing/empty")},
    {.policy = CHECK("required: true"),
	.payload = "no JSON",
	.records = 1,
	FIELD("Field 'a.b' is required but missing/empty")},
    {.policy = CHECK("required: true"),
	.records = 1,
	FIELD("Field 'a.b' is required but missing/empty")},
    {.policy = CHECK("max: 5"),
	.payload = "no JSON",
	.records = 1,
	ONE_APPROVED},
    {.policy = CHECK("max: 5"), .records = 1, ONE_APPROVED},
    {.policy = CHECK("max: 5"),
	.payload = "{\"a\": {}}",
	.records = 1,
	ONE_APPROVED},
    {.policy = CHECK("max: 5"),
	.payload = "{\"a\": {\"b\": 5}}",
	.records = 1,
	ONE_APPROVED},
    {.policy = CHECK("max: 5"),
	.payload = "{\"a\": {\"b\": 5.5}}",
	.records = 1,
	FIELD("Field 'a.b' value 5.5 exceeds max 5")},
    {.policy = CHECK("max: 500"),
	.payload = "{\"a\": {\"b\": 9999}}",
	.records = 1,
	FIELD("Field 'a.b' value 9999 exceeds max 500")},
    {.policy = CHECK("max: 500"),
	.payload = "{\"a\": {\"b\": \"9999\"}}",
	.records = 1,
	FIELD("Field 'a.b' value 9999 exceeds max 500")},
    {.policy = CHECK("max: 500"),
	.payload = "{\"a\": {\"b\": \" 9.999e3 \"}}",
	.records = 1,
	FIELD("Field 'a.b' value  9.999e3  exceeds max 500")},
    {.policy = CHECK("max: 500"),
	.payload = "{\"a\": {\"b\": \"499\"}}",
	.records = 1,
	ONE_APPROVED},
    {.policy = CHECK("max: 500"),
	.payload = "{\"a\": {\"b\": \"$9999\"}}",
	.records = 1,
	FIELD("Field 'a.b' must be a number")},
    {.policy = CHECK("max: 500"),
	.payload = "{\"a\": {\"b\": \"0x1\"}}",
	.records = 1,
	FIELD("Field 'a.b' must be a number")},
    {.policy = CHECK("max: 500"),
	.payload = "{\"a\": {\"b\": \"1e999\"}}",
	.records = 1,
	FIELD("Field 'a.b' must be a number")},
    {.policy = CHECK("max: 500"),
	.payload = "{\"a\": {\"b\": \"1,5\"}}",
	.records = 1,
	FIELD("Field 'a.b' must be a number")},
    {.policy = CHECK("max: 500"),
	.payload = "{\"a\": {\"b\": true}}",
	.records = 1,
	FIELD("Field 'a.b' must be a number")},
    {.policy = CHECK("max: 500"),
	.payload = "{\"a\": {\"b\": [9999]}}",
	.records = 1,
	FIELD("Field 'a.b' must be a number")},
    {.policy = CHECK("min: 0.5"),
	.payload = "{\"a\": {\"b\": -1}}",
	.records = 1,
	FIELD("Field 'a.b' value -1 is below min 0.5")},
    {.policy = CHECK("min: 1"),
	.payload = "{\"a\": {\"b\": 1}}",
	.records = 1,
	ONE_APPROVED},
    {.policy = CHECK("max_length: 3"),
	.payload = "{\"a\": {\"b\": \"\xc3\xa4\xc3\xb6\xc3\xbc\"}}",
	.records = 1,
	ONE_APPROVED},
    {.policy = CHECK("max_length: 3"),
	.payload = "{\"a\": {\"b\": \"abcd\"}}",
	.records = 1,
	FIELD("Field 'a.b' length 4 exceeds max 3")},
    {.policy = CHECK("max_length: 3"),
	.payload = "{\"a\": {\"b\": [1, 2, 3, 4]}}",
	.records = 1,
	FIELD("Field 'a.b' length 4 exceeds max 3")},
    {.policy = CHECK("max_length: 3"),
	.payload = "{\"a\": {\"b\": 12345}}",
	.records = 1,
	FIELD("Field 'a.b' length 5 exceeds max 3")},
    {.policy = CHECK("max_length: 3"),
	.payload = "{\"a\": {\"b\": {\"c\": \"long text\"}}}",
	.records = 1,
	FIELD("Field 'a.b' must be text or a list")},
    {.policy = CHECK("pattern: '^[a-z]+$'"),
	.payload = "{\"a\": {\"b\": \"abc\"}}",
	.records = 1,
	ONE_APPROVED},
    {.policy = CHECK("pattern: '^[a-z]+$'"),
	.payload = "{\"a\": {\"b\": \"abc\\n\"}}",
	.records = 1,
	FIELD("Field 'a.b' format invalid")},
    {.policy = CHECK("pattern: b"),
	.payload = "{\"a\": {\"b\": \"abc\"}}",
	.records = 1,
	ONE_APPROVED},
    {.policy = CHECK("pattern: '^[a-z]+$'"),
	.payload = "{\"a\": {\"b\": 7}}",
	.records = 1,
	FIELD("Field 'a.b' format invalid")},
    {.policy = CHECK("pattern: '^[a-z]+$'"),
	.payload = "{\"a\": {\"b\": [\"abc\"]}}",
	.records = 1,
	FIELD("Field 'a.b' format invalid")},
    {.policy = AUTO "field_checks: [{path: a.1.b, max: 1}]\n",
	.payload = "{\"a\": [{\"b\": 9}, {\"b\": 2}]}",
	.records = 1,
	FIELD("Field 'a.1.b' value 2 exceeds max 1")},
    {.policy = AUTO "field_checks: [{path: a.01x.b, required: true}]\n",
	.payload = "{\"a\": [{\"b\": 9}, {\"b\": 2}]}",
	.records = 1,
	FIELD("Field 'a.01x.b' is required but missing/empty")},
    {.policy = CHECK("max: 5"),
	.payload = "{\"a\": {\"b\": 1}, \"a\": {\"b\": 9}}",
	.records = 1,
	.state = INTENT_BLOCKED,
	.step = STEP_FIELDS,
	.code = "field_check_failed"},
    {.policy = CHECK("max: 5"),
	.payload = " {\"a\": {\"b\": 9}} x",
	.records = 1,
	.state = INTENT_BLOCKED,
	.step = STEP_FIELDS,
	.code = "field_check_failed"},
    {.policy = CHECK("max: 5"),
	.payload = "\xef\xbb\xbf{\"a\": {\"b\": 9}}",
	.records = 1,
	.state = INTENT_BLOCKED,
	.step = STEP_FIELDS,
	.code = "field_check_failed"},
    {.policy = CHECK("max: 5"),
	.payload = "data:application/json;base64,eyJhIjp7ImIiOjl9fQ==",
	.records = 1,
	FIELD("Field 'a.b' value 9 exceeds max 5")},
    {.policy = CHECK("max: 5"),
	.payload = "data:application/json;base64,eyJhIjp7ImIiOjl9f",
	.records = 1,
	PENDING(STEP_ALWAYS, "manual_review_required",
	    "The data: URI of the payload cannot be decoded")},

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

/* The agent that asks. */
static const struct policy_agent agent = {.id = "agt_1", .name = "ci"};

static struct verdict
judge_as(const struct row *r, const struct policy_agent *who, struct arena *a)
{
	CLEANUP(policy_set_drop) struct policy_set *set =
	    policy_set_of(r->policy);
	CLEANUP(json_drop) json_t *metadata =
	    r->metadata == NULL ? NULL : json_loads(r->metadata, 0, NULL);
	const char *payload = r->payload == NULL ? "" : r->payload;
	struct draft d = {
	    .destination = r->destination == NULL ? "x" : r->destination,
	    .payload = payload,
	    .payload_len = strlen(payload),
	    .has_record_count = r->records != 0,
	    .record_count = r->records > 0 ? r->records : 0,
	    .metadata = metadata,
	    .title = r->title,
	    .description = r->description,
	};
	struct verdict v;
	struct fault f = {0};

	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d, who, a,
			     &v, &f),
	    RC_OK);
	/* The policy may go before the verdict is looked at here. */
	v.reason = arena_strdup(a, v.reason);
	return v;
}

static void
the_first_step_that_decides_gives_the_verdict(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		const struct row *r = &rows[i];
		struct verdict v = judge_as(r, &agent, a);

		if (v.state != r->state || v.step != r->step ||
		    strcmp(v.code, r->code) != 0 ||
		    (r->reason != NULL && strcmp(v.reason, r->reason) != 0)) {
			print_error("%s%s: %s at %s: %s: %s\n", r->policy,
			    r->payload == NULL ? "" : r->payload,
			    intent_state_name(v.state),
			    policy_step_name(v.step), v.code, v.reason);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void
every_step_says_what_it_saw(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		struct verdict v = judge_as(&rows[i], &agent, a);

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

/* The environment: by claim, or by what the agent's key is bound to. */
#define ENVIRONMENTS \
	"require_approval: always\n" \
	"rate_limits: {per_agent_per_hour: 7}\n" \
	"environments:\n" \
	"  staging: {require_approval: never, auto_approve_under: 5,\n" \
	"    rate_limits: {per_agent_per_day: 9}}\n" \
	"  strict: {block_if_terms: [hello]}\n"

static void
the_environment_replaces_the_later_rules(void **state)
{
	static const struct {
		const char *bindings;
		const char *id, *name;
		const char *metadata;
		enum intent_state state;
		const char *code;
		long long per_hour, per_day;
	} cases[] = {
	    {"", "agt_1", "ci", NULL, INTENT_PENDING, "manual_review_required",
		7, 0},
	    {"", "agt_1", "ci", "staging", INTENT_APPROVED,
		"approved_by_policy", 0, 9},
	    {"", "agt_1", "ci", "strict", INTENT_BLOCKED,
		"blocked_term_detected", 7, 0},
	    {"", "agt_1", "ci", "unknown", INTENT_PENDING,
		"manual_review_required", 7, 0},
	    {"{agt_1: strict}", "agt_1", "ci", NULL, INTENT_BLOCKED,
		"blocked_term_detected", 7, 0},
	    {"{agt_1: strict}", "agt_1", "ci", "strict", INTENT_BLOCKED,
		"blocked_term_detected", 7, 0},
	    {"{agt_1: strict}", "agt_1", "ci", "staging", INTENT_BLOCKED,
		"environment_mismatch", 0, 0},
	    {"{agt_1: strict}", "agt_1", "ci", "", INTENT_BLOCKED,
		"environment_mismatch", 0, 0},
	    {"{agt_1: strict}", "agt_2", "ci", "staging", INTENT_APPROVED,
		"approved_by_policy", 0, 9},
	    {"{ci: staging}", "agt_1", "ci", NULL, INTENT_APPROVED,
		"approved_by_policy", 0, 9},
	    {"{ci: staging, agt_1: strict}", "agt_1", "ci", NULL,
		INTENT_BLOCKED, "blocked_term_detected", 7, 0},
	    {"{'*': strict, ci: staging}", "agt_1", "ci", NULL, INTENT_APPROVED,
		"approved_by_policy", 0, 9},
	    {"{'*': strict, ci: staging}", "agt_1", "web", NULL, INTENT_BLOCKED,
		"blocked_term_detected", 7, 0},
	    {"{'*': strict, ci: staging}", "agt_1", "web", "staging",
		INTENT_BLOCKED, "environment_mismatch", 0, 0},
	    /* Nobody takes an id for a name. */
	    {"{'*': strict, agt_9: staging}", "agt_1", "agt_9", NULL,
		INTENT_BLOCKED, "blocked_term_detected", 7, 0},
	    {"{ci: staging}", "agt_1", "*", NULL, INTENT_PENDING,
		"manual_review_required", 7, 0},
	    {"{ci: staging}", "agt_1", NULL, NULL, INTENT_PENDING,
		"manual_review_required", 7, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		struct policy_agent who = {.id = cases[i].id,
		    .name = cases[i].name};
		struct row r = {.payload = "hello", .records = 1};
		struct verdict v;

		r.policy = *cases[i].bindings == '\0'
		    ? ENVIRONMENTS
		    : arena_printf(a, "%sagent_environments: %s\n",
			  ENVIRONMENTS, cases[i].bindings);
		r.metadata = cases[i].metadata == NULL
		    ? NULL
		    : arena_printf(a, "{\"environment\": \"%s\"}",
			  cases[i].metadata);
		v = judge_as(&r, &who, a);
		if (v.state != cases[i].state ||
		    strcmp(v.code, cases[i].code) != 0) {
			fail_msg("case %zu: %s: %s", i, v.code, v.reason);
		}
		assert_int_equal(v.rate_per_hour, cases[i].per_hour);
		assert_int_equal(v.rate_per_day, cases[i].per_day);
	}
}

static void
an_environment_that_is_no_text_is_no_way_out(void **state)
{
	static const char *const claims[] = {"{\"environment\": 7}",
	    "{\"environment\": [\"staging\"]}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(claims); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		struct row r = {.policy = ENVIRONMENTS,
		    .payload = "hello",
		    .records = 1,
		    .metadata = claims[i]};
		struct verdict v = judge_as(&r, &agent, a);

		assert_int_equal(v.state, INTENT_PENDING);
		r.policy = ENVIRONMENTS "agent_environments: {agt_1: strict}\n";
		v = judge_as(&r, &agent, a);
		assert_string_equal(v.code, "environment_mismatch");
	}
}

static void
an_agent_keeps_to_what_its_key_allows(void **state)
{
	static const char *p[] = {"p"}, *q[] = {"q", "r"}, *x[] = {"x"},
			  *y[] = {"y"};
	static const struct {
		struct field_strings policies, destinations;
		const char *code, *reason; /* NULL = goes on */
	} cases[] = {
	    {{NULL, 0}, {NULL, 0}, NULL, NULL},
	    {{p, 1}, {x, 1}, NULL, NULL},
	    {{q, 2}, {x, 1}, "policy_not_allowed",
		"Policy 'p' not allowed for agent agt_1. Allowed: [q, r]"},
	    {{p, 1}, {y, 1}, "destination_not_allowed",
		"Destination 'x' not allowed for agent agt_1. Allowed: [y]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		struct row r = {.policy = AUTO, .records = 1};
		struct policy_agent who = {.id = "agt_1",
		    .name = "ci",
		    .allowed_policies = cases[i].policies,
		    .allowed_destinations = cases[i].destinations};
		struct verdict v = judge_as(&r, &who, a);

		if (cases[i].code == NULL) {
			assert_int_equal(v.state, INTENT_APPROVED);
			continue;
		}
		assert_int_equal(v.state, INTENT_BLOCKED);
		assert_string_equal(v.code, cases[i].code);
		assert_string_equal(v.reason, cases[i].reason);
	}
}

static void
a_long_list_is_told_in_part(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf b = {0};
	struct row r = {0};
	struct verdict v;

	(void)state;
	buf_puts(&b, "destinations:\n");
	for (int i = 0; i < 25; i++) {
		buf_printf(&b, "- d%d\n", i);
	}
	r.policy = buf_str(&b);
	v = judge_as(&r, &agent, a);
	assert_non_null(strstr(v.reason, ": [d0, d1, "));
	assert_non_null(strstr(v.reason, ", d19, and 5 more]"));
}

static void
a_pattern_that_gives_up_asks_a_human(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf b = {0};
	struct row r = {.records = 1};
	struct verdict v;

	(void)state;
	/* Longer than any text that is searched: the answer is unknown. */
	buf_puts(&b, "{\"a\": {\"b\": \"");
	for (int i = 0; i < REGEX_SUBJECT_MAX + 1; i++) {
		buf_putc(&b, 'a');
	}
	buf_puts(&b, "\"}}");
	r.payload = buf_str(&b);
	r.policy = CHECK("pattern: a");
	v = judge_as(&r, &agent, a);
	assert_int_equal(v.state, INTENT_PENDING);
	assert_string_equal(v.code, "manual_review_required");
	assert_string_equal(v.reason,
	    "Field 'a.b' could not be checked against its pattern");

	/* What breaks a rule for certain is still blocked. */
	r.policy = AUTO "field_checks: [{path: a.b, pattern: a},\n"
			"  {path: c, required: true}]\n";
	v = judge_as(&r, &agent, a);
	assert_string_equal(v.code, "field_check_failed");
	r.policy = CHECK("pattern: a") "block_if_terms: [b]\n";
	v = judge_as(&r, &agent, a);
	assert_string_equal(v.code, "blocked_term_detected");
}

static void
a_profile_is_looked_at_first(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(policy_set_drop) struct policy_set *set =
	    policy_set_of("destinations: []\nrequire_profile: email.send.v1\n");
	CLEANUP(json_drop) json_t *metadata =
	    json_loads("{\"to\": \"a\", \"subject\": \"b\"}", 0, NULL);
	struct draft d = {.destination = "x", .payload = ""};
	struct verdict v;
	struct fault f = {0};

	(void)state;
	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d, &agent,
			     a, &v, &f),
	    RC_INVALID);
	assert_string_equal(f.reason, "profile_required");
	d.profile = "email.send.v1";
	d.metadata = metadata;
	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d, &agent,
			     a, &v, &f),
	    RC_OK);
	assert_string_equal(v.code, "destination_not_allowed");
}

static void
the_type_that_a_dialect_knows_counts_where_the_bytes_say_nothing(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(policy_set_drop) struct policy_set *set =
	    policy_set_of("allowed_types: [csv]\n");
	struct draft d = {.destination = "x",
	    .payload = "{}",
	    .payload_len = 2,
	    .payload_type = "json"};
	struct verdict v;
	struct fault f = {0};

	(void)state;
	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d, &agent,
			     a, &v, &f),
	    RC_OK);
	assert_string_equal(v.code, "payload_type_not_allowed");
	d.payload = "a.exe";
	d.payload_len = 5;
	d.payload_type = "csv";
	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d, &agent,
			     a, &v, &f),
	    RC_OK);
	assert_string_equal(v.code, "payload_type_not_allowed");
}

static void
the_verdict_carries_what_approval_takes(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(policy_set_drop) struct policy_set *set =
	    policy_set_of("approvers: [finance, kim]\nchannels: ops\n"
			  "require_approvals: 2\ndeny_threshold: 2\n"
			  "expiry_minutes: 15\nself_approval: true\n"
			  "require_reason: true\n");
	struct draft d = {.destination = "stripe.refund", .payload = ""};
	struct verdict v;
	struct fault f = {0};

	(void)state;
	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d, &agent,
			     a, &v, &f),
	    RC_OK);
	assert_int_equal(v.required, 2);
	assert_int_equal(v.deny_threshold, 2);
	assert_int_equal(v.expiry_s, 900);
	assert_true(v.self_approval);
	assert_true(v.reason_required);
	assert_int_equal(v.approvers.n, 2);
	assert_string_equal(v.approvers.items[1], "kim");
	assert_int_equal(v.channels.n, 1);
	assert_string_equal(v.risk.level, "medium");
}

static void
defaults_are_one_approval_and_one_denial(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct row r = {.policy = "{}\n"};
	struct verdict v = judge_as(&r, &agent, a);

	(void)state;
	assert_int_equal(v.required, 1);
	assert_int_equal(v.deny_threshold, 1);
	assert_int_equal(v.expiry_s, 0);
	assert_int_equal(v.rate_per_hour, 0);
	assert_false(v.self_approval);
	assert_false(v.reason_required);
	assert_int_equal(v.approvers.n, 0);
}

static void
a_rate_limit_replaces_the_verdict(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct row r = {.policy = AUTO "rate_limits: {per_agent_per_hour: 5, "
				       "per_agent_per_day: 9}\n",
	    .records = 1};
	struct verdict v = judge_as(&r, &agent, a), day = v;

	(void)state;
	assert_int_equal(v.state, INTENT_APPROVED);
	assert_int_equal(v.rate_per_hour, 5);
	assert_int_equal(v.rate_per_day, 9);
	policy_rate_verdict(a, &v, 6, false, "agt_1");
	assert_int_equal(v.state, INTENT_BLOCKED);
	assert_int_equal(v.step, STEP_RATE);
	assert_string_equal(v.code, "rate_limit_exceeded");
	assert_string_equal(v.reason,
	    "Rate limit exceeded: 5/hour for agent agt_1");
	assert_int_equal(v.notes_n, STEPS);
	for (int i = 0; i < v.notes_n; i++) {
		assert_int_equal(v.notes[i].decided, i == STEP_RATE);
	}
	assert_string_equal(v.notes[STEP_FIELDS].text, "not reached");
	policy_rate_verdict(a, &day, 9, true, "agt_1");
	assert_string_equal(day.reason,
	    "Rate limit exceeded: 9/day for agent agt_1");
}

static void
the_same_question_has_the_same_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		struct verdict one = judge_as(&rows[i], &agent, a);
		struct verdict two = judge_as(&rows[i], &agent, a);

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
	    cmocka_unit_test(the_environment_replaces_the_later_rules),
	    cmocka_unit_test(an_environment_that_is_no_text_is_no_way_out),
	    cmocka_unit_test(an_agent_keeps_to_what_its_key_allows),
	    cmocka_unit_test(a_long_list_is_told_in_part),
	    cmocka_unit_test(a_pattern_that_gives_up_asks_a_human),
	    cmocka_unit_test(a_profile_is_looked_at_first),
	    cmocka_unit_test(
		the_type_that_a_dialect_knows_counts_where_the_bytes_say_nothing),
	    cmocka_unit_test(the_verdict_carries_what_approval_takes),
	    cmocka_unit_test(defaults_are_one_approval_and_one_denial),
	    cmocka_unit_test(a_rate_limit_replaces_the_verdict),
	    cmocka_unit_test(the_same_question_has_the_same_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
