/* Forms as browsers send them, and as others do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/form.h"

static const struct {
	const char *body, *name, *value; /* NULL = absent */
} good[] = {
    {"", "a", NULL},
    {"a=1", "a", "1"},
    {"a=1&b=2", "b", "2"},
    {"a=1&a=2", "a", "1"},
    {"a", "a", ""},
    {"a=", "a", ""},
    {"&&a=1&&", "a", "1"},
    {"a=b=c", "a", "b=c"},
    {"a=x+y%20z", "a", "x y z"},
    {"%61=1", "a", "1"},
    {"a=%E2%82%AC", "a", "\xe2\x82\xac"},
    {"a=%0D%0Ab", "a", "\r\nb"},
    {"b=1", "a", NULL},
};

static const char *const bad[] = {
    "a=%",
    "a=%2",
    "a=%zz",
    "a=%00",
    "%00=a",
    "a=%ff",
    "a=%c0%80",
    "a=%ed%a0%80",
};

static void
fields_are_found_and_decoded(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct form f;
		const char *value;

		assert_int_equal(form_parse(a, good[i].body,
				     strlen(good[i].body), &f),
		    RC_OK);
		value = form_get(&f, good[i].name);
		if (good[i].value == NULL) {
			assert_null(value);
		} else {
			assert_string_equal(value, good[i].value);
		}
	}
}

static void
what_is_no_form_is_refused(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct form f;

		assert_int_equal(form_parse(a, bad[i], strlen(bad[i]), &f),
		    RC_INVALID);
	}
}

static void
too_many_fields_are_refused(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	char body[4 * (FORM_FIELDS_MAX + 1) + 1] = "";
	struct form f;

	(void)state;
	for (int i = 0; i < FORM_FIELDS_MAX; i++) {
		memcpy(body + 4 * i, "a=1&", 5);
	}
	assert_int_equal(form_parse(a, body, strlen(body), &f), RC_OK);
	assert_int_equal(f.n, FORM_FIELDS_MAX);
	memcpy(body + 4 * FORM_FIELDS_MAX, "a=1&", 5);
	assert_int_equal(form_parse(a, body, strlen(body), &f), RC_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields_are_found_and_decoded),
	    cmocka_unit_test(what_is_no_form_is_refused),
	    cmocka_unit_test(too_many_fields_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
