#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quota.h"
#include "trunk.h"

enum { DAY_S = 24 * 3600 };

static void
the_table_has_the_plans_that_are_named(void **state)
{
	(void)state;
	for (int i = 0; quota_words[i] != NULL; i++) {
		assert_string_equal(quota_find(quota_words[i])->name,
		    quota_words[i]);
	}
	assert_null(quota_find("gold"));
	assert_null(quota_find(NULL));
}

static const struct {
	const char *plan;
	long long ttl_s, given_s;
	const char *channel;
	enum rc rc;
} fits[] = {
    {"free", 2 * DAY_S, DAY_S, "email", RC_OK},
    {"free", 60, 60, "slack_webhook", RC_FORBIDDEN},
    {"pro", 30 * DAY_S, 7 * DAY_S, "slack_webhook", RC_OK},
    {"scale", 31 * DAY_S, 30 * DAY_S, "slack_webhook", RC_OK},
    {NULL, 300 * DAY_S, 300 * DAY_S, "slack_webhook", RC_OK},
};

static void
a_draft_is_cut_to_the_plan_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fits); i++) {
		struct draft d = {.ttl_s = fits[i].ttl_s,
		    .addresses = {{fits[i].channel, "x"}},
		    .addresses_n = 1};
		struct fault f = {0};

		assert_int_equal(quota_fit(quota_find(fits[i].plan), &d, &f),
		    fits[i].rc);
		assert_int_equal(d.ttl_s, fits[i].given_s);
		if (fits[i].rc != RC_OK) {
			assert_string_equal(f.reason, "quota_channel");
		}
	}
}

struct use {
	const struct quota *quota;
	const char *agent;
	long long at_ms;
	enum rc rc;
	struct fault fault;
};

static enum rc
use_job(struct tx *tx, void *arg)
{
	struct use *u = arg;

	tx->now_ms = u->at_ms;
	u->rc = quota_use(tx, u->quota, u->agent, &u->fault);
	return RC_OK;
}

static struct use
use(struct trunk *t, const char *plan, const char *agent, long long at_ms)
{
	struct use u = {.quota = quota_find(plan),
	    .agent = agent,
	    .at_ms = at_ms};

	assert_int_equal(store_now(t->store, use_job, &u), RC_OK);
	return u;
}

static void
a_month_is_used_up_and_the_next_is_empty(void **state)
{
	/* The last second of January 2026, UTC, and the first of February. */
	const long long last = 1769903999000, first = 1769904000000;
	struct trunk *t = *state;
	struct use u;

	for (int i = 0; i < 50; i++) {
		assert_int_equal(use(t, "free", "agt_1", last).rc, RC_OK);
	}
	u = use(t, "free", "agt_1", last);
	assert_int_equal(u.rc, RC_LIMITED);
	assert_string_equal(u.fault.reason, "quota_used_up");
	assert_int_equal(use(t, "free", "agt_2", last).rc, RC_OK);
	assert_int_equal(use(t, "pro", "agt_1", last).rc, RC_OK);
	assert_int_equal(use(t, NULL, "agt_1", last).rc, RC_OK);
	assert_int_equal(use(t, "free", "agt_1", first).rc, RC_OK);
	assert_int_equal(
	    trunk_count(t,
		"SELECT intents FROM quota_use WHERE agent_id = 'agt_1' AND "
		"month = '2026-01'"),
	    51);
}

static void
what_is_settled_long_ago_is_not_shown(void **state)
{
	const long long now = 1800000000000;
	const struct quota *free_plan = quota_find("free");
	struct intent in = {.settled_ms = now - 7LL * DAY_S * 1000 + 1};

	(void)state;
	assert_true(quota_shows(free_plan, &in, now));
	in.settled_ms--;
	assert_false(quota_shows(free_plan, &in, now));
	assert_true(quota_shows(NULL, &in, now));
	in.settled_ms = 0;
	assert_true(quota_shows(free_plan, &in, now));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_table_has_the_plans_that_are_named),
	    cmocka_unit_test(a_draft_is_cut_to_the_plan_or_refused),
	    cmocka_unit_test_setup_teardown(
		a_month_is_used_up_and_the_next_is_empty, trunk_setup,
		trunk_teardown),
	    cmocka_unit_test(what_is_settled_long_ago_is_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
