#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bucket.h"
#include "lib/random.h"
#include "lib/rc.h"

enum { WINDOW = 60000, START = 5000000 };

static void
no_limit_changes_nothing(void **state)
{
	struct bucket b = {1, 2, 3};
	struct bucket_answer a = bucket_take(&b, 0, WINDOW, START);

	(void)state;
	assert_true(a.allowed);
	assert_int_equal(a.limit, 0);
	assert_int_equal(a.remaining, INT_MAX);
	assert_int_equal(a.retry_s, 0);
	assert_true(bucket_take(&b, -5, WINDOW, START).allowed);
	assert_true(b.window_start_ms == 1 && b.count == 2 && b.before == 3);
}

static void
the_limit_is_reached_and_told(void **state)
{
	struct bucket b = {0};
	struct bucket_answer a;

	(void)state;
	for (int i = 0; i < 10; i++) {
		a = bucket_take(&b, 10, WINDOW, START);
		assert_true(a.allowed);
		assert_int_equal(a.limit, 10);
		assert_int_equal(a.remaining, 9 - i);
		assert_int_equal(a.retry_s, 0);
		assert_int_equal(a.reset_s, 120);
	}
	a = bucket_take(&b, 10, WINDOW, START + 1);
	assert_false(a.allowed);
	assert_int_equal(a.remaining, 0);
	/* In the next window ten weigh nine after a tenth of it. */
	assert_int_equal(a.retry_s, 66);
	assert_int_equal(a.reset_s, 120);
}

static void
refusals_are_not_counted(void **state)
{
	struct bucket b = {0};

	(void)state;
	for (int i = 0; i < 100; i++) {
		bucket_take(&b, 3, WINDOW, START);
	}
	assert_int_equal(b.count, 3);
}

static void
the_window_before_fades(void **state)
{
	static const struct {
		int after_ms, allowed;
	} rows[] = {
	    {WINDOW - 1, 0},
	    {WINDOW, 0},
	    {WINDOW + WINDOW / 10, 1},
	    {WINDOW + WINDOW / 2, 5},
	    {2 * WINDOW - 1, 9},
	    {2 * WINDOW, 10},
	    {100 * WINDOW, 10},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bucket b = {0};
		int allowed = 0;

		for (int n = 0; n < 10; n++) {
			bucket_take(&b, 10, WINDOW, START);
		}
		while (bucket_take(&b, 10, WINDOW, START + rows[i].after_ms)
			   .allowed) {
			allowed++;
		}
		assert_int_equal(allowed, rows[i].allowed);
	}
}

static void
one_more_is_allowed_when_it_was_promised(void **state)
{
	long long now = START;
	struct bucket b = {0};
	int refused = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int limit = 1 + (int)random_below(7);
		struct bucket copy;
		struct bucket_answer a;

		now += random_below(WINDOW / 2);
		copy = b;
		a = bucket_take(&b, limit, WINDOW, now);
		if (a.allowed) {
			continue;
		}
		refused++;
		assert_true(a.retry_s >= 1);
		copy = b;
		assert_true(bucket_take(&copy, limit, WINDOW,
		    now + a.retry_s * 1000LL)
				.allowed);
		copy = b;
		assert_false(bucket_take(&copy, limit, WINDOW,
		    now + (a.retry_s - 1) * 1000LL)
				 .allowed);
		copy = b;
		assert_int_equal(bucket_take(&copy, limit, WINDOW,
				     now + a.reset_s * 1000LL)
				     .remaining,
		    limit - 1);
	}
	assert_true(refused > 100);
}

static void
a_steady_stream_gets_its_rate_and_hardly_more(void **state)
{
	struct bucket b = {0};
	int allowed = 0;

	(void)state;
	/* Ten tries a second for an hour, 100 a minute allowed. */
	for (int i = 0; i < 36000; i++) {
		allowed +=
		    bucket_take(&b, 100, WINDOW, START + i * 100LL).allowed;
	}
	assert_in_range(allowed, 5900, 6100);
}

static void
a_clock_that_stands_or_jumps_back_is_survived(void **state)
{
	struct bucket b = {0};

	(void)state;
	assert_true(bucket_take(&b, 2, WINDOW, START).allowed);
	assert_true(bucket_take(&b, 2, WINDOW, START - 1000).allowed);
	assert_false(bucket_take(&b, 2, WINDOW, START - 99999).allowed);
}

static void
large_limits_do_not_overflow(void **state)
{
	struct bucket b = {START, INT_MAX - 1, INT_MAX};
	struct bucket_answer a =
	    bucket_take(&b, INT_MAX, INT_MAX, START + (long long)INT_MAX - 1);

	(void)state;
	assert_false(a.allowed);
	assert_true(a.retry_s >= 0);
	b = (struct bucket){START, INT_MAX, 0};
	a = bucket_take(&b, 1, INT_MAX, START);
	assert_false(a.allowed);
	assert_int_equal(a.retry_s, INT_MAX / 500 + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_limit_changes_nothing),
	    cmocka_unit_test(the_limit_is_reached_and_told),
	    cmocka_unit_test(refusals_are_not_counted),
	    cmocka_unit_test(the_window_before_fades),
	    cmocka_unit_test(one_more_is_allowed_when_it_was_promised),
	    cmocka_unit_test(a_steady_stream_gets_its_rate_and_hardly_more),
	    cmocka_unit_test(a_clock_that_stands_or_jumps_back_is_survived),
	    cmocka_unit_test(large_limits_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
