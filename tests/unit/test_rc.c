#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rc.h"
#include "lib/text.h"

static void
every_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < RC_COUNT; i++) {
		assert_non_null(rc_name((enum rc)i));
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(rc_name((enum rc)i),
			    rc_name((enum rc)j));
		}
	}
	assert_string_equal(rc_name(RC_COUNT), "unknown");
	assert_string_equal(rc_name((enum rc) - 1), "unknown");
}

static void
a_refusal_is_one_statement(void **state)
{
	struct fault f = {.retry_after_s = 7, .reason = "old"};

	(void)state;
	assert_int_equal(fault_set(&f, RC_CONFLICT, "token", "link %d", 5),
	    RC_CONFLICT);
	assert_int_equal(f.rc, RC_CONFLICT);
	assert_string_equal(f.field, "token");
	assert_string_equal(f.text, "link 5");
	assert_string_equal(f.reason, "");
	assert_int_equal(f.retry_after_s, 0);
	assert_int_equal(fault_reason(&f, "used"), RC_CONFLICT);
	assert_string_equal(f.reason, "used");
}

static void
nobody_needs_to_want_the_words(void **state)
{
	struct fault f;

	(void)state;
	assert_int_equal(fault_set(NULL, RC_BUSY, "x", "%s", "y"), RC_BUSY);
	assert_int_equal(fault_set(&f, RC_BUSY, NULL, "y"), RC_BUSY);
	assert_string_equal(f.field, "");
}

static void
a_fault_may_quote_itself(void **state)
{
	struct fault f;

	(void)state;
	fault_set(&f, RC_INVALID, "a", "bad");
	fault_set(&f, f.rc, f.field, "file: %s", f.text);
	assert_string_equal(f.field, "a");
	assert_string_equal(f.text, "file: bad");
}

static void
words_that_nobody_can_show_become_question_marks(void **state)
{
	static const struct {
		const char *given, *kept;
	} rows[] = {
	    {"a\nb\tc\x1b[0m", "a?b?c?[0m"},
	    {"del\x7f", "del?"},
	    {"c1\xc2\x85", "c1??"},
	    {"bad\xff\xc3(",
		"bad?"
		"?("},
	    {"fine \xc3\xa9 \xe2\x82\xac", "fine \xc3\xa9 \xe2\x82\xac"},
	};
	struct fault f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fault_set(&f, RC_INVALID, rows[i].given, "%s", rows[i].given);
		assert_string_equal(f.field, rows[i].kept);
		assert_string_equal(f.text, rows[i].kept);
		fault_reason(&f, rows[i].given);
		assert_string_equal(f.reason, rows[i].kept);
	}
}

static void
what_is_too_long_ends_in_dots_at_a_border(void **state)
{
	char euros[3 * 400 + 3];
	struct fault f;

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		memset(euros, 'x', shift);
		for (size_t i = 0; i < 400; i++) {
			memcpy(euros + shift + 3 * i, "\xe2\x82\xac", 3);
		}
		euros[shift + 3 * 400] = '\0';
		fault_set(&f, RC_INVALID, euros, "%s", euros);
		assert_true(text_is_utf8(f.text, strlen(f.text)));
		assert_true(strlen(f.text) >= sizeof(f.text) - 4);
		assert_string_equal(f.text + strlen(f.text) - 3, "...");
		assert_null(strchr(f.text, '?'));
		assert_string_equal(f.field + strlen(f.field) - 3, "...");
	}
	/* What just fits stays whole. */
	memset(euros, 'y', sizeof(f.text) - 1);
	euros[sizeof(f.text) - 1] = '\0';
	fault_set(&f, RC_INVALID, "", "%s", euros);
	assert_string_equal(f.text, euros);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kind_has_a_name_of_its_own),
	    cmocka_unit_test(a_refusal_is_one_statement),
	    cmocka_unit_test(nobody_needs_to_want_the_words),
	    cmocka_unit_test(a_fault_may_quote_itself),
	    cmocka_unit_test(words_that_nobody_can_show_become_question_marks),
	    cmocka_unit_test(what_is_too_long_ends_in_dots_at_a_border),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
