#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/id.h"
#include "lib/rc.h"

enum { NOW = 1767323045 };

static void
an_id_is_its_prefix_and_sixteen_digits(void **state)
{
	struct id_source src = {0};
	char id[ID_SIZE];

	(void)state;
	id_next(&src, NOW * 1000LL, "int_", id);
	assert_int_equal(strlen(id), 20);
	/* 44 bits of milliseconds stand first. */
	assert_memory_equal(id, "int_", 4);
	assert_true(id_is(id, "int_"));
	assert_int_equal(strtoull(id + 4, NULL, 16) >> 20, NOW * 1000LL);
	id_next(&src, NOW * 1000LL, "sevenc_", id);
	assert_int_equal(strlen(id), 23);
}

static void
ids_rise_whatever_the_clock_does(void **state)
{
	struct id_source src = {0};
	char before[ID_SIZE] = "int_0", id[ID_SIZE];
	long long now = NOW * 1000LL;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		id_next(&src, now, "int_", id);
		assert_true(strcmp(id, before) > 0);
		strcpy(before, id);
		now += i % 1000 == 0 ? -5 : i % 700 == 0 ? 3 : 0;
	}
}

static void
ids_of_one_millisecond_stand_together(void **state)
{
	struct id_source src = {0};
	char a[ID_SIZE], b[ID_SIZE];

	(void)state;
	id_next(&src, NOW, "x_", a);
	id_next(&src, NOW, "y_", b);
	assert_int_equal(strtoull(a + 2, NULL, 16) + 1,
	    strtoull(b + 2, NULL, 16));
}

static void
two_sources_hardly_meet(void **state)
{
	int same = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct id_source one = {0}, two = {0};
		char a[ID_SIZE], b[ID_SIZE];

		id_next(&one, NOW, "x_", a);
		id_next(&two, NOW, "x_", b);
		same += strcmp(a, b) == 0;
	}
	/* One pair in a million is the same. */
	assert_true(same <= 1);
}

static void
what_was_seen_is_not_given_out_again(void **state)
{
	struct id_source src = {0};
	char id[ID_SIZE];

	(void)state;
	id_seen(&src, "int_00000fffff000000");
	id_next(&src, 5, "int_", id);
	assert_string_equal(id, "int_00000fffff000001");
	/* Lower ones and what is no id do not count. */
	id_seen(&src, "int_0000000000000001");
	id_seen(&src, "int_fffffffffffffff");
	id_seen(&src, "int_fffffffffffffffg");
	id_seen(&src, "");
	id_next(&src, 5, "int_", id);
	assert_string_equal(id, "int_00000fffff000002");
}

static void
only_ids_are_ids(void **state)
{
	static const struct {
		const char *id;
		int is;
	} rows[] = {
	    {"int_0123456789abcdef", 1},
	    {"int_0123456789abcde", 0},
	    {"int_0123456789abcdef0", 0},
	    {"int_0123456789ABCDEF", 0},
	    {"int_0123456789abcdeg", 0},
	    {"int_0123456789abcd\n", 0},
	    {"agt_0123456789abcdef", 0},
	    {"int0123456789abcdef", 0},
	    {"int_", 0},
	    {"int", 0},
	    {"", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(id_is(rows[i].id, "int_") != 0, rows[i].is);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_id_is_its_prefix_and_sixteen_digits),
	    cmocka_unit_test(ids_rise_whatever_the_clock_does),
	    cmocka_unit_test(ids_of_one_millisecond_stand_together),
	    cmocka_unit_test(two_sources_hardly_meet),
	    cmocka_unit_test(what_was_seen_is_not_given_out_again),
	    cmocka_unit_test(only_ids_are_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
