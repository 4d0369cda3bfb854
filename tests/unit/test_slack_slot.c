#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bots/slack_health.h"
#include "bots/slack_slot.h"

enum { DRAWS = 5000, MINUTE = 60 * 1000 };

static const struct {
	enum slack_state from;
	enum slack_event event;
	enum slack_state to;
	enum slack_action action;
} moves[] = {
    {SLACK_WAITING, SLACK_ON_DUE, SLACK_OPENING, SLACK_DO_OPEN},
    {SLACK_WAITING, SLACK_ON_DISABLED, SLACK_WAITING, SLACK_DO_REST},
    {SLACK_WAITING, SLACK_ON_STOP, SLACK_STOPPED, SLACK_DO_HANG_UP},
    {SLACK_OPENING, SLACK_ON_TICKET, SLACK_CONNECTING, SLACK_DO_CONNECT},
    {SLACK_OPENING, SLACK_ON_REFUSED, SLACK_WAITING, SLACK_DO_RETRY},
    {SLACK_OPENING, SLACK_ON_LATE, SLACK_WAITING, SLACK_DO_RETRY},
    {SLACK_OPENING, SLACK_ON_DISABLED, SLACK_WAITING, SLACK_DO_REST},
    {SLACK_OPENING, SLACK_ON_STOP, SLACK_STOPPED, SLACK_DO_HANG_UP},
    {SLACK_CONNECTING, SLACK_ON_REFUSED, SLACK_WAITING, SLACK_DO_RETRY},
    {SLACK_CONNECTING, SLACK_ON_OPENED, SLACK_GREETING, SLACK_DO_AWAIT},
    {SLACK_CONNECTING, SLACK_ON_LOST, SLACK_WAITING, SLACK_DO_RETRY},
    {SLACK_CONNECTING, SLACK_ON_DISABLED, SLACK_WAITING, SLACK_DO_REST},
    {SLACK_CONNECTING, SLACK_ON_STOP, SLACK_STOPPED, SLACK_DO_HANG_UP},
    {SLACK_GREETING, SLACK_ON_HELLO, SLACK_READY, SLACK_DO_WELCOME},
    {SLACK_GREETING, SLACK_ON_LATE, SLACK_WAITING, SLACK_DO_RETRY},
    {SLACK_GREETING, SLACK_ON_LOST, SLACK_WAITING, SLACK_DO_RETRY},
    {SLACK_GREETING, SLACK_ON_REFRESH, SLACK_WAITING, SLACK_DO_RETRY},
    {SLACK_GREETING, SLACK_ON_CROWDED, SLACK_WAITING, SLACK_DO_YIELD},
    {SLACK_GREETING, SLACK_ON_DISABLED, SLACK_WAITING, SLACK_DO_REST},
    {SLACK_GREETING, SLACK_ON_STOP, SLACK_STOPPED, SLACK_DO_HANG_UP},
    {SLACK_READY, SLACK_ON_DUE, SLACK_WAITING, SLACK_DO_REPLACE},
    {SLACK_READY, SLACK_ON_REFRESH, SLACK_WAITING, SLACK_DO_REPLACE},
    {SLACK_READY, SLACK_ON_LOST, SLACK_WAITING, SLACK_DO_RETRY},
    {SLACK_READY, SLACK_ON_CROWDED, SLACK_WAITING, SLACK_DO_YIELD},
    {SLACK_READY, SLACK_ON_DISABLED, SLACK_WAITING, SLACK_DO_REST},
    {SLACK_READY, SLACK_ON_STOP, SLACK_STOPPED, SLACK_DO_HANG_UP},
};

static void
each_event_in_each_state_does_what_the_table_says(void **state)
{
	int found = 0;

	(void)state;
	for (int from = 0; from < SLACK_STATES; from++) {
		for (int event = 0; event < SLACK_EVENTS; event++) {
			struct slack_step want = {(enum slack_state)from,
			    SLACK_DO_NOTHING};
			struct slack_step got =
			    slack_slot_step((enum slack_state)from,
				(enum slack_event)event);

			for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
				if ((int)moves[i].from == from &&
				    (int)moves[i].event == event) {
					want.state = moves[i].to;
					want.action = moves[i].action;
					found++;
				}
			}
			assert_int_equal(got.state, want.state);
			assert_int_equal(got.action, want.action);
		}
		assert_true(slack_state_name((enum slack_state)from)[0] !=
		    '\0');
	}
	assert_int_equal(found, ARRAY_LEN(moves));
}

static void
the_first_failure_is_tried_again_at_once_and_then_ever_later(void **state)
{
	static const int most[] = {999, 1000, 2000, 4000, 8000, 16000, 32000,
	    60000, 60000, 60000};
	int highest[ARRAY_LEN(most)] = {0};
	int failures = 0;

	(void)state;
	for (int draw = 0; draw < DRAWS; draw++) {
		failures = 0;
		for (size_t i = 0; i < ARRAY_LEN(most); i++) {
			int wait = slack_wait_ms(&failures,
			    i == 0 ? 0 : SLACK_STEADY_MS - 1);

			assert_in_range(wait, 0, most[i]);
			highest[i] = wait > highest[i] ? wait : highest[i];
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(most); i++) {
		assert_true(highest[i] > most[i] / 10 * 9);
	}
	for (int i = 0; i < 1000; i++) {
		assert_in_range(slack_wait_ms(&failures, 0), 0, MINUTE);
	}
	assert_in_range(slack_wait_ms(&failures, SLACK_STEADY_MS), 0, 999);
	assert_int_equal(failures, 1);
}

static void
refusals_by_slack_wait_longer(void **state)
{
	int low = 1000 * MINUTE, high = 0;

	(void)state;
	for (int draw = 0; draw < DRAWS; draw++) {
		int ms = slack_wait_crowded_ms();

		low = ms < low ? ms : low;
		high = ms > high ? ms : high;
		assert_in_range(slack_wait_disabled_ms(), MINUTE, 90 * 1000);
	}
	assert_in_range(low, 30 * 1000, 35 * 1000);
	assert_in_range(high, MINUTE, 75 * 1000);
}

static void
a_connection_is_replaced_60_to_120_s_before_its_time(void **state)
{
	static const long long lasts_s[] = {240, 360, 3600, 18060, 86400};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lasts_s); i++) {
		for (int draw = 0; draw < DRAWS; draw++) {
			long long first = slack_refresh_ms(0, lasts_s[i]);
			long long second = slack_refresh_ms(1, lasts_s[i]);
			long long end = lasts_s[i] * 1000;

			assert_in_range(end - first, MINUTE, 2 * MINUTE);
			assert_in_range(end - second, MINUTE, 2 * MINUTE);
			/* Never the two together. */
			assert_true(first - second >= 10 * 1000);
		}
	}
}

static void
a_time_that_is_odd_is_replaced_half_way_or_left_to_slack(void **state)
{
	static const struct {
		long long lasts_s;
		int ms;
	} rows[] = {{0, 0}, {-1, 0}, {-9007199254740991, 0}, {1, 500},
	    {10, 5000}, {119, 59500}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(slack_refresh_ms(0, rows[i].lasts_s),
		    rows[i].ms);
		assert_int_equal(slack_refresh_ms(1, rows[i].lasts_s),
		    rows[i].ms);
	}
	assert_in_range(slack_refresh_ms(0, 9007199254740991), 23 * 60 * MINUTE,
	    24 * 60 * MINUTE);
}

static void
five_addresses_at_once_and_then_one_in_20_s(void **state)
{
	struct slack_budget b = {0};
	long long now = 123456;
	int taken = 0;

	(void)state;
	for (int i = 0; i < SLACK_BUDGET_SIZE; i++) {
		assert_int_equal(slack_budget_take(&b, now), 0);
	}
	assert_int_equal(slack_budget_take(&b, now), 20000);
	assert_int_equal(slack_budget_take(&b, now + 19999), 1);
	assert_int_equal(slack_budget_take(&b, now + 20000), 0);
	assert_int_equal(slack_budget_take(&b, now + 20000), 20000);
	now += 1000 * MINUTE;
	for (int s = 0; s < 3600; s++) {
		taken += slack_budget_take(&b, now + s * 1000) == 0;
	}
	assert_int_equal(taken, SLACK_BUDGET_SIZE + 3599 / 20);
}

static void
a_pause_holds_and_the_longer_one_stays(void **state)
{
	struct slack_budget b = {0};

	(void)state;
	slack_budget_pause(&b, 50000);
	slack_budget_pause(&b, 40000);
	assert_int_equal(slack_budget_take(&b, 10000), 40000);
	assert_int_equal(slack_budget_take(&b, 49999), 1);
	assert_int_equal(slack_budget_take(&b, 50000), 0);
}

static void
ghosts_are_what_slack_counts_beyond_ours(void **state)
{
	(void)state;
	assert_int_equal(slack_ghosts(1, 1), 0);
	assert_int_equal(slack_ghosts(1, 2), 0);
	assert_int_equal(slack_ghosts(10, 2), 8);
	assert_int_equal(slack_ghosts(0, 0), 0);
}

#define FAR (1000LL * MINUTE)

static void
health_says_what_is_wrong(void **state)
{
	static const struct {
		struct slack_facts facts; /* at FAR */
		enum channel_state state;
		const char *words; /* part of the fault; "" = none */
	} rows[] = {
	    {{.live = 2, .greeted = true}, CHANNEL_UP, ""},
	    {{.live = 3, .greeted = true}, CHANNEL_UP, ""},
	    {{.live = 1, .greeted = true, .thin_ms = FAR - MINUTE + 1},
		CHANNEL_UP, ""},
	    {{.live = 1, .greeted = true, .thin_ms = FAR - MINUTE},
		CHANNEL_DEGRADED, "only one connection"},
	    {{.live = 1,
		 .greeted = true,
		 .thin_ms = FAR - MINUTE,
		 .trouble = "HTTP 503"},
		CHANNEL_DEGRADED, "HTTP 503"},
	    {{.live = 2, .greeted = true, .counted = 5, .ghosts = 3},
		CHANNEL_DEGRADED, "5 connections of this app and 3"},
	    {{.live = 2, .greeted = true, .fatal = "token_revoked"},
		CHANNEL_DEGRADED, "token_revoked"},
	    {{.started_ms = FAR - 29999}, CHANNEL_STARTING, ""},
	    {{.started_ms = FAR - 30000}, CHANNEL_DOWN, "no answer yet"},
	    {{.started_ms = FAR - 30000, .trouble = "no route"}, CHANNEL_DOWN,
		"no route"},
	    {{.started_ms = FAR - 1, .greeted = true, .trouble = "broken"},
		CHANNEL_DOWN, "broken"},
	    {{.started_ms = FAR - 1, .fatal = "invalid_auth"}, CHANNEL_DOWN,
		"invalid_auth"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct channel_health h = {.fault = "old", .limited = 2};
		struct slack_facts facts = rows[i].facts;

		facts.reconnects = 4;
		facts.limited = 3;
		slack_health_judge(&facts, FAR, &h);
		assert_int_equal(h.state, rows[i].state);
		assert_non_null(strstr(h.fault, rows[i].words));
		assert_true((h.fault[0] == '\0') == (rows[i].words[0] == '\0'));
		assert_int_equal(h.sessions, facts.live);
		assert_int_equal(h.ghosts, facts.ghosts);
		assert_int_equal(h.reconnects, 4);
		assert_int_equal(h.limited, 5);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_event_in_each_state_does_what_the_table_says),
	    cmocka_unit_test(
		the_first_failure_is_tried_again_at_once_and_then_ever_later),
	    cmocka_unit_test(refusals_by_slack_wait_longer),
	    cmocka_unit_test(
		a_connection_is_replaced_60_to_120_s_before_its_time),
	    cmocka_unit_test(
		a_time_that_is_odd_is_replaced_half_way_or_left_to_slack),
	    cmocka_unit_test(five_addresses_at_once_and_then_one_in_20_s),
	    cmocka_unit_test(a_pause_holds_and_the_longer_one_stays),
	    cmocka_unit_test(ghosts_are_what_slack_counts_beyond_ours),
	    cmocka_unit_test(health_says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
