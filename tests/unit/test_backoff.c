#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/backoff.h"
#include "lib/rc.h"

static void
waits_double_up_to_the_maximum(void **state)
{
	static const struct backoff b = {100, 1000, 0};
	static const struct {
		int attempts, wait;
	} rows[] = {
	    {-1, 0},
	    {0, 0},
	    {1, 100},
	    {2, 200},
	    {3, 400},
	    {4, 800},
	    {5, 1000},
	    {6, 1000},
	    {1000000000, 1000},
	};
	static const struct backoff large = {1500000000, 2147483647, 0};
	static const struct backoff none = {0, 1000, 50};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(backoff_ms(&b, rows[i].attempts),
		    rows[i].wait);
	}
	assert_int_equal(backoff_ms(&large, 2), 2147483647);
	assert_int_equal(backoff_ms(&none, 1000000000), 0);
}

static void
jitter_takes_off_at_most_its_part(void **state)
{
	static const struct backoff b = {1000, 64000, 25};
	static const struct backoff all = {8, 8, 100}; /* 0 to 8 */
	int low = 4000, high = 0, seen[9] = {0};

	(void)state;
	for (int i = 0; i < 5000; i++) {
		int wait = backoff_ms(&b, 3);

		assert_in_range(wait, 3000, 4000);
		low = wait < low ? wait : low;
		high = wait > high ? wait : high;
		seen[backoff_ms(&all, 1)]++;
	}
	/* Both ends are neared: 5,000 draws miss a tenth never. */
	assert_true(low < 3100 && high > 3900);
	for (int i = 0; i <= 8; i++) {
		assert_true(seen[i] > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_double_up_to_the_maximum),
	    cmocka_unit_test(jitter_takes_off_at_most_its_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
