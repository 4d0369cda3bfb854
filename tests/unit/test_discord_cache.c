#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bots/discord_cache.h"

static struct discord_cache cache;

static int
set_up(void **state)
{
	(void)state;
	memset(&cache, 0, sizeof(cache));
	for (int i = 1; i <= DISCORD_CACHE_MAX; i++) {
		discord_cache_at(&cache, (unsigned long long)i)->version = i;
	}
	return 0;
}

static void
what_was_used_longest_ago_is_forgotten(void **state)
{
	(void)state;
	assert_int_equal(discord_cache_find(&cache, 1)->version, 1);
	assert_non_null(discord_cache_at(&cache, 9999));
	assert_non_null(discord_cache_find(&cache, 1));
	assert_null(discord_cache_find(&cache, 2));
	assert_int_equal(cache.n, DISCORD_CACHE_MAX);
}

static void
a_row_begins_empty(void **state)
{
	const struct discord_cache_row *row = discord_cache_at(&cache, 9999);

	(void)state;
	assert_int_equal(row->version, 0);
	assert_int_equal(row->holds, 0);
	assert_string_equal(row->place, "");
}

static void
what_is_held_is_not_forgotten(void **state)
{
	(void)state;
	for (int i = 1; i <= DISCORD_CACHE_MAX; i++) {
		if (i != 77) {
			discord_cache_find(&cache, (unsigned long long)i)
			    ->holds++;
		}
	}
	assert_non_null(discord_cache_find(&cache, 77));
	assert_non_null(discord_cache_at(&cache, 9999));
	assert_null(discord_cache_find(&cache, 77));
	discord_cache_find(&cache, 9999)->holds++;
	assert_null(discord_cache_at(&cache, 10000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(what_was_used_longest_ago_is_forgotten,
		set_up),
	    cmocka_unit_test_setup(a_row_begins_empty, set_up),
	    cmocka_unit_test_setup(what_is_held_is_not_forgotten, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
