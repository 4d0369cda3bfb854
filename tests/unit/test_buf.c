#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"

static void
it_grows_and_is_always_a_string(void **state)
{
	CLEANUP(buf_fini) struct buf b = {0};
	char expected[4001] = "";

	(void)state;
	assert_string_equal(buf_str(&b), "");
	for (size_t i = 0; i < 1000; i++) {
		buf_puts(&b, "ab");
		buf_putc(&b, 'c');
		buf_add(&b, "dxx", 1);
		memcpy(expected + 4 * i, "abcd", 5);
		assert_int_equal(b.len, 4 * i + 4);
		assert_int_equal(strlen(buf_str(&b)), b.len);
	}
	assert_string_equal(buf_str(&b), expected);
	assert_false(b.full);
}

static void
it_formats_into_whatever_room_there_is(void **state)
{
	CLEANUP(buf_fini) struct buf b;

	(void)state;
	buf_init(&b, 0);
	buf_printf(&b, "%s:%d", "x", 7);
	assert_string_equal(buf_str(&b), "x:7");
	buf_printf(&b, "%*d", 5000, 1);
	assert_int_equal(b.len, 5003);
	assert_int_equal(buf_str(&b)[5002], '1');
	buf_printf(&b, "%s", "");
	assert_int_equal(b.len, 5003);
}

static void
nothing_passes_the_maximum(void **state)
{
	CLEANUP(buf_fini) struct buf b;

	(void)state;
	buf_init(&b, 10);
	buf_puts(&b, "0123456789");
	assert_false(b.full);
	assert_string_equal(buf_str(&b), "0123456789");
	buf_putc(&b, 'x');
	assert_true(b.full);
	assert_string_equal(buf_str(&b), "0123456789");
	buf_clear(&b);
	assert_false(b.full);
	assert_string_equal(buf_str(&b), "");
	buf_printf(&b, "%s", "01234567890");
	assert_true(b.full);
	assert_int_equal(b.len, 0);
}

static void
after_a_refusal_smaller_pieces_are_refused_too(void **state)
{
	CLEANUP(buf_fini) struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_puts(&b, "12345");
	buf_puts(&b, "1");
	buf_printf(&b, "2");
	buf_putc(&b, '3');
	assert_true(b.full);
	assert_string_equal(buf_str(&b), "");
	buf_add(&b, "huge", SIZE_MAX);
	assert_int_equal(b.len, 0);
}

static void
a_finished_buffer_may_be_used_again(void **state)
{
	CLEANUP(buf_fini) struct buf b;

	(void)state;
	buf_init(&b, 3);
	buf_puts(&b, "abcd");
	buf_fini(&b);
	assert_false(b.full);
	assert_int_equal(b.max, 3);
	buf_puts(&b, "abc");
	assert_string_equal(buf_str(&b), "abc");
	buf_add(&b, NULL, 0);
	assert_string_equal(buf_str(&b), "abc");
}

static void
bytes_may_be_nul(void **state)
{
	CLEANUP(buf_fini) struct buf b = {0};

	(void)state;
	buf_add(&b, "a\0b", 3);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "a\0b", 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_grows_and_is_always_a_string),
	    cmocka_unit_test(it_formats_into_whatever_room_there_is),
	    cmocka_unit_test(nothing_passes_the_maximum),
	    cmocka_unit_test(after_a_refusal_smaller_pieces_are_refused_too),
	    cmocka_unit_test(a_finished_buffer_may_be_used_again),
	    cmocka_unit_test(bytes_may_be_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
