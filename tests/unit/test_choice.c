#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "choice.h"

static void
a_label_needs_something_to_see(void **state)
{
	static const struct {
		const char *label;
		bool can;
	} labels[] = {
	    {"Approve", true}, {" a ", true}, {"", false}, {"   ", false},
	    {"\xe2\x80\x8b", false},	/* zero width space */
	    {"\xe2\x80\xae ", false},	/* right-to-left override */
	    {"\xf0\x9f\x91\x8d", true}, /* thumbs up */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		assert_int_equal(choice_can_be_read(labels[i].label),
		    labels[i].can);
	}
}

static void
options_must_differ_and_hold_a_yes_and_a_no(void **state)
{
	static const struct {
		struct option options[3];
		int n;
		enum rc rc;
	} rows[] = {
	    {{{"Yes", OUTCOME_APPROVE}, {"No", OUTCOME_DENY}}, 2, RC_OK},
	    {{{"Yes", OUTCOME_APPROVE}, {"No", OUTCOME_DENY},
		 {"Later", OUTCOME_OTHER}},
		3, RC_OK},
	    {{{"Yes", OUTCOME_APPROVE}, {"Yes", OUTCOME_DENY}}, 2, RC_INVALID},
	    /* The second has a Cyrillic letter. */
	    {{{"Yes", OUTCOME_APPROVE}, {"Y\xd0\xb5s", OUTCOME_DENY}}, 2,
		RC_INVALID},
	    {{{"Yes", OUTCOME_APPROVE}, {"YES", OUTCOME_DENY}}, 2, RC_INVALID},
	    {{{"Yes", OUTCOME_APPROVE}, {"Sure", OUTCOME_APPROVE}}, 2,
		RC_INVALID},
	    {{{"No", OUTCOME_DENY}, {"Never", OUTCOME_DENY}}, 2, RC_INVALID},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault f = {0};

		assert_int_equal(choice_check(a, rows[i].options, rows[i].n,
				     &f),
		    rows[i].rc);
		assert_string_equal(f.field, "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_label_needs_something_to_see),
	    cmocka_unit_test(options_must_differ_and_hold_a_yes_and_a_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
