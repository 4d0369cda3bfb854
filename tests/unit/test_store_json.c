#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store_json.h"

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

static void
assert_strings_equal(const struct field_strings *a,
    const struct field_strings *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		assert_string_equal(a->items[i], b->items[i]);
	}
}

static void
strings_come_back_as_they_were_written(void **state)
{
	static const char *some[] = {"", "a\"b\\", "line\nend\t\x01",
	    "\xc3\xa9"};
	static const struct {
		struct field_strings strings;
		const char *text;
	} rows[] = {
	    {{NULL, 0}, "[]"},
	    {{some, 1}, "[\"\"]"},
	    {{some, 4},
		"[\"\",\"a\\\"b\\\\\",\"line\\nend\\t\\u0001\",\"\xc3\xa9\"]"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *text =
		    store_json_of_strings(*state, &rows[i].strings);
		struct field_strings back;

		assert_string_equal(text, rows[i].text);
		store_json_strings(text, *state, &back);
		assert_strings_equal(&back, &rows[i].strings);
	}
}

static void
options_come_back_as_they_were_written(void **state)
{
	const struct intent in = {.options_n = 3,
	    .options = {{"Ship \"it\"", OUTCOME_APPROVE}, {"No", OUTCOME_DENY},
		{"Ask again", OUTCOME_OTHER}}};
	const char *text = store_json_of_options(*state, &in);
	struct intent back = {0};

	assert_string_equal(text,
	    "[[\"Ship \\\"it\\\"\",0],[\"No\",1],[\"Ask again\",2]]");
	store_json_options(text, *state, &back);
	assert_int_equal(back.options_n, 3);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(back.options[i].label, in.options[i].label);
		assert_int_equal(back.options[i].outcome,
		    in.options[i].outcome);
	}
}

static void
a_plan_comes_back_as_it_was_written(void **state)
{
	static const char *people[] = {"dana", "lee"}, *rooms[] = {"ops"};
	const struct plan plan = {.approvers = {people, 2},
	    .channels = {rooms, 1},
	    .open = true,
	    .required = 2,
	    .deny_threshold = 3,
	    .reason_required = true};
	const char *text = store_json_of_plan(*state, &plan);
	struct plan back;

	assert_string_equal(text,
	    "{\"approvers\":[\"dana\",\"lee\"],\"channels\":[\"ops\"],"
	    "\"excluded\":[],\"open\":true,\"deny\":3,\"reason\":true}");
	store_json_plan(text, *state, &back);
	assert_strings_equal(&back.approvers, &plan.approvers);
	assert_strings_equal(&back.channels, &plan.channels);
	assert_int_equal(back.excluded.n, 0);
	assert_true(back.open && back.reason_required);
	assert_int_equal(back.deny_threshold, 3);
	assert_int_equal(back.required, 1); /* it has a column */
}

/* What most plans do not have is not written. */
static void
a_plan_with_roles_and_reasons_comes_back(void **state)
{
	static const char *roles[] = {"7/8", "7/9"};
	const struct plan plan = {.roles = {roles, 2}, .approve_reason = true};
	struct plan back;

	store_json_plan(store_json_of_plan(*state, &plan), *state, &back);
	assert_strings_equal(&back.roles, &plan.roles);
	assert_true(back.approve_reason);
	assert_false(back.reason_required);
}

static void
damaged_text_reads_as_empty_and_nobody_may_decide(void **state)
{
	static const char *const rows[] = {NULL, "", "[", "{}", "[1]",
	    "[[\"Approve\"]]", "[[\"Approve\",3]]", "[[\"Approve\",-1]]",
	    "[[1,0]]", "{\"approvers\":[]}"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct field_strings strings;
		struct intent in = {.options_n = 2};
		struct plan plan = {.open = true};

		store_json_strings(rows[i], *state, &strings);
		assert_int_equal(strings.n, 0);
		store_json_options(rows[i], *state, &in);
		assert_int_equal(in.options_n, 0);
		store_json_plan(rows[i], *state, &plan);
		assert_false(plan.open);
		assert_int_equal(plan.approvers.n, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strings_come_back_as_they_were_written),
	    cmocka_unit_test(options_come_back_as_they_were_written),
	    cmocka_unit_test(a_plan_comes_back_as_it_was_written),
	    cmocka_unit_test(a_plan_with_roles_and_reasons_comes_back),
	    cmocka_unit_test(damaged_text_reads_as_empty_and_nobody_may_decide),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
