#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/regex.h"
#include "policy_case.h"

#define CHECK(c) AUTO "field_checks: [{path: a.b, " c "}]\n"

static const struct policy_case rows[] = {
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
};

static void
a_field_that_breaks_its_check_blocks(void **state)
{
	(void)state;
	policy_cases_run(rows, ARRAY_LEN(rows));
}

static void
a_pattern_that_gives_up_asks_a_human(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf b = {0};
	struct policy_case r = {.records = 1};
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
	v = policy_case_judge(&r, &policy_case_agent, a);
	assert_int_equal(v.state, INTENT_PENDING);
	assert_string_equal(v.code, "manual_review_required");
	assert_string_equal(v.reason,
	    "Field 'a.b' could not be checked against its pattern");

	/* What breaks a rule for certain is still blocked. */
	r.policy = AUTO "field_checks: [{path: a.b, pattern: a},\n"
			"  {path: c, required: true}]\n";
	v = policy_case_judge(&r, &policy_case_agent, a);
	assert_string_equal(v.code, "field_check_failed");
	r.policy = CHECK("pattern: a") "block_if_terms: [b]\n";
	v = policy_case_judge(&r, &policy_case_agent, a);
	assert_string_equal(v.code, "blocked_term_detected");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_field_that_breaks_its_check_blocks),
	    cmocka_unit_test(a_pattern_that_gives_up_asks_a_human),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
