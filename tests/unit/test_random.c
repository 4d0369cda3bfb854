#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/random.h"
#include "lib/rc.h"

static void
bytes_differ_from_call_to_call(void **state)
{
	unsigned char a[32] = {0}, b[32] = {0}, big[100000] = {0};
	size_t zeroes = 0;

	(void)state;
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	random_bytes(big, sizeof(big));
	for (size_t i = 0; i < sizeof(big); i++) {
		zeroes += big[i] == 0;
	}
	/* 390 are expected; 0 or 1,000 would be a sign of something. */
	assert_in_range(zeroes, 1, 1000);
	random_bytes(a, 0);
}

static void
numbers_stay_below_and_reach_every_value(void **state)
{
	static const unsigned limits[] = {1, 2, 3, 10, 31};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		int seen[31] = {0};

		for (int n = 0; n < 3000; n++) {
			unsigned x = random_below(limits[i]);

			assert_true(x < limits[i]);
			seen[x]++;
		}
		for (unsigned x = 0; x < limits[i]; x++) {
			assert_true(seen[x] > 0);
		}
	}
	assert_true(random_below(0xffffffff) < 0xffffffff);
}

static void
hex_and_codes_have_their_alphabet_and_length(void **state)
{
	char hex[2 * 500 + 2], code[1002];

	(void)state;
	memset(hex, '#', sizeof(hex));
	random_hex(hex, 500);
	assert_int_equal(strlen(hex), 1000);
	assert_int_equal(strspn(hex, "0123456789abcdef"), 1000);
	assert_int_equal(hex[1001], '#');
	memset(code, '#', sizeof(code));
	random_code(code, 1000);
	assert_int_equal(strlen(code), 1000);
	assert_int_equal(strspn(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"),
	    1000);
	assert_int_equal(code[1001], '#');
	/* All 32 come: each misses 1,000 draws once in 10^13. */
	for (const char *c = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *c; c++) {
		assert_non_null(strchr(code, *c));
	}
	random_hex(hex, 0);
	assert_string_equal(hex, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_differ_from_call_to_call),
	    cmocka_unit_test(numbers_stay_below_and_reach_every_value),
	    cmocka_unit_test(hex_and_codes_have_their_alphabet_and_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
