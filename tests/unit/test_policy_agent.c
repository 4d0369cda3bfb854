#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "policy_case.h"
#include "policy_folder.h"

/* The environment: by claim, or by what the agent's key is bound to. */
#define ENVIRONMENTS \
	"require_approval: always\n" \
	"rate_limits: {per_agent_per_hour: 7}\n" \
	"environments:\n" \
	"  staging: {require_approval: never, auto_approve_under: 5,\n" \
	"    rate_limits: {per_agent_per_day: 9}}\n" \
	"  strict: {block_if_terms: [hello]}\n"

static const struct {
	const char *bindings;
	const char *id, *name;
	const char *metadata;
	enum intent_state state;
	const char *code;
	long long per_hour, per_day;
} environments[] = {
    {"", "agt_1", "ci", NULL, INTENT_PENDING, "manual_review_required", 7, 0},
    {"", "agt_1", "ci", "staging", INTENT_APPROVED, "approved_by_policy", 0, 9},
    {"", "agt_1", "ci", "strict", INTENT_BLOCKED, "blocked_term_detected", 7,
	0},
    {"", "agt_1", "ci", "unknown", INTENT_PENDING, "manual_review_required", 7,
	0},
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
    {"{ci: staging, agt_1: strict}", "agt_1", "ci", NULL, INTENT_BLOCKED,
	"blocked_term_detected", 7, 0},
    {"{'*': strict, ci: staging}", "agt_1", "ci", NULL, INTENT_APPROVED,
	"approved_by_policy", 0, 9},
    {"{'*': strict, ci: staging}", "agt_1", "web", NULL, INTENT_BLOCKED,
	"blocked_term_detected", 7, 0},
    {"{'*': strict, ci: staging}", "agt_1", "web", "staging", INTENT_BLOCKED,
	"environment_mismatch", 0, 0},
    /* Nobody takes an id for a name. */
    {"{'*': strict, agt_9: staging}", "agt_1", "agt_9", NULL, INTENT_BLOCKED,
	"blocked_term_detected", 7, 0},
    {"{ci: staging}", "agt_1", "*", NULL, INTENT_PENDING,
	"manual_review_required", 7, 0},
    {"{ci: staging}", "agt_1", NULL, NULL, INTENT_PENDING,
	"manual_review_required", 7, 0},
};

static void
the_environment_replaces_the_later_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(environments); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		struct policy_agent who = {.id = environments[i].id,
		    .name = environments[i].name};
		struct policy_case r = {.payload = "hello", .records = 1};
		struct verdict v;

		r.policy = *environments[i].bindings == '\0'
		    ? ENVIRONMENTS
		    : arena_printf(a, "%sagent_environments: %s\n",
			  ENVIRONMENTS, environments[i].bindings);
		r.metadata = environments[i].metadata == NULL
		    ? NULL
		    : arena_printf(a, "{\"environment\": \"%s\"}",
			  environments[i].metadata);
		v = policy_case_judge(&r, &who, a);
		if (v.state != environments[i].state ||
		    strcmp(v.code, environments[i].code) != 0) {
			fail_msg("case %zu: %s: %s", i, v.code, v.reason);
		}
		assert_int_equal(v.rate_per_hour, environments[i].per_hour);
		assert_int_equal(v.rate_per_day, environments[i].per_day);
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
		struct policy_case r = {.policy = ENVIRONMENTS,
		    .payload = "hello",
		    .records = 1,
		    .metadata = claims[i]};
		struct verdict v = policy_case_judge(&r, &policy_case_agent, a);

		assert_int_equal(v.state, INTENT_PENDING);
		r.policy = ENVIRONMENTS "agent_environments: {agt_1: strict}\n";
		v = policy_case_judge(&r, &policy_case_agent, a);
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
		struct policy_case r = {.policy = AUTO, .records = 1};
		struct policy_agent who = {.id = "agt_1",
		    .name = "ci",
		    .allowed_policies = cases[i].policies,
		    .allowed_destinations = cases[i].destinations};
		struct verdict v = policy_case_judge(&r, &who, a);

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
	struct policy_case r = {0};
	struct verdict v;

	(void)state;
	buf_puts(&b, "destinations:\n");
	for (int i = 0; i < 25; i++) {
		buf_printf(&b, "- d%d\n", i);
	}
	r.policy = buf_str(&b);
	v = policy_case_judge(&r, &policy_case_agent, a);
	assert_non_null(strstr(v.reason, ": [d0, d1, "));
	assert_non_null(strstr(v.reason, ", d19, and 5 more]"));
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
	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d,
			     &policy_case_agent, a, &v, &f),
	    RC_INVALID);
	assert_string_equal(f.reason, "profile_required");
	d.profile = "email.send.v1";
	d.metadata = metadata;
	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d,
			     &policy_case_agent, a, &v, &f),
	    RC_OK);
	assert_string_equal(v.code, "destination_not_allowed");
}

static void
what_the_bytes_say_goes_before_the_type_of_a_dialect(void **state)
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
	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d,
			     &policy_case_agent, a, &v, &f),
	    RC_OK);
	assert_string_equal(v.code, "payload_type_not_allowed");
	d.payload = "a.exe";
	d.payload_len = 5;
	d.payload_type = "csv";
	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d,
			     &policy_case_agent, a, &v, &f),
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
	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d,
			     &policy_case_agent, a, &v, &f),
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
	struct policy_case r = {.policy = "{}\n"};
	struct verdict v = policy_case_judge(&r, &policy_case_agent, a);

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
	struct policy_case r = {.policy = AUTO
	    "rate_limits: {per_agent_per_hour: 5, "
	    "per_agent_per_day: 9}\n",
	    .records = 1};
	struct verdict v = policy_case_judge(&r, &policy_case_agent, a),
		       day = v;

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_environment_replaces_the_later_rules),
	    cmocka_unit_test(an_environment_that_is_no_text_is_no_way_out),
	    cmocka_unit_test(an_agent_keeps_to_what_its_key_allows),
	    cmocka_unit_test(a_long_list_is_told_in_part),
	    cmocka_unit_test(a_profile_is_looked_at_first),
	    cmocka_unit_test(
		what_the_bytes_say_goes_before_the_type_of_a_dialect),
	    cmocka_unit_test(the_verdict_carries_what_approval_takes),
	    cmocka_unit_test(defaults_are_one_approval_and_one_denial),
	    cmocka_unit_test(a_rate_limit_replaces_the_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
