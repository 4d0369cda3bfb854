#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bots/discord_budget.h"
#include "bots/discord_pulse.h"
#include "lib/json.h"

static const long long minute_ms = 60 * 1000, hour_ms = 3600 * 1000;
static const long long start_ms = 1700000000000;

static void
two_identifies_have_five_seconds_between_them(void **state)
{
	struct discord_budget b = {0};
	bool spent = true;

	(void)state;
	assert_int_equal(discord_budget_wait_ms(&b, start_ms, &spent), 0);
	assert_false(spent);
	discord_budget_take(&b, start_ms);
	assert_true(discord_budget_wait_ms(&b, start_ms, &spent) >= 5000);
	assert_true(discord_budget_wait_ms(&b, start_ms + 4999, &spent) > 0);
	assert_false(spent);
	/* It went out late: the time begins there. */
	discord_budget_sent(&b, start_ms + 2000);
	assert_true(discord_budget_wait_ms(&b, start_ms + 6900, &spent) > 0);
	assert_int_equal(discord_budget_wait_ms(&b, start_ms + 2000 + 5500,
			     &spent),
	    0);
}

/* Takes whenever it may, for a number of days. */
static void
no_day_has_more_than_nine_tenths(void **state)
{
	enum { DAYS = 4, TAKEN_MAX = 4 * DAYS * 1000 };
	static long long taken[TAKEN_MAX];
	struct discord_budget b = {0};
	long long now = start_ms;
	int n = 0, first = 0, longest = 0;
	bool spent;

	(void)state;
	while (now < start_ms + DAYS * 24 * hour_ms) {
		long long ms = discord_budget_wait_ms(&b, now, &spent);

		now += ms;
		assert_int_equal(discord_budget_wait_ms(&b, now, &spent), 0);
		discord_budget_take(&b, now);
		taken[n++] = now;
		assert_true(n < TAKEN_MAX);
		while (taken[first] <= now - 24 * hour_ms) {
			first++;
		}
		longest = n - first > longest ? n - first : longest;
	}
	assert_in_range(longest, 900, 901);
	assert_true(n > 3 * 900); /* and it goes on */
}

static void
the_last_tenth_is_announced(void **state)
{
	struct discord_budget b = {0};
	long long now = start_ms;
	bool spent = false;

	(void)state;
	for (int i = 0; i < 901; i++) {
		assert_false(spent);
		discord_budget_take(&b, now);
		now += minute_ms / 10;
		(void)discord_budget_wait_ms(&b, now, &spent);
	}
	assert_true(spent);
	assert_true(discord_budget_wait_ms(&b, now, &spent) > 20 * hour_ms);
	discord_budget_give_back(&b);
	assert_int_equal(discord_budget_wait_ms(&b, now, &spent), 0);
}

static void
a_clock_that_was_set_back_brings_none_back(void **state)
{
	struct discord_budget b = {0};
	long long now = start_ms;
	bool spent;

	(void)state;
	for (int i = 0; i < 901; i++) {
		discord_budget_take(&b, now);
	}
	now -= 300 * 24 * hour_ms;
	assert_true(discord_budget_wait_ms(&b, now, &spent) > 23 * hour_ms);
	assert_true(spent);
	/* Nor does it wait until the clock is there again. */
	assert_true(discord_budget_wait_ms(&b, now, &spent) <= 25 * hour_ms);
	now += 25 * hour_ms;
	assert_int_equal(discord_budget_wait_ms(&b, now, &spent), 0);
}

static void
what_discord_says_counts_until_its_time_is_over(void **state)
{
	static const struct {
		long long total, left, reset_ms, wait_ms;
	} rows[] = {
	    {1000, 1000, 3600 * 1000, 0}, {1000, 100, 3600 * 1000, 0},
	    {1000, 99, 3600 * 1000, 3600 * 1000}, {1000, 0, 5000, 5000},
	    {5, 1, 5000, 0}, {5, 0, 5000, 5000},
	    /* Not believed: */
	    {0, 0, 5000, 0}, {1000, -1, 5000, 0}, {1000, 0, 0, 0},
	    {1000, 0, -1, 0},
	    {1000, 0, 1LL << 60, 24 * 3600 * 1000}, /* a day is the most */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct discord_budget b = {0};
		bool spent;

		discord_budget_limit(&b, rows[i].total, rows[i].left,
		    rows[i].reset_ms, start_ms);
		assert_int_equal(discord_budget_wait_ms(&b, start_ms, &spent),
		    rows[i].wait_ms);
		assert_int_equal(spent, rows[i].wait_ms > 0);
		assert_int_equal(discord_budget_wait_ms(&b,
				     start_ms + rows[i].wait_ms, &spent),
		    0);
	}
}

static void
each_identify_takes_one_of_what_discord_said(void **state)
{
	struct discord_budget b = {0};
	bool spent;

	(void)state;
	discord_budget_limit(&b, 1000, 100, hour_ms, start_ms);
	discord_budget_take(&b, start_ms);
	(void)discord_budget_wait_ms(&b, start_ms + minute_ms, &spent);
	assert_true(spent);
	discord_budget_give_back(&b);
	(void)discord_budget_wait_ms(&b, start_ms + minute_ms, &spent);
	assert_false(spent);
}

static void
it_is_read_as_it_was_written(void **state)
{
	struct discord_budget b = {0}, got;
	CLEANUP(json_drop) json_t *v = NULL;

	(void)state;
	discord_budget_limit(&b, 1000, 500, hour_ms, start_ms);
	discord_budget_take(&b, start_ms);
	discord_budget_take(&b, start_ms + hour_ms);
	v = discord_budget_write(&b);
	discord_budget_read(v, &got);
	assert_memory_equal(&got, &b, sizeof(b));
}

static void
what_was_not_written_by_us_is_read_as_nothing_or_as_much(void **state)
{
	static const struct {
		const char *text;
		int first;
	} rows[] = {
	    {"null", 0},
	    {"7", 0},
	    {"{\"by_hour\":7}", 0},
	    {"{\"by_hour\":[-5]}", 0},
	    {"{\"by_hour\":[\"5\"]}", 0},
	    {"{\"by_hour\":[9000000000]}", 1000},
	    {"{\"last_ms\":-1,\"hour\":\"x\",\"by_hour\":[3]}", 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(json_drop) json_t *v =
		    json_loads(rows[i].text, JSON_DECODE_ANY, NULL);
		struct discord_budget got;

		assert_non_null(v);
		discord_budget_read(v, &got);
		assert_int_equal(got.by_hour[0], rows[i].first);
		assert_true(got.last_ms >= 0 && got.hour >= 0);
	}
}

static void
no_sixty_seconds_have_more_sends_than_allowed(void **state)
{
	enum { STEP_MS = 37, TIMES = 20000 };
	static long long sent[TIMES];
	struct discord_pulse p;
	long long now = 0;
	int n = 0, first = 0;

	(void)state;
	discord_pulse_init(&p);
	for (int i = 0; i < TIMES; i++, now += STEP_MS) {
		if (!discord_pulse_send(&p, i % 7 != 0, now)) {
			continue;
		}
		sent[n++] = now;
		while (sent[first] <= now - DISCORD_SENDS_WINDOW_MS) {
			first++;
		}
		assert_true(n - first <= DISCORD_SENDS_MAX);
	}
	assert_true(n > 10 * DISCORD_SENDS_MAX);
}

static void
what_is_asked_of_us_leaves_room_for_our_own(void **state)
{
	struct discord_pulse p;
	int n = 0;

	(void)state;
	discord_pulse_init(&p);
	while (discord_pulse_send(&p, true, 1)) {
		n++;
	}
	assert_int_equal(n, DISCORD_SENDS_MAX - DISCORD_SENDS_SPARED);
	while (discord_pulse_send(&p, false, 1)) {
		n++;
	}
	assert_int_equal(n, DISCORD_SENDS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_identifies_have_five_seconds_between_them),
	    cmocka_unit_test(no_day_has_more_than_nine_tenths),
	    cmocka_unit_test(the_last_tenth_is_announced),
	    cmocka_unit_test(a_clock_that_was_set_back_brings_none_back),
	    cmocka_unit_test(what_discord_says_counts_until_its_time_is_over),
	    cmocka_unit_test(each_identify_takes_one_of_what_discord_said),
	    cmocka_unit_test(it_is_read_as_it_was_written),
	    cmocka_unit_test(
		what_was_not_written_by_us_is_read_as_nothing_or_as_much),
	    cmocka_unit_test(no_sixty_seconds_have_more_sends_than_allowed),
	    cmocka_unit_test(what_is_asked_of_us_leaves_room_for_our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
