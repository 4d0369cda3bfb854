#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bots/discord_limits.h"

enum { NOW = 1000 * 1000, SLACK = 50 };

static struct discord_limits limits;

static int
set_up(void **state)
{
	(void)state;
	memset(&limits, 0, sizeof(limits));
	return 0;
}

static struct discord_ticket
ticket(enum discord_route route, const char *channel)
{
	struct discord_ticket t = {.route = route};

	(void)snprintf(t.major, sizeof(t.major), "%s", channel);
	return t;
}

static struct discord_heads
answer(int status)
{
	return (struct discord_heads){.status = status,
	    .json = true,
	    .via = true,
	    .retry_after_s = -1,
	    .remaining = -1,
	    .reset_after_s = -1};
}

static enum discord_end
ask(struct discord_ticket *t, const struct discord_heads *h, long long now)
{
	discord_limits_begin(&limits, t, now);
	return discord_limits_end(&limits, t, h, now);
}

static long long
wait(enum discord_route route, const char *channel, long long now)
{
	struct discord_ticket t = ticket(route, channel);

	return discord_limits_wait(&limits, &t, now);
}

static void
a_channel_has_one_request_at_a_time(void **state)
{
	struct discord_ticket t = ticket(DISCORD_POST, "1");

	(void)state;
	discord_limits_begin(&limits, &t, NOW);
	assert_int_equal(wait(DISCORD_POST, "1", NOW), DISCORD_WAIT_FOREVER);
	assert_int_equal(wait(DISCORD_POST, "2", NOW), 0);
	assert_int_equal(wait(DISCORD_PATCH, "1", NOW), 0);
	assert_int_equal(discord_limits_end(&limits, &t, NULL, NOW),
	    DISCORD_END_DONE);
	assert_int_equal(wait(DISCORD_POST, "1", NOW), 0);
}

static void
an_empty_bucket_waits_for_all_its_routes(void **state)
{
	struct discord_ticket t = ticket(DISCORD_PATCH, "1");
	struct discord_heads h = answer(200);

	(void)state;
	(void)snprintf(h.bucket, sizeof(h.bucket), "abcd");
	h.remaining = 3;
	assert_int_equal(ask(&t, &h, NOW), DISCORD_END_DONE);
	t = ticket(DISCORD_POST, "1");
	h.remaining = 0;
	h.reset_after_s = 1.5;
	assert_int_equal(ask(&t, &h, NOW), DISCORD_END_DONE);
	assert_int_equal(wait(DISCORD_POST, "1", NOW), 1500 + SLACK);
	assert_int_equal(wait(DISCORD_PATCH, "1", NOW), 1500 + SLACK);
	assert_int_equal(wait(DISCORD_POST, "2", NOW), 0);
	assert_int_equal(wait(DISCORD_LIST, "1", NOW), 0);
	assert_int_equal(wait(DISCORD_POST, "1", NOW + 1500 + SLACK), 0);
}

static void
a_hash_that_is_learnt_meanwhile_has_the_wait(void **state)
{
	struct discord_ticket a = ticket(DISCORD_POST, "1");
	struct discord_ticket b = ticket(DISCORD_POST, "2");
	struct discord_heads h = answer(200);

	(void)state;
	(void)snprintf(h.bucket, sizeof(h.bucket), "abcd");
	discord_limits_begin(&limits, &a, NOW);
	discord_limits_begin(&limits, &b, NOW);
	assert_int_equal(discord_limits_end(&limits, &a, &h, NOW),
	    DISCORD_END_DONE);
	h.status = 429;
	h.retry_after_s = 3;
	assert_int_equal(discord_limits_end(&limits, &b, &h, NOW),
	    DISCORD_END_AGAIN);
	assert_int_equal(discord_limits_wait(&limits, &b, NOW), 3000 + SLACK);
}

static void
a_429_is_repeated_when_discord_says(void **state)
{
	static const struct {
		const char *what;
		double retry_s;
		bool global, shared;
		int remaining, code;
		long long same, other_channel, patch; /* waits in ms */
	} rows[] = {
	    {"user", 2.25, false, false, 0, 0, 2250 + SLACK, 0, 0},
	    {"shared", 64.57, false, true, -1, 0, 64570 + SLACK, 0, 0},
	    {"global", 3, true, false, -1, 0, 3000 + SLACK, 3000 + SLACK,
		3000 + SLACK},
	    {"at least a second", 0.01, false, false, 0, 0, 1000 + SLACK, 0, 0},
	    {"of this request only", 5, false, false, 3, 0, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct discord_ticket t = ticket(DISCORD_POST, "1");
		struct discord_heads h = answer(429);

		memset(&limits, 0, sizeof(limits));
		h.retry_after_s = rows[i].retry_s;
		h.global = rows[i].global;
		h.shared = rows[i].shared;
		h.remaining = rows[i].remaining;
		assert_int_equal(ask(&t, &h, NOW), DISCORD_END_AGAIN);
		assert_int_equal(wait(DISCORD_POST, "1", NOW), rows[i].same);
		assert_int_equal(wait(DISCORD_POST, "2", NOW),
		    rows[i].other_channel);
		assert_int_equal(wait(DISCORD_PATCH, "1", NOW), rows[i].patch);
		assert_true(discord_limits_wait(&limits, &t, NOW) > 0);
	}
}

static void
old_edits_are_paced_alone(void **state)
{
	enum { PACE = 7000 };
	struct discord_ticket t = ticket(DISCORD_PATCH, "1");
	struct discord_heads h = answer(429);

	(void)state;
	t.old = true;
	h.code = 30046;
	h.retry_after_s = 9;
	assert_int_equal(ask(&t, &h, NOW), DISCORD_END_AGAIN);
	assert_int_equal(discord_limits_wait(&limits, &t, NOW), 9000 + SLACK);
	assert_int_equal(wait(DISCORD_PATCH, "1", NOW), 0);
	h = answer(200);
	assert_int_equal(ask(&t, &h, NOW + 10000), DISCORD_END_DONE);
	assert_int_equal(discord_limits_wait(&limits, &t, NOW + 10000), PACE);
	assert_int_equal(wait(DISCORD_PATCH, "1", NOW + 10000), 0);
	t = ticket(DISCORD_PATCH, "2");
	t.old = true;
	assert_int_equal(discord_limits_wait(&limits, &t, NOW + 10000), 0);
}

static void
some_answers_stop_everything(void **state)
{
	static const struct {
		int status, code;
		bool json, via;
		double retry_s;
		bool stops, bans;
	} rows[] = {
	    {401, 0, true, true, -1, true, false},
	    {403, 40333, true, true, -1, true, true},
	    {403, 0, false, true, -1, true, true},
	    {403, 0, true, false, -1, true, true},
	    {403, 50013, true, false, -1, false, false},
	    {403, 50001, true, true, -1, false, false},
	    {404, 10003, true, false, -1, false, false},
	    {429, 0, true, false, 1, true, true},
	    {429, 0, false, true, 1, true, true},
	    {429, 0, true, true, -1, true, true},
	    {429, 0, true, true, 1, false, false},
	    {429, 30046, true, true, -1, false, false},
	    {502, 0, false, false, -1, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct discord_ticket t = ticket(DISCORD_POST, "1");
		struct discord_heads h = answer(rows[i].status);

		memset(&limits, 0, sizeof(limits));
		h.code = rows[i].code;
		h.json = rows[i].json;
		h.via = rows[i].via;
		h.retry_after_s = rows[i].retry_s;
		assert_int_equal(ask(&t, &h, NOW) == DISCORD_END_STOP,
		    rows[i].stops);
		assert_int_equal(limits.banned, rows[i].bans);
		assert_int_equal(discord_limits_stopped(&limits, NOW) != NULL,
		    rows[i].stops);
		if (rows[i].stops) {
			assert_int_equal(wait(DISCORD_APP, "", NOW),
			    DISCORD_STOP_MS);
			assert_null(discord_limits_stopped(&limits,
			    NOW + DISCORD_STOP_MS));
		}
	}
}

static void
a_long_ban_is_waited_out(void **state)
{
	struct discord_ticket t = ticket(DISCORD_POST, "1");
	struct discord_heads h = answer(429);

	(void)state;
	h.via = false;
	h.retry_after_s = 46263;
	assert_int_equal(ask(&t, &h, NOW), DISCORD_END_STOP);
	assert_int_equal(wait(DISCORD_POST, "1", NOW), 46263 * 1000 + SLACK);
}

static void
refusals_stay_far_from_a_ban(void **state)
{
	struct discord_ticket t = ticket(DISCORD_POST, "1");
	struct discord_heads h = answer(403);
	int n = 0;

	(void)state;
	h.code = 50001;
	while (ask(&t, &h, NOW + n * 30) == DISCORD_END_DONE) {
		assert_true(++n <= DISCORD_INVALID_MAX);
	}
	assert_int_equal(n, DISCORD_INVALID_MAX);
	assert_true(limits.banned);
}

static void
what_is_shared_or_fine_adds_nothing_to_a_ban(void **state)
{
	struct discord_heads h = answer(429);

	(void)state;
	h.shared = true;
	h.retry_after_s = 1;
	for (int i = 0; i < 2 * DISCORD_INVALID_MAX; i++) {
		discord_limits_note(&limits, &h, NOW);
	}
	assert_null(discord_limits_stopped(&limits, NOW));
	h.shared = false;
	for (int i = 0; i < 2 * DISCORD_INVALID_MAX; i++) {
		discord_limits_note(&limits, &h, NOW);
	}
	assert_non_null(discord_limits_stopped(&limits, NOW));
}

static void
no_second_has_more_than_fifty(void **state)
{
	int times[400], n = 0;
	struct discord_heads h = answer(200);

	(void)state;
	for (int ms = 0; n < 400; ms++) {
		char channel[16];
		struct discord_ticket t;

		(void)snprintf(channel, sizeof(channel), "%d", n + 1);
		t = ticket(DISCORD_POST, channel);
		while (n < 400 &&
		    discord_limits_wait(&limits, &t, NOW + ms) == 0) {
			(void)ask(&t, &h, NOW + ms);
			times[n++] = ms;
		}
		assert_true(ms < 60 * 1000);
	}
	for (int i = 50; i < n; i++) {
		assert_true(times[i] - times[i - 50] >= 1000);
	}
}

static void
more_channels_than_windows_only_wait(void **state)
{
	struct discord_heads h = answer(200);
	long long now = NOW;

	(void)state;
	h.remaining = 0;
	h.reset_after_s = 3600;
	for (int i = 0; i < DISCORD_WINDOWS_MAX; i++) {
		char channel[16];
		struct discord_ticket t;

		(void)snprintf(channel, sizeof(channel), "%d", i + 1);
		t = ticket(DISCORD_POST, channel);
		now += 1000;
		assert_int_equal(ask(&t, &h, now), DISCORD_END_DONE);
	}
	assert_true(wait(DISCORD_POST, "9999", now) > 0);
	assert_int_equal(limits.windows_n, DISCORD_WINDOWS_MAX);
	assert_int_equal(wait(DISCORD_POST, "9999", now + 3700 * 1000), 0);
}

#define ROW(f) cmocka_unit_test_setup(f, set_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(a_channel_has_one_request_at_a_time),
	    ROW(an_empty_bucket_waits_for_all_its_routes),
	    ROW(a_hash_that_is_learnt_meanwhile_has_the_wait),
	    ROW(a_429_is_repeated_when_discord_says),
	    ROW(old_edits_are_paced_alone),
	    ROW(some_answers_stop_everything),
	    ROW(a_long_ban_is_waited_out),
	    ROW(refusals_stay_far_from_a_ban),
	    ROW(what_is_shared_or_fine_adds_nothing_to_a_ban),
	    ROW(no_second_has_more_than_fifty),
	    ROW(more_channels_than_windows_only_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
