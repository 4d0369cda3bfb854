#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "address_limit.h"
#include "lib/rc.h"

enum { MINUTE_MS = 60 * 1000, FLOOD = 100000 };

static const char one[] = "a route", two[] = "another";

static bool
take(struct address_limit *l, const char *address, const void *what,
    long long at_ms)
{
	return address_limit_take(l, address, what, 3, at_ms).allowed;
}

/* Two addresses that share a count, or do not. */
static const struct {
	const char *first, *second;
	bool same;
} pairs[] = {
    {"198.51.100.1", "198.51.100.1", true},
    {"198.51.100.1", "198.51.100.2", false},
    {"198.51.100.1", "::ffff:198.51.100.1", true},
    {"::ffff:198.51.100.1", "::ffff:198.51.100.2", false},
    {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
    {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
    {"unix", "unknown", true},
};

static void
an_address_has_a_count_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct address_limit *l = address_limit_new();

		for (int k = 0; k < 3; k++) {
			assert_true(take(l, pairs[i].first, one, 1000));
		}
		assert_false(take(l, pairs[i].first, one, 1000));
		assert_int_equal(take(l, pairs[i].second, one, 1000),
		    !pairs[i].same);
		assert_true(take(l, pairs[i].first, two, 1000));
		address_limit_free(l);
	}
}

static void
a_count_is_over_after_its_time(void **state)
{
	struct address_limit *l = address_limit_new();
	struct bucket_answer got;

	(void)state;
	for (int k = 0; k < 3; k++) {
		assert_true(take(l, "192.0.2.1", one, 1000));
	}
	got = address_limit_take(l, "192.0.2.1", one, 3, 1000);
	assert_false(got.allowed);
	assert_in_range(got.retry_s, 1, 120);
	assert_true(take(l, "192.0.2.1", one, 1000 + 2 * MINUTE_MS));
	address_limit_free(l);
}

/* Whoever asks all the time is not forgotten for those who ask once. */
static void
a_flood_of_addresses_frees_nobody(void **state)
{
	struct address_limit *l = address_limit_new();
	char address[32];
	int allowed = 0;

	(void)state;
	for (int i = 0; i < FLOOD; i++) {
		(void)snprintf(address, sizeof(address), "10.%d.%d.%d",
		    i >> 16 & 255, i >> 8 & 255, i & 255);
		assert_true(take(l, address, one, 1000 + i / 1000));
		allowed += take(l, "192.0.2.1", one, 1000 + i / 1000);
	}
	assert_int_equal(allowed, 3);
	address_limit_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_has_a_count_of_its_own),
	    cmocka_unit_test(a_count_is_over_after_its_time),
	    cmocka_unit_test(a_flood_of_addresses_frees_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
